/* SPDX-License-Identifier: Apache-2.0 */
/* Where a trace was found, as one line for people: the names above it, from the catalog. The names
 * are what the evidence says; whoever shows a path makes it safe. */
#include "app/examining_internal.h"

#include <stdio.h>

enum { REMEMBERED = 512 };

struct trace_paths {
    trace_at_fn *at;
    void *from;
    struct act *act; /* of the catalog's own, as `entry` */
    uint64_t entry;
    struct remembered {
        uint64_t number; /* 0: none */
        char *path;
    } had[REMEMBERED];
};

struct trace_paths *trace_paths_new_from(trace_at_fn *at, void *from) {
    struct trace_paths *p = ex_new0(struct trace_paths);
    p->at = at;
    p->from = from;
    return p;
}

static ex_code at_catalog(void *from, uint64_t number, catalog_trace_fn *fn, void *context,
                          bool *ret_found, struct ex_error *err) {
    struct trace_paths *p = from;
    return catalog_trace_at(p->act->catalog, p->entry, number, fn, context, ret_found, err);
}

struct trace_paths *trace_paths_new(struct act *act, uint64_t entry) {
    struct trace_paths *p = trace_paths_new_from(at_catalog, NULL);
    p->from = p;
    p->act = act;
    p->entry = entry;
    return p;
}

void trace_paths_free(struct trace_paths *p) {
    if (p == NULL)
        return;
    for (size_t i = 0; i < REMEMBERED; i++)
        free(p->had[i].path);
    free(p);
}

/* One name; a slash in it is no step of a path. */
static void put_name(FILE *out, const struct catalog_trace *t) {
    if (t->name == NULL || t->name[0] == '\0') {
        fprintf(out, "[%s %" PRIu64 "]", t->kind, t->number);
        return;
    }
    for (const char *c = t->name; *c != '\0'; c++) {
        if (*c == '/' || *c == '\\')
            fputc('\\', out);
        fputc(*c, out);
    }
}

/* What is too long begins later. */
ex_code trace_path_join(const char *above, const struct catalog_trace *t, const char *below,
                        char **ret, struct ex_error *err) {
    size_t size = 0, length = above != NULL ? strlen(above) : 0;
    *ret = NULL;
    FILE *out = open_memstream(ret, &size);
    if (out == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for a path");
    if (length > TRACE_PATH_BYTES_MAX)
        fputs("…/", out);
    else if (above != NULL)
        fprintf(out, "%s/", above);
    put_name(out, t);
    if (below != NULL)
        fprintf(out, "/%s", below);
    if (fclose(out) == 0)
        return EX_OK;
    free(*ret);
    *ret = NULL;
    return ex_fail(err, EX_NOMEM, "no memory for a path");
}

struct step {
    struct trace_paths *paths;
    unsigned depth;
    char *path;
};

static ex_code path_above(struct trace_paths *p, uint64_t number, unsigned depth, char **ret,
                          struct ex_error *err);

static ex_code take_step(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct step *s = context;
    EX_AUTO_FREE char *above = NULL;
    EX_TRY(path_above(s->paths, t->parent, s->depth + 1, &above, err));
    return trace_path_join(above, t, NULL, &s->path, err);
}

/* NULL: there is nothing above. */
static ex_code path_above(struct trace_paths *p, uint64_t number, unsigned depth, char **ret,
                          struct ex_error *err) {
    struct remembered *had = &p->had[number % REMEMBERED];
    struct step s = {.paths = p, .depth = depth};
    bool found = true;
    *ret = NULL;
    if (number == 0)
        return EX_OK;
    if (had->number == number) {
        *ret = ex_strdup(had->path);
        return EX_OK;
    }
    if (depth < TRACE_DEPTH_MAX)
        EX_TRY(p->at(p->from, number, take_step, &s, &found, err));
    if (s.path == NULL) /* too deep, or not there */
        s.path = ex_strdup(found ? "…" : "?");
    free(had->path);
    *had = (struct remembered){number, s.path};
    *ret = ex_strdup(s.path);
    return EX_OK;
}

ex_code trace_paths_of(struct trace_paths *p, const struct catalog_trace *t, char **ret,
                       struct ex_error *err) {
    EX_AUTO_FREE char *above = NULL;
    EX_TRY(path_above(p, t->parent, 0, &above, err));
    return trace_path_join(above, t, NULL, ret, err);
}
