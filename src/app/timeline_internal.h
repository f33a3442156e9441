/* SPDX-License-Identifier: Apache-2.0 */
/* One timeline while it is made: the times of the items that were asked for, as places of lines in
 * the results of their examinations. What the lines say is read again when it is wanted, so that
 * memory holds 24 bytes of a time, and 9 of a trace. */
#ifndef EXHIBIT_APP_TIMELINE_INTERNAL_H
#define EXHIBIT_APP_TIMELINE_INTERNAL_H

#include "app/examining_internal.h"
#include "report/timeline.h"

enum {
    TIMELINE_TIMES_MAX = 1 << 25,
    TIMELINE_TRACES_MAX = 1 << 27,
    TIMELINE_READERS_MAX = 4 /* each may keep some 20 MiB */
};

struct timeline_event {
    int64_t seconds; /* of its instant */
    uint32_t nanoseconds;
    uint32_t number; /* of the trace, from 1 */
    uint16_t item;   /* position among those of the timeline */
    uint16_t index;  /* of the time in its line */
    bool date;
};
_Static_assert(sizeof(struct timeline_event) == 24, "docs/timeline.md says so");

struct timeline_item {
    const struct item_truth *item;
    struct chosen_examination examination;
    size_t count, capacity; /* of `at` */
    struct trace_states states;
    uint64_t *at; /* where the line of each trace begins, and behind them the end's */
    struct vault_reader *reader; /* of its result, while that is open; and the paths in it */
    struct trace_paths *paths;
};

struct timeline {
    struct act *act;
    struct truth truth;
    struct timeline_zone zone;
    struct timeline_span span;
    unsigned whats; /* a bit for each of trace_time_whats */
    size_t item_count, count, capacity;
    struct timeline_item *item;
    struct timeline_event *event;
    size_t events_max; /* at most TIMELINE_TIMES_MAX */
    uint64_t near;     /* local times that are outside of the span, but in some zone inside */
    char *texts;
    size_t texts_capacity;
    struct timeline_item *open[TIMELINE_READERS_MAX]; /* whose results are */
    size_t open_next;
};

/* ---- asking: timeline.c ---- */

/* Zone, span and filters of the request; items, and the examination of each. What it has to say in
 * the ledger is *ret_items: [{"id", "label", "examination"}]. */
EX_MUST_USE ex_code timeline_begin(struct act *act, struct timeline *t, struct ex_error *err);
void timeline_clear(struct timeline *t);
/* [{"label", "id", "examination" (§4.15)}] */
json_t *timeline_items_json(const struct timeline *t);

/* ---- collecting: timeline_gather.c ---- */

/* Times of one line that fit the filters. EX_LIMIT. `row` and `line` as of trace_line_fn. */
EX_MUST_USE ex_code timeline_take(struct timeline *t, size_t item, const struct catalog_trace *row,
                                  const struct trace_line *line, struct ex_error *err);
/* All of them, in order of items and lines. EX_ALTERED, EX_MISSING, EX_LIMIT. */
EX_MUST_USE ex_code timeline_gather(struct timeline *t, struct ex_error *err);
/* In order of docs/timeline.md. */
void timeline_sort(struct timeline *t);

/* ---- reading again: timeline_walk.c ---- */

struct timeline_found {
    struct timeline_row row;        /* `time` is the first of `times` */
    const struct trace_time *times; /* one; or by traces all that were collected of it */
    size_t count;
    const char *first_source; /* of the trace's first time, collected or not */
    const char *line;
    size_t line_bytes;
};
/* What it points to lives until it returns. */
typedef ex_code timeline_found_fn(void *context, const struct timeline_found *found,
                                  struct ex_error *err);
/* The first `count` of the events as they stand; `by_trace`: those of one line together. */
EX_MUST_USE ex_code timeline_walk(struct timeline *t, size_t count, bool by_trace,
                                  timeline_found_fn *fn, void *context, struct ex_error *err);
void timeline_close_item(struct timeline_item *i);

#endif
