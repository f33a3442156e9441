/* SPDX-License-Identifier: Apache-2.0 */
/* The composer: entries in order become the stream. format/folder §2, §4. */
#include "source/folder_internal.h"

#define HASH_NONFATAL_OOM 1
#include <stdio.h>
#include <uthash.h>

enum { FILL_BYTES = 256 << 10, CONTENT_PREFIX_BYTES = sizeof "content/" };

/* What comes next, in order. */
enum part {
    PART_MARK,
    PART_ENTRIES,
    PART_LISTING,
    PART_OMITTED,
    PART_SELECTION,
    PART_END,
    PART_DONE
};

struct folder_link {
    struct {
        uint64_t device, inode;
    } key;
    uint32_t left; /* names that were not met yet */
    char *path;
    UT_hash_handle hh;
};

void folder_links_free(struct folder_link *links) {
    struct folder_link *l, *next;
    HASH_ITER(hh, links, l, next) {
        HASH_DEL(links, l);
        free(l->path);
        free(l);
    }
}

static uint64_t device_of(const struct statx *st) {
    return (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
}

/* Device numbers change from one plugging in to the next; the order of their appearance does not.
 */
static ex_code file_system_of(struct folder *f, const struct folder_entry *e, uint64_t *ret,
                              struct ex_error *err) {
    uint64_t device = device_of(&e->st);
    for (*ret = 0; *ret < f->file_system_count; ++*ret)
        if (f->file_system[*ret] == device)
            return EX_OK;
    EX_TRY(ex_grow(&f->file_system, &f->file_system_capacity, f->file_system_count + 1,
                   sizeof *f->file_system, (size_t)1 << 20, "the list of file systems", err));
    f->file_system[f->file_system_count++] = device;
    return EX_OK;
}

/* ---- hard links ---- */

/* The path of the first name of this inode, or NULL; *ret_first: to be noted under that. */
static struct folder_link *find_link(struct folder *f, const struct folder_entry *e) {
    struct folder_link *l = NULL, wanted = {.key = {device_of(&e->st), e->st.stx_ino}};
    if (e->st.stx_nlink > 1 && !S_ISDIR(e->st.stx_mode))
        HASH_FIND(hh, f->links, &wanted.key, sizeof wanted.key, l);
    return l;
}

/* Of more than memory is meant for, each name is a file of its own; the listing tells the inode. */
static void note_first(struct folder *f, const struct folder_entry *e, const char *path) {
    size_t bytes = sizeof(struct folder_link) + strlen(path) + 1;
    if (e->st.stx_nlink < 2 || S_ISDIR(e->st.stx_mode) ||
        f->links_bytes + bytes > FOLDER_LINKS_BYTES_MAX)
        return;
    struct folder_link *l = ex_new0(struct folder_link);
    l->key.device = device_of(&e->st);
    l->key.inode = e->st.stx_ino;
    l->left = e->st.stx_nlink - 1;
    l->path = ex_strdup(path);
    HASH_ADD(hh, f->links, key, sizeof l->key, l);
    if (l->hh.tbl == NULL) {
        free(l->path);
        free(l);
        return;
    }
    f->links_bytes += bytes;
}

static void met_link(struct folder *f, struct folder_link *l) {
    if (--l->left > 0)
        return;
    f->links_bytes -= sizeof *l + strlen(l->path) + 1;
    HASH_DEL(f->links, l);
    free(l->path);
    free(l);
}

/* ---- rendering ---- */

static ex_code put(struct folder *f, const void *data, size_t size, struct ex_error *err) {
    struct tar_buffer *b = &f->out;
    EX_TRY(ex_grow(&b->data, &b->capacity, b->size_bytes + size, 1, (size_t)64 << 20,
                   "the stream of a folder", err));
    if (data != NULL)
        memcpy(b->data + b->size_bytes, data, size);
    else
        memset(b->data + b->size_bytes, 0, size);
    b->size_bytes += size;
    f->at += size;
    return EX_OK;
}

static unsigned padding_of(uint64_t size_bytes) {
    return (unsigned)(-size_bytes & 511);
}

static struct tar_entry_time time_of(const struct statx_timestamp *t) {
    return (struct tar_entry_time){.known = true, .s = t->tv_sec, .ns = t->tv_nsec};
}

static enum tar_entry_type type_of(const struct statx *st) {
    switch (st->stx_mode & S_IFMT) {
    case S_IFDIR:
        return TAR_ENTRY_DIRECTORY;
    case S_IFLNK:
        return TAR_ENTRY_SYMLINK;
    case S_IFCHR:
        return TAR_ENTRY_CHARACTER_DEVICE;
    case S_IFBLK:
        return TAR_ENTRY_BLOCK_DEVICE;
    case S_IFIFO:
        return TAR_ENTRY_FIFO;
    default:
        return TAR_ENTRY_FILE;
    }
}

static struct tar_entry describe(const struct folder_entry *e, const char *path) {
    return (struct tar_entry){.type = type_of(&e->st),
                              .path = path,
                              .link = e->link,
                              .mode = e->st.stx_mode & 07777,
                              .uid = e->st.stx_uid,
                              .gid = e->st.stx_gid,
                              .major = e->st.stx_rdev_major,
                              .minor = e->st.stx_rdev_minor,
                              .mtime = time_of(&e->st.stx_mtime),
                              .atime = time_of(&e->st.stx_atime),
                              .ctime = time_of(&e->st.stx_ctime),
                              .xattr = e->xattr,
                              .xattr_count = e->xattr_count};
}

static ex_code render(struct folder *f, struct folder_entry *e, struct tar_entry *t,
                      struct ex_error *err) {
    size_t before = f->out.size_bytes;
    uint64_t stored = 0;
    unsigned align = t->size_bytes >= FOLDER_ALIGN_BYTES ? FOLDER_ALIGN_BYTES : 0;
    ex_code code = tar_entry_render(t, f->number, f->at, align, &f->out, &stored, err);
    if (code == EX_LIMIT && t->xattr_count > 0) {
        e->xattrs_lost = true;
        t->xattr_count = e->xattr_count = 0;
        code = tar_entry_render(t, f->number, f->at, align, &f->out, &stored, err);
    }
    EX_TRY(code);
    f->number++;
    f->at += f->out.size_bytes - before;
    f->padding = padding_of(stored);
    return EX_OK;
}

/* ---- entries ---- */

static void count_entry(struct folder_report *r, const struct folder_entry *e, bool linked) {
    uint64_t *kind = linked                    ? &r->hard_links
                     : S_ISREG(e->st.stx_mode) ? &r->files
                     : S_ISDIR(e->st.stx_mode) ? &r->directories
                     : S_ISLNK(e->st.stx_mode) ? &r->symlinks
                                               : &r->others;
    ++*kind;
    r->access_times += e->access_time;
    r->attributes_lost += e->xattrs_lost;
    if (linked)
        return;
    r->changed += e->changed;
    r->odd_size += e->odd_size;
    r->cut += e->cut && !e->changed;
}

static ex_code omit(struct folder *f, struct folder_entry *e, struct ex_error *err) {
    uint64_t fs = 0;
    f->report.omitted[e->why]++;
    f->report.access_times += e->access_time;
    if (e->has_st)
        EX_TRY(file_system_of(f, e, &fs, err));
    return folder_list_omitted(f, e, fs, err);
}

/* Sizes are what a file system says of its files: together they may be more than any number. */
static void add_content(struct folder *f, uint64_t size_bytes) {
    uint64_t *sum = &f->report.content_bytes;
    *sum = *sum > INT64_MAX || size_bytes > INT64_MAX - *sum ? UINT64_MAX : *sum + size_bytes;
}

/* A file that was read in advance: header, bytes, padding, line. */
static ex_code give_whole(struct folder *f, struct folder_entry *e, struct tar_entry *t,
                          struct folder_content *c, struct ex_error *err) {
    if (t->type == TAR_ENTRY_FILE)
        t->size_bytes = e->data_bytes;
    EX_TRY(render(f, e, t, err));
    if (t->size_bytes > 0) {
        c->offset = f->at;
        EX_TRY(put(f, e->data, e->data_bytes, err));
        EX_TRY(put(f, NULL, f->padding, err));
        add_content(f, e->data_bytes);
    }
    count_entry(&f->report, e, c->first != NULL);
    return folder_list_entry(f, e, c, err);
}

/* A file whose bytes come later: only its header. */
static ex_code begin_file(struct folder *f, struct folder_entry *e, struct tar_entry *t,
                          struct ex_error *err) {
    EX_TRY(folder_file_new(f, e, &f->file, err));
    t->size_bytes = e->st.stx_size;
    t->sparse = folder_file_map(f->file, &t->data, &t->data_count);
    return render(f, e, t, err);
}

static ex_code end_file(struct folder *f, struct ex_error *err) {
    struct folder_entry *e = &f->now;
    struct folder_file_end end;
    struct folder_content c = {.end = &end};
    uint64_t stored = 0;
    EX_TRY(folder_file_end(f->file, &end, err));
    EX_TRY(file_system_of(f, e, &c.file_system, err));
    c.sparse = folder_file_map(f->file, &c.map, &c.map_count);
    for (size_t i = 0; i < c.map_count; i++)
        stored += c.map[i].length;
    c.offset = stored > 0 ? f->at - stored : 0;
    EX_TRY(put(f, NULL, f->padding, err));
    e->changed = end.changed;
    count_entry(&f->report, e, false);
    add_content(f, e->st.stx_size);
    f->report.padded += end.missing_count > 0;
    f->report.unreadable += end.bad_count > 0;
    ex_code code = folder_list_entry(f, e, &c, err);
    folder_file_free(ex_steal(&f->file));
    return code;
}

static ex_code give_entry(struct folder *f, struct ex_error *err) {
    struct folder_entry *e = &f->now;
    struct folder_content c = {0};
    if (e->why != FOLDER_TAKEN)
        return omit(f, e, err);
    size_t room = strlen(e->path) + CONTENT_PREFIX_BYTES;
    EX_AUTO_FREE char *path = ex_new0_bytes(room);
    (void)snprintf(path, room, "content%s%s", e->path[0] != '\0' ? "/" : "", e->path);
    struct tar_entry t = describe(e, path);
    EX_TRY(file_system_of(f, e, &c.file_system, err));
    struct folder_link *first = find_link(f, e);
    if (first != NULL) {
        t.type = TAR_ENTRY_HARD_LINK;
        t.link = first->path;
        t.xattr_count = 0;
        c.first = first->path + CONTENT_PREFIX_BYTES - 1;
        EX_TRY(give_whole(f, e, &t, &c, err));
        met_link(f, first);
        return EX_OK;
    }
    note_first(f, e, path);
    return t.type == TAR_ENTRY_FILE && !e->whole ? begin_file(f, e, &t, err)
                                                 : give_whole(f, e, &t, &c, err);
}

/* ---- the parts ---- */

static ex_code give_own(struct folder *f, const char *path, uint64_t size_bytes,
                        struct ex_error *err) {
    struct folder_entry none = {.fd = -1};
    struct tar_entry t = {
        .type = TAR_ENTRY_FILE, .path = path, .size_bytes = size_bytes, .mode = 0644};
    return render(f, &none, &t, err);
}

static ex_code give_spool(struct folder *f, struct folder_spool *s, const char *path,
                          struct ex_error *err) {
    uint8_t piece[FOLDER_ALIGN_BYTES * 4];
    size_t got = 0;
    if (f->padding == UINT32_MAX) { /* its header was not given yet */
        EX_TRY(give_own(f, path, folder_spool_size(s), err));
        return EX_OK;
    }
    EX_TRY(folder_spool_read(s, piece, sizeof piece, &got, err));
    EX_TRY(put(f, piece, got, err));
    if (got > 0)
        return EX_OK;
    EX_TRY(put(f, NULL, f->padding, err));
    f->padding = UINT32_MAX;
    f->part++;
    return EX_OK;
}

static ex_code give_selection(struct folder *f, struct ex_error *err) {
    EX_TRY(folder_list_selection(f, err));
    EX_TRY(give_own(f, "exhibit/selection.json", f->text.size_bytes, err));
    EX_TRY(put(f, f->text.data, f->text.size_bytes, err));
    return put(f, NULL, f->padding, err);
}

static ex_code give_next(struct folder *f, struct ex_error *err) {
    bool end = false;
    switch ((enum part)f->part) {
    case PART_MARK:
        f->part++;
        EX_TRY(tar_entry_comment(FOLDER_FORMAT, &f->out, err));
        f->at += f->out.size_bytes;
        return EX_OK;
    case PART_ENTRIES:
        EX_TRY(folder_take(f, &end, err));
        if (!end)
            return give_entry(f, err);
        f->part++;
        f->padding = UINT32_MAX;
        return EX_OK;
    case PART_LISTING:
        return give_spool(f, f->listing, "exhibit/listing.jsonl", err);
    case PART_OMITTED:
        return give_spool(f, f->omitted, "exhibit/omitted.jsonl", err);
    case PART_SELECTION:
        f->part++;
        return give_selection(f, err);
    case PART_END:
        f->part++;
        return put(f, NULL, 1024, err);
    case PART_DONE:
    default:
        return EX_OK;
    }
}

ex_code folder_pull(struct folder *f, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    *ret_got = 0;
    if (f->out_at == f->out.size_bytes)
        f->out_at = f->out.size_bytes = 0;
    while (f->file == NULL && f->part != PART_DONE && f->out.size_bytes < FILL_BYTES)
        EX_TRY(give_next(f, err));
    if (f->out_at < f->out.size_bytes) {
        size_t left = f->out.size_bytes - f->out_at;
        *ret_got = size_bytes < left ? size_bytes : left;
        memcpy(to, f->out.data + f->out_at, *ret_got);
        f->out_at += *ret_got;
        return EX_OK;
    }
    if (f->file == NULL)
        return EX_OK;
    EX_TRY(folder_file_read(f->file, to, size_bytes, f->at, f->bad, f->bad_context, ret_got, err));
    f->at += *ret_got;
    if (*ret_got > 0)
        return EX_OK;
    EX_TRY(end_file(f, err));
    return folder_pull(f, to, size_bytes, ret_got, err);
}
