/* SPDX-License-Identifier: Apache-2.0 */
/* The walker: directories in order, their names sorted by their bytes. */
#include "source/folder_internal.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { DIRENTS_BYTES = 256 << 10 };

/* One directory above the place where the walk is, or that place. */
struct level {
    struct folder_dir *dir; /* NULL: closed for now, as there are too many */
    struct statx st;        /* before it was read */
    size_t path_bytes;      /* of the path up to here */
    char *names;            /* each one its type, the name, a NUL */
    size_t names_bytes, names_capacity;
    size_t *order; /* places in `names`, sorted */
    size_t count, next;
};

struct walk {
    struct folder *f;
    struct level *level;
    size_t depth, capacity;
    char path[TAR_ENTRY_PATH_BYTES_MAX + 1];
    uint8_t dirents[DIRENTS_BYTES];
};

/* ---- entries ---- */

static struct folder_entry entry_at(struct walk *w, unsigned char d_type) {
    struct folder_entry e = {.fd = -1, .d_type = d_type, .path = ex_strdup(w->path)};
    const char *slash = strrchr(e.path, '/');
    e.name = slash != NULL ? slash + 1 : e.path;
    return e;
}

static bool push_omitted(struct walk *w, enum folder_why why, int error, const struct statx *st,
                         unsigned char d_type, bool partly) {
    bool failed = error != 0 || why == FOLDER_VANISHED || why == FOLDER_DIR_CHANGED;
    if (failed && folder_end_if_gone(w->f))
        return false;
    struct folder_entry e = entry_at(w, d_type);
    e.why = why;
    e.sys = error;
    e.partly = partly;
    e.ready = true;
    e.has_st = st != NULL;
    if (st != NULL)
        e.st = *st;
    return folder_push(w->f, &e);
}

static bool push_directory(struct walk *w, int fd, const struct statx *st, bool touched,
                           int dir_fd) {
    struct folder_entry e = entry_at(w, DT_DIR);
    e.ready = true;
    e.has_st = true;
    e.st = *st;
    e.access_time = touched;
    if (fd >= 0 || dir_fd >= 0)
        folder_read_xattrs(&e, fd, dir_fd);
    return folder_push(w->f, &e);
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b, void *names) {
    return strcmp((const char *)names + *(const size_t *)a + 1,
                  (const char *)names + *(const size_t *)b + 1);
}

static ex_code add_name(struct level *l, const struct dirent64 *d, struct ex_error *err) {
    size_t size = strlen(d->d_name) + 1;
    EX_TRY(ex_grow(&l->names, &l->names_capacity, l->names_bytes + size + 1, 1,
                   FOLDER_NAMES_BYTES_MAX, "the names in a directory", err));
    l->names[l->names_bytes] = (char)d->d_type;
    memcpy(l->names + l->names_bytes + 1, d->d_name, size);
    l->names_bytes += size + 1;
    l->count++;
    return EX_OK;
}

/* All names of the directory; *ret_error is the errno that cut it short, or 0. */
static ex_code read_names(struct walk *w, struct level *l, int *ret_error, struct ex_error *err) {
    ssize_t got;
    *ret_error = 0;
    while ((got = getdents64(l->dir->fd, w->dirents, sizeof w->dirents)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *d = (const void *)(w->dirents + at);
            if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
                EX_TRY(add_name(l, d, err));
            at += d->d_reclen;
        }
    }
    if (got < 0)
        *ret_error = errno;
    EX_TRY(ex_alloc(l->count, sizeof *l->order, FOLDER_NAMES_BYTES_MAX, "the names in a directory",
                    &l->order, err));
    for (size_t i = 0, at = 0; i < l->count; i++, at += strlen(l->names + at + 1) + 2)
        l->order[i] = at;
    qsort_r(l->order, l->count, sizeof *l->order, compare_names, l->names);
    return EX_OK;
}

/* ---- levels ---- */

static void level_clear(struct level *l) {
    folder_dir_release(l->dir);
    free(l->names);
    free(l->order);
    *l = (struct level){0};
}

static struct level *top(struct walk *w) {
    return &w->level[w->depth - 1];
}

static bool same_inode(const struct statx *a, const struct statx *b) {
    return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
           a->stx_dev_minor == b->stx_dev_minor;
}

/* Enters the open directory: reads its names. The descriptor is taken over. */
static ex_code enter(struct walk *w, int fd, const struct statx *st, struct ex_error *err) {
    struct folder_dir *dir = ex_new0(struct folder_dir);
    int error;
    dir->fd = fd;
    atomic_init(&dir->users, 1);
    ex_code code = ex_grow(&w->level, &w->capacity, w->depth + 1, sizeof *w->level,
                           TAR_ENTRY_PATH_BYTES_MAX * sizeof *w->level, "a deep folder", err);
    if (code != EX_OK) {
        folder_dir_release(dir);
        return code;
    }
    struct level *l = &w->level[w->depth++];
    *l = (struct level){.dir = dir, .st = *st, .path_bytes = strlen(w->path)};
    if (w->depth > FOLDER_OPEN_LEVELS)
        folder_dir_release(ex_steal(&w->level[w->depth - 1 - FOLDER_OPEN_LEVELS].dir));
    if (read_names(w, l, &error, NULL) != EX_OK) {
        l->count = 0;
        error = EFBIG;
    }
    if (error == EFBIG)
        (void)push_omitted(w, FOLDER_LIMIT, 0, st, DT_DIR, true);
    else if (error != 0)
        (void)push_omitted(w, folder_why_of(error), error, st, DT_DIR, true);
    return EX_OK;
}

/* The directory above was closed: back to it through "..", if that is still the same one. */
static bool reopen_above(struct walk *w) {
    struct level *above = &w->level[w->depth - 2];
    struct statx st;
    bool touched;
    if (above->dir != NULL)
        return true;
    int fd = folder_open_at(top(w)->dir->fd, "..", O_DIRECTORY, &touched);
    if (fd < 0 || !folder_stat(fd, "", &st) || !same_inode(&st, &above->st)) {
        ex_fd_close(fd);
        return false;
    }
    above->dir = ex_new0(struct folder_dir);
    above->dir->fd = fd;
    atomic_init(&above->dir->users, 1);
    return true;
}

static bool leave(struct walk *w) {
    struct level *l = top(w);
    struct statx after;
    bool going = true;
    w->path[l->path_bytes] = '\0';
    if (!folder_stat(l->dir->fd, "", &after) || !folder_same_times(&l->st, &after))
        going = push_omitted(w, FOLDER_DIR_CHANGED, 0, &l->st, DT_DIR, true);
    bool back = w->depth < 2 || reopen_above(w);
    level_clear(l);
    w->depth--;
    while (!back && going && w->depth > 0) { /* moved away meanwhile: nothing above it is reached */
        l = top(w);
        w->path[l->path_bytes] = '\0';
        if (l->dir != NULL)
            break;
        going = push_omitted(w, FOLDER_VANISHED, 0, &l->st, DT_DIR, true);
        level_clear(l);
        w->depth--;
    }
    return going;
}

/* ---- directories ---- */

static bool is_loop(const struct walk *w, const struct statx *st) {
    for (size_t i = 0; i < w->depth; i++)
        if (same_inode(&w->level[i].st, st))
            return true;
    return false;
}

static bool is_other_file_system(const struct walk *w, const struct statx *st) {
    const struct statx *root = &w->f->root_st;
    return folder_is_mount(st) || st->stx_dev_major != root->stx_dev_major ||
           st->stx_dev_minor != root->stx_dev_minor;
}

static bool is_vault(const struct walk *w, const struct statx *st) {
    const struct folder_selection *s = &w->f->selection;
    return s->has_vault && st->stx_ino == s->vault_inode &&
           makedev(st->stx_dev_major, st->stx_dev_minor) == s->vault_device;
}

/* Why the walk does not go into this directory, or FOLDER_TAKEN. */
static enum folder_why why_not_into(const struct walk *w, const struct statx *st) {
    enum folder_why other = folder_why_other(&w->f->selection);
    return is_vault(w, st)                                        ? FOLDER_THIS_VAULT
           : other != FOLDER_TAKEN && is_other_file_system(w, st) ? other
           : is_loop(w, st)                                       ? FOLDER_LOOP
                                                                  : FOLDER_TAKEN;
}

/* Goes into w->path, whose name is in the level at the top. */
static bool descend(struct walk *w, const char *name, const struct statx *st,
                    struct ex_error *err) {
    int parent = top(w)->dir->fd;
    bool touched;
    enum folder_why why = why_not_into(w, st);
    if (why != FOLDER_TAKEN)
        return push_omitted(w, why, 0, st, DT_DIR, false);
    int fd = folder_open_at(parent, name, O_DIRECTORY, &touched);
    if (fd < 0) {
        int error = errno;
        return push_directory(w, -1, st, false, parent) &&
               push_omitted(w, folder_why_of(error), error, st, DT_DIR, true);
    }
    struct statx now;
    if (!folder_stat(fd, "", &now) || (!same_inode(st, &now) && !is_other_file_system(w, &now))) {
        ex_fd_close(fd);
        return push_omitted(w, FOLDER_VANISHED, 0, st, DT_DIR, false);
    }
    why = why_not_into(w, &now); /* something may have been mounted there meanwhile */
    if (why != FOLDER_TAKEN) {
        ex_fd_close(fd);
        return push_omitted(w, why, 0, &now, DT_DIR, false);
    }
    if (!push_directory(w, fd, &now, touched, -1)) {
        ex_fd_close(fd);
        return false;
    }
    ex_code code = enter(w, fd, &now, err);
    if (code != EX_OK)
        folder_fail(w->f, err);
    return code == EX_OK;
}

static bool push_name(struct walk *w, unsigned char d_type) {
    struct folder_entry e = entry_at(w, d_type);
    e.dir = folder_dir_use(top(w)->dir);
    return folder_push(w->f, &e);
}

/* One name of the directory at the top. False: the reading ended. */
static bool step(struct walk *w, struct ex_error *err) {
    struct level *l = top(w);
    const char *record = l->names + l->order[l->next++];
    unsigned char d_type = (unsigned char)record[0];
    const char *name = record + 1;
    struct statx st;
    size_t slash = l->path_bytes > 0 ? 1 : 0;
    const struct folder_selection *s = &w->f->selection;
    w->path[l->path_bytes] = '\0';
    if (l->path_bytes + slash + strlen(name) + sizeof "content/" > TAR_ENTRY_PATH_BYTES_MAX)
        return push_omitted(w, FOLDER_LIMIT, 0, &l->st, DT_DIR, true);
    if (slash == 1)
        w->path[l->path_bytes] = '/';
    memcpy(w->path + l->path_bytes + slash, name, strlen(name) + 1);
    if (folder_match(s->exclude, w->path))
        return push_omitted(w, FOLDER_LEFT_PATTERN, 0, NULL, d_type, false);
    if (d_type == DT_DIR || d_type == DT_UNKNOWN) {
        if (folder_stat(l->dir->fd, name, &st) && S_ISDIR(st.stx_mode))
            return descend(w, name, &st, err);
    }
    if (s->include != NULL && !folder_match(s->include, w->path))
        return push_omitted(w, FOLDER_LEFT_PATTERN, 0, NULL, d_type, false);
    return push_name(w, d_type);
}

static void walk_all(struct walk *w) {
    struct ex_error err = {0};
    bool touched = w->f->root_access_time;
    int fd = fcntl(w->f->root_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        (void)ex_fail_sys(&err, "could not open the folder \"%s\"", w->f->path);
        folder_fail(w->f, &err);
        return;
    }
    if (!push_directory(w, fd, &w->f->root_st, touched, -1)) {
        ex_fd_close(fd);
        return;
    }
    bool going = enter(w, fd, &w->f->root_st, &err) == EX_OK;
    if (!going)
        folder_fail(w->f, &err);
    while (going && w->depth > 0)
        going = top(w)->next < top(w)->count ? step(w, &err) : leave(w);
}

void *folder_walk(void *folder) {
    struct folder *f = folder;
    struct walk *w = ex_new0(struct walk);
    w->f = f;
    walk_all(w);
    while (w->depth > 0)
        level_clear(&w->level[--w->depth]);
    free(w->level);
    free(w);
    pthread_mutex_lock(&f->mutex);
    f->ended = true;
    pthread_cond_broadcast(&f->work);
    pthread_cond_broadcast(&f->head);
    pthread_mutex_unlock(&f->mutex);
    return NULL;
}
