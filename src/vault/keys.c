/* SPDX-License-Identifier: Apache-2.0 */
/* Officers' key files and the keyring: format/vault §7. */
#include "base/bytes.h"
#include "crypto/seal.h"
#include "vault/keys_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

static const char OFFICER_CONTEXT[] = "exhibit-officer-key-v1"; /* with its NUL */
static const char KEYRING_CONTEXT[] = "exhibit-keyring-v1";     /* likewise */
enum {
    KDF_PASSES = 3,
    OFFICER_SECRET_BYTES = SIGN_SEED_BYTES + SEAL_BOX_SECRET_BYTES,
    OFFICER_AD_BYTES = sizeof OFFICER_CONTEXT + VAULT_ID_BYTES + 32 + 32 + 8 + SEAL_SALT_BYTES,
    KEYRING_KEY_BYTES = 32,
    KEYRING_PLAIN_BYTES = SIGN_SEED_BYTES + 4,
    KEYRING_AD_BYTES = sizeof KEYRING_CONTEXT + VAULT_ID_BYTES + 8,
    BASE64_MAX = 256
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

static char *base64(char to[static BASE64_MAX], const uint8_t *data, size_t size_bytes) {
    return sodium_bin2base64(to, BASE64_MAX, data, size_bytes, sodium_base64_VARIANT_ORIGINAL);
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

static ex_code officer_write(int vault_dir_fd, const struct officer_file *f, struct ex_error *err) {
    char name[64], id[33], salt[33], nonce[49], sign[BASE64_MAX], box[BASE64_MAX],
        locked[BASE64_MAX];
    officer_name(name, f->id);
    json_t *json = json_pack(
        "{s:s, s:i, s:s, s:s, s:s, s:{s:s, s:i, s:i, s:s}, s:s, s:s}", "format",
        "exhibit-officer-key", "version", 1, "officer", ex_hex(id, f->id, sizeof f->id), "sign",
        base64(sign, f->sign, sizeof f->sign), "box", base64(box, f->box, sizeof f->box), "kdf",
        "name", "argon2id13", "memory_mib", (int)f->kdf.memory_mib, "passes", (int)f->kdf.passes,
        "salt", ex_hex(salt, f->kdf.salt, SEAL_SALT_BYTES), "nonce",
        ex_hex(nonce, f->nonce, SEAL_NONCE_BYTES), "locked",
        base64(locked, f->locked, sizeof f->locked));
    EX_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (text == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a key file");
    return ex_write_file(vault_dir_fd, name, text, strlen(text), EX_WRITE_NEW, err);
}

ex_code vault_officer_create(int vault_dir_fd, unsigned kdf_memory_mib, const char *passphrase,
                             size_t passphrase_bytes, struct vault_officer *ret,
                             struct ex_error *err) {
    struct officer_file f = {.kdf = {.memory_mib = kdf_memory_mib, .passes = KDF_PASSES}};
    struct vault_officer o = {0};
    uint8_t ad[OFFICER_AD_BYTES];
    SEAL_AUTO_SECRET uint8_t *secret = locked_memory(OFFICER_SECRET_BYTES);
    o.box_secret = locked_memory(SEAL_BOX_SECRET_BYTES);
    if (secret == NULL || o.box_secret == NULL) {
        vault_officer_clear(&o);
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    }
    randombytes_buf(f.id, sizeof f.id);
    randombytes_buf(f.kdf.salt, sizeof f.kdf.salt);
    randombytes_buf(f.nonce, sizeof f.nonce);
    randombytes_buf(o.box_secret, SEAL_BOX_SECRET_BYTES);
    ex_code code = sign_key_generate(&o.sign, err);
    if (code == EX_OK) {
        memcpy(o.id, f.id, sizeof o.id);
        memcpy(f.sign, sign_key_public(o.sign), sizeof f.sign);
        seal_box_public(o.box_secret, f.box);
        memcpy(o.box_public, f.box, sizeof o.box_public);
        memcpy(secret, sign_key_seed(o.sign), SIGN_SEED_BYTES);
        memcpy(secret + SIGN_SEED_BYTES, o.box_secret, SEAL_BOX_SECRET_BYTES);
        officer_ad(&f, ad);
        code = seal_lock(&f.kdf, f.nonce, passphrase, passphrase_bytes, ad, sizeof ad, secret,
                         OFFICER_SECRET_BYTES, f.locked, err);
    }
    if (code == EX_OK)
        code = officer_write(vault_dir_fd, &f, err);
    if (code != EX_OK) {
        vault_officer_clear(&o);
        return code;
    }
    *ret = o;
    return EX_OK;
}

static bool hex_member(json_t *json, const char *key, uint8_t *to, size_t size_bytes) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL && ex_parse_hex(text, strlen(text), to, size_bytes);
}

static bool base64_member(json_t *json, const char *key, uint8_t *to, size_t size_bytes) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL && ex_parse_base64(text, strlen(text), to, size_bytes);
}

static bool number_member(json_t *json, const char *key, uint32_t *ret) {
    json_t *value = json_object_get(json, key);
    json_int_t v = json_integer_value(value);
    if (!json_is_integer(value) || v < 0 || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static ex_code officer_fields(json_t *json, struct officer_file *f, struct ex_error *err) {
    json_t *kdf = json_object_get(json, "kdf");
    const char *format = json_string_value(json_object_get(json, "format"));
    const char *name = json_string_value(json_object_get(kdf, "name"));
    uint32_t version;
    if (format == NULL || strcmp(format, "exhibit-officer-key") != 0 ||
        !number_member(json, "version", &version))
        return ex_fail(err, EX_FORMAT, "the key file is damaged");
    if (version != 1 || name == NULL || strcmp(name, "argon2id13") != 0)
        return ex_fail(err, EX_UNSUPPORTED,
                       "the key file has an unknown version or key derivation");
    if (!hex_member(json, "officer", f->id, sizeof f->id) ||
        !base64_member(json, "sign", f->sign, sizeof f->sign) ||
        !base64_member(json, "box", f->box, sizeof f->box) ||
        !number_member(kdf, "memory_mib", &f->kdf.memory_mib) ||
        !number_member(kdf, "passes", &f->kdf.passes) ||
        !hex_member(kdf, "salt", f->kdf.salt, sizeof f->kdf.salt) ||
        !hex_member(json, "nonce", f->nonce, sizeof f->nonce) ||
        !base64_member(json, "locked", f->locked, sizeof f->locked))
        return ex_fail(err, EX_FORMAT, "the key file is damaged");
    return EX_OK;
}

ex_code officer_file_parse(const uint8_t *data, size_t size_bytes, struct officer_file *ret,
                           struct ex_error *err) {
    struct officer_file f = {0};
    json_t *json = json_loadb((const char *)data, size_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL)
        return ex_fail(err, EX_FORMAT, "the key file is damaged");
    ex_code code = officer_fields(json, &f, err);
    json_decref(json);
    if (code == EX_OK)
        *ret = f;
    return code;
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
    char name[64];
    struct officer_file f;
    uint8_t ad[OFFICER_AD_BYTES];
    EX_AUTO_FREE uint8_t *data = NULL;
    SEAL_AUTO_SECRET uint8_t *secret = NULL;
    size_t size;
    officer_name(name, id);
    EX_TRY(ex_read_file(vault_dir_fd, name, EX_LIMIT_CONFIG_BYTES, &data, &size, err));
    EX_TRY(officer_file_parse(data, size, &f, err));
    if (memcmp(f.id, id, sizeof f.id) != 0)
        return ex_fail(err, EX_ALTERED, "the key file is another officer's");
    officer_ad(&f, ad);
    EX_TRY(seal_unlock(&f.kdf, f.nonce, passphrase, passphrase_bytes, ad, sizeof ad, f.locked,
                       sizeof f.locked, &secret, err));
    return officer_open(&f, secret, ret, err);
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
    return EX_OK;
}

/* ---- the keyring ---- */

static void keyring_ad(const uint8_t *vault_id, uint64_t generation,
                       uint8_t to[static KEYRING_AD_BYTES]) {
    memcpy(to, KEYRING_CONTEXT, sizeof KEYRING_CONTEXT);
    memcpy(to + sizeof KEYRING_CONTEXT, vault_id, VAULT_ID_BYTES);
    ex_put_le64(to + sizeof KEYRING_CONTEXT + VAULT_ID_BYTES, generation);
}

ex_code vault_keyring_create(int vault_dir_fd, const uint8_t vault_id[static VAULT_ID_BYTES],
                             const struct sign_key *vault_key, const struct vault_officer *officer,
                             struct ex_error *err) {
    uint8_t ad[KEYRING_AD_BYTES], nonce[SEAL_NONCE_BYTES],
        locked[KEYRING_PLAIN_BYTES + SEAL_TAG_BYTES],
        sealed[KEYRING_KEY_BYTES + SEAL_BOX_OVERHEAD_BYTES];
    char id[33], nonce_hex[49], sealed_text[BASE64_MAX], locked_text[BASE64_MAX];
    SEAL_AUTO_SECRET uint8_t *key = locked_memory(KEYRING_KEY_BYTES);
    SEAL_AUTO_SECRET uint8_t *plain = locked_memory(KEYRING_PLAIN_BYTES);
    if (key == NULL || plain == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    randombytes_buf(key, KEYRING_KEY_BYTES);
    randombytes_buf(nonce, sizeof nonce);
    memcpy(plain, sign_key_seed(vault_key), SIGN_SEED_BYTES);
    ex_put_le32(plain + SIGN_SEED_BYTES, 0);
    keyring_ad(vault_id, 1, ad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(locked, NULL, plain, KEYRING_PLAIN_BYTES, ad,
                                               sizeof ad, NULL, nonce, key);
    EX_TRY(seal_box(officer->box_public, key, KEYRING_KEY_BYTES, sealed, err));
    json_t *json = json_pack("{s:s, s:i, s:i, s:[{s:s, s:s, s:s}], s:s, s:s}", "format",
                             "exhibit-keyring", "version", 1, "generation", 1, "slots", "type",
                             "x25519", "officer", ex_hex(id, officer->id, VAULT_ID_BYTES), "sealed",
                             base64(sealed_text, sealed, sizeof sealed), "nonce",
                             ex_hex(nonce_hex, nonce, sizeof nonce), "locked",
                             base64(locked_text, locked, sizeof locked));
    EX_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (text == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the keyring");
    return ex_write_file(vault_dir_fd, "keys/keyring.json", text, strlen(text), EX_WRITE_NEW, err);
}

static ex_code keyring_fields(json_t *json, struct keyring_file *k, struct ex_error *err) {
    const char *format = json_string_value(json_object_get(json, "format"));
    json_t *slots = json_object_get(json, "slots"), *slot;
    uint32_t version, generation;
    size_t i;
    if (format == NULL || strcmp(format, "exhibit-keyring") != 0 ||
        !number_member(json, "version", &version))
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    if (version != 1)
        return ex_fail(err, EX_UNSUPPORTED, "the keyring has an unknown version");
    if (!number_member(json, "generation", &generation) ||
        !hex_member(json, "nonce", k->nonce, sizeof k->nonce) ||
        !base64_member(json, "locked", k->locked, sizeof k->locked) ||
        json_array_size(slots) > KEYRING_SLOTS_MAX)
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    k->generation = generation;
    json_array_foreach(slots, i, slot) {
        struct keyring_slot *to = &k->slot[k->slot_count];
        const char *type = json_string_value(json_object_get(slot, "type"));
        if (type != NULL && strcmp(type, "x25519") == 0 &&
            hex_member(slot, "officer", to->officer, sizeof to->officer) &&
            base64_member(slot, "sealed", to->sealed, sizeof to->sealed))
            k->slot_count++;
    }
    return EX_OK;
}

ex_code keyring_file_parse(const uint8_t *data, size_t size_bytes, struct keyring_file *ret,
                           struct ex_error *err) {
    memset(ret, 0, sizeof *ret);
    json_t *json = json_loadb((const char *)data, size_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL)
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    ex_code code = keyring_fields(json, ret, err);
    json_decref(json);
    return code;
}

ex_code vault_keyring_open(const struct vault *v, const struct vault_officer *officer,
                           struct sign_key **ret_vault_key, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_AUTO_FREE struct keyring_file *k = ex_new0(struct keyring_file);
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    SEAL_AUTO_SECRET uint8_t *plain = locked_memory(KEYRING_PLAIN_BYTES);
    uint8_t ad[KEYRING_AD_BYTES];
    size_t size, i = 0;
    if (plain == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for a key");
    EX_TRY(ex_read_file(v->dir_fd, "keys/keyring.json", EX_LIMIT_CONFIG_BYTES, &data, &size, err));
    EX_TRY(keyring_file_parse(data, size, k, err));
    while (i < k->slot_count && memcmp(k->slot[i].officer, officer->id, VAULT_ID_BYTES) != 0)
        i++;
    if (i == k->slot_count)
        return ex_fail(err, EX_DENIED, "the keyring has no slot for this officer");
    EX_TRY(
        seal_box_open(officer->box_secret, k->slot[i].sealed, sizeof k->slot[i].sealed, &key, err));
    keyring_ad(v->config.id, k->generation, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, k->locked, sizeof k->locked,
                                                   ad, sizeof ad, k->nonce, key) != 0)
        return ex_fail(err, EX_ALTERED, "the keyring is damaged, or belongs to another vault");
    EX_AUTO(sign_key_free) struct sign_key *vault_key = NULL;
    EX_TRY(sign_key_from_seed(plain, &vault_key, err));
    if (memcmp(sign_key_public(vault_key), v->config.key.public_key, SIGN_PUBLIC_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the keyring holds another key than vault.json names");
    *ret_vault_key = ex_steal(&vault_key);
    return EX_OK;
}
