/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an object in order, on all cores; and verifying it on the way. */
#include "vault/layout_internal.h"
#include "vault/workers_internal.h"

#include <stdio.h>

enum { STREAM_ITEMS = 32, STREAM_EXTENTS = 64, STREAM_POOL_QUEUE = 64, STREAM_WAITING = 6 };

struct stream_extent {
    struct extent extent;
    const uint8_t *data; /* into the record, or NULL */
    size_t hash_at;      /* first of its block hashes */
    bool good, missing;
    char why[120];
};

/* Consecutive extents that stand in one record, or a single piece that needs no reading. */
struct stream_item {
    struct ex_job job;
    struct stream *stream;
    bool submitted;
    uint64_t offset;
    struct vault_piece piece; /* constant or damaged; kind DATA: see below */
    char why[120];
    struct index_place place;
    size_t count;
    struct stream_extent extent[STREAM_EXTENTS];
    struct record record;
    size_t hash_capacity;
    uint8_t (*hash)[SHA256_BYTES];
    ex_code code; /* a failure that is none of the object's: no memory, say */
    struct ex_error error;
};

struct stream {
    struct vault *vault;
    bool from_disk;
    vault_piece_fn *each;
    void *context;
    struct ex_progress *progress;
    struct workers workers;
    struct record rescued;
    uint64_t begun, delivered; /* items */
    struct stream_item item[STREAM_ITEMS];
};

/* ---- in the workers ---- */

static bool find_extent(const struct record *record, struct stream_extent *x) {
    size_t size;
    if (record_lookup(record, x->extent.id, &x->data, &size) && size == x->extent.length)
        return true;
    x->data = NULL;
    (void)snprintf(x->why, sizeof x->why, "the chunk is not where the index says it is");
    return false;
}

static void judge_extent(const struct stream_item *item, struct stream_extent *x) {
    uint8_t id[SHA256_BYTES];
    chunk_id(x->extent.length, (const uint8_t(*)[SHA256_BYTES])(item->hash + x->hash_at), id);
    x->good = memcmp(id, x->extent.id, SHA256_BYTES) == 0;
    if (!x->good)
        (void)snprintf(x->why, sizeof x->why,
                       "the stored bytes have another hash than the chunk's id");
}

/* All of them at once: see block_hasher_run_spans(). */
static ex_code check_extents(struct stream_item *item, const struct record *record,
                             struct stream_extent *x, size_t count, struct block_hasher *hasher,
                             struct ex_error *err) {
    struct block_span span[STREAM_EXTENTS];
    size_t spans = 0;
    for (size_t i = 0; i < count; i++)
        if (find_extent(record, &x[i]))
            span[spans++] = (struct block_span){x[i].data, (size_t)x[i].extent.length,
                                                item->hash + x[i].hash_at};
    if (spans > 0)
        EX_TRY(block_hasher_run_spans(hasher, span, spans, err));
    for (size_t i = 0; i < count; i++)
        if (x[i].data != NULL)
            judge_extent(item, &x[i]);
    return EX_OK;
}

static ex_code read_item(struct stream_item *item, unsigned worker, struct ex_error *err) {
    struct stream *s = item->stream;
    size_t blocks = 0;
    for (size_t i = 0; i < item->count; i++) {
        item->extent[i].hash_at = blocks;
        blocks += (size_t)((item->extent[i].extent.length + BLOCK_BYTES - 1) / BLOCK_BYTES);
    }
    EX_TRY(ex_grow(&item->hash, &item->hash_capacity, blocks + 1, SHA256_BYTES,
                   EX_LIMIT_RECORD_BYTES, "block hashes", err));
    EX_TRY(pack_read_record(s->vault, item->place.pack, item->place.offset, s->from_disk,
                            s->workers.codec[worker], &item->record, err));
    return check_extents(item, &item->record, item->extent, item->count, s->workers.hasher[worker],
                         err);
}

static void run_item(struct ex_job *job, unsigned worker) {
    struct stream_item *item = (struct stream_item *)job;
    ex_code code = read_item(item, worker, &item->error);
    item->code = EX_OK;
    if (code == EX_OK)
        return;
    if (!vault_is_damage(code)) {
        item->code = code;
        return;
    }
    for (size_t i = 0; i < item->count; i++) {
        struct stream_extent *x = &item->extent[i];
        x->good = false;
        x->missing = code == EX_MISSING;
        (void)snprintf(x->why, sizeof x->why, "%.119s", item->error.text);
    }
}

/* ---- delivering, in order ---- */

/* Another copy of a chunk whose first one is damaged; `*ret` must live as long as x->data. */
static ex_code rescue_from_index(struct stream *s, struct stream_item *item,
                                 struct stream_extent *x, struct record *ret,
                                 struct ex_error *err) {
    struct index_search search = {0};
    struct index_place place;
    unsigned own = s->workers.own; /* the caller's codec and hasher */
    while (!x->good && index_next(s->vault->index, x->extent.id, &search, &place)) {
        struct ex_error why;
        if (index_place_same(&place, &item->place))
            continue;
        record_clear(ret);
        ex_code code = pack_read_record(s->vault, place.pack, place.offset, s->from_disk,
                                        s->workers.codec[own], ret, &why);
        if (code == EX_OK) {
            struct stream_extent other = *x;
            EX_TRY(check_extents(item, ret, &other, 1, s->workers.hasher[own], err));
            if (other.good)
                *x = other;
        } else if (!vault_is_damage(code)) {
            if (err != NULL)
                *err = why;
            return code;
        }
    }
    return EX_OK;
}

/* A pack that is gone may have been replaced by a compaction since this process looked. */
static ex_code rescue(struct stream *s, struct stream_item *item, struct stream_extent *x,
                      struct record *ret, struct ex_error *err) {
    EX_TRY(rescue_from_index(s, item, x, ret, err));
    if (x->good)
        return EX_OK;
    EX_TRY(index_refresh(s->vault->index, err));
    return rescue_from_index(s, item, x, ret, err);
}

static ex_code deliver_extents(struct stream *s, struct stream_item *item, struct ex_error *err) {
    struct vault_piece piece = {.offset = item->offset};
    for (size_t i = 0; i < item->count; i++) {
        struct stream_extent *x = &item->extent[i];
        if (!x->good)
            EX_TRY(rescue(s, item, x, &s->rescued, err));
        piece.kind = x->good ? VAULT_PIECE_DATA : VAULT_PIECE_DAMAGED;
        piece.length = x->extent.length;
        piece.data = x->good ? x->data : NULL;
        piece.block_hash =
            x->good ? (const uint8_t(*)[SHA256_BYTES])(item->hash + x->hash_at) : NULL;
        piece.why = x->good ? NULL : x->why;
        piece.missing = x->missing;
        EX_TRY(s->each(s->context, &piece, err));
        EX_TRY(ex_progress_step(s->progress, piece.length, err));
        piece.offset += piece.length;
    }
    return EX_OK;
}

static ex_code deliver(struct stream *s, struct ex_error *err) {
    struct stream_item *item = &s->item[s->delivered++ % STREAM_ITEMS];
    if (!item->submitted) {
        EX_TRY(s->each(s->context, &item->piece, err));
        return ex_progress_step(s->progress, item->piece.length, err);
    }
    ex_job_wait(s->workers.pool, &item->job);
    item->submitted = false;
    ex_code code = item->code;
    if (code != EX_OK && err != NULL)
        *err = item->error;
    if (code == EX_OK)
        code = deliver_extents(s, item, err);
    record_clear(&item->record);
    return code;
}

static void submit_last(struct stream *s) {
    struct stream_item *last =
        s->begun > s->delivered ? &s->item[(s->begun - 1) % STREAM_ITEMS] : NULL;
    if (last != NULL && last->piece.kind == VAULT_PIECE_DATA && !last->submitted) {
        last->submitted = true;
        ex_pool_submit(s->workers.pool, &last->job);
    }
}

static ex_code next_item(struct stream *s, uint64_t offset, struct stream_item **ret,
                         struct ex_error *err) {
    submit_last(s);
    while (s->begun - s->delivered >= STREAM_ITEMS)
        EX_TRY(deliver(s, err));
    struct stream_item *item = &s->item[s->begun++ % STREAM_ITEMS];
    item->job.run = run_item;
    item->stream = s;
    item->offset = offset;
    item->count = 0;
    item->piece = (struct vault_piece){.offset = offset};
    *ret = item;
    return EX_OK;
}

static ex_code add_damaged(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                           uint64_t length, const struct ex_error *why, struct ex_error *err) {
    struct stream_item *item;
    (void)id;
    EX_TRY(next_item(context, offset, &item, err));
    (void)snprintf(item->why, sizeof item->why, "%.119s", why->text);
    item->piece.kind = VAULT_PIECE_DAMAGED;
    item->piece.length = length;
    item->piece.why = item->why;
    item->piece.missing = why->code == EX_MISSING;
    return EX_OK;
}

static ex_code add_chunk(struct stream *s, uint64_t offset, const struct extent *e,
                         struct ex_error *err) {
    struct stream_item *item =
        s->begun > s->delivered ? &s->item[(s->begun - 1) % STREAM_ITEMS] : NULL;
    struct index_place place;
    struct ex_error why;
    ex_code code = fetch_place(s->vault, e->id, &place, &why);
    if (code == EX_MISSING)
        return add_damaged(s, e->id, offset, e->length, &why, err);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    bool joins = item != NULL && item->piece.kind == VAULT_PIECE_DATA && !item->submitted &&
                 item->count < STREAM_EXTENTS && item->place.offset == place.offset &&
                 memcmp(item->place.pack, place.pack, VAULT_PACK_ID_BYTES) == 0;
    if (!joins) {
        EX_TRY(next_item(s, offset, &item, err));
        item->piece.kind = VAULT_PIECE_DATA;
        item->place = place;
    }
    item->extent[item->count++] = (struct stream_extent){.extent = *e};
    return EX_OK;
}

static ex_code add_extent(void *context, uint64_t offset, const struct extent *e,
                          struct ex_error *err) {
    struct stream_item *item;
    if (e->kind == EXTENT_DATA)
        return add_chunk(context, offset, e, err);
    EX_TRY(next_item(context, offset, &item, err));
    item->piece.kind = VAULT_PIECE_CONSTANT;
    item->piece.length = e->length;
    item->piece.value = e->value;
    return EX_OK;
}

static void stream_free(struct stream *s) {
    workers_close(&s->workers); /* finishes what was submitted */
    for (size_t i = 0; i < STREAM_ITEMS; i++) {
        record_clear(&s->item[i].record);
        free(s->item[i].hash);
    }
    record_clear(&s->rescued);
    free(s);
}
EX_DEFINE_AUTO(struct stream, stream_free);

ex_code vault_stream(struct vault *v, const struct vault_object_info *object, bool from_disk,
                     vault_piece_fn *each, void *context, struct ex_progress *progress,
                     struct ex_error *err) {
    EX_AUTO(stream_free) struct stream *s = ex_new0(struct stream);
    const struct layout_visitor visitor = {
        .context = s, .extent = add_extent, .damaged = add_damaged};
    struct fetcher fetcher;
    s->vault = v;
    s->from_disk = from_disk;
    s->each = each;
    s->context = context;
    s->progress = progress;
    EX_TRY(workers_open(&s->workers, STREAM_WAITING, STREAM_POOL_QUEUE, err));
    EX_TRY(fetcher_open(v, &fetcher, err));
    ex_code code = object->size_bytes == 0
                       ? EX_OK
                       : layout_walk(&fetcher, object->layout, object->layout_level,
                                     object->size_bytes, &visitor, err);
    fetcher_close(&fetcher);
    submit_last(s);
    while (code == EX_OK && s->delivered < s->begun)
        code = deliver(s, err);
    return code;
}

/* ---- verifying ---- */

struct verifier {
    struct verity verity;
    struct salted salted;
    struct sha256 linear;
    struct vault_verify_report *report;
};

static void linear_constant(struct sha256 *h, uint8_t value, uint64_t length) {
    uint8_t block[BLOCK_BYTES * 4];
    memset(block, value, sizeof block);
    for (size_t part; length > 0; length -= part) {
        part = length < sizeof block ? (size_t)length : sizeof block;
        sha256_add(h, block, part);
    }
}

static void verify_damaged(struct vault_verify_report *r, const struct vault_piece *piece) {
    struct vault_damage *last = r->damaged_count > 0 && r->damaged_count <= VAULT_DAMAGE_MAX
                                    ? &r->damage[r->damaged_count - 1]
                                    : NULL;
    r->damaged_bytes += piece->length;
    r->missing_bytes += piece->missing ? piece->length : 0;
    if (last != NULL && last->offset + last->length == piece->offset &&
        strcmp(last->why, piece->why) == 0) {
        last->length += piece->length;
        return;
    }
    if (r->damaged_count++ >= VAULT_DAMAGE_MAX)
        return;
    last = &r->damage[r->damaged_count - 1];
    last->offset = piece->offset;
    last->length = piece->length;
    last->missing = piece->missing;
    (void)snprintf(last->why, sizeof last->why, "%s", piece->why);
}

static ex_code verify_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct verifier *v = context;
    struct vault_verify_report *r = v->report;
    uint64_t blocks = (piece->length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    (void)err;
    if (piece->kind == VAULT_PIECE_DAMAGED) {
        verify_damaged(r, piece);
        return EX_OK;
    }
    const uint8_t *constant = block_hash_constant(piece->value);
    bool data = piece->kind == VAULT_PIECE_DATA;
    *(data ? &r->bytes_read : &r->bytes_constant) += piece->length;
    r->chunks += data ? 1 : 0;
    if (r->damaged_count > 0)
        return EX_OK; /* the digests cannot be recomputed any more; every chunk still is */
    if (!data)
        verity_add_run(&v->verity, constant, blocks);
    for (uint64_t i = 0; i < blocks; i++) {
        if (data)
            verity_add(&v->verity, piece->block_hash[i]);
        salted_add(&v->salted, data ? piece->block_hash[i] : constant);
    }
    if (r->linear_asked && data)
        sha256_add(&v->linear, piece->data, piece->length);
    else if (r->linear_asked)
        linear_constant(&v->linear, piece->value, piece->length);
    return EX_OK;
}

ex_code vault_verify(struct vault *v, const struct vault_object_info *object, bool linear,
                     struct ex_progress *progress, struct vault_verify_report *ret,
                     struct ex_error *err) {
    EX_AUTO_FREE struct verifier *state = ex_new0(struct verifier);
    uint8_t hash[SHA256_BYTES];
    memset(ret, 0, sizeof *ret);
    ret->linear_asked = linear;
    state->report = ret;
    verity_start(&state->verity);
    salted_start(&state->salted, object->salted_key);
    sha256_start(&state->linear);
    EX_TRY(vault_stream(v, object, true, verify_piece, state, progress, err));
    if (ret->damaged_count > 0)
        return EX_OK;
    EX_TRY(verity_end(&state->verity, object->size_bytes, hash, err));
    ret->fsverity_matches = memcmp(hash, object->fsverity, sizeof hash) == 0;
    salted_end(&state->salted, hash);
    ret->salted_matches = memcmp(hash, object->salted_root, sizeof hash) == 0;
    sha256_end(&state->linear, hash);
    ret->linear_matches = linear && memcmp(hash, object->sha256, sizeof hash) == 0;
    return EX_OK;
}
