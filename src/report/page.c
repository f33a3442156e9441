/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page_internal.h"

#include "report/words_internal.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
        struct words_character c = words_next(text);
        const char *escape = p->kind == PAGE_HTML ? html_escape(c.code) : NULL;
        if (escape != NULL)
            page_put(p, escape);
        else
            put_bytes(p, c.bytes, c.size);
        text += c.used;
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
