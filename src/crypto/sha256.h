/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), linear: one stream, in order, with a state that can be saved.
 *
 * The state is Nettle's plain struct: it may be copied, stored and gone on with later by the same
 * build of the same library. Threads: one state belongs to one thread at a time.
 */
#ifndef EXHIBIT_CRYPTO_SHA256_H
#define EXHIBIT_CRYPTO_SHA256_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

struct sha256 {
    struct sha256_ctx state;
};

void sha256_start(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t size_bytes);
void sha256_end(struct sha256 *h, uint8_t ret[static SHA256_BYTES]); /* starts anew */
void sha256_of(const void *data, size_t size_bytes, uint8_t ret[static SHA256_BYTES]);

#endif
