/* SPDX-License-Identifier: Apache-2.0 */
/* format/traces §2, from the left to the right. Each function here takes one thing at the cursor
 * and says whether it was there. */
#include "formats/trace_line_internal.h"

#include "formats/path_internal.h"

enum { NUMBER_DIGITS_MAX = 19, ATTRIBUTE_KEY_BYTES_MAX = 140 };

const char *const trace_line_kinds[] = {"volume",   "file-system", "directory", "file",  "link",
                                        "special",  "stream",      "member",    "space", "error",
                                        "document", "message",     "record",    NULL};
const char *const trace_line_states[] = {"deleted", "orphan", "carved", "virtual", NULL};
const char *const trace_line_reasons[] = {"damaged",   "crashed",     "too-long", "too-large",
                                          "too-deep",  "too-many",    "killed",   "unreadable",
                                          "encrypted", "unsupported", NULL};
const char *const trace_line_not_hashed[] = {"limit",     "deleted", "damaged", "unreadable",
                                             "encrypted", "parser",  "profile", NULL};

/* ---- signs ---- */

/* The byte ahead. At the end 0, which no line has. */
static inline uint8_t ahead(const struct reading *r) {
    return r->c.pos < r->c.size ? r->c.data[r->c.pos] : 0;
}

bool trace_take_bytes(struct reading *r, const char *what, size_t size) {
    if (ex_cursor_left(&r->c) < size || memcmp(r->c.data + r->c.pos, what, size) != 0)
        return false;
    r->c.pos += size;
    return true;
}

/* ---- numbers ---- */

bool trace_take_number(struct reading *r, uint64_t *ret) {
    const char *text = (const char *)r->c.data + r->c.pos;
    size_t size = 0;
    while (is_digit(ahead(r)) && size <= NUMBER_DIGITS_MAX) {
        r->c.pos++;
        size++;
    }
    return ex_parse_decimal(text, size, ret) && *ret <= INT64_MAX;
}

static bool pass_number(struct reading *r) {
    uint64_t number;
    return trace_take_number(r, &number);
}

/* ---- texts ---- */

/* Of ASCII without anything that has to be escaped, at most `most` bytes. */
bool trace_take_span(struct reading *r, size_t most, struct span *ret) {
    if (!TAKE(r, "\""))
        return false;
    *ret = (struct span){.text = (const char *)r->c.data + r->c.pos};
    for (uint8_t ch = ahead(r); ch >= ' ' && ch < 0x7F && ch != '"' && ch != '\\'; ch = ahead(r)) {
        r->c.pos++;
        ret->size_bytes++;
    }
    return ret->size_bytes > 0 && ret->size_bytes <= most && TAKE(r, "\"");
}

static bool take_hex(struct reading *r, uint8_t *to, size_t size_bytes) {
    struct span digits;
    return trace_take_span(r, 2 * size_bytes, &digits) &&
           ex_parse_hex(digits.text, digits.size_bytes, to, size_bytes);
}

static bool is_word(const struct span *s, const char *word) {
    return strlen(word) == s->size_bytes && memcmp(word, s->text, s->size_bytes) == 0;
}

/* One of a list that ends with NULL. */
bool trace_take_word(struct reading *r, const char *const *words, const char **ret) {
    struct span s;
    if (!trace_take_span(r, TRACE_WORD_BYTES_MAX, &s))
        return false;
    for (; *words != NULL; words++)
        if (is_word(&s, *words)) {
            *ret = *words;
            return true;
        }
    return false;
}

static bool take_digits16(struct reading *r, uint32_t *ret) {
    *ret = 0;
    for (int i = 0; i < 4; i++, r->c.pos++) {
        uint8_t ch = ahead(r), lower = ch | 0x20;
        if (is_digit(ch))
            *ret = *ret << 4 | (ch & 0x0Fu);
        else if (lower >= 'a' && lower <= 'f')
            *ret = *ret << 4 | (lower - 'a' + 10u);
        else
            return false;
    }
    return true;
}

/* What stands behind \u: a character but U+0000, perhaps in two halves. */
static bool take_escaped_unit(struct reading *r, uint32_t *ret) {
    uint32_t low;
    if (!take_digits16(r, ret) || *ret == 0 || (*ret >= 0xDC00 && *ret <= 0xDFFF))
        return false;
    if (*ret < 0xD800 || *ret > 0xDBFF)
        return true;
    if (!TAKE(r, "\\u") || !take_digits16(r, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *ret = 0x10000 + ((*ret - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static char *put_character(char *to, uint32_t ch) {
    if (ch < 0x80) {
        *to++ = (char)ch;
        return to;
    }
    unsigned more = ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
    *to++ = (char)((0xFF00u >> (more + 1) & 0xFFu) | ch >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80u | (ch >> (6 * more) & 0x3Fu));
    return to;
}

static bool take_escape(struct reading *r, char **to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    uint32_t ch;
    r->c.pos++; /* the backslash */
    if (TAKE(r, "u")) {
        if (!take_escaped_unit(r, &ch))
            return false;
        *to = put_character(*to, ch);
        return true;
    }
    const char *at = ahead(r) != 0 ? strchr(from, ahead(r)) : NULL;
    if (at == NULL)
        return false;
    r->c.pos++;
    *(*to)++ = into[at - from];
    return true;
}

static bool take_character(struct reading *r, char **to) {
    size_t begin = r->c.pos;
    uint32_t ch = path_next_character(&r->c);
    if (ch == PATH_NO_CHARACTER || ch < ' ' || r->c.overrun)
        return false;
    memcpy(*to, r->c.data + begin, r->c.pos - begin);
    *to += r->c.pos - begin;
    return true;
}

static inline bool is_plain(uint8_t ch) {
    return ch >= ' ' && ch < 0x80 && ch != '"' && ch != '\\';
}

/* Any text, as what it says, with a NUL behind it. */
bool trace_take_text(struct reading *r, const char **ret) {
    char *to = r->texts + r->used, *const begin = to;
    if (!TAKE(r, "\""))
        return false;
    while (ahead(r) != '"') {
        if (is_plain(ahead(r))) {
            *to++ = (char)ahead(r);
            r->c.pos++;
        } else if (ahead(r) == '\\' ? !take_escape(r, &to) : !take_character(r, &to)) {
            return false;
        }
    }
    r->c.pos++;
    *to++ = '\0'; /* in the place of the quotes */
    r->used += (size_t)(to - begin);
    *ret = begin;
    return true;
}

static bool pass_text(struct reading *r) {
    const char *text;
    size_t used = r->used;
    bool taken = trace_take_text(r, &text);
    r->used = used;
    return taken;
}

static bool is_base64(uint8_t ch) {
    return is_digit(ch) || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') || ch == '+' || ch == '/';
}

static bool pass_base64(struct reading *r) {
    size_t size = 0;
    if (!TAKE(r, "\""))
        return false;
    for (; is_base64(ahead(r)); size++)
        r->c.pos++;
    for (size_t padding = 0; padding < 2 && ahead(r) == '='; padding++, size++)
        r->c.pos++;
    return size > 0 && size % 4 == 0 && TAKE(r, "\"");
}

/* ---- what has parts ---- */

/* format/traces §2.2 */
static bool take_range(struct reading *r, bool *ret_placed, uint64_t *ret_offset) {
    *ret_placed = false;
    if (!TAKE(r, "["))
        return false;
    if (!TAKE(r, "null") && !TAKE(r, "-1")) {
        *ret_placed = trace_take_number(r, ret_offset);
        if (!*ret_placed)
            return false;
    }
    return TAKE(r, ",") && pass_number(r) && TAKE(r, "]");
}

static bool take_ranges(struct reading *r, struct trace_line *l) {
    bool placed;
    uint64_t offset;
    size_t count = 0;
    if (!TAKE(r, ",\"ranges\":["))
        return true;
    do {
        if (!take_range(r, &placed, &offset) || ++count > TRACE_LINE_RANGES_MAX)
            return false;
        if (count == 1 && placed) {
            l->has_offset = true;
            l->offset = offset;
        }
    } while (TAKE(r, ","));
    return TAKE(r, "]") && (!TAKE(r, ",\"ranges_left_out\":") || pass_number(r));
}

/* Where they stand is kept: trace_line_time() reads them again. */
static bool pass_times(struct reading *r, struct trace_line *l) {
    struct trace_time time;
    if (!TAKE(r, ",\"times\":["))
        return true;
    l->times = (const char *)r->c.data + r->c.pos;
    do {
        size_t used = r->used;
        if (!trace_take_time(r, &time))
            return false;
        r->used = used;
    } while (TAKE(r, ","));
    l->times_bytes = (size_t)((const char *)r->c.data + r->c.pos - l->times);
    return TAKE(r, "]");
}

static bool is_attribute_key(const struct span *s) {
    for (size_t i = 0; i < s->size_bytes; i++)
        if (!is_digit((uint8_t)s->text[i]) && !(s->text[i] >= 'a' && s->text[i] <= 'z') &&
            s->text[i] != '-' && s->text[i] != '.' && s->text[i] != '_')
            return false;
    return true;
}

static bool is_among(const struct span *s, const struct span *keys, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (keys[i].size_bytes == s->size_bytes &&
            memcmp(keys[i].text, s->text, s->size_bytes) == 0)
            return true;
    return false;
}

static bool pass_attributes(struct reading *r, struct trace_line *l) {
    struct span keys[TRACE_LINE_ATTRIBUTES_MAX];
    size_t count = 0;
    if (!TAKE(r, ",\"attributes\":{"))
        return true;
    l->attributes = (const char *)r->c.data + r->c.pos;
    do {
        if (count == TRACE_LINE_ATTRIBUTES_MAX ||
            !trace_take_span(r, ATTRIBUTE_KEY_BYTES_MAX, &keys[count]) ||
            !is_attribute_key(&keys[count]) || is_among(&keys[count], keys, count) ||
            !TAKE(r, ":") || !pass_text(r))
            return false;
        count++;
    } while (TAKE(r, ","));
    l->attributes_bytes = (size_t)((const char *)r->c.data + r->c.pos - l->attributes);
    return TAKE(r, "}");
}

bool trace_line_attribute(const struct trace_line *l, size_t *at, char *texts,
                          struct trace_attribute *ret) {
    struct span key;
    if (l->attributes == NULL || *at >= l->attributes_bytes)
        return false;
    /* A text takes no more room than stood there, so those behind it have room, too. */
    struct reading r = {.c = ex_cursor_make(l->attributes + *at, l->attributes_bytes - *at),
                        .texts = texts + *at};
    if (!trace_take_span(&r, ATTRIBUTE_KEY_BYTES_MAX, &key) || !TAKE(&r, ":") ||
        !trace_take_text(&r, &ret->value))
        return false;
    (void)TAKE(&r, ",");
    ret->key = key.text;
    ret->key_bytes = key.size_bytes;
    *at += r.c.pos;
    return true;
}

/* format/traces §4 */
static bool take_error(struct reading *r, struct trace_line *l) {
    bool is_error = strcmp(l->kind, "error") == 0;
    if (!TAKE(r, ",\"error\":{\"reason\":"))
        return !is_error;
    if (!is_error || !trace_take_word(r, trace_line_reasons, &l->reason) ||
        !TAKE(r, ",\"text\":") || !trace_take_text(r, &l->text) || !TAKE(r, "}"))
        return false;
    size_t size = 0;
    while (l->text[size] >= ' ' && l->text[size] < 0x7F)
        size++;
    return l->text[size] == '\0' && size <= TRACE_LINE_ERROR_BYTES_MAX;
}

/* ---- the line ---- */

static bool take_key(struct reading *r, struct trace_line *l) {
    l->rest_at = r->c.pos;
    return TAKE(r, ",\"key\":") && trace_take_text(r, &l->key);
}

static bool take_place(struct reading *r, struct trace_line *l) {
    return TAKE(r, "{\"id\":") && take_hex(r, l->id, sizeof l->id) && TAKE(r, ",\"parent\":") &&
           trace_take_number(r, &l->parent) && TAKE(r, ",\"kind\":") &&
           trace_take_word(r, trace_line_kinds, &l->kind) && TAKE(r, ",\"parser\":") &&
           trace_take_number(r, &l->parser) && take_key(r, l);
}

static bool take_name(struct reading *r, struct trace_line *l) {
    if (TAKE(r, ",\"name\":") &&
        (!trace_take_text(r, &l->name) || (TAKE(r, ",\"name_base64\":") && !pass_base64(r))))
        return false;
    return !TAKE(r, ",\"state\":") || trace_take_word(r, trace_line_states, &l->state);
}

static bool take_content(struct reading *r, struct trace_line *l) {
    l->has_size = TAKE(r, ",\"size\":");
    if (l->has_size && !trace_take_number(r, &l->size))
        return false;
    l->has_sha256 = TAKE(r, ",\"sha256\":");
    if (l->has_sha256 && !take_hex(r, l->sha256, sizeof l->sha256))
        return false;
    l->known = l->has_sha256 && TAKE(r, ",\"known\":true");
    if ((TAKE(r, ",\"type\":") && !trace_take_text(r, &l->type)) || !take_ranges(r, l))
        return false;
    l->has_content_key = TAKE(r, ",\"content_key\":");
    if (l->has_content_key && !take_hex(r, l->content_key, sizeof l->content_key))
        return false;
    l->has_inside = TAKE(r, ",\"inside\":");
    if (l->has_inside && !trace_take_number(r, &l->inside))
        return false;
    l->inside_known = l->has_inside && TAKE(r, ",\"inside_known\":true");
    return !TAKE(r, ",\"not_hashed\":") ||
           trace_take_word(r, trace_line_not_hashed, &l->not_hashed);
}

static bool pass_said(struct reading *r, struct trace_line *l) {
    if (!pass_times(r, l) || !pass_attributes(r, l))
        return false;
    (void)TAKE(r, ",\"said_in_part\":true");
    return true;
}

bool trace_line_read(const void *line, size_t size_bytes, char *texts, struct trace_line *ret) {
    struct reading r = {.c = ex_cursor_make(line, size_bytes), .texts = texts};
    *ret = (struct trace_line){0};
    return take_place(&r, ret) && take_name(&r, ret) && take_content(&r, ret) &&
           pass_said(&r, ret) && take_error(&r, ret) && TAKE(&r, "}") && ex_cursor_left(&r.c) == 0;
}
