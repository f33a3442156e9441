/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery sheet: one page of paper that opens a vault when a passphrase is lost
 * (format/recovery §4).
 *
 * HTML for a browser's print command (A4, no scripts, nothing loaded from anywhere), or plain text.
 * Texts of the sheet go through gettext; names are the user's and are escaped. What is given is
 * taken at its word: nothing is checked against a vault.
 *
 * The sheet holds a secret: it is made in memory from sodium_malloc(). libqrencode works in
 * ordinary memory, which it frees without wiping.
 */
#ifndef EXHIBIT_REPORT_RECOVERY_SHEET_H
#define EXHIBIT_REPORT_RECOVERY_SHEET_H

#include "base/error.h"
#include "crypto/recovery_code.h"
#include <stdint.h>

struct recovery_sheet {
    const char *vault_id;  /* hex */
    const char *origin;    /* of the ledger */
    const char *vault_key; /* vkey */
    const char *agency;
    const char *officer_name, *officer_id; /* who had it made; id in hex */
    const char *officer_key;               /* public, base64 */
    const char *slot;                      /* of the keyring, as `exhibit key list` names it */
    int64_t created_ns;
    const struct recovery_code *code;
};

enum recovery_sheet_kind { RECOVERY_SHEET_HTML, RECOVERY_SHEET_TEXT };

/* *ret_bytes without the NUL behind it; *ret is for seal_secret_free(). */
EX_MUST_USE ex_code recovery_sheet_make(const struct recovery_sheet *sheet,
                                        enum recovery_sheet_kind kind, char **ret,
                                        size_t *ret_bytes, struct ex_error *err);

#endif
