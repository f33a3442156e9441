/* SPDX-License-Identifier: Apache-2.0 */
/* LVM2: the logical volumes of one physical volume, by its own metadata. docs/volumes.md lists what
 * is told, and what of it is compared.
 *
 * Input 0 is the physical volume. Tells a volume for it, logical volumes with their places under
 * that, and what no logical volume uses. Places that are on another physical volume are
 * PARSER_NOWHERE.
 *
 * Format: lib/format_text/layout.h and the text that vgcfgbackup writes (LVM2 2.03).
 */
#ifndef EXHIBIT_PARSERS_LVM_LVM_H
#define EXHIBIT_PARSERS_LVM_LVM_H

#include "parsers/api.h"

/* *ret_told false, and nothing told: no label. One that is damaged is told, with a problem. */
EX_MUST_USE ex_code lvm_tell(struct parser_run *run, bool *ret_told, struct ex_error *err);

#endif
