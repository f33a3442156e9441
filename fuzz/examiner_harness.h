/* SPDX-License-Identifier: Apache-2.0 */
/* An examiner without its worker: what parsers/api.h promises, over bytes in memory, and an end of
 * the program for whatever breaks its rules. All traces are kept, in one tree over all units. */
#ifndef EXHIBIT_FUZZ_EXAMINER_HARNESS_H
#define EXHIBIT_FUZZ_EXAMINER_HARNESS_H

#include "base/mem.h"
#include "parsers/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct told_extent {
    uint64_t offset, length;
};

struct told { /* a trace; number 0 is the input */
    enum parser_kind kind;
    uint32_t flags, parent; /* parent: of all */
    char *key, *name;
    size_t name_bytes, extents, extents_room, content_bytes;
    uint64_t size_bytes, record, placed_bytes;
    struct told_extent *extent;
    uint8_t *content;
    char *texts; /* lines of "name=value", and of times */
    size_t texts_bytes;
};

struct harness_unit {
    uint32_t parent;
    bool late;
    size_t size_bytes;
    char bytes[PARSER_UNIT_BYTES_MAX];
};

struct parser_run {
    const uint8_t *input;
    size_t size;
    const uint8_t *named; /* input 1, whatever its name; NULL: there is none */
    size_t named_bytes;
    uint64_t unread_at, unread_bytes; /* a place that cannot be read */
    bool keep;                        /* texts and contents, for a listing */
    bool impatient;                   /* wants only the beginning of each content */
    size_t traces_max, units_max, content_max;
    uint8_t *view;
    uint64_t views;
    struct told *trace;
    size_t traces, traces_room, first; /* first: of this command */
    uint32_t under;                    /* what parent 0 of this command is */
    struct harness_unit *unit;
    size_t units, units_room;
};

#define harness_breach(what) harness_breach_at((what), __LINE__)
static void harness_breach_at(const char *what, int line) {
    fprintf(stderr, "examiner_harness.h:%d: %s\n", line, what);
    abort(); /* a bug of the parser, whatever its input */
}

static void *harness_room(void *array, size_t *room, size_t need, size_t bytes) {
    if (need <= *room)
        return array;
    *room = need + need / 2 + 16;
    array = realloc(array, *room * bytes);
    if (array == NULL)
        abort();
    return array;
}

static bool harness_printable(const char *text, size_t max) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return n > 0 && n <= max;
}

/* ---- inputs ---- */

uint64_t parser_input_size(const struct parser_run *run, unsigned input) {
    return input == 0 ? run->size : input == 1 && run->named != NULL ? run->named_bytes : 0;
}

ex_code parser_input_named(struct parser_run *run, const char *name, unsigned *ret,
                           struct ex_error *err) {
    if (run->named == NULL)
        return ex_fail(err, EX_MISSING, "no %s", name);
    *ret = 1;
    return EX_OK;
}

ex_code parser_view(struct parser_run *run, unsigned input, uint64_t offset, size_t size_bytes,
                    const uint8_t **ret, struct ex_error *err) {
    const uint8_t *from = input == 0 ? run->input : run->named;
    uint64_t size = parser_input_size(run, input);
    if (from == NULL || input > 1 || size_bytes > PARSER_READ_BYTES_MAX)
        harness_breach("a view");
    if (offset > size || size_bytes > size - offset)
        return ex_fail(err, EX_FORMAT, "it ends before");
    if (offset < run->unread_at + run->unread_bytes && run->unread_at < offset + size_bytes)
        return ex_fail(err, EX_IO, "it cannot be read there");
    run->views++;
    free(run->view);
    run->view = malloc(size_bytes);
    if (size_bytes > 0)
        memcpy(run->view, from + offset, size_bytes);
    *ret = run->view;
    return EX_OK;
}

ex_code parser_fact(struct parser_run *run, const char *name, const void *value, size_t size_bytes,
                    struct ex_error *err) {
    harness_breach("a fact of an examiner");
    return EX_OK;
}

/* ---- traces ---- */

static struct told *harness_last(struct parser_run *run) {
    if (run->traces <= run->first)
        harness_breach("nothing was told that this could be about");
    struct told *t = &run->trace[run->traces - 1];
    if (t->kind == PARSER_PROBLEM)
        harness_breach("about a problem");
    return t;
}

static struct told *harness_add(struct parser_run *run, uint32_t parent, const char *key) {
    if (parent > run->traces - run->first)
        harness_breach("a parent that was not told");
    if (key == NULL || !harness_printable(key, PARSER_NAME_BYTES_MAX))
        harness_breach("a key");
    run->trace = harness_room(run->trace, &run->traces_room, run->traces + 1, sizeof *run->trace);
    struct told *t = &run->trace[run->traces++];
    *t = (struct told){.key = ex_strdup(key)};
    t->parent = parent == 0 ? run->under : (uint32_t)(run->first + parent);
    return t;
}

static void harness_line(struct parser_run *run, struct told *t, const char *name,
                         const void *value, size_t size) {
    if (!run->keep)
        return;
    size_t n = strlen(name);
    t->texts = realloc(t->texts, t->texts_bytes + n + size + 3);
    if (t->texts == NULL)
        abort();
    char *at = t->texts + t->texts_bytes;
    memcpy(at, name, n);
    at[n] = '=';
    if (size > 0)
        memcpy(at + n + 1, value, size);
    memcpy(at + n + 1 + size, "\n", 2);
    t->texts_bytes += n + size + 2;
}

ex_code parser_trace(struct parser_run *run, const struct parser_trace *t, uint32_t *ret_number,
                     struct ex_error *err) {
    if (t->kind < PARSER_VOLUME || t->kind == PARSER_PROBLEM || t->kind > PARSER_RECORD)
        harness_breach("a kind");
    if (t->flags >= 2 * PARSER_IN_PART || (t->name == NULL && t->name_bytes > 0) ||
        t->name_bytes > PARSER_VALUE_BYTES_MAX || t->size_bytes > INT64_MAX)
        harness_breach("flags or a name");
    if ((t->flags & PARSER_SIZED) == 0 && t->size_bytes > 0)
        harness_breach("a size of no content");
    if ((t->flags & PARSER_SIZED) != 0 && (t->flags & PARSER_UNSIZED) != 0)
        harness_breach("a size that is known and is not");
    if (run->traces >= run->traces_max)
        return ex_fail(err, EX_LIMIT, "too many traces");
    struct told *own = harness_add(run, t->parent, t->key);
    own->kind = t->kind;
    own->flags = t->flags;
    own->size_bytes = t->size_bytes;
    own->record = t->record;
    own->name = malloc(t->name_bytes + 1);
    if (own->name == NULL)
        abort();
    if (t->name_bytes > 0)
        memcpy(own->name, t->name, t->name_bytes);
    own->name[t->name_bytes] = '\0';
    own->name_bytes = t->name_bytes;
    *ret_number = (uint32_t)(run->traces - run->first);
    return EX_OK;
}

ex_code parser_trace_problem(struct parser_run *run, uint32_t parent, const char *key,
                             const struct ex_error *why, struct ex_error *err) {
    if (why->code == EX_OK || why->code >= EX_CODE_COUNT ||
        !harness_printable(why->text, sizeof why->text))
        harness_breach("a problem");
    if (run->traces >= run->traces_max)
        return ex_fail(err, EX_LIMIT, "too many traces");
    struct told *t = harness_add(run, parent, key);
    t->kind = PARSER_PROBLEM;
    harness_line(run, t, ex_code_name(why->code), why->text, strlen(why->text));
    return EX_OK;
}

ex_code parser_trace_time(struct parser_run *run, enum parser_time what, int64_t seconds,
                          uint32_t nanoseconds, uint64_t resolution_ns, bool local,
                          const char *source, struct ex_error *err) {
    struct told *t = harness_last(run);
    char text[160];
    if (what < PARSER_MODIFIED || what > PARSER_TAKEN || nanoseconds >= 1000000000 ||
        resolution_ns == 0 || !harness_printable(source, PARSER_NAME_BYTES_MAX))
        harness_breach("a time");
    int n =
        snprintf(text, sizeof text, "%d %lld.%09u %llu %s %s", (int)what, (long long)seconds,
                 nanoseconds, (unsigned long long)resolution_ns, local ? "local" : "utc", source);
    harness_line(run, t, "time", text, (size_t)n);
    return EX_OK;
}

ex_code parser_trace_text(struct parser_run *run, const char *name, const void *value,
                          size_t size_bytes, struct ex_error *err) {
    struct told *t = harness_last(run);
    if (!harness_printable(name, PARSER_NAME_BYTES_MAX) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(name) ||
        size_bytes > PARSER_VALUE_BYTES_MAX)
        harness_breach("a text");
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)value)[i]);
    harness_line(run, t, name, value, size_bytes);
    return EX_OK;
}

ex_code parser_trace_number(struct parser_run *run, const char *name, uint64_t value,
                            struct ex_error *err) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return parser_trace_text(run, name, text, (size_t)length, err);
}

ex_code parser_trace_extent(struct parser_run *run, uint64_t offset, uint64_t length,
                            struct ex_error *err) {
    struct told *t = harness_last(run);
    bool placed = offset != PARSER_HOLE && offset != PARSER_NOWHERE;
    if ((t->flags & PARSER_SIZED) == 0 || t->content_bytes > 0 || length == 0 ||
        length > t->size_bytes - t->placed_bytes)
        harness_breach("an extent of more than there is");
    if (placed && (offset > run->size || length > run->size - offset))
        harness_breach("an extent outside of the input");
    t->placed_bytes += length;
    t->extent = harness_room(t->extent, &t->extents_room, t->extents + 1, sizeof *t->extent);
    t->extent[t->extents++] = (struct told_extent){offset, length};
    return EX_OK;
}

ex_code parser_trace_content(struct parser_run *run, const void *data, size_t size_bytes,
                             bool *ret_wanted, struct ex_error *err) {
    struct told *t = harness_last(run);
    uint64_t size = (t->flags & PARSER_UNSIZED) != 0 ? INT64_MAX : t->size_bytes;
    if ((t->flags & (PARSER_SIZED | PARSER_UNSIZED)) == 0 || t->extents > 0 || size_bytes == 0 ||
        size_bytes > size - t->content_bytes)
        harness_breach("more content than there is");
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
    if (run->keep) {
        t->content = realloc(t->content, t->content_bytes + size_bytes);
        if (t->content == NULL)
            abort();
        memcpy(t->content + t->content_bytes, data, size_bytes);
    }
    t->content_bytes += size_bytes;
    *ret_wanted = !run->impatient && t->content_bytes < run->content_max;
    return EX_OK;
}

/* ---- units ---- */

ex_code parser_unit(struct parser_run *run, uint32_t parent, const void *unit, size_t size_bytes,
                    bool late, struct ex_error *err) {
    if (size_bytes == 0 || size_bytes > PARSER_UNIT_BYTES_MAX || parent > run->traces - run->first)
        harness_breach("a unit");
    for (size_t i = 0; i < run->units; i++)
        if (run->unit[i].size_bytes == size_bytes &&
            memcmp(run->unit[i].bytes, unit, size_bytes) == 0)
            return EX_OK;
    if (run->units >= run->units_max)
        return EX_OK;
    run->unit = harness_room(run->unit, &run->units_room, run->units + 1, sizeof *run->unit);
    struct harness_unit *u = &run->unit[run->units++];
    *u = (struct harness_unit){.late = late, .size_bytes = size_bytes};
    u->parent = parent == 0 ? run->under : (uint32_t)(run->first + parent);
    memcpy(u->bytes, unit, size_bytes);
    return EX_OK;
}

/* ---- a run ---- */

/* What breaks the rules for siblings shows only when all is told. */
static int harness_order(const void *a, const void *b) {
    const struct told *const *x = a, *const *y = b;
    if ((*x)->parent != (*y)->parent)
        return (*x)->parent < (*y)->parent ? -1 : 1;
    return strcmp((*x)->key, (*y)->key);
}

static void harness_check_keys(const struct parser_run *run) {
    const struct told **sorted = calloc(run->traces + 1, sizeof(const struct told *));
    if (sorted == NULL)
        abort();
    for (size_t i = 0; i < run->traces; i++)
        sorted[i] = &run->trace[i];
    qsort(sorted, run->traces, sizeof(const struct told *), harness_order);
    for (size_t i = 1; i < run->traces; i++)
        if (harness_order(&sorted[i - 1], &sorted[i]) == 0)
            harness_breach(sorted[i]->key);
    free(sorted);
}

static void harness_units(const struct parser *parser, struct parser_run *run, bool late) {
    for (size_t i = 0; i < run->units; i++) {
        struct harness_unit u = run->unit[i]; /* the array may move */
        void *state = NULL;
        struct ex_error why = {0};
        if (u.late != late)
            continue;
        run->first = run->traces;
        run->under = u.parent;
        ex_code code = parser->prepare(run, "", &state, &why);
        if (run->traces > run->first)
            harness_breach("prepare() told something");
        if (code == EX_OK) /* each in a state of its own: it must not matter what was before */
            code = parser->work(run, state, u.bytes, u.size_bytes, &why);
        if (code == EX_INTERNAL)
            harness_breach(why.text);
        parser->close(state);
    }
}

/* What examine() returned. `run` has all traces. */
__attribute__((unused)) static ex_code
harness_examine(const struct parser *parser, struct parser_run *run, struct ex_error *err) {
    void *state = NULL;
    ex_code code = parser->examine(run, "", &state, err);
    if (code != EX_OK && state != NULL)
        harness_breach("a state of a failure");
    parser->close(state);
    if (code == EX_OK && parser->work != NULL) {
        harness_units(parser, run, false);
        harness_units(parser, run, true);
    }
    harness_check_keys(run);
    return code;
}

static void harness_clear(struct parser_run *run) {
    for (size_t i = 0; i < run->traces; i++) {
        free(run->trace[i].key);
        free(run->trace[i].name);
        free(run->trace[i].extent);
        free(run->trace[i].content);
        free(run->trace[i].texts);
    }
    free(run->trace);
    free(run->unit);
    free(run->view);
}

#endif
