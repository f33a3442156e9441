/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HUNDREDS_OF_NS = 10000000 };
#define SECONDS_1601_TO_1970 INT64_C(11644473600)

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

ex_code tell_filetime(struct parser_run *run, enum parser_time what, uint64_t filetime,
                      const char *source, struct ex_error *err) {
    if (filetime == 0 || filetime > INT64_MAX)
        return EX_OK;
    int64_t seconds = (int64_t)(filetime / HUNDREDS_OF_NS) - SECONDS_1601_TO_1970;
    return parser_trace_time(run, what, seconds, (uint32_t)(filetime % HUNDREDS_OF_NS) * 100, 100,
                             false, source, err);
}
