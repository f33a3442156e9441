/* SPDX-License-Identifier: Apache-2.0 */
/* A block device, read past the page cache.
 *
 * The page cache reads in pieces of its own: one bad sector would take its good neighbours with it,
 * and a second attempt might get what the first one left in memory.
 */
#include "source/source_internal.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/* 0: the kernel (before 5.15) does not say. */
static uint64_t disk_sequence(int fd) {
    uint64_t number = 0;
    return ioctl(fd, BLKGETDISKSEQ, &number) == 0 ? number : 0;
}

static ex_code check_device(struct source *s, struct source_identity *now, struct ex_error *err) {
    struct stat by_path;
    uint64_t size = 0;
    if (ioctl(s->fd, BLKGETSIZE64, &size) != 0)
        return ex_fail_sys(err, "could not ask the device \"%s\" for its size", s->path);
    now->size_bytes = size;
    if (size != s->identity.size_bytes)
        return ex_hint(ex_fail(err, EX_SOURCE,
                               "the device \"%s\" changed its size while it was read, from %llu to "
                               "%llu bytes",
                               s->path, (unsigned long long)s->identity.size_bytes,
                               (unsigned long long)size),
                       err, "%s", source_changed_hint);
    now->disk_sequence = disk_sequence(s->fd);
    if (now->disk_sequence != s->identity.disk_sequence)
        return ex_hint(ex_fail(err, EX_SOURCE,
                               "another medium came into the device \"%s\" while it was read",
                               s->path),
                       err, "%s", source_changed_hint);
    if (stat(s->path, &by_path) != 0 || !S_ISBLK(by_path.st_mode) ||
        by_path.st_rdev != s->identity.device)
        return ex_fail(err, EX_SOURCE, "\"%s\" was another device after it was read than before",
                       s->path);
    return EX_OK;
}

static const struct source_driver device_driver = {
    .read = source_read_medium, .check = check_device, .seeks = true};

ex_code source_open_device(struct source *s, struct ex_error *err) {
    struct stat st;
    int sector = 0;
    s->driver = &device_driver;
    s->identity.kind = SOURCE_DEVICE;
    if (fstat(s->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the device \"%s\"", s->path);
    source_identity_from(&st, &s->identity);
    s->identity.device = st.st_rdev;
    if (ioctl(s->fd, BLKGETSIZE64, &s->identity.size_bytes) != 0 ||
        ioctl(s->fd, BLKSSZGET, &sector) != 0)
        return ex_fail_sys(err, "could not ask the device \"%s\" for its size", s->path);
    if (sector < SOURCE_SECTOR_BYTES || sector > SOURCE_SECTOR_MAX_BYTES ||
        (sector & (sector - 1)) != 0)
        return ex_fail(err, EX_UNSUPPORTED, "the device \"%s\" says that a sector has %d bytes",
                       s->path, sector);
    if (fcntl(s->fd, F_SETFL, fcntl(s->fd, F_GETFL) | O_DIRECT) != 0)
        return ex_fail_sys(err, "could not read the device \"%s\" past the page cache", s->path);
    s->identity.disk_sequence = disk_sequence(s->fd);
    source_describe_path(s);
    s->medium = (struct source_medium){.read_at = source_pread,
                                       .alignment_bytes = (uint32_t)sector,
                                       .sector_bytes = (uint32_t)sector};
    s->identity.sector_bytes = s->medium.sector_bytes;
    return EX_OK;
}
