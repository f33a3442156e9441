/* SPDX-License-Identifier: Apache-2.0 */
/* Lines about traces: what they say when they are as format/traces §2 says, and that nothing else
 * is taken. */
#include "formats/trace_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BEGIN(kind)                                                                                \
    "{\"id\":\"00112233445566778899aabbccddeeff\",\"parent\":7,\"kind\":\"" kind                   \
    "\",\"parser\":0,\"key\":\"12\""
#define A_FILE  BEGIN("file")
#define A_TIME  "\"time\":\"2026-01-02T03:04:05.678Z\""
#define A_STEP  ",\"zone\":\"UTC\",\"resolution_ns\":1,\"source\":\"s\"}"
#define HEX_16  "0123456789abcdef0123456789abcdef"
#define TEXT_50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char whole[] = A_FILE
    ",\"name\":\"r\xc3\xa9sum\xc3\xa9\\u20ac\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\","
    "\"name_base64\":\"YWI=\",\"state\":\"deleted\",\"size\":9223372036854775807,\"sha256\":\"" HEX_16
        HEX_16
    "\",\"known\":true,\"type\":\"zip\",\"ranges\":[[0,4096],[null,10],[-1,3]],\"ranges_left_out\":5,"
    "\"content_key\":\"" HEX_16
    "\",\"inside\":12,\"inside_known\":true,\"not_hashed\":\"limit\",\"times\":[{\"what\":\"modified\"," A_TIME
    ",\"zone\":\"UTC\",\"resolution_ns\":1000000,\"source\":\"ext4:inode\"},"
    "{\"what\":\"backed-up\",\"time\":\"1980-01-01T00:00:00\",\"zone\":\"local\","
    "\"resolution_ns\":2000000000,\"source\":\"\"},{\"what\":\"added\",\"time\":null,"
    "\"seconds\":-99999999999999" A_STEP
    "],\"attributes\":{\"mode\":\"0644\",\"owner_base64\":\"\"},"
    "\"said_in_part\":true}";

/* In exactly the room that is promised. */
static bool take(const char *line, size_t size, char **ret_texts, struct trace_line *l) {
    char *own = malloc(size + 1), *texts = malloc(size + 1);
    assert_true(own != NULL && texts != NULL);
    memcpy(own + 1, line, size);
    bool taken = trace_line_read(own + 1, size, texts + 1, l);
    free(own);
    *ret_texts = texts;
    return taken;
}

static bool taken(const char *line, size_t size) {
    struct trace_line l;
    char *texts;
    bool is = take(line, size, &texts, &l);
    free(texts);
    return is;
}

static void what_a_line_says(void **state) {
    struct trace_line l;
    char *texts;
    (void)state;
    assert_true(take(whole, sizeof whole - 1, &texts, &l));
    assert_int_equal(l.id[15], 0xff);
    assert_int_equal(l.parent, 7);
    assert_string_equal(l.kind, "file");
    assert_string_equal(l.state, "deleted");
    assert_string_equal(l.name, "r\xc3\xa9sum\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"\\/\b\f\n\r\t");
    assert_string_equal(l.type, "zip");
    assert_true(l.has_size && l.has_sha256 && l.has_content_key && l.known);
    assert_true(l.has_inside && l.inside_known);
    assert_int_equal(l.inside, 12);
    assert_string_equal(l.not_hashed, "limit");
    assert_int_equal(l.parser, 0);
    assert_string_equal(l.key, "12");
    assert_memory_equal(whole + l.rest_at, ",\"key\":\"12\"", 11);
    assert_int_equal(l.size, INT64_MAX);
    assert_int_equal(l.sha256[31], 0xef);
    assert_int_equal(l.content_key[15], 0xef);
    assert_null(l.reason);
    assert_null(l.text);
    free(texts);
}

static void what_it_need_not_say(void **state) {
    static const char line[] = BEGIN("error") ",\"error\":{\"reason\":\"killed\",\"text\":\"\"}}";
    struct trace_line l;
    char *texts;
    (void)state;
    assert_true(take(line, sizeof line - 1, &texts, &l));
    assert_string_equal(l.reason, "killed");
    assert_string_equal(l.text, "");
    assert_true(l.name == NULL && l.state == NULL && l.type == NULL);
    assert_false(l.has_size || l.has_sha256 || l.has_content_key || l.known);
    free(texts);
}

static void every_cut_is_noticed(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++)
        assert_false(taken(whole, size));
    assert_true(taken(whole, sizeof whole - 1));
    assert_false(taken(whole, sizeof whole)); /* its NUL */
}

/* A space before any byte breaks the line, unless it becomes part of a text. */
static void no_spaces(void **state) {
    static const char line[] = A_FILE ",\"size\":1,\"ranges\":[[null,1]]}";
    char spaced[sizeof line];
    (void)state;
    size_t texts = 0;
    for (size_t at = 0; at < sizeof line; at++) {
        memcpy(spaced, line, at);
        spaced[at] = ' ';
        memcpy(spaced + at + 1, line + at, sizeof line - 1 - at);
        texts += taken(spaced, sizeof line);
    }
    assert_int_equal(texts, 3); /* in "12" */
}

static void times_of_a_line(void **state) {
    struct trace_line l;
    struct trace_time t[3], none;
    size_t size = sizeof whole - 1, at = 0;
    char *texts = malloc(size), *sources;
    (void)state;
    assert_true(texts != NULL && trace_line_read(whole, size, texts, &l));
    sources = malloc(l.times_bytes); /* exactly the room that is promised */
    assert_non_null(sources);
    for (int i = 0; i < 3; i++)
        assert_true(trace_line_time(&l, &at, sources, &t[i]));
    assert_false(trace_line_time(&l, &at, sources, &none));
    assert_string_equal(t[0].what, "modified");
    assert_string_equal(t[0].source, "ext4:inode"); /* all of them stay */
    assert_true(!t[0].local && !t[0].beyond && t[0].resolution_ns == 1000000);
    assert_int_equal(t[0].seconds, 1767323045);
    assert_int_equal(t[0].nanoseconds, 678000000);
    assert_int_equal(t[0].text_bytes, 23);
    assert_memory_equal(t[0].text, "2026-01-02T03:04:05.678", 23);
    assert_string_equal(t[1].what, "backed-up");
    assert_true(t[1].local && t[1].seconds == 315532800 && t[1].source[0] == '\0');
    assert_true(t[2].beyond && t[2].seconds == -99999999999999 && t[2].text == NULL);
    free(sources);
    free(texts);
    at = 0;
    assert_false(trace_line_time(&(struct trace_line){0}, &at, NULL, &none));
}

static void attributes_of_a_line(void **state) {
    static const char line[] = A_FILE ",\"ranges\":[[77,1],[5,2]],\"attributes\":{\"a.b\":"
                                      "\"\\u00e4\\n\",\"empty\":\"\",\"z-9\":\"last\"}}";
    struct trace_line l;
    struct trace_attribute a[3], none;
    size_t size = sizeof line - 1, at = 0;
    char *texts = malloc(size), *values;
    (void)state;
    assert_true(texts != NULL && trace_line_read(line, size, texts, &l));
    values = malloc(l.attributes_bytes); /* exactly the room that is promised */
    assert_non_null(values);
    for (int i = 0; i < 3; i++)
        assert_true(trace_line_attribute(&l, &at, values, &a[i]));
    assert_false(trace_line_attribute(&l, &at, values, &none));
    assert_int_equal(a[0].key_bytes, 3);
    assert_memory_equal(a[0].key, "a.b", 3);
    assert_string_equal(a[0].value, "\xc3\xa4\n"); /* all of them stay */
    assert_string_equal(a[1].value, "");
    assert_string_equal(a[2].value, "last");
    assert_true(l.has_offset && l.offset == 77);
    free(values);
    free(texts);
    at = 0;
    assert_false(trace_line_attribute(&(struct trace_line){0}, &at, NULL, &none));
}

/* Each day of 10,000 years, there and back. */
static void days_of_the_calendar(void **state) {
    char text[TRACE_TIME_TEXT_BYTES];
    (void)state;
    for (int64_t day = -719528; day <= 2932896; day += 3) {
        int64_t seconds;
        uint32_t nanoseconds;
        size_t used;
        if (!trace_time_text(day * 86400 + 3661, 120, 7, text) ||
            !trace_time_parse(text, strlen(text), &seconds, &nanoseconds, &used) ||
            seconds != day * 86400 + 3661 || nanoseconds != 100 || used != strlen(text))
            fail_msg("day %lld: %s", (long long)day, text);
    }
    assert_false(trace_time_text(-719528 * INT64_C(86400) - 1, 0, 0, text));
    assert_false(trace_time_text(2932897 * INT64_C(86400), 0, 0, text));
    assert_false(trace_time_text(INT64_MAX, 0, 0, text));
    assert_false(trace_time_text(INT64_MIN, 0, 0, text));
    assert_true(trace_time_text(-719528 * INT64_C(86400), 0, 0, text));
    assert_string_equal(text, "0000-01-01T00:00:00");
    assert_true(trace_time_text(2932897 * INT64_C(86400) - 1, 999999999, 12, text));
    assert_string_equal(text, "9999-12-31T23:59:59.999999999");
}

static void what_is_not_as_it_must_be(void **state) {
    static const char *const bad[] = {
        "{}",
        "null",
        A_FILE "}}",
        A_FILE ",}",
        A_FILE ",\"parser\":0}",
        A_FILE ",\"unknown\":1}",
        A_FILE ",\"known\":true}",
        A_FILE ",\"size\":1,\"known\":true}",
        A_FILE ",\"sha256\":\"" HEX_16 HEX_16 "\",\"known\":false}",
        A_FILE ",\"sha256\":\"" HEX_16 HEX_16 "\",\"type\":\"zip\",\"known\":true}",
        A_FILE ",\"size\":1,\"name\":\"late\"}",
        BEGIN("files") "}",
        BEGIN("error") "}",
        A_FILE ",\"error\":{\"reason\":\"damaged\",\"text\":\"\"}}",
        BEGIN("error") ",\"error\":{\"reason\":\"bored\",\"text\":\"\"}}",
        BEGIN("error") ",\"error\":{\"reason\":\"damaged\",\"text\":\"\xc3\xa9\"}}",
        BEGIN("error") ",\"error\":{\"reason\":\"damaged\",\"text\":\"" TEXT_50 TEXT_50 TEXT_50
            TEXT_50 "x\"}}",
        A_FILE ",\"state\":\"allocated\"}",
        A_FILE ",\"name\":null}",
        A_FILE ",\"name\":\"a\\u0000b\"}",
        A_FILE ",\"name\":\"\\ud800\"}",
        A_FILE ",\"name\":\"\\ud800\\u0041\"}",
        A_FILE ",\"name\":\"\\udc00\"}",
        A_FILE ",\"name\":\"\\x41\"}",
        A_FILE ",\"name\":\"\\u00g0\"}",
        A_FILE ",\"name\":\"a\tb\"}",
        A_FILE ",\"name\":\"\xff\"}",
        A_FILE ",\"name\":\"\xc0\x80\"}",
        A_FILE ",\"name\":\"\xed\xa0\x80\"}",
        A_FILE ",\"name\":\"\xf4\x90\x80\x80\"}",
        A_FILE ",\"name\":\"\xc3\"}",
        A_FILE ",\"name_base64\":\"YQ==\"}",
        A_FILE ",\"name\":\"a\",\"name_base64\":\"YQ=\"}",
        A_FILE ",\"name\":\"a\",\"name_base64\":\"Y===\"}",
        A_FILE ",\"name\":\"a\",\"name_base64\":\"\"}",
        A_FILE ",\"size\":-1}",
        A_FILE ",\"size\":-0}",
        A_FILE ",\"size\":01}",
        A_FILE ",\"size\":1.0}",
        A_FILE ",\"size\":1e3}",
        A_FILE ",\"size\":\"1\"}",
        A_FILE ",\"size\":}",
        A_FILE ",\"size\":9223372036854775808}",
        A_FILE ",\"size\":18446744073709551617}",
        A_FILE ",\"size\":000000000000000000000000}",
        A_FILE ",\"sha256\":\"00\"}",
        A_FILE ",\"sha256\":\"" HEX_16 "0123456789ABCDEF0123456789ABCDEF\"}",
        A_FILE ",\"content_key\":\"" HEX_16 "00\"}",
        A_FILE ",\"ranges\":[]}",
        A_FILE ",\"ranges\":[[1]]}",
        A_FILE ",\"ranges\":[[1,2,3]]}",
        A_FILE ",\"ranges\":[[1,2],]}",
        A_FILE ",\"ranges\":[[-2,1]]}",
        A_FILE ",\"ranges\":[[1,-1]]}",
        A_FILE ",\"ranges_left_out\":1}",
        A_FILE ",\"not_hashed\":\"whim\"}",
        A_FILE ",\"times\":[]}",
        A_FILE ",\"times\":[{\"what\":\"seen\"," A_TIME A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-13-02T03:04:05Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-01-02T03:04:05\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-02-29T03:04:05Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-04-31T03:04:05Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-01-02T03:04Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-01-02Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":\"2026-01-02T03:04:05.Z\"" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":null" A_STEP "]}",
        A_FILE ",\"times\":[{\"what\":\"added\",\"time\":null,\"seconds\":-0" A_STEP "]}",
        A_FILE ",\"attributes\":{}}",
        A_FILE ",\"attributes\":{\"a\":1}}",
        A_FILE ",\"attributes\":{\"a\":\"1\",\"a\":\"2\"}}",
        A_FILE ",\"attributes\":{\"A\":\"1\"}}",
        A_FILE ",\"attributes\":{\"\":\"1\"}}",
        A_FILE ",\"said_in_part\":false}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (taken(bad[i], strlen(bad[i])))
            fail_msg("was taken: %s", bad[i]);
}

/* `one` so many times, with commas between; # becomes the number. */
static bool taken_with(const char *begin, const char *one, size_t count, const char *end) {
    size_t room = strlen(begin) + strlen(end) + count * (strlen(one) + 8) + 1;
    char *line = malloc(room), *to;
    assert_non_null(line);
    to = stpcpy(line, begin);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *to++ = ',';
        for (const char *from = one; *from != '\0'; from++)
            if (*from == '#')
                to += snprintf(to, 8, "%zu", i);
            else
                *to++ = *from;
    }
    to = stpcpy(to, end);
    bool is = taken(line, (size_t)(to - line));
    free(line);
    return is;
}

static void lists_have_an_end(void **state) {
    (void)state;
    assert_true(taken_with(A_FILE ",\"ranges\":[", "[1,1]", TRACE_LINE_RANGES_MAX, "]}"));
    assert_false(taken_with(A_FILE ",\"ranges\":[", "[1,1]", TRACE_LINE_RANGES_MAX + 1, "]}"));
    assert_true(
        taken_with(A_FILE ",\"attributes\":{", "\"k#\":\"\"", TRACE_LINE_ATTRIBUTES_MAX, "}}"));
    assert_false(
        taken_with(A_FILE ",\"attributes\":{", "\"k#\":\"\"", TRACE_LINE_ATTRIBUTES_MAX + 1, "}}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_line_says),          cmocka_unit_test(what_it_need_not_say),
        cmocka_unit_test(every_cut_is_noticed),      cmocka_unit_test(no_spaces),
        cmocka_unit_test(lists_have_an_end),         cmocka_unit_test(times_of_a_line),
        cmocka_unit_test(attributes_of_a_line),      cmocka_unit_test(days_of_the_calendar),
        cmocka_unit_test(what_is_not_as_it_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
