/* SPDX-License-Identifier: Apache-2.0 */
/* Sheets and slides of OpenDocument (OpenDocument 1.2 part 1 §9, §10.2.4). */
#include "parsers/documents/odf_internal.h"

#include <stdio.h>

/* ---- styles that hide ---- */

void odf_start_style(struct odf *d, const struct xml_attributes *a) {
    char family[32], name[OFFICE_WORD_BYTES - 40];
    (void)xml_attribute(a, XML_STYLE, "family", family, sizeof family);
    (void)xml_attribute(a, XML_STYLE, "name", name, sizeof name);
    (void)snprintf(d->style, sizeof d->style, "%s:%s", family, name);
}

void odf_take_style(struct odf *d, const struct xml_attributes *a) {
    char word[16];
    char sign = 0;
    if (xml_attribute(a, XML_TABLE, "display", word, sizeof word) && strcmp(word, "false") == 0)
        sign = '-';
    if (xml_attribute(a, XML_PRESENTATION, "visibility", word, sizeof word) &&
        strcmp(word, "hidden") == 0)
        sign = '-';
    if (xml_attribute(a, XML_TEXT, "display", word, sizeof word))
        sign = strcmp(word, "none") == 0 || strcmp(word, "condition") == 0 ? '-' : '+';
    if (sign == 0 || d->style[0] == '\0')
        return;
    if (d->styles >= ODF_STYLES_MAX) {
        text_wrong(&d->office->text, "styles", EX_LIMIT, "more than %d styles that hide",
                   ODF_STYLES_MAX);
        return;
    }
    if (d->hidden_style == NULL)
        d->hidden_style = calloc(ODF_STYLES_MAX, sizeof *d->hidden_style);
    if (d->hidden_style == NULL)
        return;
    char *to = d->hidden_style[d->styles++];
    to[0] = sign;
    memcpy(to + 1, d->style, sizeof d->style - 1);
}

bool odf_style_hides(const struct odf *d, const char *family, const char *name, bool otherwise) {
    size_t size = strlen(family);
    for (size_t i = 0; i < d->styles && *name != '\0'; i++) {
        const char *own = d->hidden_style[i];
        if (strncmp(own + 1, family, size) == 0 && own[1 + size] == ':' &&
            strcmp(own + size + 2, name) == 0)
            return own[0] == '-';
    }
    return otherwise;
}

/* ---- sheets ---- */

ex_code odf_start_table(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    char name[OFFICE_WORD_BYTES], style[OFFICE_WORD_BYTES - 40];
    if (!d->spreadsheet)
        return EX_OK;
    (void)xml_attribute(a, XML_TABLE, "name", name, sizeof name);
    (void)xml_attribute(a, XML_TABLE, "style-name", style, sizeof style);
    d->row = d->rows = d->next_column = d->hidden_columns = 0;
    text_heading(&d->office->text, "sheet %u%s: %s", ++d->tables,
                 odf_style_hides(d, "table", style, false) ? ", hidden" : "", name);
    return text_mark(&d->office->text, err);
}

static bool is_collapsed(const struct xml_attributes *a) {
    char word[16];
    (void)xml_attribute(a, XML_TABLE, "visibility", word, sizeof word);
    return strcmp(word, "collapse") == 0 || strcmp(word, "filter") == 0;
}

void odf_add_column(struct odf *d, const struct xml_attributes *a) {
    uint64_t count =
        xml_attribute_number(a, XML_TABLE, "number-columns-repeated", ODF_CELLS_MAX, 1);
    uint64_t from = d->next_column + 1;
    if (d->next_column < ODF_CELLS_MAX)
        d->next_column += count;
    if (!is_collapsed(a))
        return;
    if (d->hidden_columns >= ODF_COLUMNS_MAX) {
        text_wrong(&d->office->text, "columns", EX_LIMIT, "more than %d groups of hidden columns",
                   ODF_COLUMNS_MAX);
        return;
    }
    d->hidden_column[d->hidden_columns].from = from;
    d->hidden_column[d->hidden_columns++].to = d->next_column;
}

void odf_start_row(struct odf *d, const struct xml_attributes *a) {
    if (d->row < ODF_CELLS_MAX)
        d->row += d->rows; /* behind the one before */
    if (d->row == 0)
        d->row = 1;
    d->rows = xml_attribute_number(a, XML_TABLE, "number-rows-repeated", ODF_CELLS_MAX, 1);
    d->row_hidden = is_collapsed(a);
    d->column = 1;
    d->columns = 0;
}

void odf_end_row(struct odf *d) {
    d->row_hidden = false;
}

static ex_code take_value(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    static const char *const NAMES[] = {"value", "date-value", "time-value", "boolean-value",
                                        "string-value"};
    size_t size;
    d->value.size = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const char *value = xml_attribute_bytes(a, XML_OFFICE, NAMES[i], &size);
        if (size > 0)
            return office_keep(d->office, &d->value, value, size, err);
    }
    return EX_OK;
}

ex_code odf_start_cell(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    size_t size;
    const char *formula = xml_attribute_bytes(a, XML_TABLE, "formula", &size);
    if (!d->spreadsheet || d->asides > 0)
        return EX_OK;
    if (d->column < ODF_CELLS_MAX)
        d->column += d->columns;
    d->columns = xml_attribute_number(a, XML_TABLE, "number-columns-repeated", ODF_CELLS_MAX, 1);
    d->in_cell = true;
    d->cell.size = d->formula.size = 0;
    EX_TRY(take_value(d, a, err));
    return size > 0 ? office_keep(d->office, &d->formula, formula, size, err) : EX_OK;
}

static bool is_hidden(const struct odf *d) {
    for (size_t i = 0; i < d->hidden_columns; i++)
        if (d->column >= d->hidden_column[i].from && d->column <= d->hidden_column[i].to)
            return true;
    return d->row_hidden;
}

static void one_line(struct piece *p) {
    for (size_t i = 0; i < p->size; i++)
        if (p->bytes[i] == '\n')
            p->bytes[i] = '\v';
        else if (p->bytes[i] == '\t')
            p->bytes[i] = ' ';
}

ex_code odf_end_cell(struct odf *d, struct ex_error *err) {
    char first[SHEET_REFERENCE_BYTES], last[SHEET_REFERENCE_BYTES] = "",
                                       head[2 * SHEET_REFERENCE_BYTES + 16];
    struct text *t = &d->office->text;
    struct piece *text = d->cell.size > 0 ? &d->cell : &d->value;
    if (!d->in_cell || d->asides > 0)
        return EX_OK;
    d->in_cell = false;
    if (text->size == 0 && d->formula.size == 0)
        return EX_OK;
    sheet_reference(d->column, d->row, first);
    if (d->columns > 1 || d->rows > 1)
        sheet_reference(d->column + d->columns - 1, d->row + d->rows - 1, last);
    int size = snprintf(head, sizeof head, "%s%s%s%s\t", first, *last != '\0' ? ":" : "", last,
                        is_hidden(d) ? " (hidden)" : "");
    one_line(text);
    one_line(&d->formula);
    EX_TRY(text_put(t, head, (size_t)size, err));
    EX_TRY(text_put(t, text->bytes, text->size, err));
    if (d->formula.size > 0)
        EX_TRY(text_put(t, "\t", 1, err));
    EX_TRY(text_put(t, d->formula.bytes, d->formula.size, err));
    return text_put(t, "\n", 1, err);
}

/* ---- slides ---- */

ex_code odf_start_page(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    char name[OFFICE_WORD_BYTES], style[OFFICE_WORD_BYTES - 40];
    (void)xml_attribute(a, XML_DRAW, "name", name, sizeof name);
    (void)xml_attribute(a, XML_DRAW, "style-name", style, sizeof style);
    text_heading(&d->office->text, "slide %u%s: %s", ++d->pages,
                 odf_style_hides(d, "drawing-page", style, false) ? ", hidden" : "", name);
    return text_mark(&d->office->text, err);
}
