/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing bytes from outside in a process that can do nothing else.
 *
 * The worker (parsers/, started from `program`) gets bytes of the inputs that it asks for, and
 * answers with content and claims: docs/format/parser-protocol.md. It may be in an attacker's
 * hands. What is promised here holds all the same: it reaches no file, no network and no other
 * process; what it sends is checked against the rules of the protocol, and copied before it is
 * used; it ends after its time. What is not promised: that what it says of its inputs is true. A
 * worker that crashed, hung or broke a rule gives an error, and every later call on it the same.
 *
 * Threads: one at a time for each sandbox; several sandboxes side by side are fine.
 */
#ifndef EXHIBIT_SANDBOX_SANDBOX_H
#define EXHIBIT_SANDBOX_SANDBOX_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SANDBOX_READ_BYTES_MAX = 1 << 20, SANDBOX_INPUTS_MAX = 16384 };

/* Why a content has zeros in a place (docs/format/parser-protocol.md §3). */
enum sandbox_gap {
    SANDBOX_UNREADABLE = 1, /* not readable when the container was made, as it says itself */
    SANDBOX_ABSENT = 2,     /* the container holds nothing for it */
    SANDBOX_DAMAGED = 3     /* cannot be read from this container */
};

/* What a parser tells of traces (parsers/api.h; docs/format/parser-protocol.md §7). */
enum sandbox_told_type {
    SANDBOX_TRACE = 1,
    SANDBOX_PROBLEM,
    SANDBOX_TIME,
    SANDBOX_TEXT,
    SANDBOX_EXTENT,
    SANDBOX_CONTENT,
    SANDBOX_UNIT
};

/* One record, checked: a parent was told before it, in this command; times, texts, extents and
 * content are about the trace that was told last, which has a content of that size where they say
 * so, and stay inside it and inside the input. Everything pointed to lives until the callback
 * returns. */
struct sandbox_told {
    enum sandbox_told_type type;
    uint32_t parent;     /* trace, problem, unit: 0 or the number of a trace of this command */
    uint32_t number;     /* trace: 1, 2, 3… */
    uint32_t kind;       /* trace: enum parser_kind */
    uint32_t flags;      /* trace: enum parser_trace_flag */
    const char *key;     /* trace, problem; text: its name. Printable ASCII, a NUL behind it */
    const uint8_t *data; /* trace: its name; problem, time (its source), text, content, unit */
    size_t data_bytes;
    uint64_t size_bytes; /* trace */
    uint64_t record;     /* trace */
    ex_code code;        /* problem */
    uint32_t what;       /* time: enum parser_time */
    int64_t seconds;
    uint32_t nanoseconds;
    uint64_t resolution_ns;
    bool local, late;
    uint64_t offset, length; /* extent; offset may be PARSER_HOLE or PARSER_NOWHERE */
};
/* *ret_wanted, true before the call: false: the content of the trace told last is not wanted, and
 * the worker may leave out the rest of it. An error ends the command, and the worker. */
typedef ex_code sandbox_told_fn(void *context, const struct sandbox_told *t, bool *ret_wanted,
                                struct ex_error *err);

/* How a worker was lost. */
enum sandbox_loss {
    SANDBOX_NOT_LOST,
    SANDBOX_KILLED,  /* from outside: it is not to blame */
    SANDBOX_CRASHED, /* by its own fault, or it broke a rule */
    SANDBOX_TOO_LONG,
    SANDBOX_GIVEN_UP /* here: a callback failed, or it was to stop */
};

struct sandbox;

/* Zeros: 1 GiB, 60 s for one call, 24 h of processor time in all. */
struct sandbox_limits {
    uint64_t memory_bytes;
    unsigned answer_ms; /* without the time that the inputs take */
    uint64_t cpu_s;
    /* Asked, by the thread that opens or reads, several times a second while it waits for the
     * worker; true: the worker is killed, and the call ends with EX_INTERRUPTED. NULL: it waits. */
    bool (*stopped)(void *context);
    void *context; /* of stopped(); lives as long as the sandbox */
};

/* Where the inputs come from. Called by the thread that opens or reads. */
struct sandbox_inputs {
    void *context;
    uint64_t size_bytes; /* of input 0 */
    /* Exactly these bytes, which are inside the input. */
    ex_code (*read)(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size_bytes,
                    struct ex_error *err);
    /* `input` is to be what an input calls by this name (any bytes, a NUL behind them); NULL: there
     * are none. */
    ex_code (*named)(void *context, const char *name, unsigned input, uint64_t *ret_size,
                     struct ex_error *err);
};

/* A claim of the container, in the worker's words: any bytes. */
struct sandbox_fact {
    char *name;
    uint8_t *value; /* a NUL behind it */
    size_t size_bytes;
};

struct sandbox_range {
    uint64_t offset, length;
    uint32_t gap; /* enum sandbox_gap */
};

struct sandbox_content {
    uint64_t size_bytes;
    size_t fact_count, fact_capacity;
    struct sandbox_fact *fact;
    size_t range_count, range_capacity;
    struct sandbox_range *range; /* ascending, inside the content */
};
void sandbox_content_clear(struct sandbox_content *c);
/* NULL: it does not say that. */
const struct sandbox_fact *sandbox_content_fact(const struct sandbox_content *c, const char *name);

/* The path of a worker program that belongs to the running one. EX_MISSING; EX_DENIED when
 * somebody else could have changed it. */
enum sandbox_worker {
    SANDBOX_WORKER_CONTAINERS,
    SANDBOX_WORKER_EXAMINERS,
    SANDBOX_WORKER_UNPACKERS,
    SANDBOX_WORKER_DOCUMENTS,
    SANDBOX_WORKER_PICTURES,
    SANDBOX_WORKER_MAIL,
    SANDBOX_WORKER_SYSTEM,
    SANDBOX_WORKER_CARVER,
    SANDBOX_WORKER_PDF,
    SANDBOX_WORKER_PST,
    SANDBOX_WORKER_RULES,
    SANDBOX_WORKERS
};
EX_MUST_USE ex_code sandbox_program(enum sandbox_worker which, char *ret, size_t size_bytes,
                                    struct ex_error *err);

/* limits may be NULL. EX_UNSUPPORTED: this kernel does not confine it as it must be. */
EX_MUST_USE ex_code sandbox_start(const char *program, const struct sandbox_limits *limits,
                                  struct sandbox **ret, struct ex_error *err);
void sandbox_free(struct sandbox *s);
EX_DEFINE_AUTO(struct sandbox, sandbox_free);

/* For many workers of one program, each for one object: what loads the program, its libraries and
 * its confinement is done once, and each of them is a process of its own that begins as a fresh one
 * does. Any number of threads. Starts its process when the first worker is asked for, and again
 * when that was ended. */
struct sandbox_nursery;
EX_MUST_USE ex_code sandbox_nursery_new(const char *program, struct sandbox_nursery **ret,
                                        struct ex_error *err);
/* Workers that it made go on. */
void sandbox_nursery_free(struct sandbox_nursery *n);
EX_DEFINE_AUTO(struct sandbox_nursery, sandbox_nursery_free);
/* As sandbox_start(). */
EX_MUST_USE ex_code sandbox_start_in(struct sandbox_nursery *n, const struct sandbox_limits *limits,
                                     struct sandbox **ret, struct ex_error *err);

/* What confines this worker, for people: "seccomp, Landlock 6, …"; lives as long as it does. */
const char *sandbox_confinement(const struct sandbox *s);

/* "libtsk 4.11.1": what its parsers read through, in the worker's words; empty: nothing. */
const char *sandbox_library(const struct sandbox *s);
/* Of the examiner that examined; 0: it did not come so far. */
unsigned sandbox_parser_version(const struct sandbox *s);

/* Once. `inputs` is copied; its context lives as long as the sandbox. What is in *ret after a
 * failure is to be cleared too. EX_FORMAT: not such a container, or the worker broke a rule or
 * crashed. EX_LIMIT: it took too long or too much. */
EX_MUST_USE ex_code sandbox_open(struct sandbox *s, const char *parser,
                                 const struct sandbox_inputs *inputs, struct sandbox_content *ret,
                                 struct ex_error *err);
/* Exactly size_bytes, at most SANDBOX_READ_BYTES_MAX, inside the content. An error may be of this
 * place alone: sandbox_lost() says whether others can still be read. */
EX_MUST_USE ex_code sandbox_read(struct sandbox *s, uint64_t offset, uint8_t *to, size_t size_bytes,
                                 struct ex_error *err);
bool sandbox_lost(const struct sandbox *s);
/* Of the last call: the first thing that an input could not give although the worker wanted it, in
 * the words of inputs.read(), whatever the worker made of it. NULL: it got everything. */
const struct ex_error *sandbox_input_error(const struct sandbox *s);
enum sandbox_loss sandbox_loss(const struct sandbox *s);
/* Ends the worker; nothing else can be asked of it. What it took of a processor in its life, as the
 * kernel counts it, in nanoseconds. How it was lost before stays. */
uint64_t sandbox_end(struct sandbox *s);

/* An examiner, in sandbox_open()'s stead: once; `inputs` as there. told NULL: it only gets ready
 * for sandbox_work(). Errors as sandbox_open(); what was told before one holds. */
EX_MUST_USE ex_code sandbox_examine(struct sandbox *s, const char *parser, const char *parameters,
                                    const struct sandbox_inputs *inputs, sandbox_told_fn *told,
                                    void *context, struct ex_error *err);
/* A unit that this parser told for these inputs. An error may be of this unit alone:
 * sandbox_lost(). */
EX_MUST_USE ex_code sandbox_work(struct sandbox *s, const void *unit, size_t size_bytes,
                                 sandbox_told_fn *told, void *context, struct ex_error *err);

#endif
