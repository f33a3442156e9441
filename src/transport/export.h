/* SPDX-License-Identifier: Apache-2.0 */
/* Export: an object's bytes as a file or into a pipe, hashed on the way out.
 *
 * A file is written under another name and gets its own only when every byte is in it, is on the
 * disk and gave the right hash; an existing file is never touched. Into a pipe bytes go as they are
 * verified, chunk by chunk; if one cannot be given the right way the pipe ends there, and the
 * caller must say so.
 */
#ifndef EXHIBIT_TRANSPORT_EXPORT_H
#define EXHIBIT_TRANSPORT_EXPORT_H

#include "vault/vault.h"

struct export_report {
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES]; /* of the bytes as they were written */
};

/* path "-": writes to output_fd. EX_EXISTS, EX_ALTERED, EX_MISSING, EX_SPACE. Constant runs of
 * zeros become holes in a file. */
EX_MUST_USE ex_code export_raw(struct vault *v, const struct vault_object_info *object,
                               const char *path, int output_fd, struct ex_progress *progress,
                               struct export_report *ret, struct ex_error *err);

#endif
