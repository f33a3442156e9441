/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on everything that somebody else controls, by name. The format pages repeat those that
 * belong to a format. */
#ifndef EXHIBIT_BASE_LIMITS_H
#define EXHIBIT_BASE_LIMITS_H

#include <stddef.h>

#define EX_LIMIT_CONFIG_BYTES      ((size_t)1 << 20)  /* vault.json, key files, keyring, checkpoint */
#define EX_LIMIT_ENTRY_BYTES       ((size_t)65535)    /* one ledger entry (C2SP tlog-tiles) */
#define EX_LIMIT_BODY_BYTES        ((size_t)16 << 20) /* one ledger body */
#define EX_LIMIT_RECORD_BYTES      ((size_t)64 << 20) /* one pack record, decoded or stored */
#define EX_LIMIT_PACK_BYTES        ((size_t)1 << 32)  /* one pack file */
#define EX_LIMIT_MANIFEST_BYTES    EX_LIMIT_RECORD_BYTES /* one object manifest */
#define EX_LIMIT_LAYOUT_BYTES      ((size_t)1 << 30)  /* what a reader keeps of one object's layout */
#define EX_LIMIT_PARITY_LIST_BYTES ((size_t)5 << 20)  /* hashes of one parity file */
#define EX_LIMIT_UNREADABLE_RANGES ((size_t)1 << 20)  /* unreadable ranges of one object */
#define EX_LIMIT_TEXT_BYTES        ((size_t)4096)     /* one name, title, label or reason */
#define EX_LIMIT_PASSPHRASE_BYTES  ((size_t)4096)

#endif
