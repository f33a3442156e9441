/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files through the checker, and the tree of a directory. */
#include "base/file.h"
#include "formats/bagit_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18 };

/* ---- any tree ---- */

struct names {
    char **name;
    size_t count, capacity;
};

static void names_clear(struct names *n) {
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
}

static ex_code names_add(struct names *n, const char *name, struct ex_error *err) {
    if (n->count == BAGIT_FILES_MAX)
        return ex_fail(err, EX_LIMIT, "the bag has over %d files", BAGIT_FILES_MAX);
    EX_TRY(ex_grow(&n->name, &n->capacity, n->count + 1, sizeof *n->name,
                   BAGIT_FILES_MAX * sizeof *n->name, "the files of a bag", err));
    n->name[n->count] = strdup(name);
    if (n->name[n->count] == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the files of a bag");
    n->count++;
    return EX_OK;
}

static ex_code list(const struct bagit_tree *tree, struct bagit_check *c, struct names *files,
                    struct ex_error *err) {
    for (;;) {
        const char *path;
        enum bagit_what what;
        EX_TRY(tree->next(tree->context, &path, &what, err));
        if (path == NULL)
            return EX_OK;
        if (what == BAGIT_FILE)
            EX_TRY(names_add(files, path, err));
        else if (what == BAGIT_DIRECTORY)
            EX_TRY(bagit_check_directory(c, path, strlen(path), err));
        else
            EX_TRY(bagit_check_refused(c, path, strlen(path),
                                       what == BAGIT_LINK
                                           ? "is a symbolic link, which is not followed"
                                           : "is neither a file nor a directory",
                                       err));
    }
}

/* So that each file is hashed once, with what its manifests have. */
static unsigned wanted(const struct names *files) {
    unsigned mask = 0;
    for (size_t i = 0; i < files->count; i++) {
        bool tag;
        enum bagit_algorithm a;
        if (bagit_manifest_name(files->name[i], &tag, &a) && a != BAGIT_ALGORITHMS)
            mask |= BAGIT_BIT(a);
    }
    return mask;
}

static ex_code read_file(const struct bagit_tree *tree, struct bagit_check *c, uint8_t *buffer,
                         struct ex_error *why) {
    for (;;) {
        size_t got = 0;
        EX_TRY(tree->read(tree->context, buffer, READ_BYTES, &got, why));
        if (got == 0)
            return EX_OK;
        EX_TRY(bagit_check_data(c, buffer, got, why));
    }
}

static ex_code take_file(const struct bagit_tree *tree, struct bagit_check *c, const char *path,
                         uint8_t *buffer, struct ex_error *err) {
    struct ex_error why = {0};
    ex_code code = tree->open(tree->context, path, &why);
    if (code == EX_OK) {
        code = bagit_check_begin(c, path, strlen(path), &why);
        if (code == EX_OK)
            code = read_file(tree, c, buffer, &why);
        tree->close(tree->context);
    }
    if (code == EX_OK)
        return bagit_check_end(c, err);
    if (code == EX_NOMEM || code == EX_LIMIT || code == EX_INTERRUPTED || code == EX_USAGE) {
        if (err != NULL)
            *err = why;
        return code;
    }
    return bagit_check_unread(c, path, strlen(path), why.text, err);
}

static ex_code check(const struct bagit_tree *tree, struct names *files, struct bagit_report **ret,
                     struct ex_error *err) {
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    EX_AUTO_FREE uint8_t *buffer = NULL;
    EX_TRY(ex_alloc(READ_BYTES, 1, READ_BYTES, "a buffer", &buffer, err));
    EX_TRY(bagit_check_new(0, &c, err));
    EX_TRY(list(tree, c, files, err));
    c->algorithms = wanted(files);
    for (size_t i = 0; i < files->count; i++)
        EX_TRY(take_file(tree, c, files->name[i], buffer, err));
    return bagit_check_finish(c, ret, err);
}

ex_code bagit_check_tree(const struct bagit_tree *tree, struct bagit_report **ret,
                         struct ex_error *err) {
    struct names files = {0};
    ex_code code = check(tree, &files, ret, err);
    names_clear(&files);
    return code;
}

/* ---- a directory ---- */

struct dir {
    int root;
    struct names waiting; /* directories that were not listed yet */
    size_t at;            /* the next of them */
    DIR *open;
    char prefix[BAGIT_PATH_BYTES_MAX + 2]; /* of what `open` lists: "" or with a slash */
    char path[BAGIT_PATH_BYTES_MAX + 2];
    int file;
};

static ex_code too_long(const char *path, struct ex_error *err) {
    char printed[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_LIMIT, "the path \"%s\" in the bag is too long or too deep",
                   path_print(printed, sizeof printed, path, strlen(path)));
}

/* Opens the next directory that waits; d->open stays NULL when there is none. */
static ex_code open_next(struct dir *d, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    const char *path = d->waiting.name[d->at++];
    size_t size = strlen(path);
    EX_TRY(
        ex_open_at(d->root, size == 0 ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &fd, err));
    memcpy(d->prefix, path, size + 1);
    if (size > 0)
        memcpy(d->prefix + size, "/", 2);
    d->open = fdopendir(fd);
    if (d->open == NULL)
        return ex_fail_sys(err, "could not list \"%s\"", path);
    (void)ex_steal_fd(&fd);
    return EX_OK;
}

static ex_code classify(struct dir *d, const char *name, enum bagit_what *ret,
                        struct ex_error *err) {
    struct stat st;
    if (fstatat(dirfd(d->open), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ex_fail_sys(err, "could not look at \"%s\" in the bag", d->path);
    *ret = S_ISREG(st.st_mode)   ? BAGIT_FILE
           : S_ISDIR(st.st_mode) ? BAGIT_DIRECTORY
           : S_ISLNK(st.st_mode) ? BAGIT_LINK
                                 : BAGIT_SPECIAL;
    return EX_OK;
}

static ex_code take_name(struct dir *d, const char *name, enum bagit_what *ret,
                         struct ex_error *err) {
    size_t used = strlen(d->prefix), size = strlen(name);
    memcpy(d->path, d->prefix, used + 1);
    if (used + size > BAGIT_PATH_BYTES_MAX)
        return too_long(d->prefix, err);
    memcpy(d->path + used, name, size + 1);
    if ((path_faults(d->path, used + size) & PATH_LONG) != 0)
        return too_long(d->path, err);
    EX_TRY(classify(d, name, ret, err));
    return *ret == BAGIT_DIRECTORY ? names_add(&d->waiting, d->path, err) : EX_OK;
}

static ex_code dir_next(void *context, const char **ret_path, enum bagit_what *ret_what,
                        struct ex_error *err) {
    struct dir *d = context;
    *ret_path = NULL;
    for (;;) {
        if (d->open == NULL && d->at == d->waiting.count)
            return EX_OK;
        if (d->open == NULL)
            EX_TRY(open_next(d, err));
        errno = 0;
        const struct dirent *entry = readdir(d->open);
        if (entry == NULL && errno != 0)
            return ex_fail_sys(err, "could not list \"%s\" in the bag", d->prefix);
        if (entry == NULL) {
            (void)closedir(d->open);
            d->open = NULL;
            continue;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        EX_TRY(take_name(d, entry->d_name, ret_what, err));
        *ret_path = d->path;
        return EX_OK;
    }
}

static ex_code dir_open(void *context, const char *path, struct ex_error *err) {
    struct dir *d = context;
    EX_AUTO_FD int fd = -1;
    struct stat st;
    /* Not blocking: what was a file may be a pipe by now. */
    EX_TRY(ex_open_at(d->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not look at \"%s\"", path);
    if (!S_ISREG(st.st_mode))
        return ex_fail(err, EX_ALTERED, "it is no regular file any more");
    d->file = ex_steal_fd(&fd);
    return EX_OK;
}

static ex_code dir_read(void *context, void *to, size_t size_bytes, size_t *ret,
                        struct ex_error *err) {
    const struct dir *d = context;
    ssize_t got;
    do
        got = read(d->file, to, size_bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ex_fail_sys(err, "a read failed");
    *ret = (size_t)got;
    return EX_OK;
}

static void dir_close(void *context) {
    struct dir *d = context;
    ex_fd_close(d->file);
    d->file = -1;
}

ex_code bagit_check_dir(int dir_fd, struct bagit_report **ret, struct ex_error *err) {
    struct dir *d = ex_new0(struct dir);
    const struct bagit_tree tree = {
        .context = d, .next = dir_next, .open = dir_open, .read = dir_read, .close = dir_close};
    d->root = dir_fd;
    d->file = -1;
    ex_code code = names_add(&d->waiting, "", err);
    if (code == EX_OK)
        code = bagit_check_tree(&tree, ret, err);
    if (d->open != NULL)
        (void)closedir(d->open);
    names_clear(&d->waiting);
    free(d);
    return code;
}
