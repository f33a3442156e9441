/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a bag as texts: read and written. */
#include "../crypto/testing.h"

#include "formats/bagit.h"

static const struct bagit_declaration NEW = {.major = 1}, OLD = {.minor = 97};

/* ---- bagit.txt ---- */

static ex_code declare(const char *text, struct bagit_declaration *ret, struct ex_error *err) {
    return bagit_parse_declaration(text, strlen(text), ret, err);
}

static void declarations(void **state) {
    struct ex_error err;
    struct bagit_declaration d;
    assert_code(EX_OK, declare(bagit_declaration_text(), &d, &err));
    assert_int_equal(d.major, 1);
    assert_int_equal(d.minor, 0);
    assert_int_equal(d.encoding, BAGIT_UTF8);
    assert_code(EX_OK, declare("BagIt-Version  :\t0.97\r\nTag-File-Character-Encoding:iso-8859-1",
                               &d, &err));
    assert_int_equal(d.minor, 97);
    assert_int_equal(d.encoding, BAGIT_LATIN1);
}

static void declarations_refused(void **state) {
#define ENCODING "Tag-File-Character-Encoding: UTF-8\n"
    static const struct {
        ex_code code;
        const char *text;
    } bad[] = {{EX_FORMAT, ""},
               {EX_FORMAT, "BagIt-Version: 1.0\n"},
               {EX_FORMAT, ENCODING "BagIt-Version: 1.0\n"},
               {EX_FORMAT, "BagIt-Version: .97\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 1\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 1.0.0\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 01.0\n" ENCODING},
               {EX_FORMAT, "BagIt-Version : 1.0\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 1.0 \n" ENCODING},
               {EX_FORMAT, "BagIt-Version:1.0\n" ENCODING},
               {EX_FORMAT, "bagit-version: 1.0\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 1.0\n" ENCODING "\n"},
               {EX_FORMAT, "BagIt-Version: 1.0\n\n" ENCODING},
               {EX_FORMAT, "\xEF\xBB\xBF"
                           "BagIt-Version: 1.0\n" ENCODING},
               {EX_FORMAT, "BagIt-Version: 1.0\nTag-File-Character-Encoding: \n"},
               {EX_UNSUPPORTED, "BagIt-Version: 2.0\n" ENCODING},
               {EX_UNSUPPORTED, "BagIt-Version: 0.94\n" ENCODING},
               {EX_UNSUPPORTED, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-7\n"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        struct bagit_declaration d = {.major = 77};
        ex_code code = declare(bad[i].text, &d, &err);
        if (code != bad[i].code || d.major != 77)
            fail_msg("case %zu gives %s (%s)", i, ex_code_name(code), err.text);
    }
}

/* ---- encodings ---- */

static void assert_value(enum bagit_encoding e, const void *data, size_t size, const char *value) {
    struct ex_error err;
    struct bagit_info info;
    struct bagit_declaration d = {.minor = 97, .encoding = e};
    assert_code(EX_OK, bagit_parse_info(data, size, &d, &info, &err));
    assert_int_equal(info.count, 1);
    assert_string_equal(info.pairs[0].label, "a");
    assert_string_equal(info.pairs[0].value, value);
    bagit_info_clear(&info);
}
#define VALUE(e, text, value) assert_value(e, text, sizeof text - 1, value)

static void encodings(void **state) {
    VALUE(BAGIT_UTF8, "a: \xC3\xBC\n", "ü");
    VALUE(BAGIT_ASCII, "a: u\n", "u");
    VALUE(BAGIT_LATIN1, "a: \xFC\n", "ü");
    VALUE(BAGIT_UTF16, "\xFE\xFF\0a\0:\0 \0\xFC\0\n", "ü");
    VALUE(BAGIT_UTF16,
          "\xFF\xFE"
          "a\0:\0 \0\xFC\0\n\0",
          "ü");
    VALUE(BAGIT_UTF16, "\0a\0:\0 \0\xFC\0\r\0\n", "ü");
    VALUE(BAGIT_UTF16BE, "\0a\0:\0 \xD8\x3D\xDE\x00", "\xF0\x9F\x98\x80");
    VALUE(BAGIT_UTF16LE, "a\0:\0 \0\xAC\x20", "€");
}

static void encodings_refused(void **state) {
    static const struct {
        enum bagit_encoding e;
        const char *text;
        size_t size;
    } bad[] = {{BAGIT_UTF8, "a: \xFF\n", 5},
               {BAGIT_UTF8, "a: \xC0\xAF\n", 6},
               {BAGIT_UTF8, "a: \0\n", 5},
               {BAGIT_ASCII, "a: \xC3\xBC\n", 6},
               {BAGIT_UTF16, "\0a\0:\0", 5},           /* half a unit */
               {BAGIT_UTF16, "\0a\0:\xD8\x3D\0\n", 8}, /* half a pair */
               {BAGIT_UTF16, "\0a\0:\xDE\x00\0\n", 8}, /* the other half */
               {BAGIT_UTF16, "\0a\0:\xD8\x3D", 6}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err;
        struct bagit_info info;
        struct bagit_declaration d = {.minor = 97, .encoding = bad[i].e};
        assert_code(EX_FORMAT, bagit_parse_info(bad[i].text, bad[i].size, &d, &info, &err));
    }
}

/* ---- bag-info.txt ---- */

static void elements(void **state) {
    static const char text[] = "Source: one\r\n"
                               "Long: first\n"
                               "  second\r"
                               "\tthird \n"
                               "   \n"
                               "Colons: a:b: c\n"
                               "Spaced  :   x \n"
                               "Empty:\n"
                               "  filled";
    static const char *const expected[][2] = {{"Source", "one"},
                                              {"Long", "first second third"},
                                              {"Colons", "a:b: c"},
                                              {"Spaced", "x"},
                                              {"Empty", "filled"}};
    struct ex_error err;
    struct bagit_info info;
    assert_code(EX_OK, bagit_parse_info(text, sizeof text - 1, &OLD, &info, &err));
    assert_int_equal(info.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(info.pairs[i].label, expected[i][0]);
        assert_string_equal(info.pairs[i].value, expected[i][1]);
        assert_int_equal(info.pairs[i].value_bytes, strlen(expected[i][1]));
    }
    assert_int_equal(info.form.spaced_line, 7);
    bagit_info_clear(&info);
    assert_code(EX_OK, bagit_parse_info("", 0, &NEW, &info, &err));
    assert_int_equal(info.count, 0);
    bagit_info_clear(&info);
    assert_code(EX_FORMAT, bagit_parse_info("no label\n", 9, &OLD, &info, &err));
    assert_code(EX_FORMAT, bagit_parse_info(": x\n", 4, &OLD, &info, &err));
    assert_code(EX_FORMAT, bagit_parse_info("  x\n", 4, &OLD, &info, &err));
}

/* What is written comes back, and no line but an unbreakable one is over 79 characters. */
static void assert_round(const char *label, const char *value, bool breakable) {
    struct ex_error err;
    struct bagit_info info;
    EX_AUTO_FREE char *text = NULL;
    assert_code(EX_OK, bagit_info_line(label, value, &text, &err));
    assert_code(EX_OK, bagit_parse_info(text, strlen(text), &NEW, &info, &err));
    assert_int_equal(info.count, 1);
    assert_int_equal(info.form.spaced_line, 0);
    assert_string_equal(info.pairs[0].label, label);
    assert_string_equal(info.pairs[0].value, value);
    bagit_info_clear(&info);
    size_t width = 0;
    for (const char *at = text; *at != '\0'; at++) {
        width = *at == '\n' ? 0 : width + ((*at & 0xC0) != 0x80);
        if (breakable)
            assert_true(width <= 79);
    }
}

static void elements_written(void **state) {
    char words[2000] = "", khmer[2000] = "", letters[500] = "";
    assert_round("Bagging-Date", "2026-01-31", true);
    for (int i = 0; i < 150; i++) {
        strcat(words, i == 0 ? "word" : i % 7 == 0 ? "  two spaces" : " more");
        strcat(khmer, i == 0 ? "ខ្មែរ" : " ភាសា");
        strcat(letters, "x");
        assert_round("Description", words, true);
        assert_round("Description", khmer, true);
        assert_round("Description", letters, false);
    }
    assert_round("A label of so many words that it takes most of the line by itself, alas", words,
                 false);
}

static void elements_not_written(void **state) {
    static const char *const bad[][2] = {{"", "x"},     {"a:b", "x"}, {" a", "x"}, {"a ", "x"},
                                         {"a\n", "x"},  {"a", " x"},  {"a", "x "}, {"a", "x\ny"},
                                         {"a", "\x01"}, {"a", "\xFF"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err;
        char *text = NULL;
        assert_code(EX_USAGE, bagit_info_line(bad[i][0], bad[i][1], &text, &err));
    }
}

/* ---- manifests ---- */

#define MD5       "d41d8cd98f00b204e9800998ecf8427e"
#define MD5_UPPER "D41D8CD98F00B204E9800998ECF8427E"

static ex_code manifest(const struct bagit_declaration *d, bool tag, const char *text,
                        struct bagit_list *ret, struct ex_error *err) {
    return bagit_parse_manifest(text, strlen(text), d, tag, BAGIT_MD5, ret, err);
}

static void assert_path(const struct bagit_declaration *d, const char *written, const char *path) {
    struct ex_error err;
    struct bagit_list list;
    char text[300];
    (void)snprintf(text, sizeof text, MD5 "  %s\n", written);
    assert_code(EX_OK, manifest(d, false, text, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.entries[0].path, path);
    assert_string_equal(list.entries[0].hex, MD5);
    bagit_list_clear(&list);
}

static void paths_in_manifests(void **state) {
    assert_path(&NEW, "data/a b ", "data/a b ");
    assert_path(&NEW, "data/%25%0A%0d", "data/%\n\r");
    assert_path(&NEW, "data/%2525", "data/%25");
    assert_path(&NEW, "data/%7Ex", "data/%7Ex");
    assert_path(&NEW, "data/x%2", "data/x%2");
    assert_path(&OLD, "data/%25%0A", "data/%25\n");
    assert_path(&OLD, "*data/x", "data/x");
    assert_path(&OLD, "././data/x", "data/x");
    assert_path(&NEW, "data/~x", "data/~x");
    assert_path(&NEW, "data/a\\b", "data/a\\b");
}

static void manifests_read(void **state) {
    struct ex_error err;
    struct bagit_list list;
    assert_code(EX_OK, manifest(&NEW, false,
                                MD5_UPPER "\t data/x\r\n" MD5 " ./data/y\r" MD5 " *data/z\n\n" MD5
                                          " data/50%",
                                &list, &err));
    assert_int_equal(list.count, 4);
    assert_string_equal(list.entries[0].hex, MD5);
    assert_string_equal(list.entries[3].path, "data/50%");
    assert_int_equal(list.entries[3].line, 5);
    assert_int_equal(list.form.dot_line, 2);
    assert_int_equal(list.form.star_line, 3);
    assert_int_equal(list.form.percent_line, 5);
    bagit_list_clear(&list);
    assert_code(EX_OK, manifest(&NEW, true, MD5 " bagit.txt\n" MD5 " a/b\n", &list, &err));
    assert_int_equal(list.count, 2);
    bagit_list_clear(&list);
}

static void manifests_refused(void **state) {
    static const struct {
        bool tag;
        const char *text;
    } bad[] = {{false, "x\n"},
               {false, MD5 "\n"},
               {false, MD5 "  \n"},
               {false, MD5 "0 data/x\n"},
               {false, "d41d8cd98f00b204e9800998ecf8427g data/x\n"},
               {false, " " MD5 " data/x\n"},
               {false, "\\" MD5 " data/x\n"},
               {false, MD5 " data/x\n" MD5 " ../x\n"},
               {false, MD5 " data/../x\n"},
               {false, MD5 " data/..\n"},
               {false, MD5 " data/\n"},
               {false, MD5 " data//x\n"},
               {false, MD5 " data/./x\n"},
               {false, MD5 " /data/x\n"},
               {false, MD5 " ~/x\n"},
               {false, MD5 " ~root/x\n"},
               {false, MD5 " C:\\x\n"},
               {false, MD5 " \\\\?\\UNC\\x\n"},
               {false, MD5 " x\n"},
               {false, MD5 " Data/x\n"},
               {true, MD5 " data/x\n"},
               {true, MD5 " ../x\n"},
               {true, MD5 " /x\n"},
               {true, MD5 " ~x\n"},
               {true, MD5 " c:x\n"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ex_error err = {0};
        struct bagit_list list;
        ex_code code = manifest(&NEW, bad[i].tag, bad[i].text, &list, &err);
        if (code != EX_FORMAT)
            fail_msg("case %zu gives %s", i, ex_code_name(code));
    }
}

static void manifests_written(void **state) {
    static const char *const paths[] = {"data/x", "data/a b", "data/%\r\n%25", "data/ü~",
                                        "bagit.txt"};
    uint8_t digest[BAGIT_DIGEST_BYTES_MAX];
    char line[BAGIT_LINE_BYTES_MAX], longest[BAGIT_PATH_BYTES_MAX + 1];
    struct ex_error err;
    memset(digest, 0xAB, sizeof digest);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct bagit_list list;
        assert_code(EX_OK, bagit_manifest_line(BAGIT_SHA512, digest, paths[i], line, &err));
        assert_code(EX_OK, bagit_parse_manifest(line, strlen(line), &NEW, paths[i][0] == 'b',
                                                BAGIT_SHA512, &list, &err));
        assert_string_equal(list.entries[0].path, paths[i]);
        assert_int_equal(list.form.percent_line, 0);
        bagit_list_clear(&list);
    }
    assert_code(EX_OK, bagit_manifest_line(BAGIT_MD5, digest, "data/%", line, &err));
    assert_string_equal(line, "abababababababababababababababab  data/%25\n");
    for (size_t i = 0; i < BAGIT_PATH_BYTES_MAX; i++)
        longest[i] = i % 100 == 99 ? '/' : '%';
    longest[BAGIT_PATH_BYTES_MAX] = '\0';
    assert_code(EX_OK, bagit_manifest_line(BAGIT_SHA512, digest, longest, line, &err));
    assert_code(EX_USAGE, bagit_manifest_line(BAGIT_MD5, digest, "../x", line, &err));
    assert_code(EX_USAGE, bagit_manifest_line(BAGIT_MD5, digest, "", line, &err));
}

/* ---- fetch.txt and names ---- */

static void fetch_lists(void **state) {
    static const char *const bad[] = {"http://x/y data/x\n",
                                      "http://x/y x data/x\n",
                                      "http://x/y - ../x\n",
                                      "http://x/y -1 data/x\n",
                                      "http://x/y - bagit.txt\n",
                                      "http://x/y -\n",
                                      "x\n"};
    struct ex_error err;
    struct bagit_list list;
    const char *good = "http://x/y - data/x\nhttps://x/%20\t12  data/a b\r\n";
    assert_code(EX_OK, bagit_parse_fetch(good, strlen(good), &NEW, &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.entries[1].url, "https://x/%20");
    assert_string_equal(list.entries[1].path, "data/a b");
    bagit_list_clear(&list);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(EX_FORMAT, bagit_parse_fetch(bad[i], strlen(bad[i]), &NEW, &list, &err));
}

static void names_of_manifests(void **state) {
    bool tag = true;
    enum bagit_algorithm a;
    assert_true(bagit_manifest_name("manifest-sha256.txt", &tag, &a));
    assert_false(tag);
    assert_int_equal(a, BAGIT_SHA256);
    assert_true(bagit_manifest_name("tagmanifest-md5.txt", &tag, &a));
    assert_true(tag);
    assert_int_equal(a, BAGIT_MD5);
    assert_true(bagit_manifest_name("manifest-blake3.txt", &tag, &a));
    assert_int_equal(a, BAGIT_ALGORITHMS);
    assert_true(bagit_manifest_name("manifest-SHA256.txt", &tag, &a));
    assert_int_equal(a, BAGIT_ALGORITHMS);
    assert_false(bagit_manifest_name("manifest-sha256", &tag, &a));
    assert_false(bagit_manifest_name("manifest-.txt", &tag, &a));
    assert_false(bagit_manifest_name("manifest-x/y.txt", &tag, &a));
    assert_false(bagit_manifest_name("sub/manifest-md5.txt", &tag, &a));
    assert_false(bagit_manifest_name("fsverity-sha256.txt", &tag, &a));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations),
        cmocka_unit_test(declarations_refused),
        cmocka_unit_test(encodings),
        cmocka_unit_test(encodings_refused),
        cmocka_unit_test(elements),
        cmocka_unit_test(elements_written),
        cmocka_unit_test(elements_not_written),
        cmocka_unit_test(paths_in_manifests),
        cmocka_unit_test(manifests_read),
        cmocka_unit_test(manifests_refused),
        cmocka_unit_test(manifests_written),
        cmocka_unit_test(fetch_lists),
        cmocka_unit_test(names_of_manifests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
