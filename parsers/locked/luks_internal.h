/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of a LUKS2 header. */
#ifndef EXHIBIT_PARSERS_LOCKED_LUKS_INTERNAL_H
#define EXHIBIT_PARSERS_LOCKED_LUKS_INTERNAL_H

#include "parsers/api.h"

/* A list in one text: "0 luks2, 1 luks2". What does not fit is left out, and "…" in ASCII says so.
 */
enum { LUKS_WORDS_BYTES = 1024 };
struct luks_words {
    char text[LUKS_WORDS_BYTES];
    size_t bytes;
    unsigned count;
};
void luks_words_add(struct luks_words *w, const char *format, ...) EX_PRINTF(2, 3);

/* Attributes of the trace that was told last. *ret_problem: what is wrong with it, or NULL. */
EX_MUST_USE ex_code luks_tell_json(struct parser_run *run, const char *text, size_t size_bytes,
                                   const char **ret_problem, struct ex_error *err);

#endif
