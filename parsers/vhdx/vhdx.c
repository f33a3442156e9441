/* SPDX-License-Identifier: Apache-2.0 */
/* One table of blocks, and what its states mean for the content. */
#include "parsers/vhdx/vhdx_internal.h"

enum { ENTRY_BYTES = 8, PIECE_BYTES = 4096 };
enum state { NOT_PRESENT = 0, UNDEFINED = 1, ZERO = 2, UNMAPPED = 3, PRESENT = 6 };
#define STATE_MASK    UINT64_C(7)
#define RESERVED_MASK UINT64_C(0xFFFF8)

static void vhdx_close(void *state) {
    struct vhdx *v = state;
    if (v == NULL)
        return;
    pages_clear(&v->tables);
    chunked_clear(&v->content);
    free(v);
}
EX_DEFINE_AUTO(struct vhdx, vhdx_close);

static ex_code check_table(struct vhdx *v, struct ex_error *err) {
    uint64_t blocks = v->size_bytes / v->block_bytes + (v->size_bytes % v->block_bytes != 0);
    v->ratio = ((uint64_t)1 << 23) * v->sector_bytes / v->block_bytes;
    uint64_t entries = blocks == 0 ? 0 : blocks + (blocks - 1) / v->ratio;
    if (entries > v->table.size_bytes / ENTRY_BYTES)
        return ex_fail(err, EX_FORMAT,
                       "a disk of %llu bytes needs a table of %llu entries, and it has %u",
                       (unsigned long long)v->size_bytes, (unsigned long long)entries,
                       v->table.size_bytes / ENTRY_BYTES);
    return EX_OK;
}

/* MS-VHDX §2.5.1.1 */
static ex_code locate(struct parser_run *run, void *context, uint64_t block,
                      struct chunk_place *ret, struct ex_error *err) {
    struct vhdx *v = context;
    uint8_t data[ENTRY_BYTES];
    EX_TRY(pages_read(run, &v->tables, 0, v->table.at + (block + block / v->ratio) * ENTRY_BYTES,
                      data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    uint64_t entry = ex_cursor_le64(&c), state = entry & STATE_MASK;
    ret->at = entry >> 20 << 20;
    if ((entry & RESERVED_MASK) == 0 && (state == NOT_PRESENT || state == ZERO))
        return EX_OK;
    if ((entry & RESERVED_MASK) == 0 && (state == UNDEFINED || state == UNMAPPED)) {
        ret->how = CHUNK_ABSENT;
        return EX_OK;
    }
    if ((entry & RESERVED_MASK) != 0 || state != PRESENT || ret->at == 0)
        return ex_fail(err, EX_FORMAT, "its entry of the table is %016llx, which is no block",
                       (unsigned long long)entry);
    ret->how = CHUNK_PLAIN;
    return EX_OK;
}

static ex_code tell(struct parser_run *run, const struct vhdx *v, struct ex_error *err) {
    const char *type = v->fixed ? "fixed" : "dynamic";
    char id[VHDX_GUID_TEXT_BYTES];
    EX_TRY(parser_fact(run, "type", type, strlen(type), err));
    EX_TRY(parser_fact_number(run, "chunk-bytes", PIECE_BYTES, err));
    EX_TRY(parser_fact_number(run, "block-bytes", v->block_bytes, err));
    EX_TRY(parser_fact_number(run, "sector-bytes", v->sector_bytes, err));
    EX_TRY(parser_fact_number(run, "physical-sector-bytes", v->physical_sector_bytes, err));
    return parser_fact(run, "unique-id", vhdx_guid_text(v->id, id), VHDX_GUID_TEXT_BYTES - 1, err);
}

static ex_code vhdx_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                         struct ex_error *err) {
    EX_AUTO(vhdx_close) struct vhdx *v = ex_new0(struct vhdx);
    struct gaps gaps = {0};
    uint64_t allocated = 0;
    EX_TRY(vhdx_read_head(run, v, err));
    EX_TRY(vhdx_read_metadata(run, v, err));
    EX_TRY(check_table(v, err));
    v->content = (struct chunked){.context = v,
                                  .unit = "block",
                                  .size_bytes = v->size_bytes,
                                  .chunk_bytes = v->block_bytes,
                                  .locate = locate};
    EX_TRY(tell(run, v, err));
    EX_TRY(chunked_survey(run, &v->content, &gaps, &v->warnings, &allocated, err));
    EX_TRY(gaps_end(run, &gaps, err));
    EX_TRY(parser_fact_number(run, "allocated-bytes", allocated, err));
    *ret_size_bytes = v->size_bytes;
    *ret_state = ex_steal(&v);
    return EX_OK;
}

static ex_code vhdx_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                         size_t size_bytes, struct ex_error *err) {
    struct vhdx *v = state;
    return chunked_read(run, &v->content, offset, to, size_bytes, err);
}

const struct parser vhdx_parser = {
    .name = "vhdx", .version = 1, .open = vhdx_open, .read = vhdx_read, .close = vhdx_close};
