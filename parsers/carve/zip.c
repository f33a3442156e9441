/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP (APPNOTE 6.3.10), and with it OOXML, ODF, EPUB, APK, JAR. */
#include "parsers/carve/carve_internal.h"

#define ZIP_BYTES_MAX    ((uint64_t)64 << 30)
#define ZIP_SEARCH_BYTES ((uint64_t)256 << 20) /* for the next signature */
enum {
    LOCAL_BYTES = 30,
    CENTRAL_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    FLAG_DESCRIPTOR = 8,
    COMPARED_MAX = 100000 /* of the directory, with what stands in front of the contents */
};

struct zip {
    struct carving *c;
    uint64_t begin, at;                           /* at: of the signature that is looked at */
    uint64_t directory, directory_bytes, entries; /* that was walked last; bytes 0: none was */
    bool found64;
    uint64_t entries64, bytes64, offset64;
};

/* Whether the head of the first member can be one. */
static bool is_local(struct carving *c, uint64_t at) {
    struct ex_cursor k;
    if (!carve_get(c, at, LOCAL_BYTES, &k) || !carve_is(&k, 0, "PK\3\4", 4))
        return false;
    (void)ex_cursor_bytes(&k, 4);
    uint16_t version = ex_cursor_le16(&k);
    (void)ex_cursor_le16(&k);
    uint16_t method = ex_cursor_le16(&k);
    (void)ex_cursor_bytes(&k, 16);
    uint16_t name = ex_cursor_le16(&k);
    return (version & 0xFF) <= 63 && (method <= 20 || (method >= 93 && method <= 99)) && name > 0;
}

/* Behind a member, if its size is said there; otherwise behind its head. */
static bool pass_local(struct zip *z) {
    struct ex_cursor k;
    if (!is_local(z->c, z->at) || !carve_get(z->c, z->at, LOCAL_BYTES, &k))
        return false;
    (void)ex_cursor_bytes(&k, 6);
    uint16_t flags = ex_cursor_le16(&k);
    (void)ex_cursor_bytes(&k, 10);
    uint32_t stored = ex_cursor_le32(&k);
    (void)ex_cursor_le32(&k);
    uint16_t name = ex_cursor_le16(&k), extra = ex_cursor_le16(&k);
    z->at += LOCAL_BYTES + (uint64_t)name + extra;
    if ((flags & FLAG_DESCRIPTOR) == 0 && stored != UINT32_MAX)
        z->at += stored;
    return true;
}

/* The directory entry's claim of where its member begins. */
static uint64_t member_at(struct carving *c, uint64_t at, uint16_t name, uint16_t extra,
                          uint32_t offset, uint32_t sizes64) {
    struct ex_cursor k;
    if (offset != UINT32_MAX || extra < 4)
        return offset;
    if (!carve_get(c, at + CENTRAL_BYTES + name, extra, &k))
        return UINT64_MAX;
    while (ex_cursor_left(&k) >= 4) {
        uint16_t id = ex_cursor_le16(&k), size = ex_cursor_le16(&k);
        if (id != 1 || size < 8 * (sizes64 + 1) || size > ex_cursor_left(&k)) {
            (void)ex_cursor_bytes(&k, size);
            if (k.overrun)
                return UINT64_MAX;
            continue;
        }
        (void)ex_cursor_bytes(&k, (size_t)8 * sizes64);
        return ex_cursor_le64(&k);
    }
    return UINT64_MAX;
}

/* One entry of the directory, and that its member begins where it says. */
static bool pass_entry(struct zip *z, bool compare, uint64_t *at) {
    struct ex_cursor k;
    if (!carve_get(z->c, *at, CENTRAL_BYTES, &k) || !carve_is(&k, 0, "PK\1\2", 4))
        return false;
    (void)ex_cursor_bytes(&k, 20);
    uint32_t sizes64 = ex_cursor_le32(&k) == UINT32_MAX ? 1 : 0;
    sizes64 += ex_cursor_le32(&k) == UINT32_MAX ? 1 : 0;
    uint16_t name = ex_cursor_le16(&k), extra = ex_cursor_le16(&k), comment = ex_cursor_le16(&k);
    (void)ex_cursor_bytes(&k, 8);
    uint32_t offset = ex_cursor_le32(&k);
    if (compare) {
        uint64_t member = member_at(z->c, *at, name, extra, offset, sizes64);
        if (member >= *at - z->begin || !is_local(z->c, z->begin + member))
            return false;
    }
    *at += CENTRAL_BYTES + (uint64_t)name + extra + comment;
    return true;
}

/* The entries that stand one behind the other here. Not compared yet: it may be that of an archive
 * inside. */
static void pass_directory(struct zip *z) {
    uint64_t at = z->at;
    z->entries = 0;
    z->found64 = false;
    while (pass_entry(z, false, &at))
        z->entries++;
    z->directory = z->at;
    z->directory_bytes = at - z->at;
    z->at = z->entries > 0 ? at : at + 4;
}

static bool compare_directory(struct zip *z) {
    uint64_t at = z->directory;
    for (uint64_t i = 0; i < z->entries && i < COMPARED_MAX; i++)
        if (!pass_entry(z, true, &at))
            return false;
    return true;
}

static void pass_end64(struct zip *z) {
    struct ex_cursor k;
    z->found64 = carve_get(z->c, z->at, END64_BYTES, &k);
    z->at += 4;
    if (!z->found64)
        return;
    (void)ex_cursor_bytes(&k, 32);
    z->entries64 = ex_cursor_le64(&k);
    z->bytes64 = ex_cursor_le64(&k);
    z->offset64 = ex_cursor_le64(&k);
}

/* Does this end say what was walked? */
static bool is_end(struct zip *z, uint64_t *ret_length) {
    struct ex_cursor k;
    if (z->directory_bytes == 0 || !carve_get(z->c, z->at, END_BYTES, &k))
        return false;
    (void)ex_cursor_bytes(&k, 4);
    if (ex_cursor_le32(&k) != 0) /* of one volume */
        return false;
    (void)ex_cursor_le16(&k);
    uint64_t entries = ex_cursor_le16(&k), bytes = ex_cursor_le32(&k), offset = ex_cursor_le32(&k);
    uint16_t comment = ex_cursor_le16(&k);
    entries = entries == UINT16_MAX && z->found64 ? z->entries64 : entries;
    bytes = bytes == UINT32_MAX && z->found64 ? z->bytes64 : bytes;
    offset = offset == UINT32_MAX && z->found64 ? z->offset64 : offset;
    *ret_length = z->at + END_BYTES + comment - z->begin;
    return offset == z->directory - z->begin && bytes == z->directory_bytes &&
           entries == z->entries && *ret_length <= z->c->size - z->begin && compare_directory(z);
}

enum carve_verdict carve_zip(struct carving *c, uint64_t at, struct carved *ret) {
    struct zip z = {.c = c, .begin = at, .at = at};
    struct ex_cursor k;
    if (!is_local(c, at))
        return CARVE_NO;
    while (z.at - at < ZIP_BYTES_MAX && carve_get(c, z.at, 4, &k)) {
        bool local = carve_is(&k, 0, "PK\3\4", 4), central = carve_is(&k, 0, "PK\1\2", 4);
        bool end = carve_is(&k, 0, "PK\5\6", 4), end64 = carve_is(&k, 0, "PK\6\6", 4);
        if (end && is_end(&z, &ret->length))
            return CARVE_WHOLE;
        if (local && pass_local(&z))
            continue;
        if (central)
            pass_directory(&z);
        else if (end64)
            pass_end64(&z);
        else if (!carve_find(c, z.at + 1, z.at + ZIP_SEARCH_BYTES, "PK", 2, &z.at))
            return CARVE_NO;
    }
    return CARVE_NO;
}
