/* SPDX-License-Identifier: Apache-2.0 */
/* What a document says of itself: ECMA-376-2 §11 and ECMA-376-1 §22.2, §22.3; OpenDocument 1.2
 * part 1 §4.3. */
#include "parsers/documents/office_internal.h"

#include "parsers/shared/when.h"

#include <stdio.h>

enum { VALUE_BYTES_MAX = 16 << 10 };

static const struct property {
    enum property_part part;
    enum xml_space space;
    const char *element, *name;
    enum parser_time time; /* or 0 */
} PROPERTIES[] = {
    {PROPERTY_CORE, XML_DC, "title", "title", 0},
    {PROPERTY_CORE, XML_DC, "subject", "subject", 0},
    {PROPERTY_CORE, XML_DC, "creator", "author", 0},
    {PROPERTY_CORE, XML_CORE, "keywords", "keywords", 0},
    {PROPERTY_CORE, XML_DC, "description", "description", 0},
    {PROPERTY_CORE, XML_CORE, "lastModifiedBy", "last-modified-by", 0},
    {PROPERTY_CORE, XML_CORE, "revision", "revision", 0},
    {PROPERTY_CORE, XML_CORE, "category", "category", 0},
    {PROPERTY_CORE, XML_CORE, "contentStatus", "content-status", 0},
    {PROPERTY_CORE, XML_DC, "language", "language", 0},
    {PROPERTY_CORE, XML_DC, "identifier", "identifier", 0},
    {PROPERTY_CORE, XML_CORE, "version", "document-version", 0},
    {PROPERTY_CORE, XML_DCTERMS, "created", "created", PARSER_CREATED},
    {PROPERTY_CORE, XML_DCTERMS, "modified", "modified", PARSER_MODIFIED},
    {PROPERTY_CORE, XML_CORE, "lastPrinted", "printed", PARSER_PRINTED},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Template", "template", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Application", "application", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "AppVersion", "application-version", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Company", "company", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Manager", "manager", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "TotalTime", "editing-minutes", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Pages", "pages", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Words", "words", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Characters", "characters", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "Slides", "slides", 0},
    {PROPERTY_EXTENDED, XML_EXTENDED, "HyperlinkBase", "hyperlink-base", 0},
    {PROPERTY_ODF, XML_DC, "title", "title", 0},
    {PROPERTY_ODF, XML_DC, "subject", "subject", 0},
    {PROPERTY_ODF, XML_DC, "description", "description", 0},
    {PROPERTY_ODF, XML_META, "keyword", "keywords", 0},
    {PROPERTY_ODF, XML_META, "initial-creator", "author", 0},
    {PROPERTY_ODF, XML_DC, "creator", "last-modified-by", 0},
    {PROPERTY_ODF, XML_DC, "language", "language", 0},
    {PROPERTY_ODF, XML_META, "generator", "application", 0},
    {PROPERTY_ODF, XML_META, "editing-cycles", "revision", 0},
    {PROPERTY_ODF, XML_META, "editing-duration", "editing-duration", 0},
    {PROPERTY_ODF, XML_META, "printed-by", "printed-by", 0},
    {PROPERTY_ODF, XML_META, "creation-date", "created", PARSER_CREATED},
    {PROPERTY_ODF, XML_DC, "date", "modified", PARSER_MODIFIED},
    {PROPERTY_ODF, XML_META, "print-date", "printed", PARSER_PRINTED},
};
enum { PROPERTY_COUNT = sizeof PROPERTIES / sizeof PROPERTIES[0] };

struct reading {
    struct office *office;
    enum property_part part;
    const struct property *open; /* whose element this is in */
    bool custom;                 /* in a custom one */
    char name[OFFICE_WORD_BYTES];
    char value[VALUE_BYTES_MAX];
    size_t size;
    bool told[PROPERTY_COUNT];
    struct piece keywords; /* OpenDocument has an element for each */
};

static const struct property *property_of(const struct reading *r, enum xml_space space,
                                          const char *element) {
    for (size_t i = 0; i < PROPERTY_COUNT; i++)
        if (PROPERTIES[i].part == r->part && PROPERTIES[i].space == space &&
            strcmp(PROPERTIES[i].element, element) == 0)
            return &PROPERTIES[i];
    return NULL;
}

static bool is_custom(const struct reading *r, enum xml_space space, const char *element) {
    return (r->part == PROPERTY_CUSTOM && space == XML_CUSTOM &&
            strcmp(element, "property") == 0) ||
           (r->part == PROPERTY_ODF && space == XML_META && strcmp(element, "user-defined") == 0);
}

static ex_code on_start(void *context, enum xml_space space, const char *name,
                        const struct xml_attributes *a, struct ex_error *err) {
    struct reading *r = context;
    const struct property *p = property_of(r, space, name);
    char template[OFFICE_WORD_BYTES];
    if (p != NULL || is_custom(r, space, name)) {
        r->open = p;
        r->custom = p == NULL;
        r->size = 0;
        if (!xml_attribute(a, XML_NONE, "name", r->name, sizeof r->name))
            (void)xml_attribute(a, XML_META, "name", r->name, sizeof r->name);
    }
    if (r->part == PROPERTY_ODF && space == XML_META && strcmp(name, "template") == 0 &&
        (xml_attribute(a, XML_XLINK, "href", template, sizeof template) ||
         xml_attribute(a, XML_XLINK, "title", template, sizeof template)) &&
        *template != '\0')
        return parser_trace_text(r->office->run, "template", template, strlen(template), err);
    return EX_OK;
}

static ex_code on_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    struct reading *r = context;
    (void)err;
    if (r->open == NULL && !r->custom)
        return EX_OK;
    if (size > sizeof r->value - r->size) {
        size = sizeof r->value - r->size;
        text_wrong(&r->office->text, "property", EX_LIMIT, "a property of more than %d bytes",
                   VALUE_BYTES_MAX);
    }
    memcpy(r->value + r->size, bytes, size);
    r->size += size;
    return EX_OK;
}

/* ---- what was read ---- */

static ex_code tell_time(struct reading *r, const struct property *p, struct ex_error *err) {
    struct when when;
    char name[OFFICE_WORD_BYTES];
    const char *source = r->part == PROPERTY_ODF ? "odf:meta" : "ooxml:core-properties";
    if (when_parse(r->value, r->size, &when))
        return parser_trace_time(r->office->run, p->time, when.seconds, when.nanoseconds,
                                 when.resolution_ns, when.local, source, err);
    (void)snprintf(name, sizeof name, "%s-as-stored", p->name);
    return parser_trace_text(r->office->run, name, r->value, r->size, err);
}

static ex_code tell(struct reading *r, const struct property *p, struct ex_error *err) {
    size_t number = (size_t)(p - PROPERTIES);
    if (strcmp(p->name, "keywords") == 0 && r->part == PROPERTY_ODF) {
        if (r->keywords.size > 0)
            EX_TRY(piece_add(&r->keywords, ", ", 2, VALUE_BYTES_MAX, err));
        return piece_add(&r->keywords, r->value, r->size, 2 * VALUE_BYTES_MAX, err);
    }
    if (r->told[number]) {
        text_wrong(&r->office->text, "property", EX_FORMAT, "a property stands twice: %s", p->name);
        return EX_OK;
    }
    r->told[number] = true;
    if (p->time != 0)
        return tell_time(r, p, err);
    return parser_trace_text(r->office->run, p->name, r->value, r->size, err);
}

static ex_code keep_custom(struct reading *r, struct ex_error *err) {
    struct piece *to = &r->office->custom;
    office_flatten(r->name, strlen(r->name));
    office_flatten(r->value, r->size);
    EX_TRY(office_keep_text(r->office, to, r->name, err));
    EX_TRY(office_keep_text(r->office, to, "\t", err));
    EX_TRY(office_keep(r->office, to, r->value, r->size, err));
    return office_keep_text(r->office, to, "\n", err);
}

static ex_code on_end(void *context, enum xml_space space, const char *name, struct ex_error *err) {
    struct reading *r = context;
    const struct property *p = property_of(r, space, name);
    ex_code code = EX_OK;
    if (p != NULL && p == r->open && r->size > 0)
        code = tell(r, p, err);
    else if (r->custom && is_custom(r, space, name))
        code = keep_custom(r, err);
    if (p != NULL || is_custom(r, space, name)) {
        r->open = NULL;
        r->custom = false;
    }
    return code;
}

ex_code properties_read(struct office *o, struct package_part *part, enum property_part what,
                        struct ex_error *err) {
    EX_AUTO_FREE struct reading *r = ex_new0(struct reading);
    const struct xml_handler handler = {r, on_start, on_end, on_text};
    r->office = o;
    r->part = what;
    ex_code code = office_parse(o, part, &handler, err);
    if (code == EX_OK && r->keywords.size > 0)
        code = parser_trace_text(o->run, "keywords", r->keywords.bytes, r->keywords.size, err);
    piece_clear(&r->keywords);
    return code;
}
