/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite on encrypted files (format/catalog, "Encrypted"): a VFS that stands between SQLite's pager
 * and its unix VFS and stores each file as sealed blocks.
 *
 * It makes two kinds of file, the database and its rollback journal, and refuses every other, so
 * that nothing is ever written in clear. There is no shared memory and so no WAL mode. Locks are
 * the unix VFS's own. It does not hide sizes or times, and an old block put back in its own place
 * passes: whoever relies on the catalog as a witness is wrong anyway.
 *
 * A block that is not what was written under this key makes SQLite fail with SQLITE_IOERR_AUTH.
 * Threads: a cipher belongs to one connection, and that to one thread at a time. */
#ifndef EXHIBIT_CATALOG_CIPHER_INTERNAL_H
#define EXHIBIT_CATALOG_CIPHER_INTERNAL_H

#include "base/error.h"
#include <sqlite3.h>
#include <stdint.h>

enum {
    CIPHER_KEY_BYTES = 32,
    CIPHER_BLOCK_BYTES = 4096, /* also SQLite's page and sector */
    CIPHER_NONCE_BYTES = 24,
    CIPHER_TAG_BYTES = 16,
    CIPHER_EXTRA_BYTES = CIPHER_NONCE_BYTES + CIPHER_TAG_BYTES,
    CIPHER_STORED_BYTES = CIPHER_BLOCK_BYTES + CIPHER_EXTRA_BYTES
};

struct cipher;

/* The key is copied into locked memory. */
EX_MUST_USE ex_code cipher_new(const uint8_t key[static CIPHER_KEY_BYTES], struct cipher **ret,
                               struct ex_error *err);
/* NULL: no effect. After every connection that it opened was closed. Wipes the key. */
void cipher_free(struct cipher *c);

/* As sqlite3_open_v2(), one connection at a time: *ret is to be closed whatever is returned. */
EX_MUST_USE int cipher_open(struct cipher *c, const char *path, int flags, sqlite3 **ret);

#endif
