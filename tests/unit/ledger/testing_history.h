/* SPDX-License-Identifier: Apache-2.0 */
/* A log in memory whose entries are fed to a history, each signed by some key. */
#ifndef EXHIBIT_TESTS_LEDGER_TESTING_HISTORY_H
#define EXHIBIT_TESTS_LEDGER_TESTING_HISTORY_H

#include "testing.h"

#include "ledger/history.h"

enum { KEY_VAULT = 1, KEY_OFFICER, KEY_SESSION, KEY_OTHER, KEY_STRANGER };

/* A log in memory: entry 0 vault.create, 1 officer.enrol (all), 2 session.open. */
struct scene {
    struct history *h;
    struct merkle_frontier log;
    struct history_report report;
};

static const uint8_t FIRST[ENTRY_ID_BYTES] = {0xf1}, SECOND[ENTRY_ID_BYTES] = {0x5e},
                     THIRD[ENTRY_ID_BYTES] = {0x33};

static inline struct entry next(const struct scene *s, const char *event) {
    uint8_t tree[MERKLE_BYTES];
    merkle_frontier_root(&s->log, tree);
    return make_entry(event, s->log.size, tree);
}

/* Signs with a key, appends, feeds; whether nothing was wrong with it. */
static inline bool feed(struct scene *s, struct entry *e, uint8_t key_number) {
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(key_number);
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t tree[MERKLE_BYTES], leaf[MERKLE_BYTES];
    size_t size = 0;
    bool good = false;
    struct entry parsed;
    merkle_frontier_root(&s->log, tree);
    assert_code(EX_OK, entry_write(e, key, &data, &size, &err));
    assert_code(EX_OK, history_feed(s->h, s->log.size, tree, data, size, &parsed, &good, &err));
    assert_string_equal(parsed.event, e->event);
    merkle_leaf_hash(data, size, leaf);
    merkle_frontier_add(&s->log, leaf);
    history_report(s->h, &s->report);
    return good;
}

static inline struct entry create(const struct scene *s) {
    struct entry e = next(s, "vault.create");
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(KEY_VAULT);
    e.signer = ENTRY_SIGNER_VAULT;
    e.has = ENTRY_HAS_CONFIG | ENTRY_HAS_VAULT_KEY;
    memcpy(e.vault_key, sign_key_public(key), SIGN_PUBLIC_BYTES);
    return e;
}

static inline struct entry enrol(const struct scene *s, const uint8_t *id, uint8_t key_number,
                                 const char *permission) {
    struct entry e = next(s, "officer.enrol");
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(key_number);
    e.has = ENTRY_HAS_OFFICER | ENTRY_HAS_OFFICER_KEY | ENTRY_HAS_OFFICER_BOX;
    memcpy(e.officer_id, id, ENTRY_ID_BYTES);
    memcpy(e.officer_key, sign_key_public(key), SIGN_PUBLIC_BYTES);
    e.permission_count = 1;
    memcpy(e.permission[0], permission, strlen(permission));
    return e;
}

static inline struct entry enrol_first(const struct scene *s) {
    struct entry e = enrol(s, FIRST, KEY_OFFICER, "all");
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, FIRST, ENTRY_ID_BYTES);
    return e;
}

static inline struct entry open_session(const struct scene *s, const uint8_t *id,
                                        uint8_t key_number) {
    struct entry e = next(s, "session.open");
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(key_number);
    e.signer = ENTRY_SIGNER_OFFICER;
    memcpy(e.signer_officer, id, ENTRY_ID_BYTES);
    memcpy(e.officer_id, id, ENTRY_ID_BYTES);
    memcpy(e.session_key, sign_key_public(key), SIGN_PUBLIC_BYTES);
    e.expires_ns = e.clock.utc_ns + 1000000000000;
    e.has = ENTRY_HAS_OFFICER | ENTRY_HAS_SESSION_KEY | ENTRY_HAS_EXPIRES;
    return e;
}

static inline int start_empty(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    EX_AUTO(sign_key_free) struct sign_key *key = key_of(KEY_VAULT);
    assert_code(EX_OK, history_new(ORIGIN, sign_key_public(key), &s->h, &err));
    merkle_frontier_start(&s->log);
    *state = s;
    return 0;
}

static inline int start(void **state) {
    start_empty(state);
    struct scene *s = *state;
    struct entry e = create(s);
    assert_true(feed(s, &e, KEY_VAULT));
    e = enrol_first(s);
    assert_true(feed(s, &e, KEY_OFFICER));
    e = open_session(s, FIRST, KEY_SESSION);
    assert_true(feed(s, &e, KEY_OFFICER));
    return 0;
}

static inline int stop(void **state) {
    struct scene *s = *state;
    history_free(s->h);
    free(s);
    return 0;
}

/* This entry gives one finding, in words, under the counter; nothing else is counted. */
#define assert_finding(s, e, key, counter)                                                         \
    do {                                                                                           \
        assert_false(feed(s, e, key));                                                             \
        if ((s)->report.text_count != 1 || (s)->report.counter != 1)                               \
            fail_msg("%llu findings, the last: %s", (unsigned long long)(s)->report.text_count,    \
                     (s)->report.text[0]);                                                         \
        assert_int_equal(strncmp((s)->report.text[0], "entry ", 6), 0);                            \
    } while (0)

static inline struct entry outcome(const struct scene *s, const char *event, uint64_t intent) {
    struct entry e = next(s, event);
    e.has = ENTRY_HAS_INTENT | ENTRY_HAS_RESULT;
    e.intent = intent;
    memcpy(e.result, "done", 5);
    return e;
}

#endif
