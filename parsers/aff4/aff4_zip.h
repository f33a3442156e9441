/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a zip volume, by the names that AFF4 gives them.
 *
 * What the directory at the end says of a member and what stands in front of it must agree; where
 * it is not so, that member is not read. Members do not overlap. */
#ifndef EXHIBIT_PARSERS_AFF4_AFF4_ZIP_H
#define EXHIBIT_PARSERS_AFF4_AFF4_ZIP_H

#include "base/mem.h"
#include "parsers/api.h"

#include <isa-l/igzip_lib.h>

struct zip_member {
    const char *name; /* as the volume has it, name_bytes of them */
    size_t name_bytes;
    char *urn; /* the whole of it, with a NUL behind it */
    uint64_t header_at, stored_bytes, size_bytes;
    uint64_t data_at; /* 0: not compared with its header yet */
    uint32_t crc;
    uint16_t flags, method;
};

struct zip {
    uint64_t directory_at, directory_bytes;
    uint64_t end_at; /* where the records of the end begin */
    char comment[256];
    uint8_t *directory;
    size_t count;
    struct zip_member *member;
    char *urns;
    struct inflate_state inflate;
};
void zip_clear(struct zip *z);

EX_MUST_USE ex_code zip_open(struct parser_run *run, struct zip *z, struct ex_error *err);
/* By its name in the volume; NULL: there is none. */
struct zip_member *zip_find_name(struct zip *z, const char *name);
/* Once: a name that is no URN of its own is one inside the volume's. After it zip_find(). */
EX_MUST_USE ex_code zip_name_members(struct zip *z, const char *volume, struct ex_error *err);
struct zip_member *zip_find(struct zip *z, const char *urn);

/* All of it, expanded, with a NUL behind it; its CRC-32 is compared. The caller frees. */
EX_MUST_USE ex_code zip_load(struct parser_run *run, struct zip *z, struct zip_member *m,
                             size_t size_max, uint8_t **ret, size_t *ret_bytes,
                             struct ex_error *err);
/* Where the bytes of one that is not compressed stand. EX_UNSUPPORTED: it is. */
EX_MUST_USE ex_code zip_place(struct parser_run *run, struct zip *z, struct zip_member *m,
                              uint64_t *ret_at, struct ex_error *err);

#endif
