/* SPDX-License-Identifier: Apache-2.0 */
/* An object apart from any vault (docs/format/object.md): its manifest as bytes, and its digests
 * computed from its bytes. What came from outside is compared with what a manifest says by these.
 */
#ifndef EXHIBIT_VAULT_OBJECT_H
#define EXHIBIT_VAULT_OBJECT_H

#include "vault/vault.h"

/* ---- manifests (format/object §6) ---- */

/* The caller frees *ret; its SHA-256 is the object id, set in o. */
EX_MUST_USE ex_code manifest_write(struct vault_object_info *o, uint8_t **ret, size_t *ret_size,
                                   struct ex_error *err);
/* Any bytes are safe; fills id as well. */
EX_MUST_USE ex_code manifest_parse(const uint8_t *data, size_t size_bytes,
                                   struct vault_object_info *ret, struct ex_error *err);

/* ---- digests of a stream (format/object §2) ---- */

struct object_digests {
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    uint8_t fsverity[SHA256_BYTES];
    uint8_t salted_root[SHA256_BYTES];
};

/* Threads: one hasher, one thread. */
struct object_hasher;
EX_MUST_USE ex_code object_hasher_new(const uint8_t salted_key[static 32],
                                      struct object_hasher **ret, struct ex_error *err);
EX_MUST_USE ex_code object_hasher_add(struct object_hasher *h, const void *data, size_t size_bytes,
                                      struct ex_error *err);
EX_MUST_USE ex_code object_hasher_end(struct object_hasher *h, struct object_digests *ret,
                                      struct ex_error *err);
void object_hasher_free(struct object_hasher *h); /* wipes the key */
EX_DEFINE_AUTO(struct object_hasher, object_hasher_free);

/* Are they the manifest's? */
bool object_digests_match(const struct object_digests *d, const struct vault_object_info *o);

#endif
