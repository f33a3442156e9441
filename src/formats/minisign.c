/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/minisign.h"
#include "base/cursor.h"
#include "crypto/sha256.h"
#include "formats/comment.h"

#include <sodium.h>
#include <stdio.h>

enum {
    ALGORITHM_BYTES = 2,
    KEY_BYTES = ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES + SIGN_PUBLIC_BYTES,
    KEY_BASE64 = MINISIGN_KEY_LINE_BYTES - 1,
    SIGNED_BYTES = ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES + SIGNATURE_BYTES,
    SIGNED_BASE64 = 100,
    GLOBAL_BASE64 = 88
};

static const char HASHED[] = "ED";
static const char LEGACY[] = "Ed"; /* and what a public key begins with */
static const char UNTRUSTED[] = "untrusted comment: ";
static const char TRUSTED[] = "trusted comment: ";

_Static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(struct minisign_hash), "state");
_Static_assert((int)MINISIGN_TRUSTED_MAX <= (int)COMMENT_BYTES_MAX, "a comment can be shown");

/* ---- the hash ---- */

/* libsodium wants its state aligned to 64 bytes, which memory from malloc() is not: so it is worked
 * on in a copy. */
void minisign_hash_start(struct minisign_hash *h) {
    crypto_generichash_blake2b_state state;
    (void)crypto_generichash_blake2b_init(&state, NULL, 0, MINISIGN_HASH_BYTES);
    memcpy(h->state, &state, sizeof state);
}

void minisign_hash_add(struct minisign_hash *h, const void *data, size_t size_bytes) {
    crypto_generichash_blake2b_state state;
    if (size_bytes == 0)
        return;
    memcpy(&state, h->state, sizeof state);
    (void)crypto_generichash_blake2b_update(&state, data, size_bytes);
    memcpy(h->state, &state, sizeof state);
}

void minisign_hash_end(struct minisign_hash *h, uint8_t ret[static MINISIGN_HASH_BYTES]) {
    crypto_generichash_blake2b_state state;
    memcpy(&state, h->state, sizeof state);
    (void)crypto_generichash_blake2b_final(&state, ret, MINISIGN_HASH_BYTES);
    minisign_hash_start(h);
}

/* ---- keys ---- */

void minisign_key_make(const uint8_t public_key[static SIGN_PUBLIC_BYTES],
                       struct minisign_key *ret) {
    uint8_t hash[SHA256_BYTES];
    sha256_of(public_key, SIGN_PUBLIC_BYTES, hash);
    memcpy(ret->number, hash, MINISIGN_NUMBER_BYTES);
    memcpy(ret->public_key, public_key, SIGN_PUBLIC_BYTES);
}

char *minisign_number_text(const uint8_t number[static MINISIGN_NUMBER_BYTES],
                           char to[static MINISIGN_NUMBER_TEXT_BYTES]) {
    struct ex_cursor c = ex_cursor_make(number, MINISIGN_NUMBER_BYTES);
    (void)snprintf(to, MINISIGN_NUMBER_TEXT_BYTES, "%016llX",
                   (unsigned long long)ex_cursor_le64(&c));
    return to;
}

char *minisign_key_line(const struct minisign_key *key, char to[static MINISIGN_KEY_LINE_BYTES]) {
    uint8_t raw[KEY_BYTES];
    memcpy(raw, LEGACY, ALGORITHM_BYTES);
    memcpy(raw + ALGORITHM_BYTES, key->number, MINISIGN_NUMBER_BYTES);
    memcpy(raw + ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES, key->public_key, SIGN_PUBLIC_BYTES);
    return sodium_bin2base64(to, MINISIGN_KEY_LINE_BYTES, raw, sizeof raw,
                             sodium_base64_VARIANT_ORIGINAL);
}

char *minisign_key_text(const struct minisign_key *key, char to[static MINISIGN_KEY_TEXT_BYTES]) {
    char number[MINISIGN_NUMBER_TEXT_BYTES], line[MINISIGN_KEY_LINE_BYTES];
    (void)snprintf(to, MINISIGN_KEY_TEXT_BYTES, "%sminisign public key %s\n%s\n", UNTRUSTED,
                   minisign_number_text(key->number, number), minisign_key_line(key, line));
    return to;
}

/* ---- reading ---- */

/* A line of a file whose last LF may be missing. NULL at the end. */
static const char *next_line(struct ex_cursor *c, size_t *ret_bytes) {
    size_t left = ex_cursor_left(c);
    if (left > 0 && memchr(c->data + c->pos, '\n', left) == NULL) {
        *ret_bytes = left;
        return (const char *)ex_cursor_bytes(c, left);
    }
    return ex_cursor_line(c, ret_bytes);
}

static bool line_begins(const char *line, size_t bytes, const char *with) {
    return line != NULL && bytes >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static ex_code check_file(const char *text, size_t size_bytes, const char *what,
                          struct ex_error *err) {
    if (size_bytes > MINISIGN_FILE_MAX)
        return ex_fail(err, EX_LIMIT, "%s is larger than its limit of %d bytes", what,
                       MINISIGN_FILE_MAX);
    if (size_bytes > 0 && memchr(text, '\r', size_bytes) != NULL)
        return ex_hint(ex_fail(err, EX_FORMAT, "%s has carriage returns in it", what), err,
                       "something changed its line ends; fetch the file again, as binary");
    return EX_OK;
}

/* "<prefix><text>" of the next line, with a NUL after it. */
static ex_code take_comment(struct ex_cursor *c, const char *prefix, size_t max_bytes, char *to,
                            size_t *ret_bytes, struct ex_error *err) {
    size_t bytes, prefix_bytes = strlen(prefix);
    const char *line = next_line(c, &bytes);
    if (!line_begins(line, bytes, prefix))
        return ex_fail(err, EX_FORMAT, "the line with \"%.*s\" is missing", (int)prefix_bytes - 1,
                       prefix);
    bytes -= prefix_bytes;
    if (bytes > max_bytes)
        return ex_fail(err, EX_LIMIT, "the %.*s is longer than %zu bytes", (int)prefix_bytes - 2,
                       prefix, max_bytes);
    memcpy(to, line + prefix_bytes, bytes);
    to[bytes] = '\0';
    *ret_bytes = bytes;
    return EX_OK;
}

ex_code minisign_key_parse(const char *text, size_t size_bytes, struct minisign_key *ret,
                           struct ex_error *err) {
    uint8_t raw[KEY_BYTES];
    size_t bytes;
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    EX_TRY(check_file(text, size_bytes, "the public key", err));
    const char *line = next_line(&c, &bytes);
    if (line_begins(line, bytes, UNTRUSTED))
        line = next_line(&c, &bytes);
    if (line == NULL || ex_cursor_left(&c) > 0 || bytes != KEY_BASE64 ||
        !ex_parse_base64(line, bytes, raw, sizeof raw))
        return ex_hint(ex_fail(err, EX_FORMAT, "this is not a public key of minisign"), err,
                       "it is one line of %d characters, after \"%s…\"", KEY_BASE64, UNTRUSTED);
    if (memcmp(raw, LEGACY, ALGORITHM_BYTES) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "a minisign key that is not Ed25519 is not supported");
    memcpy(ret->number, raw + ALGORITHM_BYTES, MINISIGN_NUMBER_BYTES);
    memcpy(ret->public_key, raw + ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES, SIGN_PUBLIC_BYTES);
    return EX_OK;
}

static ex_code take_signature(struct ex_cursor *c, struct minisign *m, struct ex_error *err) {
    uint8_t raw[SIGNED_BYTES];
    size_t bytes;
    const char *line = next_line(c, &bytes);
    if (line == NULL || bytes != SIGNED_BASE64 || !ex_parse_base64(line, bytes, raw, sizeof raw))
        return ex_fail(err, EX_FORMAT, "the second line is not a signature of minisign");
    if (memcmp(raw, LEGACY, ALGORITHM_BYTES) == 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "this is a legacy signature: it was made without hashing first"),
                       err, "ask for one that was made without the flag -l of minisign");
    if (memcmp(raw, HASHED, ALGORITHM_BYTES) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "a signature of this kind is not supported");
    memcpy(m->number, raw + ALGORITHM_BYTES, MINISIGN_NUMBER_BYTES);
    memcpy(m->signature, raw + ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES, SIGNATURE_BYTES);
    return EX_OK;
}

static ex_code take_lines(struct ex_cursor *c, struct minisign *m, struct ex_error *err) {
    size_t bytes;
    EX_TRY(
        take_comment(c, UNTRUSTED, MINISIGN_UNTRUSTED_MAX, m->untrusted, &m->untrusted_bytes, err));
    EX_TRY(take_signature(c, m, err));
    EX_TRY(take_comment(c, TRUSTED, MINISIGN_TRUSTED_MAX, m->trusted, &m->trusted_bytes, err));
    if (!comment_valid(m->trusted, m->trusted_bytes))
        return ex_fail(err, EX_FORMAT,
                       "the trusted comment has control characters or is not UTF-8");
    const char *line = next_line(c, &bytes);
    if (line == NULL || bytes != GLOBAL_BASE64 ||
        !ex_parse_base64(line, bytes, m->global_signature, SIGNATURE_BYTES))
        return ex_fail(err, EX_FORMAT, "the fourth line is not a signature of minisign");
    return ex_cursor_end(c, "a signature of minisign", err);
}

ex_code minisign_parse(const char *text, size_t size_bytes, struct minisign *ret,
                       struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    struct minisign m = {0};
    EX_TRY(check_file(text, size_bytes, "the signature", err));
    EX_TRY(take_lines(&c, &m, err));
    *ret = m;
    return EX_OK;
}

/* ---- signing and verifying ---- */

/* What the global signature covers. Returns its size. */
static size_t global_message(const uint8_t *signature, const char *trusted, size_t trusted_bytes,
                             uint8_t to[static SIGNATURE_BYTES + MINISIGN_TRUSTED_MAX]) {
    memcpy(to, signature, SIGNATURE_BYTES);
    memcpy(to + SIGNATURE_BYTES, trusted, trusted_bytes);
    return SIGNATURE_BYTES + trusted_bytes;
}

ex_code minisign_verify(const struct minisign *m, const struct minisign_key *key,
                        const uint8_t hash[static MINISIGN_HASH_BYTES], struct ex_error *err) {
    uint8_t message[SIGNATURE_BYTES + MINISIGN_TRUSTED_MAX];
    char theirs[MINISIGN_NUMBER_TEXT_BYTES], ours[MINISIGN_NUMBER_TEXT_BYTES];
    if (memcmp(m->number, key->number, MINISIGN_NUMBER_BYTES) != 0)
        return ex_fail(err, EX_SIGNATURE, "it was signed by the key with number %s, not by %s",
                       minisign_number_text(m->number, theirs),
                       minisign_number_text(key->number, ours));
    if (!sign_verify(key->public_key, hash, MINISIGN_HASH_BYTES, m->signature))
        return ex_fail(err, EX_SIGNATURE, "the signature is not one of these bytes by this key");
    size_t bytes = global_message(m->signature, m->trusted, m->trusted_bytes, message);
    if (!sign_verify(key->public_key, message, bytes, m->global_signature))
        return ex_fail(err, EX_SIGNATURE,
                       "the signature is right, but its trusted comment was changed");
    return EX_OK;
}

static ex_code check_comment(const char *text, size_t max_bytes, const char *what,
                             struct ex_error *err) {
    if (strlen(text) > max_bytes)
        return ex_fail(err, EX_LIMIT, "the %s comment is longer than %zu bytes", what, max_bytes);
    if (!comment_valid(text, strlen(text)))
        return ex_fail(err, EX_FORMAT, "the %s comment has control characters or is not UTF-8",
                       what);
    return EX_OK;
}

static void base64_signed(const struct minisign_key *key, const uint8_t *signature,
                          char to[static SIGNED_BASE64 + 1]) {
    uint8_t raw[SIGNED_BYTES];
    memcpy(raw, HASHED, ALGORITHM_BYTES);
    memcpy(raw + ALGORITHM_BYTES, key->number, MINISIGN_NUMBER_BYTES);
    memcpy(raw + ALGORITHM_BYTES + MINISIGN_NUMBER_BYTES, signature, SIGNATURE_BYTES);
    sodium_bin2base64(to, SIGNED_BASE64 + 1, raw, sizeof raw, sodium_base64_VARIANT_ORIGINAL);
}

ex_code minisign_sign(const struct sign_key *key, const uint8_t hash[static MINISIGN_HASH_BYTES],
                      const char *untrusted, const char *trusted, char **ret, size_t *ret_bytes,
                      struct ex_error *err) {
    struct minisign_key label;
    uint8_t signature[SIGNATURE_BYTES], global[SIGNATURE_BYTES];
    uint8_t message[SIGNATURE_BYTES + MINISIGN_TRUSTED_MAX];
    char number[MINISIGN_NUMBER_TEXT_BYTES], standard[64];
    char signed64[SIGNED_BASE64 + 1], global64[GLOBAL_BASE64 + 1];
    char *text = NULL;
    minisign_key_make(sign_key_public(key), &label);
    (void)snprintf(standard, sizeof standard, "signature by minisign key %s",
                   minisign_number_text(label.number, number));
    if (untrusted == NULL)
        untrusted = standard;
    EX_TRY(check_comment(untrusted, MINISIGN_UNTRUSTED_MAX, "untrusted", err));
    EX_TRY(check_comment(trusted, MINISIGN_TRUSTED_MAX, "trusted", err));
    sign_key_sign(key, hash, MINISIGN_HASH_BYTES, signature);
    size_t bytes = global_message(signature, trusted, strlen(trusted), message);
    sign_key_sign(key, message, bytes, global);
    base64_signed(&label, signature, signed64);
    sodium_bin2base64(global64, sizeof global64, global, sizeof global,
                      sodium_base64_VARIANT_ORIGINAL);
    EX_TRY(ex_alloc(MINISIGN_FILE_MAX, 1, MINISIGN_FILE_MAX, "a signature", &text, err));
    *ret_bytes = (size_t)snprintf(text, MINISIGN_FILE_MAX, "%s%s\n%s\n%s%s\n%s\n", UNTRUSTED,
                                  untrusted, signed64, TRUSTED, trusted, global64);
    *ret = text;
    return EX_OK;
}
