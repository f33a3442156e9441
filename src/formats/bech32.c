/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bech32.h"

#include <string.h>

static const char DIGITS[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
enum { NOT_A_DIGIT = 32, VALUE_BITS = 5 };

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static char lower(char c) {
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static uint8_t digit_value(char c) {
    const char *at = memchr(DIGITS, lower(c), sizeof DIGITS - 1);
    return at != NULL ? (uint8_t)(at - DIGITS) : NOT_A_DIGIT;
}

/* BIP 173, "Checksum": the remainder goes on by one value. */
static uint32_t checksum_add(uint32_t sum, uint8_t value) {
    static const uint32_t generator[VALUE_BITS] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                   0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << VALUE_BITS ^ value;
    for (unsigned i = 0; i < VALUE_BITS; i++)
        if ((top >> i & 1) != 0)
            sum ^= generator[i];
    return sum;
}

static uint32_t checksum_prefix(const char *prefix, size_t size_bytes) {
    uint32_t sum = 1;
    for (size_t i = 0; i < size_bytes; i++)
        sum = checksum_add(sum, (uint8_t)((uint8_t)lower(prefix[i]) >> VALUE_BITS));
    sum = checksum_add(sum, 0);
    for (size_t i = 0; i < size_bytes; i++)
        sum = checksum_add(sum, (uint8_t)lower(prefix[i]) & 31);
    return sum;
}

/* ---- reading ---- */

static ex_code check_characters(const char *text, size_t size_bytes, struct ex_error *err) {
    bool upper_seen = false, lower_seen = false;
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return ex_fail(err, EX_FORMAT, "character %zu of a key is none that keys have", i + 1);
        upper_seen = upper_seen || is_upper(text[i]);
        lower_seen = lower_seen || is_lower(text[i]);
    }
    if (upper_seen && lower_seen)
        return ex_fail(err, EX_FORMAT, "a key mixes small and capital letters");
    return EX_OK;
}

/* The prefix ends before the last 1: no digit is a 1. */
static size_t find_prefix(const char *text, size_t size_bytes) {
    for (size_t i = size_bytes; i-- > 0;)
        if (text[i] == '1')
            return i;
    return 0;
}

ex_code bech32_open(const char *text, size_t size_bytes, struct bech32 *ret, struct ex_error *err) {
    if (size_bytes > BECH32_TEXT_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "a key is longer than %d characters", BECH32_TEXT_BYTES_MAX);
    EX_TRY(check_characters(text, size_bytes, err));
    size_t prefix = find_prefix(text, size_bytes);
    if (prefix == 0 || size_bytes - prefix - 1 < BECH32_CHECKSUM_CHARS)
        return ex_fail(err, EX_FORMAT, "this is no key: it is too short, or has no prefix");
    uint32_t sum = checksum_prefix(text, prefix);
    for (size_t i = prefix + 1; i < size_bytes; i++) {
        uint8_t value = digit_value(text[i]);
        if (value == NOT_A_DIGIT)
            return ex_fail(err, EX_FORMAT, "character %zu of a key is none that keys have", i + 1);
        sum = checksum_add(sum, value);
    }
    if (sum != 1)
        return ex_hint(ex_fail(err, EX_FORMAT, "the checksum of a key does not fit"), err,
                       "it was mistyped or cut off: copy it again, whole");
    *ret = (struct bech32){text, prefix, size_bytes - prefix - 1 - BECH32_CHECKSUM_CHARS};
    return EX_OK;
}

bool bech32_has_prefix(const struct bech32 *b, const char *prefix) {
    return strlen(prefix) == b->prefix_bytes && memcmp(prefix, b->text, b->prefix_bytes) == 0;
}

ex_code bech32_take(const struct bech32 *b, uint8_t *to, size_t size_bytes, struct ex_error *err) {
    const char *digit = b->text + b->prefix_bytes + 1;
    unsigned bits = 0, window = 0;
    if (b->value_count * VALUE_BITS / 8 != size_bytes ||
        b->value_count * VALUE_BITS % 8 >= VALUE_BITS)
        return ex_fail(err, EX_FORMAT, "a key has not %zu bytes", size_bytes);
    for (size_t i = 0; i < b->value_count; i++) {
        window = (window << VALUE_BITS | digit_value(digit[i])) & 0xfff;
        bits += VALUE_BITS;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (uint8_t)(window >> bits);
        }
    }
    if ((window & ((1U << bits) - 1)) != 0)
        return ex_fail(err, EX_FORMAT,
                       "a key is not written as keys are: its last bits are not zero");
    return EX_OK;
}

/* ---- writing ---- */

static size_t value_count(size_t size_bytes) {
    return (size_bytes * 8 + VALUE_BITS - 1) / VALUE_BITS;
}

size_t bech32_chars(const char *prefix, size_t size_bytes) {
    return strlen(prefix) + 1 + value_count(size_bytes) + BECH32_CHECKSUM_CHARS;
}

/* Five bits from bit 5 * i on; zeros behind the end. */
static uint8_t value_at(const uint8_t *data, size_t size_bytes, size_t i) {
    size_t bit = i * VALUE_BITS;
    unsigned next = bit / 8 + 1 < size_bytes ? data[bit / 8 + 1] : 0;
    unsigned window = (unsigned)data[bit / 8] << 8 | next;
    return (uint8_t)(window >> (11 - bit % 8) & 31);
}

void bech32_print(const char *prefix, const uint8_t *data, size_t size_bytes, char *to) {
    size_t prefix_bytes = strlen(prefix), values = value_count(size_bytes);
    bool upper = false;
    uint32_t sum = checksum_prefix(prefix, prefix_bytes);
    for (size_t i = 0; i < prefix_bytes; i++)
        upper = upper || is_upper(prefix[i]);
    memcpy(to, prefix, prefix_bytes);
    to[prefix_bytes] = '1';
    char *at = to + prefix_bytes + 1;
    for (size_t i = 0; i < values; i++) {
        uint8_t value = value_at(data, size_bytes, i);
        sum = checksum_add(sum, value);
        *at++ = DIGITS[value];
    }
    for (unsigned i = 0; i < BECH32_CHECKSUM_CHARS; i++)
        sum = checksum_add(sum, 0);
    for (unsigned i = BECH32_CHECKSUM_CHARS; i-- > 0;)
        *at++ = DIGITS[(sum ^ 1) >> (VALUE_BITS * i) & 31];
    *at = '\0';
    for (char *c = to; upper && *c != '\0'; c++)
        *c = is_lower(*c) ? (char)(*c - 'a' + 'A') : *c;
}
