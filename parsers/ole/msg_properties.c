/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a storage: [MS-OXMSG] §2.1 and §2.4. */
#include "parsers/ole/msg_internal.h"

enum { PROPERTY_BYTES = 16, CODE_PAGE = 0x3FFD, INTERNET_CODE_PAGE = 0x3FDE };

static void note_cut(const struct msg *m, bool cut) {
    if (cut && m->cut != NULL)
        *m->cut = true;
}

ex_code msg_load(struct msg *m, struct ex_error *err) {
    bool cut = false;
    const struct cfb_entry *e = cfb_find(m->cfb, m->storage, "__properties_version1.0");
    if (e != NULL && e->type == CFB_STREAM)
        EX_TRY(cfb_load(m->cfb, e, &m->fixed, &m->fixed_bytes, &cut, err));
    note_cut(m, cut);
    if (m->charset == NULL)
        m->charset = charset_of_code_page((unsigned)msg_fixed(m, CODE_PAGE, MAPI_INTEGER));
    if (m->charset == NULL)
        m->charset = charset_of_code_page((unsigned)msg_fixed(m, INTERNET_CODE_PAGE, MAPI_INTEGER));
    if (m->charset == NULL)
        m->charset = charset_of_code_page(1252);
    return EX_OK;
}

void msg_unload(struct msg *m) {
    free(m->fixed);
    m->fixed = NULL;
}

uint64_t msg_fixed(const struct msg *m, unsigned id, enum mapi_type type) {
    struct ex_cursor c = ex_cursor_make(m->fixed, m->fixed_bytes);
    if (m->fixed == NULL)
        return 0;
    (void)ex_cursor_bytes(&c, m->head_bytes);
    while (ex_cursor_left(&c) >= PROPERTY_BYTES) {
        unsigned its_type = ex_cursor_le16(&c), its_id = ex_cursor_le16(&c);
        (void)ex_cursor_le32(&c);
        uint64_t value = ex_cursor_le64(&c);
        if (its_id == id && its_type == type)
            return type == MAPI_INTEGER ? value & 0xFFFFFFFFU : value;
    }
    return 0;
}

const struct cfb_entry *msg_entry(const struct msg *m, unsigned id, enum mapi_type type) {
    char name[CFB_NAME_UNITS];
    (void)snprintf(name, sizeof name, "__substg1.0_%04X%04X", id, (unsigned)type);
    return cfb_find(m->cfb, m->storage, name);
}

ex_code msg_text(const struct msg *m, unsigned id, struct msg_text *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t bytes;
    bool cut;
    const struct cfb_entry *e = msg_entry(m, id, MAPI_TEXT);
    const struct charset *set = e != NULL ? &CHARSET_UTF16LE : m->charset;
    e = e != NULL ? e : msg_entry(m, id, MAPI_TEXT_8);
    if (e == NULL || e->type != CFB_STREAM)
        return EX_OK;
    EX_TRY(cfb_load(m->cfb, e, &data, &bytes, &cut, err));
    note_cut(m, cut);
    EX_TRY(ex_alloc(CHARSET_ROOM(bytes) + CHARSET_ROOM(0), 1,
                    CHARSET_ROOM((size_t)OLE_STREAM_BYTES_MAX) + CHARSET_ROOM(0), "a text",
                    &ret->data, err));
    struct charset_decoder d = charset_start(set);
    ret->bytes = charset_decode(&d, data, bytes, ret->data);
    ret->bytes += charset_end(&d, ret->data + ret->bytes);
    while (ret->bytes > 0 && ret->data[ret->bytes - 1] == '\0')
        ret->bytes--;
    return EX_OK;
}

size_t msg_kept(const struct msg_text *t) {
    return t->bytes < PARSER_VALUE_BYTES_MAX ? t->bytes : (size_t)PARSER_VALUE_BYTES_MAX;
}
