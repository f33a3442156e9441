/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG (ITU-T T.81 §B), PNG (W3C PNG 3rd edition §5, §11), WebP (RFC 9649 §2). */
#include "parsers/pictures/pictures_internal.h"

#include "base/cursor.h"
#include "parsers/shared/when.h"

#include <stdio.h>

enum { JPEG_SOS = 0xDA, JPEG_EOI = 0xD9, JPEG_COM = 0xFE, JPEG_APP1 = 0xE1, TEXTS_MAX = 32 };
#define SECOND_NS UINT64_C(1000000000)

static const char EXIF_MARK[] = "Exif\0";
static const char XMP_MARK[] = "http://ns.adobe.com/xap/1.0/";

/* The first Exif counts. */
static ex_code take_exif(struct picture *p, uint64_t offset, uint64_t size, struct ex_error *err) {
    if (p->has_exif) {
        picture_wrong(p, "exif", EX_FORMAT, "it has more than one Exif; the first is told");
        return EX_OK;
    }
    p->has_exif = true;
    return exif_read(p, (struct place){offset, size}, false, err);
}

/* A text of the file's, at most PICTURE_TEXT_BYTES_MAX of it. */
static ex_code load_text(struct picture *p, uint64_t offset, uint64_t size, uint8_t *to,
                         size_t *ret_size, struct ex_error *err) {
    bool there;
    *ret_size = size < PICTURE_TEXT_BYTES_MAX ? (size_t)size : (size_t)PICTURE_TEXT_BYTES_MAX;
    if (size > PICTURE_TEXT_BYTES_MAX)
        picture_wrong(p, "text", EX_LIMIT, "a text of more than %d bytes", PICTURE_TEXT_BYTES_MAX);
    return picture_read(p, offset, to, *ret_size, &there, err);
}

/* ---- JPEG ---- */

static bool is_frame(uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static ex_code jpeg_app1(struct picture *p, uint64_t at, uint64_t size, struct ex_error *err) {
    char head[sizeof XMP_MARK] = {0};
    size_t n = size < sizeof head ? (size_t)size : sizeof head;
    bool there;
    EX_TRY(picture_read(p, at, head, n, &there, err));
    if (n >= 6 && memcmp(head, EXIF_MARK, 6) == 0)
        return take_exif(p, at + 6, size - 6, err);
    if (n == sizeof head && memcmp(head, XMP_MARK, sizeof head) == 0)
        picture_add_member(p, "xmp", at + sizeof head, size - sizeof head);
    return EX_OK;
}

static ex_code jpeg_segment(struct picture *p, uint8_t marker, uint64_t at, uint64_t size,
                            struct ex_error *err) {
    uint8_t text[PICTURE_TEXT_BYTES_MAX];
    size_t n;
    bool there;
    if (marker == JPEG_APP1)
        return jpeg_app1(p, at, size, err);
    if (marker == JPEG_COM && p->texts++ == 0) {
        EX_TRY(load_text(p, at, size, text, &n, err));
        return picture_text(p, "comment", text, n, err);
    }
    p->left_out += marker == JPEG_COM ? 1 : 0;
    if (!is_frame(marker) || size < 5)
        return EX_OK;
    EX_TRY(picture_read(p, at, text, 5, &there, err));
    struct ex_cursor c = ex_cursor_make(text, 5);
    (void)ex_cursor_u8(&c);
    uint16_t height = ex_cursor_be16(&c), width = ex_cursor_be16(&c);
    return there ? picture_dimensions(p, width, height, err) : EX_OK;
}

ex_code jpeg_read(struct picture *p, struct ex_error *err) {
    uint64_t at = 2;
    for (unsigned steps = 0; steps < PICTURE_STEPS_MAX; steps++) {
        uint8_t head[4];
        bool there;
        EX_TRY(picture_read(p, at, head, 2, &there, err));
        if (!there || head[1] == JPEG_EOI || head[1] == JPEG_SOS)
            return EX_OK;
        if (head[0] == 0xFF && (head[1] == 0xFF || head[1] == 0x01)) {
            at += head[1] == 0xFF ? 1 : 2; /* filled up; a marker without a length */
            continue;
        }
        EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
        uint64_t size = (uint64_t)head[2] << 8 | head[3];
        if (!there)
            return EX_OK;
        if (head[0] != 0xFF || size < 2) {
            picture_wrong(p, "segment", EX_FORMAT, "no segment at byte %llu",
                          (unsigned long long)at);
            return EX_OK;
        }
        EX_TRY(jpeg_segment(p, head[1], at + 4, size - 2, err));
        at += 2 + size;
    }
    picture_wrong(p, "segment", EX_LIMIT, "more than %d segments", PICTURE_STEPS_MAX);
    return EX_OK;
}

/* ---- PNG ---- */

/* Keyword, NUL, text: in Latin-1. Told as "KEYWORD: TEXT". */
static ex_code png_text(struct picture *p, uint64_t at, uint64_t size, bool utf8,
                        struct ex_error *err) {
    uint8_t text[PICTURE_TEXT_BYTES_MAX];
    char out[2 * PICTURE_TEXT_BYTES_MAX + 8], name[32];
    size_t n, used = 0, key;
    EX_TRY(load_text(p, at, size, text, &n, err));
    for (key = 0; key < n && text[key] != '\0'; key++)
        ;
    if (p->texts >= TEXTS_MAX) {
        p->left_out++;
        return EX_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (i == key) {
            memcpy(out + used, ": ", 2);
            used += 2;
        } else if (text[i] < 0x80 || utf8) {
            out[used++] = (char)text[i];
        } else {
            out[used++] = (char)(0xC0 | text[i] >> 6);
            out[used++] = (char)(0x80 | (text[i] & 0x3F));
        }
    }
    (void)snprintf(name, sizeof name, "text-%u", ++p->texts);
    return picture_text(p, name, (const uint8_t *)out, used, err);
}

/* Keyword, two bytes about compression, language, keyword in that, text. */
static ex_code png_international(struct picture *p, uint64_t at, uint64_t size,
                                 struct ex_error *err) {
    static const char XMP_KEY[] = "XML:com.adobe.xmp\0\0\0\0"; /* and another NUL */
    char head[sizeof XMP_KEY] = {0};
    bool there;
    if (size < sizeof head) {
        p->left_out++;
        return EX_OK;
    }
    EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
    if (memcmp(head, XMP_KEY, sizeof head) == 0)
        picture_add_member(p, "xmp", at + sizeof head, size - sizeof head);
    else
        p->left_out++;
    return EX_OK;
}

static ex_code png_time(struct picture *p, uint64_t at, struct ex_error *err) {
    uint8_t data[7];
    bool there;
    int64_t days;
    EX_TRY(picture_read(p, at, data, sizeof data, &there, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    unsigned year = ex_cursor_be16(&c), month = ex_cursor_u8(&c), day = ex_cursor_u8(&c);
    unsigned hour = ex_cursor_u8(&c), minute = ex_cursor_u8(&c), second = ex_cursor_u8(&c);
    if (!there || !when_days(year, month, day, &days) || hour > 23 || minute > 59 || second > 60)
        return EX_OK;
    return parser_trace_time(p->run, PARSER_MODIFIED,
                             days * 86400 + (int64_t)hour * 3600 + minute * 60 + second, 0,
                             SECOND_NS, false, "png:tIME", err);
}

static ex_code png_chunk(struct picture *p, const uint8_t *type, uint64_t at, uint64_t size,
                         struct ex_error *err) {
    uint8_t data[8];
    bool there;
    if (memcmp(type, "eXIf", 4) == 0)
        return take_exif(p, at, size, err);
    if (memcmp(type, "tEXt", 4) == 0)
        return png_text(p, at, size, false, err);
    if (memcmp(type, "iTXt", 4) == 0)
        return png_international(p, at, size, err);
    if (memcmp(type, "tIME", 4) == 0 && size == 7)
        return png_time(p, at, err);
    p->left_out += memcmp(type, "zTXt", 4) == 0 ? 1 : 0;
    if (memcmp(type, "IHDR", 4) != 0 || size < sizeof data)
        return EX_OK;
    EX_TRY(picture_read(p, at, data, sizeof data, &there, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    uint32_t width = ex_cursor_be32(&c), height = ex_cursor_be32(&c);
    return there ? picture_dimensions(p, width, height, err) : EX_OK;
}

ex_code png_read(struct picture *p, struct ex_error *err) {
    uint64_t at = 8;
    for (unsigned steps = 0; steps < PICTURE_STEPS_MAX; steps++) {
        uint8_t head[8];
        bool there;
        EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
        if (!there || memcmp(head + 4, "IEND", 4) == 0)
            return EX_OK;
        struct ex_cursor c = ex_cursor_make(head, sizeof head);
        uint64_t size = ex_cursor_be32(&c);
        EX_TRY(png_chunk(p, head + 4, at + 8, size, err));
        at += 12 + size;
    }
    picture_wrong(p, "chunk", EX_LIMIT, "more than %d chunks", PICTURE_STEPS_MAX);
    return EX_OK;
}

/* ---- WebP ---- */

static ex_code webp_dimensions(struct picture *p, const uint8_t *type, uint64_t at, uint64_t size,
                               struct ex_error *err) {
    uint8_t d[10] = {0};
    bool there;
    if (size < sizeof d)
        return EX_OK;
    EX_TRY(picture_read(p, at, d, sizeof d, &there, err));
    if (!there)
        return EX_OK;
    if (memcmp(type, "VP8X", 4) == 0)
        return picture_dimensions(p, 1 + (d[4] | (uint64_t)d[5] << 8 | (uint64_t)d[6] << 16),
                                  1 + (d[7] | (uint64_t)d[8] << 8 | (uint64_t)d[9] << 16), err);
    if (memcmp(type, "VP8L", 4) == 0)
        return picture_dimensions(
            p, 1 + (d[1] | (uint64_t)(d[2] & 0x3F) << 8),
            1 + ((uint64_t)d[2] >> 6 | (uint64_t)d[3] << 2 | (uint64_t)(d[4] & 0x0F) << 10), err);
    return picture_dimensions(p, (d[6] | (uint64_t)d[7] << 8) & 0x3FFF,
                              (d[8] | (uint64_t)d[9] << 8) & 0x3FFF, err);
}

static ex_code webp_exif(struct picture *p, uint64_t at, uint64_t size, struct ex_error *err) {
    char head[6];
    bool there;
    if (size < sizeof head)
        return EX_OK;
    EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
    unsigned mark = memcmp(head, EXIF_MARK, sizeof head) == 0 ? 6 : 0; /* some have JPEG's */
    return take_exif(p, at + mark, size - mark, err);
}

ex_code webp_read(struct picture *p, struct ex_error *err) {
    uint64_t at = 12;
    for (unsigned steps = 0; steps < PICTURE_STEPS_MAX && at < p->size; steps++) {
        uint8_t head[8];
        bool there;
        EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
        if (!there)
            return EX_OK;
        struct ex_cursor c = ex_cursor_make(head + 4, 4);
        uint64_t size = ex_cursor_le32(&c);
        if (memcmp(head, "EXIF", 4) == 0)
            EX_TRY(webp_exif(p, at + 8, size, err));
        else if (memcmp(head, "XMP ", 4) == 0)
            picture_add_member(p, "xmp", at + 8, size);
        else if (memcmp(head, "VP8", 3) == 0)
            EX_TRY(webp_dimensions(p, head, at + 8, size, err));
        at += 8 + size + (size & 1);
    }
    return EX_OK;
}
