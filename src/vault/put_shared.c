/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of a put share: events, and the first error. */
#include "vault/put_internal.h"

ex_code put_shared_open(struct put_shared *s, struct vault *v, struct ex_error *err) {
    s->vault = v;
    s->pair = sha256_pair_works();
    pthread_mutex_init(&s->mutex, NULL);
    for (size_t i = 0; i < PUT_EVENTS; i++)
        pthread_cond_init(&s->event[i], NULL);
    EX_TRY(workers_open(&s->workers, POOL_WAITING, POOL_QUEUE, err));
    pace_start(&s->pace, ex_cpu_count());
    return EX_OK;
}

void put_wait(struct put_shared *s, enum put_event event) {
    pthread_cond_wait(&s->event[event], &s->mutex);
}

void put_fail(struct put_shared *s, const struct ex_error *err) {
    pthread_mutex_lock(&s->mutex);
    if (!atomic_load(&s->failed))
        s->error = *err;
    atomic_store(&s->failed, true);
    for (size_t i = 0; i < PUT_EVENTS; i++)
        pthread_cond_broadcast(&s->event[i]);
    pthread_mutex_unlock(&s->mutex);
}

void put_shared_close(struct put_shared *s) {
    workers_close(&s->workers);
    pthread_mutex_destroy(&s->mutex);
    for (size_t i = 0; i < PUT_EVENTS; i++)
        pthread_cond_destroy(&s->event[i]);
}
