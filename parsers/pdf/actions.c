/* SPDX-License-Identifier: Apache-2.0 */
/* Actions: ISO 32000-1 §12.6. What one would do is said; none is done. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 32 };

/* A file specification, as a text. */
static ex_code tell_target(struct pdf *p, const struct pdfl_value *action, const char *key,
                           struct ex_error *err) {
    VALUE *file = pdfl_get(action, key);
    if (pdfl_type(file) != PDFL_DICT)
        return pdf_tell_value(p, file, "file", err);
    VALUE *unicode = pdfl_get(file, "UF");
    return unicode != NULL ? pdf_tell_value(p, unicode, "file", err)
                           : pdf_tell_string(p, file, "F", "file", err);
}

static ex_code tell_one(struct pdf *p, const struct pdfl_value *action, struct ex_error *err) {
    EX_TRY(pdf_tell_string(p, action, "S", "action", err));
    EX_TRY(pdf_tell_string(p, action, "URI", "uri", err));
    EX_TRY(tell_target(p, action, "F", err));
    EX_TRY(pdf_tell_string(p, action, "JS", "script", err));
    EX_TRY(pdf_tell_string(p, action, "N", "named", err));
    VALUE *windows = pdfl_get(action, "Win");
    EX_TRY(pdf_tell_string(p, windows, "F", "program", err));
    return pdf_tell_string(p, windows, "P", "program-parameters", err);
}

/* The first that follows another in its chain is told with it by its kind alone. */
static ex_code tell_chain(struct pdf *p, const struct pdfl_value *action, struct ex_error *err) {
    char kinds[200] = "";
    size_t used = 0, size;
    struct pdfl_value *at = pdfl_get(action, "Next");
    for (unsigned i = 0; at != NULL && i < CHAIN_MAX && pdf_node(p); i++) {
        struct pdfl_value *first = pdfl_type(at) == PDFL_ARRAY ? pdfl_at(at, 0) : NULL;
        VALUE *kind = pdfl_get(first != NULL ? first : at, "S");
        const char *name = pdfl_bytes(kind, &size);
        struct pdfl_value *next = pdfl_get(first != NULL ? first : at, "Next");
        p->scripts += pdf_is_name(first != NULL ? first : at, "S", "JavaScript") ? 1 : 0;
        if (name != NULL && used + size + 2 < sizeof kinds) {
            used += (size_t)snprintf(kinds + used, sizeof kinds - used, "%s%s", used > 0 ? " " : "",
                                     name);
        }
        pdfl_value_free(first);
        pdfl_value_free(at);
        at = next;
    }
    pdfl_value_free(at);
    return used > 0 ? tell_text(p->run, "actions-behind-it", kinds, err) : EX_OK;
}

ex_code pdf_tell_action(struct pdf *p, const struct pdfl_value *action, struct ex_error *err) {
    if (pdfl_type(action) != PDFL_DICT)
        return EX_OK; /* a place in the document */
    p->scripts += pdf_is_name(action, "S", "JavaScript") ? 1 : 0;
    EX_TRY(tell_one(p, action, err));
    return tell_chain(p, action, err);
}

static ex_code tell_record(struct pdf *p, const struct pdfl_value *action, const char *where,
                           const char *when, unsigned number, struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_RECORD, .parent = p->parent};
    char key[40];
    uint32_t trace_number;
    if (pdfl_type(action) != PDFL_DICT || pdf_is_name(action, "S", "GoTo") || !pdf_record(p))
        return EX_OK;
    (void)snprintf(key, sizeof key, "action-%u", p->records);
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, &trace_number, err));
    EX_TRY(tell_text(p->run, "of", where, err));
    if (number > 0)
        EX_TRY(parser_trace_number(p->run, "number", number, err));
    EX_TRY(parser_trace_text(p->run, "when", when, strnlen(when, 64), err));
    return pdf_tell_action(p, action, err);
}

ex_code pdf_tell_triggers(struct pdf *p, const struct pdfl_value *of, const char *where,
                          unsigned number, struct ex_error *err) {
    VALUE *all = pdfl_get(of, "AA");
    for (unsigned i = 0; pdfl_type(all) == PDFL_DICT && i < pdfl_count(all) && pdf_node(p); i++) {
        const char *when = pdfl_key(all, i);
        VALUE *action = when != NULL ? pdfl_get(all, when) : NULL;
        if (action != NULL)
            EX_TRY(tell_record(p, action, where, when, number, err));
    }
    return EX_OK;
}

static ex_code tell_named_script(struct pdf *p, const char *name, size_t name_bytes,
                                 const struct pdfl_value *value, struct ex_error *err) {
    (void)name, (void)name_bytes;
    return tell_record(p, value, "document", "names", 0, err);
}

ex_code pdf_tell_actions(struct pdf *p, struct ex_error *err) {
    VALUE *catalog = pdfl_catalog(p->doc), *names = pdfl_get(catalog, "Names");
    VALUE *scripts = pdfl_get(names, "JavaScript"), *open = pdfl_get(catalog, "OpenAction");
    EX_TRY(pdf_walk_names(p, scripts, tell_named_script, err));
    if (open != NULL)
        EX_TRY(tell_record(p, open, "document", "open", 0, err));
    return pdf_tell_triggers(p, catalog, "document", 0, err);
}
