/* SPDX-License-Identifier: Apache-2.0 */
/* The formats at the command line, for tests/scripts/formats.sh, which holds them against other
 * people's programs. */
#include "base/cursor.h"
#include "base/file.h"
#include "crypto/sha256.h"
#include "formats/bagit.h"
#include "formats/tar.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, TIME_S = 1700000000 };

/* ---- standard input and output ---- */

static ex_code to_stdout(void *context, const void *data, size_t size, struct ex_error *err) {
    (void)context;
    return ex_write_all(STDOUT_FILENO, data, size, "standard output", err);
}

static ex_code from_stdin(void *context, void *to, size_t size, size_t *ret, struct ex_error *err) {
    (void)context;
    ssize_t got = read(STDIN_FILENO, to, size);
    if (got < 0)
        return ex_fail_sys(err, "could not read");
    *ret = (size_t)got;
    return EX_OK;
}

/* ---- tar ---- */

static ex_code put_file(struct tar_writer *w, const char *path, struct ex_error *err) {
    uint8_t buffer[BUFFER_BYTES];
    struct stat st;
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(AT_FDCWD, path, O_RDONLY, &fd, err));
    if (fstat(fd, &st) != 0)
        return ex_fail_sys(err, "could not look at \"%s\"", path);
    bool directory = S_ISDIR(st.st_mode);
    struct tar_member m = {.path = path,
                           .directory = directory,
                           .size_bytes = directory ? 0 : (uint64_t)st.st_size,
                           .mtime_s = TIME_S,
                           .mode = directory ? 0755 : 0444};
    EX_TRY(tar_begin(w, &m, err));
    for (ssize_t got = 1; !directory && got > 0;) {
        got = read(fd, buffer, sizeof buffer);
        if (got > 0)
            EX_TRY(tar_write(w, buffer, (size_t)got, err));
    }
    return directory ? EX_OK : tar_end(w, err);
}

static ex_code tar_of(char **paths, struct ex_error *err) {
    struct tar_writer w;
    tar_writer_init(&w, to_stdout, NULL);
    for (; *paths != NULL; paths++)
        EX_TRY(put_file(&w, *paths, err));
    return tar_finish(&w, err);
}

/* A hole in standard output, which is a file, where zeros belong. */
static ex_code tar_sparse(uint64_t size, struct ex_error *err) {
    static const uint8_t zeros[1 << 20];
    struct tar_writer w;
    struct tar_member m = {.path = "data/disk.raw", .size_bytes = size, .mtime_s = TIME_S};
    struct tar_member small = {.path = "data/small", .size_bytes = 6, .mtime_s = TIME_S};
    tar_writer_init(&w, to_stdout, NULL);
    EX_TRY(tar_begin(&w, &m, err));
    uint64_t hole = size < sizeof zeros ? 0 : size - sizeof zeros;
    if (lseek(STDOUT_FILENO, (off_t)hole, SEEK_CUR) < 0)
        return ex_fail_sys(err, "could not leave a hole");
    w.left_bytes -= hole;
    EX_TRY(tar_write(&w, zeros, (size_t)w.left_bytes, err));
    EX_TRY(tar_end(&w, err));
    EX_TRY(tar_begin(&w, &small, err));
    EX_TRY(tar_write(&w, "behind", 6, err));
    EX_TRY(tar_end(&w, err));
    return tar_finish(&w, err);
}

typedef ex_code (*member_fn)(void *context, struct tar_reader *r, const struct tar_member *m,
                             struct ex_error *err);

static ex_code each_member(member_fn take, void *context, bool ascii_only, struct ex_error *err) {
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    struct tar_policy policy = {.ascii_only = ascii_only};
    struct tar_member m;
    bool end = false;
    EX_TRY(tar_reader_new(from_stdin, NULL, &policy, &r, err));
    for (;;) {
        EX_TRY(tar_next(r, &m, &end, err));
        if (end)
            return EX_OK;
        EX_TRY(take(context, r, &m, err));
    }
}

static ex_code hash_member(struct tar_reader *r, char hex[static SHA256_HEX_BYTES],
                           uint8_t digest[static SHA256_BYTES], struct ex_error *err) {
    uint8_t buffer[BUFFER_BYTES];
    struct sha256 h;
    size_t got = 1;
    sha256_start(&h);
    while (got > 0) {
        EX_TRY(tar_read(r, buffer, sizeof buffer, &got, err));
        sha256_add(&h, buffer, got);
    }
    sha256_end(&h, digest);
    ex_hex(hex, digest, SHA256_BYTES);
    return EX_OK;
}

/* The first member's header alone, of an archive whose bytes may not follow. */
static ex_code first_member(struct ex_error *err) {
    EX_AUTO(tar_reader_free) struct tar_reader *r = NULL;
    struct tar_policy policy = {.ascii_only = true};
    struct tar_member m;
    bool end = false;
    EX_TRY(tar_reader_new(from_stdin, NULL, &policy, &r, err));
    EX_TRY(tar_next(r, &m, &end, err));
    if (!end)
        printf("%" PRIu64 " %s\n", m.size_bytes, m.path);
    return EX_OK;
}

/* As sha256sum writes it; a directory with a slash behind it and no hash. */
static ex_code list_member(void *context, struct tar_reader *r, const struct tar_member *m,
                           struct ex_error *err) {
    char hex[SHA256_HEX_BYTES];
    uint8_t digest[SHA256_BYTES];
    (void)context;
    EX_TRY(hash_member(r, hex, digest, err));
    if (m->directory)
        printf("%s/\n", m->path);
    else
        printf("%s  %s\n", hex, m->path);
    return EX_OK;
}

/* ---- bags ---- */

static int print_report(const struct bagit_report *r) {
    printf("%s %u.%u files %" PRIu64 " bytes %" PRIu64 " good %" PRIu64 "\n",
           bagit_grade_name(r->grade), r->major, r->minor, r->payload_files, r->payload_bytes,
           r->good_files);
    for (size_t i = 0; i < r->count; i++) {
        const struct bagit_finding *f = &r->findings[i];
        printf("  %s: %s%s%s\n", bagit_grade_name(f->grade), f->name, f->name[0] ? " " : "",
               f->text);
    }
    return r->grade <= BAGIT_WARNING ? 0 : 1;
}

static ex_code check_dir(const char *path, int *ret_status, struct ex_error *err) {
    EX_AUTO(bagit_report_free) struct bagit_report *report = NULL;
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, &fd, err));
    EX_TRY(bagit_check_dir(fd, &report, err));
    *ret_status = print_report(report);
    return EX_OK;
}

/* A bag in a tar: tag files as text, payload as somebody else's hash. */
static ex_code check_member(void *context, struct tar_reader *r, const struct tar_member *m,
                            struct ex_error *err) {
    struct bagit_check *c = context;
    const char *slash = strchr(m->path, '/');
    const char *path = slash == NULL ? "" : slash + 1;
    uint8_t buffer[BUFFER_BYTES], digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    size_t got = 1;
    if (m->directory)
        return *path == '\0' ? EX_OK : bagit_check_directory(c, path, strlen(path), err);
    if (strncmp(path, "data/", 5) == 0) {
        EX_TRY(hash_member(r, hex, digest, err));
        return bagit_check_hashed(c, path, strlen(path), m->size_bytes, digest, err);
    }
    EX_TRY(bagit_check_begin(c, path, strlen(path), err));
    while (got > 0) {
        EX_TRY(tar_read(r, buffer, sizeof buffer, &got, err));
        EX_TRY(bagit_check_data(c, buffer, got, err));
    }
    return bagit_check_end(c, err);
}

static ex_code check_tar(int *ret_status, struct ex_error *err) {
    EX_AUTO(bagit_check_free) struct bagit_check *c = NULL;
    EX_AUTO(bagit_report_free) struct bagit_report *report = NULL;
    EX_TRY(bagit_check_new(BAGIT_BIT(BAGIT_SHA256), &c, err));
    EX_TRY(each_member(check_member, c, false, err));
    EX_TRY(bagit_check_finish(c, &report, err));
    *ret_status = print_report(report);
    return EX_OK;
}

static ex_code file_line(enum bagit_algorithm a, const char *path, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    char line[BAGIT_LINE_BYTES_MAX];
    uint8_t digest[SHA256_BYTES];
    size_t size;
    EX_TRY(ex_read_file(AT_FDCWD, path, (size_t)1 << 26, &data, &size, err));
    sha256_of(data, size, digest);
    EX_TRY(bagit_manifest_line(a, digest, path, line, err));
    fputs(line, stdout);
    return EX_OK;
}

static ex_code manifest_of(char **paths, struct ex_error *err) {
    for (; *paths != NULL; paths++)
        EX_TRY(file_line(BAGIT_SHA256, *paths, err));
    return EX_OK;
}

static ex_code info_of(char **words, struct ex_error *err) {
    for (; words[0] != NULL && words[1] != NULL; words += 2) {
        EX_AUTO_FREE char *line = NULL;
        EX_TRY(bagit_info_line(words[0], words[1], &line, err));
        fputs(line, stdout);
    }
    return EX_OK;
}

static ex_code run(const char *what, char **words, int *ret_status, struct ex_error *err) {
    if (strcmp(what, "tar") == 0)
        return tar_of(words, err);
    if (strcmp(what, "tar-sparse") == 0 && words[0] != NULL)
        return tar_sparse(strtoull(words[0], NULL, 10), err);
    if (strcmp(what, "list") == 0)
        return each_member(list_member, NULL, false, err);
    if (strcmp(what, "list-ascii") == 0)
        return each_member(list_member, NULL, true, err);
    if (strcmp(what, "first") == 0)
        return first_member(err);
    if (strcmp(what, "bag") == 0 && words[0] != NULL)
        return check_dir(words[0], ret_status, err);
    if (strcmp(what, "bag-tar") == 0)
        return check_tar(ret_status, err);
    if (strcmp(what, "bagit.txt") == 0)
        return fputs(bagit_declaration_text(), stdout) < 0 ? EX_IO : EX_OK;
    if (strcmp(what, "manifest") == 0)
        return manifest_of(words, err);
    if (strcmp(what, "info") == 0)
        return info_of(words, err);
    return ex_fail(err, EX_USAGE,
                   "tar|tar-sparse|list|list-ascii|first|bag|bag-tar|bagit.txt|manifest|info");
}

int main(int argc, char **argv) {
    struct ex_error err = {0};
    int status = 0;
    if (argc < 2)
        return 2;
    ex_code code = run(argv[1], argv + 2, &status, &err);
    if (code != EX_OK)
        fprintf(stderr, "%s: %s\n", ex_code_name(code), err.text);
    return code == EX_OK ? status : 10;
}
