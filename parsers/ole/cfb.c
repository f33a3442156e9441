/* SPDX-License-Identifier: Apache-2.0 */
/* Sectors, their chains, and the directory: [MS-CFB] §2. */
#include "parsers/ole/ole_internal.h"

enum {
    HEAD_BYTES = 512,
    ENTRY_BYTES = 128,
    DIFAT_IN_HEAD = 109,
    SECTOR_BITS_MAX = 12,
};
/* §2.1 */
#define MAX_SECTOR 0xFFFFFFFAU

struct head { /* §2.2 */
    uint32_t first_directory, cutoff, first_mini, mini_count, first_difat, difat_count, fat_count;
    uint32_t difat[DIFAT_IN_HEAD];
};

static ex_code read_head(struct cfb *c, struct head *h, struct ex_error *err) {
    const uint8_t *data;
    EX_TRY(parser_view(c->run, 0, 0, HEAD_BYTES, &data, err));
    struct ex_cursor at = ex_cursor_make(data, HEAD_BYTES);
    if (memcmp(ex_cursor_bytes(&at, 8), "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) != 0)
        return ex_fail(err, EX_FORMAT, "no compound file");
    (void)ex_cursor_bytes(&at, 16 + 2);
    unsigned major = ex_cursor_le16(&at), order = ex_cursor_le16(&at);
    c->sector_bits = ex_cursor_le16(&at);
    c->mini_bits = ex_cursor_le16(&at);
    (void)ex_cursor_bytes(&at, 6 + 4);
    h->fat_count = ex_cursor_le32(&at);
    h->first_directory = ex_cursor_le32(&at);
    (void)ex_cursor_le32(&at);
    h->cutoff = ex_cursor_le32(&at);
    h->first_mini = ex_cursor_le32(&at);
    h->mini_count = ex_cursor_le32(&at);
    h->first_difat = ex_cursor_le32(&at);
    h->difat_count = ex_cursor_le32(&at);
    for (size_t i = 0; i < DIFAT_IN_HEAD; i++)
        h->difat[i] = ex_cursor_le32(&at);
    if (order != 0xFFFE || (major != 3 && major != 4) ||
        (c->sector_bits != 9 && c->sector_bits != SECTOR_BITS_MAX) || c->mini_bits != 6)
        return ex_fail(err, EX_FORMAT, "a head that breaks its rules");
    c->cutoff = h->cutoff;
    uint64_t size = parser_input_size(c->run, 0), head = (uint64_t)1 << c->sector_bits;
    c->sectors = size > head ? (size - head + head - 1) >> c->sector_bits : 0;
    return EX_OK;
}

/* Bytes of a sector; zeros behind the end of the file, where the last one may be cut. */
static ex_code read_sector(const struct cfb *c, uint32_t number, size_t offset, uint8_t *to,
                           size_t size_bytes, struct ex_error *err) {
    uint64_t at = (((uint64_t)number + 1) << c->sector_bits) + offset;
    uint64_t size = parser_input_size(c->run, 0), left = at < size ? size - at : 0;
    size_t part = left < size_bytes ? (size_t)left : size_bytes;
    memset(to + part, 0, size_bytes - part);
    return part == 0 ? EX_OK : parser_read(c->run, 0, at, to, part, err);
}

/* ---- the FAT: §2.3 to §2.5 ---- */

static ex_code add_fat_sector(struct cfb *c, uint32_t number, size_t *capacity,
                              struct ex_error *err) {
    uint8_t sector[1 << SECTOR_BITS_MAX];
    size_t bytes = (size_t)1 << c->sector_bits, entries = bytes / 4;
    if (number >= c->sectors) {
        c->damaged = true;
        return EX_OK;
    }
    EX_TRY(ex_grow(&c->fat, capacity, c->fat_count + entries, sizeof *c->fat, CFB_FAT_BYTES_MAX,
                   "the table of sectors", err));
    EX_TRY(read_sector(c, number, 0, sector, bytes, err));
    struct ex_cursor at = ex_cursor_make(sector, bytes);
    for (size_t i = 0; i < entries; i++)
        c->fat[c->fat_count++] = ex_cursor_le32(&at);
    return EX_OK;
}

static ex_code read_fat(struct cfb *c, const struct head *h, struct ex_error *err) {
    uint8_t sector[1 << SECTOR_BITS_MAX];
    size_t capacity = 0, bytes = (size_t)1 << c->sector_bits;
    uint64_t wanted = (c->sectors + bytes / 4 - 1) / (bytes / 4), got = 0;
    for (size_t i = 0; i < DIFAT_IN_HEAD && got < wanted && h->difat[i] < MAX_SECTOR; i++, got++)
        EX_TRY(add_fat_sector(c, h->difat[i], &capacity, err));
    uint32_t next = h->first_difat;
    for (uint32_t n = 0; n < h->difat_count && next < c->sectors && got < wanted; n++) {
        EX_TRY(read_sector(c, next, 0, sector, bytes, err));
        struct ex_cursor at = ex_cursor_make(sector, bytes);
        for (size_t i = 0; i + 1 < bytes / 4 && got < wanted; i++, got++)
            EX_TRY(add_fat_sector(c, ex_cursor_le32(&at), &capacity, err));
        at.pos = bytes - 4;
        next = ex_cursor_le32(&at);
    }
    return EX_OK;
}

/* The sectors of a chain, at most `most` of them, and each but once: more of them are a loop.
 * *ret_whole: it came to its end, or to `most`. */
static ex_code read_chain(const uint32_t *fat, size_t fat_count, uint64_t sectors, uint32_t first,
                          uint64_t most, uint32_t **ret, size_t *ret_count, bool *ret_whole,
                          struct ex_error *err) {
    size_t capacity = 0, count = 0;
    uint32_t at = first;
    uint64_t all = sectors < fat_count ? sectors : fat_count;
    for (; at < all && count < most && count < all; at = fat[at]) {
        EX_TRY(ex_grow(ret, &capacity, count + 1, sizeof **ret, CFB_FAT_BYTES_MAX,
                       "the sectors of a stream", err));
        (*ret)[count++] = at;
    }
    *ret_count = count;
    *ret_whole = count == most || at == 0xFFFFFFFEU;
    return EX_OK;
}

/* ---- the directory: §2.6 ---- */

static void take_name(struct cfb_entry *e, const uint8_t *units, size_t bytes) {
    struct charset_decoder d = charset_start(&CHARSET_UTF16LE);
    uint8_t out[CHARSET_ROOM(2 * CFB_NAME_UNITS) + CHARSET_ROOM(0)];
    bytes = bytes > 2 * CFB_NAME_UNITS ? 2 * CFB_NAME_UNITS : bytes;
    size_t n = charset_decode(&d, units, bytes >= 2 ? bytes - 2 : 0, out);
    n += charset_end(&d, out + n);
    e->name_bytes = n < sizeof e->name ? n : sizeof e->name - 1;
    memcpy(e->name, out, e->name_bytes);
    e->name[e->name_bytes] = '\0';
}

static void take_entry(const struct cfb *c, const uint8_t *data, struct cfb_entry *e) {
    struct ex_cursor at = ex_cursor_make(data, ENTRY_BYTES);
    const uint8_t *name = ex_cursor_bytes(&at, 2 * CFB_NAME_UNITS);
    size_t name_bytes = ex_cursor_le16(&at);
    unsigned type = ex_cursor_u8(&at);
    (void)ex_cursor_u8(&at); /* its colour */
    e->type = type == CFB_STORAGE || type == CFB_STREAM || type == CFB_ROOT ? (enum cfb_type)type
                                                                            : CFB_UNUSED;
    take_name(e, name, name_bytes);
    e->left = ex_cursor_le32(&at);
    e->right = ex_cursor_le32(&at);
    e->child = ex_cursor_le32(&at);
    ex_cursor_copy(&at, e->class_id, sizeof e->class_id);
    (void)ex_cursor_le32(&at);
    e->created = ex_cursor_le64(&at);
    e->modified = ex_cursor_le64(&at);
    e->start = ex_cursor_le32(&at);
    e->size = ex_cursor_le64(&at);
    if (c->sector_bits == 9)
        e->size &= 0xFFFFFFFFU; /* §2.6.1: the rest may be anything */
}

static ex_code read_directory(struct cfb *c, const struct head *h, struct ex_error *err) {
    EX_AUTO_FREE uint32_t *sector = NULL;
    uint8_t data[ENTRY_BYTES];
    size_t count, each = ((size_t)1 << c->sector_bits) / ENTRY_BYTES;
    bool whole;
    EX_TRY(read_chain(c->fat, c->fat_count, c->sectors, h->first_directory, CFB_ENTRIES_MAX / each,
                      &sector, &count, &whole, err));
    c->damaged = c->damaged || !whole;
    if (count == 0)
        return ex_fail(err, EX_FORMAT, "its directory cannot be read");
    EX_TRY(ex_alloc(count * each, sizeof *c->entry, CFB_ENTRIES_MAX * sizeof *c->entry,
                    "the directory of a compound file", &c->entry, err));
    for (size_t i = 0; i < count * each; i++) {
        EX_TRY(read_sector(c, sector[i / each], i % each * ENTRY_BYTES, data, ENTRY_BYTES, err));
        take_entry(c, data, &c->entry[i]);
    }
    c->entry_count = count * each;
    if (c->entry[0].type != CFB_ROOT)
        return ex_fail(err, EX_FORMAT, "its directory has no root");
    return EX_OK;
}

/* ---- the mini stream: §2.4 ---- */

static ex_code read_mini(struct cfb *c, const struct head *h, struct ex_error *err) {
    EX_AUTO_FREE uint32_t *sector = NULL;
    uint8_t data[1 << SECTOR_BITS_MAX];
    size_t count, bytes = (size_t)1 << c->sector_bits;
    bool whole;
    uint64_t most = (c->entry[0].size + bytes - 1) >> c->sector_bits;
    EX_TRY(read_chain(c->fat, c->fat_count, c->sectors, c->entry[0].start, most, &c->mini_sector,
                      &c->mini_sector_count, &whole, err));
    EX_TRY(read_chain(c->fat, c->fat_count, c->sectors, h->first_mini, h->mini_count, &sector,
                      &count, &whole, err));
    EX_TRY(ex_alloc(count * (bytes / 4), sizeof *c->mini_fat, CFB_FAT_BYTES_MAX,
                    "the table of small sectors", &c->mini_fat, err));
    for (size_t i = 0; i < count; i++) {
        EX_TRY(read_sector(c, sector[i], 0, data, bytes, err));
        struct ex_cursor at = ex_cursor_make(data, bytes);
        for (size_t n = 0; n < bytes / 4; n++)
            c->mini_fat[c->mini_count++] = ex_cursor_le32(&at);
    }
    return EX_OK;
}

static ex_code read_all(struct cfb *c, struct ex_error *err) {
    EX_AUTO_FREE struct head *h = ex_new0(struct head);
    EX_TRY(read_head(c, h, err));
    EX_TRY(read_fat(c, h, err));
    EX_TRY(read_directory(c, h, err));
    return read_mini(c, h, err);
}

ex_code cfb_open(struct cfb *c, struct parser_run *run, struct ex_error *err) {
    *c = (struct cfb){.run = run};
    ex_code code = read_all(c, err);
    if (code == EX_OK)
        code = cfb_walk(c, err);
    if (code != EX_OK)
        cfb_close(c);
    return code;
}

void cfb_close(struct cfb *c) {
    free(c->fat);
    free(c->mini_fat);
    free(c->mini_sector);
    free(c->entry);
    free(c->order);
    *c = (struct cfb){0};
}

/* ---- streams ---- */

ex_code cfb_stream_open(const struct cfb *c, const struct cfb_entry *e, struct cfb_stream *ret,
                        struct ex_error *err) {
    bool whole, mini = e->size < c->cutoff && e->type == CFB_STREAM;
    unsigned bits = mini ? c->mini_bits : c->sector_bits;
    uint64_t wanted = e->size == 0 ? 0 : ((e->size - 1) >> bits) + 1;
    *ret = (struct cfb_stream){.cfb = c, .mini = mini};
    ex_code code = read_chain(mini ? c->mini_fat : c->fat, mini ? c->mini_count : c->fat_count,
                              mini ? c->mini_count : c->sectors, e->start, wanted, &ret->sector,
                              &ret->sector_count, &whole, err);
    if (code != EX_OK) {
        cfb_stream_close(ret);
        return code;
    }
    uint64_t there = (uint64_t)ret->sector_count << bits;
    if (mini) { /* and in the stream that they are in */
        uint64_t most = (uint64_t)c->mini_sector_count << c->sector_bits;
        for (size_t i = 0; i < ret->sector_count; i++)
            if ((((uint64_t)ret->sector[i] + 1) << bits) > most) {
                there = (uint64_t)i << bits;
                break;
            }
    }
    ret->size = there < e->size ? there : e->size;
    ret->cut = ret->size < e->size;
    return EX_OK;
}

void cfb_stream_close(struct cfb_stream *s) {
    free(s->sector);
    *s = (struct cfb_stream){0};
}

static ex_code read_piece(const struct cfb_stream *s, uint64_t offset, uint8_t *to, size_t size,
                          size_t *ret, struct ex_error *err) {
    const struct cfb *c = s->cfb;
    unsigned bits = s->mini ? c->mini_bits : c->sector_bits;
    uint32_t number = s->sector[offset >> bits];
    size_t inside = (size_t)(offset & (((uint64_t)1 << bits) - 1));
    size_t left = ((size_t)1 << bits) - inside;
    *ret = left < size ? left : size;
    if (!s->mini) { /* neighbours at once */
        while (*ret < size && (offset + *ret) >> bits < s->sector_count &&
               s->sector[(offset + *ret) >> bits] == number + ((inside + *ret) >> bits)) {
            size_t more = (size_t)1 << bits;
            *ret += more < size - *ret ? more : size - *ret;
        }
        return read_sector(c, number, inside, to, *ret, err);
    }
    uint64_t at = ((uint64_t)number << bits) + inside;
    return read_sector(c, c->mini_sector[at >> c->sector_bits],
                       (size_t)(at & (((uint64_t)1 << c->sector_bits) - 1)), to, *ret, err);
}

ex_code cfb_stream_read(const struct cfb_stream *s, uint64_t offset, void *to, size_t size_bytes,
                        struct ex_error *err) {
    uint8_t *at = to;
    if (offset > s->size || size_bytes > s->size - offset)
        return ex_fail(err, EX_FORMAT, "a stream ends early");
    for (size_t part; size_bytes > 0; size_bytes -= part, at += part, offset += part)
        EX_TRY(read_piece(s, offset, at, size_bytes, &part, err));
    return EX_OK;
}

ex_code cfb_load(const struct cfb *c, const struct cfb_entry *e, uint8_t **ret, size_t *ret_bytes,
                 bool *ret_cut, struct ex_error *err) {
    struct cfb_stream s;
    EX_TRY(cfb_stream_open(c, e, &s, err));
    *ret_cut = s.cut || s.size > OLE_STREAM_BYTES_MAX;
    *ret_bytes = s.size > OLE_STREAM_BYTES_MAX ? (size_t)OLE_STREAM_BYTES_MAX : (size_t)s.size;
    ex_code code = ex_alloc(*ret_bytes + 1, 1, OLE_STREAM_BYTES_MAX + 1, "a stream", ret, err);
    if (code == EX_OK)
        code = cfb_stream_read(&s, 0, *ret, *ret_bytes, err);
    cfb_stream_close(&s);
    return code;
}
