/* SPDX-License-Identifier: Apache-2.0 */
/* ISO base media files (ISO/IEC 14496-12): MP4, MOV, HEIF. They have no end of their own: what
 * stands behind the last box that can be one does not belong to them. */
#include "parsers/carve/carve_internal.h"

enum { BRANDS_BYTES_MAX = 512, CHILDREN_MAX = 100000 };

struct box {
    char type[4];
    uint64_t head, length; /* length: of all of it */
};

static bool is_print(const uint8_t *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (p[i] < ' ' || p[i] > '~')
            return false;
    return true;
}

static bool take_box(struct carving *c, uint64_t at, struct box *ret) {
    struct ex_cursor k;
    if (!carve_get(c, at, 8, &k))
        return false;
    *ret = (struct box){.head = 8, .length = ex_cursor_be32(&k)};
    memcpy(ret->type, k.data + 4, 4);
    if (ret->length == 1) {
        if (!carve_get(c, at + 8, 8, &k))
            return false;
        uint64_t high = ex_cursor_be32(&k);
        ret->head = 16;
        ret->length = high << 32 | ex_cursor_be32(&k);
    }
    return ret->length >= ret->head && ret->length <= INT64_MAX / 2;
}

static bool is_type(const struct box *b, const char *types) {
    for (; *types != '\0'; types += 4)
        if (memcmp(b->type, types, 4) == 0)
            return true;
    return false;
}

/* Its boxes fill it exactly, and the first one is what it has to be. */
static bool is_filled(struct carving *c, uint64_t at, uint64_t end, const char *first) {
    struct box b;
    for (unsigned count = 0; at < end; count++) {
        if (count == CHILDREN_MAX || !take_box(c, at, &b) || b.length > end - at ||
            !is_print((const uint8_t *)b.type + 1, 3) || (count == 0 && !is_type(&b, first)))
            return false;
        at += b.length;
    }
    return at == end;
}

static bool is_brands(struct carving *c, uint64_t at, const struct box *b) {
    struct ex_cursor k;
    if (b->head != 8 || b->length < 16 || b->length > BRANDS_BYTES_MAX || b->length % 4 != 0 ||
        !carve_get(c, at, (size_t)b->length, &k) || !is_print(k.data + 8, 4))
        return false;
    for (size_t i = 16; i < k.size; i += 4)
        if (!is_print(k.data + i, 4) && memcmp(k.data + i, "\0\0\0\0", 4) != 0)
            return false;
    return true;
}

enum carve_verdict carve_media(struct carving *c, uint64_t at, struct carved *ret) {
    struct box b;
    uint64_t p = at;
    bool film = false, still = false, data = false, parts = false;
    if (!take_box(c, p, &b) || !is_brands(c, p, &b))
        return CARVE_NO;
    p += b.length;
    while (p < c->size && take_box(c, p, &b) &&
           is_type(&b, "moovmdatfreeskipwidemetamoofmfrasidxstypuuidpdinudtaprftemsgssix")) {
        if (b.length > c->size - p) {
            ret->length = c->size - at;
            ret->expected = p + b.length - at;
            return film || still ? CARVE_BEGIN : CARVE_NO;
        }
        if (is_type(&b, "moov")) {
            if (film || !is_filled(c, p + b.head, p + b.length, "mvhdiods"))
                break;
            film = true;
        } else if (is_type(&b, "meta") && !still) {
            if (b.length < b.head + 12 || !is_filled(c, p + b.head + 4, p + b.length, "hdlr"))
                break;
            still = true;
        }
        parts |= is_type(&b, "moof");
        data |= is_type(&b, "mdat");
        p += b.length;
    }
    ret->length = p - at;
    if (data && (film || still))
        return CARVE_WHOLE;
    return film && !parts ? CARVE_BEGIN : CARVE_NO;
}
