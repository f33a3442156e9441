/* SPDX-License-Identifier: Apache-2.0 */
/* PROTOCOL.sshsig. */
#include "formats/sshsig.h"
#include "formats/ssh_internal.h"

#include <sodium.h>

enum {
    VERSION = 1,
    MAGIC_BYTES = 6,
    ARMOR_COLUMNS = 70, /* as ssh-keygen writes it */
    SIGNED_DATA_MAX = 512,
    BLOB_MAX = SSH_KEY_BLOB_MAX + SSHSIG_SIGNATURE_MAX + 512
};

static const char BEGIN[] = "-----BEGIN SSH SIGNATURE-----";
static const char END[] = "-----END SSH SIGNATURE-----";
static const char MAGIC[] = "SSHSIG"; /* without its NUL */
static const char WHAT[] = "the SSH signature";

/* ---- the hash ---- */

void sshsig_hash_start(struct sshsig_hash *h, unsigned wanted) {
    h->wanted = wanted;
    sha256_start(&h->sha256);
    sha512_init(&h->sha512);
}

void sshsig_hash_add(struct sshsig_hash *h, const void *data, size_t size_bytes) {
    if (size_bytes == 0)
        return;
    if (h->wanted & SSHSIG_SHA256)
        sha256_add(&h->sha256, data, size_bytes);
    if (h->wanted & SSHSIG_SHA512)
        sha512_update(&h->sha512, size_bytes, data);
}

void sshsig_hash_end(struct sshsig_hash *h, struct sshsig_digest *ret) {
    *ret = (struct sshsig_digest){.known = h->wanted};
    if (h->wanted & SSHSIG_SHA256)
        sha256_end(&h->sha256, ret->sha256);
    if (h->wanted & SSHSIG_SHA512)
        sha512_digest(&h->sha512, sizeof ret->sha512, ret->sha512);
}

static const char *algorithm_name(enum sshsig_algorithm algorithm) {
    return algorithm == SSHSIG_SHA256 ? "sha256" : "sha512";
}

/* ---- reading ---- */

static bool namespace_good(struct ssh_bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7F)
            return false;
    }
    return name.size > 0 && name.size <= SSHSIG_NAMESPACE_MAX;
}

static ex_code take_algorithm(struct ssh_bytes name, enum sshsig_algorithm *ret,
                              struct ex_error *err) {
    char text[SSH_NAME_BYTES];
    if (!ssh_bytes_are(name, "sha256") && !ssh_bytes_are(name, "sha512"))
        return ex_fail(err, EX_UNSUPPORTED, "%s is over a hash of an unknown kind, \"%s\"", WHAT,
                       ssh_name(name, text));
    *ret = ssh_bytes_are(name, "sha256") ? SSHSIG_SHA256 : SSHSIG_SHA512;
    return EX_OK;
}

/* §2, up to the version. */
static ex_code take_preamble(struct ex_cursor *c, struct ex_error *err) {
    const uint8_t *magic = ex_cursor_bytes(c, MAGIC_BYTES);
    if (magic == NULL || memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
        return ex_fail(err, EX_FORMAT, "this is not an SSH signature");
    uint32_t version = ex_cursor_be32(c);
    EX_TRY(ex_cursor_check(c, WHAT, err));
    if (version != VERSION)
        return ex_fail(err, EX_UNSUPPORTED, "%s is of version %u; only version %d is known", WHAT,
                       version, VERSION);
    return EX_OK;
}

/* §2. */
static ex_code take_blob(struct ex_cursor *c, struct sshsig *ret, struct ex_error *err) {
    EX_TRY(take_preamble(c, err));
    struct ssh_bytes key = ssh_take_string(c), name_space = ssh_take_string(c);
    struct ssh_bytes reserved = ssh_take_string(c), algorithm = ssh_take_string(c);
    struct ssh_bytes signature = ssh_take_string(c);
    EX_TRY(ex_cursor_end(c, WHAT, err));
    EX_TRY(ssh_key_parse_blob(key.data, key.size, &ret->key, err));
    EX_TRY(take_algorithm(algorithm, &ret->algorithm, err));
    if (!namespace_good(name_space))
        return ex_fail(err, EX_FORMAT, "%s has no namespace, or one that is not a plain word",
                       WHAT);
    if (reserved.size != 0)
        return ex_fail(err, EX_UNSUPPORTED, "%s has a reserved field that we do not know", WHAT);
    if (signature.size == 0 || signature.size > SSHSIG_SIGNATURE_MAX)
        return ex_fail(err, EX_LIMIT, "%s is empty, or larger than %d bytes", WHAT,
                       SSHSIG_SIGNATURE_MAX);
    memcpy(ret->name_space, name_space.data, name_space.size);
    memcpy(ret->signature, signature.data, signature.size);
    ret->signature_bytes = signature.size;
    return EX_OK;
}

ex_code sshsig_parse(const char *text, size_t size_bytes, struct sshsig *ret,
                     struct ex_error *err) {
    EX_AUTO_FREE char *scratch = NULL;
    EX_AUTO_FREE uint8_t *blob = NULL;
    struct sshsig sig = {0};
    size_t blob_bytes;
    if (size_bytes > SSHSIG_TEXT_MAX)
        return ex_fail(err, EX_LIMIT, "%s is larger than %d bytes", WHAT, SSHSIG_TEXT_MAX);
    EX_TRY(ex_alloc(size_bytes, 1, SSHSIG_TEXT_MAX, WHAT, &scratch, err));
    EX_TRY(ex_alloc(size_bytes, 1, SSHSIG_TEXT_MAX, WHAT, &blob, err));
    EX_TRY(ssh_dearmor(text, size_bytes, BEGIN, END, WHAT, scratch, blob, &blob_bytes, err));
    struct ex_cursor c = ex_cursor_make(blob, blob_bytes);
    EX_TRY(take_blob(&c, &sig, err));
    *ret = sig;
    return EX_OK;
}

/* ---- what is signed ---- */

struct signed_data {
    uint8_t bytes[SIGNED_DATA_MAX];
    size_t size;
};

/* §3. */
static ex_code signed_data_make(const char *name_space, enum sshsig_algorithm algorithm,
                                const struct sshsig_digest *digest, struct signed_data *ret,
                                struct ex_error *err) {
    struct ssh_out out = {.to = ret->bytes, .room = sizeof ret->bytes};
    if ((digest->known & algorithm) == 0)
        return ex_fail(err, EX_USAGE, "the message was not hashed with %s, which %s is over",
                       algorithm_name(algorithm), WHAT);
    ssh_put(&out, MAGIC, MAGIC_BYTES);
    ssh_put_text(&out, name_space);
    ssh_put_text(&out, ""); /* reserved */
    ssh_put_text(&out, algorithm_name(algorithm));
    if (algorithm == SSHSIG_SHA256)
        ssh_put_string(&out, digest->sha256, sizeof digest->sha256);
    else
        ssh_put_string(&out, digest->sha512, sizeof digest->sha512);
    if (out.full)
        return ex_fail(err, EX_USAGE, "a namespace has over %d characters", SSHSIG_NAMESPACE_MAX);
    ret->size = out.used;
    return EX_OK;
}

ex_code sshsig_verify(const struct sshsig *sig, const struct ssh_key *key, const char *name_space,
                      const struct sshsig_digest *digest, struct sshsig_token *ret,
                      struct ex_error *err) {
    struct signed_data data;
    struct sshsig_token token = {0};
    char made_by[SSH_KEY_FINGERPRINT_BYTES], asked[SSH_KEY_FINGERPRINT_BYTES];
    if (!ssh_key_equal(&sig->key, key))
        return ex_fail(err, EX_SIGNATURE, "it was signed by the key %s, not by %s",
                       ssh_key_fingerprint(&sig->key, made_by), ssh_key_fingerprint(key, asked));
    if (strcmp(sig->name_space, name_space) != 0)
        return ex_fail(err, EX_SIGNATURE, "it was signed for \"%.80s\", not for \"%.80s\"",
                       sig->name_space, name_space);
    EX_TRY(signed_data_make(name_space, sig->algorithm, digest, &data, err));
    EX_TRY(ssh_signature_check(
        key, (struct ssh_bytes){.data = sig->signature, .size = sig->signature_bytes},
        (struct ssh_bytes){.data = data.bytes, .size = data.size}, &token, err));
    if (ret != NULL)
        *ret = token;
    return EX_OK;
}

/* ---- writing ---- */

static ex_code armor(const uint8_t *blob, size_t blob_bytes, char **ret, size_t *ret_bytes,
                     struct ex_error *err) {
    EX_AUTO_FREE char *base64 = NULL;
    EX_AUTO_FREE char *text = NULL;
    size_t room = sodium_base64_encoded_len(blob_bytes, sodium_base64_VARIANT_ORIGINAL);
    EX_TRY(ex_alloc(room, 1, SSHSIG_TEXT_MAX, WHAT, &base64, err));
    EX_TRY(ex_alloc(room + room / ARMOR_COLUMNS + sizeof BEGIN + sizeof END + 3, 1, SSHSIG_TEXT_MAX,
                    WHAT, &text, err));
    sodium_bin2base64(base64, room, blob, blob_bytes, sodium_base64_VARIANT_ORIGINAL);
    char *to = stpcpy(stpcpy(text, BEGIN), "\n");
    for (const char *at = base64; *at != '\0';) {
        size_t bytes = strnlen(at, ARMOR_COLUMNS);
        memcpy(to, at, bytes);
        at += bytes;
        to += bytes;
        *to++ = '\n';
    }
    to = stpcpy(stpcpy(to, END), "\n");
    *ret_bytes = (size_t)(to - text);
    *ret = ex_steal(&text);
    return EX_OK;
}

/* §2, with the signature just made. */
static ex_code write_signature(const struct ssh_key *key, const char *name_space,
                               enum sshsig_algorithm algorithm, struct ssh_bytes signature,
                               char **ret, size_t *ret_bytes, struct ex_error *err) {
    uint8_t blob[BLOB_MAX];
    struct ssh_out out = {.to = blob, .room = sizeof blob};
    ssh_put(&out, MAGIC, MAGIC_BYTES);
    ssh_put_u32(&out, VERSION);
    ssh_put_string(&out, key->blob, key->blob_bytes);
    ssh_put_text(&out, name_space);
    ssh_put_text(&out, ""); /* reserved */
    ssh_put_text(&out, algorithm_name(algorithm));
    ssh_put_string(&out, signature.data, signature.size);
    if (out.full)
        return ex_fail(err, EX_LIMIT, "%s would be larger than %d bytes", WHAT, BLOB_MAX);
    return armor(blob, out.used, ret, ret_bytes, err);
}

static ex_code check_namespace(const char *name_space, struct ex_error *err) {
    struct ssh_bytes name = {.data = (const uint8_t *)name_space, .size = strlen(name_space)};
    if (!namespace_good(name))
        return ex_fail(err, EX_USAGE, "a namespace is 1 to %d plain characters without spaces",
                       SSHSIG_NAMESPACE_MAX);
    return EX_OK;
}

ex_code sshsig_sign(const struct sign_key *key, const char *name_space,
                    enum sshsig_algorithm algorithm, const struct sshsig_digest *digest, char **ret,
                    size_t *ret_bytes, struct ex_error *err) {
    struct signed_data data;
    struct ssh_key public_key;
    uint8_t raw[SIGNATURE_BYTES], blob[SIGNATURE_BYTES + 32];
    struct ssh_out out = {.to = blob, .room = sizeof blob};
    EX_TRY(check_namespace(name_space, err));
    EX_TRY(signed_data_make(name_space, algorithm, digest, &data, err));
    ssh_key_make(sign_key_public(key), &public_key);
    sign_key_sign(key, data.bytes, data.size, raw);
    ssh_put_text(&out, ssh_key_type_name(SSH_KEY_ED25519)); /* RFC 8709 §6 */
    ssh_put_string(&out, raw, sizeof raw);
    return write_signature(&public_key, name_space, algorithm,
                           (struct ssh_bytes){.data = blob, .size = out.used}, ret, ret_bytes, err);
}

ex_code sshsig_sign_by_agent(struct ssh_agent *agent, const struct ssh_key *key,
                             const char *name_space, enum sshsig_algorithm algorithm,
                             const struct sshsig_digest *digest, char **ret, size_t *ret_bytes,
                             struct ex_error *err) {
    EX_AUTO_FREE uint8_t *blob = NULL;
    struct signed_data data;
    struct sshsig_token token;
    struct ex_error why = {0};
    size_t blob_bytes;
    EX_TRY(check_namespace(name_space, err));
    EX_TRY(signed_data_make(name_space, algorithm, digest, &data, err));
    enum ssh_agent_rsa rsa =
        algorithm == SSHSIG_SHA256 ? SSH_AGENT_RSA_SHA256 : SSH_AGENT_RSA_SHA512;
    EX_TRY(ssh_agent_sign(agent, key, data.bytes, data.size, rsa, &blob, &blob_bytes, err));
    struct ssh_bytes signature = {.data = blob, .size = blob_bytes};
    if (ssh_signature_check(key, signature,
                            (struct ssh_bytes){.data = data.bytes, .size = data.size}, &token,
                            &why) != EX_OK)
        return ex_fail(err, EX_SIGNATURE, "the agent gave a signature that is not good: %.180s",
                       why.text);
    return write_signature(key, name_space, algorithm, signature, ret, ret_bytes, err);
}
