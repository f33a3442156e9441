/* SPDX-License-Identifier: Apache-2.0 */
/* SSH public keys, and the one kind of private key file that needs no passphrase.
 *
 * Sources: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 and OpenSSH's PROTOCOL.u2f for the blobs,
 * PROTOCOL.key for the private key file, sshd(8) "AUTHORIZED_KEYS FILE FORMAT" for the line.
 *
 * Supported: Ed25519, ECDSA over P-256, RSA of 2048 to 16384 bits, and the first two from a FIDO
 * token (sk-…). Certificates and every other type are EX_UNSUPPORTED, by name.
 *
 * A key that was parsed has the form of one; that it is a point on the curve shows when a signature
 * is checked. It says nothing about who holds it. Any input is safe.
 */
#ifndef EXHIBIT_FORMATS_SSH_KEY_H
#define EXHIBIT_FORMATS_SSH_KEY_H

#include "crypto/sign.h"

enum {
    SSH_KEY_BLOB_MAX = 2304,   /* RSA of 16384 bits: 2077 */
    SSH_KEY_TEXT_BYTES = 3200, /* type, base64 and NUL */
    SSH_KEY_LINE_MAX = 8192,   /* a line with its comment */
    SSH_KEY_FILE_MAX = 16 << 10,
    SSH_KEY_APPLICATION_MAX = 255,
    SSH_KEY_RSA_BITS_MIN = 2048,
    SSH_KEY_RSA_BITS_MAX = 16384,
    SSH_KEY_FINGERPRINT_BYTES = 51 /* "SHA256:", 43 characters, NUL */
};

enum ssh_key_type {
    SSH_KEY_ED25519,
    SSH_KEY_ECDSA_P256,
    SSH_KEY_RSA,
    SSH_KEY_SK_ED25519,
    SSH_KEY_SK_ECDSA_P256,
    SSH_KEY_TYPES
};

struct ssh_key {
    enum ssh_key_type type;
    size_t blob_bytes;
    uint8_t blob[SSH_KEY_BLOB_MAX]; /* as on the wire */
};

void ssh_key_make(const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct ssh_key *ret);
EX_MUST_USE ex_code ssh_key_parse_blob(const uint8_t *blob, size_t size_bytes, struct ssh_key *ret,
                                       struct ex_error *err);
/* "ssh-ed25519 AAAA… comment", with or without LF. Options in front, as in authorized_keys, are
 * refused: EX_UNSUPPORTED. */
EX_MUST_USE ex_code ssh_key_parse_line(const char *text, size_t size_bytes, struct ssh_key *ret,
                                       struct ex_error *err);

/* "ssh-ed25519 AAAA…", without comment and LF; "SHA256:…", as ssh-keygen -l prints it. Both return
 * `to`. */
char *ssh_key_text(const struct ssh_key *key, char to[static SSH_KEY_TEXT_BYTES]);
char *ssh_key_fingerprint(const struct ssh_key *key, char to[static SSH_KEY_FINGERPRINT_BYTES]);
const char *ssh_key_type_name(enum ssh_key_type type);
bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b);

/* An OpenSSH private key file (`ssh-keygen -t ed25519 -N ''`). The caller should hold `text` in
 * memory from sodium_malloc(). EX_UNSUPPORTED: it has a passphrase, is not Ed25519, or is of
 * another format; the hint says how to use it through the agent. EX_ALTERED: its parts contradict
 * each other. */
EX_MUST_USE ex_code ssh_key_read_private(const char *text, size_t size_bytes, struct sign_key **ret,
                                         struct ex_error *err);

#endif
