/* SPDX-License-Identifier: Apache-2.0 */
/* The door: opening, closing and asking; each kind has a file of its own. */
#include "source/source_internal.h"

#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

const char source_changed_hint[] = "the item is not held; stop what changes it, then collect again";

static struct source_time time_of(struct timespec t) {
    return (struct source_time){.s = t.tv_sec, .ns = (uint32_t)t.tv_nsec};
}

void source_identity_from(const struct stat *st, struct source_identity *i) {
    i->size_bytes = (uint64_t)st->st_size;
    i->device = st->st_dev;
    i->inode = st->st_ino;
    i->mode = st->st_mode;
    i->modified = time_of(st->st_mtim);
    i->changed = time_of(st->st_ctim);
    i->accessed = time_of(st->st_atim);
}

void source_describe_path(struct source *s) {
    struct stat st;
    s->resolved = realpath(s->path, NULL);
    s->identity.resolved = s->resolved;
    s->identity.link = lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode);
}

static ex_code open_stdin(struct source *s, struct ex_error *err) {
    s->identity.kind = SOURCE_STDIN;
    s->driver = &source_stdin_driver;
    s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    return s->fd < 0 ? ex_fail_sys(err, "could not open standard input") : EX_OK;
}

int source_open_path(const char *path) {
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. O_NOATIME is only allowed to the
     * owner. */
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd = open(path, flags | O_NOATIME);
    return fd < 0 && errno == EPERM ? open(path, flags) : fd;
}

static ex_code open_path(struct source *s, struct ex_error *err) {
    struct stat st;
    s->fd = source_open_path(s->path);
    if (s->fd < 0)
        return ex_hint(ex_fail_sys(err, "could not open the source \"%s\"", s->path), err,
                       "check the path, and that you may read it");
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the source \"%s\"", s->path);
    if (S_ISREG(st.st_mode))
        return source_open_file(s, err);
    if (S_ISBLK(st.st_mode))
        return source_open_device(s, err);
    return ex_hint(
        ex_fail(err, EX_UNSUPPORTED, "\"%s\" is %s", s->path,
                S_ISDIR(st.st_mode) ? "a directory" : "neither a regular file nor a block device"),
        err, "this version collects files, folders, block devices and standard input");
}

ex_code source_open(const char *path, struct source **ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    s->fd = -1;
    s->path = ex_strdup(path);
    s->identity.path = s->path;
    EX_TRY(strcmp(path, "-") == 0 ? open_stdin(s, err) : open_path(s, err));
    s->identity.seekable = s->driver->seeks;
    *ret = ex_steal(&s);
    return EX_OK;
}

void source_close(struct source *s) {
    if (s == NULL)
        return;
    if (s->driver != NULL && s->driver->close != NULL)
        s->driver->close(s);
    ex_fd_close(s->fd);
    free(s->path);
    free(s->resolved);
    free(s->bad);
    free(s->bounce);
    free(s->skip);
    source_trouble_free(s->trouble);
    free(s);
}

void source_identity(const struct source *s, struct source_identity *ret) {
    *ret = s->identity;
}

ex_code source_read(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    return s->driver->read(s, to, size_bytes, ret_got, err);
}

ex_code source_seek(struct source *s, uint64_t offset, struct ex_error *err) {
    if (!s->driver->seeks)
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" cannot be read from the middle", s->path);
    if (offset > s->identity.size_bytes)
        return ex_fail(err, EX_SOURCE, "the source \"%s\" ends before byte %llu", s->path,
                       (unsigned long long)offset);
    s->at = offset;
    source_trouble_forget(s);
    while (s->bad_count > 0 && s->bad[s->bad_count - 1].offset >= offset)
        s->bad_count--;
    if (s->bad_count > 0 &&
        offset - s->bad[s->bad_count - 1].offset < s->bad[s->bad_count - 1].length)
        s->bad[s->bad_count - 1].length = offset - s->bad[s->bad_count - 1].offset;
    return EX_OK;
}

ex_code source_rewind(struct source *s, struct ex_error *err) {
    EX_TRY(source_seek(s, 0, err));
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_DONTNEED);
    atomic_store(&s->stop, false); /* whoever ended the first reading is done with it */
    return EX_OK;
}

void source_stop(struct source *s) {
    atomic_store(&s->stop, true);
    if (s->driver->stop != NULL)
        s->driver->stop(s);
}

const struct source_range *source_unreadable(const struct source *s, size_t *ret_count) {
    *ret_count = s->bad_count;
    return s->bad;
}

void source_tally(const struct source *s, struct source_tally *ret) {
    *ret = s->tally;
}

/* Whole sectors, inside, in order: what is behind the last whole one belongs to it. */
static ex_code check_skip(const struct source *s, const struct source_effort *e,
                          struct ex_error *err) {
    uint64_t size = s->identity.size_bytes, mask = s->identity.sector_bytes - 1, last = 0;
    for (size_t i = 0; i < e->skip_count; i++) {
        const struct source_range *r = &e->skip[i];
        if (r->length == 0 || r->offset > size || r->length > size - r->offset ||
            (i > 0 && r->offset <= last))
            return ex_fail(err, EX_USAGE,
                           "the region at %llu with %llu bytes is not inside the source, or meets "
                           "another",
                           (unsigned long long)r->offset, (unsigned long long)r->length);
        last = r->offset + r->length;
        if ((r->offset & mask) != 0 || ((last & mask) != 0 && last != size))
            return ex_hint(ex_fail(err, EX_USAGE,
                                   "the region at %llu with %llu bytes does not begin and end with "
                                   "a sector",
                                   (unsigned long long)r->offset, (unsigned long long)r->length),
                           err, "a sector of this source has %u bytes", s->identity.sector_bytes);
    }
    return EX_OK;
}

ex_code source_set_effort(struct source *s, const struct source_effort *effort,
                          struct ex_error *err) {
    struct source_range *skip;
    if (effort->skip_count > 0 && !s->driver->seeks)
        return ex_fail(err, EX_UNSUPPORTED, "nothing can be skipped in \"%s\"", s->path);
    EX_TRY(check_skip(s, effort, err));
    EX_TRY(ex_alloc(effort->skip_count, sizeof *skip, EX_LIMIT_UNREADABLE_RANGES * sizeof *skip,
                    "the list of regions to skip", &skip, err));
    for (size_t i = 0; i < effort->skip_count; i++) {
        skip[i] = effort->skip[i];
        skip[i].why = SOURCE_SKIPPED;
    }
    free(s->skip);
    s->skip = skip;
    s->effort = *effort;
    s->effort.skip = skip;
    return EX_OK;
}

ex_code source_check_unchanged(struct source *s, struct source_identity *ret_after,
                               struct ex_error *err) {
    struct source_identity now = s->identity;
    ex_code code = s->driver->check != NULL ? s->driver->check(s, &now, err) : EX_OK;
    if (ret_after != NULL)
        *ret_after = now;
    return code;
}

void source_inject_error(struct source *s, uint64_t offset, uint64_t length) {
    s->injected = (struct source_range){.offset = offset, .length = length};
}

void source_inject_fault(struct source *s, source_fault_fn *fault, void *context) {
    s->fault = fault;
    s->fault_context = context;
}
