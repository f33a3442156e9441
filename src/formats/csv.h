/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as people write it with a spreadsheet: RFC 4180, in UTF-8.
 *
 *     source,label,case
 *     /dev/sdb,"Laptop of A, ""the grey one""",7
 *
 * Fields are separated by commas and lines end with LF or CRLF (the last one may lack it); a field
 * in quotes may hold commas, line ends, and quotes written twice. A byte order mark at the
 * beginning is passed over. Every line has as many fields as the first; a line with nothing in it
 * is passed over.
 *
 * It is stricter than most readers, because a field that is read as another one becomes evidence
 * under the wrong name: a quote in the middle of a field, text behind a closing quote, a CR alone,
 * control characters other than tab (and line ends inside quotes), and what is not UTF-8 are errors
 * that name line and column. Both count from 1; a column is a character, not a field. It promises
 * nothing about what the fields mean.
 *
 * Written, texts are made visible (formats/visible.h), and kept from being taken for formulas: a
 * spreadsheet computes what begins with =, +, - or @, also in their wide forms, so these texts get
 * an apostrophe before them, and those that begin with an apostrophe another one.
 *
 * Errors: EX_FORMAT, EX_LIMIT. Threads: nothing is shared.
 */
#ifndef EXHIBIT_FORMATS_CSV_H
#define EXHIBIT_FORMATS_CSV_H

#include "base/error.h"
#include "base/mem.h"
#include <stddef.h>
#include <stdio.h>

enum {
    CSV_BYTES_MAX = 4 << 20,
    CSV_ROWS_MAX = 10000,
    CSV_FIELDS_MAX = 32, /* of one line */
    CSV_FIELD_BYTES_MAX = 4096
};

struct csv_field {
    const char *text; /* with a NUL behind it; the table's */
    unsigned line, column;
};

struct csv {
    size_t row_count, field_count; /* the first row too; fields of each row */
    struct csv_field *field;       /* row_count * field_count of them, row by row */
    size_t capacity;
    char *texts; /* where the texts are */
};

/* `name` is for messages: "\"NAME\", line 3, column 7: …". A table without any row is EX_FORMAT. */
EX_MUST_USE ex_code csv_parse(const char *name, const void *data, size_t size_bytes,
                              struct csv *ret, struct ex_error *err);
void csv_clear(struct csv *c);

static inline const struct csv_field *csv_at(const struct csv *c, size_t row, size_t column) {
    return &c->field[row * c->field_count + column];
}

/* A text as one field: without the comma before it or the line's end. NULL: an empty one. It never
 * spans lines. Errors are those of the stream. */
void csv_put(FILE *to, const char *text);

#endif
