/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of one trace, everything about it and its content; and of giving out all traces of
 * an item as the examination wrote them. */
#include "app/tracing_known_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "transport/export.h"
#include "transport/export_ranges.h"

#include <unistd.h>

static json_t *item_json(const struct item_truth *i) {
    return json_pack("{s:s, s:o}", "label", i->label, "id", json_hex(i->id, sizeof i->id));
}

/* The trace with the item that it is of, which becomes the act's. */
struct looking {
    struct truth truth;
    const struct item_truth *item;
    struct found_trace found;
    char *path;
};

static void looking_clear(struct looking *l) {
    found_trace_clear(&l->found);
    truth_clear(&l->truth);
    free(l->path);
}

static ex_code look_up(struct act *act, struct looking *l, struct ex_error *err) {
    char item[2 * ENTRY_ID_BYTES + 1];
    EX_TRY(tracing_find(act, act->request->operand[0], &l->found, err));
    EX_TRY(tracing_item(act, &l->truth, ex_hex(item, l->found.item_id, ENTRY_ID_BYTES), &l->item,
                        err));
    return trace_above(act, &l->found, l->item->object_id, &l->path, err);
}

/* ---- trace show ---- */

static json_t *parser_of(const struct found_trace *f) {
    json_t *number = json_object_get(f->line, "parser");
    json_t *parser =
        json_array_get(json_object_get(f->head, "parsers"), (size_t)json_integer_value(number));
    return json_is_integer(number) && parser != NULL ? json_incref(parser) : json_null();
}

ex_code app_trace_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct looking l = {0};
    json_t *known = NULL;
    ex_code code = look_up(act, &l, err);
    if (code == EX_OK)
        code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = trace_known_one(act, &l.found.row, &known, err);
    if (code == EX_OK) {
        *ret_result =
            json_pack("{s:o, s:o, s:o, s:o, s:O}", "item", item_json(l.item), "examination",
                      json_number(l.found.row.entry), "number", json_number(l.found.row.number),
                      "parser", parser_of(&l.found), "trace", l.found.line);
        json_set_text(*ret_result, "path", l.path);
        if (known != NULL)
            json_object_set_new(*ret_result, "known_files", known);
    }
    looking_clear(&l);
    return code;
}

/* ---- trace cat ---- */

struct content {
    size_t count, capacity;
    struct export_range *range;
    uint64_t size, placed; /* bytes of the content; of them, those that have a place */
    uint64_t unread;       /* of them, never read from the source: zeros */
};

static ex_code fail_no_place(json_t *line, struct ex_error *err) {
    const char *why = json_string_value(json_object_get(line, "not_hashed"));
    return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                           "this trace has no content with a place of its own in the item%s%.40s",
                           why != NULL ? ": " : "", why != NULL ? why : ""),
                   err, "exhibit trace show says what there is of it");
}

static ex_code add_range(struct content *c, json_t *pair, struct ex_error *err) {
    json_t *offset = json_array_get(pair, 0), *length = json_array_get(pair, 1);
    bool hole = json_is_null(offset);
    if (json_array_size(pair) != 2 || !json_is_integer(length) || json_integer_value(length) < 0 ||
        (!hole && !json_is_integer(offset)))
        return ex_fail(err, EX_ALTERED, "the places of this trace are not as they must be");
    if (!hole && json_integer_value(offset) < 0)
        return ex_fail(err, EX_UNSUPPORTED,
                       "part of the content was not found in the item: it cannot be given whole");
    EX_TRY(ex_grow(&c->range, &c->capacity, c->count + 1, sizeof *c->range, TRACE_LINE_BYTES_MAX,
                   "the places of a trace", err));
    uint64_t size = (uint64_t)json_integer_value(length), left = c->size - c->placed;
    c->range[c->count++] =
        (struct export_range){.hole = hole,
                              .offset = hole ? 0 : (uint64_t)json_integer_value(offset),
                              .length = size < left ? size : left}; /* not what lies behind it */
    c->placed += size < left ? size : left;
    return EX_OK;
}

static ex_code places(const struct found_trace *f, struct content *c, struct ex_error *err) {
    json_t *ranges = json_object_get(f->line, "ranges"), *pair;
    size_t n;
    c->size = f->row.size;
    if (!f->row.has_size || !json_is_array(ranges))
        return fail_no_place(f->line, err);
    if (json_object_get(f->line, "ranges_left_out") != NULL)
        return ex_hint(
            ex_fail(err, EX_UNSUPPORTED, "the content lies in more places than a trace lists"), err,
            "export the item, and read it with other tools");
    json_array_foreach(ranges, n, pair) {
        EX_TRY(add_range(c, pair, err));
    }
    return EX_OK;
}

/* How much of it was never read when the item was collected. */
static void count_unread(struct content *c, const struct vault_object_info *o) {
    for (size_t i = 0; i < c->count; i++)
        for (size_t n = 0; n < o->unreadable_count && !c->range[i].hole; n++) {
            uint64_t from = c->range[i].offset, to = from + c->range[i].length;
            uint64_t bad = o->unreadable[n].offset, end = bad + o->unreadable[n].length;
            from = from > bad ? from : bad;
            to = to < end ? to : end;
            c->unread += to > from ? to - from : 0;
        }
}

static ex_code cat_intent(struct act *act, const struct looking *l, struct ex_error *err) {
    json_t *what =
        json_pack("{s:o, s:s, s:s, s:o}", "item_id", json_hex(l->item->id, sizeof l->item->id),
                  "label", l->item->label, "format", "content", "trace",
                  json_hex(l->found.row.id, sizeof l->found.row.id));
    json_set_text(what, "output", act_flag(act, FLAG_OUTPUT));
    return act_intent(act, what, err);
}

static ex_code write_content(struct act *act, const struct looking *l, struct content *c,
                             struct export_report *report, struct ex_error *err) {
    struct vault_object_info o = {0};
    EX_AUTO(vault_reader_close) struct vault_reader *reader = NULL;
    EX_TRY(vault_object(act->vault, l->item->object_id, &o, err));
    count_unread(c, &o);
    ex_code code = vault_reader_open(act->vault, &o, &reader, err);
    vault_object_info_clear(&o);
    EX_TRY(code);
    const uint8_t *sha256 = l->found.row.has_sha256 ? l->found.row.sha256 : NULL;
    return export_ranges(reader, c->range, c->count, sha256, act_flag(act, FLAG_OUTPUT),
                         act->face->output_fd, act->face->progress, report, err);
}

/* A file without an outcome is taken back. */
static void take_back(const struct act *act) {
    if (strcmp(act_flag(act, FLAG_OUTPUT), "-") != 0)
        (void)unlink(act_flag(act, FLAG_OUTPUT));
}

static json_t *written_json(const struct looking *l, const struct content *c,
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

static ex_code cat(struct act *act, struct looking *l, struct content *c, json_t **ret_result,
                   struct ex_error *err) {
    struct export_report report = {0};
    EX_TRY(cat_intent(act, l, err));
    EX_TRY(places(&l->found, c, err));
    ex_code code = write_content(act, l, c, &report, err);
    if (code != EX_OK && strcmp(act_flag(act, FLAG_OUTPUT), "-") == 0)
        act->given_out_bytes = report.size_bytes;
    EX_TRY(code);
    bool whole = c->unread == 0 && c->placed == c->size;
    json_t *written = written_json(l, c, &report);
    code = act_outcome(act, whole ? "done" : "partial", json_copy(written), l->item->object_id,
                       NULL, NULL, err);
    if (code != EX_OK) {
        take_back(act);
        json_decref(written);
        return code;
    }
    act->verdict = whole ? EX_OK : EX_PARTIAL;
    *ret_result = written;
    json_object_set_new(written, "item", item_json(l->item));
    json_object_set_new(written, "trace", json_hex(l->found.row.id, sizeof l->found.row.id));
    json_object_set_new(written, "state",
                        json_string(l->found.row.state != NULL ? l->found.row.state : "allocated"));
    json_set_text(written, "path", l->path);
    set_guess(written, l->found.line);
    json_set_text(written, "output", act_flag(act, FLAG_OUTPUT));
    return EX_OK;
}

ex_code app_trace_cat(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct looking l = {0};
    struct content c = {0};
    ex_code code = act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err);
    if (code == EX_OK)
        code = look_up(act, &l, err);
    if (code == EX_OK)
        code = cat(act, &l, &c, ret_result, err);
    free(c.range);
    looking_clear(&l);
    return code;
}

/* ---- trace export ---- */

static ex_code export_all(struct act *act, const struct item_truth *i,
                          const struct chosen_examination *x, json_t **ret_result,
                          struct ex_error *err) {
    struct export_report report = {0};
    struct vault_object_info o = {0};
    const char *output = act_flag(act, FLAG_OUTPUT);
    json_t *what =
        json_pack("{s:o, s:s, s:s, s:o}", "item_id", json_hex(i->id, sizeof i->id), "label",
                  i->label, "format", "traces", "examination", json_number(x->entry));
    json_set_text(what, "output", output);
    EX_TRY(act_intent(act, what, err));
    EX_TRY(vault_object(act->vault, x->result_id, &o, err));
    ex_code code =
        export_raw(act->vault, &o, output, act->face->output_fd, act->face->progress, &report, err);
    vault_object_info_clear(&o);
    if (code != EX_OK && strcmp(output, "-") == 0)
        act->given_out_bytes = report.size_bytes;
    EX_TRY(code);
    json_t *written = json_pack("{s:o, s:o, s:b}", "sha256", json_hex(report.sha256, SHA256_BYTES),
                                "size_bytes", json_number(report.size_bytes), "matches", 1);
    code = act_outcome(act, "done", json_copy(written), x->result_id, NULL, NULL, err);
    if (code != EX_OK) {
        take_back(act);
        json_decref(written);
        return code;
    }
    act->verdict = x->damaged_entry != 0 ? EX_ALTERED : EX_OK;
    *ret_result = written;
    json_object_set_new(written, "item", item_json(i));
    json_object_set_new(written, "examination", tracing_choice_json(x));
    json_set_text(written, "output", output);
    return EX_OK;
}

ex_code app_trace_export(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *i;
    struct chosen_examination x;
    ex_code code = act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err);
    if (code == EX_OK)
        code = tracing_item(act, &t, act->request->operand[0], &i, err);
    if (code == EX_OK)
        code = tracing_choose(act, i, &x, err);
    if (code == EX_OK)
        code = export_all(act, i, &x, ret_result, err);
    truth_clear(&t);
    return code;
}
