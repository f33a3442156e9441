/* SPDX-License-Identifier: Apache-2.0 */
/* An unlocked keyring, between keyring.c (what it is) and keyring_file.c (how it is on the disk).
 */
#ifndef EXHIBIT_VAULT_KEYRING_INTERNAL_H
#define EXHIBIT_VAULT_KEYRING_INTERNAL_H

#include "vault/keys_internal.h"

struct vault_keyring {
    struct sign_key *sign;
    uint8_t *box_secret;   /* locked memory */
    struct epochs *epochs; /* NULL: of a plain vault */
    /* Generation of the file on the disk (0: none yet), slots as they are now; `sealed`, nonce and
     * `locked` are stale after opening. */
    struct keyring_file file;
    uint8_t sha256[SHA256_BYTES]; /* of the file on the disk */
    bool opened;
    uint8_t opened_by[VAULT_SLOT_ID_BYTES];
    /* The next generation as it will be written; NULL: not sealed since the last change. */
    char *text;
    uint8_t text_sha256[SHA256_BYTES];
    uint8_t text_vault_id[VAULT_ID_BYTES];
};

/* Locked memory, for seal_secret_free(). */
EX_MUST_USE ex_code keyring_secret(size_t size_bytes, uint8_t **ret, struct ex_error *err);
/* EX_UNSUPPORTED: a slot of a kind that this program does not know. */
EX_MUST_USE ex_code keyring_check_known(const struct vault_keyring *k, struct ex_error *err);

#endif
