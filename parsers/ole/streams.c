/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a compound file, as members. */
#include "parsers/ole/ole_internal.h"

#include <strings.h>

enum { PART_BYTES = 64 << 10 };

ex_code stream_tell_content(const struct cfb *c, const struct cfb_entry *e, uint32_t trace,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *part = NULL;
    struct cfb_stream s;
    bool wanted = true, cut;
    EX_TRY(ex_alloc(PART_BYTES, 1, PART_BYTES, "a stream", &part, err));
    EX_TRY(cfb_stream_open(c, e, &s, err));
    ex_code code = EX_OK;
    for (uint64_t at = 0; at < s.size && wanted && code == EX_OK;) {
        size_t n = s.size - at < PART_BYTES ? (size_t)(s.size - at) : (size_t)PART_BYTES;
        code = cfb_stream_read(&s, at, part, n, err);
        if (code == EX_OK)
            code = parser_trace_content(c->run, part, n, &wanted, err);
        at += n;
    }
    cut = s.cut;
    cfb_stream_close(&s);
    EX_TRY(code);
    return cut ? tell_problem(c->run, trace, "content", err, EX_FORMAT,
                              "the chain of its sectors ends before it does")
               : EX_OK;
}

static bool is_made(const struct cfb_entry *e, const char *const *made) {
    for (; e->parent == 0 && e->reached && *made != NULL; made++)
        if (strcasecmp((const char *)e->name, *made) == 0)
            return true;
    return false;
}

static ex_code tell_stream(const struct cfb *c, const struct cfb_entry *e, struct ex_error *err) {
    char key[OLE_KEY_BYTES], path[CFB_PATH_BYTES];
    uint32_t trace;
    cfb_path(c, e, path);
    (void)snprintf(key, sizeof key, "s%u", cfb_number(c, e));
    const struct parser_trace t = {.kind = PARSER_MEMBER,
                                   .flags = PARSER_SIZED | (e->reached ? 0U : PARSER_ORPHAN),
                                   .key = key,
                                   .name = path,
                                   .name_bytes = strlen(path),
                                   .size_bytes = e->size & INT64_MAX};
    EX_TRY(parser_trace(c->run, &t, &trace, err));
    EX_TRY(tell_filetime(c->run, PARSER_CREATED, e->created, "cfb", err));
    EX_TRY(tell_filetime(c->run, PARSER_MODIFIED, e->modified, "cfb", err));
    return stream_tell_content(c, e, trace, err);
}

ex_code streams_tell(const struct cfb *c, const char *const *made, struct ex_error *err) {
    for (size_t i = 1; i < c->entry_count; i++)
        if (c->entry[i].type == CFB_STREAM && !is_made(&c->entry[i], made))
            EX_TRY(tell_stream(c, &c->entry[i], err));
    return EX_OK;
}
