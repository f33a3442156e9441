/* SPDX-License-Identifier: Apache-2.0 */
/* Constant runs and chunk boundaries: format/object §3, §4. */
#include "vault/vault_internal.h"

enum { CHUNK_MASK = 0x0f };

/* Almost every block that is not fails at the first comparison. */
bool block_is_constant(const uint8_t *block, size_t size_bytes) {
    return size_bytes >= BLOCK_BYTES && block[0] == block[BLOCK_BYTES - 1] &&
           memcmp(block, block + 1, BLOCK_BYTES - 1) == 0;
}

struct chunker_block chunker_block_of(const uint8_t *block, size_t size_bytes, const uint8_t *hash,
                                      bool constant) {
    static const uint8_t zeros[16];
    return (struct chunker_block){
        .hash = hash,
        .constant = constant,
        .value = block[0],
        .ends_in_zeros = !constant && size_bytes == BLOCK_BYTES &&
                         memcmp(block + BLOCK_BYTES - sizeof zeros, zeros, sizeof zeros) == 0};
}

static ex_code end_chunk(struct chunker *c, const struct chunker_sink *sink, struct ex_error *err) {
    uint32_t blocks = c->blocks;
    c->blocks = 0;
    if (blocks == 0)
        return EX_OK;
    return sink->chunk(sink->context, blocks, (const uint8_t(*)[SHA256_BYTES])c->hash, err);
}

/* The block is in the open chunk: does it end that? */
static ex_code joined(struct chunker *c, const uint8_t *hash, bool ends_in_zeros,
                      const struct chunker_sink *sink, struct ex_error *err) {
    memcpy(c->hash[c->blocks++], hash, SHA256_BYTES);
    size_t bytes = (size_t)c->blocks * BLOCK_BYTES;
    bool ends = bytes >= CHUNK_MAX_BYTES ||
                (bytes >= CHUNK_MIN_BYTES && (hash[0] & CHUNK_MASK) == 0) || ends_in_zeros;
    return ends ? end_chunk(c, sink, err) : EX_OK;
}

/* The run that was open is over: it was one, or its blocks are ordinary ones. */
static ex_code end_run(struct chunker *c, const struct chunker_sink *sink, struct ex_error *err) {
    uint64_t blocks = c->run_blocks;
    bool in_run = c->in_run;
    c->run_blocks = 0;
    c->in_run = false;
    if (in_run)
        return sink->run(sink->context, c->run_value, blocks, err);
    for (; blocks > 0; blocks--) {
        EX_TRY(sink->join_constant(sink->context, c->run_value, err));
        EX_TRY(joined(c, block_hash_constant(c->run_value), false, sink, err));
    }
    return EX_OK;
}

ex_code chunker_add(struct chunker *c, const struct chunker_block *block,
                    const struct chunker_sink *sink, struct ex_error *err) {
    bool goes_on = block->constant && c->run_blocks > 0 && c->run_value == block->value;
    if (!goes_on)
        EX_TRY(end_run(c, sink, err));
    if (!block->constant) {
        EX_TRY(sink->join(sink->context, err));
        return joined(c, block->hash, block->ends_in_zeros, sink, err);
    }
    c->run_value = block->value;
    c->run_blocks++;
    if (c->run_blocks != RUN_MIN_BLOCKS)
        return EX_OK;
    c->in_run = true;
    return end_chunk(c, sink, err); /* the data span before the run ends with it */
}

ex_code chunker_end(struct chunker *c, const struct chunker_sink *sink, struct ex_error *err) {
    EX_TRY(end_run(c, sink, err));
    return end_chunk(c, sink, err);
}
