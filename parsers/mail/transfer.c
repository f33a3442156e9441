/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings of parts: RFC 2045 §6.7 and §6.8. What breaks their rules is counted. */
#include "parsers/mail/mail_internal.h"

/* ---- base64 ---- */

static int digit_of(uint8_t c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The bytes of a group that padding ends. */
static size_t end_group(struct decoding *d, uint8_t *to) {
    unsigned digits = d->digits;
    if (digits < 2)
        return 0;
    d->digits = 0;
    to[0] = (uint8_t)(d->bits >> (digits == 2 ? 4 : 10));
    if (digits == 3)
        to[1] = (uint8_t)(d->bits >> 2);
    return digits - 1;
}

static size_t take_base64(struct decoding *d, uint8_t c, uint8_t *to) {
    int digit = digit_of(c);
    if (is_space(c))
        return 0;
    if (c == '=' && !d->ended && d->digits >= 2) {
        d->ended = true;
        return end_group(d, to);
    }
    if (c == '=' && d->ended)
        return 0; /* the second one */
    if (digit < 0 || d->ended) {
        d->left_out++;
        return 0;
    }
    d->bits = d->bits << 6 | (uint32_t)digit;
    if (++d->digits < 4)
        return 0;
    d->digits = 0;
    to[0] = (uint8_t)(d->bits >> 16);
    to[1] = (uint8_t)(d->bits >> 8);
    to[2] = (uint8_t)d->bits;
    return 3;
}

/* ---- quoted-printable ---- */

static int hex_digit(uint8_t c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* What is held is none: it stands for itself. */
static size_t give_held(struct decoding *d, uint8_t *to) {
    size_t n = d->held_bytes;
    memcpy(to, d->held, n);
    d->held_bytes = 0;
    d->wrong++;
    return n;
}

static size_t take_quoted(struct decoding *d, uint8_t c, uint8_t *to) {
    if (d->held_bytes == 0 && c != '=') {
        to[0] = c;
        return 1;
    }
    if (d->held_bytes == 0) {
        d->held[d->held_bytes++] = c;
        return 0;
    }
    uint8_t second = d->held_bytes > 1 ? d->held[1] : 0;
    if (c == '\n' && (d->held_bytes == 1 || is_space(second))) { /* the line goes on */
        d->held_bytes = 0;
        return 0;
    }
    if (d->held_bytes == 2 && hex_digit(second) >= 0 && hex_digit(c) >= 0) {
        to[0] = (uint8_t)(hex_digit(second) << 4 | hex_digit(c));
        d->held_bytes = 0;
        return 1;
    }
    bool goes_on = d->held_bytes < sizeof d->held &&
                   ((d->held_bytes == 1 && (hex_digit(c) >= 0 || is_space(c))) ||
                    (d->held_bytes > 1 && is_space(second) && is_space(c)));
    if (goes_on) {
        d->held[d->held_bytes++] = c;
        return 0;
    }
    size_t n = give_held(d, to);
    return n + take_quoted(d, c, to + n);
}

/* ---- both ---- */

size_t transfer_decode(struct decoding *d, const uint8_t *from, size_t size_bytes, uint8_t *to) {
    size_t n = 0;
    if (d->transfer == TRANSFER_PLAIN || d->transfer == TRANSFER_UNKNOWN) {
        if (size_bytes > 0)
            memcpy(to, from, size_bytes);
        return size_bytes;
    }
    for (size_t i = 0; i < size_bytes; i++)
        n += d->transfer == TRANSFER_BASE64 ? take_base64(d, from[i], to + n)
                                            : take_quoted(d, from[i], to + n);
    return n;
}

size_t transfer_end(struct decoding *d, uint8_t *to) {
    if (d->transfer == TRANSFER_QUOTED && d->held_bytes > 0) {
        if (d->held_bytes > 1 && !is_space(d->held[1]))
            return give_held(d, to);
        d->held_bytes = 0; /* the last line goes on into nothing */
    }
    d->cut = d->digits > 0;
    return end_group(d, to);
}
