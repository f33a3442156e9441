/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of key files: parsing any bytes, printing our own. Format/vault §7.1, §7.2. */
#include "base/bytes.h"
#include "vault/keys_internal.h"

#include <jansson.h>
#include <sodium.h>

static const char KEYRING_CONTEXT[] = "exhibit-keyring-v1"; /* with its NUL */
static const char *const kind_words[] = {
    [VAULT_SLOT_UNKNOWN] = "unknown",
    [VAULT_SLOT_OFFICER] = "officer",
    [VAULT_SLOT_RECIPIENT] = "recipient",
    [VAULT_SLOT_PASSPHRASE] = "passphrase",
};

_Static_assert(sizeof KEYRING_CONTEXT + VAULT_ID_BYTES + 8 + SHA256_BYTES == KEYRING_AD_BYTES,
               "associated data");

const char *vault_slot_kind_word(enum vault_slot_kind kind) {
    return kind_words[kind];
}

enum vault_slot_kind keyring_slot_kind(const struct keyring_slot *s) {
    for (int i = VAULT_SLOT_OFFICER; i <= VAULT_SLOT_PASSPHRASE; i++)
        if (strcmp(s->kind, kind_words[i]) == 0)
            return (enum vault_slot_kind)i;
    return VAULT_SLOT_UNKNOWN;
}

/* ---- members ---- */

static bool hex_member(json_t *json, const char *key, uint8_t *to, size_t size_bytes) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL && ex_parse_hex(text, strlen(text), to, size_bytes);
}

static bool base64_member(json_t *json, const char *key, uint8_t *to, size_t size_bytes) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL && ex_parse_base64(text, strlen(text), to, size_bytes);
}

static bool number_member(json_t *json, const char *key, uint64_t max, uint64_t *ret) {
    json_t *value = json_object_get(json, key);
    json_int_t v = json_integer_value(value);
    if (!json_is_integer(value) || v < 0 || (uint64_t)v > max)
        return false;
    *ret = (uint64_t)v;
    return true;
}

static ex_code kdf_member(json_t *holder, const char *file, struct seal_kdf *ret,
                          struct ex_error *err) {
    json_t *kdf = json_object_get(holder, "kdf");
    const char *name = json_string_value(json_object_get(kdf, "name"));
    uint64_t memory, passes;
    if (name == NULL || !number_member(kdf, "memory_mib", UINT32_MAX, &memory) ||
        !number_member(kdf, "passes", UINT32_MAX, &passes) ||
        !hex_member(kdf, "salt", ret->salt, sizeof ret->salt))
        return ex_fail(err, EX_FORMAT, "%s is damaged", file);
    if (strcmp(name, "argon2id13") != 0)
        return ex_fail(err, EX_UNSUPPORTED, "%s has an unknown key derivation", file);
    ret->memory_mib = (uint32_t)memory;
    ret->passes = (uint32_t)passes;
    return EX_OK;
}

static ex_code check_format(json_t *json, const char *format, const char *file,
                            struct ex_error *err) {
    const char *given = json_string_value(json_object_get(json, "format"));
    uint64_t version;
    if (given == NULL || strcmp(given, format) != 0 ||
        !number_member(json, "version", UINT32_MAX, &version))
        return ex_fail(err, EX_FORMAT, "%s is damaged", file);
    if (version != 1)
        return ex_fail(err, EX_UNSUPPORTED, "%s has an unknown version", file);
    return EX_OK;
}

static void set_hex(json_t *json, const char *key, const uint8_t *data, size_t size_bytes) {
    char hex[2 * 32 + 1];
    json_object_set_new(json, key, json_string(ex_hex(hex, data, size_bytes)));
}

static void set_base64(json_t *json, const char *key, const uint8_t *data, size_t size_bytes) {
    size_t size = sodium_base64_encoded_len(size_bytes, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *text = malloc(size);
    if (text != NULL)
        json_object_set_new(json, key,
                            json_string(sodium_bin2base64(text, size, data, size_bytes,
                                                          sodium_base64_VARIANT_ORIGINAL)));
}

static void set_kdf(json_t *json, const struct seal_kdf *kdf) {
    json_t *one = json_pack("{s:s, s:I, s:I}", "name", "argon2id13", "memory_mib",
                            (json_int_t)kdf->memory_mib, "passes", (json_int_t)kdf->passes);
    set_hex(one, "salt", kdf->salt, sizeof kdf->salt);
    json_object_set_new(json, "kdf", one);
}

/* Takes `json` over. A member that was lost for want of memory is found by whoever parses the text
 * again, which every writer does. */
static ex_code print(json_t *json, char **ret, struct ex_error *err) {
    *ret = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return *ret != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no memory for a key file");
}

/* ---- officers ---- */

static ex_code officer_fields(json_t *json, struct officer_file *f, struct ex_error *err) {
    EX_TRY(check_format(json, "exhibit-officer-key", "the key file", err));
    EX_TRY(kdf_member(json, "the key file", &f->kdf, err));
    if (!hex_member(json, "officer", f->id, sizeof f->id) ||
        !base64_member(json, "sign", f->sign, sizeof f->sign) ||
        !base64_member(json, "box", f->box, sizeof f->box) ||
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

ex_code officer_file_print(const struct officer_file *f, char **ret, struct ex_error *err) {
    json_t *json = json_pack("{s:s, s:i}", "format", "exhibit-officer-key", "version", 1);
    set_hex(json, "officer", f->id, sizeof f->id);
    set_base64(json, "sign", f->sign, sizeof f->sign);
    set_base64(json, "box", f->box, sizeof f->box);
    set_kdf(json, &f->kdf);
    set_hex(json, "nonce", f->nonce, sizeof f->nonce);
    set_base64(json, "locked", f->locked, sizeof f->locked);
    return print(json, ret, err);
}

/* ---- the keyring ---- */

void keyring_file_clear(struct keyring_file *f) {
    free(f->locked);
    f->locked = NULL;
    f->locked_bytes = f->slot_count = 0;
}

static bool kind_member(json_t *json, char to[static KEYRING_KIND_BYTES + 1]) {
    static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *text = json_string_value(json_object_get(json, "kind"));
    size_t size = text != NULL ? strlen(text) : 0;
    if (size < 1 || size > KEYRING_KIND_BYTES || strspn(text, set) != size)
        return false;
    memset(to, 0, KEYRING_KIND_BYTES + 1);
    memcpy(to, text, size);
    return true;
}

/* `officer` and `kdf` are bound with the slot, and stand only where they mean something. */
static ex_code slot_fields(json_t *json, struct keyring_slot *s, struct ex_error *err) {
    if (!hex_member(json, "id", s->id, sizeof s->id) || !kind_member(json, s->kind) ||
        !base64_member(json, "box", s->box, sizeof s->box) ||
        !base64_member(json, "sealed", s->sealed, sizeof s->sealed))
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    enum vault_slot_kind kind = keyring_slot_kind(s);
    bool has_officer = json_object_get(json, "officer") != NULL;
    bool has_kdf = json_object_get(json, "kdf") != NULL;
    if (kind == VAULT_SLOT_UNKNOWN)
        return EX_OK;
    if (has_officer != (kind == VAULT_SLOT_OFFICER) || has_kdf != (kind == VAULT_SLOT_PASSPHRASE) ||
        (has_officer && !hex_member(json, "officer", s->officer, sizeof s->officer)))
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    return has_kdf ? kdf_member(json, "the keyring", &s->kdf, err) : EX_OK;
}

static ex_code slot_list(json_t *slots, struct keyring_file *f, struct ex_error *err) {
    json_t *one;
    size_t n = json_array_size(slots), i;
    if (n < 1 || n > VAULT_SLOTS_MAX)
        return ex_fail(err, EX_FORMAT, "the keyring has %zu slots, and may have 1 to %d", n,
                       VAULT_SLOTS_MAX);
    json_array_foreach(slots, i, one) {
        EX_TRY(slot_fields(one, &f->slot[i], err));
        for (size_t k = 0; k < i; k++)
            if (memcmp(f->slot[k].id, f->slot[i].id, VAULT_SLOT_ID_BYTES) == 0)
                return ex_fail(err, EX_FORMAT, "two slots of the keyring have the same id");
    }
    f->slot_count = n;
    return EX_OK;
}

static ex_code locked_member(json_t *json, struct keyring_file *f, struct ex_error *err) {
    const size_t least = KEYRING_FIXED_BYTES + SEAL_TAG_BYTES,
                 most = least + (size_t)EPOCHS_MAX * EPOCH_KEY_BYTES;
    const char *text = json_string_value(json_object_get(json, "locked"));
    size_t length = text != NULL ? strlen(text) : 0, size = length / 4 * 3;
    for (size_t i = length; i > 0 && length - i < 2 && text[i - 1] == '='; i--)
        size -= size > 0 ? 1 : 0;
    if (size < least || size > most || (size - least) % EPOCH_KEY_BYTES != 0)
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    EX_TRY(ex_alloc(size, 1, most, "the keyring", &f->locked, err));
    f->locked_bytes = size;
    if (!ex_parse_base64(text, length, f->locked, size))
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    return EX_OK;
}

static ex_code keyring_fields(json_t *json, struct keyring_file *f, struct ex_error *err) {
    EX_TRY(check_format(json, "exhibit-keyring", "the keyring", err));
    if (!number_member(json, "generation", INT64_MAX, &f->generation) || f->generation < 1 ||
        !hex_member(json, "nonce", f->nonce, sizeof f->nonce))
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    EX_TRY(slot_list(json_object_get(json, "slots"), f, err));
    return locked_member(json, f, err);
}

ex_code keyring_file_parse(const uint8_t *data, size_t size_bytes, struct keyring_file *ret,
                           struct ex_error *err) {
    memset(ret, 0, sizeof *ret);
    json_t *json = json_loadb((const char *)data, size_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL)
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    ex_code code = keyring_fields(json, ret, err);
    json_decref(json);
    if (code != EX_OK)
        keyring_file_clear(ret);
    return code;
}

static json_t *slot_json(const struct keyring_slot *s) {
    json_t *json = json_object();
    set_hex(json, "id", s->id, sizeof s->id);
    json_object_set_new(json, "kind", json_string(s->kind));
    if (keyring_slot_kind(s) == VAULT_SLOT_OFFICER)
        set_hex(json, "officer", s->officer, sizeof s->officer);
    if (keyring_slot_kind(s) == VAULT_SLOT_PASSPHRASE)
        set_kdf(json, &s->kdf);
    set_base64(json, "box", s->box, sizeof s->box);
    set_base64(json, "sealed", s->sealed, sizeof s->sealed);
    return json;
}

ex_code keyring_file_print(const struct keyring_file *f, char **ret, struct ex_error *err) {
    json_t *json = json_pack("{s:s, s:i, s:I}", "format", "exhibit-keyring", "version", 1,
                             "generation", (json_int_t)f->generation);
    json_t *slots = json_array();
    for (size_t i = 0; i < f->slot_count; i++)
        json_array_append_new(slots, slot_json(&f->slot[i]));
    json_object_set_new(json, "slots", slots);
    set_hex(json, "nonce", f->nonce, sizeof f->nonce);
    set_base64(json, "locked", f->locked, f->locked_bytes);
    return print(json, ret, err);
}

/* §7.2: what binds a slot. */
static void hash_slot(struct sha256 *h, const struct keyring_slot *s) {
    uint8_t kdf[8];
    ex_put_le32(kdf, s->kdf.memory_mib);
    ex_put_le32(kdf + 4, s->kdf.passes);
    sha256_add(h, s->id, sizeof s->id);
    sha256_add(h, s->kind, KEYRING_KIND_BYTES);
    sha256_add(h, s->officer, sizeof s->officer);
    sha256_add(h, s->box, sizeof s->box);
    sha256_add(h, kdf, sizeof kdf);
    sha256_add(h, s->kdf.salt, sizeof s->kdf.salt);
}

void keyring_file_ad(const struct keyring_file *f, const uint8_t vault_id[static VAULT_ID_BYTES],
                     uint8_t ret[static KEYRING_AD_BYTES]) {
    struct sha256 h;
    uint8_t *at = ret + sizeof KEYRING_CONTEXT;
    sha256_start(&h);
    for (size_t i = 0; i < f->slot_count; i++)
        hash_slot(&h, &f->slot[i]);
    memcpy(ret, KEYRING_CONTEXT, sizeof KEYRING_CONTEXT);
    memcpy(at, vault_id, VAULT_ID_BYTES);
    ex_put_le64(at + VAULT_ID_BYTES, f->generation);
    sha256_end(&h, at + VAULT_ID_BYTES + 8);
}
