/* SPDX-License-Identifier: Apache-2.0 */
/* What of api.h is made of the rest of it, wherever a parser runs. */
#include "parsers/api.h"

#include <string.h>

ex_code parser_read(struct parser_run *run, unsigned input, uint64_t offset, void *to,
                    size_t size_bytes, struct ex_error *err) {
    uint8_t *at = to;
    for (size_t part; size_bytes > 0; size_bytes -= part, at += part, offset += part) {
        const uint8_t *data;
        part = size_bytes < PARSER_READ_BYTES_MAX ? size_bytes : PARSER_READ_BYTES_MAX;
        EX_TRY(parser_view(run, input, offset, part, &data, err));
        memcpy(at, data, part);
    }
    return EX_OK;
}

ex_code parser_fact_number(struct parser_run *run, const char *name, uint64_t value,
                           struct ex_error *err) {
    char text[24], *at = text + sizeof text;
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return parser_fact(run, name, at, (size_t)(text + sizeof text - at), err);
}
