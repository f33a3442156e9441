/* SPDX-License-Identifier: Apache-2.0 */
/* HTML as a row of tags and texts: WHATWG HTML §13.2.5, without the tree that a browser makes.
 * Linear, and without depth: tags need not fit together. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_HTML_H
#define EXHIBIT_PARSERS_DOCUMENTS_HTML_H

#include "parsers/documents/text.h"

enum { HTML_NAME_BYTES = 32, HTML_ATTRIBUTES_MAX = 256 };

enum html_what { HTML_END, HTML_TEXT, HTML_OPEN, HTML_CLOSE, HTML_COMMENT };

struct html_attribute {
    char name[HTML_NAME_BYTES]; /* lower case, cut */
    const char *value;          /* as it stands */
    size_t size;
};

struct html_token {
    enum html_what what;
    const char *bytes; /* of a text or a comment, as it stands */
    size_t size;
    bool raw;                   /* in this text there are no references: that of a script */
    char name[HTML_NAME_BYTES]; /* of a tag, lower case; one that is longer is cut */
    size_t attributes;
    struct html_attribute attribute[HTML_ATTRIBUTES_MAX];
};

struct html {
    const char *at, *end;
    char until[HTML_NAME_BYTES]; /* the tag that ends a text without markup; empty: none */
    bool raw;
};

/* UTF-8. */
void html_start(struct html *h, const char *bytes, size_t size_bytes);
void html_next(struct html *h, struct html_token *ret);
/* NULL: it has none. */
const struct html_attribute *html_attribute(const struct html_token *t, const char *name);
/* With its character references as characters. */
EX_MUST_USE ex_code html_decode(const char *bytes, size_t size_bytes, size_t limit_bytes,
                                struct piece *to, struct ex_error *err);

#endif
