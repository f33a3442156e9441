/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-unpacker: the worker program that looks into archives. A new one for each of them, so it
 * has what it needs for that and no more. Started by exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/archive/archive.h"

static const struct parser *const PARSERS[] = {&archive_parser, NULL};

int main(int argc, char **argv) {
    archive_process_setup(); /* while it may still look for files */
    parser_serve(PARSERS, argc, argv);
}
