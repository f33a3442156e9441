/* SPDX-License-Identifier: Apache-2.0 */
/* YARA rules, through libyara: docs/rules.md.
 *
 * Input 0 is the text of the rules, `parameters` the sizes of the files that it is made of
 * ("120,88"). examine() and prepare() compile it; the former tells a PARSER_RECORD for each rule:
 * name: its identifier; texts "namespace"; "tag", as many as it has; "meta": i, b or s, the
 * identifier, a NUL, the value. A unit is scanned with all of them: "SECONDS NAME", NAME that of an
 * input, which is read whole. What is told is a PARSER_RECORD for each rule whose condition was
 * true, with the rule's number, counted from 1, as its key, and texts "match": le64 offset, le64
 * length, the string's identifier; "count": le64, the identifier, for each string that matched.
 */
#ifndef EXHIBIT_PARSERS_RULES_RULES_H
#define EXHIBIT_PARSERS_RULES_RULES_H

#include "parsers/api.h"

enum {
    RULES_TEXT_BYTES_MAX = 16 << 20, /* of all files */
    RULES_FILES_MAX = 48,
    RULES_CONTENT_BYTES_MAX = 256 << 20,
    RULES_MATCHES_MAX = 1000, /* told of one string; the rest is counted */
    RULES_META_TEXT_BYTES_MAX = 1 << 20,
    RULES_PARSER_VERSION = 2
};

extern const struct parser rules_parser;

#endif
