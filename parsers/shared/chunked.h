/* SPDX-License-Identifier: Apache-2.0 */
/* A content in chunks of one size, each of which a table puts somewhere in one input: what disk
 * images (qcow2, VHD, VHDX, VMDK) have in common. They say where a chunk is; this reads it, and
 * surveys the tables once so that what is not there is named before anything is read. */
#ifndef EXHIBIT_PARSERS_SHARED_CHUNKED_H
#define EXHIBIT_PARSERS_SHARED_CHUNKED_H

#include "parsers/shared/gaps.h"

enum chunk_how {
    CHUNK_ZERO = 0, /* zeros, by the rule of the format */
    CHUNK_ABSENT,   /* PARSER_ABSENT: shown as zeros */
    CHUNK_PLAIN,    /* its bytes stand there */
    CHUNK_PACKED    /* expand() makes them */
};

struct chunk_place {
    enum chunk_how how;
    uint64_t at, stored_bytes; /* stored_bytes: of CHUNK_PACKED alone */
    /* So many chunks, from this one on, have the same place or failure: one table is not there. At
     * least 1, and 1 for what is stored. */
    uint64_t alike;
};

struct chunked {
    void *context;
    const char *unit; /* "cluster", for messages */
    unsigned input;
    uint64_t first_byte; /* where it begins in the whole content */
    uint64_t size_bytes, chunk_bytes;
    /* ret->alike is 1 before. A failure is of this chunk (and those alike). */
    ex_code (*locate)(struct parser_run *run, void *context, uint64_t chunk,
                      struct chunk_place *ret, struct ex_error *err);
    /* Exactly size_bytes, which are chunk_bytes or what there is of the last one. NULL: nothing is
     * packed. `to` has chunk_bytes + 1. */
    ex_code (*expand)(struct parser_run *run, void *context, uint64_t chunk,
                      const struct chunk_place *place, uint8_t *to, size_t size_bytes,
                      struct ex_error *err);
    /* May refuse what was read of a plain chunk. May be NULL. */
    ex_code (*check)(struct parser_run *run, void *context, const struct chunk_place *place,
                     uint64_t within, const uint8_t *bytes, size_t size_bytes,
                     struct ex_error *err);
    /* the one that was expanded last */
    uint8_t *expanded;
    uint64_t expanded_number;
    bool expanded_there;
};
void chunked_clear(struct chunked *c);

/* Tells what cannot be read, and warns of chunks that share their place; adds to *allocated how
 * many bytes of the content are stored. */
EX_MUST_USE ex_code chunked_survey(struct parser_run *run, struct chunked *c, struct gaps *gaps,
                                   unsigned *warnings, uint64_t *allocated, struct ex_error *err);
/* `offset` counts from first_byte. */
EX_MUST_USE ex_code chunked_read(struct parser_run *run, struct chunked *c, uint64_t offset,
                                 uint8_t *to, size_t size_bytes, struct ex_error *err);

#endif
