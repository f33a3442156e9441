/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier examination found in the same bytes, by the same parsers, is taken from there
 * line by line, instead of looking into them again (format/traces §5). */
#include "examine/examine_internal.h"

#include "formats/trace_line.h"

/* Errors that say something of the bytes, and nothing of the day on which they were examined, nor
 * of what else was in the same file. */
static bool is_of_the_bytes(enum examine_reason r) {
    return r == EXAMINE_DAMAGED || r == EXAMINE_ENCRYPTED || r == EXAMINE_UNSUPPORTED;
}

struct taking {
    struct found *found;
    uint32_t above; /* 1 + the index of the content */
    uint32_t given; /* traces, errors not counted */
    bool unfit;     /* something is not as it should be: it is looked into again */
    char *texts;    /* of a line */
    size_t capacity;
};

static bool find_reason(const char *word, enum examine_reason *ret) {
    for (int r = 0; r < EXAMINE_REASONS; r++)
        if (strcmp(word, examine_reason_word((enum examine_reason)r)) == 0) {
            *ret = (enum examine_reason)r;
            return true;
        }
    return false;
}

static bool find_kind(const char *word, uint32_t *ret) {
    for (uint32_t kind = PARSER_VOLUME; kind <= PARSER_RECORD; kind++)
        if (strcmp(word, line_kind_word(kind)) == 0) {
            *ret = kind;
            return true;
        }
    return false;
}

/* False: it is nothing that a parser of contents tells. */
static bool fill(const struct trace_line *l, struct found_trace *t) {
    if (!find_kind(l->kind, &t->kind) || l->parser >= EXAMINERS ||
        !inside_is_of((enum examiner)l->parser) || l->has_content_key)
        return false;
    t->examiner = (enum examiner)l->parser;
    t->flags = l->state == NULL                   ? 0
               : strcmp(l->state, "deleted") == 0 ? (uint32_t)PARSER_DELETED
               : strcmp(l->state, "orphan") == 0  ? (uint32_t)PARSER_ORPHAN
                                                  : (uint32_t)PARSER_VIRTUAL;
    t->size_bytes = l->size;
    t->hashed = t->met = l->has_sha256;
    t->not_hashed = l->not_hashed;
    t->looked_into = l->has_inside;
    t->inside_known = l->has_inside;
    return t->kind != PARSER_PROBLEM ||
           (find_reason(l->reason, &t->reason) && is_of_the_bytes(t->reason));
}

/* Appends to the traces, or to the problems. */
static ex_code append(struct taking *k, struct found_trace *t, struct ex_error *err) {
    struct found *f = k->found;
    if (t->kind == PARSER_PROBLEM) {
        EX_TRY(ex_grow(&f->problem, &f->problem_capacity, f->problem_count + 1, sizeof *t,
                       FOUND_BYTES_MAX, "what a parser found", err));
        f->problem[f->problem_count++] = *t;
        return EX_OK;
    }
    EX_TRY(ex_grow(&f->trace, &f->trace_capacity, f->trace_count + 1, sizeof *t, FOUND_BYTES_MAX,
                   "what a parser found", err));
    f->trace[f->trace_count++] = *t;
    k->given++;
    return EX_OK;
}

static ex_code take_line(void *context, const struct examine_earlier *earlier,
                         struct ex_error *err) {
    struct taking *k = context;
    struct trace_line l;
    struct found_trace t = {0};
    EX_TRY(ex_grow(&k->texts, &k->capacity, earlier->line_bytes + 1, 1, FOUND_BYTES_MAX,
                   "what a parser found", err));
    if (k->unfit || !trace_line_read(earlier->line, earlier->line_bytes, k->texts, &l) ||
        !fill(&l, &t) || earlier->parent > k->given) {
        k->unfit = true;
        return EX_OK;
    }
    /* those that were given stand one behind the other */
    t.parent = earlier->parent == 0 ? k->above
                                    : (uint32_t)k->found->trace_count - k->given + earlier->parent;
    t.raw_bytes = earlier->line_bytes - l.rest_at;
    EX_TRY(found_keep_text(k->found, l.key, strlen(l.key), &t.key_at, err));
    EX_TRY(found_keep_text(k->found, earlier->line + l.rest_at, t.raw_bytes, &t.raw_at, err));
    return append(k, &t, err);
}

ex_code inside_take_earlier(struct engine *e, struct found *f, size_t index, bool *ret_taken,
                            struct ex_error *err) {
    const struct found_mark mark = found_mark(f);
    struct taking k = {.found = f, .above = (uint32_t)index + 1};
    bool found = false;
    *ret_taken = false;
    if (e->options->inside == NULL)
        return EX_OK;
    pthread_mutex_lock(&e->known_mutex);
    ex_code code = e->options->inside(e->options->context, e->head, f->trace[index].sha256,
                                      take_line, &k, &found, err);
    pthread_mutex_unlock(&e->known_mutex);
    free(k.texts);
    *ret_taken = code == EX_OK && found && !k.unfit;
    if (!*ret_taken) {
        found_return(f, &mark);
        return code;
    }
    f->trace[index].looked_into = f->trace[index].inside_known = true;
    return EX_OK;
}
