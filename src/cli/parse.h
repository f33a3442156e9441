/* SPDX-License-Identifier: Apache-2.0 */
/* argv → request, by the command table alone.
 *
 *     exhibit [FLAGS] NOUN VERB [OPERANDS] [FLAGS]
 *
 * Flags stand anywhere, as `--flag value` or `--flag=value`; after `--` everything is an operand. A
 * value that begins with `--` is written with `=`. `-h` and `--help` turn the line into a request
 * for `help` about the command that it names, `--version` into one for `version`.
 *
 * Whatever is wrong is EX_USAGE with a hint. Nothing is copied: strings in *ret are those of argv.
 */
#ifndef EXHIBIT_CLI_PARSE_H
#define EXHIBIT_CLI_PARSE_H

#include "app/command.h"

/* `default_vault` (EXHIBIT_VAULT, may be NULL) stands in for --vault. On failure ret->command is
 * the command if that much was understood, and the common switches are filled as far as they were
 * read, so that the error is shown in the form that was asked for. ret->command is NULL on success
 * when the line is empty. */
EX_MUST_USE ex_code cli_parse(int argc, char *const *argv, const char *default_vault,
                              struct request *ret, struct ex_error *err);

/* The command that the first one or two of `count` words name; *ret_used says how many. */
EX_MUST_USE ex_code cli_find_command(const char *const *words, unsigned count,
                                     const struct command **ret, unsigned *ret_used,
                                     struct ex_error *err);

/* Whether some command has this word before a second one: "item" in "item show". */
bool cli_is_noun(const char *word, const struct command *command);

/* How the command deals with the flag; 0 when it does not take it. */
enum flag_need cli_flag_need(const struct command *command, enum flag_id id);

#endif
