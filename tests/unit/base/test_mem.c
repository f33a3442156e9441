/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdbool.h>

static void alloc_is_zeroed_and_limited(void **state) {
    struct ex_error err;
    EX_AUTO_FREE uint8_t *p = NULL;
    EX_AUTO_FREE uint8_t *nothing = NULL;
    uint8_t *none = NULL;
    assert_code(EX_OK, ex_alloc(16, 8, 128, "numbers", &p, &err));
    for (int i = 0; i < 128; i++)
        assert_int_equal(p[i], 0);
    assert_code(EX_OK, ex_alloc(0, 8, 0, "nothing", &nothing, &err));
    assert_non_null(nothing);
    assert_code(EX_LIMIT, ex_alloc(16, 8, 127, "numbers", &none, &err));
    assert_non_null(strstr(err.text, "numbers"));
    assert_code(EX_LIMIT, ex_alloc(SIZE_MAX, 2, SIZE_MAX, "an overflow", &none, &err));
    assert_code(EX_LIMIT, ex_alloc(SIZE_MAX / 2 + 1, 2, 10, "an overflow", &none, &err));
    assert_null(none);
}

static void grow_keeps_what_was_there(void **state) {
    struct ex_error err;
    EX_AUTO_FREE uint32_t *array = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_code(EX_OK, ex_grow(&array, &capacity, i + 1, sizeof *array, 4000, "rows", &err));
        assert_true(capacity >= i + 1 && capacity <= 1000);
        array[i] = i * 3;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i * 3);
    /* At the limit: refused, and nothing is lost. */
    uint32_t *before = array;
    assert_code(EX_LIMIT, ex_grow(&array, &capacity, 1001, sizeof *array, 4000, "rows", &err));
    assert_ptr_equal(array, before);
    assert_int_equal(capacity, 1000);
    assert_code(EX_LIMIT,
                ex_grow(&array, &capacity, SIZE_MAX / 2, sizeof *array, SIZE_MAX, "rows", &err));
    assert_ptr_equal(array, before);
    assert_code(EX_OK, ex_grow(&array, &capacity, 5, sizeof *array, 0, "rows", &err));
}

static int freed;
struct thing {
    int value;
};
static void thing_free(struct thing *t) {
    freed++;
    free(t);
}
EX_DEFINE_AUTO(struct thing, thing_free);

static struct thing *make(bool fail) {
    EX_AUTO(thing_free) struct thing *t = ex_new0(struct thing);
    if (fail)
        return NULL;
    return ex_steal(&t);
}

static void what_is_stolen_is_not_freed(void **state) {
    freed = 0;
    assert_null(make(true));
    assert_int_equal(freed, 1);
    {
        EX_AUTO(thing_free) struct thing *t = make(false);
        assert_non_null(t);
        assert_int_equal(t->value, 0);
        assert_int_equal(freed, 1);
    }
    assert_int_equal(freed, 2);
}

static void copies_of_text(void **state) {
    EX_AUTO_FREE char *copy = ex_strdup("words");
    EX_AUTO_FREE char *empty = ex_strdup("");
    assert_string_equal(copy, "words");
    assert_string_equal(empty, "");
}

static void little_endian(void **state) {
    static const uint8_t le[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t got[8];
    ex_put_le64(got, 0x0102030405060708);
    assert_memory_equal(got, le, 8);
    ex_put_le32(got, 0x05060708);
    assert_memory_equal(got, le, 4);
    ex_put_le16(got, 0x0708);
    assert_memory_equal(got, le, 2);
    ex_put_be16(got, 0x0807);
    assert_memory_equal(got, le, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_zeroed_and_limited),
        cmocka_unit_test(grow_keeps_what_was_there),
        cmocka_unit_test(what_is_stolen_is_not_freed),
        cmocka_unit_test(copies_of_text),
        cmocka_unit_test(little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
