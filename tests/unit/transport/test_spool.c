/* SPDX-License-Identifier: Apache-2.0 */
/* A file without a name gives back what was written, also over what was there, and shows nothing of
 * it on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/spool_internal.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = (3 << 20) + 77 };
static struct ex_error err;

static size_t files_in(const char *dir) {
    size_t count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    assert_int_equal(closedir(d), 0);
    return count;
}

static struct spool *make(char dir[static 64]) {
    struct spool *s = NULL;
    char beside[96];
    (void)snprintf(dir, 64, "/tmp/exhibit-spool.XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(beside, sizeof beside, "%s/p.age", dir);
    assert_int_equal(spool_new(beside, &s, &err), EX_OK);
    return s;
}

static void fill(uint8_t *data) {
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
}

static void what_went_in_comes_out(void **state) {
    static const size_t at[] = {0, 1, 63, 64, 65, 4095, (1 << 20) - 1, 1 << 20, SIZE - 1};
    EX_AUTO_FREE uint8_t *data = ex_new0_bytes(SIZE), *got = ex_new0_bytes(SIZE);
    char dir[64];
    (void)state;
    struct spool *s = make(dir);
    fill(data);
    assert_int_equal(spool_write(s, 0, data, SIZE, &err), EX_OK);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        size_t size = SIZE - at[i] < 200 ? SIZE - at[i] : 200;
        memset(data + at[i], (int)i, size);
        assert_int_equal(spool_write(s, at[i], data + at[i], size, &err), EX_OK);
    }
    assert_int_equal(spool_read(s, 0, got, SIZE, &err), EX_OK);
    assert_memory_equal(got, data, SIZE);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        assert_int_equal(spool_read(s, at[i], got, 1, &err), EX_OK);
        assert_int_equal(got[0], data[at[i]]);
    }
    spool_free(s);
    assert_int_equal(rmdir(dir), 0);
}

static void nobody_else_finds_it_or_reads_it(void **state) {
    static const char word[] = "what is said in an encrypted vault; ";
    EX_AUTO_FREE uint8_t *data = ex_new0_bytes(SIZE);
    struct stat st;
    char dir[64];
    (void)state;
    struct spool *s = make(dir);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)word[i % (sizeof word - 1)];
    assert_int_equal(spool_write(s, 5, data, SIZE, &err), EX_OK);
    assert_int_equal(files_in(dir), 0);
    assert_int_equal(fstat(spool_fd(s), &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_size, SIZE + 5);
    assert_int_equal(pread(spool_fd(s), data, SIZE, 5), SIZE);
    assert_null(memmem(data, SIZE, word, 4));
    spool_free(s);
    assert_int_equal(rmdir(dir), 0);
}

static void a_folder_that_is_not_there_is_an_error(void **state) {
    struct spool *s = NULL;
    (void)state;
    assert_int_equal(spool_new("/nowhere/at/all/p.age", &s, &err), EX_NOT_FOUND);
    assert_null(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_in_comes_out),
        cmocka_unit_test(nobody_else_finds_it_or_reads_it),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
