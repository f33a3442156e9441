/* SPDX-License-Identifier: Apache-2.0 */
#include "../crypto/testing.h"

#include "transport/keeper_internal.h"

#include <unistd.h>

static int new_file(void) {
    char name[] = "/tmp/exhibit-keeper.XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)unlink(name);
    return fd;
}

/* Several files; the beginning of each is written last, as the head of a section is. */
static void hashes(void **state) {
    enum { FILES = 9, SIZE = 3000000 };
    struct ex_error err;
    struct keeper *k = NULL;
    uint8_t *data = malloc(SIZE), sum[FILES][SHA256_BYTES], expected[SHA256_BYTES];
    assert_code(EX_OK, keeper_new(&k, &err));
    for (int i = 0; i < FILES; i++) {
        size_t size = (size_t)(SIZE / (i + 1)), head = size < 76 ? size : 76;
        memset(data, 'a' + i, size);
        assert_code(EX_OK, keeper_begin(k, new_file(), "a file", sum[i], &err));
        assert_code(EX_OK, keeper_write(k, head, data, size - head, &err));
        assert_code(EX_OK, keeper_write(k, 0, data, head, &err));
        assert_code(EX_OK, keeper_settled(k, size / 2, false, &err));
        assert_code(EX_OK, keeper_settled(k, size, true, &err));
    }
    assert_code(EX_OK, keeper_finish(k, &err));
    keeper_free(k);
    for (int i = 0; i < FILES; i++) {
        size_t size = (size_t)(SIZE / (i + 1));
        memset(data, 'a' + i, size);
        sha256_of(data, size, expected);
        assert_memory_equal(sum[i], expected, SHA256_BYTES);
    }
    free(data);
}

static void nothing(void **state) {
    struct ex_error err;
    struct keeper *k = NULL;
    uint8_t sum[SHA256_BYTES], expected[SHA256_BYTES];
    assert_code(EX_OK, keeper_new(&k, &err));
    assert_code(EX_OK, keeper_begin(k, new_file(), "a file", sum, &err));
    assert_code(EX_OK, keeper_settled(k, 0, true, &err));
    assert_code(EX_OK, keeper_finish(k, &err));
    keeper_free(k);
    sha256_of("", 0, expected);
    assert_memory_equal(sum, expected, sizeof sum);
}

/* What cannot be read again is a failure, with a later call at the latest. */
static void not_what_was_written(void **state) {
    struct ex_error err;
    struct keeper *k = NULL;
    uint8_t sum[SHA256_BYTES];
    assert_code(EX_OK, keeper_new(&k, &err));
    assert_code(EX_OK, keeper_begin(k, new_file(), "a file", sum, &err));
    assert_code(EX_OK, keeper_write(k, 0, "abc", 3, &err));
    assert_code(EX_OK, keeper_settled(k, 4, true, &err));
    assert_code(EX_ALTERED, keeper_finish(k, &err));
    keeper_free(k);
}

/* Given up in the middle: the thread ends, the files are closed. */
static void given_up(void **state) {
    struct ex_error err;
    struct keeper *k = NULL;
    uint8_t sum[2][SHA256_BYTES];
    assert_code(EX_OK, keeper_new(&k, &err));
    assert_code(EX_OK, keeper_begin(k, new_file(), "a file", sum[0], &err));
    assert_code(EX_OK, keeper_settled(k, 0, true, &err));
    assert_code(EX_OK, keeper_begin(k, new_file(), "a file", sum[1], &err));
    assert_code(EX_OK, keeper_write(k, 0, "abc", 3, &err));
    assert_code(EX_OK, keeper_settled(k, 3, false, &err));
    keeper_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(nothing),
        cmocka_unit_test(not_what_was_written),
        cmocka_unit_test(given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
