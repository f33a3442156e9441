/* SPDX-License-Identifier: Apache-2.0 */
/* Bech32 (BIP 173) as age uses it: of any length up to a named limit, and in one case throughout.
 *
 *     text = prefix "1" values checksum      a value is 5 bits, the checksum six values
 *
 * The checksum finds any four wrong characters; whether the key is the right one it cannot say. The
 * text may hold a secret: no message repeats any of it, and nothing is copied but what the caller
 * asks for. Bech32m is another format, and refused.
 */
#ifndef EXHIBIT_FORMATS_BECH32_H
#define EXHIBIT_FORMATS_BECH32_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BECH32_TEXT_BYTES_MAX = 4096, BECH32_CHECKSUM_CHARS = 6 };

/* A text that was found right. It borrows the text. */
struct bech32 {
    const char *text;
    size_t prefix_bytes;
    size_t value_count; /* without the checksum */
};

EX_MUST_USE ex_code bech32_open(const char *text, size_t size_bytes, struct bech32 *ret,
                                struct ex_error *err);
/* Is this the prefix, in this case of its letters? */
bool bech32_has_prefix(const struct bech32 *b, const char *prefix);
/* What the values hold: exactly size_bytes, or EX_FORMAT. */
EX_MUST_USE ex_code bech32_take(const struct bech32 *b, uint8_t *to, size_t size_bytes,
                                struct ex_error *err);

/* Characters of the text for size_bytes of data, without a NUL. */
size_t bech32_chars(const char *prefix, size_t size_bytes);
/* Writes them and a NUL to `to`. The case of the prefix is the case of the whole. */
void bech32_print(const char *prefix, const uint8_t *data, size_t size_bytes, char *to);

#endif
