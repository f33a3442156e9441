/* SPDX-License-Identifier: Apache-2.0 */
/* Where earlier versions end: ISO 32000-1 §7.5.6. Each ends with "%%EOF", and is a prefix of the
 * file. */
#include "parsers/pdf/pdf_internal.h"

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
