/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as XML has them: W3C "Date and Time Formats", and xsd:dateTime. */
#ifndef EXHIBIT_PARSERS_SHARED_WHEN_H
#define EXHIBIT_PARSERS_SHARED_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct when {
    int64_t seconds; /* since 1970 */
    uint32_t nanoseconds;
    uint64_t resolution_ns; /* the step of what is written */
    bool local;             /* no zone is written */
};

/* "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05.678+07:00"; years 1 to 9999. False: it is
 * none of these, or no date. */
bool when_parse(const char *text, size_t size, struct when *ret);
/* Days since 1970 of a date of the Gregorian calendar; false: there is no such day. */
bool when_days(unsigned year, unsigned month, unsigned day, int64_t *ret);

#endif
