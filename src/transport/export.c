/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/export.h"

#include "base/file.h"
#include "transport/export_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILL_BYTES = 64 << 10 };

ex_code exporter_put_bytes(struct exporter *x, const uint8_t *data, size_t size_bytes,
                           struct ex_error *err) {
    sha256_add(&x->hash, data, size_bytes);
    EX_TRY(x->file ? ex_write_at(x->fd, data, size_bytes, x->at, x->path, err)
                   : ex_write_all(x->fd, data, size_bytes, x->path, err));
    x->at += size_bytes;
    return EX_OK;
}

ex_code exporter_put_constant(struct exporter *x, uint8_t value, uint64_t length,
                              struct ex_error *err) {
    uint8_t fill[FILL_BYTES];
    memset(fill, value, sizeof fill);
    for (size_t part; length > 0; length -= part) {
        part = length < sizeof fill ? (size_t)length : sizeof fill;
        if (x->file && value == 0) { /* a hole reads as zeros */
            sha256_add(&x->hash, fill, part);
            x->at += part;
        } else {
            EX_TRY(exporter_put_bytes(x, fill, part, err));
        }
    }
    return EX_OK;
}

ex_code export_fail_damaged(const struct vault_piece *piece, struct ex_error *err) {
    return ex_hint(ex_fail(err, piece->missing ? EX_MISSING : EX_ALTERED,
                           "bytes %" PRIu64 " to %" PRIu64 " of the item cannot be given: %s",
                           piece->offset, piece->offset + piece->length - 1, piece->why),
                   err, "run: exhibit verify ITEM, which names everything that is damaged");
}

static ex_code put_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct exporter *x = context;
    switch (piece->kind) {
    case VAULT_PIECE_DATA:
        return exporter_put_bytes(x, piece->data, piece->length, err);
    case VAULT_PIECE_CONSTANT:
        return exporter_put_constant(x, piece->value, piece->length, err);
    case VAULT_PIECE_DAMAGED:
    default:
        return export_fail_damaged(piece, err);
    }
}

struct stream {
    struct vault *vault;
    const struct vault_object_info *object;
    struct ex_progress *progress;
};

static ex_code put_stream(void *context, struct exporter *x, struct ex_error *err) {
    const struct stream *s = context;
    EX_TRY(vault_stream(s->vault, s->object, false, put_piece, x, s->progress, err));
    if (x->at == s->object->size_bytes)
        return EX_OK;
    return ex_fail(err, EX_ALTERED, "what was written has not the item's size");
}

static ex_code fill(struct exporter *x, export_fill_fn *put, void *context, const uint8_t *sha256,
                    struct export_report *ret, struct ex_error *err) {
    sha256_start(&x->hash);
    ex_code code = put(context, x, err);
    ret->size_bytes = x->at; /* what went out, also when it was not all */
    EX_TRY(code);
    if (x->file && ftruncate(x->fd, (off_t)x->at) != 0)
        return ex_fail_sys(err, "could not write \"%s\"", x->path);
    sha256_end(&x->hash, ret->sha256);
    if (sha256 != NULL && memcmp(ret->sha256, sha256, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the SHA-256 of what was written is not the one on record");
    return EX_OK;
}

static ex_code export_file(export_fill_fn *put, void *context, const uint8_t *sha256,
                           const char *path, struct export_report *ret, struct ex_error *err) {
    struct exporter x = {.path = path, .file = true};
    struct stat st;
    EX_AUTO_FREE char *temp = NULL;
    EX_AUTO_FD int fd = -1;
    if (lstat(path, &st) == 0)
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", path), err,
                       "choose another name; exhibit never writes over a file");
    if (asprintf(&temp, "%s.%08x.part", path, randombytes_random()) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ex_hint(ex_fail_sys(err, "could not write \"%s\"", path), err,
                       "check that its folder exists and that you may write there");
    x.fd = fd;
    ex_code code = fill(&x, put, context, sha256, ret, err);
    if (code == EX_OK)
        code = ex_sync_fd(fd, path, err);
    if (code == EX_OK)
        code = ex_publish(AT_FDCWD, temp, AT_FDCWD, path, err);
    if (code != EX_OK)
        (void)unlink(temp);
    return code;
}

ex_code export_through(export_fill_fn *put, void *context, const uint8_t *sha256, const char *path,
                       int output_fd, struct export_report *ret, struct ex_error *err) {
    if (strcmp(path, "-") != 0)
        return export_file(put, context, sha256, path, ret, err);
    struct exporter x = {.path = "standard output", .fd = output_fd};
    return fill(&x, put, context, sha256, ret, err);
}

ex_code export_raw(struct vault *v, const struct vault_object_info *object, const char *path,
                   int output_fd, struct ex_progress *progress, struct export_report *ret,
                   struct ex_error *err) {
    struct stream s = {.vault = v, .object = object, .progress = progress};
    if (progress != NULL) {
        progress->phase = "exporting";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, object->size_bytes);
    }
    return export_through(put_stream, &s, object->sha256, path, output_fd, ret, err);
}
