/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/epochs_internal.h"

#include <sodium.h>
#include <string.h>

struct epochs {
    size_t count, capacity;
    uint8_t (*key)[EPOCH_KEY_BYTES]; /* locked memory; [i] is that of epoch i + 1 */
};

enum { EPOCHS_FIRST_CAPACITY = 16 };

static ex_code grow(struct epochs *e, struct ex_error *err) {
    size_t capacity = e->capacity > 0 ? e->capacity * 2 : EPOCHS_FIRST_CAPACITY;
    if (e->count < e->capacity)
        return EX_OK;
    if (capacity > EPOCHS_MAX)
        return ex_fail(err, EX_LIMIT, "there are more than %d epoch keys", EPOCHS_MAX);
    uint8_t(*key)[EPOCH_KEY_BYTES] =
        sodium_init() < 0 ? NULL : sodium_allocarray(capacity, EPOCH_KEY_BYTES);
    if (key == NULL)
        return ex_fail(err, EX_NOMEM, "no locked memory for keys");
    if (e->count > 0)
        memcpy(key, e->key, e->count * EPOCH_KEY_BYTES);
    sodium_free(e->key);
    e->key = key;
    e->capacity = capacity;
    return EX_OK;
}

ex_code epochs_new(struct epochs **ret, struct ex_error *err) {
    EX_AUTO(epochs_free) struct epochs *e = ex_new0(struct epochs);
    EX_TRY(grow(e, err));
    *ret = ex_steal(&e);
    return EX_OK;
}

void epochs_free(struct epochs *e) {
    if (e == NULL)
        return;
    sodium_free(e->key); /* wipes */
    free(e);
}

ex_code epochs_add(struct epochs *e, uint64_t number, const uint8_t key[static EPOCH_KEY_BYTES],
                   struct ex_error *err) {
    if (number != e->count + 1)
        return ex_fail(err, EX_FORMAT, "the epoch keys are not in order");
    EX_TRY(grow(e, err));
    memcpy(e->key[e->count++], key, EPOCH_KEY_BYTES);
    return EX_OK;
}

ex_code epochs_add_random(struct epochs *e, struct ex_error *err) {
    EX_TRY(grow(e, err));
    randombytes_buf(e->key[e->count++], EPOCH_KEY_BYTES);
    return EX_OK;
}

size_t epochs_count(const struct epochs *e) {
    return e != NULL ? e->count : 0;
}

uint64_t epochs_newest(const struct epochs *e) {
    return epochs_count(e);
}

const uint8_t *epochs_key(const struct epochs *e, uint64_t number) {
    return number > 0 && number <= epochs_count(e) ? e->key[number - 1] : NULL;
}

ex_code epochs_derive(const struct epochs *e, uint64_t number, const uint8_t *salt,
                      size_t salt_bytes, const char *info, uint8_t ret[static AEAD_KEY_BYTES],
                      struct ex_error *err) {
    if (e == NULL)
        return ex_hint(ex_fail(err, EX_DENIED, "the vault is locked"), err,
                       "it takes an officer's passphrase to read what is in it");
    const uint8_t *key = epochs_key(e, number);
    if (key == NULL)
        return ex_fail(err, EX_MISSING, "the keyring has no key of epoch %llu",
                       (unsigned long long)number);
    return hkdf_sha256(key, EPOCH_KEY_BYTES, salt, salt_bytes, info, ret,
                       AEAD_KEY_BYTES, err);
}
