/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: bytes are held back until they make a character, or cannot. */
#include "parsers/shared/charset_sets.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD, ESCAPE = 0x1B, SHIFT_OUT = 0x0E, SHIFT_IN = 0x0F, ROW = 191 };

/* What the held bytes are. A character, or: */
#define MORE    (UINT32_MAX)     /* its beginning */
#define NOTHING (UINT32_MAX - 1) /* whole, and no character */
#define SILENT  (UINT32_MAX - 2) /* whole, and says how to go on */

size_t charset_put(uint32_t code, uint8_t *to) {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        code = REPLACEMENT;
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xC0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xE0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

/* ---- UTF-8: Unicode 15, table 3-7 ---- */

static uint32_t of_utf8(const uint8_t *at, unsigned n) {
    uint8_t c = at[0];
    unsigned size = c < 0x80                ? 1
                    : c >= 0xC2 && c < 0xE0 ? 2
                    : (c & 0xF0) == 0xE0    ? 3
                    : c >= 0xF0 && c < 0xF5 ? 4
                                            : 0;
    if (size <= 1)
        return size == 1 ? c : NOTHING;
    uint32_t code = c & (size == 2 ? 0x1F : size == 3 ? 0x0F : 0x07);
    for (unsigned i = 1; i < n; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return NOTHING;
        code = code << 6 | (at[i] & 0x3F);
    }
    if (n >= 2 && ((c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) ||
                   (c == 0xF0 && at[1] < 0x90) || (c == 0xF4 && at[1] > 0x8F)))
        return NOTHING;
    return n < size ? MORE : code;
}

bool charset_is_utf8(const uint8_t *data, size_t size_bytes, bool *ret_ascii) {
    unsigned n = 0;
    *ret_ascii = true;
    for (size_t i = 0; i < size_bytes; i++) {
        *ret_ascii = *ret_ascii && data[i] < 0x80;
        uint32_t code = of_utf8(data + i - n, n + 1);
        if (code == NOTHING)
            return false;
        n = code == MORE ? n + 1 : 0;
    }
    return n == 0;
}

/* ---- two bytes and more ---- */

static uint32_t of_table(const uint16_t *table, uint8_t lead, uint8_t trail) {
    uint32_t code = lead < 0x81 || lead > 0xFE || trail < 0x40 || trail > 0xFE
                        ? 0
                        : table[(lead - 0x81) * ROW + (trail - 0x40)];
    return code == 0 ? NOTHING : code;
}

static uint32_t of_jis(const uint16_t *table, uint8_t lead, uint8_t trail) {
    uint32_t code = lead < 0xA1 || lead > 0xFE || trail < 0xA1 || trail > 0xFE
                        ? 0
                        : table[(lead - 0xA1) * 94 + (trail - 0xA1)];
    return code == 0 ? NOTHING : code;
}

static uint32_t of_double(const struct charset *set, const uint8_t *at, unsigned n) {
    if (at[0] < 0x80)
        return at[0];
    if (at[0] == 0x80 || at[0] == 0xFF)
        return NOTHING;
    return n < 2 ? MORE : of_table(set->twice, at[0], at[1]);
}

static uint32_t of_cp932(const struct charset *set, const uint8_t *at, unsigned n) {
    if (at[0] >= 0xA1 && at[0] <= 0xDF)
        return 0xFF61U + at[0] - 0xA1U; /* katakana of half width */
    return at[0] == 0xA0 || at[0] > 0xFC ? NOTHING : of_double(set, at, n);
}

static uint32_t of_gb18030(const struct charset *set, const uint8_t *at, unsigned n) {
    if (n == 1 || at[1] < 0x30 || at[1] > 0x39)
        return at[0] == 0x80 ? 0x20AC : of_double(set, at, n);
    if (n < 4)
        return n == 3 && (at[2] < 0x81 || at[2] == 0xFF) ? NOTHING : MORE;
    if (at[3] < 0x30 || at[3] > 0x39)
        return NOTHING;
    uint32_t linear =
        (((at[0] - 0x81U) * 10 + at[1] - 0x30U) * 126 + at[2] - 0x81U) * 10 + at[3] - 0x30U;
    if (linear >= 189000)
        return linear - 189000 < 0x100000 ? linear - 189000 + 0x10000 : NOTHING;
    if (linear >= 39420)
        return NOTHING;
    unsigned i = charset_gb18030_count;
    while (i > 0 && charset_gb18030_from[i - 1] > linear)
        i--;
    return i == 0 ? NOTHING : charset_gb18030_to[i - 1] + linear - charset_gb18030_from[i - 1];
}

static uint32_t of_euc_jp(const uint8_t *at, unsigned n) {
    if (at[0] < 0x80)
        return at[0];
    if (at[0] == 0x8E)
        return n < 2 ? MORE : at[1] >= 0xA1 && at[1] <= 0xDF ? 0xFF61U + at[1] - 0xA1U : NOTHING;
    if (at[0] == 0x8F)
        return n < 3 ? MORE : of_jis(charset_jisx0212, at[1], at[2]);
    if (at[0] < 0xA1 || at[0] == 0xFF)
        return NOTHING;
    return n < 2 ? MORE : of_jis(charset_jisx0208, at[0], at[1]);
}

/* ---- with escapes: RFC 1468, RFC 2237, RFC 1557, RFC 1843 ---- */

enum jis_mode { JIS_ASCII, JIS_ROMAN, JIS_KATAKANA, JIS_X0208, JIS_X0212 };

static const struct {
    char text[5];
    unsigned mode;
} ESCAPES[] = {{"\x1b(B", JIS_ASCII},    {"\x1b(J", JIS_ROMAN}, {"\x1b(H", JIS_ROMAN},
               {"\x1b(I", JIS_KATAKANA}, {"\x1b$@", JIS_X0208}, {"\x1b$B", JIS_X0208},
               {"\x1b$(B", JIS_X0208},   {"\x1b$(D", JIS_X0212}};

static uint32_t of_escape(struct charset_decoder *d, unsigned n) {
    bool begun = false;
    for (size_t i = 0; i < sizeof ESCAPES / sizeof ESCAPES[0]; i++) {
        size_t bytes = strlen(ESCAPES[i].text);
        if (n > bytes || memcmp(d->held, ESCAPES[i].text, n) != 0)
            continue;
        begun = true;
        if (n == bytes) {
            d->mode = ESCAPES[i].mode;
            return SILENT;
        }
    }
    return begun ? MORE : NOTHING;
}

static uint32_t of_iso_2022_jp(struct charset_decoder *d, unsigned n) {
    const uint8_t *at = d->held;
    if (at[0] == ESCAPE)
        return of_escape(d, n);
    if (at[0] == '\n' || at[0] == '\r') {
        d->mode = JIS_ASCII; /* every line begins so */
        return at[0];
    }
    if (at[0] >= 0x80)
        return NOTHING;
    if (d->mode == JIS_ROMAN && (at[0] == '\\' || at[0] == '~'))
        return at[0] == '~' ? 0x203E : 0xA5;
    if (d->mode == JIS_ASCII || d->mode == JIS_ROMAN || at[0] < 0x21)
        return at[0];
    if (d->mode == JIS_KATAKANA)
        return at[0] <= 0x5F ? 0xFF61U + at[0] - 0x21U : NOTHING;
    if (n < 2)
        return MORE;
    return of_jis(d->mode == JIS_X0208 ? charset_jisx0208 : charset_jisx0212,
                  (uint8_t)(at[0] | 0x80), at[1] < 0x80 ? (uint8_t)(at[1] | 0x80) : 0);
}

static uint32_t of_iso_2022_kr(struct charset_decoder *d, unsigned n) {
    static const char HEAD[] = "\x1b$)C";
    const uint8_t *at = d->held;
    if (at[0] == ESCAPE)
        return n > 4 || memcmp(at, HEAD, n) != 0 ? NOTHING : n < 4 ? MORE : SILENT;
    if (at[0] == SHIFT_OUT || at[0] == SHIFT_IN) {
        d->mode = at[0] == SHIFT_OUT;
        return SILENT;
    }
    if (at[0] >= 0x80)
        return NOTHING;
    if (d->mode == 0 || at[0] < 0x21)
        return at[0];
    return n < 2 ? MORE : of_table(charset_uhc, (uint8_t)(at[0] | 0x80), (uint8_t)(at[1] | 0x80));
}

static uint32_t of_hz(struct charset_decoder *d, unsigned n) {
    const uint8_t *at = d->held;
    if (at[0] == '\n') {
        d->mode = 0;
        return '\n';
    }
    if (at[0] >= 0x80)
        return NOTHING;
    if (at[0] == '~') {
        if (n < 2)
            return MORE;
        if (at[1] == '~')
            return '~';
        if (at[1] != '{' && at[1] != '}' && at[1] != '\n')
            return NOTHING;
        d->mode = at[1] == '{';
        return SILENT;
    }
    if (d->mode == 0 || at[0] < 0x21)
        return at[0];
    return n < 2 ? MORE : of_table(charset_gbk, (uint8_t)(at[0] | 0x80), (uint8_t)(at[1] | 0x80));
}

/* ---- UTF-16, UTF-7 ---- */

/* One unit: a character, a half of one, or a half without the other in front of it. */
static size_t put_unit(struct charset_decoder *d, uint32_t unit, uint8_t *to) {
    size_t n = 0;
    bool low = unit >= 0xDC00 && unit < 0xE000;
    if (d->high != 0 && low) {
        uint32_t code = 0x10000 + ((d->high - 0xD800U) << 10) + (unit - 0xDC00);
        d->high = 0;
        return charset_put(code, to);
    }
    if (d->high != 0 || low) {
        d->lost++;
        n = charset_put(REPLACEMENT, to);
    }
    d->high = 0;
    if (low)
        return n;
    if (unit >= 0xD800 && unit < 0xDC00) {
        d->high = (uint16_t)unit;
        return n;
    }
    return n + charset_put(unit, to + n);
}

static size_t take_utf16(struct charset_decoder *d, uint8_t byte, uint8_t *to) {
    enum { BE = 0, LE = 1, BEGUN = 2 };
    d->held[d->held_bytes++] = byte;
    if (d->held_bytes < 2)
        return 0;
    d->held_bytes = 0;
    bool little = d->set->kind == CHARSET_KIND_UTF16LE || (d->mode & LE) != 0;
    uint32_t unit =
        little ? d->held[0] | (uint32_t)d->held[1] << 8 : d->held[1] | (uint32_t)d->held[0] << 8;
    bool first = (d->mode & BEGUN) == 0;
    d->mode |= BEGUN;
    if (first && unit == 0xFEFF)
        return 0;
    if (first && unit == 0xFFFE && d->set->kind == CHARSET_KIND_UTF16) {
        d->mode |= LE;
        return 0;
    }
    return put_unit(d, unit, to);
}

static int base64_digit(uint8_t c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* RFC 2152. mode: 0 as it stands, 1 behind a '+', 2 in base64. */
static size_t take_utf7(struct charset_decoder *d, uint8_t byte, uint8_t *to) {
    int digit = base64_digit(byte);
    if (d->mode == 0) {
        if (byte == '+') {
            d->mode = 1;
            d->bits = d->bit_count = 0;
            return 0;
        }
        d->lost += byte >= 0x80;
        return charset_put(byte < 0x80 ? byte : REPLACEMENT, to);
    }
    if (d->mode == 1 && byte == '-') {
        d->mode = 0;
        return charset_put('+', to);
    }
    if (digit >= 0) {
        d->mode = 2;
        d->bits = d->bits << 6 | (uint32_t)digit;
        d->bit_count += 6;
        if (d->bit_count < 16)
            return 0;
        d->bit_count -= 16;
        return put_unit(d, d->bits >> d->bit_count & 0xFFFF, to);
    }
    size_t n = 0;
    if (d->high != 0) {
        d->high = 0;
        d->lost++;
        n = charset_put(REPLACEMENT, to);
    }
    d->mode = 0;
    return byte == '-' ? n : n + take_utf7(d, byte, to + n);
}

/* ---- all of them ---- */

static uint32_t of_held(struct charset_decoder *d) {
    const uint8_t *at = d->held;
    unsigned n = d->held_bytes;
    switch (d->set->kind) {
    case CHARSET_KIND_ASCII:
        return at[0] < 0x80 ? at[0] : NOTHING;
    case CHARSET_KIND_UTF8:
        return of_utf8(at, n);
    case CHARSET_KIND_SINGLE:
        return at[0] < 0x80                        ? at[0]
               : d->set->single[at[0] - 0x80] == 0 ? NOTHING
                                                   : d->set->single[at[0] - 0x80];
    case CHARSET_KIND_DOUBLE:
        return of_double(d->set, at, n);
    case CHARSET_KIND_CP932:
        return of_cp932(d->set, at, n);
    case CHARSET_KIND_GB18030:
        return of_gb18030(d->set, at, n);
    case CHARSET_KIND_EUC_JP:
        return of_euc_jp(at, n);
    case CHARSET_KIND_ISO_2022_JP:
        return of_iso_2022_jp(d, n);
    case CHARSET_KIND_ISO_2022_KR:
        return of_iso_2022_kr(d, n);
    case CHARSET_KIND_HZ:
        return of_hz(d, n);
    case CHARSET_KIND_UTF16:
    case CHARSET_KIND_UTF16LE:
    case CHARSET_KIND_UTF16BE:
    case CHARSET_KIND_UTF7:
        break;
    }
    return NOTHING;
}

/* Of bytes that are no character together, the first one that begins anew; all: none of them. */
static unsigned anew(const struct charset_decoder *d, const uint8_t *at, unsigned n) {
    bool seven = d->set->kind == CHARSET_KIND_ISO_2022_JP ||
                 d->set->kind == CHARSET_KIND_ISO_2022_KR || d->set->kind == CHARSET_KIND_HZ;
    if (d->set->kind == CHARSET_KIND_UTF8 || at[0] == ESCAPE || at[0] == '~')
        return 1;
    for (unsigned i = 1; i < n; i++)
        if (at[i] < (seven ? 0x21 : 0x80))
            return i;
    return n;
}

static size_t take_byte(struct charset_decoder *d, uint8_t byte, uint8_t *to) {
    uint8_t at[sizeof d->held];
    d->held[d->held_bytes++] = byte;
    uint32_t code = of_held(d);
    if (code == MORE)
        return 0;
    unsigned count = d->held_bytes;
    d->held_bytes = 0;
    if (code == SILENT)
        return 0;
    if (code != NOTHING)
        return charset_put(code, to);
    d->lost++;
    size_t n = charset_put(REPLACEMENT, to);
    memcpy(at, d->held, count);
    for (unsigned i = anew(d, at, count); i < count; i++)
        n += take_byte(d, at[i], to + n);
    return n;
}

struct charset_decoder charset_start(const struct charset *set) {
    return (struct charset_decoder){.set = set};
}

size_t charset_decode(struct charset_decoder *d, const uint8_t *from, size_t size_bytes,
                      uint8_t *to) {
    enum charset_kind kind = d->set->kind;
    size_t n = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        if (kind == CHARSET_KIND_UTF16 || kind == CHARSET_KIND_UTF16LE ||
            kind == CHARSET_KIND_UTF16BE) {
            n += take_utf16(d, from[i], to + n);
        } else if (kind == CHARSET_KIND_UTF7) {
            n += take_utf7(d, from[i], to + n);
        } else {
            n += take_byte(d, from[i], to + n);
        }
    }
    return n;
}

size_t charset_end(struct charset_decoder *d, uint8_t *to) {
    size_t n = 0;
    if (d->held_bytes > 0 || d->high != 0) {
        d->lost++;
        n = charset_put(REPLACEMENT, to);
    }
    d->held_bytes = d->high = 0;
    return n;
}
