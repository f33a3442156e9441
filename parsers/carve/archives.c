/* SPDX-License-Identifier: Apache-2.0 */
/* 7z (7zFormat.txt of the LZMA SDK), RAR 1.5 to 4 (technote.txt), RAR 5 (rarlab's note). */
#include "parsers/carve/carve_internal.h"

#define RAR_BYTES_MAX ((uint64_t)64 << 30)
#define Z7_HEAD_MAX   ((uint64_t)256 << 20)

/* ---- 7z ---- */

enum { Z7_BYTES = 32 };

enum carve_verdict carve_7z(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    uint32_t crc = 0;
    if (!carve_crc(c, at + 12, 20, &crc) || !carve_get(c, at, Z7_BYTES, &k))
        return CARVE_NO;
    (void)ex_cursor_bytes(&k, 8);
    if (ex_cursor_le32(&k) != crc)
        return CARVE_NO;
    uint64_t offset = ex_cursor_le64(&k), size = ex_cursor_le64(&k);
    uint32_t said = ex_cursor_le32(&k);
    ret->length = Z7_BYTES;
    if (offset > INT64_MAX / 4 || size == 0 || size > Z7_HEAD_MAX)
        return size == 0 && offset == 0 ? CARVE_NO : CARVE_BEGIN;
    ret->expected = Z7_BYTES + offset + size;
    crc = 0;
    if (ret->expected > c->size - at || !carve_crc(c, at + Z7_BYTES + offset, size, &crc) ||
        crc != said)
        return CARVE_BEGIN;
    ret->length = ret->expected;
    return CARVE_WHOLE;
}

/* ---- RAR 1.5 to 4 ---- */

enum {
    RAR4_MARK_BYTES = 7,
    RAR4_MAIN = 0x73,
    RAR4_FILE = 0x74,
    RAR4_SERVICE = 0x7A,
    RAR4_END = 0x7B,
    RAR4_LONG = 0x8000, /* bytes follow, whose number stands behind the head's */
    RAR4_LARGE = 0x100, /* of a file: and its upper half later */
    RAR4_LOCKED = 0x80  /* of the main head: the heads behind it are encrypted */
};

struct rar {
    struct carving *c;
    uint64_t at;
    unsigned type;
    bool locked;
};

/* One block with its data; the sum of its head holds. */
static bool pass_rar4(struct rar *r) {
    struct ex_cursor k;
    uint32_t sum = 0;
    uint64_t more = 0;
    if (!carve_get(r->c, r->at, 7, &k))
        return false;
    uint16_t said = ex_cursor_le16(&k);
    r->type = ex_cursor_u8(&k);
    uint16_t flags = ex_cursor_le16(&k), size = ex_cursor_le16(&k);
    if (size < 7 || r->type < RAR4_MAIN || r->type > RAR4_END ||
        !carve_crc(r->c, r->at + 2, size - 2U, &sum) || (sum & 0xFFFF) != said)
        return false;
    bool file = r->type == RAR4_FILE || r->type == RAR4_SERVICE;
    if (((flags & RAR4_LONG) != 0 || file) && size >= 11 && carve_get(r->c, r->at + 7, 4, &k))
        more = ex_cursor_le32(&k);
    if (file && (flags & RAR4_LARGE) != 0 && size >= 40 && carve_get(r->c, r->at + 32, 4, &k))
        more |= (uint64_t)ex_cursor_le32(&k) << 32;
    r->locked |= r->type == RAR4_MAIN && (flags & RAR4_LOCKED) != 0;
    r->at += size + more;
    return more <= RAR_BYTES_MAX;
}

/* ---- RAR 5 ---- */

enum { RAR5_MARK_BYTES = 8, RAR5_MAIN = 1, RAR5_LOCKED = 4, RAR5_END = 5, RAR5_DATA = 2 };

static bool take_vint(struct ex_cursor *k, uint64_t *ret) {
    *ret = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t byte = ex_cursor_u8(k);
        *ret |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            return !k->overrun;
    }
    return false;
}

static bool pass_rar5(struct rar *r) {
    struct ex_cursor k;
    uint32_t crc = 0;
    uint64_t size, type, flags, more = 0, extra = 0;
    size_t left = r->c->size - r->at < 64 ? (size_t)(r->c->size - r->at) : 64;
    if (r->at >= r->c->size || !carve_get(r->c, r->at, left, &k))
        return false;
    uint32_t said = ex_cursor_le32(&k);
    if (!take_vint(&k, &size) || size == 0 || size > (2 << 20))
        return false;
    uint64_t body = k.pos;
    if (!take_vint(&k, &type) || !take_vint(&k, &flags) ||
        ((flags & 1) != 0 && !take_vint(&k, &extra)) ||
        ((flags & RAR5_DATA) != 0 && !take_vint(&k, &more)) ||
        !carve_crc(r->c, r->at + 4, body - 4 + size, &crc) || crc != said)
        return false;
    r->type = (unsigned)type;
    r->locked |= type == RAR5_LOCKED;
    r->at += body + size + more;
    return type >= RAR5_MAIN && type <= RAR5_END && more <= RAR_BYTES_MAX;
}

static enum carve_verdict walk_rar(struct carving *c, uint64_t at, unsigned mark, unsigned main,
                                   unsigned end, bool (*pass)(struct rar *), struct carved *ret) {
    struct rar r = {.c = c, .at = at + mark};
    if (!pass(&r) || (r.type != main && !r.locked))
        return CARVE_NO;
    ret->length = r.at - at;
    while (!r.locked && r.at - at < RAR_BYTES_MAX && pass(&r)) {
        if (r.at > c->size) {
            ret->expected = r.at - at;
            break;
        }
        ret->length = r.at - at;
        if (r.type == end)
            return CARVE_WHOLE;
    }
    ret->length = ret->length < c->size - at ? ret->length : c->size - at;
    return CARVE_BEGIN;
}

enum carve_verdict carve_rar4(struct carving *c, uint64_t at, struct carved *ret) {
    return walk_rar(c, at, RAR4_MARK_BYTES, RAR4_MAIN, RAR4_END, pass_rar4, ret);
}

enum carve_verdict carve_rar5(struct carving *c, uint64_t at, struct carved *ret) {
    return walk_rar(c, at, RAR5_MARK_BYTES, RAR5_MAIN, RAR5_END, pass_rar5, ret);
}
