/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a part in HTML, without its markup: enough to search and to read, and no more. */
#include "parsers/mail/mail_internal.h"

#include <strings.h>

enum state {
    TEXT,
    TAG_BEGINS,
    TAG_NAME,
    TAG,
    TAG_QUOTE,
    BANG,
    COMMENT,
    ENTITY,
    SCRIPT,
    SCRIPT_TAG
};

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool is_letter(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_among(const char *word, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(word, list[i]) == 0)
            return true;
    return false;
}
#define AMONG(word, list) is_among((word), (list), sizeof(list) / sizeof(list)[0])

static size_t put_text(struct stripping *s, const uint8_t *text, size_t size, uint8_t *to) {
    size_t n = 0;
    if (s->space && s->line_begun)
        to[n++] = ' ';
    s->space = false;
    s->line_begun = true;
    memcpy(to + n, text, size);
    return n + size;
}

static size_t put_line(struct stripping *s, uint8_t *to) {
    s->space = s->line_begun = false;
    to[0] = '\n';
    return 1;
}

static void begin_word(struct stripping *s, int state) {
    s->state = state;
    s->word_bytes = 0;
    s->word[0] = '\0';
}

/* False: it does not fit. */
static bool add_to_word(struct stripping *s, uint8_t c) {
    if (s->word_bytes + 1 >= sizeof s->word)
        return false;
    s->word[s->word_bytes++] = (char)c;
    s->word[s->word_bytes] = '\0';
    return true;
}

/* ---- entities: HTML 4.01 §24, those that mail has ---- */

static const struct {
    const char *word;
    uint32_t code;
} ENTITIES[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},
    {"nbsp", 0xA0},    {"copy", 0xA9},    {"reg", 0xAE},     {"trade", 0x2122},  {"hellip", 0x2026},
    {"mdash", 0x2014}, {"ndash", 0x2013}, {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"ldquo", 0x201C},
    {"rdquo", 0x201D}, {"sbquo", 0x201A}, {"bdquo", 0x201E}, {"bull", 0x2022},   {"middot", 0xB7},
    {"euro", 0x20AC},  {"pound", 0xA3},   {"yen", 0xA5},     {"cent", 0xA2},     {"sect", 0xA7},
    {"deg", 0xB0},     {"times", 0xD7},   {"laquo", 0xAB},   {"raquo", 0xBB},    {"auml", 0xE4},
    {"ouml", 0xF6},    {"uuml", 0xFC},    {"Auml", 0xC4},    {"Ouml", 0xD6},     {"Uuml", 0xDC},
    {"szlig", 0xDF},   {"eacute", 0xE9},  {"egrave", 0xE8},  {"agrave", 0xE0},   {"ccedil", 0xE7},
    {"ntilde", 0xF1},  {"aacute", 0xE1},  {"iacute", 0xED},  {"oacute", 0xF3},   {"uacute", 0xFA},
    {"zwnj", 0x200C},  {"zwj", 0x200D},   {"shy", 0xAD},     {"thinsp", 0x2009}, {"ensp", 0x2002},
    {"emsp", 0x2003},  {"rarr", 0x2192}};

/* 0: not one that is known. */
static uint32_t entity_of(const char *word) {
    char *end;
    if (word[0] == '#') {
        bool hex = (word[1] | 0x20) == 'x';
        unsigned long code = strtoul(word + (hex ? 2 : 1), &end, hex ? 16 : 10);
        return *end == '\0' && code > 0 && code <= 0x10FFFF ? (uint32_t)code : 0;
    }
    for (size_t i = 0; i < sizeof ENTITIES / sizeof ENTITIES[0]; i++)
        if (strcmp(word, ENTITIES[i].word) == 0)
            return ENTITIES[i].code;
    return 0;
}

static size_t end_entity(struct stripping *s, bool semicolon, uint8_t *to) {
    uint8_t text[sizeof s->word + 4];
    uint32_t code = s->word_bytes > 0 ? entity_of(s->word) : 0;
    size_t n;
    s->state = TEXT;
    if (code != 0) {
        n = charset_put(code, text);
    } else {
        n = (size_t)snprintf((char *)text, sizeof text, "&%s%s", s->word, semicolon ? ";" : "");
    }
    return put_text(s, text, n, to);
}

/* ---- tags ---- */

static size_t begin_tag(struct stripping *s, uint8_t *to) {
    static const char *const LINES[] = {"br",         "p",  "div",   "tr",   "li",    "h1", "h2",
                                        "h3",         "h4", "h5",    "h6",   "hr",    "ul", "table",
                                        "blockquote", "ol", "title", "body", "center"};
    static const char *const CELLS[] = {"td", "th"};
    static const char *const SCRIPTS[] = {"script", "style"};
    const char *word = s->word[0] == '/' ? s->word + 1 : s->word;
    s->space = s->space || AMONG(word, CELLS);
    if (s->word[0] != '/' && AMONG(word, SCRIPTS))
        s->quiet = true;
    if (AMONG(word, LINES) && (s->line_begun || strcasecmp(s->word, "br") == 0))
        return put_line(s, to);
    return 0;
}

static void end_tag(struct stripping *s) {
    s->state = s->quiet ? SCRIPT : TEXT;
}

static size_t take_text(struct stripping *s, uint8_t c, uint8_t *to) {
    if (c == '<') {
        s->state = TAG_BEGINS;
        return 0;
    }
    if (c == '&') {
        begin_word(s, ENTITY);
        return 0;
    }
    if (is_blank(c)) {
        s->space = true;
        return 0;
    }
    return put_text(s, &c, 1, to);
}

static size_t take_tag_begin(struct stripping *s, uint8_t c, uint8_t *to) {
    if (is_letter(c) || c == '/' || c == '?') {
        begin_word(s, TAG_NAME);
        (void)add_to_word(s, c);
        return 0;
    }
    if (c == '!') {
        begin_word(s, BANG);
        return 0;
    }
    s->state = TEXT;
    size_t n = put_text(s, (const uint8_t *)"<", 1, to);
    return n + take_text(s, c, to + n);
}

static size_t take_tag(struct stripping *s, uint8_t c, uint8_t *to) {
    size_t n = 0;
    if (s->state == TAG_QUOTE) {
        s->state = c == s->quote ? TAG : TAG_QUOTE;
        return 0;
    }
    if (s->state == TAG_NAME && !is_blank(c) && c != '>' && (c != '/' || s->word_bytes == 0)) {
        (void)add_to_word(s, c);
        return 0;
    }
    if (s->state == TAG_NAME)
        n = begin_tag(s, to);
    s->state = TAG;
    if (c == '>')
        end_tag(s);
    else if (c == '"' || c == '\'') {
        s->quote = c;
        s->state = TAG_QUOTE;
    }
    return n;
}

/* Behind "<!": a comment, or something that ends like a tag. */
static void take_bang(struct stripping *s, uint8_t c) {
    (void)add_to_word(s, c);
    if (strcmp(s->word, "--") == 0)
        begin_word(s, COMMENT);
    else if (c == '>')
        end_tag(s);
    else if (s->word_bytes >= 2 || c != '-')
        s->state = TAG;
}

/* Its word is how much of "-->" was there. */
static void take_comment(struct stripping *s, uint8_t c) {
    if (c == '>' && s->word_bytes >= 2)
        end_tag(s);
    else if (c == '-')
        s->word_bytes = s->word_bytes < 2 ? s->word_bytes + 1 : 2;
    else
        s->word_bytes = 0;
}

static void take_script(struct stripping *s, uint8_t c) {
    if (c == '<') {
        begin_word(s, SCRIPT_TAG);
        return;
    }
    if (s->state == SCRIPT)
        return;
    if (c == '>' && (strcasecmp(s->word, "/script") == 0 || strcasecmp(s->word, "/style") == 0)) {
        s->quiet = false;
        s->state = TEXT;
    } else if (!is_blank(c) && (c == '>' || !add_to_word(s, c))) {
        s->state = SCRIPT;
    }
}

static size_t take(struct stripping *s, uint8_t c, uint8_t *to) {
    size_t n;
    switch ((enum state)s->state) {
    case TEXT:
        return take_text(s, c, to);
    case TAG_BEGINS:
        return take_tag_begin(s, c, to);
    case TAG_NAME:
    case TAG:
    case TAG_QUOTE:
        return take_tag(s, c, to);
    case BANG:
        take_bang(s, c);
        return 0;
    case COMMENT:
        take_comment(s, c);
        return 0;
    case ENTITY:
        if ((is_letter(c) || (c >= '0' && c <= '9') || c == '#') && add_to_word(s, c))
            return 0;
        n = end_entity(s, c == ';', to);
        return c == ';' ? n : n + take_text(s, c, to + n);
    case SCRIPT:
    case SCRIPT_TAG:
        take_script(s, c);
        return 0;
    }
    return 0;
}

size_t html_strip(struct stripping *s, const uint8_t *from, size_t size_bytes, uint8_t *to) {
    size_t n = 0;
    for (size_t i = 0; i < size_bytes; i++)
        n += take(s, from[i], to + n);
    return n;
}

size_t html_end(struct stripping *s, uint8_t *to) {
    size_t n = s->state == ENTITY ? end_entity(s, false, to) : 0;
    return s->line_begun ? n + put_line(s, to + n) : n;
}
