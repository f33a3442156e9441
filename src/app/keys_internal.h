/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of keys, as `exhibit key` and `exhibit officer` share them.
 *
 * A change is made in memory, then: entry of intent, which names the keyring that will be → the
 * keyring, durable → entry of outcome, which names the keyring that is. Whatever cuts it off, the
 * keyring on the disk is one that the ledger names, and opens. */
#ifndef EXHIBIT_APP_KEYS_INTERNAL_H
#define EXHIBIT_APP_KEYS_INTERNAL_H

#include "app/act_internal.h"
#include "crypto/recovery_code.h"

enum { SLOT_SHORT_CHARS = 8, SLOT_PREFIX_MIN = 4 };

/* --kdf-memory, or the default. */
EX_MUST_USE ex_code keys_kdf_memory(const struct act *act, unsigned *ret, struct ex_error *err);
/* What the drafts are about is taken over, also on failure. `with_intent` (may be NULL) is the
 * entry that stands before the one of intent, `with_outcome` (may be NULL) before the outcome. */
EX_MUST_USE ex_code keys_change(struct act *act, json_t *what, struct draft *with_intent,
                                struct draft *with_outcome, struct ex_error *err);
/* The entries of a change that leaves the keyring as it is: nothing is sealed or written. */
EX_MUST_USE ex_code keys_intent_same(struct act *act, json_t *what, struct ex_error *err);
EX_MUST_USE ex_code keys_outcome_same(struct act *act, json_t *what, struct ex_error *err);

/* {"generation", "epochs"} of the keyring as it is now. */
json_t *keys_keyring_json(const struct act *act);
/* {"id", "name"}, and "key" when there is one (may be NULL). */
json_t *keys_officer_json(const uint8_t id[static VAULT_ID_BYTES], const char *name,
                          const uint8_t *key);
/* {"id", "kind"}; the short id that people use is the beginning of the id. */
json_t *keys_slot_json(const uint8_t id[static VAULT_SLOT_ID_BYTES], enum vault_slot_kind kind);
char *keys_slot_short(char to[static SLOT_SHORT_CHARS + 1],
                      const uint8_t id[static VAULT_SLOT_ID_BYTES]);
/* Removes every slot of an officer; a new epoch in any case. The ids go into `removed`. */
EX_MUST_USE ex_code keys_drop_officer(struct act *act, const uint8_t id[static VAULT_ID_BYTES],
                                      json_t *removed, struct ex_error *err);

/* The lines of officer.enrol and officer.recover but the permissions. */
void keys_enrol_lines(struct entry *e, const struct vault_officer *o);

/* ---- the recovery sheet: sheet.c ---- */

struct sheet_file {
    const char *path; /* "-": standard output */
    int fd;
};
/* Makes the file before anything is done: EX_EXISTS, and what is there is not touched. */
EX_MUST_USE ex_code sheet_reserve(struct act *act, const char *path, struct sheet_file *ret,
                                  struct ex_error *err);
/* Writes the sheet of this code, durable, and closes the file. */
EX_MUST_USE ex_code sheet_write(struct act *act, struct sheet_file *f,
                                const struct recovery_code *code,
                                const uint8_t slot[static VAULT_SLOT_ID_BYTES],
                                struct ex_error *err);
/* Takes a reserved file back; nothing after sheet_write(). */
void sheet_discard(struct sheet_file *f);

#endif
