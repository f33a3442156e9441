/* SPDX-License-Identifier: Apache-2.0 */
/* Archives that lie, each refused, and for the reason that is meant. */
#include "testing_tar.h"

static const struct tar_policy ASCII = {.ascii_only = true};
static const struct tar_policy ANY = {0};

static struct bytes archive(const char *first, const char *second) {
    struct ex_error err;
    struct bytes b = {0};
    struct tar_writer w;
    tar_writer_init(&w, bytes_add, &b);
    add_member(&w, first, "hello");
    if (second != NULL)
        add_member(&w, second, "world");
    assert_code(EX_OK, tar_finish(&w, &err));
    return b;
}

/* The archive is refused with this code and these words; it is freed. */
static void refused(struct bytes *b, const struct tar_policy *policy, ex_code code,
                    const char *words) {
    struct ex_error err = {0};
    size_t members;
    ex_code got = read_all(b, policy, &members, &err);
    if (got != code || strstr(err.text, words) == NULL)
        fail_msg("\"%s\" expected, %s: %s", words, ex_code_name(got), err.text);
    free(b->data);
}

static void accepted(struct bytes *b, const struct tar_policy *policy, size_t count) {
    struct ex_error err;
    size_t members;
    assert_code(EX_OK, read_all(b, policy, &members, &err));
    assert_int_equal(members, count);
    free(b->data);
}

/* One member of this type, with a mended checksum. */
static struct bytes typed(char type) {
    struct bytes b = archive("thing", NULL);
    b.data[156] = (uint8_t)type;
    mend_checksum(&b, 0);
    return b;
}

static void only_files_and_directories(void **state) {
    static const struct {
        char type;
        const char *words;
    } cases[] = {{'1', "hard link"}, {'2', "symbolic link"},
                 {'3', "device"},    {'4', "device"},
                 {'6', "FIFO"},      {'7', "contiguous"},
                 {'S', "sparse"},    {'L', "long name"},
                 {'K', "long name"}, {'V', "only GNU"},
                 {'M', "only GNU"},  {'D', "only GNU"},
                 {'8', "unknown"},   {'A', "unknown"},
                 {'X', "unknown"},   {'5', "directory with bytes"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = typed(cases[i].type);
        refused(&b, &ASCII, EX_FORMAT, cases[i].words);
    }
    struct bytes old = typed('\0');
    accepted(&old, &ASCII, 1);
}

/* One member whose ustar name is these bytes. */
static struct bytes named(const char *name, size_t size) {
    struct bytes b = archive("x", NULL);
    memcpy(b.data, name, size);
    mend_checksum(&b, 0);
    return b;
}
#define NAMED(text) named("" text, sizeof text - 1)

static void names_that_lead_astray(void **state) {
    static const struct {
        const char *name, *words;
    } cases[] = {{"/etc/passwd", "absolute"},
                 {"../x", ".."},
                 {"data/../../x", ".."},
                 {"data/..", ".."},
                 {"~/x", "~"},
                 {"~root/x", "~"},
                 {"./x", "part"},
                 {"data//x", "part"},
                 {"data/.", "part"},
                 {"data/", "part"},
                 {"c:x", "drive"},
                 {"a\\..\\b", "backslash"},
                 {"a\nb", "control"},
                 {"a\x7F"
                  "b",
                  "control"},
                 {"a\xC2\x85"
                  "b",
                  "control"},
                 {"a\xFF"
                  "b",
                  "UTF-8"},
                 {"a\xC0\xAF"
                  "b",
                  "UTF-8"},
                 {"a\xED\xA0\x80"
                  "b",
                  "UTF-8"},
                 {"a\xE2\x80\xAE"
                  "b",
                  "direction"},
                 {"u\xCC\x81", "another spelling"},
                 {"\xE2\x84\xAB", "another spelling"},
                 {"\xE3\x81\x8B\xE3\x82\x99", "another spelling"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = named(cases[i].name, strlen(cases[i].name));
        refused(&b, &ANY, EX_FORMAT, cases[i].words);
    }
    struct bytes composed = NAMED("\xC3\xBA"), again = NAMED("\xC3\xBA");
    accepted(&composed, &ANY, 1);
    refused(&again, &ASCII, EX_FORMAT, "ASCII");
    struct bytes empty = NAMED("\0"), hidden = NAMED("x\0y");
    refused(&empty, &ANY, EX_FORMAT, "empty");
    refused(&hidden, &ANY, EX_FORMAT, "hides bytes behind its name");
}

static void names_that_meet(void **state) {
    static const struct {
        const char *first, *second, *words;
    } cases[] = {{"data/x", "data/x", "both"},
                 {"data/x", "data/X", "one on many systems"},
                 {"data/x", "DATA/y", "one on many systems"},
                 {"a", "a/b", "both"},
                 {"a/b", "a", "both"},
                 {"A/b/c", "a/d/e", "one on many systems"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = archive(cases[i].first, cases[i].second);
        refused(&b, &ANY, EX_FORMAT, cases[i].words);
    }
    struct bytes beside = archive("data/x", "data/x.y");
    accepted(&beside, &ANY, 2);
}

/* ---- sizes ---- */

static struct bytes sized(const char *octal) {
    struct bytes b = archive("x", "y");
    (void)snprintf((char *)b.data + 124, 12, "%s", octal);
    mend_checksum(&b, 0);
    return b;
}

static void sizes_that_lie(void **state) {
    static const struct {
        const char *octal;
        ex_code code;
        const char *words;
    } cases[] = {{"77777777777", EX_ALTERED, "cut short"}, /* longer than the archive */
                 {"00000010000", EX_ALTERED, "cut short"},
                 {"00000000004", EX_FORMAT, "hides bytes"}, /* a byte of it stays outside */
                 {"00000002001", EX_FORMAT, "between two"}, /* over the next member */
                 {"00000000000", EX_FORMAT, ""},
                 {"00000000009", EX_FORMAT, "number as size"},
                 {"-0000000005", EX_FORMAT, "number as size"},
                 {"0x000000005", EX_FORMAT, "number as size"},
                 {"5 5", EX_FORMAT, "number as size"},
                 {"", EX_FORMAT, "number as size"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = sized(cases[i].octal);
        refused(&b, &ASCII, cases[i].code, cases[i].words);
    }
    struct bytes spaced = sized("         5");
    accepted(&spaced, &ASCII, 2);
}

static void sizes_in_base_256(void **state) {
    struct bytes b = archive("x", NULL), negative = archive("x", NULL), huge = archive("x", NULL);
    memset(b.data + 124, 0, 12);
    b.data[124] = 0x80;
    b.data[135] = 5;
    mend_checksum(&b, 0);
    accepted(&b, &ASCII, 1);
    memset(negative.data + 124, 0xFF, 12);
    mend_checksum(&negative, 0);
    refused(&negative, &ASCII, EX_FORMAT, "number as size");
    memset(huge.data + 124, 0, 12);
    huge.data[124] = 0x80;
    huge.data[128] = 0x80;
    mend_checksum(&huge, 0);
    refused(&huge, &ASCII, EX_FORMAT, "number as size");
}

/* ---- extended headers ---- */

/* An archive whose first block is an extended header of these records, before the member "x" of
 * five bytes. */
static struct bytes extended(char type, const char *records) {
    struct bytes pax = archive("pax", NULL), rest = archive("x", NULL), b = {0};
    size_t size = strlen(records), padded = (size + 511) & ~(size_t)511;
    uint8_t *block = ex_new0_bytes(padded + 1);
    memcpy(block, records, size);
    (void)snprintf((char *)pax.data + 124, 12, "%011o", (unsigned)size & 0xFFFF);
    pax.data[156] = (uint8_t)type;
    mend_checksum(&pax, 0);
    struct ex_error err;
    assert_code(EX_OK, bytes_add(&b, pax.data, 512, &err));
    assert_code(EX_OK, bytes_add(&b, block, padded, &err));
    assert_code(EX_OK, bytes_add(&b, rest.data, rest.size, &err));
    free(block);
    free(pax.data);
    free(rest.data);
    return b;
}

static void extended_headers_that_lie(void **state) {
    static const struct {
        char type;
        const char *records, *words;
    } cases[] = {{'x', "6 a=b\n", "\"a\" that is not accepted"},
                 {'x', "14 linkpath=x\n", "linkpath"},
                 {'x', "22 GNU.sparse.major=1\n", "GNU.sparse"},
                 {'x', "28 SCHILY.xattr.user.secr=x\n", "SCHILY.xattr"},
                 {'x', "21 hdrcharset=BINARY\n", "hdrcharset"},
                 {'x', "12 path=a/b\n12 path=a/c\n", "twice"},
                 {'x', "10 size=5\n10 size=5\n", "twice"},
                 {'x', "10 size=4\n", "two different sizes"},
                 {'x', "10 size=0\n", "two different sizes"},
                 {'x', "20 size=18589934592\n", "two different sizes"},
                 {'x', "11 size=-5\n", "no sound number"},
                 {'x', "11 size=05\n", "no sound number"},
                 {'x', "28 size=9223372036854775808\n", "no sound number"},
                 {'x', "11 mtime=x\n", "no sound time"},
                 {'x', "8 path=\n", "empty"},
                 {'x', "13 path=../x\n", ".."},
                 {'x', "11 path=/x\n", "absolute"},
                 {'x', "12 path=a\nb\n", "control"},
                 {'x', "11 path=x\n", "damaged"},
                 {'x', "8 path=x\n", "damaged"},
                 {'x', "010 path=x\n", "damaged"},
                 {'x', "10 path=x", "damaged"},
                 {'x', "0 path=x\n", "damaged"},
                 {'x', "99999999999999999999 path=x\n", "damaged"},
                 {'x', "path=x\n", "damaged"},
                 {'x', "5 =x\n", "damaged"},
                 {'x', "7 path\n", "damaged"},
                 {'g', "10 path=y\n", "for all members"},
                 {'g', "10 size=5\n", "for all members"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = extended(cases[i].type, cases[i].records);
        refused(&b, &ASCII, EX_FORMAT, cases[i].words);
    }
    struct bytes fine = extended('x', "12 path=y/z\n27 mtime=1700000000.123456\n10 size=5\n");
    accepted(&fine, &ASCII, 1);
    struct bytes comment = extended('g', "13 comment=x\n");
    accepted(&comment, &ASCII, 1);
}

static void extended_headers_without_a_member(void **state) {
    struct bytes b = extended('x', "10 path=y\n"), twice = {0};
    struct ex_error err;
    memset(b.data + 1024, 0, b.size - 1024);
    refused(&b, &ASCII, EX_FORMAT, "belongs to no member");
    b = extended('x', "10 path=y\n");
    assert_code(EX_OK, bytes_add(&twice, b.data, 1024, &err));
    assert_code(EX_OK, bytes_add(&twice, b.data, b.size, &err));
    free(b.data);
    refused(&twice, &ASCII, EX_FORMAT, "belongs to no member");
    struct bytes large = archive("x", NULL);
    (void)snprintf((char *)large.data + 124, 12, "%011o", TAR_PAX_BYTES_MAX + 1);
    large.data[156] = 'x';
    mend_checksum(&large, 0);
    refused(&large, &ASCII, EX_LIMIT, "over 16384");
}

/* ---- ends ---- */

/* Every cut is told as one, and never as a shorter archive. */
static void cut_short(void **state) {
    struct bytes b = archive("x", "y");
    struct ex_error err;
    size_t members;
    for (size_t size = 0; size < b.size; size++) {
        struct bytes part = {.data = b.data, .size = size};
        assert_code(EX_ALTERED, read_all(&part, &ASCII, &members, &err));
        assert_non_null(strstr(err.text, "cut short"));
    }
    free(b.data);
}

static void ends_that_lie(void **state) {
    static const uint8_t zeros[10240], letter[] = {'x'};
    struct ex_error err;
    struct bytes b = archive("x", NULL);
    assert_code(EX_OK, bytes_add(&b, zeros, sizeof zeros, &err));
    accepted(&b, &ASCII, 1);
    b = archive("x", NULL);
    assert_code(EX_OK, bytes_add(&b, zeros, sizeof zeros, &err));
    assert_code(EX_OK, bytes_add(&b, letter, 1, &err));
    refused(&b, &ASCII, EX_FORMAT, "bytes behind the end");
    b = archive("x", NULL);
    assert_code(EX_OK, bytes_add(&b, zeros, 100, &err));
    refused(&b, &ASCII, EX_FORMAT, "part of a block");
    b = archive("x", NULL);
    b.data[b.size - 1] = 1;
    refused(&b, &ASCII, EX_FORMAT, "one end block");
    b = archive("x", NULL);
    for (size_t i = 0; i * sizeof zeros <= TAR_END_BYTES_MAX; i++)
        assert_code(EX_OK, bytes_add(&b, zeros, sizeof zeros, &err));
    refused(&b, &ASCII, EX_LIMIT, "zeros stand behind");
}

static void members_have_a_limit(void **state) {
    struct tar_policy two = {.ascii_only = true, .members_max = 2}, one = {.members_max = 1};
    struct bytes b = archive("x", "y"), again = archive("x", "y");
    accepted(&b, &two, 2);
    refused(&again, &one, EX_LIMIT, "over 1 members");
}

/* ---- damage ---- */

/* No flipped bit of a header or of padding goes through; one in a member's bytes is not tar's to
 * see. */
static void flipped_bits(void **state) {
    struct bytes b = archive("x", "y");
    struct ex_error err;
    size_t members;
    for (size_t i = 0; i < b.size; i++) {
        bool content = (i >= 512 && i < 517) || (i >= 1536 && i < 1541);
        for (int bit = 0; bit < 8 && !content; bit++) {
            b.data[i] = (uint8_t)(b.data[i] ^ (1 << bit));
            /* Some bits of the checksum's own field change no digit: a space for a NUL. */
            bool own = i < 2048 && i % 1024 >= 148 && i % 1024 < 156;
            if (read_all(&b, &ASCII, &members, &err) == EX_OK && !own)
                fail_msg("byte %zu bit %d goes through", i, bit);
            b.data[i] = (uint8_t)(b.data[i] ^ (1 << bit));
        }
    }
    accepted(&b, &ASCII, 2);
}

static void other_headers(void **state) {
    struct bytes b = archive("x", NULL), v7 = archive("x", NULL), gnu = archive("x", NULL),
                 gnu_more = archive("x", NULL), rest = archive("x", NULL),
                 link = archive("x", NULL);
    memcpy(b.data, "y", 1);
    refused(&b, &ASCII, EX_FORMAT, "wrong checksum");
    memset(v7.data + 257, 0, 8);
    mend_checksum(&v7, 0);
    refused(&v7, &ASCII, EX_FORMAT, "no tar archive of the POSIX form");
    memcpy(gnu.data + 257, "ustar  ", 8);
    mend_checksum(&gnu, 0);
    accepted(&gnu, &ASCII, 1);
    memcpy(gnu_more.data + 257, "ustar  ", 8);
    memcpy(gnu_more.data + 345, "00000000001", 12);
    mend_checksum(&gnu_more, 0);
    refused(&gnu_more, &ASCII, EX_FORMAT, "only GNU tar");
    rest.data[510] = 'x';
    mend_checksum(&rest, 0);
    refused(&rest, &ASCII, EX_FORMAT, "behind its last field");
    link.data[157] = 'x';
    mend_checksum(&link, 0);
    refused(&link, &ASCII, EX_FORMAT, "names a link");
}

static void refused_for_ever(void **state) {
    struct bytes b = typed('2');
    struct ex_error err;
    struct tar_member m;
    bool end;
    size_t got;
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    assert_code(EX_OK, tar_reader_new(bytes_give, &b, &ASCII, &r, &err));
    assert_code(EX_FORMAT, tar_next(r, &m, &end, &err));
    assert_code(EX_FORMAT, tar_next(r, &m, &end, &err));
    assert_code(EX_FORMAT, tar_read(r, &got, 1, &got, &err));
    free(b.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_files_and_directories),
        cmocka_unit_test(names_that_lead_astray),
        cmocka_unit_test(names_that_meet),
        cmocka_unit_test(sizes_that_lie),
        cmocka_unit_test(sizes_in_base_256),
        cmocka_unit_test(extended_headers_that_lie),
        cmocka_unit_test(extended_headers_without_a_member),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(ends_that_lie),
        cmocka_unit_test(members_have_a_limit),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(other_headers),
        cmocka_unit_test(refused_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
