/* SPDX-License-Identifier: Apache-2.0 */
/* On which disk a source lies, by sysfs: a partition belongs to the disk that it is part of. */
#include "base/cursor.h"
#include "base/file.h"
#include "source/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* "8:0\n" */
static bool parse_dev(const char *text, size_t size, uint64_t *ret) {
    const char *colon = memchr(text, ':', size);
    uint64_t major_number, minor_number;
    if (size == 0 || text[size - 1] != '\n' || colon == NULL)
        return false;
    size_t before = (size_t)(colon - text);
    if (!ex_parse_decimal(text, before, &major_number) ||
        !ex_parse_decimal(colon + 1, size - before - 2, &minor_number) ||
        major_number > UINT32_MAX || minor_number > UINT32_MAX)
        return false;
    *ret = makedev((unsigned)major_number, (unsigned)minor_number);
    return true;
}

static void read_dev(const char *name, uint64_t *ret) {
    EX_AUTO_FD int fd = -1;
    char text[64];
    if (ex_open_at(AT_FDCWD, name, O_RDONLY, &fd, NULL) != EX_OK)
        return;
    ssize_t got = read(fd, text, sizeof text);
    if (got > 0)
        (void)parse_dev(text, (size_t)got, ret);
}

bool source_disk(const char *path, uint64_t *ret) {
    struct stat st;
    char name[80];
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || S_ISFIFO(st.st_mode))
        return false;
    dev_t device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
    *ret = device;
    (void)snprintf(name, sizeof name, "/sys/dev/block/%u:%u/partition", major(device),
                   minor(device));
    if (stat(name, &st) != 0)
        return true; /* a whole disk, or something of which sysfs knows none */
    (void)snprintf(name, sizeof name, "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
    read_dev(name, ret);
    return true;
}
