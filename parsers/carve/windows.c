/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs (libevtx's description of EVTX) and hives of the registry (that of regf). */
#include "parsers/carve/carve_internal.h"

/* ---- event logs ---- */

enum { EVTX_HEAD = 4096, EVTX_CHUNK = 65536, EVTX_SUMMED = 120, EVTX_EVENTS_AT = 512 };

/* The sum of a chunk's head, and that of its records. */
static bool is_chunk(struct carving *c, uint64_t at) {
    struct ex_cursor k;
    uint32_t head = 0, events = 0;
    if (!carve_get(c, at, EVTX_CHUNK, &k) || !carve_is(&k, 0, "ElfChnk\0", 8))
        return false;
    (void)ex_cursor_bytes(&k, 48);
    uint32_t free_at = ex_cursor_le32(&k), events_said = ex_cursor_le32(&k);
    (void)ex_cursor_bytes(&k, 68);
    uint32_t head_said = ex_cursor_le32(&k);
    if (free_at < EVTX_EVENTS_AT || free_at > EVTX_CHUNK)
        return false;
    return carve_crc(c, at, EVTX_SUMMED, &head) &&
           carve_crc(c, at + 128, EVTX_EVENTS_AT - 128, &head) && head == head_said &&
           carve_crc(c, at + EVTX_EVENTS_AT, free_at - EVTX_EVENTS_AT, &events) &&
           events == events_said;
}

enum carve_verdict carve_evtx(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    uint32_t crc = 0;
    if (!carve_crc(c, at, EVTX_SUMMED, &crc) || !carve_get(c, at, 128, &k))
        return CARVE_NO;
    (void)ex_cursor_bytes(&k, 40);
    uint16_t head = ex_cursor_le16(&k), chunks = ex_cursor_le16(&k);
    (void)ex_cursor_bytes(&k, 80);
    if (head != EVTX_HEAD || ex_cursor_le32(&k) != crc || chunks == 0)
        return CARVE_NO;
    ret->expected = EVTX_HEAD + (uint64_t)chunks * EVTX_CHUNK;
    ret->length = EVTX_HEAD < c->size - at ? EVTX_HEAD : c->size - at;
    for (unsigned i = 0; i < chunks; i++) {
        if (!is_chunk(c, at + EVTX_HEAD + (uint64_t)i * EVTX_CHUNK))
            return CARVE_BEGIN;
        ret->length += EVTX_CHUNK;
    }
    return CARVE_WHOLE;
}

/* ---- hives ---- */

enum { REGF_HEAD = 4096, REGF_WORDS = 127, REGF_BIN = 4096 };

static bool is_head(struct carving *c, uint64_t at, uint64_t *ret_bytes) {
    struct ex_cursor k, all;
    uint32_t sum = 0;
    if (!carve_get(c, at, CARVE_SECTOR_BYTES, &k))
        return false;
    all = k;
    for (unsigned i = 0; i < REGF_WORDS; i++)
        sum ^= ex_cursor_le32(&all);
    sum = sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
    (void)ex_cursor_bytes(&k, 40);
    *ret_bytes = ex_cursor_le32(&k);
    return ex_cursor_le32(&all) == sum && *ret_bytes > 0 && *ret_bytes % REGF_BIN == 0;
}

enum carve_verdict carve_regf(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    uint64_t bytes, p = 0;
    if (!is_head(c, at, &bytes) || !carve_get(c, at, REGF_HEAD, &k))
        return CARVE_NO;
    ret->expected = REGF_HEAD + bytes;
    ret->length = REGF_HEAD;
    while (p < bytes && carve_get(c, at + REGF_HEAD + p, 32, &k) && carve_is(&k, 0, "hbin", 4)) {
        (void)ex_cursor_bytes(&k, 4);
        uint32_t offset = ex_cursor_le32(&k), size = ex_cursor_le32(&k);
        if (offset != p || size == 0 || size % REGF_BIN != 0 || size > bytes - p ||
            size > c->size - at - REGF_HEAD - p)
            return CARVE_BEGIN;
        p += size;
        ret->length = REGF_HEAD + p;
    }
    return p == bytes ? CARVE_WHOLE : CARVE_BEGIN;
}
