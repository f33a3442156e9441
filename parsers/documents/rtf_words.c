/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/documents/rtf_internal.h"

#include <stdio.h>

enum { MACINTOSH = 10000, SYMBOLS = 42 };

/* In the order of strcmp(). */
static const struct rtf_word WORDS[] = {
    {"annotation", RTF_HEADED, 0, "comment"},
    {"ansi", RTF_DEFAULT_PAGE, 1252, NULL},
    {"ansicpg", RTF_DEFAULT_PAGE, 0, NULL},
    {"atnauthor", RTF_GOES_TO, RTF_WHO, NULL},
    {"atnid", RTF_GOES_TO, RTF_SKIP, NULL},
    {"atnparent", RTF_GOES_TO, RTF_SKIP, NULL},
    {"atnref", RTF_GOES_TO, RTF_SKIP, NULL},
    {"atntime", RTF_GOES_TO, RTF_SKIP, NULL},
    {"author", RTF_PROPERTY, 0, "author"},
    {"bin", RTF_BINARY, 0, NULL},
    {"bkmkend", RTF_GOES_TO, RTF_SKIP, NULL},
    {"bkmkstart", RTF_GOES_TO, RTF_SKIP, NULL},
    {"blipuid", RTF_GOES_TO, RTF_SKIP, NULL},
    {"bullet", RTF_CHARACTER, 0x2022, NULL},
    {"buptim", RTF_DATE, PARSER_BACKED_UP, NULL},
    {"category", RTF_PROPERTY, 0, "category"},
    {"cell", RTF_PARAGRAPH, 0, NULL},
    {"colorschememapping", RTF_GOES_TO, RTF_SKIP, NULL},
    {"colortbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"column", RTF_PARAGRAPH, 0, NULL},
    {"comment", RTF_PROPERTY, 0, "comment"},
    {"company", RTF_PROPERTY, 0, "company"},
    {"cpg", RTF_PAGE, 0, NULL},
    {"creatim", RTF_DATE, PARSER_CREATED, NULL},
    {"datafield", RTF_GOES_TO, RTF_SKIP, NULL},
    {"datastore", RTF_GOES_TO, RTF_SKIP, NULL},
    {"deff", RTF_DEFAULT_FONT, 0, NULL},
    {"deleted", RTF_DELETE, 0, NULL},
    {"doccomm", RTF_PROPERTY, 0, "description"},
    {"dy", RTF_DATE_PART, 2, NULL},
    {"emdash", RTF_CHARACTER, 0x2014, NULL},
    {"emspace", RTF_CHARACTER, 0x2003, NULL},
    {"endash", RTF_CHARACTER, 0x2013, NULL},
    {"enspace", RTF_CHARACTER, 0x2002, NULL},
    {"f", RTF_FONT, 0, NULL},
    {"factoidname", RTF_GOES_TO, RTF_SKIP, NULL},
    {"falt", RTF_GOES_TO, RTF_SKIP, NULL},
    {"fcharset", RTF_CHARSET, 0, NULL},
    {"filetbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"fldinst", RTF_GOES_TO, RTF_FIELD, NULL},
    {"fldrslt", RTF_DOES_NOTHING, 0, NULL},
    {"fontemb", RTF_GOES_TO, RTF_SKIP, NULL},
    {"fontfile", RTF_GOES_TO, RTF_SKIP, NULL},
    {"fonttbl", RTF_GOES_TO, RTF_FONTS, NULL},
    {"footer", RTF_HEADED, 0, "footer"},
    {"footerf", RTF_HEADED, 0, "footer"},
    {"footerl", RTF_HEADED, 0, "footer"},
    {"footerr", RTF_HEADED, 0, "footer"},
    {"footnote", RTF_HEADED, 0, "footnote"},
    {"generator", RTF_PROPERTY, 0, "application"},
    {"header", RTF_HEADED, 0, "header"},
    {"headerf", RTF_HEADED, 0, "header"},
    {"headerl", RTF_HEADED, 0, "header"},
    {"headerr", RTF_HEADED, 0, "header"},
    {"hlinkbase", RTF_PROPERTY, 0, "hyperlink-base"},
    {"hr", RTF_DATE_PART, 3, NULL},
    {"info", RTF_GOES_TO, RTF_SKIP, NULL},
    {"keywords", RTF_PROPERTY, 0, "keywords"},
    {"latentstyles", RTF_GOES_TO, RTF_SKIP, NULL},
    {"lbr", RTF_LINE, 0, NULL},
    {"ldblquote", RTF_CHARACTER, 0x201C, NULL},
    {"line", RTF_LINE, 0, NULL},
    {"listoverridetable", RTF_GOES_TO, RTF_SKIP, NULL},
    {"listtable", RTF_GOES_TO, RTF_SKIP, NULL},
    {"listtext", RTF_GOES_TO, RTF_SKIP, NULL},
    {"lquote", RTF_CHARACTER, 0x2018, NULL},
    {"ltrmark", RTF_CHARACTER, 0x200E, NULL},
    {"mac", RTF_DEFAULT_PAGE, MACINTOSH, NULL},
    {"manager", RTF_PROPERTY, 0, "manager"},
    {"min", RTF_DATE_PART, 4, NULL},
    {"mmathPr", RTF_GOES_TO, RTF_SKIP, NULL},
    {"mo", RTF_DATE_PART, 1, NULL},
    {"nestcell", RTF_PARAGRAPH, 0, NULL},
    {"nonshppict", RTF_GOES_TO, RTF_SKIP, NULL},
    {"objclass", RTF_GOES_TO, RTF_CLASS, NULL},
    {"objdata", RTF_GOES_TO, RTF_SKIP, NULL},
    {"operator", RTF_PROPERTY, 0, "last-modified-by"},
    {"page", RTF_PARAGRAPH, 0, NULL},
    {"panose", RTF_GOES_TO, RTF_SKIP, NULL},
    {"par", RTF_PARAGRAPH, 0, NULL},
    {"pc", RTF_DEFAULT_PAGE, 437, NULL},
    {"pca", RTF_DEFAULT_PAGE, 850, NULL},
    {"pgptbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"picprop", RTF_GOES_TO, RTF_SKIP, NULL},
    {"pict", RTF_GOES_TO, RTF_SKIP, NULL},
    {"plain", RTF_PLAIN, 0, NULL},
    {"pnseclvl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"pntext", RTF_GOES_TO, RTF_SKIP, NULL},
    {"printim", RTF_DATE, PARSER_PRINTED, NULL},
    {"qmspace", RTF_CHARACTER, 0x2005, NULL},
    {"rdblquote", RTF_CHARACTER, 0x201D, NULL},
    {"result", RTF_DOES_NOTHING, 0, NULL},
    {"revised", RTF_INSERT, 0, NULL},
    {"revtbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"revtim", RTF_DATE, PARSER_MODIFIED, NULL},
    {"rquote", RTF_CHARACTER, 0x2019, NULL},
    {"rsidtbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"rtlmark", RTF_CHARACTER, 0x200F, NULL},
    {"sec", RTF_DATE_PART, 5, NULL},
    {"sect", RTF_PARAGRAPH, 0, NULL},
    {"shpinst", RTF_DOES_NOTHING, 0, NULL},
    {"shprslt", RTF_DOES_NOTHING, 0, NULL},
    {"shptxt", RTF_HEADED, 0, "text box"},
    {"softline", RTF_LINE, 0, NULL},
    {"softpage", RTF_PARAGRAPH, 0, NULL},
    {"sp", RTF_GOES_TO, RTF_SKIP, NULL},
    {"stylesheet", RTF_GOES_TO, RTF_SKIP, NULL},
    {"subject", RTF_PROPERTY, 0, "subject"},
    {"tab", RTF_CHARACTER, '\t', NULL},
    {"template", RTF_PROPERTY, 0, "template"},
    {"themedata", RTF_GOES_TO, RTF_SKIP, NULL},
    {"title", RTF_PROPERTY, 0, "title"},
    {"u", RTF_UNICODE, 0, NULL},
    {"uc", RTF_UNICODE_SKIP, 0, NULL},
    {"ud", RTF_GOES_TO, RTF_BODY, NULL},
    {"upr", RTF_GOES_TO, RTF_SKIP, NULL},
    {"userprops", RTF_GOES_TO, RTF_SKIP, NULL},
    {"v", RTF_HIDE, 0, NULL},
    {"wgrffmtfilter", RTF_GOES_TO, RTF_SKIP, NULL},
    {"xmlnstbl", RTF_GOES_TO, RTF_SKIP, NULL},
    {"yr", RTF_DATE_PART, 0, NULL},
    {"zwj", RTF_CHARACTER, 0x200D, NULL},
    {"zwnj", RTF_CHARACTER, 0x200C, NULL},
};

static int compare(const void *a, const void *b) {
    const struct rtf_word *x = a, *y = b;
    return strcmp(x->word, y->word);
}

const struct rtf_word *rtf_word(const char *word) {
    const struct rtf_word key = {.word = word};
    return bsearch(&key, WORDS, sizeof WORDS / sizeof WORDS[0], sizeof WORDS[0], compare);
}

void rtf_page_name(unsigned page, char to[static ENCODING_NAME_BYTES]) {
    const char *name = page == MACINTOSH                ? "macintosh"
                       : page == 65001                  ? "UTF-8"
                       : page == 932                    ? "windows-932"
                       : page == 936                    ? "GBK"
                       : page == 949                    ? "windows-949"
                       : page == 950                    ? "windows-950"
                       : page == 874                    ? "windows-874"
                       : (page >= 1250 && page <= 1258) ? "windows-%u"
                       : page > 0 && page < 1250        ? "ibm-%u"
                                                        : "";
    (void)snprintf(to, ENCODING_NAME_BYTES, "%s", name);
    if (strchr(name, '%') != NULL)
        (void)snprintf(to, ENCODING_NAME_BYTES, page >= 1250 ? "windows-%u" : "ibm-%u", page);
}

/* RTF §"Font Table", \fcharset. */
bool rtf_page_of_charset(int32_t charset, uint16_t *ret_page) {
    static const struct {
        int32_t charset;
        uint16_t page;
    } PAGES[] = {{0, 1252},   {1, 0},      {2, SYMBOLS}, {77, MACINTOSH}, {128, 932},
                 {129, 949},  {130, 1361}, {134, 936},   {136, 950},      {161, 1253},
                 {162, 1254}, {163, 1258}, {177, 1255},  {178, 1256},     {186, 1257},
                 {204, 1251}, {222, 874},  {238, 1250},  {254, 437},      {255, 850}};
    for (size_t i = 0; i < sizeof PAGES / sizeof PAGES[0]; i++)
        if (PAGES[i].charset == charset) {
            *ret_page = PAGES[i].page;
            return true;
        }
    *ret_page = 0;
    return false;
}
