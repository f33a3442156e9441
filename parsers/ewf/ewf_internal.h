/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXHIBIT_PARSERS_EWF_EWF_INTERNAL_H
#define EXHIBIT_PARSERS_EWF_EWF_INTERNAL_H

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/ewf/ewf.h"
#include "parsers/shared/expand.h"

enum {
    SEGMENT_HEADER_BYTES = 13,
    SECTION_BYTES = 76,
    SECTION_TYPE_BYTES = 16,
    VOLUME_BYTES = 1052,
    VOLUME_SMART_BYTES = 94,
    SET_BYTES = 16,
    TABLE_HEADER_BYTES = 24,
    TABLE_ENTRIES_MAX = 1 << 22,
    CHUNK_BYTES_MAX = 16 << 20, /* EnCase: 32768 sectors of 512 bytes */
    TEXT_BYTES_MAX = 2 << 20    /* a header section, expanded */
};
#define EWF_MEMORY_MAX ((size_t)768 << 20)

/* The chunks of one table, which lie in [from, end) of a segment, one behind the other. */
struct ewf_table {
    unsigned input;
    uint64_t from, end;
    uint64_t first; /* number of its first chunk in the image */
    uint32_t count;
    uint32_t *offset;    /* behind `from` */
    uint8_t *compressed; /* a bit for each */
    uint8_t *doubtful;   /* the same: its copy says something else; NULL: of none */
};

struct ewf_section {
    char type[SECTION_TYPE_BYTES + 1];
    unsigned input, segment;
    uint64_t at, next; /* of the descriptor; of the one behind it */
    uint64_t data, data_bytes;
};

struct ewf {
    bool has_volume;
    unsigned volume_segment;
    uint8_t media_type;
    uint8_t set[SET_BYTES]; /* zeros: not stated */
    uint32_t sector_bytes, chunk_sectors;
    uint64_t chunk_bytes, sectors, size_bytes, chunks_announced;
    size_t table_count, table_capacity;
    struct ewf_table *table;
    uint64_t chunks;
    bool table_open;  /* the last table was damaged, and its copy may come */
    bool gap;         /* some segment, or a part of one, is not there: */
    size_t gap_table; /* before this table; how many chunks is seen at the end */
    struct ewf_section sectors_section;
    unsigned warnings;
    /* what is unreadable, as the image says itself: sectors */
    size_t bad_count, bad_capacity;
    struct ewf_bad {
        uint64_t sector, count;
    } * bad;
    size_t memory_bytes;
    /* reading */
    struct inflate_state inflate;
    uint8_t *chunk; /* chunk_bytes */
    uint64_t chunk_number;
    bool chunk_there;
};

#define ewf_warn(run, e, err, ...) parser_warn(run, &(e)->warnings, err, __VA_ARGS__)

/* ewf_section.c */
EX_MUST_USE ex_code ewf_read_segments(struct parser_run *run, struct ewf *e, struct ex_error *err);
uint64_t ewf_chunks_wanted(const struct ewf *e);
/* ewf_table.c: of type table or table2. */
EX_MUST_USE ex_code ewf_read_table(struct parser_run *run, struct ewf *e,
                                   const struct ewf_section *s, struct ex_error *err);
void ewf_free_table(struct ewf *e, struct ewf_table *t);
/* Which table holds this chunk; NULL: none. */
const struct ewf_table *ewf_find_table(const struct ewf *e, uint64_t chunk);
/* ewf_text.c: header, header2, as facts. */
EX_MUST_USE ex_code ewf_read_text(struct parser_run *run, struct ewf *e,
                                  const struct ewf_section *s, struct ex_error *err);
/* ewf_read.c */
EX_MUST_USE ex_code ewf_read_content(struct parser_run *run, void *state, uint64_t offset,
                                     uint8_t *to, size_t size_bytes, struct ex_error *err);

static inline bool ewf_sum_is(const uint8_t *data, size_t size_bytes, uint32_t sum) {
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    return true;
#else
    return isal_adler32(1, data, size_bytes) == sum;
#endif
}

#endif
