/* SPDX-License-Identifier: Apache-2.0 */
/* Compound files (MS-CFB): as long as their table of sectors says, if that says nothing against
 * itself. */
#include "parsers/carve/carve_internal.h"

enum {
    HEAD_BYTES = 512,
    HEAD_LIST = 109, /* sectors of the table that the head names */
    TABLE_SECTORS_MAX = 1 << 17,
    CHAINED_MAX = 1 << 20
};
#define SECTOR_FREE  UINT32_MAX
#define SECTOR_END   (UINT32_MAX - 1)
#define SECTOR_TABLE (UINT32_MAX - 2)
#define SECTOR_LIST  (UINT32_MAX - 3)

struct cfb {
    struct carving *c;
    uint64_t at;
    unsigned shift;  /* of a sector's size */
    uint32_t tables; /* sectors that the table has, as the head says … */
    uint32_t listed; /* … and as many as were met */
    uint32_t *table; /* where they are */
    uint32_t directory, list, lists;
};

static uint64_t place(const struct cfb *f, uint32_t sector) {
    return f->at + (((uint64_t)sector + 1) << f->shift);
}

static bool add_tables(struct cfb *f, struct ex_cursor *k, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        uint32_t sector = ex_cursor_le32(k);
        if (sector == SECTOR_FREE)
            continue;
        if (sector >= SECTOR_LIST || f->listed >= f->tables)
            return false;
        f->table[f->listed++] = sector;
    }
    return true;
}

static bool take_head(struct cfb *f) {
    struct ex_cursor k;
    if (!carve_get(f->c, f->at, HEAD_BYTES, &k))
        return false;
    (void)ex_cursor_bytes(&k, 26);
    uint16_t major = ex_cursor_le16(&k), order = ex_cursor_le16(&k);
    f->shift = ex_cursor_le16(&k);
    uint16_t mini = ex_cursor_le16(&k);
    (void)ex_cursor_bytes(&k, 10);
    f->tables = ex_cursor_le32(&k);
    f->directory = ex_cursor_le32(&k);
    (void)ex_cursor_le32(&k);
    uint32_t cutoff = ex_cursor_le32(&k);
    (void)ex_cursor_bytes(&k, 8);
    f->list = ex_cursor_le32(&k);
    f->lists = ex_cursor_le32(&k);
    return order == 0xFFFE && mini == 6 && cutoff == 4096 && f->tables > 0 &&
           f->tables <= TABLE_SECTORS_MAX &&
           ((major == 3 && f->shift == 9) || (major == 4 && f->shift == 12));
}

/* Where the sectors of the table are. */
static bool take_lists(struct cfb *f) {
    struct ex_cursor k;
    if (!carve_get(f->c, f->at + 76, 4 * HEAD_LIST, &k) || !add_tables(f, &k, HEAD_LIST))
        return false;
    const unsigned each = (1U << f->shift) / 4 - 1;
    uint32_t sector = f->list;
    for (uint32_t i = 0; i < f->lists && sector < SECTOR_LIST; i++) {
        if (!carve_get(f->c, place(f, sector), (size_t)1 << f->shift, &k) ||
            !add_tables(f, &k, each))
            return false;
        sector = ex_cursor_le32(&k);
    }
    return f->listed == f->tables;
}

static bool entry_of(struct cfb *f, uint32_t sector, uint32_t *ret) {
    struct ex_cursor k;
    const unsigned each = f->shift - 2;
    if (sector >> each >= f->listed ||
        !carve_get(f->c, place(f, f->table[sector >> each]) + 4 * (sector & ((1U << each) - 1)), 4,
                   &k))
        return false;
    *ret = ex_cursor_le32(&k);
    return true;
}

/* The number of sectors in use; each names one that there is. */
static bool count_sectors(struct cfb *f, uint32_t *ret) {
    uint32_t last = 0, most = 0;
    const uint32_t all = f->listed << (f->shift - 2);
    struct ex_cursor k;
    for (uint32_t i = 0; i < f->listed; i++) {
        if (!carve_get(f->c, place(f, f->table[i]), (size_t)1 << f->shift, &k))
            return false;
        for (uint32_t j = 0; j < 1U << (f->shift - 2); j++) {
            uint32_t next = ex_cursor_le32(&k);
            if (next != SECTOR_FREE)
                last = (i << (f->shift - 2)) + j + 1;
            if (next < SECTOR_LIST)
                most = next > most ? next : most;
        }
    }
    *ret = last;
    return last > 0 && most < last && last <= all;
}

/* Those of the table are marked as such, and the first folder is the root. */
static bool is_sound(struct cfb *f, uint32_t sectors) {
    static const char ROOT[] = "R\0o\0o\0t\0 \0E\0n\0t\0r\0y\0\0"; /* and a NUL of the compiler's */
    struct ex_cursor k;
    uint32_t entry = 0;
    for (uint32_t i = 0; i < f->listed; i++)
        if (f->table[i] >= sectors || !entry_of(f, f->table[i], &entry) || entry != SECTOR_TABLE)
            return false;
    if (f->directory >= sectors || !carve_get(f->c, place(f, f->directory), 128, &k) ||
        !carve_is(&k, 0, ROOT, sizeof ROOT - 1) || k.data[66] != 5)
        return false;
    uint32_t sector = f->directory;
    for (uint32_t i = 0; i < CHAINED_MAX && sector != SECTOR_END; i++)
        if (!entry_of(f, sector, &sector) || (sector >= SECTOR_LIST && sector != SECTOR_END))
            return false;
    return sector == SECTOR_END;
}

enum carve_verdict carve_ole(struct carving *c, uint64_t at, struct carved *ret) {
    struct cfb f = {.c = c, .at = at};
    EX_AUTO_FREE uint32_t *table = NULL;
    uint32_t sectors;
    struct ex_error why;
    if (!take_head(&f))
        return CARVE_NO;
    if (ex_alloc(f.tables, sizeof *table, TABLE_SECTORS_MAX * sizeof *table, "a table of sectors",
                 &table, &why) != EX_OK)
        return CARVE_NO;
    f.table = table;
    if (!take_lists(&f) || !count_sectors(&f, &sectors) || !is_sound(&f, sectors))
        return CARVE_NO;
    ret->length = ((uint64_t)sectors + 1) << f.shift;
    return ret->length <= c->size - at ? CARVE_WHOLE : CARVE_NO;
}
