/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-rules: the worker program that compiles YARA rules and scans contents with them. Started
 * by exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/rules/rules.h"

static const struct parser *const PARSERS[] = {&rules_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
