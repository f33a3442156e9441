/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this parser share. */
#ifndef EXHIBIT_PARSERS_VMDK_VMDK_INTERNAL_H
#define EXHIBIT_PARSERS_VMDK_VMDK_INTERNAL_H

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/chunked.h"
#include "parsers/shared/expand.h"
#include "parsers/shared/pages.h"
#include "parsers/vmdk/vmdk.h"

enum {
    VMDK_SECTOR_BYTES = 512,
    VMDK_EXTENTS_MAX = 8192,
    VMDK_DESCRIPTOR_BYTES_MAX = 1 << 20,
    VMDK_NAME_BYTES_MAX = 1024,
    VMDK_TEXT_BYTES = 64
};

enum vmdk_kind { VMDK_FLAT, VMDK_SPARSE, VMDK_ZERO, VMDK_OTHER };

struct vmdk;

/* Grains of one file. */
struct vmdk_sparse {
    struct vmdk *v;
    unsigned input;
    uint64_t capacity_bytes, descriptor_at, descriptor_bytes;
    uint64_t directory_at, spare_at; /* spare_at 0: there is none */
    uint32_t flags, grain_sectors, in_table;
    bool unclean;
    struct chunked content;
    /* while it is surveyed */
    bool surveying;
    uint64_t differ, first_differ, from_spare;
};

struct vmdk_extent {
    enum vmdk_kind kind;
    char type[VMDK_TEXT_BYTES]; /* as the descriptor has it */
    char *name;                 /* NULL: none */
    uint64_t from, size_bytes;  /* in the content */
    uint64_t at;                /* of a flat one: in its file */
    unsigned input;
    struct vmdk_sparse *sparse;
    ex_code code; /* why it cannot be read */
    char why[160];
};

struct vmdk {
    char create_type[VMDK_TEXT_BYTES], id[16], parent_id[16];
    char parent_name[128];
    uint64_t size_bytes;
    size_t count, capacity;
    struct vmdk_extent *extent;
    unsigned warnings;
    struct pages tables;
    struct inflate_state inflate;
    struct chunked *last; /* which has a grain in memory */
};

/* vmdk_descriptor.c: fills in what it says. */
EX_MUST_USE ex_code vmdk_read_descriptor(struct vmdk *v, const char *text, size_t size_bytes,
                                         struct ex_error *err);

/* vmdk_sparse.c. The header of an input; the caller frees. EX_FORMAT, EX_ALTERED, EX_UNSUPPORTED.
 */
EX_MUST_USE ex_code vmdk_sparse_open(struct parser_run *run, struct vmdk *v, unsigned input,
                                     struct vmdk_sparse **ret, struct ex_error *err);
void vmdk_sparse_free(struct vmdk_sparse *s);
EX_DEFINE_AUTO(struct vmdk_sparse, vmdk_sparse_free);
/* Puts it in its place in the content, and tells what is not there. */
EX_MUST_USE ex_code vmdk_sparse_survey(struct parser_run *run, struct vmdk_sparse *s,
                                       const struct vmdk_extent *x, struct gaps *gaps,
                                       uint64_t *allocated, struct ex_error *err);

#endif
