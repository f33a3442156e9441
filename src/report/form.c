/* SPDX-License-Identifier: Apache-2.0 */
#include "report/form_internal.h"

#include "report/words_internal.h"

#include <stdarg.h>
#include <stdio.h>

static const char ISOLATE[] = "\xe2\x81\xa8", ISOLATE_END[] = "\xe2\x81\xa9"; /* U+2068, U+2069 */

void form_clear(struct form *f) {
    for (size_t i = 0; i < f->count; i++) {
        free(f->block[i].name);
        free(f->block[i].text);
    }
    for (size_t i = 0; i < f->kept_count; i++)
        free(f->kept[i]);
    free(f->block);
    free(f->kept);
    *f = (struct form){0};
}

ex_code form_check(const struct form *f, struct ex_error *err) {
    if (f->failed == EX_LIMIT)
        return ex_fail(err, EX_LIMIT, "a form would hold more than %d bytes of text",
                       FORM_BYTES_MAX);
    if (f->failed != EX_OK)
        return ex_fail(err, f->failed, "no memory for a form");
    return EX_OK;
}

static void fail(struct form *f, ex_code code) {
    if (f->failed == EX_OK)
        f->failed = code;
}

/* Counts text against the limit of the whole form. */
static bool account(struct form *f, size_t bytes) {
    if (bytes > FORM_BYTES_MAX - f->bytes) {
        fail(f, EX_LIMIT);
        return false;
    }
    f->bytes += bytes;
    return f->failed == EX_OK;
}

/* ---- words ---- */

/* Hebrew, Arabic and their neighbours, also the ones in the supplementary planes. */
static bool right_to_left(uint32_t c) {
    return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
           (c >= 0xfe70 && c <= 0xfeff) || (c >= 0x10800 && c <= 0x10fff) ||
           (c >= 0x1e800 && c <= 0x1efff);
}

static void shown(char *to, const char *text) {
    bool isolate = false;
    char *at = to + sizeof ISOLATE - 1;
    while (*text != '\0') {
        struct words_character c = words_next(text);
        memcpy(at, c.bytes, c.size);
        isolate = isolate || right_to_left(c.code);
        at += c.size;
        text += c.used;
    }
    *at = '\0';
    if (isolate) {
        memcpy(to, ISOLATE, sizeof ISOLATE - 1);
        memcpy(at, ISOLATE_END, sizeof ISOLATE_END);
    } else
        memmove(to, to + sizeof ISOLATE - 1, (size_t)(at - to) - (sizeof ISOLATE - 1) + 1);
}

const char *form_keep(struct form *f, char *text) {
    ex_code code = text == NULL ? EX_NOMEM : EX_OK;
    if (code == EX_OK && !account(f, strlen(text)))
        code = EX_LIMIT;
    if (code == EX_OK)
        code = ex_grow(&f->kept, &f->kept_capacity, f->kept_count + 1, sizeof *f->kept,
                       FORM_BYTES_MAX, "words of a form", NULL);
    if (code != EX_OK) {
        fail(f, code);
        free(text);
        return "";
    }
    f->kept[f->kept_count++] = text;
    return text;
}

const char *form_words(struct form *f, const char *text) {
    size_t size = strlen(text);
    if (size > FORM_BYTES_MAX) {
        fail(f, EX_LIMIT);
        return "";
    }
    char *to = malloc(3 * size + sizeof ISOLATE + sizeof ISOLATE_END);
    if (to != NULL)
        shown(to, text);
    return form_keep(f, to);
}

/* ---- blocks ---- */

/* Takes both texts, also when it fails. */
static void add(struct form *f, enum form_kind kind, char *name, char *text) {
    size_t bytes =
        sizeof *f->block + (name != NULL ? strlen(name) : 0) + (text != NULL ? strlen(text) : 0);
    if (text == NULL)
        fail(f, EX_NOMEM);
    else if (account(f, bytes)) {
        ex_code code = ex_grow(&f->block, &f->capacity, f->count + 1, sizeof *f->block,
                               FORM_BYTES_MAX, "blocks of a form", NULL);
        if (code == EX_OK) {
            f->block[f->count++] = (struct form_block){kind, name, text};
            return;
        }
        fail(f, code);
    }
    free(name);
    free(text);
}

static char *copy_of(struct form *f, const char *name) {
    char *copy = name != NULL ? strdup(name) : NULL;
    if (name != NULL && copy == NULL)
        fail(f, EX_NOMEM);
    return copy;
}

void form_add(struct form *f, enum form_kind kind, const char *name, const char *text) {
    add(f, kind, copy_of(f, name), strdup(text));
}

void form_add_format(struct form *f, enum form_kind kind, const char *name, const char *format,
                     ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    add(f, kind, copy_of(f, name), text);
}

void form_insert(struct form *f, size_t position, enum form_kind kind, const char *text) {
    size_t count = f->count;
    form_add(f, kind, NULL, text);
    if (f->count == count)
        return;
    struct form_block added = f->block[count];
    memmove(f->block + position + 1, f->block + position, (count - position) * sizeof *f->block);
    f->block[position] = added;
}

bool form_is_hex(const struct form_block *b) {
    size_t digits = strspn(b->text, "0123456789abcdef");
    return digits >= 32 && b->text[digits] == '\0';
}

size_t form_group_end(const struct form *f, size_t begin) {
    size_t i = begin;
    while (i + 1 < f->count && f->block[i].kind != FORM_END)
        i++;
    return i;
}
