/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a hash set's file (format/hash-set §2), for its reader and its maker. */
#ifndef EXHIBIT_FORMATS_HASHSET_INTERNAL_H
#define EXHIBIT_FORMATS_HASHSET_INTERNAL_H

#include "formats/hashset.h"

#include "crypto/verity.h"

enum { HASHSET_ENTRY_BYTES = 64, HASHSET_PAGE_ENTRIES = HASHSET_PAGE_BYTES / HASHSET_ENTRY_BYTES };

/* Of the index, as it lies in the file. */
struct hashset_entry {
    uint8_t first[HASHSET_HASH_BYTES];
    uint8_t sha256[32]; /* of the page */
};

static inline uint64_t hashset_key(const uint8_t hash[static HASHSET_HASH_BYTES]) {
    uint64_t key = 0;
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    return key;
}
/* As memcmp() orders them. Their first 8 bytes nearly always decide, and cost no call. */
static inline int hashset_compare(const uint8_t a[static HASHSET_HASH_BYTES],
                                  const uint8_t b[static HASHSET_HASH_BYTES]) {
    uint64_t x = hashset_key(a), y = hashset_key(b);
    if (x != y)
        return x < y ? -1 : 1;
    return memcmp(a, b, HASHSET_HASH_BYTES);
}

static inline uint64_t hashset_pages(uint64_t hashes) {
    return (hashes + HASHSET_PAGE_HASHES - 1) / HASHSET_PAGE_HASHES;
}
static inline uint64_t hashset_index_pages(uint64_t pages) {
    return (pages + HASHSET_PAGE_ENTRIES - 1) / HASHSET_PAGE_ENTRIES;
}
static inline uint64_t hashset_file_bytes(uint64_t pages) {
    return HASHSET_PAGE_BYTES * (1 + pages + hashset_index_pages(pages));
}
/* Hashes on a page of a set of so many. */
static inline size_t hashset_on_page(uint64_t hashes, uint64_t page) {
    uint64_t left = hashes - page * HASHSET_PAGE_HASHES;
    return left < HASHSET_PAGE_HASHES ? (size_t)left : HASHSET_PAGE_HASHES;
}

/* EX_FORMAT, EX_UNSUPPORTED. */
EX_MUST_USE ex_code hashset_head_parse(const uint8_t page[static HASHSET_PAGE_BYTES],
                                       struct hashset_head *ret, struct ex_error *err);
/* Every field is as it must be. Sorts the sources. */
void hashset_head_write(struct hashset_head *h, uint8_t ret[static HASHSET_PAGE_BYTES]);
/* The fs-verity digest, from the pages of the header and of the index (with zeros behind the last
 * entry, so that the array is a whole number of pages) and from what the index says of the rest. */
EX_MUST_USE ex_code hashset_identify(const uint8_t head[static HASHSET_PAGE_BYTES],
                                     const struct hashset_entry *entry, uint64_t pages,
                                     uint8_t ret[static VERITY_BYTES], struct ex_error *err);

#endif
