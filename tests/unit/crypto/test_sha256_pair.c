/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "crypto/sha256_pair.h"

enum { BLOCKS = 37, BYTES = BLOCKS * BLOCK_BYTES, CANARY = 0x5A };

static void skip_unless_it_works(void) {
    if (sha256_pair_works())
        return;
    print_message("# this processor has no SHA extensions\n");
    skip();
}

static uint8_t *make_data(void) {
    uint8_t *data = malloc(BYTES + 1);
    assert_non_null(data);
    for (size_t i = 0; i <= BYTES; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 11);
    return data;
}

static void assert_blocks(const uint8_t *data, size_t blocks,
                          const uint8_t (*got)[BLOCK_HASH_BYTES]) {
    uint8_t expected[BLOCK_HASH_BYTES], canary[BLOCK_HASH_BYTES];
    memset(canary, CANARY, sizeof canary);
    for (size_t i = 0; i < blocks; i++) {
        sha256_of(data + i * BLOCK_BYTES, BLOCK_BYTES, expected);
        assert_memory_equal(got[i], expected, sizeof expected);
    }
    assert_memory_equal(got[blocks], canary, sizeof canary);
}

/* lead: bytes of the stream before, so that blocks begin anywhere in a step of the hash. */
static void check(const uint8_t *data, size_t lead, size_t blocks, bool with_blocks) {
    uint8_t got[BLOCKS + 1][BLOCK_HASH_BYTES], hash[SHA256_BYTES], expected[SHA256_BYTES];
    struct sha256 ours, theirs;
    memset(got, CANARY, sizeof got);
    sha256_start(&ours);
    sha256_start(&theirs);
    sha256_add(&ours, data, lead);
    sha256_add(&theirs, data, lead);
    sha256_pair_add(&ours, data, blocks, with_blocks ? got : NULL);
    sha256_add(&theirs, data, blocks * BLOCK_BYTES);
    assert_blocks(data, with_blocks ? blocks : 0, (const uint8_t(*)[BLOCK_HASH_BYTES])got);
    sha256_add(&ours, "rest", 4);
    sha256_add(&theirs, "rest", 4);
    sha256_end(&ours, hash);
    sha256_end(&theirs, expected);
    assert_memory_equal(hash, expected, sizeof hash);
}

static void every_number_of_blocks(void **state) {
    EX_AUTO_FREE uint8_t *data = make_data();
    skip_unless_it_works();
    for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
        check(data, 0, blocks, true);
        check(data, 0, blocks, false);
        check(data + (blocks < BLOCKS), 64, blocks, true); /* data at an odd address */
    }
}

static void anywhere_in_a_step_of_the_hash(void **state) {
    EX_AUTO_FREE uint8_t *data = make_data();
    skip_unless_it_works();
    for (size_t lead = 0; lead <= 130; lead++) {
        check(data, lead, 2, true);
        check(data, lead, 1, false);
    }
}

/* A state that was saved behind some blocks goes on as any other would. */
static void the_state_can_be_saved(void **state) {
    EX_AUTO_FREE uint8_t *data = make_data();
    uint8_t saved[SHA256_BYTES], hash[SHA256_BYTES], expected[SHA256_BYTES];
    uint8_t got[4][BLOCK_HASH_BYTES];
    struct sha256 h;
    skip_unless_it_works();
    sha256_start(&h);
    sha256_pair_add(&h, data, 4, got);
    assert_true(sha256_save(&h, saved));
    assert_true(sha256_load(&h, saved, 4 * BLOCK_BYTES));
    sha256_pair_add(&h, data + 4 * BLOCK_BYTES, BLOCKS - 4, NULL);
    sha256_end(&h, hash);
    sha256_of(data, BYTES, expected);
    assert_memory_equal(hash, expected, sizeof hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_blocks),
        cmocka_unit_test(anywhere_in_a_step_of_the_hash),
        cmocka_unit_test(the_state_can_be_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
