/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/merkle.h"
#include "crypto/sha256.h"

#include <stdlib.h>
#include <string.h>

/* RFC 6962 §2.1: the first byte keeps a node from passing for a leaf. */
static const uint8_t LEAF = 0x00, NODE = 0x01;

void merkle_leaf_hash(const void *data, size_t size_bytes, uint8_t ret[static MERKLE_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, &LEAF, 1);
    sha256_add(&h, data, size_bytes);
    sha256_end(&h, ret);
}

void merkle_node_hash(const uint8_t left[static MERKLE_BYTES],
                      const uint8_t right[static MERKLE_BYTES], uint8_t ret[static MERKLE_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, &NODE, 1);
    sha256_add(&h, left, MERKLE_BYTES);
    sha256_add(&h, right, MERKLE_BYTES);
    sha256_end(&h, ret);
}

void merkle_frontier_start(struct merkle_frontier *f) {
    memset(f, 0, sizeof *f);
}

void merkle_frontier_add(struct merkle_frontier *f, const uint8_t leaf_hash[static MERKLE_BYTES]) {
    uint8_t hash[MERKLE_BYTES];
    unsigned level = 0;
    if (f->size == UINT64_MAX) /* nobody has added that many; only broken memory gets here */
        abort();
    memcpy(hash, leaf_hash, MERKLE_BYTES);
    for (; (f->size >> level & 1) != 0; level++)
        merkle_node_hash(f->hash[level], hash, hash);
    memcpy(f->hash[level], hash, MERKLE_BYTES);
    f->size++;
}

void merkle_frontier_root(const struct merkle_frontier *f, uint8_t ret[static MERKLE_BYTES]) {
    bool some = false;
    if (f->size == 0)
        sha256_of(NULL, 0, ret);
    for (unsigned level = 0; level < 64; level++) {
        if ((f->size >> level & 1) == 0)
            continue;
        if (some)
            merkle_node_hash(f->hash[level], ret, ret);
        else
            memcpy(ret, f->hash[level], MERKLE_BYTES);
        some = true;
    }
}

/* RFC 9162 §2.1.3.2, with its names. */
bool merkle_inclusion_verify(uint64_t index, uint64_t size,
                             const uint8_t leaf_hash[static MERKLE_BYTES],
                             const uint8_t (*path)[MERKLE_BYTES], size_t path_count,
                             const uint8_t root[static MERKLE_BYTES]) {
    if (index >= size)
        return false;
    uint64_t fn = index, sn = size - 1;
    uint8_t r[MERKLE_BYTES];
    memcpy(r, leaf_hash, MERKLE_BYTES);
    for (size_t i = 0; i < path_count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node_hash(path[i], r, r);
            for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
                sn >>= 1;
        } else {
            merkle_node_hash(r, path[i], r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(r, root, MERKLE_BYTES) == 0;
}

/* RFC 9162 §2.1.4.2 from its step 3 on, with its names; `seed` is the first hash of the path, with
 * first_hash put before it when size1 is a power of two. */
static bool consistency_walk(uint64_t fn, uint64_t sn, const uint8_t *seed,
                             const uint8_t *first_hash, const uint8_t *second_hash,
                             const uint8_t (*path)[MERKLE_BYTES], size_t path_count) {
    uint8_t fr[MERKLE_BYTES], sr[MERKLE_BYTES];
    for (; (fn & 1) != 0; fn >>= 1)
        sn >>= 1;
    memcpy(fr, seed, MERKLE_BYTES);
    memcpy(sr, seed, MERKLE_BYTES);
    for (size_t i = 0; i < path_count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node_hash(path[i], fr, fr);
            merkle_node_hash(path[i], sr, sr);
            for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
                sn >>= 1;
        } else {
            merkle_node_hash(sr, path[i], sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(fr, first_hash, MERKLE_BYTES) == 0 &&
           memcmp(sr, second_hash, MERKLE_BYTES) == 0;
}

bool merkle_consistency_verify(uint64_t size1, uint64_t size2,
                               const uint8_t root1[static MERKLE_BYTES],
                               const uint8_t root2[static MERKLE_BYTES],
                               const uint8_t (*path)[MERKLE_BYTES], size_t path_count) {
    uint8_t empty[MERKLE_BYTES];
    sha256_of(NULL, 0, empty);
    if (size1 > size2 || (size2 == 0 && memcmp(root2, empty, MERKLE_BYTES) != 0))
        return false;
    if (size1 == size2)
        return path_count == 0 && memcmp(root1, root2, MERKLE_BYTES) == 0;
    /* Every tree continues the empty one, of which there is only one. */
    if (size1 == 0)
        return path_count == 0 && memcmp(root1, empty, MERKLE_BYTES) == 0;
    if (path_count == 0)
        return false;
    if ((size1 & (size1 - 1)) == 0)
        return consistency_walk(size1 - 1, size2 - 1, root1, root1, root2, path, path_count);
    return consistency_walk(size1 - 1, size2 - 1, path[0], root1, root2, path + 1, path_count - 1);
}

/* The frontier of the `size` leaves that begin at leaf `begin`, which is a multiple of the largest
 * power of two in `size`. */
static ex_code load_range(const struct merkle_source *source, uint64_t begin, uint64_t size,
                          struct merkle_frontier *ret, struct ex_error *err) {
    merkle_frontier_start(ret);
    for (unsigned level = 64; level-- > 0;) {
        uint64_t leaves = (uint64_t)1 << level;
        if ((size & leaves) == 0)
            continue;
        EX_TRY(source->hash(source->context, level, begin >> level, ret->hash[level], err));
        begin += leaves;
    }
    ret->size = size;
    return EX_OK;
}

static ex_code range_root(const struct merkle_source *source, uint64_t begin, uint64_t size,
                          uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    struct merkle_frontier f;
    EX_TRY(load_range(source, begin, size, &f, err));
    merkle_frontier_root(&f, ret);
    return EX_OK;
}

ex_code merkle_root(const struct merkle_source *source, uint64_t size,
                    uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    return range_root(source, 0, size, ret, err);
}

ex_code merkle_frontier_load(const struct merkle_source *source, uint64_t size,
                             struct merkle_frontier *ret, struct ex_error *err) {
    return load_range(source, 0, size, ret, err);
}

static ex_code proof_add(struct merkle_proof *proof, const struct merkle_source *source,
                         uint64_t begin, uint64_t size, struct ex_error *err) {
    if (proof->count == MERKLE_PROOF_MAX)
        return ex_fail(err, EX_LIMIT, "the tree is too large to prove");
    EX_TRY(range_root(source, begin, size, proof->hash[proof->count], err));
    proof->count++;
    return EX_OK;
}

/* The provers go from the root down; a proof is written from the leaf up. */
static void proof_reverse(struct merkle_proof *proof) {
    uint8_t swap[MERKLE_BYTES];
    for (size_t i = 0; i < proof->count / 2; i++) {
        uint8_t *a = proof->hash[i], *b = proof->hash[proof->count - 1 - i];
        memcpy(swap, a, MERKLE_BYTES);
        memcpy(a, b, MERKLE_BYTES);
        memcpy(b, swap, MERKLE_BYTES);
    }
}

/* The leaves in the left sub-tree: the largest power of two below `size`, which is over 1. */
static uint64_t left_size(uint64_t size) {
    return (uint64_t)1 << (63 - __builtin_clzll(size - 1));
}

/* RFC 6962 §2.1.1, as a loop. */
ex_code merkle_inclusion_prove(const struct merkle_source *source, uint64_t index, uint64_t size,
                               struct merkle_proof *ret, struct ex_error *err) {
    if (index >= size)
        return ex_fail(err, EX_USAGE, "entry %llu is not in a tree of %llu",
                       (unsigned long long)index, (unsigned long long)size);
    ret->count = 0;
    for (uint64_t begin = 0; size > 1;) {
        uint64_t left = left_size(size);
        if (index < left) {
            EX_TRY(proof_add(ret, source, begin + left, size - left, err));
            size = left;
        } else {
            EX_TRY(proof_add(ret, source, begin, left, err));
            begin += left;
            index -= left;
            size -= left;
        }
    }
    proof_reverse(ret);
    return EX_OK;
}

/* RFC 6962 §2.1.2, as a loop. */
ex_code merkle_consistency_prove(const struct merkle_source *source, uint64_t size1, uint64_t size2,
                                 struct merkle_proof *ret, struct ex_error *err) {
    if (size1 > size2)
        return ex_fail(err, EX_USAGE, "a tree of %llu does not begin with one of %llu",
                       (unsigned long long)size2, (unsigned long long)size1);
    uint64_t begin = 0;
    ret->count = 0;
    if (size1 == 0)
        return EX_OK;
    while (size1 != size2) {
        uint64_t left = left_size(size2);
        if (size1 <= left) {
            EX_TRY(proof_add(ret, source, begin + left, size2 - left, err));
            size2 = left;
        } else {
            EX_TRY(proof_add(ret, source, begin, left, err));
            begin += left;
            size1 -= left;
            size2 -= left;
        }
    }
    /* Nothing went to the right: what is left is the old tree itself, whose root is known. */
    if (begin > 0)
        EX_TRY(proof_add(ret, source, begin, size2, err));
    proof_reverse(ret);
    return EX_OK;
}
