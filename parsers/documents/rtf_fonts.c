/* SPDX-License-Identifier: Apache-2.0 */
/* The fonts of an RTF document, in the order of their numbers: these have gaps, for those of a
 * theme are counted from 31500. */
#include "parsers/documents/rtf_internal.h"

static size_t place_of(const struct rtf_fonts *f, int32_t number) {
    size_t from = 0, to = f->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (f->font[middle].number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct rtf_font *rtf_font_find(struct rtf_fonts *f, int32_t number) {
    size_t at = place_of(f, number);
    return at < f->count && f->font[at].number == number ? &f->font[at] : NULL;
}

bool rtf_font_add(struct rtf_fonts *f, int32_t number) {
    size_t at = place_of(f, number);
    if (at < f->count && f->font[at].number == number)
        return true;
    if (f->count >= RTF_FONTS_MAX)
        return false;
    memmove(&f->font[at + 1], &f->font[at], (f->count - at) * sizeof f->font[0]);
    f->font[at] = (struct rtf_font){.number = number};
    f->count++;
    return true;
}
