/* SPDX-License-Identifier: Apache-2.0 */
/* Key files, parsed and printed (format/vault §7.1, §7.2). Any bytes are safe. */
#ifndef EXHIBIT_VAULT_KEYS_INTERNAL_H
#define EXHIBIT_VAULT_KEYS_INTERNAL_H

#include "crypto/seal.h"
#include "vault/keys.h"
#include "vault/vault_internal.h"

enum {
    KEYS_KDF_PASSES = 3,
    KEYRING_KEY_BYTES = 32,
    KEYRING_KIND_BYTES = 16,
    KEYRING_FIXED_BYTES = SIGN_SEED_BYTES + SEAL_BOX_SECRET_BYTES + 4 /* before the epoch keys */
};

struct officer_file {
    uint8_t id[VAULT_ID_BYTES];
    uint8_t sign[SIGN_PUBLIC_BYTES];
    uint8_t box[SEAL_BOX_PUBLIC_BYTES];
    struct seal_kdf kdf;
    uint8_t nonce[SEAL_NONCE_BYTES];
    uint8_t locked[SIGN_SEED_BYTES + SEAL_BOX_SECRET_BYTES + SEAL_TAG_BYTES];
};
EX_MUST_USE ex_code officer_file_parse(const uint8_t *data, size_t size_bytes,
                                       struct officer_file *ret, struct ex_error *err);
/* The caller frees. */
EX_MUST_USE ex_code officer_file_print(const struct officer_file *f, char **ret,
                                       struct ex_error *err);

struct keyring_slot {
    uint8_t id[VAULT_SLOT_ID_BYTES];
    char kind[KEYRING_KIND_BYTES + 1]; /* padded with zeros */
    uint8_t officer[VAULT_ID_BYTES];
    uint8_t box[SEAL_BOX_PUBLIC_BYTES];
    struct seal_kdf kdf;
    uint8_t sealed[KEYRING_KEY_BYTES + SEAL_BOX_OVERHEAD_BYTES];
};
enum vault_slot_kind keyring_slot_kind(const struct keyring_slot *s);

struct keyring_file {
    uint64_t generation;
    size_t slot_count;
    struct keyring_slot slot[VAULT_SLOTS_MAX];
    uint8_t nonce[SEAL_NONCE_BYTES];
    size_t locked_bytes; /* KEYRING_FIXED_BYTES + 32 n + SEAL_TAG_BYTES */
    uint8_t *locked;
};
void keyring_file_clear(struct keyring_file *f);
EX_MUST_USE ex_code keyring_file_parse(const uint8_t *data, size_t size_bytes,
                                       struct keyring_file *ret, struct ex_error *err);
EX_MUST_USE ex_code keyring_file_print(const struct keyring_file *f, char **ret,
                                       struct ex_error *err);
/* The associated data of `locked`. */
enum { KEYRING_AD_BYTES = 19 + VAULT_ID_BYTES + 8 + SHA256_BYTES };
void keyring_file_ad(const struct keyring_file *f, const uint8_t vault_id[static VAULT_ID_BYTES],
                     uint8_t ret[static KEYRING_AD_BYTES]);

#endif
