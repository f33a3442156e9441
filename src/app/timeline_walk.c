/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines of a timeline say, read again: some thousands at once, in the order in which they
 * lie in the results, so that no record of the vault is decoded for each of them. */
#include "app/timeline_internal.h"

enum { BATCH_EVENTS = 1 << 15, BATCH_BYTES = 32 << 20 };

/* A line of a result, and where its trace was found. */
struct walk_line {
    size_t item;
    uint32_t number;
    size_t length;
    char *text, *path;
};

struct batch {
    struct timeline *timeline;
    size_t first, count; /* of the events */
    size_t *order;       /* of those, by place */
    size_t *line_of;     /* of each event, as it stands */
    struct walk_line *line;
    size_t line_count;
    char *texts; /* of the line that is being read */
    char *time_texts;
    size_t texts_capacity, time_texts_capacity;
    struct trace_time *times;
    size_t times_capacity;
};

static void drop_lines(struct batch *b) {
    for (size_t i = 0; i < b->line_count; i++) {
        free(b->line[i].text);
        free(b->line[i].path);
    }
    b->line_count = 0;
}

static void batch_clear(struct batch *b) {
    drop_lines(b);
    free(b->order);
    free(b->line_of);
    free(b->line);
    free(b->texts);
    free(b->time_texts);
    free(b->times);
}

/* ---- results ---- */

static ex_code at_result(void *from, uint64_t number, catalog_trace_fn *fn, void *context,
                         bool *ret_found, struct ex_error *err);

void timeline_close_item(struct timeline_item *i) {
    if (i == NULL)
        return;
    trace_paths_free(i->paths);
    vault_reader_close(i->reader);
    i->paths = NULL;
    i->reader = NULL;
}

/* In the place of the one that was opened longest ago. */
static ex_code open_item(struct timeline *t, struct timeline_item *i, struct ex_error *err) {
    struct vault_object_info o = {0};
    struct timeline_item **place = &t->open[t->open_next];
    if (i->reader != NULL)
        return EX_OK;
    timeline_close_item(*place);
    *place = NULL;
    EX_TRY(vault_object(t->act->vault, i->examination.result_id, &o, err));
    ex_code code = vault_reader_open(t->act->vault, &o, &i->reader, err);
    vault_object_info_clear(&o);
    EX_TRY(code);
    i->paths = trace_paths_new_from(at_result, i);
    *place = i;
    t->open_next = (t->open_next + 1) % TIMELINE_READERS_MAX;
    return EX_OK;
}

/* ---- a line ---- */

static size_t length_of(const struct timeline_item *i, uint64_t number) {
    return (size_t)(i->at[number] - i->at[number - 1] - 1);
}

static ex_code read_text(struct timeline_item *i, uint64_t number, char **ret,
                         struct ex_error *err) {
    size_t length = length_of(i, number);
    EX_AUTO_FREE char *text = NULL;
    EX_TRY(ex_alloc(length + 1, 1, TRACE_LINE_BYTES_MAX + 1, "a trace", &text, err));
    EX_TRY(vault_reader_read(i->reader, i->at[number - 1], (uint8_t *)text, length, err));
    *ret = ex_steal(&text);
    return EX_OK;
}

static ex_code parse(const char *text, size_t length, char *texts, struct catalog_trace *ret,
                     struct ex_error *err) {
    if (trace_line_parse(text, length, texts, ret, NULL) == EX_OK)
        return EX_OK;
    return ex_fail(err, EX_ALTERED, "a trace reads another way than before");
}

/* trace_at_fn: a trace above. Only its name stays while those above it are asked for. */
static ex_code at_result(void *from, uint64_t number, catalog_trace_fn *fn, void *context,
                         bool *ret_found, struct ex_error *err) {
    struct timeline_item *i = from;
    EX_AUTO_FREE char *text = NULL, *texts = NULL, *name = NULL;
    struct catalog_trace row;
    *ret_found = number >= 1 && number <= i->count;
    if (!*ret_found)
        return EX_OK;
    EX_TRY(read_text(i, number, &text, err));
    EX_TRY(ex_alloc(length_of(i, number) + 1, 1, TRACE_LINE_BYTES_MAX + 1, "a trace", &texts, err));
    EX_TRY(parse(text, length_of(i, number), texts, &row, err));
    name = row.name != NULL ? ex_strdup(row.name) : NULL;
    row.name = name;
    row.type = NULL;
    row.number = number;
    free(ex_steal(&text));
    free(ex_steal(&texts));
    return fn(context, &row, err);
}

static ex_code make_texts(struct batch *b, size_t length, struct ex_error *err) {
    return ex_grow(&b->texts, &b->texts_capacity, length + 1, 1, 2 * TRACE_LINE_BYTES_MAX,
                   "a trace", err);
}

static ex_code load_line(struct batch *b, struct walk_line *l, struct ex_error *err) {
    struct timeline_item *i = &b->timeline->item[l->item];
    struct catalog_trace row;
    EX_TRY(open_item(b->timeline, i, err));
    l->length = length_of(i, l->number);
    EX_TRY(read_text(i, l->number, &l->text, err));
    EX_TRY(make_texts(b, l->length, err));
    EX_TRY(parse(l->text, l->length, b->texts, &row, err));
    row.number = l->number;
    return trace_paths_of(i->paths, &row, &l->path, err);
}

/* ---- a batch ---- */

static bool same_line(const struct timeline_event *a, const struct timeline_event *b) {
    return a->item == b->item && a->number == b->number;
}

/* So many events that their lines fit; `by_trace`: never only some of a line's. */
static void measure(struct batch *b, size_t end, bool by_trace) {
    const struct timeline *t = b->timeline;
    size_t bytes = 0, n = 0;
    for (; b->first + n < end; n++) {
        const struct timeline_event *e = &t->event[b->first + n];
        bool goes_on = n > 0 && same_line(e, e - 1);
        size_t length = goes_on ? 0 : length_of(&t->item[e->item], e->number);
        bool full = n >= BATCH_EVENTS || (n > 0 && bytes + length > BATCH_BYTES);
        if (full && !(by_trace && goes_on))
            break;
        bytes += length;
    }
    b->count = n;
}

static int by_place(const void *left, const void *right, void *context) {
    const struct timeline_event *events = context;
    const struct timeline_event *a = &events[*(const size_t *)left],
                                *b = &events[*(const size_t *)right];
    if (a->item != b->item)
        return a->item < b->item ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static ex_code make_room(struct batch *b, struct ex_error *err) {
    enum { EVENTS_MAX = BATCH_EVENTS + (1 << 16) }; /* and the rest of a line */
    if (b->order != NULL)
        return EX_OK;
    EX_TRY(ex_alloc(EVENTS_MAX, sizeof *b->order, SIZE_MAX, "times", &b->order, err));
    EX_TRY(ex_alloc(EVENTS_MAX, sizeof *b->line_of, SIZE_MAX, "times", &b->line_of, err));
    return ex_alloc(EVENTS_MAX, sizeof *b->line, SIZE_MAX, "times", &b->line, err);
}

static ex_code load(struct batch *b, struct ex_error *err) {
    struct timeline_event *events = b->timeline->event + b->first;
    for (size_t n = 0; n < b->count; n++)
        b->order[n] = n;
    qsort_r(b->order, b->count, sizeof *b->order, by_place, events);
    for (size_t n = 0; n < b->count; n++) {
        const struct timeline_event *e = &events[b->order[n]];
        if (n == 0 || !same_line(e, &events[b->order[n - 1]])) {
            struct walk_line *l = &b->line[b->line_count++];
            *l = (struct walk_line){.item = e->item, .number = e->number};
            EX_TRY(load_line(b, l, err));
        }
        b->line_of[b->order[n]] = b->line_count - 1;
    }
    return EX_OK;
}

/* ---- what it says ---- */

static ex_code room_for_times(struct batch *b, const struct trace_line *l, size_t count,
                              struct ex_error *err) {
    EX_TRY(ex_grow(&b->time_texts, &b->time_texts_capacity, l->times_bytes, 1,
                   2 * TRACE_LINE_BYTES_MAX, "the times of a trace", err));
    return ex_grow(&b->times, &b->times_capacity, count, sizeof *b->times,
                   (size_t)TRACE_LINE_BYTES_MAX * sizeof *b->times, "the times of a trace", err);
}

/* Those of some events of one line, whose indexes ascend. */
static ex_code find_times(struct batch *b, const struct trace_line *l,
                          const struct timeline_event *events, size_t count,
                          const char **ret_first_source, struct ex_error *err) {
    struct trace_time time;
    size_t at = 0, found = 0;
    EX_TRY(room_for_times(b, l, count, err));
    for (uint16_t index = 0; found < count && trace_line_time(l, &at, b->time_texts, &time);
         index++) {
        if (index == 0)
            *ret_first_source = time.source;
        if (index == events[found].index)
            b->times[found++] = time;
    }
    return found == count ? EX_OK
                          : ex_fail(err, EX_ALTERED, "a trace reads another way than before");
}

static ex_code tell(struct batch *b, size_t at, size_t count, timeline_found_fn *fn, void *context,
                    struct ex_error *err) {
    const struct timeline *t = b->timeline;
    const struct walk_line *w = &b->line[b->line_of[at]];
    struct trace_line line;
    struct timeline_found f = {.count = count, .line = w->text, .line_bytes = w->length};
    EX_TRY(make_texts(b, w->length, err));
    if (!trace_line_read(w->text, w->length, b->texts, &line))
        return ex_fail(err, EX_ALTERED, "a trace reads another way than before");
    EX_TRY(find_times(b, &line, t->event + b->first + at, count, &f.first_source, err));
    f.times = b->times;
    f.row = (struct timeline_row){.time = b->times,
                                  .trace = &line,
                                  .state = trace_state_of(&t->item[w->item].states, w->number),
                                  .zone = t->zone,
                                  .item = t->item[w->item].item->label,
                                  .path = w->path,
                                  .number = w->number};
    return fn(context, &f, err);
}

static ex_code tell_batch(struct batch *b, bool by_trace, timeline_found_fn *fn, void *context,
                          struct ex_error *err) {
    for (size_t at = 0, count; at < b->count; at += count) {
        count = 1;
        while (by_trace && at + count < b->count && b->line_of[at + count] == b->line_of[at])
            count++;
        EX_TRY(tell(b, at, count, fn, context, err));
    }
    return EX_OK;
}

static ex_code walk(struct batch *b, size_t end, bool by_trace, timeline_found_fn *fn,
                    void *context, struct ex_error *err) {
    EX_TRY(make_room(b, err));
    while (b->first < end) {
        measure(b, end, by_trace);
        EX_TRY(load(b, err));
        EX_TRY(tell_batch(b, by_trace, fn, context, err));
        drop_lines(b);
        EX_TRY(ex_progress_step(b->timeline->act->face->progress, 0, err));
        b->first += b->count;
    }
    return EX_OK;
}

ex_code timeline_walk(struct timeline *t, size_t count, bool by_trace, timeline_found_fn *fn,
                      void *context, struct ex_error *err) {
    struct batch b = {.timeline = t};
    ex_code code = count > 0 ? walk(&b, count, by_trace, fn, context, err) : EX_OK;
    batch_clear(&b);
    return code;
}
