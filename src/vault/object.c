/* SPDX-License-Identifier: Apache-2.0 */
/* format/object §2, over bytes as they come. */
#include "vault/object.h"

#include "crypto/blockhash.h"
#include "crypto/verity.h"
#include "vault/layout_internal.h"
#include <sodium.h>

enum { BATCH_BLOCKS = 64, BATCH_BYTES = BATCH_BLOCKS * BLOCK_BYTES };

struct object_hasher {
    struct block_hasher *blocks;
    struct sha256 linear;
    struct verity verity;
    struct salted salted;
    uint64_t size_bytes;
    size_t held_bytes; /* less than a batch, waiting for more */
    uint8_t held[BATCH_BYTES];
};

ex_code object_hasher_new(const uint8_t salted_key[static 32], struct object_hasher **ret,
                          struct ex_error *err) {
    EX_AUTO(object_hasher_free) struct object_hasher *h = ex_new0(struct object_hasher);
    EX_TRY(block_hasher_new(&h->blocks, err));
    sha256_start(&h->linear);
    verity_start(&h->verity);
    salted_start(&h->salted, salted_key);
    *ret = ex_steal(&h);
    return EX_OK;
}

void object_hasher_free(struct object_hasher *h) {
    if (h == NULL)
        return;
    block_hasher_free(h->blocks);
    sodium_memzero(&h->salted, sizeof h->salted);
    free(h);
}

/* At most a batch; only the last one may end inside a block. */
static ex_code add_blocks(struct object_hasher *h, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    uint8_t hash[BATCH_BLOCKS][BLOCK_HASH_BYTES];
    EX_TRY(block_hasher_run(h->blocks, data, size_bytes, hash, err));
    for (size_t i = 0; i * BLOCK_BYTES < size_bytes; i++) {
        verity_add(&h->verity, hash[i]);
        salted_add(&h->salted, hash[i]);
    }
    return EX_OK;
}

ex_code object_hasher_add(struct object_hasher *h, const void *data, size_t size_bytes,
                          struct ex_error *err) {
    const uint8_t *at = data;
    sha256_add(&h->linear, data, size_bytes);
    h->size_bytes += size_bytes;
    while (size_bytes > 0) {
        if (h->held_bytes == 0 && size_bytes >= BATCH_BYTES) {
            EX_TRY(add_blocks(h, at, BATCH_BYTES, err));
            at += BATCH_BYTES;
            size_bytes -= BATCH_BYTES;
            continue;
        }
        size_t room = BATCH_BYTES - h->held_bytes, part = size_bytes < room ? size_bytes : room;
        memcpy(h->held + h->held_bytes, at, part);
        h->held_bytes += part;
        at += part;
        size_bytes -= part;
        if (h->held_bytes == BATCH_BYTES) {
            EX_TRY(add_blocks(h, h->held, BATCH_BYTES, err));
            h->held_bytes = 0;
        }
    }
    return EX_OK;
}

ex_code object_hasher_end(struct object_hasher *h, struct object_digests *ret,
                          struct ex_error *err) {
    if (h->held_bytes > 0)
        EX_TRY(add_blocks(h, h->held, h->held_bytes, err));
    h->held_bytes = 0;
    ret->size_bytes = h->size_bytes;
    sha256_end(&h->linear, ret->sha256);
    salted_end(&h->salted, ret->salted_root);
    return verity_end(&h->verity, h->size_bytes, ret->fsverity, err);
}

bool object_digests_match(const struct object_digests *d, const struct vault_object_info *o) {
    return d->size_bytes == o->size_bytes && memcmp(d->sha256, o->sha256, SHA256_BYTES) == 0 &&
           memcmp(d->fsverity, o->fsverity, SHA256_BYTES) == 0 &&
           memcmp(d->salted_root, o->salted_root, SHA256_BYTES) == 0;
}
