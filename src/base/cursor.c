/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include <sodium.h>
#include <string.h>

const uint8_t *ex_cursor_bytes(struct ex_cursor *c, size_t size_bytes) {
    if (c->overrun || size_bytes > ex_cursor_left(c)) {
        c->overrun = true;
        c->pos = c->size;
        return NULL;
    }
    const uint8_t *p = c->data + c->pos;
    c->pos += size_bytes;
    return p;
}

void ex_cursor_copy(struct ex_cursor *c, void *to, size_t size_bytes) {
    const uint8_t *p = ex_cursor_bytes(c, size_bytes);
    if (size_bytes == 0)
        return;
    if (p != NULL)
        memcpy(to, p, size_bytes);
    else
        memset(to, 0, size_bytes);
}

static uint64_t little(struct ex_cursor *c, size_t size_bytes) {
    const uint8_t *p = ex_cursor_bytes(c, size_bytes);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < size_bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t ex_cursor_u8(struct ex_cursor *c) {
    return (uint8_t)little(c, 1);
}

uint16_t ex_cursor_le16(struct ex_cursor *c) {
    return (uint16_t)little(c, 2);
}

uint32_t ex_cursor_le32(struct ex_cursor *c) {
    return (uint32_t)little(c, 4);
}

uint64_t ex_cursor_le64(struct ex_cursor *c) {
    return little(c, 8);
}

uint16_t ex_cursor_be16(struct ex_cursor *c) {
    uint16_t v = ex_cursor_le16(c);
    return (uint16_t)((v << 8) | (v >> 8));
}

uint32_t ex_cursor_be32(struct ex_cursor *c) {
    return __builtin_bswap32(ex_cursor_le32(c));
}

const char *ex_cursor_line(struct ex_cursor *c, size_t *ret_size) {
    const uint8_t *start = c->data + c->pos;
    const uint8_t *lf = ex_cursor_left(c) > 0 ? memchr(start, '\n', ex_cursor_left(c)) : NULL;
    if (lf == NULL) {
        c->overrun = true;
        c->pos = c->size;
        *ret_size = 0;
        return NULL;
    }
    *ret_size = (size_t)(lf - start);
    c->pos += *ret_size + 1;
    return (const char *)start;
}

const char *ex_cursor_text_line(struct ex_cursor *c, size_t *ret_size) {
    size_t left = ex_cursor_left(c);
    if (left == 0)
        return NULL;
    const char *from = (const char *)c->data + c->pos, *feed = memchr(from, '\n', left);
    *ret_size = feed == NULL ? left : (size_t)(feed - from);
    c->pos += *ret_size + (feed == NULL ? 0 : 1);
    return from;
}

const char *ex_cursor_keyed(struct ex_cursor *c, const char *key, size_t *ret_size) {
    struct ex_cursor ahead = *c;
    size_t size;
    const char *line = ex_cursor_line(&ahead, &size);
    size_t key_size = strlen(key);
    if (line == NULL || size <= key_size || memcmp(line, key, key_size) != 0 ||
        line[key_size] != ' ')
        return NULL;
    *c = ahead;
    *ret_size = size - key_size - 1;
    return line + key_size + 1;
}

ex_code ex_cursor_check(const struct ex_cursor *c, const char *what, struct ex_error *err) {
    if (c->overrun)
        return ex_fail(err, EX_FORMAT, "%s ends early", what);
    return EX_OK;
}

ex_code ex_cursor_end(const struct ex_cursor *c, const char *what, struct ex_error *err) {
    EX_TRY(ex_cursor_check(c, what, err));
    if (ex_cursor_left(c) > 0)
        return ex_fail(err, EX_FORMAT, "%s has %zu bytes after its end", what, ex_cursor_left(c));
    return EX_OK;
}

bool ex_parse_decimal(const char *text, size_t size, uint64_t *ret) {
    uint64_t v = 0;
    if (size == 0 || (size > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
            return false;
    }
    *ret = v;
    return true;
}

static int hex_digit(char ch) {
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return -1;
}

bool ex_parse_hex(const char *text, size_t size, uint8_t *to, size_t size_bytes) {
    if (size != 2 * size_bytes)
        return false;
    for (size_t i = 0; i < size_bytes; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool ex_parse_base64(const char *text, size_t size, uint8_t *to, size_t size_bytes) {
    size_t got = 0;
    if (size != (size_bytes + 2) / 3 * 4)
        return false;
    /* libsodium refuses non-zero trailing bits and wrong padding, but 1.0.18 takes any byte over
     * 0x7f for a '/': without this one signature would have many spellings. */
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] > 0x7f)
            return false;
    return sodium_base642bin(to, size_bytes, text, size, NULL, &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           got == size_bytes;
}

char *ex_hex(char *to, const uint8_t *data, size_t size_bytes) {
    return sodium_bin2hex(to, 2 * size_bytes + 1, data, size_bytes);
}
