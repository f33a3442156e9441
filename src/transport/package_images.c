/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §2.1 */
#include "transport/package_images.h"

#include "transport/spool_internal.h"

#include <sodium.h>
#include <stdio.h>

enum { BUFFER_BYTES = 1 << 20 };

struct package_images {
    struct spool *spool;
    uint64_t end_bytes; /* where the next file begins */
    size_t count, capacity;
    struct package_image_file *file;
    /* the image that is being written */
    const char *stem;
    const uint8_t *item;
    struct ex_progress *progress;
    size_t segment_count, segment_capacity;
    struct export_e01_segment *segment;
    uint8_t buffer[BUFFER_BYTES];
};

ex_code package_images_new(const char *beside, struct package_images **ret, struct ex_error *err) {
    struct package_images *m = ex_new0(struct package_images);
    ex_code code = spool_new(beside, &m->spool, err);
    if (code != EX_OK) {
        package_images_free(m);
        return code;
    }
    *ret = m;
    return EX_OK;
}

void package_images_free(struct package_images *m) {
    if (m == NULL)
        return;
    for (size_t n = 0; n < m->count; n++)
        free(m->file[n].path);
    free(m->file);
    free(m->segment);
    spool_free(m->spool);
    sodium_memzero(m->buffer, sizeof m->buffer);
    free(m);
}

uint64_t package_images_bytes(const struct package_images *m) {
    return m != NULL ? m->end_bytes : 0;
}

const struct package_image_file *package_images_file(const struct package_images *m, size_t n) {
    return &m->file[n];
}

/* ---- files ---- */

static ex_code begin_file(struct package_images *m, const uint8_t item[static ENTRY_ID_BYTES],
                          const char *stem, const char *extension, struct ex_error *err) {
    if (m->count == PACKAGE_IMAGE_FILES_MAX)
        return ex_hint(ex_fail(err, EX_LIMIT, "a package has at most %d files of images",
                               PACKAGE_IMAGE_FILES_MAX),
                       err, "make larger segments (--segment-size), or several packages");
    EX_TRY(ex_grow(&m->file, &m->capacity, m->count + 1, sizeof *m->file,
                   PACKAGE_IMAGE_FILES_MAX * sizeof *m->file, "the files of images", err));
    struct package_image_file *f = &m->file[m->count];
    *f = (struct package_image_file){.offset = m->end_bytes};
    memcpy(f->item, item, sizeof f->item);
    if (asprintf(&f->path, "data/%s/%s.%s", stem, stem, extension) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    m->count++;
    return EX_OK;
}

/* Reads a file again; put: NULL, only to hash it. */
static ex_code read_file(struct package_images *m, const struct package_image_file *f,
                         package_images_put_fn *put, void *context, uint8_t *ret_sha256,
                         struct ex_progress *progress, struct ex_error *err) {
    struct sha256 h;
    sha256_start(&h);
    for (uint64_t at = 0, part; at < f->size_bytes; at += part) {
        part = f->size_bytes - at < BUFFER_BYTES ? f->size_bytes - at : BUFFER_BYTES;
        EX_TRY(spool_read(m->spool, f->offset + at, m->buffer, part, err));
        sha256_add(&h, m->buffer, part);
        if (put != NULL)
            EX_TRY(put(context, m->buffer, part, err));
        EX_TRY(ex_progress_step(progress, put != NULL ? part : 0, err));
    }
    sha256_end(&h, ret_sha256);
    return EX_OK;
}

static ex_code end_file(struct package_images *m, uint64_t size_bytes, struct ex_error *err) {
    struct package_image_file *f = &m->file[m->count - 1];
    f->size_bytes = size_bytes;
    m->end_bytes += size_bytes;
    return read_file(m, f, NULL, NULL, f->sha256, m->progress, err);
}

/* ---- segments, as the writer asks for them ---- */

static ex_code begin_segment(void *context, unsigned segment, struct ex_error *err) {
    struct package_images *m = context;
    char extension[EWF_EXTENSION_BYTES];
    ewf_segment_extension(segment, extension);
    return begin_file(m, m->item, m->stem, extension, err);
}

static ex_code write_segment(void *context, uint64_t offset, const void *data, size_t size_bytes,
                             struct ex_error *err) {
    struct package_images *m = context;
    uint64_t at = m->file[m->count - 1].offset + offset;
    ex_code code = spool_write(m->spool, at, data, size_bytes, err);
    if (code != EX_SPACE)
        return code;
    return ex_hint(code, err,
                   "make room, or choose another disk: while a package is made its images take as "
                   "much room beside it as in it");
}

static ex_code keep_segment(struct package_images *m, struct ex_error *err) {
    const struct package_image_file *f = &m->file[m->count - 1];
    EX_TRY(ex_grow(&m->segment, &m->segment_capacity, m->segment_count + 1, sizeof *m->segment,
                   EWF_SEGMENTS_MAX * sizeof *m->segment, "the list of segments", err));
    struct export_e01_segment *s = &m->segment[m->segment_count++];
    ewf_segment_extension((unsigned)m->segment_count, s->extension);
    s->size_bytes = f->size_bytes;
    memcpy(s->sha256, f->sha256, sizeof s->sha256);
    return EX_OK;
}

static ex_code settled(void *context, uint64_t size_bytes, bool ended, struct ex_error *err) {
    struct package_images *m = context;
    if (!ended)
        return EX_OK;
    EX_TRY(end_file(m, size_bytes, err));
    return keep_segment(m, err);
}

ex_code package_images_add(struct package_images *m, struct vault *v,
                           const struct vault_object_info *object, const struct ewf_form *form,
                           const uint8_t item[static ENTRY_ID_BYTES], const char *stem,
                           struct ex_progress *progress, struct export_e01_report *ret,
                           struct ex_error *err) {
    const struct ewf_sink sink = {m, begin_segment, write_segment, settled};
    *ret = (struct export_e01_report){0};
    m->item = item;
    m->stem = stem;
    m->progress = progress;
    m->segment_count = 0;
    ex_code code = export_e01_stream(v, object, form, &sink, progress, ret, err);
    m->item = NULL;
    m->stem = NULL;
    m->progress = NULL;
    EX_TRY(code);
    for (size_t n = 0; n < m->segment_count; n++)
        ret->stored_bytes += m->segment[n].size_bytes;
    ret->segment = m->segment;
    return EX_OK;
}

ex_code package_images_add_file(struct package_images *m, const uint8_t item[static ENTRY_ID_BYTES],
                                const char *stem, const char *suffix, const void *data,
                                size_t size_bytes, struct ex_error *err) {
    char extension[64];
    (void)snprintf(extension, sizeof extension, "%s%s", EXPORT_E01_EXTENSION + 1, suffix);
    EX_TRY(begin_file(m, item, stem, extension, err));
    EX_TRY(spool_write(m->spool, m->end_bytes, data, size_bytes, err));
    return end_file(m, size_bytes, err);
}

/* ---- into the package ---- */

static int by_path(const void *a, const void *b) {
    const struct package_image_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

ex_code package_images_name(struct package_images *m, struct package_head *head,
                            struct ex_error *err) {
    if (m->count > 0)
        qsort(m->file, m->count, sizeof *m->file, by_path);
    for (size_t n = 0; n < m->count; n++)
        EX_TRY(package_head_add_image(head, m->file[n].item, m->file[n].path, err));
    return EX_OK;
}

ex_code package_images_read(struct package_images *m, size_t n, package_images_put_fn *put,
                            void *context, struct ex_progress *progress, struct ex_error *err) {
    uint8_t sha256[SHA256_BYTES];
    EX_TRY(read_file(m, &m->file[n], put, context, sha256, progress, err));
    if (memcmp(sha256, m->file[n].sha256, sizeof sha256) != 0)
        return ex_hint(
            ex_fail(err, EX_ALTERED, "%s came back from the disk altered", m->file[n].path), err,
            "do not trust the disk of the output: choose another");
    return EX_OK;
}
