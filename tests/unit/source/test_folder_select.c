/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "source/folder.h"

static void test_patterns(void **state) {
    static const struct {
        const char *patterns, *path;
        bool fits;
    } rows[] = {
        {"*.jpg", "a.jpg", true},
        {"*.jpg", "deep/in/a.jpg", true},
        {"*.jpg", "a.jpg.txt", false},
        {"*.jpg", "album.jpg/inside.txt", true}, /* a directory above it */
        {"cache", "x/cache/y", true},
        {"cache", "x/cached", false},
        {"Users/*/Desktop", "Users/a/Desktop/file", true},
        {"Users/*/Desktop", "x/Users/a/Desktop", false},
        {"/Users", "Users", true},
        {"Users/", "Users", true},
        {"?.txt", "a.txt", true},
        {"?.txt", "ab.txt", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[!a-c]x", "dx", true},
        {"[", "[", true},
        {"a\\*", "a*", true},
        {"a\\*", "ab", false},
        {"*.a,*.b", "x.b", true},
        {"*.a,*.b", "x.c", false},
        {"a[,]b", "a,b", true},
        {"", "a", false},
        {",", "a", false},
        {"*\xff*", "a\xff\xfe", true},
        {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"a\nb", "a\nb", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (folder_match(rows[i].patterns, rows[i].path) != rows[i].fits)
            fail_msg("\"%s\" and \"%s\": not %d", rows[i].patterns, rows[i].path, rows[i].fits);
    assert_false(folder_match(NULL, "a"));
}

static void test_everything_is_nothing_left(void **state) {
    struct folder_selection s;
    struct folder_report r = {0};
    (void)state;
    folder_selection_init(&s);
    assert_true(folder_selection_is_all(&s));
    s.max_size_bytes = 5;
    assert_false(folder_selection_is_all(&s));
    r.omitted[FOLDER_LEFT_SIZE] = r.omitted[FOLDER_LEFT_SOCKET] = 3;
    assert_false(folder_report_is_partial(&r));
    r.omitted[FOLDER_NOT_PERMITTED] = 1;
    assert_true(folder_report_is_partial(&r));
    for (int why = FOLDER_TAKEN; why < FOLDER_WHY_COUNT; why++)
        assert_non_null(folder_why_word((enum folder_why)why));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_everything_is_nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
