/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of XFS: inside of their inode, or in blocks of entries. Leaves and free lists, which
 * only help to find a name, are not needed. */
#include "parsers/xfs/xfs_internal.h"

#include <string.h>

enum {
    HEAD4_BYTES = 16,
    HEAD5_BYTES = 64,
    SUM_AT = 4,
    OWNER_AT = 40,
    UNUSED = 0xFFFF,
    LEAF_BYTES = 8,
    ALIGNED = 8
};
#define LEAVES_AT (UINT64_C(32) << 30) /* from here on a folder's content is no entries */

struct reading {
    const struct xfs *x;
    const struct xfs_inode *i;
    xfs_name_fn *each;
    void *context;
    unsigned count;
    bool in_blocks, self, above; /* the latter two: were met */
    const char *wrong;
    ex_code wrong_code;
};

static void note(struct reading *r, ex_code code, const char *why) {
    if (r->wrong != NULL)
        return;
    r->wrong = why;
    r->wrong_code = code;
}

/* Only a folder in blocks has these two, each once: itself, and the one above it. */
static bool is_own(struct reading *r, uint64_t inode, const uint8_t *name, size_t size) {
    bool self = size == 1 && name[0] == '.', above = size == 2 && memcmp(name, "..", 2) == 0;
    bool *seen = self ? &r->self : &r->above;
    if ((!self && !above) || !r->in_blocks || *seen || (self && inode != r->i->number))
        return false;
    *seen = true;
    return true;
}

static ex_code give(struct reading *r, uint64_t inode, const uint8_t *name, size_t size,
                    struct ex_error *err) {
    if (is_own(r, inode, name, size))
        return EX_OK;
    if (r->count >= XFS_ENTRIES_MAX) {
        note(r, EX_LIMIT, "the folder has more names than are read");
        return EX_OK;
    }
    const struct xfs_name n = {inode, name, size, r->count++};
    return r->each(r->context, &n, err);
}

/* ---- in the inode ---- */

static ex_code read_short(struct reading *r, struct ex_error *err) {
    const struct xfs_inode *i = r->i;
    size_t size = i->size < i->fork_bytes ? (size_t)i->size : i->fork_bytes;
    struct ex_cursor c = ex_cursor_make(i->bytes + i->fork_at, size);
    unsigned count = ex_cursor_u8(&c);
    bool wide = ex_cursor_u8(&c) > 0;
    (void)ex_cursor_bytes(&c, wide ? 8 : 4);
    for (unsigned n = 0; n < count; n++) {
        size_t length = ex_cursor_u8(&c);
        (void)ex_cursor_be16(&c);
        const uint8_t *name = ex_cursor_bytes(&c, length);
        if (r->x->file_types)
            (void)ex_cursor_u8(&c);
        uint64_t inode = wide ? xfs_be64(&c) : ex_cursor_be32(&c);
        if (c.overrun || length == 0) {
            note(r, EX_FORMAT, "the folder's list of names is damaged");
            return EX_OK;
        }
        EX_TRY(give(r, inode, name, length, err));
    }
    return EX_OK;
}

/* ---- in blocks ---- */

/* Where the entries of a block begin and end; false: it is none. */
static bool find_entries(const struct reading *r, const uint8_t *block, size_t size,
                         size_t *ret_from, size_t *ret_to) {
    bool five = r->x->version == 5;
    bool alone = memcmp(block, five ? "XDB3" : "XD2B", 4) == 0;
    if (!alone && memcmp(block, five ? "XDD3" : "XD2D", 4) != 0)
        return false;
    *ret_from = five ? HEAD5_BYTES : HEAD4_BYTES;
    *ret_to = size;
    if (!alone)
        return true;
    struct ex_cursor c = ex_cursor_make(block, size);
    (void)ex_cursor_bytes(&c, size - LEAF_BYTES);
    uint64_t leaves = (uint64_t)ex_cursor_be32(&c) * LEAF_BYTES + LEAF_BYTES;
    if (leaves > size - *ret_from)
        return false;
    *ret_to = size - (size_t)leaves;
    return true;
}

static bool is_trusted(const struct reading *r, const uint8_t *block, size_t size) {
    struct ex_cursor c = ex_cursor_make(block, size);
    (void)ex_cursor_bytes(&c, OWNER_AT);
    return r->x->version < 5 ||
           (xfs_be64(&c) == r->i->number && xfs_sum_fits(r->x, block, size, SUM_AT));
}

static ex_code read_entries(struct reading *r, const uint8_t *block, size_t from, size_t to,
                            struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(block, to);
    (void)ex_cursor_bytes(&c, from);
    while (ex_cursor_left(&c) >= ALIGNED) {
        size_t at = c.pos, length;
        uint64_t inode = xfs_be64(&c);
        if (inode >> 48 == UNUSED) {
            length = (size_t)(inode >> 32 & 0xFFFF);
            if (length < ALIGNED || length % ALIGNED != 0 || length > to - at)
                break;
            (void)ex_cursor_bytes(&c, length - ALIGNED);
            continue;
        }
        size_t name_bytes = ex_cursor_u8(&c);
        const uint8_t *name = ex_cursor_bytes(&c, name_bytes);
        length = ALIGNED + 1 + name_bytes + (r->x->file_types ? 1 : 0) + 2;
        length = (length + ALIGNED - 1) / ALIGNED * ALIGNED;
        if (c.overrun || name_bytes == 0 || length > to - at)
            break;
        (void)ex_cursor_bytes(&c, at + length - 2 - c.pos);
        if (ex_cursor_be16(&c) != at) /* each says where it is */
            break;
        EX_TRY(give(r, inode, name, name_bytes, err));
    }
    if (c.overrun || ex_cursor_left(&c) > 0)
        note(r, EX_FORMAT, "a block of the folder is damaged: names may be missing");
    return EX_OK;
}

static ex_code read_block(struct reading *r, const struct xfs_extents *e, uint64_t number,
                          uint8_t *block, struct ex_error *err) {
    size_t size = (size_t)r->x->dir_block_blocks * r->x->block_bytes, from, to;
    struct ex_error why = {0};
    ex_code code = xfs_extents_bytes(r->x, e, number * size, block, size, &why);
    if (code == EX_IO || code == EX_FORMAT) {
        note(r, code, "a block of the folder cannot be had: names are missing");
        return EX_OK;
    }
    if (code != EX_OK && err != NULL)
        *err = why;
    EX_TRY(code);
    if (!find_entries(r, block, size, &from, &to)) {
        note(r, EX_FORMAT, "a block of the folder is none: names may be missing");
        return EX_OK;
    }
    if (!is_trusted(r, block, size))
        note(r, EX_FORMAT, "the checksum of a block of the folder does not fit, or its owner");
    return read_entries(r, block, from, to, err);
}

static ex_code read_blocks(struct reading *r, const struct xfs_extents *e, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *block = NULL;
    const struct xfs *x = r->x;
    uint64_t next = 0, leaves = LEAVES_AT / x->block_bytes, blocks = x->dir_block_blocks;
    unsigned count = 0;
    EX_TRY(
        ex_alloc(blocks, x->block_bytes, XFS_BLOCK_BYTES_MAX, "a block of a folder", &block, err));
    for (size_t i = 0; i < e->count && e->extent[i].offset < leaves; i++) {
        uint64_t end = e->extent[i].offset + e->extent[i].count;
        uint64_t last = ((end < leaves ? end : leaves) - 1) / blocks;
        uint64_t first = e->extent[i].offset / blocks;
        for (next = first > next ? first : next; next <= last; next++) {
            if (count++ >= XFS_DIR_BLOCKS_MAX) {
                note(r, EX_LIMIT, "the folder has more blocks than are read");
                return EX_OK;
            }
            EX_TRY(read_block(r, e, next, block, err));
        }
    }
    return EX_OK;
}

ex_code xfs_directory_each(const struct xfs *x, const struct xfs_inode *i, xfs_name_fn *each,
                           void *context, const char **ret_wrong, ex_code *ret_wrong_code,
                           struct ex_error *err) {
    struct reading r = {
        .x = x, .i = i, .each = each, .context = context, .in_blocks = i->format != XFS_LOCAL};
    struct xfs_extents e = {0};
    ex_code code = EX_OK;
    if (i->mode >> 12 != 4) {
        note(&r, EX_FORMAT, "it is no folder");
    } else if (i->format == XFS_LOCAL) {
        code = read_short(&r, err);
    } else {
        code = xfs_extents_read(x, i, &e, err);
        if (code == EX_OK)
            code = read_blocks(&r, &e, err);
        if (e.wrong != NULL)
            note(&r, e.wrong_code, e.wrong);
        xfs_extents_clear(&e);
    }
    if (i->wrong != NULL)
        note(&r, EX_FORMAT, i->wrong);
    *ret_wrong = r.wrong;
    *ret_wrong_code = r.wrong_code;
    return code;
}
