/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: from the file that EXHIBIT_PASSPHRASE_FILE names (a passphrase that is chosen in place
 * of another: EXHIBIT_NEW_PASSPHRASE_FILE; a recovery code: EXHIBIT_RECOVERY_FILE), else asked for
 * at the terminal itself (/dev/tty), never from the command line or standard input.
 *
 * A secret lives in memory from sodium_malloc() only, and the terminal's echo comes back whatever
 * ends the question. A signal that has a handler ends it with EX_INTERRUPTED.
 */
#ifndef EXHIBIT_CLI_PROMPT_H
#define EXHIBIT_CLI_PROMPT_H

#include "app/app.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli_prompt {
    /* What the variables say; NULL or "" when there is none. */
    const char *file, *new_file, *recovery_file;
    bool no_input;           /* --no-input */
    FILE *talk;              /* warnings; NULL: none */
    const atomic_bool *stop; /* set by a signal handler; may be NULL */
};

/* The `passphrase` of struct app_face; `context` is a struct cli_prompt. A passphrase is the first
 * line of its file, a recovery code may stand on several. */
ex_code cli_prompt_passphrase(void *context, const char *officer, enum app_secret which, char **ret,
                              size_t *ret_bytes, struct ex_error *err);

#endif
