/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of examiners, in few words. */
#ifndef EXHIBIT_PARSERS_SHARED_TELL_H
#define EXHIBIT_PARSERS_SHARED_TELL_H

#include "parsers/api.h"

/* A problem of our own words. */
EX_MUST_USE ex_code tell_problem(struct parser_run *run, uint32_t parent, const char *key,
                                 struct ex_error *err, ex_code code, const char *format, ...)
    EX_PRINTF(6, 7);
EX_MUST_USE ex_code tell_text(struct parser_run *run, const char *name, const char *value,
                              struct ex_error *err);
/* A FILETIME, about the trace that was told last; nothing when it is 0. */
EX_MUST_USE ex_code tell_filetime(struct parser_run *run, enum parser_time what, uint64_t filetime,
                                  const char *source, struct ex_error *err);

#endif
