/* SPDX-License-Identifier: Apache-2.0 */
/* Space that nothing claims: where there is something in it, and what becomes of the files that
 * are found there (docs/carving.md). */
#include "examine/examine_internal.h"

#include "base/bytes.h"
#include "base/cursor.h"

enum { PAIR_BYTES = 16, DATA_BYTES_MAX = 64 << 20, CONSTANT_BYTES_MIN = 64 << 10 };

const char *space_parameters(const struct engine *e) {
    return e->options->profile == EXAMINE_DEEP ? "deep" : "";
}

/* ---- what is in it ---- */

void space_data_clear(struct space_data *d) {
    free(d->bytes);
    *d = (struct space_data){0};
}

struct gathering {
    struct space_data *data;
    uint64_t at;       /* in the space */
    uint64_t from, to; /* the last run; to 0: none */
};

static ex_code end_run(struct gathering *g, struct ex_error *err) {
    struct space_data *d = g->data;
    if (g->to == 0)
        return EX_OK;
    EX_TRY(ex_grow(&d->bytes, &d->capacity, d->size_bytes + PAIR_BYTES, 1, DATA_BYTES_MAX,
                   "what is in a space", err));
    ex_put_le64(d->bytes + d->size_bytes, g->from);
    ex_put_le64(d->bytes + d->size_bytes + 8, g->to);
    d->size_bytes += PAIR_BYTES;
    g->to = 0;
    return EX_OK;
}

static ex_code add_stretch(void *context, const struct vault_stretch *s, struct ex_error *err) {
    struct gathering *g = context;
    const uint64_t from = g->at;
    const bool full = g->data->size_bytes + 2 * PAIR_BYTES > DATA_BYTES_MAX; /* less is left out */
    g->at += s->length;
    if (s->constant && s->length >= CONSTANT_BYTES_MIN && !full)
        return EX_OK;
    if (g->to > 0 && from > g->to && !full)
        EX_TRY(end_run(g, err));
    g->from = g->to > 0 ? g->from : from;
    g->to = g->at;
    return EX_OK;
}

ex_code space_data_find(struct reading *r, struct space_data *ret, struct ex_error *err) {
    struct gathering g = {.data = ret};
    struct ex_error why;
    if (ret->found)
        return EX_OK;
    ret->size_bytes = 0;
    for (uint64_t at = 0; at < r->view->length;) {
        const struct found_range piece = view_piece(r->view, at, r->view->length - at);
        const struct vault_stretch unknown = {.length = piece.length};
        ex_code code =
            piece.offset >= RANGE_NOWHERE
                ? EX_MISSING
                : vault_reader_each(r->reader, piece.offset, piece.length, add_stretch, &g, &why);
        if (code == EX_NOMEM || code == EX_LIMIT)
            return ex_fail(err, code, "no memory for what is in a space");
        if (code != EX_OK) { /* damage: who reads there is told */
            g.at = at;
            EX_TRY(add_stretch(&g, &unknown, err));
        }
        at += piece.length;
        g.at = at;
    }
    EX_TRY(end_run(&g, err));
    ret->found = true;
    return EX_OK;
}

/* ---- what is looked into ---- */

ex_code space_look(struct engine *e, const struct job *job, struct found *f, size_t index,
                   const struct above *above, struct ex_error *err) {
    const struct found_trace *t = &f->trace[index];
    struct view view;
    bool fresh;
    if (t->kind != PARSER_SPACE || e->options->profile < EXAMINE_STANDARD || t->range_count == 0)
        return EX_OK;
    if (e->spaces >= SPACES_MAX || t->size_bytes > e->space_bytes_max - e->space_bytes)
        return found_problem(f, EXAMINER_CARVER, (uint32_t)index + 1, "space", EXAMINE_TOO_MANY,
                             "there are more spaces than are looked into", err);
    if (t->range_count > SPACE_STRETCHES_MAX - e->space_stretches)
        return found_problem(f, EXAMINER_CARVER, (uint32_t)index + 1, "space", EXAMINE_TOO_LARGE,
                             "such spaces lie in more pieces than are looked into", err);
    e->spaces++;
    e->space_bytes += t->size_bytes;
    e->space_stretches += (unsigned)t->range_count;
    EX_TRY(view_of_ranges(&view, &f->range[t->range_at], t->range_count, err));
    ex_code code = views_see(e, &view, &fresh, err);
    if (code == EX_OK && fresh)
        return engine_add_job(e, EXAMINER_CARVER, above, &view, job->depth, err);
    view_clear(&view); /* of two tables: it is looked into once */
    return code;
}

/* ---- what is written ---- */

/* Of a whole one that was written. What goes on behind its end is none of it: one of both is wrong,
 * and nobody can say which. */
static bool is_inside(const struct job *job, const struct found_trace *t, uint64_t at) {
    return at < job->carved_end &&
           ((t->flags & PARSER_IN_PART) != 0 || at + t->size_bytes <= job->carved_end);
}

ex_code space_is_left_out(struct job *job, struct found *f, const struct found_trace *t, bool *ret,
                          struct ex_error *err) {
    const char *key = f->text + t->key_at;
    uint64_t at;
    if (t->examiner != EXAMINER_CARVER || (t->flags & PARSER_CARVED) == 0)
        return EX_OK;
    /* a key that is no place is that of a worker which is not ours any more */
    *ret = !ex_parse_decimal(key, strlen(key), &at) || at > job->view.length ||
           t->size_bytes > job->view.length - at || is_inside(job, t, at) ||
           job->carved > CARVED_MAX;
    if (*ret)
        return EX_OK;
    if (++job->carved > CARVED_MAX) {
        *ret = true;
        return found_problem(f, EXAMINER_CARVER, 0, "carved", EXAMINE_TOO_MANY,
                             "more files are in this space than are told", err);
    }
    if ((t->flags & PARSER_IN_PART) == 0)
        job->carved_end = at + t->size_bytes;
    return EX_OK;
}
