/* SPDX-License-Identifier: Apache-2.0 */
/* One record in a file of its own (format/vault §3.5): encrypted in an encrypted vault, checked in
 * every one. */
#ifndef EXHIBIT_VAULT_SEALED_INTERNAL_H
#define EXHIBIT_VAULT_SEALED_INTERNAL_H

#include "vault/vault_internal.h"

struct sealed_kind {
    uint32_t pack; /* PACK_BODY … */
    enum record_type record;
    size_t limit_bytes;
    const char *what; /* in messages */
};

/* Durable when it returns; replaces what was there. EX_DENIED: the vault is locked. */
EX_MUST_USE ex_code sealed_write(const struct vault *v, const char *name,
                                 const struct sealed_kind *kind, const uint8_t *data,
                                 size_t size_bytes, struct ex_error *err);
/* EX_NOT_FOUND, EX_ALTERED, EX_DENIED. The caller frees. */
EX_MUST_USE ex_code sealed_read(const struct vault *v, const char *name,
                                const struct sealed_kind *kind, uint8_t **ret,
                                size_t *ret_size_bytes, struct ex_error *err);

#endif
