/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/documents.h"

#include "parsers/documents/rtf_internal.h"
#include "parsers/shared/utf8.h"
#include "parsers/shared/when.h"

#include <stdio.h>

enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60, DATE_PARTS = 6, SYMBOL_PAGE = 42 };
#define SECOND_NS UINT64_C(1000000000)

struct rtf {
    struct office *office; /* its text, and what is kept for the end */
    uint64_t at, size;     /* of the input; at: where the block ends */
    size_t next, filled;   /* in the block */
    size_t depth, capacity;
    struct rtf_group *group; /* [depth - 1] is the one that is open */
    bool star;               /* the next word may be unknown */
    bool stopped;
    unsigned skipping; /* characters that repeat one */
    uint32_t high;     /* the first half of a character */
    unsigned default_page;
    int32_t default_font, defined_font;
    struct rtf_fonts fonts;
    uint8_t before_upr; /* enum rtf_to: of what has two forms */
    struct readings body, note;
    struct piece notes, objects, field, info, who;
    struct piece pending; /* bytes in one code page */
    unsigned pending_page;
    const struct rtf_word *property[2]; /* by struct rtf_group's: of INFO, and a date */
    int32_t date[DATE_PARTS];
    bool date_given[DATE_PARTS];
    uint8_t block[RTF_BLOCK_BYTES];
};

static void rtf_free(struct rtf *r) {
    struct piece *pieces[] = {&r->notes, &r->objects, &r->field, &r->info, &r->who, &r->pending};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        piece_clear(pieces[i]);
    readings_clear(&r->body);
    readings_clear(&r->note);
    free(r->group);
    if (r->office != NULL)
        office_free(r->office);
    free(r);
}
EX_DEFINE_AUTO(struct rtf, rtf_free);

/* ---- bytes ---- */

static ex_code fill(struct rtf *r, struct ex_error *err) {
    uint64_t left = r->size - r->at;
    r->next = 0;
    r->filled = left < RTF_BLOCK_BYTES ? (size_t)left : (size_t)RTF_BLOCK_BYTES;
    EX_TRY(parser_read(r->office->run, 0, r->at, r->block, r->filled, err));
    r->at += r->filled;
    return EX_OK;
}

/* -1: the end. */
static ex_code peek(struct rtf *r, int *ret, struct ex_error *err) {
    if (r->next == r->filled && r->at < r->size)
        EX_TRY(fill(r, err));
    *ret = r->next < r->filled ? r->block[r->next] : -1;
    return EX_OK;
}

static ex_code take(struct rtf *r, int *ret, struct ex_error *err) {
    EX_TRY(peek(r, ret, err));
    r->next += *ret >= 0 ? 1 : 0;
    return EX_OK;
}

static void skip_bytes(struct rtf *r, uint64_t count) {
    size_t here = r->filled - r->next;
    if (count <= here) {
        r->next += (size_t)count;
        return;
    }
    count -= here;
    r->next = r->filled;
    r->at += count < r->size - r->at ? count : r->size - r->at;
}

/* ---- where text goes ---- */

static struct rtf_group *top(struct rtf *r) {
    return &r->group[r->depth - 1];
}

static ex_code put(struct rtf *r, const char *bytes, size_t size, struct ex_error *err) {
    const struct rtf_group *g = top(r);
    struct office *o = r->office;
    switch ((enum rtf_to)g->to) {
    case RTF_BODY:
    case RTF_NOTE:
        return readings_put(o, g->to == RTF_NOTE ? &r->note : &r->body, bytes, size, g->deleted,
                            g->inserted, g->hidden, err);
    case RTF_INFO:
        return office_keep(o, &r->info, bytes, size, err);
    case RTF_FIELD:
        return office_keep(o, &r->field, bytes, size, err);
    case RTF_CLASS:
        return office_keep(o, &r->objects, bytes, size, err);
    case RTF_WHO:
        return office_keep(o, &r->who, bytes, size, err);
    case RTF_SKIP:
    case RTF_FONTS:
        break;
    }
    return EX_OK;
}

static ex_code end_paragraph(struct rtf *r, bool always, struct ex_error *err) {
    const struct rtf_group *g = top(r);
    if (g->to == RTF_BODY)
        return readings_end(r->office, &r->body, always, NULL, err);
    if (g->to == RTF_NOTE)
        return readings_end(r->office, &r->note, always, &r->notes, err);
    return EX_OK;
}

/* What was gathered of one code page, as characters. */
static ex_code flush(struct rtf *r, struct ex_error *err) {
    struct piece text = {0};
    char name[ENCODING_NAME_BYTES], character[4];
    struct ex_error why;
    ex_code code = EX_OK;
    if (r->pending.size == 0)
        return EX_OK;
    const uint8_t *bytes = (const uint8_t *)r->pending.bytes;
    size_t size = r->pending.size;
    r->pending.size = 0;
    rtf_page_name(r->pending_page, name);
    if (r->pending_page == SYMBOL_PAGE) {
        for (size_t i = 0; i < size && code == EX_OK; i++)
            code = put(r, character, utf8_put(0xF000U + bytes[i], character), err);
        return code;
    }
    code = encoding_convert(name, bytes, size, 4 * (size_t)TEXT_PIECE_BYTES_MAX, &text, &why);
    if (code == EX_UNSUPPORTED) {
        text_wrong(&r->office->text, "code-page", EX_UNSUPPORTED, "code page %u is not known",
                   r->pending_page);
        code = encoding_convert("windows-1252", bytes, size, 4 * (size_t)TEXT_PIECE_BYTES_MAX,
                                &text, &why);
    }
    text_clean(text.bytes, text.size); /* no heading of ours is forged by it */
    if (code == EX_OK)
        code = put(r, text.bytes, text.size, err);
    else if (err != NULL)
        *err = why;
    piece_clear(&text);
    return code;
}

/* Letters of a font whose character set is not known may be any. The default font need not be in
 * the table: it has the code page of the document. */
static void doubt(struct rtf *r, const struct rtf_group *g, const struct rtf_font *font,
                  uint8_t byte) {
    if (byte < 0x80 || (font == NULL && g->font == r->default_font))
        return;
    text_wrong(&r->office->text, "font", EX_UNSUPPORTED,
               "the character set of font %d is not known: its letters are a guess, those of code "
               "page %u",
               (int)g->font, r->default_page);
}

static unsigned page_of(struct rtf *r, const struct rtf_group *g, uint8_t byte) {
    if (g->page != 0)
        return g->page;
    const struct rtf_font *font = rtf_font_find(&r->fonts, g->font);
    if (font == NULL || font->unknown)
        doubt(r, g, font, byte);
    return font != NULL && font->page != 0 ? font->page : r->default_page;
}

/* One byte of text, in the code page of its font. */
static ex_code put_byte(struct rtf *r, uint8_t byte, struct ex_error *err) {
    const struct rtf_group *g = top(r);
    if (r->skipping > 0) {
        r->skipping--;
        return EX_OK;
    }
    if (g->to == RTF_SKIP || g->to == RTF_FONTS)
        return EX_OK;
    unsigned page = page_of(r, g, byte);
    if (page != r->pending_page || r->pending.size >= TEXT_PIECE_BYTES_MAX / 2)
        EX_TRY(flush(r, err));
    r->pending_page = page;
    return piece_add(&r->pending, (const char *)&byte, 1, TEXT_PIECE_BYTES_MAX, err);
}

static ex_code put_character(struct rtf *r, uint32_t c, struct ex_error *err) {
    char to[4];
    size_t size = utf8_put(c, to);
    EX_TRY(flush(r, err));
    text_clean(to, size);
    return put(r, to, size, err);
}

/* \u: half of a character, or all of it. */
static ex_code put_unicode(struct rtf *r, int32_t value, struct ex_error *err) {
    uint32_t c = (uint32_t)(value < 0 ? value + 65536 : value), high = r->high;
    r->high = 0;
    r->skipping = top(r)->skip;
    if (c >= 0xD800 && c < 0xDC00) {
        r->high = c;
        return flush(r, err);
    }
    if (high != 0 && c >= 0xDC00 && c < 0xE000)
        c = 0x10000 + ((high - 0xD800) << 10) + (c - 0xDC00);
    return put_character(r, c, err);
}

/* ---- what a group gathered ---- */

static ex_code end_line_of(struct rtf *r, struct piece *p, struct piece *to, struct ex_error *err) {
    office_flatten(p->bytes, p->size);
    EX_TRY(office_keep(r->office, to, p->bytes, p->size, err));
    p->size = 0;
    return office_keep_text(r->office, to, "\n", err);
}

/* Seconds: as fine as what it gives. Some programs write `\sec0` for what they do not know. */
static uint64_t resolution_of(const struct rtf *r) {
    bool minute = r->date_given[3] && r->date_given[4];
    if (minute && r->date[5] != 0)
        return 1;
    return minute ? MINUTE_S : r->date_given[3] ? HOUR_S : DAY_S;
}

static ex_code tell_date(struct rtf *r, const struct rtf_word *w, struct ex_error *err) {
    const int32_t *d = r->date;
    int64_t days;
    for (int i = 0; i < DATE_PARTS; i++)
        if (d[i] < 0 || d[i] > 9999)
            return EX_OK;
    if (d[0] == 0) /* never */
        return EX_OK;
    if (!when_days((unsigned)d[0], (unsigned)d[1], (unsigned)d[2], &days) || d[3] > 23 ||
        d[4] > 59 || d[5] > 59) {
        text_wrong(&r->office->text, w->word, EX_FORMAT, "%s is no date", w->word);
        return EX_OK;
    }
    int64_t seconds = days * DAY_S + d[3] * HOUR_S + d[4] * MINUTE_S + d[5];
    return parser_trace_time(r->office->run, (enum parser_time)w->value, seconds, 0,
                             resolution_of(r) * SECOND_NS, true, "rtf:info", err);
}

static ex_code tell_property(struct rtf *r, struct ex_error *err) {
    size_t size = r->info.size;
    const struct rtf_word *w = r->property[0];
    r->info.size = 0;
    if (w == NULL || size == 0)
        return EX_OK;
    if (size > RTF_INFO_BYTES) {
        text_wrong(&r->office->text, "property", EX_LIMIT, "a property of more than %d bytes",
                   RTF_INFO_BYTES);
        size = RTF_INFO_BYTES;
    }
    if (size > 0 && r->info.bytes[size - 1] == ';')
        size--; /* {\*\generator …;} */
    return parser_trace_text(r->office->run, w->text, r->info.bytes, size, err);
}

static ex_code end_group_of(struct rtf *r, const struct rtf_group *g, struct ex_error *err) {
    if (g->property == 2 && r->property[1] != NULL)
        return tell_date(r, r->property[1], err);
    switch ((enum rtf_to)g->to) {
    case RTF_NOTE:
        return readings_end(r->office, &r->note, false, &r->notes, err);
    case RTF_INFO:
        return tell_property(r, err);
    case RTF_FIELD:
        return r->field.size > 0 ? end_line_of(r, &r->field, &r->office->fields, err) : EX_OK;
    case RTF_CLASS:
        return office_keep_text(r->office, &r->objects, "\n", err);
    case RTF_BODY:
    case RTF_SKIP:
    case RTF_FONTS:
    case RTF_WHO:
        break;
    }
    return EX_OK;
}

/* ---- groups ---- */

static ex_code open_group(struct rtf *r, struct ex_error *err) {
    EX_TRY(flush(r, err));
    r->skipping = 0;
    r->star = false;
    if (r->depth >= RTF_GROUPS_MAX) {
        text_wrong(&r->office->text, "depth", EX_LIMIT, "more than %d groups in groups",
                   RTF_GROUPS_MAX);
        r->stopped = true;
        return EX_OK;
    }
    EX_TRY(ex_grow(&r->group, &r->capacity, r->depth + 1, sizeof *r->group,
                   2 * RTF_GROUPS_MAX * sizeof *r->group, "groups", err));
    r->group[r->depth] = r->group[r->depth - 1];
    r->group[r->depth].opened = false;
    r->group[r->depth++].property = 0;
    return EX_OK;
}

static ex_code close_group(struct rtf *r, struct ex_error *err) {
    EX_TRY(flush(r, err));
    r->skipping = 0;
    r->star = false;
    if (r->depth == 1)
        return EX_OK;
    if (top(r)->opened)
        EX_TRY(end_group_of(r, top(r), err));
    r->depth--;
    return EX_OK;
}

static void go_to(struct rtf *r, enum rtf_to to) {
    top(r)->to = (uint8_t)to;
    top(r)->opened = true;
}

static ex_code go_to_note(struct rtf *r, const char *heading, struct ex_error *err) {
    EX_TRY(readings_end(r->office, &r->note, false, &r->notes, err));
    EX_TRY(office_keep_text(r->office, &r->notes, "\x01", err));
    EX_TRY(office_keep_text(r->office, &r->notes, heading, err));
    if (strcmp(heading, "comment") == 0 && r->who.size > 0) {
        EX_TRY(office_keep_text(r->office, &r->notes, ", ", err));
        EX_TRY(end_line_of(r, &r->who, &r->notes, err));
    } else {
        EX_TRY(office_keep_text(r->office, &r->notes, "\n", err));
    }
    go_to(r, RTF_NOTE);
    return EX_OK;
}

/* ---- words ---- */

static void start_date(struct rtf *r) {
    memset(r->date, 0, sizeof r->date);
    memset(r->date_given, 0, sizeof r->date_given);
}

static void start_property(struct rtf *r, const struct rtf_word *w, bool date) {
    top(r)->property = date ? 2 : 1;
    r->property[date ? 1 : 0] = w;
    if (date)
        start_date(r);
    r->info.size = 0;
    go_to(r, date ? RTF_SKIP : RTF_INFO);
}

static void set_font(struct rtf *r, int32_t number) {
    struct rtf_group *g = top(r);
    if (g->to == RTF_FONTS) {
        r->defined_font = number;
        if (!rtf_font_add(&r->fonts, number))
            text_wrong(&r->office->text, "fonts", EX_LIMIT, "more than %d fonts", RTF_FONTS_MAX);
    }
    g->font = number;
    g->page = 0;
}

static void set_charset(struct rtf *r, int32_t charset) {
    struct rtf_font *font =
        top(r)->to == RTF_FONTS ? rtf_font_find(&r->fonts, r->defined_font) : NULL;
    if (font != NULL)
        font->unknown = !rtf_page_of_charset(charset, &font->page);
}

static void set_page(struct rtf *r, uint16_t page) {
    struct rtf_font *font =
        top(r)->to == RTF_FONTS ? rtf_font_find(&r->fonts, r->defined_font) : NULL;
    if (top(r)->to != RTF_FONTS) {
        top(r)->page = page;
    } else if (font != NULL && page != 0) {
        font->page = page;
        font->unknown = false;
    }
}

/* What belongs to characters. */
static ex_code do_format(struct rtf *r, const struct rtf_word *w, bool on, int32_t number,
                         struct ex_error *err) {
    struct rtf_group *g = top(r);
    EX_TRY(flush(r, err));
    switch ((int)w->does) {
    case RTF_HIDE:
        g->hidden = on;
        break;
    case RTF_DELETE:
        g->deleted = on;
        break;
    case RTF_INSERT:
        g->inserted = on;
        break;
    case RTF_PLAIN:
        g->hidden = g->deleted = g->inserted = false;
        g->font = r->default_font;
        g->page = 0;
        break;
    case RTF_FONT:
        set_font(r, number);
        break;
    case RTF_CHARSET:
        set_charset(r, number);
        break;
    case RTF_PAGE:
        set_page(r, number > 0 && number < 65536 ? (uint16_t)number : 0);
        break;
    case RTF_DEFAULT_PAGE:
        r->default_page = w->value != 0                  ? w->value
                          : number > 0 && number < 65536 ? (unsigned)number
                                                         : r->default_page;
        break;
    case RTF_DEFAULT_FONT:
        r->default_font = g->font = number;
        break;
    case RTF_UNICODE_SKIP:
        g->skip = number >= 0 && number < 1000 ? (uint16_t)number : 1;
        break;
    }
    return EX_OK;
}

static ex_code do_destination(struct rtf *r, const struct rtf_word *w, struct ex_error *err) {
    EX_TRY(flush(r, err));
    if (strcmp(w->word, "upr") == 0)
        r->before_upr = top(r)->to;
    if (strcmp(w->word, "ud") == 0) {
        top(r)->to = r->before_upr;
        return EX_OK;
    }
    if (w->does == RTF_HEADED)
        return go_to_note(r, w->text, err);
    if (w->does == RTF_PROPERTY || w->does == RTF_DATE) {
        start_property(r, w, w->does == RTF_DATE);
        return EX_OK;
    }
    go_to(r, (enum rtf_to)w->value);
    return EX_OK;
}

static ex_code do_word(struct rtf *r, const char *word, bool has_number, int32_t number,
                       struct ex_error *err) {
    const struct rtf_word *w = rtf_word(word);
    bool star = r->star;
    r->star = false;
    if (w == NULL) {
        if (star)
            go_to(r, RTF_SKIP);
        return EX_OK;
    }
    switch (w->does) {
    case RTF_DOES_NOTHING:
        return EX_OK;
    case RTF_CHARACTER:
        return put_character(r, w->value, err);
    case RTF_LINE:
        return put_character(r, '\n', err);
    case RTF_PARAGRAPH:
        EX_TRY(flush(r, err));
        return end_paragraph(r, true, err);
    case RTF_UNICODE:
        return has_number ? put_unicode(r, number, err) : EX_OK;
    case RTF_BINARY:
        skip_bytes(r, number > 0 ? (uint64_t)number : 0);
        return EX_OK;
    case RTF_DATE_PART:
        r->date[w->value] = has_number ? number : 0;
        r->date_given[w->value] = has_number;
        return EX_OK;
    case RTF_GOES_TO:
    case RTF_HEADED:
    case RTF_PROPERTY:
    case RTF_DATE:
        return do_destination(r, w, err);
    case RTF_HIDE:
    case RTF_DELETE:
    case RTF_INSERT:
    case RTF_PLAIN:
    case RTF_UNICODE_SKIP:
    case RTF_FONT:
    case RTF_CHARSET:
    case RTF_PAGE:
    case RTF_DEFAULT_PAGE:
    case RTF_DEFAULT_FONT:
        break;
    }
    return do_format(r, w, !has_number || number != 0, number, err);
}

/* ---- the syntax: §"RTF Syntax" ---- */

static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static ex_code take_number(struct rtf *r, bool *ret_any, int32_t *ret, struct ex_error *err) {
    int c;
    int64_t value = 0;
    EX_TRY(peek(r, &c, err));
    bool negative = c == '-';
    if (negative) {
        r->next++;
        EX_TRY(peek(r, &c, err));
    }
    for (*ret_any = false; c >= '0' && c <= '9'; *ret_any = true) {
        value = value < INT32_MAX ? value * 10 + (c - '0') : value;
        r->next++;
        EX_TRY(peek(r, &c, err));
    }
    value = value < INT32_MAX ? value : INT32_MAX;
    *ret = (int32_t)(negative ? -value : value);
    return EX_OK;
}

static ex_code take_word(struct rtf *r, int first, struct ex_error *err) {
    char word[RTF_WORD_BYTES] = {(char)first};
    size_t n = 1;
    int c;
    bool any;
    int32_t number;
    EX_TRY(peek(r, &c, err));
    while (is_letter(c)) {
        if (n < sizeof word - 1)
            word[n++] = (char)c;
        r->next++;
        EX_TRY(peek(r, &c, err));
    }
    EX_TRY(take_number(r, &any, &number, err));
    EX_TRY(peek(r, &c, err));
    if (c == ' ')
        r->next++;
    if (r->skipping > 0 && strcmp(word, "bin") != 0) {
        r->skipping--; /* in what repeats a character a word counts as one */
        return EX_OK;
    }
    return do_word(r, word, any, number, err);
}

static int hex_value(int c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static ex_code take_hex(struct rtf *r, struct ex_error *err) {
    int high, low = -1;
    EX_TRY(peek(r, &high, err));
    high = hex_value(high);
    if (high >= 0) {
        r->next++;
        EX_TRY(peek(r, &low, err));
        low = hex_value(low);
    }
    if (low < 0)
        return EX_OK; /* none: nothing is made of it */
    r->next++;
    return put_byte(r, (uint8_t)(high << 4 | low), err);
}

static ex_code take_control(struct rtf *r, struct ex_error *err) {
    int c;
    EX_TRY(take(r, &c, err));
    if (is_letter(c))
        return take_word(r, c, err);
    switch (c) {
    case '\'':
        return take_hex(r, err);
    case '*':
        r->star = true;
        return EX_OK;
    case '~':
        return put_character(r, 0xA0, err);
    case '_':
        return put_character(r, 0x2011, err);
    case '\\':
    case '{':
    case '}':
        return put_byte(r, (uint8_t)c, err);
    case '\n':
    case '\r':
        return do_word(r, "par", false, 0, err);
    case '\t':
        return put_byte(r, '\t', err);
    }
    return EX_OK; /* \- is a soft hyphen */
}

static ex_code read_all(struct rtf *r, struct ex_error *err) {
    for (int c = 0; !r->stopped;) {
        EX_TRY(take(r, &c, err));
        if (c < 0)
            break;
        if (c == '{')
            EX_TRY(open_group(r, err));
        else if (c == '}')
            EX_TRY(close_group(r, err));
        else if (c == '\\')
            EX_TRY(take_control(r, err));
        else if (c != '\r' && c != '\n')
            EX_TRY(put_byte(r, (uint8_t)c, err));
        if (c == '}' && r->depth == 1)
            return EX_OK;
    }
    if (!r->stopped)
        text_wrong(&r->office->text, "end", EX_FORMAT, "it ends inside of a group");
    while (r->depth > 1)
        EX_TRY(close_group(r, err));
    return EX_OK;
}

/* ---- the whole ---- */

static ex_code tell_rest(struct rtf *r, struct ex_error *err) {
    struct office *o = r->office;
    uint64_t behind = r->size - r->at + (r->filled - r->next);
    EX_TRY(flush(r, err));
    EX_TRY(readings_end(o, &r->body, false, NULL, err));
    EX_TRY(readings_end(o, &r->note, false, &r->notes, err));
    EX_TRY(text_headed(&o->text, &r->notes, err));
    EX_TRY(text_section(&o->text, "embedded objects", &r->objects, err));
    EX_TRY(office_tell_sections(o, err));
    EX_TRY(parser_trace_text(o->run, "format", "rtf", 3, err));
    EX_TRY(parser_trace_number(o->run, "code-page", r->default_page, err));
    return behind > 2 ? parser_trace_number(o->run, "bytes-behind-the-end", behind, err) : EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(rtf_free) struct rtf *r = ex_new0(struct rtf);
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED, .key = "document"};
    uint8_t head[5];
    (void)parameters;
    r->office = ex_new0(struct office);
    r->office->run = run;
    r->size = parser_input_size(run, 0);
    r->default_page = 1252;
    text_start(&r->office->text, run);
    if (r->size < sizeof head)
        return ex_fail(err, EX_FORMAT, "no RTF");
    EX_TRY(parser_read(run, 0, 0, head, sizeof head, err));
    if (memcmp(head, "{\\rtf", sizeof head) != 0)
        return ex_fail(err, EX_FORMAT, "no RTF");
    EX_TRY(ex_grow(&r->group, &r->capacity, 1, sizeof *r->group, RTF_GROUPS_MAX, "groups", err));
    r->depth = 1;
    r->group[0] = (struct rtf_group){.to = RTF_BODY, .skip = 1};
    EX_TRY(parser_trace(run, &trace, &r->office->trace, err));
    EX_TRY(read_all(r, err));
    EX_TRY(tell_rest(r, err));
    EX_TRY(text_end(&r->office->text, r->office->trace, err));
    *ret_state = NULL;
    return EX_OK;
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser rtf_parser = {
    .name = "rtf", .version = 1, .examine = examine, .close = close_nothing};
