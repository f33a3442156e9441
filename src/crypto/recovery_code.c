/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/recovery_code.h"

#include "crypto/secret.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { NOT_A_DIGIT = -1, DATA_CHARS = RECOVERY_CODE_GROUP_CHARS - 1 };

/* format/recovery §2: GF(32) modulo x^5 + x^2 + 1. */
static unsigned times_x(unsigned v) {
    return ((v << 1) ^ ((v >> 4) * 0x25)) & 31;
}

static unsigned check_digit(const uint8_t data[static DATA_CHARS], unsigned group) {
    unsigned sum = 0;
    for (unsigned i = DATA_CHARS; i-- > 0;) /* Horner, from the highest power down */
        sum = times_x(sum ^ data[i]);
    return sum ^ group;
}

static void print_groups(struct recovery_code *c) {
    char *to = c->printed;
    for (size_t i = 0; i < RECOVERY_CODE_CHARS; i++) {
        if (i > 0 && i % RECOVERY_CODE_GROUP_CHARS == 0)
            *to++ = '-';
        *to++ = c->text[i];
    }
    *to = '\0';
    c->text[RECOVERY_CODE_CHARS] = '\0';
}

ex_code recovery_code_make(const uint8_t secret[static RECOVERY_CODE_SECRET_BYTES],
                           struct recovery_code **ret, struct ex_error *err) {
    struct recovery_code *c;
    EX_TRY(secret_alloc(sizeof *c, "a recovery code", &c, err));
    for (unsigned g = 0; g < RECOVERY_CODE_GROUPS; g++) {
        uint8_t data[DATA_CHARS];
        char *group = c->text + g * RECOVERY_CODE_GROUP_CHARS;
        for (unsigned i = 0; i < DATA_CHARS; i++) {
            unsigned bit = (g * DATA_CHARS + i) * 5;
            unsigned next = bit / 8 + 1 < RECOVERY_CODE_SECRET_BYTES ? secret[bit / 8 + 1] : 0;
            unsigned window = (unsigned)secret[bit / 8] << 8 | next;
            data[i] = (uint8_t)((window >> (11 - bit % 8)) & 31);
            group[i] = DIGITS[data[i]];
        }
        group[DATA_CHARS] = DIGITS[check_digit(data, g)];
        sodium_memzero(data, sizeof data);
    }
    print_groups(c);
    *ret = c;
    return EX_OK;
}

ex_code recovery_code_generate(struct recovery_code **ret, struct ex_error *err) {
    uint8_t *secret;
    EX_TRY(secret_alloc(RECOVERY_CODE_SECRET_BYTES, "a recovery code", &secret, err));
    randombytes_buf(secret, RECOVERY_CODE_SECRET_BYTES);
    ex_code code = recovery_code_make(secret, ret, err);
    sodium_free(secret);
    return code;
}

void recovery_code_free(struct recovery_code *c) {
    sodium_free(c);
}

/* ---- reading ---- */

static int digit_value(char c) {
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *at = c != '\0' ? strchr(DIGITS, c) : NULL;
    return at != NULL ? (int)(at - DIGITS) : NOT_A_DIGIT;
}

static bool separates(char c) {
    return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n';
}

static ex_code wrong_group(size_t group, const char *why, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_FORMAT, "group %zu of the recovery code %s", group + 1, why),
                   err, "compare it with the sheet, character by character");
}

/* The digits of what was typed, as values. *ret_count counts on beyond the end. */
static ex_code take_digits(const char *typed, size_t size_bytes,
                           uint8_t ret[static RECOVERY_CODE_CHARS], size_t *ret_count,
                           struct ex_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        if (separates(typed[i]))
            continue;
        int v = digit_value(typed[i]);
        if (v == NOT_A_DIGIT && count >= RECOVERY_CODE_CHARS)
            return ex_fail(err, EX_FORMAT, "something that is no code follows the recovery code");
        if (v == NOT_A_DIGIT)
            return wrong_group(count / RECOVERY_CODE_GROUP_CHARS,
                               "has a character that no code has", err);
        if (count < RECOVERY_CODE_CHARS)
            ret[count] = (uint8_t)v;
        count++;
    }
    *ret_count = count;
    return EX_OK;
}

/* The first group, of those that are whole, whose check digit does not fit; their number when all
 * fit. */
static size_t first_wrong(const uint8_t *digit, size_t count) {
    size_t groups = count / RECOVERY_CODE_GROUP_CHARS;
    for (size_t g = 0; g < groups; g++) {
        const uint8_t *data = digit + g * RECOVERY_CODE_GROUP_CHARS;
        if (check_digit(data, (unsigned)g) != data[DATA_CHARS])
            return g;
    }
    return groups;
}

/* A character too few or too many makes its own group wrong and every one behind it. */
static ex_code check_digits(const uint8_t *digit, size_t count, struct ex_error *err) {
    size_t stored = count < RECOVERY_CODE_CHARS ? count : RECOVERY_CODE_CHARS;
    size_t wrong = first_wrong(digit, stored);
    if (count == RECOVERY_CODE_CHARS)
        return wrong == RECOVERY_CODE_GROUPS ? EX_OK : wrong_group(wrong, "is wrong", err);
    (void)ex_fail(err, EX_FORMAT, "the recovery code has %zu characters, not %d", count,
                  RECOVERY_CODE_CHARS);
    if (wrong < RECOVERY_CODE_GROUPS)
        return ex_hint(EX_FORMAT, err, "look at group %zu first", wrong + 1);
    return ex_hint(EX_FORMAT, err, "it has eight groups of five");
}

ex_code recovery_code_parse(const char *typed, size_t size_bytes, struct recovery_code **ret,
                            struct ex_error *err) {
    uint8_t *digit;
    size_t count = 0;
    EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
    EX_TRY(secret_alloc(sizeof *c, "a recovery code", &c, err));
    EX_TRY(secret_alloc(RECOVERY_CODE_CHARS, "a recovery code", &digit, err));
    ex_code code = take_digits(typed, size_bytes, digit, &count, err);
    if (code == EX_OK)
        code = check_digits(digit, count, err);
    for (size_t i = 0; code == EX_OK && i < RECOVERY_CODE_CHARS; i++)
        c->text[i] = DIGITS[digit[i]];
    sodium_free(digit);
    EX_TRY(code);
    print_groups(c);
    *ret = ex_steal(&c);
    return EX_OK;
}
