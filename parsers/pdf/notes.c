/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations (ISO 32000-1 §12.5) and fields of forms (§12.7): what they say, a record each. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- annotations ---- */

enum { FLAG_HIDDEN = 1 << 1, FLAG_NO_VIEW = 1 << 5 }; /* §12.5.3 */

static bool says_something(const struct pdfl_value *note) {
    static const char *const KEYS[] = {"Contents", "RC", "T", "Subj", "FS"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        VALUE *v = pdfl_get(note, KEYS[i]);
        if (v != NULL)
            return true;
    }
    return false;
}

static ex_code tell_times(struct pdf *p, const struct pdfl_value *note, struct ex_error *err) {
    EX_TRY(pdf_tell_date(p, note, "CreationDate", PARSER_CREATED, "created-as-written",
                         "pdf:annotation", err));
    return pdf_tell_date(p, note, "M", PARSER_MODIFIED, "modified-as-written", "pdf:annotation",
                         err);
}

static ex_code tell_note_texts(struct pdf *p, const struct pdfl_value *note, unsigned page,
                               struct ex_error *err) {
    VALUE *flags = pdfl_get(note, "F"), *action = pdfl_get(note, "A");
    EX_TRY(pdf_tell_string(p, note, "Subtype", "annotation", err));
    EX_TRY(parser_trace_number(p->run, "page", page, err));
    EX_TRY(pdf_tell_string(p, note, "Contents", "contents", err));
    EX_TRY(pdf_tell_string(p, note, "RC", "rich-contents", err));
    EX_TRY(pdf_tell_string(p, note, "T", /* §12.5.6.2, §12.7.3.1 */
                           pdf_is_name(note, "Subtype", "Widget") ? "field-name" : "author", err));
    EX_TRY(pdf_tell_string(p, note, "Subj", "subject", err));
    if ((pdfl_int(flags, 0) & (FLAG_HIDDEN | FLAG_NO_VIEW)) != 0)
        EX_TRY(tell_text(p->run, "hidden", "yes", err));
    EX_TRY(tell_times(p, note, err));
    return pdf_tell_action(p, action, err);
}

static ex_code tell_note(struct pdf *p, const struct pdfl_value *note, unsigned page,
                         struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_RECORD, .parent = p->parent};
    bool field = pdf_is_name(note, "Subtype", "Widget"),
         link = pdf_is_name(note, "Subtype", "Link");
    VALUE *action = pdfl_get(note, "A");
    VALUE *file = pdfl_get(note, "FS");
    char key[40];
    uint32_t number;
    EX_TRY(pdf_tell_triggers(p, note, "annotation-on-page", page, err));
    bool does = action != NULL && !(link && pdf_only_leads(action));
    if ((does || (says_something(note) && !field)) && pdf_record(p)) {
        (void)snprintf(key, sizeof key, "annotation-%u", p->record);
        trace.key = key;
        p->links += link ? 1 : 0;
        p->notes += link || field ? 0 : 1;
        EX_TRY(parser_trace(p->run, &trace, &number, err));
        EX_TRY(tell_note_texts(p, note, page, err));
    }
    EX_TRY(pdf_tell_followers(p, action, "annotation-on-page", page, err));
    EX_TRY(pdf_tell_associated(p, note, page, err));
    return file != NULL ? pdf_tell_file(p, file, "annotation", page, err) : EX_OK;
}

ex_code pdf_tell_notes(struct pdf *p, struct ex_error *err) {
    unsigned pages = pdfl_pages(p->doc);
    for (unsigned i = 1; i <= pages && !p->cut; i++) {
        VALUE *page = pdfl_page(p->doc, i), *notes = pdfl_get(page, "Annots");
        EX_TRY(pdf_tell_triggers(p, page, "page", i, err));
        EX_TRY(pdf_tell_associated(p, page, i, err));
        for (unsigned k = 0; pdfl_type(notes) == PDFL_ARRAY && k < pdfl_count(notes); k++) {
            if (!pdf_node(p))
                break;
            VALUE *note = pdfl_at(notes, k);
            EX_TRY(tell_note(p, note, i, err));
        }
    }
    return EX_OK;
}

/* ---- fields ---- */

struct field_way {
    int object[PDF_DEPTH_MAX];
    unsigned depth;
    const struct pdfl_value *kind, *value; /* inherited; borrowed from those above */
    char name[1024];                       /* as UTF-8, with dots */
    size_t name_bytes;
};

static ex_code add_name(struct pdf *p, struct field_way *way, const struct pdfl_value *field,
                        struct ex_error *err) {
    VALUE *own = pdfl_get(field, "T");
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    const char *bytes = pdfl_bytes(own, &size);
    if (bytes == NULL)
        return EX_OK;
    EX_TRY(pdf_text(p, bytes, size, &text, &size, err));
    if (size + 1 > sizeof way->name - way->name_bytes) {
        p->texts_cut++;
        size = way->name_bytes + 1 < sizeof way->name ? sizeof way->name - way->name_bytes - 1 : 0;
        while (size > 0 && ((uint8_t)text[size] & 0xC0) == 0x80)
            size--; /* not in a character */
    }
    if (size == 0)
        return EX_OK;
    if (way->name_bytes > 0)
        way->name[way->name_bytes++] = '.';
    memcpy(way->name + way->name_bytes, text, size);
    way->name_bytes += size;
    return EX_OK;
}

/* Of a choice, several. */
static ex_code tell_field_value(struct pdf *p, const struct pdfl_value *value,
                                struct ex_error *err) {
    char name[24];
    if (pdfl_type(value) != PDFL_ARRAY)
        return pdf_tell_value(p, value, "value", err);
    p->texts_cut += pdfl_count(value) > PDF_VALUES_MAX;
    for (unsigned i = 0; i < pdfl_count(value) && i < PDF_VALUES_MAX; i++) {
        VALUE *one = pdfl_at(value, i);
        (void)snprintf(name, sizeof name, "value.%u", i + 1);
        EX_TRY(pdf_tell_value(p, one, name, err));
    }
    return EX_OK;
}

/* §12.8.1 */
static ex_code tell_signature(struct pdf *p, const struct pdfl_value *signature,
                              struct ex_error *err) {
    EX_TRY(pdf_tell_string(p, signature, "Name", "signed-by", err));
    EX_TRY(pdf_tell_string(p, signature, "Reason", "signed-because", err));
    EX_TRY(pdf_tell_string(p, signature, "Location", "signed-at", err));
    return pdf_tell_date(p, signature, "M", PARSER_MODIFIED, "signed-as-written", "pdf:signature",
                         err);
}

static ex_code tell_field(struct pdf *p, const struct field_way *way,
                          const struct pdfl_value *field, struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_RECORD, .parent = p->parent};
    char key[40];
    uint32_t number;
    if (!pdf_record(p))
        return EX_OK;
    (void)snprintf(key, sizeof key, "field-%u", p->record);
    trace.key = key;
    trace.name = way->name_bytes > 0 ? way->name : NULL;
    trace.name_bytes = way->name_bytes;
    p->fields++;
    EX_TRY(parser_trace(p->run, &trace, &number, err));
    EX_TRY(pdf_tell_value(p, way->kind, "field", err));
    if (pdfl_type(way->value) == PDFL_DICT)
        EX_TRY(tell_signature(p, way->value, err));
    else
        EX_TRY(tell_field_value(p, way->value, err));
    EX_TRY(pdf_tell_string(p, field, "TU", "label", err));
    EX_TRY(pdf_tell_string(p, field, "TM", "mapping-name", err));
    EX_TRY(pdf_tell_string(p, field, "DV", "default-value", err));
    EX_TRY(pdf_tell_string(p, field, "RV", "rich-value", err));
    return pdf_tell_triggers(p, field, "field", p->fields, err);
}

static ex_code walk_field(struct pdf *p, const struct field_way *above,
                          const struct pdfl_value *field, struct ex_error *err);

/* What has neither is a place on paper of the field that it is under. */
static bool is_field(const struct pdfl_value *v) {
    VALUE *name = pdfl_get(v, "T"), *kids = pdfl_get(v, "Kids");
    return name != NULL || kids != NULL;
}

static ex_code walk_kids(struct pdf *p, const struct field_way *way, const struct pdfl_value *kids,
                         struct ex_error *err) {
    for (unsigned i = 0; pdfl_type(kids) == PDFL_ARRAY && i < pdfl_count(kids) && !p->cut; i++) {
        VALUE *kid = pdfl_at(kids, i);
        if (kid != NULL && (way->depth == 0 || is_field(kid)))
            EX_TRY(walk_field(p, way, kid, err));
    }
    return EX_OK;
}

static bool has_fields(struct pdf *p, const struct pdfl_value *kids) {
    for (unsigned i = 0; pdfl_type(kids) == PDFL_ARRAY && i < pdfl_count(kids) && pdf_node(p);
         i++) {
        VALUE *kid = pdfl_at(kids, i);
        if (is_field(kid))
            return true;
    }
    return false;
}

static ex_code walk_field(struct pdf *p, const struct field_way *above,
                          const struct pdfl_value *field, struct ex_error *err) {
    struct field_way way = *above;
    int object = pdfl_object(field);
    for (unsigned i = 0; object != 0 && i < way.depth; i++)
        if (way.object[i] == object)
            return EX_OK; /* in itself */
    if (way.depth >= PDF_DEPTH_MAX) {
        p->was_cut = true;
        return EX_OK;
    }
    if (!pdf_node(p))
        return EX_OK;
    way.object[way.depth++] = object;
    VALUE *kind = pdfl_get(field, "FT"), *value = pdfl_get(field, "V");
    VALUE *kids = pdfl_get(field, "Kids");
    way.kind = kind != NULL ? kind : way.kind;
    way.value = value != NULL ? value : way.value;
    EX_TRY(add_name(p, &way, field, err));
    bool group = has_fields(p, kids);
    if (!group || value != NULL)
        EX_TRY(tell_field(p, &way, field, err));
    return group ? walk_kids(p, &way, kids, err) : EX_OK;
}

ex_code pdf_tell_fields(struct pdf *p, struct ex_error *err) {
    VALUE *catalog = pdfl_catalog(p->doc), *form = pdfl_get(catalog, "AcroForm");
    VALUE *fields = pdfl_get(form, "Fields");
    const struct field_way top = {0};
    return walk_kids(p, &top, fields, err);
}
