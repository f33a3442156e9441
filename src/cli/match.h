/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": which word of a table a mistyped one is nearest to. */
#ifndef EXHIBIT_CLI_MATCH_H
#define EXHIBIT_CLI_MATCH_H

#include "app/command.h"

/* How many letters must be inserted, left out, changed or swapped with their neighbour. Words of
 * more than 63 bytes are far from everything. */
unsigned cli_distance(const char *a, const char *b);

/* Both give NULL when nothing is near. */
const struct flag *cli_nearest_flag(const char *name);
const struct command *cli_nearest_command(const char *const *words, unsigned count);

#endif
