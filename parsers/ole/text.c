/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a compound file in pieces: texts, values, times. */
#include "parsers/ole/ole_internal.h"

enum { VALUE_PART = 256 };

void ole_text_start(struct ole_text *t, struct parser_run *run) {
    t->run = run;
    t->wanted = true;
    t->bytes = 0;
}

static ex_code flush(struct ole_text *t, struct ex_error *err) {
    size_t bytes = t->bytes;
    t->bytes = 0;
    return bytes == 0 || !t->wanted ? EX_OK
                                    : parser_trace_content(t->run, t->data, bytes, &t->wanted, err);
}

ex_code ole_text_add(struct ole_text *t, const void *data, size_t size_bytes,
                     struct ex_error *err) {
    const uint8_t *from = data;
    for (size_t part; size_bytes > 0; size_bytes -= part, from += part) {
        if (t->bytes == sizeof t->data)
            EX_TRY(flush(t, err));
        part = sizeof t->data - t->bytes;
        part = part < size_bytes ? part : size_bytes;
        memcpy(t->data + t->bytes, from, part);
        t->bytes += part;
    }
    return EX_OK;
}

ex_code ole_text_decode(struct ole_text *t, const struct charset *set, const uint8_t *data,
                        size_t size_bytes, struct ex_error *err) {
    struct charset_decoder d = charset_start(set);
    uint8_t out[CHARSET_ROOM(VALUE_PART)];
    for (size_t at = 0, n; at < size_bytes; at += n) {
        n = size_bytes - at < VALUE_PART ? size_bytes - at : (size_t)VALUE_PART;
        EX_TRY(ole_text_add(t, out, charset_decode(&d, data + at, n, out), err));
    }
    return ole_text_add(t, out, charset_end(&d, out), err);
}

ex_code ole_text_end(struct ole_text *t, struct ex_error *err) {
    return flush(t, err);
}

/* ---- values ---- */

ex_code ole_tell_value(struct parser_run *run, const char *key, const struct charset *set,
                       const uint8_t *data, size_t size_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *text = NULL;
    struct charset_decoder d = charset_start(set);
    size_t n = 0;
    uint8_t part[CHARSET_ROOM(2)];
    EX_TRY(ex_alloc(PARSER_VALUE_BYTES_MAX, 1, PARSER_VALUE_BYTES_MAX, "a value", &text, err));
    for (size_t at = 0; at < size_bytes; at++) {
        size_t bytes = charset_decode(&d, data + at, 1, part);
        if (n + bytes > PARSER_VALUE_BYTES_MAX)
            break;
        memcpy(text + n, part, bytes);
        n += bytes;
    }
    while (n > 0 && text[n - 1] == '\0')
        n--;
    return n == 0 ? EX_OK : parser_trace_text(run, key, text, n, err);
}
