/* SPDX-License-Identifier: Apache-2.0 */
/* PDF (ISO 32000-1, 7.5), RTF 1.9.1. */
#include "parsers/carve/carve_internal.h"

#include <ctype.h>

#define PDF_FIRST_BYTES_MAX ((uint64_t)256 << 20) /* to the end of its first state … */
#define PDF_NEXT_BYTES_MAX  ((uint64_t)16 << 20)  /* … and of each later one */
#define RTF_BYTES_MAX       ((uint64_t)64 << 20)
enum { PDF_PART_BYTES = 1 << 20, START_BYTES = 64, RTF_DEPTH_MAX = 10000, RTF_BYTES_MIN = 16 };

/* ---- PDF ---- */

/* "startxref", white space, a number, white space: what stands before an end; false: no such. */
static bool take_start(struct carving *c, uint64_t begin, uint64_t end, uint64_t *ret) {
    static const char WORD[] = "startxref";
    struct ex_cursor k;
    size_t size = end - begin < START_BYTES ? (size_t)(end - begin) : (size_t)START_BYTES;
    if (size == 0 || !carve_get(c, end - size, size, &k))
        return false;
    const uint8_t *word = NULL, *stop = k.data + k.size;
    for (const uint8_t *p = k.data; (p = memmem(p, (size_t)(stop - p), WORD, 9)) != NULL; p += 9)
        word = p + 9;
    if (word == NULL)
        return false;
    while (word < stop && isspace(*word))
        word++;
    const uint8_t *digits = word;
    while (word < stop && isdigit(*word))
        word++;
    size_t count = (size_t)(word - digits);
    while (word < stop && isspace(*word))
        word++;
    *ret = 0;
    for (size_t i = 0; i < count && count <= 12; i++)
        *ret = *ret * 10 + (uint64_t)(digits[i] - '0');
    return word == stop && count >= 1 && count <= 12;
}

/* A table of references, or the object that is one. */
static bool is_table(struct carving *c, uint64_t at) {
    struct ex_cursor k;
    if (!carve_get(c, at, 32, &k))
        return false;
    size_t i = 0;
    while (i < 4 && isspace(k.data[i]))
        i++;
    if (carve_is(&k, i, "xref", 4))
        return true;
    size_t from = i;
    while (i < k.size && (isdigit(k.data[i]) || k.data[i] == ' '))
        i++;
    return i > from && isdigit(k.data[from]) && carve_is(&k, i, "obj", 3);
}

/* The next header at the beginning of a sector: another file's. */
static uint64_t next_header(struct carving *c, uint64_t from, uint64_t to) {
    uint64_t at = from;
    while (carve_find(c, at, to, "%PDF-", 5, &at)) {
        if (at % CARVE_SECTOR_BYTES == 0)
            return at;
        at++;
    }
    return to;
}

struct pdf {
    struct carving *c;
    uint64_t begin, stop; /* stop: it does not go on behind this */
    uint64_t end;         /* of its last state; 0: none was found */
};

/* An end of a state, if what stands before it leads to a table. */
static void take_end(struct pdf *f, uint64_t mark) {
    struct ex_cursor k;
    uint64_t start;
    if (!take_start(f->c, f->begin, mark, &start) || start == 0 || start >= mark - f->begin ||
        !is_table(f->c, f->begin + start))
        return;
    f->end = mark + 5;
    if (carve_get(f->c, f->end, 1, &k) && k.data[0] == '\r')
        f->end++;
    if (carve_get(f->c, f->end, 1, &k) && k.data[0] == '\n')
        f->end++;
    f->stop = f->c->size - f->end < PDF_NEXT_BYTES_MAX ? f->c->size : f->end + PDF_NEXT_BYTES_MAX;
}

enum carve_verdict carve_pdf(struct carving *c, uint64_t at, struct carved *ret) {
    struct ex_cursor k;
    struct pdf f = {.c = c, .begin = at};
    uint64_t p = at + 8, mark;
    if (!carve_get(c, at, 8, &k) || (k.data[5] != '1' && k.data[5] != '2') || k.data[6] != '.' ||
        !isdigit(k.data[7]))
        return CARVE_NO;
    f.stop = c->size - at < PDF_FIRST_BYTES_MAX ? c->size : at + PDF_FIRST_BYTES_MAX;
    while (p < f.stop && c->code == EX_OK && !c->spent) { /* in parts: another may begin soon */
        uint64_t part = f.stop - p < PDF_PART_BYTES ? f.stop : p + PDF_PART_BYTES;
        uint64_t other = next_header(c, p, part);
        while (carve_find(c, p, other, "%%EOF", 5, &mark)) {
            take_end(&f, mark);
            p = mark + 5;
        }
        if (other < part)
            break;
        p = part > p ? part : p;
    }
    ret->length = f.end - at;
    return f.end > 0 ? CARVE_WHOLE : CARVE_NO;
}

/* ---- RTF ---- */

struct rtf {
    struct carving *c;
    uint64_t at, end;
    unsigned depth;
};

/* Behind a backslash: a control word, whose "bin" says how many bytes of any kind follow. */
static bool pass_control(struct rtf *r) {
    struct ex_cursor k;
    char word[4] = {0};
    uint64_t number = 0;
    size_t size = 0;
    for (; carve_get(r->c, r->at, 1, &k) && isalpha(k.data[0]); r->at++)
        if (size++ < 3)
            word[size - 1] = (char)k.data[0];
    if (size == 0) { /* one character, whatever it is */
        r->at++;
        return true;
    }
    bool negative = carve_get(r->c, r->at, 1, &k) && k.data[0] == '-';
    r->at += negative ? 1 : 0;
    for (; carve_get(r->c, r->at, 1, &k) && isdigit(k.data[0]) && number < UINT32_MAX; r->at++)
        number = number * 10 + (uint64_t)(k.data[0] - '0');
    if (size != 3 || memcmp(word, "bin", 3) != 0)
        return size <= 40;
    r->at += (carve_get(r->c, r->at, 1, &k) && k.data[0] == ' ' ? 1 : 0) + (negative ? 0 : number);
    return true;
}

/* Text up to the next brace or backslash. A NUL is in none. */
static bool pass_text(struct rtf *r) {
    struct ex_cursor k;
    if (!carve_some(r->c, r->at, &k))
        return false;
    for (size_t i = 0; i < k.size; i++) {
        uint8_t ch = k.data[i];
        if (ch == '{' || ch == '}' || ch == '\\') {
            r->at += i;
            return true;
        }
        if (ch < ' ' && ch != '\t' && ch != '\r' && ch != '\n')
            return false;
    }
    r->at += k.size;
    return true;
}

enum carve_verdict carve_rtf(struct carving *c, uint64_t at, struct carved *ret) {
    struct rtf r = {.c = c, .at = at, .end = at + RTF_BYTES_MAX};
    struct ex_cursor k;
    while (r.at < r.end && carve_get(c, r.at, 1, &k)) {
        uint8_t ch = k.data[0];
        bool passed = true;
        r.at += ch == '{' || ch == '}' || ch == '\\' ? 1 : 0;
        if (ch == '{')
            passed = r.depth++ < RTF_DEPTH_MAX;
        else if (ch == '}')
            r.depth--;
        else
            passed = ch == '\\' ? pass_control(&r) : pass_text(&r);
        if (!passed)
            return CARVE_NO;
        if (r.depth > 0)
            continue;
        ret->length = r.at - at;
        return ret->length >= RTF_BYTES_MIN && r.at <= c->size ? CARVE_WHOLE : CARVE_NO;
    }
    return CARVE_NO;
}
