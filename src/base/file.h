/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads and writes, durable replacement, locks.
 *
 * `name` and `path` arguments are only for messages unless said otherwise. Everything is opened
 * close-on-exec.
 *
 * Where there is a dir_fd, the name is looked up beneath it and no component of it may be a
 * symbolic link: EX_ALTERED says so, for vaults hold none (docs/format/vault.md §1). Absolute names
 * and ".." inside a name are EX_FORMAT. With AT_FDCWD the path is the user's own: links in its
 * directories are followed.
 */
#ifndef EXHIBIT_BASE_FILE_H
#define EXHIBIT_BASE_FILE_H

#include "base/error.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor that closes itself: EX_AUTO_FD int fd = -1; */
void ex_fd_close(int fd); /* accepts -1; keeps errno */
static inline void ex_fd_auto(int *fd) {
    ex_fd_close(*fd);
}
#define EX_AUTO_FD __attribute__((cleanup(ex_fd_auto)))
static inline int ex_steal_fd(int *fd) {
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

/* Opens dir_fd/name (dir_fd may be AT_FDCWD, and then only the last component must be no link). The
 * name ".." alone is the directory above. A file system that cannot do O_DIRECT: EX_UNSUPPORTED. */
EX_MUST_USE ex_code ex_open_at(int dir_fd, const char *name, int flags, int *ret_fd,
                               struct ex_error *err);

/* Opens a sub-directory, creating it (mode 0700, durable) first when `create`. */
EX_MUST_USE ex_code ex_open_dir_at(int dir_fd, const char *name, bool create, int *ret_fd,
                                   struct ex_error *err);

/* Exactly size_bytes at the offset; EX_ALTERED when the file ends before. */
EX_MUST_USE ex_code ex_read_at(int fd, void *to, size_t size_bytes, uint64_t offset,
                               const char *name, struct ex_error *err);
EX_MUST_USE ex_code ex_write_at(int fd, const void *from, size_t size_bytes, uint64_t offset,
                                const char *name, struct ex_error *err);
/* To the current position: works on pipes too. */
EX_MUST_USE ex_code ex_write_all(int fd, const void *from, size_t size_bytes, const char *name,
                                 struct ex_error *err);

/* The whole file dir_fd/name with a NUL after it (not counted). EX_LIMIT when it is larger. The
 * caller frees. */
EX_MUST_USE ex_code ex_read_file(int dir_fd, const char *name, size_t limit_bytes,
                                 uint8_t **ret_data, size_t *ret_size_bytes, struct ex_error *err);

/* Durable: temporary file, fsync, rename, fsync of the directory. With EX_WRITE_NEW an existing
 * name is refused (EX_EXISTS) and never touched. `name` may hold slashes; its directory exists. */
enum ex_write_mode { EX_WRITE_NEW, EX_WRITE_REPLACE };
EX_MUST_USE ex_code ex_write_file(int dir_fd, const char *name, const void *data, size_t size_bytes,
                                  enum ex_write_mode mode, struct ex_error *err);

/* Renames, never over an existing name, and makes both directories durable. */
EX_MUST_USE ex_code ex_publish(int from_dir_fd, const char *from, int to_dir_fd, const char *to,
                               struct ex_error *err);
EX_MUST_USE ex_code ex_sync_fd(int fd, const char *name, struct ex_error *err);
/* Makes it durable that dir_fd/path has this name: for what somebody else may have renamed there, and
 * have been killed. */
EX_MUST_USE ex_code ex_sync_name(int dir_fd, const char *path, struct ex_error *err);

/* Is there anything of this name, and a regular file? Reached through no link. */
bool ex_exists(int dir_fd, const char *path, bool *ret_regular);

/* Removes a file, or an empty directory; reached through no link. True when it is gone now. Not
 * durable by itself: for tidying up. */
bool ex_remove(int dir_fd, const char *path, bool directory);

/* Makes the directories above the last slash of dir_fd/path (mode 0700), each one durable. */
EX_MUST_USE ex_code ex_make_parents(int dir_fd, const char *path, struct ex_error *err);

/* A whole-file lock held until the returned descriptor closes. Waits at most wait_ms for it, then
 * EX_BUSY. The lock file is created when missing. */
EX_MUST_USE ex_code ex_lock(int dir_fd, const char *name, bool exclusive, unsigned wait_ms,
                            int *ret_fd, struct ex_error *err);

#endif
