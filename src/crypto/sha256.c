/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

void sha256_start(struct sha256 *h) {
    sha256_init(&h->state);
}

void sha256_add(struct sha256 *h, const void *data, size_t size_bytes) {
    /* Nettle copies even nothing with memcpy(), for which NULL is undefined. */
    if (size_bytes > 0)
        sha256_update(&h->state, size_bytes, data);
}

void sha256_end(struct sha256 *h, uint8_t ret[static SHA256_BYTES]) {
    sha256_digest(&h->state, SHA256_BYTES, ret);
}

void sha256_of(const void *data, size_t size_bytes, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, data, size_bytes);
    sha256_end(&h, ret);
}
