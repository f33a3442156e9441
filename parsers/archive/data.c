/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a member, as libarchive gives it: blocks, with holes between them. */
#include "parsers/archive/archive_internal.h"

#include <stdio.h>

enum { ZEROS_BYTES = 64 << 10, EMPTY_BLOCKS_MAX = 100000 };
#define HOLES_BYTES_MAX (UINT64_C(1) << 30)

struct flow {
    struct unpacking *u;
    uint32_t trace;
    bool sized;
    uint64_t size, done, holes; /* done: all of what was told; holes: those of it that are holes */
    bool wanted, ended;
    struct ex_error why; /* its content is not whole; or EX_OK */
};

/* The first of them counts, and is told when the rest was: what follows is still of this trace. */
static void set_wrong(struct flow *f, ex_code code, const char *what) {
    if (f->why.code != EX_OK)
        return;
    f->why.code = code;
    (void)snprintf(f->why.text, sizeof f->why.text, "%s", what);
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
    if (n < size_bytes)
        set_wrong(f, EX_FORMAT, "more bytes than its size");
    return EX_OK;
}

/* Zeros up to `offset`, which are stored nowhere. */
static ex_code push_hole(struct flow *f, int64_t offset, struct ex_error *err) {
    static const uint8_t ZEROS[ZEROS_BYTES];
    if (offset < 0 || (uint64_t)offset < f->done) {
        f->ended = true;
        set_wrong(f, EX_FORMAT, "its pieces are not in order");
        return EX_OK;
    }
    uint64_t left = (uint64_t)offset - f->done;
    if (left > HOLES_BYTES_MAX - f->holes) {
        f->ended = true;
        set_wrong(f, EX_LIMIT, "more than 1 GiB of holes");
        return EX_OK;
    }
    f->holes += left;
    for (size_t part; left > 0 && !f->ended; left -= part) {
        part = left < ZEROS_BYTES ? (size_t)left : (size_t)ZEROS_BYTES;
        EX_TRY(push(f, ZEROS, part, err));
    }
    return EX_OK;
}

static void set_failure(struct flow *f) {
    struct ex_error why;
    unpack_reason(f->u, &why);
    if (f->why.code == EX_OK)
        f->why = why;
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
        set_failure(f);
    if (code < ARCHIVE_WARN) {
        f->ended = true;
        return EX_OK;
    }
    if (data == NULL || size == 0) {
        f->ended = ++*empty > EMPTY_BLOCKS_MAX;
        if (f->ended)
            set_wrong(f, EX_FORMAT, "it does not come to an end");
        return EX_OK;
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
    u->input.unread.code = EX_OK;
    while (!f.ended)
        EX_TRY(take_block(&f, &empty, err));
    if (f.sized && f.wanted && f.done < f.size)
        set_wrong(&f, EX_FORMAT, "fewer bytes than its size");
    return f.why.code == EX_OK ? EX_OK
                               : parser_trace_problem(u->run, trace, "content", &f.why, err);
}
