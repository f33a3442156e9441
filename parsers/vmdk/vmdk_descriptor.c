/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor: lines of text, key=value, and one line for each extent. */
#include "parsers/vmdk/vmdk_internal.h"

#include <strings.h>

struct word {
    const char *text;
    size_t size;
};

static bool is_blank(char ch) {
    return ch == ' ' || ch == '\t' || ch == '\r';
}

static struct word trimmed(const char *text, size_t size) {
    while (size > 0 && is_blank(*text)) {
        text++;
        size--;
    }
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    return (struct word){text, size};
}

/* The next word, or what stands in quotes; empty at the end. */
static struct word next_word(struct word *line) {
    struct word w;
    *line = trimmed(line->text, line->size);
    bool quoted = line->size > 0 && line->text[0] == '"';
    size_t from = quoted ? 1 : 0, end = from;
    while (end < line->size && (quoted ? line->text[end] != '"' : !is_blank(line->text[end])))
        end++;
    w = (struct word){line->text + from, end - from};
    end += quoted && end < line->size;
    *line = (struct word){line->text + end, line->size - end};
    return w;
}

static bool is(struct word w, const char *text) {
    return w.size == strlen(text) && strncasecmp(w.text, text, w.size) == 0;
}

static void keep(struct word w, char *to, size_t to_bytes) {
    size_t size = w.size < to_bytes - 1 ? w.size : to_bytes - 1;
    memcpy(to, w.text, size);
    to[size] = '\0';
}

/* ---- RW 4192256 SPARSE "disk-s001.vmdk" [offset] ---- */

static enum vmdk_kind kind_of(struct word type) {
    if (is(type, "FLAT") || is(type, "VMFS"))
        return VMDK_FLAT;
    if (is(type, "SPARSE"))
        return VMDK_SPARSE;
    return is(type, "ZERO") ? VMDK_ZERO : VMDK_OTHER;
}

static ex_code take_extent(struct vmdk *v, struct word line, struct ex_error *err) {
    struct vmdk_extent x = {.code = EX_OK};
    uint64_t sectors = 0, offset = 0;
    (void)next_word(&line); /* RW, RDONLY, NOACCESS: of a program that runs on it */
    struct word count = next_word(&line), type = next_word(&line), name = next_word(&line);
    struct word at = next_word(&line);
    if (!ex_parse_decimal(count.text, count.size, &sectors) || type.size == 0 ||
        (at.size > 0 && !ex_parse_decimal(at.text, at.size, &offset)))
        return ex_fail(err, EX_FORMAT, "extent %zu of the descriptor is not written as one",
                       v->count + 1);
    x.kind = kind_of(type);
    if (sectors > (INT64_MAX - v->size_bytes) / VMDK_SECTOR_BYTES ||
        offset > INT64_MAX / VMDK_SECTOR_BYTES || name.size > VMDK_NAME_BYTES_MAX ||
        (name.size == 0 && x.kind != VMDK_ZERO))
        return ex_fail(err, EX_FORMAT,
                       "extent %zu of the descriptor has %llu sectors and a name of %zu bytes",
                       v->count + 1, (unsigned long long)sectors, name.size);
    keep(type, x.type, sizeof x.type);
    x.from = v->size_bytes;
    x.size_bytes = sectors * VMDK_SECTOR_BYTES;
    x.at = offset * VMDK_SECTOR_BYTES;
    EX_TRY(ex_grow(&v->extent, &v->capacity, v->count + 1, sizeof x, VMDK_EXTENTS_MAX * sizeof x,
                   "extents", err));
    EX_TRY(ex_alloc(name.size + 1, 1, VMDK_NAME_BYTES_MAX + 1, "a name", &x.name, err));
    memcpy(x.name, name.text, name.size);
    v->extent[v->count++] = x;
    v->size_bytes += x.size_bytes;
    return EX_OK;
}

/* ---- key=value ---- */

static void take_setting(struct vmdk *v, struct word line) {
    const char *equals = memchr(line.text, '=', line.size);
    if (equals == NULL)
        return;
    struct word key = trimmed(line.text, (size_t)(equals - line.text));
    struct word rest = {equals + 1, line.size - (size_t)(equals + 1 - line.text)};
    struct word value = next_word(&rest);
    if (is(key, "createType"))
        keep(value, v->create_type, sizeof v->create_type);
    else if (is(key, "CID"))
        keep(value, v->id, sizeof v->id);
    else if (is(key, "parentCID"))
        keep(value, v->parent_id, sizeof v->parent_id);
    else if (is(key, "parentFileNameHint"))
        keep(value, v->parent_name, sizeof v->parent_name);
}

ex_code vmdk_read_descriptor(struct vmdk *v, const char *text, size_t size_bytes,
                             struct ex_error *err) {
    size_t end = strnlen(text, size_bytes); /* in a sparse file zeros follow */
    for (size_t at = 0, size; at < end; at += size + 1) {
        const char *lf = memchr(text + at, '\n', end - at);
        size = lf == NULL ? end - at : (size_t)(lf - (text + at));
        struct word line = trimmed(text + at, size), rest = line;
        struct word first = next_word(&rest);
        if (is(first, "RW") || is(first, "RDONLY") || is(first, "NOACCESS"))
            EX_TRY(take_extent(v, line, err));
        else if (line.size > 0 && line.text[0] != '#')
            take_setting(v, line);
    }
    return v->count > 0 ? EX_OK : ex_fail(err, EX_FORMAT, "the descriptor names no extent");
}
