/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/progress.h"

#include <errno.h>

/* The exit statuses are promised to scripts: this list is a second copy of the table on purpose. */
static const struct {
    ex_code code;
    int exit_status, http_status;
    const char *name;
} promised[] = {
    {EX_OK, 0, 200, "ok"},
    {EX_IO, 1, 500, "io"},
    {EX_NOMEM, 1, 507, "no-memory"},
    {EX_SPACE, 1, 507, "disk-full"},
    {EX_LIMIT, 1, 413, "limit"},
    {EX_EXISTS, 1, 409, "exists"},
    {EX_SOURCE, 1, 409, "source-changed"},
    {EX_INTERNAL, 1, 500, "internal"},
    {EX_USAGE, 2, 400, "usage"},
    {EX_PARTIAL, 3, 200, "partial"},
    {EX_FORMAT, 4, 422, "format"},
    {EX_ALTERED, 4, 409, "altered"},
    {EX_MISSING, 4, 410, "missing"},
    {EX_SIGNATURE, 5, 403, "signature"},
    {EX_NOT_FOUND, 6, 404, "not-found"},
    {EX_DENIED, 7, 403, "denied"},
    {EX_BUSY, 8, 423, "busy"},
    {EX_UNSUPPORTED, 9, 501, "unsupported"},
    {EX_INTERRUPTED, 130, 499, "interrupted"},
};

static void the_table_is_what_was_promised(void **state) {
    assert_int_equal(sizeof promised / sizeof promised[0], EX_CODE_COUNT);
    for (size_t i = 0; i < EX_CODE_COUNT; i++) {
        ex_code code = promised[i].code;
        assert_int_equal(code, i);
        assert_int_equal(ex_code_exit_status(code), promised[i].exit_status);
        assert_int_equal(ex_code_http_status(code), promised[i].http_status);
        assert_string_equal(ex_code_name(code), promised[i].name);
        assert_true(ex_code_anchor(code)[0] != '\0');
    }
}

static void names_are_unique(void **state) {
    for (int a = 0; a < EX_CODE_COUNT; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(ex_code_name((ex_code)a), ex_code_name((ex_code)b));
    }
}

static void a_code_out_of_the_table_is_internal(void **state) {
    assert_string_equal(ex_code_name((ex_code)EX_CODE_COUNT), "internal");
    assert_int_equal(ex_code_exit_status((ex_code)-1), 1);
}

static void a_failure_is_filled_once(void **state) {
    struct ex_error err = {0};
    memset(&err, 'x', sizeof err);
    assert_int_equal(ex_fail(&err, EX_BUSY, "could not %s %d", "count", 7), EX_BUSY);
    assert_int_equal(err.code, EX_BUSY);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.text, "could not count 7");
    assert_string_equal(err.hint, "");
    assert_memory_equal(err.at, "test_error.c:", 13);
    assert_int_equal(ex_hint(EX_BUSY, &err, "wait %d s", 3), EX_BUSY);
    assert_string_equal(err.hint, "wait 3 s");
}

static void no_error_struct_is_fine(void **state) {
    errno = ENOENT;
    assert_int_equal(ex_fail(NULL, EX_IO, "x"), EX_IO);
    assert_int_equal(ex_fail_sys(NULL, "x"), EX_NOT_FOUND);
    assert_int_equal(ex_hint(EX_IO, NULL, "x"), EX_IO);
}

static void errno_becomes_a_code(void **state) {
    static const struct {
        int sys;
        ex_code code;
    } rows[] = {{ENOSPC, EX_SPACE},      {EDQUOT, EX_SPACE},  {ENOENT, EX_NOT_FOUND},
                {ENOTDIR, EX_NOT_FOUND}, {EACCES, EX_DENIED}, {EROFS, EX_DENIED},
                {EEXIST, EX_EXISTS},     {ENOMEM, EX_NOMEM},  {EIO, EX_IO}};
    struct ex_error err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[128];
        errno = rows[i].sys;
        assert_code(rows[i].code, ex_fail_sys(&err, "could not read"));
        assert_int_equal(err.sys, rows[i].sys);
        (void)snprintf(expected, sizeof expected, "could not read: %s", strerror(rows[i].sys));
        assert_string_equal(err.text, expected);
        assert_int_equal(err.hint[0] != '\0', rows[i].code == EX_SPACE);
    }
}

static void long_texts_are_cut(void **state) {
    char big[1000];
    struct ex_error err;
    memset(big, 'b', sizeof big);
    big[sizeof big - 1] = '\0';
    errno = EIO;
    assert_code(EX_IO, ex_fail_sys(&err, "%s", big));
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(ex_hint(EX_IO, &err, "%s", big), EX_IO);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
}

static ex_code two_steps(bool fail_first, int *ran, struct ex_error *err) {
    EX_TRY(fail_first ? ex_fail(err, EX_DENIED, "the first step failed") : EX_OK);
    ++*ran;
    return EX_OK;
}

static void try_goes_up_at_once(void **state) {
    struct ex_error err;
    int ran = 0;
    assert_code(EX_DENIED, two_steps(true, &ran, &err));
    assert_int_equal(ran, 0);
    assert_code(EX_OK, two_steps(false, &ran, &err));
    assert_int_equal(ran, 1);
}

static void count_shows(struct ex_progress *progress, void *context) {
    ++*(int *)context;
}

static void progress_counts_and_stops(void **state) {
    struct ex_error err;
    int shows = 0;
    struct ex_progress p = {.show = count_shows, .context = &shows};
    assert_code(EX_OK, ex_progress_step(NULL, 10, &err));
    assert_code(EX_OK, ex_progress_step(&p, 10, &err));
    assert_code(EX_OK, ex_progress_step(&p, 5, &err));
    assert_int_equal(p.done_bytes, 15);
    assert_int_equal(shows, 2);
    p.stop = true;
    assert_code(EX_INTERRUPTED, ex_progress_step(&p, 1, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_what_was_promised),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(a_code_out_of_the_table_is_internal),
        cmocka_unit_test(a_failure_is_filled_once),
        cmocka_unit_test(no_error_struct_is_fine),
        cmocka_unit_test(errno_becomes_a_code),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(try_goes_up_at_once),
        cmocka_unit_test(progress_counts_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
