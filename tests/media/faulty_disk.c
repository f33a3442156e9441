/* SPDX-License-Identifier: Apache-2.0 */
/* A disk image with faults, as a file: faulty_disk IMAGE MOUNTPOINT [writable]. It runs in the
 * foreground.
 *
 *   MOUNTPOINT/disk     the image; reads that touch a bad range fail with EIO
 *   MOUNTPOINT/control  written to, one line a command:
 *                         bad OFFSET LENGTH      unreadable from now on
 *                         other OFFSET LENGTH    reads give other bytes from now on
 *                         good                   no faults any more
 *                         gone                   every read and every write fails
 *                         gone-after BYTES       so, once so many more bytes were read
 *                       read from: how many bytes were given of the disk so far
 *
 * A loop device on top of it (losetup --direct-io=on) is a disk with bad sectors.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RANGES_MAX = 100000 };

struct fault {
    uint64_t offset, length;
    bool other;
};

struct disk {
    int fd;
    bool writable;
    uint64_t size_bytes, given_bytes, gone_after;
    size_t count;
    struct fault fault[RANGES_MAX];
};

static struct disk *disk_of_mount(void) {
    return fuse_get_context()->private_data;
}

static bool is_control(const char *path) {
    return strcmp(path, "/control") == 0;
}

static bool is_disk(const char *path) {
    return strcmp(path, "/disk") == 0;
}

static int get_attr(const char *path, struct stat *st, struct fuse_file_info *info) {
    (void)info;
    *st = (struct stat){.st_nlink = 1};
    if (strcmp(path, "/") == 0) {
        st->st_mode = S_IFDIR | 0755;
    } else if (is_disk(path)) {
        st->st_mode = S_IFREG | 0644;
        st->st_size = (off_t)disk_of_mount()->size_bytes;
    } else if (is_control(path)) {
        st->st_mode = S_IFREG | 0644;
        st->st_size = 32;
    } else {
        return -ENOENT;
    }
    return 0;
}

static int read_dir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                    struct fuse_file_info *info, enum fuse_readdir_flags flags) {
    (void)path, (void)offset, (void)info, (void)flags;
    fill(buffer, "disk", NULL, 0, 0);
    fill(buffer, "control", NULL, 0, 0);
    return 0;
}

static int open_file(const char *path, struct fuse_file_info *info) {
    info->direct_io = 1; /* nothing is kept in memory: every read comes here as it was asked */
    return is_disk(path) || is_control(path) ? 0 : -ENOENT;
}

static bool touches(const struct fault *f, uint64_t offset, size_t size) {
    return offset < f->offset + f->length && offset + size > f->offset;
}

static int read_disk(struct disk *d, char *to, size_t size, uint64_t offset) {
    if (d->given_bytes >= d->gone_after)
        return -EIO;
    for (size_t i = 0; i < d->count; i++)
        if (!d->fault[i].other && touches(&d->fault[i], offset, size))
            return -EIO;
    ssize_t got = pread(d->fd, to, size, (off_t)offset);
    if (got < 0)
        return -errno;
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; d->fault[i].other && k < (size_t)got; k++)
            if (touches(&d->fault[i], offset + k, 1))
                to[k] = (char)~to[k];
    d->given_bytes += (uint64_t)got;
    return (int)got;
}

static int read_file(const char *path, char *to, size_t size, off_t offset,
                     struct fuse_file_info *info) {
    struct disk *d = disk_of_mount();
    char text[40];
    (void)info;
    if (is_disk(path))
        return read_disk(d, to, size, (uint64_t)offset);
    int length = snprintf(text, sizeof text, "%" PRIu64 "\n", d->given_bytes);
    if (offset >= length)
        return 0;
    size = size < (size_t)(length - offset) ? size : (size_t)(length - offset);
    memcpy(to, text + offset, size);
    return (int)size;
}

static int command(struct disk *d, const char *line) {
    struct fault f = {0};
    uint64_t bytes;
    f.other = strncmp(line, "other ", 6) == 0;
    if (strcmp(line, "good") == 0) {
        d->count = 0;
        d->gone_after = UINT64_MAX;
    } else if (strcmp(line, "gone") == 0) {
        d->gone_after = 0;
    } else if (sscanf(line, "gone-after %" SCNu64, &bytes) == 1) {
        d->gone_after = d->given_bytes + bytes;
    } else if (d->count < RANGES_MAX &&
               sscanf(line, f.other ? "other %" SCNu64 " %" SCNu64 : "bad %" SCNu64 " %" SCNu64,
                      &f.offset, &f.length) == 2) {
        d->fault[d->count++] = f;
    } else {
        return -EINVAL;
    }
    return 0;
}

static int write_disk(const struct disk *d, const char *from, size_t size, off_t offset) {
    if (!d->writable)
        return -EROFS;
    if (d->given_bytes >= d->gone_after)
        return -EIO;
    ssize_t put = pwrite(d->fd, from, size, offset);
    return put < 0 ? -errno : (int)put;
}

static int write_file(const char *path, const char *from, size_t size, off_t offset,
                      struct fuse_file_info *info) {
    (void)info;
    if (!is_control(path))
        return write_disk(disk_of_mount(), from, size, offset);
    char *text = strndup(from, size), *rest = text;
    int code = 0;
    for (char *line; code == 0 && (line = strsep(&rest, "\n")) != NULL;)
        if (*line != '\0')
            code = command(disk_of_mount(), line);
    free(text);
    return code == 0 ? (int)size : code;
}

static int truncate_file(const char *path, off_t size, struct fuse_file_info *info) {
    (void)size, (void)info;
    return is_control(path) ? 0 : -EROFS;
}

static const struct fuse_operations operations = {.getattr = get_attr,
                                                  .readdir = read_dir,
                                                  .open = open_file,
                                                  .read = read_file,
                                                  .write = write_file,
                                                  .truncate = truncate_file};

int main(int argc, char **argv) {
    struct disk *d = calloc(1, sizeof *d);
    struct stat st;
    if (argc < 3 || d == NULL)
        return 2;
    d->writable = argc > 3 && strcmp(argv[3], "writable") == 0;
    d->fd = open(argv[1], (d->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    d->gone_after = UINT64_MAX;
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        return 1;
    d->size_bytes = (uint64_t)st.st_size;
    char foreground[] = "-f", one_thread[] = "-s";
    char *arguments[] = {argv[0], foreground, one_thread, argv[2], NULL};
    int code = fuse_main(4, arguments, &operations, d);
    close(d->fd);
    free(d);
    return code;
}
