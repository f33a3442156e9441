/* SPDX-License-Identifier: Apache-2.0 */
/* Putting an object: who does what, and how they hand over.
 *
 *   reader thread   source → slabs (1 MiB)
 *   linear thread   slabs, in order → SHA-256, and block hashes in the same pass
 *   pool            slabs, any order → block hashes, where one pass cannot do both
 *                   records → compressed
 *                   records on the disk → read back, decoded, hashed again
 *   caller          slabs, in order → chunks → known or new → records
 *   writer thread   records, in order → pack → fsync → (read back) → trailer → published
 *
 * Slabs and records wait in short queues, so memory does not depend on the source. The first error
 * of any of them ends all of them.
 */
#ifndef EXHIBIT_VAULT_PUT_INTERNAL_H
#define EXHIBIT_VAULT_PUT_INTERNAL_H

#include "crypto/sha256_pair.h"
#include "vault/layout_internal.h"
#include "vault/work_internal.h"
#include "vault/workers_internal.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    SLAB_BYTES = 1 << 20,
    SLAB_BLOCKS = SLAB_BYTES / BLOCK_BYTES,
    SLABS = 16,
    RECORDS_QUEUED_MAX = 96,
    SYNC_BYTES = 32 << 20,
    TRAILER_TARGET_BYTES = 32 << 20, /* a trailer is a record, and has a record's limit */
    LOCK_WAIT_MS = 2000,
    SLAB_WAIT_MS = 200,
    POOL_QUEUE = 1024,
    POOL_WAITING = 2 /* threads: for reading back */
};

/* A resume point is made when so much was stored or read, or so much time went by, since the last.
 * Of what is read that is one of so many parts of the source, so that kill -9 costs less than a
 * hundredth of a large one, but not less than is worth the cost of a point. */
#define POINT_PARTS        ((uint64_t)200)
#define POINT_LEAST_BYTES  ((uint64_t)128 << 20)
#define POINT_STORED_BYTES ((uint64_t)192 << 20)
#define POINT_READ_BYTES   ((uint64_t)8 << 30)
#define POINT_NS           ((uint64_t)60 * 1000000000)

/* ---- how hard new data is compressed: put_pace.c ----
 *
 * As hard as there is time for. While records wait for a processor the level goes down, towards
 * RECORD_LEVEL_FASTEST; while processors wait for the source or for the disk it goes up, towards
 * PACE_STRONGEST. Only the coded bytes depend on it, so timing does not change what an object is; a
 * compaction compresses again what was stored in a hurry. */
enum { PACE_STRONGEST = 3 };
struct pace {
    unsigned cores;
    unsigned step;       /* 0: the fastest */
    unsigned since;      /* records since it was changed */
    atomic_uint unbuilt; /* records handed in and not compressed yet */
};
void pace_start(struct pace *p, unsigned cores);
/* The level for the next record, which counts as unbuilt from now on. One thread asks. */
int pace_next(struct pace *p);

/* ---- what every thread sees ---- */

/* What a thread may wait for; one thread waits for each, but a failure wakes all. */
enum put_event {
    EVENT_ROOM,        /* a slab is free */
    EVENT_SLAB,        /* a slab was read: for the caller */
    EVENT_LINEAR_SLAB, /* … for the linear thread */
    EVENT_LINEAR_DONE,
    EVENT_RECORD,
    EVENT_RECORD_ROOM,
    PUT_EVENTS
};

struct put_shared {
    struct vault *vault;
    int level; /* of compression; 0: as the pace says */
    struct pace pace;
    bool pair; /* the linear thread also hashes blocks; otherwise the pool does */
    struct workers workers;
    pthread_mutex_t mutex;
    pthread_cond_t event[PUT_EVENTS];
    atomic_bool failed;
    struct ex_error error; /* the first one */
};

/* After a failure put_shared_close() is still owed. */
EX_MUST_USE ex_code put_shared_open(struct put_shared *s, struct vault *v, struct ex_error *err);
/* Finishes what was submitted to the workers; nobody uses it any more. */
void put_shared_close(struct put_shared *s);
/* With the mutex held: waits until something wakes it up. */
void put_wait(struct put_shared *s, enum put_event event);
/* Keeps the first error and wakes everybody up. */
void put_fail(struct put_shared *s, const struct ex_error *err);

/* ---- stored bytes that may be shared: reuse.c ---- */

struct reuse {
    struct vault *vault;
    bool compare_bytes;
    struct codec *codec;
    bool loaded, sound, has_bytes; /* not only the table */
    struct index_place place;      /* of the record in hand */
    struct record record;
};
EX_MUST_USE ex_code reuse_open(struct reuse *u, struct vault *v, bool compare_bytes,
                               struct ex_error *err);
void reuse_close(struct reuse *u);
/* True when the vault holds these bytes under this id, and where. */
bool reuse_find(struct reuse *u, enum record_type type, const uint8_t id[static SHA256_BYTES],
                const uint8_t *data, size_t size_bytes, struct index_place *ret);

/* ---- resume points: put_state.c, put_resume.c ---- */

/* All that must be known to go on behind the first `offset` bytes (format/vault §6.2). */
struct put_state {
    uint64_t offset;      /* bytes of the stream that were taken */
    struct sha256 linear; /* only in a resume point: otherwise the linear thread has it */
    struct chunker chunker;
    struct layout_builder layout;
    struct verity verity;
    struct salted salted;
    struct vault_put_report report; /* its counters */
    bool reused;
    size_t unreadable_count, unreadable_capacity;
    struct source_range *unreadable; /* before offset: ascending, merged */
};
void put_state_clear(struct put_state *s);
EX_MUST_USE ex_code put_state_add_range(struct put_state *s, struct source_range range,
                                        struct ex_error *err);
/* Into the object, without the reasons: those are the report's (format/object §6). */
EX_MUST_USE ex_code put_state_list_unread(const struct put_state *s, struct vault_object_info *o,
                                          struct ex_error *err);
/* Bytes before `offset` that are neither in a pack nor described: the open chunk, and constants
 * that have not become a run. */
uint64_t put_state_reread_bytes(const struct put_state *s);
/* The caller frees. */
EX_MUST_USE ex_code put_state_write(const struct put_state *s, uint8_t **ret, size_t *ret_size,
                                    struct ex_error *err);
/* Any bytes are safe. ret: zeroed. */
EX_MUST_USE ex_code put_state_parse(const uint8_t *data, size_t size_bytes, struct put_state *ret,
                                    struct ex_error *err);

/* When the next one is due. */
struct points {
    bool wanted;
    uint64_t every_bytes; /* 0: as the constants above say */
    uint64_t read_bytes;
    uint64_t last_offset, last_stored, last_ns;
};
void points_start(struct points *t, const struct source_identity *source, uint64_t every_bytes,
                  uint64_t offset);
bool points_due(const struct points *t, uint64_t offset, uint64_t stored_bytes);
void points_made(struct points *t, uint64_t offset, uint64_t stored_bytes);

/* The record of type RECORD_JOURNAL for the writer. */
struct out_record;
EX_MUST_USE ex_code point_record(struct put_shared *s, const struct put_state *state,
                                 struct out_record **ret, struct ex_error *err);
/* Reads again what is neither in a pack nor described, compares it with the block hashes, and
 * leaves the source at `offset`. to: POINT_REREAD_BYTES_MAX. EX_SOURCE: the bytes are others. */
enum { POINT_REREAD_BYTES_MAX = CHUNK_MAX_BYTES + RUN_MIN_BLOCKS * BLOCK_BYTES };
EX_MUST_USE ex_code put_state_reread(const struct put_state *s, struct source *source,
                                     struct block_hasher *hasher, uint8_t *to,
                                     struct ex_error *err);
/* Compares the source with what was taken of it before, in places: put_sample.c. Fills in
 * `report.sampled`. to: CHUNK_MAX_BYTES. EX_SOURCE: it gives other bytes. */
EX_MUST_USE ex_code put_state_sample(struct put_state *s, struct vault *v, struct source *source,
                                     struct block_hasher *hasher, uint8_t *to,
                                     struct ex_progress *progress, struct ex_error *err);

/* ---- slabs: put_read.c ---- */

struct slab {
    struct ex_job job; /* block hashing */
    struct put_shared *shared;
    size_t size_bytes;
    uint8_t *data;
    uint8_t hash[SLAB_BLOCKS][SHA256_BYTES];
    bool constant[SLAB_BLOCKS];
    struct sha256 linear; /* behind this slab, once it was hashed linearly */
    size_t unreadable_count, unreadable_capacity;
    struct source_range *unreadable; /* in this slab */
};

struct slab_ring {
    struct put_shared *shared;
    struct source *source;
    struct slab slab[SLABS];
    uint64_t filled, taken, hashed_linear; /* counts; slab i lives in slab[i % SLABS] */
    bool ended, stopping;
    struct ex_error cut_off; /* why it ended; EX_OK: at the end of the source */
    uint64_t at;             /* offset in the source of the next slab to be filled */
    struct sha256 linear;
    pthread_t reader, hasher;
};
/* From the source's present position on, which is `from->offset`. */
EX_MUST_USE ex_code slab_ring_start(struct slab_ring *r, struct put_shared *s,
                                    struct source *source, const struct put_state *from,
                                    struct ex_error *err);
/* Waits a moment for the next slab: false when there is none yet. */
bool slab_ring_wait(struct slab_ring *r);
/* The next slab, block hashes done; NULL at the end or after a failure. */
struct slab *slab_ring_take(struct slab_ring *r);
void slab_ring_give_back(struct slab_ring *r);
/* The linear hash behind so many slabs, the last of which was taken: it is not given back yet, or
 * nothing is read any more. Waits for it; false after a failure. */
bool slab_ring_linear(struct slab_ring *r, uint64_t slabs, struct sha256 *ret);
/* Nothing more is read. */
void slab_ring_stop(struct slab_ring *r);
void slab_ring_join(struct slab_ring *r);
void slab_ring_free(struct slab_ring *r);

/* ---- records on their way to the disk: put_write.c ---- */

struct out_record {
    struct ex_job job;
    struct put_shared *shared;
    struct out_record *next;
    enum record_type type;
    int level;
    size_t entry_count, entry_capacity;
    struct table_entry *entry;
    size_t size_bytes;
    uint8_t *data; /* OUT_RECORD_BYTES */
    uint8_t *built;
    size_t built_bytes;
    ex_code code;
    struct ex_error error;
};
enum { OUT_RECORD_BYTES = RECORD_TARGET_BYTES + CHUNK_MAX_BYTES };
_Static_assert((int)OUT_RECORD_BYTES >= (int)POINT_REREAD_BYTES_MAX,
               "the open chunk is read into it");
EX_MUST_USE ex_code out_record_new(struct put_shared *s, enum record_type type,
                                   size_t capacity_bytes, struct out_record **ret,
                                   struct ex_error *err);
void out_record_free(struct out_record *r);
EX_MUST_USE ex_code out_record_add(struct out_record *r, const uint8_t id[static SHA256_BYTES],
                                   uint32_t length, struct ex_error *err);

/* The bytes of the open pack on their way to the disk: put_pack.c. They go in large parts and past
 * the page cache where the file system can do that: a copy less, and nothing piles up that a sync
 * would have to wait for. */
struct pack_out {
    int fd;           /* -1: no pack is open */
    int direct_fd;    /* -1: its file system cannot */
    uint8_t *waiting; /* PACK_OUT_BYTES */
    size_t waiting_bytes;
    uint64_t handed_bytes; /* to the file; those that wait come behind them */
};
enum { PACK_OUT_BYTES = 4 << 20, PACK_OUT_ALIGN_BYTES = 4096 };
/* Creates the file. After a failure pack_out_close() is still owed. */
EX_MUST_USE ex_code pack_out_begin(struct pack_out *o, int dir_fd, const char *name,
                                   struct ex_error *err);
EX_MUST_USE ex_code pack_out_add(struct pack_out *o, const uint8_t *data, size_t size_bytes,
                                 const char *name, struct ex_error *err);
/* Makes durable what was handed to the file; `all`: and hands it the rest before. */
EX_MUST_USE ex_code pack_out_sync(struct pack_out *o, bool all, const char *name,
                                  struct ex_error *err);
/* The buffer stays for the next pack until pack_out_free(). */
void pack_out_close(struct pack_out *o);
void pack_out_free(struct pack_out *o);

struct readback; /* put_back.c */

struct put_writer {
    struct put_shared *shared;
    enum vault_readback readback;
    struct vault_work *work; /* the caller's */
    /* queue */
    struct out_record *first, **last;
    unsigned queued;
    bool closing;
    uint64_t written[RECORD_TRAILER];           /* records of each type, in order of handing in */
    _Atomic uint64_t published[RECORD_TRAILER]; /* those of them that are in published packs */
    /* the open pack */
    struct pack_out out;
    int back_fd; /* for reading back; -1: not opened yet */
    enum vault_readback_method method;
    struct pack_ref ref;
    struct codec *codec; /* of the writer thread */
    struct pack_list list;
    char name[80];
    uint64_t at, synced_to;   /* bytes of the pack; of these durable */
    size_t checked;           /* records of list that are read back, or being read back */
    struct readback *reading; /* what is being read back, or NULL */
    /* what came of it */
    uint64_t added_bytes;
    _Atomic uint64_t stored_bytes; /* handed to packs so far */
    size_t pack_count, pack_capacity;
    uint8_t (*pack)[VAULT_PACK_ID_BYTES];
    pthread_t thread;
};
EX_MUST_USE ex_code put_writer_start(struct put_writer *w, struct put_shared *s,
                                     struct vault_work *work, enum vault_readback readback,
                                     struct ex_error *err);
/* Records from w->checked on that are durable: read from the disk by the pool while the writer goes
 * on. One of these at a time; after a failure nothing is on its way. */
EX_MUST_USE ex_code readback_start(struct put_writer *w, struct ex_error *err);
/* Waits for it, if there is one; fails when the disk gave back anything else. */
EX_MUST_USE ex_code readback_end(struct put_writer *w, struct ex_error *err);

/* Takes the record over; waits while the queue is full. One of type RECORD_JOURNAL is a resume
 * point: the pack with all records before it is published, then it goes into the journal. */
void put_writer_hand_in(struct put_writer *w, struct out_record *r);
/* Ends the queue, waits for the last pack to be published (or for the failure). */
void put_writer_join(struct put_writer *w);
/* After a failure also removes the pack that was not published. */
void put_writer_clear(struct put_writer *w);

#endif
