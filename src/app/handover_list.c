/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-overs as people see them (json.md §4.8): of each what was offered, by whom, to whom, and
 * what came of it. How they stand follows from the entries; words come from their bodies. */
#include "app/custody_internal.h"

struct listing {
    struct truth truth;
    struct reading reading;
    size_t count, capacity;
    struct listed {
        uint64_t offer; /* the first entry of it */
        uint8_t id[ENTRY_ID_BYTES];
    } * listed;
};

static void listing_clear(struct listing *l) {
    truth_clear(&l->truth);
    reading_clear(&l->reading);
    free(l->listed);
}

static ex_code listing_load(struct act *act, struct listing *l, struct ex_error *err) {
    EX_TRY(truth_load(act, &l->truth, err));
    return custody_load(act, &l->reading, err);
}

/* ---- one ---- */

static const char *state_word(const struct custody_item *c, const struct custody_handover *h) {
    switch (h->answer) {
    case CUSTODY_OPEN:
        return c->ended != 0 ? "lapsed" : "offered";
    case CUSTODY_WITHDRAWN:
        return "withdrawn";
    case CUSTODY_ACCEPTED:
        return "accepted";
    case CUSTODY_EXCEPTED:
        return "accepted-with-exception";
    case CUSTODY_REFUSED:
        return "refused";
    }
    return "?";
}

static json_t *entry_or_null(uint64_t index) {
    return index != 0 ? json_number(index) : json_null();
}

static void copy(json_t *to, const char *key, const json_t *from, const char *from_key) {
    json_t *value = json_object_get(from, from_key);
    json_object_set_new(to, key, value != NULL ? json_incref(value) : json_null());
}

/* Of what came in: as the giver's ledger has it. */
static ex_code add_offer_there(struct act *act, const struct custody_item *c,
                               const struct custody_handover *h, json_t *json,
                               struct ex_error *err) {
    static const char *const keys[] = {"giver", "purpose", "way", "seals", "place", "to_outside"};
    struct quoted q = {0};
    struct ex_error why;
    ex_code code = quote_offer(act, h->offer, c->id, h->id, &q, &why);
    if (code != EX_OK && code != EX_MISSING && code != EX_ALTERED && code != EX_FORMAT) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK)
        json_set_text(json, "damaged", why.text);
    for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++)
        copy(json, keys[n], q.what, keys[n]);
    copy(json, "legal_basis", q.why, "legal_basis");
    copy(json, "giver_agency", q.who, "agency");
    json_object_set_new(json, "offered", q.found ? json_time(q.entry.clock.utc_ns) : json_null());
    quoted_clear(&q);
    return EX_OK;
}

static ex_code add_offer(struct act *act, uint64_t index, json_t *json, struct ex_error *err) {
    static const char *const keys[] = {"purpose", "way", "seals", "place", "to_outside"};
    json_t *row, *what;
    EX_TRY(custody_entry_json(act, index, json, &row, &what, err));
    copy(json, "offered", row, "time");
    copy(json, "legal_basis", row, "legal_basis");
    for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++)
        copy(json, keys[n], what, keys[n]);
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

static ex_code add_answer(struct act *act, uint64_t index, json_t *json, struct ex_error *err) {
    json_t *row, *what;
    EX_TRY(custody_entry_json(act, index, json, &row, &what, err));
    copy(json, "answered", row, "time");
    copy(json, "reason", json_object_get(what, "reason") != NULL ? what : row, "reason");
    copy(json, "exception", what, "exception");
    copy(json, "seals_found", what, "seals");
    copy(json, "place_of_answer", what, "place");
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

static ex_code add_confirmation(struct act *act, uint64_t index, json_t *json,
                                struct ex_error *err) {
    json_t *row, *what;
    EX_TRY(custody_entry_json(act, index, json, &row, &what, err));
    copy(json, "confirmed", row, "time");
    copy(json, "taken_over", what, "taken_over");
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

/* What the taker's hashing found stands in each item's own answer. */
static ex_code item_json(struct act *act, const struct item_truth *i,
                         const struct custody_handover *h, json_t **ret, struct ex_error *err) {
    json_t *json =
        json_pack("{s:o, s:s, s:b, s:o, s:o, s:o}", "id", json_hex(i->id, sizeof i->id), "label",
                  i->label, "physical", i->physical, "offer", json_number(h->offer), "answer",
                  entry_or_null(h->answered), "confirmation", entry_or_null(h->confirmed));
    bool accepted = h->answer == CUSTODY_ACCEPTED || h->answer == CUSTODY_EXCEPTED;
    json_t *row, *what;
    ex_code code = custody_entry_json(act, h->answered, json, &row, &what, err);
    if (code == EX_OK && accepted && !i->physical) {
        copy(json, "sha256_before", what, "before");
        copy(json, "sha256_after", what, "after");
        copy(json, "match", what, "match");
    }
    json_decref(row);
    json_decref(what);
    if (code == EX_OK)
        *ret = json;
    else
        json_decref(json);
    return code;
}

static ex_code add_items(struct act *act, const struct listing *l, const uint8_t *id, json_t *list,
                         struct ex_error *err) {
    for (size_t n = 0; n < l->truth.item_count; n++) {
        const struct item_truth *i = &l->truth.items[n];
        const struct custody_item *c = custody_find(l->reading.history, i->id);
        const struct custody_handover *h = c != NULL ? custody_handover_find(c, id) : NULL;
        json_t *one;
        if (h == NULL)
            continue;
        EX_TRY(item_json(act, i, h, &one, err));
        json_array_append_new(list, one);
    }
    return EX_OK;
}

static const struct custody_handover *first_of(const struct listing *l, const uint8_t *id,
                                               const struct custody_item **ret_item) {
    const struct custody_item *c;
    for (size_t n = 0; (c = custody_at(l->reading.history, n)) != NULL; n++) {
        const struct custody_handover *h = custody_handover_find(c, id);
        *ret_item = c;
        if (h != NULL)
            return h;
    }
    return NULL;
}

static ex_code one_json(struct act *act, const struct listing *l, const uint8_t *id, json_t **ret,
                        struct ex_error *err) {
    static const char *const direction[] = {
        [CUSTODY_WITHIN] = "within", [CUSTODY_OUT] = "out", [CUSTODY_IN] = "in"};
    static const char *const confirmation[] = {
        [CUSTODY_CONFIRMED] = "done", [CUSTODY_DENIED] = "refused"};
    const struct custody_item *c;
    const struct custody_handover *h = first_of(l, id, &c);
    json_t *items = json_array();
    if (h == NULL)
        return ex_fail(err, EX_INTERNAL, "a hand-over that the ledger does not have");
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:o, s:o, s:s*, s:o}", "id", json_hex(id, ENTRY_ID_BYTES),
                  "direction", direction[h->way], "state", state_word(c, h), "giver",
                  custody_officer_json(act, h->giver), "taker", custody_officer_json(act, h->taker),
                  "confirmation", confirmation[h->confirmation], "items", items);
    ex_code code = h->way == CUSTODY_IN ? add_offer_there(act, c, h, json, err)
                                        : add_offer(act, h->offer, json, err);
    if (code == EX_OK)
        code = add_answer(act, h->answered, json, err);
    if (code == EX_OK && h->confirmed != 0)
        code = add_confirmation(act, h->confirmed, json, err);
    if (code == EX_OK)
        code = add_items(act, l, id, items, err);
    if (code == EX_OK)
        *ret = json;
    else
        json_decref(json);
    return code;
}

ex_code handover_json(struct act *act, const uint8_t id[static ENTRY_ID_BYTES], json_t **ret,
                      struct ex_error *err) {
    struct listing l = {0};
    json_t *json;
    ex_code code = listing_load(act, &l, err);
    if (code == EX_OK)
        code = one_json(act, &l, id, &json, err);
    if (code == EX_OK)
        *ret = json_pack("{s:o}", "handover", json);
    listing_clear(&l);
    return code;
}

/* ---- all ---- */

static int by_offer(const void *a, const void *b) {
    const struct listed *x = a, *y = b;
    return x->offer < y->offer ? -1 : x->offer > y->offer;
}

static ex_code collect_ids(struct listing *l, struct ex_error *err) {
    const struct custody_item *c;
    size_t kept = 0;
    for (size_t n = 0; (c = custody_at(l->reading.history, n)) != NULL; n++)
        for (size_t k = 0; k < c->handover_count; k++) {
            EX_TRY(ex_grow(&l->listed, &l->capacity, l->count + 1, sizeof *l->listed,
                           EX_LIMIT_PACK_BYTES, "the list of hand-overs", err));
            l->listed[l->count].offer = c->handover[k].offer;
            memcpy(l->listed[l->count++].id, c->handover[k].id, ENTRY_ID_BYTES);
        }
    if (l->count > 0)
        qsort(l->listed, l->count, sizeof *l->listed, by_offer);
    for (size_t n = 0; n < l->count; n++) { /* the offers of one stand together */
        if (kept == 0 || memcmp(l->listed[kept - 1].id, l->listed[n].id, ENTRY_ID_BYTES) != 0)
            l->listed[kept++] = l->listed[n];
    }
    l->count = kept;
    return EX_OK;
}

static ex_code list_all(struct act *act, struct listing *l, json_t *list, struct ex_error *err) {
    EX_TRY(listing_load(act, l, err));
    EX_TRY(collect_ids(l, err));
    for (size_t n = 0; n < l->count; n++) {
        json_t *one;
        EX_TRY(one_json(act, l, l->listed[n].id, &one, err));
        json_array_append_new(list, one);
    }
    return EX_OK;
}

ex_code app_handover_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct listing l = {0};
    json_t *list = json_array();
    ex_code code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = list_all(act, &l, list, err);
    listing_clear(&l);
    *ret_result = json_pack("{s:o}", "handovers", list);
    return code;
}
