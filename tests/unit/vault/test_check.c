/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

enum { SIZE = 1 << 20 };

struct fixture {
    struct place place;
    uint8_t *data;
    struct vault_object_info object;
    struct vault_put_report report;
    char pack[256];
    struct vault_check_report check;
};

static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    struct random r = {41};
    make_place_under(&f->place, "/tmp");
    f->data = ex_new0_bytes(SIZE);
    random_fill(&r, f->data, SIZE);
    put_bytes(&f->place, f->data, SIZE, &f->object, &f->report);
    pack_path(&f->place, &f->report, 0, f->pack);
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    vault_object_info_clear(&f->object);
    vault_put_report_clear(&f->report);
    free(f->data);
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

static uint64_t pack_size(const struct fixture *f) {
    struct stat st;
    assert_int_equal(stat(f->pack, &st), 0);
    return (uint64_t)st.st_size;
}

static void a_sound_vault_has_no_problems(void **state) {
    struct fixture *f = *state;
    for (int deep = 0; deep < 2; deep++) {
        check_vault(f->place.v, deep, &f->check);
        assert_int_equal(f->check.problem_count, 0);
        assert_int_equal(f->check.packs, 1);
        assert_true(f->check.records >= 3);
        assert_int_equal(f->check.stored_bytes, pack_size(f));
        assert_int_equal(f->check.index_segments, 1);
        assert_int_equal(f->check.packs_not_indexed, 0);
        assert_int_equal(f->check.unfinished_count, 0);
    }
}

/* Anywhere in the pack, at a prime distance: a deep check sees every byte, a quick one header and
 * end. */
static void flipped_bytes(void **state) {
    struct fixture *f = *state;
    uint64_t size = pack_size(f);
    for (uint64_t at = 0; at < size; at += at < 200 || at > size - 80 ? 7 : 40009) {
        spoil(f->pack, at, 0x20);
        check_vault(f->place.v, true, &f->check);
        if (f->check.problem_count == 0)
            fail_msg("a change at %llu of %llu is not seen", (unsigned long long)at,
                     (unsigned long long)size);
        if (at < 128 || at > size - 64) {
            check_vault(f->place.v, false, &f->check);
            assert_true(f->check.problem_count > 0);
        }
        spoil(f->pack, at, 0x20);
    }
    assert_no_problems(f->place.v);
}

static void lost_pack(void **state) {
    struct fixture *f = *state;
    assert_int_equal(unlink(f->pack), 0);
    for (int deep = 0; deep < 2; deep++) {
        check_vault(f->place.v, deep, &f->check);
        assert_int_equal(f->check.problem_count, 1);
        assert_true(has_problem(&f->check, "is gone"));
    }
}

static void cut_pack(void **state) {
    struct fixture *f = *state;
    uint64_t size = pack_size(f);
    static const uint64_t less[] = {1, 64, 65, 1000, 500000};
    for (size_t i = 0; i < sizeof less / sizeof less[0]; i++) {
        assert_int_equal(truncate(f->pack, (off_t)(size - less[i])), 0);
        check_vault(f->place.v, false, &f->check);
        assert_true(f->check.problem_count > 0);
        assert_true(f->check.records > 0);
    }
    assert_int_equal(truncate(f->pack, 0), 0);
    check_vault(f->place.v, true, &f->check);
    assert_true(f->check.problem_count > 0);
}

static void strangers_and_swapped_names(void **state) {
    struct fixture *f = *state;
    char path[300], dir[128];
    (void)snprintf(path, sizeof path, "%s/packs/readme", f->place.vault);
    write_file(path, "x", 1);
    check_vault(f->place.v, false, &f->check);
    assert_int_equal(f->check.problem_count, 1);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%.*s.bak", (int)strlen(f->pack), f->pack);
    write_file(path, "x", 1);
    check_vault(f->place.v, false, &f->check);
    assert_int_equal(f->check.problem_count, 1);
    assert_int_equal(unlink(path), 0);
    /* A sound pack under another pack's name. */
    (void)snprintf(dir, sizeof dir, "%s/packs/00", f->place.vault);
    if (mkdir(dir, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    (void)snprintf(path, sizeof path, "%s/%064d.pack", dir, 0);
    assert_int_equal(rename(f->pack, path), 0);
    check_vault(f->place.v, false, &f->check);
    assert_true(has_problem(&f->check, "name of another pack"));
    assert_true(has_problem(&f->check, "is gone"));
    /* A pack of another vault, and a pack that cannot be opened. */
    assert_int_equal(rename(path, f->pack), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    check_vault(f->place.v, true, &f->check);
    assert_int_equal(f->check.packs, 2);
    assert_int_equal(f->check.problem_count, 1);
}

static void remove_index(const struct fixture *f, const char *ending) {
    char path[128], name[512];
    (void)snprintf(path, sizeof path, "%s/index", f->place.vault);
    DIR *dir = opendir(path);
    struct dirent *e;
    while ((e = readdir(dir)) != NULL)
        if (strstr(e->d_name, ending) != NULL) {
            (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
            assert_int_equal(unlink(name), 0);
        }
    closedir(dir);
}

static void a_lost_index_comes_back(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_object_info o;
    uint64_t packs, entries;
    for (int whole = 0; whole < 2; whole++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/index", f->place.vault);
        if (whole)
            remove_tree(path);
        else
            remove_index(f, ".idx");
        reopen_place(&f->place);
        check_vault(f->place.v, true, &f->check);
        assert_int_equal(f->check.packs_not_indexed, 1);
        find_object(f->place.v, f->object.id, &o); /* the reader completes the index */
        vault_object_info_clear(&o);
        assert_code(EX_OK, vault_rebuild_index(f->place.v, NULL, &packs, &entries, &err));
        assert_int_equal(packs, 1);
        assert_true(entries >= f->report.chunks_new + 2);
        assert_streams(f->place.v, &f->object, f->data);
        assert_no_problems(f->place.v);
    }
    /* And without a rebuild, by the next put. */
    remove_index(f, ".idx");
    reopen_place(&f->place);
    struct vault_put_report r;
    put_bytes(&f->place, f->data, SIZE, &o, &r);
    assert_int_equal(r.chunks_new, 0);
    assert_streams(f->place.v, &f->object, f->data);
    vault_object_info_clear(&o);
    vault_put_report_clear(&r);
}

/* A pack with a damaged end or middle still gives the rest to a rebuilt index. */
static void a_damaged_pack_is_rebuilt_as_far_as_it_goes(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    uint64_t packs, entries;
    spoil(f->pack, pack_size(f) - 60, 1);
    spoil(f->pack, 128 + 4, 1); /* the first record's header */
    assert_code(EX_OK, vault_rebuild_index(f->place.v, NULL, &packs, &entries, &err));
    assert_int_equal(packs, 1);
    struct collector c;
    uint64_t hurt = 0;
    stream_all(f->place.v, &f->object, &c);
    assert_true(c.damaged_pieces > 0);
    for (size_t i = 0; i < c.damaged_pieces; i++) {
        assert_true(c.damaged[i].missing);
        hurt += c.damaged[i].length;
    }
    assert_true(hurt <= RECORD_TARGET_BYTES + CHUNK_MAX_BYTES);
    for (uint64_t i = 0; i < SIZE; i++)
        if (c.data[i] != f->data[i])
            hurt--; /* never below zero: only damaged bytes differ */
    assert_true(hurt < SIZE);
    free(c.data);
}

static void damaged_segments_are_named_and_rebuilt(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    char path[128], name[512] = "";
    uint64_t packs, entries;
    (void)snprintf(path, sizeof path, "%s/index", f->place.vault);
    DIR *dir = opendir(path);
    struct dirent *e;
    while ((e = readdir(dir)) != NULL)
        if (strstr(e->d_name, ".idx") != NULL)
            (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
    closedir(dir);
    spoil(name, 8, 1); /* its number of entries */
    reopen_place(&f->place);
    check_vault(f->place.v, false, &f->check);
    assert_true(has_problem(&f->check, "index segment"));
    assert_int_equal(f->check.packs_not_indexed, 1);
    struct vault_object_info o;
    find_object(f->place.v, f->object.id, &o);
    vault_object_info_clear(&o);
    assert_code(EX_OK, vault_rebuild_index(f->place.v, NULL, &packs, &entries, &err));
    assert_no_problems(f->place.v);
    assert_streams(f->place.v, &f->object, f->data);
}

static ex_code stop(struct vault *v, struct vault_check_report *r, struct ex_error *err) {
    struct ex_progress progress = {.phase = "checking"};
    atomic_store(&progress.stop, true);
    return vault_check(v, true, &progress, r, err);
}

static void a_check_can_be_stopped(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    assert_code(EX_INTERRUPTED, stop(f->place.v, &f->check, &err));
    vault_check_report_clear(&f->check);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(a_sound_vault_has_no_problems),
        fixture_test(flipped_bytes),
        fixture_test(lost_pack),
        fixture_test(cut_pack),
        fixture_test(strangers_and_swapped_names),
        fixture_test(a_lost_index_comes_back),
        fixture_test(a_damaged_pack_is_rebuilt_as_far_as_it_goes),
        fixture_test(damaged_segments_are_named_and_rebuilt),
        fixture_test(a_check_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
