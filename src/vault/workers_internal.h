/* SPDX-License-Identifier: Apache-2.0 */
/* A pool whose workers each have what reading and writing records takes; one set more is the
 * caller's own, at [own]. */
#ifndef EXHIBIT_VAULT_WORKERS_INTERNAL_H
#define EXHIBIT_VAULT_WORKERS_INTERNAL_H

#include "base/pool.h"
#include "vault/vault_internal.h"

enum { WORKERS_MAX = 64 };

struct workers {
    struct ex_pool *pool;
    unsigned own; /* = number of threads */
    struct codec *codec[WORKERS_MAX + 1];
    struct block_hasher *hasher[WORKERS_MAX + 1];
};

/* One thread for each core, and `waiting` more so that the cores have work while some threads wait
 * for the disk. After a failure workers_close() is still owed. */
EX_MUST_USE ex_code workers_open(struct workers *w, unsigned waiting, unsigned queue_limit,
                                 struct ex_error *err);
/* Finishes what was submitted. Accepts a zeroed struct. */
void workers_close(struct workers *w);

#endif
