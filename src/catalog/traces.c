/* SPDX-License-Identifier: Apache-2.0 */
/* Examinations and their traces: putting and asking. */
#include "catalog/traces.h"

#include "base/cursor.h"
#include "catalog/internal.h"

#include <stdio.h>

/* ---- putting ---- */

ex_code catalog_put_examination(struct catalog *c, const struct catalog_examination *x,
                                struct ex_error *err) {
    char name[64];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_EXAMINATION, &q, err));
    query_bind_u64(&q, 1, x->entry);
    query_bind_blob(&q, 2, x->item_id, CATALOG_ID_BYTES);
    query_bind_blob(&q, 3, x->object_id, sizeof x->object_id);
    query_bind_i64(&q, 4, x->time_ns);
    query_bind_text(&q, 5, x->profile);
    query_bind_text(&q, 6, x->result);
    query_bind_u64(&q, 7, x->traces);
    query_bind_text(&q, 8, x->state);
    (void)snprintf(name, sizeof name, "the examination of entry %llu",
                   (unsigned long long)x->entry);
    return query_put(&q, name, "", err);
}

ex_code catalog_set_examination_state(struct catalog *c, uint64_t entry, const char *state,
                                      struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_SET_EXAMINATION_STATE, &q, err));
    query_bind_u64(&q, 1, entry);
    query_bind_text(&q, 2, state);
    return query_run(&q, err);
}

ex_code catalog_put_trace(struct catalog *c, const struct catalog_trace *t, struct ex_error *err) {
    char name[80];
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_PUT_TRACE, &q, err));
    query_bind_u64(&q, 1, t->entry);
    query_bind_u64(&q, 2, t->number);
    query_bind_u64(&q, 3, t->parent);
    query_bind_blob(&q, 4, t->id, CATALOG_ID_BYTES);
    query_bind_text(&q, 5, t->kind);
    query_bind_text(&q, 6, t->state);
    query_bind_text(&q, 7, t->name);
    if (t->has_size)
        query_bind_u64(&q, 8, t->size);
    query_bind_blob(&q, 9, t->has_sha256 ? t->sha256 : NULL, sizeof t->sha256);
    query_bind_text(&q, 10, t->type);
    query_bind_blob(&q, 11, t->has_content_key ? t->content_key : NULL, sizeof t->content_key);
    query_bind_u64(&q, 12, t->at);
    query_bind_u64(&q, 13, t->length);
    if (t->has_inside)
        query_bind_u64(&q, 14, t->inside);
    (void)snprintf(name, sizeof name, "trace %llu of entry %llu", (unsigned long long)t->number,
                   (unsigned long long)t->entry);
    return query_put(&q, name, "", err);
}

ex_code catalog_drop_traces(struct catalog *c, uint64_t entry, struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open_put(c, SQL_DROP_TRACES, &q, err));
    query_bind_u64(&q, 1, entry);
    return query_run(&q, err);
}

ex_code catalog_dispose_traces(struct catalog *c, const uint8_t item_id[static CATALOG_ID_BYTES],
                               struct ex_error *err) {
    CATALOG_QUERY(traces);
    CATALOG_QUERY(states);
    EX_TRY(query_open_put(c, SQL_DROP_TRACES_OF_ITEM, &traces, err));
    query_bind_blob(&traces, 1, item_id, CATALOG_ID_BYTES);
    EX_TRY(query_run(&traces, err));
    EX_TRY(query_open_put(c, SQL_DISPOSE_EXAMINATIONS, &states, err));
    query_bind_blob(&states, 1, item_id, CATALOG_ID_BYTES);
    return query_run(&states, err);
}

/* ---- asking ---- */

static ex_code read_examination(struct query *q, struct catalog_examination *x,
                                struct ex_error *err) {
    *x = (struct catalog_examination){.entry = query_u64(q, 0),
                                      .time_ns = query_i64(q, 3),
                                      .profile = query_view(q, 4),
                                      .result = query_view(q, 5),
                                      .traces = query_u64(q, 6),
                                      .state = query_view(q, 7)};
    query_blob(q, 1, x->item_id, sizeof x->item_id);
    query_blob(q, 2, x->object_id, sizeof x->object_id);
    if (x->profile == NULL || x->result == NULL || x->state == NULL)
        q->row = q->row == EX_OK ? EX_FORMAT : q->row;
    return query_check(q, err);
}

static bool blob_or_null(struct query *q, int column, uint8_t *to, size_t size_bytes) {
    if (query_is_null(q, column))
        return false;
    query_blob(q, column, to, size_bytes);
    return true;
}

static ex_code read_trace(struct query *q, struct catalog_trace *t, struct ex_error *err) {
    *t = (struct catalog_trace){.entry = query_u64(q, 0),
                                .number = query_u64(q, 1),
                                .parent = query_u64(q, 2),
                                .kind = query_view(q, 4),
                                .state = query_view(q, 5),
                                .name = query_view(q, 6),
                                .has_size = !query_is_null(q, 7),
                                .type = query_view(q, 9),
                                .at = query_u64(q, 11),
                                .length = query_u64(q, 12),
                                .has_inside = !query_is_null(q, 13)};
    query_blob(q, 3, t->id, sizeof t->id);
    if (t->has_size)
        t->size = query_u64(q, 7);
    if (t->has_inside)
        t->inside = query_u64(q, 13);
    t->has_sha256 = blob_or_null(q, 8, t->sha256, sizeof t->sha256);
    t->has_content_key = blob_or_null(q, 10, t->content_key, sizeof t->content_key);
    if (t->kind == NULL || t->parent >= t->number)
        q->row = q->row == EX_OK ? EX_FORMAT : q->row;
    return query_check(q, err);
}

ex_code catalog_each_examination(struct catalog *c, const uint8_t *item_id,
                                 catalog_examination_fn *fn, void *context, struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, item_id == NULL ? SQL_EACH_EXAMINATION : SQL_EACH_EXAMINATION_OF_ITEM, &q,
                      err));
    if (item_id != NULL)
        query_bind_blob(&q, 1, item_id, CATALOG_ID_BYTES);
    for (;;) {
        struct catalog_examination x;
        EX_TRY(query_step(&q, &row, err));
        if (!row)
            return EX_OK;
        EX_TRY(read_examination(&q, &x, err));
        EX_TRY(fn(context, &x, err));
    }
}

static ex_code each_row(struct query *q, catalog_trace_fn *fn, void *context, bool *ret_found,
                        struct ex_error *err) {
    bool row;
    *ret_found = false;
    for (;;) {
        struct catalog_trace t;
        EX_TRY(query_step(q, &row, err));
        if (!row)
            return EX_OK;
        *ret_found = true;
        EX_TRY(read_trace(q, &t, err));
        EX_TRY(fn(context, &t, err));
    }
}

static char *lower(const char *text) {
    char *made = ex_strdup(text);
    for (char *c = made; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return made;
}

bool catalog_name_fits(const char *pattern, const char *name) {
    EX_AUTO_FREE char *low_pattern = lower(pattern), *low_name = lower(name);
    return sqlite3_strglob(low_pattern, low_name) == 0;
}

static void bind_filter(struct query *q, const struct catalog_trace_filter *f) {
    query_bind_u64(q, 1, f->entry);
    query_bind_text(q, 2, f->kind);
    query_bind_text(q, 3, f->state);
    query_bind_text(q, 4, f->name);
}

ex_code catalog_each_trace(struct catalog *c, const struct catalog_trace_filter *f, uint64_t limit,
                           catalog_trace_fn *fn, void *context, struct ex_error *err) {
    bool found;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_EACH_TRACE, &q, err));
    bind_filter(&q, f);
    query_bind_u64(&q, 5, limit);
    return each_row(&q, fn, context, &found, err);
}

ex_code catalog_count_traces(struct catalog *c, const struct catalog_trace_filter *f, uint64_t *ret,
                             struct ex_error *err) {
    bool row;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_COUNT_TRACES, &q, err));
    bind_filter(&q, f);
    EX_TRY(query_step(&q, &row, err));
    *ret = row ? query_u64(&q, 0) : 0;
    return query_check(&q, err);
}

ex_code catalog_each_trace_by_id(struct catalog *c, const uint8_t low[static CATALOG_ID_BYTES],
                                 const uint8_t high[static CATALOG_ID_BYTES], catalog_trace_fn *fn,
                                 void *context, struct ex_error *err) {
    bool found;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_EACH_TRACE_BY_ID, &q, err));
    query_bind_blob(&q, 1, low, CATALOG_ID_BYTES);
    query_bind_blob(&q, 2, high, CATALOG_ID_BYTES);
    return each_row(&q, fn, context, &found, err);
}

ex_code catalog_trace_at(struct catalog *c, uint64_t entry, uint64_t number, catalog_trace_fn *fn,
                         void *context, bool *ret_found, struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_TRACE_AT, &q, err));
    query_bind_u64(&q, 1, entry);
    query_bind_u64(&q, 2, number);
    return each_row(&q, fn, context, ret_found, err);
}

ex_code catalog_next_child(struct catalog *c, uint64_t entry, uint64_t parent, uint64_t after,
                           catalog_trace_fn *fn, void *context, bool *ret_found,
                           struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_NEXT_CHILD, &q, err));
    query_bind_u64(&q, 1, entry);
    query_bind_u64(&q, 2, parent);
    query_bind_u64(&q, 3, after);
    return each_row(&q, fn, context, ret_found, err);
}

ex_code catalog_each_child(struct catalog *c, uint64_t entry, uint64_t parent, catalog_trace_fn *fn,
                           void *context, struct ex_error *err) {
    bool found;
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_EACH_CHILD, &q, err));
    query_bind_u64(&q, 1, entry);
    query_bind_u64(&q, 2, parent);
    return each_row(&q, fn, context, &found, err);
}

ex_code catalog_known_content(struct catalog *c,
                              const uint8_t key[static CATALOG_CONTENT_KEY_BYTES],
                              catalog_trace_fn *fn, void *context, bool *ret_found,
                              struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_KNOWN_CONTENT, &q, err));
    query_bind_blob(&q, 1, key, CATALOG_CONTENT_KEY_BYTES);
    return each_row(&q, fn, context, ret_found, err);
}

ex_code catalog_looked_into(struct catalog *c, const uint8_t sha256[static 32],
                            catalog_trace_fn *fn, void *context, bool *ret_found,
                            struct ex_error *err) {
    CATALOG_QUERY(q);
    EX_TRY(query_open(c, SQL_LOOKED_INTO, &q, err));
    query_bind_blob(&q, 1, sha256, 32);
    return each_row(&q, fn, context, ret_found, err);
}
