/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an Office Open XML package, along their relationships: ECMA-376-2 §9. */
#include "parsers/documents/office_internal.h"

#include <stdio.h>
#include <strings.h>

enum {
    RELATIONS_MAX = 100000,
    TARGET_BYTES = PACKAGE_NAME_BYTES_MAX,
    DEPTH_MAX = 8, /* of parts that are read because of another */
    SHEETS_MAX = 10000,
    TYPE_BYTES = 48,
    ID_BYTES = 64
};

struct relation {
    char id[ID_BYTES], type[TYPE_BYTES]; /* type: its last word */
    char *target;
    bool external;
};

struct relations {
    struct office *office;
    size_t count, capacity;
    struct relation *relation;
};

static void relations_free(struct relations *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->relation[i].target);
    free(r->relation);
    free(r);
}
EX_DEFINE_AUTO(struct relations, relations_free);

/* ---- relationships ---- */

static ex_code take_relation(void *context, enum xml_space space, const char *name,
                             const struct xml_attributes *a, struct ex_error *err) {
    struct relations *r = context;
    char type[256], target[TARGET_BYTES], mode[16];
    if (space != XML_RELATIONS || strcmp(name, "Relationship") != 0)
        return EX_OK;
    if (r->count >= RELATIONS_MAX) {
        text_wrong(&r->office->text, "relations", EX_LIMIT, "more than %d relationships",
                   RELATIONS_MAX);
        return EX_OK;
    }
    EX_TRY(ex_grow(&r->relation, &r->capacity, r->count + 1, sizeof *r->relation,
                   2 * RELATIONS_MAX * sizeof *r->relation, "relationships", err));
    struct relation *one = &r->relation[r->count++];
    *one = (struct relation){0};
    (void)xml_attribute(a, XML_NONE, "Id", one->id, sizeof one->id);
    (void)xml_attribute(a, XML_NONE, "Type", type, sizeof type);
    (void)xml_attribute(a, XML_NONE, "Target", target, sizeof target);
    one->external = xml_attribute(a, XML_NONE, "TargetMode", mode, sizeof mode) &&
                    strcasecmp(mode, "External") == 0;
    const char *slash = strrchr(type, '/');
    (void)snprintf(one->type, sizeof one->type, "%.40s", slash != NULL ? slash + 1 : type);
    one->target = ex_strdup(target);
    return EX_OK;
}

static ex_code ignore_end(void *context, enum xml_space space, const char *name,
                          struct ex_error *err) {
    (void)context, (void)space, (void)name, (void)err;
    return EX_OK;
}

static ex_code ignore_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    (void)context, (void)bytes, (void)size, (void)err;
    return EX_OK;
}

static ex_code keep_link(struct office *o, const struct relation *r, struct ex_error *err) {
    struct piece *to = &o->links;
    size_t from = to->size;
    EX_TRY(office_keep_text(o, to, r->type, err));
    EX_TRY(office_keep_text(o, to, " ", err));
    EX_TRY(office_keep_text(o, to, r->target, err));
    office_flatten(to->bytes + from, to->size - from);
    return office_keep_text(o, to, "\n", err);
}

/* Those of a part, or of the whole package (""). Links that lead out are kept. */
static ex_code read_relations(struct office *o, const char *name, struct relations *r,
                              struct ex_error *err) {
    char path[PACKAGE_NAME_BYTES_MAX + 16];
    const char *slash = strrchr(name, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - name);
    (void)snprintf(path, sizeof path, "%.*s_rels/%s.rels", folder, name, name + folder);
    struct package_part *part = package_find(&o->package, path);
    const struct xml_handler handler = {r, take_relation, ignore_end, ignore_text};
    r->office = o;
    if (part == NULL || part->visited)
        return EX_OK;
    EX_TRY(office_parse(o, part, &handler, err));
    for (size_t i = 0; i < r->count; i++)
        if (r->relation[i].external)
            EX_TRY(keep_link(o, &r->relation[i], err));
    return EX_OK;
}

/* NULL: it leads out, or to nothing. */
static struct package_part *target_of(struct office *o, const char *base,
                                      const struct relation *r) {
    char name[PACKAGE_NAME_BYTES_MAX];
    if (r->external || !package_resolve(base, r->target, name))
        return NULL;
    return package_find(&o->package, name);
}

static struct package_part *find_target(struct office *o, const char *base,
                                        const struct relations *r, const char *type) {
    for (size_t i = 0; i < r->count; i++) {
        struct package_part *part =
            strcmp(r->relation[i].type, type) == 0 ? target_of(o, base, &r->relation[i]) : NULL;
        if (part != NULL)
            return part;
    }
    return NULL;
}

/* ---- parts with paragraphs ---- */

/* What is read because a part refers to it, in this order. */
static const struct {
    const char *type, *heading;
    bool late; /* behind all others */
} FOLLOWED[] = {
    {"notesSlide", "notes", false},
    {"header", "header", false},
    {"footer", "footer", false},
    {"footnotes", "footnotes", false},
    {"endnotes", "endnotes", false},
    {"comments", "comments", false},
    {"threadedComment", "comments", false},
    {"drawing", "drawing", false},
    {"chart", "chart", false},
    {"diagramData", "diagram", false},
    {"glossaryDocument", "building blocks", true},
    {"commentAuthors", "authors of comments", true},
    {"person", "persons", true},
    {"notesMaster", "master of notes", true},
    {"handoutMaster", "master of handouts", true},
    {"slideMaster", "slide master", true},
    {"slideLayout", "slide layout", true},
};
enum { FOLLOWED_COUNT = sizeof FOLLOWED / sizeof FOLLOWED[0] };

struct late { /* to be read at the end */
    size_t count, capacity;
    struct {
        size_t part, rule;
    } * one;
};

struct walk {
    struct office *office;
    struct late late;
    struct strings strings;
    bool strings_known;
};

static ex_code add_late(struct walk *w, const struct package_part *part, size_t rule,
                        struct ex_error *err) {
    EX_TRY(ex_grow(&w->late.one, &w->late.capacity, w->late.count + 1, sizeof *w->late.one,
                   2 * PACKAGE_MEMBERS_MAX * sizeof *w->late.one, "parts", err));
    w->late.one[w->late.count].part = (size_t)(part - w->office->package.part);
    w->late.one[w->late.count++].rule = rule;
    return EX_OK;
}

static ex_code read_part(struct walk *w, struct package_part *part, unsigned depth,
                         struct ex_error *err);

/* A part is read once, whoever else refers to it. */
static ex_code follow(struct walk *w, const char *base, const struct relations *r, size_t rule,
                      unsigned depth, struct ex_error *err) {
    for (size_t i = 0; i < r->count; i++) {
        struct package_part *part = strcmp(r->relation[i].type, FOLLOWED[rule].type) == 0
                                        ? target_of(w->office, base, &r->relation[i])
                                        : NULL;
        if (part == NULL || part->visited)
            continue;
        part->visited = true;
        if (FOLLOWED[rule].late) {
            EX_TRY(add_late(w, part, rule, err));
            continue;
        }
        text_heading(&w->office->text, "%s", FOLLOWED[rule].heading);
        EX_TRY(read_part(w, part, depth + 1, err));
    }
    return EX_OK;
}

static ex_code follow_all(struct walk *w, const char *base, const struct relations *r,
                          unsigned depth, struct ex_error *err) {
    for (size_t rule = 0; rule < FOLLOWED_COUNT && depth < DEPTH_MAX; rule++)
        EX_TRY(follow(w, base, r, rule, depth, err));
    for (size_t i = 0; i < r->count; i++) { /* the others hold no text that is read */
        struct package_part *part = target_of(w->office, base, &r->relation[i]);
        bool own = strcmp(r->relation[i].type, "slide") == 0 ||
                   strcmp(r->relation[i].type, "worksheet") == 0;
        if (part != NULL && !own)
            part->visited = true;
    }
    return EX_OK;
}

static ex_code read_part(struct walk *w, struct package_part *part, unsigned depth,
                         struct ex_error *err) {
    EX_AUTO(relations_free) struct relations *r = ex_new0(struct relations);
    EX_TRY(flow_read(w->office, part, err));
    EX_TRY(read_relations(w->office, part->name, r, err));
    return follow_all(w, part->name, r, depth, err);
}

static ex_code read_late(struct walk *w, struct ex_error *err) {
    for (size_t i = 0; i < w->late.count; i++) {
        struct package_part *part = &w->office->package.part[w->late.one[i].part];
        text_heading(&w->office->text, "%s", FOLLOWED[w->late.one[i].rule].heading);
        EX_TRY(read_part(w, part, 1, err));
    }
    return EX_OK;
}

/* ---- sheets and slides, in the order of the document ---- */

struct listed {
    char id[ID_BYTES], name[OFFICE_WORD_BYTES], state[16];
};

struct listing {
    struct office *office;
    size_t count, capacity;
    struct listed *listed;
    struct piece names; /* that cells or formulas have */
    bool taking;
};

static ex_code add_listed(struct listing *l, const struct xml_attributes *a, struct ex_error *err) {
    if (l->count >= SHEETS_MAX) {
        text_wrong(&l->office->text, "sheets", EX_LIMIT, "more than %d sheets or slides",
                   SHEETS_MAX);
        return EX_OK;
    }
    EX_TRY(ex_grow(&l->listed, &l->capacity, l->count + 1, sizeof *l->listed,
                   2 * SHEETS_MAX * sizeof *l->listed, "sheets", err));
    struct listed *one = &l->listed[l->count++];
    (void)xml_attribute(a, XML_RELATION, "id", one->id, sizeof one->id);
    (void)xml_attribute(a, XML_NONE, "name", one->name, sizeof one->name);
    (void)xml_attribute(a, XML_NONE, "state", one->state, sizeof one->state);
    return EX_OK;
}

static ex_code list_start(void *context, enum xml_space space, const char *name,
                          const struct xml_attributes *a, struct ex_error *err) {
    struct listing *l = context;
    char word[OFFICE_WORD_BYTES];
    if ((space == XML_SHEET && strcmp(name, "sheet") == 0) ||
        (space == XML_SLIDE && strcmp(name, "sldId") == 0))
        return add_listed(l, a, err);
    if (space != XML_SHEET || strcmp(name, "definedName") != 0)
        return EX_OK;
    l->taking = true;
    (void)xml_attribute(a, XML_NONE, "name", word, sizeof word);
    office_flatten(word, strlen(word));
    EX_TRY(office_keep_text(l->office, &l->names, word, err));
    if (xml_attribute_is_true(a, XML_NONE, "hidden", false))
        EX_TRY(office_keep_text(l->office, &l->names, " (hidden)", err));
    return office_keep_text(l->office, &l->names, "\t", err);
}

static ex_code list_end(void *context, enum xml_space space, const char *name,
                        struct ex_error *err) {
    struct listing *l = context;
    if (!l->taking || space != XML_SHEET || strcmp(name, "definedName") != 0)
        return EX_OK;
    l->taking = false;
    return office_keep_text(l->office, &l->names, "\n", err);
}

static ex_code list_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    struct listing *l = context;
    return l->taking ? office_keep(l->office, &l->names, bytes, size, err) : EX_OK;
}

static void listing_free(struct listing *l) {
    free(l->listed);
    piece_clear(&l->names);
    free(l);
}
EX_DEFINE_AUTO(struct listing, listing_free);

static struct package_part *part_of_id(struct office *o, const char *base,
                                       const struct relations *r, const char *id) {
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->relation[i].id, id) == 0)
            return target_of(o, base, &r->relation[i]);
    return NULL;
}

static void head_listed(struct office *o, const struct listed *one, size_t number, bool sheets) {
    const char *state = strcmp(one->state, "hidden") == 0       ? ", hidden"
                        : strcmp(one->state, "veryHidden") == 0 ? ", very hidden"
                                                                : "";
    if (sheets)
        text_heading(&o->text, "sheet %zu%s: %s", number, state, one->name);
    else
        text_heading(&o->text, "slide %zu", number);
}

static ex_code read_sheet(struct walk *w, struct package_part *part, struct ex_error *err) {
    EX_AUTO(relations_free) struct relations *r = ex_new0(struct relations);
    EX_TRY(sheet_read(w->office, part, &w->strings, err));
    EX_TRY(read_relations(w->office, part->name, r, err));
    return follow_all(w, part->name, r, 1, err);
}

static ex_code read_listed(struct walk *w, struct package_part *main, const struct relations *r,
                           bool sheets, struct ex_error *err) {
    EX_AUTO(listing_free) struct listing *l = ex_new0(struct listing);
    const struct xml_handler handler = {l, list_start, list_end, list_text};
    l->office = w->office;
    EX_TRY(office_parse(w->office, main, &handler, err));
    for (size_t i = 0; i < l->count; i++) {
        struct package_part *part = part_of_id(w->office, main->name, r, l->listed[i].id);
        if (part == NULL) {
            text_wrong(&w->office->text, "missing", EX_FORMAT,
                       "a sheet or slide is listed whose part is not there: %zu", i + 1);
            continue;
        }
        if (part->visited)
            continue;
        part->visited = true;
        head_listed(w->office, &l->listed[i], i + 1, sheets);
        if (sheets)
            EX_TRY(text_mark(&w->office->text, err));
        EX_TRY(sheets ? read_sheet(w, part, err) : read_part(w, part, 1, err));
    }
    return text_section(&w->office->text, "defined names", &l->names, err);
}

static ex_code read_workbook(struct walk *w, struct package_part *main, const struct relations *r,
                             struct ex_error *err) {
    struct package_part *strings = find_target(w->office, main->name, r, "sharedStrings");
    w->strings_known = strings != NULL;
    if (strings != NULL)
        EX_TRY(strings_read(w->office, strings, &w->strings, err));
    return read_listed(w, main, r, true, err);
}

/* ---- what nothing refers to ---- */

static bool is_of_package(const char *name) {
    size_t size = strlen(name);
    return strcasecmp(name, "[Content_Types].xml") == 0 || strncasecmp(name, "docProps/", 9) == 0 ||
           (size > 5 && strcasecmp(name + size - 5, ".rels") == 0);
}

static ex_code read_orphans(struct walk *w, struct ex_error *err) {
    struct office *o = w->office;
    for (size_t i = 0; i < o->package.count; i++) {
        struct package_part *part = &o->package.part[i];
        if (!part->xml || part->visited || is_of_package(part->name))
            continue;
        text_heading(&o->text, "part %.300s, which nothing refers to", part->name);
        if (strstr(part->name, "worksheets/") != NULL)
            EX_TRY(read_sheet(w, part, err));
        else
            EX_TRY(read_part(w, part, 1, err));
    }
    return w->strings_known ? strings_tell_unused(o, &w->strings, err) : EX_OK;
}

/* ---- the whole ---- */

struct types {
    struct office *office;
    const char *part; /* whose type is wanted */
};

static ex_code take_type(void *context, enum xml_space space, const char *name,
                         const struct xml_attributes *a, struct ex_error *err) {
    struct types *t = context;
    char part[PACKAGE_NAME_BYTES_MAX];
    (void)err;
    if (space == XML_TYPES && strcmp(name, "Override") == 0 &&
        xml_attribute(a, XML_NONE, "PartName", part, sizeof part) &&
        strcasecmp(part + (*part == '/' ? 1 : 0), t->part) == 0)
        (void)xml_attribute(a, XML_NONE, "ContentType", t->office->content_type,
                            sizeof t->office->content_type);
    return EX_OK;
}

static ex_code read_type(struct office *o, const struct package_part *main, struct ex_error *err) {
    struct package_part *list = package_find(&o->package, "[Content_Types].xml");
    struct types t = {o, main->name};
    const struct xml_handler handler = {&t, take_type, ignore_end, ignore_text};
    return list == NULL ? EX_OK : office_parse(o, list, &handler, err);
}

enum format { FORMAT_NONE, FORMAT_TEXT, FORMAT_SPREADSHEET, FORMAT_PRESENTATION, FORMAT_BINARY };

/* By the type of the main part; a package that has lost the list of types, by its name. */
static enum format format_of(const struct office *o, const struct package_part *main) {
    const char *type = *o->content_type != '\0' ? o->content_type : main != NULL ? main->name : "";
    if (strstr(type, "sheet.binary") != NULL)
        return FORMAT_BINARY;
    if (strstr(type, "wordprocessingml") != NULL || strstr(type, "ms-word") != NULL ||
        strncmp(type, "word/", 5) == 0)
        return FORMAT_TEXT;
    if (strstr(type, "spreadsheetml") != NULL || strstr(type, "ms-excel") != NULL ||
        strncmp(type, "xl/", 3) == 0)
        return FORMAT_SPREADSHEET;
    if (strstr(type, "presentationml") != NULL || strstr(type, "ms-powerpoint") != NULL ||
        strncmp(type, "ppt/", 4) == 0)
        return FORMAT_PRESENTATION;
    return FORMAT_NONE;
}

static ex_code tell_trace(struct office *o, enum format format, struct ex_error *err) {
    static const char *const FORMATS[] = {"", "ooxml-text", "ooxml-spreadsheet",
                                          "ooxml-presentation", "ooxml-spreadsheet"};
    const struct parser_trace t = {.kind = format == FORMAT_NONE ? PARSER_RECORD : PARSER_DOCUMENT,
                                   .flags = format == FORMAT_NONE ? 0 : (uint32_t)PARSER_UNSIZED,
                                   .key = "document"};
    EX_TRY(parser_trace(o->run, &t, &o->trace, err));
    o->text.wanted = format != FORMAT_NONE;
    if (format != FORMAT_NONE)
        EX_TRY(parser_trace_text(o->run, "format", FORMATS[format], strlen(FORMATS[format]), err));
    if (*o->content_type == '\0')
        return EX_OK;
    return parser_trace_text(o->run, "content-type", o->content_type, strlen(o->content_type), err);
}

static ex_code read_properties(struct office *o, const struct relations *r, struct ex_error *err) {
    static const struct {
        const char *type;
        enum property_part part;
    } PARTS[] = {{"core-properties", PROPERTY_CORE},
                 {"extended-properties", PROPERTY_EXTENDED},
                 {"extendedProperties", PROPERTY_EXTENDED},
                 {"custom-properties", PROPERTY_CUSTOM},
                 {"customProperties", PROPERTY_CUSTOM}};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        struct package_part *part = find_target(o, "", r, PARTS[i].type);
        if (part != NULL && !part->visited)
            EX_TRY(properties_read(o, part, PARTS[i].part, err));
    }
    return EX_OK;
}

static ex_code read_text(struct walk *w, struct package_part *main, enum format format,
                         struct ex_error *err) {
    EX_AUTO(relations_free) struct relations *r = ex_new0(struct relations);
    if (format == FORMAT_BINARY) {
        text_wrong(&w->office->text, "binary", EX_UNSUPPORTED, "a binary workbook");
        return EX_OK;
    }
    if (main != NULL) {
        main->visited = true;
        EX_TRY(read_relations(w->office, main->name, r, err));
        if (format == FORMAT_SPREADSHEET)
            EX_TRY(read_workbook(w, main, r, err));
        else if (format == FORMAT_PRESENTATION)
            EX_TRY(read_listed(w, main, r, false, err));
        else
            EX_TRY(flow_read(w->office, main, err));
        EX_TRY(follow_all(w, main->name, r, 0, err));
    }
    EX_TRY(read_late(w, err));
    return read_orphans(w, err);
}

/* Relationships that do not lead to a main part may be lost: then by its usual name. */
static struct package_part *main_part(struct office *o, const struct relations *r) {
    static const char *const USUAL[] = {"word/document.xml", "xl/workbook.xml", "xl/workbook.bin",
                                        "ppt/presentation.xml"};
    struct package_part *main = find_target(o, "", r, "officeDocument");
    for (size_t i = 0; main == NULL && i < sizeof USUAL / sizeof USUAL[0]; i++)
        main = package_find(&o->package, USUAL[i]);
    return main;
}

ex_code ooxml_examine(struct office *o, struct ex_error *err) {
    EX_AUTO(relations_free) struct relations *r = ex_new0(struct relations);
    struct walk w = {.office = o};
    EX_TRY(read_relations(o, "", r, err));
    struct package_part *main = main_part(o, r);
    if (main != NULL)
        EX_TRY(read_type(o, main, err));
    enum format format = format_of(o, main);
    EX_TRY(tell_trace(o, format, err));
    EX_TRY(read_properties(o, r, err));
    ex_code code = format == FORMAT_NONE ? EX_OK : read_text(&w, main, format, err);
    strings_clear(&w.strings);
    free(w.late.one);
    return code;
}
