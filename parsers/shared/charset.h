/* SPDX-License-Identifier: Apache-2.0 */
/* Text of old character sets, to UTF-8, by tables that belong to the program (tools/charsets.py).
 *
 * Labels are those of MIME (IANA's names and aliases) and of Windows. Where programs write more
 * than a label allows, the larger set is used: ISO-8859-1 is windows-1252, GB2312 and GBK are
 * GB18030, Shift_JIS is code page 932, Big5 is code page 950 with HKSCS where that has nothing,
 * EUC-KR and KS_C_5601 are code page 949, TIS-620 is code page 874. Nothing is composed.
 *
 * What stands for nothing becomes U+FFFD and is counted. Any bytes are safe.
 */
#ifndef EXHIBIT_PARSERS_SHARED_CHARSET_H
#define EXHIBIT_PARSERS_SHARED_CHARSET_H

#include "base/cursor.h"

struct charset; /* lives for ever */

/* NULL: not one that is known. */
const struct charset *charset_find(const void *label, size_t size_bytes);
/* By a number of Windows, as in OLE properties; NULL likewise. */
const struct charset *charset_of_code_page(unsigned number);
extern const struct charset CHARSET_UTF8, CHARSET_ASCII, CHARSET_UTF16LE;

struct charset_decoder {
    const struct charset *set;
    uint64_t lost; /* U+FFFD that were written for what could not be read */
    uint8_t held[8];
    unsigned held_bytes, mode;
    uint32_t bits, bit_count; /* UTF-7 */
    uint16_t high;            /* a surrogate that waits for the other */
};

/* At most so many bytes come out of so many. */
#define CHARSET_ROOM(size_bytes) (4 * (size_bytes) + 32)

struct charset_decoder charset_start(const struct charset *set);
/* How many bytes were written to `to`, which has CHARSET_ROOM(size_bytes). */
size_t charset_decode(struct charset_decoder *d, const uint8_t *from, size_t size_bytes,
                      uint8_t *to);
/* What was begun and did not end; `to` has CHARSET_ROOM(0). */
size_t charset_end(struct charset_decoder *d, uint8_t *to);

/* Is all of it UTF-8? *ret_ascii: none of it needs to be. */
bool charset_is_utf8(const uint8_t *data, size_t size_bytes, bool *ret_ascii);
/* UTF-8 of one character, at most 4 bytes; U+FFFD for what is none. */
size_t charset_put(uint32_t code, uint8_t *to);

#endif
