/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ex_code tell_problem(struct parser_run *run, uint32_t parent, const char *key, struct ex_error *err,
                     ex_code code, const char *format, ...) {
    struct ex_error why = {.code = code};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    return parser_trace_problem(run, parent, key, &why, err);
}

ex_code tell_text(struct parser_run *run, const char *name, const char *value,
                  struct ex_error *err) {
    return parser_trace_text(run, name, value, strlen(value), err);
}
