/* SPDX-License-Identifier: Apache-2.0 */
#include "flips.h"

#include "base/mem.h"
#include "crypto/sha256.h"
#include "formats/comment.h"
#include "formats/minisign.h"

#include <sodium.h>

static const char PK[] = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

static void hash_of(const void *data, size_t size, uint8_t ret[static MINISIGN_HASH_BYTES]) {
    struct minisign_hash h;
    minisign_hash_start(&h);
    minisign_hash_add(&h, data, size);
    minisign_hash_end(&h, ret);
}

static struct sign_key *test_key(void) {
    struct ex_error err;
    struct sign_key *key = NULL;
    uint8_t seed[SIGN_SEED_BYTES] = {1, 2, 3};
    assert_code(EX_OK, sign_key_from_seed(seed, &key, &err));
    return key;
}

static ex_code parse_vector(const char *name, struct minisign *ret, struct ex_error *err) {
    size_t size;
    EX_AUTO_FREE uint8_t *text = load_vector(name, &size);
    return minisign_parse((const char *)text, size, ret, err);
}

static void hashes_in_pieces(void **state) {
    uint8_t data[1000], whole[MINISIGN_HASH_BYTES], pieces[MINISIGN_HASH_BYTES];
    uint8_t known[MINISIGN_HASH_BYTES];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    hash_of(data, sizeof data, whole);
    crypto_generichash_blake2b(known, sizeof known, data, sizeof data, NULL, 0);
    assert_memory_equal(whole, known, sizeof known);
    for (size_t step = 1; step < 300; step += 37) {
        struct minisign_hash h, moved;
        minisign_hash_start(&h);
        for (size_t at = 0; at < sizeof data; at += step)
            minisign_hash_add(&h, data + at, at + step > sizeof data ? sizeof data - at : step);
        moved = h; /* it may be copied */
        minisign_hash_end(&moved, pieces);
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void the_authors_signature(void **state) {
    struct ex_error err;
    struct minisign_key key, bare;
    struct minisign m;
    uint8_t hash[MINISIGN_HASH_BYTES];
    char text[MINISIGN_KEY_TEXT_BYTES], line[MINISIGN_KEY_LINE_BYTES];
    size_t size;
    EX_AUTO_FREE uint8_t *file = load_vector("minisign/minisign.pub", &size);
    assert_code(EX_OK, minisign_key_parse((const char *)file, size, &key, &err));
    assert_string_equal(minisign_key_text(&key, text), (const char *)file);
    assert_string_equal(minisign_key_line(&key, line), PK);
    assert_code(EX_OK, minisign_key_parse(PK, strlen(PK), &bare, &err));
    assert_memory_equal(&key, &bare, sizeof key);
    assert_code(EX_OK, parse_vector("minisign/test.minisig", &m, &err));
    assert_string_equal(m.trusted, "timestamp:1556193335\tfile:test");
    hash_of("test", 4, hash);
    assert_code(EX_OK, minisign_verify(&m, &key, hash, &err));
    hash_of("Test", 4, hash);
    assert_code(EX_SIGNATURE, minisign_verify(&m, &key, hash, &err));
    assert_code(EX_UNSUPPORTED, parse_vector("minisign/legacy.minisig", &m, &err));
    assert_non_null(strstr(err.text, "legacy"));
}

static void the_number_is_derived(void **state) {
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    struct minisign_key label;
    uint8_t hash[SHA256_BYTES];
    char text[MINISIGN_NUMBER_TEXT_BYTES];
    static const uint8_t number[MINISIGN_NUMBER_BYTES] = {0xEF, 0xCD, 0xAB, 0x89,
                                                          0x67, 0x45, 0x23, 0x01};
    minisign_key_make(sign_key_public(key), &label);
    sha256_of(sign_key_public(key), SIGN_PUBLIC_BYTES, hash);
    assert_memory_equal(label.number, hash, MINISIGN_NUMBER_BYTES);
    assert_string_equal(minisign_number_text(number, text), "0123456789ABCDEF");
}

/* Signs "the message", with these comments. */
static char *sign_message(const char *untrusted, const char *trusted, size_t *ret_bytes) {
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    uint8_t hash[MINISIGN_HASH_BYTES];
    char *text = NULL;
    hash_of("the message", 11, hash);
    assert_code(EX_OK, minisign_sign(key, hash, untrusted, trusted, &text, ret_bytes, &err));
    assert_int_equal(strlen(text), *ret_bytes);
    return text;
}

static ex_code check_message(const void *text, size_t size, const char *message, size_t bytes,
                             struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    struct minisign_key label;
    struct minisign m;
    uint8_t hash[MINISIGN_HASH_BYTES];
    minisign_key_make(sign_key_public(key), &label);
    hash_of(message, bytes, hash);
    EX_TRY(minisign_parse(text, size, &m, err));
    return minisign_verify(&m, &label, hash, err);
}

static bool file_accepted(const uint8_t *data, size_t size, void *context) {
    return check_message(data, size, "the message", 11, NULL) == EX_OK;
}

static bool message_accepted(const uint8_t *data, size_t size, void *context) {
    const char *text = context;
    return check_message(text, strlen(text), (const char *)data, size, NULL) == EX_OK;
}

static void no_bit_may_change(void **state) {
    size_t size, untrusted = strlen("untrusted comment: ");
    EX_AUTO_FREE char *text = sign_message("nobody signed this", "id 1\tü", &size);
    size_t signed_from = (size_t)(strchr(text, '\n') - text);
    uint8_t message[] = "the message";
    assert_true(file_accepted((uint8_t *)text, size, NULL));
    assert_flips_refused((uint8_t *)text, size, 0, untrusted, file_accepted, NULL);
    assert_flips_refused((uint8_t *)text, size, signed_from, size, file_accepted, NULL);
    assert_flips_refused(message, 11, 0, 11, message_accepted, text);
    assert_true(message_accepted(message, 11, text));
    /* The format protects everything but this text. */
    text[untrusted] ^= 1;
    assert_true(file_accepted((uint8_t *)text, size, NULL));
}

static void says_what_is_wrong(void **state) {
    struct ex_error err;
    size_t size, other_size;
    EX_AUTO_FREE char *text = sign_message(NULL, "one", &size);
    EX_AUTO_FREE char *other = sign_message(NULL, "two", &other_size);
    struct minisign m, with;
    struct minisign_key stranger;
    uint8_t hash[MINISIGN_HASH_BYTES];
    assert_non_null(strstr(text, "untrusted comment: signature by minisign key "));
    assert_code(EX_SIGNATURE, check_message(text, size, "another", 7, &err));
    assert_non_null(strstr(err.text, "not one of these bytes"));
    assert_code(EX_OK, minisign_key_parse(PK, strlen(PK), &stranger, &err));
    assert_code(EX_OK, minisign_parse(text, size, &m, &err));
    assert_code(EX_OK, minisign_parse(other, other_size, &with, &err));
    hash_of("the message", 11, hash);
    assert_code(EX_SIGNATURE, minisign_verify(&m, &stranger, hash, &err));
    assert_non_null(strstr(err.text, "not by E7620F1842B4E81F"));
    memcpy(m.trusted, with.trusted, 4);
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    minisign_key_make(sign_key_public(key), &stranger);
    assert_code(EX_SIGNATURE, minisign_verify(&m, &stranger, hash, &err));
    assert_non_null(strstr(err.text, "trusted comment was changed"));
}

static void comments_have_limits(void **state) {
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *key = test_key();
    uint8_t hash[MINISIGN_HASH_BYTES] = {0};
    static const char *const bad[] = {"a\nb",     "a\rb", "\x1b[31m", "\x7f",
                                      "\xc2\x9b", "\xff", "\xc0\xaf"};
    char longest[MINISIGN_TRUSTED_MAX + 2];
    char *text = NULL;
    size_t size;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_code(EX_FORMAT, minisign_sign(key, hash, NULL, bad[i], &text, &size, &err));
        assert_code(EX_FORMAT, minisign_sign(key, hash, bad[i], "", &text, &size, &err));
    }
    memset(longest, 'x', sizeof longest);
    longest[MINISIGN_TRUSTED_MAX + 1] = '\0';
    assert_code(EX_LIMIT, minisign_sign(key, hash, NULL, longest, &text, &size, &err));
    longest[MINISIGN_UNTRUSTED_MAX + 1] = '\0';
    assert_code(EX_LIMIT, minisign_sign(key, hash, longest, "", &text, &size, &err));
    assert_null(text);
    longest[MINISIGN_UNTRUSTED_MAX + 1] = 'x';
    longest[MINISIGN_TRUSTED_MAX] = '\0';
    EX_AUTO_FREE char *most =
        sign_message(longest + MINISIGN_TRUSTED_MAX - MINISIGN_UNTRUSTED_MAX, longest, &size);
    assert_code(EX_OK, check_message(most, size, "the message", 11, &err));
}

/* A good signature file with one place changed. */
static void assert_refused(const char *find, const char *put, ex_code code) {
    struct ex_error err;
    size_t size;
    char changed[512];
    EX_AUTO_FREE char *text = sign_message("u", "t", &size);
    char *at = strstr(text, find);
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, put,
                   at + strlen(find));
    assert_code(code, check_message(changed, strlen(changed), "the message", 11, &err));
}

static void other_forms_are_refused(void **state) {
    struct ex_error err;
    struct minisign m;
    struct minisign_key key;
    char text[64];
    size_t size;
    assert_refused("\ntrusted comment: t\n", "\n", EX_FORMAT);
    assert_refused("untrusted comment: u\n", "", EX_FORMAT);
    assert_refused("comment: t", "comment: T", EX_SIGNATURE);
    assert_refused("comment: t", "comment: t\x1b", EX_FORMAT);
    assert_refused("\n", "\r\n", EX_FORMAT);
    assert_refused("\nRU", "\nRU ", EX_FORMAT);
    assert_refused("\nRU", "\nRX", EX_UNSUPPORTED);
    assert_refused("\nRU", "\nRW", EX_UNSUPPORTED); /* what was hashed, as if it had not been */
    EX_AUTO_FREE char *good = sign_message("u", "t", &size);
    assert_code(EX_OK, check_message(good, size - 1, "the message", 11, &err)); /* the last LF */
    assert_code(EX_FORMAT, check_message(good, size - 2, "the message", 11, &err));
    assert_code(EX_FORMAT, minisign_parse("", 0, &m, &err));
    assert_code(EX_FORMAT, minisign_key_parse("", 0, &key, &err));
    (void)snprintf(text, sizeof text, "%s\n", PK);
    assert_code(EX_OK, minisign_key_parse(text, strlen(text), &key, &err));
    (void)snprintf(text, sizeof text, "%s\n\n", PK);
    assert_code(EX_FORMAT, minisign_key_parse(text, strlen(text), &key, &err));
    (void)snprintf(text, sizeof text, "RX%s", PK + 2);
    assert_code(EX_UNSUPPORTED, minisign_key_parse(text, strlen(text), &key, &err));
    assert_code(EX_LIMIT, minisign_parse(good, MINISIGN_FILE_MAX + 1, &m, &err));
}

static void assert_shown(const char *comment, const char *shown) {
    struct ex_error err;
    EX_AUTO_FREE char *got = NULL;
    assert_code(EX_OK, comment_display(comment, strlen(comment), &got, &err));
    assert_string_equal(got, shown);
}

static void comments_are_harmless_when_shown(void **state) {
    struct ex_error err;
    char *got = NULL;
    assert_shown("plain, ü and 漢", "plain, ü and 漢");
    assert_shown("a\tb", "a b");
    assert_shown("\x1b[2Ja\nb", "\xEF\xBF\xBD[2Ja\xEF\xBF\xBD"
                                "b");
    assert_shown("\xC3(", "\xEF\xBF\xBD(");         /* nothing after a bad byte is swallowed */
    assert_shown("\xE2\x80\xAEx", "\xEF\xBF\xBDx"); /* right-to-left override */
    assert_shown("\xC2\x9B", "\xEF\xBF\xBD");
    assert_shown("", "");
    assert_code(EX_LIMIT, comment_display("", COMMENT_BYTES_MAX + 1, &got, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_in_pieces),
        cmocka_unit_test(the_authors_signature),
        cmocka_unit_test(the_number_is_derived),
        cmocka_unit_test(no_bit_may_change),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(comments_have_limits),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(comments_are_harmless_when_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
