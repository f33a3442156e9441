/* SPDX-License-Identifier: Apache-2.0 */
/* Index segments that are damaged, cut, exchanged or forged: never a crash, never a wrong place,
 * and whatever stands on sound pages is found. */
#include "testing_index.h"

#include "base/bytes.h"

static void swap_pages(const char *path, uint64_t a, const char *other, uint64_t b) {
    uint8_t first[INDEX_PAGE_BYTES], second[INDEX_PAGE_BYTES];
    EX_AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC), its = open(other, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, first, sizeof first, (off_t)a * INDEX_PAGE_BYTES), sizeof first);
    assert_int_equal(pread(its, second, sizeof second, (off_t)b * INDEX_PAGE_BYTES), sizeof second);
    assert_int_equal(pwrite(fd, second, sizeof second, (off_t)a * INDEX_PAGE_BYTES), sizeof second);
    assert_int_equal(pwrite(its, first, sizeof first, (off_t)b * INDEX_PAGE_BYTES), sizeof first);
}

static void expect_damage(struct ix *x, uint8_t pack, uint64_t count) {
    reopen_ix(x);
    (void)count_found(x, pack, 0, count); /* which asserts that no place is wrong */
    assert_int_equal(problems(x), 1);
    assert_int_equal(index_damaged(x->i), 1);
}

static void flip(int fd, uint64_t at, unsigned bit) {
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= (uint8_t)(1U << bit);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* A bit of every byte, and every bit at the beginning of each page and in its tag. */
static void flipped_bits_are_named(void **state) {
    struct ix *x = *state;
    char path[128];
    struct stat st;
    publish(x, 1, 0, 20);
    segment_path(x, NULL, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4 * INDEX_PAGE_BYTES);
    EX_AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    for (uint64_t at = 0; at < (uint64_t)st.st_size; at++) {
        bool all = at % INDEX_PAGE_BYTES < 80 || at % INDEX_PAGE_BYTES >= INDEX_DATA_BYTES;
        for (unsigned bit = all ? 0 : at % 8; bit < (all ? 8 : at % 8 + 1); bit++) {
            flip(fd, at, bit);
            expect_damage(x, 1, 20);
            flip(fd, at, bit);
        }
    }
    reopen_ix(x);
    assert_found(x, 1, 0, 20);
}

static void cut_segments_do_not_stop_an_index(void **state) {
    struct ix *x = *state;
    char path[128];
    static const off_t size[] = {0, 1, 63, 4095, 4096, 4097, 8191, 8192, 8300, 12288, 16383, 16384};
    publish(x, 1, 0, 300); /* header, packs, filter, two pages of entries */
    segment_path(x, NULL, path);
    publish(x, 2, 1000, 20);
    for (size_t k = sizeof size / sizeof size[0]; k-- > 0;) {
        assert_int_equal(truncate(path, size[k]), 0);
        expect_damage(x, 1, 300);
        assert_found(x, 2, 1000, 20);
        assert_absent(x, 0, 300);
    }
    assert_int_equal(truncate(path, 1 << 20), 0); /* longer is as wrong */
    expect_damage(x, 1, 300);
}

/* The disk under an open segment gives out: with a map this would end the process. */
static void a_file_that_shrinks(void **state) {
    struct ix *x = *state;
    char path[128];
    publish(x, 1, 0, 3000);
    publish(x, 2, 5000, 100);
    refresh(x);
    assert_found(x, 2, 5000, 100);
    for (size_t k = 0; k < x->i->count; k++)
        if (x->i->segment[k]->head.entries == 3000)
            (void)snprintf(path, sizeof path, "%s/%s", x->path, x->i->segment[k]->name);
    reopen_ix(x); /* what was read before is remembered */
    assert_true(finds(x, false, 1, 0, 0));
    assert_int_equal(truncate(path, 5 * INDEX_PAGE_BYTES), 0);
    assert_true(count_found(x, 1, 0, 3000) < 3000);
    assert_found(x, 2, 5000, 100);
    assert_int_equal(index_damaged(x->i), 1);
}

/* Sound pages in the wrong place. */
static void exchanged_pages_are_damage(void **state) {
    struct ix *x = *state;
    char path[128], other[128], copy[160];
    publish(x, 1, 0, 700);
    segment_path(x, NULL, path);
    publish(x, 2, 1000, 700);
    segment_path(x, path, other);
    (void)snprintf(copy, sizeof copy, "%s/0123456789abcdef.idx", x->path);
    for (uint64_t a = 0; a < 8; a++) {
        for (uint64_t b = a + 1; b < 8; b++) {
            swap_pages(path, a, path, b);
            expect_damage(x, 1, 700);
            assert_found(x, 2, 1000, 700);
            swap_pages(path, a, path, b);
        }
        swap_pages(path, a, other, a);
        reopen_ix(x);
        (void)count_found(x, 1, 0, 700);
        (void)count_found(x, 2, 1000, 700);
        assert_int_equal(problems(x), 2);
        swap_pages(path, a, other, a);
    }
    reopen_ix(x);
    assert_int_equal(problems(x), 0);
    assert_found(x, 1, 0, 700);
    /* A whole segment under another name is only that. */
    assert_int_equal(link(path, copy), 0);
    refresh(x);
    assert_found(x, 1, 0, 700);
    assert_int_equal(problems(x), 0);
}

/* Which of 1000 entries stand on which page, from the segment itself. */
static uint64_t on_page(struct ix *x, uint64_t page, uint64_t n) {
    struct table_entry e = entry_of(n);
    struct index_key key = index_key_of(e.id);
    uint64_t at;
    assert_true(segment_ready(x->i, x->i->segment[0]));
    assert_true(segment_lower(x->i, x->i->segment[0], &key, &at));
    return at / INDEX_ENTRIES_IN_PAGE == page;
}

static void a_damaged_page_spoils_only_its_own(void **state) {
    struct ix *x = *state;
    char path[128];
    bool on[1000];
    publish(x, 1, 0, 1000); /* 20 lines of filter, 6 pages of entries from page 3 on */
    refresh(x);
    segment_path(x, NULL, path);
    for (uint64_t page = 0; page < 6; page++) {
        reopen_ix(x);
        for (uint64_t n = 0; n < 1000; n++)
            on[n] = on_page(x, page, n);
        spoil(path, (3 + page) * INDEX_PAGE_BYTES + 2000, 4);
        reopen_ix(x);
        for (uint64_t n = 0; n < 1000; n++)
            assert_int_equal(finds(x, false, 1, 0, n), !on[n]);
        assert_int_equal(index_damaged(x->i), 1);
        spoil(path, (3 + page) * INDEX_PAGE_BYTES + 2000, 4);
    }
    /* Two neighbours, then all but the last. */
    spoil(path, 4 * INDEX_PAGE_BYTES, 1);
    spoil(path, 5 * INDEX_PAGE_BYTES, 1);
    reopen_ix(x);
    assert_int_equal(count_found(x, 1, 0, 1000), 1000 - 2 * INDEX_ENTRIES_IN_PAGE);
    spoil(path, 3 * INDEX_PAGE_BYTES, 1);
    spoil(path, 6 * INDEX_PAGE_BYTES, 1);
    spoil(path, 7 * INDEX_PAGE_BYTES, 1);
    reopen_ix(x);
    assert_int_equal(count_found(x, 1, 0, 1000), 1000 - 5 * INDEX_ENTRIES_IN_PAGE);
}

static void without_its_filter_a_segment_serves(void **state) {
    struct ix *x = *state;
    char path[128];
    publish(x, 1, 0, 1000);
    spoil(segment_path(x, NULL, path), 2 * INDEX_PAGE_BYTES + 77, 1);
    reopen_ix(x);
    assert_found(x, 1, 0, 1000);
    assert_absent(x, 1000, 100);
    assert_int_equal(index_damaged(x->i), 1);
}

static void a_lost_page_of_packs(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    char path[128];
    unsigned found = 0;
    EX_AUTO(index_batch_free) struct index_batch *b = index_batch_new(x->i);
    for (uint8_t k = 0; k < 150; k++) { /* two pages of packs */
        struct pack_list l;
        make_list(&l, k, (uint64_t)k * 10, 10);
        assert_code(EX_OK, index_batch_add(b, &l, &err));
        pack_list_clear(&l);
    }
    assert_code(EX_OK, index_batch_end(b, &err));
    segment_path(x, NULL, path);
    for (uint64_t page = 1; page <= 2; page++, found = 0) {
        spoil(path, page * INDEX_PAGE_BYTES + 5, 1);
        reopen_ix(x);
        for (uint8_t k = 0; k < 150; k++) {
            uint8_t pack[32] = {k, 1};
            bool there = page == 1 ? k >= INDEX_PACKS_IN_PAGE : k < INDEX_PACKS_IN_PAGE;
            assert_int_equal(count_found(x, k, (uint64_t)k * 10, 10), there ? 10 : 0);
            assert_int_equal(index_has_pack(x->i, pack), there);
            found += there;
        }
        assert_int_equal(found, page == 1 ? 150 - INDEX_PACKS_IN_PAGE : INDEX_PACKS_IN_PAGE);
        assert_int_equal(index_damaged(x->i), 1);
        spoil(path, page * INDEX_PAGE_BYTES + 5, 1);
    }
}

/* What a merge could not read is not in the new segment: the old one is set aside, and says so
 * until the index is made anew. What it could read is there. */
static void damage_is_not_merged_away(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    char path[128];
    publish(x, 0, 0, 500);
    spoil(segment_path(x, NULL, path), 4 * INDEX_PAGE_BYTES + 36, 0xff);
    for (uint8_t k = 1; k < 20; k++)
        publish(x, k, (uint64_t)k * 500, 500);
    merge_ix(x);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_files(x, ".bad"), 1);
        assert_int_equal(problems(x), 1);
        assert_int_equal(index_damaged(x->i), 1);
        assert_int_equal(count_found(x, 0, 0, 500), 500 - INDEX_ENTRIES_IN_PAGE);
        for (uint8_t k = 1; k < 20; k++)
            assert_found(x, k, (uint64_t)k * 500, 500);
        reopen_ix(x);
    }
    /* A rebuild takes it away. */
    struct ix fresh = {.encrypted = x->encrypted, .epochs = x->epochs};
    (void)snprintf(fresh.path, sizeof fresh.path, "%.50s/new", x->path);
    assert_int_equal(mkdir(fresh.path, 0700), 0);
    fresh.fd = open(fresh.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open_ix(&fresh);
    for (uint8_t k = 0; k < 20; k++)
        publish(&fresh, k, (uint64_t)k * 500, 500);
    assert_code(EX_OK, index_note_old(x->i, &err));
    assert_code(EX_OK, index_replace(x->i, fresh.i, &err));
    assert_int_equal(problems(x), 0);
    assert_int_equal(count_files(x, ".bad"), 0);
    for (uint8_t k = 0; k < 20; k++)
        assert_found(x, k, (uint64_t)k * 500, 500);
    index_close(fresh.i);
    close(fresh.fd);
    assert_code(EX_OK, index_remove_all(x->i, &err));
    assert_absent(x, 0, 500);
    assert_int_equal(count_files(x, ".idx"), 0);
}

/* A merge reads no filter, and so mends one. */
static void a_merge_mends_a_filter(void **state) {
    struct ix *x = *state;
    char path[128];
    publish(x, 0, 0, 500);
    spoil(segment_path(x, NULL, path), 2 * INDEX_PAGE_BYTES, 1);
    for (uint8_t k = 1; k < 9; k++)
        publish(x, k, (uint64_t)k * 500, 500);
    merge_ix(x);
    assert_int_equal(problems(x), 0);
    assert_found(x, 0, 0, 500);
    assert_int_equal(count_files(x, ".bad"), 0);
}

/* ---- forged, with right tags ---- */

/* Puts data on a page of the first segment, sealed as it should be. */
static void forge_page(struct ix *x, uint64_t number, const uint8_t *data, size_t size) {
    struct ex_error err;
    uint8_t page[INDEX_PAGE_BYTES] = {0};
    char path[128];
    struct segment *s = x->i->segment[0];
    assert_true(segment_ready(x->i, s));
    memcpy(page, data, size);
    assert_code(EX_OK, page_seal(&s->codec, number, page, &err));
    (void)snprintf(path, sizeof path, "%s/%s", x->path, s->name);
    EX_AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, page, sizeof page, (off_t)number * INDEX_PAGE_BYTES), sizeof page);
    reopen_ix(x);
}

/* A filter that denies everything: a writer stores again, a reader finds all the same. */
static void a_reader_does_not_trust_the_filter(void **state) {
    struct ix *x = *state;
    static const uint8_t zeros[INDEX_DATA_BYTES];
    publish(x, 1, 0, 800);
    refresh(x);
    forge_page(x, x->i->segment[0]->head.line_page, zeros, sizeof zeros);
    for (uint64_t n = 0; n < 800; n++) {
        assert_false(finds(x, true, 1, 0, n));
        assert_true(finds(x, false, 1, 0, n));
    }
    assert_int_equal(index_damaged(x->i), 0);
}

static void entry_bytes(uint64_t n, uint32_t pack, uint32_t offset, uint8_t *to) {
    struct table_entry e = entry_of(n);
    memcpy(to, e.id, 16);
    ex_put_le32(to + 16, pack);
    ex_put_le32(to + 20, offset);
}

/* Entries out of order, of packs that are not there. A merge must not take that over. */
static void forged_entries(void **state) {
    struct ix *x = *state;
    uint8_t data[INDEX_DATA_BYTES];
    struct index_place place;
    publish(x, 1, 0, 170);
    refresh(x);
    for (uint32_t n = 0; n < 170; n++)
        entry_bytes(n, n % 2 == 0 ? 0 : UINT32_MAX - n % 3, (uint32_t)(128 + n / 10 * 10),
                    data + (size_t)n * INDEX_ENTRY_BYTES);
    forge_page(x, x->i->segment[0]->head.entry_page, data, sizeof data);
    for (uint64_t n = 0; n < 170; n++) {
        struct table_entry e = entry_of(n);
        if (index_find(x->i, e.id, &place))
            assert_int_equal(place.pack[0], 1);
    }
    for (uint8_t k = 2; k < 12; k++)
        publish(x, k, (uint64_t)k * 1000, 170);
    merge_ix(x);
    assert_int_equal(count_files(x, ".bad"), 1);
    for (uint8_t k = 2; k < 12; k++)
        assert_found(x, k, (uint64_t)k * 1000, 170);
    const struct segment *s = x->i->segment[0];
    assert_int_equal(x->i->count, 1);
    struct index_entry last = {0}, e;
    for (uint64_t n = 0; n < s->head.entries; n++, last = e) {
        assert_true(segment_entry(x->i, x->i->segment[0], n, &e));
        assert_true(n == 0 || index_entry_compare(&last, &e) < 0);
        assert_true(e.pack < s->head.packs);
    }
}

static void forged_packs(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    uint8_t data[2 * INDEX_PACK_BYTES] = {9};
    for (int k = 0; k < 2; k++) {
        EX_AUTO(index_batch_free) struct index_batch *b = index_batch_new(x->i);
        for (uint8_t pack = 1; pack < 3; pack++) {
            struct pack_list l;
            make_list(&l, pack, (uint64_t)pack * 100, 100);
            assert_code(EX_OK, index_batch_add(b, &l, &err));
            pack_list_clear(&l);
        }
        if (k == 0)
            assert_code(EX_OK, index_batch_end(b, &err));
    }
    refresh(x);
    forge_page(x, 1, data, sizeof data); /* out of order: the second cannot be relied on */
    struct index_place place;
    for (uint64_t n = 200; n < 300; n++) {
        struct table_entry e = entry_of(n);
        assert_false(index_find(x->i, e.id, &place));
    }
    assert_int_equal(index_damaged(x->i), 1);
}

/* Things under the name of a segment that are none. */
static void strangers(void **state) {
    struct ix *x = *state;
    char path[128];
    publish(x, 1, 0, 100);
    (void)snprintf(path, sizeof path, "%s/0000000000000000.idx", x->path);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/0000000000000001.idx", x->path);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(path, sizeof path, "%s/0000000000000002.idx", x->path);
    write_file(path, "EXHIDX\1\0 of a version that is gone", 34);
    reopen_ix(x);
    assert_found(x, 1, 0, 100);
    assert_int_equal(index_damaged(x->i), 3);
    assert_int_equal(problems(x), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        both_tests(flipped_bits_are_named),
        both_tests(cut_segments_do_not_stop_an_index),
        both_tests(a_file_that_shrinks),
        both_tests(exchanged_pages_are_damage),
        both_tests(a_damaged_page_spoils_only_its_own),
        both_tests(without_its_filter_a_segment_serves),
        both_tests(a_lost_page_of_packs),
        both_tests(damage_is_not_merged_away),
        both_tests(a_merge_mends_a_filter),
        both_tests(a_reader_does_not_trust_the_filter),
        both_tests(forged_entries),
        both_tests(forged_packs),
        both_tests(strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
