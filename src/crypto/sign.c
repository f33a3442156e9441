/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"
#include "crypto/secret.h"

#include <sodium.h>

/* libsodium's secret key is the seed with the public key after it. */
struct sign_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

_Static_assert((int)SIGN_PUBLIC_BYTES == (int)crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert((int)SIGN_SEED_BYTES == (int)crypto_sign_SEEDBYTES, "seed");
_Static_assert((int)SIGNATURE_BYTES == (int)crypto_sign_BYTES, "signature");

ex_code sign_key_generate(struct sign_key **ret, struct ex_error *err) {
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_TRY(secret_alloc(sizeof *key, "a signing key", &key, err));
    if (crypto_sign_keypair(public_key, key->secret) != 0)
        return ex_fail(err, EX_INTERNAL, "could not make a signing key");
    *ret = ex_steal(&key);
    return EX_OK;
}

ex_code sign_key_from_seed(const uint8_t seed[static SIGN_SEED_BYTES], struct sign_key **ret,
                           struct ex_error *err) {
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    EX_TRY(secret_alloc(sizeof *key, "a signing key", &key, err));
    if (crypto_sign_seed_keypair(public_key, key->secret, seed) != 0)
        return ex_fail(err, EX_INTERNAL, "could not make a signing key");
    *ret = ex_steal(&key);
    return EX_OK;
}

void sign_key_free(struct sign_key *key) {
    sodium_free(key);
}

const uint8_t *sign_key_public(const struct sign_key *key) {
    return key->secret + SIGN_SEED_BYTES;
}

const uint8_t *sign_key_seed(const struct sign_key *key) {
    return key->secret;
}

void sign_key_sign(const struct sign_key *key, const void *message, size_t size_bytes,
                   uint8_t ret[static SIGNATURE_BYTES]) {
    (void)crypto_sign_detached(ret, NULL, message, size_bytes, key->secret);
}

bool sign_verify(const uint8_t public_key[static SIGN_PUBLIC_BYTES], const void *message,
                 size_t size_bytes, const uint8_t signature[static SIGNATURE_BYTES]) {
    return crypto_sign_verify_detached(signature, message, size_bytes, public_key) == 0;
}
