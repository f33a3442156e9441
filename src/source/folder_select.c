/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken: format/folder §6. */
#include "source/folder.h"

#include <string.h>

void folder_selection_init(struct folder_selection *s) {
    *s = (struct folder_selection){.max_size_bytes = UINT64_MAX, .types = FOLDER_TYPES_ALL};
}

bool folder_selection_is_all(const struct folder_selection *s) {
    return s->include == NULL && s->exclude == NULL && !s->has_newer && !s->has_older &&
           s->min_size_bytes == 0 && s->max_size_bytes == UINT64_MAX &&
           s->types == FOLDER_TYPES_ALL;
}

/* Behind "[": does it fit, and where does the set end? NULL: it is no set, but a bracket. */
static const char *match_set(const char *p, const char *end, unsigned char ch, bool *ret_fits) {
    bool negative = p < end && (*p == '!' || *p == '^'), fits = false;
    p += negative ? 1 : 0;
    for (const char *first = p; p < end && (*p != ']' || p == first);) {
        unsigned char low = (unsigned char)*p++, high = low;
        if (end - p >= 2 && p[0] == '-' && p[1] != ']') {
            high = (unsigned char)p[1];
            p += 2;
        }
        fits |= low <= ch && ch <= high;
    }
    *ret_fits = fits != negative;
    return p < end ? p + 1 : NULL;
}

/* One part of the pattern that is no star; NULL: it does not fit. */
static const char *match_one(const char *p, const char *end, char ch) {
    bool fits;
    const char *behind = *p == '[' ? match_set(p + 1, end, (unsigned char)ch, &fits) : NULL;
    if (behind != NULL)
        return fits ? behind : NULL;
    if (*p == '?')
        return p + 1;
    if (*p == '\\' && p + 1 < end)
        p++;
    return *p == ch ? p + 1 : NULL;
}

/* Bytes, whatever the locale; never more than pattern × text steps: only the last star moves. */
static bool match(const char *p, const char *end, const char *text, const char *text_end) {
    const char *star = NULL, *star_text = NULL;
    while (text < text_end) {
        const char *next = p < end && *p != '*' ? match_one(p, end, *text) : NULL;
        if (next != NULL) {
            p = next;
            text++;
        } else if (p < end && *p == '*') {
            star = ++p;
            star_text = text;
        } else if (star != NULL) {
            p = star;
            text = ++star_text;
        } else
            return false;
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

/* A pattern without a slash is about a name, one with a slash about the path from the folder on. */
static bool match_pattern(const char *p, const char *end, const char *path) {
    bool whole = memchr(p, '/', (size_t)(end - p)) != NULL;
    if (p < end && *p == '/')
        p++;
    while (end > p && end[-1] == '/')
        end--;
    if (p == end)
        return false;
    const char *start = path;
    for (const char *at = path;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        if (match(p, end, whole ? path : start, at))
            return true;
        if (*at == '\0')
            return false;
        start = at + 1;
    }
}

bool folder_match(const char *patterns, const char *path) {
    if (patterns == NULL)
        return false;
    for (const char *p = patterns;;) {
        const char *end = p;
        while (*end != '\0' && *end != ',') {
            if (*end == '[' && strchr(end + 1, ']') != NULL && end[1] == ',')
                end += 2; /* "[,]" is how a comma is written */
            else
                end++;
        }
        if (match_pattern(p, end, path))
            return true;
        if (*end == '\0')
            return false;
        p = end + 1;
    }
}

bool folder_report_is_partial(const struct folder_report *r) {
    uint64_t bad = r->changed + r->padded + r->unreadable + r->cut + r->attributes_lost;
    for (int why = FOLDER_LEFT_LAST + 1; why < FOLDER_WHY_COUNT; why++)
        bad += r->omitted[why];
    return bad > 0;
}

const char *folder_type_word(unsigned type) {
    return type == FOLDER_FILE      ? "file"
           : type == FOLDER_SYMLINK ? "symlink"
           : type == FOLDER_FIFO    ? "fifo"
           : type == FOLDER_SOCKET  ? "socket"
                                    : "device";
}

const char *folder_why_word(enum folder_why why) {
    static const char *const word[FOLDER_WHY_COUNT] = {
        [FOLDER_TAKEN] = "taken",
        [FOLDER_LEFT_PATTERN] = "pattern",
        [FOLDER_LEFT_TIME] = "time",
        [FOLDER_LEFT_SIZE] = "size",
        [FOLDER_LEFT_TYPE] = "type",
        [FOLDER_LEFT_FILE_SYSTEM] = "one-file-system",
        [FOLDER_LEFT_SOCKET] = "socket",
        [FOLDER_NOT_PERMITTED] = "not-permitted",
        [FOLDER_NOT_READ] = "not-read",
        [FOLDER_VANISHED] = "vanished",
        [FOLDER_LOOP] = "loop",
        [FOLDER_LIMIT] = "limit",
        [FOLDER_DIR_CHANGED] = "directory-changed",
        [FOLDER_OTHER_FILE_SYSTEM] = "other-file-system",
        [FOLDER_THIS_VAULT] = "this-vault",
    };
    return word[why];
}
