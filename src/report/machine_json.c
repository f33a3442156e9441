/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of json.md §4.18 that come from traces. */
#include "report/machine_internal.h"

#include <string.h>

enum { PATH_BYTES = 1000 };

struct making {
    struct machine *m;
    const json_t *parsers;
    machine_path_fn *path;
    void *context;
};

static json_t *number(uint64_t n) {
    return json_integer((json_int_t)n);
}

static json_t *parser_name(const struct making *k, size_t parser) {
    json_t *name = json_object_get(json_array_get(k->parsers, parser), "name");
    return name != NULL ? json_incref(name) : json_null();
}

/* Its end, from the beginning of a character on. */
static json_t *path_text(const char *path) {
    size_t size = strlen(path);
    if (size <= PATH_BYTES)
        return json_string(path);
    const char *at = path + size - PATH_BYTES;
    while (((unsigned char)*at & 0xC0) == 0x80)
        at++;
    return json_sprintf("…%s", at);
}

/* ---- rows ---- */

static ex_code add_path(const struct making *k, json_t *row, uint64_t of, struct ex_error *err) {
    EX_AUTO_FREE char *path = NULL;
    if (of > 0)
        EX_TRY(k->path(k->context, of, &path, err));
    json_object_set_new(row, "path", path_text(path != NULL ? path : ""));
    return EX_OK;
}

/* Records and errors are of what they stand under. */
static ex_code finish_row(const struct making *k, json_t *row, struct ex_error *err) {
    const char *kind = json_string_value(json_object_get(row, "kind"));
    bool above = strcmp(kind, "record") == 0 || strcmp(kind, "error") == 0;
    json_t *parser = json_object_get(row, "parser");
    uint64_t of = (uint64_t)json_integer_value(json_object_get(row, above ? "parent" : "number"));
    json_object_set_new(row, "parser", parser_name(k, (size_t)json_integer_value(parser)));
    json_object_del(row, "parent");
    return add_path(k, row, of, err);
}

static ex_code finish_list(const struct making *k, struct machine_list *l, json_t *to,
                           struct ex_error *err) {
    json_t *row, *rows = l->rows != NULL ? json_incref(l->rows) : json_array();
    size_t i;
    json_object_set_new(to, "count", number(l->count));
    json_object_set_new(to, "not_allocated", number(l->not_allocated));
    json_object_set_new(to, "left_out", number(l->count - json_array_size(rows)));
    json_object_set_new(to, "shown", rows);
    json_array_foreach(rows, i, row) EX_TRY(finish_row(k, row, err));
    return EX_OK;
}

static ex_code add_lists(const struct making *k, enum machine_part part, json_t *to,
                         struct ex_error *err) {
    for (size_t i = 0; i < LISTS; i++) {
        if (MACHINE_LISTS[i].part != part)
            continue;
        json_t *list = json_object();
        json_object_set_new(to, MACHINE_LISTS[i].name, list);
        EX_TRY(finish_list(k, &k->m->list[i], list, err));
        json_object_set_new(list, "jq",
                            MACHINE_LISTS[i].jq != NULL ? json_string(MACHINE_LISTS[i].jq)
                                                        : json_null());
    }
    return EX_OK;
}

static ex_code add_part(const struct making *k, enum machine_part part, const char *name,
                        json_t *to, struct ex_error *err) {
    json_t *json = json_object();
    json_object_set_new(to, name, json);
    return add_lists(k, part, json, err);
}

/* ---- disk ---- */

static json_t *space_json(const struct making *k) {
    json_t *list = json_array();
    for (size_t p = 0; p < MACHINE_PARSERS_MAX; p++)
        if (k->m->space[p].count > 0)
            json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "parser", parser_name(k, p),
                                                  "count", number(k->m->space[p].count), "bytes",
                                                  number(k->m->space[p].bytes)));
    return list;
}

/* ---- what was found ---- */

static json_t *kinds_json(const struct machine *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < KINDS; i++) {
        uint64_t count = 0;
        json_t *row = json_pack("{s:s}", "kind", MACHINE_KINDS[i]);
        for (size_t s = 0; s < STATES; s++) {
            json_object_set_new(row, MACHINE_STATES[s], number(m->kind[i].by_state[s]));
            count += m->kind[i].by_state[s];
        }
        json_object_set_new(row, "count", number(count));
        json_object_set_new(row, "contents", number(m->kind[i].contents));
        json_object_set_new(row, "bytes", number(m->kind[i].bytes));
        if (count > 0)
            json_array_append_new(list, row);
        else
            json_decref(row);
    }
    return list;
}

/* By contents, the most first; of as many by their words. */
static int by_count(const void *left, const void *right) {
    const struct machine_type *a = left, *b = right;
    if (a->contents != b->contents)
        return a->contents > b->contents ? -1 : 1;
    return strcmp(a->type, b->type);
}

static json_t *types_json(struct machine *m) {
    json_t *list = json_array();
    qsort(m->type, m->type_count, sizeof *m->type, by_count);
    for (size_t i = 0; i < m->type_count; i++)
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o}", "type",
                      m->type[i].type[0] != '\0' ? json_string(m->type[i].type) : json_null(),
                      "contents", number(m->type[i].contents), "bytes", number(m->type[i].bytes)));
    return list;
}

static ex_code time_row(const struct making *k, const struct machine_time *t, json_t *to,
                        const char *name, struct ex_error *err) {
    json_object_set(to, name, t->row);
    return add_path(k, t->row, t->number, err);
}

static ex_code add_times(const struct making *k, json_t *to, struct ex_error *err) {
    const struct machine *m = k->m;
    json_t *list = json_array();
    json_object_set_new(to, "times",
                        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "count", number(m->times),
                                  "local", number(m->times_local), "after_collection",
                                  number(m->times_after), "before_1980",
                                  number(m->times_before_1980), "out_of_range",
                                  number(m->times_beyond), "ends", list));
    for (size_t i = 0; i < WHATS; i++) {
        if (!m->first[i].has)
            continue;
        json_t *row = json_pack("{s:s}", "what", trace_time_whats[i]);
        json_array_append_new(list, row);
        EX_TRY(time_row(k, &m->first[i], row, "earliest", err));
        EX_TRY(time_row(k, &m->last[i], row, "latest", err));
    }
    return EX_OK;
}

static uint64_t of_kind(const struct machine *m, const char *kind) {
    size_t i = machine_word(MACHINE_KINDS, KINDS, kind);
    uint64_t count = 0;
    for (size_t s = 0; s < STATES; s++)
        count += m->kind[i].by_state[s];
    return count;
}

static ex_code add_found(const struct making *k, json_t *to, struct ex_error *err) {
    struct machine *m = k->m;
    json_t *found = json_object();
    json_object_set_new(to, "found", found);
    json_object_set_new(found, "traces", number(m->traces));
    json_object_set_new(found, "kinds", kinds_json(m));
    json_object_set_new(found, "types", types_json(m));
    json_object_set_new(found, "other_types",
                        json_pack("{s:o, s:o}", "contents", number(m->other_types.contents),
                                  "bytes", number(m->other_types.bytes)));
    json_object_set_new(found, "messages", number(of_kind(m, "message")));
    json_object_set_new(found, "documents", number(of_kind(m, "document")));
    json_object_set_new(found, "archives",
                        json_pack("{s:o, s:o}", "contents", number(m->archives), "looked_into",
                                  number(m->archives_looked_into)));
    EX_TRY(add_times(k, found, err));
    return add_lists(k, PART_FOUND, found, err);
}

/* ---- what was not examined ---- */

static ex_code add_reason(const struct making *k, size_t reason, size_t parser, json_t *list,
                          struct ex_error *err) {
    struct machine_list *l = &k->m->error[reason][parser];
    json_t *json;
    if (l->count == 0)
        return EX_OK;
    json = json_pack("{s:s, s:o}", "reason", MACHINE_REASONS[reason], "parser",
                     parser_name(k, parser));
    json_array_append_new(list, json);
    return finish_list(k, l, json, err);
}

static ex_code add_not_hashed(const struct making *k, size_t why, json_t *list,
                              struct ex_error *err) {
    struct machine_list *l = &k->m->not_hashed[why].list;
    json_t *json;
    if (l->count == 0)
        return EX_OK;
    json = json_pack("{s:s, s:o}", "reason", MACHINE_NOT_HASHED[why], "bytes",
                     number(k->m->not_hashed[why].bytes));
    json_array_append_new(list, json);
    return finish_list(k, l, json, err);
}

static ex_code add_not_examined(const struct making *k, json_t *to, struct ex_error *err) {
    json_t *errors = json_array(), *not_hashed = json_array();
    json_object_set_new(to, "not_examined",
                        json_pack("{s:o, s:o}", "errors", errors, "not_hashed", not_hashed));
    for (size_t r = 0; r < REASONS; r++)
        for (size_t p = 0; p < MACHINE_PARSERS_MAX; p++)
            EX_TRY(add_reason(k, r, p, errors, err));
    for (size_t i = 0; i < NOT_HASHED; i++)
        EX_TRY(add_not_hashed(k, i, not_hashed, err));
    return EX_OK;
}

static json_t *abouts_json(const struct machine *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < m->about_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "about", m->about[i].about, "count",
                                              number(m->about[i].count)));
    if (m->other_abouts > 0)
        json_array_append_new(list,
                              json_pack("{s:n, s:o}", "about", "count", number(m->other_abouts)));
    return list;
}

static ex_code add_all(const struct making *k, json_t *to, struct ex_error *err) {
    EX_TRY(add_part(k, PART_MACHINE, "machine", to, err));
    EX_TRY(add_part(k, PART_USERS, "users", to, err));
    EX_TRY(add_part(k, PART_DISK, "disk", to, err));
    json_object_set_new(json_object_get(to, "disk"), "space", space_json(k));
    json_object_set_new(to, "other_records", abouts_json(k->m));
    EX_TRY(add_found(k, to, err));
    return add_not_examined(k, to, err);
}

ex_code machine_json(struct machine *m, const json_t *parsers, machine_path_fn *path, void *context,
                     json_t **ret, struct ex_error *err) {
    const struct making k = {m, parsers, path, context};
    json_t *json = json_object();
    ex_code code =
        json == NULL ? ex_fail(err, EX_NOMEM, "no memory for a report") : add_all(&k, json, err);
    if (code == EX_OK)
        *ret = json;
    else
        json_decref(json);
    return code;
}
