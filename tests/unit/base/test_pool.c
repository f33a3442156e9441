/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/pool.h"

#include <stdatomic.h>
#include <time.h>

enum { THREADS = 3, JOBS = 500 };

struct square {
    struct ex_job job;
    unsigned number, result, worker;
};

static void run_square(struct ex_job *job, unsigned worker) {
    struct square *s = (struct square *)job;
    s->result = s->number * s->number;
    s->worker = worker;
}

static void every_job_runs_once_for_its_owner(void **state) {
    struct ex_error err;
    EX_AUTO(ex_pool_free) struct ex_pool *pool = NULL;
    static struct square squares[JOBS];
    assert_code(EX_OK, ex_pool_new(THREADS, 8, &pool, &err));
    assert_int_equal(ex_pool_threads(pool), THREADS);
    for (unsigned i = 0; i < JOBS; i++) {
        squares[i] = (struct square){.job.run = run_square, .number = i, .worker = 99};
        ex_pool_submit(pool, &squares[i].job);
    }
    for (unsigned i = JOBS; i-- > 0;) {
        ex_job_wait(pool, &squares[i].job);
        assert_int_equal(squares[i].result, i * i);
        assert_true(squares[i].worker < THREADS);
    }
    /* A job may be used again. */
    squares[0].number = 12;
    ex_pool_submit(pool, &squares[0].job);
    ex_job_wait(pool, &squares[0].job);
    assert_int_equal(squares[0].result, 144);
}

struct turn {
    struct ex_job job;
    atomic_uint *next;
    unsigned got;
};

static void run_turn(struct ex_job *job, unsigned worker) {
    struct turn *t = (struct turn *)job;
    t->got = atomic_fetch_add(t->next, 1);
}

static void one_worker_keeps_the_order(void **state) {
    struct ex_error err;
    EX_AUTO(ex_pool_free) struct ex_pool *pool = NULL;
    static struct turn turns[JOBS];
    atomic_uint next = 0;
    assert_code(EX_OK, ex_pool_new(1, JOBS, &pool, &err));
    for (unsigned i = 0; i < JOBS; i++) {
        turns[i] = (struct turn){.job.run = run_turn, .next = &next};
        ex_pool_submit(pool, &turns[i].job);
    }
    for (unsigned i = 0; i < JOBS; i++) {
        ex_job_wait(pool, &turns[i].job);
        assert_int_equal(turns[i].got, i);
    }
}

static void run_slowly(struct ex_job *job, unsigned worker) {
    struct turn *t = (struct turn *)job;
    struct timespec pause = {.tv_nsec = 2000000};
    (void)nanosleep(&pause, NULL);
    atomic_fetch_add(t->next, 1);
}

/* With a limit of two, a third job is not taken before one of them is done. */
static void the_queue_is_bounded(void **state) {
    struct ex_error err;
    EX_AUTO(ex_pool_free) struct ex_pool *pool = NULL;
    struct turn turns[10];
    atomic_uint done = 0;
    assert_code(EX_OK, ex_pool_new(2, 2, &pool, &err));
    for (unsigned i = 0; i < 10; i++) {
        turns[i] = (struct turn){.job.run = run_slowly, .next = &done};
        ex_pool_submit(pool, &turns[i].job);
        assert_true(atomic_load(&done) + 2 >= i + 1);
    }
    for (unsigned i = 0; i < 10; i++)
        ex_job_wait(pool, &turns[i].job);
    assert_int_equal(done, 10);
}

static void freeing_finishes_what_was_submitted(void **state) {
    struct ex_error err;
    struct ex_pool *pool = NULL;
    struct turn turns[10];
    atomic_uint done = 0;
    assert_code(EX_OK, ex_pool_new(2, 10, &pool, &err));
    for (unsigned i = 0; i < 10; i++) {
        turns[i] = (struct turn){.job.run = run_slowly, .next = &done};
        ex_pool_submit(pool, &turns[i].job);
    }
    ex_pool_free(pool);
    assert_int_equal(done, 10);
    ex_pool_free(NULL);
}

static void impossible_pools(void **state) {
    struct ex_error err;
    struct ex_pool *pool = NULL;
    assert_code(EX_LIMIT, ex_pool_new(0, 8, &pool, &err));
    assert_code(EX_LIMIT, ex_pool_new(257, 8, &pool, &err));
    assert_null(pool);
    assert_true(ex_cpu_count() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_for_its_owner),
        cmocka_unit_test(one_worker_keeps_the_order),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(freeing_finishes_what_was_submitted),
        cmocka_unit_test(impossible_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
