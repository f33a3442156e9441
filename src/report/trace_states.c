/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trace_states.h"

#include "base/mem.h"

#include <string.h>

const char *const trace_state_words[TRACE_STATES] = {"allocated", "virtual", "deleted",
                                                     "orphan",    "other",   "carved"};

void trace_states_clear(struct trace_states *s) {
    free(s->state);
    *s = (struct trace_states){0};
}

const char *trace_state_own(const struct trace_line *line) {
    return line->state != NULL ? line->state : trace_state_words[TRACE_ALLOCATED];
}

static enum trace_state own_state(const struct trace_line *line) {
    for (int s = TRACE_ALLOCATED; s < TRACE_STATES; s++)
        if (strcmp(trace_state_words[s], trace_state_own(line)) == 0)
            return (enum trace_state)s;
    return TRACE_OTHER;
}

enum trace_state trace_state_of(const struct trace_states *s, uint64_t number) {
    return number >= 1 && number <= s->count ? (enum trace_state)s->state[number - 1] : TRACE_OTHER;
}

ex_code trace_states_add(struct trace_states *s, uint64_t number, const struct trace_line *line,
                         struct ex_error *err) {
    enum trace_state own = own_state(line), above = TRACE_ALLOCATED;
    if (number != s->count + 1)
        return ex_fail(err, EX_FORMAT, "traces do not stand in the order of their numbers");
    if (number > TRACE_STATES_MAX)
        return ex_fail(err, EX_LIMIT, "an item has more than %d traces", (int)TRACE_STATES_MAX);
    EX_TRY(ex_grow(&s->state, &s->capacity, (size_t)number, sizeof *s->state, TRACE_STATES_MAX,
                   "the states of the traces", err));
    if (line->parent > 0) /* not there: nobody knows what it stands in */
        above = trace_state_of(s, line->parent);
    bool inherits = above > own && above != TRACE_VIRTUAL;
    s->state[s->count++] = (uint8_t)(inherits ? above : own);
    return EX_OK;
}
