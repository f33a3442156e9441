/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/visible.h"

#include "formats/path_internal.h"

#include <inttypes.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* Without the joiners and the zero width space, U+200B to U+200D: in_place(). */
static const struct range unsafe_ranges[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   /* C0, DEL, C1 */
    {0x00a0, 0x00a0},   {0x00ad, 0x00ad},   /* no-break space, soft hyphen */
    {0x061c, 0x061c},   {0x180e, 0x180e},   /* Arabic letter mark, Mongolian vowel separator */
    {0x115f, 0x1160},   {0x3164, 0x3164},   /* Hangul fillers */
    {0xffa0, 0xffa0},                       /* and the halfwidth one */
    {0x200e, 0x200f},   {0x2028, 0x202e},   /* direction marks, line separators, overrides */
    {0x2060, 0x206f},                       /* isolates and other invisible format characters */
    {0x2800, 0x2800},                       /* a Braille cell without dots */
    {0xfe00, 0xfe0f},                       /* variation selectors */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   /* byte order mark, annotations */
    {0xfffe, 0xffff},                       /* not characters */
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, /* musical format characters; tags, more selectors */
};

/* Scripts without spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, Tai, Javanese. */
static const struct range wordless_ranges[] = {
    {0x0e01, 0x0fff}, {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x1950, 0x19ff},
    {0x1a20, 0x1aad}, {0xa980, 0xa9ff}, {0xaa60, 0xaadf},
};
/* Scripts that join: Arabic and Syriac to Mandaic, those of India, those above, Mongolian. */
static const struct range joining_ranges[] = {
    {0x0620, 0x08ff}, {0x0900, 0x0dff}, {0x0e01, 0x109f},   {0x1780, 0x17ff}, {0x1820, 0x18aa},
    {0x1950, 0x1aad}, {0x1b00, 0x1c4f}, {0xa800, 0xa8df},   {0xa980, 0xaadf}, {0xabc0, 0xabff},
    {0xfb50, 0xfdff}, {0xfe70, 0xfefc}, {0x11000, 0x11fff},
};
/* Symbols of which a joiner makes another one. */
static const struct range symbol_ranges[] = {
    {0x2600, 0x27bf}, {0x2b00, 0x2bff}, {0xfe0f, 0xfe0f}, {0x1f000, 0x1faff}};

static bool is_in(const struct range *range, size_t count, uint32_t code_point) {
    for (size_t i = 0; i < count; i++)
        if (code_point >= range[i].first && code_point <= range[i].last)
            return true;
    return false;
}
#define IS_IN(ranges, c) is_in((ranges), sizeof(ranges) / sizeof(ranges)[0], (c))

static bool in_place(uint32_t code_point, uint32_t before, uint32_t behind) {
    if (code_point == 0x200b)
        return IS_IN(wordless_ranges, before) && IS_IN(wordless_ranges, behind);
    if (code_point == 0x200c)
        return IS_IN(joining_ranges, before) && IS_IN(joining_ranges, behind);
    return IS_IN(joining_ranges, before) ||
           (code_point == 0x200d && IS_IN(symbol_ranges, before) && IS_IN(symbol_ranges, behind));
}

bool visible_is_unsafe(uint32_t code_point, uint32_t before, uint32_t behind) {
    if (code_point >= 0x200b && code_point <= 0x200d)
        return !in_place(code_point, before, behind);
    return IS_IN(unsafe_ranges, code_point);
}

void visible_put_escape(FILE *to, uint32_t code_point) {
    fprintf(to, code_point < 0x80 ? "\\x%02" PRIx32 : "\\u{%04" PRIx32 "}", code_point);
}

static uint32_t character_behind(struct ex_cursor c) {
    uint32_t ch = ex_cursor_left(&c) > 0 ? path_next_character(&c) : 0;
    return ch != PATH_NO_CHARACTER ? ch : 0;
}

void visible_put(FILE *to, const char *text, size_t size_bytes, const char *also) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    uint32_t before = 0;
    while (ex_cursor_left(&c) > 0) {
        size_t begin = c.pos;
        uint32_t ch = path_next_character(&c);
        if (ch == PATH_NO_CHARACTER)
            fprintf(to, "\\x%02x", (unsigned)c.data[begin]);
        else if (visible_is_unsafe(ch, before, character_behind(c)) ||
                 (ch < 0x80 && also != NULL && strchr(also, (int)ch)))
            visible_put_escape(to, ch);
        else
            fwrite(c.data + begin, 1, c.pos - begin, to);
        before = ch != PATH_NO_CHARACTER ? ch : 0;
    }
}
