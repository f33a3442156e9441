/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries of the own ledger go out of the house, and the excerpt of them (format/ledger §7.1,
 * format/package §3). */
#ifndef EXHIBIT_APP_EXCERPT_INTERNAL_H
#define EXHIBIT_APP_EXCERPT_INTERNAL_H

#include "app/act_internal.h"
#include "ledger/excerpt.h"

/* A set of entries, by index. */
struct picked {
    uint64_t size; /* of the ledger when it began */
    uint8_t *bits;
    uint8_t *shown;    /* those that go with their bodies */
    uint64_t left_out; /* entries about the items that stay behind, because they name others */
};
EX_MUST_USE ex_code picked_new(struct act *act, struct picked *ret, struct ex_error *err);
void picked_clear(struct picked *p);
void picked_add(struct picked *p, uint64_t index);
bool picked_has(const struct picked *p, uint64_t index);

/* Everything that package.md §3 says, of these items. */
EX_MUST_USE ex_code pick_items(struct act *act, const uint8_t (*item_id)[ENTRY_ID_BYTES],
                               size_t count, struct picked *p, struct ex_error *err);
/* The excerpt of what was picked: completed by who may sign it. withhold: the name of a section
 * that is left out of every body; NULL: none. The caller frees *ret. */
EX_MUST_USE ex_code excerpt_of_picked(struct act *act, struct picked *p, uint64_t since,
                                      const char *withhold, char **ret, size_t *ret_bytes,
                                      struct ex_error *err);

#endif
