/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys and signatures (RFC 8032), by libsodium.
 *
 * One rule for doubtful signatures: what libsodium's crypto_sign_verify_detached() accepts is
 * valid. It refuses S that is not reduced, points that are not canonical and points of small order.
 * docs/decisions/ says why, and a test pins the result on the public edge-case vectors.
 *
 * Secret keys live in memory locked by sodium_malloc(); they are wiped when freed.
 */
#ifndef EXHIBIT_CRYPTO_SIGN_H
#define EXHIBIT_CRYPTO_SIGN_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGN_PUBLIC_BYTES = 32, SIGN_SEED_BYTES = 32, SIGNATURE_BYTES = 64 };

struct sign_key; /* a secret Ed25519 key */

EX_MUST_USE ex_code sign_key_generate(struct sign_key **ret, struct ex_error *err);
EX_MUST_USE ex_code sign_key_from_seed(const uint8_t seed[static SIGN_SEED_BYTES],
                                       struct sign_key **ret, struct ex_error *err);
void sign_key_free(struct sign_key *key);
EX_DEFINE_AUTO(struct sign_key, sign_key_free);

const uint8_t *sign_key_public(const struct sign_key *key);
/* The 32-byte seed, inside the key's locked memory: valid as long as the key. */
const uint8_t *sign_key_seed(const struct sign_key *key);
void sign_key_sign(const struct sign_key *key, const void *message, size_t size_bytes,
                   uint8_t ret[static SIGNATURE_BYTES]);

bool sign_verify(const uint8_t public_key[static SIGN_PUBLIC_BYTES], const void *message,
                 size_t size_bytes, const uint8_t signature[static SIGNATURE_BYTES]);

#endif
