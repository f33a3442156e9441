/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    int fd;
    char *path, *resolved;
    struct source_identity identity;
    uint64_t at;
    struct source_range *bad;
    size_t bad_count, bad_capacity;
    size_t bad_known; /* of a member: all of them; bad_count: those that begin in what was read */
    struct source_range injected;
    source_pull_fn *pull; /* of a member */
    void *context;
    bool ended; /* a terminal would go on after its end */
    atomic_bool stop;
};
enum { POLL_MS = 100 };
static const char *const CHANGED_HINT =
    "the item is not held; stop what changes it, then collect again";

static int64_t time_ns(struct timespec t) {
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void identity_from(const struct stat *st, struct source_identity *i) {
    i->size_bytes = (uint64_t)st->st_size;
    i->device = st->st_dev;
    i->inode = st->st_ino;
    i->mode = st->st_mode;
    i->modified_ns = time_ns(st->st_mtim);
    i->changed_ns = time_ns(st->st_ctim);
    i->accessed_ns = time_ns(st->st_atim);
}

/* A read lease is given only while nobody has the file open for writing, and whoever wants to write
 * later waits for its end. */
static bool guard(int fd) {
    return fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

static ex_code check_guard(const struct source *s, struct ex_error *err) {
    if (!s->identity.write_guarded || fcntl(s->fd, F_GETLEASE) == F_RDLCK)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "somebody opened the source \"%s\" for writing while it was read",
                           s->path),
                   err, "%s", CHANGED_HINT);
}

static void describe_path(struct source *s) {
    struct stat st;
    s->resolved = realpath(s->path, NULL);
    s->identity.resolved = s->resolved;
    s->identity.link = lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode);
}

static ex_code open_file(struct source *s, struct ex_error *err) {
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. O_NOATIME is only allowed to the
     * owner. */
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    s->fd = open(s->path, flags | O_NOATIME);
    if (s->fd < 0 && errno == EPERM)
        s->fd = open(s->path, flags);
    if (s->fd < 0)
        return ex_hint(ex_fail_sys(err, "could not open the source \"%s\"", s->path), err,
                       "check the path, and that you may read it");
    /* Before its times and size are asked: from then on the guard covers them. */
    s->identity.write_guarded = guard(s->fd);
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the source \"%s\"", s->path);
    if (S_ISDIR(st.st_mode))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "\"%s\" is a directory", s->path), err,
                       "this version collects regular files and standard input");
    if (!S_ISREG(st.st_mode))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "\"%s\" is not a regular file", s->path), err,
                       "this version collects regular files and standard input; make an image "
                       "first, or pipe the device in with -");
    identity_from(&st, &s->identity);
    describe_path(s);
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return EX_OK;
}

ex_code source_open(const char *path, struct source **ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    s->fd = -1;
    s->path = ex_strdup(path);
    s->identity.path = s->path;
    if (strcmp(path, "-") == 0) {
        s->identity.kind = SOURCE_STDIN;
        s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        if (s->fd < 0)
            return ex_fail_sys(err, "could not open standard input");
    } else {
        s->identity.kind = SOURCE_FILE;
        EX_TRY(open_file(s, err));
    }
    *ret = ex_steal(&s);
    return EX_OK;
}

ex_code source_open_member(const char *name, uint64_t size_bytes, source_pull_fn *pull,
                           void *context, const struct source_range *unreadable,
                           size_t unreadable_count, struct source **ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    s->fd = -1;
    s->path = ex_strdup(name);
    s->identity =
        (struct source_identity){.kind = SOURCE_MEMBER, .path = s->path, .size_bytes = size_bytes};
    s->pull = pull;
    s->context = context;
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, unreadable_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    if (unreadable_count > 0)
        memcpy(s->bad, unreadable, unreadable_count * sizeof *s->bad);
    s->bad_known = unreadable_count;
    *ret = ex_steal(&s);
    return EX_OK;
}

void source_close(struct source *s) {
    if (s == NULL)
        return;
    if (s->identity.write_guarded)
        (void)fcntl(s->fd, F_SETLEASE, F_UNLCK);
    ex_fd_close(s->fd);
    free(s->path);
    free(s->resolved);
    free(s->bad);
    free(s);
}

void source_identity(const struct source *s, struct source_identity *ret) {
    *ret = s->identity;
}

static ex_code note_bad(struct source *s, uint64_t offset, uint64_t length, struct ex_error *err) {
    struct source_range *last = s->bad_count ? &s->bad[s->bad_count - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += length;
        return EX_OK;
    }
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, s->bad_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    s->bad[s->bad_count++] = (struct source_range){offset, length};
    return EX_OK;
}

static ssize_t read_at(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset) {
    if (s->injected.length > 0 && offset < s->injected.offset + s->injected.length &&
        offset + size_bytes > s->injected.offset) {
        errno = EIO;
        return -1;
    }
    ssize_t got;
    do
        got = pread(s->fd, to, size_bytes, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

/* One sector: what cannot be read becomes zeros and a line in the list. */
static ex_code read_sector(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           struct ex_error *err) {
    ssize_t got = read_at(s, to, size_bytes, offset);
    if (got == (ssize_t)size_bytes)
        return EX_OK;
    if (got < 0 && errno != EIO && errno != EILSEQ && errno != ENODATA && errno != EREMOTEIO)
        return ex_fail_sys(err, "could not read the source \"%s\" at byte %llu", s->path,
                           (unsigned long long)offset);
    if (got >= 0)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the source \"%s\" became shorter while it was read", s->path),
            err, "something is writing to it; stop that, then collect again");
    memset(to, 0, size_bytes);
    return note_bad(s, offset, size_bytes, err);
}

/* After a failed large read: the same range sector by sector, so that every readable one is kept.
 */
static ex_code read_sectors(struct source *s, uint8_t *to, size_t size_bytes,
                            struct ex_error *err) {
    for (size_t done = 0; done < size_bytes;) {
        uint64_t offset = s->at + done;
        size_t want = SOURCE_SECTOR_BYTES - (size_t)(offset % SOURCE_SECTOR_BYTES);
        if (want > size_bytes - done)
            want = size_bytes - done;
        EX_TRY(read_sector(s, to + done, want, offset, err));
        done += want;
    }
    return EX_OK;
}

static ex_code read_file(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                         struct ex_error *err) {
    EX_TRY(check_guard(s, err)); /* the other program waits: this is for nothing, so no longer */
    uint64_t left = s->identity.size_bytes - s->at;
    size_t want = size_bytes < left ? size_bytes : (size_t)left;
    size_t have = 0;
    while (have < want) {
        ssize_t got = read_at(s, to + have, want - have, s->at + have);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    if (have < want) {
        uint64_t start = s->at;
        s->at += have;
        ex_code code = read_sectors(s, to + have, want - have, err);
        s->at = start;
        EX_TRY(code);
    }
    s->at += want;
    *ret_got = want;
    return EX_OK;
}

/* Waits until there is something to read: a pipe's writer may take for ever, and the person who
 * waits for it must be able to stop. */
static ex_code wait_for_input(struct source *s, struct ex_error *err) {
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    for (;;) {
        if (atomic_load(&s->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while waiting for standard input");
        int ready = poll(&p, 1, POLL_MS);
        if (ready > 0)
            return EX_OK;
        if (ready < 0 && errno != EINTR)
            return ex_fail_sys(err, "could not wait for standard input");
    }
}

/* Fills the buffer, so that pieces are large whatever the writer of the pipe does. */
static ex_code read_stream(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    size_t have = 0;
    while (have < size_bytes && !s->ended) {
        EX_TRY(wait_for_input(s, err));
        ssize_t got = read(s->fd, to + have, size_bytes - have);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read standard input at byte %llu",
                               (unsigned long long)(s->at + have));
        s->ended = got == 0;
        have += (size_t)got;
    }
    s->at += have;
    *ret_got = have;
    return EX_OK;
}

static ex_code read_member(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    uint64_t left = s->identity.size_bytes - s->at;
    size_t want = size_bytes < left ? size_bytes : (size_t)left, have = 0;
    while (have < want) {
        size_t got = 0;
        if (atomic_load(&s->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", s->path);
        EX_TRY(s->pull(s->context, to + have, want - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "\"%s\" ends before its size", s->path);
        have += got;
    }
    s->at += have;
    while (s->bad_count < s->bad_known && s->bad[s->bad_count].offset < s->at)
        s->bad_count++;
    *ret_got = have;
    return EX_OK;
}

ex_code source_read(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    switch (s->identity.kind) {
    case SOURCE_STDIN:
        return read_stream(s, to, size_bytes, ret_got, err);
    case SOURCE_MEMBER:
        return read_member(s, to, size_bytes, ret_got, err);
    case SOURCE_FILE:
    default:
        return read_file(s, to, size_bytes, ret_got, err);
    }
}

ex_code source_seek(struct source *s, uint64_t offset, struct ex_error *err) {
    if (s->identity.kind != SOURCE_FILE)
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" cannot be read from the middle", s->path);
    if (offset > s->identity.size_bytes)
        return ex_fail(err, EX_SOURCE, "the source \"%s\" ends before byte %llu", s->path,
                       (unsigned long long)offset);
    s->at = offset;
    return EX_OK;
}

void source_stop(struct source *s) {
    atomic_store(&s->stop, true);
}

const struct source_range *source_unreadable(const struct source *s, size_t *ret_count) {
    *ret_count = s->bad_count;
    return s->bad;
}

ex_code source_check_unchanged(struct source *s, struct source_identity *ret_after,
                               struct ex_error *err) {
    struct stat st, by_path;
    struct source_identity now = s->identity;
    if (ret_after != NULL)
        *ret_after = now;
    if (s->identity.kind != SOURCE_FILE)
        return EX_OK;
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the source \"%s\"", s->path);
    identity_from(&st, &now);
    if (ret_after != NULL)
        *ret_after = now;
    if (now.size_bytes != s->identity.size_bytes)
        return ex_hint(
            ex_fail(err, EX_SOURCE,
                    "the source \"%s\" %s while it was read, from %llu to %llu bytes", s->path,
                    now.size_bytes > s->identity.size_bytes ? "grew" : "became shorter",
                    (unsigned long long)s->identity.size_bytes, (unsigned long long)now.size_bytes),
            err, "%s", CHANGED_HINT);
    if (stat(s->path, &by_path) != 0 || by_path.st_dev != st.st_dev || by_path.st_ino != st.st_ino)
        return ex_hint(ex_fail(err, EX_SOURCE,
                               "the source \"%s\" was moved or removed while it was read", s->path),
                       err, "%s", CHANGED_HINT);
    if (now.modified_ns != s->identity.modified_ns || now.changed_ns != s->identity.changed_ns)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the source \"%s\" was written to while it was read", s->path),
            err, "%s", CHANGED_HINT);
    return check_guard(s, err);
}

void source_inject_error(struct source *s, uint64_t offset, uint64_t length) {
    s->injected = (struct source_range){offset, length};
}
