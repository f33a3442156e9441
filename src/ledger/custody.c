/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §5.2: the periods of items, and what begins and ends them. The rules of hand-overs
 * are in handover.c. */
#include "ledger/handover_internal.h"

enum { CUSTODY_BYTES_MAX = 1 << 30 };

/* ---- looking up ---- */

struct custody_record *custody_record(const struct history *h, const uint8_t *item_id) {
    struct custody_record *r;
    HASH_FIND(hh, h->custody.records, item_id, ENTRY_ID_BYTES, r);
    return r;
}

const struct custody_item *custody_find(const struct history *h,
                                        const uint8_t item_id[static ENTRY_ID_BYTES]) {
    const struct custody_record *r = custody_record(h, item_id);
    return r == NULL ? NULL : &r->public;
}

const struct custody_item *custody_at(const struct history *h, size_t position) {
    const struct custody_record *r = h->custody.records;
    for (; r != NULL && position > 0; position--)
        r = r->hh.next;
    return r == NULL ? NULL : &r->public;
}

const struct custody_period *custody_now(const struct custody_item *i) {
    return &i->period[i->period_count - 1];
}

const struct custody_handover *custody_open(const struct custody_item *i) {
    const struct custody_handover *last =
        i->handover_count > 0 ? &i->handover[i->handover_count - 1] : NULL;
    return last != NULL && last->answer == CUSTODY_OPEN && i->ended == 0 ? last : NULL;
}

const struct custody_handover *custody_handover_find(const struct custody_item *i,
                                                     const uint8_t id[static ENTRY_ID_BYTES]) {
    for (size_t n = 0; n < i->handover_count; n++)
        if (memcmp(i->handover[n].id, id, ENTRY_ID_BYTES) == 0)
            return &i->handover[n];
    return NULL;
}

bool custody_is_continuous(const struct custody_item *i) {
    if (i->period_count == 0 || i->period[0].from != i->begun || custody_now(i)->until != i->ended)
        return false;
    for (size_t n = 1; n < i->period_count; n++)
        if (i->period[n].from != i->period[n - 1].until ||
            i->period[n].from_elsewhere != i->period[n - 1].until_elsewhere)
            return false;
    return true;
}

bool custody_same_officer(const struct history *h, const uint8_t named[static ENTRY_ID_BYTES],
                          const uint8_t officer[static ENTRY_ID_BYTES]) {
    const struct officer *o = history_find_officer(h, named);
    for (; o != NULL; o = o->replaced_by)
        if (memcmp(o->public.id, officer, ENTRY_ID_BYTES) == 0)
            return true;
    return false;
}

/* ---- periods ---- */

ex_code custody_pass(struct feed *f, struct custody_record *r, enum custody_holder holder,
                     const uint8_t *officer, struct ex_error *err) {
    struct custody_item *i = &r->public;
    const struct entry *e = f->e;
    EX_TRY(ex_grow(&i->period, &r->period_capacity, i->period_count + 1, sizeof *i->period,
                   CUSTODY_BYTES_MAX, "the custody of items", err));
    if (i->period_count > 0) {
        struct custody_period *last = &i->period[i->period_count - 1];
        last->until = f->index;
        last->until_ns = e->clock.utc_ns;
    }
    struct custody_period *p = &i->period[i->period_count++];
    *p = (struct custody_period){.holder = holder, .from = f->index, .from_ns = e->clock.utc_ns};
    memcpy(p->event, e->event, sizeof p->event);
    if (officer != NULL)
        memcpy(p->officer, officer, sizeof p->officer);
    p->has_handover = (e->has & ENTRY_HAS_HANDOVER) != 0;
    memcpy(p->handover, e->handover_id, sizeof p->handover);
    return EX_OK;
}

void custody_unpass(struct custody_record *r) {
    struct custody_item *i = &r->public;
    struct custody_period *before = &i->period[--i->period_count - 1];
    before->until = 0;
    before->until_ns = 0;
    before->until_elsewhere = false;
}

ex_code custody_add_handover(struct feed *f, struct custody_record *r, enum custody_way way,
                             struct ex_error *err) {
    struct custody_item *i = &r->public;
    const struct entry *e = f->e;
    EX_TRY(ex_grow(&i->handover, &r->handover_capacity, i->handover_count + 1, sizeof *i->handover,
                   CUSTODY_BYTES_MAX, "the hand-overs of items", err));
    struct custody_handover *h = &i->handover[i->handover_count++];
    *h = (struct custody_handover){.way = way, .offer = f->index};
    memcpy(h->id, e->handover_id, sizeof h->id);
    if (way != CUSTODY_IN)
        memcpy(h->giver, e->signer_officer, sizeof h->giver);
    if (way == CUSTODY_WITHIN)
        memcpy(h->taker, e->officer_id, sizeof h->taker);
    return EX_OK;
}

/* ---- beginning ---- */

static ex_code new_record(struct feed *f, struct custody_record **ret, struct ex_error *err) {
    const struct entry *e = f->e;
    bool oom = false;
    struct custody_record *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the custody of items");
    memcpy(r->public.id, e->item_id, sizeof r->public.id);
    r->public.has_case = (e->has & ENTRY_HAS_CASE) != 0;
    memcpy(r->public.case_id, e->case_id, sizeof r->public.case_id);
    r->public.physical = (e->has & ENTRY_HAS_OBJECT) == 0;
    memcpy(r->public.object_id, e->object_id, sizeof r->public.object_id);
    r->public.begun = f->index;
    HASH_ADD(hh, f->h->custody.records, public.id, ENTRY_ID_BYTES, r);
    if (oom) {
        free(r);
        return ex_fail(err, EX_NOMEM, "no memory for the custody of items");
    }
    *ret = r;
    return EX_OK;
}

/* What was handed over to another vault may come back from it. */
static bool comes_back(const struct feed *f, const struct custody_record *r) {
    const struct custody_item *i = &r->public;
    return strcmp(f->e->event, "import.item") == 0 && (f->e->has & ENTRY_HAS_HANDOVER) != 0 &&
           i->ended == 0 && custody_now(i)->holder == CUSTODY_OUTSIDE && custody_open(i) == NULL &&
           i->physical == ((f->e->has & ENTRY_HAS_OBJECT) == 0) &&
           memcmp(i->object_id, f->e->object_id, sizeof i->object_id) == 0;
}

static ex_code begin_imported(struct feed *f, struct custody_record *r, struct ex_error *err) {
    if (r->public.period_count == 0)
        EX_TRY(custody_pass(f, r, CUSTODY_OUTSIDE, NULL, err));
    if ((f->e->has & ENTRY_HAS_HANDOVER) == 0)
        return EX_OK;
    EX_TRY(handover_remember(f, CUSTODY_IN, err));
    return custody_add_handover(f, r, CUSTODY_IN, err);
}

static ex_code begin(struct feed *f, struct ex_error *err) {
    const struct session *s = history_find_session(f->h, f->e->signer_session);
    struct custody_record *r = custody_record(f->h, f->e->item_id);
    bool imported = strcmp(f->e->event, "import.item") == 0;
    if (r != NULL && !comes_back(f, r)) {
        history_finding(f, &f->h->report.rules_broken,
                        "brings an item into the ledger that entry %llu brought in",
                        (unsigned long long)r->public.begun);
        return EX_OK;
    }
    if (imported && !handover_id_fits(f, r != NULL ? &r->public : NULL, CUSTODY_IN))
        return EX_OK;
    if (r == NULL)
        EX_TRY(new_record(f, &r, err));
    if (imported)
        return begin_imported(f, r, err);
    return custody_pass(f, r, CUSTODY_OFFICER, s->officer->public.id, err);
}

static void end(struct feed *f) {
    struct custody_record *r = custody_record(f->h, f->e->item_id);
    if (r == NULL || r->public.ended != 0)
        return;
    struct custody_period *last = &r->public.period[r->public.period_count - 1];
    r->public.ended = last->until = f->index;
    last->until_ns = f->e->clock.utc_ns;
}

ex_code custody_take(struct feed *f, struct ex_error *err) {
    const struct entry *e = f->e;
    bool done = strcmp(e->result, "done") == 0, item = (e->has & ENTRY_HAS_ITEM) != 0;
    bool collected = strcmp(e->event, "collect.outcome") == 0 && (e->has & ENTRY_HAS_OBJECT) != 0;
    bool registered = strcmp(e->event, "item.register") == 0 && done;
    bool imported = strcmp(e->event, "import.item") == 0 && done;
    if (item && registered && (e->has & ENTRY_HAS_OBJECT) != 0)
        history_finding(f, &f->h->report.rules_broken, "registers an object as a physical item");
    else if (item && (collected || registered || imported))
        return begin(f, err);
    else if (disposal_ends_item(f))
        end(f);
    return EX_OK;
}

/* ---- officers come and go ---- */

ex_code custody_leave(struct feed *f, const struct officer *who, const struct officer *by,
                      struct ex_error *err) {
    struct custody_record *r, *next;
    HASH_ITER(hh, f->h->custody.records, r, next) {
        const struct custody_period *now = custody_now(&r->public);
        if (r->public.ended != 0 || now->holder != CUSTODY_OFFICER ||
            memcmp(now->officer, who->public.id, sizeof now->officer) != 0)
            continue;
        EX_TRY(custody_pass(f, r, by != NULL ? CUSTODY_OFFICER : CUSTODY_GAP,
                            by != NULL ? by->public.id : who->public.id, err));
    }
    return EX_OK;
}

void custody_free(struct custody *c) {
    struct custody_record *r, *next;
    HASH_ITER(hh, c->records, r, next) {
        HASH_DEL(c->records, r);
        free(r->public.period);
        free(r->public.handover);
        free(r);
    }
    HISTORY_FREE_ALL(custody_parties, c->parties);
}
