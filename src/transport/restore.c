/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/restore_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILL_BYTES = 64 << 10 };

struct restorer {
    struct tar_entries *entries;
    struct restore_tree *tree;
    const struct vault_object_info *object;
    size_t range; /* the first of the object's unreadable ones that is not behind `at` */
    struct sha256 hash;
    uint64_t at;
};

/* How many of the bytes that come next are alike: read from the source, or never. */
static size_t alike(struct restorer *r, size_t size_bytes, bool *ret_unread) {
    const struct vault_object_info *o = r->object;
    while (r->range < o->unreadable_count &&
           o->unreadable[r->range].offset + o->unreadable[r->range].length <= r->at)
        r->range++;
    *ret_unread = r->range < o->unreadable_count && o->unreadable[r->range].offset <= r->at;
    if (r->range == o->unreadable_count)
        return size_bytes;
    uint64_t end = o->unreadable[r->range].offset;
    end += *ret_unread ? o->unreadable[r->range].length : 0;
    return end - r->at < size_bytes ? (size_t)(end - r->at) : size_bytes;
}

static ex_code put_bytes(struct restorer *r, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    sha256_add(&r->hash, data, size_bytes);
    while (size_bytes > 0) {
        size_t part = alike(r, size_bytes, &r->tree->unread);
        r->at += part;
        EX_TRY(tar_entries_feed(r->entries, data, part, err));
        data += part;
        size_bytes -= part;
    }
    return EX_OK;
}

static ex_code put_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct restorer *r = context;
    uint8_t fill[FILL_BYTES];
    if (piece->kind == VAULT_PIECE_DATA)
        return put_bytes(r, piece->data, piece->length, err);
    if (piece->kind != VAULT_PIECE_CONSTANT)
        return ex_hint(ex_fail(err, piece->missing ? EX_MISSING : EX_ALTERED,
                               "bytes %" PRIu64 " to %" PRIu64 " of the item cannot be given: %s",
                               piece->offset, piece->offset + piece->length - 1, piece->why),
                       err, "run: exhibit verify ITEM, which names everything that is damaged");
    memset(fill, piece->value, sizeof fill);
    for (uint64_t left = piece->length; left > 0;) {
        size_t part = left < sizeof fill ? (size_t)left : sizeof fill;
        EX_TRY(put_bytes(r, fill, part, err));
        left -= part;
    }
    return EX_OK;
}

static ex_code restore_all(struct vault *v, const struct vault_object_info *object,
                           struct restore_tree *tree, struct ex_progress *progress,
                           struct restore_report *ret, struct ex_error *err) {
    const struct tar_entry_sink sink = {
        .context = tree, .begin = restore_begin, .data = restore_data, .end = restore_end};
    struct restorer r = {.tree = tree, .object = object};
    EX_AUTO(tar_entries_free) struct tar_entries *entries = NULL;
    EX_TRY(tar_entries_new(&sink, &entries, err));
    r.entries = entries;
    sha256_start(&r.hash);
    EX_TRY(vault_stream(v, object, false, put_piece, &r, progress, err));
    EX_TRY(tar_entries_finish(entries, err));
    EX_TRY(restore_finish(tree, err));
    ret->size_bytes = r.at;
    sha256_end(&r.hash, ret->sha256);
    if (r.at != object->size_bytes || memcmp(ret->sha256, object->sha256, SHA256_BYTES) != 0)
        return ex_fail(err, EX_ALTERED, "the SHA-256 of what was restored is not the item's");
    return EX_OK;
}

static ex_code restore_into(struct vault *v, const struct vault_object_info *object, int root_fd,
                            const char *path, bool special, struct ex_progress *progress,
                            struct restore_report *ret, struct ex_error *err) {
    struct restore_tree tree;
    restore_tree_init(&tree, root_fd, ret);
    tree.special = special;
    ex_code code = restore_all(v, object, &tree, progress, ret, err);
    restore_tree_clear(&tree);
    EX_TRY(code);
    return syncfs(root_fd) == 0 ? EX_OK : ex_fail_sys(err, "could not write \"%s\"", path);
}

ex_code restore_files(struct vault *v, const struct vault_object_info *object, const char *path,
                      bool special, struct ex_progress *progress, struct restore_report *ret,
                      struct ex_error *err) {
    struct stat st;
    EX_AUTO_FREE char *temp = NULL;
    EX_AUTO_FD int fd = -1;
    *ret = (struct restore_report){0};
    if (progress != NULL) {
        progress->phase = "restoring";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, object->size_bytes);
    }
    if (lstat(path, &st) == 0)
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", path), err,
                       "choose another name; exhibit never writes over anything");
    if (asprintf(&temp, "%s.%08x.part", path, randombytes_random()) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    if (mkdir(temp, 0700) != 0)
        return ex_hint(ex_fail_sys(err, "could not make the directory \"%s\"", path), err,
                       "check that its folder exists and that you may write there");
    fd = open(temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", temp);
    ex_code code = restore_into(v, object, fd, path, special, progress, ret, err);
    if (code == EX_OK)
        code = ex_publish(AT_FDCWD, temp, AT_FDCWD, path, err);
    if (code != EX_OK)
        ex_hint(code, err, "what was restored before is in \"%.100s\"", temp);
    return code;
}
