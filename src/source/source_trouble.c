/* SPDX-License-Identifier: Apache-2.0 */
/* What is around an error, read in ever smaller pieces: 64 KiB, 4 KiB, one sector. Behind what came
 * the pieces grow again.
 *
 * Of a file the small pieces are asked for past the page cache where its file system can do that:
 * the cache reads 4 KiB at least, and one bad sector would take seven good ones with it.
 */
#include "source/source_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 64 << 10,
    PAGE_BYTES = 4 << 10,
    DIRECT_BYTES_MAX = SOURCE_SECTOR_MAX_BYTES,
    ALIVE_PLACES = 16, /* where a source is asked that never answered yet */
    ALIVE_ATTEMPTS = 3,
    ALIVE_WAIT_MS = 500,
    STOP_LOOK_MS = 50
};
#define JUMP_MIN_BYTES ((uint64_t)1 << 20)
#define JUMP_MAX_BYTES ((uint64_t)1 << 30)

struct trouble {
    uint8_t *buffer;     /* PIECE_BYTES, aligned */
    int direct_fd;       /* of a file, or -1 */
    size_t direct_bytes; /* what its file system wants offsets and sizes to be multiples of */
    uint64_t spent_ns;   /* in this region */
    uint64_t jump_to;    /* nothing is asked for before */
    uint64_t jump_bytes; /* the next one */
};

/* 0: it cannot be read past the page cache; where the system does not say, the least. */
static size_t direct_alignment(int fd) {
#ifdef STATX_DIOALIGN
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 &&
        (st.stx_mask & STATX_DIOALIGN) != 0)
        return st.stx_dio_offset_align <= DIRECT_BYTES_MAX ? st.stx_dio_offset_align : 0;
#else
    (void)fd;
#endif
    return SOURCE_SECTOR_BYTES;
}

/* No piece is smaller than what can be asked for: a sector of a file is as long as that. */
static void set_direct(struct source *s, struct trouble *t, size_t size_bytes) {
    t->direct_bytes = size_bytes;
    if (size_bytes > s->medium.sector_bytes)
        s->medium.sector_bytes = (uint32_t)size_bytes;
}

static struct trouble *trouble_new(struct source *s) {
    struct trouble *t = ex_new0(struct trouble);
    char path[40];
    t->direct_fd = -1;
    t->jump_bytes = JUMP_MIN_BYTES;
    t->buffer = aligned_alloc(SOURCE_SECTOR_MAX_BYTES, PIECE_BYTES + 2 * DIRECT_BYTES_MAX);
    if (s->identity.kind == SOURCE_FILE && direct_alignment(s->fd) > 0) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
        t->direct_fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    }
    if (t->direct_fd >= 0)
        set_direct(s, t, direct_alignment(s->fd));
    return t;
}

void source_trouble_free(struct trouble *t) {
    if (t == NULL)
        return;
    ex_fd_close(t->direct_fd);
    free(t->buffer);
    free(t);
}

void source_trouble_over(struct source *s) {
    if (s->trouble == NULL)
        return;
    s->trouble->spent_ns = 0;
    s->trouble->jump_bytes = JUMP_MIN_BYTES;
}

void source_trouble_forget(struct source *s) {
    source_trouble_over(s);
    if (s->trouble != NULL)
        s->trouble->jump_to = 0;
}

uint64_t source_trouble_jump(const struct source *s) {
    return s->trouble != NULL ? s->trouble->jump_to : 0;
}

bool source_is_media_error(int sys) {
    return sys == EIO || sys == EILSEQ || sys == ENODATA || sys == EREMOTEIO || sys == EBADMSG ||
           sys == ETIMEDOUT;
}

bool source_is_gone(int sys) {
    return sys == ENODEV || sys == ENXIO || sys == ENOMEDIUM || sys == ESHUTDOWN ||
           sys == ENOTCONN || sys == ECONNABORTED;
}

/* Past the page cache: with what is around it, as the file system wants it. */
static ssize_t read_direct(struct source *s, size_t size_bytes, uint64_t offset) {
    struct trouble *t = s->trouble;
    uint64_t mask = t->direct_bytes - 1, from = offset & ~mask;
    size_t before = (size_t)(offset - from);
    int plain_fd = s->fd;
    s->fd = t->direct_fd;
    ssize_t got = s->medium.read_at(s, t->buffer, (before + size_bytes + mask) & ~mask, from);
    s->fd = plain_fd;
    if (got < 0)
        return got;
    got = got > (ssize_t)before ? got - (ssize_t)before : 0;
    got = got < (ssize_t)size_bytes ? got : (ssize_t)size_bytes;
    memmove(t->buffer, t->buffer + before, (size_t)got);
    return got;
}

/* Otherwise memory would answer for the medium. */
static ssize_t read_dropped(struct source *s, size_t size_bytes, uint64_t offset) {
    if (s->identity.kind == SOURCE_FILE)
        (void)posix_fadvise(s->fd, (off_t)offset, (off_t)size_bytes, POSIX_FADV_DONTNEED);
    return s->medium.read_at(s, s->trouble->buffer, size_bytes, offset);
}

/* At most PIECE_BYTES into the buffer. The end of a file is shorter than what is asked for there.
 */
static ssize_t read_small(struct source *s, size_t size_bytes, uint64_t offset) {
    struct trouble *t = s->trouble;
    while (t->direct_fd >= 0) {
        ssize_t got = read_direct(s, size_bytes, offset);
        if (got >= 0 || errno != EINVAL)
            return got;
        if (t->direct_bytes < DIRECT_BYTES_MAX) { /* the file system wants larger pieces */
            set_direct(s, t, DIRECT_BYTES_MAX);
            continue;
        }
        ex_fd_close(t->direct_fd);
        t->direct_fd = -1;
    }
    return read_dropped(s, size_bytes, offset);
}

static ex_code fail_gone(const struct source *s, struct ex_error *err) {
    if (s->good.length == 0)
        return ex_hint(ex_fail(err, EX_IO, "nothing of the source \"%s\" can be read", s->path),
                       err, "look at its cable and power, and whether it is locked");
    return ex_hint(ex_fail(err, EX_IO,
                           "the source \"%s\" does not answer any more: what was read of it before "
                           "cannot be read now",
                           s->path),
                   err, "look at its cable and power");
}

/* Did this attempt read all of it? A failure that is none of the medium's is one here. */
static ex_code attempt(struct source *s, size_t size_bytes, uint64_t offset, bool *ret_came,
                       struct ex_error *err) {
    ssize_t got = read_small(s, size_bytes, offset);
    *ret_came = got == (ssize_t)size_bytes;
    if (*ret_came) {
        source_note_good(s, offset, size_bytes);
        return EX_OK;
    }
    if (got < 0 && source_is_gone(errno))
        return fail_gone(s, err);
    if (got < 0 && !source_is_media_error(errno))
        return ex_fail_sys(err, "could not read the source \"%s\" at byte %llu", s->path,
                           (unsigned long long)offset);
    if (got >= 0 && size_bytes <= s->medium.sector_bytes && s->identity.kind == SOURCE_FILE)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the source \"%s\" became shorter while it was read", s->path),
            err, "something is writing to it; stop that, then collect again");
    if (atomic_load(&s->stop))
        return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", s->path);
    return EX_OK;
}

/* One sector, as often as the effort says. */
static ex_code read_sector(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           struct ex_error *err) {
    bool came;
    EX_TRY(attempt(s, size_bytes, offset, &came, err));
    if (!came) {
        for (unsigned i = 0; i < s->effort.retries && !came; i++)
            EX_TRY(attempt(s, size_bytes, offset, &came, err));
        s->tally.rescued_sectors += came;
    }
    if (came) {
        memcpy(to, s->trouble->buffer, size_bytes);
        return EX_OK;
    }
    s->tally.bad_sectors++;
    if (s->effort.limits_errors && s->tally.bad_sectors > s->effort.max_errors)
        return ex_hint(ex_fail(err, EX_IO,
                               "more sectors of the source \"%s\" cannot be read than the %llu "
                               "that were allowed",
                               s->path, (unsigned long long)s->effort.max_errors),
                       err, "allow more with --max-errors, or leave a region out");
    memset(to, 0, size_bytes);
    return source_note_unread(s, (struct source_range){offset, size_bytes, SOURCE_UNREADABLE}, err);
}

/* The longest piece at `offset` that is not over `most`, begins at a multiple of its size, and is
 * left. */
static size_t piece_at(const struct source *s, uint64_t offset, size_t left, size_t most) {
    static const size_t sizes[] = {PIECE_BYTES, PAGE_BYTES};
    size_t sector = s->medium.sector_bytes;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i] <= most && sizes[i] > sector && offset % sizes[i] == 0 && sizes[i] <= left)
            return sizes[i];
    sector -= (size_t)(offset % sector);
    return sector < left ? sector : left;
}

/* Is the time of this region over? What is left of the range is given up then, and more behind it
 * the longer this goes on. */
static bool is_time_over(struct source *s, uint64_t since_ns, uint64_t end) {
    struct trouble *t = s->trouble;
    uint64_t spent = t->spent_ns + (ex_monotonic_ns() - since_ns);
    if (s->effort.region_ms == 0 || spent < s->effort.region_ms * 1000000ull)
        return false;
    t->jump_to = end + t->jump_bytes;
    t->jump_to = t->jump_to < s->identity.size_bytes ? t->jump_to : s->identity.size_bytes;
    t->jump_bytes = t->jump_bytes < JUMP_MAX_BYTES ? 2 * t->jump_bytes : JUMP_MAX_BYTES;
    return true;
}

static ex_code read_pieces(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           uint64_t since_ns, size_t *ret_tried, struct ex_error *err) {
    size_t most = PIECE_BYTES, done = 0;
    while (done < size_bytes && !is_time_over(s, since_ns, offset + size_bytes)) {
        uint64_t at = offset + done;
        size_t piece = piece_at(s, at, size_bytes - done, most);
        bool came = true;
        if (piece <= s->medium.sector_bytes) {
            uint64_t bad = s->tally.bad_sectors;
            EX_TRY(read_sector(s, to + done, piece, at, err));
            most = s->tally.bad_sectors == bad ? PIECE_BYTES : s->medium.sector_bytes;
        } else {
            EX_TRY(attempt(s, piece, at, &came, err));
            most = came ? PIECE_BYTES : piece - 1;
            if (came)
                memcpy(to + done, s->trouble->buffer, piece);
        }
        done += came ? piece : 0;
    }
    *ret_tried = done;
    return EX_OK;
}

/* Where a source is asked whether it is still there: first what it gave before. */
static struct source_range alive_place(const struct source *s, unsigned i) {
    if (i == 0)
        return s->good;
    uint64_t sector = s->medium.sector_bytes, last = (s->identity.size_bytes - 1) / sector;
    uint64_t at = last * (i - 1) / (ALIVE_PLACES - 1) * sector, left = s->identity.size_bytes - at;
    return (struct source_range){.offset = at, .length = left < sector ? left : sector};
}

/* What is to be left out is not asked for this either. */
static bool is_left_out(const struct source *s, const struct source_range *r) {
    for (size_t i = 0; i < s->effort.skip_count; i++)
        if (s->skip[i].offset < r->offset + r->length &&
            r->offset < s->skip[i].offset + s->skip[i].length)
            return true;
    return false;
}

static bool wait_a_moment(const struct source *s) {
    for (unsigned ms = 0; ms < ALIVE_WAIT_MS && !atomic_load(&s->stop); ms += STOP_LOOK_MS)
        (void)usleep(STOP_LOOK_MS * 1000);
    return !atomic_load(&s->stop);
}

/* A range ended in an error: a bad place, or a source that was pulled out? */
static ex_code check_alive(struct source *s, struct ex_error *err) {
    bool known = s->good.length > 0;
    /* What came of a file may share a block of its disk with what does not. */
    unsigned first = known ? 0 : 1,
             end = known && s->identity.kind != SOURCE_FILE ? 1 : ALIVE_PLACES + 1;
    for (unsigned i = 0; i < ALIVE_ATTEMPTS; i++) {
        for (unsigned place = first; place < end; place++) {
            bool came;
            struct source_range r = alive_place(s, place);
            if (is_left_out(s, &r))
                continue;
            if (s->identity.kind == SOURCE_FILE) /* or memory would answer for it */
                (void)posix_fadvise(s->fd, (off_t)r.offset, (off_t)r.length, POSIX_FADV_DONTNEED);
            EX_TRY(attempt(s, (size_t)r.length, r.offset, &came, err));
            if (came)
                return EX_OK;
        }
        if (i + 1 < ALIVE_ATTEMPTS && !wait_a_moment(s))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", s->path);
    }
    return fail_gone(s, err);
}

ex_code source_read_around(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           uint64_t since_ns, struct ex_error *err) {
    size_t tried = 0;
    if (s->trouble == NULL)
        s->trouble = trouble_new(s);
    if (s->trouble->buffer == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for reading");
    EX_TRY(read_pieces(s, to, size_bytes, offset, since_ns, &tried, err));
    const struct source_range *last = s->bad_count > 0 ? &s->bad[s->bad_count - 1] : NULL;
    bool ends_badly = last != NULL && last->offset + last->length >= offset + tried;
    if (ends_badly || tried < size_bytes)
        EX_TRY(check_alive(s, err));
    s->trouble->spent_ns += ex_monotonic_ns() - since_ns;
    if (tried == size_bytes)
        return EX_OK;
    memset(to + tried, 0, size_bytes - tried);
    return source_note_unread(
        s, (struct source_range){offset + tried, size_bytes - tried, SOURCE_UNTRIED}, err);
}
