/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: officers' key files and the keyring (docs/format/vault.md §7.1, §7.2).
 *
 * An officer's file holds the officer's own two keys under a passphrase. The keyring holds the
 * vault's secrets: its signing key, its X25519 secret and, in an encrypted vault, the epoch keys.
 * Each slot of the keyring opens all of it. What changes in a keyring changes in memory only, until
 * vault_keyring_write() puts a new generation in the place of the old one, sealed anew to every
 * slot.
 *
 * Unlocked secrets are in locked memory, and wiped when freed. Threads: one keyring, one officer
 * belong to one thread at a time.
 *
 *     unlocking:  vault_officer_unlock → vault_keyring_open_officer → vault_keyring_unlock
 *     changing:   … → vault_keyring_add_… / _remove_slot / _rotate → vault_keyring_seal
 *                 (its hash goes into the ledger's entry of intent) → vault_keyring_write
 *     a new one:  vault_keyring_new → vault_create → vault_open → vault_officer_create
 *                 → vault_keyring_add_officer → vault_keyring_write → vault_keyring_unlock
 */
#ifndef EXHIBIT_VAULT_KEYS_H
#define EXHIBIT_VAULT_KEYS_H

#include "vault/vault.h"

enum {
    VAULT_BOX_BYTES = 32, /* X25519, public and secret */
    VAULT_SLOT_ID_BYTES = 16,
    VAULT_SLOTS_MAX = 256
};

/* ---- officers ---- */

struct vault_officer {
    uint8_t id[VAULT_ID_BYTES];
    struct sign_key *sign;
    uint8_t box_public[VAULT_BOX_BYTES];
    uint8_t *box_secret; /* locked memory */
};

/* Makes keys/ID.json with new keys, and gives them unlocked. */
EX_MUST_USE ex_code vault_officer_create(int vault_dir_fd, unsigned kdf_memory_mib,
                                         const char *passphrase, size_t passphrase_bytes,
                                         struct vault_officer *ret, struct ex_error *err);
/* EX_DENIED: wrong passphrase (or a changed key file). */
EX_MUST_USE ex_code vault_officer_unlock(int vault_dir_fd, const uint8_t id[static VAULT_ID_BYTES],
                                         const char *passphrase, size_t passphrase_bytes,
                                         struct vault_officer *ret, struct ex_error *err);
void vault_officer_clear(struct vault_officer *o);

/* Puts the same keys under a new passphrase, with a new salt and nonce, in the place of
 * keys/ID.json; at every moment one of the two passphrases opens it. EX_ALTERED: that file holds
 * other keys. */
EX_MUST_USE ex_code vault_officer_change_passphrase(int vault_dir_fd, const struct vault_officer *o,
                                                    unsigned kdf_memory_mib, const char *passphrase,
                                                    size_t passphrase_bytes, struct ex_error *err);

/* Ids of the officers that have a key file, at most max, ascending; *ret_count may be more. */
EX_MUST_USE ex_code vault_officer_list(int vault_dir_fd, uint8_t (*ret)[VAULT_ID_BYTES], size_t max,
                                       size_t *ret_count, struct ex_error *err);

/* ---- the keyring, unlocked ---- */

struct vault_keyring;
void vault_keyring_free(struct vault_keyring *k);
EX_DEFINE_AUTO(struct vault_keyring, vault_keyring_free);

/* New secrets for a vault that is to be made: no slot yet, generation 0, nothing on a disk. */
EX_MUST_USE ex_code vault_keyring_new(bool encrypted, struct vault_keyring **ret,
                                      struct ex_error *err);

/* Open the vault's keyring. EX_DENIED: no slot for that secret. EX_ALTERED: the file was changed,
 * or is another vault's. EX_NOT_FOUND: there is none. EX_UNSUPPORTED: unknown version. _passphrase
 * tries each slot of that kind, and so may take seconds for each. */
EX_MUST_USE ex_code vault_keyring_open_officer(const struct vault *v, const struct vault_officer *o,
                                               struct vault_keyring **ret, struct ex_error *err);
EX_MUST_USE ex_code vault_keyring_open_passphrase(const struct vault *v, const char *passphrase,
                                                  size_t passphrase_bytes,
                                                  struct vault_keyring **ret, struct ex_error *err);
EX_MUST_USE ex_code vault_keyring_open_secret(const struct vault *v,
                                              const uint8_t secret[static VAULT_BOX_BYTES],
                                              struct vault_keyring **ret, struct ex_error *err);

/* Hands the epoch keys (a copy) to the vault: from now on it reads and writes encrypted things.
 * Again after a change that made a new epoch. Nothing to do in a plain vault. */
EX_MUST_USE ex_code vault_keyring_unlock(struct vault *v, const struct vault_keyring *k,
                                         struct ex_error *err);

/* These live as long as the keyring. */
const struct sign_key *vault_keyring_sign_key(const struct vault_keyring *k);
const uint8_t *vault_keyring_box_secret(const struct vault_keyring *k); /* locked memory */
void vault_keyring_box(const struct vault_keyring *k, uint8_t ret[static VAULT_BOX_BYTES]);
/* 0 in a plain vault. */
uint64_t vault_keyring_epochs(const struct vault_keyring *k);

/* Generation and SHA-256 of keyring.json as it was opened, or as it was last written: what the
 * ledger's entries name. 0, and zeros, for a new one. */
uint64_t vault_keyring_generation(const struct vault_keyring *k);
void vault_keyring_sha256(const struct vault_keyring *k, uint8_t ret[static SHA256_BYTES]);

/* ---- slots ---- */

enum vault_slot_kind {
    VAULT_SLOT_UNKNOWN, /* of a later program: the keyring opens but cannot be changed */
    VAULT_SLOT_OFFICER,
    VAULT_SLOT_RECIPIENT,
    VAULT_SLOT_PASSPHRASE
};

struct vault_slot {
    uint8_t id[VAULT_SLOT_ID_BYTES];
    enum vault_slot_kind kind;
    uint8_t officer[VAULT_ID_BYTES]; /* zero in other kinds */
    uint8_t box[VAULT_BOX_BYTES];
};

size_t vault_keyring_slot_count(const struct vault_keyring *k);
/* index < slot count, in the order of the file. */
void vault_keyring_slot(const struct vault_keyring *k, size_t index, struct vault_slot *ret);
/* The slot that this keyring was opened with; NULL when it is new. */
const uint8_t *vault_keyring_opened_by(const struct vault_keyring *k);
/* "officer", "recipient", "passphrase", "unknown". */
const char *vault_slot_kind_word(enum vault_slot_kind kind);

/* ---- changing ---- */

/* ret_id (may be NULL): of the new slot. EX_EXISTS: that officer, or that key, has a slot already.
 * EX_LIMIT: VAULT_SLOTS_MAX slots. EX_FORMAT: a key that cannot be sealed to. EX_UNSUPPORTED: the
 * keyring has a slot of an unknown kind. The same for all changes. */
EX_MUST_USE ex_code vault_keyring_add_officer(struct vault_keyring *k,
                                              const uint8_t officer[static VAULT_ID_BYTES],
                                              const uint8_t box[static VAULT_BOX_BYTES],
                                              uint8_t *ret_id, struct ex_error *err);
EX_MUST_USE ex_code vault_keyring_add_recipient(struct vault_keyring *k,
                                                const uint8_t box[static VAULT_BOX_BYTES],
                                                uint8_t *ret_id, struct ex_error *err);
EX_MUST_USE ex_code vault_keyring_add_passphrase(struct vault_keyring *k, unsigned kdf_memory_mib,
                                                 const char *passphrase, size_t passphrase_bytes,
                                                 uint8_t *ret_id, struct ex_error *err);
/* Also makes a new epoch (in an encrypted vault). EX_NOT_FOUND; EX_DENIED: it is the last slot. */
EX_MUST_USE ex_code vault_keyring_remove_slot(struct vault_keyring *k,
                                              const uint8_t id[static VAULT_SLOT_ID_BYTES],
                                              struct ex_error *err);
/* A new epoch: what is written from then on is under a new key. Nothing but a new keyring key in a
 * plain vault. */
EX_MUST_USE ex_code vault_keyring_rotate(struct vault_keyring *k, struct ex_error *err);

/* Makes the bytes of the next generation, under a fresh keyring key, and says what they will be,
 * for the entry of intent. A change after it makes them void. */
EX_MUST_USE ex_code vault_keyring_seal(struct vault_keyring *k,
                                       const uint8_t vault_id[static VAULT_ID_BYTES],
                                       uint64_t *ret_generation,
                                       uint8_t ret_sha256[static SHA256_BYTES],
                                       struct ex_error *err);
/* Writes what vault_keyring_seal() made (makes it when that was not asked for), durable, and reads
 * it back. EX_BUSY: another process holds keys/lock, or changed the keyring since this one was
 * opened: open it again. EX_ALTERED: the file on the disk is neither that one nor a later one.
 * After a failure either the old generation or the new one is there, whole. */
EX_MUST_USE ex_code vault_keyring_write(struct vault *v, struct vault_keyring *k,
                                        struct ex_error *err);

/* ---- other keys ---- */

/* HKDF of the newest epoch key with the vault id as salt, for what has no id of its own: the
 * catalog. It changes with each epoch. EX_DENIED: the vault is locked; EX_UNSUPPORTED: it is plain.
 * The caller wipes ret. */
EX_MUST_USE ex_code vault_derive_key(const struct vault *v, const char *info,
                                     uint8_t ret[static 32], struct ex_error *err);

/* keyring.json and keyring.copy.json are whole files of one keyring: the same, or the copy of the
 * generation before, as a change that was cut off leaves it? */
bool vault_keyring_copies_sound(const struct vault *v);
/* Have they the same bytes? */
bool vault_keyring_copies_agree(const struct vault *v);
/* Writes the one that was opened over the other. */
EX_MUST_USE ex_code vault_keyring_mend(struct vault *v, const struct vault_keyring *k,
                                       struct ex_error *err);

#endif
