/* SPDX-License-Identifier: Apache-2.0 */
/* Is a source that is gone on with still what it was? Asked in places: one at random in each of up
 * to PLACES_MAX equal parts of what was taken from it before, and its beginning. What is compared
 * is the chunk there, by its id, which is made of hashes of its bytes (format/object §4). */
#include "vault/put_internal.h"

#include <sodium.h>

enum { PLACES_MAX = 256, PLACES_MIN = 8, CONSTANT_BYTES_MAX = 64 << 10, ATTEMPTS = 4 };
#define PLACE_EVERY_BYTES ((uint64_t)1 << 20)

struct place {
    uint64_t offset;
    struct extent extent;
};

struct sampling {
    const struct put_state *state;
    struct source *source;
    struct block_hasher *hasher;
    struct fetcher fetcher;
    uint8_t *data; /* CHUNK_MAX_BYTES */
    struct vault_put_sampled *found;
};

/* The extent at `at` among some that begin at *begin, which moves to its beginning. */
static const struct extent *extent_at(const struct extent *list, size_t count, uint64_t at,
                                      uint64_t *begin) {
    for (size_t i = 0; i < count; i++) {
        if (at - *begin < list[i].length)
            return &list[i];
        *begin += list[i].length;
    }
    return NULL;
}

/* What an object lists last is what its lowest level has open. */
static const struct extent *open_extent_at(const struct put_state *s, uint64_t at, uint64_t *begin,
                                           unsigned *ret_level) {
    const struct extent *e = NULL;
    for (unsigned level = LAYOUT_LEVELS; level-- > 0 && e == NULL;) {
        const struct layout_level *l = &s->layout.level[level];
        e = extent_at(l->extent, l->count, at, begin);
        *ret_level = level;
    }
    return e;
}

static ex_code find_place(struct sampling *g, uint64_t at, struct place *ret,
                          struct ex_error *err) {
    unsigned level = 0;
    uint64_t begin = 0;
    const struct extent *e = open_extent_at(g->state, at, &begin, &level);
    *ret = (struct place){.offset = begin};
    if (e == NULL) { /* a run that goes on */
        ret->extent = (struct extent){.kind = EXTENT_CONSTANT,
                                      .value = g->state->chunker.run_value,
                                      .length = g->state->offset - begin};
        return EX_OK;
    }
    ret->extent = *e;
    EX_AUTO_FREE struct extent *list = ex_new0_bytes(NODE_ENTRIES_MAX * sizeof *list);
    for (; level > 0; level--) {
        const uint8_t *node;
        size_t size, count;
        EX_TRY(fetch(&g->fetcher, ret->extent.id, RECORD_NODES, &node, &size, err));
        EX_TRY(node_parse(node, size, level - 1, list, &count, err));
        e = extent_at(list, count, at, &begin);
        if (e == NULL)
            return ex_fail(err, EX_ALTERED, "the lengths in a layout node do not agree");
        *ret = (struct place){.offset = begin, .extent = *e};
    }
    return EX_OK;
}

static bool meets(const struct source_range *list, size_t count, uint64_t offset, uint64_t length) {
    for (size_t i = 0; i < count; i++)
        if (list[i].offset < offset + length && offset < list[i].offset + list[i].length)
            return true;
    return false;
}

static ex_code is_same(struct sampling *g, const struct place *p, bool *ret, struct ex_error *err) {
    uint8_t hash[CHUNK_MAX_BLOCKS][SHA256_BYTES], id[SHA256_BYTES];
    size_t size = (size_t)p->extent.length;
    if (p->extent.kind == EXTENT_CONSTANT) {
        *ret = g->data[0] == p->extent.value && memcmp(g->data, g->data + 1, size - 1) == 0;
        return EX_OK;
    }
    EX_TRY(block_hasher_run(g->hasher, g->data, size, hash, err));
    chunk_id(size, (const uint8_t(*)[SHA256_BYTES])hash, id);
    *ret = memcmp(id, p->extent.id, sizeof id) == 0;
    return EX_OK;
}

static ex_code compare(struct sampling *g, const struct place *p, struct ex_error *err) {
    size_t size = (size_t)p->extent.length, count;
    bool same;
    EX_TRY(source_seek(g->source, p->offset, err));
    for (size_t have = 0, got; have < size; have += got) {
        EX_TRY(source_read(g->source, g->data + have, size - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_SOURCE, "the source ends before the place to go on from");
    }
    const struct source_range *bad = source_unreadable(g->source, &count);
    if (meets(bad, count, p->offset, size)) {
        g->found->unread_places++;
        return EX_OK;
    }
    EX_TRY(is_same(g, p, &same, err));
    if (!same)
        return ex_hint(ex_fail(err, EX_SOURCE,
                               "the source does not give the %zu bytes at %llu that it gave before",
                               size, (unsigned long long)p->offset),
                       err,
                       "it changed, or does not read reliably: collect it again from its "
                       "beginning");
    g->found->places++;
    g->found->bytes += size;
    return EX_OK;
}

static uint64_t random_below(uint64_t limit) {
    uint64_t number;
    randombytes_buf(&number, sizeof number);
    return number % limit;
}

/* One place in [from, from + length); none where too much could not be read before. */
static ex_code compare_part(struct sampling *g, uint64_t from, uint64_t length,
                            struct ex_error *err) {
    const struct put_state *s = g->state;
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        struct place p;
        uint64_t at = from == 0 && i == 0 ? 0 : from + random_below(length);
        EX_TRY(find_place(g, at, &p, err));
        if (p.extent.kind == EXTENT_CONSTANT && p.extent.length > CONSTANT_BYTES_MAX) {
            uint64_t last = p.extent.length - CONSTANT_BYTES_MAX;
            p.offset += at - p.offset < last ? (at - p.offset) / BLOCK_BYTES * BLOCK_BYTES : last;
            p.extent.length = CONSTANT_BYTES_MAX;
        }
        if (!meets(s->unreadable, s->unreadable_count, p.offset, p.extent.length))
            return compare(g, &p, err);
    }
    return EX_OK;
}

ex_code put_state_sample(struct put_state *s, struct vault *v, struct source *source,
                         struct block_hasher *hasher, uint8_t *to, struct ex_progress *progress,
                         struct ex_error *err) {
    uint64_t end = s->offset - put_state_reread_bytes(s), parts = end / PLACE_EVERY_BYTES;
    struct sampling g = {
        .state = s, .source = source, .hasher = hasher, .data = to, .found = &s->report.sampled};
    *g.found = (struct vault_put_sampled){.before_bytes = s->offset};
    parts = parts < PLACES_MIN ? PLACES_MIN : parts < PLACES_MAX ? parts : PLACES_MAX;
    if (end < parts)
        return EX_OK;
    ex_code code = fetcher_open(v, &g.fetcher, err);
    for (uint64_t i = 0; i < parts && code == EX_OK; i++) {
        code = compare_part(&g, end / parts * i, end / parts, err);
        if (code == EX_OK)
            code = ex_progress_step(progress, 0, err);
    }
    fetcher_close(&g.fetcher);
    EX_TRY(code);
    return source_seek(source, 0, err); /* what did not come here may come where it is asked for */
}
