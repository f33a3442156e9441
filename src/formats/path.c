/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/path_internal.h"
#include "base/cursor.h"

#include <stdio.h>

#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) (oom = true)
#include <uthash.h>

/* ---- characters ---- */

uint32_t path_next_character(struct ex_cursor *c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = ex_cursor_u8(c);
    struct ex_cursor ahead = *c;
    if (first < 0x80)
        return first;
    unsigned bytes = first >= 0xF8   ? 0
                     : first >= 0xF0 ? 4
                     : first >= 0xE0 ? 3
                     : first >= 0xC0 ? 2
                                     : 0;
    if (bytes == 0)
        return PATH_NO_CHARACTER;
    uint32_t character = first & (0x7Fu >> bytes);
    for (unsigned i = 1; i < bytes; i++) {
        uint32_t next = ex_cursor_u8(&ahead);
        if ((next & 0xC0) != 0x80) /* also past the end, where the cursor gives 0 */
            return PATH_NO_CHARACTER;
        character = character << 6 | (next & 0x3F);
    }
    if (character < least[bytes] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF))
        return PATH_NO_CHARACTER;
    *c = ahead;
    return character;
}

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t ch, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ch >= ranges[i].first && ch <= ranges[i].last)
            return true;
    return false;
}

#define IN(ch, ranges) in_ranges((ch), (ranges), sizeof(ranges) / sizeof(ranges)[0])

static unsigned character_faults(uint32_t ch) {
    static const struct range control[] = {{0x01, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x2029}};
    static const struct range direction[] = {
        {0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
    static const struct range not_composed[] = {
        {0x0300, 0x036F}, {0x0374, 0x0374},  {0x037E, 0x037E}, {0x0387, 0x0387}, {0x1100, 0x11FF},
        {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},  {0x2000, 0x2001}, {0x20D0, 0x20FF}, {0x2126, 0x2126},
        {0x212A, 0x212B}, {0x3099, 0x309A},  {0xA960, 0xA97F}, {0xD7B0, 0xD7FF}, {0xF900, 0xFAFF},
        {0xFE20, 0xFE2F}, {0x2F800, 0x2FA1F}};
    if (ch == PATH_NO_CHARACTER)
        return PATH_NOT_UTF8 | PATH_NOT_ASCII;
    return (ch == 0 ? PATH_NUL : 0u) | (ch == '\\' ? PATH_BACKSLASH : 0u) |
           (ch > 0x7F ? PATH_NOT_ASCII : 0u) | (IN(ch, control) ? PATH_CONTROL : 0u) |
           (IN(ch, direction) ? PATH_DIRECTION : 0u) |
           (IN(ch, not_composed) ? PATH_NOT_COMPOSED : 0u);
}

/* ---- faults ---- */

static unsigned part_faults(const char *part, size_t size) {
    if (size == 0 || (size == 1 && part[0] == '.'))
        return PATH_PARTS;
    if (size == 2 && part[0] == '.' && part[1] == '.')
        return PATH_OUT;
    return size > PATH_PART_BYTES_MAX ? PATH_LONG : 0;
}

static unsigned beginning_faults(const char *path, size_t size) {
    unsigned first = size > 0 ? (unsigned char)path[0] | 0x20u : 0;
    bool letter = first >= 'a' && first <= 'z';
    if (size == 0)
        return PATH_EMPTY;
    return (path[0] == '/' ? PATH_ABSOLUTE : 0u) | (path[0] == '~' ? PATH_HOME : 0u) |
           (letter && size > 1 && path[1] == ':' ? PATH_DRIVE : 0u);
}

unsigned path_faults(const char *path, size_t size_bytes) {
    unsigned faults = beginning_faults(path, size_bytes);
    size_t start = 0, parts = 0;
    if (size_bytes > PATH_BYTES_MAX)
        return faults | PATH_LONG; /* and no more is looked at */
    for (size_t i = 0; i <= size_bytes && size_bytes > 0; i++) {
        if (i < size_bytes && path[i] != '/')
            continue;
        faults |= part_faults(path + start, i - start);
        start = i + 1;
        parts++;
    }
    struct ex_cursor c = ex_cursor_make(path, size_bytes);
    while (ex_cursor_left(&c) > 0)
        faults |= character_faults(path_next_character(&c));
    return faults | (parts > PATH_PARTS_MAX ? PATH_LONG : 0u);
}

const char *path_fault_text(unsigned faults) {
    static const char *const text[] = {"is empty",
                                       "is too long",
                                       "has a NUL in it",
                                       "is absolute",
                                       "leads out of its directory (\"..\")",
                                       "begins with ~, a home directory",
                                       "begins with the letter of a drive",
                                       "has an empty part or a part \".\"",
                                       "is not UTF-8",
                                       "has a control character in it",
                                       "has a backslash in it",
                                       "has a character in it that turns the direction of writing",
                                       "has a character in it that has another spelling",
                                       "is not ASCII"};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        if ((faults & (1u << i)) != 0)
            return text[i];
    return "is sound";
}

bool path_text_valid(const char *text, size_t size_bytes, bool ascii_only) {
    struct ex_cursor c = ex_cursor_make(text, size_bytes);
    while (ex_cursor_left(&c) > 0)
        if (path_next_character(&c) >
            (ascii_only ? 0x7F : 0x10FFFF)) /* PATH_NO_CHARACTER is larger still */
            return false;
    return true;
}

char *path_print(char *to, size_t to_bytes, const char *path, size_t size_bytes) {
    struct ex_cursor c = ex_cursor_make(path, size_bytes);
    size_t used = 0;
    to[0] = '\0';
    while (ex_cursor_left(&c) > 0) {
        const char *at = path + c.pos;
        unsigned faults = character_faults(path_next_character(&c));
        size_t bytes = (size_t)(path + c.pos - at);
        bool plain = (faults & (PATH_NUL | PATH_NOT_UTF8 | PATH_CONTROL | PATH_DIRECTION)) == 0;
        if (used + (plain ? bytes : 4 * bytes) + sizeof "..." > to_bytes) {
            (void)snprintf(to + used, to_bytes - used, "...");
            break;
        }
        for (size_t i = 0; !plain && i < bytes; i++, used += 4)
            (void)snprintf(to + used, to_bytes - used, "\\x%02x", (unsigned char)at[i]);
        if (plain) {
            memcpy(to + used, at, bytes);
            used += bytes;
            to[used] = '\0';
        }
    }
    return to;
}

/* ---- the set ---- */

struct name {
    char *folded;
    char *spelled; /* `folded` itself when they are equal */
    bool directory, listed;
    UT_hash_handle hh;
};

struct path_set {
    struct name *names;
    size_t bytes;
};

struct path_set *path_set_new(void) {
    return ex_new0(struct path_set);
}

static void name_free(struct name *n) {
    if (n->spelled != n->folded)
        free(n->spelled);
    free(n->folded);
    free(n);
}

void path_set_free(struct path_set *s) {
    struct name *n, *next;
    if (s == NULL)
        return;
    HASH_ITER(hh, s->names, n, next) {
        HASH_DEL(s->names, n);
        name_free(n);
    }
    free(s);
}

static char *copy(const char *text, size_t size) {
    char *p = malloc(size + 1);
    if (p != NULL) {
        memcpy(p, text, size);
        p[size] = '\0';
    }
    return p;
}

static void fold(char *to, const char *from, size_t size) {
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + ('a' - 'A') : from[i]);
}

static ex_code add(struct path_set *s, const char *spelled, const char *folded, size_t size,
                   bool directory, bool listed, struct ex_error *err) {
    bool oom = false;
    bool same = memcmp(spelled, folded, size) == 0;
    s->bytes += sizeof(struct name) + (same ? 1 : 2) * (size + 1);
    if (s->bytes > PATH_SET_BYTES_MAX)
        return ex_fail(err, EX_LIMIT,
                       "the names of the files are larger than their limit of %zu bytes",
                       PATH_SET_BYTES_MAX);
    struct name *n = calloc(1, sizeof *n);
    if (n != NULL) {
        n->folded = copy(folded, size);
        n->spelled = same ? n->folded : copy(spelled, size);
        n->directory = directory;
        n->listed = listed;
        if (n->folded != NULL && n->spelled != NULL)
            HASH_ADD_KEYPTR(hh, s->names, n->folded, size, n);
    }
    if (n == NULL || n->folded == NULL || n->spelled == NULL || oom) {
        if (n != NULL)
            name_free(n);
        return ex_fail(err, EX_NOMEM, "no memory for the names of the files");
    }
    return EX_OK;
}

static struct name *find(const struct path_set *s, const char *folded, size_t size) {
    struct name *n;
    HASH_FIND(hh, s->names, folded, size, n);
    return n;
}

/* How a directory above the name, or the name itself, stands to what is there. */
static enum path_known meet(const struct name *n, const char *spelled, size_t size,
                            bool directory) {
    if (strlen(n->spelled) != size || memcmp(n->spelled, spelled, size) != 0)
        return PATH_OTHER_CASE;
    return n->directory != directory ? PATH_FILE_AND_FOLDER : PATH_NEW;
}

/* The directories above, from the deepest: those above one that is known are known too. */
static ex_code add_parents(struct path_set *s, const char *path, const char *folded, size_t size,
                           enum path_known *ret, const char **ret_other, struct ex_error *err) {
    for (size_t i = size; i > 1; i--) {
        if (path[i - 1] != '/')
            continue;
        const struct name *n = find(s, folded, i - 1);
        if (n == NULL) {
            EX_TRY(add(s, path, folded, i - 1, true, false, err));
            continue;
        }
        *ret = meet(n, path, i - 1, true);
        *ret_other = *ret == PATH_NEW ? NULL : n->spelled;
        return EX_OK;
    }
    return EX_OK;
}

ex_code path_set_add(struct path_set *s, const char *path, bool directory, enum path_known *ret,
                     const char **ret_other, struct ex_error *err) {
    char folded[PATH_BYTES_MAX + 1] = "";
    size_t size = strlen(path);
    *ret = PATH_NEW;
    *ret_other = NULL;
    if (size > PATH_BYTES_MAX)
        return ex_fail(err, EX_LIMIT, "the name of a file is too long");
    fold(folded, path, size);
    struct name *n = find(s, folded, size);
    if (n == NULL) {
        EX_TRY(add_parents(s, path, folded, size, ret, ret_other, err));
        return add(s, path, folded, size, directory, true, err);
    }
    *ret = meet(n, path, size, directory);
    if (*ret == PATH_NEW && n->listed)
        *ret = PATH_TWICE;
    n->listed = true;
    *ret_other = *ret == PATH_NEW ? NULL : n->spelled;
    return EX_OK;
}
