/* SPDX-License-Identifier: Apache-2.0 */
/* Where earlier versions end: ISO 32000-1 §7.5.6. Each ends with "%%EOF", and is a prefix of the
 * file. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

enum { STEP_BYTES = 512 << 10, MARK_BYTES = 5 };

/* The line's end belongs to it. */
static uint64_t behind_line(struct parser_run *run, uint64_t at) {
    uint8_t line[2];
    struct ex_error why;
    uint64_t size = parser_input_size(run, 0);
    size_t left = size - at < 2 ? (size_t)(size - at) : 2;
    if (parser_read(run, 0, at, line, left, &why) != EX_OK || left == 0)
        return at;
    if (line[0] == '\r')
        return at + (left > 1 && line[1] == '\n' ? 2 : 1);
    return at + (line[0] == '\n' ? 1 : 0);
}

ex_code pdf_find_ends(struct parser_run *run, uint64_t *end, size_t *ret_count,
                      struct ex_error *err) {
    uint64_t size = parser_input_size(run, 0);
    size_t count = 0;
    for (uint64_t at = 0; at + MARK_BYTES <= size && count < PDF_ENDS_MAX;) {
        size_t part = size - at < STEP_BYTES ? (size_t)(size - at) : STEP_BYTES;
        const uint8_t *data, *found;
        EX_TRY(parser_view(run, 0, at, part, &data, err));
        found = memmem(data, part, "%%EOF", MARK_BYTES);
        if (found == NULL) {
            at += part - (MARK_BYTES - 1);
            continue;
        }
        at += (uint64_t)(found - data) + MARK_BYTES;
        end[count++] = behind_line(run, at);
    }
    *ret_count = count;
    return EX_OK;
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
    static const char WORD[] = "/Catalog";
    const size_t overlap = sizeof WORD - 2;
    const uint8_t *data, *found;
    struct ex_error why;
    unsigned number, generation;
    for (uint64_t at = 0; at + overlap < size;) {
        size_t part = size - at < STEP_BYTES ? (size_t)(size - at) : STEP_BYTES;
        if (parser_view(run, 0, at, part, &data, &why) != EX_OK)
            return false;
        found = find_last(data, part, WORD);
        place = found != NULL ? at + (uint64_t)(found - data) : place;
        at += part - overlap;
    }
    if (place == 0 || !head_before(run, place, &number, &generation))
        return false;
    (void)snprintf(ret, size_bytes, "\nendobj\ntrailer\n<< /Root %u %u R /Size 1 >>\n", number,
                   generation);
    return true;
}
