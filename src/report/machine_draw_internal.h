/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a machine report as it is drawn. What is not in the document is said to be missing. */
#ifndef EXHIBIT_REPORT_MACHINE_DRAW_INTERNAL_H
#define EXHIBIT_REPORT_MACHINE_DRAW_INTERNAL_H

#include "report/document_internal.h"
#include "report/machine_paper_internal.h"

json_int_t draw_number(const json_t *from, const char *path); /* 0: not there */

/* In a block: where a row, or a time, stands in the item. */
void draw_standing(struct paper *p, const json_t *row);
/* What is shown of a list, by how it stands in the item, and how many are not. */
void draw_rows(struct paper *p, const json_t *list);
/* How many rows of it are not shown, and what shows them. */
void draw_rest(struct paper *p, const json_t *list);
/* `title` and `about` (or NULL) are ours. */
void draw_list(struct paper *p, const json_t *list, const char *title, const char *about);

/* ---- machine_draw_found.c ---- */

void draw_disk(struct paper *p, const json_t *r);
void draw_found(struct paper *p, const json_t *r);
void draw_not_examined(struct paper *p, const json_t *r);
void draw_parsers(struct paper *p, const json_t *r);

#endif
