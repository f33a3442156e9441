/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition table, if any. */
#include "parsers/tsk/tables_internal.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>

enum {
    MBR_ENTRIES_AT = 446,
    MBR_ENTRIES = 4,
    MBR_MAGIC = 0xAA55,
    MBR_PROTECTIVE = 0xEE,
    MBR_ACTIVE = 0x80,
    GPT_ENTRY_BYTES = 128,
    GPT_ENTRY_BYTES_MAX = 4096
};

struct mbr {
    bool sound;      /* entries as a partitioning program writes them, and at least one */
    bool protective; /* one of them keeps the place of a GPT */
};

/* Bytes that are code or text of a boot sector do not make entries like these. */
static struct mbr look_at_mbr(const uint8_t *sector, uint64_t sectors) {
    struct mbr m = {0};
    unsigned used = 0, inside = 0;
    struct ex_cursor c = ex_cursor_make(sector, IMAGE_SECTOR_BYTES);
    (void)ex_cursor_bytes(&c, MBR_ENTRIES_AT);
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        uint8_t status = ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 3);
        uint8_t type = ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 3);
        uint32_t start = ex_cursor_le32(&c), count = ex_cursor_le32(&c);
        if (count == 0)
            continue;
        if (status != 0 && status != MBR_ACTIVE)
            return m;
        if (type == 0)
            continue;
        used++;
        inside += start < sectors;
        m.protective |= type == MBR_PROTECTIVE;
    }
    m.sound = ex_cursor_le16(&c) == MBR_MAGIC && used > 0 && inside > 0;
    m.protective &= m.sound;
    return m;
}

static TSK_VS_INFO *open_as(struct image *image, TSK_VS_TYPE_ENUM type) {
    image_forget(image);
    return tsk_vs_open(&image->img, 0, type);
}

ex_code table_open(struct image *image, struct table *ret, struct ex_error *err) {
    static const struct {
        TSK_VS_TYPE_ENUM type;
        const char *scheme;
    } OTHERS[] = {{TSK_VS_TYPE_MAC, "apm"}, {TSK_VS_TYPE_SUN, "sun"}, {TSK_VS_TYPE_BSD, "bsd"}};
    const uint8_t *sector;
    EX_TRY(parser_view(image->run, 0, 0, IMAGE_SECTOR_BYTES, &sector, err));
    struct mbr mbr = look_at_mbr(sector, (uint64_t)image->img.size / IMAGE_SECTOR_BYTES);

    *ret = (struct table){.sound_mbr = mbr.sound};
    TSK_VS_INFO *gpt = open_as(image, TSK_VS_TYPE_GPT);
    if (gpt != NULL && (mbr.protective || (!mbr.sound && !gpt->is_backup))) {
        ret->vs = gpt;
        ret->scheme = "gpt";
        return EX_OK;
    }
    if (mbr.sound) {
        ret->vs = open_as(image, TSK_VS_TYPE_DOS);
        ret->scheme = "mbr";
        tsk_vs_close(gpt);
        return EX_OK;
    }
    if (gpt != NULL) { /* only its copy at the end is left */
        ret->vs = gpt;
        ret->scheme = "gpt";
        return EX_OK;
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0] && ret->vs == NULL; i++) {
        ret->vs = open_as(image, OTHERS[i].type);
        ret->scheme = OTHERS[i].scheme;
    }
    if (ret->vs != NULL)
        return EX_OK;
    EX_TRY(image_check(image, err));
    return ex_fail(err, EX_FORMAT, "no partition table");
}

/* ---- what libtsk does not tell of a GPT ---- */

ex_code table_guids(struct image *image, const TSK_VS_PART_INFO *part, bool *ret_found,
                    char type[static GUID_TEXT_BYTES], char id[static GUID_TEXT_BYTES],
                    struct ex_error *err) {
    const TSK_VS_INFO *vs = part->vs;
    uint64_t size = (uint64_t)image->img.size, bytes = vs->block_size;
    uint8_t data[GPT_ENTRY_BYTES];
    *ret_found = false;
    uint64_t head_at = vs->is_backup ? (size / bytes - 1) * bytes : bytes;
    if (head_at > size || size - head_at < sizeof data)
        return EX_OK;
    EX_TRY(parser_read(image->run, 0, head_at, data, sizeof data, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    (void)ex_cursor_bytes(&c, 72);
    uint64_t table_block = ex_cursor_le64(&c);
    (void)ex_cursor_le32(&c);
    uint32_t entry_bytes = ex_cursor_le32(&c);
    if (entry_bytes < GPT_ENTRY_BYTES || entry_bytes > GPT_ENTRY_BYTES_MAX ||
        table_block > size / bytes)
        return EX_OK;
    uint64_t at = table_block * bytes + (uint64_t)(uint8_t)part->slot_num * entry_bytes;
    if (at > size || size - at < sizeof data)
        return EX_OK;
    EX_TRY(parser_read(image->run, 0, at, data, sizeof data, err));
    c = ex_cursor_make(data, sizeof data);
    (void)ex_cursor_bytes(&c, 32);
    if (ex_cursor_le64(&c) != part->start) /* libtsk counts slots in 8 bits */
        return EX_OK;
    guid_text(type, data);
    guid_text(id, data + 16);
    *ret_found = true;
    return EX_OK;
}
