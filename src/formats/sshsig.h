/* SPDX-License-Identifier: Apache-2.0 */
/* SSHSIG: detached signatures of files by SSH keys, as `ssh-keygen -Y` makes and checks them.
 *
 * Source: PROTOCOL.sshsig of OpenSSH (version 1 of the format).
 *
 * Written with Ed25519 from a `struct sign_key`, or by whatever key an ssh-agent holds: cards, FIDO
 * tokens, agents of other machines. Checked for all types of formats/ssh_key.h. A signature from a
 * FIDO token counts only if somebody touched it.
 *
 * What this promises: sshsig_verify() passes only if the holder of the given key signed a message
 * with this hash, for this namespace, and every flipped bit of the signature file is noticed. It
 * does not say who holds the key (formats/ssh_signers.h: who is allowed to sign), nor when it was
 * signed; nor that this is the only signature file: with ECDSA anybody can write a second one that
 * is as good (n - s for s), so a signature's bytes identify nothing. Refused, though
 * PROTOCOL.sshsig lets readers ignore it: a reserved field that is not empty. RSA signatures with
 * SHA-1 ("ssh-rsa") and webauthn are EX_UNSUPPORTED. Stricter than ssh-keygen: lines end in LF,
 * base64 and numbers are canonical, nothing follows.
 *
 * Any input is safe. Nothing is shared between threads.
 */
#ifndef EXHIBIT_FORMATS_SSHSIG_H
#define EXHIBIT_FORMATS_SSHSIG_H

#include "crypto/sha256.h"
#include "crypto/sign.h"
#include "formats/ssh_agent.h"
#include "formats/ssh_key.h"

enum {
    SSHSIG_NAMESPACE_MAX = 255,
    SSHSIG_SIGNATURE_MAX = 2304, /* RSA of 16384 bits: 2068 */
    SSHSIG_TEXT_MAX = 16 << 10,
    SSHSIG_SHA512_BYTES = 64
};

/* Which hash of the message is signed. The values are bits. */
enum sshsig_algorithm { SSHSIG_SHA256 = 1, SSHSIG_SHA512 = 2 };

/* The message, hashed in order by the algorithms whose bits are in `wanted`: before a signature is
 * at hand, by both. A plain struct: it may be copied. */
struct sshsig_hash {
    unsigned wanted;
    struct sha256 sha256;
    struct sha512_ctx sha512;
};
struct sshsig_digest {
    unsigned known; /* bits of enum sshsig_algorithm */
    uint8_t sha256[SHA256_BYTES];
    uint8_t sha512[SSHSIG_SHA512_BYTES];
};
void sshsig_hash_start(struct sshsig_hash *h, unsigned wanted);
void sshsig_hash_add(struct sshsig_hash *h, const void *data, size_t size_bytes);
void sshsig_hash_end(struct sshsig_hash *h, struct sshsig_digest *ret);

/* A signature taken apart, and not checked: `key` is what the signature says of itself. */
struct sshsig {
    enum sshsig_algorithm algorithm;
    struct ssh_key key;
    char name_space[SSHSIG_NAMESPACE_MAX + 1]; /* printable ASCII */
    size_t signature_bytes;
    uint8_t signature[SSHSIG_SIGNATURE_MAX];
};

EX_MUST_USE ex_code sshsig_parse(const char *text, size_t size_bytes, struct sshsig *ret,
                                 struct ex_error *err);

/* What a FIDO token adds. */
struct sshsig_token {
    bool used;
    bool user_verified; /* by PIN or fingerprint; a touch is always needed */
    uint32_t counter;   /* of the token's signatures, or 0 */
};

/* Was it made by `key`, for `name_space`, over the message of this digest? EX_SIGNATURE: it was
 * not, and the text says in what it differs. EX_USAGE: the digest lacks the signature's algorithm.
 * `ret` may be NULL. */
EX_MUST_USE ex_code sshsig_verify(const struct sshsig *sig, const struct ssh_key *key,
                                  const char *name_space, const struct sshsig_digest *digest,
                                  struct sshsig_token *ret, struct ex_error *err);

/* An armored signature with a NUL after it; the caller frees. name_space: 1 to SSHSIG_NAMESPACE_MAX
 * characters of printable ASCII without spaces (EX_USAGE). */
EX_MUST_USE ex_code sshsig_sign(const struct sign_key *key, const char *name_space,
                                enum sshsig_algorithm algorithm, const struct sshsig_digest *digest,
                                char **ret, size_t *ret_bytes, struct ex_error *err);
/* The same by a key in an agent. What the agent gives is verified before it counts. */
EX_MUST_USE ex_code sshsig_sign_by_agent(struct ssh_agent *agent, const struct ssh_key *key,
                                         const char *name_space, enum sshsig_algorithm algorithm,
                                         const struct sshsig_digest *digest, char **ret,
                                         size_t *ret_bytes, struct ex_error *err);

#endif
