/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of docs/format/traces.md, a line at a time. */
#include "examine/examine_internal.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { LINE_BYTES_MAX = 1 << 20, SECONDS_DIGITS = 9 };

/* ---- text ---- */

ex_code line_add(struct line *l, const char *text, size_t size_bytes, struct ex_error *err) {
    EX_TRY(ex_grow(&l->text, &l->capacity, l->bytes + size_bytes, 1, 8 * LINE_BYTES_MAX,
                   "a line about a trace", err));
    memcpy(l->text + l->bytes, text, size_bytes);
    l->bytes += size_bytes;
    return EX_OK;
}

ex_code line_format(struct line *l, struct ex_error *err, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text)
        return ex_fail(err, EX_INTERNAL, "a part of a line is too long");
    return line_add(l, text, (size_t)length, err);
}

/* How many bytes a well-formed character of UTF-8 has here (Unicode 15, table 3-7); 0: none. */
static size_t character(const uint8_t *at, size_t left) {
    uint8_t c = at[0];
    size_t size = c < 0x80                ? 1
                  : c >= 0xC2 && c < 0xE0 ? 2
                  : (c & 0xF0) == 0xE0    ? 3
                  : c >= 0xF0 && c < 0xF5 ? 4
                                          : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) || (c == 0xF0 && at[1] < 0x90) ||
        (c == 0xF4 && at[1] > 0x8F))
        return 0;
    return size;
}

ex_code line_string(struct line *l, const void *bytes, size_t size_bytes, bool *ret_replaced,
                    struct ex_error *err) {
    const uint8_t *at = bytes;
    size_t plain = 0; /* that can be copied as they are */
    *ret_replaced = false;
    EX_TRY(line_add(l, "\"", 1, err));
    for (size_t i = 0; i < size_bytes;) {
        size_t size = at[i] == '\0' ? 0 : character(at + i, size_bytes - i);
        bool escaped = size == 0 || at[i] < 0x20 || at[i] == '"' || at[i] == '\\';
        if (escaped) {
            EX_TRY(line_add(l, (const char *)at + plain, i - plain, err));
            if (size == 0)
                EX_TRY(line_add(l, "\xef\xbf\xbd", 3, err));
            else if (at[i] < 0x20)
                EX_TRY(line_format(l, err, "\\u%04x", at[i]));
            else
                EX_TRY(line_format(l, err, "\\%c", at[i]));
            *ret_replaced = *ret_replaced || size == 0;
        }
        i += size == 0 ? 1 : size;
        if (escaped)
            plain = i;
    }
    if (size_bytes > plain)
        EX_TRY(line_add(l, (const char *)at + plain, size_bytes - plain, err));
    return line_add(l, "\"", 1, err);
}

ex_code line_base64(struct line *l, const void *bytes, size_t size_bytes, struct ex_error *err) {
    size_t size = sodium_base64_encoded_len(size_bytes, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *text = NULL;
    EX_TRY(ex_alloc(size, 1, LINE_BYTES_MAX, "a name in base64", &text, err));
    sodium_bin2base64(text, size, bytes, size_bytes, sodium_base64_VARIANT_ORIGINAL);
    EX_TRY(line_add(l, "\"", 1, err));
    EX_TRY(line_add(l, text, strlen(text), err));
    return line_add(l, "\"", 1, err);
}

static ex_code add_hex(struct line *l, const uint8_t *data, size_t size_bytes,
                       struct ex_error *err) {
    char text[2 * SHA256_BYTES + 1];
    sodium_bin2hex(text, sizeof text, data, size_bytes);
    return line_format(l, err, "\"%s\"", text);
}

/* ---- times ---- */

static const char *const TIME_WORDS[] = {NULL,      "modified", "accessed", "changed",
                                         "created", "deleted",  "added",    "backed-up",
                                         "sent",    "received", "printed",  "taken"};

/* As many digits of a second as the structure keeps. */
static int digits(uint64_t resolution_ns) {
    int n = SECONDS_DIGITS;
    for (uint64_t step = 1; n > 0 && step * 10 <= resolution_ns; step *= 10)
        n--;
    return n;
}

ex_code line_time(struct line *l, const struct sandbox_told *t, struct ex_error *err) {
    const time_t seconds = t->seconds;
    struct tm tm;
    char fraction[16];
    (void)snprintf(fraction, sizeof fraction, ".%09u", t->nanoseconds);
    int shown = digits(t->resolution_ns);
    fraction[shown == 0 ? 0 : shown + 1] = '\0';
    EX_TRY(line_format(l, err, "{\"what\":\"%s\",\"time\":", TIME_WORDS[t->what]));
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        EX_TRY(line_format(l, err, "null,\"seconds\":%lld", (long long)t->seconds));
    else
        EX_TRY(line_format(l, err, "\"%04d-%02d-%02dT%02d:%02d:%02d%s%s\"", tm.tm_year + 1900,
                           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction,
                           t->local ? "" : "Z"));
    bool replaced;
    EX_TRY(line_format(l, err, ",\"zone\":\"%s\",\"resolution_ns\":%llu,\"source\":",
                       t->local ? "local" : "UTC", (unsigned long long)t->resolution_ns));
    EX_TRY(line_string(l, t->data, t->data_bytes, &replaced, err));
    return line_add(l, "}", 1, err);
}

/* ---- a trace ---- */

const char *line_kind_word(uint32_t kind) {
    static const char *const WORDS[] = {NULL,    "volume",   "file-system", "directory", "file",
                                        "link",  "special",  "stream",      "member",    "space",
                                        "error", "document", "message",     "record"};
    return WORDS[kind];
}

static const char *state_word(uint32_t flags) {
    return (flags & PARSER_ORPHAN) != 0    ? "orphan"
           : (flags & PARSER_DELETED) != 0 ? "deleted"
           : (flags & PARSER_CARVED) != 0  ? "carved"
           : (flags & PARSER_VIRTUAL) != 0 ? "virtual"
                                           : NULL;
}

static ex_code add_name(struct line *l, const struct found *f, const struct found_trace *t,
                        struct ex_error *err) {
    const char *name = f->text + t->name_at;
    bool replaced;
    if (t->name_bytes == 0)
        return EX_OK;
    EX_TRY(line_format(l, err, ",\"name\":"));
    EX_TRY(line_string(l, name, t->name_bytes, &replaced, err));
    if (!replaced)
        return EX_OK;
    EX_TRY(line_format(l, err, ",\"name_base64\":"));
    return line_base64(l, name, t->name_bytes, err);
}

static ex_code add_ranges(struct line *l, const struct found *f, const struct found_trace *t,
                          struct ex_error *err) {
    size_t shown = t->range_count < RANGES_WRITTEN_MAX ? t->range_count : RANGES_WRITTEN_MAX;
    for (size_t i = 0; i < shown; i++) {
        const struct found_range *r = &f->range[t->range_at + i];
        const char *separator = i == 0 ? ",\"ranges\":[" : ",";
        if (r->offset == RANGE_HOLE || r->offset == RANGE_NOWHERE)
            EX_TRY(line_format(l, err, "%s[%s,%llu]", separator,
                               r->offset == RANGE_HOLE ? "null" : "-1",
                               (unsigned long long)r->length));
        else
            EX_TRY(line_format(l, err, "%s[%llu,%llu]", separator, (unsigned long long)r->offset,
                               (unsigned long long)r->length));
    }
    if (shown > 0)
        EX_TRY(line_add(l, "]", 1, err));
    if (t->range_count > shown)
        EX_TRY(line_format(l, err, ",\"ranges_left_out\":%zu", t->range_count - shown));
    return EX_OK;
}

static ex_code add_content(struct line *l, const struct found *f, const struct found_trace *t,
                           struct ex_error *err) {
    if ((t->flags & (PARSER_SIZED | PARSER_UNSIZED)) != 0)
        EX_TRY(line_format(l, err, ",\"size\":%llu", (unsigned long long)t->size_bytes));
    if (t->hashed) {
        EX_TRY(line_format(l, err, ",\"sha256\":"));
        EX_TRY(add_hex(l, t->sha256, sizeof t->sha256, err));
        if (t->known)
            EX_TRY(line_format(l, err, ",\"known\":true"));
    }
    if (t->type[0] != '\0')
        EX_TRY(line_format(l, err, ",\"type\":\"%s\"", t->type));
    EX_TRY(add_ranges(l, f, t, err));
    if (t->keyed) {
        EX_TRY(line_format(l, err, ",\"content_key\":"));
        EX_TRY(add_hex(l, t->content_key, sizeof t->content_key, err));
    }
    if (t->looked_into)
        EX_TRY(line_format(l, err, ",\"inside\":%llu%s", (unsigned long long)t->inside,
                           t->inside_known ? ",\"inside_known\":true" : ""));
    return t->not_hashed == NULL ? EX_OK
                                 : line_format(l, err, ",\"not_hashed\":\"%s\"", t->not_hashed);
}

static ex_code add_said(struct line *l, const struct found *f, const struct found_trace *t,
                        struct ex_error *err) {
    bool replaced;
    if (t->times_bytes > 0) {
        EX_TRY(line_format(l, err, ",\"times\":["));
        EX_TRY(line_add(l, f->text + t->times_at, t->times_bytes, err));
        EX_TRY(line_add(l, "]", 1, err));
    }
    if (t->attributes_bytes > 0) {
        EX_TRY(line_format(l, err, ",\"attributes\":{"));
        EX_TRY(line_add(l, f->text + t->attributes_at, t->attributes_bytes, err));
        EX_TRY(line_add(l, "}", 1, err));
    }
    if (t->cut)
        EX_TRY(line_format(l, err, ",\"said_in_part\":true"));
    if (t->kind != PARSER_PROBLEM)
        return EX_OK;
    const char *text = f->text + t->problem_at;
    EX_TRY(line_format(l, err,
                       ",\"error\":{\"reason\":\"%s\",\"text\":", examine_reason_word(t->reason)));
    EX_TRY(line_string(l, text, strlen(text), &replaced, err));
    return line_add(l, "}", 1, err);
}

ex_code line_trace(struct line *l, const struct found *f, const struct found_trace *t,
                   const struct trace_place *place, const char *key, struct ex_error *err) {
    const char *state = t->kind == PARSER_PROBLEM ? NULL : state_word(t->flags);
    bool replaced;
    EX_TRY(line_format(l, err, "{\"id\":"));
    EX_TRY(add_hex(l, place->id, EXAMINE_ID_BYTES, err));
    EX_TRY(line_format(l, err, ",\"parent\":%llu,\"kind\":\"%s\",\"parser\":%u",
                       (unsigned long long)place->parent, line_kind_word(t->kind),
                       (unsigned)t->examiner));
    if (t->raw_bytes > 0) {
        EX_TRY(line_add(l, f->text + t->raw_at, t->raw_bytes, err));
        return line_add(l, "\n", 1, err);
    }
    EX_TRY(line_format(l, err, ",\"key\":"));
    EX_TRY(line_string(l, key, strlen(key), &replaced, err));
    EX_TRY(add_name(l, f, t, err));
    if (state != NULL)
        EX_TRY(line_format(l, err, ",\"state\":\"%s\"", state));
    EX_TRY(add_content(l, f, t, err));
    EX_TRY(add_said(l, f, t, err));
    return line_add(l, "}\n", 2, err);
}
