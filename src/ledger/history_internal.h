/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind ledger/history.h and ledger/custody.h share. */
#ifndef EXHIBIT_LEDGER_HISTORY_INTERNAL_H
#define EXHIBIT_LEDGER_HISTORY_INTERNAL_H

#include "ledger/custody.h"
#include "ledger/history.h"

#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) (oom = true)
#include <uthash.h>

struct officer {
    struct history_officer public;
    struct officer *replaced_by; /* after a recovery; NULL: nobody */
    UT_hash_handle hh;
};

struct session {
    uint64_t index;
    const struct officer *officer;
    uint8_t key[SIGN_PUBLIC_BYTES];
    int64_t expires_ns;
    UT_hash_handle hh;
};

struct intent {
    uint64_t index;
    char stem[ENTRY_EVENT_MAX + 1];
    unsigned has;
    uint8_t case_id[ENTRY_ID_BYTES], item_id[ENTRY_ID_BYTES];
    UT_hash_handle hh;
};

/* Somebody asks that an item be disposed of (§5.1). */
struct proposal {
    uint64_t index;
    uint8_t officer[ENTRY_ID_BYTES], item_id[ENTRY_ID_BYTES];
    int64_t utc_ns;
    uint64_t approved_at; /* 0: not yet */
    UT_hash_handle hh;
};

struct boot {
    char id[17];
    uint64_t monotonic_ns; /* latest reading */
    int64_t utc_ns;        /* what the clock said at it */
    UT_hash_handle hh;
};

/* An item and who held it (§5.2). */
struct custody_record {
    struct custody_item public;
    size_t period_capacity, handover_capacity;
    UT_hash_handle hh;
};

/* Who gives what to whom under one id; it is the same for each of its items. */
struct custody_parties {
    uint8_t id[ENTRY_ID_BYTES];
    enum custody_way way;
    uint8_t giver[ENTRY_ID_BYTES], taker[ENTRY_ID_BYTES];
    UT_hash_handle hh;
};

struct custody {
    struct custody_record *records;
    struct custody_parties *parties;
};

struct history {
    char origin[NOTE_NAME_MAX + 1];
    uint8_t vault_key[SIGN_PUBLIC_BYTES];
    struct history_report report;
    struct officer *officers; /* all five: in order of appearance */
    struct session *sessions;
    struct intent *intents; /* the open ones */
    struct boot *boots;
    struct proposal *proposals;
    struct custody custody;
    int64_t latest_ns; /* of entries with a good signature */
    bool has_latest;
};

/* One entry on its way through. */
struct feed {
    struct history *h;
    uint64_t index;
    const struct entry *e;
    bool good;
};

#define HISTORY_FREE_ALL(type, head)                                                               \
    do {                                                                                           \
        struct type *item_, *next_;                                                                \
        HASH_ITER(hh, head, item_, next_) {                                                        \
            HASH_DEL(head, item_);                                                                 \
            free(item_);                                                                           \
        }                                                                                          \
    } while (0)

/* Counts and words what is wrong with the entry. */
EX_PRINTF(3, 4)
void history_finding(struct feed *f, uint64_t *counter, const char *format, ...);
struct officer *history_find_officer(const struct history *h, const uint8_t *id);
struct session *history_find_session(const struct history *h, uint64_t index);

/* ---- §5.1: disposal.c ---- */

/* Disposal is signed by officers' own keys, and by nothing else. */
bool disposal_is_decision(const char *event);
EX_MUST_USE ex_code disposal_propose(struct feed *f, struct ex_error *err);
void disposal_approve(struct feed *f);
/* False, with a finding: an item was disposed of without two officers. */
bool disposal_check_tombstone(struct feed *f);
/* Of this good outcome of a disposal: is everything of its item gone? */
bool disposal_ends_item(const struct feed *f);

/* ---- §5.2: custody.c ---- */

/* An offer, or what answers one: signed by officers' own keys, and by nothing else. */
bool custody_is_handover(const char *event);
EX_MUST_USE ex_code custody_handover(struct feed *f, struct ex_error *err);
/* An entry that a session signed and that is good: it may begin or end the custody of an item. */
EX_MUST_USE ex_code custody_take(struct feed *f, struct ex_error *err);
/* An officer leaves; the place of the old one is taken, or by == NULL it stays empty. */
EX_MUST_USE ex_code custody_leave(struct feed *f, const struct officer *who,
                                  const struct officer *by, struct ex_error *err);
void custody_free(struct custody *c);

#endif
