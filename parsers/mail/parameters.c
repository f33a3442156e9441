/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of fields: RFC 2045 §5.1, and in pieces and character sets, RFC 2231 §3 and §4. */
#include "parsers/mail/mail_internal.h"

#include <strings.h>

enum { PIECES_MAX = 100 };

struct parameter {
    const uint8_t *name, *value;
    size_t name_bytes, value_bytes;
    bool quoted;
};

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the next ';' that stands in no quotes; NULL: there is none. */
static const uint8_t *behind_semicolon(const uint8_t *at, const uint8_t *end) {
    bool quoted = false;
    for (; at < end; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (*at == '\\' && quoted && at + 1 < end)
            at++;
        else if (*at == ';' && !quoted)
            return at + 1;
    }
    return NULL;
}

/* What stands at `at`, up to the next semicolon. False: no parameter. */
static bool read_one(const uint8_t *at, const uint8_t *end, struct parameter *ret) {
    while (at < end && is_blank(*at))
        at++;
    const uint8_t *equal = memchr(at, '=', (size_t)(end - at));
    if (equal == NULL)
        return false;
    *ret = (struct parameter){.name = at, .name_bytes = (size_t)(equal - at)};
    while (ret->name_bytes > 0 && is_blank(at[ret->name_bytes - 1]))
        ret->name_bytes--;
    for (size_t i = 0; i < ret->name_bytes; i++)
        if (at[i] == ';' || is_blank(at[i]))
            return false;
    for (at = equal + 1; at < end && is_blank(*at);)
        at++;
    ret->value = at;
    if (at < end && *at == '"') {
        ret->quoted = true;
        ret->value = ++at;
        while (at < end && *at != '"')
            at += *at == '\\' && at + 1 < end ? 2 : 1;
        ret->value_bytes = (size_t)(at - ret->value);
        return true;
    }
    const uint8_t *next = memchr(at, ';', (size_t)(end - at));
    ret->value_bytes = (size_t)((next != NULL ? next : end) - at);
    while (ret->value_bytes > 0 && is_blank(at[ret->value_bytes - 1]))
        ret->value_bytes--;
    return true;
}

/* ---- the ways in which one is written ---- */

struct ways {
    bool has_plain, has_whole; /* name, name* */
    struct parameter plain, whole;
    struct { /* name*0, name*1*, … */
        bool there, extended;
        struct parameter p;
    } piece[PIECES_MAX];
};

static void take_way(const struct parameter *p, const char *name, struct ways *w) {
    size_t bytes = strlen(name), at = bytes;
    if (p->name_bytes < bytes || strncasecmp((const char *)p->name, name, bytes) != 0)
        return;
    if (p->name_bytes == bytes) {
        w->plain = w->has_plain ? w->plain : *p;
        w->has_plain = true;
        return;
    }
    if (p->name[at++] != '*')
        return;
    if (at == p->name_bytes) {
        w->whole = w->has_whole ? w->whole : *p;
        w->has_whole = true;
        return;
    }
    unsigned number = 0;
    size_t digits = 0;
    for (; at < p->name_bytes && p->name[at] >= '0' && p->name[at] <= '9' && digits < 4; digits++)
        number = number * 10 + p->name[at++] - (unsigned)'0';
    bool extended = at < p->name_bytes && p->name[at] == '*';
    if (digits == 0 || at + extended != p->name_bytes || number >= PIECES_MAX ||
        w->piece[number].there)
        return;
    w->piece[number].there = true;
    w->piece[number].extended = extended;
    w->piece[number].p = *p;
}

static void find_ways(const struct text *value, const char *name, struct ways *w) {
    const uint8_t *end = value->data + value->bytes;
    struct parameter p;
    for (const uint8_t *at = behind_semicolon(value->data, end); at != NULL;
         at = behind_semicolon(at, end))
        if (read_one(at, end, &p))
            take_way(&p, name, w);
}

/* ---- decoding ---- */

static ex_code add_plain(const struct parameter *p, struct text *to, struct ex_error *err) {
    for (size_t i = 0; i < p->value_bytes; i++) {
        if (p->quoted && p->value[i] == '\\' && i + 1 < p->value_bytes)
            i++;
        EX_TRY(text_add(to, p->value + i, 1, err));
    }
    return EX_OK;
}

static int hex_digit(uint8_t c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static ex_code add_percent(const uint8_t *at, size_t size, struct text *to, struct ex_error *err) {
    for (size_t i = 0; i < size; i++) {
        uint8_t c = at[i];
        int high = c == '%' && i + 2 < size ? hex_digit(at[i + 1]) : -1;
        int low = c == '%' && i + 2 < size ? hex_digit(at[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '%') {
            to->lost = true;
        }
        EX_TRY(text_add(to, &c, 1, err));
    }
    return EX_OK;
}

/* charset'language' in front; how many bytes that has. */
static size_t charset_head(const struct parameter *p, const struct charset **ret) {
    const uint8_t *end = p->value + p->value_bytes;
    const uint8_t *first = memchr(p->value, '\'', p->value_bytes);
    const uint8_t *second =
        first != NULL ? memchr(first + 1, '\'', (size_t)(end - first - 1)) : NULL;
    if (second == NULL)
        return 0;
    *ret = charset_find(p->value, (size_t)(first - p->value));
    return (size_t)(second + 1 - p->value);
}

static ex_code to_utf8(const struct charset *set, const struct text *bytes, struct text *ret,
                       struct ex_error *err) {
    bool ascii;
    uint8_t out[CHARSET_ROOM(1)];
    if (set == NULL ||
        (charset_is_utf8(bytes->data, bytes->bytes, &ascii) && ascii && set == &CHARSET_UTF8))
        return text_add(ret, bytes->data, bytes->bytes, err);
    struct charset_decoder d = charset_start(set);
    for (size_t i = 0; i < bytes->bytes; i++)
        EX_TRY(text_add(ret, out, charset_decode(&d, bytes->data + i, 1, out), err));
    EX_TRY(text_add(ret, out, charset_end(&d, out), err));
    ret->lost = ret->lost || d.lost > 0;
    return EX_OK;
}

static ex_code join(const struct ways *w, struct text *bytes, const struct charset **ret_set,
                    struct ex_error *err) {
    size_t head = 0;
    if (w->has_whole) {
        head = charset_head(&w->whole, ret_set);
        return add_percent(w->whole.value + head, w->whole.value_bytes - head, bytes, err);
    }
    for (unsigned i = 0; i < PIECES_MAX && w->piece[i].there; i++) {
        const struct parameter *p = &w->piece[i].p;
        head = i == 0 && w->piece[i].extended ? charset_head(p, ret_set) : 0;
        if (w->piece[i].extended)
            EX_TRY(add_percent(p->value + head, p->value_bytes - head, bytes, err));
        else
            EX_TRY(add_plain(p, bytes, err));
    }
    return EX_OK;
}

ex_code parameter_get(const struct text *value, const char *name, struct text *ret,
                      struct ex_error *err) {
    struct ways w = {.has_plain = false};
    struct text bytes = {0};
    const struct charset *set = NULL;
    ex_code code;
    ret->bytes = 0;
    ret->lost = false;
    EX_TRY(text_add(ret, "", 0, err));
    if (value->bytes == 0)
        return EX_OK;
    find_ways(value, name, &w);
    if (w.has_whole || w.piece[0].there) {
        code = text_add(&bytes, "", 0, err);
        if (code == EX_OK)
            code = join(&w, &bytes, &set, err);
        if (code == EX_OK)
            code = to_utf8(set, &bytes, ret, err);
        ret->lost = ret->lost || bytes.lost;
    } else if (w.has_plain) {
        code = add_plain(&w.plain, &bytes, err);
        if (code == EX_OK)
            code = words_decode(bytes.data, bytes.bytes, ret, err);
    } else {
        code = EX_OK;
    }
    text_clear(&bytes);
    return code;
}

void parameter_head(const struct text *value, char *to, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < value->bytes && n + 1 < size; i++) {
        uint8_t c = value->data[i];
        if (c == ';' || c == '(')
            break;
        if (c > 0x20 && c < 0x7f)
            to[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    to[n] = '\0';
}
