/* SPDX-License-Identifier: Apache-2.0 */
/* What the two sides of cosigning and a verification share (docs/format/ledger.md §8). */
#ifndef EXHIBIT_APP_COSIGN_INTERNAL_H
#define EXHIBIT_APP_COSIGN_INTERNAL_H

#include "app/act_internal.h"
#include "crypto/cosign.h"

/* A vkey from a command line, of a log or a cosigner, as a key of this type: the paper of a vault
 * has its key as that of a log, and it is the same key. EX_USAGE. */
EX_MUST_USE ex_code cosign_key(const char *vkey, uint8_t type, struct note_key *ret,
                               struct ex_error *err);
/* Writes to --output, if there is one that is a file. */
EX_MUST_USE ex_code cosign_write_output(struct act *act, const char *text, struct ex_error *err);
/* The name of that file, or null. */
json_t *cosign_output_json(const struct act *act);

/* ---- in a verification: cosigners.c ---- */

struct cosigners_pass;

/* Reads --policy, if there is one. */
EX_MUST_USE ex_code cosigners_begin(struct act *act, struct cosigners_pass **ret,
                                    struct ex_error *err);
void cosigners_free(struct cosigners_pass *p);
/* The file of --checkpoint, which may be cosigned. */
EX_MUST_USE ex_code cosigners_file(struct cosigners_pass *p, const char *note, size_t size_bytes,
                                   struct ex_error *err);
/* An entry on its way through; only cosigned.receive is looked at. */
EX_MUST_USE ex_code cosigners_entry(struct cosigners_pass *p, const struct entry *e,
                                    struct ex_error *err);
/* When the whole ledger was read, and its tree was sound or not: what it comes to. */
EX_MUST_USE ex_code cosigners_judge(struct cosigners_pass *p, bool sound,
                                    struct cosigned_check *ret, struct ex_error *err);

#endif
