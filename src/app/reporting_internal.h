/* SPDX-License-Identifier: Apache-2.0 */
/* What reports of an item share. */
#ifndef EXHIBIT_APP_REPORTING_INTERNAL_H
#define EXHIBIT_APP_REPORTING_INTERNAL_H

#include "app/custody_internal.h"

/* Something that is wrong with what a report is made from: the act's verdict becomes EX_ALTERED. */
void reporting_add_finding(struct act *act, json_t *findings, const char *text);
/* Are the signatures of the entries about an item good, and were their officers allowed to make
 * them? What is not goes into `findings`. */
EX_MUST_USE ex_code reporting_check_entries(struct act *act, const struct item_truth *item,
                                            const json_t *item_json, json_t *findings,
                                            struct ex_error *err);
/* {"time", "by", "by_id", "program", "version"}: of a report that is made now. */
json_t *reporting_made_json(const struct act *act);

#endif
