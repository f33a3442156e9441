/* SPDX-License-Identifier: Apache-2.0 */
/* The states of WHATWG HTML §13.2.5: html.c has tags and comments, html_raw.c text without markup,
 * html_references.c characters that are named. */
#ifndef EXHIBIT_PARSERS_SHARED_HTML_INTERNAL_H
#define EXHIBIT_PARSERS_SHARED_HTML_INTERNAL_H

#include "parsers/shared/html.h"

enum html_state {
    HTML_DATA, /* must be 0 */
    HTML_RCDATA,
    HTML_RAW,
    HTML_SCRIPT,
    HTML_PLAINTEXT,
    HTML_TAG_OPEN,
    HTML_END_TAG_OPEN,
    HTML_TAG_NAME,
    HTML_BEFORE_NAME,
    HTML_IN_NAME,
    HTML_AFTER_NAME,
    HTML_BEFORE_VALUE,
    HTML_VALUE_DOUBLE,
    HTML_VALUE_SINGLE,
    HTML_VALUE_BARE,
    HTML_AFTER_VALUE,
    HTML_SELF_CLOSING,
    HTML_DECLARATION,
    HTML_BOGUS,
    HTML_COMMENT_START,
    HTML_COMMENT_START_DASH,
    HTML_IN_COMMENT,
    HTML_COMMENT_DASH,
    HTML_COMMENT_DASHES,
    HTML_COMMENT_BANG,
    HTML_CDATA,
    HTML_CDATA_BRACKET,
    HTML_CDATA_BRACKETS,
    HTML_RAW_LESS,
    HTML_RAW_END_OPEN,
    HTML_RAW_END_NAME,
    HTML_ESCAPE_START,
    HTML_ESCAPE_DASH,
    HTML_ESCAPED,
    HTML_ESCAPED_DASH,
    HTML_ESCAPED_DASHES,
    HTML_ESCAPED_LESS,
    HTML_DOUBLE_START,
    HTML_DOUBLE,
    HTML_DOUBLE_DASH,
    HTML_DOUBLE_DASHES,
    HTML_DOUBLE_LESS,
    HTML_DOUBLE_END,
    HTML_REFERENCE,
    HTML_NAMED,
    HTML_NUMBER,
    HTML_NUMBER_HEX,
};

static inline bool html_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static inline bool html_is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool html_is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline char html_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The state from now on; `again`: it takes this byte, too. */
static inline ex_code html_go(struct html *h, enum html_state state, bool again) {
    h->state = (int)state;
    h->again = again;
    return EX_OK;
}

/* False: it does not fit. */
static inline bool html_hold(struct html *h, char c) {
    if (h->held_bytes == sizeof h->held)
        return false;
    h->held[h->held_bytes++] = c;
    return true;
}

/* One more byte of a text or a comment. */
EX_MUST_USE ex_code html_put(struct html *h, enum html_what what, char c, struct ex_error *err);
EX_MUST_USE ex_code html_put_text(struct html *h, const char *text, size_t size_bytes,
                                  struct ex_error *err);
EX_MUST_USE ex_code html_put_value(struct html *h, const char *text, size_t size_bytes,
                                   struct ex_error *err);
EX_MUST_USE ex_code html_flush(struct html *h, struct ex_error *err);
/* A tag begins whose name is read next. */
void html_begin_tag(struct html *h, bool closing);

EX_MUST_USE ex_code html_raw(struct html *h, char c, struct ex_error *err);
EX_MUST_USE ex_code html_begin_reference(struct html *h);
EX_MUST_USE ex_code html_refer(struct html *h, char c, struct ex_error *err);
/* No more comes. */
EX_MUST_USE ex_code html_end_reference(struct html *h, struct ex_error *err);

/* Made by tools/references.py, sorted by name; the names of §13.5. second: 0 for none. */
struct html_reference {
    const char *name;
    uint32_t first, second;
};
extern const struct html_reference html_references[];
extern const size_t html_references_count;

#endif
