/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-system: the worker program that reads what a machine keeps of itself and of who used it.
 * A new one for each file, so it has what it needs for that and no more. Started by exhibit, never
 * by a person. */
#include "parsers/api.h"
#include "parsers/system/system.h"

static const struct parser *const PARSERS[] = {&system_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
