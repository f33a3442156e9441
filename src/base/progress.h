/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and interruption of long work. Library code calls ex_progress_step(); only a face
 * decides whether and how that is shown. */
#ifndef EXHIBIT_BASE_PROGRESS_H
#define EXHIBIT_BASE_PROGRESS_H

#include "base/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ex_part_state { EX_PART_WAITING, EX_PART_RUNNING, EX_PART_ENDED };

/* One of several works that go on at once. */
struct ex_progress_part {
    const char *name; /* any bytes */
    enum ex_part_state state;
    ex_code code;                /* ended: as what */
    bool already;                /* ended: there was nothing to do */
    uint64_t began_ns, ended_ns; /* monotonic */
    struct ex_progress *progress;
};

struct ex_progress {
    const char *phase; /* "collecting", "verifying"…: set by the worker; static storage */
    _Atomic uint64_t done_bytes;
    _Atomic uint64_t total_bytes;  /* 0 while unknown */
    _Atomic uint64_t stored_bytes; /* added to the vault so far; 0 when that has no meaning */
    _Atomic uint64_t unread_bytes; /* that the source could not give so far */
    struct ex_progress_part
        *part; /* several works at once: part_count of them, the worker's; NULL: one */
    size_t part_count;
    atomic_bool stop; /* a face asks the work to end soon */
    void (*show)(struct ex_progress *progress, void *context); /* any one thread at a time */
    void *context;
};

/* Adds bytes, lets the face show it, and gives EX_INTERRUPTED when stop was asked for. `progress`
 * may be NULL. */
EX_MUST_USE ex_code ex_progress_step(struct ex_progress *progress, uint64_t add_bytes,
                                     struct ex_error *err);

#endif
