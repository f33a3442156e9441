/* SPDX-License-Identifier: Apache-2.0 */
/* What of api.h is made of the rest of it, wherever a parser runs. */
#include "parsers/api.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
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

ex_code parser_take(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    size_t size_max, uint8_t **own, const uint8_t **ret, struct ex_error *err) {
    if (size_bytes <= PARSER_READ_BYTES_MAX && size_bytes <= size_max)
        return parser_view(run, input, offset, size_bytes, ret, err);
    uint64_t size = parser_input_size(run, input);
    if (offset > size || size_bytes > size - offset)
        return ex_fail(err, EX_FORMAT, "byte %llu is behind the end of the file (%llu bytes)",
                       (unsigned long long)(offset + size_bytes), (unsigned long long)size);
    EX_TRY(ex_alloc(size_bytes, 1, size_max, "stored bytes", own, err));
    EX_TRY(parser_read(run, input, offset, *own, size_bytes, err));
    *ret = *own;
    return EX_OK;
}

ex_code parser_warn(struct parser_run *run, unsigned *count, struct ex_error *err,
                    const char *format, ...) {
    char text[256];
    va_list args;
    if ((*count)++ >= PARSER_WARNINGS_MAX)
        return EX_OK;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return parser_fact(run, "warning", text, strlen(text), err);
}

enum { DECIMAL_BYTES = 24 };

static size_t decimal(char *to, uint64_t value) {
    return (size_t)snprintf(to, DECIMAL_BYTES, "%llu", (unsigned long long)value);
}

ex_code parser_fact_number(struct parser_run *run, const char *name, uint64_t value,
                           struct ex_error *err) {
    char text[DECIMAL_BYTES];
    return parser_fact(run, name, text, decimal(text, value), err);
}
