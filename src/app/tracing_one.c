/* SPDX-License-Identifier: Apache-2.0 */
#include "app/tracing_one_internal.h"

#include "base/cursor.h"

#include <unistd.h>

json_t *tracing_item_json(const struct item_truth *i) {
    return json_pack("{s:s, s:o}", "label", i->label, "id", json_hex(i->id, sizeof i->id));
}

void looking_clear(struct looking *l) {
    found_trace_clear(&l->found);
    truth_clear(&l->truth);
    free(l->path);
}

ex_code looking_up(struct act *act, struct looking *l, struct ex_error *err) {
    char item[2 * ENTRY_ID_BYTES + 1];
    EX_TRY(tracing_find(act, act->request->operand[0], &l->found, err));
    EX_TRY(tracing_item(act, &l->truth, ex_hex(item, l->found.item_id, ENTRY_ID_BYTES), &l->item,
                        err));
    return trace_above(act, &l->found, l->item->object_id, &l->path, err);
}

void tracing_take_back(const struct act *act) {
    if (strcmp(act_flag(act, FLAG_OUTPUT), "-") != 0)
        (void)unlink(act_flag(act, FLAG_OUTPUT));
}
