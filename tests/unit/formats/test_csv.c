/* SPDX-License-Identifier: Apache-2.0 */
#include "../crypto/testing.h"

#include "formats/csv.h"

#include <stdio.h>
#include <stdlib.h>

static ex_code parse(const char *text, size_t size, struct csv *ret, struct ex_error *err) {
    *err = (struct ex_error){0};
    return csv_parse("q.csv", text, size, ret, err);
}

#define TEXT(text) (text), sizeof(text) - 1

static void assert_field(const struct csv *c, size_t row, size_t column, const char *text,
                         unsigned at_line, unsigned at_column) {
    const struct csv_field *f = csv_at(c, row, column);
    assert_string_equal(f->text, text);
    assert_int_equal(f->line, at_line);
    assert_int_equal(f->column, at_column);
}

static void what_a_spreadsheet_writes(void **state) {
    struct ex_error err;
    struct csv c;
    assert_code(EX_OK, parse(TEXT("\xef\xbb\xbfsource,label\r\n"
                                  "/dev/sdb,\"A, \"\"grey\"\"\"\r\n"
                                  "\r\n"
                                  "b,\"two\r\nlines\"\r\n"
                                  "\xe1\x9e\x80 x,"),
                             &c, &err));
    assert_int_equal(c.row_count, 4);
    assert_int_equal(c.field_count, 2);
    assert_field(&c, 0, 0, "source", 1, 1);
    assert_field(&c, 1, 1, "A, \"grey\"", 2, 10);
    assert_field(&c, 2, 1, "two\nlines", 4, 3);
    assert_field(&c, 3, 0, "\xe1\x9e\x80 x", 6, 1);
    assert_field(&c, 3, 1, "", 6, 5); /* a column is a character */
    csv_clear(&c);
}

static void plain_line_feeds(void **state) {
    struct ex_error err;
    struct csv c;
    assert_code(EX_OK, parse(TEXT("a\n\"\"\nb"), &c, &err));
    assert_int_equal(c.row_count, 3);
    assert_field(&c, 1, 0, "", 2, 1);
    assert_field(&c, 2, 0, "b", 3, 1);
    csv_clear(&c);
}

static void wrong_ones(void **state) {
    static const struct {
        const char *text;
        size_t size;
        const char *where;
    } wrong[] = {
        {TEXT(""), "\"q.csv\" is empty"},
        {TEXT("\n\r\n"), "\"q.csv\" is empty"},
        {TEXT("a,b\nc"), "line 2: fewer"},
        {TEXT("a,b\nc,d,e"), "line 2, column 5: more"},
        {TEXT("a\nx\"y"), "line 2, column 2: a quote in the middle"},
        {TEXT("a\n\"x"), "line 2, column 1: this quote is never closed"},
        {TEXT("a\n\"x\ny"), "line 2, column 1: this quote is never closed"},
        {TEXT("a\n\"x\"\"\n"), "line 2, column 1: this quote is never closed"},
        {TEXT("a\n\"x\"y"), "line 2, column 4: text behind"},
        {TEXT("a\n\"x\"\0"), "line 2, column 4: text behind"},
        {TEXT("a\rb"), "line 1, column 2: a carriage return"},
        {TEXT("\"a\"\rb"), "line 1, column 4: a carriage return"},
        {TEXT("a\n\"b\rc\""), "line 2, column 3: a carriage return"},
        {TEXT("a\nb\0c"), "line 2, column 2: a control character"},
        {TEXT("a\n\x1b[31m"), "line 2, column 1: a control character"},
        {TEXT("a\nb\xc2\x9b"), "line 2, column 2: a control character"},
        {TEXT("a\n\xe1\x9e\x80\xff"), "line 2, column 2: this is not UTF-8"},
        {TEXT("a\n\xc0\xaf"), "line 2, column 1: this is not UTF-8"},
        {TEXT("a\n\xed\xa0\x80"), "line 2, column 1: this is not UTF-8"},
        {TEXT("a\n\xe1\x9e"), "line 2, column 1: this is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ex_error err;
        struct csv c;
        assert_code(EX_FORMAT, parse(wrong[i].text, wrong[i].size, &c, &err));
        if (strstr(err.text, wrong[i].where) == NULL)
            fail_msg("%zu: \"%s\" does not say \"%s\"", i, err.text, wrong[i].where);
    }
}

static void limits(void **state) {
    struct ex_error err;
    struct csv c;
    EX_AUTO_FREE char *text = ex_new0_bytes(CSV_BYTES_MAX + 1);
    memset(text, 'x', CSV_BYTES_MAX + 1);
    assert_code(EX_LIMIT, parse(text, CSV_BYTES_MAX + 1, &c, &err));
    assert_code(EX_LIMIT, parse(text, CSV_FIELD_BYTES_MAX + 1, &c, &err));
    assert_code(EX_OK, parse(text, CSV_FIELD_BYTES_MAX, &c, &err));
    csv_clear(&c);
    memset(text, ',', CSV_FIELDS_MAX);
    assert_code(EX_FORMAT, parse(text, CSV_FIELDS_MAX, &c, &err));
    assert_code(EX_OK, parse(text, CSV_FIELDS_MAX - 1, &c, &err));
    csv_clear(&c);
    for (size_t i = 0; i < 2 * CSV_ROWS_MAX + 2; i += 2)
        memcpy(text + i, "a\n", 2);
    assert_code(EX_LIMIT, parse(text, 2 * CSV_ROWS_MAX + 2, &c, &err));
    assert_code(EX_OK, parse(text, 2 * CSV_ROWS_MAX, &c, &err));
    csv_clear(&c);
}

static void check_put(const char *text, const char *expected) {
    char *put = NULL;
    size_t size;
    FILE *to = open_memstream(&put, &size);
    assert_non_null(to);
    csv_put(to, text);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(put, expected);
    free(put);
}

/* What is written is one field for the reader of this program, too. */
static void check_reads_back(const char *text) {
    struct ex_error err;
    struct csv c;
    char *put = NULL;
    size_t size;
    FILE *to = open_memstream(&put, &size);
    assert_non_null(to);
    csv_put(to, text);
    fputs(",end", to);
    assert_int_equal(fclose(to), 0);
    assert_code(EX_OK, parse(put, size, &c, &err));
    assert_true(c.row_count == 1 && c.field_count == 2);
    csv_clear(&c);
    free(put);
}

static void what_is_written(void **state) {
    static const char *const hostile[] = {"a",   "=1+1,\"x\"",  "\n\r\t", "\xff\"",
                                          "'",   ",",           "\"\"\"", "\xe2\x80\xae,",
                                          " x ", "\x7f\xc2\x85"};
    (void)state;
    check_put(NULL, "");
    check_put("", "");
    check_put("plain text", "plain text");
    check_put("a,b", "\"a,b\"");
    check_put("\"a\"", "\"\"\"a\"\"\"");
    check_put("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"");
    check_put("+1", "'+1");
    check_put("-1", "'-1");
    check_put("@SUM", "'@SUM");
    check_put("'quoted", "''quoted");
    check_put("\xef\xbc\x9d"
              "1",
              "'\xef\xbc\x9d"
              "1");
    check_put("\t=1\r\n", "\\x09=1\\x0d\\x0a");
    check_put("a\xff\xe2\x80\xae"
              "b",
              "a\\xff\\u{202e}b");
    check_put("\xe1\x9e\x80 \\/", "\xe1\x9e\x80 \\/");
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        check_reads_back(hostile[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written),  cmocka_unit_test(what_a_spreadsheet_writes),
        cmocka_unit_test(plain_line_feeds), cmocka_unit_test(wrong_ones),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
