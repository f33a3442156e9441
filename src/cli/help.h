/* SPDX-License-Identifier: Apache-2.0 */
/* `exhibit help`: the overview, one command, and the matrix of permissions and ledger events, all
 * out of the command table. */
#ifndef EXHIBIT_CLI_HELP_H
#define EXHIBIT_CLI_HELP_H

#include "app/command.h"
#include "cli/page.h"

/* What the request asks for, as text. EX_USAGE when there is no such command. */
EX_MUST_USE ex_code cli_help(struct cli_page *page, const struct request *request,
                             struct ex_error *err);

/* The same as the result of json.md §4; the caller's. */
EX_MUST_USE ex_code cli_help_json(const struct request *request, json_t **ret,
                                  struct ex_error *err);

void cli_help_overview(struct cli_page *page);

/* Whether the overview has a place for it; for the test that it has for all. */
bool cli_help_is_grouped(const struct command *command);

#endif
