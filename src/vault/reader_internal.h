/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader keeps of the records that it read last: reader_keep.c. */
#ifndef EXHIBIT_VAULT_READER_INTERNAL_H
#define EXHIBIT_VAULT_READER_INTERNAL_H

#include "crypto/sha256.h"
#include "vault/layout_internal.h"

enum {
    KEEP_RECORDS = 128,
    KEEP_PASSING = 16,     /* of them: of contents that are read through */
    KEEP_BYTES = 32 << 20, /* of all of them, decoded, unless a single one is longer */
    KEEP_CHECKED_AT_ONCE = 64
};

enum kept_state { KEPT_UNCHECKED, KEPT_SOUND, KEPT_BAD };

struct kept_entry {
    uint32_t start; /* in the record's data */
    uint8_t state;
};

struct kept_record {
    uint64_t used; /* 0: the slot is empty */
    bool passing;  /* nothing but a content that was read through has wanted it */
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

/* What is hashed while it is compared: the first bytes of a chunk go into a stream of SHA-256. */
struct keep_stream {
    struct sha256 *hash;
    size_t bytes; /* of the chunk, from its beginning on */
    bool added;   /* they have been */
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
/* The same of a content that is read through. Where the chunk is compared now, and the two hashes
 * cost little more than one (crypto/sha256_pair.h), `stream` has its bytes already: then `added` is
 * set. */
EX_MUST_USE ex_code keep_chunk_streamed(struct keep *k, const struct extent *e, size_t count,
                                        struct keep_stream *stream, const uint8_t **ret,
                                        struct ex_error *err);

#endif
