/* SPDX-License-Identifier: Apache-2.0 */
/* Directories under work/ (format/vault §6). */
#ifndef EXHIBIT_VAULT_WORK_INTERNAL_H
#define EXHIBIT_VAULT_WORK_INTERNAL_H

#include "vault/journal_internal.h"

enum { WORK_NAME_BYTES = 17 };

/* One that this process has locked. */
struct vault_work {
    struct vault *vault;
    char name[WORK_NAME_BYTES];
    int dir_fd, lock_fd;
    struct journal journal;         /* open once this process writes one */
    struct journal_content content; /* as it was found; nothing in work that was made here */
    struct ex_error unusable;       /* code EX_OK: content is good */
    bool has_point;                 /* the journal on the disk holds a resume point */
};
/* A new one, with `what` (JSON) in its journal. */
EX_MUST_USE ex_code work_make(struct vault *v, const char *what, struct vault_work **ret,
                              struct ex_error *err);
/* Work that was opened is this process's from now on: a new journal, and no unsealed packs. */
EX_MUST_USE ex_code work_take_over(struct vault_work *w, const char *what, struct ex_error *err);
/* Durably notes a pack, or a resume point (a record that record_build() made). */
EX_MUST_USE ex_code work_note_pack(struct vault_work *w, const struct journal_pack *pack,
                                   struct ex_error *err);
EX_MUST_USE ex_code work_note_point(struct vault_work *w, uint8_t *record, size_t size_bytes,
                                    struct ex_error *err);

#endif
