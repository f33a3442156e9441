/* SPDX-License-Identifier: Apache-2.0 */
/* A time as JSON, as CSV, and as Timesketch takes it in: docs/timeline.md. */
#include "report/timeline_internal.h"

#include "base/cursor.h"
#include "formats/csv.h"

#include <inttypes.h>
#include <string.h>

enum { DATE_BYTES = 10, MICROSECOND_DIGITS = 6, MINUTE_S = 60 };

/* ---- texts ---- */

unsigned timeline_digits(const struct trace_time *t) {
    const char *point = t->text != NULL ? memchr(t->text, '.', t->text_bytes) : NULL;
    return point != NULL ? (unsigned)(t->text + t->text_bytes - point - 1) : 0;
}

bool timeline_utc(const struct timeline_row *row, unsigned digits,
                  char to[static TRACE_TIME_TEXT_BYTES]) {
    const struct trace_time *t = row->time;
    struct timeline_instant at = timeline_instant(t, row->zone);
    return !t->beyond && !timeline_is_date(t) && !(t->local && !row->zone.given) &&
           trace_time_text(at.seconds, at.nanoseconds, digits, to);
}

bool timeline_stated(const struct trace_time *t, char to[static TRACE_TIME_TEXT_BYTES]) {
    if (t->beyond)
        return false;
    bool date = timeline_is_date(t);
    int size = date ? DATE_BYTES : (int)t->text_bytes;
    (void)snprintf(to, TRACE_TIME_TEXT_BYTES, "%.*s%s", size, t->text, date || t->local ? "" : "Z");
    return true;
}

/* On the page: in the zone of --zone, otherwise in UTC; what is local as it is written, and a date
 * as it stands. */
static bool shown(const struct timeline_row *row, char to[static TRACE_TIME_TEXT_BYTES]) {
    const struct trace_time *t = row->time;
    int64_t shift = t->local || !row->zone.given ? 0 : (int64_t)row->zone.minutes * MINUTE_S;
    if (t->beyond || timeline_is_date(t))
        return timeline_stated(t, to);
    return trace_time_text(t->seconds + shift, t->nanoseconds, timeline_digits(t), to);
}

/* ---- JSON ---- */

static json_t *text_or_null(bool there, const char *text) {
    return there ? json_string(text) : json_null();
}

static json_t *utc_json(const struct timeline_row *row) {
    char utc[TRACE_TIME_TEXT_BYTES + 1];
    if (!timeline_utc(row, timeline_digits(row->time), utc))
        return json_null();
    strcat(utc, "Z");
    return json_string(utc);
}

static json_t *time_json(const struct timeline_row *row) {
    const struct trace_time *t = row->time;
    char on_page[TRACE_TIME_TEXT_BYTES] = "", stated[TRACE_TIME_TEXT_BYTES] = "";
    bool has_page = shown(row, on_page), has_stated = timeline_stated(t, stated);
    json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:s, s:I, s:s, s:s}", "what", t->what, "shown",
                             text_or_null(has_page, on_page), "utc", utc_json(row), "time",
                             text_or_null(has_stated, stated), "zone", t->local ? "local" : "UTC",
                             "resolution_ns", (json_int_t)t->resolution_ns, "source", t->source,
                             "confidence", timeline_confidence(t, row->state, row->zone));
    if (json != NULL && t->beyond)
        json_object_set_new(json, "seconds", json_integer(t->seconds));
    return json;
}

json_t *timeline_json(const struct timeline_row *row) {
    const struct trace_line *l = row->trace;
    char id[2 * TRACE_LINE_ID_BYTES + 1], sha256[2 * TRACE_LINE_HASH_BYTES + 1];
    json_t *json = time_json(row);
    json_t *rest =
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "item", row->item, "trace",
                  ex_hex(id, l->id, sizeof l->id), "number", (json_int_t)row->number, "kind",
                  l->kind, "state", trace_state_words[row->state], "path", row->path);
    if (json == NULL || rest == NULL || json_object_update(json, rest) != 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(rest);
    if (json != NULL && l->has_size)
        json_object_set_new(json, "size", json_integer((json_int_t)l->size));
    if (json != NULL && l->has_sha256)
        json_object_set_new(json, "sha256",
                            json_string(ex_hex(sha256, l->sha256, sizeof l->sha256)));
    return json;
}

/* ---- CSV ---- */

const char timeline_columns[] =
    "utc,time,seconds,zone,resolution_ns,what,source,confidence,kind,state,size,sha256,path,item,"
    "trace,number";

static void put_when(FILE *to, const struct timeline_row *row) {
    const struct trace_time *t = row->time;
    char text[TRACE_TIME_TEXT_BYTES];
    if (timeline_utc(row, timeline_digits(t), text))
        fprintf(to, "%sZ", text);
    fprintf(to, ",%s,", timeline_stated(t, text) ? text : "");
    if (t->beyond)
        fprintf(to, "%" PRId64, t->seconds);
    fprintf(to, ",%s,%" PRIu64 ",%s,", t->local ? "local" : "UTC", t->resolution_ns, t->what);
    csv_put(to, t->source);
    fprintf(to, ",%s", timeline_confidence(t, row->state, row->zone));
}

void timeline_put_columns(FILE *to, const struct timeline_row *row) {
    const struct trace_line *l = row->trace;
    char hex[2 * TRACE_LINE_HASH_BYTES + 1];
    put_when(to, row);
    fprintf(to, ",%s,%s,", l->kind, trace_state_words[row->state]);
    if (l->has_size)
        fprintf(to, "%" PRIu64, l->size);
    fprintf(to, ",%s,", l->has_sha256 ? ex_hex(hex, l->sha256, sizeof l->sha256) : "");
    csv_put(to, row->path);
    fputc(',', to);
    csv_put(to, row->item);
    fprintf(to, ",%s,%" PRIu64 "\r\n", ex_hex(hex, l->id, sizeof l->id), row->number);
}

void timeline_put_csv_head(FILE *to) {
    fprintf(to, "%s\r\n", timeline_columns);
}

void timeline_put_csv(FILE *to, const struct timeline_row *row) {
    timeline_put_columns(to, row);
}

/* ---- Timesketch ---- */

void timeline_put_timesketch_head(FILE *to) {
    fprintf(to, "message,timestamp,datetime,timestamp_desc,%s\r\n", timeline_columns);
}

/* Microseconds of what lies in the years 0 to 9999. */
static bool place_of(const struct timeline_row *row, struct timeline_left *left,
                     char to[static TRACE_TIME_TEXT_BYTES], int64_t *ret_us) {
    const struct trace_time *t = row->time;
    struct timeline_instant at = timeline_instant(t, row->zone);
    if (t->beyond)
        left->out_of_range++;
    else if (t->local && !row->zone.given)
        left->zone_unknown++;
    else if (!trace_time_text(at.seconds, at.nanoseconds, MICROSECOND_DIGITS, to))
        left->out_of_range++; /* the zone moved it there */
    else {
        *ret_us = at.seconds * 1000000 + at.nanoseconds / 1000;
        return true;
    }
    return false;
}

void timeline_put_timesketch(FILE *to, const struct timeline_row *row, struct timeline_left *left) {
    const struct trace_time *t = row->time;
    char datetime[TRACE_TIME_TEXT_BYTES];
    int64_t us;
    if (!place_of(row, left, datetime, &us))
        return;
    csv_put(to, row->path);
    fprintf(to, ",%" PRId64 ",%s+00:00,%s%s,", us, datetime, t->what,
            timeline_is_date(t) ? " (date only)" : "");
    timeline_put_columns(to, row);
}
