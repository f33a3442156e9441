/* SPDX-License-Identifier: Apache-2.0 */
/* A footer at the end says what the disk is; in front of it stands the disk itself, or blocks. */
#include "parsers/vhd/vhd.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "parsers/shared/chunked.h"
#include "parsers/shared/pages.h"

enum {
    FOOTER_BYTES = 512,
    DYNAMIC_BYTES = 1024,
    SECTOR_BYTES = 512,
    FOOTER_SUM_AT = 64,
    DYNAMIC_SUM_AT = 36,
    PARENT_NAME_AT = 64,
    PARENT_NAME_BYTES = 512,
    BLOCK_BYTES_MAX = 256 << 20,
    EPOCH_2000 = 946684800 /* in seconds of 1970 */
};
enum vhd_type { FIXED = 2, DYNAMIC = 3, DIFFERENCING = 4 };
#define NOT_STORED UINT32_C(0xFFFFFFFF)

struct footer {
    uint64_t dynamic_at, size_bytes, geometry_bytes;
    uint32_t created, type;
    char application[5], system[5];
    uint8_t id[16];
    uint8_t bytes[FOOTER_BYTES]; /* as it was read */
};

struct vhd {
    struct footer footer;
    uint64_t data_bytes; /* of a fixed image: what stands in front of the footer */
    uint64_t table_at;
    uint32_t entries, block_bytes, bitmap_bytes;
    unsigned warnings;
    struct pages tables;
    struct chunked content;
};

static void vhd_close(void *state) {
    struct vhd *v = state;
    if (v == NULL)
        return;
    pages_clear(&v->tables);
    chunked_clear(&v->content);
    free(v);
}
EX_DEFINE_AUTO(struct vhd, vhd_close);

static uint64_t be64(struct ex_cursor *c) {
    uint64_t high = ex_cursor_be32(c);
    return high << 32 | ex_cursor_be32(c);
}

/* The complement of the sum of all other bytes. */
static bool sum_is_right(const uint8_t *data, size_t size_bytes, size_t sum_at) {
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    return true;
#else
    struct ex_cursor c = ex_cursor_make(data + sum_at, 4);
    uint32_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum += i >= sum_at && i < sum_at + 4 ? 0 : data[i];
    return ex_cursor_be32(&c) == ~sum;
#endif
}

/* ---- the footer, and its copy at the beginning of all but fixed images ---- */

static ex_code take_footer(const uint8_t *data, struct footer *ret, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, FOOTER_BYTES);
    const uint8_t *cookie = ex_cursor_bytes(&c, 8);
    *ret = (struct footer){0};
    memcpy(ret->bytes, data, FOOTER_BYTES);
    if (memcmp(cookie, "conectix", 8) != 0)
        return ex_fail(err, EX_FORMAT, "there is no footer of a VHD image");
    (void)ex_cursor_bytes(&c, 4);
    uint32_t version = ex_cursor_be32(&c);
    ret->dynamic_at = be64(&c);
    ret->created = ex_cursor_be32(&c);
    ex_cursor_copy(&c, ret->application, 4);
    (void)ex_cursor_bytes(&c, 4);
    ex_cursor_copy(&c, ret->system, 4);
    (void)ex_cursor_bytes(&c, 8);
    ret->size_bytes = be64(&c);
    uint64_t cylinders = ex_cursor_be16(&c), heads = ex_cursor_u8(&c);
    ret->geometry_bytes = cylinders * heads * ex_cursor_u8(&c) * SECTOR_BYTES;
    ret->type = ex_cursor_be32(&c);
    (void)ex_cursor_bytes(&c, 4);
    ex_cursor_copy(&c, ret->id, sizeof ret->id);
    if (version >> 16 != 1)
        return ex_fail(err, EX_UNSUPPORTED, "version %u.%u of VHD is not known", version >> 16,
                       version & 0xFFFF);
    return sum_is_right(data, FOOTER_BYTES, FOOTER_SUM_AT)
               ? EX_OK
               : ex_fail(err, EX_ALTERED, "a footer fails its checksum");
}

/* Virtual PC before 2004 wrote 511 bytes. */
static ex_code read_last(struct parser_run *run, struct vhd *v, struct footer *ret,
                         struct ex_error *err) {
    uint8_t data[FOOTER_BYTES] = {0};
    uint64_t file_bytes = parser_input_size(run, 0);
    if (file_bytes < FOOTER_BYTES)
        return ex_fail(err, EX_FORMAT, "there is no footer of a VHD image");
    EX_TRY(parser_read(run, 0, file_bytes - FOOTER_BYTES, data, FOOTER_BYTES, err));
    v->data_bytes = file_bytes - FOOTER_BYTES;
    if (memcmp(data, "conectix", 8) != 0 && memcmp(data + 1, "conectix", 8) == 0) {
        memmove(data, data + 1, FOOTER_BYTES - 1);
        data[FOOTER_BYTES - 1] = 0;
        v->data_bytes++;
    }
    return take_footer(data, ret, err);
}

static ex_code read_first(struct parser_run *run, struct footer *ret, struct ex_error *err) {
    uint8_t data[FOOTER_BYTES];
    EX_TRY(parser_read(run, 0, 0, data, sizeof data, err));
    return take_footer(data, ret, err);
}

/* Programs differ in which of the two they believe. */
static ex_code compare_footers(const struct footer *a, const struct footer *b,
                               struct ex_error *err) {
    if (a->type != b->type || a->size_bytes != b->size_bytes || a->dynamic_at != b->dynamic_at)
        return ex_fail(err, EX_FORMAT,
                       "the footer says %llu bytes, type %u, header at %llu; its copy says %llu, "
                       "%u, %llu",
                       (unsigned long long)a->size_bytes, a->type,
                       (unsigned long long)a->dynamic_at, (unsigned long long)b->size_bytes,
                       b->type, (unsigned long long)b->dynamic_at);
    return EX_OK;
}

static ex_code read_footers(struct parser_run *run, struct vhd *v, struct ex_error *err) {
    struct footer first;
    struct ex_error no_last = {0}, no_first = {0};
    ex_code last_code = read_last(run, v, &v->footer, &no_last);
    if (last_code == EX_OK && v->footer.type == FIXED)
        return EX_OK;
    ex_code first_code = read_first(run, &first, &no_first);
    if (last_code == EX_OK && first_code == EX_OK)
        return compare_footers(&v->footer, &first, err);
    if (last_code == EX_OK)
        return parser_warn(run, &v->warnings, err, "the copy of the footer: %s", no_first.text);
    if (last_code == EX_ALTERED && first_code == EX_ALTERED && first.type != FIXED &&
        memcmp(first.bytes, v->footer.bytes, sizeof first.bytes) == 0)
        return parser_warn(run, &v->warnings, err,
                           "the footer and its copy fail their checksums, and are the same: "
                           "somebody may have changed both");
    if (first_code != EX_OK || first.type == FIXED)
        return ex_fail(err, last_code, "%s", no_last.text);
    v->footer = first;
    return parser_warn(run, &v->warnings, err,
                       "%s: its copy at the beginning is used, and the end of the file may be "
                       "missing",
                       no_last.text);
}

/* ---- dynamic images ---- */

/* UTF-16, of which this is for people. */
static void plain_name(const uint8_t *data, char *to, size_t size) {
    struct ex_cursor c = ex_cursor_make(data, PARENT_NAME_BYTES);
    size_t used = 0;
    for (uint16_t unit; used + 1 < size && (unit = ex_cursor_be16(&c)) != 0;)
        to[used++] = (char)(unit >= 0x20 && unit < 0x7F ? unit : '?');
    to[used] = '\0';
}

static ex_code refuse_layer(const uint8_t *data, struct ex_error *err) {
    char name[100];
    plain_name(data + PARENT_NAME_AT, name, sizeof name);
    return ex_fail(err, EX_UNSUPPORTED,
                   "this image is only a layer: what was not changed stands in its parent \"%s\", "
                   "which is not followed",
                   name);
}

static ex_code check_table(struct parser_run *run, const struct vhd *v, struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, 0);
    uint64_t wanted =
        v->footer.size_bytes / v->block_bytes + (v->footer.size_bytes % v->block_bytes != 0);
    if (v->entries < wanted)
        return ex_fail(
            err, EX_FORMAT, "a disk of %llu bytes needs a table of %llu blocks, and it has %u",
            (unsigned long long)v->footer.size_bytes, (unsigned long long)wanted, v->entries);
    if (v->table_at > file_bytes || wanted * 4 > file_bytes - v->table_at)
        return ex_fail(err, EX_FORMAT, "its table would be at byte %llu of a file of %llu bytes",
                       (unsigned long long)v->table_at, (unsigned long long)file_bytes);
    return EX_OK;
}

static ex_code read_dynamic(struct parser_run *run, struct vhd *v, struct ex_error *err) {
    uint8_t data[DYNAMIC_BYTES];
    EX_TRY(parser_read(run, 0, v->footer.dynamic_at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    const uint8_t *cookie = ex_cursor_bytes(&c, 8);
    if (memcmp(cookie, "cxsparse", 8) != 0)
        return ex_fail(err, EX_FORMAT, "there is no header of a dynamic image at byte %llu",
                       (unsigned long long)v->footer.dynamic_at);
    if (!sum_is_right(data, sizeof data, DYNAMIC_SUM_AT))
        return ex_fail(err, EX_ALTERED, "the header at byte %llu fails its checksum",
                       (unsigned long long)v->footer.dynamic_at);
    if (v->footer.type == DIFFERENCING)
        return refuse_layer(data, err);
    (void)ex_cursor_bytes(&c, 8);
    v->table_at = be64(&c);
    (void)ex_cursor_bytes(&c, 4);
    v->entries = ex_cursor_be32(&c);
    v->block_bytes = ex_cursor_be32(&c);
    if (v->block_bytes < SECTOR_BYTES || v->block_bytes > BLOCK_BYTES_MAX ||
        (v->block_bytes & (v->block_bytes - 1)) != 0)
        return ex_fail(err, EX_FORMAT, "blocks of %u bytes", v->block_bytes);
    uint32_t bits = v->block_bytes / SECTOR_BYTES;
    v->bitmap_bytes = ((bits + 7) / 8 + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    return check_table(run, v, err);
}

static ex_code locate(struct parser_run *run, void *context, uint64_t block,
                      struct chunk_place *ret, struct ex_error *err) {
    struct vhd *v = context;
    uint8_t data[4];
    EX_TRY(
        pages_read(run, &v->tables, 0, v->table_at + block * sizeof data, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    uint32_t sector = ex_cursor_be32(&c);
    if (sector == NOT_STORED)
        return EX_OK;
    if (sector == 0)
        return ex_fail(err, EX_FORMAT, "it would be where the file begins");
    ret->how = CHUNK_PLAIN;
    ret->at = (uint64_t)sector * SECTOR_BYTES + v->bitmap_bytes;
    return EX_OK;
}

/* A sector whose bit is not set was never written, and is zero: programs that look at the bits show
 * zeros, others what stands there. */
static ex_code check_bits(struct parser_run *run, void *context, const struct chunk_place *place,
                          uint64_t within, const uint8_t *bytes, size_t size_bytes,
                          struct ex_error *err) {
    struct vhd *v = context;
    for (size_t i = 0; i < size_bytes;) {
        uint64_t sector = (within + i) / SECTOR_BYTES;
        size_t left = SECTOR_BYTES - (size_t)((within + i) % SECTOR_BYTES), n;
        uint8_t bits, any = 0;
        EX_TRY(pages_read(run, &v->tables, 0, place->at - v->bitmap_bytes + sector / 8, &bits, 1,
                          err));
        n = left < size_bytes - i ? left : size_bytes - i;
        if ((bits >> (7 - sector % 8) & 1) == 0)
            for (size_t k = 0; k < n; k++)
                any |= bytes[i + k];
        if (any != 0)
            return ex_fail(err, EX_FORMAT,
                           "sector %llu of it is marked as never written, and has bytes: programs "
                           "differ in what they show",
                           (unsigned long long)sector);
        i += n;
    }
    return EX_OK;
}

/* ---- fixed images ---- */

static ex_code locate_fixed(struct parser_run *run, void *context, uint64_t block,
                            struct chunk_place *ret, struct ex_error *err) {
    ret->how = CHUNK_PLAIN;
    ret->at = block * BLOCK_BYTES_MAX;
    return EX_OK;
}

static ex_code check_fixed(struct parser_run *run, struct vhd *v, struct ex_error *err) {
    if (v->footer.size_bytes > v->data_bytes)
        return ex_fail(err, EX_FORMAT,
                       "a fixed image says that it has %llu bytes, and %llu stand in front of its "
                       "footer",
                       (unsigned long long)v->footer.size_bytes, (unsigned long long)v->data_bytes);
    if (v->footer.size_bytes < v->data_bytes)
        EX_TRY(parser_warn(run, &v->warnings, err,
                           "%llu bytes between the end of the disk and the footer were not read",
                           (unsigned long long)(v->data_bytes - v->footer.size_bytes)));
    return EX_OK;
}

/* ---- opening, reading ---- */

static ex_code tell(struct parser_run *run, const struct vhd *v, struct ex_error *err) {
    const struct footer *f = &v->footer;
    const char *type = f->type == FIXED ? "fixed" : "dynamic";
    char hex[2 * sizeof f->id + 1];
    EX_TRY(parser_fact(run, "type", type, strlen(type), err));
    EX_TRY(parser_fact_number(run, "chunk-bytes", SECTOR_BYTES, err));
    if (f->type == DYNAMIC)
        EX_TRY(parser_fact_number(run, "block-bytes", v->block_bytes, err));
    EX_TRY(parser_fact(run, "creator-application", f->application, 4, err));
    EX_TRY(parser_fact(run, "creator-system", f->system, 4, err));
    EX_TRY(parser_fact_number(run, "created", (uint64_t)f->created + EPOCH_2000, err));
    EX_TRY(parser_fact(run, "unique-id", ex_hex(hex, f->id, sizeof f->id), 2 * sizeof f->id, err));
    if (f->geometry_bytes != f->size_bytes)
        EX_TRY(parser_fact_number(run, "geometry-bytes", f->geometry_bytes, err));
    return EX_OK;
}

static ex_code vhd_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                        struct ex_error *err) {
    EX_AUTO(vhd_close) struct vhd *v = ex_new0(struct vhd);
    struct gaps gaps = {0};
    uint64_t allocated = 0;
    EX_TRY(read_footers(run, v, err));
    bool fixed = v->footer.type == FIXED;
    if (!fixed && v->footer.type != DYNAMIC && v->footer.type != DIFFERENCING)
        return ex_fail(err, EX_UNSUPPORTED, "type %u of VHD is not known", v->footer.type);
    if (v->footer.size_bytes > INT64_MAX)
        return ex_fail(err, EX_FORMAT, "a disk of %llu bytes",
                       (unsigned long long)v->footer.size_bytes);
    EX_TRY(fixed ? check_fixed(run, v, err) : read_dynamic(run, v, err));
    v->content = (struct chunked){.context = v,
                                  .unit = "block",
                                  .size_bytes = v->footer.size_bytes,
                                  .chunk_bytes = fixed ? BLOCK_BYTES_MAX : v->block_bytes,
                                  .locate = fixed ? locate_fixed : locate,
                                  .check = fixed ? NULL : check_bits};
    EX_TRY(tell(run, v, err));
    EX_TRY(chunked_survey(run, &v->content, &gaps, &v->warnings, &allocated, err));
    EX_TRY(gaps_end(run, &gaps, err));
    EX_TRY(parser_fact_number(run, "allocated-bytes", allocated, err));
    *ret_size_bytes = v->footer.size_bytes;
    *ret_state = ex_steal(&v);
    return EX_OK;
}

static ex_code vhd_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                        size_t size_bytes, struct ex_error *err) {
    struct vhd *v = state;
    return chunked_read(run, &v->content, offset, to, size_bytes, err);
}

const struct parser vhd_parser = {
    .name = "vhd", .version = 1, .open = vhd_open, .read = vhd_read, .close = vhd_close};
