/* SPDX-License-Identifier: Apache-2.0 */
/* What the forms of a timeline share. */
#ifndef EXHIBIT_REPORT_TIMELINE_INTERNAL_H
#define EXHIBIT_REPORT_TIMELINE_INTERNAL_H

#include "report/timeline.h"

/* The digits of its fraction, as the line has them. */
unsigned timeline_digits(const struct trace_time *t);
/* The instant in UTC, with so many digits and no Z. False: it is not known, or only its date is, or
 * it is out of range. */
bool timeline_utc(const struct timeline_row *row, unsigned digits,
                  char to[static TRACE_TIME_TEXT_BYTES]);
/* As the record has it, with its Z; of a date only the date. False: out of range. */
bool timeline_stated(const struct trace_time *t, char to[static TRACE_TIME_TEXT_BYTES]);

/* The columns of CSV, with commas between them. */
extern const char timeline_columns[];
void timeline_put_columns(FILE *to, const struct timeline_row *row);

#endif
