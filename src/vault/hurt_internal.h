/* SPDX-License-Identifier: Apache-2.0 */
/* Where a check found stored bytes damaged: by pack and place. */
#ifndef EXHIBIT_VAULT_HURT_INTERNAL_H
#define EXHIBIT_VAULT_HURT_INTERNAL_H

#include "vault/vault_internal.h"

EX_MUST_USE ex_code hurt_new(struct vault_hurt **ret, struct ex_error *err);
/* [offset, offset + length) of this pack holds no record that can be relied on. `why` is shortened
 * when it is long. Offsets of one pack come in ascending order. */
EX_MUST_USE ex_code hurt_add(struct vault_hurt *h, const uint8_t pack[static VAULT_PACK_ID_BYTES],
                             uint64_t offset, uint64_t length, const char *why,
                             struct ex_error *err);
/* Why the record at this place cannot be relied on; NULL: nothing is known against it. */
const char *hurt_why(const struct vault_hurt *h, const uint8_t pack[static VAULT_PACK_ID_BYTES],
                     uint32_t offset);

#endif
