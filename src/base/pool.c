/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct ex_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work_came;
    pthread_cond_t job_done;
    struct ex_job *first;
    struct ex_job **last;
    unsigned pending; /* submitted, not finished */
    unsigned queue_limit;
    bool stopping;
    unsigned threads;
    atomic_uint next_worker;
    pthread_t thread[];
};

enum { THREADS_MAX = 256 };

unsigned ex_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count;
}

static void *work(void *argument) {
    struct ex_pool *pool = argument;
    unsigned worker = atomic_fetch_add(&pool->next_worker, 1);
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->first == NULL && !pool->stopping)
            pthread_cond_wait(&pool->work_came, &pool->mutex);
        struct ex_job *job = pool->first;
        if (job == NULL)
            break;
        pool->first = job->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        pthread_mutex_unlock(&pool->mutex);
        job->run(job, worker);
        pthread_mutex_lock(&pool->mutex);
        job->done = true;
        pool->pending--;
        pthread_cond_broadcast(&pool->job_done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

ex_code ex_pool_new(unsigned threads, unsigned queue_limit, struct ex_pool **ret,
                    struct ex_error *err) {
    if (threads == 0 || threads > THREADS_MAX)
        return ex_fail(err, EX_LIMIT, "a pool of %u threads is not possible", threads);
    struct ex_pool *pool = ex_new0_bytes(sizeof *pool + threads * sizeof pool->thread[0]);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work_came, NULL);
    pthread_cond_init(&pool->job_done, NULL);
    pool->last = &pool->first;
    pool->queue_limit = queue_limit;
    for (; pool->threads < threads; pool->threads++) {
        if (pthread_create(&pool->thread[pool->threads], NULL, work, pool) != 0) {
            ex_pool_free(pool);
            return ex_fail(err, EX_NOMEM, "could not start a thread");
        }
    }
    *ret = pool;
    return EX_OK;
}

void ex_pool_free(struct ex_pool *pool) {
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work_came);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->work_came);
    pthread_cond_destroy(&pool->job_done);
    free(pool);
}

unsigned ex_pool_threads(const struct ex_pool *pool) {
    return pool->threads;
}

void ex_pool_submit(struct ex_pool *pool, struct ex_job *job) {
    job->next = NULL;
    job->done = false;
    pthread_mutex_lock(&pool->mutex);
    while (pool->pending >= pool->queue_limit)
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    *pool->last = job;
    pool->last = &job->next;
    pool->pending++;
    pthread_cond_signal(&pool->work_came);
    pthread_mutex_unlock(&pool->mutex);
}

void ex_job_wait(struct ex_pool *pool, struct ex_job *job) {
    pthread_mutex_lock(&pool->mutex);
    while (!job->done)
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
