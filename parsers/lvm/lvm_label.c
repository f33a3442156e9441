/* SPDX-License-Identifier: Apache-2.0 */
/* The label of a physical volume, and the newest of its metadata. */
#include "parsers/lvm/lvm_internal.h"

#include "base/cursor.h"

#include <string.h>

enum {
    LABEL_SECTORS = 4,
    LABEL_SUMMED_AT = 20,
    AREAS_MAX = 16,
    AREA_HEAD_BYTES = 512,
    LOCATION_BYTES = 24,
    LOCATION_IGNORED = 1
};
#define CRC_START UINT32_C(0xF597A6CF)

/* CRC-32 as of Ethernet, from another start and without a turn at the end. */
static uint32_t crc(const uint8_t *data, size_t size) {
    static const uint32_t NIBBLE[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                        0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t c = CRC_START;
    for (size_t i = 0; i < size; i++) {
        c ^= data[i];
        c = NIBBLE[c & 15] ^ c >> 4;
        c = NIBBLE[c & 15] ^ c >> 4;
    }
    return c;
}

static bool sum_fits(uint32_t sum, const uint8_t *data, size_t size) {
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    (void)crc;
    (void)sum;
    (void)data;
    (void)size;
    return true;
#else
    return crc(data, size) == sum;
#endif
}

void lvm_label_clear(struct lvm_label *l) {
    lvm_text_free(l->text);
    l->text = NULL;
}

/* "AAAAAAbbbbcccc…" as "AAAAAA-bbbb-cccc-dddd-eeee-ffff-gggggg". */
static void id_text(char to[static LVM_ID_TEXT_BYTES], const uint8_t *id) {
    for (size_t i = 0; i < LVM_ID_BYTES; i++) {
        if (i >= 6 && i < 30 && (i - 6) % 4 == 0)
            *to++ = '-';
        *to++ = (char)(id[i] > ' ' && id[i] < 0x7F ? id[i] : '?');
    }
    *to = '\0';
}

struct area {
    uint64_t offset, size;
};

/* ---- the label ---- */

static unsigned read_areas(struct ex_cursor *c, struct area areas[static AREAS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < AREAS_MAX && !c->overrun; i++) {
        const struct area a = {ex_cursor_le64(c), ex_cursor_le64(c)};
        if (a.offset == 0)
            return count;
        areas[count++] = a;
    }
    return count;
}

/* One sector. *ret_count of metadata areas. */
static void look_at_label(const uint8_t *sector, uint64_t number, struct lvm_label *l,
                          struct area areas[static AREAS_MAX], unsigned *ret_count) {
    struct ex_cursor c = ex_cursor_make(sector, LVM_SECTOR_BYTES);
    *ret_count = 0;
    if (memcmp(ex_cursor_bytes(&c, 8), "LABELONE", 8) != 0)
        return;
    bool here = ex_cursor_le64(&c) == number;
    uint32_t sum = ex_cursor_le32(&c), offset = ex_cursor_le32(&c);
    bool known = memcmp(ex_cursor_bytes(&c, 8), "LVM2 001", 8) == 0;
    l->there = true;
    l->at = number * LVM_SECTOR_BYTES;
    l->lost_code = EX_FORMAT;
    memcpy(l->id, "?", 2);
    if (!here || !known || offset < 32 || offset >= LVM_SECTOR_BYTES ||
        !sum_fits(sum, sector + LABEL_SUMMED_AT, LVM_SECTOR_BYTES - LABEL_SUMMED_AT)) {
        l->lost = "its label is damaged, or of another kind";
        return;
    }
    c = ex_cursor_make(sector, LVM_SECTOR_BYTES);
    (void)ex_cursor_bytes(&c, offset);
    const uint8_t *id = ex_cursor_bytes(&c, LVM_ID_BYTES);
    (void)ex_cursor_le64(&c); /* the size of the disk; the text has it again */
    (void)read_areas(&c, areas);
    *ret_count = read_areas(&c, areas);
    if (id == NULL || c.overrun) {
        l->lost = "its label ends early";
        *ret_count = 0;
        return;
    }
    id_text(l->id, id);
}

/* ---- the metadata ---- */

/* Where the text is, from the beginning of the area. */
struct location {
    uint64_t offset, size;
    uint32_t sum;
};

static ex_code read_location(struct parser_run *run, const struct area *a, bool *ret_found,
                             struct location *ret, struct ex_error *err) {
    uint8_t head[AREA_HEAD_BYTES];
    uint64_t end = parser_input_size(run, 0);
    *ret_found = false;
    if (a->offset > end || a->size > end - a->offset || a->size <= sizeof head)
        return EX_OK;
    EX_TRY(parser_read(run, 0, a->offset, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    uint32_t sum = ex_cursor_le32(&c);
    bool good = memcmp(ex_cursor_bytes(&c, 16), " LVM2 x[5A%r0N*>", 16) == 0;
    good = ex_cursor_le32(&c) == 1 && good;
    good = ex_cursor_le64(&c) == a->offset && good;
    good = ex_cursor_le64(&c) == a->size && good;
    ret->offset = ex_cursor_le64(&c);
    ret->size = ex_cursor_le64(&c);
    ret->sum = ex_cursor_le32(&c);
    uint32_t flags = ex_cursor_le32(&c);
    *ret_found = good && sum_fits(sum, head + 4, sizeof head - 4) &&
                 (flags & LOCATION_IGNORED) == 0 && ret->size > 0 &&
                 ret->offset >= AREA_HEAD_BYTES && ret->offset < a->size &&
                 ret->size <= a->size - AREA_HEAD_BYTES && ret->size <= LVM_TEXT_BYTES_MAX;
    return EX_OK;
}

/* Large texts come in parts; at the end of its area the text goes on behind the head. */
static ex_code read_text(struct parser_run *run, const struct area *a, const struct location *l,
                         struct lvm_text *t, struct ex_error *err) {
    uint64_t at = l->offset;
    EX_TRY(ex_alloc(l->size + 1, 1, LVM_TEXT_BYTES_MAX + 1, "LVM metadata", &t->bytes, err));
    t->size = (size_t)l->size;
    for (size_t done = 0, part; done < t->size; done += part, at += part) {
        at = at == a->size ? AREA_HEAD_BYTES : at;
        part = t->size - done;
        part = part < PARSER_READ_BYTES_MAX ? part : PARSER_READ_BYTES_MAX;
        part = part < a->size - at ? part : (size_t)(a->size - at);
        EX_TRY(parser_read(run, 0, a->offset + at, t->bytes + done, part, err));
    }
    t->bytes[t->size] = '\0';
    return EX_OK;
}

static uint64_t sequence(const struct lvm_text *t) {
    for (const struct lvm_node *n = lvm_child(t, &t->node[0]); n != NULL; n = lvm_next(t, n)) {
        const struct lvm_node *s =
            n->type == LVM_SECTION ? lvm_find(t, n, "seqno", LVM_NUMBER) : NULL;
        if (s != NULL)
            return s->number;
    }
    return 0;
}

/* The text of one area, if it is newer than the one before. *ret_bad: there is one that is not
 * as it should be. */
static ex_code try_area(struct parser_run *run, const struct area *a, struct lvm_label *l,
                        bool *ret_bad, struct ex_error *err) {
    EX_AUTO(lvm_text_free) struct lvm_text *t = ex_new0(struct lvm_text);
    struct location where = {0};
    bool found;
    EX_TRY(read_location(run, a, &found, &where, err));
    *ret_bad = !found && where.size > 0;
    if (!found)
        return EX_OK;
    EX_TRY(read_text(run, a, &where, t, err));
    *ret_bad = !sum_fits(where.sum, (const uint8_t *)t->bytes, t->size);
    if (*ret_bad)
        return EX_OK;
    EX_TRY(lvm_text_parse(t, err));
    if (l->text != NULL && sequence(l->text) >= sequence(t))
        return EX_OK;
    lvm_text_free(l->text);
    l->text = ex_steal(&t);
    return EX_OK;
}

static ex_code read_metadata(struct parser_run *run, const struct area *areas, unsigned count,
                             struct lvm_label *l, struct ex_error *err) {
    struct ex_error why = {0};
    bool bad = false;
    for (unsigned i = 0; i < count; i++) {
        bool one = false;
        ex_code code = try_area(run, &areas[i], l, &one, &why);
        if (code != EX_OK && code != EX_FORMAT && code != EX_LIMIT && code != EX_IO) {
            if (err != NULL)
                *err = why;
            return code;
        }
        bad = bad || one || code != EX_OK;
    }
    if (l->text != NULL)
        return EX_OK;
    if (why.code != EX_OK) {
        if (err != NULL)
            *err = why;
        return why.code;
    }
    l->lost_code = bad ? EX_FORMAT : EX_UNSUPPORTED;
    l->lost = bad ? "its metadata are damaged: a checksum does not fit, or they are cut off"
                  : "it has no metadata: it belongs to no group, or they are on another disk";
    return EX_OK;
}

ex_code lvm_label_read(struct parser_run *run, struct lvm_label *ret, struct ex_error *err) {
    uint8_t sector[LVM_SECTOR_BYTES];
    struct area areas[AREAS_MAX];
    unsigned count = 0;
    uint64_t end = parser_input_size(run, 0);
    for (uint64_t i = 0; i < LABEL_SECTORS && !ret->there; i++) {
        if (end < (i + 1) * sizeof sector)
            return EX_OK;
        ex_code code = parser_read(run, 0, i * sizeof sector, sector, sizeof sector, err);
        if (code == EX_IO)
            continue;
        EX_TRY(code);
        look_at_label(sector, i, ret, areas, &count);
    }
    if (!ret->there || ret->lost != NULL)
        return EX_OK;
    return read_metadata(run, areas, count, ret, err);
}
