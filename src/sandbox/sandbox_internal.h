/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's end: a worker (spawn.c), its commands (sandbox.c), what it tells (told.c). */
#ifndef EXHIBIT_SANDBOX_SANDBOX_INTERNAL_H
#define EXHIBIT_SANDBOX_SANDBOX_INTERNAL_H

#include "parsers/api.h"
#include "sandbox/protocol_internal.h"
#include "sandbox/sandbox.h"

#include <sys/types.h>

struct worker {
    pid_t pid; /* 0: none */
    int socket;
    uint8_t *window;     /* WINDOW_BYTES; written here */
    const uint8_t *tray; /* TRAY_BYTES; written by the worker at any time */
};

/* After a failure worker_end() is still owed. */
EX_MUST_USE ex_code worker_start(struct worker *w, const char *program,
                                 const struct sandbox_limits *limits, struct ex_error *err);
/* Kills it, if it has not ended, and says how it ended: waitpid()'s status. Adds to *cpu_ns, which
 * may be NULL, the processor time that the kernel says it took. */
int worker_end(struct worker *w, uint64_t *cpu_ns);

/* A nursery's process and this end of its socket; both are the caller's to end, after a failure
 * too. */
EX_MUST_USE ex_code worker_start_nursery(const char *program, pid_t *ret_pid, int *ret_socket,
                                         struct ex_error *err);
/* A worker that a nursery makes, which `ask` asks. After a failure worker_end() is still owed. */
typedef ex_code worker_ask_nursery_fn(void *nursery, const int fd[static HANDED_FDS],
                                      pid_t *ret_pid, struct ex_error *err);
EX_MUST_USE ex_code worker_start_in(struct worker *w, worker_ask_nursery_fn *ask, void *nursery,
                                    struct ex_error *err);

/* A sandbox without a worker, its limits complete. The caller frees. */
struct sandbox *sandbox_new(const struct sandbox_limits *limits);
/* Until the worker says that it is confined. */
EX_MUST_USE ex_code sandbox_wait_ready(struct sandbox *s, struct ex_error *err);

enum { SANDBOX_TEXT_BYTES = 256 };

struct sandbox {
    struct worker worker;
    struct sandbox_limits limits;
    struct sandbox_inputs inputs;
    uint64_t *input_size;
    size_t input_count, input_capacity;
    char parser[PARSER_NAME_BYTES_MAX + 1];
    char confinement[SANDBOX_TEXT_BYTES];
    char library[FAILURE_TEXT_BYTES_MAX + 1];
    unsigned version;      /* of an examiner that has begun */
    bool opened, breached; /* the latter: it is lost because it broke a rule */
    enum sandbox_loss lost;
    uint64_t cpu_ns;     /* of a worker that was ended */
    struct ex_error why; /* when it is lost */
    uint64_t content_bytes;
    uint32_t number;
    uint64_t deadline_ns;
    unsigned last_input; /* what stands in the window */
    uint64_t last_end;
    struct ex_error input_why; /* of this command, the first; EX_OK: none */
    uint8_t *told;             /* TRAY_BYTES; NULL: not an examiner */
    struct frame frame;
};

/* Ends the worker, which broke a rule. */
ex_code sandbox_breach(struct sandbox *s, const char *what, struct ex_error *err);
/* Another process wrote it: printable ASCII, and not much of it. to: FAILURE_TEXT_BYTES_MAX + 1. */
void sandbox_clean_text(const uint8_t *text, size_t size, char *to);
bool sandbox_is_name(const uint8_t *name, size_t size);

/* One command that tells of traces. */
struct telling {
    sandbox_told_fn *told;
    void *context;
    uint8_t *copy; /* of the tray */
    uint32_t traces, flushes;
    bool sized, unsized;   /* the last trace has a content … */
    uint64_t content_left; /* … of which so much was not told yet */
    bool by_extents, by_bytes;
    uint32_t unwanted; /* the last trace's content is not wanted: its number; or 0 */
};
/* The records in t->copy, each checked and handed on. A rule that was broken loses the sandbox; any
 * other error is a callback's. */
EX_MUST_USE ex_code told_parse(struct sandbox *s, struct telling *t, size_t size_bytes,
                               struct ex_error *err);

#endif
