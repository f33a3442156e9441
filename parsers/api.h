/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser sees of the world: its inputs, by offset, and where to put what it found.
 *
 * A parser runs in a worker (docs/format/parser-protocol.md): it cannot open a file, and nothing
 * that it does harms more than the object that it was given. It may crash; it must not lie. It
 * includes base/ and this header, and reads bytes of an input through struct ex_cursor.
 *
 * There are two kinds of parsers. A container holds one content: open() says how large it is, and
 * read() gives it. An examiner finds traces: examine() tells those that it comes upon first, and
 * leaves the rest as units of work, which other workers may do at the same time, in any order, and
 * again when one of them was lost. What a unit tells follows from the input and the unit alone.
 *
 * Threads: a worker has one.
 */
#ifndef EXHIBIT_PARSERS_API_H
#define EXHIBIT_PARSERS_API_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PARSER_READ_BYTES_MAX = 1 << 20,
    PARSER_INPUTS_MAX = 16384, /* segments of one container */
    PARSER_FACTS_MAX = 4096,
    PARSER_RANGES_MAX = 1 << 20,
    PARSER_NAME_BYTES_MAX = 128,
    PARSER_VALUE_BYTES_MAX = 60000,
    PARSER_WARNINGS_MAX = 32,
    PARSER_TRACES_MAX = 4 << 20, /* in one command */
    PARSER_PARAMETERS_BYTES_MAX = 1024
};

struct parser_run; /* one job */

/* ---- inputs ----
 * Input 0 is what the officer named. */

uint64_t parser_input_size(const struct parser_run *run, unsigned input);
/* Another one, by the name that stands in an input, or that its name's rule gives: the supervisor
 * decides. EX_MISSING: there is none. EX_DENIED: not one that may be opened. */
EX_MUST_USE ex_code parser_input_named(struct parser_run *run, const char *name, unsigned *ret,
                                       struct ex_error *err);
/* Exactly size_bytes. EX_FORMAT when the input ends before; EX_IO when the system does not give
 * them. */
EX_MUST_USE ex_code parser_read(struct parser_run *run, unsigned input, uint64_t offset, void *to,
                                size_t size_bytes, struct ex_error *err);
/* The same without a copy, up to PARSER_READ_BYTES_MAX; valid until the next call that reads. */
EX_MUST_USE ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset,
                                size_t size_bytes, const uint8_t **ret, struct ex_error *err);
/* The same for up to size_max bytes; *own, which may be what holds them, is the caller's to free.
 */
EX_MUST_USE ex_code parser_take(struct parser_run *run, unsigned input, uint64_t offset,
                                size_t size_bytes, size_t size_max, uint8_t **own,
                                const uint8_t **ret, struct ex_error *err);

/* ---- what was found: while open() runs ---- */

/* A claim of the container. Cut at PARSER_VALUE_BYTES_MAX. */
EX_MUST_USE ex_code parser_fact(struct parser_run *run, const char *name, const void *value,
                                size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code parser_fact_number(struct parser_run *run, const char *name, uint64_t value,
                                       struct ex_error *err);
/* The fact "warning": something that whoever uses the content should know, and that does not end
 * the reading. *count is how many there were; those over PARSER_WARNINGS_MAX are left out. */
EX_MUST_USE ex_code parser_warn(struct parser_run *run, unsigned *count, struct ex_error *err,
                                const char *format, ...) EX_PRINTF(4, 5);

enum parser_gap {
    PARSER_UNREADABLE = 1, /* not readable when the container was made, as it says itself */
    PARSER_ABSENT = 2,     /* the container holds nothing for it */
    PARSER_DAMAGED = 3     /* cannot be read from this container */
};
/* Ascending. read() gives what the container holds for PARSER_UNREADABLE, which may be bytes; zeros
 * for the others, where it does not fail. */
EX_MUST_USE ex_code parser_range(struct parser_run *run, enum parser_gap gap, uint64_t offset,
                                 uint64_t length, struct ex_error *err);

/* ---- traces: while examine() or work() runs (docs/format/traces.md) ---- */

enum parser_kind {
    PARSER_VOLUME = 1,
    PARSER_FILE_SYSTEM,
    PARSER_DIRECTORY,
    PARSER_FILE,
    PARSER_LINK,     /* symbolic */
    PARSER_SPECIAL,  /* a device, a pipe, a socket */
    PARSER_STREAM,   /* a further content of the trace that it is under */
    PARSER_MEMBER,   /* of a file that holds files */
    PARSER_SPACE,    /* bytes that belong to nothing */
    PARSER_PROBLEM,  /* could not be examined: parser_trace_problem() */
    PARSER_DOCUMENT, /* what a document says: its content is its text, in UTF-8, PARSER_UNSIZED */
    PARSER_MESSAGE,  /* a mail: its content is what it says, likewise; what is attached is under it
                      */
    PARSER_RECORD    /* what a file says of itself, in times and texts: no content */
};

enum parser_trace_flag {
    PARSER_DELETED = 1,    /* the name, or its record, is marked as no longer in use */
    PARSER_ORPHAN = 2,     /* a record that no folder names */
    PARSER_VIRTUAL = 4,    /* made by the parser: not there as such */
    PARSER_REUSED = 8,     /* of a deleted one: some of its places are in use again, or may be */
    PARSER_ENCRYPTED = 16, /* its content is not to be had without a key */
    PARSER_SIZED = 32,     /* it has a content, of size_bytes */
    PARSER_EXAMINE = 64,   /* its content may hold more: a volume, for one */
    PARSER_UNSIZED = 128,  /* it has a content, of as many bytes as are told; size_bytes is 0 */
    PARSER_CARVED = 256, /* it stands in space, and nothing names it; its key is its place there */
    PARSER_IN_PART = 512 /* of such a one: only its beginning is as it should be */
};

struct parser_trace {
    enum parser_kind kind;
    uint32_t flags;
    uint32_t parent;   /* of this command: 0, or what parser_trace() gave */
    const char *key;   /* printable ASCII; unique among the traces of its parent */
    const char *name;  /* any bytes; NULL: it has none */
    size_t name_bytes; /* at most PARSER_VALUE_BYTES_MAX */
    uint64_t size_bytes;
    uint64_t
        record; /* which of its input's records this is, counted from 1; 0: none. One that is
                   PARSER_ORPHAN is dropped when its record was told before, by whatever unit */
};
/* What follows (times, texts, extents, content) is about the trace that was told last. */
EX_MUST_USE ex_code parser_trace(struct parser_run *run, const struct parser_trace *t,
                                 uint32_t *ret_number, struct ex_error *err);
/* A trace of kind PARSER_PROBLEM under `parent`: what could not be examined, and why. `key` as in
 * a trace. The code says which reason it is: EX_FORMAT damaged, EX_LIMIT too much, EX_UNSUPPORTED,
 * EX_IO unreadable, EX_DENIED encrypted. */
EX_MUST_USE ex_code parser_trace_problem(struct parser_run *run, uint32_t parent, const char *key,
                                         const struct ex_error *why, struct ex_error *err);

enum parser_time {
    PARSER_MODIFIED = 1,
    PARSER_ACCESSED,
    PARSER_CHANGED, /* of the record */
    PARSER_CREATED,
    PARSER_WAS_DELETED,
    PARSER_ADDED,
    PARSER_BACKED_UP,
    PARSER_SENT,
    PARSER_RECEIVED,
    PARSER_PRINTED,
    PARSER_TAKEN /* a photograph, a recording */
};
/* `source`: the structure that holds it, "ntfs:$STANDARD_INFORMATION"; local: its zone is not
 * known. Seconds since 1970; left out by the caller when it was never set. */
EX_MUST_USE ex_code parser_trace_time(struct parser_run *run, enum parser_time what,
                                      int64_t seconds, uint32_t nanoseconds, uint64_t resolution_ns,
                                      bool local, const char *source, struct ex_error *err);
/* An attribute: a name of a-z 0-9 - . and any bytes. */
EX_MUST_USE ex_code parser_trace_text(struct parser_run *run, const char *name, const void *value,
                                      size_t size_bytes, struct ex_error *err);
EX_MUST_USE ex_code parser_trace_number(struct parser_run *run, const char *name, uint64_t value,
                                        struct ex_error *err);

/* The content, one way or the other. By its places in input 0, in order, PARSER_HOLE and
 * PARSER_NOWHERE for what has none; together at most size_bytes … */
#define PARSER_HOLE    (UINT64_MAX)     /* zeros that are stored nowhere */
#define PARSER_NOWHERE (UINT64_MAX - 1) /* it cannot be said where */
EX_MUST_USE ex_code parser_trace_extent(struct parser_run *run, uint64_t offset, uint64_t length,
                                        struct ex_error *err);
/* … or by its bytes, in order, as many calls as it takes; size_bytes in all (of one that
 * is PARSER_UNSIZED, any number), and when it ends before, a problem says why. *ret_wanted false:
 * nobody needs the rest, and it need not be given.
 */
EX_MUST_USE ex_code parser_trace_content(struct parser_run *run, const void *data,
                                         size_t size_bytes, bool *ret_wanted, struct ex_error *err);

/* More work, of the parser's own words (at most PARSER_UNIT_BYTES_MAX, any bytes): what it finds is
 * under the trace `parent`, which is parent 0 of that work. The same words a second time are a loop
 * (a folder in itself), and are not done again. `late`: only when all others are done. */
enum { PARSER_UNIT_BYTES_MAX = 256 };
EX_MUST_USE ex_code parser_unit(struct parser_run *run, uint32_t parent, const void *unit,
                                size_t size_bytes, bool late, struct ex_error *err);

/* ---- a parser ---- */

struct parser {
    const char *name;
    unsigned version;             /* counted up when what it gives for the same bytes changes */
    const char *(*library)(void); /* "libtsk 4.11.1": what it reads through; NULL: nothing */
    /* A container: open() and read(). *ret_state, of every kind of parser, is the parser's and goes
     * to close(), which accepts NULL. */
    ex_code (*open)(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                    struct ex_error *err);
    /* Exactly size_bytes of the content; the caller keeps inside it. */
    ex_code (*read)(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                    size_t size_bytes, struct ex_error *err);
    void (*close)(void *state);
    /* An examiner: examine(), and if it has units prepare() and work(). `parameters` is text of the
     * parser's own kind. EX_FORMAT of examine(): nothing that it knows. */
    ex_code (*examine)(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err);
    /* In examine()'s stead, by a worker that only does units: tells nothing. */
    ex_code (*prepare)(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err);
    ex_code (*work)(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err);
};

/* The main function of a worker program, with main()'s arguments: table ends with NULL. */
_Noreturn void parser_serve(const struct parser *const table[], int argc, char **argv);

#endif
