/* SPDX-License-Identifier: Apache-2.0 */
/* A document under construction, in memory from sodium_malloc() because it may hold a secret. What
 * does not fit is remembered; ask once at the end. */
#ifndef EXHIBIT_REPORT_PAGE_INTERNAL_H
#define EXHIBIT_REPORT_PAGE_INTERNAL_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>

enum page_kind { PAGE_TEXT, PAGE_HTML };

struct page {
    enum page_kind kind;
    char *data; /* sodium_malloc */
    size_t size, capacity;
    bool full;
};

EX_MUST_USE ex_code page_init(struct page *p, enum page_kind kind, size_t capacity,
                              struct ex_error *err);
void page_clear(struct page *p); /* wipes */

/* Words of ours, as they are. */
void page_put(struct page *p, const char *text);
void page_put_format(struct page *p, const char *format, ...) EX_PRINTF(2, 3);
/* Words of somebody: marks of HTML are escaped, and bytes that are not UTF-8, control characters,
 * overrides of the writing direction and what cannot be seen become U+FFFD. In HTML the rest is
 * kept in its own direction. */
void page_put_words(struct page *p, const char *text);
/* Words of ours that may hold < or &, escaped for this kind of page. */
void page_put_plain(struct page *p, const char *text);

/* *ret is for seal_secret_free(), ends with a NUL that is not counted. EX_LIMIT when it did not
 * fit. */
EX_MUST_USE ex_code page_take(struct page *p, char **ret, size_t *ret_bytes, struct ex_error *err);

/* ---- qr.c ---- */

enum { QR_QUIET_MODULES = 4 }; /* white around a code, as ISO/IEC 18004 wants it */

/* The text as a QR code, an SVG element. Level Q: a quarter of it may be soiled. */
EX_MUST_USE ex_code qr_put_svg(struct page *p, const char *text, const char *label,
                               struct ex_error *err);
/* The same for another way of drawing: dark runs of a row, in modules from the upper left corner of
 * the code itself; *ret_side, set before the first run, is its side without the white around it. */
EX_MUST_USE ex_code qr_each_run(const char *text,
                                void (*fn)(void *context, int x, int y, int width), void *context,
                                int *ret_side, struct ex_error *err);

#endif
