/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

struct written {
    uint8_t *data;
    size_t size;
};

static struct written write_body(const struct body *b) {
    struct written w = {0};
    assert_code(EX_OK, body_write(b, &w.data, &w.size, &err));
    return w;
}

/* Sections whose bytes look like sections. */
static const char WHO[] = "{\"officer\":\"Sok\"}", WHY[] = "\nsection x\n", WHAT[] = "";

static void fill(struct body *b, struct entry *e) {
    assert_code(EX_OK, body_add(b, e, "why", WHY, strlen(WHY), &err));
    assert_code(EX_OK, body_add(b, e, "what", WHAT, 0, &err));
    assert_code(EX_OK, body_add(b, e, "who", WHO, strlen(WHO), &err));
}

static void test_round_trip(void **state) {
    struct body b = {0}, back;
    struct entry e = {0};
    struct body_check check;
    fill(&b, &e);
    assert_string_equal(b.section[0].name, "what");
    assert_string_equal(b.section[1].name, "who");
    assert_string_equal(b.section[2].name, "why");
    assert_string_equal(e.section[0].name, "what");
    assert_string_equal(e.section[2].name, "why");
    assert_memory_not_equal(b.section[0].salt, b.section[1].salt, 32);
    struct written w = write_body(&b);
    assert_code(EX_OK, body_parse(w.data, w.size, &back, &err));
    assert_int_equal(back.count, 3);
    assert_int_equal(body_find(&back, "who")->size_bytes, strlen(WHO));
    assert_memory_equal(body_find(&back, "who")->data, WHO, strlen(WHO));
    assert_null(body_find(&back, "where"));
    body_compare(&e, &back, &check);
    assert_int_equal(check.matched, 3);
    assert_int_equal(check.altered + check.missing + check.erased, 0);
    struct written again = write_body(&back);
    assert_int_equal(again.size, w.size);
    assert_memory_equal(again.data, w.data, w.size);
    free(again.data);
    free(w.data);
}

static void test_empty(void **state) {
    struct body b = {0}, back;
    struct written w = write_body(&b);
    assert_memory_equal(w.data, "exhibit-body/v1\n", w.size);
    assert_code(EX_OK, body_parse(w.data, w.size, &back, &err));
    assert_int_equal(back.count, 0);
    free(w.data);
}

static void test_commitment(void **state) {
    struct body b = {0};
    struct entry e = {0};
    uint8_t salted[32 + sizeof WHO], expected[SHA256_BYTES];
    fill(&b, &e);
    memcpy(salted, body_find(&b, "who")->salt, 32);
    memcpy(salted + 32, WHO, strlen(WHO));
    sha256_of(salted, 32 + strlen(WHO), expected);
    assert_memory_equal(e.section[1].commitment, expected, sizeof expected);
}

static void test_erased(void **state) {
    struct body b = {0}, back;
    struct entry e = {0};
    struct body_check check;
    fill(&b, &e);
    b.section[1] = (struct body_section){.name = "who", .erased = true};
    struct written w = write_body(&b);
    assert_non_null(memmem(w.data, w.size, "\nerased who\n", 12));
    assert_null(memmem(w.data, w.size, "Sok", 3));
    assert_code(EX_OK, body_parse(w.data, w.size, &back, &err));
    assert_true(body_find(&back, "who")->erased);
    body_compare(&e, &back, &check);
    assert_int_equal(check.matched, 2);
    assert_int_equal(check.erased, 1);
    assert_int_equal(check.altered + check.missing, 0);
    free(w.data);
}

static void test_compare(void **state) {
    struct body b = {0}, extra = {0};
    struct entry e = {0}, other = {0};
    struct body_check check;
    fill(&b, &e);
    assert_code(EX_OK, body_add(&extra, &other, "more", "x", 1, &err));
    b.section[0].salt[0] ^= 1;       /* altered: its salt is part of it */
    b.section[1] = extra.section[0]; /* altered: nobody named it; and "who" is missing */
    body_compare(&e, &b, &check);
    assert_int_equal(check.matched, 1);
    assert_int_equal(check.altered, 2);
    assert_int_equal(check.missing, 1);
    b.section[1].erased = true; /* erased, but never named: still not what was written */
    body_compare(&e, &b, &check);
    assert_int_equal(check.altered, 2);
    assert_int_equal(check.erased, 0);
}

static void test_limits(void **state) {
    struct body b = {0};
    struct entry e = {0};
    char name[] = "a";
    assert_code(EX_INTERNAL, body_add(&b, &e, "Two", "", 0, &err));
    assert_code(EX_INTERNAL, body_add(&b, &e, "", "", 0, &err));
    for (int i = 0; i < ENTRY_SECTIONS_MAX; i++, name[0]++)
        assert_code(EX_OK, body_add(&b, &e, name, "x", 1, &err));
    assert_code(EX_LIMIT, body_add(&b, &e, name, "x", 1, &err));
    b.count = 1;
    e.section_count = 1;
    assert_code(EX_INTERNAL, body_add(&b, &e, "a", "x", 1, &err));
    assert_code(EX_LIMIT, body_add(&b, &e, "b", "x", EX_LIMIT_BODY_BYTES + 1, &err));
    assert_int_equal(b.count, 1);
}

static void test_mutations(void **state) {
    struct body b = {0}, back;
    struct entry e = {0};
    struct body_check check;
    fill(&b, &e);
    struct written w = write_body(&b);
    for (size_t i = 0; i < w.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            w.data[i] ^= (uint8_t)(1u << bit);
            if (body_parse(w.data, w.size, &back, NULL) == EX_OK) {
                body_compare(&e, &back, &check);
                assert_int_not_equal(check.altered + check.missing, 0);
            }
            w.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t size = 0; size < w.size; size++) {
        if (body_parse(w.data, size, &back, NULL) != EX_OK)
            continue;
        body_compare(&e, &back, &check);
        assert_int_not_equal(check.missing, 0);
    }
    free(w.data);
}

#define SALT "00000000000000000000000000000000000000000000000000000000000000ff"

static void test_refused(void **state) {
    static const char *const texts[] = {
        "exhibit-body/v2\n",
        "exhibit-body/v1\nsection a " SALT " 01\nx\n",
        "exhibit-body/v1\nsection a " SALT " 2\nx\n",
        "exhibit-body/v1\nsection a " SALT " 1\nxy",
        "exhibit-body/v1\nsection a " SALT " 18446744073709551615\nx\n",
        "exhibit-body/v1\nsection a " SALT "\nx\n",
        "exhibit-body/v1\nsection a " SALT " \nx\n",
        "exhibit-body/v1\nsection A " SALT " 1\nx\n",
        "exhibit-body/v1\nsection a 00 1\nx\n",
        "exhibit-body/v1\nsection b " SALT " 1\nx\nsection a " SALT " 1\nx\n",
        "exhibit-body/v1\nsection a " SALT " 1\nx\nsection a " SALT " 1\nx\n",
        "exhibit-body/v1\nerased a\nerased a\n",
        "exhibit-body/v1\nerased \n",
        "exhibit-body/v1\nerased a\nmore\n",
        "exhibit-body/v1\nerased a\nerased b\nerased c\nerased d\nerased e\nerased f\nerased g\n"
        "erased h\nerased i\n",
    };
    struct body back;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (body_parse((const uint8_t *)texts[i], strlen(texts[i]), &back, NULL) != EX_FORMAT)
            fail_msg("\"%s\" was accepted", texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_commitment), cmocka_unit_test(test_erased),
        cmocka_unit_test(test_compare),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_mutations),  cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("ledger/body", tests, NULL, NULL);
}
