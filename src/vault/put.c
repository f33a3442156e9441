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

enum { ADOPT_MERGE_PACKS = 64 };

struct put {
    struct put_shared shared;
    struct slab_ring slabs;
    struct put_writer writer;
    struct chunker chunker;
    struct layout_builder layout;
    struct verity verity;
    struct salted salted;
    uint64_t size_bytes;
    struct out_record *chunks, *nodes; /* open records */
    size_t open_bytes;                 /* of the open chunk, behind chunks->size_bytes */
    const uint8_t *block;              /* the block in hand */
    size_t block_bytes;
    struct in_flight *in_flight;
    uint64_t handed_in[RECORD_TRAILER], seen_published;
    struct vault_put_report report;
    struct reuse reuse;
    bool reused;
    struct vault_object_info object;
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
    struct vault_put_report *r = &p->report;
    int64_t verified_ns = vault_pack_verified(p->shared.vault, place->pack, place->read_back_ns);
    if (!p->reused || verified_ns < r->reused_oldest_ns)
        r->reused_oldest_ns = verified_ns;
    p->reused = true;
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
    p->report.chunks++;
    p->report.data_bytes += e.length;
    if (!known(p, RECORD_CHUNKS, e.id, data, p->open_bytes)) {
        if (p->chunks->size_bytes > 0 &&
            p->chunks->size_bytes + p->open_bytes > RECORD_TARGET_BYTES)
            EX_TRY(make_room(p, err));
        EX_TRY(out_record_add(p->chunks, e.id, (uint32_t)e.length, err));
        EX_TRY(remember(p, RECORD_CHUNKS, e.id, err));
        p->report.chunks_new++;
        p->report.new_bytes += e.length;
    }
    p->open_bytes = 0;
    /* A chunk longer than a record's target fills it alone: behind it there is no room for the
     * longest chunk (OUT_RECORD_BYTES). */
    if (p->chunks->size_bytes >= RECORD_TARGET_BYTES)
        EX_TRY(hand_in(p, &p->chunks, err));
    return layout_add(&p->layout, &e, &sink, err);
}

static ex_code on_run(void *context, uint8_t value, uint64_t blocks, struct ex_error *err) {
    struct put *p = context;
    const struct layout_sink sink = {.context = p, .node = on_node};
    const struct extent e = {
        .kind = EXTENT_CONSTANT, .value = value, .length = blocks * BLOCK_BYTES};
    p->report.constant_bytes += e.length;
    return layout_add(&p->layout, &e, &sink, err);
}

/* ---- the way through ---- */

static ex_code put_slab(struct put *p, const struct slab *slab, struct ex_error *err) {
    static const uint8_t zeros[16];
    const struct chunker_sink sink = {.context = p,
                                      .join = on_join,
                                      .join_constant = on_join_constant,
                                      .chunk = on_chunk,
                                      .run = on_run};
    for (size_t at = 0, i = 0; at < slab->size_bytes; at += BLOCK_BYTES, i++) {
        size_t left = slab->size_bytes - at;
        p->block = slab->data + at;
        p->block_bytes = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        struct chunker_block block = {
            .hash = slab->hash[i], .constant = slab->constant[i], .value = p->block[0]};
        block.ends_in_zeros =
            !block.constant && p->block_bytes == BLOCK_BYTES &&
            memcmp(p->block + BLOCK_BYTES - sizeof zeros, zeros, sizeof zeros) == 0;
        verity_add(&p->verity, block.hash);
        salted_add(&p->salted, block.hash);
        EX_TRY(chunker_add(&p->chunker, &block, &sink, err));
    }
    p->size_bytes += slab->size_bytes;
    return EX_OK;
}

static ex_code put_slabs(struct put *p, struct ex_progress *progress, struct ex_error *err) {
    const struct chunker_sink sink = {.context = p,
                                      .join = on_join,
                                      .join_constant = on_join_constant,
                                      .chunk = on_chunk,
                                      .run = on_run};
    struct slab *slab;
    for (;;) {
        while (!slab_ring_wait(&p->slabs)) /* somebody may want to stop what waits for a pipe */
            EX_TRY(ex_progress_step(progress, 0, err));
        if ((slab = slab_ring_take(&p->slabs)) == NULL)
            break;
        size_t size = slab->size_bytes;
        EX_TRY(put_slab(p, slab, err));
        slab_ring_give_back(&p->slabs);
        EX_TRY(ex_progress_step(progress, size, err));
    }
    return chunker_end(&p->chunker, &sink, err);
}

static ex_code put_manifest(struct put *p, struct source *source, struct ex_error *err) {
    struct vault_object_info *o = &p->object;
    struct out_record *r;
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    const struct source_range *bad = source_unreadable(source, &o->unreadable_count);
    EX_TRY(ex_alloc(o->unreadable_count, sizeof *bad, EX_LIMIT_UNREADABLE_RANGES * sizeof *bad,
                    "the list of unreadable ranges", &o->unreadable, err));
    if (o->unreadable_count > 0)
        memcpy(o->unreadable, bad, o->unreadable_count * sizeof *bad);
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
static ex_code put_end(struct put *p, struct source *source, struct ex_error *err) {
    const struct layout_sink sink = {.context = p, .node = on_node};
    struct vault_object_info *o = &p->object;
    if (p->chunks != NULL && p->chunks->size_bytes > 0)
        EX_TRY(hand_in(p, &p->chunks, err));
    o->size_bytes = p->size_bytes;
    sha256_end(&p->slabs.linear, o->sha256);
    EX_TRY(verity_end(&p->verity, p->size_bytes, o->fsverity, err));
    salted_end(&p->salted, o->salted_root);
    EX_TRY(layout_end(&p->layout, &sink, o->layout, &o->layout_level, err));
    if (p->nodes != NULL)
        EX_TRY(hand_in(p, &p->nodes, err));
    return put_manifest(p, source, err);
}

/* The error of whichever thread failed first, when it was not this one. */
static ex_code shared_error(struct put_shared *s, struct ex_error *err) {
    if (!atomic_load(&s->failed))
        return EX_OK;
    if (err != NULL)
        *err = s->error;
    return s->error.code;
}

static ex_code put_run(struct put *p, struct source *source,
                       const struct vault_put_options *options, struct ex_progress *progress,
                       struct ex_error *err) {
    struct ex_error own;
    ex_code code = put_writer_start(&p->writer, &p->shared, options, err);
    if (code != EX_OK)
        return code;
    code = slab_ring_start(&p->slabs, &p->shared, source, &own);
    bool reading = code == EX_OK;
    if (code == EX_OK)
        code = put_slabs(p, progress, &own);
    if (code != EX_OK)
        put_fail(&p->shared, &own);
    if (atomic_load(&p->shared.failed))
        source_stop(source);
    if (reading)
        slab_ring_join(&p->slabs);
    if (!atomic_load(&p->shared.failed) && (code = put_end(p, source, &own)) != EX_OK)
        put_fail(&p->shared, &own);
    put_writer_join(&p->writer);
    return shared_error(&p->shared, err);
}

static ex_code put_shared_open(struct put_shared *s, struct vault *v, struct ex_error *err) {
    s->vault = v;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, NULL);
    return workers_open(&s->workers, POOL_QUEUE, err);
}

static void put_free(struct put *p) {
    struct put_shared *s = &p->shared;
    struct in_flight *f, *next;
    reuse_close(&p->reuse);
    workers_close(&s->workers);
    HASH_ITER(hh, p->in_flight, f, next) {
        HASH_DEL(p->in_flight, f);
        free(f);
    }
    out_record_free(p->chunks);
    out_record_free(p->nodes);
    slab_ring_free(&p->slabs);
    vault_object_info_clear(&p->object);
    vault_put_report_clear(&p->report);
    free(p->writer.pack);
    pthread_mutex_destroy(&s->mutex);
    pthread_cond_destroy(&s->changed);
    sodium_memzero(p, sizeof *p); /* the salted key was in here */
    free(p);
}
EX_DEFINE_AUTO(struct put, put_free);

struct adoption {
    struct vault *vault;
    unsigned packs;
};

/* Packs that a crash left published but not indexed. */
static ex_code adopt_pack(void *context, const char *name,
                          const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct adoption *a = context;
    struct vault *v = a->vault;
    struct pack_list list;
    EX_AUTO_FD int fd = -1;
    if (index_has_pack(v->index, id))
        return EX_OK;
    if (ex_open_at(v->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, NULL) != EX_OK ||
        pack_list_read(fd, v, name, &list, NULL) != EX_OK)
        return EX_OK; /* damaged: vault check says so, and nothing new relies on it */
    ex_code code =
        memcmp(list.id, id, VAULT_PACK_ID_BYTES) == 0 ? index_publish(v->index, &list, err) : EX_OK;
    pack_list_clear(&list);
    if (code == EX_OK && ++a->packs % ADOPT_MERGE_PACKS == 0)
        code = index_merge(v->index, err);
    return code;
}

ex_code vault_adopt_packs(struct vault *v, struct ex_error *err) {
    struct adoption adoption = {.vault = v};
    EX_TRY(index_refresh(v->index, err));
    EX_TRY(pack_each(v, adopt_pack, &adoption, err));
    return index_refresh(v->index, err);
}

void vault_put_report_clear(struct vault_put_report *r) {
    free(r->pack);
    *r = (struct vault_put_report){0};
}

ex_code vault_put(struct vault *v, struct source *source, const struct vault_put_options *options,
                  struct ex_progress *progress, struct vault_object_info *ret_object,
                  struct vault_put_report *ret_report, struct ex_error *err) {
    EX_AUTO(put_free) struct put *p = ex_new0(struct put);
    EX_TRY(put_shared_open(&p->shared, v, err));
    EX_TRY(reuse_open(&p->reuse, v, options->readback == VAULT_READBACK_ALL, err));
    EX_TRY(vault_adopt_packs(v, err));
    layout_start(&p->layout);
    verity_start(&p->verity);
    randombytes_buf(p->object.salted_key, sizeof p->object.salted_key);
    salted_start(&p->salted, p->object.salted_key);
    ex_code code = put_run(p, source, options, progress, err);
    if (p->writer.shared != NULL)
        put_writer_clear(&p->writer);
    EX_TRY(code);
    /* The object is held; a merge that cannot be done now is done by a later put. */
    ex_code merged = index_merge(v->index, NULL);
    (void)merged;
    p->report.readback = options->readback;
    p->report.method = p->writer.method;
    p->report.added_bytes = p->writer.added_bytes;
    p->report.pack = ex_steal(&p->writer.pack);
    p->report.pack_count = p->writer.pack_count;
    *ret_report = p->report;
    *ret_object = p->object;
    p->report.pack = NULL;
    p->object.unreadable = NULL;
    return EX_OK;
}
