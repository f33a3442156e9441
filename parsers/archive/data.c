/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a member, as libarchive gives it: blocks, with holes between them. */
#include "parsers/archive/archive_internal.h"

enum { ZEROS_BYTES = 64 << 10, EMPTY_BLOCKS_MAX = 100000 };
#define HOLES_BYTES_MAX (UINT64_C(1) << 30)

struct flow {
    struct unpacking *u;
    uint32_t trace;
    bool sized;
    uint64_t size, done, holes; /* done: all of what was told; holes: those of it that are holes */
    bool wanted, told_problem, ended;
};

static ex_code tell_wrong(struct flow *f, ex_code code, const char *what, struct ex_error *err) {
    if (f->told_problem)
        return EX_OK;
    f->told_problem = true;
    return unpack_tell_problem(f->u->run, f->trace, "content", err, code, "%s", what);
}

/* Bytes of the content, cut at its size. */
static ex_code push(struct flow *f, const void *data, size_t size_bytes, struct ex_error *err) {
    size_t n = size_bytes;
    if (f->sized && n > f->size - f->done)
        n = (size_t)(f->size - f->done);
    if (n > 0 && f->wanted)
        EX_TRY(parser_trace_content(f->u->run, data, n, &f->wanted, err));
    f->done += n;
    f->ended = f->ended || n < size_bytes || !f->wanted;
    return n < size_bytes ? tell_wrong(f, EX_FORMAT, "more bytes than its size", err) : EX_OK;
}

/* Zeros up to `offset`, which are stored nowhere. */
static ex_code push_hole(struct flow *f, int64_t offset, struct ex_error *err) {
    static const uint8_t ZEROS[ZEROS_BYTES];
    if (offset < 0 || (uint64_t)offset < f->done) {
        f->ended = true;
        return tell_wrong(f, EX_FORMAT, "its pieces are not in order", err);
    }
    uint64_t left = (uint64_t)offset - f->done;
    if (left > HOLES_BYTES_MAX - f->holes) {
        f->ended = true;
        return tell_wrong(f, EX_LIMIT, "more than 1 GiB of holes", err);
    }
    f->holes += left;
    for (size_t part; left > 0 && !f->ended; left -= part) {
        part = left < ZEROS_BYTES ? (size_t)left : (size_t)ZEROS_BYTES;
        EX_TRY(push(f, ZEROS, part, err));
    }
    return EX_OK;
}

static ex_code tell_failure(struct flow *f, struct ex_error *err) {
    EX_TRY(unpack_check(f->u, err));
    if (f->told_problem)
        return EX_OK;
    f->told_problem = true;
    return unpack_problem(f->u, f->trace, "content", err);
}

/* One block. At the end libarchive says with its offset where a last hole ends. */
static ex_code take_block(struct flow *f, unsigned *empty, struct ex_error *err) {
    const void *data = NULL;
    size_t size = 0;
    la_int64_t offset = (la_int64_t)f->done;
    int code = archive_read_data_block(f->u->archive, &data, &size, &offset);
    EX_TRY(unpack_check(f->u, err));
    if (code == ARCHIVE_EOF) {
        if (f->sized && offset > (la_int64_t)f->done && (uint64_t)offset <= f->size)
            EX_TRY(push_hole(f, offset, err));
        f->ended = true;
        return EX_OK;
    }
    if (code != ARCHIVE_OK)
        EX_TRY(tell_failure(f, err));
    if (code < ARCHIVE_WARN) {
        f->ended = true;
        return EX_OK;
    }
    if (data == NULL || size == 0) {
        f->ended = ++*empty > EMPTY_BLOCKS_MAX;
        return f->ended ? tell_wrong(f, EX_FORMAT, "it does not come to an end", err) : EX_OK;
    }
    *empty = 0;
    EX_TRY(push_hole(f, offset, err));
    return f->ended ? EX_OK : push(f, data, size, err);
}

ex_code unpack_content(struct unpacking *u, uint32_t trace, int64_t size_bytes,
                       struct ex_error *err) {
    struct flow f = {.u = u,
                     .trace = trace,
                     .sized = size_bytes >= 0,
                     .size = size_bytes >= 0 ? (uint64_t)size_bytes : 0,
                     .wanted = true};
    unsigned empty = 0;
    u->unread.code = EX_OK;
    while (!f.ended)
        EX_TRY(take_block(&f, &empty, err));
    if (f.sized && f.wanted && f.done < f.size)
        EX_TRY(tell_wrong(&f, EX_FORMAT, "fewer bytes than its size", err));
    return EX_OK;
}
