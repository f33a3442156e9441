/* SPDX-License-Identifier: Apache-2.0 */
/* What one would not see who only follows the partition table: other tables of the same disk, and a
 * file system that begins where the disk does. */
#include "parsers/tsk/files_internal.h"
#include "parsers/tsk/tables_internal.h"

#include "base/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MBR_ENTRIES_AT = 446,
    MBR_ENTRIES = 4,
    MBR_PROTECTIVE = 0xEE,
    GPT_HEAD_BYTES = 92,
    GPT_ENTRY_BYTES = 128,
    GPT_ENTRY_BYTES_MAX = 4096,
    GPT_ENTRIES_MAX = 1024,
    OTHERS_MAX = MBR_ENTRIES + 2 * GPT_ENTRIES_MAX,
    NAME_BYTES = 96,
    KEY_BYTES = 32
};

/* One entry of a table that was not followed, in sectors. */
struct other {
    const char *table;
    unsigned slot;
    uint64_t start, count;
    char type[GUID_TEXT_BYTES], id[GUID_TEXT_BYTES]; /* id: "" when it has none */
};

struct place {
    uint64_t offset, length;
};

struct search {
    struct image *image;
    const struct table *table;
    uint64_t sector_bytes;
    struct place *places;         /* that were told, OTHERS_MAX */
    unsigned count, told, shared; /* told: since the last problem; shared: with the table */
};

/* Does the table that is followed have a volume there, or one that is the sum of others? Or was it
 * told already? */
static bool is_known(struct search *s, const struct other *o) {
    const TSK_VS_INFO *vs = s->table->vs;
    for (const TSK_VS_PART_INFO *p = vs != NULL ? vs->part_list : NULL; p != NULL; p = p->next)
        if ((p->flags & (TSK_VS_PART_FLAG_ALLOC | TSK_VS_PART_FLAG_META)) != 0 &&
            p->start == o->start && p->len == o->count) {
            s->shared++;
            return true;
        }
    for (unsigned i = 0; i < s->count; i++)
        if (s->places[i].offset == o->start && s->places[i].length == o->count)
            return true;
    return false;
}

static ex_code tell_other(struct search *s, const struct other *o, struct ex_error *err) {
    struct parser_run *run = s->image->run;
    uint64_t size = (uint64_t)s->image->img.size, sectors = size / s->sector_bytes;
    char key[KEY_BYTES], slot[KEY_BYTES], name[NAME_BYTES];
    uint32_t trace;
    if (is_known(s, o) || s->count >= OTHERS_MAX)
        return EX_OK;
    s->places[s->count++] = (struct place){o->start, o->count};
    bool there = o->start < sectors, cut = !there || o->count > sectors - o->start;
    uint64_t offset = there ? o->start * s->sector_bytes : 0;
    uint64_t length = !there ? 0 : cut ? size - offset : o->count * s->sector_bytes;
    (void)snprintf(key, sizeof key, "%s:%u", o->table, o->slot);
    (void)snprintf(slot, sizeof slot, "%u", o->slot);
    (void)snprintf(name, sizeof name, "%s, entry %u (%s)", o->table, o->slot, o->type);
    struct parser_trace t = {.kind = PARSER_VOLUME,
                             .flags = PARSER_SIZED,
                             .key = key,
                             .name = name,
                             .name_bytes = strlen(name),
                             .size_bytes = length};
    if (there && (offset > 0 || length < size))
        t.flags |= PARSER_EXAMINE;
    s->told++;
    EX_TRY(parser_trace(run, &t, &trace, err));
    EX_TRY(tell_text(run, "table", o->table, err));
    EX_TRY(tell_text(run, "slot", slot, err));
    EX_TRY(tell_text(run, "type", o->type, err));
    if (o->id[0] != '\0')
        EX_TRY(tell_text(run, "guid", o->id, err));
    if (there)
        EX_TRY(parser_trace_extent(run, offset, length, err));
    if (!cut)
        return EX_OK;
    return tell_problem(run, trace, "end", err, EX_FORMAT,
                        "the table says %" PRIu64 " sectors from %" PRIu64
                        ", and the disk ends before",
                        o->count, o->start);
}

/* ---- an MBR that is not followed ---- */

static ex_code tell_mbr(struct search *s, const char *word, struct ex_error *err) {
    uint8_t sector[IMAGE_SECTOR_BYTES];
    EX_TRY(parser_read(s->image->run, 0, 0, sector, sizeof sector, err));
    struct ex_cursor c = ex_cursor_make(sector, sizeof sector);
    (void)ex_cursor_bytes(&c, MBR_ENTRIES_AT);
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        struct other o = {.table = word, .slot = i};
        (void)ex_cursor_bytes(&c, 4);
        uint8_t type = ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 3);
        o.start = ex_cursor_le32(&c);
        o.count = ex_cursor_le32(&c);
        (void)snprintf(o.type, sizeof o.type, "0x%02x", type);
        if (type != 0 && type != MBR_PROTECTIVE && o.count > 0)
            EX_TRY(tell_other(s, &o, err));
    }
    return EX_OK;
}

/* ---- a GPT that is not followed ---- */

struct gpt {
    uint64_t other_head; /* where the other one is, by sector */
    uint64_t entries_at; /* in bytes */
    uint32_t count, entry_bytes;
};

static ex_code read_gpt(const struct search *s, uint64_t sector, bool *ret_found, struct gpt *ret,
                        struct ex_error *err) {
    uint8_t head[GPT_HEAD_BYTES];
    uint64_t size = (uint64_t)s->image->img.size, bytes = s->sector_bytes;
    *ret_found = false;
    if (sector == 0 || sector >= size / bytes)
        return EX_OK;
    ex_code code = parser_read(s->image->run, 0, sector * bytes, head, sizeof head, err);
    if (code == EX_IO)
        return EX_OK;
    EX_TRY(code);
    if (memcmp(head, "EFI PART", 8) != 0)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    (void)ex_cursor_bytes(&c, 32);
    ret->other_head = ex_cursor_le64(&c);
    (void)ex_cursor_bytes(&c, 32);
    uint64_t block = ex_cursor_le64(&c);
    ret->count = ex_cursor_le32(&c);
    ret->entry_bytes = ex_cursor_le32(&c);
    ret->entries_at = block < size / bytes ? block * bytes : size;
    *ret_found = ret->entry_bytes >= GPT_ENTRY_BYTES && ret->entry_bytes <= GPT_ENTRY_BYTES_MAX;
    return EX_OK;
}

static ex_code tell_gpt(struct search *s, const struct gpt *g, const char *word,
                        struct ex_error *err) {
    static const uint8_t UNUSED[16] = {0};
    uint64_t size = (uint64_t)s->image->img.size;
    uint8_t entry[48];
    if (g->count > GPT_ENTRIES_MAX)
        EX_TRY(tell_problem(s->image->run, 0, word, err, EX_LIMIT, "more than %d entries",
                            GPT_ENTRIES_MAX));
    for (unsigned i = 0; i < g->count && i < GPT_ENTRIES_MAX; i++) {
        struct other o = {.table = word, .slot = i};
        uint64_t at = g->entries_at + (uint64_t)i * g->entry_bytes;
        if (at > size || size - at < sizeof entry)
            break;
        ex_code code = parser_read(s->image->run, 0, at, entry, sizeof entry, err);
        if (code == EX_IO)
            continue;
        EX_TRY(code);
        struct ex_cursor c = ex_cursor_make(entry, sizeof entry);
        (void)ex_cursor_bytes(&c, 32);
        o.start = ex_cursor_le64(&c);
        uint64_t last = ex_cursor_le64(&c);
        if (memcmp(entry, UNUSED, sizeof UNUSED) == 0 || last < o.start || last == UINT64_MAX)
            continue;
        o.count = last - o.start + 1;
        guid_text(o.type, entry);
        guid_text(o.id, entry + 16);
        EX_TRY(tell_other(s, &o, err));
    }
    return EX_OK;
}

/* Where the first says that the copy is, or in the last sector. */
static ex_code find_copy(const struct search *s, bool *ret_found, struct gpt *ret,
                         struct ex_error *err) {
    struct gpt first = {0};
    bool found;
    EX_TRY(read_gpt(s, 1, &found, &first, err));
    *ret_found = false;
    if (found && first.other_head > 1)
        EX_TRY(read_gpt(s, first.other_head, ret_found, ret, err));
    if (*ret_found)
        return EX_OK;
    return read_gpt(s, (uint64_t)s->image->img.size / s->sector_bytes - 1, ret_found, ret, err);
}

/* ---- all of them ---- */

static ex_code tell_difference(struct search *s, const char *key, const char *what,
                               struct ex_error *err) {
    unsigned told = s->told;
    s->told = 0;
    if (told == 0)
        return EX_OK;
    return tell_problem(s->image->run, 0, key, err, EX_FORMAT,
                        "%s has volumes that the partition table in use does not have: %u", what,
                        told);
}

/* What the copy lacks was put into the table, or taken out of the copy, by something that did not
 * know of both. */
static ex_code tell_lacking(struct search *s, struct ex_error *err) {
    unsigned used = 0;
    for (const TSK_VS_PART_INFO *p = s->table->vs->part_list; p != NULL; p = p->next)
        used += (p->flags & TSK_VS_PART_FLAG_ALLOC) != 0 && (p->flags & TSK_VS_PART_FLAG_META) == 0;
    if (s->shared >= used)
        return EX_OK;
    return tell_problem(s->image->run, 0, "gpt-copy-lacks", err, EX_FORMAT,
                        "the copy of the GUID partition table lacks volumes that it has: %u",
                        used - s->shared);
}

static ex_code tell_mbrs(struct search *s, bool is_gpt, struct ex_error *err) {
    if (s->table->vs == NULL)
        EX_TRY(tell_mbr(s, "mbr", err));
    else if (is_gpt && s->table->sound_mbr)
        EX_TRY(tell_mbr(s, "hybrid-mbr", err));
    return tell_difference(s, "mbr-entries", "the MBR", err);
}

static ex_code tell_gpts(struct search *s, bool is_gpt, struct ex_error *err) {
    struct gpt g = {0};
    bool found;
    if (!is_gpt) {
        EX_TRY(read_gpt(s, 1, &found, &g, err));
        if (found)
            EX_TRY(tell_gpt(s, &g, "gpt", err));
        EX_TRY(tell_difference(s, "gpt-entries", "a GUID partition table", err));
    } else if (s->table->vs->is_backup) {
        return EX_OK;
    }
    EX_TRY(find_copy(s, &found, &g, err));
    s->shared = 0;
    if (found)
        EX_TRY(tell_gpt(s, &g, "gpt-copy", err));
    if (found && is_gpt)
        EX_TRY(tell_lacking(s, err));
    return tell_difference(s, "gpt-copy-entries", "the copy of a GUID partition table", err);
}

ex_code hidden_tell_entries(struct image *image, const struct table *table, struct ex_error *err) {
    bool is_gpt = table->vs != NULL && table->vs->vstype == TSK_VS_TYPE_GPT;
    EX_AUTO_FREE struct place *places = NULL;
    EX_TRY(ex_alloc(OTHERS_MAX, sizeof *places, OTHERS_MAX * sizeof *places,
                    "entries of partition tables", &places, err));
    struct search s = {
        .image = image, .table = table, .sector_bytes = IMAGE_SECTOR_BYTES, .places = places};
    EX_TRY(tell_mbrs(&s, is_gpt, err));
    if (is_gpt && table->vs->block_size >= IMAGE_SECTOR_BYTES)
        s.sector_bytes = table->vs->block_size;
    return tell_gpts(&s, is_gpt, err);
}

/* ---- the whole ---- */

/* Not by opening it: libtsk goes through all of its folders then. */
static ex_code find_iso(struct image *image, const char **ret, uint64_t *ret_end,
                        struct ex_error *err) {
    enum { DESCRIPTOR_AT = 32768, DESCRIPTOR_BYTES = 130 };
    uint8_t d[DESCRIPTOR_BYTES];
    if ((uint64_t)image->img.size < DESCRIPTOR_AT + DESCRIPTOR_BYTES)
        return EX_OK;
    ex_code code = parser_read(image->run, 0, DESCRIPTOR_AT, d, sizeof d, err);
    if (code == EX_IO)
        return EX_OK;
    EX_TRY(code);
    if (memcmp(d + 1, "CD001", 5) != 0)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(d, sizeof d);
    (void)ex_cursor_bytes(&c, 80);
    uint64_t blocks = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 44);
    *ret_end = blocks * ex_cursor_le16(&c);
    *ret = "iso9660";
    return EX_OK;
}

/* What begins at byte 0, and how far it goes (0: not known). */
static ex_code find_whole(struct image *image, const char **ret, uint64_t *ret_end,
                          struct ex_error *err) {
    static const TSK_FS_TYPE_ENUM TYPES[] = {TSK_FS_TYPE_NTFS_DETECT, TSK_FS_TYPE_FAT_DETECT,
                                             TSK_FS_TYPE_EXT_DETECT, TSK_FS_TYPE_FFS_DETECT,
                                             TSK_FS_TYPE_HFS_DETECT};
    *ret_end = 0;
    EX_TRY(files_name_unread(image, ret, err));
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0] && *ret == NULL; i++) {
        TSK_FS_INFO *fs = tsk_fs_open_img(&image->img, 0, TYPES[i]);
        if (fs != NULL && fs->block_size > 0) {
            uint64_t most = (uint64_t)INT64_MAX / fs->block_size;
            *ret = files_type_name(fs->ftype);
            *ret_end = (fs->block_count < most ? fs->block_count : most) * fs->block_size;
        }
        tsk_fs_close(fs);
        image_forget(image);
    }
    EX_TRY(image_check(image, err));
    return *ret != NULL ? EX_OK : find_iso(image, ret, ret_end, err);
}

/* A volume that begins there too is examined, and what is in it found. *ret_mentioned: there is
 * one, whether it is examined or not. */
static bool volume_holds(const struct image *image, const TSK_VS_INFO *vs, uint64_t end,
                         bool *ret_mentioned) {
    uint64_t size = (uint64_t)image->img.size;
    *ret_mentioned = false;
    end = end < size ? end : size;
    for (const TSK_VS_PART_INFO *p = vs != NULL ? vs->part_list : NULL; p != NULL; p = p->next) {
        if ((p->flags & TSK_VS_PART_FLAG_ALLOC) == 0 || (p->flags & TSK_VS_PART_FLAG_META) != 0 ||
            p->start != 0)
            continue;
        *ret_mentioned = true;
        if (p->len < size / vs->block_size && p->len >= end / vs->block_size)
            return true;
    }
    return false;
}

ex_code hidden_tell_whole(struct image *image, const struct table *table, struct ex_error *err) {
    struct parser_run *run = image->run;
    const char *what;
    char name[NAME_BYTES];
    uint64_t end, size = (uint64_t)image->img.size;
    uint32_t trace;
    bool mentioned;
    EX_TRY(find_whole(image, &what, &end, err));
    if (what == NULL || volume_holds(image, table->vs, end, &mentioned))
        return EX_OK;
    (void)snprintf(name, sizeof name, "the whole, which also begins like a file system: %s", what);
    struct parser_trace t = {.kind = PARSER_VOLUME,
                             .flags = PARSER_SIZED | PARSER_EXAMINE | PARSER_VIRTUAL,
                             .key = "whole",
                             .name = name,
                             .name_bytes = strlen(name),
                             .size_bytes = size};
    EX_TRY(parser_trace(run, &t, &trace, err));
    EX_TRY(parser_trace_extent(run, 0, size, err));
    if (mentioned)
        return EX_OK;
    return tell_problem(run, 0, "hidden", err, EX_FORMAT,
                        "a partition table and a file system (%s) in the same place: one of them "
                        "may be meant to hide the other",
                        what);
}
