/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static void numbers(void **state) {
    struct ex_error err;
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    assert_int_equal(ex_cursor_le64(&c), 0x0807060504030201);
    assert_int_equal(ex_cursor_left(&c), 2);
    assert_int_equal(ex_cursor_be16(&c), 0x090A);
    assert_code(EX_OK, ex_cursor_end(&c, "it", &err));
    c = ex_cursor_make(bytes, sizeof bytes);
    assert_int_equal(ex_cursor_u8(&c), 1);
    assert_int_equal(ex_cursor_le16(&c), 0x0302);
    assert_int_equal(ex_cursor_le32(&c), 0x07060504);
    c.pos = 0;
    assert_int_equal(ex_cursor_be32(&c), 0x01020304);
    c.pos = 7;
    assert_code(EX_OK, ex_cursor_check(&c, "it", &err));
    assert_code(EX_FORMAT, ex_cursor_end(&c, "it", &err));
    assert_string_equal(err.text, "it has 3 bytes after its end");
}

/* After an overrun everything is zero, also what would have fitted. */
static void an_overrun_sticks(void **state) {
    struct ex_error err;
    uint8_t copy[4] = {9, 9, 9, 9};
    size_t size;
    struct ex_cursor c = ex_cursor_make(bytes, 3);
    assert_int_equal(ex_cursor_u8(&c), 1);
    assert_int_equal(ex_cursor_le32(&c), 0);
    assert_int_equal(ex_cursor_u8(&c), 0);
    assert_int_equal(ex_cursor_le64(&c), 0);
    assert_int_equal(ex_cursor_left(&c), 0);
    assert_null(ex_cursor_bytes(&c, 0));
    assert_null(ex_cursor_bytes(&c, SIZE_MAX));
    assert_null(ex_cursor_line(&c, &size));
    ex_cursor_copy(&c, copy, sizeof copy);
    assert_int_equal(copy[0] | copy[1] | copy[2] | copy[3], 0);
    assert_code(EX_FORMAT, ex_cursor_check(&c, "the header", &err));
    assert_string_equal(err.text, "the header ends early");
    assert_code(EX_FORMAT, ex_cursor_end(&c, "the header", &err));
}

static void byte_ranges(void **state) {
    uint8_t copy[3];
    struct ex_cursor c = ex_cursor_make(bytes, sizeof bytes);
    assert_ptr_equal(ex_cursor_bytes(&c, 4), bytes);
    ex_cursor_copy(&c, copy, sizeof copy);
    assert_memory_equal(copy, bytes + 4, sizeof copy);
    assert_ptr_equal(ex_cursor_bytes(&c, 3), bytes + 7);
    assert_ptr_equal(ex_cursor_bytes(&c, 0), bytes + 10);
    assert_false(c.overrun);
    assert_null(ex_cursor_bytes(&c, 1));
    assert_true(c.overrun);
    c = ex_cursor_make(bytes, sizeof bytes);
    c.pos = 5;
    assert_null(ex_cursor_bytes(&c, SIZE_MAX - 2)); /* pos + size would wrap */
    assert_true(c.overrun);
}

static void lines(void **state) {
    struct ex_error err;
    size_t size;
    static const char text[] = "one\n\nkey value with spaces\nkey \nkeys 1\nopen";
    struct ex_cursor c = ex_cursor_make(text, strlen(text));
    assert_memory_equal(ex_cursor_line(&c, &size), "one", 3);
    assert_int_equal(size, 3);
    assert_non_null(ex_cursor_line(&c, &size));
    assert_int_equal(size, 0);
    assert_null(ex_cursor_keyed(&c, "ke", &size));
    assert_null(ex_cursor_keyed(&c, "value", &size));
    assert_memory_equal(ex_cursor_keyed(&c, "key", &size), "value with spaces", 17);
    assert_int_equal(size, 17);
    assert_non_null(ex_cursor_keyed(&c, "key", &size)); /* an empty value */
    assert_int_equal(size, 0);
    assert_null(ex_cursor_keyed(&c, "key", &size)); /* "keys 1" is not eaten */
    assert_memory_equal(ex_cursor_line(&c, &size), "keys 1", 6);
    assert_null(ex_cursor_keyed(&c, "open", &size));
    assert_code(EX_OK, ex_cursor_check(&c, "it", &err));
    assert_null(ex_cursor_line(&c, &size)); /* no LF */
    assert_int_equal(size, 0);
    assert_code(EX_FORMAT, ex_cursor_check(&c, "it", &err));
}

static void text_lines(void **state) {
    struct ex_cursor c = ex_cursor_make("one\n\nlast", 9);
    size_t size;
    (void)state;
    assert_memory_equal(ex_cursor_text_line(&c, &size), "one", 3);
    assert_int_equal(size, 3);
    assert_non_null(ex_cursor_text_line(&c, &size));
    assert_int_equal(size, 0);
    assert_memory_equal(ex_cursor_text_line(&c, &size), "last", 4);
    assert_int_equal(size, 4);
    assert_null(ex_cursor_text_line(&c, &size));
    assert_false(c.overrun);
}

static void decimals(void **state) {
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x1",
                                      "1e3",
                                      ".",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "184467440737095516150"};
    uint64_t v = 7;
    assert_true(ex_parse_decimal("0", 1, &v));
    assert_true(v == 0);
    assert_true(ex_parse_decimal("18446744073709551615", 20, &v));
    assert_true(v == UINT64_MAX);
    assert_true(ex_parse_decimal("1234", 2, &v)); /* only the range counts */
    assert_int_equal(v, 12);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (ex_parse_decimal(bad[i], strlen(bad[i]), &v))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_int_equal(v, 12);
    }
}

static void hex(void **state) {
    static const char *const bad[] = {"",   "0",   "00",     "00FF0", "00FF", "0 ff",
                                      "0g", "00f", "00ff00", "0x00",  "-0ff", "00f\n"};
    uint8_t got[2];
    char back[5];
    assert_true(ex_parse_hex("a0ff", 4, got, 2));
    assert_int_equal(got[0] << 8 | got[1], 0xa0ff);
    assert_string_equal(ex_hex(back, got, 2), "a0ff");
    assert_string_equal(ex_hex(back, got, 0), "");
    assert_true(ex_parse_hex("", 0, got, 0));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (ex_parse_hex(bad[i], strlen(bad[i]), got, 2))
            fail_msg("\"%s\" was accepted", bad[i]);
    }
}

static void base64(void **state) {
    static const char *const bad[] = {
        "",   "+/8",     "+/8==", "+/8=\n", "-_8=",  "+/9=", /* trailing bits */
        "+/", "+/\xCE=", "+/8A",  " +/8=",  "+/ 8=", "+=/8", "====", "+/8=+/8=", "+/=8"};
    uint8_t got[3];
    assert_true(ex_parse_base64("+/8=", 4, got, 2));
    assert_int_equal(got[0] << 8 | got[1], 0xfbff);
    assert_true(ex_parse_base64("AAEC", 4, got, 3));
    assert_int_equal(got[2], 2);
    assert_true(ex_parse_base64("Zg==", 4, got, 1));
    assert_int_equal(got[0], 'f');
    assert_true(ex_parse_base64("", 0, got, 0));
    assert_false(ex_parse_base64("Zh==", 4, got, 1));
    assert_false(ex_parse_base64("AAEC", 4, got, 2));
    assert_false(ex_parse_base64("+/8=", 4, got, 3));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (ex_parse_base64(bad[i], strlen(bad[i]), got, 2))
            fail_msg("\"%s\" was accepted", bad[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines),
        cmocka_unit_test(numbers),
        cmocka_unit_test(an_overrun_sticks),
        cmocka_unit_test(byte_ranges),
        cmocka_unit_test(lines),
        cmocka_unit_test(decimals),
        cmocka_unit_test(hex),
        cmocka_unit_test(base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
