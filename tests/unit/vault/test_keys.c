/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_vault.h"

#include "vault/keys_internal.h"

static const char passphrase[] = "correct horse";
enum { MIB = 8 };

static void create(struct place *p, struct vault_officer *o) {
    struct ex_error err;
    assert_code(EX_OK, vault_officer_create(vault_dir_fd(p->v), MIB, passphrase, strlen(passphrase),
                                            o, &err));
}

static char *key_path(const struct place *p, const struct vault_officer *o, char to[static 256]) {
    char hex[33];
    (void)snprintf(to, 256, "%s/keys/%s.json", p->vault, ex_hex(hex, o->id, sizeof o->id));
    return to;
}

/* First of all tests: nobody has called sodium_init() before. */
static void an_officer_locks_and_unlocks(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer made, got, wrong = {0};
    struct stat st;
    char path[256];
    create(p, &made);
    assert_code(EX_OK, vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase,
                                            strlen(passphrase), &got, &err));
    assert_memory_equal(got.id, made.id, sizeof got.id);
    assert_memory_equal(got.box_public, made.box_public, 32);
    assert_memory_equal(got.box_secret, made.box_secret, 32);
    assert_memory_equal(sign_key_public(got.sign), sign_key_public(made.sign), 32);
    assert_code(EX_DENIED,
                vault_officer_unlock(vault_dir_fd(p->v), made.id, "wrong", 5, &wrong, &err));
    assert_null(wrong.sign);
    wrong.id[0] = (uint8_t)(made.id[0] + 1);
    assert_code(EX_NOT_FOUND, vault_officer_unlock(vault_dir_fd(p->v), wrong.id, passphrase,
                                                   strlen(passphrase), &got, &err));
    assert_int_equal(stat(key_path(p, &made, path), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    vault_officer_clear(&got);
    vault_officer_clear(&made);
}

static void officers_are_listed(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer o[3];
    uint8_t id[2][VAULT_ID_BYTES];
    size_t count;
    char path[256];
    assert_code(EX_OK, vault_officer_list(vault_dir_fd(p->v), id, 2, &count, &err));
    assert_int_equal(count, 0);
    for (size_t i = 0; i < 3; i++)
        create(p, &o[i]);
    (void)snprintf(path, sizeof path, "%s/keys/notes.json", p->vault);
    write_file(path, "x", 1);
    assert_code(EX_OK, vault_officer_list(vault_dir_fd(p->v), id, 2, &count, &err));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        vault_officer_clear(&o[i]);
}

/* Whatever byte of a key file changes, it does not open as something else. */
static void a_changed_key_file_does_not_open(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer made, got;
    char path[256];
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    create(p, &made);
    key_path(p, &made, path);
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 20, &text, &size, &err));
    static const char *const parts[] = {"\"sign\": \"", "\"box\": \"", "\"salt\": \"",
                                        "\"nonce\": \"", "\"locked\": \""};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *at = strstr((char *)text, parts[i]);
        assert_non_null(at);
        at += strlen(parts[i]) + 4;
        char old = *at;
        *at = old == 'a' ? 'b' : 'a';
        write_file(path, text, size);
        assert_code(EX_DENIED, vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase,
                                                    strlen(passphrase), &got, &err));
        *at = old;
    }
    char *passes = strstr((char *)text, "\"passes\": 3"), *memory;
    assert_non_null(passes);
    passes[10] = '4';
    write_file(path, text, size);
    assert_code(EX_DENIED, vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase,
                                                strlen(passphrase), &got, &err));
    passes[10] = '3';
    memory = strstr((char *)text, "\"memory_mib\": 8");
    assert_non_null(memory);
    memory[14] = '7'; /* below the least that the format allows */
    write_file(path, text, size);
    assert_int_not_equal(vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase,
                                              strlen(passphrase), &got, NULL),
                         EX_OK);
    vault_officer_clear(&made);
}

static void another_officers_file_is_refused(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer a, b, got;
    char from[256], to[256];
    create(p, &a);
    create(p, &b);
    assert_int_equal(rename(key_path(p, &a, from), key_path(p, &b, to)), 0);
    assert_code(EX_ALTERED, vault_officer_unlock(vault_dir_fd(p->v), b.id, passphrase,
                                                 strlen(passphrase), &got, &err));
    vault_officer_clear(&a);
    vault_officer_clear(&b);
}

/* Of every single changed byte: refused, or (white space, say) the same keys. */
static void every_byte_of_a_key_file_counts(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer made, got;
    char path[256];
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size, opened = 0;
    create(p, &made);
    key_path(p, &made, path);
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 20, &text, &size, &err));
    for (size_t i = 0; i < size; i++) {
        text[i] ^= 1;
        write_file(path, text, size);
        text[i] ^= 1;
        if (vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase, strlen(passphrase), &got,
                                 NULL) != EX_OK)
            continue;
        opened++;
        assert_memory_equal(got.box_secret, made.box_secret, 32);
        assert_memory_equal(sign_key_seed(got.sign), sign_key_seed(made.sign), SIGN_SEED_BYTES);
        vault_officer_clear(&got);
    }
    assert_int_equal(opened, 0);
    vault_officer_clear(&made);
}

static void a_passphrase_is_changed(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault_officer made, other, got;
    char path[256];
    EX_AUTO_FREE uint8_t *before = NULL, *after = NULL;
    size_t before_size, after_size;
    create(p, &made);
    create(p, &other);
    key_path(p, &made, path);
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 20, &before, &before_size, &err));
    assert_code(EX_OK,
                vault_officer_change_passphrase(vault_dir_fd(p->v), &made, 9, "new one", 7, &err));
    assert_code(EX_DENIED, vault_officer_unlock(vault_dir_fd(p->v), made.id, passphrase,
                                                strlen(passphrase), &got, &err));
    assert_code(EX_OK, vault_officer_unlock(vault_dir_fd(p->v), made.id, "new one", 7, &got, &err));
    assert_memory_equal(got.box_secret, made.box_secret, 32);
    assert_memory_equal(sign_key_seed(got.sign), sign_key_seed(made.sign), SIGN_SEED_BYTES);
    vault_officer_clear(&got);
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 20, &after, &after_size, &err));
    assert_non_null(strstr((char *)after, "\"memory_mib\": 9"));
    static const char *const fresh[] = {"\"salt\": \"", "\"nonce\": \""};
    for (size_t i = 0; i < 2; i++)
        assert_memory_not_equal(strstr((char *)before, fresh[i]) + strlen(fresh[i]),
                                strstr((char *)after, fresh[i]) + strlen(fresh[i]), 32);
    /* A file that holds other keys is not overwritten. */
    memcpy(other.id, made.id, sizeof other.id);
    assert_code(EX_ALTERED,
                vault_officer_change_passphrase(vault_dir_fd(p->v), &other, MIB, "x", 1, &err));
    /* Costs outside the limits change nothing. */
    assert_code(EX_LIMIT,
                vault_officer_change_passphrase(vault_dir_fd(p->v), &made, 1, "x", 1, &err));
    assert_code(EX_OK, vault_officer_unlock(vault_dir_fd(p->v), made.id, "new one", 7, &got, &err));
    vault_officer_clear(&got);
    vault_officer_clear(&made);
    vault_officer_clear(&other);
}

static ex_code parse_officer(const char *text, struct ex_error *err) {
    struct officer_file f;
    return officer_file_parse((const uint8_t *)text, strlen(text), &f, err);
}

static void odd_files_are_refused(void **state) {
    struct ex_error err;
    assert_code(EX_FORMAT, parse_officer("", &err));
    assert_code(EX_FORMAT, parse_officer("{}", &err));
    assert_code(EX_FORMAT, parse_officer("[]", &err));
    assert_code(EX_FORMAT, parse_officer("{\"format\": \"exhibit-officer-key\"}", &err));
    assert_code(EX_UNSUPPORTED,
                parse_officer("{\"format\": \"exhibit-officer-key\", \"version\": 2}", &err));
}

static void vault_json(void **state) {
    struct place *p = *state;
    struct ex_error err;
    struct vault *v = NULL;
    struct vault_config c;
    char path[256];
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    uint8_t hash[32];
    (void)snprintf(path, sizeof path, "%s/vault.json", p->vault);
    assert_code(EX_OK, ex_read_file(AT_FDCWD, path, 1 << 20, &text, &size, &err));
    naive_sha256(text, size, hash);
    assert_memory_equal(vault_config(p->v)->sha256, hash, 32);
    assert_code(EX_OK, vault_config_parse(text, size, &c, &err));
    assert_true(c.plain);
    assert_memory_equal(c.id, vault_config(p->v)->id, sizeof c.id);
    assert_int_equal(c.box[0], 9);
    static const struct {
        const char *from, *to;
        ex_code code;
    } changes[] = {
        {"\"version\": 1", "\"version\": 2", EX_UNSUPPORTED},
        {"\"mode\": \"plain\"", "\"mode\": \"plaid\"", EX_UNSUPPORTED},
        {"\"format\": \"exhibit-vault\"", "\"format\": \"exhibit-fault\"", EX_FORMAT},
        {"\"created\": \"2", "\"created\": \"x", EX_FORMAT},
        {"\"box\": \"C", "\"box\": \"-", EX_FORMAT},
        {"\"box\"", "\"bax\"", EX_FORMAT},
        {"\"origin\": \"exhibit-vault/", "\"origin\": \"exhibit-fault/", EX_FORMAT},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *at = strstr((char *)text, changes[i].from);
        assert_non_null(at);
        memcpy(at, changes[i].to, strlen(changes[i].to));
        assert_code(changes[i].code, vault_config_parse(text, size, &c, &err));
        memcpy(at, changes[i].from, strlen(changes[i].from));
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_code(EX_FORMAT, vault_config_parse(text, cut, &c, &err));
    assert_code(EX_NOT_FOUND, vault_open(p->root, &v, &err));
    assert_code(EX_NOT_FOUND, vault_open("/tmp/no/such/vault", &v, &err));
    assert_code(EX_EXISTS, vault_create(p->vault, false, hash, hash, &c, &err));
    /* The vault opens without an index. */
    (void)snprintf(path, sizeof path, "%s/index", p->vault);
    close_place(p);
    remove_tree(path);
    open_place(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        place_test(an_officer_locks_and_unlocks),     place_test(officers_are_listed),
        place_test(a_changed_key_file_does_not_open), place_test(another_officers_file_is_refused),
        place_test(every_byte_of_a_key_file_counts),  place_test(a_passphrase_is_changed),
        cmocka_unit_test(odd_files_are_refused),      place_test(vault_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
