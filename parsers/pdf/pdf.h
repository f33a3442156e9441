/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of PDF: `pdf`, through Poppler (docs/pdf.md).
 *
 * Tells the text, page by page, what the file says of itself, what is attached to it, notes,
 * links, fields of forms, actions, and the text of its earlier versions.
 *
 * Not: how a page looks. No picture is made or decoded, no script is run. */
#ifndef EXHIBIT_PARSERS_PDF_PDF_H
#define EXHIBIT_PARSERS_PDF_PDF_H

#include "parsers/api.h"

extern const struct parser pdf_parser;

/* What the library wants of a process, before it is confined. */
void pdf_process_setup(void);

#endif
