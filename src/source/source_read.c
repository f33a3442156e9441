/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files and devices: large pieces, and around an error sector by sector. */
#include "source/source_internal.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { BOUNCE_BYTES = 64 << 10 };

/* Reading goes forward, so what is new begins in or behind the last range. */
ex_code source_note_unreadable(struct source *s, uint64_t offset, uint64_t length,
                               struct ex_error *err) {
    struct source_range *last = s->bad_count ? &s->bad[s->bad_count - 1] : NULL;
    if (last != NULL && last->offset + last->length >= offset) {
        if (offset + length > last->offset + last->length)
            last->length = offset + length - last->offset;
        return EX_OK;
    }
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, s->bad_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    s->bad[s->bad_count++] = (struct source_range){offset, length};
    return EX_OK;
}

ssize_t source_pread(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset) {
    if (s->injected.length > 0 && offset < s->injected.offset + s->injected.length &&
        offset + size_bytes > s->injected.offset) {
        errno = EIO;
        return -1;
    }
    ssize_t got;
    do
        got = pread(s->fd, to, size_bytes, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

/* One sector: what cannot be read becomes zeros and a line in the list. */
static ex_code read_sector(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                           struct ex_error *err) {
    ssize_t got = s->medium.read_at(s, to, size_bytes, offset);
    if (got == (ssize_t)size_bytes)
        return EX_OK;
    if (got < 0 && errno != EIO && errno != EILSEQ && errno != ENODATA && errno != EREMOTEIO)
        return ex_fail_sys(err, "could not read the source \"%s\" at byte %llu", s->path,
                           (unsigned long long)offset);
    if (got >= 0)
        return ex_hint(
            ex_fail(err, EX_SOURCE, "the source \"%s\" became shorter while it was read", s->path),
            err, "something is writing to it; stop that, then collect again");
    memset(to, 0, size_bytes);
    return source_note_unreadable(s, offset, size_bytes, err);
}

/* A range that the medium can be asked for: as a whole, and behind a failure sector by sector, so
 * that every readable one is kept. */
static ex_code read_span(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                         struct ex_error *err) {
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t got = s->medium.read_at(s, to + done, size_bytes - done, offset + done);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    while (done < size_bytes) {
        size_t sector = s->medium.sector_bytes;
        size_t want = sector - (size_t)((offset + done) & (sector - 1));
        want = want < size_bytes - done ? want : size_bytes - done;
        EX_TRY(read_sector(s, to + done, want, offset + done, err));
        done += want;
    }
    return EX_OK;
}

/* By way of memory that is aligned, for a place, a size or a destination that is not. */
static ex_code read_bounced(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                            struct ex_error *err) {
    uint64_t mask = s->medium.alignment_bytes - 1, end = s->identity.size_bytes;
    uint64_t from = s->at & ~mask, until = (s->at + size_bytes + mask) & ~mask;
    size_t skip = (size_t)(s->at - from);
    until = until < end ? until : end;
    until = until - from < BOUNCE_BYTES ? until : from + BOUNCE_BYTES;
    if (s->bounce == NULL)
        s->bounce = aligned_alloc(SOURCE_SECTOR_MAX_BYTES, BOUNCE_BYTES);
    if (s->bounce == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for reading");
    EX_TRY(read_span(s, s->bounce, (size_t)(until - from), from, err));
    size_t got = (size_t)(until - from) - skip;
    got = got < size_bytes ? got : size_bytes;
    memcpy(to, s->bounce + skip, got);
    *ret_got = got;
    return EX_OK;
}

ex_code source_read_medium(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    uint64_t left = s->identity.size_bytes - s->at, mask = s->medium.alignment_bytes - 1;
    size_t got = size_bytes < left ? size_bytes : (size_t)left;
    bool fits = (((uintptr_t)to | s->at) & mask) == 0 && ((got & mask) == 0 || got == left);
    if (got > 0)
        EX_TRY(fits ? read_span(s, to, got, s->at, err) : read_bounced(s, to, got, &got, err));
    s->at += got;
    *ret_got = got;
    return EX_OK;
}
