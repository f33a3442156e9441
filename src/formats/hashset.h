/* SPDX-License-Identifier: Apache-2.0 */
/* A hash set in its compact form (docs/format/hash-set.md): which of these SHA-256 are in it?
 *
 * Every answer comes from bytes that were compared with the set's identity, its fs-verity digest:
 * header and index once, when it is opened, a page of hashes each time that it is read. What does
 * not agree is an error, EX_ALTERED, and never an answer. It promises nothing about what the
 * hashes are of, or whether they are right; that is known-files.md.
 *
 * Memory: half a byte for each hash of the set, and what a look-up is asked. Threads: a set belongs
 * to one thread at a time. The file may be read by several sets and processes at once.
 */
#ifndef EXHIBIT_FORMATS_HASHSET_H
#define EXHIBIT_FORMATS_HASHSET_H

#include "base/mem.h"
#include "base/progress.h"
#include <stdbool.h>

enum {
    HASHSET_PAGE_BYTES = 4096,
    HASHSET_HASH_BYTES = 32, /* SHA-256, whole */
    HASHSET_PAGE_HASHES = HASHSET_PAGE_BYTES / HASHSET_HASH_BYTES,
    HASHSET_TEXT_BYTES = 128, /* with a NUL */
    HASHSET_SOURCES_MAX = 48,
    HASHSET_HASHES_MAX = 1 << 30,
    HASHSET_LOOK_MAX = 1 << 20 /* in one look-up */
};

enum hashset_meaning { HASHSET_KNOWN = 1, HASHSET_NOTABLE = 2 };
/* "known", "notable"; of anything else "?". */
const char *hashset_meaning_word(enum hashset_meaning meaning);
bool hashset_meaning_parse(const char *word, enum hashset_meaning *ret);
/* What a header takes as a name or version: UTF-8 of fewer than HASHSET_TEXT_BYTES, nothing of it a
 * control character. */
bool hashset_text_fits(const char *text);

struct hashset_source {
    uint8_t sha256[32]; /* of the file, as it was read */
    uint64_t size_bytes;
    uint64_t hashes; /* that were taken from it, doubles counted */
    uint64_t unread; /* lines that could not be read */
};

struct hashset_head {
    enum hashset_meaning meaning;
    uint64_t hashes;
    char name[HASHSET_TEXT_BYTES], version[HASHSET_TEXT_BYTES]; /* the latter may be empty */
    size_t source_count;
    struct hashset_source source[HASHSET_SOURCES_MAX];
};

struct hashset;
/* Takes fd, a regular file opened for reading, over, also on failure. `name` is for messages.
 * identity NULL: any will do; hashset_identity() says which it is. EX_FORMAT: it is no such file;
 * EX_UNSUPPORTED: of a later version; EX_ALTERED: it has another identity. */
EX_MUST_USE ex_code hashset_open(int fd, const char *name, const uint8_t *identity,
                                 struct hashset **ret, struct ex_error *err);
void hashset_close(struct hashset *s);
EX_DEFINE_AUTO(struct hashset, hashset_close);
const struct hashset_head *hashset_head(const struct hashset *s);
const uint8_t *hashset_identity(const struct hashset *s); /* 32 bytes */

/* ret_listed[i]: hash[i] is in the set. At most HASHSET_LOOK_MAX; many at once cost far less each
 * than few, for each page is read once. On failure ret_listed says nothing. */
EX_MUST_USE ex_code hashset_look(struct hashset *s, const uint8_t (*hash)[HASHSET_HASH_BYTES],
                                 size_t count, bool *ret_listed, struct ex_error *err);

/* Every hash, ascending, from pages that were checked: `count` of them, until the call returns.
 * Nothing of the set is left unchecked when it returns EX_OK. fn may be NULL. */
typedef ex_code hashset_page_fn(void *context, const uint8_t (*hash)[HASHSET_HASH_BYTES],
                                size_t count, struct ex_error *err);
EX_MUST_USE ex_code hashset_each(struct hashset *s, hashset_page_fn *fn, void *context,
                                 struct ex_progress *progress, struct ex_error *err);

#endif
