/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/html.h"

#include "parsers/documents/encoding.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <strings.h>

enum { REFERENCE_BYTES = 32 };

void html_start(struct html *h, const char *bytes, size_t size_bytes) {
    *h = (struct html){.at = bytes, .end = bytes + size_bytes};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *find(const char *at, const char *end, const char *what) {
    const char *found = memmem(at, (size_t)(end - at), what, strlen(what));
    return found != NULL ? found : end;
}

/* ---- tags ---- */

static void copy_name(const char *from, const char *to, char name[static HTML_NAME_BYTES]) {
    size_t size = (size_t)(to - from) < HTML_NAME_BYTES ? (size_t)(to - from) : HTML_NAME_BYTES - 1;
    for (size_t i = 0; i < size; i++)
        name[i] = lower(from[i]);
    name[size] = '\0';
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && is_space(*at))
        at++;
    return at;
}

static const char *take_value(const char *at, const char *end, struct html_attribute *a) {
    at = skip_space(at, end);
    if (at < end && (*at == '"' || *at == '\'')) {
        const char *close = memchr(at + 1, *at, (size_t)(end - at - 1));
        close = close != NULL ? close : end;
        a->value = at + 1;
        a->size = (size_t)(close - at - 1);
        return close < end ? close + 1 : end;
    }
    a->value = at;
    while (at < end && !is_space(*at) && *at != '>')
        at++;
    a->size = (size_t)(at - a->value);
    return at;
}

/* Up to behind the `>`. Attributes over HTML_ATTRIBUTES_MAX are passed over. */
static const char *take_attributes(const char *at, const char *end, struct html_token *t) {
    struct html_attribute scratch;
    for (;;) {
        while (at < end && (is_space(*at) || *at == '/'))
            at++;
        if (at == end || *at == '>')
            return at < end ? at + 1 : end;
        struct html_attribute *a =
            t->attributes < HTML_ATTRIBUTES_MAX ? &t->attribute[t->attributes++] : &scratch;
        const char *name = at++; /* even if it begins with = */
        while (at < end && !is_space(*at) && *at != '/' && *at != '>' && *at != '=')
            at++;
        copy_name(name, at, a->name);
        a->value = "";
        a->size = 0;
        const char *equals = skip_space(at, end);
        if (equals < end && *equals == '=')
            at = take_value(equals + 1, end, a);
    }
}

static void take_tag(struct html *h, struct html_token *t, bool close) {
    const char *name = h->at + (close ? 2 : 1), *at = name;
    while (at < h->end && !is_space(*at) && *at != '/' && *at != '>')
        at++;
    copy_name(name, at, t->name);
    t->what = close ? HTML_CLOSE : HTML_OPEN;
    h->at = take_attributes(at, h->end, t);
    if (close)
        return;
    static const char *const RAW[] = {"script", "style", "xmp", "iframe", "noembed", "noframes"};
    static const char *const TEXT[] = {"title", "textarea"};
    for (size_t i = 0; i < sizeof RAW / sizeof RAW[0]; i++)
        h->raw = h->raw || strcmp(t->name, RAW[i]) == 0;
    bool until = h->raw;
    for (size_t i = 0; i < sizeof TEXT / sizeof TEXT[0]; i++)
        until = until || strcmp(t->name, TEXT[i]) == 0;
    if (until)
        memcpy(h->until, t->name, sizeof h->until);
}

/* ---- tokens ---- */

static void take_text(struct html *h, struct html_token *t, const char *to) {
    t->what = HTML_TEXT;
    t->bytes = h->at;
    t->size = (size_t)(to - h->at);
    h->at = to;
}

/* What stands in a script, a title: up to its end tag, which is not taken. */
static bool take_until(struct html *h, struct html_token *t) {
    size_t size = strlen(h->until);
    const char *at = h->at;
    for (; (at = find(at, h->end, "</")) < h->end; at += 2)
        if ((size_t)(h->end - at) >= size + 2 && strncasecmp(at + 2, h->until, size) == 0 &&
            ((size_t)(h->end - at) == size + 2 || is_space(at[size + 2]) || at[size + 2] == '>' ||
             at[size + 2] == '/'))
            break;
    bool any = at > h->at;
    t->raw = h->raw;
    if (any)
        take_text(h, t, at);
    h->until[0] = '\0';
    h->raw = false;
    return any;
}

static void take_comment(struct html *h, struct html_token *t, const char *from, const char *end,
                         size_t mark) {
    t->what = HTML_COMMENT;
    t->bytes = from;
    t->size = (size_t)(end - from);
    h->at = (size_t)(h->end - end) >= mark ? end + mark : h->end;
}

static bool begins(const struct html *h, const char *text) {
    size_t size = strlen(text);
    return (size_t)(h->end - h->at) >= size && strncasecmp(h->at, text, size) == 0;
}

/* The next place where markup begins. */
static const char *next_markup(const char *at, const char *end) {
    for (; (at = find(at, end, "<")) < end; at++)
        if (end - at > 1 && (is_letter(at[1]) || at[1] == '!' || at[1] == '?' ||
                             (at[1] == '/' && end - at > 2 && is_letter(at[2]))))
            return at;
    return end;
}

void html_next(struct html *h, struct html_token *t) {
    t->what = HTML_END;
    t->raw = false;
    t->attributes = 0;
    if (h->until[0] != '\0' && take_until(h, t))
        return;
    if (h->at == h->end)
        return;
    const char *markup = next_markup(h->at, h->end);
    if (markup > h->at)
        take_text(h, t, markup);
    else if (begins(h, "<!--"))
        take_comment(h, t, h->at + 4, find(h->at + 4, h->end, "-->"), 3);
    else if (begins(h, "<![CDATA[")) { /* as in XHTML */
        const char *end = find(h->at + 9, h->end, "]]>");
        t->what = HTML_TEXT;
        t->raw = true;
        t->bytes = h->at + 9;
        t->size = (size_t)(end - h->at - 9);
        h->at = h->end - end >= 3 ? end + 3 : h->end;
    } else if (h->at[1] == '!' || h->at[1] == '?')
        take_comment(h, t, h->at + 2, find(h->at, h->end, ">"), 1);
    else
        take_tag(h, t, h->at[1] == '/');
}

const struct html_attribute *html_attribute(const struct html_token *t, const char *name) {
    for (size_t i = 0; i < t->attributes; i++)
        if (strcmp(t->attribute[i].name, name) == 0)
            return &t->attribute[i];
    return NULL;
}

/* ---- character references: §13.2.5.72 to .80 ---- */

/* What old programs mean by 128 to 159. */
static uint32_t of_windows(uint32_t c) {
    static const uint16_t WINDOWS[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return c >= 0x80 && c < 0xA0 ? WINDOWS[c - 0x80] : c;
}

static const char *number(const char *at, const char *end, uint32_t *ret) {
    bool hex = at < end && (*at == 'x' || *at == 'X');
    const char *from = at += hex ? 1 : 0;
    uint32_t value = 0;
    for (; at < end; at++) {
        char c = lower(*at);
        uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                                       : 99;
        if (digit == 99)
            break;
        if (value <= 0x10FFFF)
            value = value * (hex ? 16 : 10) + digit;
    }
    if (at == from)
        return NULL;
    *ret = of_windows(value);
    return at < end && *at == ';' ? at + 1 : at;
}

/* Behind the &; NULL: none that is known (HTML 4 names, and `apos`). */
static const char *reference(const char *at, const char *end, uint32_t *ret) {
    char name[REFERENCE_BYTES];
    size_t n = 0;
    if (at < end && *at == '#')
        return number(at + 1, end, ret);
    while (at + n < end && n < sizeof name - 1 &&
           (is_letter(at[n]) || (at[n] >= '0' && at[n] <= '9'))) {
        name[n] = at[n];
        n++;
    }
    name[n] = '\0';
    if (n == 0 || at + n == end || at[n] != ';')
        return NULL;
    const htmlEntityDesc *known = htmlEntityLookup((const xmlChar *)name);
    if (known == NULL && strcmp(name, "apos") != 0)
        return NULL;
    *ret = known != NULL ? known->value : '\'';
    return at + n + 1;
}

ex_code html_decode(const char *bytes, size_t size_bytes, size_t limit_bytes, struct piece *to,
                    struct ex_error *err) {
    const char *at = bytes, *end = bytes + size_bytes;
    while (at < end) {
        const char *mark = memchr(at, '&', (size_t)(end - at));
        char character[4];
        uint32_t code_point;
        EX_TRY(piece_add(to, at, (size_t)((mark != NULL ? mark : end) - at), limit_bytes, err));
        if (mark == NULL)
            break;
        const char *behind = reference(mark + 1, end, &code_point);
        if (behind == NULL) {
            EX_TRY(piece_add(to, "&", 1, limit_bytes, err));
            at = mark + 1;
            continue;
        }
        EX_TRY(piece_add(to, character, encoding_put(code_point, character), limit_bytes, err));
        at = behind;
    }
    return EX_OK;
}
