/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/verity.h"
#include "base/bytes.h"
#include "crypto/sha256.h"

enum { DESCRIPTOR_BYTES = 256, DESCRIPTOR_SIZE_AT = 8, DESCRIPTOR_ROOT_AT = 16 };

void verity_start(struct verity *v) {
    memset(v, 0, sizeof *v);
}

static void push_run(struct verity *v, unsigned level, const uint8_t *hash, uint64_t count);

/* Puts `count` hashes, no more than fit, into the group; a full group becomes one hash above. */
static void fill(struct verity *v, unsigned level, const uint8_t *hash, uint64_t count) {
    struct verity_level *l = &v->level[level];
    for (uint64_t i = 0; i < count; i++)
        memcpy(l->group[l->used++], hash, BLOCK_HASH_BYTES);
    if (l->used < VERITY_FANOUT)
        return;
    uint8_t above[BLOCK_HASH_BYTES];
    sha256_of(l->group, sizeof l->group, above);
    l->used = 0;
    push_run(v, level + 1, above, 1);
}

/* A run of full groups is one group hashed once and a run of its hash above: the work is a few
 * hashes for each level, whatever the count. */
static void push_run(struct verity *v, unsigned level, const uint8_t *hash, uint64_t count) {
    /* Beyond the largest stream there is; verity_end() refuses that many blocks. */
    if (level > VERITY_LEVELS_MAX || count == 0)
        return;
    struct verity_level *l = &v->level[level];
    uint64_t first = l->used == 0 ? 0 : VERITY_FANOUT - l->used;
    if (first > count)
        first = count;
    fill(v, level, hash, first);
    count -= first;
    if (count >= VERITY_FANOUT) {
        uint8_t above[BLOCK_HASH_BYTES];
        for (int i = 0; i < VERITY_FANOUT; i++)
            memcpy(l->group[i], hash, BLOCK_HASH_BYTES);
        sha256_of(l->group, sizeof l->group, above);
        push_run(v, level + 1, above, count / VERITY_FANOUT);
        count %= VERITY_FANOUT;
    }
    fill(v, level, hash, count);
}

void verity_add(struct verity *v, const uint8_t hash[static BLOCK_HASH_BYTES]) {
    verity_add_run(v, hash, 1);
}

void verity_add_run(struct verity *v, const uint8_t hash[static BLOCK_HASH_BYTES], uint64_t count) {
    if (__builtin_add_overflow(v->blocks, count, &v->blocks))
        v->blocks = UINT64_MAX;
    push_run(v, 0, hash, count);
}

/* Closes each level, from the blocks up, until one hash is left: the root. */
static void close_levels(struct verity *v, uint8_t ret[static VERITY_BYTES]) {
    unsigned level = 0;
    memset(ret, 0, VERITY_BYTES);
    if (v->blocks == 0)
        return;
    for (uint64_t hashes = v->blocks; hashes > 1; level++) {
        struct verity_level *l = &v->level[level];
        if (l->used > 0) {
            uint8_t above[BLOCK_HASH_BYTES];
            memset(l->group[l->used], 0, (VERITY_FANOUT - l->used) * sizeof l->group[0]);
            sha256_of(l->group, sizeof l->group, above);
            push_run(v, level + 1, above, 1);
        }
        hashes = (hashes + VERITY_FANOUT - 1) / VERITY_FANOUT;
    }
    memcpy(ret, v->level[level].group[0], VERITY_BYTES);
}

ex_code verity_end(struct verity *v, uint64_t size_bytes, uint8_t ret[static VERITY_BYTES],
                   struct ex_error *err) {
    uint64_t blocks = size_bytes / BLOCK_BYTES + (size_bytes % BLOCK_BYTES != 0);
    if (blocks != v->blocks)
        return ex_fail(err, EX_INTERNAL,
                       "a stream of %llu bytes has %llu blocks, but %llu were hashed",
                       (unsigned long long)size_bytes, (unsigned long long)blocks,
                       (unsigned long long)v->blocks);
    /* struct fsverity_descriptor: version, algorithm (SHA-256), log2 of the block size, no salt;
     * no signature; size; root. The rest is zero. */
    uint8_t descriptor[DESCRIPTOR_BYTES] = {1, 1, 12};
    ex_put_le64(descriptor + DESCRIPTOR_SIZE_AT, size_bytes);
    close_levels(v, descriptor + DESCRIPTOR_ROOT_AT);
    sha256_of(descriptor, sizeof descriptor, ret);
    return EX_OK;
}
