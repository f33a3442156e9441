/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a collection that is going on, or was cut off (format/vault §6.1): appended to
 * record by record, each durable before it is relied on, by the one process that made the file.
 * Threads: one at a time. */
#ifndef EXHIBIT_VAULT_JOURNAL_INTERNAL_H
#define EXHIBIT_VAULT_JOURNAL_INTERNAL_H

#include "vault/vault_internal.h"

enum {
    JOURNAL_REWRITE_BYTES = 64 << 20, /* longer ones are written anew */
    JOURNAL_BYTES_MAX = 256 << 20
};

struct journal {
    int fd; /* −1: none */
    struct pack_ref ref;
    struct codec *codec;
    uint64_t at;
    uint32_t number; /* of the next record */
};

struct journal_pack {
    uint8_t id[VAULT_PACK_ID_BYTES];
    uint64_t bytes;
    enum vault_readback_method method;
};

/* What a journal says, up to its last resume point. */
struct journal_content {
    char *what; /* the first record: JSON */
    size_t pack_count, pack_capacity;
    struct journal_pack *pack; /* published before the resume point */
    uint8_t *point;            /* the last resume point; NULL: there is none */
    size_t point_bytes;
};
void journal_content_clear(struct journal_content *c);

/* Makes work/ID/NAME, which must not exist, with `what` as its first record. Durable. */
EX_MUST_USE ex_code journal_create(struct vault *v, int work_fd, const char *name, const char *what,
                                   struct journal *ret, struct ex_error *err);
void journal_close(struct journal *j);
/* Appends a record of this data; durable when it returns. */
EX_MUST_USE ex_code journal_add(struct journal *j, const void *data, size_t size_bytes,
                                struct ex_error *err);
/* The same for a record that record_build() made of type RECORD_JOURNAL. */
EX_MUST_USE ex_code journal_append(struct journal *j, uint8_t *record, size_t size_bytes,
                                   struct ex_error *err);
EX_MUST_USE ex_code journal_add_pack(struct journal *j, const struct journal_pack *pack,
                                     struct ex_error *err);
/* Any bytes are safe. EX_ALTERED: damaged elsewhere than at its torn end. EX_NOT_FOUND: no journal,
 * or not even a first record. EX_DENIED: encrypted, and the vault is locked. */
EX_MUST_USE ex_code journal_read(const struct vault *v, int work_fd, struct journal_content *ret,
                                 struct ex_error *err);
/* Writes work/ID/journal anew, with another first record, and goes on in the new file; *j may be
 * open or not. */
EX_MUST_USE ex_code journal_rewrite(struct vault *v, int work_fd, const char *what,
                                    const struct journal_content *content, struct journal *j,
                                    struct ex_error *err);

#endif
