/* SPDX-License-Identifier: Apache-2.0 */
/* Layout nodes: format/object §5. */
#include "vault/layout_internal.h"

#include "base/bytes.h"

static const uint8_t NODE_MAGIC[8] = {'E', 'X', 'H', 'N', 'O', 'D', 'E', 1};

void layout_start(struct layout_builder *b) {
    memset(b, 0, sizeof *b);
}

static ex_code push(struct layout_builder *b, unsigned level, const struct extent *e,
                    const struct layout_sink *sink, struct ex_error *err);

size_t node_write(const struct layout_level *l, unsigned level, uint8_t *to) {
    const uint8_t *start = to;
    memset(to, 0, NODE_HEADER_BYTES);
    memcpy(to, NODE_MAGIC, sizeof NODE_MAGIC);
    to[8] = (uint8_t)level;
    ex_put_le32(to + 12, l->count);
    to += NODE_HEADER_BYTES;
    for (uint32_t i = 0; i < l->count; i++, to += NODE_ENTRY_BYTES) {
        const struct extent *e = &l->extent[i];
        memset(to, 0, 4);
        to[0] = (uint8_t)e->kind;
        to[1] = e->value;
        ex_put_le64(to + 4, e->length);
        memcpy(to + 12, e->id, SHA256_BYTES);
    }
    return (size_t)(to - start);
}

static ex_code end_node(struct layout_builder *b, unsigned level, const struct layout_sink *sink,
                        struct ex_error *err) {
    struct layout_level *l = &b->level[level];
    struct extent up = {.kind = EXTENT_NODE};
    uint8_t *node = b->scratch;
    size_t size = node_write(l, level, node);
    for (uint32_t i = 0; i < l->count; i++)
        up.length += l->extent[i].length;
    sha256_of(node, size, up.id);
    l->count = 0;
    l->nodes++;
    memcpy(l->last, up.id, SHA256_BYTES);
    EX_TRY(sink->node(sink->context, up.id, node, size, err));
    if (level + 1 >= LAYOUT_LEVELS)
        return ex_fail(err, EX_LIMIT, "the object has too many extents");
    return push(b, level + 1, &up, sink, err);
}

static ex_code push(struct layout_builder *b, unsigned level, const struct extent *e,
                    const struct layout_sink *sink, struct ex_error *err) {
    struct layout_level *l = &b->level[level];
    l->extent[l->count++] = *e;
    bool ends = l->count == NODE_ENTRIES_MAX ||
                (l->count >= NODE_ENTRIES_MIN && e->kind != EXTENT_CONSTANT && e->id[0] == 0);
    return ends ? end_node(b, level, sink, err) : EX_OK;
}

ex_code layout_add(struct layout_builder *b, const struct extent *e, const struct layout_sink *sink,
                   struct ex_error *err) {
    return push(b, 0, e, sink, err);
}

ex_code layout_end(struct layout_builder *b, const struct layout_sink *sink,
                   uint8_t ret_id[static SHA256_BYTES], unsigned *ret_level, struct ex_error *err) {
    for (unsigned level = 0; level < LAYOUT_LEVELS; level++) {
        struct layout_level *l = &b->level[level];
        if (l->count > 0 || l->nodes == 0)
            EX_TRY(end_node(b, level, sink, err));
        if (l->nodes == 1) {
            memcpy(ret_id, l->last, SHA256_BYTES);
            *ret_level = level;
            return EX_OK;
        }
    }
    return ex_fail(err, EX_LIMIT, "the object has too many extents");
}

static ex_code extent_parse(struct ex_cursor *c, unsigned level, struct extent *ret,
                            struct ex_error *err) {
    static const uint8_t zeros[SHA256_BYTES];
    ret->kind = ex_cursor_u8(c);
    ret->value = ex_cursor_u8(c);
    uint16_t zero = ex_cursor_le16(c);
    ret->length = ex_cursor_le64(c);
    ex_cursor_copy(c, ret->id, SHA256_BYTES);
    bool kind_fits = level > 0 ? ret->kind == EXTENT_NODE
                               : ret->kind == EXTENT_DATA || ret->kind == EXTENT_CONSTANT;
    if (c->overrun || zero != 0 || !kind_fits || ret->length == 0 || ret->length > INT64_MAX ||
        (ret->kind == EXTENT_DATA && ret->length > CHUNK_MAX_BYTES) ||
        (ret->kind == EXTENT_CONSTANT &&
         (ret->length % BLOCK_BYTES != 0 || memcmp(ret->id, zeros, sizeof zeros) != 0)) ||
        (ret->kind != EXTENT_CONSTANT && ret->value != 0))
        return ex_fail(err, EX_ALTERED, "a layout node is damaged");
    return EX_OK;
}

ex_code node_parse(const uint8_t *data, size_t size_bytes, unsigned level, struct extent *ret,
                   size_t *ret_count, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, size_bytes);
    const uint8_t *magic = ex_cursor_bytes(&c, sizeof NODE_MAGIC);
    uint8_t its_level = ex_cursor_u8(&c);
    uint8_t zero = (uint8_t)(ex_cursor_u8(&c) | ex_cursor_u8(&c) | ex_cursor_u8(&c));
    uint32_t count = ex_cursor_le32(&c);
    if (c.overrun || memcmp(magic, NODE_MAGIC, sizeof NODE_MAGIC) != 0 || its_level != level ||
        zero != 0 || count > NODE_ENTRIES_MAX ||
        ex_cursor_left(&c) != (size_t)count * NODE_ENTRY_BYTES)
        return ex_fail(err, EX_ALTERED, "a layout node is damaged");
    for (uint32_t i = 0; i < count; i++)
        EX_TRY(extent_parse(&c, level, &ret[i], err));
    *ret_count = count;
    return EX_OK;
}

/* ---- walking ---- */

struct walker {
    struct fetcher *fetcher;
    const struct layout_visitor *visitor;
    uint64_t offset;
    uint64_t object_size;
};

static ex_code damaged(struct walker *w, const uint8_t *id, uint64_t length,
                       const struct ex_error *why, struct ex_error *err) {
    ex_code code = w->visitor->damaged(w->visitor->context, id, w->offset, length, why, err);
    w->offset += length;
    return code;
}

ex_code layout_node(struct fetcher *f, const uint8_t id[static SHA256_BYTES], unsigned level,
                    uint64_t length, bool last, struct extent *ret, size_t *ret_count,
                    struct ex_error *err) {
    const uint8_t *data;
    size_t size, count;
    uint64_t total = 0;
    EX_TRY(fetch(f, id, RECORD_NODES, &data, &size, err));
    EX_TRY(node_parse(data, size, level, ret, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(total, ret[i].length, &total) ||
            (ret[i].length % BLOCK_BYTES != 0 && (i + 1 != count || !last)))
            return ex_fail(err, EX_ALTERED, "the lengths in a layout node do not agree");
    }
    if (total != length)
        return ex_fail(err, EX_ALTERED, "the lengths in a layout node do not agree");
    *ret_count = count;
    return EX_OK;
}

static ex_code node_load(struct walker *w, const uint8_t *id, unsigned level, uint64_t length,
                         struct extent **ret, size_t *ret_count, struct ex_error *err) {
    EX_AUTO_FREE struct extent *e = NULL;
    EX_TRY(ex_alloc(NODE_ENTRIES_MAX, sizeof *e, NODE_ENTRIES_MAX * sizeof *e, "a layout node", &e,
                    err));
    EX_TRY(layout_node(w->fetcher, id, level, length, w->offset + length == w->object_size, e,
                       ret_count, err));
    *ret = ex_steal(&e);
    return EX_OK;
}

static ex_code leaf(struct walker *w, const uint8_t *id, uint64_t length, struct ex_error *err) {
    ex_code code = w->visitor->leaf(w->visitor->context, id, w->offset, length, err);
    w->offset += length;
    return code;
}

static ex_code walk_node(struct walker *w, const uint8_t *id, unsigned level, uint64_t length,
                         struct ex_error *err) {
    EX_AUTO_FREE struct extent *e = NULL;
    struct ex_error why;
    size_t count = 0;
    if (level == 0 && w->visitor->leaf != NULL)
        return leaf(w, id, length, err);
    ex_code code = node_load(w, id, level, length, &e, &count, &why);
    if (vault_is_damage(code))
        return damaged(w, id, length, &why, err);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        if (level > 0) {
            EX_TRY(walk_node(w, e[i].id, level - 1, e[i].length, err));
            continue;
        }
        EX_TRY(w->visitor->extent(w->visitor->context, w->offset, &e[i], err));
        w->offset += e[i].length;
    }
    return EX_OK;
}

ex_code layout_walk(struct fetcher *f, const uint8_t id[static SHA256_BYTES], unsigned level,
                    uint64_t size_bytes, const struct layout_visitor *visitor,
                    struct ex_error *err) {
    struct walker w = {.fetcher = f, .visitor = visitor, .object_size = size_bytes};
    if (level >= LAYOUT_LEVELS)
        return ex_fail(err, EX_FORMAT, "the layout of the object is too deep");
    return walk_node(&w, id, level, size_bytes, err);
}

/* ---- fetching ---- */

ex_code fetcher_open(struct vault *v, struct fetcher *ret, struct ex_error *err) {
    *ret = (struct fetcher){.vault = v};
    return codec_new(&ret->codec, err);
}

void fetcher_close(struct fetcher *f) {
    record_clear(&f->record);
    codec_free(f->codec);
}

/* An index that lost a segment must not make bytes "missing" that are there: the packs that it does
 * not know are put into it, once for each handle. *ret_lacking: that could not be done. */
static ex_code index_again(struct vault *v, bool *ret_lacking, struct ex_error *err) {
    *ret_lacking = v->index_lacking;
    if (v->adopted)
        return EX_OK;
    v->adopted = true;
    v->index_lacking = *ret_lacking = vault_adopt_packs(v, NULL) != EX_OK;
    return index_refresh(v->index, err);
}

/* Asks the index, and looks whether another process has published since. */
static ex_code find_place(struct vault *v, const uint8_t id[static SHA256_BYTES],
                          struct index_place *ret, struct ex_error *err) {
    char hex[SHA256_HEX_BYTES];
    if (index_locked(v->index))
        return ex_hint(ex_fail(err, EX_DENIED, "the vault is locked"), err,
                       "it takes an officer's passphrase to read what is in it");
    if (index_find(v->index, id, ret))
        return EX_OK;
    EX_TRY(index_refresh(v->index, err));
    if (index_find(v->index, id, ret))
        return EX_OK;
    bool lacking;
    EX_TRY(index_again(v, &lacking, err));
    if (index_find(v->index, id, ret))
        return EX_OK;
    ex_hex(hex, id, SHA256_BYTES);
    if (lacking)
        return ex_hint(ex_fail(err, EX_MISSING,
                               "%.16s… is not in the index, which lacks packs that are there", hex),
                       err, "run: exhibit rebuild, on a medium that can be written to");
    if (index_damaged(v->index) > 0)
        return ex_hint(
            ex_fail(err, EX_MISSING, "%.16s… is not in the index, parts of which are damaged", hex),
            err, "run: exhibit rebuild");
    return ex_fail(err, EX_MISSING, "%.16s… is not in the vault", hex);
}

ex_code fetch_place(struct vault *v, const uint8_t id[static SHA256_BYTES], struct index_place *ret,
                    struct ex_error *err) {
    (void)pthread_mutex_lock(&v->index_mutex);
    ex_code code = find_place(v, id, ret, err);
    (void)pthread_mutex_unlock(&v->index_mutex);
    return code;
}

static bool has_place(const struct fetch_places *p, const struct index_place *place) {
    for (size_t i = 0; i < p->count; i++)
        if (index_place_same(&p->place[i], place))
            return true;
    return false;
}

bool fetch_places_add(struct fetch_places *p, const struct index_place *place) {
    if (p->count == FETCH_PLACES_MAX || has_place(p, place))
        return false;
    p->place[p->count++] = *place;
    return true;
}

void fetch_all_places(struct vault *v, const uint8_t id[static SHA256_BYTES],
                      struct fetch_places *ret) {
    struct index_search search = {0};
    struct index_place place;
    ret->count = 0;
    (void)pthread_mutex_lock(&v->index_mutex);
    while (ret->count < FETCH_PLACES_MAX && index_next(v->index, id, &search, &place))
        (void)fetch_places_add(ret, &place);
    (void)pthread_mutex_unlock(&v->index_mutex);
}

ex_code fetch_refresh(struct vault *v, struct ex_error *err) {
    (void)pthread_mutex_lock(&v->index_mutex);
    ex_code code = index_refresh(v->index, err);
    (void)pthread_mutex_unlock(&v->index_mutex);
    return code;
}

bool vault_is_damage(ex_code code) {
    return code == EX_ALTERED || code == EX_MISSING || code == EX_IO || code == EX_UNSUPPORTED;
}

static ex_code fetch_from(struct fetcher *f, const struct index_place *place,
                          const uint8_t id[static SHA256_BYTES], enum record_type type,
                          const uint8_t **ret, size_t *ret_size, struct ex_error *err) {
    char hex[SHA256_HEX_BYTES];
    uint8_t hash[SHA256_BYTES];
    if (f->record.data == NULL || !index_place_same(place, &f->place)) {
        record_clear(&f->record);
        EX_TRY(pack_read_record(f->vault, place->pack, place->offset, false, f->codec, &f->record,
                                err));
        f->place = *place;
    }
    if (f->record.head.type != type || !record_lookup(&f->record, id, ret, ret_size))
        return ex_fail(err, EX_ALTERED, "%.16s… is not where the index says it is",
                       ex_hex(hex, id, SHA256_BYTES));
    sha256_of(*ret, *ret_size, hash);
    if (memcmp(hash, id, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "%.16s… is damaged", ex_hex(hex, id, SHA256_BYTES));
    return EX_OK;
}

/* Any sound copy serves (format/vault §4). *err is that of the first one. */
static ex_code fetch_any(struct fetcher *f, const uint8_t id[static SHA256_BYTES],
                         enum record_type type, const uint8_t **ret, size_t *ret_size,
                         struct ex_error *err) {
    struct fetch_places all = {0};
    struct index_place first;
    EX_TRY(fetch_place(f->vault, id, &first, err));
    ex_code code = fetch_from(f, &first, id, type, ret, ret_size, err);
    if (vault_is_damage(code))
        fetch_all_places(f->vault, id, &all);
    for (size_t i = 0; vault_is_damage(code) && i < all.count; i++) {
        struct ex_error other;
        if (index_place_same(&all.place[i], &first))
            continue;
        ex_code again = fetch_from(f, &all.place[i], id, type, ret, ret_size, &other);
        if (vault_is_damage(again))
            continue;
        code = again;
        if (code != EX_OK)
            *err = other;
    }
    return code;
}

/* A pack that is gone may have been replaced by a compaction since this process looked. */
ex_code fetch(struct fetcher *f, const uint8_t id[static SHA256_BYTES], enum record_type type,
              const uint8_t **ret, size_t *ret_size, struct ex_error *err) {
    struct ex_error why;
    ex_code code = fetch_any(f, id, type, ret, ret_size, &why);
    if (vault_is_damage(code)) {
        EX_TRY(fetch_refresh(f->vault, err));
        code = fetch_any(f, id, type, ret, ret_size, &why);
    }
    if (code != EX_OK && err != NULL)
        *err = why;
    return code;
}
