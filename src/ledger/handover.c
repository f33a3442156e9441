/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §5.2: the rules of hand-overs. An entry that breaks one has no effect. */
#include "ledger/handover_internal.h"

#include <stdarg.h>
#include <stdio.h>

/* One entry of a hand-over on its way through. */
struct step {
    struct feed *f;
    struct custody_record *r;
    struct custody_item *i;
    struct custody_handover *h; /* the one that it answers */
};

EX_PRINTF(2, 3) static ex_code broken(struct step *s, const char *format, ...) {
    char text[128];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    history_finding(s->f, &s->f->h->report.rules_broken, "%s", text);
    return EX_OK;
}

static bool same_id(const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, ENTRY_ID_BYTES) == 0;
}

/* ---- the id ---- */

static struct custody_parties parties_of(const struct entry *e, enum custody_way way) {
    struct custody_parties p = {.way = way};
    memcpy(p.id, e->handover_id, sizeof p.id);
    if (way != CUSTODY_IN)
        memcpy(p.giver, e->signer_officer, sizeof p.giver);
    if (way == CUSTODY_WITHIN)
        memcpy(p.taker, e->officer_id, sizeof p.taker);
    return p;
}

bool handover_id_fits(struct feed *f, const struct custody_item *i, enum custody_way way) {
    struct custody_parties *known, p = parties_of(f->e, way);
    if ((f->e->has & ENTRY_HAS_HANDOVER) == 0)
        return true;
    HASH_FIND(hh, f->h->custody.parties, p.id, ENTRY_ID_BYTES, known);
    if (i != NULL && custody_handover_find(i, p.id) != NULL)
        history_finding(f, &f->h->report.rules_broken,
                        "begins a hand-over of an item under an id that it had before");
    else if (known != NULL && (known->way != way || !same_id(known->giver, p.giver) ||
                               !same_id(known->taker, p.taker)))
        history_finding(f, &f->h->report.rules_broken,
                        "begins a hand-over under the id of another one");
    else
        return true;
    return false;
}

ex_code handover_remember(struct feed *f, enum custody_way way, struct ex_error *err) {
    struct custody_parties *p;
    bool oom = false;
    HASH_FIND(hh, f->h->custody.parties, f->e->handover_id, ENTRY_ID_BYTES, p);
    if (p != NULL)
        return EX_OK;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the hand-overs of the ledger");
    *p = parties_of(f->e, way);
    HASH_ADD(hh, f->h->custody.parties, id, ENTRY_ID_BYTES, p);
    if (oom) {
        free(p);
        return ex_fail(err, EX_NOMEM, "no memory for the hand-overs of the ledger");
    }
    return EX_OK;
}

/* ---- offering ---- */

/* May the signer offer the item, or take an offer back? */
static bool speaks_for_item(struct step *s) {
    const struct custody_period *now = custody_now(s->i);
    const uint8_t *signer = s->f->e->signer_officer;
    const struct officer *o = history_find_officer(s->f->h, signer);
    if (now->holder == CUSTODY_OUTSIDE)
        (void)!broken(s, "speaks for an item that is held by a party outside");
    else if (now->holder == CUSTODY_UNKNOWN)
        (void)!broken(s, "speaks for an item of which it is not known who holds it");
    else if (now->holder == CUSTODY_OFFICER && !same_id(now->officer, signer))
        (void)!broken(s, "speaks for an item that another officer holds");
    else if (now->holder == CUSTODY_GAP && !history_officer_may(&o->public, "manage"))
        (void)!broken(s, "speaks for an item of a retired officer without the permission "
                         "\"manage\"");
    else
        return true;
    return false;
}

static bool taker_fits(struct step *s) {
    const struct entry *e = s->f->e;
    const struct officer *taker = history_find_officer(s->f->h, e->officer_id);
    if ((e->has & ENTRY_HAS_OFFICER) == 0)
        return true; /* to another vault */
    if (taker == NULL)
        (void)!broken(s, "offers an item to an officer who is not enrolled");
    else if (taker->public.retired_at != 0)
        (void)!broken(s, "offers an item to an officer who had been retired");
    else if (same_id(e->officer_id, e->signer_officer))
        (void)!broken(s, "offers an item to the officer who offers it");
    else
        return true;
    return false;
}

static ex_code offer(struct step *s, struct ex_error *err) {
    enum custody_way way = (s->f->e->has & ENTRY_HAS_OFFICER) != 0 ? CUSTODY_WITHIN : CUSTODY_OUT;
    const struct custody_handover *open = custody_open(s->i);
    if (open != NULL)
        return broken(s, "offers an item that is offered already, by entry %llu",
                      (unsigned long long)open->offer);
    if (!speaks_for_item(s) || !taker_fits(s) || !handover_id_fits(s->f, s->i, way))
        return EX_OK;
    EX_TRY(handover_remember(s->f, way, err));
    return custody_add_handover(s->f, s->r, way, err);
}

/* ---- answering ---- */

static void close_it(struct step *s, enum custody_answer answer) {
    s->h->answer = answer;
    s->h->answered = s->f->index;
}

static enum custody_answer accepted(const struct entry *e) {
    return strcmp(e->result, "partial") == 0 ? CUSTODY_EXCEPTED : CUSTODY_ACCEPTED;
}

static ex_code withdraw(struct step *s, struct ex_error *err) {
    (void)err;
    if (s->h->way == CUSTODY_IN)
        return broken(s, "withdraws what another vault offers");
    if (speaks_for_item(s))
        close_it(s, CUSTODY_WITHDRAWN);
    return EX_OK;
}

/* The taker answers: whom the offer names, and of what came from outside any officer. */
static bool is_taker(struct step *s) {
    const uint8_t *signer = s->f->e->signer_officer;
    if (s->h->way == CUSTODY_OUT)
        (void)!broken(s, "answers for another vault: its receipt does that");
    else if (s->h->way == CUSTODY_WITHIN && !custody_same_officer(s->f->h, s->h->taker, signer))
        (void)!broken(s, "answers an offer to another officer");
    else
        return true;
    return false;
}

static ex_code accept(struct step *s, struct ex_error *err) {
    const uint8_t *signer = s->f->e->signer_officer;
    bool in = s->h->way == CUSTODY_IN;
    if (!is_taker(s))
        return EX_OK;
    EX_TRY(custody_pass(s->f, s->r, in ? CUSTODY_UNKNOWN : CUSTODY_OFFICER, signer, err));
    close_it(s, accepted(s->f->e));
    if (in)
        memcpy(s->h->taker, signer, sizeof s->h->taker);
    return EX_OK;
}

static ex_code refuse(struct step *s, struct ex_error *err) {
    (void)err;
    if (!is_taker(s))
        return EX_OK;
    close_it(s, CUSTODY_REFUSED);
    if (s->h->way == CUSTODY_IN)
        memcpy(s->h->taker, s->f->e->signer_officer, sizeof s->h->taker);
    return EX_OK;
}

/* What the taker's vault said, entered by the giver's: from here on it has the item. */
static ex_code receipt(struct step *s, struct ex_error *err) {
    if (s->h->way != CUSTODY_OUT)
        return broken(s, "enters a receipt for what was not offered to another vault");
    if (strcmp(s->f->e->result, "refused") == 0) {
        close_it(s, CUSTODY_REFUSED);
        return EX_OK;
    }
    EX_TRY(custody_pass(s->f, s->r, CUSTODY_OUTSIDE, NULL, err));
    close_it(s, accepted(s->f->e));
    return EX_OK;
}

/* The giver's ledger has entered the receipt: from that instant on, which the body names, the
 * officer who accepted holds the item, and until then the giver did. Of one who was retired
 * meanwhile nobody can say for how long: that is a gap from the beginning. */
static ex_code take_over(struct step *s, struct ex_error *err) {
    const struct officer *o = history_find_officer(s->f->h, s->h->taker);
    while (o->replaced_by != NULL)
        o = o->replaced_by;
    custody_unpass(s->r);
    EX_TRY(custody_pass(s->f, s->r, o->public.retired_at != 0 ? CUSTODY_GAP : CUSTODY_OFFICER,
                        o->public.id, err));
    s->i->period[s->i->period_count - 1].from_elsewhere = true;
    s->i->period[s->i->period_count - 2].until_elsewhere = true;
    return EX_OK;
}

static ex_code confirm(struct step *s, struct ex_error *err) {
    bool done = strcmp(s->f->e->result, "done") == 0, refused = s->h->answer == CUSTODY_REFUSED;
    if (done && refused)
        return broken(s, "confirms that what was refused was handed over");
    if (done)
        EX_TRY(take_over(s, err));
    else if (!refused)
        custody_unpass(s->r); /* the giver had withdrawn: it held the item all the time */
    s->h->confirmation = done ? CUSTODY_CONFIRMED : CUSTODY_DENIED;
    s->h->confirmed = s->f->index;
    return EX_OK;
}

/* ---- every one of them ---- */

enum { RESULT_DONE = 1, RESULT_PARTIAL = 2, RESULT_REFUSED = 4 };

static const struct rule {
    const char *event;
    unsigned results; /* 0: has no result, and no intent */
    bool answers_answer;
    ex_code (*run)(struct step *s, struct ex_error *err);
} rules[] = {
    {"handover.offer", 0, false, offer},
    {"handover.withdraw", 0, false, withdraw},
    {"handover.accept", RESULT_DONE | RESULT_PARTIAL, false, accept},
    {"handover.refuse", RESULT_REFUSED, false, refuse},
    {"handover.receipt", RESULT_DONE | RESULT_PARTIAL | RESULT_REFUSED, false, receipt},
    {"handover.confirm", RESULT_DONE | RESULT_REFUSED, true, confirm},
};

static const struct rule *find_rule(const char *event) {
    for (size_t n = 0; n < sizeof rules / sizeof rules[0]; n++)
        if (strcmp(event, rules[n].event) == 0)
            return &rules[n];
    return NULL;
}

bool custody_is_handover(const char *event) {
    return find_rule(event) != NULL;
}

static bool check_handover_lines(struct step *s, const struct rule *rule) {
    static const char *const words[] = {"done", "partial", "refused"};
    const unsigned always = ENTRY_HAS_CASE | ENTRY_HAS_ITEM | ENTRY_HAS_HANDOVER;
    const unsigned some = ENTRY_HAS_INTENT | ENTRY_HAS_RESULT | ENTRY_HAS_OFFICER;
    const struct entry *e = s->f->e;
    bool is_offer = rule->run == offer, result_fits = rule->results == 0;
    unsigned may = is_offer ? ENTRY_HAS_OFFICER : 0;
    unsigned must =
        always | (is_offer ? 0 : ENTRY_HAS_INTENT) | (rule->results != 0 ? ENTRY_HAS_RESULT : 0);
    for (unsigned n = 0; n < 3; n++)
        result_fits |= (rule->results & 1u << n) != 0 && strcmp(e->result, words[n]) == 0;
    if ((e->has & must) != must)
        (void)!broken(s, "lacks a line that %s must have", e->event);
    else if ((e->has & some & ~must & ~may) != 0)
        (void)!broken(s, "has a line that %s does not have", e->event);
    else if (!result_fits)
        (void)!broken(s, "has a result that %s does not have", e->event);
    else
        return true;
    return false;
}

static bool find_item(struct step *s) {
    const struct entry *e = s->f->e;
    s->r = custody_record(s->f->h, e->item_id);
    s->i = s->r != NULL ? &s->r->public : NULL;
    if (s->i == NULL)
        (void)!broken(s, "hands over an item that no earlier entry brings into the ledger");
    else if (s->i->ended != 0)
        (void)!broken(s, "hands over an item that was disposed of, by entry %llu",
                      (unsigned long long)s->i->ended);
    else if (s->i->has_case && !same_id(s->i->case_id, e->case_id))
        (void)!broken(s, "hands over an item as one of another case");
    else
        return true;
    return false;
}

/* What the entry answers, which is still to be answered. */
static bool find_answered(struct step *s, const struct rule *rule) {
    const struct entry *e = s->f->e;
    for (size_t n = 0; n < s->i->handover_count; n++) {
        struct custody_handover *h = &s->i->handover[n];
        bool fits = rule->answers_answer ? h->way == CUSTODY_IN && h->answered == e->intent
                                         : h->offer == e->intent;
        if (fits && same_id(h->id, e->handover_id))
            s->h = h;
    }
    if (s->h == NULL || (rule->answers_answer && s->h->answer == CUSTODY_OPEN))
        (void)!broken(s, "answers %llu, which is nothing of this hand-over that %s can answer",
                      (unsigned long long)e->intent, e->event);
    else if (rule->answers_answer && s->h->confirmed != 0)
        (void)!broken(s, "confirms again what entry %llu confirmed",
                      (unsigned long long)s->h->confirmed);
    else if (!rule->answers_answer && s->h->answer != CUSTODY_OPEN)
        (void)!broken(s, "answers an offer that entry %llu closed",
                      (unsigned long long)s->h->answered);
    else
        return true;
    return false;
}

ex_code custody_handover(struct feed *f, struct ex_error *err) {
    const struct rule *rule = find_rule(f->e->event);
    struct step s = {.f = f};
    if (!check_handover_lines(&s, rule) || !find_item(&s))
        return EX_OK;
    if (rule->run != offer && !find_answered(&s, rule))
        return EX_OK;
    return rule->run(&s, err);
}
