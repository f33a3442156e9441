/* SPDX-License-Identifier: Apache-2.0 */
#include "report/words_internal.h"

#include <stdbool.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

struct span {
    uint32_t first, last;
};

/* Control characters, soft hyphen, marks and overrides of direction, what has no width, characters
 * of tags, and what is no character. The joiners and the space without width (U+200B to U+200D) are
 * not here: Khmer, Arabic and Indic scripts are written with them. */
static bool unseen(uint32_t c) {
    static const struct span spans[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        if (c >= spans[i].first && c <= spans[i].last)
            return true;
    return false;
}

/* The length of the character at `text`, strict UTF-8; 0: it is none. Ends at a NUL by itself. */
static size_t character(const char *text, uint32_t *ret) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)text[0];
    size_t length = first < 0x80             ? 1
                    : (first & 0xe0) == 0xc0 ? 2
                    : (first & 0xf0) == 0xe0 ? 3
                    : (first & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (length == 0)
        return 0;
    uint32_t c = length == 1 ? first : first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((uint8_t)text[i] & 0x3f);
    }
    *ret = c;
    bool surrogate = c >= 0xd800 && c < 0xe000;
    return c < least[length] || c > 0x10ffff || surrogate ? 0 : length;
}

struct words_character words_next(const char *text) {
    uint32_t code = 0;
    size_t length = character(text, &code);
    if (length > 0 && !unseen(code))
        return (struct words_character){code, text, length, length};
    return (struct words_character){0xfffd, REPLACEMENT, sizeof REPLACEMENT - 1,
                                    length > 0 ? length : 1};
}
