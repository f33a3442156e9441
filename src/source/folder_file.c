/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one file that is too large, or too odd, to be read in advance. */
#include "source/folder_internal.h"

#include "base/limits.h"

#include <errno.h>
#include <unistd.h>

struct folder_file {
    int fd; /* the entry's */
    struct statx before;
    bool sparse, hashed, padded, changed;
    struct tar_entry_range *map; /* at least one */
    size_t map_count, map_capacity;
    size_t range;
    uint64_t range_done, hashed_to;
    struct sha256 sha256;
    struct tar_entry_range *bad;
    size_t bad_count, bad_capacity;
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

ex_code folder_file_new(const struct folder_entry *e, struct folder_file **ret,
                        struct ex_error *err) {
    EX_AUTO(folder_file_free) struct folder_file *f = ex_new0(struct folder_file);
    uint64_t size = e->st.stx_size;
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
    f->hashed = size - data_bytes <= FOLDER_HASH_HOLES_BYTES;
    *ret = ex_steal(&f);
    return EX_OK;
}

void folder_file_free(struct folder_file *f) {
    if (f == NULL)
        return;
    free(f->map);
    free(f->bad);
    free(f);
}

bool folder_file_map(const struct folder_file *f, const struct tar_entry_range **ret,
                     size_t *ret_count) {
    *ret = f->map;
    *ret_count = f->map_count;
    return f->sparse;
}

/* ---- bytes ---- */

static void hash_holes_to(struct folder_file *f, uint64_t offset) {
    static const uint8_t zeros[64 << 10];
    while (f->hashed && f->hashed_to < offset) {
        uint64_t left = offset - f->hashed_to;
        size_t part = left < sizeof zeros ? (size_t)left : sizeof zeros;
        sha256_add(&f->sha256, zeros, part);
        f->hashed_to += part;
    }
}

static ex_code note_bad(struct folder_file *f, uint64_t offset, uint64_t length,
                        struct ex_error *err) {
    struct tar_entry_range *last = f->bad_count > 0 ? &f->bad[f->bad_count - 1] : NULL;
    if (last != NULL && last->offset + last->length == offset) {
        last->length += length;
        return EX_OK;
    }
    EX_TRY(ex_grow(&f->bad, &f->bad_capacity, f->bad_count + 1, sizeof *f->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *f->bad, "the list of unreadable ranges",
                   err));
    f->bad[f->bad_count++] = (struct tar_entry_range){offset, length};
    return EX_OK;
}

static ssize_t read_at(int fd, uint8_t *to, size_t size, uint64_t offset) {
    ssize_t got;
    do
        got = pread(fd, to, size, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

/* At most to the end of a block of 4 KiB, so that one bad block takes no other with it. *ret_bad:
 * it could not be read, or is no longer there, and zeros stand for it. */
static size_t read_block(struct folder_file *f, uint8_t *to, size_t size, uint64_t offset,
                         bool *ret_bad) {
    size_t part = FOLDER_ALIGN_BYTES - (size_t)(offset % FOLDER_ALIGN_BYTES);
    part = part < size ? part : size;
    ssize_t got = read_at(f->fd, to, part, offset);
    *ret_bad = got <= 0;
    if (got > 0)
        return (size_t)got;
    f->padded = f->padded || got == 0;
    memset(to, 0, part);
    return part;
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
    hash_holes_to(f, offset);
    ssize_t got = read_at(f->fd, to, want, offset);
    if (got > 0)
        done = (size_t)got;
    else {
        bool is_bad;
        done = read_block(f, to, want, offset, &is_bad);
        if (is_bad) {
            EX_TRY(note_bad(f, offset, done, err));
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
    (void)err;
    hash_holes_to(f, f->before.stx_size);
    *ret = (struct folder_file_end){
        .hashed = f->hashed, .padded = f->padded, .bad = f->bad, .bad_count = f->bad_count};
    ret->changed =
        f->changed || !folder_stat(f->fd, "", &after) || !folder_same_times(&f->before, &after);
    if (f->hashed)
        sha256_end(&f->sha256, ret->sha256);
    return EX_OK;
}
