/* SPDX-License-Identifier: Apache-2.0 */
/* A form on A4 pages, by Pango and Cairo. Lengths are in points, from the upper left corner.
 *
 * The form is laid out twice: the first time to count pages and characters that no font has, on a
 * surface that goes nowhere. Text goes on over the end of a page line by line; groups and headings
 * are kept together where they fit on one page. */
#include "report/form_internal.h"

#include "base/clock.h"
#include "report/custody_form.h"
#include "report/page_internal.h"

#include <cairo-pdf.h>
#include <libintl.h>
#include <pango/pangocairo.h>
#include <stdio.h>

#define _(text) gettext(text)

enum { PDF_BYTES_MAX = 64 << 20 };

static const double PAGE_WIDTH = 595.28, PAGE_HEIGHT = 841.89;
static const double LEFT = 42, RIGHT = 553, TOP = 42, BOTTOM = 785, FOOTER = 800;
static const double NAME_WIDTH = 118, QR_SIDE = 128, FILL_GAP = 18, FILL_HEIGHT = 52;
static const double GROUP_INDENT = 12, ALERT_BAR = 5, THICK = 1.6, THIN = 0.6;

static const char BODY[] = "Sans 10", BOLD[] = "Sans Bold 10", MONO[] = "Monospace 9",
                  SMALL[] = "Sans 8.5";

struct bytes {
    unsigned char *data;
    size_t size, capacity;
    ex_code failed;
};

struct pdf {
    const struct form *form;
    cairo_t *cairo;
    PangoContext *context;
    double y;
    double indent; /* of a group */
    bool alert;    /* a bar stands beside each line */
    unsigned page, pages;
    unsigned unknown; /* characters that no font has */
    size_t fill;      /* lines to be filled in by hand, in a row */
};

static cairo_status_t keep(void *closure, const unsigned char *data, unsigned size) {
    struct bytes *b = closure;
    if (b->failed == EX_OK)
        b->failed =
            ex_grow(&b->data, &b->capacity, b->size + size + 1, 1, PDF_BYTES_MAX, "a PDF", NULL);
    if (b->failed != EX_OK)
        return CAIRO_STATUS_WRITE_ERROR;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* ---- text ---- */

static PangoLayout *layout_new(struct pdf *p, const char *font, double width, const char *text) {
    PangoLayout *layout = pango_layout_new(p->context);
    PangoFontDescription *description = pango_font_description_from_string(font);
    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_auto_dir(layout, FALSE);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

static double height_of(struct pdf *p, const char *font, double width, const char *text) {
    PangoLayout *layout = layout_new(p, font, width, text);
    int height;
    pango_layout_get_size(layout, NULL, &height);
    g_object_unref(layout);
    return (double)height / PANGO_SCALE;
}

static void rule(struct pdf *p, double x, double y, double width, double thick) {
    cairo_rectangle(p->cairo, x, y, width, thick);
    cairo_fill(p->cairo);
}

static void put_footer(struct pdf *p) {
    char number[64];
    rule(p, LEFT, FOOTER - 4, RIGHT - LEFT, THIN);
    PangoLayout *left = layout_new(p, SMALL, RIGHT - LEFT - 90, p->form->footer);
    pango_layout_set_ellipsize(left, PANGO_ELLIPSIZE_MIDDLE);
    cairo_move_to(p->cairo, LEFT, FOOTER);
    pango_cairo_show_layout(p->cairo, left);
    g_object_unref(left);
    (void)snprintf(number, sizeof number, _("page %u of %u"), p->page, p->pages);
    PangoLayout *right = layout_new(p, SMALL, 85, number);
    pango_layout_set_alignment(right, PANGO_ALIGN_RIGHT);
    cairo_move_to(p->cairo, RIGHT - 85, FOOTER);
    pango_cairo_show_layout(p->cairo, right);
    g_object_unref(right);
}

static void end_page(struct pdf *p) {
    put_footer(p);
    cairo_show_page(p->cairo);
    p->page++;
    p->y = TOP;
}

/* The next thing is this high, and shall not be torn if that can be helped. */
static void make_room(struct pdf *p, double height) {
    if (p->y > TOP && p->y + height > BOTTOM && height <= BOTTOM - TOP)
        end_page(p);
}

/* Draws from where the page is, over as many pages as it takes. */
static void put_layout(struct pdf *p, PangoLayout *layout, double x) {
    PangoLayoutIter *at = pango_layout_get_iter(layout);
    p->unknown += (unsigned)pango_layout_get_unknown_glyphs_count(layout);
    do {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(at, NULL, &box);
        double height = (double)box.height / PANGO_SCALE;
        double ascent = (double)(pango_layout_iter_get_baseline(at) - box.y) / PANGO_SCALE;
        if (p->y + height > BOTTOM)
            end_page(p);
        if (p->alert)
            rule(p, LEFT, p->y, ALERT_BAR, height + 0.5);
        cairo_move_to(p->cairo, x + (double)box.x / PANGO_SCALE, p->y + ascent);
        pango_cairo_show_layout_line(p->cairo, pango_layout_iter_get_line_readonly(at));
        p->y += height;
    } while (pango_layout_iter_next_line(at));
    pango_layout_iter_free(at);
}

static void put_text(struct pdf *p, const char *font, double x, const char *text) {
    PangoLayout *layout = layout_new(p, font, RIGHT - x, text);
    put_layout(p, layout, x);
    g_object_unref(layout);
}

static void put_space(struct pdf *p, double height) {
    if (p->y + height > BOTTOM)
        return; /* the next line begins a page */
    if (p->alert)
        rule(p, LEFT, p->y, ALERT_BAR, height + 0.5);
    if (p->y > TOP)
        p->y += height;
}

/* ---- blocks ---- */

static double left_of(const struct pdf *p) {
    return LEFT + p->indent;
}

static const char *fact_font(const struct form_block *b) {
    return form_is_hex(b) ? MONO : BODY;
}

static void put_fact(struct pdf *p, const struct form_block *b) {
    double x = left_of(p), first = height_of(p, BODY, 1000, b->name);
    make_room(p, first);
    double y = p->y;
    unsigned page = p->page;
    PangoLayout *name = layout_new(p, BODY, NAME_WIDTH - 8, b->name);
    put_layout(p, name, x);
    g_object_unref(name);
    double below = p->page == page ? p->y : TOP;
    p->y = p->page == page ? y : TOP;
    page = p->page;
    put_text(p, fact_font(b), x + NAME_WIDTH, b->text);
    if (p->page == page && p->y < below)
        p->y = below;
    put_space(p, 1.5);
}

static void put_point(struct pdf *p, const struct form_block *b) {
    double x = left_of(p);
    make_room(p, height_of(p, BODY, 1000, "–"));
    PangoLayout *dash = layout_new(p, BODY, 10, "–");
    cairo_move_to(p->cairo, x, p->y);
    pango_cairo_show_layout(p->cairo, dash);
    g_object_unref(dash);
    put_text(p, BODY, x + 10, b->text);
    put_space(p, 2);
}

struct code {
    struct pdf *pdf;
    double x, y;
    int side; /* modules */
};

static void draw_run(void *context, int x, int y, int width) {
    struct code *c = context;
    double module = QR_SIDE / (c->side + 2 * QR_QUIET_MODULES);
    cairo_rectangle(c->pdf->cairo, c->x + (x + QR_QUIET_MODULES) * module,
                    c->y + (y + QR_QUIET_MODULES) * module, width * module, module);
}

static ex_code put_mark(struct pdf *p, const struct form_block *b, struct ex_error *err) {
    double width = RIGHT - LEFT - QR_SIDE - 8;
    double height = height_of(p, MONO, width, b->text);
    make_room(p, larger(QR_SIDE, height));
    struct code code = {p, LEFT - 8, p->y, 0};
    EX_TRY(qr_each_run(b->text, draw_run, &code, &code.side, err));
    cairo_fill(p->cairo);
    double y = p->y;
    p->y += larger(0, (QR_SIDE - height) / 2);
    put_text(p, MONO, LEFT + QR_SIDE + 8, b->text);
    p->y = larger(p->y, y + QR_SIDE);
    put_space(p, 4);
    return EX_OK;
}

/* A line to write on, two beside each other. */
static void put_line(struct pdf *p, const struct form_block *b) {
    double width = (RIGHT - LEFT - FILL_GAP) / 2;
    bool right = p->fill % 2 == 1;
    double x = right ? LEFT + width + FILL_GAP : LEFT;
    if (!right)
        make_room(p, FILL_HEIGHT);
    double y = p->y;
    rule(p, x, y + FILL_HEIGHT - 20, width, THIN);
    PangoLayout *label = layout_new(p, SMALL, width, b->text);
    p->unknown += (unsigned)pango_layout_get_unknown_glyphs_count(label);
    cairo_move_to(p->cairo, x, y + FILL_HEIGHT - 18);
    pango_cairo_show_layout(p->cairo, label);
    g_object_unref(label);
    p->fill++;
    p->y = right ? y + FILL_HEIGHT : y;
}

static double group_height(struct pdf *p, size_t begin) {
    double width = RIGHT - LEFT - GROUP_INDENT, height = 0;
    for (size_t i = begin; i <= form_group_end(p->form, begin); i++) {
        const struct form_block *b = &p->form->block[i];
        if (b->kind == FORM_FACT)
            height += larger(height_of(p, BODY, NAME_WIDTH - 8, b->name),
                             height_of(p, fact_font(b), width - NAME_WIDTH, b->text)) +
                      1.5;
        else if (b->text != NULL)
            height += height_of(p, BOLD, width, b->text) + 3;
    }
    return height + 8;
}

static void begin_group(struct pdf *p, size_t i) {
    const struct form_block *b = &p->form->block[i];
    make_room(p, group_height(p, i));
    p->indent = GROUP_INDENT;
    if (b->kind == FORM_BEGIN_ALERT) {
        put_space(p, 3);
        p->alert = true;
        rule(p, LEFT, p->y, RIGHT - LEFT, THICK);
        put_space(p, 4);
    }
    put_text(p, p->alert ? "Sans Bold 11.5" : BOLD, left_of(p), b->text);
    put_space(p, 2);
}

static void end_group(struct pdf *p) {
    if (p->alert) {
        put_space(p, 3);
        rule(p, LEFT, p->y, RIGHT - LEFT, THICK);
    }
    p->alert = false;
    p->indent = 0;
    put_space(p, 9);
}

static void put_heading(struct pdf *p, size_t i) {
    const struct form_block *b = &p->form->block[i];
    const struct form_block *then = i + 1 < p->form->count ? b + 1 : NULL;
    bool group = then != NULL && (then->kind == FORM_BEGIN || then->kind == FORM_BEGIN_ALERT);
    double after = group                                     ? group_height(p, i + 1)
                   : then != NULL && then->kind == FORM_MARK ? QR_SIDE
                                                             : 40;
    put_space(p, 9);
    make_room(p, 22 + after);
    put_text(p, "Sans Bold 13", LEFT, b->text);
    put_space(p, 4);
}

static void put_subtitle(struct pdf *p, const struct form_block *b) {
    put_text(p, "Sans Bold 13", LEFT, b->text);
    put_space(p, 2);
    rule(p, LEFT, p->y, RIGHT - LEFT, THICK);
    put_space(p, 8);
}

static ex_code put_block(struct pdf *p, size_t i, struct ex_error *err) {
    const struct form_block *b = &p->form->block[i];
    switch (b->kind) {
    case FORM_TITLE:
        put_text(p, "Sans Bold 20", LEFT, b->text);
        return EX_OK;
    case FORM_SUBTITLE:
        put_subtitle(p, b);
        return EX_OK;
    case FORM_HEADING:
        put_heading(p, i);
        return EX_OK;
    case FORM_TEXT:
        put_space(p, i > 0 && b[-1].kind == FORM_POINT ? 4 : 0);
        put_text(p, BODY, left_of(p), b->text);
        put_space(p, 4);
        return EX_OK;
    case FORM_POINT:
        put_point(p, b);
        return EX_OK;
    case FORM_FACT:
        put_fact(p, b);
        return EX_OK;
    case FORM_BEGIN:
    case FORM_BEGIN_ALERT:
        begin_group(p, i);
        return EX_OK;
    case FORM_END:
        end_group(p);
        return EX_OK;
    case FORM_MARK:
        return put_mark(p, b, err);
    case FORM_LINE:
        put_line(p, b);
        return EX_OK;
    }
    return EX_OK;
}

/* ---- the document ---- */

static void put_metadata(cairo_surface_t *surface, const struct form *f) {
    char time[EX_TIME_TEXT_BYTES], second[21];
    (void)snprintf(second, sizeof second, "%.19sZ", ex_time_text(time, f->made_ns));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, f->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, f->maker);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, second);
}

static ex_code draw(struct pdf *p, struct ex_error *err) {
    p->y = TOP;
    p->page = 1;
    for (size_t i = 0; i < p->form->count; i++)
        EX_TRY(put_block(p, i, err));
    put_footer(p);
    cairo_show_page(p->cairo);
    return EX_OK;
}

/* Lays the form out for `pages` pages; bytes NULL: into nothing. The font map is the caller's, not
 * the thread's, so that nothing of Pango's lives on. */
static ex_code lay_out(const struct form *f, PangoFontMap *fonts, struct bytes *bytes,
                       unsigned pages, struct pdf *ret, struct ex_error *err) {
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(bytes != NULL ? keep : NULL,
                                                                   bytes, PAGE_WIDTH, PAGE_HEIGHT);
    *ret = (struct pdf){.form = f, .cairo = cairo_create(surface), .pages = pages};
    put_metadata(surface, f);
    ret->context = pango_font_map_create_context(fonts);
    pango_cairo_context_set_resolution(ret->context, 72); /* sizes of type in points */
    pango_context_set_base_dir(ret->context, PANGO_DIRECTION_LTR);
    pango_cairo_update_context(ret->cairo, ret->context);
    ex_code code = draw(ret, err);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_status(ret->cairo);
    status = status != CAIRO_STATUS_SUCCESS ? status : cairo_surface_status(surface);
    g_object_unref(ret->context);
    cairo_destroy(ret->cairo);
    cairo_surface_destroy(surface);
    if (code == EX_OK && bytes != NULL && bytes->failed != EX_OK)
        return ex_fail(err, bytes->failed, "a form as PDF would be larger than %d bytes",
                       PDF_BYTES_MAX);
    if (code == EX_OK && status != CAIRO_STATUS_SUCCESS)
        return ex_fail(err, status == CAIRO_STATUS_NO_MEMORY ? EX_NOMEM : EX_INTERNAL,
                       "could not draw a form: %s", cairo_status_to_string(status));
    return code;
}

/* What cannot be read on paper is said on it. */
static void say_unknown(struct form *f, unsigned count) {
    char text[256];
    (void)snprintf(text, sizeof text,
                   _("%u characters on this form could not be drawn: this machine has no font for "
                     "them. They are boxes here; the form as text has them."),
                   count);
    form_insert(f, 2, FORM_END, "");
    form_insert(f, 2, FORM_BEGIN_ALERT, text);
}

static ex_code write_pdf(struct form *f, PangoFontMap *fonts, struct bytes *bytes,
                         struct ex_error *err) {
    struct pdf p;
    EX_TRY(lay_out(f, fonts, NULL, 0, &p, err));
    if (p.unknown > 0) {
        say_unknown(f, p.unknown);
        EX_TRY(form_check(f, err));
        EX_TRY(lay_out(f, fonts, NULL, 0, &p, err));
    }
    return lay_out(f, fonts, bytes, p.page, &p, err);
}

ex_code form_write_pdf(struct form *f, char **ret, size_t *ret_bytes, struct ex_error *err) {
    struct bytes bytes = {0};
    PangoFontMap *fonts = pango_cairo_font_map_new();
    ex_code code = write_pdf(f, fonts, &bytes, err);
    g_object_unref(fonts);
    if (code != EX_OK) {
        free(bytes.data);
        return code;
    }
    bytes.data[bytes.size] = '\0';
    *ret = (char *)bytes.data;
    *ret_bytes = bytes.size;
    return EX_OK;
}

#if defined(__SANITIZE_ADDRESS__)
/* Fontconfig 2.14 loses a few hundred bytes, once, while it reads its configuration. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig.so";
}
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) {
    return "print_suppressions=0";
}
#endif

const char *custody_form_cairo_version(void) {
    return cairo_version_string();
}

const char *custody_form_pango_version(void) {
    return pango_version_string();
}
