/* SPDX-License-Identifier: Apache-2.0 */
/* Making a vault that a crash cannot leave half made: format/vault §1. While the file "making" is
 * there, nothing in the directory was ever acknowledged, so it may be taken away and made again. */
#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH_MAX = 8 };

struct vault_making {
    int dir_fd, lock_fd;
};

/* What vault.json's directory may hold before the vault is made. */
static const char *const MADE[] = {"packs",  "index",      "work",       "keys",
                                   "ledger", "vault.json", "catalog.db", NULL};

void vault_making_free(struct vault_making *m) {
    if (m == NULL)
        return;
    ex_fd_close(m->lock_fd);
    ex_fd_close(m->dir_fd);
    free(m);
}

/* "catalog.db" stands for "catalog.db-wal" and "vault.json" for "vault.json.01234567.tmp" too. */
static bool is_of_making(const char *name) {
    for (size_t i = 0; MADE[i] != NULL; i++) {
        size_t size = strlen(MADE[i]);
        if (strncmp(name, MADE[i], size) == 0 &&
            (name[size] == '\0' || (strchr(MADE[i], '.') != NULL && strchr("-.", name[size]))))
            return true;
    }
    return strcmp(name, VAULT_MAKING) == 0;
}

/* Calls `each` for every name in dir_fd/path until it fails. */
static ex_code each_name(int dir_fd, const char *path,
                         ex_code (*each)(int dir_fd, const char *name, unsigned depth,
                                         struct ex_error *err),
                         unsigned depth, struct ex_error *err) {
    EX_AUTO_FD int fd = -1;
    ex_code code = EX_OK;
    EX_TRY(ex_open_at(dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return ex_fail_sys(err, "could not read \"%s\"", path);
    (void)ex_steal_fd(&fd);
    for (const struct dirent *e; code == EX_OK && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            code = each(dirfd(dir), e->d_name, depth, err);
    }
    closedir(dir);
    return code;
}

static ex_code must_be_of_making(int dir_fd, const char *name, unsigned depth,
                                 struct ex_error *err) {
    (void)dir_fd;
    (void)depth;
    if (is_of_making(name))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_EXISTS, "the directory holds \"%.80s\" already", name), err,
                   "name a directory that does not exist yet");
}

static ex_code must_hold_nothing(int dir_fd, const char *name, unsigned depth,
                                 struct ex_error *err) {
    (void)dir_fd;
    (void)depth;
    return ex_hint(ex_fail(err, EX_EXISTS, "the directory holds bytes already (\"%.80s\")", name),
                   err, "name a directory that does not exist yet");
}

static ex_code remove_tree(int dir_fd, const char *name, unsigned depth, struct ex_error *err) {
    if (depth == 0 && strcmp(name, VAULT_MAKING) == 0)
        return EX_OK; /* the last to go */
    if (unlinkat(dir_fd, name, 0) == 0)
        return EX_OK;
    if ((errno != EISDIR && errno != EPERM) || depth == TREE_DEPTH_MAX)
        return ex_fail_sys(err, "could not remove \"%s\"", name);
    EX_TRY(each_name(dir_fd, name, remove_tree, depth + 1, err));
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) != 0)
        return ex_fail_sys(err, "could not remove \"%s\"", name);
    return EX_OK;
}

/* Takes away what a making that was cut off left. Bytes of evidence are never among it. */
static ex_code make_empty(int dir_fd, struct ex_error *err) {
    static const char *const bytes[] = {"packs", "work"};
    EX_TRY(each_name(dir_fd, ".", must_be_of_making, 0, err));
    for (size_t i = 0; i < 2; i++) {
        bool regular;
        if (ex_exists(dir_fd, bytes[i], &regular))
            EX_TRY(each_name(dir_fd, bytes[i], must_hold_nothing, 0, err));
    }
    EX_TRY(each_name(dir_fd, ".", remove_tree, 0, err));
    return ex_sync_fd(dir_fd, "the vault", err);
}

static ex_code make_directory(const char *path, int *ret_fd, struct ex_error *err) {
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ex_fail_sys(err, "could not make the vault \"%s\"", path);
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    EX_AUTO_FD int above = -1; /* not everybody may read it */
    if (ex_open_at(fd, "..", O_RDONLY | O_DIRECTORY, &above, NULL) == EX_OK)
        EX_TRY(ex_sync_fd(above, path, err));
    *ret_fd = ex_steal_fd(&fd);
    return EX_OK;
}

static ex_code must_be_empty(int dir_fd, const char *name, unsigned depth, struct ex_error *err) {
    (void)dir_fd;
    (void)name;
    (void)depth;
    return ex_fail(err, EX_EXISTS, "the directory is not empty");
}

ex_code vault_making_begin(const char *path, struct vault_making **ret, struct ex_error *err) {
    EX_AUTO(vault_making_free) struct vault_making *m = ex_new0(struct vault_making);
    bool regular;
    m->dir_fd = m->lock_fd = -1;
    EX_TRY(make_directory(path, &m->dir_fd, err));
    if (!ex_exists(m->dir_fd, VAULT_MAKING, &regular) &&
        each_name(m->dir_fd, ".", must_be_empty, 0, NULL) != EX_OK)
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already and is not empty", path),
                       err, "name a directory that does not exist yet");
    EX_TRY(ex_lock(m->dir_fd, VAULT_MAKING, true, 0, &m->lock_fd, err));
    EX_TRY(make_empty(m->dir_fd, err));
    *ret = ex_steal(&m);
    return EX_OK;
}

ex_code vault_making_end(struct vault_making *m, struct ex_error *err) {
    if (unlinkat(m->dir_fd, VAULT_MAKING, 0) != 0)
        return ex_fail_sys(err, "could not remove \"%s\"", VAULT_MAKING);
    return ex_sync_fd(m->dir_fd, "the vault", err);
}

bool vault_is_half_made(const struct vault *v) {
    bool regular;
    return ex_exists(v->dir_fd, VAULT_MAKING, &regular);
}
