/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 20 };

void ex_fd_close(int fd) {
    int saved = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

/* ---- opening without links (format/vault §1) ---- */

static bool is_link(int dir_fd, const char *name) {
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* For systems that have no openat2(), or forbid it: the same promise, one component at a time. */
static int open_by_steps(int dir_fd, const char *name, int flags) {
    EX_AUTO_FD int above = -1;
    for (int at = dir_fd;; at = above) {
        char part[NAME_MAX + 1];
        size_t size = strcspn(name, "/");
        const char *rest = name + size + strspn(name + size, "/");
        if (size > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, name, size);
        part[size] = '\0';
        if (name[0] == '/' || strcmp(part, "..") == 0) {
            errno = EXDEV;
            return -1;
        }
        bool last = *rest == '\0';
        int step = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(at, part, step, 0600);
        if (fd < 0 && errno == ENOTDIR)
            errno = is_link(at, part) ? ELOOP : ENOTDIR;
        if (fd < 0 || last)
            return fd;
        ex_fd_close(above);
        above = fd;
        name = rest;
    }
}

static int open_beneath(int dir_fd, const char *name, int flags) {
    struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                           .mode = (flags & O_CREAT) != 0 ? 0600 : 0,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
    long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof how);
    /* EPERM: how older container sandboxes answer to calls that they do not know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_by_steps(dir_fd, name, flags);
    return (int)fd;
}

static int open_any(int dir_fd, const char *name, int flags) {
    flags |= O_CLOEXEC;
    if (dir_fd == AT_FDCWD || strcmp(name, "..") == 0)
        return openat(dir_fd, name, flags | O_NOFOLLOW, 0600);
    return open_beneath(dir_fd, name, flags);
}

/* The error of open_any(), out of errno. `doing`: "open", "write", … */
static ex_code open_failed(struct ex_error *err, int dir_fd, int flags, const char *doing,
                           const char *name) {
    if (errno == ELOOP)
        return ex_fail(err, dir_fd == AT_FDCWD ? EX_IO : EX_ALTERED,
                       "could not %s \"%s\": it is a symbolic link or lies behind one", doing,
                       name);
    if (errno == EXDEV)
        return ex_fail(err, EX_FORMAT, "could not %s \"%s\": the name leads out of its directory",
                       doing, name);
    if (errno == EINVAL && (flags & O_DIRECT) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" cannot be read past the cache here", name);
    return ex_fail_sys(err, "could not %s \"%s\"", doing, name);
}

ex_code ex_open_at(int dir_fd, const char *name, int flags, int *ret_fd, struct ex_error *err) {
    int fd = open_any(dir_fd, name, flags);
    if (fd < 0)
        return open_failed(err, dir_fd, flags, "open", name);
    *ret_fd = fd;
    return EX_OK;
}

static size_t parent_size(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* The directory that dir_fd/path stands in, and the last component, which points into path. What is
 * then done to that component in that directory cannot be led astray by a link. */
static ex_code open_parent(int dir_fd, const char *path, const char **ret_last, int *ret_fd,
                           struct ex_error *err) {
    char parent[PATH_MAX] = ".";
    size_t size = parent_size(path);
    if (size >= sizeof parent)
        return ex_fail(err, EX_LIMIT, "the path \"%s\" is too long", path);
    if (size > 0) {
        memcpy(parent, path, size);
        parent[size > 1 ? size - 1 : size] = '\0';
    }
    const int flags = O_RDONLY | O_DIRECTORY;
    int fd = dir_fd == AT_FDCWD ? open(parent, flags | O_CLOEXEC)
                                : open_beneath(dir_fd, parent, flags | O_CLOEXEC);
    if (fd < 0)
        return open_failed(err, dir_fd, flags, "open", parent);
    *ret_last = path + size;
    *ret_fd = fd;
    return EX_OK;
}

/* One more directory, durable; one that is there already is left as it is, but made durable too:
 * its maker may have been killed before it could. */
static ex_code make_dir(int dir_fd, const char *path, struct ex_error *err) {
    EX_AUTO_FD int parent = -1;
    const char *last;
    EX_TRY(open_parent(dir_fd, path, &last, &parent, err));
    if (mkdirat(parent, last, 0700) != 0 && errno != EEXIST)
        return ex_fail_sys(err, "could not make the directory \"%s\"", path);
    return ex_sync_fd(parent, path, err);
}

ex_code ex_open_dir_at(int dir_fd, const char *name, bool create, int *ret_fd,
                       struct ex_error *err) {
    if (create)
        EX_TRY(make_dir(dir_fd, name, err));
    return ex_open_at(dir_fd, name, O_RDONLY | O_DIRECTORY, ret_fd, err);
}

ex_code ex_read_at(int fd, void *to, size_t size_bytes, uint64_t offset, const char *name,
                   struct ex_error *err) {
    uint8_t *p = to;
    while (size_bytes > 0) {
        ssize_t got = pread(fd, p, size_bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read \"%s\" at byte %llu", name,
                               (unsigned long long)offset);
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "\"%s\" ends at byte %llu, before it should", name,
                           (unsigned long long)offset);
        p += got;
        offset += (uint64_t)got;
        size_bytes -= (size_t)got;
    }
    return EX_OK;
}

ex_code ex_write_at(int fd, const void *from, size_t size_bytes, uint64_t offset, const char *name,
                    struct ex_error *err) {
    const uint8_t *p = from;
    while (size_bytes > 0) {
        ssize_t put = pwrite(fd, p, size_bytes, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ex_fail_sys(err, "could not write \"%s\"", name);
        p += put;
        offset += (uint64_t)put;
        size_bytes -= (size_t)put;
    }
    return EX_OK;
}

ex_code ex_write_all(int fd, const void *from, size_t size_bytes, const char *name,
                     struct ex_error *err) {
    const uint8_t *p = from;
    while (size_bytes > 0) {
        ssize_t put = write(fd, p, size_bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ex_fail_sys(err, "could not write \"%s\"", name);
        p += put;
        size_bytes -= (size_t)put;
    }
    return EX_OK;
}

ex_code ex_read_file(int dir_fd, const char *name, size_t limit_bytes, uint8_t **ret_data,
                     size_t *ret_size_bytes, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct stat st;
    EX_TRY(ex_open_at(dir_fd, name, O_RDONLY, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", name);
    if (!S_ISREG(st.st_mode))
        return ex_fail(err, EX_FORMAT, "\"%s\" is not a regular file", name);
    if (st.st_size < 0 || (uint64_t)st.st_size > limit_bytes)
        return ex_fail(err, EX_LIMIT, "\"%s\" is larger than its limit of %zu bytes", name,
                       limit_bytes);
    size_t size = (size_t)st.st_size;
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(size + 1, 1, limit_bytes + 1, name, &data, err));
    EX_TRY(ex_read_at(fd, data, size, 0, name, err));
    *ret_data = ex_steal(&data);
    *ret_size_bytes = size;
    return EX_OK;
}

ex_code ex_sync_fd(int fd, const char *name, struct ex_error *err) {
    if (fsync(fd) != 0)
        return ex_fail_sys(err, "could not make \"%s\" durable", name);
    return EX_OK;
}

ex_code ex_sync_name(int dir_fd, const char *path, struct ex_error *err) {
    EX_AUTO_FD int parent = -1;
    const char *last;
    EX_TRY(open_parent(dir_fd, path, &last, &parent, err));
    return ex_sync_fd(parent, path, err);
}

/* `name` is how the caller calls it. */
static ex_code publish_in(int from_fd, const char *from, int to_fd, const char *to,
                          const char *name, struct ex_error *err) {
    if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) != 0) {
        /* A file system without that flag (some network and FUSE ones): a hard link does not
         * replace either. */
        if (errno != EINVAL && errno != ENOSYS)
            return ex_fail_sys(err, "could not publish \"%s\"", name);
        if (linkat(from_fd, from, to_fd, to, 0) != 0)
            return ex_fail_sys(err, "could not publish \"%s\"", name);
        (void)unlinkat(from_fd, from, 0);
    }
    EX_TRY(ex_sync_fd(to_fd, name, err));
    return from_fd == to_fd ? EX_OK : ex_sync_fd(from_fd, name, err);
}

static ex_code replace_in(int dir_fd, const char *from, const char *to, const char *name,
                          struct ex_error *err) {
    if (renameat(dir_fd, from, dir_fd, to) != 0)
        return ex_fail_sys(err, "could not write \"%s\"", name);
    return ex_sync_fd(dir_fd, name, err);
}

ex_code ex_write_file(int dir_fd, const char *name, const void *data, size_t size_bytes,
                      enum ex_write_mode mode, struct ex_error *err) {
    char temp[PATH_MAX];
    const char *last;
    EX_AUTO_FD int parent = -1;
    EX_TRY(open_parent(dir_fd, name, &last, &parent, err));
    int length = snprintf(temp, sizeof temp, "%s.%08x.tmp", last, randombytes_random());
    if (length < 0 || (size_t)length >= sizeof temp)
        return ex_fail(err, EX_LIMIT, "the path \"%s\" is too long", name);
    const int flags = O_WRONLY | O_CREAT | O_EXCL;
    EX_AUTO_FD int fd = open_any(parent, temp, flags);
    if (fd < 0)
        return open_failed(err, parent, flags, "write", name);
    ex_code code = ex_write_all(fd, data, size_bytes, name, err);
    if (code == EX_OK)
        code = ex_sync_fd(fd, name, err);
    if (code == EX_OK)
        code = mode == EX_WRITE_NEW ? publish_in(parent, temp, parent, last, name, err)
                                    : replace_in(parent, temp, last, name, err);
    if (code != EX_OK)
        (void)unlinkat(parent, temp, 0);
    return code;
}

ex_code ex_publish(int from_dir_fd, const char *from, int to_dir_fd, const char *to,
                   struct ex_error *err) {
    EX_AUTO_FD int from_fd = -1;
    EX_AUTO_FD int to_fd = -1;
    const char *from_last, *to_last = to + parent_size(to);
    bool same = from_dir_fd == to_dir_fd && parent_size(from) == parent_size(to) &&
                memcmp(from, to, parent_size(to)) == 0;
    EX_TRY(open_parent(from_dir_fd, from, &from_last, &from_fd, err));
    if (!same)
        EX_TRY(open_parent(to_dir_fd, to, &to_last, &to_fd, err));
    return publish_in(from_fd, from_last, same ? from_fd : to_fd, to_last, to, err);
}

bool ex_exists(int dir_fd, const char *path, bool *ret_regular) {
    const char *last;
    struct stat st;
    EX_AUTO_FD int parent = -1;
    if (open_parent(dir_fd, path, &last, &parent, NULL) != EX_OK ||
        fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *ret_regular = S_ISREG(st.st_mode);
    return true;
}

bool ex_remove(int dir_fd, const char *path, bool directory) {
    const char *last;
    EX_AUTO_FD int parent = -1;
    return open_parent(dir_fd, path, &last, &parent, NULL) == EX_OK &&
           unlinkat(parent, last, directory ? AT_REMOVEDIR : 0) == 0;
}

static bool is_empty(int dir_fd) {
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool empty = true;
    if (dir == NULL)
        ex_fd_close(fd);
    for (const struct dirent *e; dir != NULL && empty && (e = readdir(dir)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (dir != NULL)
        closedir(dir);
    return empty;
}

ex_code ex_make_parents(int dir_fd, const char *path, struct ex_error *err) {
    EX_AUTO_FD int there = -1;
    struct ex_error why = {0};
    const char *last;
    ex_code code = open_parent(dir_fd, path, &last, &there, &why);
    /* What holds something was made durable before that was put into it; what is empty may be all
     * that somebody got done before he was killed. */
    if (code == EX_OK && !is_empty(there))
        return EX_OK;
    if (code != EX_OK && code != EX_NOT_FOUND)
        return ex_hint(ex_fail(err, code, "%s", why.text), err, "%s", why.hint);
    char part[PATH_MAX]; /* open_parent() has refused what is longer */
    for (size_t i = 1; path[i] != '\0'; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        EX_TRY(make_dir(dir_fd, part, err));
    }
    return EX_OK;
}

ex_code ex_lock(int dir_fd, const char *name, bool exclusive, unsigned wait_ms, int *ret_fd,
                struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, name, O_RDWR | O_CREAT, &fd, err));
    int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
    for (unsigned waited_ms = 0; flock(fd, operation) != 0; waited_ms += LOCK_POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return ex_fail_sys(err, "could not lock \"%s\"", name);
        if (waited_ms >= wait_ms)
            return ex_hint(ex_fail(err, EX_BUSY, "\"%s\" is in use by another exhibit", name), err,
                           "wait for the other one to finish, then run the command again");
        struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    *ret_fd = ex_steal_fd(&fd);
    return EX_OK;
}
