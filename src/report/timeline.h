/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a timeline (docs/timeline.md): when a time was, how far it can be trusted, whether
 * it lies in a span, and its row in each form. No ledger, no vault, no order: whoever has the times
 * does that.
 *
 * Names, paths and sources come out of evidence; every form makes them safe. Streams are the
 * caller's, who looks at their errors.
 */
#ifndef EXHIBIT_REPORT_TIMELINE_H
#define EXHIBIT_REPORT_TIMELINE_H

#include "base/error.h"
#include "formats/trace_line.h"
#include "report/trace_states.h"

#include <jansson.h>
#include <stdio.h>

/* ---- zones and instants ---- */

/* In which zone local times are to be taken, and the page is written. */
struct timeline_zone {
    bool given;
    int minutes; /* east of UTC */
};
/* "+07:00", from -12:00 to +14:00. EX_USAGE. NULL gives none. */
EX_MUST_USE ex_code timeline_parse_zone(const char *text, struct timeline_zone *ret,
                                        struct ex_error *err);

struct timeline_instant {
    int64_t seconds; /* since 1970 in UTC; of a local time without a zone as it is written */
    uint32_t nanoseconds;
};
struct timeline_instant timeline_instant(const struct trace_time *t, struct timeline_zone zone);
/* Less than 0, 0, more than 0. */
int timeline_compare(struct timeline_instant a, struct timeline_instant b);
/* A resolution of a day or more: a date, and no instant of it. */
bool timeline_is_date(const struct trace_time *t);

/* ---- spans ---- */

struct timeline_span {
    bool has_from, has_to;
    struct timeline_instant from, to; /* both belong to it */
};
/* What --from and --until say; each may be NULL. EX_USAGE: one is no date and no time, or `to` lies
 * before `from`. */
EX_MUST_USE ex_code timeline_parse_span(const char *from, const char *to, struct timeline_zone zone,
                                        struct timeline_span *ret, struct ex_error *err);
enum timeline_fit {
    TIMELINE_INSIDE,
    TIMELINE_OUTSIDE,
    TIMELINE_NEAR /* outside, but in some zone inside */
};
/* A time covers its step. */
enum timeline_fit timeline_fits(const struct trace_time *t, struct timeline_zone zone,
                                const struct timeline_span *span);

/* ---- confidence ---- */

/* A word that always stays. */
const char *timeline_confidence(const struct trace_time *t, enum trace_state state,
                                struct timeline_zone zone);

/* ---- rows ---- */

/* A time with the trace that it is of. */
struct timeline_row {
    const struct trace_time *time;
    const struct trace_line *trace;
    enum trace_state state; /* of the trace, by what it was found in, too */
    struct timeline_zone zone;
    const char *item, *path; /* the item's label */
    uint64_t number;         /* of the trace */
};

/* json.md §4.16. NULL: no memory. */
json_t *timeline_json(const struct timeline_row *row);

void timeline_put_csv_head(FILE *to);
void timeline_put_csv(FILE *to, const struct timeline_row *row);

/* Times that a form has no place for, by why. */
struct timeline_left {
    uint64_t zone_unknown, date_only, out_of_range;
    uint64_t no_field; /* of a bodyfile: deleted, added, backed-up; a word twice; the second 0 */
};
void timeline_put_timesketch_head(FILE *to);
/* What has no place is counted, and not written. */
void timeline_put_timesketch(FILE *to, const struct timeline_row *row, struct timeline_left *left);

/* What a bodyfile wants of a trace besides; each may be NULL. */
struct timeline_inode {
    const char *inode, *mode, *uid, *gid; /* digits; the mode octal */
    const char
        *source; /* of the trace's first time: lines of other sources say which in their names */
};
/* All times of one trace that are to be written, as the row of each would be but for `time`: one
 * line for each source. *ret_written counts those that got a place. */
void timeline_put_body(FILE *to, const struct timeline_row *row, const struct trace_time *times,
                       size_t count, const struct timeline_inode *inode, struct timeline_left *left,
                       uint64_t *ret_written);

#endif
