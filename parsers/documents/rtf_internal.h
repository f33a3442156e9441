/* SPDX-License-Identifier: Apache-2.0 */
/* One RTF document that is being read: rtf.c goes from word to word, rtf_words.c knows what they
 * mean, rtf_fonts.c the fonts. Microsoft, "Rich Text Format Specification 1.9.1". */
#ifndef EXHIBIT_PARSERS_DOCUMENTS_RTF_INTERNAL_H
#define EXHIBIT_PARSERS_DOCUMENTS_RTF_INTERNAL_H

#include "parsers/documents/encoding.h"
#include "parsers/documents/office_internal.h"

enum {
    RTF_WORD_BYTES = 33,
    RTF_GROUPS_MAX = 1 << 20,
    RTF_FONTS_MAX = 4096,
    RTF_BLOCK_BYTES = 64 << 10,
    RTF_INFO_BYTES = 4096
};

/* Where the text of a group goes. */
enum rtf_to {
    RTF_BODY,
    RTF_NOTE, /* footnotes, headers, footers, comments: behind the main text */
    RTF_SKIP,
    RTF_INFO, /* a property of the document */
    RTF_FIELD,
    RTF_CLASS, /* of an embedded object */
    RTF_FONTS,
    RTF_WHO /* who made a comment */
};

struct rtf_group {
    uint8_t to; /* enum rtf_to */
    bool hidden, deleted, inserted;
    bool opened; /* it began what it goes to: that ends with it */
    uint8_t property;
    uint16_t skip; /* characters behind \u that say the same */
    uint16_t page; /* code page; 0: that of the font */
    int32_t font;
};

/* What a word does. */
enum rtf_does {
    RTF_DOES_NOTHING,
    RTF_CHARACTER, /* `value` is one */
    RTF_LINE,
    RTF_PARAGRAPH,
    RTF_GOES_TO,  /* `value` is an rtf_to */
    RTF_HEADED,   /* to RTF_NOTE, under `text` */
    RTF_PROPERTY, /* `text` is its name */
    RTF_DATE,     /* `value` is an enum parser_time */
    RTF_DATE_PART,
    RTF_HIDE,
    RTF_DELETE,
    RTF_INSERT,
    RTF_PLAIN,
    RTF_UNICODE,
    RTF_UNICODE_SKIP,
    RTF_FONT,
    RTF_CHARSET,
    RTF_PAGE,
    RTF_DEFAULT_PAGE, /* `value` is one, or it is the number behind the word */
    RTF_DEFAULT_FONT,
    RTF_BINARY
};

struct rtf_word {
    const char *word;
    enum rtf_does does;
    uint32_t value;
    const char *text;
};
/* NULL: it is not known. */
const struct rtf_word *rtf_word(const char *word);
/* The name that ICU has for a code page; for one that it has not an empty text. */
void rtf_page_name(unsigned page, char to[static ENCODING_NAME_BYTES]);
/* false: it is not known. *ret_page is 0 for the document's own. */
bool rtf_page_of_charset(int32_t charset, uint16_t *ret_page);

/* ---- fonts: at most RTF_FONTS_MAX, by their numbers ---- */

struct rtf_font {
    int32_t number;
    uint16_t page; /* code page; 0: the document's */
    bool unknown;  /* its table names a character set that is not known */
};
struct rtf_fonts {
    size_t count;
    struct rtf_font font[RTF_FONTS_MAX];
};
/* NULL: there is none. It is valid until one is added. */
struct rtf_font *rtf_font_find(struct rtf_fonts *f, int32_t number);
/* One that is there stays as it is. false: there is no room. */
bool rtf_font_add(struct rtf_fonts *f, int32_t number);

#endif
