/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring, unlocked: what it holds, its slots, and how they change. Format/vault §7.2. */
#include "vault/keyring_internal.h"

#include <sodium.h>

void vault_keyring_free(struct vault_keyring *k) {
    if (k == NULL)
        return;
    sign_key_free(k->sign);
    seal_secret_free(k->box_secret);
    epochs_free(k->epochs);
    keyring_file_clear(&k->file);
    free(k->text);
    free(k);
}

ex_code keyring_secret(size_t size_bytes, uint8_t **ret, struct ex_error *err) {
    *ret = sodium_init() < 0 ? NULL : sodium_malloc(size_bytes);
    return *ret != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no locked memory for a key");
}

ex_code vault_keyring_new(bool encrypted, struct vault_keyring **ret, struct ex_error *err) {
    EX_AUTO(vault_keyring_free) struct vault_keyring *k = ex_new0(struct vault_keyring);
    EX_TRY(sign_key_generate(&k->sign, err));
    EX_TRY(keyring_secret(SEAL_BOX_SECRET_BYTES, &k->box_secret, err));
    randombytes_buf(k->box_secret, SEAL_BOX_SECRET_BYTES);
    if (encrypted) {
        EX_TRY(epochs_new(&k->epochs, err));
        EX_TRY(epochs_add_random(k->epochs, err));
    }
    *ret = ex_steal(&k);
    return EX_OK;
}

/* ---- looking ---- */

const struct sign_key *vault_keyring_sign_key(const struct vault_keyring *k) {
    return k->sign;
}

const uint8_t *vault_keyring_box_secret(const struct vault_keyring *k) {
    return k->box_secret;
}

void vault_keyring_box(const struct vault_keyring *k, uint8_t ret[static VAULT_BOX_BYTES]) {
    seal_box_public(k->box_secret, ret);
}

uint64_t vault_keyring_epochs(const struct vault_keyring *k) {
    return epochs_newest(k->epochs);
}

uint64_t vault_keyring_generation(const struct vault_keyring *k) {
    return k->file.generation;
}

void vault_keyring_sha256(const struct vault_keyring *k, uint8_t ret[static SHA256_BYTES]) {
    memcpy(ret, k->sha256, SHA256_BYTES);
}

size_t vault_keyring_slot_count(const struct vault_keyring *k) {
    return k->file.slot_count;
}

void vault_keyring_slot(const struct vault_keyring *k, size_t index, struct vault_slot *ret) {
    const struct keyring_slot *s = &k->file.slot[index];
    *ret = (struct vault_slot){.kind = keyring_slot_kind(s)};
    memcpy(ret->id, s->id, sizeof ret->id);
    memcpy(ret->officer, s->officer, sizeof ret->officer);
    memcpy(ret->box, s->box, sizeof ret->box);
}

const uint8_t *vault_keyring_opened_by(const struct vault_keyring *k) {
    return k->opened ? k->opened_by : NULL;
}

ex_code vault_keyring_unlock(struct vault *v, const struct vault_keyring *k, struct ex_error *err) {
    EX_AUTO(epochs_free) struct epochs *copy = NULL;
    if (k->epochs == NULL)
        return EX_OK;
    EX_TRY(epochs_new(&copy, err));
    for (uint64_t n = 1; n <= epochs_newest(k->epochs); n++)
        EX_TRY(epochs_add(copy, n, epochs_key(k->epochs, n), err));
    vault_set_epochs(v, ex_steal(&copy));
    return EX_OK;
}

ex_code vault_derive_key(const struct vault *v, const char *info, uint8_t ret[static 32],
                         struct ex_error *err) {
    if (v->config.plain)
        return ex_fail(err, EX_UNSUPPORTED, "a plain vault has no keys to encrypt with");
    return epochs_derive(v->epochs, epochs_newest(v->epochs), v->config.id, sizeof v->config.id,
                         info, ret, err);
}

/* ---- changing ---- */

/* What was sealed for the disk is no longer what this keyring is. */
static void forget_sealed(struct vault_keyring *k) {
    free(k->text);
    k->text = NULL;
}

ex_code keyring_check_known(const struct vault_keyring *k, struct ex_error *err) {
    for (size_t i = 0; i < k->file.slot_count; i++)
        if (keyring_slot_kind(&k->file.slot[i]) == VAULT_SLOT_UNKNOWN)
            return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                                   "the keyring has a slot of the unknown kind \"%s\"",
                                   k->file.slot[i].kind),
                           err, "a newer exhibit made it, and can change it");
    return EX_OK;
}

static ex_code add_slot(struct vault_keyring *k, enum vault_slot_kind kind,
                        const uint8_t box[static VAULT_BOX_BYTES], struct keyring_slot **ret,
                        struct ex_error *err) {
    static const uint8_t trial[KEYRING_KEY_BYTES];
    struct keyring_slot s = {0};
    EX_TRY(keyring_check_known(k, err));
    if (k->file.slot_count == VAULT_SLOTS_MAX)
        return ex_fail(err, EX_LIMIT, "the keyring has %d slots, and cannot have more",
                       VAULT_SLOTS_MAX);
    for (size_t i = 0; i < k->file.slot_count; i++)
        if (memcmp(k->file.slot[i].box, box, VAULT_BOX_BYTES) == 0)
            return ex_fail(err, EX_EXISTS, "the keyring has a slot for that key already");
    EX_TRY(seal_box(box, trial, sizeof trial, s.sealed, err)); /* or nothing could be written */
    randombytes_buf(s.id, sizeof s.id);
    memcpy(s.kind, vault_slot_kind_word(kind), strlen(vault_slot_kind_word(kind)));
    memcpy(s.box, box, sizeof s.box);
    forget_sealed(k);
    *ret = &k->file.slot[k->file.slot_count++];
    **ret = s;
    return EX_OK;
}

static void give_id(const struct keyring_slot *s, uint8_t *ret_id) {
    if (ret_id != NULL)
        memcpy(ret_id, s->id, sizeof s->id);
}

ex_code vault_keyring_add_officer(struct vault_keyring *k,
                                  const uint8_t officer[static VAULT_ID_BYTES],
                                  const uint8_t box[static VAULT_BOX_BYTES], uint8_t *ret_id,
                                  struct ex_error *err) {
    struct keyring_slot *s;
    for (size_t i = 0; i < k->file.slot_count; i++)
        if (keyring_slot_kind(&k->file.slot[i]) == VAULT_SLOT_OFFICER &&
            memcmp(k->file.slot[i].officer, officer, VAULT_ID_BYTES) == 0)
            return ex_fail(err, EX_EXISTS, "the keyring has a slot for that officer already");
    EX_TRY(add_slot(k, VAULT_SLOT_OFFICER, box, &s, err));
    memcpy(s->officer, officer, sizeof s->officer);
    give_id(s, ret_id);
    return EX_OK;
}

ex_code vault_keyring_add_recipient(struct vault_keyring *k,
                                    const uint8_t box[static VAULT_BOX_BYTES], uint8_t *ret_id,
                                    struct ex_error *err) {
    struct keyring_slot *s;
    EX_TRY(add_slot(k, VAULT_SLOT_RECIPIENT, box, &s, err));
    give_id(s, ret_id);
    return EX_OK;
}

ex_code vault_keyring_add_passphrase(struct vault_keyring *k, unsigned kdf_memory_mib,
                                     const char *passphrase, size_t passphrase_bytes,
                                     uint8_t *ret_id, struct ex_error *err) {
    struct seal_kdf kdf = {.memory_mib = kdf_memory_mib, .passes = KEYS_KDF_PASSES};
    SEAL_AUTO_SECRET uint8_t *secret = NULL;
    uint8_t box[VAULT_BOX_BYTES];
    struct keyring_slot *s;
    if (sodium_init() < 0)
        return ex_fail(err, EX_INTERNAL, "libsodium could not start");
    randombytes_buf(kdf.salt, sizeof kdf.salt);
    EX_TRY(seal_derive(&kdf, passphrase, passphrase_bytes, &secret, err));
    seal_box_public(secret, box);
    EX_TRY(add_slot(k, VAULT_SLOT_PASSPHRASE, box, &s, err));
    s->kdf = kdf;
    give_id(s, ret_id);
    return EX_OK;
}

ex_code vault_keyring_rotate(struct vault_keyring *k, struct ex_error *err) {
    EX_TRY(keyring_check_known(k, err));
    if (k->epochs != NULL)
        EX_TRY(epochs_add_random(k->epochs, err));
    forget_sealed(k);
    return EX_OK;
}

ex_code vault_keyring_remove_slot(struct vault_keyring *k,
                                  const uint8_t id[static VAULT_SLOT_ID_BYTES],
                                  struct ex_error *err) {
    struct keyring_file *f = &k->file;
    size_t i = 0;
    while (i < f->slot_count && memcmp(f->slot[i].id, id, VAULT_SLOT_ID_BYTES) != 0)
        i++;
    if (i == f->slot_count)
        return ex_fail(err, EX_NOT_FOUND, "the keyring has no such slot");
    if (f->slot_count == 1)
        return ex_hint(ex_fail(err, EX_DENIED, "the last slot of the keyring cannot be removed"),
                       err, "nobody could open the vault any more; add another one first");
    EX_TRY(vault_keyring_rotate(k, err));
    memmove(&f->slot[i], &f->slot[i + 1], (--f->slot_count - i) * sizeof f->slot[0]);
    return EX_OK;
}
