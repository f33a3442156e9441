/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the object that a parser has as its input: one stretch of it, nearly always, or
 * several in an order of their own. */
#include "examine/examine_internal.h"

void view_clear(struct view *v) {
    free(v->own);
    *v = (struct view){0};
}

void view_one(struct view *ret, uint64_t offset, uint64_t length) {
    *ret = (struct view){.length = length, .count = 1, .one = {.offset = offset, .end = length}};
}

ex_code view_of_ranges(struct view *ret, const struct found_range *range, size_t count,
                       struct ex_error *err) {
    uint64_t end = 0;
    if (count == 1) {
        view_one(ret, range->offset, range->length);
        return EX_OK;
    }
    *ret = (struct view){.count = count};
    EX_TRY(ex_alloc(count, sizeof *ret->own, VIEW_STRETCHES_MAX * sizeof *ret->own,
                    "the places of a volume", &ret->own, err));
    for (size_t i = 0; i < count; i++) {
        end += range[i].length; /* of a content, whose size is less than 2^63 */
        ret->own[i] = (struct view_stretch){.offset = range[i].offset, .end = end};
    }
    ret->length = end;
    return EX_OK;
}

ex_code view_copy(struct view *ret, const struct view *v, struct ex_error *err) {
    struct view_stretch *own = NULL;
    if (v->own != NULL) {
        EX_TRY(ex_alloc(v->count, sizeof *own, VIEW_STRETCHES_MAX * sizeof *own,
                        "the places of a volume", &own, err));
        memcpy(own, v->own, v->count * sizeof *own);
    }
    *ret = *v;
    ret->own = own;
    return EX_OK;
}

struct found_range view_piece(const struct view *v, uint64_t at, uint64_t length) {
    const struct view_stretch *s = v->own != NULL ? v->own : &v->one;
    size_t from = 0, to = v->count;
    while (to - from > 1) { /* the last one that begins at `at` or before */
        size_t middle = from + (to - from) / 2;
        if (s[middle - 1].end <= at)
            from = middle;
        else
            to = middle;
    }
    uint64_t skip = at - (from > 0 ? s[from - 1].end : 0), left = s[from].end - at;
    return (struct found_range){.offset = s[from].offset >= RANGE_NOWHERE ? s[from].offset
                                                                          : s[from].offset + skip,
                                .length = length < left ? length : left};
}

/* The same for two views of the same bytes in the same order. */
static void view_key(const struct view *v, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    for (uint64_t at = 0; at < v->length;) {
        struct found_range r = view_piece(v, at, v->length - at);
        sha256_add(&h, &r, sizeof r); /* no padding, and it stays here */
        at += r.length;
    }
    sha256_end(&h, ret);
}

/* ---- those that were looked into ---- */

struct seen_view {
    UT_hash_handle hh;
    uint8_t key[SHA256_BYTES];
};

ex_code views_see(struct engine *e, const struct view *view, bool *ret_new, struct ex_error *err) {
    uint8_t key[SHA256_BYTES];
    struct seen_view *s = NULL;
    view_key(view, key);
    HASH_FIND(hh, e->views, key, sizeof key, s);
    *ret_new = s == NULL;
    if (s != NULL)
        return EX_OK;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for what is to be examined");
    memcpy(s->key, key, sizeof s->key);
    HASH_ADD(hh, e->views, key, sizeof s->key, s);
    return EX_OK;
}

void views_free(struct engine *e) {
    struct seen_view *s, *next;
    HASH_ITER(hh, e->views, s, next) {
        HASH_DEL(e->views, s);
        free(s);
    }
}
