/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of an object that are one stretch, or several. */
#include "../crypto/testing.h"

#include "examine/examine_internal.h"

static const struct found_range PIECES[] = {
    {1000, 100}, {RANGE_NOWHERE, 50}, {200, 300}, {RANGE_HOLE, 7}, {500, 43}};
enum { COUNT = sizeof PIECES / sizeof PIECES[0], BYTES = 500 };

/* Byte by byte, by the list itself. */
static struct found_range slow(uint64_t at) {
    uint64_t from = 0;
    size_t i = 0;
    while (at >= from + PIECES[i].length)
        from += PIECES[i++].length;
    uint64_t left = from + PIECES[i].length - at;
    return (struct found_range){
        PIECES[i].offset >= RANGE_NOWHERE ? PIECES[i].offset : PIECES[i].offset + at - from, left};
}

static void one_stretch(void **state) {
    struct view v;
    (void)state;
    view_one(&v, 4096, 1000);
    assert_null(v.own);
    struct found_range r = view_piece(&v, 10, 20);
    assert_int_equal(r.offset, 4106);
    assert_int_equal(r.length, 20);
    r = view_piece(&v, 999, 20);
    assert_int_equal(r.offset, 5095);
    assert_int_equal(r.length, 1);
    view_clear(&v);
}

static void several(void **state) {
    struct view v, copy;
    (void)state;
    assert_int_equal(view_of_ranges(&v, PIECES, COUNT, NULL), EX_OK);
    assert_int_equal(v.length, BYTES);
    assert_int_equal(view_copy(&copy, &v, NULL), EX_OK);
    view_clear(&v);
    for (uint64_t at = 0; at < BYTES; at++)
        for (uint64_t length = 1; length <= BYTES - at; length += 37) {
            const struct found_range want = slow(at), got = view_piece(&copy, at, length);
            assert_int_equal(got.offset, want.offset);
            assert_int_equal(got.length, want.length < length ? want.length : length);
        }
    view_clear(&copy);
}

static void one_of_a_list_needs_none(void **state) {
    struct view v;
    (void)state;
    assert_int_equal(view_of_ranges(&v, PIECES, 1, NULL), EX_OK);
    assert_null(v.own);
    assert_int_equal(v.length, 100);
}

static void too_many(void **state) {
    struct view v;
    struct ex_error err;
    (void)state;
    assert_int_equal(view_of_ranges(&v, PIECES, (size_t)VIEW_STRETCHES_MAX + 1, &err), EX_LIMIT);
}

/* The same pieces in another order are another volume. */
static void seen(void **state) {
    EX_AUTO_FREE struct engine *e = ex_new0(struct engine);
    const struct found_range turned[] = {{200, 300}, {1000, 100}},
                             straight[] = {{1000, 100}, {200, 300}};
    struct view v, w;
    bool fresh;
    (void)state;
    assert_int_equal(view_of_ranges(&v, turned, 2, NULL), EX_OK);
    assert_int_equal(view_of_ranges(&w, straight, 2, NULL), EX_OK);
    assert_int_equal(views_see(e, &v, &fresh, NULL), EX_OK);
    assert_true(fresh);
    assert_int_equal(views_see(e, &w, &fresh, NULL), EX_OK);
    assert_true(fresh);
    assert_int_equal(views_see(e, &v, &fresh, NULL), EX_OK);
    assert_false(fresh);
    view_clear(&v);
    view_clear(&w);
    views_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_stretch), cmocka_unit_test(several),
                                       cmocka_unit_test(one_of_a_list_needs_none),
                                       cmocka_unit_test(too_many), cmocka_unit_test(seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
