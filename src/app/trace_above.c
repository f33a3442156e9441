/* SPDX-License-Identifier: Apache-2.0 */
/* Where a trace was found, from the result alone. The catalog says where the lines above it lie;
 * that each is the right one shows in the ids, for every id follows from the one above it
 * (format/traces §3). */
#include "app/examining_internal.h"

#include "examine/examine.h"

struct climb {
    struct found_trace *found;
    const uint8_t *object_id;
    struct catalog_trace row; /* where it stands; its texts are of `line` */
    json_t *line;
    char *path;
    unsigned names;
    bool cut;
};

/* What does not fit in front of the path is shown as left out, once. */
static ex_code put_name(struct climb *c, struct ex_error *err) {
    static const struct catalog_trace more = {.name = "…"};
    EX_AUTO_FREE char *below = ex_steal(&c->path);
    bool full =
        c->names > TRACE_DEPTH_MAX || (below != NULL && strlen(below) > TRACE_PATH_BYTES_MAX);
    if (c->cut) {
        c->path = ex_steal(&below);
        return EX_OK;
    }
    c->cut = full;
    c->names++;
    return trace_path_join(NULL, full ? &more : &c->row, below, &c->path, err);
}

static const char *parser_of(const struct climb *c) {
    json_t *number = json_object_get(c->line, "parser");
    json_t *parsers = json_object_get(c->found->head, "parsers");
    json_t *parser = json_array_get(parsers, (size_t)json_integer_value(number));
    return json_string_value(json_object_get(parser, "name"));
}

/* format/traces §3 */
static ex_code check_id(const struct climb *c, const uint8_t above[static ENTRY_ID_BYTES],
                        struct ex_error *err) {
    const char *parser = parser_of(c);
    const char *key = json_string_value(json_object_get(c->line, "key"));
    uint8_t id[EXAMINE_ID_BYTES];
    if (parser == NULL || key == NULL)
        return tracing_fail_catalog(err);
    examine_trace_id(above, parser, key, id);
    return memcmp(id, c->row.id, sizeof c->row.id) == 0 ? EX_OK : tracing_fail_catalog(err);
}

static ex_code step_up(struct act *act, struct climb *c, struct ex_error *err) {
    struct catalog_trace above;
    json_t *line = NULL;
    EX_TRY(trace_source_number(act, &c->found->source, c->row.parent, &line, &above, err));
    ex_code code = check_id(c, above.id, err);
    json_decref(c->line);
    c->line = line;
    c->row = above;
    return code;
}

static ex_code climb(struct act *act, struct climb *c, struct ex_error *err) {
    for (;;) {
        EX_TRY(put_name(c, err));
        json_array_append(c->found->above, c->line);
        if (c->row.parent == 0)
            return check_id(c, c->object_id, err);
        EX_TRY(step_up(act, c, err)); /* ends: a parent's number is less */
    }
}

ex_code trace_above(struct act *act, struct found_trace *f, const uint8_t *object_id, char **ret,
                    struct ex_error *err) {
    struct climb c = {
        .found = f, .object_id = object_id, .row = f->row, .line = json_incref(f->line)};
    json_decref(f->above);
    f->above = json_array();
    ex_code code = climb(act, &c, err);
    json_decref(c.line);
    *ret = ex_steal(&c.path);
    return code;
}
