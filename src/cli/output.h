/* SPDX-License-Identifier: Apache-2.0 */
/* How a command ends: the last JSON line (docs/format/json.md §1), or words and a hint on standard
 * error. */
#ifndef EXHIBIT_CLI_OUTPUT_H
#define EXHIBIT_CLI_OUTPUT_H

#include "app/command.h"
#include <stdio.h>

/* `result` may be NULL; it stays the caller's. */
void cli_put_summary(FILE *to, const struct command *command, ex_code verdict,
                     const json_t *result);

/* `command` and `result` may be NULL. */
void cli_put_error_json(FILE *to, const struct command *command, const struct ex_error *err,
                        const json_t *result);

/* "exhibit: TEXT", and "  hint: HINT" when there is one. */
void cli_put_error(FILE *to, const struct ex_error *err);

/* Adds text to an object as json.md says: bytes that are not UTF-8 become U+FFFD, and the text as
 * it is goes in as base64 beside it. */
void cli_json_set_text(json_t *object, const char *key, const char *text);

/* One value as one line, in ASCII, flushed. */
void cli_put_json_line(FILE *to, const json_t *value);

#endif
