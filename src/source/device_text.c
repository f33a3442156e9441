/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the kernel and of udev, read with limits. */
#include "source/device_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 8192 };

static bool join(char to[static DEVICE_PATH_BYTES], const char *base, const char *a,
                 const char *b) {
    int size = snprintf(to, DEVICE_PATH_BYTES, "%s/%s%s%s", base, a, b != NULL ? "/" : "",
                        b != NULL ? b : "");
    return size > 0 && size < DEVICE_PATH_BYTES;
}

/* Up to `room` bytes of a file; −1: it cannot be read. */
static ssize_t read_some(const char *path, char *to, size_t room) {
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t have = 0;
    ssize_t got = 1;
    if (fd < 0)
        return -1;
    while (have < room && got > 0) {
        got = read(fd, to + have, room - have);
        if (got < 0 && errno != EINTR)
            return -1;
        have += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)have;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

bool device_text(const char *base, const char *a, const char *b, char *to, size_t size) {
    char path[DEVICE_PATH_BYTES], line[LINE_BYTES];
    to[0] = '\0';
    ssize_t got = join(path, base, a, b) ? read_some(path, line, sizeof line) : -1;
    if (got < 0)
        return false;
    size_t from = 0, end = strnlen(line, (size_t)got);
    const char *newline = memchr(line, '\n', end);
    end = newline != NULL ? (size_t)(newline - line) : end;
    while (end > 0 && is_space(line[end - 1]))
        end--;
    while (from < end && is_space(line[from]))
        from++;
    if (from == end || end - from >= size)
        return false;
    memcpy(to, line + from, end - from);
    to[end - from] = '\0';
    return true;
}

bool device_text_number(const char *base, const char *a, const char *b, uint64_t *ret) {
    char text[32];
    return device_text(base, a, b, text, sizeof text) && ex_parse_decimal(text, strlen(text), ret);
}

enum device_answer_word device_text_yes(const char *base, const char *a, const char *b) {
    uint64_t value;
    if (!device_text_number(base, a, b, &value) || value > 1)
        return DEVICE_UNKNOWN;
    return value == 1 ? DEVICE_YES : DEVICE_NO;
}

bool device_text_dev(const char *directory, uint32_t *ret_major, uint32_t *ret_minor) {
    char text[32];
    uint64_t major, minor;
    if (!device_text(directory, "dev", NULL, text, sizeof text))
        return false;
    const char *colon = strchr(text, ':');
    if (colon == NULL || !ex_parse_decimal(text, (size_t)(colon - text), &major) ||
        !ex_parse_decimal(colon + 1, strlen(colon + 1), &minor) || major > UINT32_MAX ||
        minor > UINT32_MAX)
        return false;
    *ret_major = (uint32_t)major;
    *ret_minor = (uint32_t)minor;
    return true;
}

ex_code device_text_file(const char *path, size_t limit, char **ret, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    EX_TRY(ex_alloc(limit + 1, 1, limit + 1, "a list of the kernel", &text, err));
    errno = 0;
    ssize_t got = read_some(path, text, limit + 1);
    if (got < 0)
        return ex_fail_sys(err, "could not read \"%s\"", path);
    if ((size_t)got > limit)
        return ex_fail(err, EX_LIMIT, "\"%s\" has more than %zu bytes", path, limit);
    text[got] = '\0';
    *ret = ex_steal(&text);
    return EX_OK;
}

/* ---- directories ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static ex_code add_name(struct device_names *n, const char *name, struct ex_error *err) {
    if (strlen(name) >= DEVICE_NAME_BYTES)
        return ex_fail(err, EX_LIMIT, "the kernel has a device with a name of %zu bytes",
                       strlen(name));
    EX_TRY(ex_grow(&n->name, &n->capacity, n->count + 1, sizeof *n->name,
                   (size_t)DEVICE_LIST_MAX * sizeof *n->name, "the kernel's list of devices", err));
    (void)snprintf(n->name[n->count++], DEVICE_NAME_BYTES, "%s", name);
    return EX_OK;
}

ex_code device_names_read(const char *directory, struct device_names *ret, struct ex_error *err) {
    struct device_names n = {0};
    ex_code code = EX_OK;
    DIR *dir = opendir(directory);
    if (dir == NULL && errno == ENOENT) {
        *ret = n;
        return EX_OK;
    }
    if (dir == NULL)
        return ex_fail_sys(err, "could not read \"%s\"", directory);
    for (const struct dirent *e = readdir(dir); e != NULL && code == EX_OK; e = readdir(dir))
        if (e->d_name[0] != '.')
            code = add_name(&n, e->d_name, err);
    (void)closedir(dir);
    if (code != EX_OK) {
        device_names_clear(&n);
        return code;
    }
    if (n.count > 0)
        qsort(n.name, n.count, sizeof *n.name, by_name);
    *ret = n;
    return EX_OK;
}

void device_names_clear(struct device_names *n) {
    free(n->name);
    *n = (struct device_names){0};
}

bool device_directory(const struct device_system *system, uint32_t major, uint32_t minor,
                      char to[static DEVICE_PATH_BYTES]) {
    char link[DEVICE_PATH_BYTES];
    int size =
        snprintf(link, sizeof link, "%s/dev/block/%u:%u", system->sys, (unsigned)major, minor);
    if (size < 0 || size >= (int)sizeof link)
        return false;
    EX_AUTO_FREE char *real = realpath(link, NULL);
    if (real == NULL || strlen(real) >= DEVICE_PATH_BYTES)
        return false;
    memcpy(to, real, strlen(real) + 1);
    return true;
}
