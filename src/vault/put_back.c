/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back what was written (format/vault §4): each record is read past the page cache,
 * decrypted, decompressed, and every id in it is computed again. The writer goes on meanwhile; a
 * pack is not sealed before all of its records came back right. */
#include "vault/put_internal.h"

struct readback_job {
    struct ex_job job;
    struct put_writer *writer;
    struct pack_record record;       /* what must be there */
    const struct table_entry *entry; /* record.count of them */
    ex_code code;
    struct ex_error error;
};

/* Has its own copy of the list, which grows while this runs. */
struct readback {
    size_t count;
    struct table_entry *entry;
    struct readback_job job[];
};

static ex_code readback_one(const struct readback_job *j, unsigned worker, struct ex_error *err) {
    const struct put_writer *w = j->writer;
    const struct workers *workers = &w->shared->workers;
    size_t size = RECORD_HEADER_BYTES + (size_t)j->record.head.stored_length, bad = 0;
    EX_AUTO_FREE uint8_t *buffer = NULL;
    uint8_t *data;
    struct record r = {0};
    EX_TRY(pack_read_past_cache(w->back_fd, w->method, size, j->record.offset, w->name, &buffer,
                                &data, err));
    EX_TRY(record_parse(workers->codec[worker], &w->ref, data, size, RECORD_ALL, &r, err));
    ex_code code = EX_OK;
    if (r.entry_count != j->record.count || r.head.number != j->record.head.number ||
        memcmp(r.entry, j->entry, r.entry_count * sizeof *r.entry) != 0)
        code = ex_fail(err, EX_ALTERED, "what was read back is another record");
    if (code == EX_OK)
        code = record_check_ids(&r, workers->hasher[worker], &bad, err);
    if (code == EX_OK && bad != r.entry_count)
        code = ex_fail(err, EX_ALTERED, "what was read back has another hash");
    record_clear(&r);
    return code;
}

static void readback_run(struct ex_job *job, unsigned worker) {
    struct readback_job *j = (struct readback_job *)job;
    j->code = readback_one(j, worker, &j->error);
}

static void readback_free(struct readback *b) {
    if (b != NULL)
        free(b->entry);
    free(b);
}

static ex_code readback_new(struct put_writer *w, size_t count, struct readback **ret,
                            struct ex_error *err) {
    struct readback *b;
    const struct pack_record *first = &w->list.record[w->checked];
    const struct pack_record *last = first + count - 1;
    size_t entries = last->first + last->count - first->first;
    EX_TRY(ex_alloc(1, sizeof *b + count * sizeof b->job[0], EX_LIMIT_PACK_BYTES, "read-back", &b,
                    err));
    b->count = count;
    ex_code code =
        ex_alloc(entries + 1, sizeof *b->entry, EX_LIMIT_PACK_BYTES, "read-back", &b->entry, err);
    if (code != EX_OK) {
        readback_free(b);
        return code;
    }
    if (entries > 0)
        memcpy(b->entry, w->list.entry + first->first, entries * sizeof *b->entry);
    for (size_t i = 0; i < count; i++)
        b->job[i] = (struct readback_job){.job = {.run = readback_run},
                                          .writer = w,
                                          .record = first[i],
                                          .entry = b->entry + (first[i].first - first->first)};
    *ret = b;
    return EX_OK;
}

static size_t durable_records(const struct put_writer *w) {
    size_t end = w->checked;
    for (; end < w->list.record_count; end++) {
        const struct pack_record *r = &w->list.record[end];
        if (r->offset + RECORD_HEADER_BYTES + (uint64_t)r->head.stored_length > w->synced_to)
            break;
    }
    return end - w->checked;
}

ex_code readback_start(struct put_writer *w, struct ex_error *err) {
    size_t count = durable_records(w);
    if (w->readback == VAULT_READBACK_NONE || count == 0)
        return EX_OK;
    if (w->back_fd < 0)
        EX_TRY(pack_open_direct(w->work->dir_fd, w->name, &w->back_fd, &w->method, err));
    EX_TRY(readback_new(w, count, &w->reading, err));
    for (size_t i = 0; i < count; i++)
        ex_pool_submit(w->shared->workers.pool, &w->reading->job[i].job);
    w->checked += count;
    return EX_OK;
}

static ex_code judge(const struct readback_job *j, struct ex_error *err) {
    if (j->code == EX_ALTERED)
        return ex_hint(ex_fail(err, EX_IO,
                               "the disk did not give back what was written to it (%.100s)",
                               j->error.text),
                       err, "nothing was acknowledged; do not trust this disk or its cable");
    if (j->code != EX_OK && err != NULL)
        *err = j->error;
    return j->code;
}

ex_code readback_end(struct put_writer *w, struct ex_error *err) {
    struct readback *b = ex_steal(&w->reading);
    ex_code code = EX_OK;
    for (size_t i = 0; b != NULL && i < b->count; i++) {
        ex_job_wait(w->shared->workers.pool, &b->job[i].job);
        if (code == EX_OK)
            code = judge(&b->job[i], err);
    }
    readback_free(b);
    return code;
}
