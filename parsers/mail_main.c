/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-mail: the worker program that looks into mail, and files of Office as they were before
 * 2007. A new one for each file, so it has what it needs for that and no more. Started by exhibit,
 * never by a person. */
#include "parsers/api.h"
#include "parsers/mail/mail.h"
#include "parsers/ole/ole.h"

static const struct parser *const PARSERS[] = {&mail_parser, &ole_parser, NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
