/* SPDX-License-Identifier: Apache-2.0 */
/* format/catalog, "Encrypted". SQLite reads and writes any range of a file; here it becomes whole
 * blocks, each of which is read, opened, changed, sealed under a new nonce and written.
 *
 * Why a crash does not tear what is needed for undoing: SQLite is told that a sector has the size
 * of a block and that nothing is safe but what was synchronised (xSectorSize,
 * xDeviceCharacteristics). So it gives a journal's head a sector of its own, begins another part of
 * the journal in a new one, and file_sync() fills the last block up before. No block with records
 * is written again once it was synchronised.
 */
#include "catalog/cipher_internal.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/secret.h"
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

_Static_assert(CIPHER_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(CIPHER_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(CIPHER_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

#define LABEL "exhibit-catalog-v1"

enum kind { KIND_MAIN = 0, KIND_JOURNAL = 1 };
enum { AD_BYTES = sizeof LABEL + 1 + 8, JOURNAL_END_BYTES = 16, MAGIC_BYTES = 8 };

struct secrets {
    uint8_t key[CIPHER_KEY_BYTES];
    uint8_t plain[CIPHER_BLOCK_BYTES]; /* the block at hand */
};

struct cipher {
    sqlite3_vfs vfs;
    sqlite3_vfs *unix_vfs;
    struct secrets *secrets; /* sodium_malloc() */
    uint8_t stored[CIPHER_STORED_BYTES];
    char name[48];
};

struct cipher_file {
    sqlite3_file base;
    struct cipher *cipher;
    enum kind kind;
    int lock;     /* SQLITE_LOCK_… that this connection holds */
    bool written; /* since it was last synchronised */
    sqlite3_file *real;
};

static struct cipher_file *file_of(sqlite3_file *file) {
    return (struct cipher_file *)(void *)file;
}

/* ---- blocks ---- */

static void associate(const struct cipher_file *f, uint64_t block, uint8_t to[static AD_BYTES]) {
    memcpy(to, LABEL, sizeof LABEL); /* with its NUL */
    to[sizeof LABEL] = (uint8_t)f->kind;
    ex_put_le64(to + sizeof LABEL + 1, block);
}

/* Decrypted size. A rest that is too short for a block is what an interrupted write left. */
static int logical_size(struct cipher_file *f, uint64_t *ret) {
    sqlite3_int64 stored = 0;
    int rc = f->real->pMethods->xFileSize(f->real, &stored);
    if (rc != SQLITE_OK)
        return rc;
    uint64_t rest = (uint64_t)stored % CIPHER_STORED_BYTES;
    *ret = (uint64_t)stored / CIPHER_STORED_BYTES * CIPHER_BLOCK_BYTES;
    if (rest > CIPHER_EXTRA_BYTES)
        *ret += rest - CIPHER_EXTRA_BYTES;
    return SQLITE_OK;
}

static size_t block_length(uint64_t block, uint64_t size) {
    uint64_t start = block * CIPHER_BLOCK_BYTES;
    if (start >= size)
        return 0;
    return size - start < CIPHER_BLOCK_BYTES ? (size_t)(size - start) : CIPHER_BLOCK_BYTES;
}

static sqlite3_int64 stored_at(uint64_t block) {
    return (sqlite3_int64)(block * CIPHER_STORED_BYTES);
}

/* Into secrets->plain. */
static int load(struct cipher_file *f, uint64_t block, size_t length) {
    struct cipher *c = f->cipher;
    uint8_t ad[AD_BYTES];
    int rc = f->real->pMethods->xRead(f->real, c->stored, (int)(length + CIPHER_EXTRA_BYTES),
                                      stored_at(block));
    if (rc != SQLITE_OK)
        return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_AUTH : rc; /* it just became shorter */
    associate(f, block, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            c->secrets->plain, NULL, NULL, c->stored + CIPHER_NONCE_BYTES,
            length + CIPHER_TAG_BYTES, ad, sizeof ad, c->stored, c->secrets->key) != 0)
        return SQLITE_IOERR_AUTH;
    return SQLITE_OK;
}

static int store(struct cipher_file *f, uint64_t block, size_t length) {
    struct cipher *c = f->cipher;
    uint8_t ad[AD_BYTES];
    associate(f, block, ad);
    randombytes_buf(c->stored, CIPHER_NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(c->stored + CIPHER_NONCE_BYTES, NULL,
                                                     c->secrets->plain, length, ad, sizeof ad, NULL,
                                                     c->stored, c->secrets->key);
    return f->real->pMethods->xWrite(f->real, c->stored, (int)(length + CIPHER_EXTRA_BYTES),
                                     stored_at(block));
}

/* One block's part of a write. from NULL: zeros. `has`: its length so far. */
static int change_block(struct cipher_file *f, uint64_t block, size_t has, const uint8_t *from,
                        size_t at, size_t length) {
    uint8_t *plain = f->cipher->secrets->plain;
    bool whole = at == 0 && length >= has;
    if (!whole && has > 0) {
        int rc = load(f, block, has);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (at > has)
        memset(plain + has, 0, at - has);
    if (from != NULL)
        memcpy(plain + at, from, length);
    else
        memset(plain + at, 0, length);
    return store(f, block, at + length > has ? at + length : has);
}

static int change(struct cipher_file *f, uint64_t size, const uint8_t *from, uint64_t offset,
                  uint64_t length) {
    while (length > 0) {
        uint64_t block = offset / CIPHER_BLOCK_BYTES;
        size_t at = (size_t)(offset % CIPHER_BLOCK_BYTES), room = CIPHER_BLOCK_BYTES - at;
        size_t part = length < room ? (size_t)length : room;
        int rc = change_block(f, block, block_length(block, size), from, at, part);
        if (rc != SQLITE_OK)
            return rc;
        from = from == NULL ? NULL : from + part;
        offset += part;
        length -= part;
    }
    return SQLITE_OK;
}

/* ---- a file ---- */

/* SQLite looks at the first bytes of a database before it has a lock, only to learn the page size,
 * and looks again with one. Without a lock somebody else may be in the middle of that block. */
static bool may_be_torn(const struct cipher_file *f) {
    return f->kind == KIND_MAIN && f->lock == SQLITE_LOCK_NONE;
}

/* The end of a journal names the journal above it, when a transaction has several databases. Ours
 * has one; and after a crash this end need not have reached the disk, unlike what is undone. */
static bool is_journal_end(const struct cipher_file *f, uint64_t size, uint64_t offset,
                           size_t length) {
    return f->kind == KIND_JOURNAL && length == 4 && size >= JOURNAL_END_BYTES &&
           offset == size - JOURNAL_END_BYTES;
}

static int read_blocks(struct cipher_file *f, uint64_t size, uint8_t *to, uint64_t offset,
                       size_t length) {
    while (length > 0) {
        uint64_t block = offset / CIPHER_BLOCK_BYTES;
        size_t at = (size_t)(offset % CIPHER_BLOCK_BYTES), has = block_length(block, size);
        if (at >= has)
            return SQLITE_IOERR_SHORT_READ; /* the rest is zeros */
        int rc = load(f, block, has);
        if (rc != SQLITE_OK)
            return rc;
        size_t part = length < has - at ? length : has - at;
        memcpy(to, f->cipher->secrets->plain + at, part);
        to += part;
        offset += part;
        length -= part;
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int length, sqlite3_int64 offset) {
    struct cipher_file *f = file_of(file);
    uint64_t size;
    memset(to, 0, (size_t)length);
    if (may_be_torn(f))
        return SQLITE_IOERR_SHORT_READ;
    int rc = logical_size(f, &size);
    if (rc != SQLITE_OK)
        return rc;
    if (is_journal_end(f, size, (uint64_t)offset, (size_t)length))
        return SQLITE_OK;
    rc = read_blocks(f, size, to, (uint64_t)offset, (size_t)length);
    if (rc == SQLITE_IOERR_AUTH && f->kind == KIND_JOURNAL && length == 1) {
        /* "Is there something to undo?", asked while the journal's owner may be writing that
         * block. "Maybe" makes SQLite take the lock that tells, and read again. */
        *(uint8_t *)to = 1;
        return SQLITE_OK;
    }
    /* SQLite takes records that are not there for ones that were never synchronised. Here those
     * that a head names always were. (1 and MAGIC_BYTES: is there a head at all?) */
    if (rc == SQLITE_IOERR_SHORT_READ && f->kind == KIND_JOURNAL && length != 1 &&
        length != MAGIC_BYTES)
        return SQLITE_IOERR_AUTH;
    return rc;
}

/* A new journal begins with its head. What an interrupted one left there, which had nothing to
 * undo, goes: its blocks may be torn, and could not be changed. */
static int begin_journal(struct cipher_file *f, sqlite3_int64 offset, int length) {
    if (f->kind != KIND_JOURNAL || offset != 0 || length != CIPHER_BLOCK_BYTES)
        return SQLITE_OK;
    return f->real->pMethods->xTruncate(f->real, 0);
}

static int file_write(sqlite3_file *file, const void *from, int length, sqlite3_int64 offset) {
    struct cipher_file *f = file_of(file);
    uint64_t size, start = (uint64_t)offset;
    int rc = begin_journal(f, offset, length);
    if (rc == SQLITE_OK)
        rc = logical_size(f, &size);
    f->written = true;
    if (rc == SQLITE_OK && start > size) { /* no holes: a block is there or it is not */
        rc = change(f, size, NULL, size, start - size);
        size = start;
    }
    return rc == SQLITE_OK ? change(f, size, from, start, (uint64_t)length) : rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 wanted) {
    struct cipher_file *f = file_of(file);
    uint64_t size, block = (uint64_t)wanted / CIPHER_BLOCK_BYTES;
    size_t rest = (size_t)((uint64_t)wanted % CIPHER_BLOCK_BYTES);
    int rc = logical_size(f, &size);
    if (rc == SQLITE_OK && (uint64_t)wanted > size)
        return SQLITE_IOERR_TRUNCATE; /* SQLite never asks for that */
    if (rc == SQLITE_OK && rest > 0)
        rc = load(f, block, block_length(block, size));
    if (rc == SQLITE_OK)
        rc = f->real->pMethods->xTruncate(f->real, stored_at(block));
    return rc == SQLITE_OK && rest > 0 ? store(f, block, rest) : rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
    uint64_t size = 0;
    int rc = logical_size(file_of(file), &size);
    *ret = (sqlite3_int64)size;
    return rc;
}

static int file_close(sqlite3_file *file) {
    struct cipher_file *f = file_of(file);
    return f->real->pMethods->xClose(f->real);
}

static int file_sync(sqlite3_file *file, int flags) {
    struct cipher_file *f = file_of(file);
    uint64_t size = 0;
    int rc = f->kind == KIND_JOURNAL && f->written ? logical_size(f, &size) : SQLITE_OK;
    f->written = false; /* somebody else's torn end, synchronised before it is undone, stays */
    if (rc == SQLITE_OK && size % CIPHER_BLOCK_BYTES != 0) /* zeros name no record */
        rc = change(f, size, NULL, size, CIPHER_BLOCK_BYTES - size % CIPHER_BLOCK_BYTES);
    if (rc != SQLITE_OK)
        return rc;
    return f->real->pMethods->xSync(f->real, flags);
}

static int file_lock(sqlite3_file *file, int level) {
    struct cipher_file *f = file_of(file);
    int rc = f->real->pMethods->xLock(f->real, level);
    /* Refused on the way to EXCLUSIVE it may hold PENDING; that it reads under SHARED stays true.
     */
    if (rc == SQLITE_OK && level > f->lock)
        f->lock = level;
    return rc;
}

static int file_unlock(sqlite3_file *file, int level) {
    struct cipher_file *f = file_of(file);
    if (level < f->lock)
        f->lock = level;
    return f->real->pMethods->xUnlock(f->real, level);
}

static int file_check_lock(sqlite3_file *file, int *ret) {
    struct cipher_file *f = file_of(file);
    return f->real->pMethods->xCheckReservedLock(f->real, ret);
}

/* Nothing that would let the real file and its blocks go apart. HAS_MOVED keeps a connection whose
 * file was deleted from writing a journal beside the next one. */
static int file_control(sqlite3_file *file, int operation, void *argument) {
    struct cipher_file *f = file_of(file);
    if (operation != SQLITE_FCNTL_HAS_MOVED)
        return SQLITE_NOTFOUND;
    return f->real->pMethods->xFileControl(f->real, operation, argument);
}

static int file_sector_size(sqlite3_file *file) {
    return CIPHER_BLOCK_BYTES;
}

static int file_characteristics(sqlite3_file *file) {
    return 0;
}

/* Version 1: no shared memory, no mapping. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* ---- the VFS ---- */

static sqlite3_vfs *unix_of(sqlite3_vfs *vfs) {
    return ((struct cipher *)vfs->pAppData)->unix_vfs;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags) {
    struct cipher_file *f = file_of(file);
    *f = (struct cipher_file){.cipher = vfs->pAppData, .real = (sqlite3_file *)(void *)(f + 1)};
    memset(f->real, 0, (size_t)f->cipher->unix_vfs->szOsFile);
    if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0)
        f->kind = KIND_JOURNAL;
    else if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
        return SQLITE_CANTOPEN; /* anything else would be a temporary file */
    int rc = f->cipher->unix_vfs->xOpen(f->cipher->unix_vfs, name, f->real, flags, ret_flags);
    if (rc == SQLITE_OK)
        f->base.pMethods = &file_methods;
    else if (f->real->pMethods != NULL)
        (void)f->real->pMethods->xClose(f->real);
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
    return unix_of(vfs)->xDelete(unix_of(vfs), name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    return unix_of(vfs)->xAccess(unix_of(vfs), name, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *ret) {
    return unix_of(vfs)->xFullPathname(unix_of(vfs), name, size, ret);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret) {
    return unix_of(vfs)->xRandomness(unix_of(vfs), size, ret);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    return unix_of(vfs)->xSleep(unix_of(vfs), microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *ret) {
    return unix_of(vfs)->xCurrentTime(unix_of(vfs), ret);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret) {
    return unix_of(vfs)->xGetLastError(unix_of(vfs), size, ret);
}

static sqlite3_vfs make_vfs(struct cipher *c) {
    return (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct cipher_file) + c->unix_vfs->szOsFile,
        .mxPathname = c->unix_vfs->mxPathname,
        .zName = c->name,
        .pAppData = c,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
}

ex_code cipher_new(const uint8_t key[static CIPHER_KEY_BYTES], struct cipher **ret,
                   struct ex_error *err) {
    struct secrets *secrets;
    sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");
    if (unix_vfs == NULL)
        return ex_fail(err, EX_INTERNAL, "SQLite has no unix files");
    EX_TRY(secret_alloc(sizeof *secrets, "the catalog's key", &secrets, err));
    memcpy(secrets->key, key, sizeof secrets->key);
    struct cipher *c = ex_new0(struct cipher);
    c->secrets = secrets;
    c->unix_vfs = unix_vfs;
    (void)snprintf(c->name, sizeof c->name, "exhibit-catalog-%p", (void *)c);
    c->vfs = make_vfs(c);
    *ret = c;
    return EX_OK;
}

void cipher_free(struct cipher *c) {
    if (c == NULL)
        return;
    sodium_free(c->secrets);
    free(c);
}

/* SQLite wants a VFS by name, so it has one for this moment; afterwards the connection holds the
 * pointer. Each cipher has its own: no key is ever looked up. */
int cipher_open(struct cipher *c, const char *path, int flags, sqlite3 **ret) {
    int rc = sqlite3_vfs_register(&c->vfs, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(path, ret, flags, c->name);
    (void)sqlite3_vfs_unregister(&c->vfs);
    return rc;
}
