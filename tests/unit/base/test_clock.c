/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

static const int64_t SECOND = 1000000000;

static void times_as_text(void **state) {
    static const struct {
        int64_t ns;
        const char *text;
    } known[] = {
        {0, "1970-01-01T00:00:00.000000000Z"},
        {1, "1970-01-01T00:00:00.000000001Z"},
        {951782399123456789, "2000-02-28T23:59:59.123456789Z"},
        {951782400000000000, "2000-02-29T00:00:00.000000000Z"},
        {1795381680999999999, "2026-11-22T21:08:00.999999999Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
    };
    char text[EX_TIME_TEXT_BYTES];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int64_t back = -1;
        assert_string_equal(ex_time_text(text, known[i].ns), known[i].text);
        assert_true(ex_time_parse(text, strlen(text), &back));
        assert_true(back == known[i].ns);
    }
    /* Before 1970: written, for a file's time stamp, and never with a negative fraction. */
    assert_string_equal(ex_time_text(text, -1), "1969-12-31T23:59:59.999999999Z");
}

static void times_that_are_not(void **state) {
    static const char *const bad[] = {
        "",
        "2026-11-22T21:08:00Z",
        "2026-11-22T21:08:00.12345678Z",
        "2026-11-22T21:08:00.1234567890Z",
        "2026-11-22 21:08:00.123456789Z",
        "2026-11-22t21:08:00.123456789Z",
        "2026-11-22T21:08:00.123456789z",
        "2026-11-22T21:08:00.123456789+",
        "2026-11-22T21:08:00,123456789Z",
        "2026-11-22T24:00:00.000000000Z",
        "2026-11-22T21:60:00.000000000Z",
        "2026-11-22T21:08:60.000000000Z",
        "2026-02-29T21:08:00.000000000Z",
        "2026-11-31T21:08:00.000000000Z",
        "2026-13-01T21:08:00.000000000Z",
        "2026-00-01T21:08:00.000000000Z",
        "2026-11-00T21:08:00.000000000Z",
        "2026-1a-22T21:08:00.123456789Z",
        "2026-11-22T-1:08:00.123456789Z",
        "1969-12-31T23:59:59.999999999Z",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59.000000000Z",
        "2026-11-22T21:08:00.12345678 Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ns = 5;
        if (ex_time_parse(bad[i], strlen(bad[i]), &ns))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_true(ns == 5);
    }
}

static void zones(void **state) {
    static const struct {
        int minutes;
        const char *text;
    } known[] = {
        {0, "+00:00"}, {420, "+07:00"}, {-210, "-03:30"}, {345, "+05:45"}, {840, "+14:00"}};
    static const char *const bad[] = {"",       "07:00",   "+7:00",  "+07:60", "+24:00",
                                      "+07-00", "+07:00 ", " 07:00", "Z",      "+0a:00"};
    char text[8];
    int minutes = 99;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(ex_zone_text(text, known[i].minutes), known[i].text);
        assert_true(ex_zone_parse(text, strlen(text), &minutes));
        assert_int_equal(minutes, known[i].minutes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        minutes = 99;
        if (ex_zone_parse(bad[i], strlen(bad[i]), &minutes))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_int_equal(minutes, 99);
    }
}

static void the_clock_of_this_machine(void **state) {
    struct ex_clock a, b;
    ex_clock_read(&a);
    ex_clock_read(&b);
    assert_true(a.utc_ns > 1600000000 * SECOND);
    assert_true(b.utc_ns - a.utc_ns < 60 * SECOND);
    assert_true(b.monotonic_ns >= a.monotonic_ns && a.monotonic_ns > 0);
    assert_true(a.zone_minutes > -24 * 60 && a.zone_minutes < 24 * 60);
    assert_int_equal(strlen(a.boot), 16);
    assert_int_equal(strspn(a.boot, "0123456789abcdef"), 16);
    assert_string_equal(a.boot, b.boot);
    assert_true(ex_monotonic_ns() >= b.monotonic_ns);
}

static void the_zone_is_that_of_the_machine(void **state) {
    struct ex_clock c;
    (void)setenv("TZ", "ICT-7", 1);
    tzset();
    ex_clock_read(&c);
    (void)unsetenv("TZ");
    tzset();
    assert_int_equal(c.zone_minutes, 420);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_as_text),
        cmocka_unit_test(times_that_are_not),
        cmocka_unit_test(zones),
        cmocka_unit_test(the_clock_of_this_machine),
        cmocka_unit_test(the_zone_is_that_of_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
