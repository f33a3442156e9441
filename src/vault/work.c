/* SPDX-License-Identifier: Apache-2.0 */
/* Directories under work/: made, listed, opened again, removed (format/vault §6). */
#include "vault/work_internal.h"

#include "vault/put_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORK_PATH_BYTES = 48, POINT_HEAD_BYTES = 16, GATE_WAIT_MS = 30000 };

static struct vault_work *work_new(struct vault *v, const char *name) {
    struct vault_work *w = ex_new0(struct vault_work);
    w->vault = v;
    w->dir_fd = w->lock_fd = w->journal.fd = -1;
    (void)snprintf(w->name, sizeof w->name, "%s", name);
    return w;
}

void vault_work_close(struct vault_work *w) {
    if (w == NULL)
        return;
    journal_close(&w->journal);
    journal_content_clear(&w->content);
    ex_fd_close(w->lock_fd);
    ex_fd_close(w->dir_fd);
    free(w);
}

const char *vault_work_name(const struct vault_work *w) {
    return w->name;
}

ex_code work_gate(const struct vault *v, bool exclusive, int *ret_fd, struct ex_error *err) {
    EX_AUTO_FD int works = -1;
    EX_TRY(ex_open_dir_at(v->dir_fd, "work", true, &works, err));
    return ex_lock(works, ".gate", exclusive, GATE_WAIT_MS, ret_fd, err);
}

ex_code work_make(struct vault *v, const char *what, struct vault_work **ret,
                  struct ex_error *err) {
    EX_AUTO_FD int works = -1, gate = -1;
    char name[WORK_NAME_BYTES];
    (void)snprintf(name, sizeof name, "%08x%08x", randombytes_random(), randombytes_random());
    EX_AUTO(vault_work_close) struct vault_work *w = work_new(v, name);
    EX_TRY(ex_open_dir_at(v->dir_fd, "work", true, &works, err));
    /* From here on this directory says that chunks may be shared; no pack goes meanwhile. */
    EX_TRY(work_gate(v, false, &gate, err));
    EX_TRY(ex_open_dir_at(works, w->name, true, &w->dir_fd, err));
    /* Nobody else works here, but a vault check may be asking. */
    ex_code code = ex_lock(w->dir_fd, "lock", true, LOCK_WAIT_MS, &w->lock_fd, err);
    if (code == EX_OK)
        code = journal_create(v, w->dir_fd, "journal", what, &w->journal, err);
    if (code != EX_OK) {
        (void)!vault_work_remove(ex_steal(&w), NULL);
        return code;
    }
    *ret = ex_steal(&w);
    return EX_OK;
}

/* ---- appending ---- */

static ex_code write_anew(struct vault_work *w, struct ex_error *err) {
    struct journal_content now = {0};
    EX_TRY(journal_read(w->vault, w->dir_fd, &now, err));
    ex_code code = journal_rewrite(w->vault, w->dir_fd, now.what, &now, &w->journal, err);
    journal_content_clear(&now);
    return code;
}

ex_code work_note_pack(struct vault_work *w, const struct journal_pack *pack,
                       struct ex_error *err) {
    return journal_add_pack(&w->journal, pack, err);
}

ex_code work_note_point(struct vault_work *w, uint8_t *record, size_t size_bytes,
                        struct ex_error *err) {
    EX_TRY(journal_append(&w->journal, record, size_bytes, err));
    w->has_point = true;
    return w->journal.at > JOURNAL_REWRITE_BYTES ? write_anew(w, err) : EX_OK;
}

/* ---- removing ---- */

static bool is_pack(const char *name) {
    size_t size = strlen(name);
    return size > 5 && strcmp(name + size - 5, ".pack") == 0;
}

/* Packs alone, or every file but the lock, which goes last: until then the directory is taken. */
static void remove_files(int dir_fd, bool packs_only) {
    int fd = -1;
    struct dirent *e;
    if (ex_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return;
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        ex_fd_close(fd);
    while (dir != NULL && (e = readdir(dir)) != NULL)
        if (packs_only ? is_pack(e->d_name) : strcmp(e->d_name, "lock") != 0)
            (void)unlinkat(dir_fd, e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
}

ex_code vault_work_remove(struct vault_work *w, struct ex_error *err) {
    char path[WORK_PATH_BYTES];
    (void)snprintf(path, sizeof path, "work/%s", w->name);
    journal_close(&w->journal);
    if (w->dir_fd >= 0) {
        remove_files(w->dir_fd, false);
        (void)unlinkat(w->dir_fd, "lock", 0);
    }
    bool gone = ex_remove(w->vault->dir_fd, path, true);
    vault_work_close(w);
    return gone ? EX_OK : ex_fail(err, EX_IO, "could not remove \"%s\"", path);
}

void vault_work_leave(struct vault_work *w) {
    if (w == NULL || w->has_point)
        vault_work_close(w);
    else
        (void)!vault_work_remove(w, NULL);
}

/* ---- opening again ---- */

static bool has_point(const struct journal_content *c) {
    return c->point != NULL && c->point_bytes > POINT_HEAD_BYTES;
}

static uint64_t point_offset(const struct journal_content *c) {
    struct ex_cursor cursor = ex_cursor_make(c->point, c->point_bytes);
    (void)ex_cursor_le64(&cursor);
    return ex_cursor_le64(&cursor);
}

/* Can it be gone on with? Names what stands against it. */
static ex_code usable(const struct vault *v, const struct journal_content *c,
                      struct ex_error *err) {
    if (!has_point(c))
        return ex_fail(err, EX_MISSING, "it was cut off before its first resume point");
    for (size_t i = 0; i < c->pack_count; i++)
        if (!vault_has_pack(v, c->pack[i].id)) {
            char name[PACK_NAME_BYTES];
            return ex_fail(err, EX_MISSING, "its pack %.16s… is gone",
                           pack_name(name, c->pack[i].id) + 3);
        }
    return EX_OK;
}

static ex_code read_content(const struct vault *v, int dir_fd, struct journal_content *ret,
                            struct ex_error *err) {
    ex_code code = journal_read(v, dir_fd, ret, err);
    if (code == EX_NOT_FOUND)
        return ex_fail(err, EX_MISSING, "it has no journal");
    EX_TRY(code);
    return usable(v, ret, err);
}

static ex_code not_there(const char *name, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no unfinished work \"%.60s\"", name), err,
                   "exhibit work list names what there is");
}

/* The lock that was just taken is still the one in the directory, and that is still there: its last
 * owner may have removed both. */
static bool is_still_there(const struct vault_work *w) {
    struct stat held, named;
    return fstat(w->lock_fd, &held) == 0 && held.st_nlink > 0 &&
           fstatat(w->dir_fd, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

ex_code vault_work_open(struct vault *v, const char *name, struct vault_work **ret,
                        struct ex_error *err) {
    uint8_t id[8];
    char path[WORK_PATH_BYTES];
    if (!ex_parse_hex(name, strlen(name), id, sizeof id))
        return not_there(name, err);
    EX_AUTO(vault_work_close) struct vault_work *w = work_new(v, name);
    (void)snprintf(path, sizeof path, "work/%s", w->name);
    ex_code code = ex_open_at(v->dir_fd, path, O_RDONLY | O_DIRECTORY, &w->dir_fd, err);
    if (code == EX_NOT_FOUND)
        return not_there(name, err);
    EX_TRY(code);
    code = ex_lock(w->dir_fd, "lock", true, LOCK_WAIT_MS, &w->lock_fd, err);
    if (code == EX_BUSY)
        return ex_hint(
            ex_fail(err, EX_BUSY, "the work \"%s\" is going on in another process", name), err,
            "wait for it, or end that process");
    if (code == EX_NOT_FOUND)
        return not_there(name, err);
    EX_TRY(code);
    if (!is_still_there(w))
        return not_there(name, err);
    if (read_content(v, w->dir_fd, &w->content, &w->unusable) == EX_OK)
        w->unusable.code = EX_OK;
    w->has_point = w->unusable.code == EX_OK;
    *ret = ex_steal(&w);
    return EX_OK;
}

const char *vault_work_what(const struct vault_work *w) {
    return w->content.what;
}

ex_code vault_work_offset(const struct vault_work *w, uint64_t *ret, struct ex_error *err) {
    if (w->unusable.code != EX_OK)
        return ex_hint(ex_fail(err, w->unusable.code, "the work \"%s\" cannot be resumed: %.180s",
                               w->name, w->unusable.text),
                       err,
                       "collect again, which shares what was stored; then: exhibit work "
                       "discard %s --reason TEXT",
                       w->name);
    *ret = point_offset(&w->content);
    return EX_OK;
}

ex_code work_take_over(struct vault_work *w, const char *what, struct ex_error *err) {
    uint64_t offset;
    EX_TRY(vault_work_offset(w, &offset, err));
    EX_TRY(journal_rewrite(w->vault, w->dir_fd, what, &w->content, &w->journal, err));
    remove_files(w->dir_fd, true);
    return EX_OK;
}

/* ---- listing ---- */

static uint64_t directory_bytes(int dir_fd) {
    uint64_t bytes = 0;
    int fd = -1;
    struct dirent *e;
    struct stat st;
    if (ex_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd, NULL) != EX_OK)
        return 0;
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        ex_fd_close(fd);
    while (dir != NULL && (e = readdir(dir)) != NULL)
        if (fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
    if (dir != NULL)
        closedir(dir);
    return bytes;
}

static void look(const struct vault *v, int dir_fd, struct vault_unfinished *u) {
    struct journal_content content = {0};
    struct ex_error why;
    EX_AUTO_FD int lock = openat(dir_fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    u->running = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;
    u->bytes = directory_bytes(dir_fd);
    u->resumable = read_content(v, dir_fd, &content, &why) == EX_OK;
    if (!u->resumable)
        (void)snprintf(u->why_not, sizeof u->why_not, "%.119s", why.text);
    if (has_point(&content))
        u->offset = point_offset(&content);
    if (content.what != NULL && strlen(content.what) < sizeof u->what)
        memcpy(u->what, content.what, strlen(content.what) + 1);
    journal_content_clear(&content);
}

ex_code vault_work_list(struct vault *v, struct vault_unfinished *ret, size_t max,
                        size_t *ret_count, struct ex_error *err) {
    int fd = -1;
    struct dirent *e;
    *ret_count = 0;
    ex_code code = ex_open_at(v->dir_fd, "work", O_RDONLY | O_DIRECTORY, &fd, err);
    if (code == EX_NOT_FOUND)
        return EX_OK;
    EX_TRY(code);
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        ex_fd_close(fd);
        return ex_fail_sys(err, "could not list \"work\"");
    }
    while (*ret_count < max && (e = readdir(dir)) != NULL) {
        int one = -1;
        if (e->d_name[0] == '.' ||
            ex_open_at(fd, e->d_name, O_RDONLY | O_DIRECTORY, &one, NULL) != EX_OK)
            continue; /* finished since the directory was listed */
        struct vault_unfinished *u = &ret[(*ret_count)++];
        memset(u, 0, sizeof *u);
        (void)snprintf(u->name, sizeof u->name, "%.39s", e->d_name);
        look(v, one, u);
        ex_fd_close(one);
    }
    closedir(dir);
    return EX_OK;
}
