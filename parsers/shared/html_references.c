/* SPDX-License-Identifier: Apache-2.0 */
/* Characters that are named or numbered: WHATWG HTML §13.2.5.72 to .80. */
#include "parsers/shared/html_internal.h"

#include "parsers/shared/utf8.h"

#include <string.h>

static bool in_value(const struct html *h) {
    return h->reference_back == HTML_VALUE_DOUBLE || h->reference_back == HTML_VALUE_SINGLE ||
           h->reference_back == HTML_VALUE_BARE;
}

static ex_code put(struct html *h, const char *text, size_t size, struct ex_error *err) {
    return in_value(h) ? html_put_value(h, text, size, err) : html_put_text(h, text, size, err);
}

static ex_code put_point(struct html *h, uint32_t c, struct ex_error *err) {
    char text[4];
    return put(h, text, utf8_put(c, text), err);
}

ex_code html_begin_reference(struct html *h) {
    h->reference_back = h->state;
    h->held_bytes = 0;
    h->number = 0;
    h->digits = false;
    return html_go(h, HTML_REFERENCE, false);
}

static const struct html_reference *find(const char *name, size_t size) {
    for (size_t low = 0, high = html_references_count; low < high;) {
        size_t middle = (low + high) / 2;
        const char *other = html_references[middle].name;
        int order = strncmp(name, other, size);
        order = order != 0 ? order : other[size] == '\0' ? 0 : -1;
        if (order == 0)
            return &html_references[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The longest name that what was held begins with. `c` stands behind it; 0: nothing does. */
static ex_code end_named(struct html *h, char c, struct ex_error *err) {
    const struct html_reference *found = NULL;
    size_t n = h->held_bytes;
    while (n > 0 && (found = find(h->held, n)) == NULL)
        n--;
    char behind = n < h->held_bytes ? h->held[n] : c;
    if (found != NULL && in_value(h) && h->held[n - 1] != ';' &&
        (behind == '=' || html_is_letter(behind) || html_is_digit(behind)))
        found = NULL;
    h->state = h->reference_back;
    if (found == NULL) {
        EX_TRY(put(h, "&", 1, err));
        return put(h, h->held, h->held_bytes, err);
    }
    EX_TRY(put_point(h, found->first, err));
    if (found->second != 0)
        EX_TRY(put_point(h, found->second, err));
    return put(h, h->held + n, h->held_bytes - n, err);
}

/* What old programs mean by 128 to 159. */
static uint32_t of_windows(uint32_t c) {
    static const uint16_t WINDOWS[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return c >= 0x80 && c < 0xA0 ? WINDOWS[c - 0x80] : c;
}

static ex_code end_number(struct html *h, struct ex_error *err) {
    h->state = h->reference_back;
    if (h->digits)
        return put_point(h, of_windows(h->number), err);
    EX_TRY(put(h, "&#", 2, err));
    return put(h, h->held, h->held_bytes, err);
}

static ex_code number(struct html *h, char c, struct ex_error *err) {
    bool hex = h->state == HTML_NUMBER_HEX;
    if ((c == 'x' || c == 'X') && !hex && !h->digits && h->held_bytes == 0) {
        (void)html_hold(h, c);
        return html_go(h, HTML_NUMBER_HEX, false);
    }
    char l = html_lower(c);
    bool letter = hex && l >= 'a' && l <= 'f';
    if (html_is_digit(c) || letter) {
        uint32_t digit = (uint32_t)(letter ? l - 'a' + 10 : l - '0');
        h->digits = true;
        if (h->number <= 0x10FFFF)
            h->number = h->number * (hex ? 16 : 10) + digit;
        return EX_OK;
    }
    h->again = !(h->digits && c == ';');
    return end_number(h, err);
}

ex_code html_refer(struct html *h, char c, struct ex_error *err) {
    if (h->state == HTML_NUMBER || h->state == HTML_NUMBER_HEX)
        return number(h, c, err);
    if (h->state == HTML_REFERENCE && c == '#')
        return html_go(h, HTML_NUMBER, false);
    h->state = HTML_NAMED;
    /* no name is as long as what fits */
    bool more = html_is_letter(c) || html_is_digit(c);
    if (more && html_hold(h, c))
        return EX_OK;
    h->again = !(c == ';' && h->held_bytes > 0 && html_hold(h, c));
    return end_named(h, h->again ? c : '\0', err);
}

ex_code html_end_reference(struct html *h, struct ex_error *err) {
    return h->state == HTML_REFERENCE || h->state == HTML_NAMED ? end_named(h, '\0', err)
                                                                : end_number(h, err);
}
