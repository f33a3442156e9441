/* SPDX-License-Identifier: Apache-2.0 */
/* Damage by place becomes ranges of objects: the same ones that a verification finds by reading. */
#include "testing_vault.h"

enum { SIZE = 6 << 20, RANGES = 4096 };

struct fixture {
    struct place place;
    uint8_t *data[2];
    struct vault_object_info object[2];
    struct vault_put_report report[2];
    char pack[256];
};

/* Two objects that share their middle. */
static int make_fixture(void **state) {
    struct fixture *f = ex_new0(struct fixture);
    make_place_under(&f->place, "/tmp");
    for (size_t i = 0; i < 2; i++) {
        f->data[i] = mixed(50 + i, SIZE);
        if (i == 1)
            memcpy(f->data[1] + SIZE / 3, f->data[0] + SIZE / 3, SIZE / 3);
        put_bytes(&f->place, f->data[i], SIZE, &f->object[i], &f->report[i]);
    }
    pack_path(&f->place, &f->report[0], 0, f->pack);
    *state = f;
    return 0;
}

static int remove_fixture(void **state) {
    struct fixture *f = *state;
    vault_close(f->place.v);
    remove_tree(f->place.root);
    for (size_t i = 0; i < 2; i++) {
        vault_object_info_clear(&f->object[i]);
        vault_put_report_clear(&f->report[i]);
        free(f->data[i]);
    }
    free(f);
    return 0;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

struct ranges {
    size_t count;
    uint64_t bytes, missing;
    uint64_t offset[RANGES], length[RANGES];
};

static void add_range(struct ranges *r, uint64_t offset, uint64_t length, bool missing) {
    r->bytes += length;
    r->missing += missing ? length : 0;
    if (r->count > 0 && r->offset[r->count - 1] + r->length[r->count - 1] == offset) {
        r->length[r->count - 1] += length;
        return;
    }
    assert_true(r->count < RANGES);
    r->offset[r->count] = offset;
    r->length[r->count++] = length;
}

static ex_code note_range(void *context, const struct vault_hurt_range *range,
                          struct ex_error *err) {
    assert_non_null(range->why);
    add_range(context, range->offset, range->length, range->missing);
    return EX_OK;
}

/* Both ways to know, one after the other. Returns the bytes hurt. */
static uint64_t assert_same_ranges(struct fixture *f, size_t i, const struct vault_hurt *hurt) {
    struct ex_error err;
    struct ranges *mapped = ex_new0(struct ranges), *read = ex_new0(struct ranges);
    struct vault_verify_report *v = ex_new0(struct vault_verify_report);
    assert_code(EX_OK, vault_hurt_map(f->place.v, hurt, &f->object[i], note_range, mapped, &err));
    assert_code(EX_OK, vault_verify(f->place.v, &f->object[i], false, NULL, v, &err));
    for (size_t k = 0; k < v->damaged_count; k++)
        add_range(read, v->damage[k].offset, v->damage[k].length, v->damage[k].missing);
    assert_int_equal(mapped->bytes, v->damaged_bytes);
    assert_int_equal(mapped->missing, v->missing_bytes);
    assert_int_equal(mapped->count, read->count);
    assert_memory_equal(mapped->offset, read->offset, mapped->count * sizeof *mapped->offset);
    assert_memory_equal(mapped->length, read->length, mapped->count * sizeof *mapped->length);
    uint64_t bytes = mapped->bytes;
    free(mapped);
    free(read);
    free(v);
    return bytes;
}

static uint64_t assert_both(struct fixture *f, uint64_t *ret_problems) {
    struct ex_error err;
    uint64_t bytes = 0;
    struct vault_check_report *r = ex_new0(struct vault_check_report);
    assert_code(EX_OK, vault_check(f->place.v, true, NULL, r, &err));
    for (size_t i = 0; i < 2; i++)
        bytes += assert_same_ranges(f, i, r->hurt);
    *ret_problems = r->problem_count;
    vault_check_report_clear(r);
    free(r);
    return bytes;
}

static void nothing_hurts_a_sound_vault(void **state) {
    struct fixture *f = *state;
    uint64_t problems;
    assert_int_equal(assert_both(f, &problems), 0);
    assert_int_equal(problems, 0);
}

/* Any place of the pack; where nothing is hurt, it is still said. The manifest and the nodes stand
 * at the pack's end: those objects do not even begin, so the places stop before them. */
static void wherever_it_is_hurt(void **state) {
    struct fixture *f = *state;
    struct stat st;
    uint64_t problems, hurt = 0;
    assert_int_equal(stat(f->pack, &st), 0);
    for (uint64_t at = 3; at < (uint64_t)st.st_size * 9 / 10; at += (uint64_t)st.st_size / 23) {
        spoil(f->pack, at, 0x11);
        hurt += assert_both(f, &problems) > 0;
        assert_true(problems > 0);
        spoil(f->pack, at, 0x11);
    }
    assert_true(hurt >= 18);
}

/* The header says nothing that the name, the footer and the records do not say again. */
static void a_damaged_header_hurts_no_object(void **state) {
    struct fixture *f = *state;
    uint64_t problems;
    for (uint64_t at = 0; at < PACK_HEADER_BYTES; at += 9) {
        spoil(f->pack, at, 0x11);
        reopen_place(&f->place);
        assert_int_equal(assert_both(f, &problems), 0);
        assert_true(problems > 0);
        spoil(f->pack, at, 0x11);
    }
}

/* Header and footer gone: the records of an encrypted pack still say under which key they stand. */
static void neither_header_nor_footer(void **state) {
    struct fixture *f = *state;
    struct stat st;
    uint64_t problems;
    assert_int_equal(stat(f->pack, &st), 0);
    spoil(f->pack, 20, 1);
    spoil(f->pack, (uint64_t)st.st_size - PACK_FOOTER_BYTES, 1);
    reopen_place(&f->place);
    assert_int_equal(assert_both(f, &problems), 0);
    assert_true(problems > 0);
}

static void cut_short_and_gone(void **state) {
    struct fixture *f = *state;
    struct stat st;
    uint64_t problems;
    assert_int_equal(stat(f->pack, &st), 0);
    assert_int_equal(unlink(f->pack), 0);
    uint64_t bytes = assert_both(f, &problems);
    assert_true(bytes >= SIZE); /* the first as a whole, and what the second shares with it */
    assert_true(problems > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fixture_test(nothing_hurts_a_sound_vault),
        fixture_test(wherever_it_is_hurt),
        fixture_test(a_damaged_header_hurts_no_object),
        fixture_test(neither_header_nor_footer),
        fixture_test(cut_short_and_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
