/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit/package: what is written is read back; what is not of its form is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/package.h"

static void make(struct package_head *h) {
    struct ex_error err;
    const uint8_t a[ENTRY_ID_BYTES] = {1}, b[ENTRY_ID_BYTES] = {2}, c[ENTRY_ID_BYTES] = {3};
    const uint8_t object[SHA256_BYTES] = {9};
    *h = (struct package_head){.created_ns = 1700000000123456789, .has_handover = true};
    memcpy(h->origin, "exhibit-vault/x", 16);
    assert_int_equal(package_head_add(h, a, NULL, NULL, &err), EX_OK);
    assert_int_equal(package_head_add(h, b, object, "data/z.raw", &err), EX_OK);
    assert_int_equal(package_head_add(h, c, object, "data/a/b.raw", &err), EX_OK);
}

/* The same, with an image of two files. */
static void make_with_image(struct package_head *h) {
    struct ex_error err;
    const uint8_t b[ENTRY_ID_BYTES] = {2};
    make(h);
    assert_int_equal(package_head_add_image(h, b, "data/z/z.E01", &err), EX_OK);
    assert_int_equal(package_head_add_image(h, b, "data/z/z.E02", &err), EX_OK);
}

static void it_is_read_back_in_order(void **state) {
    struct ex_error err;
    struct package_head h, got;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    (void)state;
    make(&h);
    assert_int_equal(package_head_write(&h, &text, &size, &err), EX_OK);
    assert_int_equal(package_head_parse(text, size, &got, &err), EX_OK);
    assert_int_equal(got.item_count, 3);
    assert_string_equal(got.item[0].path, "data/a/b.raw");
    assert_string_equal(got.item[1].path, "data/z.raw");
    assert_true(got.item[2].physical);
    assert_ptr_equal(package_head_find(&got, "data/z.raw"), &got.item[1]);
    assert_null(package_head_find(&got, "data/none"));
    package_head_clear(&h);
    package_head_clear(&got);
}

static void paths_that_lead_astray_are_refused(void **state) {
    static const char *const bad[] = {
        "data/",   "data/../x", "data//x",   "/data/x",   "data/x/",    "data/.x",      "data/a b",
        "data/~x", "data/x\ny", "exhibit/x", "data/a/..", "data/a/./b", "data/\xc3\xa9"};
    const uint8_t id[ENTRY_ID_BYTES] = {1}, object[SHA256_BYTES] = {9};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct package_head h = {0};
        struct ex_error err;
        assert_int_equal(package_head_add(&h, id, object, bad[i], &err), EX_FORMAT);
        package_head_clear(&h);
    }
}

static void nothing_comes_twice(void **state) {
    struct ex_error err;
    struct package_head h;
    const uint8_t new[ENTRY_ID_BYTES] = {7}, old[ENTRY_ID_BYTES] = {2}, object[SHA256_BYTES] = {9};
    (void)state;
    make(&h);
    assert_int_equal(package_head_add(&h, new, object, "data/Z.RAW", &err), EX_EXISTS);
    assert_int_equal(package_head_add(&h, old, object, "data/new", &err), EX_EXISTS);
    assert_int_equal(package_head_add(&h, old, NULL, NULL, &err), EX_EXISTS);
    package_head_clear(&h);
}

static void images_are_read_back(void **state) {
    struct ex_error err;
    struct package_head h, got;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    (void)state;
    make_with_image(&h);
    assert_int_equal(package_head_write(&h, &text, &size, &err), EX_OK);
    assert_int_equal(package_head_parse(text, size, &got, &err), EX_OK);
    assert_int_equal(got.image_count, 2);
    assert_memory_equal(got.image[1].item, h.item[1].id, ENTRY_ID_BYTES);
    assert_ptr_equal(package_head_find_image(&got, "data/z/z.E02"), &got.image[1]);
    assert_null(package_head_find_image(&got, "data/z/z.E03"));
    assert_null(package_head_find_image(&got, "data/z.raw"));
    assert_null(package_head_find(&got, "data/z/z.E01"));
    package_head_clear(&h);
    package_head_clear(&got);
}

static void images_that_cannot_be_are_refused(void **state) {
    static const struct {
        uint8_t item;
        const char *path;
    } bad[] = {
        {1, "data/z/z.E03"},   /* of a physical item */
        {7, "data/z/z.E03"},   /* of none */
        {2, "data/z/z.E02"},   /* twice */
        {2, "data/z/z.E01"},   /* not in order */
        {2, "data/zz/../E03"}, /* leads astray */
        {2, "exhibit/z.E03"},
    };
    struct ex_error err;
    struct package_head h;
    (void)state;
    make_with_image(&h);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const uint8_t item[ENTRY_ID_BYTES] = {bad[i].item};
        assert_int_equal(package_head_add_image(&h, item, bad[i].path, &err), EX_FORMAT);
    }
    package_head_clear(&h);
    make(&h);
    const uint8_t item[ENTRY_ID_BYTES] = {2};
    assert_int_equal(package_head_add_image(&h, item, "data/z.raw", &err), EX_FORMAT);
    package_head_clear(&h);
}

/* Every cut, and every flipped bit: refused, or another head that is written as it was read. */
static void whatever_is_changed_is_refused_or_says_so(void **state) {
    struct ex_error err;
    struct package_head h, got;
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    (void)state;
    make_with_image(&h);
    assert_int_equal(package_head_write(&h, &text, &size, &err), EX_OK);
    for (size_t cut = 0; cut < size; cut++)
        if (package_head_parse(text, cut, &got, &err) == EX_OK) {
            assert_int_equal(text[cut - 1], '\n'); /* whole lines, at least one item */
            package_head_clear(&got);
        }
    for (size_t at = 0; at < size; at++) {
        text[at] = (char)(text[at] ^ (1 << at % 7));
        if (package_head_parse(text, size, &got, &err) == EX_OK) {
            EX_AUTO_FREE char *again = NULL;
            size_t again_size;
            assert_int_equal(package_head_write(&got, &again, &again_size, &err), EX_OK);
            assert_int_equal(again_size, size);
            assert_memory_equal(again, text, size);
            package_head_clear(&got);
        }
        text[at] = (char)(text[at] ^ (1 << at % 7));
    }
    package_head_clear(&h);
}

static void names_are_made_safe(void **state) {
    char name[PACKAGE_NAME_MAX + 1];
    (void)state;
    package_safe_name("../../etc/passwd", name);
    assert_string_equal(name, "_._.._etc_passwd");
    package_safe_name("", name);
    assert_string_equal(name, "_");
    package_safe_name("2026-1/7", name);
    assert_string_equal(name, "2026-1_7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_back_in_order),
        cmocka_unit_test(paths_that_lead_astray_are_refused),
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(images_are_read_back),
        cmocka_unit_test(images_that_cannot_be_are_refused),
        cmocka_unit_test(whatever_is_changed_is_refused_or_says_so),
        cmocka_unit_test(names_are_made_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
