/* SPDX-License-Identifier: Apache-2.0 */
/* A folder behind the door of sources. */
#include "source/folder_internal.h"
#include "source/source_internal.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

static ex_code read_folder(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    size_t have = 0;
    while (have < size_bytes) { /* so that pieces are large */
        size_t got = 0;
        EX_TRY(folder_pull(s->own, to + have, size_bytes - have, &got, err));
        if (got == 0)
            break;
        have += got;
    }
    s->at += have;
    *ret_got = have;
    return EX_OK;
}

static ex_code note_bad(void *context, uint64_t offset, uint64_t length, struct ex_error *err) {
    return source_note_unread(context, (struct source_range){.offset = offset, .length = length},
                              err);
}

static struct source_time time_of(const struct statx_timestamp *t) {
    return (struct source_time){.s = t->tv_sec, .ns = t->tv_nsec};
}

static void describe(struct source *s, const struct statx *st) {
    struct source_identity *i = &s->identity;
    i->device = makedev(st->stx_dev_major, st->stx_dev_minor);
    i->inode = st->stx_ino;
    i->mode = st->stx_mode;
    i->modified = time_of(&st->stx_mtime);
    i->changed = time_of(&st->stx_ctime);
    i->accessed = time_of(&st->stx_atime);
}

static ex_code check_folder(struct source *s, struct source_identity *now, struct ex_error *err) {
    const struct folder *f = s->own;
    struct source copy = {.identity = *now};
    struct statx st;
    if (!folder_stat(f->root_fd, "", &st))
        return ex_fail_sys(err, "could not examine the folder \"%s\"", s->path);
    describe(&copy, &st);
    *now = copy.identity; /* what changed inside is in the report */
    return EX_OK;
}

static void close_folder(struct source *s) {
    folder_close(s->own);
}

static const struct source_driver folder_driver = {
    .read = read_folder, .check = check_folder, .close = close_folder};

ex_code source_open_folder(const char *path, const struct folder_selection *selection,
                           int spool_dir_fd, struct source **ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    struct folder *f = NULL;
    s->fd = -1;
    s->path = ex_strdup(path);
    s->identity = (struct source_identity){.kind = SOURCE_FOLDER, .path = s->path};
    EX_TRY(folder_open(path, selection, spool_dir_fd, &f, err));
    s->own = f;
    s->driver = &folder_driver;
    f->bad = note_bad;
    f->bad_context = s;
    f->stop = &s->stop;
    describe(s, &f->root_st);
    source_describe_path(s);
    *ret = ex_steal(&s);
    return EX_OK;
}

bool source_folder_report(const struct source *s, struct folder_report *ret) {
    if (s->identity.kind != SOURCE_FOLDER)
        return false;
    *ret = ((const struct folder *)s->own)->report;
    return true;
}
