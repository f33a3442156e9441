/* SPDX-License-Identifier: Apache-2.0 */
/* What the other vault gets of a hand-over: the taker's receipt, the giver's confirmation. Both are
 * excerpts of the ledger (format/ledger §7.1), made anew from it whenever one was lost. */
#include "app/custody_internal.h"
#include "app/excerpt_internal.h"

#include "base/file.h"

#include <fcntl.h>

struct picking {
    const struct handing *handing;
    struct picked picked;
};

/* All that the rules of custody need to know of these items: how each began, and every hand-over.
 */
static ex_code pick(struct act *act, const struct entry *e, void *context, struct ex_error *err) {
    struct picking *p = context;
    (void)act;
    (void)err;
    bool handover = strncmp(e->event, "handover.", 9) == 0 && (e->has & ENTRY_HAS_HANDOVER) != 0;
    if ((e->has & ENTRY_HAS_ITEM) == 0 || (!handover && truth_begin(e) == ITEM_NONE))
        return EX_OK;
    for (size_t n = 0; n < p->handing->count; n++)
        if (memcmp(e->item_id, p->handing->item[n].item->id, sizeof e->item_id) == 0)
            picked_add(&p->picked, e->index);
    return EX_OK;
}

static ex_code make_text(struct act *act, const struct handing *h, char **ret, size_t *ret_bytes,
                         struct ex_error *err) {
    struct picking p = {.handing = h};
    EX_TRY(picked_new(act, &p.picked, err));
    ex_code code = scan_ledger(act, pick, &p, err);
    if (code == EX_OK)
        code = excerpt_of_picked(act, &p.picked, 0, "provenance", ret, ret_bytes, err);
    picked_clear(&p.picked);
    return code;
}

ex_code receipt_write(struct act *act, const struct handing *h, struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    EX_AUTO_FREE char *text = NULL;
    char name[HANDING_SHORT_BYTES];
    size_t size;
    if (output == NULL)
        return EX_OK;
    ex_code code = make_text(act, h, &text, &size, err);
    if (code == EX_OK)
        code = strcmp(output, "-") == 0
                   ? ex_write_all(act->face->output_fd, text, size, "standard output", err)
                   : ex_write_file(AT_FDCWD, output, text, size, EX_WRITE_NEW, err);
    if (code == EX_OK || err == NULL)
        return code;
    return ex_hint(code, err, "the ledger has it all: exhibit handover receipt %s --output FILE",
                   handing_short(name, h->id));
}

void receipt_add_output(const struct act *act, const struct handing *h, json_t *result) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    if (output == NULL)
        return;
    json_set_text(result, "output", output);
    json_object_set_new(
        result, "output_is",
        json_string(h->item[0].step->way == CUSTODY_IN ? "receipt" : "confirmation"));
}

/* ---- writing it again ---- */

static ex_code check_answered(const struct handing *h, struct ex_error *err) {
    const struct custody_handover *step = h->item[0].step;
    if (step->way == CUSTODY_WITHIN)
        return ex_fail(err, EX_USAGE, "within a vault nobody needs a receipt: the ledger has it");
    if (step->answer != CUSTODY_OPEN)
        return EX_OK;
    return step->way == CUSTODY_IN
               ? ex_hint(ex_fail(err, EX_NOT_FOUND, "nobody here has answered this offer yet"), err,
                         "exhibit handover accept, or refuse, makes the receipt")
               : ex_hint(ex_fail(err, EX_NOT_FOUND,
                                 "the receipt of the other vault has not been "
                                 "entered yet"),
                         err, "exhibit handover enter FILE, with the receipt");
}

static ex_code write_again(struct act *act, struct handing *h, json_t **ret_result,
                           struct ex_error *err) {
    EX_TRY(act_check_output(act, err));
    EX_TRY(handing_load(act, h, err));
    EX_TRY(handing_find(act, h, err));
    EX_TRY(check_answered(h, err));
    json_t *what = handing_what(act, h, "write");
    json_set_text(what, "output", act_flag(act, FLAG_OUTPUT));
    json_t *outcome = json_copy(what);
    ex_code code = act_intent(act, what, err);
    if (code == EX_OK)
        code = receipt_write(act, h, err);
    if (code != EX_OK) {
        json_decref(outcome);
        return code;
    }
    EX_TRY(act_outcome(act, "done", outcome, NULL, NULL, NULL, err));
    EX_TRY(handover_json(act, h->id, ret_result, err));
    receipt_add_output(act, h, *ret_result);
    return EX_OK;
}

ex_code app_handover_receipt(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct handing h = {0};
    ex_code code = write_again(act, &h, ret_result, err);
    handing_clear(&h);
    return code;
}
