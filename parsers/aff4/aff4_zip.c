/* SPDX-License-Identifier: Apache-2.0 */
/* The end, the directory, the headers of members: each is held against the others. */
#include "parsers/aff4/aff4_zip.h"

#include "base/cursor.h"
#include "parsers/shared/expand.h"

#include <isa-l/crc.h>
#include <stdio.h>

enum {
    END_BYTES = 22,
    END_64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    COMMENT_BYTES_MAX = 65535,
    DIRECTORY_BYTES_MAX = 64 << 20,
    MEMBERS_MAX = 1 << 20,
    URNS_BYTES_MAX = 256 << 20,
    ENCRYPTED = 1 << 0,
    SIZES_BEHIND = 1 << 3,
    STORED = 0,
    DEFLATED = 8
};
#define WIDE_16 0xFFFFu
#define WIDE_32 UINT32_C(0xFFFFFFFF)
/* for "%.*s" */
#define NAME(m) (int)((m)->name_bytes < 80 ? (m)->name_bytes : 80), (m)->name

void zip_clear(struct zip *z) {
    free(z->directory);
    free(z->member);
    free(z->urns);
}

/* ---- the end: APPNOTE §4.3.14 to §4.3.16 ---- */

/* The last record of the end whose comment ends with the file. */
static bool find_end(const uint8_t *tail, size_t size, size_t *ret) {
    for (size_t at = size; at-- > 0;) {
        struct ex_cursor c = ex_cursor_make(tail + at, size - at);
        if (size - at < END_BYTES || ex_cursor_le32(&c) != 0x06054B50)
            continue;
        (void)ex_cursor_bytes(&c, 16);
        if (ex_cursor_le16(&c) == ex_cursor_left(&c)) {
            *ret = at;
            return true;
        }
    }
    return false;
}

static ex_code take_end_64(struct parser_run *run, struct zip *z, uint64_t locator_at,
                           uint64_t *ret_count, struct ex_error *err) {
    uint8_t data[END_64_BYTES];
    EX_TRY(parser_read(run, 0, locator_at, data, LOCATOR_BYTES, err));
    struct ex_cursor c = ex_cursor_make(data, LOCATOR_BYTES);
    uint32_t magic = ex_cursor_le32(&c);
    (void)ex_cursor_le32(&c);
    z->end_at = ex_cursor_le64(&c);
    if (magic != 0x07064B50)
        return ex_fail(err, EX_FORMAT, "the directory is larger than its record at the end says");
    EX_TRY(parser_read(run, 0, z->end_at, data, sizeof data, err));
    c = ex_cursor_make(data, sizeof data);
    if (ex_cursor_le32(&c) != 0x06064B50)
        return ex_fail(err, EX_FORMAT, "there is no record of the end at byte %llu",
                       (unsigned long long)z->end_at);
    (void)ex_cursor_bytes(&c, 20);
    (void)ex_cursor_le64(&c);
    *ret_count = ex_cursor_le64(&c);
    z->directory_bytes = ex_cursor_le64(&c);
    z->directory_at = ex_cursor_le64(&c);
    return EX_OK;
}

static ex_code take_end(struct parser_run *run, struct zip *z, const uint8_t *end, uint64_t end_at,
                        uint64_t *ret_count, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(end, END_BYTES);
    (void)ex_cursor_le32(&c);
    uint32_t disk = ex_cursor_le16(&c), first_disk = ex_cursor_le16(&c);
    (void)ex_cursor_le16(&c);
    *ret_count = ex_cursor_le16(&c);
    z->directory_bytes = ex_cursor_le32(&c);
    z->directory_at = ex_cursor_le32(&c);
    z->end_at = end_at;
    size_t comment = ex_cursor_le16(&c);
    comment = comment < sizeof z->comment - 1 ? comment : sizeof z->comment - 1;
    memcpy(z->comment, end + END_BYTES, comment);
    if ((disk != 0 && disk != WIDE_16) || (first_disk != 0 && first_disk != WIDE_16))
        return ex_fail(err, EX_UNSUPPORTED, "it is one of several parts of a zip volume");
    if (*ret_count == WIDE_16 || z->directory_bytes == WIDE_32 || z->directory_at == WIDE_32) {
        if (end_at < LOCATOR_BYTES)
            return ex_fail(err, EX_FORMAT, "the directory is larger than the file");
        return take_end_64(run, z, end_at - LOCATOR_BYTES, ret_count, err);
    }
    return EX_OK;
}

static ex_code read_end(struct parser_run *run, struct zip *z, uint64_t *ret_count,
                        struct ex_error *err) {
    uint64_t file_bytes = parser_input_size(run, 0);
    size_t size = END_BYTES + COMMENT_BYTES_MAX, at = 0;
    EX_AUTO_FREE uint8_t *tail = NULL;
    size = size < file_bytes ? size : (size_t)file_bytes;
    EX_TRY(ex_alloc(size, 1, END_BYTES + COMMENT_BYTES_MAX, "the end of the file", &tail, err));
    EX_TRY(parser_read(run, 0, file_bytes - size, tail, size, err));
    if (!find_end(tail, size, &at))
        return ex_fail(err, EX_FORMAT, "its directory is at its end, which is missing");
    EX_TRY(take_end(run, z, tail + at, file_bytes - size + at, ret_count, err));
    if (z->directory_at > z->end_at || z->directory_bytes != z->end_at - z->directory_at)
        return ex_fail(err, EX_FORMAT,
                       "the directory is said to have %llu bytes at byte %llu, and its end is at "
                       "byte %llu",
                       (unsigned long long)z->directory_bytes, (unsigned long long)z->directory_at,
                       (unsigned long long)z->end_at);
    return EX_OK;
}

/* ---- the directory: §4.3.12, §4.5.3 ---- */

/* What did not fit into 32 bits, in this order. */
static ex_code widen(struct ex_cursor extra, uint64_t *size, uint64_t *stored, uint64_t *at,
                     struct ex_error *err) {
    while (ex_cursor_left(&extra) >= 4) {
        uint16_t id = ex_cursor_le16(&extra), length = ex_cursor_le16(&extra);
        const uint8_t *data = ex_cursor_bytes(&extra, length);
        if (data == NULL || id != 1)
            continue;
        struct ex_cursor c = ex_cursor_make(data, length);
        *size = *size == WIDE_32 ? ex_cursor_le64(&c) : *size;
        *stored = *stored == WIDE_32 ? ex_cursor_le64(&c) : *stored;
        if (at != NULL)
            *at = *at == WIDE_32 ? ex_cursor_le64(&c) : *at;
        return ex_cursor_check(&c, "a size in 64 bits", err);
    }
    return EX_OK;
}

static ex_code take_entry(struct zip *z, struct ex_cursor *c, struct ex_error *err) {
    struct zip_member *m = &z->member[z->count];
    uint32_t magic = ex_cursor_le32(c);
    (void)ex_cursor_bytes(c, 4);
    m->flags = ex_cursor_le16(c);
    m->method = ex_cursor_le16(c);
    (void)ex_cursor_bytes(c, 4);
    m->crc = ex_cursor_le32(c);
    m->stored_bytes = ex_cursor_le32(c);
    m->size_bytes = ex_cursor_le32(c);
    m->name_bytes = ex_cursor_le16(c);
    size_t extra_bytes = ex_cursor_le16(c), comment_bytes = ex_cursor_le16(c);
    (void)ex_cursor_bytes(c, 8);
    m->header_at = ex_cursor_le32(c);
    m->name = (const char *)ex_cursor_bytes(c, m->name_bytes);
    const uint8_t *extra = ex_cursor_bytes(c, extra_bytes);
    (void)ex_cursor_bytes(c, comment_bytes);
    EX_TRY(ex_cursor_check(c, "the directory of the volume", err));
    if (magic != 0x02014B50 || m->name_bytes == 0 || memchr(m->name, '\0', m->name_bytes) != NULL)
        return ex_fail(err, EX_FORMAT, "entry %zu of the directory is none", z->count + 1);
    EX_TRY(widen(ex_cursor_make(extra, extra_bytes), &m->size_bytes, &m->stored_bytes,
                 &m->header_at, err));
    z->count++;
    return EX_OK;
}

static int by_place(const void *a, const void *b) {
    const struct zip_member *x = a, *y = b;
    return x->header_at < y->header_at ? -1 : x->header_at > y->header_at;
}

static ex_code check_places(struct zip *z, struct ex_error *err) {
    if (z->count > 0)
        qsort(z->member, z->count, sizeof *z->member, by_place);
    for (size_t i = 0; i < z->count; i++) {
        const struct zip_member *m = &z->member[i];
        uint64_t end = i + 1 < z->count ? z->member[i + 1].header_at : z->directory_at;
        if (m->header_at > end || m->stored_bytes > end - m->header_at ||
            LOCAL_BYTES + m->name_bytes > end - m->header_at - m->stored_bytes)
            return ex_fail(err, EX_FORMAT,
                           "member \"%.*s\" at byte %llu reaches into what follows it", NAME(m),
                           (unsigned long long)m->header_at);
    }
    return EX_OK;
}

ex_code zip_open(struct parser_run *run, struct zip *z, struct ex_error *err) {
    uint64_t count = 0;
    EX_TRY(read_end(run, z, &count, err));
    if (z->directory_bytes > DIRECTORY_BYTES_MAX || count > MEMBERS_MAX)
        return ex_fail(err, EX_LIMIT, "a directory of %llu bytes, for %llu members",
                       (unsigned long long)z->directory_bytes, (unsigned long long)count);
    if (count > z->directory_bytes / ENTRY_BYTES)
        return ex_fail(err, EX_FORMAT, "a directory of %llu bytes for %llu members",
                       (unsigned long long)z->directory_bytes, (unsigned long long)count);
    EX_TRY(ex_alloc((size_t)z->directory_bytes + 1, 1, DIRECTORY_BYTES_MAX + 1, "a directory",
                    &z->directory, err));
    EX_TRY(parser_read(run, 0, z->directory_at, z->directory, (size_t)z->directory_bytes, err));
    EX_TRY(ex_alloc((size_t)count, sizeof *z->member, MEMBERS_MAX * sizeof *z->member, "members",
                    &z->member, err));
    struct ex_cursor c = ex_cursor_make(z->directory, (size_t)z->directory_bytes);
    while (z->count < count)
        EX_TRY(take_entry(z, &c, err));
    EX_TRY(ex_cursor_end(&c, "the directory of the volume", err));
    return check_places(z, err);
}

/* ---- names ---- */

struct zip_member *zip_find_name(struct zip *z, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < z->count; i++)
        if (z->member[i].name_bytes == size && memcmp(z->member[i].name, name, size) == 0)
            return &z->member[i];
    return NULL;
}

static int hex_value(char ch) {
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* %2F is a slash. Not longer than it was. */
static size_t unescape(const char *from, size_t size, char *to) {
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        int high = i + 2 < size ? hex_value(from[i + 1]) : -1;
        int low = i + 2 < size ? hex_value(from[i + 2]) : -1;
        if (from[i] == '%' && high >= 0 && low >= 0 && high + low > 0) {
            to[used++] = (char)(high << 4 | low);
            i += 2;
        } else {
            to[used++] = from[i];
        }
    }
    to[used] = '\0';
    return used;
}

static int by_urn(const void *a, const void *b) {
    const struct zip_member *x = a, *y = b;
    return strcmp(x->urn, y->urn);
}

ex_code zip_name_members(struct zip *z, const char *volume, struct ex_error *err) {
    size_t prefix = strlen(volume) + 1, room = 1, used = 0;
    for (size_t i = 0; i < z->count; i++)
        room += z->member[i].name_bytes + prefix + 1;
    EX_TRY(ex_alloc(room, 1, URNS_BYTES_MAX, "the names of members", &z->urns, err));
    for (size_t i = 0; i < z->count; i++) {
        struct zip_member *m = &z->member[i];
        m->urn = z->urns + used;
        size_t size = unescape(m->name, m->name_bytes, m->urn);
        if (strncmp(m->urn, "aff4://", 7) != 0) {
            memmove(m->urn + prefix, m->urn, size + 1);
            memcpy(m->urn, volume, prefix - 1);
            m->urn[prefix - 1] = '/';
            size += prefix;
        }
        used += size + 1;
    }
    if (z->count > 0)
        qsort(z->member, z->count, sizeof *z->member, by_urn);
    for (size_t i = 1; i < z->count; i++)
        if (by_urn(&z->member[i - 1], &z->member[i]) == 0)
            return ex_fail(err, EX_FORMAT, "member \"%.100s\" stands twice, at byte %llu and %llu",
                           z->member[i].urn, (unsigned long long)z->member[i - 1].header_at,
                           (unsigned long long)z->member[i].header_at);
    return EX_OK;
}

struct zip_member *zip_find(struct zip *z, const char *urn) {
    const struct zip_member key = {.urn = (char *)(uintptr_t)urn};
    return z->count == 0 ? NULL : bsearch(&key, z->member, z->count, sizeof key, by_urn);
}

/* ---- members: §4.3.7 ---- */

static ex_code disagree(const struct zip_member *m, const char *what, struct ex_error *err) {
    return ex_fail(err, EX_FORMAT,
                   "member \"%.*s\", byte %llu: its header and the directory disagree about its %s",
                   NAME(m), (unsigned long long)m->header_at, what);
}

/* In front of a member whose sizes follow it. */
static bool is_left_out(uint64_t size) {
    return size == 0 || size == WIDE_32 || size == UINT64_MAX;
}

static ex_code compare_sizes(const struct zip_member *m, uint32_t crc, uint64_t stored,
                             uint64_t size, struct ex_error *err) {
    bool behind = (m->flags & SIZES_BEHIND) != 0;
    if (!(behind && is_left_out(stored)) && stored != m->stored_bytes)
        return disagree(m, "stored size", err);
    if (!(behind && is_left_out(size)) && size != m->size_bytes)
        return disagree(m, "size", err);
    return (behind && crc == 0) || crc == m->crc ? EX_OK : disagree(m, "checksum", err);
}

static ex_code check_header(struct parser_run *run, const struct zip *z, struct zip_member *m,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t head[LOCAL_BYTES];
    EX_TRY(parser_read(run, 0, m->header_at, head, sizeof head, err));
    struct ex_cursor c = ex_cursor_make(head, sizeof head);
    uint32_t magic = ex_cursor_le32(&c);
    (void)ex_cursor_le16(&c);
    uint16_t flags = ex_cursor_le16(&c), method = ex_cursor_le16(&c);
    (void)ex_cursor_le32(&c);
    uint32_t crc = ex_cursor_le32(&c);
    uint64_t stored = ex_cursor_le32(&c), size = ex_cursor_le32(&c);
    size_t name_bytes = ex_cursor_le16(&c), extra_bytes = ex_cursor_le16(&c);
    if (magic != 0x04034B50 || name_bytes != m->name_bytes)
        return disagree(m, "name", err);
    EX_TRY(ex_alloc(name_bytes + extra_bytes + 1, 1, 2 * WIDE_16 + 1, "a header", &data, err));
    EX_TRY(parser_read(run, 0, m->header_at + LOCAL_BYTES, data, name_bytes + extra_bytes, err));
    if (memcmp(data, m->name, name_bytes) != 0)
        return disagree(m, "name", err);
    if (method != m->method || ((flags ^ m->flags) & (ENCRYPTED | SIZES_BEHIND)) != 0)
        return disagree(m, "kind", err);
    EX_TRY(widen(ex_cursor_make(data + name_bytes, extra_bytes), &size, &stored, NULL, err));
    EX_TRY(compare_sizes(m, crc, stored, size, err));
    uint64_t data_at = m->header_at + LOCAL_BYTES + name_bytes + extra_bytes;
    if (data_at > z->directory_at || m->stored_bytes > z->directory_at - data_at)
        return disagree(m, "place", err);
    m->data_at = data_at;
    return EX_OK;
}

static ex_code prepare(struct parser_run *run, const struct zip *z, struct zip_member *m,
                       struct ex_error *err) {
    if ((m->flags & ENCRYPTED) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "member \"%.*s\" is encrypted", NAME(m));
    if (m->method != STORED && m->method != DEFLATED)
        return ex_fail(err, EX_UNSUPPORTED, "member \"%.*s\" is compressed by method %u", NAME(m),
                       m->method);
    if (m->method == STORED && m->stored_bytes != m->size_bytes)
        return disagree(m, "size", err);
    return m->data_at != 0 ? EX_OK : check_header(run, z, m, err);
}

ex_code zip_place(struct parser_run *run, struct zip *z, struct zip_member *m, uint64_t *ret_at,
                  struct ex_error *err) {
    EX_TRY(prepare(run, z, m, err));
    if (m->method != STORED)
        return ex_fail(err, EX_UNSUPPORTED, "member \"%.*s\" is compressed as a whole", NAME(m));
    *ret_at = m->data_at;
    return EX_OK;
}

static bool crc_is_right(const struct zip_member *m, const uint8_t *data, size_t size) {
#ifdef EXHIBIT_FUZZ_WITHOUT_SUMS
    return true;
#else
    uint32_t crc = 0;
    for (size_t at = 0, part; at < size; at += part) {
        part = size - at < (1 << 24) ? size - at : 1 << 24;
        crc = crc32_gzip_refl(crc, data + at, part);
    }
    return crc == m->crc;
#endif
}

ex_code zip_load(struct parser_run *run, struct zip *z, struct zip_member *m, size_t size_max,
                 uint8_t **ret, size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *own = NULL, *data = NULL;
    const uint8_t *stored;
    size_t got = 0;
    EX_TRY(prepare(run, z, m, err));
    if (m->size_bytes > size_max || m->stored_bytes > size_max)
        return ex_fail(err, EX_LIMIT, "member \"%.*s\" has %llu bytes", NAME(m),
                       (unsigned long long)m->size_bytes);
    EX_TRY(ex_alloc((size_t)m->size_bytes + 2, 1, size_max + 2, "a member", &data, err));
    if (m->method == STORED) {
        EX_TRY(parser_read(run, 0, m->data_at, data, (size_t)m->size_bytes, err));
    } else {
        struct ex_error why = {0};
        EX_TRY(
            parser_take(run, 0, m->data_at, (size_t)m->stored_bytes, size_max, &own, &stored, err));
        ex_code code = expand_deflate(&z->inflate, stored, (size_t)m->stored_bytes, data,
                                      (size_t)m->size_bytes + 1, &got, &why);
        if (code != EX_OK || got != m->size_bytes)
            return ex_fail(err, code == EX_OK ? EX_FORMAT : code, "member \"%.*s\": %s", NAME(m),
                           code == EX_OK ? "it has another size" : why.text);
        data[got] = 0;
    }
    if (!crc_is_right(m, data, (size_t)m->size_bytes))
        return ex_fail(err, EX_ALTERED, "member \"%.*s\" fails its checksum", NAME(m));
    *ret_bytes = (size_t)m->size_bytes;
    *ret = ex_steal(&data);
    return EX_OK;
}
