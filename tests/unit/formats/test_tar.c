/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_tar.h"

static const struct tar_policy ASCII = {.ascii_only = true};
static const struct tar_policy ANY = {0};

/* ---- what is written comes back ---- */

/* Bytes that depend on their place. */
static void fill(uint8_t *to, size_t size) {
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(i * 31 + (i >> 8));
}

static void one_of_size(size_t size, size_t step) {
    struct ex_error err;
    struct bytes b = {.step = step};
    struct tar_writer w;
    EX_AUTO_FREE uint8_t *data = ex_new0_bytes(size + 1), *back = ex_new0_bytes(size + 1);
    fill(data, size);
    tar_writer_init(&w, bytes_add, &b);
    struct tar_member m = {.path = "data/x", .size_bytes = size, .mtime_s = 1, .mode = 0640};
    assert_code(EX_OK, tar_begin(&w, &m, &err));
    assert_code(EX_OK, tar_write(&w, data, size / 2, &err));
    assert_code(EX_OK, tar_write(&w, data + size / 2, size - size / 2, &err));
    assert_code(EX_OK, tar_end(&w, &err));
    add_member(&w, "data/y", "behind");
    assert_code(EX_OK, tar_finish(&w, &err));
    assert_int_equal(b.size % TAR_BLOCK_BYTES, 0);

    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    bool end = true;
    size_t got = 1, all = 0;
    assert_code(EX_OK, tar_reader_new(bytes_give, &b, &ASCII, &r, &err));
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_false(end);
    assert_string_equal(m.path, "data/x");
    assert_int_equal(m.size_bytes, size);
    assert_int_equal(m.mode, 0640);
    assert_int_equal(m.mtime_s, 1);
    for (; got > 0; all += got)
        assert_code(EX_OK, tar_read(r, back + all, size + 1 - all, &got, &err));
    assert_int_equal(all, size);
    assert_memory_equal(back, data, size);
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_string_equal(m.path, "data/y"); /* not read, and yet the end is found */
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_true(end);
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_true(end);
    free(b.data);
}

static void members_come_back(void **state) {
    static const size_t sizes[] = {0, 1, 511, 512, 513, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        one_of_size(sizes[i], 0);
        one_of_size(sizes[i], 7);
    }
}

/* Reads the only member of an archive, which must be accepted. */
static void assert_path_comes_back(const char *path, bool directory, bool extended) {
    struct ex_error err;
    struct bytes b = {0};
    struct tar_writer w;
    tar_writer_init(&w, bytes_add, &b);
    struct tar_member m = {.path = path, .directory = directory, .mtime_s = 5, .mode = 0755};
    assert_code(EX_OK, tar_begin(&w, &m, &err));
    if (!directory)
        assert_code(EX_OK, tar_end(&w, &err));
    assert_code(EX_OK, tar_finish(&w, &err));
    assert_int_equal(b.data[156] == 'x', extended);
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    bool end;
    assert_code(EX_OK, tar_reader_new(bytes_give, &b, &ANY, &r, &err));
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_string_equal(m.path, path);
    assert_int_equal(m.directory, directory);
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_true(end);
    free(b.data);
}

/* A path of so many bytes; each `part` bytes there is a slash. */
static char *long_path(size_t size, size_t part) {
    char *path = ex_new0_bytes(size + 1);
    for (size_t i = 0; i < size; i++)
        path[i] = i % part == part - 1 && i + 1 < size ? '/' : 'p';
    return path;
}

static void paths_come_back(void **state) {
    assert_path_comes_back("a", false, false);
    assert_path_comes_back("a", true, false);
    assert_path_comes_back("data/Ünder/ភាសាខ្មែរ", false, true);
    assert_path_comes_back("data/日本", true, true);
    for (size_t size = 98; size < 104; size++) {
        EX_AUTO_FREE char *whole = long_path(size, 1000), *cut = long_path(size, 50);
        assert_path_comes_back(whole, false, size > 100);
        assert_path_comes_back(whole, true, size > 99);
        assert_path_comes_back(cut, false, false);
        assert_path_comes_back(cut, true, false);
    }
    for (size_t size = 250; size < 260; size++) {
        EX_AUTO_FREE char *path = long_path(size, 5);
        assert_path_comes_back(path, false, size > 255);
        assert_path_comes_back(path, true, size > 254);
    }
    EX_AUTO_FREE char *longest = long_path(TAR_PATH_BYTES_MAX, 100);
    assert_path_comes_back(longest, false, true);
    assert_path_comes_back(longest, true, true);
}

/* ---- beyond 8 GiB ---- */

/* A source and a sink of 9 GiB that keep only the blocks around the zeros. */
struct sparse {
    struct bytes head, tail;
    uint64_t zeros;
    bool inside;
};

static ex_code sparse_add(void *context, const void *data, size_t size, struct ex_error *err) {
    struct sparse *s = context;
    if (s->inside) {
        s->zeros += size;
        return EX_OK;
    }
    return bytes_add(s->zeros > 0 ? &s->tail : &s->head, data, size, err);
}

static ex_code sparse_give(void *context, void *to, size_t size, size_t *ret,
                           struct ex_error *err) {
    struct sparse *s = context;
    EX_TRY(bytes_give(&s->head, to, size, ret, err));
    if (*ret > 0)
        return EX_OK;
    if (s->zeros == 0)
        return bytes_give(&s->tail, to, size, ret, err);
    *ret = size < s->zeros ? size : (size_t)s->zeros;
    memset(to, 0, *ret);
    s->zeros -= *ret;
    return EX_OK;
}

static void write_sparse(struct sparse *s, uint64_t size) {
    static const uint8_t zeros[1 << 20];
    struct ex_error err;
    struct tar_writer w;
    struct tar_member m = {.path = "data/disk.raw", .size_bytes = size, .mtime_s = -7};
    tar_writer_init(&w, sparse_add, s);
    assert_code(EX_OK, tar_begin(&w, &m, &err));
    s->inside = true;
    for (uint64_t left = size, part; left > 0; left -= part) {
        part = left < sizeof zeros ? left : sizeof zeros;
        assert_code(EX_OK, tar_write(&w, zeros, (size_t)part, &err));
    }
    s->inside = false;
    assert_code(EX_OK, tar_end(&w, &err));
    add_member(&w, "data/small", "behind it");
    assert_code(EX_OK, tar_finish(&w, &err));
}

static void a_member_of(uint64_t size, bool extended) {
    struct ex_error err;
    struct sparse s = {0};
    struct tar_member m;
    bool end;
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    write_sparse(&s, size);
    assert_int_equal(s.zeros, size);
    /* The time before 1970 wants an extended header in any case. */
    bool said = memmem(s.head.data, s.head.size, " size=", 6) != NULL;
    assert_int_equal(said, extended);
    assert_code(EX_OK, tar_reader_new(sparse_give, &s, &ASCII, &r, &err));
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_int_equal(m.size_bytes, size);
    assert_int_equal(m.mtime_s, -7);
    assert_code(EX_OK, tar_next(r, &m, &end, &err)); /* past all the zeros */
    assert_string_equal(m.path, "data/small");
    assert_code(EX_OK, tar_next(r, &m, &end, &err));
    assert_true(end);
    free(s.head.data);
    free(s.tail.data);
}

static void beyond_eight_gib(void **state) {
    a_member_of(((uint64_t)1 << 33) - 1, false);
    a_member_of((uint64_t)1 << 33, true);
    a_member_of(((uint64_t)9 << 30) + 3, true);
}

/* ---- the writer keeps its caller to what was said ---- */

static void the_writer_refuses(void **state) {
    struct ex_error err;
    struct bytes b = {0};
    struct tar_writer w;
    struct tar_member m = {.path = "x", .size_bytes = 3};
    tar_writer_init(&w, bytes_add, &b);
    assert_code(EX_USAGE, tar_write(&w, "a", 1, &err));
    assert_code(EX_USAGE, tar_end(&w, &err));
    assert_code(EX_OK, tar_begin(&w, &m, &err));
    assert_code(EX_USAGE, tar_begin(&w, &m, &err));
    assert_code(EX_USAGE, tar_finish(&w, &err));
    assert_code(EX_USAGE, tar_write(&w, "abcd", 4, &err));
    assert_code(EX_OK, tar_write(&w, "ab", 2, &err));
    assert_code(EX_USAGE, tar_end(&w, &err));
    assert_code(EX_OK, tar_write(&w, "c", 1, &err));
    assert_code(EX_OK, tar_end(&w, &err));
    static const char *const bad[] = {"",    "/x",   "../x", "a/../b", "a//b", "./a",
                                      "~/x", "a\\b", "C:x",  "a\nb",   "a/",   "\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        m.path = bad[i];
        assert_code(EX_FORMAT, tar_begin(&w, &m, &err));
    }
    m = (struct tar_member){.path = "d", .directory = true, .size_bytes = 1};
    assert_code(EX_USAGE, tar_begin(&w, &m, &err));
    assert_code(EX_OK, tar_finish(&w, &err));
    assert_code(EX_USAGE, tar_finish(&w, &err));
    assert_code(EX_USAGE, tar_begin(&w, &m, &err));
    free(b.data);
}

static void the_same_bytes_again(void **state) {
    struct ex_error err;
    struct bytes b[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        struct tar_writer w;
        tar_writer_init(&w, bytes_add, &b[i]);
        add_member(&w, "a", "one");
        add_member(&w, "ü", "two");
        assert_code(EX_OK, tar_finish(&w, &err));
    }
    assert_int_equal(b[0].size, b[1].size);
    assert_memory_equal(b[0].data, b[1].data, b[0].size);
    free(b[0].data);
    free(b[1].data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_back),    cmocka_unit_test(paths_come_back),
        cmocka_unit_test(beyond_eight_gib),     cmocka_unit_test(the_writer_refuses),
        cmocka_unit_test(the_same_bytes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
