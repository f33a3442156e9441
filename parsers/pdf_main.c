/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-pdf: the worker program that reads PDF. A program of its own, for Poppler is under the
 * GPL (docs/decisions/0030-pdf.md). A new one for each file. Started by exhibit, never by a person.
 */
#include "parsers/api.h"
#include "parsers/pdf/pdf.h"

static const struct parser *const PARSERS[] = {&pdf_parser, NULL};

int main(int argc, char **argv) {
    pdf_process_setup(); /* while it may still look for files */
    parser_serve(PARSERS, argc, argv);
}
