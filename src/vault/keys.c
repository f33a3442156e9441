/* SPDX-License-Identifier: Apache-2.0 */
/* Officers' key files: format/vault §7.1. */
#include "base/bytes.h"
#include "vault/keys_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

static const char OFFICER_CONTEXT[] = "exhibit-officer-key-v1"; /* with its NUL */
enum {
    OFFICER_SECRET_BYTES = SIGN_SEED_BYTES + SEAL_BOX_SECRET_BYTES,
    OFFICER_AD_BYTES = sizeof OFFICER_CONTEXT + VAULT_ID_BYTES + 32 + 32 + 8 + SEAL_SALT_BYTES
};

void vault_officer_clear(struct vault_officer *o) {
    sign_key_free(o->sign);
    seal_secret_free(o->box_secret);
    *o = (struct vault_officer){0};
}

/* sodium_malloc() ends a process that has not called sodium_init() yet. */
static uint8_t *locked_memory(size_t size_bytes) {
    return sodium_init() < 0 ? NULL : sodium_malloc(size_bytes);
}

static void officer_name(char to[static 64], const uint8_t id[static VAULT_ID_BYTES]) {
    char hex[2 * VAULT_ID_BYTES + 1];
    (void)snprintf(to, 64, "keys/%s.json", ex_hex(hex, id, VAULT_ID_BYTES));
}

static void officer_ad(const struct officer_file *f, uint8_t to[static OFFICER_AD_BYTES]) {
    uint8_t *at = to;
    memcpy(at, OFFICER_CONTEXT, sizeof OFFICER_CONTEXT);
    at += sizeof OFFICER_CONTEXT;
    memcpy(at, f->id, VAULT_ID_BYTES);
    memcpy(at + 16, f->sign, 32);
    memcpy(at + 48, f->box, 32);
    ex_put_le32(at + 80, f->kdf.memory_mib);
    ex_put_le32(at + 84, f->kdf.passes);
    memcpy(at + 88, f->kdf.salt, SEAL_SALT_BYTES);
}

/* Locks the keys of `o` into f, with a new salt and nonce. */
static ex_code officer_lock(const struct vault_officer *o, unsigned kdf_memory_mib,
                            const char *passphrase, size_t passphrase_bytes, struct officer_file *f,
                            struct ex_error *err) {
    uint8_t ad[OFFICER_AD_BYTES];
    SEAL_AUTO_SECRET uint8_t *secret = locked_memory(OFFICER_SECRET_BYTES);
    if (secret == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    *f = (struct officer_file){.kdf = {.memory_mib = kdf_memory_mib, .passes = KEYS_KDF_PASSES}};
    randombytes_buf(f->kdf.salt, sizeof f->kdf.salt);
    randombytes_buf(f->nonce, sizeof f->nonce);
    memcpy(f->id, o->id, sizeof f->id);
    memcpy(f->sign, sign_key_public(o->sign), sizeof f->sign);
    memcpy(f->box, o->box_public, sizeof f->box);
    memcpy(secret, sign_key_seed(o->sign), SIGN_SEED_BYTES);
    memcpy(secret + SIGN_SEED_BYTES, o->box_secret, SEAL_BOX_SECRET_BYTES);
    officer_ad(f, ad);
    return seal_lock(&f->kdf, f->nonce, passphrase, passphrase_bytes, ad, sizeof ad, secret,
                     OFFICER_SECRET_BYTES, f->locked, err);
}

/* What could not be parsed again would lock somebody out. */
static ex_code officer_write(int vault_dir_fd, const struct officer_file *f,
                             enum ex_write_mode mode, struct ex_error *err) {
    char name[64];
    EX_AUTO_FREE char *text = NULL;
    struct officer_file again;
    officer_name(name, f->id);
    EX_TRY(officer_file_print(f, &text, err));
    if (officer_file_parse((const uint8_t *)text, strlen(text), &again, NULL) != EX_OK)
        return ex_fail(err, EX_NOMEM, "no memory for a key file");
    return ex_write_file(vault_dir_fd, name, text, strlen(text), mode, err);
}

static ex_code officer_generate(struct vault_officer *o, struct ex_error *err) {
    o->box_secret = locked_memory(SEAL_BOX_SECRET_BYTES);
    if (o->box_secret == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    randombytes_buf(o->id, sizeof o->id);
    randombytes_buf(o->box_secret, SEAL_BOX_SECRET_BYTES);
    seal_box_public(o->box_secret, o->box_public);
    return sign_key_generate(&o->sign, err);
}

ex_code vault_officer_create(int vault_dir_fd, unsigned kdf_memory_mib, const char *passphrase,
                             size_t passphrase_bytes, struct vault_officer *ret,
                             struct ex_error *err) {
    struct officer_file f;
    struct vault_officer o = {0};
    ex_code code = officer_generate(&o, err);
    if (code == EX_OK)
        code = officer_lock(&o, kdf_memory_mib, passphrase, passphrase_bytes, &f, err);
    if (code == EX_OK)
        code = officer_write(vault_dir_fd, &f, EX_WRITE_NEW, err);
    if (code != EX_OK) {
        vault_officer_clear(&o);
        return code;
    }
    *ret = o;
    return EX_OK;
}

static ex_code officer_read(int vault_dir_fd, const uint8_t id[static VAULT_ID_BYTES],
                            struct officer_file *ret, struct ex_error *err) {
    char name[64];
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    officer_name(name, id);
    EX_TRY(ex_read_file(vault_dir_fd, name, EX_LIMIT_CONFIG_BYTES, &data, &size, err));
    EX_TRY(officer_file_parse(data, size, ret, err));
    if (memcmp(ret->id, id, sizeof ret->id) != 0)
        return ex_fail(err, EX_ALTERED, "the key file is another officer's");
    return EX_OK;
}

ex_code vault_officer_change_passphrase(int vault_dir_fd, const struct vault_officer *o,
                                        unsigned kdf_memory_mib, const char *passphrase,
                                        size_t passphrase_bytes, struct ex_error *err) {
    struct officer_file f;
    EX_TRY(officer_read(vault_dir_fd, o->id, &f, err));
    if (memcmp(f.sign, sign_key_public(o->sign), sizeof f.sign) != 0 ||
        memcmp(f.box, o->box_public, sizeof f.box) != 0)
        return ex_fail(err, EX_ALTERED, "the key file holds other keys than those unlocked");
    EX_TRY(officer_lock(o, kdf_memory_mib, passphrase, passphrase_bytes, &f, err));
    return officer_write(vault_dir_fd, &f, EX_WRITE_REPLACE, err);
}

static ex_code officer_open(const struct officer_file *f, const uint8_t *secret,
                            struct vault_officer *ret, struct ex_error *err) {
    struct vault_officer o = {0};
    uint8_t box[SEAL_BOX_PUBLIC_BYTES];
    memcpy(o.id, f->id, sizeof o.id);
    memcpy(o.box_public, f->box, sizeof o.box_public);
    EX_TRY(sign_key_from_seed(secret, &o.sign, err));
    o.box_secret = locked_memory(SEAL_BOX_SECRET_BYTES);
    if (o.box_secret == NULL) {
        vault_officer_clear(&o);
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    }
    memcpy(o.box_secret, secret + SIGN_SEED_BYTES, SEAL_BOX_SECRET_BYTES);
    seal_box_public(o.box_secret, box);
    if (memcmp(box, f->box, sizeof box) != 0 || memcmp(sign_key_public(o.sign), f->sign, 32) != 0) {
        vault_officer_clear(&o);
        return ex_fail(err, EX_ALTERED, "the key file is damaged");
    }
    *ret = o;
    return EX_OK;
}

ex_code vault_officer_unlock(int vault_dir_fd, const uint8_t id[static VAULT_ID_BYTES],
                             const char *passphrase, size_t passphrase_bytes,
                             struct vault_officer *ret, struct ex_error *err) {
    struct officer_file f;
    uint8_t ad[OFFICER_AD_BYTES];
    SEAL_AUTO_SECRET uint8_t *secret = NULL;
    EX_TRY(officer_read(vault_dir_fd, id, &f, err));
    officer_ad(&f, ad);
    EX_TRY(seal_unlock(&f.kdf, f.nonce, passphrase, passphrase_bytes, ad, sizeof ad, f.locked,
                       sizeof f.locked, &secret, err));
    return officer_open(&f, secret, ret, err);
}

static int by_id(const void *a, const void *b) {
    return memcmp(a, b, VAULT_ID_BYTES);
}

ex_code vault_officer_list(int vault_dir_fd, uint8_t (*ret)[VAULT_ID_BYTES], size_t max,
                           size_t *ret_count, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    struct dirent *e;
    *ret_count = 0;
    EX_TRY(ex_open_at(vault_dir_fd, "keys", O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not list the keys");
    (void)ex_steal_fd(&fd);
    while ((e = readdir(dir)) != NULL) {
        uint8_t id[VAULT_ID_BYTES];
        if (strlen(e->d_name) != 37 || strcmp(e->d_name + 32, ".json") != 0 ||
            !ex_parse_hex(e->d_name, 32, id, sizeof id))
            continue;
        if (*ret_count < max)
            memcpy(ret[*ret_count], id, sizeof id);
        ++*ret_count;
    }
    closedir(dir);
    qsort(ret, *ret_count < max ? *ret_count : max, VAULT_ID_BYTES, by_id);
    return EX_OK;
}
