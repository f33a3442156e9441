/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of listing what rules matched: from the result object that the ledger names. */
#include "app/rules_internal.h"

#include "base/cursor.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 100000 };

struct listing {
    struct act *act;
    struct truth truth;
    const struct item_truth *item;
    const char *rules, *rule; /* NULL: any */
    uint64_t limit, entry;    /* entry: of the scan; */
    bool found;
    uint64_t lost; /* scans since then of which nobody can read what they were of */
    uint8_t object_id[SHA256_BYTES];
    int64_t time_ns;
    uint64_t matched;
    json_t *matches, *not_scanned;
    uint64_t not_scanned_left_out;
};

static ex_code parse_limit(struct act *act, uint64_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_LIMIT);
    *ret = LIMIT_DEFAULT;
    if (text == NULL ||
        (ex_parse_decimal(text, strlen(text), ret) && *ret >= 1 && *ret <= LIMIT_MAX))
        return EX_OK;
    return ex_fail(err, EX_USAGE, "--limit takes a number from 1 to %d", (int)LIMIT_MAX);
}

/* The latest of the item, or of the item with these rules. */
static ex_code consider(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct listing *l = context;
    json_t *what = NULL;
    (void)err;
    if (strcmp(e->event, "rulescan.outcome") != 0 || !examining_is_kept(e) ||
        memcmp(e->item_id, l->item->id, sizeof e->item_id) != 0)
        return EX_OK;
    if (l->rules != NULL && project_section(act, e, "what", &what, NULL) != EX_OK) {
        l->lost++;
        return EX_OK;
    }
    const char *name = json_string_value(json_object_get(json_object_get(what, "rules"), "name"));
    bool fits = l->rules == NULL || (name != NULL && strcmp(name, l->rules) == 0);
    json_decref(what);
    if (!fits)
        return EX_OK;
    l->found = true;
    l->lost = 0;
    l->entry = e->index;
    l->time_ns = e->clock.utc_ns;
    memcpy(l->object_id, e->object_id, sizeof l->object_id);
    return EX_OK;
}

static ex_code take_line(void *context, json_t *line, struct ex_error *err) {
    struct listing *l = context;
    (void)err;
    if (json_object_get(line, "not_scanned") != NULL) {
        if (json_array_size(l->not_scanned) < l->limit)
            json_array_append(l->not_scanned, line);
        else
            l->not_scanned_left_out++;
        return EX_OK;
    }
    if (l->rule != NULL && strcmp(json_string_value(json_object_get(line, "rule")), l->rule) != 0)
        return EX_OK;
    l->matched++;
    if (json_array_size(l->matches) < l->limit)
        json_array_append(l->matches, line);
    return EX_OK;
}

/* For people; from the catalog, which is no witness: null where it cannot say. */
struct lookup {
    struct trace_paths *paths;
    char *path;
};

static ex_code path_of(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct lookup *l = context;
    free(l->path);
    l->path = NULL;
    return trace_paths_of(l->paths, t, &l->path, err);
}

static void add_paths(struct listing *l, json_t *list, uint64_t entry) {
    struct lookup look = {.paths = trace_paths_new(l->act, entry)};
    json_t *line;
    size_t i;
    json_array_foreach(list, i, line) {
        uint64_t number = (uint64_t)json_integer_value(json_object_get(line, "number"));
        bool found = false;
        if (catalog_trace_at(l->act->catalog, entry, number, path_of, &look, &found, NULL) ==
                EX_OK &&
            found && look.path != NULL)
            json_set_text(line, "path", look.path);
    }
    free(look.path);
    trace_paths_free(look.paths);
}

struct finding {
    const uint8_t *result_id;
    uint64_t entry;
};

static ex_code examination_of(struct act *act, const struct entry *e, void *context,
                              struct ex_error *err) {
    struct finding *f = context;
    (void)act;
    (void)err;
    if (examining_is_result(e) && memcmp(e->object_id, f->result_id, SHA256_BYTES) == 0)
        f->entry = e->index;
    return EX_OK;
}

static ex_code read_result(struct listing *l, json_t **ret_head, struct rules_totals *ret,
                           struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint64_t size;
    struct ex_error why = {0};
    EX_TRY(rules_read_object(l->act, l->object_id, RULES_RESULT_BYTES_MAX, &data, &size, err));
    ex_code code = rules_result_read(data, size, take_line, l, ret_head, ret, &why);
    return code == EX_FORMAT ? ex_fail(err, EX_ALTERED, "%s", why.text)
           : code != EX_OK   ? ex_fail(err, code, "%s", why.text)
                             : EX_OK;
}

static ex_code list(struct listing *l, json_t **ret_result, struct ex_error *err) {
    struct act *act = l->act;
    json_t *head = NULL;
    struct rules_totals totals;
    uint8_t examination[SHA256_BYTES];
    ex_code code = read_result(l, &head, &totals, err);
    if (code == EX_OK && json_get_hex(head, "examination", examination, sizeof examination)) {
        struct finding f = {.result_id = examination, .entry = UINT64_MAX};
        code = scan_ledger(act, examination_of, &f, err);
        if (code == EX_OK && f.entry != UINT64_MAX) {
            add_paths(l, l->matches, f.entry);
            add_paths(l, l->not_scanned, f.entry);
        }
    }
    if (code == EX_OK) {
        *ret_result = json_pack(
            "{s:{s:s, s:o}, s:o, s:o, s:o, s:O, s:o, s:o, s:O, s:o, s:O, s:o}", "item", "label",
            l->item->label, "id", json_hex(l->item->id, sizeof l->item->id), "entry",
            json_number(l->entry), "time", json_time(l->time_ns), "object",
            json_hex(l->object_id, sizeof l->object_id), "scan", head, "totals",
            rules_totals_json(&totals), "matched", json_number(l->matched), "matches", l->matches,
            "left_out", json_number(l->matched - json_array_size(l->matches)), "not_scanned",
            l->not_scanned, "not_scanned_left_out", json_number(l->not_scanned_left_out));
        act->verdict = totals.not_scanned > 0 ? EX_PARTIAL : EX_OK;
    }
    json_decref(head);
    return code;
}

static ex_code find_and_list(struct listing *l, json_t **ret_result, struct ex_error *err) {
    struct act *act = l->act;
    EX_TRY(parse_limit(act, &l->limit, err));
    EX_TRY(tracing_item(act, &l->truth, act->request->operand[0], &l->item, err));
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    EX_TRY(scan_ledger(act, consider, l, err));
    if (l->lost > 0)
        return ex_fail(err, EX_ALTERED,
                       "the entries of %" PRIu64
                       " later scans of item %s cannot be read: which rules they are of is not known",
                       l->lost, l->item->label);
    if (!l->found)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "item %s was not scanned with %s%.100s",
                               l->item->label, l->rules != NULL ? "the rules " : "any rules",
                               l->rules != NULL ? l->rules : ""),
                       err, "run: exhibit rules run %s --rules NAME", l->item->label);
    return list(l, ret_result, err);
}

ex_code app_rules_matches(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct listing l = {.act = act,
                        .rules = act_flag(act, FLAG_RULES),
                        .rule = act_flag(act, FLAG_RULE),
                        .matches = json_array(),
                        .not_scanned = json_array()};
    ex_code code = find_and_list(&l, ret_result, err);
    json_decref(l.matches);
    json_decref(l.not_scanned);
    truth_clear(&l.truth);
    return code;
}
