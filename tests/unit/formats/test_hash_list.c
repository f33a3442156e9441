/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of hashes as other programs write them, and lines that are none. */
#include "../crypto/testing.h"

#include "formats/hash_list.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define M32 "cccccccccccccccccccccccccccccccc"
#define S40 "dddddddddddddddddddddddddddddddddddddddd"

struct seen {
    char firsts[64]; /* the first digit of each hash */
    size_t count;
};

static ex_code take(void *context, const uint8_t hash[static 32], struct ex_error *err) {
    struct seen *s = context;
    (void)err;
    for (size_t i = 1; i < 32; i++)
        assert_int_equal(hash[i], hash[0]);
    s->firsts[s->count++] = "0123456789abcdef"[hash[0] >> 4];
    return EX_OK;
}

static struct hash_list_report read_list(const char *text, size_t step, struct seen *seen) {
    EX_AUTO(hash_list_free) struct hash_list *l = NULL;
    struct hash_list_report report;
    struct ex_error err;
    size_t size = strlen(text);
    *seen = (struct seen){0};
    assert_code(EX_OK, hash_list_new(take, seen, &l, &err));
    for (size_t at = 0; at < size; at += step)
        assert_code(EX_OK, hash_list_feed(l, (const uint8_t *)text + at,
                                          size - at < step ? size - at : step, &err));
    assert_code(EX_OK, hash_list_end(l, &report, &err));
    return report;
}

/* In pieces of every size, the same is read. */
static void expect(const char *text, const char *firsts, uint64_t unread, uint64_t place) {
    for (size_t step = 1; step < 80; step++) {
        struct seen seen;
        struct hash_list_report r = read_list(text, step, &seen);
        if (strcmp(seen.firsts, firsts) != 0 || r.unread != unread)
            fail_msg("of \"%.60s\": \"%s\", %llu unread", text, seen.firsts,
                     (unsigned long long)r.unread);
        assert_int_equal(r.hashes, strlen(firsts));
        if (unread > 0)
            assert_int_equal(r.place[0], place);
    }
}

static void what_programs_write(void **state) {
    expect("", "", 0, 0);
    expect(A64, "a", 0, 0);
    expect("\xef\xbb\xbf" A64 "\r\n" B64 "\r\n", "ab", 0, 0);
    expect("# by us\n\n  \n" A64 "  name\n\\" B64 " *na\\nme\n", "ab", 0, 0);
    expect("SHA256 (a (1) = b) = " A64 "\nSHA2-256(x)= " B64 "\nSHA256(x)= " A64 "\n", "aba", 0, 0);
    expect(A64 "," M32 ",x\n" B64 ";x\n" A64 "\tx\n\"" B64 "\",\"x\"\n", "abab", 0, 0);
    expect("%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## $ hashdeep\n"
           "12," M32 "," A64 ",/a, b\n1," M32 "," B64 ",/c\n",
           "ab", 0, 0);
    expect("\"name\",\"SHA-256\",\"MD5\"\n\"a, \"\"b\"\"\",\"" A64 "\"," M32 "\nx," B64 ",\n", "ab",
           0, 0);
    expect("name;sha_256\nx;" A64 "\n", "a", 0, 0);
    expect("Sha256\tname\n" A64 "\tx\n", "a", 0, 0);
}

static void what_is_none(void **state) {
    expect(A64 "a\n" B64 "\n", "b", 1, 1);
    expect(B64 "\n" M32 "  x\n" S40 "\nhello\n", "b", 3, 2);
    expect(A64 "x\n", "", 1, 1);
    expect("\"" A64 "\n", "", 1, 1);
    expect("x" A64 "\n", "", 1, 1);
    expect("SHA256 (x) = " M32 "\n", "", 1, 1);
    expect("name,sha256\nx\n\"x," A64 "\n\"x\"y," A64 "\n,\n" A64 ",x\nx," A64 "\n", "a", 5, 2);
    expect(A64 "\nname,sha256\nx," B64 "\n", "a", 2, 2); /* columns are named first or never */
}

static void what_is_said_of_others(void **state) {
    struct seen seen;
    struct hash_list_report r =
        read_list("\"SHA-1\",\"MD5\",\"CRC32\"\n" S40 "," M32 ",x\n", 7, &seen);
    assert_true(r.columns && !r.has_column && r.shorter == 1 && r.unread == 1);
    r = read_list(M32 "  a\n" M32 "  b\n", 7, &seen);
    assert_true(!r.columns && r.shorter == 2 && r.lines == 2);
}

static void long_lines(void **state) {
    for (size_t size = HASH_LIST_LINE_BYTES_MAX - 1; size <= HASH_LIST_LINE_BYTES_MAX + 1; size++) {
        EX_AUTO_FREE char *text = ex_new0_bytes(size + 70);
        struct seen seen;
        memset(text, 'x', size);
        memcpy(text, A64 " ", 65);
        memcpy(text + size, "\n" B64 "\n", 67);
        for (size_t step = 4096; step < 200000; step *= 4) {
            struct hash_list_report r = read_list(text, step, &seen);
            assert_string_equal(seen.firsts, size <= HASH_LIST_LINE_BYTES_MAX ? "ab" : "b");
            assert_int_equal(r.unread, size > HASH_LIST_LINE_BYTES_MAX);
            assert_int_equal(r.lines, 2);
        }
    }
}

static void digits(void **state) {
    uint8_t hash[32];
    assert_true(hash_list_parse(A64, 64, hash) && hash[31] == 0xaa);
    assert_false(hash_list_parse(A64, 63, hash));
    assert_false(hash_list_parse(A64 "a", 65, hash));
    assert_false(hash_list_parse("g" A64, 64, hash));
}

static void a_name_is_no_hash(void **state) {
    (void)state;
    expect(A64 "\r" B64 "\r\n\r" A64 "\r", "aba", 0,
           0); /* carriage returns alone end a line, too */
    expect("filename,md5\n" A64 "," M32 "\n", "", 1, 2);
    expect(A64 "," B64 "\n", "", 1, 1); /* which one? */
    expect(A64 ";1;\"" B64 "\"\n" B64 ";1\n", "b", 1, 1);
    expect(A64 "  " B64 "\n", "a", 0, 0); /* as sha256sum writes it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_no_hash), cmocka_unit_test(what_programs_write),
        cmocka_unit_test(what_is_none),      cmocka_unit_test(what_is_said_of_others),
        cmocka_unit_test(long_lines),        cmocka_unit_test(digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
