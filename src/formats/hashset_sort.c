/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting hashes in memory, and merging sorted runs of them from a file. */
#include "formats/hashset_make_internal.h"

#include "base/file.h"

enum { FEW = 24, RUN_BUFFER_HASHES = 2048 };

typedef uint8_t hash_t[HASHSET_HASH_BYTES];

static void sort_few(hash_t *hash, size_t count) {
    for (size_t i = 1; i < count; i++) {
        hash_t one;
        size_t to = i;
        memcpy(one, hash[i], sizeof one);
        for (; to > 0 && hashset_compare(hash[to - 1], one) > 0; to--)
            memcpy(hash[to], hash[to - 1], sizeof one);
        memcpy(hash[to], one, sizeof one);
    }
}

static void exchange(hash_t a, hash_t b) {
    hash_t kept;
    memcpy(kept, a, sizeof kept);
    memcpy(a, b, sizeof kept);
    memcpy(b, kept, sizeof kept);
}

/* By the byte `at`, and within each of its values by the next: hashes are spread evenly, and those
 * of a list that was made to be awkward cost 32 passes at most. */
static void sort_from(hash_t *hash, size_t count, size_t at) {
    size_t next[256], end[256] = {0};
    if (count <= FEW || at == HASHSET_HASH_BYTES) {
        sort_few(hash, at == HASHSET_HASH_BYTES ? 0 : count); /* no byte left: all the same */
        return;
    }
    for (size_t i = 0; i < count; i++)
        end[hash[i][at]]++;
    for (size_t v = 0, sum = 0; v < 256; v++) {
        next[v] = sum;
        sum += end[v];
        end[v] = sum;
    }
    for (size_t v = 0; v < 256; v++)
        while (next[v] < end[v]) {
            uint8_t *one = hash[next[v]];
            if (one[at] == v)
                next[v]++;
            else
                exchange(one, hash[next[one[at]]++]);
        }
    for (size_t v = 0, begin = 0; v < 256; begin = end[v++])
        if (end[v] - begin > 1)
            sort_from(hash + begin, end[v] - begin, at + 1);
}

size_t hashset_sort(hash_t *hash, size_t count) {
    size_t kept = 0;
    sort_from(hash, count, 0);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && hashset_compare(hash[kept - 1], hash[i]) == 0)
            continue;
        if (kept != i)
            memcpy(hash[kept], hash[i], sizeof hash[i]);
        kept++;
    }
    return kept;
}

/* ---- merging ---- */

struct merging {
    int fd;
    size_t count;             /* of runs that have something left */
    struct hashset_run **run; /* a heap: the one with the lowest hash first */
};

static const uint8_t *lowest_of(const struct hashset_run *r) {
    return r->buffer[r->at];
}

static bool before(const struct hashset_run *a, const struct hashset_run *b) {
    return hashset_compare(lowest_of(a), lowest_of(b)) < 0;
}

static void sink(struct merging *m, size_t i) {
    for (;;) {
        size_t low = i, child = 2 * i + 1;
        for (size_t c = child; c < child + 2 && c < m->count; c++)
            if (before(m->run[c], m->run[low]))
                low = c;
        if (low == i)
            return;
        struct hashset_run *swap = m->run[i];
        m->run[i] = m->run[low];
        m->run[low] = swap;
        i = low;
    }
}

/* The next hashes of the run; none: held is 0. */
static ex_code refill(struct merging *m, struct hashset_run *r, struct ex_error *err) {
    r->at = 0;
    r->held = r->left < RUN_BUFFER_HASHES ? (size_t)r->left : RUN_BUFFER_HASHES;
    EX_TRY(ex_read_at(m->fd, r->buffer, r->held * HASHSET_HASH_BYTES, r->offset, "a temporary file",
                      err));
    r->offset += r->held * HASHSET_HASH_BYTES;
    r->left -= r->held;
    return EX_OK;
}

static ex_code merge_all(struct merging *m, hashset_merge_fn *fn, void *context,
                         struct ex_error *err) {
    for (size_t i = m->count; i-- > 0;)
        sink(m, i);
    while (m->count > 0) {
        struct hashset_run *r = m->run[0];
        EX_TRY(fn(context, lowest_of(r), err));
        if (++r->at == r->held)
            EX_TRY(refill(m, r, err));
        if (r->held == 0)
            m->run[0] = m->run[--m->count];
        sink(m, 0);
    }
    return EX_OK;
}

ex_code hashset_merge(int fd, struct hashset_run *run, size_t count, hashset_merge_fn *fn,
                      void *context, struct ex_error *err) {
    EX_AUTO_FREE hash_t *buffers = NULL;
    EX_AUTO_FREE struct hashset_run **heap = NULL;
    struct merging m = {.fd = fd};
    EX_TRY(ex_alloc(count * RUN_BUFFER_HASHES, sizeof *buffers, (size_t)1 << 32, "sorting hashes",
                    &buffers, err));
    EX_TRY(ex_alloc(count, sizeof *heap, (size_t)1 << 32, "sorting hashes", &heap, err));
    m.run = heap;
    for (size_t i = 0; i < count; i++) {
        run[i].buffer = buffers + i * RUN_BUFFER_HASHES;
        EX_TRY(refill(&m, &run[i], err));
        if (run[i].held > 0)
            heap[m.count++] = &run[i];
    }
    return merge_all(&m, fn, context, err);
}
