/* SPDX-License-Identifier: Apache-2.0 */
/* A content that a parser makes of another one, made once more to be given out: a member of an
 * archive, the text of a document. */
#include "examine/examine_internal.h"

#include "base/cursor.h"

enum { AGAIN_MS = INSIDE_TIMES * STEP_MS }; /* as long as an examination gives it */

struct again_unit {
    size_t met; /* of the way, when it was told */
    bool late;
    size_t bytes;
    uint8_t unit[PARSER_UNIT_BYTES_MAX];
};

struct again {
    const struct examine_way *way; /* from here … */
    size_t count;                  /* … so many are told by one worker */
    bool last;                     /* the content of the last of them is what is wanted */
    examine_write_fn *write;
    void *context;
    struct ex_progress *progress;
    /* the worker's */
    size_t met;       /* of the way */
    uint32_t number;  /* of the one that was met last; 0: none */
    unsigned doubles; /* traces under that one with the next one's key */
    bool open, done;  /* its content is being told; was */
    struct sandbox *sandbox;
    size_t unit_count, unit_capacity, next_unit, next_late; /* next: that may be to be done */
    struct again_unit *unit; /* left under the one that was met last */
    struct seen_unit *seen;
    uint8_t *kept; /* unless it is the last */
    size_t kept_bytes, kept_capacity;
};

/* The key without the ~2, ~3… that an examination puts behind one that is told again; *ret_count:
 * which one it is. */
static size_t plain_key(const char *key, unsigned *ret_count) {
    const char *sign = strrchr(key, '~');
    uint64_t count;
    *ret_count = 1;
    if (sign == NULL || sign == key || !ex_parse_decimal(sign + 1, strlen(sign + 1), &count) ||
        count < 2 || count > UINT32_MAX)
        return strlen(key);
    *ret_count = (unsigned)count;
    return (size_t)(sign - key);
}

static bool is_next(struct again *a, const struct sandbox_told *t) {
    const char *key = a->way[a->met].key;
    unsigned wanted;
    size_t size = plain_key(key, &wanted);
    if (t->parent != a->number)
        return false;
    if (strcmp(t->key, key) == 0) /* a parser may have such words of its own */
        return true;
    return wanted > 1 && strlen(t->key) == size && memcmp(t->key, key, size) == 0 &&
           ++a->doubles == wanted;
}

static ex_code take_trace(struct again *a, const struct sandbox_told *t, struct ex_error *err) {
    if (a->open) {
        a->done = true;
        return ex_fail(err, EX_EXISTS, "it was told");
    }
    if (a->met == a->count || !is_next(a, t))
        return EX_OK;
    a->number = t->number;
    a->doubles = 0;
    a->open = ++a->met == a->count;
    return EX_OK;
}

static ex_code keep(struct again *a, const struct sandbox_told *t, struct ex_error *err) {
    if (a->kept_bytes + t->data_bytes > KEPT_BYTES_MAX)
        return ex_fail(err, EX_UNSUPPORTED,
                       "it is inside of a content of more than %d bytes, which is in another one",
                       KEPT_BYTES_MAX);
    EX_TRY(ex_grow(&a->kept, &a->kept_capacity, a->kept_bytes + t->data_bytes, 1, KEPT_BYTES_MAX,
                   "a content", err));
    memcpy(a->kept + a->kept_bytes, t->data, t->data_bytes);
    a->kept_bytes += t->data_bytes;
    return EX_OK;
}

/* Only what is left under the one that was met last can lead to the next one. */
static ex_code take_unit(struct again *a, const struct sandbox_told *t, struct ex_error *err) {
    bool fresh;
    if (a->open || t->parent != a->number)
        return EX_OK;
    EX_TRY(units_see(&a->seen, t->data, t->data_bytes, &fresh, err));
    if (!fresh)
        return EX_OK;
    EX_TRY(ex_grow(&a->unit, &a->unit_capacity, a->unit_count + 1, sizeof *a->unit, FOUND_BYTES_MAX,
                   "what is to be examined", err));
    struct again_unit *u = &a->unit[a->unit_count++];
    *u = (struct again_unit){.met = a->met, .late = t->late, .bytes = t->data_bytes};
    memcpy(u->unit, t->data, t->data_bytes);
    return EX_OK;
}

static ex_code told(void *context, const struct sandbox_told *t, bool *ret_wanted,
                    struct ex_error *err) {
    struct again *a = context;
    EX_TRY(ex_progress_step(a->progress, 0, err));
    if (t->type == SANDBOX_TRACE)
        return take_trace(a, t, err);
    if (t->type == SANDBOX_UNIT)
        return take_unit(a, t, err);
    if (t->type != SANDBOX_CONTENT)
        return EX_OK;
    *ret_wanted = a->open;
    if (!a->open)
        return EX_OK;
    return a->last ? a->write(a->context, t->data, t->data_bytes, err) : keep(a, t, err);
}

static enum examiner examiner_of(const char *parser) {
    size_t i = 0;
    while (i < EXAMINERS && strcmp(EXAMINER[i].name, parser) != 0)
        i++;
    return (enum examiner)i;
}

static ex_code start(struct again *a, enum examiner examiner, const struct sandbox_inputs *inputs,
                     sandbox_told_fn *fn, struct ex_error *err) {
    char program[4096];
    const struct sandbox_limits limits = {.answer_ms = AGAIN_MS};
    EX_TRY(sandbox_program(EXAMINER[examiner].worker, program, sizeof program, err));
    EX_TRY(sandbox_start(program, &limits, &a->sandbox, err));
    return sandbox_examine(a->sandbox, EXAMINER[examiner].name, "", inputs, fn, a, err);
}

static void drop_lost(struct again *a) {
    if (a->sandbox == NULL || !sandbox_lost(a->sandbox))
        return;
    sandbox_free(a->sandbox);
    a->sandbox = NULL;
}

/* One that is lost was lost when the item was examined, too, and is not what is wanted unless it
 * had begun. */
static ex_code do_unit(struct again *a, enum examiner examiner, const struct sandbox_inputs *inputs,
                       size_t index, struct ex_error *err) {
    const struct again_unit u = a->unit[index]; /* they move */
    struct ex_error why = {0};
    a->number = 0;
    if (a->sandbox == NULL)
        EX_TRY(start(a, examiner, inputs, NULL, err));
    ex_code code = sandbox_work(a->sandbox, u.unit, u.bytes, told, a, &why);
    if (code == EX_OK || a->done)
        return EX_OK;
    if (a->open || sandbox_loss(a->sandbox) == SANDBOX_GIVEN_UP) {
        if (err != NULL)
            *err = why;
        return code;
    }
    drop_lost(a);
    return EX_OK;
}

/* The next one of a kind from *at on; `unit_count`: none. What was left before something more was
 * met leads to nothing that is wanted. */
static size_t find_unit(const struct again *a, bool late, size_t *at) {
    while (*at < a->unit_count && (a->unit[*at].late != late || a->unit[*at].met != a->met))
        (*at)++;
    return *at;
}

/* One that is late waits for all that are not. */
static bool next_unit(struct again *a, size_t *ret) {
    size_t *at = find_unit(a, false, &a->next_unit) < a->unit_count ? &a->next_unit : &a->next_late;
    if (at == &a->next_late && find_unit(a, true, at) == a->unit_count)
        return false;
    *ret = (*at)++;
    return true;
}

static ex_code run_worker(struct again *a, enum examiner examiner, const struct inside_input *input,
                          struct ex_error *err) {
    const struct sandbox_inputs inputs = inside_inputs(input);
    a->unit_count = a->next_unit = a->next_late = 0;
    ex_code code = start(a, examiner, &inputs, told, err);
    if (a->done)
        code = EX_OK;
    for (size_t i; code == EX_OK && !a->open && next_unit(a, &i);)
        code = do_unit(a, examiner, &inputs, i, err);
    units_free(&a->seen);
    sandbox_free(a->sandbox);
    a->sandbox = NULL;
    return code;
}

/* By one worker: *a has what it is to look for. */
static ex_code look(struct again *a, const struct inside_input *input, struct ex_error *err) {
    enum examiner examiner = examiner_of(a->way[0].parser);
    if (examiner == EXAMINERS || !inside_is_of(examiner))
        return ex_fail(err, EX_UNSUPPORTED,
                       "its content has no place of its own, and comes from the parser \"%.40s\"",
                       a->way[0].parser);
    if (a->way[0].version != EXAMINER[examiner].version)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "it was found by version %u of the parser \"%s\", and this is %u",
                               a->way[0].version, a->way[0].parser, EXAMINER[examiner].version),
                       err, "examine the item again");
    ex_code code = run_worker(a, examiner, input, err);
    if (code == EX_OK && !a->open)
        return ex_fail(err, EX_NOT_FOUND, "the parser \"%s\" does not tell it any more",
                       a->way[0].parser);
    return code;
}

static size_t told_together(const struct examine_way *way, size_t count) {
    size_t n = 1;
    while (n < count && !way[n - 1].looked_into)
        n++;
    return n;
}

static ex_code look_down(struct again *a, const struct examine_way *way, size_t count,
                         const struct inside_input *first, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    struct inside_input input = *first;
    for (size_t n; count > 0; way += n, count -= n) {
        n = told_together(way, count);
        a->way = way;
        a->count = n;
        a->last = n == count;
        a->met = 0;
        a->number = 0;
        a->doubles = 0;
        a->open = a->done = false;
        EX_TRY(look(a, &input, err));
        free(bytes);
        bytes = ex_steal(&a->kept);
        input = (struct inside_input){.bytes = bytes, .size_bytes = a->kept_bytes};
        a->kept_bytes = a->kept_capacity = 0;
    }
    return EX_OK;
}

ex_code examine_content_again(struct vault *v, const struct vault_object_info *object,
                              const struct examine_place *place, size_t place_count,
                              const struct examine_way *way, size_t way_count,
                              examine_write_fn *write, void *context, struct ex_progress *progress,
                              struct ex_error *err) {
    struct again a = {.write = write, .context = context, .progress = progress};
    struct reading reading = {.object = object};
    EX_AUTO_FREE struct found_range *range = NULL;
    struct inside_input input = {.reading = &reading, .range_count = place_count};
    EX_TRY(ex_alloc(place_count + 1, sizeof *range, FOUND_BYTES_MAX, "places", &range, err));
    for (size_t i = 0; i < place_count; i++) {
        range[i] =
            (struct found_range){place[i].hole ? RANGE_HOLE : place[i].offset, place[i].length};
        input.size_bytes += place[i].length;
    }
    input.range = range;
    EX_TRY(vault_reader_open(v, object, &reading.reader, err));
    ex_code code = look_down(&a, way, way_count, &input, err);
    vault_reader_close(reading.reader);
    free(a.kept);
    free(a.unit);
    return code;
}
