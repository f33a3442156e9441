/* SPDX-License-Identifier: Apache-2.0 */
/* The text of Word 97 to 2003, by its pieces: [MS-DOC] §2.4.1, §2.5, §2.8.35, §2.9.177. */
#include "parsers/ole/ole_internal.h"

enum {
    FIB_BYTES = 0x1AA, /* up to fcClx and lcbClx */
    MAGIC = 0xA5EC,
    WORD_97 = 0xC1,
    FLAG_COMPLEX = 0x0004,
    FLAG_ENCRYPTED = 0x0100,
    FLAG_TABLE_1 = 0x0200,
    PIECES_MAX = 1 << 20,
    PART_CHARACTERS = 1024
};

struct fib {
    unsigned version, flags;
    uint32_t text_at, text_end, clx_at, clx_bytes;
};

static const struct cfb_entry *main_stream(const struct cfb *c) {
    const struct cfb_entry *e = cfb_find(c, 0, "WordDocument");
    return e != NULL && e->type == CFB_STREAM ? e : NULL;
}

/* EX_FORMAT: it is none. */
static ex_code read_fib(const struct cfb_stream *s, struct fib *ret, struct ex_error *err) {
    uint8_t data[FIB_BYTES] = {0};
    size_t bytes = s->size < FIB_BYTES ? (size_t)s->size : (size_t)FIB_BYTES;
    EX_TRY(cfb_stream_read(s, 0, data, bytes, err));
    struct ex_cursor c = ex_cursor_make(data, bytes);
    unsigned magic = ex_cursor_le16(&c);
    ret->version = ex_cursor_le16(&c);
    (void)ex_cursor_bytes(&c, 6);
    ret->flags = ex_cursor_le16(&c);
    (void)ex_cursor_bytes(&c, 12);
    ret->text_at = ex_cursor_le32(&c);
    ret->text_end = ex_cursor_le32(&c);
    if (c.overrun || magic != MAGIC)
        return ex_fail(err, EX_FORMAT, "no head of a Word file");
    (void)ex_cursor_bytes(&c, 0x1A2 - 0x20);
    ret->clx_at = ex_cursor_le32(&c);
    ret->clx_bytes = ex_cursor_le32(&c);
    return ret->version < WORD_97 ? EX_OK : ex_cursor_check(&c, "the head of a Word file", err);
}

ex_code doc_encrypted(const struct cfb *c, bool *ret, struct ex_error *err) {
    struct cfb_stream s;
    struct fib fib = {0};
    struct ex_error why;
    EX_TRY(cfb_stream_open(c, main_stream(c), &s, err));
    ex_code code = read_fib(&s, &fib, &why);
    *ret = code == EX_OK && (fib.flags & FLAG_ENCRYPTED) != 0;
    cfb_stream_close(&s);
    if (code != EX_OK && code != EX_FORMAT) {
        if (err != NULL)
            *err = why;
        return code;
    }
    return EX_OK;
}

/* ---- characters: §2.4.1, §2.9.177 ---- */

static ex_code add_character(struct ole_text *to, uint32_t code, struct ex_error *err) {
    uint8_t out[4];
    switch (code) {
    case 0x07: /* the end of a cell */
        code = '\t';
        break;
    case 0x0B: /* of a line, a page, a paragraph */
    case 0x0C:
    case 0x0D:
        code = '\n';
        break;
    case 0x13: /* a field begins, has its result, ends */
    case 0x14:
    case 0x15:
        code = ' ';
        break;
    case 0x1E:
        code = '-';
        break;
    default:
        if (code < 0x20 && code != '\t' && code != '\n')
            return EX_OK;
    }
    return ole_text_add(to, out, charset_put(code, out), err);
}

/* A piece of 8 bits: windows-1252. */
static ex_code add_bytes(const uint8_t *data, size_t count, struct ole_text *to,
                         struct ex_error *err) {
    const struct charset *set = charset_of_code_page(1252);
    struct charset_decoder d = charset_start(set);
    uint8_t out[CHARSET_ROOM(1)];
    for (size_t i = 0; i < count; i++) {
        if (data[i] < 0x80)
            EX_TRY(add_character(to, data[i], err));
        else
            EX_TRY(ole_text_add(to, out, charset_decode(&d, data + i, 1, out), err));
    }
    return EX_OK;
}

static ex_code add_units(const uint8_t *data, size_t count, uint16_t *high, struct ole_text *to,
                         struct ex_error *err) {
    for (size_t i = 0; i < count; i++) {
        uint32_t unit = data[2 * i] | (uint32_t)data[2 * i + 1] << 8;
        bool low = unit >= 0xDC00 && unit < 0xE000;
        if (low && *high != 0)
            unit = 0x10000 + ((*high - 0xD800U) << 10) + (unit - 0xDC00);
        *high = unit >= 0xD800 && unit < 0xDC00 ? (uint16_t)unit : 0;
        if (*high == 0)
            EX_TRY(add_character(to, unit, err));
    }
    return EX_OK;
}

static ex_code add_stretch(const struct cfb_stream *s, uint64_t at, uint64_t characters, bool wide,
                           struct ole_text *to, bool *ret_cut, struct ex_error *err) {
    uint8_t data[2 * PART_CHARACTERS];
    unsigned width = wide ? 2 : 1;
    uint16_t high = 0;
    uint64_t there = at < s->size ? (s->size - at) / width : 0;
    *ret_cut = *ret_cut || there < characters;
    characters = there < characters ? there : characters;
    for (size_t n; characters > 0 && to->wanted; characters -= n, at += n * width) {
        n = characters < PART_CHARACTERS ? (size_t)characters : (size_t)PART_CHARACTERS;
        EX_TRY(cfb_stream_read(s, at, data, n * width, err));
        EX_TRY(wide ? add_units(data, n, &high, to, err) : add_bytes(data, n, to, err));
    }
    return EX_OK;
}

/* ---- pieces ---- */

/* §2.8.35; *damaged when they overlap more than the text has room for. */
static ex_code add_pieces(const struct cfb_stream *s, const uint8_t *data, size_t bytes,
                          struct ole_text *to, bool *damaged, struct ex_error *err) {
    size_t count = bytes < 4 ? 0 : (bytes - 4) / 12;
    struct ex_cursor places = ex_cursor_make(data, bytes), pieces = places;
    uint64_t all = 0;
    (void)ex_cursor_bytes(&pieces, 4 * (count + 1));
    uint32_t from = ex_cursor_le32(&places);
    if (count > PIECES_MAX) {
        *damaged = true;
        return EX_OK;
    }
    for (size_t i = 0; i < count && to->wanted; i++) {
        uint32_t end = ex_cursor_le32(&places);
        (void)ex_cursor_le16(&pieces);
        uint32_t place = ex_cursor_le32(&pieces);
        (void)ex_cursor_le16(&pieces);
        bool narrow = (place & 0x40000000U) != 0;
        place &= 0x3FFFFFFFU;
        all += end - from;
        if (end < from || all > 4 * s->size) {
            *damaged = true;
            return EX_OK;
        }
        EX_TRY(add_stretch(s, narrow ? place / 2 : place, end - from, !narrow, to, damaged, err));
        from = end;
    }
    return EX_OK;
}

/* §2.9.38: in front of the pieces stand things that do not matter here. */
static ex_code read_clx(const struct cfb_stream *s, const uint8_t *data, size_t bytes,
                        struct ole_text *to, bool *damaged, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(data, bytes);
    for (;;) {
        unsigned type = ex_cursor_u8(&c);
        if (type == 1) {
            (void)ex_cursor_bytes(&c, ex_cursor_le16(&c));
            continue;
        }
        size_t size = type == 2 ? ex_cursor_le32(&c) : 0;
        const uint8_t *pieces = ex_cursor_bytes(&c, size);
        if (c.overrun || type != 2) {
            *damaged = true;
            return EX_OK;
        }
        return add_pieces(s, pieces, size, to, damaged, err);
    }
}

static ex_code read_table(const struct cfb *c, const struct cfb_stream *s, const struct fib *fib,
                          struct ole_text *to, bool *damaged, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *table = NULL;
    size_t bytes;
    bool cut;
    const struct cfb_entry *e =
        cfb_find(c, 0, (fib->flags & FLAG_TABLE_1) != 0 ? "1Table" : "0Table");
    if (e == NULL || e->type != CFB_STREAM) {
        *damaged = true;
        return EX_OK;
    }
    EX_TRY(cfb_load(c, e, &table, &bytes, &cut, err));
    if (fib->clx_at > bytes || fib->clx_bytes > bytes - fib->clx_at) {
        *damaged = true;
        return EX_OK;
    }
    return read_clx(s, table + fib->clx_at, fib->clx_bytes, to, damaged, err);
}

static ex_code read_text(const struct cfb *c, const struct cfb_stream *s, struct ole_text *to,
                         struct ex_error *why, struct ex_error *err) {
    struct fib fib = {0};
    bool damaged = false;
    ex_code code = read_fib(s, &fib, why);
    if (code == EX_FORMAT)
        return EX_OK;
    if (code != EX_OK && err != NULL)
        *err = *why;
    EX_TRY(code);
    if (fib.version >= WORD_97) {
        EX_TRY(read_table(c, s, &fib, to, &damaged, err));
    } else if ((fib.flags & FLAG_COMPLEX) == 0 && fib.text_end >= fib.text_at) {
        EX_TRY(add_stretch(s, fib.text_at, fib.text_end - fib.text_at, false, to, &damaged, err));
    } else {
        (void)ex_fail(why, EX_UNSUPPORTED, "a Word file of before 97 that was saved in pieces");
    }
    if (damaged)
        (void)ex_fail(why, EX_FORMAT, "its pieces of text are not all there");
    return EX_OK;
}

ex_code doc_text(const struct cfb *c, struct ole_text *to, struct ex_error *why,
                 struct ex_error *err) {
    struct cfb_stream s;
    EX_TRY(cfb_stream_open(c, main_stream(c), &s, err));
    ex_code code = read_text(c, &s, to, why, err);
    cfb_stream_close(&s);
    return code;
}
