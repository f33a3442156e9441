/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of scanning with rules: intent, each content that an examination found, once; the
 * object that holds what matched; outcome. What is found waits in memory, never in a file. */
#include "app/collecting_internal.h"
#include "app/rules_contents_internal.h"

#include <stdio.h>

struct running {
    struct act *act;
    struct truth truth;
    const struct item_truth *item;
    struct chosen_examination examination;
    struct held_rules_list held;
    const struct held_rules *rules;
    uint8_t *text;
    struct rules_worker worker;
    struct rules_contents contents;
    struct rules_totals totals;
    char *stream;
    size_t bytes, capacity;
    struct rules_put put;
    bool space;
};

static void running_clear(struct running *r) {
    rules_contents_clear(&r->contents);
    rules_worker_clear(&r->worker);
    rules_put_clear(&r->put);
    rules_clear(&r->held);
    truth_clear(&r->truth);
    free(r->text);
    free(r->stream);
}

/* ---- the stream ---- */

static ex_code put_line(struct running *r, json_t *line, struct ex_error *err) {
    char *text = json_dumps(line, JSON_COMPACT);
    size_t size = text != NULL ? strlen(text) : 0;
    json_decref(line);
    ex_code code = text == NULL || size >= RULES_LINE_BYTES_MAX
                       ? ex_fail(err, EX_LIMIT, "a line of matches that is too long")
                       : ex_grow(&r->stream, &r->capacity, r->bytes + size + 1, 1,
                                 2 * RULES_RESULT_BYTES_MAX, "what the rules matched", err);
    if (code == EX_OK && r->bytes + size + 1 > RULES_RESULT_BYTES_MAX)
        code = ex_fail(err, EX_LIMIT, "the rules match too often: more than %" PRIu64 " bytes",
                       RULES_RESULT_BYTES_MAX);
    if (code == EX_OK) {
        memcpy(r->stream + r->bytes, text, size);
        r->stream[r->bytes + size] = '\n';
        r->bytes += size + 1;
    }
    free(text);
    return code;
}

static json_t *head_json(const struct running *r) {
    json_t *limits =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "content_bytes", (int)RULES_CONTENT_BYTES_MAX,
                  "seconds", (int)RULES_SECONDS, "places", (int)RULES_LISTED_MAX, "place_bytes",
                  (int)RULES_BYTES_MAX, "also", (int)RULES_ALSO_MAX, "meta", (int)RULES_META_MAX);
    return json_pack("{s:i, s:o, s:o, s:o, s:{s:s, s:o, s:o, s:O}, s:{s:s, s:i}, s:s, s:o, s:b}",
                     "exhibit_rule_matches", (int)RULES_FORMAT_VERSION, "object",
                     json_hex(r->item->object_id, SHA256_BYTES), "item",
                     json_hex(r->item->id, sizeof r->item->id), "examination",
                     json_hex(r->examination.result_id, SHA256_BYTES), "rules", "name",
                     r->rules->name, "object", json_hex(r->rules->object_id, SHA256_BYTES),
                     "sha256", json_hex(r->rules->sha256, SHA256_BYTES), "sources",
                     json_object_get(r->rules->json, "sources"), "parser", "name", "rules",
                     "version", (int)RULES_PARSER_VERSION, "library", r->worker.library, "limits",
                     limits, "space", (int)r->space);
}

/* What every line about a content begins with. */
static json_t *content_json(const struct rules_content *c) {
    json_t *also = json_array();
    json_t *line = json_pack(
        "{s:o, s:o, s:o, s:o}", "trace", json_hex(c->first.id, sizeof c->first.id), "number",
        json_number(c->first.number), "also", also, "size", json_number(c->size_bytes));
    for (size_t i = 0; i < c->also_count; i++)
        json_array_append_new(also, json_hex(c->also[i].id, sizeof c->also[i].id));
    if (c->also_left_out > 0)
        json_object_set_new(line, "also_left_out", json_number(c->also_left_out));
    if (c->has_sha256)
        json_object_set_new(line, "sha256", json_hex(c->sha256, sizeof c->sha256));
    return line;
}

/* ---- scanning ---- */

struct matching {
    struct running *running;
    const struct rules_content *content;
    const struct rules_buffer *bytes;
    uint64_t matches;
    bool full; /* there is no room for them */
};

static ex_code put_match(void *context, const struct rule_found *f, struct ex_error *err) {
    struct matching *m = context;
    struct running *r = m->running;
    json_t *line = content_json(m->content);
    const bool few = r->bytes >= RULES_RESULT_BYTES_LONG;
    rules_match_json(line, f, few ? (size_t)RULES_LISTED_FEW : (size_t)RULES_LISTED_MAX,
                     m->bytes->data);
    m->matches++;
    ex_code code = put_line(r, line, err);
    if (code == EX_OK && r->bytes > RULES_RESULT_BYTES_FULL)
        code = ex_fail(err, EX_LIMIT, "no room for what matches");
    m->full = code == EX_LIMIT;
    return code;
}

static ex_code put_not_scanned(struct running *r, const struct rules_content *c, const char *reason,
                               const struct ex_error *why, struct ex_error *err) {
    json_t *line = content_json(c), *not_scanned = json_pack("{s:s}", "reason", reason);
    json_set_text(not_scanned, "text", why->text);
    json_object_set_new(line, "not_scanned", not_scanned);
    r->totals.not_scanned++;
    if (r->bytes < RULES_RESULT_BYTES_MAX - 2 * RULES_LINE_BYTES_MAX) /* the end's */
        return put_line(r, line, err);
    json_decref(line);
    r->totals.not_listed++;
    return EX_OK;
}

/* *ret_reason: as rules_worker_scan(), or "too-many": nothing is kept of its matches. */
static ex_code scan_bytes(struct running *r, struct matching *m, const char **ret_reason,
                          struct ex_error *why, struct ex_error *err) {
    const size_t from = r->bytes;
    ex_code code = rules_worker_scan(&r->worker, m->bytes->data, m->bytes->bytes, put_match, m,
                                     ret_reason, why, err);
    if (!m->full)
        return code;
    r->bytes = from;
    *ret_reason = "too-many";
    (void)ex_fail(why, EX_LIMIT, "so much matched that there is no room for what does here");
    return EX_OK;
}

static ex_code scan_one(struct running *r, const struct rules_content *c, struct rules_buffer *b,
                        struct ex_error *err) {
    struct matching m = {.running = r, .content = c, .bytes = b};
    struct ex_error why = {0};
    const char *reason;
    r->totals.contents++;
    EX_TRY(rules_content_read(&r->contents, c, b, &reason, &why, err));
    if (reason == NULL)
        EX_TRY(scan_bytes(r, &m, &reason, &why, err));
    if (reason != NULL)
        return put_not_scanned(r, c, reason, &why, err);
    r->totals.scanned++;
    r->totals.bytes += b->bytes;
    r->totals.matches += m.matches;
    r->totals.matched += m.matches > 0 ? 1 : 0;
    return ex_progress_step(r->act->face->progress, b->bytes, err);
}

static void begin_progress(const struct running *r) {
    struct ex_progress *progress = r->act->face->progress;
    uint64_t all = 0;
    if (progress == NULL)
        return;
    for (const struct rules_content *c = r->contents.list; c != NULL; c = c->hh.next)
        all += c->size_bytes;
    progress->phase = "scanning";
    atomic_store(&progress->done_bytes, 0);
    atomic_store(&progress->total_bytes, all);
}

/* In the order of the examination. */
static ex_code scan_all(struct running *r, struct ex_error *err) {
    struct rules_buffer b = {0};
    ex_code code = put_line(r, head_json(r), err);
    begin_progress(r);
    for (const struct rules_content *c = r->contents.list; c != NULL && code == EX_OK;
         c = c->hh.next)
        code = scan_one(r, c, &b, err);
    free(b.data);
    if (code == EX_OK)
        code = put_line(r, json_pack("{s:o}", "end", rules_totals_json(&r->totals)), err);
    return code;
}

/* What cannot be read here could not be read from the vault either. */
static ex_code check_stream(struct running *r, struct ex_error *err) {
    json_t *head = NULL;
    struct rules_totals totals;
    struct ex_error why;
    ex_code code =
        rules_result_read((const uint8_t *)r->stream, r->bytes, NULL, NULL, &head, &totals, &why);
    json_decref(head);
    return code == EX_OK
               ? EX_OK
               : ex_fail(err, EX_INTERNAL, "the result is not as it must be: %s", why.text);
}

/* ---- the act ---- */

static ex_code begin(struct running *r, struct ex_error *err) {
    struct act *act = r->act;
    r->space = act_has_flag(act, FLAG_SPACE);
    EX_TRY(tracing_item(act, &r->truth, act->request->operand[0], &r->item, err));
    EX_TRY(rules_load(act, &r->held, err));
    EX_TRY(rules_find(&r->held, act_flag(act, FLAG_RULES), &r->rules, err));
    EX_TRY(tracing_choose(act, r->item, &r->examination, err));
    return act_intent(act,
                      json_pack("{s:o, s:s, s:o, s:{s:s, s:o}, s:b}", "item_id",
                                json_hex(r->item->id, sizeof r->item->id), "label", r->item->label,
                                "examination", json_hex(r->examination.result_id, SHA256_BYTES),
                                "rules", "name", r->rules->name, "sha256",
                                json_hex(r->rules->sha256, SHA256_BYTES), "space", (int)r->space),
                      err);
}

static ex_code open_all(struct running *r, struct ex_error *err) {
    struct act *act = r->act;
    EX_TRY(rules_text(act, r->rules, &r->text, err));
    EX_TRY(rules_contents_open(&r->contents, act, r->item, &r->examination, err));
    return rules_worker_open(&r->worker, act, r->text, r->rules->size_bytes, r->rules->sizes, err);
}

/* Under the ledger's lock: from an approved disposal on nothing more is kept of an item. */
static ex_code still_held(struct act *act, struct draft *draft, void *context,
                          struct ex_error *err) {
    const struct running *r = context;
    struct truth t = {0};
    (void)draft;
    EX_TRY(truth_load(act, &t, err));
    const struct item_truth *i = truth_item_by_id(&t, r->item->id);
    ex_code code = i != NULL && i->approval != 0 ? truth_fail_disposed(i, err) : EX_OK;
    truth_clear(&t);
    return code;
}

static json_t *outcome_json(const struct running *r) {
    json_t *what = json_pack(
        "{s:o, s:s, s:o, s:{s:s, s:o}, s:s, s:o, s:o, s:o, s:o, s:o}", "item_id",
        json_hex(r->item->id, sizeof r->item->id), "label", r->item->label, "examination",
        json_hex(r->examination.result_id, SHA256_BYTES), "rules", "name", r->rules->name, "sha256",
        json_hex(r->rules->sha256, SHA256_BYTES), "library", r->worker.library, "found",
        rules_totals_json(&r->totals), "sha256",
        json_hex(r->put.object.sha256, sizeof r->put.object.sha256), "size_bytes",
        json_number(r->put.object.size_bytes), "restarts", json_number(r->worker.restarts),
        "stored", collecting_stored_json(&r->put.report));
    json_set_text(what, "confinement", r->worker.confinement);
    return what;
}

static ex_code run(struct running *r, json_t **ret_result, struct ex_error *err) {
    struct act *act = r->act;
    EX_TRY(begin(r, err));
    EX_TRY(open_all(r, err));
    EX_TRY(rules_contents_gather(&r->contents, r->space, err));
    EX_TRY(scan_all(r, err));
    EX_TRY(check_stream(r, err));
    EX_TRY(rules_hold(act, "matches", (const uint8_t *)r->stream, r->bytes, &r->put, err));
    bool whole = r->totals.not_scanned == 0;
    json_t *what = outcome_json(r);
    ex_code code = act_outcome(act, whole ? "done" : "partial", json_incref(what), r->put.object.id,
                               still_held, r, err);
    if (code == EX_OK) {
        act->verdict = whole ? EX_OK : EX_PARTIAL;
        *ret_result = json_copy(what);
        json_object_set_new(*ret_result, "result", json_string(whole ? "done" : "partial"));
        json_object_set_new(*ret_result, "object", json_hex(r->put.object.id, SHA256_BYTES));
    }
    json_decref(what);
    return code;
}

ex_code app_rules_run(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct running *r = ex_new0(struct running);
    r->act = act;
    ex_code code = run(r, ret_result, err);
    running_clear(r);
    return code;
}
