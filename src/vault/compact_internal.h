/* SPDX-License-Identifier: Apache-2.0 */
/* Compaction (format/vault §9): which stored bytes are needed, and how they are carried over.
 *
 *   live.c     the objects' manifests, nodes and chunks → one bit for each entry of each pack
 *   carry.c    records of old packs → verified → records of new packs
 *   compact.c  which packs, in which order, and when the old ones may go
 *
 * Memory: one bit for each stored entry (two while an object is being disposed of), 20 TB being
 * some 110 MB; and the tables of LIVE_LISTS packs, about 1 MB each.
 */
#ifndef EXHIBIT_VAULT_COMPACT_INTERNAL_H
#define EXHIBIT_VAULT_COMPACT_INTERNAL_H

#include "vault/put_internal.h"

enum { LIVE_LISTS = 16 };

struct live_pack {
    uint8_t id[VAULT_PACK_ID_BYTES];
    int64_t read_back_ns;
    uint64_t file_bytes, plain_bytes, live_bytes; /* the latter two before compression */
    uint32_t entries;
    uint8_t
        *live;    /* a bit for each entry; NULL: its list cannot be read, and it is never touched */
    uint8_t *own; /* the same for the object that goes; NULL without one */
    bool chosen;
    bool refused; /* something in it is needed, damaged, and nowhere else: it stays */
    bool touched; /* a bit was set since it was last carried over */
};

struct live_list {
    struct pack_list list;
    uint64_t used; /* 0: empty */
};

struct live {
    struct vault *vault;
    size_t count, capacity;
    struct live_pack *pack; /* ascending by id */
    struct live_list list[LIVE_LISTS];
    uint64_t clock;
    struct fetcher fetcher;
    size_t walked_count, walked_capacity;
    uint8_t (*walked)[SHA256_BYTES]; /* objects whose entries are marked */
    uint64_t chunks_missing;
    /* the object that goes */
    bool owning, has_own, touched_own;
    uint64_t own_chunks, own_bytes, shared_chunks, shared_bytes, sharing_objects;
};

/* Reads the list of every pack. */
EX_MUST_USE ex_code live_open(struct live *l, struct vault *v, struct ex_progress *progress,
                              struct ex_error *err);
void live_close(struct live *l);
/* Before any other: marks what the object that goes consists of. */
EX_MUST_USE ex_code live_mark_own(struct live *l, const uint8_t id[static SHA256_BYTES],
                                  struct ex_error *err);
/* Marks what an object consists of; nothing when it was marked before. Damage in its manifest or
 * in a node of it: EX_ALTERED or EX_MISSING, for then nobody knows what it needs. */
EX_MUST_USE ex_code live_mark(struct live *l, const uint8_t id[static SHA256_BYTES],
                              struct ex_progress *progress, struct ex_error *err);
/* NULL: not one of the packs that were there at live_open(). */
struct live_pack *live_find_pack(struct live *l, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* The list of a pack, until the next calls; NULL when it cannot be had. */
const struct pack_list *live_list(struct live *l, const uint8_t id[static VAULT_PACK_ID_BYTES]);
/* The number in its pack's list of the entry at a place; false when the place does not hold it. */
bool live_entry(struct live *l, const struct index_place *place,
                const uint8_t id[static SHA256_BYTES], size_t *ret);
bool live_is_needed(const struct live_pack *p, size_t entry);

struct carrier {
    struct live *live;
    struct put_shared shared;
    struct vault_work *work;
    struct put_writer writer;
    bool writing;
    struct out_record *open[RECORD_TRAILER]; /* by type */
    struct codec *codec;
    struct block_hasher *hasher;
    struct index_place place; /* of the record in hand */
    struct record record;
    bool loaded, sound;
    struct ex_progress *progress;
    struct vault_compact_report *report;
};
EX_MUST_USE ex_code carrier_start(struct carrier *c, struct live *l, int level, const char *journal,
                                  struct ex_progress *progress, struct vault_compact_report *report,
                                  struct ex_error *err);
/* Copies what is needed of a pack and has no other sound copy outside it. Sets `refused` when some
 * of that is damaged. */
EX_MUST_USE ex_code carrier_pack(struct carrier *c, struct live_pack *p, struct ex_error *err);
/* Everything handed in is published, read back and in the index, or it fails. */
EX_MUST_USE ex_code carrier_end(struct carrier *c, struct ex_error *err);
void carrier_close(struct carrier *c); /* accepts a zeroed one */

#endif
