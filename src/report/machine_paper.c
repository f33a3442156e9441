/* SPDX-License-Identifier: Apache-2.0 */
#include "report/machine_paper_internal.h"

#include "formats/visible.h"

#include <libintl.h>
#include <stdarg.h>
#include <string.h>

#define _(text) gettext(text)

static const char STYLE[] =
    "@page{size:A4;margin:14mm 14mm 18mm;@bottom-right{content:counter(page) \" / \" "
    "counter(pages);font:8pt sans-serif}}"
    "*{box-sizing:border-box}html{background:#fff;color:#000}"
    "body{font:9pt/1.35 sans-serif;max-width:182mm;margin:0 auto;overflow-wrap:break-word}"
    "h1{font-size:17pt;margin:0}.of{font-size:12pt;font-weight:bold;margin:0 0 3mm;"
    "border-bottom:.5mm solid #000;padding-bottom:1mm}"
    "h2{font-size:13pt;margin:7mm 0 1.5mm;border-bottom:.2mm solid #000;break-after:avoid}"
    "h3{font-size:10pt;margin:4mm 0 1mm;break-after:avoid}"
    "p,ul{margin:0 0 1.5mm}ul{padding-left:5mm}"
    "table{border-collapse:collapse;margin:0 0 2mm}.facts,.b{width:100%}"
    ".b{table-layout:fixed;overflow-wrap:anywhere}h3+p{break-after:avoid}"
    "thead{display:table-header-group}tr{break-inside:avoid}"
    "th,td{text-align:left;vertical-align:top;padding:.6mm 3mm .6mm 0}"
    "thead th{border-bottom:.3mm solid #000;font-weight:bold}"
    "tbody td{border-bottom:.1mm solid #999}"
    ".facts th{font-weight:normal;width:46mm}.facts td{border:0}"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".k{color:#444}pre,code{font:8pt monospace;white-space:pre-wrap;margin:0 0 1.5mm}"
    ".alert{border:1mm solid #000;padding:2mm 3mm;margin:3mm 0}";

static void put_escaped(struct paper *p, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const char *entity = text[i] == '<'    ? "&lt;"
                             : text[i] == '>'  ? "&gt;"
                             : text[i] == '&'  ? "&amp;"
                             : text[i] == '"'  ? "&quot;"
                             : text[i] == '\'' ? "&#39;"
                                               : NULL;
        if (entity != NULL)
            fputs(entity, p->to);
        else
            fputc(text[i], p->to);
    }
}

static void put_ours(struct paper *p, const char *text) {
    if (p->html)
        put_escaped(p, text, strlen(text));
    else
        fputs(text, p->to);
}

/* May hold letters that are written from right to left; too often is no harm. */
static bool may_turn(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++)
        if ((*c >= 0xD6 && *c <= 0xDF) || (*c == 0xE0 && c[1] <= 0xA3) || *c >= 0xEF)
            return true;
    return false;
}

/* Somebody's words: what cannot be seen or changes what stands around it becomes an escape, and
 * what is written from right to left stays among itself. */
static void put_theirs(struct paper *p, const char *text) {
    EX_AUTO_FREE char *shown = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&shown, &size);
    if (to == NULL)
        return;
    visible_put(to, text, strlen(text), NULL);
    if (fclose(to) != 0)
        return;
    bool turns = may_turn(text);
    if (p->html)
        fputs("<bdi>", p->to);
    else if (turns)
        fputs("\xe2\x81\xa8", p->to); /* U+2068 */
    if (p->html)
        put_escaped(p, shown, size);
    else
        fwrite(shown, 1, size, p->to);
    if (p->html)
        fputs("</bdi>", p->to);
    else if (turns)
        fputs("\xe2\x81\xa9", p->to); /* U+2069 */
}

static void put_html(struct paper *p, const char *mark) {
    if (p->html)
        fputs(mark, p->to);
}

static void put_text(struct paper *p, const char *mark) {
    if (!p->html)
        fputs(mark, p->to);
}

/* ---- a page ---- */

void paper_begin(struct paper *p, const char *title, const char *label) {
    put_html(p, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    if (p->html) {
        put_ours(p, title);
        fprintf(p->to, "</title><style>%s</style></head><body>\n<h1>", STYLE);
    }
    put_ours(p, title);
    put_html(p, "</h1>\n<p class=\"of\">");
    put_text(p, "\n");
    put_ours(p, _("Item"));
    fputc(' ', p->to);
    put_theirs(p, label);
    put_html(p, "</p>");
    fputc('\n', p->to);
}

void paper_end(struct paper *p) {
    put_html(p, "</body></html>\n");
}

void paper_heading(struct paper *p, unsigned level, const char *ours) {
    if (p->html)
        fprintf(p->to, "<h%u>", level);
    else
        fputs(level == 2 ? "\n\n== " : "\n-- ", p->to);
    put_theirs(p, ours);
    if (p->html)
        fprintf(p->to, "</h%u>\n", level);
    else
        fputs(level == 2 ? " ==\n\n" : " --\n", p->to);
}

void paper_say(struct paper *p, const char *format, ...) {
    EX_AUTO_FREE char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    put_html(p, "<p>");
    put_ours(p, text != NULL ? text : "");
    put_html(p, "</p>");
    fputc('\n', p->to);
}

void paper_points(struct paper *p, const json_t *ours) {
    size_t i;
    json_t *one;
    put_html(p, "<ul>\n");
    json_array_foreach(ours, i, one) {
        put_html(p, "<li>");
        put_text(p, "* ");
        put_theirs(p, json_is_string(one) ? json_string_value(one) : "?");
        put_html(p, "</li>");
        fputc('\n', p->to);
    }
    put_html(p, "</ul>\n");
}

void paper_alert(struct paper *p, const char *title, const json_t *texts) {
    if (json_array_size(texts) == 0)
        return;
    put_html(p, "<div class=\"alert\">");
    paper_say(p, "%s", title);
    paper_points(p, texts);
    put_html(p, "</div>\n");
}

void paper_code(struct paper *p, const char *text) {
    put_html(p, "<pre>");
    put_text(p, "    ");
    put_theirs(p, text);
    put_html(p, "</pre>");
    fputc('\n', p->to);
}

/* ---- tables ---- */

static void begin_table(struct paper *p, const char *html, const char *columns) {
    put_html(p, html);
    for (const char *at = columns; at != NULL;) {
        size_t size = strcspn(at, "|");
        if (p->html) {
            fputs("<th>", p->to);
            put_escaped(p, at, size);
            fputs("</th>", p->to);
        } else {
            fprintf(p->to, "%s%.*s", at == columns ? "  " : " | ", (int)size, at);
        }
        at = at[size] == '|' ? at + size + 1 : NULL;
    }
    put_html(p, "</tr></thead><tbody>");
    fputc('\n', p->to);
}

void paper_table(struct paper *p, const char *columns) {
    begin_table(p, "<table><thead><tr>", columns);
}

void paper_blocks(struct paper *p, const char *columns) {
    begin_table(p, "<table class=\"b\"><thead><tr>", columns);
}

void paper_row(struct paper *p) {
    p->inside = false;
    put_html(p, "<tr>");
}

static void begin_cell(struct paper *p, const char *html) {
    put_html(p, html);
    put_text(p, p->inside ? " | " : "  ");
    p->inside = true;
}

void paper_block(struct paper *p) {
    put_html(p, "<td>");
}

void paper_block_end(struct paper *p) {
    put_html(p, "</td>");
}

static void cell_end(struct paper *p) {
    put_html(p, "</td>");
}

void paper_number(struct paper *p, json_int_t number) {
    begin_cell(p, "<td class=\"n\">");
    fprintf(p->to, "%" JSON_INTEGER_FORMAT, number);
    cell_end(p);
}

void paper_word(struct paper *p, const char *theirs) {
    begin_cell(p, "<td>");
    if (theirs != NULL)
        put_theirs(p, theirs);
    else
        fputs("-", p->to);
    cell_end(p);
}

void paper_words(struct paper *p, const char *ours) {
    begin_cell(p, "<td>");
    put_ours(p, ours);
    cell_end(p);
}

void paper_row_end(struct paper *p) {
    put_html(p, "</tr>");
    fputc('\n', p->to);
}

void paper_table_end(struct paper *p) {
    put_html(p, "</tbody></table>\n");
}

void paper_pair(struct paper *p, const char *name, const char *theirs) {
    put_html(p, "<div><span class=\"k\">");
    put_text(p, "\n    ");
    put_theirs(p, name);
    fputs(": ", p->to);
    put_html(p, "</span>");
    put_theirs(p, theirs);
    put_html(p, "</div>");
}

void paper_line(struct paper *p, const char *theirs) {
    put_html(p, "<div>");
    put_text(p, "\n    ");
    put_theirs(p, theirs);
    put_html(p, "</div>");
}

/* ---- facts ---- */

void paper_facts(struct paper *p) {
    put_html(p, "<table class=\"facts\"><tbody>\n");
}

static void fact(struct paper *p, const char *name) {
    put_html(p, "<tr><th>");
    put_ours(p, name);
    put_html(p, "</th><td>");
    put_text(p, ": ");
}

static void fact_end(struct paper *p) {
    put_html(p, "</td></tr>");
    fputc('\n', p->to);
}

void paper_fact(struct paper *p, const char *name, const char *theirs) {
    fact(p, name);
    if (theirs != NULL)
        put_theirs(p, theirs);
    else
        put_ours(p, _("not recorded"));
    fact_end(p);
}

void paper_fact_number(struct paper *p, const char *name, const json_t *number, const char *unit) {
    fact(p, name);
    if (json_is_integer(number)) {
        fprintf(p->to, "%" JSON_INTEGER_FORMAT "%s", json_integer_value(number),
                unit[0] != '\0' ? " " : "");
        put_ours(p, unit);
    } else {
        put_ours(p, _("not recorded"));
    }
    fact_end(p);
}

void paper_facts_end(struct paper *p) {
    put_html(p, "</tbody></table>\n");
}
