/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM against NIST's vectors (SP 800-38D's companion, cases 14 and 16), ChaCha20-Poly1305
 * against RFC 8439, HKDF against RFC 5869 A.1 and A.3. */
#include "testing.h"

#include "crypto/aead.h"
#include "base/bytes.h"
#include "base/cursor.h"

static void hex(const char *text, uint8_t *to, size_t size_bytes) {
    assert_true(ex_parse_hex(text, strlen(text), to, size_bytes));
}

static void nist_case_16(void **state) {
    EX_AUTO(aead_free) struct aead *a = NULL;
    uint8_t key[32], nonce[12], plain[60], coded[60], extra[20], tag[16], to[60], got_tag[16];
    (void)state;
    hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key, 32);
    hex("cafebabefacedbaddecaf888", nonce, 12);
    hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        plain, 60);
    hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", extra, 20);
    hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        coded, 60);
    hex("76fc6ece0f4e1768cddf8853bb2d551b", tag, 16);
    assert_int_equal(aead_new(&a, NULL), EX_OK);
    assert_int_equal(aead_set_key(a, key, NULL), EX_OK);
    const struct aead_ad ad = {extra, 7, extra + 7, 13};
    assert_int_equal(aead_seal(a, nonce, &ad, plain, 60, to, got_tag, NULL), EX_OK);
    assert_memory_equal(to, coded, 60);
    assert_memory_equal(got_tag, tag, 16);
    assert_int_equal(aead_open(a, nonce, &ad, to, 60, tag, to, NULL), EX_OK); /* in place */
    assert_memory_equal(to, plain, 60);
}

/* RFC 8439 §2.8.2. */
static void chacha_of_the_rfc(void **state) {
    EX_AUTO(aead_free) struct aead *a = NULL;
    static const char plain[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one "
        "tip for the future, sunscreen would be it.";
    uint8_t key[32], nonce[12], extra[12], coded[114], tag[16], to[114], got_tag[16];
    (void)state;
    hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key, 32);
    hex("070000004041424344454647", nonce, 12);
    hex("50515253c0c1c2c3c4c5c6c7", extra, 12);
    hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b6116",
        coded, 114);
    hex("1ae10b594f09e26a7e902ecbd0600691", tag, 16);
    assert_int_equal(aead_new_chacha(&a, NULL), EX_OK);
    assert_int_equal(aead_set_key(a, key, NULL), EX_OK);
    const struct aead_ad ad = {extra, 12, NULL, 0};
    assert_int_equal(aead_seal(a, nonce, &ad, (const uint8_t *)plain, 114, to, got_tag, NULL),
                     EX_OK);
    assert_memory_equal(to, coded, 114);
    assert_memory_equal(got_tag, tag, 16);
    assert_int_equal(aead_open(a, nonce, &ad, coded, 114, tag, to, NULL), EX_OK);
    assert_memory_equal(to, plain, 114);
    tag[0] ^= 1;
    assert_int_equal(aead_open(a, nonce, &ad, coded, 114, tag, to, NULL), EX_ALTERED);
}

static void nothing_but_a_tag(void **state) {
    EX_AUTO(aead_free) struct aead *a = NULL;
    static const uint8_t zeros[32];
    const struct aead_ad none = {0};
    uint8_t tag[16], expected[16];
    (void)state;
    hex("530f8afbc74536b9a963b4f1c4cb738b", expected, 16); /* case 13 */
    assert_int_equal(aead_new(&a, NULL), EX_OK);
    assert_int_equal(aead_set_key(a, zeros, NULL), EX_OK);
    assert_int_equal(aead_seal(a, zeros, &none, NULL, 0, NULL, tag, NULL), EX_OK);
    assert_memory_equal(tag, expected, 16);
    assert_int_equal(aead_open(a, zeros, &none, NULL, 0, tag, NULL, NULL), EX_OK);
}

static void any_change_is_refused(void **state) {
    EX_AUTO(aead_free) struct aead *a = NULL;
    uint8_t key[32] = {1}, nonce[12] = {2}, plain[33] = {3}, coded[33], tag[16], to[33];
    static const uint8_t zeros[33];
    struct aead_ad ad = {"context", 7, NULL, 0}, other = {"contexT", 7, NULL, 0};
    (void)state;
    assert_int_equal(aead_new(&a, NULL), EX_OK);
    assert_int_equal(aead_set_key(a, key, NULL), EX_OK);
    assert_int_equal(aead_seal(a, nonce, &ad, plain, 33, coded, tag, NULL), EX_OK);
    for (size_t bit = 0; bit < 33 * 8; bit++) {
        coded[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(aead_open(a, nonce, &ad, coded, 33, tag, to, NULL), EX_ALTERED);
        assert_memory_equal(to, zeros, 33);
        coded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(aead_open(a, nonce, &other, coded, 33, tag, to, NULL), EX_ALTERED);
    tag[15] ^= 1;
    assert_int_equal(aead_open(a, nonce, &ad, coded, 33, tag, to, NULL), EX_ALTERED);
    tag[15] ^= 1;
    nonce[0] ^= 1;
    assert_int_equal(aead_open(a, nonce, &ad, coded, 33, tag, to, NULL), EX_ALTERED);
    nonce[0] ^= 1;
    key[0] ^= 1;
    assert_int_equal(aead_set_key(a, key, NULL), EX_OK);
    assert_int_equal(aead_open(a, nonce, &ad, coded, 33, tag, to, NULL), EX_ALTERED);
}

static void rfc_5869(void **state) {
    uint8_t key[22], salt[13], expected[42], got[42];
    (void)state;
    memset(key, 0x0b, sizeof key);
    hex("000102030405060708090a0b0c", salt, 13);
    hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        "9d201395faa4b61a96c8",
        expected, 42); /* A.3: no salt, no info */
    assert_int_equal(hkdf_sha256(key, 22, NULL, 0, "", got, 42, NULL), EX_OK);
    assert_memory_equal(got, expected, 42);
    hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        expected, 42); /* A.1 */
    const char info[] = "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";
    assert_int_equal(hkdf_sha256(key, 22, salt, 13, info, got, 42, NULL), EX_OK);
    assert_memory_equal(got, expected, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nist_case_16),      cmocka_unit_test(chacha_of_the_rfc),
        cmocka_unit_test(nothing_but_a_tag), cmocka_unit_test(any_change_is_refused),
        cmocka_unit_test(rfc_5869),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
