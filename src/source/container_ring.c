/* SPDX-License-Identifier: Apache-2.0 */
/* The ring: stripes of the content, from the workers to those who read them in order, the caller of
 * the source and the hashers. A stripe is used again when all of them are done with it. */
#include "source/container_internal.h"

#include "base/clock.h"

enum { WAIT_MS = 200 };

ex_code container_ring_start(struct container *c, struct ex_error *err) {
    c->ring_size = c->worker_count * (1 + STRIPES_BESIDE);
    EX_TRY(ex_alloc(c->ring_size, sizeof *c->ring, CONTAINER_WORKERS_MAX * 64 * sizeof *c->ring,
                    "reading a container", &c->ring, err));
    for (size_t i = 0; i < c->ring_size; i++)
        EX_TRY(
            ex_alloc(STRIPE_BYTES, 1, STRIPE_BYTES, "reading a container", &c->ring[i].data, err));
    return EX_OK;
}

void container_ring_stop(struct container *c) {
    pthread_mutex_lock(&c->mutex);
    c->quit = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

/* The caller's thread can be told to stop at any time, and nobody signals that. */
static void wait_a_little(struct container *c) {
    const struct timespec until = ex_deadline(WAIT_MS);
    (void)pthread_cond_clockwait(&c->changed, &c->mutex, CLOCK_MONOTONIC, &until);
}

static bool is_over(const struct container *c) {
    return c->quit || c->failed != EX_OK || atomic_load(c->stop);
}

bool container_ring_is_over(struct container *c) {
    pthread_mutex_lock(&c->mutex);
    bool over = is_over(c);
    pthread_mutex_unlock(&c->mutex);
    return over;
}

/* The first stripe that somebody still needs. */
static uint64_t needed_from(const struct container *c) {
    uint64_t from = c->read;
    for (size_t i = 0; i < c->hasher_count; i++)
        from = c->hasher[i].done < from ? c->hasher[i].done : from;
    return from;
}

bool container_ring_take(struct container *c, uint64_t *ret) {
    pthread_mutex_lock(&c->mutex);
    while (!c->quit && c->failed == EX_OK && c->next < container_stripes(c) &&
           c->next >= needed_from(c) + c->ring_size)
        wait_a_little(c);
    bool more = !c->quit && c->failed == EX_OK && c->next < container_stripes(c);
    *ret = more ? c->next++ : 0;
    if (more) {
        c->ring[*ret % c->ring_size].ready = false;
        c->ring[*ret % c->ring_size].bad_count = 0;
    }
    pthread_mutex_unlock(&c->mutex);
    return more;
}

void container_ring_put(struct container *c, uint64_t n) {
    pthread_mutex_lock(&c->mutex);
    c->ring[n % c->ring_size].ready = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

void container_ring_fail(struct container *c, const struct ex_error *err) {
    pthread_mutex_lock(&c->mutex);
    if (c->failed == EX_OK) {
        c->failed = err->code;
        c->error = *err;
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

ex_code container_ring_wait(struct container *c, uint64_t n, struct stripe **ret,
                            struct ex_error *err) {
    struct stripe *s = &c->ring[n % c->ring_size];
    pthread_mutex_lock(&c->mutex);
    ex_code code = EX_OK;
    while (code == EX_OK && !(n < c->next && s->ready)) {
        if (c->failed != EX_OK) {
            code = c->failed;
            if (err != NULL)
                *err = c->error;
        } else if (is_over(c)) {
            code = ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", c->path);
        } else {
            wait_a_little(c);
        }
    }
    pthread_mutex_unlock(&c->mutex);
    *ret = s;
    return code;
}

void container_ring_done(struct container *c, uint64_t *done) {
    pthread_mutex_lock(&c->mutex);
    ++*done;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

bool container_ring_wait_near(struct container *c, size_t file, uint64_t offset) {
    pthread_mutex_lock(&c->mutex);
    while (!is_over(c) && c->next < container_stripes(c) &&
           !container_files_are_near(&c->files, file, offset))
        wait_a_little(c);
    bool over = is_over(c);
    pthread_mutex_unlock(&c->mutex);
    return !over;
}
