/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one file that is too large, or too odd, to be read in advance. */
#include "source/folder_internal.h"

#include "base/file.h"
#include "base/limits.h"
#include "source/source_internal.h"

#include <errno.h>
#include <unistd.h>

enum { ASK_BYTES = 1 << 20 };

struct ranges {
    struct tar_entry_range *at;
    size_t count, capacity;
};

struct folder_file {
    struct folder *folder;
    int fd; /* the entry's */
    struct statx before;
    bool sparse, hashed, changed;
    bool good;                   /* something of it could be read */
    struct tar_entry_range *map; /* at least one */
    size_t map_count, map_capacity;
    size_t range;
    uint64_t range_done, hashed_to;
    struct sha256 sha256;
    struct ranges bad, missing; /* the system gave an error; it had become shorter */
};

static ex_code add_range(struct folder_file *f, uint64_t offset, uint64_t length,
                         struct ex_error *err) {
    EX_TRY(ex_grow(&f->map, &f->map_capacity, f->map_count + 1, sizeof *f->map,
                   TAR_ENTRY_SPARSE_MAX * sizeof *f->map, "the map of a sparse file", err));
    f->map[f->map_count++] = (struct tar_entry_range){offset, length};
    return EX_OK;
}

/* EX_LIMIT: more ranges than an archive can name; then it is taken with its holes as zeros. */
static ex_code read_map(struct folder_file *f, uint64_t size, struct ex_error *err) {
    uint64_t at = 0;
    while (at < size) {
        off_t data = lseek(f->fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno != ENXIO)
            return ex_fail_sys(err, "the system does not tell where the holes are");
        if (data < 0 || (uint64_t)data >= size)
            break;
        off_t hole = lseek(f->fd, data, SEEK_HOLE);
        if (hole <= data)
            return ex_fail_sys(err, "the system does not tell where the holes are");
        at = (uint64_t)hole < size ? (uint64_t)hole : size;
        EX_TRY(add_range(f, (uint64_t)data, at - (uint64_t)data, err));
    }
    const struct tar_entry_range *last = f->map_count > 0 ? &f->map[f->map_count - 1] : NULL;
    if (last == NULL || last->offset + last->length < size) /* GNU tar takes the size from it */
        EX_TRY(add_range(f, size, 0, err));
    return EX_OK;
}

ex_code folder_file_new(struct folder *folder, const struct folder_entry *e,
                        struct folder_file **ret, struct ex_error *err) {
    EX_AUTO(folder_file_free) struct folder_file *f = ex_new0(struct folder_file);
    uint64_t size = e->st.stx_size;
    f->folder = folder;
    f->fd = e->fd;
    f->before = e->st;
    f->changed = e->changed;
    sha256_start(&f->sha256);
    if (e->st.stx_blocks * 512 < size && read_map(f, size, NULL) == EX_OK)
        f->sparse = f->map_count > 1 || f->map[0].length < size;
    if (!f->sparse) {
        f->map_count = 0;
        EX_TRY(add_range(f, 0, size, err));
    }
    uint64_t data_bytes = 0;
    for (size_t i = 0; i < f->map_count; i++)
        data_bytes += f->map[i].length;
    f->hashed = size - data_bytes <= FOLDER_HASH_HOLES_BYTES - folder->hole_bytes;
    folder->hole_bytes += f->hashed ? size - data_bytes : 0;
    *ret = ex_steal(&f);
    return EX_OK;
}

void folder_file_free(struct folder_file *f) {
    if (f == NULL)
        return;
    free(f->map);
    free(f->bad.at);
    free(f->missing.at);
    free(f);
}

bool folder_file_map(const struct folder_file *f, const struct tar_entry_range **ret,
                     size_t *ret_count) {
    *ret = f->map;
    *ret_count = f->map_count;
    return f->sparse;
}

/* ---- bytes ---- */

static ex_code hash_holes_to(struct folder_file *f, uint64_t offset, struct ex_error *err) {
    static const uint8_t zeros[64 << 10];
    const atomic_bool *stop = f->folder->stop;
    while (f->hashed && f->hashed_to < offset) {
        if (stop != NULL && atomic_load(stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading the folder \"%s\"",
                           f->folder->path);
        uint64_t left = offset - f->hashed_to;
        size_t part = left < sizeof zeros ? (size_t)left : sizeof zeros;
        sha256_add(&f->sha256, zeros, part);
        f->hashed_to += part;
    }
    return EX_OK;
}

static ex_code note(struct ranges *r, uint64_t offset, uint64_t length, struct ex_error *err) {
    struct tar_entry_range *last = r->count > 0 ? &r->at[r->count - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += length;
        return EX_OK;
    }
    EX_TRY(ex_grow(&r->at, &r->capacity, r->count + 1, sizeof *r->at,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *r->at, "the list of unreadable ranges",
                   err));
    r->at[r->count++] = (struct tar_entry_range){offset, length};
    return EX_OK;
}

static ssize_t read_at(int fd, uint8_t *to, size_t size, uint64_t offset) {
    ssize_t got;
    do
        got = pread(fd, to, size, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

/* What came before is asked for again, past the cache: a disk that was pulled out still has its
 * directories in memory, and gives the same error as a bad block. */
static bool good_place_answers(const struct folder *f) {
    uint8_t page[FOLDER_ALIGN_BYTES];
    for (unsigned i = 0; f->good_fd >= 0 && i < FOLDER_ALIVE_ATTEMPTS; i++) {
        if (i > 0)
            (void)usleep(FOLDER_ALIVE_WAIT_MS * 1000);
        (void)posix_fadvise(f->good_fd, (off_t)f->good_at, sizeof page, POSIX_FADV_DONTNEED);
        if (read_at(f->good_fd, page, sizeof page, f->good_at) >= 0)
            return true;
        if (f->stop != NULL && atomic_load(f->stop))
            return true; /* and it ends for that */
    }
    return f->good_fd < 0;
}

static void note_good(struct folder_file *f, uint64_t offset) {
    if (f->good)
        return;
    f->good = true;
    ex_fd_close(f->folder->good_fd);
    f->folder->good_fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);
    f->folder->good_at = offset - offset % FOLDER_ALIGN_BYTES;
}

/* Where a range of errors begins, and at each further MiB of it. */
static bool is_to_ask(const struct folder_file *f, uint64_t offset) {
    const struct tar_entry_range *last = f->bad.count > 0 ? &f->bad.at[f->bad.count - 1] : NULL;
    return last == NULL || last->offset + last->length != offset || offset % ASK_BYTES == 0;
}

/* Not a place of the file, but what it lies on; a file system can be gone without its medium. */
static bool is_gone(int sys) {
    return source_is_gone(sys) || sys == ESTALE || sys == EBADF;
}

/* At most to the end of a block of 4 KiB, so that one bad block takes no other with it. *ret_bad:
 * where it is to be noted, when it could not be read, or is no longer there, and zeros stand for
 * it. */
static ex_code read_block(struct folder_file *f, uint8_t *to, size_t size, uint64_t offset,
                          size_t *ret_done, struct ranges **ret_bad, struct ex_error *err) {
    size_t part = FOLDER_ALIGN_BYTES - (size_t)(offset % FOLDER_ALIGN_BYTES);
    part = part < size ? part : size;
    ssize_t got = read_at(f->fd, to, part, offset);
    if (got < 0 && (is_gone(errno) || folder_is_gone(f->folder) ||
                    (is_to_ask(f, offset) && !good_place_answers(f->folder))))
        return folder_fail_gone(f->folder, err);
    *ret_done = got > 0 ? (size_t)got : part;
    *ret_bad = got > 0 ? NULL : got == 0 ? &f->missing : &f->bad;
    if (got <= 0)
        memset(to, 0, part);
    return EX_OK;
}

ex_code folder_file_read(struct folder_file *f, uint8_t *to, size_t size_bytes, uint64_t at,
                         folder_bad_fn *bad, void *context, size_t *ret_got, struct ex_error *err) {
    while (f->range < f->map_count && f->range_done == f->map[f->range].length) {
        f->range++;
        f->range_done = 0;
    }
    *ret_got = 0;
    if (f->range == f->map_count)
        return EX_OK;
    const struct tar_entry_range *r = &f->map[f->range];
    uint64_t offset = r->offset + f->range_done, left = r->length - f->range_done;
    size_t want = size_bytes < left ? size_bytes : (size_t)left, done = 0;
    EX_TRY(hash_holes_to(f, offset, err));
    ssize_t got = read_at(f->fd, to, want, offset);
    if (got > 0) {
        done = (size_t)got;
        note_good(f, offset);
    } else {
        struct ranges *to_note;
        EX_TRY(read_block(f, to, want, offset, &done, &to_note, err));
        if (to_note != NULL) {
            EX_TRY(note(to_note, offset, done, err));
            EX_TRY(bad(context, at, done, err));
        }
    }
    if (f->hashed)
        sha256_add(&f->sha256, to, done);
    f->hashed_to = offset + done;
    f->range_done += done;
    *ret_got = done;
    return EX_OK;
}

ex_code folder_file_end(struct folder_file *f, struct folder_file_end *ret, struct ex_error *err) {
    struct statx after;
    EX_TRY(hash_holes_to(f, f->before.stx_size, err));
    *ret = (struct folder_file_end){.hashed = f->hashed,
                                    .bad = f->bad.at,
                                    .bad_count = f->bad.count,
                                    .missing = f->missing.at,
                                    .missing_count = f->missing.count};
    ret->changed =
        f->changed || !folder_stat(f->fd, "", &after) || !folder_same_times(&f->before, &after);
    if (f->hashed)
        sha256_end(&f->sha256, ret->sha256);
    return EX_OK;
}
