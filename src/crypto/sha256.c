/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"
#include "base/bytes.h"
#include "base/cursor.h"

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

bool sha256_save(const struct sha256 *h, uint8_t ret[static SHA256_BYTES]) {
    if (h->state.index != 0)
        return false;
    for (int i = 0; i < 8; i++)
        ex_put_le32(ret + 4 * i, h->state.state[i]);
    return true;
}

bool sha256_load(struct sha256 *h, const uint8_t saved[static SHA256_BYTES], uint64_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(saved, SHA256_BYTES);
    if (size_bytes % SHA256_BLOCK_SIZE != 0)
        return false;
    sha256_start(h);
    for (int i = 0; i < 8; i++)
        h->state.state[i] = ex_cursor_le32(&c);
    h->state.count = size_bytes / SHA256_BLOCK_SIZE;
    return true;
}
