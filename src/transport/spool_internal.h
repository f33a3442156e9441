/* SPDX-License-Identifier: Apache-2.0 */
/* A file without a name, for what must be whole before it can be packed.
 *
 * It lies where there was to be room for the result, is taken from its folder before the first byte
 * is in it, and its room is free again when it is closed, however the program ends. What is in it
 * is enciphered under a key that is in memory alone, because the bytes may be those of an encrypted
 * vault, and that disk may be sent away. It is not authenticated: who reads it compares hashes.
 * Threads: one at a time.
 */
#ifndef EXHIBIT_TRANSPORT_SPOOL_INTERNAL_H
#define EXHIBIT_TRANSPORT_SPOOL_INTERNAL_H

#include "base/error.h"
#include "base/mem.h"

struct spool;

/* In the folder of the file `beside`. */
EX_MUST_USE ex_code spool_new(const char *beside, struct spool **ret, struct ex_error *err);
/* Also over what is there. EX_SPACE. */
EX_MUST_USE ex_code spool_write(struct spool *s, uint64_t offset, const void *data,
                                size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code spool_read(struct spool *s, uint64_t offset, void *to, size_t size_bytes,
                               struct ex_error *err);
int spool_fd(const struct spool *s); /* for tests: what lies on the disk */
void spool_free(struct spool *s);
EX_DEFINE_AUTO(struct spool, spool_free);

#endif
