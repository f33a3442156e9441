/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG (ITU T.81 annex B), PNG (W3C, third edition), GIF (89a), WebP (RFC 9649). */
#include "parsers/carve/carve_internal.h"

#define JPEG_BYTES_MAX ((uint64_t)256 << 20)
#define PNG_BYTES_MAX  ((uint64_t)1 << 30)
#define GIF_BYTES_MAX  ((uint64_t)256 << 20)

/* ---- JPEG ---- */

enum {
    SOF0 = 0xC0,
    DHT = 0xC4,
    JPG = 0xC8,
    DAC = 0xCC,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DRI = 0xDD,
    APP0 = 0xE0,
    APP15 = 0xEF,
    COM = 0xFE
};

struct jpeg {
    struct carving *c;
    uint64_t at; /* the next byte */
    bool frame, tables, scan;
    unsigned components;
    uint16_t interval;
};

static bool is_frame(uint8_t marker) {
    return marker >= SOF0 && marker <= 0xCF && marker != DHT && marker != JPG && marker != DAC;
}

/* Up to the marker that ends it. The numbers of restart markers go round: one that is missing or
 * foreign shows here. */
static bool pass_scan(struct jpeg *j, uint64_t end) {
    struct ex_cursor k;
    uint8_t restart = 0;
    while (j->at < end && carve_some(j->c, j->at, &k)) {
        const uint8_t *mark = memchr(k.data, 0xFF, k.size);
        if (mark == NULL) {
            j->at += k.size;
            continue;
        }
        j->at += (uint64_t)(mark - k.data);
        if (!carve_get(j->c, j->at, 2, &k))
            return false;
        uint8_t next = k.data[1];
        if (next >= RST0 && next <= RST7) {
            if (j->interval == 0 || next != RST0 + restart)
                return false;
            restart = (uint8_t)((restart + 1) & 7);
            j->at += 2;
        } else if (next == 0) {
            j->at += 2;
        } else if (next == 0xFF) {
            j->at++;
        } else {
            return true;
        }
    }
    return false;
}

static bool take_frame(struct jpeg *j, uint16_t length) {
    struct ex_cursor k;
    if (j->frame || !carve_get(j->c, j->at + 4, 6, &k))
        return false;
    uint8_t precision = ex_cursor_u8(&k);
    (void)ex_cursor_be16(&k); /* lines: 0 is DNL's */
    uint16_t width = ex_cursor_be16(&k);
    j->components = ex_cursor_u8(&k);
    j->frame = precision >= 2 && precision <= 16 && width > 0 && j->components >= 1 &&
               j->components <= 4 && length == 8 + 3 * j->components;
    return j->frame;
}

static bool take_scan(struct jpeg *j, uint16_t length, uint64_t end) {
    struct ex_cursor k;
    if (!j->frame || !carve_get(j->c, j->at + 4, 1, &k))
        return false;
    unsigned count = ex_cursor_u8(&k);
    if (count < 1 || count > j->components || length != 6 + 2 * count)
        return false;
    j->at += 2 + (uint64_t)length;
    j->scan = true;
    return pass_scan(j, end);
}

static bool take_segment(struct jpeg *j, uint8_t marker, uint64_t end) {
    struct ex_cursor k;
    if (!carve_get(j->c, j->at + 2, 2, &k))
        return false;
    uint16_t length = ex_cursor_be16(&k);
    if (length < 2 || marker < SOF0 || (marker > APP15 && marker != COM) || marker == JPG ||
        (marker >= RST0 && marker <= SOI))
        return false;
    if (marker == SOS)
        return take_scan(j, length, end);
    if (is_frame(marker) && !take_frame(j, length))
        return false;
    if (marker == DRI) {
        if (length != 4 || !carve_get(j->c, j->at + 4, 2, &k))
            return false;
        j->interval = ex_cursor_be16(&k);
    }
    j->tables |= marker == 0xDB || marker == DHT || marker == DAC;
    j->at += 2 + (uint64_t)length;
    return true;
}

enum carve_verdict carve_jpeg(struct carving *c, uint64_t at, struct carved *ret) {
    struct jpeg j = {.c = c, .at = at + 2};
    struct ex_cursor k;
    bool going = true;
    while (going && j.at - at < JPEG_BYTES_MAX && carve_get(c, j.at, 2, &k) && k.data[0] == 0xFF) {
        uint8_t marker = k.data[1];
        if (marker == EOI) {
            ret->length = j.at + 2 - at;
            return j.scan && j.tables ? CARVE_WHOLE : CARVE_NO;
        }
        if (marker == 0xFF)
            j.at++;
        else
            going = take_segment(&j, marker, at + JPEG_BYTES_MAX);
    }
    ret->length = (j.at < c->size ? j.at : c->size) - at;
    return j.scan && j.tables ? CARVE_BEGIN : CARVE_NO;
}

/* ---- PNG ---- */

static bool is_letters(const uint8_t *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((p[i] | 0x20) < 'a' || (p[i] | 0x20) > 'z')
            return false;
    return true;
}

/* One chunk, its checksum compared. */
static bool pass_chunk(struct carving *c, uint64_t *at, char ret_type[static 4],
                       uint64_t *ret_length) {
    struct ex_cursor k;
    uint32_t crc = 0;
    if (!carve_get(c, *at, 8, &k))
        return false;
    uint32_t length = ex_cursor_be32(&k);
    memcpy(ret_type, k.data + 4, 4);
    if (length > INT32_MAX || !is_letters(k.data + 4, 4) || length > c->size ||
        !carve_crc(c, *at + 4, 4 + (uint64_t)length, &crc) ||
        !carve_get(c, *at + 8 + length, 4, &k) || ex_cursor_be32(&k) != crc)
        return false;
    *ret_length = length;
    *at += 12 + (uint64_t)length;
    return true;
}

enum carve_verdict carve_png(struct carving *c, uint64_t at, struct carved *ret) {
    uint64_t p = at + 8, length;
    char type[4];
    bool data = false;
    if (!pass_chunk(c, &p, type, &length) || memcmp(type, "IHDR", 4) != 0 || length != 13)
        return CARVE_NO;
    while (p - at < PNG_BYTES_MAX && pass_chunk(c, &p, type, &length)) {
        data |= memcmp(type, "IDAT", 4) == 0;
        if (memcmp(type, "IEND", 4) != 0)
            continue;
        ret->length = p - at;
        return data && length == 0 ? CARVE_WHOLE : CARVE_NO;
    }
    ret->length = p - at;
    return CARVE_BEGIN; /* the checksum of its head holds */
}

/* ---- GIF ---- */

static uint64_t table_bytes(uint8_t flags) {
    return (flags & 0x80) != 0 ? (uint64_t)3 << ((flags & 7) + 1) : 0;
}

/* Sub-blocks up to the empty one. */
static bool pass_blocks(struct carving *c, uint64_t *at, uint64_t end, bool *ret_any) {
    struct ex_cursor k;
    *ret_any = false;
    while (*at < end && carve_get(c, *at, 1, &k)) {
        uint8_t size = k.data[0];
        *at += 1 + (uint64_t)size;
        if (size == 0)
            return true;
        *ret_any = true;
    }
    return false;
}

static bool pass_image(struct carving *c, uint64_t *at, uint64_t end) {
    struct ex_cursor k;
    bool any;
    if (!carve_get(c, *at, 10, &k))
        return false;
    (void)ex_cursor_bytes(&k, 5);
    uint16_t width = ex_cursor_le16(&k), height = ex_cursor_le16(&k);
    *at += 10 + table_bytes(ex_cursor_u8(&k));
    if (width == 0 || height == 0 || !carve_get(c, *at, 1, &k) || k.data[0] < 2 || k.data[0] > 8)
        return false;
    ++*at;
    return pass_blocks(c, at, end, &any) && any;
}

static bool pass_extension(struct carving *c, uint64_t *at, uint64_t end) {
    struct ex_cursor k;
    bool any;
    if (!carve_get(c, *at, 3, &k))
        return false;
    uint8_t label = k.data[1], size = k.data[2];
    if ((label == 0xF9 && size != 4) || (label == 0xFF && size != 11) ||
        (label == 0x01 && size != 12) ||
        (label != 0xF9 && label != 0xFE && label != 0xFF && label != 0x01))
        return false;
    *at += 2;
    return pass_blocks(c, at, end, &any);
}

enum carve_verdict carve_gif(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    bool image = false;
    if (!carve_get(c, at, 13, &k) || (k.data[4] != '7' && k.data[4] != '9') || k.data[5] != 'a')
        return CARVE_NO;
    (void)ex_cursor_bytes(&k, 6);
    if (ex_cursor_le16(&k) == 0 || ex_cursor_le16(&k) == 0)
        return CARVE_NO;
    uint64_t p = at + 13 + table_bytes(ex_cursor_u8(&k));
    while (p - at < GIF_BYTES_MAX && carve_get(c, p, 1, &k)) {
        uint8_t what = k.data[0];
        ret->length = p + 1 - at;
        if (what == 0x3B)
            return image ? CARVE_WHOLE : CARVE_NO;
        bool passed = what == 0x2C   ? pass_image(c, &p, at + GIF_BYTES_MAX)
                      : what == 0x21 ? pass_extension(c, &p, at + GIF_BYTES_MAX)
                                     : false;
        image |= what == 0x2C;
        if (!passed)
            return CARVE_NO;
    }
    return CARVE_NO;
}

/* ---- WebP ---- */

enum carve_verdict carve_webp(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    bool image = false;
    if (!carve_get(c, at, 12, &k) || !carve_is(&k, 8, "WEBP", 4))
        return CARVE_NO;
    (void)ex_cursor_bytes(&k, 4);
    uint64_t end = at + 8 + ex_cursor_le32(&k), p = at + 12;
    while (p < end && carve_get(c, p, 8, &k)) {
        bool first = p == at + 12, vp8 = carve_is(&k, 0, "VP8", 3) &&
                                         (k.data[3] == ' ' || k.data[3] == 'L' || k.data[3] == 'X');
        if ((first && !vp8) || (!vp8 && !is_letters(k.data, 3)))
            return CARVE_NO;
        image |= (vp8 && k.data[3] != 'X') || carve_is(&k, 0, "ANMF", 4);
        (void)ex_cursor_bytes(&k, 4);
        uint64_t length = ex_cursor_le32(&k);
        p += 8 + length + (length & 1);
    }
    ret->length = end - at;
    return p == end && image && end <= c->size ? CARVE_WHOLE : CARVE_NO;
}
