/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of listing.jsonl and omitted.jsonl, and selection.json: format/folder §4. */
#include "source/folder_internal.h"

#include "base/clock.h"
#include "base/cursor.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/stat.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 64 << 20 };
#define YEAR_1     (-62135596800)
#define YEAR_10000 253402300800

/* ---- text ---- */

static ex_code put(struct folder_text *t, const char *data, size_t size, struct ex_error *err) {
    EX_TRY(ex_grow(&t->data, &t->capacity, t->size_bytes + size, 1, LINE_BYTES_MAX,
                   "a line of the listing", err));
    memcpy(t->data + t->size_bytes, data, size);
    t->size_bytes += size;
    return EX_OK;
}

static ex_code put_format(struct folder_text *t, struct ex_error *err, const char *format, ...)
    EX_PRINTF(3, 4);
static ex_code put_format(struct folder_text *t, struct ex_error *err, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    int bytes = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return put(t, text, (size_t)bytes, err);
}

/* A string of JSON; bytes that are not UTF-8 become U+FFFD. */
static ex_code put_string(struct folder_text *t, const char *s, struct ex_error *err) {
    EX_TRY(put(t, "\"", 1, err));
    for (size_t size; *s != '\0'; s += size) {
        unsigned char ch = (unsigned char)*s;
        size = 1;
        if (ch >= 0x80) {
            size = ch >= 0xF0 ? 4 : ch >= 0xE0 ? 3 : 2;
            if (strnlen(s, size) < size || !tar_entry_is_utf8(s, size)) {
                size = 1;
                EX_TRY(put(t, "\xEF\xBF\xBD", 3, err));
                continue;
            }
            EX_TRY(put(t, s, size, err));
        } else if (ch < 0x20 || ch == 0x7F)
            EX_TRY(put_format(t, err, "\\u%04x", ch));
        else if (ch == '"' || ch == '\\')
            EX_TRY(put_format(t, err, "\\%c", ch));
        else {
            size = strcspn(s, "\"\\");
            size_t plain = 1;
            while (plain < size && (unsigned char)s[plain] >= 0x20 &&
                   (unsigned char)s[plain] < 0x7F)
                plain++;
            size = plain;
            EX_TRY(put(t, s, size, err));
        }
    }
    return put(t, "\"", 1, err);
}

/* ,"key":"value", and the bytes as base64 when they are no text. */
static ex_code put_text(struct folder_text *t, const char *key, const char *value,
                        struct ex_error *err) {
    size_t size = strlen(value);
    EX_TRY(put_format(t, err, ",\"%s\":", key));
    EX_TRY(put_string(t, value, err));
    if (tar_entry_is_utf8(value, size))
        return EX_OK;
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *coded = ex_new0_bytes(room);
    sodium_bin2base64(coded, room, (const unsigned char *)value, size,
                      sodium_base64_VARIANT_ORIGINAL);
    EX_TRY(put_format(t, err, ",\"%s_base64\":\"", key));
    EX_TRY(put(t, coded, strlen(coded), err));
    return put(t, "\"", 1, err);
}

static ex_code put_number(struct folder_text *t, const char *key, uint64_t value,
                          struct ex_error *err) {
    return put_format(t, err, ",\"%s\":%" PRIu64, key, value);
}

/* RFC 3339 with nine digits; outside its years "@SECONDS.NNNNNNNNN". */
static ex_code put_time(struct folder_text *t, const char *key, const struct statx_timestamp *time,
                        struct ex_error *err) {
    int64_t s = time->tv_sec, days = s / 86400, rest = s % 86400;
    if (s < YEAR_1 || s >= YEAR_10000)
        return put_format(t, err, ",\"%s\":\"@%" PRId64 ".%09u\"", key, s, time->tv_nsec);
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    /* Days since 0000-03-01 in years of 400, 100, 4 and 1, so that a leap day comes last. */
    days += 719468;
    int64_t era = days / 146097, day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5 - 1;
    month += month < 10 ? 3 : -9;
    year += 400 * era + (month <= 2 ? 1 : 0);
    return put_format(t, err, ",\"%s\":\"%04d-%02d-%02dT%02d:%02d:%02d.%09uZ\"", key, (int)year,
                      (int)month, (int)day, (int)(rest / 3600), (int)(rest / 60 % 60),
                      (int)(rest % 60), time->tv_nsec);
}

static ex_code put_ranges(struct folder_text *t, const char *key,
                          const struct tar_entry_range *range, size_t count, struct ex_error *err) {
    EX_TRY(put_format(t, err, ",\"%s\":[", key));
    for (size_t i = 0; i < count; i++)
        EX_TRY(put_format(t, err, "%s[%" PRIu64 ",%" PRIu64 "]", i > 0 ? "," : "", range[i].offset,
                          range[i].length));
    return put(t, "]", 1, err);
}

/* ---- what the system says ---- */

static const char *type_word(uint32_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symlink";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    case S_IFCHR:
        return "character-device";
    case S_IFBLK:
        return "block-device";
    default:
        return "unknown";
    }
}

static ex_code put_flags(struct folder_text *t, uint64_t attributes, struct ex_error *err) {
    static const struct {
        uint64_t bit;
        const char *word;
    } flags[] = {{STATX_ATTR_COMPRESSED, "compressed"}, {STATX_ATTR_IMMUTABLE, "immutable"},
                 {STATX_ATTR_APPEND, "append-only"},    {STATX_ATTR_NODUMP, "no-dump"},
                 {STATX_ATTR_ENCRYPTED, "encrypted"},   {STATX_ATTR_VERITY, "verity"}};
    bool any = false;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if ((attributes & flags[i].bit) == 0)
            continue;
        EX_TRY(put_format(t, err, "%s\"%s\"", any ? "," : ",\"flags\":[", flags[i].word));
        any = true;
    }
    return any ? put(t, "]", 1, err) : EX_OK;
}

static ex_code put_stat(struct folder_text *t, const struct statx *st, uint64_t file_system,
                        struct ex_error *err) {
    EX_TRY(put_format(t, err, ",\"mode\":\"%06o\"", st->stx_mode));
    EX_TRY(put_number(t, "uid", st->stx_uid, err));
    EX_TRY(put_number(t, "gid", st->stx_gid, err));
    EX_TRY(put_time(t, "modified", &st->stx_mtime, err));
    EX_TRY(put_time(t, "accessed", &st->stx_atime, err));
    EX_TRY(put_time(t, "changed", &st->stx_ctime, err));
    if ((st->stx_mask & STATX_BTIME) != 0)
        EX_TRY(put_time(t, "born", &st->stx_btime, err));
    EX_TRY(put_number(t, "inode", st->stx_ino, err));
    EX_TRY(put_number(t, "file_system", file_system, err));
    EX_TRY(put_number(t, "links", st->stx_nlink, err));
    if (S_ISBLK(st->stx_mode) || S_ISCHR(st->stx_mode))
        EX_TRY(put_format(t, err, ",\"device\":[%u,%u]", st->stx_rdev_major, st->stx_rdev_minor));
    return put_flags(t, st->stx_attributes, err);
}

/* ---- lines ---- */

static ex_code begin_line(struct folder_text *t, const char *path, struct ex_error *err) {
    t->size_bytes = 0;
    EX_TRY(put_text(t, "path", path, err));
    t->data[0] = '{';
    return EX_OK;
}

static ex_code end_line(struct folder_text *t, struct folder_spool *s, struct ex_error *err) {
    EX_TRY(put(t, "}\n", 2, err));
    return folder_spool_add(s, t->data, t->size_bytes, err);
}

static ex_code put_content(struct folder_text *t, const struct folder_entry *e,
                           const struct folder_content *c, struct ex_error *err) {
    const struct folder_file_end *end = c->end;
    char hex[SHA256_HEX_BYTES];
    EX_TRY(put_number(t, "size", e->whole ? e->data_bytes : e->st.stx_size, err));
    if (e->odd_size)
        EX_TRY(put_number(t, "size_announced", e->st.stx_size, err));
    if (e->whole || end->hashed)
        EX_TRY(put_format(t, err, ",\"sha256\":\"%s\"",
                          ex_hex(hex, e->whole ? e->sha256 : end->sha256, SHA256_BYTES)));
    else
        EX_TRY(put(t, ",\"sha256\":null", 14, err));
    if (c->offset > 0)
        EX_TRY(put_number(t, "offset", c->offset, err));
    if (c->sparse)
        EX_TRY(put_ranges(t, "data", c->map, c->map_count, err));
    if (end != NULL && end->bad_count > 0)
        EX_TRY(put_ranges(t, "unreadable", end->bad, end->bad_count, err));
    if (end != NULL && end->missing_count > 0)
        EX_TRY(put_ranges(t, "missing", end->missing, end->missing_count, err));
    return e->cut ? put(t, ",\"cut\":true", 11, err) : EX_OK;
}

static ex_code put_xattrs(struct folder_text *t, const struct folder_entry *e,
                          struct ex_error *err) {
    if (e->xattrs_lost)
        EX_TRY(put(t, ",\"attributes_lost\":true", 23, err));
    if (e->xattr_count == 0)
        return EX_OK;
    EX_TRY(put(t, ",\"attributes\":[", 15, err));
    for (size_t i = 0; i < e->xattr_count; i++) {
        if (i > 0)
            EX_TRY(put(t, ",", 1, err));
        EX_TRY(put_string(t, e->xattr[i].name, err));
    }
    return put(t, "]", 1, err);
}

ex_code folder_list_entry(struct folder *f, const struct folder_entry *e,
                          const struct folder_content *c, struct ex_error *err) {
    struct folder_text *t = &f->text;
    EX_TRY(begin_line(t, e->path, err));
    EX_TRY(put_format(t, err, ",\"type\":\"%s\"",
                      c->first != NULL ? "hardlink" : type_word(e->st.stx_mode)));
    if (c->first != NULL)
        EX_TRY(put_text(t, "first", c->first, err));
    else if (S_ISREG(e->st.stx_mode))
        EX_TRY(put_content(t, e, c, err));
    if (e->link != NULL)
        EX_TRY(put_text(t, "target", e->link, err));
    EX_TRY(put_stat(t, &e->st, c->file_system, err));
    if (c->first == NULL)
        EX_TRY(put_xattrs(t, e, err));
    if (e->changed && c->first == NULL)
        EX_TRY(put(t, ",\"changed_while_read\":true", 26, err));
    return end_line(t, f->listing, err);
}

static const char *d_type_word(unsigned char d_type) {
    return d_type == DT_UNKNOWN ? NULL : type_word((uint32_t)DTTOIF(d_type));
}

ex_code folder_list_omitted(struct folder *f, const struct folder_entry *e, uint64_t file_system,
                            struct ex_error *err) {
    struct folder_text *t = &f->text;
    const char *type = e->has_st ? type_word(e->st.stx_mode) : d_type_word(e->d_type);
    EX_TRY(begin_line(t, e->path, err));
    EX_TRY(put_format(t, err, ",\"why\":\"%s\"", folder_why_word(e->why)));
    if (e->partly)
        EX_TRY(put(t, ",\"entries\":true", 15, err));
    if (e->sys != 0)
        EX_TRY(put_format(t, err, ",\"error\":\"%s\"", strerrorname_np(e->sys)));
    if (type != NULL)
        EX_TRY(put_format(t, err, ",\"type\":\"%s\"", type));
    if (e->has_st && S_ISREG(e->st.stx_mode))
        EX_TRY(put_number(t, "size", e->st.stx_size, err));
    if (e->has_st)
        EX_TRY(put_stat(t, &e->st, file_system, err));
    return end_line(t, f->omitted, err);
}

/* ---- the selection ---- */

static ex_code put_ns(struct folder_text *t, const char *key, bool has, int64_t ns,
                      struct ex_error *err) {
    char text[EX_TIME_TEXT_BYTES];
    return has ? put_format(t, err, ",\"%s\":\"%s\"", key, ex_time_text(text, ns)) : EX_OK;
}

static ex_code put_types(struct folder_text *t, unsigned types, struct ex_error *err) {
    bool any = false;
    for (unsigned type = 1; type <= FOLDER_TYPES_ALL; type <<= 1) {
        if ((types & type) == 0)
            continue;
        EX_TRY(put_format(t, err, "%s\"%s\"", any ? "," : ",\"types\":[", folder_type_word(type)));
        any = true;
    }
    return put(t, "]", 1, err);
}

static ex_code put_counts(struct folder_text *t, const struct folder_report *r,
                          struct ex_error *err) {
    bool any = false;
    EX_TRY(put_format(t, err,
                      ",\"files\":%" PRIu64 ",\"directories\":%" PRIu64 ",\"symlinks\":%" PRIu64
                      ",\"hard_links\":%" PRIu64 ",\"others\":%" PRIu64,
                      r->files, r->directories, r->symlinks, r->hard_links, r->others));
    if (r->content_bytes > INT64_MAX)
        EX_TRY(put(t, ",\"content_bytes\":null", 21, err));
    else
        EX_TRY(put_number(t, "content_bytes", r->content_bytes, err));
    EX_TRY(put(t, ",\"omitted\":{", 12, err));
    for (int why = FOLDER_TAKEN + 1; why < FOLDER_WHY_COUNT; why++) {
        if (r->omitted[why] == 0)
            continue;
        EX_TRY(put_format(t, err, "%s\"%s\":%" PRIu64, any ? "," : "",
                          folder_why_word((enum folder_why)why), r->omitted[why]));
        any = true;
    }
    return put(t, "}", 1, err);
}

ex_code folder_list_selection(struct folder *f, struct ex_error *err) {
    const struct folder_selection *s = &f->selection;
    struct folder_text *t = &f->text;
    t->size_bytes = 0;
    EX_TRY(put_format(t, err, "{\"format\":\"%s\"", FOLDER_FORMAT));
    if (s->include != NULL)
        EX_TRY(put_text(t, "include", s->include, err));
    if (s->exclude != NULL)
        EX_TRY(put_text(t, "exclude", s->exclude, err));
    EX_TRY(put_ns(t, "newer", s->has_newer, s->newer_ns, err));
    EX_TRY(put_ns(t, "older", s->has_older, s->older_ns, err));
    if (s->min_size_bytes > 0)
        EX_TRY(put_number(t, "min_size", s->min_size_bytes, err));
    if (s->max_size_bytes != UINT64_MAX)
        EX_TRY(put_number(t, "max_size", s->max_size_bytes, err));
    if (s->types != FOLDER_TYPES_ALL)
        EX_TRY(put_types(t, s->types, err));
    EX_TRY(
        put_format(t, err, ",\"other_file_systems\":%s", s->other_file_systems ? "true" : "false"));
    if (s->one_file_system)
        EX_TRY(put(t, ",\"one_file_system\":true", 23, err));
    EX_TRY(put_counts(t, &f->report, err));
    return put(t, "}\n", 2, err);
}
