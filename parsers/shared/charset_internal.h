/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that tools/charsets.py makes; 0: no character. */
#ifndef EXHIBIT_PARSERS_SHARED_CHARSET_INTERNAL_H
#define EXHIBIT_PARSERS_SHARED_CHARSET_INTERNAL_H

#include <stdint.h>

extern const uint16_t charset_single[][128];    /* 0x80 to 0xFF */
extern const char *const charset_single_name[]; /* Python's; NULL behind the last */
extern const uint16_t charset_cp932[126 * 191]; /* 0x81 to 0xFE, 0x40 to 0xFE */
extern const uint16_t charset_gbk[126 * 191];   /* those of GB18030 with two bytes */
extern const uint16_t charset_big5[126 * 191];
extern const uint16_t charset_uhc[126 * 191];
extern const uint16_t charset_jisx0208[94 * 94]; /* 0xA1 to 0xFE, twice */
extern const uint16_t charset_jisx0212[94 * 94];
extern const uint16_t charset_gb18030_from[], charset_gb18030_to[]; /* stretches */
extern const unsigned charset_gb18030_count;

#endif
