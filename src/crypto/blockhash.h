/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of each 4 KiB block of a buffer, several blocks at once.
 *
 * The last block is padded with zeros when the buffer is not a multiple of 4096 bytes. Uses
 * libipsec-mb's multi-lane SHA-256 where there is one, OpenSSL otherwise; the result is the same.
 * Threads: one hasher belongs to one thread at a time; make one for each worker.
 */
#ifndef EXHIBIT_CRYPTO_BLOCKHASH_H
#define EXHIBIT_CRYPTO_BLOCKHASH_H

#include "base/error.h"
#include "base/mem.h"
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_BYTES = 4096, BLOCK_HASH_BYTES = 32 };

struct block_hasher;
EX_MUST_USE ex_code block_hasher_new(struct block_hasher **ret, struct ex_error *err);
void block_hasher_free(struct block_hasher *h);
EX_DEFINE_AUTO(struct block_hasher, block_hasher_free);

/* ret[i] for i < ceil(size_bytes / 4096). No bytes, no hashes. */
EX_MUST_USE ex_code block_hasher_run(struct block_hasher *h, const uint8_t *data, size_t size_bytes,
                                     uint8_t (*ret)[BLOCK_HASH_BYTES], struct ex_error *err);

/* Several buffers at once, each as above. Short ones next to each other cost what one long one
 * does; one after the other, each would leave most of the lanes empty. */
struct block_span {
    const uint8_t *data;
    size_t size_bytes;
    uint8_t (*ret)[BLOCK_HASH_BYTES];
};
EX_MUST_USE ex_code block_hasher_run_spans(struct block_hasher *h, const struct block_span *span,
                                           size_t count, struct ex_error *err);

/* The hash of a block that consists of `value` alone; a table made once. */
const uint8_t *block_hash_constant(uint8_t value);

/* "libipsec-mb 1.3.0 (AVX512)" or "OpenSSL …": what does the work on this machine. */
const char *block_hasher_engine(void);

#endif
