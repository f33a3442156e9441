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
    for (size_t size; wanted && *ret_bytes < PDF_FILE_BYTES_MAX; *ret_bytes += size) {
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
    if (size >= PDF_FILE_BYTES_MAX)
        return tell_problem(p->run, trace, "limit", err, EX_LIMIT,
                            "it is larger than an attached file may be");
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

/* The name, of those that a specification has. */
static ex_code name_of(const struct pdfl_value *specification, char **ret, size_t *ret_bytes,
                       struct ex_error *err) {
    static const char *const KEYS[] = {"UF", "F", "Unix", "DOS", "Mac"};
    size_t size = 0;
    *ret_bytes = 0;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        VALUE *v = pdfl_get(specification, KEYS[i]);
        const char *bytes = pdfl_bytes(v, &size);
        if (bytes != NULL && size > 0)
            return pdf_text(bytes, size, ret, ret_bytes, err);
    }
    return EX_OK;
}

static struct pdfl_value *stream_of(const struct pdfl_value *specification) {
    static const char *const KEYS[] = {"UF", "F", "Unix", "DOS", "Mac"};
    VALUE *embedded = pdfl_get(specification, "EF");
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        struct pdfl_value *v = pdfl_get(embedded, KEYS[i]);
        if (pdfl_type(v) == PDFL_STREAM)
            return v;
        pdfl_value_free(v);
    }
    return NULL;
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

static bool was_told(struct pdf *p, int object) {
    for (unsigned i = 0; object != 0 && i < p->files; i++)
        if (p->seen_file[i] == object)
            return true;
    return false;
}

ex_code pdf_tell_file(struct pdf *p, const struct pdfl_value *specification, const char *from,
                      unsigned page, struct ex_error *err) {
    VALUE *stream = stream_of(specification);
    EX_AUTO_FREE char *name = NULL;
    struct parser_trace trace = {
        .kind = PARSER_MEMBER, .flags = PARSER_UNSIZED, .parent = p->parent};
    char key[40];
    uint32_t number;
    if (stream == NULL || was_told(p, pdfl_object(stream)))
        return EX_OK; /* none is in this file, or it is there under another name */
    if (p->files >= PDF_FILES_MAX) {
        p->cut = true;
        return EX_OK;
    }
    p->seen_file[p->files++] = pdfl_object(stream);
    (void)snprintf(key, sizeof key, "file-%u", p->files);
    EX_TRY(name_of(specification, &name, &trace.name_bytes, err));
    trace.name = name;
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, &number, err));
    EX_TRY(tell_claims(p, specification, stream, from, page, err));
    return tell_decoded(p, stream, number, err);
}

static ex_code tell_named(struct pdf *p, const char *name, size_t name_bytes,
                          const struct pdfl_value *value, struct ex_error *err) {
    (void)name, (void)name_bytes; /* the specification has one of its own */
    return pdf_tell_file(p, value, "names", 0, err);
}

/* §12.7.8: one stream, or names and streams by turns. */
static ex_code tell_xfa(struct pdf *p, const struct pdfl_value *catalog, struct ex_error *err) {
    VALUE *form = pdfl_get(catalog, "AcroForm"), *xfa = pdfl_get(form, "XFA");
    char key[40];
    if (pdfl_type(xfa) == PDFL_STREAM)
        return pdf_tell_stream(p, xfa, "xfa", "xfa.xml", 7, err);
    for (unsigned i = 0; pdfl_type(xfa) == PDFL_ARRAY && i + 1 < pdfl_count(xfa) && pdf_node(p);
         i += 2) {
        VALUE *name = pdfl_at(xfa, i), *stream = pdfl_at(xfa, i + 1);
        size_t size = 0;
        const char *bytes = pdfl_bytes(name, &size);
        (void)snprintf(key, sizeof key, "xfa-%u", i / 2 + 1);
        if (pdfl_type(stream) == PDFL_STREAM)
            EX_TRY(pdf_tell_stream(p, stream, key, bytes,
                                   size < PARSER_VALUE_BYTES_MAX ? size : PARSER_VALUE_BYTES_MAX,
                                   err));
    }
    return EX_OK;
}

ex_code pdf_tell_files(struct pdf *p, struct ex_error *err) {
    VALUE *catalog = pdfl_catalog(p->doc), *names = pdfl_get(catalog, "Names");
    VALUE *files = pdfl_get(names, "EmbeddedFiles"), *associated = pdfl_get(catalog, "AF");
    EX_TRY(pdf_walk_names(p, files, tell_named, err));
    for (unsigned i = 0; i < pdfl_count(associated) && pdfl_type(associated) == PDFL_ARRAY; i++) {
        VALUE *one = pdfl_at(associated, i);
        if (!pdf_node(p))
            break;
        EX_TRY(pdf_tell_file(p, one, "associated", 0, err));
    }
    return tell_xfa(p, catalog, err);
}
