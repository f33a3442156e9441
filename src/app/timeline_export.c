/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of giving a timeline out: intent, a file of one of the forms, outcome. */
#include "app/timeline_internal.h"

#include "transport/export_made.h"

#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

/* What is being written. */
struct giving {
    struct timeline *timeline;
    const struct giving_form *form;
    struct exporter *exporter;
    FILE *to; /* a buffer in memory, emptied from time to time */
    char *text;
    size_t text_bytes;
    struct timeline_left left;
    uint64_t written;
};

/* ---- forms ---- */

static ex_code put_csv(struct giving *g, const struct timeline_found *f, struct ex_error *err) {
    (void)err;
    timeline_put_csv(g->to, &f->row);
    g->written++;
    return EX_OK;
}

static ex_code put_jsonl(struct giving *g, const struct timeline_found *f, struct ex_error *err) {
    json_t *row = timeline_json(&f->row);
    bool dumped = row != NULL && json_dumpf(row, g->to, JSON_COMPACT | JSON_ENSURE_ASCII) == 0;
    json_decref(row);
    if (!dumped)
        return ex_fail(err, EX_NOMEM, "no memory for a row");
    fputc('\n', g->to);
    g->written++;
    return EX_OK;
}

static uint64_t left_of(const struct timeline_left *l) {
    return l->zone_unknown + l->date_only + l->out_of_range + l->no_field;
}

static ex_code put_timesketch(struct giving *g, const struct timeline_found *f,
                              struct ex_error *err) {
    uint64_t left = left_of(&g->left);
    (void)err;
    timeline_put_timesketch(g->to, &f->row, &g->left);
    g->written += left_of(&g->left) == left ? 1 : 0;
    return EX_OK;
}

static const char *attribute(const json_t *line, const char *key) {
    return json_string_value(json_object_get(json_object_get(line, "attributes"), key));
}

static ex_code put_body(struct giving *g, const struct timeline_found *f, struct ex_error *err) {
    json_t *line = json_loadb(f->line, f->line_bytes, JSON_REJECT_DUPLICATES, NULL);
    uint64_t written;
    if (line == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a trace");
    const struct timeline_inode inode = {.inode = attribute(line, "inode"),
                                         .mode = attribute(line, "mode"),
                                         .uid = attribute(line, "uid"),
                                         .gid = attribute(line, "gid"),
                                         .source = f->first_source};
    timeline_put_body(g->to, &f->row, f->times, f->count, &inode, &g->left, &written);
    g->written += written;
    json_decref(line);
    return EX_OK;
}

static const struct giving_form {
    const char *name;
    ex_code (*put)(struct giving *g, const struct timeline_found *f, struct ex_error *err);
    void (*put_head)(FILE *to);
    bool by_trace; /* in order of traces, all times of one together */
} forms[] = {{"csv", put_csv, timeline_put_csv_head, false},
             {"jsonl", put_jsonl, NULL, false},
             {"timesketch", put_timesketch, timeline_put_timesketch_head, false},
             {"bodyfile", put_body, NULL, true}};

static ex_code find_form(const struct act *act, const struct giving_form **ret,
                         struct ex_error *err) {
    const char *name = act_flag(act, FLAG_FORMAT);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i].name, name) == 0) {
            *ret = &forms[i];
            return EX_OK;
        }
    return ex_hint(ex_fail(err, EX_UNSUPPORTED, "the format \"%.40s\" is not known", name), err,
                   "csv, jsonl, timesketch, or bodyfile");
}

/* ---- writing ---- */

static void buffer_close(struct giving *g) {
    if (g->to != NULL)
        fclose(g->to);
    free(g->text);
    g->to = NULL;
    g->text = NULL;
}

static ex_code buffer_open(struct giving *g, struct ex_error *err) {
    buffer_close(g);
    g->to = open_memstream(&g->text, &g->text_bytes);
    return g->to != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no memory for rows");
}

/* Passes on what stands in the buffer, and begins a new one. */
static ex_code buffer_empty(struct giving *g, struct ex_error *err) {
    if (fflush(g->to) != 0 || ferror(g->to))
        return ex_fail(err, EX_NOMEM, "no memory for rows");
    EX_TRY(export_made_add(g->exporter, g->text, g->text_bytes, err));
    return buffer_open(g, err);
}

static ex_code put_found(void *context, const struct timeline_found *f, struct ex_error *err) {
    struct giving *g = context;
    EX_TRY(g->form->put(g, f, err));
    return ftell(g->to) >= BUFFER_BYTES ? buffer_empty(g, err) : EX_OK;
}

static ex_code make(void *context, struct exporter *to, struct ex_error *err) {
    struct giving *g = context;
    g->exporter = to;
    EX_TRY(buffer_open(g, err));
    if (g->form->put_head != NULL)
        g->form->put_head(g->to);
    EX_TRY(timeline_walk(g->timeline, g->timeline->count, g->form->by_trace, put_found, g, err));
    return buffer_empty(g, err);
}

/* ---- the act ---- */

static ex_code enter_intent(struct act *act, const struct timeline *t, struct ex_error *err) {
    char format[64];
    (void)snprintf(format, sizeof format, "timeline-%.40s", act_flag(act, FLAG_FORMAT));
    json_t *query = act_query_json(act), *items = json_array();
    for (size_t n = 0; n < t->item_count; n++)
        json_array_append_new(items,
                              json_pack("{s:s, s:o, s:o}", "label", t->item[n].item->label, "id",
                                        json_hex(t->item[n].item->id, sizeof t->item[n].item->id),
                                        "examination", json_number(t->item[n].examination.entry)));
    json_object_set_new(query, "items", items);
    json_object_set_new(query, "format", json_string(format));
    json_set_text(query, "output", act_flag(act, FLAG_OUTPUT));
    return act_intent(act, query, err);
}

static json_t *written_json(const struct giving *g, const struct export_report *report) {
    const struct timeline_left *l = &g->left;
    return json_pack("{s:o, s:o, s:n, s:o, s:{s:o, s:o, s:o, s:o}}", "sha256",
                     json_hex(report->sha256, SHA256_BYTES), "size_bytes",
                     json_number(report->size_bytes), "matches", "times", json_number(g->written),
                     "no_place", "zone_unknown", json_number(l->zone_unknown), "date_only",
                     json_number(l->date_only), "out_of_range", json_number(l->out_of_range),
                     "no_field", json_number(l->no_field));
}

static json_t *item_ids(const struct timeline *t) {
    json_t *items = json_array();
    for (size_t n = 0; n < t->item_count; n++)
        json_array_append_new(items, json_hex(t->item[n].item->id, sizeof t->item[n].item->id));
    return items;
}

/* A file without an outcome is taken back. */
static ex_code enter_outcome(struct act *act, const struct timeline *t, json_t *written,
                             struct ex_error *err) {
    json_t *what = json_copy(written);
    json_object_set_new(what, "items", item_ids(t));
    ex_code code = act_outcome(act, "done", what, NULL, NULL, NULL, err);
    if (code != EX_OK && strcmp(act_flag(act, FLAG_OUTPUT), "-") != 0)
        (void)unlink(act_flag(act, FLAG_OUTPUT));
    return code;
}

static ex_code give(struct act *act, struct giving *g, struct export_report *report,
                    struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    EX_TRY(enter_intent(act, g->timeline, err));
    EX_TRY(timeline_gather(g->timeline, err));
    if (!g->form->by_trace)
        timeline_sort(g->timeline);
    ex_code code = export_made(make, g, NULL, output, act->face->output_fd, report, err);
    buffer_close(g);
    if (code != EX_OK && strcmp(output, "-") == 0)
        act->given_out_bytes = report->size_bytes;
    return code;
}

static void set_result(struct act *act, const struct timeline *t, json_t *result) {
    json_object_set_new(result, "items", timeline_items_json(t));
    json_object_set_new(result, "format", json_string(act_flag(act, FLAG_FORMAT)));
    json_object_set_new(result, "matched", json_number(t->count));
    json_object_set_new(result, "near_ends", json_number(t->near));
    json_set_text(result, "output", act_flag(act, FLAG_OUTPUT));
    for (size_t n = 0; n < t->item_count; n++)
        if (t->item[n].examination.damaged_entry != 0)
            act->verdict = EX_ALTERED;
}

static ex_code giving(struct act *act, struct timeline *t, const struct giving_form *form,
                      json_t **ret_result, struct ex_error *err) {
    struct giving g = {.timeline = t, .form = form};
    struct export_report report = {0};
    EX_TRY(give(act, &g, &report, err));
    json_t *result = written_json(&g, &report);
    ex_code code = enter_outcome(act, t, result, err);
    if (code != EX_OK) {
        json_decref(result);
        return code;
    }
    set_result(act, t, result);
    *ret_result = result;
    return EX_OK;
}

ex_code app_timeline_export(struct act *act, json_t **ret_result, struct ex_error *err) {
    const struct giving_form *form = NULL;
    struct timeline t;
    EX_TRY(find_form(act, &form, err));
    EX_TRY(act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err));
    ex_code code = timeline_begin(act, &t, err);
    if (code == EX_OK)
        code = giving(act, &t, form, ret_result, err);
    timeline_clear(&t);
    return code;
}
