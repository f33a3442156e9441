/* SPDX-License-Identifier: Apache-2.0 */
/* The result of an examination, read once from its beginning to its end. Of each trace only the
 * place of its line is kept, so that the paths of the few that are shown can be put together. */
#include "app/machine_internal.h"

static ex_code keep_place(struct machine_reading *r, const struct catalog_trace *row,
                          struct ex_error *err) {
    if (row->number > TRACE_STATES_MAX)
        return ex_fail(err, EX_LIMIT, "an item has more than %d traces", (int)TRACE_STATES_MAX);
    EX_TRY(ex_grow(&r->at, &r->capacity, (size_t)row->number + 1, sizeof *r->at,
                   (size_t)(TRACE_STATES_MAX + 1) * sizeof *r->at, "the places of the traces",
                   err));
    r->at[row->number - 1] = row->at;
    r->at[row->number] = row->at + row->length + 1;
    r->count = (size_t)row->number;
    return EX_OK;
}

static ex_code take(struct machine_reading *r, const struct catalog_trace *row,
                    const struct trace_line *line, struct ex_error *err) {
    EX_TRY(keep_place(r, row, err));
    EX_TRY(machine_add(r->machine, row->number, line, err));
    return machine_known_add(r, row->number, line, err);
}

static ex_code take_line(void *context, const struct catalog_trace *row,
                         const struct trace_line *line, struct ex_error *err) {
    struct machine_reading *r = context;
    r->failed = take(r, row, line, err);
    return r->failed;
}

/* ---- a line again ---- */

static size_t length_of(const struct machine_reading *r, uint64_t number) {
    return (size_t)(r->at[number] - r->at[number - 1] - 1);
}

/* Both are the caller's to free, and *ret points into them. */
static ex_code read_line(struct machine_reading *r, uint64_t number, char **ret_text,
                         char **ret_texts, struct trace_line *ret, struct ex_error *err) {
    size_t length = length_of(r, number);
    EX_TRY(ex_alloc(length + 1, 1, TRACE_LINE_BYTES_MAX + 1, "a trace", ret_text, err));
    EX_TRY(ex_alloc(length + 1, 1, TRACE_LINE_BYTES_MAX + 1, "a trace", ret_texts, err));
    EX_TRY(vault_reader_read(r->reader, r->at[number - 1], (uint8_t *)*ret_text, length, err));
    if (!trace_line_read(*ret_text, length, *ret_texts, ret))
        return ex_fail(err, EX_ALTERED, "a trace reads another way than before");
    return EX_OK;
}

/* trace_at_fn. Only its name stays while those above it are asked for. */
static ex_code at_result(void *from, uint64_t number, catalog_trace_fn *fn, void *context,
                         bool *ret_found, struct ex_error *err) {
    struct machine_reading *r = from;
    EX_AUTO_FREE char *text = NULL, *texts = NULL, *name = NULL;
    struct trace_line line;
    *ret_found = number >= 1 && number <= r->count;
    if (!*ret_found)
        return EX_OK;
    EX_TRY(read_line(r, number, &text, &texts, &line, err));
    name = line.name != NULL ? ex_strdup(line.name) : NULL;
    const struct catalog_trace row = {
        .number = number, .parent = line.parent, .kind = line.kind, .name = name};
    free(ex_steal(&text));
    free(ex_steal(&texts));
    return fn(context, &row, err);
}

static ex_code path_of_row(void *context, const struct catalog_trace *t, struct ex_error *err) {
    void **to = context;
    return trace_paths_of(to[0], t, to[1], err);
}

static ex_code path_of(void *context, uint64_t number, char **ret, struct ex_error *err) {
    struct machine_reading *r = context;
    void *to[] = {r->paths, ret};
    bool found;
    return at_result(r, number, path_of_row, to, &found, err);
}

/* ---- the result ---- */

static ex_code read_all(struct machine_reading *r, const struct chosen_examination *x,
                        const struct vault_object_info *o, struct ex_error *err) {
    EX_AUTO(trace_lines_free) struct trace_lines *lines = NULL;
    struct act *act = r->act;
    EX_TRY(trace_lines_new(take_line, r, &lines, err));
    EX_TRY(trace_lines_feed_object(lines, act->vault, o, act->face->progress, err));
    EX_TRY(trace_lines_end(lines, &r->totals, err));
    r->head = json_incref(trace_lines_head(lines));
    if (x->has_traces && r->totals.traces != x->traces)
        return ex_fail(err, EX_FORMAT, "it has not as many traces as its entry says");
    EX_TRY(vault_reader_open(act->vault, o, &r->reader, err));
    r->paths = trace_paths_new_from(at_result, r);
    return EX_OK;
}

static ex_code fail_unreadable(const struct item_truth *item, const struct chosen_examination *x,
                               ex_code code, struct ex_error *err) {
    char why[160] = "";
    if (err != NULL)
        (void)snprintf(why, sizeof why, "%.150s", err->text);
    return ex_hint(ex_fail(err, code == EX_MISSING ? EX_MISSING : EX_ALTERED,
                           "what the examination of entry %" PRIu64
                           " found in item %.60s cannot be read: %s",
                           x->entry, item->label, why),
                   err, "mend it (exhibit vault repair), or examine item %.60s again", item->label);
}

static void begin_progress(struct ex_progress *progress) {
    if (progress == NULL)
        return;
    progress->phase = "reading what was found";
    atomic_store(&progress->done_bytes, 0);
    atomic_store(&progress->total_bytes, 0);
}

ex_code machine_read(struct act *act, const struct item_truth *item,
                     const struct chosen_examination *x, struct machine_reading *r,
                     struct ex_error *err) {
    struct vault_object_info o = {0};
    r->act = act;
    EX_TRY(machine_new(item->collected_ns / 1000000000, &r->machine, err));
    EX_TRY(machine_known_begin(r, err));
    begin_progress(act->face->progress);
    ex_code code = vault_object(act->vault, x->result_id, &o, err);
    if (code == EX_OK)
        code = read_all(r, x, &o, err);
    vault_object_info_clear(&o);
    if (code == EX_OK)
        return machine_known_end(r, err);
    if (r->failed != EX_OK || code == EX_INTERRUPTED || code == EX_UNSUPPORTED || code == EX_NOMEM)
        return code;
    return fail_unreadable(item, x, code, err);
}

void machine_reading_clear(struct machine_reading *r) {
    machine_free(r->machine);
    machine_known_clear(&r->known);
    trace_paths_free(r->paths);
    vault_reader_close(r->reader);
    json_decref(r->head);
    free(r->at);
}

static ex_code add_notable(struct machine_reading *r, struct ex_error *err) {
    const struct machine_known *k = &r->known;
    for (size_t i = 0; i < k->wanted; i++) {
        EX_AUTO_FREE char *text = NULL, *texts = NULL;
        struct trace_line line;
        EX_TRY(read_line(r, k->notable[i], &text, &texts, &line, err));
        EX_TRY(machine_add_notable(r->machine, k->notable[i], &line, err));
    }
    return EX_OK;
}

ex_code machine_read_json(struct machine_reading *r, json_t **ret, struct ex_error *err) {
    json_t *json;
    EX_TRY(add_notable(r, err));
    EX_TRY(machine_json(r->machine, json_object_get(r->head, "parsers"), path_of, r, &json, err));
    json_object_set_new(json_object_get(json, "found"), "known_files",
                        machine_known_json(&r->known));
    *ret = json;
    return EX_OK;
}
