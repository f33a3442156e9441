/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/pdf/pdf.h"

#include "parsers/pdf/pdf_internal.h"

#include <stdio.h>
#include <string.h>

/* What is small comes first: a text that ends the worker shall not take the rest along. */
static ex_code tell_parts(struct pdf *p, struct ex_error *err) {
    EX_TRY(pdf_tell_files(p, err));
    pdf_next_kind(p);
    EX_TRY(pdf_tell_packet(p, err));
    EX_TRY(pdf_tell_actions(p, err));
    pdf_next_kind(p);
    EX_TRY(pdf_tell_notes(p, err));
    pdf_next_kind(p);
    EX_TRY(pdf_tell_fields(p, err));
    pdf_next_kind(p);
    return EX_OK;
}

/* What was left out while it was told. */
static ex_code tell_cut(struct pdf *p, uint32_t trace, struct ex_error *err) {
    if (p->was_cut)
        EX_TRY(tell_problem(p->run, trace, "limit", err, EX_LIMIT,
                            "it has more files, notes, links or fields than are told, or they lie "
                            "too deep"));
    if (p->texts_cut > 0)
        EX_TRY(tell_problem(p->run, trace, "texts-cut", err, EX_LIMIT,
                            "%u of its texts, or lists of them, are longer than is told",
                            p->texts_cut));
    if (p->texts_unread > 0)
        EX_TRY(tell_problem(p->run, trace, "texts-unread", err, EX_FORMAT,
                            "%u of its texts could not be read", p->texts_unread));
    return EX_OK;
}

/* ---- the version that is shown ---- */

/* Of the trace that was told last, and of no more than its trailer. */
static ex_code tell_denied(struct pdf *p, uint32_t under, struct ex_error *err) {
    EX_TRY(tell_text(p->run, "format", "pdf", err));
    EX_TRY(pdf_tell_encryption(p, true, err));
    return tell_problem(p->run, under, "encrypted", err, EX_DENIED,
                        "it is encrypted, and the empty password does not open it, or it is done "
                        "in a way that is not known");
}

static ex_code tell_locked(struct pdf *p, struct ex_error *err) {
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED | PARSER_ENCRYPTED, .key = "document"};
    uint32_t number;
    EX_TRY(parser_trace(p->run, &trace, &number, err));
    return tell_denied(p, 0, err);
}

static ex_code tell_ends(struct pdf *p, const struct pdf_ends *ends, struct ex_error *err) {
    uint64_t last = ends->seen > 0 ? ends->end[(ends->seen - 1) % PDF_ENDS_MAX].at : UINT64_MAX;
    EX_TRY(parser_trace_number(p->run, "end-marks", ends->marks, err));
    return last < ends->text_ends
               ? parser_trace_number(p->run, "bytes-behind-end", ends->text_ends - last, err)
               : EX_OK;
}

static ex_code tell_document(struct pdf *p, const struct pdf_ends *ends, struct ex_error *err) {
    const struct parser_trace trace = {
        .kind = PARSER_DOCUMENT, .flags = PARSER_UNSIZED, .key = "document"};
    uint32_t told;
    EX_TRY(parser_trace(p->run, &trace, &told, err));
    EX_TRY(pdf_tell_facts(p, err));
    EX_TRY(tell_ends(p, ends, err));
    EX_TRY(pdf_tell_body(p, told, err));
    EX_TRY(tell_cut(p, told, err));
    if (p->lost)
        EX_TRY(tell_problem(p->run, told, "trailer", err, EX_FORMAT,
                            "its trailer is lost: what it is was found by its catalog"));
    return pdf_tell_layers(p, told, err);
}

/* ---- those before it ---- */

static ex_code tell_revision(struct pdf *p, unsigned number, bool denied, struct ex_error *err) {
    struct parser_trace trace = {.kind = PARSER_DOCUMENT,
                                 .flags = PARSER_UNSIZED | (denied ? PARSER_ENCRYPTED : 0)};
    char key[40];
    uint32_t told;
    (void)snprintf(key, sizeof key, "revision-%llu", (unsigned long long)p->size_bytes);
    trace.key = key;
    EX_TRY(parser_trace(p->run, &trace, &told, err));
    EX_TRY(parser_trace_number(p->run, "revision", number, err));
    EX_TRY(parser_trace_number(p->run, "ends-at", p->size_bytes, err));
    if (denied)
        return tell_denied(p, told, err);
    EX_TRY(pdf_tell_facts(p, err));
    EX_TRY(pdf_tell_body(p, told, err));
    p->parent = told;
    EX_TRY(tell_parts(p, err));
    EX_TRY(tell_cut(p, told, err));
    return pdf_tell_layers(p, told, err);
}

/* A prefix that does not open by its own table is no version: the first part of a linearized file,
 * or something that is in the file. */
static ex_code try_revision(struct parser_run *run, uint64_t end, unsigned *number,
                            uint64_t *no_version_bytes, struct ex_error *err) {
    EX_AUTO_FREE struct pdf *p = ex_new0(struct pdf);
    EX_AUTO(pdfl_free) struct pdfl *doc = NULL;
    struct ex_error why;
    p->run = run;
    p->size_bytes = end;
    ex_code code = pdfl_open(run, end, "", &doc, &why);
    bool whole = doc != NULL && !pdfl_messages(doc)->rebuilt;
    p->doc = doc;
    if (whole && code == EX_DENIED)
        return tell_revision(p, ++*number, true, err);
    if (whole && code == EX_OK && pdfl_pages(doc) > 0)
        return tell_revision(p, ++*number, false, err);
    *no_version_bytes += end;
    return EX_OK;
}

static ex_code tell_unread_ends(struct parser_run *run, const struct pdf_ends *ends, bool stopped,
                                struct ex_error *err) {
    if (!stopped && ends->seen <= PDF_ENDS_MAX)
        return EX_OK;
    return tell_problem(run, 0, "revision-ends", err, EX_LIMIT,
                        "%llu places look like ends of versions: not all of them were tried",
                        (unsigned long long)ends->seen);
}

/* `whole`: the last one ends the file as it is, and that was opened by its table. */
static ex_code tell_revisions(struct parser_run *run, const struct pdf_ends *ends, bool whole,
                              struct ex_error *err) {
    uint64_t last = ends->seen - (whole && ends->last_is_end ? 1 : 0), failed = 0;
    uint64_t i = ends->seen > PDF_ENDS_MAX ? ends->seen - PDF_ENDS_MAX : 0;
    unsigned number = 0;
    for (; i < last && number < PDF_REVISIONS_MAX && failed < PDF_NO_VERSION_BYTES_MAX; i++) {
        const struct pdf_end *end = &ends->end[i % PDF_ENDS_MAX];
        if (pdf_has_table(run, end))
            EX_TRY(try_revision(run, end->at, &number, &failed, err));
    }
    EX_TRY(tell_unread_ends(run, ends, i < last && number < PDF_REVISIONS_MAX, err));
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

/* *ret_by_table: as it stands, not made anew from its objects. */
static ex_code tell_whole(struct parser_run *run, const struct pdf_ends *ends, bool *ret_by_table,
                          struct ex_error *err) {
    EX_AUTO_FREE struct pdf *p = ex_new0(struct pdf);
    EX_AUTO(pdfl_free) struct pdfl *doc = NULL;
    struct ex_error why = {0};
    p->run = run;
    p->size_bytes = parser_input_size(run, 0);
    ex_code code = open_whole(p, &doc, &why);
    p->doc = doc;
    *ret_by_table = doc != NULL && !p->lost && !pdfl_messages(doc)->rebuilt;
    if (code == EX_DENIED)
        return tell_locked(p, err);
    if (code != EX_OK) /* it looks like one and is none that can be read */
        return parser_trace_problem(run, 0, "document", &why, err);
    EX_TRY(tell_parts(p, err));
    return tell_document(p, ends, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO_FREE struct pdf_ends *ends = NULL;
    uint8_t head[5];
    bool by_table;
    (void)parameters;
    if (parser_input_size(run, 0) < sizeof head)
        return ex_fail(err, EX_FORMAT, "no PDF");
    EX_TRY(parser_read(run, 0, 0, head, sizeof head, err));
    if (memcmp(head, "%PDF-", sizeof head) != 0)
        return ex_fail(err, EX_FORMAT, "no PDF");
    ends = ex_new0(struct pdf_ends);
    EX_TRY(pdf_find_ends(run, ends, err));
    EX_TRY(tell_whole(run, ends, &by_table, err));
    EX_TRY(tell_revisions(run, ends, by_table, err));
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
                                  .version = 2,
                                  .library = pdfl_version,
                                  .examine = examine,
                                  .close = close_nothing};
