/* SPDX-License-Identifier: Apache-2.0 */
/* Where a content is: a list in the inode, or a tree of blocks below it. */
#include "parsers/xfs/xfs_internal.h"

#include <string.h>

enum { RECORD_BYTES = 16, HEAD4_BYTES = 24, HEAD5_BYTES = 72, OWNER_AT = 56, SUM_AT = 64 };

void xfs_extents_clear(struct xfs_extents *e) {
    free(e->extent);
    *e = (struct xfs_extents){0};
}

static ex_code stop(struct xfs_extents *e, ex_code code, const char *why) {
    if (e->wrong == NULL) {
        e->wrong = why;
        e->wrong_code = code;
    }
    return EX_OK;
}

/* 1 bit unwritten, 54 offset, 52 block, 21 count. */
static ex_code take_records(struct ex_cursor *c, uint64_t count, struct xfs_extents *e,
                            struct ex_error *err) {
    for (uint64_t i = 0; i < count && e->wrong == NULL; i++) {
        uint64_t high = xfs_be64(c), low = xfs_be64(c);
        const struct xfs_extent x = {.offset = high << 1 >> 10,
                                     .count = low & 0x1FFFFF,
                                     .block = (high & 0x1FF) << 43 | low >> 21,
                                     .unwritten = high >> 63 != 0};
        const struct xfs_extent *last = e->count > 0 ? &e->extent[e->count - 1] : NULL;
        if (c->overrun)
            return stop(e, EX_FORMAT, "its list of places is cut off");
        if (x.count == 0 || (last != NULL && x.offset < last->offset + last->count))
            return stop(e, EX_FORMAT, "its list of places is not in order");
        if (e->count >= XFS_EXTENTS_MAX)
            return stop(e, EX_LIMIT, "it has more pieces than are read");
        EX_TRY(ex_grow(&e->extent, &e->capacity, e->count + 1, sizeof *e->extent,
                       XFS_EXTENTS_MAX * sizeof *e->extent, "the places of a content", err));
        e->extent[e->count++] = x;
    }
    return EX_OK;
}

/* ---- the tree ---- */

/* Where walking it stands: the numbers of blocks below one, from `at` on. */
struct level {
    uint64_t *block;
    size_t count, at;
};

static ex_code take_pointers(struct ex_cursor c, uint64_t count, size_t room, struct level *ret,
                             struct ex_error *err) {
    EX_TRY(ex_alloc(count, sizeof *ret->block, XFS_BLOCK_BYTES_MAX, "a tree of places", &ret->block,
                    err));
    (void)ex_cursor_bytes(&c, room * 8); /* keys */
    ret->count = (size_t)count;
    ret->at = 0;
    for (size_t i = 0; i < ret->count; i++)
        ret->block[i] = xfs_be64(&c);
    return EX_OK;
}

/* One block: records, or the level below. `want`: which level it must be of, 0 those of records. */
static ex_code read_node(const struct xfs *x, const struct xfs_inode *i, uint64_t block,
                         unsigned want, struct xfs_extents *e, struct level *below,
                         struct ex_error *err) {
    size_t head = x->version == 5 ? HEAD5_BYTES : HEAD4_BYTES;
    size_t room = (x->block_bytes - head) / RECORD_BYTES;
    uint64_t at;
    const uint8_t *bytes;
    if (!xfs_block_place(x, block, &at) || parser_input_size(x->run, 0) < at + x->block_bytes)
        return stop(e, EX_FORMAT, "the tree of its places leads outside of the file system");
    if (e->tree_blocks++ >= XFS_TREE_BLOCKS_MAX)
        return stop(e, EX_LIMIT, "the tree of its places is larger than is read");
    ex_code code = parser_view(x->run, 0, at, x->block_bytes, &bytes, err);
    if (code == EX_IO)
        return stop(e, EX_IO, "a block of the tree of its places cannot be read");
    EX_TRY(code);
    struct ex_cursor c = ex_cursor_make(bytes, x->block_bytes);
    bool good = memcmp(ex_cursor_bytes(&c, 4), x->version == 5 ? "BMA3" : "BMAP", 4) == 0;
    good = ex_cursor_be16(&c) == want && good;
    uint64_t count = ex_cursor_be16(&c);
    struct ex_cursor owner = ex_cursor_make(bytes, x->block_bytes);
    (void)ex_cursor_bytes(&owner, OWNER_AT);
    if (!good || count > room ||
        (x->version == 5 &&
         (xfs_be64(&owner) != i->number || !xfs_sum_fits(x, bytes, x->block_bytes, SUM_AT))))
        return stop(e, EX_FORMAT, "a block of the tree of its places is damaged");
    (void)ex_cursor_bytes(&c, head - 8);
    return want == 0 ? take_records(&c, count, e, err) : take_pointers(c, count, room, below, err);
}

static ex_code walk(const struct xfs *x, const struct xfs_inode *i, struct level *levels,
                    unsigned top, struct xfs_extents *e, struct ex_error *err) {
    /* levels[n] has the blocks of level n; every step goes down by one */
    for (unsigned n = top; e->wrong == NULL;) {
        struct level *l = &levels[n];
        if (l->at == l->count) {
            free(l->block);
            *l = (struct level){0};
            if (n == top)
                return EX_OK;
            n++;
            continue;
        }
        struct level *below = n > 0 ? &levels[n - 1] : NULL;
        EX_TRY(read_node(x, i, l->block[l->at++], n, e, below, err));
        n -= n > 0 ? 1 : 0;
    }
    return EX_OK;
}

static ex_code read_tree(const struct xfs *x, const struct xfs_inode *i, struct xfs_extents *e,
                         struct ex_error *err) {
    struct level levels[XFS_TREE_LEVELS_MAX] = {0};
    struct ex_cursor c = ex_cursor_make(i->bytes + i->fork_at, i->fork_bytes);
    unsigned level = ex_cursor_be16(&c);
    uint64_t count = ex_cursor_be16(&c);
    size_t room = i->fork_bytes < 4 ? 0 : (i->fork_bytes - 4) / RECORD_BYTES;
    if (level == 0 || level > XFS_TREE_LEVELS_MAX || count > room)
        return stop(e, EX_FORMAT, "the root of the tree of its places is damaged");
    ex_code code = take_pointers(c, count, room, &levels[level - 1], err);
    if (code == EX_OK)
        code = walk(x, i, levels, level - 1, e, err);
    for (unsigned n = 0; n < XFS_TREE_LEVELS_MAX; n++)
        free(levels[n].block);
    return code;
}

/* ---- both ---- */

ex_code xfs_extents_read(const struct xfs *x, const struct xfs_inode *i, struct xfs_extents *ret,
                         struct ex_error *err) {
    *ret = (struct xfs_extents){0};
    struct ex_cursor c = ex_cursor_make(i->bytes + i->fork_at, i->fork_bytes);
    if (i->format == XFS_TREE)
        EX_TRY(read_tree(x, i, ret, err));
    else if (i->format == XFS_LIST)
        EX_TRY(take_records(&c, i->places, ret, err));
    else
        return stop(ret, EX_FORMAT, "its places are listed in a way that does not belong to it");
    if (ret->wrong == NULL && ret->count != i->places)
        return stop(ret, EX_FORMAT, "its list of places has not as many as its inode says");
    return EX_OK;
}

static const struct xfs_extent *find(const struct xfs_extents *e, uint64_t block) {
    size_t from = 0, to = e->count;
    while (from < to) { /* the first that ends behind it */
        size_t middle = from + (to - from) / 2;
        if (e->extent[middle].offset + e->extent[middle].count <= block)
            from = middle + 1;
        else
            to = middle;
    }
    return from < e->count && e->extent[from].offset <= block ? &e->extent[from] : NULL;
}

ex_code xfs_extents_bytes(const struct xfs *x, const struct xfs_extents *e, uint64_t offset,
                          uint8_t *to, size_t size_bytes, struct ex_error *err) {
    for (size_t part; size_bytes > 0; size_bytes -= part, to += part, offset += part) {
        uint64_t block = offset / x->block_bytes, within = offset % x->block_bytes, at;
        const struct xfs_extent *one = find(e, block);
        part = x->block_bytes - (size_t)within;
        part = part < size_bytes ? part : size_bytes;
        if (one == NULL || one->unwritten) {
            memset(to, 0, part);
            continue;
        }
        if (!xfs_block_place(x, one->block + (block - one->offset), &at))
            return ex_fail(err, EX_FORMAT, "a place outside of the file system");
        EX_TRY(parser_read(x->run, 0, at + within, to, part, err));
    }
    return EX_OK;
}
