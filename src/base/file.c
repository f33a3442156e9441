/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 20 };

void ex_fd_close(int fd) {
    int saved = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

ex_code ex_open_at(int dir_fd, const char *name, int flags, int *ret_fd, struct ex_error *err) {
    int fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", name);
    *ret_fd = fd;
    return EX_OK;
}

ex_code ex_open_dir_at(int dir_fd, const char *name, bool create, int *ret_fd,
                       struct ex_error *err) {
    if (create) {
        if (mkdirat(dir_fd, name, 0700) == 0) {
            EX_AUTO_FD int parent = -1;
            EX_TRY(ex_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, &parent, err));
            EX_TRY(ex_sync_fd(parent, name, err));
        } else if (errno != EEXIST) {
            return ex_fail_sys(err, "could not make the directory \"%s\"", name);
        }
    }
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

ex_code ex_write_at(int fd, const void *from, size_t size_bytes, uint64_t offset,
                    const char *name, struct ex_error *err) {
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

static ex_code sync_parent(int dir_fd, const char *path, struct ex_error *err) {
    char parent[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (size >= sizeof parent)
        return ex_fail(err, EX_LIMIT, "the path \"%s\" is too long", path);
    if (slash == NULL)
        memcpy(parent, ".", 2);
    else if (size == 0)
        memcpy(parent, "/", 2);
    else {
        memcpy(parent, path, size);
        parent[size] = '\0';
    }
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, parent, O_RDONLY | O_DIRECTORY, &fd, err));
    return ex_sync_fd(fd, parent, err);
}

ex_code ex_write_file(int dir_fd, const char *name, const void *data, size_t size_bytes,
                      enum ex_write_mode mode, struct ex_error *err) {
    char temp[4200];
    int length = snprintf(temp, sizeof temp, "%s.%08x.tmp", name, randombytes_random());
    if (length < 0 || (size_t)length >= sizeof temp)
        return ex_fail(err, EX_LIMIT, "the path \"%s\" is too long", name);
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL, &fd, err));
    ex_code code = ex_write_all(fd, data, size_bytes, name, err);
    if (code == EX_OK)
        code = ex_sync_fd(fd, name, err);
    if (code == EX_OK && mode == EX_WRITE_NEW)
        code = ex_publish(dir_fd, temp, dir_fd, name, err);
    else if (code == EX_OK && renameat(dir_fd, temp, dir_fd, name) != 0)
        code = ex_fail_sys(err, "could not write \"%s\"", name);
    if (code != EX_OK) {
        (void)unlinkat(dir_fd, temp, 0);
        return code;
    }
    return mode == EX_WRITE_NEW ? EX_OK : sync_parent(dir_fd, name, err);
}

ex_code ex_publish(int from_dir_fd, const char *from, int to_dir_fd, const char *to,
                   struct ex_error *err) {
    if (renameat2(from_dir_fd, from, to_dir_fd, to, RENAME_NOREPLACE) != 0) {
        /* A file system without that flag (some network and FUSE ones): a hard link does not
         * replace either. */
        if (errno != EINVAL && errno != ENOSYS)
            return ex_fail_sys(err, "could not publish \"%s\"", to);
        if (linkat(from_dir_fd, from, to_dir_fd, to, 0) != 0)
            return ex_fail_sys(err, "could not publish \"%s\"", to);
        (void)unlinkat(from_dir_fd, from, 0);
    }
    EX_TRY(sync_parent(to_dir_fd, to, err));
    if (from_dir_fd != to_dir_fd)
        EX_TRY(sync_parent(from_dir_fd, from, err));
    return EX_OK;
}

ex_code ex_make_parents(int dir_fd, const char *path, struct ex_error *err) {
    char part[4096];
    size_t size = strlen(path);
    if (size >= sizeof part)
        return ex_fail(err, EX_LIMIT, "the path \"%s\" is too long", path);
    for (size_t i = 1; i < size; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdirat(dir_fd, part, 0700) == 0)
            EX_TRY(sync_parent(dir_fd, part, err));
        else if (errno != EEXIST)
            return ex_fail_sys(err, "could not make the directory \"%s\"", part);
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
