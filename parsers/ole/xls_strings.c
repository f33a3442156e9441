/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a workbook: [MS-XLS] §2.4.265, §2.5.293, §2.5.240. */
#include "parsers/ole/xls_internal.h"

enum { FLAG_WIDE = 1, FLAG_EXTRA = 4, FLAG_RICH = 8 };

static ex_code keep(struct xls *x, const uint8_t *data, size_t bytes, struct ex_error *err) {
    if (bytes > XLS_TEXT_BYTES_MAX - x->text_bytes) {
        x->full = true;
        return EX_OK;
    }
    EX_TRY(ex_grow(&x->text, &x->text_capacity, x->text_bytes + bytes + 1, 1,
                   XLS_TEXT_BYTES_MAX * (size_t)2, "the texts of a workbook", err));
    if (bytes > 0)
        memcpy(x->text + x->text_bytes, data, bytes);
    x->text_bytes += bytes;
    return EX_OK;
}

/* Characters of 8 bits are the first 256 of Unicode; in BIFF5, of the code page. */
static size_t decode(const struct xls *x, struct charset_decoder *d, const uint8_t *at, bool wide,
                     uint8_t *out) {
    if (wide || x->old)
        return charset_decode(d, at, wide ? 2 : 1, out);
    return charset_put(at[0], out);
}

/* ---- in one record ---- */

typedef ex_code take_fn(struct xls *x, const uint8_t *data, size_t bytes, struct ex_error *err);

static ex_code tell(struct xls *x, const uint8_t *data, size_t bytes, struct ex_error *err) {
    return ole_text_add(x->to, data, bytes, err);
}

static ex_code read_string(struct xls *x, struct ex_cursor *c, unsigned length_bytes, take_fn *take,
                           struct ex_error *err) {
    size_t count = length_bytes == 1 ? ex_cursor_u8(c) : ex_cursor_le16(c);
    bool wide = !x->old && (ex_cursor_u8(c) & FLAG_WIDE) != 0;
    struct charset_decoder d = charset_start(wide ? &CHARSET_UTF16LE : x->charset);
    uint8_t out[CHARSET_ROOM(2)];
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = ex_cursor_bytes(c, wide ? 2 : 1);
        if (at == NULL)
            return EX_OK; /* the record's overrun is damage */
        EX_TRY(take(x, out, decode(x, &d, at, wide, out), err));
    }
    return take(x, out, charset_end(&d, out), err);
}

ex_code xls_add_string(struct xls *x, struct ex_cursor *c, unsigned length_bytes,
                       struct ex_error *err) {
    return read_string(x, c, length_bytes, tell, err);
}

ex_code xls_keep_name(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    struct xls_string s = {.at = x->text_bytes};
    if (x->name_count >= XLS_NAMES_MAX)
        return EX_OK;
    (void)ex_cursor_bytes(c, 6);
    EX_TRY(read_string(x, c, 1, keep, err));
    s.bytes = x->text_bytes - s.at;
    EX_TRY(ex_grow(&x->name, &x->name_capacity, x->name_count + 1, sizeof s,
                   2 * XLS_NAMES_MAX * sizeof s, "the names of sheets", err));
    x->name[x->name_count++] = s;
    return EX_OK;
}

ex_code xls_add_name(struct xls *x, size_t index, struct ex_error *err) {
    EX_TRY(ole_text_add(x->to, x->text + x->name[index].at, x->name[index].bytes, err));
    return ole_text_add(x->to, "\n", 1, err);
}

/* ---- the shared ones, which go on in further records ---- */

/* True: there are bytes to read, here or in the record that it goes on in. */
static bool go_on(struct xls *x, struct ex_cursor *c) {
    while (ex_cursor_left(c) == 0) {
        struct xls ahead = *x;
        struct ex_cursor body;
        unsigned type;
        if (!xls_next(&ahead, &body, &type) || type != XLS_CONTINUE)
            return false;
        x->at = ahead.at;
        *c = body;
    }
    return true;
}

/* A number that never goes over the end of a record. */
static uint64_t take_number(struct xls *x, struct ex_cursor *c, unsigned bytes) {
    if (!go_on(x, c)) {
        x->damaged = true;
        return 0;
    }
    return bytes == 1 ? ex_cursor_u8(c) : bytes == 2 ? ex_cursor_le16(c) : ex_cursor_le32(c);
}

static void skip(struct xls *x, struct ex_cursor *c, uint64_t bytes) {
    while (bytes > 0 && go_on(x, c)) {
        size_t part = ex_cursor_left(c) < bytes ? ex_cursor_left(c) : (size_t)bytes;
        (void)ex_cursor_bytes(c, part);
        bytes -= part;
    }
    x->damaged = x->damaged || bytes > 0;
}

static ex_code read_shared(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    size_t count = (size_t)take_number(x, c, 2);
    unsigned flags = (unsigned)take_number(x, c, 1);
    bool wide = (flags & FLAG_WIDE) != 0;
    uint64_t runs = (flags & FLAG_RICH) != 0 ? take_number(x, c, 2) : 0;
    uint64_t extra = (flags & FLAG_EXTRA) != 0 ? take_number(x, c, 4) : 0;
    struct charset_decoder d = charset_start(&CHARSET_UTF16LE);
    uint8_t out[CHARSET_ROOM(2)];
    for (size_t i = 0; i < count && !x->damaged; i++) {
        if (ex_cursor_left(c) == 0) { /* a further record says anew how wide they are */
            wide = (take_number(x, c, 1) & FLAG_WIDE) != 0;
            if (x->damaged)
                break;
        }
        const uint8_t *at = ex_cursor_bytes(c, wide ? 2 : 1);
        if (at == NULL) {
            x->damaged = true;
            break;
        }
        EX_TRY(keep(x, out, decode(x, &d, at, wide, out), err));
    }
    skip(x, c, 4 * runs + extra);
    return keep(x, out, charset_end(&d, out), err);
}

ex_code xls_read_strings(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    (void)ex_cursor_le32(c);
    uint32_t count = ex_cursor_le32(c);
    x->old = false;
    for (uint32_t i = 0; i < count && !x->damaged && !x->full; i++) {
        struct xls_string s = {.at = x->text_bytes};
        if (x->string_count >= XLS_STRINGS_MAX) {
            x->full = true;
            break;
        }
        if (!go_on(x, c)) {
            x->damaged = true;
            break;
        }
        EX_TRY(read_shared(x, c, err));
        s.bytes = x->text_bytes - s.at;
        EX_TRY(ex_grow(&x->string, &x->string_capacity, x->string_count + 1, sizeof s,
                       (size_t)2 * XLS_STRINGS_MAX * sizeof s, "the texts of a workbook", err));
        x->string[x->string_count++] = s;
    }
    return EX_OK;
}
