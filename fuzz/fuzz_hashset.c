/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a hash set. What opens and is read to its end ascends and is found; what is asked
 * for and not among it is not. The first byte says whether the hashes of the pages are made right
 * in the index, so that the fuzzer gets behind them. */
#include "formats/hashset_internal.h"

#include "base/file.h"
#include "crypto/sha256.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGES_MAX = 16 };
typedef uint8_t hash_t[HASHSET_HASH_BYTES];

struct reading {
    size_t count;
    hash_t hash[PAGES_MAX * HASHSET_PAGE_HASHES];
};

static ex_code keep(void *context, const hash_t *hash, size_t count, struct ex_error *err) {
    struct reading *r = context;
    (void)err;
    memcpy(r->hash[r->count], hash, count * sizeof *hash);
    r->count += count;
    return EX_OK;
}

static bool among(const struct reading *r, const hash_t wanted) {
    for (size_t i = 0; i < r->count; i++)
        if (memcmp(r->hash[i], wanted, sizeof(hash_t)) == 0)
            return true;
    return false;
}

/* What stands here and there in the file, and what differs from that in one bit. */
static void ask(struct hashset *s, const struct reading *r, const uint8_t *data, size_t size) {
    for (size_t at = 0; at + sizeof(hash_t) <= size; at += 992) {
        bool listed[2];
        hash_t hash[2];
        memcpy(hash[0], data + at, sizeof hash[0]);
        memcpy(hash[1], data + at, sizeof hash[1]);
        hash[1][31] ^= 1;
        if (hashset_look(s, (const hash_t *)hash, 2, listed, NULL) != EX_OK ||
            listed[0] != among(r, hash[0]) || listed[1] != among(r, hash[1]))
            abort();
    }
}

/* The index of the file, made to fit its pages, if the header says where it is. */
static void repair(uint8_t *data, size_t size) {
    struct hashset_head head;
    if (size < HASHSET_PAGE_BYTES || hashset_head_parse(data, &head, NULL) != EX_OK)
        return;
    uint64_t pages = hashset_pages(head.hashes);
    if (hashset_file_bytes(pages) != size)
        return;
    for (uint64_t i = 0; i < pages; i++) {
        uint8_t *page = data + HASHSET_PAGE_BYTES * (1 + i);
        uint8_t *entry = data + HASHSET_PAGE_BYTES * (1 + pages) + i * HASHSET_ENTRY_BYTES;
        memcpy(entry, page, HASHSET_HASH_BYTES);
        sha256_of(page, HASHSET_PAGE_BYTES, entry + HASHSET_HASH_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hashset *s = NULL;
    if (size < 1 || size > PAGES_MAX * HASHSET_PAGE_BYTES)
        return 0;
    size_t rest = size - 1;
    EX_AUTO_FREE uint8_t *copy = ex_new0_bytes(rest + 1);
    memcpy(copy, data + 1, rest);
    if (data[0] & 1)
        repair(copy, rest);
    int fd = memfd_create("set", MFD_CLOEXEC);
    if (fd < 0 || ex_write_at(fd, copy, rest, 0, "x", NULL) != EX_OK)
        abort();
    if (hashset_open(fd, "x", NULL, &s, NULL) != EX_OK)
        return 0;
    EX_AUTO_FREE struct reading *r = ex_new0(struct reading);
    if (hashset_each(s, keep, r, NULL, NULL) == EX_OK) {
        if (r->count != hashset_head(s)->hashes)
            abort();
        for (size_t i = 1; i < r->count; i++)
            if (memcmp(r->hash[i - 1], r->hash[i], sizeof r->hash[i]) >= 0)
                abort();
        ask(s, r, copy, rest);
    }
    hashset_close(s);
    return 0;
}
