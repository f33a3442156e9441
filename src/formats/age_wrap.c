/* SPDX-License-Identifier: Apache-2.0 */
/* The file key for each kind of key: age.md, "The X25519 recipient type", "The scrypt recipient
 * type". */
#include "formats/age_internal.h"
#include "base/limits.h"

#include <sodium.h>

enum { X25519_SALT_BYTES = 2 * AGE_X25519_BYTES, SCRYPT_R = 8, SCRYPT_P = 1 };
static const char X25519_INFO[] = "age-encryption.org/v1/X25519";
static const char SCRYPT_LABEL[] = "age-encryption.org/v1/scrypt";
enum { SCRYPT_LABEL_BYTES = sizeof SCRYPT_LABEL - 1 };

_Static_assert((int)AEAD_TAG_BYTES == (int)crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");

/* Each key wraps one thing only, so that the nonce may be zeros. */
static const uint8_t ZERO_NONCE[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void seal_body(struct age_secrets *s, uint8_t body[static AGE_BODY_BYTES]) {
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(body, NULL, s->file_key, AGE_FILE_KEY_BYTES,
                                                    NULL, 0, NULL, ZERO_NONCE, s->key);
}

static bool open_body(struct age_secrets *s, const uint8_t body[static AGE_BODY_BYTES]) {
    return crypto_aead_chacha20poly1305_ietf_decrypt(s->file_key, NULL, NULL, body, AGE_BODY_BYTES,
                                                     NULL, 0, ZERO_NONCE, s->key) == 0;
}

/* ---- X25519 ---- */

/* s->key from s->shared. */
static ex_code x25519_key(struct age_secrets *s, const uint8_t *share, const uint8_t *recipient,
                          struct ex_error *err) {
    uint8_t salt[X25519_SALT_BYTES];
    memcpy(salt, share, AGE_X25519_BYTES);
    memcpy(salt + AGE_X25519_BYTES, recipient, AGE_X25519_BYTES);
    return hkdf_sha256(s->shared, sizeof s->shared, salt, sizeof salt, X25519_INFO, s->key,
                       sizeof s->key, err);
}

ex_code age_wrap_x25519(struct age_secrets *s, const struct age_recipient *r,
                        struct age_stanza *ret, struct ex_error *err) {
    ret->kind = AGE_STANZA_X25519;
    randombytes_buf(s->ephemeral, sizeof s->ephemeral);
    (void)crypto_scalarmult_base(ret->share, s->ephemeral);
    if (crypto_scalarmult(s->shared, s->ephemeral, r->x25519) != 0)
        return ex_fail(err, EX_FORMAT, "no secret key can belong to a recipient");
    EX_TRY(x25519_key(s, ret->share, r->x25519, err));
    seal_body(s, ret->body);
    return EX_OK;
}

static ex_code try_identity(struct age_secrets *s, const struct age_stanza *st,
                            const struct age_identity *id, bool *ret_opened, struct ex_error *err) {
    /* libsodium refuses a product of zeros, which the specification wants refused. */
    if (crypto_scalarmult(s->shared, id->secret, st->share) != 0)
        return ex_fail(err, EX_FORMAT, "an X25519 share in the header is of small order");
    EX_TRY(x25519_key(s, st->share, id->public_key, err));
    *ret_opened = open_body(s, st->body);
    return EX_OK;
}

static ex_code try_identities(struct age_secrets *s, const struct age_stanza *st,
                              const struct age_identities *ids, bool *ret_opened,
                              struct ex_error *err) {
    size_t count = ids != NULL ? age_identities_count(ids) : 0;
    for (size_t i = 0; i < count && !*ret_opened; i++)
        EX_TRY(try_identity(s, st, age_identities_at(ids, i), ret_opened, err));
    return EX_OK;
}

/* ---- scrypt ---- */

static ex_code scrypt_key(struct age_secrets *s, const uint8_t *salt, unsigned work_factor,
                          const char *passphrase, size_t passphrase_bytes, struct ex_error *err) {
    uint8_t label[SCRYPT_LABEL_BYTES + AGE_SALT_BYTES];
    if (passphrase_bytes > EX_LIMIT_PASSPHRASE_BYTES)
        return ex_fail(err, EX_LIMIT, "the passphrase is longer than %zu bytes",
                       EX_LIMIT_PASSPHRASE_BYTES);
    memcpy(label, SCRYPT_LABEL, SCRYPT_LABEL_BYTES);
    memcpy(label + SCRYPT_LABEL_BYTES, salt, AGE_SALT_BYTES);
    if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)passphrase, passphrase_bytes, label,
                                              sizeof label, (uint64_t)1 << work_factor, SCRYPT_R,
                                              SCRYPT_P, s->key, sizeof s->key) != 0)
        return ex_fail(err, EX_NOMEM, "no memory to check a passphrase (%llu KiB)",
                       1ULL << work_factor);
    return EX_OK;
}

ex_code age_wrap_scrypt(struct age_secrets *s, const char *passphrase, size_t passphrase_bytes,
                        unsigned work_factor, struct age_stanza *ret, struct ex_error *err) {
    if (work_factor > AGE_WORK_FACTOR_MAX)
        return ex_fail(err, EX_LIMIT, "a work factor of %u is over the limit of %d", work_factor,
                       AGE_WORK_FACTOR_MAX);
    ret->kind = AGE_STANZA_SCRYPT;
    ret->work_factor = work_factor;
    randombytes_buf(ret->salt, sizeof ret->salt);
    EX_TRY(scrypt_key(s, ret->salt, work_factor, passphrase, passphrase_bytes, err));
    seal_body(s, ret->body);
    return EX_OK;
}

static ex_code try_passphrase(struct age_secrets *s, const struct age_stanza *st,
                              const struct age_keys *keys, bool *ret_opened, struct ex_error *err) {
    unsigned max = keys->work_factor_max;
    if (max == 0 || max > AGE_WORK_FACTOR_MAX)
        max = AGE_WORK_FACTOR_MAX;
    if (st->work_factor > max)
        return ex_hint(ex_fail(err, EX_LIMIT,
                               "checking the passphrase would take 2^%u steps of 1 KiB memory; the "
                               "limit is 2^%u",
                               st->work_factor, max),
                       err, "ask the sender for a file with a smaller work factor");
    EX_TRY(scrypt_key(s, st->salt, st->work_factor, keys->passphrase, keys->passphrase_bytes, err));
    *ret_opened = open_body(s, st->body);
    return EX_OK;
}

/* ---- any ---- */

/* Why nothing opened it, as far as one can know. */
static ex_code refuse(const struct age_stanza *stanzas, const struct age_keys *keys,
                      struct ex_error *err) {
    bool locked = stanzas[0].kind == AGE_STANZA_SCRYPT; /* then it is the only one */
    if (locked && keys->passphrase == NULL)
        return ex_hint(
            ex_fail(err, EX_DENIED, "this age file opens with a passphrase, and none was given"),
            err, "give the passphrase that it was encrypted with");
    if (locked)
        return ex_fail(err, EX_DENIED, "the passphrase is wrong, or the age file was changed");
    return ex_hint(ex_fail(err, EX_DENIED, "no key that was given opens this age file"), err,
                   "it was encrypted to other recipients, or its header was changed");
}

ex_code age_unwrap(struct age_secrets *s, const struct age_stanza *stanzas, size_t count,
                   const struct age_keys *keys, struct ex_error *err) {
    bool opened = false;
    for (size_t i = 0; i < count && !opened; i++) {
        if (stanzas[i].kind == AGE_STANZA_X25519)
            EX_TRY(try_identities(s, &stanzas[i], keys->identities, &opened, err));
        if (stanzas[i].kind == AGE_STANZA_SCRYPT && keys->passphrase != NULL)
            EX_TRY(try_passphrase(s, &stanzas[i], keys, &opened, err));
    }
    return opened ? EX_OK : refuse(stanzas, keys, err);
}
