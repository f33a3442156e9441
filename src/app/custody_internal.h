/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about physical items, hand-overs and custody share. */
#ifndef EXHIBIT_APP_CUSTODY_INTERNAL_H
#define EXHIBIT_APP_CUSTODY_INTERNAL_H

#include "app/act_internal.h"
#include "ledger/custody.h"
#include "ledger/excerpt.h"

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
/* The history row and the `what` of an entry (index 0: none), the caller's. Both NULL when its body
 * is not there or damaged: `json` then says so as `damaged`, and the act's verdict is EX_ALTERED. */
EX_MUST_USE ex_code custody_entry_json(struct act *act, uint64_t index, json_t *json,
                                       json_t **ret_row, json_t **ret_what, struct ex_error *err);
/* Is it an id of zeros? */
bool custody_nobody(const uint8_t id[static ENTRY_ID_BYTES]);

/* ---- the custody of one item as JSON: custody_log.c ---- */

/* json.md §4.10; null when no good entry begins the item. Sets the act's verdict when a body that
 * it needs is damaged. */
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
/* The same by the id in h->id. */
EX_MUST_USE ex_code handing_take_handover(struct act *act, struct handing *h, struct ex_error *err);
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

/* ---- what another vault's ledger says: quoting.c ---- */

/* One entry of an excerpt with the sections of its body; each may be NULL. */
struct quoted {
    bool found;
    struct entry entry;
    json_t *what, *who, *why;
};
void quoted_clear(struct quoted *q);
/* By index; or the first one of this event about this item and hand-over. Only a failure to read
 * fails; an excerpt that was checked before has no such. */
EX_MUST_USE ex_code quote_at(const struct excerpt *x, uint64_t index, struct quoted *ret,
                             struct ex_error *err);
EX_MUST_USE ex_code quote_event(const struct excerpt *x, const char *event,
                                const uint8_t item_id[static ENTRY_ID_BYTES],
                                const uint8_t handover_id[static ENTRY_ID_BYTES],
                                struct quoted *ret, struct ex_error *err);
/* The excerpt that came with an import.item. EX_MISSING: it is erased. */
EX_MUST_USE ex_code quote_provenance(struct act *act, uint64_t import_index, struct excerpt **ret,
                                     struct ex_error *err);
/* The offer that came with it. */
EX_MUST_USE ex_code quote_offer(struct act *act, uint64_t import_index,
                                const uint8_t item_id[static ENTRY_ID_BYTES],
                                const uint8_t handover_id[static ENTRY_ID_BYTES],
                                struct quoted *ret, struct ex_error *err);

/* ---- what the other vault gets: receipting.c ---- */

/* Writes to --output the excerpt that answers for this hand-over, or nothing when there is no
 * --output: the entries that began its items and everything about their custody, without what
 * came with them (provenance). */
EX_MUST_USE ex_code receipt_write(struct act *act, const struct handing *h, struct ex_error *err);
/* Sets `output`, and `output_is` (`receipt`, `confirmation`), when one was written. */
void receipt_add_output(const struct act *act, const struct handing *h, json_t *result);

/* ---- hand-overs as JSON: handover_list.c ---- */

/* json.md §4.8, of the hand-over as the ledger has it now. */
EX_MUST_USE ex_code handover_json(struct act *act, const uint8_t id[static ENTRY_ID_BYTES],
                                  json_t **ret, struct ex_error *err);

#endif
