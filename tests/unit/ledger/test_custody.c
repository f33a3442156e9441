/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §5.2, rule by rule. */
#include "testing_custody.h"

/* ---- what is read out of it ---- */

/* "officer2@17 gap2@20": holders and the entries that they begin at. */
static void assert_periods(const struct scene *s, unsigned item, const char *expected) {
    static const char *const word[] = {"officer", "outside", "unknown", "gap"};
    const struct custody_item *i = found(s, item);
    char text[400] = "";
    assert_non_null(i);
    assert_true(custody_is_continuous(i));
    for (size_t n = 0; n < i->period_count; n++) {
        const struct custody_period *p = &i->period[n];
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%s", n > 0 ? " " : "", word[p->holder]);
        used = strlen(text);
        if (p->holder != CUSTODY_OUTSIDE)
            (void)snprintf(text + used, sizeof text - used, "%u", p->officer[1]);
        used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "@%u%s", (unsigned)p->from,
                       p->from_elsewhere ? "*" : "");
    }
    assert_string_equal(text, expected);
}

#define EXPECT(s, item, format, ...)                                                               \
    do {                                                                                           \
        char text_[400];                                                                           \
        (void)snprintf(text_, sizeof text_, format, __VA_ARGS__);                                  \
        assert_periods(s, item, text_);                                                            \
    } while (0)

/* One finding more, which says this; nobody holds anything else than before. */
#define REFUSED(s, words, call)                                                                    \
    do {                                                                                           \
        uint64_t before_ = (s)->report.rules_broken;                                               \
        char *was_ = describe(s);                                                                  \
        assert_false(call);                                                                        \
        char *is_ = describe(s);                                                                   \
        assert_string_equal(was_, is_);                                                            \
        free(was_);                                                                                \
        free(is_);                                                                                 \
        assert_int_equal((s)->report.rules_broken, before_ + 1);                                   \
        assert_non_null(strstr((s)->report.text[(s)->report.text_count - 1], words));              \
    } while (0)

/* ---- in one vault ---- */

static void test_handed_over(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    uint64_t begun = last(s);
    assert_true(offers(s, 1, 1, 0, 2));
    uint64_t offer = last(s);
    EXPECT(s, 1, "officer0@%u", (unsigned)begun);
    const struct custody_handover *h = custody_open(found(s, 1));
    assert_int_equal(h->offer, offer);
    assert_int_equal(h->way, CUSTODY_WITHIN);
    assert_int_equal(h->giver[1], 0);
    assert_int_equal(h->taker[1], 2);
    assert_true(answers(s, "handover.accept", 1, 1, offer, "partial", 2));
    EXPECT(s, 1, "officer0@%u officer2@%u", (unsigned)begun, (unsigned)last(s));
    const struct custody_item *i = found(s, 1);
    assert_null(custody_open(i));
    assert_int_equal(i->handover[0].answer, CUSTODY_EXCEPTED);
    assert_int_equal(i->handover[0].answered, last(s));
    assert_string_equal(i->period[1].event, "handover.accept");
    assert_true(i->period[1].has_handover && i->period[1].handover[1] == 1);
    assert_int_equal(i->period[0].until_ns, i->period[1].from_ns);
    assert_true(offers(s, 1, 2, 2, 0));
    assert_true(answers(s, "handover.refuse", 1, 2, last(s), "refused", 0));
    assert_int_equal(custody_now(found(s, 1))->officer[1], 2);
    assert_true(offers(s, 1, 3, 2, 0));
    assert_true(answers(s, "handover.withdraw", 1, 3, last(s), NULL, 2));
    assert_int_equal(found(s, 1)->handover[2].answer, CUSTODY_WITHDRAWN);
    assert_int_equal(s->report.text_count, 0);
}

static void test_offer_rules(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    REFUSED(s, "no earlier entry brings", offers(s, 2, 1, 0, 1));
    REFUSED(s, "another officer holds", offers(s, 1, 1, 1, 2));
    REFUSED(s, "to the officer who offers", offers(s, 1, 1, 0, 0));
    REFUSED(s, "not enrolled", offers(s, 1, 1, 0, 9));
    assert_true(offers(s, 1, 1, 0, 1));
    REFUSED(s, "offered already", offers(s, 1, 2, 0, 2));
    assert_true(answers(s, "handover.withdraw", 1, 1, last(s) - 1, NULL, 0));
    REFUSED(s, "an id that it had before", offers(s, 1, 1, 0, 1));
    assert_true(registers(s, 2, 0));
    REFUSED(s, "the id of another one", offers(s, 2, 1, 0, 2));
    assert_true(offers(s, 2, 1, 0, 1)); /* the same parties, another item */
    assert_true(retires(s, 2, 3));
    REFUSED(s, "had been retired", offers(s, 1, 3, 0, 2));
    struct entry e = next(s, "handover.offer");
    about(&e, 1);
    with_handover(&e, 4);
    e.case_id[1] = 1;
    REFUSED(s, "another case", feed_by_own_key(s, &e, 0));
}

static void test_signers(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 4));
    assert_false(offers(s, 1, 1, 4, 0));
    assert_int_equal(s->report.signatures_bad, 1);
    assert_non_null(strstr(s->report.text[0], "without the permission \"handover\""));
    struct entry e = next(s, "handover.offer");
    about(&e, 1);
    with_handover(&e, 1);
    assert_false(feed_by_session(s, &e, 0));
    assert_int_equal(s->report.signatures_bad, 2);
    assert_non_null(strstr(s->report.text[1], "own key"));
    assert_null(custody_open(found(s, 1)));
}

static void test_answer_rules(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    assert_true(collect(s, 2, 0));
    assert_true(offers(s, 1, 1, 0, 1));
    uint64_t offer = last(s);
    REFUSED(s, "to another officer", answers(s, "handover.accept", 1, 1, offer, "done", 0));
    REFUSED(s, "to another officer", answers(s, "handover.refuse", 1, 1, offer, "refused", 2));
    REFUSED(s, "another officer holds", answers(s, "handover.withdraw", 1, 1, offer, NULL, 1));
    REFUSED(s, "nothing of this", answers(s, "handover.accept", 1, 1, offer - 1, "done", 1));
    REFUSED(s, "nothing of this", answers(s, "handover.accept", 1, 2, offer, "done", 1));
    REFUSED(s, "nothing of this", answers(s, "handover.accept", 2, 1, offer, "done", 1));
    REFUSED(s, "a result", answers(s, "handover.accept", 1, 1, offer, "refused", 1));
    REFUSED(s, "a result", answers(s, "handover.refuse", 1, 1, offer, "done", 1));
    REFUSED(s, "lacks a line", answers(s, "handover.accept", 1, 1, offer, NULL, 1));
    REFUSED(s, "does not have", answers(s, "handover.withdraw", 1, 1, offer, "done", 0));
    REFUSED(s, "not offered to another", answers(s, "handover.receipt", 1, 1, offer, "done", 0));
    REFUSED(s, "nothing of this", answers(s, "handover.confirm", 1, 1, offer, "done", 1));
    assert_true(answers(s, "handover.accept", 1, 1, offer, "done", 1));
    REFUSED(s, "closed", answers(s, "handover.accept", 1, 1, offer, "done", 1));
    REFUSED(s, "closed", answers(s, "handover.withdraw", 1, 1, offer, NULL, 0));
    REFUSED(s, "another officer holds", offers(s, 1, 2, 0, 2));
}

static void test_begin_rules(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    REFUSED(s, "brings an item", collect(s, 1, 1));
    REFUSED(s, "brings an item", registers(s, 1, 1));
    REFUSED(s, "brings an item", import(s, 1, 1, 1));
    struct entry e = next(s, "item.register");
    about(&e, 2);
    with_object(&e);
    with_result(&e, "done");
    REFUSED(s, "as a physical item", feed_by_session(s, &e, 0));
    e = next(s, "item.register"); /* an attempt that failed begins nothing */
    about(&e, 2);
    with_result(&e, "refused");
    assert_true(feed_by_session(s, &e, 0));
    assert_null(found(s, 2));
}

static void test_retired_holder(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 1));
    unsigned begun = (unsigned)last(s);
    assert_true(retires(s, 1, 0));
    unsigned retired = (unsigned)last(s);
    EXPECT(s, 1, "officer1@%u gap1@%u", begun, retired);
    REFUSED(s, "\"manage\"", offers(s, 1, 1, 2, 3));
    assert_true(offers(s, 1, 2, 0, 2));
    assert_true(answers(s, "handover.accept", 1, 2, last(s), "done", 2));
    EXPECT(s, 1, "officer1@%u gap1@%u officer2@%u", begun, retired, (unsigned)last(s));
}

static void test_retired_after_offering(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 1));
    unsigned begun = (unsigned)last(s);
    assert_true(offers(s, 1, 1, 1, 2));
    uint64_t offer = last(s);
    assert_true(retires(s, 1, 0));
    unsigned retired = (unsigned)last(s);
    assert_true(answers(s, "handover.accept", 1, 1, offer, "done", 2));
    EXPECT(s, 1, "officer1@%u gap1@%u officer2@%u", begun, retired, (unsigned)last(s));
}

static void test_recovered(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 1));
    assert_true(collect(s, 2, 0));
    unsigned begun = (unsigned)last(s) - 2;
    assert_true(offers(s, 2, 1, 0, 1));
    uint64_t offer = last(s);
    assert_true(recovers(s, 1, 5, "handover"));
    EXPECT(s, 1, "officer1@%u officer5@%u", begun, (unsigned)last(s) - 1);
    assert_true(answers(s, "handover.accept", 2, 1, offer, "done", 5));
    assert_true(offers(s, 1, 2, 5, 0));
    assert_int_equal(s->report.text_count, 0);
}

static void test_disposed(void **state) {
    struct scene *s = *state;
    for (unsigned physical = 0; physical < 2; physical++) {
        unsigned item = 1 + physical;
        assert_true(physical != 0 ? registers(s, item, 0) : collect(s, item, 0));
        disposes(s, item, physical != 0);
        assert_int_equal(found(s, item)->ended, last(s));
        assert_int_equal(custody_now(found(s, item))->until, last(s));
        assert_true(custody_is_continuous(found(s, item)));
        REFUSED(s, "disposed of", offers(s, item, item, 0, 1));
    }
}

/* ---- between two vaults ---- */

static void test_out(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    unsigned begun = (unsigned)last(s);
    assert_true(offers(s, 1, 1, 0, OUTSIDE));
    uint64_t offer = last(s);
    REFUSED(s, "receipt does that", answers(s, "handover.accept", 1, 1, offer, "done", 1));
    assert_true(answers(s, "handover.receipt", 1, 1, offer, "refused", 1));
    EXPECT(s, 1, "officer0@%u", begun);
    assert_true(offers(s, 1, 2, 0, OUTSIDE));
    offer = last(s);
    assert_true(answers(s, "handover.withdraw", 1, 2, offer, NULL, 0));
    REFUSED(s, "closed", answers(s, "handover.receipt", 1, 2, offer, "done", 1));
    assert_true(offers(s, 1, 3, 0, OUTSIDE));
    offer = last(s);
    assert_true(answers(s, "handover.receipt", 1, 3, offer, "done", 1));
    EXPECT(s, 1, "officer0@%u outside@%u", begun, (unsigned)last(s));
    REFUSED(s, "closed", answers(s, "handover.receipt", 1, 3, offer, "done", 1));
    REFUSED(s, "a party outside", offers(s, 1, 4, 0, 1));
}

static void test_in(void **state) {
    struct scene *s = *state;
    assert_true(import(s, 1, 1, 0));
    unsigned begun = (unsigned)last(s);
    EXPECT(s, 1, "outside@%u", begun);
    REFUSED(s, "offered already", offers(s, 1, 2, 0, 1));
    REFUSED(s, "another vault offers", answers(s, "handover.withdraw", 1, 1, begun, NULL, 0));
    assert_true(answers(s, "handover.accept", 1, 1, begun, "done", 2));
    uint64_t accept = last(s);
    EXPECT(s, 1, "outside@%u unknown2@%u", begun, (unsigned)accept);
    REFUSED(s, "not known who holds", offers(s, 1, 2, 2, 0));
    assert_true(answers(s, "handover.confirm", 1, 1, accept, "done", 1));
    EXPECT(s, 1, "outside@%u officer2@%u*", begun, (unsigned)last(s));
    REFUSED(s, "confirms again", answers(s, "handover.confirm", 1, 1, accept, "done", 1));
    assert_true(offers(s, 1, 2, 2, 0));
}

static void test_in_denied(void **state) {
    struct scene *s = *state;
    assert_true(import(s, 1, 1, 0));
    unsigned begun = (unsigned)last(s);
    assert_true(answers(s, "handover.accept", 1, 1, begun, "partial", 2));
    assert_true(answers(s, "handover.confirm", 1, 1, last(s), "refused", 2));
    EXPECT(s, 1, "outside@%u", begun);
    assert_int_equal(found(s, 1)->handover[0].confirmation, CUSTODY_DENIED);
    assert_true(import(s, 2, 2, 0));
    assert_true(answers(s, "handover.refuse", 2, 2, last(s), "refused", 1));
    uint64_t refuse = last(s);
    REFUSED(s, "what was refused", answers(s, "handover.confirm", 2, 2, refuse, "done", 1));
    assert_true(answers(s, "handover.confirm", 2, 2, refuse, "refused", 1));
    assert_true(import(s, 3, 0, 0)); /* a copy, with no offer */
    REFUSED(s, "nothing of this", answers(s, "handover.accept", 3, 3, last(s), "done", 1));
}

static void test_in_retired(void **state) {
    struct scene *s = *state;
    assert_true(import(s, 1, 1, 0));
    unsigned begun = (unsigned)last(s);
    assert_true(answers(s, "handover.accept", 1, 1, begun, "done", 2));
    uint64_t accept = last(s);
    assert_true(retires(s, 2, 0));
    EXPECT(s, 1, "outside@%u unknown2@%u", begun, (unsigned)accept);
    assert_true(answers(s, "handover.confirm", 1, 1, accept, "done", 1));
    EXPECT(s, 1, "outside@%u gap2@%u*", begun, (unsigned)last(s));
}

static void test_comes_back(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    assert_true(offers(s, 1, 1, 0, OUTSIDE));
    assert_true(answers(s, "handover.receipt", 1, 1, last(s), "done", 0));
    unsigned out = (unsigned)last(s), begun = (unsigned)found(s, 1)->begun;
    REFUSED(s, "brings an item", import(s, 1, 0, 0));
    REFUSED(s, "an id that it had before", import(s, 1, 1, 0));
    assert_true(import(s, 1, 2, 0));
    REFUSED(s, "brings an item", import(s, 1, 3, 0));
    assert_true(answers(s, "handover.accept", 1, 2, last(s) - 1, "done", 1));
    assert_true(answers(s, "handover.confirm", 1, 2, last(s), "done", 1));
    EXPECT(s, 1, "officer0@%u outside@%u officer1@%u*", begun, out, (unsigned)last(s));
}

/* An excerpt out of which an entry was left: what follows does not fit any more. */
static void test_left_out(void **state) {
    struct scene *s = *state;
    assert_true(collect(s, 1, 0));
    assert_true(offers(s, 1, 1, 0, 1));
    struct entry e = next(s, "handover.accept"); /* in the log, and not fed */
    (void)e;
    uint8_t leaf[MERKLE_BYTES] = {1};
    merkle_frontier_add(&s->log, leaf);
    REFUSED(s, "offered already", offers(s, 1, 2, 1, 2));
    assert_true(answers(s, "handover.withdraw", 1, 1, last(s) - 2, NULL, 0));
    REFUSED(s, "another officer holds", offers(s, 1, 2, 1, 2));
}

int main(void) {
#define CASE_TEST(name) cmocka_unit_test_setup_teardown(name, start_people, stop)
    const struct CMUnitTest tests[] = {
        CASE_TEST(test_handed_over),
        CASE_TEST(test_offer_rules),
        CASE_TEST(test_signers),
        CASE_TEST(test_answer_rules),
        CASE_TEST(test_begin_rules),
        CASE_TEST(test_retired_holder),
        CASE_TEST(test_retired_after_offering),
        CASE_TEST(test_recovered),
        CASE_TEST(test_disposed),
        CASE_TEST(test_out),
        CASE_TEST(test_in),
        CASE_TEST(test_in_denied),
        CASE_TEST(test_in_retired),
        CASE_TEST(test_comes_back),
        CASE_TEST(test_left_out),
    };
    return cmocka_run_group_tests_name("ledger/custody", tests, NULL, NULL);
}
