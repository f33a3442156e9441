/* SPDX-License-Identifier: Apache-2.0 */
/* One SSH signature of one message, by type of key. Ed25519 by the rule of crypto/sign.h, ECDSA and
 * RSA by OpenSSL. */
#include "crypto/sha256.h"
#include "crypto/sign.h"
#include "formats/ssh_internal.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

enum {
    P256_BYTES = 32,
    DER_MAX = 2 * (P256_BYTES + 3) + 2 + 8,
    FLAG_USER_PRESENT = 0x01,
    FLAG_USER_VERIFIED = 0x04,
    TOKEN_MESSAGE_BYTES = SHA256_BYTES + 1 + 4 + SHA256_BYTES
};

static ex_code wrong(struct ex_error *err) {
    return ex_fail(err, EX_SIGNATURE, "the signature is not one of these bytes by this key");
}

static ex_code damaged(struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "the inner part of an SSH signature is damaged");
}

/* ---- OpenSSL ---- */

static EVP_PKEY *pkey_make(const char *kind, OSSL_PARAM_BLD *build) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

/* NULL: not a key, or no memory. */
static EVP_PKEY *pkey_p256(struct ssh_bytes point) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size) ==
            1)
        key = pkey_make("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *pkey_rsa(const struct ssh_parts *parts) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(parts->n.data, (int)parts->n.size, NULL);
    BIGNUM *e = BN_bin2bn(parts->e.data, (int)parts->e.size, NULL);
    if (build != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = pkey_make("RSA", build);
    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* Takes `key`, which may be NULL. */
static ex_code evp_check(EVP_PKEY *key, const char *hash, struct ssh_bytes signature,
                         struct ssh_bytes message, struct ex_error *err) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool able = key != NULL && context != NULL &&
                EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL, key, NULL) == 1;
    bool good = able && EVP_DigestVerify(context, signature.data, signature.size, message.data,
                                         message.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* a wrong signature leaves its reasons there */
    if (!able)
        return ex_fail(err, EX_FORMAT, "an SSH key is not one that signatures can be checked with");
    return good ? EX_OK : wrong(err);
}

/* ---- by type ---- */

static ex_code check_ed25519(const struct ssh_parts *parts, struct ssh_bytes signature,
                             struct ssh_bytes message, struct ex_error *err) {
    if (signature.size != SIGNATURE_BYTES)
        return damaged(err);
    return sign_verify(parts->point.data, message.data, message.size, signature.data) ? EX_OK
                                                                                      : wrong(err);
}

/* DER of an INTEGER from an mpint: the two have the same rule for a leading zero. */
static void der_integer(struct ssh_out *out, struct ssh_bytes n) {
    bool zero_first = n.data[0] >= 0x80;
    ssh_put_u8(out, 0x02);
    ssh_put_u8(out, (uint8_t)(n.size + zero_first));
    if (zero_first)
        ssh_put_u8(out, 0);
    ssh_put(out, n.data, n.size);
}

/* RFC 5656 §3.1.2: two mpints, as OpenSSL wants them. */
static ex_code check_ecdsa(const struct ssh_parts *parts, struct ssh_bytes signature,
                           struct ssh_bytes message, struct ex_error *err) {
    uint8_t body[DER_MAX], der[DER_MAX];
    struct ssh_out inner = {.to = body, .room = sizeof body};
    struct ssh_out outer = {.to = der, .room = sizeof der};
    struct ex_cursor c = ex_cursor_make(signature.data, signature.size);
    struct ssh_bytes r = ssh_take_mpint(&c), s = ssh_take_mpint(&c);
    if (ex_cursor_end(&c, "a signature", NULL) != EX_OK || r.size > P256_BYTES ||
        s.size > P256_BYTES)
        return damaged(err);
    der_integer(&inner, r);
    der_integer(&inner, s);
    ssh_put_u8(&outer, 0x30);
    ssh_put_u8(&outer, (uint8_t)inner.used);
    ssh_put(&outer, body, inner.used);
    return evp_check(pkey_p256(parts->point), "SHA256",
                     (struct ssh_bytes){.data = der, .size = outer.used}, message, err);
}

/* RFC 8332 §3. Some agents leave out leading zeros, as OpenSSH allows. */
static ex_code check_rsa(const struct ssh_parts *parts, const char *hash,
                         struct ssh_bytes signature, struct ssh_bytes message,
                         struct ex_error *err) {
    uint8_t padded[SSH_KEY_RSA_BITS_MAX / 8] = {0};
    size_t size = parts->n.size;
    if (signature.size == 0 || signature.size > size)
        return damaged(err);
    memcpy(padded + size - signature.size, signature.data, signature.size);
    return evp_check(pkey_rsa(parts), hash, (struct ssh_bytes){.data = padded, .size = size},
                     message, err);
}

/* ---- the blob ---- */

/* PROTOCOL.u2f: what a token signs instead of the message. */
static ex_code token_message(const struct ssh_parts *parts, struct ex_cursor *c,
                             struct ssh_bytes message, uint8_t to[static TOKEN_MESSAGE_BYTES],
                             struct sshsig_token *ret, struct ex_error *err) {
    struct ssh_out out = {.to = to, .room = TOKEN_MESSAGE_BYTES};
    uint8_t hash[SHA256_BYTES], flags = ex_cursor_u8(c);
    uint32_t counter = ex_cursor_be32(c);
    if (ex_cursor_end(c, "a signature", NULL) != EX_OK)
        return damaged(err);
    if ((flags & FLAG_USER_PRESENT) == 0)
        return ex_hint(ex_fail(err, EX_SIGNATURE, "nobody touched the token that signed this"), err,
                       "ask for a signature by a key that was not made with no-touch-required");
    sha256_of(parts->application.data, parts->application.size, hash);
    ssh_put(&out, hash, sizeof hash);
    ssh_put_u8(&out, flags);
    ssh_put_u32(&out, counter);
    sha256_of(message.data, message.size, hash);
    ssh_put(&out, hash, sizeof hash);
    *ret = (struct sshsig_token){
        .used = true, .user_verified = (flags & FLAG_USER_VERIFIED) != 0, .counter = counter};
    return EX_OK;
}

static ex_code refuse_kind(enum ssh_key_type type, struct ssh_bytes kind, struct ex_error *err) {
    char text[SSH_NAME_BYTES];
    if (type == SSH_KEY_RSA && ssh_bytes_are(kind, "ssh-rsa"))
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "the signature is over SHA-1"), err,
                       "ask for one with rsa-sha2-512, which every OpenSSH since 7.2 makes");
    return ex_fail(err, EX_UNSUPPORTED,
                   "signatures of the kind \"%s\" by a key %s are not supported",
                   ssh_name(kind, text), ssh_key_type_name(type));
}

static bool kind_fits(enum ssh_key_type type, struct ssh_bytes kind) {
    if (type == SSH_KEY_RSA)
        return ssh_bytes_are(kind, "rsa-sha2-512") || ssh_bytes_are(kind, "rsa-sha2-256");
    return ssh_bytes_are(kind, ssh_key_type_name(type));
}

ex_code ssh_signature_check(const struct ssh_key *key, struct ssh_bytes signature,
                            struct ssh_bytes message, struct sshsig_token *ret,
                            struct ex_error *err) {
    uint8_t by_token[TOKEN_MESSAGE_BYTES];
    struct ssh_parts parts;
    struct sshsig_token token = {0};
    struct ex_cursor c = ex_cursor_make(signature.data, signature.size);
    struct ssh_bytes kind = ssh_take_string(&c), inner = ssh_take_string(&c);
    if (ex_cursor_check(&c, "a signature", NULL) != EX_OK)
        return damaged(err);
    if (!kind_fits(key->type, kind))
        return refuse_kind(key->type, kind, err);
    ssh_key_parts(key, &parts);
    if (key->type == SSH_KEY_SK_ED25519 || key->type == SSH_KEY_SK_ECDSA_P256) {
        EX_TRY(token_message(&parts, &c, message, by_token, &token, err));
        message = (struct ssh_bytes){.data = by_token, .size = sizeof by_token};
    } else if (ex_cursor_left(&c) > 0) {
        return damaged(err);
    }
    if (key->type == SSH_KEY_RSA)
        EX_TRY(check_rsa(&parts, ssh_bytes_are(kind, "rsa-sha2-512") ? "SHA512" : "SHA256", inner,
                         message, err));
    else if (key->type == SSH_KEY_ECDSA_P256 || key->type == SSH_KEY_SK_ECDSA_P256)
        EX_TRY(check_ecdsa(&parts, inner, message, err));
    else
        EX_TRY(check_ed25519(&parts, inner, message, err));
    *ret = token;
    return EX_OK;
}
