/* SPDX-License-Identifier: Apache-2.0 */
/* The epoch keys of an encrypted vault, unlocked (format/vault §7.2, §7.3): in locked memory, wiped
 * when they are freed. Everything that is encrypted has a key of its own, derived from the epoch
 * key that was the newest when it was written. Threads: reading is safe from several. */
#ifndef EXHIBIT_VAULT_EPOCHS_INTERNAL_H
#define EXHIBIT_VAULT_EPOCHS_INTERNAL_H

#include "base/error.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include <stddef.h>
#include <stdint.h>

enum { EPOCH_KEY_BYTES = 32, EPOCHS_MAX = 4096 };

struct epochs;

EX_MUST_USE ex_code epochs_new(struct epochs **ret, struct ex_error *err);
void epochs_free(struct epochs *e);
EX_DEFINE_AUTO(struct epochs, epochs_free);

/* Epochs are numbered from 1 without a gap (EX_FORMAT otherwise). The key is copied. */
EX_MUST_USE ex_code epochs_add(struct epochs *e, uint64_t number,
                               const uint8_t key[static EPOCH_KEY_BYTES], struct ex_error *err);
/* A random key for the next number. */
EX_MUST_USE ex_code epochs_add_random(struct epochs *e, struct ex_error *err);

size_t epochs_count(const struct epochs *e); /* 0 for NULL */
/* 0 for NULL and for none: what is written then is plain. */
uint64_t epochs_newest(const struct epochs *e);
/* In locked memory, until the next epochs_add() or epochs_free(); NULL: no such epoch. */
const uint8_t *epochs_key(const struct epochs *e, uint64_t number);

/* HKDF-SHA256(ikm = epoch key, salt, info). EX_DENIED: NULL, the vault is locked; EX_MISSING: the
 * keyring has no such epoch. The caller wipes ret. */
EX_MUST_USE ex_code epochs_derive(const struct epochs *e, uint64_t number, const uint8_t *salt,
                                  size_t salt_bytes, const char *info,
                                  uint8_t ret[static AEAD_KEY_BYTES], struct ex_error *err);

#endif
