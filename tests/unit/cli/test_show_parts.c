/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/mem.h"
#include "cli/show_parts.h"
#include "cli/text.h"

#include <locale.h>
#include <string.h>

static void assert_line(const struct part_view *v, size_t columns, const char *want) {
    EX_AUTO_FREE char *text = show_part_text(v, columns);
    assert_string_equal(text, want);
}

static void what_matters_most_stays(void **state) {
    const struct part_view v = {.name = "Disk of A",
                                .done_bytes = (uint64_t)1 << 30,
                                .total_bytes = (uint64_t)4 << 30,
                                .unread_bytes = 512,
                                .bytes_per_second = 100 << 20};
    assert_line(
        &v, 110,
        "Disk of A                  25 %  512 bytes NOT READ  0:30 left  1.0 GiB of 4.0 GiB  "
        "100.0 MiB/s");
    assert_line(&v, 80,
                "Disk of A   25 %  512 bytes NOT READ  0:30 left  1.0 GiB of 4.0 GiB  100.0 MiB/s");
    assert_line(&v, 70, "Disk of A      25 %  512 bytes NOT READ  0:30 left  1.0 GiB of 4.0 GiB");
    assert_line(&v, 50, "Disk of A      25 %  512 bytes NOT READ  0:30 left");
    assert_line(&v, 40, "Disk of A       25 %  512 bytes NOT READ");
    assert_line(&v, 30, "Disk of A    25 %");
}

static void what_is_not_known_is_not_said(void **state) {
    const struct part_view v = {.name = "-", .done_bytes = 2048};
    assert_line(&v, 80, "-                         2.0 KiB");
    const struct part_view longer = {.name = "-", .done_bytes = 2048, .total_bytes = 1024};
    assert_line(&longer, 80, "-                         2.0 KiB");
}

static void names_of_others(void **state) {
    const struct part_view v = {
        .name = "\x1b[31mred\n\xe2\x80\xae\xff", .done_bytes = 1, .total_bytes = 2};
    EX_AUTO_FREE char *text = show_part_text(&v, 80);
    assert_null(strpbrk(text, "\x1b\n\r"));
    assert_true(cli_is_utf8(text));
    assert_non_null(strstr(text, "\\x1b[31mred\\x0a\\u{202e}\\xff"));
}

/* Whatever the name and the window, no line is wider, and none is cut inside a character. */
static void every_width(void **state) {
    static const char *const names[] = {
        "", "a", "long name that goes on and on and on and on and on and on and on and on",
        "\xe1\x9e\x91\xe1\x9e\xbc\xe1\x9e\x9a\xe1\x9e\x9f\xe1\x9e\x96\xe1\x9f\x92\xe1\x9e\x91"
        "\xe1\x9e\x91\xe1\x9e\xbc\xe1\x9e\x9a\xe1\x9e\x9f\xe1\x9e\x96\xe1\x9f\x92\xe1\x9e\x91",
        "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"};
    for (size_t columns = 20; columns < 200; columns++)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            for (unsigned k = 0; k < 4; k++) {
                const struct part_view v = {.name = names[i],
                                            .done_bytes = UINT64_MAX / 3,
                                            .total_bytes = (k & 1) != 0 ? UINT64_MAX : 0,
                                            .unread_bytes = (k & 2) != 0 ? UINT64_MAX / 5 : 0,
                                            .bytes_per_second = 1e6};
                EX_AUTO_FREE char *text = show_part_text(&v, columns);
                if (cli_width(text, strlen(text)) > columns || !cli_is_utf8(text))
                    fail_msg("%zu columns: \"%s\"", columns, text);
            }
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matters_most_stays),
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(names_of_others),
        cmocka_unit_test(every_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
