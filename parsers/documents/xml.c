/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <string.h>

enum { STEP_BYTES = 64 << 10, SPACES_KEPT = 16, FIELDS = 5, ENTITY_BYTES_MAX = 256 };

/* ---- namespaces ---- */

#define OOXML  "http://schemas.openxmlformats.org/"
#define STRICT "http://purl.oclc.org/ooxml/"
#define ODF    "urn:oasis:names:tc:opendocument:xmlns:"

static const struct {
    const char *uri;
    enum xml_space space;
} SPACES[] = {
    {OOXML "wordprocessingml/2006/main", XML_WORD},
    {STRICT "wordprocessingml/main", XML_WORD},
    {OOXML "spreadsheetml/2006/main", XML_SHEET},
    {STRICT "spreadsheetml/main", XML_SHEET},
    {OOXML "presentationml/2006/main", XML_SLIDE},
    {STRICT "presentationml/main", XML_SLIDE},
    {OOXML "drawingml/2006/main", XML_DRAWING},
    {STRICT "drawingml/main", XML_DRAWING},
    {OOXML "drawingml/2006/chart", XML_CHART},
    {STRICT "drawingml/chart", XML_CHART},
    {OOXML "officeDocument/2006/math", XML_MATH},
    {STRICT "officeDocument/math", XML_MATH},
    {OOXML "drawingml/2006/wordprocessingDrawing", XML_ANCHOR},
    {STRICT "drawingml/wordprocessingDrawing", XML_ANCHOR},
    {OOXML "drawingml/2006/spreadsheetDrawing", XML_ANCHOR},
    {STRICT "drawingml/spreadsheetDrawing", XML_ANCHOR},
    {"urn:schemas-microsoft-com:vml", XML_VML},
    {OOXML "markup-compatibility/2006", XML_CHOICE},
    {"http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments", XML_THREADED},
    {OOXML "officeDocument/2006/relationships", XML_RELATION},
    {STRICT "officeDocument/relationships", XML_RELATION},
    {OOXML "package/2006/relationships", XML_RELATIONS},
    {OOXML "package/2006/content-types", XML_TYPES},
    {OOXML "package/2006/metadata/core-properties", XML_CORE},
    {OOXML "officeDocument/2006/extended-properties", XML_EXTENDED},
    {STRICT "officeDocument/extendedProperties", XML_EXTENDED},
    {OOXML "officeDocument/2006/custom-properties", XML_CUSTOM},
    {STRICT "officeDocument/customProperties", XML_CUSTOM},
    {OOXML "officeDocument/2006/docPropsVTypes", XML_VARIANT},
    {STRICT "officeDocument/docPropsVTypes", XML_VARIANT},
    {"http://purl.org/dc/elements/1.1/", XML_DC},
    {"http://purl.org/dc/terms/", XML_DCTERMS},
    {ODF "office:1.0", XML_OFFICE},
    {ODF "text:1.0", XML_TEXT},
    {ODF "table:1.0", XML_TABLE},
    {ODF "drawing:1.0", XML_DRAW},
    {ODF "style:1.0", XML_STYLE},
    {ODF "presentation:1.0", XML_PRESENTATION},
    {ODF "meta:1.0", XML_META},
    {ODF "manifest:1.0", XML_MANIFEST},
    {ODF "svg-compatible:1.0", XML_ODF_SVG},
    {"http://www.w3.org/1999/xlink", XML_XLINK},
};

static enum xml_space find_space(const char *uri) {
    if (uri == NULL)
        return XML_NONE;
    for (size_t i = 0; i < sizeof SPACES / sizeof SPACES[0]; i++)
        if (strcmp(uri, SPACES[i].uri) == 0)
            return SPACES[i].space;
    return XML_OTHER;
}

/* ---- attributes: libxml2 gives five fields for each ---- */

const char *xml_attribute_bytes(const struct xml_attributes *a, enum xml_space space,
                                const char *name, size_t *ret_size) {
    for (int i = 0; i < a->count; i++) {
        const unsigned char *const *field = a->list + (ptrdiff_t)i * FIELDS;
        if (strcmp((const char *)field[0], name) != 0 ||
            find_space((const char *)field[2]) != space)
            continue;
        *ret_size = (size_t)(field[4] - field[3]);
        return (const char *)field[3];
    }
    *ret_size = 0;
    return NULL;
}

int xml_element(const struct xml_word *word, size_t count, enum xml_space space, const char *name,
                int otherwise) {
    for (size_t i = 0; i < count; i++)
        if (word[i].space == space && strcmp(word[i].name, name) == 0)
            return word[i].element;
    return otherwise;
}

bool xml_attribute(const struct xml_attributes *a, enum xml_space space, const char *name, char *to,
                   size_t size_bytes) {
    size_t size;
    const char *value = xml_attribute_bytes(a, space, name, &size);
    size = size < size_bytes ? size : size_bytes - 1;
    while (value != NULL && size > 0 && size == size_bytes - 1 &&
           ((uint8_t)value[size] & 0xC0) == 0x80)
        size--; /* not in the middle of a character */
    if (size > 0)
        memcpy(to, value, size);
    to[size] = '\0';
    return value != NULL;
}

uint64_t xml_attribute_number(const struct xml_attributes *a, enum xml_space space,
                              const char *name, uint64_t max, uint64_t otherwise) {
    size_t size;
    const char *value = xml_attribute_bytes(a, space, name, &size);
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9' || number > max / 10)
            return otherwise;
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    return size == 0 || number > max ? otherwise : number;
}

bool xml_attribute_is_true(const struct xml_attributes *a, enum xml_space space, const char *name,
                           bool otherwise) {
    char value[8];
    if (!xml_attribute(a, space, name, value, sizeof value))
        return otherwise;
    return strcmp(value, "1") == 0 || strcmp(value, "true") == 0 || strcmp(value, "on") == 0;
}

/* ---- markup compatibility: ECMA-376-3 §7.6 ---- */

#define MICROSOFT "http://schemas.microsoft.com/office/"

static bool is_known(const char *uri) {
    static const char *const EXTENSIONS[] = {
        MICROSOFT "word/2010/wordprocessingShape",
        MICROSOFT "word/2010/wordprocessingGroup",
        MICROSOFT "word/2010/wordprocessingCanvas",
        MICROSOFT "word/2010/wordprocessingDrawing",
        MICROSOFT "word/2010/wordml",
        MICROSOFT "word/2012/wordml",
        MICROSOFT "drawing/2010/main",
        MICROSOFT "drawing/2007/8/2/chart",
        MICROSOFT "powerpoint/2010/main",
        MICROSOFT "powerpoint/2012/main",
        MICROSOFT "spreadsheetml/2009/9/main",
        MICROSOFT "spreadsheetml/2010/11/main",
    };
    for (size_t i = 0; i < sizeof EXTENSIONS / sizeof EXTENSIONS[0]; i++)
        if (strcmp(uri, EXTENSIONS[i]) == 0)
            return true;
    return find_space(uri) != XML_OTHER;
}

/* The innermost one that has this prefix; libxml2 keeps pairs. */
static const char *namespace_of(const struct xml_attributes *a, const char *prefix, size_t size) {
    for (int i = a->scope_count - 2; i >= 0; i -= 2) {
        const char *one = (const char *)a->scope[i];
        if (one != NULL && a->scope[i + 1] != NULL && strlen(one) == size &&
            memcmp(one, prefix, size) == 0)
            return (const char *)a->scope[i + 1];
    }
    return NULL;
}

bool xml_requires_known(const struct xml_attributes *a) {
    char list[256];
    size_t size, any = 0;
    (void)xml_attribute_bytes(a, XML_NONE, "Requires", &size);
    if (size >= sizeof list || !xml_attribute(a, XML_NONE, "Requires", list, sizeof list))
        return false;
    for (const char *at = list + strspn(list, " \t\r\n"); *at != '\0'; any++) {
        size = strcspn(at, " \t\r\n");
        const char *uri = namespace_of(a, at, size);
        if (uri == NULL || !is_known(uri))
            return false;
        at += size;
        at += strspn(at, " \t\r\n");
    }
    return any > 0;
}

/* ---- events ---- */

struct reading {
    const struct xml_handler *handler;
    xmlParserCtxtPtr parser;
    struct ex_error *wrong, *err;
    ex_code code; /* what the handler returned */
    unsigned depth;
    const void *uri[SPACES_KEPT]; /* libxml2 keeps one copy of each; what they were found to be */
    enum xml_space space[SPACES_KEPT];
    size_t next;
};

static enum xml_space space_of(struct reading *r, const xmlChar *uri) {
    for (size_t i = 0; i < SPACES_KEPT; i++)
        if (r->uri[i] == uri && uri != NULL)
            return r->space[i];
    enum xml_space space = find_space((const char *)uri);
    r->uri[r->next] = uri;
    r->space[r->next] = space;
    r->next = (r->next + 1) % SPACES_KEPT;
    return space;
}

static void stop_with(struct reading *r, ex_code code) {
    if (code == EX_OK || r->code != EX_OK)
        return;
    r->code = code;
    xmlStopParser(r->parser);
}

static void set_wrong(struct reading *r, ex_code code, const char *what) {
    if (r->wrong->code != EX_OK)
        return;
    memset(r->wrong, 0, sizeof *r->wrong);
    r->wrong->code = code;
    (void)snprintf(r->wrong->text, sizeof r->wrong->text, "%s (line %d)", what,
                   xmlSAX2GetLineNumber(r->parser));
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int spaces, const xmlChar **space, int attributes, int defaulted,
                     const xmlChar **attribute) {
    struct reading *r = context;
    const struct xml_attributes a = {
        attribute, attributes, (const unsigned char *const *)r->parser->nsTab, r->parser->nsNr};
    (void)prefix, (void)spaces, (void)space, (void)defaulted;
    if (r->code != EX_OK)
        return;
    if (++r->depth > XML_DEPTH_MAX) {
        set_wrong(r, EX_LIMIT, "elements are nested too deep");
        xmlStopParser(r->parser);
        return;
    }
    stop_with(r, r->handler->start(r->handler->context, space_of(r, uri), (const char *)name, &a,
                                   r->err));
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    struct reading *r = context;
    (void)prefix;
    if (r->code != EX_OK)
        return;
    r->depth -= r->depth > 0 ? 1 : 0;
    stop_with(r,
              r->handler->end(r->handler->context, space_of(r, uri), (const char *)name, r->err));
}

static void on_text(void *context, const xmlChar *bytes, int size) {
    struct reading *r = context;
    if (r->code == EX_OK && size > 0)
        stop_with(r,
                  r->handler->text(r->handler->context, (const char *)bytes, (size_t)size, r->err));
}

/* One that was declared somewhere: it stays as it stands. */
static void on_reference(void *context, const xmlChar *name) {
    struct reading *r = context;
    char text[ENTITY_BYTES_MAX + 4];
    if (xmlStrlen(name) > ENTITY_BYTES_MAX)
        name = (const xmlChar *)"?";
    int size = snprintf(text, sizeof text, "&%s;", (const char *)name);
    set_wrong(r, EX_UNSUPPORTED, "an entity of its own is not expanded");
    on_text(context, (const xmlChar *)text, size);
}

/* Its declarations are not taken. So what is not declared may be none the less, and is no damage.
 */
static void on_doctype(void *context, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id) {
    struct reading *r = context;
    (void)name, (void)public_id, (void)system_id;
    r->parser->standalone = 0;
    r->parser->hasExternalSubset = 1;
}

/* None is ever known but the five that libxml2 knows by itself. */
static xmlEntityPtr get_entity(void *context, const xmlChar *name) {
    (void)context, (void)name;
    return NULL;
}

static xmlParserInputPtr load_nothing(void *context, const xmlChar *public_id,
                                      const xmlChar *system_id) {
    (void)context, (void)public_id, (void)system_id;
    return NULL;
}

static ex_code code_of(int error) {
    switch (error) {
    case XML_ERR_UNSUPPORTED_ENCODING:
    case XML_ERR_UNKNOWN_ENCODING:
        return EX_UNSUPPORTED;
    case XML_ERR_NO_MEMORY:
        return EX_LIMIT;
    default:
        return EX_FORMAT;
    }
}

static bool has_words(const char *text, const char *words) {
    return text != NULL && strstr(text, words) != NULL;
}

/* libxml2 tells its limits from damage by words alone. */
static void on_error(void *context, xmlErrorPtr e) {
    struct reading *r = context;
    char what[160];
    if (e->level < XML_ERR_ERROR || e->domain == XML_FROM_NAMESPACE)
        return;
    ex_code code = has_words(e->message, "xcessive depth") || has_words(e->message, "too long") ||
                           has_words(e->message, "too big") ||
                           has_words(e->message, "XML_PARSE_HUGE")
                       ? EX_LIMIT
                       : code_of(e->code);
    if (e->code == XML_WAR_UNDECLARED_ENTITY) {
        set_wrong(r, EX_UNSUPPORTED, "an entity of its own is not expanded");
        return;
    }
    (void)snprintf(what, sizeof what, "not well-formed: %s",
                   e->message == NULL ? "no reason is given" : e->message);
    for (char *c = what; *c != '\0'; c++)
        *c = *c == '\n' ? ' ' : *c;
    set_wrong(r, code, what);
}

static const xmlSAXHandler EVENTS = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .cdataBlock = on_text,
    .ignorableWhitespace = on_text,
    .reference = on_reference,
    .getEntity = get_entity,
    .getParameterEntity = get_entity,
    .resolveEntity = load_nothing,
    .serror = on_error,
};

/* ---- all of it ---- */

static void feed(struct reading *r, const uint8_t *data, size_t size) {
    for (size_t at = 0, part;
         at < size && r->code == EX_OK && r->wrong->code != EX_FORMAT && r->wrong->code != EX_LIMIT;
         at += part) {
        part = size - at < STEP_BYTES ? size - at : STEP_BYTES;
        if (xmlParseChunk(r->parser, (const char *)data + at, (int)part, 0) != XML_ERR_OK &&
            r->parser->disableSAX != 0)
            break;
    }
    if (r->code == EX_OK)
        (void)xmlParseChunk(r->parser, NULL, 0, 1);
}

ex_code xml_parse(const uint8_t *data, size_t size_bytes, const struct xml_handler *handler,
                  struct ex_error *ret_wrong, struct ex_error *err) {
    xmlSAXHandler events = EVENTS;
    struct reading r = {.handler = handler, .wrong = ret_wrong, .err = err};
    memset(ret_wrong, 0, sizeof *ret_wrong);
    r.parser = xmlCreatePushParserCtxt(&events, &r, NULL, 0, NULL);
    if (r.parser == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to read XML");
    /* NOENT: the five come as characters, in attributes too; others are not known */
    (void)xmlCtxtUseOptions(r.parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_COMPACT);
    feed(&r, data, size_bytes);
    if (r.code == EX_OK && r.wrong->code == EX_OK && r.parser->wellFormed == 0)
        set_wrong(&r, EX_FORMAT, "not well-formed");
    if (r.parser->myDoc != NULL)
        xmlFreeDoc(r.parser->myDoc);
    xmlFreeParserCtxt(r.parser);
    return r.code;
}
