/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that cannot be read everywhere. The errors are injected before the system is asked:
 * tests/scripts/media.sh has them come from a device. */
#include "testing.h"

#include "source/source.h"

#include <errno.h>
#include <unistd.h>

enum { SECTOR = 512, SECTORS = 16384, SIZE = SECTORS * SECTOR + 777, SLAB = 1 << 20 };

struct place {
    char file[64];
    uint8_t *data, *got;
    /* what happens to reads */
    bool bad[SECTORS + 2];
    unsigned fails[SECTORS + 2]; /* how often a sector does not come before it does */
    unsigned pause_us;           /* an error takes so long */
    uint64_t gone_from;          /* reads, from when on nothing comes any more */
    int gone_errno;
    uint64_t reads, failed;
};

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    p->gone_from = UINT64_MAX;
    p->data = ex_new0_bytes(SIZE);
    p->got = aligned_alloc(4096, (SIZE + 2 * SLAB) / 4096 * 4096);
    assert_non_null(p->got);
    for (size_t i = 0; i < SIZE; i++)
        p->data[i] = (uint8_t)(1 + i * 2654435761U % 255);
    (void)snprintf(p->file, sizeof p->file, "/tmp/exhibit-trouble-XXXXXX");
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
    free(p->got);
    free(p);
    return 0;
}

static int fault(void *context, uint64_t offset, size_t size_bytes) {
    struct place *p = context;
    int code = 0;
    if (p->reads++ >= p->gone_from)
        return p->gone_errno;
    for (uint64_t i = offset / SECTOR; i <= (offset + size_bytes - 1) / SECTOR; i++) {
        if (p->bad[i])
            code = EIO;
        if (p->fails[i] > 0) {
            code = EIO;
            p->fails[i] -= size_bytes <= SECTOR;
        }
    }
    p->failed += code != 0;
    if (code != 0 && p->pause_us > 0)
        (void)usleep(p->pause_us);
    return code;
}

static struct source *open_faulty(struct place *p, const struct source_effort *effort) {
    struct source *s = NULL;
    struct ex_error err;
    assert_code(EX_OK, source_open(p->file, &s, &err));
    if (effort != NULL)
        assert_code(EX_OK, source_set_effort(s, effort, &err));
    source_inject_fault(s, fault, p);
    return s;
}

static ex_code read_all(struct place *p, struct source *s, struct ex_error *err) {
    size_t size = 0, got = 1;
    memset(p->got, 0xee, SIZE);
    for (; got > 0; size += got)
        EX_TRY(source_read(s, p->got + size, SLAB, &got, err));
    assert_int_equal(size, SIZE);
    return EX_OK;
}

/* Every sector that can be read is there, every other one is zeros, and the list is what was
 * injected. */
static void is_all_that_can_be_read(struct place *p, struct source *s) {
    size_t count, in = 0;
    struct ex_error err;
    assert_code(EX_OK, read_all(p, s, &err));
    const struct source_range *list = source_unreadable(s, &count);
    for (size_t i = 0; i * SECTOR < SIZE; i++) {
        static const uint8_t zeros[SECTOR];
        uint64_t at = i * SECTOR;
        size_t size = SIZE - at < SECTOR ? SIZE - at : SECTOR;
        assert_memory_equal(p->got + at, p->bad[i] ? zeros : p->data + at, size);
        if (!p->bad[i])
            continue;
        while (in < count && list[in].offset + list[in].length <= at)
            in++;
        assert_true(in < count && list[in].offset <= at &&
                    list[in].offset + list[in].length >= at + size);
        assert_int_equal(list[in].why, SOURCE_UNREADABLE);
    }
    uint64_t listed = 0, injected = 0;
    for (size_t i = 0; i < count; i++)
        listed += list[i].length;
    for (size_t i = 0; i * SECTOR < SIZE; i++)
        injected += p->bad[i] ? (SIZE - i * SECTOR < SECTOR ? SIZE - i * SECTOR : SECTOR) : 0;
    assert_int_equal(listed, injected);
}

static void R5_R6_R7_errors_at_the_edges(void **state) {
    static const size_t ranges[][2] = {{0, 1},       {0, 9},           {7, 2},     {SECTORS / 2, 1},
                                       {2047, 2},    {SECTORS - 1, 1}, {127, 1},   {128, 1},
                                       {4096, 2048}, {SECTORS, 1},     {100, 5000}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct place *p = *state;
        memset(p->bad, 0, sizeof p->bad);
        for (size_t k = 0; k < ranges[i][1]; k++)
            p->bad[ranges[i][0] + k] = true;
        EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
        is_all_that_can_be_read(p, s);
    }
    struct place *p = *state;
    memset(p->bad, 0, sizeof p->bad);
    p->bad[0] = p->bad[7] = p->bad[8] = p->bad[SECTORS / 2] = p->bad[SECTORS] = true;
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    is_all_that_can_be_read(p, s);
}

static void R5_R6_R7_a_thousand_random_errors(void **state) {
    struct place *p = *state;
    uint32_t random = 1;
    for (size_t n = 0; n < 1000;) {
        random = random * 1664525 + 1013904223;
        size_t i = (random >> 8) % (SECTORS + 1);
        n += !p->bad[i];
        p->bad[i] = true;
    }
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    is_all_that_can_be_read(p, s);
    /* Nothing is asked for without need: the slab, its 64 KiB, 4 KiB and sectors, each once. */
    assert_true(p->reads < 1000 * 12 + SIZE / 4096);
}

static void every_second_sector_is_bad(void **state) {
    struct place *p = *state;
    for (size_t i = 0; i <= SECTORS; i += 2)
        p->bad[i] = true;
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    is_all_that_can_be_read(p, s);
}

static void a_sector_may_come_later(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct source_tally tally;
    for (unsigned retries = 0; retries < 4; retries++) {
        size_t count;
        p->fails[5000] = 3;
        EX_AUTO(source_close)
        struct source *s = open_faulty(p, &(struct source_effort){.retries = retries});
        assert_code(EX_OK, read_all(p, s, &err));
        (void)source_unreadable(s, &count);
        source_tally(s, &tally);
        assert_int_equal(count, retries < 3);
        assert_int_equal(tally.bad_sectors, retries < 3);
        assert_int_equal(tally.rescued_sectors, retries == 3);
        if (retries == 3)
            assert_memory_equal(p->got, p->data, SIZE);
    }
}

static void too_many_errors_end_it(void **state) {
    struct place *p = *state;
    struct ex_error err;
    for (size_t i = 0; i < 10; i++)
        p->bad[1000 * (i + 1)] = true;
    EX_AUTO(source_close)
    struct source *s =
        open_faulty(p, &(struct source_effort){.limits_errors = true, .max_errors = 9});
    assert_code(EX_IO, read_all(p, s, &err));
    assert_non_null(strstr(err.text, "than the 9 that were allowed"));
    EX_AUTO(source_close)
    struct source *enough =
        open_faulty(p, &(struct source_effort){.limits_errors = true, .max_errors = 10});
    is_all_that_can_be_read(p, enough);
}

static void what_is_skipped_is_not_asked_for(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static const struct source_range skip[] = {
        {0, SECTOR, 0}, {3 * SECTOR, 5000 * SECTOR, 0}, {SIZE - 777, 777, 0}};
    size_t count;
    p->bad[1] = true;
    for (size_t i = 0; i < 5000; i++)
        p->bad[3 + i] = true; /* would cost reads */
    EX_AUTO(source_close)
    struct source *s = open_faulty(p, &(struct source_effort){.skip = skip, .skip_count = 3});
    assert_code(EX_OK, read_all(p, s, &err));
    const struct source_range *list = source_unreadable(s, &count);
    assert_int_equal(count, 4);
    assert_int_equal(list[0].why, SOURCE_SKIPPED);
    assert_int_equal(list[1].why, SOURCE_UNREADABLE);
    assert_int_equal(list[1].length, SECTOR);
    assert_int_equal(list[2].why, SOURCE_SKIPPED);
    assert_int_equal(list[2].length, 5000 * SECTOR);
    assert_int_equal(list[3].length, 777);
    assert_memory_equal(p->got + 2 * SECTOR, p->data + 2 * SECTOR, SECTOR);
    assert_memory_equal(p->got + 5003 * SECTOR, p->data + 5003 * SECTOR,
                        SIZE - 777 - 5003 * SECTOR);
    assert_true(p->failed <= 4);
}

static void what_cannot_be_skipped(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static const struct source_range wrong[][2] = {{{0, 0, 0}, {0}},
                                                   {{1, SECTOR, 0}, {0}},
                                                   {{0, 511, 0}, {0}},
                                                   {{SIZE, SECTOR, 0}, {0}},
                                                   {{0, SIZE + 1, 0}, {0}},
                                                   {{SECTOR, UINT64_MAX, 0}, {0}},
                                                   {{SECTOR, SECTOR, 0}, {0, SECTOR, 0}},
                                                   {{0, SECTOR, 0}, {SECTOR, SECTOR, 0}}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
        const struct source_effort effort = {.skip = wrong[i],
                                             .skip_count = wrong[i][1].length > 0 ? 2 : 1};
        assert_code(EX_USAGE, source_set_effort(s, &effort, &err));
    }
}

static void a_slow_region_is_given_up_for_now(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t count;
    uint64_t untried = 0;
    for (size_t i = 2048; i < 4 * 2048; i++)
        p->bad[i] = true;
    p->pause_us = 2000;
    EX_AUTO(source_close)
    struct source *s = open_faulty(p, &(struct source_effort){.region_ms = 60});
    assert_code(EX_OK, read_all(p, s, &err));
    const struct source_range *list = source_unreadable(s, &count);
    assert_int_equal(list[0].offset, SLAB);
    for (size_t i = 0; i < count; i++)
        untried += list[i].why == SOURCE_UNTRIED ? list[i].length : 0;
    assert_true(untried > SLAB && p->failed < 200);
    assert_int_equal(list[count - 1].why, SOURCE_UNTRIED);
    uint64_t behind = list[count - 1].offset + list[count - 1].length;
    assert_true(behind >= 4 * SLAB && behind < SIZE);
    assert_memory_equal(p->got, p->data, SLAB);
    assert_memory_equal(p->got + behind, p->data + behind, SIZE - behind);
}

static void pulled_out(struct place *p, uint64_t after, int sys, const char *text) {
    struct ex_error err;
    p->reads = 0;
    p->gone_from = after;
    p->gone_errno = sys;
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    assert_code(EX_IO, read_all(p, s, &err));
    assert_non_null(strstr(err.text, text));
}

static void a_source_that_goes_away_is_an_error(void **state) {
    struct place *p = *state;
    pulled_out(p, 3, EIO, "does not answer any more");
    pulled_out(p, 3, ENODEV, "does not answer any more");
    pulled_out(p, 8, ENXIO, "does not answer any more");
    pulled_out(p, 0, EIO, "nothing of the source");
    p->bad[2048 + 100] = true; /* while an error is looked at */
    pulled_out(p, 6, EIO, "does not answer any more");
}

static void another_failure_is_none_of_the_medium(void **state) {
    struct place *p = *state;
    struct ex_error err;
    p->gone_from = 2;
    p->gone_errno = EACCES;
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    assert_code(EX_DENIED, read_all(p, s, &err));
}

static void going_back_forgets_what_was_behind(void **state) {
    struct place *p = *state;
    struct ex_error err;
    size_t count;
    p->bad[10] = p->bad[11] = p->bad[5000] = true;
    EX_AUTO(source_close) struct source *s = open_faulty(p, NULL);
    assert_code(EX_OK, read_all(p, s, &err));
    assert_code(EX_OK, source_seek(s, 11 * SECTOR, &err));
    const struct source_range *list = source_unreadable(s, &count);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].length, SECTOR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define place_test(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
        place_test(R5_R6_R7_errors_at_the_edges),
        place_test(R5_R6_R7_a_thousand_random_errors),
        place_test(every_second_sector_is_bad),
        place_test(a_sector_may_come_later),
        place_test(too_many_errors_end_it),
        place_test(what_is_skipped_is_not_asked_for),
        place_test(what_cannot_be_skipped),
        place_test(a_slow_region_is_given_up_for_now),
        place_test(a_source_that_goes_away_is_an_error),
        place_test(another_failure_is_none_of_the_medium),
        place_test(going_back_forgets_what_was_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
