/* SPDX-License-Identifier: Apache-2.0 */
/* Small secrets at rest: locked by a passphrase, or sealed to an X25519 key.
 *
 * Locked: key = Argon2id(passphrase, salt), then XChaCha20-Poly1305 (IETF). Sealed: libsodium's
 * crypto_box_seal(). Layouts: docs/format/vault.md §7. Unlocked secrets are in memory from
 * sodium_malloc(), for sodium_free().
 */
#ifndef EXHIBIT_CRYPTO_SEAL_H
#define EXHIBIT_CRYPTO_SEAL_H

#include "base/error.h"
#include "base/mem.h"
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_SALT_BYTES = 16,
    SEAL_NONCE_BYTES = 24,
    SEAL_TAG_BYTES = 16,
    SEAL_KEY_BYTES = 32,
    SEAL_BOX_PUBLIC_BYTES = 32,
    SEAL_BOX_SECRET_BYTES = 32,
    SEAL_BOX_OVERHEAD_BYTES = 48,
    SEAL_KDF_MEMORY_MIN_MIB = 8,
    SEAL_KDF_MEMORY_MAX_MIB = 256,
    SEAL_KDF_PASSES_MAX = 16
};

struct seal_kdf {
    uint32_t memory_mib;
    uint32_t passes;
    uint8_t salt[SEAL_SALT_BYTES];
};

/* Bytes from a person that must not stay in memory: sodium_malloc'ed, wiped by sodium_free. */
void seal_secret_free(void *secret);
static inline void seal_secret_free_auto(void *p) {
    seal_secret_free(*(void **)p);
}
#define SEAL_AUTO_SECRET __attribute__((cleanup(seal_secret_free_auto)))

/* Argon2id of the passphrase: *ret is SEAL_KEY_BYTES, to be freed with seal_secret_free().
 * EX_LIMIT: costs outside the limits. */
EX_MUST_USE ex_code seal_derive(const struct seal_kdf *kdf, const char *passphrase,
                                size_t passphrase_bytes, uint8_t **ret, struct ex_error *err);

/* ret: plain_bytes + SEAL_TAG_BYTES. `ad` is authenticated with it. */
EX_MUST_USE ex_code seal_lock(const struct seal_kdf *kdf,
                              const uint8_t nonce[static SEAL_NONCE_BYTES], const char *passphrase,
                              size_t passphrase_bytes, const void *ad, size_t ad_bytes,
                              const uint8_t *plain, size_t plain_bytes, uint8_t *ret,
                              struct ex_error *err);
/* *ret: locked_bytes - SEAL_TAG_BYTES bytes, to be freed with seal_secret_free(). EX_DENIED: the
 * passphrase is wrong, or the file was changed; the two cannot be told apart. */
EX_MUST_USE ex_code seal_unlock(const struct seal_kdf *kdf,
                                const uint8_t nonce[static SEAL_NONCE_BYTES],
                                const char *passphrase, size_t passphrase_bytes, const void *ad,
                                size_t ad_bytes, const uint8_t *locked, size_t locked_bytes,
                                uint8_t **ret, struct ex_error *err);

void seal_box_public(const uint8_t secret[static SEAL_BOX_SECRET_BYTES],
                     uint8_t ret[static SEAL_BOX_PUBLIC_BYTES]);
/* ret: plain_bytes + SEAL_BOX_OVERHEAD_BYTES. */
EX_MUST_USE ex_code seal_box(const uint8_t public_key[static SEAL_BOX_PUBLIC_BYTES],
                             const uint8_t *plain, size_t plain_bytes, uint8_t *ret,
                             struct ex_error *err);
EX_MUST_USE ex_code seal_box_open(const uint8_t secret[static SEAL_BOX_SECRET_BYTES],
                                  const uint8_t *sealed, size_t sealed_bytes, uint8_t **ret,
                                  struct ex_error *err);

#endif
