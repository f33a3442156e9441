/* SPDX-License-Identifier: Apache-2.0 */
/* Which file system, and what it says of itself. */
#include "parsers/tsk/files_internal.h"

#include "base/cursor.h"
#include "parsers/shared/utf16.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES = 256, UUID_BYTES = 16, NTFS_VOLUME_RECORD = 3 };

/* In this order. libtsk itself gives up where two open, and looks for YAFFS2 by reading all of it
 * and a file beside it; raw NAND is not what is examined here. */
static const struct {
    TSK_FS_TYPE_ENUM type;
    const char *name;
} TYPES[] = {
    {TSK_FS_TYPE_NTFS_DETECT, "ntfs"}, {TSK_FS_TYPE_FAT_DETECT, "fat"},
    {TSK_FS_TYPE_EXT_DETECT, "ext"},   {TSK_FS_TYPE_FFS_DETECT, "ufs"},
    {TSK_FS_TYPE_HFS_DETECT, "hfs"},   {TSK_FS_TYPE_ISO9660_DETECT, "iso9660"},
};

/* One type: what opens first is kept. */
static bool try_type(struct files *f, TSK_FS_TYPE_ENUM type, struct ex_error *unread) {
    struct image *image = f->image;
    image_forget(image);
    TSK_FS_INFO *fs = tsk_fs_open_img(&image->img, 0, type);
    bool opens = fs != NULL && fs->block_size > 0;
    if (opens && f->fs == NULL) {
        f->fs = image->fs = fs;
        if (image_is_unread(image))
            image_reason(image, &f->opened);
        return true;
    }
    tsk_fs_close(fs);
    if (!opens && image_is_unread(image))
        image_reason(image, unread);
    return opens;
}

ex_code files_detect(struct files *f, const char **ret_also, struct ex_error *err) {
    struct ex_error unread = {0};
    *ret_also = NULL;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0] && *ret_also == NULL; i++) {
        bool first = f->fs == NULL;
        if (try_type(f, TYPES[i].type, &unread) && !first)
            *ret_also = TYPES[i].name;
    }
    EX_TRY(image_check(f->image, err));
    image_forget(f->image);
    if (f->fs != NULL)
        return EX_OK;
    if (unread.code != EX_OK)
        return ex_fail(err, EX_IO, "no file system that is known, as far as it can be read: %s",
                       unread.text);
    return ex_fail(err, EX_FORMAT, "no file system that is known");
}

const char *files_type_name(TSK_FS_TYPE_ENUM type) {
    const char *name = tsk_fs_type_toname(type);
    if (type == TSK_FS_TYPE_FFS1 || type == TSK_FS_TYPE_FFS1B)
        return "ufs1";
    if (type == TSK_FS_TYPE_FFS2)
        return "ufs2";
    return name != NULL ? name : "unknown";
}

/* ---- labels ---- */

/* Text that is padded with zeros or spaces; none when nothing is left. */
static ex_code tell_padded(struct parser_run *run, const uint8_t *label, size_t size,
                           struct ex_error *err) {
    for (size_t i = 0; i < size; i++)
        if (label[i] == '\0')
            size = i;
    while (size > 0 && label[size - 1] == ' ')
        size--;
    return size > 0 ? parser_trace_text(run, "label", label, size, err) : EX_OK;
}

static ex_code tell_label_at(struct files *f, uint64_t offset, size_t size, struct ex_error *err) {
    uint8_t label[LABEL_BYTES];
    uint64_t end = parser_input_size(f->image->run, 0);
    if (size > sizeof label || offset > end || size > end - offset)
        return EX_OK;
    EX_TRY(parser_read(f->image->run, 0, offset, label, size, err));
    return tell_padded(f->image->run, label, size, err);
}

static ex_code tell_ntfs_label(struct files *f, struct ex_error *err) {
    uint8_t name[LABEL_BYTES];
    char text[LABEL_BYTES * 2];
    TSK_FS_FILE *volume = tsk_fs_file_open_meta(f->fs, NULL, NTFS_VOLUME_RECORD);
    const TSK_FS_ATTR *attr =
        volume == NULL ? NULL
                       : tsk_fs_file_attr_get_type(volume, TSK_FS_ATTR_TYPE_NTFS_VNAME, 0, 0);
    ssize_t got = 0;
    if (attr != NULL && (attr->flags & TSK_FS_ATTR_RES) && attr->rd.buf != NULL && attr->size > 0 &&
        attr->size <= (TSK_OFF_T)sizeof name && (uint64_t)attr->size <= attr->rd.buf_size)
        got =
            tsk_fs_attr_read(attr, 0, (char *)name, (size_t)attr->size, TSK_FS_FILE_READ_FLAG_NONE);
    tsk_fs_file_close(volume);
    image_forget(f->image);
    if (got <= 0)
        return EX_OK;
    size_t size = utf16_to_utf8(text, sizeof text, name, (size_t)got);
    return parser_trace_text(f->image->run, "label", text, size, err);
}

static ex_code tell_label(struct files *f, struct ex_error *err) {
    uint64_t at = (uint64_t)f->fs->offset;
    switch ((unsigned)f->fs->ftype) {
    case TSK_FS_TYPE_NTFS:
        return tell_ntfs_label(f, err);
    case TSK_FS_TYPE_FAT12:
    case TSK_FS_TYPE_FAT16:
        return tell_label_at(f, at + 43, 11, err);
    case TSK_FS_TYPE_FAT32:
        return tell_label_at(f, at + 71, 11, err);
    case TSK_FS_TYPE_EXT2:
    case TSK_FS_TYPE_EXT3:
    case TSK_FS_TYPE_EXT4:
        return tell_label_at(f, at + 1024 + 120, 16, err);
    case TSK_FS_TYPE_ISO9660:
        if (f->fs->block_pre_size > 0)
            return EX_OK;
        return tell_label_at(f, at + UINT64_C(16) * 2048 + 40, 32, err);
    default:
        return EX_OK;
    }
}

/* ---- the trace ---- */

static ex_code tell_id(struct files *f, struct ex_error *err) {
    char text[2 * TSK_FS_INFO_FS_ID_LEN + 1];
    size_t n = f->fs->fs_id_used;
    if (n == 0 || n > TSK_FS_INFO_FS_ID_LEN)
        return EX_OK;
    (void)ex_hex(text, f->fs->fs_id, n);
    return tell_text(f->image->run, n == UUID_BYTES ? "uuid" : "serial", text, err);
}

static ex_code tell_numbers(struct files *f, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    const TSK_FS_INFO *fs = f->fs;
    EX_TRY(parser_trace_number(run, "block-size", fs->block_size, err));
    EX_TRY(parser_trace_number(run, "block-count", fs->block_count, err));
    EX_TRY(parser_trace_number(run, "last-block", fs->last_block, err));
    EX_TRY(parser_trace_number(run, "first-inode", fs->first_inum, err));
    EX_TRY(parser_trace_number(run, "last-inode", fs->last_inum, err));
    return parser_trace_number(run, "root-inode", fs->root_inum, err);
}

ex_code files_tell_system(struct files *f, const char *also, uint32_t *ret_trace,
                          struct ex_error *err) {
    struct parser_run *run = f->image->run;
    const char *name = files_type_name(f->fs->ftype);
    struct parser_trace t = {
        .kind = PARSER_FILE_SYSTEM, .key = name, .name = name, .name_bytes = strlen(name)};
    EX_TRY(parser_trace(run, &t, ret_trace, err));
    EX_TRY(tell_label(f, err));
    EX_TRY(tell_id(f, err));
    EX_TRY(tell_numbers(f, err));
    if (also != NULL)
        EX_TRY(tell_text(run, "opens-as-well", also, err));
    EX_TRY(files_tell_journal(f, *ret_trace, err));
    if (f->fs->last_block_act < f->fs->last_block)
        EX_TRY(tell_problem(run, *ret_trace, "end", err, EX_FORMAT,
                            "the file system has %llu blocks, and its image ends behind %llu",
                            (unsigned long long)f->fs->last_block + 1,
                            (unsigned long long)f->fs->last_block_act + 1));
    return EX_OK;
}
