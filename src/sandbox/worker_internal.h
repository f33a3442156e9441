/* SPDX-License-Identifier: Apache-2.0 */
/* One job in a worker: worker.c, and what it tells of traces: telling.c. */
#ifndef EXHIBIT_SANDBOX_WORKER_INTERNAL_H
#define EXHIBIT_SANDBOX_WORKER_INTERNAL_H

#include "parsers/api.h"
#include "sandbox/confine_internal.h"
#include "sandbox/protocol_internal.h"

struct parser_run {
    const struct parser *parser;
    void *state;
    const uint8_t *window;
    uint8_t *tray;
    uint32_t number; /* of the command */
    bool opening;
    uint64_t size_bytes; /* of the content */
    unsigned inputs, facts, ranges;
    uint64_t ranges_end;
    uint64_t input_size[PARSER_INPUTS_MAX];
    /* what stands in the window */
    unsigned window_input;
    uint64_t window_offset;
    size_t window_bytes;
    /* telling of traces */
    bool telling;
    size_t tray_used, record_bytes; /* behind the head; of the record that is being written */
    uint32_t flushes;               /* of this command: how often the tray was handed over */
    uint32_t traces;                /* told in this command */
    uint32_t unwanted;              /* the content of this trace is not wanted */
    struct frame frame;
};

/* What was done before the limits are known, and what is still to be done. */
struct worker_confinement {
    struct confine_filter filter;
    struct confinement had;
    struct ex_error failed; /* code EX_OK: it did not */
};
_Noreturn void worker_serve(const struct parser *const table[], const struct confine_limits *limits,
                            struct worker_confinement *c);
/* Workers on demand: worker_nursery.c. */
_Noreturn void worker_nursery(const struct parser *const table[], struct worker_confinement *c);

/* Sends run->frame and waits for the answer, which is in it. A refusal is an error. */
EX_MUST_USE ex_code worker_ask(struct parser_run *run, struct ex_error *err);

void worker_tell_begin(struct parser_run *run);
/* What is still in the tray goes; gives `code`, or what went wrong with that. */
EX_MUST_USE ex_code worker_tell_end(struct parser_run *run, ex_code code, struct ex_error *err);

#endif
