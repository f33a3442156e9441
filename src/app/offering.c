/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of offering items to another officer or another vault, and of taking that back. */
#include "app/custody_internal.h"

#include <sodium.h>

struct offering {
    struct handing handing;
    const struct history_officer *taker;
    struct note_key vault; /* without a taker: the vault outside */
    json_t *terms;         /* what each entry says: purpose, way, seals, place, giver, taker */
};

static ex_code check_texts(const struct act *act, struct ex_error *err) {
    static const enum flag_id texts[] = {FLAG_PURPOSE,   FLAG_LEGAL_BASIS, FLAG_TO,
                                         FLAG_WAY,       FLAG_PLACE,       FLAG_REASON,
                                         FLAG_TO_AGENCY, FLAG_TO_OFFICER};
    for (size_t n = 0; n < sizeof texts / sizeof texts[0]; n++)
        EX_TRY(custody_check_text(act, texts[n], err));
    return EX_OK;
}

/* ---- may it be offered, and to whom ---- */

/* The other vault by the key on its paper, and never this one. */
static ex_code check_vault(struct act *act, struct offering *o, struct ex_error *err) {
    const struct note_key *own = &vault_config(act->vault)->key;
    if (!act_has_flag(act, FLAG_TO_AGENCY) || !act_has_flag(act, FLAG_TO_OFFICER))
        return ex_hint(ex_fail(err, EX_USAGE, "say whose vault it is, and who is to sign there"),
                       err, "--to-agency TEXT and --to-officer TEXT");
    if (note_key_parse(act_flag(act, FLAG_TO_VAULT), &o->vault, err) != EX_OK ||
        o->vault.type != NOTE_TYPE_ED25519)
        return ex_hint(ex_fail(err, EX_USAGE, "--to-vault takes a vault key, and this is none"),
                       err, "it begins with exhibit-vault/ and stands on the paper of that vault");
    if (strcmp(o->vault.name, own->name) == 0 ||
        memcmp(o->vault.public_key, own->public_key, sizeof own->public_key) == 0)
        return ex_hint(ex_fail(err, EX_USAGE, "that is the key of this vault"), err,
                       "to an officer of this vault: --to OFFICER");
    return EX_OK;
}

static ex_code check_to(const struct act *act, struct ex_error *err) {
    bool vault = act_has_flag(act, FLAG_TO_VAULT);
    if (vault == act_has_flag(act, FLAG_TO))
        return ex_hint(ex_fail(err, EX_USAGE, "say to whom it is offered"), err,
                       "--to OFFICER, or --to-vault VKEY with --to-agency and --to-officer");
    if (!vault && (act_has_flag(act, FLAG_TO_AGENCY) || act_has_flag(act, FLAG_TO_OFFICER)))
        return ex_fail(err, EX_USAGE, "--to-agency and --to-officer go with --to-vault");
    return EX_OK;
}

static ex_code check_taker(struct act *act, struct offering *o, struct ex_error *err) {
    const char *to = act_flag(act, FLAG_TO);
    EX_TRY(roster_in_office(act, to, &o->taker, err));
    if (memcmp(o->taker->id, act->officer.id, sizeof o->taker->id) == 0)
        return ex_fail(err, EX_USAGE, "nobody hands over to themselves");
    if (!history_officer_may(o->taker, "handover"))
        return ex_hint(ex_fail(err, EX_DENIED,
                               "%.100s could not sign for it: the permission \"handover\" is "
                               "missing",
                               to),
                       err, "exhibit officer list shows who may");
    o->handing.taker = o->taker->id;
    return EX_OK;
}

static ex_code check_items(struct act *act, const struct handing *h, struct ex_error *err) {
    char name[HANDING_SHORT_BYTES];
    for (size_t n = 0; n < h->count; n++) {
        const struct custody_handover *open = custody_open(h->item[n].custody);
        if (open != NULL && open->way != CUSTODY_IN)
            return ex_hint(
                ex_fail(err, EX_EXISTS,
                        "item %s is offered already, in hand-over %s (entry %" PRIu64 ")",
                        h->item[n].item->label, handing_short(name, open->id), open->offer),
                err, "exhibit handover withdraw %s --reason TEXT takes that back", name);
        EX_TRY(handing_check_speaks(act, &h->item[n], err));
    }
    return EX_OK;
}

/* ---- the offer ---- */

static ex_code make_terms(struct act *act, struct offering *o, struct ex_error *err) {
    json_t *seals = NULL;
    char vkey[NOTE_VKEY_MAX];
    EX_TRY(custody_list(act, FLAG_SEALS, &seals, err));
    json_t *outside =
        o->taker == NULL
            ? json_pack("{s:s, s:s, s:o, s:o}", "vault_key", note_key_text(&o->vault, vkey), "log",
                        o->vault.name, "agency", custody_text(act, FLAG_TO_AGENCY), "officer",
                        custody_text(act, FLAG_TO_OFFICER))
            : json_null();
    o->terms = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "giver", custody_officer_json(act, act->officer.id),
        "taker", o->taker != NULL ? custody_officer_json(act, o->taker->id) : json_null(),
        "to_outside", outside, "purpose", custody_text(act, FLAG_PURPOSE), "way",
        custody_text(act, FLAG_WAY), "seals", seals, "place", custody_text(act, FLAG_PLACE));
    return EX_OK;
}

static ex_code draft_offers(struct offering *o, struct ex_error *err) {
    struct handing *h = &o->handing;
    EX_TRY(handing_draft(h, "handover.offer", NULL, err));
    for (size_t n = 0; n < h->count; n++) {
        struct entry *e = &h->draft[n].entry;
        json_object_update(h->draft[n].what, o->terms);
        if (o->taker == NULL)
            continue;
        e->has |= ENTRY_HAS_OFFICER;
        memcpy(e->officer_id, o->taker->id, sizeof e->officer_id);
    }
    return EX_OK;
}

static ex_code offer(struct act *act, struct offering *o, json_t **ret_result,
                     struct ex_error *err) {
    struct handing *h = &o->handing;
    EX_TRY(check_texts(act, err));
    EX_TRY(check_to(act, err));
    EX_TRY(handing_load(act, h, err));
    EX_TRY(handing_take_items(act, h, err));
    EX_TRY(act_has_flag(act, FLAG_TO) ? check_taker(act, o, err) : check_vault(act, o, err));
    EX_TRY(check_items(act, h, err));
    EX_TRY(make_terms(act, o, err));
    randombytes_buf(h->id, sizeof h->id);
    json_t *what = handing_what(act, h, "offer");
    json_object_update(what, o->terms);
    EX_TRY(act_intent(act, what, err));
    EX_TRY(draft_offers(o, err));
    EX_TRY(handing_commit(act, h, "done", handing_what(act, h, "offer"), err));
    return handover_json(act, h->id, ret_result, err);
}

ex_code app_handover_offer(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct offering o = {0};
    ex_code code = offer(act, &o, ret_result, err);
    handing_clear(&o.handing);
    json_decref(o.terms);
    return code;
}

/* ---- taking it back ---- */

static ex_code withdraw(struct act *act, struct handing *h, json_t **ret_result,
                        struct ex_error *err) {
    EX_TRY(custody_check_text(act, FLAG_REASON, err));
    EX_TRY(handing_load(act, h, err));
    EX_TRY(handing_find(act, h, err));
    EX_TRY(handing_check_open(h, err));
    if (h->item[0].step->way == CUSTODY_IN)
        return ex_hint(ex_fail(err, EX_DENIED,
                               "another vault offers this: only there can it be "
                               "withdrawn"),
                       err, "here it can be accepted or refused");
    for (size_t n = 0; n < h->count; n++)
        EX_TRY(handing_check_speaks(act, &h->item[n], err));
    EX_TRY(act_intent(act, handing_what(act, h, "withdraw"), err));
    EX_TRY(handing_draft(h, "handover.withdraw", NULL, err));
    EX_TRY(handing_commit(act, h, "done", handing_what(act, h, "withdraw"), err));
    return handover_json(act, h->id, ret_result, err);
}

ex_code app_handover_withdraw(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct handing h = {0};
    ex_code code = withdraw(act, &h, ret_result, err);
    handing_clear(&h);
    return code;
}
