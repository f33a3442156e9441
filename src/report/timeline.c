/* SPDX-License-Identifier: Apache-2.0 */
/* docs/timeline.md: zones, spans, confidence. */
#include "report/timeline.h"

#include "base/clock.h"

#include <string.h>

enum { SECOND_NS = 1000000000, HOUR_S = 3600, MINUTE_S = 60, WEST_HOURS = 12, EAST_HOURS = 14 };
#define DAY_NS UINT64_C(86400000000000)

/* ---- zones and instants ---- */

ex_code timeline_parse_zone(const char *text, struct timeline_zone *ret, struct ex_error *err) {
    int minutes;
    *ret = (struct timeline_zone){0};
    if (text == NULL)
        return EX_OK;
    if (!ex_zone_parse(text, strlen(text), &minutes) || minutes < -WEST_HOURS * 60 ||
        minutes > EAST_HOURS * 60)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%.40s\" is no offset of a zone", text), err,
                       "hours and minutes east of UTC, from -12:00 to +14:00: +07:00");
    *ret = (struct timeline_zone){.given = true, .minutes = minutes};
    return EX_OK;
}

/* At the ends of what can be counted it stays there. */
static int64_t add_seconds(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

struct timeline_instant timeline_instant(const struct trace_time *t, struct timeline_zone zone) {
    int64_t shift = t->local && zone.given ? -(int64_t)zone.minutes * MINUTE_S : 0;
    return (struct timeline_instant){add_seconds(t->seconds, shift), t->nanoseconds};
}

int timeline_compare(struct timeline_instant a, struct timeline_instant b) {
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds;
}

bool timeline_is_date(const struct trace_time *t) {
    return t->resolution_ns >= DAY_NS;
}

/* ---- spans ---- */

static ex_code fail_limit(const char *text, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_USAGE, "\"%.40s\" is no date and no time", text), err,
                   "2026-03-01, or 2026-03-01T14:30:00, and behind that Z or +07:00 if wanted");
}

/* "", "Z" or an offset, in minutes east of UTC. */
static bool parse_end(const char *text, struct timeline_zone zone, int *ret_minutes) {
    *ret_minutes = zone.given ? zone.minutes : 0;
    if (text[0] == '\0')
        return true;
    if (strcmp(text, "Z") == 0) {
        *ret_minutes = 0;
        return true;
    }
    return ex_zone_parse(text, strlen(text), ret_minutes);
}

/* `last`: of a date its last instant. */
static ex_code parse_limit(const char *text, struct timeline_zone zone, bool last,
                           struct timeline_instant *ret, struct ex_error *err) {
    enum { DATE_BYTES = 10, DAY_S = 86400 };
    size_t used;
    int minutes;
    if (!trace_time_parse(text, strlen(text), &ret->seconds, &ret->nanoseconds, &used) ||
        !parse_end(text + used, zone, &minutes))
        return fail_limit(text, err);
    if (last && used == DATE_BYTES) {
        ret->seconds += DAY_S - 1;
        ret->nanoseconds = SECOND_NS - 1;
    }
    ret->seconds -= (int64_t)minutes * MINUTE_S;
    return EX_OK;
}

ex_code timeline_parse_span(const char *from, const char *to, struct timeline_zone zone,
                            struct timeline_span *ret, struct ex_error *err) {
    struct timeline_span span = {.has_from = from != NULL, .has_to = to != NULL};
    if (from != NULL)
        EX_TRY(parse_limit(from, zone, false, &span.from, err));
    if (to != NULL)
        EX_TRY(parse_limit(to, zone, true, &span.to, err));
    if (from != NULL && to != NULL && timeline_compare(span.to, span.from) < 0)
        return ex_hint(ex_fail(err, EX_USAGE, "--until lies before --from"), err,
                       "--from is the earlier of the two");
    *ret = span;
    return EX_OK;
}

/* The last nanosecond of its step. */
static struct timeline_instant end_of_step(struct timeline_instant at, uint64_t resolution_ns) {
    uint64_t more = resolution_ns > 0 ? resolution_ns - 1 : 0;
    uint64_t nanoseconds = at.nanoseconds + more % SECOND_NS;
    return (struct timeline_instant){
        add_seconds(at.seconds, (int64_t)(more / SECOND_NS + nanoseconds / SECOND_NS)),
        (uint32_t)(nanoseconds % SECOND_NS)};
}

static bool touches(const struct timeline_span *s, struct timeline_instant first,
                    struct timeline_instant last) {
    return !(s->has_from && timeline_compare(last, s->from) < 0) &&
           !(s->has_to && timeline_compare(first, s->to) > 0);
}

enum timeline_fit timeline_fits(const struct trace_time *t, struct timeline_zone zone,
                                const struct timeline_span *span) {
    struct timeline_instant first = timeline_instant(t, zone);
    struct timeline_instant last = end_of_step(first, t->resolution_ns);
    if (touches(span, first, last))
        return TIMELINE_INSIDE;
    if (!t->local || zone.given)
        return TIMELINE_OUTSIDE;
    first.seconds = add_seconds(first.seconds, -EAST_HOURS * HOUR_S);
    last.seconds = add_seconds(last.seconds, WEST_HOURS * HOUR_S);
    return touches(span, first, last) ? TIMELINE_NEAR : TIMELINE_OUTSIDE;
}

/* ---- confidence ---- */

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_file_system(const char *source) {
    return begins(source, "ntfs:") || begins(source, "fat:") || begins(source, "exfat:") ||
           begins(source, "ext:") || begins(source, "ufs:") || begins(source, "hfs:");
}

/* No ordinary call of a program sets these. */
static bool is_by_system(const struct trace_time *t) {
    bool changed = strcmp(t->what, "changed") == 0;
    if (strcmp(t->source, "ufs:inode") == 0)
        return changed;
    return strcmp(t->source, "ext:inode") == 0 &&
           (changed || strcmp(t->what, "created") == 0 || strcmp(t->what, "deleted") == 0);
}

const char *timeline_confidence(const struct trace_time *t, enum trace_state state,
                                struct timeline_zone zone) {
    if (t->beyond)
        return "out-of-range";
    if (state == TRACE_CARVED)
        return "carved";
    if (state > TRACE_VIRTUAL)
        return "deleted-record";
    if (t->local && !zone.given)
        return "zone-unknown";
    if (timeline_is_date(t))
        return "date-only";
    if (t->local)
        return "zone-assumed";
    if (!is_file_system(t->source))
        return "by-program";
    return is_by_system(t) ? "by-system" : "settable";
}
