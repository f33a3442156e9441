/* SPDX-License-Identifier: Apache-2.0 */
/* Paragraphs: WordprocessingML (ECMA-376-1 §17), DrawingML text (§21.1.2), and comments of
 * spreadsheets and presentations, which are made of the same. */
#include "parsers/documents/office_internal.h"

#include <stdio.h>

enum { FRAMES_MAX = 32, CHANGES_MAX = 4, RUNS_MAX = 8, AUTHORS_MAX = 1000 };

/* A paragraph that is open; a box in it has its own. */
struct frame {
    struct readings readings;
    unsigned runs; /* that are open in one another */
    bool run_hidden, outer_hidden[RUNS_MAX];
    unsigned other; /* as it was when this was opened */
};

struct change {
    bool deletion;
    char who[OFFICE_WORD_BYTES], when[OFFICE_WORD_BYTES];
    struct piece text;
};

enum taking { TAKE_NOTHING, TAKE_TEXT, TAKE_DELETED, TAKE_FIELD, TAKE_AUTHOR };

struct flow {
    struct office *office;
    enum taking taking;
    unsigned depth; /* of frames; frame 0 is for text that is in no paragraph */
    unsigned too_deep;
    unsigned deleted, inserted, former; /* former: formats as they were before a change */
    unsigned changes, changes_left_out;
    struct change change[CHANGES_MAX];
    struct frame frame[FRAMES_MAX];
    struct piece field, author;
    size_t authors;
    char (*author_name)[OFFICE_WORD_BYTES];
    /* markup compatibility: one of several forms is taken */
    unsigned alternates, other;
    bool other_open; /* a line of o->other is not ended */
    bool chosen[XML_DEPTH_MAX + 1], counted[XML_DEPTH_MAX + 1];
};

static struct frame *top(struct flow *f) {
    return &f->frame[f->depth];
}

/* ---- text ---- */

static ex_code put(struct flow *f, const char *bytes, size_t size, bool deleted,
                   struct ex_error *err) {
    struct frame *frame = top(f);
    bool inserted = f->inserted > 0, hidden = frame->run_hidden;
    deleted = deleted || f->deleted > 0;
    if (f->other > frame->other) { /* another form of a part of this paragraph */
        f->other_open = true;
        return office_keep(f->office, &f->office->other, bytes, size, err);
    }
    EX_TRY(readings_put(f->office, &frame->readings, bytes, size, deleted, inserted, hidden, err));
    for (unsigned i = 0; i < f->changes; i++)
        EX_TRY(office_keep(f->office, &f->change[i].text, bytes, size, err));
    return EX_OK;
}

static ex_code put_text(struct flow *f, const char *text, struct ex_error *err) {
    return put(f, text, strlen(text), false, err);
}

/* ---- paragraphs ---- */

static ex_code end_frame(struct flow *f, bool always, struct ex_error *err) {
    struct frame *frame = top(f);
    struct piece *to = f->other > 0 ? &f->office->other : NULL;
    EX_TRY(readings_end(f->office, &frame->readings, always, to, err));
    frame->runs = 0;
    frame->run_hidden = false;
    return EX_OK;
}

static void start_paragraph(struct flow *f) {
    if (f->depth + 1 >= FRAMES_MAX) {
        f->too_deep++; /* its text is that of the one around it */
        return;
    }
    f->depth++;
    top(f)->other = f->other;
}

static ex_code end_paragraph(struct flow *f, struct ex_error *err) {
    if (f->too_deep > 0) {
        f->too_deep--;
        return put_text(f, "\n", err);
    }
    if (f->depth == 0)
        return EX_OK;
    EX_TRY(end_frame(f, true, err));
    f->depth--;
    return EX_OK;
}

/* A run in a run (ruby) is hidden when the outer one is, and that is so again behind it. */
static void start_run(struct frame *frame) {
    if (frame->runs < RUNS_MAX)
        frame->outer_hidden[frame->runs] = frame->run_hidden;
    frame->runs++;
}

static void end_run(struct frame *frame) {
    if (frame->runs == 0)
        return;
    if (--frame->runs < RUNS_MAX)
        frame->run_hidden = frame->outer_hidden[frame->runs];
}

/* ---- tracked changes ---- */

static void start_change(struct flow *f, bool deletion, const struct xml_attributes *a) {
    f->deleted += deletion ? 1 : 0;
    f->inserted += deletion ? 0 : 1;
    if (f->changes >= CHANGES_MAX) {
        f->changes_left_out++;
        return;
    }
    struct change *c = &f->change[f->changes++];
    c->deletion = deletion;
    c->text.size = 0;
    (void)xml_attribute(a, XML_WORD, "author", c->who, sizeof c->who);
    (void)xml_attribute(a, XML_WORD, "date", c->when, sizeof c->when);
    office_flatten(c->who, strlen(c->who));
    office_flatten(c->when, strlen(c->when));
}

/* One without text marks the end of a paragraph, or a row of a table. */
static ex_code end_change(struct flow *f, bool deletion, struct ex_error *err) {
    char head[2 * OFFICE_WORD_BYTES + 16];
    struct piece *to = &f->office->changes;
    f->deleted -= deletion && f->deleted > 0 ? 1 : 0;
    f->inserted -= !deletion && f->inserted > 0 ? 1 : 0;
    if (f->changes_left_out > 0) {
        f->changes_left_out--;
        return EX_OK;
    }
    struct change *c = f->changes > 0 ? &f->change[--f->changes] : NULL;
    if (c == NULL || c->text.size == 0)
        return EX_OK;
    (void)snprintf(head, sizeof head, "%s\t%s\t%s\t", c->deletion ? "deleted" : "inserted", c->who,
                   c->when);
    EX_TRY(office_keep_text(f->office, to, head, err));
    office_flatten(c->text.bytes, c->text.size);
    EX_TRY(office_keep(f->office, to, c->text.bytes, c->text.size, err));
    return office_keep_text(f->office, to, "\n", err);
}

/* ---- fields, pictures, symbols ---- */

static ex_code end_field(struct flow *f, struct ex_error *err) {
    if (f->field.size == 0)
        return EX_OK;
    office_flatten(f->field.bytes, f->field.size);
    EX_TRY(office_keep(f->office, &f->office->fields, f->field.bytes, f->field.size, err));
    f->field.size = 0;
    return office_keep_text(f->office, &f->office->fields, "\n", err);
}

static ex_code keep_attribute(struct flow *f, struct piece *to, const struct xml_attributes *a,
                              enum xml_space space, const char *name, struct ex_error *err) {
    size_t size;
    const char *value = xml_attribute_bytes(a, space, name, &size);
    if (size == 0)
        return EX_OK;
    size_t from = to->size;
    EX_TRY(office_keep(f->office, to, value, size, err));
    if (to->size > from)
        office_flatten(to->bytes + from, to->size - from);
    return office_keep_text(f->office, to, "\n", err);
}

static ex_code put_code_point(struct flow *f, uint32_t c, struct ex_error *err) {
    char to[4];
    size_t n = 0;
    if (c < ' ' || c > 0xFFFF || (c >= 0xD800 && c < 0xE000))
        return EX_OK;
    if (c < 0x80) {
        to[n++] = (char)c;
    } else {
        if (c >= 0x800)
            to[n++] = (char)(0xE0 | c >> 12);
        to[n++] = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3F) : 0xC0 | c >> 6);
        to[n++] = (char)(0x80 | (c & 0x3F));
    }
    return put(f, to, n, false, err);
}

static ex_code put_symbol(struct flow *f, const struct xml_attributes *a, struct ex_error *err) {
    char digits[8], *end;
    if (!xml_attribute(a, XML_WORD, "char", digits, sizeof digits))
        return EX_OK;
    unsigned long value = strtoul(digits, &end, 16);
    return *end == '\0' && end != digits ? put_code_point(f, (uint32_t)value, err) : EX_OK;
}

/* ---- headings ---- */

static void head_note(struct flow *f, const char *word, const struct xml_attributes *a) {
    char id[32];
    (void)xml_attribute(a, XML_WORD, "id", id, sizeof id);
    text_heading(&f->office->text, "%s %s", word, id);
}

static void head_comment(struct flow *f, const struct xml_attributes *a) {
    char who[OFFICE_WORD_BYTES], when[OFFICE_WORD_BYTES];
    (void)xml_attribute(a, XML_WORD, "author", who, sizeof who);
    (void)xml_attribute(a, XML_WORD, "date", when, sizeof when);
    text_heading(&f->office->text, "comment, %s, %s", who, when);
}

static void head_cell_comment(struct flow *f, const struct xml_attributes *a) {
    char reference[32];
    uint64_t author = xml_attribute_number(a, XML_NONE, "authorId", AUTHORS_MAX, AUTHORS_MAX);
    (void)xml_attribute(a, XML_NONE, "ref", reference, sizeof reference);
    text_heading(&f->office->text, "comment on %s, %s", reference,
                 author < f->authors ? f->author_name[author] : "");
}

static void head_threaded(struct flow *f, const struct xml_attributes *a) {
    char reference[32], person[OFFICE_WORD_BYTES], when[OFFICE_WORD_BYTES];
    (void)xml_attribute(a, XML_NONE, "ref", reference, sizeof reference);
    (void)xml_attribute(a, XML_NONE, "personId", person, sizeof person);
    (void)xml_attribute(a, XML_NONE, "dT", when, sizeof when);
    text_heading(&f->office->text, "comment on %s, person %s, %s", reference, person, when);
}

static void head_slide_comment(struct flow *f, const struct xml_attributes *a) {
    char author[32], when[OFFICE_WORD_BYTES];
    (void)xml_attribute(a, XML_NONE, "authorId", author, sizeof author);
    (void)xml_attribute(a, XML_NONE, "dt", when, sizeof when);
    text_heading(&f->office->text, "comment, author %s, %s", author, when);
}

static ex_code head_slide(struct flow *f, const struct xml_attributes *a, struct ex_error *err) {
    char heading[TEXT_HEADING_BYTES];
    struct text *t = &f->office->text;
    if (t->heading_waits && !xml_attribute_is_true(a, XML_NONE, "show", true)) {
        memcpy(heading, t->heading, sizeof heading);
        text_heading(t, "%.500s, hidden", heading);
    }
    return text_mark(t, err);
}

/* Who is meant by the numbers in comments. */
static ex_code put_person(struct flow *f, const struct xml_attributes *a, const char *id_name,
                          const char *name_name, struct ex_error *err) {
    char id[OFFICE_WORD_BYTES], name[OFFICE_WORD_BYTES], line[2 * OFFICE_WORD_BYTES + 4];
    (void)xml_attribute(a, XML_NONE, id_name, id, sizeof id);
    (void)xml_attribute(a, XML_NONE, name_name, name, sizeof name);
    office_flatten(id, strlen(id));
    office_flatten(name, strlen(name));
    int size = snprintf(line, sizeof line, "%s\t%s", id, name);
    return text_line(&f->office->text, line, (size_t)size, err);
}

static void end_author(struct flow *f) {
    size_t size = f->author.size < OFFICE_WORD_BYTES ? f->author.size : OFFICE_WORD_BYTES - 1;
    if (f->authors >= AUTHORS_MAX)
        return;
    if (f->author_name == NULL)
        f->author_name = calloc(AUTHORS_MAX, sizeof *f->author_name);
    if (f->author_name == NULL)
        return;
    if (size > 0)
        memcpy(f->author_name[f->authors], f->author.bytes, size);
    f->authors++;
    f->author.size = 0;
}

/* ---- other forms of the same ---- */

/* The first whose requirements are known, or the one for programs that know none of them. */
static void start_form(struct flow *f, bool fits) {
    bool shown = fits && !f->chosen[f->alternates];
    f->counted[f->alternates] = !shown;
    f->other += shown ? 0 : 1;
    f->chosen[f->alternates] = f->chosen[f->alternates] || shown;
}

static ex_code end_form(struct flow *f, struct ex_error *err) {
    if (f->counted[f->alternates] && f->other > 0)
        f->other--;
    f->counted[f->alternates] = false;
    if (!f->other_open)
        return EX_OK;
    f->other_open = false;
    return office_keep_text(f->office, &f->office->other, "\n", err);
}

/* ---- elements ---- */

enum element {
    E_PARAGRAPH,
    E_RUN,
    E_TEXT,
    E_DELETED_TEXT,
    E_TAB,
    E_BREAK,
    E_SHAPE_BREAK,
    E_HYPHEN,
    E_SYMBOL,
    E_VANISH,
    E_FORMER,
    E_DELETION,
    E_INSERTION,
    E_FIELD_TEXT,
    E_FIELD_MARK,
    E_FIELD_SIMPLE,
    E_ALTERNATE,
    E_FORM,
    E_LAST_FORM,
    E_FOOTNOTE,
    E_ENDNOTE,
    E_COMMENT,
    E_CELL_COMMENT,
    E_THREADED,
    E_SLIDE_COMMENT,
    E_BARE_TEXT, /* a paragraph and its text in one */
    E_AUTHOR,
    E_PERSON,
    E_SLIDE_AUTHOR,
    E_SLIDE,
    E_PICTURE,
    E_TEXT_PATH,
    E_UNKNOWN
};

static const struct xml_word ELEMENTS[] = {
    {XML_WORD, "t", E_TEXT},
    {XML_WORD, "r", E_RUN},
    {XML_WORD, "p", E_PARAGRAPH},
    {XML_WORD, "tab", E_TAB},
    {XML_WORD, "ptab", E_TAB},
    {XML_WORD, "br", E_BREAK},
    {XML_WORD, "cr", E_BREAK},
    {XML_WORD, "noBreakHyphen", E_HYPHEN},
    {XML_WORD, "sym", E_SYMBOL},
    {XML_WORD, "vanish", E_VANISH},
    {XML_WORD, "delText", E_DELETED_TEXT},
    {XML_WORD, "rPrChange", E_FORMER},
    {XML_WORD, "pPrChange", E_FORMER},
    {XML_WORD, "sectPrChange", E_FORMER},
    {XML_WORD, "numberingChange", E_FORMER},
    {XML_WORD, "tblPrChange", E_FORMER},
    {XML_WORD, "tblGridChange", E_FORMER},
    {XML_WORD, "tblPrExChange", E_FORMER},
    {XML_WORD, "trPrChange", E_FORMER},
    {XML_WORD, "tcPrChange", E_FORMER},
    {XML_WORD, "del", E_DELETION},
    {XML_WORD, "moveFrom", E_DELETION},
    {XML_WORD, "ins", E_INSERTION},
    {XML_WORD, "moveTo", E_INSERTION},
    {XML_WORD, "instrText", E_FIELD_TEXT},
    {XML_WORD, "delInstrText", E_FIELD_TEXT},
    {XML_WORD, "fldChar", E_FIELD_MARK},
    {XML_WORD, "fldSimple", E_FIELD_SIMPLE},
    {XML_WORD, "footnote", E_FOOTNOTE},
    {XML_WORD, "endnote", E_ENDNOTE},
    {XML_WORD, "comment", E_COMMENT},
    {XML_DRAWING, "t", E_TEXT},
    {XML_DRAWING, "p", E_PARAGRAPH},
    {XML_DRAWING, "br", E_SHAPE_BREAK},
    {XML_MATH, "t", E_TEXT},
    {XML_CHART, "v", E_BARE_TEXT},
    {XML_CHOICE, "AlternateContent", E_ALTERNATE},
    {XML_CHOICE, "Choice", E_FORM},
    {XML_CHOICE, "Fallback", E_LAST_FORM},
    {XML_SHEET, "comment", E_CELL_COMMENT},
    {XML_SHEET, "text", E_PARAGRAPH},
    {XML_SHEET, "t", E_TEXT},
    {XML_SHEET, "author", E_AUTHOR},
    {XML_THREADED, "threadedComment", E_THREADED},
    {XML_THREADED, "text", E_BARE_TEXT},
    {XML_THREADED, "person", E_PERSON},
    {XML_SLIDE, "cm", E_SLIDE_COMMENT},
    {XML_SLIDE, "text", E_BARE_TEXT},
    {XML_SLIDE, "cmAuthor", E_SLIDE_AUTHOR},
    {XML_SLIDE, "sld", E_SLIDE},
    {XML_SLIDE, "cNvPr", E_PICTURE},
    {XML_ANCHOR, "docPr", E_PICTURE},
    {XML_ANCHOR, "cNvPr", E_PICTURE},
    {XML_VML, "textpath", E_TEXT_PATH},
};

static enum element element_of(enum xml_space space, const char *name) {
    return (enum element)xml_element(ELEMENTS, sizeof ELEMENTS / sizeof ELEMENTS[0], space, name,
                                     E_UNKNOWN);
}

static ex_code start_text(struct flow *f, enum element e, const struct xml_attributes *a,
                          struct ex_error *err) {
    switch ((int)e) {
    case E_PARAGRAPH:
        start_paragraph(f);
        break;
    case E_BARE_TEXT:
        start_paragraph(f);
        f->taking = TAKE_TEXT;
        break;
    case E_RUN:
        start_run(top(f));
        break;
    case E_TEXT:
        f->taking = TAKE_TEXT;
        break;
    case E_DELETED_TEXT:
        f->taking = TAKE_DELETED;
        break;
    case E_TAB: /* outside of a run it says where tabulators stop */
        return top(f)->runs > 0 ? put_text(f, "\t", err) : EX_OK;
    case E_BREAK:
        return top(f)->runs > 0 ? put_text(f, "\n", err) : EX_OK;
    case E_SHAPE_BREAK:
        return put_text(f, "\n", err);
    case E_HYPHEN:
        return put_text(f, "\u2011", err);
    case E_SYMBOL:
        return put_symbol(f, a, err);
    case E_VANISH:
        if (top(f)->runs > 0 && f->former == 0)
            top(f)->run_hidden = xml_attribute_is_true(a, XML_WORD, "val", true);
        break;
    }
    return EX_OK;
}

static ex_code start_mark(struct flow *f, enum element e, const struct xml_attributes *a,
                          struct ex_error *err) {
    struct office *o = f->office;
    switch ((int)e) {
    case E_FORMER:
        f->former++;
        break;
    case E_DELETION:
    case E_INSERTION:
        start_change(f, e == E_DELETION, a);
        break;
    case E_FIELD_TEXT:
        f->taking = TAKE_FIELD;
        break;
    case E_FIELD_MARK:
        return end_field(f, err);
    case E_FIELD_SIMPLE:
        return keep_attribute(f, &o->fields, a, XML_WORD, "instr", err);
    case E_ALTERNATE:
        f->chosen[++f->alternates] = false;
        break;
    case E_FORM:
        start_form(f, xml_requires_known(a));
        break;
    case E_LAST_FORM:
        start_form(f, true);
        break;
    case E_PICTURE:
        EX_TRY(keep_attribute(f, &o->descriptions, a, XML_NONE, "title", err));
        return keep_attribute(f, &o->descriptions, a, XML_NONE, "descr", err);
    case E_TEXT_PATH: {
        size_t size;
        const char *value = xml_attribute_bytes(a, XML_NONE, "string", &size);
        return size > 0 ? put(f, value, size, false, err) : EX_OK;
    }
    }
    return EX_OK;
}

static ex_code start_heading(struct flow *f, enum element e, const struct xml_attributes *a,
                             struct ex_error *err) {
    switch ((int)e) {
    case E_FOOTNOTE:
        head_note(f, "footnote", a);
        break;
    case E_ENDNOTE:
        head_note(f, "endnote", a);
        break;
    case E_COMMENT:
        head_comment(f, a);
        break;
    case E_CELL_COMMENT:
        head_cell_comment(f, a);
        break;
    case E_THREADED:
        head_threaded(f, a);
        break;
    case E_SLIDE_COMMENT:
        head_slide_comment(f, a);
        break;
    case E_SLIDE:
        return head_slide(f, a, err);
    case E_AUTHOR:
        f->taking = TAKE_AUTHOR;
        break;
    case E_PERSON:
        return put_person(f, a, "id", "displayName", err);
    case E_SLIDE_AUTHOR:
        return put_person(f, a, "id", "name", err);
    }
    return EX_OK;
}

static ex_code on_start(void *context, enum xml_space space, const char *name,
                        const struct xml_attributes *a, struct ex_error *err) {
    struct flow *f = context;
    enum element e = element_of(space, name);
    if (e <= E_VANISH)
        return start_text(f, e, a, err);
    EX_TRY(start_mark(f, e, a, err));
    return e == E_BARE_TEXT ? start_text(f, e, a, err) : start_heading(f, e, a, err);
}

static ex_code on_end(void *context, enum xml_space space, const char *name, struct ex_error *err) {
    struct flow *f = context;
    enum element e = element_of(space, name);
    switch ((int)e) {
    case E_PARAGRAPH:
        return end_paragraph(f, err);
    case E_BARE_TEXT:
        f->taking = TAKE_NOTHING;
        return end_paragraph(f, err);
    case E_FORMER:
        f->former -= f->former > 0 ? 1 : 0;
        break;
    case E_RUN:
        end_run(top(f));
        break;
    case E_AUTHOR:
        end_author(f);
        f->taking = TAKE_NOTHING;
        break;
    case E_TEXT:
    case E_DELETED_TEXT:
    case E_FIELD_TEXT:
        f->taking = TAKE_NOTHING;
        break;
    case E_DELETION:
    case E_INSERTION:
        return end_change(f, e == E_DELETION, err);
    case E_FORM:
    case E_LAST_FORM:
        return end_form(f, err);
    case E_ALTERNATE:
        f->alternates -= f->alternates > 0 ? 1 : 0;
        break;
    }
    return EX_OK;
}

/* Without soft hyphens (U+00AD), which stand inside of words. */
static ex_code put_words(struct flow *f, const char *bytes, size_t size, bool deleted,
                         struct ex_error *err) {
    while (size > 0) {
        const char *hyphen = memmem(bytes, size, "\xC2\xAD", 2);
        size_t part = hyphen != NULL ? (size_t)(hyphen - bytes) : size;
        if (part > 0)
            EX_TRY(put(f, bytes, part, deleted, err));
        part += hyphen != NULL ? 2 : 0;
        bytes += part;
        size -= part;
    }
    return EX_OK;
}

static ex_code on_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    struct flow *f = context;
    switch (f->taking) {
    case TAKE_NOTHING:
        break;
    case TAKE_TEXT:
    case TAKE_DELETED:
        return put_words(f, bytes, size, f->taking == TAKE_DELETED, err);
    case TAKE_FIELD:
        return office_keep(f->office, &f->field, bytes, size, err);
    case TAKE_AUTHOR:
        return office_keep(f->office, &f->author, bytes, size, err);
    }
    return EX_OK;
}

/* ---- a part ---- */

static void flow_free(struct flow *f) {
    for (size_t i = 0; i < FRAMES_MAX; i++)
        readings_clear(&f->frame[i].readings);
    for (size_t i = 0; i < CHANGES_MAX; i++)
        piece_clear(&f->change[i].text);
    piece_clear(&f->field);
    piece_clear(&f->author);
    free(f->author_name);
    free(f);
}
EX_DEFINE_AUTO(struct flow, flow_free);

ex_code flow_read(struct office *o, struct package_part *part, struct ex_error *err) {
    EX_AUTO(flow_free) struct flow *f = ex_new0(struct flow);
    const struct xml_handler handler = {f, on_start, on_end, on_text};
    f->office = o;
    EX_TRY(office_parse(o, part, &handler, err));
    while (f->changes > 0) /* of a part that ends early */
        EX_TRY(end_change(f, f->change[f->changes - 1].deletion, err));
    EX_TRY(end_field(f, err));
    f->other = 0;
    for (; f->depth > 0; f->depth--)
        EX_TRY(end_frame(f, false, err));
    return end_frame(f, false, err);
}
