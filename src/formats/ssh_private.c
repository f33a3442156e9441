/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSH's PROTOCOL.key, without encryption. What it costs to open an encrypted one (bcrypt-pbkdf
 * and six ciphers) buys nothing: the agent does that, and never gives the key away. */
#include "crypto/secret.h"
#include "crypto/seal.h"
#include "formats/ssh_internal.h"
#include "formats/ssh_key.h"

#include <sodium.h>

enum { PADDING_BLOCK_BYTES = 8, SECRET_BYTES = SIGN_SEED_BYTES + SIGN_PUBLIC_BYTES };

static const char BEGIN[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char END[] = "-----END OPENSSH PRIVATE KEY-----";
static const char MAGIC[] = "openssh-key-v1"; /* its NUL is part of it */
static const char WHAT[] = "the private key file";
static const char ADD_HINT[] = "add it to the agent: ssh-add FILE";

static ex_code refuse(struct ex_error *err, const char *why) {
    return ex_hint(ex_fail(err, EX_UNSUPPORTED, "this private key file %s", why), err, "%s",
                   ADD_HINT);
}

/* PROTOCOL.key §1: up to the list of private keys. */
static ex_code take_head(struct ex_cursor *c, struct ssh_key *ret_public, struct ex_error *err) {
    const uint8_t *magic = ex_cursor_bytes(c, sizeof MAGIC);
    if (magic == NULL || memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return refuse(err, "is of another version");
    struct ssh_bytes cipher = ssh_take_string(c), kdf = ssh_take_string(c);
    struct ssh_bytes options = ssh_take_string(c);
    uint32_t count = ex_cursor_be32(c);
    struct ssh_bytes public_blob = ssh_take_string(c);
    EX_TRY(ex_cursor_check(c, WHAT, err));
    if (!ssh_bytes_are(cipher, "none") || !ssh_bytes_are(kdf, "none") || options.size != 0)
        return refuse(err, "is protected with a passphrase");
    if (count != 1)
        return refuse(err, "does not hold exactly one key");
    EX_TRY(ssh_key_parse_blob(public_blob.data, public_blob.size, ret_public, err));
    if (ret_public->type != SSH_KEY_ED25519)
        return refuse(err, "does not hold an Ed25519 key");
    return EX_OK;
}

static bool padding_good(struct ex_cursor *c) {
    size_t left = ex_cursor_left(c);
    for (size_t i = 1; i <= left; i++) {
        if (ex_cursor_u8(c) != i)
            return false;
    }
    return left < PADDING_BLOCK_BYTES;
}

/* PROTOCOL.key §3. */
static ex_code take_secret(struct ex_cursor c, const struct ssh_key *public_key,
                           struct sign_key **ret, struct ex_error *err) {
    EX_AUTO(sign_key_free) struct sign_key *key = NULL;
    struct ssh_key own;
    bool same = ex_cursor_be32(&c) == ex_cursor_be32(&c);
    bool named = ssh_bytes_are(ssh_take_string(&c), ssh_key_type_name(SSH_KEY_ED25519));
    struct ssh_bytes point = ssh_take_string(&c), secret = ssh_take_string(&c);
    (void)ssh_take_string(&c); /* the comment */
    EX_TRY(ex_cursor_check(&c, WHAT, err));
    if (!same || !named || point.size != SIGN_PUBLIC_BYTES || secret.size != SECRET_BYTES ||
        !padding_good(&c))
        return ex_fail(err, EX_ALTERED, "%s is damaged", WHAT);
    EX_TRY(sign_key_from_seed(secret.data, &key, err));
    ssh_key_make(sign_key_public(key), &own);
    if (!ssh_key_equal(&own, public_key) ||
        memcmp(point.data, sign_key_public(key), SIGN_PUBLIC_BYTES) != 0 ||
        memcmp(secret.data + SIGN_SEED_BYTES, sign_key_public(key), SIGN_PUBLIC_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the secret key in the file is not that of its public key");
    *ret = ex_steal(&key);
    return EX_OK;
}

ex_code ssh_key_read_private(const char *text, size_t size_bytes, struct sign_key **ret,
                             struct ex_error *err) {
    SEAL_AUTO_SECRET char *scratch = NULL;
    SEAL_AUTO_SECRET uint8_t *raw = NULL;
    struct ssh_key public_key;
    size_t raw_bytes;
    if (size_bytes > SSH_KEY_FILE_MAX)
        return ex_fail(err, EX_LIMIT, "%s is larger than %d bytes", WHAT, SSH_KEY_FILE_MAX);
    if (size_bytes < sizeof BEGIN || memcmp(text, BEGIN, sizeof BEGIN - 1) != 0)
        return refuse(err, "is not one of OpenSSH's own format");
    EX_TRY(secret_alloc(size_bytes, WHAT, &scratch, err));
    EX_TRY(secret_alloc(size_bytes, WHAT, &raw, err));
    EX_TRY(ssh_dearmor(text, size_bytes, BEGIN, END, WHAT, scratch, raw, &raw_bytes, err));
    struct ex_cursor c = ex_cursor_make(raw, raw_bytes);
    EX_TRY(take_head(&c, &public_key, err));
    struct ssh_bytes list = ssh_take_string(&c);
    EX_TRY(ex_cursor_end(&c, WHAT, err));
    if (list.size % PADDING_BLOCK_BYTES != 0)
        return ex_fail(err, EX_ALTERED, "%s is damaged", WHAT);
    return take_secret(ex_cursor_make(list.data, list.size), &public_key, ret, err);
}
