/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier examination found in a content (format/traces §5). The catalog says which lines
 * these are. That each belongs where it says shows in its id, which follows from the one above it;
 * that none is missing, in the number that the content's own line gives. */
#include "app/examining_run_internal.h"

#include <stdlib.h>

enum { INSIDE_MAX = 2000000 };

struct under {
    struct catalog_trace row; /* without texts; `parent` as the catalog says */
    bool is_error;
    bool given;     /* it is one of those that were found inside … */
    uint32_t index; /* … and this one of them, from 1 */
};

struct gathering {
    struct examining_known *known;
    struct catalog_trace content;
    uint64_t stated; /* by the content's line */
    size_t count, capacity;
    struct under *under; /* by number, from what it is under on */
};

/* ---- whether it was examined as it would be now ---- */

static bool same(const json_t *a, const json_t *b, const char *key) {
    return json_equal(json_object_get(a, key), json_object_get(b, key)) == 1;
}

/* What the object's size makes of a limit does not matter here. */
static bool same_limits(json_t *own, json_t *other) {
    const char *name;
    json_t *value;
    json_object_foreach(
        own, name,
        value) if ((strncmp(name, "inside_", 7) == 0 || strcmp(name, "step_found_bytes") == 0) &&
                   json_equal(value, json_object_get(other, name)) != 1) return false;
    return json_is_object(own);
}

static bool same_way(const json_t *own, const json_t *other) {
    return same(own, other, "profile") && same(own, other, "types") &&
           same(own, other, "parsers") &&
           same_limits(json_object_get(own, "limits"), json_object_get(other, "limits"));
}

/* ---- gathering ---- */

static ex_code keep_child(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct gathering *g = context;
    if (g->count >= INSIDE_MAX)
        return ex_fail(err, EX_LIMIT, "too much was found in one content");
    EX_TRY(ex_grow(&g->under, &g->capacity, g->count + 1, sizeof *g->under,
                   INSIDE_MAX * sizeof *g->under, "what was found earlier", err));
    struct under *u = &g->under[g->count++];
    *u = (struct under){.row = *t, .is_error = strcmp(t->kind, "error") == 0};
    u->row.kind = u->row.state = u->row.name = u->row.type = NULL;
    return EX_OK;
}

static int by_number(const void *a, const void *b) {
    const struct under *x = a, *y = b;
    return x->row.number < y->row.number ? -1 : x->row.number > y->row.number;
}

static ex_code gather(struct gathering *g, struct ex_error *err) {
    struct catalog *c = g->known->act->catalog;
    uint64_t entry = g->content.entry;
    EX_TRY(catalog_each_child(c, entry, g->content.number, keep_child, g, err));
    for (size_t i = 0; i < g->count; i++) /* ends: a child's number is larger */
        if (!g->under[i].is_error)
            EX_TRY(catalog_each_child(c, entry, g->under[i].row.number, keep_child, g, err));
    qsort(g->under, g->count, sizeof *g->under, by_number);
    return EX_OK;
}

/* NULL: it is none of them. */
static struct under *find(const struct gathering *g, uint64_t number) {
    const struct under wanted = {.row.number = number};
    return g->count == 0 ? NULL : bsearch(&wanted, g->under, g->count, sizeof *g->under, by_number);
}

/* ---- giving ---- */

struct giving {
    struct gathering *g;
    examine_earlier_fn *each;
    void *to;
    uint64_t given; /* errors too */
    uint32_t traces;
    uint64_t last; /* where the line stands that was given last: of traces, or of errors */
};

static const char *parser_name(const json_t *head, uint64_t number) {
    json_t *parser = json_array_get(json_object_get(head, "parsers"), (size_t)number);
    return json_string_value(json_object_get(parser, "name"));
}

/* What stands directly under the content, and comes from a parser of structure, is none of it. */
static ex_code give_one(struct giving *v, struct under *u, struct ex_error *err) {
    struct trace_source *s = &v->g->known->source;
    const bool direct = u->row.parent == v->g->content.number;
    const struct under *parent = direct ? NULL : find(v->g, u->row.parent);
    struct catalog_trace row;
    struct trace_line l;
    uint8_t id[EXAMINE_ID_BYTES];
    if (!direct && (parent == NULL || !parent->given))
        return EX_OK;
    EX_TRY(trace_source_row(s, &u->row, &row, err));
    if (!trace_line_read(s->line, (size_t)u->row.length, s->texts, &l))
        return tracing_fail_catalog(err);
    const char *parser = parser_name(s->head, l.parser);
    if (parser == NULL || u->is_error != (l.reason != NULL) || u->row.at <= v->last)
        return tracing_fail_catalog(err); /* each once, and in the order of the result */
    if (!examine_looks_inside(parser))
        return EX_OK;
    examine_trace_id(direct ? v->g->content.id : parent->row.id, parser, l.key, id);
    if (memcmp(id, l.id, sizeof id) != 0)
        return tracing_fail_catalog(err);
    const struct examine_earlier earlier = {
        .parent = direct ? 0 : parent->index, .line = s->line, .line_bytes = (size_t)u->row.length};
    v->last = u->row.at;
    u->given = !u->is_error;
    u->index = u->is_error ? 0 : ++v->traces;
    v->given++;
    return v->each(v->to, &earlier, err);
}

static ex_code give(struct giving *v, struct ex_error *err) {
    for (int errors = 0; errors < 2; errors++) {
        v->last = v->g->content.at;
        for (size_t i = 0; i < v->g->count; i++)
            if (v->g->under[i].is_error == (errors == 1))
                EX_TRY(give_one(v, &v->g->under[i], err));
    }
    return EX_OK;
}

/* ---- one place ---- */

static bool is_usable(struct gathering *g, const struct catalog_trace *where,
                      const uint8_t sha256[static SHA256_BYTES]) {
    struct examining_known *k = g->known;
    struct catalog_trace row;
    struct trace_line l;
    if (!examining_known_line(k, where, &row) ||
        memcmp(row.sha256, sha256, sizeof row.sha256) != 0 ||
        !same_way(k->own_head, k->source.head) ||
        !trace_line_read(k->source.line, (size_t)where->length, k->source.texts, &l) ||
        !l.has_inside)
        return false;
    g->content = *where;
    g->stated = l.inside;
    return true;
}

/* True: all of it was given, and nothing else. After a false one something may have been. */
static bool give_from(struct examining_known *k, const struct catalog_trace *where,
                      const uint8_t sha256[static SHA256_BYTES], examine_earlier_fn *each, void *to,
                      bool *ret_begun) {
    struct gathering g = {.known = k};
    struct giving v = {.g = &g, .each = each, .to = to};
    *ret_begun = false;
    if (!is_usable(&g, where, sha256))
        return false;
    *ret_begun = true;
    bool whole = gather(&g, NULL) == EX_OK && give(&v, NULL) == EX_OK && v.given == g.stated;
    free(g.under);
    return whole;
}

/* Nothing that goes wrong here is more than a content that is looked into once again. */
ex_code examining_inside(void *context, const char *head, const uint8_t sha256[static SHA256_BYTES],
                         examine_earlier_fn *each, void *to, bool *ret_found,
                         struct ex_error *err) {
    struct examining_known *k = context;
    struct known_places p = {0};
    bool begun = false, found;
    (void)err;
    *ret_found = false;
    if (k->own_head == NULL)
        k->own_head = json_loads(head, 0, NULL);
    examining_asking(k, true);
    if (catalog_looked_into(k->act->catalog, sha256, examining_keep_place, &p, &found, NULL) !=
        EX_OK)
        p.count = 0;
    for (size_t i = 0; i < p.count && !*ret_found && !begun; i++)
        *ret_found = give_from(k, &p.place[i], sha256, each, to, &begun);
    examining_asking(k, false);
    return EX_OK;
}
