/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/pdf/pdf.h"

#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

/* What is small comes first: a text that ends the worker shall not take the rest along. */
static ex_code tell_parts(struct pdf *p, struct ex_error *err) {
    EX_TRY(pdf_tell_files(p, err));
    EX_TRY(pdf_tell_packet(p, err));
    EX_TRY(pdf_tell_actions(p, err));
    EX_TRY(pdf_tell_notes(p, err));
    return pdf_tell_fields(p, err);
}

static ex_code tell_cut(struct pdf *p, uint32_t trace, struct ex_error *err) {
    if (!p->cut)
        return EX_OK;
    return tell_problem(p->run, trace, "limit", err, EX_LIMIT,
                        "it has more files, notes, links or fields than are told, or they lie too "
                        "deep");
}

/* ---- the version that is shown ---- */

static ex_code tell_denied(struct parser_run *run, struct pdf *p, struct ex_error *err) {
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED | PARSER_ENCRYPTED, .key = "document"};
    uint32_t number;
    EX_TRY(parser_trace(run, &trace, &number, err));
    EX_TRY(tell_text(run, "format", "pdf", err));
    EX_TRY(pdf_tell_encryption(p, true, err));
    return tell_problem(run, 0, "encrypted", err, EX_DENIED,
                        "it is encrypted, and the empty password does not open it");
}

static ex_code tell_document(struct pdf *p, size_t ends, uint32_t *ret, struct ex_error *err) {
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED, .key = "document"};
    EX_TRY(parser_trace(p->run, &trace, ret, err));
    EX_TRY(pdf_tell_facts(p, err));
    EX_TRY(parser_trace_number(p->run, "end-marks", ends, err));
    EX_TRY(pdf_tell_body(p, *ret, err));
    EX_TRY(tell_cut(p, *ret, err));
    if (p->lost)
        EX_TRY(tell_problem(p->run, *ret, "trailer", err, EX_FORMAT,
                            "its trailer is lost: what it is was found by its catalog"));
    return pdf_tell_layers(p, *ret, err);
}

/* ---- those before it ---- */

static ex_code tell_revision(struct pdf *p, unsigned number, struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED};
    char key[40];
    uint32_t told;
    (void)snprintf(key, sizeof key, "revision-%llu", (unsigned long long)p->size_bytes);
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, &told, err));
    EX_TRY(parser_trace_number(p->run, "revision", number, err));
    EX_TRY(parser_trace_number(p->run, "ends-at", p->size_bytes, err));
    EX_TRY(pdf_tell_facts(p, err));
    EX_TRY(pdf_tell_body(p, told, err));
    p->parent = told;
    EX_TRY(tell_parts(p, err));
    return tell_cut(p, told, err);
}

/* A prefix that does not open by its own table is no version: the first part of a linearized file,
 * or something that is in the file. */
static ex_code try_revision(struct parser_run *run, uint64_t end, unsigned *number,
                            struct ex_error *err) {
    EX_AUTO_FREE struct pdf *p = ex_new0(struct pdf);
    EX_AUTO(pdfl_free) struct pdfl *doc = NULL;
    struct ex_error why;
    p->run = run;
    p->size_bytes = end;
    if (pdfl_open(run, end, "", &doc, &why) != EX_OK || pdfl_messages(doc)->rebuilt ||
        pdfl_pages(doc) == 0 || pdfl_messages(doc)->rebuilt)
        return EX_OK;
    p->doc = doc;
    return tell_revision(p, ++*number, err);
}

static ex_code tell_revisions(struct parser_run *run, const uint64_t *end, size_t ends,
                              struct ex_error *err) {
    unsigned number = 0;
    for (size_t i = 0; i + 1 < ends && number < PDF_REVISIONS_MAX; i++)
        EX_TRY(try_revision(run, end[i], &number, err));
    if (number < PDF_REVISIONS_MAX)
        return EX_OK;
    return tell_problem(run, 0, "revisions", err, EX_LIMIT,
                        "it has %d earlier versions or more: no further ones are read",
                        PDF_REVISIONS_MAX);
}

/* ---- the whole ---- */

/* Of one that has no trailer any more, by its catalog. `why` stays that of the file as it is. */
static ex_code open_whole(struct pdf *p, struct pdfl **ret, struct ex_error *why) {
    char trailer[100];
    struct ex_error again;
    ex_code code = pdfl_open(p->run, p->size_bytes, "", ret, why);
    if (code != EX_FORMAT || !pdf_find_trailer(p->run, trailer, sizeof trailer) ||
        pdfl_open(p->run, p->size_bytes, trailer, ret, &again) != EX_OK)
        return code;
    p->lost = true;
    return EX_OK;
}

static ex_code tell_all(struct parser_run *run, const uint64_t *end, size_t ends,
                        struct ex_error *err) {
    EX_AUTO_FREE struct pdf *p = ex_new0(struct pdf);
    EX_AUTO(pdfl_free) struct pdfl *doc = NULL;
    struct ex_error why = {0};
    uint32_t trace = 0;
    p->run = run;
    p->size_bytes = parser_input_size(run, 0);
    ex_code code = open_whole(p, &doc, &why);
    p->doc = doc;
    if (code == EX_DENIED)
        return tell_denied(run, p, err);
    if (code != EX_OK) /* it looks like one and is none that can be read */
        return parser_trace_problem(run, 0, "document", &why, err);
    EX_TRY(tell_parts(p, err));
    EX_TRY(tell_document(p, ends, &trace, err));
    return tell_revisions(run, end, ends, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO_FREE uint64_t *end = NULL;
    uint8_t head[5];
    size_t ends = 0;
    (void)parameters;
    if (parser_input_size(run, 0) < sizeof head)
        return ex_fail(err, EX_FORMAT, "no PDF");
    EX_TRY(parser_read(run, 0, 0, head, sizeof head, err));
    if (memcmp(head, "%PDF-", sizeof head) != 0)
        return ex_fail(err, EX_FORMAT, "no PDF");
    EX_TRY(ex_alloc(PDF_ENDS_MAX, sizeof *end, PDF_ENDS_MAX * sizeof *end, "ends of versions", &end,
                    err));
    EX_TRY(pdf_find_ends(run, end, &ends, err));
    EX_TRY(tell_all(run, end, ends, err));
    *ret_state = NULL;
    return EX_OK;
}

static void close_nothing(void *state) {
    (void)state;
}

void pdf_process_setup(void) {
    pdfl_process_setup();
}

const struct parser pdf_parser = {.name = "pdf",
                                  .version = 1,
                                  .library = pdfl_version,
                                  .examine = examine,
                                  .close = close_nothing};
