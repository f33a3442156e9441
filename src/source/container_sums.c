/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of a container's own files. Each is read from its first byte to its last through a
 * descriptor of its own, not far from what the workers read of it, so that a slow disk gives it
 * once.
 */
#include "source/container_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { PART_BYTES = 1 << 20 };

static bool same_time(struct source_time a, struct source_time b) {
    return a.s == b.s && a.ns == b.ns;
}

/* Is it the file that the workers read, as it was when it was opened for them? */
static bool is_unchanged(int fd, const struct source_identity *i) {
    struct source_identity now = {0};
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    source_identity_from(&st, &now);
    return now.device == i->device && now.inode == i->inode && now.size_bytes == i->size_bytes &&
           same_time(now.modified, i->modified) && same_time(now.changed, i->changed);
}

static ex_code read_part(const struct source *s, int fd, uint64_t at, uint8_t *to, size_t size,
                         struct ex_error *err) {
    struct ex_error why = {.sys = source_injected_fault(s, size, at)};
    if (why.sys == 0 && ex_read_at(fd, to, size, at, s->path, &why) == EX_OK)
        return EX_OK;
    errno = why.sys;
    return why.sys == 0
               ? ex_fail(err, EX_SOURCE, "it became shorter while it was read")
               : ex_fail_sys(err, "it could not be read at byte %llu", (unsigned long long)at);
}

static ex_code sum_file(struct container *c, size_t n, const struct source *s,
                        uint8_t ret[static SHA256_BYTES], struct ex_error *err) {
    const struct source_identity *i = &s->identity;
    struct sha256 h;
    EX_AUTO_FREE uint8_t *part = NULL;
    EX_AUTO_FD int fd = source_open_path(s->path);
    if (fd < 0)
        return ex_fail_sys(err, "it could not be opened for that");
    if (!is_unchanged(fd, i))
        return ex_fail(err, EX_SOURCE, "it had changed before it was read");
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    EX_TRY(ex_alloc(PART_BYTES, 1, PART_BYTES, "hashing a file", &part, err));
    sha256_start(&h);
    for (uint64_t at = 0, left = i->size_bytes; left > 0;) {
        size_t size = left < PART_BYTES ? (size_t)left : PART_BYTES;
        if (!container_ring_wait_near(c, n, at))
            return ex_fail(err, EX_INTERRUPTED, "it was not read to its end");
        EX_TRY(read_part(s, fd, at, part, size, err));
        sha256_add(&h, part, size);
        at += size;
        left -= size;
    }
    if (!is_unchanged(fd, i))
        return ex_fail(err, EX_SOURCE, "it changed while it was read");
    sha256_end(&h, ret);
    return EX_OK;
}

/* The list grows while it is gone through, so it moves. */
static const struct source *file_at(struct container_files *f, size_t n) {
    pthread_mutex_lock(&f->mutex);
    const struct source *s = n < f->count ? f->source[n] : NULL;
    pthread_mutex_unlock(&f->mutex);
    return s;
}

static void *sum_files(void *container) {
    struct container *c = container;
    struct container_files *f = &c->files;
    const struct source *s;
    while ((s = file_at(f, c->sums.done)) != NULL) {
        uint8_t sum[SHA256_BYTES] = {0};
        struct ex_error why = {0};
        ex_code code = sum_file(c, c->sums.done, s, sum, &why);
        pthread_mutex_lock(&f->mutex);
        struct container_file *file = &f->file[c->sums.done];
        file->hashed = code == EX_OK;
        memcpy(file->sha256, sum, sizeof sum);
        (void)snprintf(file->not_hashed, sizeof file->not_hashed, "%s", why.text);
        pthread_mutex_unlock(&f->mutex);
        if (code == EX_INTERRUPTED)
            break;
        c->sums.done++;
    }
    return NULL;
}

ex_code container_sums_start(struct container *c, struct ex_error *err) {
    if (pthread_create(&c->sums.thread, NULL, sum_files, c) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    c->sums.started = true;
    return EX_OK;
}

void container_sums_end(struct container *c) {
    if (c->sums.started)
        pthread_join(c->sums.thread, NULL);
    c->sums.started = false;
}

ex_code container_sums_wait(struct container *c, struct ex_error *err) {
    container_sums_end(c);
    (void)sum_files(c); /* what was opened after the thread had ended */
    return file_at(&c->files, c->sums.done) == NULL
               ? EX_OK
               : ex_fail(err, EX_INTERRUPTED, "interrupted while hashing the files of \"%s\"",
                         c->path);
}
