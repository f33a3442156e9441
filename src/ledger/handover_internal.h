/* SPDX-License-Identifier: Apache-2.0 */
/* What custody.c and handover.c share. */
#ifndef EXHIBIT_LEDGER_HANDOVER_INTERNAL_H
#define EXHIBIT_LEDGER_HANDOVER_INTERNAL_H

#include "ledger/history_internal.h"

/* NULL: there is no such item. */
struct custody_record *custody_record(const struct history *h, const uint8_t *item_id);
/* From this entry on. officer may be NULL. */
EX_MUST_USE ex_code custody_pass(struct feed *f, struct custody_record *r,
                                 enum custody_holder holder, const uint8_t *officer,
                                 struct ex_error *err);
/* The last passing did not happen: the period before it goes on. Never of the first period. */
void custody_unpass(struct custody_record *r);
EX_MUST_USE ex_code custody_add_handover(struct feed *f, struct custody_record *r,
                                         enum custody_way way, struct ex_error *err);

/* May the entry begin a hand-over of this item (NULL: a new one) by its id? Otherwise a finding. */
bool handover_id_fits(struct feed *f, const struct custody_item *i, enum custody_way way);
EX_MUST_USE ex_code handover_remember(struct feed *f, enum custody_way way, struct ex_error *err);

#endif
