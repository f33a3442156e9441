/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the parts by asking for the next one until several in a row are not there. */
#include "parsers/split/split.h"

#include "base/mem.h"

#include <stdio.h>

enum { LOOK_BEHIND = 8 };

struct split {
    unsigned warnings;
    uint64_t size_bytes;
    size_t count, capacity;
    struct part {
        unsigned input;
        uint64_t from, size_bytes;
    } * part;
};

static void split_close(void *state) {
    struct split *s = state;
    if (s == NULL)
        return;
    free(s->part);
    free(s);
}
EX_DEFINE_AUTO(struct split, split_close);

static ex_code add_part(struct parser_run *run, struct split *s, unsigned input,
                        struct ex_error *err) {
    struct part p = {input, s->size_bytes, parser_input_size(run, input)};
    if (p.size_bytes > INT64_MAX - s->size_bytes)
        return ex_fail(err, EX_LIMIT, "the parts are larger than any disk");
    EX_TRY(ex_grow(&s->part, &s->capacity, s->count + 1, sizeof p, PARSER_INPUTS_MAX * sizeof p,
                   "parts", err));
    s->part[s->count++] = p;
    s->size_bytes += p.size_bytes;
    return EX_OK;
}

static ex_code ask_for(struct parser_run *run, size_t number, unsigned *ret, struct ex_error *err) {
    char name[32];
    (void)snprintf(name, sizeof name, "segment %zu", number);
    return parser_input_named(run, name, ret, err);
}

/* A part behind one that is missing would stand in the wrong place. */
static ex_code look_behind(struct parser_run *run, size_t missing, struct ex_error *err) {
    for (size_t i = missing + 1; i <= missing + LOOK_BEHIND; i++) {
        unsigned input = 0;
        if (ask_for(run, i, &input, NULL) != EX_MISSING)
            return ex_fail(err, EX_MISSING, "part %zu is missing, and part %zu is there", missing,
                           i);
    }
    return EX_OK;
}

static ex_code find_parts(struct parser_run *run, struct split *s, struct ex_error *err) {
    EX_TRY(add_part(run, s, 0, err));
    for (;;) {
        unsigned input = 0;
        struct ex_error why = {0};
        ex_code code = ask_for(run, s->count + 1, &input, &why);
        if (code == EX_MISSING)
            return look_behind(run, s->count + 1, err);
        if (code != EX_OK) /* it is there: an image without it would be another one */
            return ex_fail(err, code, "part %zu: %s", s->count + 1, why.text);
        EX_TRY(add_part(run, s, input, err));
    }
}

/* "3 x 1048576, 1 x 700": how many, of which size, in order. */
static ex_code tell_sizes(struct parser_run *run, const struct split *s, struct ex_error *err) {
    enum { ROOM = 40000 };
    EX_AUTO_FREE char *text = NULL;
    size_t used = 0;
    EX_TRY(ex_alloc(ROOM + 64, 1, ROOM + 64, "a text", &text, err));
    for (size_t i = 0, alike; i < s->count && used < ROOM; i += alike) {
        for (alike = 1; i + alike < s->count; alike++)
            if (s->part[i + alike].size_bytes != s->part[i].size_bytes)
                break;
        used += (size_t)snprintf(text + used, 64, "%s%zu x %llu", i > 0 ? ", " : "", alike,
                                 (unsigned long long)s->part[i].size_bytes);
    }
    return parser_fact(run, "part-bytes", text, used, err);
}

/* A program that splits makes parts of one size, and the last one shorter. */
static ex_code judge_sizes(struct parser_run *run, struct split *s, struct ex_error *err) {
    for (size_t i = 1; i < s->count; i++) {
        bool last = i + 1 == s->count;
        if (s->part[i].size_bytes == s->part[0].size_bytes ||
            (last && s->part[i].size_bytes < s->part[0].size_bytes))
            continue;
        EX_TRY(parser_warn(run, &s->warnings, err,
                           "part %zu has %llu bytes, and the first one %llu: one may have been "
                           "cut off, or a part between them may be missing",
                           i + 1, (unsigned long long)s->part[i].size_bytes,
                           (unsigned long long)s->part[0].size_bytes));
    }
    return EX_OK;
}

static ex_code split_open(struct parser_run *run, void **ret_state, uint64_t *ret_size_bytes,
                          struct ex_error *err) {
    EX_AUTO(split_close) struct split *s = ex_new0(struct split);
    EX_TRY(find_parts(run, s, err));
    EX_TRY(parser_fact_number(run, "parts", s->count, err));
    EX_TRY(tell_sizes(run, s, err));
    EX_TRY(parser_warn(run, &s->warnings, err,
                       "the parts do not say how many there are: %zu %s found", s->count,
                       s->count == 1 ? "was" : "were"));
    EX_TRY(judge_sizes(run, s, err));
    *ret_size_bytes = s->size_bytes;
    *ret_state = ex_steal(&s);
    return EX_OK;
}

/* The last part that begins at the offset or before it. */
static size_t part_at(const struct split *s, uint64_t offset) {
    size_t low = 0, high = s->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->part[middle].from <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static ex_code split_read(struct parser_run *run, void *state, uint64_t offset, uint8_t *to,
                          size_t size_bytes, struct ex_error *err) {
    const struct split *s = state;
    for (size_t n; size_bytes > 0; size_bytes -= n, to += n, offset += n) {
        const struct part *p = &s->part[part_at(s, offset)];
        uint64_t within = offset - p->from, left = p->size_bytes - within;
        n = left < size_bytes ? (size_t)left : size_bytes;
        EX_TRY(parser_read(run, p->input, within, to, n, err));
    }
    return EX_OK;
}

const struct parser split_parser = {
    .name = "split", .version = 2, .open = split_open, .read = split_read, .close = split_close};
