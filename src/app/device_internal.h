/* SPDX-License-Identifier: Apache-2.0 */
/* A device that is collected: taken before it is read, asked again afterwards, and as JSON. */
#ifndef EXHIBIT_APP_DEVICE_INTERNAL_H
#define EXHIBIT_APP_DEVICE_INTERNAL_H

#include "app/act_internal.h"
#include "source/device.h"
#include "source/source.h"

struct device_held; /* a device for as long as it is collected */

/* Takes the device at the path: claims it, refuses one that is in use without --in-use-reason, and
 * one on which the vault lies in any case; sets the read-only flag, and asks it what it is. NULL in
 * *ret when there is no block device at the path. EX_BUSY, EX_USAGE. */
EX_MUST_USE ex_code device_take(struct act *act, const char *path, struct device_held **ret,
                                struct ex_error *err);
void device_let_go(struct device_held *h);
EX_DEFINE_AUTO(struct device_held, device_let_go);

/* EX_SOURCE: what was opened to be read is not what was taken; `h` may be NULL. */
EX_MUST_USE ex_code device_check_opened(const struct device_held *h,
                                        const struct source_identity *opened, struct ex_error *err);

/* `device` and `device_after` of json.md §4.11; of the latter also `changes` and `warnings`. The
 * latter asks the device again. */
json_t *device_before_json(const struct device_held *h);
json_t *device_after_json(struct device_held *h);
/* After device_after_json(): EX_SOURCE when another medium came into it. */
EX_MUST_USE ex_code device_check_after(const struct device_held *h, struct ex_error *err);
/* Identity alone, as an item has it. */
json_t *device_short_json(const struct device_held *h);
/* There are bytes on it that could not be reached. */
bool device_hides(const struct device_held *h);

/* Is it the device that the ledger describes (json.md §4.11)? By serial number and name when both
 * know one, otherwise by where it hangs; sizes in any case. */
bool device_is_same(const struct device_held *h, json_t *recorded);
/* By which members that was found out: both say something there, and the same. */
json_t *device_same_by(const struct device_held *h, json_t *recorded);

/* ---- what an officer must be told: device_warnings.c ---- */

struct device_told {
    const struct device *device;
    const struct device_use *use;
    size_t use_count;
    enum device_answer_word carries_vault;
    const struct device_flag *flag; /* as it is now */
    const struct device_answers *before, *after;
};
json_t *device_warnings(const struct device_told *t);

/* ---- JSON: device_json.c ---- */

json_t *device_identity_json(const struct device_identity *i);
json_t *device_use_json(const struct device_use *use);
json_t *device_flag_json(const struct device_flag *f);
json_t *device_answers_json(const struct device *d, const struct device_answers *a);
json_t *device_change_json(const struct device_change *c);

#endif
