/* SPDX-License-Identifier: Apache-2.0 */
/* Exporting as an E01: exporting_e01.c. */
#ifndef EXHIBIT_APP_EXPORTING_INTERNAL_H
#define EXHIBIT_APP_EXPORTING_INTERNAL_H

#include "app/act_internal.h"
#include "transport/export_e01.h"

#define EXPORTING_E01 "e01" /* the word of --format */

/* Before anything is done: --output, --segment-size, and whether it is an item for that. Without
 * --format e01 only that there is no --segment-size. EX_USAGE, EX_UNSUPPORTED. */
EX_MUST_USE ex_code exporting_e01_check(const struct act *act, const struct item_truth *i,
                                        struct ex_error *err);
/* --segment-size alone. */
EX_MUST_USE ex_code exporting_e01_check_flags(const struct act *act, struct ex_error *err);
/* An E01 holds a disk. */
bool exporting_e01_is_folder(const struct item_truth *i);
/* --segment-size, or what it is without; it was checked. */
uint64_t exporting_e01_segment_bytes(const struct act *act);

/* What the image says of its case, and in which form. Lives no longer than the item. */
struct exporting_form;
EX_MUST_USE ex_code exporting_e01_form(const struct act *act, const struct item_truth *i,
                                       const struct vault_object_info *o,
                                       struct exporting_form **ret, struct ex_error *err);
const struct ewf_form *exporting_e01_ewf(const struct exporting_form *f);
void exporting_e01_form_free(struct exporting_form *f);
EX_DEFINE_AUTO(struct exporting_form, exporting_e01_form_free);

/* The image with its names, and the signed file beside it. */
EX_MUST_USE ex_code exporting_e01_write(struct act *act, const struct item_truth *i,
                                        const struct vault_object_info *o, struct export_e01 **ret,
                                        struct ex_error *err);
/* The text of the file beside an image STEM.E01; NULL: no memory. The caller frees it. */
char *exporting_e01_side(const struct act *act, const struct item_truth *i,
                         const struct vault_object_info *o, const struct exporting_form *form,
                         const char *stem, const struct export_e01_report *r);
/* `image` of json.md §3. */
json_t *exporting_e01_json(const struct act *act, const struct export_e01_report *r,
                           const struct vault_object_info *o);

#endif
