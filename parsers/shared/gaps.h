/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of a content that are found one after the other: those that touch become one. */
#ifndef EXHIBIT_PARSERS_SHARED_GAPS_H
#define EXHIBIT_PARSERS_SHARED_GAPS_H

#include "parsers/api.h"

struct gaps { /* zeros: none yet */
    enum parser_gap gap;
    uint64_t from, length;
    unsigned told;
};

/* Ascending. What is damaged is not told any more when there are too many ranges: reading it fails
 * all the same. */
EX_MUST_USE ex_code gaps_add(struct parser_run *run, struct gaps *g, enum parser_gap gap,
                             uint64_t from, uint64_t length, struct ex_error *err);
/* Tells the last one. */
EX_MUST_USE ex_code gaps_end(struct parser_run *run, struct gaps *g, struct ex_error *err);

#endif
