/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories, legal and illegal, against a second and much simpler reading of format/ledger
 * §5.2: who holds what is written down for each entry, and compared with the periods afterwards. */
#include "testing_custody.h"

enum { HISTORIES = 120, EVENTS = 90, ITEMS = 3, TIMES_MAX = 4 * EVENTS + 64, OFFERS_MAX = EVENTS };

struct model_offer {
    unsigned id;
    enum custody_way way;
    unsigned giver, taker;
    uint64_t offer, answered, confirmed;
    enum custody_answer answer;
};

struct model_item {
    bool begun, ended, physical;
    enum custody_holder holder;
    unsigned officer;
    unsigned offer_count;
    struct model_offer offer[OFFERS_MAX];
    /* after each entry: 0 nobody (not begun, ended), else 1 + holder + 10 × officer */
    unsigned at[TIMES_MAX];
    uint64_t times;
};

struct model {
    struct scene *s;
    struct model_item item[ITEMS];
    unsigned people; /* so far */
    bool retired[PEOPLE_MAX];
    unsigned replaced_by[PEOPLE_MAX]; /* 0: nobody */
    const char *may[PEOPLE_MAX];
    uint64_t seed, illegal, legal, gaps;
};

static unsigned roll(struct model *m, unsigned below) {
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((m->seed >> 33) % below);
}

static bool can(const struct model *m, unsigned person, const char *what) {
    return person < m->people && !m->retired[person] &&
           (strcmp(m->may[person], "all") == 0 || strcmp(m->may[person], what) == 0);
}

static unsigned code_of(const struct model_item *i) {
    if (!i->begun || i->ended)
        return 0;
    return 1 + (unsigned)i->holder + (i->holder == CUSTODY_OUTSIDE ? 0 : 10 * i->officer);
}

static void note_time(struct model *m) {
    for (unsigned n = 0; n < ITEMS; n++)
        for (struct model_item *i = &m->item[n]; i->times < m->s->log.size; i->times++) {
            assert_true(i->times < TIMES_MAX);
            i->at[i->times] = code_of(i);
        }
}

static struct model_offer *open_offer(struct model_item *i) {
    struct model_offer *o = i->offer_count > 0 ? &i->offer[i->offer_count - 1] : NULL;
    return o != NULL && o->answer == CUSTODY_OPEN && !i->ended ? o : NULL;
}

static bool id_is_used(const struct model_item *i, unsigned id) {
    for (unsigned n = 0; n < i->offer_count; n++)
        if (i->offer[n].id == id)
            return true;
    return false;
}

/* Does another item's hand-over under this id have other parties? */
static bool id_clashes(const struct model *m, const struct model_offer *o) {
    for (unsigned n = 0; n < ITEMS; n++)
        for (unsigned k = 0; k < m->item[n].offer_count; k++) {
            const struct model_offer *x = &m->item[n].offer[k];
            unsigned taker = x->way == CUSTODY_IN ? OUTSIDE : x->taker;
            if (x->id == o->id && (x->way != o->way || x->giver != o->giver || taker != o->taker))
                return true;
        }
    return false;
}

static bool speaks(const struct model *m, const struct model_item *i, unsigned p) {
    return (i->holder == CUSTODY_OFFICER && i->officer == p) ||
           (i->holder == CUSTODY_GAP && can(m, p, "manage"));
}

static unsigned successor(const struct model *m, unsigned p) {
    while (m->replaced_by[p] != 0)
        p = m->replaced_by[p];
    return p;
}

static bool descends(const struct model *m, unsigned from, unsigned p) {
    for (;; from = m->replaced_by[from]) {
        if (from == p)
            return true;
        if (m->replaced_by[from] == 0)
            return false;
    }
}

/* ---- events: each tries one, and says whether it was legal by the model ---- */

static bool try_begin(struct model *m, unsigned n, bool *ret_good) {
    struct model_item *i = &m->item[n];
    unsigned p = roll(m, 2) * 3, kind = roll(m, 4), id = kind == 3 ? 1 + roll(m, 250) : 0;
    struct model_offer o = {id, CUSTODY_IN, OUTSIDE, OUTSIDE, m->s->log.size, 0, 0, CUSTODY_OPEN};
    bool back = i->begun && !i->ended && kind == 3 && i->holder == CUSTODY_OUTSIDE &&
                open_offer(i) == NULL && !i->physical;
    bool legal = (!i->begun || back) && (kind < 3 || (!id_is_used(i, id) && !id_clashes(m, &o)));
    if (kind == 0)
        *ret_good = collect(m->s, n, p);
    else
        *ret_good = kind == 1 ? registers(m->s, n, p) : import(m->s, n, id, p);
    if (!legal)
        return false;
    if (!back) {
        note_time(m);
        i->times--; /* the entry itself begins it */
        i->begun = true;
        i->physical = kind == 1;
        i->holder = kind < 2 ? CUSTODY_OFFICER : CUSTODY_OUTSIDE;
        i->officer = p;
    }
    if (kind == 3)
        i->offer[i->offer_count++] = o;
    return true;
}

static bool try_offer(struct model *m, unsigned n, bool *ret_good) {
    struct model_item *i = &m->item[n];
    bool holder = i->holder == CUSTODY_OFFICER && roll(m, 4) != 0;
    unsigned p = holder ? i->officer : roll(m, m->people);
    unsigned q = roll(m, 3) == 0 ? OUTSIDE : roll(m, m->people + 1);
    bool outside = q == OUTSIDE;
    struct model_offer o = {
        1 + roll(m, 250), outside ? CUSTODY_OUT : CUSTODY_WITHIN, p, q, m->s->log.size, 0, 0,
        CUSTODY_OPEN};
    bool legal = i->begun && !i->ended && open_offer(i) == NULL && can(m, p, "handover") &&
                 speaks(m, i, p) && (outside || (q < m->people && !m->retired[q] && q != p)) &&
                 !id_is_used(i, o.id) && !id_clashes(m, &o);
    *ret_good = offers(m->s, n, o.id, p, q);
    if (legal)
        i->offer[i->offer_count++] = o;
    return legal;
}

static void close_offer(struct model_item *i, struct model_offer *o, enum custody_answer answer,
                        uint64_t index, unsigned p) {
    o->answer = answer;
    o->answered = index;
    if (o->way == CUSTODY_IN)
        o->taker = p;
    if (answer != CUSTODY_ACCEPTED)
        return;
    i->holder = o->way == CUSTODY_WITHIN ? CUSTODY_OFFICER
                : o->way == CUSTODY_OUT  ? CUSTODY_OUTSIDE
                                         : CUSTODY_UNKNOWN;
    i->officer = p;
}

static bool try_answer(struct model *m, unsigned n, bool *ret_good) {
    static const char *const event[] = {"handover.withdraw", "handover.accept", "handover.refuse",
                                        "handover.receipt"};
    struct model_item *i = &m->item[n];
    struct model_offer *o = open_offer(i);
    unsigned kind = roll(m, 4), p = roll(m, m->people);
    bool refused = kind == 2 || (kind == 3 && roll(m, 2) == 0);
    if (o != NULL && o->way == CUSTODY_WITHIN && roll(m, 3) != 0)
        p = kind == 0 ? i->officer : successor(m, o->taker);
    bool stale = roll(m, 8) == 0;
    uint64_t index = m->s->log.size, intent = o != NULL && !stale ? o->offer : roll(m, 30);
    unsigned id = o != NULL && roll(m, 12) != 0 ? o->id : 251;
    bool legal = i->begun && !i->ended && o != NULL && intent == o->offer && id == o->id &&
                 can(m, p, "handover");
    if (kind == 0)
        legal = legal && o->way != CUSTODY_IN && speaks(m, i, p);
    else if (kind == 3)
        legal = legal && o->way == CUSTODY_OUT;
    else
        legal = legal &&
                (o->way == CUSTODY_IN || (o->way == CUSTODY_WITHIN && descends(m, o->taker, p)));
    *ret_good = answers(m->s, event[kind], n, id, intent,
                        kind == 0 ? NULL
                        : refused ? "refused"
                                  : "done",
                        p);
    if (legal)
        close_offer(i, o,
                    kind == 0 ? CUSTODY_WITHDRAWN
                    : refused ? CUSTODY_REFUSED
                              : CUSTODY_ACCEPTED,
                    index, p);
    return legal;
}

static bool try_confirm(struct model *m, unsigned n, bool *ret_good) {
    struct model_item *i = &m->item[n];
    struct model_offer *o = i->offer_count > 0 ? &i->offer[i->offer_count - 1] : NULL;
    unsigned p = roll(m, 2) == 0 ? 0 : roll(m, m->people);
    bool done = roll(m, 2) == 0;
    uint64_t intent = o != NULL && roll(m, 6) != 0 ? o->answered : roll(m, 30);
    bool legal = i->begun && !i->ended && o != NULL && o->way == CUSTODY_IN &&
                 o->answer != CUSTODY_OPEN && o->confirmed == 0 && intent == o->answered &&
                 can(m, p, "handover") && !(done && o->answer == CUSTODY_REFUSED);
    uint64_t index = m->s->log.size;
    *ret_good = answers(m->s, "handover.confirm", n, o != NULL ? o->id : 251, intent,
                        done ? "done" : "refused", p);
    if (!legal)
        return false;
    o->confirmed = index;
    if (o->answer == CUSTODY_REFUSED)
        return true;
    i->holder = CUSTODY_OUTSIDE; /* what was not known is known now */
    for (uint64_t t = o->answered; t < i->times; t++)
        i->at[t] = code_of(i);
    if (done) {
        i->officer = successor(m, o->taker);
        i->holder = m->retired[i->officer] ? CUSTODY_GAP : CUSTODY_OFFICER;
    }
    return true;
}

static bool try_leave(struct model *m, bool *ret_good) {
    unsigned who = roll(m, m->people), by = roll(m, 2) * 3;
    bool recovery = roll(m, 2) == 0;
    if (who == 0 || who == 3 || m->people == PEOPLE_MAX) {
        *ret_good = true; /* these two stay */
        return true;
    }
    bool legal = !m->retired[who];
    unsigned as = recovery && legal ? m->people : 0;
    *ret_good = recovery ? recovers(m->s, who, m->people, m->may[who]) : retires(m->s, who, by);
    if (!legal)
        return false;
    m->retired[who] = true;
    m->replaced_by[who] = as;
    if (recovery)
        m->may[m->people++] = m->may[who];
    for (unsigned n = 0; n < ITEMS; n++) {
        struct model_item *i = &m->item[n];
        if (!i->begun || i->ended || i->holder != CUSTODY_OFFICER || i->officer != who)
            continue;
        i->holder = recovery ? CUSTODY_OFFICER : CUSTODY_GAP;
        i->officer = recovery ? as : who;
    }
    return true;
}

static bool try_dispose(struct model *m, unsigned n, bool *ret_good) {
    struct model_item *i = &m->item[n];
    *ret_good = true;
    if (!i->begun || i->ended || roll(m, 6) != 0)
        return true;
    disposes(m->s, n, i->physical);
    m->s->log.size--;
    note_time(m); /* up to the tombstone it is held */
    m->s->log.size++;
    i->ended = true;
    return true;
}

static bool try_event(struct model *m, bool *ret_good) {
    unsigned n = roll(m, ITEMS), kind = roll(m, 20);
    return kind < 3    ? try_begin(m, n, ret_good)
           : kind < 8  ? try_offer(m, n, ret_good)
           : kind < 15 ? try_answer(m, n, ret_good)
           : kind < 18 ? try_confirm(m, n, ret_good)
           : kind < 19 ? try_leave(m, ret_good)
                       : try_dispose(m, n, ret_good);
}

/* ---- comparing ---- */

static void compare_item(struct model *m, unsigned n) {
    const struct model_item *i = &m->item[n];
    const struct custody_item *real = found(m->s, n);
    assert_int_equal(real != NULL, i->begun);
    if (real == NULL)
        return;
    assert_true(custody_is_continuous(real));
    assert_int_equal(real->ended != 0, i->ended);
    for (uint64_t t = 0; t < i->times; t++) {
        unsigned holds = 0, periods = 0;
        for (size_t k = 0; k < real->period_count; k++) {
            const struct custody_period *p = &real->period[k];
            if (t < p->from || (p->until != 0 && t >= p->until))
                continue;
            periods++;
            holds = 1 + (unsigned)p->holder + 10 * p->officer[1];
            m->gaps += p->holder == CUSTODY_GAP;
        }
        assert_true(periods <= 1);
        if (holds != i->at[t])
            fail_msg("item %u at entry %u: %u, not %u", n, (unsigned)t, holds, i->at[t]);
    }
}

static void one_event(struct model *m) {
    char *was = describe(m->s);
    uint64_t findings = m->s->report.text_count;
    bool good, legal = try_event(m, &good);
    char *is = describe(m->s);
    if (good != legal)
        fail_msg("%s, and the history finds %s: %s", legal ? "legal" : "illegal",
                 good ? "nothing" : "something",
                 m->s->report.text[(m->s->report.text_count - 1) % HISTORY_TEXTS_MAX]);
    assert_int_equal(m->s->report.text_count, findings + (legal ? 0 : 1));
    if (!legal)
        assert_string_equal(was, is);
    *(legal ? &m->legal : &m->illegal) += 1;
    free(was);
    free(is);
    note_time(m);
}

static void test_random(void **state) {
    uint64_t legal = 0, illegal = 0, gaps = 0;
    for (unsigned n = 0; n < HISTORIES; n++) {
        struct model *m = calloc(1, sizeof *m);
        assert_int_equal(start_people(state), 0);
        *m = (struct model){.s = *state, .people = PEOPLE, .seed = n};
        memcpy(m->may, permission_of, sizeof permission_of);
        note_time(m);
        for (unsigned k = 0; k < EVENTS; k++)
            one_event(m);
        for (unsigned k = 0; k < ITEMS; k++)
            compare_item(m, k);
        legal += m->legal;
        illegal += m->illegal;
        gaps += m->gaps;
        free(m);
        stop(state);
    }
    print_message("%u legal events, %u illegal ones, %u entries within gaps\n", (unsigned)legal,
                  (unsigned)illegal, (unsigned)gaps);
    assert_true(legal > 500 && illegal > 500 && gaps > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests_name("ledger/custody_random", tests, NULL, NULL);
}
