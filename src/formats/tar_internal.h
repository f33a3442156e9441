/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a tar archive, private to tar_*.c. Offsets: POSIX pax, "ustar Interchange Format".
 */
#ifndef EXHIBIT_FORMATS_TAR_INTERNAL_H
#define EXHIBIT_FORMATS_TAR_INTERNAL_H

#include "base/cursor.h"
#include "formats/path_internal.h"
#include "formats/tar.h"

enum {
    TAR_NAME_AT = 0,
    TAR_NAME_BYTES = 100,
    TAR_MODE_AT = 100,
    TAR_UID_AT = 108,
    TAR_GID_AT = 116,
    TAR_SIZE_AT = 124,
    TAR_MTIME_AT = 136,
    TAR_CHECKSUM_AT = 148,
    TAR_TYPE_AT = 156,
    TAR_LINK_AT = 157,
    TAR_LINK_BYTES = 100,
    TAR_MAGIC_AT = 257, /* "ustar", NUL, "00"; GNU: "ustar", two spaces, NUL */
    TAR_MAGIC_BYTES = 8,
    TAR_MAJOR_AT = 329,
    TAR_MINOR_AT = 337,
    TAR_PREFIX_AT = 345,
    TAR_PREFIX_BYTES = 155,
    TAR_REST_AT = 500, /* nothing */
    TAR_REST_BYTES = 12,
    TAR_SHORT_BYTES = 8, /* mode, uid, gid, checksum, major, minor */
    TAR_LONG_BYTES = 12  /* size, mtime */
};
/* Times this far from 1970 are somebody's joke; below it nothing overflows. */
#define TAR_TIME_MAX  ((int64_t)1 << 62)
#define TAR_OCTAL_MAX ((uint64_t)077777777777) /* what eleven digits hold: 8 GiB less one byte */

static inline unsigned tar_padding(uint64_t size_bytes) {
    return (unsigned)(-size_bytes & (TAR_BLOCK_BYTES - 1));
}

/* The sum of the block's bytes, those of the checksum itself taken as spaces. */
uint32_t tar_checksum(const uint8_t block[static TAR_BLOCK_BYTES]);
bool tar_all_zero(const uint8_t *data, size_t size_bytes);

/* What one header block says, before pax and policy had their say. */
struct tar_header {
    uint8_t type;
    uint32_t mode;
    uint64_t size_bytes;
    bool size_in_octal; /* not base-256: then a size beyond 8 GiB cannot stand there */
    int64_t mtime_s;
    bool sound_name; /* the fields of the name end in NULs alone */
    char path[TAR_PREFIX_BYTES + 1 + TAR_NAME_BYTES + 1];
};
EX_MUST_USE ex_code tar_header_parse(const uint8_t block[static TAR_BLOCK_BYTES],
                                     struct tar_header *ret, struct ex_error *err);

/* One record of an extended header: "LENGTH KEY=VALUE\n". A key is not empty. */
struct tar_record {
    const char *key, *value;
    size_t key_bytes, value_bytes;
};
/* False: damaged, or cut short. */
bool tar_record_next(struct ex_cursor *c, struct tar_record *ret);
bool tar_record_is(const struct tar_record *r, const char *key);

/* What a header block is made of. `name` has at most TAR_NAME_BYTES, `link` TAR_LINK_BYTES, prefix
 * TAR_PREFIX_BYTES; numbers fit in their fields. */
struct tar_fields {
    uint8_t type;
    const char *prefix, *name, *link;
    size_t prefix_bytes, name_bytes, link_bytes;
    uint64_t size_bytes, mtime_s;
    uint32_t mode, uid, gid, major, minor;
};
void tar_header_make(uint8_t block[static TAR_BLOCK_BYTES], const struct tar_fields *f);
/* For a tar that does not know extended headers: the beginning, with _ for what is not ASCII. */
size_t tar_poor_name(const char *path, size_t size, char to[static TAR_NAME_BYTES]);

/* The records of one extended header that mean something here. */
struct tar_pax {
    bool there;
    bool has_path, has_size, has_mtime;
    size_t path_bytes;
    char path[TAR_PATH_BYTES_MAX + 2]; /* room for the slash of a directory */
    uint64_t size_bytes;
    int64_t mtime_s;
};
/* Of a member ('x'), or of all that follow ('g': then only a comment may stand there). */
EX_MUST_USE ex_code tar_pax_parse(const uint8_t *data, size_t size_bytes, bool global,
                                  struct tar_pax *ret, struct ex_error *err);

#endif
