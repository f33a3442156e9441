/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one document on its way out: docs/documents.md, "The text". */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_TEXT_H
#define EXHIBIT_PARSERS_DOCUMENTS_TEXT_H

#include "base/mem.h"
#include "parsers/api.h"

enum {
    TEXT_BYTES_MAX = 256 << 20,      /* of one document */
    TEXT_PIECE_BYTES_MAX = 16 << 20, /* of one paragraph, or what is kept for the end */
    TEXT_HEADING_BYTES = 600,
    TEXT_BUFFER_BYTES = 64 << 10,
    TEXT_WRONGS_MAX = 16
};

/* Bytes that grow, up to a limit. */
struct piece {
    char *bytes;
    size_t size, capacity;
};
EX_MUST_USE ex_code piece_add(struct piece *p, const char *bytes, size_t size_bytes,
                              size_t limit_bytes, struct ex_error *err);
void piece_clear(struct piece *p);
/* A heading inside of a piece; text that has one is put with text_headed(). */
enum { PIECE_HEADING = 1 /* no document has this character in its text */ };

struct text {
    struct parser_run *run;
    bool wanted; /* somebody takes it */
    bool full;   /* TEXT_BYTES_MAX were put */
    uint64_t bytes;
    size_t used;
    char last; /* what was put last; 0: nothing */
    bool heading_waits;
    char heading[TEXT_HEADING_BYTES];
    size_t wrongs, wrongs_in_all;
    struct {
        char key[32];
        struct ex_error why;
    } wrong[TEXT_WRONGS_MAX];
    char buffer[TEXT_BUFFER_BYTES];
};
void text_start(struct text *t, struct parser_run *run);

/* UTF-8. Control characters but U+0009, U+000A and U+000B become spaces. */
EX_MUST_USE ex_code text_put(struct text *t, const char *bytes, size_t size_bytes,
                             struct ex_error *err);
/* The same and the end of a line. */
EX_MUST_USE ex_code text_line(struct text *t, const char *bytes, size_t size_bytes,
                              struct ex_error *err);
/* The same for text that is put later. */
void text_clean(char *bytes, size_t size_bytes);
/* What follows is this; written when something follows. At most TEXT_HEADING_BYTES, and what does
 * not fit is cut. */
void text_heading(struct text *t, const char *format, ...) EX_PRINTF(2, 3);
/* That heading, even if nothing follows. */
EX_MUST_USE ex_code text_mark(struct text *t, struct ex_error *err);
/* All of what is left, under this heading. */
EX_MUST_USE ex_code text_section(struct text *t, const char *heading, const struct piece *p,
                                 struct ex_error *err);

/* The same with the headings that are in it: lines that begin with PIECE_HEADING. */
EX_MUST_USE ex_code text_headed(struct text *t, const struct piece *p, struct ex_error *err);

/* Something could not be read: told at the end, for nothing can be told of a trace behind it. Of
 * the same key the first counts. */
void text_wrong(struct text *t, const char *key, ex_code code, const char *format, ...)
    EX_PRINTF(4, 5);
/* What is still here; then what was wrong, under `trace`. */
EX_MUST_USE ex_code text_end(struct text *t, uint32_t trace, struct ex_error *err);

#endif
