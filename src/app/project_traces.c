/* SPDX-License-Identifier: Apache-2.0 */
/* The projection of examinations: from the object that an entry names, line by line, into the
 * catalog. One that is damaged or gone leaves its row, which says so, and no traces. */
#include "app/examining_internal.h"

bool examining_is_result(const struct entry *e) {
    const unsigned must = ENTRY_HAS_ITEM | ENTRY_HAS_OBJECT | ENTRY_HAS_RESULT;
    return (e->has & must) == must && strcmp(e->event, "examine.outcome") == 0;
}

bool examining_is_kept(const struct entry *e) {
    const unsigned must = ENTRY_HAS_ITEM | ENTRY_HAS_OBJECT | ENTRY_HAS_RESULT;
    return examining_is_result(e) ||
           ((e->has & must) == must && strcmp(e->event, "rulescan.outcome") == 0);
}

struct reading_traces {
    struct act *act;
    uint64_t entry;
    struct trace_lines *lines;
    ex_code failed; /* of the catalog, and not of what is read */
};

static ex_code put_row(void *context, const struct catalog_trace *row,
                       const struct trace_line *line, struct ex_error *err) {
    struct reading_traces *r = context;
    (void)line;
    struct catalog_trace own = *row;
    own.entry = r->entry;
    r->failed = catalog_put_trace(r->act->catalog, &own, err);
    return r->failed;
}

static ex_code read_traces(struct reading_traces *r, const struct vault_object_info *o,
                           json_t *what, struct ex_error *err) {
    struct trace_totals totals;
    json_t *stated = json_object_get(what, "traces");
    EX_TRY(trace_lines_feed_object(r->lines, r->act->vault, o, NULL, err));
    EX_TRY(trace_lines_end(r->lines, &totals, err));
    if (stated != NULL && (uint64_t)json_integer_value(stated) != totals.traces)
        return ex_fail(err, EX_FORMAT, "it has not as many traces as its entry says");
    return EX_OK;
}

/* EX_MISSING, EX_ALTERED, EX_UNSUPPORTED: it cannot be had; whatever else fails is another matter.
 */
static ex_code fill(struct act *act, const struct entry *e, json_t *what, struct ex_error *err) {
    struct reading_traces r = {.act = act, .entry = e->index};
    struct vault_object_info o = {0};
    EX_TRY(trace_lines_new(put_row, &r, &r.lines, err));
    ex_code code = vault_object(act->vault, e->object_id, &o, err);
    if (code == EX_OK)
        code = read_traces(&r, &o, what, err);
    vault_object_info_clear(&o);
    trace_lines_free(r.lines);
    if (code == EX_EXISTS && r.failed == EX_EXISTS)
        return EX_ALTERED;
    if (r.failed != EX_OK)
        return r.failed;
    return code == EX_FORMAT || code == EX_IO || code == EX_LIMIT ? EX_ALTERED : code;
}

static const char *text_or(json_t *json, const char *key, const char *otherwise) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : otherwise;
}

ex_code project_examination(struct act *act, const struct entry *e, json_t *what,
                            struct ex_error *err) {
    json_int_t stated = json_integer_value(json_object_get(what, "traces"));
    struct catalog_examination x = {.entry = e->index,
                                    .time_ns = e->clock.utc_ns,
                                    .profile = text_or(what, "profile", "?"),
                                    .result = e->result,
                                    .traces = stated > 0 ? (uint64_t)stated : 0,
                                    .state = CATALOG_TRACES_HELD};
    if (!examining_is_result(e))
        return EX_OK;
    memcpy(x.item_id, e->item_id, sizeof x.item_id);
    memcpy(x.object_id, e->object_id, sizeof x.object_id);
    EX_TRY(catalog_put_examination(act->catalog, &x, err));
    ex_code code = fill(act, e, what, err);
    if (code != EX_MISSING && code != EX_ALTERED && code != EX_UNSUPPORTED)
        return code;
    EX_TRY(catalog_drop_traces(act->catalog, e->index, err));
    return catalog_set_examination_state(act->catalog, e->index,
                                         code == EX_MISSING   ? CATALOG_TRACES_MISSING
                                         : code == EX_ALTERED ? CATALOG_TRACES_ALTERED
                                                              : CATALOG_TRACES_UNSUPPORTED,
                                         err);
}

ex_code project_disposal(struct act *act, const struct entry *e, struct ex_error *err) {
    if ((e->has & ENTRY_HAS_ITEM) == 0)
        return EX_OK;
    return catalog_dispose_traces(act->catalog, e->item_id, err);
}
