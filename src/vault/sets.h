/* SPDX-License-Identifier: Apache-2.0 */
/* The hash sets that lie in a vault (docs/format/hash-set.md §5): sets/IDENTITY.set.
 *
 * Which of them the vault has, the ledger says; a file that it does not name is nobody's. They are
 * no evidence and are not encrypted. Writers hold the lock from before their intent to behind their
 * outcome; readers take none. Threads: as the vault's handle.
 */
#ifndef EXHIBIT_VAULT_SETS_H
#define EXHIBIT_VAULT_SETS_H

#include "formats/hashset.h"
#include "vault/vault.h"

enum { VAULT_SET_ID_BYTES = 32 }; /* the set's identity */

/* EX_MISSING: there is no such file. EX_ALTERED: there is another one in its place. */
EX_MUST_USE ex_code vault_set_open(struct vault *v, const uint8_t id[static VAULT_SET_ID_BYTES],
                                   struct hashset **ret, struct ex_error *err);

struct vault_sets; /* the lock, and the directory */
/* Makes the directory when there is none. EX_BUSY: another process adds or removes one. */
EX_MUST_USE ex_code vault_sets_lock(struct vault *v, struct vault_sets **ret, struct ex_error *err);
void vault_sets_unlock(struct vault_sets *s);
EX_DEFINE_AUTO(struct vault_sets, vault_sets_unlock);
int vault_sets_dir_fd(const struct vault_sets *s); /* the lock's */

/* Removes what was left by those that were cut off: all files but the `count` sets of `keep`. */
EX_MUST_USE ex_code vault_sets_clean(struct vault_sets *s,
                                     const uint8_t (*keep)[VAULT_SET_ID_BYTES], size_t count,
                                     struct ex_error *err);
/* A new file to write a set into; *ret_fd is the lock's. One at a time. */
EX_MUST_USE ex_code vault_sets_begin(struct vault_sets *s, int *ret_fd, struct ex_error *err);
/* The file that was begun, written and synced, gets its name, durably. EX_EXISTS: there is one. */
EX_MUST_USE ex_code vault_sets_publish(struct vault_sets *s,
                                       const uint8_t id[static VAULT_SET_ID_BYTES],
                                       struct ex_error *err);
/* Durably; nothing when it is gone already. */
EX_MUST_USE ex_code vault_sets_remove(struct vault_sets *s,
                                      const uint8_t id[static VAULT_SET_ID_BYTES],
                                      struct ex_error *err);

/* Of vault_check(): every set against its name, with `deep` every page of it. `problem` gets a
 * line for each that is not sound. *ret_count: how many there are. */
typedef void vault_sets_problem_fn(void *context, const char *text);
EX_MUST_USE ex_code vault_sets_check(struct vault *v, bool deep, struct ex_progress *progress,
                                     vault_sets_problem_fn *problem, void *context,
                                     uint64_t *ret_count, struct ex_error *err);

#endif
