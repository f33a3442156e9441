/* SPDX-License-Identifier: Apache-2.0 */
/* What offering and answering a hand-over share (ledger.md §5.2): its items, their entries by the
 * officer's own key in one batch with the outcome, and who may. The rules are the ledger's; they
 * are asked here first, so that nobody signs what then counts for nothing. */
#include "app/custody_internal.h"

#include "base/cursor.h"

enum { ID_DIGITS_MIN = 6 };

ex_code handing_load(struct act *act, struct handing *h, struct ex_error *err) {
    EX_TRY(truth_load(act, &h->truth, err));
    return custody_load(act, &h->reading, err);
}

void handing_clear(struct handing *h) {
    truth_clear(&h->truth);
    reading_clear(&h->reading);
    for (size_t n = 0; h->draft != NULL && n < h->count; n++)
        json_decref(h->draft[n].what);
    free(h->item);
    free(h->draft);
    free(h->index);
    json_decref(h->offer);
    json_decref(h->why);
    *h = (struct handing){0};
}

const char *handing_short(char to[static HANDING_SHORT_BYTES], const uint8_t *id) {
    char hex[2 * ENTRY_ID_BYTES + 1];
    (void)snprintf(to, HANDING_SHORT_BYTES, "%.8s", ex_hex(hex, id, ENTRY_ID_BYTES));
    return to;
}

/* ---- its items ---- */

static ex_code add_item(struct handing *h, const struct item_truth *i, struct ex_error *err) {
    for (size_t n = 0; n < h->count; n++)
        if (h->item[n].item == i)
            return ex_fail(err, EX_USAGE, "item %s is named twice", i->label);
    const struct custody_item *c = custody_find(h->reading.history, i->id);
    if (c == NULL)
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the entry that brought item %s into the ledger is not good",
                               i->label),
                       err, "exhibit ledger verify says what is wrong with it");
    h->item[h->count++] = (struct handing_item){.item = i, .custody = c};
    return EX_OK;
}

static ex_code make_room(struct handing *h, size_t count, struct ex_error *err) {
    EX_TRY(ex_alloc(count, sizeof *h->item, EX_LIMIT_RECORD_BYTES, "the items of a hand-over",
                    &h->item, err));
    return ex_alloc(count, sizeof *h->index, EX_LIMIT_RECORD_BYTES, "the items of a hand-over",
                    &h->index, err);
}

ex_code handing_take_items(struct act *act, struct handing *h, struct ex_error *err) {
    const struct request *r = act->request;
    const struct item_truth *i;
    EX_TRY(make_room(h, r->operand_count, err));
    for (unsigned n = 0; n < r->operand_count; n++) {
        EX_TRY(truth_find(&h->truth, r->operand[n], &i, err));
        if (i->approval != 0)
            return truth_fail_disposed(i, err);
        EX_TRY(add_item(h, i, err));
    }
    return EX_OK;
}

/* ---- by its id ---- */

static ex_code fail_name(const char *name, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no hand-over \"%.40s\"", name), err,
                   "exhibit handover list shows them; the first %d digits are enough",
                   ID_DIGITS_MIN);
}

static bool begins(const uint8_t *id, const char *digits) {
    char hex[2 * ENTRY_ID_BYTES + 1];
    return strncmp(ex_hex(hex, id, ENTRY_ID_BYTES), digits, strlen(digits)) == 0;
}

static ex_code resolve(struct handing *h, const char *name, struct ex_error *err) {
    const struct custody_item *i;
    bool found = false;
    size_t length = strlen(name);
    if (length < ID_DIGITS_MIN || length > 2 * (size_t)ENTRY_ID_BYTES ||
        strspn(name, "0123456789abcdef") != length)
        return fail_name(name, err);
    for (size_t n = 0; (i = custody_at(h->reading.history, n)) != NULL; n++)
        for (size_t k = 0; k < i->handover_count; k++) {
            const uint8_t *id = i->handover[k].id;
            if (!begins(id, name))
                continue;
            if (found && memcmp(h->id, id, sizeof h->id) != 0)
                return ex_hint(ex_fail(err, EX_USAGE, "several hand-overs begin with %s", name),
                               err, "give more digits: exhibit handover list");
            memcpy(h->id, id, sizeof h->id);
            found = true;
        }
    return found ? EX_OK : fail_name(name, err);
}

/* As the giver's ledger has it. */
static ex_code read_offer_there(struct act *act, struct handing *h, struct ex_error *err) {
    struct quoted q;
    ex_code code = quote_offer(act, h->item[0].step->offer, h->item[0].item->id, h->id, &q, err);
    if (code == EX_MISSING || code == EX_ALTERED || code == EX_FORMAT)
        return EX_OK;
    EX_TRY(code);
    h->offer = json_incref(q.what);
    h->why = json_incref(q.why);
    quoted_clear(&q);
    return EX_OK;
}

/* The offer in words; without its body nothing but the entries is known of it. */
static ex_code read_offer(struct act *act, struct handing *h, struct ex_error *err) {
    if (h->item[0].step->way == CUSTODY_IN)
        return read_offer_there(act, h, err);
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    EX_AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    EX_TRY(ledger_read(act->ledger, h->item[0].step->offer, &bytes, &size, err));
    EX_TRY(entry_parse(bytes, size, e, err));
    if (project_section(act, e, "what", &h->offer, NULL) != EX_OK)
        h->offer = NULL;
    if (project_section(act, e, "why", &h->why, NULL) != EX_OK)
        h->why = NULL;
    return EX_OK;
}

ex_code handing_find(struct act *act, struct handing *h, struct ex_error *err) {
    EX_TRY(resolve(h, act->request->operand[0], err));
    return handing_take_handover(act, h, err);
}

ex_code handing_take_handover(struct act *act, struct handing *h, struct ex_error *err) {
    char name[HANDING_SHORT_BYTES];
    EX_TRY(make_room(h, h->truth.item_count, err));
    for (size_t n = 0; n < h->truth.item_count; n++) {
        const struct item_truth *i = &h->truth.items[n];
        const struct custody_item *c = custody_find(h->reading.history, i->id);
        const struct custody_handover *step = c != NULL ? custody_handover_find(c, h->id) : NULL;
        if (step == NULL)
            continue;
        EX_TRY(add_item(h, i, err));
        h->item[h->count - 1].step = step;
    }
    if (h->count == 0)
        return fail_name(handing_short(name, h->id), err);
    return read_offer(act, h, err);
}

ex_code handing_check_open(const struct handing *h, struct ex_error *err) {
    static const char *const how[] = {[CUSTODY_WITHDRAWN] = "withdrawn",
                                      [CUSTODY_ACCEPTED] = "accepted",
                                      [CUSTODY_EXCEPTED] = "accepted with an exception",
                                      [CUSTODY_REFUSED] = "refused"};
    char name[HANDING_SHORT_BYTES];
    for (size_t n = 0; n < h->count; n++) {
        const struct custody_handover *step = h->item[n].step;
        if (h->item[n].custody->ended != 0)
            return truth_fail_disposed(h->item[n].item, err);
        if (step->answer != CUSTODY_OPEN)
            return ex_hint(ex_fail(err, EX_EXISTS, "the hand-over %s was %s, by entry %" PRIu64,
                                   handing_short(name, h->id), how[step->answer], step->answered),
                           err, "exhibit handover list shows what is open");
    }
    return EX_OK;
}

/* ---- who may ---- */

static ex_code fail_other_holder(struct act *act, const struct handing_item *i,
                                 const struct custody_period *now, struct ex_error *err) {
    EX_AUTO_FREE char *name = custody_officer_name(act, now->officer);
    return ex_hint(ex_fail(err, EX_DENIED,
                           "item %s is held by %.100s, and only the holder may do "
                           "that",
                           i->item->label, name),
                   err, "exhibit custody log %s shows who held it, and since when", i->item->label);
}

ex_code handing_check_speaks(struct act *act, const struct handing_item *i, struct ex_error *err) {
    const struct custody_period *now = custody_now(i->custody);
    const char *label = i->item->label;
    bool manages = history_officer_may(roster_officer(act, act->officer.id), "manage");
    if (now->holder == CUSTODY_OUTSIDE)
        return ex_hint(
            ex_fail(err, EX_DENIED, "item %s is held by a party outside this vault", label), err,
            "what is here is a copy: exhibit custody log %s", label);
    if (now->holder == CUSTODY_UNKNOWN)
        return ex_hint(ex_fail(err, EX_DENIED,
                               "it is not known yet who holds item %s: the giver "
                               "has not confirmed the hand-over",
                               label),
                       err, "exhibit handover enter FILE, with the giver's confirmation");
    if (now->holder == CUSTODY_OFFICER &&
        memcmp(now->officer, act->officer.id, sizeof now->officer) != 0)
        return fail_other_holder(act, i, now, err);
    if (now->holder == CUSTODY_GAP && !manages)
        return ex_hint(ex_fail(err, EX_DENIED,
                               "item %s has no holder: its last one was retired by entry %" PRIu64,
                               label, now->from),
                       err, "an officer with the permission \"manage\" offers it to a new holder");
    return EX_OK;
}

/* ---- entries ---- */

json_t *handing_what(struct act *act, const struct handing *h, const char *step) {
    json_t *items = json_array();
    for (size_t n = 0; n < h->count; n++)
        json_array_append_new(items, json_pack("{s:o, s:s}", "id",
                                               json_hex(h->item[n].item->id, ENTRY_ID_BYTES),
                                               "label", h->item[n].item->label));
    if (h->count == 1) {
        memcpy(act->item_id, h->item[0].item->id, sizeof act->item_id);
        memcpy(act->case_id, h->item[0].item->case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    }
    return json_pack("{s:s, s:o, s:o}", "step", step, "handover", json_hex(h->id, sizeof h->id),
                     "items", items);
}

ex_code handing_draft(struct handing *h, const char *event, const char *result,
                      struct ex_error *err) {
    EX_TRY(ex_alloc(h->count, sizeof *h->draft, EX_LIMIT_RECORD_BYTES * 64,
                    "the entries of a hand-over", &h->draft, err));
    for (size_t n = 0; n < h->count; n++) {
        const struct item_truth *i = h->item[n].item;
        struct draft *d = &h->draft[n];
        struct entry *e = &d->entry;
        d->by_officer = true;
        e->has = ENTRY_HAS_CASE | ENTRY_HAS_ITEM | ENTRY_HAS_HANDOVER;
        (void)snprintf(e->event, sizeof e->event, "%s", event);
        memcpy(e->case_id, i->case_id, sizeof e->case_id);
        memcpy(e->item_id, i->id, sizeof e->item_id);
        memcpy(e->handover_id, h->id, sizeof e->handover_id);
        if (result != NULL) {
            e->has |= ENTRY_HAS_RESULT;
            (void)snprintf(e->result, sizeof e->result, "%s", result);
        }
        if (h->item[n].step != NULL) {
            e->has |= ENTRY_HAS_INTENT;
            e->intent = h->item[n].step->offer;
        }
        d->what =
            json_pack("{s:o, s:o, s:s, s:o}", "handover", json_hex(h->id, sizeof h->id), "item_id",
                      json_hex(i->id, sizeof i->id), "label", i->label, "object",
                      i->physical ? json_null() : json_hex(i->object_id, sizeof i->object_id));
    }
    return EX_OK;
}

static bool same_custody(const struct custody_item *a, const struct custody_item *b) {
    size_t n = a->handover_count;
    return a->period_count == b->period_count && a->ended == b->ended && n == b->handover_count &&
           (n == 0 || (a->handover[n - 1].answered == b->handover[n - 1].answered &&
                       a->handover[n - 1].confirmed == b->handover[n - 1].confirmed));
}

/* Under the ledger's lock: has nothing been done to these items meanwhile? */
static ex_code still_so(struct act *act, struct draft *draft, void *context, struct ex_error *err) {
    const struct handing *h = context;
    struct reading now;
    (void)draft;
    EX_TRY(custody_load(act, &now, err));
    bool same = h->taker == NULL || history_officer(now.history, h->taker)->retired_at == 0;
    for (size_t n = 0; n < h->count && same; n++) {
        const struct custody_item *was = h->item[n].custody;
        same = same_custody(was, custody_find(now.history, was->id));
    }
    reading_clear(&now);
    return same ? EX_OK
                : ex_hint(ex_fail(err, EX_BUSY,
                                  "somebody else was faster: the items were handed "
                                  "over, or offered, meanwhile"),
                          err, "exhibit handover list shows how they stand now");
}

ex_code handing_commit(struct act *act, struct handing *h, const char *result, json_t *what,
                       struct ex_error *err) {
    size_t count = h->count;
    EX_AUTO_FREE struct draft *draft = ex_steal(&h->draft); /* their bodies are taken over */
    EX_TRY(act_outcome_with(act, draft, count, result, what, NULL, still_so, h, err));
    for (size_t n = 0; n < count; n++)
        h->index[n] = act->last_entry - count + n;
    return EX_OK;
}
