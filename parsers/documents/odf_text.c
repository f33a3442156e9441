/* SPDX-License-Identifier: Apache-2.0 */
/* Paragraphs of OpenDocument, and what stands beside them: notes, comments, tracked changes
 * (OpenDocument 1.2 part 1 §5, §6, §14). */
#include "parsers/documents/odf_internal.h"

#include <stdio.h>

void odf_free(struct odf *d) {
    for (size_t i = 0; i < ODF_FRAMES_MAX; i++) {
        piece_clear(&d->frame[i].shown.text);
        piece_clear(&d->frame[i].all.text);
    }
    piece_clear(&d->notes);
    piece_clear(&d->description);
    piece_clear(&d->cell);
    piece_clear(&d->formula);
    piece_clear(&d->value);
    free(d->hidden_style);
    free(d);
}

static struct odf_frame *top(struct odf *d) {
    return d->frames > 0 ? &d->frame[d->frames - 1] : NULL;
}

static struct odf_opened *beside(struct odf *d) {
    return d->asides > 0 ? &d->aside[d->asides - 1] : NULL;
}

/* ---- characters ---- */

/* §6.1.2: white space is one space, and none at the beginning. */
static ex_code put_text(struct odf *d, struct odf_line *l, const char *bytes, size_t size,
                        struct ex_error *err) {
    for (size_t at = 0, n; at < size; at += n) {
        n = strcspn(bytes + at, " \t\r\n");
        n = n < size - at ? n : size - at;
        if (n > 0) {
            EX_TRY(office_keep(d->office, &l->text, bytes + at, n, err));
            l->space = false;
        } else {
            n = 1;
            if (!l->space)
                EX_TRY(office_keep(d->office, &l->text, " ", 1, err));
            l->space = true;
        }
    }
    return EX_OK;
}

/* Does the innermost style hide what comes now? */
static bool is_hidden(struct odf_frame *f) {
    bool hidden = f->hides[f->spans];
    f->some_hidden = f->some_hidden || hidden;
    return hidden;
}

static void put_word(char *to, size_t *size, const char *bytes, size_t more) {
    size_t room = OFFICE_WORD_BYTES - 1 - *size;
    more = more < room ? more : room;
    memcpy(to + *size, bytes, more);
    *size += more;
    to[*size] = '\0';
}

ex_code odf_put(struct odf *d, const char *bytes, size_t size, struct ex_error *err) {
    struct odf_frame *f = top(d);
    struct odf_opened *o = beside(d);
    char own[256];
    switch (d->taking) {
    case ODF_TAKE_TEXT:
        for (size_t at = 0, n; f != NULL && at < size; at += n) { /* with a NUL behind it */
            n = size - at < sizeof own ? size - at : sizeof own - 1;
            memcpy(own, bytes + at, n);
            own[n] = '\0';
            if (!is_hidden(f))
                EX_TRY(put_text(d, &f->shown, own, n, err));
            EX_TRY(put_text(d, &f->all, own, n, err));
        }
        break;
    case ODF_TAKE_NOTHING:
        break;
    case ODF_TAKE_WHO:
        if (o != NULL)
            put_word(o->who, &o->who_size, bytes, size);
        break;
    case ODF_TAKE_WHEN:
        if (o != NULL)
            put_word(o->when, &o->when_size, bytes, size);
        break;
    case ODF_TAKE_DESCRIPTION:
        return office_keep(d->office, &d->description, bytes, size, err);
    }
    return EX_OK;
}

/* Characters as they are. space: white space behind them is none of the text. */
static ex_code put_as_is(struct odf *d, struct odf_line *l, char c, uint64_t count, bool space,
                         struct ex_error *err) {
    l->space = space;
    for (uint64_t i = 0; i < count; i++)
        EX_TRY(office_keep(d->office, &l->text, &c, 1, err));
    return EX_OK;
}

static ex_code put_marks(struct odf *d, char c, uint64_t count, bool space, struct ex_error *err) {
    struct odf_frame *f = top(d);
    if (f == NULL || d->taking != ODF_TAKE_TEXT)
        return EX_OK;
    if (!is_hidden(f))
        EX_TRY(put_as_is(d, &f->shown, c, count, space, err));
    return put_as_is(d, &f->all, c, count, space, err);
}

ex_code odf_put_spaces(struct odf *d, uint64_t count, struct ex_error *err) {
    return put_marks(d, ' ', count, false, err);
}

ex_code odf_put_mark(struct odf *d, char mark, struct ex_error *err) {
    return put_marks(d, mark, 1, true, err);
}

void odf_take(struct odf *d, enum odf_taking what) {
    struct odf_opened *o = beside(d);
    if (what == ODF_TAKE_WHO && o != NULL)
        o->who_size = 0;
    if (what == ODF_TAKE_WHEN && o != NULL)
        o->when_size = 0;
    d->taking = what;
    d->description.size = 0;
}

ex_code odf_end_take(struct odf *d, struct ex_error *err) {
    bool description = d->taking == ODF_TAKE_DESCRIPTION && d->description.size > 0;
    d->taking = ODF_TAKE_TEXT;
    if (!description)
        return EX_OK;
    struct piece *to = &d->office->descriptions;
    office_flatten(d->description.bytes, d->description.size);
    EX_TRY(office_keep(d->office, to, d->description.bytes, d->description.size, err));
    return office_keep_text(d->office, to, "\n", err);
}

/* ---- beside the main text ---- */

void odf_start_aside(struct odf *d, enum odf_aside what) {
    if (d->asides >= ODF_ASIDES_MAX) {
        d->asides_left_out++; /* its text is that of the one around it */
        return;
    }
    d->aside[d->asides++] = (struct odf_opened){.what = what, .frames = d->frames};
}

ex_code odf_start_note(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    char class[16];
    struct piece *to = &d->notes;
    odf_start_aside(d, ODF_NOTE);
    (void)xml_attribute(a, XML_TEXT, "note-class", class, sizeof class);
    EX_TRY(office_keep_text(d->office, to, "\x01", err));
    return office_keep_text(d->office, to,
                            strcmp(class, "endnote") == 0 ? "endnote\n" : "footnote\n", err);
}

void odf_start_section(struct odf *d, const struct xml_attributes *a) {
    char display[16];
    struct odf_opened *o = beside(d);
    (void)xml_attribute(a, XML_TEXT, "display", display, sizeof display);
    bool hidden = strcmp(display, "none") == 0 || strcmp(display, "condition") == 0;
    odf_start_aside(d, hidden ? ODF_HIDDEN : o != NULL ? o->what : ODF_MAIN);
}

static ex_code put_change(struct odf *d, const struct odf_opened *o, const char *word,
                          struct piece *text, struct ex_error *err) {
    char head[2 * OFFICE_WORD_BYTES + 16];
    struct piece *to = &d->office->changes;
    size_t from = to->size;
    (void)snprintf(head, sizeof head, "%s\t%s\t%s\t", word, o->who, o->when);
    for (char *c = head + strlen(head); c-- > head;)
        *c = *c == '\n' ? ' ' : *c;
    EX_TRY(office_keep_text(d->office, to, head, err));
    from = to->size;
    if (text != NULL)
        EX_TRY(office_keep(d->office, to, text->bytes, text->size, err));
    office_flatten(to->bytes + from, to->size - from);
    return office_keep_text(d->office, to, "\n", err);
}

ex_code odf_end_aside(struct odf *d, struct ex_error *err) {
    if (d->asides_left_out > 0) {
        d->asides_left_out--;
        return EX_OK;
    }
    if (d->asides == 0)
        return EX_OK;
    struct odf_opened *o = &d->aside[--d->asides];
    return o->what == ODF_INSERTED ? put_change(d, o, "inserted", NULL, err) : EX_OK;
}

/* ---- paragraphs ---- */

void odf_start_paragraph(struct odf *d, const struct xml_attributes *a) {
    char style[OFFICE_WORD_BYTES - 40];
    if (d->frames >= ODF_FRAMES_MAX) {
        d->frames_left_out++;
        return;
    }
    struct odf_frame *f = &d->frame[d->frames++];
    (void)xml_attribute(a, XML_TEXT, "style-name", style, sizeof style);
    f->shown.text.size = f->all.text.size = 0;
    f->shown.space = f->all.space = true;
    f->hidden = f->some_hidden = false;
    f->spans = f->spans_left_out = 0;
    f->hides[0] = odf_style_hides(d, "paragraph", style, false);
}

void odf_start_span(struct odf *d, const struct xml_attributes *a) {
    struct odf_frame *f = top(d);
    char style[OFFICE_WORD_BYTES - 40];
    if (f == NULL)
        return;
    if (f->spans >= ODF_SPANS_MAX) {
        f->spans_left_out++;
        return;
    }
    (void)xml_attribute(a, XML_TEXT, "style-name", style, sizeof style);
    bool around = f->hides[f->spans];
    f->hides[++f->spans] = odf_style_hides(d, "text", style, around);
}

void odf_end_span(struct odf *d) {
    struct odf_frame *f = top(d);
    if (f != NULL && f->spans_left_out > 0)
        f->spans_left_out--;
    else if (f != NULL && f->spans > 0)
        f->spans--;
}

void odf_hide_paragraph(struct odf *d) {
    if (top(d) != NULL)
        top(d)->hidden = true;
}

static ex_code keep_line(struct odf *d, struct piece *to, const struct piece *text,
                         struct ex_error *err) {
    EX_TRY(office_keep(d->office, to, text->bytes, text->size, err));
    return office_keep_text(d->office, to, "\n", err);
}

static ex_code put_comment(struct odf *d, struct odf_opened *o, const struct piece *text,
                           struct ex_error *err) {
    char head[2 * OFFICE_WORD_BYTES + 16];
    if (!o->headed) {
        (void)snprintf(head, sizeof head, "comment, %s, %s", o->who, o->when);
        office_flatten(head, strlen(head));
        EX_TRY(office_keep_text(d->office, &d->notes, "\x01", err));
        EX_TRY(office_keep_text(d->office, &d->notes, head, err));
        EX_TRY(office_keep_text(d->office, &d->notes, "\n", err));
    }
    o->headed = true;
    return keep_line(d, &d->notes, text, err);
}

/* In a cell, paragraphs are one line. */
static ex_code put_main(struct odf *d, const struct piece *text, struct ex_error *err) {
    if (!d->in_cell)
        return text_line(&d->office->text, text->bytes, text->size, err);
    if (d->cell.size > 0)
        EX_TRY(office_keep_text(d->office, &d->cell, "\v", err));
    return office_keep(d->office, &d->cell, text->bytes, text->size, err);
}

ex_code odf_end_paragraph(struct odf *d, struct ex_error *err) {
    struct odf_opened *o = beside(d);
    if (d->frames_left_out > 0) {
        d->frames_left_out--;
        return odf_put_mark(d, '\n', err);
    }
    if (d->frames == 0)
        return EX_OK;
    struct odf_frame *f = &d->frame[--d->frames];
    /* an aside that was opened inside of this paragraph is not what it belongs to */
    enum odf_aside what = o != NULL ? o->what : ODF_MAIN;
    if (what == ODF_DELETED || what == ODF_PREVIOUS)
        return put_change(d, o, what == ODF_DELETED ? "deleted" : "previous", &f->all.text, err);
    if (f->hidden || what == ODF_HIDDEN)
        return keep_line(d, &d->office->hidden, &f->all.text, err);
    if (f->some_hidden)
        EX_TRY(keep_line(d, &d->office->hidden, &f->all.text, err));
    if (f->some_hidden && f->shown.text.size == 0)
        return EX_OK;
    if (what == ODF_NOTE)
        return keep_line(d, &d->notes, &f->shown.text, err);
    return what == ODF_COMMENT ? put_comment(d, o, &f->shown.text, err)
                               : put_main(d, &f->shown.text, err);
}

ex_code odf_end(struct odf *d, struct ex_error *err) {
    while (d->asides > 0) /* of a part that ends early */
        EX_TRY(odf_end_aside(d, err));
    while (d->frames > 0)
        EX_TRY(odf_end_paragraph(d, err));
    if (d->in_cell)
        EX_TRY(odf_end_cell(d, err));
    return text_headed(&d->office->text, &d->notes, err);
}

/* ---- what else is kept ---- */

ex_code odf_keep_hidden(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    size_t size;
    const char *value = xml_attribute_bytes(a, XML_TEXT, "string-value", &size);
    struct piece *to = &d->office->hidden;
    if (size == 0)
        return EX_OK;
    EX_TRY(office_keep(d->office, to, value, size, err));
    return office_keep_text(d->office, to, "\n", err);
}

/* Not those that name a member. */
ex_code odf_keep_link(struct odf *d, const struct xml_attributes *a, struct ex_error *err) {
    char name[PACKAGE_NAME_BYTES_MAX];
    size_t size;
    const char *value = xml_attribute_bytes(a, XML_XLINK, "href", &size);
    struct piece *to = &d->office->links;
    (void)xml_attribute(a, XML_XLINK, "href", name, sizeof name);
    const char *path = strncmp(name, "./", 2) == 0 ? name + 2 : name;
    if (size == 0 || *path == '#' || package_find(&d->office->package, path) != NULL)
        return EX_OK;
    size_t from = to->size;
    EX_TRY(office_keep(d->office, to, value, size, err));
    office_flatten(to->bytes + from, to->size - from);
    return office_keep_text(d->office, to, "\n", err);
}
