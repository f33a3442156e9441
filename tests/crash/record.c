/* SPDX-License-Identifier: Apache-2.0 */
/* Writes down, in order, what a program does to the files below one directory.
 *
 *     LD_PRELOAD=record.so CRASH_RECORD_DIR=/abs/dir CRASH_RECORD_LOG=/abs/log program …
 *
 * Each state-changing call is made under one lock and logged when it has succeeded, with its data
 * and with inode numbers, so that the log says what lies where however the names change. What the C
 * library does inside itself (stdio) is not seen; model.py therefore replays the whole log and
 * compares it with the disk. Calls that the model does not know are logged as OP_UNKNOWN. SQLite's
 * -shm files are left out: they are no part of what must survive. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* model.py knows the same numbers. */
enum {
    OP_CREATE = 1, /* path, inode; without a path: O_TMPFILE */
    OP_MKDIR,      /* path, inode */
    OP_WRITE,      /* inode, a = offset, data */
    OP_TRUNCATE,   /* inode, a = size */
    OP_ALLOCATE,   /* inode, a = end */
    OP_RENAME,     /* path, path2, a = flags */
    OP_LINK,       /* path2 names inode too */
    OP_UNLINK,     /* path */
    OP_RMDIR,      /* path */
    OP_SYNC,       /* inode */
    OP_SYNC_ALL,
    OP_UNKNOWN /* path = what */
};

struct op {
    uint32_t op, path_bytes;
    uint64_t inode, a;
    uint32_t path2_bytes, zero;
    uint64_t data_bytes;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_bytes;
static int log_fd = -1;
static pid_t log_pid;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *p = dlsym(RTLD_NEXT, name);
    if (p == NULL)
        abort();
    return p;
}

/* ---- the log ---- */

static bool recording(void) {
    const char *dir = getenv("CRASH_RECORD_DIR"), *path = getenv("CRASH_RECORD_LOG");
    if (log_pid == getpid())
        return log_fd >= 0;
    log_pid = getpid(); /* a forked child opens the log for itself: flock() goes by the open file */
    log_fd = -1;
    if (dir == NULL || path == NULL || realpath(dir, root) == NULL)
        return false;
    root_bytes = strlen(root);
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 900);
    if (fd >= 0)
        close(fd);
    if (log_fd < 0)
        abort();
    return true;
}

static bool enter(void) {
    pthread_mutex_lock(&mutex);
    if (!recording())
        return false;
    return flock(log_fd, LOCK_EX) == 0;
}

static void leave(void) {
    int saved = errno;
    if (log_fd >= 0)
        (void)flock(log_fd, LOCK_UN);
    pthread_mutex_unlock(&mutex);
    errno = saved;
}

static void put(const void *data, size_t size) {
    if (size > 0 && REAL(write)(log_fd, data, size) != (ssize_t)size)
        abort();
}

static void record(uint32_t op, const char *path, const char *path2, uint64_t inode, uint64_t a,
                   const void *data, size_t data_bytes) {
    int saved = errno;
    struct op head = {.op = op,
                      .path_bytes = (uint32_t)strlen(path),
                      .inode = inode,
                      .a = a,
                      .path2_bytes = (uint32_t)strlen(path2),
                      .data_bytes = data_bytes};
    put(&head, sizeof head);
    put(path, head.path_bytes);
    put(path2, head.path2_bytes);
    put(data, data_bytes);
    errno = saved;
}

/* ---- where ---- */

static bool is_shm(const char *path) {
    const char *deleted = strstr(path, " (deleted)");
    size_t size = deleted != NULL ? (size_t)(deleted - path) : strlen(path);
    return size >= 4 && memcmp(path + size - 4, "-shm", 4) == 0;
}

/* The part of `path` below the directory; NULL when it is elsewhere. */
static const char *below(const char *path) {
    if (strncmp(path, root, root_bytes) != 0 || path[root_bytes] != '/' || is_shm(path))
        return NULL;
    return path + root_bytes + 1;
}

static bool fd_path(int fd, char to[static PATH_MAX]) {
    char name[40];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, to, PATH_MAX - 1);
    to[size < 0 ? 0 : size] = '\0';
    return size > 0;
}

/* The inode behind a descriptor on something below the directory, or on itself; 0 when it is not.
 */
static uint64_t fd_inode(int fd, struct stat *ret) {
    char path[PATH_MAX];
    if (!fd_path(fd, path) || fstat(fd, ret) != 0)
        return 0;
    return strcmp(path, root) == 0 || below(path) != NULL ? ret->st_ino : 0;
}

/* The name that dir_fd/path has below the directory, links in its directories resolved. */
static const char *where(int dir_fd, const char *path, char to[static 2 * PATH_MAX]) {
    int saved = errno;
    char joined[2 * PATH_MAX], parent[PATH_MAX], at[PATH_MAX] = ".";
    if (dir_fd != AT_FDCWD && path[0] != '/')
        (void)fd_path(dir_fd, at);
    (void)snprintf(joined, sizeof joined, "%s%s%s", path[0] == '/' ? "" : at,
                   path[0] == '/' ? "" : "/", path);
    for (size_t n = strlen(joined); n > 1 && joined[n - 1] == '/'; n--)
        joined[n - 1] = '\0';
    char *slash = strrchr(joined, '/');
    *slash = '\0';
    const char *found = realpath(slash == joined ? "/" : joined, parent);
    if (found != NULL)
        (void)snprintf(to, 2 * PATH_MAX, "%s/%s", parent, slash + 1);
    errno = saved;
    return found != NULL ? below(to) : NULL;
}

static uint64_t name_inode(int dir_fd, const char *path) {
    int saved = errno;
    struct stat st;
    uint64_t inode = fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
    errno = saved;
    return inode;
}

/* ---- opening ---- */

struct opening {
    bool on, tells; /* tells: it may change something */
    char buffer[2 * PATH_MAX];
    const char *name;
    uint64_t before;
};

static void before_open(struct opening *o, int dir_fd, const char *path, int flags) {
    o->on = enter();
    o->tells = o->on && (flags & (O_CREAT | O_TRUNC | O_TMPFILE) & ~O_DIRECTORY) != 0;
    if (!o->tells)
        return;
    o->name = where(dir_fd, path, o->buffer);
    o->before = name_inode(dir_fd, path);
}

static void after_open(const struct opening *o, int fd, int flags) {
    struct stat st;
    uint64_t inode;
    if (o->on && fd >= 0 && o->tells && (inode = fd_inode(fd, &st)) != 0) {
        if ((flags & O_TMPFILE) == O_TMPFILE)
            record(OP_CREATE, "", "", inode, 0, NULL, 0);
        else if (o->before == 0 && o->name != NULL)
            record(OP_CREATE, o->name, "", inode, 0, NULL, 0);
        else if ((flags & O_TRUNC) != 0)
            record(OP_TRUNCATE, "", "", inode, 0, NULL, 0);
        if ((flags & (O_SYNC | O_DSYNC)) != 0)
            record(OP_UNKNOWN, "open with O_SYNC", "", inode, 0, NULL, 0);
    }
    leave();
}

static int open_recorded(int dir_fd, const char *path, int flags, mode_t mode) {
    struct opening o;
    before_open(&o, dir_fd, path, flags);
    int fd = REAL(openat)(dir_fd, path, flags, mode);
    after_open(&o, fd, flags);
    return fd;
}

#define MODE_OF(flags)                                                                             \
    __extension__({                                                                                \
        mode_t mode_ = 0;                                                                          \
        if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) {                          \
            va_list args_;                                                                         \
            va_start(args_, flags);                                                                \
            mode_ = va_arg(args_, mode_t);                                                         \
            va_end(args_);                                                                         \
        }                                                                                          \
        mode_;                                                                                     \
    })

int open(const char *path, int flags, ...) {
    return open_recorded(AT_FDCWD, path, flags, MODE_OF(flags));
}
int open64(const char *path, int flags, ...) {
    return open_recorded(AT_FDCWD, path, flags, MODE_OF(flags));
}
int openat(int dir_fd, const char *path, int flags, ...) {
    return open_recorded(dir_fd, path, flags, MODE_OF(flags));
}
int openat64(int dir_fd, const char *path, int flags, ...) {
    return open_recorded(dir_fd, path, flags, MODE_OF(flags));
}
int creat(const char *path, mode_t mode) {
    return open_recorded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
/* What _FORTIFY_SOURCE makes of calls without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir_fd, const char *path, int flags);
int __openat64_2(int dir_fd, const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open_recorded(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char *path, int flags) {
    return open_recorded(AT_FDCWD, path, flags, 0);
}
int __openat_2(int dir_fd, const char *path, int flags) {
    return open_recorded(dir_fd, path, flags, 0);
}
int __openat64_2(int dir_fd, const char *path, int flags) {
    return open_recorded(dir_fd, path, flags, 0);
}

long syscall(long number, ...) {
    va_list args;
    long v[6];
    va_start(args, number);
    for (size_t i = 0; i < 6; i++)
        v[i] = va_arg(args, long);
    va_end(args);
    if (number != SYS_openat2)
        return REAL(syscall)(number, v[0], v[1], v[2], v[3], v[4], v[5]);
    struct opening o;
    const struct open_how *how = (const struct open_how *)v[2];
    before_open(&o, (int)v[0], (const char *)v[1], (int)how->flags);
    long fd = REAL(syscall)(number, v[0], v[1], v[2], v[3]);
    after_open(&o, (int)fd, (int)how->flags);
    return fd;
}

/* ---- data ---- */

/* Where a write to fd lands: at its end, at `offset`, or at its position when that is negative. */
static uint64_t landing(int fd, off_t offset, const struct stat *st) {
    if ((fcntl(fd, F_GETFL) & O_APPEND) != 0)
        return (uint64_t)st->st_size;
    return (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR));
}

static ssize_t write_recorded(int fd, const void *data, size_t size, off_t offset) {
    struct stat st;
    uint64_t inode = 0, at = 0;
    if (enter() && (inode = fd_inode(fd, &st)) != 0)
        at = landing(fd, offset, &st);
    ssize_t put_bytes =
        offset < 0 ? REAL(write)(fd, data, size) : REAL(pwrite)(fd, data, size, offset);
    if (inode != 0 && put_bytes > 0)
        record(OP_WRITE, "", "", inode, at, data, (size_t)put_bytes);
    leave();
    return put_bytes;
}

ssize_t write(int fd, const void *data, size_t size) {
    return write_recorded(fd, data, size, -1);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return write_recorded(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    return write_recorded(fd, data, size, offset);
}

/* One after the other, which the caller cannot tell from a short write. */
static ssize_t write_vector(int fd, const struct iovec *v, int count, off_t offset) {
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = write_recorded(fd, v[i].iov_base, v[i].iov_len, offset < 0 ? -1 : offset + sum);
        if (n < 0)
            return sum > 0 ? sum : n;
        sum += n;
        if ((size_t)n < v[i].iov_len)
            break;
    }
    return sum;
}
ssize_t writev(int fd, const struct iovec *v, int count) {
    return write_vector(fd, v, count, -1);
}
ssize_t pwritev(int fd, const struct iovec *v, int count, off_t offset) {
    return write_vector(fd, v, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *v, int count, off64_t offset) {
    return write_vector(fd, v, count, offset);
}

/* Makes a call on a descriptor and logs it when it has succeeded. */
#define ON_FD(fd, call, op, a)                                                                     \
    do {                                                                                           \
        struct stat st_;                                                                           \
        bool on_ = enter();                                                                        \
        __auto_type result_ = (call);                                                              \
        uint64_t inode_ = on_ && result_ >= 0 ? fd_inode(fd, &st_) : 0;                            \
        if (inode_ != 0)                                                                           \
            record(op, #op, "", inode_, (uint64_t)(a), NULL, 0);                                   \
        leave();                                                                                   \
        return result_;                                                                            \
    } while (0)

int ftruncate(int fd, off_t size) {
    ON_FD(fd, REAL(ftruncate)(fd, size), OP_TRUNCATE, size);
}
int ftruncate64(int fd, off64_t size) {
    ON_FD(fd, REAL(ftruncate)(fd, size), OP_TRUNCATE, size);
}
int fallocate(int fd, int mode, off_t offset, off_t size) {
    if (mode != 0)
        ON_FD(fd, REAL(fallocate)(fd, mode, offset, size), OP_UNKNOWN, mode);
    ON_FD(fd, REAL(fallocate)(fd, mode, offset, size), OP_ALLOCATE, offset + size);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
    return fallocate(fd, mode, offset, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
    return fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    return fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}
int fsync(int fd) {
    ON_FD(fd, REAL(fsync)(fd), OP_SYNC, 0);
}
int fdatasync(int fd) {
    ON_FD(fd, REAL(fdatasync)(fd), OP_SYNC, 0);
}
int syncfs(int fd) {
    ON_FD(fd, REAL(syncfs)(fd), OP_SYNC_ALL, 0);
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
                        unsigned flags) {
    ON_FD(to, REAL(copy_file_range)(from, from_at, to, to_at, size, flags), OP_UNKNOWN, 0);
}
ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    ON_FD(to, REAL(sendfile)(to, from, at, size), OP_UNKNOWN, 0);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    ON_FD(to, REAL(sendfile)(to, from, at, size), OP_UNKNOWN, 0);
}

static void *map_recorded(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
    struct stat st;
    void *p = REAL(mmap)(at, size, prot, flags, fd, offset);
    if (p == MAP_FAILED || fd < 0 || (flags & MAP_SHARED) == 0 || (prot & PROT_WRITE) == 0)
        return p;
    if (enter() && fd_inode(fd, &st) != 0)
        record(OP_UNKNOWN, "a shared writable map", "", st.st_ino, 0, NULL, 0);
    leave();
    return p;
}
void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset) {
    return map_recorded(at, size, prot, flags, fd, offset);
}
void *mmap64(void *at, size_t size, int prot, int flags, int fd, off64_t offset) {
    return map_recorded(at, size, prot, flags, fd, offset);
}

/* ---- names ---- */

int mkdirat(int dir_fd, const char *path, mode_t mode) {
    char buffer[2 * PATH_MAX];
    bool on = enter();
    int result = REAL(mkdirat)(dir_fd, path, mode);
    const char *name = on && result == 0 ? where(dir_fd, path, buffer) : NULL;
    if (name != NULL)
        record(OP_MKDIR, name, "", name_inode(dir_fd, path), 0, NULL, 0);
    leave();
    return result;
}
int mknodat(int dir_fd, const char *path, mode_t mode, dev_t device) {
    char buffer[2 * PATH_MAX];
    bool on = enter();
    int result = REAL(mknodat)(dir_fd, path, mode, device);
    const char *name = on && result == 0 ? where(dir_fd, path, buffer) : NULL;
    if (name != NULL)
        record((mode & S_IFMT) == 0 || S_ISREG(mode) ? OP_CREATE : OP_UNKNOWN, name, "",
               name_inode(dir_fd, path), 0, NULL, 0);
    leave();
    return result;
}
int mknod(const char *path, mode_t mode, dev_t device) {
    return mknodat(AT_FDCWD, path, mode, device);
}
int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    char from_buffer[2 * PATH_MAX], to_buffer[2 * PATH_MAX];
    const char *a = NULL, *b = NULL;
    bool on = enter();
    if (on) {
        a = where(from_fd, from, from_buffer);
        b = where(to_fd, to, to_buffer);
    }
    int result = flags == 0 ? REAL(renameat)(from_fd, from, to_fd, to)
                            : REAL(renameat2)(from_fd, from, to_fd, to, flags);
    if (result == 0 && a != NULL && b != NULL)
        record(OP_RENAME, a, b, 0, flags, NULL, 0);
    else if (result == 0 && (a != NULL || b != NULL))
        record(OP_UNKNOWN, "a rename over the border of the directory", "", 0, 0, NULL, 0);
    leave();
    return result;
}
int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    return renameat2(from_fd, from, to_fd, to, 0);
}
int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    char buffer[2 * PATH_MAX];
    bool on = enter();
    int result = REAL(linkat)(from_fd, from, to_fd, to, flags);
    const char *name = on && result == 0 ? where(to_fd, to, buffer) : NULL;
    if (name != NULL)
        record(OP_LINK, "", name, name_inode(to_fd, to), 0, NULL, 0);
    leave();
    return result;
}
int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int symlinkat(const char *target, int dir_fd, const char *path) {
    char buffer[2 * PATH_MAX];
    bool on = enter();
    int result = REAL(symlinkat)(target, dir_fd, path);
    if (on && result == 0 && where(dir_fd, path, buffer) != NULL)
        record(OP_UNKNOWN, "a symbolic link", "", 0, 0, NULL, 0);
    leave();
    return result;
}
int symlink(const char *target, const char *path) {
    return symlinkat(target, AT_FDCWD, path);
}

int unlinkat(int dir_fd, const char *path, int flags) {
    char buffer[2 * PATH_MAX];
    const char *name = enter() ? where(dir_fd, path, buffer) : NULL;
    int result = REAL(unlinkat)(dir_fd, path, flags);
    if (name != NULL && result == 0)
        record((flags & AT_REMOVEDIR) != 0 ? OP_RMDIR : OP_UNLINK, name, "", 0, 0, NULL, 0);
    leave();
    return result;
}
int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}
int rmdir(const char *path) {
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
