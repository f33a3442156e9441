/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes of XFS. */
#include "parsers/xfs/xfs_internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    CORE_BYTES = 100,
    CORE3_BYTES = 176,
    SUM_AT = 100,
    FLAG2_BIGTIME = 1 << 3,
    FLAG2_MANY_EXTENTS = 1 << 4,
    SECOND = 1000000000
};

/* false: such a number names no place. */
static bool place_of(const struct xfs *x, uint64_t number, uint64_t *ret) {
    uint64_t within = number & ((UINT64_C(1) << x->inodes_log) - 1), at;
    if (!xfs_block_place(x, number >> x->inodes_log, &at))
        return false;
    *ret = at + within * x->inode_bytes;
    return true;
}

/* With bigtime: nanoseconds since 2^31 seconds before 1970. */
static struct xfs_time take_time(struct ex_cursor *c, bool big) {
    uint64_t value = xfs_be64(c);
    if (big)
        return (struct xfs_time){.seconds = (int64_t)(value / SECOND) - INT64_C(0x80000000),
                                 .nanoseconds = (uint32_t)(value % SECOND)};
    return (struct xfs_time){.seconds = (int32_t)(uint32_t)(value >> 32),
                             .nanoseconds = (uint32_t)value};
}

/* The flags that say how times are to be read stand behind these. */
static uint64_t flags2_of(const struct xfs *x, const struct xfs_inode *i) {
    struct ex_cursor c = ex_cursor_make(i->bytes, x->inode_bytes);
    (void)ex_cursor_bytes(&c, 120);
    return i->version == 3 ? xfs_be64(&c) : 0;
}

static void take_core(const struct xfs *x, struct xfs_inode *i, unsigned *ret_fork) {
    struct ex_cursor c = ex_cursor_make(i->bytes, x->inode_bytes);
    (void)ex_cursor_bytes(&c, 2);
    i->mode = ex_cursor_be16(&c);
    i->version = ex_cursor_u8(&c);
    i->format = ex_cursor_u8(&c);
    i->links = ex_cursor_be16(&c);
    i->uid = ex_cursor_be32(&c);
    i->gid = ex_cursor_be32(&c);
    uint32_t links = ex_cursor_be32(&c);
    i->links = i->version > 1 ? links : i->links;
    (void)ex_cursor_bytes(&c, 4);
    uint64_t many = xfs_be64(&c);
    i->flags2 = flags2_of(x, i);
    bool big = (i->flags2 & FLAG2_BIGTIME) != 0;
    i->accessed = take_time(&c, big);
    i->modified = take_time(&c, big);
    i->changed = take_time(&c, big);
    i->size = xfs_be64(&c);
    (void)ex_cursor_bytes(&c, 12);
    i->places = ex_cursor_be32(&c);
    if ((i->flags2 & FLAG2_MANY_EXTENTS) != 0)
        i->places = many;
    (void)ex_cursor_bytes(&c, 2);
    *ret_fork = ex_cursor_u8(&c);
    (void)ex_cursor_bytes(&c, 7);
    i->flags = ex_cursor_be16(&c);
    if (i->version < 3)
        return;
    (void)ex_cursor_bytes(&c, 144 - 92);
    i->created = take_time(&c, big);
}

static const char *what_is_wrong(const struct xfs *x, const struct xfs_inode *i, unsigned fork) {
    struct ex_cursor c = ex_cursor_make(i->bytes, x->inode_bytes);
    (void)ex_cursor_bytes(&c, 152);
    if (i->version == 0 || i->version > 3 || (i->version == 3) != (x->version == 5))
        return "its inode is of a version that does not belong here";
    if (!xfs_sum_fits(x, i->bytes, x->inode_bytes, SUM_AT))
        return "the checksum of its inode does not fit";
    if (i->version == 3 && xfs_be64(&c) != i->number)
        return "its inode says that it is another one";
    if (fork > 0 && (size_t)fork * 8 >= x->inode_bytes - i->fork_at)
        return "its inode says that its parts are larger than it is";
    return NULL;
}

ex_code xfs_inode_read(const struct xfs *x, uint64_t number, struct xfs_inode *ret,
                       struct ex_error *err) {
    uint64_t at;
    unsigned fork;
    memset(ret, 0, sizeof *ret);
    ret->number = number;
    if (!place_of(x, number, &at))
        return ex_fail(err, EX_FORMAT, "inode %" PRIu64 " would lie outside of the file system",
                       number);
    if (parser_input_size(x->run, 0) < at + x->inode_bytes)
        return ex_fail(err, EX_FORMAT, "inode %" PRIu64 " lies behind the end", number);
    EX_TRY(parser_read(x->run, 0, at, ret->bytes, x->inode_bytes, err));
    if (memcmp(ret->bytes, "IN", 2) != 0)
        return ex_fail(err, EX_FORMAT, "there is no inode where number %" PRIu64 " lies", number);
    take_core(x, ret, &fork);
    ret->fork_at = ret->version == 3 ? CORE3_BYTES : CORE_BYTES;
    ret->fork_bytes = x->inode_bytes - ret->fork_at;
    ret->wrong = what_is_wrong(x, ret, fork);
    if (fork > 0 && (size_t)fork * 8 < ret->fork_bytes)
        ret->fork_bytes = (size_t)fork * 8;
    return EX_OK;
}
