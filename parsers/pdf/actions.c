/* SPDX-License-Identifier: Apache-2.0 */
/* Actions: ISO 32000-1 §12.6. What one would do is said; none is done. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 32 };

/* A file specification, as a text; the name for other systems too, when it is another one. */
static ex_code tell_target(struct pdf *p, const struct pdfl_value *action, const char *key,
                           struct ex_error *err) {
    VALUE *file = pdfl_get(action, key);
    size_t size = 0, other_size = 0;
    if (pdfl_type(file) != PDFL_DICT)
        return pdf_tell_value(p, file, "file", err);
    VALUE *unicode = pdfl_get(file, "UF"), *other = pdfl_get(file, "F");
    if (unicode == NULL)
        return pdf_tell_value(p, other, "file", err);
    EX_TRY(pdf_tell_value(p, unicode, "file", err));
    const char *bytes = pdfl_bytes(unicode, &size), *other_bytes = pdfl_bytes(other, &other_size);
    if (bytes != NULL && other_bytes != NULL && size == other_size &&
        memcmp(bytes, other_bytes, size) == 0)
        return EX_OK;
    return pdf_tell_value(p, other, "file-f", err);
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

/* ---- those behind it ---- */

struct chain {
    struct pdf *p;
    int object[CHAIN_MAX]; /* from the first one here; 0: it has no number */
    unsigned depth;
};
typedef ex_code follower_fn(struct chain *c, const struct pdfl_value *action, void *context,
                            struct ex_error *err);

/* Next of an action: one, or several (§12.6.2). */
static ex_code each_next(struct chain *c, const struct pdfl_value *action, follower_fn *do_it,
                         void *context, struct ex_error *err) {
    VALUE *next = pdfl_get(action, "Next");
    if (pdfl_type(next) == PDFL_DICT)
        return do_it(c, next, context, err);
    for (unsigned i = 0; pdfl_type(next) == PDFL_ARRAY && i < pdfl_count(next); i++) {
        VALUE *one = pdfl_at(next, i);
        if (!pdf_node(c->p))
            break;
        if (pdfl_type(one) == PDFL_DICT)
            EX_TRY(do_it(c, one, context, err));
    }
    return EX_OK;
}

/* False: it stands behind itself, or too many are between. */
static bool step_behind(struct chain *c, const struct pdfl_value *action) {
    int object = pdfl_object(action);
    for (unsigned i = 0; object != 0 && i < c->depth; i++)
        if (c->object[i] == object)
            return false;
    if (c->depth >= CHAIN_MAX) {
        c->p->was_cut = true;
        return false;
    }
    if (!pdf_node(c->p))
        return false;
    c->object[c->depth++] = object;
    return true;
}

struct kinds {
    char text[200];
    size_t used;
    bool full;
};

static ex_code add_kind(struct chain *c, const struct pdfl_value *action, void *context,
                        struct ex_error *err) {
    struct kinds *k = context;
    VALUE *kind = pdfl_get(action, "S");
    size_t size = 0;
    unsigned depth = c->depth;
    const char *name = pdfl_bytes(kind, &size);
    if (k->full || !step_behind(c, action))
        return EX_OK;
    k->full = name != NULL && k->used + size + 6 >= sizeof k->text;
    if (name != NULL && !k->full)
        k->used += (size_t)snprintf(k->text + k->used, sizeof k->text - k->used, "%s%s",
                                    k->used > 0 ? " " : "", name);
    ex_code code = each_next(c, action, add_kind, k, err);
    c->depth = depth;
    return code;
}

static ex_code tell_kinds(struct pdf *p, const struct pdfl_value *action, struct ex_error *err) {
    struct chain c = {.p = p, .object = {pdfl_object(action)}, .depth = 1};
    struct kinds k = {0};
    EX_TRY(each_next(&c, action, add_kind, &k, err));
    if (k.full)
        (void)snprintf(k.text + k.used, sizeof k.text - k.used, " ...");
    return k.used > 0 ? tell_text(p->run, "actions-behind-it", k.text, err) : EX_OK;
}

ex_code pdf_tell_action(struct pdf *p, const struct pdfl_value *action, struct ex_error *err) {
    if (pdfl_type(action) != PDFL_DICT)
        return EX_OK; /* a place in the document */
    VALUE *script = pdfl_get(action, "JS");
    p->scripts += script != NULL || pdf_is_name(action, "S", "JavaScript") ? 1 : 0;
    EX_TRY(tell_one(p, action, err));
    return tell_kinds(p, action, err);
}

bool pdf_only_leads(const struct pdfl_value *action) {
    VALUE *next = pdfl_get(action, "Next");
    return next == NULL && pdf_is_name(action, "S", "GoTo");
}

struct place {
    const char *where, *when;
    unsigned number;
};

/* The record alone. */
static ex_code tell_record(struct pdf *p, const struct pdfl_value *action,
                           const struct place *place, struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_RECORD, .parent = p->parent};
    char key[40];
    uint32_t trace_number;
    if (pdf_only_leads(action) || !pdf_record(p))
        return EX_OK;
    (void)snprintf(key, sizeof key, "action-%u", p->record);
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, &trace_number, err));
    EX_TRY(tell_text(p->run, "of", place->where, err));
    if (place->number > 0)
        EX_TRY(parser_trace_number(p->run, "number", place->number, err));
    EX_TRY(parser_trace_text(p->run, "when", place->when, strnlen(place->when, 64), err));
    return pdf_tell_action(p, action, err);
}

static ex_code tell_follower(struct chain *c, const struct pdfl_value *action, void *context,
                             struct ex_error *err) {
    unsigned depth = c->depth;
    if (!step_behind(c, action))
        return EX_OK;
    EX_TRY(tell_record(c->p, action, context, err));
    EX_TRY(each_next(c, action, tell_follower, context, err));
    c->depth = depth;
    return EX_OK;
}

ex_code pdf_tell_followers(struct pdf *p, const struct pdfl_value *action, const char *where,
                           unsigned number, struct ex_error *err) {
    struct chain c = {.p = p, .object = {pdfl_object(action)}, .depth = 1};
    struct place place = {.where = where, .when = "next", .number = number};
    return each_next(&c, action, tell_follower, &place, err);
}

static ex_code tell_with_followers(struct pdf *p, const struct pdfl_value *action,
                                   const struct place *place, struct ex_error *err) {
    if (pdfl_type(action) != PDFL_DICT)
        return EX_OK;
    EX_TRY(tell_record(p, action, place, err));
    return pdf_tell_followers(p, action, place->where, place->number, err);
}

ex_code pdf_tell_triggers(struct pdf *p, const struct pdfl_value *of, const char *where,
                          unsigned number, struct ex_error *err) {
    VALUE *all = pdfl_get(of, "AA");
    for (unsigned i = 0; pdfl_type(all) == PDFL_DICT && i < pdfl_count(all) && pdf_node(p); i++) {
        const char *when = pdfl_key(all, i);
        VALUE *action = when != NULL ? pdfl_get(all, when) : NULL;
        const struct place place = {.where = where, .when = when, .number = number};
        if (action != NULL)
            EX_TRY(tell_with_followers(p, action, &place, err));
    }
    return EX_OK;
}

static ex_code tell_named_script(struct pdf *p, const char *name, size_t name_bytes,
                                 const struct pdfl_value *value, struct ex_error *err) {
    static const struct place PLACE = {.where = "document", .when = "names"};
    (void)name, (void)name_bytes;
    return tell_with_followers(p, value, &PLACE, err);
}

ex_code pdf_tell_actions(struct pdf *p, struct ex_error *err) {
    static const struct place OPEN = {.where = "document", .when = "open"};
    VALUE *catalog = pdfl_catalog(p->doc), *names = pdfl_get(catalog, "Names");
    VALUE *scripts = pdfl_get(names, "JavaScript"), *open = pdfl_get(catalog, "OpenAction");
    EX_TRY(pdf_walk_names(p, scripts, tell_named_script, err));
    if (open != NULL)
        EX_TRY(tell_with_followers(p, open, &OPEN, err));
    return pdf_tell_triggers(p, catalog, "document", 0, err);
}
