/* SPDX-License-Identifier: Apache-2.0 */
/* What documents of several kinds share: pieces of text that are kept for the end, and paragraphs
 * in their three readings. */
#include "parsers/documents/office_internal.h"

ex_code office_keep(struct office *o, struct piece *p, const char *bytes, size_t size_bytes,
                    struct ex_error *err) {
    struct ex_error why;
    ex_code code = piece_add(p, bytes, size_bytes, TEXT_PIECE_BYTES_MAX, &why);
    if (code == EX_LIMIT) {
        text_wrong(&o->text, "paragraph", EX_LIMIT,
                   "more than %d bytes in one cell, or in what stands behind the main text",
                   TEXT_PIECE_BYTES_MAX);
        return EX_OK;
    }
    if (code != EX_OK && err != NULL)
        *err = why;
    return code;
}

ex_code office_keep_text(struct office *o, struct piece *p, const char *text,
                         struct ex_error *err) {
    return office_keep(o, p, text, strlen(text), err);
}

void office_flatten(char *bytes, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes; i++)
        if (bytes[i] == '\n' || bytes[i] == '\t')
            bytes[i] = ' ';
}

void readings_clear(struct readings *r) {
    piece_clear(&r->shown);
    piece_clear(&r->before);
    piece_clear(&r->with_hidden);
}

ex_code readings_put(struct office *o, struct readings *r, const char *bytes, size_t size_bytes,
                     bool deleted, bool inserted, bool hidden, struct ex_error *err) {
    r->changed = r->changed || deleted || inserted;
    r->hidden = r->hidden || hidden;
    if (!deleted && !hidden)
        EX_TRY(office_keep(o, &r->shown, bytes, size_bytes, err));
    if (deleted || !inserted)
        EX_TRY(office_keep(o, &r->before, bytes, size_bytes, err));
    return deleted ? EX_OK : office_keep(o, &r->with_hidden, bytes, size_bytes, err);
}

static ex_code keep_line(struct office *o, struct piece *to, const struct piece *from,
                         struct ex_error *err) {
    EX_TRY(office_keep(o, to, from->bytes, from->size, err));
    return office_keep_text(o, to, "\n", err);
}

ex_code readings_end(struct office *o, struct readings *r, bool always, struct piece *to,
                     struct ex_error *err) {
    if (r->shown.size > 0 || (always && !r->changed && !r->hidden))
        EX_TRY(to != NULL ? keep_line(o, to, &r->shown, err)
                          : text_line(&o->text, r->shown.bytes, r->shown.size, err));
    if (r->changed)
        EX_TRY(keep_line(o, &o->before, &r->before, err));
    if (r->hidden)
        EX_TRY(keep_line(o, &o->hidden, &r->with_hidden, err));
    r->shown.size = r->before.size = r->with_hidden.size = 0;
    r->changed = r->hidden = false;
    return EX_OK;
}

void office_free(struct office *o) {
    struct piece *pieces[] = {&o->before, &o->hidden,       &o->changes, &o->fields,
                              &o->links,  &o->descriptions, &o->other,   &o->custom};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        piece_clear(pieces[i]);
    package_clear(&o->package);
    free(o);
}
ex_code office_tell_sections(struct office *o, struct ex_error *err) {
    struct text *t = &o->text;
    EX_TRY(text_section(t, "before tracked changes", &o->before, err));
    EX_TRY(text_section(t, "tracked changes", &o->changes, err));
    EX_TRY(text_section(t, "with hidden text", &o->hidden, err));
    EX_TRY(text_section(t, "fields", &o->fields, err));
    EX_TRY(text_section(t, "links", &o->links, err));
    EX_TRY(text_section(t, "descriptions", &o->descriptions, err));
    EX_TRY(text_section(t, "other form", &o->other, err));
    return text_section(t, "custom properties", &o->custom, err);
}
