/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are written one after the other, each read again, hashed and brought onto the disk by
 * a thread of its own while the next bytes are written. */
#ifndef EXHIBIT_TRANSPORT_KEEPER_INTERNAL_H
#define EXHIBIT_TRANSPORT_KEEPER_INTERNAL_H

#include "base/error.h"
#include "base/mem.h"
#include "crypto/sha256.h"

struct keeper;

EX_MUST_USE ex_code keeper_new(struct keeper **ret, struct ex_error *err);
/* The next file, open for reading and writing: the keeper's from now on. `name` is for messages,
 * and the caller's. Waits while several files are not done with. Where its hash goes, too, is the
 * caller's: it stands there when the keeper has finished. */
EX_MUST_USE ex_code keeper_begin(struct keeper *k, int fd, const char *name,
                                 uint8_t ret_sha256[static SHA256_BYTES], struct ex_error *err);
/* Into the file that was begun last. */
EX_MUST_USE ex_code keeper_write(struct keeper *k, uint64_t offset, const void *data,
                                 size_t size_bytes, struct ex_error *err);
/* So many bytes of it will not change any more; ended: and these are all. A failure of the thread
 * comes with a later call. */
EX_MUST_USE ex_code keeper_settled(struct keeper *k, uint64_t size_bytes, bool ended,
                                   struct ex_error *err);
/* Waits until every file is hashed and on the disk. */
EX_MUST_USE ex_code keeper_finish(struct keeper *k, struct ex_error *err);
void keeper_free(struct keeper *k); /* ends the thread, closes the files */
EX_DEFINE_AUTO(struct keeper, keeper_free);

#endif
