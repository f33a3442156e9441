/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives of folders: every kind of file with everything that the system says about it, as
 * the stream of docs/format/folder.md in both directions. For packages see tar.h.
 *
 * Source: IEEE Std 1003.1-2017, pax; the manual of GNU tar 1.34, "Storing Sparse Files", PAX
 * format 1.0; libarchive's tar(5) for SCHILY.*. GNU tar and bsdtar read what is written here.
 *
 * The writer renders headers into memory; the bytes of a file are the caller's to put behind them,
 * as many as the header says, then the padding. Paths are any bytes but NUL.
 *
 * The reader takes the stream as it comes, in pieces of any size, and calls back. It knows only
 * what the writer writes, and refuses the rest: a path that is not made of plain components beneath
 * "content" or "exhibit/", an unknown record, numbers that contradict each other. It opens and
 * creates nothing; that no path comes twice, and no link leads anywhere, is the caller's to see to.
 *
 * Errors of the reader: EX_FORMAT for what is damaged or refused, EX_LIMIT for what is too large,
 * EX_ALTERED when the stream was cut short; what a callback gives is passed on. After an error
 * every call fails.
 */
#ifndef EXHIBIT_FORMATS_TAR_ENTRY_H
#define EXHIBIT_FORMATS_TAR_ENTRY_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TAR_ENTRY_PATH_BYTES_MAX = 65535,
    TAR_ENTRY_PAX_BYTES_MAX = 1000000, /* libarchive refuses what is over 1 MiB */
    TAR_ENTRY_XATTRS_MAX = 4096,
    TAR_ENTRY_SPARSE_MAX = 65536 /* data ranges of one file */
};

enum tar_entry_type {
    TAR_ENTRY_FILE = '0',
    TAR_ENTRY_HARD_LINK = '1', /* link: the path of an entry before it */
    TAR_ENTRY_SYMLINK = '2',   /* link: where it leads */
    TAR_ENTRY_CHARACTER_DEVICE = '3',
    TAR_ENTRY_BLOCK_DEVICE = '4',
    TAR_ENTRY_DIRECTORY = '5',
    TAR_ENTRY_FIFO = '6'
};

struct tar_entry_time {
    bool known;
    int64_t s;   /* rounded down */
    uint32_t ns; /* 0 to 999,999,999 */
};
struct tar_entry_xattr {
    const char *name;
    const uint8_t *value;
    size_t value_bytes;
};
struct tar_entry_range {
    uint64_t offset, length;
};

struct tar_entry {
    enum tar_entry_type type;
    const char *path;    /* of a directory too without a slash at its end */
    const char *link;    /* of the two kinds of links; otherwise NULL */
    uint64_t size_bytes; /* of a file */
    bool sparse;         /* only `data` of it is in the stream: ascending, apart, inside the file */
    const struct tar_entry_range *data;
    size_t data_count;
    uint32_t mode; /* the bits 07777 */
    uint32_t uid, gid;
    uint32_t major, minor; /* of devices */
    struct tar_entry_time mtime, atime, ctime;
    const struct tar_entry_xattr *xattr;
    size_t xattr_count;
};

/* Are these bytes text, or does a reader have to be told that they are not? */
bool tar_entry_is_utf8(const char *bytes, size_t size_bytes);

/* ---- writing ---- */

struct tar_buffer {
    uint8_t *data; /* the caller's to free */
    size_t size_bytes, capacity;
};

/* Appends what stands before the bytes of the entry, for a stream that has `at` bytes so far (a
 * multiple of 512). align_bytes (a multiple of 512, or 0): so that the bytes of the file begin at a
 * multiple of it. `number` keeps the names of the extended headers apart. *ret_stored: how many
 * bytes of the file follow, to be padded with zeros to a multiple of 512. EX_LIMIT: the attributes
 * are too large for an extended header; nothing was appended. */
EX_MUST_USE ex_code tar_entry_render(const struct tar_entry *e, uint64_t number, uint64_t at,
                                     unsigned align_bytes, struct tar_buffer *to,
                                     uint64_t *ret_stored, struct ex_error *err);
/* A header for all that follow, that says nothing but this. */
EX_MUST_USE ex_code tar_entry_comment(const char *comment, struct tar_buffer *to,
                                      struct ex_error *err);

/* ---- reading ---- */

struct tar_entry_sink {
    void *context;
    /* What `entry` points to holds until end() returned. */
    ex_code (*begin)(void *context, const struct tar_entry *entry, struct ex_error *err);
    /* Bytes of the file, in order; `offset` is inside the file, holes are passed over. */
    ex_code (*data)(void *context, uint64_t offset, const uint8_t *data, size_t size_bytes,
                    struct ex_error *err);
    ex_code (*end)(void *context, struct ex_error *err);
};

struct tar_entries;
EX_MUST_USE ex_code tar_entries_new(const struct tar_entry_sink *sink, struct tar_entries **ret,
                                    struct ex_error *err);
void tar_entries_free(struct tar_entries *t);
EX_DEFINE_AUTO(struct tar_entries, tar_entries_free);
EX_MUST_USE ex_code tar_entries_feed(struct tar_entries *t, const uint8_t *data, size_t size_bytes,
                                     struct ex_error *err);
/* After the last byte. */
EX_MUST_USE ex_code tar_entries_finish(struct tar_entries *t, struct ex_error *err);

#endif
