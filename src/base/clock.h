/* SPDX-License-Identifier: Apache-2.0 */
/* Time as an entry needs it: UTC, the zone the machine was set to, which clock says so, and a
 * monotonic reading that shows order even when somebody turned the clock. */
#ifndef EXHIBIT_BASE_CLOCK_H
#define EXHIBIT_BASE_CLOCK_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct ex_clock {
    int64_t utc_ns;          /* nanoseconds since 1970-01-01T00:00:00Z */
    int zone_minutes;        /* local time minus UTC */
    bool synchronised;       /* the kernel says that something disciplines this clock */
    uint64_t monotonic_ns;   /* since boot, suspended time included */
    char boot[17];           /* 16 hex digits that tell one boot from another; "unknown" is zeros */
};

enum { EX_TIME_TEXT_BYTES = 40 }; /* "2026-11-22T21:08:00.123456789Z" and room */

void ex_clock_read(struct ex_clock *ret);

/* RFC 3339 in UTC with nine digits. */
char *ex_time_text(char to[static EX_TIME_TEXT_BYTES], int64_t utc_ns);
bool ex_time_parse(const char *text, size_t size, int64_t *ret_utc_ns);

/* "+07:00" */
char *ex_zone_text(char to[static 8], int zone_minutes);
bool ex_zone_parse(const char *text, size_t size, int *ret_zone_minutes);

/* Nanoseconds of a clock that only goes forward; for durations. */
uint64_t ex_monotonic_ns(void);

/* So many milliseconds from now on CLOCK_MONOTONIC: for pthread_cond_clockwait(). */
struct timespec ex_deadline(unsigned ms);

#endif
