/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6962 Merkle trees (SHA-256): roots, inclusion and consistency proofs.
 *
 * leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right), empty root = SHA-256("").
 * Verification follows RFC 9162 §2.1.3.2 and §2.1.4.2. A frontier holds the roots of the complete
 * sub-trees of a growing tree: enough to append and to know the root, in 2 KiB.
 */
#ifndef EXHIBIT_CRYPTO_MERKLE_H
#define EXHIBIT_CRYPTO_MERKLE_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MERKLE_BYTES = 32, MERKLE_PROOF_MAX = 64 };

void merkle_leaf_hash(const void *data, size_t size_bytes, uint8_t ret[static MERKLE_BYTES]);
void merkle_node_hash(const uint8_t left[static MERKLE_BYTES],
                      const uint8_t right[static MERKLE_BYTES], uint8_t ret[static MERKLE_BYTES]);

struct merkle_frontier {
    uint64_t size;                                 /* leaves */
    uint8_t hash[MERKLE_PROOF_MAX][MERKLE_BYTES];  /* hash[k]: complete sub-tree of 2^k leaves when
                                                      bit k of size is set */
};

void merkle_frontier_start(struct merkle_frontier *f);
void merkle_frontier_add(struct merkle_frontier *f, const uint8_t leaf_hash[static MERKLE_BYTES]);
void merkle_frontier_root(const struct merkle_frontier *f, uint8_t ret[static MERKLE_BYTES]);

struct merkle_proof {
    size_t count;
    uint8_t hash[MERKLE_PROOF_MAX][MERKLE_BYTES];
};

/* True when the proof holds. Any input is safe. */
bool merkle_inclusion_verify(uint64_t index, uint64_t size,
                             const uint8_t leaf_hash[static MERKLE_BYTES],
                             const uint8_t (*path)[MERKLE_BYTES], size_t path_count,
                             const uint8_t root[static MERKLE_BYTES]);
bool merkle_consistency_verify(uint64_t size1, uint64_t size2,
                               const uint8_t root1[static MERKLE_BYTES],
                               const uint8_t root2[static MERKLE_BYTES],
                               const uint8_t (*path)[MERKLE_BYTES], size_t path_count);

/* Where a prover finds hashes: the root of the complete sub-tree of 2^level leaves that begins at
 * leaf index * 2^level. Asked only for complete sub-trees inside the tree. */
struct merkle_source {
    ex_code (*hash)(void *context, unsigned level, uint64_t index,
                    uint8_t ret[static MERKLE_BYTES], struct ex_error *err);
    void *context;
};

EX_MUST_USE ex_code merkle_root(const struct merkle_source *source, uint64_t size,
                                uint8_t ret[static MERKLE_BYTES], struct ex_error *err);
EX_MUST_USE ex_code merkle_frontier_load(const struct merkle_source *source, uint64_t size,
                                         struct merkle_frontier *ret, struct ex_error *err);
/* EX_USAGE when index >= size, or size1 > size2. */
EX_MUST_USE ex_code merkle_inclusion_prove(const struct merkle_source *source, uint64_t index,
                                           uint64_t size, struct merkle_proof *ret,
                                           struct ex_error *err);
EX_MUST_USE ex_code merkle_consistency_prove(const struct merkle_source *source, uint64_t size1,
                                             uint64_t size2, struct merkle_proof *ret,
                                             struct ex_error *err);

#endif
