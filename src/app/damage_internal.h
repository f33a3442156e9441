/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of stored bytes, told as damage of items. */
#ifndef EXHIBIT_APP_DAMAGE_INTERNAL_H
#define EXHIBIT_APP_DAMAGE_INTERNAL_H

#include "app/act_internal.h"

static inline void damage_json_free(json_t *json) {
    json_decref(json);
}
EX_DEFINE_AUTO(json_t, damage_json_free);

/* Items of which no good copy of every byte is known: [{"label", "id", "damaged_bytes",
 * "missing_bytes", "ranges": [{"offset", "length", "missing", "why"}], "range_count"}], empty when
 * the damage hurts nothing that is held. */
EX_MUST_USE ex_code damage_to_items(struct act *act, const struct vault_hurt *hurt,
                                    json_t **ret_items, struct ex_error *err);
/* The same of what examinations of items found, each with `entry`, its outcome. */
EX_MUST_USE ex_code damage_to_examinations(struct act *act, const struct vault_hurt *hurt,
                                           json_t **ret, struct ex_error *err);
/* The same without the ranges, for an entry's body: how much, and in how many places. */
json_t *damage_brief_json(const json_t *items);
/* The texts that there was room for. */
json_t *damage_problems_json(const struct vault_check_report *r);

/* When packs were verified, anew from the ledger's scrub.outcome entries. */
EX_MUST_USE ex_code scrub_rebuild_dates(struct act *act, struct ex_error *err);

#endif
