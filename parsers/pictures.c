/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-pictures: the worker program that reads what pictures say of themselves. Without
 * libraries, for there are many of them and each has a new one. Started by exhibit, never by a
 * person. */
#include "parsers/api.h"
#include "parsers/pictures/pictures.h"

static const struct parser *const PARSERS[] = {&exif_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
