/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this parser share. */
#ifndef EXHIBIT_PARSERS_VHDX_VHDX_INTERNAL_H
#define EXHIBIT_PARSERS_VHDX_VHDX_INTERNAL_H

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/chunked.h"
#include "parsers/shared/pages.h"
#include "parsers/vhdx/vhdx.h"

enum { VHDX_GUID_BYTES = 16, VHDX_GUID_TEXT_BYTES = 37, VHDX_MIB = 1 << 20 };

struct vhdx_region {
    uint64_t at;
    uint32_t size_bytes;
};

struct vhdx {
    struct vhdx_region table, metadata;
    uint64_t size_bytes;
    uint32_t block_bytes, sector_bytes, physical_sector_bytes;
    uint64_t ratio; /* payload entries of the table between two for bitmaps */
    bool fixed, layer;
    uint8_t id[VHDX_GUID_BYTES];
    unsigned warnings;
    struct pages tables;
    struct chunked content;
};

/* vhdx_head.c: the header, the regions. */
EX_MUST_USE ex_code vhdx_read_head(struct parser_run *run, struct vhdx *v, struct ex_error *err);
/* vhdx_metadata.c */
EX_MUST_USE ex_code vhdx_read_metadata(struct parser_run *run, struct vhdx *v,
                                       struct ex_error *err);

/* "2dc27766-f623-4200-9d64-115e9bfd4a08" */
char *vhdx_guid_text(const uint8_t *guid, char to[VHDX_GUID_TEXT_BYTES]);

#endif
