/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of hashes as text, line by line (format/hash-set §4). */
#include "formats/hash_list.h"

#include <string.h>

enum { HEX_DIGITS = 64, SHA1_DIGITS = 40, MD5_DIGITS = 32 };

struct span {
    const char *text;
    size_t size;
};

struct hash_list {
    hash_list_fn *each;
    void *context;
    struct hash_list_report report;
    bool begun;       /* a line was met that is not passed over */
    size_t column;    /* from 0, with report.has_column */
    char separator;   /* of the columns */
    bool too_long;    /* of the line that is being read */
    size_t line_size; /* what of it came before */
    char line[HASH_LIST_LINE_BYTES_MAX];
};

ex_code hash_list_new(hash_list_fn *each, void *context, struct hash_list **ret,
                      struct ex_error *err) {
    struct hash_list *l;
    EX_TRY(ex_alloc(1, sizeof *l, sizeof *l, "a list of hashes", &l, err));
    l->each = each;
    l->context = context;
    *ret = l;
    return EX_OK;
}

void hash_list_free(struct hash_list *l) {
    free(l);
}

/* ---- words ---- */

/* 1 more than the value of a hex digit; 0: it is none. */
static const uint8_t digit_table[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static unsigned digit(char c) {
    return digit_table[(unsigned char)c];
}

static size_t digits_of(struct span s) {
    size_t n = 0;
    while (n < s.size && digit(s.text[n]) != 0)
        n++;
    return n;
}

bool hash_list_parse(const char *text, size_t size, uint8_t ret[static 32]) {
    if (size != HEX_DIGITS)
        return false;
    for (size_t i = 0; i < 32; i++) {
        unsigned high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high == 0 || low == 0)
            return false;
        ret[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}

static struct span behind(struct span s, size_t count) {
    return (struct span){s.text + count, s.size - count};
}

static struct span trim(struct span s) {
    while (s.size > 0 && (s.text[0] == ' ' || s.text[0] == '\t'))
        s = behind(s, 1);
    while (s.size > 0 && (s.text[s.size - 1] == ' ' || s.text[s.size - 1] == '\t'))
        s.size--;
    return s;
}

static bool begins(struct span s, const char *with) {
    size_t size = strlen(with);
    return s.size >= size && memcmp(s.text, with, size) == 0;
}

/* ---- columns ---- */

/* The field that *rest begins with, which is then behind it; false: there is none any more, or a
 * quote was opened and not closed. */
static bool next_field(struct span *rest, char separator, struct span *ret) {
    struct span s = *rest;
    size_t end = 0;
    if (s.text == NULL)
        return false;
    if (s.size > 0 && s.text[0] == '"') {
        for (end = 1; end < s.size && (s.text[end] != '"' || begins(behind(s, end), "\"\"")); end++)
            end += s.text[end] == '"';
        if (end >= s.size)
            return false;
        *ret = (struct span){s.text + 1, end - 1};
        end++;
        if (end < s.size && s.text[end] != separator)
            return false;
    } else {
        while (end < s.size && s.text[end] != separator)
            end++;
        *ret = trim((struct span){s.text, end});
    }
    *rest = end < s.size ? behind(s, end + 1) : (struct span){0};
    return true;
}

/* "SHA-256", "sha_256" and the like; `name` is in lower case without any of that. */
static bool is_named(struct span field, const char *name) {
    for (size_t i = 0; i < field.size; i++) {
        char c = field.text[i];
        if (c == '-' || c == '_' || c == ' ')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (*name == '\0' || c != *name++)
            return false;
    }
    return *name == '\0';
}

/* True: the line names columns, and is no other. */
static bool take_columns(struct hash_list *l, struct span line, char separator) {
    struct span rest = line, field;
    bool others = false;
    if (memchr(line.text, separator, line.size) == NULL)
        return false;
    for (size_t i = 0; next_field(&rest, separator, &field); i++) {
        others = others || is_named(field, "md5") || is_named(field, "sha1");
        if (l->report.has_column || !is_named(field, "sha256"))
            continue;
        l->report.has_column = true;
        l->column = i;
        l->separator = separator;
    }
    l->report.columns = l->report.columns || others || l->report.has_column;
    return others || l->report.has_column;
}

static bool hash_in_column(const struct hash_list *l, struct span line, uint8_t ret[static 32]) {
    struct span rest = line, field = {0};
    for (size_t i = 0; i <= l->column; i++)
        if (!next_field(&rest, l->separator, &field))
            return false;
    return hash_list_parse(field.text, field.size, ret);
}

/* ---- lines ---- */

/* "SHA256 (NAME) = digits": a name may hold anything, so it is the end that counts. */
static bool hash_behind_name(struct span line, uint8_t ret[static 32]) {
    static const char middle[] = ") = ";
    const size_t tail = sizeof middle - 1 + HEX_DIGITS;
    if ((!begins(line, "SHA256 (") && !begins(line, "SHA256(") && !begins(line, "SHA2-256(")) ||
        line.size < tail)
        return false;
    struct span end = behind(line, line.size - tail);
    if (begins(end, middle))
        return hash_list_parse(end.text + sizeof middle - 1, HEX_DIGITS, ret);
    end = behind(end, 1); /* openssl: no space before the sign */
    return begins(end, ")= ") && hash_list_parse(end.text + 3, HEX_DIGITS, ret);
}

static bool ends_hash(struct span rest) {
    return rest.size == 0 || memchr(" \t,;*", rest.text[0], 5) != NULL;
}

/* Columns without names, more than one of which could be the hash: nobody said which. */
static bool has_another(struct span rest) {
    struct span field;
    uint8_t hash[32];
    if (rest.size == 0 || memchr(",;\t", rest.text[0], 3) == NULL)
        return false;
    char separator = rest.text[0];
    rest = behind(rest, 1);
    while (next_field(&rest, separator, &field))
        if (hash_list_parse(field.text, field.size, hash))
            return true;
    return false;
}

static bool hash_in_front(struct hash_list *l, struct span line, uint8_t ret[static 32]) {
    bool quoted = begins(line, "\"");
    struct span s = begins(line, "\\") || quoted ? behind(line, 1) : line;
    size_t digits = digits_of(s);
    struct span rest = behind(s, digits);
    if (quoted && begins(rest, "\""))
        rest = behind(rest, 1);
    else if (quoted)
        return false;
    if (!ends_hash(rest) || has_another(rest))
        return false;
    l->report.shorter += digits == MD5_DIGITS || digits == SHA1_DIGITS;
    return hash_list_parse(s.text, digits, ret);
}

static bool hash_of(struct hash_list *l, struct span line, uint8_t ret[static 32]) {
    if (l->report.has_column)
        return hash_in_column(l, line, ret);
    bool front = hash_in_front(l, line, ret); /* counts shorter ones */
    if (l->report.columns)                    /* they have names, and none is of this hash */
        return false;
    return front || hash_behind_name(line, ret);
}

/* Passed over: empty, or no hash is meant to be in it. */
static bool is_talk(struct hash_list *l, struct span line) {
    static const char head[] = "%%%% size,";
    if (line.size == 0 || line.text[0] == '#')
        return true;
    if (begins(line, head) && !l->begun)
        (void)take_columns(l, behind(line, 5), ',');
    return line.text[0] == '%';
}

static void count_unread(struct hash_list *l) {
    if (l->report.unread < HASH_LIST_PLACES)
        l->report.place[l->report.unread] = l->report.lines;
    l->report.unread++;
}

static ex_code take_line(struct hash_list *l, struct span line, struct ex_error *err) {
    uint8_t hash[32];
    if (l->report.lines++ == 0 && begins(line, "\xef\xbb\xbf"))
        line = behind(line, 3);
    line = trim(line);
    if (is_talk(l, line))
        return EX_OK;
    bool first = !l->begun;
    l->begun = true;
    if (hash_of(l, line, hash)) {
        l->report.hashes++;
        return l->each(l->context, hash, err);
    }
    if (first &&
        (take_columns(l, line, ',') || take_columns(l, line, ';') || take_columns(l, line, '\t')))
        return EX_OK;
    count_unread(l);
    return EX_OK;
}

/* What came of the line before, with this behind it. */
static void keep(struct hash_list *l, const char *text, size_t size) {
    if (size > sizeof l->line - l->line_size) {
        l->too_long = true;
        return;
    }
    memcpy(l->line + l->line_size, text, size);
    l->line_size += size;
}

/* Lines may end in a carriage return, with a line feed behind it or without. */
static ex_code take_lines(struct hash_list *l, struct span text, struct ex_error *err) {
    if (text.size > 0 && text.text[text.size - 1] == '\r')
        text.size--;
    for (;;) {
        const char *end = text.size > 0 ? memchr(text.text, '\r', text.size) : NULL;
        size_t size = end != NULL ? (size_t)(end - text.text) : text.size;
        EX_TRY(take_line(l, (struct span){text.text, size}, err));
        if (end == NULL)
            return EX_OK;
        text = behind(text, size + 1);
    }
}

static ex_code end_line(struct hash_list *l, struct ex_error *err) {
    struct span line = {l->line, l->line_size};
    bool too_long = l->too_long;
    l->line_size = 0;
    l->too_long = false;
    if (!too_long)
        return take_lines(l, line, err);
    l->report.lines++;
    l->begun = true;
    count_unread(l);
    return EX_OK;
}

ex_code hash_list_feed(struct hash_list *l, const uint8_t *data, size_t size_bytes,
                       struct ex_error *err) {
    struct span rest = {(const char *)data, size_bytes};
    while (rest.size > 0) {
        const char *end = memchr(rest.text, '\n', rest.size);
        size_t size = end != NULL ? (size_t)(end - rest.text) : rest.size;
        bool whole =
            end != NULL && l->line_size == 0 && !l->too_long && size <= HASH_LIST_LINE_BYTES_MAX;
        if (whole) {
            EX_TRY(take_lines(l, (struct span){rest.text, size}, err));
        } else {
            keep(l, rest.text, size);
            if (end != NULL)
                EX_TRY(end_line(l, err));
        }
        rest = behind(rest, size + (end != NULL));
    }
    return EX_OK;
}

ex_code hash_list_end(struct hash_list *l, struct hash_list_report *ret, struct ex_error *err) {
    if (l->line_size > 0 || l->too_long)
        EX_TRY(end_line(l, err));
    *ret = l->report;
    return EX_OK;
}
