/* SPDX-License-Identifier: Apache-2.0 */
/* One range is held back until the next one does not touch it. */
#include "parsers/shared/gaps.h"

ex_code gaps_end(struct parser_run *run, struct gaps *g, struct ex_error *err) {
    uint64_t length = g->length;
    g->length = 0;
    if (length == 0 || (g->gap == PARSER_DAMAGED && g->told >= PARSER_RANGES_MAX / 2))
        return EX_OK;
    g->told++;
    return parser_range(run, g->gap, g->from, length, err);
}

ex_code gaps_add(struct parser_run *run, struct gaps *g, enum parser_gap gap, uint64_t from,
                 uint64_t length, struct ex_error *err) {
    if (length == 0)
        return EX_OK;
    if (g->length > 0 && g->gap == gap && g->from + g->length == from) {
        g->length += length;
        return EX_OK;
    }
    EX_TRY(gaps_end(run, g, err));
    g->gap = gap;
    g->from = from;
    g->length = length;
    return EX_OK;
}
