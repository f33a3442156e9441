/* SPDX-License-Identifier: Apache-2.0 */
/* A custody form on its way from the ledger to paper. */
#ifndef EXHIBIT_APP_PRINTING_INTERNAL_H
#define EXHIBIT_APP_PRINTING_INTERNAL_H

#include "app/custody_internal.h"
#include "report/custody_form.h"

struct printing {
    struct act *act;
    const struct item_truth *item;
    struct custody_form form;
    struct custody_form_period *period;
    json_t *kept; /* strings that the form points to */
    const char *seal[CUSTODY_FORM_LIST_MAX], *photograph[CUSTODY_FORM_LIST_MAX];
    const char *finding[CUSTODY_FORM_LIST_MAX];
    uint8_t sha256[SHA256_BYTES], fsverity[SHA256_BYTES], root[MERKLE_BYTES], leaf[MERKLE_BYTES];
};

void printing_clear(struct printing *p);
/* Everything that the form says; act and item are set. Faults become findings of the form and the
 * act's verdict. The reading is that of custody_load(). */
EX_MUST_USE ex_code printing_fill(struct printing *p, const struct truth *t,
                                  const struct reading *r, struct ex_error *err);

#endif
