/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of verifying: three claims, each with what it does not prove. */
#include "app/act_internal.h"

#include <stdio.h>

struct verifying {
    struct truth truth;
    size_t count;
    const struct item_truth **item;
    struct vault_verify_report *report; /* one, reused */
    struct history_check *history;
    json_t *items; /* results */
    uint64_t good, disposed, physical, chunks, bytes_read, bytes_constant, unreadable;
    uint64_t catalog_differs;
    ex_code worst;
};

/* ---- which items ---- */

static ex_code choose_items(struct act *act, struct verifying *v, struct ex_error *err) {
    const struct request *r = act->request;
    if (act_has_flag(act, FLAG_ALL) == (r->operand_count > 0))
        return ex_hint(ex_fail(err, EX_USAGE, "say which items to verify"), err,
                       "name them, or use --all");
    EX_TRY(truth_load(act, &v->truth, err));
    size_t count = r->operand_count > 0 ? r->operand_count : v->truth.item_count;
    EX_TRY(ex_alloc(count + 1, sizeof *v->item, EX_LIMIT_RECORD_BYTES, "the items to verify",
                    &v->item, err));
    for (; v->count < count; v->count++) {
        if (r->operand_count > 0)
            EX_TRY(truth_find(&v->truth, r->operand[v->count], &v->item[v->count], err));
        else
            v->item[v->count] = &v->truth.items[v->count];
    }
    return EX_OK;
}

/* The catalog is only a help, but one that disagrees with the ledger misleads whoever looks for
 * something. */
static ex_code compare_row(void *context, const struct catalog_item *i, struct ex_error *err) {
    struct verifying *v = context;
    (void)err;
    for (size_t n = 0; n < v->truth.item_count; n++) {
        const struct item_truth *t = &v->truth.items[n];
        if (memcmp(t->id, i->id, sizeof t->id) == 0 && strcmp(t->label, i->label) == 0 &&
            memcmp(t->object_id, i->object_id, sizeof t->object_id) == 0)
            return EX_OK;
    }
    v->catalog_differs++;
    return EX_OK;
}

static ex_code compare_catalog(struct act *act, struct verifying *v, struct ex_error *err) {
    struct catalog_item row = {0};
    if (act->catalog == NULL)
        return EX_OK;
    EX_TRY(catalog_each_item(act->catalog, NULL, compare_row, v, err));
    for (size_t n = 0; n < v->truth.item_count; n++) {
        ex_code code = catalog_find_item(act->catalog, v->truth.items[n].label, &row, err);
        catalog_item_clear(&row);
        if (code == EX_NOT_FOUND)
            v->catalog_differs++;
        else
            EX_TRY(code);
    }
    return EX_OK;
}

static ex_code verify_intent(struct act *act, struct verifying *v, struct ex_error *err) {
    json_t *ids = json_array();
    for (size_t i = 0; i < v->count; i++)
        json_array_append_new(ids, json_hex(v->item[i]->id, sizeof v->item[i]->id));
    if (v->count == 1) {
        memcpy(act->item_id, v->item[0]->id, sizeof act->item_id);
        memcpy(act->case_id, v->item[0]->case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    }
    return act_intent(
        act, json_pack("{s:o, s:b}", "items", ids, "linear", act_has_flag(act, FLAG_LINEAR)), err);
}

/* ---- one item ---- */

static json_t *damaged_json(const struct vault_verify_report *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->damaged_count && i < VAULT_DAMAGE_MAX; i++) {
        json_t *one = json_pack("{s:o, s:o}", "offset", json_number(r->damage[i].offset), "length",
                                json_number(r->damage[i].length));
        json_set_text(one, "why", r->damage[i].why);
        json_array_append_new(list, one);
    }
    return list;
}

static const char *item_verdict(const struct item_truth *t, const struct vault_object_info *o,
                                const struct vault_verify_report *r, ex_code *ret_code) {
    bool altered = r->damaged_bytes > r->missing_bytes ||
                   (r->damaged_count == 0 && (!r->fsverity_matches || !r->salted_matches ||
                                              (r->linear_asked && !r->linear_matches))) ||
                   !truth_agrees(t, o);
    *ret_code = altered ? EX_ALTERED : r->damaged_count > 0 ? EX_MISSING : EX_OK;
    return altered ? "altered" : r->damaged_count > 0 ? "missing" : "good";
}

static json_t *item_json(const struct item_truth *i, const char *verdict,
                         const struct vault_verify_report *r, uint64_t unreadable) {
    bool whole = r->damaged_count == 0;
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "label", i->label,
                     "id", json_hex(i->id, sizeof i->id), "verdict", verdict, "chunks",
                     json_number(r->chunks), "bytes_read", json_number(r->bytes_read),
                     "bytes_constant", json_number(r->bytes_constant), "fsverity_matches",
                     whole && r->fsverity_matches, "linear_matches",
                     r->linear_asked ? json_boolean(whole && r->linear_matches) : json_null(),
                     "unreadable_bytes", json_number(unreadable), "damaged", damaged_json(r),
                     "damaged_count", json_number(r->damaged_count));
}

/* An item whose manifest cannot be had at all. */
static json_t *lost_json(const struct item_truth *i, const char *verdict, const char *why) {
    json_t *damaged = json_pack("[{s:i, s:n}]", "offset", 0, "length");
    json_set_text(json_array_get(damaged, 0), "why", why);
    return json_pack("{s:s, s:o, s:s, s:i, s:i, s:i, s:b, s:n, s:i, s:o, s:i}", "label", i->label,
                     "id", json_hex(i->id, sizeof i->id), "verdict", verdict, "chunks", 0,
                     "bytes_read", 0, "bytes_constant", 0, "fsverity_matches", 0, "linear_matches",
                     "unreadable_bytes", 0, "damaged", damaged, "damaged_count", 1);
}

static void worse(struct verifying *v, ex_code code) {
    if (code == EX_ALTERED || v->worst == EX_OK || (v->worst == EX_PARTIAL && code != EX_OK))
        v->worst = code;
}

/* There is nothing to hash: not good, and not missing. */
static json_t *physical_json(struct verifying *v, const struct item_truth *i) {
    json_t *json = lost_json(i, "physical", "");
    json_object_set_new(json, "damaged", json_array());
    json_object_set_new(json, "damaged_count", json_integer(0));
    v->physical++;
    return json;
}

/* Two officers decided that it goes: not good, and not missing. */
static json_t *disposed_json(struct verifying *v, const struct item_truth *i) {
    json_t *json = lost_json(i, i->disposed ? "disposed" : "partly-disposed", "");
    json_object_set_new(json, "damaged", json_array());
    json_object_set_new(json, "damaged_count", json_integer(0));
    v->disposed++;
    if (!i->disposed)
        worse(v, EX_PARTIAL);
    return json;
}

static ex_code verify_held(struct act *act, struct verifying *v, size_t n,
                           struct vault_object_info *o, struct ex_error *err) {
    struct vault_verify_report *r = v->report;
    uint64_t unreadable = 0;
    ex_code code;
    EX_TRY(
        vault_verify(act->vault, o, act_has_flag(act, FLAG_LINEAR), act->face->progress, r, err));
    for (size_t i = 0; i < o->unreadable_count; i++)
        unreadable += o->unreadable[i].length;
    const char *verdict = item_verdict(v->item[n], o, r, &code);
    json_t *json = item_json(v->item[n], verdict, r, unreadable);
    json_add_not_read(json, v->item[n]->item);
    json_array_append_new(v->items, json);
    worse(v, code);
    v->good += code == EX_OK ? 1 : 0;
    v->chunks += r->chunks;
    v->bytes_read += r->bytes_read;
    v->bytes_constant += r->bytes_constant;
    v->unreadable += unreadable;
    return EX_OK;
}

static ex_code verify_item(struct act *act, struct verifying *v, size_t n, struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_error why;
    if (v->item[n]->approval != 0) {
        json_array_append_new(v->items, disposed_json(v, v->item[n]));
        return EX_OK;
    }
    if (v->item[n]->physical) {
        json_array_append_new(v->items, physical_json(v, v->item[n]));
        return EX_OK;
    }
    ex_code code = vault_object(act->vault, v->item[n]->object_id, &o, &why);
    if (code == EX_OK) {
        code = verify_held(act, v, n, &o, err);
        vault_object_info_clear(&o);
        return code;
    }
    if (code != EX_ALTERED && code != EX_MISSING && code != EX_FORMAT && code != EX_IO) {
        if (err != NULL)
            *err = why;
        return code;
    }
    bool missing = code == EX_MISSING;
    json_array_append_new(v->items,
                          lost_json(v->item[n], missing ? "missing" : "altered", why.text));
    worse(v, missing ? EX_MISSING : EX_ALTERED);
    return EX_OK;
}

/* ---- the claim ---- */

/* The bytes are those that were collected; they were not all that was to be collected. */
static void say_not_read(json_t *claim, const struct verifying *v) {
    for (size_t n = 0; n < v->count; n++) {
        json_t *not_read = json_not_read(v->item[n]->item);
        if (not_read == NULL)
            continue;
        EX_AUTO_FREE char *text = json_not_read_text(not_read);
        json_say(claim, "findings",
                 "item %s was read only in part when it was collected: %s (exhibit item show)",
                 v->item[n]->label, text);
        json_decref(not_read);
    }
}

static json_t *claim_content(struct act *act, const struct verifying *v, int64_t now_ns) {
    uint64_t no_bytes = v->disposed + v->physical, examinations = 0;
    for (size_t n = 0; n < v->count; n++)
        examinations += v->item[n]->approval == 0 ? v->item[n]->examinations : 0;
    const char *word = v->count == no_bytes     ? "not-checked"
                       : v->worst == EX_ALTERED ? "altered"
                       : v->worst == EX_MISSING ? "missing"
                                                : "good";
    json_t *claim = json_claim(
        word, now_ns,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "items", json_number(v->count),
                  "items_good", json_number(v->good), "items_disposed", json_number(v->disposed),
                  "items_physical", json_number(v->physical), "chunks", json_number(v->chunks),
                  "bytes_read", json_number(v->bytes_read), "bytes_constant",
                  json_number(v->bytes_constant), "bytes_unreadable_at_collection",
                  json_number(v->unreadable)));
    if (v->count == 0)
        json_say(claim, "not_checked", "there are no items");
    for (size_t n = 0; n < v->count; n++)
        if (v->item[n]->approval != 0)
            json_say(claim, "findings",
                     "item %s was disposed of by two officers (entries %" PRIu64 " and %" PRIu64
                     ")%s",
                     v->item[n]->label, v->item[n]->proposal, v->item[n]->approval,
                     v->item[n]->disposed ? "" : ", and parts of it may still be there");
    if (v->physical > 0)
        json_say(claim, "not_checked",
                 "physical items, of which there are no bytes to hash: %" PRIu64, v->physical);
    if (!act_has_flag(act, FLAG_LINEAR) && v->count > no_bytes)
        json_say(
            claim, "not_checked",
            "the SHA-256 of the whole stream (--linear computes it again; the block tree was)");
    if (examinations > 0)
        json_say(claim, "not_checked",
                 "what examinations of these items found: %" PRIu64
                 " results (exhibit vault check --deep reads them)",
                 examinations);
    if (v->unreadable > 0)
        json_say(claim, "findings",
                 "%" PRIu64 " bytes were never read at collection, and zeros stand for them",
                 v->unreadable);
    say_not_read(claim, v);
    for (size_t n = 0; n < v->count; n++)
        if (!truth_has_body(v->item[n]))
            json_say(claim, "findings",
                     "item %s: the body of entry %" PRIu64
                     ", which describes it, is missing or altered",
                     v->item[n]->label, v->item[n]->outcome);
    for (size_t n = 0; n < v->history->packs_missing && n < OPEN_INTENTS_MAX; n++)
        json_say(claim, "findings", "%s", v->history->pack_text[n]);
    if (v->catalog_differs > 0)
        json_say(claim, "findings",
                 "the catalog differs from the ledger in %" PRIu64
                 " items; exhibit rebuild mends it",
                 v->catalog_differs);
    json_say(claim, "does_not_prove",
             "that the source was genuine, complete or unchanged before it was collected");
    return claim;
}

static json_t *claims_json(struct act *act, struct verifying *v, ex_code *verdict) {
    struct ex_clock now;
    ex_clock_read(&now);
    *verdict = v->worst;
    json_t *content = claim_content(act, v, now.utc_ns);
    json_t *history = claim_history(v->history, now.utc_ns, verdict);
    json_t *signers = claim_signers(v->history, now.utc_ns, verdict);
    return json_pack("{s:o, s:o, s:o}", "content", content, "history", history, "signers", signers);
}

static uint64_t total_size(const struct verifying *v) {
    uint64_t total = 0;
    for (size_t i = 0; i < v->count; i++)
        total += (uint64_t)json_integer_value(json_object_get(v->item[i]->item, "size_bytes"));
    return total;
}

static ex_code verify_everything(struct act *act, struct verifying *v, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    EX_TRY(check_history(act, v->history, err));
    EX_TRY(compare_catalog(act, v, err));
    if (progress != NULL) {
        progress->phase = "verifying";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, total_size(v));
    }
    for (size_t i = 0; i < v->count; i++)
        EX_TRY(verify_item(act, v, i, err));
    return EX_OK;
}

/* Not cosigned as a policy asks is no alteration. */
static const char *result_word(struct act *act, json_t *claims) {
    json_t *signers = json_object_get(claims, "signers");
    const char *word = json_string_value(json_object_get(signers, "verdict"));
    if (act->verdict == EX_SIGNATURE && word != NULL && strcmp(word, "not-cosigned") == 0)
        return "partial";
    return act->verdict == EX_OK ? "done" : "altered";
}

static ex_code verifying_run(struct act *act, struct verifying *v, json_t **ret_result,
                             struct ex_error *err) {
    EX_TRY(choose_items(act, v, err));
    if (!act->unrecorded)
        EX_TRY(verify_intent(act, v, err));
    EX_TRY(verify_everything(act, v, err));
    json_t *claims = claims_json(act, v, &act->verdict);
    *ret_result = json_pack("{s:O, s:O, s:b}", "claims", claims, "items", v->items, "recorded", 0);
    ex_code code = EX_OK;
    if (act->unrecorded)
        json_object_set_new(*ret_result, "not_recorded_because",
                            json_string("the vault cannot be written to"));
    else
        code = act_outcome(act, result_word(act, claims),
                           json_pack("{s:O, s:O}", "claims", claims, "items", v->items), NULL, NULL,
                           NULL, err);
    if (code == EX_OK && !act->unrecorded)
        json_object_set_new(*ret_result, "recorded", json_true());
    json_decref(claims);
    return code;
}

ex_code app_verify(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct verifying v = {.items = json_array(),
                          .report = ex_new0(struct vault_verify_report),
                          .history = ex_new0(struct history_check)};
    ex_code code = verifying_run(act, &v, ret_result, err);
    truth_clear(&v.truth);
    free(v.item);
    free(v.report);
    free(v.history);
    json_decref(v.items);
    return code;
}

ex_code app_ledger_verify(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct history_check *h = ex_new0(struct history_check);
    struct ex_clock now;
    EX_TRY(check_history(act, h, err));
    ex_clock_read(&now);
    json_t *history = claim_history(h, now.utc_ns, &act->verdict);
    json_t *signers = claim_signers(h, now.utc_ns, &act->verdict);
    *ret_result = json_pack("{s:{s:o, s:o}}", "claims", "history", history, "signers", signers);
    return EX_OK;
}
