/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_TRANSPORT_EXPORT_INTERNAL_H
#define EXHIBIT_TRANSPORT_EXPORT_INTERNAL_H

#include "vault/vault.h"

/* The error for a piece that cannot be given, with a hint. */
ex_code export_fail_damaged(const struct vault_piece *piece, struct ex_error *err);

#endif
