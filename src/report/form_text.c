/* SPDX-License-Identifier: Apache-2.0 */
/* A form as plain text, for 78 columns. What stands out on paper has a mark at every line. */
#include "report/form_internal.h"

#include "crypto/seal.h"
#include "report/page_internal.h"
#include "report/words_internal.h"

#include <glib.h>

enum { TEXT_COLUMNS = 78, NAME_COLUMNS = 20, HASH_INDENT = 4 };

struct writer {
    struct page page;
    const char *margin; /* at the beginning of each line of a group */
    size_t column;
};

/* The columns that a character takes in a typeface of one width. */
static size_t columns(const struct words_character *c) {
    gunichar u = c->code;
    if (g_unichar_iszerowidth(u) || u == 0x2068)
        return 0;
    return g_unichar_iswide(u) ? 2 : 1;
}

/* A character of a block: words_next() would not let our own isolates pass. */
static struct words_character next(const char *text) {
    struct words_character c = words_next(text);
    if (strncmp(text, "\xe2\x81\xa8", 3) == 0 || strncmp(text, "\xe2\x81\xa9", 3) == 0)
        c = (struct words_character){0x2068, text, 3, 3};
    return c;
}

static void put_bytes(struct writer *w, const char *bytes, size_t size) {
    page_put_format(&w->page, "%.*s", (int)size, bytes);
}

static void begin_line(struct writer *w, size_t indent) {
    page_put(&w->page, w->margin);
    page_put_format(&w->page, "%*s", (int)indent, "");
    w->column = strlen(w->margin) + indent;
}

static void end_line(struct writer *w) {
    page_put(&w->page, "\n");
    w->column = 0;
}

/* The bytes up to the next space, and their columns. */
static size_t word_at(const char *text, size_t *ret_columns) {
    size_t size = 0;
    *ret_columns = 0;
    while (text[size] != '\0' && text[size] != ' ') {
        struct words_character c = next(text + size);
        *ret_columns += columns(&c);
        size += c.size;
    }
    return size;
}

/* A word that may be longer than a line: then it is broken where the line ends, never before a
 * character that stands on the one before it. */
static void put_word(struct writer *w, const char *word, size_t size, size_t indent) {
    for (size_t i = 0; i < size;) {
        struct words_character c = next(word + i);
        size_t wide = columns(&c);
        if (w->column + wide > TEXT_COLUMNS) {
            end_line(w);
            begin_line(w, indent);
        }
        put_bytes(w, c.bytes, c.size);
        w->column += wide;
        i += c.size;
    }
}

/* From where the line is, on further lines behind `indent`; a hash, which is compared and should
 * not be torn, further to the left if need be. */
static void put_wrapped(struct writer *w, const char *text, size_t indent) {
    bool first = true;
    while (*text != '\0') {
        size_t wide, size = word_at(text, &wide);
        size_t room = TEXT_COLUMNS - strlen(w->margin) - indent;
        bool fits = w->column + (first ? 0 : 1) + wide <= TEXT_COLUMNS;
        bool hash = wide > room && wide + HASH_INDENT + strlen(w->margin) <= TEXT_COLUMNS;
        if (hash || (!first && !fits && wide <= room)) {
            end_line(w);
            begin_line(w, hash ? HASH_INDENT : indent);
        } else if (!first && w->column < TEXT_COLUMNS) {
            page_put(&w->page, " ");
            w->column++;
        }
        put_word(w, text, size, indent);
        text += size;
        text += *text == ' ';
        first = false;
    }
    end_line(w);
}

static void put_paragraph(struct writer *w, const char *text, size_t indent) {
    begin_line(w, indent);
    put_wrapped(w, text, indent);
}

static void put_fact(struct writer *w, const struct form_block *b) {
    size_t wide = 0;
    begin_line(w, 0);
    for (const char *at = b->name; *at != '\0';) {
        struct words_character c = next(at);
        wide += columns(&c);
        at += c.used;
    }
    page_put_format(&w->page, "%s:%*s", b->name,
                    wide < NAME_COLUMNS ? (int)(NAME_COLUMNS - wide) : 1, "");
    w->column += wide + 1 + (wide < NAME_COLUMNS ? NAME_COLUMNS - wide : 1);
    put_wrapped(w, b->text, NAME_COLUMNS + 1);
}

static void put_underlined(struct writer *w, const char *text, char with) {
    end_line(w);
    put_paragraph(w, text, 0);
    for (size_t i = 0; i < TEXT_COLUMNS; i++)
        page_put_format(&w->page, "%c", with);
    end_line(w);
}

static void put_group(struct writer *w, const struct form_block *b) {
    end_line(w);
    w->margin = b->kind == FORM_BEGIN_ALERT ? "!! " : "";
    put_paragraph(w, b->text, 0);
    w->margin = b->kind == FORM_BEGIN_ALERT ? "!!   " : "  ";
}

static void put_block(struct writer *w, const struct form_block *b) {
    switch (b->kind) {
    case FORM_TITLE:
        put_paragraph(w, b->text, 0);
        return;
    case FORM_SUBTITLE:
        put_underlined(w, b->text, '=');
        return;
    case FORM_HEADING:
        put_underlined(w, b->text, '-');
        return;
    case FORM_TEXT:
        put_paragraph(w, b->text, 0);
        return;
    case FORM_POINT:
        begin_line(w, 0);
        page_put(&w->page, "* ");
        w->column += 2;
        put_wrapped(w, b->text, 2);
        return;
    case FORM_FACT:
        put_fact(w, b);
        return;
    case FORM_BEGIN:
    case FORM_BEGIN_ALERT:
        put_group(w, b);
        return;
    case FORM_END:
        w->margin = "";
        return;
    case FORM_MARK:
        put_paragraph(w, b->text, 4);
        return;
    case FORM_LINE:
        end_line(w);
        put_paragraph(w, b->text, 0);
        page_put(&w->page,
                 "\n    ______________________________________________________________\n");
        return;
    }
}

/* A paragraph behind these begins after an empty line. */
static bool apart(enum form_kind before) {
    return before == FORM_END || before == FORM_POINT || before == FORM_MARK;
}

ex_code form_write_text(const struct form *f, char **ret, size_t *ret_bytes, struct ex_error *err) {
    /* A line of one character has a margin, and no character is wider than a line. */
    size_t capacity = 16 * f->bytes + 256 * f->count + 4096;
    struct writer w = {.margin = ""};
    SEAL_AUTO_SECRET char *text = NULL;
    EX_TRY(page_init(&w.page, PAGE_TEXT, capacity, err));
    for (size_t i = 0; i < f->count; i++) {
        if (i > 0 && f->block[i].kind == FORM_TEXT && apart(f->block[i - 1].kind))
            end_line(&w);
        put_block(&w, &f->block[i]);
    }
    ex_code code = page_take(&w.page, &text, ret_bytes, err);
    page_clear(&w.page);
    if (code != EX_OK)
        return code;
    *ret = strdup(text);
    return *ret != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no memory for a form");
}
