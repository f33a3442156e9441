/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of long work: one line on a terminal, rewritten at most five times a second, or JSON
 * lines at most twice a second. Nothing that is over sooner is shown at all. Several works at once:
 * cli/show_parts.h.
 */
#ifndef EXHIBIT_CLI_SHOW_PROGRESS_H
#define EXHIBIT_CLI_SHOW_PROGRESS_H

#include "app/command.h"
#include "base/progress.h"
#include <stdio.h>

/* SHOW_PLAIN: not on a terminal; only of several works at once. */
enum show_form { SHOW_NOTHING, SHOW_LINE, SHOW_PLAIN, SHOW_JSON };

struct show_progress {
    FILE *to;
    enum show_form form;
    const struct command *command;
    uint64_t started_ns;
    uint64_t shown_ns;   /* when it was last shown */
    uint64_t phase_ns;   /* when this phase began, for its rate */
    uint64_t phase_done; /* what was done by then */
    const char *phase;
    size_t width;             /* columns of the line that stands there */
    size_t ended;             /* of several works: how many had ended */
    struct show_parts *parts; /* of several works at once; NULL: not yet */
};

/* Lends `show` to the progress. Both are the caller's and outlive the work. */
void show_progress_begin(struct show_progress *show, struct ex_progress *progress);

/* Takes the line away. */
void show_progress_end(struct show_progress *show);

/* One line, without its end: "collecting  1.2 GiB of 4.0 GiB  30 %  120.0 MiB/s  0:24 left". For
 * tests too. */
char *show_progress_text(char to[static 160], const char *phase, uint64_t done, uint64_t total,
                         double bytes_per_second);

#endif
