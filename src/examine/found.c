/* SPDX-License-Identifier: Apache-2.0 */
/* What one step of a parser found, as its worker tells it. */
#include "examine/examine_internal.h"

#include <stdio.h>

void found_start(struct found *f, const struct view *view, bool hashing) {
    f->view = view;
    f->hashing = hashing;
    sha256_start(&f->hash);
}

void found_clear(struct found *f) {
    free(f->trace);
    free(f->problem);
    free(f->scratch.text);
    free(f->unit);
    free(f->range);
    free(f->text);
    free(f->times);
    free(f->attributes);
    *f = (struct found){0};
}

static ex_code grow(void *array, size_t *capacity, size_t need, size_t size_bytes,
                    struct ex_error *err) {
    return ex_grow(array, capacity, need, size_bytes, FOUND_BYTES_MAX, "what a parser found", err);
}

/* A copy with a NUL behind it. */
static ex_code keep_text(struct found *f, const void *text, size_t size_bytes, size_t *ret_at,
                         struct ex_error *err) {
    EX_TRY(grow(&f->text, &f->text_capacity, f->text_bytes + size_bytes + 1, 1, err));
    *ret_at = f->text_bytes;
    if (size_bytes > 0)
        memcpy(f->text + f->text_bytes, text, size_bytes);
    f->text[f->text_bytes + size_bytes] = '\0';
    f->text_bytes += size_bytes + 1;
    return EX_OK;
}

static struct found_trace *last_trace(struct found *f) {
    return f->trace_count == 0 ? NULL : &f->trace[f->trace_count - 1];
}

/* ---- the end of a trace ---- */

static void end_pushed(struct found *f, struct found_trace *t) {
    struct kind kind;
    if (t->pushed_bytes == 0)
        return;
    kind_of_bytes(f->head, f->head_bytes, &kind);
    if (kind.word != NULL)
        (void)snprintf(t->type, sizeof t->type, "%s", kind.word);
    if (t->pushed_bytes < t->size_bytes || !f->hashing) {
        t->not_hashed = f->hashing ? "parser" : "profile";
        return;
    }
    sha256_end(&f->hash, t->sha256);
    t->hashed = true;
    f->hashed++;
    f->hashed_bytes += t->pushed_bytes;
}

ex_code found_end(struct found *f, struct ex_error *err) {
    struct found_trace *t = last_trace(f);
    if (t == NULL)
        return EX_OK;
    end_pushed(f, t);
    t->times_bytes = f->times_bytes;
    t->attributes_bytes = f->attributes_bytes;
    if (f->times_bytes > 0)
        EX_TRY(keep_text(f, f->times, f->times_bytes, &t->times_at, err));
    if (f->attributes_bytes > 0)
        EX_TRY(keep_text(f, f->attributes, f->attributes_bytes, &t->attributes_at, err));
    f->times_bytes = f->attributes_bytes = 0;
    return EX_OK;
}

/* ---- what is told ---- */

static ex_code new_trace(struct found *f, struct found_trace **ret, struct ex_error *err) {
    EX_TRY(found_end(f, err));
    EX_TRY(grow(&f->trace, &f->trace_capacity, f->trace_count + 1, sizeof *f->trace, err));
    *ret = &f->trace[f->trace_count];
    **ret = (struct found_trace){.range_at = f->range_count};
    return EX_OK;
}

static ex_code take_trace(struct found *f, const struct sandbox_told *told, struct ex_error *err) {
    struct found_trace *t;
    EX_TRY(new_trace(f, &t, err));
    t->parent = told->parent;
    t->kind = told->kind;
    t->flags = told->flags;
    t->size_bytes = told->size_bytes;
    t->record = told->record;
    t->name_bytes = told->data_bytes;
    EX_TRY(keep_text(f, told->key, strlen(told->key), &t->key_at, err));
    EX_TRY(keep_text(f, told->data, told->data_bytes, &t->name_at, err));
    sha256_start(&f->hash);
    f->head_bytes = 0;
    f->trace_count++;
    return EX_OK;
}

ex_code found_problem(struct found *f, uint32_t parent, const char *key, enum examine_reason reason,
                      const char *text, struct ex_error *err) {
    struct found_trace t = {.parent = parent, .kind = PARSER_PROBLEM, .reason = reason};
    EX_TRY(grow(&f->problem, &f->problem_capacity, f->problem_count + 1, sizeof t, err));
    EX_TRY(keep_text(f, key, strlen(key), &t.key_at, err));
    EX_TRY(keep_text(f, text, strlen(text), &t.problem_at, err));
    f->problem[f->problem_count++] = t;
    return EX_OK;
}

static enum examine_reason reason_of(ex_code code) {
    return code == EX_LIMIT || code == EX_NOMEM ? EXAMINE_TOO_LARGE
           : code == EX_UNSUPPORTED             ? EXAMINE_UNSUPPORTED
           : code == EX_IO                      ? EXAMINE_UNREADABLE
           : code == EX_DENIED                  ? EXAMINE_ENCRYPTED
                                                : EXAMINE_DAMAGED;
}

static ex_code take_problem(struct found *f, const struct sandbox_told *told,
                            struct ex_error *err) {
    return found_problem(f, told->parent, told->key, reason_of(told->code),
                         (const char *)told->data, err);
}

/* An element of a JSON list or object that grows in a buffer of its own. */
static ex_code add_fragment(char **to, size_t *bytes, size_t *capacity, const struct line *l,
                            bool *ret_cut, struct ex_error *err) {
    if (*bytes + l->bytes + 1 > TEXTS_BYTES_MAX / 2) {
        *ret_cut = true;
        return EX_OK;
    }
    EX_TRY(grow(to, capacity, *bytes + l->bytes + 1, 1, err));
    if (*bytes > 0)
        (*to)[(*bytes)++] = ',';
    memcpy(*to + *bytes, l->text, l->bytes);
    *bytes += l->bytes;
    return EX_OK;
}

static ex_code take_time(struct found *f, const struct sandbox_told *told, struct ex_error *err) {
    struct line *l = &f->scratch;
    l->bytes = 0;
    EX_TRY(line_time(l, told, err));
    return add_fragment(&f->times, &f->times_bytes, &f->times_capacity, l, &last_trace(f)->cut,
                        err);
}

static ex_code take_text(struct found *f, const struct sandbox_told *told, struct ex_error *err) {
    struct line *l = &f->scratch;
    bool replaced;
    l->bytes = 0;
    EX_TRY(line_format(l, err, "\"%s\":", told->key));
    EX_TRY(line_string(l, told->data, told->data_bytes, &replaced, err));
    if (replaced) {
        EX_TRY(line_format(l, err, ",\"%s_base64\":", told->key));
        EX_TRY(line_base64(l, told->data, told->data_bytes, err));
    }
    return add_fragment(&f->attributes, &f->attributes_bytes, &f->attributes_capacity, l,
                        &last_trace(f)->cut, err);
}

static ex_code take_extent(struct found *f, const struct sandbox_told *told, struct ex_error *err) {
    struct found_trace *t = last_trace(f);
    uint64_t offset = told->offset == PARSER_HOLE      ? RANGE_HOLE
                      : told->offset == PARSER_NOWHERE ? RANGE_NOWHERE
                                                       : f->view->offset + told->offset;
    struct found_range *last = t->range_count > 0 ? &f->range[f->range_count - 1] : NULL;
    bool placed = offset != RANGE_HOLE && offset != RANGE_NOWHERE;
    if (last != NULL &&
        (placed ? last->offset < RANGE_NOWHERE && last->offset + last->length == offset
                : last->offset == offset)) {
        last->length += told->length;
        return EX_OK;
    }
    EX_TRY(grow(&f->range, &f->range_capacity, f->range_count + 1, sizeof *f->range, err));
    f->range[f->range_count++] = (struct found_range){offset, told->length};
    t->range_count++;
    return EX_OK;
}

static void take_content(struct found *f, const struct sandbox_told *told, bool *ret_wanted) {
    struct found_trace *t = last_trace(f);
    size_t head = sizeof f->head - f->head_bytes;
    head = head < told->data_bytes ? head : told->data_bytes;
    memcpy(f->head + f->head_bytes, told->data, head);
    f->head_bytes += head;
    t->pushed_bytes += told->data_bytes;
    if (f->hashing)
        sha256_add(&f->hash, told->data, told->data_bytes);
    else
        *ret_wanted = f->head_bytes < sizeof f->head;
}

static ex_code take_unit(struct found *f, const struct sandbox_told *told, struct ex_error *err) {
    struct found_unit u = {.parent = told->parent, .late = told->late, .bytes = told->data_bytes};
    EX_TRY(grow(&f->unit, &f->unit_capacity, f->unit_count + 1, sizeof u, err));
    EX_TRY(keep_text(f, told->data, told->data_bytes, &u.at, err));
    f->unit[f->unit_count++] = u;
    return EX_OK;
}

ex_code found_told(void *context, const struct sandbox_told *t, bool *ret_wanted,
                   struct ex_error *err) {
    struct found *f = context;
    switch (t->type) {
    case SANDBOX_TRACE:
        return take_trace(f, t, err);
    case SANDBOX_PROBLEM:
        return take_problem(f, t, err);
    case SANDBOX_TIME:
        return take_time(f, t, err);
    case SANDBOX_TEXT:
        return take_text(f, t, err);
    case SANDBOX_EXTENT:
        return take_extent(f, t, err);
    case SANDBOX_CONTENT:
        take_content(f, t, ret_wanted);
        return EX_OK;
    case SANDBOX_UNIT:
        return take_unit(f, t, err);
    }
    return ex_fail(err, EX_INTERNAL, "a record of an unknown kind");
}
