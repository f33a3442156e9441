/* SPDX-License-Identifier: Apache-2.0 */
/* Putting an object: from slabs to chunks, nodes and the manifest. See put_internal.h for who does
 * what; this file is the caller's part. */
#include "vault/put_internal.h"

#include <fcntl.h>
#include <sodium.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A chunk or node of this object that is not in the published index yet. */
struct in_flight {
    uint8_t id[SHA256_BYTES];
    enum record_type type;
    uint64_t record; /* number of the record that carries it, among those of its type */
    UT_hash_handle hh;
};

struct put {
    struct put_shared shared;
    struct vault_work *work;
    struct slab_ring slabs;
    struct put_writer writer;
    struct put_state state;
    struct points points;
    struct out_record *chunks, *nodes; /* open records */
    size_t open_bytes;                 /* of the open chunk, behind chunks->size_bytes */
    const uint8_t *block;              /* the block in hand */
    size_t block_bytes;
    struct in_flight *in_flight;
    uint64_t handed_in[RECORD_TRAILER], seen_published;
    struct reuse reuse;
    struct vault_object_info object;
    uint64_t stopped_behind; /* slabs that are wholly in `state`; 0: nothing can be kept now */
};

/* ---- known or new ---- */

/* What is published is found through the index, and need not be remembered here. */
static ex_code forget_published(struct put *p, struct ex_error *err) {
    struct in_flight *f, *next;
    uint64_t published[RECORD_TRAILER], sum = 0;
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        sum += published[type] = atomic_load(&p->writer.published[type]);
    if (sum == p->seen_published)
        return EX_OK;
    /* A large object publishes many segments. What is derived must not end a collection: a merge
     * that fails is tried again with the next pack. */
    ex_code merged = index_merge(p->shared.vault->index, NULL);
    (void)merged;
    EX_TRY(index_refresh(p->shared.vault->index, err));
    p->seen_published = sum;
    HASH_ITER(hh, p->in_flight, f, next) {
        if (f->record >= published[f->type])
            continue;
        HASH_DEL(p->in_flight, f);
        free(f);
    }
    return EX_OK;
}

static ex_code remember(struct put *p, enum record_type type, const uint8_t *id,
                        struct ex_error *err) {
    struct in_flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the chunks in flight");
    memcpy(f->id, id, SHA256_BYTES);
    f->type = type;
    f->record = p->handed_in[type]; /* the open record of this type will get that number */
    HASH_ADD(hh, p->in_flight, id, SHA256_BYTES, f);
    if (f->hh.tbl == NULL) {
        free(f);
        return ex_fail(err, EX_NOMEM, "no memory for the chunks in flight");
    }
    return EX_OK;
}

static void count_reused(struct put *p, const struct index_place *place, uint64_t length) {
    struct vault_put_report *r = &p->state.report;
    int64_t verified_ns = vault_pack_verified(p->shared.vault, place->pack, place->read_back_ns);
    if (!p->state.reused || verified_ns < r->reused_oldest_ns)
        r->reused_oldest_ns = verified_ns;
    p->state.reused = true;
    r->reused_bytes += length;
}

/* Are these bytes in the vault, or on their way there with this object? */
static bool known(struct put *p, enum record_type type, const uint8_t *id, const uint8_t *data,
                  size_t size_bytes) {
    struct in_flight *f = NULL;
    struct index_place place;
    HASH_FIND(hh, p->in_flight, id, SHA256_BYTES, f);
    if (f != NULL)
        return true;
    if (!reuse_find(&p->reuse, type, id, data, size_bytes, &place))
        return false;
    count_reused(p, &place, type == RECORD_CHUNKS ? size_bytes : 0);
    return true;
}

/* ---- records ---- */

static ex_code hand_in(struct put *p, struct out_record **record, struct ex_error *err) {
    p->handed_in[(*record)->type]++;
    put_writer_hand_in(&p->writer, ex_steal(record));
    return forget_published(p, err);
}

/* The open chunk does not fit any more: hand in what is before it, and let it begin a new record.
 */
static ex_code make_room(struct put *p, struct ex_error *err) {
    struct out_record *next;
    EX_TRY(out_record_new(&p->shared, RECORD_CHUNKS, OUT_RECORD_BYTES, &next, err));
    memcpy(next->data, p->chunks->data + p->chunks->size_bytes, p->open_bytes);
    ex_code code = hand_in(p, &p->chunks, err);
    p->chunks = next;
    return code;
}

static ex_code join_bytes(struct put *p, const uint8_t *data, size_t size_bytes,
                          struct ex_error *err) {
    if (p->chunks == NULL)
        EX_TRY(out_record_new(&p->shared, RECORD_CHUNKS, OUT_RECORD_BYTES, &p->chunks, err));
    memcpy(p->chunks->data + p->chunks->size_bytes + p->open_bytes, data, size_bytes);
    p->open_bytes += size_bytes;
    return EX_OK;
}

static ex_code on_join(void *context, struct ex_error *err) {
    struct put *p = context;
    return join_bytes(p, p->block, p->block_bytes, err);
}

static ex_code on_join_constant(void *context, uint8_t value, struct ex_error *err) {
    uint8_t block[BLOCK_BYTES];
    memset(block, value, sizeof block);
    return join_bytes(context, block, sizeof block, err);
}

static ex_code on_node(void *context, const uint8_t id[static SHA256_BYTES], const uint8_t *node,
                       size_t size_bytes, struct ex_error *err) {
    struct put *p = context;
    if (known(p, RECORD_NODES, id, node, size_bytes))
        return EX_OK;
    if (p->nodes != NULL && p->nodes->size_bytes + size_bytes > RECORD_TARGET_BYTES)
        EX_TRY(hand_in(p, &p->nodes, err));
    if (p->nodes == NULL)
        EX_TRY(out_record_new(&p->shared, RECORD_NODES, RECORD_TARGET_BYTES, &p->nodes, err));
    memcpy(p->nodes->data + p->nodes->size_bytes, node, size_bytes);
    EX_TRY(out_record_add(p->nodes, id, (uint32_t)size_bytes, err));
    return remember(p, RECORD_NODES, id, err);
}

static ex_code on_chunk(void *context, uint32_t blocks, const uint8_t (*hash)[SHA256_BYTES],
                        struct ex_error *err) {
    struct put *p = context;
    const struct layout_sink sink = {.context = p, .node = on_node};
    struct extent e = {.kind = EXTENT_DATA, .length = p->open_bytes};
    const uint8_t *data = p->chunks->data + p->chunks->size_bytes;
    (void)blocks;
    chunk_id(e.length, hash, e.id);
    p->state.report.chunks++;
    p->state.report.data_bytes += e.length;
    if (!known(p, RECORD_CHUNKS, e.id, data, p->open_bytes)) {
        if (p->chunks->size_bytes > 0 &&
            p->chunks->size_bytes + p->open_bytes > RECORD_TARGET_BYTES)
            EX_TRY(make_room(p, err));
        EX_TRY(out_record_add(p->chunks, e.id, (uint32_t)e.length, err));
        EX_TRY(remember(p, RECORD_CHUNKS, e.id, err));
        p->state.report.chunks_new++;
        p->state.report.new_bytes += e.length;
    }
    p->open_bytes = 0;
    /* A chunk longer than a record's target fills it alone: behind it there is no room for the
     * longest chunk (OUT_RECORD_BYTES). */
    if (p->chunks->size_bytes >= RECORD_TARGET_BYTES)
        EX_TRY(hand_in(p, &p->chunks, err));
    return layout_add(&p->state.layout, &e, &sink, err);
}

static ex_code on_run(void *context, uint8_t value, uint64_t blocks, struct ex_error *err) {
    struct put *p = context;
    const struct layout_sink sink = {.context = p, .node = on_node};
    const struct extent e = {
        .kind = EXTENT_CONSTANT, .value = value, .length = blocks * BLOCK_BYTES};
    p->state.report.constant_bytes += e.length;
    return layout_add(&p->state.layout, &e, &sink, err);
}

/* ---- the way through ---- */

static ex_code put_slab(struct put *p, const struct slab *slab, struct ex_error *err) {
    const struct chunker_sink sink = {.context = p,
                                      .join = on_join,
                                      .join_constant = on_join_constant,
                                      .chunk = on_chunk,
                                      .run = on_run};
    for (size_t at = 0, i = 0; at < slab->size_bytes; at += BLOCK_BYTES, i++) {
        size_t left = slab->size_bytes - at;
        p->block = slab->data + at;
        p->block_bytes = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        const struct chunker_block block =
            chunker_block_of(p->block, p->block_bytes, slab->hash[i], slab->constant[i]);
        verity_add(&p->state.verity, block.hash);
        salted_add(&p->state.salted, block.hash);
        EX_TRY(chunker_add(&p->state.chunker, &block, &sink, err));
    }
    p->state.offset += slab->size_bytes;
    for (size_t i = 0; i < slab->unreadable_count; i++)
        EX_TRY(put_state_add_range(&p->state, slab->unreadable[i], err));
    return EX_OK;
}

/* Everything that is complete goes to the writer, and behind it what must be known to go on from
 * here. Nobody waits for the disk. */
static ex_code put_point(struct put *p, uint64_t stored, struct ex_error *err) {
    struct out_record *point;
    if (p->chunks != NULL && p->chunks->size_bytes > 0)
        EX_TRY(make_room(p, err));
    if (p->nodes != NULL)
        EX_TRY(hand_in(p, &p->nodes, err));
    EX_TRY(point_record(&p->shared, &p->state, &point, err));
    put_writer_hand_in(&p->writer, point);
    points_made(&p->points, p->state.offset, stored);
    return EX_OK;
}

static ex_code put_point_if_due(struct put *p, struct ex_error *err) {
    uint64_t stored = atomic_load(&p->writer.stored_bytes);
    if (!points_due(&p->points, p->state.offset, stored) ||
        !slab_ring_linear(&p->slabs, p->slabs.taken + 1, &p->state.linear))
        return EX_OK;
    return put_point(p, stored, err);
}

/* Somebody stops it, or the source gives nothing more: nothing of what was read so far is to be
 * read again. False: it was not kept. */
static bool put_last_point(struct put *p) {
    struct ex_error err;
    uint64_t at = p->state.offset;
    return p->stopped_behind > 0 && p->points.wanted && at > p->points.last_offset &&
           at % SLAB_BYTES == 0 &&
           slab_ring_linear(&p->slabs, p->stopped_behind, &p->state.linear) &&
           put_point(p, atomic_load(&p->writer.stored_bytes), &err) == EX_OK;
}

static ex_code put_slabs(struct put *p, struct ex_progress *progress, struct ex_error *err) {
    const struct chunker_sink sink = {.context = p,
                                      .join = on_join,
                                      .join_constant = on_join_constant,
                                      .chunk = on_chunk,
                                      .run = on_run};
    struct slab *slab;
    for (;;) {
        p->stopped_behind = p->slabs.taken;
        while (!slab_ring_wait(&p->slabs)) /* somebody may want to stop what waits for a source */
            EX_TRY(ex_progress_step(progress, 0, err));
        if ((slab = slab_ring_take(&p->slabs)) == NULL)
            break;
        size_t size = slab->size_bytes;
        p->stopped_behind = 0;
        for (size_t i = 0; progress != NULL && i < slab->unreadable_count; i++)
            atomic_fetch_add(&progress->unread_bytes, slab->unreadable[i].length);
        EX_TRY(put_slab(p, slab, err));
        if (size == SLAB_BYTES)
            EX_TRY(put_point_if_due(p, err));
        p->stopped_behind = p->slabs.taken + 1;
        EX_TRY(ex_progress_step(progress, size, err));
        slab_ring_give_back(&p->slabs);
    }
    if (p->slabs.cut_off.code != EX_OK) {
        if (err != NULL)
            *err = p->slabs.cut_off;
        return p->slabs.cut_off.code;
    }
    p->stopped_behind = 0;
    return chunker_end(&p->state.chunker, &sink, err);
}

static ex_code put_manifest(struct put *p, struct ex_error *err) {
    struct vault_object_info *o = &p->object;
    struct out_record *r;
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    EX_TRY(put_state_list_unread(&p->state, o, err));
    EX_TRY(manifest_write(o, &text, &size, err));
    EX_TRY(out_record_new(&p->shared, RECORD_MANIFEST, size, &r, err));
    memcpy(r->data, text, size);
    ex_code code = out_record_add(r, o->id, (uint32_t)size, err);
    if (code != EX_OK) {
        out_record_free(r);
        return code;
    }
    return hand_in(p, &r, err);
}

/* Everything after the last slab: open records, digests, layout, manifest. */
static ex_code put_end(struct put *p, struct ex_error *err) {
    const struct layout_sink sink = {.context = p, .node = on_node};
    struct vault_object_info *o = &p->object;
    if (p->chunks != NULL && p->chunks->size_bytes > 0)
        EX_TRY(hand_in(p, &p->chunks, err));
    o->size_bytes = p->state.offset;
    sha256_end(&p->slabs.linear, o->sha256);
    EX_TRY(verity_end(&p->state.verity, p->state.offset, o->fsverity, err));
    salted_end(&p->state.salted, o->salted_root);
    EX_TRY(layout_end(&p->state.layout, &sink, o->layout, &o->layout_level, err));
    if (p->nodes != NULL)
        EX_TRY(hand_in(p, &p->nodes, err));
    return put_manifest(p, err);
}

/* The error of whichever thread failed first, when it was not this one. */
static ex_code shared_error(struct put_shared *s, struct ex_error *err) {
    if (!atomic_load(&s->failed))
        return EX_OK;
    if (err != NULL)
        *err = s->error;
    return s->error.code;
}

/* The open chunk as it was, and the source where it was. */
static ex_code put_go_on(struct put *p, struct source *source, struct ex_progress *progress,
                         struct ex_error *err) {
    struct workers *w = &p->shared.workers;
    EX_TRY(out_record_new(&p->shared, RECORD_CHUNKS, OUT_RECORD_BYTES, &p->chunks, err));
    EX_TRY(put_state_sample(&p->state, p->shared.vault, source, w->hasher[w->own], p->chunks->data,
                            progress, err));
    EX_TRY(put_state_reread(&p->state, source, w->hasher[w->own], p->chunks->data, err));
    p->open_bytes = (size_t)p->state.chunker.blocks * BLOCK_BYTES;
    return EX_OK;
}

static ex_code put_run(struct put *p, struct source *source,
                       const struct vault_put_options *options, struct ex_progress *progress,
                       struct ex_error *err) {
    struct ex_error own;
    if (options->resume != NULL)
        EX_TRY(put_go_on(p, source, progress, err));
    ex_code code = put_writer_start(&p->writer, &p->shared, p->work, options->readback, err);
    if (code != EX_OK)
        return code;
    code = slab_ring_start(&p->slabs, &p->shared, source, &p->state, &own);
    bool reading = code == EX_OK;
    if (code == EX_OK)
        code = put_slabs(p, progress, &own);
    bool kept = code != EX_OK && reading && put_last_point(p);
    if (code != EX_OK && !kept)
        put_fail(&p->shared, &own);
    if (reading && (code != EX_OK || atomic_load(&p->shared.failed)))
        slab_ring_stop(&p->slabs);
    if (reading)
        slab_ring_join(&p->slabs);
    if (code == EX_OK && !atomic_load(&p->shared.failed) && put_end(p, &own) != EX_OK)
        put_fail(&p->shared, &own);
    put_writer_join(&p->writer);
    if (kept) /* the first failure stays: it is not one of the vault */
        put_fail(&p->shared, &own);
    return shared_error(&p->shared, err);
}

static void put_free(struct put *p) {
    struct in_flight *f, *next;
    reuse_close(&p->reuse);
    put_shared_close(&p->shared);
    HASH_ITER(hh, p->in_flight, f, next) {
        HASH_DEL(p->in_flight, f);
        free(f);
    }
    out_record_free(p->chunks);
    out_record_free(p->nodes);
    slab_ring_free(&p->slabs);
    vault_object_info_clear(&p->object);
    put_state_clear(&p->state);
    vault_put_report_clear(&p->state.report);
    free(p->writer.pack);
    sodium_memzero(p, sizeof *p); /* the salted key was in here */
    free(p);
}
EX_DEFINE_AUTO(struct put, put_free);

void vault_put_report_clear(struct vault_put_report *r) {
    free(r->pack);
    free(r->unread);
    *r = (struct vault_put_report){0};
}

/* Where to begin: at nothing, or where the work was cut off. */
static ex_code put_begin(struct put *p, const struct source *source,
                         const struct vault_put_options *options, struct ex_error *err) {
    struct vault *v = p->shared.vault;
    struct vault_object_info *o = &p->object;
    const char *what = options->journal != NULL ? options->journal : "{}";
    struct source_identity identity;
    source_identity(source, &identity);
    if (options->resume != NULL) {
        const struct journal_content *c = &options->resume->content;
        EX_TRY(work_take_over(options->resume, what, err));
        EX_TRY(put_state_parse(c->point, c->point_bytes, &p->state, err));
        memcpy(o->salted_key, p->state.salted.key, sizeof o->salted_key);
        p->work = options->resume;
    } else {
        layout_start(&p->state.layout);
        verity_start(&p->state.verity);
        randombytes_buf(o->salted_key, sizeof o->salted_key);
        if (options->salted_key != NULL)
            memcpy(o->salted_key, options->salted_key, sizeof o->salted_key);
        salted_start(&p->state.salted, o->salted_key);
        EX_TRY(work_make(v, what, &p->work, err));
    }
    points_start(&p->points, &identity, options->resume_every_bytes, p->state.offset);
    return EX_OK;
}

/* What was reported up to the resume point, and what this process did. */
static ex_code finish_report(struct put *p, enum vault_readback readback, struct ex_error *err) {
    struct vault_put_report *r = &p->state.report;
    const struct journal_content *c = &p->work->content;
    r->readback = readback;
    r->unread = ex_steal(&p->state.unreadable);
    r->unread_count = p->state.unreadable_count;
    p->state.unreadable_count = p->state.unreadable_capacity = 0;
    r->method = p->writer.method; /* none, when nothing was new */
    r->added_bytes = p->writer.added_bytes;
    EX_TRY(ex_alloc(c->pack_count + p->writer.pack_count, sizeof *r->pack, JOURNAL_BYTES_MAX,
                    "the list of packs", &r->pack, err));
    for (size_t i = 0; i < c->pack_count; i++) {
        memcpy(r->pack[r->pack_count++], c->pack[i].id, VAULT_PACK_ID_BYTES);
        r->added_bytes += c->pack[i].bytes;
        r->method = c->pack[i].method > r->method ? c->pack[i].method : r->method;
    }
    for (size_t i = 0; i < p->writer.pack_count; i++)
        memcpy(r->pack[r->pack_count++], p->writer.pack[i], VAULT_PACK_ID_BYTES);
    return EX_OK;
}

/* After a failure: work that can be gone on with stays, and the person is told. */
static ex_code leave_work(struct put *p, bool was_resumed, ex_code code, struct ex_error *err) {
    if (was_resumed || (p->work->has_point && code != EX_SOURCE)) {
        if (err != NULL && code != EX_SOURCE)
            ex_hint(code, err, "%swhat was read is kept: exhibit work resume %s",
                    code == EX_SPACE ? "free some space on that disk; " : "", p->work->name);
        if (!was_resumed)
            vault_work_close(p->work);
    } else {
        (void)!vault_work_remove(p->work, NULL);
    }
    p->work = NULL;
    return code;
}

static ex_code put_whole(struct put *p, struct source *source,
                         const struct vault_put_options *options, struct ex_progress *progress,
                         struct ex_error *err) {
    ex_code code = put_run(p, source, options, progress, err);
    if (p->writer.shared != NULL)
        put_writer_clear(&p->writer);
    EX_TRY(code);
    /* The object is held; a merge that cannot be done now is done by a later put. */
    ex_code merged = index_merge(p->shared.vault->index, NULL);
    (void)merged;
    return finish_report(p, options->readback, err);
}

static ex_code put_open(struct put *p, struct vault *v, const struct vault_put_options *options,
                        struct ex_error *err) {
    EX_TRY(put_shared_open(&p->shared, v, err));
    EX_TRY(reuse_open(&p->reuse, v, options->readback == VAULT_READBACK_ALL, err));
    return vault_adopt_packs(v, err);
}

ex_code vault_put(struct vault *v, struct source *source, const struct vault_put_options *options,
                  struct ex_progress *progress, struct vault_object_info *ret_object,
                  struct vault_put_report *ret_report, struct ex_error *err) {
    EX_AUTO(put_free) struct put *p = ex_new0(struct put);
    EX_TRY(put_open(p, v, options, err));
    EX_TRY(put_begin(p, source, options, err));
    ex_code code = put_whole(p, source, options, progress, err);
    if (code != EX_OK)
        return leave_work(p, options->resume != NULL, code, err);
    if (options->ret_work != NULL)
        *options->ret_work = p->work;
    else if (options->resume == NULL)
        (void)!vault_work_remove(p->work, NULL);
    *ret_report = p->state.report;
    *ret_object = p->object;
    p->state.report.pack = NULL;
    p->state.report.unread = NULL;
    p->object.unreadable = NULL;
    return EX_OK;
}
