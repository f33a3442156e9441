/* SPDX-License-Identifier: Apache-2.0 */
/* Making a hash set (docs/format/hash-set.md) of hashes that come in any order.
 *
 * They are sorted in memory, part by part, and the parts in an unlinked temporary file: memory is
 * what the caller gives, 64 KiB for each part, and half a byte for each hash of the set. The same
 * hashes and the same head give the same bytes. Threads: a maker belongs to one thread at a time.
 */
#ifndef EXHIBIT_FORMATS_HASHSET_MAKE_H
#define EXHIBIT_FORMATS_HASHSET_MAKE_H

#include "formats/hashset.h"

struct hashset_maker;
/* dir_fd, the caller's, is where the temporary file is made, when one is needed. memory_bytes: for
 * sorting, at least 4096. */
EX_MUST_USE ex_code hashset_make_begin(int dir_fd, size_t memory_bytes, struct hashset_maker **ret,
                                       struct ex_error *err);
void hashset_maker_free(struct hashset_maker *m);
EX_DEFINE_AUTO(struct hashset_maker, hashset_maker_free);
/* EX_LIMIT: more than can be sorted; EX_SPACE, EX_IO. */
EX_MUST_USE ex_code hashset_make_add(struct hashset_maker *m,
                                     const uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count,
                                     struct ex_error *err);
/* Writes the set into fd, an empty file, and syncs it. head->hashes is set; everything else of the
 * head is the caller's, and as hashset_text_fits() says. EX_LIMIT: more than HASHSET_HASHES_MAX.
 * The maker is of no further use. */
EX_MUST_USE ex_code hashset_make_end(struct hashset_maker *m, struct hashset_head *head, int fd,
                                     struct ex_progress *progress, uint8_t ret_identity[static 32],
                                     struct ex_error *err);

#endif
