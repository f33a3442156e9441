/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/shared/html_encoding.h"

#include <string.h>
#include <strings.h>

/* Each encoding: its name, then its labels, that name among them. */
static const struct {
    const char *name, *labels;
} ENCODINGS[] = {
    {"utf-8", " unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 "},
    {"ibm866", " 866 cp866 csibm866 ibm866 "},
    {"iso-8859-2", " csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2"
                   " iso_8859-2:1987 l2 latin2 "},
    {"iso-8859-3", " csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3"
                   " iso_8859-3:1988 l3 latin3 "},
    {"iso-8859-4", " csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4"
                   " iso_8859-4:1988 l4 latin4 "},
    {"iso-8859-5", " csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595"
                   " iso_8859-5 iso_8859-5:1988 "},
    {"iso-8859-6",
     " arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e"
     " iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 "},
    {"iso-8859-7", " csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7"
                   " iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek "},
    {"iso-8859-8", " csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138"
                   " iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual "},
    {"iso-8859-8-i", " csiso88598i iso-8859-8-i logical "},
    {"iso-8859-10", " csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6 "},
    {"iso-8859-13", " iso-8859-13 iso8859-13 iso885913 "},
    {"iso-8859-14", " iso-8859-14 iso8859-14 iso885914 "},
    {"iso-8859-15", " csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 "},
    {"iso-8859-16", " iso-8859-16 "},
    {"koi8-r", " cskoi8r koi koi8 koi8-r koi8_r "},
    {"koi8-u", " koi8-ru koi8-u "},
    {"macintosh", " csmacintosh mac macintosh x-mac-roman "},
    {"windows-874", " dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 "},
    {"windows-1250", " cp1250 windows-1250 x-cp1250 "},
    {"windows-1251", " cp1251 windows-1251 x-cp1251 "},
    {"windows-1252",
     " ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1"
     " iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 "},
    {"windows-1253", " cp1253 windows-1253 x-cp1253 "},
    {"windows-1254",
     " cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5"
     " latin5 windows-1254 x-cp1254 "},
    {"windows-1255", " cp1255 windows-1255 x-cp1255 "},
    {"windows-1256", " cp1256 windows-1256 x-cp1256 "},
    {"windows-1257", " cp1257 windows-1257 x-cp1257 "},
    {"windows-1258", " cp1258 windows-1258 x-cp1258 "},
    {"x-mac-cyrillic", " x-mac-cyrillic x-mac-ukrainian "},
    {"gbk", " chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk "},
    {"gb18030", " gb18030 "},
    {"big5", " big5 big5-hkscs cn-big5 csbig5 x-x-big5 "},
    {"euc-jp", " cseucpkdfmtjapanese euc-jp x-euc-jp "},
    {"iso-2022-jp", " csiso2022jp iso-2022-jp "},
    {"shift_jis", " csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis "},
    {"euc-kr", " cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989"
               " ksc5601 ksc_5601 windows-949 "},
    {"replacement", " csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement "},
    {"utf-16be", " unicodefffe utf-16be "},
    {"utf-16le", " csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le "},
    {"x-user-defined", " x-user-defined "},
};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *html_encoding_of(const char *label, size_t size) {
    char word[HTML_LABEL_BYTES + 3];
    while (size > 0 && is_space(label[0])) {
        label++;
        size--;
    }
    while (size > 0 && is_space(label[size - 1]))
        size--;
    if (size == 0 || size > HTML_LABEL_BYTES - 1)
        return NULL;
    word[0] = ' ';
    for (size_t i = 0; i < size; i++) {
        char c = label[i];
        if (c <= ' ' || c > '~')
            return NULL;
        word[i + 1] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    word[size + 1] = ' ';
    word[size + 2] = '\0';
    for (size_t i = 0; i < sizeof ENCODINGS / sizeof ENCODINGS[0]; i++)
        if (strstr(ENCODINGS[i].labels, word) != NULL)
            return ENCODINGS[i].name;
    return NULL;
}

/* ---- in front of the parser: §13.2.3.2 ---- */

struct span {
    const char *at, *end;
};
struct words { /* of a `meta` */
    bool pragma, has_content, has_charset, needs_pragma;
    struct span charset;
    char *label; /* the last one that was named, known or not */
};

static bool word_is(struct span s, const char *word) {
    size_t size = strlen(word);
    return (size_t)(s.end - s.at) == size && strncasecmp(s.at, word, size) == 0;
}

static bool begins(struct span s, const char *word) {
    size_t size = strlen(word);
    return (size_t)(s.end - s.at) >= size && strncasecmp(s.at, word, size) == 0;
}

static void skip_space(struct span *s) {
    while (s->at < s->end && is_space(*s->at))
        s->at++;
}

/* False: it ends inside. */
static bool get_value(struct span *s, struct span *ret) {
    skip_space(s);
    if (s->at == s->end)
        return false;
    char quote = *s->at;
    *ret = (struct span){s->at, s->at};
    if (quote == '"' || quote == '\'') {
        const char *close = memchr(s->at + 1, quote, (size_t)(s->end - s->at - 1));
        if (close == NULL)
            return false;
        *ret = (struct span){s->at + 1, close};
        s->at = close + 1;
        return true;
    }
    while (s->at < s->end && !is_space(*s->at) && *s->at != '>')
        s->at++;
    ret->end = s->at;
    return s->at < s->end;
}

/* "Get an attribute". False: there is none more, or it ends inside. */
static bool get_attribute(struct span *s, struct span *ret_name, struct span *ret_value) {
    while (s->at < s->end && (is_space(*s->at) || *s->at == '/'))
        s->at++;
    if (s->at == s->end || *s->at == '>')
        return false;
    *ret_name = (struct span){s->at, s->at};
    while (s->at < s->end && !is_space(*s->at) && *s->at != '/' && *s->at != '>' &&
           (*s->at != '=' || s->at == ret_name->at))
        s->at++;
    ret_name->end = s->at;
    *ret_value = (struct span){s->at, s->at};
    skip_space(s);
    if (s->at == s->end)
        return false;
    if (*s->at != '=')
        return true;
    s->at++;
    return get_value(s, ret_value);
}

/* "Extracting a character encoding from a meta element". */
static bool extract(struct span content, struct span *ret) {
    for (; begins(content, "charset") || content.at < content.end; content.at++) {
        struct span s = content;
        if (!begins(s, "charset"))
            continue;
        s.at += strlen("charset");
        skip_space(&s);
        if (s.at == s.end || *s.at != '=')
            continue;
        s.at++;
        skip_space(&s);
        if (s.at == s.end)
            return false;
        if (*s.at == '"' || *s.at == '\'') {
            const char *close = memchr(s.at + 1, *s.at, (size_t)(s.end - s.at - 1));
            *ret = (struct span){s.at + 1, close};
            return close != NULL;
        }
        *ret = (struct span){s.at, s.at};
        while (ret->end < s.end && !is_space(*ret->end) && *ret->end != ';')
            ret->end++;
        return true;
    }
    return false;
}

static const char *name_of(struct span label, char ret_label[static HTML_LABEL_BYTES]) {
    size_t size = (size_t)(label.end - label.at), n = 0;
    for (size_t i = 0; i < size && n < HTML_LABEL_BYTES - 1; i++)
        if (label.at[i] > ' ' && label.at[i] <= '~')
            ret_label[n++] = label.at[i];
    ret_label[n] = '\0';
    return html_encoding_of(label.at, size);
}

static void take_word(struct words *w, struct span name, struct span value) {
    struct span label;
    if (word_is(name, "http-equiv"))
        w->pragma = w->pragma || word_is(value, "content-type");
    if (word_is(name, "charset")) { /* holds, wherever a `content` stands */
        w->charset = value;
        w->has_charset = true;
        w->needs_pragma = false;
    }
    if (!word_is(name, "content") || w->has_charset || !extract(value, &label) ||
        name_of(label, w->label) == NULL)
        return;
    w->charset = label;
    w->has_charset = w->needs_pragma = true;
}

/* Is this name the first of its kind in the tag? The others do not count. */
static bool is_first(unsigned *seen, struct span name) {
    static const char *const NAMES[] = {"http-equiv", "content", "charset"};
    for (unsigned i = 0; i < 3; i++) {
        if (!word_is(name, NAMES[i]))
            continue;
        bool first = (*seen & 1u << i) == 0;
        *seen |= 1u << i;
        return first;
    }
    return false;
}

static const char *in_meta(struct span *s, char ret_label[static HTML_LABEL_BYTES]) {
    struct words w = {.label = ret_label};
    struct span name, value;
    unsigned seen = 0;
    while (get_attribute(s, &name, &value))
        if (is_first(&seen, name))
            take_word(&w, name, value);
    if (s->at == s->end || !w.has_charset || (w.needs_pragma && !w.pragma))
        return NULL;
    const char *found = name_of(w.charset, ret_label);
    if (found != NULL && strncmp(found, "utf-16", 6) == 0)
        return "utf-8";
    return found != NULL && strcmp(found, "x-user-defined") == 0 ? "windows-1252" : found;
}

static void skip_comment(struct span *s) {
    const char *close = s->at + 2; /* its own dashes may be those of its end */
    close = memmem(close, (size_t)(s->end - close), "-->", 3);
    s->at = close != NULL ? close + 2 : s->end;
}

const char *html_encoding_find(const char *bytes, size_t size_bytes,
                               char ret_label[static HTML_LABEL_BYTES]) {
    struct span s = {bytes, bytes + size_bytes}, name, value;
    const char *found = NULL;
    ret_label[0] = '\0';
    for (; s.at < s.end && found == NULL; s.at++) {
        if (*s.at != '<')
            continue;
        bool more = s.end - s.at > 5, two = s.end - s.at > 1;
        if (begins(s, "<!--")) {
            skip_comment(&s);
        } else if (more && begins(s, "<meta") && (is_space(s.at[5]) || s.at[5] == '/')) {
            s.at += 5;
            found = in_meta(&s, ret_label);
        } else if (two && (is_letter(s.at[1]) ||
                           (s.at[1] == '/' && s.end - s.at > 2 && is_letter(s.at[2])))) {
            while (s.at < s.end && !is_space(*s.at) && *s.at != '>')
                s.at++;
            while (get_attribute(&s, &name, &value))
                ;
        } else if (two && (s.at[1] == '!' || s.at[1] == '/' || s.at[1] == '?')) {
            const char *close = memchr(s.at, '>', (size_t)(s.end - s.at));
            s.at = close != NULL ? close : s.end;
        }
        if (s.at == s.end)
            break;
    }
    return found;
}

const char *html_encoding_of_xml(const char *bytes, size_t size_bytes,
                                 char ret_label[static HTML_LABEL_BYTES]) {
    struct span s = {bytes, bytes + size_bytes}, label;
    ret_label[0] = '\0';
    if (!begins(s, "<?xml"))
        return NULL;
    const char *close = memchr(s.at, '>', size_bytes);
    if (close == NULL)
        return NULL;
    s.end = close;
    const char *at = memmem(s.at, (size_t)(s.end - s.at), "encoding", 8);
    if (at == NULL)
        return NULL;
    s.at = at + 8;
    skip_space(&s);
    if (s.at == s.end || *s.at++ != '=')
        return NULL;
    skip_space(&s);
    if (s.at == s.end || (*s.at != '"' && *s.at != '\'') || !get_value(&s, &label))
        return NULL;
    const char *found = name_of(label, ret_label);
    return found != NULL && strncmp(found, "utf-16", 6) == 0 ? "utf-8" : found;
}
