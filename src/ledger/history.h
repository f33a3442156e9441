/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed, with which right, and in which order of time: a reading of the entries, one after
 * the other (docs/format/ledger.md §3.1, §5).
 *
 * history_feed() never refuses to go on: what is wrong with an entry becomes a finding, what is
 * odd but allowed (a clock that was set back or ahead) becomes a note. It checks the entry's own
 * signature and place, not its body and not the tree around it. Threads: one history, one thread.
 */
#ifndef EXHIBIT_LEDGER_HISTORY_H
#define EXHIBIT_LEDGER_HISTORY_H

#include "ledger/entry.h"

struct history;

struct history_officer {
    uint8_t id[ENTRY_ID_BYTES];
    uint8_t key[SIGN_PUBLIC_BYTES];
    uint8_t box[32];
    uint64_t enrolled_at; /* entry index */
    uint64_t retired_at;  /* entry index; 0: still in office */
    size_t permission_count;
    char permission[ENTRY_PERMISSIONS_MAX][ENTRY_WORD_MAX + 1];
};

enum { HISTORY_TEXTS_MAX = 32 };

struct history_report {
    uint64_t entries;
    uint64_t signatures_good;
    uint64_t signatures_bad; /* wrong, by an unknown or expired signer, or without the right */
    uint64_t misplaced;      /* wrong log, index or tree */
    uint64_t unreadable;     /* not an entry of this version */
    uint64_t rules_broken;   /* lines, intents or outcomes against §3 and §5 */
    uint64_t clock_back;     /* times before an earlier entry's, or that do not fit their boot */
    uint64_t clock_jumped;   /* times further ahead than their boot's monotonic clock went on */
    uint64_t clock_free;     /* entries whose clock nothing disciplined */
    uint64_t open_intents;   /* intents without an outcome so far */
    uint64_t officers;       /* ever enrolled */
    uint64_t recoveries;     /* of them, by the vault key */
    uint64_t sessions;
    int64_t first_ns, last_ns; /* earliest and latest time that entries claim */
    uint64_t text_count;       /* all findings: the sum of signatures_bad, misplaced, unreadable and
                                  rules_broken; in words, as far as they fit, in text[] */
    char text[HISTORY_TEXTS_MAX][160];
    uint64_t note_count; /* facts that are no fault: the sum of clock_back, clock_jumped and
                            recoveries; in words, each naming its entry, as far as they fit, in
                            note[] */
    char note[HISTORY_TEXTS_MAX][160];
};

EX_MUST_USE ex_code history_new(const char *origin,
                                const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                                struct history **ret, struct ex_error *err);
void history_free(struct history *h);
EX_DEFINE_AUTO(struct history, history_free);

/* Fails only for want of memory. Entries may be left out, and a session.open may be fed late as
 * long as it comes before what its session signed: rights are judged by index. ret_entry (may be
 * NULL) gets the parsed entry when it could be parsed; *ret_good says whether nothing was wrong
 * with it. */
EX_MUST_USE ex_code history_feed(struct history *h, uint64_t index,
                                 const uint8_t tree_before[static MERKLE_BYTES],
                                 const uint8_t *data, size_t size_bytes, struct entry *ret_entry,
                                 bool *ret_good, struct ex_error *err);
/* The state so far; open intents are counted now. */
void history_report(const struct history *h, struct history_report *ret);
/* Calls fn for each intent without outcome, in order. */
void history_each_open(const struct history *h, void (*fn)(void *context, uint64_t index),
                       void *context);

const struct history_officer *history_officer(const struct history *h,
                                              const uint8_t id[static ENTRY_ID_BYTES]);
const struct history_officer *history_officer_at(const struct history *h, size_t position);
/* Did two officers sign that this item be disposed of, and in which entries? */
enum { HISTORY_DISPOSAL_DAYS = 30 }; /* between the two */
bool history_disposal(const struct history *h, const uint8_t item_id[static ENTRY_ID_BYTES],
                      uint64_t *ret_proposal, uint64_t *ret_approval);
bool history_officer_may(const struct history_officer *o, const char *permission);

#endif
