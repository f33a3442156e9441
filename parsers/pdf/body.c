/* SPDX-License-Identifier: Apache-2.0 */
/* The text: page by page, U+000C behind each. */
#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

enum { GATHER_BYTES = 64 << 10 };

struct body {
    struct pdf *p;
    struct pdfl_counts counts;
    uint64_t bytes;
    unsigned missing, first_missing;
    bool wanted, full;
    ex_code code;
    struct ex_error *err;
    size_t filled;
    char gathered[GATHER_BYTES];
};

static void flush(struct body *b) {
    if (b->code == EX_OK && b->wanted && b->filled > 0)
        b->code = parser_trace_content(b->p->run, b->gathered, b->filled, &b->wanted, b->err);
    b->filled = 0;
}

static void put(struct body *b, char c) {
    if (b->bytes >= PDF_TEXT_BYTES_MAX) {
        b->full = true;
        return;
    }
    if (b->filled == sizeof b->gathered)
        flush(b);
    b->gathered[b->filled++] = c;
    b->bytes++;
}

/* What ends a page does not stand in one, nor does any other control character but LF. */
static void take(void *context, const char *text, size_t size) {
    struct body *b = context;
    for (size_t i = 0; i < size && !b->full; i++)
        put(b, (uint8_t)text[i] < ' ' && text[i] != '\n' ? ' ' : text[i]);
}

static ex_code read_pages(struct body *b, struct ex_error *err) {
    unsigned pages = pdfl_pages(b->p->doc);
    b->wanted = true;
    b->err = err;
    for (unsigned i = 1; i <= pages; i++) {
        if (!pdfl_page_text(b->p->doc, i, take, b, &b->counts))
            b->first_missing = b->missing++ == 0 ? i : b->first_missing;
        put(b, '\f');
        if (b->code != EX_OK || !b->wanted || b->full)
            break;
    }
    flush(b);
    return b->code;
}

static ex_code tell_what_is_missing(struct body *b, uint32_t trace, struct ex_error *err) {
    struct parser_run *run = b->p->run;
    if (b->missing > 0)
        EX_TRY(tell_problem(run, trace, "pages", err, EX_FORMAT,
                            "%u pages could not be read, the first is page %u", b->missing,
                            b->first_missing));
    if (b->full)
        EX_TRY(tell_problem(run, trace, "text-limit", err, EX_LIMIT,
                            "more text than %llu bytes: the rest was not read",
                            (unsigned long long)PDF_TEXT_BYTES_MAX));
    if (!pdfl_pages_cut(b->p->doc))
        return EX_OK;
    return tell_problem(run, trace, "page-limit", err, EX_LIMIT,
                        "more than %d pages, or a tree of them deeper than %d: the rest was not "
                        "read",
                        PDFL_PAGES_MAX, PDFL_TREE_DEPTH_MAX);
}

static ex_code tell_messages(struct pdf *p, uint32_t trace, struct ex_error *err) {
    const struct pdfl_messages *m = pdfl_messages(p->doc);
    if (m->rebuilt)
        EX_TRY(
            tell_problem(p->run, trace, "rebuilt", err, EX_FORMAT,
                         "its table of objects is damaged: they were found by looking for them"));
    if (m->damaged > 0)
        EX_TRY(tell_problem(p->run, trace, "damaged", err, EX_FORMAT,
                            "%llu faults while it was read; the first: %.120s",
                            (unsigned long long)m->damaged, m->first_damaged));
    if (m->unknown > 0)
        EX_TRY(tell_problem(p->run, trace, "unknown", err, EX_UNSUPPORTED,
                            "%llu times something that is not known; the first: %.120s",
                            (unsigned long long)m->unknown, m->first_unknown));
    return EX_OK;
}

ex_code pdf_tell_body(struct pdf *p, uint32_t trace, struct ex_error *err) {
    EX_AUTO_FREE struct body *b = ex_new0(struct body);
    b->p = p;
    EX_TRY(read_pages(b, err));
    EX_TRY(parser_trace_number(p->run, "characters-drawn", b->counts.characters, err));
    if (b->counts.invisible > 0)
        EX_TRY(parser_trace_number(p->run, "characters-invisible", b->counts.invisible, err));
    if (b->counts.outside > 0)
        EX_TRY(parser_trace_number(p->run, "characters-outside", b->counts.outside, err));
    EX_TRY(tell_what_is_missing(b, trace, err));
    return tell_messages(p, trace, err);
}

/* ---- layers ---- */

static ex_code tell_layer_names(struct pdf *p, struct ex_error *err) {
    const char *name;
    size_t size;
    bool hidden;
    char key[32];
    unsigned told = 0;
    for (unsigned i = 0; pdfl_layer(p->doc, i, &name, &size, &hidden); i++) {
        EX_AUTO_FREE char *text = NULL;
        if (!hidden || ++told > PDF_LAYER_NAMES_MAX)
            continue;
        (void)snprintf(key, sizeof key, "hidden-layer.%u", told);
        EX_TRY(pdf_text(p, name, size, &text, &size, err));
        EX_TRY(parser_trace_text(p->run, key, text, size, err));
    }
    p->hidden_layers = told;
    return EX_OK;
}

static ex_code tell_shown(struct pdf *p, uint32_t parent, enum pdfl_show show, const char *key,
                          struct ex_error *err) {
    EX_AUTO_FREE struct body *b = ex_new0(struct body);
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED, .parent = parent, .key = key};
    uint32_t number;
    b->p = p;
    EX_TRY(parser_trace(p->run, &trace, &number, err));
    EX_TRY(tell_text(p->run, "layers-shown", show == PDFL_ALL ? "all" : "none", err));
    EX_TRY(tell_layer_names(p, err));
    pdfl_show_layers(p->doc, show);
    ex_code code = read_pages(b, err);
    pdfl_show_layers(p->doc, PDFL_AS_DEFAULT);
    EX_TRY(code);
    if (p->hidden_layers > PDF_LAYER_NAMES_MAX)
        EX_TRY(tell_problem(p->run, number, "layer-names", err, EX_LIMIT,
                            "%u of its layers are hidden: the first %d are named", p->hidden_layers,
                            PDF_LAYER_NAMES_MAX));
    return tell_what_is_missing(b, number, err);
}

/* What is visible may hang on a layer that is shown as well as on one that is not. All shows what
 * annotations hide, too, and cannot take that back: it comes last. */
ex_code pdf_tell_layers(struct pdf *p, uint32_t trace, struct ex_error *err) {
    if (pdfl_layers(p->doc) == 0 && pdfl_hidden_notes(p->doc) == 0)
        return EX_OK;
    if (pdfl_layers(p->doc) > 0)
        EX_TRY(tell_shown(p, trace, PDFL_NONE, "layers-none", err));
    return tell_shown(p, trace, PDFL_ALL, "layers-all", err);
}
