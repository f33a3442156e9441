/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and fetch.txt. */
#include "formats/bagit_internal.h"

#include <stdio.h>

void bagit_list_clear(struct bagit_list *list) {
    free(list->entries);
    free(list->text);
    *list = (struct bagit_list){0};
}

static void first_line(unsigned *line, unsigned number) {
    if (*line == 0)
        *line = number;
}

/* ---- paths ---- */

/* The character that %XX stands for; '\0' for every other. Before 1.0 a % stood for itself, and
 * only line breaks were encoded. */
static char encoded(const char *at, bool is_1_0) {
    if (at[1] == '0' && (at[2] == 'A' || at[2] == 'a'))
        return '\n';
    if (at[1] == '0' && (at[2] == 'D' || at[2] == 'd'))
        return '\r';
    return is_1_0 && at[1] == '2' && at[2] == '5' ? '%' : '\0';
}

/* In place. True when a % was left as it was. */
static bool decode_percent(char *path, bool is_1_0) {
    char *to = path;
    bool bare = false;
    for (const char *from = path; *from != '\0'; from++) {
        char ch = *from == '%' ? encoded(from, is_1_0) : '\0';
        bare |= *from == '%' && ch == '\0';
        *to++ = ch == '\0' ? *from : ch;
        from += ch == '\0' ? 0 : 2;
    }
    *to = '\0';
    return bare;
}

struct reading {
    const struct bagit_declaration *d;
    bool tag;
    struct bagit_list list;
    unsigned line;
};

static ex_code wrong_path(const struct reading *r, const char *path, const char *why,
                          struct ex_error *err) {
    char printed[PATH_PRINTED_BYTES];
    return ex_fail(err, EX_FORMAT, "names \"%s\" in line %u, which %s",
                   path_print(printed, sizeof printed, path, strlen(path)), r->line, why);
}

/* A path as written to one that can be compared, inside the line. */
static ex_code take_path(struct reading *r, char *written, const char **ret, struct ex_error *err) {
    bool is_1_0 = bagit_is_1_0(r->d);
    struct bagit_form *form = &r->list.form;
    if (decode_percent(written, is_1_0) && is_1_0)
        first_line(&form->percent_line, r->line);
    while (written[0] == '.' && written[1] == '/') {
        first_line(&form->dot_line, r->line);
        written += 2;
    }
    unsigned faults = path_faults(written, strlen(written)) & BAGIT_GRAVE;
    if (faults != 0)
        return wrong_path(r, written, path_fault_text(faults), err);
    if (!r->tag && !bagit_in_payload(written))
        return wrong_path(r, written, "is not in data/", err);
    if (r->tag && bagit_in_payload(written))
        return wrong_path(r, written, "is in data/", err);
    *ret = written;
    return EX_OK;
}

static ex_code add(struct reading *r, struct bagit_entry entry, struct ex_error *err) {
    struct bagit_list *list = &r->list;
    EX_TRY(ex_grow(&list->entries, &list->capacity, list->count + 1, sizeof *list->entries,
                   4 * BAGIT_TAG_FILE_BYTES_MAX, "a tag file", err));
    entry.line = r->line;
    list->entries[list->count++] = entry;
    return EX_OK;
}

/* ---- manifests (§2.1.3, §2.2.1) ---- */

/* Lower-cases a digest in place; false when it is none of this many bytes. */
static bool take_hex(char *text, size_t size, size_t digest_bytes) {
    uint8_t ignored[BAGIT_DIGEST_BYTES_MAX];
    for (size_t i = 0; i < size; i++)
        if (text[i] >= 'A' && text[i] <= 'F')
            text[i] = (char)(text[i] + ('a' - 'A'));
    return ex_parse_hex(text, size, ignored, digest_bytes);
}

static ex_code take_manifest_line(struct reading *r, char *line, enum bagit_algorithm a,
                                  struct ex_error *err) {
    size_t digits = strcspn(line, " \t");
    char *path = line + digits + strspn(line + digits, " \t");
    struct bagit_entry entry = {.hex = line};
    if (!take_hex(line, digits, bagit_algorithm_bytes(a)) || path == line + digits)
        return ex_fail(err, EX_FORMAT, "has no %s, space and path in line %u",
                       bagit_algorithm_name(a), r->line);
    line[digits] = '\0';
    if (path[0] == '*') { /* md5sum's sign for "binary" */
        first_line(&r->list.form.star_line, r->line);
        path++;
    }
    EX_TRY(take_path(r, path, &entry.path, err));
    return add(r, entry, err);
}

/* ---- fetch.txt (§2.2.3) ---- */

/* The next word, with a NUL behind it; NULL when there is none with space behind it. */
static char *word(char **at) {
    char *start = *at;
    size_t size = strcspn(start, " \t");
    if (size == 0 || start[size] == '\0')
        return NULL;
    start[size] = '\0';
    *at = start + size + 1 + strspn(start + size + 1, " \t");
    return start;
}

static ex_code take_fetch_line(struct reading *r, char *line, struct ex_error *err) {
    uint64_t bytes;
    char *url = word(&line);
    char *length = url == NULL ? NULL : word(&line);
    struct bagit_entry entry = {.url = url};
    if (length == NULL ||
        (strcmp(length, "-") != 0 && !ex_parse_decimal(length, strlen(length), &bytes)))
        return ex_fail(err, EX_FORMAT, "has no URL, length and path in line %u", r->line);
    EX_TRY(take_path(r, line, &entry.path, err));
    return add(r, entry, err);
}

/* ---- both ---- */

/* BAGIT_ALGORITHMS: fetch.txt. */
static ex_code read_list(struct reading *r, const void *data, size_t size_bytes,
                         enum bagit_algorithm a, struct bagit_list *ret, struct ex_error *err) {
    struct bagit_lines l = {0};
    ex_code code = bagit_text_decode(data, size_bytes, r->d->encoding, &r->list.text, &l.left,
                                     &r->list.form.mark, err);
    l.text = r->list.text;
    while (code == EX_OK) {
        size_t size;
        char *line = bagit_next_line(&l, &size);
        if (line == NULL)
            break;
        r->line = l.number;
        if (size > 0)
            code = a == BAGIT_ALGORITHMS ? take_fetch_line(r, line, err)
                                         : take_manifest_line(r, line, a, err);
    }
    if (code != EX_OK) {
        bagit_list_clear(&r->list);
        return code;
    }
    *ret = r->list;
    return EX_OK;
}

ex_code bagit_parse_manifest(const void *data, size_t size_bytes, const struct bagit_declaration *d,
                             bool tag, enum bagit_algorithm algorithm, struct bagit_list *ret,
                             struct ex_error *err) {
    struct reading r = {.d = d, .tag = tag};
    return read_list(&r, data, size_bytes, algorithm, ret, err);
}

ex_code bagit_parse_fetch(const void *data, size_t size_bytes, const struct bagit_declaration *d,
                          struct bagit_list *ret, struct ex_error *err) {
    struct reading r = {.d = d};
    return read_list(&r, data, size_bytes, BAGIT_ALGORITHMS, ret, err);
}
