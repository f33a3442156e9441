/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page_internal.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

ex_code page_init(struct page *p, enum page_kind kind, size_t capacity, struct ex_error *err) {
    char *data = sodium_init() < 0 ? NULL : sodium_malloc(capacity);
    if (data == NULL)
        return ex_fail(err, EX_NOMEM, "no protected memory for a document (%zu bytes)", capacity);
    *p = (struct page){.kind = kind, .data = data, .capacity = capacity};
    return EX_OK;
}

void page_clear(struct page *p) {
    sodium_free(p->data);
    p->data = NULL;
}

static void put_bytes(struct page *p, const char *data, size_t size_bytes) {
    p->full = p->full || size_bytes >= p->capacity - p->size;
    if (p->full)
        return;
    memcpy(p->data + p->size, data, size_bytes);
    p->size += size_bytes;
}

void page_put(struct page *p, const char *text) {
    put_bytes(p, text, strlen(text));
}

void page_put_format(struct page *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int used = vsnprintf(p->data + p->size, p->capacity - p->size, format, args);
    va_end(args);
    p->full = p->full || used < 0 || (size_t)used >= p->capacity - p->size;
    if (!p->full)
        p->size += (size_t)used;
}

/* ---- words of somebody ---- */

struct span {
    uint32_t first, last;
};

/* Control characters, soft hyphen, marks and overrides of direction, what has no width, characters
 * of tags, and what is no character. */
static bool unseen(uint32_t c) {
    static const struct span spans[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        if (c >= spans[i].first && c <= spans[i].last)
            return true;
    return false;
}

/* The length of the character at `text`, strict UTF-8; 0: it is none. Ends at a NUL by itself. */
static size_t character(const char *text, uint32_t *ret) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)text[0];
    size_t length = first < 0x80             ? 1
                    : (first & 0xe0) == 0xc0 ? 2
                    : (first & 0xf0) == 0xe0 ? 3
                    : (first & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (length == 0)
        return 0;
    uint32_t c = length == 1 ? first : first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((uint8_t)text[i] & 0x3f);
    }
    *ret = c;
    bool surrogate = c >= 0xd800 && c < 0xe000;
    return c < least[length] || c > 0x10ffff || surrogate ? 0 : length;
}

static const char *html_escape(uint32_t c) {
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_escaped(struct page *p, const char *text) {
    while (*text != '\0') {
        uint32_t c = 0;
        size_t length = character(text, &c);
        const char *escape = p->kind == PAGE_HTML && length == 1 ? html_escape(c) : NULL;
        if (length == 0 || unseen(c))
            page_put(p, REPLACEMENT);
        else if (escape != NULL)
            page_put(p, escape);
        else
            put_bytes(p, text, length);
        text += length > 0 ? length : 1;
    }
}

void page_put_words(struct page *p, const char *text) {
    page_put(p, p->kind == PAGE_HTML ? "<bdi>" : "");
    put_escaped(p, text);
    page_put(p, p->kind == PAGE_HTML ? "</bdi>" : "");
}

void page_put_plain(struct page *p, const char *text) {
    put_escaped(p, text);
}

ex_code page_take(struct page *p, char **ret, size_t *ret_bytes, struct ex_error *err) {
    if (p->full)
        return ex_fail(err, EX_LIMIT, "the document would be larger than %zu bytes", p->capacity);
    p->data[p->size] = '\0';
    *ret_bytes = p->size;
    *ret = ex_steal(&p->data);
    return EX_OK;
}
