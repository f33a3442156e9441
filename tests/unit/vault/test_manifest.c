/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

#include "vault/layout_internal.h"

#include <sodium.h>

static const char sound[] =
    "exhibit-object/v1\n"
    "size 10000\n"
    "sha256 1111111111111111111111111111111111111111111111111111111111111111\n"
    "fsverity 2222222222222222222222222222222222222222222222222222222222222222\n"
    "salted-root 3333333333333333333333333333333333333333333333333333333333333333\n"
    "salted-key 4444444444444444444444444444444444444444444444444444444444444444\n"
    "layout 5555555555555555555555555555555555555555555555555555555555555555 2\n"
    "unreadable 2\n"
    "0 512\n"
    "1024 8976\n";

static ex_code parse(const char *text, size_t size, struct vault_object_info *o,
                     struct ex_error *err) {
    EX_AUTO_FREE uint8_t *exact =
        malloc(size + !size); /* so that a sanitizer sees a byte too far */
    memcpy(exact, text, size);
    return manifest_parse(exact, size, o, err);
}

static void reads_and_writes_the_same(void **state) {
    struct ex_error err;
    struct vault_object_info o;
    uint8_t *text, id[32], first[32];
    size_t size;
    assert_code(EX_OK, parse(sound, sizeof sound - 1, &o, &err));
    assert_int_equal(o.size_bytes, 10000);
    assert_int_equal(o.fsverity[31], 0x22);
    assert_int_equal(o.layout_level, 2);
    assert_int_equal(o.unreadable_count, 2);
    assert_int_equal(o.unreadable[1].offset, 1024);
    assert_int_equal(o.unreadable[1].length, 8976);
    memcpy(first, o.id, sizeof first);
    assert_code(EX_OK, manifest_write(&o, &text, &size, &err));
    assert_int_equal(size, sizeof sound - 1);
    assert_memory_equal(text, sound, size);
    naive_sha256(sound, size, id);
    assert_memory_equal(o.id, id, 32);
    assert_memory_equal(first, id, 32);
    free(text);
    vault_object_info_clear(&o);
}

static void every_cut_and_every_flip_is_refused_or_written_the_same(void **state) {
    struct ex_error err;
    struct vault_object_info o;
    char text[sizeof sound];
    for (size_t size = 0; size < sizeof sound - 1; size++)
        assert_int_not_equal(parse(sound, size, &o, NULL), EX_OK);
    for (size_t at = 0; at < sizeof sound - 1; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *again;
            size_t size;
            memcpy(text, sound, sizeof sound);
            text[at] = (char)(text[at] ^ (1 << bit));
            if (parse(text, sizeof sound - 1, &o, NULL) != EX_OK)
                continue;
            assert_code(EX_OK, manifest_write(&o, &again, &size, &err));
            assert_int_equal(size, sizeof sound - 1);
            assert_memory_equal(again, text, size);
            free(again);
            vault_object_info_clear(&o);
        }
}

/* Replaces one part of the sound manifest. */
static void assert_refused(const char *from, const char *to) {
    char text[2048];
    struct ex_error err;
    struct vault_object_info o;
    const char *at = strstr(sound, from);
    assert_non_null(at);
    int size =
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - sound), sound, to, at + strlen(from));
    err = (struct ex_error){0};
    ex_code code = parse(text, (size_t)size, &o, &err);
    if (code != EX_FORMAT && code != EX_UNSUPPORTED)
        fail_msg("%s for %s gives %s", to, from, ex_code_name(code));
}

static void wrong_manifests_are_refused(void **state) {
    assert_refused("v1", "v2");
    assert_refused("size 10000", "size 010000");
    assert_refused("size 10000", "size 9999"); /* the last range is outside then */
    assert_refused("size 10000", "size 9223372036854775808");
    assert_refused("size 10000\n", "");
    assert_refused("size 10000\n", "size 10000\nnew thing\n");
}

static void wrong_ranges_are_refused(void **state) {
    assert_refused("0 512\n", "0 0\n");
    assert_refused("0 512\n", "0 1024\n"); /* touches the next one */
    assert_refused("0 512\n", "0 2000\n");
    assert_refused("0 512\n", "2000 10\n"); /* not ascending */
    assert_refused("1024 8976", "1024 8977");
    assert_refused("1024 8976", "1024 18446744073709551615");
    assert_refused("unreadable 2", "unreadable 1");
    assert_refused("unreadable 2", "unreadable 3");
    assert_refused("unreadable 2", "unreadable 1048577");
    assert_refused("unreadable 2", "unreadable 99999999999999999999");
    assert_refused(" 2\nunreadable", " 8\nunreadable"); /* too deep */
    assert_refused(" 2\nunreadable", " 02\nunreadable");
    assert_refused(" 2\nunreadable", "\nunreadable");
    assert_refused("1024 8976\n", "1024 8976\n\n");
    assert_refused("0 512\n", "0  512\n");
    assert_refused("0 512\n", "0 512 \n");
}

/* The salted root by hand: whole key stream, RFC 6962 by recursion. */
static void naive_root(const uint8_t (*leaf)[32], size_t count, uint8_t ret[32]) {
    uint8_t input[65] = {1};
    size_t left = 1;
    if (count == 0) {
        naive_sha256("", 0, ret);
        return;
    }
    if (count == 1) {
        memcpy(ret, leaf[0], 32);
        return;
    }
    while (left * 2 < count)
        left *= 2;
    naive_root(leaf, left, input + 1);
    naive_root(leaf + left, count - left, input + 33);
    naive_sha256(input, sizeof input, ret);
}

static void the_salted_root_is_what_the_page_says(void **state) {
    uint8_t key[32], stream[64 * 16], hash[64][32], leaf[64][32], expected[32], got[32];
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    struct random r = {9};
    random_fill(&r, key, sizeof key);
    random_fill(&r, hash[0], sizeof hash);
    crypto_stream_chacha20(stream, sizeof stream, nonce, key);
    for (size_t count = 0; count <= 64; count++) {
        struct salted s;
        salted_start(&s, key);
        for (size_t i = 0; i < count; i++) {
            uint8_t input[49] = {0};
            memcpy(input + 1, stream + 16 * i, 16);
            memcpy(input + 17, hash[i], 32);
            naive_sha256(input, sizeof input, leaf[i]);
            salted_add(&s, hash[i]);
        }
        naive_root((const uint8_t(*)[32])leaf, count, expected);
        salted_end(&s, got);
        assert_memory_equal(got, expected, 32);
        for (size_t i = 0; i < sizeof s; i++)
            assert_int_equal(((const uint8_t *)&s)[i], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_same),
        cmocka_unit_test(every_cut_and_every_flip_is_refused_or_written_the_same),
        cmocka_unit_test(wrong_manifests_are_refused),
        cmocka_unit_test(wrong_ranges_are_refused),
        cmocka_unit_test(the_salted_root_is_what_the_page_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
