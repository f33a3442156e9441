/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_history.h"

static void count_open(void *context, uint64_t index) {
    uint64_t *sum = context;
    *sum = *sum * 100 + index;
}

static void test_valid(void **state) {
    struct scene *s = *state;
    uint64_t open = 0;
    struct entry e = enrol(s, SECOND, KEY_OTHER, "collect");
    assert_true(feed(s, &e, KEY_SESSION));
    e = open_session(s, SECOND, KEY_STRANGER);
    assert_true(feed(s, &e, KEY_OTHER));
    e = next(s, "item.view");
    e.signer_session = 4;
    assert_true(feed(s, &e, KEY_STRANGER));
    e = next(s, "collect.intent");
    assert_true(feed(s, &e, KEY_SESSION));
    e = next(s, "export.intent");
    assert_true(feed(s, &e, KEY_SESSION));
    history_each_open(s->h, count_open, &open);
    assert_int_equal(open, 607);
    e = outcome(s, "collect.outcome", 6);
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.entries, 9);
    assert_int_equal(s->report.signatures_good, 9);
    assert_int_equal(s->report.text_count, 0);
    assert_int_equal(s->report.officers, 2);
    assert_int_equal(s->report.sessions, 2);
    assert_int_equal(s->report.open_intents, 1);
    assert_int_equal(s->report.clock_back + s->report.clock_jumped + s->report.clock_free, 0);
    assert_int_equal(s->report.note_count, 0);
    assert_int_equal(s->report.first_ns, START_NS);
    assert_int_equal(s->report.last_ns, START_NS + 8000000000);
    const struct history_officer *o = history_officer(s->h, SECOND);
    assert_ptr_equal(o, history_officer_at(s->h, 1));
    assert_int_equal(o->enrolled_at, 3);
    assert_true(history_officer_may(o, "collect"));
    assert_false(history_officer_may(o, "manage"));
    assert_true(history_officer_may(history_officer_at(s->h, 0), "anything"));
    assert_null(history_officer_at(s->h, 2));
}

static void test_wrong_signature(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    assert_finding(s, &e, KEY_STRANGER, signatures_bad);
    e = next(s, "item.view"); /* and what follows is good again */
    assert_true(feed(s, &e, KEY_SESSION));
}

static void test_unknown_session(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.signer_session = 1;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

static void test_expired(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.utc_ns = START_NS + 2000000000 + 1000000000000; /* the very end still counts */
    assert_true(feed(s, &e, KEY_SESSION));
    e = next(s, "item.view");
    e.clock.utc_ns = START_NS + 2000000001 + 1000000000000;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

static void test_vault_signs_more(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.signer = ENTRY_SIGNER_VAULT;
    assert_finding(s, &e, KEY_VAULT, signatures_bad);
}

static void test_second_create(void **state) {
    struct scene *s = *state;
    struct entry e = create(s);
    assert_finding(s, &e, KEY_VAULT, signatures_bad);
}

static void test_create_by_session(void **state) {
    struct scene *s = *state;
    struct entry e = create(s);
    e.signer = ENTRY_SIGNER_SESSION;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

static void test_officer_signs_more(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, FIRST, ENTRY_ID_BYTES);
    assert_finding(s, &e, KEY_OFFICER, signatures_bad);
}

static void test_session_of_stranger(void **state) {
    struct scene *s = *state;
    struct entry e = open_session(s, SECOND, KEY_STRANGER);
    assert_finding(s, &e, KEY_OTHER, signatures_bad);
}

static void test_session_for_another(void **state) {
    struct scene *s = *state;
    struct entry e = open_session(s, FIRST, KEY_STRANGER);
    memcpy(e.officer_id, SECOND, ENTRY_ID_BYTES);
    assert_finding(s, &e, KEY_OFFICER, signatures_bad);
}

static void test_session_by_session(void **state) {
    struct scene *s = *state;
    struct entry e = open_session(s, FIRST, KEY_STRANGER);
    e.signer = ENTRY_SIGNER_SESSION;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

static void test_enrol_again_by_self(void **state) {
    struct scene *s = *state;
    struct entry e = enrol(s, SECOND, KEY_OTHER, "all");
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, SECOND, ENTRY_ID_BYTES);
    assert_finding(s, &e, KEY_OTHER, signatures_bad);
    assert_null(history_officer(s->h, SECOND));
}

static void test_enrol_without_right(void **state) {
    static const uint8_t third[ENTRY_ID_BYTES] = {3};
    struct scene *s = *state;
    struct entry e = enrol(s, SECOND, KEY_OTHER, "collect");
    assert_true(feed(s, &e, KEY_SESSION));
    e = open_session(s, SECOND, KEY_STRANGER);
    assert_true(feed(s, &e, KEY_OTHER));
    e = enrol(s, third, KEY_OTHER, "all");
    e.signer_session = 4;
    assert_finding(s, &e, KEY_STRANGER, signatures_bad);
    assert_null(history_officer(s->h, third));
}

static struct entry retire(const struct scene *s, const uint8_t *id, uint64_t session) {
    struct entry e = next(s, "officer.retire");
    e.has = ENTRY_HAS_OFFICER;
    memcpy(e.officer_id, id, ENTRY_ID_BYTES);
    e.signer_session = session;
    return e;
}

static struct entry recover(const struct scene *s, const uint8_t *old, const uint8_t *id,
                            uint8_t key_number, const char *permission) {
    struct entry e = enrol(s, id, key_number, permission);
    memcpy(e.event, "officer.recover", 16);
    e.signer = ENTRY_SIGNER_VAULT;
    e.has |= ENTRY_HAS_REPLACES;
    memcpy(e.replaces_id, old, ENTRY_ID_BYTES);
    return e;
}

/* 3: the first officer enrols the second, 4: who opens a session (KEY_STRANGER). */
static void second_officer(struct scene *s, const char *permission) {
    struct entry e = enrol(s, SECOND, KEY_OTHER, permission);
    assert_true(feed(s, &e, KEY_SESSION));
    e = open_session(s, SECOND, KEY_STRANGER);
    assert_true(feed(s, &e, KEY_OTHER));
}

/* The keys are handed over: the second officer retires the first. */
static void test_retired(void **state) {
    struct scene *s = *state;
    second_officer(s, "manage");
    struct entry e = next(s, "item.view");
    assert_true(feed(s, &e, KEY_SESSION));
    e = retire(s, FIRST, 4);
    assert_true(feed(s, &e, KEY_STRANGER));
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 6);
    assert_int_equal(history_officer(s->h, SECOND)->retired_at, 0);
    e = next(s, "item.view"); /* by the session that was open all along */
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
    assert_non_null(strstr(s->report.text[0], "had been retired"));
    e = open_session(s, FIRST, KEY_SESSION);
    assert_false(feed(s, &e, KEY_OFFICER));
    assert_int_equal(s->report.signatures_bad, 2);
    assert_int_equal(s->report.sessions, 2);
    e = next(s, "item.view");
    e.signer_session = 4;
    assert_true(feed(s, &e, KEY_STRANGER));
}

static void test_retired_twice(void **state) {
    struct scene *s = *state;
    second_officer(s, "all");
    struct entry e = retire(s, FIRST, 4);
    assert_true(feed(s, &e, KEY_STRANGER));
    e = retire(s, FIRST, 4);
    assert_finding(s, &e, KEY_STRANGER, rules_broken);
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 5);
}

static void test_retire_a_stranger(void **state) {
    struct scene *s = *state;
    struct entry e = retire(s, THIRD, 2);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_retire_oneself(void **state) {
    struct scene *s = *state;
    struct entry e = retire(s, FIRST, 2);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 0);
}

static void test_retire_without_right(void **state) {
    struct scene *s = *state;
    second_officer(s, "collect");
    struct entry e = retire(s, FIRST, 4);
    assert_finding(s, &e, KEY_STRANGER, signatures_bad);
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 0);
}

/* ---- disposal (ledger.md §5.1) ---- */

static const uint8_t ITEM[ENTRY_ID_BYTES] = {0x17}, OTHER_ITEM[ENTRY_ID_BYTES] = {0x18};

static struct entry decide(const struct scene *s, const char *event, const uint8_t *officer,
                           const uint8_t *item) {
    struct entry e = next(s, event);
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, officer, ENTRY_ID_BYTES);
    e.has = ENTRY_HAS_ITEM;
    memcpy(e.item_id, item, ENTRY_ID_BYTES);
    return e;
}

static struct entry approval(const struct scene *s, const uint8_t *officer, const uint8_t *item,
                             uint64_t proposal) {
    struct entry e = decide(s, "dispose.approve", officer, item);
    e.has |= ENTRY_HAS_INTENT;
    e.intent = proposal;
    return e;
}

/* 5: the first officer proposes; the second may dispose. */
static void proposed(struct scene *s) {
    second_officer(s, "dispose");
    struct entry e = decide(s, "dispose.propose", FIRST, ITEM);
    assert_true(feed(s, &e, KEY_OFFICER));
}

static void test_disposed(void **state) {
    struct scene *s = *state;
    uint64_t by = 0, approved = 0;
    proposed(s);
    assert_false(history_disposal(s->h, ITEM, &by, &approved));
    struct entry e = approval(s, SECOND, ITEM, 5);
    assert_true(feed(s, &e, KEY_OTHER));
    assert_true(history_disposal(s->h, ITEM, &by, &approved));
    assert_false(history_disposal(s->h, OTHER_ITEM, &by, &approved));
    assert_int_equal(by, 5);
    assert_int_equal(approved, 6);
    e = next(s, "dispose.intent");
    e.has = ENTRY_HAS_ITEM;
    memcpy(e.item_id, ITEM, ENTRY_ID_BYTES);
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "dispose.outcome", 7);
    e.has |= ENTRY_HAS_ITEM | ENTRY_HAS_OBJECT;
    memcpy(e.item_id, ITEM, ENTRY_ID_BYTES);
    assert_true(feed(s, &e, KEY_SESSION));
    e = approval(s, SECOND, ITEM, 5);
    assert_finding(s, &e, KEY_OTHER, rules_broken);
}

static void test_tombstone_without_officers(void **state) {
    struct scene *s = *state;
    proposed(s);
    struct entry e = next(s, "dispose.intent");
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "dispose.outcome", 6);
    e.has |= ENTRY_HAS_ITEM | ENTRY_HAS_OBJECT;
    memcpy(e.item_id, ITEM, ENTRY_ID_BYTES);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_disposal_needs_two(void **state) {
    struct scene *s = *state;
    uint64_t by, approved;
    proposed(s);
    struct entry e = approval(s, FIRST, ITEM, 5);
    assert_finding(s, &e, KEY_OFFICER, rules_broken);
    assert_false(history_disposal(s->h, ITEM, &by, &approved));
}

static void test_disposal_of_another_item(void **state) {
    struct scene *s = *state;
    proposed(s);
    struct entry e = approval(s, SECOND, OTHER_ITEM, 5);
    assert_finding(s, &e, KEY_OTHER, rules_broken);
}

static void test_disposal_of_nothing(void **state) {
    struct scene *s = *state;
    proposed(s);
    struct entry e = approval(s, SECOND, ITEM, 4);
    assert_finding(s, &e, KEY_OTHER, rules_broken);
}

static void test_disposal_of_no_item(void **state) {
    struct scene *s = *state;
    struct entry e = decide(s, "dispose.propose", FIRST, ITEM);
    e.has = 0;
    assert_finding(s, &e, KEY_OFFICER, rules_broken);
}

/* A second key of the same person must not be made for it: neither enrolled nor recovered. */
static void test_disposal_by_a_new_officer(void **state) {
    struct scene *s = *state;
    uint64_t by, approved;
    struct entry e = decide(s, "dispose.propose", FIRST, ITEM);
    assert_true(feed(s, &e, KEY_OFFICER));
    second_officer(s, "dispose");
    e = approval(s, SECOND, ITEM, 3);
    assert_finding(s, &e, KEY_OTHER, rules_broken);
    assert_false(history_disposal(s->h, ITEM, &by, &approved));
}

static void test_disposal_too_late(void **state) {
    struct scene *s = *state;
    proposed(s);
    struct entry e = approval(s, SECOND, ITEM, 5);
    e.clock.utc_ns += (int64_t)31 * 24 * 3600 * 1000000000;
    e.clock.monotonic_ns += (uint64_t)31 * 24 * 3600 * 1000000000;
    assert_finding(s, &e, KEY_OTHER, rules_broken);
}

static void test_disposal_without_right(void **state) {
    struct scene *s = *state;
    second_officer(s, "manage");
    struct entry e = decide(s, "dispose.propose", SECOND, ITEM);
    assert_finding(s, &e, KEY_OTHER, signatures_bad);
}

static void test_disposal_by_session(void **state) {
    struct scene *s = *state;
    struct entry e = decide(s, "dispose.propose", FIRST, ITEM);
    e.signer = ENTRY_SIGNER_SESSION;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

/* A session that is fed late, after its officer was retired, is still the one that it was. */
static void test_session_fed_late(void **state) {
    struct scene *s = *state;
    second_officer(s, "all");
    struct entry late = open_session(s, FIRST, KEY_VAULT);
    uint8_t tree[MERKLE_BYTES], leaf[MERKLE_BYTES] = {1};
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(KEY_OFFICER);
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size = 0;
    bool good = false;
    merkle_frontier_root(&s->log, tree);
    merkle_frontier_add(&s->log, leaf);
    struct entry e = retire(s, FIRST, 4);
    assert_true(feed(s, &e, KEY_STRANGER));
    assert_code(EX_OK, entry_write(&late, key, &data, &size, &err));
    assert_code(EX_OK, history_feed(s->h, 5, tree, data, size, NULL, &good, &err));
    assert_true(good);
    e = next(s, "item.view");
    e.signer_session = 5;
    assert_finding(s, &e, KEY_VAULT, signatures_bad);
}

static void test_recovered(void **state) {
    struct scene *s = *state;
    struct entry e = recover(s, FIRST, SECOND, KEY_OTHER, "all");
    assert_true(feed(s, &e, KEY_VAULT));
    assert_int_equal(s->report.recoveries, 1);
    assert_int_equal(s->report.officers, 2);
    assert_int_equal(s->report.text_count, 0);
    assert_int_equal(s->report.note_count, 1);
    assert_string_equal(s->report.note[0],
                        "entry 3: the vault's own key enrolled an officer in the place of an "
                        "earlier one; by recovery code, if it was this program that did it");
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 3);
    e = open_session(s, SECOND, KEY_STRANGER);
    assert_true(feed(s, &e, KEY_OTHER));
    e = next(s, "item.view");
    e.signer_session = 4;
    assert_true(feed(s, &e, KEY_STRANGER));
    e = next(s, "item.view");
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
}

static void test_recover_by_session(void **state) {
    struct scene *s = *state;
    struct entry e = recover(s, FIRST, SECOND, KEY_OTHER, "all");
    e.signer = ENTRY_SIGNER_SESSION;
    assert_finding(s, &e, KEY_SESSION, signatures_bad);
    assert_null(history_officer(s->h, SECOND));
}

static void test_recover_by_self(void **state) {
    struct scene *s = *state;
    struct entry e = recover(s, FIRST, SECOND, KEY_OTHER, "all");
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, SECOND, ENTRY_ID_BYTES);
    assert_finding(s, &e, KEY_OTHER, signatures_bad);
}

static void test_recover_with_other_rights(void **state) {
    struct scene *s = *state;
    second_officer(s, "collect");
    struct entry e = recover(s, SECOND, THIRD, KEY_OTHER, "all");
    assert_finding(s, &e, KEY_VAULT, rules_broken);
    assert_null(history_officer(s->h, THIRD));
    assert_int_equal(history_officer(s->h, SECOND)->retired_at, 0);
}

static void test_recover_the_retired(void **state) {
    struct scene *s = *state;
    second_officer(s, "all");
    struct entry e = retire(s, FIRST, 4);
    assert_true(feed(s, &e, KEY_STRANGER));
    e = recover(s, FIRST, THIRD, KEY_OTHER, "all");
    assert_finding(s, &e, KEY_VAULT, rules_broken);
    assert_null(history_officer(s->h, THIRD));
}

static void test_recover_as_an_enrolled_one(void **state) {
    struct scene *s = *state;
    second_officer(s, "all");
    struct entry e = recover(s, FIRST, SECOND, KEY_OTHER, "all");
    assert_finding(s, &e, KEY_VAULT, rules_broken);
    assert_int_equal(history_officer(s->h, FIRST)->retired_at, 0);
    assert_int_equal(s->report.recoveries, 0);
}

static void test_replaces_elsewhere(void **state) {
    struct scene *s = *state;
    struct entry e = enrol(s, SECOND, KEY_OTHER, "all");
    e.has |= ENTRY_HAS_REPLACES;
    assert_finding(s, &e, KEY_SESSION, rules_broken);
    assert_null(history_officer(s->h, SECOND));
}

static void test_enrol_twice(void **state) {
    struct scene *s = *state;
    struct entry e = enrol(s, FIRST, KEY_OTHER, "all");
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_lines(void **state) {
    struct scene *s = *state;
    struct entry e = open_session(s, FIRST, KEY_STRANGER);
    e.has &= ~(unsigned)ENTRY_HAS_EXPIRES;
    assert_finding(s, &e, KEY_OFFICER, rules_broken);
    e = next(s, "item.view");
    e.signer_session = 3; /* and that session was not opened */
    assert_false(feed(s, &e, KEY_STRANGER));
    e = next(s, "item.view");
    e.has = ENTRY_HAS_VAULT_KEY;
    assert_false(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.rules_broken, 2);
    e = next(s, "item.view");
    e.permission_count = 1;
    memcpy(e.permission[0], "all", 4);
    assert_false(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.rules_broken, 3);
}

static void test_wrong_log(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.origin[strlen(e.origin) - 1] ^= 1;
    assert_finding(s, &e, KEY_SESSION, misplaced);
}

static void test_wrong_index(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.index++;
    assert_finding(s, &e, KEY_SESSION, misplaced);
}

static void test_wrong_tree(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "collect.intent");
    e.tree[0] ^= 1;
    assert_finding(s, &e, KEY_SESSION, misplaced);
    assert_int_equal(s->report.open_intents, 1); /* signed for this place: it took effect */
}

static void test_replayed(void **state) {
    struct scene *s = *state;
    struct entry e = open_session(s, FIRST, KEY_STRANGER);
    e.index = 77;
    assert_finding(s, &e, KEY_OFFICER, misplaced);
    assert_int_equal(s->report.sessions, 1);
}

static void test_unreadable(void **state) {
    struct scene *s = *state;
    uint8_t tree[MERKLE_BYTES] = {0};
    bool good = true;
    assert_code(EX_OK, history_feed(s->h, 3, tree, (const uint8_t *)"x\n", 2, NULL, &good, &err));
    history_report(s->h, &s->report);
    assert_false(good);
    assert_int_equal(s->report.unreadable, 1);
    assert_int_equal(s->report.text_count, 1);
    assert_int_equal(s->report.entries, 4);
}

static void test_outcome_without_intent_line(void **state) {
    struct scene *s = *state;
    struct entry e = outcome(s, "collect.outcome", 0);
    e.has = ENTRY_HAS_RESULT;
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_outcome_of_nothing(void **state) {
    struct scene *s = *state;
    struct entry e = outcome(s, "collect.outcome", 2);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_outcome_twice(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "collect.intent");
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "collect.outcome", 3);
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "collect.outcome", 3);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_outcome_of_other(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "collect.intent");
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "export.outcome", 3);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
    assert_int_equal(s->report.open_intents, 1);
}

static void test_outcome_other_case(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "collect.intent");
    e.has = ENTRY_HAS_CASE;
    e.case_id[0] = 1;
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "collect.outcome", 3);
    e.has |= ENTRY_HAS_CASE | ENTRY_HAS_ITEM; /* an item that only the outcome knows is fine */
    e.case_id[0] = 2;
    assert_finding(s, &e, KEY_SESSION, rules_broken);
    e.case_id[0] = 1;
    e.index = s->log.size;
    merkle_frontier_root(&s->log, e.tree);
    assert_true(feed(s, &e, KEY_SESSION));
}

static void test_outcome_other_item(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "collect.intent");
    e.has = ENTRY_HAS_ITEM;
    e.item_id[0] = 1;
    assert_true(feed(s, &e, KEY_SESSION));
    e = outcome(s, "collect.outcome", 3);
    e.has |= ENTRY_HAS_ITEM;
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_intent_line_elsewhere(void **state) {
    struct scene *s = *state;
    struct entry e = outcome(s, "item.view", 2);
    assert_finding(s, &e, KEY_SESSION, rules_broken);
}

static void test_clock_back(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.utc_ns = START_NS; /* before entries 1 and 2 */
    e.clock.synchronised = false;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
    assert_int_equal(s->report.clock_free, 1);
    assert_int_equal(s->report.text_count, 0);
}

static void test_monotonic_back(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.monotonic_ns = 1; /* less than earlier in the same boot */
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
    e = next(s, "item.view");
    e.clock.monotonic_ns = 1; /* a new boot starts anew */
    memcpy(e.clock.boot, "fedcba9876543210", 17);
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
}

static void test_clock_turned_back(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    /* Later than every entry before, but an hour passed, and the clock says one second. */
    e.clock.monotonic_ns += 3600u * 1000000000ull;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
}

/* The one note there is, about entry 3. */
static void assert_note(const struct scene *s, const char *words) {
    assert_int_equal(s->report.note_count, 1);
    if (strstr(s->report.note[0], words) == NULL)
        fail_msg("the note is: %s", s->report.note[0]);
    assert_int_equal(strncmp(s->report.note[0], "entry 3: ", 9), 0);
    assert_int_equal(s->report.text_count, 0);
}

static void test_notes_of_clocks_back(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.utc_ns += 500000000; /* as slow as it may be, measured from the one before */
    e.clock.monotonic_ns += 1500000000;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.note_count, 0);
    e = next(s, "item.view");
    e.clock.monotonic_ns += 5500000001;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
    assert_string_equal(
        s->report.note[0],
        "entry 4: the clock was set back by 4.500 s since the machine's entry before");
}

static void test_note_of_an_earlier_time(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    memcpy(e.clock.boot, "fedcba9876543210", 17); /* another machine */
    e.clock.utc_ns = START_NS + 2000000000 - 1250000000;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
    assert_note(s, "1.250 s before that of an earlier entry");
}

static void test_note_of_monotonic(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.monotonic_ns = 1;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_note(s, "less than at an earlier entry");
}

static void test_clock_jumped(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.clock.utc_ns += 2000000000; /* as fast as it may be */
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_jumped, 0);
    e = next(s, "item.view"); /* and back to where it was: over a second */
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_back, 1);
    e = next(s, "item.view");
    e.clock.utc_ns += 2000000001;
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_jumped, 1);
    assert_int_equal(s->report.clock_back, 1);
    assert_int_equal(s->report.note_count, 2);
    assert_string_equal(
        s->report.note[1],
        "entry 5: the clock was set ahead by 2.000 s since the machine's entry before");
    assert_int_equal(s->report.text_count, 0);
}

static void test_clock_jumped_far(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.signer_session = 2;
    e.clock.utc_ns += 600ll * 1000000000; /* ten minutes that nobody waited */
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_jumped, 1);
    assert_int_equal(s->report.clock_back, 0);
    assert_note(s, "set ahead by 600.000 s");
    e = next(s, "item.view"); /* another boot has nothing to compare with */
    e.clock.utc_ns += 700ll * 1000000000;
    memcpy(e.clock.boot, "fedcba9876543210", 17);
    assert_true(feed(s, &e, KEY_SESSION));
    e = next(s, "item.view"); /* nor has one that is not known */
    e.clock.utc_ns += 800ll * 1000000000;
    memcpy(e.clock.boot, "0000000000000000", 17);
    assert_true(feed(s, &e, KEY_SESSION));
    e = next(s, "item.view");
    e.clock.utc_ns += 900ll * 1000000000;
    memcpy(e.clock.boot, "0000000000000000", 17);
    assert_true(feed(s, &e, KEY_SESSION));
    assert_int_equal(s->report.clock_jumped, 1);
}

/* The ends of what can be written: no arithmetic breaks. */
static void test_clock_extremes(void **state) {
    static const struct {
        int64_t utc_ns;
        uint64_t monotonic_ns;
    } ends[] = {{0, UINT64_MAX}, {START_NS, 0}, {START_NS, UINT64_MAX}, {0, 0}, {START_NS, 1}};
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct entry e = next(s, "item.view");
        e.clock.utc_ns = ends[i].utc_ns;
        e.clock.monotonic_ns = ends[i].monotonic_ns;
        assert_true(feed(s, &e, KEY_SESSION));
    }
    assert_int_equal(s->report.clock_back, 5);
    assert_int_equal(s->report.clock_jumped, 1); /* and before entry 2 all the same */
    assert_non_null(strstr(s->report.note[0], "set back by 18446744073.709 s"));
    assert_non_null(strstr(s->report.note[4], "its time is 2.000 s before"));
    assert_non_null(strstr(s->report.note[5], "set ahead by 1790000000.123 s"));
}

static void test_many_notes(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < HISTORY_TEXTS_MAX + 10; i++) {
        struct entry e = next(s, "item.view");
        e.clock.utc_ns = START_NS;
        assert_true(feed(s, &e, KEY_SESSION));
    }
    assert_int_equal(s->report.note_count, HISTORY_TEXTS_MAX + 10);
    assert_int_equal(s->report.clock_back, HISTORY_TEXTS_MAX + 10);
    assert_int_equal(s->report.text_count, 0);
}

static void test_first_entry_not_create(void **state) {
    struct scene *s = *state;
    struct entry e = next(s, "item.view");
    e.signer = ENTRY_SIGNER_VAULT;
    assert_finding(s, &e, KEY_VAULT, signatures_bad);
}

static void test_other_vault_key(void **state) {
    struct scene *s = *state;
    struct entry e = create(s);
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(KEY_STRANGER);
    memcpy(e.vault_key, sign_key_public(key), SIGN_PUBLIC_BYTES);
    assert_finding(s, &e, KEY_STRANGER, signatures_bad);
}

static void test_first_officer_by_other(void **state) {
    struct scene *s = *state;
    struct entry e = create(s);
    assert_true(feed(s, &e, KEY_VAULT));
    e = enrol_first(s);
    assert_finding(s, &e, KEY_VAULT, signatures_bad);
    assert_int_equal(s->report.officers, 0);
}

static void test_many_findings(void **state) {
    struct scene *s = *state;
    for (int i = 0; i < HISTORY_TEXTS_MAX + 10; i++) {
        struct entry e = next(s, "item.view");
        assert_false(feed(s, &e, KEY_STRANGER));
    }
    assert_int_equal(s->report.text_count, HISTORY_TEXTS_MAX + 10);
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, start, stop)
#define empty_test(f) cmocka_unit_test_setup_teardown(f, start_empty, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(test_valid),
        scene_test(test_wrong_signature),
        scene_test(test_unknown_session),
        scene_test(test_expired),
        scene_test(test_vault_signs_more),
        scene_test(test_second_create),
        scene_test(test_create_by_session),
        scene_test(test_officer_signs_more),
        scene_test(test_session_of_stranger),
        scene_test(test_session_for_another),
        scene_test(test_session_by_session),
        scene_test(test_enrol_again_by_self),
        scene_test(test_enrol_without_right),
        scene_test(test_enrol_twice),
        scene_test(test_retired),
        scene_test(test_retired_twice),
        scene_test(test_retire_a_stranger),
        scene_test(test_retire_oneself),
        scene_test(test_disposed),
        scene_test(test_tombstone_without_officers),
        scene_test(test_disposal_needs_two),
        scene_test(test_disposal_of_another_item),
        scene_test(test_disposal_of_nothing),
        scene_test(test_disposal_of_no_item),
        scene_test(test_disposal_by_a_new_officer),
        scene_test(test_disposal_too_late),
        scene_test(test_disposal_without_right),
        scene_test(test_disposal_by_session),
        scene_test(test_retire_without_right),
        scene_test(test_session_fed_late),
        scene_test(test_recovered),
        scene_test(test_recover_by_session),
        scene_test(test_recover_by_self),
        scene_test(test_recover_with_other_rights),
        scene_test(test_recover_the_retired),
        scene_test(test_recover_as_an_enrolled_one),
        scene_test(test_replaces_elsewhere),
        scene_test(test_lines),
        scene_test(test_wrong_log),
        scene_test(test_wrong_index),
        scene_test(test_wrong_tree),
        scene_test(test_replayed),
        scene_test(test_unreadable),
        scene_test(test_outcome_without_intent_line),
        scene_test(test_outcome_of_nothing),
        scene_test(test_outcome_twice),
        scene_test(test_outcome_of_other),
        scene_test(test_outcome_other_case),
        scene_test(test_outcome_other_item),
        scene_test(test_intent_line_elsewhere),
        scene_test(test_clock_back),
        scene_test(test_monotonic_back),
        scene_test(test_clock_turned_back),
        scene_test(test_notes_of_clocks_back),
        scene_test(test_note_of_an_earlier_time),
        scene_test(test_note_of_monotonic),
        scene_test(test_clock_jumped),
        scene_test(test_clock_jumped_far),
        scene_test(test_clock_extremes),
        scene_test(test_many_notes),
        empty_test(test_first_entry_not_create),
        empty_test(test_other_vault_key),
        empty_test(test_first_officer_by_other),
        scene_test(test_many_findings),
    };
    return cmocka_run_group_tests_name("ledger/history", tests, NULL, NULL);
}
