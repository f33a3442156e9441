/* SPDX-License-Identifier: Apache-2.0 */
/* Files, directories and links of a stream, beneath one directory. A path is gone through part by
 * part, and no part may be a link: whatever the stream says, nothing outside is reached. */
#include "transport/restore_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PENDING_BYTES_MAX = 64 << 20 };

void restore_tree_init(struct restore_tree *t, int root_fd, struct restore_report *report) {
    *t = (struct restore_tree){
        .root_fd = root_fd, .report = report, .list_fd = -1, .parent_fd = -1, .file_fd = -1};
}

static void pending_clear(struct restore_pending *p) {
    free(p->path);
    free(p->xattr);
    free(p->bytes);
}

void restore_tree_clear(struct restore_tree *t) {
    while (t->depth > 0)
        pending_clear(&t->pending[--t->depth]);
    free(t->pending);
    free(t->parent);
    ex_fd_close(t->parent_fd);
    ex_fd_close(t->file_fd);
    ex_fd_close(t->list_fd);
}

/* ---- the directory of a path ---- */

static ex_code fail_path(const char *path, const char *why, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_FORMAT, "the path \"%.120s\" in the stream %s", path, why), err,
                   "this stream was not made by collecting a folder; look at it with --format raw");
}

/* One part down; the descriptor that was there is closed. */
static ex_code go_down(int *fd, const char *part, size_t size, const char *path,
                       struct ex_error *err) {
    char name[256];
    if (size >= sizeof name)
        return fail_path(path, "has a part that is too long", err);
    memcpy(name, part, size);
    name[size] = '\0';
    int down = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (down < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return fail_path(path, "is not inside a directory of the stream", err);
    if (down < 0)
        return ex_fail_sys(err, "could not open the directory of \"%.120s\"", path);
    ex_fd_close(*fd);
    *fd = down;
    return EX_OK;
}

/* Opens the directory of the path, from the one that is open if it lies beneath that. */
static ex_code open_parent(struct restore_tree *t, const char *path, size_t parent_bytes,
                           struct ex_error *err) {
    size_t known = t->parent != NULL ? strlen(t->parent) : 0;
    bool beneath = t->parent != NULL && known <= parent_bytes &&
                   memcmp(t->parent, path, known) == 0 &&
                   (known == 0 || known == parent_bytes || path[known] == '/');
    size_t at = beneath ? known : 0;
    EX_AUTO_FD int fd = fcntl(beneath ? t->parent_fd : t->root_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return ex_fail_sys(err, "could not open a directory");
    while (at < parent_bytes) {
        at += path[at] == '/' ? 1 : 0;
        size_t size = strcspn(path + at, "/");
        EX_TRY(go_down(&fd, path + at, size, path, err));
        at += size;
    }
    char *parent = strndup(path, parent_bytes);
    if (parent == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a path");
    free(t->parent);
    t->parent = parent;
    ex_fd_close(t->parent_fd);
    t->parent_fd = ex_steal_fd(&fd);
    return EX_OK;
}

static ex_code take_parent(struct restore_tree *t, const char *path, const char **ret_name,
                           struct ex_error *err) {
    const char *slash = strrchr(path, '/');
    size_t parent_bytes = slash != NULL ? (size_t)(slash - path) : 0;
    *ret_name = slash != NULL ? slash + 1 : path;
    if (t->parent != NULL && strlen(t->parent) == parent_bytes &&
        memcmp(t->parent, path, parent_bytes) == 0)
        return EX_OK;
    return open_parent(t, path, parent_bytes, err);
}

/* ---- directories ---- */

static bool is_inside(const char *path, const char *directory) {
    size_t size = strlen(directory);
    return strncmp(path, directory, size) == 0 && path[size] == '/';
}

static ex_code leave(struct restore_tree *t, struct ex_error *err) {
    struct restore_pending *p = &t->pending[t->depth - 1];
    const char *name;
    EX_TRY(take_parent(t, p->path, &name, err));
    EX_AUTO_FD int fd = openat(t->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open the directory \"%.120s\"", p->path);
    EX_TRY(restore_attributes(t, &p->entry, fd, t->parent_fd, name, err));
    pending_clear(p);
    t->depth--;
    return EX_OK;
}

/* Everything in these directories was there: the path lies elsewhere. */
static ex_code leave_until(struct restore_tree *t, const char *path, struct ex_error *err) {
    while (t->depth > 0 && !is_inside(path, t->pending[t->depth - 1].path))
        EX_TRY(leave(t, err));
    return EX_OK;
}

ex_code restore_finish(struct restore_tree *t, struct ex_error *err) {
    while (t->depth > 0)
        EX_TRY(leave(t, err));
    if (t->list_fd >= 0)
        return ex_sync_fd(t->list_fd, RESTORE_LIST, err);
    return EX_OK;
}

static ex_code remember(struct restore_tree *t, const struct tar_entry *e, struct ex_error *err) {
    size_t used = 0, bytes = 1;
    EX_TRY(ex_grow(&t->pending, &t->capacity, t->depth + 1, sizeof *t->pending, PENDING_BYTES_MAX,
                   "the directories of the stream", err));
    struct restore_pending *p = &t->pending[t->depth];
    *p = (struct restore_pending){.entry = *e, .path = ex_strdup(e->path)};
    t->depth++;
    for (size_t i = 0; i < e->xattr_count; i++)
        bytes += strlen(e->xattr[i].name) + 1 + e->xattr[i].value_bytes;
    p->xattr = ex_new0_bytes((e->xattr_count + 1) * sizeof *p->xattr);
    p->bytes = ex_new0_bytes(bytes);
    for (size_t i = 0; i < e->xattr_count; i++) {
        const struct tar_entry_xattr *x = &e->xattr[i];
        size_t name_bytes = strlen(x->name) + 1;
        p->xattr[i] = (struct tar_entry_xattr){.name = (const char *)p->bytes + used,
                                               .value = p->bytes + used + name_bytes,
                                               .value_bytes = x->value_bytes};
        memcpy(p->bytes + used, x->name, name_bytes);
        memcpy(p->bytes + used + name_bytes, x->value, x->value_bytes);
        used += name_bytes + x->value_bytes;
    }
    p->entry.path = p->path;
    p->entry.xattr = p->xattr;
    return EX_OK;
}

/* ---- entries ---- */

/* A path that is there already would make two files of the stream one. Without room nothing more
 * can be done; what the system or its rights do not allow is listed. */
static ex_code cannot_make(struct restore_tree *t, const struct tar_entry *e, int error,
                           struct ex_error *err) {
    errno = error;
    if (error == EEXIST)
        return fail_path(e->path, "comes twice", err);
    if (error == ENOSPC || error == EDQUOT || error == EIO || error == EROFS || error == ENOMEM)
        return ex_fail_sys(err, "could not make \"%.120s\"", e->path);
    return restore_note(t, e->path, "entry", NULL, error, err);
}

static ex_code make_link(struct restore_tree *t, const struct tar_entry *e, const char *name,
                         int *ret_error, struct ex_error *err) {
    const char *slash = strrchr(e->link, '/');
    size_t parent_bytes = slash != NULL ? (size_t)(slash - e->link) : 0;
    EX_AUTO_FD int fd = fcntl(t->root_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return ex_fail_sys(err, "could not open a directory");
    for (size_t at = 0; at < parent_bytes;) {
        at += e->link[at] == '/' ? 1 : 0;
        size_t size = strcspn(e->link + at, "/");
        EX_TRY(go_down(&fd, e->link + at, size, e->link, err));
        at += size;
    }
    *ret_error =
        linkat(fd, slash != NULL ? slash + 1 : e->link, t->parent_fd, name, 0) == 0 ? 0 : errno;
    return EX_OK;
}

static ex_code make_directory(struct restore_tree *t, const struct tar_entry *e, const char *name,
                              struct ex_error *err) {
    if (mkdirat(t->parent_fd, name, 0700) != 0)
        return cannot_make(t, e, errno, err);
    t->report->directories++;
    return remember(t, e, err);
}

/* What has no bytes. */
static ex_code make_other(struct restore_tree *t, const struct tar_entry *e, const char *name,
                          struct ex_error *err) {
    int error = 0;
    bool device = e->type == TAR_ENTRY_BLOCK_DEVICE || e->type == TAR_ENTRY_CHARACTER_DEVICE;
    if (device && !t->special)
        return restore_note(t, e->path, "entry", NULL, 0, err);
    if (e->type == TAR_ENTRY_HARD_LINK)
        EX_TRY(make_link(t, e, name, &error, err));
    else if (e->type == TAR_ENTRY_SYMLINK)
        error = symlinkat(e->link, t->parent_fd, name) == 0 ? 0 : errno;
    else {
        mode_t kind = e->type == TAR_ENTRY_FIFO           ? S_IFIFO
                      : e->type == TAR_ENTRY_BLOCK_DEVICE ? S_IFBLK
                                                          : S_IFCHR;
        error =
            mknodat(t->parent_fd, name, kind | 0600, makedev(e->major, e->minor)) == 0 ? 0 : errno;
    }
    if (error != 0)
        return cannot_make(t, e, error, err);
    uint64_t *count = e->type == TAR_ENTRY_HARD_LINK ? &t->report->hard_links
                      : e->type == TAR_ENTRY_SYMLINK ? &t->report->symlinks
                                                     : &t->report->others;
    ++*count;
    return e->type == TAR_ENTRY_HARD_LINK ? EX_OK
                                          : restore_attributes(t, e, -1, t->parent_fd, name, err);
}

static ex_code make_file(struct restore_tree *t, const struct tar_entry *e, const char *name,
                         struct ex_error *err) {
    t->file_fd = openat(t->parent_fd, name,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (t->file_fd < 0)
        return cannot_make(t, e, errno, err);
    t->report->files += !t->own;
    return EX_OK;
}

ex_code restore_begin(void *tree, const struct tar_entry *e, struct ex_error *err) {
    struct restore_tree *t = tree;
    const char *name;
    t->own = strncmp(e->path, "exhibit/", 8) == 0;
    t->has_unread = t->too_large = false;
    t->now = *e;
    EX_TRY(leave_until(t, e->path, err));
    if (t->own && mkdirat(t->root_fd, "exhibit", 0700) != 0 && errno != EEXIST)
        return ex_fail_sys(err, "could not make the directory \"exhibit\"");
    EX_TRY(take_parent(t, e->path, &name, err));
    if (e->type == TAR_ENTRY_DIRECTORY)
        return make_directory(t, e, name, err);
    if (e->type == TAR_ENTRY_FILE)
        return make_file(t, e, name, err);
    return make_other(t, e, name, err);
}

ex_code restore_data(void *tree, uint64_t offset, const uint8_t *data, size_t size_bytes,
                     struct ex_error *err) {
    struct restore_tree *t = tree;
    if (t->file_fd < 0)
        return EX_OK;
    if (t->unread) {
        t->report->unread_files += !t->has_unread;
        t->report->unread_bytes += size_bytes;
        t->has_unread = true;
    }
    if (t->too_large)
        return EX_OK;
    struct ex_error why = {0};
    ex_code code = ex_write_at(t->file_fd, data, size_bytes, offset, t->now.path, &why);
    t->too_large = code != EX_OK && why.sys == EFBIG;
    if (t->too_large)
        return EX_OK;
    if (err != NULL)
        *err = why;
    return code;
}

/* A sparse file can be larger than any that this file system takes. It is listed, not cut. */
static ex_code give_up_large(struct restore_tree *t, struct ex_error *err) {
    const char *name;
    EX_TRY(take_parent(t, t->now.path, &name, err));
    if (unlinkat(t->parent_fd, name, 0) != 0)
        return ex_fail_sys(err, "could not take away \"%.120s\"", t->now.path);
    t->report->files--;
    return restore_note(t, t->now.path, "entry", NULL, EFBIG, err);
}

ex_code restore_end(void *tree, struct ex_error *err) {
    struct restore_tree *t = tree;
    EX_AUTO_FD int fd = ex_steal_fd(&t->file_fd);
    if (fd < 0)
        return EX_OK;
    if (!t->too_large && t->now.sparse && ftruncate(fd, (off_t)t->now.size_bytes) != 0) {
        t->too_large = errno == EFBIG;
        if (!t->too_large)
            return ex_fail_sys(err, "could not write \"%.120s\"", t->now.path);
    }
    if (t->too_large && !t->own)
        return give_up_large(t, err);
    return t->own ? EX_OK : restore_attributes(t, &t->now, fd, -1, "", err);
}
