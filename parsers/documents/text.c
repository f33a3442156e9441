/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { HEADS_LINE = 0x0C }; /* what begins a line that is not the document's */

ex_code piece_add(struct piece *p, const char *bytes, size_t size_bytes, size_t limit_bytes,
                  struct ex_error *err) {
    if (size_bytes > limit_bytes || p->size > limit_bytes - size_bytes)
        return ex_fail(err, EX_LIMIT, "more than %zu bytes in one piece of text", limit_bytes);
    EX_TRY(ex_grow(&p->bytes, &p->capacity, p->size + size_bytes, 1, 2 * limit_bytes,
                   "a piece of text", err));
    if (size_bytes > 0)
        memcpy(p->bytes + p->size, bytes, size_bytes);
    p->size += size_bytes;
    return EX_OK;
}

void piece_clear(struct piece *p) {
    free(p->bytes);
    *p = (struct piece){0};
}

void text_start(struct text *t, struct parser_run *run) {
    memset(t, 0, sizeof *t);
    t->run = run;
    t->wanted = true;
}

static ex_code flush(struct text *t, struct ex_error *err) {
    size_t size = t->used;
    t->used = 0;
    if (size == 0 || !t->wanted)
        return EX_OK;
    return parser_trace_content(t->run, t->buffer, size, &t->wanted, err);
}

static ex_code put_byte(struct text *t, char c, struct ex_error *err) {
    if (t->used == sizeof t->buffer)
        EX_TRY(flush(t, err));
    t->buffer[t->used++] = c;
    t->last = c;
    t->bytes++;
    return EX_OK;
}

static ex_code put_heading(struct text *t, struct ex_error *err) {
    t->heading_waits = false;
    if (t->last != 0 && t->last != '\n')
        EX_TRY(put_byte(t, '\n', err));
    EX_TRY(put_byte(t, HEADS_LINE, err));
    EX_TRY(put_byte(t, '[', err));
    for (const char *c = t->heading; *c != '\0'; c++)
        EX_TRY(put_byte(t, *c, err));
    EX_TRY(put_byte(t, ']', err));
    return put_byte(t, '\n', err);
}

static bool is_control(char c) {
    return ((uint8_t)c < ' ' && c != '\t' && c != '\n' && c != '\v') || c == 0x7f;
}

void text_clean(char *bytes, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = is_control(bytes[i]) ? ' ' : bytes[i];
}

ex_code text_put(struct text *t, const char *bytes, size_t size_bytes, struct ex_error *err) {
    if (!t->wanted || t->full || size_bytes == 0)
        return EX_OK;
    if (size_bytes > TEXT_BYTES_MAX - t->bytes) {
        t->full = true;
        text_wrong(t, "text", EX_LIMIT, "more than %d bytes of text", TEXT_BYTES_MAX);
        return EX_OK;
    }
    if (t->heading_waits)
        EX_TRY(put_heading(t, err));
    for (size_t i = 0; i < size_bytes; i++)
        EX_TRY(put_byte(t, is_control(bytes[i]) ? ' ' : bytes[i], err));
    return EX_OK;
}

ex_code text_line(struct text *t, const char *bytes, size_t size_bytes, struct ex_error *err) {
    EX_TRY(text_put(t, bytes, size_bytes, err));
    return text_put(t, "\n", 1, err);
}

/* How many bytes of it end with a whole character. */
static size_t whole_characters(const char *text, size_t size) {
    size_t at = size;
    while (at > 0 && ((uint8_t)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at == 0)
        return size;
    uint8_t first = (uint8_t)text[at - 1];
    size_t need = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return at - 1 + need <= size ? size : at - 1;
}

void text_heading(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t->heading, sizeof t->heading, format, args);
    va_end(args);
    t->heading[whole_characters(t->heading, strlen(t->heading))] = '\0';
    for (char *c = t->heading; *c != '\0'; c++)
        if (is_control(*c) || *c == '\n' || *c == '\v' || *c == '\t')
            *c = ' ';
    t->heading_waits = true;
}

ex_code text_section(struct text *t, const char *heading, const struct piece *p,
                     struct ex_error *err) {
    text_heading(t, "%s", heading);
    if (p->size > 0)
        EX_TRY(text_put(t, p->bytes, p->size, err));
    return EX_OK;
}

ex_code text_mark(struct text *t, struct ex_error *err) {
    return t->heading_waits && t->wanted && !t->full ? put_heading(t, err) : EX_OK;
}

ex_code text_headed(struct text *t, const struct piece *p, struct ex_error *err) {
    for (size_t at = 0, size; at < p->size; at += size) {
        const char *line = p->bytes + at, *end = memchr(line, '\n', p->size - at);
        size = end != NULL ? (size_t)(end - line) + 1 : p->size - at;
        int heading = (int)(size < TEXT_HEADING_BYTES ? size : TEXT_HEADING_BYTES) - 2;
        if (*line == PIECE_HEADING && heading > 0) /* it is cut short where a piece is full */
            text_heading(t, "%.*s", heading, line + 1);
        else if (*line == PIECE_HEADING)
            continue;
        else
            EX_TRY(text_put(t, line, size, err));
    }
    return EX_OK;
}

void text_wrong(struct text *t, const char *key, ex_code code, const char *format, ...) {
    va_list args;
    for (size_t i = 0; i < t->wrongs; i++)
        if (strcmp(t->wrong[i].key, key) == 0)
            return;
    t->wrongs_in_all++;
    if (t->wrongs >= TEXT_WRONGS_MAX)
        return;
    struct ex_error *why = &t->wrong[t->wrongs].why;
    (void)snprintf(t->wrong[t->wrongs++].key, sizeof t->wrong->key, "%s", key);
    why->code = code;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    for (char *c = why->text; *c != '\0'; c++)
        *c = *c < ' ' || *c > '~' ? '?' : *c;
}

ex_code text_end(struct text *t, uint32_t trace, struct ex_error *err) {
    struct ex_error more = {.code = EX_LIMIT};
    EX_TRY(flush(t, err));
    for (size_t i = 0; i < t->wrongs; i++)
        EX_TRY(parser_trace_problem(t->run, trace, t->wrong[i].key, &t->wrong[i].why, err));
    if (t->wrongs_in_all == t->wrongs)
        return EX_OK;
    (void)snprintf(more.text, sizeof more.text, "%zu more problems of this kind",
                   t->wrongs_in_all - t->wrongs);
    return parser_trace_problem(t->run, trace, "more", &more, err);
}
