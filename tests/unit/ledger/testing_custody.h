/* SPDX-License-Identifier: Apache-2.0 */
/* Five officers who hand items over to each other and to vaults outside. */
#ifndef EXHIBIT_TESTS_LEDGER_TESTING_CUSTODY_H
#define EXHIBIT_TESTS_LEDGER_TESTING_CUSTODY_H

#include "testing_history.h"

#include "ledger/custody.h"

enum { PEOPLE = 5, PEOPLE_MAX = 16, KEY_PERSON = 20 };

/* Officer n: id {0xa0 + n}, key KEY_PERSON + n, session key KEY_PERSON + 100 + n. Who may what: */
static const char *const permission_of[PEOPLE] = {"all", "handover", "handover", "all", "view"};

static const uint8_t CASE[ENTRY_ID_BYTES] = {0xca}, OBJECT[SHA256_BYTES] = {0x0b};

static inline void id_of(uint8_t first, unsigned n, uint8_t ret[static ENTRY_ID_BYTES]) {
    memset(ret, 0, ENTRY_ID_BYTES);
    ret[0] = first;
    ret[1] = (uint8_t)n;
}

#define PERSON(n, to)   id_of(0xa0, n, to)
#define ITEM(n, to)     id_of(0x17, n, to)
#define HANDOVER(n, to) id_of(0xd0, n, to)

static inline void about(struct entry *e, unsigned item) {
    e->has |= ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    memcpy(e->case_id, CASE, sizeof CASE);
    ITEM(item, e->item_id);
}

static inline void with_handover(struct entry *e, unsigned handover) {
    e->has |= ENTRY_HAS_HANDOVER;
    HANDOVER(handover, e->handover_id);
}

static inline void with_result(struct entry *e, const char *result) {
    e->has |= ENTRY_HAS_RESULT;
    (void)snprintf(e->result, sizeof e->result, "%s", result);
}

static inline void with_object(struct entry *e) {
    e->has |= ENTRY_HAS_OBJECT;
    memcpy(e->object_id, OBJECT, sizeof OBJECT);
}

/* ---- what happens ---- */

static uint64_t session_of[PEOPLE_MAX];

static inline bool feed_by_session(struct scene *s, struct entry *e, unsigned person) {
    e->signer_session = session_of[person];
    return feed(s, e, (uint8_t)(KEY_PERSON + 100 + person));
}

static inline bool feed_by_own_key(struct scene *s, struct entry *e, unsigned person) {
    e->signer = ENTRY_SIGNER_OFFICER;
    PERSON(person, e->signer_officer);
    return feed(s, e, (uint8_t)(KEY_PERSON + person));
}

static inline void open_person(struct scene *s, unsigned person) {
    uint8_t id[ENTRY_ID_BYTES];
    PERSON(person, id);
    session_of[person] = s->log.size;
    struct entry e = open_session(s, id, (uint8_t)(KEY_PERSON + 100 + person));
    e.expires_ns += (int64_t)1 << 60;
    assert_true(feed(s, &e, (uint8_t)(KEY_PERSON + person)));
}

/* Five officers, each with a session; the first scene's own officer is none of them. */
static inline int start_people(void **state) {
    start(state);
    struct scene *s = *state;
    for (unsigned n = 0; n < PEOPLE; n++) {
        uint8_t id[ENTRY_ID_BYTES];
        PERSON(n, id);
        struct entry e = enrol(s, id, (uint8_t)(KEY_PERSON + n), permission_of[n]);
        assert_true(feed(s, &e, KEY_SESSION));
        open_person(s, n);
    }
    return 0;
}

static inline bool collect(struct scene *s, unsigned item, unsigned person) {
    struct entry e = next(s, "collect.intent");
    assert_true(feed_by_session(s, &e, person));
    e = outcome(s, "collect.outcome", s->log.size - 1);
    about(&e, item);
    with_object(&e);
    return feed_by_session(s, &e, person);
}

static inline bool registers(struct scene *s, unsigned item, unsigned person) {
    struct entry e = next(s, "item.register");
    about(&e, item);
    with_result(&e, "done");
    return feed_by_session(s, &e, person);
}

/* handover 0: without an offer. */
static inline bool import(struct scene *s, unsigned item, unsigned handover, unsigned person) {
    struct entry e = next(s, "import.item");
    about(&e, item);
    with_object(&e);
    with_result(&e, "done");
    if (handover != 0)
        with_handover(&e, handover);
    return feed_by_session(s, &e, person);
}

enum { OUTSIDE = 99 };

static inline bool offers(struct scene *s, unsigned item, unsigned handover, unsigned giver,
                          unsigned taker) {
    struct entry e = next(s, "handover.offer");
    about(&e, item);
    with_handover(&e, handover);
    if (taker != OUTSIDE) {
        e.has |= ENTRY_HAS_OFFICER;
        PERSON(taker, e.officer_id);
    }
    return feed_by_own_key(s, &e, giver);
}

/* result NULL: none, as of a withdrawal. */
static inline bool answers(struct scene *s, const char *event, unsigned item, unsigned handover,
                           uint64_t intent, const char *result, unsigned person) {
    struct entry e = next(s, event);
    about(&e, item);
    with_handover(&e, handover);
    e.has |= ENTRY_HAS_INTENT;
    e.intent = intent;
    if (result != NULL)
        with_result(&e, result);
    return feed_by_own_key(s, &e, person);
}

static inline bool retires(struct scene *s, unsigned who, unsigned by) {
    struct entry e = next(s, "officer.retire");
    e.has = ENTRY_HAS_OFFICER;
    PERSON(who, e.officer_id);
    return feed_by_session(s, &e, by);
}

static inline bool recovers(struct scene *s, unsigned who, unsigned as, const char *permission) {
    uint8_t id[ENTRY_ID_BYTES];
    PERSON(as, id);
    struct entry e = enrol(s, id, (uint8_t)(KEY_PERSON + as), permission);
    memcpy(e.event, "officer.recover", 16);
    e.signer = ENTRY_SIGNER_VAULT;
    e.has |= ENTRY_HAS_REPLACES;
    PERSON(who, e.replaces_id);
    bool good = feed(s, &e, KEY_VAULT);
    if (good)
        open_person(s, as);
    return good;
}

static inline bool decides(struct scene *s, const char *event, unsigned item, uint64_t proposal,
                           unsigned person) {
    struct entry e = next(s, event);
    about(&e, item);
    if (proposal != 0) {
        e.has |= ENTRY_HAS_INTENT;
        e.intent = proposal;
    }
    return feed_by_own_key(s, &e, person);
}

/* Officers 0 and 3 may. */
static inline void disposes(struct scene *s, unsigned item, bool physical) {
    struct entry e = next(s, "dispose.intent");
    about(&e, item);
    assert_true(feed_by_session(s, &e, 0));
    assert_true(decides(s, "dispose.propose", item, 0, 0));
    uint64_t proposal = s->log.size - 1;
    e = outcome(s, "dispose.outcome", proposal - 1);
    about(&e, item);
    assert_true(feed_by_session(s, &e, 0));
    e = next(s, "dispose.intent");
    about(&e, item);
    assert_true(feed_by_session(s, &e, 3));
    assert_true(decides(s, "dispose.approve", item, proposal, 3));
    e = outcome(s, "dispose.outcome", s->log.size - 2);
    about(&e, item);
    if (!physical)
        with_object(&e);
    assert_true(feed_by_session(s, &e, 3));
}

static inline const struct custody_item *found(const struct scene *s, unsigned item) {
    uint8_t id[ENTRY_ID_BYTES];
    ITEM(item, id);
    return custody_find(s->h, id);
}

static inline uint64_t last(const struct scene *s) {
    return s->log.size - 1;
}

/* All that the custody of a history says, as text; the caller frees. */
static inline char *describe(const struct scene *s) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    const struct custody_item *i;
    for (size_t n = 0; (i = custody_at(s->h, n)) != NULL; n++) {
        (void)fprintf(to, "item %u %u-%u:", i->id[1], (unsigned)i->begun, (unsigned)i->ended);
        for (size_t k = 0; k < i->period_count; k++)
            (void)fprintf(to, " %d/%u/%u-%u", (int)i->period[k].holder, i->period[k].officer[1],
                          (unsigned)i->period[k].from, (unsigned)i->period[k].until);
        for (size_t k = 0; k < i->handover_count; k++)
            (void)fprintf(to, " h%u/%d/%u/%u", i->handover[k].id[1], (int)i->handover[k].answer,
                          (unsigned)i->handover[k].answered, (unsigned)i->handover[k].confirmed);
        (void)fprintf(to, "\n");
    }
    assert_int_equal(fclose(to), 0);
    return text;
}

#endif
