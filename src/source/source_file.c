/* SPDX-License-Identifier: Apache-2.0 */
/* A regular file, taken as a raw image. */
#include "source/source_internal.h"

#include <fcntl.h>
#include <signal.h>

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
                   err, "%s", source_changed_hint);
}

static ex_code read_file(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                         struct ex_error *err) {
    EX_TRY(check_guard(s, err)); /* the other program waits: this is for nothing, so no longer */
    return source_read_medium(s, to, size_bytes, ret_got, err);
}

static bool same_time(struct source_time a, struct source_time b) {
    return a.s == b.s && a.ns == b.ns;
}

static ex_code check_file(struct source *s, struct source_identity *now, struct ex_error *err) {
    struct stat st, by_path;
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the source \"%s\"", s->path);
    source_identity_from(&st, now);
    if (now->size_bytes != s->identity.size_bytes)
        return ex_hint(
            ex_fail(
                err, EX_SOURCE, "the source \"%s\" %s while it was read, from %llu to %llu bytes",
                s->path, now->size_bytes > s->identity.size_bytes ? "grew" : "became shorter",
                (unsigned long long)s->identity.size_bytes, (unsigned long long)now->size_bytes),
            err, "%s", source_changed_hint);
    if (stat(s->path, &by_path) != 0 || by_path.st_dev != st.st_dev || by_path.st_ino != st.st_ino)
        return ex_hint(ex_fail(err, EX_SOURCE,
                               "the source \"%s\" was moved or removed while it was read", s->path),
                       err, "%s", source_changed_hint);
    if (!same_time(now->modified, s->identity.modified) ||
        !same_time(now->changed, s->identity.changed))
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the source \"%s\" was written to while it was read", s->path),
            err, "%s", source_changed_hint);
    return check_guard(s, err);
}

static void close_file(struct source *s) {
    if (s->identity.write_guarded)
        (void)fcntl(s->fd, F_SETLEASE, F_UNLCK);
}

static const struct source_driver file_driver = {
    .read = read_file, .check = check_file, .close = close_file, .seeks = true};

ex_code source_open_file(struct source *s, struct ex_error *err) {
    struct stat st;
    s->driver = &file_driver;
    s->identity.kind = SOURCE_FILE;
    /* Before its times and size are asked: from then on the guard covers them. */
    s->identity.write_guarded = guard(s->fd);
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the source \"%s\"", s->path);
    source_identity_from(&st, &s->identity);
    source_describe_path(s);
    s->medium = (struct source_medium){
        .read_at = source_pread, .alignment_bytes = 1, .sector_bytes = SOURCE_SECTOR_BYTES};
    s->identity.sector_bytes = s->medium.sector_bytes;
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return EX_OK;
}
