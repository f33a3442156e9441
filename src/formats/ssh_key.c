/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/ssh_key.h"
#include "crypto/sha256.h"
#include "formats/ssh_internal.h"

#include <sodium.h>
#include <stdio.h>

enum { POINT_BYTES = 65, RSA_EXPONENT_BYTES_MAX = 8 };

static const char *const type_names[SSH_KEY_TYPES] = {
    [SSH_KEY_ED25519] = "ssh-ed25519",
    [SSH_KEY_ECDSA_P256] = "ecdsa-sha2-nistp256",
    [SSH_KEY_RSA] = "ssh-rsa",
    [SSH_KEY_SK_ED25519] = "sk-ssh-ed25519@openssh.com",
    [SSH_KEY_SK_ECDSA_P256] = "sk-ecdsa-sha2-nistp256@openssh.com",
};

const char *ssh_key_type_name(enum ssh_key_type type) {
    return type_names[type];
}

bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b) {
    return a->blob_bytes == b->blob_bytes && memcmp(a->blob, b->blob, a->blob_bytes) == 0;
}

static bool type_find(struct ssh_bytes name, enum ssh_key_type *ret) {
    for (int i = 0; i < SSH_KEY_TYPES; i++) {
        if (ssh_bytes_are(name, type_names[i])) {
            *ret = (enum ssh_key_type)i;
            return true;
        }
    }
    return false;
}

static ex_code refuse_type(struct ssh_bytes name, struct ex_error *err) {
    char text[SSH_NAME_BYTES];
    if (name.data != NULL && memmem(name.data, name.size, "-cert-v01@", 10) != NULL)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "SSH certificates are not supported"), err,
                       "name the key itself: the file that ends in .pub, not in -cert.pub");
    return ex_hint(ex_fail(err, EX_UNSUPPORTED, "SSH keys of type \"%s\" are not supported",
                           ssh_name(name, text)),
                   err, "Ed25519, ECDSA P-256, RSA and FIDO (sk) keys are");
}

/* ---- blobs ---- */

static unsigned bits_of(struct ssh_bytes n) {
    return (unsigned)(8 * n.size) - (unsigned)__builtin_clz(n.data[0]) + 24;
}

static ex_code check_rsa(const struct ssh_parts *p, struct ex_error *err) {
    if (p->n.size > SSH_KEY_RSA_BITS_MAX / 8)
        return ex_fail(err, EX_UNSUPPORTED, "RSA keys over %d bits are not supported",
                       SSH_KEY_RSA_BITS_MAX);
    if (bits_of(p->n) < SSH_KEY_RSA_BITS_MIN)
        return ex_fail(err, EX_UNSUPPORTED, "an RSA key of %u bits is too weak: at least %d",
                       bits_of(p->n), SSH_KEY_RSA_BITS_MIN);
    bool odd = (p->e.data[p->e.size - 1] & p->n.data[p->n.size - 1] & 1) != 0;
    if (!odd || p->e.size > RSA_EXPONENT_BYTES_MAX || (p->e.size == 1 && p->e.data[0] < 3))
        return ex_fail(err, EX_FORMAT, "the numbers of an RSA key make no sense");
    return EX_OK;
}

static ex_code check_point(enum ssh_key_type type, struct ssh_bytes point, struct ex_error *err) {
    bool edwards = type == SSH_KEY_ED25519 || type == SSH_KEY_SK_ED25519;
    if (edwards ? point.size != SIGN_PUBLIC_BYTES : point.size != POINT_BYTES || point.data[0] != 4)
        return ex_fail(err, EX_FORMAT, "the point of an SSH key has a wrong size or form");
    return EX_OK;
}

/* What follows the type's name. An overrun stays in the cursor. */
static void take_parts(enum ssh_key_type type, struct ex_cursor *c, struct ssh_parts *ret) {
    *ret = (struct ssh_parts){0};
    if (type == SSH_KEY_RSA) {
        ret->e = ssh_take_mpint(c);
        ret->n = ssh_take_mpint(c);
        return;
    }
    if ((type == SSH_KEY_ECDSA_P256 || type == SSH_KEY_SK_ECDSA_P256) &&
        !ssh_bytes_are(ssh_take_string(c), "nistp256"))
        (void)ex_cursor_bytes(c, SIZE_MAX);
    ret->point = ssh_take_string(c);
    if (type == SSH_KEY_SK_ED25519 || type == SSH_KEY_SK_ECDSA_P256)
        ret->application = ssh_take_string(c);
}

void ssh_key_parts(const struct ssh_key *key, struct ssh_parts *ret) {
    struct ex_cursor c = ex_cursor_make(key->blob, key->blob_bytes);
    (void)ssh_take_string(&c);
    take_parts(key->type, &c, ret);
}

ex_code ssh_key_parse_blob(const uint8_t *blob, size_t size_bytes, struct ssh_key *ret,
                           struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(blob, size_bytes);
    struct ssh_parts parts;
    enum ssh_key_type type;
    struct ssh_bytes name = ssh_take_string(&c);
    EX_TRY(ex_cursor_check(&c, "an SSH key", err));
    if (!type_find(name, &type))
        return refuse_type(name, err);
    take_parts(type, &c, &parts);
    if (ex_cursor_end(&c, "an SSH key", NULL) != EX_OK)
        return ex_fail(err, EX_FORMAT, "an SSH key is damaged");
    if (parts.application.size > SSH_KEY_APPLICATION_MAX)
        return ex_fail(err, EX_LIMIT, "an SSH key has an application of over %d bytes",
                       SSH_KEY_APPLICATION_MAX);
    EX_TRY(type == SSH_KEY_RSA ? check_rsa(&parts, err) : check_point(type, parts.point, err));
    if (size_bytes > SSH_KEY_BLOB_MAX)
        return ex_fail(err, EX_LIMIT, "an SSH key is larger than %d bytes", SSH_KEY_BLOB_MAX);
    ret->type = type;
    ret->blob_bytes = size_bytes;
    memcpy(ret->blob, blob, size_bytes);
    return EX_OK;
}

void ssh_key_make(const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct ssh_key *ret) {
    struct ssh_out out = {.to = ret->blob, .room = sizeof ret->blob};
    ret->type = SSH_KEY_ED25519;
    ssh_put_text(&out, type_names[SSH_KEY_ED25519]);
    ssh_put_string(&out, public_key, SIGN_PUBLIC_BYTES);
    ret->blob_bytes = out.used;
}

/* ---- text ---- */

char *ssh_key_text(const struct ssh_key *key, char to[static SSH_KEY_TEXT_BYTES]) {
    size_t name_bytes = strlen(type_names[key->type]);
    memcpy(to, type_names[key->type], name_bytes);
    to[name_bytes] = ' ';
    sodium_bin2base64(to + name_bytes + 1, SSH_KEY_TEXT_BYTES - name_bytes - 1, key->blob,
                      key->blob_bytes, sodium_base64_VARIANT_ORIGINAL);
    return to;
}

char *ssh_key_fingerprint(const struct ssh_key *key, char to[static SSH_KEY_FINGERPRINT_BYTES]) {
    static const char prefix[] = "SHA256:";
    uint8_t hash[SHA256_BYTES];
    sha256_of(key->blob, key->blob_bytes, hash);
    memcpy(to, prefix, sizeof prefix);
    sodium_bin2base64(to + sizeof prefix - 1, SSH_KEY_FINGERPRINT_BYTES - sizeof prefix + 1, hash,
                      sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    return to;
}

static bool is_blank(uint8_t ch) {
    return ch == ' ' || ch == '\t';
}

/* The next word, and one blank after it; empty at the end. */
static struct ssh_bytes take_word(struct ex_cursor *c) {
    size_t size = 0, left = ex_cursor_left(c);
    while (size < left && !is_blank(c->data[c->pos + size]))
        size++;
    struct ssh_bytes word = {.data = ex_cursor_bytes(c, size), .size = size};
    if (size < left)
        (void)ex_cursor_u8(c);
    return word;
}

static bool decode_blob(struct ssh_bytes base64, uint8_t to[static SSH_KEY_BLOB_MAX],
                        size_t *ret_bytes) {
    size_t pads = 0;
    while (pads < 2 && pads < base64.size && base64.data[base64.size - 1 - pads] == '=')
        pads++;
    if (base64.size == 0 || base64.size % 4 != 0 || base64.size / 4 * 3 - pads > SSH_KEY_BLOB_MAX)
        return false;
    *ret_bytes = base64.size / 4 * 3 - pads;
    return ex_parse_base64((const char *)base64.data, base64.size, to, *ret_bytes);
}

ex_code ssh_key_parse_line(const char *text, size_t size_bytes, struct ssh_key *ret,
                           struct ex_error *err) {
    static const char *const form = "it is one line: ssh-ed25519 AAAA… comment";
    uint8_t blob[SSH_KEY_BLOB_MAX];
    size_t blob_bytes;
    struct ssh_key key;
    enum ssh_key_type type;
    if (size_bytes > 0 && text[size_bytes - 1] == '\n')
        size_bytes--;
    if (size_bytes > SSH_KEY_LINE_MAX)
        return ex_fail(err, EX_LIMIT, "the line of an SSH key is longer than %d bytes",
                       SSH_KEY_LINE_MAX);
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    struct ssh_bytes name = take_word(&c);
    struct ssh_bytes base64 = take_word(&c);
    if (name.size == 0 || base64.size == 0 || memchr(text, '\n', size_bytes) != NULL)
        return ex_hint(ex_fail(err, EX_FORMAT, "this is not an SSH public key"), err, "%s", form);
    if (!type_find(name, &type))
        return refuse_type(name, err);
    if (!decode_blob(base64, blob, &blob_bytes))
        return ex_hint(ex_fail(err, EX_FORMAT, "the base64 of an SSH key is damaged"), err, "%s",
                       form);
    EX_TRY(ssh_key_parse_blob(blob, blob_bytes, &key, err));
    if (key.type != type)
        return ex_fail(err, EX_FORMAT, "an SSH key calls itself %s, but is %s", type_names[type],
                       type_names[key.type]);
    *ret = key;
    return EX_OK;
}
