/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine report is drawn on: text, or HTML that prints. Whoever writes says which words are
 * ours (they go as they are) and which are somebody's (they are made safe). */
#ifndef EXHIBIT_REPORT_MACHINE_PAPER_INTERNAL_H
#define EXHIBIT_REPORT_MACHINE_PAPER_INTERNAL_H

#include "base/mem.h"
#include "report/machine.h"

#include <stdio.h>

struct paper {
    FILE *to;
    bool html;
    bool inside; /* of a row: something stands before the next cell */
};

void paper_begin(struct paper *p, const char *title, const char *label);
void paper_end(struct paper *p);
void paper_heading(struct paper *p, unsigned level, const char *ours);
void paper_say(struct paper *p, const char *format, ...) EX_PRINTF(2, 3); /* ours: a paragraph */
void paper_points(struct paper *p, const json_t *ours);                   /* a list of texts */
void paper_alert(struct paper *p, const char *title, const json_t *texts);
/* Code of ours, perhaps with somebody's words in it. */
void paper_code(struct paper *p, const char *text);

/* A table: columns with `|` between them, ours. Cells come one after the other. */
void paper_table(struct paper *p, const char *columns);
/* One whose cells are mostly blocks: its columns are equally wide. */
void paper_blocks(struct paper *p, const char *columns);
void paper_row(struct paper *p);
void paper_number(struct paper *p, json_int_t number); /* a cell */
void paper_word(struct paper *p, const char *theirs);  /* a cell; NULL: a dash */
void paper_words(struct paper *p, const char *ours);   /* a cell */
/* A cell of lines of their own. */
void paper_block(struct paper *p);
void paper_block_end(struct paper *p);
void paper_row_end(struct paper *p);
void paper_table_end(struct paper *p);
/* In a block: a line `name: value`. `name` is somebody's too. */
void paper_pair(struct paper *p, const char *name, const char *theirs);
/* In a block: a line of its own. */
void paper_line(struct paper *p, const char *theirs);

/* A table of names and values. */
void paper_facts(struct paper *p);
void paper_fact(struct paper *p, const char *name, const char *theirs); /* NULL: not recorded */
void paper_fact_number(struct paper *p, const char *name, const json_t *number, const char *unit);
void paper_facts_end(struct paper *p);

#endif
