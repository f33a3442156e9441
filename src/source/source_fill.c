/* SPDX-License-Identifier: Apache-2.0 */
/* What is held of a source already, with only its holes read from the source. */
#include "source/source_internal.h"

#include "base/limits.h"

enum { EDGE_BYTES = 4096, SAMPLES = 64, SCRATCH_BYTES = 1 << 20 };

struct fill {
    struct source *under; /* the caller's */
    struct source_range *hole;
    size_t hole_count, next; /* holes before `next` lie behind the window */
    source_pull_fn *held;
    void *context;
    uint64_t next_sample, read_to; /* nothing before is asked for once more */
    uint8_t *scratch;
    struct source_fill_report report;
};

static struct fill *fill_of(const struct source *s) {
    return s->own;
}

static uint64_t end_of(const struct source_range *r) {
    return r->offset + r->length;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static ex_code read_under(struct fill *f, uint64_t from, size_t size_bytes, struct ex_error *err) {
    EX_TRY(source_seek(f->under, from, err));
    for (size_t have = 0, got; have < size_bytes; have += got) {
        EX_TRY(source_read(f->under, f->scratch + have, size_bytes - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_SOURCE, "the source ends before what is held of it");
    }
    return EX_OK;
}

/* False in *ret_came: the source gives nothing more. What it gave before is kept, and what is
 * missing stays missing. */
static ex_code read_if_alive(struct fill *f, uint64_t from, size_t size_bytes, bool *ret_came,
                             struct ex_error *err) {
    struct ex_error why;
    *ret_came = false;
    if (f->report.ended.code != EX_OK)
        return EX_OK;
    ex_code code = read_under(f, from, size_bytes, &why);
    *ret_came = code == EX_OK;
    if (code == EX_IO)
        f->report.ended = why;
    else if (code != EX_OK && err != NULL)
        *err = why;
    return code == EX_IO ? EX_OK : code;
}

/* What of [at, end) could not be read a moment ago; the range at or behind `at`. */
static struct source_range next_unread(const struct source *under, uint64_t at, uint64_t end) {
    size_t count;
    const struct source_range *bad = source_unreadable(under, &count);
    for (size_t i = 0; i < count; i++)
        if (end_of(&bad[i]) > at && bad[i].offset < end)
            return (struct source_range){.offset = most(bad[i].offset, at),
                                         .length =
                                             least(end_of(&bad[i]), end) - most(bad[i].offset, at),
                                         .why = bad[i].why};
    return (struct source_range){.offset = end, .length = 0};
}

static ex_code fail_other(const struct source *s, uint64_t at, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "the source \"%s\" gives another byte at %llu than is held", s->path,
                           (unsigned long long)at),
                   err,
                   "it is another source, or it changed, or it does not read reliably: collect it "
                   "as an item of its own");
}

/* [from, end) in the scratch against what is held, but for holes and what does not come now. */
static ex_code compare(struct source *s, const uint8_t *held, uint64_t from, uint64_t end,
                       struct ex_error *err) {
    struct fill *f = fill_of(s);
    size_t hole = f->next;
    for (uint64_t at = from; at < end;) {
        while (hole < f->hole_count && end_of(&f->hole[hole]) <= at)
            hole++;
        struct source_range bad = next_unread(f->under, at, end);
        uint64_t until = least(end, bad.offset);
        if (hole < f->hole_count && f->hole[hole].offset <= at) {
            at = end_of(&f->hole[hole]);
            continue;
        }
        if (hole < f->hole_count)
            until = least(until, f->hole[hole].offset);
        if (until <= at) {
            at = bad.offset + bad.length;
            continue;
        }
        for (uint64_t k = at; k < until; k++)
            if (held[k - from] != f->scratch[k - from])
                return fail_other(s, k, err);
        f->report.compared_bytes += until - at;
        at = until;
    }
    return EX_OK;
}

/* The part of hole number `i` in the window that begins at s->at, with what lies next to it. */
static ex_code fill_hole(struct source *s, uint8_t *to, size_t size_bytes, size_t i,
                         struct ex_error *err) {
    struct fill *f = fill_of(s);
    const struct source_range *hole = &f->hole[i];
    uint64_t window = s->at, end = window + size_bytes;
    uint64_t from = most(hole->offset, window), until = least(end_of(hole), end);
    uint64_t low = from - window > EDGE_BYTES ? from - EDGE_BYTES : window;
    uint64_t high = least(until + EDGE_BYTES, end);
    low = least(most(low, f->read_to), from);
    if (i + 1 < f->hole_count)
        high = least(high, f->hole[i + 1].offset);
    f->read_to = high;
    bool came;
    EX_TRY(read_if_alive(f, low, (size_t)(high - low), &came, err));
    if (!came)
        return source_note_unread(s, (struct source_range){from, until - from, SOURCE_UNTRIED},
                                  err);
    EX_TRY(compare(s, to + (low - window), low, high, err));
    memcpy(to + (from - window), f->scratch + (from - low), (size_t)(until - from));
    for (uint64_t at = from; at < until;) {
        struct source_range bad = next_unread(f->under, at, until);
        f->report.filled_bytes += bad.offset - at;
        if (bad.length > 0)
            EX_TRY(source_note_unread(s, bad, err));
        at = bad.offset + bad.length;
    }
    return EX_OK;
}

static ex_code take_sample(struct source *s, const uint8_t *held, size_t size_bytes,
                           struct ex_error *err) {
    struct fill *f = fill_of(s);
    if (s->at < f->next_sample)
        return EX_OK;
    f->next_sample = s->at + s->identity.size_bytes / SAMPLES;
    size_t size = (size_t)least(size_bytes, EDGE_BYTES);
    if (next_unread(f->under, s->at, s->at + size).length > 0 ||
        (f->next < f->hole_count && f->hole[f->next].offset < s->at + size))
        return EX_OK; /* what is known to be bad is not asked for once more */
    f->read_to = s->at + size;
    bool came;
    EX_TRY(read_if_alive(f, s->at, size, &came, err));
    return came ? compare(s, held, s->at, s->at + size, err) : EX_OK;
}

static ex_code read_fill(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                         struct ex_error *err) {
    struct fill *f = fill_of(s);
    size_t want = (size_t)least(least(size_bytes, SCRATCH_BYTES), s->identity.size_bytes - s->at);
    for (size_t have = 0, got; have < want; have += got) {
        if (atomic_load(&s->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", s->path);
        EX_TRY(f->held(f->context, to + have, want - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "what is held ends before its size");
    }
    while (f->next < f->hole_count && end_of(&f->hole[f->next]) <= s->at)
        f->next++;
    EX_TRY(take_sample(s, to, want, err));
    for (size_t i = f->next; i < f->hole_count && f->hole[i].offset < s->at + want; i++)
        EX_TRY(fill_hole(s, to, want, i, err));
    s->at += want;
    *ret_got = want;
    return EX_OK;
}

static ex_code check_fill(struct source *s, struct source_identity *now, struct ex_error *err) {
    ex_code code = source_check_unchanged(fill_of(s)->under, now, err);
    now->path = s->path;
    return code;
}

static void close_fill(struct source *s) {
    struct fill *f = s->own;
    free(f->hole);
    free(f->scratch);
    free(f);
}

static void stop_fill(struct source *s) {
    source_stop(fill_of(s)->under);
}

static const struct source_driver fill_driver = {
    .read = read_fill, .check = check_fill, .close = close_fill, .stop = stop_fill};

ex_code source_open_fill(struct source *under, const struct source_range *holes, size_t hole_count,
                         source_pull_fn *held, void *context, struct source **ret,
                         struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    struct fill *f = ex_new0(struct fill);
    s->fd = -1;
    s->own = f;
    s->driver = &fill_driver;
    s->path = ex_strdup(under->path);
    s->identity = under->identity;
    s->identity.path = s->path;
    s->identity.seekable = false;
    s->identity.write_guarded = false;
    s->medium = under->medium;
    *f = (struct fill){.under = under, .held = held, .context = context, .hole_count = hole_count};
    if (!under->driver->seeks)
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" cannot be read from the middle", s->path);
    EX_TRY(ex_alloc(hole_count, sizeof *holes, EX_LIMIT_UNREADABLE_RANGES * sizeof *holes,
                    "the list of holes", &f->hole, err));
    memcpy(f->hole, holes, hole_count * sizeof *holes);
    f->scratch = aligned_alloc(SOURCE_SECTOR_MAX_BYTES, SCRATCH_BYTES);
    if (f->scratch == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for reading");
    *ret = ex_steal(&s);
    return EX_OK;
}

void source_fill_report(const struct source *s, struct source_fill_report *ret) {
    *ret = fill_of(s)->report;
}
