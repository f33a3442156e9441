/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts over bags made here, each with one thing wrong. */
#include "testing_bag.h"

static void a_sound_bag(void **state) {
    struct bag b = sound_bag();
    EX_AUTO(bagit_report_free) struct bagit_report *r = verdict(&b);
    if (r->grade != BAGIT_VALID)
        print(r);
    assert_int_equal(r->grade, BAGIT_VALID);
    assert_int_equal(r->count, 0);
    assert_int_equal(r->payload_files, 2);
    assert_int_equal(r->payload_bytes, 10);
    assert_int_equal(r->good_files, 2);
    assert_int_equal(r->algorithms, BAGIT_BIT(BAGIT_SHA256));
    assert_int_equal(r->tag_algorithms, BAGIT_BIT(BAGIT_SHA256));
    assert_int_equal(r->major, 1);
}

/* No changed byte of any file leaves the bag valid. */
static void every_byte_counts(void **state) {
    struct bag b = sound_bag();
    for (size_t i = 0; i < b.count; i++) {
        char *text = b.file[i].text;
        for (size_t at = 0; text[at] != '\0'; at++) {
            text[at] ^= 1;
            struct bagit_report *r = verdict(&b);
            if (r->grade < BAGIT_NOT_CHECKED) /* another version, another encoding */
                fail_msg("byte %zu of %s: %s", at, b.file[i].path, bagit_grade_name(r->grade));
            bagit_report_free(r);
            text[at] ^= 1;
        }
    }
}

/* ---- one thing wrong ---- */

static void files_that_are_not_as_listed(void **state) {
    struct bag b = sound_bag();
    strcpy(text_of(&b, "data/one"), "hellO");
    assert_bag(&b, BAGIT_INVALID, BAGIT_DIFFERS, "data/one");
    b = sound_bag();
    drop(&b, "data/one");
    assert_bag(&b, BAGIT_INVALID, BAGIT_MISSING, "data/one");
    assert_bag(&b, BAGIT_INVALID, BAGIT_OXUM, "bag-info.txt");
    b = sound_bag();
    put(&b, "data/extra", "x");
    assert_bag(&b, BAGIT_INVALID, BAGIT_EXTRA, "data/extra");
    b = sound_bag();
    drop(&b, "bag-info.txt");
    assert_bag(&b, BAGIT_INVALID, BAGIT_MISSING, "bag-info.txt");
    b = sound_bag();
    put(&b, "notes.txt", "x");
    assert_bag(&b, BAGIT_WARNING, BAGIT_UNPROTECTED, "notes.txt");
    b = open_bag();
    assert_bag(&b, BAGIT_WARNING, BAGIT_UNPROTECTED, "");
}

static void what_every_bag_has(void **state) {
    struct bag b = sound_bag();
    drop(&b, "bagit.txt");
    assert_bag(&b, BAGIT_INVALID, BAGIT_DECLARATION, "bagit.txt");
    b = open_bag();
    drop(&b, "manifest-sha256.txt");
    seal(&b);
    assert_bag(&b, BAGIT_INVALID, BAGIT_NO_MANIFEST, "");
    b = (struct bag){.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "manifest-sha256.txt", "");
    assert_bag(&b, BAGIT_INVALID, BAGIT_NO_PAYLOAD, "data/");
    b = sound_bag();
    strcpy(text_of(&b, "bagit.txt"), "BagIt-Version: 3.1\nTag-File-Character-Encoding: UTF-8\n");
    assert_bag(&b, BAGIT_NOT_CHECKED, BAGIT_DECLARATION, "bagit.txt");
}

static void an_empty_payload(void **state) {
    struct ex_error err;
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    assert_code(EX_OK, bagit_check_new(0, &c, &err));
    feed(c, "bagit.txt", bagit_declaration_text());
    feed(c, "manifest-sha256.txt", "");
    assert_code(EX_OK, bagit_check_directory(c, "data", 4, &err));
    judged(finish(c), BAGIT_WARNING, BAGIT_UNPROTECTED, "");
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void paths_that_lead_astray(void **state) {
    static const char *const paths[] = {"../x",    "data/../../x", "/etc/passwd", "~/x",
                                        "~root/x", "data/",        "C:\\x",       "x"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct bag b = open_bag();
        char *text = text_of(&b, "manifest-sha256.txt");
        (void)sprintf(text + strlen(text), ZEROS "  %s\n", paths[i]);
        seal(&b);
        assert_bag(&b, BAGIT_INVALID, BAGIT_TAG_FILE, "manifest-sha256.txt");
        b = open_bag();
        put(&b, "fetch.txt", "");
        (void)sprintf(text_of(&b, "fetch.txt"), "https://x/ - %s\n", paths[i]);
        seal(&b);
        assert_bag(&b, BAGIT_INVALID, BAGIT_FETCH, "fetch.txt");
    }
    /* The same as names of files, as a tar can have them. */
    for (size_t i = 0; i + 1 < sizeof paths / sizeof paths[0]; i++) {
        struct bag b = sound_bag();
        put(&b, paths[i], "x");
        assert_bag(&b, BAGIT_INVALID, BAGIT_NAME, paths[i]);
    }
    struct bag b = sound_bag();
    put(&b, "data/a\xFFz", "x");
    assert_bag(&b, BAGIT_INVALID, BAGIT_NAME, "data/a\\xffz");
}

static void names_that_meet(void **state) {
    struct bag b = sound_bag();
    put(&b, "data/one", "hello");
    assert_bag(&b, BAGIT_INVALID, BAGIT_NAMES_MEET, "data/one");
    b = (struct bag){.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "data/one", "hello");
    put(&b, "data/ONE", "hello");
    list(&b, "manifest-sha256.txt", true);
    seal(&b);
    assert_bag(&b, BAGIT_WARNING, BAGIT_NAMES_MEET, "data/ONE");
    b = sound_bag();
    put(&b, "data/one/more", "x");
    assert_bag(&b, BAGIT_INVALID, BAGIT_NAMES_MEET, "data/one/more");
}

static void a_line_twice(void **state) {
    struct bag b = open_bag();
    char *text = text_of(&b, "manifest-sha256.txt"), copy[TEXT_MAX];
    strcpy(copy, text);
    strcat(text, copy);
    seal(&b);
    assert_bag(&b, BAGIT_INVALID, BAGIT_LISTED_TWICE, "data/one");
    b = open_bag();
    strcat(text_of(&b, "manifest-sha256.txt"), ZEROS "  data/one\n");
    seal(&b);
    struct bagit_report *r = verdict(&b);
    assert_int_equal(r->good_files, 1);
    judged(r, BAGIT_INVALID, BAGIT_LISTED_TWICE, "data/one");
}

/* The second manifest's hash is right, but nobody is asked to compute it. */
#define SHA512_HELLO                                                                               \
    "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7"                             \
    "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
#define SHA512_WORLD                                                                               \
    "11853df40f4b2b919d3815f64792e58d08663767a494bcbb38c0b2389d9140bb"                             \
    "b170281b4a847be7757bde12c9cd0054ce3652d0ad3a1a0c92babb69798246ee"

static void two_manifests(void **state) {
    struct bag b = open_bag();
    put(&b, "manifest-sha512.txt", SHA512_HELLO "  data/one\n" SHA512_WORLD "  data/two\n");
    seal(&b);
    assert_bag(&b, BAGIT_NOT_CHECKED, BAGIT_NOT_HASHED, "data/one");
    b = open_bag();
    put(&b, "manifest-sha512.txt", SHA512_HELLO "  data/one\n");
    seal(&b);
    assert_bag(&b, BAGIT_INVALID, BAGIT_NOT_IN_EVERY, "data/two");
    put(&b, "data/more", "x");
    assert_bag(&b, BAGIT_INVALID, BAGIT_EXTRA, "data/more");
}

/* With the manifests first, their hashes are computed; one of two is wrong. */
static void two_manifests_that_differ(void **state) {
    struct bag b = {.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "manifest-sha512.txt", SHA512_HELLO "  data/one\n");
    put(&b, "data/one", "hello");
    list(&b, "manifest-sha256.txt", true);
    assert_bag(&b, BAGIT_WARNING, BAGIT_UNPROTECTED, "");
    text_of(&b, "manifest-sha512.txt")[0] = '8';
    assert_bag(&b, BAGIT_INVALID, BAGIT_DIFFERS, "data/one");
}

static void weak_hashes(void **state) {
    struct bag b = {.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "manifest-md5.txt", "5d41402abc4b2a76b9719d911017c592  data/one\n");
    put(&b, "data/one", "hello");
    seal(&b);
    struct bagit_report *r = verdict(&b);
    assert_int_equal(r->good_files, 0);
    judged(r, BAGIT_WARNING, BAGIT_WEAK_HASH, "");
    strcpy(text_of(&b, "data/one"), "hellO");
    assert_bag(&b, BAGIT_INVALID, BAGIT_DIFFERS, "data/one");
    b = (struct bag){.count = 0};
    put(&b, "bagit.txt", bagit_declaration_text());
    put(&b, "manifest-sha1.txt", "AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D  data/one\n");
    put(&b, "data/one", "hello");
    seal(&b);
    assert_bag(&b, BAGIT_WARNING, BAGIT_WEAK_HASH, "");
}

static void unknown_hashes(void **state) {
    struct bag b = open_bag();
    put(&b, "manifest-blake3.txt", "00  data/one\n");
    seal(&b);
    assert_bag(&b, BAGIT_NOT_CHECKED, BAGIT_TAG_FILE, "manifest-blake3.txt");
}

static void files_to_be_fetched(void **state) {
    struct bag b = open_bag();
    put(&b, "fetch.txt", "https://x/ 5 data/one\n");
    seal(&b);
    assert_bag(&b, BAGIT_WARNING, BAGIT_FETCH, "fetch.txt");
    drop(&b, "data/one");
    assert_bag(&b, BAGIT_INCOMPLETE, BAGIT_FETCH, "data/one");
    b = open_bag();
    put(&b, "fetch.txt", "https://x/ 5 data/three\n");
    seal(&b);
    assert_bag(&b, BAGIT_INVALID, BAGIT_EXTRA, "data/three");
}

static void oxum(void **state) {
    static const char *const bad[] = {
        "Payload-Oxum: 11.2\n",  "payload-oxum: 10.3\n",
        "Payload-Oxum: 10\n",    "Payload-Oxum: x.2\n",
        "Payload-Oxum: 010.2\n", "Payload-Oxum: 10.2\nPayload-Oxum: 10.2\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bag b = open_bag();
        strcpy(text_of(&b, "bag-info.txt"), bad[i]);
        seal(&b);
        assert_bag(&b, BAGIT_INVALID, BAGIT_OXUM, "bag-info.txt");
    }
}

static void tag_manifests(void **state) {
    struct bag b = open_bag();
    struct bag without = b;
    drop(&without, "manifest-sha256.txt");
    seal(&without);
    put(&b, "tagmanifest-sha256.txt", text_of(&without, "tagmanifest-sha256.txt"));
    assert_bag(&b, BAGIT_INVALID, BAGIT_UNPROTECTED, "manifest-sha256.txt");
    b = sound_bag();
    strcat(text_of(&b, "tagmanifest-sha256.txt"), ZEROS "  tagmanifest-sha256.txt\n");
    assert_bag(&b, BAGIT_INVALID, BAGIT_FORM, "tagmanifest-sha256.txt");
    b = open_bag();
    put(&b, "tagmanifest-sha256.txt", "\xEF\xBB\xBF");
    assert_bag(&b, BAGIT_INVALID, BAGIT_FORM, "tagmanifest-sha256.txt");
}

/* ---- older bags ---- */

static struct bag old_bag(void) {
    struct bag b = {.count = 0};
    put(&b, "bagit.txt", "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n");
    put(&b, "manifest-sha256.txt", "");
    put(&b, "manifest-sha512.txt", SHA512_HELLO "  data/one\n");
    put(&b, "data/one", "hello");
    return b;
}

static void older_rules(void **state) {
    struct bag b = old_bag();
    assert_bag(&b, BAGIT_WARNING, BAGIT_NOT_IN_EVERY, "data/one");
    strcat(text_of(&b, "manifest-sha512.txt"), SHA512_HELLO "  data/one\n");
    assert_bag(&b, BAGIT_WARNING, BAGIT_LISTED_TWICE, "data/one");
    put(&b, "data/two", "x");
    assert_bag(&b, BAGIT_INVALID, BAGIT_EXTRA, "data/two");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_bag),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(files_that_are_not_as_listed),
        cmocka_unit_test(what_every_bag_has),
        cmocka_unit_test(an_empty_payload),
        cmocka_unit_test(paths_that_lead_astray),
        cmocka_unit_test(names_that_meet),
        cmocka_unit_test(a_line_twice),
        cmocka_unit_test(two_manifests),
        cmocka_unit_test(two_manifests_that_differ),
        cmocka_unit_test(weak_hashes),
        cmocka_unit_test(unknown_hashes),
        cmocka_unit_test(files_to_be_fetched),
        cmocka_unit_test(oxum),
        cmocka_unit_test(tag_manifests),
        cmocka_unit_test(older_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
