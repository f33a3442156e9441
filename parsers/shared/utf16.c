/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/utf16.h"

#include "base/cursor.h"

size_t utf16_to_utf8(char *to, size_t room, const uint8_t *from, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(from, size_bytes & ~(size_t)1);
    size_t n = 0;
    while (ex_cursor_left(&c) >= 2 && n + 4 <= room) {
        uint32_t u = ex_cursor_le16(&c);
        if (u >= 0xD800 && u < 0xE000) {
            uint32_t low = 0;
            if (u < 0xDC00 && ex_cursor_left(&c) >= 2)
                low = ex_cursor_le16(&c);
            u = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00)
                                              : 0xFFFD;
        }
        if (u < 0x80) {
            to[n++] = (char)u;
        } else if (u < 0x800) {
            to[n++] = (char)(0xC0 | u >> 6);
            to[n++] = (char)(0x80 | (u & 0x3F));
        } else {
            if (u >= 0x10000) {
                to[n++] = (char)(0xF0 | u >> 18);
                to[n++] = (char)(0x80 | (u >> 12 & 0x3F));
            } else {
                to[n++] = (char)(0xE0 | u >> 12);
            }
            to[n++] = (char)(0x80 | (u >> 6 & 0x3F));
            to[n++] = (char)(0x80 | (u & 0x3F));
        }
    }
    return n;
}
