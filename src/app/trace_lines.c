/* SPDX-License-Identifier: Apache-2.0 */
/* The result of an examination, line by line (format/traces §1, §2). It was written by this
 * program, and may have been damaged since, or be one that another version wrote. */
#include "app/examining_internal.h"

#include "base/cursor.h"

struct trace_lines {
    trace_line_fn *each;
    void *context;
    char *line; /* what came of it so far */
    size_t have, capacity;
    uint64_t at;     /* of the line, in the stream */
    uint64_t number; /* of the last trace */
    uint64_t errors;
    json_t *head;
    bool ended;
    struct trace_totals totals;
};

ex_code trace_lines_new(trace_line_fn *each, void *context, struct trace_lines **ret,
                        struct ex_error *err) {
    EX_AUTO(trace_lines_free) struct trace_lines *l = ex_new0(struct trace_lines);
    l->each = each;
    l->context = context;
    EX_TRY(ex_grow(&l->line, &l->capacity, 4096, 1, TRACE_LINE_BYTES_MAX + 1, "a line of traces",
                   err));
    *ret = ex_steal(&l);
    return EX_OK;
}

void trace_lines_free(struct trace_lines *l) {
    if (l == NULL)
        return;
    json_decref(l->head);
    free(l->line);
    free(l);
}

json_t *trace_lines_head(const struct trace_lines *l) {
    return l->head;
}

/* ---- one trace ---- */

static bool number_of(json_t *line, const char *key, bool *ret_has, uint64_t *ret) {
    json_t *value = json_object_get(line, key);
    *ret_has = value != NULL;
    if (value == NULL)
        return true;
    *ret = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool hash_of(json_t *line, const char *key, bool *ret_has, uint8_t *to, size_t size_bytes) {
    *ret_has = json_object_get(line, key) != NULL;
    return !*ret_has || json_get_hex(line, key, to, size_bytes);
}

static bool text_of(json_t *line, const char *key, const char **ret) {
    json_t *value = json_object_get(line, key);
    *ret = json_string_value(value);
    return value == NULL || json_is_string(value);
}

static bool fill_row(json_t *line, struct catalog_trace *row) {
    bool has_parent, has_id;
    *row = (struct catalog_trace){0};
    return hash_of(line, "id", &has_id, row->id, sizeof row->id) && has_id &&
           number_of(line, "parent", &has_parent, &row->parent) && has_parent &&
           text_of(line, "kind", &row->kind) && row->kind != NULL &&
           text_of(line, "state", &row->state) && text_of(line, "name", &row->name) &&
           text_of(line, "type", &row->type) &&
           number_of(line, "size", &row->has_size, &row->size) &&
           hash_of(line, "sha256", &row->has_sha256, row->sha256, sizeof row->sha256) &&
           hash_of(line, "content_key", &row->has_content_key, row->content_key,
                   sizeof row->content_key);
}

ex_code trace_line_parse(const char *text, size_t size, json_t **ret_line,
                         struct catalog_trace *row, struct ex_error *err) {
    json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (line != NULL && fill_row(line, row)) {
        *ret_line = line;
        return EX_OK;
    }
    json_decref(line);
    return ex_fail(err, EX_FORMAT, "a trace is not as it must be");
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
    bool has_traces, has_errors;
    l->ended = number_of(end, "traces", &has_traces, &l->totals.traces) && has_traces &&
               number_of(end, "errors", &has_errors, &l->totals.errors) && has_errors &&
               l->totals.traces == l->number && l->totals.errors == l->errors;
    l->totals.truncated = json_is_true(json_object_get(end, "truncated"));
    json_decref(line);
    return l->ended ? EX_OK : ex_fail(err, EX_FORMAT, "its end does not count what stands in it");
}

static ex_code take_trace(struct trace_lines *l, struct ex_error *err) {
    struct catalog_trace row;
    json_t *line;
    EX_TRY(trace_line_parse(l->line, l->have, &line, &row, err));
    row.number = ++l->number;
    row.at = l->at;
    row.length = l->have;
    l->errors += strcmp(row.kind, "error") == 0 ? 1 : 0;
    ex_code code = row.parent < row.number
                       ? l->each(l->context, &row, line, err)
                       : ex_fail(err, EX_FORMAT, "a trace stands before its parent");
    json_decref(line);
    return code;
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
        EX_TRY(ex_grow(&l->line, &l->capacity, l->have + part + 1, 1, 2 * TRACE_LINE_BYTES_MAX,
                       "a line of traces", err));
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

ex_code trace_lines_end(struct trace_lines *l, struct trace_totals *ret, struct ex_error *err) {
    if (!l->ended || l->have > 0)
        return ex_fail(err, EX_FORMAT, "it ends in the middle");
    *ret = l->totals;
    return EX_OK;
}
