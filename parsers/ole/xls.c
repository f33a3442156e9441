/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of Excel 5 to 2003, sheet by sheet: the records of [MS-XLS] §2.3 and §2.4. */
#include "parsers/ole/xls_internal.h"

#include <math.h>

static const struct cfb_entry *book(const struct cfb *c) {
    const struct cfb_entry *e = cfb_find(c, 0, "Workbook");
    e = e != NULL && e->type == CFB_STREAM ? e : cfb_find(c, 0, "Book");
    return e != NULL && e->type == CFB_STREAM ? e : NULL;
}

/* ---- records: §2.1.4 ---- */

bool xls_next(struct xls *x, struct ex_cursor *ret, unsigned *ret_type) {
    struct ex_cursor *c = &x->at;
    if (ex_cursor_left(c) < 4)
        return false;
    *ret_type = ex_cursor_le16(c);
    size_t bytes = ex_cursor_le16(c);
    const uint8_t *body = ex_cursor_bytes(c, bytes);
    if (body == NULL) {
        x->damaged = true;
        return false;
    }
    *ret = ex_cursor_make(body, bytes);
    return true;
}

ex_code xls_encrypted(const struct cfb *c, bool *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t bytes;
    struct xls x = {.damaged = false};
    struct ex_cursor body;
    unsigned type;
    *ret = false;
    EX_TRY(cfb_load(c, book(c), &data, &bytes, &x.cut, err));
    x.at = ex_cursor_make(data, bytes);
    for (bool more = true; more && xls_next(&x, &body, &type) && !*ret;) {
        *ret = type == XLS_FILE_PASS;
        more = type != XLS_EOF;
    }
    return EX_OK;
}

/* ---- cells ---- */

/* Rows become lines, and columns are kept apart by tabs, empty ones not. */
static ex_code begin_cell(struct xls *x, unsigned row, struct ex_error *err) {
    bool same = x->in_row && x->row == row;
    if (x->in_row)
        EX_TRY(ole_text_add(x->to, same ? "\t" : "\n", 1, err));
    x->in_row = true;
    x->row = row;
    return EX_OK;
}

static ex_code end_row(struct xls *x, struct ex_error *err) {
    bool open = x->in_row;
    x->in_row = false;
    return open ? ole_text_add(x->to, "\n", 1, err) : EX_OK;
}

static ex_code add_number(struct xls *x, unsigned row, double value, struct ex_error *err) {
    char text[40];
    EX_TRY(begin_cell(x, row, err));
    if (!isfinite(value))
        return EX_OK;
    int n = snprintf(text, sizeof text, "%.15g", value);
    return ole_text_add(x->to, text, (size_t)n, err);
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* §2.5.122 */
static double rk_of(uint32_t rk) {
    double value =
        (rk & 2) != 0 ? (double)((int32_t)rk >> 2) : double_of((uint64_t)(rk & 0xFFFFFFFCU) << 32);
    return (rk & 1) != 0 ? value / 100 : value;
}

static ex_code take_numbers(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    unsigned row = ex_cursor_le16(c);
    (void)ex_cursor_le16(c);
    while (ex_cursor_left(c) >= 8) { /* the last column stands behind them */
        (void)ex_cursor_le16(c);
        EX_TRY(add_number(x, row, rk_of(ex_cursor_le32(c)), err));
    }
    return EX_OK;
}

static ex_code take_shared(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    unsigned row = ex_cursor_le16(c);
    (void)ex_cursor_le32(c);
    uint32_t index = ex_cursor_le32(c);
    EX_TRY(begin_cell(x, row, err));
    if (c->overrun || index >= x->string_count) {
        x->damaged = true;
        return EX_OK;
    }
    const struct xls_string *s = &x->string[index];
    return ole_text_add(x->to, x->text + s->at, s->bytes, err);
}

static ex_code take_label(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    unsigned row = ex_cursor_le16(c);
    (void)ex_cursor_le32(c);
    EX_TRY(begin_cell(x, row, err));
    return xls_add_string(x, c, 2, err);
}

/* §2.4.127: the result that was computed last. A text follows in a record of its own. */
static ex_code take_formula(struct xls *x, struct ex_cursor *c, struct ex_error *err) {
    unsigned row = ex_cursor_le16(c);
    (void)ex_cursor_le32(c);
    uint64_t value = ex_cursor_le64(c);
    x->formula_row = row;
    if (value >> 48 != 0xFFFF)
        return add_number(x, row, double_of(value), err);
    if ((value & 0xFF) == 1)
        return add_number(x, row, (double)(value >> 16 & 1), err);
    return EX_OK;
}

static ex_code take_cell(struct xls *x, unsigned type, struct ex_cursor *c, struct ex_error *err) {
    unsigned row;
    switch (type) {
    case XLS_LABEL_SST:
        return take_shared(x, c, err);
    case XLS_LABEL:
    case XLS_RSTRING:
        return take_label(x, c, err);
    case XLS_NUMBER:
        row = ex_cursor_le16(c);
        (void)ex_cursor_le32(c);
        return add_number(x, row, double_of(ex_cursor_le64(c)), err);
    case XLS_RK:
        row = ex_cursor_le16(c);
        (void)ex_cursor_le32(c);
        return add_number(x, row, rk_of(ex_cursor_le32(c)), err);
    case XLS_MUL_RK:
        return take_numbers(x, c, err);
    case XLS_FORMULA:
        return take_formula(x, c, err);
    case XLS_STRING:
        EX_TRY(begin_cell(x, x->formula_row, err));
        return xls_add_string(x, c, 2, err);
    default:
        return EX_OK;
    }
}

/* ---- the whole of it ---- */

static ex_code take_record(struct xls *x, unsigned type, struct ex_cursor *c,
                           struct ex_error *err) {
    switch (type) {
    case XLS_BOF:
        x->old = ex_cursor_le16(c) < 0x600;
        EX_TRY(end_row(x, err));
        return x->depth++ == 0 && x->sheet > 0 && x->sheet <= x->name_count
                   ? xls_add_name(x, x->sheet - 1, err)
                   : EX_OK;
    case XLS_EOF:
        x->depth -= x->depth > 0;
        x->sheet += x->depth == 0;
        return end_row(x, err);
    case XLS_CODE_PAGE: {
        const struct charset *set = charset_of_code_page(ex_cursor_le16(c));
        x->charset = set != NULL ? set : x->charset;
        return EX_OK;
    }
    case XLS_BOUND_SHEET:
        return xls_keep_name(x, c, err);
    case XLS_SST:
        return xls_read_strings(x, c, err);
    default:
        return take_cell(x, type, c, err);
    }
}

static ex_code read_book(struct xls *x, struct ex_error *err) {
    struct ex_cursor body;
    unsigned type;
    while (x->to->wanted && xls_next(x, &body, &type)) {
        EX_TRY(take_record(x, type, &body, err));
        x->damaged = x->damaged || body.overrun;
    }
    return end_row(x, err);
}

ex_code xls_text(const struct cfb *c, struct ole_text *to, struct ex_error *why,
                 struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t bytes;
    struct xls x = {.to = to, .charset = charset_of_code_page(1252)};
    EX_TRY(cfb_load(c, book(c), &data, &bytes, &x.cut, err));
    x.at = ex_cursor_make(data, bytes);
    ex_code code = read_book(&x, err);
    free(x.text);
    free(x.string);
    free(x.name);
    if (code == EX_OK && x.full)
        (void)ex_fail(why, EX_LIMIT, "more texts than are kept of one workbook");
    else if (code == EX_OK && (x.damaged || x.cut))
        (void)ex_fail(why, x.damaged ? EX_FORMAT : EX_LIMIT, "its records do not hold together");
    return code;
}
