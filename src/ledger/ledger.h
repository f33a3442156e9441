/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: one append-only, signed log of entries for each vault (docs/format/ledger.md).
 *
 * Promises: an entry that ledger_commit() acknowledged is durable, stands at the index that it was
 * given, and is under a checkpoint signed by the vault key; no checkpoint ever contradicts an
 * earlier one that this program wrote to this directory. It does not judge what entries mean or who
 * signed them: that is ledger/history.h. Only app/ appends.
 *
 * Several processes may read and append; appending takes `ledger/lock`. Threads: one handle belongs
 * to one thread at a time.
 */
#ifndef EXHIBIT_LEDGER_LEDGER_H
#define EXHIBIT_LEDGER_LEDGER_H

#include "base/progress.h"
#include "ledger/entry.h"

struct ledger;

/* A number as in the names of tiles and bodies: 1234067 is "x001/x234/067". Returns `to`. */
enum { LEDGER_NUMBER_MAX = 40 };
char *ledger_number_text(char to[static LEDGER_NUMBER_MAX], uint64_t n);

/* Makes `ledger/` with an empty log and its first checkpoint. */
EX_MUST_USE ex_code ledger_create(int vault_dir_fd, const char *origin,
                                  const struct sign_key *vault_key, struct ex_error *err);

/* Opens for reading (and appending). vault_key: the key that must have signed the checkpoint, by
 * name = origin. EX_SIGNATURE when it did not, EX_MISSING when tiles below the checkpoint are gone.
 */
EX_MUST_USE ex_code ledger_open(int vault_dir_fd, const struct note_key *vault_key,
                                struct ledger **ret, struct ex_error *err);
/* The same without a look at the tiles: for ledger_check_all(), which then says which of them are
 * damaged where ledger_open() only fails. */
EX_MUST_USE ex_code ledger_open_to_check(int vault_dir_fd, const struct note_key *vault_key,
                                         struct ledger **ret, struct ex_error *err);
void ledger_close(struct ledger *l);
EX_DEFINE_AUTO(struct ledger, ledger_close);

const char *ledger_origin(const struct ledger *l);
uint64_t ledger_size(const struct ledger *l);
void ledger_root(const struct ledger *l, uint8_t ret[static MERKLE_BYTES]);
/* Looks at the checkpoint again: another process may have appended. EX_ALTERED when what is there
 * now does not continue what this handle knew; the handle then stays as it was. */
EX_MUST_USE ex_code ledger_refresh(struct ledger *l, struct ex_error *err);

/* The bytes of an entry, proved against the signed root; the caller frees. The last bundle read is
 * kept, so reading in order is cheap. EX_NOT_FOUND beyond the size, EX_ALTERED or EX_MISSING when
 * the files are damaged. */
EX_MUST_USE ex_code ledger_read(struct ledger *l, uint64_t index, uint8_t **ret,
                                size_t *ret_size_bytes, struct ex_error *err);

/* Appending: begin (takes the lock, refreshes) → for each entry: read the clock, index and root,
 * add → commit. An entry made for another log, index or tree is refused (EX_INTERNAL). Commit ends
 * the append whatever it returns; anything but a successful one leaves the log as it was (except
 * when the disk fails in the very last fsync: ledger_refresh() then tells what stands). A clock
 * that is read before begin may seem to go back, because another process appended meanwhile. */
EX_MUST_USE ex_code ledger_begin(struct ledger *l, unsigned wait_ms, struct ex_error *err);
uint64_t ledger_next_index(const struct ledger *l);
void ledger_next_tree(const struct ledger *l, uint8_t ret[static MERKLE_BYTES]);
EX_MUST_USE ex_code ledger_add(struct ledger *l, const uint8_t *entry, size_t size_bytes,
                               struct ex_error *err);
EX_MUST_USE ex_code ledger_commit(struct ledger *l, const struct sign_key *vault_key,
                                  struct ex_error *err);
void ledger_abort(struct ledger *l); /* no effect when nothing has begun */

/* Text for people and other tools (ledger.md §7); the caller frees. */
EX_MUST_USE ex_code ledger_checkpoint_text(const struct ledger *l, char **ret,
                                           struct ex_error *err);
EX_MUST_USE ex_code ledger_prove_entry(struct ledger *l, uint64_t index, char **ret,
                                       struct ex_error *err);
EX_MUST_USE ex_code ledger_prove_since(struct ledger *l, uint64_t old_size, char **ret,
                                       struct ex_error *err);
/* The same proofs as hashes, verified: for excerpts (§7.1). */
EX_MUST_USE ex_code ledger_prove_inclusion(struct ledger *l, uint64_t index,
                                           struct merkle_proof *ret, struct ex_error *err);
/* 0 < old_size <= the size of the ledger. */
EX_MUST_USE ex_code ledger_prove_consistency(struct ledger *l, uint64_t old_size,
                                             struct merkle_proof *ret, struct ex_error *err);
/* Does the present log continue the one that this saved checkpoint (a signed note) was the head
 * of? EX_ALTERED when not, EX_SIGNATURE when the saved one is not by the vault key. */
EX_MUST_USE ex_code ledger_continues(struct ledger *l, const char *note, size_t size_bytes,
                                     uint64_t *ret_old_size, struct ex_error *err);

/* The same for what a checkpoint says, whoever signed it. */
EX_MUST_USE ex_code ledger_continues_tree(struct ledger *l, const struct checkpoint *old,
                                          struct ex_error *err);

/* Reads every entry and every tile, and recomputes the tree. Each entry is handed on in order with
 * the root of the tree before it, whatever was found before. Problems are counted and the first
 * ones put into words; the function itself fails only when it cannot go on. */
enum { LEDGER_PROBLEMS_MAX = 32 };

struct ledger_check {
    uint64_t entries;  /* read and hashed */
    uint64_t tiles;    /* compared with what they should be */
    bool root_matches; /* the recomputed root is the checkpoint's */
    uint64_t beyond;   /* files beyond the checkpoint: never acknowledged, or rolled back */
    uint64_t problem_count;
    char problem[LEDGER_PROBLEMS_MAX][160];
};

typedef ex_code ledger_entry_fn(void *context, uint64_t index,
                                const uint8_t tree_before[static MERKLE_BYTES],
                                const uint8_t *entry, size_t size_bytes, struct ex_error *err);

EX_MUST_USE ex_code ledger_check_all(struct ledger *l, ledger_entry_fn *each, void *context,
                                     struct ex_progress *progress, struct ledger_check *ret,
                                     struct ex_error *err);

#endif
