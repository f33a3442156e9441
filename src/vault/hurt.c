/* SPDX-License-Identifier: Apache-2.0 */
/* From damaged places to the byte ranges of objects that they hurt. A chunk is hurt when none of
 * its copies is good. */
#include "vault/hurt_internal.h"

#include "vault/layout_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) (oom = true)
#include <uthash.h>

struct stretch {
    uint64_t offset, length;
    char why[100];
};

struct hurt_pack {
    uint8_t id[VAULT_PACK_ID_BYTES];
    size_t count, capacity;
    struct stretch *stretch;
    UT_hash_handle hh;
};

struct vault_hurt {
    struct hurt_pack *packs;
};

ex_code hurt_new(struct vault_hurt **ret, struct ex_error *err) {
    (void)err;
    *ret = ex_new0(struct vault_hurt);
    return EX_OK;
}

void vault_hurt_free(struct vault_hurt *h) {
    struct hurt_pack *p, *next;
    if (h == NULL)
        return;
    HASH_ITER(hh, h->packs, p, next) {
        HASH_DEL(h->packs, p);
        free(p->stretch);
        free(p);
    }
    free(h);
}

static struct hurt_pack *find(const struct vault_hurt *h, const uint8_t *id) {
    struct hurt_pack *p;
    HASH_FIND(hh, h->packs, id, VAULT_PACK_ID_BYTES, p);
    return p;
}

static ex_code find_or_add(struct vault_hurt *h, const uint8_t *id, struct hurt_pack **ret,
                           struct ex_error *err) {
    bool oom = false;
    *ret = find(h, id);
    if (*ret != NULL)
        return EX_OK;
    struct hurt_pack *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the list of damage");
    memcpy(p->id, id, sizeof p->id);
    HASH_ADD(hh, h->packs, id, VAULT_PACK_ID_BYTES, p);
    if (oom) {
        free(p);
        return ex_fail(err, EX_NOMEM, "no memory for the list of damage");
    }
    *ret = p;
    return EX_OK;
}

ex_code hurt_add(struct vault_hurt *h, const uint8_t pack[static VAULT_PACK_ID_BYTES],
                 uint64_t offset, uint64_t length, const char *why, struct ex_error *err) {
    struct hurt_pack *p;
    EX_TRY(find_or_add(h, pack, &p, err));
    EX_TRY(ex_grow(&p->stretch, &p->capacity, p->count + 1, sizeof *p->stretch, EX_LIMIT_PACK_BYTES,
                   "the list of damage", err));
    struct stretch *s = &p->stretch[p->count++];
    *s = (struct stretch){.offset = offset, .length = length};
    (void)snprintf(s->why, sizeof s->why, "%s", why);
    return EX_OK;
}

const char *hurt_why(const struct vault_hurt *h, const uint8_t pack[static VAULT_PACK_ID_BYTES],
                     uint32_t offset) {
    const struct hurt_pack *p = find(h, pack);
    for (size_t i = 0; p != NULL && i < p->count; i++)
        if (offset >= p->stretch[i].offset && offset - p->stretch[i].offset < p->stretch[i].length)
            return p->stretch[i].why;
    return NULL;
}

ex_code vault_hurt_each_pack(const struct vault_hurt *hurt,
                             ex_code (*fn)(void *context,
                                           const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                                           struct ex_error *err),
                             void *context, struct ex_error *err) {
    for (const struct hurt_pack *p = hurt->packs; p != NULL; p = p->hh.next)
        EX_TRY(fn(context, p->id, err));
    return EX_OK;
}

/* ---- objects ---- */

struct mapping {
    struct vault *vault;
    const struct vault_hurt *hurt;
    vault_hurt_fn *each;
    void *context;
    struct codec *codec;
    struct block_hasher *hasher;
    struct index_place place; /* of the record in hand; all zeros: none */
    struct record record;
};

/* A suspect record may still hold this chunk: the check named the record, not each chunk of it. */
static ex_code is_good_there(struct mapping *m, const struct index_place *place,
                             const struct extent *e, bool *ret, struct ex_error *err) {
    const uint8_t *data;
    uint32_t size;
    struct ex_error why;
    *ret = false;
    if (m->record.data == NULL || !index_place_same(place, &m->place)) {
        record_clear(&m->record);
        ex_code code = pack_read_record(m->vault, place->pack, place->offset, true, m->codec,
                                        &m->record, &why);
        if (vault_is_damage(code))
            return EX_OK;
        if (code != EX_OK && err != NULL)
            *err = why;
        EX_TRY(code);
        m->place = *place;
    }
    if (m->record.head.type != RECORD_CHUNKS)
        return EX_OK;
    EX_TRY(record_find_sound(&m->record, e->id, m->hasher, &data, &size, err));
    *ret = data != NULL && size == e->length;
    return EX_OK;
}

/* Is there a copy that nothing is known against, or that proves good? If not, what is said about
 * the first one. */
static ex_code find_good_copy(struct mapping *m, const struct extent *e, bool *ret_good,
                              struct vault_hurt_range *r, struct ex_error *err) {
    struct index_search search = {0};
    struct index_place place;
    r->missing = true;
    r->why = "the chunk is in no pack that the index knows";
    for (*ret_good = false; !*ret_good && index_next(m->vault->index, e->id, &search, &place);) {
        const char *why = hurt_why(m->hurt, place.pack, place.offset);
        if (why != NULL) {
            EX_TRY(is_good_there(m, &place, e, ret_good, err));
            r->why = why;
            r->missing = false;
        } else if (vault_has_pack(m->vault, place.pack)) {
            *ret_good = true;
        } else if (r->missing) {
            r->why = "its pack is gone";
        }
    }
    return EX_OK;
}

static ex_code map_extent(void *context, uint64_t offset, const struct extent *e,
                          struct ex_error *err) {
    struct mapping *m = context;
    struct vault_hurt_range r = {.offset = offset, .length = e->length};
    bool good = true;
    if (e->kind == EXTENT_DATA)
        EX_TRY(find_good_copy(m, e, &good, &r, err));
    if (good)
        return EX_OK;
    memcpy(r.id, e->id, sizeof r.id);
    return m->each(m->context, &r, err);
}

static ex_code map_damaged(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                           uint64_t length, const struct ex_error *why, struct ex_error *err) {
    struct mapping *m = context;
    struct vault_hurt_range r = {.offset = offset,
                                 .length = length,
                                 .layout = true,
                                 .missing = why->code == EX_MISSING,
                                 .why = why->text};
    memcpy(r.id, id, sizeof r.id);
    return m->each(m->context, &r, err);
}

static ex_code map_object(struct mapping *m, const struct vault_object_info *object,
                          struct ex_error *err) {
    const struct layout_visitor visitor = {
        .context = m, .extent = map_extent, .damaged = map_damaged};
    struct fetcher fetcher;
    EX_TRY(codec_new(&m->codec, err));
    EX_TRY(block_hasher_new(&m->hasher, err));
    EX_TRY(index_refresh(m->vault->index, err));
    EX_TRY(fetcher_open(m->vault, &fetcher, err));
    ex_code code = layout_walk(&fetcher, object->layout, object->layout_level, object->size_bytes,
                               &visitor, err);
    fetcher_close(&fetcher);
    return code;
}

ex_code vault_hurt_map(struct vault *v, const struct vault_hurt *hurt,
                       const struct vault_object_info *object, vault_hurt_fn *each, void *context,
                       struct ex_error *err) {
    struct mapping m = {.vault = v, .hurt = hurt, .each = each, .context = context};
    if (object->size_bytes == 0)
        return EX_OK;
    ex_code code = map_object(&m, object, err);
    codec_free(m.codec);
    block_hasher_free(m.hasher);
    record_clear(&m.record);
    return code;
}
