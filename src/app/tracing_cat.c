/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of giving out the content of one trace: from its places, or as the parsers make it
 * of what has places. */
#include "app/tracing_content_internal.h"
#include "app/tracing_one_internal.h"

#include "transport/export_made.h"

static ex_code cat_intent(struct act *act, const struct looking *l, struct ex_error *err) {
    json_t *what =
        json_pack("{s:o, s:s, s:s, s:o}", "item_id", json_hex(l->item->id, sizeof l->item->id),
                  "label", l->item->label, "format", "content", "trace",
                  json_hex(l->found.row.id, sizeof l->found.row.id));
    json_set_text(what, "output", act_flag(act, FLAG_OUTPUT));
    return act_intent(act, what, err);
}

struct making {
    struct act *act;
    const struct vault_object_info *object;
    const struct trace_content *content;
    struct exporter *to;
};

static ex_code write_made(void *context, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    const struct making *m = context;
    return export_made_add(m->to, data, size_bytes, err);
}

static ex_code make(void *context, struct exporter *to, struct ex_error *err) {
    struct making *m = context;
    m->to = to;
    return trace_content_make(m->act, m->object, m->content, write_made, m, m->act->face->progress,
                              err);
}

static ex_code write_places(struct act *act, const struct vault_object_info *o,
                            const struct trace_content *c, const uint8_t *sha256,
                            struct export_report *report, struct ex_error *err) {
    EX_AUTO(vault_reader_close) struct vault_reader *reader = NULL;
    EX_TRY(vault_reader_open(act->vault, o, &reader, err));
    return export_ranges(reader, c->range, c->count, sha256, act_flag(act, FLAG_OUTPUT),
                         act->face->output_fd, act->face->progress, report, err);
}

static ex_code write_content(struct act *act, const struct looking *l, struct trace_content *c,
                             struct export_report *report, struct ex_error *err) {
    struct vault_object_info o = {0};
    const uint8_t *sha256 = l->found.row.has_sha256 ? l->found.row.sha256 : NULL;
    EX_TRY(vault_object(act->vault, l->item->object_id, &o, err));
    trace_content_count_unread(c, &o);
    struct making m = {.act = act, .object = &o, .content = c};
    ex_code code = c->way_count == 0 ? write_places(act, &o, c, sha256, report, err)
                                     : export_made(make, &m, sha256, act_flag(act, FLAG_OUTPUT),
                                                   act->face->output_fd, report, err);
    vault_object_info_clear(&o);
    return code;
}

/* Which parsers made it, from the item inwards. */
static json_t *made_by(const struct trace_content *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->way_count; i++)
        if (i == 0 || c->way[i - 1].looked_into)
            json_array_append_new(list, json_string(c->way[i].parser));
    return list;
}

static json_t *written_json(const struct looking *l, const struct trace_content *c,
                            const struct export_report *report) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "sha256", json_hex(report->sha256, SHA256_BYTES),
                     "size_bytes", json_number(report->size_bytes), "matches",
                     l->found.row.has_sha256 ? json_true() : json_null(), "unreadable_bytes",
                     json_number(c->unread), "missing_bytes", json_number(c->size - c->placed));
}

/* How the parser came to the places, where it had to guess. */
static void set_guess(json_t *written, json_t *line) {
    json_t *how = json_object_get(json_object_get(line, "attributes"), "recovered");
    if (how != NULL)
        json_object_set(written, "recovered", how);
}

static ex_code cat(struct act *act, struct looking *l, struct trace_content *c, json_t **ret_result,
                   struct ex_error *err) {
    struct export_report report = {0};
    EX_TRY(cat_intent(act, l, err));
    EX_TRY(trace_content_find(&l->found, c, err));
    ex_code code = write_content(act, l, c, &report, err);
    if (code != EX_OK && strcmp(act_flag(act, FLAG_OUTPUT), "-") == 0)
        act->given_out_bytes = report.size_bytes;
    EX_TRY(code);
    bool whole = c->unread == 0 && c->placed == c->size;
    json_t *written = written_json(l, c, &report);
    code = act_outcome(act, whole ? "done" : "partial", json_copy(written), l->item->object_id,
                       NULL, NULL, err);
    if (code != EX_OK) {
        tracing_take_back(act);
        json_decref(written);
        return code;
    }
    act->verdict = whole ? EX_OK : EX_PARTIAL;
    *ret_result = written;
    json_object_set_new(written, "item", tracing_item_json(l->item));
    json_object_set_new(written, "trace", json_hex(l->found.row.id, sizeof l->found.row.id));
    json_object_set_new(written, "state",
                        json_string(l->found.row.state != NULL ? l->found.row.state : "allocated"));
    json_set_text(written, "path", l->path);
    set_guess(written, l->found.line);
    if (c->way_count > 0)
        json_object_set_new(written, "made_by", made_by(c));
    json_set_text(written, "output", act_flag(act, FLAG_OUTPUT));
    return EX_OK;
}

ex_code app_trace_cat(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct looking l = {0};
    struct trace_content c = {0};
    ex_code code = act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err);
    if (code == EX_OK)
        code = looking_up(act, &l, err);
    if (code == EX_OK)
        code = cat(act, &l, &c, ret_result, err);
    free(c.range);
    looking_clear(&l);
    return code;
}
