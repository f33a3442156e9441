/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery code: a passphrase of 160 random bits that is kept on paper (format/recovery).
 *
 * 40 characters, eight groups of five, each with a check digit that finds any single wrong
 * character and any two that changed places. It says where somebody misread; whether the code is
 * the right one, only what it opens can say. Codes are in memory from sodium_malloc(); messages
 * never hold a character of one.
 */
#ifndef EXHIBIT_CRYPTO_RECOVERY_CODE_H
#define EXHIBIT_CRYPTO_RECOVERY_CODE_H

#include "base/error.h"
#include "base/mem.h"
#include <stddef.h>
#include <stdint.h>

enum {
    RECOVERY_CODE_SECRET_BYTES = 20,
    RECOVERY_CODE_GROUPS = 8,
    RECOVERY_CODE_GROUP_CHARS = 5,
    RECOVERY_CODE_CHARS = RECOVERY_CODE_GROUPS * RECOVERY_CODE_GROUP_CHARS,
    RECOVERY_CODE_PRINTED_CHARS = RECOVERY_CODE_CHARS + RECOVERY_CODE_GROUPS - 1
};

struct recovery_code {
    char text[RECOVERY_CODE_CHARS + 1];            /* the passphrase */
    char printed[RECOVERY_CODE_PRINTED_CHARS + 1]; /* with hyphens between the groups */
};

/* A new random one. recovery_code_free(). */
EX_MUST_USE ex_code recovery_code_generate(struct recovery_code **ret, struct ex_error *err);
/* The code of these 160 bits. */
EX_MUST_USE ex_code recovery_code_make(const uint8_t secret[static RECOVERY_CODE_SECRET_BYTES],
                                       struct recovery_code **ret, struct ex_error *err);
/* Reads what a person typed: small letters, spaces and hyphens, O for 0, I and L for 1 are
 * understood. EX_FORMAT names the first group that cannot be right. */
EX_MUST_USE ex_code recovery_code_parse(const char *typed, size_t size_bytes,
                                        struct recovery_code **ret, struct ex_error *err);
void recovery_code_free(struct recovery_code *c); /* wipes */
EX_DEFINE_AUTO(struct recovery_code, recovery_code_free);

#endif
