/* SPDX-License-Identifier: Apache-2.0 */
/* When a resume point is due, and going on from one (format/vault §6.2, §6.3). */
#include "vault/put_internal.h"

#include "base/clock.h"

void points_start(struct points *t, const struct source_identity *source, uint64_t every_bytes,
                  uint64_t offset) {
    uint64_t part = source->size_bytes / POINT_PARTS;
    part = part < POINT_LEAST_BYTES ? POINT_LEAST_BYTES : part;
    *t = (struct points){.wanted = source->seekable,
                         .every_bytes = every_bytes,
                         .read_bytes = part < POINT_READ_BYTES ? part : POINT_READ_BYTES,
                         .last_offset = offset,
                         .last_ns = ex_monotonic_ns()};
}

bool points_due(const struct points *t, uint64_t offset, uint64_t stored_bytes) {
    uint64_t read = offset - t->last_offset;
    if (!t->wanted || read == 0)
        return false;
    if (t->every_bytes > 0)
        return read >= t->every_bytes;
    return stored_bytes - t->last_stored >= POINT_STORED_BYTES || read >= t->read_bytes ||
           ex_monotonic_ns() - t->last_ns >= POINT_NS;
}

void points_made(struct points *t, uint64_t offset, uint64_t stored_bytes) {
    t->last_offset = offset;
    t->last_stored = stored_bytes;
    t->last_ns = ex_monotonic_ns();
}

ex_code point_record(struct put_shared *s, const struct put_state *state, struct out_record **ret,
                     struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t id[SHA256_BYTES];
    struct out_record *r;
    size_t size;
    EX_TRY(put_state_write(state, &data, &size, err));
    EX_TRY(out_record_new(s, RECORD_JOURNAL, size, &r, err));
    memcpy(r->data, data, size);
    sha256_of(data, size, id);
    ex_code code = out_record_add(r, id, (uint32_t)size, err);
    if (code != EX_OK) {
        out_record_free(r);
        return code;
    }
    *ret = r;
    return EX_OK;
}

/* ---- going on ---- */

static ex_code read_fully(struct source *source, uint8_t *to, size_t size_bytes,
                          struct ex_error *err) {
    for (size_t have = 0, got; have < size_bytes; have += got) {
        EX_TRY(source_read(source, to + have, size_bytes - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_SOURCE, "the source ends before the place to go on from");
    }
    return EX_OK;
}

static const uint8_t *expected_hash(const struct chunker *c, size_t block) {
    return block < c->blocks ? c->hash[block] : block_hash_constant(c->run_value);
}

ex_code put_state_reread(const struct put_state *s, struct source *source,
                         struct block_hasher *hasher, uint8_t *to, struct ex_error *err) {
    uint8_t hash[CHUNK_MAX_BLOCKS + RUN_MIN_BLOCKS][SHA256_BYTES];
    size_t size = (size_t)put_state_reread_bytes(s);
    uint64_t from = s->offset - size;
    EX_TRY(source_seek(source, from, err));
    EX_TRY(read_fully(source, to, size, err));
    EX_TRY(block_hasher_run(hasher, to, size, hash, err));
    for (size_t i = 0; i < size / BLOCK_BYTES; i++)
        if (memcmp(hash[i], expected_hash(&s->chunker, i), SHA256_BYTES) != 0)
            return ex_hint(
                ex_fail(err, EX_SOURCE,
                        "the source does not give the bytes at %llu that it gave before",
                        (unsigned long long)(from + i * BLOCK_BYTES)),
                err, "it changed, or does not read reliably: collect it again from its beginning");
    return EX_OK;
}
