/* SPDX-License-Identifier: Apache-2.0 */
/* The text of HTML and XHTML: docs/documents.md. */
#include "parsers/documents/documents.h"

#include "parsers/documents/encoding.h"
#include "parsers/documents/office_internal.h"
#include "parsers/shared/html.h"
#include "parsers/shared/html_encoding.h"

#include <stdio.h>
#include <strings.h>
#include <unicode/uversion.h>

enum {
    INPUT_BYTES_MAX = 64 << 20,
    VALUES_BYTES_MAX = 4 * INPUT_BYTES_MAX, /* UTF-8 of all of it */
    DATA_URL_BYTES = 100
};

struct markup {
    struct office *office; /* its text, and what is kept for the end */
    struct piece input, line, scratch, comments, forms, meta, left;
    bool space, any, pre; /* white space waits; the line has something; it is as it stands */
    unsigned scripts, styles;
    struct piece title;
    char author[OFFICE_WORD_BYTES];
    const char *encoding, *encoding_from;
    char label[HTML_LABEL_BYTES]; /* as the page has it; empty: it names none */
    struct html html;
};

static void markup_free(struct markup *m) {
    struct piece *pieces[] = {&m->input, &m->line, &m->scratch, &m->comments,
                              &m->forms, &m->meta, &m->title,   &m->left};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        piece_clear(pieces[i]);
    if (m->office != NULL)
        office_free(m->office);
    html_clear(&m->html);
    free(m);
}
EX_DEFINE_AUTO(struct markup, markup_free);

/* ---- encoding ---- */

static bool starts(const uint8_t *data, size_t size, const char *mark, size_t bytes) {
    return size >= bytes && memcmp(data, mark, bytes) == 0;
}

/* ICU's name, where it is not that of WHATWG Encoding, or means less. */
static const char *name_in_icu(const char *encoding) {
    static const char *const ROWS[][2] = {{"gbk", "gb18030"},
                                          {"euc-kr", "windows-949"},
                                          {"shift_jis", "windows-31j"},
                                          {"big5", "Big5-HKSCS"},
                                          {"iso-8859-8-i", "iso-8859-8"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (strcmp(encoding, ROWS[i][0]) == 0)
            return ROWS[i][1];
    return encoding;
}

/* NULL: nothing that is known. */
static const char *named_encoding(struct markup *m, const char *data, size_t size) {
    size_t head = size < HTML_ENCODING_SEARCH_BYTES ? size : HTML_ENCODING_SEARCH_BYTES;
    m->encoding_from = "xml-declaration";
    const char *found = html_encoding_of_xml(data, head, m->label);
    if (m->label[0] == '\0') {
        m->encoding_from = "meta";
        found = html_encoding_find(data, head, m->label);
    }
    if (found != NULL && encoding_is_known(name_in_icu(found)))
        return found;
    if (m->label[0] != '\0')
        text_wrong(&m->office->text, "encoding", EX_UNSUPPORTED,
                   "an encoding that is not known, or that browsers do not read: %s", m->label);
    return NULL;
}

static void find_encoding(struct markup *m, const uint8_t *data, size_t size) {
    m->encoding_from = "byte-order-mark";
    m->encoding = starts(data, size, "\xEF\xBB\xBF", 3) ? "utf-8"
                  : starts(data, size, "\xFF\xFE", 2)   ? "utf-16le"
                  : starts(data, size, "\xFE\xFF", 2)   ? "utf-16be"
                                                        : NULL;
    if (m->encoding != NULL)
        return;
    m->encoding_from = "xml-declaration";
    m->encoding = starts(data, size, "<\0?\0x\0", 6)   ? "utf-16le"
                  : starts(data, size, "\0<\0?\0x", 6) ? "utf-16be"
                                                       : NULL;
    if (m->encoding == NULL)
        m->encoding = named_encoding(m, (const char *)data, size);
    if (m->encoding != NULL)
        return;
    m->encoding_from = "guess";
    m->encoding = encoding_is_utf8(data, size) ? "utf-8" : "windows-1252";
}

static ex_code load(struct markup *m, struct parser_run *run, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint64_t all = parser_input_size(run, 0);
    size_t size = all < INPUT_BYTES_MAX ? (size_t)all : (size_t)INPUT_BYTES_MAX;
    if (all > INPUT_BYTES_MAX)
        text_wrong(&m->office->text, "size", EX_LIMIT, "only the first %d bytes were read",
                   INPUT_BYTES_MAX);
    EX_TRY(ex_alloc(size + 1, 1, INPUT_BYTES_MAX + 1, "a document", &data, err));
    EX_TRY(parser_read(run, 0, 0, data, size, err));
    find_encoding(m, data, size);
    EX_TRY(encoding_convert(name_in_icu(m->encoding), data, size, 4 * (size_t)INPUT_BYTES_MAX,
                            &m->input, err));
    if (m->input.size >= 3 && memcmp(m->input.bytes, "\xEF\xBB\xBF", 3) == 0)
        memset(m->input.bytes, ' ', 3);
    const char *at = m->input.bytes, *end = at + m->input.size;
    while (at < end && *at == ' ')
        at++;
    m->html.xml = end - at >= 5 && memcmp(at, "<?xml", 5) == 0;
    return EX_OK;
}

/* ---- lines ---- */

static ex_code end_line(struct markup *m, bool always, struct ex_error *err) {
    if (m->any || always)
        EX_TRY(text_line(&m->office->text, m->line.bytes, m->line.size, err));
    m->line.size = 0;
    m->any = m->space = false;
    return EX_OK;
}

static ex_code put_byte(struct markup *m, char c, struct ex_error *err) {
    bool white = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
    if (m->pre && c == '\n')
        return end_line(m, true, err);
    if (white && !m->pre) {
        m->space = true;
        return EX_OK;
    }
    if (m->space && m->any && !m->pre && m->line.bytes[m->line.size - 1] != '\t')
        EX_TRY(office_keep(m->office, &m->line, " ", 1, err));
    m->space = false;
    m->any = true;
    return office_keep(m->office, &m->line, &c, 1, err);
}

static ex_code put_text(struct markup *m, const struct html_token *t, struct ex_error *err) {
    if (strcmp(t->in, "script") == 0 || strcmp(t->in, "style") == 0)
        return EX_OK;
    if (strcmp(t->in, "title") == 0)
        return office_keep(m->office, &m->title, t->bytes, t->size, err);
    for (size_t i = 0; i < t->size; i++) {
        bool soft = i + 1 < t->size && memcmp(t->bytes + i, "\xC2\xAD", 2) == 0;
        if (soft)
            i++;
        else
            EX_TRY(put_byte(m, t->bytes[i], err));
    }
    return EX_OK;
}

/* ---- what is kept for the end ---- */

static ex_code keep_line(struct markup *m, struct piece *to, const char *head, const char *name,
                         struct ex_error *err) {
    EX_TRY(office_keep_text(m->office, to, head, err));
    EX_TRY(office_keep_text(m->office, to, *head != '\0' ? " " : "", err));
    EX_TRY(office_keep_text(m->office, to, name, err));
    EX_TRY(office_keep_text(m->office, to, *name != '\0' ? "\t" : "", err));
    office_flatten(m->scratch.bytes, m->scratch.size);
    EX_TRY(office_keep(m->office, to, m->scratch.bytes, m->scratch.size, err));
    return office_keep_text(m->office, to, "\n", err);
}

static ex_code take_value(struct markup *m, const struct html_attribute *a, struct ex_error *err) {
    m->scratch.size = 0;
    return piece_add(&m->scratch, a->value, a->size, VALUES_BYTES_MAX, err);
}

static ex_code keep_attribute(struct markup *m, const struct html_token *t, const char *name,
                              struct piece *to, struct ex_error *err) {
    char tail[48];
    const struct html_attribute *a = html_attribute(t, name);
    if (a == NULL || a->size == 0)
        return EX_OK;
    EX_TRY(take_value(m, a, err));
    if (m->scratch.size > DATA_URL_BYTES && strncasecmp(m->scratch.bytes, "data:", 5) == 0) {
        (void)snprintf(tail, sizeof tail, "... [%zu bytes]", m->scratch.size);
        m->scratch.size = DATA_URL_BYTES;
        while (m->scratch.size > 0 && ((uint8_t)m->scratch.bytes[m->scratch.size] & 0xC0) == 0x80)
            m->scratch.size--;
        EX_TRY(piece_add(&m->scratch, tail, strlen(tail), INPUT_BYTES_MAX, err));
    }
    return keep_line(m, to, t->name, name, err);
}

static ex_code keep_attributes(struct markup *m, const struct html_token *t, struct ex_error *err) {
    static const char *const LINKS[] = {"href",       "src",        "action", "formaction",
                                        "data",       "poster",     "cite",   "srcset",
                                        "background", "xlink:href", "ping"};
    static const char *const WORDS[] = {"alt", "title", "placeholder", "aria-label"};
    for (size_t i = 0; i < sizeof LINKS / sizeof LINKS[0]; i++)
        EX_TRY(keep_attribute(m, t, LINKS[i], &m->office->links, err));
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        EX_TRY(keep_attribute(m, t, WORDS[i], &m->office->descriptions, err));
    if (strcmp(t->name, "input") == 0)
        EX_TRY(keep_attribute(m, t, "value", &m->forms, err));
    return EX_OK;
}

/* What the head of a page says, a line for each. */
static ex_code keep_meta(struct markup *m, const struct html_token *t, struct ex_error *err) {
    static const char *const NAMES[] = {"name", "property", "http-equiv", "itemprop"};
    const struct html_attribute *content = html_attribute(t, "content"), *name = NULL;
    char word[64];
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0] && name == NULL; i++)
        name = html_attribute(t, NAMES[i]);
    if (content == NULL || name == NULL)
        return EX_OK;
    (void)snprintf(word, sizeof word, "%.*s", (int)(name->size < 60 ? name->size : 60),
                   name->size > 0 ? name->value : "");
    office_flatten(word, strlen(word));
    EX_TRY(take_value(m, content, err));
    if (strcasecmp(word, "author") == 0)
        (void)snprintf(m->author, sizeof m->author, "%.*s",
                       (int)(m->scratch.size < 255 ? m->scratch.size : 255),
                       m->scratch.size > 0 ? m->scratch.bytes : "");
    return keep_line(m, &m->meta, "", word, err);
}

/* ---- tags ---- */

static bool is_one_of(const char *name, const char *const *list) {
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* Those that begin a line and end one. */
static bool is_block(const char *name) {
    static const char *const BLOCKS[] = {
        "address",  "article",    "aside",  "blockquote", "body",      "caption",  "center",
        "dd",       "details",    "dialog", "dir",        "div",       "dl",       "dt",
        "fieldset", "figcaption", "figure", "footer",     "form",      "frameset", "h1",
        "h2",       "h3",         "h4",     "h5",         "h6",        "head",     "header",
        "hr",       "html",       "legend", "li",         "main",      "menu",     "nav",
        "ol",       "option",     "p",      "pre",        "section",   "select",   "summary",
        "table",    "tbody",      "tfoot",  "thead",      "title",     "tr",       "ul",
        "textarea", "button",     "br",     "xmp",        "plaintext", NULL};
    return is_one_of(name, BLOCKS);
}

static ex_code take_open(struct markup *m, const struct html_token *t, struct ex_error *err) {
    bool script = strcmp(t->name, "script") == 0, style = strcmp(t->name, "style") == 0;
    m->scripts += script ? 1 : 0;
    m->styles += style ? 1 : 0;
    EX_TRY(keep_attributes(m, t, err));
    if (strcmp(t->name, "meta") == 0)
        return keep_meta(m, t, err);
    if (strcmp(t->name, "td") == 0 || strcmp(t->name, "th") == 0) {
        m->space = false;
        return m->any ? office_keep(m->office, &m->line, "\t", 1, err) : EX_OK;
    }
    if (is_block(t->name))
        EX_TRY(end_line(m, strcmp(t->name, "br") == 0, err));
    m->pre = m->pre || strcmp(t->name, "pre") == 0 || strcmp(t->name, "textarea") == 0;
    return EX_OK;
}

static ex_code take_close(struct markup *m, const struct html_token *t, struct ex_error *err) {
    if (strcmp(t->name, "pre") == 0 || strcmp(t->name, "textarea") == 0)
        m->pre = false;
    return is_block(t->name) ? end_line(m, false, err) : EX_OK;
}

static ex_code take_comment(struct markup *m, const struct html_token *t, struct ex_error *err) {
    m->scratch.size = 0;
    EX_TRY(piece_add(&m->scratch, t->bytes, t->size, HTML_PIECE_BYTES, err));
    office_flatten(m->scratch.bytes, m->scratch.size);
    return office_keep(m->office, &m->comments, m->scratch.bytes, m->scratch.size, err);
}

static ex_code take(void *context, const struct html_token *t, struct ex_error *err) {
    struct markup *m = context;
    switch (t->what) {
    case HTML_TEXT:
        return put_text(m, t, err);
    case HTML_OPEN:
        return take_open(m, t, err);
    case HTML_CLOSE:
        return take_close(m, t, err);
    case HTML_COMMENT:
        return take_comment(m, t, err);
    case HTML_COMMENT_END:
        return office_keep_text(m->office, &m->comments, "\n", err);
    }
    return EX_OK;
}

static ex_code read_tokens(struct markup *m, struct ex_error *err) {
    uint64_t left;
    m->html.take = take;
    m->html.context = m;
    m->html.values_max = VALUES_BYTES_MAX;
    EX_TRY(html_feed(&m->html, m->input.bytes, m->input.size, err));
    EX_TRY(html_finish(&m->html, &left, err));
    EX_TRY(end_line(m, false, err));
    if (left == 0)
        return EX_OK;
    char *tail = m->input.bytes + m->input.size - left;
    office_flatten(tail, (size_t)left);
    return office_keep(m->office, &m->left, tail, (size_t)left, err);
}

/* ---- the whole ---- */

static ex_code tell_attributes(struct markup *m, struct ex_error *err) {
    struct office *o = m->office;
    size_t title = m->title.size < PARSER_VALUE_BYTES_MAX ? m->title.size : PARSER_VALUE_BYTES_MAX;
    if (title < m->title.size)
        text_wrong(&o->text, "title", EX_LIMIT, "a title of more than %d bytes",
                   PARSER_VALUE_BYTES_MAX);
    EX_TRY(parser_trace_text(o->run, "format", "html", 4, err));
    EX_TRY(parser_trace_text(o->run, "encoding", m->encoding, strlen(m->encoding), err));
    EX_TRY(parser_trace_text(o->run, "encoding-from", m->encoding_from, strlen(m->encoding_from),
                             err));
    if (m->label[0] != '\0' && strcasecmp(m->label, m->encoding) != 0)
        EX_TRY(parser_trace_text(o->run, "encoding-named", m->label, strlen(m->label), err));
    if (title > 0)
        EX_TRY(parser_trace_text(o->run, "title", m->title.bytes, title, err));
    if (m->author[0] != '\0')
        EX_TRY(parser_trace_text(o->run, "author", m->author, strlen(m->author), err));
    if (m->scripts > 0)
        EX_TRY(parser_trace_number(o->run, "scripts-left-out", m->scripts, err));
    return m->styles > 0 ? parser_trace_number(o->run, "styles-left-out", m->styles, err) : EX_OK;
}

static ex_code tell_rest(struct markup *m, struct ex_error *err) {
    struct text *t = &m->office->text;
    EX_TRY(text_section(t, "meta", &m->meta, err));
    EX_TRY(text_section(t, "values of fields", &m->forms, err));
    EX_TRY(text_section(t, "comments", &m->comments, err));
    EX_TRY(text_section(t, "a tag that is not closed", &m->left, err));
    return office_tell_sections(m->office, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(markup_free) struct markup *m = ex_new0(struct markup);
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED, .key = "document"};
    (void)parameters;
    m->office = ex_new0(struct office);
    m->office->run = run;
    text_start(&m->office->text, run);
    EX_TRY(load(m, run, err));
    EX_TRY(parser_trace(run, &trace, &m->office->trace, err));
    EX_TRY(read_tokens(m, err));
    EX_TRY(tell_rest(m, err));
    EX_TRY(tell_attributes(m, err));
    EX_TRY(text_end(&m->office->text, m->office->trace, err));
    *ret_state = NULL;
    return EX_OK;
}

static void close_nothing(void *state) {
    (void)state;
}

static const char *library(void) {
    return "ICU " U_ICU_VERSION;
}

const struct parser html_parser = {
    .name = "html", .version = 1, .library = library, .examine = examine, .close = close_nothing};
