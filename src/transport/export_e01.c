/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/export_e01.h"

#include "base/file.h"
#include "base/limits.h"
#include "transport/export_internal.h"
#include "transport/keeper_internal.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARTS_BYTES_MAX = EWF_SEGMENTS_MAX * sizeof(struct export_e01_segment) };

/* A segment, for as long as the keeper has pointers into it. */
struct part {
    char *temp; /* what it is called before it is published */
    char *name;
    uint64_t size_bytes;
    uint8_t sha256[SHA256_BYTES];
    bool published;
};

struct export_e01 {
    char *path, *side, *signature;
    uint32_t temp_number;
    struct keeper *keeper;
    size_t part_count, part_capacity;
    struct part **part;
    struct export_e01_segment *segment;
    struct export_e01_report report;
    bool side_published, signature_published;
};

/* ---- names ---- */

static char *name_of(const struct export_e01 *e, unsigned segment) {
    char extension[EWF_EXTENSION_BYTES], *name = ex_strdup(e->path);
    ewf_segment_extension(segment, extension);
    memcpy(name + strlen(name) - strlen(extension), extension, strlen(extension));
    return name;
}

static ex_code check_free(const char *name, const char *hint, struct ex_error *err) {
    struct stat st;
    if (lstat(name, &st) != 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", name), err, "%s", hint);
}

/* Readers go on to the next segment as long as there is one, so a stranger's is in the way too. */
static ex_code check_no_segment(const struct export_e01 *e, unsigned segment,
                                struct ex_error *err) {
    if (segment > EWF_SEGMENTS_MAX)
        return EX_OK;
    EX_AUTO_FREE char *name = name_of(e, segment);
    return check_free(name, "it would be taken for a part of this image: choose another name", err);
}

static ex_code make_names(struct export_e01 *e, const char *path, struct ex_error *err) {
    static const char left[] = "it may be left from a run that was cut off, for there is no image "
                               "beside it: remove it, or choose another name";
    e->path = ex_strdup(path);
    e->temp_number = randombytes_random();
    if (asprintf(&e->side, "%s" EXPORT_E01_SIDE, path) < 0) {
        e->side = NULL;
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    }
    if (asprintf(&e->signature, "%s" EXPORT_E01_SIGNATURE, e->side) < 0) {
        e->signature = NULL;
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    }
    EX_TRY(check_free(path, "choose another name; exhibit never writes over a file", err));
    EX_TRY(check_no_segment(e, 2, err));
    EX_TRY(check_free(e->side, left, err));
    return check_free(e->signature, left, err);
}

/* ---- segments, as the writer asks for them ---- */

static ex_code add_part(struct export_e01 *e, unsigned segment, struct part **ret,
                        struct ex_error *err) {
    EX_TRY(ex_grow(&e->part, &e->part_capacity, e->part_count + 1, sizeof *e->part, PARTS_BYTES_MAX,
                   "the list of segments", err));
    struct part *p = ex_new0(struct part);
    e->part[e->part_count++] = p;
    p->name = name_of(e, segment);
    if (asprintf(&p->temp, "%s.%08x.part", p->name, e->temp_number) < 0) {
        p->temp = NULL;
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    }
    *ret = p;
    return EX_OK;
}

static ex_code begin(void *context, unsigned segment, struct ex_error *err) {
    struct export_e01 *e = context;
    struct part *p;
    EX_TRY(add_part(e, segment, &p, err));
    int fd = open(p->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ex_hint(ex_fail_sys(err, "could not write \"%s\"", p->name), err,
                       "check that its folder exists and that you may write there");
    return keeper_begin(e->keeper, fd, p->name, p->sha256, err);
}

static ex_code write_segment(void *context, uint64_t offset, const void *data, size_t size_bytes,
                             struct ex_error *err) {
    const struct export_e01 *e = context;
    return keeper_write(e->keeper, offset, data, size_bytes, err);
}

static ex_code settled(void *context, uint64_t size_bytes, bool ended, struct ex_error *err) {
    struct export_e01 *e = context;
    e->part[e->part_count - 1]->size_bytes = size_bytes;
    return keeper_settled(e->keeper, size_bytes, ended, err);
}

/* ---- the content ---- */

static ex_code put_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct ewf_writer *w = context;
    switch (piece->kind) {
    case VAULT_PIECE_DATA:
        return ewf_writer_add(w, piece->data, piece->length, err);
    case VAULT_PIECE_CONSTANT:
        return ewf_writer_add_constant(w, piece->value, piece->length, err);
    case VAULT_PIECE_DAMAGED:
    default:
        return export_fail_damaged(piece, err);
    }
}

/* What of the form follows from the object. *ret_unread is freed by the caller. */
static ex_code complete_form(const struct vault_object_info *object, struct ewf_form *form,
                             struct ewf_range **ret_unread, struct ex_error *err) {
    EX_TRY(ex_alloc(object->unreadable_count, sizeof **ret_unread,
                    EX_LIMIT_UNREADABLE_RANGES * sizeof **ret_unread, "the unreadable ranges",
                    ret_unread, err));
    for (size_t i = 0; i < object->unreadable_count; i++)
        (*ret_unread)[i] =
            (struct ewf_range){object->unreadable[i].offset, object->unreadable[i].length};
    form->unread = *ret_unread;
    form->unread_count = object->unreadable_count;
    form->size_bytes = object->size_bytes;
    form->table_entries = EWF_TABLE_ENTRIES_MAX;
    if (object->size_bytes % form->sector_bytes != 0)
        form->sector_bytes = 1;
    return EX_OK;
}

ex_code export_e01_check(const struct vault_object_info *object, const struct ewf_form *form,
                         struct ex_error *err) {
    EX_AUTO_FREE struct ewf_range *unread = NULL;
    struct ewf_form whole = *form;
    EX_TRY(complete_form(object, &whole, &unread, err));
    return ewf_form_check(&whole, err);
}

ex_code export_e01_stream(struct vault *v, const struct vault_object_info *object,
                          const struct ewf_form *form, const struct ewf_sink *sink,
                          struct ex_progress *progress, struct export_e01_report *ret,
                          struct ex_error *err) {
    EX_AUTO(ewf_writer_free) struct ewf_writer *w = NULL;
    EX_AUTO_FREE struct ewf_range *unread = NULL;
    struct ewf_form whole = *form;
    EX_TRY(complete_form(object, &whole, &unread, err));
    EX_TRY(ewf_writer_new(&whole, sink, &w, err));
    EX_TRY(vault_stream(v, object, false, put_piece, w, progress, err));
    EX_TRY(ewf_writer_finish(w, &ret->written, err));
    ret->sector_bytes = whole.sector_bytes;
    if (memcmp(ret->written.sha256, object->sha256, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the SHA-256 of what was written is not the item's");
    return EX_OK;
}

static ex_code write_image(struct export_e01 *e, struct vault *v,
                           const struct vault_object_info *object, const struct ewf_form *form,
                           struct ex_progress *progress, struct ex_error *err) {
    const struct ewf_sink sink = {e, begin, write_segment, settled};
    EX_TRY(keeper_new(&e->keeper, err));
    EX_TRY(export_e01_stream(v, object, form, &sink, progress, &e->report, err));
    return keeper_finish(e->keeper, err);
}

static ex_code make_report(struct export_e01 *e, struct ex_error *err) {
    EX_TRY(ex_alloc(e->part_count, sizeof *e->segment, PARTS_BYTES_MAX, "the list of segments",
                    &e->segment, err));
    for (size_t i = 0; i < e->part_count; i++) {
        ewf_segment_extension((unsigned)i + 1, e->segment[i].extension);
        e->segment[i].size_bytes = e->part[i]->size_bytes;
        memcpy(e->segment[i].sha256, e->part[i]->sha256, SHA256_BYTES);
        e->report.stored_bytes += e->part[i]->size_bytes;
    }
    e->report.segment = e->segment;
    return EX_OK;
}

ex_code export_e01_write(struct vault *v, const struct vault_object_info *object, const char *path,
                         const struct ewf_form *form, struct ex_progress *progress,
                         struct export_e01 **ret, struct ex_error *err) {
    EX_AUTO(export_e01_free) struct export_e01 *e = ex_new0(struct export_e01);
    if (progress != NULL) {
        progress->phase = "exporting";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, object->size_bytes);
    }
    EX_TRY(export_e01_check(object, form, err));
    EX_TRY(make_names(e, path, err));
    EX_TRY(write_image(e, v, object, form, progress, err));
    EX_TRY(make_report(e, err));
    *ret = ex_steal(&e);
    return EX_OK;
}

const struct export_e01_report *export_e01_report(const struct export_e01 *e) {
    return &e->report;
}

/* ---- publishing ---- */

static ex_code publish_all(struct export_e01 *e, const char *side, size_t side_bytes,
                           const char *signature, size_t signature_bytes, struct ex_error *err) {
    EX_TRY(check_no_segment(e, (unsigned)e->part_count + 1, err));
    EX_TRY(ex_write_file(AT_FDCWD, e->side, side, side_bytes, EX_WRITE_NEW, err));
    e->side_published = true;
    EX_TRY(ex_write_file(AT_FDCWD, e->signature, signature, signature_bytes, EX_WRITE_NEW, err));
    e->signature_published = true;
    for (size_t i = e->part_count; i-- > 0;) {
        EX_TRY(ex_publish(AT_FDCWD, e->part[i]->temp, AT_FDCWD, e->part[i]->name, err));
        e->part[i]->published = true;
    }
    return EX_OK;
}

ex_code export_e01_sign(const char *side, size_t side_bytes, const struct sign_key *key,
                        uint8_t ret_sha256[static SHA256_BYTES], char **ret, size_t *ret_bytes,
                        struct ex_error *err) {
    struct sshsig_digest digest = {.known = SSHSIG_SHA256};
    sha256_of(side, side_bytes, digest.sha256);
    memcpy(ret_sha256, digest.sha256, SHA256_BYTES);
    return sshsig_sign(key, EXPORT_E01_NAMESPACE, SSHSIG_SHA256, &digest, ret, ret_bytes, err);
}

ex_code export_e01_publish(struct export_e01 *e, const char *side, size_t side_bytes,
                           const struct sign_key *key, struct ex_error *err) {
    EX_AUTO_FREE char *signature = NULL;
    size_t signature_bytes;
    EX_TRY(export_e01_sign(side, side_bytes, key, e->report.side_sha256, &signature,
                           &signature_bytes, err));
    ex_code code = publish_all(e, side, side_bytes, signature, signature_bytes, err);
    if (code != EX_OK)
        export_e01_withdraw(e);
    return code;
}

/* The first segment first: without it nothing is an image. */
void export_e01_withdraw(struct export_e01 *e) {
    for (size_t i = 0; i < e->part_count; i++)
        if (e->part[i]->published) {
            (void)unlink(e->part[i]->name);
            e->part[i]->published = false;
        }
    if (e->side_published)
        (void)unlink(e->side);
    if (e->signature_published)
        (void)unlink(e->signature);
    e->side_published = e->signature_published = false;
}

void export_e01_free(struct export_e01 *e) {
    if (e == NULL)
        return;
    keeper_free(e->keeper);
    for (size_t i = 0; i < e->part_count; i++) {
        if (!e->part[i]->published && e->part[i]->temp != NULL)
            (void)unlink(e->part[i]->temp);
        free(e->part[i]->temp);
        free(e->part[i]->name);
        free(e->part[i]);
    }
    free(e->part);
    free(e->segment);
    free(e->path);
    free(e->side);
    free(e->signature);
    free(e);
}
