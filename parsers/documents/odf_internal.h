/* SPDX-License-Identifier: Apache-2.0 */
/* A part of an OpenDocument document that is being read. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_ODF_INTERNAL_H
#define EXHIBIT_PARSERS_DOCUMENTS_ODF_INTERNAL_H

#include "parsers/documents/office_internal.h"

enum {
    ODF_SPACES_MAX = 10000,
    ODF_FRAMES_MAX = 32,
    ODF_ASIDES_MAX = 32,
    ODF_SPANS_MAX = 64,
    ODF_STYLES_MAX = 1024,
    ODF_COLUMNS_MAX = 1024, /* groups of hidden columns */
    ODF_CELLS_MAX = 1 << 24 /* columns or rows of a sheet */
};

/* What a paragraph belongs to. */
enum odf_aside {
    ODF_MAIN,
    ODF_NOTE,
    ODF_COMMENT,
    ODF_HIDDEN,
    ODF_DELETED,
    ODF_INSERTED,
    ODF_PREVIOUS /* value of a cell that was changed */
};

enum odf_taking {
    ODF_TAKE_TEXT,
    ODF_TAKE_NOTHING,
    ODF_TAKE_WHO,
    ODF_TAKE_WHEN,
    ODF_TAKE_DESCRIPTION
};

struct odf_frame { /* a paragraph that is open */
    struct odf_line {
        struct piece text;
        bool space; /* white space is left out: there was some */
    } shown, all;
    bool hidden;      /* all of it */
    bool some_hidden; /* characters of it */
    unsigned spans, spans_left_out;
    bool hides[ODF_SPANS_MAX + 1]; /* 0: its own style; then of the spans that are open */
};

struct odf {
    struct office *office;
    enum odf_taking taking;
    unsigned frames, frames_left_out, asides, asides_left_out;
    struct odf_frame frame[ODF_FRAMES_MAX];
    struct odf_opened {
        enum odf_aside what;
        bool headed; /* its heading was put */
        char who[OFFICE_WORD_BYTES], when[OFFICE_WORD_BYTES];
        size_t who_size, when_size;
        unsigned frames; /* that were open */
    } aside[ODF_ASIDES_MAX];
    struct piece notes, description;
    /* sheets and slides */
    bool spreadsheet, in_cell, row_hidden;
    unsigned tables, pages;
    uint64_t row, rows, column, columns; /* where the cell is, and how many are equal */
    uint64_t next_column;                /* of the columns that are described */
    struct piece cell, formula, value;
    size_t hidden_columns;
    struct {
        uint64_t from, to;
    } hidden_column[ODF_COLUMNS_MAX];
    char style[OFFICE_WORD_BYTES];
    size_t styles;
    char (*hidden_style)[OFFICE_WORD_BYTES]; /* "-text:T1", or "+" when it shows */
};
void odf_free(struct odf *d);
EX_DEFINE_AUTO(struct odf, odf_free);

/* ---- paragraphs and what is beside them: odf_text.c ---- */

void odf_start_paragraph(struct odf *d, const struct xml_attributes *a);
void odf_start_span(struct odf *d, const struct xml_attributes *a);
void odf_end_span(struct odf *d);
EX_MUST_USE ex_code odf_end_paragraph(struct odf *d, struct ex_error *err);
EX_MUST_USE ex_code odf_put(struct odf *d, const char *bytes, size_t size, struct ex_error *err);
EX_MUST_USE ex_code odf_put_spaces(struct odf *d, uint64_t count, struct ex_error *err);
/* A tabulator or a line break, as it is. */
EX_MUST_USE ex_code odf_put_mark(struct odf *d, char mark, struct ex_error *err);
EX_MUST_USE ex_code odf_keep_link(struct odf *d, const struct xml_attributes *a,
                                  struct ex_error *err);
EX_MUST_USE ex_code odf_keep_hidden(struct odf *d, const struct xml_attributes *a,
                                    struct ex_error *err);
void odf_hide_paragraph(struct odf *d);
EX_MUST_USE ex_code odf_start_note(struct odf *d, const struct xml_attributes *a,
                                   struct ex_error *err);
void odf_start_section(struct odf *d, const struct xml_attributes *a);
void odf_start_aside(struct odf *d, enum odf_aside what);
EX_MUST_USE ex_code odf_end_aside(struct odf *d, struct ex_error *err);
void odf_take(struct odf *d, enum odf_taking what);
EX_MUST_USE ex_code odf_end_take(struct odf *d, struct ex_error *err);
/* What is still open, and notes and comments. */
EX_MUST_USE ex_code odf_end(struct odf *d, struct ex_error *err);

/* ---- sheets and slides: odf_sheet.c ---- */

EX_MUST_USE ex_code odf_start_table(struct odf *d, const struct xml_attributes *a,
                                    struct ex_error *err);
void odf_add_column(struct odf *d, const struct xml_attributes *a);
void odf_start_row(struct odf *d, const struct xml_attributes *a);
void odf_end_row(struct odf *d);
EX_MUST_USE ex_code odf_start_cell(struct odf *d, const struct xml_attributes *a,
                                   struct ex_error *err);
EX_MUST_USE ex_code odf_end_cell(struct odf *d, struct ex_error *err);
void odf_start_style(struct odf *d, const struct xml_attributes *a);
/* What a style of this family and name says of it; `otherwise`: nothing. */
bool odf_style_hides(const struct odf *d, const char *family, const char *name, bool otherwise);
void odf_take_style(struct odf *d, const struct xml_attributes *a);
EX_MUST_USE ex_code odf_start_page(struct odf *d, const struct xml_attributes *a,
                                   struct ex_error *err);

#endif
