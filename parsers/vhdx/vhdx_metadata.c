/* SPDX-License-Identifier: Apache-2.0 */
/* MS-VHDX §2.6: what the disk is. */
#include "parsers/vhdx/vhdx_internal.h"

enum { HEAD_BYTES = 32, ENTRY_BYTES = 32, ENTRIES_MAX = 2047, ITEM_BYTES_MAX = 16, REQUIRED = 4 };

enum item { PARAMETERS, DISK_SIZE, DISK_ID, SECTOR, PHYSICAL_SECTOR, PARENT, ITEMS };

static const struct {
    uint8_t guid[VHDX_GUID_BYTES];
    uint32_t size_bytes; /* 0: any */
} KNOWN[ITEMS] = {
    [PARAMETERS] = {{0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA,
                     0x44, 0xE7, 0x6B},
                    8},
    [DISK_SIZE] = {{0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8,
                    0x3B, 0xF4, 0xB8},
                   8},
    [DISK_ID] = {{0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0,
                  0x00, 0xC7, 0x46},
                 16},
    [SECTOR] = {{0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA,
                 0xAB, 0x5F},
                4},
    [PHYSICAL_SECTOR] = {{0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88,
                          0x52, 0x51, 0xC5, 0x56},
                         4},
    [PARENT] = {{0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34,
                 0xAB, 0x0C},
                0},
};

static ex_code take_value(struct vhdx *v, enum item item, const uint8_t *data,
                          struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, KNOWN[item].size_bytes);
    switch (item) {
    case PARAMETERS:
        v->block_bytes = ex_cursor_le32(&c);
        uint32_t flags = ex_cursor_le32(&c);
        v->fixed = (flags & 1) != 0;
        v->layer = (flags & 2) != 0;
        break;
    case DISK_SIZE:
        v->size_bytes = ex_cursor_le64(&c);
        break;
    case DISK_ID:
        ex_cursor_copy(&c, v->id, sizeof v->id);
        break;
    case SECTOR:
        v->sector_bytes = ex_cursor_le32(&c);
        break;
    case PHYSICAL_SECTOR:
        v->physical_sector_bytes = ex_cursor_le32(&c);
        break;
    case PARENT: /* follows from the parameters */
    case ITEMS:
        break;
    }
    return ex_cursor_check(&c, "a metadata item", err);
}

static ex_code take_entry(struct parser_run *run, struct vhdx *v, const uint8_t *entry,
                          unsigned *seen, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(entry, ENTRY_BYTES);
    uint8_t guid[VHDX_GUID_BYTES], data[ITEM_BYTES_MAX];
    char text[VHDX_GUID_TEXT_BYTES];
    unsigned item = 0;
    ex_cursor_copy(&c, guid, sizeof guid);
    uint32_t at = ex_cursor_le32(&c), size = ex_cursor_le32(&c), flags = ex_cursor_le32(&c);
    while (item < ITEMS && memcmp(KNOWN[item].guid, guid, sizeof guid) != 0)
        item++;
    if (item == ITEMS)
        return (flags & REQUIRED) == 0 ? EX_OK
                                       : ex_fail(err, EX_UNSUPPORTED, "it needs the metadata %s",
                                                 vhdx_guid_text(guid, text));
    if ((*seen >> item & 1) != 0)
        return ex_fail(err, EX_FORMAT, "the metadata %s stand twice", vhdx_guid_text(guid, text));
    *seen |= 1u << item;
    if (KNOWN[item].size_bytes == 0)
        return EX_OK;
    if (size != KNOWN[item].size_bytes || at > v->metadata.size_bytes ||
        size > v->metadata.size_bytes - at)
        return ex_fail(err, EX_FORMAT, "the metadata %s have %u bytes, at byte %u of %u",
                       vhdx_guid_text(guid, text), size, at, v->metadata.size_bytes);
    EX_TRY(parser_read(run, 0, v->metadata.at + at, data, size, err));
    return take_value(v, (enum item)item, data, err);
}

static ex_code check_values(const struct vhdx *v, unsigned seen, struct ex_error *err) {
    unsigned needed = 1u << PARAMETERS | 1u << DISK_SIZE | 1u << SECTOR;
    if ((seen & needed) != needed)
        return ex_fail(err, EX_FORMAT,
                       "its metadata lack the size of the disk, its blocks or its "
                       "sectors");
    if (v->layer)
        return ex_fail(err, EX_UNSUPPORTED,
                       "this image is only a layer: what was not changed stands in its parent, "
                       "which is not followed");
    if (v->block_bytes < VHDX_MIB || v->block_bytes > 256 * VHDX_MIB ||
        (v->block_bytes & (v->block_bytes - 1)) != 0)
        return ex_fail(err, EX_FORMAT, "blocks of %u bytes", v->block_bytes);
    if (v->sector_bytes != 512 && v->sector_bytes != 4096)
        return ex_fail(err, EX_FORMAT, "sectors of %u bytes", v->sector_bytes);
    if (v->size_bytes > INT64_MAX)
        return ex_fail(err, EX_FORMAT, "a disk of %llu bytes", (unsigned long long)v->size_bytes);
    return EX_OK;
}

ex_code vhdx_read_metadata(struct parser_run *run, struct vhdx *v, struct ex_error *err) {
    uint8_t head[HEAD_BYTES], entry[ENTRY_BYTES];
    unsigned seen = 0;
    EX_TRY(parser_read(run, 0, v->metadata.at, head, sizeof head, err));
    if (memcmp(head, "metadata", 8) != 0)
        return ex_fail(err, EX_FORMAT, "there is no table of metadata at byte %llu",
                       (unsigned long long)v->metadata.at);
    struct ex_cursor c = ex_cursor_make(head + 10, 2);
    uint16_t count = ex_cursor_le16(&c);
    if (count > ENTRIES_MAX || HEAD_BYTES + (uint32_t)count * ENTRY_BYTES > v->metadata.size_bytes)
        return ex_fail(err, EX_FORMAT, "a table of %u metadata", count);
    for (uint32_t i = 0; i < count; i++) {
        EX_TRY(parser_read(run, 0, v->metadata.at + HEAD_BYTES + i * ENTRY_BYTES, entry,
                           sizeof entry, err));
        EX_TRY(take_entry(run, v, entry, &seen, err));
    }
    return check_values(v, seen, err);
}
