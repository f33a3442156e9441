/* SPDX-License-Identifier: Apache-2.0 */
/* In which state a trace stands in its item: the worse one of what its own line says and of what it
 * was found in. The record of a login that was read out of a deleted file says nothing of "deleted"
 * itself (docs/machine-report.md, docs/timeline.md).
 *
 * One byte of each trace is kept. Threads share nothing.
 */
#ifndef EXHIBIT_REPORT_TRACE_STATES_H
#define EXHIBIT_REPORT_TRACE_STATES_H

#include "base/error.h"
#include "formats/trace_line.h"

/* From the best to the worst. */
enum trace_state {
    TRACE_ALLOCATED,
    TRACE_VIRTUAL, /* of the trace alone: what is found in it has its own */
    TRACE_DELETED,
    TRACE_ORPHAN,
    TRACE_OTHER, /* a word that this does not know: never taken for a good one */
    TRACE_CARVED,
    TRACE_STATES
};
extern const char *const trace_state_words[TRACE_STATES];

enum { TRACE_STATES_MAX = 1 << 27 }; /* traces */

/* Zeroed it is empty. */
struct trace_states {
    size_t count, capacity;
    uint8_t *state;
};
void trace_states_clear(struct trace_states *s);
/* Once for each trace, in order of their numbers, from 1. EX_LIMIT, EX_NOMEM; EX_FORMAT: it is not
 * the next one. */
EX_MUST_USE ex_code trace_states_add(struct trace_states *s, uint64_t number,
                                     const struct trace_line *line, struct ex_error *err);
/* TRACE_OTHER of what was not added. */
enum trace_state trace_state_of(const struct trace_states *s, uint64_t number);
/* The word of the line alone. */
const char *trace_state_own(const struct trace_line *line);

#endif
