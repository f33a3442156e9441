/* SPDX-License-Identifier: Apache-2.0 */
/* Scanning contents in a worker. It compiles once and scans many, and is renewed after so many and
 * whenever it is lost; whatever it says of places is compared with the content before it counts. */
#include "app/rules_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum {
    CONTENTS_MAX = 100, /* of one worker */
    BESIDE_MS = 30000,  /* that the supervisor waits longer than libyara may take */
    ATTEMPTS_MAX = 5,   /* of a content whose worker was killed from outside */
    RULES_MAX = 1 << 20
};
#define MEMORY_BYTES ((uint64_t)2 << 30)

/* ---- inputs ---- */

static ex_code give(void *context, unsigned input, uint64_t offset, uint8_t *to, size_t size_bytes,
                    struct ex_error *err) {
    const struct rules_worker *w = context;
    if (input != 0 && input != w->input)
        return ex_fail(err, EX_MISSING, "that content is not there any more");
    memcpy(to, (input == 0 ? w->text : w->content) + offset, size_bytes);
    return EX_OK;
}

static ex_code named(void *context, const char *name, unsigned input, uint64_t *ret_size,
                     struct ex_error *err) {
    struct rules_worker *w = context;
    if (w->content == NULL || strcmp(name, "content") != 0)
        return ex_fail(err, EX_MISSING, "there is no such input");
    w->input = input;
    *ret_size = w->content_bytes;
    return EX_OK;
}

/* ---- what rules there are ---- */

static char *copy_text(const void *text, size_t size) {
    char *to = ex_new0_bytes(size + 1);
    if (size > 0)
        memcpy(to, text, size);
    return to;
}

static void about_clear(struct rule_about *r) {
    free(r->name);
    free(r->space);
    json_decref(r->tags);
    json_decref(r->meta);
}

static ex_code add_rule(struct rules_worker *w, const struct sandbox_told *t,
                        struct ex_error *err) {
    EX_TRY(ex_grow(&w->rule, &w->rule_capacity, w->rule_count + 1, sizeof *w->rule,
                   RULES_MAX * sizeof *w->rule, "rules", err));
    w->rule[w->rule_count++] = (struct rule_about){.name = copy_text(t->data, t->data_bytes),
                                                   .space = ex_strdup(""),
                                                   .tags = json_array(),
                                                   .meta = json_array()};
    return EX_OK;
}

/* A letter for its type, the name, a NUL, the value. */
static void add_meta(struct rule_about *r, const char *text, size_t size) {
    const char *end = size > 0 ? memchr(text, '\0', size) : NULL;
    if (end == NULL)
        return;
    if (json_array_size(r->meta) >= RULES_META_MAX) {
        r->meta_left_out++;
        return;
    }
    size_t length = size - (size_t)(end - text) - 1;
    char *value =
        copy_text(end + 1, length < RULES_META_BYTES_MAX ? length : (size_t)RULES_META_BYTES_MAX);
    const char *type = text[0] == 'i' ? "integer" : text[0] == 'b' ? "boolean" : "string";
    json_t *one = json_object();
    json_set_text(one, "name", text + 1);
    json_object_set_new(one, "type", json_string(type));
    json_set_text(one, "value", value);
    if (length > RULES_META_BYTES_MAX)
        json_object_set_new(one, "cut", json_true());
    json_array_append_new(r->meta, one);
    free(value);
}

static void add_text(struct rule_about *r, const struct sandbox_told *t) {
    const char *data = (const char *)t->data;
    if (strcmp(t->key, "namespace") == 0) {
        free(r->space);
        r->space = copy_text(data, t->data_bytes);
    } else if (strcmp(t->key, "meta") == 0) {
        add_meta(r, data, t->data_bytes);
    } else if (strcmp(t->key, "tag") == 0 && json_array_size(r->tags) < RULES_META_MAX) {
        char *tag = copy_text(data, t->data_bytes);
        json_t *text = json_string(tag);
        json_array_append_new(r->tags, text != NULL ? text : json_string("?"));
        free(tag);
    } else if (strcmp(t->key, "tag") == 0) {
        r->tags_left_out++;
    }
}

static ex_code take_rule(void *context, const struct sandbox_told *t, bool *ret_wanted,
                         struct ex_error *err) {
    struct rules_worker *w = context;
    (void)ret_wanted;
    if (t->type == SANDBOX_TRACE)
        return add_rule(w, t, err);
    if (t->type == SANDBOX_TEXT && w->rule_count > 0)
        add_text(&w->rule[w->rule_count - 1], t);
    return EX_OK;
}

/* ---- starting ---- */

static bool is_stopped(void *context) {
    const struct rules_worker *w = context;
    return ex_progress_step(w->act->face->progress, 0, NULL) != EX_OK;
}

static void drop_sandbox(struct rules_worker *w) {
    sandbox_free(w->sandbox);
    w->sandbox = NULL;
}

static ex_code start(struct rules_worker *w, bool first, struct ex_error *err) {
    const struct sandbox_limits limits = {.memory_bytes = MEMORY_BYTES,
                                          .answer_ms = RULES_SECONDS * 1000 + BESIDE_MS,
                                          .stopped = is_stopped,
                                          .context = w};
    const struct sandbox_inputs inputs = {
        .context = w, .size_bytes = w->text_bytes, .read = give, .named = named};
    drop_sandbox(w);
    w->scanned = 0;
    EX_TRY(sandbox_start_in(w->nursery, &limits, &w->sandbox, err));
    (void)snprintf(w->library, sizeof w->library, "%s", sandbox_library(w->sandbox));
    (void)snprintf(w->confinement, sizeof w->confinement, "%s", sandbox_confinement(w->sandbox));
    EX_TRY(
        sandbox_examine(w->sandbox, "rules", w->sizes, &inputs, first ? take_rule : NULL, w, err));
    if (sandbox_parser_version(w->sandbox) != RULES_PARSER_VERSION)
        return ex_hint(ex_fail(err, EX_INTERNAL, "the worker is not the one that belongs here"),
                       err, "install exhibit and its workers of the same version");
    return EX_OK;
}

ex_code rules_worker_open(struct rules_worker *w, struct act *act, const uint8_t *text,
                          uint64_t text_bytes, const char *sizes, struct ex_error *err) {
    char program[4096];
    *w = (struct rules_worker){.act = act, .text = text, .text_bytes = text_bytes, .sizes = sizes};
    EX_TRY(sandbox_program(SANDBOX_WORKER_RULES, program, sizeof program, err));
    EX_TRY(sandbox_nursery_new(program, &w->nursery, err));
    return start(w, true, err);
}

void rules_worker_clear(struct rules_worker *w) {
    drop_sandbox(w);
    sandbox_nursery_free(w->nursery);
    for (size_t i = 0; i < w->rule_count; i++)
        about_clear(&w->rule[i]);
    free(w->rule);
    *w = (struct rules_worker){0};
}

/* ---- one content ---- */

struct found_list {
    struct rules_worker *worker;
    size_t count, capacity;
    struct rule_found *found;
};

static void found_list_clear(struct found_list *l) {
    for (size_t i = 0; i < l->count; i++) {
        free(l->found[i].string);
        free(l->found[i].place);
    }
    free(l->found);
    *l = (struct found_list){.worker = l->worker};
}

static ex_code fail_told(struct ex_error *err) {
    return ex_fail(err, EX_FORMAT, "the worker told a match that cannot be");
}

static ex_code begin_found(struct found_list *l, const struct sandbox_told *t,
                           struct ex_error *err) {
    uint64_t number;
    if (!ex_parse_decimal(t->key, strlen(t->key), &number) || number == 0 ||
        number > l->worker->rule_count)
        return fail_told(err);
    EX_TRY(ex_grow(&l->found, &l->capacity, l->count + 1, sizeof *l->found,
                   RULES_MAX * sizeof *l->found, "matches", err));
    l->found[l->count++] = (struct rule_found){.rule = &l->worker->rule[number - 1]};
    return EX_OK;
}

/* RULES_LISTED_MAX: left out. */
static ex_code string_of(struct rule_found *f, const uint8_t *id, size_t size, uint32_t *ret,
                         struct ex_error *err) {
    size_t capacity = f->string_count;
    if (size > RULES_NAME_BYTES || memchr(id, '\0', size) != NULL)
        return fail_told(err);
    for (*ret = 0; *ret < f->string_count; (*ret)++) /* the last one, nearly always */
        if (f->string[f->string_count - 1 - *ret].id[size] == '\0' &&
            memcmp(f->string[f->string_count - 1 - *ret].id, id, size) == 0) {
            *ret = (uint32_t)(f->string_count - 1 - *ret);
            return EX_OK;
        }
    *ret = RULES_LISTED_MAX;
    if (f->string_count == RULES_LISTED_MAX)
        return EX_OK;
    EX_TRY(ex_grow(&f->string, &capacity, f->string_count + 1, sizeof *f->string,
                   2 * RULES_LISTED_MAX * sizeof *f->string, "matches", err));
    *ret = (uint32_t)f->string_count++;
    f->string[*ret] = (struct rule_string){.count = 0};
    memcpy(f->string[*ret].id, id, size);
    return EX_OK;
}

static ex_code add_place(struct found_list *l, struct rule_found *f, const struct sandbox_told *t,
                         struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(t->data, t->data_bytes);
    struct rule_place p = {.offset = ex_cursor_le64(&c)};
    size_t capacity = f->place_count, size;
    p.length = ex_cursor_le64(&c);
    size = ex_cursor_left(&c);
    const uint8_t *id = ex_cursor_bytes(&c, size);
    uint64_t all = l->worker->content_bytes;
    if (c.overrun || id == NULL || size == 0 || p.offset > all || p.length > all - p.offset)
        return fail_told(err);
    EX_TRY(string_of(f, id, size, &p.string, err));
    if (p.string == RULES_LISTED_MAX || f->place_count == RULES_LISTED_MAX)
        return EX_OK; /* the string's count says so */
    EX_TRY(ex_grow(&f->place, &capacity, f->place_count + 1, sizeof *f->place,
                   2 * RULES_LISTED_MAX * sizeof *f->place, "matches", err));
    f->place[f->place_count++] = p;
    return EX_OK;
}

static ex_code add_count(struct rule_found *f, const struct sandbox_told *t, struct ex_error *err) {
    struct ex_cursor c = ex_cursor_make(t->data, t->data_bytes);
    uint64_t count = ex_cursor_le64(&c);
    size_t size = ex_cursor_left(&c);
    const uint8_t *id = ex_cursor_bytes(&c, size);
    uint32_t string;
    if (c.overrun || id == NULL || size == 0 || count > INT64_MAX)
        return fail_told(err);
    EX_TRY(string_of(f, id, size, &string, err));
    if (string == RULES_LISTED_MAX)
        f->strings_left_out++;
    else
        f->string[string].count += count; /* strings without a name share one */
    return EX_OK;
}

static ex_code take_found(void *context, const struct sandbox_told *t, bool *ret_wanted,
                          struct ex_error *err) {
    struct found_list *l = context;
    (void)ret_wanted;
    if (t->type == SANDBOX_TRACE)
        return begin_found(l, t, err);
    if (t->type != SANDBOX_TEXT || l->count == 0)
        return fail_told(err);
    struct rule_found *f = &l->found[l->count - 1];
    if (strcmp(t->key, "match") == 0)
        return add_place(l, f, t, err);
    return strcmp(t->key, "count") == 0 ? add_count(f, t, err) : fail_told(err);
}

static const char *reason_of(const struct rules_worker *w, ex_code code) {
    enum sandbox_loss loss = sandbox_loss(w->sandbox);
    if (loss == SANDBOX_CRASHED || loss == SANDBOX_GIVEN_UP)
        return "crashed";
    if (loss == SANDBOX_KILLED)
        return "killed";
    return loss == SANDBOX_TOO_LONG || code == EX_LIMIT ? "too-long"
           : code == EX_NOMEM                           ? "too-large"
                                                        : "engine";
}

/* *ret_again: nothing is said of the content yet. */
static ex_code attempt(struct rules_worker *w, struct found_list *l, const char **ret_reason,
                       struct ex_error *why, bool *ret_again, struct ex_error *err) {
    char unit[32];
    *ret_again = false;
    *ret_reason = NULL;
    if (w->sandbox == NULL || w->scanned >= CONTENTS_MAX)
        EX_TRY(start(w, false, err));
    (void)snprintf(unit, sizeof unit, "%d content", (int)RULES_SECONDS);
    w->scanned++;
    w->input = UINT32_MAX;
    ex_code code = sandbox_work(w->sandbox, unit, strlen(unit), take_found, l, why);
    if (code == EX_OK)
        return EX_OK;
    found_list_clear(l);
    if (code == EX_INTERRUPTED || is_stopped(w))
        return ex_fail(err, EX_INTERRUPTED, "the work was interrupted");
    *ret_reason = reason_of(w, code);
    *ret_again = sandbox_loss(w->sandbox) == SANDBOX_KILLED;
    w->restarts++;
    drop_sandbox(w); /* what failed once is not used again */
    return EX_OK;
}

ex_code rules_worker_scan(struct rules_worker *w, const uint8_t *data, uint64_t size_bytes,
                          rule_found_fn *each, void *context, const char **ret_reason,
                          struct ex_error *why, struct ex_error *err) {
    struct found_list l = {.worker = w};
    bool again = true;
    ex_code code = EX_OK;
    w->content = data;
    w->content_bytes = size_bytes;
    for (unsigned n = 0; n < ATTEMPTS_MAX && again && code == EX_OK; n++)
        code = attempt(w, &l, ret_reason, why, &again, err);
    for (size_t i = 0; i < l.count && code == EX_OK; i++)
        code = each(context, &l.found[i], err);
    found_list_clear(&l);
    w->content = NULL;
    return code;
}
