/* SPDX-License-Identifier: Apache-2.0 */
/* Hash sets: what is made of hashes in any order, what is answered, and what damage does. */
#include "../crypto/testing.h"

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "formats/hashset_internal.h"
#include "formats/hashset_make.h"

#include <sys/mman.h>
#include <unistd.h>

typedef uint8_t hash_t[HASHSET_HASH_BYTES];
enum { SMALL = 4096, LARGE = 64 << 20 };

static void number(uint32_t n, hash_t ret) {
    uint8_t text[4];
    ex_put_le32(text, n);
    sha256_of(text, sizeof text, ret);
}

static struct hashset_head some_head(void) {
    struct hashset_head h = {
        .meaning = HASHSET_KNOWN, .name = "a set", .version = "7", .source_count = 2};
    memset(h.source[0].sha256, 0xbb, 32);
    h.source[0].size_bytes = 3;
    memset(h.source[1].sha256, 0xaa, 32);
    return h;
}

static int empty_file(void) {
    int fd = memfd_create("set", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* Hashes `step` apart, so that the order is another one; each twice. */
static int make(uint32_t count, uint32_t step, size_t memory, uint8_t identity[static 32]) {
    EX_AUTO(hashset_maker_free) struct hashset_maker *m = NULL;
    EX_AUTO_FD int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hashset_head head = some_head();
    struct ex_error err;
    hash_t hash;
    int fd = empty_file();
    assert_code(EX_OK, hashset_make_begin(dir, memory, &m, &err));
    for (uint32_t i = 0; i < 2 * count; i++) {
        number((uint32_t)((uint64_t)i * step % count), hash);
        assert_code(EX_OK, hashset_make_add(m, (const hash_t *)&hash, 1, &err));
    }
    assert_code(EX_OK, hashset_make_end(m, &head, fd, NULL, identity, &err));
    assert_int_equal(head.hashes, count);
    return fd;
}

static uint8_t *whole(int fd, size_t *ret_size) {
    struct ex_error err;
    uint8_t *data;
    off_t size = lseek(fd, 0, SEEK_END);
    *ret_size = (size_t)size;
    assert_code(EX_OK, ex_alloc(*ret_size, 1, LARGE, "a file", &data, &err));
    assert_code(EX_OK, ex_read_at(fd, data, *ret_size, 0, "a file", &err));
    return data;
}

static int file_of(const uint8_t *data, size_t size) {
    struct ex_error err;
    int fd = empty_file();
    assert_code(EX_OK, ex_write_at(fd, data, size, 0, "a file", &err));
    return fd;
}

/* The fs-verity digest, from the bytes of the file. */
static void digest_of(const uint8_t *data, size_t size, uint8_t ret[static 32]) {
    EX_AUTO_FREE struct verity *v = ex_new0(struct verity);
    struct ex_error err;
    hash_t hash;
    verity_start(v);
    for (size_t at = 0; at < size; at += HASHSET_PAGE_BYTES) {
        sha256_of(data + at, HASHSET_PAGE_BYTES, hash);
        verity_add(v, hash);
    }
    assert_code(EX_OK, verity_end(v, size, ret, &err));
}

/* Half of what is asked is in the set. */
static void ask(struct hashset *s, uint32_t count) {
    struct ex_error err;
    EX_AUTO_FREE hash_t *hash = NULL;
    EX_AUTO_FREE bool *listed = NULL;
    assert_code(EX_OK, ex_alloc(2 * count, sizeof *hash, LARGE, "hashes", &hash, &err));
    assert_code(EX_OK, ex_alloc(2 * count, sizeof *listed, LARGE, "answers", &listed, &err));
    for (uint32_t i = 0; i < 2 * count; i++)
        number(2 * count - 1 - i, hash[i]);
    assert_code(EX_OK, hashset_look(s, (const hash_t *)hash, 2 * count, listed, &err));
    for (uint32_t i = 0; i < 2 * count; i++)
        assert_int_equal(listed[i], 2 * count - 1 - i < count);
    memset(hash[0], 0, sizeof hash[0]);
    memset(hash[1], 0xff, sizeof hash[1]);
    assert_code(EX_OK, hashset_look(s, (const hash_t *)hash, 2, listed, &err));
    assert_false(listed[0] || listed[1]);
    assert_code(EX_OK, hashset_look(s, (const hash_t *)hash, 0, listed, &err));
}

static const uint32_t counts[] = {1, 2, 127, 128, 129, 4095, 8192, 8193, 20000};

static void made_and_asked(void **state) {
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        EX_AUTO(hashset_close) struct hashset *s = NULL;
        struct ex_error err;
        uint8_t identity[32], digest[32];
        size_t size;
        int fd = make(counts[i], 11, LARGE, identity);
        EX_AUTO_FREE uint8_t *data = whole(fd, &size);
        digest_of(data, size, digest);
        assert_memory_equal(identity, digest, sizeof digest);
        assert_int_equal(size, hashset_file_bytes((counts[i] + 127) / 128));
        assert_code(EX_OK, hashset_open(fd, "x", identity, &s, &err));
        assert_memory_equal(hashset_identity(s), identity, sizeof identity);
        const struct hashset_head *h = hashset_head(s);
        assert_int_equal(h->hashes, counts[i]);
        assert_int_equal(h->meaning, HASHSET_KNOWN);
        assert_string_equal(h->name, "a set");
        assert_string_equal(h->version, "7");
        assert_int_equal(h->source_count, 2);
        assert_int_equal(h->source[0].sha256[0], 0xaa); /* ascending */
        assert_int_equal(h->source[1].size_bytes, 3);
        ask(s, counts[i]);
        assert_code(EX_OK, hashset_each(s, NULL, NULL, NULL, &err));
    }
}

/* Whether the hashes fit into memory or not, and in whatever order they come. */
static void the_same_bytes(void **state) {
    uint8_t one[32], two[32];
    size_t size, again;
    EX_AUTO_FD int large = make(20000, 1, LARGE, one);
    EX_AUTO_FD int small = make(20000, 13, SMALL, two);
    EX_AUTO_FREE uint8_t *a = whole(large, &size);
    EX_AUTO_FREE uint8_t *b = whole(small, &again);
    assert_memory_equal(one, two, sizeof one);
    assert_int_equal(size, again);
    assert_memory_equal(a, b, size);
}

/* Hashes that differ in their last bytes alone, the same ones many times. */
static void awkward_lists(void **state) {
    EX_AUTO(hashset_maker_free) struct hashset_maker *m = NULL;
    EX_AUTO(hashset_close) struct hashset *s = NULL;
    struct hashset_head head = some_head();
    struct ex_error err;
    uint8_t identity[32];
    hash_t hash = {0};
    bool listed;
    int fd = empty_file();
    assert_code(EX_OK, hashset_make_begin(AT_FDCWD, LARGE, &m, &err));
    for (uint32_t i = 0; i < 3000; i++) {
        hash[31] = (uint8_t)(i * 37 % 1000);
        hash[30] = (uint8_t)(i * 37 % 1000 >> 8);
        assert_code(EX_OK, hashset_make_add(m, (const hash_t *)&hash, 1, &err));
    }
    assert_code(EX_OK, hashset_make_end(m, &head, fd, NULL, identity, &err));
    assert_int_equal(head.hashes, 1000);
    assert_code(EX_OK, hashset_open(fd, "x", identity, &s, &err));
    for (uint32_t i = 0; i < 1100; i++) {
        hash[31] = (uint8_t)i;
        hash[30] = (uint8_t)(i >> 8);
        assert_code(EX_OK, hashset_look(s, (const hash_t *)&hash, 1, &listed, &err));
        assert_int_equal(listed, i < 1000);
    }
}

static void no_hashes(void **state) {
    EX_AUTO(hashset_maker_free) struct hashset_maker *m = NULL;
    struct hashset_head head = some_head();
    struct ex_error err;
    uint8_t identity[32];
    EX_AUTO_FD int fd = empty_file();
    assert_code(EX_OK, hashset_make_begin(AT_FDCWD, SMALL, &m, &err));
    assert_code(EX_FORMAT, hashset_make_end(m, &head, fd, NULL, identity, &err));
}

/* ---- damage ---- */

/* No answer of a damaged set may be another one than that of the sound set. */
static void must_be_noticed(const uint8_t *data, size_t size, const uint8_t *identity) {
    EX_AUTO(hashset_close) struct hashset *s = NULL;
    struct ex_error err = {0};
    ex_code code = hashset_open(file_of(data, size), "x", identity, &s, &err);
    if (code == EX_OK)
        code = hashset_each(s, NULL, NULL, NULL, &err);
    if (code != EX_ALTERED && code != EX_UNSUPPORTED)
        fail_msg("damage was not noticed: %s", ex_code_name(code));
    for (uint32_t i = 0; s != NULL && i < 6; i++) {
        hash_t hash;
        bool listed;
        number(i, hash);
        if (hashset_look(s, (const hash_t *)&hash, 1, &listed, NULL) == EX_OK)
            assert_int_equal(listed, i < 3);
    }
}

static void every_byte_turned(void **state) {
    uint8_t identity[32];
    size_t size;
    EX_AUTO_FD int fd = make(3, 1, LARGE, identity);
    EX_AUTO_FREE uint8_t *data = whole(fd, &size);
    for (size_t at = 0; at < size; at++) {
        data[at] ^= (uint8_t)(1 << at % 8);
        must_be_noticed(data, size, identity);
        data[at] ^= (uint8_t)(1 << at % 8);
    }
}

static void cut_off_and_longer(void **state) {
    uint8_t identity[32];
    size_t size;
    EX_AUTO_FD int fd = make(300, 1, LARGE, identity);
    EX_AUTO_FREE uint8_t *data = whole(fd, &size);
    for (size_t keep = 0; keep < size; keep += 512)
        must_be_noticed(data, keep, identity);
    EX_AUTO_FREE uint8_t *longer = ex_new0_bytes(size + 4096);
    memcpy(longer, data, size);
    must_be_noticed(longer, size + 4096, identity);
}

static void another_set(void **state) {
    EX_AUTO(hashset_close) struct hashset *s = NULL;
    struct ex_error err;
    uint8_t one[32], two[32];
    EX_AUTO_FD int a = make(3, 1, LARGE, one);
    int b = make(4, 1, LARGE, two);
    assert_code(EX_ALTERED, hashset_open(b, "x", one, &s, &err));
    assert_null(s);
    assert_code(EX_FORMAT, hashset_open(empty_file(), "x", NULL, &s, &err));
}

/* A set that is whole, and whose maker did not keep to the rules. */
static void made_badly(void **state) {
    static const char *const how[] = {"out of order", "twice", "behind the end",
                                      "first of the next"};
    for (size_t kind = 0; kind < 4; kind++) {
        EX_AUTO(hashset_close) struct hashset *s = NULL;
        struct ex_error err;
        uint8_t identity[32];
        size_t size;
        hash_t hash;
        bool listed;
        EX_AUTO_FD int fd = make(200, 1, LARGE, identity);
        EX_AUTO_FREE uint8_t *data = whole(fd, &size);
        hash_t *at = (hash_t *)(data + 4096);
        if (kind == 0)
            memset(at[5], 0xfe, sizeof hash);
        else if (kind == 1)
            memcpy(at[5], at[4], sizeof hash);
        else if (kind == 2)
            at[255][3] = 1;
        else
            memcpy(at[127], at[128], sizeof hash);
        uint8_t *page = data + 4096 * (kind == 2 ? 2 : 1);
        sha256_of(page, 4096, data + 4096 * 3 + (kind == 2 ? 64 : 0) + 32);
        assert_code(EX_OK, hashset_open(file_of(data, size), how[kind], NULL, &s, &err));
        memcpy(hash, page, sizeof hash);
        assert_code(EX_ALTERED, hashset_look(s, (const hash_t *)&hash, 1, &listed, &err));
        assert_code(EX_ALTERED, hashset_each(s, NULL, NULL, NULL, &err));
    }
}

/* What the header must not say, each in the place of a sound one. */
static void bad_headers(void **state) {
    static const struct {
        size_t at;
        uint8_t value;
        ex_code code;
    } bad[] = {
        {0, 'x', EX_FORMAT},         {6, 2, EX_UNSUPPORTED},   {8, 3, EX_FORMAT},
        {12, 2, EX_UNSUPPORTED},     {16, 0, EX_FORMAT},       {20, 1, EX_FORMAT},
        {23, 255, EX_FORMAT},        {24, 0, EX_FORMAT},       {24, 49, EX_FORMAT},
        {24, 1, EX_FORMAT},          {28, 1, EX_FORMAT},       {32, 0, EX_FORMAT},
        {33, 7, EX_FORMAT},          {33, 0xff, EX_FORMAT},    {159, 'x', EX_FORMAT},
        {160, 0x7f, EX_FORMAT},      {287, 1, EX_FORMAT},      {288, 0xff, EX_FORMAT},
        {288 + 39, 0x80, EX_FORMAT}, {288 + 56, 1, EX_FORMAT}, {4095, 1, EX_FORMAT},
    };
    uint8_t identity[32];
    size_t size;
    EX_AUTO_FD int fd = make(3, 1, LARGE, identity);
    EX_AUTO_FREE uint8_t *data = whole(fd, &size);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EX_AUTO(hashset_close) struct hashset *s = NULL;
        struct ex_error err;
        uint8_t kept = data[bad[i].at];
        data[bad[i].at] = bad[i].value;
        assert_code(bad[i].code, hashset_open(file_of(data, size), "x", NULL, &s, &err));
        data[bad[i].at] = kept;
    }
}

static void words(void **state) {
    enum hashset_meaning m;
    char longest[HASHSET_TEXT_BYTES + 1] = {0};
    assert_true(hashset_meaning_parse("notable", &m) && m == HASHSET_NOTABLE);
    assert_true(hashset_meaning_parse("known", &m) && m == HASHSET_KNOWN);
    assert_false(hashset_meaning_parse("good", &m));
    assert_string_equal(hashset_meaning_word(HASHSET_NOTABLE), "notable");
    memset(longest, 'x', HASHSET_TEXT_BYTES);
    assert_false(hashset_text_fits(longest));
    assert_true(hashset_text_fits(longest + 1));
    assert_true(hashset_text_fits("\xe1\x9e\x80"));
    assert_false(hashset_text_fits("\xe1\x9e"));
    assert_false(hashset_text_fits("a\nb"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_and_asked),    cmocka_unit_test(the_same_bytes),
        cmocka_unit_test(awkward_lists),     cmocka_unit_test(no_hashes),
        cmocka_unit_test(every_byte_turned), cmocka_unit_test(cut_off_and_longer),
        cmocka_unit_test(another_set),       cmocka_unit_test(made_badly),
        cmocka_unit_test(bad_headers),       cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
