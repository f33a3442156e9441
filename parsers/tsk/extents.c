/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a file system as places in the input. */
#include "parsers/tsk/files_internal.h"

static ex_code flush(struct extents *x, struct ex_error *err) {
    if (x->length == 0)
        return EX_OK;
    if (x->count >= x->max) {
        x->too_many = true;
        return EX_OK;
    }
    x->count++;
    EX_TRY(parser_trace_extent(x->f->image->run, x->offset, x->length, err));
    x->length = 0;
    return EX_OK;
}

ex_code extents_add(struct extents *x, uint64_t offset, uint64_t length, struct ex_error *err) {
    length = length < x->left ? length : x->left;
    if (length == 0 || x->too_many)
        return EX_OK;
    bool placed = offset != PARSER_HOLE && offset != PARSER_NOWHERE;
    bool joins =
        x->length > 0 && (placed ? x->offset != PARSER_HOLE && x->offset != PARSER_NOWHERE &&
                                       x->offset + x->length == offset
                                 : x->offset == offset);
    if (!joins) {
        EX_TRY(flush(x, err));
        if (x->too_many)
            return EX_OK;
        x->offset = offset;
    }
    x->length += length;
    x->left -= length;
    return EX_OK;
}

/* A place by its bytes, cut where the input ends. */
static ex_code add_place(struct extents *x, uint64_t offset, uint64_t length,
                         struct ex_error *err) {
    uint64_t size = (uint64_t)x->f->image->img.size;
    uint64_t there = offset < size ? size - offset : 0;
    uint64_t n = length < there ? length : there;
    EX_TRY(extents_add(x, offset, n, err));
    if (n == length)
        return EX_OK;
    x->outside = true;
    return extents_add(x, PARSER_NOWHERE, length - n, err);
}

/* Sectors of a raw CD have bytes around them that belong to no block. */
static ex_code add_apart(struct extents *x, TSK_DADDR_T address, uint64_t within, uint64_t length,
                         struct ex_error *err) {
    const TSK_FS_INFO *fs = x->f->fs;
    uint64_t bytes = fs->block_size;
    uint64_t step = bytes + fs->block_pre_size + fs->block_post_size;
    for (address += within / bytes, within %= bytes; length > 0 && !x->too_many; address++) {
        uint64_t n = bytes - within < length ? bytes - within : length;
        EX_TRY(add_place(x, (uint64_t)fs->offset + address * step + fs->block_pre_size + within, n,
                         err));
        length -= n;
        within = 0;
    }
    return EX_OK;
}

ex_code extents_add_blocks(struct extents *x, TSK_DADDR_T address, uint64_t within, uint64_t length,
                           struct ex_error *err) {
    const TSK_FS_INFO *fs = x->f->fs;
    uint64_t bytes = fs->block_size;
    length = length < x->left ? length : x->left;
    if (bytes == 0 || address > fs->last_block || fs->last_block > INT64_MAX / bytes / 2) {
        x->outside = true;
        return extents_add(x, PARSER_NOWHERE, length, err);
    }
    uint64_t there = (fs->last_block - address + 1) * bytes;
    there = within < there ? there - within : 0;
    uint64_t n = length < there ? length : there;
    if (fs->block_pre_size > 0 || fs->block_post_size > 0)
        EX_TRY(add_apart(x, address, within, n, err));
    else
        EX_TRY(add_place(x, (uint64_t)fs->offset + address * bytes + within, n, err));
    if (n == length)
        return EX_OK;
    x->outside = true;
    return extents_add(x, PARSER_NOWHERE, length - n, err);
}

ex_code extents_end(struct extents *x, struct ex_error *err) {
    return x->too_many ? EX_OK : flush(x, err);
}
