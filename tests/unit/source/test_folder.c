/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a folder between one read of it and the next. */
#include "testing.h"

#include "source/folder_internal.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 3 << 20, PIECE = 1 << 16 };

struct place {
    char root[64], file[80];
};

static void fill(const struct place *p) {
    FILE *f = fopen(p->file, "wb");
    assert_non_null(f);
    for (int i = 0; i < LARGE / 8; i++)
        (void)fprintf(f, "%07d\n", i);
    assert_int_equal(fclose(f), 0);
}

static int make_place(void **state) {
    struct place *p = ex_new0(struct place);
    (void)snprintf(p->root, sizeof p->root, "/tmp/exhibit-folder-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    (void)snprintf(p->file, sizeof p->file, "%s/large", p->root);
    fill(p);
    *state = p;
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    (void)unlink(p->file);
    (void)rmdir(p->root);
    free(p);
    return 0;
}

static struct source *open_it(const struct place *p) {
    struct folder_selection all;
    struct source *s = NULL;
    struct ex_error err;
    folder_selection_init(&all);
    assert_code(EX_OK, source_open_folder(p->root, &all, -1, &s, &err));
    return s;
}

/* To its end, with `meddle` once the first piece came; how many bytes there were, and of these
 * those that are said not to have been read. */
static uint64_t read_all(struct source *s, const struct place *p, void (*meddle)(const char *file),
                         uint64_t *ret_unread) {
    uint8_t *piece = ex_new0_bytes(PIECE);
    uint64_t total = 0;
    size_t got, count;
    struct ex_error err;
    for (bool first = true;; first = false) {
        assert_code(EX_OK, source_read(s, piece, PIECE, &got, &err));
        if (got == 0)
            break;
        total += got;
        if (first && meddle != NULL)
            meddle(p->file);
    }
    const struct source_range *bad = source_unreadable(s, &count);
    *ret_unread = 0;
    for (size_t i = 0; i < count; i++)
        *ret_unread += bad[i].length;
    free(piece);
    return total;
}

static void cut(const char *file) {
    assert_int_equal(truncate(file, 1 << 20), 0);
}

static void grow(const char *file) {
    FILE *f = fopen(file, "ab");
    assert_non_null(f);
    assert_true(fputs("more", f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void go(const char *file) {
    assert_int_equal(unlink(file), 0);
}

/* As many bytes as the header announced, whatever happens. */
static void test_changes(void **state) {
    static const struct {
        void (*meddle)(const char *file);
        uint64_t changed, padded, unread;
    } rows[] = {{NULL, 0, 0, 0}, {grow, 1, 0, 0}, {cut, 1, 1, 2 << 20}, {go, 1, 0, 0}};
    const struct place *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct folder_report r;
        uint64_t unread;
        fill(p);
        struct source *s = open_it(p);
        uint64_t total = read_all(s, p, rows[i].meddle, &unread);
        assert_true(source_folder_report(s, &r));
        assert_true(total > LARGE && total % 512 == 0);
        assert_int_equal(r.files, 1);
        assert_int_equal(r.content_bytes, LARGE);
        assert_int_equal(r.changed, rows[i].changed);
        assert_int_equal(r.padded, rows[i].padded);
        assert_int_equal(unread, rows[i].unread);
        assert_int_equal(folder_report_is_partial(&r), rows[i].changed > 0);
        source_close(s);
    }
}

static void test_stopped(void **state) {
    uint8_t *piece = ex_new0_bytes(PIECE);
    size_t got;
    struct ex_error err;
    struct source *s = open_it(*state);
    assert_code(EX_OK, source_read(s, piece, PIECE, &got, &err));
    source_close(s); /* with everything that its threads still hold */
    free(piece);
}

/* A file can have places that gave errors, and have become shorter besides. */
static void test_both_kinds_of_ranges(void **state) {
    static const char wanted[] = "\"unreadable\":[[4096,4096]],\"missing\":[[8192,100]]";
    const struct tar_entry_range bad = {4096, 4096}, missing = {8192, 100};
    const struct folder_file_end end = {
        .bad = &bad, .bad_count = 1, .missing = &missing, .missing_count = 1};
    const struct folder_content content = {.end = &end};
    char path[] = "a";
    struct folder_entry e = {.path = path, .fd = -1};
    struct folder *f = ex_new0(struct folder);
    struct ex_error err;
    (void)state;
    e.st.stx_mode = S_IFREG | 0644;
    e.st.stx_size = 8292;
    assert_code(EX_OK, folder_spool_new(-1, &f->listing, &err));
    assert_code(EX_OK, folder_list_entry(f, &e, &content, &err));
    assert_non_null(memmem(f->text.data, f->text.size_bytes, wanted, sizeof wanted - 1));
    folder_spool_free(f->listing);
    free(f->text.data);
    free(f);
}

static void test_no_folder(void **state) {
    const struct place *p = *state;
    struct folder_selection all;
    struct source *s = NULL;
    struct ex_error err;
    folder_selection_init(&all);
    assert_code(EX_UNSUPPORTED, source_open_folder(p->file, &all, -1, &s, &err));
    assert_code(EX_NOT_FOUND, source_open_folder("/nowhere", &all, -1, &s, &err));
    assert_null(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stopped, make_place, remove_place),
        cmocka_unit_test(test_both_kinds_of_ranges),
        cmocka_unit_test_setup_teardown(test_no_folder, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
