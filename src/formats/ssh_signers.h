/* SPDX-License-Identifier: Apache-2.0 */
/* Who is allowed to sign: files of allowed signers, as `ssh-keygen -Y verify -f` reads them.
 *
 * Source: ssh-keygen(1) "ALLOWED SIGNERS", ssh_config(5) "PATTERNS".
 *
 *     principals [options] type base64 [comment]
 *
 * Options: namespaces="…", valid-after="…", valid-before="…". Times are YYYYMMDDZ, YYYYMMDDHHMMZ or
 * YYYYMMDDHHMMSSZ; without the Z they would mean another moment on every machine and are refused,
 * as are cert-authority and every option that we do not know: EX_UNSUPPORTED for the whole file,
 * with the line. A line whose key is of a type or size we do not support allows nobody; it is
 * counted.
 *
 * A list says what the person who wrote it says. A signature carries no time: the caller names the
 * moment for which the answer holds.
 */
#ifndef EXHIBIT_FORMATS_SSH_SIGNERS_H
#define EXHIBIT_FORMATS_SSH_SIGNERS_H

#include "formats/ssh_key.h"

enum {
    SSH_SIGNERS_FILE_MAX = 1 << 20,
    SSH_SIGNERS_MAX = 4096,
    SSH_SIGNERS_PRINCIPALS_MAX = 4096 /* bytes of the first field of a line */
};

struct ssh_signers;

EX_MUST_USE ex_code ssh_signers_parse(const char *text, size_t size_bytes, struct ssh_signers **ret,
                                      struct ex_error *err);
void ssh_signers_free(struct ssh_signers *list);
EX_DEFINE_AUTO(struct ssh_signers, ssh_signers_free);

size_t ssh_signers_count(const struct ssh_signers *list);
size_t ssh_signers_skipped(const struct ssh_signers *list);

/* The first line that allows it. */
struct ssh_signer {
    size_t line;
    const char *principals; /* as the file has them, inside the list; with a NUL */
};

/* May `principal` (or anybody, when NULL) sign with this key for this namespace, at this moment in
 * POSIX seconds? EX_SIGNATURE: no, and the text says what is missing. */
EX_MUST_USE ex_code ssh_signers_find(const struct ssh_signers *list, const struct ssh_key *key,
                                     const char *principal, const char *name_space,
                                     int64_t at_seconds, struct ssh_signer *ret,
                                     struct ex_error *err);

#endif
