/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces the file "data" in the current directory, in a right way or in a wrong one: what the
 * crash tests must pass and what they must catch. wrong WAY */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIZE = 10000 };
static const char *way;

static bool is(const char *name) {
    return strcmp(way, name) == 0;
}

static void must(bool good, const char *what) {
    if (good)
        return;
    perror(what);
    _exit(1);
}

static int make(const char *name) {
    struct open_how how = {.flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0600};
    long fd = is("openat2") ? syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how)
                            : open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    must(fd >= 0, name);
    return (int)fd;
}

static void fill(int fd) {
    char text[SIZE];
    memset(text, 'n', sizeof text);
    must(pwrite(fd, text, sizeof text, 0) == SIZE, "write");
}

static void sync_dir(const char *name) {
    int fd = open(name, O_RDONLY | O_DIRECTORY);
    must(fd >= 0 && fsync(fd) == 0, name);
    close(fd);
}

static void replace(const char *temp, const char *name) {
    int fd = make(temp), other = is("fsync-of-another") ? make("other") : -1;
    fill(fd);
    if (is("fsync-then-write"))
        must(pwrite(fd, "oops", 4, 5000) == 4, "write");
    if (other >= 0)
        must(fsync(other) == 0, "fsync");
    else if (!is("no-fsync") && !is("late-fsync"))
        must(fsync(fd) == 0, "fsync");
    if (is("fsync-then-write"))
        must(pwrite(fd, "nnnn", 4, 5000) == 4, "write");
    if (is("unlink-first"))
        must(unlink(name) == 0, "unlink");
    must(rename(temp, name) == 0, "rename");
    if (is("late-fsync"))
        must(fsync(fd) == 0, "fsync");
    if (!is("no-fsync-of-directory"))
        sync_dir(".");
    close(fd);
}

int main(int argc, char **argv) {
    way = argc == 2 ? argv[1] : "";
    if (is("in-place")) {
        int fd = open("data", O_RDWR);
        must(fd >= 0, "open");
        fill(fd);
        must(fsync(fd) == 0, "fsync");
    } else if (is("in-a-new-directory") || is("in-a-lost-directory")) {
        must(mkdir("sub", 0700) == 0, "mkdir");
        if (is("in-a-new-directory"))
            sync_dir(".");
        int fd = make("sub/data");
        fill(fd);
        must(fsync(fd) == 0, "fsync");
        close(fd);
        sync_dir("sub");
    } else if (is("right") || is("openat2") || is("no-fsync") || is("late-fsync") ||
               is("no-fsync-of-directory") || is("fsync-of-another") || is("unlink-first") ||
               is("fsync-then-write")) {
        replace("temp", "data");
    } else {
        fprintf(stderr, "wrong: no way \"%s\"\n", way);
        return 2;
    }
    return 0;
}
