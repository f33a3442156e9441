/* SPDX-License-Identifier: Apache-2.0 */
/* A form as a row of blocks, which three writers put on text, HTML and paper. */
#ifndef EXHIBIT_REPORT_FORM_INTERNAL_H
#define EXHIBIT_REPORT_FORM_INTERNAL_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form_kind {
    FORM_TITLE,
    FORM_SUBTITLE,
    FORM_HEADING,
    FORM_TEXT,
    FORM_POINT, /* of a list */
    FORM_FACT,  /* has a name */
    FORM_BEGIN, /* text: what a group is about; FORM_END ends it */
    FORM_BEGIN_ALERT,
    FORM_END,
    FORM_MARK, /* text: for a QR code and in letters */
    FORM_LINE  /* text: what somebody shall write there by hand */
};

struct form_block {
    enum form_kind kind;
    char *name, *text; /* UTF-8; somebody's words have gone through form_words() */
};

enum { FORM_BYTES_MAX = 4 << 20 }; /* all text of a form */

struct form {
    struct form_block *block;
    size_t count, capacity;
    char **kept; /* what form_words() and form_keep() gave */
    size_t kept_count, kept_capacity;
    size_t bytes;
    const char *title, *footer; /* words of the form */
    const char *maker;          /* program and version */
    int64_t made_ns;
    ex_code failed; /* the first failure; told by form_check() */
};

void form_clear(struct form *f);
EX_MUST_USE ex_code form_check(const struct form *f, struct ex_error *err);

/* Somebody's words, fit to be shown between ours; the form's, never NULL. What is written from
 * right to left stands between U+2068 and U+2069, which nobody's words can hold themselves. */
const char *form_words(struct form *f, const char *text);
/* Keeps a text of the caller's (malloc) with the form; NULL, and too much: gives "". */
const char *form_keep(struct form *f, char *text);
/* The text is copied; name may be NULL. */
void form_add(struct form *f, enum form_kind kind, const char *name, const char *text);
void form_add_format(struct form *f, enum form_kind kind, const char *name, const char *format, ...)
    EX_PRINTF(4, 5);
/* Puts it in front of the block at `position`. */
void form_insert(struct form *f, size_t position, enum form_kind kind, const char *text);

/* A hash or an id, to be compared digit by digit? */
bool form_is_hex(const struct form_block *b);
/* The block that ends the group that begins at `begin`. */
size_t form_group_end(const struct form *f, size_t begin);

EX_MUST_USE ex_code form_write_text(const struct form *f, char **ret, size_t *ret_bytes,
                                    struct ex_error *err);
EX_MUST_USE ex_code form_write_html(const struct form *f, char **ret, size_t *ret_bytes,
                                    struct ex_error *err);
/* May add a block that says what could not be drawn. */
EX_MUST_USE ex_code form_write_pdf(struct form *f, char **ret, size_t *ret_bytes,
                                   struct ex_error *err);

#endif
