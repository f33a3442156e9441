/* SPDX-License-Identifier: Apache-2.0 */
/* The fs-verity digest: SHA-256, 4096-byte blocks, no salt, no signature.
 *
 * Source: Linux Documentation/filesystems/fsverity.rst, "Merkle tree" and "fs-verity descriptor".
 * `fsverity digest --hash-alg=sha256 --block-size=4096 FILE` gives the same value.
 *
 * The tree is built from block hashes as they come; memory is one block for each level. Runs of
 * equal blocks cost a constant time for each full sub-tree. The state is a plain struct that can
 * be saved. Threads: one state belongs to one thread at a time.
 */
#ifndef EXHIBIT_CRYPTO_VERITY_H
#define EXHIBIT_CRYPTO_VERITY_H

#include "crypto/blockhash.h"

enum { VERITY_BYTES = 32, VERITY_FANOUT = 128, VERITY_LEVELS_MAX = 8 };

struct verity {
    uint64_t blocks;
    struct verity_level {
        uint32_t used; /* hashes in this group, < VERITY_FANOUT */
        uint8_t group[VERITY_FANOUT][BLOCK_HASH_BYTES];
    } level[VERITY_LEVELS_MAX + 1];
};

void verity_start(struct verity *v);
void verity_add(struct verity *v, const uint8_t hash[static BLOCK_HASH_BYTES]);
/* `count` blocks that all have this hash. */
void verity_add_run(struct verity *v, const uint8_t hash[static BLOCK_HASH_BYTES], uint64_t count);
/* size_bytes is the length of the stream; the number of blocks added must be its ceiling in blocks
 * (EX_INTERNAL otherwise). Destroys the state. */
EX_MUST_USE ex_code verity_end(struct verity *v, uint64_t size_bytes,
                               uint8_t ret[static VERITY_BYTES], struct ex_error *err);

#endif
