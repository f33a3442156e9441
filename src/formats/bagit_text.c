/* SPDX-License-Identifier: Apache-2.0 */
/* Text of tag files, bagit.txt and bag-info.txt. */
#include "formats/bagit_internal.h"

#include <stdio.h>
#include <strings.h>

/* ---- encodings ---- */

static size_t put_utf8(char *to, uint32_t ch) {
    if (ch < 0x80) {
        to[0] = (char)ch;
        return 1;
    }
    size_t bytes = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, ch >>= 6)
        to[i] = (char)(0x80 | (ch & 0x3F));
    to[0] = (char)((0xF0u << (4 - bytes)) | ch);
    return bytes;
}

static uint32_t unit(struct ex_cursor *c, bool little) {
    return little ? ex_cursor_le16(c) : ex_cursor_be16(c);
}

/* At most three bytes of UTF-8 for two of UTF-16. */
static bool decode_utf16(struct ex_cursor c, bool little, char *to, size_t *ret_size) {
    size_t used = 0;
    while (ex_cursor_left(&c) > 0) {
        uint32_t ch = unit(&c, little);
        if (ch >= 0xDC00 && ch <= 0xDFFF)
            return false;
        if (ch >= 0xD800 && ch <= 0xDBFF) {
            uint32_t low = unit(&c, little);
            if (low < 0xDC00 || low > 0xDFFF)
                return false;
            ch = 0x10000 + ((ch - 0xD800) << 10) + (low - 0xDC00);
        }
        used += put_utf8(to + used, ch);
    }
    *ret_size = used;
    return !c.overrun;
}

static size_t decode_latin1(struct ex_cursor c, char *to) {
    size_t used = 0;
    while (ex_cursor_left(&c) > 0)
        used += put_utf8(to + used, ex_cursor_u8(&c));
    return used;
}

/* Eats a byte order mark. */
static bool eat(struct ex_cursor *c, const char *mark, size_t size) {
    if (ex_cursor_left(c) < size || memcmp(c->data + c->pos, mark, size) != 0)
        return false;
    (void)ex_cursor_bytes(c, size);
    return true;
}

static struct ex_cursor rest(struct ex_cursor *c) {
    return ex_cursor_make(c->data + c->pos, ex_cursor_left(c));
}

static bool decode(struct ex_cursor *c, enum bagit_encoding e, char *to, size_t *ret_size,
                   bool *ret_mark) {
    bool little = e == BAGIT_UTF16LE;
    *ret_mark = false;
    switch (e) {
    case BAGIT_UTF16:
        if (!eat(c, "\xFE\xFF", 2))
            little = eat(c, "\xFF\xFE", 2);
        return decode_utf16(rest(c), little, to, ret_size);
    case BAGIT_UTF16BE:
    case BAGIT_UTF16LE:
        return decode_utf16(rest(c), little, to, ret_size);
    case BAGIT_LATIN1:
        *ret_size = decode_latin1(rest(c), to);
        return true;
    case BAGIT_UTF8:
    case BAGIT_ASCII:
        break;
    }
    *ret_mark = eat(c, "\xEF\xBB\xBF", 3);
    *ret_size = ex_cursor_left(c);
    ex_cursor_copy(c, to, *ret_size);
    return path_text_valid(to, *ret_size, e == BAGIT_ASCII);
}

ex_code bagit_text_decode(const void *data, size_t size_bytes, enum bagit_encoding e, char **ret,
                          size_t *ret_size, bool *ret_mark, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(size_bytes == 0 ? "" : data, size_bytes);
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    if (size_bytes > BAGIT_TAG_FILE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "is larger than the limit of %zu bytes",
                       BAGIT_TAG_FILE_BYTES_MAX);
    EX_TRY(ex_alloc(2 * size_bytes + 1, 1, 2 * BAGIT_TAG_FILE_BYTES_MAX + 1, "a tag file", &text,
                    err));
    if (!decode(&c, e, text, &size, ret_mark) || memchr(text, '\0', size) != NULL)
        return ex_fail(err, EX_FORMAT, "is not text in the encoding that bagit.txt names");
    text[size] = '\0';
    *ret = ex_steal(&text);
    *ret_size = size;
    return EX_OK;
}

char *bagit_next_line(struct bagit_lines *l, size_t *ret_size) {
    char *line = l->text;
    if (l->left == 0)
        return NULL;
    size_t size = strcspn(line, "\r\n"), eaten = size;
    if (eaten < l->left)
        eaten += line[size] == '\r' && line[size + 1] == '\n' ? 2 : 1;
    line[size] = '\0';
    l->text += eaten;
    l->left -= eaten;
    l->number++;
    *ret_size = size;
    return line;
}

/* ---- bagit.txt (§2.1.1) ---- */

/* What stands behind "LABEL:"; before 1.0 there may be any space around the colon. NULL when it is
 * another label; *ret_exact says whether it is "LABEL: value" to the letter. */
static char *value_of(char *line, size_t size, const char *label, bool *ret_exact) {
    size_t at = strlen(label);
    if (strncmp(line, label, at) != 0)
        return NULL;
    while (bagit_is_space(line[at]))
        at++;
    if (line[at] != ':')
        return NULL;
    size_t value = at + 1;
    while (bagit_is_space(line[value]))
        value++;
    bool trailing = size > value && bagit_is_space(line[size - 1]);
    *ret_exact &= at == strlen(label) && value == at + 2 && line[at + 1] == ' ' && !trailing;
    while (size > value && bagit_is_space(line[size - 1]))
        line[--size] = '\0';
    return line + value;
}

static bool parse_version(const char *text, struct bagit_declaration *d) {
    const char *point = strchr(text, '.');
    uint64_t major, minor;
    if (point == NULL || !ex_parse_decimal(text, (size_t)(point - text), &major) ||
        !ex_parse_decimal(point + 1, strlen(point + 1), &minor) || major > 99 || minor > 999)
        return false;
    d->major = (unsigned)major;
    d->minor = (unsigned)minor;
    return true;
}

static bool known_version(const struct bagit_declaration *d) {
    return (d->major == 1 && d->minor == 0) ||
           (d->major == 0 && (d->minor == 96 || d->minor == 97));
}

static bool parse_encoding(const char *text, enum bagit_encoding *ret) {
    static const struct {
        const char *name;
        enum bagit_encoding encoding;
    } known[] = {{"UTF-8", BAGIT_UTF8},        {"UTF-16", BAGIT_UTF16},
                 {"UTF-16BE", BAGIT_UTF16BE},  {"UTF-16LE", BAGIT_UTF16LE},
                 {"ISO-8859-1", BAGIT_LATIN1}, {"ISO_8859-1", BAGIT_LATIN1},
                 {"US-ASCII", BAGIT_ASCII},    {"ASCII", BAGIT_ASCII}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(text, known[i].name) == 0) {
            *ret = known[i].encoding;
            return true;
        }
    }
    return false;
}

static ex_code parse_two_lines(struct bagit_lines *l, struct bagit_declaration *d,
                               struct ex_error *err) {
    size_t size = 0;
    bool exact = true;
    char printed[PATH_PRINTED_BYTES];
    char *line = bagit_next_line(l, &size);
    char *version = line == NULL ? NULL : value_of(line, size, "BagIt-Version", &exact);
    if (version == NULL || !parse_version(version, d))
        return ex_fail(err, EX_FORMAT, "has a first line that is not \"BagIt-Version: M.N\"");
    line = bagit_next_line(l, &size);
    char *encoding =
        line == NULL ? NULL : value_of(line, size, "Tag-File-Character-Encoding", &exact);
    if (encoding == NULL || encoding[0] == '\0')
        return ex_fail(err, EX_FORMAT,
                       "has a second line that is not \"Tag-File-Character-Encoding: ENCODING\"");
    if (l->left > 0)
        return ex_fail(err, EX_FORMAT, "has more than two lines");
    if (!known_version(d))
        return ex_fail(err, EX_UNSUPPORTED, "says BagIt version %u.%u, which is not known here",
                       d->major, d->minor);
    if (bagit_is_1_0(d) && !exact)
        return ex_fail(err, EX_FORMAT, "has space where BagIt 1.0 wants none");
    if (!parse_encoding(encoding, &d->encoding))
        return ex_fail(err, EX_UNSUPPORTED, "names the encoding \"%s\", which is not read here",
                       path_print(printed, sizeof printed, encoding, strlen(encoding)));
    return EX_OK;
}

ex_code bagit_parse_declaration(const void *data, size_t size_bytes, struct bagit_declaration *ret,
                                struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    struct bagit_declaration d = {0};
    size_t size;
    bool mark;
    EX_TRY(bagit_text_decode(data, size_bytes, BAGIT_UTF8, &text, &size, &mark, err));
    if (mark)
        return ex_fail(err, EX_FORMAT, "begins with a byte order mark");
    struct bagit_lines l = {.text = text, .left = size};
    EX_TRY(parse_two_lines(&l, &d, err));
    *ret = d;
    return EX_OK;
}

/* ---- bag-info.txt (§2.2.2) ---- */

void bagit_info_clear(struct bagit_info *info) {
    free(info->pairs);
    free(info->text);
    *info = (struct bagit_info){0};
}

static void first_line(unsigned *line, unsigned number) {
    if (*line == 0)
        *line = number;
}

/* Without the space at both ends. */
static char *trim(char *text, size_t size) {
    while (size > 0 && bagit_is_space(text[size - 1]))
        text[--size] = '\0';
    return text + strspn(text, " \t");
}

static ex_code take_element(struct bagit_info *info, char *line, size_t size, unsigned number,
                            struct ex_error *err) {
    char *colon = strchr(line, ':');
    if (colon == NULL || colon == line)
        return ex_fail(err, EX_FORMAT, "has no label and colon in line %u", number);
    bool exact =
        !bagit_is_space(colon[-1]) && bagit_is_space(colon[1]) && !bagit_is_space(colon[2]);
    if (!exact)
        first_line(&info->form.spaced_line, number);
    *colon = '\0';
    EX_TRY(ex_grow(&info->pairs, &info->capacity, info->count + 1, sizeof *info->pairs,
                   BAGIT_TAG_FILE_BYTES_MAX, "bag-info.txt", err));
    size_t label_bytes = (size_t)(colon - line);
    struct bagit_pair pair = {.label = trim(line, label_bytes),
                              .value = trim(colon + 1, size - label_bytes - 1)};
    pair.value_bytes = strlen(pair.value);
    info->pairs[info->count++] = pair;
    return EX_OK;
}

/* Moves a continuation to the end of the value before it, behind one space: there is room, for a
 * line break and some indentation stood in between. */
static ex_code take_continuation(struct bagit_info *info, char *line, size_t size, unsigned number,
                                 struct ex_error *err) {
    if (info->count == 0)
        return ex_fail(err, EX_FORMAT, "continues nothing in line %u", number);
    struct bagit_pair *pair = &info->pairs[info->count - 1];
    const char *more = trim(line, size);
    size_t bytes = strlen(more);
    char *value = info->text + (pair->value - info->text);
    if (pair->value_bytes > 0 && bytes > 0)
        value[pair->value_bytes++] = ' ';
    memmove(value + pair->value_bytes, more, bytes + 1);
    pair->value_bytes += bytes;
    return EX_OK;
}

ex_code bagit_parse_info(const void *data, size_t size_bytes, const struct bagit_declaration *d,
                         struct bagit_info *ret, struct ex_error *err) {
    struct bagit_info info = {0};
    struct bagit_lines l = {0};
    ex_code code =
        bagit_text_decode(data, size_bytes, d->encoding, &info.text, &l.left, &info.form.mark, err);
    l.text = info.text;
    while (code == EX_OK) {
        size_t size;
        char *line = bagit_next_line(&l, &size);
        if (line == NULL)
            break;
        if (size == 0)
            first_line(&info.form.spaced_line, l.number);
        else if (bagit_is_space(line[0]))
            code = take_continuation(&info, line, size, l.number, err);
        else
            code = take_element(&info, line, size, l.number, err);
    }
    if (code != EX_OK) {
        bagit_info_clear(&info);
        return code;
    }
    *ret = info;
    return EX_OK;
}
