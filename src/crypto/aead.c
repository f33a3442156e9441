/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum { AEAD_SIZE_MAX = 1 << 30 };

struct aead {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *context;
};

static ex_code new_of(const char *cipher, struct aead **ret, struct ex_error *err) {
    EX_AUTO(aead_free) struct aead *a = ex_new0(struct aead);
    a->cipher = EVP_CIPHER_fetch(NULL, cipher, NULL);
    a->context = EVP_CIPHER_CTX_new();
    if (a->cipher == NULL || a->context == NULL ||
        EVP_CipherInit_ex2(a->context, a->cipher, NULL, NULL, 1, NULL) != 1)
        return ex_fail(err, EX_NOMEM, "no memory for encryption");
    *ret = ex_steal(&a);
    return EX_OK;
}

ex_code aead_new(struct aead **ret, struct ex_error *err) {
    return new_of("AES-256-GCM", ret, err);
}

ex_code aead_new_chacha(struct aead **ret, struct ex_error *err) {
    return new_of("ChaCha20-Poly1305", ret, err);
}

void aead_free(struct aead *a) {
    if (a == NULL)
        return;
    EVP_CIPHER_CTX_free(a->context);
    EVP_CIPHER_free(a->cipher);
    free(a);
}

ex_code aead_set_key(struct aead *a, const uint8_t key[static AEAD_KEY_BYTES],
                     struct ex_error *err) {
    if (EVP_CipherInit_ex2(a->context, NULL, key, NULL, -1, NULL) != 1)
        return ex_fail(err, EX_INTERNAL, "could not set a key");
    return EX_OK;
}

/* Nonce, direction, and what is only authenticated. */
static bool begin(struct aead *a, const uint8_t *nonce, const struct aead_ad *ad, int sealing) {
    int size;
    return EVP_CipherInit_ex2(a->context, NULL, NULL, nonce, sealing, NULL) == 1 &&
           (ad->first_bytes == 0 ||
            EVP_CipherUpdate(a->context, NULL, &size, ad->first, (int)ad->first_bytes) == 1) &&
           (ad->second_bytes == 0 ||
            EVP_CipherUpdate(a->context, NULL, &size, ad->second, (int)ad->second_bytes) == 1);
}

static ex_code too_large(size_t size_bytes, struct ex_error *err) {
    return ex_fail(err, EX_LIMIT, "%zu bytes are too many to encrypt at once", size_bytes);
}

ex_code aead_seal(struct aead *a, const uint8_t nonce[static AEAD_NONCE_BYTES],
                  const struct aead_ad *ad, const uint8_t *from, size_t size_bytes, uint8_t *to,
                  uint8_t ret_tag[static AEAD_TAG_BYTES], struct ex_error *err) {
    int size;
    uint8_t nothing[16];
    if (size_bytes > AEAD_SIZE_MAX)
        return too_large(size_bytes, err);
    if (!begin(a, nonce, ad, 1) ||
        (size_bytes > 0 && EVP_CipherUpdate(a->context, to, &size, from, (int)size_bytes) != 1) ||
        EVP_CipherFinal_ex(a->context, nothing, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(a->context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, ret_tag) != 1)
        return ex_fail(err, EX_INTERNAL, "could not encrypt");
    return EX_OK;
}

ex_code aead_open(struct aead *a, const uint8_t nonce[static AEAD_NONCE_BYTES],
                  const struct aead_ad *ad, const uint8_t *from, size_t size_bytes,
                  const uint8_t tag[static AEAD_TAG_BYTES], uint8_t *to, struct ex_error *err) {
    int size;
    uint8_t nothing[16], its[AEAD_TAG_BYTES];
    if (size_bytes > AEAD_SIZE_MAX)
        return too_large(size_bytes, err);
    memcpy(its, tag, sizeof its);
    if (!begin(a, nonce, ad, 0) ||
        (size_bytes > 0 && EVP_CipherUpdate(a->context, to, &size, from, (int)size_bytes) != 1) ||
        EVP_CIPHER_CTX_ctrl(a->context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, its) != 1)
        return ex_fail(err, EX_INTERNAL, "could not decrypt");
    if (EVP_CipherFinal_ex(a->context, nothing, &size) == 1)
        return EX_OK;
    if (size_bytes > 0)
        memset(to, 0, size_bytes);
    return ex_fail(err, EX_ALTERED, "the encrypted bytes are damaged, or of another key");
}

ex_code hkdf_sha256(const uint8_t *key, size_t key_bytes, const uint8_t *salt, size_t salt_bytes,
                    const char *info, uint8_t *ret, size_t ret_bytes, struct ex_error *err) {
    char digest[] = "SHA256";
    uint8_t none = 0; /* OpenSSL refuses an octet string without an address, even of no bytes */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_bytes),
        OSSL_PARAM_construct_octet_string(
            OSSL_KDF_PARAM_SALT, salt_bytes > 0 ? (void *)(uintptr_t)salt : &none, salt_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = context != NULL && EVP_KDF_derive(context, ret, ret_bytes, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done ? EX_OK : ex_fail(err, EX_INTERNAL, "could not derive a key");
}
