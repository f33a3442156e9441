/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader keeps of the records that it read last: reader_keep.c. */
#ifndef EXHIBIT_VAULT_READER_INTERNAL_H
#define EXHIBIT_VAULT_READER_INTERNAL_H

#include "vault/layout_internal.h"

enum {
    KEEP_RECORDS = 64,
    KEEP_BYTES = 16 << 20, /* of all of them, decoded, unless a single one is longer */
    KEEP_CHECKED_AT_ONCE = 64
};

enum kept_state { KEPT_UNCHECKED, KEPT_SOUND, KEPT_BAD };

struct kept_entry {
    uint32_t start; /* in the record's data */
    uint8_t state;
};

struct kept_record {
    uint64_t used; /* 0: the slot is empty */
    struct index_place place;
    struct record record;
    struct kept_entry *entry; /* beside record.entry */
    size_t next;              /* after the entry that was found last: usually the next one wanted */
    size_t cost_bytes;
};

struct keep {
    struct vault *vault;
    struct codec *codec;
    struct block_hasher *hasher;
    uint64_t clock;
    size_t last, bytes;
    size_t hash_capacity;
    uint8_t (*hash)[SHA256_BYTES];
    struct kept_record slot[KEEP_RECORDS];
};

/* After a failure keep_close() is still owed. */
EX_MUST_USE ex_code keep_open(struct vault *v, struct keep *ret, struct ex_error *err);
/* Accepts a zeroed struct. */
void keep_close(struct keep *k);
/* The bytes of the first of `count` data extents that follow each other, compared with its id; as
 * many of the others as stand behind it in the same record are compared along with it. *ret: until
 * the next call. Fails as vault_is_damage() says when no copy of it is sound. */
EX_MUST_USE ex_code keep_chunk(struct keep *k, const struct extent *e, size_t count,
                               const uint8_t **ret, struct ex_error *err);

#endif
