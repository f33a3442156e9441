/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/cursor.h"
#include "crypto/sign.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* RFC 8032 §7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} known[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void known_answers(void **state) {
    struct ex_error err;
    for (size_t i = 0; i < 3; i++) {
        EX_AUTO(sign_key_free) struct sign_key *key = NULL;
        uint8_t seed[SIGN_SEED_BYTES], signature[SIGNATURE_BYTES], message[2];
        char hex[2 * SIGNATURE_BYTES + 1];
        size_t size = strlen(known[i].message) / 2;
        assert_true(ex_parse_hex(known[i].seed, 64, seed, sizeof seed));
        assert_true(ex_parse_hex(known[i].message, 2 * size, message, size));
        assert_code(EX_OK, sign_key_from_seed(seed, &key, &err));
        assert_string_equal(ex_hex(hex, sign_key_public(key), SIGN_PUBLIC_BYTES),
                            known[i].public_key);
        assert_memory_equal(sign_key_seed(key), seed, sizeof seed);
        sign_key_sign(key, message, size, signature);
        assert_string_equal(ex_hex(hex, signature, sizeof signature), known[i].signature);
        assert_true(sign_verify(sign_key_public(key), message, size, signature));
    }
}

static void any_flipped_bit_is_refused(void **state) {
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    uint8_t signature[SIGNATURE_BYTES], public_key[SIGN_PUBLIC_BYTES];
    char message[] = "exhibit 7, received sealed";
    size_t size = strlen(message);
    assert_code(EX_OK, sign_key_generate(&key, &err));
    memcpy(public_key, sign_key_public(key), sizeof public_key);
    sign_key_sign(key, message, size, signature);
    assert_true(sign_verify(public_key, message, size, signature));
    assert_false(sign_verify(public_key, message, size - 1, signature));
    for (unsigned i = 0; i < 8 * SIGNATURE_BYTES; i++) {
        signature[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(sign_verify(public_key, message, size, signature));
        signature[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (unsigned i = 0; i < 8 * SIGN_PUBLIC_BYTES; i++) {
        public_key[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(sign_verify(public_key, message, size, signature));
        public_key[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void generated_keys_differ(void **state) {
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *a = NULL;
    EX_AUTO(sign_key_free) struct sign_key *b = NULL;
    EX_AUTO(sign_key_free) struct sign_key *again = NULL;
    assert_code(EX_OK, sign_key_generate(&a, &err));
    assert_code(EX_OK, sign_key_generate(&b, &err));
    assert_memory_not_equal(sign_key_seed(a), sign_key_seed(b), SIGN_SEED_BYTES);
    assert_code(EX_OK, sign_key_from_seed(sign_key_seed(a), &again, &err));
    assert_memory_equal(sign_key_public(a), sign_key_public(again), SIGN_PUBLIC_BYTES);
    sign_key_free(NULL);
}

/* C2SP/CCTV ed25519vectors.json: signatures that are in doubt. The numbers are the rule of
 * docs/decisions/0003-ed25519-rule.md; a library that changes its mind changes them. */

enum flag {
    LOW_ORDER_R,
    LOW_ORDER_A,
    LOW_ORDER_COMPONENT_R,
    LOW_ORDER_COMPONENT_A,
    LOW_ORDER_RESIDUE,
    NON_CANONICAL_A,
    NON_CANONICAL_R,
    REENCODED_K,
    FLAG_COUNT
};
static const char *const flag_names[FLAG_COUNT] = {
    "low_order_R",       "low_order_A",     "low_order_component_R", "low_order_component_A",
    "low_order_residue", "non_canonical_A", "non_canonical_R",       "reencoded_k"};

struct tally {
    unsigned total;
    unsigned with[FLAG_COUNT];
};

static void count(struct tally *t, json_t *vector) {
    size_t i;
    json_t *flag;
    t->total++;
    json_array_foreach(json_object_get(vector, "flags"), i, flag) {
        for (int f = 0; f < FLAG_COUNT; f++)
            t->with[f] += strcmp(json_string_value(flag), flag_names[f]) == 0;
    }
}

static void assert_tally(const struct tally *got, const struct tally *expected) {
    assert_int_equal(got->total, expected->total);
    for (int f = 0; f < FLAG_COUNT; f++) {
        if (got->with[f] != expected->with[f])
            fail_msg("%s: %u, not %u", flag_names[f], got->with[f], expected->with[f]);
    }
}

static bool openssl_verify(const uint8_t *public_key, const char *message,
                           const uint8_t *signature) {
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key != NULL && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE_BYTES, (const uint8_t *)message,
                                 strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

struct tallies {
    struct tally all, ours, only_ours, only_openssl;
};

static void judge(json_t *vector, struct tallies *t) {
    uint8_t public_key[SIGN_PUBLIC_BYTES], signature[SIGNATURE_BYTES];
    const char *key_hex = json_string_value(json_object_get(vector, "key"));
    const char *signature_hex = json_string_value(json_object_get(vector, "sig"));
    const char *message = json_string_value(json_object_get(vector, "msg"));
    assert_true(key_hex != NULL && signature_hex != NULL && message != NULL);
    assert_true(ex_parse_hex(key_hex, strlen(key_hex), public_key, sizeof public_key));
    assert_true(ex_parse_hex(signature_hex, strlen(signature_hex), signature, sizeof signature));
    bool ours = sign_verify(public_key, message, strlen(message), signature);
    bool openssl = openssl_verify(public_key, message, signature);
    count(&t->all, vector);
    if (ours)
        count(&t->ours, vector);
    if (ours && !openssl)
        count(&t->only_ours, vector);
    if (openssl && !ours)
        count(&t->only_openssl, vector);
}

/* In the order of enum flag. */
static const struct tally all = {914, {586, 526, 665, 774, 583, 226, 316, 146}};
static const struct tally accepted = {43, {0, 0, 35, 42, 0, 0, 0, 0}};
/* What OpenSSL accepts besides. */
static const struct tally only_openssl = {165, {99, 122, 124, 153, 0, 36, 0, 10}};

static void doubtful_signatures(void **state) {
    json_error_t json_err;
    size_t size, i;
    json_t *vector;
    struct tallies t = {0};
    EX_AUTO_FREE uint8_t *text = load_vector("ed25519/ed25519vectors.json", &size);
    json_t *vectors = json_loadb((const char *)text, size, 0, &json_err);
    if (vectors == NULL)
        fail_msg("%s", json_err.text);
    json_array_foreach(vectors, i, vector) judge(vector, &t);
    json_decref(vectors);
    assert_tally(&t.all, &all);
    assert_tally(&t.ours, &accepted);
    assert_tally(&t.only_ours, &(struct tally){0});
    assert_tally(&t.only_openssl, &only_openssl);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(any_flipped_bit_is_refused),
        cmocka_unit_test(generated_keys_differ),
        cmocka_unit_test(doubtful_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
