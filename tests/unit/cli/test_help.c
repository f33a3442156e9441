/* SPDX-License-Identifier: Apache-2.0 */
/* The command table itself, and what help makes of it. */
#include "testing.h"

#include "cli/help.h"
#include "cli/render.h"

static void the_rows_agree_with_each_other(void **state) {
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        assert_true(c->permission < PERMISSION_COUNT);
        assert_true((c->permission == PERMISSION_NONE) == (c->permission_reason != NULL));
        /* Whoever is in office may change their own passphrase, and recovery is for those who can
         * show nothing but the code. */
        if (c->event_shape != EVENT_NONE && c->permission == PERMISSION_NONE &&
            strcmp(c->words, "key passphrase") != 0 && strcmp(c->words, "key recover") != 0)
            fail_msg("%s signs an entry and asks for no permission", c->words);
        for (size_t k = i + 1; k < command_count; k++)
            assert_string_not_equal(c->words, command_table[k].words);
        for (const struct command_flag *f = c->flag; f->need != 0; f++)
            if (f->need == FLAG_REQUIRED)
                assert_non_null(flag_table[f->id].value);
        assert_true(c->run != NULL || strcmp(c->words, "help") == 0);
    }
}

static void every_command_has_its_place_and_its_page(void **state) {
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        if (!cli_help_is_grouped(c))
            fail_msg("%s is not in the overview", c->words);
        if (c->run != NULL && !cli_render_knows(c->schema))
            fail_msg("%s has no renderer", c->schema);
    }
}

static void every_permission_has_a_word(void **state) {
    (void)state;
    assert_string_equal(permission_word(PERMISSION_NONE), "none");
    for (int p = PERMISSION_NONE + 1; p < PERMISSION_COUNT; p++)
        assert_string_not_equal(permission_word((enum permission)p), "none");
}

/* No line is wider than the page, whatever the command. */
static void assert_narrow(const char *text) {
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (cli_width(line, size) > CLI_COLUMNS)
            fail_msg("wider than %d columns: %.*s", CLI_COLUMNS, (int)size, line);
        line += size + (line[size] == '\n');
    }
}

static char *help_about(const char *words, enum flag_id flag) {
    static char copy[64];
    struct ex_error err = {0};
    struct request *request = calloc(1, sizeof *request);
    (void)snprintf(copy, sizeof copy, "%s", words);
    char *space = strchr(copy, ' ');
    if (space != NULL)
        *space = '\0';
    if (copy[0] != '\0')
        request->operand[request->operand_count++] = copy;
    if (space != NULL)
        request->operand[request->operand_count++] = space + 1;
    request->flag[flag] = "";
    struct paper *p = paper_new();
    if (cli_help(&p->page, request, &err) != EX_OK)
        fail_msg("help %s: %s", words, err.text);
    paper_flush(p);
    char *text = strdup(p->out);
    paper_free(p);
    free(request);
    return text;
}

static void each_command_is_explained(void **state) {
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        char *text = help_about(c->words, FLAG_QUIET);
        assert_has(text, "usage: exhibit ");
        assert_has(text, c->words);
        assert_has(text, "Ledger ");
        assert_has(text, "Permission ");
        for (const struct command_flag *f = c->flag; f->need != 0; f++) {
            char flag[40];
            (void)snprintf(flag, sizeof flag, "  --%s", flag_table[f->id].name);
            assert_has(text, flag);
        }
        assert_narrow(text);
        free(text);
    }
}

static void help_tells_ledger_and_permission(void **state) {
    (void)state;
    char *text = help_about("collect", FLAG_QUIET);
    assert_has(text, "collect.intent is written before anything is done,\n");
    assert_has(text, "the officer needs \"collect\"");
    assert_has(text, "usage: exhibit collect --vault DIR [FLAGS] [SOURCE…]");
    free(text);
    text = help_about("item", FLAG_QUIET);
    assert_has(text, "item list");
    assert_has(text, "item show");
    free(text);
}

static void the_matrix_has_a_row_and_a_reason_for_each(void **state) {
    (void)state;
    char *text = help_about("", FLAG_MATRIX);
    for (size_t i = 0; i < command_count; i++)
        assert_has(text, command_table[i].words);
    assert_has(text, "collect             collect    collect.intent, collect.outcome\n");
    assert_has(text, "case new            manage     case.create\n");
    assert_has(text, "version             none       none\n");
    assert_has(text, "no permission: a proof holds hashes only\n");
    assert_narrow(text);
    free(text);
}

static void the_overview_fits(void **state) {
    (void)state;
    char *text = help_about("", FLAG_QUIET);
    assert_has(text, "usage: exhibit COMMAND");
    assert_has(text, "  collect ");
    assert_has(text, "  130 ");
    assert_narrow(text);
    free(text);
}

static void unknown_help_is_a_usage_error(void **state) {
    (void)state;
    struct ex_error err = {0};
    struct request *request = calloc(1, sizeof *request);
    struct paper *p = paper_new();
    request->operand[0] = "colect";
    request->operand_count = 1;
    assert_int_equal(cli_help(&p->page, request, &err), EX_USAGE);
    assert_has(err.hint, "exhibit collect");
    request->operand[0] = "collect";
    request->operand[1] = "twice";
    request->operand_count = 2;
    assert_int_equal(cli_help(&p->page, request, &err), EX_USAGE);
    paper_free(p);
    free(request);
}

static void the_matrix_as_json_has_every_member(void **state) {
    (void)state;
    struct ex_error err = {0};
    struct request *request = calloc(1, sizeof *request);
    json_t *result = NULL;
    assert_int_equal(cli_help_json(request, &result, &err), EX_OK);
    json_t *commands = json_object_get(result, "commands");
    assert_int_equal(json_array_size(commands), command_count);
    static const char *const members[] = {
        "words",        "operands", "permission", "permission_reason", "event_shape", "event",
        "event_reason", "schema",   "summary"};
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(commands, i, row) {
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++)
            assert_non_null(json_object_get(row, members[m]));
        bool silent = json_is_null(json_object_get(row, "event"));
        assert_int_equal(silent, !json_is_null(json_object_get(row, "event_reason")));
    }
    json_decref(result);
    request->operand[0] = "ledger";
    request->operand_count = 1;
    assert_int_equal(cli_help_json(request, &result, &err), EX_OK);
    assert_int_equal(json_array_size(json_object_get(result, "commands")), 5);
    json_decref(result);
    free(request);
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_agree_with_each_other),
        cmocka_unit_test(every_command_has_its_place_and_its_page),
        cmocka_unit_test(every_permission_has_a_word),
        cmocka_unit_test(each_command_is_explained),
        cmocka_unit_test(help_tells_ledger_and_permission),
        cmocka_unit_test(the_matrix_has_a_row_and_a_reason_for_each),
        cmocka_unit_test(the_overview_fits),
        cmocka_unit_test(unknown_help_is_a_usage_error),
        cmocka_unit_test(the_matrix_as_json_has_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
