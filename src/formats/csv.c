/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/csv.h"

#include "base/cursor.h"
#include "formats/path_internal.h"

#include <string.h>

struct csv_reader {
    const char *name;
    struct ex_cursor in;
    struct csv *csv;
    char *end;             /* behind the last text */
    unsigned line, column; /* of the next character */
    size_t row_fields;     /* of the row that is being read */
};

enum { ANY_COLUMN = 0 };

void csv_clear(struct csv *c) {
    free(c->field);
    free(c->texts);
    *c = (struct csv){0};
}

static ex_code fail_at(const struct csv_reader *r, unsigned line, unsigned column, ex_code code,
                       const char *why, struct ex_error *err) {
    if (column == ANY_COLUMN)
        return ex_fail(err, code, "\"%.100s\", line %u: %s", r->name, line, why);
    return ex_fail(err, code, "\"%.100s\", line %u, column %u: %s", r->name, line, column, why);
}

static ex_code fail_here(const struct csv_reader *r, const char *why, struct ex_error *err) {
    return fail_at(r, r->line, r->column, EX_FORMAT, why, err);
}

/* ---- characters ---- */

static bool at_end(const struct csv_reader *r) {
    return ex_cursor_left(&r->in) == 0;
}

static uint8_t ahead(const struct csv_reader *r) {
    struct ex_cursor copy = r->in;
    return ex_cursor_u8(&copy);
}

/* LF, CRLF or the end: eaten and true. */
static bool take_line_end(struct csv_reader *r) {
    struct ex_cursor copy = r->in;
    if (at_end(r))
        return true;
    if (ex_cursor_u8(&copy) == '\r' && ex_cursor_u8(&copy) == '\n') {
        r->in = copy;
    } else {
        if (ahead(r) != '\n')
            return false;
        (void)ex_cursor_u8(&r->in);
    }
    r->line++;
    r->column = 1;
    return true;
}

/* One character of a field. */
static ex_code take_character(struct csv_reader *r, const char *begin, struct ex_error *err) {
    size_t from = r->in.pos;
    struct ex_cursor copy = r->in;
    uint32_t character = path_next_character(&copy);
    if (character == PATH_NO_CHARACTER)
        return fail_here(r, "this is not UTF-8", err);
    if (character == '\r')
        return fail_here(r, "a carriage return without a line feed", err);
    if ((character < ' ' && character != '\t' && character != '\n') ||
        (character >= 0x7F && character <= 0x9F))
        return fail_here(r, "a control character", err);
    size_t size = copy.pos - from;
    if ((size_t)(r->end - begin) + size > CSV_FIELD_BYTES_MAX)
        return fail_at(r, r->line, r->column, EX_LIMIT, "this field is too long", err);
    memcpy(r->end, r->in.data + from, size);
    r->end += size;
    r->in = copy;
    r->column = character == '\n' ? 1 : r->column + 1;
    r->line += character == '\n';
    return EX_OK;
}

/* ---- fields ---- */

static void take_quote(struct csv_reader *r) {
    (void)ex_cursor_u8(&r->in);
    r->column++;
}

static ex_code read_quoted(struct csv_reader *r, struct ex_error *err) {
    const char *begin = r->end;
    unsigned line = r->line, column = r->column;
    take_quote(r);
    for (;;) {
        if (at_end(r))
            return fail_at(r, line, column, EX_FORMAT, "this quote is never closed", err);
        if (ahead(r) == '"') {
            take_quote(r);
            if (at_end(r) || ahead(r) != '"')
                break;
        }
        struct ex_cursor copy = r->in;
        if (ex_cursor_u8(&copy) == '\r' && ex_cursor_u8(&copy) == '\n')
            (void)ex_cursor_u8(&r->in); /* a line end inside a field is an LF, whoever wrote it */
        EX_TRY(take_character(r, begin, err));
    }
    if (at_end(r) || ahead(r) == ',' || ahead(r) == '\r' || ahead(r) == '\n')
        return EX_OK;
    return fail_here(r, "text behind a closing quote: a quote in a text is written twice", err);
}

static ex_code read_plain(struct csv_reader *r, struct ex_error *err) {
    const char *begin = r->end;
    while (!at_end(r) && ahead(r) != ',' && ahead(r) != '\n') {
        struct ex_cursor copy = r->in;
        if (ex_cursor_u8(&copy) == '\r' && ex_cursor_u8(&copy) == '\n')
            return EX_OK;
        if (ahead(r) == '"')
            return fail_here(r, "a quote in the middle of a field: put all of it in quotes", err);
        EX_TRY(take_character(r, begin, err));
    }
    return EX_OK;
}

static ex_code read_field(struct csv_reader *r, size_t limit, struct ex_error *err) {
    struct csv *c = r->csv;
    if (r->row_fields == limit)
        return fail_here(r, c->row_count == 0 ? "too many columns" : "more fields than columns",
                         err);
    size_t count = c->row_count * c->field_count + r->row_fields;
    EX_TRY(ex_grow(&c->field, &c->capacity, count + 1, sizeof *c->field,
                   (size_t)CSV_ROWS_MAX * CSV_FIELDS_MAX * sizeof *c->field, "the fields", err));
    c->field[count] = (struct csv_field){.text = r->end, .line = r->line, .column = r->column};
    r->row_fields++;
    EX_TRY(!at_end(r) && ahead(r) == '"' ? read_quoted(r, err) : read_plain(r, err));
    *r->end++ = '\0';
    return EX_OK;
}

/* ---- lines ---- */

static ex_code read_row(struct csv_reader *r, struct ex_error *err) {
    struct csv *c = r->csv;
    size_t limit = c->row_count == 0 ? CSV_FIELDS_MAX : c->field_count;
    unsigned line = r->line;
    if (c->row_count == CSV_ROWS_MAX)
        return fail_at(r, line, ANY_COLUMN, EX_LIMIT, "too many lines", err);
    r->row_fields = 0;
    for (;;) {
        EX_TRY(read_field(r, limit, err));
        if (at_end(r) || ahead(r) != ',')
            break;
        (void)ex_cursor_u8(&r->in);
        r->column++;
    }
    if (!take_line_end(r))
        return fail_here(r, "a carriage return without a line feed", err);
    if (c->row_count == 0)
        c->field_count = r->row_fields;
    if (r->row_fields < c->field_count)
        return fail_at(r, line, ANY_COLUMN, EX_FORMAT, "fewer fields than columns", err);
    c->row_count++;
    return EX_OK;
}

static ex_code read_rows(struct csv_reader *r, struct ex_error *err) {
    while (!at_end(r)) {
        if (take_line_end(r)) /* nothing on it */
            continue;
        EX_TRY(read_row(r, err));
    }
    return r->csv->row_count > 0 ? EX_OK : ex_fail(err, EX_FORMAT, "\"%.100s\" is empty", r->name);
}

ex_code csv_parse(const char *name, const void *data, size_t size_bytes, struct csv *ret,
                  struct ex_error *err) {
    struct csv csv = {0};
    struct csv_reader r = {
        .name = name, .in = ex_cursor_make(data, size_bytes), .csv = &csv, .line = 1, .column = 1};
    if (size_bytes > CSV_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "\"%.100s\" has more than %d bytes", name, CSV_BYTES_MAX);
    /* Each field takes no more than it does in the file, and a NUL in place of what ends it. */
    EX_TRY(ex_alloc(size_bytes + 2, 1, CSV_BYTES_MAX + 2, "the table", &csv.texts, err));
    r.end = csv.texts;
    if (size_bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        (void)ex_cursor_bytes(&r.in, 3);
    ex_code code = read_rows(&r, err);
    if (code != EX_OK) {
        csv_clear(&csv);
        return code;
    }
    *ret = csv;
    return EX_OK;
}
