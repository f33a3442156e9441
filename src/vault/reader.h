/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an object here and there, instead of from its beginning to its end (vault.h).
 *
 * Every chunk that a read touches is compared with its id before its bytes are given, as in
 * vault_stream(); what was decoded last is kept for the next read. Where a chunk is damaged or gone
 * a read fails for that place, other copies of it having been tried. Ranges of the object that were
 * not readable when it was collected are zeros: its manifest lists them, and that is the caller's
 * to look at.
 *
 * Threads: one reader, one thread at a time; readers of one vault may be used side by side, as long
 * as nobody else uses the vault's handle meanwhile. Memory: a row for each node of the layout, and
 * what is kept of nodes and records (a few MiB).
 */
#ifndef EXHIBIT_VAULT_READER_H
#define EXHIBIT_VAULT_READER_H

#include "vault/vault.h"

struct vault_reader;

/* `object` is copied as far as it is needed. EX_ALTERED, EX_MISSING: the layout's upper nodes. */
EX_MUST_USE ex_code vault_reader_open(struct vault *v, const struct vault_object_info *object,
                                      struct vault_reader **ret, struct ex_error *err);
void vault_reader_close(struct vault_reader *r);
EX_DEFINE_AUTO(struct vault_reader, vault_reader_close);

uint64_t vault_reader_size(const struct vault_reader *r);

/* Exactly size_bytes, inside the object. EX_ALTERED, EX_MISSING: some of them cannot be had; the
 * text names the first such byte. */
EX_MUST_USE ex_code vault_reader_read(struct vault_reader *r, uint64_t offset, uint8_t *to,
                                      size_t size_bytes, struct ex_error *err);

/* What the object is made of, without reading it (format/object §4, §5). */
struct vault_stretch {
    bool constant;
    uint8_t value;               /* constant */
    uint8_t chunk[SHA256_BYTES]; /* otherwise */
    uint64_t offset;             /* in the chunk */
    uint64_t length;
};
typedef ex_code vault_stretch_fn(void *context, const struct vault_stretch *s,
                                 struct ex_error *err);
/* Each stretch of a range, in order. Says nothing of whether its bytes can be had. */
EX_MUST_USE ex_code vault_reader_each(struct vault_reader *r, uint64_t offset, uint64_t length,
                                      vault_stretch_fn *each, void *context, struct ex_error *err);

#endif
