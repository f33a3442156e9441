/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the document (json.md) that a report is drawn from. */
#ifndef EXHIBIT_REPORT_DOCUMENT_INTERNAL_H
#define EXHIBIT_REPORT_DOCUMENT_INTERNAL_H

#include <jansson.h>

/* By its path, as "source.path"; NULL: it is not there, or null. Borrowed. */
const json_t *document_get(const json_t *from, const char *path);
const char *document_text(const json_t *from, const char *path);

#endif
