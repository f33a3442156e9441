/* SPDX-License-Identifier: Apache-2.0 */
/* The examiner of OLE compound files: `ole`.
 *
 * Tells the text and the properties of Word, Excel and PowerPoint files of 97 to 2003, the mail in
 * a .msg with what is attached, and the streams of any compound file: docs/ole.md.
 *
 * Not: whether anything that a property says is true. */
#ifndef EXHIBIT_PARSERS_OLE_OLE_H
#define EXHIBIT_PARSERS_OLE_OLE_H

#include "parsers/api.h"

extern const struct parser ole_parser;

#endif
