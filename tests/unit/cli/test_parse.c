/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "cli/match.h"
#include "cli/parse.h"

enum { ARGUMENTS_MAX = 24 };

/* One parsed command line; the request points into its argv. */
struct line {
    char *argv[ARGUMENTS_MAX];
    ex_code code;
    struct request request;
    struct ex_error err;
};

/* Parses the arguments after "exhibit", up to NULL. */
static struct line *parse_with(const char *vault, const char *const *words) {
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    int argc = 0;
    line->argv[argc++] = strdup("exhibit");
    for (; *words != NULL; words++) {
        assert_true(argc < ARGUMENTS_MAX);
        line->argv[argc++] = strdup(*words);
    }
    line->code = cli_parse(argc, line->argv, vault, &line->request, &line->err);
    return line;
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void give_back(struct line *line) {
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        free(line->argv[i]);
    free(line);
}

/* Parses and expects success. */
static struct line *good_with(const char *vault, const char *const *words) {
    struct line *line = parse_with(vault, words);
    if (line->code != EX_OK)
        fail_msg("%s (%s)", line->err.text, line->err.hint);
    assert_int_equal(line->err.code, EX_OK);
    return line;
}
#define good(...) good_with("/vault", WORDS(__VA_ARGS__))

/* Parses and expects a usage error with these parts in its text and hint. */
static void bad_with(const char *vault, const char *text, const char *hint,
                     const char *const *words) {
    struct line *line = parse_with(vault, words);
    assert_int_equal(line->code, EX_USAGE);
    assert_int_equal(line->err.code, EX_USAGE);
    assert_has(line->err.text, text);
    assert_has(line->err.hint, hint);
    give_back(line);
}
#define bad(text, hint, ...) bad_with("/vault", text, hint, WORDS(__VA_ARGS__))

static void understands_one_and_two_words(void **state) {
    (void)state;
    struct line *line = good("collect", "disk.img", "--case", "7");
    assert_string_equal(line->request.command->words, "collect");
    assert_int_equal(line->request.operand_count, 1);
    assert_string_equal(line->request.operand[0], "disk.img");
    assert_string_equal(line->request.flag[FLAG_CASE], "7");
    assert_string_equal(line->request.flag[FLAG_VAULT], "/vault");
    assert_null(line->request.flag[FLAG_LABEL]);
    give_back(line);
    line = good("item", "show", "7/1", "--json");
    assert_string_equal(line->request.command->words, "item show");
    assert_string_equal(line->request.operand[0], "7/1");
    assert_string_equal(line->request.flag[FLAG_JSON], "");
    give_back(line);
}

static void takes_flags_anywhere_and_with_equals(void **state) {
    (void)state;
    struct line *line =
        good("--vault=/a=b", "--case", "7", "collect", "--label=--odd", "--", "--x");
    assert_string_equal(line->request.flag[FLAG_VAULT], "/a=b");
    assert_string_equal(line->request.flag[FLAG_LABEL], "--odd");
    assert_string_equal(line->request.operand[0], "--x");
    give_back(line);
    line = good("export", "7/1", "--format", "raw", "--output", "-");
    assert_string_equal(line->request.flag[FLAG_OUTPUT], "-");
    give_back(line);
    line = good("collect", "-", "--case=7");
    assert_string_equal(line->request.operand[0], "-");
    give_back(line);
}

static void the_vault_of_the_environment_stands_in(void **state) {
    (void)state;
    bad_with(NULL, "--vault DIR", "EXHIBIT_VAULT", WORDS("case", "list"));
    bad_with("", "--vault DIR", "EXHIBIT_VAULT", WORDS("case", "list"));
    struct line *line = good_with("/env", WORDS("case", "list", "--vault", "/flag"));
    assert_string_equal(line->request.flag[FLAG_VAULT], "/flag");
    give_back(line);
    line = good_with(NULL, WORDS("version"));
    assert_null(line->request.flag[FLAG_VAULT]);
    give_back(line);
}

static void everything_missing_is_named_at_once(void **state) {
    (void)state;
    bad("\"init\" needs DIR, --agency NAME, --officer NAME", "exhibit help init", "init");
    bad("needs --output FILE", "exhibit help export", "export", "7/1", "--format", "raw");
}

static void a_wrong_word_gets_the_nearest(void **state) {
    (void)state;
    bad("no command \"colect\"", "exhibit collect`", "colect", "x");
    bad("no command \"item shwo\"", "exhibit item show`", "item", "shwo", "7/1");
    bad("no command \"itme\"", "exhibit item list`", "itme", "list");
    bad("no command \"new\"", "exhibit case new`", "new", "case");
    bad("no command \"xyzzy\"", "exhibit help`", "xyzzy");
    bad("\"item\" needs one of its second words", "item list, item show", "item");
    bad("\"ledger\" needs one", "ledger show, ledger verify, ledger checkpoint, ledger prove",
        "ledger", "zzzzzzzzzzzzzzz");
    bad("no flag --lable", "did you mean --label?", "collect", "x", "--lable=phone");
    bad("no flag --xyzzy", "exhibit help", "collect", "x", "--xyzzy");
    bad("no flag -v", "written out", "version", "-v");
}

static void flags_fit_the_command(void **state) {
    (void)state;
    bad("\"collect\" does not take --deep", "exhibit help collect", "collect", "x", "--deep");
    bad("--case is given twice", "once", "collect", "x", "--case", "1", "--case=2");
    bad("--json is given twice", "once", "version", "--json", "--json");
    bad("--json takes no value", "--json alone", "version", "--json=yes");
    bad("--case needs a value: N", "--case N", "collect", "x", "--case");
    bad("--case needs a value: N", "--case N", "collect", "x", "--case=");
    bad("--label needs a value", "--label=VALUE", "collect", "x", "--label", "--case", "7");
    bad("--readback cannot be \"al\"", "--readback all|new|none", "collect", "x", "--case", "7",
        "--readback", "al");
    bad("--readback cannot be \"new|none\"", "all|new|none", "collect", "x", "--readback=new|none");
    give_back(good("collect", "x", "--case", "7", "--readback", "none"));
    give_back(good("collect", "x", "--case", "7", "--readback", "all"));
}

static void operands_fit_the_command(void **state) {
    (void)state;
    bad("one word too many", "quotes", "item", "show", "my", "7/1");
    bad("argument 2 is empty", "variable", "collect", "", "--case", "7");
    struct line *line = good("verify", "7/1", "7/2", "7/3");
    assert_int_equal(line->request.operand_count, 3);
    give_back(line);
}

static void too_many_words_are_refused(void **state) {
    (void)state;
    static char *argv[OPERANDS_MAX + 8];
    static char word[] = "7/1";
    static char verb[] = "verify";
    for (size_t i = 0; i < OPERANDS_MAX + 7; i++)
        argv[i] = word;
    argv[1] = verb;
    struct line *line = calloc(1, sizeof *line);
    assert_int_equal(cli_parse(OPERANDS_MAX + 2, argv, "/v", &line->request, NULL), EX_OK);
    assert_int_equal(line->request.operand_count, OPERANDS_MAX);
    assert_int_equal(cli_parse(OPERANDS_MAX + 3, argv, "/v", &line->request, &line->err), EX_USAGE);
    assert_int_equal(cli_parse(OPERANDS_MAX + 7, argv, "/v", &line->request, &line->err), EX_USAGE);
    give_back(line);
}

static void only_paths_may_be_other_than_utf8(void **state) {
    (void)state;
    struct line *line = good("collect", "/evil/\xff\xfe", "--case", "7", "--vault", "/v\xff");
    assert_string_equal(line->request.operand[0], "/evil/\xff\xfe");
    give_back(line);
    give_back(good("export", "7/1", "--format", "raw", "--output", "\xff"));
    bad("argument 6 is not UTF-8", "UTF-8 terminal", "collect", "x", "--case", "7", "--label",
        "\xff\xfe");
    bad("argument 5 is not UTF-8", "UTF-8 terminal", "collect", "x", "--case", "7", "--label=\xff");
    bad("argument 3 is not UTF-8", "UTF-8 terminal", "item", "show", "\xc0\xaf");
    bad("argument 1 is not UTF-8", "UTF-8 terminal", "\xff");
    bad("argument 2 is not UTF-8", "UTF-8 terminal", "item", "\xff");
    bad("argument 2 is not UTF-8", "UTF-8 terminal", "version", "--\xff");
}

static void help_comes_before_everything_else(void **state) {
    (void)state;
    struct line *line = good("collect", "--bogus", "--help");
    assert_string_equal(line->request.command->words, "help");
    assert_int_equal(line->request.operand_count, 1);
    assert_string_equal(line->request.operand[0], "collect");
    give_back(line);
    line = good("-h", "item", "show", "--json");
    assert_int_equal(line->request.operand_count, 2);
    assert_string_equal(line->request.operand[1], "show");
    assert_non_null(line->request.flag[FLAG_JSON]);
    give_back(line);
    line = good("--version");
    assert_string_equal(line->request.command->words, "version");
    give_back(line);
    line = good("collect", "--case", "7", "--", "--help");
    assert_string_equal(line->request.command->words, "collect");
    give_back(line);
}

static void an_error_keeps_the_form_that_was_asked_for(void **state) {
    (void)state;
    struct line *line = parse_with(NULL, WORDS("item", "show", "--bogus", "--json"));
    assert_int_equal(line->code, EX_USAGE);
    assert_non_null(line->request.flag[FLAG_JSON]);
    assert_string_equal(line->request.command->words, "item show");
    give_back(line);
    line = parse_with(NULL, WORDS("--json"));
    assert_int_equal(line->code, EX_OK);
    assert_null(line->request.command);
    give_back(line);
}

static void distance_counts_slips(void **state) {
    (void)state;
    assert_int_equal(cli_distance("", ""), 0);
    assert_int_equal(cli_distance("abc", "abc"), 0);
    assert_int_equal(cli_distance("abc", ""), 3);
    assert_int_equal(cli_distance("abc", "acb"), 1);
    assert_int_equal(cli_distance("kitten", "sitting"), 3);
    char longer[80];
    memset(longer, 'a', 64);
    longer[64] = '\0';
    assert_true(cli_distance(longer, longer) > 1000);
    longer[63] = '\0';
    assert_int_equal(cli_distance(longer, longer), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_one_and_two_words),
        cmocka_unit_test(takes_flags_anywhere_and_with_equals),
        cmocka_unit_test(the_vault_of_the_environment_stands_in),
        cmocka_unit_test(everything_missing_is_named_at_once),
        cmocka_unit_test(a_wrong_word_gets_the_nearest),
        cmocka_unit_test(flags_fit_the_command),
        cmocka_unit_test(operands_fit_the_command),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(only_paths_may_be_other_than_utf8),
        cmocka_unit_test(help_comes_before_everything_else),
        cmocka_unit_test(an_error_keeps_the_form_that_was_asked_for),
        cmocka_unit_test(distance_counts_slips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
