/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-carver: the worker program that looks for files in space that nothing claims. Started by
 * exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/carve/carve.h"

static const struct parser *const PARSERS[] = {&carver_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
