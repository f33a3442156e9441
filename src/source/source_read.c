/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files and devices: large pieces, aligned where the system needs that. What is around an
 * error is source_trouble.c's. */
#include "source/source_internal.h"

#include "base/limits.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { BOUNCE_BYTES = 64 << 10 };

/* Reading goes forward, so what is new begins in or behind the last range. */
ex_code source_note_unread(struct source *s, struct source_range range, struct ex_error *err) {
    struct source_range *last = s->bad_count ? &s->bad[s->bad_count - 1] : NULL;
    uint64_t end = range.offset + range.length, known = last ? last->offset + last->length : 0;
    if (last != NULL && end <= known)
        return EX_OK;
    if (last != NULL && known >= range.offset) {
        if (last->why == range.why) {
            last->length = end - last->offset;
            return EX_OK;
        }
        range.offset = known;
        range.length = end - known;
    }
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, s->bad_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    s->bad[s->bad_count++] = range;
    return EX_OK;
}

int source_injected_fault(const struct source *s, size_t size_bytes, uint64_t offset) {
    const struct source_range *bad = &s->injected;
    if (bad->length > 0 && offset < bad->offset + bad->length && offset + size_bytes > bad->offset)
        return EIO;
    return s->fault != NULL ? s->fault(s->fault_context, offset, size_bytes) : 0;
}

ssize_t source_pread(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset) {
    int fault = source_injected_fault(s, size_bytes, offset);
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    ssize_t got;
    do
        got = pread(s->fd, to, size_bytes, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        s->tally.bytes_read += (uint64_t)got;
    return got;
}

void source_note_good(struct source *s, uint64_t offset, size_t size_bytes) {
    size_t sector = s->medium.sector_bytes;
    s->good.offset = offset;
    s->good.length = size_bytes < sector ? size_bytes : sector;
}

static ex_code give_up(struct source *s, uint8_t *to, struct source_range range,
                       struct ex_error *err) {
    memset(to, 0, range.length);
    return source_note_unread(s, range, err);
}

/* A range that the medium can be asked for, with nothing in it that is to be left out. */
static ex_code read_piece(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                          struct ex_error *err) {
    uint64_t started_ns = ex_monotonic_ns();
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t got = s->medium.read_at(s, to + done, size_bytes - done, offset + done);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    done -= done < size_bytes ? done % s->medium.sector_bytes : 0;
    if (done > 0)
        source_note_good(s, offset, done);
    if (done < size_bytes)
        return source_read_around(s, to + done, size_bytes - done, offset + done, started_ns, err);
    source_trouble_over(s);
    return EX_OK;
}

/* The range that is left out at `offset`, or before which there is something to read. */
static struct source_range next_gap(const struct source *s, uint64_t offset) {
    uint64_t jump = source_trouble_jump(s);
    if (jump > offset)
        return (struct source_range){offset, jump - offset, SOURCE_UNTRIED};
    for (size_t i = 0; i < s->effort.skip_count; i++)
        if (s->skip[i].offset + s->skip[i].length > offset)
            return s->skip[i];
    return (struct source_range){UINT64_MAX, 0, SOURCE_SKIPPED};
}

/* Aligned as the medium needs it. */
static ex_code read_span(struct source *s, uint8_t *to, size_t size_bytes, uint64_t offset,
                         struct ex_error *err) {
    for (size_t done = 0, size; done < size_bytes; done += size) {
        uint64_t at = offset + done;
        struct source_range gap = next_gap(s, at);
        bool in_gap = gap.offset <= at;
        uint64_t until = in_gap ? gap.offset + gap.length : gap.offset;
        size = until - at < size_bytes - done ? (size_t)(until - at) : size_bytes - done;
        gap = (struct source_range){at, size, gap.why};
        EX_TRY(in_gap ? give_up(s, to + done, gap, err) : read_piece(s, to + done, size, at, err));
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
