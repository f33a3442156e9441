/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a container: opened once, read by all of its workers. */
#include "source/container_internal.h"

#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

enum { PARTS_LOOKED_FOR = 9, NAME_BYTES = 128, PROBE_BYTES = 4096 };

/* ---- names ---- */

/* E01 … E99, EAA … EZZ, FAA … ZZZ, in the case of the first (libewf, "EWF file format"). */
static bool ewf_ending(char *ending, unsigned number) {
    char base = islower((unsigned char)ending[0]) ? 'a' : 'A';
    if (strlen(ending) != 3 || !isalpha((unsigned char)ending[0]) || strcmp(ending + 1, "01") != 0)
        return false;
    if (number <= 99) {
        ending[1] = (char)('0' + number / 10);
        ending[2] = (char)('0' + number % 10);
        return true;
    }
    unsigned first = (unsigned)(ending[0] - base) + (number - 100) / (26 * 26);
    ending[0] = (char)(base + (char)first);
    ending[1] = (char)(base + (char)((number - 100) / 26 % 26));
    ending[2] = (char)(base + (char)((number - 100) % 26));
    return first < 26;
}

/* 000, 001 … or aa, ab …: of split(1) and of most imagers. */
static bool counted_ending(char *ending, unsigned number) {
    size_t size = strlen(ending);
    unsigned carry = number - 1;
    char low = '0', high = '9';
    if (size > 0 && isalpha((unsigned char)ending[0])) {
        low = islower((unsigned char)ending[0]) ? 'a' : 'A';
        high = (char)(low + 25);
    }
    for (size_t i = size; i-- > 0;) {
        unsigned base = (unsigned)(high - low + 1);
        if (ending[i] < low || ending[i] > high)
            return false;
        carry += (unsigned)(ending[i] - low);
        ending[i] = (char)(low + (char)(carry % base));
        carry /= base;
    }
    return size > 1 && carry == 0;
}

bool container_segment_path(const char *first, unsigned number, char *ret, size_t size_bytes) {
    int size = snprintf(ret, size_bytes, "%s", first);
    char *slash = strrchr(ret, '/'), *dot = strrchr(ret, '.');
    if (size < 0 || (size_t)size >= size_bytes || number < 2 || dot == NULL ||
        (slash != NULL && dot < slash))
        return false;
    return ewf_ending(dot + 1, number) || counted_ending(dot + 1, number);
}

static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The second may be missing: then its reader says so. */
static bool has_another_part(const char *path) {
    char other[PATH_MAX];
    for (unsigned n = 2; n < 2 + PARTS_LOOKED_FOR; n++)
        if (container_segment_path(path, n, other, sizeof other) && is_file(other))
            return true;
    return false;
}

bool container_is_first_part(const char *path) {
    char other[PATH_MAX];
    const char *dot = strrchr(path, '.');
    struct stat st;
    if (dot == NULL || !has_another_part(path) || stat(path, &st) != 0 ||
        st.st_size % SOURCE_SECTOR_BYTES != 0)
        return false;
    if (strcmp(dot, ".000") == 0 || strcmp(dot, ".aa") == 0 || strcmp(dot, ".AA") == 0)
        return true;
    if (strcmp(dot, ".001") != 0)
        return false;
    (void)snprintf(other, sizeof other, "%s", path);
    other[strlen(other) - 1] = '0';
    return !is_file(other);
}

static ex_code path_beside(const char *first, const char *name, char *ret, size_t size_bytes,
                           struct ex_error *err) {
    const char *slash = strrchr(first, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - first) + 1;
    if (strchr(name, '/') != NULL || strchr(name, '\\') != NULL || strcmp(name, "..") == 0 ||
        strcmp(name, ".") == 0 || name[0] == '\0')
        return ex_fail(err, EX_DENIED, "it names a file that does not lie beside it");
    if (folder + strlen(name) >= size_bytes)
        return ex_fail(err, EX_LIMIT, "it names a file with too long a name");
    memcpy(ret, first, folder);
    memcpy(ret + folder, name, strlen(name) + 1);
    return EX_OK;
}

static ex_code path_of(const char *first, const char *name, char *ret, size_t size_bytes,
                       struct ex_error *err) {
    unsigned number = 0;
    int end = 0;
    if (strncmp(name, "file ", 5) == 0)
        return path_beside(first, name + 5, ret, size_bytes, err);
    if (sscanf(name, "segment %5u%n", &number, &end) != 1 || name[end] != '\0' ||
        !container_segment_path(first, number, ret, size_bytes))
        return ex_fail(err, EX_MISSING, "no name is known for %.40s", name);
    return EX_OK;
}

/* ---- opening ---- */

/* An image of many segments needs more descriptors than a process has at first. */
static bool more_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* `named`: by the officer, and not by the image or by a rule: what lies beside it is no link, for
 * that could lead anywhere. */
static ex_code open_regular(const char *path, bool named, struct source **ret,
                            struct ex_error *err) {
    struct ex_error first = {0};
    struct stat st = {0};
    if (!named && lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return ex_fail(err, EX_DENIED, "\"%.100s\" is a link, or no regular file", path);
    if (source_open(path, ret, &first) != EX_OK) {
        if (first.sys == EMFILE && more_descriptors()) {
            EX_TRY(source_open(path, ret, err));
        } else {
            if (err != NULL)
                *err = first;
            return first.code;
        }
    }
    const struct source_identity *i = &(*ret)->identity;
    if (i->kind == SOURCE_FILE && (named || (i->inode == st.st_ino && i->device == st.st_dev)))
        return EX_OK;
    source_close(*ret);
    *ret = NULL;
    return ex_fail(err, EX_UNSUPPORTED, "\"%s\" is no regular file", path);
}

static ex_code add(struct container_files *f, const char *path, size_t *ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    EX_TRY(ex_grow(&f->source, &f->source_capacity, f->count + 1, sizeof(struct source *),
                   SANDBOX_INPUTS_MAX * sizeof(struct source *), "the files of a container", err));
    EX_TRY(ex_grow(&f->file, &f->file_capacity, f->count + 1, sizeof *f->file,
                   SANDBOX_INPUTS_MAX * sizeof *f->file, "the files of a container", err));
    EX_TRY(open_regular(path, f->count == 0, &s, err));
    f->file[f->count] = (struct container_file){.path = s->path};
    source_identity(s, &f->file[f->count].identity);
    *ret = f->count;
    f->source[f->count++] = ex_steal(&s);
    return EX_OK;
}

ex_code container_files_open(struct container_files *f, const char *path, struct ex_error *err) {
    size_t first;
    pthread_mutex_init(&f->mutex, NULL);
    f->first = path;
    return add(f, path, &first, err);
}

void container_files_close(struct container_files *f) {
    if (f->first == NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        source_close(f->source[i]);
    free(f->source);
    free(f->file);
    pthread_mutex_destroy(&f->mutex);
}

ex_code container_files_find(struct container_files *f, const char *name, size_t *ret,
                             struct ex_error *err) {
    char path[PATH_MAX];
    ex_code code = EX_OK;
    EX_TRY(path_of(f->first, name, path, sizeof path, err));
    pthread_mutex_lock(&f->mutex);
    for (*ret = 0; *ret < f->count; ++*ret)
        if (strcmp(f->file[*ret].path, path) == 0)
            break;
    if (*ret == f->count)
        code = add(f, path, ret, err);
    pthread_mutex_unlock(&f->mutex);
    const char *slash = strrchr(path, '/');
    return code == EX_NOT_FOUND ? ex_fail(err, EX_MISSING, "\"%.100s\" is not there",
                                          slash == NULL ? path : slash + 1)
                                : code;
}

static const struct source *file_of(struct container_files *f, size_t file) {
    pthread_mutex_lock(&f->mutex);
    const struct source *s = f->source[file];
    pthread_mutex_unlock(&f->mutex);
    return s;
}

static ex_code read_file(const struct source *s, uint64_t offset, uint8_t *to, size_t size_bytes,
                         struct ex_error *err) {
    const char *slash = strrchr(s->path, '/');
    char name[NAME_BYTES]; /* so that there is room for the reason */
    (void)snprintf(name, sizeof name, "%s", slash == NULL ? s->path : slash + 1);
    errno = source_injected_fault(s, size_bytes, offset);
    if (errno != 0)
        return ex_fail_sys(err, "could not read \"%s\" at byte %llu", name,
                           (unsigned long long)offset);
    return ex_read_at(s->fd, to, size_bytes, offset, name, err);
}

ex_code container_files_read(struct container_files *f, size_t file, uint64_t offset, uint8_t *to,
                             size_t size_bytes, struct ex_error *err) {
    EX_TRY(read_file(file_of(f, file), offset, to, size_bytes, err));
    atomic_fetch_add(&f->bytes_read, (uint_fast64_t)size_bytes);
    pthread_mutex_lock(&f->mutex);
    f->good = file;
    f->good_at = offset;
    f->good_bytes = size_bytes < PROBE_BYTES ? size_bytes : PROBE_BYTES;
    pthread_mutex_unlock(&f->mutex);
    return EX_OK;
}

bool container_files_answer(struct container_files *f) {
    uint8_t data[PROBE_BYTES];
    pthread_mutex_lock(&f->mutex);
    const struct source *s = f->source[f->good];
    uint64_t at = f->good_at;
    size_t size = f->good_bytes;
    pthread_mutex_unlock(&f->mutex);
    /* Whole pages, or memory would answer for the disk. */
    uint64_t from = at & ~(uint64_t)(PROBE_BYTES - 1);
    (void)posix_fadvise(s->fd, (off_t)from, 2 * PROBE_BYTES, POSIX_FADV_DONTNEED);
    return read_file(s, at, data, size, NULL) == EX_OK;
}

void container_files_reach(struct container_files *f, size_t file, uint64_t end) {
    pthread_mutex_lock(&f->mutex);
    if (file > f->reached || (file == f->reached && end > f->reached_bytes)) {
        f->reached = file;
        f->reached_bytes = end;
    }
    pthread_mutex_unlock(&f->mutex);
}

bool container_files_are_near(struct container_files *f, size_t file, uint64_t offset) {
    pthread_mutex_lock(&f->mutex);
    bool near = file < f->reached ||
                (file == f->reached && offset < f->reached_bytes + CONTAINER_SUMS_AHEAD_BYTES);
    pthread_mutex_unlock(&f->mutex);
    return near;
}
