/* SPDX-License-Identifier: Apache-2.0 */
/* sets/ of a vault (format/hash-set §5): one file for each set, named as its identity. */
#include "vault/sets.h"

#include "base/cursor.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { NAME_BYTES = 2 * VAULT_SET_ID_BYTES + sizeof ".set", PATH_BYTES = NAME_BYTES + 8 };
enum { LOCK_WAIT_MS = 2000 };
static const char dir_name[] = "sets", new_name[] = "new.tmp", lock_name[] = "lock";

struct vault_sets {
    int dir_fd, lock_fd, new_fd;
};

static const char *name_of(const uint8_t id[static VAULT_SET_ID_BYTES],
                           char to[static NAME_BYTES]) {
    ex_hex(to, id, VAULT_SET_ID_BYTES);
    memcpy(to + NAME_BYTES - sizeof ".set", ".set", sizeof ".set");
    return to;
}

static bool id_of(const char *name, uint8_t ret[static VAULT_SET_ID_BYTES]) {
    return strlen(name) == NAME_BYTES - 1 &&
           strcmp(name + NAME_BYTES - sizeof ".set", ".set") == 0 &&
           ex_parse_hex(name, 2 * VAULT_SET_ID_BYTES, ret, VAULT_SET_ID_BYTES);
}

ex_code vault_set_open(struct vault *v, const uint8_t id[static VAULT_SET_ID_BYTES],
                       struct hashset **ret, struct ex_error *err) {
    char name[NAME_BYTES], path[PATH_BYTES], shown[PATH_BYTES];
    struct ex_error why = {0};
    int fd = -1;
    (void)snprintf(path, sizeof path, "%s/%s", dir_name, name_of(id, name));
    ex_code code = ex_open_at(vault_dir_fd(v), path, O_RDONLY | O_NONBLOCK, &fd, &why);
    if (code != EX_OK && why.sys == ENOENT)
        return ex_fail(err, EX_MISSING, "the hash set %.16s… is gone", name);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    (void)snprintf(shown, sizeof shown, "%s/%.16s…", dir_name, name);
    return hashset_open(fd, shown, id, ret, err);
}

/* ---- changing ---- */

void vault_sets_unlock(struct vault_sets *s) {
    if (s == NULL)
        return;
    if (s->new_fd >= 0)
        (void)ex_remove(s->dir_fd, new_name, false);
    ex_fd_close(s->new_fd);
    ex_fd_close(s->lock_fd);
    ex_fd_close(s->dir_fd);
    free(s);
}

ex_code vault_sets_lock(struct vault *v, struct vault_sets **ret, struct ex_error *err) {
    EX_AUTO(vault_sets_unlock) struct vault_sets *s = ex_new0(struct vault_sets);
    s->dir_fd = s->lock_fd = s->new_fd = -1;
    EX_TRY(ex_open_dir_at(vault_dir_fd(v), dir_name, true, &s->dir_fd, err));
    ex_code code = ex_lock(s->dir_fd, lock_name, true, LOCK_WAIT_MS, &s->lock_fd, err);
    if (code == EX_BUSY)
        return ex_hint(ex_fail(err, EX_BUSY, "another process adds or removes a hash set"), err,
                       "wait until it has ended");
    EX_TRY(code);
    *ret = ex_steal(&s);
    return EX_OK;
}

int vault_sets_dir_fd(const struct vault_sets *s) {
    return s->dir_fd;
}

static bool is_kept(const char *name, const uint8_t (*keep)[VAULT_SET_ID_BYTES], size_t count) {
    uint8_t id[VAULT_SET_ID_BYTES];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, lock_name) == 0)
        return true;
    if (!id_of(name, id))
        return false;
    for (size_t i = 0; i < count; i++)
        if (memcmp(keep[i], id, sizeof id) == 0)
            return true;
    return false;
}

/* The entries of sets/; NULL: there is none, or it cannot be read, which errno says. */
static DIR *list_of(int above_fd, const char *name) {
    int fd = -1;
    struct ex_error why = {0};
    if (ex_open_at(above_fd, name, O_RDONLY | O_DIRECTORY, &fd, &why) != EX_OK) {
        errno = why.sys != 0 ? why.sys : EIO;
        return NULL;
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL)
        ex_fd_close(fd);
    return dir;
}

ex_code vault_sets_clean(struct vault_sets *s, const uint8_t (*keep)[VAULT_SET_ID_BYTES],
                         size_t count, struct ex_error *err) {
    struct dirent *e;
    DIR *dir = list_of(s->dir_fd, ".");
    if (dir == NULL)
        return ex_fail_sys(err, "could not list the hash sets of the vault");
    while ((e = readdir(dir)) != NULL)
        if (!is_kept(e->d_name, keep, count))
            (void)ex_remove(s->dir_fd, e->d_name, false); /* one that stays is in nobody's way */
    closedir(dir);
    return EX_OK;
}

ex_code vault_sets_begin(struct vault_sets *s, int *ret_fd, struct ex_error *err) {
    (void)ex_remove(s->dir_fd, new_name, false);
    EX_TRY(ex_open_at(s->dir_fd, new_name, O_RDWR | O_CREAT | O_EXCL, &s->new_fd, err));
    *ret_fd = s->new_fd;
    return EX_OK;
}

ex_code vault_sets_publish(struct vault_sets *s, const uint8_t id[static VAULT_SET_ID_BYTES],
                           struct ex_error *err) {
    char name[NAME_BYTES];
    EX_TRY(ex_publish(s->dir_fd, new_name, s->dir_fd, name_of(id, name), err));
    ex_fd_close(ex_steal_fd(&s->new_fd));
    return EX_OK;
}

ex_code vault_sets_remove(struct vault_sets *s, const uint8_t id[static VAULT_SET_ID_BYTES],
                          struct ex_error *err) {
    char name[NAME_BYTES];
    errno = 0;
    if (!ex_remove(s->dir_fd, name_of(id, name), false) && errno != ENOENT)
        return ex_fail_sys(err, "could not remove the hash set %.16s…", name);
    return ex_sync_fd(s->dir_fd, dir_name, err);
}

/* ---- checking ---- */

struct checking {
    struct vault *vault;
    bool deep;
    struct ex_progress *progress;
    vault_sets_problem_fn *problem;
    void *context;
};

/* What is not sound is told; *err is only for what keeps the check from going on. */
static ex_code check_one(struct checking *c, const char *name, struct ex_error *err) {
    EX_AUTO(hashset_close) struct hashset *s = NULL;
    struct ex_error why = {0};
    uint8_t id[VAULT_SET_ID_BYTES];
    char text[200];
    ex_code code = !id_of(name, id) ? ex_fail(&why, EX_FORMAT, "not the name of a hash set")
                                    : vault_set_open(c->vault, id, &s, &why);
    if (code == EX_OK && c->deep)
        code = hashset_each(s, NULL, NULL, c->progress, &why);
    if (code == EX_INTERRUPTED || code == EX_NOMEM) {
        if (err != NULL)
            *err = why;
        return code;
    }
    (void)snprintf(text, sizeof text, "sets/%.16s…: %.160s", name, why.text);
    if (code != EX_OK)
        c->problem(c->context, text);
    return EX_OK;
}

static bool is_working_file(const char *name) {
    size_t size = strlen(name);
    return name[0] == '.' || strcmp(name, lock_name) == 0 ||
           (size > 4 && strcmp(name + size - 4, ".tmp") == 0);
}

ex_code vault_sets_check(struct vault *v, bool deep, struct ex_progress *progress,
                         vault_sets_problem_fn *problem, void *context, uint64_t *ret_count,
                         struct ex_error *err) {
    struct checking c = {v, deep, progress, problem, context};
    struct dirent *e;
    ex_code code = EX_OK;
    DIR *dir = list_of(vault_dir_fd(v), dir_name);
    *ret_count = 0;
    if (dir == NULL && errno != ENOENT)
        problem(context, "sets: could not be listed");
    while (dir != NULL && code == EX_OK && (e = readdir(dir)) != NULL) {
        if (is_working_file(e->d_name))
            continue;
        ++*ret_count;
        code = check_one(&c, e->d_name, err);
    }
    if (dir != NULL)
        closedir(dir);
    return code;
}
