/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a hash set, and looking hashes up in it (format/hash-set §3). */
#include "formats/hashset_internal.h"

#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>

/* Pages that are read and hashed at once: as many as keep the lanes of the hasher full. */
enum { PAGES_AT_ONCE = 32, NAME_BYTES = 200 };
enum { AHEAD = 16 }; /* questions whose hashes are fetched while others are answered */

struct hashset {
    int fd;
    char name[NAME_BYTES]; /* for messages */
    struct hashset_head head;
    uint8_t identity[VERITY_BYTES];
    uint64_t pages;
    struct hashset_entry *entry;
    struct block_hasher *hasher;
    uint8_t (*data)[HASHSET_PAGE_BYTES]; /* PAGES_AT_ONCE of them */
};

void hashset_close(struct hashset *s) {
    if (s == NULL)
        return;
    ex_fd_close(s->fd);
    block_hasher_free(s->hasher);
    free(s->entry);
    free(s->data);
    free(s);
}

const struct hashset_head *hashset_head(const struct hashset *s) {
    return &s->head;
}

const uint8_t *hashset_identity(const struct hashset *s) {
    return s->identity;
}

/* ---- opening ---- */

static ex_code read_head(struct hashset *s, uint8_t page[static HASHSET_PAGE_BYTES],
                         struct ex_error *err) {
    struct stat st;
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not look at \"%s\"", s->name);
    if (!S_ISREG(st.st_mode) || st.st_size < HASHSET_PAGE_BYTES)
        return ex_fail(err, EX_FORMAT, "\"%s\" is not a hash set", s->name);
    EX_TRY(ex_read_at(s->fd, page, HASHSET_PAGE_BYTES, 0, s->name, err));
    EX_TRY(hashset_head_parse(page, &s->head, err));
    s->pages = hashset_pages(s->head.hashes);
    if ((uint64_t)st.st_size != hashset_file_bytes(s->pages))
        return ex_fail(err, EX_FORMAT, "\"%s\" has not the size that its header says", s->name);
    return EX_OK;
}

static ex_code read_index(struct hashset *s, struct ex_error *err) {
    const size_t limit = (size_t)HASHSET_HASHES_MAX / HASHSET_PAGE_HASHES * HASHSET_ENTRY_BYTES;
    size_t size = (size_t)hashset_index_pages(s->pages) * HASHSET_PAGE_BYTES;
    EX_TRY(
        ex_alloc(size, 1, limit + HASHSET_PAGE_BYTES, "the index of a hash set", &s->entry, err));
    return ex_read_at(s->fd, s->entry, size, HASHSET_PAGE_BYTES * (1 + s->pages), s->name, err);
}

static ex_code check_order(const struct hashset *s, struct ex_error *err) {
    for (uint64_t i = 1; i < s->pages; i++)
        if (memcmp(s->entry[i - 1].first, s->entry[i].first, HASHSET_HASH_BYTES) >= 0)
            return ex_fail(err, EX_FORMAT, "the index of \"%s\" is not in order", s->name);
    const uint8_t *rest = (const uint8_t *)(s->entry + s->pages);
    const uint8_t *end =
        (const uint8_t *)s->entry + hashset_index_pages(s->pages) * HASHSET_PAGE_BYTES;
    for (; rest < end; rest++)
        if (*rest != 0)
            return ex_fail(err, EX_FORMAT, "the index of \"%s\" goes on behind its end", s->name);
    return EX_OK;
}

static ex_code open_it(struct hashset *s, const uint8_t *identity, struct ex_error *err) {
    uint8_t page[HASHSET_PAGE_BYTES];
    EX_TRY(read_head(s, page, err));
    EX_TRY(read_index(s, err));
    EX_TRY(hashset_identify(page, s->entry, s->pages, s->identity, err));
    if (identity != NULL && memcmp(identity, s->identity, sizeof s->identity) != 0)
        return ex_fail(err, EX_ALTERED,
                       "\"%s\" is not the hash set that it should be: it was altered", s->name);
    EX_TRY(check_order(s, err));
    EX_TRY(block_hasher_new(&s->hasher, err));
    return ex_alloc(PAGES_AT_ONCE, HASHSET_PAGE_BYTES, PAGES_AT_ONCE * HASHSET_PAGE_BYTES,
                    "pages of a hash set", &s->data, err);
}

/* Damage in a header or index shows first as a rule that it breaks; of a set that is known by its
 * identity it is an alteration all the same. */
ex_code hashset_open(int fd, const char *name, const uint8_t *identity, struct hashset **ret,
                     struct ex_error *err) {
    EX_AUTO(hashset_close) struct hashset *s = ex_new0(struct hashset);
    struct ex_error why = {0};
    s->fd = fd;
    strncpy(s->name, name, sizeof s->name - 1);
    ex_code code = open_it(s, identity, &why);
    if (identity != NULL && code == EX_FORMAT)
        return ex_fail(err, EX_ALTERED, "%s", why.text);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    *ret = ex_steal(&s);
    return EX_OK;
}

/* ---- pages ---- */

/* What the identity cannot say: that the maker kept to the rules. */
static bool in_order(const struct hashset *s, uint64_t page,
                     const uint8_t (*hash)[HASHSET_HASH_BYTES]) {
    size_t count = hashset_on_page(s->head.hashes, page);
    const uint8_t *rest = hash[count], *end = hash[HASHSET_PAGE_HASHES];
    if (memcmp(hash[0], s->entry[page].first, HASHSET_HASH_BYTES) != 0)
        return false;
    for (size_t i = 1; i < count; i++)
        if (hashset_compare(hash[i - 1], hash[i]) >= 0)
            return false;
    for (; rest < end; rest++)
        if (*rest != 0)
            return false;
    return page + 1 == s->pages ||
           memcmp(hash[count - 1], s->entry[page + 1].first, HASHSET_HASH_BYTES) < 0;
}

static const uint8_t (*hashes_of(const struct hashset *s, size_t slot))[HASHSET_HASH_BYTES] {
    return (const uint8_t(*)[HASHSET_HASH_BYTES])s->data[slot];
}

/* Into s->data, from slot 0 on: pages whose numbers ascend; those that follow each other are read
 * at once. */
static ex_code read_pages(struct hashset *s, const uint64_t *page, size_t count,
                          struct ex_error *err) {
    uint8_t hash[PAGES_AT_ONCE][BLOCK_HASH_BYTES];
    for (size_t i = 0, run; i < count; i += run) {
        for (run = 1; i + run < count && page[i + run] == page[i] + run;)
            run++;
        EX_TRY(ex_read_at(s->fd, s->data[i], run * HASHSET_PAGE_BYTES,
                          HASHSET_PAGE_BYTES * (1 + page[i]), s->name, err));
    }
    EX_TRY(block_hasher_run(s->hasher, s->data[0], count * HASHSET_PAGE_BYTES, hash, err));
    for (size_t i = 0; i < count; i++) {
        if (memcmp(hash[i], s->entry[page[i]].sha256, sizeof hash[i]) != 0)
            return ex_fail(err, EX_ALTERED, "page %llu of \"%s\" was altered",
                           (unsigned long long)(1 + page[i]), s->name);
        if (!in_order(s, page[i], hashes_of(s, i)))
            return ex_fail(err, EX_ALTERED, "page %llu of \"%s\" is not as it must be",
                           (unsigned long long)(1 + page[i]), s->name);
    }
    return EX_OK;
}

ex_code hashset_each(struct hashset *s, hashset_page_fn *fn, void *context,
                     struct ex_progress *progress, struct ex_error *err) {
    uint64_t page[PAGES_AT_ONCE];
    for (uint64_t at = 0; at < s->pages;) {
        size_t count = 0;
        for (; count < PAGES_AT_ONCE && at < s->pages; count++)
            page[count] = at++;
        EX_TRY(read_pages(s, page, count, err));
        for (size_t i = 0; fn != NULL && i < count; i++)
            EX_TRY(fn(context, hashes_of(s, i), hashset_on_page(s->head.hashes, page[i]), err));
        EX_TRY(ex_progress_step(progress, count * HASHSET_PAGE_BYTES, err));
    }
    return EX_OK;
}

/* ---- looking up ---- */

/* One question: first the beginning of its hash, then the page where its answer stands. */
struct question {
    uint32_t key, number;
};

/* The last page that begins with this hash or one before it; none: the first. Questions come
 * nearly in order, so it is near the page of the last one, which `from` is. */
static uint64_t page_of(const struct hashset *s, uint64_t from,
                        const uint8_t hash[static HASHSET_HASH_BYTES]) {
    uint64_t low = from, high = s->pages, step = 1;
    if (hashset_compare(s->entry[low].first, hash) > 0) {
        high = low;
        low = 0;
    }
    for (; low + step < high; step *= 2) {
        if (hashset_compare(s->entry[low + step].first, hash) > 0) {
            high = low + step;
            break;
        }
        low += step;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (hashset_compare(s->entry[middle].first, hash) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool on_page(const struct hashset *s, uint64_t page, size_t slot,
                    const uint8_t wanted[static HASHSET_HASH_BYTES]) {
    const uint8_t(*hash)[HASHSET_HASH_BYTES] = hashes_of(s, slot);
    size_t low = 0, high = hashset_on_page(s->head.hashes, page);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = hashset_compare(hash[middle], wanted);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* By key: two passes over 16 bits each. `spare` has room for as many. What the order is good for is
 * that a page is read once for all that is asked of it; no answer depends on it. */
static void sort_by_key(struct question *q, struct question *spare, size_t count) {
    for (unsigned shift = 0; shift < 32; shift += 16) {
        EX_AUTO_FREE size_t *at = ex_new0_bytes(((size_t)1 << 16) * sizeof *at);
        for (size_t i = 0; i < count; i++)
            at[q[i].key >> shift & 0xffff]++;
        for (size_t i = 0, sum = 0; i < (size_t)1 << 16; i++) {
            size_t here = at[i];
            at[i] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            spare[at[q[i].key >> shift & 0xffff]++] = q[i];
        struct question *swap = q;
        q = spare;
        spare = swap;
    }
}

static ex_code answer(struct hashset *s, const struct question *q, size_t count,
                      const uint8_t (*hash)[HASHSET_HASH_BYTES], bool *ret, struct ex_error *err) {
    uint64_t page[PAGES_AT_ONCE];
    for (size_t i = 0; i < count;) {
        size_t pages = 0, end = i;
        for (; end < count; end++) {
            if (pages > 0 && page[pages - 1] == q[end].key)
                continue;
            if (pages == PAGES_AT_ONCE)
                break;
            page[pages++] = q[end].key;
        }
        EX_TRY(read_pages(s, page, pages, err));
        for (size_t slot = 0; i < end; i++) {
            __builtin_prefetch(hash[q[i + AHEAD < count ? i + AHEAD : i].number]);
            slot += page[slot] != q[i].key;
            ret[q[i].number] = on_page(s, page[slot], slot, hash[q[i].number]);
        }
    }
    return EX_OK;
}

ex_code hashset_look(struct hashset *s, const uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count,
                     bool *ret_listed, struct ex_error *err) {
    EX_AUTO_FREE struct question *q = NULL;
    if (count > HASHSET_LOOK_MAX)
        return ex_fail(err, EX_INTERNAL, "too many hashes in one look-up");
    EX_TRY(ex_alloc(2 * count, sizeof *q, 2 * sizeof *q * HASHSET_LOOK_MAX, "a look-up", &q, err));
    for (size_t i = 0; i < count; i++)
        q[i] =
            (struct question){.key = (uint32_t)(hashset_key(hash[i]) >> 32), .number = (uint32_t)i};
    sort_by_key(q, q + count, count);
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(hash[q[i + AHEAD < count ? i + AHEAD : i].number]);
        q[i].key = (uint32_t)page_of(s, i > 0 ? q[i - 1].key : 0, hash[q[i].number]);
    }
    return answer(s, q, count, hash, ret_listed, err);
}
