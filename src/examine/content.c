/* SPDX-License-Identifier: Apache-2.0 */
/* Contents that have their places in the object: what they are called (traces.md §5), and their
 * hashes, unless these are known. */
#include "examine/examine_internal.h"

#include "base/bytes.h"

#include <stdio.h>

enum { PART_BYTES = 4 << 20, HOLE_PART_BYTES = 64 << 10 };

/* ---- reading ---- */

bool reading_is_unreadable(const struct vault_object_info *object, uint64_t offset,
                           uint64_t length) {
    size_t from = 0, to = object->unreadable_count;
    while (from < to) { /* the first range that ends behind `offset` */
        size_t middle = from + (to - from) / 2;
        const struct source_range *r = &object->unreadable[middle];
        if (r->offset + r->length <= offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from < object->unreadable_count && length > 0 &&
           object->unreadable[from].offset < offset + length;
}

static ex_code read_piece(struct reading *r, const struct found_range *piece, uint8_t *to,
                          struct ex_error *err) {
    if (piece->offset == RANGE_HOLE) {
        memset(to, 0, piece->length);
        return EX_OK;
    }
    if (piece->offset == RANGE_NOWHERE)
        return ex_fail(err, EX_IO, "this part of the volume is not in the item");
    if (reading_is_unreadable(r->object, piece->offset, piece->length))
        return ex_fail(err, EX_IO, "this was not readable when the item was collected");
    return vault_reader_read(r->reader, piece->offset, to, piece->length, err);
}

ex_code reading_read(struct reading *r, uint64_t offset, uint8_t *to, size_t size_bytes,
                     struct ex_error *err) {
    for (struct found_range piece; size_bytes > 0; size_bytes -= piece.length) {
        piece = view_piece(r->view, offset, size_bytes);
        EX_TRY(read_piece(r, &piece, to, err));
        to += piece.length;
        offset += piece.length;
    }
    return EX_OK;
}

/* ---- the key ---- */

struct keying {
    struct sha256 hash;
    uint64_t same; /* bytes of one value that are not in the hash yet */
    uint8_t value;
};

static void add_same(struct keying *k) {
    uint8_t bytes[10] = {0x02, k->value};
    if (k->same == 0)
        return;
    ex_put_le64(bytes + 2, k->same);
    sha256_add(&k->hash, bytes, sizeof bytes);
    k->same = 0;
}

static void key_constant(struct keying *k, uint8_t value, uint64_t length) {
    if (k->same > 0 && k->value != value)
        add_same(k);
    k->value = value;
    k->same += length;
}

static ex_code key_stretch(void *context, const struct vault_stretch *s, struct ex_error *err) {
    struct keying *k = context;
    uint8_t bytes[1 + SHA256_BYTES + 16] = {0x01};
    (void)err;
    if (s->constant) {
        key_constant(k, s->value, s->length);
        return EX_OK;
    }
    add_same(k);
    memcpy(bytes + 1, s->chunk, SHA256_BYTES);
    ex_put_le64(bytes + 1 + SHA256_BYTES, s->offset);
    ex_put_le64(bytes + 9 + SHA256_BYTES, s->length);
    sha256_add(&k->hash, bytes, sizeof bytes);
    return EX_OK;
}

static ex_code make_key(const struct reading *r, const struct found *f, struct found_trace *t,
                        struct ex_error *err) {
    static const char LABEL[] = "exhibit-content-v1";
    struct keying k = {0};
    uint8_t size[8], hash[SHA256_BYTES];
    sha256_start(&k.hash);
    sha256_add(&k.hash, LABEL, sizeof LABEL);
    ex_put_le64(size, t->size_bytes);
    sha256_add(&k.hash, size, sizeof size);
    for (size_t i = 0; i < t->range_count; i++) {
        const struct found_range *range = &f->range[t->range_at + i];
        if (range->offset == RANGE_HOLE)
            key_constant(&k, 0, range->length);
        else
            EX_TRY(
                vault_reader_each(r->reader, range->offset, range->length, key_stretch, &k, err));
    }
    add_same(&k);
    sha256_end(&k.hash, hash);
    memcpy(t->content_key, hash, EXAMINE_KEY_BYTES);
    t->keyed = true;
    return EX_OK;
}

/* ---- the hash ---- */

struct hashing {
    struct sha256 hash;
    uint8_t head[KIND_HEAD_BYTES];
    size_t head_bytes;
};

static void hash_hole(struct hashing *h, size_t size_bytes) {
    static const uint8_t ZEROS[HOLE_PART_BYTES];
    size_t head = sizeof h->head - h->head_bytes;
    head = head < size_bytes ? head : size_bytes;
    memset(h->head + h->head_bytes, 0, head);
    h->head_bytes += head;
    sha256_add(&h->hash, ZEROS, size_bytes);
}

static ex_code hash_place(const struct reading *r, uint64_t at, size_t size, struct hashing *h,
                          struct ex_error *err) {
    size_t head = sizeof h->head - h->head_bytes;
    head = head < size ? head : size;
    EX_TRY(vault_reader_hash(r->reader, at, size, &h->hash, h->head + h->head_bytes, head, err));
    h->head_bytes += head;
    return EX_OK;
}

static ex_code hash_range(struct engine *e, const struct reading *r,
                          const struct found_range *range, struct hashing *h,
                          struct ex_error *err) {
    uint64_t left = range->length, at = range->offset;
    bool hole = range->offset == RANGE_HOLE;
    for (size_t size; left > 0; left -= size, at += size) {
        size_t most = hole ? HOLE_PART_BYTES : PART_BYTES;
        size = left < most ? (size_t)left : most;
        if (atomic_load(&e->stop))
            return ex_fail(err, EX_INTERRUPTED, "the work was interrupted");
        if (hole)
            hash_hole(h, size);
        else
            EX_TRY(hash_place(r, at, size, h, err));
    }
    return EX_OK;
}

static ex_code hash_content(struct engine *e, const struct reading *r, const struct found *f,
                            const struct found_trace *t, struct hashing *h,
                            struct examine_known *ret, struct ex_error *err) {
    struct kind kind;
    sha256_start(&h->hash);
    h->head_bytes = 0;
    for (size_t i = 0; i < t->range_count; i++)
        EX_TRY(hash_range(e, r, &f->range[t->range_at + i], h, err));
    sha256_end(&h->hash, ret->sha256);
    kind_of_bytes(h->head, h->head_bytes, &kind);
    (void)snprintf(ret->type, sizeof ret->type, "%s", kind.word != NULL ? kind.word : "");
    return EX_OK;
}

/* ---- what is done with each ---- */

/* Why it has no key; NULL: all of it is held, in known places. */
static const char *why_no_key(const struct reading *r, const struct found *f,
                              const struct found_trace *t) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < t->range_count; i++) {
        const struct found_range *range = &f->range[t->range_at + i];
        bytes += range->length;
        if (range->offset == RANGE_NOWHERE)
            return t->elsewhere || t->kind == PARSER_VOLUME ? "unreadable" : "damaged";
        if (range->offset != RANGE_HOLE &&
            reading_is_unreadable(r->object, range->offset, range->length))
            return "unreadable";
    }
    return bytes == t->size_bytes ? NULL : "damaged";
}

static uint64_t holes(const struct found *f, const struct found_trace *t) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < t->range_count; i++)
        bytes +=
            f->range[t->range_at + i].offset == RANGE_HOLE ? f->range[t->range_at + i].length : 0;
    return bytes;
}

static const char *why_not_hashed(struct engine *e, const struct found *f,
                                  const struct found_trace *t) {
    if ((t->flags & PARSER_ENCRYPTED) != 0)
        return "encrypted";
    if ((t->flags & PARSER_REUSED) != 0)
        return "deleted";
    if (e->options->profile == EXAMINE_TRIAGE || t->kind == PARSER_SPACE ||
        t->kind == PARSER_VOLUME || t->kind == PARSER_FILE_SYSTEM)
        return "profile";
    return holes(f, t) > HOLES_BYTES_MAX || t->size_bytes > e->hash_bytes_max - f->placed_bytes ||
                   atomic_load(&e->hash_over)
               ? "limit"
               : NULL;
}

/* *ret_wanted: its hash is. */
static ex_code look_at_one(struct engine *e, struct reading *r, struct found *f,
                           struct found_trace *t, bool *ret_wanted, struct ex_error *err) {
    *ret_wanted = false;
    t->not_hashed = why_no_key(r, f, t);
    if (t->not_hashed == NULL && t->kind != PARSER_SPACE && t->kind != PARSER_VOLUME)
        EX_TRY(make_key(r, f, t, err));
    if (t->not_hashed == NULL)
        t->not_hashed = why_not_hashed(e, f, t);
    if (t->not_hashed == NULL)
        f->placed_bytes += t->size_bytes;
    *ret_wanted = t->not_hashed == NULL;
    return EX_OK;
}

static void note_known(struct engine *e, const struct found_trace *t,
                       const struct examine_known *known) {
    pthread_mutex_lock(&e->known_mutex);
    remembered_note(e, t->content_key, known);
    pthread_mutex_unlock(&e->known_mutex);
}

/* By this examination, perhaps since look_up_all(): the same content twice in a folder. */
static bool is_met(struct engine *e, const struct found_trace *t, struct examine_known *ret) {
    pthread_mutex_lock(&e->known_mutex);
    bool met = remembered_met(e, t->content_key, ret);
    pthread_mutex_unlock(&e->known_mutex);
    return met;
}

static ex_code hash_one(struct engine *e, struct reading *r, struct found *f, struct found_trace *t,
                        struct examine_known *known, struct ex_error *err) {
    struct ex_error why;
    if (!t->met)
        t->met = is_met(e, t, known);
    if (!t->met) {
        ex_code code = hash_content(e, r, f, t, r->hashing, known, &why);
        if (code == EX_ALTERED || code == EX_MISSING) { /* the vault has not all of it */
            t->not_hashed = "unreadable";
            return found_problem(f, t->examiner, (uint32_t)(t - f->trace) + 1, "vault",
                                 EXAMINE_UNREADABLE, why.text, err);
        }
        if (code != EX_OK) {
            if (err != NULL)
                *err = why;
            return code;
        }
        note_known(e, t, known);
    }
    memcpy(t->type, known->type, sizeof t->type);
    memcpy(t->sha256, known->sha256, sizeof t->sha256);
    t->hashed = true;
    return ex_progress_step(e->progress, t->size_bytes, err);
}

/* ---- all of a step ---- */

struct order {
    uint64_t offset;
    size_t trace;
    bool wanted;
    struct examine_known known;
};

static int compare_order(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1)
                                  : (x->trace < y->trace ? -1 : x->trace > y->trace);
}

void content_judge_empty(const struct engine *e, struct found_trace *t) {
    if (t->pushed || t->range_count > 0)
        return;
    if ((t->flags & PARSER_ENCRYPTED) != 0)
        t->not_hashed = "encrypted";
    if (t->not_hashed != NULL || (t->flags & (PARSER_SIZED | PARSER_UNSIZED)) == 0)
        return;
    if (t->size_bytes > 0)
        t->not_hashed = (t->flags & PARSER_REUSED) != 0 || (t->flags & PARSER_DELETED) != 0
                            ? "deleted"
                            : "parser";
    else if (e->options->profile == EXAMINE_TRIAGE)
        t->not_hashed = "profile";
    else
        sha256_of("", 0, t->sha256);
    t->hashed = t->not_hashed == NULL;
}

/* All at once, because a question by itself costs as much as ten. */
static ex_code look_up_all(struct engine *e, struct found *f, struct order *order, size_t count,
                           struct ex_error *err) {
    const struct examine_options *o = e->options;
    ex_code code = EX_OK;
    pthread_mutex_lock(&e->known_mutex);
    if (o->asking != NULL)
        o->asking(o->context, true);
    for (size_t i = 0; i < count && code == EX_OK; i++) {
        struct found_trace *t = &f->trace[order[i].trace];
        if (order[i].wanted)
            code = remembered_find(e, t->content_key, &order[i].known, &t->met, &t->known, err);
    }
    if (o->asking != NULL)
        o->asking(o->context, false);
    pthread_mutex_unlock(&e->known_mutex);
    return code;
}

ex_code content_hash_all(struct engine *e, struct reading *r, struct found *f,
                         struct ex_error *err) {
    EX_AUTO_FREE struct order *order = NULL;
    size_t count = 0;
    if (r->hashing == NULL)
        r->hashing = ex_new0(struct hashing);
    EX_TRY(ex_alloc(f->trace_count + 1, sizeof *order, FOUND_BYTES_MAX, "what a parser found",
                    &order, err));
    for (size_t i = 0; i < f->trace_count; i++) {
        content_judge_empty(e, &f->trace[i]);
        if (f->trace[i].range_count > 0 && !f->trace[i].dropped)
            order[count++] =
                (struct order){.offset = f->range[f->trace[i].range_at].offset, .trace = i};
    }
    qsort(order, count, sizeof *order, compare_order);
    ex_code code = EX_OK;
    bool any = false;
    for (size_t i = 0; i < count && code == EX_OK; i++) {
        code = look_at_one(e, r, f, &f->trace[order[i].trace], &order[i].wanted, err);
        any = any || order[i].wanted;
    }
    if (code == EX_OK && any)
        code = look_up_all(e, f, order, count, err);
    for (size_t i = 0; i < count && code == EX_OK; i++)
        if (order[i].wanted)
            code = hash_one(e, r, f, &f->trace[order[i].trace], &order[i].known, err);
    return code;
}
