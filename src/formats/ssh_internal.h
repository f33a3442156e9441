/* SPDX-License-Identifier: Apache-2.0 */
/* Inside formats/: what SSH keys, signatures and the agent share. The wire types are those of RFC
 * 4251 §5 (uint32, string, mpint), the armor that of PROTOCOL.sshsig §1 and PROTOCOL.key. */
#ifndef EXHIBIT_FORMATS_SSH_INTERNAL_H
#define EXHIBIT_FORMATS_SSH_INTERNAL_H

#include "base/cursor.h"
#include "formats/ssh_key.h"
#include "formats/sshsig.h"

#include <string.h>

struct ssh_bytes {
    const uint8_t *data;
    size_t size;
};

/* A string: its bytes inside the range. Empty, with data NULL, after an overrun. */
struct ssh_bytes ssh_take_string(struct ex_cursor *c);
/* An mpint that is above zero and has its shortest form, without the byte in front that keeps it
 * positive; anything else is an overrun. */
struct ssh_bytes ssh_take_mpint(struct ex_cursor *c);
bool ssh_bytes_are(struct ssh_bytes bytes, const char *text);

/* The text as it may stand in a message: printable ASCII and at most 63 bytes, or "?". */
enum { SSH_NAME_BYTES = 64 };
const char *ssh_name(struct ssh_bytes bytes, char to[static SSH_NAME_BYTES]);

/* Writes into a buffer of fixed size; what does not fit is dropped and remembered. */
struct ssh_out {
    uint8_t *to;
    size_t room;
    size_t used;
    bool full;
};
void ssh_put(struct ssh_out *out, const void *data, size_t size_bytes);
void ssh_put_u8(struct ssh_out *out, uint8_t value);
void ssh_put_u32(struct ssh_out *out, uint32_t value);
void ssh_put_string(struct ssh_out *out, const void *data, size_t size_bytes);
void ssh_put_text(struct ssh_out *out, const char *text);

/* Between the lines `begin` and `end`: canonical base64 in lines of at most 76 characters, which is
 * decoded into `to` (room for 3 bytes for each 4 of the text). `scratch`: size_bytes of room.
 * `what` names it in messages. */
EX_MUST_USE ex_code ssh_dearmor(const char *text, size_t size_bytes, const char *begin,
                                const char *end, const char *what, char *scratch, uint8_t *to,
                                size_t *ret_bytes, struct ex_error *err);

/* The parts of a key's blob, inside it. Empty where the type has no such part. */
struct ssh_parts {
    struct ssh_bytes point; /* Ed25519 public key, or the uncompressed point of P-256 */
    struct ssh_bytes n, e;  /* RSA */
    struct ssh_bytes application;
};
void ssh_key_parts(const struct ssh_key *key, struct ssh_parts *ret);

/* Checks one SSH signature blob (RFC 4253 §6.6, RFC 5656, RFC 8332, RFC 8709, PROTOCOL.u2f) of a
 * message. EX_SIGNATURE: it is not one by this key, or the user was not present. EX_FORMAT,
 * EX_UNSUPPORTED: it is none that we read. */
EX_MUST_USE ex_code ssh_signature_check(const struct ssh_key *key, struct ssh_bytes signature,
                                        struct ssh_bytes message, struct sshsig_token *ret,
                                        struct ex_error *err);

#endif
