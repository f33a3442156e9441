/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser sees of the world: its inputs, by offset, and where to put what it found.
 *
 * A parser runs in a worker (docs/format/parser-protocol.md): it cannot open a file, and nothing
 * that it does harms more than the object that it was given. It may crash; it must not lie. It
 * includes base/ and this header, and reads bytes of an input through struct ex_cursor.
 *
 * Today there is one kind of parser: a container, which holds one content.
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
    PARSER_WARNINGS_MAX = 32
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

/* ---- a parser ---- */

struct parser {
    const char *name;
    unsigned version; /* counted up when what it gives for the same bytes changes */
    /* *ret_state is the parser's and goes to close(), which accepts NULL. */
    ex_code (*open)(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                    struct ex_error *err);
    /* Exactly size_bytes of the content; the caller keeps inside it. */
    ex_code (*read)(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                    size_t size_bytes, struct ex_error *err);
    void (*close)(void *state);
};

/* The main function of a worker program, with main()'s arguments: table ends with NULL. */
_Noreturn void parser_serve(const struct parser *const table[], int argc, char **argv);

#endif
