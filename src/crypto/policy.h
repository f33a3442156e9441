/* SPDX-License-Identifier: Apache-2.0 */
/* Which cosigners count: a C2SP tlog-policy file (draft), which calls a cosigner a witness
 * (docs/format/ledger.md §8.4).
 *
 * Names are octets and mean nothing outside the file; keys are what counts. Any input is safe to
 * parse. A policy that names keys of a kind that this version does not verify is EX_UNSUPPORTED:
 * leaving them out would change what it asks for.
 */
#ifndef EXHIBIT_CRYPTO_POLICY_H
#define EXHIBIT_CRYPTO_POLICY_H

#include "crypto/note.h"

enum {
    POLICY_BYTES_MAX = 1 << 18,
    POLICY_LOGS_MAX = 64,
    POLICY_COSIGNERS_MAX = 64,
    POLICY_GROUPS_MAX = 64,
    POLICY_NAME_MAX = 255
};

struct policy_cosigner {
    char name[POLICY_NAME_MAX + 1];
    struct note_key key; /* of type NOTE_TYPE_COSIGNATURE */
};

struct policy;

/* EX_FORMAT names the line. */
EX_MUST_USE ex_code policy_parse(const void *data, size_t size_bytes, struct policy **ret,
                                 struct ex_error *err);
void policy_free(struct policy *p);
EX_DEFINE_AUTO(struct policy, policy_free);

size_t policy_log_count(const struct policy *p);
const struct note_key *policy_log(const struct policy *p, size_t i);
size_t policy_cosigner_count(const struct policy *p);
const struct policy_cosigner *policy_cosigner(const struct policy *p, size_t i);
/* The name on the quorum line; "none" when the policy asks for no cosigner. */
const char *policy_quorum(const struct policy *p);
bool policy_asks_for_nobody(const struct policy *p);
/* Do these cosigners, by their numbers, satisfy the quorum? */
bool policy_met(const struct policy *p, const bool cosigned[static POLICY_COSIGNERS_MAX]);

#endif
