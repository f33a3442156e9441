/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of character sets. */
#include "parsers/shared/charset_sets.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES_MAX = 40 };

const struct charset CHARSET_UTF8 = {CHARSET_KIND_UTF8, NULL, NULL};
const struct charset CHARSET_ASCII = {CHARSET_KIND_ASCII, NULL, NULL};
const struct charset CHARSET_UTF16LE = {CHARSET_KIND_UTF16LE, NULL, NULL};

static const struct charset UTF16BE = {CHARSET_KIND_UTF16BE, NULL, NULL};
static const struct charset UTF16 = {CHARSET_KIND_UTF16, NULL, NULL};
static const struct charset UTF7 = {CHARSET_KIND_UTF7, NULL, NULL};
static const struct charset CP932 = {CHARSET_KIND_CP932, NULL, charset_cp932};
static const struct charset GB18030 = {CHARSET_KIND_GB18030, NULL, charset_gbk};
static const struct charset BIG5 = {CHARSET_KIND_DOUBLE, NULL, charset_big5};
static const struct charset UHC = {CHARSET_KIND_DOUBLE, NULL, charset_uhc};
static const struct charset EUC_JP = {CHARSET_KIND_EUC_JP, NULL, NULL};
static const struct charset ISO_2022_JP = {CHARSET_KIND_ISO_2022_JP, NULL, NULL};
static const struct charset ISO_2022_KR = {CHARSET_KIND_ISO_2022_KR, NULL, charset_uhc};
static const struct charset HZ = {CHARSET_KIND_HZ, NULL, charset_gbk};

/* Labels without what is between their letters and digits. */
static const struct alias {
    const char *label;
    const struct charset *set;
    const char *single; /* the table's name, where set is NULL */
} ALIASES[] = {
    {"utf8", &CHARSET_UTF8, NULL},
    {"unicode11utf8", &CHARSET_UTF8, NULL},
    {"cp65001", &CHARSET_UTF8, NULL},
    {"usascii", &CHARSET_ASCII, NULL},
    {"ascii", &CHARSET_ASCII, NULL},
    {"ansix341968", &CHARSET_ASCII, NULL},
    {"iso646us", &CHARSET_ASCII, NULL},
    {"us", &CHARSET_ASCII, NULL},
    {"cp20127", &CHARSET_ASCII, NULL},
    {"utf16", &UTF16, NULL},
    {"utf16le", &CHARSET_UTF16LE, NULL},
    {"utf16be", &UTF16BE, NULL},
    {"cp1200", &CHARSET_UTF16LE, NULL},
    {"cp1201", &UTF16BE, NULL},
    {"utf7", &UTF7, NULL},
    {"unicode11utf7", &UTF7, NULL},
    {"cp65000", &UTF7, NULL},
    {"shiftjis", &CP932, NULL},
    {"sjis", &CP932, NULL},
    {"xsjis", &CP932, NULL},
    {"mskanji", &CP932, NULL},
    {"windows31j", &CP932, NULL},
    {"cp932", &CP932, NULL},
    {"gb18030", &GB18030, NULL},
    {"gb2312", &GB18030, NULL},
    {"gb231280", &GB18030, NULL},
    {"gbk", &GB18030, NULL},
    {"xgbk", &GB18030, NULL},
    {"euccn", &GB18030, NULL},
    {"cngb", &GB18030, NULL},
    {"cp936", &GB18030, NULL},
    {"cp54936", &GB18030, NULL},
    {"cp20936", &GB18030, NULL},
    {"big5", &BIG5, NULL},
    {"cnbig5", &BIG5, NULL},
    {"xxbig5", &BIG5, NULL},
    {"big5hkscs", &BIG5, NULL},
    {"cp950", &BIG5, NULL},
    {"euckr", &UHC, NULL},
    {"ksc5601", &UHC, NULL},
    {"ksc56011987", &UHC, NULL},
    {"ksc56011989", &UHC, NULL},
    {"uhc", &UHC, NULL},
    {"cp949", &UHC, NULL},
    {"cp51949", &UHC, NULL},
    {"eucjp", &EUC_JP, NULL},
    {"xeucjp", &EUC_JP, NULL},
    {"cp20932", &EUC_JP, NULL},
    {"cp51932", &EUC_JP, NULL},
    {"iso2022jp", &ISO_2022_JP, NULL},
    {"iso2022jp1", &ISO_2022_JP, NULL},
    {"iso2022jp2", &ISO_2022_JP, NULL},
    {"iso2022jpms", &ISO_2022_JP, NULL},
    {"csiso2022jp", &ISO_2022_JP, NULL},
    {"cp50220", &ISO_2022_JP, NULL},
    {"cp50221", &ISO_2022_JP, NULL},
    {"cp50222", &ISO_2022_JP, NULL},
    {"iso2022kr", &ISO_2022_KR, NULL},
    {"cp50225", &ISO_2022_KR, NULL},
    {"hzgb2312", &HZ, NULL},
    {"cp52936", &HZ, NULL},
    {"iso88591", NULL, "cp1252"},
    {"latin1", NULL, "cp1252"},
    {"l1", NULL, "cp1252"},
    {"cp819", NULL, "cp1252"},
    {"cp28591", NULL, "cp1252"},
    {"latin2", NULL, "iso8859_2"},
    {"iso88599", NULL, "cp1254"},
    {"latin5", NULL, "cp1254"},
    {"cp28599", NULL, "cp1254"},
    {"iso88598i", NULL, "iso8859_8"},
    {"iso885911", NULL, "cp874"},
    {"tis620", NULL, "cp874"},
    {"tis6202533", NULL, "cp874"},
    {"cp20866", NULL, "koi8_r"},
    {"cp21866", NULL, "koi8_u"},
    {"macintosh", NULL, "mac_roman"},
    {"mac", NULL, "mac_roman"},
    {"xmacroman", NULL, "mac_roman"},
    {"cp10000", NULL, "mac_roman"},
    {"cp10007", NULL, "mac_cyrillic"},
    {"xmaccyrillic", NULL, "mac_cyrillic"},
};
enum { ALIAS_COUNT = sizeof ALIASES / sizeof ALIASES[0], SINGLES_MAX = 64 };

static const struct charset SINGLES[SINGLES_MAX] = {
#define ONE(n)                                                                                     \
    { CHARSET_KIND_SINGLE, charset_single[n], NULL }
#define TEN(n)                                                                                     \
    ONE(n + 0), ONE(n + 1), ONE(n + 2), ONE(n + 3), ONE(n + 4), ONE(n + 5), ONE(n + 6),            \
        ONE(n + 7), ONE(n + 8), ONE(n + 9)
    TEN(0), TEN(10), TEN(20), TEN(30), ONE(40), ONE(41), ONE(42), ONE(43), ONE(44), ONE(45),
#undef TEN
#undef ONE
};

/* Lower case, letters and digits alone, and the words for a code page of Windows in one form. */
static bool plain_label(const char *label, size_t size, char to[static LABEL_BYTES_MAX]) {
    static const char *const PREFIXES[] = {"windows", "xcp", "ibm", "ms", "xms", "cswindows"};
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        int c = tolower((unsigned char)label[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            continue;
        if (n + 1 >= LABEL_BYTES_MAX)
            return false;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++) {
        size_t bytes = strlen(PREFIXES[i]);
        if (strncmp(to, PREFIXES[i], bytes) != 0 || !isdigit((unsigned char)to[bytes]))
            continue;
        char number[LABEL_BYTES_MAX];
        (void)snprintf(number, sizeof number, "%s", to + bytes);
        if (strcmp(number, "31j") == 0)
            (void)snprintf(to, LABEL_BYTES_MAX, "cp932");
        else
            (void)snprintf(to, LABEL_BYTES_MAX, "cp%.30s", number);
        break;
    }
    return n > 0;
}

static const struct charset *find_single(const char *label) {
    char plain[LABEL_BYTES_MAX];
    for (size_t i = 0; charset_single_name[i] != NULL && i < SINGLES_MAX; i++) {
        const char *name = charset_single_name[i];
        if (plain_label(name, strlen(name), plain) && strcmp(plain, label) == 0)
            return &SINGLES[i];
    }
    return NULL;
}

static const struct charset *find_plain(const char *label) {
    char single[LABEL_BYTES_MAX];
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (strcmp(label, ALIASES[i].label) == 0) {
            if (ALIASES[i].set != NULL)
                return ALIASES[i].set;
            (void)plain_label(ALIASES[i].single, strlen(ALIASES[i].single), single);
            return find_single(single);
        }
    if (strncmp(label, "iso8859", 7) != 0 && strncmp(label, "cp2859", 6) == 0) {
        (void)snprintf(single, sizeof single, "iso8859%.10s", label + 6);
        return find_single(single);
    }
    return find_single(label);
}

const struct charset *charset_find(const void *label, size_t size_bytes) {
    char plain[LABEL_BYTES_MAX];
    return plain_label(label, size_bytes, plain) ? find_plain(plain) : NULL;
}

const struct charset *charset_of_code_page(unsigned number) {
    char label[LABEL_BYTES_MAX];
    (void)snprintf(label, sizeof label, "cp%u", number);
    return find_plain(label);
}
