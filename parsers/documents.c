/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-documents: the worker program that reads documents. A new one for each of them, so it has
 * what it needs for that and no more. Started by exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/documents/documents.h"

static const struct parser *const PARSERS[] = {&html_parser, &office_parser, &rtf_parser, NULL};

int main(int argc, char **argv) {
    documents_process_setup(); /* while it may still look for files */
    parser_serve(PARSERS, argc, argv);
}
