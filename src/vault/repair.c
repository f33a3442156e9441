/* SPDX-License-Identifier: Apache-2.0 */
/* Taking good copies of what is damaged from elsewhere: format/vault §11. Whatever is taken has the
 * id that is needed, computed from its bytes; where it comes from need not be trusted. */
#include "vault/hurt_internal.h"
#include "vault/put_internal.h"
#include "vault/work_internal.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) (oom = true)
#include <uthash.h>

struct need {
    uint8_t id[SHA256_BYTES];
    enum record_type type;
    bool found;
    UT_hash_handle hh;
};

struct vault_repair {
    struct vault *vault;
    const struct vault_hurt *hurt;
    struct need *needs;
    uint64_t found, found_bytes;
    const char *journal;
    struct put_shared shared;
    bool writing; /* from the first thing that was found */
    struct vault_work *work;
    struct put_writer writer;
    struct out_record *open[RECORD_TRAILER];
};

ex_code vault_repair_new(struct vault *v, const struct vault_hurt *hurt, const char *journal,
                         struct vault_repair **ret, struct ex_error *err) {
    EX_AUTO(vault_repair_free) struct vault_repair *r = ex_new0(struct vault_repair);
    r->vault = v;
    r->hurt = hurt;
    r->journal = journal;
    EX_TRY(put_shared_open(&r->shared, v, err));
    *ret = ex_steal(&r);
    return EX_OK;
}

void vault_repair_free(struct vault_repair *r) {
    struct need *n, *next;
    if (r == NULL)
        return;
    HASH_ITER(hh, r->needs, n, next) {
        HASH_DEL(r->needs, n);
        free(n);
    }
    if (r->writing) {
        const struct ex_error dropped = {.code = EX_INTERRUPTED};
        put_fail(&r->shared, &dropped);
        put_writer_join(&r->writer);
    }
    if (r->writer.shared != NULL)
        put_writer_clear(&r->writer);
    if (r->work != NULL)
        (void)!vault_work_remove(r->work, NULL);
    free(r->writer.pack);
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        out_record_free(r->open[type]);
    put_shared_close(&r->shared);
    free(r);
}

void vault_repair_report_clear(struct vault_repair_report *r) {
    free(r->pack);
    *r = (struct vault_repair_report){0};
}

/* ---- what is needed ---- */

static ex_code need(struct vault_repair *r, const uint8_t *id, enum record_type type,
                    struct ex_error *err) {
    bool oom = false;
    struct need *n;
    HASH_FIND(hh, r->needs, id, SHA256_BYTES, n);
    if (n != NULL)
        return EX_OK;
    n = calloc(1, sizeof *n);
    if (n == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the list of what is needed");
    memcpy(n->id, id, sizeof n->id);
    n->type = type;
    HASH_ADD(hh, r->needs, id, SHA256_BYTES, n);
    if (oom) {
        free(n);
        return ex_fail(err, EX_NOMEM, "no memory for the list of what is needed");
    }
    return EX_OK;
}

static ex_code need_range(void *context, const struct vault_hurt_range *range,
                          struct ex_error *err) {
    return need(context, range->id, range->layout ? RECORD_NODES : RECORD_CHUNKS, err);
}

ex_code vault_repair_need(struct vault_repair *r, const uint8_t object_id[static SHA256_BYTES],
                          struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_error why;
    ex_code code = vault_object(r->vault, object_id, &o, &why);
    if (vault_is_damage(code))
        return need(r, object_id, RECORD_MANIFEST, err);
    if (code != EX_OK && err != NULL)
        *err = why;
    EX_TRY(code);
    code = vault_hurt_map(r->vault, r->hurt, &o, need_range, r, err);
    vault_object_info_clear(&o);
    return code;
}

/* ---- what was found ---- */

static ex_code start_writing(struct vault_repair *r, struct ex_error *err) {
    if (r->writing)
        return EX_OK;
    EX_TRY(work_make(r->vault, r->journal, &r->work, err));
    EX_TRY(put_writer_start(&r->writer, &r->shared, r->work, VAULT_READBACK_NEW, err));
    r->writing = true;
    return EX_OK;
}

static void close_record(struct vault_repair *r, enum record_type type) {
    if (r->open[type] != NULL)
        put_writer_hand_in(&r->writer, ex_steal(&r->open[type]));
}

/* The bytes were hashed by the caller: they are what n->id says. */
static ex_code keep(struct vault_repair *r, struct need *n, const uint8_t *data, size_t size_bytes,
                    struct ex_error *err) {
    struct out_record **open = &r->open[n->type];
    size_t capacity = size_bytes > RECORD_TARGET_BYTES ? size_bytes : RECORD_TARGET_BYTES;
    EX_TRY(start_writing(r, err));
    if (*open != NULL && (*open)->size_bytes + size_bytes > RECORD_TARGET_BYTES)
        close_record(r, n->type);
    if (*open == NULL)
        EX_TRY(out_record_new(&r->shared, n->type, capacity, open, err));
    memcpy((*open)->data + (*open)->size_bytes, data, size_bytes);
    EX_TRY(out_record_add(*open, n->id, (uint32_t)size_bytes, err));
    n->found = true;
    r->found++;
    r->found_bytes += size_bytes;
    return EX_OK;
}

static struct need *wanted(struct vault_repair *r, const uint8_t *id, enum record_type type) {
    struct need *n;
    HASH_FIND(hh, r->needs, id, SHA256_BYTES, n);
    return n != NULL && n->type == type && !n->found ? n : NULL;
}

/* ---- from another vault ---- */

static ex_code take_chunk(struct vault_repair *r, struct need *n, const struct record *record,
                          struct ex_error *err) {
    const struct workers *w = &r->shared.workers;
    const uint8_t *data;
    uint32_t size;
    if (record->head.type != RECORD_CHUNKS)
        return EX_OK;
    EX_TRY(record_find_sound(record, n->id, w->hasher[w->own], &data, &size, err));
    return data != NULL ? keep(r, n, data, size, err) : EX_OK;
}

static ex_code fetch_chunk(struct vault_repair *r, struct need *n, struct vault *from,
                           struct codec *codec, struct ex_error *err) {
    struct index_search search = {0};
    struct index_place place;
    while (!n->found && index_next(from->index, n->id, &search, &place)) {
        struct record record = {0};
        struct ex_error why;
        ex_code code = pack_read_record(from, place.pack, place.offset, true, codec, &record, &why);
        if (code == EX_OK)
            code = take_chunk(r, n, &record, &why);
        record_clear(&record);
        if (code == EX_OK || vault_is_damage(code))
            continue;
        if (err != NULL)
            *err = why;
        return code;
    }
    return EX_OK;
}

static ex_code fetch_other(struct vault_repair *r, struct need *n, struct fetcher *f,
                           struct ex_error *err) {
    const uint8_t *data;
    size_t size;
    struct ex_error why;
    ex_code code = fetch(f, n->id, n->type, &data, &size, &why);
    if (code == EX_OK)
        return keep(r, n, data, size, err);
    if (!vault_is_damage(code) && err != NULL)
        *err = why;
    return vault_is_damage(code) ? EX_OK : code;
}

ex_code vault_repair_from_vault(struct vault_repair *r, struct vault *from,
                                struct ex_progress *progress, struct ex_error *err) {
    EX_AUTO(codec_free) struct codec *codec = NULL;
    struct fetcher f;
    ex_code code = EX_OK;
    if (vault_is_locked(from))
        return ex_fail(err, EX_DENIED, "the other vault is locked");
    EX_TRY(codec_new(&codec, err));
    EX_TRY(index_refresh(from->index, err));
    EX_TRY(fetcher_open(from, &f, err));
    for (struct need *n = r->needs; n != NULL && code == EX_OK; n = n->hh.next) {
        if (n->found)
            continue;
        code = n->type == RECORD_CHUNKS ? fetch_chunk(r, n, from, codec, err)
                                        : fetch_other(r, n, &f, err);
        if (code == EX_OK)
            code = ex_progress_step(progress, 1, err);
    }
    fetcher_close(&f);
    return code;
}

/* ---- from a stream ---- */

struct resplit {
    struct vault_repair *repair;
    struct chunker chunker;
    struct layout_builder layout;
    uint8_t chunk[CHUNK_MAX_BYTES + BLOCK_BYTES];
    size_t chunk_bytes;
    const uint8_t *block; /* in hand */
    size_t block_bytes;
    uint8_t slab[SLAB_BYTES];
    uint8_t hash[SLAB_BLOCKS][SHA256_BYTES];
};

static ex_code on_join(void *context, struct ex_error *err) {
    struct resplit *s = context;
    (void)err;
    memcpy(s->chunk + s->chunk_bytes, s->block, s->block_bytes);
    s->chunk_bytes += s->block_bytes;
    return EX_OK;
}

static ex_code on_join_constant(void *context, uint8_t value, struct ex_error *err) {
    struct resplit *s = context;
    (void)err;
    memset(s->chunk + s->chunk_bytes, value, BLOCK_BYTES);
    s->chunk_bytes += BLOCK_BYTES;
    return EX_OK;
}

static ex_code on_node(void *context, const uint8_t id[static SHA256_BYTES], const uint8_t *node,
                       size_t size_bytes, struct ex_error *err) {
    struct resplit *s = context;
    struct need *n = wanted(s->repair, id, RECORD_NODES);
    return n != NULL ? keep(s->repair, n, node, size_bytes, err) : EX_OK;
}

static ex_code on_chunk(void *context, uint32_t blocks, const uint8_t (*hash)[SHA256_BYTES],
                        struct ex_error *err) {
    struct resplit *s = context;
    const struct layout_sink sink = {.context = s, .node = on_node};
    struct extent e = {.kind = EXTENT_DATA, .length = s->chunk_bytes};
    (void)blocks;
    chunk_id(e.length, hash, e.id);
    struct need *n = wanted(s->repair, e.id, RECORD_CHUNKS);
    if (n != NULL)
        EX_TRY(keep(s->repair, n, s->chunk, s->chunk_bytes, err));
    s->chunk_bytes = 0;
    return layout_add(&s->layout, &e, &sink, err);
}

static ex_code on_run(void *context, uint8_t value, uint64_t blocks, struct ex_error *err) {
    struct resplit *s = context;
    const struct layout_sink sink = {.context = s, .node = on_node};
    const struct extent e = {
        .kind = EXTENT_CONSTANT, .value = value, .length = blocks * BLOCK_BYTES};
    return layout_add(&s->layout, &e, &sink, err);
}

static struct chunker_sink resplit_sink(struct resplit *s) {
    return (struct chunker_sink){.context = s,
                                 .join = on_join,
                                 .join_constant = on_join_constant,
                                 .chunk = on_chunk,
                                 .run = on_run};
}

static ex_code resplit_slab(struct resplit *s, size_t size_bytes, struct ex_error *err) {
    const struct chunker_sink sink = resplit_sink(s);
    struct workers *w = &s->repair->shared.workers;
    EX_TRY(block_hasher_run(w->hasher[w->own], s->slab, size_bytes, s->hash, err));
    for (size_t at = 0, i = 0; at < size_bytes; at += BLOCK_BYTES, i++) {
        size_t left = size_bytes - at;
        s->block = s->slab + at;
        s->block_bytes = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        const struct chunker_block block = chunker_block_of(
            s->block, s->block_bytes, s->hash[i], block_is_constant(s->block, s->block_bytes));
        EX_TRY(chunker_add(&s->chunker, &block, &sink, err));
    }
    return EX_OK;
}

ex_code vault_repair_from_stream(struct vault_repair *r, struct source *source,
                                 struct ex_progress *progress, struct ex_error *err) {
    EX_AUTO_FREE struct resplit *s = ex_new0(struct resplit);
    const struct chunker_sink sink = resplit_sink(s);
    const struct layout_sink nodes = {.context = s, .node = on_node};
    uint8_t id[SHA256_BYTES];
    unsigned level;
    size_t size;
    s->repair = r;
    layout_start(&s->layout);
    for (;;) {
        EX_TRY(source_read(source, s->slab, SLAB_BYTES, &size, err));
        if (size == 0)
            break;
        EX_TRY(resplit_slab(s, size, err));
        EX_TRY(ex_progress_step(progress, size, err));
    }
    EX_TRY(chunker_end(&s->chunker, &sink, err));
    return layout_end(&s->layout, &nodes, id, &level, err);
}

/* ---- storing ---- */

ex_code vault_repair_finish(struct vault_repair *r, struct vault_repair_report *ret,
                            struct ex_error *err) {
    *ret = (struct vault_repair_report){
        .needed = HASH_COUNT(r->needs), .found = r->found, .found_bytes = r->found_bytes};
    if (!r->writing)
        return EX_OK;
    for (size_t type = 0; type < RECORD_TRAILER; type++)
        close_record(r, (enum record_type)type);
    put_writer_join(&r->writer);
    r->writing = false;
    if (atomic_load(&r->shared.failed)) {
        if (err != NULL)
            *err = r->shared.error;
        return r->shared.error.code;
    }
    ret->pack = ex_steal(&r->writer.pack);
    ret->pack_count = r->writer.pack_count;
    return index_refresh(r->vault->index, err);
}
