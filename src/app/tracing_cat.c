/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of giving out the content of one trace: from its places, or as the parsers make it
 * of what has places. */
#include "app/tracing_one_internal.h"

#include "examine/examine.h"
#include "transport/export_made.h"
#include "transport/export_ranges.h"

struct content {
    size_t way_count; /* 0: the content has places of its own, and these are they */
    struct examine_way way[EXAMINE_WAY_MAX]; /* otherwise: from what has them down to it */
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

static ex_code places(json_t *line, uint64_t size, struct content *c, struct ex_error *err) {
    json_t *pair;
    size_t n;
    c->size = size;
    if (json_object_get(line, "ranges_left_out") != NULL)
        return ex_hint(
            ex_fail(err, EX_UNSUPPORTED, "the content lies in more places than a trace lists"), err,
            "export the item, and read it with other tools");
    json_array_foreach(json_object_get(line, "ranges"), n, pair) {
        EX_TRY(add_range(c, pair, err));
    }
    return EX_OK;
}

/* ---- of a content without places ---- */

static ex_code add_way(struct content *c, const json_t *head, json_t *line, struct ex_error *err) {
    json_t *number = json_object_get(line, "parser");
    json_t *parser =
        json_array_get(json_object_get(head, "parsers"), (size_t)json_integer_value(number));
    struct examine_way w = {.parser = json_string_value(json_object_get(parser, "name")),
                            .key = json_string_value(json_object_get(line, "key")),
                            .version =
                                (unsigned)json_integer_value(json_object_get(parser, "version")),
                            .looked_into = json_object_get(line, "inside") != NULL};
    if (w.parser == NULL || w.key == NULL)
        return ex_fail(err, EX_ALTERED, "this trace is not as it must be");
    c->way[c->way_count++] = w;
    return EX_OK;
}

/* Up to the content that it was found in and that has its places in the item. */
static ex_code find_way(const struct found_trace *f, struct content *c, struct ex_error *err) {
    size_t up = 0, levels = json_array_size(f->above);
    json_t *line = f->line;
    while (up < levels && (!json_is_array(json_object_get(line, "ranges")) ||
                           json_object_get(line, "inside") == NULL))
        line = json_array_get(f->above, ++up);
    if (up >= levels || up > EXAMINE_WAY_MAX || !f->row.has_sha256)
        return fail_no_place(f->line, err);
    EX_TRY(places(line, (uint64_t)json_integer_value(json_object_get(line, "size")), c, err));
    while (up-- > 0)
        EX_TRY(add_way(c, f->head, json_array_get(f->above, up), err));
    return EX_OK;
}

static ex_code find_content(const struct found_trace *f, struct content *c, struct ex_error *err) {
    if (f->row.has_size && json_is_array(json_object_get(f->line, "ranges")))
        return places(f->line, f->row.size, c, err);
    return find_way(f, c, err);
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

struct making {
    struct act *act;
    const struct vault_object_info *object;
    const struct content *content;
    struct exporter *to;
};

static ex_code write_made(void *context, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    const struct making *m = context;
    return export_made_add(m->to, data, size_bytes, err);
}

static ex_code make(void *context, struct exporter *to, struct ex_error *err) {
    struct making *m = context;
    const struct content *c = m->content;
    EX_AUTO_FREE struct examine_place *place = NULL;
    EX_TRY(ex_alloc(c->count + 1, sizeof *place, TRACE_LINE_BYTES_MAX, "places", &place, err));
    for (size_t i = 0; i < c->count; i++)
        place[i] = (struct examine_place){c->range[i].hole, c->range[i].offset, c->range[i].length};
    m->to = to;
    return examine_content_again(m->act->vault, m->object, place, c->count, c->way, c->way_count,
                                 write_made, m, m->act->face->progress, err);
}

static ex_code write_places(struct act *act, const struct vault_object_info *o,
                            const struct content *c, const uint8_t *sha256,
                            struct export_report *report, struct ex_error *err) {
    EX_AUTO(vault_reader_close) struct vault_reader *reader = NULL;
    EX_TRY(vault_reader_open(act->vault, o, &reader, err));
    return export_ranges(reader, c->range, c->count, sha256, act_flag(act, FLAG_OUTPUT),
                         act->face->output_fd, act->face->progress, report, err);
}

static ex_code write_content(struct act *act, const struct looking *l, struct content *c,
                             struct export_report *report, struct ex_error *err) {
    struct vault_object_info o = {0};
    const uint8_t *sha256 = l->found.row.has_sha256 ? l->found.row.sha256 : NULL;
    EX_TRY(vault_object(act->vault, l->item->object_id, &o, err));
    count_unread(c, &o);
    struct making m = {.act = act, .object = &o, .content = c};
    ex_code code = c->way_count == 0 ? write_places(act, &o, c, sha256, report, err)
                                     : export_made(make, &m, sha256, act_flag(act, FLAG_OUTPUT),
                                                   act->face->output_fd, report, err);
    vault_object_info_clear(&o);
    return code;
}

/* Which parsers made it, from the item inwards. */
static json_t *made_by(const struct content *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->way_count; i++)
        if (i == 0 || c->way[i - 1].looked_into)
            json_array_append_new(list, json_string(c->way[i].parser));
    return list;
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
    EX_TRY(find_content(&l->found, c, err));
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
    struct content c = {0};
    ex_code code = act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err);
    if (code == EX_OK)
        code = looking_up(act, &l, err);
    if (code == EX_OK)
        code = cat(act, &l, &c, ret_result, err);
    free(c.range);
    looking_clear(&l);
    return code;
}
