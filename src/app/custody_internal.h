/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about physical items, hand-overs and custody share. */
#ifndef EXHIBIT_APP_CUSTODY_INTERNAL_H
#define EXHIBIT_APP_CUSTODY_INTERNAL_H

#include "app/act_internal.h"
#include "ledger/custody.h"

/* ---- texts and lists of flags: registering.c ---- */

/* EX_USAGE: a flag that was given holds nothing but spaces. */
EX_MUST_USE ex_code custody_check_text(const struct act *act, enum flag_id id,
                                       struct ex_error *err);
/* "A 17, B 4" as a JSON array, in the order given; [] when the flag was not given. EX_USAGE: an
 * empty word, or one that stands there twice. */
EX_MUST_USE ex_code custody_list(const struct act *act, enum flag_id id, json_t **ret,
                                 struct ex_error *err);
/* The flag's text, or null; for json_pack's "o". */
json_t *custody_text(const struct act *act, enum flag_id id);

/* ---- who holds what: custody_view.c ---- */

/* Reads the entries that custody follows from, with their signatures and rights. */
EX_MUST_USE ex_code custody_load(struct act *act, struct reading *ret, struct ex_error *err);
/* {"id", "name"}; null for an id of zeros. */
json_t *custody_officer_json(struct act *act, const uint8_t id[static ENTRY_ID_BYTES]);
/* A name for a sentence. The caller frees. */
char *custody_officer_name(struct act *act, const uint8_t id[static ENTRY_ID_BYTES]);
/* Is it an id of zeros? */
bool custody_nobody(const uint8_t id[static ENTRY_ID_BYTES]);

/* ---- the custody of one item as JSON: custody_log.c ---- */

/* json.md §4.10; null when no good entry begins the item. Sets the act's verdict when a body that it
 * needs is damaged. */
EX_MUST_USE ex_code custody_json(struct act *act, const struct reading *r,
                                 const struct item_truth *i, json_t **ret, struct ex_error *err);

/* ---- one hand-over, with all its items: handing.c ---- */

struct handing_item {
    const struct item_truth *item;
    const struct custody_item *custody;
    const struct custody_handover *step; /* of this hand-over; NULL while it is being offered */
};

struct handing {
    struct truth truth;
    struct reading reading;
    uint8_t id[ENTRY_ID_BYTES];
    size_t count;
    struct handing_item *item;
    struct draft *draft;  /* one for each item, in the same order */
    const uint8_t *taker; /* of an offer in this vault: must still be in office; or NULL */
    json_t *offer, *why;  /* `what` and `why` of the offer of the first item; may be NULL */
    uint64_t *index;      /* after handing_commit(): the entries of the drafts */
};

EX_MUST_USE ex_code handing_load(struct act *act, struct handing *h, struct ex_error *err);
void handing_clear(struct handing *h);
/* The items that the operands name, each once; EX_NOT_FOUND when one was disposed of. */
EX_MUST_USE ex_code handing_take_items(struct act *act, struct handing *h, struct ex_error *err);
/* The hand-over that the operand names, by its id or the beginning of it, with its items. */
EX_MUST_USE ex_code handing_find(struct act *act, struct handing *h, struct ex_error *err);
/* EX_EXISTS, in words, when it was answered or withdrawn. */
EX_MUST_USE ex_code handing_check_open(const struct handing *h, struct ex_error *err);
/* EX_DENIED: the officer may not offer this item, nor take an offer of it back. */
EX_MUST_USE ex_code handing_check_speaks(struct act *act, const struct handing_item *i,
                                         struct ex_error *err);
/* {"handover", "items": […]} with `step`, the word of the intent. */
json_t *handing_what(struct act *act, const struct handing *h, const char *step);
/* Makes the drafts: one entry `event` by the officer's own key for each item, with {"handover",
 * "item_id", "label", "object"} as the beginning of its `what`. result may be NULL. */
EX_MUST_USE ex_code handing_draft(struct handing *h, const char *event, const char *result,
                                  struct ex_error *err);
/* All drafts and the outcome in one batch, if what the ledger says of these items is still what it
 * said when they were loaded (EX_BUSY). `what` is taken over, also on failure. */
EX_MUST_USE ex_code handing_commit(struct act *act, struct handing *h, const char *result,
                                   json_t *what, struct ex_error *err);
/* The first 8 digits, by which people call it. */
enum { HANDING_SHORT_BYTES = 9 };
const char *handing_short(char to[static HANDING_SHORT_BYTES], const uint8_t *id);

/* ---- hand-overs as JSON: handover_list.c ---- */

/* json.md §4.8, of the hand-over as the ledger has it now. */
EX_MUST_USE ex_code handover_json(struct act *act, const uint8_t id[static ENTRY_ID_BYTES],
                                  json_t **ret, struct ex_error *err);

#endif
