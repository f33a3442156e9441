/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger says is needed: every object that an entry names, but those of items that were
 * disposed of. Nothing is removed on the word of a ledger that is not sound. */
#ifndef EXHIBIT_APP_NEEDED_INTERNAL_H
#define EXHIBIT_APP_NEEDED_INTERNAL_H

#include "app/act_internal.h"

struct needed {
    struct act *act;
    uint64_t read_size; /* of the ledger when the list was made; 0: not yet */
    size_t count, capacity;
    uint8_t (*object)[SHA256_BYTES];
    size_t item_count, item_capacity, gone_count, gone_capacity;
    struct needed_item {
        uint8_t id[ENTRY_ID_BYTES], object[SHA256_BYTES];
        bool examination;            /* the object is what an examination of the item found */
    } * item;                        /* every one that was ever held */
    uint8_t (*gone)[ENTRY_ID_BYTES]; /* the items that are disposed of */
    size_t settled_count, settled_capacity;
    uint8_t (*settled)[VAULT_PACK_ID_BYTES];
    int level;
    uint64_t cut_back; /* the last entry that says that entries after it were gone; 0: none */
};

/* Checks the history; sets objects, context and settled of the options. EX_ALTERED, EX_SIGNATURE:
 * the ledger is not sound. */
EX_MUST_USE ex_code needed_open(struct act *act, struct needed *n,
                                struct vault_compact_options *options, struct ex_error *err);
void needed_close(struct needed *n);
/* What goes with an item: its own object, and what its examinations found. The caller frees. */
EX_MUST_USE ex_code needed_objects_of(const struct needed *n,
                                      const uint8_t item_id[static ENTRY_ID_BYTES],
                                      uint8_t (**ret)[SHA256_BYTES], size_t *ret_count,
                                      struct ex_error *err);
/* Reads again what came since. */
EX_MUST_USE ex_code needed_refresh(struct needed *n, struct ex_error *err);
/* The failure of a plan, with the label of the item that stopped it. */
ex_code needed_explain(struct needed *n, const struct vault_compact_report *r,
                       const struct ex_error *why, struct ex_error *err);

/* ---- shared by compaction and disposal: compacting.c ---- */

/* json.md §4.6 */
json_t *json_compacted(const struct vault_compact_report *r);
/* Writes the outcome of a failure with what was done before it; takes `what` over. */
ex_code compact_failed(struct act *act, json_t *what, const struct ex_error *why);

#endif
