/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/visible.h"

#include "formats/path_internal.h"

#include <inttypes.h>
#include <string.h>

/* The joiners and the zero width space (U+200B to U+200D) are not here: Khmer, Arabic and Indic
 * scripts are written with them. */
static const struct {
    uint32_t first, last;
} unsafe_ranges[] = {
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

bool visible_is_unsafe(uint32_t code_point) {
    for (size_t i = 0; i < sizeof unsafe_ranges / sizeof unsafe_ranges[0]; i++)
        if (code_point >= unsafe_ranges[i].first && code_point <= unsafe_ranges[i].last)
            return true;
    return false;
}

void visible_put_escape(FILE *to, uint32_t code_point) {
    fprintf(to, code_point < 0x80 ? "\\x%02" PRIx32 : "\\u{%04" PRIx32 "}", code_point);
}

void visible_put(FILE *to, const char *text, size_t size_bytes, const char *also) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    while (ex_cursor_left(&c) > 0) {
        size_t begin = c.pos;
        uint32_t ch = path_next_character(&c);
        if (ch == PATH_NO_CHARACTER)
            fprintf(to, "\\x%02x", (unsigned)c.data[begin]);
        else if (visible_is_unsafe(ch) || (ch < 0x80 && also != NULL && strchr(also, (int)ch)))
            visible_put_escape(to, ch);
        else
            fwrite(c.data + begin, 1, c.pos - begin, to);
    }
}
