/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/workers_internal.h"

ex_code workers_open(struct workers *w, unsigned waiting, unsigned queue_limit,
                     struct ex_error *err) {
    unsigned threads = ex_cpu_count() + waiting;
    threads = threads < WORKERS_MAX ? threads : WORKERS_MAX;
    w->own = threads;
    for (unsigned i = 0; i <= threads; i++) {
        EX_TRY(codec_new(&w->codec[i], err));
        EX_TRY(block_hasher_new(&w->hasher[i], err));
    }
    return ex_pool_new(threads, queue_limit, &w->pool, err);
}

void workers_close(struct workers *w) {
    ex_pool_free(w->pool);
    for (unsigned i = 0; i <= w->own; i++) {
        codec_free(w->codec[i]);
        block_hasher_free(w->hasher[i]);
    }
    *w = (struct workers){0};
}
