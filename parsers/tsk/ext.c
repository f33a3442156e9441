/* SPDX-License-Identifier: Apache-2.0 */
/* What libtsk does not say of ext, and of HFS+, and what it does not open of ext. */
#include "parsers/tsk/files_internal.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <tsk/fs/tsk_ext2fs.h>
#include <tsk/fs/tsk_hfs.h>

enum {
    SUPERBLOCK_AT = 1024,
    SUPERBLOCK_BYTES = 104, /* up to its features */
    MAGIC_AT = 56,
    BLOCK_SIZES = 3, /* 1024, 2048, 4096 */
    DESCRIPTOR_BYTES = 32,
    INODE_BYTES = 128,
    TABLE_BYTES = 16384, /* of a table, at once */
    INODES_RESERVED = 10,
    NTFS_RESERVED = 24,
    HFS_UNMOUNTED = 1 << 8,
    HFS_JOURNALED = 1 << 13
};

/* ---- journals ---- */

static bool journal_holds_more(const struct files *f) {
    if (TSK_FS_TYPE_ISEXT(f->fs->ftype)) {
        const EXT2FS_INFO *ext = (const EXT2FS_INFO *)f->fs;
        struct ex_cursor c = ex_cursor_make(ext->fs->s_feature_incompat, 4);
        return (ex_cursor_le32(&c) & EXT2FS_FEATURE_INCOMPAT_RECOVER) != 0;
    }
    if (TSK_FS_TYPE_ISHFS(f->fs->ftype)) {
        const HFS_INFO *hfs = (const HFS_INFO *)f->fs;
        struct ex_cursor c = ex_cursor_make(hfs->fs->attr, 4);
        return (ex_cursor_be32(&c) & (HFS_UNMOUNTED | HFS_JOURNALED)) == HFS_JOURNALED;
    }
    return false;
}

ex_code files_tell_journal(struct files *f, uint32_t trace, struct ex_error *err) {
    if (!journal_holds_more(f))
        return EX_OK;
    EX_TRY(tell_text(f->image->run, "journal", "not replayed", err));
    return tell_problem(f->image->run, trace, "journal", err, EX_UNSUPPORTED,
                        "its journal holds changes that are not in it yet, and was not replayed");
}

/* ---- records ---- */

bool files_is_reserved(const struct files *f, const TSK_FS_META *meta) {
    if (meta->addr == f->fs->root_inum)
        return true;
    if (TSK_FS_TYPE_ISEXT(f->fs->ftype))
        return meta->addr <= INODES_RESERVED;
    if (TSK_FS_TYPE_ISFFS(f->fs->ftype))
        return meta->addr < f->fs->root_inum;
    return f->fs->ftype == TSK_FS_TYPE_NTFS && meta->addr < NTFS_RESERVED && meta->size <= 0;
}

TSK_INUM_T files_first_unused(const struct files *f, TSK_INUM_T record, TSK_INUM_T *ret_last) {
    uint8_t bytes[DESCRIPTOR_BYTES];
    const EXT2FS_INFO *ext = (const EXT2FS_INFO *)f->fs;
    *ret_last = UINT64_MAX;
    if (!TSK_FS_TYPE_ISEXT(f->fs->ftype) || record == 0)
        return UINT64_MAX;
    struct ex_cursor c = ex_cursor_make(ext->fs->s_feature_ro_compat, 4);
    uint32_t sums = EXT2FS_FEATURE_RO_COMPAT_GDT_CSUM | EXT4FS_FEATURE_RO_COMPAT_METADATA_CSUM;
    bool kept = (ex_cursor_le32(&c) & sums) != 0;
    c = ex_cursor_make(ext->fs->s_inodes_per_group, 4);
    uint64_t per_group = ex_cursor_le32(&c);
    if (!kept || per_group == 0)
        return UINT64_MAX;
    c = ex_cursor_make(ext->fs->s_desc_size, 2);
    uint64_t step = ex_cursor_le16(&c);
    step = step > DESCRIPTOR_BYTES ? step : DESCRIPTOR_BYTES;
    uint64_t group = (record - 1) / per_group, end = (group + 1) * per_group;
    *ret_last = end;
    if (parser_read(f->image->run, 0, (uint64_t)ext->groups_offset + group * step, bytes,
                    sizeof bytes, NULL) != EX_OK)
        return end + 1; /* libtsk cannot read it either, and that is told */
    c = ex_cursor_make(bytes, sizeof bytes);
    (void)ex_cursor_bytes(&c, 18);
    bool none = (ex_cursor_le16(&c) & EXT4_BG_INODE_UNINIT) != 0;
    (void)ex_cursor_bytes(&c, 8);
    uint64_t unused = ex_cursor_le16(&c);
    return none || unused > per_group ? end + 1 - per_group : end + 1 - unused;
}

/* Without links, with a time of deletion, of a type. */
static bool is_like_deleted(const uint8_t inode[static INODE_BYTES]) {
    struct ex_cursor c = ex_cursor_make(inode, INODE_BYTES);
    uint16_t mode = ex_cursor_le16(&c);
    (void)ex_cursor_bytes(&c, 18);
    uint32_t deleted = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 2);
    return ex_cursor_le16(&c) == 0 && deleted != 0 && mode >> 12 != 0;
}

TSK_INUM_T files_next_deleted(const struct files *f, TSK_INUM_T from, TSK_INUM_T last) {
    uint8_t data[TABLE_BYTES], bytes[8] = {0};
    const EXT2FS_INFO *ext = (const EXT2FS_INFO *)f->fs;
    struct ex_cursor c = ex_cursor_make(ext->fs->s_inodes_per_group, 4);
    uint64_t per_group = ex_cursor_le32(&c), group = (from - 1) / per_group;
    c = ex_cursor_make(ext->fs->s_desc_size, 2);
    uint64_t step = ex_cursor_le16(&c), size = ext->inode_size;
    uint64_t at = (uint64_t)ext->groups_offset;
    at += group * (step > DESCRIPTOR_BYTES ? step : DESCRIPTOR_BYTES);
    if (size < INODE_BYTES || size > sizeof data ||
        parser_read(f->image->run, 0, at + 8, bytes, 4, NULL) != EX_OK ||
        (step >= 64 && parser_read(f->image->run, 0, at + 40, bytes + 4, 4, NULL) != EX_OK))
        return from;
    c = ex_cursor_make(bytes, sizeof bytes);
    uint64_t table = ex_cursor_le64(&c);
    if (table > f->fs->last_block)
        return from;
    while (from <= last) {
        uint64_t n = last - from + 1 < sizeof data / size ? last - from + 1 : sizeof data / size;
        uint64_t place = table * f->fs->block_size + (from - 1) % per_group * size;
        if (parser_read(f->image->run, 0, place, data, n * size, NULL) != EX_OK)
            return from;
        for (uint64_t i = 0; i < n; i++, from++)
            if (is_like_deleted(data + i * size))
                return from;
    }
    return from;
}

/* ---- what libtsk does not open ---- */

static ex_code tell_ext(struct image *image, struct ex_error *err, ex_code code, const char *why) {
    struct parser_trace t = {
        .kind = PARSER_FILE_SYSTEM, .key = "ext", .name = "ext", .name_bytes = 3};
    uint32_t trace;
    EX_TRY(parser_trace(image->run, &t, &trace, err));
    return tell_problem(image->run, trace, "content", err, code, "%s", why);
}

struct superblock {
    uint32_t block_log;
    uint16_t group;
    uint32_t incompatible, read_only;
};

/* false: there is none, or it cannot be read. */
static bool read_superblock(struct image *image, uint64_t at, struct superblock *ret) {
    uint8_t bytes[SUPERBLOCK_BYTES];
    uint64_t size = parser_input_size(image->run, 0);
    if (at > size || sizeof bytes > size - at ||
        parser_read(image->run, 0, at, bytes, sizeof bytes, NULL) != EX_OK ||
        memcmp(bytes + MAGIC_AT, "\x53\xef", 2) != 0)
        return false;
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    (void)ex_cursor_bytes(&c, 24);
    ret->block_log = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 90 - 28);
    ret->group = ex_cursor_le16(&c);
    (void)ex_cursor_bytes(&c, 4);
    ret->incompatible = ex_cursor_le32(&c);
    ret->read_only = ex_cursor_le32(&c);
    return true;
}

ex_code files_tell_other_ext(struct image *image, bool *ret_told, struct ex_error *err) {
    struct superblock s;
    *ret_told = true;
    if (read_superblock(image, SUPERBLOCK_AT, &s)) {
        if (s.read_only & EXT4FS_FEATURE_RO_COMPAT_BIGALLOC)
            return tell_ext(image, err, EX_UNSUPPORTED, "ext with bigalloc is not supported");
        return tell_ext(image, err, EX_FORMAT,
                        "its superblock is damaged, or of a kind that is "
                        "not supported");
    }
    for (uint32_t log = 0; log < BLOCK_SIZES; log++) {
        uint64_t block = UINT64_C(1024) << log, at = 8 * block * block + (log == 0 ? block : 0);
        char why[128];
        if (!read_superblock(image, at, &s) || s.block_log != log || s.group != 1)
            continue;
        (void)snprintf(why, sizeof why, "its first superblock is damaged; a copy is at byte %llu",
                       (unsigned long long)at);
        return tell_ext(image, err, EX_FORMAT, why);
    }
    *ret_told = false;
    return EX_OK;
}
