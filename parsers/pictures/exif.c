/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/pictures/pictures.h"

#include "parsers/pictures/pictures_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { HEAD_BYTES = 12, BLOCK_BYTES = 64 << 10 };

/* ---- shared ---- */

void picture_wrong(struct picture *p, const char *key, ex_code code, const char *format, ...) {
    va_list args;
    for (unsigned i = 0; i < p->wrongs; i++)
        if (strcmp(p->wrong[i].key, key) == 0)
            return;
    if (p->wrongs >= PICTURE_WRONGS_MAX)
        return;
    struct ex_error *why = &p->wrong[p->wrongs].why;
    (void)snprintf(p->wrong[p->wrongs++].key, sizeof p->wrong->key, "%s", key);
    why->code = code;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
}

void picture_add_member(struct picture *p, const char *key, uint64_t offset, uint64_t size) {
    if (size == 0)
        return;
    for (unsigned i = 0; i < p->members; i++)
        if (strcmp(p->member[i].key, key) == 0) {
            picture_wrong(p, "member", EX_FORMAT, "it has more than one %s; the first is told",
                          key);
            return;
        }
    if (p->members >= PICTURE_MEMBERS_MAX)
        return;
    struct later *m = &p->member[p->members++];
    (void)snprintf(m->key, sizeof m->key, "%s", key);
    m->place = (struct place){offset, size};
}

ex_code picture_text(struct picture *p, const char *name, const uint8_t *bytes, size_t size_bytes,
                     struct ex_error *err) {
    while (size_bytes > 0 && (bytes[size_bytes - 1] == '\0' || bytes[size_bytes - 1] == ' '))
        size_bytes--;
    return size_bytes == 0 ? EX_OK : parser_trace_text(p->run, name, bytes, size_bytes, err);
}

ex_code picture_dimensions(struct picture *p, uint64_t width, uint64_t height,
                           struct ex_error *err) {
    if (p->has_size)
        return EX_OK;
    p->has_size = true;
    EX_TRY(parser_trace_number(p->run, "width", width, err));
    return parser_trace_number(p->run, "height", height, err);
}

ex_code picture_read(struct picture *p, uint64_t offset, void *to, size_t size_bytes,
                     bool *ret_there, struct ex_error *err) {
    *ret_there = offset <= p->size && size_bytes <= p->size - offset;
    if (!*ret_there) {
        memset(to, 0, size_bytes);
        picture_wrong(p, "end", EX_FORMAT, "it ends before byte %llu",
                      (unsigned long long)offset + size_bytes);
        return EX_OK;
    }
    return parser_read(p->run, 0, offset, to, size_bytes, err);
}

/* ---- members ---- */

static ex_code tell_member(struct picture *p, const struct later *m, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *block = NULL;
    uint64_t left = m->place.size, at = m->place.offset;
    uint32_t number;
    bool wanted = true;
    const struct parser_trace t = {
        .kind = PARSER_MEMBER, .flags = PARSER_SIZED, .key = m->key, .size_bytes = m->place.size};
    if (at > p->size || left > p->size - at) {
        picture_wrong(p, m->key, EX_FORMAT, "its %s lies behind its end", m->key);
        return EX_OK;
    }
    if (left > PICTURE_MEMBER_BYTES_MAX) {
        picture_wrong(p, m->key, EX_LIMIT, "its %s has more than %d bytes", m->key,
                      PICTURE_MEMBER_BYTES_MAX);
        return EX_OK;
    }
    EX_TRY(ex_alloc(BLOCK_BYTES, 1, BLOCK_BYTES, "a block", &block, err));
    EX_TRY(parser_trace(p->run, &t, &number, err));
    for (size_t part; left > 0 && wanted; left -= part, at += part) {
        part = left < BLOCK_BYTES ? (size_t)left : (size_t)BLOCK_BYTES;
        EX_TRY(parser_read(p->run, 0, at, block, part, err));
        EX_TRY(parser_trace_content(p->run, block, part, &wanted, err));
    }
    return EX_OK;
}

static ex_code tell_rest(struct picture *p, struct ex_error *err) {
    for (unsigned i = 0; i < p->members; i++)
        EX_TRY(tell_member(p, &p->member[i], err));
    for (unsigned i = 0; i < p->wrongs; i++)
        EX_TRY(parser_trace_problem(p->run, p->record, p->wrong[i].key, &p->wrong[i].why, err));
    return EX_OK;
}

/* ---- which ---- */

static ex_code tiff_read(struct picture *p, struct ex_error *err) {
    return exif_read(p, (struct place){0, p->size}, true, err);
}

static const struct {
    size_t offset;
    const char *bytes;
    size_t size;
    const char *format;
    ex_code (*read)(struct picture *p, struct ex_error *err);
} FORMATS[] = {
    {0, "\xFF\xD8\xFF", 3, "jpeg", jpeg_read}, {0, "II*\0", 4, "tiff", tiff_read},
    {0, "MM\0*", 4, "tiff", tiff_read},        {0, "\x89PNG\r\n\x1A\n", 8, "png", png_read},
    {8, "WEBP", 4, "webp", webp_read},         {4, "ftyp", 4, "heif", heif_read},
};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

static ex_code read_as(struct picture *p, size_t format, struct ex_error *err) {
    const struct parser_trace t = {.kind = PARSER_RECORD, .key = "exif"};
    EX_TRY(parser_trace(p->run, &t, &p->record, err));
    EX_TRY(parser_trace_text(p->run, "format", FORMATS[format].format,
                             strlen(FORMATS[format].format), err));
    EX_TRY(FORMATS[format].read(p, err));
    if (p->left_out > 0)
        EX_TRY(parser_trace_number(p->run, "texts-left-out", p->left_out, err));
    EX_TRY(parser_trace_text(p->run, "exif", p->has_exif ? "yes" : "no", p->has_exif ? 3 : 2, err));
    return tell_rest(p, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO_FREE struct picture *p = ex_new0(struct picture);
    uint8_t head[HEAD_BYTES] = {0};
    (void)parameters;
    p->run = run;
    p->size = parser_input_size(run, 0);
    EX_TRY(parser_read(run, 0, 0, head, p->size < HEAD_BYTES ? (size_t)p->size : HEAD_BYTES, err));
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (memcmp(head + FORMATS[i].offset, FORMATS[i].bytes, FORMATS[i].size) == 0) {
            EX_TRY(read_as(p, i, err));
            *ret_state = NULL;
            return EX_OK;
        }
    return ex_fail(err, EX_FORMAT, "no picture that is known");
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser exif_parser = {
    .name = "exif", .version = 1, .examine = examine, .close = close_nothing};
