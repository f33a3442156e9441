/* SPDX-License-Identifier: Apache-2.0 */
/* Bags out of streams, trees and directories. */
#include "testing_bag.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- streams ---- */

static void hashed_elsewhere(void **state) {
    struct bag b = sound_bag();
    struct ex_error err;
    uint8_t digest[SHA256_BYTES];
    for (int wrong = 0; wrong < 2; wrong++) {
        EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
        assert_code(EX_OK, bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, &err));
        for (size_t i = 0; i < b.count; i++) {
            const char *path = b.file[i].path, *text = b.file[i].text;
            sha256_of(text, strlen(text) - (size_t)wrong, digest);
            if (strncmp(path, "data/", 5) == 0)
                assert_code(EX_OK,
                            bagit_check_hashed(c, path, strlen(path), strlen(text), digest, &err));
            else
                feed(c, path, text);
        }
        assert_code(EX_USAGE, bagit_check_hashed(c, "fetch.txt", 9, 0, digest, &err));
        struct bagit_report *r = finish(c);
        assert_int_equal(r->grade == BAGIT_INVALID, wrong == 1);
        assert_int_equal(r->good_files, wrong == 1 ? 0 : 2);
        bagit_report_free(r);
    }
}

static void things_that_are_no_files(void **state) {
    struct bag b = sound_bag();
    struct ex_error err;
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    assert_code(EX_OK, bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, &err));
    for (size_t i = 0; i < b.count; i++)
        feed(c, b.file[i].path, b.file[i].text);
    assert_code(EX_OK, bagit_check_refused(c, "data/link", 9, "is a symbolic link", &err));
    judged(finish(c), BAGIT_INVALID, BAGIT_NOT_A_FILE, "data/link");
}

/* A file of which half was read is not a wrong file, and not a right one. */
static void half_read(void **state) {
    static const char *const names[] = {"data/one", "manifest-sha256.txt", "bagit.txt",
                                        "bag-info.txt"};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        struct bag b = sound_bag();
        struct ex_error err;
        EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
        assert_code(EX_OK, bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, &err));
        for (size_t i = 0; i < b.count; i++) {
            const char *path = b.file[i].path;
            if (strcmp(path, names[n]) != 0) {
                feed(c, path, b.file[i].text);
                continue;
            }
            assert_code(EX_OK, bagit_check_begin(c, path, strlen(path), &err));
            assert_code(EX_OK, bagit_check_data(c, b.file[i].text, 3, &err));
            assert_code(EX_OK, bagit_check_unread(c, path, strlen(path), "a bad sector", &err));
        }
        judged(finish(c), BAGIT_NOT_CHECKED, BAGIT_NOT_READ, names[n]);
    }
}

static void misuse(void **state) {
    struct ex_error err;
    struct bagit_report *r = NULL;
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    assert_code(EX_OK, bagit_check_new(0, &c, &err));
    assert_code(EX_USAGE, bagit_check_data(c, "x", 1, &err));
    assert_code(EX_USAGE, bagit_check_end(c, &err));
    assert_code(EX_OK, bagit_check_begin(c, "x", 1, &err));
    assert_code(EX_USAGE, bagit_check_begin(c, "y", 1, &err));
    assert_code(EX_USAGE, bagit_check_finish(c, &r, &err));
}

/* More findings than are kept: all are counted, and none of another grade is lost. */
static void many_findings(void **state) {
    struct bag b = sound_bag();
    struct ex_error err;
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    assert_code(EX_OK, bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, &err));
    for (int i = 0; i < 300; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "note-%d", i);
        feed(c, name, "x");
    }
    strcpy(text_of(&b, "data/one"), "hellO");
    for (size_t i = 0; i < b.count; i++)
        feed(c, b.file[i].path, b.file[i].text);
    struct bagit_report *r = finish(c);
    assert_int_equal(r->left_out, 50);
    assert_int_equal(r->of_grade[BAGIT_WARNING], 300);
    assert_int_equal(r->count, 251);
    assert_int_equal(r->findings[0].grade, BAGIT_INVALID);
    judged(r, BAGIT_INVALID, BAGIT_DIFFERS, "data/one");
}

/* ---- directories ---- */

static void write_bag(int dir, const struct bag *b) {
    struct ex_error err;
    for (size_t i = 0; i < b->count; i++) {
        assert_code(EX_OK, ex_make_parents(dir, b->file[i].path, &err));
        assert_code(EX_OK, ex_write_file(dir, b->file[i].path, b->file[i].text,
                                         strlen(b->file[i].text), EX_WRITE_REPLACE, &err));
    }
}

static struct bagit_report *verdict_of_dir(int dir) {
    struct ex_error err;
    struct bagit_report *r = NULL;
    assert_code(EX_OK, bagit_check_dir(dir, &r, &err));
    return r;
}

static void a_directory(void **state) {
    char path[] = "/tmp/exhibit-bagit.XXXXXX";
    struct ex_error err;
    EX_AUTO_FD int dir = -1;
    assert_non_null(mkdtemp(path));
    assert_code(EX_OK, ex_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, &dir, &err));
    struct bag b = sound_bag();
    write_bag(dir, &b);
    struct bagit_report *r = verdict_of_dir(dir);
    if (r->grade != BAGIT_VALID)
        print(r);
    assert_int_equal(r->grade, BAGIT_VALID);
    assert_int_equal(r->good_files, 2);
    bagit_report_free(r);

    /* A link to the very bytes that belong there is still a link. */
    assert_int_equal(symlinkat("one", dir, "data/link"), 0);
    judged(verdict_of_dir(dir), BAGIT_INVALID, BAGIT_NOT_A_FILE, "data/link");
    assert_int_equal(unlinkat(dir, "data/link", 0), 0);
    assert_int_equal(renameat(dir, "data/one", dir, "moved"), 0);
    assert_int_equal(symlinkat("../moved", dir, "data/one"), 0);
    judged(verdict_of_dir(dir), BAGIT_INVALID, BAGIT_NOT_A_FILE, "data/one");
    assert_int_equal(unlinkat(dir, "data/one", 0), 0);
    assert_int_equal(renameat(dir, "moved", dir, "data/one"), 0);
    assert_int_equal(renameat(dir, "data", dir, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", dir, "data"), 0);
    judged(verdict_of_dir(dir), BAGIT_INVALID, BAGIT_NOT_A_FILE, "data");
    assert_int_equal(unlinkat(dir, "data", 0), 0);
    assert_int_equal(renameat(dir, "elsewhere", dir, "data"), 0);
    /* Nothing waits for a pipe. */
    assert_int_equal(mkfifoat(dir, "data/pipe", 0600), 0);
    judged(verdict_of_dir(dir), BAGIT_INVALID, BAGIT_NOT_A_FILE, "data/pipe");
    assert_int_equal(unlinkat(dir, "data/pipe", 0), 0);
    r = verdict_of_dir(dir);
    assert_int_equal(r->grade, BAGIT_VALID);
    bagit_report_free(r);
    for (size_t i = 0; i < b.count; i++)
        assert_true(ex_remove(dir, b.file[i].path, false));
    assert_true(ex_remove(dir, "data", true));
    assert_int_equal(rmdir(path), 0);
}

/* A tree whose file turns into something else, or fails, between listing and reading. */
struct tree {
    unsigned at;
    ex_code open, read;
};

static ex_code tree_next(void *context, const char **ret_path, enum bagit_what *ret_what,
                         struct ex_error *err) {
    struct tree *t = context;
    (void)err;
    *ret_path = t->at++ == 0 ? "data/x" : NULL;
    *ret_what = BAGIT_FILE;
    return EX_OK;
}

static ex_code tree_open(void *context, const char *path, struct ex_error *err) {
    const struct tree *t = context;
    return t->open == EX_OK ? EX_OK : ex_fail(err, t->open, "no %s", path);
}

static ex_code tree_read(void *context, void *to, size_t size, size_t *ret, struct ex_error *err) {
    const struct tree *t = context;
    (void)to;
    (void)size;
    *ret = 0;
    return t->read == EX_OK ? EX_OK : ex_fail(err, t->read, "no");
}

static void tree_close(void *context) {
    (void)context;
}

static void trees_that_fail(void **state) {
    static const struct {
        ex_code open, read, result;
    } cases[] = {{EX_ALTERED, EX_OK, EX_OK},
                 {EX_DENIED, EX_OK, EX_OK},
                 {EX_OK, EX_IO, EX_OK},
                 {EX_NOMEM, EX_OK, EX_NOMEM},
                 {EX_OK, EX_INTERRUPTED, EX_INTERRUPTED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tree t = {.open = cases[i].open, .read = cases[i].read};
        struct bagit_tree tree = {&t, tree_next, tree_open, tree_read, tree_close};
        struct bagit_report *r = NULL;
        struct ex_error err;
        assert_code(cases[i].result, bagit_check_tree(&tree, &r, &err));
        if (r != NULL)
            assert_non_null(find(r, BAGIT_NOT_READ, "data/x"));
        bagit_report_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashed_elsewhere), cmocka_unit_test(things_that_are_no_files),
        cmocka_unit_test(half_read),        cmocka_unit_test(misuse),
        cmocka_unit_test(many_findings),    cmocka_unit_test(a_directory),
        cmocka_unit_test(trees_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
