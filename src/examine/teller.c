/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker tells in one command, taken into what was found. */
#include "examine/examine_internal.h"

#include <stdio.h>

void teller_start(struct teller *t, struct engine *e, struct found *f, enum examiner examiner,
                  const struct view *view) {
    *t = (struct teller){.engine = e, .found = f, .examiner = examiner, .view = view};
    sha256_start(&t->hash);
}

void teller_clear(struct teller *t) {
    free(t->told);
    free(t->left);
    free(t->scratch.text);
    free(t->times.text);
    free(t->attributes.text);
    free(t->kept);
    *t = (struct teller){0};
}

static ex_code grow(void *array, size_t *capacity, size_t need, size_t size_bytes,
                    struct ex_error *err) {
    return ex_grow(array, capacity, need, size_bytes, FOUND_BYTES_MAX, "what a parser found", err);
}

/* The trace that was told last; there is one. */
static struct found_trace *last_trace(const struct teller *t) {
    return &t->found->trace[t->told[t->told_count - 1] - 1];
}

/* 0: the step's own. */
static uint32_t parent_of(const struct teller *t, uint32_t told) {
    return told == 0 ? t->above : t->told[told - 1];
}

static bool hashes(const struct teller *t) {
    return t->engine->options->profile != EXAMINE_TRIAGE;
}

/* ---- the end of a trace ---- */

static void judge_pushed(struct teller *t, struct found_trace *f) {
    struct kind kind;
    bool unsized = (f->flags & PARSER_UNSIZED) != 0;
    kind_of_bytes(t->head, t->head_bytes, &kind);
    if (kind.word != NULL)
        (void)snprintf(f->type, sizeof f->type, "%s", kind.word);
    if (!hashes(t)) {
        f->not_hashed = "profile";
    } else if (t->broken) {
        f->not_hashed = "damaged";
    } else if (unsized ? t->cut : f->pushed_bytes < f->size_bytes) {
        f->not_hashed = "parser";
    } else {
        sha256_end(&t->hash, f->sha256);
        f->hashed = true;
    }
    if (unsized && (f->hashed || f->not_hashed != NULL))
        f->size_bytes = f->pushed_bytes;
}

/* Of what is inside a file: nobody comes to it again. */
static void judge_unpushed(struct teller *t, struct found_trace *f) {
    bool has_content = (f->flags & (PARSER_SIZED | PARSER_UNSIZED)) != 0;
    bool encrypted = (f->flags & PARSER_ENCRYPTED) != 0;
    if (has_content && !encrypted && hashes(t) && (t->broken || t->cut))
        f->not_hashed = t->broken ? "damaged" : "parser";
    content_judge_empty(t->engine, f);
}

/* What was pushed and looks as if it held files. */
static ex_code look_inside(struct teller *t, size_t index, struct ex_error *err) {
    struct found_trace *f = &t->found->trace[index];
    struct inside_budget own;
    if (t->keeping == KEEP_NOT || !f->hashed || !inside_has_examiner(f->type))
        return EX_OK;
    if (t->keeping == KEEP_TOO_LARGE)
        return found_problem(t->found, EXAMINER_ARCHIVE, (uint32_t)index + 1, "inside",
                             EXAMINE_TOO_LARGE,
                             "it is inside another file, and too large to be looked into", err);
    const struct inside_input input = {.bytes = t->kept, .size_bytes = t->kept_bytes};
    own = inside_budget_of(f->size_bytes);
    return inside_examine(t->engine, t->found, index, &input, t->depth,
                          t->budget != NULL ? t->budget : &own, err);
}

static ex_code end_trace(struct teller *t, struct ex_error *err) {
    if (!t->open)
        return EX_OK;
    struct found_trace *f = last_trace(t);
    size_t index = (size_t)(f - t->found->trace);
    t->open = false;
    if (f->dropped)
        return EX_OK;
    if (f->pushed)
        judge_pushed(t, f);
    else if (t->view == NULL)
        judge_unpushed(t, f);
    f->times_bytes = t->times.bytes;
    f->attributes_bytes = t->attributes.bytes;
    if (t->times.bytes > 0)
        EX_TRY(found_keep_text(t->found, t->times.text, t->times.bytes, &f->times_at, err));
    if (t->attributes.bytes > 0)
        EX_TRY(found_keep_text(t->found, t->attributes.text, t->attributes.bytes, &f->attributes_at,
                               err));
    return f->pushed ? look_inside(t, index, err) : EX_OK;
}

ex_code teller_end(struct teller *t, struct ex_error *err) {
    return end_trace(t, err);
}

/* ---- what is told ---- */

/* Of a record that has a trace, by its name, nothing is new. The writer decides in the end; this
 * only spares hashing it again. */
static bool is_told_already(const struct teller *t, const struct found_trace *one) {
    struct engine *e = t->engine;
    if (one->parent > 0 && t->found->trace[one->parent - 1].dropped)
        return true;
    if ((one->flags & PARSER_ORPHAN) == 0 || one->record == 0)
        return false;
    pthread_mutex_lock(&e->mutex);
    bool told = job_has_record(e->first_job, one->record);
    pthread_mutex_unlock(&e->mutex);
    return told;
}

/* Words that the parser made of a content: whatever they look like, there is nothing in them. */
static bool is_made(uint32_t kind) {
    return kind == PARSER_DOCUMENT || kind == PARSER_MESSAGE || kind == PARSER_RECORD;
}

static ex_code take_trace(struct teller *t, const struct sandbox_told *told, struct ex_error *err) {
    struct found *f = t->found;
    EX_TRY(end_trace(t, err));
    if (t->budget != NULL && t->budget->members-- == 0) {
        t->budget->members = 0;
        return ex_fail(err, EX_LIMIT, "more than %d files come out of it", INSIDE_MEMBERS_MAX);
    }
    EX_TRY(grow(&f->trace, &f->trace_capacity, f->trace_count + 1, sizeof *f->trace, err));
    EX_TRY(grow(&t->told, &t->told_capacity, t->told_count + 1, sizeof *t->told, err));
    struct found_trace *one = &f->trace[f->trace_count];
    *one = (struct found_trace){.parent = parent_of(t, told->parent),
                                .examiner = t->examiner,
                                .kind = told->kind,
                                .flags = told->flags,
                                .size_bytes = told->size_bytes,
                                .record = told->record,
                                .name_bytes = told->data_bytes,
                                .range_at = f->range_count};
    one->dropped = is_told_already(t, one);
    EX_TRY(found_keep_text(f, told->key, strlen(told->key), &one->key_at, err));
    EX_TRY(found_keep_text(f, told->data, told->data_bytes, &one->name_at, err));
    t->told[t->told_count++] = (uint32_t)++f->trace_count;
    t->open = true;
    t->broken = false;
    t->times.bytes = t->attributes.bytes = t->attribute_count = 0;
    sha256_start(&t->hash);
    t->head_bytes = t->kept_bytes = 0;
    t->keeping = inside_is_wanted(t->engine) && !one->dropped && !is_made(one->kind) ? KEEP_PERHAPS
                                                                                     : KEEP_NOT;
    return EX_OK;
}

static ex_code take_problem(struct teller *t, const struct sandbox_told *told,
                            struct ex_error *err) {
    t->broken = t->broken || (told->parent > 0 && told->parent == t->told_count);
    return found_problem(t->found, t->examiner, parent_of(t, told->parent), told->key,
                         job_failure_reason(told->code, SANDBOX_NOT_LOST), (const char *)told->data,
                         err);
}

/* An element of a JSON list or object that grows in a buffer of its own. */
static ex_code add_fragment(struct line *to, const struct line *from, bool *ret_cut,
                            struct ex_error *err) {
    if (to->bytes + from->bytes + 1 > TEXTS_BYTES_MAX / 2) {
        *ret_cut = true;
        return EX_OK;
    }
    if (to->bytes > 0)
        EX_TRY(line_add(to, ",", 1, err));
    return line_add(to, from->text, from->bytes, err);
}

static ex_code take_time(struct teller *t, const struct sandbox_told *told, struct ex_error *err) {
    t->scratch.bytes = 0;
    EX_TRY(line_time(&t->scratch, told, err));
    return add_fragment(&t->times, &t->scratch, &last_trace(t)->cut, err);
}

/* A key with its quotes and colon stands nowhere else: the quotes of a text are escaped, and a
 * comma is in no key. */
static bool has_attribute(const struct line *l, const char *key) {
    char ahead[PARSER_NAME_BYTES_MAX + 16];
    size_t size = (size_t)snprintf(ahead, sizeof ahead, ",\"%s\":", key);
    return l->bytes >= size && (memcmp(l->text, ahead + 1, size - 1) == 0 ||
                                memmem(l->text, l->bytes, ahead, size) != NULL);
}

static ex_code take_text(struct teller *t, const struct sandbox_told *told, struct ex_error *err) {
    struct line *l = &t->scratch;
    bool replaced;
    if (t->attribute_count + 2 > ATTRIBUTES_MAX || has_attribute(&t->attributes, told->key)) {
        last_trace(t)->cut = true;
        return EX_OK;
    }
    t->attribute_count += 2;
    l->bytes = 0;
    EX_TRY(line_format(l, err, "\"%s\":", told->key));
    EX_TRY(line_string(l, told->data, told->data_bytes, &replaced, err));
    if (replaced) {
        EX_TRY(line_format(l, err, ",\"%s_base64\":", told->key));
        EX_TRY(line_base64(l, told->data, told->data_bytes, err));
    }
    return add_fragment(&t->attributes, l, &last_trace(t)->cut, err);
}

/* In the object; joined with the one before where they touch. */
static ex_code add_range(struct teller *t, uint64_t offset, uint64_t length, struct ex_error *err) {
    struct found *f = t->found;
    struct found_trace *one = last_trace(t);
    struct found_range *last = one->range_count > 0 ? &f->range[f->range_count - 1] : NULL;
    bool placed = offset < RANGE_NOWHERE;
    if (last != NULL &&
        (placed ? last->offset < RANGE_NOWHERE && last->offset + last->length == offset
                : last->offset == offset)) {
        last->length += length;
        return EX_OK;
    }
    EX_TRY(grow(&f->range, &f->range_capacity, f->range_count + 1, sizeof *f->range, err));
    f->range[f->range_count++] = (struct found_range){offset, length};
    one->range_count++;
    return EX_OK;
}

static ex_code take_extent(struct teller *t, const struct sandbox_told *told,
                           struct ex_error *err) {
    uint64_t at = told->offset, left = told->length;
    if (told->offset == PARSER_HOLE)
        return add_range(t, RANGE_HOLE, told->length, err);
    if (told->offset == PARSER_NOWHERE || t->view == NULL)
        return add_range(t, RANGE_NOWHERE, told->length, err);
    for (struct found_range piece; left > 0; left -= piece.length, at += piece.length) {
        piece = view_piece(t->view, at, left);
        last_trace(t)->elsewhere |= piece.offset == RANGE_NOWHERE;
        EX_TRY(add_range(t, piece.offset, piece.length, err));
    }
    return EX_OK;
}

/* Whether it may hold files shows in its first bytes; until then, and then all of it, is kept. */
static ex_code keep(struct teller *t, const struct sandbox_told *told, struct ex_error *err) {
    struct kind kind;
    if (t->keeping == KEEP_PERHAPS && t->head_bytes == sizeof t->head) {
        kind_of_bytes(t->head, t->head_bytes, &kind);
        t->keeping = kind.word != NULL && inside_has_examiner(kind.word) ? KEEP_ALL : KEEP_NOT;
    }
    if (t->keeping != KEEP_PERHAPS && t->keeping != KEEP_ALL)
        return EX_OK;
    if (t->kept_bytes + told->data_bytes > KEPT_BYTES_MAX) {
        t->keeping = KEEP_TOO_LARGE;
        return EX_OK;
    }
    EX_TRY(grow(&t->kept, &t->kept_capacity, t->kept_bytes + told->data_bytes, 1, err));
    memcpy(t->kept + t->kept_bytes, told->data, told->data_bytes);
    t->kept_bytes += told->data_bytes;
    return EX_OK;
}

static ex_code take_content(struct teller *t, const struct sandbox_told *told, bool *ret_wanted,
                            struct ex_error *err) {
    struct found_trace *one = last_trace(t);
    if (one->dropped) {
        *ret_wanted = false;
        return EX_OK;
    }
    size_t head = sizeof t->head - t->head_bytes;
    head = head < told->data_bytes ? head : told->data_bytes;
    memcpy(t->head + t->head_bytes, told->data, head);
    t->head_bytes += head;
    one->pushed = true;
    one->pushed_bytes += told->data_bytes;
    if (t->budget != NULL && told->data_bytes > t->budget->bytes) {
        t->budget->bytes = 0;
        return ex_fail(err, EX_LIMIT, "too many bytes come out of it");
    }
    if (t->budget != NULL)
        t->budget->bytes -= told->data_bytes;
    if (hashes(t))
        sha256_add(&t->hash, told->data, told->data_bytes);
    else
        *ret_wanted = t->head_bytes < sizeof t->head;
    return keep(t, told, err);
}

static ex_code take_unit(struct teller *t, const struct sandbox_told *told, struct ex_error *err) {
    struct found *f = t->found;
    struct found_unit u = {
        .parent = parent_of(t, told->parent), .late = told->late, .bytes = told->data_bytes};
    EX_TRY(found_keep_text(f, told->data, told->data_bytes, &u.at, err));
    if (t->view == NULL) {
        EX_TRY(grow(&t->left, &t->left_capacity, t->left_count + 1, sizeof u, err));
        t->left[t->left_count++] = u;
        return EX_OK;
    }
    EX_TRY(grow(&f->unit, &f->unit_capacity, f->unit_count + 1, sizeof u, err));
    f->unit[f->unit_count++] = u;
    return EX_OK;
}

ex_code teller_told(void *context, const struct sandbox_told *told, bool *ret_wanted,
                    struct ex_error *err) {
    struct teller *t = context;
    switch (told->type) {
    case SANDBOX_TRACE:
        return take_trace(t, told, err);
    case SANDBOX_PROBLEM:
        return take_problem(t, told, err);
    case SANDBOX_TIME:
        return take_time(t, told, err);
    case SANDBOX_TEXT:
        return take_text(t, told, err);
    case SANDBOX_EXTENT:
        return take_extent(t, told, err);
    case SANDBOX_CONTENT:
        return take_content(t, told, ret_wanted, err);
    case SANDBOX_UNIT:
        return take_unit(t, told, err);
    }
    return ex_fail(err, EX_INTERNAL, "a record of an unknown kind");
}
