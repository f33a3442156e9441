/* SPDX-License-Identifier: Apache-2.0 */
/* Several index segments into one: format/vault §5.4. All sources are read in order through buffers
 * whose sum is fixed, so memory does not depend on their size (but for the list of packs). */
#include "vault/index_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    MERGE_FACTOR = 4,
    MERGE_ABOVE = 8,
    /* A look-up of what is not there costs a page of each filter. Those of small segments stay in
     * the page cache; of large ones there should be few. */
    LARGE_ENTRIES = 1 << 20,
    MERGE_ABOVE_LARGE = 2,
    MERGE_BUFFER_PAGES = 2048,
    DROP_WAIT_MS = 60 * 1000
};

/* What became of a pack of a source. */
#define PACK_DROPPED UINT32_MAX
#define PACK_LOST    (UINT32_MAX - 1)

/* ---- packs ---- */

static ex_code gather_packs(struct vault_index *i, struct merge *m, struct index_pack **ret,
                            size_t *ret_count, struct ex_error *err) {
    EX_AUTO_FREE struct index_pack *pack = NULL;
    size_t count = 0, distinct = 0;
    for (size_t k = 0; k < m->count; k++)
        count += m->source[k].segment->head.packs;
    EX_TRY(ex_alloc(count, sizeof *pack, EX_LIMIT_PACK_BYTES, "an index merge", &pack, err));
    count = 0;
    for (size_t k = 0; k < m->count; k++) {
        const struct segment *s = m->source[k].segment;
        for (uint32_t n = 0; n < s->head.packs; n++) {
            const uint8_t *id = s->pack[n].id;
            if (!s->pack[n].lost && (m->drop == NULL || !m->drop(m->context, id)) &&
                (i->gone == NULL || !i->gone(i->gone_context, id)))
                pack[count++] = s->pack[n];
        }
    }
    if (count > 1)
        qsort(pack, count, sizeof *pack, index_pack_compare);
    for (size_t n = 0; n < count; n++)
        if (distinct == 0 || index_pack_compare(&pack[distinct - 1], &pack[n]) != 0)
            pack[distinct++] = pack[n];
    *ret = ex_steal(&pack);
    *ret_count = distinct;
    return EX_OK;
}

/* Their numbers → ours. */
static ex_code number_packs(struct merge_source *from, const struct index_pack *pack, size_t count,
                            struct ex_error *err) {
    const struct segment *s = from->segment;
    EX_TRY(ex_alloc(s->head.packs, sizeof *from->number, EX_LIMIT_PACK_BYTES, "an index merge",
                    &from->number, err));
    for (uint32_t n = 0; n < s->head.packs; n++) {
        const struct index_pack *ours =
            count > 0 ? bsearch(&s->pack[n], pack, count, sizeof *pack, index_pack_compare) : NULL;
        if (s->pack[n].lost)
            from->number[n] = PACK_LOST;
        else
            from->number[n] = ours != NULL ? (uint32_t)(ours - pack) : PACK_DROPPED;
        from->lost |= s->pack[n].lost;
    }
    return EX_OK;
}

/* ---- sources ---- */

static ex_code input_open(struct merge_source *from, uint64_t pages, struct ex_error *err) {
    from->pages = pages;
    EX_TRY(ex_alloc(pages, INDEX_PAGE_BYTES, EX_LIMIT_RECORD_BYTES, "an index merge", &from->buffer,
                    err));
    return ex_alloc(pages, sizeof *from->good, EX_LIMIT_RECORD_BYTES, "an index merge", &from->good,
                    err);
}

static void input_close(struct merge_source *from) {
    free(from->number);
    free(from->buffer);
    free(from->good);
    from->number = NULL;
    from->buffer = NULL;
    from->good = NULL;
}

/* The page of the next entry, from the buffer; NULL when it is damaged. */
static const uint8_t *input_page(struct merge_source *from) {
    struct segment *s = from->segment;
    uint64_t page = from->at / INDEX_ENTRIES_IN_PAGE, in_buffer = page % from->pages;
    if (from->at % INDEX_ENTRIES_IN_PAGE == 0 && in_buffer == 0) {
        uint64_t left = s->head.pages - s->head.entry_page - page;
        segment_read_pages(s, s->head.entry_page + page,
                           (size_t)(left < from->pages ? left : from->pages), from->buffer,
                           from->good);
    }
    return from->good[in_buffer] ? from->buffer + in_buffer * INDEX_PAGE_BYTES : NULL;
}

/* The next entry that goes into the new segment; false at the end. Damage is passed over and
 * noted, and so is what stands in the wrong order: the new segment must be in order. */
static bool input_next(struct merge_source *from) {
    while (from->at < from->segment->head.entries) {
        const uint8_t *page = input_page(from);
        size_t in_page = from->at % INDEX_ENTRIES_IN_PAGE;
        if (page == NULL) {
            from->lost = true;
            from->at += INDEX_ENTRIES_IN_PAGE - in_page;
            continue;
        }
        index_entry_read(page, in_page, &from->entry);
        from->at++;
        uint32_t number = from->entry.pack < from->segment->head.packs
                              ? from->number[from->entry.pack]
                              : PACK_LOST;
        bool disorder = index_key_compare(&from->entry.key, &from->last) < 0;
        if (number == PACK_LOST || disorder)
            from->lost = from->segment->hurt = true;
        if (number == PACK_LOST || number == PACK_DROPPED || disorder)
            continue;
        from->entry.pack = number;
        from->last = from->entry.key;
        return true;
    }
    return false;
}

/* ---- the heap: the source with the least entry is heap[0] ---- */

static void sift_down(struct merge_source **heap, size_t count, size_t at) {
    for (;;) {
        size_t least = at, left = 2 * at + 1, right = left + 1;
        if (left < count && index_entry_compare(&heap[left]->entry, &heap[least]->entry) < 0)
            least = left;
        if (right < count && index_entry_compare(&heap[right]->entry, &heap[least]->entry) < 0)
            least = right;
        if (least == at)
            return;
        struct merge_source *other = heap[at];
        heap[at] = heap[least];
        heap[least] = other;
        at = least;
    }
}

static ex_code merge_entries(struct merge *m, struct segment_writer *w, struct ex_error *err) {
    struct merge_source *heap[MERGE_SOURCES_MAX];
    struct index_entry last = {0};
    size_t count = 0;
    bool any = false;
    for (size_t k = 0; k < m->count; k++)
        if (input_next(&m->source[k]))
            heap[count++] = &m->source[k];
    for (size_t k = count; k-- > 0;)
        sift_down(heap, count, k);
    while (count > 0) {
        const struct index_entry *e = &heap[0]->entry;
        if (!any || index_entry_compare(e, &last) != 0)
            EX_TRY(writer_add(w, e, err));
        any = true;
        last = *e;
        if (!input_next(heap[0]))
            heap[0] = heap[--count];
        sift_down(heap, count, 0);
    }
    return EX_OK;
}

static ex_code merge_write(struct vault_index *i, struct merge *m, const struct index_pack *pack,
                           size_t packs, struct ex_error *err) {
    struct segment_writer w;
    uint64_t entries = 0;
    for (size_t k = 0; k < m->count; k++)
        entries += m->source[k].segment->head.entries;
    ex_code code = writer_open(i, pack, packs, entries, &w, err);
    if (code == EX_OK)
        code = merge_entries(m, &w, err);
    if (code == EX_OK)
        code = writer_publish(&w, err);
    writer_close(&w);
    return code;
}

ex_code merge_publish(struct vault_index *i, struct merge *m, struct ex_error *err) {
    EX_AUTO_FREE struct index_pack *pack = NULL;
    size_t packs = 0;
    EX_TRY(gather_packs(i, m, &pack, &packs, err));
    ex_code code = EX_OK;
    for (size_t k = 0; code == EX_OK && k < m->count; k++) {
        code = number_packs(&m->source[k], pack, packs, err);
        if (code == EX_OK)
            code = input_open(&m->source[k], MERGE_BUFFER_PAGES / m->count, err);
    }
    if (code == EX_OK && packs > 0)
        code = merge_write(i, m, pack, packs, err);
    for (size_t k = 0; k < m->count; k++)
        input_close(&m->source[k]);
    return code;
}

ex_code merge_retire(struct vault_index *i, struct merge *m, struct ex_error *err) {
    for (size_t k = 0; k < m->count; k++) {
        const struct segment *s = m->source[k].segment;
        char bad[SEGMENT_NAME_BYTES];
        (void)snprintf(bad, sizeof bad, "%.16s.bad", s->name);
        int done = m->source[k].lost ? renameat(i->dir_fd, s->name, i->dir_fd, bad)
                                     : unlinkat(i->dir_fd, s->name, 0);
        if (done != 0 && errno != ENOENT)
            return ex_fail_sys(err, "could not remove \"index/%s\"", s->name);
    }
    return EX_OK;
}

/* ---- which ---- */

/* The segments whose size is within a factor of the smallest one that has enough company. */
static void merge_choose(struct vault_index *i, struct merge *m) {
    for (size_t base = 0; base < i->count; base++) {
        uint64_t low = i->segment[base]->head.entries, high = low * MERGE_FACTOR + 1;
        size_t above = low >= LARGE_ENTRIES ? MERGE_ABOVE_LARGE : MERGE_ABOVE;
        m->count = 0;
        for (size_t k = 0; k < i->count && m->count < MERGE_SOURCES_MAX; k++) {
            struct segment *s = i->segment[k];
            if (s->head.entries >= low && s->head.entries <= high && segment_ready(i, s))
                m->source[m->count++] = (struct merge_source){.segment = s};
        }
        if (m->count > above)
            return;
    }
    m->count = 0;
}

static ex_code merge_locked(struct vault_index *i, struct merge *m, struct ex_error *err) {
    for (;;) {
        EX_TRY(index_refresh(i, err));
        merge_choose(i, m);
        if (m->count < 2)
            return EX_OK;
        EX_TRY(merge_publish(i, m, err));
        EX_TRY(merge_retire(i, m, err));
    }
}

ex_code index_merge(struct vault_index *i, struct ex_error *err) {
    EX_AUTO_FD int lock = -1;
    struct ex_error why;
    ex_code code = ex_lock(i->dir_fd, "lock", true, 0, &lock, &why);
    if (code == EX_BUSY)
        return EX_OK; /* another process is at it */
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    EX_AUTO_FREE struct merge *m = ex_new0(struct merge);
    return merge_locked(i, m, err);
}

void index_set_gone(struct vault_index *i,
                    bool (*gone)(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]),
                    void *context) {
    i->gone = gone;
    i->gone_context = context;
}

/* ---- packs taken out ---- */

struct dropped {
    size_t count;
    uint8_t (*id)[VAULT_PACK_ID_BYTES]; /* in order */
};

static int by_pack_id(const void *a, const void *b) {
    return memcmp(a, b, VAULT_PACK_ID_BYTES);
}

static bool is_dropped(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    const struct dropped *d = context;
    return bsearch(id, d->id, d->count, sizeof *d->id, by_pack_id) != NULL;
}

static bool names_one(const struct segment *s, struct dropped *d) {
    for (uint32_t n = 0; n < s->head.packs; n++)
        if (!s->pack[n].lost && is_dropped(d, s->pack[n].id))
            return true;
    return false;
}

static ex_code drop_locked(struct vault_index *i, struct dropped *d, struct ex_error *err) {
    EX_AUTO_FREE struct merge *m = ex_new0(struct merge);
    EX_TRY(index_refresh(i, err));
    for (size_t k = 0; k < i->count; k++) {
        struct segment *s = i->segment[k];
        if (!segment_ready(i, s) || !names_one(s, d))
            continue;
        *m = (struct merge){.count = 1, .drop = is_dropped, .context = d};
        m->source[0].segment = s;
        EX_TRY(merge_publish(i, m, err));
        EX_TRY(merge_retire(i, m, err));
    }
    EX_TRY(ex_sync_fd(i->dir_fd, "the index", err)); /* or they might come back */
    return index_refresh(i, err);
}

ex_code index_drop_packs(struct vault_index *i, const uint8_t (*id)[VAULT_PACK_ID_BYTES],
                         size_t count, struct ex_error *err) {
    EX_AUTO_FD int lock = -1;
    EX_AUTO_FREE uint8_t *sorted = NULL;
    if (count == 0)
        return EX_OK;
    if (index_locked(i))
        return ex_fail(err, EX_DENIED, "the vault is locked: its index cannot be written");
    EX_TRY(
        ex_alloc(count, VAULT_PACK_ID_BYTES, EX_LIMIT_PACK_BYTES, "a list of packs", &sorted, err));
    memcpy(sorted, id, count * VAULT_PACK_ID_BYTES);
    qsort(sorted, count, VAULT_PACK_ID_BYTES, by_pack_id);
    struct dropped d = {.count = count, .id = (uint8_t(*)[VAULT_PACK_ID_BYTES])sorted};
    EX_TRY(ex_lock(i->dir_fd, "lock", true, DROP_WAIT_MS, &lock, err));
    return drop_locked(i, &d, err);
}
