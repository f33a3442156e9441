/* SPDX-License-Identifier: Apache-2.0 */
/* Which encoding a page says it has: WHATWG HTML §13.2.3.2 ("prescan a byte stream"), and the
 * labels of WHATWG Encoding §4.2. */
#ifndef EXHIBIT_PARSERS_SHARED_HTML_ENCODING_H
#define EXHIBIT_PARSERS_SHARED_HTML_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

enum {
    /* Where it is looked for. The standard allows 1,024; browsers go further when the head does. */
    HTML_ENCODING_SEARCH_BYTES = 4096,
    HTML_LABEL_BYTES = 40
};

/* The encoding's name in lower case, for ever; NULL: the standard has no such label.
 * "replacement": one that browsers refuse to show. */
const char *html_encoding_of(const char *label, size_t size_bytes);
/* That of the first `meta` that names one; utf-16 is utf-8 there, x-user-defined windows-1252.
 * `ret_label`: the label that was looked at last, known or not, as it is written, cut; or "". */
const char *html_encoding_find(const char *bytes, size_t size_bytes,
                               char ret_label[static HTML_LABEL_BYTES]);
/* The same of the XML declaration that it begins with. */
const char *html_encoding_of_xml(const char *bytes, size_t size_bytes,
                                 char ret_label[static HTML_LABEL_BYTES]);

#endif
