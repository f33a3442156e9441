/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/keeper_internal.h"

#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { FILES = 4, BUFFER_BYTES = 1 << 20 };

struct kept {
    int fd;
    const char *name;
    uint8_t *sha256;
    uint64_t settled;
    bool ended;
};

struct keeper {
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t begun, done; /* files so far */
    bool stopping, failed;
    struct ex_error why; /* the thread's, once failed */
    struct kept file[FILES];
    uint8_t buffer[BUFFER_BYTES];
};

/* More than `hashed` bytes of the oldest file, or its end; false: there is nothing more to do. */
static bool wait_for_work(struct keeper *k, uint64_t hashed, struct kept *ret) {
    const struct kept *f = &k->file[k->done % FILES];
    pthread_mutex_lock(&k->mutex);
    while (!k->stopping && (k->done == k->begun || (f->settled == hashed && !f->ended)))
        pthread_cond_wait(&k->changed, &k->mutex);
    bool work = k->done < k->begun && (f->settled > hashed || f->ended);
    *ret = *f;
    pthread_mutex_unlock(&k->mutex);
    return work;
}

static ex_code hash_on(struct keeper *k, const struct kept *f, uint64_t *hashed, struct sha256 *h,
                       struct ex_error *err) {
    uint64_t from = *hashed;
    for (size_t part; *hashed < f->settled; *hashed += part) {
        uint64_t left = f->settled - *hashed;
        part = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
        EX_TRY(ex_read_at(f->fd, k->buffer, part, *hashed, f->name, err));
        sha256_add(h, k->buffer, part);
    }
    /* So that not all of it is left for the end. */
    (void)sync_file_range(f->fd, (off_t)from, (off_t)(*hashed - from), SYNC_FILE_RANGE_WRITE);
    return EX_OK;
}

static void note_failure(struct keeper *k) {
    pthread_mutex_lock(&k->mutex);
    k->failed = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->mutex);
}

static void note_done(struct keeper *k) {
    pthread_mutex_lock(&k->mutex);
    k->file[k->done++ % FILES].fd = -1;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->mutex);
}

static void *run(void *argument) {
    struct keeper *k = argument;
    struct sha256 h;
    struct kept f;
    uint64_t hashed = 0;
    sha256_start(&h);
    while (wait_for_work(k, hashed, &f)) {
        ex_code code = hash_on(k, &f, &hashed, &h, &k->why);
        if (code == EX_OK && f.ended)
            code = ex_sync_fd(f.fd, f.name, &k->why);
        if (code != EX_OK) {
            note_failure(k);
            return NULL;
        }
        if (!f.ended)
            continue;
        sha256_end(&h, f.sha256);
        ex_fd_close(f.fd);
        hashed = 0;
        note_done(k);
    }
    return NULL;
}

ex_code keeper_new(struct keeper **ret, struct ex_error *err) {
    EX_AUTO(keeper_free) struct keeper *k = ex_new0(struct keeper);
    for (size_t i = 0; i < FILES; i++)
        k->file[i].fd = -1;
    pthread_mutex_init(&k->mutex, NULL);
    pthread_cond_init(&k->changed, NULL);
    if (pthread_create(&k->thread, NULL, run, k) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    k->started = true;
    *ret = ex_steal(&k);
    return EX_OK;
}

static ex_code failure(struct keeper *k, bool failed, struct ex_error *err) {
    if (failed && err != NULL)
        *err = k->why;
    return failed ? k->why.code : EX_OK;
}

ex_code keeper_begin(struct keeper *k, int fd, const char *name,
                     uint8_t ret_sha256[static SHA256_BYTES], struct ex_error *err) {
    pthread_mutex_lock(&k->mutex);
    while (k->begun - k->done >= FILES && !k->failed)
        pthread_cond_wait(&k->changed, &k->mutex);
    bool failed = k->failed;
    if (!failed)
        k->file[k->begun++ % FILES] = (struct kept){fd, name, ret_sha256, 0, false};
    pthread_mutex_unlock(&k->mutex);
    if (failed)
        ex_fd_close(fd);
    return failure(k, failed, err);
}

ex_code keeper_write(struct keeper *k, uint64_t offset, const void *data, size_t size_bytes,
                     struct ex_error *err) {
    const struct kept *f = &k->file[(k->begun - 1) % FILES];
    return ex_write_at(f->fd, data, size_bytes, offset, f->name, err);
}

ex_code keeper_settled(struct keeper *k, uint64_t size_bytes, bool ended, struct ex_error *err) {
    pthread_mutex_lock(&k->mutex);
    struct kept *f = &k->file[(k->begun - 1) % FILES];
    bool failed = k->failed;
    f->settled = size_bytes;
    f->ended = ended;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->mutex);
    return failure(k, failed, err);
}

static void stop(struct keeper *k) {
    if (!k->started)
        return;
    pthread_mutex_lock(&k->mutex);
    k->stopping = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->mutex);
    pthread_join(k->thread, NULL);
    k->started = false;
}

ex_code keeper_finish(struct keeper *k, struct ex_error *err) {
    stop(k);
    return failure(k, k->failed, err);
}

void keeper_free(struct keeper *k) {
    if (k == NULL)
        return;
    stop(k);
    for (size_t i = 0; i < FILES; i++)
        ex_fd_close(k->file[i].fd);
    pthread_mutex_destroy(&k->mutex);
    pthread_cond_destroy(&k->changed);
    free(k);
}
