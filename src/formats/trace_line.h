/* SPDX-License-Identifier: Apache-2.0 */
/* A line about a trace (format/traces §2), read strictly and in one pass.
 *
 * Taken is what the page describes and nothing else: its keys in its order, its words, no spaces,
 * no sign or leading zero where a count is meant, strict UTF-8, no key twice. So whatever is taken
 * is JSON that every other reader understands in the same way. A time is a day of the calendar and
 * a second of it. Any bytes are safe.
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
    bool has_offset; /* its first range has a place, which is this one */
    uint64_t offset;
    uint8_t sha256[TRACE_LINE_HASH_BYTES];
    uint8_t content_key[TRACE_LINE_ID_BYTES];
    const char *times; /* of the line itself: for trace_line_time(); NULL: it has none */
    size_t times_bytes;
    const char *attributes; /* likewise: for trace_line_attribute(); NULL: it has none */
    size_t attributes_bytes;
};

/* The words of `kind`, `state` (but for that of what is in use, which no line has), an error's
 * `reason`, and `not_hashed`, in order of the format page; each ends with NULL. Whoever counts by
 * them has a place for what is none of them, so that a later word is not lost there. */
extern const char *const trace_line_kinds[],
    *const trace_line_states[], *const trace_line_reasons[], *const trace_line_not_hashed[];

/* The line without its line feed. `texts` has room for size_bytes, for no text is longer than what
 * says it. False: it is no such line, and *ret is of no use. */
bool trace_line_read(const void *line, size_t size_bytes, char *texts, struct trace_line *ret);

/* One of its times (format/traces §2.4). */
struct trace_time {
    const char *what; /* a word that always stays */
    bool local;       /* of a zone that nothing says; otherwise UTC */
    bool beyond;      /* outside of the years 0 to 9999 */
    int64_t seconds;  /* since 1970, by the clock that it is of */
    uint32_t nanoseconds;
    uint64_t resolution_ns;
    const char *text; /* as the line has it, without its Z; no NUL behind it; NULL: beyond */
    size_t text_bytes;
    const char *source; /* of `texts` */
};

/* The words of `what`, in order of the format page; ends with NULL. */
extern const char *const trace_time_whats[];

/* The next time, and *at moves behind it; begins with *at 0. The line is one that was taken, and
 * still there. `texts` has room for l->times_bytes, and keeps the sources of all of them. False:
 * there are no more. */
bool trace_line_time(const struct trace_line *l, size_t *at, char *texts, struct trace_time *ret);

struct trace_attribute {
    const char *key; /* of the line itself; no NUL behind it */
    size_t key_bytes;
    const char *value; /* of `texts` */
};
/* The next attribute, in the same way; `texts` has room for l->attributes_bytes. */
bool trace_line_attribute(const struct trace_line *l, size_t *at, char *texts,
                          struct trace_attribute *ret);

enum { TRACE_TIME_TEXT_BYTES = 32 }; /* "2026-01-02T03:04:05.678901234" and room */
/* Seconds since 1970 as date and time, with so many digits (0 to 9) of a fraction. False: outside
 * of the years 0 to 9999. */
bool trace_time_text(int64_t seconds, uint32_t nanoseconds, unsigned digits,
                     char to[static TRACE_TIME_TEXT_BYTES]);
/* The other way round: "2026-01-02", or with "T03:04", seconds and a fraction; *ret_bytes are what
 * was read of it. False: it does not begin with a time. */
bool trace_time_parse(const char *text, size_t size_bytes, int64_t *ret_seconds,
                      uint32_t *ret_nanoseconds, size_t *ret_bytes);

#endif
