/* SPDX-License-Identifier: Apache-2.0 */
/* XML from outside, event by event, through libxml2: no tree, no entity but the five of XML itself,
 * nothing loaded, depth and lengths limited. */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_XML_H
#define EXHIBIT_PARSERS_DOCUMENTS_XML_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XML_DEPTH_MAX = 256 };

/* Vocabularies that are known; the transitional and the strict form of Office Open XML are one. */
enum xml_space {
    XML_NONE,     /* no namespace */
    XML_OTHER,    /* one that is not known */
    XML_WORD,     /* WordprocessingML */
    XML_SHEET,    /* SpreadsheetML */
    XML_SLIDE,    /* PresentationML */
    XML_DRAWING,  /* DrawingML: text of shapes */
    XML_CHART,    /* DrawingML: charts */
    XML_MATH,     /* Office Math */
    XML_ANCHOR,   /* DrawingML: where a picture stands in a text or a sheet */
    XML_VML,      /* the older drawings */
    XML_CHOICE,   /* markup compatibility */
    XML_THREADED, /* comments of spreadsheets that are answered */
    XML_RELATION, /* r:id */
    XML_RELATIONS,
    XML_TYPES, /* [Content_Types].xml */
    XML_CORE,  /* properties of packages */
    XML_EXTENDED,
    XML_CUSTOM,
    XML_VARIANT,
    XML_DC,
    XML_DCTERMS,
    XML_OFFICE, /* OpenDocument, from here on */
    XML_TEXT,
    XML_TABLE,
    XML_DRAW,
    XML_STYLE,
    XML_PRESENTATION,
    XML_META,
    XML_MANIFEST,
    XML_XLINK,
    XML_ODF_SVG
};

/* An element that a reader knows, by its own number for it. */
struct xml_word {
    enum xml_space space;
    const char *name;
    int element;
};
/* The number; `otherwise`: it is not among them. */
int xml_element(const struct xml_word *word, size_t count, enum xml_space space, const char *name,
                int otherwise);

struct xml_attributes {
    const unsigned char *const *list; /* libxml2's */
    int count;
    const unsigned char *const *scope; /* prefixes that hold here, each with its namespace */
    int scope_count;
};
/* A copy with a NUL behind it, cut at size_bytes; false, and an empty text: it has none. */
bool xml_attribute(const struct xml_attributes *a, enum xml_space space, const char *name, char *to,
                   size_t size_bytes);
/* The same as it stands: not terminated; NULL: none. */
const char *xml_attribute_bytes(const struct xml_attributes *a, enum xml_space space,
                                const char *name, size_t *ret_size);
/* A whole number up to `max`; `otherwise` when it is none. */
uint64_t xml_attribute_number(const struct xml_attributes *a, enum xml_space space,
                              const char *name, uint64_t max, uint64_t otherwise);
/* "1", "true", "on"; `otherwise` when there is no such attribute. */
bool xml_attribute_is_true(const struct xml_attributes *a, enum xml_space space, const char *name,
                           bool otherwise);

/* mc:Choice: does `Requires` name prefixes, and all of namespaces that are known: those above, and
 * the extensions that the Choices of Office need? docs/documents.md names them. */
bool xml_requires_known(const struct xml_attributes *a);

struct xml_handler {
    void *context;
    ex_code (*start)(void *context, enum xml_space space, const char *name,
                     const struct xml_attributes *a, struct ex_error *err);
    ex_code (*end)(void *context, enum xml_space space, const char *name, struct ex_error *err);
    /* Text without markup, in pieces. */
    ex_code (*text)(void *context, const char *bytes, size_t size_bytes, struct ex_error *err);
};

/* Calls the handler as far as it goes. What the handler returns ends it, and is returned; what is
 * wrong with the XML is in *ret_wrong (code EX_OK: nothing), and the events before that hold. */
EX_MUST_USE ex_code xml_parse(const uint8_t *data, size_t size_bytes,
                              const struct xml_handler *handler, struct ex_error *ret_wrong,
                              struct ex_error *err);

#endif
