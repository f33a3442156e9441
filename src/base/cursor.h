/* SPDX-License-Identifier: Apache-2.0 */
/* The only way to read bytes that we did not make ourselves a moment ago.
 *
 * A cursor walks over a byte range that it does not own. A read past the end gives zero (or NULL),
 * moves to the end and is remembered; parse a whole structure, then ask once with
 * ex_cursor_check() or ex_cursor_end(). Nothing here allocates or can read outside the range.
 */
#ifndef EXHIBIT_BASE_CURSOR_H
#define EXHIBIT_BASE_CURSOR_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ex_cursor {
    const uint8_t *data;
    size_t size;
    size_t pos;
    bool overrun;
};

static inline struct ex_cursor ex_cursor_make(const void *data, size_t size_bytes) {
    return (struct ex_cursor){.data = (const uint8_t *)data, .size = size_bytes};
}

static inline size_t ex_cursor_left(const struct ex_cursor *c) {
    return c->size - c->pos;
}

/* The next `size_bytes` bytes, inside the range; NULL when there are fewer. */
const uint8_t *ex_cursor_bytes(struct ex_cursor *c, size_t size_bytes);

/* Copies the next bytes, or zeroes. */
void ex_cursor_copy(struct ex_cursor *c, void *to, size_t size_bytes);

uint8_t ex_cursor_u8(struct ex_cursor *c);
uint16_t ex_cursor_le16(struct ex_cursor *c);
uint32_t ex_cursor_le32(struct ex_cursor *c);
uint64_t ex_cursor_le64(struct ex_cursor *c);
uint16_t ex_cursor_be16(struct ex_cursor *c);
uint32_t ex_cursor_be32(struct ex_cursor *c);

/* The next line without its LF, as a range inside the data (not terminated). NULL, and an overrun,
 * when there is no LF ahead. */
const char *ex_cursor_line(struct ex_cursor *c, size_t *ret_size);

/* The same, where what stands behind the last LF is a line, too. NULL: nothing is left. */
const char *ex_cursor_text_line(struct ex_cursor *c, size_t *ret_size);

/* If the next line is "key value": eats it and gives the value. NULL, nothing eaten, otherwise. */
const char *ex_cursor_keyed(struct ex_cursor *c, const char *key, size_t *ret_size);

/* EX_FORMAT with "`what` ends early" after an overrun; _end also refuses bytes that are left. */
EX_MUST_USE ex_code ex_cursor_check(const struct ex_cursor *c, const char *what,
                                    struct ex_error *err);
EX_MUST_USE ex_code ex_cursor_end(const struct ex_cursor *c, const char *what,
                                  struct ex_error *err);

/* Strict text: a decimal without sign or leading zero; lower-case hex of exactly size_bytes;
 * canonical padded base64 of exactly size_bytes. False, and *ret untouched or zero, when it is
 * anything else. */
bool ex_parse_decimal(const char *text, size_t size, uint64_t *ret);
bool ex_parse_hex(const char *text, size_t size, uint8_t *to, size_t size_bytes);
bool ex_parse_base64(const char *text, size_t size, uint8_t *to, size_t size_bytes);

/* Writes 2 * size_bytes lower-case digits and a NUL; returns `to`. */
char *ex_hex(char *to, const uint8_t *data, size_t size_bytes);

#endif
