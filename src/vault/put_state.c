/* SPDX-License-Identifier: Apache-2.0 */
/* Resume points as bytes: format/vault §6.2. */
#include "vault/put_internal.h"

#include "base/bytes.h"

static const uint8_t POINT_MAGIC[8] = {'E', 'X', 'H', 'S', 'T', 'A', 'T', 2};

enum {
    COUNTERS = 6,
    POINT_FIXED_BYTES_MAX = 8 + 8 + 32 + 32 + 64 * MERKLE_BYTES +
                            (VERITY_LEVELS_MAX + 1) * VERITY_FANOUT * BLOCK_HASH_BYTES + 4 +
                            CHUNK_MAX_BLOCKS * SHA256_BYTES + 1 + 1 + 8 +
                            LAYOUT_LEVELS * (8 + SHA256_BYTES + 4 + NODE_BYTES_MAX) + COUNTERS * 8 +
                            8 + 1 + 4,
    RANGE_BYTES = 17
};

void put_state_clear(struct put_state *s) {
    free(s->unreadable);
    s->unreadable = NULL;
    s->unreadable_count = s->unreadable_capacity = 0;
}

uint64_t put_state_reread_bytes(const struct put_state *s) {
    const struct chunker *c = &s->chunker;
    return (c->blocks + (c->in_run ? 0 : c->run_blocks)) * BLOCK_BYTES;
}

ex_code put_state_add_range(struct put_state *s, struct source_range r, struct ex_error *err) {
    struct source_range *last =
        s->unreadable_count ? &s->unreadable[s->unreadable_count - 1] : NULL;
    if (last != NULL && last->offset + last->length == r.offset && last->why == r.why) {
        last->length += r.length;
        return EX_OK;
    }
    EX_TRY(ex_grow(&s->unreadable, &s->unreadable_capacity, s->unreadable_count + 1, sizeof r,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof r, "the list of unreadable ranges", err));
    s->unreadable[s->unreadable_count++] = r;
    return EX_OK;
}

ex_code put_state_list_unread(const struct put_state *s, struct vault_object_info *o,
                              struct ex_error *err) {
    if (s->unreadable_count == 0)
        return EX_OK;
    EX_TRY(ex_alloc(s->unreadable_count, sizeof *o->unreadable,
                    EX_LIMIT_UNREADABLE_RANGES * sizeof *o->unreadable,
                    "the list of unreadable ranges", &o->unreadable, err));
    for (size_t i = 0; i < s->unreadable_count; i++) {
        struct source_range r = s->unreadable[i], *last = o->unreadable + o->unreadable_count - 1;
        r.why = SOURCE_UNREADABLE;
        if (o->unreadable_count > 0 && last->offset + last->length == r.offset)
            last->length += r.length;
        else
            o->unreadable[o->unreadable_count++] = r;
    }
    return EX_OK;
}

/* How many hashes of the fs-verity tree's level k are under no full group after so many blocks. */
static uint32_t verity_open(uint64_t blocks, unsigned level) {
    return (uint32_t)(blocks >> (7 * level)) % VERITY_FANOUT;
}
_Static_assert(VERITY_FANOUT == 1 << 7, "levels of the fs-verity tree");

/* ---- writing ---- */

static uint8_t *put_bytes(uint8_t *to, const void *from, size_t size) {
    memcpy(to, from, size);
    return to + size;
}

static uint8_t *put_le64(uint8_t *to, uint64_t v) {
    ex_put_le64(to, v);
    return to + 8;
}

static uint8_t *put_le32(uint8_t *to, uint32_t v) {
    ex_put_le32(to, v);
    return to + 4;
}

static uint8_t *write_trees(const struct put_state *s, uint8_t *to) {
    uint64_t blocks = s->offset / BLOCK_BYTES;
    to = put_bytes(to, s->salted.key, sizeof s->salted.key);
    for (unsigned k = 0; k < MERKLE_PROOF_MAX; k++)
        if ((blocks >> k & 1) != 0)
            to = put_bytes(to, s->salted.frontier.hash[k], MERKLE_BYTES);
    for (unsigned k = 0; k <= VERITY_LEVELS_MAX; k++)
        to = put_bytes(to, s->verity.level[k].group,
                       (size_t)verity_open(blocks, k) * BLOCK_HASH_BYTES);
    return to;
}

static uint8_t *write_chunker(const struct chunker *c, uint8_t *to) {
    to = put_le32(to, c->blocks);
    to = put_bytes(to, c->hash, (size_t)c->blocks * SHA256_BYTES);
    *to++ = c->in_run;
    *to++ = c->run_blocks > 0 ? c->run_value : 0;
    return put_le64(to, c->run_blocks);
}

static uint8_t *write_layout(const struct layout_builder *b, uint8_t *to) {
    for (unsigned k = 0; k < LAYOUT_LEVELS; k++) {
        const struct layout_level *l = &b->level[k];
        to = put_le64(to, l->nodes);
        to = put_bytes(to, l->last, sizeof l->last);
        size_t size = node_write(l, k, to + 4);
        to = put_le32(to, (uint32_t)size) + size;
    }
    return to;
}

static uint8_t *write_counters(const struct put_state *s, uint8_t *to) {
    const struct vault_put_report *r = &s->report;
    const uint64_t counter[COUNTERS] = {r->data_bytes, r->constant_bytes, r->chunks,
                                        r->chunks_new, r->new_bytes,      r->reused_bytes};
    for (size_t i = 0; i < COUNTERS; i++)
        to = put_le64(to, counter[i]);
    to = put_le64(to, (uint64_t)r->reused_oldest_ns);
    *to++ = s->reused;
    return to;
}

ex_code put_state_write(const struct put_state *s, uint8_t **ret, size_t *ret_size,
                        struct ex_error *err) {
    uint8_t *start, *to;
    if (s->offset == 0 || s->offset % SLAB_BYTES != 0)
        return ex_fail(err, EX_INTERNAL, "a resume point inside a slab");
    EX_TRY(ex_alloc(POINT_FIXED_BYTES_MAX + s->unreadable_count * RANGE_BYTES, 1,
                    EX_LIMIT_RECORD_BYTES, "a resume point", &start, err));
    to = put_bytes(start, POINT_MAGIC, sizeof POINT_MAGIC);
    to = put_le64(to, s->offset);
    if (!sha256_save(&s->linear, to)) {
        free(start);
        return ex_fail(err, EX_INTERNAL, "a resume point inside a block of the hash");
    }
    to = write_trees(s, to + SHA256_BYTES);
    to = write_chunker(&s->chunker, to);
    to = write_layout(&s->layout, to);
    to = write_counters(s, to);
    to = put_le32(to, (uint32_t)s->unreadable_count);
    for (size_t i = 0; i < s->unreadable_count; i++) {
        to = put_le64(to, s->unreadable[i].offset);
        to = put_le64(to, s->unreadable[i].length);
        *to++ = (uint8_t)s->unreadable[i].why;
    }
    *ret = start;
    *ret_size = (size_t)(to - start);
    return EX_OK;
}

/* ---- reading: the bytes are anybody's ---- */

static bool read_trees(struct ex_cursor *c, struct put_state *s) {
    uint64_t blocks = s->offset / BLOCK_BYTES;
    uint8_t key[sizeof s->salted.key];
    ex_cursor_copy(c, key, sizeof key);
    salted_start(&s->salted, key);
    s->salted.blocks = s->salted.frontier.size = blocks;
    for (unsigned k = 0; k < MERKLE_PROOF_MAX; k++)
        if ((blocks >> k & 1) != 0)
            ex_cursor_copy(c, s->salted.frontier.hash[k], MERKLE_BYTES);
    verity_start(&s->verity);
    s->verity.blocks = blocks;
    for (unsigned k = 0; k <= VERITY_LEVELS_MAX; k++) {
        s->verity.level[k].used = verity_open(blocks, k);
        ex_cursor_copy(c, s->verity.level[k].group,
                       (size_t)s->verity.level[k].used * BLOCK_HASH_BYTES);
    }
    return !c->overrun;
}

static bool read_chunker(struct ex_cursor *c, uint64_t blocks, struct chunker *ret) {
    memset(ret, 0, sizeof *ret);
    ret->blocks = ex_cursor_le32(c);
    if (ret->blocks >= CHUNK_MAX_BLOCKS || ret->blocks > blocks)
        return false;
    ex_cursor_copy(c, ret->hash, (size_t)ret->blocks * SHA256_BYTES);
    uint8_t in_run = ex_cursor_u8(c);
    ret->in_run = in_run == 1;
    ret->run_value = ex_cursor_u8(c);
    ret->run_blocks = ex_cursor_le64(c);
    if (ret->in_run ? ret->blocks != 0 || ret->run_blocks < RUN_MIN_BLOCKS
                    : ret->run_blocks >= RUN_MIN_BLOCKS)
        return false;
    return !c->overrun && in_run <= 1 && ret->run_blocks <= blocks - ret->blocks &&
           (ret->run_blocks > 0 || ret->run_value == 0);
}

/* A level's entries: whole blocks, and none of them would have ended the node. *span grows by what
 * they span. */
static bool level_is_open(const struct layout_level *l, uint64_t *span) {
    if (l->count >= NODE_ENTRIES_MAX)
        return false;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct extent *e = &l->extent[i];
        if (e->length % BLOCK_BYTES != 0 || __builtin_add_overflow(*span, e->length, span) ||
            (i + 1 >= NODE_ENTRIES_MIN && e->kind != EXTENT_CONSTANT && e->id[0] == 0))
            return false;
    }
    return true;
}

/* Does the level above hold what this one says it made? */
static bool level_agrees(const struct layout_level *l, const struct layout_level *above) {
    static const uint8_t zeros[SHA256_BYTES];
    if (l->nodes == 0)
        return above->count == 0 && above->nodes == 0 && memcmp(l->last, zeros, sizeof zeros) == 0;
    if (l->nodes == 1)
        return above->nodes == 0 && above->count == 1 &&
               memcmp(l->last, above->extent[0].id, sizeof l->last) == 0;
    return above->nodes > 0 ? above->nodes <= l->nodes / NODE_ENTRIES_MIN
                            : above->count == l->nodes;
}

static bool read_layout(struct ex_cursor *c, uint64_t span_bytes, struct layout_builder *ret) {
    uint64_t span = 0;
    layout_start(ret);
    for (unsigned k = 0; k < LAYOUT_LEVELS; k++) {
        struct layout_level *l = &ret->level[k];
        size_t count = 0;
        l->nodes = ex_cursor_le64(c);
        ex_cursor_copy(c, l->last, sizeof l->last);
        uint32_t size = ex_cursor_le32(c);
        const uint8_t *node = ex_cursor_bytes(c, size);
        if (node == NULL || node_parse(node, size, k, l->extent, &count, NULL) != EX_OK)
            return false;
        l->count = (uint32_t)count;
        if (!level_is_open(l, &span) || (k > 0 && !level_agrees(&ret->level[k - 1], l)))
            return false;
    }
    return ret->level[LAYOUT_LEVELS - 1].nodes == 0 && span == span_bytes;
}

static bool read_counters(struct ex_cursor *c, uint64_t span_bytes, struct put_state *s) {
    struct vault_put_report *r = &s->report;
    uint64_t *const counter[COUNTERS] = {&r->data_bytes, &r->constant_bytes, &r->chunks,
                                         &r->chunks_new, &r->new_bytes,      &r->reused_bytes};
    for (size_t i = 0; i < COUNTERS; i++) {
        *counter[i] = ex_cursor_le64(c);
        if (*counter[i] > span_bytes)
            return false;
    }
    r->reused_oldest_ns = (int64_t)ex_cursor_le64(c);
    uint8_t reused = ex_cursor_u8(c);
    s->reused = reused == 1;
    return !c->overrun && reused <= 1 && r->data_bytes + r->constant_bytes == span_bytes &&
           r->chunks_new <= r->chunks;
}

static bool read_ranges(struct ex_cursor *c, struct put_state *s) {
    uint32_t count = ex_cursor_le32(c);
    uint64_t end = 0;
    if (count > EX_LIMIT_UNREADABLE_RANGES || count > ex_cursor_left(c) / RANGE_BYTES)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct source_range r;
        r.offset = ex_cursor_le64(c);
        r.length = ex_cursor_le64(c);
        uint8_t why = ex_cursor_u8(c);
        r.why = (enum source_unread)why;
        if (r.length == 0 || r.offset > s->offset || r.length > s->offset - r.offset ||
            why >= SOURCE_UNREAD_COUNT || (i > 0 && r.offset < end) ||
            put_state_add_range(s, r, NULL) != EX_OK || s->unreadable_count != i + 1)
            return false;
        end = r.offset + r.length;
    }
    return true;
}

ex_code put_state_parse(const uint8_t *data, size_t size_bytes, struct put_state *ret,
                        struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    uint8_t linear[SHA256_BYTES];
    const uint8_t *magic = ex_cursor_bytes(&c, sizeof POINT_MAGIC);
    bool good = magic != NULL && memcmp(magic, POINT_MAGIC, sizeof POINT_MAGIC) == 0;
    ret->offset = ex_cursor_le64(&c);
    ex_cursor_copy(&c, linear, sizeof linear);
    good = good && ret->offset > 0 && ret->offset <= INT64_MAX && ret->offset % SLAB_BYTES == 0 &&
           sha256_load(&ret->linear, linear, ret->offset) && read_trees(&c, ret) &&
           read_chunker(&c, ret->offset / BLOCK_BYTES, &ret->chunker);
    uint64_t open = good ? (ret->chunker.blocks + ret->chunker.run_blocks) * BLOCK_BYTES : 0;
    good = good && read_layout(&c, ret->offset - open, &ret->layout) &&
           read_counters(&c, ret->offset - open, ret) && read_ranges(&c, ret) && !c.overrun &&
           ex_cursor_left(&c) == 0;
    if (good)
        return EX_OK;
    put_state_clear(ret);
    return ex_fail(err, EX_ALTERED, "the resume point of the work is damaged");
}
