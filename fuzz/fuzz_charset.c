/* SPDX-License-Identifier: Apache-2.0 */
/* Text in any character set: up to the first LF its label, or the number of a code page. What comes
 * out is UTF-8, fits into the room that was promised, and is the same in pieces of any size. */
#include "parsers/shared/charset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(const struct charset *set, const uint8_t *data, size_t size, size_t piece,
                     uint8_t *to, uint64_t *ret_lost) {
    struct charset_decoder d = charset_start(set);
    size_t n = 0;
    for (size_t at = 0, part; at < size; at += part) {
        part = size - at < piece ? size - at : piece;
        uint8_t *own = malloc(part), *out = malloc(CHARSET_ROOM(part));
        if (own == NULL || out == NULL)
            abort();
        memcpy(own, data + at, part);
        size_t bytes = charset_decode(&d, own, part, out);
        if (n + bytes > CHARSET_ROOM(size))
            abort();
        memcpy(to + n, out, bytes);
        n += bytes;
        free(own);
        free(out);
    }
    n += charset_end(&d, to + n);
    *ret_lost = d.lost;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *feed = size > 0 ? memchr(data, '\n', size) : NULL;
    if (feed == NULL)
        return 0;
    size_t label = (size_t)(feed - data), rest = size - label - 1;
    const struct charset *set = charset_find(data, label);
    if (set == NULL && label > 0)
        set = charset_of_code_page((unsigned)data[0] * 256 + data[label - 1]);
    if (set == NULL)
        return 0;
    uint8_t *whole = malloc(CHARSET_ROOM(rest) + CHARSET_ROOM(0)),
            *pieces = malloc(CHARSET_ROOM(rest) + CHARSET_ROOM(0));
    if (whole == NULL || pieces == NULL)
        abort();
    uint64_t lost[2];
    bool ascii;
    size_t a = decode(set, feed + 1, rest, rest + 1, whole, &lost[0]);
    size_t b = decode(set, feed + 1, rest, 3, pieces, &lost[1]);
    if (a != b || memcmp(whole, pieces, a) != 0 || lost[0] != lost[1] ||
        !charset_is_utf8(whole, a, &ascii))
        abort();
    free(whole);
    free(pieces);
    return 0;
}
