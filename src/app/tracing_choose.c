/* SPDX-License-Identifier: Apache-2.0 */
/* Which examination of an item answers. The ledger says which there are; the catalog, which anybody
 * who may write to it can change, only whether it has their traces. */
#include "app/examining_internal.h"

#include <stdio.h>

ex_code tracing_fail_catalog(struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_ALTERED, "the catalog differs from the result"), err,
                   "run: exhibit rebuild");
}

/* What the catalog has of one examination of the ledger. */
struct projected {
    const struct entry *entry;
    bool same, held;
};

static ex_code look(void *context, const struct catalog_examination *x, struct ex_error *err) {
    struct projected *p = context;
    (void)err;
    if (x->entry != p->entry->index)
        return EX_OK;
    p->same = memcmp(x->object_id, p->entry->object_id, sizeof x->object_id) == 0;
    p->held = strcmp(x->state, CATALOG_TRACES_HELD) == 0;
    return EX_OK;
}

static void choose(struct act *act, const struct entry *e, struct chosen_examination *ret) {
    json_t *what = NULL;
    (void)!project_section(act, e, "what", &what, NULL); /* null where it cannot be had */
    const char *profile = json_string_value(json_object_get(what, "profile"));
    json_t *traces = json_object_get(what, "traces");
    *ret = (struct chosen_examination){.entry = e->index,
                                       .time_ns = e->clock.utc_ns,
                                       .has_traces = json_is_integer(traces),
                                       .traces = (uint64_t)json_integer_value(traces)};
    (void)snprintf(ret->profile, sizeof ret->profile, "%s", profile != NULL ? profile : "?");
    (void)snprintf(ret->result, sizeof ret->result, "%s", e->result);
    memcpy(ret->result_id, e->object_id, sizeof ret->result_id);
    json_decref(what);
}

struct choosing {
    const struct item_truth *item;
    struct chosen_examination *chosen;
};

static ex_code consider(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct choosing *c = context;
    struct projected p = {.entry = e};
    if (!examining_is_result(e) || memcmp(e->item_id, c->item->id, sizeof e->item_id) != 0)
        return EX_OK;
    EX_TRY(catalog_each_examination(act->catalog, e->item_id, look, &p, err));
    if (!p.same)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "the catalog does not have the examination of entry %" PRIu64
                               " as the ledger has it",
                               e->index),
                       err, "run: exhibit rebuild");
    if (p.held)
        choose(act, e, c->chosen);
    else
        c->chosen->damaged_entry = e->index;
    return EX_OK;
}

ex_code tracing_choose(struct act *act, const struct item_truth *i, struct chosen_examination *ret,
                       struct ex_error *err) {
    struct choosing c = {.item = i, .chosen = ret};
    *ret = (struct chosen_examination){0};
    EX_TRY(scan_ledger(act, consider, &c, err));
    if (ret->entry == 0 && ret->damaged_entry == 0)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "item %s was not examined", i->label), err,
                       "exhibit examine %s does that", i->label);
    if (ret->entry == 0)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "what the examination of entry %" PRIu64 " found is damaged or gone",
                               ret->damaged_entry),
                       err, "mend it (exhibit vault repair) and rebuild, or examine item %s again",
                       i->label);
    return EX_OK;
}

ex_code tracing_check_count(struct act *act, const struct chosen_examination *x, uint64_t *ret,
                            struct ex_error *err) {
    const struct catalog_trace_filter all = {.entry = x->entry};
    EX_TRY(catalog_count_traces(act->catalog, &all, ret, err));
    if (!x->has_traces || *ret == x->traces)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "the catalog has %" PRIu64 " traces of the examination of entry %" PRIu64
                           ", and the ledger says that it found %" PRIu64,
                           *ret, x->entry, x->traces),
                   err, "run: exhibit rebuild");
}

json_t *tracing_choice_json(const struct chosen_examination *x) {
    json_t *json = json_pack("{s:o, s:o, s:s, s:s, s:o}", "entry", json_number(x->entry), "time",
                             json_time(x->time_ns), "profile", x->profile, "result", x->result,
                             "traces", x->has_traces ? json_number(x->traces) : json_null());
    if (x->damaged_entry != 0)
        json_object_set_new(json, "damaged_later", json_number(x->damaged_entry));
    return json;
}
