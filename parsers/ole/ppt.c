/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of PowerPoint 97 to 2003: every text atom of its stream, [MS-PPT] §2.3.1, §2.9.40. */
#include "parsers/ole/ole_internal.h"

enum {
    HEAD_BYTES = 8,
    CONTAINER = 0xF,
    TEXT_CHARS = 0x0FA0,
    TEXT_BYTES = 0x0FA8,
    C_STRING = 0x0FBA,
    ENCRYPTED_FILE = (int)0xF3D1C4DF, /* §2.3.2 */
    ATOM_BYTES_MAX = 4 << 20
};

static const struct cfb_entry *find(const struct cfb *c, const char *name) {
    const struct cfb_entry *e = cfb_find(c, 0, name);
    return e != NULL && e->type == CFB_STREAM ? e : NULL;
}

ex_code ppt_encrypted(const struct cfb *c, bool *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t bytes;
    bool cut;
    const struct cfb_entry *e = find(c, "Current User");
    *ret = false;
    if (e == NULL)
        return EX_OK;
    EX_TRY(cfb_load(c, e, &data, &bytes, &cut, err));
    struct ex_cursor at = ex_cursor_make(data, bytes);
    (void)ex_cursor_bytes(&at, HEAD_BYTES + 4);
    *ret = ex_cursor_le32(&at) == (uint32_t)ENCRYPTED_FILE;
    return EX_OK;
}

/* A CR, or a vertical tab, ends a line. */
static ex_code add_atom(const struct cfb_stream *s, uint64_t at, size_t bytes, bool wide,
                        struct ole_text *to, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t out[4];
    uint16_t high = 0;
    EX_TRY(ex_alloc(bytes + 1, 1, ATOM_BYTES_MAX + 1, "a text", &data, err));
    EX_TRY(cfb_stream_read(s, at, data, bytes, err));
    size_t width = wide ? 2 : 1;
    for (size_t i = 0; i + width <= bytes; i += width) {
        uint32_t code = wide ? data[i] | (uint32_t)data[i + 1] << 8 : data[i];
        if (code >= 0xDC00 && code < 0xE000 && high != 0)
            code = 0x10000 + ((high - 0xD800U) << 10) + (code - 0xDC00);
        high = code >= 0xD800 && code < 0xDC00 ? (uint16_t)code : 0;
        if (code == '\r' || code == 0x0B)
            code = '\n';
        if (high == 0 && (code >= 0x20 || code == '\n' || code == '\t'))
            EX_TRY(ole_text_add(to, out, charset_put(code, out), err));
    }
    return ole_text_add(to, "\n", 1, err);
}

static ex_code read_atoms(const struct cfb_stream *s, struct ole_text *to, bool *damaged,
                          struct ex_error *err) {
    uint8_t head[HEAD_BYTES];
    uint64_t at = 0;
    while (at + HEAD_BYTES <= s->size && to->wanted) {
        EX_TRY(cfb_stream_read(s, at, head, HEAD_BYTES, err));
        struct ex_cursor c = ex_cursor_make(head, HEAD_BYTES);
        unsigned version = ex_cursor_le16(&c) & 0xF, type = ex_cursor_le16(&c);
        uint32_t bytes = ex_cursor_le32(&c);
        at += HEAD_BYTES;
        if (version == CONTAINER)
            continue; /* what is in it stands behind its head */
        if (bytes > s->size - at) {
            *damaged = true;
            return EX_OK;
        }
        bool text = type == TEXT_CHARS || type == TEXT_BYTES || type == C_STRING;
        if (text && bytes <= ATOM_BYTES_MAX)
            EX_TRY(add_atom(s, at, bytes, type != TEXT_BYTES, to, err));
        else if (text)
            *damaged = true;
        at += bytes;
    }
    *damaged = *damaged || (to->wanted && at != s->size) || s->cut;
    return EX_OK;
}

ex_code ppt_text(const struct cfb *c, struct ole_text *to, struct ex_error *why,
                 struct ex_error *err) {
    struct cfb_stream s;
    bool damaged = false;
    EX_TRY(cfb_stream_open(c, find(c, "PowerPoint Document"), &s, err));
    ex_code code = read_atoms(&s, to, &damaged, err);
    cfb_stream_close(&s);
    if (code == EX_OK && damaged)
        (void)ex_fail(why, EX_FORMAT, "its records end before their stream does");
    return code;
}
