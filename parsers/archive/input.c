/* SPDX-License-Identifier: Apache-2.0 */
/* Input 0 as a file of libarchive, and its errors as ours. */
#include "parsers/archive/archive.h"
#include "parsers/archive/archive_internal.h"

#include "base/cursor.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NO_ZONE "UTC0"

/* gzip: its head, and the flag that says that a name follows (RFC 1952 section 2.3). */
enum { GZIP_HEAD_BYTES = 10, GZIP_MAGIC = 0x8B1F, GZIP_NAME = 8 };

void archive_process_setup(void) {
    const char *zone = getenv("TZ");
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (zone != NULL && strcmp(zone, NO_ZONE) == 0)
        return;
    (void)setenv("TZ", NO_ZONE, 1);
    tzset();
}

/* ---- opening ---- */

typedef int support_fn(struct archive *);

/* Each by its name: those that start other programs are not among them. */
static support_fn *const FILTERS[] = {
    archive_read_support_filter_bzip2,
    archive_read_support_filter_compress,
    archive_read_support_filter_gzip,
    archive_read_support_filter_lz4,
    archive_read_support_filter_lzip,
    archive_read_support_filter_lzma,
    archive_read_support_filter_rpm,
    archive_read_support_filter_uu,
    archive_read_support_filter_xz,
    archive_read_support_filter_zstd,
    NULL,
};
static support_fn *const FORMATS[] = {
    archive_read_support_format_7zip,
    archive_read_support_format_ar,
    archive_read_support_format_cab,
    archive_read_support_format_cpio,
    archive_read_support_format_iso9660,
    archive_read_support_format_lha,
    archive_read_support_format_rar,
    archive_read_support_format_rar5,
    archive_read_support_format_tar,
    archive_read_support_format_warc,
    archive_read_support_format_xar,
    archive_read_support_format_zip_seekable,
    NULL,
};
static support_fn *const ZIP_STREAM[] = {archive_read_support_format_zip_streamable, NULL};
/* `empty`: a compressed file of nothing. */
static support_fn *const COMPRESSED[] = {archive_read_support_format_raw,
                                         archive_read_support_format_empty, NULL};
static support_fn *const *const WAYS[] = {FORMATS, ZIP_STREAM, COMPRESSED}; /* by unpack_way */

static bool support(struct archive *a, support_fn *const *list) {
    for (; *list != NULL; list++)
        if ((*list)(a) != ARCHIVE_OK) /* ARCHIVE_WARN: by another program */
            return false;
    return true;
}

/* Not what was looked for; or that cannot be seen through what it is wrapped in. */
static ex_code refuse(struct unpacking *u, struct ex_error *err) {
    struct ex_error why;
    unpack_reason(u, &why);
    if (strcmp(why.text, "Unrecognized archive format") != 0)
        u->wrapped = why;
    return ex_fail(err, EX_FORMAT, "%s", why.text);
}

static ex_code open_as(struct unpacking *u, struct ex_error *err) {
    struct archive *a = u->archive;
    if (!support(a, WAYS[u->way]) || (u->way != UNPACK_ZIP_STREAM && !support(a, FILTERS)))
        return ex_fail(err, EX_INTERNAL, "libarchive was built without a format that is needed");
    archive_input_set(&u->input, a);
    int code = archive_read_open1(a);
    EX_TRY(unpack_check(u, err));
    if (code < ARCHIVE_WARN)
        return refuse(u, err);
    if (u->way == UNPACK_COMPRESSED && archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
        return ex_fail(err, EX_FORMAT, "no archive and no compressed file that is known");
    return EX_OK;
}

/* libarchive calls a compressed file's content "data" when it has no name. */
static bool is_named(const struct unpacking *u) {
    const uint8_t *head;
    struct ex_error why;
    if (u->way != UNPACK_COMPRESSED)
        return true;
    if (parser_view(u->run, 0, 0, GZIP_HEAD_BYTES, &head, &why) != EX_OK)
        return false;
    struct ex_cursor c = ex_cursor_make(head, GZIP_HEAD_BYTES);
    bool gzip = ex_cursor_le16(&c) == GZIP_MAGIC;
    (void)ex_cursor_u8(&c); /* the method */
    return gzip && (ex_cursor_u8(&c) & GZIP_NAME) != 0;
}

ex_code unpack_open(struct unpacking *u, enum unpack_way way, struct ex_error *err) {
    unpack_close(u);
    if (parser_input_size(u->run, 0) > INT64_MAX)
        return ex_fail(err, EX_LIMIT, "more bytes than libarchive can count");
    u->way = way;
    u->input.run = u->run;
    u->input.unread.code = EX_OK;
    u->named = is_named(u);
    u->archive = archive_read_new();
    if (u->archive == NULL)
        return ex_fail(err, EX_NOMEM, "no memory to read an archive");
    ex_code code = open_as(u, err);
    if (code != EX_OK)
        unpack_close(u);
    return code;
}

void unpack_close(struct unpacking *u) {
    if (u->archive != NULL)
        (void)archive_read_free(u->archive);
    u->archive = NULL;
}

/* ---- errors ---- */

ex_code unpack_check(const struct unpacking *u, struct ex_error *err) {
    if (u->input.broken.code == EX_OK)
        return EX_OK;
    if (err != NULL)
        *err = u->input.broken;
    return u->input.broken.code;
}

/* libarchive has no codes for these, only words. */
static ex_code code_of(int number, const char *text) {
    if (number == ENOMEM)
        return EX_LIMIT;
    if (strcasestr(text, "encrypt") != NULL || strcasestr(text, "passphrase") != NULL ||
        strcasestr(text, "decrypt") != NULL)
        return EX_DENIED;
    if (strcasestr(text, "unsupported") != NULL || strcasestr(text, "not supported") != NULL)
        return EX_UNSUPPORTED;
    return EX_FORMAT;
}

void unpack_reason(struct unpacking *u, struct ex_error *ret) {
    const char *text = archive_error_string(u->archive);
    memset(ret, 0, sizeof *ret);
    if (u->input.unread.code != EX_OK)
        text = u->input.unread.text;
    else if (text == NULL || *text == '\0')
        text = "libarchive gives no reason";
    ret->code = u->input.unread.code != EX_OK ? EX_IO : code_of(archive_errno(u->archive), text);
    (void)snprintf(ret->text, sizeof ret->text, "%s", text);
    for (char *c = ret->text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
    archive_clear_error(u->archive);
    u->input.unread.code = EX_OK;
}

ex_code unpack_problem(struct unpacking *u, uint32_t parent, const char *key,
                       struct ex_error *err) {
    struct ex_error why;
    EX_TRY(unpack_check(u, err));
    unpack_reason(u, &why);
    return parser_trace_problem(u->run, parent, key, &why, err);
}
