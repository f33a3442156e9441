/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a worker: spawn.c. */
#ifndef EXHIBIT_SANDBOX_SANDBOX_INTERNAL_H
#define EXHIBIT_SANDBOX_SANDBOX_INTERNAL_H

#include "sandbox/sandbox.h"

#include <sys/types.h>

struct worker {
    pid_t pid; /* 0: none */
    int socket;
    uint8_t *window;     /* WINDOW_BYTES; written here */
    const uint8_t *tray; /* TRAY_BYTES; written by the worker at any time */
};

/* After a failure worker_end() is still owed. */
EX_MUST_USE ex_code worker_start(struct worker *w, const char *program,
                                 const struct sandbox_limits *limits, struct ex_error *err);
/* Kills it, if it has not ended, and says how it ended: waitpid()'s status. */
int worker_end(struct worker *w);

#endif
