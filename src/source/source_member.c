/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a package, which somebody else reads from front to back. */
#include "source/source_internal.h"

#include "base/limits.h"

#include <stdlib.h>

struct member {
    source_pull_fn *pull;
    void *context;
    size_t bad_known; /* all of them; the source's count: those that begin in what was read */
};

static ex_code read_member(struct source *s, uint8_t *to, size_t size_bytes, size_t *ret_got,
                           struct ex_error *err) {
    const struct member *m = s->own;
    uint64_t left = s->identity.size_bytes - s->at;
    size_t want = size_bytes < left ? size_bytes : (size_t)left, have = 0;
    while (have < want) {
        size_t got = 0;
        if (atomic_load(&s->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading \"%s\"", s->path);
        EX_TRY(m->pull(m->context, to + have, want - have, &got, err));
        if (got == 0)
            return ex_fail(err, EX_ALTERED, "\"%s\" ends before its size", s->path);
        have += got;
    }
    s->at += have;
    while (s->bad_count < m->bad_known && s->bad[s->bad_count].offset < s->at)
        s->bad_count++;
    *ret_got = have;
    return EX_OK;
}

static void close_member(struct source *s) {
    free(s->own);
}

static const struct source_driver member_driver = {.read = read_member, .close = close_member};

ex_code source_open_member(const char *name, uint64_t size_bytes, source_pull_fn *pull,
                           void *context, const struct source_range *unreadable,
                           size_t unreadable_count, struct source **ret, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = ex_new0(struct source);
    s->fd = -1;
    s->path = ex_strdup(name);
    s->identity =
        (struct source_identity){.kind = SOURCE_MEMBER, .path = s->path, .size_bytes = size_bytes};
    struct member *m = ex_new0(struct member);
    *m = (struct member){pull, context, unreadable_count};
    s->own = m;
    s->driver = &member_driver;
    EX_TRY(ex_grow(&s->bad, &s->bad_capacity, unreadable_count + 1, sizeof *s->bad,
                   EX_LIMIT_UNREADABLE_RANGES * sizeof *s->bad, "the list of unreadable ranges",
                   err));
    if (unreadable_count > 0)
        memcpy(s->bad, unreadable, unreadable_count * sizeof *s->bad);
    *ret = ex_steal(&s);
    return EX_OK;
}
