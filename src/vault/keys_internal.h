/* SPDX-License-Identifier: Apache-2.0 */
/* Key files, parsed (format/vault §7.1, §7.2). Any bytes are safe. */
#ifndef EXHIBIT_VAULT_KEYS_INTERNAL_H
#define EXHIBIT_VAULT_KEYS_INTERNAL_H

#include "crypto/seal.h"
#include "vault/vault_internal.h"

#include <jansson.h>

enum { KEYRING_SLOTS_MAX = 256 };

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

struct keyring_slot {
    uint8_t officer[VAULT_ID_BYTES];
    uint8_t sealed[32 + SEAL_BOX_OVERHEAD_BYTES];
};
struct keyring_file {
    uint64_t generation;
    size_t slot_count; /* of the type x25519; others are left alone */
    struct keyring_slot slot[KEYRING_SLOTS_MAX];
    uint8_t nonce[SEAL_NONCE_BYTES];
    uint8_t locked[SIGN_SEED_BYTES + 4 + SEAL_TAG_BYTES];
};
EX_MUST_USE ex_code keyring_file_parse(const uint8_t *data, size_t size_bytes,
                                       struct keyring_file *ret, struct ex_error *err);

#endif
