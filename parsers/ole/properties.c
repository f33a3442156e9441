/* SPDX-License-Identifier: Apache-2.0 */
/* What a document says of itself: the property sets of [MS-OLEPS] §2. */
#include "parsers/ole/ole_internal.h"

enum {
    SET_HEAD_BYTES = 28, /* §2.21, without the places of its sets */
    PROPERTIES_MAX = 1000,
    CODE_PAGE = 1,
    VT_I2 = 2,
    VT_I4 = 3,
    VT_LPSTR = 0x1E,
    VT_LPWSTR = 0x1F,
    VT_FILETIME = 0x40
};

/* [MS-OLEPS] §2.25.1, §2.25.2 */
static const struct known {
    unsigned set, id;
    const char *key;
    enum parser_time what; /* of times; 0: a text or a number */
} KNOWN[] = {
    {0, 2, "title", 0},
    {0, 3, "subject", 0},
    {0, 4, "author", 0},
    {0, 5, "keywords", 0},
    {0, 6, "comments", 0},
    {0, 7, "template", 0},
    {0, 8, "last-saved-by", 0},
    {0, 9, "revision", 0},
    {0, 10, "edited-seconds", 0},
    {0, 11, NULL, PARSER_PRINTED},
    {0, 12, NULL, PARSER_CREATED},
    {0, 13, NULL, PARSER_MODIFIED},
    {0, 14, "pages", 0},
    {0, 15, "words", 0},
    {0, 16, "characters", 0},
    {0, 18, "application", 0},
    {0, 19, "security", 0},
    {1, 2, "category", 0},
    {1, 3, "presentation-format", 0},
    {1, 14, "manager", 0},
    {1, 15, "company", 0},
};

static const struct known *known_of(unsigned set, uint32_t id) {
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (KNOWN[i].set == set && KNOWN[i].id == id)
            return &KNOWN[i];
    return NULL;
}

struct set {
    struct parser_run *run;
    unsigned number; /* 0 summary, 1 of documents */
    const uint8_t *data;
    size_t bytes;
    const struct charset *charset;
    bool damaged;
};

static ex_code tell_string(struct set *s, const struct known *k, struct ex_cursor *c, bool wide,
                           struct ex_error *err) {
    uint64_t bytes = ex_cursor_le32(c);
    bytes = wide ? 2 * bytes : bytes; /* of the other it counts bytes, even in UTF-16 */
    const uint8_t *text = bytes <= ex_cursor_left(c) ? ex_cursor_bytes(c, (size_t)bytes) : NULL;
    if (text == NULL || k->key == NULL) {
        s->damaged = true;
        return EX_OK;
    }
    return ole_tell_value(s->run, k->key, wide ? &CHARSET_UTF16LE : s->charset, text, (size_t)bytes,
                          err);
}

static ex_code tell_known_time(struct set *s, const struct known *k, uint64_t value,
                               struct ex_error *err) {
    if (k->what != 0)
        return tell_filetime(s->run, k->what, value, "oleps", err);
    /* the time of editing is a duration */
    return value == 0 ? EX_OK : parser_trace_number(s->run, k->key, value / 10000000, err);
}

static ex_code tell_property(struct set *s, uint32_t id, size_t offset, struct ex_error *err) {
    const struct known *k = known_of(s->number, id);
    if (k == NULL)
        return EX_OK;
    struct ex_cursor c = ex_cursor_make(s->data + offset, s->bytes - offset);
    unsigned type = ex_cursor_le16(&c);
    (void)ex_cursor_le16(&c);
    if (type == VT_LPSTR || type == VT_LPWSTR)
        return tell_string(s, k, &c, type == VT_LPWSTR, err);
    uint64_t value = type == VT_FILETIME ? ex_cursor_le64(&c)
                     : type == VT_I4     ? ex_cursor_le32(&c)
                     : type == VT_I2     ? ex_cursor_le16(&c)
                                         : 0;
    if (c.overrun) {
        s->damaged = true;
        return EX_OK;
    }
    if (type == VT_FILETIME)
        return tell_known_time(s, k, value, err);
    if ((type == VT_I4 || type == VT_I2) && k->key != NULL && value != 0)
        return parser_trace_number(s->run, k->key, value, err);
    return EX_OK;
}

/* The place of a property, from the beginning of the set; 0: none. */
static uint32_t place_of(const struct set *s, uint32_t number, uint32_t *ret_id) {
    struct ex_cursor c = ex_cursor_make(s->data, s->bytes);
    (void)ex_cursor_bytes(&c, 8 + (size_t)number * 8);
    *ret_id = ex_cursor_le32(&c);
    uint32_t offset = ex_cursor_le32(&c);
    return c.overrun || offset >= s->bytes ? 0 : offset;
}

static void find_charset(struct set *s, uint32_t count) {
    s->charset = charset_of_code_page(1252);
    for (uint32_t i = 0, id; i < count; i++) {
        uint32_t offset = place_of(s, i, &id);
        if (id != CODE_PAGE || offset == 0)
            continue;
        struct ex_cursor c = ex_cursor_make(s->data + offset, s->bytes - offset);
        (void)ex_cursor_le32(&c);
        const struct charset *set = charset_of_code_page(ex_cursor_le16(&c));
        s->charset = set != NULL && !c.overrun ? set : s->charset;
        return;
    }
}

static ex_code tell_set(struct set *s, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(s->data, s->bytes);
    (void)ex_cursor_le32(&c);
    uint32_t count = ex_cursor_le32(&c);
    if (c.overrun || count > PROPERTIES_MAX) {
        s->damaged = true;
        return EX_OK;
    }
    find_charset(s, count);
    for (uint32_t i = 0, id; i < count; i++) {
        uint32_t offset = place_of(s, i, &id);
        if (offset == 0)
            s->damaged = true;
        else
            EX_TRY(tell_property(s, id, offset, err));
    }
    return EX_OK;
}

static ex_code tell_stream(const struct cfb *c, unsigned number, const char *name, bool *damaged,
                           struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t bytes;
    bool cut;
    const struct cfb_entry *e = cfb_find(c, 0, name);
    if (e == NULL || e->type != CFB_STREAM)
        return EX_OK;
    EX_TRY(cfb_load(c, e, &data, &bytes, &cut, err));
    struct ex_cursor at = ex_cursor_make(data, bytes);
    unsigned order = ex_cursor_le16(&at);
    (void)ex_cursor_bytes(&at, SET_HEAD_BYTES - 2 + 16);
    uint32_t offset = ex_cursor_le32(&at);
    if (at.overrun || order != 0xFFFE || offset >= bytes) {
        *damaged = true;
        return EX_OK;
    }
    struct set s = {
        .run = c->run, .number = number, .data = data + offset, .bytes = bytes - offset};
    EX_TRY(tell_set(&s, err));
    *damaged = *damaged || s.damaged || cut;
    return EX_OK;
}

ex_code properties_tell(const struct cfb *c, struct ex_error *ret_why, struct ex_error *err) {
    bool damaged = false;
    EX_TRY(tell_stream(c, 0, "\005SummaryInformation", &damaged, err));
    EX_TRY(tell_stream(c, 1, "\005DocumentSummaryInformation", &damaged, err));
    if (damaged) {
        memset(ret_why, 0, sizeof *ret_why);
        ret_why->code = EX_FORMAT;
        (void)snprintf(ret_why->text, sizeof ret_why->text,
                       "its properties break the rules of their format");
    }
    return EX_OK;
}
