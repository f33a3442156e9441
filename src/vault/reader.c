/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an object here and there: format/object §5. Of the layout only where its nodes of level 0
 * begin is kept; what they list is read when it is wanted. */
#include "vault/reader.h"

#include "vault/reader_internal.h"

#include <stdio.h>

enum { LEAVES = 64 };

/* A node of level 0; or one above that could not be had. */
struct row {
    uint64_t offset;
    uint8_t id[SHA256_BYTES];
    uint8_t code; /* of the damage; EX_OK: it is of level 0 */
};

struct leaf {
    uint64_t used; /* 0: empty */
    size_t row, count;
    struct extent *extent;
    uint64_t *start; /* of each, in the object */
};

struct vault_reader {
    uint64_t size_bytes;
    size_t row_count, row_capacity;
    struct row *row;
    uint64_t clock;
    struct leaf *last;
    struct leaf leaf[LEAVES];
    struct fetcher fetcher; /* of nodes */
    struct keep keep;
    struct vault_damage damage;
    struct extent scratch[NODE_ENTRIES_MAX];
};

/* ---- opening ---- */

static ex_code add_row(struct vault_reader *r, const uint8_t *id, uint64_t offset, ex_code damage,
                       struct ex_error *err) {
    EX_TRY(ex_grow(&r->row, &r->row_capacity, r->row_count + 1, sizeof *r->row,
                   EX_LIMIT_LAYOUT_BYTES, "the layout of an object", err));
    struct row *row = &r->row[r->row_count++];
    row->offset = offset;
    row->code = (uint8_t)damage;
    memcpy(row->id, id, SHA256_BYTES);
    return EX_OK;
}

static ex_code add_leaf(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                        uint64_t length, struct ex_error *err) {
    (void)length;
    return add_row(context, id, offset, EX_OK, err);
}

static ex_code add_damaged(void *context, const uint8_t id[static SHA256_BYTES], uint64_t offset,
                           uint64_t length, const struct ex_error *why, struct ex_error *err) {
    (void)length;
    return add_row(context, id, offset, why->code, err);
}

ex_code vault_reader_open(struct vault *v, const struct vault_object_info *object,
                          struct vault_reader **ret, struct ex_error *err) {
    EX_AUTO(vault_reader_close) struct vault_reader *r = ex_new0(struct vault_reader);
    const struct layout_visitor visitor = {.context = r, .leaf = add_leaf, .damaged = add_damaged};
    if (vault_is_locked(v))
        return ex_hint(ex_fail(err, EX_DENIED, "the vault is locked"), err,
                       "it takes an officer's passphrase to read what is in it");
    r->size_bytes = object->size_bytes;
    r->last = &r->leaf[0];
    EX_TRY(fetcher_open(v, &r->fetcher, err));
    EX_TRY(keep_open(v, &r->keep, err));
    if (object->size_bytes > 0)
        EX_TRY(layout_walk(&r->fetcher, object->layout, object->layout_level, object->size_bytes,
                           &visitor, err));
    *ret = ex_steal(&r);
    return EX_OK;
}

static void leaf_clear(struct leaf *l) {
    free(l->extent);
    free(l->start);
    *l = (struct leaf){0};
}

void vault_reader_close(struct vault_reader *r) {
    if (r == NULL)
        return;
    for (size_t i = 0; i < LEAVES; i++)
        leaf_clear(&r->leaf[i]);
    fetcher_close(&r->fetcher);
    keep_close(&r->keep);
    free(r->row);
    free(r);
}

uint64_t vault_reader_size(const struct vault_reader *r) {
    return r->size_bytes;
}

const struct vault_damage *vault_reader_damage(const struct vault_reader *r) {
    return &r->damage;
}

/* ---- the layout, where it is wanted ---- */

/* `offset` cannot be had, because of what is wrong with a stretch that it is in. */
static ex_code fail_at(struct vault_reader *r, uint64_t offset, uint64_t start, uint64_t length,
                       const struct ex_error *why, struct ex_error *err) {
    if (!vault_is_damage(why->code)) {
        if (err != NULL)
            *err = *why;
        return why->code;
    }
    r->damage = (struct vault_damage){
        .offset = start, .length = length, .missing = why->code == EX_MISSING};
    (void)snprintf(r->damage.why, sizeof r->damage.why, "%.119s", why->text);
    ex_code code = ex_fail(err, why->code, "could not read byte %llu of the object: %.180s",
                           (unsigned long long)offset, why->text);
    return why->hint[0] == '\0' ? code : ex_hint(code, err, "%s", why->hint);
}

static uint64_t row_end(const struct vault_reader *r, size_t row) {
    return row + 1 < r->row_count ? r->row[row + 1].offset : r->size_bytes;
}

/* The last row that does not begin after it. The first one begins at 0. */
static size_t row_of(const struct vault_reader *r, uint64_t offset) {
    size_t low = 0, high = r->row_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->row[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static ex_code fill_leaf(struct vault_reader *r, size_t row, struct leaf *l, struct ex_error *err) {
    uint64_t at = r->row[row].offset, end = row_end(r, row);
    size_t count;
    if (r->row[row].code != EX_OK)
        return ex_fail(err, (ex_code)r->row[row].code, "the layout of the object is %s there",
                       r->row[row].code == EX_MISSING ? "missing" : "damaged");
    EX_TRY(layout_node(&r->fetcher, r->row[row].id, 0, end - at, end == r->size_bytes, r->scratch,
                       &count, err));
    EX_TRY(ex_alloc(count, sizeof *l->extent, sizeof r->scratch, "a layout node", &l->extent, err));
    EX_TRY(ex_alloc(count, sizeof *l->start, sizeof r->scratch, "a layout node", &l->start, err));
    memcpy(l->extent, r->scratch, count * sizeof *l->extent);
    for (size_t i = 0; i < count; at += l->extent[i++].length)
        l->start[i] = at;
    l->row = row;
    l->count = count;
    l->used = ++r->clock;
    return EX_OK;
}

/* The node of level 0 that a row stands for, in the place of the one that was not used for the
 * longest time. */
static ex_code find_leaf(struct vault_reader *r, size_t row, struct leaf **ret,
                         struct ex_error *err) {
    struct leaf *oldest = &r->leaf[0];
    for (struct leaf *l = r->leaf; l < r->leaf + LEAVES; l++) {
        if (l->used != 0 && l->row == row) {
            l->used = ++r->clock;
            *ret = l;
            return EX_OK;
        }
        oldest = l->used < oldest->used ? l : oldest;
    }
    leaf_clear(oldest);
    ex_code code = fill_leaf(r, row, oldest, err);
    if (code != EX_OK)
        leaf_clear(oldest);
    *ret = oldest;
    return code;
}

static bool is_in(const struct vault_reader *r, const struct leaf *l, uint64_t offset) {
    return l->used != 0 && r->row[l->row].offset <= offset && offset < row_end(r, l->row);
}

/* The extent that an offset inside the object is in. *ret: until the next call. */
static ex_code seek(struct vault_reader *r, uint64_t offset, const struct leaf **ret,
                    size_t *ret_at, struct ex_error *err) {
    if (!is_in(r, r->last, offset)) {
        struct ex_error why;
        size_t row = row_of(r, offset);
        uint64_t start = r->row[row].offset;
        if (find_leaf(r, row, &r->last, &why) != EX_OK)
            return fail_at(r, offset, start, row_end(r, row) - start, &why, err);
    }
    const struct leaf *l = r->last;
    size_t low = 0, high = l->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (l->start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *ret = l;
    *ret_at = low;
    return EX_OK;
}

static ex_code must_be_inside(const struct vault_reader *r, uint64_t offset, uint64_t length,
                              struct ex_error *err) {
    if (offset <= r->size_bytes && length <= r->size_bytes - offset)
        return EX_OK;
    return ex_fail(err, EX_USAGE, "%llu bytes from byte %llu on are not in an object of %llu",
                   (unsigned long long)length, (unsigned long long)offset,
                   (unsigned long long)r->size_bytes);
}

/* ---- reading ---- */

/* How many extents of the node, from this one on, begin before `end`. */
static size_t wanted(const struct leaf *l, size_t at, uint64_t end) {
    size_t n = 1;
    while (at + n < l->count && l->start[at + n] < end)
        n++;
    return n;
}

/* From one extent. */
static ex_code read_some(struct vault_reader *r, uint64_t offset, uint8_t *to, size_t size_bytes,
                         size_t *ret_bytes, struct ex_error *err) {
    const struct leaf *l;
    const uint8_t *data;
    size_t at;
    struct ex_error why;
    EX_TRY(seek(r, offset, &l, &at, err));
    const struct extent *e = &l->extent[at];
    uint64_t inside = offset - l->start[at], left = e->length - inside;
    size_t part = left < size_bytes ? (size_t)left : size_bytes;
    *ret_bytes = part;
    if (e->kind == EXTENT_CONSTANT) {
        memset(to, e->value, part);
        return EX_OK;
    }
    if (keep_chunk(&r->keep, e, wanted(l, at, offset + size_bytes), &data, &why) != EX_OK)
        return fail_at(r, offset, l->start[at], e->length, &why, err);
    memcpy(to, data + inside, part);
    return EX_OK;
}

ex_code vault_reader_read(struct vault_reader *r, uint64_t offset, uint8_t *to, size_t size_bytes,
                          struct ex_error *err) {
    EX_TRY(must_be_inside(r, offset, size_bytes, err));
    for (size_t part; size_bytes > 0; offset += part, to += part, size_bytes -= part)
        EX_TRY(read_some(r, offset, to, size_bytes, &part, err));
    return EX_OK;
}

/* ---- hashing ---- */

static void hash_constant(struct sha256 *hash, uint8_t value, uint64_t length) {
    uint8_t same[4096];
    memset(same, value, sizeof same);
    for (uint64_t part; length > 0; length -= part) {
        part = length < sizeof same ? length : sizeof same;
        sha256_add(hash, same, (size_t)part);
    }
}

/* From one extent; *data NULL: all of it is the value of `e`. */
static ex_code hash_some(struct vault_reader *r, uint64_t offset, uint64_t size_bytes,
                         struct sha256 *hash, const struct extent **ret_extent,
                         const uint8_t **data, uint64_t *ret_bytes, struct ex_error *err) {
    const struct leaf *l;
    size_t at;
    struct ex_error why;
    EX_TRY(seek(r, offset, &l, &at, err));
    const struct extent *e = &l->extent[at];
    uint64_t inside = offset - l->start[at], left = e->length - inside;
    uint64_t part = left < size_bytes ? left : size_bytes;
    struct keep_stream stream = {.hash = hash, .bytes = inside == 0 ? (size_t)part : 0};
    *ret_bytes = part;
    *ret_extent = e;
    *data = NULL;
    if (e->kind == EXTENT_CONSTANT) {
        hash_constant(hash, e->value, part);
        return EX_OK;
    }
    ex_code code =
        keep_chunk_streamed(&r->keep, e, wanted(l, at, offset + size_bytes), &stream, data, &why);
    if (code != EX_OK)
        return fail_at(r, offset, l->start[at], e->length, &why, err);
    *data += inside;
    if (!stream.added)
        sha256_add(hash, *data, (size_t)part);
    return EX_OK;
}

ex_code vault_reader_hash(struct vault_reader *r, uint64_t offset, uint64_t size_bytes,
                          struct sha256 *hash, uint8_t *head, size_t head_bytes,
                          struct ex_error *err) {
    EX_TRY(must_be_inside(r, offset, size_bytes, err));
    head_bytes = head == NULL ? 0 : head_bytes;
    for (uint64_t part; size_bytes > 0; offset += part, size_bytes -= part) {
        const struct extent *e;
        const uint8_t *data;
        EX_TRY(hash_some(r, offset, size_bytes, hash, &e, &data, &part, err));
        size_t first = head_bytes < part ? head_bytes : (size_t)part;
        if (first > 0 && data != NULL)
            memcpy(head, data, first);
        else if (first > 0)
            memset(head, e->value, first);
        head = first > 0 ? head + first : head;
        head_bytes -= first;
    }
    return EX_OK;
}

ex_code vault_reader_each(struct vault_reader *r, uint64_t offset, uint64_t length,
                          vault_stretch_fn *each, void *context, struct ex_error *err) {
    EX_TRY(must_be_inside(r, offset, length, err));
    while (length > 0) {
        const struct leaf *l;
        size_t at;
        EX_TRY(seek(r, offset, &l, &at, err));
        const struct extent *e = &l->extent[at];
        uint64_t inside = offset - l->start[at], left = e->length - inside;
        struct vault_stretch s = {.constant = e->kind == EXTENT_CONSTANT,
                                  .value = e->value,
                                  .length = left < length ? left : length};
        if (!s.constant) {
            memcpy(s.chunk, e->id, SHA256_BYTES);
            s.chunk_length = e->length;
            s.offset = inside;
        }
        EX_TRY(each(context, &s, err));
        offset += s.length;
        length -= s.length;
    }
    return EX_OK;
}
