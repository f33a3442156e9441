/* SPDX-License-Identifier: Apache-2.0 */
/* The content goes through a ring of slabs: filled by the caller, compressed by a pool, hashed by
 * one thread for each hash, and written in order by the caller again. */
#include "formats/ewf_write_internal.h"

#include <inttypes.h>

enum { THREADS_MAX = 64, SLABS_BESIDE = 6 };

struct ewf_writer {
    struct ewf_form form;
    uint32_t chunk_bytes;
    struct ewf_output output;
    struct ex_pool *pool;
    struct ewf_packer *packer[THREADS_MAX];
    struct ewf_constants *constants;
    struct ewf_lanes *lanes;
    uint64_t added_bytes;
    uint64_t filled, written; /* slabs so far */
    bool filling;             /* the one behind them is being filled */
    size_t ring_count;
    struct ewf_slab ring[];
};

/* ---- what can be written ---- */

/* At the most: nothing can be compressed, and each segment has no room for one chunk more. */
static uint64_t segments_needed(const struct ewf_form *f) {
    uint64_t chunk = ewf_chunk_bytes(f), chunks = f->size_bytes / chunk + 1;
    uint64_t section = SECTION_BYTES + 2 * ewf_table_bytes(0);
    uint64_t each = chunk + SUM_BYTES + 2 * 4 + section / f->table_entries + 1;
    uint64_t around = SEGMENT_HEADER_BYTES + HEADERS_BYTES_MAX + SECTION_BYTES + VOLUME_BYTES +
                      2 * section + each + ewf_tail_bytes(f);
    if (around + each > f->segment_bytes)
        return UINT64_MAX; /* not even one chunk is sure to fit */
    return chunks / ((f->segment_bytes - around) / each) + 1;
}

static ex_code check_sizes(const struct ewf_form *f, struct ex_error *err) {
    if (f->sector_bytes != 1 && f->sector_bytes != 512 && f->sector_bytes != 4096)
        return ex_fail(err, EX_USAGE, "sectors of %u bytes are not written", f->sector_bytes);
    if (f->size_bytes % f->sector_bytes != 0)
        return ex_fail(err, EX_USAGE, "%" PRIu64 " bytes are no whole number of sectors of %u",
                       f->size_bytes, f->sector_bytes);
    if (f->segment_bytes < EWF_SEGMENT_BYTES_MIN || f->segment_bytes > INT64_MAX)
        return ex_fail(err, EX_USAGE, "a segment has at least %d bytes", EWF_SEGMENT_BYTES_MIN);
    if (f->table_entries == 0 || f->table_entries > EWF_TABLE_ENTRIES_MAX)
        return ex_fail(err, EX_USAGE, "a table has 1 to %d entries", EWF_TABLE_ENTRIES_MAX);
    return EX_OK;
}

ex_code ewf_form_check(const struct ewf_form *f, struct ex_error *err) {
    EX_TRY(check_sizes(f, err));
    if (f->size_bytes / ewf_chunk_bytes(f) >= UINT32_MAX)
        return ex_fail(err, EX_LIMIT, "%" PRIu64 " bytes are more than an E01 can hold",
                       f->size_bytes);
    uint64_t segments = segments_needed(f);
    if (segments == UINT64_MAX)
        return ex_fail(err, EX_LIMIT, "segments of %" PRIu64 " bytes are too small for this image",
                       f->segment_bytes);
    if (segments > EWF_SEGMENTS_MAX)
        return ex_hint(ex_fail(err, EX_LIMIT,
                               "in segments of %" PRIu64 " bytes the image may need %" PRIu64
                               " of them, and there are names for %d",
                               f->segment_bytes, segments, EWF_SEGMENTS_MAX),
                       err, "ask for larger segments");
    return EX_OK;
}

/* ---- compressing ---- */

static void pack_slab(struct ex_job *job, unsigned worker) {
    struct ewf_slab *slab = (struct ewf_slab *)job;
    const struct ewf_writer *w = slab->writer;
    uint8_t *to = slab->stored;
    slab->chunk_count = 0;
    for (size_t at = 0, part; at < slab->size_bytes; at += part) {
        part = slab->size_bytes - at < w->chunk_bytes ? slab->size_bytes - at : w->chunk_bytes;
        struct ewf_chunk *chunk = &slab->chunk[slab->chunk_count++];
        *chunk = ewf_pack_chunk(w->packer[worker], w->constants, w->chunk_bytes,
                                slab->constant ? slab->data : slab->data + at, part, to);
        to += chunk->bytes;
    }
}

static ex_code write_oldest(struct ewf_writer *w, struct ex_error *err) {
    struct ewf_slab *slab = &w->ring[w->written % w->ring_count];
    ex_job_wait(w->pool, &slab->job);
    EX_TRY(ewf_output_chunks(&w->output, slab->chunk, slab->chunk_count, slab->stored, err));
    w->written++;
    return EX_OK;
}

/* The slab that is being filled; when none is, the next one, as soon as it is free. */
static ex_code current(struct ewf_writer *w, struct ewf_slab **ret, struct ex_error *err) {
    struct ewf_slab *slab = &w->ring[w->filled % w->ring_count];
    *ret = slab;
    if (w->filling)
        return EX_OK;
    while (w->filled - w->written >= w->ring_count)
        EX_TRY(write_oldest(w, err));
    if (w->filled >= w->ring_count)
        ewf_lanes_wait(w->lanes, w->filled - w->ring_count + 1);
    slab->size_bytes = 0;
    slab->constant = false;
    w->filling = true;
    return EX_OK;
}

static void push(struct ewf_writer *w) {
    struct ewf_slab *slab = &w->ring[w->filled % w->ring_count];
    ex_pool_submit(w->pool, &slab->job);
    ewf_lanes_push(w->lanes);
    w->filled++;
    w->filling = false;
}

/* ---- the content ---- */

static ex_code count(struct ewf_writer *w, uint64_t size_bytes, struct ex_error *err) {
    if (size_bytes > w->form.size_bytes - w->added_bytes)
        return ex_fail(err, EX_ALTERED, "the content has more than %" PRIu64 " bytes",
                       w->form.size_bytes);
    w->added_bytes += size_bytes;
    return EX_OK;
}

ex_code ewf_writer_add(struct ewf_writer *w, const uint8_t *data, uint64_t size_bytes,
                       struct ex_error *err) {
    EX_TRY(count(w, size_bytes, err));
    for (size_t part; size_bytes > 0; size_bytes -= part, data += part) {
        struct ewf_slab *slab;
        EX_TRY(current(w, &slab, err));
        size_t room = SLAB_BYTES - slab->size_bytes;
        part = size_bytes < room ? (size_t)size_bytes : room;
        memcpy(slab->data + slab->size_bytes, data, part);
        slab->size_bytes += part;
        if (slab->size_bytes == SLAB_BYTES)
            push(w);
    }
    return EX_OK;
}

ex_code ewf_writer_add_constant(struct ewf_writer *w, uint8_t value, uint64_t length,
                                struct ex_error *err) {
    EX_TRY(count(w, length, err));
    for (size_t part; length > 0; length -= part) {
        struct ewf_slab *slab;
        EX_TRY(current(w, &slab, err));
        size_t room = SLAB_BYTES - slab->size_bytes;
        part = length < room ? (size_t)length : room;
        slab->constant = part == SLAB_BYTES;
        memset(slab->data + slab->size_bytes, value, slab->constant ? w->chunk_bytes : part);
        slab->size_bytes += part;
        if (slab->size_bytes == SLAB_BYTES)
            push(w);
    }
    return EX_OK;
}

/* ---- from beginning to end ---- */

static ex_code make_ring(struct ewf_writer *w, struct ex_error *err) {
    size_t stored = SLAB_BYTES + SLAB_CHUNKS_MAX * SUM_BYTES;
    for (size_t i = 0; i < w->ring_count; i++) {
        struct ewf_slab *slab = &w->ring[i];
        slab->job.run = pack_slab;
        slab->writer = w;
        EX_TRY(ex_alloc(SLAB_BYTES, 1, SLAB_BYTES, "a part of the image", &slab->data, err));
        EX_TRY(ex_alloc(stored, 1, stored, "a part of the image", &slab->stored, err));
    }
    return EX_OK;
}

ex_code ewf_writer_new(const struct ewf_form *form, const struct ewf_sink *sink,
                       struct ewf_writer **ret, struct ex_error *err) {
    unsigned threads = ex_cpu_count() < THREADS_MAX ? ex_cpu_count() : THREADS_MAX;
    size_t ring_count = 2 * threads + SLABS_BESIDE;
    EX_TRY(ewf_form_check(form, err));
    EX_AUTO(ewf_writer_free)
    struct ewf_writer *w = ex_new0_bytes(sizeof *w + ring_count * sizeof w->ring[0]);
    w->form = *form;
    w->chunk_bytes = ewf_chunk_bytes(form);
    w->output.form = &w->form;
    w->output.sink = *sink;
    w->ring_count = ring_count;
    w->constants = ewf_constants_new(w->chunk_bytes);
    EX_TRY(make_ring(w, err));
    for (unsigned i = 0; i < threads; i++)
        w->packer[i] = ewf_packer_new();
    EX_TRY(ex_pool_new(threads, (unsigned)ring_count, &w->pool, err));
    EX_TRY(ewf_lanes_new(w->ring, ring_count, w->chunk_bytes, &w->lanes, err));
    EX_TRY(ewf_output_begin(&w->output, err));
    *ret = ex_steal(&w);
    return EX_OK;
}

ex_code ewf_writer_finish(struct ewf_writer *w, struct ewf_written *ret, struct ex_error *err) {
    struct ewf_written written = {.unread_listed = w->output.unread_listed};
    if (w->filling)
        push(w);
    while (w->written < w->filled)
        EX_TRY(write_oldest(w, err));
    if (w->added_bytes != w->form.size_bytes)
        return ex_fail(err, EX_ALTERED, "the content has %" PRIu64 " bytes instead of %" PRIu64,
                       w->added_bytes, w->form.size_bytes);
    EX_TRY(ewf_lanes_finish(w->lanes, &written, err));
    EX_TRY(ewf_output_finish(&w->output, &written, err));
    written.segments = w->output.segment;
    *ret = written;
    return EX_OK;
}

void ewf_writer_free(struct ewf_writer *w) {
    if (w == NULL)
        return;
    ex_pool_free(w->pool); /* finishes what was submitted */
    ewf_lanes_free(w->lanes);
    ewf_constants_free(w->constants);
    for (unsigned i = 0; i < THREADS_MAX; i++)
        ewf_packer_free(w->packer[i]);
    for (size_t i = 0; i < w->ring_count; i++) {
        free(w->ring[i].data);
        free(w->ring[i].stored);
    }
    ewf_output_clear(&w->output);
    free(w);
}
