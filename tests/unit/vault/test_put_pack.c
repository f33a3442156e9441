/* SPDX-License-Identifier: Apache-2.0 */
/* However the bytes of a pack go to the disk, the file has them all, in order. */
#include "testing_vault.h"

#include "vault/put_internal.h"

#include <fcntl.h>

enum way { DIRECT, CACHED, REFUSED, WAYS };

/* Parts of every size around whole buffers and pages; a sync after each third. */
static void write_pack(struct pack_out *o, int dir_fd, const char *name, enum way way,
                       const uint8_t *data, size_t size) {
    const size_t part[] = {1, 4095, 4096, 262144, PACK_OUT_BYTES, 300001, 2 * PACK_OUT_BYTES + 5};
    struct ex_error err;
    assert_code(EX_OK, pack_out_begin(o, dir_fd, name, &err));
    if (way == CACHED) {
        ex_fd_close(o->direct_fd);
        o->direct_fd = -1;
    }
    for (size_t at = 0, i = 0, n; at < size; at += n, i++) {
        n = part[i % (sizeof part / sizeof *part)];
        n = n < size - at ? n : size - at;
        assert_code(EX_OK, pack_out_add(o, data + at, n, name, &err));
        if (i % 3 == 2) {
            assert_code(EX_OK, pack_out_sync(o, false, name, &err));
            assert_true(o->handed_bytes + o->waiting_bytes == at + n);
            assert_true(o->waiting_bytes < PACK_OUT_BYTES);
        }
    }
    assert_code(EX_OK, pack_out_sync(o, true, name, &err));
    assert_true(o->handed_bytes == size);
    assert_int_equal(o->waiting_bytes, 0);
}

static void compare_file(int dir_fd, const char *name, const uint8_t *data, size_t size) {
    EX_AUTO_FREE uint8_t *back = malloc(size + 1);
    EX_AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    struct ex_error err;
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, size);
    assert_code(EX_OK, ex_read_at(fd, back, size, 0, name, &err));
    assert_memory_equal(back, data, size);
}

static void every_way_writes_the_same_bytes(void **state) {
    enum { SIZE = 5 * PACK_OUT_BYTES + 12345 };
    static const char *const NAME[WAYS] = {"direct", "cached", "refused"};
    const struct place *p = *state;
    EX_AUTO_FREE uint8_t *data = mixed(9, SIZE);
    EX_AUTO_FD int dir_fd = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (enum way way = 0; way < WAYS; way++) {
        struct pack_out o = {.fd = -1, .direct_fd = -1};
        EX_AUTO_FREE uint8_t *even =
            aligned_alloc(PACK_OUT_ALIGN_BYTES, PACK_OUT_BYTES + PACK_OUT_ALIGN_BYTES);
        if (way == REFUSED) /* nothing is written directly from an odd address */
            o.waiting = even + 1;
        write_pack(&o, dir_fd, NAME[way], way, data, SIZE);
        if (way == REFUSED)
            o.waiting = NULL;
        pack_out_free(&o);
        compare_file(dir_fd, NAME[way], data, SIZE);
    }
}

/* Nothing of a pack that was given up is in the next one. */
static void the_next_pack_begins_empty(void **state) {
    const struct place *p = *state;
    const uint8_t first[5000] = {1}, second[10] = {2};
    struct pack_out o = {.fd = -1, .direct_fd = -1};
    struct ex_error err;
    EX_AUTO_FD int dir_fd = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_code(EX_OK, pack_out_begin(&o, dir_fd, "first", &err));
    assert_code(EX_OK, pack_out_add(&o, first, sizeof first, "first", &err));
    pack_out_close(&o);
    assert_code(EX_OK, pack_out_begin(&o, dir_fd, "second", &err));
    assert_code(EX_OK, pack_out_add(&o, second, sizeof second, "second", &err));
    assert_code(EX_OK, pack_out_sync(&o, true, "second", &err));
    pack_out_free(&o);
    compare_file(dir_fd, "second", second, sizeof second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(every_way_writes_the_same_bytes),
        place_test(the_next_pack_begins_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
