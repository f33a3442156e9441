/* SPDX-License-Identifier: Apache-2.0 */
/* Whom does damage hurt? From places in packs to items and byte ranges. */
#include "app/damage_internal.h"
#include "app/examining_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { RANGES_LISTED_MAX = 1000 };

struct hurt_item {
    json_t *ranges;
    uint64_t count, bytes, missing_bytes;
    /* the range that may still grow */
    bool open, missing;
    uint64_t offset, length;
    char why[100];
};

static void close_range(struct hurt_item *h) {
    if (!h->open)
        return;
    h->open = false;
    h->count++;
    if (json_array_size(h->ranges) >= RANGES_LISTED_MAX)
        return;
    json_t *one = json_pack("{s:o, s:o, s:b}", "offset", json_number(h->offset), "length",
                            json_number(h->length), "missing", h->missing);
    json_set_text(one, "why", h->why);
    json_array_append_new(h->ranges, one);
}

static ex_code add_range(void *context, const struct vault_hurt_range *range,
                         struct ex_error *err) {
    struct hurt_item *h = context;
    (void)err;
    h->bytes += range->length;
    h->missing_bytes += range->missing ? range->length : 0;
    if (h->open && h->offset + h->length == range->offset && h->missing == range->missing &&
        strncmp(h->why, range->why, sizeof h->why - 1) == 0) {
        h->length += range->length;
        return EX_OK;
    }
    close_range(h);
    h->open = true;
    h->missing = range->missing;
    h->offset = range->offset;
    h->length = range->length;
    (void)snprintf(h->why, sizeof h->why, "%s", range->why);
    return EX_OK;
}

static json_t *item_json(const struct item_truth *i, const struct hurt_item *h) {
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "label", i->label, "id",
                     json_hex(i->id, sizeof i->id), "damaged_bytes", json_number(h->bytes),
                     "missing_bytes", json_number(h->missing_bytes), "ranges",
                     json_incref(h->ranges), "range_count", json_number(h->count));
}

/* The object's own description cannot be had: all of it counts. */
static ex_code add_lost_object(struct hurt_item *h, json_int_t size, const struct ex_error *why) {
    const struct vault_hurt_range all = {.length = size > 0 ? (uint64_t)size : 0,
                                         .missing = why->code == EX_MISSING,
                                         .why = why->text};
    return add_range(h, &all, NULL);
}

/* size: as the ledger has it. */
static ex_code map_object(struct act *act, const struct vault_hurt *hurt, const uint8_t *id,
                          json_int_t size, struct hurt_item *h, struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_error why;
    ex_code code = vault_object(act->vault, id, &o, &why);
    if (code == EX_ALTERED || code == EX_MISSING || code == EX_IO || code == EX_UNSUPPORTED)
        return add_lost_object(h, size, &why);
    if (code != EX_OK && err != NULL)
        *err = why;
    EX_TRY(code);
    code = vault_hurt_map(act->vault, hurt, &o, add_range, h, err);
    vault_object_info_clear(&o);
    return code;
}

ex_code damage_to_items(struct act *act, const struct vault_hurt *hurt, json_t **ret_items,
                        struct ex_error *err) {
    struct truth t = {0};
    EX_AUTO(damage_json_free) json_t *items = json_array();
    EX_TRY(truth_load(act, &t, err));
    ex_code code = EX_OK;
    for (size_t i = 0; code == EX_OK && i < t.item_count; i++) {
        if (t.items[i].approval != 0 || t.items[i].physical)
            continue; /* disposed of, or physical: it has nothing to be hurt */
        struct hurt_item h = {.ranges = json_array()};
        code =
            map_object(act, hurt, t.items[i].object_id,
                       json_integer_value(json_object_get(t.items[i].item, "size_bytes")), &h, err);
        close_range(&h);
        if (code == EX_OK && h.count > 0)
            json_array_append_new(items, item_json(&t.items[i], &h));
        json_decref(h.ranges);
    }
    truth_clear(&t);
    if (code == EX_OK)
        *ret_items = ex_steal(&items);
    return code;
}

struct hurting {
    const struct vault_hurt *hurt;
    struct truth truth;
    json_t *list;
};

static ex_code map_examination(struct act *act, const struct entry *e, void *context,
                               struct ex_error *err) {
    struct hurting *g = context;
    const struct item_truth *i =
        examining_is_kept(e) ? truth_item_by_id(&g->truth, e->item_id) : NULL;
    struct hurt_item h = {.ranges = NULL};
    json_t *what = NULL;
    if (i == NULL || i->approval != 0)
        return EX_OK;
    (void)!project_section(act, e, "what", &what, NULL);
    h.ranges = json_array();
    ex_code code = map_object(act, g->hurt, e->object_id,
                              json_integer_value(json_object_get(what, "size_bytes")), &h, err);
    close_range(&h);
    if (code == EX_OK && h.count > 0) {
        json_t *one = item_json(i, &h);
        json_object_set_new(one, "entry", json_number(e->index));
        json_array_append_new(g->list, one);
    }
    json_decref(h.ranges);
    json_decref(what);
    return code;
}

ex_code damage_to_examinations(struct act *act, const struct vault_hurt *hurt, json_t **ret,
                               struct ex_error *err) {
    struct hurting g = {.hurt = hurt};
    EX_TRY(truth_load(act, &g.truth, err));
    g.list = json_array();
    ex_code code = scan_ledger(act, map_examination, &g, err);
    truth_clear(&g.truth);
    if (code != EX_OK) {
        json_decref(g.list);
        return code;
    }
    *ret = g.list;
    return EX_OK;
}

json_t *damage_brief_json(const json_t *items) {
    json_t *list = json_deep_copy(items), *one;
    size_t i;
    json_array_foreach(list, i, one) json_object_del(one, "ranges");
    return list;
}

json_t *damage_problems_json(const struct vault_check_report *r) {
    json_t *problems = json_array(), *holder = json_object();
    for (size_t i = 0; i < r->problem_count && i < VAULT_PROBLEMS_MAX; i++) {
        json_set_text(holder, "text", r->problem[i]);
        json_array_append(problems, json_object_get(holder, "text"));
    }
    json_decref(holder);
    return problems;
}
