/* SPDX-License-Identifier: Apache-2.0 */
/* Mending what a check finds damaged: by parity, from another vault, from a copy of an item. */
#include "app/damage_internal.h"
#include "app/examining_internal.h"

#include "base/clock.h"

#include <fcntl.h>
#include <unistd.h>

enum { PASSES_MAX = 12 }; /* a layout has 8 levels, below a manifest */

struct repairing {
    struct vault_check_report *check;
    struct vault *from;
    uint64_t problems_found, packs_mended, found, found_bytes;
    json_t *written;      /* packs */
    json_t *items_before; /* that were hurt */
};

static ex_code check_deep(struct act *act, struct repairing *r, struct ex_error *err) {
    if (act->face->progress != NULL)
        act->face->progress->phase = "checking";
    vault_check_report_clear(r->check);
    return vault_check(act->vault, true, act->face->progress, r->check, err);
}

/* ---- by parity ---- */

struct mending {
    struct act *act;
    uint64_t mended;
};

static ex_code mend_pack(void *context, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                         struct ex_error *err) {
    struct mending *m = context;
    bool mended;
    EX_TRY(vault_repair_pack(m->act->vault, pack_id, m->act->face->progress, &mended, err));
    m->mended += mended;
    return EX_OK;
}

/* Damaged packs, and those that are gone and left their parity behind. */
static ex_code by_parity(struct act *act, struct repairing *r, struct ex_error *err) {
    struct mending m = {.act = act};
    EX_TRY(vault_hurt_each_pack(r->check->hurt, mend_pack, &m, err));
    EX_TRY(vault_parity_each_left_over(act->vault, mend_pack, &m, err));
    r->packs_mended = m.mended;
    return m.mended > 0 ? check_deep(act, r, err) : EX_OK;
}

/* ---- from elsewhere ---- */

/* The other vault must have a slot for this officer's key: a copy of this one has. */
static ex_code open_other(struct act *act, struct repairing *r, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *keyring = NULL;
    const char *path = act_flag(act, FLAG_FROM_VAULT);
    if (path == NULL)
        return EX_OK;
    EX_TRY(vault_open(path, &r->from, err));
    if (vault_config(r->from)->plain)
        return EX_OK;
    ex_code code = vault_keyring_open_officer(r->from, &act->officer, &keyring, err);
    if (code == EX_DENIED)
        return ex_hint(code, err,
                       "in the other vault: exhibit key add --recipient, with this officer's key");
    EX_TRY(code);
    return vault_keyring_unlock(r->from, keyring, err);
}

static ex_code take_from_file(struct act *act, struct vault_repair *repair, struct ex_error *err) {
    const char *path = act_flag(act, FLAG_FROM_FILE);
    EX_AUTO(source_close) struct source *source = NULL;
    if (path == NULL)
        return EX_OK;
    EX_TRY(source_open(path, &source, err));
    return vault_repair_from_stream(repair, source, act->face->progress, err);
}

struct needing {
    const struct truth *truth;
    struct vault_repair *repair;
};

static ex_code need_examination(struct act *act, const struct entry *e, void *context,
                                struct ex_error *err) {
    const struct needing *n = context;
    const struct item_truth *i =
        examining_is_kept(e) ? truth_item_by_id(n->truth, e->item_id) : NULL;
    (void)act;
    if (strcmp(e->event, "rules.outcome") == 0 && (e->has & ENTRY_HAS_OBJECT) != 0)
        return vault_repair_need(n->repair, e->object_id, err);
    return i != NULL && i->approval == 0 ? vault_repair_need(n->repair, e->object_id, err) : EX_OK;
}

static ex_code need_everything(struct act *act, struct vault_repair *repair, struct ex_error *err) {
    struct truth t = {0};
    EX_TRY(truth_load(act, &t, err));
    ex_code code = EX_OK;
    for (size_t i = 0; i < t.item_count && code == EX_OK; i++)
        if (t.items[i].approval == 0 && !t.items[i].physical)
            code = vault_repair_need(repair, t.items[i].object_id, err);
    struct needing n = {.truth = &t, .repair = repair};
    if (code == EX_OK)
        code = scan_ledger(act, need_examination, &n, err);
    truth_clear(&t);
    return code;
}

/* One pass: what can be seen to be needed now. */
static ex_code pass(struct act *act, struct repairing *r, const char *journal, uint64_t *ret_needed,
                    uint64_t *ret_found, struct ex_error *err) {
    EX_AUTO(vault_repair_free) struct vault_repair *repair = NULL;
    struct vault_repair_report report;
    EX_TRY(vault_repair_new(act->vault, r->check->hurt, journal, &repair, err));
    EX_TRY(need_everything(act, repair, err));
    if (r->from != NULL)
        EX_TRY(vault_repair_from_vault(repair, r->from, act->face->progress, err));
    EX_TRY(take_from_file(act, repair, err));
    EX_TRY(vault_repair_finish(repair, &report, err));
    for (size_t i = 0; i < report.pack_count; i++)
        json_array_append_new(r->written, json_hex(report.pack[i], sizeof report.pack[i]));
    r->found += report.found;
    r->found_bytes += report.found_bytes;
    *ret_needed = report.needed;
    *ret_found = report.found;
    vault_repair_report_clear(&report);
    return EX_OK;
}

/* A node that was found shows what is needed below it: again, until nothing more comes. */
static ex_code from_elsewhere(struct act *act, struct repairing *r, struct ex_error *err) {
    EX_AUTO_FREE char *journal = act_journal(act, "repair", NULL);
    uint64_t needed = 1, found = 1;
    if (r->from == NULL && !act_has_flag(act, FLAG_FROM_FILE))
        return EX_OK;
    if (act->face->progress != NULL)
        act->face->progress->phase = "repairing";
    for (unsigned i = 0; i < PASSES_MAX && needed > 0 && found > 0; i++)
        EX_TRY(pass(act, r, journal, &needed, &found, err));
    return EX_OK;
}

/* ---- the whole ---- */

/* Packs that are gone, once nothing in them is needed: the outcome names them, so that nobody looks
 * for them any more. */
static ex_code outcome(struct act *act, bool whole, json_t *what, struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*gone)[VAULT_PACK_ID_BYTES] = NULL;
    size_t count = 0;
    ex_code code = whole ? vault_gone_packs(act->vault, &gone, &count, err) : EX_OK;
    if (code != EX_OK) {
        json_decref(what);
        return code;
    }
    const uint8_t(*ids)[VAULT_PACK_ID_BYTES] = (const uint8_t(*)[VAULT_PACK_ID_BYTES])gone;
    json_object_set_new(what, "packs_lost", json_packs(ids, count));
    EX_TRY(act_outcome(act, whole ? "done" : "partial", what, NULL, NULL, NULL, err));
    return vault_forget_packs(act->vault, ids, count, err);
}

static ex_code finish(struct act *act, struct repairing *r, json_t **ret_result,
                      struct ex_error *err) {
    EX_AUTO(damage_json_free) json_t *items = NULL, *examinations = NULL;
    EX_TRY(damage_to_items(act, r->check->hurt, &items, err));
    EX_TRY(damage_to_examinations(act, r->check->hurt, &examinations, err));
    bool whole = json_array_size(items) == 0 && json_array_size(examinations) == 0;
    EX_AUTO(damage_json_free)
    json_t *result =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "packs_mended", json_number(r->packs_mended),
                  "found", json_number(r->found), "found_bytes", json_number(r->found_bytes),
                  "packs", json_incref(r->written), "items", json_incref(items));
    json_object_set(result, "examinations", examinations);
    json_object_set_new(result, "problems_before", json_number(r->problems_found));
    json_object_set_new(result, "items_before", damage_brief_json(r->items_before));
    /* Without the ranges, which may be too many for a body: the check and the page have them. */
    json_t *what = json_deep_copy(result);
    json_object_set_new(what, "items", damage_brief_json(items));
    json_object_set_new(what, "examinations", damage_brief_json(examinations));
    EX_TRY(outcome(act, whole, what, err));
    json_object_set_new(result, "problems", damage_problems_json(r->check));
    json_object_set_new(result, "problem_count", json_number(r->check->problem_count));
    act->verdict = whole ? EX_OK : EX_ALTERED;
    *ret_result = ex_steal(&result);
    return EX_OK;
}

static ex_code repair_run(struct act *act, struct repairing *r, json_t **ret_result,
                          struct ex_error *err) {
    EX_TRY(open_other(act, r, err));
    EX_TRY(act_intent(act, act_query_json(act), err));
    EX_TRY(check_deep(act, r, err));
    r->problems_found = r->check->problem_count;
    /* A pack that is gone from the index too is no problem of any file, and hurts all the same. */
    EX_AUTO(damage_json_free) json_t *examinations = NULL;
    EX_TRY(damage_to_items(act, r->check->hurt, &r->items_before, err));
    EX_TRY(damage_to_examinations(act, r->check->hurt, &examinations, err));
    if (r->problems_found > 0 || json_array_size(r->items_before) > 0 ||
        json_array_size(examinations) > 0) {
        EX_TRY(by_parity(act, r, err));
        EX_TRY(from_elsewhere(act, r, err));
    }
    return finish(act, r, ret_result, err);
}

ex_code app_vault_repair(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct repairing r = {.check = ex_new0(struct vault_check_report), .written = json_array()};
    ex_code code = repair_run(act, &r, ret_result, err);
    vault_check_report_clear(r.check);
    free(r.check);
    json_decref(r.written);
    json_decref(r.items_before);
    vault_close(r.from);
    return code;
}
