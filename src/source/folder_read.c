/* SPDX-License-Identifier: Apache-2.0 */
/* The workers: what the system says of one entry, and small files whole. Never opens anything but a
 * regular file: opening a device may already do something to it. */
#include "source/folder_internal.h"

#include "base/file.h"

#include <errno.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    XATTR_NAMES_BYTES_MAX = 64 << 10, /* the system's own limits */
    XATTR_VALUE_BYTES_MAX = 64 << 10,
    XATTRS_BYTES_MAX = 700000, /* of one file: an extended header has a limit (folder.md §3) */
    LINK_BYTES_MAX = 4096,
    AHEAD_BYTES = 4 << 20
};

bool folder_stat(int dir_fd, const char *name, struct statx *ret) {
    return statx(dir_fd, name,
                 AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name[0] == '\0' ? AT_EMPTY_PATH : 0),
                 STATX_BASIC_STATS | STATX_BTIME, ret) == 0;
}

int folder_open_at(int dir_fd, const char *name, int flags, bool *ret_touched) {
    flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if (dir_fd != AT_FDCWD)
        flags |= O_NOFOLLOW;
    *ret_touched = false;
    int fd = openat(dir_fd, name, flags | O_NOATIME);
    if (fd >= 0 || errno != EPERM)
        return fd;
    fd = openat(dir_fd, name, flags);
    *ret_touched = fd >= 0;
    return fd;
}

enum folder_why folder_why_of(int error) {
    return error == EACCES || error == EPERM ? FOLDER_NOT_PERMITTED
           : error == ENOENT || error == ELOOP || error == ENOTDIR || error == ESTALE
               ? FOLDER_VANISHED /* or another thing has its name now */
               : FOLDER_NOT_READ;
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool folder_same_times(const struct statx *a, const struct statx *b) {
    return a->stx_ino == b->stx_ino && a->stx_size == b->stx_size &&
           same_time(&a->stx_mtime, &b->stx_mtime) && same_time(&a->stx_ctime, &b->stx_ctime);
}

bool folder_is_mount(const struct statx *st) {
    return (st->stx_attributes & (STATX_ATTR_MOUNT_ROOT | STATX_ATTR_AUTOMOUNT)) != 0;
}

enum folder_why folder_why_other(const struct folder_selection *s) {
    return s->other_file_systems ? FOLDER_TAKEN
           : s->one_file_system  ? FOLDER_LEFT_FILE_SYSTEM
                                 : FOLDER_OTHER_FILE_SYSTEM;
}

static void leave_out(struct folder_entry *e, enum folder_why why, int error) {
    e->why = why;
    e->sys = error;
    ex_fd_close(e->fd);
    e->fd = -1;
}

/* ---- extended attributes ---- */

struct names {
    int fd;
    char path[64 + 256]; /* of what is not open: through /proc, without following its last part */
};

static ssize_t list_xattrs(const struct names *n, char *to, size_t size) {
    return n->fd >= 0 ? flistxattr(n->fd, to, size) : llistxattr(n->path, to, size);
}

static ssize_t get_xattr(const struct names *n, const char *name, void *to, size_t size) {
    return n->fd >= 0 ? fgetxattr(n->fd, name, to, size) : lgetxattr(n->path, name, to, size);
}

/* Names first, then their values behind them, all in one piece of memory. */
static bool take_values(struct folder_entry *e, const struct names *n, const char *list,
                        size_t list_bytes) {
    size_t count = 0, used = list_bytes, room = list_bytes + XATTRS_BYTES_MAX;
    bool whole = true;
    for (size_t i = 0; i < list_bytes; i += strlen(list + i) + 1)
        count++;
    e->xattr_bytes = ex_new0_bytes(room);
    e->xattr = ex_new0_bytes(count * sizeof *e->xattr);
    memcpy(e->xattr_bytes, list, list_bytes);
    for (size_t i = 0; i < list_bytes; i += strlen(list + i) + 1) {
        const char *name = (const char *)e->xattr_bytes + i;
        ssize_t got = get_xattr(n, name, e->xattr_bytes + used, room - used);
        if (got < 0 || e->xattr_count == TAR_ENTRY_XATTRS_MAX) {
            whole = false;
            continue;
        }
        e->xattr[e->xattr_count++] = (struct tar_entry_xattr){
            .name = name, .value = e->xattr_bytes + used, .value_bytes = (size_t)got};
        used += (size_t)got;
    }
    uint8_t *fitting = realloc(e->xattr_bytes, used + 1);
    for (size_t i = 0; fitting != NULL && i < e->xattr_count; i++) { /* it may have moved */
        struct tar_entry_xattr *x = &e->xattr[i];
        x->name = (const char *)fitting + (x->name - (const char *)e->xattr_bytes);
        x->value = fitting + (x->value - e->xattr_bytes);
    }
    e->xattr_bytes = fitting != NULL ? fitting : e->xattr_bytes;
    return whole;
}

void folder_read_xattrs(struct folder_entry *e, int fd, int dir_fd) {
    struct names n = {.fd = fd};
    char few[512];
    if (fd < 0)
        (void)snprintf(n.path, sizeof n.path, "/proc/self/fd/%d/%s", dir_fd, e->name);
    ssize_t size = list_xattrs(&n, few, sizeof few);
    if (size == 0 || (size < 0 && errno == ENOTSUP))
        return;
    if (size > 0) {
        e->xattrs_lost = !take_values(e, &n, few, (size_t)size);
        return;
    }
    EX_AUTO_FREE char *list = errno == ERANGE ? ex_new0_bytes(XATTR_NAMES_BYTES_MAX) : NULL;
    size = list != NULL ? list_xattrs(&n, list, XATTR_NAMES_BYTES_MAX) : -1;
    e->xattrs_lost = size < 0 || !take_values(e, &n, list, (size_t)size);
}

/* ---- files ---- */

/* Up to `want` bytes; fewer at the end. -1: errno. */
static ssize_t read_some(int fd, uint8_t *to, size_t want) {
    size_t have = 0;
    while (have < want) {
        ssize_t got = pread(fd, to + have, want - have, (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && have > 0 && errno == EAGAIN) /* a file of the system that goes on for ever */
            return (ssize_t)have;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* Fewer blocks than bytes may also mean that a file system compresses, or keeps no blocks. */
static bool has_holes(const struct folder_entry *e) {
    if (e->st.stx_blocks * 512 >= e->st.stx_size)
        return false;
    off_t hole = lseek(e->fd, 0, SEEK_HOLE);
    return hole >= 0 && (uint64_t)hole < e->st.stx_size;
}

/* One byte more is asked for than there should be: so a file that grew shows. */
static void read_small(struct folder_entry *e) {
    size_t said = (size_t)e->st.stx_size, room = said > 0 ? said : FOLDER_SMALL_BYTES;
    uint8_t first[512];
    ssize_t got = 0;
    if (said == 0) { /* empty, or a file of the system that says so of everything */
        got = read_some(e->fd, first, 1);
        if (got < 0) {
            leave_out(e, folder_why_of(errno), errno);
            return;
        }
    }
    e->data = said > 0 || got > 0 ? ex_new0_bytes(room + 1) : NULL;
    if (e->data != NULL)
        got = read_some(e->fd, e->data, room + 1);
    if (got < 0 && (errno == EIO || errno == EILSEQ || errno == ENODATA) && said > 0) {
        free(ex_steal(&e->data)); /* piece by piece then, by the composer */
        return;
    }
    if (got < 0) {
        leave_out(e, folder_why_of(errno), errno);
        return;
    }
    e->cut = (size_t)got > room;
    e->data_bytes = e->cut ? room : (size_t)got;
    e->odd_size = e->cut || e->data_bytes != said;
    e->whole = true;
    sha256_of(e->data, e->data_bytes, e->sha256);
}

static void check_unchanged(struct folder_entry *e) {
    struct statx after = {0};
    if (folder_stat(e->fd, "", &after) && folder_same_times(&e->st, &after))
        return;
    e->changed = true;
    /* Is it another file altogether? Then the attributes have to be its own. */
    if (after.stx_ino != e->st.stx_ino || after.stx_dev_minor != e->st.stx_dev_minor ||
        after.stx_dev_major != e->st.stx_dev_major)
        leave_out(e, FOLDER_VANISHED, 0);
}

static void read_file(struct folder_entry *e) {
    e->fd = folder_open_at(e->dir->fd, e->name, 0, &e->access_time);
    if (e->fd < 0) {
        leave_out(e, folder_why_of(errno), errno);
        return;
    }
    if (e->st.stx_size <= FOLDER_SMALL_BYTES && !has_holes(e))
        read_small(e);
    if (e->fd < 0)
        return;
    folder_read_xattrs(e, e->fd, -1);
    check_unchanged(e);
    if (e->whole && e->fd >= 0) {
        ex_fd_close(e->fd);
        e->fd = -1;
    } else if (e->fd >= 0) {
        (void)posix_fadvise(e->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        (void)posix_fadvise(e->fd, 0, AHEAD_BYTES, POSIX_FADV_WILLNEED);
    }
}

static void read_link(struct folder_entry *e) {
    char target[LINK_BYTES_MAX];
    ssize_t got = readlinkat(e->dir->fd, e->name, target, sizeof target);
    if (got <= 0) {
        leave_out(e, folder_why_of(errno), errno);
        return;
    }
    struct statx after; /* there is no way of reading a link that leaves its access time alone */
    e->access_time =
        !folder_stat(e->dir->fd, e->name, &after) || !same_time(&e->st.stx_atime, &after.stx_atime);
    e->link = strndup(target, (size_t)got);
    folder_read_xattrs(e, -1, e->dir->fd);
}

/* ---- selection by what the system says ---- */

static unsigned type_of(const struct statx *st) {
    switch (st->stx_mode & S_IFMT) {
    case S_IFREG:
        return FOLDER_FILE;
    case S_IFLNK:
        return FOLDER_SYMLINK;
    case S_IFIFO:
        return FOLDER_FIFO;
    case S_IFSOCK:
        return FOLDER_SOCKET;
    default:
        return FOLDER_DEVICE;
    }
}

static bool is_before(const struct statx_timestamp *t, int64_t ns) {
    int64_t s = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        s--;
    }
    return t->tv_sec < s || (t->tv_sec == s && t->tv_nsec < rest);
}

static enum folder_why select_by_stat(const struct folder_selection *s, const struct statx *st) {
    if ((s->types & type_of(st)) == 0)
        return FOLDER_LEFT_TYPE;
    if ((s->has_newer && is_before(&st->stx_mtime, s->newer_ns)) ||
        (s->has_older && !is_before(&st->stx_mtime, s->older_ns)))
        return FOLDER_LEFT_TIME;
    if (S_ISREG(st->stx_mode) &&
        (st->stx_size < s->min_size_bytes || st->stx_size > s->max_size_bytes))
        return FOLDER_LEFT_SIZE;
    return S_ISSOCK(st->stx_mode) ? FOLDER_LEFT_SOCKET : FOLDER_TAKEN;
}

static void read_entry(const struct folder *f, struct folder_entry *e) {
    e->has_st = folder_stat(e->dir->fd, e->name, &e->st);
    if (!e->has_st)
        leave_out(e, folder_why_of(errno), errno);
    else if (S_ISDIR(e->st.stx_mode)) /* it was none when its directory was read */
        leave_out(e, FOLDER_VANISHED, 0);
    else if (folder_is_mount(&e->st) && folder_why_other(&f->selection) != FOLDER_TAKEN)
        leave_out(e, folder_why_other(&f->selection), 0);
    else if ((e->why = select_by_stat(&f->selection, &e->st)) != FOLDER_TAKEN)
        return;
    else if (S_ISREG(e->st.stx_mode))
        read_file(e);
    else if (S_ISLNK(e->st.stx_mode))
        read_link(e);
    else
        folder_read_xattrs(e, -1, e->dir->fd);
}

void *folder_work(void *folder) {
    struct folder *f = folder;
    pthread_mutex_lock(&f->mutex);
    for (;;) {
        while (f->next == f->pushed && !f->ended && !f->quit)
            pthread_cond_wait(&f->work, &f->mutex);
        if (f->next < f->taken) /* directories come ready, and may be gone already */
            f->next = f->taken;
        if (f->quit || f->next == f->pushed) {
            if (f->quit || f->ended)
                break;
            continue;
        }
        uint64_t number = f->next++;
        struct folder_entry *e = &f->ring[number % FOLDER_RING];
        if (e->ready)
            continue;
        pthread_mutex_unlock(&f->mutex);
        read_entry(f, e);
        if (e->sys != 0)
            (void)folder_end_if_gone(f);
        folder_dir_release(ex_steal(&e->dir));
        pthread_mutex_lock(&f->mutex);
        e->ready = true;
        if (number == f->taken)
            pthread_cond_signal(&f->head);
    }
    pthread_mutex_unlock(&f->mutex);
    return NULL;
}
