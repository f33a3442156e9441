/* SPDX-License-Identifier: Apache-2.0 */
/* Checking packs one by one; problems go into a report. */
#ifndef EXHIBIT_VAULT_CHECK_INTERNAL_H
#define EXHIBIT_VAULT_CHECK_INTERNAL_H

#include "base/clock.h"
#include "vault/hurt_internal.h"

struct checker {
    struct vault *vault;
    bool deep; /* every record, from the disk */
    struct ex_progress *progress;
    uint64_t rate_bytes_s; /* 0: no limit */
    uint64_t started_ns, bytes_read;
    struct codec *codec;
    struct block_hasher *hasher;
    struct vault_check_report *report;
    /* the pack in hand */
    const char *pack;
    const uint8_t *pack_id;
    int direct_fd;
    enum vault_readback_method method;
    struct ex_error failed; /* what keeps the check itself from going on; code EX_OK: nothing */
};

/* Clears the report. After a failure checker_close() is still owed. */
EX_MUST_USE ex_code checker_open(struct checker *c, struct vault *v,
                                 struct vault_check_report *report, struct ex_error *err);
void checker_close(struct checker *c);
/* `name`, `id`: as pack_each() gives them. */
EX_MUST_USE ex_code checker_pack(struct checker *c, const char *name,
                                 const uint8_t id[static VAULT_PACK_ID_BYTES],
                                 struct ex_error *err);

#endif
