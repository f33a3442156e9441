/* SPDX-License-Identifier: Apache-2.0 */
/* Workers: a fixed number of threads that run small jobs.
 *
 * A job is a struct that begins with `struct ex_job`; the caller owns it and keeps it alive until
 * ex_job_wait() has returned for it. Jobs start in the order of submission. ex_pool_submit() waits
 * while more than `queue_limit` jobs are pending, so memory stays bounded.
 */
#ifndef EXHIBIT_BASE_POOL_H
#define EXHIBIT_BASE_POOL_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>

struct ex_pool;

struct ex_job {
    void (*run)(struct ex_job *job, unsigned worker); /* worker: 0 … threads − 1 */
    struct ex_job *next;                              /* the pool's */
    bool done;                                        /* the pool's */
};

unsigned ex_cpu_count(void); /* usable by this process; at least 1 */

EX_MUST_USE ex_code ex_pool_new(unsigned threads, unsigned queue_limit, struct ex_pool **ret,
                                struct ex_error *err);
void ex_pool_free(struct ex_pool *pool); /* finishes what was submitted */
EX_DEFINE_AUTO(struct ex_pool, ex_pool_free);

unsigned ex_pool_threads(const struct ex_pool *pool);
void ex_pool_submit(struct ex_pool *pool, struct ex_job *job);
void ex_job_wait(struct ex_pool *pool, struct ex_job *job);

#endif
