/* SPDX-License-Identifier: Apache-2.0 */
/* The far end of putting: records into packs, onto the disk, read back, published (format/vault
 * §4). */
#include "vault/put_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

ex_code out_record_new(struct put_shared *s, enum record_type type, size_t capacity_bytes,
                       struct out_record **ret, struct ex_error *err) {
    struct out_record *r = ex_new0(struct out_record);
    r->shared = s;
    r->type = type;
    r->data = malloc(capacity_bytes);
    if (r->data == NULL) {
        free(r);
        return ex_fail(err, EX_NOMEM, "no memory for a record");
    }
    *ret = r;
    return EX_OK;
}

void out_record_free(struct out_record *r) {
    if (r == NULL)
        return;
    free(r->entry);
    free(r->data);
    free(r->built);
    free(r);
}

ex_code out_record_add(struct out_record *r, const uint8_t id[static SHA256_BYTES], uint32_t length,
                       struct ex_error *err) {
    EX_TRY(ex_grow(&r->entry, &r->entry_capacity, r->entry_count + 1, sizeof *r->entry,
                   EX_LIMIT_RECORD_BYTES, "the table of a record", err));
    memcpy(r->entry[r->entry_count].id, id, SHA256_BYTES);
    r->entry[r->entry_count++].length = length;
    r->size_bytes += length;
    return EX_OK;
}

static void build_record(struct ex_job *job, unsigned worker) {
    struct out_record *r = (struct out_record *)job;
    r->code = record_build(r->type, r->entry, r->entry_count, r->data, r->size_bytes,
                           r->shared->workers.codec[worker], r->level,
                           !r->shared->vault->config.plain, &r->built, &r->built_bytes, &r->error);
    atomic_fetch_sub(&r->shared->pace.unbuilt, 1);
    free(r->data);
    r->data = NULL;
}

/* ---- the open pack ---- */

static ex_code pack_begin(struct put_writer *w, struct ex_error *err) {
    uint8_t bytes[PACK_HEADER_BYTES];
    char hex[SHA256_HEX_BYTES];
    EX_TRY(pack_ref_new(w->shared->vault, &w->ref, err));
    pack_list_clear(&w->list);
    memcpy(w->list.id, w->ref.id, sizeof w->list.id);
    w->list.epoch = w->ref.epoch;
    (void)snprintf(w->name, sizeof w->name, "%s.pack", ex_hex(hex, w->ref.id, sizeof w->ref.id));
    EX_TRY(pack_out_begin(&w->out, w->work->dir_fd, w->name, err));
    pack_header_of(&w->ref, PACK_DATA, w->shared->vault->config.id, bytes);
    EX_TRY(pack_out_add(&w->out, bytes, sizeof bytes, w->name, err));
    w->at = sizeof bytes;
    w->synced_to = 0;
    w->checked = 0;
    return EX_OK;
}

static ex_code sync_and_check(struct put_writer *w, bool all, struct ex_error *err) {
    EX_TRY(pack_out_sync(&w->out, all, w->name, err));
    w->synced_to = w->out.handed_bytes;
    EX_TRY(readback_end(w, err));
    return readback_start(w, err);
}

static ex_code note_pack(struct put_writer *w, uint64_t bytes, struct ex_error *err) {
    struct journal_pack note = {.bytes = bytes, .method = w->method};
    EX_TRY(ex_grow(&w->pack, &w->pack_capacity, w->pack_count + 1, sizeof *w->pack,
                   EX_LIMIT_PACK_BYTES, "the list of packs", err));
    memcpy(w->pack[w->pack_count++], w->list.id, VAULT_PACK_ID_BYTES);
    memcpy(note.id, w->list.id, sizeof note.id);
    return work_note_pack(w->work, &note, err);
}

static ex_code pack_seal(struct put_writer *w, struct ex_error *err) {
    struct vault *v = w->shared->vault;
    EX_AUTO_FREE uint8_t *trailer = NULL;
    size_t size;
    char to[PACK_NAME_BYTES];
    struct ex_clock now;
    if (w->out.fd < 0)
        return EX_OK;
    EX_TRY(sync_and_check(w, true, err));
    EX_TRY(readback_end(w, err));
    ex_clock_read(&now);
    w->list.read_back_ns = w->readback == VAULT_READBACK_NONE ? 0 : now.utc_ns;
    EX_TRY(pack_trailer_build(&w->list, w->ref.epochs, w->codec, w->at, &trailer, &size, err));
    EX_TRY(ex_write_at(w->out.fd, trailer, size, w->at, w->name, err));
    EX_TRY(ex_sync_fd(w->out.fd, w->name, err));
    EX_TRY(ex_make_parents(v->packs_fd, pack_name(to, w->list.id), err));
    EX_TRY(ex_publish(w->work->dir_fd, w->name, v->packs_fd, to, err));
    w->added_bytes += w->at + size;
    pack_out_close(&w->out);
    ex_fd_close(w->back_fd);
    w->back_fd = -1;
    EX_TRY(index_publish(v->index, &w->list, err));
    EX_TRY(note_pack(w, w->at + size, err));
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        atomic_store(&w->published[type], w->written[type]);
    return EX_OK;
}

static ex_code append(struct put_writer *w, struct out_record *r, struct ex_error *err) {
    struct record_head head;
    uint64_t tail = (w->list.entry_count + r->entry_count) * TABLE_ENTRY_BYTES +
                    (w->list.record_count + 1) * 20 + 256;
    if (w->out.fd >= 0 && w->list.record_count > 0 &&
        (w->at + r->built_bytes + tail > PACK_TARGET_BYTES || tail > TRAILER_TARGET_BYTES))
        EX_TRY(pack_seal(w, err));
    if (w->out.fd < 0)
        EX_TRY(pack_begin(w, err));
    EX_TRY(record_finish(w->codec, &w->ref, r->built, (uint32_t)w->list.record_count, err));
    EX_TRY(pack_out_add(&w->out, r->built, r->built_bytes, w->name, err));
    EX_TRY(record_head_parse(r->built, &head, err));
    EX_TRY(pack_list_add(&w->list, (uint32_t)w->at, &head, r->entry, r->entry_count, err));
    w->at += r->built_bytes;
    atomic_fetch_add(&w->stored_bytes, r->built_bytes);
    w->written[r->type]++;
    return w->out.handed_bytes - w->synced_to >= SYNC_BYTES ? sync_and_check(w, false, err) : EX_OK;
}

/* A resume point holds only when what comes before it is published. */
static ex_code take_in(struct put_writer *w, struct out_record *r, struct ex_error *err) {
    if (r->type != RECORD_JOURNAL)
        return append(w, r, err);
    EX_TRY(pack_seal(w, err));
    return work_note_point(w->work, r->built, r->built_bytes, err);
}

/* ---- the thread and its queue ---- */

static struct out_record *take(struct put_writer *w) {
    struct put_shared *s = w->shared;
    pthread_mutex_lock(&s->mutex);
    while (w->first == NULL && !w->closing)
        put_wait(s, EVENT_RECORD);
    struct out_record *r = w->first;
    if (r != NULL) {
        w->first = r->next;
        if (w->first == NULL)
            w->last = &w->first;
        w->queued--;
        pthread_cond_signal(&s->event[EVENT_RECORD_ROOM]);
    }
    pthread_mutex_unlock(&s->mutex);
    return r;
}

/* Goes on taking records after a failure, so that nobody waits for room and all memory comes back.
 */
static void *write_records(void *argument) {
    struct put_writer *w = argument;
    struct put_shared *s = w->shared;
    struct out_record *r;
    struct ex_error err;
    while ((r = take(w)) != NULL) {
        ex_job_wait(s->workers.pool, &r->job);
        if (!atomic_load(&s->failed)) {
            ex_code code = r->code;
            if (code != EX_OK)
                err = r->error;
            else
                code = take_in(w, r, &err);
            if (code != EX_OK)
                put_fail(s, &err);
        }
        out_record_free(r);
    }
    if (!atomic_load(&s->failed) && pack_seal(w, &err) != EX_OK)
        put_fail(s, &err);
    (void)!readback_end(w, NULL); /* after a failure: of what is on its way nothing may go on */
    return NULL;
}

ex_code put_writer_start(struct put_writer *w, struct put_shared *s, struct vault_work *work,
                         enum vault_readback readback, struct ex_error *err) {
    w->shared = s;
    w->readback = readback;
    w->work = work;
    w->out = (struct pack_out){.fd = -1, .direct_fd = -1};
    w->back_fd = -1;
    w->last = &w->first;
    EX_TRY(codec_new(&w->codec, err));
    if (pthread_create(&w->thread, NULL, write_records, w) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    return EX_OK;
}

void put_writer_hand_in(struct put_writer *w, struct out_record *r) {
    struct put_shared *s = w->shared;
    r->job.run = build_record;
    r->level = pace_next(&s->pace);
    if (s->level != 0)
        r->level = s->level;
    ex_pool_submit(s->workers.pool, &r->job);
    pthread_mutex_lock(&s->mutex);
    while (w->queued >= RECORDS_QUEUED_MAX)
        put_wait(s, EVENT_RECORD_ROOM);
    *w->last = r;
    w->last = &r->next;
    w->queued++;
    pthread_cond_signal(&s->event[EVENT_RECORD]);
    pthread_mutex_unlock(&s->mutex);
}

void put_writer_join(struct put_writer *w) {
    pthread_mutex_lock(&w->shared->mutex);
    w->closing = true;
    pthread_cond_signal(&w->shared->event[EVENT_RECORD]);
    pthread_mutex_unlock(&w->shared->mutex);
    pthread_join(w->thread, NULL);
}

void put_writer_clear(struct put_writer *w) {
    if (w->out.fd >= 0)
        (void)unlinkat(w->work->dir_fd, w->name, 0);
    pack_out_free(&w->out);
    ex_fd_close(w->back_fd);
    pack_list_clear(&w->list);
    codec_free(w->codec);
}
