/* SPDX-License-Identifier: Apache-2.0 */
/* The near end of putting: reading slabs, hashing them as a stream and block by block. */
#include "vault/put_internal.h"

#include "base/clock.h"

/* What is constant has a hash that is known; the rest is hashed at once. */
static void hash_slab(struct ex_job *job, unsigned worker) {
    struct slab *slab = (struct slab *)job;
    struct ex_error err;
    struct block_span span[SLAB_BLOCKS / 2 + 1]; /* between any two there is a constant block */
    size_t spans = 0;
    bool open = false;
    for (size_t at = 0, i = 0; at < slab->size_bytes; at += BLOCK_BYTES, i++) {
        const uint8_t *block = slab->data + at;
        size_t left = slab->size_bytes - at, size = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        slab->constant[i] = block_is_constant(block, size);
        if (slab->constant[i])
            memcpy(slab->hash[i], block_hash_constant(block[0]), SHA256_BYTES);
        else if (open)
            span[spans - 1].size_bytes += size;
        else
            span[spans++] = (struct block_span){block, size, slab->hash + i};
        open = !slab->constant[i];
    }
    if (spans > 0 &&
        block_hasher_run_spans(slab->shared->workers.hasher[worker], span, spans, &err) != EX_OK)
        put_fail(slab->shared, &err);
}

static bool has_room(const struct slab_ring *r) {
    return r->filled - r->taken < SLABS && r->filled - r->hashed_linear < SLABS;
}

/* Waits until slab number `filled` is free again; false after a failure. */
static bool wait_for_room(struct slab_ring *r) {
    struct put_shared *s = r->shared;
    pthread_mutex_lock(&s->mutex);
    while (!atomic_load(&s->failed) && !r->stopping && !has_room(r))
        put_wait(s, EVENT_ROOM);
    bool go_on = !atomic_load(&s->failed) && !r->stopping;
    pthread_mutex_unlock(&s->mutex);
    return go_on;
}

/* With the mutex held, after `ended` became true or there is a slab more. */
static void tell_of_slab(struct put_shared *s) {
    pthread_cond_signal(&s->event[EVENT_SLAB]);
    pthread_cond_signal(&s->event[EVENT_LINEAR_SLAB]);
}

/* The source gives nothing more: what it gave before is good, unless the source changed. */
static void end_early(struct slab_ring *r, const struct ex_error *err) {
    struct put_shared *s = r->shared;
    if (err->code == EX_SOURCE) {
        put_fail(s, err);
        return;
    }
    pthread_mutex_lock(&s->mutex);
    r->cut_off = *err;
    r->ended = true;
    tell_of_slab(s);
    pthread_mutex_unlock(&s->mutex);
}

/* The source's list belongs to this thread; what concerns a slab travels with it. */
static ex_code note_unreadable(struct slab_ring *r, struct slab *slab, struct ex_error *err) {
    size_t count, first;
    const struct source_range *bad = source_unreadable(r->source, &count);
    uint64_t end = r->at + slab->size_bytes;
    for (first = count; first > 0 && bad[first - 1].offset + bad[first - 1].length > r->at;)
        first--;
    slab->unreadable_count = 0;
    for (size_t i = first; i < count; i++) {
        uint64_t from = bad[i].offset > r->at ? bad[i].offset : r->at;
        uint64_t to = bad[i].offset + bad[i].length;
        EX_TRY(ex_grow(&slab->unreadable, &slab->unreadable_capacity, slab->unreadable_count + 1,
                       sizeof *bad, SLAB_BYTES, "the list of unreadable ranges", err));
        slab->unreadable[slab->unreadable_count++] =
            (struct source_range){from, (to < end ? to : end) - from, bad[i].why};
    }
    return EX_OK;
}

static void *read_slabs(void *argument) {
    struct slab_ring *r = argument;
    struct put_shared *s = r->shared;
    struct ex_error err;
    while (wait_for_room(r)) {
        struct slab *slab = &r->slab[r->filled % SLABS];
        if (source_read(r->source, slab->data, SLAB_BYTES, &slab->size_bytes, &err) != EX_OK) {
            end_early(r, &err);
            break;
        }
        if (note_unreadable(r, slab, &err) != EX_OK) {
            put_fail(s, &err);
            break;
        }
        r->at += slab->size_bytes;
        if (slab->size_bytes > 0 && !s->pair)
            ex_pool_submit(s->workers.pool, &slab->job);
        pthread_mutex_lock(&s->mutex);
        if (slab->size_bytes > 0)
            r->filled++;
        else
            r->ended = true;
        tell_of_slab(s);
        pthread_mutex_unlock(&s->mutex);
        if (slab->size_bytes == 0)
            break;
    }
    return NULL;
}

/* Slab number n is there: its place in the ring; NULL at the end or after a failure. */
static struct slab *wait_for_slab(struct slab_ring *r, uint64_t n, enum put_event event) {
    struct put_shared *s = r->shared;
    pthread_mutex_lock(&s->mutex);
    while (!atomic_load(&s->failed) && r->filled <= n && !r->ended)
        put_wait(s, event);
    bool there = !atomic_load(&s->failed) && r->filled > n;
    pthread_mutex_unlock(&s->mutex);
    return there ? &r->slab[n % SLABS] : NULL;
}

static void count_up(struct slab_ring *r, uint64_t *count) {
    struct put_shared *s = r->shared;
    pthread_mutex_lock(&s->mutex);
    ++*count;
    pthread_cond_signal(&s->event[EVENT_ROOM]);
    if (count == &r->hashed_linear)
        pthread_cond_signal(&s->event[EVENT_LINEAR_DONE]);
    pthread_mutex_unlock(&s->mutex);
}

/* The last block of the source, when it is a short one. */
static void hash_tail(struct slab_ring *r, struct slab *slab, size_t at) {
    uint8_t block[BLOCK_BYTES] = {0};
    size_t size = slab->size_bytes - at;
    if (size == 0)
        return;
    memcpy(block, slab->data + at, size);
    slab->constant[at / BLOCK_BYTES] = false;
    sha256_of(block, sizeof block, slab->hash[at / BLOCK_BYTES]);
    sha256_add(&r->linear, slab->data + at, size);
}

/* The stream and its blocks in one pass; a constant block has a hash that is known. */
static void hash_pair(struct slab_ring *r, struct slab *slab) {
    size_t blocks = slab->size_bytes / BLOCK_BYTES;
    for (size_t i = 0, end; i < blocks; i = end) {
        bool constant = slab->constant[i] =
            block_is_constant(slab->data + i * BLOCK_BYTES, BLOCK_BYTES);
        for (end = i + 1; end < blocks; end++) {
            slab->constant[end] = block_is_constant(slab->data + end * BLOCK_BYTES, BLOCK_BYTES);
            if (slab->constant[end] != constant)
                break;
        }
        for (size_t k = i; constant && k < end; k++)
            memcpy(slab->hash[k], block_hash_constant(slab->data[k * BLOCK_BYTES]), SHA256_BYTES);
        sha256_pair_add(&r->linear, slab->data + i * BLOCK_BYTES, end - i,
                        constant ? NULL : slab->hash + i);
    }
    hash_tail(r, slab, blocks * BLOCK_BYTES);
}

static void *hash_linear(void *argument) {
    struct slab_ring *r = argument;
    struct slab *slab;
    while ((slab = wait_for_slab(r, r->hashed_linear, EVENT_LINEAR_SLAB)) != NULL) {
        if (r->shared->pair)
            hash_pair(r, slab);
        else
            sha256_add(&r->linear, slab->data, slab->size_bytes);
        slab->linear = r->linear;
        count_up(r, &r->hashed_linear);
    }
    return NULL;
}

ex_code slab_ring_start(struct slab_ring *r, struct put_shared *s, struct source *source,
                        const struct put_state *from, struct ex_error *err) {
    r->shared = s;
    r->source = source;
    r->at = from->offset;
    if (from->offset > 0)
        r->linear = from->linear;
    else
        sha256_start(&r->linear);
    for (size_t i = 0; i < SLABS; i++) {
        r->slab[i].job.run = hash_slab;
        r->slab[i].shared = s;
        r->slab[i].data = aligned_alloc(BLOCK_BYTES, SLAB_BYTES);
        if (r->slab[i].data == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for reading");
    }
    if (pthread_create(&r->reader, NULL, read_slabs, r) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    if (pthread_create(&r->hasher, NULL, hash_linear, r) != 0) {
        (void)ex_fail(err, EX_NOMEM, "could not start a thread");
        put_fail(s, err);
        source_stop(r->source);
        pthread_join(r->reader, NULL);
        return EX_NOMEM;
    }
    return EX_OK;
}

bool slab_ring_wait(struct slab_ring *r) {
    struct put_shared *s = r->shared;
    const struct timespec until = ex_deadline(SLAB_WAIT_MS);
    int timed_out = 0;
    pthread_mutex_lock(&s->mutex);
    while (!atomic_load(&s->failed) && r->filled <= r->taken && !r->ended && timed_out == 0)
        timed_out =
            pthread_cond_clockwait(&s->event[EVENT_SLAB], &s->mutex, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&s->mutex);
    return timed_out == 0;
}

/* Waits until so many slabs were hashed linearly; false after a failure. */
static bool wait_for_linear(struct slab_ring *r, uint64_t slabs) {
    struct put_shared *s = r->shared;
    pthread_mutex_lock(&s->mutex);
    while (!atomic_load(&s->failed) && r->hashed_linear < slabs)
        put_wait(s, EVENT_LINEAR_DONE);
    pthread_mutex_unlock(&s->mutex);
    return !atomic_load(&s->failed);
}

struct slab *slab_ring_take(struct slab_ring *r) {
    struct slab *slab = wait_for_slab(r, r->taken, EVENT_SLAB);
    if (slab == NULL)
        return NULL;
    if (r->shared->pair)
        return wait_for_linear(r, r->taken + 1) ? slab : NULL;
    ex_job_wait(r->shared->workers.pool, &slab->job);
    return slab;
}

void slab_ring_give_back(struct slab_ring *r) {
    count_up(r, &r->taken);
}

bool slab_ring_linear(struct slab_ring *r, uint64_t slabs, struct sha256 *ret) {
    bool done = wait_for_linear(r, slabs);
    *ret = r->slab[(slabs - 1) % SLABS].linear;
    return done;
}

void slab_ring_stop(struct slab_ring *r) {
    struct put_shared *s = r->shared;
    source_stop(r->source);
    pthread_mutex_lock(&s->mutex);
    r->stopping = r->ended = true;
    pthread_cond_signal(&s->event[EVENT_ROOM]);
    tell_of_slab(s);
    pthread_mutex_unlock(&s->mutex);
}

void slab_ring_join(struct slab_ring *r) {
    pthread_join(r->reader, NULL);
    pthread_join(r->hasher, NULL);
}

void slab_ring_free(struct slab_ring *r) {
    for (size_t i = 0; i < SLABS; i++) {
        free(r->slab[i].data);
        free(r->slab[i].unreadable);
    }
}
