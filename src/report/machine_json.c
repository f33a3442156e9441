/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of json.md §4.18 that come from traces. */
#include "report/machine_internal.h"

#include <string.h>

enum { PATH_BYTES = 1000, PATH_BEGIN_BYTES = 300 };

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

/* Of counts by parser: the last of them is for all that have no room. */
static json_t *counted_name(const struct making *k, size_t parser) {
    bool several =
        parser + 1 == MACHINE_PARSERS_MAX && json_array_size(k->parsers) > MACHINE_PARSERS_MAX;
    return several ? json_null() : parser_name(k, parser);
}

/* Both of its ends, cut between characters; where it is cut, its length is told beside it. */
static void set_path(json_t *row, const char *path) {
    size_t size = strlen(path), begin = PATH_BEGIN_BYTES;
    if (size <= PATH_BYTES) {
        json_object_set_new(row, "path", json_string(path));
        return;
    }
    const char *end = path + size - (PATH_BYTES - PATH_BEGIN_BYTES);
    while (begin > 0 && ((unsigned char)path[begin] & 0xC0) == 0x80)
        begin--;
    while (((unsigned char)*end & 0xC0) == 0x80)
        end++;
    json_object_set_new(row, "path", json_sprintf("%.*s…%s", (int)begin, path, end));
    json_object_set_new(row, "path_bytes", number(size));
}

/* ---- rows ---- */

static ex_code add_path(const struct making *k, json_t *row, uint64_t of, struct ex_error *err) {
    EX_AUTO_FREE char *path = NULL;
    if (of > 0)
        EX_TRY(k->path(k->context, of, &path, err));
    set_path(row, path != NULL ? path : "");
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

static json_t *standings_json(const struct machine_list *l) {
    json_t *json = json_object();
    for (size_t i = l->has_places ? 0 : STANDING_USED; i < STANDINGS; i++)
        json_object_set_new(json, MACHINE_STANDINGS[i], number(l->standing[i]));
    return json;
}

static ex_code finish_list(const struct making *k, const struct machine_list *l, size_t most,
                           json_t *to, struct ex_error *err) {
    json_t *row, *rows = machine_list_shown(l, most);
    size_t i;
    json_object_set_new(to, "count", number(l->count));
    json_object_set_new(to, "not_allocated", number(l->not_allocated));
    json_object_set_new(to, "standings", standings_json(l));
    json_object_set_new(to, "left_out", number(l->count - json_array_size(rows)));
    json_object_set_new(to, "shown", rows);
    json_array_foreach(rows, i, row) EX_TRY(finish_row(k, row, err));
    return EX_OK;
}

static bool ends_in(const char *path, const char *name) {
    size_t size = strlen(path), tail = strlen(name);
    return size > tail && path[size - tail - 1] == '/' && strcmp(path + size - tail, name) == 0;
}

static const char *attribute(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(json_object_get(row, "attributes"), key));
    return text != NULL ? text : "";
}

/* What is listed as a login may be a failed attempt, or a setting. wtmp and btmp have the same
 * form, and only a path where a system keeps them says which one a file is. */
static const char *login_outcome(const json_t *row) {
    const char *path = json_string_value(json_object_get(row, "path"));
    const char *standing = json_string_value(json_object_get(row, "standing"));
    const char *event = attribute(row, "event"), *kept = attribute(row, "list");
    if (strcmp(kept, "LogonUI") == 0)
        return "last-shown";
    if (strcmp(kept, "Winlogon") == 0)
        return "setting";
    if (path == NULL || event[0] == '\0' ||
        strcmp(standing, MACHINE_STANDINGS[STANDING_USUAL]) != 0)
        return "not-told";
    if (ends_in(path, "btmp"))
        return "failed-by-its-path";
    if (strcmp(event, "waiting") == 0 || strcmp(event, "session-end") == 0)
        return event;
    return strcmp(event, "session") == 0 ? "login-by-its-path" : "not-told";
}

static void add_login_outcomes(const json_t *list) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(list, "shown"), i, row)
        json_object_set_new(row, "outcome", json_string(login_outcome(row)));
}

static ex_code add_lists(const struct making *k, enum machine_part part, json_t *to,
                         struct ex_error *err) {
    for (size_t i = 0; i < LISTS; i++) {
        if (MACHINE_LISTS[i].part != part)
            continue;
        json_t *list = json_object();
        json_object_set_new(to, MACHINE_LISTS[i].name, list);
        EX_TRY(finish_list(k, &k->m->list[i], MACHINE_SHOWN, list, err));
        json_object_set_new(list, "jq",
                            MACHINE_LISTS[i].jq != NULL ? json_string(MACHINE_LISTS[i].jq)
                                                        : json_null());
    }
    if (part == PART_USERS)
        add_login_outcomes(json_object_get(to, MACHINE_LISTS[LIST_LOGINS].name));
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
            json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "parser", counted_name(k, p),
                                                  "count", number(k->m->space[p].count), "bytes",
                                                  number(k->m->space[p].bytes)));
    return list;
}

/* ---- what was found ---- */

/* Behind the words of a list stands one for what is none of them. */
static const char *word_or_other(const char *const *words, size_t i, size_t count) {
    return i + 1 < count ? words[i] : "other";
}

static json_t *kinds_json(const struct machine *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < KINDS; i++) {
        uint64_t count = 0;
        json_t *row = json_pack("{s:s}", "kind", word_or_other(trace_line_kinds, i, KINDS));
        for (size_t s = 0; s < TRACE_STATES; s++) {
            json_object_set_new(row, trace_state_words[s], number(m->kind[i].by_state[s]));
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

static ex_code add_ends(const struct making *k, bool gone, json_t *to, const char *name,
                        struct ex_error *err) {
    const struct machine *m = k->m;
    json_t *list = json_array();
    json_object_set_new(to, name, list);
    for (size_t i = 0; i < WHATS; i++) {
        if (!m->first[gone][i].has)
            continue;
        json_t *row = json_pack("{s:s}", "what", trace_time_whats[i]);
        json_array_append_new(list, row);
        EX_TRY(time_row(k, &m->first[gone][i], row, "earliest", err));
        EX_TRY(time_row(k, &m->last[gone][i], row, "latest", err));
    }
    return EX_OK;
}

static ex_code add_times(const struct making *k, json_t *to, struct ex_error *err) {
    const struct machine *m = k->m;
    json_t *json =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "count", number(m->times), "not_in_use",
                  number(m->times_not_in_use), "local", number(m->times_local), "after_collection",
                  number(m->times_after), "before_1980", number(m->times_before_1980),
                  "out_of_range", number(m->times_beyond));
    json_object_set_new(to, "times", json);
    EX_TRY(add_ends(k, false, json, "ends", err));
    return add_ends(k, true, json, "ends_not_in_use", err);
}

static uint64_t of_kind(const struct machine *m, const char *kind) {
    size_t i = machine_word(trace_line_kinds, kind);
    uint64_t count = 0;
    for (size_t s = 0; s < TRACE_STATES; s++)
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
    json_object_set_new(found, "documents_with_text", number(m->documents_with_text));
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
    json = json_pack("{s:s, s:o}", "reason", word_or_other(trace_line_reasons, reason, REASONS),
                     "parser", counted_name(k, parser));
    json_array_append_new(list, json);
    return finish_list(k, l, MACHINE_SHOWN_OF_A_REASON, json, err);
}

static ex_code add_not_hashed(const struct making *k, size_t why, json_t *list,
                              struct ex_error *err) {
    struct machine_list *l = &k->m->not_hashed[why].list;
    json_t *json;
    if (l->count == 0)
        return EX_OK;
    json = json_pack("{s:s, s:o}", "reason", word_or_other(trace_line_not_hashed, why, NOT_HASHED),
                     "bytes", number(k->m->not_hashed[why].bytes));
    json_array_append_new(list, json);
    return finish_list(k, l, MACHINE_SHOWN_OF_A_REASON, json, err);
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
