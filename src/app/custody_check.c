/* SPDX-License-Identifier: Apache-2.0 */
/* `exhibit custody check`: is there for each item, at each instant since the ledger knows it, one
 * holder and no more? The whole ledger is checked first, signatures and rules included: custody is
 * as good as the entries that it follows from. */
#include "app/custody_internal.h"

struct checking {
    struct truth truth;
    struct reading reading;
    struct history_check *history;
    json_t *items;
    uint64_t unbroken, gaps, not_known, bad;
};

/* ---- one item ---- */

/* The words of the history about an entry, without its number. */
static const char *finding_of(const struct history_report *r, uint64_t index) {
    char head[40];
    int size = snprintf(head, sizeof head, "entry %" PRIu64 ": ", index);
    for (size_t n = 0; n < r->text_count && n < HISTORY_TEXTS_MAX; n++)
        if (strncmp(r->text[n], head, (size_t)size) == 0)
            return r->text[n] + size;
    return "it is not good";
}

static void find_bad_entries(const struct checking *c, const struct item_truth *i, json_t *json,
                             bool *ret_bad) {
    for (size_t n = 0; n < c->reading.bad_count; n++) {
        const struct reading_bad *bad = &c->reading.bad[n];
        if (!bad->has_item || memcmp(bad->item_id, i->id, sizeof i->id) != 0)
            continue;
        json_say(json, "findings", "entry %" PRIu64 " counts for nothing: %s", bad->index,
                 finding_of(&c->history->report, bad->index));
        *ret_bad = true;
    }
}

static const char *text_or(json_t *json, const char *key) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "?";
}

/* "2026-11-23 04:37:44 UTC" of an RFC 3339 time. */
enum { SHORT_TIME_BYTES = 32 };
static const char *short_time(char to[static SHORT_TIME_BYTES], const char *time) {
    if (strlen(time) < 19)
        return time;
    (void)snprintf(to, SHORT_TIME_BYTES, "%.10s %.8s UTC", time, time + 11);
    return to;
}

static void find_in_period(const struct custody_period *p, json_t *period, json_t *json) {
    char a[SHORT_TIME_BYTES], b[SHORT_TIME_BYTES];
    const char *name = text_or(json_object_get(period, "officer"), "name");
    const char *from = text_or(period, "from"), *until = text_or(period, "until");
    if (p->holder == CUSTODY_GAP)
        json_say(json, "findings",
                 "a GAP, nobody held it: from %s (entry %" PRIu64 ": %s was retired) until %s",
                 short_time(a, from), p->from, name, p->until != 0 ? short_time(b, until) : "now");
    if (p->holder == CUSTODY_UNKNOWN)
        json_say(json, "findings",
                 "since %s (entry %" PRIu64 ") it is not known whether the giver outside or %s "
                 "holds it: the giver has not confirmed the hand-over",
                 short_time(a, from), p->from, name);
    if (p->until != 0 && strlen(until) == strlen(from) && strcmp(from, until) > 0)
        json_say(json, "findings",
                 "by its clocks the time from entry %" PRIu64 " ends before it begins: one of them "
                 "was wrong",
                 p->from);
}

static void find_in_custody(const struct custody_item *c, json_t *custody, json_t *json) {
    json_t *periods = json_object_get(custody, "periods");
    for (size_t n = 0; n < c->period_count; n++)
        find_in_period(&c->period[n], json_array_get(periods, n), json);
    if (!custody_is_continuous(c))
        json_say(json, "findings", "its periods do not follow each other");
}

static const char *judge(struct checking *c, const struct custody_item *custody, bool bad) {
    bool gap = false, not_known = false;
    for (size_t n = 0; custody != NULL && n < custody->period_count; n++) {
        gap = gap || custody->period[n].holder == CUSTODY_GAP;
        not_known = not_known || custody->period[n].holder == CUSTODY_UNKNOWN;
    }
    bad = bad || custody == NULL || !custody_is_continuous(custody);
    c->bad += bad;
    c->gaps += !bad && gap;
    c->not_known += !bad && !gap && not_known;
    c->unbroken += !bad && !gap && !not_known;
    return bad ? "bad-signature" : gap ? "gap" : not_known ? "not-known" : "unbroken";
}

static ex_code check_item(struct act *act, struct checking *c, const struct item_truth *i,
                          struct ex_error *err) {
    const struct custody_item *custody = custody_find(c->reading.history, i->id);
    json_t *periods = NULL;
    bool bad = false;
    EX_TRY(custody_json(act, &c->reading, i, &periods, err));
    json_t *json = json_pack("{s:o, s:s, s:o, s:[]}", "id", json_hex(i->id, sizeof i->id), "label",
                             i->label, "custody", periods, "findings");
    json_array_append_new(c->items, json);
    find_bad_entries(c, i, json, &bad);
    if (custody != NULL)
        find_in_custody(custody, periods, json);
    else
        json_say(json, "findings", "the entry %" PRIu64 " that brought it in is not good",
                 i->outcome);
    json_object_set_new(json, "verdict", json_string(judge(c, custody, bad)));
    return EX_OK;
}

/* ---- which, and all together ---- */

static ex_code check_items(struct act *act, struct checking *c, struct ex_error *err) {
    const struct request *r = act->request;
    const struct item_truth *i;
    EX_TRY(custody_load(act, &c->reading, err));
    for (size_t n = 0; r->operand_count == 0 && n < c->truth.item_count; n++)
        EX_TRY(check_item(act, c, &c->truth.items[n], err));
    for (unsigned n = 0; n < r->operand_count; n++) {
        EX_TRY(truth_find(&c->truth, r->operand[n], &i, err));
        EX_TRY(check_item(act, c, i, err));
    }
    return EX_OK;
}

/* Every name is looked at before anything is recorded or checked. */
static ex_code begin(struct act *act, struct checking *c, struct ex_error *err) {
    const struct request *r = act->request;
    const struct item_truth *i;
    if (act_has_flag(act, FLAG_ALL) == (r->operand_count > 0))
        return ex_hint(ex_fail(err, EX_USAGE, "say of which items to check the custody"), err,
                       "name them, or use --all");
    EX_TRY(truth_load(act, &c->truth, err));
    for (unsigned n = 0; n < r->operand_count; n++) {
        EX_TRY(truth_find(&c->truth, r->operand[n], &i, err));
        if (r->operand_count > 1)
            continue;
        memcpy(act->item_id, i->id, sizeof act->item_id);
        memcpy(act->case_id, i->case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    }
    return act_single(act, act_query_json(act), NULL, NULL, err);
}

static json_t *claims_json(struct act *act, struct checking *c) {
    struct ex_clock now;
    ex_clock_read(&now);
    json_t *history = claim_history(c->history, now.utc_ns, &act->verdict);
    json_t *signers = claim_signers(c->history, now.utc_ns, &act->verdict);
    return json_pack("{s:o, s:o}", "history", history, "signers", signers);
}

static void say_limits(json_t *result) {
    json_object_set_new(result, "does_not_prove", json_array());
    json_say(result, "does_not_prove",
             "anything about the time before an item came into this ledger: who held it then, and "
             "whether it was what it is now");
    json_say(
        result, "does_not_prove",
        "that the holder kept it in their hands: only that they signed for it, and nobody else "
        "did until they passed it on");
}

static ex_code check(struct act *act, struct checking *c, json_t **ret_result,
                     struct ex_error *err) {
    EX_TRY(begin(act, c, err));
    EX_TRY(check_history(act, c->history, err));
    EX_TRY(check_items(act, c, err));
    json_t *claims = claims_json(act, c);
    claim_worse(&act->verdict, c->bad > 0                        ? EX_SIGNATURE
                               : c->gaps > 0 || c->not_known > 0 ? EX_PARTIAL
                                                                 : EX_OK);
    *ret_result = json_pack("{s:{s:o, s:o, s:o, s:o}, s:O, s:o}", "counts", "unbroken",
                            json_number(c->unbroken), "gaps", json_number(c->gaps), "not_known",
                            json_number(c->not_known), "bad", json_number(c->bad), "items",
                            c->items, "claims", claims);
    say_limits(*ret_result);
    return EX_OK;
}

ex_code app_custody_check(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct checking c = {.items = json_array(), .history = ex_new0(struct history_check)};
    ex_code code = check(act, &c, ret_result, err);
    truth_clear(&c.truth);
    reading_clear(&c.reading);
    free(c.history);
    json_decref(c.items);
    return code;
}
