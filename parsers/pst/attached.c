/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/pst/pst_internal.h"

enum { METHOD = 0x3705, SIZE = 0x0E20, DATA = 0x3701, PART_BYTES = 256 << 10 };

ex_code member_tell(struct pst *p, uint32_t parent, const char *key, const char *name,
                    const struct bytes *b, struct ex_error *err) {
    const struct parser_trace t = {.kind = PARSER_MEMBER,
                                   .flags = PARSER_SIZED,
                                   .parent = parent,
                                   .key = key,
                                   .name = name,
                                   .name_bytes = strlen(name),
                                   .size_bytes = b->bytes};
    uint32_t trace;
    bool wanted = true;
    EX_TRY(parser_trace(p->run, &t, &trace, err));
    for (size_t at = 0, part; at < b->bytes && wanted; at += part) {
        part = b->bytes - at < PART_BYTES ? b->bytes - at : (size_t)PART_BYTES;
        EX_TRY(parser_trace_content(p->run, b->data + at, part, &wanted, err));
    }
    return EX_OK;
}

/* ---- its content ---- */

static ex_code tell_content(struct pst *p, libpff_item_t *item, uint32_t trace, uint64_t size,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *part = NULL;
    bool wanted = true;
    EX_TRY(ex_alloc(PART_BYTES, 1, PART_BYTES, "an attachment", &part, err));
    if (size > 0 && libpff_attachment_data_seek_offset(item, 0, SEEK_SET, NULL) != 0)
        return tell_problem(p->run, trace, "content", err, EX_FORMAT, "it cannot be read");
    for (uint64_t at = 0; at < size && wanted;) {
        size_t n = size - at < PART_BYTES ? (size_t)(size - at) : (size_t)PART_BYTES;
        ssize_t got = libpff_attachment_data_read_buffer(item, part, n, NULL);
        if (got <= 0 || (size_t)got > n)
            return tell_problem(p->run, trace, "content", err, EX_FORMAT,
                                "it has fewer bytes than its size says");
        EX_TRY(parser_trace_content(p->run, part, (size_t)got, &wanted, err));
        at += (uint64_t)got;
    }
    return EX_OK;
}

static ex_code tell_values(struct pst *p, const struct values *v, struct ex_error *err) {
    for (size_t i = 0; i < MAPI_ATTACHED_COUNT; i++)
        EX_TRY(values_tell_text(p, v, SET_NONE, MAPI_ATTACHED[i].id, MAPI_ATTACHED[i].key, err));
    for (size_t i = MAPI_TIMES_OF_ALL; i < MAPI_TIMES_COUNT; i++)
        EX_TRY(tell_filetime(p->run, MAPI_TIMES[i].what,
                             values_number(v, SET_NONE, MAPI_TIMES[i].id, MAPI_TIME),
                             MAPI_TIMES[i].source, err));
    return EX_OK;
}

/* Bytes that are there are told, whatever kind it says that it is: one that is said to lie
 * elsewhere may have some. */
static ex_code tell_member(struct pst *p, libpff_item_t *item, const struct values *v,
                           uint32_t parent, const char *key, int type, struct ex_error *err) {
    struct bytes name;
    size64_t size = 0;
    uint32_t trace;
    bool elsewhere = type == LIBPFF_ATTACHMENT_TYPE_REFERENCE;
    bool sized = libpff_attachment_get_data_size(item, &size, NULL) == 1 &&
                 (size > 0 || type == LIBPFF_ATTACHMENT_TYPE_DATA);
    bool data = sized || type == LIBPFF_ATTACHMENT_TYPE_DATA;
    EX_TRY(values_first_text(v, MAPI_ATTACHED_NAMES, &name, err));
    const struct parser_trace t = {.kind = PARSER_MEMBER,
                                   .flags = data ? PARSER_SIZED : 0,
                                   .parent = parent,
                                   .key = key,
                                   .name = (const char *)name.data,
                                   .name_bytes = bytes_kept(v, &name),
                                   .size_bytes = sized ? size & INT64_MAX : 0};
    ex_code code = parser_trace(p->run, &t, &trace, err);
    free(name.data);
    EX_TRY(code);
    EX_TRY(tell_values(p, v, err));
    if (elsewhere)
        EX_TRY(tell_text(p->run, "elsewhere", "yes", err));
    if (sized)
        EX_TRY(tell_content(p, item, trace, t.size_bytes, err));
    else if (!elsewhere)
        EX_TRY(tell_problem(p->run, trace, "content", err, EX_FORMAT,
                            "what is attached cannot be found, or how"));
    return gaps_tell(p, trace, v->gaps, err);
}

static ex_code tell_inner(struct pst *p, libpff_item_t *item, const struct finding *f,
                          struct ex_error *err) {
    libpff_item_t *inner = NULL;
    if (f->depth >= PST_DEPTH_MAX)
        return tell_problem(p->run, f->parent, f->key, err, EX_LIMIT,
                            "mail in mail in mail: deeper than is looked");
    if (libpff_attachment_get_item(item, &inner, NULL) != 1)
        return tell_problem(p->run, f->parent, f->key, err, EX_FORMAT,
                            "an attached message cannot be read");
    ex_code code = message_tell(p, inner, f, err);
    (void)libpff_item_free(&inner, NULL);
    return code;
}

static ex_code tell_attachment(struct pst *p, libpff_item_t *item, const struct finding *f,
                               const struct charset *charset, struct ex_error *err) {
    struct values v;
    struct gaps gaps = {0};
    int type = LIBPFF_ATTACHMENT_TYPE_UNDEFINED;
    ex_code code = values_load(item, 0, charset, &gaps, &v, err);
    if (libpff_attachment_get_type(item, &type, NULL) != 1)
        type = LIBPFF_ATTACHMENT_TYPE_UNDEFINED;
    if (code == EX_OK && type == LIBPFF_ATTACHMENT_TYPE_ITEM)
        code = tell_inner(p, item, f, err);
    else if (code == EX_OK)
        code = tell_member(p, item, &v, f->parent, f->key, type, err);
    values_clear(&v);
    return code;
}

ex_code attached_tell(struct pst *p, libpff_item_t *message, uint32_t trace, const struct values *v,
                      unsigned depth, struct ex_error *err) {
    int count = 0;
    if (libpff_message_get_number_of_attachments(message, &count, NULL) == -1)
        return tell_problem(p->run, trace, "parts", err, EX_FORMAT,
                            "the list of what is attached cannot be read");
    for (int i = 0; i < count && i < PST_PARTS_MAX; i++) {
        libpff_item_t *item = NULL;
        char key[PST_KEY_BYTES];
        struct ex_error why = {0};
        (void)snprintf(key, sizeof key, "p%d", i);
        const struct finding f = {.parent = trace, .key = key, .depth = depth + 1};
        ex_code code = EX_FORMAT;
        if (libpff_message_get_attachment(message, i, &item, NULL) == 1) {
            code = tell_attachment(p, item, &f, v->charset, &why);
            (void)libpff_item_free(&item, NULL);
        } else {
            why.code = code;
            (void)snprintf(why.text, sizeof why.text, "what is attached cannot be read");
        }
        if (code == EX_FORMAT || code == EX_LIMIT)
            code = parser_trace_problem(p->run, trace, key, &why, err);
        else if (code != EX_OK && err != NULL)
            *err = why;
        EX_TRY(code);
    }
    return count <= PST_PARTS_MAX ? EX_OK
                                  : tell_problem(p->run, trace, "parts", err, EX_LIMIT,
                                                 "more than %d attachments", PST_PARTS_MAX);
}
