/* SPDX-License-Identifier: Apache-2.0 */
/* The acquisition report of one item: how its bytes were collected, as the ledger says it.
 *
 * What is drawn is the document of docs/format/json.md §4.12, which is the report too, for
 * programs: plain text, HTML for a browser's print command (A4, no scripts, nothing loaded from
 * anywhere) and PDF (A4) say the same words. Each part names the entries of the ledger that it is
 * from; what an entry does not say is "not recorded", never left out where its absence could be
 * taken for good.
 *
 * Nothing is checked against a ledger here. Texts of the report go through gettext; the others are
 * somebody's, and control characters, overrides of the writing direction and markup in them do
 * nothing. Pango uses GLib, which ends the process when memory is gone. Not for several threads.
 */
#ifndef EXHIBIT_REPORT_ACQUISITION_H
#define EXHIBIT_REPORT_ACQUISITION_H

#include "base/error.h"
#include <jansson.h>
#include <stddef.h>

enum acquisition_format { ACQUISITION_TEXT, ACQUISITION_HTML, ACQUISITION_PDF };

/* *ret_bytes without the NUL behind it; the caller frees *ret. EX_LIMIT: more than fits on a form.
 * EX_INTERNAL: it is no such document. */
EX_MUST_USE ex_code acquisition_make(const json_t *report, enum acquisition_format format,
                                     char **ret, size_t *ret_bytes, struct ex_error *err);

#endif
