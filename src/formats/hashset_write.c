/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a hash set, from hashes that come in order (format/hash-set §2): pages, then the
 * index, then, when everything is known, the header. */
#include "formats/hashset_make_internal.h"

#include "base/file.h"

enum { PAGES_AT_ONCE = 64 };
static const char what[] = "a new hash set";

struct hashset_writer {
    int fd;
    struct ex_progress *progress;
    struct block_hasher *hasher;
    uint64_t hashes, pages;              /* all of them; pages that were written */
    uint8_t (*page)[HASHSET_PAGE_BYTES]; /* PAGES_AT_ONCE of them */
    size_t filled;                       /* hashes in them */
    uint8_t last[HASHSET_HASH_BYTES];
    struct hashset_entry *entry; /* zeros behind the last one, to the end of its page */
    size_t capacity;
};

void hashset_writer_free(struct hashset_writer *w) {
    if (w == NULL)
        return;
    block_hasher_free(w->hasher);
    free(w->page);
    free(w->entry);
    free(w);
}

ex_code hashset_writer_new(int fd, struct ex_progress *progress, struct hashset_writer **ret,
                           struct ex_error *err) {
    EX_AUTO(hashset_writer_free) struct hashset_writer *w = ex_new0(struct hashset_writer);
    w->fd = fd;
    w->progress = progress;
    EX_TRY(block_hasher_new(&w->hasher, err));
    EX_TRY(ex_alloc(PAGES_AT_ONCE, HASHSET_PAGE_BYTES, PAGES_AT_ONCE * HASHSET_PAGE_BYTES,
                    "pages of a hash set", &w->page, err));
    *ret = ex_steal(&w);
    return EX_OK;
}

/* Room for the entries of so many more pages, in whole pages of the index. */
static ex_code grow_index(struct hashset_writer *w, size_t pages, struct ex_error *err) {
    const size_t limit =
        ((size_t)HASHSET_HASHES_MAX / HASHSET_PAGE_HASHES + PAGES_AT_ONCE) * sizeof *w->entry * 2;
    size_t had = w->capacity;
    size_t need = hashset_index_pages(w->pages + pages) * HASHSET_PAGE_ENTRIES;
    EX_TRY(ex_grow(&w->entry, &w->capacity, need, sizeof *w->entry, limit,
                   "the index of a hash set", err));
    memset(w->entry + had, 0, (w->capacity - had) * sizeof *w->entry);
    return EX_OK;
}

static ex_code flush(struct hashset_writer *w, struct ex_error *err) {
    uint8_t hash[PAGES_AT_ONCE][BLOCK_HASH_BYTES];
    size_t pages = (size_t)hashset_pages(w->filled);
    size_t size = pages * HASHSET_PAGE_BYTES, used = w->filled * HASHSET_HASH_BYTES;
    if (pages == 0)
        return EX_OK;
    memset((uint8_t *)w->page + used, 0, size - used);
    EX_TRY(grow_index(w, pages, err));
    EX_TRY(block_hasher_run(w->hasher, w->page[0], size, hash, err));
    EX_TRY(ex_write_at(w->fd, w->page, size, HASHSET_PAGE_BYTES * (1 + w->pages), what, err));
    for (size_t i = 0; i < pages; i++) {
        struct hashset_entry *e = &w->entry[w->pages++];
        memcpy(e->first, w->page[i], sizeof e->first);
        memcpy(e->sha256, hash[i], sizeof e->sha256);
    }
    w->filled = 0;
    return ex_progress_step(w->progress, size, err);
}

ex_code hashset_writer_put(struct hashset_writer *w, const uint8_t hash[static HASHSET_HASH_BYTES],
                           struct ex_error *err) {
    if (w->hashes > 0 && hashset_compare(w->last, hash) == 0)
        return EX_OK;
    if (w->hashes == HASHSET_HASHES_MAX)
        return ex_fail(err, EX_LIMIT, "a hash set holds at most %d hashes",
                       (int)HASHSET_HASHES_MAX);
    memcpy(w->last, hash, sizeof w->last);
    memcpy((uint8_t *)w->page + w->filled++ * HASHSET_HASH_BYTES, hash, HASHSET_HASH_BYTES);
    w->hashes++;
    return w->filled == PAGES_AT_ONCE * HASHSET_PAGE_HASHES ? flush(w, err) : EX_OK;
}

ex_code hashset_writer_end(struct hashset_writer *w, struct hashset_head *head,
                           uint8_t ret_identity[static VERITY_BYTES], struct ex_error *err) {
    uint8_t page[HASHSET_PAGE_BYTES];
    EX_TRY(flush(w, err));
    if (w->hashes == 0)
        return ex_fail(err, EX_FORMAT, "there is no hash to make a set of");
    head->hashes = w->hashes;
    hashset_head_write(head, page);
    EX_TRY(ex_write_at(w->fd, w->entry, hashset_index_pages(w->pages) * HASHSET_PAGE_BYTES,
                       HASHSET_PAGE_BYTES * (1 + w->pages), what, err));
    EX_TRY(ex_write_at(w->fd, page, sizeof page, 0, what, err));
    EX_TRY(ex_sync_fd(w->fd, what, err));
    return hashset_identify(page, w->entry, w->pages, ret_identity, err);
}
