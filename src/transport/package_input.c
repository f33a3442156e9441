/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/package_input_internal.h"

#include "base/file.h"
#include "transport/outlet_internal.h"
#include "transport/package.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- NAME.age ---- */

struct file_input {
    struct package_input public;
    int fd;
    char *name;
    struct age_decrypt *age;
    struct tar_reader *tar;
    const uint8_t *expected; /* SHA-256 of the file; may be NULL */
    struct outlet *sha256;
    size_t top_bytes; /* "NAME/" */
    char top[PACKAGE_PATH_MAX];
};

static ex_code read_fd(void *context, void *to, size_t size_bytes, size_t *ret_bytes,
                       struct ex_error *err) {
    struct file_input *in = context;
    ssize_t got;
    do
        got = read(in->fd, to, size_bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ex_fail_sys(err, "could not read \"%s\"", in->name);
    *ret_bytes = (size_t)got;
    return in->sha256 != NULL ? outlet_write(in->sha256, to, (size_t)got, err) : EX_OK;
}

static ex_code read_age(void *context, void *to, size_t size_bytes, size_t *ret_bytes,
                        struct ex_error *err) {
    struct file_input *in = context;
    return age_decrypt_read(in->age, to, size_bytes, ret_bytes, err);
}

/* Everything is below one directory, whose name is the first member's. */
static ex_code strip_top(struct file_input *in, const char *path, const char **ret,
                         struct ex_error *err) {
    const char *slash = strchr(path, '/');
    if (in->top_bytes == 0 && slash != NULL && (size_t)(slash - path) + 1 < sizeof in->top) {
        in->top_bytes = (size_t)(slash - path) + 1;
        memcpy(in->top, path, in->top_bytes);
    }
    if (in->top_bytes == 0 || strncmp(path, in->top, in->top_bytes) != 0 ||
        path[in->top_bytes] == '\0')
        return ex_fail(err, EX_FORMAT, "\"%.100s\" is not in the package's directory", path);
    *ret = path + in->top_bytes;
    return EX_OK;
}

static ex_code file_next(struct package_input *public, const char **ret_path, uint64_t *ret_size,
                         bool *ret_end, struct ex_error *err) {
    struct file_input *in = (struct file_input *)public;
    struct tar_member m = {.directory = true};
    struct outlet_sums sums;
    uint8_t rest[1];
    size_t got = 0;
    *ret_end = false;
    while (m.directory && !*ret_end)
        EX_TRY(tar_next(in->tar, &m, ret_end, err));
    if (!*ret_end) {
        *ret_size = m.size_bytes;
        return strip_top(in, m.path, ret_path, err);
    }
    EX_TRY(age_decrypt_read(in->age, rest, sizeof rest, &got, err));
    if (got > 0)
        return ex_fail(err, EX_FORMAT, "the package goes on behind the end of its archive");
    if (in->sha256 == NULL)
        return EX_OK;
    EX_TRY(outlet_finish(in->sha256, &sums, err));
    if (memcmp(sums.sha256, in->expected, sizeof sums.sha256) != 0)
        return ex_hint(ex_fail(err, EX_ALTERED, "the package was changed while it was read"), err,
                       "its signatures were checked over other bytes");
    return EX_OK;
}

static ex_code file_read(struct package_input *public, void *to, size_t size_bytes,
                         size_t *ret_bytes, struct ex_error *err) {
    return tar_read(((struct file_input *)public)->tar, to, size_bytes, ret_bytes, err);
}

static void file_close(struct package_input *public) {
    struct file_input *in = (struct file_input *)public;
    tar_reader_free(in->tar);
    age_decrypt_free(in->age);
    outlet_free(in->sha256);
    ex_fd_close(in->fd);
    free(in->name);
    free(in);
}

ex_code package_input_file(const char *path, const struct age_identities *identities,
                           const uint8_t *sha256, struct package_input **ret,
                           struct ex_error *err) {
    EX_AUTO(package_input_close) struct package_input *public = NULL;
    struct file_input *in = ex_new0(struct file_input);
    const struct age_keys keys = {.identities = identities};
    const struct tar_policy policy = {.ascii_only = true};
    in->public = (struct package_input){file_next, file_read, file_close};
    in->name = ex_strdup(path);
    in->expected = sha256;
    public = &in->public;
    in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (in->fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    if (sha256 != NULL)
        EX_TRY(outlet_new(-1, path, OUTLET_SHA256, &in->sha256, err));
    EX_TRY(age_decrypt_new((struct age_source){read_fd, in}, &keys, &in->age, err));
    EX_TRY(tar_reader_new(read_age, in, &policy, &in->tar, err));
    *ret = ex_steal(&public);
    return EX_OK;
}

/* ---- an opened package ---- */

enum { DIR_FILES_MAX = 1 << 17, DIR_DEPTH_MAX = 8 };

struct dir_input {
    struct package_input public;
    int dir_fd, fd;
    char **path; /* tags first */
    size_t count, capacity, at;
};

static ex_code add_path(struct dir_input *in, const char *path, struct ex_error *err) {
    EX_TRY(ex_grow(&in->path, &in->capacity, in->count + 1, sizeof *in->path,
                   DIR_FILES_MAX * sizeof *in->path, "the files of a package", err));
    in->path[in->count++] = ex_strdup(path);
    return EX_OK;
}

static ex_code walk(struct dir_input *in, const char *below, unsigned depth, struct ex_error *err);

static ex_code take_name(struct dir_input *in, int dir_fd, const char *below, const char *name,
                         unsigned depth, struct ex_error *err) {
    char path[PACKAGE_PATH_MAX + 1];
    struct stat st;
    if (snprintf(path, sizeof path, "%s%s%s", below, below[0] != '\0' ? "/" : "", name) >=
        (int)sizeof path)
        return ex_fail(err, EX_LIMIT, "a path in the package is longer than %d bytes",
                       PACKAGE_PATH_MAX);
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ex_fail_sys(err, "could not examine \"%s\" in the package", path);
    if (S_ISDIR(st.st_mode))
        return walk(in, path, depth + 1, err);
    if (!S_ISREG(st.st_mode))
        return ex_fail(err, EX_FORMAT, "\"%s\" in the package is not a regular file", path);
    return add_path(in, path, err);
}

static ex_code walk(struct dir_input *in, const char *below, unsigned depth, struct ex_error *err) {
    int fd;
    ex_code code = EX_OK;
    if (depth > DIR_DEPTH_MAX)
        return ex_fail(err, EX_LIMIT, "the package's directories are more than %d deep",
                       DIR_DEPTH_MAX);
    EX_TRY(
        ex_open_at(in->dir_fd, below[0] != '\0' ? below : ".", O_RDONLY | O_DIRECTORY, &fd, err));
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        ex_fd_close(fd);
        return ex_fail_sys(err, "could not list \"%s\"", below);
    }
    for (struct dirent *e; code == EX_OK && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            code = take_name(in, fd, below, e->d_name, depth, err);
    (void)closedir(d);
    return code;
}

static bool is_payload(const char *path) {
    return strncmp(path, "data/", 5) == 0;
}

static int tags_first(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    if (is_payload(x) != is_payload(y))
        return is_payload(x) ? 1 : -1;
    return strcmp(x, y);
}

static ex_code dir_next(struct package_input *public, const char **ret_path, uint64_t *ret_size,
                        bool *ret_end, struct ex_error *err) {
    struct dir_input *in = (struct dir_input *)public;
    struct stat st;
    ex_fd_close(in->fd);
    in->fd = -1;
    *ret_end = in->at == in->count;
    if (*ret_end)
        return EX_OK;
    const char *path = in->path[in->at++];
    EX_TRY(ex_open_at(in->dir_fd, path, O_RDONLY | O_NONBLOCK, &in->fd, err));
    if (fstat(in->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine \"%s\"", path);
    *ret_path = path;
    *ret_size = (uint64_t)st.st_size;
    return EX_OK;
}

static ex_code dir_read(struct package_input *public, void *to, size_t size_bytes,
                        size_t *ret_bytes, struct ex_error *err) {
    struct dir_input *in = (struct dir_input *)public;
    ssize_t got;
    do
        got = read(in->fd, to, size_bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ex_fail_sys(err, "could not read \"%s\"", in->path[in->at - 1]);
    *ret_bytes = (size_t)got;
    return EX_OK;
}

static void dir_close(struct package_input *public) {
    struct dir_input *in = (struct dir_input *)public;
    for (size_t i = 0; i < in->count; i++)
        free(in->path[i]);
    free(in->path);
    ex_fd_close(in->fd);
    ex_fd_close(in->dir_fd);
    free(in);
}

ex_code package_input_dir(const char *path, struct package_input **ret, struct ex_error *err) {
    EX_AUTO(package_input_close) struct package_input *public = NULL;
    struct dir_input *in = ex_new0(struct dir_input);
    in->public = (struct package_input){dir_next, dir_read, dir_close};
    in->fd = -1;
    public = &in->public;
    in->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in->dir_fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    EX_TRY(walk(in, "", 0, err));
    qsort(in->path, in->count, sizeof *in->path, tags_first);
    *ret = ex_steal(&public);
    return EX_OK;
}
