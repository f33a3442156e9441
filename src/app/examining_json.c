/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an examination: in its entries, in one line, with its item. */
#include "app/collecting_internal.h"
#include "app/examining_run_internal.h"

#include <stdio.h>

static json_t *problems_json(const struct examine_report *r) {
    json_t *json = json_object();
    for (size_t i = 0; i < EXAMINE_REASONS; i++)
        if (r->problems[i] > 0)
            json_object_set_new(json, examine_reason_word((enum examine_reason)i),
                                json_number(r->problems[i]));
    return json;
}

static json_t *parsers_json(const struct examine_report *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->parser_count && i < EXAMINE_PARSERS_MAX; i++) {
        const struct examine_parser_report *p = &r->parser[i];
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:o, s:o, s:o, s:f, s:f, s:o, s:o, s:o}", "name", p->name,
                            "version", (int)p->version, "jobs", json_number(p->jobs), "traces",
                            json_number(p->traces), "problems", json_number(p->problems), "seconds",
                            (double)p->busy_ns / 1e9, "cpu_seconds", (double)p->cpu_ns / 1e9,
                            "crashed", json_number(p->crashed), "killed", json_number(p->killed),
                            "too_long", json_number(p->too_long)));
    }
    return list;
}

static json_t *contents_json(uint64_t count, uint64_t bytes) {
    return json_pack("{s:o, s:o}", "contents", json_number(count), "bytes", json_number(bytes));
}

json_t *examining_what(const struct examining *x) {
    const struct examine_report *r = &x->report;
    json_t *what = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "item_id",
                             json_hex(x->item->id, sizeof x->item->id), "label", x->item->label,
                             "profile", examine_profile_word(x->options.profile), "examined",
                             json_hex(x->item->object_id, sizeof x->item->object_id), "sha256",
                             json_hex(x->object.sha256, sizeof x->object.sha256), "size_bytes",
                             json_number(x->object.size_bytes));
    json_t *found =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "traces",
                  json_number(x->totals.traces), "directories", json_number(r->directories),
                  "files", json_number(r->files), "deleted", json_number(r->deleted), "hashed",
                  contents_json(r->hashed, r->hashed_bytes), "remembered",
                  contents_json(r->remembered, r->remembered_bytes), "not_hashed",
                  json_number(r->not_hashed), "problems", problems_json(r), "problem_count",
                  json_number(x->totals.errors), "truncated", x->totals.truncated);
    json_object_update_new(what, found);
    json_object_set_new(what, "carved", json_number(r->carved));
    json_object_set_new(what, "not_hashed_bad", json_number(r->not_hashed_bad));
    json_object_set_new(what, "looked_into", json_number(r->inside));
    json_object_set_new(what, "looked_into_before", json_number(r->inside_remembered));
    json_object_set_new(what, "parsers", parsers_json(r));
    json_object_set(what, "limits", x->limits);
    json_object_set_new(what, "restarts", json_number(r->restarts));
    json_set_text(what, "confinement", r->confinement);
    json_object_set_new(what, "stored", collecting_stored_json(&x->put));
    json_object_set_new(what, "seconds",
                        json_real((double)(ex_monotonic_ns() - x->started_ns) / 1e9));
    return what;
}

/* ---- problems ---- */

struct lookup {
    struct trace_paths *paths;
    char *path;
};

static ex_code path_of(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct lookup *l = context;
    return trace_paths_of(l->paths, t, &l->path, err);
}

/* Of the trace that it concerns; empty: the item itself; null when the catalog cannot say. */
static json_t *path_json(struct act *act, uint64_t entry, uint64_t number) {
    if (number == 0)
        return json_string("");
    struct lookup l = {.paths = trace_paths_new(act, entry)};
    bool found = false;
    json_t *holder = json_object(), *path;
    if (catalog_trace_at(act->catalog, entry, number, path_of, &l, &found, NULL) == EX_OK && found)
        json_set_text(holder, "path", l.path);
    path = json_incref(json_object_get(holder, "path"));
    json_decref(holder);
    free(l.path);
    trace_paths_free(l.paths);
    return path != NULL ? path : json_null();
}

json_t *examining_problems(struct act *act, const struct examining *x) {
    json_t *list = json_array();
    for (size_t i = 0; i < x->problem_count; i++) {
        const struct examining_problem *p = &x->problem[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:O, s:O, s:o}", "number", json_number(p->number),
                                        "reason", json_object_get(p->error, "reason"), "text",
                                        json_object_get(p->error, "text"), "path",
                                        path_json(act, act->last_entry, p->parent)));
    }
    return list;
}

/* ---- lines ---- */

static void put_found(json_t *what, const char *profile, char *to, size_t size) {
    char unread[64] = "";
    json_int_t bad = json_integer_value(json_object_get(what, "not_hashed_bad"));
    if (bad > 0)
        (void)snprintf(unread, sizeof unread, ", %lld contents not read whole", bad);
    (void)snprintf(to, size, "%lld traces found (profile %.30s), with %lld problems%s%s",
                   json_integer_value(json_object_get(what, "traces")), profile,
                   json_integer_value(json_object_get(what, "problem_count")), unread,
                   json_is_true(json_object_get(what, "truncated")) ? ", and cut short" : "");
}

bool examining_summary(const struct entry *e, json_t *what, char *to, size_t size) {
    const char *profile = json_string_value(json_object_get(what, "profile"));
    if (strncmp(e->event, "examine.", 8) != 0 || profile == NULL)
        return false;
    if ((e->has & ENTRY_HAS_RESULT) == 0)
        (void)snprintf(to, size, "examining it, profile %.30s", profile);
    else
        put_found(what, profile, to, size);
    return true;
}

/* ---- with an item ---- */

struct gather {
    const struct item_truth *item;
    json_t *list;
};

static ex_code gather_one(struct act *act, const struct entry *e, void *context,
                          struct ex_error *err) {
    static const char *const copied[] = {"profile",        "traces",    "problem_count",
                                         "not_hashed_bad", "truncated", "sha256"};
    struct gather *g = context;
    json_t *what = NULL;
    (void)err;
    if (!examining_is_result(e) || memcmp(e->item_id, g->item->id, sizeof e->item_id) != 0)
        return EX_OK;
    (void)!project_section(act, e, "what", &what, NULL); /* null where it cannot be had */
    json_t *one = json_pack("{s:o, s:o, s:s, s:o}", "entry", json_number(e->index), "time",
                            json_time(e->clock.utc_ns), "result", e->result, "object",
                            json_hex(e->object_id, sizeof e->object_id));
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
        json_t *value = json_object_get(what, copied[i]);
        json_object_set_new(one, copied[i], value != NULL ? json_incref(value) : json_null());
    }
    json_array_append_new(g->list, one);
    json_decref(what);
    return EX_OK;
}

ex_code examining_of_item(struct act *act, const struct item_truth *i, json_t **ret,
                          struct ex_error *err) {
    struct gather g = {.item = i, .list = json_array()};
    ex_code code = scan_ledger(act, gather_one, &g, err);
    if (code != EX_OK) {
        json_decref(g.list);
        return code;
    }
    *ret = g.list;
    return EX_OK;
}
