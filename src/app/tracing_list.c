/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of looking through what was found: as a list, and as a tree. Both from the catalog,
 * and never more than --limit says: a disk has millions of traces. */
#include "app/tracing_known_internal.h"

#include "base/cursor.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 100000 };

struct listing {
    struct act *act;
    struct truth truth;
    const struct item_truth *item;
    struct chosen_examination examination;
    struct trace_paths *paths;
    struct trace_source source;
    struct catalog_trace_filter filter;
    struct trace_known *known; /* NULL: hash sets are not asked */
    uint64_t limit, matched;
    json_t *rows;
};

static ex_code parse_limit(struct act *act, uint64_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_LIMIT);
    *ret = LIMIT_DEFAULT;
    if (text == NULL ||
        (ex_parse_decimal(text, strlen(text), ret) && *ret >= 1 && *ret <= LIMIT_MAX))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "--limit takes a number from 1 to %d", (int)LIMIT_MAX),
                   err, "for all of them: exhibit trace export");
}

static ex_code begin(struct act *act, struct listing *l, struct ex_error *err) {
    l->act = act;
    EX_TRY(parse_limit(act, &l->limit, err));
    EX_TRY(tracing_item(act, &l->truth, act->request->operand[0], &l->item, err));
    EX_TRY(trace_known_new(act, &l->known, err));
    json_t *what = act_query_json(act);
    if (l->known != NULL)
        json_object_set_new(what, "hash_sets", trace_known_ids(l->known));
    EX_TRY(act_single(act, what, NULL, NULL, err));
    EX_TRY(tracing_choose(act, l->item, &l->examination, err));
    EX_TRY(tracing_check_count(act, &l->examination, &l->matched, err));
    if (l->examination.damaged_entry != 0)
        act->verdict = EX_ALTERED;
    l->filter = (struct catalog_trace_filter){.entry = l->examination.entry,
                                              .kind = act_flag(act, FLAG_KIND),
                                              .state = act_flag(act, FLAG_STATE),
                                              .name = act_flag(act, FLAG_NAME)};
    l->paths = trace_paths_new(act, l->examination.entry);
    l->rows = json_array();
    const struct catalog_trace_filter *f = &l->filter;
    if (f->kind == NULL && f->state == NULL && f->name == NULL)
        return EX_OK; /* all of them, and counted */
    return catalog_count_traces(act->catalog, f, &l->matched, err);
}

static void end(struct listing *l) {
    trace_paths_free(l->paths);
    trace_known_free(l->known);
    trace_source_close(&l->source);
    json_decref(l->rows);
    truth_clear(&l->truth);
}

static void set_optional(json_t *json, const char *key, const char *text) {
    if (text != NULL)
        json_set_text(json, key, text);
}

/* What an error says stands in its line alone. */
static void set_error(struct listing *l, const struct catalog_trace *t, json_t *json) {
    struct catalog_trace row;
    json_t *line;
    if (strcmp(t->kind, "error") != 0 ||
        trace_source_open(l->act, &l->source, t->entry, NULL) != EX_OK ||
        trace_source_line(&l->source, t, &line, &row, NULL) != EX_OK)
        return;
    json_object_set(json, "error", json_object_get(line, "error"));
    json_decref(line);
}

/* json.md §4.15 */
static json_t *row_json(struct listing *l, const struct catalog_trace *t) {
    json_t *json = json_pack("{s:o, s:o, s:o, s:s, s:s}", "id", json_hex(t->id, sizeof t->id),
                             "number", json_number(t->number), "parent", json_number(t->parent),
                             "kind", t->kind, "state", t->state != NULL ? t->state : "allocated");
    set_optional(json, "name", t->name);
    set_optional(json, "type", t->type);
    if (t->has_size)
        json_object_set_new(json, "size", json_number(t->size));
    if (t->has_sha256)
        json_object_set_new(json, "sha256", json_hex(t->sha256, sizeof t->sha256));
    set_error(l, t, json);
    return json;
}

static json_t *listing_json(const struct listing *l) {
    return json_pack("{s:{s:s, s:o}, s:o, s:s, s:o, s:o, s:O}", "item", "label", l->item->label,
                     "id", json_hex(l->item->id, sizeof l->item->id), "examination",
                     tracing_choice_json(&l->examination), "listed_from", "catalog", "matched",
                     json_number(l->matched), "left_out",
                     json_number(l->matched - json_array_size(l->rows)), "traces", l->rows);
}

/* ---- trace list ---- */

static ex_code add_row(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct listing *l = context;
    EX_AUTO_FREE char *path = NULL;
    EX_TRY(trace_paths_of(l->paths, t, &path, err));
    json_t *json = row_json(l, t);
    json_set_text(json, "path", path);
    json_array_append_new(l->rows, json);
    return EX_OK;
}

static void begin_anew(void *context) {
    struct listing *l = context;
    json_array_clear(l->rows);
}

static ex_code add_known(void *context, const struct catalog_trace *t, const struct held_sets *sets,
                         const bool *listed, struct ex_error *err) {
    struct listing *l = context;
    size_t rows = json_array_size(l->rows);
    if (rows == l->limit)
        return EX_OK; /* the rest is counted */
    EX_TRY(add_row(l, t, err));
    if (t->has_sha256)
        json_object_set_new(json_array_get(l->rows, rows), "listed_by",
                            hashsets_listed_json(sets, listed));
    return EX_OK;
}

static ex_code list(struct listing *l, json_t **ret_result, struct ex_error *err) {
    struct catalog *c = l->act->catalog;
    if (l->known == NULL) {
        EX_TRY(catalog_each_trace(c, &l->filter, l->limit, add_row, l, err));
        *ret_result = listing_json(l);
        return EX_OK;
    }
    EX_TRY(
        trace_known_list(l->known, l->act, &l->filter, add_known, begin_anew, l, &l->matched, err));
    if (!trace_known_sound(l->known))
        l->act->verdict = EX_ALTERED;
    *ret_result = listing_json(l);
    json_object_set_new(*ret_result, "known_files", trace_known_json(l->known));
    return EX_OK;
}

ex_code app_trace_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct listing l = {0};
    ex_code code = begin(act, &l, err);
    if (code == EX_OK)
        code = list(&l, ret_result, err);
    end(&l);
    return code;
}

/* ---- trace tree ---- */

struct level {
    struct listing *listing;
    unsigned depth;
    uint64_t number; /* of the child that was found */
};

static ex_code add_child(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct level *v = context;
    (void)err;
    json_t *json = row_json(v->listing, t);
    json_object_set_new(json, "depth", json_number(v->depth));
    json_array_append_new(v->listing->rows, json);
    v->number = t->number;
    return EX_OK;
}

/* From one trace to the next: its first child, or the next child of one above it. What lies deeper
 * than TRACE_DEPTH_MAX is left out, and counted as such. */
static ex_code walk(struct listing *l, struct ex_error *err) {
    uint64_t above[TRACE_DEPTH_MAX] = {0};
    unsigned depth = 0; /* above[depth]: whose children are asked for */
    uint64_t after = 0;
    while (json_array_size(l->rows) < l->limit) {
        struct level v = {.listing = l, .depth = depth};
        bool found;
        EX_TRY(catalog_next_child(l->act->catalog, l->examination.entry, above[depth], after,
                                  add_child, &v, &found, err));
        if (found && depth + 1 < TRACE_DEPTH_MAX) {
            above[++depth] = v.number;
            after = 0;
        } else if (found) {
            after = v.number;
        } else if (depth == 0) {
            return EX_OK;
        } else {
            after = above[depth--];
        }
    }
    return EX_OK;
}

ex_code app_trace_tree(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct listing l = {0};
    ex_code code = begin(act, &l, err);
    if (code == EX_OK)
        code = walk(&l, err);
    if (code == EX_OK)
        *ret_result = listing_json(&l);
    end(&l);
    return code;
}
