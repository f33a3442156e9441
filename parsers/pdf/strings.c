/* SPDX-License-Identifier: Apache-2.0 */
/* Text strings and dates: ISO 32000-1 §7.9.2, §7.9.4; UTF-8 with a mark: ISO 32000-2 §7.9.2.2. */
#include "parsers/pdf/pdf_internal.h"

#include "parsers/shared/when.h"

#include <stdio.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD };

struct utf8 {
    char *to;
    size_t size, room;
    bool cut;
};

static void put(struct utf8 *u, uint32_t c) {
    uint8_t b[4];
    size_t n;
    if (c < 0x80) {
        b[0] = (uint8_t)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (uint8_t)(0xC0 | c >> 6);
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (uint8_t)(0xE0 | c >> 12);
        n = 3;
    } else {
        b[0] = (uint8_t)(0xF0 | c >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        b[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
    if (n > u->room - u->size) {
        u->room = u->size; /* and nothing behind it */
        u->cut = true;
        return;
    }
    memcpy(u->to + u->size, b, n);
    u->size += n;
}

static void put_utf16(struct utf8 *u, const uint8_t *b, size_t size, bool little) {
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint32_t c = little ? (uint32_t)(b[i] | b[i + 1] << 8) : (uint32_t)(b[i] << 8 | b[i + 1]);
        bool high = c >= 0xD800 && c < 0xDC00;
        uint32_t low = 0;
        if (high && i + 3 < size)
            low = little ? (uint32_t)(b[i + 2] | b[i + 3] << 8)
                         : (uint32_t)(b[i + 2] << 8 | b[i + 3]);
        if (high && low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            i += 2;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = REPLACEMENT;
        }
        put(u, c);
    }
    if (size % 2 != 0)
        put(u, REPLACEMENT);
}

static void put_doc(struct utf8 *u, const uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint32_t c = pdfl_doc_character(b[i]);
        put(u, c != 0 ? c : b[i] < 0x20 ? b[i] : REPLACEMENT);
    }
}

ex_code pdf_text(struct pdf *p, const char *bytes, size_t size, char **ret, size_t *ret_size,
                 struct ex_error *err) {
    const uint8_t *b = (const uint8_t *)bytes;
    struct utf8 u = {.room = PARSER_VALUE_BYTES_MAX, .cut = size > PARSER_VALUE_BYTES_MAX};
    if (size > PARSER_VALUE_BYTES_MAX)
        size = PARSER_VALUE_BYTES_MAX;
    if (3 * size + 1 < u.room)
        u.room = 3 * size + 1;
    EX_TRY(ex_alloc(u.room, 1, PARSER_VALUE_BYTES_MAX, "a text string", &u.to, err));
    if (size >= 2 && b[0] == 0xFE && b[1] == 0xFF) {
        put_utf16(&u, b + 2, size - 2, false);
    } else if (size >= 2 && b[0] == 0xFF && b[1] == 0xFE) {
        put_utf16(&u, b + 2, size - 2, true);
    } else if (size >= 3 && memcmp(b, "\xEF\xBB\xBF", 3) == 0) {
        memcpy(u.to, b + 3, size - 3); /* what is no UTF-8 in it the supervisor sees */
        u.size = size - 3;
    } else {
        put_doc(&u, b, size);
    }
    p->texts_cut += u.cut;
    *ret = u.to;
    *ret_size = u.size;
    return EX_OK;
}

static ex_code tell_stream_text(struct pdf *p, const struct pdfl_value *v, const char *name,
                                struct ex_error *err) {
    EX_AUTO_FREE uint8_t *raw = NULL;
    EX_AUTO_FREE char *text = NULL;
    struct ex_error why;
    size_t size = 0;
    if (pdfl_stream_start(v, &why) != EX_OK) {
        p->texts_unread++;
        return EX_OK;
    }
    /* one byte more shows that there is more */
    EX_TRY(ex_alloc(PARSER_VALUE_BYTES_MAX + 1, 1, PARSER_VALUE_BYTES_MAX + 1, "a text stream",
                    &raw, err));
    for (size_t part = 1; part > 0 && size <= PARSER_VALUE_BYTES_MAX; size += part)
        part = pdfl_stream_read(v, raw + size, PARSER_VALUE_BYTES_MAX + 1 - size);
    EX_TRY(pdf_text(p, (const char *)raw, size, &text, &size, err));
    return parser_trace_text(p->run, name, text, size, err);
}

ex_code pdf_tell_value(struct pdf *p, const struct pdfl_value *v, const char *name,
                       struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    char number[32];
    size_t size = 0;
    const char *bytes = pdfl_bytes(v, &size);
    if (pdfl_type(v) == PDFL_STREAM)
        return tell_stream_text(p, v, name, err);
    if (pdfl_type(v) == PDFL_INT || pdfl_type(v) == PDFL_REAL) {
        if (pdfl_type(v) == PDFL_INT)
            (void)snprintf(number, sizeof number, "%lld", (long long)pdfl_int(v, 0));
        else
            (void)snprintf(number, sizeof number, "%.15g", pdfl_number(v));
        return tell_text(p->run, name, number, err);
    }
    if (bytes == NULL)
        return EX_OK;
    EX_TRY(pdf_text(p, bytes, size, &text, &size, err));
    return size > 0 ? parser_trace_text(p->run, name, text, size, err) : EX_OK;
}

ex_code pdf_tell_string(struct pdf *p, const struct pdfl_value *from, const char *key,
                        const char *name, struct ex_error *err) {
    VALUE *v = pdfl_get(from, key);
    return pdf_tell_value(p, v, name, err);
}

bool pdf_is_name(const struct pdfl_value *from, const char *key, const char *name) {
    VALUE *v = pdfl_get(from, key);
    size_t size;
    const char *bytes = pdfl_type(v) == PDFL_NAME ? pdfl_bytes(v, &size) : NULL;
    return bytes != NULL && size == strlen(name) && memcmp(bytes, name, size) == 0;
}

/* ---- dates ---- */

struct digits {
    const char *at;
    size_t left;
};

static bool number(struct digits *d, size_t count, unsigned *ret) {
    unsigned value = 0;
    if (d->left < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (d->at[i] < '0' || d->at[i] > '9')
            return false;
        value = value * 10 + (unsigned)(d->at[i] - '0');
    }
    d->at += count;
    d->left -= count;
    *ret = value;
    return true;
}

static bool is_next(struct digits *d, char c) {
    if (d->left == 0 || *d->at != c)
        return false;
    d->at++;
    d->left--;
    return true;
}

/* Z, +HH'mm', -HH'mm, +HH: seconds east. No zone: local. */
static bool zone(struct digits *d, int *ret_seconds, bool *ret_local) {
    unsigned hours = 0, minutes = 0;
    *ret_seconds = 0;
    *ret_local = d->left == 0;
    if (d->left == 0)
        return true;
    bool utc = is_next(d, 'Z'), minus = !utc && is_next(d, '-');
    if (!utc && !minus && !is_next(d, '+'))
        return false;
    if (!number(d, 2, &hours) && !utc)
        return false;
    (void)is_next(d, '\'');
    (void)number(d, 2, &minutes);
    (void)is_next(d, '\'');
    if (d->left > 0 || hours > 23 || minutes > 59 || (utc && hours + minutes > 0))
        return false;
    *ret_seconds = (int)(hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return true;
}

bool pdf_date_parse(const char *text, size_t size, struct pdf_date *ret) {
    static const uint64_t STEP[] = {0, 366 * 86400ULL, 31 * 86400ULL, 86400, 3600, 60, 1};
    struct digits d = {text, size};
    unsigned part[6] = {0, 1, 1, 0, 0, 0}; /* year to second */
    size_t parts = 1;
    int64_t days;
    int east;
    while (d.left > 0 && (d.at[d.left - 1] == ' ' || d.at[d.left - 1] == '\0'))
        d.left--;
    if (d.left >= 2 && memcmp(d.at, "D:", 2) == 0)
        d = (struct digits){d.at + 2, d.left - 2};
    if (!number(&d, 4, &part[0]))
        return false;
    while (parts < 6 && number(&d, 2, &part[parts]))
        parts++;
    if (!zone(&d, &east, &ret->local) || !when_days(part[0], part[1], part[2], &days) ||
        part[3] > 23 || part[4] > 59 || part[5] > 59)
        return false;
    ret->seconds =
        days * 86400 + (int64_t)part[3] * 3600 + (int64_t)part[4] * 60 + (int64_t)part[5] - east;
    ret->resolution_ns = STEP[parts] * 1000000000;
    return true;
}

ex_code pdf_tell_date(struct pdf *p, const struct pdfl_value *from, const char *key,
                      enum parser_time what, const char *name, const char *source,
                      struct ex_error *err) {
    VALUE *v = pdfl_get(from, key);
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct pdf_date date;
    const char *bytes = pdfl_type(v) == PDFL_STRING ? pdfl_bytes(v, &size) : NULL;
    if (bytes == NULL || size == 0)
        return EX_OK;
    EX_TRY(pdf_text(p, bytes, size, &text, &size, err));
    EX_TRY(parser_trace_text(p->run, name, text, size, err));
    if (!pdf_date_parse(text, size, &date))
        return EX_OK;
    return parser_trace_time(p->run, what, date.seconds, 0, date.resolution_ns, date.local, source,
                             err);
}
