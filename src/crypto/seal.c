/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"
#include "base/limits.h"
#include "crypto/secret.h"

#include <sodium.h>

_Static_assert((int)SEAL_SALT_BYTES == (int)crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert((int)SEAL_NONCE_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert((int)SEAL_TAG_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert((int)SEAL_BOX_PUBLIC_BYTES == (int)crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert((int)SEAL_BOX_SECRET_BYTES == (int)crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert((int)SEAL_BOX_OVERHEAD_BYTES == (int)crypto_box_SEALBYTES, "overhead");

enum { KEY_BYTES = SEAL_KEY_BYTES };
_Static_assert((int)SEAL_KEY_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

void seal_secret_free(void *secret) {
    sodium_free(secret);
}

/* The numbers may come from a file that somebody made to use up the memory or the day. */
static ex_code check_kdf(const struct seal_kdf *kdf, struct ex_error *err) {
    if (kdf->memory_mib < SEAL_KDF_MEMORY_MIN_MIB || kdf->memory_mib > SEAL_KDF_MEMORY_MAX_MIB)
        return ex_fail(err, EX_LIMIT, "Argon2id with %u MiB is outside the limits of %d to %d MiB",
                       kdf->memory_mib, SEAL_KDF_MEMORY_MIN_MIB, SEAL_KDF_MEMORY_MAX_MIB);
    if (kdf->passes < 1 || kdf->passes > SEAL_KDF_PASSES_MAX)
        return ex_fail(err, EX_LIMIT, "Argon2id with %u passes is outside the limits of 1 to %d",
                       kdf->passes, SEAL_KDF_PASSES_MAX);
    return EX_OK;
}

ex_code seal_derive(const struct seal_kdf *kdf, const char *passphrase, size_t passphrase_bytes,
                    uint8_t **ret, struct ex_error *err) {
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    EX_TRY(check_kdf(kdf, err));
    if (passphrase_bytes > EX_LIMIT_PASSPHRASE_BYTES)
        return ex_fail(err, EX_LIMIT, "the passphrase is longer than %zu bytes",
                       EX_LIMIT_PASSPHRASE_BYTES);
    EX_TRY(secret_alloc(KEY_BYTES, "a key", &key, err));
    if (crypto_pwhash(key, KEY_BYTES, passphrase, passphrase_bytes, kdf->salt, kdf->passes,
                      (size_t)kdf->memory_mib << 20, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ex_fail(err, EX_NOMEM, "no memory to check a passphrase (%u MiB)", kdf->memory_mib);
    *ret = ex_steal(&key);
    return EX_OK;
}

static ex_code check_size(size_t size_bytes, size_t overhead_bytes, struct ex_error *err) {
    if (size_bytes < overhead_bytes)
        return ex_fail(err, EX_FORMAT, "a locked secret ends early");
    if (size_bytes > EX_LIMIT_CONFIG_BYTES)
        return ex_fail(err, EX_LIMIT, "a locked secret is larger than its limit of %zu bytes",
                       EX_LIMIT_CONFIG_BYTES);
    return EX_OK;
}

ex_code seal_lock(const struct seal_kdf *kdf, const uint8_t nonce[static SEAL_NONCE_BYTES],
                  const char *passphrase, size_t passphrase_bytes, const void *ad, size_t ad_bytes,
                  const uint8_t *plain, size_t plain_bytes, uint8_t *ret, struct ex_error *err) {
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    /* What unlocking would refuse is not locked; a passphrase would be lost with it. */
    if (plain_bytes > EX_LIMIT_CONFIG_BYTES - SEAL_TAG_BYTES)
        return ex_fail(err, EX_LIMIT, "a secret is too large to lock");
    EX_TRY(seal_derive(kdf, passphrase, passphrase_bytes, &key, err));
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(ret, NULL, plain, plain_bytes, ad, ad_bytes,
                                                   NULL, nonce, key) != 0)
        return ex_fail(err, EX_INTERNAL, "could not encrypt a secret");
    return EX_OK;
}

ex_code seal_unlock(const struct seal_kdf *kdf, const uint8_t nonce[static SEAL_NONCE_BYTES],
                    const char *passphrase, size_t passphrase_bytes, const void *ad,
                    size_t ad_bytes, const uint8_t *locked, size_t locked_bytes, uint8_t **ret,
                    struct ex_error *err) {
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    SEAL_AUTO_SECRET uint8_t *plain = NULL;
    EX_TRY(check_size(locked_bytes, SEAL_TAG_BYTES, err));
    EX_TRY(seal_derive(kdf, passphrase, passphrase_bytes, &key, err));
    EX_TRY(secret_alloc(locked_bytes - SEAL_TAG_BYTES, "a secret", &plain, err));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, locked, locked_bytes, ad,
                                                   ad_bytes, nonce, key) != 0)
        return ex_fail(err, EX_DENIED, "the passphrase is wrong, or the locked secret was changed");
    *ret = ex_steal(&plain);
    return EX_OK;
}

void seal_box_public(const uint8_t secret[static SEAL_BOX_SECRET_BYTES],
                     uint8_t ret[static SEAL_BOX_PUBLIC_BYTES]) {
    (void)crypto_scalarmult_base(ret, secret);
}

ex_code seal_box(const uint8_t public_key[static SEAL_BOX_PUBLIC_BYTES], const uint8_t *plain,
                 size_t plain_bytes, uint8_t *ret, struct ex_error *err) {
    if (plain_bytes > EX_LIMIT_CONFIG_BYTES - SEAL_BOX_OVERHEAD_BYTES)
        return ex_fail(err, EX_LIMIT, "a secret is too large to seal");
    if (sodium_init() < 0)
        return ex_fail(err, EX_INTERNAL, "libsodium could not start");
    if (crypto_box_seal(ret, plain, plain_bytes, public_key) != 0)
        return ex_fail(err, EX_FORMAT, "the X25519 key of a recipient is not usable");
    return EX_OK;
}

ex_code seal_box_open(const uint8_t secret[static SEAL_BOX_SECRET_BYTES], const uint8_t *sealed,
                      size_t sealed_bytes, uint8_t **ret, struct ex_error *err) {
    uint8_t public_key[SEAL_BOX_PUBLIC_BYTES];
    SEAL_AUTO_SECRET uint8_t *plain = NULL;
    EX_TRY(check_size(sealed_bytes, SEAL_BOX_OVERHEAD_BYTES, err));
    EX_TRY(secret_alloc(sealed_bytes - SEAL_BOX_OVERHEAD_BYTES, "a secret", &plain, err));
    seal_box_public(secret, public_key);
    if (crypto_box_seal_open(plain, sealed, sealed_bytes, public_key, secret) != 0)
        return ex_fail(err, EX_DENIED, "a secret was sealed to another key, or it was changed");
    *ret = ex_steal(&plain);
    return EX_OK;
}
