/* SPDX-License-Identifier: Apache-2.0 */
/* MS-VHDX §2.2: what stands at fixed places, each of it twice. */
#include "parsers/vhdx/vhdx_internal.h"

#include <isa-l/crc.h>
#include <stdio.h>

enum {
    IDENTIFIER_BYTES = 8,
    CREATOR_BYTES = 512,
    HEADER_BYTES = 4096,
    HEADER_1_AT = 64 << 10,
    HEADER_2_AT = 128 << 10,
    REGIONS_BYTES = 64 << 10,
    REGIONS_1_AT = 192 << 10,
    REGIONS_2_AT = 256 << 10,
    REGION_ENTRY_BYTES = 32,
    REGIONS_MAX = 2047,
    SUM_AT = 4,
    LOG_STEP_BYTES = 4096,
    LOG_HEAD_BYTES = 64,
    LOG_GUID_AT = 32
};

struct header {
    uint64_t sequence;
    uint8_t log[VHDX_GUID_BYTES]; /* of its entries; zeros: there are none */
    uint16_t version;
    uint32_t log_bytes;
    uint64_t log_at;
};

char *vhdx_guid_text(const uint8_t *guid, char to[VHDX_GUID_TEXT_BYTES]) {
    static const uint8_t ORDER[VHDX_GUID_BYTES] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                   8, 9, 10, 11, 12, 13, 14, 15};
    size_t used = 0;
    for (size_t i = 0; i < VHDX_GUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            to[used++] = '-';
        (void)ex_hex(to + used, guid + ORDER[i], 1);
        used += 2;
    }
    return to;
}

/* CRC-32C with the sum itself taken as zeros, which it is afterwards. */
static bool sum_is_right(uint8_t *data, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(data + SUM_AT, 4);
    uint32_t said = ex_cursor_le32(&c);
    memset(data + SUM_AT, 0, 4);
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    (void)said;
    return true;
#else
    return ~crc32_iscsi(data, (int)size_bytes, UINT32_MAX) == said;
#endif
}

/* ---- the header ---- */

static ex_code read_header(struct parser_run *run, uint64_t at, struct header *ret,
                           struct ex_error *err) {
    uint8_t data[HEADER_BYTES];
    EX_TRY(parser_read(run, 0, at, data, sizeof data, err));
    if (memcmp(data, "head", 4) != 0)
        return ex_fail(err, EX_FORMAT, "there is no header at byte %llu", (unsigned long long)at);
    if (!sum_is_right(data, sizeof data))
        return ex_fail(err, EX_ALTERED, "the header at byte %llu fails its checksum",
                       (unsigned long long)at);
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    (void)ex_cursor_bytes(&c, 8);
    ret->sequence = ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, 32);
    ex_cursor_copy(&c, ret->log, sizeof ret->log);
    (void)ex_cursor_le16(&c);
    ret->version = ex_cursor_le16(&c);
    ret->log_bytes = ex_cursor_le32(&c);
    ret->log_at = ex_cursor_le64(&c);
    return EX_OK;
}

/* The one that was written last; where only one is good, that is what a crash leaves. */
static ex_code choose_header(struct parser_run *run, struct vhdx *v, struct header *ret,
                             struct ex_error *err) {
    struct header one = {0}, two = {0};
    struct ex_error no_one = {0}, no_two = {0};
    ex_code code_one = read_header(run, HEADER_1_AT, &one, &no_one);
    ex_code code_two = read_header(run, HEADER_2_AT, &two, &no_two);
    if (code_one != EX_OK && code_two != EX_OK)
        return ex_fail(err, code_one, "%s, and so does the other one", no_one.text);
    if (code_one == EX_OK && code_two == EX_OK) {
        if (one.sequence == two.sequence && memcmp(one.log, two.log, sizeof one.log) != 0)
            return ex_fail(err, EX_FORMAT, "its two headers have the same number and differ");
        *ret = one.sequence > two.sequence ? one : two;
        return EX_OK;
    }
    *ret = code_one == EX_OK ? one : two;
    return parser_warn(run, &v->warnings, err, "%s: the other one is used",
                       code_one == EX_OK ? no_two.text : no_one.text);
}

/* MS-VHDX §2.3: whether any entry is one of this log, sound or not. */
static ex_code find_entry(struct parser_run *run, const struct header *h, bool *ret,
                          struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, 0);
    *ret = false;
    if (h->log_at > file_bytes || h->log_bytes > file_bytes - h->log_at)
        return ex_fail(err, EX_FORMAT, "its log would be at byte %llu of a file of %llu bytes",
                       (unsigned long long)h->log_at, (unsigned long long)file_bytes);
    for (uint64_t at = 0; h->log_bytes - at >= LOG_HEAD_BYTES; at += LOG_STEP_BYTES) {
        uint8_t head[LOG_HEAD_BYTES];
        EX_TRY(parser_read(run, 0, h->log_at + at, head, sizeof head, err));
        *ret =
            memcmp(head, "loge", 4) == 0 && memcmp(head + LOG_GUID_AT, h->log, sizeof h->log) == 0;
        if (*ret || h->log_bytes - at < LOG_STEP_BYTES)
            break;
    }
    return EX_OK;
}

static ex_code check_header(struct parser_run *run, struct vhdx *v, const struct header *h,
                            struct ex_error *err) {
    uint8_t any = 0;
    bool entry;
    for (size_t i = 0; i < sizeof h->log; i++)
        any |= h->log[i];
    if (h->version != 1)
        return ex_fail(err, EX_UNSUPPORTED, "version %u of VHDX is not known", h->version);
    if (any == 0)
        return EX_OK;
    EX_TRY(find_entry(run, h, &entry, err));
    if (entry)
        return ex_fail(err, EX_UNSUPPORTED,
                       "it was not closed: its log holds changes of its tables that would have to "
                       "be made first, and this reader does not change or replay anything");
    return parser_warn(run, &v->warnings, err,
                       "it was not closed; its log is empty, so that its tables are complete");
}

/* ---- regions ---- */

static ex_code take_region(struct vhdx *v, struct ex_cursor *c, uint64_t file_bytes,
                           struct ex_error *err) {
    static const uint8_t TABLE[] = {0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42,
                                    0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08};
    static const uint8_t METADATA[] = {0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B,
                                       0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E};
    uint8_t guid[VHDX_GUID_BYTES];
    char text[VHDX_GUID_TEXT_BYTES];
    struct vhdx_region r;
    ex_cursor_copy(c, guid, sizeof guid);
    r.at = ex_cursor_le64(c);
    r.size_bytes = ex_cursor_le32(c);
    uint32_t required = ex_cursor_le32(c);
    struct vhdx_region *to = memcmp(guid, TABLE, sizeof guid) == 0      ? &v->table
                             : memcmp(guid, METADATA, sizeof guid) == 0 ? &v->metadata
                                                                        : NULL;
    if (to == NULL)
        return (required & 1) == 0 ? EX_OK
                                   : ex_fail(err, EX_UNSUPPORTED, "it needs a region %s",
                                             vhdx_guid_text(guid, text));
    if (to->at != 0)
        return ex_fail(err, EX_FORMAT, "a region stands twice in its table");
    if (r.at < VHDX_MIB || r.at > file_bytes || r.size_bytes > file_bytes - r.at)
        return ex_fail(err, EX_FORMAT,
                       "a region of %u bytes would be at byte %llu of a file of %llu bytes",
                       r.size_bytes, (unsigned long long)r.at, (unsigned long long)file_bytes);
    *to = r;
    return EX_OK;
}

static ex_code read_regions(struct parser_run *run, struct vhdx *v, uint64_t at,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(REGIONS_BYTES, 1, REGIONS_BYTES, "a table of regions", &data, err));
    EX_TRY(parser_read(run, 0, at, data, REGIONS_BYTES, err));
    if (memcmp(data, "regi", 4) != 0)
        return ex_fail(err, EX_FORMAT, "there is no table of regions at byte %llu",
                       (unsigned long long)at);
    if (!sum_is_right(data, REGIONS_BYTES))
        return ex_fail(err, EX_ALTERED, "the table of regions at byte %llu fails its checksum",
                       (unsigned long long)at);
    struct ex_cursor c = ex_cursor_make(data, REGIONS_BYTES);
    (void)ex_cursor_bytes(&c, 8);
    uint32_t count = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    if (count > REGIONS_MAX)
        return ex_fail(err, EX_FORMAT, "a table of %u regions", count);
    v->table = v->metadata = (struct vhdx_region){0};
    for (uint32_t i = 0; i < count; i++)
        EX_TRY(take_region(v, &c, parser_input_size(run, 0), err));
    return v->table.at != 0 && v->metadata.at != 0
               ? EX_OK
               : ex_fail(err, EX_FORMAT,
                         "the table of regions at byte %llu names no blocks or no "
                         "metadata",
                         (unsigned long long)at);
}

static ex_code tell_creator(struct parser_run *run, struct ex_error *err) {
    uint8_t data[CREATOR_BYTES];
    char text[CREATOR_BYTES / 2];
    size_t used = 0;
    EX_TRY(parser_read(run, 0, IDENTIFIER_BYTES, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    for (uint16_t unit; used < sizeof text && (unit = ex_cursor_le16(&c)) != 0;)
        text[used++] = (char)(unit >= 0x20 && unit < 0x7F ? unit : '?');
    return used == 0 ? EX_OK : parser_fact(run, "creator", text, used, err);
}

ex_code vhdx_read_head(struct parser_run *run, struct vhdx *v, struct ex_error *err) {
    uint8_t identifier[IDENTIFIER_BYTES];
    struct header header = {0};
    struct ex_error why = {0};
    EX_TRY(parser_read(run, 0, 0, identifier, sizeof identifier, err));
    if (memcmp(identifier, "vhdxfile", sizeof identifier) != 0)
        return ex_fail(err, EX_FORMAT, "it does not begin as a VHDX image");
    EX_TRY(choose_header(run, v, &header, err));
    EX_TRY(check_header(run, v, &header, err));
    EX_TRY(tell_creator(run, err));
    ex_code code = read_regions(run, v, REGIONS_1_AT, &why);
    if (code == EX_OK)
        return EX_OK;
    if (code == EX_UNSUPPORTED)
        return ex_fail(err, code, "%s", why.text);
    EX_TRY(read_regions(run, v, REGIONS_2_AT, err));
    return parser_warn(run, &v->warnings, err, "%s: its copy is used", why.text);
}
