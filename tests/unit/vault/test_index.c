/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_index.h"

static void shapes(void **state) {
    struct ix *x = *state;
    static const uint64_t size[] = {0, 1, 9, 51, 52, 169, 170, 171, 340, 341, 3213, 3214, 10000};
    struct index_place place;
    static const uint8_t low[32], high[32] = {[0 ... 31] = 0xff};
    uint64_t first = 0;
    for (uint8_t k = 0; k < sizeof size / sizeof size[0]; k++) {
        uint8_t pack[32] = {k, 1}, other[32] = {k, 2};
        publish(x, k, first, size[k]);
        refresh(x);
        assert_found(x, k, first, size[k]);
        assert_absent(x, first + size[k], 200);
        assert_false(index_find(x->i, low, &place));
        assert_false(index_find(x->i, high, &place));
        assert_true(index_has_pack(x->i, pack));
        assert_false(index_has_pack(x->i, other));
        reopen_ix(x);
        assert_found(x, k, first, size[k]);
        assert_int_equal(problems(x), 0);
        assert_int_equal(index_damaged(x->i), 0);
        first += size[k];
    }
}

static struct pack_list list_of_one(uint8_t pack, const struct table_entry *e, uint32_t offset) {
    struct ex_error err;
    struct pack_list l = {.id = {pack, 1}};
    struct record_head head = {.type = RECORD_CHUNKS};
    assert_code(EX_OK, pack_list_add(&l, offset, &head, e, 1, &err));
    return l;
}

/* Ids that an enemy chose so that their place cannot be guessed, all in one line of the filter. */
static void crowded_ids(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    enum { COUNT = 3000 };
    struct pack_list l = {.id = {1}};
    struct record_head head = {.type = RECORD_CHUNKS};
    struct index_place place;
    for (uint32_t n = 0; n < COUNT; n++) {
        struct table_entry e = {.length = 1, .id = {0xff, 0xff, 0xff, 0xff, 0xff}};
        e.id[n % 2 == 0 ? 6 : 13] = (uint8_t)(n >> 8);
        e.id[14] = (uint8_t)n;
        e.id[15] = (uint8_t)(n >> 8);
        assert_code(EX_OK, pack_list_add(&l, 128 + n, &head, &e, 1, &err));
    }
    assert_code(EX_OK, index_publish(x->i, &l, &err));
    refresh(x);
    for (uint32_t n = 0; n < COUNT; n++) {
        assert_true(index_find(x->i, l.entry[n].id, &place));
        assert_int_equal(place.offset, 128 + n);
        l.entry[n].id[10] = 1;
        assert_false(index_find(x->i, l.entry[n].id, &place));
    }
    pack_list_clear(&l);
}

/* The index keeps half an id: of two that share it, both places are given. */
static void half_an_id(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    for (uint8_t k = 0; k < 2; k++) {
        struct table_entry e = entry_of(1);
        e.id[31] = k;
        struct pack_list l = list_of_one(k, &e, 200);
        assert_code(EX_OK, index_publish(x->i, &l, &err));
        pack_list_clear(&l);
    }
    refresh(x);
    for (uint8_t k = 0; k < 2; k++) {
        struct table_entry e = entry_of(1);
        struct index_search search = {.quick = k == 0};
        struct index_place place;
        unsigned packs = 0;
        while (index_next(x->i, e.id, &search, &place))
            packs |= 1U << place.pack[0];
        assert_int_equal(packs, 3);
    }
}

/* One id more often than a page has room for, between others. */
static void equal_ids_span_pages(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    enum { COUNT = 600 };
    struct pack_list l;
    struct record_head head = {.type = RECORD_CHUNKS};
    struct table_entry same = entry_of(77);
    make_list(&l, 3, 0, 500);
    for (uint32_t n = 0; n < COUNT; n++)
        assert_code(EX_OK, pack_list_add(&l, 100000 + n, &head, &same, 1, &err));
    assert_code(EX_OK, index_publish(x->i, &l, &err));
    pack_list_clear(&l);
    refresh(x);
    struct index_search search = {0};
    struct index_place place;
    bool seen[COUNT] = {false};
    unsigned count = 0;
    while (index_next(x->i, same.id, &search, &place)) {
        if (place.offset >= 100000)
            seen[place.offset - 100000] = true;
        count++;
    }
    assert_int_equal(count, COUNT + 1);
    for (unsigned n = 0; n < COUNT; n++)
        assert_true(seen[n]);
    for (uint64_t n = 0; n < 500; n++)
        assert_true(n == 77 || finds(x, false, 3, 0, n));
}

static void many_segments_are_merged(void **state) {
    struct ix *x = *state;
    for (uint8_t k = 0; k < 80; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    refresh(x);
    assert_counts(x, 80, 8000);
    merge_ix(x);
    for (int round = 0; round < 2; round++) { /* as it is, and opened anew */
        uint64_t segments, entries;
        index_counts(x->i, &segments, &entries);
        assert_true(segments <= 17);
        assert_int_equal(entries, 8000);
        for (uint8_t k = 0; k < 80; k++) {
            uint8_t pack[32] = {k, 1};
            assert_true(index_has_pack(x->i, pack));
            assert_found(x, k, (uint64_t)k * 100, 100);
        }
        assert_absent(x, 8000, 100);
        assert_int_equal(problems(x), 0);
        reopen_ix(x);
    }
}

static void eight_of_a_size_stay(void **state) {
    struct ix *x = *state;
    for (uint8_t k = 0; k < 9; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    merge_ix(x);
    assert_counts(x, 1, 900);
    for (uint8_t k = 9; k < 17; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    merge_ix(x);
    assert_counts(x, 9, 1700);
    publish(x, 17, 1700, 100);
    merge_ix(x);
    assert_counts(x, 2, 1800);
    for (uint8_t k = 0; k < 18; k++)
        assert_found(x, k, (uint64_t)k * 100, 100);
}

static void the_same_id_in_many_places(void **state) {
    struct ix *x = *state;
    for (uint8_t k = 0; k < 12; k++)
        publish(x, k, 0, 50);
    refresh(x);
    for (int round = 0; round < 2; round++) {
        for (uint64_t n = 0; n < 50; n++) {
            struct table_entry e = entry_of(n);
            struct index_search search = {0};
            struct index_place place;
            unsigned packs = 0;
            while (index_next(x->i, e.id, &search, &place))
                packs |= 1U << place.pack[0];
            assert_int_equal(packs, 0xfff);
        }
        merge_ix(x);
    }
    assert_counts(x, 1, 600);
}

/* A pack that was indexed twice counts once after a merge. */
static void doubles_go(void **state) {
    struct ix *x = *state;
    for (int k = 0; k < 12; k++)
        publish(x, 5, 0, 300);
    merge_ix(x);
    assert_counts(x, 1, 300);
    assert_found(x, 5, 0, 300);
}

static void batches(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    EX_AUTO(index_batch_free) struct index_batch *b = index_batch_new(x->i);
    assert_code(EX_OK, index_batch_end(b, &err));
    assert_counts(x, 0, 0);
    for (uint8_t k = 200; k > 0; k--) { /* not in their order */
        struct pack_list l;
        make_list(&l, k, (uint64_t)k * 50, 50);
        assert_code(EX_OK, index_batch_add(b, &l, &err));
        pack_list_clear(&l);
    }
    assert_code(EX_OK, index_batch_end(b, &err));
    refresh(x);
    assert_counts(x, 1, 10000);
    for (uint8_t k = 200; k > 0; k--)
        assert_found(x, k, (uint64_t)k * 50, 50);
}

/* Another handle publishes and merges, at once and several times within one tick of the clock. */
static void a_refresh_sees_other_handles(void **state) {
    struct ix *x = *state;
    struct ix other = *x;
    open_ix(&other);
    for (uint8_t k = 0; k < 60; k++) {
        publish(&other, k, (uint64_t)k * 10, 10);
        refresh(x);
        assert_found(x, k, (uint64_t)k * 10, 10);
        if (k % 10 == 9) {
            merge_ix(&other);
            refresh(x);
            assert_found(x, 0, 0, 10);
        }
    }
    index_close(other.i);
}

static int publish_and_merge(struct ix *x) {
    struct ix other = *x;
    if (index_open(x->fd, x->encrypted, &other.i, NULL) != EX_OK)
        return 1;
    index_set_epochs(other.i, x->epochs);
    for (uint8_t k = 0; k < 120; k++) {
        publish(&other, k, (uint64_t)k * 10, 10);
        if (index_merge(other.i, NULL) != EX_OK)
            return 2;
    }
    return 0;
}

/* A reader never misses what was there all the time, whatever is merged meanwhile, and even if it
 * does not look at the directory again. */
static void merging_hides_nothing(void **state) {
    struct ix *x = *state;
    publish(x, 200, 100000, 500);
    refresh(x);
    struct ix still = *x;
    open_ix(&still);
    pid_t child = fork();
    if (child == 0)
        _exit(publish_and_merge(x));
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        refresh(x);
        assert_found(x, 200, 100000, 10);
        assert_found(&still, 200, 100000, 500);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    refresh(x);
    for (uint8_t k = 0; k < 120; k++)
        assert_found(x, k, (uint64_t)k * 10, 10);
    assert_found(x, 200, 100000, 500);
    index_close(still.i);
}

static void remember_pack(void *context, const uint8_t *id) {
    ++((unsigned *)context)[id[0]];
}

static void each_pack_once(void **state) {
    struct ix *x = *state;
    unsigned seen[256] = {0};
    for (uint8_t k = 0; k < 10; k++)
        publish(x, k / 2, k, 10);
    refresh(x);
    index_each_pack(x->i, remember_pack, seen);
    for (unsigned k = 0; k < 256; k++)
        assert_int_equal(seen[k], k < 5);
}

/* ---- packs taken out ---- */

static void dropped_packs_are_gone(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    static const uint8_t drop[][32] = {{7, 1}, {3, 1}, {11, 1}, {99, 1}};
    static const uint8_t only[][32] = {{20, 1}};
    for (uint8_t k = 0; k < 9; k++)
        publish(x, k, (uint64_t)k * 300, 300);
    merge_ix(x);
    publish(x, 11, 11 * 300, 300); /* alone in its segment */
    publish(x, 20, 20 * 300, 300);
    refresh(x);
    assert_counts(x, 3, 3300);
    assert_code(EX_OK, index_drop_packs(x->i, drop, 4, &err));
    for (int round = 0; round < 2; round++) {
        assert_counts(x, 2, 2400);
        for (uint8_t k = 0; k < 21; k++) {
            uint8_t pack[32] = {k, 1};
            bool there = (k < 9 && k != 7 && k != 3) || k == 20;
            assert_int_equal(index_has_pack(x->i, pack), there);
            assert_int_equal(count_found(x, k, (uint64_t)k * 300, 300), there ? 300 : 0);
        }
        assert_int_equal(problems(x), 0);
        reopen_ix(x);
    }
    assert_code(EX_OK, index_drop_packs(x->i, drop, 4, &err)); /* again changes nothing */
    assert_counts(x, 2, 2400);
    assert_code(EX_OK, index_drop_packs(x->i, only, 1, &err));
    assert_counts(x, 1, 2100);
}

static bool is_first_byte(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    return id[0] == *(const uint8_t *)context;
}

/* Cut off between the new segment and the removal of the old: nothing is lost, and doing it again
 * ends it. */
static void cut_while_dropping(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    static const uint8_t drop[][32] = {{2, 1}};
    uint8_t first = 2;
    for (uint8_t k = 0; k < 9; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    merge_ix(x);
    pid_t child = fork();
    if (child == 0) {
        struct merge *m = ex_new0(struct merge);
        m->count = 1;
        m->source[0].segment = x->i->segment[0];
        m->drop = is_first_byte;
        m->context = &first;
        ex_code code = merge_publish(x->i, m, NULL);
        raise(SIGKILL);
        _exit(code == EX_OK);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    reopen_ix(x);
    assert_counts(x, 2, 1700);
    for (uint8_t k = 0; k < 9; k++)
        assert_found(x, k, (uint64_t)k * 100, 100);
    assert_code(EX_OK, index_drop_packs(x->i, drop, 1, &err));
    for (uint8_t k = 0; k < 9; k++)
        assert_int_equal(count_found(x, k, (uint64_t)k * 100, 100), k == 2 ? 0 : 100);
    for (uint8_t k = 20; k < 29; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    merge_ix(x);
    merge_ix(x);
    for (uint8_t k = 0; k < 9; k++)
        assert_int_equal(count_found(x, k, (uint64_t)k * 100, 100), k == 2 ? 0 : 100);
}

static void merges_leave_out_what_is_gone(void **state) {
    struct ix *x = *state;
    uint8_t first = 4;
    for (uint8_t k = 0; k < 9; k++)
        publish(x, k, (uint64_t)k * 100, 100);
    index_set_gone(x->i, is_first_byte, &first);
    merge_ix(x);
    assert_counts(x, 1, 800);
    for (uint8_t k = 0; k < 9; k++)
        assert_int_equal(count_found(x, k, (uint64_t)k * 100, 100), k == 4 ? 0 : 100);
}

/* ---- keys ---- */

static void a_locked_index_answers_nothing(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    static const uint8_t drop[][32] = {{1, 1}};
    struct pack_list l;
    publish(x, 1, 0, 500);
    refresh(x);
    assert_found(x, 1, 0, 500);
    index_set_epochs(x->i, NULL);
    for (int round = 0; round < 2; round++) {
        assert_true(index_locked(x->i));
        assert_absent(x, 0, 500);
        assert_counts(x, 1, 500);
        assert_false(index_has_pack(x->i, drop[0]));
        assert_int_equal(index_damaged(x->i), 0);
        assert_int_equal(problems(x), 0); /* of the header; the rest was not checked */
        index_close(x->i);
        assert_code(EX_OK, index_open(x->fd, true, &x->i, &err));
    }
    make_list(&l, 2, 500, 10);
    assert_code(EX_DENIED, index_publish(x->i, &l, &err));
    pack_list_clear(&l);
    assert_code(EX_DENIED, index_drop_packs(x->i, drop, 1, &err));
    merge_ix(x);
    assert_int_equal(count_files(x, ".idx"), 1);
    assert_int_equal(count_files(x, ".tmp"), 0);
    index_set_epochs(x->i, x->epochs);
    assert_found(x, 1, 0, 500);
    assert_int_equal(problems(x), 0);
}

static void every_epoch_is_read(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    for (uint8_t k = 0; k < 8; k++) {
        publish(x, k, (uint64_t)k * 100, 100);
        assert_code(EX_OK, epochs_add_random(x->epochs, &err));
    }
    publish(x, 8, 800, 100);
    reopen_ix(x);
    assert_int_equal(x->i->count, 9);
    for (uint8_t k = 0; k < 9; k++)
        assert_found(x, k, (uint64_t)k * 100, 100);
    merge_ix(x);
    assert_int_equal(x->i->count, 1);
    assert_int_equal(x->i->segment[0]->head.epoch, 9);
    for (uint8_t k = 0; k < 9; k++)
        assert_found(x, k, (uint64_t)k * 100, 100);
}

static void other_keys_open_nothing(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    EX_AUTO(epochs_free) struct epochs *wrong = NULL;
    assert_code(EX_OK, epochs_new(&wrong, &err));
    publish(x, 1, 0, 300);
    refresh(x);
    for (int round = 0; round < 2; round++) { /* no such epoch; another key */
        index_set_epochs(x->i, wrong);
        assert_absent(x, 0, 300);
        assert_int_equal(index_damaged(x->i), 1);
        assert_int_equal(problems(x), 1);
        assert_code(EX_OK, epochs_add_random(wrong, &err));
    }
    merge_ix(x);
    index_set_epochs(x->i, x->epochs);
    assert_found(x, 1, 0, 300);
    assert_int_equal(index_damaged(x->i), 0);
}

/* A plain segment has no place in an encrypted vault, nor the other way round. */
static void modes_do_not_mix(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    publish(x, 1, 0, 300);
    x->encrypted = !x->encrypted;
    struct epochs *own = x->epochs;
    EX_AUTO(epochs_free) struct epochs *other = NULL;
    assert_code(EX_OK, epochs_new(&other, &err));
    assert_code(EX_OK, epochs_add_random(other, &err));
    x->epochs = x->encrypted ? other : NULL;
    reopen_ix(x);
    assert_absent(x, 0, 300);
    assert_int_equal(index_damaged(x->i), 1);
    x->encrypted = !x->encrypted;
    x->epochs = own;
    reopen_ix(x);
    assert_found(x, 1, 0, 300);
}

/* Nothing of an id can be found in an encrypted segment, or of what can be guessed. */
static void a_thief_reads_nothing(void **state) {
    struct ix *x = *state;
    struct ex_error err;
    char path[128];
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    static const uint8_t pack[32] = {1, 1}, zeros[64];
    publish(x, 1, 0, 300);
    assert_code(EX_OK,
                ex_read_file(AT_FDCWD, segment_path(x, NULL, path), 1 << 20, &data, &size, &err));
    for (uint64_t n = 0; n < 300; n++) {
        struct table_entry e = entry_of(n);
        assert_int_equal(memmem(data, size, e.id, 8) != NULL, !x->encrypted);
    }
    const uint8_t *body = data + INDEX_PAGE_BYTES;
    assert_int_equal(memmem(body, size - INDEX_PAGE_BYTES, pack, 32) != NULL, !x->encrypted);
    assert_int_equal(memmem(body, size - INDEX_PAGE_BYTES, zeros, 64) != NULL, !x->encrypted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        both_tests(shapes),
        both_tests(crowded_ids),
        both_tests(half_an_id),
        both_tests(equal_ids_span_pages),
        both_tests(many_segments_are_merged),
        both_tests(eight_of_a_size_stay),
        both_tests(the_same_id_in_many_places),
        both_tests(doubles_go),
        both_tests(batches),
        both_tests(a_refresh_sees_other_handles),
        both_tests(merging_hides_nothing),
        both_tests(each_pack_once),
        both_tests(dropped_packs_are_gone),
        both_tests(cut_while_dropping),
        both_tests(merges_leave_out_what_is_gone),
        encrypted_test(a_locked_index_answers_nothing),
        encrypted_test(every_epoch_is_read),
        encrypted_test(other_keys_open_nothing),
        both_tests(modes_do_not_mix),
        both_tests(a_thief_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
