/* SPDX-License-Identifier: Apache-2.0 */
/* What a character set is: for charset.c, which decodes, and charset_find.c, which knows labels. */
#ifndef EXHIBIT_PARSERS_SHARED_CHARSET_SETS_H
#define EXHIBIT_PARSERS_SHARED_CHARSET_SETS_H

#include "parsers/shared/charset.h"
#include "parsers/shared/charset_internal.h"

enum charset_kind {
    CHARSET_KIND_ASCII,
    CHARSET_KIND_UTF8,
    CHARSET_KIND_UTF16LE,
    CHARSET_KIND_UTF16BE,
    CHARSET_KIND_UTF16, /* big-endian until a byte order mark says otherwise */
    CHARSET_KIND_UTF7,
    CHARSET_KIND_SINGLE,
    CHARSET_KIND_DOUBLE,
    CHARSET_KIND_CP932,
    CHARSET_KIND_GB18030,
    CHARSET_KIND_EUC_JP,
    CHARSET_KIND_ISO_2022_JP,
    CHARSET_KIND_ISO_2022_KR,
    CHARSET_KIND_HZ
};

struct charset {
    enum charset_kind kind;
    const uint16_t *single; /* 0x80 to 0xFF */
    const uint16_t *twice;  /* 0x81 to 0xFE, 0x40 to 0xFE */
};

#endif
