/* SPDX-License-Identifier: Apache-2.0 */
/* The times of results, read from their beginnings to their ends, and put in order. */
#include "app/timeline_internal.h"

/* ---- one line ---- */

/* Where the line begins; behind the last one, where the next would. */
static ex_code keep_place(struct timeline_item *i, const struct catalog_trace *row,
                          struct ex_error *err) {
    EX_TRY(ex_grow(&i->at, &i->capacity, (size_t)row->number + 1, sizeof *i->at,
                   (size_t)(TIMELINE_TRACES_MAX + 1) * sizeof *i->at, "the places of the traces",
                   err));
    i->at[row->number - 1] = row->at;
    i->at[row->number] = row->at + row->length + 1;
    i->count = (size_t)row->number;
    return EX_OK;
}

static bool is_wanted(const struct timeline *t, enum trace_state stands,
                      const struct trace_line *line) {
    const char *kind = act_flag(t->act, FLAG_KIND), *state = act_flag(t->act, FLAG_STATE),
               *name = act_flag(t->act, FLAG_NAME);
    if (kind != NULL && strcmp(kind, line->kind) != 0)
        return false;
    if (state != NULL && strcmp(state, trace_state_words[stands]) != 0)
        return false;
    return name == NULL || (line->name != NULL && catalog_name_fits(name, line->name));
}

static bool is_asked_for(const struct timeline *t, const char *what) {
    for (unsigned i = 0; trace_time_whats[i] != NULL; i++)
        if (trace_time_whats[i] == what)
            return (t->whats >> i & 1) != 0;
    return false;
}

static ex_code fail_too_many(const struct timeline *t, struct ex_error *err) {
    return ex_hint(
        ex_fail(err, EX_LIMIT, "there are more than %zu times", t->events_max), err,
        "make them fewer: --from, --until, --what, --kind, --name, or not all items at once");
}

static ex_code add_event(struct timeline *t, struct timeline_event event, struct ex_error *err) {
    if (t->count == t->events_max)
        return fail_too_many(t, err);
    EX_TRY(ex_grow(&t->event, &t->capacity, t->count + 1, sizeof *t->event,
                   t->events_max * sizeof *t->event, "the times", err));
    t->event[t->count++] = event;
    return EX_OK;
}

static ex_code take_time(struct timeline *t, struct timeline_event event,
                         const struct trace_time *time, struct ex_error *err) {
    enum timeline_fit fit = timeline_fits(time, t->zone, &t->span);
    struct timeline_instant at = timeline_instant(time, t->zone);
    t->near += fit == TIMELINE_NEAR ? 1 : 0;
    if (fit != TIMELINE_INSIDE)
        return EX_OK;
    event.seconds = at.seconds;
    event.nanoseconds = at.nanoseconds;
    event.date = timeline_is_date(time);
    return add_event(t, event, err);
}

ex_code timeline_take(struct timeline *t, size_t item, const struct catalog_trace *row,
                      const struct trace_line *line, struct ex_error *err) {
    struct timeline_event event = {.number = (uint32_t)row->number, .item = (uint16_t)item};
    struct trace_time time;
    if (row->number > TIMELINE_TRACES_MAX)
        return ex_fail(err, EX_LIMIT, "an item has more than %d traces", TIMELINE_TRACES_MAX);
    EX_TRY(keep_place(&t->item[item], row, err));
    EX_TRY(trace_states_add(&t->item[item].states, row->number, line, err));
    if (line->times == NULL ||
        !is_wanted(t, trace_state_of(&t->item[item].states, row->number), line))
        return EX_OK;
    EX_TRY(ex_grow(&t->texts, &t->texts_capacity, line->times_bytes, 1, 2 * TRACE_LINE_BYTES_MAX,
                   "the times of a trace", err));
    for (size_t at = 0; trace_line_time(line, &at, t->texts, &time); event.index++)
        if (is_asked_for(t, time.what))
            EX_TRY(take_time(t, event, &time, err));
    return EX_OK;
}

/* ---- a result ---- */

struct gathering {
    struct timeline *timeline;
    size_t item;
    ex_code failed; /* of the collecting, and not of what is read */
};

static ex_code take_line(void *context, const struct catalog_trace *row,
                         const struct trace_line *line, struct ex_error *err) {
    struct gathering *g = context;
    g->failed = timeline_take(g->timeline, g->item, row, line, err);
    return g->failed;
}

static ex_code fail_unreadable(const struct timeline_item *i, ex_code code, struct ex_error *err) {
    char why[160] = "";
    if (err != NULL)
        (void)snprintf(why, sizeof why, "%.150s", err->text);
    return ex_hint(
        ex_fail(err, code == EX_MISSING ? EX_MISSING : EX_ALTERED,
                "what the examination of entry %" PRIu64 " found in item %.60s cannot be read: %s",
                i->examination.entry, i->item->label, why),
        err, "mend it (exhibit vault repair), or examine item %.60s again", i->item->label);
}

static ex_code check_totals(const struct timeline_item *i, const struct trace_totals *totals,
                            struct ex_error *err) {
    if (!i->examination.has_traces || totals->traces == i->examination.traces)
        return EX_OK;
    return ex_fail(err, EX_FORMAT, "it has not as many traces as its entry says");
}

static ex_code read_result(struct gathering *g, const struct vault_object_info *o,
                           struct ex_error *err) {
    EX_AUTO(trace_lines_free) struct trace_lines *lines = NULL;
    struct trace_totals totals;
    struct act *act = g->timeline->act;
    EX_TRY(trace_lines_new(take_line, g, &lines, err));
    EX_TRY(trace_lines_feed_object(lines, act->vault, o, act->face->progress, err));
    EX_TRY(trace_lines_end(lines, &totals, err));
    return check_totals(&g->timeline->item[g->item], &totals, err);
}

static ex_code gather_item(struct timeline *t, size_t item, struct ex_error *err) {
    struct timeline_item *i = &t->item[item];
    struct gathering g = {.timeline = t, .item = item};
    struct vault_object_info o = {0};
    ex_code code = vault_object(t->act->vault, i->examination.result_id, &o, err);
    if (code == EX_OK)
        code = read_result(&g, &o, err);
    vault_object_info_clear(&o);
    if (code == EX_OK || g.failed != EX_OK || code == EX_INTERRUPTED || code == EX_UNSUPPORTED ||
        code == EX_NOMEM)
        return code;
    return fail_unreadable(i, code, err);
}

ex_code timeline_gather(struct timeline *t, struct ex_error *err) {
    struct ex_progress *progress = t->act->face->progress;
    if (progress != NULL) {
        progress->phase = "reading what was found";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, 0);
    }
    for (size_t n = 0; n < t->item_count; n++)
        EX_TRY(gather_item(t, n, err));
    return EX_OK;
}

/* ---- order ---- */

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

/* No two are equal, so that any way of sorting gives the same. */
static int compare(const void *left, const void *right) {
    const struct timeline_event *a = left, *b = right;
    if (a->seconds != b->seconds)
        return COMPARE(a->seconds, b->seconds);
    if (a->nanoseconds != b->nanoseconds)
        return COMPARE(a->nanoseconds, b->nanoseconds);
    if (a->date != b->date)
        return a->date ? -1 : 1;
    if (a->item != b->item)
        return COMPARE(a->item, b->item);
    if (a->number != b->number)
        return COMPARE(a->number, b->number);
    return COMPARE(a->index, b->index);
}

void timeline_sort(struct timeline *t) {
    if (t->count > 1)
        qsort(t->event, t->count, sizeof *t->event, compare);
}
