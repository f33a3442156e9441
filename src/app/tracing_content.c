/* SPDX-License-Identifier: Apache-2.0 */
#include "app/tracing_content_internal.h"

static ex_code fail_no_place(json_t *line, struct ex_error *err) {
    const char *why = json_string_value(json_object_get(line, "not_hashed"));
    return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                           "this trace has no content with a place of its own in the item%s%.40s",
                           why != NULL ? ": " : "", why != NULL ? why : ""),
                   err, "exhibit trace show says what there is of it");
}

static ex_code add_range(struct trace_content *c, json_t *pair, struct ex_error *err) {
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

static ex_code places(json_t *line, uint64_t size, struct trace_content *c, struct ex_error *err) {
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

static ex_code add_way(struct trace_content *c, const json_t *head, json_t *line,
                       struct ex_error *err) {
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
static ex_code find_way(const struct found_trace *f, struct trace_content *c,
                        struct ex_error *err) {
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

ex_code trace_content_find(const struct found_trace *f, struct trace_content *c,
                           struct ex_error *err) {
    if (f->row.has_size && json_is_array(json_object_get(f->line, "ranges")))
        return places(f->line, f->row.size, c, err);
    return find_way(f, c, err);
}

/* How much of it was never read when the item was collected. */
void trace_content_count_unread(struct trace_content *c, const struct vault_object_info *o) {
    for (size_t i = 0; i < c->count; i++)
        for (size_t n = 0; n < o->unreadable_count && !c->range[i].hole; n++) {
            uint64_t from = c->range[i].offset, to = from + c->range[i].length;
            uint64_t bad = o->unreadable[n].offset, end = bad + o->unreadable[n].length;
            from = from > bad ? from : bad;
            to = to < end ? to : end;
            c->unread += to > from ? to - from : 0;
        }
}

ex_code trace_content_make(struct act *act, const struct vault_object_info *object,
                           const struct trace_content *c, examine_write_fn *write, void *context,
                           struct ex_progress *progress, struct ex_error *err) {
    EX_AUTO_FREE struct examine_place *place = NULL;
    EX_TRY(ex_alloc(c->count + 1, sizeof *place, TRACE_LINE_BYTES_MAX, "places", &place, err));
    for (size_t i = 0; i < c->count; i++)
        place[i] = (struct examine_place){c->range[i].hole, c->range[i].offset, c->range[i].length};
    return examine_content_again(act->vault, object, place, c->count, c->way, c->way_count, write,
                                 context, progress, err);
}
