/* SPDX-License-Identifier: Apache-2.0 */
/* One character in UTF-8. */
#ifndef EXHIBIT_PARSERS_SHARED_UTF8_H
#define EXHIBIT_PARSERS_SHARED_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* U+0000, surrogates and what is beyond Unicode give U+FFFD. Returns the bytes. */
static inline size_t utf8_put(uint32_t c, char to[static 4]) {
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        c = 0xFFFD;
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
    return n;
}

#endif
