/* SPDX-License-Identifier: Apache-2.0 */
/* The space, as those who walk in it read it. */
#include "parsers/carve/carve_internal.h"

#include <isa-l/crc.h>

enum { JUMP_BYTES = 8 << 10, AHEAD_BYTES = 256 << 10, READ_COST = 2048 };

/* Behind what was read last comes more in order; elsewhere, who knows. */
static bool fetch(struct carving *c, uint64_t at, size_t need) {
    size_t size = c->bytes > 0 && at >= c->at && at <= c->at + c->bytes ? AHEAD_BYTES : JUMP_BYTES;
    size = need > size ? need : size;
    size = size > c->size - at ? (size_t)(c->size - at) : size;
    c->bytes = 0;
    if (c->allowed < need) {
        c->spent = true;
        return false;
    }
    size = size > c->allowed ? (size_t)c->allowed : size;
    c->allowed -= size;
    c->allowed -= c->allowed < READ_COST ? c->allowed : READ_COST;
    struct ex_error why = {0};
    ex_code code = parser_view(c->run, 0, at, size, &c->data, &why);
    if (code == EX_IO && size > need) { /* what was read ahead may be what cannot be read */
        size = need;
        code = parser_view(c->run, 0, at, size, &c->data, &why);
    }
    if (code == EX_IO) {
        c->unread = true;
        return false;
    }
    if (code != EX_OK) {
        c->code = code;
        if (c->err != NULL)
            *c->err = why;
        return false;
    }
    c->at = at;
    c->bytes = size;
    return true;
}

bool carve_get(struct carving *c, uint64_t at, size_t size_bytes, struct ex_cursor *ret) {
    if (c->code != EX_OK || at > c->size || size_bytes > c->size - at)
        return false;
    bool held = c->bytes > 0 && at >= c->at && at - c->at <= c->bytes &&
                size_bytes <= c->bytes - (size_t)(at - c->at);
    if (!held && !fetch(c, at, size_bytes))
        return false;
    *ret = ex_cursor_make(c->data + (size_t)(at - c->at), size_bytes);
    return true;
}

bool carve_some(struct carving *c, uint64_t at, struct ex_cursor *ret) {
    if (!carve_get(c, at, 1, ret))
        return false;
    size_t left = c->bytes - (size_t)(at - c->at);
    *ret = ex_cursor_make(ret->data, left < CARVE_GET_BYTES_MAX ? left : CARVE_GET_BYTES_MAX);
    return true;
}

bool carve_crc(struct carving *c, uint64_t at, uint64_t length, uint32_t *crc) {
    struct ex_cursor k;
    for (size_t part; length > 0; length -= part, at += part) {
        if (!carve_some(c, at, &k))
            return false;
        part = length < k.size ? (size_t)length : k.size;
        *crc = crc32_gzip_refl(*crc, k.data, part);
    }
    return true;
}

bool carve_find(struct carving *c, uint64_t from, uint64_t to, const void *bytes, size_t size_bytes,
                uint64_t *ret) {
    struct ex_cursor k;
    while (from < to && carve_some(c, from, &k)) {
        if (k.size < size_bytes && !carve_get(c, from, size_bytes, &k))
            return false;
        const uint8_t *found = memmem(k.data, k.size, bytes, size_bytes);
        if (found != NULL) {
            *ret = from + (uint64_t)(found - k.data);
            return *ret < to;
        }
        from += k.size - size_bytes + 1;
    }
    return false;
}
