/* SPDX-License-Identifier: Apache-2.0 */
/* OpenDocument 1.2 part 1: which parts there are, and their elements. What they say is put together
 * in odf_text.c. */
#include "parsers/documents/odf_internal.h"

#include <stdio.h>
#include <strings.h>

/* ---- elements ---- */

enum element {
    E_PARAGRAPH,
    E_SPAN,
    E_SPACES,
    E_TAB,
    E_BREAK,
    E_LINK,
    E_NOTE,
    E_ANNOTATION,
    E_HIDDEN_TEXT,
    E_HIDDEN_PARAGRAPH,
    E_SECTION,
    E_DELETION,
    E_INSERTION,
    E_SHEET_CHANGES,
    E_WHO,
    E_WHEN,
    E_DESCRIPTION,
    E_IGNORED, /* its characters are no text of the document */
    E_SPREADSHEET,
    E_TABLE,
    E_COLUMN,
    E_ROW,
    E_CELL,
    E_STYLE,
    E_TABLE_STYLE,
    E_PAGE_STYLE,
    E_TEXT_STYLE,
    E_PAGE,
    E_NOTES,
    E_MASTER,
    E_HEADER,
    E_FOOTER,
    E_UNKNOWN
};

static const struct xml_word ELEMENTS[] = {
    {XML_TEXT, "p", E_PARAGRAPH},
    {XML_TEXT, "h", E_PARAGRAPH},
    {XML_TEXT, "span", E_SPAN},
    {XML_TEXT, "s", E_SPACES},
    {XML_TEXT, "tab", E_TAB},
    {XML_TEXT, "line-break", E_BREAK},
    {XML_TEXT, "a", E_LINK},
    {XML_DRAW, "a", E_LINK},
    {XML_DRAW, "image", E_LINK},
    {XML_DRAW, "object", E_LINK},
    {XML_DRAW, "object-ole", E_LINK},
    {XML_DRAW, "plugin", E_LINK},
    {XML_TEXT, "section-source", E_LINK},
    {XML_TABLE, "table-source", E_LINK},
    {XML_TABLE, "cell-range-source", E_LINK},
    {XML_TEXT, "note", E_NOTE},
    {XML_OFFICE, "annotation", E_ANNOTATION},
    {XML_TEXT, "hidden-text", E_HIDDEN_TEXT},
    {XML_TEXT, "hidden-paragraph", E_HIDDEN_PARAGRAPH},
    {XML_TEXT, "section", E_SECTION},
    {XML_TEXT, "deletion", E_DELETION},
    {XML_TEXT, "insertion", E_INSERTION},
    {XML_TABLE, "tracked-changes", E_SHEET_CHANGES},
    {XML_DC, "creator", E_WHO},
    {XML_DC, "date", E_WHEN},
    {XML_ODF_SVG, "title", E_DESCRIPTION},
    {XML_ODF_SVG, "desc", E_DESCRIPTION},
    {XML_TEXT, "note-citation", E_IGNORED},
    {XML_META, "date-string", E_IGNORED},
    {XML_META, "creator-initials", E_IGNORED},
    {XML_OFFICE, "binary-data", E_IGNORED},
    {XML_OFFICE, "spreadsheet", E_SPREADSHEET},
    {XML_TABLE, "table", E_TABLE},
    {XML_TABLE, "table-column", E_COLUMN},
    {XML_TABLE, "table-row", E_ROW},
    {XML_TABLE, "table-cell", E_CELL},
    {XML_TABLE, "covered-table-cell", E_CELL},
    {XML_STYLE, "style", E_STYLE},
    {XML_STYLE, "table-properties", E_TABLE_STYLE},
    {XML_STYLE, "drawing-page-properties", E_PAGE_STYLE},
    {XML_STYLE, "text-properties", E_TEXT_STYLE},
    {XML_DRAW, "page", E_PAGE},
    {XML_PRESENTATION, "notes", E_NOTES},
    {XML_STYLE, "master-page", E_MASTER},
    {XML_STYLE, "header", E_HEADER},
    {XML_STYLE, "header-left", E_HEADER},
    {XML_STYLE, "header-first", E_HEADER},
    {XML_STYLE, "footer", E_FOOTER},
    {XML_STYLE, "footer-left", E_FOOTER},
    {XML_STYLE, "footer-first", E_FOOTER},
};

static enum element element_of(enum xml_space space, const char *name) {
    return (enum element)xml_element(ELEMENTS, sizeof ELEMENTS / sizeof ELEMENTS[0], space, name,
                                     E_UNKNOWN);
}

/* ---- events ---- */

static ex_code start_text(struct odf *d, enum element e, const struct xml_attributes *a,
                          struct ex_error *err) {
    switch ((int)e) {
    case E_PARAGRAPH:
        odf_start_paragraph(d, a);
        break;
    case E_SPAN:
        odf_start_span(d, a);
        break;
    case E_SPACES:
        return odf_put_spaces(d, xml_attribute_number(a, XML_TEXT, "c", ODF_SPACES_MAX, 1), err);
    case E_TAB:
        return odf_put_mark(d, '\t', err);
    case E_BREAK:
        return odf_put_mark(d, '\n', err);
    case E_LINK:
        return odf_keep_link(d, a, err);
    case E_NOTE:
        return odf_start_note(d, a, err);
    case E_ANNOTATION:
        odf_start_aside(d, ODF_COMMENT);
        break;
    case E_HIDDEN_TEXT:
        return odf_keep_hidden(d, a, err);
    case E_HIDDEN_PARAGRAPH:
        odf_hide_paragraph(d);
        break;
    case E_SECTION:
        odf_start_section(d, a);
        break;
    }
    return EX_OK;
}

static ex_code start_change(struct odf *d, enum element e) {
    switch ((int)e) {
    case E_DELETION:
        odf_start_aside(d, ODF_DELETED);
        break;
    case E_INSERTION:
        odf_start_aside(d, ODF_INSERTED);
        break;
    case E_SHEET_CHANGES:
        odf_start_aside(d, ODF_PREVIOUS);
        break;
    case E_WHO:
        odf_take(d, ODF_TAKE_WHO);
        break;
    case E_WHEN:
        odf_take(d, ODF_TAKE_WHEN);
        break;
    case E_DESCRIPTION:
        odf_take(d, ODF_TAKE_DESCRIPTION);
        break;
    case E_IGNORED:
        odf_take(d, ODF_TAKE_NOTHING);
        break;
    }
    return EX_OK;
}

static ex_code start_frame(struct odf *d, enum element e, const struct xml_attributes *a,
                           struct ex_error *err) {
    switch ((int)e) {
    case E_SPREADSHEET:
        d->spreadsheet = true;
        break;
    case E_TABLE:
        return odf_start_table(d, a, err);
    case E_COLUMN:
        odf_add_column(d, a);
        break;
    case E_ROW:
        odf_start_row(d, a);
        break;
    case E_CELL:
        return odf_start_cell(d, a, err);
    case E_STYLE:
        odf_start_style(d, a);
        break;
    case E_TABLE_STYLE:
    case E_PAGE_STYLE:
    case E_TEXT_STYLE:
        odf_take_style(d, a);
        break;
    case E_PAGE:
        return odf_start_page(d, a, err);
    case E_NOTES:
        text_heading(&d->office->text, "notes of slide %u", d->pages);
        break;
    case E_MASTER:
        text_heading(&d->office->text, "master page");
        break;
    case E_HEADER:
        text_heading(&d->office->text, "header");
        break;
    case E_FOOTER:
        text_heading(&d->office->text, "footer");
        break;
    }
    return EX_OK;
}

static ex_code on_start(void *context, enum xml_space space, const char *name,
                        const struct xml_attributes *a, struct ex_error *err) {
    struct odf *d = context;
    enum element e = element_of(space, name);
    if (e <= E_SECTION)
        return start_text(d, e, a, err);
    return e <= E_IGNORED ? start_change(d, e) : start_frame(d, e, a, err);
}

static ex_code on_end(void *context, enum xml_space space, const char *name, struct ex_error *err) {
    struct odf *d = context;
    switch ((int)element_of(space, name)) {
    case E_PARAGRAPH:
        return odf_end_paragraph(d, err);
    case E_SPAN:
        odf_end_span(d);
        break;
    case E_STYLE:
        d->style[0] = '\0';
        break;
    case E_NOTE:
    case E_ANNOTATION:
    case E_DELETION:
    case E_INSERTION:
    case E_SHEET_CHANGES:
    case E_SECTION:
        return odf_end_aside(d, err);
    case E_WHO:
    case E_WHEN:
    case E_DESCRIPTION:
    case E_IGNORED:
        return odf_end_take(d, err);
    case E_CELL:
        return odf_end_cell(d, err);
    case E_ROW:
        odf_end_row(d);
        break;
    }
    return EX_OK;
}

static ex_code on_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    return odf_put(context, bytes, size, err);
}

/* ---- parts ---- */

static ex_code read_part(struct office *o, struct package_part *part, struct ex_error *err) {
    EX_AUTO(odf_free) struct odf *d = ex_new0(struct odf);
    const struct xml_handler handler = {d, on_start, on_end, on_text};
    d->office = o;
    EX_TRY(office_parse(o, part, &handler, err));
    return odf_end(d, err);
}

/* An object in the document is a document in a folder. */
static ex_code read_objects(struct office *o, struct ex_error *err) {
    static const char NAME[] = "/content.xml";
    for (size_t i = 0; i < o->package.count; i++) {
        struct package_part *part = &o->package.part[i];
        size_t size = strlen(part->name);
        if (part->visited || size < sizeof NAME ||
            strcasecmp(part->name + size - (sizeof NAME - 1), NAME) != 0)
            continue;
        text_heading(&o->text, "object %.300s", part->name);
        EX_TRY(read_part(o, part, err));
    }
    return EX_OK;
}

/* ---- encryption: part 3 §4.8 ---- */

struct manifest {
    char path[PACKAGE_NAME_BYTES_MAX];
    bool content, meta;
};

static ex_code manifest_start(void *context, enum xml_space space, const char *name,
                              const struct xml_attributes *a, struct ex_error *err) {
    struct manifest *m = context;
    (void)err;
    if (space != XML_MANIFEST)
        return EX_OK;
    if (strcmp(name, "file-entry") == 0)
        (void)xml_attribute(a, XML_MANIFEST, "full-path", m->path, sizeof m->path);
    if (strcmp(name, "encryption-data") != 0)
        return EX_OK;
    m->content = m->content || strcmp(m->path, "content.xml") == 0 ||
                 strcmp(m->path, "encrypted-package") == 0;
    m->meta = m->meta || strcmp(m->path, "meta.xml") == 0;
    return EX_OK;
}

static ex_code manifest_end(void *context, enum xml_space space, const char *name,
                            struct ex_error *err) {
    (void)context, (void)space, (void)name, (void)err;
    return EX_OK;
}

static ex_code manifest_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    (void)context, (void)bytes, (void)size, (void)err;
    return EX_OK;
}

/* ---- the whole ---- */

static ex_code tell_trace(struct office *o, bool encrypted, struct ex_error *err) {
    const struct package_part *type = package_find(&o->package, "mimetype");
    uint32_t flags = PARSER_UNSIZED | (encrypted ? (uint32_t)PARSER_ENCRYPTED : 0);
    const struct parser_trace t = {.kind = PARSER_DOCUMENT, .flags = flags, .key = "document"};
    EX_TRY(parser_trace(o->run, &t, &o->trace, err));
    o->text.wanted = !encrypted;
    EX_TRY(parser_trace_text(o->run, "format", "odf", 3, err));
    return parser_trace_text(o->run, "content-type", type->data, type->size_bytes, err);
}

ex_code odf_examine(struct office *o, struct ex_error *err) {
    EX_AUTO_FREE struct manifest *m = ex_new0(struct manifest);
    const struct xml_handler handler = {m, manifest_start, manifest_end, manifest_text};
    struct package_part *manifest = package_find(&o->package, "META-INF/manifest.xml");
    struct package_part *content = package_find(&o->package, "content.xml");
    struct package_part *styles = package_find(&o->package, "styles.xml");
    struct package_part *meta = package_find(&o->package, "meta.xml");
    if (manifest != NULL)
        EX_TRY(office_parse(o, manifest, &handler, err));
    EX_TRY(tell_trace(o, m->content, err));
    if (meta != NULL && !m->meta)
        EX_TRY(properties_read(o, meta, PROPERTY_ODF, err));
    if (m->content)
        return EX_OK;
    if (content == NULL)
        text_wrong(&o->text, "content", EX_FORMAT, "it has no content.xml");
    else
        EX_TRY(read_part(o, content, err));
    if (styles != NULL)
        EX_TRY(read_part(o, styles, err));
    return read_objects(o, err);
}
