/* SPDX-License-Identifier: Apache-2.0 */
/* What takes one thing at the cursor of a line, for trace_line.c and trace_time.c. */
#ifndef EXHIBIT_FORMATS_TRACE_LINE_INTERNAL_H
#define EXHIBIT_FORMATS_TRACE_LINE_INTERNAL_H

#include "base/cursor.h"
#include "formats/trace_line.h"

#include <string.h>

enum { TRACE_WORD_BYTES_MAX = 32 };

struct reading {
    struct ex_cursor c;
    char *texts; /* as many bytes as the line; never more used than were passed over */
    size_t used;
};

struct span {
    const char *text;
    size_t size_bytes;
};

static inline bool is_digit(uint8_t ch) {
    return ch >= '0' && ch <= '9';
}

bool trace_take_bytes(struct reading *r, const char *what, size_t size);
#define TAKE(r, what) trace_take_bytes((r), (what), sizeof(what) - 1)
bool trace_take_number(struct reading *r, uint64_t *ret);
/* Of ASCII without anything that has to be escaped, at most `most` bytes. */
bool trace_take_span(struct reading *r, size_t most, struct span *ret);
/* One of a list that ends with NULL. */
bool trace_take_word(struct reading *r, const char *const *words, const char **ret);
/* Any text, as what it says, with a NUL behind it. */
bool trace_take_text(struct reading *r, const char **ret);

/* format/traces §2.4; in trace_time.c. */
bool trace_take_time(struct reading *r, struct trace_time *ret);

#endif
