/* SPDX-License-Identifier: Apache-2.0 */
/* The passphrase: from the file that EXHIBIT_PASSPHRASE_FILE names, else asked for at the terminal
 * itself (/dev/tty), never from the command line or standard input.
 *
 * It lives in memory from sodium_malloc() only, and the terminal's echo comes back whatever ends
 * the question. A signal that has a handler ends it with EX_INTERRUPTED.
 */
#ifndef EXHIBIT_CLI_PROMPT_H
#define EXHIBIT_CLI_PROMPT_H

#include "base/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli_prompt {
    const char *file;        /* EXHIBIT_PASSPHRASE_FILE; NULL or "" when there is none */
    bool no_input;           /* --no-input */
    FILE *talk;              /* warnings; NULL: none */
    const atomic_bool *stop; /* set by a signal handler; may be NULL */
};

/* The `passphrase` of struct app_face; `context` is a struct cli_prompt. */
ex_code cli_prompt_passphrase(void *context, const char *officer, bool again, char **ret,
                              size_t *ret_bytes, struct ex_error *err);

#endif
