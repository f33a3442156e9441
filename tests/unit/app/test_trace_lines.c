/* SPDX-License-Identifier: Apache-2.0 */
/* Results of examinations, read line by line: whole ones, in any pieces, and those that are not as
 * they must be. */
#include "app/examining_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD   "{\"exhibit_traces\":1,\"profile\":\"standard\",\"limits\":{\"traces\":9}}\n"
#define ID     "\"id\":\"00112233445566778899aabbccddeeff\""
#define BY     ",\"parser\":0,\"key\":\"7\""
#define ONE    "{" ID ",\"parent\":0,\"kind\":\"file-system\"" BY ",\"name\":\"fat\"}\n"
#define A_FILE "{" ID ",\"parent\":0,\"kind\":\"file\"" BY
#define TWO                                                                                        \
    "{" ID ",\"parent\":1,\"kind\":\"file\"" BY                                                    \
    ",\"state\":\"deleted\",\"size\":5,\"type\":\"zip\"}\n"
#define THREE                                                                                      \
    "{" ID ",\"parent\":1,\"kind\":\"error\"" BY                                                   \
    ",\"error\":{\"reason\":\"damaged\",\"text\":\"x\"}}\n"
#define END(traces, errors)                                                                        \
    "{\"end\":{\"traces\":" #traces ",\"errors\":" #errors ",\"truncated\":true}}\n"

struct seen {
    unsigned rows;
    char text[400];
};

static ex_code see(void *context, const struct catalog_trace *row, const struct trace_line *line,
                   struct ex_error *err) {
    struct seen *s = context;
    (void)err;
    s->rows++;
    assert_int_equal(line->reason != NULL, strcmp(row->kind, "error") == 0);
    snprintf(s->text + strlen(s->text), 60, "%d<%d %s %s @%d+%d;", (int)row->number,
             (int)row->parent, row->kind, row->state != NULL ? row->state : "-", (int)row->at,
             (int)row->length);
    return EX_OK;
}

/* In pieces of so many bytes. */
static ex_code read_all(const char *text, size_t size, size_t piece, struct seen *s,
                        struct trace_totals *totals) {
    EX_AUTO(trace_lines_free) struct trace_lines *l = NULL;
    struct ex_error err = {0};
    assert_int_equal(trace_lines_new(see, s, &l, &err), EX_OK);
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        ex_code code = trace_lines_feed(l, (const uint8_t *)text + at, part, &err);
        if (code != EX_OK)
            return code;
    }
    ex_code code = trace_lines_end(l, totals, &err);
    if (code == EX_OK)
        assert_int_equal(json_integer_value(json_object_get(
                             json_object_get(trace_lines_head(l), "limits"), "traces")),
                         9);
    return code;
}

static void a_whole_one_in_any_pieces(void **state) {
    static const char text[] = HEAD ONE TWO THREE END(3, 1);
    (void)state;
    char want[400];
    int head = (int)strlen(HEAD), one = (int)strlen(ONE), two = (int)strlen(TWO),
        three = (int)strlen(THREE);
    snprintf(want, sizeof want,
             "1<0 file-system - @%d+%d;2<1 file deleted @%d+%d;3<1 error - @%d+%d;", head, one - 1,
             head + one, two - 1, head + one + two, three - 1);
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct seen s = {0};
        struct trace_totals totals;
        assert_int_equal(read_all(text, sizeof text - 1, piece, &s, &totals), EX_OK);
        assert_string_equal(s.text, want);
        assert_int_equal(totals.traces, 3);
        assert_int_equal(totals.errors, 1);
        assert_true(totals.truncated);
    }
}

static void none_at_all(void **state) {
    static const char text[] = HEAD END(0, 0);
    struct seen s = {0};
    struct trace_totals totals;
    (void)state;
    assert_int_equal(read_all(text, sizeof text - 1, 7, &s, &totals), EX_OK);
    assert_int_equal(s.rows, 0);
}

static void every_cut_is_noticed(void **state) {
    static const char text[] = HEAD ONE TWO THREE END(3, 1);
    (void)state;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        struct seen s = {0};
        struct trace_totals totals;
        assert_int_equal(read_all(text, size, 64, &s, &totals), EX_FORMAT);
    }
}

static void what_is_not_as_it_must_be(void **state) {
    static const char *const bad[] = {
        "\n",
        "[]\n",
        "{\"exhibit_traces\":\"1\"}\n",
        HEAD HEAD END(1, 0),
        HEAD ONE END(2, 0),
        HEAD ONE END(1, 1),
        HEAD ONE END(-1, 0),
        HEAD THREE END(1, 1),   /* before its parent */
        HEAD ONE END(1, 0) ONE, /* behind the end */
        HEAD ONE END(1, 0) "x",
        HEAD "{\"parent\":0,\"kind\":\"file\"" BY "}\n" END(1, 0), /* no id */
        HEAD "{" ID ",\"kind\":\"file\"" BY "}\n" END(1, 0),
        HEAD "{" ID ",\"parent\":0" BY "}\n" END(1, 0),
        HEAD "{" ID ",\"parent\":0,\"kind\":\"file\"}\n" END(1, 0),
        HEAD "{" ID ",\"parent\":-1,\"kind\":\"file\"" BY "}\n" END(1, 0),
        HEAD "{" ID ",\"parent\":0,\"kind\":7" BY "}\n" END(1, 0),
        HEAD "{" ID ",\"parent\":0,\"kind\":\"\xff\"" BY "}\n" END(1, 0),
        HEAD A_FILE ",\"size\":-5}\n" END(1, 0),
        HEAD A_FILE ",\"size\":\"5\"}\n" END(1, 0),
        HEAD A_FILE ",\"sha256\":\"00\"}\n" END(1, 0),
        HEAD A_FILE ",\"name\":null}\n" END(1, 0),
        HEAD A_FILE ",\"parser\":0}\n" END(1, 0),
        HEAD A_FILE ",\"name\":\"a\\u0000b\"}\n" END(1, 0),
        HEAD A_FILE ",\"unknown\":1}\n" END(1, 0),
        HEAD A_FILE ",\"error\":{\"reason\":\"damaged\",\"text\":\"\"}}\n" END(1, 1),
        HEAD "\n" END(1, 0),
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct seen s = {0};
        struct trace_totals totals;
        if (read_all(bad[i], strlen(bad[i]), 50, &s, &totals) != EX_FORMAT)
            fail_msg("was read: %s", bad[i]);
    }
}

static void another_version_is_refused(void **state) {
    static const char text[] = "{\"exhibit_traces\":2}\n";
    struct seen s = {0};
    struct trace_totals totals;
    (void)state;
    assert_int_equal(read_all(text, sizeof text - 1, 9, &s, &totals), EX_UNSUPPORTED);
}

static void a_line_has_an_end(void **state) {
    struct seen s = {0};
    struct trace_totals totals;
    char *text = malloc((size_t)3 << 20);
    (void)state;
    memset(text, 'x', (size_t)3 << 20);
    assert_int_equal(read_all(text, (size_t)3 << 20, 65536, &s, &totals), EX_FORMAT);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_one_in_any_pieces),  cmocka_unit_test(none_at_all),
        cmocka_unit_test(every_cut_is_noticed),       cmocka_unit_test(what_is_not_as_it_must_be),
        cmocka_unit_test(another_version_is_refused), cmocka_unit_test(a_line_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
