/* SPDX-License-Identifier: Apache-2.0 */
/* An ssh-agent: which keys it holds, and a signature by one of them. The key stays where it is: in
 * the agent, on a card, in a FIDO token.
 *
 * Source: RFC 9987 (draft-miller-ssh-agent), §3.5 list, §3.6 sign.
 *
 * The agent is not trusted: no length it sends is believed beyond the limits here, an answer that
 * does not come in time is given up, and what it signs is to be verified by the caller (sshsig.h
 * does). After an answer that was late, cut off or damaged the connection is closed, and every
 * further call fails. Threads: one connection belongs to one thread at a time.
 */
#ifndef EXHIBIT_FORMATS_SSH_AGENT_H
#define EXHIBIT_FORMATS_SSH_AGENT_H

#include "formats/ssh_key.h"

enum {
    SSH_AGENT_REPLY_MAX = 256 << 10, /* bytes of one answer */
    SSH_AGENT_KEYS_MAX = 512,
    SSH_AGENT_COMMENT_BYTES = 192,
    SSH_AGENT_DATA_MAX = 4096,     /* what is signed at once: SSHSIG needs about 120 bytes */
    SSH_AGENT_LIST_MS = 10 * 1000, /* how long an answer may take */
    SSH_AGENT_SIGN_MS = 120 * 1000 /* somebody has to find the token, or type a PIN */
};

struct ssh_agent;

/* At `socket`, or where SSH_AUTH_SOCK says when it is NULL. EX_NOT_FOUND: there is none. */
EX_MUST_USE ex_code ssh_agent_open(const char *socket, struct ssh_agent **ret,
                                   struct ex_error *err);
void ssh_agent_close(struct ssh_agent *agent);
EX_DEFINE_AUTO(struct ssh_agent, ssh_agent_close);

/* Other limits in milliseconds than SSH_AGENT_LIST_MS and SSH_AGENT_SIGN_MS. */
void ssh_agent_set_patience(struct ssh_agent *agent, unsigned list_ms, unsigned sign_ms);

struct ssh_agent_identity {
    struct ssh_key key;
    char comment[SSH_AGENT_COMMENT_BYTES]; /* safe to show (formats/comment.h), may be cut off */
};

/* The keys of types that we support; *ret_skipped counts the others. The caller frees *ret. */
EX_MUST_USE ex_code ssh_agent_list(struct ssh_agent *agent, struct ssh_agent_identity **ret,
                                   size_t *ret_count, size_t *ret_skipped, struct ex_error *err);

/* Which hash an RSA signature has; other keys have only one. */
enum ssh_agent_rsa { SSH_AGENT_RSA_SHA256 = 2, SSH_AGENT_RSA_SHA512 = 4 };

/* An SSH signature blob, not verified; the caller frees *ret. EX_DENIED: the agent refused. */
EX_MUST_USE ex_code ssh_agent_sign(struct ssh_agent *agent, const struct ssh_key *key,
                                   const void *data, size_t size_bytes, enum ssh_agent_rsa rsa,
                                   uint8_t **ret, size_t *ret_bytes, struct ex_error *err);

/* The two parsers of answers (without their length in front), for tests and fuzzing. *ret of the
 * second points into `reply`. */
EX_MUST_USE ex_code ssh_agent_parse_list(const uint8_t *reply, size_t size_bytes,
                                         struct ssh_agent_identity **ret, size_t *ret_count,
                                         size_t *ret_skipped, struct ex_error *err);
EX_MUST_USE ex_code ssh_agent_parse_signature(const uint8_t *reply, size_t size_bytes,
                                              const uint8_t **ret, size_t *ret_bytes,
                                              struct ex_error *err);

#endif
