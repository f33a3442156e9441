/* SPDX-License-Identifier: Apache-2.0 */
/* A sparse file: a directory of tables of grains. */
#include "parsers/vmdk/vmdk_internal.h"

enum {
    HEADER_BYTES = 512,
    FOOTER_FROM_END = 1024,
    ENTRY_BYTES = 4,
    MARKER_BYTES = 12,
    GRAIN_SECTORS_MAX = 1 << 16,
    IN_TABLE_MAX = 1 << 16,
    DEFLATE = 1
};
/* flags */
enum { NEWLINES = 1 << 0, SPARE = 1 << 1, ZEROED = 1 << 2, PACKED = 1 << 16, MARKERS = 1 << 17 };
#define AT_END UINT64_MAX

void vmdk_sparse_free(struct vmdk_sparse *s) {
    if (s == NULL)
        return;
    chunked_clear(&s->content);
    free(s);
}

/* ---- the header ---- */

struct header {
    uint64_t capacity, grain, descriptor, descriptor_size, spare, directory;
    uint32_t version, flags, in_table;
    uint16_t compression;
    uint8_t unclean, newlines[4];
};

static ex_code read_header(struct parser_run *run, unsigned input, uint64_t at, struct header *ret,
                           struct ex_error *err) {
    uint8_t data[HEADER_BYTES];
    EX_TRY(parser_read(run, input, at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    const uint8_t *magic = ex_cursor_bytes(&c, 4);
    if (memcmp(magic, "COWD", 4) == 0)
        return ex_fail(err, EX_UNSUPPORTED, "sparse extents of ESX (COWD) are not read");
    if (memcmp(magic, "KDMV", 4) != 0)
        return ex_fail(err, EX_FORMAT, "there is no sparse extent at byte %llu",
                       (unsigned long long)at);
    ret->version = ex_cursor_le32(&c);
    ret->flags = ex_cursor_le32(&c);
    ret->capacity = ex_cursor_le64(&c);
    ret->grain = ex_cursor_le64(&c);
    ret->descriptor = ex_cursor_le64(&c);
    ret->descriptor_size = ex_cursor_le64(&c);
    ret->in_table = ex_cursor_le32(&c);
    ret->spare = ex_cursor_le64(&c);
    ret->directory = ex_cursor_le64(&c);
    (void)ex_cursor_le64(&c);
    ret->unclean = ex_cursor_u8(&c);
    ex_cursor_copy(&c, ret->newlines, sizeof ret->newlines);
    ret->compression = ex_cursor_le16(&c);
    return EX_OK;
}

static ex_code check_header(const struct header *h, struct ex_error *err) {
    if (h->version < 1 || h->version > 3)
        return ex_fail(err, EX_UNSUPPORTED, "version %u of VMDK is not known", h->version);
    if ((h->flags & NEWLINES) != 0 && memcmp(h->newlines, "\n \r\n", 4) != 0)
        return ex_fail(err, EX_ALTERED,
                       "it was copied as if it were text, which changed its "
                       "bytes");
    if (h->compression > DEFLATE || ((h->flags & PACKED) != 0) != (h->compression == DEFLATE))
        return ex_fail(err, EX_UNSUPPORTED, "compression %u is not known", h->compression);
    if (h->grain == 0 || h->grain > GRAIN_SECTORS_MAX || (h->grain & (h->grain - 1)) != 0 ||
        h->in_table == 0 || h->in_table > IN_TABLE_MAX)
        return ex_fail(err, EX_FORMAT, "grains of %llu sectors, %u in a table",
                       (unsigned long long)h->grain, h->in_table);
    if (h->capacity > INT64_MAX / VMDK_SECTOR_BYTES)
        return ex_fail(err, EX_FORMAT, "an extent of %llu sectors",
                       (unsigned long long)h->capacity);
    return EX_OK;
}

static uint64_t directory_bytes(const struct vmdk_sparse *s) {
    uint64_t table = (uint64_t)s->grain_sectors * VMDK_SECTOR_BYTES * s->in_table;
    return (s->capacity_bytes / table + (s->capacity_bytes % table != 0)) * ENTRY_BYTES;
}

static bool is_inside(const struct parser_run *run, unsigned input, uint64_t sector,
                      uint64_t size_bytes) {
    uint64_t file_bytes = parser_input_size(run, input);
    return sector > 0 && sector <= file_bytes / VMDK_SECTOR_BYTES &&
           size_bytes <= file_bytes - sector * VMDK_SECTOR_BYTES;
}

static ex_code place_directory(struct parser_run *run, struct vmdk_sparse *s,
                               const struct header *h, struct ex_error *err) {
    bool first = is_inside(run, s->input, h->directory, directory_bytes(s));
    bool spare = (h->flags & SPARE) != 0 && h->spare != 0 &&
                 is_inside(run, s->input, h->spare, directory_bytes(s));
    if (!first && !spare)
        return ex_fail(
            err, EX_FORMAT, "its directory would be at sector %llu of a file of %llu bytes",
            (unsigned long long)h->directory, (unsigned long long)parser_input_size(run, s->input));
    s->directory_at = (first ? h->directory : h->spare) * VMDK_SECTOR_BYTES;
    s->spare_at = first && spare ? h->spare * VMDK_SECTOR_BYTES : 0;
    return first ? EX_OK
                 : parser_warn(run, &s->v->warnings, err,
                               "the directory of a sparse extent is behind the end of its file: "
                               "its copy is used");
}

/* What is written in one go has its directory, and the header that knows where, at the end. */
static ex_code read_footer(struct parser_run *run, unsigned input, struct header *h,
                           struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, input);
    struct header end;
    struct ex_error why = {0};
    ex_code code = file_bytes < 3 * HEADER_BYTES
                       ? ex_fail(&why, EX_FORMAT, "it is too short")
                       : read_header(run, input, file_bytes - FOOTER_FROM_END, &end, &why);
    if (code != EX_OK)
        return ex_fail(err, code, "its directory is at its end, which is missing: %s", why.text);
    if (end.capacity != h->capacity || end.grain != h->grain || end.in_table != h->in_table ||
        end.flags != h->flags || end.compression != h->compression)
        return ex_fail(err, EX_FORMAT, "its header and its footer describe two different extents");
    *h = end;
    return EX_OK;
}

/* ---- grains ---- */

static ex_code read_entry(struct parser_run *run, struct vmdk_sparse *s, uint64_t at, uint32_t *ret,
                          struct ex_error *err) {
    uint8_t data[ENTRY_BYTES];
    EX_TRY(pages_read(run, &s->v->tables, s->input, at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    *ret = ex_cursor_le32(&c);
    return EX_OK;
}

static ex_code look_up(struct parser_run *run, struct vmdk_sparse *s, uint64_t directory_at,
                       uint64_t grain, uint32_t *ret, uint64_t *ret_alike, struct ex_error *err) {
    uint64_t index = grain % s->in_table;
    uint32_t table;
    *ret = 0;
    *ret_alike = s->in_table - index;
    EX_TRY(read_entry(run, s, directory_at + grain / s->in_table * ENTRY_BYTES, &table, err));
    if (table == 0)
        return EX_OK;
    if (!is_inside(run, s->input, table, 0))
        return ex_fail(err, EX_FORMAT, "its table would be at sector %u of a file of %llu bytes",
                       table, (unsigned long long)parser_input_size(run, s->input));
    *ret_alike = 1;
    return read_entry(run, s, (uint64_t)table * VMDK_SECTOR_BYTES + index * ENTRY_BYTES, ret, err);
}

static ex_code locate(struct parser_run *run, void *context, uint64_t grain,
                      struct chunk_place *ret, struct ex_error *err) {
    struct vmdk_sparse *s = context;
    struct ex_error why = {0};
    uint32_t entry, copy = 0;
    uint64_t copy_alike = 1;
    ex_code code = look_up(run, s, s->directory_at, grain, &entry, &ret->alike, &why);
    bool spare = s->spare_at != 0 && (code != EX_OK || s->surveying) &&
                 look_up(run, s, s->spare_at, grain, &copy, &copy_alike, NULL) == EX_OK;
    if (code != EX_OK && !spare)
        return ex_fail(err, code, "%s", why.text);
    if (code == EX_OK && spare && entry != copy && s->differ++ == 0)
        s->first_differ = grain * s->content.chunk_bytes;
    if (code != EX_OK) {
        s->from_spare++;
        entry = copy;
        ret->alike = copy_alike;
    } else if (spare && copy_alike < ret->alike) {
        ret->alike = copy_alike; /* so that each entry of the copy is seen */
    }
    if (entry == 0 || (entry == 1 && (s->flags & ZEROED) != 0))
        return EX_OK;
    ret->how = (s->flags & PACKED) != 0 ? CHUNK_PACKED : CHUNK_PLAIN;
    ret->at = (uint64_t)entry * VMDK_SECTOR_BYTES;
    return EX_OK;
}

/* In front of a grain stand its first sector and its length. */
static ex_code read_marker(struct parser_run *run, const struct vmdk_sparse *s, uint64_t grain,
                           uint64_t *at, uint64_t *size, struct ex_error *err) {
    uint8_t data[MARKER_BYTES];
    EX_TRY(parser_read(run, s->input, *at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    uint64_t sector = ex_cursor_le64(&c);
    uint32_t stored = ex_cursor_le32(&c);
    if (sector != grain * s->grain_sectors)
        return ex_fail(err, EX_ALTERED, "what stands there says that it is sector %llu",
                       (unsigned long long)sector);
    if (stored > *size)
        return ex_fail(err, EX_FORMAT, "it has %u stored bytes", stored);
    *at += MARKER_BYTES;
    *size = stored;
    return EX_OK;
}

static ex_code expand(struct parser_run *run, void *context, uint64_t grain,
                      const struct chunk_place *place, uint8_t *to, size_t size_bytes,
                      struct ex_error *err) {
    struct vmdk_sparse *s = context;
    size_t room = (size_t)s->content.chunk_bytes + 1, got = 0;
    uint64_t at = place->at, file_bytes = parser_input_size(run, s->input), size = 2 * room + 4096;
    const uint8_t *data;
    EX_AUTO_FREE uint8_t *own = NULL;
    if (at >= file_bytes)
        return ex_fail(err, EX_FORMAT, "it would be at byte %llu of a file of %llu bytes",
                       (unsigned long long)at, (unsigned long long)file_bytes);
    if ((s->flags & MARKERS) != 0)
        EX_TRY(read_marker(run, s, grain, &at, &size, err));
    else if (size > file_bytes - at)
        size = file_bytes - at;
    EX_TRY(parser_take(run, s->input, at, (size_t)size, 2 * room + 4096, &own, &data, err));
    EX_TRY(expand_zlib(&s->v->inflate, data, (size_t)size, to, room, &got, err));
    if (got < size_bytes || got >= room)
        return ex_fail(err, EX_FORMAT, "it expands to %zu bytes instead of %zu", got, room - 1);
    return EX_OK;
}

/* ---- opening ---- */

ex_code vmdk_sparse_open(struct parser_run *run, struct vmdk *v, unsigned input,
                         struct vmdk_sparse **ret, struct ex_error *err) {
    EX_AUTO(vmdk_sparse_free) struct vmdk_sparse *s = ex_new0(struct vmdk_sparse);
    struct header h;
    EX_TRY(read_header(run, input, 0, &h, err));
    EX_TRY(check_header(&h, err));
    s->v = v;
    s->input = input;
    s->unclean = h.unclean != 0;
    s->descriptor_at = h.descriptor;
    s->descriptor_bytes = h.descriptor_size;
    if (h.directory == AT_END)
        EX_TRY(read_footer(run, input, &h, err));
    s->flags = h.flags;
    s->capacity_bytes = h.capacity * VMDK_SECTOR_BYTES;
    s->grain_sectors = (uint32_t)h.grain;
    s->in_table = h.in_table;
    EX_TRY(place_directory(run, s, &h, err));
    *ret = ex_steal(&s);
    return EX_OK;
}

static ex_code tell_survey(struct parser_run *run, struct vmdk_sparse *s, struct ex_error *err) {
    if (s->differ > 0)
        EX_TRY(parser_warn(run, &s->v->warnings, err,
                           "%llu entries of the tables differ from their copies, the first for "
                           "byte %llu of the content: the tables are followed, not the copies",
                           (unsigned long long)s->differ,
                           (unsigned long long)(s->content.first_byte + s->first_differ)));
    if (s->from_spare > 0)
        EX_TRY(parser_warn(run, &s->v->warnings, err,
                           "%llu entries of the tables were taken from their copies",
                           (unsigned long long)s->from_spare));
    if (s->unclean)
        EX_TRY(parser_warn(run, &s->v->warnings, err,
                           "an extent says that it was not closed: the last writes may be "
                           "missing"));
    return EX_OK;
}

ex_code vmdk_sparse_survey(struct parser_run *run, struct vmdk_sparse *s,
                           const struct vmdk_extent *x, struct gaps *gaps, uint64_t *allocated,
                           struct ex_error *err) {
    bool longer = s->capacity_bytes > x->size_bytes;
    s->content = (struct chunked){
        .context = s,
        .unit = "grain",
        .input = s->input,
        .first_byte = x->from,
        .size_bytes = longer ? x->size_bytes : s->capacity_bytes,
        .chunk_bytes = (uint64_t)s->grain_sectors * VMDK_SECTOR_BYTES,
        .locate = locate,
        .expand = expand,
    };
    if (s->capacity_bytes != x->size_bytes)
        EX_TRY(parser_warn(run, &s->v->warnings, err,
                           "the descriptor says that an extent has %llu bytes, the extent that it "
                           "has %llu",
                           (unsigned long long)x->size_bytes,
                           (unsigned long long)s->capacity_bytes));
    s->surveying = true;
    EX_TRY(chunked_survey(run, &s->content, gaps, &s->v->warnings, allocated, err));
    s->surveying = false;
    EX_TRY(tell_survey(run, s, err));
    return gaps_add(run, gaps, PARSER_DAMAGED, x->from + s->content.size_bytes,
                    x->size_bytes - s->content.size_bytes, err);
}
