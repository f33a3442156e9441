/* SPDX-License-Identifier: Apache-2.0 */
/* `exhibit custody log`: who held an item, from when to when, how it passed and why, and every
 * entry about it. Who and when follow from the entries (ledger/custody.h), the words from their
 * bodies. */
#include "app/custody_internal.h"

/* ---- words of a hand-over ---- */

static void copy(json_t *to, const char *key, json_t *from, const char *from_key) {
    json_t *value = json_object_get(from, from_key);
    if (value != NULL && !json_is_null(value))
        json_object_set(to, key, value);
}

/* As the giver's ledger has it; without a word when that is erased. */
static ex_code add_offer_there(struct act *act, const struct custody_item *c,
                               const struct custody_handover *h, json_t *json,
                               struct ex_error *err) {
    static const char *const keys[] = {"purpose", "way", "place", "seals", "to_outside"};
    struct quoted q = {0};
    struct ex_error why;
    ex_code code = quote_offer(act, h->offer, c->id, h->id, &q, &why);
    if (code != EX_OK && code != EX_MISSING && code != EX_ALTERED && code != EX_FORMAT) {
        if (err != NULL)
            *err = why;
        return code;
    }
    for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++)
        copy(json, keys[n], q.what, keys[n]);
    copy(json, "legal_basis", q.why, "legal_basis");
    json_object_set_new(json, "offer_entry", json_number(h->offer));
    if (q.found) {
        json_t *giver = json_object_get(q.what, "giver");
        json_object_set_new(json, "offered", json_time(q.entry.clock.utc_ns));
        json_object_set_new(json, "from_outside",
                            json_pack("{s:s, s:O?, s:O?}", "log", q.entry.origin, "agency",
                                      json_object_get(q.who, "agency"), "officer",
                                      json_object_get(giver, "name")));
    }
    quoted_clear(&q);
    return EX_OK;
}

static ex_code add_offer_words(struct act *act, const struct custody_item *c,
                               const struct custody_handover *h, json_t *json,
                               struct ex_error *err) {
    static const char *const keys[] = {"purpose", "way", "place", "seals", "to_outside"};
    json_t *row, *what;
    if (h->way == CUSTODY_IN)
        return add_offer_there(act, c, h, json, err);
    EX_TRY(custody_entry_json(act, h->offer, json, &row, &what, err));
    for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++)
        copy(json, keys[n], what, keys[n]);
    copy(json, "legal_basis", row, "legal_basis");
    copy(json, "offered", row, "time");
    json_object_set_new(json, "offer_entry", json_number(h->offer));
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

static ex_code add_answer_words(struct act *act, uint64_t index, json_t *json,
                                struct ex_error *err) {
    json_t *row, *what;
    EX_TRY(custody_entry_json(act, index, json, &row, &what, err));
    copy(json, "exception", what, "exception");
    copy(json, "seals_found", what, "seals");
    copy(json, "place_of_answer", what, "place");
    copy(json, "match", what, "match");
    json_object_set_new(json, "answer_entry", json_number(index));
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

/* ---- one period ---- */

static const char *holder_word(enum custody_holder holder) {
    static const char *const words[] = {[CUSTODY_OFFICER] = "officer",
                                        [CUSTODY_OUTSIDE] = "outside",
                                        [CUSTODY_UNKNOWN] = "not-known",
                                        [CUSTODY_GAP] = "gap"};
    return words[holder];
}

/* When it began: at the entry, or at the instant that the other vault's ledger gave. */
static ex_code add_beginning(struct act *act, const struct custody_period *p, json_t *json,
                             struct ex_error *err) {
    json_t *row, *what;
    json_object_set_new(json, "event", json_string(p->event));
    json_object_set_new(json, "from_entry", json_number(p->from));
    json_object_set_new(json, "from_elsewhere", json_boolean(p->from_elsewhere));
    json_object_set_new(json, "from", json_time(p->from_ns));
    EX_TRY(custody_entry_json(act, p->from, json, &row, &what, err));
    copy(json, "reason", row, "reason");
    if (p->from_elsewhere) {
        json_object_set_new(json, "from", json_null());
        copy(json, "from", what, "taken_over");
    }
    if (strcmp(p->event, "import.item") == 0) {
        json_t *package = json_object_get(what, "package");
        json_t *log = json_object_get(package, "log");
        json_object_set_new(json, "from_outside", json_pack("{s:O?}", "log", log));
    }
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

static ex_code period_json(struct act *act, const struct custody_item *c,
                           const struct custody_period *p, json_t *json, struct ex_error *err) {
    const struct custody_handover *h =
        p->has_handover ? custody_handover_find(c, p->handover) : NULL;
    json_object_set_new(json, "holder", json_string(holder_word(p->holder)));
    json_object_set_new(json, "officer", custody_officer_json(act, p->officer));
    EX_TRY(add_beginning(act, p, json, err));
    if (h == NULL)
        return EX_OK;
    json_object_set_new(json, "handover", json_hex(h->id, sizeof h->id));
    EX_TRY(add_offer_words(act, c, h, json, err));
    bool answered = h->answered != 0 && p->from >= h->answered;
    return answered ? add_answer_words(act, h->answered, json, err) : EX_OK;
}

/* Each ends where the next one begins, also where that is told by another clock. */
static void add_ends(const struct custody_item *c, json_t *periods) {
    for (size_t n = 0; n < c->period_count; n++) {
        json_t *json = json_array_get(periods, n), *next = json_array_get(periods, n + 1);
        const struct custody_period *p = &c->period[n];
        json_object_set_new(json, "until_entry",
                            p->until != 0 ? json_number(p->until) : json_null());
        json_object_set_new(json, "until_elsewhere", json_boolean(p->until_elsewhere));
        json_object_set_new(json, "until",
                            p->until == 0  ? json_null()
                            : next != NULL ? json_incref(json_object_get(next, "from"))
                                           : json_time(p->until_ns));
    }
}

static ex_code periods_json(struct act *act, const struct custody_item *c, json_t *periods,
                            struct ex_error *err) {
    for (size_t n = 0; n < c->period_count; n++) {
        json_t *one = json_object();
        json_array_append_new(periods, one);
        EX_TRY(period_json(act, c, &c->period[n], one, err));
    }
    add_ends(c, periods);
    return EX_OK;
}

/* ---- the whole ---- */

static ex_code add_open_offer(struct act *act, const struct custody_item *c, json_t *json,
                              struct ex_error *err) {
    const struct custody_handover *h = custody_open(c);
    json_object_set_new(json, "open_offer", json_null());
    if (h == NULL)
        return EX_OK;
    json_t *offer = json_pack("{s:o, s:o}", "handover", json_hex(h->id, sizeof h->id), "taker",
                              custody_officer_json(act, h->taker));
    json_object_set_new(json, "open_offer", offer);
    return add_offer_words(act, c, h, offer, err);
}

static uint64_t count_kind(const struct custody_item *c, enum custody_holder kind) {
    uint64_t count = 0;
    for (size_t n = 0; n < c->period_count; n++)
        count += c->period[n].holder == kind;
    return count;
}

ex_code custody_json(struct act *act, const struct reading *r, const struct item_truth *i,
                     json_t **ret, struct ex_error *err) {
    const struct custody_item *c = custody_find(r->history, i->id);
    json_t *periods = json_array();
    if (c == NULL) {
        json_decref(periods);
        *ret = json_null();
        return EX_OK;
    }
    json_t *json = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "known_since",
                             json_time(c->period[0].from_ns), "known_since_entry",
                             json_number(c->begun), "known_by", c->period[0].event, "ended_entry",
                             c->ended != 0 ? json_number(c->ended) : json_null(), "gaps",
                             json_number(count_kind(c, CUSTODY_GAP)), "not_known",
                             json_number(count_kind(c, CUSTODY_UNKNOWN)), "periods", periods);
    ex_code code = periods_json(act, c, periods, err);
    if (code == EX_OK)
        code = add_open_offer(act, c, json, err);
    if (code == EX_OK)
        *ret = json;
    else
        json_decref(json);
    return code;
}

static ex_code log_item(struct act *act, const struct item_truth *i, json_t **ret_result,
                        struct ex_error *err) {
    json_t *item = NULL, *rows = NULL, *custody = NULL;
    struct reading r;
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    EX_TRY(custody_load(act, &r, err));
    ex_code code = custody_json(act, &r, i, &custody, err);
    reading_clear(&r);
    if (code == EX_OK)
        code = truth_story(act, i, &item, &rows, err);
    if (code == EX_OK)
        *ret_result =
            json_pack("{s:o, s:O, s:o}", "item", item, "custody", custody, "history", rows);
    json_decref(custody);
    return code;
}

ex_code app_custody_log(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *i;
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act->request->operand[0], &i, err);
    if (code == EX_OK)
        code = log_item(act, i, ret_result, err);
    truth_clear(&t);
    return code;
}
