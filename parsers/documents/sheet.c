/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of spreadsheets: SpreadsheetML (ECMA-376-1 §18). */
#include "parsers/documents/office_internal.h"

#include <stdio.h>

enum {
    STRINGS_MAX = 4 << 20,
    STRINGS_BYTES_MAX = 256 << 20,
    COLUMNS_MAX = 16384,
    ROWS_MAX = 1 << 20,
    HIDDEN_RANGES_MAX = 1024,
    SHARED_FORMULAS_MAX = 1 << 20 /* numbers of them in one sheet */
};

void sheet_reference(uint64_t column, uint64_t row, char to[static SHEET_REFERENCE_BYTES]) {
    char letters[16];
    size_t n = sizeof letters;
    for (; column > 0 && n > 0; column = (column - 1) / 26)
        letters[--n] = (char)('A' + (column - 1) % 26);
    (void)snprintf(to, SHEET_REFERENCE_BYTES, "%.*s%llu", (int)(sizeof letters - n), letters + n,
                   (unsigned long long)row);
}

/* Line breaks inside of a cell: docs/documents.md, "The text". */
static void one_line(char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\n')
            bytes[i] = '\v';
        else if (bytes[i] == '\t')
            bytes[i] = ' ';
}

/* ---- the shared table ---- */

struct strings_reading {
    struct office *office;
    struct strings *strings;
    bool in_string, phonetic, taking, full;
};

static ex_code add_string(struct strings_reading *r, struct ex_error *err) {
    struct strings *s = r->strings;
    if (s->count >= STRINGS_MAX) {
        r->full = true;
        text_wrong(&r->office->text, "strings", EX_LIMIT, "more than %d shared texts", STRINGS_MAX);
        return EX_OK;
    }
    EX_TRY(ex_grow(&s->string, &s->capacity, s->count + 1, sizeof *s->string,
                   2 * STRINGS_MAX * sizeof *s->string, "shared texts", err));
    s->string[s->count++] = (struct string){.at = s->bytes.size};
    r->in_string = true;
    return EX_OK;
}

static ex_code strings_start(void *context, enum xml_space space, const char *name,
                             const struct xml_attributes *a, struct ex_error *err) {
    struct strings_reading *r = context;
    (void)a;
    if (space != XML_SHEET || r->full)
        return EX_OK;
    if (strcmp(name, "si") == 0)
        return add_string(r, err);
    if (strcmp(name, "rPh") == 0)
        r->phonetic = true;
    r->taking = r->in_string && !r->phonetic && strcmp(name, "t") == 0;
    return EX_OK;
}

static ex_code strings_end(void *context, enum xml_space space, const char *name,
                           struct ex_error *err) {
    struct strings_reading *r = context;
    struct strings *s = r->strings;
    (void)err;
    r->taking = false;
    if (space != XML_SHEET)
        return EX_OK;
    if (strcmp(name, "rPh") == 0)
        r->phonetic = false;
    if (strcmp(name, "si") == 0 && r->in_string) {
        s->string[s->count - 1].size = s->bytes.size - s->string[s->count - 1].at;
        r->in_string = false;
    }
    return EX_OK;
}

static ex_code strings_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    struct strings_reading *r = context;
    if (!r->taking || r->full)
        return EX_OK;
    if (size > STRINGS_BYTES_MAX - r->strings->bytes.size) {
        r->full = true;
        text_wrong(&r->office->text, "strings", EX_LIMIT, "more than %d bytes of shared texts",
                   STRINGS_BYTES_MAX);
        return EX_OK;
    }
    size_t at = r->strings->bytes.size;
    EX_TRY(piece_add(&r->strings->bytes, bytes, size, STRINGS_BYTES_MAX, err));
    one_line(r->strings->bytes.bytes + at, size);
    return EX_OK;
}

void strings_clear(struct strings *s) {
    piece_clear(&s->bytes);
    free(s->string);
    *s = (struct strings){0};
}

ex_code strings_read(struct office *o, struct package_part *part, struct strings *s,
                     struct ex_error *err) {
    struct strings_reading r = {.office = o, .strings = s};
    const struct xml_handler handler = {&r, strings_start, strings_end, strings_text};
    EX_TRY(office_parse(o, part, &handler, err));
    if (r.in_string) /* of a part that ends early */
        s->string[s->count - 1].size = s->bytes.size - s->string[s->count - 1].at;
    return EX_OK;
}

ex_code strings_tell_unused(struct office *o, const struct strings *s, struct ex_error *err) {
    text_heading(&o->text, "strings that no cell uses");
    for (size_t i = 0; i < s->count; i++)
        if (!s->string[i].used && s->string[i].size > 0)
            EX_TRY(text_line(&o->text, s->bytes.bytes + s->string[i].at, s->string[i].size, err));
    return EX_OK;
}

/* ---- cells ---- */

enum cell_taking { CELL_NOTHING, CELL_VALUE, CELL_FORMULA, CELL_INLINE };

struct sheet {
    struct office *office;
    struct strings *strings;
    enum cell_taking taking;
    bool in_cell, row_hidden, phonetic;
    uint64_t row, column;
    char type[16];
    struct piece value, formula, text, line;
    struct piece unshown; /* lines: what stands in cells and is not their value */
    bool shared;          /* the cell has a formula by its number */
    uint64_t shared_number;
    size_t shared_count, shared_capacity;
    struct first {
        uint64_t column, row; /* of the cell that holds the formula; 0: none was seen */
    } * first;                /* by the number */
    size_t hidden_count;
    struct {
        uint64_t from, to;
    } hidden[HIDDEN_RANGES_MAX];
};

static void sheet_free(struct sheet *s) {
    piece_clear(&s->value);
    piece_clear(&s->formula);
    piece_clear(&s->text);
    piece_clear(&s->line);
    piece_clear(&s->unshown);
    free(s->first);
    free(s);
}
EX_DEFINE_AUTO(struct sheet, sheet_free);

static void hide_columns(struct sheet *s, const struct xml_attributes *a) {
    uint64_t from = xml_attribute_number(a, XML_NONE, "min", COLUMNS_MAX, 0);
    uint64_t to = xml_attribute_number(a, XML_NONE, "max", COLUMNS_MAX, 0);
    if (!xml_attribute_is_true(a, XML_NONE, "hidden", false) || from == 0)
        return;
    if (s->hidden_count >= HIDDEN_RANGES_MAX) {
        text_wrong(&s->office->text, "columns", EX_LIMIT, "more than %d groups of hidden columns",
                   HIDDEN_RANGES_MAX);
        return;
    }
    s->hidden[s->hidden_count].from = from;
    s->hidden[s->hidden_count++].to = to;
}

static bool is_hidden(const struct sheet *s) {
    for (size_t i = 0; i < s->hidden_count; i++)
        if (s->column >= s->hidden[i].from && s->column <= s->hidden[i].to)
            return true;
    return s->row_hidden;
}

/* "B3"; what is none counts on from the cell before. */
static void set_place(struct sheet *s, const struct xml_attributes *a) {
    char text[16];
    uint64_t column = 0, row = 0;
    const char *c = text;
    s->column++;
    if (!xml_attribute(a, XML_NONE, "r", text, sizeof text))
        return;
    for (; *c >= 'A' && *c <= 'Z' && column <= COLUMNS_MAX; c++)
        column = column * 26 + (uint64_t)(*c - 'A') + 1;
    for (; *c >= '0' && *c <= '9' && row <= ROWS_MAX; c++)
        row = row * 10 + (uint64_t)(*c - '0');
    if (*c != '\0' || column == 0 || column > COLUMNS_MAX || row == 0 || row > ROWS_MAX)
        return;
    s->column = column;
    s->row = row;
}

static void start_cell(struct sheet *s, const struct xml_attributes *a) {
    set_place(s, a);
    s->in_cell = true;
    (void)xml_attribute(a, XML_NONE, "t", s->type, sizeof s->type);
    s->value.size = s->formula.size = s->text.size = 0;
    s->shared = false;
}

/* §18.3.1.40: a formula that several cells have stands in the first, the others name its number. */
static ex_code start_formula(struct sheet *s, const struct xml_attributes *a,
                             struct ex_error *err) {
    char type[16];
    s->taking = CELL_FORMULA;
    (void)xml_attribute(a, XML_NONE, "t", type, sizeof type);
    if (strcmp(type, "dataTable") == 0)
        return office_keep_text(s->office, &s->formula, " data table", err);
    s->shared = strcmp(type, "shared") == 0;
    s->shared_number = xml_attribute_number(a, XML_NONE, "si", UINT32_MAX, SHARED_FORMULAS_MAX);
    return EX_OK;
}

static ex_code hold_shared(struct sheet *s, struct ex_error *err) {
    size_t number = (size_t)s->shared_number;
    if (s->shared_number >= SHARED_FORMULAS_MAX)
        return EX_OK;
    EX_TRY(ex_grow(&s->first, &s->shared_capacity, number + 1, sizeof *s->first,
                   2 * SHARED_FORMULAS_MAX * sizeof *s->first, "formulas", err));
    for (; s->shared_count <= number; s->shared_count++)
        s->first[s->shared_count] = (struct first){0};
    s->first[number] = (struct first){s->column, s->row};
    return EX_OK;
}

static ex_code end_formula(struct sheet *s, struct ex_error *err) {
    char place[SHEET_REFERENCE_BYTES];
    if (!s->shared)
        return EX_OK;
    if (s->formula.size > 0)
        return hold_shared(s, err);
    const struct first *first =
        s->shared_number < s->shared_count ? &s->first[s->shared_number] : NULL;
    EX_TRY(office_keep_text(s->office, &s->formula, " shared formula of ", err));
    if (first == NULL || first->row == 0)
        return office_keep_text(s->office, &s->formula, "a cell that is not known", err);
    sheet_reference(first->column, first->row, place);
    return office_keep_text(s->office, &s->formula, place, err);
}

static ex_code start_value(struct sheet *s, struct ex_error *err) {
    s->taking = CELL_VALUE;
    if (s->value.size == 0)
        return EX_OK;
    text_wrong(&s->office->text, "cell", EX_FORMAT, "a cell has more than one value");
    return office_keep(s->office, &s->value, " ", 1, err);
}

static ex_code sheet_start(void *context, enum xml_space space, const char *name,
                           const struct xml_attributes *a, struct ex_error *err) {
    struct sheet *s = context;
    s->taking = CELL_NOTHING;
    if (space != XML_SHEET)
        return EX_OK;
    if (strcmp(name, "c") == 0) {
        start_cell(s, a);
    } else if (strcmp(name, "row") == 0) {
        s->row = xml_attribute_number(a, XML_NONE, "r", ROWS_MAX, s->row + 1);
        s->column = 0;
        s->row_hidden = xml_attribute_is_true(a, XML_NONE, "hidden", false);
    } else if (strcmp(name, "col") == 0) {
        hide_columns(s, a);
    } else if (strcmp(name, "rPh") == 0) {
        s->phonetic = true;
    } else if (s->in_cell) {
        if (strcmp(name, "v") == 0)
            return start_value(s, err);
        if (strcmp(name, "f") == 0)
            return start_formula(s, a, err);
        s->taking = strcmp(name, "t") == 0 && !s->phonetic ? CELL_INLINE : CELL_NOTHING;
    }
    return EX_OK;
}

/* The shared text that the value is the number of; NULL: there is none. */
static struct string *shared(struct sheet *s) {
    uint64_t number = 0;
    if (strcmp(s->type, "s") != 0 || s->value.size == 0)
        return NULL;
    for (size_t i = 0; i < s->value.size; i++) {
        char c = s->value.bytes[i];
        if (c < '0' || c > '9' || number > STRINGS_MAX)
            return NULL;
        number = number * 10 + (uint64_t)(c - '0');
    }
    if (s->strings == NULL || number >= s->strings->count)
        return NULL;
    s->strings->string[number].used = true;
    return &s->strings->string[number];
}

/* §18.18.11 */
static bool is_inline(const struct sheet *s) {
    return strcmp(s->type, "inlineStr") == 0;
}

static ex_code add_value(struct sheet *s, struct ex_error *err) {
    const struct string *text = shared(s);
    struct piece *line = &s->line;
    size_t most = 2 * (size_t)TEXT_PIECE_BYTES_MAX;
    one_line(s->value.bytes, s->value.size);
    one_line(s->text.bytes, s->text.size);
    if (text != NULL && text->size <= TEXT_PIECE_BYTES_MAX)
        return piece_add(line, s->strings->bytes.bytes + text->at, text->size, most, err);
    if (strcmp(s->type, "s") == 0)
        text_wrong(&s->office->text, "strings", EX_FORMAT,
                   "a cell has a shared text that is not there, or too long");
    if (strcmp(s->type, "b") == 0 && s->value.size == 1) {
        const char *word = s->value.bytes[0] == '1' ? "TRUE" : "FALSE";
        return piece_add(line, word, strlen(word), most, err);
    }
    const struct piece *from = is_inline(s) ? &s->text : &s->value;
    return piece_add(line, from->bytes, from->size, most, err);
}

/* A cell has its value in `v` or, of one type, in `is`: what stands in the other is not. */
static ex_code keep_unshown(struct sheet *s, const char *place, struct ex_error *err) {
    struct piece *from = is_inline(s) ? &s->value : &s->text;
    if (from->size == 0)
        return EX_OK;
    one_line(from->bytes, from->size);
    EX_TRY(office_keep_text(s->office, &s->unshown, place, err));
    EX_TRY(office_keep_text(s->office, &s->unshown, "\t", err));
    EX_TRY(office_keep(s->office, &s->unshown, from->bytes, from->size, err));
    return office_keep_text(s->office, &s->unshown, "\n", err);
}

static ex_code end_cell(struct sheet *s, struct ex_error *err) {
    char head[SHEET_REFERENCE_BYTES + 16], place[SHEET_REFERENCE_BYTES];
    size_t most = 2 * (size_t)TEXT_PIECE_BYTES_MAX;
    s->in_cell = false;
    sheet_reference(s->column, s->row, place);
    EX_TRY(keep_unshown(s, place, err));
    if ((is_inline(s) ? s->text.size : s->value.size) == 0 && s->formula.size == 0)
        return EX_OK;
    int size = snprintf(head, sizeof head, "%s%s\t", place, is_hidden(s) ? " (hidden)" : "");
    s->line.size = 0;
    EX_TRY(piece_add(&s->line, head, (size_t)size, most, err));
    EX_TRY(add_value(s, err));
    if (s->formula.size > 0) {
        one_line(s->formula.bytes, s->formula.size);
        EX_TRY(piece_add(&s->line, "\t=", 2, most, err));
        if (s->formula.size <= most - s->line.size)
            EX_TRY(piece_add(&s->line, s->formula.bytes, s->formula.size, most, err));
    }
    return text_line(&s->office->text, s->line.bytes, s->line.size, err);
}

static ex_code sheet_end(void *context, enum xml_space space, const char *name,
                         struct ex_error *err) {
    struct sheet *s = context;
    s->taking = CELL_NOTHING;
    if (space != XML_SHEET)
        return EX_OK;
    if (strcmp(name, "rPh") == 0)
        s->phonetic = false;
    if (strcmp(name, "f") == 0 && s->in_cell)
        return end_formula(s, err);
    return strcmp(name, "c") == 0 && s->in_cell ? end_cell(s, err) : EX_OK;
}

static ex_code sheet_text(void *context, const char *bytes, size_t size, struct ex_error *err) {
    struct sheet *s = context;
    switch (s->taking) {
    case CELL_NOTHING:
        break;
    case CELL_VALUE:
        return office_keep(s->office, &s->value, bytes, size, err);
    case CELL_FORMULA:
        return office_keep(s->office, &s->formula, bytes, size, err);
    case CELL_INLINE:
        return office_keep(s->office, &s->text, bytes, size, err);
    }
    return EX_OK;
}

ex_code sheet_read(struct office *o, struct package_part *part, struct strings *strings,
                   struct ex_error *err) {
    EX_AUTO(sheet_free) struct sheet *s = ex_new0(struct sheet);
    const struct xml_handler handler = {s, sheet_start, sheet_end, sheet_text};
    s->office = o;
    s->strings = strings;
    EX_TRY(office_parse(o, part, &handler, err));
    if (s->in_cell) /* of a part that ends early */
        EX_TRY(end_cell(s, err));
    return text_section(&o->text, "in cells, but not their value", &s->unshown, err);
}
