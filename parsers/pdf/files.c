/* SPDX-License-Identifier: Apache-2.0 */
/* What is attached: ISO 32000-1 §7.11.4; the packets of an XFA form: §12.7.8. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

enum { PART_BYTES = 64 << 10 };

static ex_code tell_content(struct pdf *p, const struct pdfl_value *stream, uint64_t *ret_bytes,
                            struct ex_error *err) {
    EX_AUTO_FREE uint8_t *part = NULL;
    bool wanted = true;
    EX_TRY(ex_alloc(PART_BYTES, 1, PART_BYTES, "a part of a stream", &part, err));
    *ret_bytes = 0;
    for (size_t size;
         wanted && *ret_bytes < PDF_FILE_BYTES_MAX && p->files_bytes < PDF_FILES_BYTES_MAX;
         *ret_bytes += size, p->files_bytes += size) {
        size = pdfl_stream_read(stream, part, PART_BYTES);
        if (size == 0)
            break;
        EX_TRY(parser_trace_content(p->run, part, size, &wanted, err));
    }
    return EX_OK;
}

/* The content of the member that was told last, and what was wrong with it. */
static ex_code tell_decoded(struct pdf *p, const struct pdfl_value *stream, uint32_t trace,
                            struct ex_error *err) {
    struct ex_error why = {0};
    uint64_t before = pdfl_messages(p->doc)->damaged, size = 0;
    if (pdfl_stream_start(stream, &why) != EX_OK)
        return parser_trace_problem(p->run, trace, "content", &why, err);
    EX_TRY(tell_content(p, stream, &size, err));
    if (size >= PDF_FILE_BYTES_MAX || p->files_bytes >= PDF_FILES_BYTES_MAX)
        return tell_problem(p->run, trace, "limit", err, EX_LIMIT,
                            "it, or all of them, are larger than attached files may be");
    if (pdfl_messages(p->doc)->damaged == before)
        return EX_OK;
    return tell_problem(p->run, trace, "damaged", err, EX_FORMAT,
                        "it could not be decoded whole: %s", pdfl_messages(p->doc)->first_damaged);
}

ex_code pdf_tell_stream(struct pdf *p, const struct pdfl_value *stream, const char *key,
                        const char *name, size_t name_bytes, struct ex_error *err) {
    const struct parser_trace trace = {.kind = PARSER_MEMBER,
                                       .flags = PARSER_UNSIZED,
                                       .parent = p->parent,
                                       .key = key,
                                       .name = name,
                                       .name_bytes = name_bytes};
    uint32_t number;
    EX_TRY(parser_trace(p->run, &trace, &number, err));
    return tell_decoded(p, stream, number, err);
}

/* ---- file specifications: §7.11.3, names and contents for several systems ---- */

static const char *const SYSTEMS[] = {"UF", "F", "Unix", "DOS", "Mac"};
static const char *const OTHER_NAMES[] = {"name-uf", "name-f", "name-unix", "name-dos", "name-mac"};
enum { SYSTEMS_COUNT = sizeof SYSTEMS / sizeof SYSTEMS[0] };

/* The name under `own`, or the first that it has. */
static ex_code name_of(struct pdf *p, const struct pdfl_value *specification, const char *own,
                       char **ret, size_t *ret_bytes, struct ex_error *err) {
    size_t size = 0;
    *ret_bytes = 0;
    for (size_t i = 0; i <= SYSTEMS_COUNT; i++) {
        const char *key = i == 0 ? own : SYSTEMS[i - 1];
        VALUE *v = key != NULL ? pdfl_get(specification, key) : NULL;
        const char *bytes = pdfl_bytes(v, &size);
        if (bytes != NULL && size > 0)
            return pdf_text(p, bytes, size, ret, ret_bytes, err);
    }
    return EX_OK;
}

/* Those that are not `name`. */
static ex_code tell_other_names(struct pdf *p, const struct pdfl_value *specification,
                                const char *name, size_t name_bytes, struct ex_error *err) {
    for (size_t i = 0; i < SYSTEMS_COUNT; i++) {
        VALUE *v = pdfl_get(specification, SYSTEMS[i]);
        EX_AUTO_FREE char *text = NULL;
        size_t size = 0;
        const char *bytes = pdfl_bytes(v, &size);
        if (bytes == NULL || size == 0)
            continue;
        EX_TRY(pdf_text(p, bytes, size, &text, &size, err));
        if (size != name_bytes || memcmp(text, name, size) != 0)
            EX_TRY(parser_trace_text(p->run, OTHER_NAMES[i], text, size, err));
    }
    return EX_OK;
}

static ex_code tell_claims(struct pdf *p, const struct pdfl_value *specification,
                           const struct pdfl_value *stream, const char *from, unsigned page,
                           struct ex_error *err) {
    VALUE *claims = pdfl_get(stream, "Params");
    EX_TRY(tell_text(p->run, "from", from, err));
    if (page > 0)
        EX_TRY(parser_trace_number(p->run, "page", page, err));
    EX_TRY(pdf_tell_string(p, specification, "Desc", "description", err));
    EX_TRY(pdf_tell_string(p, specification, "AFRelationship", "relationship", err));
    EX_TRY(pdf_tell_string(p, stream, "Subtype", "content-type", err));
    EX_TRY(pdf_tell_string(p, claims, "Size", "claimed-size", err));
    EX_TRY(pdf_tell_date(p, claims, "CreationDate", PARSER_CREATED, "created-as-written",
                         "pdf:Params", err));
    return pdf_tell_date(p, claims, "ModDate", PARSER_MODIFIED, "modified-as-written", "pdf:Params",
                         err);
}

/* How a file was come by. */
struct file {
    const struct pdfl_value *specification;
    const char *from, *listed; /* listed: its name in a tree; NULL: none */
    size_t listed_bytes;
    unsigned page;
};

/* Under the same names: one specification has them once. */
static bool was_told(struct pdf *p, int specification, int stream) {
    for (unsigned i = 0; specification != 0 && stream != 0 && i < p->files; i++)
        if (p->seen_file[i].specification == specification && p->seen_file[i].stream == stream)
            return true;
    return false;
}

static bool take_file(struct pdf *p, int specification, int stream) {
    if (p->files >= PDF_FILES_MAX) {
        p->cut = true;
        return false;
    }
    p->seen_file[p->files].specification = specification;
    p->seen_file[p->files++].stream = stream;
    return true;
}

/* `stream` NULL: nothing of it is here. `own`: the name that it stands under. */
static ex_code tell_one(struct pdf *p, const struct file *f, const struct pdfl_value *stream,
                        const char *own, uint32_t *ret, struct ex_error *err) {
    EX_AUTO_FREE char *name = NULL;
    EX_AUTO_FREE char *listed = NULL;
    struct parser_trace trace = {
        .kind = PARSER_MEMBER, .flags = stream != NULL ? PARSER_UNSIZED : 0, .parent = p->parent};
    char key[40];
    size_t size;
    (void)snprintf(key, sizeof key, "file-%u", p->files);
    if (pdfl_type(f->specification) == PDFL_STRING) {
        const char *bytes = pdfl_bytes(f->specification, &size);
        EX_TRY(pdf_text(p, bytes, size, &name, &trace.name_bytes, err));
    } else {
        EX_TRY(name_of(p, f->specification, own, &name, &trace.name_bytes, err));
    }
    trace.name = name;
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, ret, err));
    EX_TRY(tell_other_names(p, f->specification, name, trace.name_bytes, err));
    if (f->listed != NULL && f->listed_bytes > 0) {
        EX_TRY(pdf_text(p, f->listed, f->listed_bytes, &listed, &size, err));
        EX_TRY(parser_trace_text(p->run, "listed-as", listed, size, err));
    }
    return tell_claims(p, f->specification, stream, f->from, f->page, err);
}

static ex_code tell_elsewhere(struct pdf *p, const struct file *f, bool lost,
                              struct ex_error *err) {
    uint32_t trace;
    int specification = pdfl_object(f->specification);
    if (was_told(p, specification, -1) || !take_file(p, specification, -1))
        return EX_OK;
    EX_TRY(tell_one(p, f, NULL, NULL, &trace, err));
    if (!lost)
        return tell_text(p->run, "elsewhere", "yes", err);
    return tell_problem(p->run, trace, "content", err, EX_FORMAT, "its content cannot be found");
}

/* A stream once, though several names of the specification lead to it. */
static ex_code tell_streams(struct pdf *p, const struct file *f, const struct pdfl_value *embedded,
                            unsigned *ret_streams, struct ex_error *err) {
    int seen[SYSTEMS_COUNT];
    for (size_t i = 0; i < SYSTEMS_COUNT; i++) {
        VALUE *stream = pdfl_get(embedded, SYSTEMS[i]);
        int object = pdfl_object(stream), specification = pdfl_object(f->specification);
        bool again = was_told(p, specification, object);
        uint32_t trace;
        if (pdfl_type(stream) != PDFL_STREAM)
            continue;
        for (unsigned k = 0; k < *ret_streams; k++)
            again = again || (object != 0 && seen[k] == object);
        const char *own = *ret_streams > 0 ? SYSTEMS[i] : NULL;
        seen[(*ret_streams)++] = object;
        if (again || !take_file(p, specification, object))
            continue;
        EX_TRY(tell_one(p, f, stream, own, &trace, err));
        EX_TRY(tell_decoded(p, stream, trace, err));
    }
    return EX_OK;
}

static ex_code tell_specification(struct pdf *p, const struct file *f, struct ex_error *err) {
    VALUE *embedded = pdfl_get(f->specification, "EF");
    unsigned streams = 0;
    if (pdfl_type(f->specification) != PDFL_DICT && pdfl_type(f->specification) != PDFL_STRING)
        return EX_OK;
    EX_TRY(tell_streams(p, f, embedded, &streams, err));
    return streams > 0 ? EX_OK : tell_elsewhere(p, f, embedded != NULL, err);
}

ex_code pdf_tell_file(struct pdf *p, const struct pdfl_value *specification, const char *from,
                      unsigned page, struct ex_error *err) {
    const struct file f = {.specification = specification, .from = from, .page = page};
    return tell_specification(p, &f, err);
}

static ex_code tell_named(struct pdf *p, const char *name, size_t name_bytes,
                          const struct pdfl_value *value, struct ex_error *err) {
    const struct file f = {
        .specification = value, .from = "names", .listed = name, .listed_bytes = name_bytes};
    return tell_specification(p, &f, err);
}

/* §12.7.8: one stream, or names and streams by turns. */
static ex_code tell_xfa(struct pdf *p, const struct pdfl_value *catalog, struct ex_error *err) {
    VALUE *form = pdfl_get(catalog, "AcroForm"), *xfa = pdfl_get(form, "XFA");
    unsigned told = 0;
    char key[40];
    if (pdfl_type(xfa) == PDFL_STREAM)
        return pdf_tell_stream(p, xfa, "xfa", "xfa.xml", 7, err);
    for (unsigned i = 0; pdfl_type(xfa) == PDFL_ARRAY && i < pdfl_count(xfa) && pdf_node(p); i++) {
        VALUE *stream = pdfl_at(xfa, i), *name = i > 0 ? pdfl_at(xfa, i - 1) : NULL;
        size_t size = 0;
        const char *bytes = pdfl_bytes(name, &size);
        if (pdfl_type(stream) != PDFL_STREAM)
            continue;
        (void)snprintf(key, sizeof key, "xfa-%u", ++told);
        EX_TRY(pdf_tell_stream(p, stream, key, bytes,
                               size < PARSER_VALUE_BYTES_MAX ? size : PARSER_VALUE_BYTES_MAX, err));
    }
    return EX_OK;
}

ex_code pdf_tell_associated(struct pdf *p, const struct pdfl_value *owner, unsigned page,
                            struct ex_error *err) {
    VALUE *all = pdfl_get(owner, "AF");
    if (pdfl_type(all) == PDFL_DICT)
        return pdf_tell_file(p, all, "associated", page, err);
    for (unsigned i = 0; pdfl_type(all) == PDFL_ARRAY && i < pdfl_count(all) && pdf_node(p); i++) {
        VALUE *one = pdfl_at(all, i);
        EX_TRY(pdf_tell_file(p, one, "associated", page, err));
    }
    return EX_OK;
}

ex_code pdf_tell_files(struct pdf *p, struct ex_error *err) {
    VALUE *catalog = pdfl_catalog(p->doc), *names = pdfl_get(catalog, "Names");
    VALUE *files = pdfl_get(names, "EmbeddedFiles");
    EX_TRY(pdf_walk_names(p, files, tell_named, err));
    EX_TRY(pdf_tell_associated(p, catalog, 0, err));
    return tell_xfa(p, catalog, err);
}
