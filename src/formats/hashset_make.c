/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes in any order become a hash set: sorted in memory as long as they fit, and otherwise in
 * sorted runs in a temporary file. What is in it are hashes of a list that is there anyway. */
#include "formats/hashset_make_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MEMORY_MIN_BYTES = 4096, RUNS_MAX = 1 << 16 };
static const char what[] = "a temporary file";

struct hashset_maker {
    int dir_fd, fd; /* the caller's; the temporary file, or -1 */
    size_t capacity, count;
    uint8_t (*hash)[HASHSET_HASH_BYTES];
    uint64_t written_bytes;
    size_t run_count, run_capacity;
    struct hashset_run *run;
};

void hashset_maker_free(struct hashset_maker *m) {
    if (m == NULL)
        return;
    ex_fd_close(m->fd);
    free(m->hash);
    free(m->run);
    free(m);
}

ex_code hashset_make_begin(int dir_fd, size_t memory_bytes, struct hashset_maker **ret,
                           struct ex_error *err) {
    EX_AUTO(hashset_maker_free) struct hashset_maker *m = ex_new0(struct hashset_maker);
    m->dir_fd = dir_fd;
    m->fd = -1;
    if (memory_bytes < MEMORY_MIN_BYTES)
        memory_bytes = MEMORY_MIN_BYTES;
    m->capacity = memory_bytes / HASHSET_HASH_BYTES;
    EX_TRY(
        ex_alloc(m->capacity, HASHSET_HASH_BYTES, memory_bytes, "sorting hashes", &m->hash, err));
    *ret = ex_steal(&m);
    return EX_OK;
}

/* Without a name; on file systems that cannot do that, with one that goes at once. */
static ex_code open_temporary(struct hashset_maker *m, struct ex_error *err) {
    char name[64];
    m->fd = openat(m->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (m->fd >= 0)
        return EX_OK;
    (void)snprintf(name, sizeof name, "sorting-%ld.tmp", (long)getpid());
    m->fd = openat(m->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (m->fd < 0 || unlinkat(m->dir_fd, name, 0) != 0)
        return ex_fail_sys(err, "could not make a temporary file for sorting");
    return EX_OK;
}

static ex_code spill(struct hashset_maker *m, struct ex_error *err) {
    if (m->fd < 0)
        EX_TRY(open_temporary(m, err));
    EX_TRY(ex_grow(&m->run, &m->run_capacity, m->run_count + 1, sizeof *m->run,
                   RUNS_MAX * sizeof *m->run, "hashes to be sorted", err));
    size_t count = hashset_sort(m->hash, m->count), size = count * HASHSET_HASH_BYTES;
    EX_TRY(ex_write_at(m->fd, m->hash, size, m->written_bytes, what, err));
    m->run[m->run_count++] = (struct hashset_run){.offset = m->written_bytes, .left = count};
    m->written_bytes += size;
    m->count = 0;
    return EX_OK;
}

ex_code hashset_make_add(struct hashset_maker *m, const uint8_t (*hash)[HASHSET_HASH_BYTES],
                         size_t count, struct ex_error *err) {
    while (count > 0) {
        size_t room = m->capacity - m->count, part = count < room ? count : room;
        memcpy(m->hash[m->count], hash, part * HASHSET_HASH_BYTES);
        m->count += part;
        hash += part;
        count -= part;
        if (m->count == m->capacity)
            EX_TRY(spill(m, err));
    }
    return EX_OK;
}

static ex_code put(void *context, const uint8_t hash[static HASHSET_HASH_BYTES],
                   struct ex_error *err) {
    return hashset_writer_put(context, hash, err);
}

static ex_code put_all(struct hashset_maker *m, struct hashset_writer *w, struct ex_error *err) {
    if (m->run_count == 0) {
        m->count = hashset_sort(m->hash, m->count);
        for (size_t i = 0; i < m->count; i++)
            EX_TRY(hashset_writer_put(w, m->hash[i], err));
        return EX_OK;
    }
    if (m->count > 0)
        EX_TRY(spill(m, err));
    free(ex_steal(&m->hash)); /* its memory is for the buffers of the runs now */
    return hashset_merge(m->fd, m->run, m->run_count, put, w, err);
}

ex_code hashset_make_end(struct hashset_maker *m, struct hashset_head *head, int fd,
                         struct ex_progress *progress, uint8_t ret_identity[static 32],
                         struct ex_error *err) {
    EX_AUTO(hashset_writer_free) struct hashset_writer *w = NULL;
    EX_TRY(hashset_writer_new(fd, progress, &w, err));
    EX_TRY(put_all(m, w, err));
    return hashset_writer_end(w, head, ret_identity, err);
}
