/* SPDX-License-Identifier: Apache-2.0 */
/* The examiners of documents: the text, and what a document says of itself (docs/documents.md).
 *
 * `office`: Office Open XML and OpenDocument, through libarchive and libxml2.
 * `html`: HTML and XHTML, by a reader of tags of our own; encodings through ICU.
 * `rtf`: Rich Text Format, by a reader of our own; code pages through ICU.
 *
 * Promised: what is told as text stands in the file, in an order that the page defines; what could
 * not be read is told. Not promised: that another program shows it so, or shows it at all. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_DOCUMENTS_H
#define EXHIBIT_PARSERS_DOCUMENTS_DOCUMENTS_H

#include "parsers/api.h"

extern const struct parser html_parser;
extern const struct parser office_parser;
extern const struct parser rtf_parser;

/* What the libraries want of a process, before it is confined. */
void documents_process_setup(void);

#endif
