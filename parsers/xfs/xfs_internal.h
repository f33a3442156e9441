/* SPDX-License-Identifier: Apache-2.0 */
/* xfs.c opens; inode.c reads inodes; extents.c finds the places of contents; directory.c reads
 * folders; entry.c tells what is in them. */
#ifndef EXHIBIT_PARSERS_XFS_XFS_INTERNAL_H
#define EXHIBIT_PARSERS_XFS_XFS_INTERNAL_H

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/xfs/xfs.h"

enum {
    XFS_INODE_BYTES_MAX = 2048,
    XFS_BLOCK_BYTES_MAX = 65536,
    XFS_EXTENTS_MAX = 1 << 20,   /* of one content */
    XFS_TREE_BLOCKS_MAX = 65536, /* of the tree that lists these */
    XFS_TREE_LEVELS_MAX = 16,
    XFS_ENTRIES_MAX = 1000000, /* of one folder */
    XFS_DIR_BLOCKS_MAX = 262144,
    XFS_TARGET_BYTES_MAX = 1024
};

struct xfs {
    struct parser_run *run;
    unsigned version; /* 4 or 5 */
    uint32_t block_bytes, inode_bytes, dir_block_blocks;
    uint64_t blocks, root;
    uint32_t ag_blocks, ag_count;
    unsigned ag_log, inodes_log; /* inodes_log: of those in a block */
    uint32_t features;           /* incompatible ones, version 5 */
    bool file_types;             /* folders say the type of what they name */
    bool being_made;
    uint8_t label[12], uuid[16];
};

static inline uint64_t xfs_be64(struct ex_cursor *c) {
    uint64_t high = ex_cursor_be32(c);
    return high << 32 | ex_cursor_be32(c);
}

/* Of a block with its checksum at `at`, little-endian; always true in version 4. */
bool xfs_sum_fits(const struct xfs *x, const uint8_t *data, size_t size, size_t at);

/* The place in the input of a block that a structure names; false: outside of the file system. */
bool xfs_block_place(const struct xfs *x, uint64_t block, uint64_t *ret);

/* ---- inode.c ---- */

enum xfs_format { XFS_DEVICE = 0, XFS_LOCAL = 1, XFS_LIST = 2, XFS_TREE = 3 };

struct xfs_time {
    int64_t seconds;
    uint32_t nanoseconds;
};

struct xfs_inode {
    uint64_t number, size, places; /* places: how many extents, as it says */
    unsigned version, format;
    uint32_t mode, uid, gid, links, flags;
    uint64_t flags2;
    struct xfs_time accessed, modified, changed, created; /* created: of version 3 */
    const char *wrong;                                    /* what does not fit; NULL: nothing */
    uint8_t bytes[XFS_INODE_BYTES_MAX];
    size_t fork_at, fork_bytes; /* the fork of the content, in the bytes */
};
/* EX_FORMAT: there is none of this number. */
EX_MUST_USE ex_code xfs_inode_read(const struct xfs *x, uint64_t number, struct xfs_inode *ret,
                                   struct ex_error *err);

/* ---- extents.c ---- */

struct xfs_extent {
    uint64_t offset, count, block; /* in blocks; block: of the file system */
    bool unwritten;
};
struct xfs_extents {
    struct xfs_extent *extent;
    size_t count, capacity;
    unsigned tree_blocks;
    const char *wrong; /* why it is not whole; NULL: it is */
    ex_code wrong_code;
};
void xfs_extents_clear(struct xfs_extents *e);
/* In order, without overlaps; as far as they can be had. Errors are only those that end the run. */
EX_MUST_USE ex_code xfs_extents_read(const struct xfs *x, const struct xfs_inode *i,
                                     struct xfs_extents *ret, struct ex_error *err);
/* Bytes of a content, zeros in its holes. EX_FORMAT: outside of the file system. */
EX_MUST_USE ex_code xfs_extents_bytes(const struct xfs *x, const struct xfs_extents *e,
                                      uint64_t offset, uint8_t *to, size_t size_bytes,
                                      struct ex_error *err);

/* ---- directory.c ---- */

struct xfs_name {
    uint64_t inode;
    const uint8_t *bytes;
    size_t size;
    unsigned number; /* of the entries of its folder, from 0; . and .. are left out */
};
typedef ex_code xfs_name_fn(void *context, const struct xfs_name *name, struct ex_error *err);
/* *ret_wrong: what of the folder could not be had; NULL: all of it was. */
EX_MUST_USE ex_code xfs_directory_each(const struct xfs *x, const struct xfs_inode *i,
                                       xfs_name_fn *each, void *context, const char **ret_wrong,
                                       ex_code *ret_wrong_code, struct ex_error *err);

/* ---- entry.c ---- */

/* What a folder names: its trace, with its content, and a unit when it is a folder. */
EX_MUST_USE ex_code xfs_tell_entry(struct xfs *x, const struct xfs_name *name,
                                   struct ex_error *err);
EX_MUST_USE ex_code xfs_unit(struct xfs *x, uint32_t parent, uint64_t inode, struct ex_error *err);

#endif
