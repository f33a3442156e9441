/* SPDX-License-Identifier: Apache-2.0 */
/* One file: what its name and its record say. */
#include "parsers/tsk/files_internal.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>

/* What libtsk puts behind the name of a FAT volume's label. */
#define LABEL_SUFFIX " (Volume Label Entry)"

static enum parser_kind kind_of_record(TSK_FS_META_TYPE_ENUM type) {
    switch ((unsigned)type) {
    case TSK_FS_META_TYPE_DIR:
    case TSK_FS_META_TYPE_VIRT_DIR:
        return PARSER_DIRECTORY;
    case TSK_FS_META_TYPE_LNK:
        return PARSER_LINK;
    case TSK_FS_META_TYPE_FIFO:
    case TSK_FS_META_TYPE_CHR:
    case TSK_FS_META_TYPE_BLK:
    case TSK_FS_META_TYPE_SHAD:
    case TSK_FS_META_TYPE_SOCK:
    case TSK_FS_META_TYPE_WHT:
        return PARSER_SPECIAL;
    default:
        return PARSER_FILE;
    }
}

static enum parser_kind kind_of_name(TSK_FS_NAME_TYPE_ENUM type) {
    switch ((unsigned)type) {
    case TSK_FS_NAME_TYPE_DIR:
    case TSK_FS_NAME_TYPE_VIRT_DIR:
        return PARSER_DIRECTORY;
    case TSK_FS_NAME_TYPE_LNK:
        return PARSER_LINK;
    case TSK_FS_NAME_TYPE_FIFO:
    case TSK_FS_NAME_TYPE_CHR:
    case TSK_FS_NAME_TYPE_BLK:
    case TSK_FS_NAME_TYPE_SOCK:
    case TSK_FS_NAME_TYPE_SHAD:
    case TSK_FS_NAME_TYPE_WHT:
        return PARSER_SPECIAL;
    default:
        return PARSER_FILE;
    }
}

/* A deleted name whose record was given to another file: what the record says is not about it. */
static bool record_is_of_another(const TSK_FS_FILE *file) {
    return file->name != NULL && (file->name->flags & TSK_FS_NAME_FLAG_UNALLOC) &&
           (file->meta->flags & TSK_FS_META_FLAG_ALLOC);
}

/* A name that does not must not stand for it: whose it is has none, perhaps, and is told later. */
static bool owns_record(const TSK_FS_FILE *file, bool other) {
    bool stale = file->name != NULL && (file->name->flags & TSK_FS_NAME_FLAG_UNALLOC);
    return !other && (file->meta != NULL || (!stale && file->name->meta_addr != 0));
}

static bool is_virtual(const TSK_FS_FILE *file) {
    if (file->name != NULL && (file->name->type == TSK_FS_NAME_TYPE_VIRT ||
                               file->name->type == TSK_FS_NAME_TYPE_VIRT_DIR))
        return true;
    return file->meta != NULL && (file->meta->type == TSK_FS_META_TYPE_VIRT ||
                                  file->meta->type == TSK_FS_META_TYPE_VIRT_DIR);
}

static void name_of(const struct files *f, const TSK_FS_FILE *file, struct parser_trace *t,
                    bool *ret_label) {
    const char *name = NULL;
    *ret_label = false;
    if (file->name != NULL)
        name = file->name->name;
    else if (file->meta != NULL && file->meta->name2 != NULL)
        name = file->meta->name2->name;
    if (name == NULL)
        return;
    size_t n = strnlen(name, PARSER_VALUE_BYTES_MAX), suffix = sizeof LABEL_SUFFIX - 1;
    if (TSK_FS_TYPE_ISFAT(f->fs->ftype) && n >= suffix &&
        memcmp(name + n - suffix, LABEL_SUFFIX, suffix) == 0) {
        n -= suffix;
        *ret_label = true;
    }
    t->name = n > 0 ? name : NULL;
    t->name_bytes = n;
}

/* Windows 10 keeps the packed bytes in a stream of this name, and a content without any. */
static bool packed_elsewhere(TSK_FS_FILE *file) {
    int count = tsk_fs_file_attr_getsize(file);
    for (int i = 0; i < count && i < FILES_STREAMS_MAX; i++) {
        const TSK_FS_ATTR *attr = tsk_fs_file_attr_get_idx(file, i);
        if (attr != NULL && attr->type == TSK_FS_ATTR_TYPE_NTFS_DATA && attr->name != NULL &&
            strcmp(attr->name, "WofCompressedData") == 0)
            return true;
    }
    return false;
}

/* ---- attributes ---- */

static ex_code tell_reparse(struct files *f, TSK_FS_FILE *file, struct ex_error *err) {
    uint8_t head[8];
    char text[16];
    const TSK_FS_ATTR *attr = tsk_fs_file_attr_get_type(file, TSK_FS_ATTR_TYPE_NTFS_REPARSE, 0, 0);
    if (attr == NULL || attr->size < (TSK_OFF_T)sizeof head)
        return EX_OK;
    if ((attr->flags & TSK_FS_ATTR_RES) && attr->rd.buf_size < sizeof head)
        return EX_OK;
    if (tsk_fs_attr_read(attr, 0, (char *)head, sizeof head, TSK_FS_FILE_READ_FLAG_NONE) !=
        (ssize_t)sizeof head)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    (void)snprintf(text, sizeof text, "0x%08x", ex_cursor_le32(&c));
    return tell_text(f->image->run, "reparse-tag", text, err);
}

static ex_code tell_owner(struct files *f, const TSK_FS_META *meta, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    char mode[16];
    (void)snprintf(mode, sizeof mode, "%04o", (unsigned)meta->mode & 07777);
    EX_TRY(tell_text(run, "mode", mode, err));
    EX_TRY(parser_trace_number(run, "uid", meta->uid, err));
    return parser_trace_number(run, "gid", meta->gid, err);
}

static ex_code tell_sid(struct files *f, TSK_FS_FILE *file, struct ex_error *err) {
    char *sid = NULL;
    if (tsk_fs_file_get_owner_sid(file, &sid) != 0 || sid == NULL)
        return EX_OK;
    ex_code code = tell_text(f->image->run, "owner", sid, err);
    free(sid);
    return code;
}

static ex_code tell_record(struct files *f, TSK_FS_FILE *file, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    const TSK_FS_META *meta = file->meta;
    TSK_FS_TYPE_ENUM type = f->fs->ftype;
    if (TSK_FS_TYPE_ISEXT(type) || TSK_FS_TYPE_ISFFS(type) || TSK_FS_TYPE_ISHFS(type))
        EX_TRY(tell_owner(f, meta, err));
    EX_TRY(content_tell_marks(f, meta, err));
    if (!TSK_FS_TYPE_ISFAT(type) && !TSK_FS_TYPE_ISISO9660(type) && meta->nlink >= 0)
        EX_TRY(parser_trace_number(run, "links", (uint64_t)meta->nlink, err));
    if (type == TSK_FS_TYPE_NTFS) {
        EX_TRY(parser_trace_number(run, "sequence", meta->seq, err));
        EX_TRY(tell_sid(f, file, err));
        EX_TRY(tell_reparse(f, file, err));
    }
    if (meta->link != NULL)
        EX_TRY(parser_trace_text(run, "target", meta->link,
                                 strnlen(meta->link, PARSER_VALUE_BYTES_MAX), err));
    return EX_OK;
}

static ex_code tell_texts(struct files *f, const struct entry *e, bool label, bool other,
                          struct ex_error *err) {
    struct parser_run *run = f->image->run;
    const TSK_FS_NAME *name = e->file->name;
    TSK_INUM_T inode = e->file->meta != NULL && !other ? e->file->meta->addr
                       : name != NULL                  ? name->meta_addr
                                                       : 0;
    EX_TRY(parser_trace_number(run, "inode", inode, err));
    if (label)
        EX_TRY(tell_text(run, "entry", "volume-label", err));
    if (other)
        EX_TRY(tell_text(run, "record", "of-another-file", err));
    if (name != NULL && name->shrt_name != NULL && name->shrt_name[0] != '\0')
        EX_TRY(parser_trace_text(run, "short-name", name->shrt_name,
                                 strnlen(name->shrt_name, PARSER_VALUE_BYTES_MAX), err));
    return EX_OK;
}

/* ---- the trace ---- */

struct plan {
    struct parser_trace t;
    const TSK_FS_ATTR *content; /* NULL: none, or not to be had */
    struct ex_error lost;       /* why not, when there should be one */
    bool label, packed;
    bool other; /* what the record says is not about this name */
};

/* An NTFS file whose only streams have names, or that holds an index. */
static bool has_no_content(const TSK_FS_META *meta, const TSK_FS_ATTR *attr) {
    return attr == NULL ? meta->size <= 0 : attr->name != NULL && attr->name[0] != '\0';
}

static void plan_content(struct files *f, const struct entry *e, struct plan *p) {
    TSK_FS_FILE *file = e->file;
    image_forget(f->image);
    p->content = tsk_fs_file_attr_get(file);
    if (image_is_unread(f->image)) {
        image_reason(f->image, &p->lost);
        p->content = NULL;
        p->t.flags |= PARSER_SIZED;
        p->t.size_bytes = file->meta->size > 0 ? (uint64_t)file->meta->size : 0;
        return;
    }
    if (f->fs->ftype == TSK_FS_TYPE_NTFS && has_no_content(file->meta, p->content)) {
        p->content = NULL;
        return;
    }
    p->t.flags |= PARSER_SIZED;
    p->t.size_bytes = file->meta->size > 0 ? (uint64_t)file->meta->size : 0;
    if (p->content == NULL) {
        /* a deleted file whose places are not known any more is no damage */
        if (p->t.size_bytes > 0 && (p->t.flags & PARSER_DELETED) == 0)
            image_reason(f->image, &p->lost);
        image_forget(f->image);
        return;
    }
    p->t.size_bytes = p->content->size > 0 ? (uint64_t)p->content->size : 0;
    p->t.flags |= content_flags(f, file, p->content);
    p->packed = f->fs->ftype == TSK_FS_TYPE_NTFS && packed_elsewhere(file);
}

static void plan_entry(struct files *f, const struct entry *e, struct plan *p) {
    TSK_FS_FILE *file = e->file;
    const TSK_FS_META *meta = e->unread.code == EX_OK ? file->meta : NULL;
    struct parser_trace *t = &p->t;
    *p = (struct plan){.t = {.parent = e->parent, .key = e->key}};
    p->other = e->other || (meta != NULL && record_is_of_another(file));
    t->kind = meta != NULL && !p->other && meta->type != TSK_FS_META_TYPE_UNDEF
                  ? kind_of_record(meta->type)
              : file->name != NULL ? kind_of_name(file->name->type)
                                   : PARSER_FILE;
    if ((file->name != NULL && (file->name->flags & TSK_FS_NAME_FLAG_UNALLOC)) ||
        (meta != NULL && (meta->flags & TSK_FS_META_FLAG_UNALLOC)))
        t->flags |= PARSER_DELETED;
    if (e->orphan)
        t->flags |= PARSER_ORPHAN;
    if (is_virtual(file))
        t->flags |= PARSER_VIRTUAL;
    TSK_INUM_T address = meta != NULL ? meta->addr : file->name != NULL ? file->name->meta_addr : 0;
    if (owns_record(file, p->other))
        t->record = address + 1;
    name_of(f, file, t, &p->label);
    if (t->kind == PARSER_FILE && meta != NULL && !p->other && !p->label)
        plan_content(f, e, p);
}

static ex_code tell_content(struct files *f, const struct plan *p, const struct entry *e,
                            uint32_t trace, struct ex_error *err) {
    struct parser_run *run = f->image->run;
    const TSK_FS_ATTR *attr = p->content;
    /* The chain of clusters is gone: libtsk takes the free ones behind the first. */
    if (attr != NULL && TSK_FS_TYPE_ISFAT(f->fs->ftype) && (p->t.flags & PARSER_DELETED) &&
        p->t.size_bytes > 0)
        EX_TRY(tell_text(run, "recovered", "guess", err));
    if (attr != NULL && (attr->flags & TSK_FS_ATTR_COMP))
        EX_TRY(tell_text(run, "compressed", "yes", err));
    if (p->packed)
        EX_TRY(tell_problem(run, trace, "content", err, EX_UNSUPPORTED,
                            "its content is packed in the stream WofCompressedData"));
    else if (attr != NULL)
        EX_TRY(content_tell(f, trace, attr, p->t.flags, err));
    else if (p->lost.code != EX_OK)
        EX_TRY(parser_trace_problem(run, trace, "content", &p->lost, err));
    image_forget(f->image);
    return content_tell_streams(f, trace, e->file, attr, err);
}

/* The content of a folder is what is listed; its own streams are not. */
static ex_code tell_folder(struct files *f, const struct plan *p, const struct entry *e,
                           uint32_t trace, struct ex_error *err) {
    if (f->fs->ftype == TSK_FS_TYPE_NTFS || TSK_FS_TYPE_ISHFS(f->fs->ftype))
        EX_TRY(content_tell_streams(f, trace, e->file, NULL, err));
    if (p->t.flags & PARSER_VIRTUAL)
        return EX_OK;
    return files_unit_directory(f, trace, e->file->meta->addr, err);
}

ex_code files_tell_entry(struct files *f, const struct entry *e, struct ex_error *err) {
    struct plan p;
    uint32_t trace;
    plan_entry(f, e, &p);
    EX_TRY(image_check(f->image, err));
    EX_TRY(parser_trace(f->image->run, &p.t, &trace, err));
    EX_TRY(tell_texts(f, e, p.label, p.other, err));
    if (e->unread.code != EX_OK)
        return parser_trace_problem(f->image->run, trace, "record", &e->unread, err);
    if (e->file->meta == NULL || p.other) {
        bool lost = e->file->meta == NULL && (p.t.flags & PARSER_DELETED) == 0;
        return lost ? tell_problem(f->image->run, trace, "record", err, EX_FORMAT,
                                   "its record cannot be read")
                    : EX_OK;
    }
    EX_TRY(tell_record(f, e->file, err));
    EX_TRY(files_tell_times(f, e->file, err));
    if (p.t.kind == PARSER_DIRECTORY)
        return tell_folder(f, &p, e, trace, err);
    return tell_content(f, &p, e, trace, err);
}
