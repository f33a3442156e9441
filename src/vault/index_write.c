/* SPDX-License-Identifier: Apache-2.0 */
/* One index segment, written from its beginning to its end: format/vault §5. The entries come in
 * order, so the lines of the filter do too, and neither needs more memory than its buffer. */
#include "vault/index_internal.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { ENTRY_RUN_PAGES = 256, FILTER_RUN_PAGES = 64 };

/* ---- runs of pages ---- */

static ex_code run_open(struct page_run *r, size_t capacity, uint64_t first, struct ex_error *err) {
    r->capacity = capacity;
    r->next = first;
    return ex_alloc(capacity, INDEX_PAGE_BYTES, EX_LIMIT_RECORD_BYTES, "an index segment",
                    &r->buffer, err);
}

static ex_code run_flush(struct segment_writer *w, struct page_run *r, struct ex_error *err) {
    EX_TRY(ex_write_at(w->fd, r->buffer, r->full * INDEX_PAGE_BYTES, r->next * INDEX_PAGE_BYTES,
                       "an index segment", err));
    r->next += r->full;
    r->full = 0;
    return EX_OK;
}

static ex_code run_end_page(struct segment_writer *w, struct page_run *r, struct ex_error *err) {
    uint8_t *page = r->buffer + r->full * INDEX_PAGE_BYTES;
    memset(page + r->fill, 0, INDEX_PAGE_BYTES - r->fill);
    EX_TRY(page_seal(&w->codec, r->next + r->full, page, err));
    r->fill = 0;
    return ++r->full == r->capacity ? run_flush(w, r, err) : EX_OK;
}

static ex_code run_add(struct segment_writer *w, struct page_run *r, const uint8_t *data,
                       size_t size_bytes, struct ex_error *err) {
    if (r->fill + size_bytes > INDEX_DATA_BYTES)
        EX_TRY(run_end_page(w, r, err));
    memcpy(r->buffer + r->full * INDEX_PAGE_BYTES + r->fill, data, size_bytes);
    r->fill += size_bytes;
    return EX_OK;
}

static ex_code run_end(struct segment_writer *w, struct page_run *r, struct ex_error *err) {
    if (r->fill > 0)
        EX_TRY(run_end_page(w, r, err));
    return run_flush(w, r, err);
}

/* ---- a segment ---- */

static ex_code write_packs(struct segment_writer *w, const struct index_pack *pack,
                           struct ex_error *err) {
    struct page_run run = {0};
    uint8_t bytes[INDEX_PACK_BYTES];
    ex_code code = run_open(&run, FILTER_RUN_PAGES, w->head.pack_page, err);
    for (uint32_t n = 0; code == EX_OK && n < w->head.packs; n++) {
        memcpy(bytes, pack[n].id, VAULT_PACK_ID_BYTES);
        ex_put_le64(bytes + VAULT_PACK_ID_BYTES, (uint64_t)pack[n].read_back_ns);
        code = run_add(w, &run, bytes, sizeof bytes, err);
    }
    if (code == EX_OK)
        code = run_end(w, &run, err);
    free(run.buffer);
    return code;
}

ex_code writer_open(struct vault_index *i, const struct index_pack *pack, size_t packs,
                    uint64_t entries_max, struct segment_writer *w, struct ex_error *err) {
    char hex[17];
    *w = (struct segment_writer){.index = i, .fd = -1};
    if (i->encrypted && epochs_newest(i->epochs) == 0)
        return ex_fail(err, EX_DENIED, "the vault is locked: its index cannot be written");
    if (packs > INDEX_PACKS_MAX)
        return ex_fail(err, EX_LIMIT, "there are more than %d packs", INDEX_PACKS_MAX);
    randombytes_buf(w->head.id, sizeof w->head.id);
    ex_hex(hex, w->head.id, 8);
    (void)snprintf(w->temp, sizeof w->temp, "%s.tmp", hex);
    (void)snprintf(w->name, sizeof w->name, "%s.idx", hex);
    w->head.epoch = i->encrypted ? epochs_newest(i->epochs) : 0;
    w->head.packs = (uint32_t)packs;
    w->head.lines =
        (entries_max * INDEX_BITS_OF_ENTRY + INDEX_LINE_BYTES * 8 - 1) / (INDEX_LINE_BYTES * 8);
    segment_head_place(&w->head);
    EX_TRY(page_codec_open(i->epochs, w->head.epoch, w->head.id, &w->codec, err));
    EX_TRY(run_open(&w->filter, FILTER_RUN_PAGES, w->head.line_page, err));
    EX_TRY(run_open(&w->entries, ENTRY_RUN_PAGES, w->head.entry_page, err));
    EX_TRY(ex_open_at(i->dir_fd, w->temp, O_RDWR | O_CREAT | O_EXCL, &w->fd, err));
    return write_packs(w, pack, err);
}

/* Writes the lines before this one. */
static ex_code lines_until(struct segment_writer *w, uint64_t line, struct ex_error *err) {
    for (; w->line_number < line; w->line_number++) {
        EX_TRY(run_add(w, &w->filter, w->line, sizeof w->line, err));
        memset(w->line, 0, sizeof w->line);
    }
    return EX_OK;
}

ex_code writer_add(struct segment_writer *w, const struct index_entry *e, struct ex_error *err) {
    uint8_t bytes[INDEX_ENTRY_BYTES];
    EX_TRY(lines_until(w, index_line_of(&e->key, w->head.lines), err));
    index_line_add(w->line, &e->key);
    for (int k = 0; k < 8; k++) {
        bytes[k] = (uint8_t)(e->key.high >> (56 - 8 * k));
        bytes[8 + k] = (uint8_t)(e->key.low >> (56 - 8 * k));
    }
    ex_put_le32(bytes + 16, e->pack);
    ex_put_le32(bytes + 20, e->offset);
    w->head.entries++;
    return run_add(w, &w->entries, bytes, sizeof bytes, err);
}

ex_code writer_publish(struct segment_writer *w, struct ex_error *err) {
    uint8_t page[INDEX_PAGE_BYTES];
    EX_TRY(lines_until(w, w->head.lines, err));
    EX_TRY(run_end(w, &w->filter, err));
    EX_TRY(run_end(w, &w->entries, err));
    segment_head_write(&w->head, page);
    EX_TRY(page_seal(&w->codec, 0, page, err));
    EX_TRY(ex_write_at(w->fd, page, sizeof page, 0, "an index segment", err));
    EX_TRY(ex_sync_fd(w->fd, "an index segment", err));
    return ex_publish(w->index->dir_fd, w->temp, w->index->dir_fd, w->name, err);
}

void writer_close(struct segment_writer *w) {
    if (w->fd >= 0)
        (void)unlinkat(w->index->dir_fd, w->temp, 0); /* already renamed when it was published */
    ex_fd_close(w->fd);
    page_codec_close(&w->codec);
    free(w->entries.buffer);
    free(w->filter.buffer);
}

/* ---- packs, gathered ---- */

/* A rebuild publishes many packs at once: 512 Ki entries in memory are 12 MiB. */
enum { BATCH_ENTRIES = 1 << 19 };

struct batch_pack {
    struct index_pack pack; /* first: index_pack_compare() sorts these */
    uint32_t number;        /* in the entries, until write_batch() */
};

struct index_batch {
    struct vault_index *index;
    size_t packs, pack_capacity, entries, entry_capacity;
    struct batch_pack *pack;
    struct index_entry *entry;
};

struct index_batch *index_batch_new(struct vault_index *i) {
    struct index_batch *b = ex_new0(struct index_batch);
    b->index = i;
    return b;
}

void index_batch_free(struct index_batch *b) {
    if (b == NULL)
        return;
    free(b->pack);
    free(b->entry);
    free(b);
}

static ex_code gather(struct index_batch *b, const struct pack_list *list, struct ex_error *err) {
    EX_TRY(ex_grow(&b->pack, &b->pack_capacity, b->packs + 1, sizeof *b->pack, EX_LIMIT_PACK_BYTES,
                   "the packs of an index segment", err));
    EX_TRY(ex_grow(&b->entry, &b->entry_capacity, b->entries + list->entry_count, sizeof *b->entry,
                   EX_LIMIT_PACK_BYTES, "an index segment", err));
    struct batch_pack *p = &b->pack[b->packs];
    *p = (struct batch_pack){.number = (uint32_t)b->packs};
    memcpy(p->pack.id, list->id, VAULT_PACK_ID_BYTES);
    p->pack.read_back_ns = list->read_back_ns;
    for (size_t r = 0; r < list->record_count; r++)
        for (size_t k = 0; k < list->record[r].count; k++)
            b->entry[b->entries++] =
                (struct index_entry){.key = index_key_of(list->entry[list->record[r].first + k].id),
                                     .pack = p->number,
                                     .offset = list->record[r].offset};
    b->packs++;
    return EX_OK;
}

/* Sorts packs and entries; the entries name the packs by their new place. */
static ex_code sort_batch(struct index_batch *b, struct index_pack *pack, struct ex_error *err) {
    EX_AUTO_FREE uint32_t *place = NULL;
    EX_TRY(ex_alloc(b->packs, sizeof *place, EX_LIMIT_PACK_BYTES, "an index segment", &place, err));
    qsort(b->pack, b->packs, sizeof *b->pack, index_pack_compare);
    for (size_t n = 0; n < b->packs; n++) {
        pack[n] = b->pack[n].pack;
        place[b->pack[n].number] = (uint32_t)n;
    }
    for (size_t n = 0; n < b->entries; n++)
        b->entry[n].pack = place[b->entry[n].pack];
    if (b->entries > 0)
        qsort(b->entry, b->entries, sizeof *b->entry, index_entry_compare);
    return EX_OK;
}

static ex_code write_batch(struct index_batch *b, struct ex_error *err) {
    EX_AUTO_FREE struct index_pack *pack = NULL;
    struct segment_writer w;
    EX_TRY(ex_alloc(b->packs, sizeof *pack, EX_LIMIT_PACK_BYTES, "an index segment", &pack, err));
    EX_TRY(sort_batch(b, pack, err));
    ex_code code = writer_open(b->index, pack, b->packs, b->entries, &w, err);
    for (size_t n = 0; code == EX_OK && n < b->entries; n++)
        code = writer_add(&w, &b->entry[n], err);
    if (code == EX_OK)
        code = writer_publish(&w, err);
    writer_close(&w);
    b->packs = b->entries = 0;
    return code;
}

ex_code index_batch_add(struct index_batch *b, const struct pack_list *list, struct ex_error *err) {
    if (b->packs > 0 && b->entries + list->entry_count > BATCH_ENTRIES) {
        EX_TRY(write_batch(b, err));
        EX_TRY(index_merge(b->index, err));
    }
    return gather(b, list, err);
}

ex_code index_batch_end(struct index_batch *b, struct ex_error *err) {
    return b->packs > 0 ? write_batch(b, err) : EX_OK;
}

ex_code index_publish(struct vault_index *i, const struct pack_list *list, struct ex_error *err) {
    EX_AUTO(index_batch_free) struct index_batch *b = index_batch_new(i);
    EX_TRY(gather(b, list, err));
    return write_batch(b, err);
}
