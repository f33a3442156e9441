/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of a stream and those of its 4 KiB blocks, in one pass.
 *
 * One SHA-256 leaves half of a processor's SHA units idle: each of its steps waits for the one
 * before. Two that do not depend on each other fill the gaps, so that the hashes of the blocks cost
 * almost nothing beside the hash of the stream. Needs the SHA extensions of x86-64; elsewhere the
 * two are computed one after the other, sha256.h and blockhash.h.
 *
 * Promises the bytes that sha256_add() and sha256_of() give: before its first use it is compared
 * with them, and not used when it differs. Threads: a stream belongs to one thread at a time.
 */
#ifndef EXHIBIT_CRYPTO_SHA256_PAIR_H
#define EXHIBIT_CRYPTO_SHA256_PAIR_H

#include "crypto/blockhash.h"
#include "crypto/sha256.h"

/* This processor can, and was seen to do it right. */
bool sha256_pair_works(void);

/* `blocks` whole blocks of 4096 bytes go into the stream; ret[i] is the hash of block i alone. ret
 * NULL: only the stream. Only where sha256_pair_works(). */
void sha256_pair_add(struct sha256 *stream, const uint8_t *data, size_t blocks,
                     uint8_t (*ret)[BLOCK_HASH_BYTES]);

#endif
