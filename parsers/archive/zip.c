/* SPDX-License-Identifier: Apache-2.0 */
/* What libarchive does not give of a ZIP: names as they are stored, and how many members its
 * directory counts. Sections are those of PKWARE's APPNOTE. */
#include "parsers/archive/archive_internal.h"

#include "base/cursor.h"

#include <string.h>

enum {
    LOCAL_BYTES = 30, /* section 4.3.7, without name and extra field */
    LOCAL_SIGNATURE = 0x04034B50,
    LOCAL_SEARCH_BYTES = 4096, /* head, name and extra field of nearly all */
    END_BYTES = 22,            /* section 4.3.16, without the comment */
    END_SIGNATURE = 0x06054B50,
    END_SEARCH_BYTES = END_BYTES + 0xFFFF,
    COUNT_ELSEWHERE = 0xFFFF /* in the record of ZIP64 */
};

/* libarchive cuts at a zero, turns \ into / and brings Unicode into another form: what is before
 * the first of these must agree. */
static bool agrees(const uint8_t *stored, size_t size, const char *given) {
    for (size_t i = 0; given != NULL && i < size && stored[i] != '\0'; i++) {
        if (stored[i] >= 0x80 || (uint8_t)given[i] >= 0x80)
            break;
        if (stored[i] != (uint8_t)given[i] && !(stored[i] == '\\' && given[i] == '/'))
            return false;
    }
    return true;
}

/* Whether a local header ends with these bytes, or with the target of a link behind it. */
static bool is_header(const uint8_t *data, size_t size, const char *given, struct zip_name *ret) {
    struct ex_cursor c = ex_cursor_make(data, size);
    if (ex_cursor_le32(&c) != LOCAL_SIGNATURE)
        return false;
    (void)ex_cursor_bytes(&c, 14);
    uint32_t packed = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 4);
    size_t name = ex_cursor_le16(&c), extra = ex_cursor_le16(&c);
    const uint8_t *at = ex_cursor_bytes(&c, name);
    (void)ex_cursor_bytes(&c, extra);
    if (c.overrun || (ex_cursor_left(&c) != 0 && ex_cursor_left(&c) != packed) ||
        !agrees(at, name, given))
        return false;
    if (name > 0)
        memcpy(ret->bytes, at, name);
    ret->size = name;
    return true;
}

ex_code zip_stored_name(struct unpacking *u, const char *given, bool *ret_found,
                        struct zip_name *ret, struct ex_error *err) {
    int64_t end = archive_filter_bytes(u->archive, 0);
    const uint8_t *data;
    struct ex_error why = {0};
    *ret_found = false;
    if (end < LOCAL_BYTES || (uint64_t)end > parser_input_size(u->run, 0))
        return EX_OK;
    size_t size = end < LOCAL_SEARCH_BYTES ? (size_t)end : (size_t)LOCAL_SEARCH_BYTES;
    ex_code code = parser_view(u->run, 0, (uint64_t)end - size, size, &data, &why);
    if (code != EX_OK) { /* libarchive has read it a moment ago */
        if (err != NULL)
            *err = why;
        return code;
    }
    for (size_t i = size - LOCAL_BYTES + 1; i-- > 0 && !*ret_found;)
        *ret_found = is_header(data + i, size - i, given, ret);
    return EX_OK;
}

/* ---- the end of the directory ---- */

/* Section 4.3.16: how many members there are. False: it is not there, or does not say. */
static bool parse_end(const uint8_t *data, size_t size, unsigned *ret) {
    struct ex_cursor c = ex_cursor_make(data, size);
    if (ex_cursor_le32(&c) != END_SIGNATURE)
        return false;
    (void)ex_cursor_bytes(&c, 6);
    *ret = ex_cursor_le16(&c);
    return ex_cursor_check(&c, "the end of a directory", NULL) == EX_OK;
}

ex_code zip_count(struct unpacking *u, bool *ret_known, uint64_t *ret, struct ex_error *err) {
    uint64_t all = parser_input_size(u->run, 0);
    size_t size = all < END_SEARCH_BYTES ? (size_t)all : (size_t)END_SEARCH_BYTES;
    const uint8_t *data;
    unsigned count = COUNT_ELSEWHERE;
    *ret_known = false;
    if (size < END_BYTES)
        return EX_OK;
    ex_code code = parser_view(u->run, 0, all - size, size, &data, err);
    if (code == EX_IO)
        return EX_OK; /* told where it was to be read */
    EX_TRY(code);
    for (size_t i = size - END_BYTES + 1; i-- > 0;)
        if (parse_end(data + i, size - i, &count))
            break;
    *ret_known = count != COUNT_ELSEWHERE;
    *ret = count;
    return EX_OK;
}
