/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of entering what the other vault answered (format/ledger §5.2): at the giver's the
 * receipt, by which the item passes; at the taker's the confirmation, by which that is known there.
 * Nothing of the file is believed that its own ledger does not prove under the key that was known
 * before. Entering the same again changes nothing. */
#include "app/custody_internal.h"

#include "base/file.h"

#include <fcntl.h>

struct entering {
    struct handing handing;
    struct excerpt *x;
    struct excerpt_report *report;
    struct history *there; /* the other vault's, of what is in the file */
    struct note_key key;   /* of the other vault */
    bool receipt;          /* otherwise a confirmation */
    bool already;          /* it was entered before */
};

/* ---- the file, and which hand-over it is about ---- */

static ex_code read_file(struct act *act, struct entering *n, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    const char *path = act->request->operand[0];
    EX_TRY(ex_read_file(AT_FDCWD, path, EXCERPT_BYTES_MAX, &text, &size, err));
    if (excerpt_parse((const char *)text, size, &n->x, err) != EX_OK)
        return ex_hint(
            ex_fail(err, EX_FORMAT, "\"%.150s\" is no receipt and no confirmation", path), err,
            "the other vault writes them: exhibit handover receipt");
    if (strcmp(excerpt_origin(n->x), vault_config(act->vault)->origin) == 0)
        return ex_hint(ex_fail(err, EX_USAGE, "this vault wrote that itself"), err,
                       "it is for the other one: exhibit handover enter FILE, there");
    return EX_OK;
}

/* Of our hand-overs the one that this entry of the other ledger answers; NULL: none. */
static const struct custody_handover *answered_by(const struct entering *n, const struct entry *e,
                                                  bool *ret_receipt) {
    bool taker =
        strcmp(e->event, "handover.accept") == 0 || strcmp(e->event, "handover.refuse") == 0;
    bool giver = strcmp(e->event, "handover.offer") == 0;
    if ((!taker && !giver) || (e->has & ENTRY_HAS_ITEM) == 0 || (e->has & ENTRY_HAS_HANDOVER) == 0)
        return NULL;
    const struct custody_item *c = custody_find(n->handing.reading.history, e->item_id);
    const struct custody_handover *h = c != NULL ? custody_handover_find(c, e->handover_id) : NULL;
    *ret_receipt = taker;
    return h != NULL && h->way == (taker ? CUSTODY_OUT : CUSTODY_IN) ? h : NULL;
}

static bool waits(const struct custody_handover *h) {
    return h->way == CUSTODY_OUT ? h->answer == CUSTODY_OPEN
                                 : h->answer != CUSTODY_OPEN && h->confirmed == 0;
}

/* An item may have gone to and fro: of several the one that still waits, otherwise the latest. */
static ex_code find_handover(struct act *act, struct entering *n, struct ex_error *err) {
    const struct custody_handover *best = NULL;
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    for (size_t k = 0; k < excerpt_count(n->x); k++) {
        struct excerpt_entry one;
        bool receipt = false;
        excerpt_at(n->x, k, &one);
        if (entry_parse(one.bytes, one.size_bytes, e, NULL) != EX_OK)
            continue;
        const struct custody_handover *h = answered_by(n, e, &receipt);
        if (h == NULL || (best != NULL && waits(best) && !waits(h)))
            continue;
        best = h;
        n->receipt = receipt;
    }
    if (best == NULL)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "it answers no hand-over of this vault"), err,
                       "exhibit handover list shows those that there are");
    memcpy(n->handing.id, best->id, sizeof n->handing.id);
    return handing_take_handover(act, &n->handing, err);
}

/* ---- is it good ---- */

/* Of a receipt the vault that the offer named; of a confirmation the one that the package was from.
 */
static ex_code know_key(struct act *act, struct entering *n, struct ex_error *err) {
    const struct handing *h = &n->handing;
    EX_AUTO(excerpt_free) struct excerpt *before = NULL;
    json_t *outside = json_object_get(h->offer, "to_outside");
    const char *vkey = json_string_value(json_object_get(outside, "vault_key"));
    if (!n->receipt) {
        EX_TRY(quote_provenance(act, h->item[0].step->offer, &before, err));
        EX_TRY(note_key_make(excerpt_origin(before), NOTE_TYPE_ED25519, excerpt_key(before),
                             &n->key, err));
    } else if (vkey == NULL || note_key_parse(vkey, &n->key, NULL) != EX_OK) {
        return ex_fail(err, EX_MISSING,
                       "to which vault it was offered cannot be read any more: "
                       "the body of entry %" PRIu64,
                       h->item[0].step->offer);
    }
    bool same_log = strcmp(excerpt_origin(n->x), n->key.name) == 0;
    if (same_log && memcmp(excerpt_key(n->x), n->key.public_key, SIGN_PUBLIC_BYTES) == 0)
        return EX_OK;
    if (same_log)
        return ex_fail(err, EX_SIGNATURE,
                       "it names another key of %.80s than the one that is known", n->key.name);
    return ex_hint(
        ex_fail(err, EX_SIGNATURE, "it is from another vault than the hand-over is with"), err,
        "%s, not %s", n->key.name, excerpt_origin(n->x));
}

static ex_code check_excerpt(struct act *act, struct entering *n, struct ex_error *err) {
    EX_TRY(know_key(act, n, err));
    n->report = ex_new0(struct excerpt_report);
    EX_TRY(excerpt_check(n->x, n->key.public_key, NULL, NULL, NULL, n->report, &n->there, err));
    if (excerpt_good(n->report))
        return EX_OK;
    const char *why = n->report->problem_count > 0        ? n->report->problem[0]
                      : n->report->history.text_count > 0 ? n->report->history.text[0]
                                                          : "its checkpoint is not signed";
    return ex_hint(ex_fail(err, EX_SIGNATURE,
                           "the file is not good under the key of the other "
                           "vault: %s",
                           why),
                   err, "nothing was entered; ask for it again: exhibit handover receipt, there");
}

/* ---- what it says of an item ---- */

static ex_code find_there(const struct entering *n, const struct handing_item *i,
                          const struct custody_handover **ret, struct ex_error *err) {
    const struct custody_item *c = custody_find(n->there, i->item->id);
    const struct custody_handover *h = c != NULL ? custody_handover_find(c, n->handing.id) : NULL;
    enum custody_way way = n->receipt ? CUSTODY_IN : CUSTODY_OUT;
    if (h == NULL || h->way != way)
        return ex_fail(err, EX_NOT_FOUND, "it does not answer for item %s", i->item->label);
    if (c->physical != i->item->physical ||
        memcmp(c->object_id, i->custody->object_id, sizeof c->object_id) != 0)
        return ex_fail(err, EX_ALTERED, "it is about other bytes than those of item %s",
                       i->item->label);
    if (h->answer == CUSTODY_OPEN)
        return ex_hint(ex_fail(err, EX_NOT_FOUND,
                               "the other vault has not answered for item %s yet", i->item->label),
                       err, "this was written before: ask for a new one");
    *ret = h;
    return EX_OK;
}

static bool accepted(enum custody_answer answer) {
    return answer == CUSTODY_ACCEPTED || answer == CUSTODY_EXCEPTED;
}

/* The result of the entry to be: of a receipt that of the answer there. */
static const char *receipt_result(const struct custody_handover *there) {
    return there->answer == CUSTODY_ACCEPTED   ? "done"
           : there->answer == CUSTODY_EXCEPTED ? "partial"
                                               : "refused";
}

static ex_code fail_contradiction(const struct handing_item *i, const char *there,
                                  struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_SIGNATURE,
                           "the other ledger says of item %s that it %s, and entry %" PRIu64
                           " here says something else",
                           i->item->label, there, i->step->answered),
                   err, "keep the file: one of the two ledgers is not what it was");
}

/* Does the giver's receipt name our answer? */
static ex_code check_names_ours(struct act *act, const struct handing_item *i,
                                const struct quoted *q, struct ex_error *err) {
    json_t *answer = json_object_get(q->what, "answer");
    const char *log = json_string_value(json_object_get(q->what, "log"));
    if (log != NULL && strcmp(log, vault_config(act->vault)->origin) == 0 &&
        json_integer_value(json_object_get(answer, "entry")) == (json_int_t)i->step->answered)
        return EX_OK;
    return fail_contradiction(i, "was accepted by another entry", err);
}

/* ---- entries ---- */

static const char *text_of(json_t *json, const char *outer, const char *inner) {
    return json_string_value(json_object_get(json_object_get(json, outer), inner));
}

/* What both entries say of the one that they name. */
static void add_answer(const struct entering *n, const struct custody_handover *there,
                       const struct quoted *q, json_t *what) {
    size_t size;
    const char *note = excerpt_note(n->x, &size), *name = text_of(q->who, "officer", "name"),
               *agency = json_string_value(json_object_get(q->who, "agency"));
    json_t *officer = json_pack("{s:o, s:s?}", "id",
                                json_hex(q->entry.signer_officer, ENTRY_ID_BYTES), "name", name);
    json_object_set_new(what, "log", json_string(excerpt_origin(n->x)));
    json_object_set_new(what, "answer",
                        json_pack("{s:s, s:o, s:o, s:o, s:s?}", "event", q->entry.event, "entry",
                                  json_number(there->answered), "time",
                                  json_time(q->entry.clock.utc_ns), "officer", officer, "agency",
                                  agency));
    json_set_text(what, "checkpoint", note); /* it ends the text, and a NUL follows */
}

static void copy_words(json_t *to, json_t *from) {
    static const char *const keys[] = {"before", "after",         "match",    "seals",
                                       "place",  "seals_offered", "exception"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        json_t *value = json_object_get(from, keys[k]);
        if (value != NULL)
            json_object_set(to, keys[k], value);
    }
}

static void draft_result(struct draft *d, const char *result, uint64_t intent) {
    d->entry.has |= ENTRY_HAS_RESULT | ENTRY_HAS_INTENT;
    (void)snprintf(d->entry.result, sizeof d->entry.result, "%s", result);
    d->entry.intent = intent;
}

static ex_code enter_receipt(struct entering *n, size_t at, struct ex_error *err) {
    const struct handing_item *i = &n->handing.item[at];
    struct draft *d = &n->handing.draft[at];
    const struct custody_handover *there;
    struct quoted q;
    EX_TRY(find_there(n, i, &there, err));
    if (i->step->answer != CUSTODY_OPEN) {
        bool same = strcmp(receipt_result(i->step), receipt_result(there)) == 0;
        return same ? EX_OK : fail_contradiction(i, "has another answer", err);
    }
    EX_TRY(quote_at(n->x, there->answered, &q, err));
    add_answer(n, there, &q, d->what);
    copy_words(d->what, q.what);
    if (json_object_get(q.why, "reason") != NULL)
        json_object_set(d->what, "reason", json_object_get(q.why, "reason"));
    quoted_clear(&q);
    draft_result(d, receipt_result(there), i->step->offer);
    return EX_OK;
}

/* "done": the giver's ledger has entered our receipt. */
static ex_code judge_confirmation(struct act *act, const struct handing_item *i,
                                  const struct custody_handover *there, const struct quoted *q,
                                  const char **ret, struct ex_error *err) {
    bool ours = accepted(i->step->answer);
    *ret = "refused";
    if (there->answer == CUSTODY_WITHDRAWN)
        return EX_OK;
    if (accepted(there->answer) != ours)
        return fail_contradiction(i, ours ? "was refused" : "was accepted", err);
    if (ours)
        *ret = "done";
    return check_names_ours(act, i, q, err);
}

static ex_code enter_confirmation(struct act *act, struct entering *n, size_t at,
                                  struct ex_error *err) {
    const struct handing_item *i = &n->handing.item[at];
    struct draft *d = &n->handing.draft[at];
    const struct custody_handover *there;
    const char *result;
    struct quoted q;
    EX_TRY(find_there(n, i, &there, err));
    EX_TRY(quote_at(n->x, there->answered, &q, err));
    ex_code code = judge_confirmation(act, i, there, &q, &result, err);
    if (code == EX_OK) {
        bool done = strcmp(result, "done") == 0;
        add_answer(n, there, &q, d->what);
        json_object_set_new(d->what, "taken_over",
                            done ? json_time(q.entry.clock.utc_ns) : json_null());
        draft_result(d, result, i->step->answered);
        if (i->step->confirmed != 0 && (i->step->confirmation == CUSTODY_CONFIRMED) != done)
            code = fail_contradiction(i, "has another answer", err);
    }
    quoted_clear(&q);
    return code;
}

/* ---- the act ---- */

/* What cannot be entered, whatever the file says. */
static ex_code check_state(const struct entering *n, struct ex_error *err) {
    const struct custody_handover *step = n->handing.item[0].step;
    char name[HANDING_SHORT_BYTES];
    handing_short(name, n->handing.id);
    if (n->receipt && step->answer == CUSTODY_WITHDRAWN)
        return ex_hint(ex_fail(err, EX_DENIED,
                               "the hand-over %s was withdrawn by entry %" PRIu64
                               ": the item stays with its holder here",
                               name, step->answered),
                       err, "tell the other vault: exhibit handover receipt %s --output FILE",
                       name);
    if (!n->receipt && step->answer == CUSTODY_OPEN)
        return ex_hint(
            ex_fail(err, EX_NOT_FOUND, "nobody here has answered the hand-over %s yet", name), err,
            "accept or refuse it first");
    return EX_OK;
}

static ex_code draft_all(struct act *act, struct entering *n, struct ex_error *err) {
    struct handing *h = &n->handing;
    n->already = !waits(h->item[0].step);
    EX_TRY(handing_draft(h, n->receipt ? "handover.receipt" : "handover.confirm", NULL, err));
    for (size_t at = 0; at < h->count; at++)
        EX_TRY(n->receipt ? enter_receipt(n, at, err) : enter_confirmation(act, n, at, err));
    return EX_OK;
}

static ex_code intent(struct act *act, struct entering *n, struct ex_error *err) {
    json_t *what = handing_what(act, &n->handing, "enter");
    json_set_text(what, "file", act->request->operand[0]);
    json_object_set_new(what, "log", json_string(excerpt_origin(n->x)));
    return act_intent(act, what, err);
}

static ex_code commit(struct act *act, struct entering *n, struct ex_error *err) {
    json_t *what = handing_what(act, &n->handing, "enter");
    json_object_set_new(what, "already", json_boolean(n->already));
    return n->already ? act_outcome(act, "done", what, NULL, NULL, NULL, err)
                      : handing_commit(act, &n->handing, "done", what, err);
}

static ex_code enter(struct act *act, struct entering *n, json_t **ret_result,
                     struct ex_error *err) {
    EX_TRY(act_check_output(act, err));
    EX_TRY(read_file(act, n, err));
    EX_TRY(handing_load(act, &n->handing, err));
    EX_TRY(find_handover(act, n, err));
    if (!n->receipt && act_has_flag(act, FLAG_OUTPUT))
        return ex_fail(err, EX_USAGE, "a confirmation is the end: nothing is answered to it");
    EX_TRY(intent(act, n, err));
    EX_TRY(check_state(n, err));
    EX_TRY(check_excerpt(act, n, err));
    EX_TRY(draft_all(act, n, err));
    EX_TRY(commit(act, n, err));
    EX_TRY(receipt_write(act, &n->handing, err));
    EX_TRY(handover_json(act, n->handing.id, ret_result, err));
    json_object_set_new(*ret_result, "entered", json_boolean(!n->already));
    receipt_add_output(act, &n->handing, *ret_result);
    return EX_OK;
}

ex_code app_handover_enter(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct entering n = {0};
    ex_code code = enter(act, &n, ret_result, err);
    handing_clear(&n.handing);
    history_free(n.there);
    excerpt_free(n.x);
    free(n.report);
    return code;
}
