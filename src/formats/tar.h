/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives of packages: POSIX ustar with pax extended headers, as a stream in both directions.
 *
 * Source: IEEE Std 1003.1-2017, pax, "ustar Interchange Format" and "pax Extended Header". Notes
 * on what other programs write: GNU tar 1.34, libarchive 3.6, Python 3.11.
 *
 * The writer gives the same bytes for the same members: owner 0, no names of owners, the times that
 * it is told. Any tar of the last twenty years reads them.
 *
 * The reader is for packages and much stricter than a tar for everything. Regular files and
 * directories come in; links, devices, sparse files and every other kind are refused by name, so
 * are names that lead out of the directory, that stand there twice or would be one file on another
 * system, and headers that say a thing twice and differently. What it refuses, it refuses for ever:
 * after an error every call fails. It opens and creates nothing: a member's name is only text.
 * It promises nothing about what stands in the members, nor that the archive is the sender's.
 *
 * Sizes are in bytes, times in seconds since 1970. Threads: one writer or reader belongs to one
 * thread at a time.
 *
 * Errors: EX_ALTERED when the archive was cut short (the text says so); EX_FORMAT when it is no
 * archive of this kind, damaged, or holds what is refused; EX_LIMIT for what is too large; what the
 * callback gives is passed on.
 */
#ifndef EXHIBIT_FORMATS_TAR_H
#define EXHIBIT_FORMATS_TAR_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TAR_BLOCK_BYTES = 512,
    TAR_PATH_BYTES_MAX = 4096,   /* in 64 parts of 255 at most */
    TAR_PAX_BYTES_MAX = 16384,   /* one extended header */
    TAR_GLOBAL_HEADERS_MAX = 16, /* in one archive */
    TAR_MEMBERS_MAX = 1 << 20,   /* unless the policy says otherwise */
    TAR_END_BYTES_MAX = 1 << 20  /* zeros behind the end, for the record size of tapes */
};

struct tar_member {
    const char *path; /* UTF-8, no slash at its end */
    bool directory;
    uint64_t size_bytes; /* 0 for a directory */
    int64_t mtime_s;
    uint32_t mode; /* the bits 07777 as stated; nobody needs to obey them */
};

/* ---- writing ---- */

typedef ex_code (*tar_write_fn)(void *context, const void *data, size_t size_bytes,
                                struct ex_error *err);

/* By value, nothing to free: tar_writer_init() or all zero but `write` and `context`. */
struct tar_writer {
    tar_write_fn write;
    void *context;
    uint64_t members;
    uint64_t left_bytes;    /* of the member that is open */
    unsigned padding_bytes; /* behind it */
    bool open, finished;
};

void tar_writer_init(struct tar_writer *w, tar_write_fn write, void *context);

/* A member's header. A path that the reader would refuse is EX_FORMAT; that no path comes twice is
 * the caller's to see to. A directory is ended too. */
EX_MUST_USE ex_code tar_begin(struct tar_writer *w, const struct tar_member *member,
                              struct ex_error *err);
/* EX_USAGE when it is more than was announced. */
EX_MUST_USE ex_code tar_write(struct tar_writer *w, const void *data, size_t size_bytes,
                              struct ex_error *err);
/* EX_USAGE when it was less than was announced. */
EX_MUST_USE ex_code tar_end(struct tar_writer *w, struct ex_error *err);
/* The two blocks at the end, and no more. */
EX_MUST_USE ex_code tar_finish(struct tar_writer *w, struct ex_error *err);

/* ---- reading ---- */

/* Gives 1 to size_bytes bytes; 0 bytes is the end. */
typedef ex_code (*tar_read_fn)(void *context, void *to, size_t size_bytes, size_t *ret_size_bytes,
                               struct ex_error *err);

struct tar_policy {
    /* Refuses every name that is not ASCII. Without it, names must be UTF-8 without characters that
     * have another spelling: a short list, not all of Unicode's (see the top of path_internal.h).
     */
    bool ascii_only;
    uint32_t members_max; /* 0: TAR_MEMBERS_MAX */
};

struct tar_reader;
EX_MUST_USE ex_code tar_reader_new(tar_read_fn read, void *context, const struct tar_policy *policy,
                                   struct tar_reader **ret, struct ex_error *err);
void tar_reader_free(struct tar_reader *r);
EX_DEFINE_AUTO(struct tar_reader, tar_reader_free);

/* The next member; what was not read of the one before is read and dropped. ret->path holds until
 * the next call. *ret_end, and *ret untouched, when the archive ended as it should, with nothing
 * behind it. */
EX_MUST_USE ex_code tar_next(struct tar_reader *r, struct tar_member *ret, bool *ret_end,
                             struct ex_error *err);
/* Its bytes, in order; 0 bytes when it is read to its end. */
EX_MUST_USE ex_code tar_read(struct tar_reader *r, void *to, size_t size_bytes,
                             size_t *ret_size_bytes, struct ex_error *err);

#endif
