/* SPDX-License-Identifier: Apache-2.0 */
/* A vault that is being made. What a crash leaves of it is tests/crash's business. */
#include "testing_vault.h"

#include <fcntl.h>

struct nest {
    char root[64], vault[80];
};

static int make_nest(void **state) {
    struct nest *n = ex_new0(struct nest);
    (void)snprintf(n->root, sizeof n->root, "/tmp/exhibit-making-XXXXXX");
    assert_non_null(mkdtemp(n->root));
    (void)snprintf(n->vault, sizeof n->vault, "%s/vault", n->root);
    *state = n;
    return 0;
}

static int remove_nest(void **state) {
    struct nest *n = *state;
    remove_tree(n->root);
    free(n);
    return 0;
}

static void put_file(const struct nest *n, const char *name) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", n->vault, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool is_there(const struct nest *n, const char *name) {
    char path[160];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", n->vault, name);
    return lstat(path, &st) == 0;
}

/* As far as `exhibit init` comes before the ledger. */
static struct vault_making *begin(const struct nest *n) {
    static const uint8_t key[SIGN_PUBLIC_BYTES] = {1, 2, 3}, box[32] = {9};
    struct vault_making *m = NULL;
    struct vault_config config;
    struct ex_error err;
    assert_code(EX_OK, vault_making_begin(n->vault, &m, &err));
    assert_code(EX_OK, vault_create(n->vault, false, key, box, &config, &err));
    return m;
}

static void is_half_made_until_its_end(void **state) {
    struct nest *n = *state;
    struct vault_making *m = begin(n);
    struct vault *v = NULL;
    struct ex_error err;
    assert_code(EX_OK, vault_open(n->vault, &v, &err));
    assert_true(vault_is_half_made(v));
    assert_code(EX_OK, vault_making_end(m, &err));
    assert_false(vault_is_half_made(v));
    assert_false(is_there(n, "making"));
    vault_close(v);
    vault_making_free(m);
    assert_code(EX_EXISTS, vault_making_begin(n->vault, &m, &err));
    assert_true(is_there(n, "vault.json"));
}

static void one_at_a_time_makes_it(void **state) {
    struct nest *n = *state;
    struct vault_making *m = begin(n), *other = NULL;
    struct ex_error err;
    assert_code(EX_BUSY, vault_making_begin(n->vault, &other, &err));
    assert_true(is_there(n, "vault.json"));
    vault_making_free(m);
}

static void begins_again_where_it_was_cut_off(void **state) {
    struct nest *n = *state;
    vault_making_free(begin(n));
    put_file(n, "keys/00112233445566778899aabbccddeeff.json");
    put_file(n, "catalog.db-wal");
    put_file(n, "vault.json.01234567.tmp");
    vault_making_free(begin(n));
    assert_true(is_there(n, "making"));
    assert_true(is_there(n, "vault.json"));
    assert_false(is_there(n, "keys/00112233445566778899aabbccddeeff.json"));
    assert_false(is_there(n, "catalog.db-wal"));
    assert_false(is_there(n, "vault.json.01234567.tmp"));
}

/* A mark that got into a vault, or a vault's mark in a folder of something else. */
static void takes_away_nothing_else(void **state) {
    static const char *const name[] = {"notes.txt", "vault.jsonx", "packs/00", "work/0011"};
    struct nest *n = *state;
    struct vault_making *m = NULL;
    struct ex_error err;
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        vault_making_free(begin(n));
        put_file(n, name[i]);
        assert_code(EX_EXISTS, vault_making_begin(n->vault, &m, &err));
        assert_true(is_there(n, name[i]));
        assert_true(is_there(n, "vault.json"));
        remove_tree(n->vault);
    }
}

static void follows_no_link_out_of_it(void **state) {
    struct nest *n = *state;
    char link[160];
    vault_making_free(begin(n));
    put_file(n, "../bystander");
    (void)snprintf(link, sizeof link, "%s/keys/out", n->vault);
    assert_int_equal(symlink("../..", link), 0);
    vault_making_free(begin(n));
    assert_true(is_there(n, "../bystander"));
    assert_false(is_there(n, "keys/out"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_half_made_until_its_end, make_nest, remove_nest),
        cmocka_unit_test_setup_teardown(one_at_a_time_makes_it, make_nest, remove_nest),
        cmocka_unit_test_setup_teardown(begins_again_where_it_was_cut_off, make_nest, remove_nest),
        cmocka_unit_test_setup_teardown(takes_away_nothing_else, make_nest, remove_nest),
        cmocka_unit_test_setup_teardown(follows_no_link_out_of_it, make_nest, remove_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
