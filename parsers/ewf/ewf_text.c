/* SPDX-License-Identifier: Apache-2.0 */
/* What the image says about its case: a table of two lines, the keys above, the values below. */
#include "parsers/ewf/ewf_internal.h"

#include <stdio.h>

static const struct {
    const char *key, *fact;
} KEYS[] = {{"c", "case-number"},
            {"n", "evidence-number"},
            {"a", "description"},
            {"e", "examiner"},
            {"t", "notes"},
            {"av", "software-version"},
            {"ov", "system-version"},
            {"m", "acquired"},
            {"u", "system-time"},
            {"md", "model"},
            {"sn", "serial-number"},
            {"l", "device-label"},
            {"pid", "process-id"},
            {"ext", "extents"},
            {"dc", "drive-caption"},
            {"p", "password-hash"},
            {"r", "compression-level"}};
enum { KEY_COUNT = sizeof KEYS / sizeof KEYS[0] };

/* UTF-16LE to UTF-8, in place of nothing: what is no character becomes U+FFFD. */
static size_t to_utf8(const uint8_t *from, size_t size, uint8_t *to) {
    struct ex_cursor c = ex_cursor_make(from, size / 2 * 2);
    size_t at = 0;
    while (ex_cursor_left(&c) >= 2) {
        uint32_t u = ex_cursor_le16(&c);
        if (u >= 0xD800 && u < 0xDC00 && ex_cursor_left(&c) >= 2) {
            struct ex_cursor ahead = c;
            uint32_t low = ex_cursor_le16(&ahead);
            if (low >= 0xDC00 && low < 0xE000) {
                c = ahead;
                u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
            }
        }
        if (u == 0xFEFF && at == 0)
            continue;
        if (u >= 0xD800 && u < 0xE000)
            u = 0xFFFD;
        if (u < 0x80) {
            to[at++] = (uint8_t)u;
        } else if (u < 0x800) {
            to[at++] = (uint8_t)(0xC0 | u >> 6);
            to[at++] = (uint8_t)(0x80 | (u & 0x3F));
        } else if (u < 0x10000) {
            to[at++] = (uint8_t)(0xE0 | u >> 12);
            to[at++] = (uint8_t)(0x80 | (u >> 6 & 0x3F));
            to[at++] = (uint8_t)(0x80 | (u & 0x3F));
        } else {
            to[at++] = (uint8_t)(0xF0 | u >> 18);
            to[at++] = (uint8_t)(0x80 | (u >> 12 & 0x3F));
            to[at++] = (uint8_t)(0x80 | (u >> 6 & 0x3F));
            to[at++] = (uint8_t)(0x80 | (u & 0x3F));
        }
    }
    return at;
}

/* The next part of [*at, end) up to `stop`, which is eaten; a CR before it is not part of it. */
static const char *part(const char **at, const char *end, char stop, size_t *ret_size) {
    const char *from = *at, *to = from;
    while (to < end && *to != stop)
        to++;
    *at = to < end ? to + 1 : end;
    *ret_size = (size_t)(to - from);
    if (*ret_size > 0 && from[*ret_size - 1] == '\r')
        --*ret_size;
    return from;
}

static ex_code tell(struct parser_run *run, const char *prefix, const char *key, size_t key_size,
                    const char *value, size_t size, struct ex_error *err) {
    char name[PARSER_NAME_BYTES_MAX];
    if (size == 0)
        return EX_OK;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strlen(KEYS[i].key) == key_size && memcmp(KEYS[i].key, key, key_size) == 0) {
            (void)snprintf(name, sizeof name, "%s.%s", prefix, KEYS[i].fact);
            return parser_fact(run, name, value, size, err);
        }
    return EX_OK;
}

static ex_code take_table(struct parser_run *run, const char *prefix, const char *text,
                          const char *end, struct ex_error *err) {
    const char *at = text, *keys, *values;
    size_t size, keys_size, values_size;
    do /* the number of categories, then "main" */
        keys = part(&at, end, '\n', &size);
    while (at < end && !(size == 4 && memcmp(keys, "main", 4) == 0));
    keys = part(&at, end, '\n', &keys_size);
    values = part(&at, end, '\n', &values_size);
    const char *k = keys, *v = values;
    while (k < keys + keys_size) {
        size_t key_size, value_size;
        const char *key = part(&k, keys + keys_size, '\t', &key_size);
        const char *value = part(&v, values + values_size, '\t', &value_size);
        EX_TRY(tell(run, prefix, key, key_size, value, value_size, err));
    }
    return EX_OK;
}

ex_code ewf_read_text(struct parser_run *run, struct ewf *e, const struct ewf_section *s,
                      struct ex_error *err) {
    EX_AUTO_FREE uint8_t *stored = NULL, *text = NULL, *utf8 = NULL;
    bool wide = strcmp(s->type, "header2") == 0;
    size_t size = 0;
    struct ex_error why = {0};
    if (s->data_bytes > TEXT_BYTES_MAX)
        return ewf_warn(run, e, err, "the %s section has %llu bytes and is left out", s->type,
                        (unsigned long long)s->data_bytes);
    EX_TRY(ex_alloc((size_t)s->data_bytes, 1, TEXT_BYTES_MAX, "a text", &stored, err));
    EX_TRY(parser_read(run, s->input, s->data, stored, (size_t)s->data_bytes, err));
    EX_TRY(ex_alloc(TEXT_BYTES_MAX, 1, TEXT_BYTES_MAX, "a text", &text, err));
    if (expand_zlib(&e->inflate, stored, (size_t)s->data_bytes, text, TEXT_BYTES_MAX, &size,
                    &why) != EX_OK)
        return ewf_warn(run, e, err, "segment %u, byte %llu: the %s section: %s", s->segment,
                        (unsigned long long)s->at, s->type, why.text);
    if (wide) {
        EX_TRY(ex_alloc(size / 2 * 3 + 4, 1, 2 * TEXT_BYTES_MAX, "a text", &utf8, err));
        size = to_utf8(text, size, utf8);
    }
    const char *from = (const char *)(wide ? utf8 : text);
    return take_table(run, s->type, from, from + size, err);
}
