/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile streams: whatever one says, nothing outside its directory is made, changed or followed.
 */
#include "../crypto/testing.h"

#include "transport/restore_internal.h"

#include <sys/stat.h>
#include <unistd.h>

struct place {
    char root[64], inside[80], outside[80];
    struct restore_report report;
    struct tar_buffer stream;
};

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    (void)snprintf(p->root, sizeof p->root, "/tmp/exhibit-restore-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    (void)snprintf(p->inside, sizeof p->inside, "%s/inside", p->root);
    (void)snprintf(p->outside, sizeof p->outside, "%s/outside", p->root);
    assert_int_equal(mkdir(p->inside, 0700), 0);
    assert_int_equal(mkdir(p->outside, 0700), 0);
    *state = p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->root);
    (void)!system(command);
    free(p->stream.data);
    free(p);
    return 0;
}

static void put(struct place *p, const struct tar_entry *e, const char *content) {
    struct ex_error err;
    uint64_t stored;
    struct tar_buffer *b = &p->stream;
    assert_code(EX_OK, tar_entry_render(e, 1, b->size_bytes, 0, b, &stored, &err));
    size_t size = content != NULL ? strlen(content) : 0, padded = (size + 511) / 512 * 512;
    assert_int_equal(stored, size);
    assert_code(EX_OK, ex_grow(&b->data, &b->capacity, b->size_bytes + padded + 1024, 1, 1 << 20,
                               "a test", &err));
    memset(b->data + b->size_bytes, 0, padded + 1024);
    if (size > 0)
        memcpy(b->data + b->size_bytes, content, size);
    b->size_bytes += padded;
}

static void put_file(struct place *p, const char *path, const char *content) {
    put(p,
        &(struct tar_entry){.type = '0',
                            .path = path,
                            .size_bytes = strlen(content),
                            .mode = 0644,
                            .uid = geteuid(),
                            .gid = getegid()},
        content);
}

static void put_directory(struct place *p, const char *path, uint32_t mode) {
    put(p,
        &(struct tar_entry){
            .type = '5', .path = path, .mode = mode, .uid = geteuid(), .gid = getegid()},
        NULL);
}

static void put_symlink(struct place *p, const char *path, const char *link) {
    put(p,
        &(struct tar_entry){.type = '2',
                            .path = path,
                            .link = link,
                            .mode = 0777,
                            .uid = geteuid(),
                            .gid = getegid()},
        NULL);
}

static ex_code restore(struct place *p, struct ex_error *err) {
    struct restore_tree tree;
    struct tar_entries *t = NULL;
    const struct tar_entry_sink sink = {&tree, restore_begin, restore_data, restore_end};
    int fd = open(p->inside, O_RDONLY | O_DIRECTORY);
    p->stream.size_bytes += 1024; /* put() left zeros there */
    restore_tree_init(&tree, fd, &p->report);
    ex_code code = tar_entries_new(&sink, &t, err);
    if (code == EX_OK)
        code = tar_entries_feed(t, p->stream.data, p->stream.size_bytes, err);
    if (code == EX_OK)
        code = tar_entries_finish(t, err);
    if (code == EX_OK)
        code = restore_finish(&tree, err);
    tar_entries_free(t);
    restore_tree_clear(&tree);
    ex_fd_close(fd);
    return code;
}

static bool outside_is_empty(const struct place *p) {
    return rmdir(p->outside) == 0 && mkdir(p->outside, 0700) == 0;
}

static bool there(const struct place *p, const char *path) {
    char whole[256];
    struct stat st;
    (void)snprintf(whole, sizeof whole, "%s/%s", p->inside, path);
    return lstat(whole, &st) == 0;
}

static void test_through_a_link(void **state) {
    struct place *p = *state;
    struct ex_error err;
    put_directory(p, "content", 0755);
    put_symlink(p, "content/way", p->outside);
    put_file(p, "content/way/file", "x");
    assert_code(EX_FORMAT, restore(p, &err));
    assert_true(outside_is_empty(p));
}

static void test_over_a_link(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char target[100];
    (void)snprintf(target, sizeof target, "%s/new", p->outside);
    put_directory(p, "content", 0755);
    put_symlink(p, "content/file", target);
    put_file(p, "content/file", "x");
    assert_code(EX_FORMAT, restore(p, &err));
    assert_true(outside_is_empty(p));
}

static void test_hard_link_through_a_link(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char secret[100];
    (void)snprintf(secret, sizeof secret, "%s/secret", p->outside);
    FILE *f = fopen(secret, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    put_directory(p, "content", 0755);
    put_symlink(p, "content/way", p->outside);
    put(p, &(struct tar_entry){.type = '1', .path = "content/h", .link = "content/way/secret"},
        NULL);
    assert_code(EX_FORMAT, restore(p, &err));
    assert_false(there(p, "content/h"));
    assert_int_equal(unlink(secret), 0);
}

/* A hard link to a symbolic link is one, and does not lead where that leads. */
static void test_hard_link_to_a_link(void **state) {
    struct place *p = *state;
    struct ex_error err;
    put_directory(p, "content", 0755);
    put_symlink(p, "content/way", "/etc/passwd");
    put(p, &(struct tar_entry){.type = '1', .path = "content/h", .link = "content/way"}, NULL);
    assert_code(EX_OK, restore(p, &err));
    char path[128], target[64] = "";
    (void)snprintf(path, sizeof path, "%s/content/h", p->inside);
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_string_equal(target, "/etc/passwd");
}

static void test_twice_and_nowhere(void **state) {
    struct place *p = *state;
    struct ex_error err;
    put_directory(p, "content", 0755);
    put_file(p, "content/a", "first");
    put_file(p, "content/a", "second");
    assert_code(EX_FORMAT, restore(p, &err));
    p->stream.size_bytes = 0;
    put_file(p, "content/no/such", "x");
    assert_code(EX_FORMAT, restore(p, &err));
}

/* A directory that may not be written to gets that mode once everything is in it. */
static void test_closed_directory(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct stat st;
    char path[128];
    put_directory(p, "content", 0755);
    put_directory(p, "content/closed", 0500);
    put_file(p, "content/closed/a", "x");
    put_file(p, "content/z", "y");
    assert_code(EX_OK, restore(p, &err));
    assert_true(there(p, "content/closed/a") && there(p, "content/z"));
    assert_int_equal(p->report.files, 2);
    assert_int_equal(p->report.not_restored, 0);
    (void)snprintf(path, sizeof path, "%s/content/closed", p->inside);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0500);
}

/* What the system does not take is listed, and the rest goes on. */
static void test_listed(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static const struct tar_entry_xattr x = {"nosuch.name", (const uint8_t *)"v", 1};
    put_directory(p, "content", 0755);
    put(p,
        &(struct tar_entry){.type = '0',
                            .path = "content/a",
                            .mode = 0600,
                            .uid = geteuid(),
                            .gid = getegid(),
                            .xattr = &x,
                            .xattr_count = 1},
        NULL);
    assert_code(EX_OK, restore(p, &err));
    assert_int_equal(p->report.not_restored, 1);
    assert_true(there(p, RESTORE_LIST) && there(p, "content/a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_through_a_link, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_over_a_link, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_hard_link_through_a_link, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_hard_link_to_a_link, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_twice_and_nowhere, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_closed_directory, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_listed, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
