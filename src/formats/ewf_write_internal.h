/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_FORMATS_EWF_WRITE_INTERNAL_H
#define EXHIBIT_FORMATS_EWF_WRITE_INTERNAL_H

#include "base/pool.h"
#include "formats/ewf_write.h"

#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    SEGMENT_HEADER_BYTES = 13,
    SECTION_BYTES = 76,
    VOLUME_BYTES = 1052,
    TABLE_HEADER_BYTES = 24,
    ERROR_HEADER_BYTES = 520,
    ERROR_BYTES = 8,
    DIGEST_BYTES = 80,
    HASH_BYTES = 36,
    SUM_BYTES = 4,
    CHUNK_SECTORS = 64,
    CHUNK_BYTES_MIN = 32 << 10,
    CHUNK_BYTES_MAX = 256 << 10, /* CHUNK_SECTORS of 4096 bytes */
    SLAB_BYTES = 1 << 20,
    SLAB_CHUNKS_MAX = SLAB_BYTES / CHUNK_BYTES_MIN,
    HEADERS_BYTES_MAX = 160 << 10 /* header2 twice, and header: seven long texts in each */
};
#define SECTORS_BYTES_MAX UINT64_C(0x7FFFFFFF) /* a table has 31 bits for a place in it */

/* So many sectors make a chunk. */
static inline uint32_t ewf_chunk_sectors(const struct ewf_form *f) {
    return f->sector_bytes == 1 ? CHUNK_BYTES_MIN : CHUNK_SECTORS;
}
static inline uint32_t ewf_chunk_bytes(const struct ewf_form *f) {
    return ewf_chunk_sectors(f) * f->sector_bytes;
}

static inline uint32_t ewf_sum(const uint8_t *data, size_t size_bytes) {
    return isal_adler32(1, data, size_bytes);
}

/* ---- chunks: ewf_write_chunk.c ---- */

/* What one thread needs to compress. */
struct ewf_packer;
struct ewf_packer *ewf_packer_new(void);
void ewf_packer_free(struct ewf_packer *p);
EX_DEFINE_AUTO(struct ewf_packer, ewf_packer_free);
/* A zlib stream of at most `room` bytes; 0: it takes more. */
size_t ewf_deflate(struct ewf_packer *p, const uint8_t *from, size_t size_bytes, uint8_t *to,
                   size_t room);

struct ewf_chunk {
    uint32_t bytes; /* as it is stored */
    bool compressed;
};

/* Chunks of one value alone, each compressed once. Threads: any. */
struct ewf_constants;
struct ewf_constants *ewf_constants_new(uint32_t chunk_bytes);
void ewf_constants_free(struct ewf_constants *c);

/* A chunk as it is stored goes to `to`, where there is room for size_bytes + SUM_BYTES. */
struct ewf_chunk ewf_pack_chunk(struct ewf_packer *p, struct ewf_constants *constants,
                                uint32_t chunk_bytes, const uint8_t *from, size_t size_bytes,
                                uint8_t *to);

/* ---- a part of the content: ewf_write.c ---- */

struct ewf_slab {
    struct ex_job job;
    struct ewf_writer *writer;
    size_t size_bytes;
    bool constant; /* then `data` holds one chunk of it */
    uint8_t *data;
    size_t chunk_count;
    struct ewf_chunk chunk[SLAB_CHUNKS_MAX];
    uint8_t *stored; /* the chunks, one behind the other */
};

/* ---- the hashes: ewf_write_lane.c ---- */

/* MD5, SHA-1 and SHA-256, each in a thread of its own: each of them is one chain. */
struct ewf_lanes;
EX_MUST_USE ex_code ewf_lanes_new(const struct ewf_slab *ring, size_t ring_count,
                                  uint32_t chunk_bytes, struct ewf_lanes **ret,
                                  struct ex_error *err);
/* The next slab of the ring is full. */
void ewf_lanes_push(struct ewf_lanes *l);
/* Until all have done with the first `count` slabs. */
void ewf_lanes_wait(struct ewf_lanes *l, uint64_t count);
EX_MUST_USE ex_code ewf_lanes_finish(struct ewf_lanes *l, struct ewf_written *ret,
                                     struct ex_error *err);
void ewf_lanes_free(struct ewf_lanes *l); /* ends the threads */

/* ---- the texts: ewf_write_text.c ---- */

/* The content of a section header2, or header: compressed. The caller frees. */
EX_MUST_USE ex_code ewf_make_text(const struct ewf_texts *t, bool wide, uint8_t **ret,
                                  size_t *ret_bytes, struct ex_error *err);

/* ---- sections and segments: ewf_write_section.c, ewf_write_segment.c ---- */

struct ewf_output {
    const struct ewf_form *form;
    struct ewf_sink sink;
    unsigned segment;    /* 0: none yet */
    uint64_t at;         /* in the segment */
    bool sectors_open;   /* a section of chunks, whose head is written at its end: */
    uint64_t sectors_at; /* the place of the head */
    uint32_t entries;    /* chunks in it */
    uint8_t *table;      /* room for a table's section */
    uint8_t *errors;     /* the error2 section; NULL: none */
    size_t errors_bytes;
    size_t unread_listed;
};

size_t ewf_table_bytes(uint32_t entries);          /* of a section, its head included */
uint64_t ewf_tail_bytes(const struct ewf_form *f); /* of what may follow the last table */

EX_MUST_USE ex_code ewf_output_put(struct ewf_output *o, const void *data, size_t size_bytes,
                                   struct ex_error *err);
/* What comes next in the segment, of so many bytes with its head. */
void ewf_make_section(uint8_t head[static SECTION_BYTES], const char *type, uint64_t at,
                      uint64_t size_bytes);
EX_MUST_USE ex_code ewf_put_section(struct ewf_output *o, const char *type, const uint8_t *data,
                                    size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code ewf_put_volume(struct ewf_output *o, const char *type, struct ex_error *err);
EX_MUST_USE ex_code ewf_put_headers(struct ewf_output *o, struct ex_error *err);
EX_MUST_USE ex_code ewf_put_table(struct ewf_output *o, struct ex_error *err); /* twice */
EX_MUST_USE ex_code ewf_put_hashes(struct ewf_output *o, const struct ewf_written *sums,
                                   struct ex_error *err);
/* next, done: the last of a segment. */
EX_MUST_USE ex_code ewf_put_end(struct ewf_output *o, const char *type, struct ex_error *err);
EX_MUST_USE ex_code ewf_make_errors(struct ewf_output *o, struct ex_error *err);

EX_MUST_USE ex_code ewf_output_begin(struct ewf_output *o, struct ex_error *err);
EX_MUST_USE ex_code ewf_output_chunks(struct ewf_output *o, const struct ewf_chunk *chunk,
                                      size_t count, const uint8_t *stored, struct ex_error *err);
EX_MUST_USE ex_code ewf_output_finish(struct ewf_output *o, const struct ewf_written *sums,
                                      struct ex_error *err);
void ewf_output_clear(struct ewf_output *o);

#endif
