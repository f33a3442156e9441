/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of disposing of an item (ledger.md §5.1): one officer proposes, another approves,
 * and then everything goes that no other item needs. The tombstone says what it was and what is
 * left. */
#include "app/act_internal.h"
#include "app/needed_internal.h"

#include "base/cursor.h"

struct disposing {
    struct truth truth;
    const struct item_truth *item;
    struct needed needed;
    struct vault_compact_options options;
    struct vault_compaction *compaction;
    struct vault_compact_report *report;
    size_t object_count; /* of the item, and of what its examinations found */
    uint8_t (*object)[SHA256_BYTES];
    uint64_t proposal, approval; /* 0: none yet */
    uint8_t proposed_by[ENTRY_ID_BYTES];
    int64_t proposed_ns;
};

static void about_item(struct act *act, const struct item_truth *i) {
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
}

/* dispose.propose or dispose.approve, by the officer's own key. */
static struct draft decision(const char *event, const uint64_t *proposal,
                             const struct item_truth *i) {
    struct draft d = {.by_officer = true};
    struct entry *e = &d.entry;
    (void)snprintf(e->event, sizeof e->event, "%s", event);
    e->has = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    memcpy(e->case_id, i->case_id, sizeof e->case_id);
    memcpy(e->item_id, i->id, sizeof e->item_id);
    d.what = json_pack("{s:o, s:s, s:o}", "item_id", json_hex(i->id, sizeof i->id), "label",
                       i->label, "object",
                       i->physical ? json_null() : json_hex(i->object_id, sizeof i->object_id));
    if (proposal != NULL) {
        e->has |= ENTRY_HAS_INTENT;
        e->intent = *proposal;
        json_object_set_new(d.what, "proposal", json_number(*proposal));
    }
    return d;
}

static ex_code sign_decision(struct act *act, const char *event, const uint64_t *proposal,
                             const struct item_truth *i, uint64_t *ret_index,
                             struct ex_error *err) {
    struct draft d = decision(event, proposal, i);
    return act_append(act, &d, 1, NULL, NULL, ret_index, err);
}

static ex_code intent(struct act *act, const struct disposing *d, const char *step,
                      struct ex_error *err) {
    const struct vault_compact_report *r = d->report;
    json_t *what = json_pack("{s:s, s:o, s:s}", "step", step, "item_id",
                             json_hex(d->item->id, sizeof d->item->id), "label", d->item->label);
    if (d->proposal != 0)
        json_object_set_new(what, "proposal", json_number(d->proposal));
    if (r != NULL) {
        json_object_set_new(what, "planned_packs", json_number(r->planned_count));
        json_object_set_new(
            what, "packs",
            json_packs((const uint8_t(*)[VAULT_PACK_ID_BYTES])r->planned, r->planned_count));
    }
    return act_intent(act, what, err);
}

/* ---- proposing ---- */

static ex_code propose(struct act *act, struct disposing *d, json_t **ret_result,
                       struct ex_error *err) {
    uint64_t index;
    if (act_flag(act, FLAG_LEGAL_BASIS) == NULL)
        return ex_hint(ex_fail(err, EX_USAGE, "a disposal needs its legal basis"), err,
                       "say by what right: --legal-basis TEXT");
    EX_TRY(intent(act, d, "propose", err));
    EX_TRY(sign_decision(act, "dispose.propose", NULL, d->item, &index, err));
    json_t *result = json_pack("{s:s, s:o, s:s, s:o}", "step", "proposed", "item_id",
                               json_hex(d->item->id, sizeof d->item->id), "label", d->item->label,
                               "proposal", json_number(index));
    *ret_result = result;
    return act_outcome(act, "done", json_copy(result), NULL, NULL, NULL, err);
}

/* ---- approving ---- */

static ex_code find_proposal(struct act *act, const struct entry *e, void *context,
                             struct ex_error *err) {
    struct disposing *d = context;
    (void)act;
    (void)err;
    bool ours =
        (e->has & ENTRY_HAS_ITEM) != 0 && memcmp(e->item_id, d->item->id, sizeof e->item_id) == 0;
    if (ours && strcmp(e->event, "dispose.propose") == 0 && e->index == d->proposal) {
        memcpy(d->proposed_by, e->signer_officer, sizeof d->proposed_by);
        d->proposed_ns = e->clock.utc_ns;
    }
    if (ours && strcmp(e->event, "dispose.approve") == 0 && d->approval == 0) {
        d->approval = e->index;
        d->proposal = e->intent;
    }
    return EX_OK;
}

/* The ledger was found sound before; here it is asked whether this officer may approve this. */
static ex_code check_proposal(struct act *act, struct disposing *d, struct ex_error *err) {
    struct ex_clock now;
    if (!ex_parse_decimal(act_flag(act, FLAG_APPROVE), strlen(act_flag(act, FLAG_APPROVE)),
                          &d->proposal))
        return ex_fail(err, EX_USAGE, "--approve takes the number of an entry");
    EX_TRY(scan_ledger(act, find_proposal, d, err));
    if (d->approval != 0)
        return EX_OK; /* a removal that was cut off, or left something, is done again */
    if (d->proposed_ns == 0)
        return ex_hint(ex_fail(err, EX_NOT_FOUND,
                               "entry %" PRIu64 " does not propose to dispose of item %s",
                               d->proposal, d->item->label),
                       err, "exhibit custody log %s", d->item->label);
    if (memcmp(d->proposed_by, act->officer.id, sizeof d->proposed_by) == 0)
        return ex_hint(ex_fail(err, EX_DENIED, "who proposed a disposal cannot approve it"), err,
                       "another officer with the permission \"dispose\" does that");
    const struct history_officer *own = roster_officer(act, act->officer.id);
    if (own == NULL || own->enrolled_at > d->proposal)
        return ex_hint(ex_fail(err, EX_DENIED,
                               "who was enrolled after a disposal was proposed cannot approve it"),
                       err, "propose it again");
    ex_clock_read(&now);
    if (now.utc_ns < d->proposed_ns ||
        now.utc_ns - d->proposed_ns > (int64_t)HISTORY_DISPOSAL_DAYS * 24 * 3600 * 1000000000)
        return ex_hint(
            ex_fail(err, EX_DENIED, "the proposal is more than %d days old", HISTORY_DISPOSAL_DAYS),
            err, "propose it again");
    return EX_OK;
}

static ex_code plan(struct act *act, struct disposing *d, struct ex_error *err) {
    struct ex_error why;
    d->options = (struct vault_compact_options){
        .all = true, .level = VAULT_COMPACT_LEVEL, .journal = "{\"act\": \"compact\"}"};
    EX_TRY(needed_open(act, &d->needed, &d->options, err));
    EX_TRY(needed_objects_of(&d->needed, d->item->id, &d->object, &d->object_count, err));
    d->options.dispose = (const uint8_t(*)[SHA256_BYTES])d->object;
    d->options.dispose_count = d->object_count;
    EX_TRY(check_proposal(act, d, err));
    ex_code code = vault_compact_plan(act->vault, &d->options, act->face->progress, &d->compaction,
                                      &d->report, &why);
    if (code != EX_OK)
        return needed_explain(&d->needed, d->report, &why, err);
    return check_proposal(act, d, err); /* again, now that nobody else can be at it */
}

/* What the tombstone keeps of it: the hashes, to recognise it by; not one byte of it. */
static json_t *tombstone_json(const struct disposing *d) {
    const struct vault_compact_report *r = d->report;
    json_t *item = d->item->item, *json = json_compacted(r);
    json_object_set_new(json, "step", json_string("removed"));
    json_object_set_new(json, "item_id", json_hex(d->item->id, sizeof d->item->id));
    json_object_set_new(json, "label", json_string(d->item->label));
    json_object_set_new(json, "object", json_hex(d->item->object_id, sizeof d->item->object_id));
    json_object_set_new(json, "examinations", json_number(d->object_count - 1));
    json_object_set(json, "sha256", json_object_get(item, "sha256"));
    json_object_set(json, "fsverity", json_object_get(item, "fsverity"));
    json_object_set(json, "size_bytes", json_object_get(item, "size_bytes"));
    json_object_set_new(json, "proposal", json_number(d->proposal));
    json_object_set_new(json, "approval", json_number(d->approval));
    json_t *counts =
        r->own_unknown
            ? json_null()
            : json_pack("{s:o, s:o, s:o, s:o, s:o}", "removed_chunks",
                        json_number(r->own_chunks - r->shared_chunks), "removed_bytes",
                        json_number(r->own_bytes - r->shared_bytes), "shared_chunks",
                        json_number(r->shared_chunks), "shared_bytes", json_number(r->shared_bytes),
                        "sharing_items", json_number(r->sharing_objects));
    json_object_set_new(json, "content", counts);
    return json;
}

static void say_limits(json_t *result) {
    json_object_set_new(result, "does_not_prove", json_array());
    json_say(result, "does_not_prove",
             "that the disk keeps nothing of it: file systems and flash memory leave old bytes "
             "where no file shows them, until they are overwritten");
    json_say(result, "does_not_prove",
             "anything about copies elsewhere: exports, backups, other vaults, the source");
    json_say(result, "does_not_prove",
             "that its entries are gone: names, hashes and times stay in the ledger");
}

static bool complete(const struct vault_compact_report *r) {
    return r->refused_count == 0 && r->packs_touched == 0 && r->packs_unreadable == 0 &&
           r->planned_count == r->removed_count;
}

/* From the approval on no examination of the item ends well; one that ended just before it found
 * something that is not in the plan. */
static ex_code check_not_examined(struct disposing *d, struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*object)[SHA256_BYTES] = NULL;
    size_t count;
    EX_TRY(needed_refresh(&d->needed, err));
    EX_TRY(needed_objects_of(&d->needed, d->item->id, &object, &count, err));
    if (count == d->object_count)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_BUSY, "item %s was examined meanwhile", d->item->label), err,
                   "nothing was removed; approve it again");
}

static ex_code remove_it(struct act *act, struct disposing *d, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    EX_TRY(check_not_examined(d, err));
    if (progress != NULL) {
        progress->phase = "disposing";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, d->report->planned_plain_bytes);
    }
    return vault_compact_run(d->compaction, progress, err);
}

static ex_code approve(struct act *act, struct disposing *d, json_t **ret_result,
                       struct ex_error *err) {
    struct ex_error why;
    EX_TRY(plan(act, d, err));
    EX_TRY(intent(act, d, "approve", err));
    if (d->approval == 0)
        EX_TRY(sign_decision(act, "dispose.approve", &d->proposal, d->item, &d->approval, err));
    d->needed.read_size = 0; /* the approval stands there now */
    ex_code code = remove_it(act, d, &why);
    json_t *result = tombstone_json(d);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return compact_failed(act, result, &why);
    }
    bool all = complete(d->report);
    code = act_outcome(act, all ? "done" : "partial", json_copy(result), d->item->object_id, NULL,
                       NULL, err);
    act->verdict = all ? EX_OK : EX_PARTIAL;
    json_object_set_new(result, "complete", json_boolean(all));
    say_limits(result);
    *ret_result = result;
    return code;
}

/* Nothing of it is in the vault: what became of the thing is what the officers say. Both entries in
 * one batch, so there is nothing that could be cut off. */
static ex_code approve_physical(struct act *act, struct disposing *d, json_t **ret_result,
                                struct ex_error *err) {
    if (!act_has_flag(act, FLAG_REASON))
        return ex_hint(
            ex_fail(err, EX_USAGE, "say what became of the physical item %s", d->item->label), err,
            "--reason TEXT: destroyed, returned to its owner…");
    EX_TRY(check_proposal(act, d, err));
    EX_TRY(intent(act, d, "approve", err));
    struct draft approval = decision("dispose.approve", &d->proposal, d->item);
    json_t *result = json_pack("{s:s, s:o, s:s, s:b, s:o}", "step", "removed", "item_id",
                               json_hex(d->item->id, sizeof d->item->id), "label", d->item->label,
                               "physical", 1, "proposal", json_number(d->proposal));
    ex_code code =
        act_outcome_with(act, &approval, 1, "done", json_copy(result), NULL, NULL, NULL, err);
    json_object_set_new(result, "approval",
                        code == EX_OK ? json_number(act->last_entry - 1) : json_null());
    json_object_set_new(result, "complete", json_true());
    *ret_result = result;
    return code;
}

ex_code app_item_dispose(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct disposing d = {0};
    EX_TRY(truth_load(act, &d.truth, err));
    ex_code code = truth_find(&d.truth, act->request->operand[0], &d.item, err);
    if (code == EX_OK)
        about_item(act, d.item);
    if (code == EX_OK && d.item->disposed)
        code = truth_fail_disposed(d.item, err);
    if (code == EX_OK)
        code = !act_has_flag(act, FLAG_APPROVE) ? propose(act, &d, ret_result, err)
               : d.item->physical               ? approve_physical(act, &d, ret_result, err)
                                                : approve(act, &d, ret_result, err);
    vault_compaction_free(d.compaction);
    needed_close(&d.needed);
    free(d.object);
    truth_clear(&d.truth);
    return code;
}
