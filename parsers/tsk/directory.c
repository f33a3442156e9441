/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of one folder, and the records that no folder names. */
#include "parsers/tsk/files_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RECORDS_STEP = 4096, RECORDS_UNITS_MAX = 4096 };

/* Of libtsk, and in none of its headers that can be included. It tells libtsk where a FAT folder
 * was found. Without, it goes through the whole volume, records that no folder names included, to
 * find out for the entry "..", which is not even looked at here. */
extern uint8_t fatfs_dir_buf_add(void *fat, TSK_INUM_T parent, TSK_INUM_T inode);

/* ---- keys ---- */

/* The record and the name: the same whatever else is in the folder. A second entry that has both
 * gets a number. */
struct keys {
    uint64_t *seen;
    size_t slots; /* a power of 2, more than there are entries */
};

static uint64_t hash_name(const char *name) { /* FNV-1a */
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name; c != NULL && *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return h;
}

/* How many times this was there before. 0 is an empty slot. */
static bool seen_before(struct keys *k, uint64_t inode, uint64_t hash) {
    uint64_t mark = (hash ^ (inode * UINT64_C(0x9e3779b97f4a7c15))) | 1;
    for (size_t i = (size_t)(mark >> 1) & (k->slots - 1);; i = (i + 1) & (k->slots - 1)) {
        if (k->seen[i] == mark)
            return true;
        if (k->seen[i] == 0) {
            k->seen[i] = mark;
            return false;
        }
    }
}

static void make_key(struct keys *k, char key[static FILES_KEY_BYTES], const TSK_FS_NAME *name,
                     size_t index) {
    uint64_t hash = hash_name(name->name);
    int n = snprintf(key, FILES_KEY_BYTES, "m%" PRIu64 ".%016" PRIx64, name->meta_addr, hash);
    if (seen_before(k, name->meta_addr, hash) && n > 0 && n < FILES_KEY_BYTES)
        (void)snprintf(key + n, FILES_KEY_BYTES - (size_t)n, ".%zu", index);
}

/* ---- a folder ---- */

static bool is_dots(const char *name) {
    return name == NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* libtsk's own folder of records without one has the last number; HFS has none. */
static bool has_orphans(const TSK_FS_INFO *fs) {
    return !TSK_FS_TYPE_ISHFS(fs->ftype);
}

static bool is_listed(const struct files *f, const TSK_FS_NAME *name) {
    bool made_up = has_orphans(f->fs) && name->meta_addr == TSK_FS_ORPHANDIR_INUM(f->fs) &&
                   name->type == TSK_FS_NAME_TYPE_VIRT_DIR;
    return !is_dots(name->name) && !made_up;
}

/* NTFS counts a record's sequence up when it becomes free: of a deleted name it is one behind. */
static bool is_record_of(const TSK_FS_META *meta, const TSK_FS_NAME *name) {
    bool free = (meta->flags & TSK_FS_META_FLAG_UNALLOC) != 0;
    return meta->seq == name->meta_seq ||
           (free && (uint16_t)meta->seq == (uint16_t)(name->meta_seq + 1));
}

/* An entry with its record. libtsk leaves out the record of a deleted name of NTFS, for the reason
 * above. *ret_other: there is a record, and it is not the one that was meant. */
static TSK_FS_FILE *open_listed(const TSK_FS_DIR *dir, size_t index, bool *ret_other) {
    *ret_other = false;
    TSK_FS_FILE *file = tsk_fs_dir_get(dir, index), *whole;
    if (file == NULL || file->name == NULL || file->meta != NULL || file->name->meta_addr == 0 ||
        (whole = tsk_fs_file_open_meta(dir->fs_info, NULL, file->name->meta_addr)) == NULL)
        return file;
    if (whole->meta == NULL || !is_record_of(whole->meta, file->name)) {
        *ret_other = whole->meta != NULL;
        tsk_fs_file_close(whole);
        return file;
    }
    whole->name = file->name;
    file->name = NULL;
    tsk_fs_file_close(file);
    return whole;
}

static ex_code tell_listed(struct files *f, const TSK_FS_DIR *dir, size_t index, const char *key,
                           struct ex_error *err) {
    struct entry e = {.key = key};
    e.file = open_listed(dir, index, &e.other);
    if (e.file == NULL)
        return image_problem(f->image, 0, key, err);
    if (image_is_unread(f->image))
        image_reason(f->image, &e.unread);
    ex_code code = files_tell_entry(f, &e, err);
    tsk_fs_file_close(e.file);
    return code;
}

static ex_code tell_all(struct files *f, const TSK_FS_DIR *dir, struct ex_error *err) {
    size_t count = tsk_fs_dir_getsize(dir);
    bool more = count > FILES_ENTRIES_MAX;
    count = more ? FILES_ENTRIES_MAX : count;
    EX_AUTO_FREE uint64_t *seen = NULL;
    struct keys keys = {.slots = 16};
    while (keys.slots < count * 2)
        keys.slots *= 2;
    EX_TRY(ex_alloc(keys.slots, sizeof *seen, (size_t)FILES_ENTRIES_MAX * 4 * sizeof *seen,
                    "the entries of a folder", &seen, err));
    keys.seen = seen;
    for (size_t i = 0; i < count; i++) {
        char key[FILES_KEY_BYTES];
        const TSK_FS_NAME *name = tsk_fs_dir_get_name(dir, i);
        if (name == NULL || !is_listed(f, name))
            continue;
        make_key(&keys, key, name, i);
        image_forget(f->image);
        EX_TRY(tell_listed(f, dir, i, key, err));
        EX_TRY(image_check(f->image, err));
    }
    if (more)
        return tell_problem(f->image->run, 0, "entries", err, EX_LIMIT, "more than %d entries",
                            FILES_ENTRIES_MAX);
    return EX_OK;
}

/* libtsk goes through all records of an NTFS volume when it lists the first folder, to know the
 * files that only their own record still puts into a folder. When that fails it fails for the first
 * folder alone: so that it does not matter which that is, let it be one that is thrown away. */
static void prime(struct files *f) {
    TSK_FS_DIR *dir = NULL;
    if (f->primed || f->fs->ftype != TSK_FS_TYPE_NTFS)
        return;
    f->primed = true;
    (void)f->fs->dir_open_meta(f->fs, &dir, f->fs->root_inum, 0);
    tsk_fs_dir_close(dir);
}

ex_code files_directory(struct files *f, TSK_INUM_T inode, struct ex_error *err) {
    TSK_FS_DIR *dir = NULL;
    if (inode < f->fs->first_inum || inode > f->fs->last_inum ||
        (has_orphans(f->fs) && inode == TSK_FS_ORPHANDIR_INUM(f->fs)))
        return tell_problem(f->image->run, 0, "listing", err, EX_FORMAT,
                            "a folder by a record that is not there");
    prime(f);
    if (TSK_FS_TYPE_ISFAT(f->fs->ftype) && inode != f->fs->root_inum)
        (void)fatfs_dir_buf_add(f->fs, f->fs->root_inum, inode);
    image_forget(f->image);
    /* not tsk_fs_dir_open_meta(): that gives nothing of a folder of which a part is damaged */
    TSK_RETVAL_ENUM got = f->fs->dir_open_meta(f->fs, &dir, inode, 0);
    struct ex_error why = {0};
    if (got != TSK_OK || image_is_unread(f->image))
        image_reason(f->image, &why);
    ex_code code = image_check(f->image, err);
    if (code == EX_OK && dir != NULL)
        code = tell_all(f, dir, err);
    tsk_fs_dir_close(dir);
    EX_TRY(code);
    return why.code == EX_OK ? EX_OK : parser_trace_problem(f->image->run, 0, "listing", &why, err);
}

ex_code files_unit_directory(struct files *f, uint32_t parent, TSK_INUM_T inode,
                             struct ex_error *err) {
    char unit[PARSER_UNIT_BYTES_MAX];
    int n = snprintf(unit, sizeof unit, "dir %" PRIu64, inode);
    return parser_unit(f->image->run, parent, unit, (size_t)n, false, err);
}

/* ---- records without a folder ---- */

struct walk {
    struct files *f;
    struct ex_error *err;
    ex_code code;
    TSK_FS_META_FLAG_ENUM flags;
    TSK_INUM_T next; /* those before it were seen */
    unsigned count;
    uint64_t unread; /* records that could not be read: how many, the first, and why that one */
    TSK_INUM_T first_unread;
    struct ex_error why;
};

static void count_unread(struct walk *w, TSK_INUM_T record) {
    struct ex_error why;
    image_reason(w->f->image, &why);
    if (w->unread++ > 0)
        return;
    w->first_unread = record;
    w->why = why;
}

static bool is_orphan(const struct walk *w, const TSK_FS_META *meta) {
    if (meta->type == TSK_FS_META_TYPE_VIRT || meta->type == TSK_FS_META_TYPE_VIRT_DIR)
        return false;
    return (meta->flags & TSK_FS_META_FLAG_ALLOC) == 0 || !files_is_reserved(w->f, meta);
}

static TSK_WALK_RET_ENUM tell_orphan(TSK_FS_FILE *file, void *context) {
    struct walk *w = context;
    char key[FILES_KEY_BYTES];
    if (file->meta == NULL || file->meta->addr < w->next)
        return TSK_WALK_CONT;
    w->next = file->meta->addr + 1;
    if (image_is_unread(w->f->image)) {
        count_unread(w, file->meta->addr);
        return TSK_WALK_CONT;
    }
    if (!is_orphan(w, file->meta))
        return TSK_WALK_CONT;
    if (++w->count > FILES_ENTRIES_MAX) {
        w->code = tell_problem(w->f->image->run, 0, "records", w->err, EX_LIMIT,
                               "more than %d records", FILES_ENTRIES_MAX);
        return TSK_WALK_STOP;
    }
    (void)snprintf(key, sizeof key, "orphan%" PRIu64, file->meta->addr);
    struct entry e = {.file = file, .key = key, .orphan = true};
    w->code = files_tell_entry(w->f, &e, w->err);
    if (w->code == EX_OK)
        w->code = image_check(w->f->image, w->err);
    image_forget(w->f->image);
    return w->code == EX_OK ? TSK_WALK_CONT : TSK_WALK_STOP;
}

/* libtsk ends at a record that it cannot read: then the halves of what is left, down to that one.
 */
static ex_code walk_records(struct walk *w, TSK_INUM_T from, TSK_INUM_T to, struct ex_error *err) {
    struct image *image = w->f->image;
    image_forget(image);
    uint8_t failed = tsk_fs_meta_walk(w->f->fs, from, to, w->flags, tell_orphan, w);
    EX_TRY(w->code);
    EX_TRY(image_check(image, err));
    if (failed != 0 && !image_is_unread(image)) {
        char key[FILES_KEY_BYTES];
        (void)snprintf(key, sizeof key, "records%" PRIu64, from);
        return image_problem(image, 0, key, err);
    }
    if (image_is_unread(image) && (failed == 0 || from == to))
        count_unread(w, from > w->next ? from : w->next);
    else if (failed != 0) {
        from = from > w->next ? from : w->next;
        if (from > to)
            return EX_OK;
        TSK_INUM_T middle = from + (to - from) / 2;
        EX_TRY(walk_records(w, from, middle, err));
        return middle < to ? walk_records(w, middle + 1, to, err) : EX_OK;
    }
    return EX_OK;
}

/* Of FAT a record is an entry of a folder: without a name it is none. */
static bool has_nameless(TSK_FS_TYPE_ENUM type) {
    return TSK_FS_TYPE_ISEXT(type) || TSK_FS_TYPE_ISFFS(type) || type == TSK_FS_TYPE_NTFS;
}

/* Nothing says of what was never used in a table whether it is in use: random bytes would. */
static ex_code walk_tables(struct walk *w, TSK_INUM_T from, TSK_INUM_T to, struct ex_error *err) {
    TSK_FS_META_FLAG_ENUM flags = w->flags;
    while (from <= to) {
        TSK_INUM_T last, unused = files_first_unused(w->f, from, &last);
        last = last < to ? last : to;
        w->flags = flags;
        if (has_nameless(w->f->fs->ftype) && from < unused) {
            w->flags |= TSK_FS_META_FLAG_ALLOC;
            last = last < unused ? last : unused - 1;
        } else if (from >= unused) {
            from = files_next_deleted(w->f, from, last);
            if (from > last)
                continue;
            last = from;
        }
        EX_TRY(walk_records(w, from, last, err));
        from = last + 1;
    }
    return EX_OK;
}

ex_code files_records(struct files *f, TSK_INUM_T from, TSK_INUM_T to, struct ex_error *err) {
    struct walk w = {.f = f, .err = err, .flags = TSK_FS_META_FLAG_UNALLOC | TSK_FS_META_FLAG_USED};
    char key[FILES_KEY_BYTES];
    if (from > to || from < f->fs->first_inum || to >= TSK_FS_ORPHANDIR_INUM(f->fs))
        return ex_fail(err, EX_INTERNAL, "records that are not there");
    if (TSK_FS_TYPE_ISFAT(f->fs->ftype)) {
        /* Otherwise libtsk goes through all folders each time. With a list of records that have
         * names, be there only one that is none, it does not: who drops them knows better. */
        if (f->fs->list_inum_named == NULL && tsk_list_add(&f->fs->list_inum_named, 0) != 0)
            return ex_fail(err, EX_NOMEM, "no memory for a list");
        w.flags |= TSK_FS_META_FLAG_ORPHAN;
    }
    EX_TRY(walk_tables(&w, from, to, err));
    if (w.unread == 0)
        return EX_OK;
    (void)snprintf(key, sizeof key, "unread%" PRIu64, from);
    return tell_problem(f->image->run, 0, key, err, EX_IO,
                        "%llu records could not be read, the first near %llu: %.100s",
                        (unsigned long long)w.unread, (unsigned long long)w.first_unread,
                        w.why.text);
}

ex_code files_unit_records(struct files *f, uint32_t parent, struct ex_error *err) {
    char unit[PARSER_UNIT_BYTES_MAX];
    TSK_INUM_T first = f->fs->first_inum, last = TSK_FS_ORPHANDIR_INUM(f->fs);
    if (!has_orphans(f->fs) || last <= first)
        return EX_OK;
    if (last - first > (uint64_t)f->image->img.size)
        return tell_problem(f->image->run, parent, "records", err, EX_FORMAT,
                            "it says that it has %llu records, more than its bytes can hold",
                            (unsigned long long)(last - first));
    TSK_INUM_T step = (last - first) / RECORDS_UNITS_MAX + 1;
    step = (step + RECORDS_STEP - 1) / RECORDS_STEP * RECORDS_STEP;
    for (TSK_INUM_T from = first; from < last; from += step) {
        TSK_INUM_T to = last - from > step ? from + step - 1 : last - 1;
        int n = snprintf(unit, sizeof unit, "meta %" PRIu64 " %" PRIu64, from, to);
        EX_TRY(parser_unit(f->image->run, parent, unit, (size_t)n, true, err));
    }
    return EX_OK;
}
