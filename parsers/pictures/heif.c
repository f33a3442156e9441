/* SPDX-License-Identifier: Apache-2.0 */
/* Where Exif lies in HEIF and AVIF: ISO/IEC 14496-12 §8.11, 23008-12 §6.5.3, annex A. */
#include "parsers/pictures/pictures_internal.h"

#include "base/cursor.h"

enum { BOX_BYTES_MAX = 1 << 20, ITEMS_MAX = 65536, BOXES_MAX = 65536 };

struct heif {
    struct picture *picture;
    uint32_t exif_item;
    bool has_item;
    uint32_t width, height; /* of the largest picture in it */
};

struct box {
    char type[4];
    struct ex_cursor body;
};

/* The next one of those in memory. */
static bool next_box(struct ex_cursor *c, struct box *ret) {
    uint64_t size = ex_cursor_be32(c);
    const uint8_t *type = ex_cursor_bytes(c, 4);
    uint64_t head = 8;
    if (type == NULL)
        return false;
    memcpy(ret->type, type, 4);
    if (size == 1) {
        size = (uint64_t)ex_cursor_be32(c) << 32;
        size |= ex_cursor_be32(c);
        head = 16;
    }
    size = size == 0 ? ex_cursor_left(c) + head : size;
    if (size < head || size - head > ex_cursor_left(c))
        return false;
    const uint8_t *body = ex_cursor_bytes(c, (size_t)(size - head));
    ret->body = ex_cursor_make(body, (size_t)(size - head));
    return body != NULL;
}

static bool is_box(const struct box *b, const char *type) {
    return memcmp(b->type, type, 4) == 0;
}

static uint64_t number(struct ex_cursor *c, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | ex_cursor_u8(c);
    return value;
}

/* iinf: the item of type Exif. */
static void take_items(struct heif *h, struct ex_cursor c) {
    struct box b;
    unsigned version = ex_cursor_u8(&c);
    (void)ex_cursor_bytes(&c, 3);
    (void)number(&c, version == 0 ? 2 : 4);
    for (unsigned n = 0; n < ITEMS_MAX && next_box(&c, &b); n++) {
        unsigned own = ex_cursor_u8(&b.body);
        (void)ex_cursor_bytes(&b.body, 3);
        uint32_t id = (uint32_t)number(&b.body, own == 2 ? 2 : 4);
        (void)ex_cursor_bytes(&b.body, 2);
        const uint8_t *type = ex_cursor_bytes(&b.body, 4);
        if (own < 2 || type == NULL || memcmp(type, "Exif", 4) != 0 || h->has_item)
            continue;
        h->has_item = true;
        h->exif_item = id;
    }
}

/* iprp: sizes of pictures, tiles and thumbnails. */
static void take_sizes(struct heif *h, struct ex_cursor c) {
    struct box b, p;
    for (unsigned n = 0; n < BOXES_MAX && next_box(&c, &b); n++)
        for (unsigned k = 0; is_box(&b, "ipco") && k < BOXES_MAX && next_box(&b.body, &p); k++) {
            if (!is_box(&p, "ispe"))
                continue;
            (void)ex_cursor_be32(&p.body);
            uint32_t width = ex_cursor_be32(&p.body), height = ex_cursor_be32(&p.body);
            if (!p.body.overrun && (uint64_t)width * height > (uint64_t)h->width * h->height) {
                h->width = width;
                h->height = height;
            }
        }
}

/* The bytes of one item, in one piece: iloc. */
static bool find_item(const struct heif *h, struct ex_cursor c, struct place *ret) {
    unsigned version = ex_cursor_u8(&c);
    (void)ex_cursor_bytes(&c, 3);
    unsigned sizes = ex_cursor_u8(&c), more = ex_cursor_u8(&c);
    unsigned offset_bytes = sizes >> 4, length_bytes = sizes & 15, base_bytes = more >> 4;
    unsigned index_bytes = version > 0 ? more & 15 : 0;
    uint64_t count = number(&c, version < 2 ? 2 : 4);
    if (offset_bytes > 8 || length_bytes > 8 || base_bytes > 8 || index_bytes > 8)
        return false;
    for (uint64_t i = 0; i < count && !c.overrun; i++) {
        uint64_t id = number(&c, version < 2 ? 2 : 4);
        unsigned method = version > 0 ? ex_cursor_be16(&c) & 15 : 0;
        (void)ex_cursor_be16(&c);
        uint64_t base = number(&c, base_bytes);
        unsigned extents = ex_cursor_be16(&c);
        for (unsigned k = 0; k < extents && !c.overrun; k++) {
            (void)number(&c, index_bytes);
            uint64_t offset = number(&c, offset_bytes), length = number(&c, length_bytes);
            if (id != h->exif_item || c.overrun)
                continue;
            *ret = (struct place){base + offset, length};
            return method == 0 && extents == 1 && offset <= UINT64_MAX - base;
        }
    }
    return false;
}

/* A length stands in front: how far the TIFF header is behind it. */
static ex_code read_item(struct picture *p, struct place place, struct ex_error *err) {
    uint8_t data[4];
    bool there;
    EX_TRY(picture_read(p, place.offset, data, sizeof data, &there, err));
    struct ex_cursor c = ex_cursor_make(data, sizeof data);
    uint64_t skip = 4 + (uint64_t)ex_cursor_be32(&c);
    if (!there || skip > place.size) {
        picture_wrong(p, "exif", EX_FORMAT, "what is called Exif is none");
        return EX_OK;
    }
    return exif_read(p, (struct place){place.offset + skip, place.size - skip}, false, err);
}

static ex_code take_meta(struct heif *h, uint64_t at, uint64_t size, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *own = NULL;
    const uint8_t *data;
    struct place place = {0};
    struct box b;
    bool found = false;
    if (size > BOX_BYTES_MAX) {
        picture_wrong(h->picture, "meta", EX_LIMIT, "a box of %llu bytes",
                      (unsigned long long)size);
        return EX_OK;
    }
    EX_TRY(ex_alloc((size_t)size + 1, 1, BOX_BYTES_MAX + 1, "a box", &own, err));
    EX_TRY(parser_read(h->picture->run, 0, at, own, (size_t)size, err));
    data = own;
    struct ex_cursor all = ex_cursor_make(data, (size_t)size), c = all;
    (void)ex_cursor_be32(&c);
    for (unsigned n = 0; n < BOXES_MAX && next_box(&c, &b); n++) {
        if (is_box(&b, "iinf"))
            take_items(h, b.body);
        if (is_box(&b, "iprp"))
            take_sizes(h, b.body);
    }
    c = all;
    (void)ex_cursor_be32(&c);
    for (unsigned n = 0; n < BOXES_MAX && h->has_item && !found && next_box(&c, &b); n++)
        found = is_box(&b, "iloc") && find_item(h, b.body, &place);
    if (h->width > 0)
        EX_TRY(picture_dimensions(h->picture, h->width, h->height, err));
    if (h->has_item && !found)
        picture_wrong(h->picture, "exif", EX_UNSUPPORTED, "where its Exif lies cannot be told");
    return found ? read_item(h->picture, place, err) : EX_OK;
}

ex_code heif_read(struct picture *p, struct ex_error *err) {
    struct heif h = {.picture = p};
    uint64_t at = 0;
    for (unsigned steps = 0; steps < PICTURE_STEPS_MAX && at < p->size; steps++) {
        uint8_t head[16];
        bool there;
        EX_TRY(picture_read(p, at, head, 8, &there, err));
        struct ex_cursor c = ex_cursor_make(head, sizeof head);
        uint64_t size = ex_cursor_be32(&c), skip = 8;
        if (there && size == 1) {
            EX_TRY(picture_read(p, at, head, sizeof head, &there, err));
            c = ex_cursor_make(head + 8, 8);
            size = (uint64_t)ex_cursor_be32(&c) << 32;
            size |= ex_cursor_be32(&c);
            skip = 16;
        }
        size = size == 0 ? p->size - at : size;
        if (!there || size < skip || size > p->size - at) {
            picture_wrong(p, "box", EX_FORMAT, "no box at byte %llu", (unsigned long long)at);
            return EX_OK;
        }
        if (memcmp(head + 4, "meta", 4) == 0)
            return take_meta(&h, at + skip, size - skip, err);
        at += size;
    }
    return EX_OK;
}
