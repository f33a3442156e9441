/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-pst: the worker program that looks into stores of Outlook. A program of its own, beside
 * the one for mail, for libpff: what it loads, and whatever it comes to grief on, is no part of the
 * others. Started by exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/pst/pst.h"

static const struct parser *const PARSERS[] = {&pst_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
