/* SPDX-License-Identifier: Apache-2.0 */
/* What the image says of its case: a line of keys and a line of values, with tabs between them.
 * docs/format/e01.md §3 */
#include "base/bytes.h"
#include "formats/ewf_write_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { REPLACEMENT = 0xFFFD };

/* The character at `text`, which has not ended; how many bytes it has. */
static size_t next_character(const char *text, uint32_t *ret) {
    const uint8_t *at = (const uint8_t *)text;
    size_t more = at[0] < 0x80 ? 0 : at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : 1;
    uint32_t u = at[0] & (0xFFU >> (more == 0 ? 0 : more + 2));
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) { /* also where the text ends */
            *ret = REPLACEMENT;
            return i;
        }
        u = u << 6 | (at[i] & 0x3F);
    }
    bool good = at[0] < 0x80 || (at[0] >= 0xC2 && u <= 0x10FFFF && (u < 0xD800 || u > 0xDFFF));
    *ret = good ? u : REPLACEMENT;
    return more + 1;
}

static bool is_control(uint32_t u) {
    return u < 0x20 || (u >= 0x7F && u < 0xA0) || u == 0x2028 || u == 0x2029;
}

/* One field, and the tab behind it. */
static void put_field(FILE *f, const char *text, size_t chars_max) {
    size_t units = 0, part;
    for (; text != NULL && *text != '\0'; text += part) {
        uint32_t u;
        part = next_character(text, &u);
        units += u >= 0x10000 ? 2 : 1;
        if (units > chars_max)
            break;
        if (is_control(u))
            (void)fputc(' ', f);
        else if (u == REPLACEMENT)
            (void)fputs("\xEF\xBF\xBD", f);
        else
            (void)fwrite(text, 1, part, f);
    }
}

static void put_fields(FILE *f, const char *const *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_field(f, text[i], EWF_TEXT_CHARS_MAX);
        (void)fputc('\t', f);
    }
}

static void put_programs(FILE *f, const struct ewf_texts *t) {
    put_field(f, t->program, EWF_PROGRAM_CHARS_MAX);
    (void)fputc('\t', f);
    put_field(f, t->system, EWF_SYSTEM_CHARS_MAX);
    (void)fputc('\t', f);
}

/* header2, its third form. The last two categories are what EnCase 6 writes of an image without
 * sources and subjects. */
static void print_wide(FILE *f, const struct ewf_texts *t) {
    const char *const fields[] = {t->description, t->case_number, t->evidence_number, t->examiner,
                                  t->notes,       t->model,       t->serial};
    (void)fputs("3\nmain\na\tc\tn\te\tt\tmd\tsn\tav\tov\tm\tu\tp\tdc\n", f);
    put_fields(f, fields, sizeof fields / sizeof fields[0]);
    put_programs(f, t);
    (void)fprintf(f, "%" PRId64 "\t%" PRId64 "\t0\t\n\n", t->acquired_s, t->acquired_s);
    (void)fputs("srce\n0\t1\np\tn\tid\tev\ttb\tlo\tpo\tah\tgu\taq\n0\t0\n\t\t\t\t\t-1\t-1\t\t\t\n\n"
                "sub\n0\t1\np\tn\tid\tnu\tco\tgu\n0\t0\n\t\t\t\t1\t\n\n",
                f);
}

/* header, its first form. Times are UTC: it has no field for a zone. */
static void print_narrow(FILE *f, const struct ewf_texts *t) {
    const char *const fields[] = {t->case_number, t->evidence_number, t->description, t->examiner,
                                  t->notes};
    char when[64] = "";
    struct tm tm;
    time_t s = (time_t)t->acquired_s;
    if (gmtime_r(&s, &tm) != NULL)
        (void)snprintf(when, sizeof when, "%d %d %d %d %d %d", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    (void)fputs("1\r\nmain\r\nc\tn\ta\te\tt\tav\tov\tm\tu\tp\r\n", f);
    put_fields(f, fields, sizeof fields / sizeof fields[0]);
    put_programs(f, t);
    (void)fprintf(f, "%s\t%s\t0\r\n\r\n", when, when);
}

/* In UTF-16 with its mark, or in ASCII with question marks for what it has not: `to` has room for
 * 2 bytes for each of `text`, and 2 more. */
static size_t encode(const char *text, bool wide, uint8_t *to) {
    size_t at = 0;
    if (wide)
        ex_put_le16(to, 0xFEFF);
    at += wide ? 2 : 0;
    for (uint32_t u; *text != '\0';) {
        text += next_character(text, &u);
        if (!wide) {
            to[at++] = (uint8_t)(u < 0x80 ? u : '?');
            continue;
        }
        if (u >= 0x10000) {
            ex_put_le16(to + at, (uint16_t)(0xD800 + ((u - 0x10000) >> 10)));
            at += 2;
            u = 0xDC00 + ((u - 0x10000) & 0x3FF);
        }
        ex_put_le16(to + at, (uint16_t)u);
        at += 2;
    }
    return at;
}

static ex_code compress(const uint8_t *data, size_t size_bytes, uint8_t **ret, size_t *ret_bytes,
                        struct ex_error *err) {
    EX_AUTO(ewf_packer_free) struct ewf_packer *p = ewf_packer_new();
    size_t room = size_bytes + size_bytes / 64 + 256;
    EX_AUTO_FREE uint8_t *to = ex_new0_bytes(room);
    *ret_bytes = ewf_deflate(p, data, size_bytes, to, room);
    if (*ret_bytes == 0)
        return ex_fail(err, EX_INTERNAL, "a header could not be compressed");
    *ret = ex_steal(&to);
    return EX_OK;
}

ex_code ewf_make_text(const struct ewf_texts *t, bool wide, uint8_t **ret, size_t *ret_bytes,
                      struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a header");
    if (wide)
        print_wide(f, t);
    else
        print_narrow(f, t);
    if (fclose(f) != 0)
        return ex_fail(err, EX_NOMEM, "no memory for a header");
    EX_AUTO_FREE uint8_t *encoded = ex_new0_bytes(2 * size + 2);
    return compress(encoded, encode(text, wide, encoded), ret, ret_bytes, err);
}
