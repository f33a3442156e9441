/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of a file: by their places where bytes stand as they are, by their bytes where they
 * are packed or stand in a record. */
#include "parsers/tsk/raw_internal.h"

#include <stdio.h>
#include <string.h>

enum { READ_BYTES = 64 << 10 };

/* ---- places ---- */

static bool stored(const TSK_FS_ATTR_RUN *run) {
    return (run->flags & (TSK_FS_ATTR_RUN_FLAG_FILLER | TSK_FS_ATTR_RUN_FLAG_SPARSE)) == 0;
}

static uint64_t run_bytes(const TSK_FS_INFO *fs, const TSK_FS_ATTR_RUN *run) {
    return run->len > INT64_MAX / fs->block_size ? (uint64_t)INT64_MAX : run->len * fs->block_size;
}

bool content_reused(struct files *f, const TSK_FS_ATTR *attr) {
    uint64_t checked = 0;
    if ((attr->flags & TSK_FS_ATTR_NONRES) == 0)
        return false;
    for (const TSK_FS_ATTR_RUN *run = attr->nrd.run; run != NULL; run = run->next) {
        if (!stored(run))
            continue;
        for (TSK_DADDR_T i = 0; i < run->len; i++) {
            TSK_DADDR_T address = run->addr + i;
            if (++checked > FILES_BLOCKS_CHECKED || address > f->fs->last_block)
                return true;
            if ((f->fs->block_getflags(f->fs, address) & TSK_FS_BLOCK_FLAG_UNALLOC) == 0)
                return true;
        }
    }
    return false;
}

/* Of ext alone: which of these it has. */
static uint32_t marks_of(struct files *f, const TSK_FS_META *meta) {
    struct raw_inode i;
    if (!TSK_FS_TYPE_ISEXT(f->fs->ftype) || meta == NULL || !raw_ext_inode(f, meta, &i))
        return 0;
    return i.flags & (RAW_EXT_COMPRESSED | RAW_EXT_ENCRYPTED | RAW_EXT_VERITY);
}

ex_code content_tell_marks(struct files *f, const TSK_FS_META *meta, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    uint32_t marks = marks_of(f, meta);
    if (marks & RAW_EXT_ENCRYPTED)
        EX_TRY(tell_text(run, "encrypted", "yes", err));
    if (marks & RAW_EXT_COMPRESSED)
        EX_TRY(tell_text(run, "compressed", "yes", err));
    return marks & RAW_EXT_VERITY ? tell_text(run, "verity", "yes", err) : EX_OK;
}

uint32_t content_flags(struct files *f, const TSK_FS_FILE *file, const TSK_FS_ATTR *attr) {
    uint32_t flags = 0;
    if ((attr->flags & TSK_FS_ATTR_ENC) || (marks_of(f, file->meta) & RAW_EXT_ENCRYPTED))
        flags |= PARSER_ENCRYPTED;
    if ((file->meta->flags & TSK_FS_META_FLAG_UNALLOC) && content_reused(f, attr))
        flags |= PARSER_REUSED;
    return flags;
}

static bool leaves_holes_out(const TSK_FS_INFO *fs) {
    return TSK_FS_TYPE_ISEXT(fs->ftype) || TSK_FS_TYPE_ISFFS(fs->ftype);
}

/* What no run says: of ext and UFS zeros, for a block was never given to it. */
static uint64_t gap_of(const TSK_FS_INFO *fs) {
    return leaves_holes_out(fs) ? PARSER_HOLE : PARSER_NOWHERE;
}

/* How much of it was ever written: the rest reads as zeros, whatever stands there. libtsk does not
 * ask exFAT for it. */
static bool written_of(struct files *f, const TSK_FS_ATTR *attr, uint64_t *ret) {
    const TSK_FS_META *meta = attr->fs_file != NULL ? attr->fs_file->meta : NULL;
    *ret = attr->nrd.initsize > 0 ? (uint64_t)attr->nrd.initsize : 0;
    if (f->fs->ftype != TSK_FS_TYPE_EXFAT || meta == NULL || meta->type == TSK_FS_META_TYPE_VIRT)
        return true;
    return raw_exfat_written(f, meta->addr, (uint64_t)attr->size, ret);
}

/* One run, from its byte `skip`; `at`: where in the content that is. */
static ex_code add_run(struct extents *x, uint64_t init, const TSK_FS_ATTR_RUN *run, uint64_t skip,
                       uint64_t at, struct ex_error *err) {
    uint64_t length = run_bytes(x->f->fs, run) - skip;
    if (run->flags & TSK_FS_ATTR_RUN_FLAG_SPARSE)
        return extents_add(x, PARSER_HOLE, length, err);
    if (run->flags & TSK_FS_ATTR_RUN_FLAG_FILLER)
        return extents_add(x, gap_of(x->f->fs), length, err);
    uint64_t written = at < init ? init - at : 0;
    written = written < length ? written : length;
    if (written > 0)
        EX_TRY(extents_add_blocks(x, run->addr, skip, written, err));
    return extents_add(x, PARSER_HOLE, length - written, err);
}

/* What is behind the last run is zeros as well where nothing was ever written. */
static bool ends_in_zeros(const TSK_FS_INFO *fs, const TSK_FS_ATTR *attr, uint64_t at) {
    if (leaves_holes_out(fs))
        return true;
    return fs->ftype == TSK_FS_TYPE_NTFS && attr->nrd.initsize >= 0 &&
           at >= (uint64_t)attr->nrd.initsize;
}

static ex_code end_places(struct extents *x, uint32_t trace, bool disorder, struct ex_error *err) {
    struct parser_run *run = x->f->image->run;
    EX_TRY(extents_end(x, err));
    if (x->too_many)
        return tell_problem(run, trace, "extents", err, EX_LIMIT,
                            "the content is in more than %d pieces", FILES_EXTENTS_MAX);
    if (disorder)
        return tell_problem(run, trace, "extents", err, EX_FORMAT,
                            "the places of the content are not in order");
    if (x->outside)
        return tell_problem(run, trace, "extents", err, EX_FORMAT,
                            "some of the content lies outside of the file system or its image");
    return EX_OK;
}

static ex_code tell_places(struct files *f, uint32_t trace, const TSK_FS_ATTR *attr,
                           struct ex_error *err) {
    struct extents x = {.f = f, .left = (uint64_t)attr->size, .max = FILES_EXTENTS_MAX};
    uint64_t skip = attr->nrd.skiplen, at = 0, next = 0, size = (uint64_t)attr->size;
    uint64_t init;
    bool disorder = false;
    if (!written_of(f, attr, &init))
        return tell_problem(f->image->run, trace, "extents", err, EX_UNSUPPORTED,
                            "its record does not say, or not in one piece, how much was written");
    for (const TSK_FS_ATTR_RUN *run = attr->nrd.run; run != NULL && at < size && !x.too_many;
         run = run->next) {
        uint64_t bytes = run_bytes(f->fs, run);
        disorder = run->offset < next || run->offset > INT64_MAX / f->fs->block_size;
        if (disorder)
            break;
        if (run->offset > next) {
            uint64_t gap = (run->offset - next) * f->fs->block_size;
            EX_TRY(extents_add(&x, gap_of(f->fs), gap, err));
            at += gap;
        }
        next = run->offset + run->len;
        uint64_t part = skip < bytes ? skip : bytes;
        EX_TRY(add_run(&x, init, run, part, at, err));
        skip -= part;
        at += bytes - part;
    }
    if (!disorder && !x.too_many && ends_in_zeros(f->fs, attr, at))
        EX_TRY(extents_add(&x, PARSER_HOLE, x.left, err));
    return end_places(&x, trace, disorder, err);
}

/* Of ISO 9660 libtsk takes blocks of attributes for bytes, and parts of a file for files. */
static ex_code tell_iso(struct files *f, uint32_t trace, const TSK_FS_ATTR *attr,
                        struct ex_error *err) {
    struct extents x = {.f = f, .left = (uint64_t)attr->size, .max = FILES_EXTENTS_MAX};
    struct raw_iso r;
    if (attr->fs_file == NULL || attr->fs_file->meta == NULL ||
        !raw_iso_record(f, attr->fs_file->meta->addr, &r))
        return tell_problem(f->image->run, trace, "content", err, EX_FORMAT,
                            "its directory record is not found again");
    if (r.part)
        return tell_problem(f->image->run, trace, "content", err, EX_UNSUPPORTED,
                            "one of several parts of a file: they are not put together");
    if (r.interleaved)
        return tell_problem(f->image->run, trace, "content", err, EX_UNSUPPORTED,
                            "an interleaved file: its parts are not put together");
    EX_TRY(extents_add_blocks(&x, (TSK_DADDR_T)r.block + r.attribute_blocks, 0, x.left, err));
    return end_places(&x, trace, false, err);
}

/* ---- bytes ---- */

static ex_code tell_bytes(struct files *f, uint32_t trace, const TSK_FS_ATTR *attr,
                          struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(READ_BYTES, 1, READ_BYTES, "a part of a content", &data, err));
    bool wanted = true;
    image_forget(f->image);
    for (TSK_OFF_T at = 0; at < attr->size && wanted;) {
        TSK_OFF_T left = attr->size - at;
        size_t n = left < READ_BYTES ? (size_t)left : (size_t)READ_BYTES;
        ssize_t got = tsk_fs_attr_read(attr, at, (char *)data, n, TSK_FS_FILE_READ_FLAG_NONE);
        if (got <= 0 || (size_t)got > n || f->image->unread.code != EX_OK)
            return image_problem(f->image, trace, "content", err);
        EX_TRY(parser_trace_content(f->image->run, data, (size_t)got, &wanted, err));
        at += got;
    }
    return EX_OK;
}

ex_code content_tell(struct files *f, uint32_t trace, const TSK_FS_ATTR *attr, uint32_t flags,
                     struct ex_error *err) {
    if (attr->size <= 0)
        return EX_OK;
    if (attr->flags & TSK_FS_ATTR_COMP)
        return flags & PARSER_REUSED ? EX_OK : tell_bytes(f, trace, attr, err);
    if (attr->flags & TSK_FS_ATTR_RES) {
        if (attr->rd.buf == NULL || (uint64_t)attr->size > attr->rd.buf_size)
            return tell_problem(f->image->run, trace, "content", err, EX_FORMAT,
                                "a content of %lld bytes in a record that has %zu of it",
                                (long long)attr->size, attr->rd.buf_size);
        return tell_bytes(f, trace, attr, err);
    }
    if (attr->fs_file != NULL && (marks_of(f, attr->fs_file->meta) & RAW_EXT_COMPRESSED))
        return tell_problem(f->image->run, trace, "content", err, EX_UNSUPPORTED,
                            "compressed by the file system in a way that is not read");
    if (attr->flags & TSK_FS_ATTR_NONRES)
        return TSK_FS_TYPE_ISISO9660(f->fs->ftype) ? tell_iso(f, trace, attr, err)
                                                   : tell_places(f, trace, attr, err);
    return tell_problem(f->image->run, trace, "content", err, EX_UNSUPPORTED,
                        "a content of a kind that libtsk does not say");
}

/* ---- streams ---- */

static bool is_stream(const TSK_FS_ATTR *attr) {
    switch ((unsigned)attr->type) {
    case TSK_FS_ATTR_TYPE_NTFS_DATA:
    case TSK_FS_ATTR_TYPE_HFS_EXT_ATTR:
        return true;
    case TSK_FS_ATTR_TYPE_HFS_RSRC: /* every file has one */
        return attr->size > 0;
    default:
        return false;
    }
}

static ex_code tell_stream(struct files *f, uint32_t parent, const TSK_FS_FILE *file,
                           const TSK_FS_ATTR *attr, struct ex_error *err) {
    char key[FILES_KEY_BYTES];
    uint32_t trace;
    (void)snprintf(key, sizeof key, "a%d-%d", (int)attr->type, (int)attr->id);
    struct parser_trace t = {.kind = PARSER_STREAM,
                             .flags = PARSER_SIZED | content_flags(f, file, attr),
                             .parent = parent,
                             .key = key,
                             .size_bytes = attr->size > 0 ? (uint64_t)attr->size : 0};
    if (attr->name != NULL && attr->name[0] != '\0') {
        t.name = attr->name;
        t.name_bytes = strnlen(attr->name, PARSER_VALUE_BYTES_MAX);
    }
    if (file->meta->flags & TSK_FS_META_FLAG_UNALLOC)
        t.flags |= PARSER_DELETED;
    EX_TRY(parser_trace(f->image->run, &t, &trace, err));
    if (attr->flags & TSK_FS_ATTR_COMP)
        EX_TRY(tell_text(f->image->run, "compressed", "yes", err));
    return content_tell(f, trace, attr, t.flags, err);
}

ex_code content_tell_streams(struct files *f, uint32_t trace, TSK_FS_FILE *file,
                             const TSK_FS_ATTR *content, struct ex_error *err) {
    int count = tsk_fs_file_attr_getsize(file), told = 0;
    for (int i = 0; i < count; i++) {
        const TSK_FS_ATTR *attr = tsk_fs_file_attr_get_idx(file, i);
        if (attr == NULL || attr == content || !is_stream(attr))
            continue;
        if (told++ >= FILES_STREAMS_MAX)
            return tell_problem(f->image->run, trace, "streams", err, EX_LIMIT,
                                "more than %d streams", FILES_STREAMS_MAX);
        EX_TRY(tell_stream(f, trace, file, attr, err));
    }
    return EX_OK;
}
