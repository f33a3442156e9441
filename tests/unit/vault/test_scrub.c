/* SPDX-License-Identifier: Apache-2.0 */
/* Packs are read again in turns, and the date of each is remembered. */
#include "testing_vault.h"

#include "base/clock.h"

enum { OBJECTS = 4, SIZE = 1 << 20 };

struct fixture {
    struct place place;
    struct vault_object_info object[OBJECTS];
    struct vault_put_report report[OBJECTS];
};

static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    make_place_under(&f->place, "/tmp");
    for (size_t i = 0; i < OBJECTS; i++) {
        uint8_t *data = mixed(70 + i, SIZE);
        put_bytes(&f->place, data, SIZE, &f->object[i], &f->report[i]);
        free(data);
    }
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    for (size_t i = 0; i < OBJECTS; i++) {
        vault_object_info_clear(&f->object[i]);
        vault_put_report_clear(&f->report[i]);
    }
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

static int64_t now_ns(void) {
    struct ex_clock now;
    ex_clock_read(&now);
    return now.utc_ns;
}

static int64_t date_of(struct fixture *f, size_t i) {
    return vault_pack_verified(f->place.v, f->report[i].pack[0], 0);
}

static void scrub(struct fixture *f, int64_t before_ns, struct vault_scrub_report *r) {
    struct ex_error err;
    bool interrupted;
    const struct vault_scrub_plan plan = {.before_ns = before_ns};
    assert_code(EX_OK, vault_scrub(f->place.v, &plan, NULL, r, &interrupted, &err));
    assert_false(interrupted);
    assert_code(EX_OK, vault_note_verified(f->place.v, r->good, r->good_count, &err));
}

static void only_what_is_due(void **state) {
    struct fixture *f = *state;
    struct vault_scrub_report r;
    int64_t begun = now_ns();
    scrub(f, 1, &r); /* all were read back when they were written */
    assert_int_equal(r.packs, OBJECTS);
    assert_int_equal(r.packs_due, 0);
    assert_true(r.oldest_ns > 0 && r.oldest_ns < begun);
    vault_scrub_report_clear(&r);
    scrub(f, begun, &r);
    assert_int_equal(r.packs_due, OBJECTS);
    assert_int_equal(r.packs_read, OBJECTS);
    assert_int_equal(r.good_count, OBJECTS);
    assert_int_equal(r.bad_count, 0);
    assert_true(r.bytes_read > SIZE / 8 && r.oldest_ns >= begun);
    vault_scrub_report_clear(&r);
    scrub(f, begun, &r);
    assert_int_equal(r.packs_due, 0);
    vault_scrub_report_clear(&r);
    reopen_place(&f->place); /* the dates are on the disk */
    for (size_t i = 0; i < OBJECTS; i++)
        assert_true(date_of(f, i) >= begun);
}

static void a_bad_pack_gets_no_date(void **state) {
    struct fixture *f = *state;
    struct vault_scrub_report r;
    char path[256];
    int64_t begun = now_ns();
    spoil(pack_path(&f->place, &f->report[2], 0, path), 5000, 1);
    scrub(f, begun, &r);
    assert_int_equal(r.good_count, OBJECTS - 1);
    assert_int_equal(r.bad_count, 1);
    assert_memory_equal(r.bad[0], f->report[2].pack[0], VAULT_PACK_ID_BYTES);
    assert_true(r.check.problem_count > 0);
    assert_int_equal(r.oldest_ns, 0);
    assert_true(date_of(f, 2) < begun);
    assert_true(date_of(f, 1) >= begun);
    vault_scrub_report_clear(&r);
}

/* What was found damaged has no date, whatever was noted before, until it is found good again. */
static void what_was_damaged_is_suspect(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_scrub_report r;
    const int64_t day_ns = (int64_t)86400 * 1000000000, begun = now_ns();
    struct vault_pack_date row = {.verified_ns = begun + day_ns};
    memcpy(row.id, f->report[2].pack[0], sizeof row.id);
    assert_code(EX_OK, vault_note_verified(f->place.v, &row, 1, &err)); /* by a wrong clock */
    assert_false(vault_pack_is_suspect(f->place.v, row.id));
    row.verified_ns = -begun;
    assert_code(EX_OK, vault_note_verified(f->place.v, &row, 1, &err));
    reopen_place(&f->place);
    assert_true(vault_pack_is_suspect(f->place.v, row.id));
    assert_int_equal(date_of(f, 2), 0);
    row.verified_ns = begun - day_ns; /* an older date does not make it good */
    assert_code(EX_OK, vault_note_verified(f->place.v, &row, 1, &err));
    assert_true(vault_pack_is_suspect(f->place.v, row.id));
    assert_false(vault_pack_is_suspect(f->place.v, f->report[1].pack[0]));
    scrub(f, 1, &r); /* due, although nothing else is */
    assert_int_equal(r.packs_due, 1);
    assert_int_equal(r.good_count, 1);
    vault_scrub_report_clear(&r);
    assert_false(vault_pack_is_suspect(f->place.v, row.id));
    assert_true(date_of(f, 2) >= begun);
}

/* What was longest unread comes first; a plan without time does not begin another pack. */
static void the_oldest_comes_first(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_scrub_report r;
    struct vault_pack_date row[OBJECTS];
    bool interrupted;
    const struct vault_scrub_plan plan = {
        .before_ns = INT64_MAX, .rate_bytes_s = 16 << 20, .duration_ns = 1};
    int64_t future = now_ns() + (int64_t)86400 * 1000000000;
    for (size_t i = 0; i < OBJECTS; i++) {
        memcpy(row[i].id, f->report[i].pack[0], sizeof row[i].id);
        row[i].verified_ns = future + (i == 3 ? 1 : 10 + (int64_t)i);
    }
    assert_code(EX_OK, vault_note_verified(f->place.v, row, OBJECTS, &err));
    assert_code(EX_OK, vault_scrub(f->place.v, &plan, NULL, &r, &interrupted, &err));
    assert_int_equal(r.packs_due, OBJECTS);
    assert_true(r.packs_read <= 1);
    if (r.packs_read == 1)
        assert_memory_equal(r.good[0].id, f->report[3].pack[0], VAULT_PACK_ID_BYTES);
    vault_scrub_report_clear(&r);
}

static void stopped_early_it_keeps_what_it_did(void **state) {
    struct fixture *f = *state;
    struct ex_error err;
    struct vault_scrub_report r;
    bool interrupted = false;
    const struct vault_scrub_plan plan = {.before_ns = INT64_MAX};
    struct ex_progress progress = {.stop = true};
    assert_code(EX_OK, vault_scrub(f->place.v, &plan, &progress, &r, &interrupted, &err));
    assert_true(interrupted);
    assert_true(r.packs_read < OBJECTS);
    vault_scrub_report_clear(&r);
}

/* A list of dates that is damaged is no list: packs only seem older. */
static void a_damaged_list_is_made_anew(void **state) {
    struct fixture *f = *state;
    struct vault_scrub_report r;
    char path[256];
    scrub(f, INT64_MAX, &r);
    vault_scrub_report_clear(&r);
    (void)snprintf(path, sizeof path, "%s/verified", f->place.vault);
    for (uint64_t at = 0; at < 200; at += 13) {
        spoil(path, at, 4);
        reopen_place(&f->place);
        int64_t date = date_of(f, 0);
        assert_int_equal(date, 0);
        spoil(path, at, 4);
    }
    spoil(path, 150, 4);
    reopen_place(&f->place);
    scrub(f, INT64_MAX, &r);
    assert_int_equal(r.good_count, OBJECTS);
    vault_scrub_report_clear(&r);
    assert_true(date_of(f, 0) > 0);
    vault_forget_verified(f->place.v);
    assert_int_equal(date_of(f, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(only_what_is_due),
        fixture_test(a_bad_pack_gets_no_date),
        fixture_test(what_was_damaged_is_suspect),
        fixture_test(the_oldest_comes_first),
        fixture_test(stopped_early_it_keeps_what_it_did),
        fixture_test(a_damaged_list_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
