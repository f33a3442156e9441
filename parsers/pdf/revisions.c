/* SPDX-License-Identifier: Apache-2.0 */
/* Where versions end: ISO 32000-1 §7.5.5, §7.5.6. Each ends with "startxref", a number and "%%EOF",
 * and is a prefix of the file. The mark may be missing, and it may stand anywhere: the word and the
 * number are what a reader goes by. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

/* AHEAD: what follows the word is looked at so far, as far as readers look. */
enum { STEP_BYTES = 512 << 10, MARK_BYTES = 5, WORD_BYTES = 9, AHEAD_BYTES = 1100 };
static const char WORD[] = "startxref", MARK[] = "%%EOF";

/* As isspace() in the locale C, whatever the locale is. */
static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The line's end belongs to it. */
static size_t behind_line(const uint8_t *text, size_t size, size_t at) {
    at += at < size && text[at] == '\r';
    return at + (at < size && text[at] == '\n');
}

/* How many bytes behind the word the version ends, and where its table is said to be. False: no
 * number stands there. */
static bool find_end(const uint8_t *text, size_t size, size_t *ret_bytes, uint64_t *ret_table) {
    size_t at = 0, digits = 0;
    bool minus = false;
    size = size < AHEAD_BYTES ? size : (size_t)AHEAD_BYTES;
    const uint8_t *next = memmem(text, size, WORD, WORD_BYTES), *mark;
    size = next != NULL ? (size_t)(next - text) : size;
    *ret_table = 0;
    while (at < size && is_space(text[at]))
        at++;
    if (at < size && (text[at] == '+' || text[at] == '-'))
        minus = text[at++] == '-';
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++, digits++)
        *ret_table = *ret_table < INT64_MAX / 100 ? *ret_table * 10 + (text[at] - '0') : INT64_MAX;
    *ret_table = minus ? INT64_MAX : *ret_table;
    mark = memmem(text + at, size - at, MARK, MARK_BYTES);
    at = mark != NULL ? (size_t)(mark - text) + MARK_BYTES : at;
    *ret_bytes = behind_line(text, size, at);
    return digits > 0;
}

/* Of more than can be kept the last ones are. */
static void take_word(struct pdf_ends *e, uint64_t at, const uint8_t *text, size_t size) {
    size_t bytes;
    uint64_t table;
    e->last_is_end = find_end(text, size, &bytes, &table);
    if (e->last_is_end)
        e->end[e->seen++ % PDF_ENDS_MAX] = (struct pdf_end){at + bytes, table};
}

/* Words and marks that begin in the first `own` bytes. */
static void scan(struct pdf_ends *e, uint64_t at, const uint8_t *data, size_t part, size_t own) {
    const uint8_t *end = data + part, *found = data;
    while ((found = memmem(found, (size_t)(end - found), WORD, WORD_BYTES)) != NULL &&
           (size_t)(found - data) < own) {
        found += WORD_BYTES;
        take_word(e, at + (uint64_t)(found - data), found, (size_t)(end - found));
    }
    found = data;
    while ((found = memmem(found, (size_t)(end - found), MARK, MARK_BYTES)) != NULL &&
           (size_t)(found - data) < own) {
        found += MARK_BYTES;
        e->marks++;
    }
    for (size_t i = own; i > 0; i--)
        if (data[i - 1] != '\0' && !is_space(data[i - 1])) {
            e->text_ends = at + i;
            break;
        }
}

ex_code pdf_find_ends(struct parser_run *run, struct pdf_ends *e, struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    for (uint64_t at = 0, own; at < size; at += own) {
        size_t part = size - at < STEP_BYTES ? (size_t)(size - at) : (size_t)STEP_BYTES;
        const uint8_t *data;
        own = at + part == size ? part : part - AHEAD_BYTES;
        EX_TRY(parser_view(run, 0, at, part, &data, err));
        scan(e, at, data, part, (size_t)own);
    }
    return EX_OK;
}

/* Does anything stand there that could be a table, or a stream of one? What is none would be made
 * anew from all objects, which takes long, and be no version. */
bool pdf_has_table(struct parser_run *run, const struct pdf_end *end) {
    uint8_t text[64];
    struct ex_error why;
    if (end->table >= end->at)
        return false;
    uint64_t left = end->at - end->table;
    size_t size = left < sizeof text ? (size_t)left : sizeof text, at = 0;
    if (parser_read(run, 0, end->table, text, size, &why) != EX_OK)
        return false;
    while (at < size && (text[at] == '\0' || is_space(text[at])))
        at++;
    return at == size || text[at] == 'x' || (text[at] >= '0' && text[at] <= '9') ||
           (text[at] == '%' && end->table > 0);
}

/* ---- a file that has lost its trailer ---- */

enum { HEAD_BYTES = 1024 };

static const uint8_t *find_last(const uint8_t *data, size_t size, const char *word) {
    const uint8_t *last = NULL, *at = data, *end = data + size;
    size_t length = strlen(word);
    while ((at = memmem(at, (size_t)(end - at), word, length)) != NULL)
        last = at++;
    return last;
}

/* "N G obj" before the place. */
static bool head_before(struct parser_run *run, uint64_t place, unsigned *ret_number,
                        unsigned *ret_generation) {
    char text[HEAD_BYTES + 1];
    struct ex_error why;
    size_t size = place < HEAD_BYTES ? (size_t)place : HEAD_BYTES, from;
    if (parser_read(run, 0, place - size, text, size, &why) != EX_OK)
        return false;
    const uint8_t *found = find_last((const uint8_t *)text, size, " obj");
    if (found == NULL)
        return false;
    from = (size_t)(found - (const uint8_t *)text);
    text[from] = '\0';
    for (unsigned fields = 0; from > 0; from--) {
        char c = text[from - 1];
        if ((c < '0' || c > '9') && (c != ' ' || ++fields > 1))
            break;
    }
    return sscanf(text + from, "%9u %5u", ret_number, ret_generation) == 2;
}

bool pdf_find_trailer(struct parser_run *run, char *ret, size_t size_bytes) {
    uint64_t size = parser_input_size(run, 0), place = 0;
    static const char CATALOG[] = "/Catalog";
    const size_t overlap = sizeof CATALOG - 2;
    const uint8_t *data, *found;
    struct ex_error why;
    unsigned number, generation;
    for (uint64_t at = 0; at + overlap < size;) {
        size_t part = size - at < STEP_BYTES ? (size_t)(size - at) : STEP_BYTES;
        if (parser_view(run, 0, at, part, &data, &why) != EX_OK)
            return false;
        found = find_last(data, part, CATALOG);
        place = found != NULL ? at + (uint64_t)(found - data) : place;
        at += part - overlap;
    }
    if (place == 0 || !head_before(run, place, &number, &generation))
        return false;
    (void)snprintf(ret, size_bytes, "\nendobj\ntrailer\n<< /Root %u %u R /Size 1 >>\n", number,
                   generation);
    return true;
}
