/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "crypto/blockhash_internal.h"
#include "crypto/sha256.h"

enum { BLOCKS = 70, BYTES = BLOCKS * BLOCK_BYTES, CANARY = 0x5A };

static uint8_t *make_data(void) {
    uint8_t *data = malloc(BYTES);
    assert_non_null(data);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 11);
    return data;
}

static void expect_block(const uint8_t *data, size_t size_bytes, uint8_t *ret) {
    uint8_t block[BLOCK_BYTES] = {0};
    memcpy(block, data, size_bytes < BLOCK_BYTES ? size_bytes : BLOCK_BYTES);
    sha256_of(block, sizeof block, ret);
}

/* Every block's hash is right, and not a byte after the last is written. */
static void check_run(struct block_hasher *h, const uint8_t *data, size_t size_bytes) {
    struct ex_error err;
    uint8_t got[BLOCKS + 1][BLOCK_HASH_BYTES], expected[BLOCK_HASH_BYTES], canary[BLOCK_HASH_BYTES];
    size_t blocks = (size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    memset(got, CANARY, sizeof got);
    memset(canary, CANARY, sizeof canary);
    assert_code(EX_OK, block_hasher_run(h, data, size_bytes, got, &err));
    for (size_t i = 0; i < blocks; i++) {
        expect_block(data + i * BLOCK_BYTES, size_bytes - i * BLOCK_BYTES, expected);
        assert_memory_equal(got[i], expected, sizeof expected);
    }
    assert_memory_equal(got[blocks], canary, sizeof canary);
}

static void check_engine(enum block_engine engine, const char *name) {
    static const size_t sizes[] = {0,         1,         4095,      4096,      4097,
                                   3 * 4096,  15 * 4096, 16 * 4096, 17 * 4096, 33 * 4096 + 1,
                                   64 * 4096, BYTES - 1, BYTES};
    struct ex_error err;
    EX_AUTO(block_hasher_free) struct block_hasher *h = NULL;
    EX_AUTO_FREE uint8_t *data = make_data();
    assert_code(EX_OK, block_hasher_new_with(engine, &h, &err));
    assert_memory_equal(block_hasher_name(h), name, strlen(name));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_run(h, data, sizes[i]);
    /* A short block after a long one: the padding is not what was there before. */
    check_run(h, data + 1, 4095);
    check_run(h, data + 9, 2);
}

static void openssl_engine(void **state) {
    check_engine(BLOCK_ENGINE_OPENSSL, "OpenSSL ");
}

static bool have_ipsec_mb(void) {
    EX_AUTO(block_hasher_free) struct block_hasher *h = NULL;
    return block_hasher_new_with(BLOCK_ENGINE_IPSEC_MB, &h, NULL) == EX_OK;
}

static void ipsec_mb_engine(void **state) {
    if (!have_ipsec_mb()) {
        print_message("# no libipsec-mb in this build, or not for this processor\n");
        skip();
    }
    check_engine(BLOCK_ENGINE_IPSEC_MB, "libipsec-mb ");
}

static void the_default_is_the_best_engine(void **state) {
    struct ex_error err;
    EX_AUTO(block_hasher_free) struct block_hasher *h = NULL;
    const char *expected = have_ipsec_mb() ? "libipsec-mb " : "OpenSSL ";
    assert_code(EX_OK, block_hasher_new(&h, &err));
    assert_memory_equal(block_hasher_engine(), expected, strlen(expected));
    assert_string_equal(block_hasher_name(h), block_hasher_engine());
}

#ifndef EXHIBIT_HAVE_IPSEC_MB
static void an_engine_that_is_not_there_is_refused(void **state) {
    struct ex_error err;
    struct block_hasher *h = NULL;
    assert_code(EX_UNSUPPORTED, block_hasher_new_with(BLOCK_ENGINE_IPSEC_MB, &h, &err));
    assert_null(h);
}
#endif

static void constants(void **state) {
    uint8_t block[BLOCK_BYTES], expected[BLOCK_HASH_BYTES];
    for (int value = 0; value < 256; value++) {
        memset(block, value, sizeof block);
        sha256_of(block, sizeof block, expected);
        assert_memory_equal(block_hash_constant((uint8_t)value), expected, sizeof expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_engine),
        cmocka_unit_test(ipsec_mb_engine),
        cmocka_unit_test(the_default_is_the_best_engine),
#ifndef EXHIBIT_HAVE_IPSEC_MB
        cmocka_unit_test(an_engine_that_is_not_there_is_refused),
#endif
        cmocka_unit_test(constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
