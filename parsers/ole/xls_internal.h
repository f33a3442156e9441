/* SPDX-License-Identifier: Apache-2.0 */
/* A workbook: xls.c goes through its records, xls_strings.c reads its texts. */
#ifndef EXHIBIT_PARSERS_OLE_XLS_INTERNAL_H
#define EXHIBIT_PARSERS_OLE_XLS_INTERNAL_H

#include "parsers/ole/ole_internal.h"

enum { /* [MS-XLS] §2.3.1 */
       XLS_FORMULA = 0x06,
       XLS_EOF = 0x0A,
       XLS_FILE_PASS = 0x2F,
       XLS_CONTINUE = 0x3C,
       XLS_CODE_PAGE = 0x42,
       XLS_BOUND_SHEET = 0x85,
       XLS_MUL_RK = 0xBD,
       XLS_RSTRING = 0xD6,
       XLS_SST = 0xFC,
       XLS_LABEL_SST = 0xFD,
       XLS_NUMBER = 0x203,
       XLS_LABEL = 0x204,
       XLS_STRING = 0x207,
       XLS_RK = 0x27E,
       XLS_BOF = 0x809,
       XLS_TEXT_BYTES_MAX = 128 << 20,
       XLS_STRINGS_MAX = 4 << 20,
       XLS_NAMES_MAX = 4096
};

struct xls_string {
    size_t at, bytes; /* in the text */
};

struct xls {
    struct ole_text *to;
    struct ex_cursor at;           /* of the records */
    const struct charset *charset; /* of BIFF5 */
    bool old;                      /* BIFF5 */
    bool damaged, cut, full;
    unsigned depth;
    size_t sheet; /* 0: what is of all sheets */
    bool in_row;
    unsigned row, formula_row;
    uint8_t *text; /* UTF-8 of all shared texts and names */
    size_t text_bytes, text_capacity;
    struct xls_string *string, *name;
    size_t string_count, string_capacity, name_count, name_capacity;
};

/* The next record's body; false: there is none. */
bool xls_next(struct xls *x, struct ex_cursor *ret, unsigned *ret_type);
/* A text of a record, told: its length has so many bytes. */
EX_MUST_USE ex_code xls_add_string(struct xls *x, struct ex_cursor *c, unsigned length_bytes,
                                   struct ex_error *err);
EX_MUST_USE ex_code xls_keep_name(struct xls *x, struct ex_cursor *c, struct ex_error *err);
EX_MUST_USE ex_code xls_add_name(struct xls *x, size_t index, struct ex_error *err);
/* The shared texts, and the records that they go on in. */
EX_MUST_USE ex_code xls_read_strings(struct xls *x, struct ex_cursor *c, struct ex_error *err);

#endif
