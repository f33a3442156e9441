/* SPDX-License-Identifier: Apache-2.0 */
/* The mail in a .msg: [MS-OXMSG] §2, its properties by [MS-OXPROPS]. */
#include "parsers/mail/mail.h"
#include "parsers/ole/msg_internal.h"

#include <strings.h>

enum { DEPTH_MAX = 20, PARTS_MAX = 4096 };

/* ---- the message ---- */

static ex_code tell_texts(const struct msg *m, struct ex_error *err) {
    for (size_t i = 0; i < MAPI_TEXTS_COUNT; i++) {
        struct msg_text t = {NULL, 0};
        ex_code code = msg_text(m, MAPI_TEXTS[i].id, &t, err);
        if (code == EX_OK && t.bytes > 0)
            code = parser_trace_text(m->cfb->run, MAPI_TEXTS[i].key, t.data, msg_kept(&t), err);
        free(t.data);
        EX_TRY(code);
    }
    return EX_OK;
}

ex_code msg_times(const struct msg *m, bool attachment, struct ex_error *err) {
    for (size_t i = attachment ? MAPI_TIMES_OF_ALL : 0; i < MAPI_TIMES_COUNT; i++)
        EX_TRY(tell_filetime(m->cfb->run, MAPI_TIMES[i].what,
                             msg_fixed(m, MAPI_TIMES[i].id, MAPI_TIME), MAPI_TIMES[i].source, err));
    return EX_OK;
}

/* The head that came with it. What the properties say as well stands under keys of its own: the
 * two may disagree. */
static ex_code tell_head(const struct msg *m, struct ex_error *err) {
    struct msg_text t = {NULL, 0};
    ex_code code = msg_text(m, 0x007D, &t, err);
    if (code == EX_OK && t.bytes > 0)
        code = mail_tell_head(m->cfb->run, t.data, t.bytes, MAPI_HEAD_TOLD, err);
    free(t.data);
    return code;
}

/* Nothing more can be told of the message behind it. */
static ex_code tell_body(const struct msg *m, uint32_t trace, struct ex_error *err) {
    struct msg_text t = {NULL, 0};
    bool wanted, cut = false;
    struct msg own = *m;
    own.cut = &cut;
    ex_code code = msg_text(&own, 0x1000, &t, err);
    if (code == EX_OK && t.bytes > 0)
        code = parser_trace_content(m->cfb->run, t.data, t.bytes, &wanted, err);
    free(t.data);
    EX_TRY(code);
    return cut ? tell_problem(m->cfb->run, trace, "text", err, EX_FORMAT,
                              "its text has fewer bytes than its size says, or more than are read")
               : EX_OK;
}

static ex_code tell_message(const struct msg *m, uint32_t parent, const char *key,
                            uint32_t *ret_trace, struct ex_error *err) {
    struct msg_text subject = {NULL, 0};
    ex_code code = msg_text(m, 0x0037, &subject, err);
    const struct parser_trace t = {.kind = PARSER_MESSAGE,
                                   .flags = PARSER_UNSIZED,
                                   .parent = parent,
                                   .key = key,
                                   .name = (const char *)subject.data,
                                   .name_bytes = msg_kept(&subject)};
    if (code == EX_OK)
        code = parser_trace(m->cfb->run, &t, ret_trace, err);
    free(subject.data);
    EX_TRY(code);
    EX_TRY(tell_text(m->cfb->run, "format", "msg", err));
    EX_TRY(msg_people(m, err));
    EX_TRY(tell_texts(m, err));
    EX_TRY(msg_times(m, false, err));
    EX_TRY(tell_head(m, err));
    return tell_body(m, *ret_trace, err);
}

/* ---- what is attached ---- */

static ex_code tell_stream(const struct msg *m, const struct cfb_entry *e, uint32_t parent,
                           const char *key, const char *name, size_t name_bytes, bool attachment,
                           struct ex_error *err) {
    const struct parser_trace t = {.kind = PARSER_MEMBER,
                                   .flags = PARSER_SIZED,
                                   .parent = parent,
                                   .key = key,
                                   .name = name,
                                   .name_bytes = name_bytes,
                                   .size_bytes = e != NULL ? e->size & INT64_MAX : 0};
    uint32_t trace;
    EX_TRY(parser_trace(m->cfb->run, &t, &trace, err));
    for (size_t i = 0; i < MAPI_ATTACHED_COUNT && attachment; i++) {
        struct msg_text said = {NULL, 0};
        ex_code code = msg_text(m, MAPI_ATTACHED[i].id, &said, err);
        if (code == EX_OK && said.bytes > 0)
            code = parser_trace_text(m->cfb->run, MAPI_ATTACHED[i].key, said.data, msg_kept(&said),
                                     err);
        free(said.data);
        EX_TRY(code);
    }
    if (attachment)
        EX_TRY(msg_times(m, true, err));
    return e == NULL ? EX_OK : stream_tell_content(m->cfb, e, trace, err);
}

/* An object of another program: what is in its storage. */
static ex_code tell_object(const struct cfb *c, uint32_t storage, uint32_t parent,
                           struct ex_error *err) {
    char key[OLE_KEY_BYTES];
    size_t count;
    const uint32_t *child = cfb_children(c, storage, &count);
    const struct msg none = {.cfb = c, .storage = storage};
    for (size_t i = 0; i < count; i++) {
        const struct cfb_entry *e = &c->entry[child[i]];
        (void)snprintf(key, sizeof key, "s%u", child[i]);
        if (e->type == CFB_STREAM)
            EX_TRY(tell_stream(&none, e, parent, key, (const char *)e->name, e->name_bytes, false,
                               err));
    }
    return EX_OK;
}

static ex_code tell_attachment(const struct msg *m, uint32_t storage, uint32_t parent,
                               const char *key, unsigned depth, struct ex_error *err) {
    struct msg a = {
        .cfb = m->cfb, .storage = storage, .charset = m->charset, .head_bytes = 8, .cut = m->cut};
    struct msg_text name = {NULL, 0};
    const struct cfb_entry *inner = msg_entry(&a, 0x3701, MAPI_OBJECT);
    if (inner != NULL && inner->type == CFB_STORAGE) {
        uint32_t number = cfb_number(m->cfb, inner);
        if (cfb_find(m->cfb, number, "__properties_version1.0") == NULL)
            return tell_object(m->cfb, number, parent, err);
        return depth + 1 < DEPTH_MAX ? msg_tell(m->cfb, number, parent, key, depth + 1, err)
                                     : tell_problem(m->cfb->run, parent, key, err, EX_LIMIT,
                                                    "mail in mail in mail: deeper than is looked");
    }
    EX_TRY(msg_load(&a, err));
    ex_code code = EX_OK;
    for (const unsigned *id = MAPI_ATTACHED_NAMES; *id != 0 && code == EX_OK && name.bytes == 0;
         id++) {
        free(name.data);
        name = (struct msg_text){NULL, 0};
        code = msg_text(&a, *id, &name, err);
    }
    if (code == EX_OK)
        code = tell_stream(&a, msg_entry(&a, 0x3701, MAPI_BINARY), parent, key,
                           (const char *)name.data, msg_kept(&name), true, err);
    free(name.data);
    msg_unload(&a);
    return code;
}

static ex_code tell_attachments(const struct msg *m, uint32_t trace, unsigned depth,
                                struct ex_error *err) {
    static const char PREFIX[] = "__attach_version1.0_";
    char key[OLE_KEY_BYTES];
    size_t count, told = 0;
    const uint32_t *child = cfb_children(m->cfb, m->storage, &count);
    for (size_t i = 0; i < count; i++) {
        const struct cfb_entry *e = &m->cfb->entry[child[i]];
        if (e->type != CFB_STORAGE ||
            strncasecmp((const char *)e->name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        if (told++ >= PARTS_MAX)
            return tell_problem(m->cfb->run, trace, "parts", err, EX_LIMIT,
                                "more than %d attachments", PARTS_MAX);
        (void)snprintf(key, sizeof key, "p%u", child[i]);
        EX_TRY(tell_attachment(m, child[i], trace, key, depth, err));
    }
    return EX_OK;
}

/* Its text in other forms. */
static ex_code tell_bodies(const struct msg *m, uint32_t trace, struct ex_error *err) {
    static const struct {
        unsigned id;
        const char *key, *name;
    } BODIES[] = {{0x1013, "html", "body.html"}, {0x1009, "rtf", "body.rtf (compressed)"}};
    for (size_t i = 0; i < 2; i++) {
        const struct cfb_entry *e = msg_entry(m, BODIES[i].id, MAPI_BINARY);
        if (e != NULL && e->type == CFB_STREAM)
            EX_TRY(tell_stream(m, e, trace, BODIES[i].key, BODIES[i].name, strlen(BODIES[i].name),
                               false, err));
    }
    return EX_OK;
}

static ex_code tell_loaded(const struct msg *m, uint32_t parent, const char *key, unsigned depth,
                           struct ex_error *err) {
    uint32_t trace;
    EX_TRY(tell_message(m, parent, key, &trace, err));
    EX_TRY(tell_bodies(m, trace, err));
    return tell_attachments(m, trace, depth, err);
}

/* Beside the message: its text may be whole. */
static ex_code tell_cut(const struct msg *m, uint32_t parent, const char *key,
                        struct ex_error *err) {
    char own[OLE_KEY_BYTES + 16];
    (void)snprintf(own, sizeof own, "%s-properties", key);
    return *m->cut ? tell_problem(m->cfb->run, parent, own, err, EX_FORMAT,
                                  "a property has fewer bytes than its size says")
                   : EX_OK;
}

ex_code msg_tell(const struct cfb *c, uint32_t from, uint32_t parent, const char *key,
                 unsigned depth, struct ex_error *err) {
    bool cut = false;
    struct msg m = {.cfb = c, .storage = from, .head_bytes = depth == 0 ? 32 : 24, .cut = &cut};
    EX_TRY(msg_load(&m, err));
    ex_code code = tell_loaded(&m, parent, key, depth, err);
    if (code == EX_OK)
        code = tell_cut(&m, parent, key, err);
    msg_unload(&m);
    return code;
}
