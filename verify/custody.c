/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §5.2: one holder at each instant, as far as the entries that are there say. An item is held by an
 * officer (an index in the history) or by somebody OUTSIDE; rules.c has looked at the signature before. */
#include "verify.h"

#include <string.h>

struct item *item_find(const struct run *r, const uint8_t id[16]) { /* the newest: an item may come back */
    for (size_t i = r->n_items; i-- > 0;)
        if (same(r->items[i].id, id, 16)) return &r->items[i];
    return NULL;
}

/* The holder; or whoever came into that place by recovery; or, when nobody is in it, an officer with `manage`. */
static bool for_holder(const struct history *h, size_t holder, size_t by) {
    if (holder == OUTSIDE) return false;
    while (h->officers[holder].successor != 0) holder = h->officers[holder].successor;
    return in_office(&h->officers[holder]) ? holder == by : may(&h->officers[by], "permission manage\n");
}
static bool for_taker(const struct history *h, size_t taker, size_t by) {
    while (taker != OUTSIDE && taker != by && h->officers[taker].successor != 0) taker = h->officers[taker].successor;
    return taker == by;
}

/* NULL, or what is wrong with an offer or an import under an offer. */
static const char *offer_add(struct run *r, struct history *h, const struct entry *e, size_t giver, size_t taker) {
    struct offer o = {e->index, NONE, {0}, {0}, giver, taker, true, false};
    memcpy(o.id, e->handover, 16);
    memcpy(o.item, e->item, 16);
    for (size_t i = 0; i < h->n_offers; i++) {
        const struct offer *p = &h->offers[i];
        bool same_item = same(p->item, o.item, 16), same_id = same(p->id, o.id, 16);
        if (same_item && (p->open || (p->accepted && p->answer != NONE))) return "its item has an open offer";
        if (same_item && same_id) return "its item was offered under this id before";
        if (same_id && (p->giver != giver || p->taker != taker)) return "the offer has another giver or taker for another item";
    }
    h->offers = room(r, h->offers, h->n_offers, sizeof o, MAX_MANY, "offers");
    h->offers[h->n_offers++] = o;
    return NULL;
}

const char *custody_begin(struct run *r, struct history *h, const struct entry *e, size_t by) {
    bool collected = event_is(e, "collect.outcome") && e->has & OBJECT, imported = event_is(e, "import.item");
    bool done = result_is(e, "done") && (imported || event_is(e, "item.register")), offered = imported && e->has & HANDOVER;
    if (!(e->has & ITEM) || !(collected || done)) return NULL;
    const struct item *b = item_find(r, e->item);
    bool again = b != NULL && !(offered && b->holder == OUTSIDE && !b->gone && b->physical == !(e->has & OBJECT) && same(b->object, e->object, 32));
    r->items = room(r, r->items, r->n_items, sizeof *r->items, MAX_ENTRIES, "items");
    struct item *i = memset(&r->items[r->n_items++], 0, sizeof *i);
    i->entry = e->index;
    i->physical = !(e->has & OBJECT);
    i->holder = imported ? OUTSIDE : by;
    memcpy(i->id, e->item, 16);
    memcpy(i->object, e->object, 32);
    memcpy(i->case_id, e->case_id, 16);
    return again ? "its item was in the ledger before" : offered ? offer_add(r, h, e, OUTSIDE, NONE) : NULL;
}

static const char *offer_check(struct run *r, struct history *h, const struct entry *e, const struct item *i, size_t by) {
    const struct officer *taker = e->has & OFFICER ? officer_find(h, e->officer) : NULL;
    if (!for_holder(h, i->holder, by)) return "it is not by the holder";
    if (e->intent != NONE || e->result[0] != '\0') return "an offer has neither intent nor result";
    if (e->has & OFFICER && !in_office(taker)) return "its taker is nobody in office";
    if (taker == &h->officers[by]) return "the taker is the giver";
    return offer_add(r, h, e, by, taker == NULL ? OUTSIDE : (size_t)(taker - h->officers));
}

/* The offer that `e` answers; of a confirmation, that of the accept or refuse that it names. */
static struct offer *offer_of(const struct history *h, const struct entry *e, bool confirm) {
    for (size_t i = 0; e->intent != NONE && i < h->n_offers; i++) {
        struct offer *o = &h->offers[i];
        if ((confirm ? o->answer : o->entry) == e->intent)
            return same(o->item, e->item, 16) && same(o->id, e->handover, 16) && (o->open || confirm) ? o : NULL;
    }
    return NULL;
}

static const char *answer_check(struct history *h, const struct entry *e, struct item *i, size_t by) {
    static const struct { const char *event; bool none, done, partial, refused; } answers[] = {
        {"handover.accept", false, true, true, false}, {"handover.refuse", false, false, false, true},
        {"handover.receipt", false, true, true, true}, {"handover.confirm", false, true, false, true},
        {"handover.withdraw", true, false, false, false}};
    enum { ACCEPT, REFUSE, RECEIPT, CONFIRM, WITHDRAW } k = ACCEPT;
    while (k <= WITHDRAW && !event_is(e, answers[k].event)) k++;
    if (k > WITHDRAW) return "there is no such event";
    struct offer *o = offer_of(h, e, k == CONFIRM);
    bool done = result_is(e, "done"), partial = result_is(e, "partial"), refused = result_is(e, "refused");
    if (!(done ? answers[k].done : partial ? answers[k].partial : refused ? answers[k].refused : e->result[0] == '\0' && answers[k].none))
        return "such an event has another result";
    if (o == NULL) return "it names no open offer of this item and hand-over";
    bool ours = o->giver != OUTSIDE, answer = k == ACCEPT || k == REFUSE;
    if (answer && ours && !for_taker(h, o->taker, by)) return "it is not by the taker";
    if (k == RECEIPT && (!ours || o->taker != OUTSIDE)) return "its offer was not to somebody outside";
    if (k == WITHDRAW && !for_holder(h, i->holder, by)) return "it is not by the holder";
    if (k == CONFIRM && done && !o->accepted) return "what it confirms was refused";
    o->open = false;
    o->answer = answer && !ours ? e->index : NONE; /* to be confirmed, once */
    if (k == CONFIRM && done) i->holder = o->taker;
    if (k == RECEIPT && !refused) i->holder = OUTSIDE;
    if (k == ACCEPT && ours) i->holder = by;
    if (k == ACCEPT && !ours) o->accepted = true, o->taker = by;
    return NULL;
}

const char *custody_check(struct run *r, struct history *h, const struct entry *e, size_t by) {
    struct item *i = e->has & ITEM ? item_find(r, e->item) : NULL;
    if ((e->has & (CASE | ITEM | HANDOVER)) != (CASE | ITEM | HANDOVER)) return "it lacks one of the lines case, item, handover";
    if (!may(&h->officers[by], "permission handover\n")) return "the officer has not the permission handover";
    if (i == NULL && h->n_unknown > 0) {
        find(r, SIGNERS, PARTLY, e->index, "%s: the entry that began its item could not be read", e->event);
        return NULL;
    }
    if (i == NULL || i->gone || !same(i->case_id, e->case_id, 16)) return "no such item is held in this case";
    return event_is(e, "handover.offer") ? offer_check(r, h, e, i, by) : answer_check(h, e, i, by);
}

bool offer_open(const struct history *h, const uint8_t id[16], const uint8_t item[16]) {
    for (size_t i = 0; i < h->n_offers; i++) {
        const struct offer *o = &h->offers[i];
        if (o->open && o->taker == OUTSIDE && same(o->id, id, 16) && same(o->item, item, 16)) return true;
    }
    return false;
}
