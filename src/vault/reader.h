/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an object here and there, instead of from its beginning to its end (vault.h).
 *
 * Every chunk that a read touches is compared with its id before its bytes are given, as in
 * vault_stream(); what was decoded last is kept for the next read. Where a chunk or a node of the
 * layout is damaged or gone, other copies of it having been tried, a read of that place fails, and
 * all other places are read. Ranges of the object that were not readable when it was collected are
 * zeros: its manifest lists them, and that is the caller's to look at.
 *
 * Threads: one reader, one thread at a time; readers of one vault may be opened, used and closed
 * side by side, as long as nobody uses the vault's handle otherwise meanwhile (vault_object() is
 * allowed). Memory: 48 bytes for each node of the layout (of which 10 TB of files have about a
 * million), up to 32 MiB of records, up to 4 MiB of nodes.
 */
#ifndef EXHIBIT_VAULT_READER_H
#define EXHIBIT_VAULT_READER_H

#include "crypto/sha256.h"
#include "vault/vault.h"

struct vault_reader;

/* Reads the layout's upper nodes. Those that cannot be had make no failure: a read or
 * vault_reader_each() of what they span does. `object` is copied as far as it is needed; the vault
 * outlives the reader. EX_DENIED: the vault is locked. */
EX_MUST_USE ex_code vault_reader_open(struct vault *v, const struct vault_object_info *object,
                                      struct vault_reader **ret, struct ex_error *err);
void vault_reader_close(struct vault_reader *r);
EX_DEFINE_AUTO(struct vault_reader, vault_reader_close);

uint64_t vault_reader_size(const struct vault_reader *r);

/* Exactly size_bytes. EX_USAGE: they are not all inside the object. EX_ALTERED, EX_MISSING, or
 * another code of the disk's (EX_IO, EX_UNSUPPORTED): some of them cannot be had. The text names
 * the first such byte, vault_reader_damage() the stretch that it is in; the bytes before it have
 * been read, those after it are undefined. */
EX_MUST_USE ex_code vault_reader_read(struct vault_reader *r, uint64_t offset, uint8_t *to,
                                      size_t size_bytes, struct ex_error *err);
/* The same bytes go into `hash`, from where it stands, without being copied, and the first
 * head_bytes of them (or all, where there are fewer) to `head`, which may be NULL. After a failure
 * the hash is of no use. */
EX_MUST_USE ex_code vault_reader_hash(struct vault_reader *r, uint64_t offset, uint64_t size_bytes,
                                      struct sha256 *hash, uint8_t *head, size_t head_bytes,
                                      struct ex_error *err);
/* The whole chunk, or all that a node of the layout spans, on account of which the last call that
 * failed so did. Length 0: none has. */
const struct vault_damage *vault_reader_damage(const struct vault_reader *r);

/* What the object is made of, without reading it (format/object §4, §5). */
struct vault_stretch {
    bool constant;
    uint8_t value;               /* constant */
    uint8_t chunk[SHA256_BYTES]; /* otherwise */
    uint64_t chunk_length;       /* all of it */
    uint64_t offset;             /* in the chunk */
    uint64_t length;
};
typedef ex_code vault_stretch_fn(void *context, const struct vault_stretch *s,
                                 struct ex_error *err);
/* Each stretch of a range, in order; says nothing of whether its bytes can be had. Fails as a read
 * does, for the layout's own damage, once it gets there. `each` may use the reader. */
EX_MUST_USE ex_code vault_reader_each(struct vault_reader *r, uint64_t offset, uint64_t length,
                                      vault_stretch_fn *each, void *context, struct ex_error *err);

#endif
