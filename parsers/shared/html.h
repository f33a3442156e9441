/* SPDX-License-Identifier: Apache-2.0 */
/* HTML as a row of tags, texts and comments: WHATWG HTML §13.2.5, without the tree that a browser
 * makes. It comes in pieces of any size, in UTF-8; what was begun waits for the next. Linear, and
 * without depth: tags need not fit together.
 *
 * Promised: the tokens of that standard, as if no element stood in svg or math, nor in `select`,
 * and scripts were not run (`noscript` holds markup). A start tag decides what follows it: text
 * without markup in script, style, title and so on.
 * Otherwise than there: U+0000 stays in text; a name over HTML_NAME_BYTES is cut; attributes over
 * HTML_ATTRIBUTES_MAX are passed over; a document type is a comment that begins with `doctype`.
 */
#ifndef EXHIBIT_PARSERS_SHARED_HTML_H
#define EXHIBIT_PARSERS_SHARED_HTML_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HTML_NAME_BYTES = 32,
    HTML_ATTRIBUTES_MAX = 256,
    HTML_PIECE_BYTES = 1024,
    HTML_HELD_BYTES = 48
};

enum html_what { HTML_TEXT, HTML_OPEN, HTML_CLOSE, HTML_COMMENT, HTML_COMMENT_END };

struct html_attribute {
    char name[HTML_NAME_BYTES]; /* lower case, cut */
    const char *value;          /* character references are characters */
    size_t at, size;
};

struct html_token {
    enum html_what what;
    /* Of a text or a comment: the next piece of it, whole characters. */
    const char *bytes;
    size_t size;
    const char *in;             /* of a text: the element that has no markup in it, or "" */
    char name[HTML_NAME_BYTES]; /* of a tag, lower case, cut */
    size_t attributes;
    struct html_attribute attribute[HTML_ATTRIBUTES_MAX];
};

typedef ex_code html_take_fn(void *context, const struct html_token *t, struct ex_error *err);

struct html {
    html_take_fn *take;
    void *context;
    bool xml;          /* CDATA sections are text, and `<title/>` is closed */
    size_t values_max; /* bytes of all values of a tag (EX_LIMIT over it); 0: they are not kept */
    /* html.c, html_raw.c, html_references.c alone */
    int state, back, reference_back;
    bool again, after_return, closing;
    uint64_t fed, markup_at;
    char in[HTML_NAME_BYTES]; /* what ends a text without markup */
    char held[HTML_HELD_BYTES];
    size_t held_bytes, name_bytes;
    uint32_t number;
    bool digits;
    char *values;
    size_t values_bytes, values_room;
    struct html_attribute *attribute; /* that is being read; NULL: it is passed over */
    struct html_token token;
    enum html_what out_what;
    size_t out_bytes;
    char out[HTML_PIECE_BYTES];
};

/* Everything is 0 but `take`, `context`, `xml` and `values_max`, which the caller sets. */
EX_MUST_USE ex_code html_feed(struct html *h, const char *bytes, size_t size_bytes,
                              struct ex_error *err);
/* *ret_left: that many bytes at the end are a tag that is not closed: they are in no token. */
EX_MUST_USE ex_code html_finish(struct html *h, uint64_t *ret_left, struct ex_error *err);
void html_clear(struct html *h);
/* NULL: it has none. Of several the first. */
const struct html_attribute *html_attribute(const struct html_token *t, const char *name);

#endif
