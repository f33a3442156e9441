/* SPDX-License-Identifier: Apache-2.0 */
/* Inside a container: its files (container_files.c), the workers that read its content
 * (container_work.c), the hashes that it states (container_hash.c), those of its files
 * (container_sums.c), and the ring in which the content goes from the workers to the source's
 * caller (container_ring.c).
 */
#ifndef EXHIBIT_SOURCE_CONTAINER_INTERNAL_H
#define EXHIBIT_SOURCE_CONTAINER_INTERNAL_H

#include "source/container.h"
#include "source/source_internal.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    STRIPE_BYTES = 4 << 20, /* what one worker reads before it takes another */
    STRIPES_BESIDE = 2,     /* for each worker, those that are done or being copied */
    CONTAINER_WORKERS_MAX = 4,
    CONTAINER_LOST_MAX = 16,               /* workers; then the whole is given up */
    CONTAINER_DISK_ERRORS_MAX = 16384,     /* pieces that its disk did not give; likewise */
    CONTAINER_SUMS_AHEAD_BYTES = 64 << 20, /* of a file, of what the workers read of it */
    /* What is given up at the least: a chunk of the image, but not less or more than these. */
    CONTAINER_PIECE_LEAST = 512,
    CONTAINER_PIECE_MOST = 4096
};

/* ---- the files: shared by the workers, each of which has numbers of its own for them ---- */

struct container_files {
    pthread_mutex_t mutex;
    const char *first; /* the path that was named */
    struct source **source;
    struct container_file *file; /* one for each source */
    size_t count, source_capacity, file_capacity;
    size_t reached; /* the last file of which content was read, and how far: */
    uint64_t reached_bytes;
    size_t good; /* something that was read, of which file and where: */
    uint64_t good_at;
    size_t good_bytes;
    atomic_uint_fast64_t bytes_read;
};
ex_code container_files_open(struct container_files *f, const char *path, struct ex_error *err);
void container_files_close(struct container_files *f);
/* The file beside the first one that a parser calls `name`: "segment N", "file NAME". EX_MISSING;
 * EX_DENIED: it lies elsewhere. */
ex_code container_files_find(struct container_files *f, const char *name, size_t *ret,
                             struct ex_error *err);
/* What its disk does not give: ret->sys says why. */
ex_code container_files_read(struct container_files *f, size_t file, uint64_t offset, uint8_t *to,
                             size_t size_bytes, struct ex_error *err);
/* Can something that was read before be read again? */
bool container_files_answer(struct container_files *f);
/* Content was read up to there. */
void container_files_reach(struct container_files *f, size_t file, uint64_t end);
bool container_files_are_near(struct container_files *f, size_t file, uint64_t offset);
/* The path of segment `number` (2 …) of the one that `first` names. False: no rule fits. */
bool container_segment_path(const char *first, unsigned number, char *ret, size_t size_bytes);

/* ---- the ring ---- */

struct stripe {
    uint8_t *data; /* STRIPE_BYTES */
    bool ready;
    struct source_range *bad; /* ascending */
    size_t bad_count, bad_capacity;
};

struct container_worker {
    struct container *container;
    struct sandbox *sandbox;
    bool opening;
    size_t *file; /* of each input */
    size_t file_count, file_capacity;
    pthread_t thread;
    bool started;
};

/* The content by one algorithm, on a thread of its own, however often the container states it. */
struct container_hasher {
    struct container *container;
    const char *algorithm;
    void *state;   /* EVP_MD_CTX */
    uint64_t done; /* stripes */
    pthread_t thread;
    bool started;
};

/* The files, one after the other, on a thread of their own. */
struct container_sums {
    size_t done; /* files */
    pthread_t thread;
    bool started;
};

struct container {
    const char *path;
    char format[32];
    char program[PATH_MAX];
    struct container_files files;
    struct sandbox_content content; /* as the first worker found it */
    size_t piece_least;
    char confinement[256];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under the mutex: */
    uint64_t next, read; /* stripes: that no worker has taken; that the caller is done with */
    bool quit, hashed;
    ex_code failed;
    struct ex_error error;
    unsigned lost, disk_failed; /* workers; pieces */
    struct container_places damage, disk_errors;
    uint64_t stated_but_there; /* bytes */
    bool damaged; /* zeros stand for something of the content that the image should have */
    struct container_worker worker[CONTAINER_WORKERS_MAX];
    size_t worker_count;
    struct container_hasher hasher[CONTAINER_HASHES_MAX];
    size_t hasher_count;
    struct container_hash hash[CONTAINER_HASHES_MAX];
    size_t hash_count;
    struct container_sums sums;
    struct stripe *ring;
    size_t ring_size;
    const atomic_bool *stop, *stop_opening; /* the latter may be NULL */
};

static inline uint64_t container_stripes(const struct container *c) {
    return (c->content.size_bytes + STRIPE_BYTES - 1) / STRIPE_BYTES;
}
static inline size_t container_stripe_bytes(const struct container *c, uint64_t n) {
    uint64_t left = c->content.size_bytes - n * STRIPE_BYTES;
    return left < STRIPE_BYTES ? (size_t)left : STRIPE_BYTES;
}

/* source_open_container() with this worker program. */
ex_code source_open_container_by(const char *program, const char *path, const char *format,
                                 const atomic_bool *stop, struct source **ret,
                                 struct ex_error *err);

ex_code container_ring_start(struct container *c, struct ex_error *err);
void container_ring_stop(struct container *c);
/* Failed, or nobody wants the content any more. */
bool container_ring_is_over(struct container *c);
/* For a worker: the next stripe, once there is room for it. False: it is over. */
bool container_ring_take(struct container *c, uint64_t *ret);
void container_ring_put(struct container *c, uint64_t n);
void container_ring_fail(struct container *c, const struct ex_error *err);
/* For a reader: waits until stripe n is there. */
ex_code container_ring_wait(struct container *c, uint64_t n, struct stripe **ret,
                            struct ex_error *err);
/* `done` (the caller's, or a hasher's) goes up by one. */
void container_ring_done(struct container *c, uint64_t *done);
/* For the hashing of the files: waits until the workers are not far from that place, or have taken
 * all that there is. False: it is over. */
bool container_ring_wait_near(struct container *c, size_t file, uint64_t offset);

/* ---- workers ---- */

/* A sandbox with the container open in it. ret_content may be NULL; otherwise it is to be cleared
 * after a failure, too. */
ex_code container_worker_open(struct container_worker *w, struct sandbox_content *ret_content,
                              struct ex_error *err);
void container_worker_close(struct container_worker *w);
void *container_work(void *worker);

/* ---- hashes ---- */

/* Those that the content states. */
void container_hashes_find(struct container *c);
ex_code container_hashes_start(struct container *c, struct ex_error *err);
/* Waits for what the hashers do; `whole`: the content was read to its end. */
void container_hashes_end(struct container *c, bool whole);

/* ---- the SHA-256 of its files ---- */

ex_code container_sums_start(struct container *c, struct ex_error *err);
/* Waits until each file was hashed, or it is known why not. EX_INTERRUPTED. */
ex_code container_sums_wait(struct container *c, struct ex_error *err);
/* Of a container that is over. */
void container_sums_end(struct container *c);

#endif
