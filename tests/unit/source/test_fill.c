/* SPDX-License-Identifier: Apache-2.0 */
/* What is held with its holes read again. */
#include "testing.h"

#include "source/source.h"

#include <errno.h>
#include <unistd.h>

enum { SECTOR = 512, SIZE = 5 * (1 << 20) + 777, SLAB = 1 << 20 };

struct place {
    char file[64];
    uint8_t *data, *held, *got;
    uint64_t pulled;
    bool bad[SIZE / SECTOR + 1], asked[SIZE / SECTOR + 1];
    bool gone;
};

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    p->data = ex_new0_bytes(SIZE);
    p->held = ex_new0_bytes(SIZE);
    p->got = aligned_alloc(4096, 7 * SLAB);
    assert_non_null(p->got);
    for (size_t i = 0; i < SIZE; i++)
        p->held[i] = p->data[i] = (uint8_t)(1 + i * 2654435761U % 255);
    (void)snprintf(p->file, sizeof p->file, "/tmp/exhibit-fill-XXXXXX");
    int fd = mkstemp(p->file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p->data, SIZE), SIZE);
    assert_int_equal(close(fd), 0);
    *state = p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    (void)unlink(p->file);
    free(p->data);
    free(p->held);
    free(p->got);
    free(p);
    return 0;
}

static int fault(void *context, uint64_t offset, size_t size_bytes) {
    struct place *p = context;
    int code = p->gone ? ENODEV : 0;
    for (uint64_t i = offset / SECTOR; i <= (offset + size_bytes - 1) / SECTOR; i++) {
        p->asked[i] = true;
        code = code == 0 && p->bad[i] ? EIO : code;
    }
    return code;
}

static ex_code pull(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                    struct ex_error *err) {
    struct place *p = context;
    size_t size = size_bytes < 70000 ? size_bytes : 70000;
    memcpy(to, p->held + p->pulled, size);
    p->pulled += size;
    *ret_got = size;
    return EX_OK;
}

static ex_code fill(struct place *p, const struct source_range *holes, size_t count,
                    struct source **ret_under, struct source **ret, struct ex_error *err) {
    size_t size = 0, got = 1;
    p->pulled = 0;
    memset(p->asked, 0, sizeof p->asked);
    for (size_t i = 0; i < count; i++)
        memset(p->held + holes[i].offset, 0, holes[i].length);
    EX_TRY(source_open(p->file, ret_under, err));
    source_inject_fault(*ret_under, fault, p);
    EX_TRY(source_open_fill(*ret_under, holes, count, pull, p, ret, err));
    for (; got > 0; size += got)
        EX_TRY(source_read(*ret, p->got + size, SLAB, &got, err));
    assert_int_equal(size, SIZE);
    return EX_OK;
}

static const struct source_range holes[] = {
    {0, SECTOR, 0},          {2 * SECTOR, SECTOR, 0},        {SLAB - SECTOR, 2 * SECTOR, 0},
    {2 * SLAB, 3 * SLAB, 0}, {SIZE - 777 - SECTOR, 1289, 0},
};
enum { HOLES = sizeof holes / sizeof holes[0] };

static void holes_are_filled(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct source_fill_report r;
    size_t count;
    EX_AUTO(source_close) struct source *under = NULL;
    EX_AUTO(source_close) struct source *s = NULL;
    assert_code(EX_OK, fill(p, holes, 4, &under, &s, &err));
    assert_memory_equal(p->got, p->data, SIZE);
    source_fill_report(s, &r);
    assert_int_equal(r.filled_bytes, 3 * SLAB + 4 * SECTOR);
    assert_true(r.compared_bytes >= 3 * 4096);
    (void)source_unreadable(s, &count);
    assert_int_equal(count, 0);
    /* Little else is asked for than holes, edges and samples. */
    size_t asked = 0;
    for (size_t i = 0; i < SIZE / SECTOR; i++)
        asked += p->asked[i];
    assert_true(asked * SECTOR < 3 * SLAB + 64 * 4096 + 10 * 4096);
}

static void what_is_still_bad_stays_a_hole(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t count;
    EX_AUTO(source_close) struct source *under = NULL;
    EX_AUTO(source_close) struct source *s = NULL;
    p->bad[0] = p->bad[2 * SLAB / SECTOR] = p->bad[3 * SLAB / SECTOR + 7] = true;
    p->bad[1] = p->bad[5] = true; /* held: no loss, though it does not come now */
    p->bad[SIZE / SECTOR] = true;
    assert_code(EX_OK, fill(p, holes, HOLES - 1, &under, &s, &err));
    const struct source_range *bad = source_unreadable(s, &count);
    assert_int_equal(count, 3);
    assert_int_equal(bad[0].offset, 0);
    assert_int_equal(bad[1].offset, 2 * SLAB);
    assert_int_equal(bad[2].offset, 3 * SLAB + 7 * SECTOR);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bad[i].length, SECTOR);
        memset(p->data + bad[i].offset, 0, SECTOR);
    }
    assert_memory_equal(p->got, p->data, SIZE);
}

static void the_short_end_is_filled(void **state) {
    struct place *p = *state;
    struct ex_error err;
    EX_AUTO(source_close) struct source *under = NULL;
    EX_AUTO(source_close) struct source *s = NULL;
    const struct source_range end = {SIZE - 265, 265, 0}; /* its last, short sector */
    assert_code(EX_OK, fill(p, &end, 1, &under, &s, &err));
    assert_memory_equal(p->got, p->data, SIZE);
}

static void another_source_is_noticed(void **state) {
    /* Behind a hole, before one, and at a sample. */
    static const size_t other[] = {SECTOR, SLAB - SECTOR - 1, 0};
    struct place *p = *state;
    struct ex_error err;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        EX_AUTO(source_close) struct source *under = NULL;
        EX_AUTO(source_close) struct source *s = NULL;
        uint8_t kept = p->held[other[i]];
        p->held[other[i]] ^= 1;
        assert_code(EX_SOURCE, fill(p, holes + (i == 2 ? 3 : 0), i == 2 ? 1 : 4, &under, &s, &err));
        assert_non_null(strstr(err.text, "another byte at"));
        p->held[other[i]] = kept;
    }
}

static void what_goes_away_leaves_the_rest_missing(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct source_fill_report r;
    size_t count;
    EX_AUTO(source_close) struct source *under = NULL;
    EX_AUTO(source_close) struct source *s = NULL;
    p->gone = true;
    assert_code(EX_OK, fill(p, holes, 4, &under, &s, &err));
    source_fill_report(s, &r);
    assert_int_equal(r.ended.code, EX_IO);
    assert_int_equal(r.filled_bytes, 0);
    const struct source_range *bad = source_unreadable(s, &count);
    assert_int_equal(count, 4);
    assert_int_equal(bad[3].why, SOURCE_UNTRIED);
    assert_memory_equal(p->got, p->held, SIZE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define place_test(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
        place_test(holes_are_filled),
        place_test(what_is_still_bad_stays_a_hole),
        place_test(the_short_end_is_filled),
        place_test(another_source_is_noticed),
        place_test(what_goes_away_leaves_the_rest_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
