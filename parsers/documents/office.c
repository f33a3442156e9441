/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is a ZIP: what it is, and what is told around its text. */
#include "parsers/documents/documents.h"

#include "parsers/documents/office_internal.h"

#include <libxml/parser.h>
#include <libxml/xmlversion.h>
#include <locale.h>
#include <stdio.h>

enum { MIMETYPE_BYTES_MAX = 128 };

void documents_process_setup(void) {
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    xmlInitParser();
}

ex_code office_parse(struct office *o, struct package_part *part, const struct xml_handler *handler,
                     struct ex_error *err) {
    struct ex_error wrong;
    char key[32];
    part->visited = true;
    if (part->data == NULL)
        return EX_OK; /* it has no bytes; or that it could not be read was told */
    EX_TRY(xml_parse(part->data, part->size_bytes, handler, &wrong, err));
    if (wrong.code == EX_OK)
        return EX_OK;
    (void)snprintf(key, sizeof key, "part%zu", (size_t)(part - o->package.part));
    text_wrong(&o->text, key, wrong.code, "part \"%.80s\": %.160s", part->name, wrong.text);
    return EX_OK;
}

/* ---- the whole ---- */

static bool is_odf(struct office *o) {
    static const char ODF[] = "application/vnd.oasis.opendocument.";
    const struct package_part *m = package_find(&o->package, "mimetype");
    return m != NULL && m->size_bytes >= sizeof ODF - 1 && m->size_bytes < MIMETYPE_BYTES_MAX &&
           memcmp(m->data, ODF, sizeof ODF - 1) == 0;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(office_free) struct office *o = ex_new0(struct office);
    (void)parameters;
    documents_process_setup();
    o->run = run;
    text_start(&o->text, run);
    EX_TRY(package_load(run, &o->package, &o->text, err));
    EX_TRY(is_odf(o) ? odf_examine(o, err) : ooxml_examine(o, err));
    EX_TRY(office_tell_sections(o, err));
    EX_TRY(text_end(&o->text, o->trace, err));
    *ret_state = NULL;
    return EX_OK;
}

static void close_nothing(void *state) {
    (void)state;
}

static const char *library(void) {
    return "libxml2 " LIBXML_DOTTED_VERSION;
}

const struct parser office_parser = {
    .name = "office", .version = 1, .library = library, .examine = examine, .close = close_nothing};
