/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

static void assert_body(struct vault *v, uint64_t index, const void *data, size_t size) {
    struct ex_error err;
    uint8_t *got;
    size_t got_size;
    assert_code(EX_OK, vault_body_read(v, index, &got, &got_size, &err));
    assert_int_equal(got_size, size);
    assert_memory_equal(got, data, size);
    free(got);
}

static void round_trips(void **state) {
    struct place *p = *state;
    struct ex_error err;
    static const size_t sizes[] = {0, 1, 100, 4096, 1000000};
    static const uint64_t indexes[] = {0, 999, 1000, 1234067, 18446744073709551615U};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *data = mixed(i + 1, sizes[i]);
        assert_code(EX_OK, vault_body_write(p->v, indexes[i], data, sizes[i], &err));
        assert_body(p->v, indexes[i], data, sizes[i]);
        free(data);
    }
    /* The groups of three of tlog-tiles. */
    char path[256];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/ledger/body/x001/x234/067", p->vault);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_body_that_nobody_acknowledged_is_replaced(void **state) {
    struct place *p = *state;
    struct ex_error err;
    assert_code(EX_OK, vault_body_write(p->v, 5, (const uint8_t *)"first", 5, &err));
    assert_code(EX_OK, vault_body_write(p->v, 5, (const uint8_t *)"second", 6, &err));
    assert_body(p->v, 5, "second", 6);
}

static void too_large_and_missing(void **state) {
    struct place *p = *state;
    struct ex_error err;
    uint8_t *data = ex_new0_bytes(EX_LIMIT_BODY_BYTES + 1), *got;
    size_t size;
    assert_code(EX_LIMIT, vault_body_write(p->v, 0, data, EX_LIMIT_BODY_BYTES + 1, &err));
    assert_code(EX_OK, vault_body_write(p->v, 0, data, EX_LIMIT_BODY_BYTES, &err));
    assert_body(p->v, 0, data, EX_LIMIT_BODY_BYTES);
    assert_code(EX_MISSING, vault_body_read(p->v, 1, &got, &size, &err));
    free(data);
}

static void every_flipped_bit_and_every_lost_byte_is_seen(void **state) {
    struct place *p = *state;
    struct ex_error err;
    char path[256], text[600];
    struct stat st;
    uint8_t *got;
    size_t size;
    for (size_t i = 0; i < sizeof text; i++) /* zstd makes it smaller where it may */
        text[i] = "a statement, "[i % 13];
    assert_code(EX_OK, vault_body_write(p->v, 3, (const uint8_t *)text, sizeof text, &err));
    (void)snprintf(path, sizeof path, "%s/ledger/body/003", p->vault);
    assert_int_equal(stat(path, &st), 0);
    for (off_t bit = 0; bit < st.st_size * 8; bit++) {
        spoil(path, (uint64_t)(bit / 8), (uint8_t)(1 << bit % 8));
        ex_code code = vault_body_read(p->v, 3, &got, &size, &err);
        assert_true(code == EX_ALTERED || code == EX_UNSUPPORTED);
        spoil(path, (uint64_t)(bit / 8), (uint8_t)(1 << bit % 8));
    }
    for (off_t cut = st.st_size - 1; cut >= 0; cut--) {
        assert_int_equal(truncate(path, cut), 0);
        assert_code(EX_ALTERED, vault_body_read(p->v, 3, &got, &size, &err));
    }
}

static void a_body_of_another_vault_is_refused(void **state) {
    struct place *p = *state, other;
    struct ex_error err;
    char from[256], to[256];
    uint8_t *got;
    size_t size;
    make_place_under(&other, "/tmp");
    assert_code(EX_OK, vault_body_write(p->v, 0, (const uint8_t *)"mine", 4, &err));
    assert_code(EX_OK, vault_body_write(other.v, 0, (const uint8_t *)"theirs", 6, &err));
    (void)snprintf(from, sizeof from, "%s/ledger/body/000", other.vault);
    (void)snprintf(to, sizeof to, "%s/ledger/body/000", p->vault);
    assert_int_equal(rename(from, to), 0);
    assert_code(EX_ALTERED, vault_body_read(p->v, 0, &got, &size, &err));
    vault_close(other.v);
    remove_tree(other.root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(round_trips),
        place_test(a_body_that_nobody_acknowledged_is_replaced),
        place_test(too_large_and_missing),
        place_test(every_flipped_bit_and_every_lost_byte_is_seen),
        place_test(a_body_of_another_vault_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
