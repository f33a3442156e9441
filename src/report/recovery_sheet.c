/* SPDX-License-Identifier: Apache-2.0 */
/* format/recovery §4. The words are for somebody who never read a manual, on a bad day. */
#include "report/recovery_sheet.h"

#include "base/clock.h"
#include "report/page_internal.h"

#include <libintl.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) text

enum { SHEET_BYTES_MAX = 512 << 10, COMMAND_BYTES = 160, TEXT_COLUMNS = 76 };

static const char STYLE[] =
    "@page{size:A4;margin:14mm}"
    "*{box-sizing:border-box}"
    "html{background:#fff;color:#000}"
    "body{font:9pt/1.3 sans-serif;max-width:182mm;margin:0 auto;overflow-wrap:anywhere}"
    "h1{font-size:17pt;margin:0 0 2mm}h2{font-size:10.5pt;margin:3mm 0 .5mm}"
    "p,ol{margin:0 0 1mm}ol{padding-left:6mm}"
    ".secret{border:.6mm solid #000;padding:2mm 3mm;font-weight:bold}"
    ".code{border:.3mm solid #000;margin:2mm 0;padding:1mm 3mm;display:flex;gap:5mm;"
    "align-items:center;break-inside:avoid}"
    ".code svg{width:34mm;height:34mm;flex:none}"
    ".big{font:bold 18pt/1.5 monospace;overflow-wrap:normal;word-spacing:1mm}"
    "code,td{font-family:monospace;font-size:8pt}code{font-weight:bold}"
    "table{border-collapse:collapse;width:100%}"
    "th{text-align:left;font-weight:normal;padding-right:4mm;white-space:nowrap;vertical-align:top}"
    ".key{display:flex;gap:3mm;break-inside:avoid}"
    ".key svg{width:38mm;height:38mm;flex:none;margin-left:-3mm}"
    ".fill{display:grid;grid-template-columns:1fr 1fr;gap:9mm 6mm;margin-top:11mm;"
    "break-inside:avoid}"
    ".fill div{border-top:.3mm solid #000;padding-top:.5mm;font-size:8pt}";

/* ---- pieces, in both kinds ---- */

static bool is_html(const struct page *p) {
    return p->kind == PAGE_HTML;
}

static void put_heading(struct page *p, const char *text) {
    page_put(p, is_html(p) ? "<h2>" : "\n");
    page_put_plain(p, text);
    page_put(p, is_html(p) ? "</h2>\n" : "\n");
}

/* Words of ours in lines of a readable length; they are broken at spaces. */
static void put_wrapped(struct page *p, const char *indent, const char *text) {
    size_t column = strlen(indent);
    char word[64];
    for (size_t i = 0; *text != '\0'; text += i) {
        i = strcspn(text, " ");
        (void)snprintf(word, sizeof word, "%.*s", (int)i, text);
        if (column > strlen(indent) && column + 1 + i > TEXT_COLUMNS) {
            page_put(p, "\n");
            for (size_t n = 0; n < strlen(indent); n++)
                page_put(p, " ");
            column = strlen(indent);
        } else if (column > strlen(indent)) {
            page_put(p, " ");
            column++;
        }
        page_put_plain(p, word);
        column += i;
        i += text[i] == ' ';
    }
    page_put(p, "\n");
}

static void put_paragraph(struct page *p, const char *text) {
    if (!is_html(p)) {
        put_wrapped(p, "", text);
        return;
    }
    page_put(p, "<p>");
    page_put_plain(p, text);
    page_put(p, "</p>\n");
}

/* A step, and the command to type in it (NULL: none). */
static void put_step(struct page *p, unsigned number, const char *text, const char *command) {
    char indent[8];
    if (!is_html(p)) {
        (void)snprintf(indent, sizeof indent, "%u. ", number);
        page_put(p, indent);
        put_wrapped(p, "   ", text);
    } else {
        page_put(p, "<li>");
        page_put_plain(p, text);
    }
    if (command != NULL) {
        page_put(p, is_html(p) ? "<br><code>" : "       ");
        page_put_plain(p, command);
        page_put(p, is_html(p) ? "</code>" : "\n");
    }
    page_put(p, is_html(p) ? "</li>\n" : "");
}

static void put_fact(struct page *p, const char *name, const char *value) {
    if (is_html(p))
        page_put(p, "<tr><th>");
    page_put_plain(p, name);
    page_put(p, is_html(p) ? "</th><td>" : ": ");
    page_put_words(p, value);
    page_put(p, is_html(p) ? "</td></tr>\n" : "\n");
}

/* ---- the sheet from top to bottom ---- */

static void put_top(struct page *p) {
    if (is_html(p)) {
        page_put(p, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
        page_put_plain(p, _("Recovery sheet"));
        page_put_format(p, "</title><style>%s</style></head><body>\n<h1>", STYLE);
    }
    page_put_plain(p, _("Recovery sheet"));
    page_put(p, is_html(p) ? "</h1>\n<p class=\"secret\">" : "\n\n");
    const char *secret = _("SECRET. Whoever has this sheet and the disk of the vault can read "
                           "everything in the vault.");
    if (is_html(p))
        page_put_plain(p, secret);
    else
        put_wrapped(p, "", secret);
    page_put(p, is_html(p) ? "</p>\n" : "");
}

static void put_advice(struct page *p) {
    put_heading(p, _("What this is"));
    put_paragraph(p, _("The recovery code below opens the evidence vault that is named on this "
                       "sheet when a passphrase is lost. The program made it at random and keeps "
                       "no copy of it: this paper is the only one."));
    put_heading(p, _("Who may see it, and where it belongs"));
    put_paragraph(p, _("Nobody needs it in daily work. Only those whom the head of the agency "
                       "names in writing may open it, and two of them together."));
    put_paragraph(p, _("Put it into an envelope, seal the envelope, write the number of the seal "
                       "below and into the register, and lock it away apart from the vault and "
                       "its copies: in another building, or at least in another safe."));
}

static ex_code put_code(struct page *p, const struct recovery_sheet *s, struct ex_error *err) {
    if (!is_html(p)) {
        put_heading(p, _("Recovery code"));
        page_put_format(p, "\n    %.23s\n    %s\n\n", s->code->printed, s->code->printed + 24);
        return EX_OK;
    }
    page_put(p, "<div class=\"code\">");
    EX_TRY(qr_put_svg(p, s->code->text, _("Recovery code"), err));
    page_put(p, "<div><strong>");
    page_put_plain(p, _("Recovery code"));
    page_put_format(p, "</strong><div class=\"big\">%.23s<br>%s</div>", s->code->printed,
                    s->code->printed + 24);
    page_put_plain(p, _("There is no letter I, L, O or U in it: 0 is zero, 1 is one."));
    page_put(p, "</div></div>\n");
    return EX_OK;
}

static void put_steps(struct page *p, const struct recovery_sheet *s) {
    char recover[COMMAND_BYTES], remove[COMMAND_BYTES];
    (void)snprintf(recover, sizeof recover, "exhibit key recover --vault DIR --officer %.32s",
                   s->officer_id);
    (void)snprintf(remove, sizeof remove, "exhibit key remove --vault DIR %.32s",
                   s->slot != NULL ? s->slot : "SLOT");
    put_heading(p, _("When a passphrase is lost"));
    page_put(p, is_html(p) ? "<ol>\n" : "");
    put_step(p, 1,
             _("Open the envelope before a witness. Write down who, when and why, and the number "
               "of the seal."),
             NULL);
    put_step(p, 2,
             _("At the machine that has the vault, type this, with the directory of the vault for "
               "DIR. (For another officer than the one below, give that officer's name or id.)"),
             recover);
    put_step(p, 3,
             _("Type the recovery code when you are asked for it, then a new passphrase twice. "
               "The ledger of the vault records for ever that this was done."),
             NULL);
    put_step(p, 4, _("Make a new sheet, seal it, and make this one useless:"),
             "exhibit key sheet --vault DIR --output FILE.html");
    put_step(p, 5, _("Then, and destroy this paper:"), remove);
    page_put(p, is_html(p) ? "</ol>\n" : "");
    put_heading(p, _("After printing"));
    put_paragraph(p, _("Delete the file that this was printed from, also from the list of recent "
                       "files and from a printer that keeps what it printed. Better: print on a "
                       "printer at a cable, from a memory stick that you destroy."));
}

static void put_facts(struct page *p, const struct recovery_sheet *s) {
    char time[EX_TIME_TEXT_BYTES];
    page_put(p, is_html(p) ? "<table>\n" : "");
    put_fact(p, _("Agency"), s->agency);
    put_fact(p, _("Vault"), s->vault_id);
    put_fact(p, _("Ledger origin"), s->origin);
    put_fact(p, _("Officer"), s->officer_name);
    put_fact(p, _("Officer's id"), s->officer_id);
    put_fact(p, _("Officer's key"), s->officer_key);
    put_fact(p, _("Slot of this sheet"), s->slot != NULL ? s->slot : "–");
    put_fact(p, _("Made at"), ex_time_text(time, s->created_ns));
    page_put(p, is_html(p) ? "</table>\n" : "\n");
}

static ex_code put_vault(struct page *p, const struct recovery_sheet *s, struct ex_error *err) {
    put_heading(p, _("The vault"));
    if (is_html(p)) {
        page_put(p, "<div class=\"key\">");
        EX_TRY(qr_put_svg(p, s->vault_key, _("Vault key"), err));
        page_put(p, "<div>\n");
    }
    put_facts(p, s);
    put_paragraph(p, _("The vault key is no secret. With it anybody can check that the history of "
                       "the vault was not made anew (--key); copy it and give it away:"));
    page_put(p, is_html(p) ? "<p><code>" : "    ");
    page_put_plain(p, s->vault_key);
    page_put(p, is_html(p) ? "</code></p></div></div>\n" : "\n");
    return EX_OK;
}

static void put_fields(struct page *p) {
    static const char *const fields[] = {
        N_("Number of the physical seal"), N_("Sealed on (date, time, place)"),
        N_("Name and signature of the officer"), N_("Name and signature of the witness")};
    page_put(p, is_html(p) ? "<div class=\"fill\">" : "\n");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        page_put(p, is_html(p) ? "<div>" : "\n");
        page_put_plain(p, _(fields[i]));
        page_put(p, is_html(p) ? "</div>" : ":\n\n    ________________________________________\n");
    }
    page_put(p, is_html(p) ? "</div>\n</body></html>\n" : "");
}

static ex_code put_sheet(struct page *p, const struct recovery_sheet *s, struct ex_error *err) {
    put_top(p);
    put_advice(p);
    EX_TRY(put_code(p, s, err));
    put_steps(p, s);
    EX_TRY(put_vault(p, s, err));
    put_fields(p);
    return EX_OK;
}

ex_code recovery_sheet_make(const struct recovery_sheet *sheet, enum recovery_sheet_kind kind,
                            char **ret, size_t *ret_bytes, struct ex_error *err) {
    struct page p;
    EX_TRY(
        page_init(&p, kind == RECOVERY_SHEET_HTML ? PAGE_HTML : PAGE_TEXT, SHEET_BYTES_MAX, err));
    ex_code code = put_sheet(&p, sheet, err);
    if (code == EX_OK)
        code = page_take(&p, ret, ret_bytes, err);
    page_clear(&p);
    return code;
}
