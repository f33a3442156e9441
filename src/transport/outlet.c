/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/outlet_internal.h"

#include "base/file.h"
#include <pthread.h>

enum { SLOTS = 4, SLOT_BYTES = 1 << 20 };

struct slot {
    size_t used;
    uint8_t data[SLOT_BYTES];
};

struct outlet {
    int fd;
    char *name;
    enum outlet_hashes hashes;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t filled, taken; /* slots so far */
    bool ended, failed;
    struct ex_error why; /* the thread's, once failed */
    struct sha256 sha256;
    struct minisign_hash blake2b;
    uint64_t size_bytes;
    struct slot slot[SLOTS];
};

/* The next full slot; NULL when there will be no more. */
static struct slot *take(struct outlet *o) {
    struct slot *s = NULL;
    pthread_mutex_lock(&o->mutex);
    while (o->taken == o->filled && !o->ended)
        pthread_cond_wait(&o->changed, &o->mutex);
    if (o->taken < o->filled)
        s = &o->slot[o->taken % SLOTS];
    pthread_mutex_unlock(&o->mutex);
    return s;
}

static void give_back(struct outlet *o, bool failed) {
    pthread_mutex_lock(&o->mutex);
    o->taken++;
    o->failed = o->failed || failed;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
}

static void *run(void *argument) {
    struct outlet *o = argument;
    bool failed = false;
    for (struct slot *s; (s = take(o)) != NULL;) {
        if (!failed) {
            if ((o->hashes & OUTLET_SHA256) != 0)
                sha256_add(&o->sha256, s->data, s->used);
            if ((o->hashes & OUTLET_BLAKE2B) != 0)
                minisign_hash_add(&o->blake2b, s->data, s->used);
            o->size_bytes += s->used;
            if (o->fd >= 0)
                failed = ex_write_all(o->fd, s->data, s->used, o->name, &o->why) != EX_OK;
        }
        give_back(o, failed);
    }
    return NULL;
}

ex_code outlet_new(int fd, const char *name, enum outlet_hashes hashes, struct outlet **ret,
                   struct ex_error *err) {
    EX_AUTO(outlet_free) struct outlet *o = ex_new0(struct outlet);
    o->fd = fd;
    o->hashes = hashes;
    o->name = ex_strdup(name);
    sha256_start(&o->sha256);
    minisign_hash_start(&o->blake2b);
    pthread_mutex_init(&o->mutex, NULL);
    pthread_cond_init(&o->changed, NULL);
    if (pthread_create(&o->thread, NULL, run, o) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    o->started = true;
    *ret = ex_steal(&o);
    return EX_OK;
}

/* The slot that is being filled, when there is room in the ring. */
static ex_code wait_for_room(struct outlet *o, struct ex_error *err) {
    pthread_mutex_lock(&o->mutex);
    while (o->filled - o->taken >= SLOTS && !o->failed)
        pthread_cond_wait(&o->changed, &o->mutex);
    bool failed = o->failed;
    pthread_mutex_unlock(&o->mutex);
    if (failed && err != NULL)
        *err = o->why;
    return failed ? o->why.code : EX_OK;
}

static void push(struct outlet *o) {
    pthread_mutex_lock(&o->mutex);
    o->filled++;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
}

ex_code outlet_write(void *outlet, const void *data, size_t size_bytes, struct ex_error *err) {
    struct outlet *o = outlet;
    const uint8_t *at = data;
    while (size_bytes > 0) {
        EX_TRY(wait_for_room(o, err));
        struct slot *s = &o->slot[o->filled % SLOTS];
        size_t room = SLOT_BYTES - s->used, part = size_bytes < room ? size_bytes : room;
        memcpy(s->data + s->used, at, part);
        s->used += part;
        at += part;
        size_bytes -= part;
        if (s->used == SLOT_BYTES) {
            push(o);
            EX_TRY(wait_for_room(o, err));
            o->slot[o->filled % SLOTS].used = 0;
        }
    }
    return EX_OK;
}

static void stop(struct outlet *o) {
    if (!o->started)
        return;
    pthread_mutex_lock(&o->mutex);
    o->ended = true;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
    pthread_join(o->thread, NULL);
    o->started = false;
}

ex_code outlet_finish(struct outlet *o, struct outlet_sums *ret, struct ex_error *err) {
    EX_TRY(wait_for_room(o, err));
    if (o->slot[o->filled % SLOTS].used > 0)
        push(o);
    stop(o);
    if (o->failed) {
        if (err != NULL)
            *err = o->why;
        return o->why.code;
    }
    ret->size_bytes = o->size_bytes;
    sha256_end(&o->sha256, ret->sha256);
    minisign_hash_end(&o->blake2b, ret->blake2b);
    return EX_OK;
}

void outlet_free(struct outlet *o) {
    if (o == NULL)
        return;
    stop(o);
    pthread_mutex_destroy(&o->mutex);
    pthread_cond_destroy(&o->changed);
    free(o->name);
    free(o);
}
