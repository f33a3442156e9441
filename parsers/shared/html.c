/* SPDX-License-Identifier: Apache-2.0 */
/* Tags and comments: WHATWG HTML §13.2.5. A byte is given to the function of the state that holds;
 * `again` gives it to the next one as well. */
#include "parsers/shared/html_internal.h"

#include <string.h>
#include <strings.h>

/* ---- what goes out ---- */

ex_code html_flush(struct html *h, struct ex_error *err) {
    size_t size = h->out_bytes;
    if (size == 0)
        return EX_OK;
    h->out_bytes = 0;
    h->token.what = h->out_what;
    h->token.bytes = h->out;
    h->token.size = size;
    h->token.in = h->in;
    return h->take(h->context, &h->token, err);
}

ex_code html_put(struct html *h, enum html_what what, char c, struct ex_error *err) {
    bool begins = ((uint8_t)c & 0xC0) != 0x80; /* no character is divided */
    if (h->out_what != what || h->out_bytes == sizeof h->out ||
        (begins && h->out_bytes > sizeof h->out - 4))
        EX_TRY(html_flush(h, err));
    h->out_what = what;
    h->out[h->out_bytes++] = c;
    return EX_OK;
}

ex_code html_put_text(struct html *h, const char *text, size_t size_bytes, struct ex_error *err) {
    for (size_t i = 0; i < size_bytes; i++)
        EX_TRY(html_put(h, HTML_TEXT, text[i], err));
    return EX_OK;
}

static ex_code put_comment(struct html *h, const char *text, enum html_state then, bool again,
                           struct ex_error *err) {
    for (; *text != '\0'; text++)
        EX_TRY(html_put(h, HTML_COMMENT, *text, err));
    return html_go(h, then, again);
}

static ex_code end_comment(struct html *h, struct ex_error *err) {
    EX_TRY(html_flush(h, err));
    h->token.what = HTML_COMMENT_END;
    h->token.size = 0;
    EX_TRY(html_go(h, HTML_DATA, false));
    return h->take(h->context, &h->token, err);
}

ex_code html_put_value(struct html *h, const char *text, size_t size_bytes, struct ex_error *err) {
    if (h->attribute == NULL || h->values_max == 0 || size_bytes == 0)
        return EX_OK;
    if (h->values_bytes > h->values_max - size_bytes)
        return ex_fail(err, EX_LIMIT, "a tag of more than %zu bytes", h->values_max);
    EX_TRY(ex_grow(&h->values, &h->values_room, h->values_bytes + size_bytes, 1, 2 * h->values_max,
                   "a tag", err));
    memcpy(h->values + h->values_bytes, text, size_bytes);
    h->values_bytes += size_bytes;
    h->attribute->size += size_bytes;
    return EX_OK;
}

/* ---- tags ---- */

void html_begin_tag(struct html *h, bool closing) {
    h->closing = closing;
    h->token.attributes = 0;
    memset(h->token.name, 0, sizeof h->token.name);
    h->name_bytes = h->values_bytes = 0;
    h->attribute = NULL;
}

static void add_to_name(struct html *h, char *name, char c) {
    if (h->name_bytes < HTML_NAME_BYTES - 1)
        name[h->name_bytes++] = html_lower(c);
}

/* What follows an element's start tag: §13.2.6, where it changes the state. */
static enum html_state state_behind(const char *name) {
    static const struct {
        const char *name;
        enum html_state state;
    } ROWS[] = {{"title", HTML_RCDATA}, {"textarea", HTML_RCDATA}, {"style", HTML_RAW},
                {"xmp", HTML_RAW},      {"iframe", HTML_RAW},      {"noembed", HTML_RAW},
                {"noframes", HTML_RAW}, {"script", HTML_SCRIPT},   {"plaintext", HTML_PLAINTEXT}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (strcmp(name, ROWS[i].name) == 0)
            return ROWS[i].state;
    return HTML_DATA;
}

static ex_code end_tag(struct html *h, bool closed, struct ex_error *err) {
    struct html_token *t = &h->token;
    EX_TRY(html_flush(h, err));
    for (size_t i = 0; i < t->attributes; i++)
        t->attribute[i].value = t->attribute[i].size > 0 ? h->values + t->attribute[i].at : "";
    enum html_state then = h->closing || (closed && h->xml) ? HTML_DATA : state_behind(t->name);
    EX_TRY(html_go(h, then, false));
    h->in[0] = '\0';
    if (then != HTML_DATA)
        memcpy(h->in, t->name, sizeof h->in);
    t->what = h->closing ? HTML_CLOSE : HTML_OPEN;
    t->size = 0;
    return h->take(h->context, t, err);
}

static ex_code begin_name(struct html *h, bool again) {
    h->attribute = NULL;
    h->name_bytes = 0;
    if (h->token.attributes < HTML_ATTRIBUTES_MAX) {
        h->attribute = &h->token.attribute[h->token.attributes++];
        *h->attribute = (struct html_attribute){.at = h->values_bytes};
    }
    return html_go(h, HTML_IN_NAME, again);
}

static ex_code in_tag_open(struct html *h, char c, struct ex_error *err) {
    bool closing = h->state == HTML_END_TAG_OPEN;
    if (html_is_letter(c)) {
        html_begin_tag(h, closing);
        return html_go(h, HTML_TAG_NAME, true);
    }
    if (!closing && c == '/')
        return html_go(h, HTML_END_TAG_OPEN, false);
    if (closing && c == '>')
        return html_go(h, HTML_DATA, false); /* nothing */
    h->held_bytes = 0;
    if (!closing && c == '!')
        return html_go(h, HTML_DECLARATION, false);
    if (closing || c == '?')
        return html_go(h, HTML_BOGUS, true);
    EX_TRY(html_put_text(h, "<", 1, err));
    return html_go(h, HTML_DATA, true);
}

static ex_code in_names(struct html *h, char c, struct ex_error *err) {
    enum html_state state = (enum html_state)h->state;
    if (c == '>')
        return end_tag(h, false, err);
    if (state == HTML_TAG_NAME) {
        if (html_is_space(c) || c == '/')
            return html_go(h, c == '/' ? HTML_SELF_CLOSING : HTML_BEFORE_NAME, false);
        add_to_name(h, h->token.name, c);
        return EX_OK;
    }
    if (c == '/')
        return html_go(h, HTML_SELF_CLOSING, false);
    if (html_is_space(c))
        return html_go(h, state == HTML_BEFORE_NAME ? state : HTML_AFTER_NAME, false);
    if (c == '=' && state != HTML_BEFORE_NAME)
        return html_go(h, HTML_BEFORE_VALUE, false);
    if (state != HTML_IN_NAME) {
        EX_TRY(begin_name(h, c != '='));
        if (c != '=')
            return EX_OK;
    }
    if (h->attribute != NULL)
        add_to_name(h, h->attribute->name, c);
    return EX_OK;
}

static ex_code in_value(struct html *h, char c, struct ex_error *err) {
    enum html_state state = (enum html_state)h->state;
    if (state == HTML_BEFORE_VALUE) {
        if (html_is_space(c))
            return EX_OK;
        if (c == '"' || c == '\'')
            return html_go(h, c == '"' ? HTML_VALUE_DOUBLE : HTML_VALUE_SINGLE, false);
        return c == '>' ? end_tag(h, false, err) : html_go(h, HTML_VALUE_BARE, true);
    }
    if ((state == HTML_VALUE_DOUBLE && c == '"') || (state == HTML_VALUE_SINGLE && c == '\''))
        return html_go(h, HTML_AFTER_VALUE, false);
    if (state == HTML_VALUE_BARE && html_is_space(c))
        return html_go(h, HTML_BEFORE_NAME, false);
    if (state == HTML_VALUE_BARE && c == '>')
        return end_tag(h, false, err);
    return c == '&' ? html_begin_reference(h) : html_put_value(h, &c, 1, err);
}

static ex_code behind_value(struct html *h, char c, struct ex_error *err) {
    if (c == '>')
        return end_tag(h, h->state == HTML_SELF_CLOSING, err);
    if (h->state == HTML_AFTER_VALUE && c == '/')
        return html_go(h, HTML_SELF_CLOSING, false);
    return html_go(h, HTML_BEFORE_NAME, true);
}

/* ---- comments ---- */

/* Behind `<!`. */
static ex_code in_declaration(struct html *h, char c, struct ex_error *err) {
    static const char WORD[] = "[CDATA[";
    const char *word = h->held_bytes > 0 && h->held[0] == '-' ? "--" : WORD;
    if (h->held_bytes == 0 && c == '-')
        word = "--";
    bool known = (word[0] == '-' || h->xml) && c == word[h->held_bytes];
    if (known && html_hold(h, c)) {
        if (h->held_bytes < strlen(word))
            return EX_OK;
        return html_go(h, word[0] == '-' ? HTML_COMMENT_START : HTML_CDATA, false);
    }
    for (size_t i = 0; i < h->held_bytes; i++)
        EX_TRY(html_put(h, HTML_COMMENT, h->held[i], err));
    return html_go(h, HTML_BOGUS, true);
}

/* Comments that hold `<!` end like others: .46 to .49 tell of mistakes alone. */
static ex_code in_comment(struct html *h, char c, struct ex_error *err) {
    const char one[] = {c, '\0'};
    enum html_state state = (enum html_state)h->state;
    if (c == '>' && state != HTML_IN_COMMENT && state != HTML_COMMENT_DASH)
        return end_comment(h, err);
    if (state == HTML_BOGUS)
        return html_put(h, HTML_COMMENT, c, err);
    if (state == HTML_COMMENT_START || state == HTML_IN_COMMENT) {
        if (c == '-')
            return html_go(
                h, state == HTML_IN_COMMENT ? HTML_COMMENT_DASH : HTML_COMMENT_START_DASH, false);
        if (c == '\0')
            return put_comment(h, "\xEF\xBF\xBD", HTML_IN_COMMENT, false, err);
        return put_comment(h, one, HTML_IN_COMMENT, false, err);
    }
    if (state == HTML_COMMENT_START_DASH || state == HTML_COMMENT_DASH)
        return c == '-' ? html_go(h, HTML_COMMENT_DASHES, false)
                        : put_comment(h, "-", HTML_IN_COMMENT, true, err);
    if (state == HTML_COMMENT_DASHES)
        return c == '!'   ? html_go(h, HTML_COMMENT_BANG, false)
               : c == '-' ? put_comment(h, "-", HTML_COMMENT_DASHES, false, err)
                          : put_comment(h, "--", HTML_IN_COMMENT, true, err);
    return put_comment(h, "--!", c == '-' ? HTML_COMMENT_DASH : HTML_IN_COMMENT, c != '-', err);
}

static ex_code in_cdata(struct html *h, char c, struct ex_error *err) {
    if (h->state == HTML_CDATA)
        return c == ']' ? html_go(h, HTML_CDATA_BRACKET, false) : html_put(h, HTML_TEXT, c, err);
    if (h->state == HTML_CDATA_BRACKET && c == ']')
        return html_go(h, HTML_CDATA_BRACKETS, false);
    if (h->state == HTML_CDATA_BRACKETS && c == '>')
        return html_go(h, HTML_DATA, false);
    EX_TRY(html_put_text(h, "]", 1, err));
    if (c == ']')
        return EX_OK;
    if (h->state == HTML_CDATA_BRACKETS)
        EX_TRY(html_put_text(h, "]", 1, err));
    return html_go(h, HTML_CDATA, true);
}

/* ---- the whole ---- */

static ex_code in_data(struct html *h, char c, struct ex_error *err) {
    if (c == '&')
        return html_begin_reference(h);
    if (c != '<')
        return html_put(h, HTML_TEXT, c, err);
    h->markup_at = h->fed;
    return html_go(h, HTML_TAG_OPEN, false);
}

static ex_code take_byte(struct html *h, char c, struct ex_error *err) {
    int s = h->state;
    return s == HTML_DATA          ? in_data(h, c, err)
           : s == HTML_PLAINTEXT   ? html_put(h, HTML_TEXT, c, err)
           : s < HTML_TAG_OPEN     ? html_raw(h, c, err)
           : s < HTML_TAG_NAME     ? in_tag_open(h, c, err)
           : s < HTML_BEFORE_VALUE ? in_names(h, c, err)
           : s < HTML_AFTER_VALUE  ? in_value(h, c, err)
           : s < HTML_DECLARATION  ? behind_value(h, c, err)
           : s == HTML_DECLARATION ? in_declaration(h, c, err)
           : s < HTML_CDATA        ? in_comment(h, c, err)
           : s < HTML_RAW_LESS     ? in_cdata(h, c, err)
           : s < HTML_REFERENCE    ? html_raw(h, c, err)
                                   : html_refer(h, c, err);
}

ex_code html_feed(struct html *h, const char *bytes, size_t size_bytes, struct ex_error *err) {
    for (size_t i = 0; i < size_bytes; i++, h->fed++) {
        char c = bytes[i];
        bool second = c == '\n' && h->after_return; /* §13.2.3.5: one end of a line */
        h->after_return = c == '\r';
        if (second)
            continue;
        do {
            h->again = false;
            EX_TRY(take_byte(h, c == '\r' ? '\n' : c, err));
        } while (h->again);
    }
    return EX_OK;
}

/* What was begun, and is text after all. */
static ex_code finish_text(struct html *h, struct ex_error *err) {
    int s = h->state;
    const char *text = s == HTML_TAG_OPEN || s == HTML_RAW_LESS || s == HTML_ESCAPED_LESS ? "<"
                       : s == HTML_END_TAG_OPEN || s == HTML_RAW_END_OPEN || s == HTML_RAW_END_NAME
                           ? "</"
                       : s == HTML_CDATA_BRACKET  ? "]"
                       : s == HTML_CDATA_BRACKETS ? "]]"
                                                  : "";
    EX_TRY(html_put_text(h, text, strlen(text), err));
    return s == HTML_RAW_END_NAME ? html_put_text(h, h->held, h->held_bytes, err) : EX_OK;
}

ex_code html_finish(struct html *h, uint64_t *ret_left, struct ex_error *err) {
    if (h->state >= HTML_REFERENCE)
        EX_TRY(html_end_reference(h, err));
    EX_TRY(finish_text(h, err));
    if (h->state == HTML_DECLARATION)
        for (size_t i = 0; i < h->held_bytes; i++)
            EX_TRY(html_put(h, HTML_COMMENT, h->held[i], err));
    *ret_left =
        h->state >= HTML_TAG_NAME && h->state < HTML_DECLARATION ? h->fed - h->markup_at : 0;
    if (h->state >= HTML_DECLARATION && h->state < HTML_CDATA)
        return end_comment(h, err);
    return html_flush(h, err);
}

void html_clear(struct html *h) {
    free(h->values);
    h->values = NULL;
}

const struct html_attribute *html_attribute(const struct html_token *t, const char *name) {
    for (size_t i = 0; i < t->attributes; i++)
        if (strcmp(t->attribute[i].name, name) == 0)
            return &t->attribute[i];
    return NULL;
}
