/* SPDX-License-Identifier: Apache-2.0 */
/* What a folder of XFS names. */
#include "parsers/xfs/xfs_internal.h"

#include "parsers/shared/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TARGET5_HEAD_BYTES = 56,
    TARGET5_SUM_AT = 12,
    TARGET5_OWNER_AT = 32,
    FLAG_REALTIME = 1,
    TYPE_FIFO = 1,
    TYPE_CHARACTER = 2,
    TYPE_FOLDER = 4,
    TYPE_BLOCK = 6,
    TYPE_FILE = 8,
    TYPE_LINK = 10,
    TYPE_SOCKET = 12,
    KEY_BYTES = 40
};

static unsigned type_of(const struct xfs_inode *i) {
    return i->mode >> 12;
}

static enum parser_kind kind_of(const struct xfs_inode *i) {
    switch (type_of(i)) {
    case TYPE_FOLDER:
        return PARSER_DIRECTORY;
    case TYPE_LINK:
        return PARSER_LINK;
    case TYPE_FIFO:
    case TYPE_CHARACTER:
    case TYPE_BLOCK:
    case TYPE_SOCKET:
        return PARSER_SPECIAL;
    default:
        return PARSER_FILE;
    }
}

static bool has_content(const struct xfs_inode *i) {
    return type_of(i) == TYPE_FILE && i->size <= INT64_MAX && (i->flags & FLAG_REALTIME) == 0;
}

/* ---- what the inode says ---- */

static ex_code tell_time(struct xfs *x, enum parser_time what, const struct xfs_time *t,
                         struct ex_error *err) {
    if ((t->seconds == 0 && t->nanoseconds == 0) || t->nanoseconds >= 1000000000)
        return EX_OK;
    return parser_trace_time(x->run, what, t->seconds, t->nanoseconds, 1, false, "xfs:inode", err);
}

static ex_code tell_times(struct xfs *x, const struct xfs_inode *i, struct ex_error *err) {
    EX_TRY(tell_time(x, PARSER_MODIFIED, &i->modified, err));
    EX_TRY(tell_time(x, PARSER_ACCESSED, &i->accessed, err));
    EX_TRY(tell_time(x, PARSER_CHANGED, &i->changed, err));
    return tell_time(x, PARSER_CREATED, &i->created, err);
}

/* One block of a target; false: it is none, or damaged. */
static bool read_target(const struct xfs *x, const struct xfs_inode *i, const struct xfs_extents *e,
                        uint64_t number, uint8_t *block) {
    if (xfs_extents_bytes(x, e, number * x->block_bytes, block, x->block_bytes, NULL) != EX_OK)
        return false;
    struct ex_cursor c = ex_cursor_make(block, x->block_bytes);
    (void)ex_cursor_bytes(&c, TARGET5_OWNER_AT);
    return x->version < 5 || (memcmp(block, "XSLM", 4) == 0 && xfs_be64(&c) == i->number &&
                              xfs_sum_fits(x, block, x->block_bytes, TARGET5_SUM_AT));
}

/* In blocks of its own. */
static ex_code read_targets(const struct xfs *x, const struct xfs_inode *i, uint8_t *to,
                            size_t size, bool *ret_whole, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *block = NULL;
    struct xfs_extents e;
    size_t head = x->version == 5 ? TARGET5_HEAD_BYTES : 0, each = x->block_bytes - head, part;
    EX_TRY(ex_alloc(x->block_bytes, 1, XFS_BLOCK_BYTES_MAX, "the target of a link", &block, err));
    ex_code code = xfs_extents_read(x, i, &e, err);
    *ret_whole = code == EX_OK && e.wrong == NULL;
    for (size_t done = 0, n = 0; done < size && *ret_whole; done += part, n++) {
        part = size - done < each ? size - done : each;
        *ret_whole = read_target(x, i, &e, n, block);
        memcpy(to + done, block + head, part);
    }
    xfs_extents_clear(&e);
    return code;
}

/* *ret_why: there is none that could be had. */
static ex_code tell_target(struct xfs *x, const struct xfs_inode *i, const char **ret_why,
                           struct ex_error *err) {
    uint8_t target[XFS_TARGET_BYTES_MAX];
    size_t size = (size_t)i->size;
    bool whole = true;
    *ret_why = "its target is damaged";
    if (i->size == 0 || i->size > sizeof target || (i->format == XFS_LOCAL && size > i->fork_bytes))
        return EX_OK;
    if (i->format == XFS_LOCAL)
        memcpy(target, i->bytes + i->fork_at, size);
    else
        EX_TRY(read_targets(x, i, target, size, &whole, err));
    if (!whole)
        return EX_OK;
    *ret_why = NULL;
    return parser_trace_text(x->run, "target", target, size, err);
}

static ex_code tell_device(struct xfs *x, const struct xfs_inode *i, struct ex_error *err) {
    char text[32];
    struct ex_cursor c = ex_cursor_make(i->bytes + i->fork_at, i->fork_bytes);
    uint32_t device = ex_cursor_be32(&c);
    if (type_of(i) != TYPE_CHARACTER && type_of(i) != TYPE_BLOCK)
        return EX_OK;
    (void)snprintf(text, sizeof text, "%s %u:%u", type_of(i) == TYPE_BLOCK ? "block" : "character",
                   device >> 18, device & 0x3FFFF);
    return tell_text(x->run, "device", text, err);
}

static ex_code tell_said(struct xfs *x, const struct xfs_inode *i, struct ex_error *err) {
    char text[16];
    (void)snprintf(text, sizeof text, "%04o", i->mode & 07777);
    EX_TRY(tell_text(x->run, "mode", text, err));
    EX_TRY(parser_trace_number(x->run, "uid", i->uid, err));
    EX_TRY(parser_trace_number(x->run, "gid", i->gid, err));
    EX_TRY(parser_trace_number(x->run, "links", i->links, err));
    (void)snprintf(text, sizeof text, "0x%04x", i->flags);
    if (i->flags != 0)
        EX_TRY(tell_text(x->run, "flags", text, err));
    return tell_device(x, i, err);
}

/* ---- contents ---- */

/* Of the content that is being told. */
struct places {
    uint64_t at, size; /* at: of what is told so far */
    bool outside;
};

static ex_code add(struct xfs *x, struct places *p, uint64_t offset, uint64_t length,
                   struct ex_error *err) {
    uint64_t left = p->size - p->at;
    length = length < left ? length : left;
    p->at += length;
    return length == 0 ? EX_OK : parser_trace_extent(x->run, offset, length, err);
}

static ex_code add_extent(struct xfs *x, struct places *p, const struct xfs_extent *e,
                          struct ex_error *err) {
    uint64_t length = e->count * x->block_bytes, first, last, end = parser_input_size(x->run, 0);
    if (e->unwritten)
        return add(x, p, PARSER_HOLE, length, err);
    /* of one group: the last block lies as far from the first as there are between them */
    bool inside = xfs_block_place(x, e->block, &first) &&
                  xfs_block_place(x, e->block + e->count - 1, &last) &&
                  last - first == length - x->block_bytes && first < end;
    if (!inside) {
        p->outside = true;
        return add(x, p, PARSER_NOWHERE, length, err);
    }
    uint64_t there = end - first < length ? end - first : length;
    uint64_t wanted = p->size - p->at;
    p->outside = p->outside || (there < length && wanted > there);
    EX_TRY(add(x, p, first, there, err));
    return add(x, p, PARSER_NOWHERE, length - there, err);
}

static ex_code tell_places(struct xfs *x, uint32_t trace, const struct xfs_inode *i,
                           const struct xfs_extents *e, struct ex_error *err) {
    struct places p = {.size = i->size};
    for (size_t n = 0; n < e->count && p.at < p.size; n++) {
        uint64_t from = e->extent[n].offset;
        if (from > p.size / x->block_bytes)
            break;
        from *= x->block_bytes;
        if (from > p.at)
            EX_TRY(add(x, &p, PARSER_HOLE, from - p.at, err));
        EX_TRY(add_extent(x, &p, &e->extent[n], err));
    }
    /* behind the last one: a hole, unless there should be more of them */
    EX_TRY(add(x, &p, e->wrong == NULL ? PARSER_HOLE : PARSER_NOWHERE, p.size - p.at, err));
    if (e->wrong != NULL)
        EX_TRY(tell_problem(x->run, trace, "extents", err, e->wrong_code, "%s", e->wrong));
    if (p.outside)
        EX_TRY(tell_problem(x->run, trace, "outside", err, EX_FORMAT,
                            "some of the content lies outside of the file system, or of what it "
                            "lies in"));
    return EX_OK;
}

static ex_code tell_content(struct xfs *x, uint32_t trace, const struct xfs_inode *i,
                            struct ex_error *err) {
    struct xfs_extents e;
    ex_code code = xfs_extents_read(x, i, &e, err);
    if (code == EX_OK)
        code = tell_places(x, trace, i, &e, err);
    xfs_extents_clear(&e);
    return code;
}

/* ---- the trace ---- */

static ex_code tell_inode(struct xfs *x, const struct parser_trace *t, const struct xfs_inode *i,
                          struct ex_error *err) {
    const char *why = NULL;
    uint32_t trace;
    EX_TRY(parser_trace(x->run, t, &trace, err));
    EX_TRY(tell_times(x, i, err));
    EX_TRY(parser_trace_number(x->run, "inode", i->number, err));
    EX_TRY(tell_said(x, i, err));
    if (type_of(i) == TYPE_LINK)
        EX_TRY(tell_target(x, i, &why, err));
    if (has_content(i))
        EX_TRY(tell_content(x, trace, i, err));
    else if (type_of(i) == TYPE_FILE && (i->flags & FLAG_REALTIME) != 0)
        EX_TRY(tell_problem(x->run, trace, "content", err, EX_UNSUPPORTED,
                            "its content is on a real-time device, which is not read"));
    else if (type_of(i) == TYPE_FILE)
        why = "its inode says a size that no content has";
    else if (type_of(i) == 0)
        why = "its inode is not in use";
    if (why != NULL)
        EX_TRY(tell_problem(x->run, trace, "content", err, EX_FORMAT, "%s", why));
    if (i->wrong != NULL)
        EX_TRY(tell_problem(x->run, trace, "inode", err, EX_FORMAT, "%s", i->wrong));
    return type_of(i) == TYPE_FOLDER ? xfs_unit(x, trace, i->number, err) : EX_OK;
}

ex_code xfs_tell_entry(struct xfs *x, const struct xfs_name *name, struct ex_error *err) {
    EX_AUTO_FREE struct xfs_inode *i = ex_new0(struct xfs_inode);
    struct ex_error why = {0};
    char key[KEY_BYTES];
    uint32_t trace;
    (void)snprintf(key, sizeof key, "%u.%" PRIu64, name->number, name->inode);
    struct parser_trace t = {.kind = PARSER_FILE,
                             .key = key,
                             .name = (const char *)name->bytes,
                             .name_bytes = name->size};
    ex_code code = xfs_inode_read(x, name->inode, i, &why);
    if (code == EX_OK) {
        t.kind = kind_of(i);
        t.flags = has_content(i) ? PARSER_SIZED : 0;
        t.size_bytes = has_content(i) ? i->size : 0;
        t.record = i->number;
        return tell_inode(x, &t, i, err);
    }
    if (code != EX_FORMAT && code != EX_IO) {
        if (err != NULL)
            *err = why;
        return code;
    }
    EX_TRY(parser_trace(x->run, &t, &trace, err));
    EX_TRY(parser_trace_number(x->run, "inode", name->inode, err));
    return parser_trace_problem(x->run, trace, "inode", &why, err);
}
