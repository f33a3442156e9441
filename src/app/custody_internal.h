/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about physical items, hand-overs and custody share. */
#ifndef EXHIBIT_APP_CUSTODY_INTERNAL_H
#define EXHIBIT_APP_CUSTODY_INTERNAL_H

#include "app/act_internal.h"

/* EX_USAGE: a flag that was given holds nothing but spaces. */
EX_MUST_USE ex_code custody_check_text(const struct act *act, enum flag_id id,
                                       struct ex_error *err);
/* "A 17, B 4" as a JSON array, in the order given; [] when the flag was not given. EX_USAGE: an
 * empty word, or one that stands there twice. */
EX_MUST_USE ex_code custody_list(const struct act *act, enum flag_id id, json_t **ret,
                                 struct ex_error *err);
/* The flag's text, or null; for json_pack's "o". */
json_t *custody_text(const struct act *act, enum flag_id id);

#endif
