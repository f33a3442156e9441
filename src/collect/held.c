/* SPDX-License-Identifier: Apache-2.0 */
/* An object of a vault, pulled from its first byte to its last while somebody else works. */
#include "collect/held.h"

#include <pthread.h>

struct held {
    struct vault *vault;
    const struct vault_object_info *object;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct vault_piece *piece; /* in hand; NULL: the next one is waited for */
    uint64_t taken;                  /* bytes of it */
    bool ended, stop;
    struct ex_error error; /* when it ended by one */
};

/* In the streaming thread: waits until all of the piece was taken. */
static ex_code give(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct held *h = context;
    if (piece->kind == VAULT_PIECE_DAMAGED)
        return ex_hint(ex_fail(err, piece->missing ? EX_MISSING : EX_ALTERED,
                               "what is held is damaged from byte %llu on: %.100s",
                               (unsigned long long)piece->offset, piece->why),
                       err, "run: exhibit repair");
    pthread_mutex_lock(&h->mutex);
    h->piece = piece;
    h->taken = 0;
    pthread_cond_broadcast(&h->changed);
    while (!h->stop && h->taken < piece->length)
        pthread_cond_wait(&h->changed, &h->mutex);
    h->piece = NULL;
    bool stop = h->stop;
    pthread_mutex_unlock(&h->mutex);
    return stop ? ex_fail(err, EX_INTERRUPTED, "interrupted while reading the vault") : EX_OK;
}

static void *stream(void *argument) {
    struct held *h = argument;
    struct ex_error err = {0};
    ex_code code = vault_stream(h->vault, h->object, false, give, h, NULL, &err);
    pthread_mutex_lock(&h->mutex);
    if (code != EX_OK)
        h->error = err;
    h->ended = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

ex_code held_open(struct vault *v, const struct vault_object_info *object, struct held **ret,
                  struct ex_error *err) {
    struct held *h = ex_new0(struct held);
    h->vault = v;
    h->object = object;
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->changed, NULL);
    if (pthread_create(&h->thread, NULL, stream, h) != 0) {
        pthread_mutex_destroy(&h->mutex);
        pthread_cond_destroy(&h->changed);
        free(h);
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    }
    *ret = h;
    return EX_OK;
}

ex_code held_pull(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                  struct ex_error *err) {
    struct held *h = context;
    ex_code code = EX_OK;
    pthread_mutex_lock(&h->mutex);
    while (!h->ended && (h->piece == NULL || h->taken == h->piece->length))
        pthread_cond_wait(&h->changed, &h->mutex);
    *ret_got = 0;
    if (h->ended) {
        if (h->error.code != EX_OK && err != NULL)
            *err = h->error;
        code = h->error.code;
    } else {
        uint64_t left = h->piece->length - h->taken;
        *ret_got = size_bytes < left ? size_bytes : (size_t)left;
        if (h->piece->kind == VAULT_PIECE_DATA)
            memcpy(to, h->piece->data + h->taken, *ret_got);
        else
            memset(to, h->piece->value, *ret_got);
        h->taken += *ret_got;
        pthread_cond_broadcast(&h->changed);
    }
    pthread_mutex_unlock(&h->mutex);
    return code;
}

void held_close(struct held *h) {
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->mutex);
    h->stop = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->mutex);
    pthread_join(h->thread, NULL);
    pthread_mutex_destroy(&h->mutex);
    pthread_cond_destroy(&h->changed);
    free(h);
}
