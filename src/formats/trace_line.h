/* SPDX-License-Identifier: Apache-2.0 */
/* A line about a trace (format/traces §2), read strictly and in one pass.
 *
 * Taken is what the page describes and nothing else: its keys in its order, its words, no spaces,
 * no sign or leading zero where a count is meant, strict UTF-8, no key twice. So whatever is taken
 * is JSON that every other reader understands in the same way. Any bytes are safe.
 *
 * Nothing is allocated; threads share nothing.
 */
#ifndef EXHIBIT_FORMATS_TRACE_LINE_H
#define EXHIBIT_FORMATS_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRACE_LINE_ID_BYTES = 16,
    TRACE_LINE_HASH_BYTES = 32,
    TRACE_LINE_RANGES_MAX = 4096,
    TRACE_LINE_ATTRIBUTES_MAX = 256,
    TRACE_LINE_ERROR_BYTES_MAX = 200
};

struct trace_line {
    uint8_t id[TRACE_LINE_ID_BYTES];
    uint64_t parent, parser;
    const char *key;
    size_t rest_at; /* in the line: what follows the parser, and depends on nothing above */
    const char *kind, *state, *reason; /* words that always stay; the last two may be NULL */
    const char *name, *type, *text;    /* of `texts`; each may be NULL. `text` is the error's */
    bool has_size, has_sha256, has_content_key;
    bool known;             /* the hash was taken from an earlier examination */
    bool has_inside;        /* it was looked into … */
    bool inside_known;      /* … by an earlier examination */
    uint64_t inside;        /* how much was found there */
    const char *not_hashed; /* a word that always stays, or NULL */
    uint64_t size;
    uint8_t sha256[TRACE_LINE_HASH_BYTES];
    uint8_t content_key[TRACE_LINE_ID_BYTES];
};

/* The line without its line feed. `texts` has room for size_bytes, for no text is longer than what
 * says it. False: it is no such line, and *ret is of no use. */
bool trace_line_read(const void *line, size_t size_bytes, char *texts, struct trace_line *ret);

#endif
