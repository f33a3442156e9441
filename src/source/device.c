/* SPDX-License-Identifier: Apache-2.0 */
/* A device as a handle: opening, claiming, the read-only flag. */
#include "source/device_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int system_control(void *context, int fd, unsigned long request, void *argument) {
    (void)context;
    return ioctl(fd, request, argument);
}

static struct device_system whole_system(const struct device_system *given) {
    struct device_system s = given != NULL ? *given : (struct device_system){0};
    s.sys = s.sys != NULL ? s.sys : "/sys";
    s.run = s.run != NULL ? s.run : "/run";
    s.proc = s.proc != NULL ? s.proc : "/proc";
    s.dev = s.dev != NULL ? s.dev : "/dev";
    s.control = s.control != NULL ? s.control : system_control;
    return s;
}

bool device_at(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

/* O_NONBLOCK: a drive without a medium opens too. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* What /sys did not say. */
static void ask_kernel(struct device *d) {
    struct device_identity *i = &d->identity;
    uint64_t size = 0;
    int sector = 0;
    unsigned physical = 0;
    if (d->system.control(d->system.context, d->fd, BLKGETSIZE64, &size) == 0)
        i->size = size;
    if (d->system.control(d->system.context, d->fd, BLKSSZGET, &sector) == 0 && sector > 0)
        i->logical_sector = (uint32_t)sector;
    if (d->system.control(d->system.context, d->fd, BLKPBSZGET, &physical) == 0 && physical > 0)
        i->physical_sector = physical;
    if (i->name[0] == '\0')
        (void)snprintf(i->name, sizeof i->name, "%u:%u", (unsigned)i->major, (unsigned)i->minor);
}

ex_code device_open(const char *path, const struct device_system *system, struct device **ret,
                    struct ex_error *err) {
    struct stat st;
    EX_AUTO(device_close) struct device *d = ex_new0(struct device);
    d->claim_fd = -1;
    d->path = ex_strdup(path);
    d->system = whole_system(system);
    d->fd = open(path, OPEN_FLAGS);
    if (d->fd < 0)
        return ex_hint(ex_fail_sys(err, "could not open the device \"%s\"", path), err,
                       "check the path, and that you may read it");
    if (fstat(d->fd, &st) != 0)
        return ex_fail_sys(err, "could not examine the device \"%s\"", path);
    if (!S_ISBLK(st.st_mode))
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" is not a block device", path);
    EX_TRY(device_identify(&d->system, major(st.st_rdev), minor(st.st_rdev), &d->identity, err));
    ask_kernel(d);
    *ret = ex_steal(&d);
    return EX_OK;
}

const struct device_identity *device_identity(const struct device *d) {
    return &d->identity;
}

dev_t device_number(const struct device *d) {
    return makedev(d->identity.major, d->identity.minor);
}

ex_code device_check_medium(const struct device *d, struct ex_error *err) {
    const struct device_identity *was = &d->identity;
    struct device_identity now;
    EX_TRY(device_identify(&d->system, was->major, was->minor, &now, err));
    const char *other = strcmp(now.backing_file, was->backing_file) != 0 ? "backing file"
                        : strcmp(now.serial, was->serial) != 0           ? "serial number"
                        : strcmp(now.wwid, was->wwid) != 0               ? "world-wide name"
                        : now.whole_size != was->whole_size              ? "size"
                                                                         : NULL;
    device_identity_clear(&now);
    if (other == NULL)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "another medium came into the device \"%.100s\" while it was read: its "
                           "%s is another",
                           d->path, other),
                   err, "the item is not held; collect each medium for itself");
}

/* ---- claiming ---- */

/* O_EXCL without O_CREAT: the kernel gives a block device to one claimant, and a mounted file
 * system, swap, RAID and LVM are such claimants. A claim on a whole device covers its partitions.
 */
static ex_code claim(struct device *d, bool *ret_refused, struct ex_error *err) {
    struct stat st;
    EX_AUTO_FD int fd = open(d->path, OPEN_FLAGS | O_EXCL);
    *ret_refused = fd < 0 && errno == EBUSY;
    if (*ret_refused)
        return EX_OK;
    if (fd < 0)
        return ex_fail_sys(err, "could not open the device \"%s\" exclusively", d->path);
    if (fstat(fd, &st) != 0 || !S_ISBLK(st.st_mode) || st.st_rdev != device_number(d))
        return ex_fail(err, EX_SOURCE, "\"%s\" became another device while it was opened", d->path);
    d->claim_fd = ex_steal_fd(&fd);
    return EX_OK;
}

ex_code device_claim(struct device *d, const struct device_use **ret, size_t *ret_count,
                     struct ex_error *err) {
    bool refused = false;
    if (d->claim_fd < 0)
        EX_TRY(claim(d, &refused, err));
    d->use_count = 0;
    EX_TRY(device_list_uses(d, err));
    if (refused && d->use_count == 0)
        EX_TRY(device_add_use(d, DEVICE_CLAIMED, d->identity.name, "", err));
    *ret = d->use;
    *ret_count = d->use_count;
    return EX_OK;
}

bool device_claimed(const struct device *d) {
    return d->claim_fd >= 0;
}

/* ---- the read-only flag ---- */

static enum device_answer_word flag_of(const struct device *d, int fd) {
    int set = 0;
    if (d->system.control(d->system.context, fd, BLKROGET, &set) != 0)
        return DEVICE_UNKNOWN;
    return set != 0 ? DEVICE_YES : DEVICE_NO;
}

/* A partition by its name in /dev, where "!" stands for "/"; −1: it is not there. */
static int open_part(const struct device *d, const struct device_part *part) {
    char path[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES];
    struct stat st;
    int at = snprintf(path, sizeof path, "%s/", d->system.dev);
    (void)snprintf(path + at, sizeof path - (size_t)at, "%s", part->name);
    for (char *c = strchr(path + at, '!'); c != NULL; c = strchr(c, '!'))
        *c = '/';
    EX_AUTO_FD int fd = open(path, OPEN_FLAGS);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISBLK(st.st_mode) ||
        st.st_rdev != makedev(part->major, part->minor))
        return -1;
    return ex_steal_fd(&fd);
}

static bool set_flag(const struct device *d, int fd, int on) {
    return d->system.control(d->system.context, fd, BLKROSET, &on) == 0;
}

static bool is_loop(const struct device *d) {
    return strcmp(d->identity.transport, "loop") == 0 && d->identity.partition == 0;
}

/* A loop device outlives what it showed, and the flag would meet the next one. */
static void restore_flag(struct device *d) {
    if (d->set_flag && is_loop(d))
        (void)set_flag(d, d->fd, 0);
}

void device_check_read_only(struct device *d, struct device_flag *flag) {
    flag->now = flag_of(d, d->fd);
    flag->parts = d->identity.part_count;
    flag->parts_set = 0;
    for (size_t i = 0; i < d->identity.part_count; i++) {
        EX_AUTO_FD int fd = open_part(d, &d->identity.part[i]);
        flag->parts_set += fd >= 0 && flag_of(d, fd) == DEVICE_YES;
    }
}

void device_set_read_only(struct device *d, bool in_use, struct device_flag *ret) {
    *ret = (struct device_flag){.before = flag_of(d, d->fd)};
    ret->tried = !in_use;
    bool needed = ret->before != DEVICE_YES || !is_loop(d); /* it would outlive what it showed */
    if (in_use)
        (void)snprintf(ret->why, sizeof ret->why,
                       "not tried: the device is in use, and what uses it would lose data");
    else if (needed && !set_flag(d, d->fd, 1))
        (void)snprintf(ret->why, sizeof ret->why, "could not be set: %.100s", strerror(errno));
    for (size_t i = 0; ret->tried && i < d->identity.part_count; i++) {
        EX_AUTO_FD int fd = open_part(d, &d->identity.part[i]);
        if (fd >= 0)
            (void)set_flag(d, fd, 1);
    }
    device_check_read_only(d, ret);
    d->set_flag = ret->tried && ret->before == DEVICE_NO && ret->now == DEVICE_YES;
}

void device_close(struct device *d) {
    if (d == NULL)
        return;
    restore_flag(d);
    ex_fd_close(d->claim_fd);
    ex_fd_close(d->fd);
    device_identity_clear(&d->identity);
    free(d->path);
    free(d->use);
    free(d);
}
