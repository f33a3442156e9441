/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring on the disk: opening it by one of its slots, and writing its next generation.
 * Format/vault §7.2. */
#include "base/bytes.h"
#include "vault/keyring_internal.h"

#include <sodium.h>

/* Two files with the same bytes: a bad sector under one must not be the end of a vault. */
static const char NAME[] = "keys/keyring.json";
static const char COPY[] = "keys/keyring.copy.json";
static const char LOCK[] = "keys/lock";
enum { LOCK_WAIT_MS = 10000 };

/* ---- opening ---- */

static ex_code load(const struct vault *v, const char *name, struct vault_keyring **ret,
                    struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = ex_new0(struct vault_keyring);
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    EX_TRY(ex_read_file(v->dir_fd, name, EX_LIMIT_CONFIG_BYTES, &data, &size, err));
    EX_TRY(keyring_file_parse(data, size, &k->file, err));
    sha256_of(data, size, k->sha256);
    *ret = ex_steal(&k);
    return EX_OK;
}

static ex_code take_secrets(struct vault_keyring *k, struct ex_cursor *c, struct ex_error *err) {
    const uint8_t *seed = ex_cursor_bytes(c, SIGN_SEED_BYTES);
    const uint8_t *box = ex_cursor_bytes(c, SEAL_BOX_SECRET_BYTES);
    uint32_t count = ex_cursor_le32(c);
    if (seed == NULL || box == NULL || ex_cursor_left(c) != (size_t)count * EPOCH_KEY_BYTES)
        return ex_fail(err, EX_FORMAT, "the keyring is damaged");
    EX_TRY(sign_key_from_seed(seed, &k->sign, err));
    EX_TRY(keyring_secret(SEAL_BOX_SECRET_BYTES, &k->box_secret, err));
    memcpy(k->box_secret, box, SEAL_BOX_SECRET_BYTES);
    if (count == 0)
        return EX_OK;
    EX_TRY(epochs_new(&k->epochs, err));
    for (uint32_t n = 1; n <= count; n++)
        EX_TRY(epochs_add(k->epochs, n, ex_cursor_bytes(c, EPOCH_KEY_BYTES), err));
    return EX_OK;
}

static ex_code unlock(struct vault_keyring *k, const uint8_t *vault_id, const uint8_t *key,
                      struct ex_error *err) {
    const struct keyring_file *f = &k->file;
    uint8_t ad[KEYRING_AD_BYTES];
    SEAL_AUTO_SECRET uint8_t *plain = NULL;
    EX_TRY(keyring_secret(f->locked_bytes, &plain, err));
    keyring_file_ad(f, vault_id, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, f->locked, f->locked_bytes,
                                                   ad, sizeof ad, f->nonce, key) != 0)
        return ex_fail(err, EX_ALTERED, "the keyring was changed, or belongs to another vault");
    struct ex_cursor c = ex_cursor_make(plain, f->locked_bytes - SEAL_TAG_BYTES);
    return take_secrets(k, &c, err);
}

/* Is it this vault's? Whoever has the keys of another vault can make a keyring of his own. */
static ex_code check_vault(const struct vault_keyring *k, const struct vault_config *config,
                           struct ex_error *err) {
    uint8_t box[VAULT_BOX_BYTES];
    seal_box_public(k->box_secret, box);
    if (memcmp(sign_key_public(k->sign), config->key.public_key, SIGN_PUBLIC_BYTES) != 0 ||
        memcmp(box, config->box, sizeof box) != 0)
        return ex_fail(err, EX_ALTERED, "the keyring holds other keys than vault.json names");
    if ((k->epochs == NULL) != config->plain)
        return ex_fail(err, EX_ALTERED, "the keyring is that of a vault in another mode");
    return EX_OK;
}

/* Tries the secret key on a slot whose box is that of the secret. */
static ex_code open_slot(const struct vault *v, struct vault_keyring *k,
                         const struct keyring_slot *s, const uint8_t *secret,
                         struct ex_error *err) {
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    uint8_t box[VAULT_BOX_BYTES];
    seal_box_public(secret, box);
    if (memcmp(box, s->box, sizeof box) != 0 ||
        seal_box_open(secret, s->sealed, sizeof s->sealed, &key, NULL) != EX_OK)
        return ex_fail(err, EX_ALTERED, "a slot of the keyring was changed");
    EX_TRY(unlock(k, v->config.id, key, err));
    EX_TRY(check_vault(k, &v->config, err));
    k->opened = true;
    memcpy(k->opened_by, s->id, sizeof k->opened_by);
    return EX_OK;
}

static ex_code open_officer(const struct vault *v, const char *name, const void *secret,
                            size_t secret_bytes, struct vault_keyring **ret, struct ex_error *err) {
    const struct vault_officer *o = secret;
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    size_t i = 0;
    EX_TRY(load(v, name, &k, err));
    while (i < k->file.slot_count && (keyring_slot_kind(&k->file.slot[i]) != VAULT_SLOT_OFFICER ||
                                      memcmp(k->file.slot[i].officer, o->id, VAULT_ID_BYTES) != 0))
        i++;
    if (i == k->file.slot_count)
        return ex_fail(err, EX_DENIED, "the keyring has no slot for this officer");
    EX_TRY(open_slot(v, k, &k->file.slot[i], o->box_secret, err));
    *ret = ex_steal(&k);
    return EX_OK;
}

static ex_code open_secret(const struct vault *v, const char *name, const void *secret,
                           size_t secret_bytes, struct vault_keyring **ret, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    uint8_t box[VAULT_BOX_BYTES];
    size_t i = 0;
    seal_box_public(secret, box);
    EX_TRY(load(v, name, &k, err));
    while (i < k->file.slot_count && memcmp(k->file.slot[i].box, box, sizeof box) != 0)
        i++;
    if (i == k->file.slot_count)
        return ex_fail(err, EX_DENIED, "the keyring has no slot for this key");
    EX_TRY(open_slot(v, k, &k->file.slot[i], secret, err));
    *ret = ex_steal(&k);
    return EX_OK;
}

static ex_code open_passphrase(const struct vault *v, const char *name, const void *passphrase,
                               size_t passphrase_bytes, struct vault_keyring **ret,
                               struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = NULL;
    EX_TRY(load(v, name, &k, err));
    for (size_t i = 0; i < k->file.slot_count; i++) {
        const struct keyring_slot *s = &k->file.slot[i];
        SEAL_AUTO_SECRET uint8_t *secret = NULL;
        uint8_t box[VAULT_BOX_BYTES];
        if (keyring_slot_kind(s) != VAULT_SLOT_PASSPHRASE)
            continue;
        EX_TRY(seal_derive(&s->kdf, passphrase, passphrase_bytes, &secret, err));
        seal_box_public(secret, box);
        if (memcmp(box, s->box, sizeof box) != 0)
            continue;
        EX_TRY(open_slot(v, k, s, secret, err));
        *ret = ex_steal(&k);
        return EX_OK;
    }
    return ex_fail(err, EX_DENIED, "the passphrase opens no slot of the keyring");
}

typedef ex_code opener(const struct vault *v, const char *name, const void *secret,
                       size_t secret_bytes, struct vault_keyring **ret, struct ex_error *err);

/* The second file serves when the first cannot be used. What it says is as good: the ledger names
 * the bytes that both have. The first one's error is told when neither opens. */
static ex_code open_either(const struct vault *v, opener *open, const void *secret,
                           size_t secret_bytes, struct vault_keyring **ret, struct ex_error *err) {
    struct ex_error why;
    ex_code code = open(v, NAME, secret, secret_bytes, ret, &why);
    bool unusable = code == EX_ALTERED || code == EX_FORMAT || code == EX_NOT_FOUND ||
                    code == EX_IO || code == EX_LIMIT;
    if (unusable && open(v, COPY, secret, secret_bytes, ret, NULL) == EX_OK)
        return EX_OK;
    if (code != EX_OK && err != NULL)
        *err = why;
    return code;
}

ex_code vault_keyring_open_officer(const struct vault *v, const struct vault_officer *o,
                                   struct vault_keyring **ret, struct ex_error *err) {
    return open_either(v, open_officer, o, sizeof *o, ret, err);
}

ex_code vault_keyring_open_secret(const struct vault *v,
                                  const uint8_t secret[static VAULT_BOX_BYTES],
                                  struct vault_keyring **ret, struct ex_error *err) {
    return open_either(v, open_secret, secret, VAULT_BOX_BYTES, ret, err);
}

ex_code vault_keyring_open_passphrase(const struct vault *v, const char *passphrase,
                                      size_t passphrase_bytes, struct vault_keyring **ret,
                                      struct ex_error *err) {
    return open_either(v, open_passphrase, passphrase, passphrase_bytes, ret, err);
}

/* ---- writing ---- */

static ex_code lock_secrets(const struct vault_keyring *k, const uint8_t *vault_id,
                            const uint8_t *key, struct keyring_file *f, struct ex_error *err) {
    size_t count = epochs_count(k->epochs),
           size = KEYRING_FIXED_BYTES + count * (size_t)EPOCH_KEY_BYTES;
    uint8_t ad[KEYRING_AD_BYTES];
    SEAL_AUTO_SECRET uint8_t *plain = NULL;
    EX_TRY(keyring_secret(size, &plain, err));
    memcpy(plain, sign_key_seed(k->sign), SIGN_SEED_BYTES);
    memcpy(plain + SIGN_SEED_BYTES, k->box_secret, SEAL_BOX_SECRET_BYTES);
    ex_put_le32(plain + SIGN_SEED_BYTES + SEAL_BOX_SECRET_BYTES, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        memcpy(plain + KEYRING_FIXED_BYTES + i * EPOCH_KEY_BYTES, epochs_key(k->epochs, i + 1),
               EPOCH_KEY_BYTES);
    EX_TRY(
        ex_alloc(size + SEAL_TAG_BYTES, 1, EX_LIMIT_CONFIG_BYTES, "the keyring", &f->locked, err));
    f->locked_bytes = size + SEAL_TAG_BYTES;
    randombytes_buf(f->nonce, sizeof f->nonce);
    keyring_file_ad(f, vault_id, ad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(f->locked, NULL, plain, size, ad, sizeof ad, NULL,
                                               f->nonce, key);
    return EX_OK;
}

static ex_code fill_file(const struct vault_keyring *k, const uint8_t *vault_id, const uint8_t *key,
                         struct keyring_file *f, struct ex_error *err) {
    f->generation = k->file.generation + 1;
    f->slot_count = k->file.slot_count;
    for (size_t i = 0; i < f->slot_count; i++) {
        f->slot[i] = k->file.slot[i];
        EX_TRY(seal_box(f->slot[i].box, key, KEYRING_KEY_BYTES, f->slot[i].sealed, err));
    }
    return lock_secrets(k, vault_id, key, f, err);
}

/* A keyring that does not open would be the end of the vault: the text is read as at the next
 * unlocking, and must give what is in memory. */
static ex_code check_text(const struct vault_keyring *k, const uint8_t *vault_id,
                          const uint8_t *key, const char *text, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *again = ex_new0(struct vault_keyring);
    EX_TRY(keyring_file_parse((const uint8_t *)text, strlen(text), &again->file, err));
    EX_TRY(unlock(again, vault_id, key, err));
    uint64_t newest = epochs_newest(k->epochs);
    bool same = again->file.slot_count == k->file.slot_count &&
                memcmp(sign_key_seed(again->sign), sign_key_seed(k->sign), SIGN_SEED_BYTES) == 0 &&
                memcmp(again->box_secret, k->box_secret, SEAL_BOX_SECRET_BYTES) == 0 &&
                epochs_newest(again->epochs) == newest;
    for (uint64_t n = 1; same && n <= newest; n++)
        same = memcmp(epochs_key(again->epochs, n), epochs_key(k->epochs, n), EPOCH_KEY_BYTES) == 0;
    return same ? EX_OK : ex_fail(err, EX_INTERNAL, "the new keyring is not what it should be");
}

static ex_code make_text(const struct vault_keyring *k, const uint8_t *vault_id, char **ret,
                         struct ex_error *err) {
    EX_AUTO_FREE struct keyring_file *f = ex_new0(struct keyring_file);
    EX_AUTO_FREE char *text = NULL;
    SEAL_AUTO_SECRET uint8_t *key = NULL;
    EX_TRY(keyring_secret(KEYRING_KEY_BYTES, &key, err));
    randombytes_buf(key, KEYRING_KEY_BYTES);
    ex_code code = fill_file(k, vault_id, key, f, err);
    if (code == EX_OK)
        code = keyring_file_print(f, &text, err);
    keyring_file_clear(f);
    EX_TRY(code);
    EX_TRY(check_text(k, vault_id, key, text, err));
    *ret = ex_steal(&text);
    return EX_OK;
}

ex_code vault_keyring_seal(struct vault_keyring *k, const uint8_t vault_id[static VAULT_ID_BYTES],
                           uint64_t *ret_generation, uint8_t ret_sha256[static SHA256_BYTES],
                           struct ex_error *err) {
    EX_TRY(keyring_check_known(k, err));
    if (k->file.slot_count == 0)
        return ex_fail(err, EX_DENIED, "a keyring without a slot would open for nobody");
    if (k->file.generation >= INT64_MAX)
        return ex_fail(err, EX_LIMIT, "the keyring cannot change any more");
    char *text = NULL;
    EX_TRY(make_text(k, vault_id, &text, err));
    free(k->text);
    k->text = text;
    sha256_of(text, strlen(text), k->text_sha256);
    memcpy(k->text_vault_id, vault_id, VAULT_ID_BYTES);
    *ret_generation = k->file.generation + 1;
    memcpy(ret_sha256, k->text_sha256, SHA256_BYTES);
    return EX_OK;
}

/* Is the file on the disk still the one that the change began from? */
static ex_code check_disk(const struct vault *v, const struct vault_keyring *k,
                          struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *now = NULL;
    if (k->file.generation == 0)
        return EX_OK; /* EX_WRITE_NEW refuses to replace anything */
    if (load(v, NAME, &now, NULL) != EX_OK)
        EX_TRY(load(v, COPY, &now, err));
    if (memcmp(now->sha256, k->sha256, SHA256_BYTES) == 0)
        return EX_OK;
    if (now->file.generation > k->file.generation)
        return ex_hint(ex_fail(err, EX_BUSY, "somebody else changed the keyring meanwhile"), err,
                       "run it again");
    return ex_fail(err, EX_ALTERED, "the keyring on the disk is not the one that was opened");
}

static ex_code write_file(const struct vault *v, const char *name, const uint8_t *text,
                          size_t size_bytes, enum ex_write_mode mode, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *back = NULL;
    size_t size;
    EX_TRY(ex_write_file(v->dir_fd, name, text, size_bytes, mode, err));
    EX_TRY(ex_read_file(v->dir_fd, name, EX_LIMIT_CONFIG_BYTES, &back, &size, err));
    if (size != size_bytes || memcmp(back, text, size) != 0)
        return ex_fail(err, EX_ALTERED, "the keyring does not read back as it was written");
    return EX_OK;
}

/* The copy second: whoever finds the two different goes by the first. */
static ex_code replace(const struct vault *v, const struct vault_keyring *k, struct ex_error *err) {
    const uint8_t *text = (const uint8_t *)k->text;
    EX_TRY(write_file(v, NAME, text, strlen(k->text),
                      k->file.generation == 0 ? EX_WRITE_NEW : EX_WRITE_REPLACE, err));
    return write_file(v, COPY, text, strlen(k->text), EX_WRITE_REPLACE, err);
}

bool vault_keyring_copies_agree(const struct vault *v) {
    EX_AUTO_FREE uint8_t *first = NULL, *second = NULL;
    size_t first_bytes, second_bytes;
    return ex_read_file(v->dir_fd, NAME, EX_LIMIT_CONFIG_BYTES, &first, &first_bytes, NULL) ==
               EX_OK &&
           ex_read_file(v->dir_fd, COPY, EX_LIMIT_CONFIG_BYTES, &second, &second_bytes, NULL) ==
               EX_OK &&
           first_bytes == second_bytes && memcmp(first, second, first_bytes) == 0;
}

bool vault_keyring_copies_sound(const struct vault *v) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *first = NULL;
    EX_AUTO(vault_keyring_free) struct vault_keyring *second = NULL;
    if (vault_keyring_copies_agree(v))
        return true;
    return load(v, NAME, &first, NULL) == EX_OK && load(v, COPY, &second, NULL) == EX_OK &&
           second->file.generation + 1 == first->file.generation;
}

/* The file whose bytes are those that were opened goes over the other one. */
ex_code vault_keyring_mend(struct vault *v, const struct vault_keyring *k, struct ex_error *err) {
    const char *const names[] = {NAME, COPY};
    EX_AUTO_FD int lock = -1;
    EX_TRY(ex_lock(v->dir_fd, LOCK, true, LOCK_WAIT_MS, &lock, err));
    if (vault_keyring_copies_agree(v))
        return EX_OK;
    for (size_t i = 0; i < 2; i++) {
        EX_AUTO_FREE uint8_t *text = NULL;
        uint8_t hash[SHA256_BYTES];
        size_t size;
        if (ex_read_file(v->dir_fd, names[i], EX_LIMIT_CONFIG_BYTES, &text, &size, NULL) != EX_OK)
            continue;
        sha256_of(text, size, hash);
        if (memcmp(hash, k->sha256, sizeof hash) == 0)
            return write_file(v, names[1 - i], text, size, EX_WRITE_REPLACE, err);
    }
    return ex_fail(err, EX_BUSY, "the keyring was changed meanwhile");
}

ex_code vault_keyring_write(struct vault *v, struct vault_keyring *k, struct ex_error *err) {
    EX_AUTO_FD int lock = -1;
    uint64_t generation;
    uint8_t hash[SHA256_BYTES];
    EX_TRY(check_vault(k, &v->config, err));
    if (k->text == NULL || memcmp(k->text_vault_id, v->config.id, VAULT_ID_BYTES) != 0)
        EX_TRY(vault_keyring_seal(k, v->config.id, &generation, hash, err));
    EX_TRY(ex_lock(v->dir_fd, LOCK, true, LOCK_WAIT_MS, &lock, err));
    EX_TRY(check_disk(v, k, err));
    EX_TRY(replace(v, k, err));
    k->file.generation++;
    memcpy(k->sha256, k->text_sha256, sizeof k->sha256);
    free(k->text);
    k->text = NULL;
    return EX_OK;
}
