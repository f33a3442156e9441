/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring (format/vault §7.2): who can open it, who cannot any more, and who never could. */
#include "testing_vault.h"

#include "base/bytes.h"
#include "vault/keyring_internal.h"

#include <sodium.h>

static const char passphrase[] = "correct horse";
enum { MIB = 8 };

/* ---- a vault with its keyring ---- */

struct ring {
    struct place p;
    struct vault_keyring *k;
    struct vault_officer officer; /* has the first slot */
    char path[256];               /* of keyring.json */
    uint8_t *text;                /* what read_ring() read */
    size_t size;
};

static void make_officer(struct ring *r, struct vault_officer *o) {
    struct ex_error err;
    assert_code(EX_OK, vault_officer_create(vault_dir_fd(r->p.v), MIB, passphrase,
                                            strlen(passphrase), o, &err));
}

static void add_officer(struct ring *r, const struct vault_officer *o, uint8_t *ret_id) {
    struct ex_error err;
    assert_code(EX_OK, vault_keyring_add_officer(r->k, o->id, o->box_public, ret_id, &err));
}

static void write_ring(struct ring *r) {
    struct ex_error err;
    assert_code(EX_OK, vault_keyring_write(r->p.v, r->k, &err));
}

static void read_ring(struct ring *r) {
    struct ex_error err;
    free(r->text);
    r->text = NULL;
    assert_code(EX_OK, ex_read_file(AT_FDCWD, r->path, 1 << 20, &r->text, &r->size, &err));
}

static char *copy_path(const struct ring *r, char to[static 256]) {
    (void)snprintf(to, 256, "%s/keys/keyring.copy.json", r->p.vault);
    return to;
}

/* These bytes as the keyring and as its copy. */
static void put_both(const struct ring *r, const void *text, size_t size) {
    char path[256];
    write_file(r->path, text, size);
    write_file(copy_path(r, path), text, size);
}

static void make_ring(struct ring *r, bool encrypted) {
    struct ex_error err;
    struct vault_config config;
    uint8_t box[32];
    *r = (struct ring){0};
    assert_code(EX_OK, vault_keyring_new(encrypted, &r->k, &err));
    vault_keyring_box(r->k, box);
    (void)snprintf(r->p.root, sizeof r->p.root, "/tmp/exhibit-vault-XXXXXX");
    assert_non_null(mkdtemp(r->p.root));
    (void)snprintf(r->p.vault, sizeof r->p.vault, "%s/vault", r->p.root);
    (void)snprintf(r->path, sizeof r->path, "%s/keys/keyring.json", r->p.vault);
    assert_code(EX_OK,
                vault_create(r->p.vault, encrypted, sign_key_public(vault_keyring_sign_key(r->k)),
                             box, &config, &err));
    assert_code(EX_OK, vault_open(r->p.vault, &r->p.v, &err)); /* locked */
    make_officer(r, &r->officer);
    add_officer(r, &r->officer, NULL);
    write_ring(r);
    read_ring(r);
}

static void drop_ring(struct ring *r) {
    vault_keyring_free(r->k);
    vault_officer_clear(&r->officer);
    free(r->text);
    vault_close(r->p.v);
    remove_tree(r->p.root);
}

static int setup(void **state) {
    struct ring *r = ex_new0(struct ring);
    make_ring(r, true);
    *state = r;
    return 0;
}

static int teardown(void **state) {
    drop_ring(*state);
    free(*state);
    return 0;
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static ex_code try_officer(struct ring *r, const struct vault_officer *o, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    return vault_keyring_open_officer(r->p.v, o, &k, err);
}

static ex_code try_passphrase(struct ring *r, const char *words, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    return vault_keyring_open_passphrase(r->p.v, words, strlen(words), &k, err);
}

static ex_code try_secret(struct ring *r, const uint8_t *secret, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    return vault_keyring_open_secret(r->p.v, secret, &k, err);
}

static void assert_same_secrets(const struct vault_keyring *a, const struct vault_keyring *b) {
    assert_memory_equal(sign_key_seed(a->sign), sign_key_seed(b->sign), SIGN_SEED_BYTES);
    assert_memory_equal(a->box_secret, b->box_secret, 32);
    assert_int_equal(epochs_count(a->epochs), epochs_count(b->epochs));
    for (uint64_t n = 1; n <= epochs_count(a->epochs); n++)
        assert_memory_equal(epochs_key(a->epochs, n), epochs_key(b->epochs, n), EPOCH_KEY_BYTES);
    assert_int_equal(vault_keyring_slot_count(a), vault_keyring_slot_count(b));
    for (size_t i = 0; i < vault_keyring_slot_count(a); i++) {
        struct vault_slot x, y;
        vault_keyring_slot(a, i, &x);
        vault_keyring_slot(b, i, &y);
        assert_memory_equal(&x, &y, sizeof x);
    }
}

/* Opens it by the first officer, in the place of r->k. */
static void reopen_ring(struct ring *r) {
    struct ex_error err;
    vault_keyring_free(r->k);
    r->k = NULL;
    assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &r->officer, &r->k, &err));
}

/* ---- the format, another way: libsodium and OpenSSL alone ---- */

static uint8_t *member(const char *from, const char *key, char **ret_end, size_t *ret_size) {
    char name[40], *at;
    (void)snprintf(name, sizeof name, "\"%s\": \"", key);
    at = strstr(from, name);
    assert_non_null(at);
    at += strlen(name);
    size_t length = strcspn(at, "\""), size = 0;
    uint8_t *data = ex_new0_bytes(length + 1);
    bool hex = strspn(at, "0123456789abcdef") == length;
    if (hex)
        assert_int_equal(sodium_hex2bin(data, length, at, length, NULL, &size, NULL), 0);
    else
        assert_int_equal(sodium_base642bin(data, length, at, length, NULL, &size, NULL,
                                           sodium_base64_VARIANT_ORIGINAL),
                         0);
    if (ret_end != NULL)
        *ret_end = at + length;
    *ret_size = size;
    return data;
}

static void the_file_is_what_the_page_says(void **state) {
    struct ring *r = *state;
    uint8_t slot[104] = {0}, hash[32], key[32], plain[200], ad[19 + 16 + 8 + 32] = {0};
    size_t id_size, box_size, sealed_size, nonce_size, locked_size;
    const char *text = (const char *)r->text;
    EX_AUTO_FREE uint8_t *id = member(text, "id", NULL, &id_size);
    EX_AUTO_FREE uint8_t *box = member(text, "box", NULL, &box_size);
    EX_AUTO_FREE uint8_t *sealed = member(text, "sealed", NULL, &sealed_size);
    EX_AUTO_FREE uint8_t *nonce = member(text, "nonce", NULL, &nonce_size);
    EX_AUTO_FREE uint8_t *locked = member(text, "locked", NULL, &locked_size);
    assert_int_equal(id_size, 16);
    assert_int_equal(box_size, 32);
    assert_int_equal(nonce_size, 24);
    assert_int_equal(locked_size, 32 + 32 + 4 + 32 + 16);
    assert_int_equal(crypto_box_seal_open(key, sealed, sealed_size, box, r->officer.box_secret), 0);
    memcpy(slot, id, 16);
    memcpy(slot + 16, "officer", 7);
    memcpy(slot + 32, r->officer.id, 16);
    memcpy(slot + 48, box, 32);
    naive_sha256(slot, sizeof slot, hash);
    memcpy(ad, "exhibit-keyring-v1", 18);
    memcpy(ad + 19, vault_config(r->p.v)->id, 16);
    ad[35] = 1;
    memcpy(ad + 43, hash, 32);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(
                         plain, NULL, NULL, locked, locked_size, ad, sizeof ad, nonce, key),
                     0);
    assert_memory_equal(plain, sign_key_seed(r->k->sign), 32);
    assert_memory_equal(plain + 32, r->k->box_secret, 32);
    assert_memory_equal(plain + 64, "\1\0\0\0", 4);
    assert_memory_equal(plain + 68, epochs_key(r->k->epochs, 1), 32);
    naive_sha256(r->text, r->size, hash);
    assert_memory_equal(r->k->sha256, hash, 32);
    assert_int_equal(vault_keyring_generation(r->k), 1);
}

/* ---- slots ---- */

static void every_kind_of_slot_opens(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_officer second, stranger;
    struct vault_keyring *got = NULL;
    uint8_t secret[32], box[32], id[16];
    make_officer(r, &second);
    make_officer(r, &stranger);
    randombytes_buf(secret, sizeof secret);
    seal_box_public(secret, box);
    add_officer(r, &second, NULL);
    assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, id, &err));
    assert_code(EX_OK, vault_keyring_add_passphrase(r->k, MIB, "first words", 11, NULL, &err));
    assert_code(EX_OK, vault_keyring_add_passphrase(r->k, MIB, "second words", 12, NULL, &err));
    assert_code(EX_DENIED, try_officer(r, &second, &err)); /* in memory only as yet */
    write_ring(r);
    assert_int_equal(vault_keyring_generation(r->k), 2);
    assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &second, &got, &err));
    assert_same_secrets(r->k, got);
    assert_int_equal(vault_keyring_generation(got), 2);
    assert_memory_equal(got->sha256, r->k->sha256, 32);
    vault_keyring_free(got);
    assert_code(EX_OK, vault_keyring_open_secret(r->p.v, secret, &got, &err));
    assert_same_secrets(r->k, got);
    assert_memory_equal(vault_keyring_opened_by(got), id, sizeof id);
    vault_keyring_free(got);
    assert_code(EX_OK, vault_keyring_open_passphrase(r->p.v, "second words", 12, &got, &err));
    assert_same_secrets(r->k, got);
    vault_keyring_free(got);
    assert_code(EX_OK, try_passphrase(r, "first words", &err));
    assert_code(EX_DENIED, try_passphrase(r, "other words", &err));
    assert_code(EX_DENIED, try_officer(r, &stranger, &err));
    secret[0] ^= 8;
    assert_code(EX_DENIED, try_secret(r, secret, &err));
    vault_officer_clear(&second);
    vault_officer_clear(&stranger);
}

static void slots_are_listed(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_slot s;
    uint8_t id[16], box[32] = {9};
    assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, id, &err));
    assert_int_equal(vault_keyring_slot_count(r->k), 2);
    vault_keyring_slot(r->k, 0, &s);
    assert_int_equal(s.kind, VAULT_SLOT_OFFICER);
    assert_memory_equal(s.officer, r->officer.id, 16);
    assert_memory_equal(s.box, r->officer.box_public, 32);
    vault_keyring_slot(r->k, 1, &s);
    assert_int_equal(s.kind, VAULT_SLOT_RECIPIENT);
    assert_memory_equal(s.id, id, 16);
    assert_memory_equal(s.box, box, 32);
    assert_null(vault_keyring_opened_by(r->k));
    assert_string_equal(vault_slot_kind_word(s.kind), "recipient");
}

static void nobody_has_two_slots(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    uint8_t box[32] = {0};
    assert_code(EX_EXISTS, vault_keyring_add_officer(r->k, r->officer.id, box, NULL, &err));
    assert_code(EX_EXISTS, vault_keyring_add_recipient(r->k, r->officer.box_public, NULL, &err));
    assert_code(EX_FORMAT, vault_keyring_add_recipient(r->k, box, NULL, &err)); /* no key at all */
    assert_int_equal(vault_keyring_slot_count(r->k), 1);
}

static void there_are_at_most_256_slots(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    uint8_t secret[32], box[32];
    for (size_t i = 1; i < VAULT_SLOTS_MAX; i++) {
        randombytes_buf(secret, sizeof secret);
        seal_box_public(secret, box);
        assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, NULL, &err));
    }
    write_ring(r);
    assert_code(EX_OK, try_secret(r, secret, &err)); /* the last one */
    assert_code(EX_OK, try_officer(r, &r->officer, &err));
    randombytes_buf(box, sizeof box);
    assert_code(EX_LIMIT, vault_keyring_add_recipient(r->k, box, NULL, &err));
}

/* ---- taking access away ---- */

static void a_removed_officer_opens_only_what_was(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_officer gone;
    struct vault_keyring *old = NULL;
    uint8_t id[16];
    make_officer(r, &gone);
    add_officer(r, &gone, id);
    write_ring(r);
    read_ring(r);
    reopen_ring(r);
    assert_code(EX_OK, vault_keyring_remove_slot(r->k, id, &err));
    assert_int_equal(vault_keyring_epochs(r->k), 2);
    write_ring(r);
    assert_code(EX_DENIED, try_officer(r, &gone, &err));
    assert_code(EX_OK, try_officer(r, &r->officer, &err));
    reopen_ring(r);
    assert_int_equal(vault_keyring_epochs(r->k), 2);
    assert_int_equal(vault_keyring_generation(r->k), 3);
    /* The copy that was kept opens still, and knows nothing of the new epoch. */
    put_both(r, r->text, r->size);
    assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &gone, &old, &err));
    assert_int_equal(vault_keyring_epochs(old), 1);
    assert_int_equal(vault_keyring_generation(old), 2);
    assert_memory_equal(epochs_key(old->epochs, 1), epochs_key(r->k->epochs, 1), 32);
    assert_memory_not_equal(old->sha256, r->k->sha256, 32); /* what the ledger tells apart */
    vault_keyring_free(old);
    vault_officer_clear(&gone);
}

/* The keyring key that the removed one saw does not open the next generation either. */
static void the_keyring_key_is_fresh(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    size_t size;
    uint8_t key[2][32], box[32] = {9};
    for (int i = 0; i < 2; i++) {
        EX_AUTO_FREE uint8_t *sealed = member((const char *)r->text, "sealed", NULL, &size);
        assert_int_equal(crypto_box_seal_open(key[i], sealed, size, r->officer.box_public,
                                              r->officer.box_secret),
                         0);
        if (i == 0)
            assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, NULL, &err));
        write_ring(r);
        read_ring(r);
    }
    assert_memory_not_equal(key[0], key[1], 32);
}

static void the_last_slot_stays(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_slot s;
    uint8_t none[16] = {0};
    vault_keyring_slot(r->k, 0, &s);
    assert_code(EX_NOT_FOUND, vault_keyring_remove_slot(r->k, none, &err));
    assert_code(EX_DENIED, vault_keyring_remove_slot(r->k, s.id, &err));
    assert_int_equal(vault_keyring_slot_count(r->k), 1);
    assert_int_equal(vault_keyring_epochs(r->k), 1);
}

static void epochs_go_on(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    uint8_t first[32], second[32], expected[32];
    assert_code(EX_DENIED, vault_derive_key(r->p.v, "exhibit-test-v1", first, &err));
    assert_true(vault_is_locked(r->p.v));
    assert_code(EX_OK, vault_keyring_unlock(r->p.v, r->k, &err));
    assert_false(vault_is_locked(r->p.v));
    assert_code(EX_OK, vault_derive_key(r->p.v, "exhibit-test-v1", first, &err));
    assert_code(EX_OK, hkdf_sha256(epochs_key(r->k->epochs, 1), 32, vault_config(r->p.v)->id, 16,
                                   "exhibit-test-v1", expected, 32, &err));
    assert_memory_equal(first, expected, 32);
    assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    write_ring(r);
    assert_code(EX_OK, vault_keyring_unlock(r->p.v, r->k, &err));
    assert_int_equal(epochs_newest(r->p.v->epochs), 2);
    assert_code(EX_OK, vault_derive_key(r->p.v, "exhibit-test-v1", second, &err));
    assert_memory_not_equal(first, second, 32);
    /* As many as there can be. */
    while (vault_keyring_epochs(r->k) < EPOCHS_MAX)
        assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    assert_code(EX_LIMIT, vault_keyring_rotate(r->k, &err));
    write_ring(r);
    reopen_ring(r);
    assert_int_equal(vault_keyring_epochs(r->k), EPOCHS_MAX);
}

static void a_plain_vault_has_no_epochs(void **state) {
    struct ring r, other;
    struct ex_error err;
    uint8_t key[32];
    make_ring(&r, false);
    make_ring(&other, true);
    assert_code(EX_OK, vault_keyring_rotate(r.k, &err));
    write_ring(&r);
    reopen_ring(&r);
    assert_int_equal(vault_keyring_epochs(r.k), 0);
    assert_code(EX_OK, vault_keyring_unlock(r.p.v, r.k, &err));
    assert_false(vault_is_locked(r.p.v));
    assert_code(EX_UNSUPPORTED, vault_derive_key(r.p.v, "exhibit-test-v1", key, &err));
    drop_ring(&r);
    drop_ring(&other);
}

/* ---- writing ---- */

static void what_was_sealed_is_what_is_written(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    uint64_t generation;
    uint8_t promised[32], hash[32], box[32] = {9};
    assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    assert_code(EX_OK,
                vault_keyring_seal(r->k, vault_config(r->p.v)->id, &generation, promised, &err));
    assert_int_equal(generation, 2);
    assert_int_equal(vault_keyring_generation(r->k), 1);
    write_ring(r);
    read_ring(r);
    naive_sha256(r->text, r->size, hash);
    assert_memory_equal(hash, promised, 32);
    assert_memory_equal(r->k->sha256, promised, 32);
    assert_int_equal(vault_keyring_generation(r->k), 2);
    /* A change after sealing makes it void. */
    assert_code(EX_OK,
                vault_keyring_seal(r->k, vault_config(r->p.v)->id, &generation, promised, &err));
    assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, NULL, &err));
    write_ring(r);
    assert_memory_not_equal(r->k->sha256, promised, 32);
    reopen_ring(r);
    assert_int_equal(vault_keyring_slot_count(r->k), 2);
}

static void of_two_writers_the_second_is_told(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_keyring *other = NULL;
    uint8_t box[32] = {9}, box2[32] = {10};
    assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &r->officer, &other, &err));
    assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, NULL, &err));
    assert_code(EX_OK, vault_keyring_add_recipient(other, box2, NULL, &err));
    write_ring(r);
    assert_code(EX_BUSY, vault_keyring_write(r->p.v, other, &err));
    vault_keyring_free(other);
    assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &r->officer, &other, &err));
    assert_same_secrets(r->k, other);
    /* The same generation with another content, and an older one: somebody's work, not a race. */
    assert_code(EX_OK, vault_keyring_rotate(other, &err));
    r->k->file.generation--;
    assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    assert_code(EX_OK, vault_keyring_seal(r->k, vault_config(r->p.v)->id, &(uint64_t){0},
                                          (uint8_t[32]){0}, &err));
    put_both(r, r->k->text, strlen(r->k->text));
    assert_code(EX_ALTERED, vault_keyring_write(r->p.v, other, &err));
    char copy[256];
    assert_int_equal(unlink(r->path), 0);
    assert_int_equal(unlink(copy_path(r, copy)), 0);
    assert_code(EX_NOT_FOUND, vault_keyring_write(r->p.v, other, &err));
    assert_code(EX_NOT_FOUND, try_officer(r, &r->officer, &err));
    vault_keyring_free(other);
}

/* Either file alone opens the vault, and gives the other back. */
static void the_copy_serves(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    char copy[256];
    const char *const path[] = {r->path, copy_path(r, copy)};
    assert_true(vault_keyring_copies_agree(r->p.v));
    for (size_t i = 0; i < 2; i++) {
        for (int gone = 0; gone < 2; gone++) {
            struct vault_keyring *k = NULL;
            if (gone)
                assert_int_equal(unlink(path[i]), 0);
            else
                spoil(path[i], r->size / 2, 1);
            assert_false(vault_keyring_copies_agree(r->p.v));
            assert_code(EX_OK, vault_keyring_open_officer(r->p.v, &r->officer, &k, &err));
            assert_same_secrets(r->k, k);
            assert_code(EX_OK, vault_keyring_mend(r->p.v, k, &err));
            assert_true(vault_keyring_copies_agree(r->p.v));
            vault_keyring_free(k);
        }
    }
    /* A change that was cut off between the two: nothing is damaged, and the first one counts. */
    char *old = strndup((const char *)r->text, r->size);
    assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    write_ring(r);
    write_file(path[1], old, r->size);
    assert_false(vault_keyring_copies_agree(r->p.v));
    assert_true(vault_keyring_copies_sound(r->p.v));
    spoil(path[1], 3, 0x80);
    assert_false(vault_keyring_copies_sound(r->p.v));
    free(old);
    write_file(path[0], "x", 1);
    write_file(path[1], "y", 1);
    assert_false(vault_keyring_copies_sound(r->p.v));
    assert_code(EX_FORMAT, try_officer(r, &r->officer, &err));
    assert_code(EX_BUSY, vault_keyring_mend(r->p.v, r->k, &err));
}

static void a_new_keyring_replaces_none(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_keyring *k = NULL;
    assert_code(EX_OK, vault_keyring_new(true, &k, &err));
    assert_code(EX_ALTERED,
                vault_keyring_write(r->p.v, k, &err)); /* other keys than vault.json's */
    vault_keyring_free(k);
    r->k->file.generation = 0;
    assert_code(EX_EXISTS, vault_keyring_write(r->p.v, r->k, &err));
    r->k->file.slot_count = 0;
    assert_code(EX_DENIED, vault_keyring_seal(r->k, vault_config(r->p.v)->id, &(uint64_t){0},
                                              (uint8_t[32]){0}, &err));
}

static void another_process_at_it_is_waited_for(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    EX_AUTO_FD int lock = -1;
    assert_code(EX_OK, ex_lock(vault_dir_fd(r->p.v), "keys/lock", true, 0, &lock, &err));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        usleep(300000);
        _exit(0);
    }
    ex_fd_close(ex_steal_fd(&lock)); /* the child's copy holds it a little longer */
    assert_code(EX_OK, vault_keyring_rotate(r->k, &err));
    write_ring(r);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- hostile hands ---- */

/* Of every single changed byte: refused, or (white space, say) the same keyring. */
static void every_byte_counts(void **state) {
    static const uint8_t bits[] = {1, 2, 0x20, 0x80};
    struct ring *r = *state;
    struct ex_error err;
    size_t opened = 0;
    assert_code(EX_OK, vault_keyring_add_passphrase(r->k, MIB, "some words", 10, NULL, &err));
    write_ring(r);
    read_ring(r);
    for (size_t i = 0; i < r->size * sizeof bits; i++) {
        struct vault_keyring *got = NULL;
        r->text[i / sizeof bits] ^= bits[i % sizeof bits];
        put_both(r, r->text, r->size);
        r->text[i / sizeof bits] ^= bits[i % sizeof bits];
        ex_code code = vault_keyring_open_officer(r->p.v, &r->officer, &got, &err);
        if (code != EX_OK) {
            /* The sealed key of the other slot is not bound: it is anybody's to spoil. */
            assert_true(code == EX_FORMAT || code == EX_ALTERED || code == EX_UNSUPPORTED ||
                        code == EX_DENIED);
            continue;
        }
        assert_same_secrets(r->k, got);
        vault_keyring_free(got);
        opened++;
    }
    assert_true(opened < 200 * sizeof bits); /* that one, 108 letters */
}

static void cut_files_are_refused(void **state) {
    struct ring *r = *state;
    for (size_t cut = 0; cut < r->size; cut++) {
        put_both(r, r->text, cut);
        assert_int_not_equal(try_officer(r, &r->officer, NULL), EX_OK);
    }
}

/* A slot of somebody's own making, for whom the next sealing would be done. */
static void a_slot_cannot_be_slipped_in(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    uint8_t box[32] = {9}, own[32], secret[32];
    assert_code(EX_OK, vault_keyring_add_recipient(r->k, box, NULL, &err));
    write_ring(r);
    read_ring(r);
    randombytes_buf(secret, sizeof secret);
    seal_box_public(secret, own);
    char text[45], *at;
    sodium_bin2base64(text, sizeof text, box, 32, sodium_base64_VARIANT_ORIGINAL);
    at = strstr((char *)r->text, text);
    assert_non_null(at);
    sodium_bin2base64(text, sizeof text, own, 32, sodium_base64_VARIANT_ORIGINAL);
    memcpy(at, text, 44);
    put_both(r, r->text, r->size);
    assert_code(EX_ALTERED, try_officer(r, &r->officer, &err));
    assert_code(EX_ALTERED, try_secret(r, secret, &err));
}

static void a_slot_cannot_be_given_to_another_officer(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    char *id = strstr((char *)r->text, "\"officer\": \"");
    assert_non_null(id);
    id[12] = id[12] == '0' ? '1' : '0';
    put_both(r, r->text, r->size);
    assert_code(EX_DENIED, try_officer(r, &r->officer, &err));
    assert_code(EX_ALTERED, try_secret(r, r->officer.box_secret, &err));
}

static void slots_cannot_change_places(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_officer second;
    EX_AUTO_FREE struct keyring_file *f = ex_new0(struct keyring_file);
    EX_AUTO_FREE char *text = NULL;
    make_officer(r, &second);
    add_officer(r, &second, NULL);
    write_ring(r);
    read_ring(r);
    assert_code(EX_OK, keyring_file_parse(r->text, r->size, f, &err));
    struct keyring_slot first = f->slot[0];
    f->slot[0] = f->slot[1];
    f->slot[1] = first;
    assert_code(EX_OK, keyring_file_print(f, &text, &err));
    put_both(r, text, strlen(text));
    assert_code(EX_ALTERED, try_officer(r, &r->officer, &err));
    assert_code(EX_ALTERED, try_officer(r, &second, &err));
    keyring_file_clear(f);
    vault_officer_clear(&second);
}

static void the_keyring_of_another_vault_is_refused(void **state) {
    struct ring *r = *state, other;
    struct ex_error err;
    uint8_t hash[32];
    uint64_t generation;
    make_ring(&other, true);
    /* Sealed to this vault's officer by somebody who has his public key. */
    assert_code(EX_OK, vault_keyring_add_officer(other.k, r->officer.id, r->officer.box_public,
                                                 NULL, &err));
    write_ring(&other);
    read_ring(&other);
    put_both(r, other.text, other.size);
    assert_code(EX_ALTERED, try_officer(r, &r->officer, &err)); /* it names another vault */
    assert_code(EX_OK,
                vault_keyring_seal(other.k, vault_config(r->p.v)->id, &generation, hash, &err));
    put_both(r, other.k->text, strlen(other.k->text));
    assert_code(EX_ALTERED, try_officer(r, &r->officer, &err)); /* it names this one */
    drop_ring(&other);
}

/* An old keyring with the generation of the new one. */
static void the_generation_is_bound(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    char *at = strstr((char *)r->text, "\"generation\": 1");
    assert_non_null(at);
    at[14] = '2';
    put_both(r, r->text, r->size);
    assert_code(EX_ALTERED, try_officer(r, &r->officer, &err));
}

/* ---- a later program's slots ---- */

/* Writes r->k with a second slot of an unknown kind, by the format page. */
static void write_with_token(struct ring *r) {
    struct ex_error err;
    EX_AUTO_FREE struct keyring_file *f = ex_new0(struct keyring_file);
    EX_AUTO_FREE char *text = NULL;
    uint8_t key[32], ad[KEYRING_AD_BYTES], plain[KEYRING_FIXED_BYTES + 32],
        locked[sizeof plain + 16];
    f->generation = 2;
    f->slot_count = 2;
    f->slot[0] = f->slot[1] = r->k->file.slot[0];
    f->slot[1].id[0] ^= 1;
    memset(f->slot[1].kind, 0, sizeof f->slot[1].kind);
    memcpy(f->slot[1].kind, "token", 5);
    memset(f->slot[1].officer, 0, sizeof f->slot[1].officer);
    randombytes_buf(key, sizeof key);
    randombytes_buf(f->nonce, sizeof f->nonce);
    for (int i = 0; i < 2; i++)
        assert_int_equal(crypto_box_seal(f->slot[i].sealed, key, 32, f->slot[i].box), 0);
    memcpy(plain, sign_key_seed(r->k->sign), 32);
    memcpy(plain + 32, r->k->box_secret, 32);
    ex_put_le32(plain + 64, 1);
    memcpy(plain + 68, epochs_key(r->k->epochs, 1), 32);
    keyring_file_ad(f, vault_config(r->p.v)->id, ad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(locked, NULL, plain, sizeof plain, ad, sizeof ad,
                                               NULL, f->nonce, key);
    f->locked = locked;
    f->locked_bytes = sizeof locked;
    assert_code(EX_OK, keyring_file_print(f, &text, &err));
    put_both(r, text, strlen(text));
}

static void an_unknown_kind_can_be_read_but_not_changed(void **state) {
    struct ring *r = *state;
    struct ex_error err;
    struct vault_slot s;
    uint8_t box[32] = {9};
    write_with_token(r);
    reopen_ring(r);
    assert_int_equal(vault_keyring_slot_count(r->k), 2);
    vault_keyring_slot(r->k, 1, &s);
    assert_int_equal(s.kind, VAULT_SLOT_UNKNOWN);
    assert_code(EX_UNSUPPORTED, vault_keyring_add_recipient(r->k, box, NULL, &err));
    assert_code(EX_UNSUPPORTED, vault_keyring_remove_slot(r->k, s.id, &err));
    assert_code(EX_UNSUPPORTED, vault_keyring_rotate(r->k, &err));
    assert_code(EX_UNSUPPORTED, vault_keyring_write(r->p.v, r->k, &err));
    assert_int_equal(vault_keyring_epochs(r->k), 1);
}

static ex_code parse(const char *text, struct ex_error *err) {
    EX_AUTO_FREE struct keyring_file *k = ex_new0(struct keyring_file);
    ex_code code = keyring_file_parse((const uint8_t *)text, strlen(text), k, err);
    keyring_file_clear(k);
    return code;
}

static void odd_files_are_refused(void **state) {
    struct ex_error err;
    assert_code(EX_FORMAT, parse("null", &err));
    assert_code(EX_FORMAT, parse("{\"format\": \"exhibit-keyring\", \"version\": 1}", &err));
    assert_code(EX_UNSUPPORTED, parse("{\"format\": \"exhibit-keyring\", \"version\": 9}", &err));
    assert_code(EX_FORMAT,
                parse("{\"format\": \"exhibit-keyring\", \"version\": 1, \"generation\": "
                      "0, \"slots\": []}",
                      &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ring_test(the_file_is_what_the_page_says),
        ring_test(every_kind_of_slot_opens),
        ring_test(slots_are_listed),
        ring_test(nobody_has_two_slots),
        ring_test(there_are_at_most_256_slots),
        ring_test(a_removed_officer_opens_only_what_was),
        ring_test(the_keyring_key_is_fresh),
        ring_test(the_last_slot_stays),
        ring_test(epochs_go_on),
        cmocka_unit_test(a_plain_vault_has_no_epochs),
        ring_test(what_was_sealed_is_what_is_written),
        ring_test(of_two_writers_the_second_is_told),
        ring_test(the_copy_serves),
        ring_test(a_new_keyring_replaces_none),
        ring_test(another_process_at_it_is_waited_for),
        ring_test(every_byte_counts),
        ring_test(cut_files_are_refused),
        ring_test(a_slot_cannot_be_slipped_in),
        ring_test(a_slot_cannot_be_given_to_another_officer),
        ring_test(slots_cannot_change_places),
        ring_test(the_keyring_of_another_vault_is_refused),
        ring_test(the_generation_is_bound),
        ring_test(an_unknown_kind_can_be_read_but_not_changed),
        cmocka_unit_test(odd_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
