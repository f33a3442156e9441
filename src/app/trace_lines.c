/* SPDX-License-Identifier: Apache-2.0 */
/* The result of an examination, line by line (format/traces §1, §2). It was written by this
 * program, and may have been damaged since, or be one that another version wrote. */
#include "app/examining_internal.h"

#include "base/cursor.h"

struct trace_lines {
    trace_line_fn *each;
    void *context;
    char *line;  /* what came of it so far */
    char *texts; /* what it says */
    size_t have, capacity, texts_capacity;
    uint64_t at;     /* of the line, in the stream */
    uint64_t number; /* of the last trace */
    uint64_t errors;
    json_t *head;
    bool ended;
    struct trace_totals totals;
};

static ex_code make_room(struct trace_lines *l, size_t need, struct ex_error *err) {
    EX_TRY(ex_grow(&l->line, &l->capacity, need, 1, 2 * TRACE_LINE_BYTES_MAX, "a line of traces",
                   err));
    return ex_grow(&l->texts, &l->texts_capacity, need, 1, 2 * TRACE_LINE_BYTES_MAX,
                   "a line of traces", err);
}

ex_code trace_lines_new(trace_line_fn *each, void *context, struct trace_lines **ret,
                        struct ex_error *err) {
    EX_AUTO(trace_lines_free) struct trace_lines *l = ex_new0(struct trace_lines);
    l->each = each;
    l->context = context;
    EX_TRY(make_room(l, 4096, err));
    *ret = ex_steal(&l);
    return EX_OK;
}

void trace_lines_free(struct trace_lines *l) {
    if (l == NULL)
        return;
    json_decref(l->head);
    free(l->line);
    free(l->texts);
    free(l);
}

json_t *trace_lines_head(const struct trace_lines *l) {
    return l->head;
}

/* ---- one trace ---- */

static bool number_of(json_t *line, const char *key, uint64_t *ret) {
    json_t *value = json_object_get(line, key);
    *ret = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static void fill_row(const struct trace_line *l, struct catalog_trace *row) {
    *row = (struct catalog_trace){.parent = l->parent,
                                  .kind = l->kind,
                                  .state = l->state,
                                  .name = l->name,
                                  .type = l->type,
                                  .has_size = l->has_size,
                                  .has_sha256 = l->has_sha256,
                                  .has_content_key = l->has_content_key,
                                  .size = l->size,
                                  .has_inside = l->has_inside,
                                  .inside = l->inside};
    _Static_assert(sizeof row->id == sizeof l->id && sizeof row->sha256 == sizeof l->sha256 &&
                       sizeof row->content_key == sizeof l->content_key,
                   "ids and hashes as format/traces has them");
    memcpy(row->id, l->id, sizeof row->id);
    memcpy(row->sha256, l->sha256, sizeof row->sha256);
    memcpy(row->content_key, l->content_key, sizeof row->content_key);
}

ex_code trace_line_parse(const char *text, size_t size, char *texts, struct catalog_trace *row,
                         struct ex_error *err) {
    struct trace_line l;
    if (!trace_line_read(text, size, texts, &l))
        return ex_fail(err, EX_FORMAT, "a trace is not as it must be");
    fill_row(&l, row);
    return EX_OK;
}

/* ---- the lines ---- */

static ex_code take_head(struct trace_lines *l, struct ex_error *err) {
    json_t *version;
    l->head = json_loadb(l->line, l->have, JSON_REJECT_DUPLICATES, NULL);
    version = json_object_get(l->head, "exhibit_traces");
    if (!json_is_integer(version))
        return ex_fail(err, EX_FORMAT, "it does not begin as a list of traces");
    if (json_integer_value(version) != 1)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "its version is %lld",
                               (long long)json_integer_value(version)),
                       err, "use a newer exhibit");
    return EX_OK;
}

static ex_code take_end(struct trace_lines *l, struct ex_error *err) {
    json_t *line = json_loadb(l->line, l->have, JSON_REJECT_DUPLICATES, NULL);
    json_t *end = json_object_get(line, "end");
    l->ended = number_of(end, "traces", &l->totals.traces) &&
               number_of(end, "errors", &l->totals.errors) && l->totals.traces == l->number &&
               l->totals.errors == l->errors;
    l->totals.truncated = json_is_true(json_object_get(end, "truncated"));
    json_decref(line);
    return l->ended ? EX_OK : ex_fail(err, EX_FORMAT, "its end does not count what stands in it");
}

static ex_code take_trace(struct trace_lines *l, struct ex_error *err) {
    struct trace_line line;
    struct catalog_trace row;
    if (!trace_line_read(l->line, l->have, l->texts, &line))
        return ex_fail(err, EX_FORMAT, "trace %" PRIu64 " is not as it must be", l->number + 1);
    fill_row(&line, &row);
    row.number = ++l->number;
    row.at = l->at;
    row.length = l->have;
    l->errors += line.reason != NULL ? 1 : 0;
    if (row.parent >= row.number)
        return ex_fail(err, EX_FORMAT, "a trace stands before its parent");
    return l->each(l->context, &row, &line, err);
}

static ex_code take_line(struct trace_lines *l, struct ex_error *err) {
    static const char end[] = "{\"end\":";
    if (l->ended)
        return ex_fail(err, EX_FORMAT, "there is more behind its end");
    if (l->head == NULL)
        EX_TRY(take_head(l, err));
    else if (l->have > sizeof end && memcmp(l->line, end, sizeof end - 1) == 0)
        EX_TRY(take_end(l, err));
    else
        EX_TRY(take_trace(l, err));
    l->at += l->have + 1;
    l->have = 0;
    return EX_OK;
}

ex_code trace_lines_feed(struct trace_lines *l, const uint8_t *data, size_t size,
                         struct ex_error *err) {
    while (size > 0) {
        const uint8_t *feed = memchr(data, '\n', size);
        size_t part = feed != NULL ? (size_t)(feed - data) : size;
        if (part > TRACE_LINE_BYTES_MAX - l->have)
            return ex_fail(err, EX_FORMAT, "a line of it is longer than %d bytes",
                           (int)TRACE_LINE_BYTES_MAX);
        EX_TRY(make_room(l, l->have + part + 1, err));
        memcpy(l->line + l->have, data, part);
        l->have += part;
        data += part;
        size -= part;
        if (feed == NULL)
            return EX_OK;
        data++;
        size--;
        EX_TRY(take_line(l, err));
    }
    return EX_OK;
}

static ex_code feed_constant(struct trace_lines *l, const struct vault_piece *p,
                             struct ex_error *err) {
    uint8_t fill[4096];
    memset(fill, p->value, sizeof fill);
    for (uint64_t left = p->length; left > 0;) {
        size_t part = left < sizeof fill ? (size_t)left : sizeof fill;
        EX_TRY(trace_lines_feed(l, fill, part, err));
        left -= part;
    }
    return EX_OK;
}

static ex_code feed_piece(void *context, const struct vault_piece *p, struct ex_error *err) {
    struct trace_lines *l = context;
    if (p->kind == VAULT_PIECE_DATA)
        return trace_lines_feed(l, p->data, p->length, err);
    if (p->kind == VAULT_PIECE_CONSTANT)
        return feed_constant(l, p, err);
    return ex_fail(err, p->missing ? EX_MISSING : EX_ALTERED, "%s", p->why);
}

ex_code trace_lines_feed_object(struct trace_lines *l, struct vault *v,
                                const struct vault_object_info *o, struct ex_progress *progress,
                                struct ex_error *err) {
    return vault_stream(v, o, false, feed_piece, l, progress, err);
}

ex_code trace_lines_end(struct trace_lines *l, struct trace_totals *ret, struct ex_error *err) {
    if (!l->ended || l->have > 0)
        return ex_fail(err, EX_FORMAT, "it ends in the middle");
    *ret = l->totals;
    return EX_OK;
}
