/* SPDX-License-Identifier: Apache-2.0 */
/* An object of a vault, pulled from its first byte to its last: what vault_stream() pushes, for
 * those who want to take it. A thread reads ahead by one piece. The bytes are those that
 * vault_stream() promises; a damaged piece ends it with EX_ALTERED or EX_MISSING.
 *
 * The handle of the vault belongs to it from opening to closing: whoever puts meanwhile needs
 * another one.
 */
#ifndef EXHIBIT_COLLECT_HELD_H
#define EXHIBIT_COLLECT_HELD_H

#include "vault/vault.h"

struct held;
/* v and object outlive it. */
EX_MUST_USE ex_code held_open(struct vault *v, const struct vault_object_info *object,
                              struct held **ret, struct ex_error *err);
/* A source_pull_fn, of a struct held. */
EX_MUST_USE ex_code held_pull(void *context, uint8_t *to, size_t size_bytes, size_t *ret_got,
                              struct ex_error *err);
void held_close(struct held *h);
EX_DEFINE_AUTO(struct held, held_close);

#endif
