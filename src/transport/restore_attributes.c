/* SPDX-License-Identifier: Apache-2.0 */
/* Owner, extended attributes, mode, times, in this order: a new owner takes the set-user bit and
 * capabilities away, and everything changes times. */
#include "transport/restore_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void set_path(json_t *line, const char *path) {
    json_t *text = json_string(path); /* NULL: not UTF-8 */
    if (text != NULL) {
        json_object_set_new(line, "path", text);
        return;
    }
    size_t room = sodium_base64_encoded_len(strlen(path), sodium_base64_VARIANT_ORIGINAL);
    EX_AUTO_FREE char *coded = ex_new0_bytes(room);
    sodium_bin2base64(coded, room, (const unsigned char *)path, strlen(path),
                      sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(line, "path_base64", json_string(coded));
}

ex_code restore_note(struct restore_tree *t, const char *path, const char *what, const char *name,
                     int error, struct ex_error *err) {
    const char *word = strerrorname_np(error);
    if (t->list_fd < 0)
        t->list_fd =
            openat(t->root_fd, RESTORE_LIST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (t->list_fd < 0)
        return ex_fail_sys(err, "could not write the list of what was not restored");
    json_t *line = json_object();
    set_path(line, path);
    json_object_set_new(line, "what", json_string(what));
    if (name != NULL)
        json_object_set_new(line, "name", json_string(name));
    json_object_set_new(line, "error",
                        json_string(error == 0     ? "not-asked-for"
                                    : word != NULL ? word
                                                   : "unknown"));
    EX_AUTO_FREE char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a line");
    t->report->not_restored++;
    t->report->not_asked += error == 0;
    EX_TRY(ex_write_all(t->list_fd, text, strlen(text), RESTORE_LIST, err));
    return ex_write_all(t->list_fd, "\n", 1, RESTORE_LIST, err);
}

static ex_code set_owner(struct restore_tree *t, const struct tar_entry *e, int fd, int parent_fd,
                         const char *name, bool *ret_owned, struct ex_error *err) {
    struct stat st;
    int at = fd >= 0 ? fd : parent_fd, flags = fd >= 0 ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    const char *what = fd >= 0 ? "" : name;
    *ret_owned = true;
    if (fstatat(at, what, &st, flags) == 0 && st.st_uid == e->uid && st.st_gid == e->gid)
        return EX_OK;
    if (fchownat(at, what, e->uid, e->gid, flags) == 0)
        return EX_OK;
    *ret_owned = false;
    return restore_note(t, e->path, "owner", NULL, errno, err);
}

static ex_code set_xattrs(struct restore_tree *t, const struct tar_entry *e, int fd, int parent_fd,
                          const char *name, struct ex_error *err) {
    char path[64 + 256];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", parent_fd, name);
    for (size_t i = 0; i < e->xattr_count; i++) {
        const struct tar_entry_xattr *x = &e->xattr[i];
        if (!t->special && strcmp(x->name, "security.capability") == 0) {
            EX_TRY(restore_note(t, e->path, "attribute", x->name, 0, err));
            continue;
        }
        int done = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->value_bytes, 0)
                           : lsetxattr(path, x->name, x->value, x->value_bytes, 0);
        if (done != 0)
            EX_TRY(restore_note(t, e->path, "attribute", x->name, errno, err));
    }
    return EX_OK;
}

/* For a wrong owner a set-user bit would mean another thing. */
static ex_code set_mode(struct restore_tree *t, const struct tar_entry *e, bool owned, int fd,
                        int parent_fd, const char *name, struct ex_error *err) {
    bool set_id = e->type != TAR_ENTRY_DIRECTORY && (e->mode & 06000u) != 0;
    bool asked = !set_id || t->special;
    mode_t mode = e->mode & (owned && asked ? 07777u : 01777u);
    if (e->type == TAR_ENTRY_SYMLINK)
        return EX_OK;
    if ((fd >= 0 ? fchmod(fd, mode) : fchmodat(parent_fd, name, mode, 0)) != 0)
        return restore_note(t, e->path, "mode", NULL, errno, err);
    return mode == e->mode ? EX_OK : restore_note(t, e->path, "mode", NULL, asked ? EPERM : 0, err);
}

static struct timespec time_of(const struct tar_entry_time *t) {
    return (struct timespec){.tv_sec = t->s, .tv_nsec = t->known ? (long)t->ns : UTIME_OMIT};
}

ex_code restore_attributes(struct restore_tree *t, const struct tar_entry *e, int fd, int parent_fd,
                           const char *name, struct ex_error *err) {
    const struct timespec times[2] = {time_of(&e->atime), time_of(&e->mtime)};
    bool owned;
    EX_TRY(set_owner(t, e, fd, parent_fd, name, &owned, err));
    EX_TRY(set_xattrs(t, e, fd, parent_fd, name, err));
    EX_TRY(set_mode(t, e, owned, fd, parent_fd, name, err));
    if ((fd >= 0 ? futimens(fd, times) : utimensat(parent_fd, name, times, AT_SYMLINK_NOFOLLOW)) !=
        0)
        return restore_note(t, e->path, "times", NULL, errno, err);
    return EX_OK;
}
