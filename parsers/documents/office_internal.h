/* SPDX-License-Identifier: Apache-2.0 */
/* One office document that is being read: office.c decides what it is, ooxml.c goes from part to
 * part, flow.c reads paragraphs, sheet.c cells, odf.c and odf_sheet.c OpenDocument, properties.c
 * what a document says of itself. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_OFFICE_INTERNAL_H
#define EXHIBIT_PARSERS_DOCUMENTS_OFFICE_INTERNAL_H

#include "parsers/documents/package.h"
#include "parsers/documents/text.h"
#include "parsers/documents/xml.h"

enum { OFFICE_WORD_BYTES = 256 /* a name, a date, a reference */ };

struct office {
    struct parser_run *run;
    struct package package;
    uint32_t trace;
    char content_type[OFFICE_WORD_BYTES]; /* of the main part, as it stands */
    /* told behind the main text; lines */
    struct piece before, hidden, changes, fields, links, descriptions, other, custom;
    struct text text;
};

/* A line, or a part of one, of what is told behind the main text; what goes beyond its limit is
 * told as a problem. */
EX_MUST_USE ex_code office_keep(struct office *o, struct piece *p, const char *bytes,
                                size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code office_keep_text(struct office *o, struct piece *p, const char *text,
                                     struct ex_error *err);
/* In a line of fields: what would end a field or the line becomes a space. */
void office_flatten(char *bytes, size_t size_bytes);
/* A paragraph in the three readings of docs/documents.md. */
struct readings {
    struct piece shown, before, with_hidden;
    bool changed, hidden; /* something in it was, something in it is */
};
void readings_clear(struct readings *r);
EX_MUST_USE ex_code readings_put(struct office *o, struct readings *r, const char *bytes,
                                 size_t size_bytes, bool deleted, bool inserted, bool hidden,
                                 struct ex_error *err);
/* Its end: a line of the text, or of `to` when that is not NULL. `always`: even if it is empty. */
EX_MUST_USE ex_code readings_end(struct office *o, struct readings *r, bool always,
                                 struct piece *to, struct ex_error *err);

/* What stands behind the main text, section by section. */
EX_MUST_USE ex_code office_tell_sections(struct office *o, struct ex_error *err);
void office_free(struct office *o);
EX_DEFINE_AUTO(struct office, office_free);

/* Of a part that was kept; what is wrong with it is told. */
EX_MUST_USE ex_code office_parse(struct office *o, struct package_part *part,
                                 const struct xml_handler *handler, struct ex_error *err);

/* Paragraphs of a text document, of slides, notes, comments, charts, diagrams. */
EX_MUST_USE ex_code flow_read(struct office *o, struct package_part *part, struct ex_error *err);

/* ---- spreadsheets ---- */

struct strings { /* the table that sheets share */
    struct piece bytes;
    size_t count, capacity, used_capacity;
    struct string {
        size_t at, size;
        bool used;
    } * string;
};
void strings_clear(struct strings *s);
EX_MUST_USE ex_code strings_read(struct office *o, struct package_part *part, struct strings *s,
                                 struct ex_error *err);
EX_MUST_USE ex_code strings_tell_unused(struct office *o, const struct strings *s,
                                        struct ex_error *err);
EX_MUST_USE ex_code sheet_read(struct office *o, struct package_part *part, struct strings *s,
                               struct ex_error *err);
enum { SHEET_REFERENCE_BYTES = 24 };
/* "B3", from 1. */
void sheet_reference(uint64_t column, uint64_t row, char to[static SHEET_REFERENCE_BYTES]);

/* ---- what a document says of itself ---- */

enum property_part { PROPERTY_CORE, PROPERTY_EXTENDED, PROPERTY_CUSTOM, PROPERTY_ODF };
/* As attributes and times of the trace that was told last; custom ones as lines of o->custom. */
EX_MUST_USE ex_code properties_read(struct office *o, struct package_part *part,
                                    enum property_part what, struct ex_error *err);

/* EX_FORMAT: its main part is none that is known; *ret_type is what that is called. */
EX_MUST_USE ex_code ooxml_examine(struct office *o, struct ex_error *err);
EX_MUST_USE ex_code odf_examine(struct office *o, struct ex_error *err);

#endif
