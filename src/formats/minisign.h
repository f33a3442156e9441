/* SPDX-License-Identifier: Apache-2.0 */
/* minisign: public keys and detached signatures of whole files.
 *
 * Source: https://jedisct1.github.io/minisign/ ("Signature format", "Public key format") and
 * github.com/jedisct1/minisign, src/minisign.h for the limits.
 *
 *     signature file                                    public key file
 *     untrusted comment: <text> LF                      untrusted comment: <text> LF
 *     base64("ED" | key number | signature) LF          base64("Ed" | key number | public key) LF
 *     trusted comment: <text> LF
 *     base64(global signature) LF
 *
 * The signature is Ed25519 over the BLAKE2b-512 of the file, so that a file is hashed while it is
 * being written or read; the global signature is Ed25519 over signature | trusted comment.
 *
 * Legacy signatures ("Ed", over the file itself; `minisign -l`) are refused: EX_UNSUPPORTED. They
 * would need the whole file in memory, minisign refuses them by default since 0.12, and who accepts
 * both can be shown a legacy signature over 64 bytes that are the hash of another file.
 *
 * What this promises: minisign_verify() passes only if the holder of the given key signed exactly
 * these bytes and this trusted comment. Of a signature file it protects everything but the text of
 * the untrusted comment, which nobody signs. It does not say who holds the key, nor when it was
 * signed. Reading is stricter than minisign's own: lines end in LF, base64 is canonical, nothing
 * follows (the last LF may be missing).
 *
 * Key number: minisign draws it at random. Ours is derived, so that a public key has one number for
 * ever: the first 8 bytes of the SHA-256 of the public key (format/package). It is a label for
 * finding a key, and proves nothing. Shown as minisign does: 16 hex digits, the last byte first.
 *
 * Any input is safe. Nothing is shared between threads.
 */
#ifndef EXHIBIT_FORMATS_MINISIGN_H
#define EXHIBIT_FORMATS_MINISIGN_H

#include "crypto/sign.h"

enum {
    MINISIGN_NUMBER_BYTES = 8,
    MINISIGN_NUMBER_TEXT_BYTES = 17, /* with the NUL */
    MINISIGN_HASH_BYTES = 64,
    MINISIGN_UNTRUSTED_MAX = 1003, /* what minisign's own buffers leave for the comment */
    MINISIGN_TRUSTED_MAX = 8173,
    MINISIGN_KEY_LINE_BYTES = 57,  /* 56 characters of base64 and the NUL */
    MINISIGN_KEY_TEXT_BYTES = 128, /* a public key file with the NUL */
    MINISIGN_FILE_MAX = 10 << 10   /* bytes of a signature or public key file */
};

struct minisign_key {
    uint8_t number[MINISIGN_NUMBER_BYTES];
    uint8_t public_key[SIGN_PUBLIC_BYTES];
};

/* The key with its derived number. */
void minisign_key_make(const uint8_t public_key[static SIGN_PUBLIC_BYTES],
                       struct minisign_key *ret);
/* A public key file, or its base64 line alone (with or without LF). */
EX_MUST_USE ex_code minisign_key_parse(const char *text, size_t size_bytes,
                                       struct minisign_key *ret, struct ex_error *err);
/* A public key file; its base64 line alone, as `minisign -P` takes it; the number. Each returns
 * `to`. */
char *minisign_key_text(const struct minisign_key *key, char to[static MINISIGN_KEY_TEXT_BYTES]);
char *minisign_key_line(const struct minisign_key *key, char to[static MINISIGN_KEY_LINE_BYTES]);
char *minisign_number_text(const uint8_t number[static MINISIGN_NUMBER_BYTES],
                           char to[static MINISIGN_NUMBER_TEXT_BYTES]);

/* BLAKE2b-512 of a file, fed in order. A plain struct: it may be copied. */
struct minisign_hash {
    uint8_t state[384];
};
void minisign_hash_start(struct minisign_hash *h);
void minisign_hash_add(struct minisign_hash *h, const void *data, size_t size_bytes);
void minisign_hash_end(struct minisign_hash *h, uint8_t ret[static MINISIGN_HASH_BYTES]);

/* A signature file of the file with this hash. The key signs with its derived number. Comments are
 * UTF-8 without control characters but tabs (EX_FORMAT) and within their limits (EX_LIMIT);
 * `untrusted` may be NULL for one that names the key. *ret has a NUL after it; the caller frees. */
EX_MUST_USE ex_code minisign_sign(const struct sign_key *key,
                                  const uint8_t hash[static MINISIGN_HASH_BYTES],
                                  const char *untrusted, const char *trusted, char **ret,
                                  size_t *ret_bytes, struct ex_error *err);

/* A signature file taken apart, and not checked. Comments have a NUL after them and are shown only
 * through comment_display() (formats/comment.h). */
struct minisign {
    uint8_t number[MINISIGN_NUMBER_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    uint8_t global_signature[SIGNATURE_BYTES];
    size_t untrusted_bytes;
    size_t trusted_bytes;
    char untrusted[MINISIGN_UNTRUSTED_MAX + 1]; /* nobody signed this text */
    char trusted[MINISIGN_TRUSTED_MAX + 1];     /* signed, once minisign_verify() has passed */
};

EX_MUST_USE ex_code minisign_parse(const char *text, size_t size_bytes, struct minisign *ret,
                                   struct ex_error *err);
/* EX_SIGNATURE: another key number, another file, or another trusted comment; the text says which.
 */
EX_MUST_USE ex_code minisign_verify(const struct minisign *m, const struct minisign_key *key,
                                    const uint8_t hash[static MINISIGN_HASH_BYTES],
                                    struct ex_error *err);

#endif
