/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/seal.h"

static const struct seal_kdf kdf = {
    .memory_mib = SEAL_KDF_MEMORY_MIN_MIB, .passes = 1, .salt = {1, 2, 3}};
static const uint8_t nonce[SEAL_NONCE_BYTES] = {9, 8, 7};
static const char passphrase[] = "correct horse";
static const char ad[] = "vault 1";
static const char plain[] = "the epoch key";
enum { PLAIN = sizeof plain - 1, LOCKED = PLAIN + SEAL_TAG_BYTES, AD = sizeof ad - 1 };

static void lock(uint8_t ret[static LOCKED]) {
    struct ex_error err;
    assert_code(EX_OK, seal_lock(&kdf, nonce, passphrase, strlen(passphrase), ad, AD,
                                 (const uint8_t *)plain, PLAIN, ret, &err));
}

static void assert_unlock(ex_code expected, const struct seal_kdf *k, const uint8_t *n,
                          const char *words, const char *data, const uint8_t *locked, size_t size) {
    struct ex_error err;
    SEAL_AUTO_SECRET uint8_t *got = NULL;
    assert_code(expected, seal_unlock(k, n, words, strlen(words), data, strlen(data), locked, size,
                                      &got, &err));
    if (expected == EX_OK)
        assert_memory_equal(got, plain, PLAIN);
    else
        assert_null(got);
}

static void locked_and_unlocked(void **state) {
    uint8_t locked[LOCKED];
    lock(locked);
    assert_memory_not_equal(locked, plain, PLAIN);
    assert_unlock(EX_OK, &kdf, nonce, passphrase, ad, locked, LOCKED);
}

/* Made with libsodium's functions from another language, so that the layout stays what it is. */
static void known_answer(void **state) {
    uint8_t locked[LOCKED];
    char hex[2 * LOCKED + 1];
    lock(locked);
    assert_string_equal(ex_hex(hex, locked, LOCKED),
                        "a4ab6fca877bfff5064f3e7bc0726af6e9a8a0792cbfcad4d2b6e96713");
}

static void anything_else_is_denied(void **state) {
    uint8_t locked[LOCKED], other_nonce[SEAL_NONCE_BYTES] = {9, 8, 6};
    struct seal_kdf other = kdf;
    lock(locked);
    assert_unlock(EX_DENIED, &kdf, nonce, "correct horsf", ad, locked, LOCKED);
    assert_unlock(EX_DENIED, &kdf, nonce, "", ad, locked, LOCKED);
    assert_unlock(EX_DENIED, &kdf, nonce, passphrase, "vault 2", locked, LOCKED);
    assert_unlock(EX_DENIED, &kdf, other_nonce, passphrase, ad, locked, LOCKED);
    assert_unlock(EX_DENIED, &kdf, nonce, passphrase, ad, locked, LOCKED - 1);
    other.salt[15] ^= 1;
    assert_unlock(EX_DENIED, &other, nonce, passphrase, ad, locked, LOCKED);
    other = kdf;
    other.passes = 2;
    assert_unlock(EX_DENIED, &other, nonce, passphrase, ad, locked, LOCKED);
    for (size_t i = 0; i < LOCKED; i += LOCKED - 1) {
        locked[i] ^= 1;
        assert_unlock(EX_DENIED, &kdf, nonce, passphrase, ad, locked, LOCKED);
        locked[i] ^= 1;
    }
}

static void numbers_out_of_bounds_are_refused(void **state) {
    static const struct seal_kdf bad[] = {
        {.memory_mib = 0, .passes = 1},   {.memory_mib = 7, .passes = 1},
        {.memory_mib = 257, .passes = 1}, {.memory_mib = UINT32_MAX, .passes = 1},
        {.memory_mib = 8, .passes = 0},   {.memory_mib = 8, .passes = 17},
    };
    uint8_t locked[LOCKED];
    struct ex_error err;
    lock(locked);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_unlock(EX_LIMIT, &bad[i], nonce, passphrase, ad, locked, LOCKED);
        assert_code(EX_LIMIT, seal_lock(&bad[i], nonce, passphrase, 1, ad, AD,
                                        (const uint8_t *)plain, PLAIN, locked, &err));
    }
    assert_unlock(EX_FORMAT, &kdf, nonce, passphrase, ad, locked, SEAL_TAG_BYTES - 1);
    assert_unlock(EX_FORMAT, &kdf, nonce, passphrase, ad, locked, 0);
    /* Refused before a byte of it is read. */
    assert_unlock(EX_LIMIT, &kdf, nonce, passphrase, ad, locked, EX_LIMIT_CONFIG_BYTES + 1);
    assert_code(EX_LIMIT, seal_lock(&kdf, nonce, passphrase, EX_LIMIT_PASSPHRASE_BYTES + 1, ad, AD,
                                    (const uint8_t *)plain, PLAIN, locked, &err));
    assert_code(EX_LIMIT, seal_lock(&kdf, nonce, passphrase, 1, ad, AD, (const uint8_t *)plain,
                                    EX_LIMIT_CONFIG_BYTES, locked, &err));
}

/* RFC 7748 §5.2: the first iteration, whose scalar and base point are both 9. */
static void public_key_of_a_box(void **state) {
    uint8_t secret[SEAL_BOX_SECRET_BYTES] = {9}, public_key[SEAL_BOX_PUBLIC_BYTES];
    char hex[65];
    seal_box_public(secret, public_key);
    assert_string_equal(ex_hex(hex, public_key, sizeof public_key),
                        "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
}

static void sealed_to_a_key(void **state) {
    struct ex_error err;
    uint8_t secret[SEAL_BOX_SECRET_BYTES] = {3, 1, 4}, other[SEAL_BOX_SECRET_BYTES] = {2, 7, 1};
    uint8_t public_key[SEAL_BOX_PUBLIC_BYTES], sealed[PLAIN + SEAL_BOX_OVERHEAD_BYTES];
    uint8_t zero[SEAL_BOX_PUBLIC_BYTES] = {0};
    SEAL_AUTO_SECRET uint8_t *got = NULL;
    uint8_t *none = NULL;
    seal_box_public(secret, public_key);
    assert_code(EX_OK, seal_box(public_key, (const uint8_t *)plain, PLAIN, sealed, &err));
    assert_code(EX_OK, seal_box_open(secret, sealed, sizeof sealed, &got, &err));
    assert_memory_equal(got, plain, PLAIN);
    assert_code(EX_DENIED, seal_box_open(other, sealed, sizeof sealed, &none, &err));
    assert_code(EX_DENIED, seal_box_open(secret, sealed, sizeof sealed - 1, &none, &err));
    assert_code(EX_FORMAT, seal_box_open(secret, sealed, SEAL_BOX_OVERHEAD_BYTES - 1, &none, &err));
    assert_code(EX_LIMIT, seal_box_open(secret, sealed, EX_LIMIT_CONFIG_BYTES + 1, &none, &err));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x40;
        assert_code(EX_DENIED, seal_box_open(secret, sealed, sizeof sealed, &none, &err));
        sealed[i] ^= 0x40;
    }
    assert_null(none);
    /* A point of small order: everybody would know the shared secret. */
    assert_code(EX_FORMAT, seal_box(zero, (const uint8_t *)plain, PLAIN, sealed, &err));
    assert_code(EX_LIMIT,
                seal_box(public_key, (const uint8_t *)plain, EX_LIMIT_CONFIG_BYTES, sealed, &err));
    seal_secret_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked_and_unlocked),
        cmocka_unit_test(known_answer),
        cmocka_unit_test(anything_else_is_denied),
        cmocka_unit_test(numbers_out_of_bounds_are_refused),
        cmocka_unit_test(public_key_of_a_box),
        cmocka_unit_test(sealed_to_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
