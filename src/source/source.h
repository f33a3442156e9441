/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: what is collected from, behind one read-only interface.
 *
 * Nothing here can write: files are opened read-only and without touching their access time where
 * the system allows that. Today: a regular file taken as a raw image, and standard input. A source
 * gives its bytes once, from the first to the last. A range that the system cannot read is given
 * as zero bytes and listed, down to the sector (512 bytes), and reading goes on behind it.
 *
 * Threads: one thread at a time, except for source_stop().
 */
#ifndef EXHIBIT_SOURCE_SOURCE_H
#define EXHIBIT_SOURCE_SOURCE_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum source_kind { SOURCE_FILE, SOURCE_STDIN };
enum { SOURCE_SECTOR_BYTES = 512 };

struct source;

struct source_range {
    uint64_t offset;
    uint64_t length;
};

/* What identifies a source, as the system told it; times in nanoseconds UTC. For standard input
 * only kind and path ("-") mean anything. */
struct source_identity {
    enum source_kind kind;
    const char *path; /* raw bytes as given; lives as long as the source */
    uint64_t size_bytes;
    uint64_t device, inode;
    uint32_t mode;
    int64_t modified_ns, changed_ns, accessed_ns;
};

/* path "-" is standard input. EX_UNSUPPORTED for directories, devices and the rest. */
EX_MUST_USE ex_code source_open(const char *path, struct source **ret, struct ex_error *err);
void source_close(struct source *s);
EX_DEFINE_AUTO(struct source, source_close);

void source_identity(const struct source *s, struct source_identity *ret);

/* Up to size_bytes; *ret_got 0 is the end. A regular file is read to the size that it had when it
 * was opened. */
EX_MUST_USE ex_code source_read(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                                struct ex_error *err);

/* From any thread: a source_read() that waits for more of standard input, now or later, ends soon
 * with EX_INTERRUPTED. */
void source_stop(struct source *s);

/* Unreadable ranges so far: ascending, merged; the source's. */
const struct source_range *source_unreadable(const struct source *s, size_t *ret_count);

/* After the last read: is it still what it was? EX_SOURCE when it grew, shrank, was written to, or
 * is no longer at its path. *ret_after (may be NULL) gets the identity as it is now. */
EX_MUST_USE ex_code source_check_unchanged(struct source *s, struct source_identity *ret_after,
                                           struct ex_error *err);

/* For tests: every read that touches [offset, offset + length) of this source fails with EIO, as a
 * bad sector would. */
void source_inject_error(struct source *s, uint64_t offset, uint64_t length);

#endif
