/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), linear: one stream, in order, with a state that can be saved.
 *
 * The state is Nettle's plain struct: it may be copied, and saved and gone on with later. Threads:
 * one state belongs to one thread at a time.
 */
#ifndef EXHIBIT_CRYPTO_SHA256_H
#define EXHIBIT_CRYPTO_SHA256_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

struct sha256 {
    struct sha256_ctx state;
};

void sha256_start(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t size_bytes);
void sha256_end(struct sha256 *h, uint8_t ret[static SHA256_BYTES]); /* starts anew */
/* The state after a whole number of 64-byte blocks, in 32 bytes that any other implementation can
 * go on with: the words H0…H7 of FIPS 180-4 §6.2, each little-endian. False, and nothing set, when
 * the number of bytes so far (or size_bytes) is no multiple of 64. */
bool sha256_save(const struct sha256 *h, uint8_t ret[static SHA256_BYTES]);
bool sha256_load(struct sha256 *h, const uint8_t saved[static SHA256_BYTES], uint64_t size_bytes);
void sha256_of(const void *data, size_t size_bytes, uint8_t ret[static SHA256_BYTES]);

#endif
