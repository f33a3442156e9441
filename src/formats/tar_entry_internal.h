/* SPDX-License-Identifier: Apache-2.0 */
/* One entry out of its header block and its records, private to tar_entry_*.c. */
#ifndef EXHIBIT_FORMATS_TAR_ENTRY_INTERNAL_H
#define EXHIBIT_FORMATS_TAR_ENTRY_INTERNAL_H

#include "formats/tar_entry.h"
#include "formats/tar_internal.h"

struct tar_entry_parse {
    struct tar_entry entry;
    char *path, *link; /* what the entry points to */
    struct tar_entry_xattr *xattr;
    size_t xattr_capacity;
    struct tar_entry_range *data;
    size_t data_count, data_capacity;
    char *names; /* of the extended attributes; their values stay in the records */
    size_t names_bytes;
    bool sparse_major, sparse_minor, sparse_size;
    bool has_size;
    uint64_t size_bytes;   /* of a record */
    uint64_t stored_bytes; /* of the member in the stream, a map included */
};
void tar_entry_parse_clear(struct tar_entry_parse *p);
/* `records` stay the caller's, and the entry points into them. */
EX_MUST_USE ex_code tar_entry_parse_all(struct tar_entry_parse *p, const struct tar_header *h,
                                        const uint8_t block[static TAR_BLOCK_BYTES],
                                        const uint8_t *records, size_t records_bytes,
                                        uint64_t *ret_stored, struct ex_error *err);
EX_MUST_USE ex_code tar_entry_parse_range(struct tar_entry_parse *p, uint64_t offset,
                                          uint64_t length, struct ex_error *err);
/* Before the entry is given out: do its numbers agree with the bytes that follow? */
EX_MUST_USE ex_code tar_entry_parse_check(struct tar_entry_parse *p, uint64_t stored,
                                          struct ex_error *err);
/* A header for all that follow may only hold a comment. */
EX_MUST_USE ex_code tar_entry_check_global(const uint8_t *records, size_t size_bytes,
                                           struct ex_error *err);

#endif
