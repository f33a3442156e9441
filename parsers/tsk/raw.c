/* SPDX-License-Identifier: Apache-2.0 */
/* Records as they stand in the input, for what libtsk does not tell of them or gets wrong. */
#include "parsers/tsk/raw_internal.h"

#include "base/cursor.h"

#include <string.h>

enum {
    EXT_SUPER_AT = 1024,
    EXT_SUPER_BYTES = 256,
    EXT_GROUP_BYTES = 64,
    EXT_INCOMPAT_64BIT = 0x80,
    EXFAT_FILE = 0x05, /* without the bit "in use" */
    EXFAT_STREAM = 0x40,
    EXFAT_IN_USE = 0x80,
    ISO_SECTOR_BYTES = 2048
};

/* Of libtsk, and in none of its headers that can be included: the 32 bytes of an entry. */
extern uint8_t fatfs_dentry_load(void *fat, uint8_t *entry, TSK_INUM_T inode);

/* What failed here is said here, and hides nothing that failed before. */
static bool read_at(struct files *f, uint64_t offset, void *to, size_t size_bytes) {
    struct ex_error unread = f->image->unread;
    if (offset > INT64_MAX)
        return false;
    bool got = tsk_fs_read(f->fs, (TSK_OFF_T)offset, to, size_bytes) == (ssize_t)size_bytes;
    if (!got)
        image_forget(f->image);
    f->image->unread = unread;
    return got;
}

/* ---- ext ---- */

struct ext_place {
    uint32_t inodes_per_group;
    uint32_t inode_bytes;
    uint32_t group_bytes;
    uint64_t groups_at;
};

static bool find_groups(struct files *f, struct ext_place *ret) {
    uint8_t super[EXT_SUPER_BYTES];
    uint64_t block = f->fs->block_size;
    if (f->fs->endian != TSK_LIT_ENDIAN || !read_at(f, EXT_SUPER_AT, super, sizeof super))
        return false;
    struct ex_cursor c = ex_cursor_make(super + 40, 4);
    ret->inodes_per_group = ex_cursor_le32(&c);
    c = ex_cursor_make(super + 76, 24);
    uint32_t revision = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 8);
    ret->inode_bytes = revision == 0 ? RAW_EXT_SMALL_BYTES : ex_cursor_le16(&c);
    c = ex_cursor_make(super + 96, 4);
    bool wide = (ex_cursor_le32(&c) & EXT_INCOMPAT_64BIT) != 0;
    c = ex_cursor_make(super + 254, 2);
    ret->group_bytes = wide ? ex_cursor_le16(&c) : EXT_GROUP_BYTES / 2;
    /* the block behind the one that the superblock stands in */
    ret->groups_at = block > EXT_SUPER_AT ? block : (uint64_t)2 * EXT_SUPER_AT;
    return block > 0 && ret->inodes_per_group > 0 && ret->inode_bytes >= RAW_EXT_SMALL_BYTES &&
           ret->group_bytes >= EXT_GROUP_BYTES / 2;
}

static bool find_inode(struct files *f, const struct ext_place *p, TSK_INUM_T inode,
                       uint64_t *ret_offset) {
    uint8_t group[EXT_GROUP_BYTES] = {0};
    uint64_t number = (inode - 1) / p->inodes_per_group;
    uint64_t within = (inode - 1) % p->inodes_per_group;
    size_t n = p->group_bytes < sizeof group ? EXT_GROUP_BYTES / 2 : sizeof group;
    if (number > f->fs->block_count ||
        !read_at(f, p->groups_at + number * p->group_bytes, group, n))
        return false;
    struct ex_cursor c = ex_cursor_make(group + 8, 4);
    uint64_t block = ex_cursor_le32(&c);
    c = ex_cursor_make(group + 40, 4);
    block |= (uint64_t)ex_cursor_le32(&c) << 32;
    if (block > f->fs->last_block)
        return false;
    *ret_offset = block * f->fs->block_size + within * p->inode_bytes;
    return true;
}

/* libtsk knows the same three times, cut to 32 bits. */
static bool is_inode_of(const uint8_t *bytes, const TSK_FS_META *meta) {
    struct ex_cursor c = ex_cursor_make(bytes, RAW_EXT_SMALL_BYTES);
    uint16_t mode = ex_cursor_le16(&c);
    (void)ex_cursor_bytes(&c, 6);
    uint32_t accessed = ex_cursor_le32(&c), changed = ex_cursor_le32(&c);
    uint32_t modified = ex_cursor_le32(&c);
    return ((uint32_t)mode & 07777) == ((uint32_t)meta->mode & 07777) &&
           accessed == (uint32_t)meta->atime && changed == (uint32_t)meta->ctime &&
           modified == (uint32_t)meta->mtime;
}

bool raw_ext_inode(struct files *f, const TSK_FS_META *meta, struct raw_inode *ret) {
    struct ext_place p;
    uint64_t at;
    *ret = (struct raw_inode){0};
    if (meta->addr == 0 || !find_groups(f, &p) || !find_inode(f, &p, meta->addr, &at))
        return false;
    size_t n = p.inode_bytes < sizeof ret->bytes ? RAW_EXT_SMALL_BYTES : sizeof ret->bytes;
    if (!read_at(f, at, ret->bytes, n) || !is_inode_of(ret->bytes, meta))
        return false;
    ret->size = RAW_EXT_SMALL_BYTES;
    struct ex_cursor c = ex_cursor_make(ret->bytes + 32, 4);
    ret->flags = ex_cursor_le32(&c);
    if (n == RAW_EXT_SMALL_BYTES)
        return true;
    c = ex_cursor_make(ret->bytes + RAW_EXT_SMALL_BYTES, 2);
    size_t extra = ex_cursor_le16(&c);
    ret->size += extra < n - RAW_EXT_SMALL_BYTES ? extra : n - RAW_EXT_SMALL_BYTES;
    return true;
}

/* ---- FAT, exFAT ---- */

bool raw_fat_entry(struct files *f, TSK_INUM_T inode, uint8_t to[static RAW_FAT_BYTES]) {
    struct ex_error unread = f->image->unread;
    bool got = fatfs_dentry_load(f->fs, to, inode) == 0;
    if (!got)
        image_forget(f->image);
    f->image->unread = unread;
    return got;
}

bool raw_is_exfat_file(const uint8_t entry[static RAW_FAT_BYTES]) {
    return (entry[0] & ~EXFAT_IN_USE) == EXFAT_FILE;
}

bool raw_exfat_written(struct files *f, TSK_INUM_T inode, uint64_t size, uint64_t *ret) {
    uint8_t entry[RAW_FAT_BYTES];
    *ret = size;
    if (!raw_fat_entry(f, inode, entry))
        return false;
    if (!raw_is_exfat_file(entry)) /* the bitmap, the table of capitals */
        return true;
    if (!raw_fat_entry(f, inode + 1, entry) || (entry[0] & ~EXFAT_IN_USE) != EXFAT_STREAM)
        return false;
    struct ex_cursor c = ex_cursor_make(entry, sizeof entry);
    (void)ex_cursor_bytes(&c, 8);
    *ret = ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, 8);
    return ex_cursor_le64(&c) == size && *ret <= size;
}

/* ---- ISO 9660 ---- */

/* The record before this one, by its place, if it says that it goes on. */
static bool goes_on_before(const ISO_INFO *iso, const iso9660_inode_node *own) {
    const iso9660_inode_node *before = NULL;
    for (const iso9660_inode_node *n = iso->in_list; n != NULL; n = n->next)
        if (n->dentry_offset < own->dentry_offset &&
            own->dentry_offset - n->dentry_offset < ISO_SECTOR_BYTES &&
            (before == NULL || n->dentry_offset > before->dentry_offset))
            before = n;
    return before != NULL && ((uint8_t)before->inode.dr.flags & ISO9660_FLAG_MULT) != 0;
}

bool raw_iso_record(struct files *f, TSK_INUM_T inode, struct raw_iso *ret) {
    const ISO_INFO *iso = (const ISO_INFO *)f->fs;
    for (const iso9660_inode_node *n = iso->in_list; n != NULL; n = n->next) {
        if (n->inum != inode)
            continue;
        const iso9660_dentry *r = &n->inode.dr;
        struct ex_cursor c = ex_cursor_make(r->ext_loc_l, sizeof r->ext_loc_l);
        *ret = (struct raw_iso){.block = ex_cursor_le32(&c),
                                .attribute_blocks = r->ext_len,
                                .interleaved = r->unit_sz != 0 || r->gap_sz != 0,
                                .part = ((uint8_t)r->flags & ISO9660_FLAG_MULT) != 0 ||
                                        goes_on_before(iso, n)};
        memcpy(ret->time, &r->rec_time, sizeof ret->time);
        return true;
    }
    return false;
}
