/* SPDX-License-Identifier: Apache-2.0 */
/* One picture that is being read: exif.c decides what it is, containers.c and heif.c find where
 * Exif lies in it, ifd.c reads that, fields.c says what of it. */
#ifndef EXHIBIT_PARSERS_PICTURES_PICTURES_INTERNAL_H
#define EXHIBIT_PARSERS_PICTURES_PICTURES_INTERNAL_H

#include "base/mem.h"
#include "parsers/api.h"

enum {
    PICTURE_TEXT_BYTES_MAX = 4096, /* one value */
    PICTURE_MEMBER_BYTES_MAX = 64 << 20,
    PICTURE_MEMBERS_MAX = 8,
    PICTURE_WRONGS_MAX = 8,
    PICTURE_STEPS_MAX = 100000 /* segments, chunks, boxes */
};

struct place {
    uint64_t offset, size;
};

/* To be told when all of the record was. */
struct later {
    char key[24];
    struct place place;
};

struct picture {
    struct parser_run *run;
    uint64_t size;
    uint32_t record;
    unsigned members, wrongs, texts, left_out;
    struct later member[PICTURE_MEMBERS_MAX];
    struct {
        char key[24];
        struct ex_error why;
    } wrong[PICTURE_WRONGS_MAX];
    bool has_exif, has_size;
};

void picture_wrong(struct picture *p, const char *key, ex_code code, const char *format, ...)
    EX_PRINTF(4, 5);
void picture_add_member(struct picture *p, const char *key, uint64_t offset, uint64_t size);
/* An attribute without the zeros and spaces behind it; none when nothing is left. */
EX_MUST_USE ex_code picture_text(struct picture *p, const char *name, const uint8_t *bytes,
                                 size_t size_bytes, struct ex_error *err);
/* Once. */
EX_MUST_USE ex_code picture_dimensions(struct picture *p, uint64_t width, uint64_t height,
                                       struct ex_error *err);
/* EX_FORMAT, which is told, when the picture ends before. */
EX_MUST_USE ex_code picture_read(struct picture *p, uint64_t offset, void *to, size_t size_bytes,
                                 bool *ret_there, struct ex_error *err);

/* Where Exif lies: its TIFF header. `whole`: the picture is that TIFF. */
EX_MUST_USE ex_code exif_read(struct picture *p, struct place place, bool whole,
                              struct ex_error *err);
EX_MUST_USE ex_code jpeg_read(struct picture *p, struct ex_error *err);
EX_MUST_USE ex_code png_read(struct picture *p, struct ex_error *err);
EX_MUST_USE ex_code webp_read(struct picture *p, struct ex_error *err);
EX_MUST_USE ex_code heif_read(struct picture *p, struct ex_error *err);

#endif
