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

/* Who is in the place of an officer now: whoever came into it by recovery. */
static size_t place_of(const struct history *h, size_t officer) {
    while (officer != OUTSIDE && h->officers[officer].successor != 0) officer = h->officers[officer].successor;
    return officer;
}

static bool for_holder(const struct history *h, size_t holder, size_t by) {
    holder = place_of(h, holder);
    if (holder == OUTSIDE) return false;
    return in_office(&h->officers[holder]) ? holder == by : may(&h->officers[by], "permission manage\n");
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
    bool collected = event_is(e, "collect.outcome") && e->has_object, imported = event_is(e, "import.item");
    bool done = strcmp(e->result, "done") == 0 && (imported || event_is(e, "item.register"));
    if (!e->has_item || !(collected || done)) return NULL;
    const struct item *before = item_find(r, e->item);
    const char *why = NULL;
    if (before != NULL && !(imported && e->has_handover && before->holder == OUTSIDE && !before->gone && before->physical == !e->has_object &&
                            same(before->object, e->object, 32)))
        why = "its item was in the ledger before";
    r->items = room(r, r->items, r->n_items, sizeof *r->items, MAX_ENTRIES, "items");
    struct item *i = memset(&r->items[r->n_items++], 0, sizeof *i);
    i->entry = e->index;
    i->physical = !e->has_object;
    i->holder = imported ? OUTSIDE : by;
    memcpy(i->id, e->item, 16);
    memcpy(i->object, e->object, 32);
    memcpy(i->case_id, e->case_id, 16);
    return why == NULL && imported && e->has_handover ? offer_add(r, h, e, OUTSIDE, NONE) : why;
}

static const char *offer_check(struct run *r, struct history *h, const struct entry *e, const struct item *i, size_t by) {
    const struct officer *taker = e->has_officer ? officer_find(h, e->officer) : NULL;
    if (!for_holder(h, i->holder, by)) return "it is not by the holder";
    if (e->intent != NONE || e->result[0] != '\0') return "an offer has neither intent nor result";
    if (e->has_officer && !in_office(taker)) return "its taker is nobody in office";
    if (taker == &h->officers[by]) return "the taker is the giver";
    return offer_add(r, h, e, by, taker == NULL ? OUTSIDE : (size_t)(taker - h->officers));
}

/* The offer that `e` answers; of a confirmation, that of the accept or refuse that it names. */
static struct offer *offer_of(const struct history *h, const struct entry *e) {
    bool confirm = event_is(e, "handover.confirm");
    for (size_t i = 0; i < h->n_offers; i++) {
        struct offer *o = &h->offers[i];
        if (e->intent != NONE && (confirm ? o->answer : o->entry) == e->intent)
            return same(o->item, e->item, 16) && same(o->id, e->handover, 16) ? o : NULL;
    }
    return NULL;
}

static const char *answer_check(struct history *h, const struct entry *e, struct item *i, size_t by) {
    struct offer *o = offer_of(h, e);
    bool accept = event_is(e, "handover.accept"), refuse = event_is(e, "handover.refuse");
    bool receipt = event_is(e, "handover.receipt"), confirm = event_is(e, "handover.confirm");
    bool done = strcmp(e->result, "done") == 0, refused = strcmp(e->result, "refused") == 0;
    bool taken = done || strcmp(e->result, "partial") == 0, ours = o != NULL && o->giver != OUTSIDE;
    if (!accept && !refuse && !receipt && !confirm && !event_is(e, "handover.withdraw")) return "there is no such event";
    if (o == NULL || !(o->open || confirm)) return "it names no open offer of this item and hand-over";
    if (accept ? !taken : refuse ? !refused : receipt ? !taken && !refused : confirm ? !done && !refused : e->result[0] != '\0')
        return "such an event has another result";
    if (accept || refuse ? ours && (o->taker == OUTSIDE || place_of(h, o->taker) != by) : receipt && (!ours || o->taker != OUTSIDE))
        return "it is not by the taker, or such an offer is not answered so";
    if (!accept && !refuse && !receipt && !confirm && !for_holder(h, i->holder, by)) return "it is not by the holder";
    if (confirm && done && !o->accepted) return "what it confirms was refused";
    o->open = false;
    o->answer = (accept || refuse) && !ours ? e->index : NONE; /* to be confirmed, once */
    if (confirm && done) i->holder = o->taker;
    if (receipt && taken) i->holder = OUTSIDE;
    if (accept && ours) i->holder = by;
    if (accept && !ours) o->accepted = true, o->taker = by;
    return NULL;
}

const char *custody_check(struct run *r, struct history *h, const struct entry *e, size_t by) {
    struct item *i = e->has_item ? item_find(r, e->item) : NULL;
    if (!e->has_case || !e->has_item || !e->has_handover) return "it lacks one of the lines case, item, handover";
    if (!may(&h->officers[by], "permission handover\n")) return "the officer has not the permission handover";
    if (i == NULL && h->n_unknown > 0) {
        find(r, SIGNERS, PARTLY, AT(e->index), "%s: the entry that began its item could not be read", e->event);
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
