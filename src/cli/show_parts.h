/* SPDX-License-Identifier: Apache-2.0 */
/* Several works at once: one line for each that is running, and one for all of them.
 *
 * On a terminal the lines stand at the bottom and are drawn again in place; a work that ended
 * leaves one line above them. They are no wider and no more than the window, which may change.
 * Where the terminal cannot move its cursor (TERM is not set, or "dumb"), or there is none, plain
 * lines are written now and then. Names are made safe; no other text comes from outside.
 */
#ifndef EXHIBIT_CLI_SHOW_PARTS_H
#define EXHIBIT_CLI_SHOW_PARTS_H

#include "base/progress.h"
#include <stdio.h>

enum parts_form { PARTS_DRAWN, PARTS_PLAIN };

struct show_parts;
struct show_parts *show_parts_new(FILE *to, enum parts_form form);
/* The terminal may show what is running no more; the last lines are taken away. */
void show_parts_free(struct show_parts *s);
void show_parts_draw(struct show_parts *s, const struct ex_progress *all, uint64_t now_ns);

/* ---- for tests too ---- */

struct part_view {
    const char *name; /* any bytes; NULL: none */
    uint64_t done_bytes, total_bytes, unread_bytes;
    double bytes_per_second; /* 0: not known */
};
/* One line of at most `columns` columns (20 or more), without its end. The caller frees. */
char *show_part_text(const struct part_view *v, size_t columns);

#endif
