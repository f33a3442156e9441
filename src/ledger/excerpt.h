/* SPDX-License-Identifier: Apache-2.0 */
/* An excerpt: some entries of a ledger with their bodies, each proved to be under one signed
 * checkpoint, as one text (docs/format/ledger.md §7.1).
 *
 * What excerpt_check() finds good is in that log, at these places, signed by whom it says with the
 * right to. It does not show that nothing was left out, nor that the vault key belongs to whom it
 * names: that is for the caller, who has the key from elsewhere or has not. Any input is safe.
 * Threads: one excerpt, one thread.
 */
#ifndef EXHIBIT_LEDGER_EXCERPT_H
#define EXHIBIT_LEDGER_EXCERPT_H

#include "ledger/history.h"
#include "ledger/ledger.h"

enum { EXCERPT_ENTRIES_MAX = 1 << 16 };
#define EXCERPT_BYTES_MAX ((size_t)64 << 20)

/* ---- writing ---- */

/* Gives the body of an entry, as it may be shown: the caller's memory until the next call. NULL in
 * *ret: none. */
typedef ex_code excerpt_body_fn(void *context, uint64_t index, const uint8_t **ret,
                                size_t *ret_bytes, struct ex_error *err);

struct excerpt_plan {
    const uint64_t *index; /* ascending, each once */
    size_t count;
    uint64_t since; /* prove that the log of so many entries is the beginning; 0: no */
    excerpt_body_fn *body;
    void *context;
};

/* Under the checkpoint that `l` has now. The caller frees *ret; ret_bytes is without the NUL. */
EX_MUST_USE ex_code excerpt_write(struct ledger *l,
                                  const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                                  const struct excerpt_plan *plan, char **ret, size_t *ret_bytes,
                                  struct ex_error *err);

/* ---- reading ---- */

struct excerpt;

struct excerpt_entry {
    uint64_t index;
    const uint8_t *bytes; /* of the entry; the excerpt's */
    size_t size_bytes;
    const uint8_t *body; /* NULL: none was given */
    size_t body_bytes;
};

/* EX_FORMAT when it is not one; EX_LIMIT when it is too large. Nothing is believed yet. */
EX_MUST_USE ex_code excerpt_parse(const char *text, size_t size_bytes, struct excerpt **ret,
                                  struct ex_error *err);
void excerpt_free(struct excerpt *x);
EX_DEFINE_AUTO(struct excerpt, excerpt_free);

const char *excerpt_origin(const struct excerpt *x);
const uint8_t *excerpt_key(const struct excerpt *x); /* SIGN_PUBLIC_BYTES: as it says itself */
size_t excerpt_count(const struct excerpt *x);
void excerpt_at(const struct excerpt *x, size_t position, struct excerpt_entry *ret);
/* The whole, as it was parsed, with a NUL behind it; the excerpt's. */
const char *excerpt_text(const struct excerpt *x, size_t *ret_bytes);
const char *excerpt_note(const struct excerpt *x, size_t *ret_bytes); /* the signed checkpoint */

/* The same excerpt with some of its entries only: keep[position]. What is kept is proved as before.
 * The caller frees *ret; ret_bytes is without the NUL. EX_MISSING: none is kept. */
EX_MUST_USE ex_code excerpt_part(const struct excerpt *x, const bool *keep, char **ret,
                                 size_t *ret_bytes, struct ex_error *err);

enum { EXCERPT_PROBLEMS_MAX = 16 };

struct excerpt_report {
    struct checkpoint checkpoint; /* of size 0 when it is not signed by the key */
    uint64_t since;               /* proved: the log of so many entries; 0: not given, or bad */
    uint64_t proved, not_proved;  /* entries */
    uint64_t bodies, bodies_none, sections_withheld, bodies_altered;
    struct history_report history;
    uint64_t problem_count; /* all but those of history */
    char problem[EXCERPT_PROBLEMS_MAX][160];
};

/* Is everything in it good? What history_report says of open intents does not count: an excerpt
 * leaves entries out. */
bool excerpt_good(const struct excerpt_report *r);

/* Each entry in order, after it was judged; e is NULL when it is none. */
typedef ex_code excerpt_entry_fn(void *context, const struct excerpt_entry *x,
                                 const struct entry *e, bool good, struct ex_error *err);

/* Checks everything under `key`, the vault key (in general not the one that the excerpt names
 * itself). old_root: of the log of `since` entries when the caller knows it, else NULL. Findings
 * are counted, and fail nothing. ret_history (may be NULL) is the caller's to free. */
EX_MUST_USE ex_code excerpt_check(const struct excerpt *x,
                                  const uint8_t key[static SIGN_PUBLIC_BYTES],
                                  const uint8_t *old_root, excerpt_entry_fn *each, void *context,
                                  struct excerpt_report *ret, struct history **ret_history,
                                  struct ex_error *err);

#endif
