/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

static struct table_entry entry_of(uint64_t n) {
    struct table_entry e = {.length = 1};
    naive_sha256(&n, sizeof n, e.id);
    return e;
}

/* A list of one pack, with `count` entries numbered from `first` on, in records of ten. */
static void make_list(struct pack_list *l, uint8_t pack, uint64_t first, uint64_t count) {
    struct ex_error err;
    struct record_head head = {.type = RECORD_CHUNKS};
    *l = (struct pack_list){.id = {pack, 1}, .read_back_ns = 1000 + pack};
    for (uint64_t i = 0; i < count; i += 10) {
        struct table_entry e[10];
        size_t k = 0;
        for (; k < 10 && i + k < count; k++)
            e[k] = entry_of(first + i + k);
        assert_code(EX_OK, pack_list_add(l, (uint32_t)(128 + i), &head, e, k, &err));
    }
}

static void publish(struct vault *v, uint8_t pack, uint64_t first, uint64_t count) {
    struct ex_error err;
    struct pack_list l;
    make_list(&l, pack, first, count);
    assert_code(EX_OK, index_publish(v->index, &l, &err));
    pack_list_clear(&l);
}

static void assert_found(struct vault *v, uint8_t pack, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        struct table_entry e = entry_of(first + i);
        struct index_place place;
        assert_true(index_find(v->index, e.id, &place));
        assert_int_equal(place.pack[0], pack);
        assert_int_equal(place.offset, 128 + i / 10 * 10);
        assert_int_equal(place.read_back_ns, 1000 + pack);
    }
}

static void assert_absent(struct vault *v, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        struct table_entry e = entry_of(first + i);
        struct index_place place;
        assert_false(index_find(v->index, e.id, &place));
    }
}

static void present_and_absent(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct index_place place;
    static const uint8_t low[32], high[32] = {[0 ... 31] = 0xff};
    static const uint8_t pack[32] = {7, 1}, other[32] = {7, 2};
    assert_absent(p->v, 0, 10);
    publish(p->v, 7, 0, 5000);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    assert_found(p->v, 7, 0, 5000);
    assert_absent(p->v, 5000, 5000);
    assert_false(index_find(p->v->index, low, &place));
    assert_false(index_find(p->v->index, high, &place));
    assert_true(index_has_pack(p->v->index, pack));
    assert_false(index_has_pack(p->v->index, other));
    reopen_place(p);
    assert_found(p->v, 7, 0, 5000);
}

/* Ids that an enemy chose so that their place cannot be guessed. */
static void crowded_ids(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { COUNT = 3000 };
    struct pack_list l = {.id = {1}};
    struct record_head head = {.type = RECORD_CHUNKS};
    struct index_place place;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct table_entry e = {.length = 1, .id = {0xff, 0xff, 0xff, 0xff, 0xff}};
        e.id[20] = (uint8_t)(i >> 8);
        e.id[21] = (uint8_t)i;
        assert_code(EX_OK, pack_list_add(&l, 128 + i, &head, &e, 1, &err));
    }
    assert_code(EX_OK, index_publish(p->v->index, &l, &err));
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(index_find(p->v->index, l.entry[i].id, &place));
        assert_int_equal(place.offset, 128 + i);
        l.entry[i].id[31] = 1;
        assert_false(index_find(p->v->index, l.entry[i].id, &place));
    }
    pack_list_clear(&l);
}

static void many_segments_are_merged(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint64_t segments, entries;
    for (uint8_t i = 0; i < 40; i++)
        publish(p->v, i, (uint64_t)i * 100, 100);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    index_counts(p->v->index, &segments, &entries);
    assert_int_equal(segments, 40);
    assert_int_equal(entries, 4000);
    assert_code(EX_OK, index_merge(p->v->index, &err));
    for (int round = 0; round < 2; round++) { /* as it is, and opened anew */
        index_counts(p->v->index, &segments, &entries);
        assert_int_equal(segments, 1);
        assert_int_equal(entries, 4000);
        for (uint8_t i = 0; i < 40; i++) {
            uint8_t pack[32] = {i, 1};
            assert_true(index_has_pack(p->v->index, pack));
            assert_found(p->v, i, (uint64_t)i * 100, 100);
        }
        assert_absent(p->v, 4000, 100);
        reopen_place(p);
    }
    /* Eight of a size stay, and the large one is left alone. */
    for (uint8_t i = 40; i < 48; i++)
        publish(p->v, i, (uint64_t)i * 100, 100);
    assert_code(EX_OK, index_merge(p->v->index, &err));
    index_counts(p->v->index, &segments, &entries);
    assert_int_equal(segments, 9);
    publish(p->v, 48, 4800, 100);
    assert_code(EX_OK, index_merge(p->v->index, &err));
    index_counts(p->v->index, &segments, &entries);
    assert_int_equal(segments, 2);
    assert_int_equal(entries, 4900);
}

static void the_same_id_in_many_places(void **state) {
    struct place *p = *state;
    struct ex_error err;
    for (uint8_t i = 0; i < 12; i++)
        publish(p->v, i, 0, 50);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    for (int round = 0; round < 2; round++) {
        for (uint64_t n = 0; n < 50; n++) {
            struct table_entry e = entry_of(n);
            struct index_search search = {0};
            struct index_place place;
            unsigned packs = 0;
            while (index_next(p->v->index, e.id, &search, &place))
                packs |= 1U << place.pack[0];
            assert_int_equal(packs, 0xfff);
        }
        assert_code(EX_OK, index_merge(p->v->index, &err));
    }
}

/* Another handle publishes and merges, at once and several times within one tick of the clock. */
static void a_refresh_sees_other_handles(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault *other;
    assert_code(EX_OK, open_test_vault(p->vault, &other, &err));
    for (uint8_t i = 0; i < 60; i++) {
        publish(other, i, (uint64_t)i * 10, 10);
        assert_code(EX_OK, index_refresh(p->v->index, &err));
        assert_found(p->v, i, (uint64_t)i * 10, 10);
        if (i % 10 == 9) {
            assert_code(EX_OK, index_merge(other->index, &err));
            assert_code(EX_OK, index_refresh(p->v->index, &err));
            assert_found(p->v, 0, 0, 10);
        }
    }
    vault_close(other);
}

/* A reader never misses what was there all the time, whatever is merged meanwhile. */
static void merging_hides_nothing(void **state) {
    struct place *p = *state;
    struct ex_error err;
    publish(p->v, 200, 100000, 10);
    pid_t child = fork();
    if (child == 0) {
        struct vault *other = NULL;
        if (open_test_vault(p->vault, &other, NULL) != EX_OK)
            _exit(1);
        for (uint8_t i = 0; i < 120; i++) {
            publish(other, i, (uint64_t)i * 10, 10);
            if (index_merge(other->index, NULL) != EX_OK)
                _exit(2);
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        assert_code(EX_OK, index_refresh(p->v->index, &err));
        assert_found(p->v, 200, 100000, 10);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    for (uint8_t i = 0; i < 120; i++)
        assert_found(p->v, i, (uint64_t)i * 10, 10);
}

static void first_segment(const struct place *p, char to[static 512]) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/index", p->vault);
    DIR *dir = opendir(path);
    struct dirent *e;
    to[0] = '\0';
    while ((e = readdir(dir)) != NULL)
        if (strstr(e->d_name, ".idx") != NULL)
            (void)snprintf(to, 512, "%s/%s", path, e->d_name);
    closedir(dir);
    assert_true(to[0] != '\0');
}

static void count_problem(void *context, const char *text) {
    ++*(unsigned *)context;
}

/* Any bit of a segment: it opens, nothing wrong is read out of bounds, and a check names it. */
static void flipped_bits_are_named(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char path[512];
    struct stat st;
    publish(p->v, 1, 0, 20);
    first_segment(p, path);
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size; at++) {
        unsigned problems = 0;
        struct index_place place;
        if (at >= 20 && at < 32)
            continue; /* zero bytes of the header: no reader uses them */
        spoil(path, (uint64_t)at, 0x81);
        reopen_place(p);
        assert_code(EX_OK, index_check(p->v->index, count_problem, &problems, &err));
        assert_int_equal(problems, 1);
        for (uint64_t n = 0; n < 20; n++) {
            struct table_entry e = entry_of(n);
            (void)index_find(p->v->index, e.id, &place);
        }
        spoil(path, (uint64_t)at, 0x81);
    }
    reopen_place(p);
    assert_found(p->v, 1, 0, 20);
}

static void cut_segments_do_not_stop_a_vault(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char path[512];
    static const off_t size[] = {0, 1, 63, 64, 103, 104, 200};
    publish(p->v, 1, 0, 20);
    first_segment(p, path);
    publish(p->v, 2, 100, 20);
    for (size_t i = sizeof size / sizeof size[0]; i-- > 0;) {
        unsigned problems = 0;
        assert_int_equal(truncate(path, size[i]), 0);
        reopen_place(p);
        assert_int_equal(index_damaged(p->v->index), 1);
        assert_code(EX_OK, index_check(p->v->index, count_problem, &problems, &err));
        assert_int_equal(problems, 1);
        assert_found(p->v, 2, 100, 20);
        assert_absent(p->v, 0, 20);
    }
}

/* Damage must not be copied into a merged segment, under a new hash. */
static void damage_is_not_merged(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char path[512];
    unsigned problems = 0;
    publish(p->v, 0, 0, 100);
    first_segment(p, path);
    for (uint8_t i = 1; i < 20; i++)
        publish(p->v, i, (uint64_t)i * 100, 100);
    spoil(path, 64 + 40 + 36, 0xff); /* the offset of the first entry */
    assert_code(EX_OK, index_merge(p->v->index, &err));
    reopen_place(p);
    assert_code(EX_OK, index_check(p->v->index, count_problem, &problems, &err));
    assert_int_equal(problems, 1);
    for (uint8_t i = 1; i < 20; i++)
        assert_found(p->v, i, (uint64_t)i * 100, 100);
    assert_code(EX_OK, index_remove_all(p->v->index, &err));
    assert_absent(p->v, 0, 2000);
}

static void remember_pack(void *context, const uint8_t *id) {
    ++((unsigned *)context)[id[0]];
}

static void each_pack_once(void **state) {
    struct place *p = *state;
    struct ex_error err;
    unsigned seen[256] = {0};
    for (uint8_t i = 0; i < 10; i++)
        publish(p->v, i / 2, i, 10);
    assert_code(EX_OK, index_refresh(p->v->index, &err));
    index_each_pack(p->v->index, remember_pack, seen);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(seen[i], i < 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(present_and_absent),           place_test(crowded_ids),
        place_test(many_segments_are_merged),     place_test(the_same_id_in_many_places),
        place_test(a_refresh_sees_other_handles), place_test(merging_hides_nothing),
        place_test(flipped_bits_are_named),       place_test(cut_segments_do_not_stop_a_vault),
        place_test(damage_is_not_merged),         place_test(each_pack_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
