/* SPDX-License-Identifier: Apache-2.0 */
/* A form as HTML for a browser's print command. */
#include "report/form_internal.h"

#include "crypto/seal.h"
#include "report/page_internal.h"
#include "report/words_internal.h"

#include <libintl.h>

#define _(text) gettext(text)

static const char STYLE[] =
    "@page{size:A4;margin:14mm 14mm 18mm;@bottom-right{content:counter(page) \" / \" "
    "counter(pages);font:8pt sans-serif}}"
    "*{box-sizing:border-box}"
    "html{background:#fff;color:#000}"
    "body{font:9.5pt/1.35 sans-serif;max-width:182mm;margin:0 auto;overflow-wrap:anywhere}"
    "h1{font-size:17pt;margin:0}.of{font-size:12pt;font-weight:bold;margin:0 0 3mm;"
    "border-bottom:.5mm solid #000;padding-bottom:1mm}"
    "h2{font-size:12pt;margin:6mm 0 1mm;break-after:avoid}"
    "h3{font-size:9.5pt;margin:0 0 .5mm;break-after:avoid}"
    "p,ul{margin:0 0 1.5mm}ul{padding-left:5mm}"
    "table{border-collapse:collapse;width:100%}"
    "th{text-align:left;font-weight:normal;width:42mm;padding:0 4mm 0 0;vertical-align:top}"
    "td{padding:0;vertical-align:top}.hex{font-family:monospace}"
    "section{margin:2.5mm 0;padding:1mm 0 1mm 4mm;border-left:.3mm solid #000;break-inside:avoid}"
    ".alert{border:1mm solid #000;padding:2mm 3mm}"
    ".alert h3{font-size:11pt}"
    ".mark{display:flex;gap:4mm;align-items:center;break-inside:avoid}"
    ".mark svg{width:44mm;height:44mm;flex:none;margin-left:-3mm}"
    ".mark code{font-size:8.5pt}"
    ".fill{display:grid;grid-template-columns:1fr 1fr;gap:12mm 8mm;margin-top:14mm}"
    ".fill div{border-top:.3mm solid #000;padding-top:.5mm;font-size:8pt;break-inside:avoid}";

static const char ISOLATE[] = "\xe2\x81\xa8", ISOLATE_END[] = "\xe2\x81\xa9"; /* U+2068, U+2069 */

static bool begins_with(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Text of a block: marks of HTML are escaped, and isolates become elements. */
static void put_text(struct page *p, const char *text) {
    while (*text != '\0') {
        struct words_character c = words_next(text);
        char one[8] = "";
        if (begins_with(text, ISOLATE) || begins_with(text, ISOLATE_END)) {
            page_put(p, begins_with(text, ISOLATE) ? "<bdi>" : "</bdi>");
        } else {
            memcpy(one, c.bytes, c.size);
            page_put_plain(p, one);
        }
        text += c.used;
    }
}

static void put_element(struct page *p, const char *element, const char *text) {
    page_put_format(p, "<%s>", element);
    put_text(p, text);
    page_put_format(p, "</%.*s>\n", (int)strcspn(element, " "), element);
}

static void put_top(struct page *p, const struct form *f) {
    page_put(p, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    page_put_plain(p, f->title);
    page_put_format(p, "</title><style>%s</style></head><body>\n", STYLE);
}

static ex_code put_mark(struct page *p, const char *text, struct ex_error *err) {
    page_put(p, "<div class=\"mark\">");
    EX_TRY(qr_put_svg(p, text, _("Mark"), err));
    page_put(p, "<code>");
    put_text(p, text);
    page_put(p, "</code></div>\n");
    return EX_OK;
}

/* What stands around a run of blocks of one kind. */
static const char *opening(enum form_kind kind) {
    return kind == FORM_FACT    ? "<table>\n"
           : kind == FORM_POINT ? "<ul>\n"
           : kind == FORM_LINE  ? "<div class=\"fill\">\n"
                                : "";
}

static const char *closing(enum form_kind kind) {
    return kind == FORM_FACT    ? "</table>\n"
           : kind == FORM_POINT ? "</ul>\n"
           : kind == FORM_LINE  ? "</div>\n"
                                : "";
}

static void put_fact(struct page *p, const struct form_block *b) {
    page_put(p, "<tr><th>");
    put_text(p, b->name);
    page_put(p, form_is_hex(b) ? "</th><td class=\"hex\">" : "</th><td>");
    put_text(p, b->text);
    page_put(p, "</td></tr>\n");
}

static ex_code put_block(struct page *p, const struct form_block *b, struct ex_error *err) {
    switch (b->kind) {
    case FORM_TITLE:
        put_element(p, "h1", b->text);
        return EX_OK;
    case FORM_SUBTITLE:
        put_element(p, "p class=\"of\"", b->text);
        return EX_OK;
    case FORM_HEADING:
        put_element(p, "h2", b->text);
        return EX_OK;
    case FORM_TEXT:
        put_element(p, "p", b->text);
        return EX_OK;
    case FORM_POINT:
        put_element(p, "li", b->text);
        return EX_OK;
    case FORM_FACT:
        put_fact(p, b);
        return EX_OK;
    case FORM_BEGIN:
    case FORM_BEGIN_ALERT:
        page_put(p, b->kind == FORM_BEGIN ? "<section>" : "<section class=\"alert\">");
        put_element(p, "h3", b->text);
        return EX_OK;
    case FORM_END:
        page_put(p, "</section>\n");
        return EX_OK;
    case FORM_MARK:
        return put_mark(p, b->text, err);
    case FORM_LINE:
        put_element(p, "div", b->text);
        return EX_OK;
    }
    return EX_OK;
}

static ex_code put_all(struct page *p, const struct form *f, struct ex_error *err) {
    put_top(p, f);
    for (size_t i = 0; i < f->count; i++) {
        enum form_kind kind = f->block[i].kind;
        if (i == 0 || f->block[i - 1].kind != kind)
            page_put(p, opening(kind));
        EX_TRY(put_block(p, &f->block[i], err));
        if (i + 1 == f->count || f->block[i + 1].kind != kind)
            page_put(p, closing(kind));
    }
    page_put(p, "</body></html>\n");
    return EX_OK;
}

ex_code form_write_html(const struct form *f, char **ret, size_t *ret_bytes, struct ex_error *err) {
    /* "&quot;" for a character, elements around blocks, and a QR code. */
    size_t capacity = 8 * f->bytes + 128 * f->count + ((size_t)256 << 10);
    struct page p;
    SEAL_AUTO_SECRET char *text = NULL;
    EX_TRY(page_init(&p, PAGE_HTML, capacity, err));
    ex_code code = put_all(&p, f, err);
    if (code == EX_OK)
        code = page_take(&p, &text, ret_bytes, err);
    page_clear(&p);
    if (code != EX_OK)
        return code;
    *ret = strdup(text);
    return *ret != NULL ? EX_OK : ex_fail(err, EX_NOMEM, "no memory for a form");
}
