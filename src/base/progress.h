/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and interruption of long work. Library code calls ex_progress_step(); only a face
 * decides whether and how that is shown. */
#ifndef EXHIBIT_BASE_PROGRESS_H
#define EXHIBIT_BASE_PROGRESS_H

#include "base/error.h"
#include <stdatomic.h>
#include <stdint.h>

struct ex_progress {
    const char *phase;          /* "collecting", "verifying"…: set by the worker; static storage */
    _Atomic uint64_t done_bytes;
    _Atomic uint64_t total_bytes; /* 0 while unknown */
    _Atomic uint64_t stored_bytes; /* added to the vault so far; 0 when that has no meaning */
    atomic_bool stop;           /* a face asks the work to end soon */
    void (*show)(struct ex_progress *progress, void *context); /* any one thread at a time */
    void *context;
};

/* Adds bytes, lets the face show it, and gives EX_INTERRUPTED when stop was asked for. `progress`
 * may be NULL. */
EX_MUST_USE ex_code ex_progress_step(struct ex_progress *progress, uint64_t add_bytes,
                                     struct ex_error *err);

#endif
