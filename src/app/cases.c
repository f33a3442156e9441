/* SPDX-License-Identifier: Apache-2.0 */
/* Cases and items: what is opened, listed and shown. */
#include "app/examining_internal.h"

#include <sodium.h>

static ex_code number_fits(const char *number, struct ex_error *err) {
    size_t size = strlen(number);
    bool fits = size > 0 && size <= 100 && number[0] != ' ' && number[size - 1] != ' ';
    for (size_t i = 0; fits && i < size; i++)
        fits = number[i] != '/' && (unsigned char)number[i] >= 0x20 && number[i] != 0x7f;
    if (fits)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_USAGE, "\"%.60s\" cannot be a case number", number), err,
        "1 to 100 bytes, no slash (88-2026, not 88/2026), no space at the ends: items are "
        "called NUMBER/1, NUMBER/2…");
}

/* Under the ledger's lock: nobody else can open the same number at the same moment. */
static ex_code number_is_free(struct act *act, struct draft *draft, void *context,
                              struct ex_error *err) {
    struct truth t = {0};
    (void)draft;
    EX_TRY(truth_load(act, &t, err));
    bool taken = truth_case(&t, context) != NULL;
    truth_clear(&t);
    if (taken)
        return ex_hint(ex_fail(err, EX_EXISTS, "there is a case %s already", (const char *)context),
                       err, "exhibit case list shows it");
    return EX_OK;
}

ex_code app_case_new(struct act *act, json_t **ret_result, struct ex_error *err) {
    const char *number = act_flag(act, FLAG_NUMBER), *title = act_flag(act, FLAG_TITLE);
    EX_AUTO_FREE char *wanted = ex_strdup(number);
    EX_TRY(number_fits(number, err));
    if (strlen(title) > EX_LIMIT_TEXT_BYTES)
        return ex_fail(err, EX_LIMIT, "the title is longer than %zu bytes", EX_LIMIT_TEXT_BYTES);
    randombytes_buf(act->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE;
    json_t *json = json_pack("{s:o}", "id", json_hex(act->case_id, sizeof act->case_id));
    json_set_text(json, "number", number);
    json_set_text(json, "title", title);
    ex_code code = act_single(act, json_pack("{s:O}", "case", json), number_is_free, wanted, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:O}", "case", json);
    else
        act->has_ids = 0; /* there is no such case for the failed attempt to belong to */
    json_decref(json);
    return code;
}

static json_t *case_json(const struct case_truth *k) {
    json_t *json =
        json_pack("{s:o, s:n, s:n, s:o, s:o}", "id", json_hex(k->id, sizeof k->id), "number",
                  "title", "opened", json_time(k->opened_ns), "items", json_number(k->items));
    if (k->number != NULL)
        json_set_text(json, "number", k->number);
    if (k->title != NULL)
        json_set_text(json, "title", k->title);
    return json;
}

ex_code app_case_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    EX_TRY(truth_load(act, &t, err));
    json_t *cases = json_array();
    for (size_t i = 0; i < t.case_count; i++) {
        if (t.cases[i].number == NULL || t.cases[i].title == NULL)
            act->verdict = EX_ALTERED; /* the body of its entry is damaged */
        json_array_append_new(cases, case_json(&t.cases[i]));
    }
    truth_clear(&t);
    *ret_result = json_pack("{s:o}", "cases", cases);
    return EX_OK;
}

ex_code app_item_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    const char *number = act_flag(act, FLAG_CASE);
    EX_TRY(truth_load(act, &t, err));
    json_t *items = json_array();
    ex_code code = EX_OK;
    const struct case_truth *k = number != NULL ? truth_case(&t, number) : NULL;
    if (number != NULL && k == NULL)
        code = ex_fail(err, EX_NOT_FOUND, "there is no case \"%.100s\"", number);
    if (code == EX_OK)
        code = act_single(act, act_query_json(act), NULL, NULL, err);
    for (size_t i = 0; code == EX_OK && i < t.item_count; i++) {
        if (k != NULL && memcmp(t.items[i].case_id, k->id, sizeof k->id) != 0)
            continue;
        json_t *one = truth_item_json(&t.items[i]);
        json_object_del(json_object_get(one, "unreadable"), "list");
        if (json_object_get(one, "damaged") != NULL)
            act->verdict = EX_ALTERED;
        json_array_append_new(items, one);
    }
    truth_clear(&t);
    *ret_result = json_pack("{s:o}", "items", items);
    return code;
}

/* An item with everything that the ledger says about it, this very look at it included. */
static ex_code show_item(struct act *act, const struct item_truth *i, json_t **ret_result,
                         struct ex_error *err) {
    json_t *item = NULL, *rows = NULL, *examinations = NULL;
    EX_AUTO_FREE char *map = NULL;
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    if (act_has_flag(act, FLAG_MAP))
        EX_TRY(item_map(act, i, &map, err));
    EX_TRY(examining_of_item(act, i, &examinations, err));
    ex_code code = truth_story(act, i, &item, &rows, err);
    if (code != EX_OK) {
        json_decref(examinations);
        return code;
    }
    *ret_result =
        json_pack("{s:o, s:o, s:o}", "item", item, "examinations", examinations, "history", rows);
    if (map != NULL)
        json_set_text(*ret_result, "map", map);
    return EX_OK;
}

ex_code app_item_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *i;
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act->request->operand[0], &i, err);
    if (code == EX_OK)
        code = show_item(act, i, ret_result, err);
    truth_clear(&t);
    return code;
}

ex_code act_take_case(struct act *act, char **ret_number, struct ex_error *err) {
    struct truth t = {0};
    const char *number = act_flag(act, FLAG_CASE);
    EX_TRY(truth_load(act, &t, err));
    const struct case_truth *k = truth_case(&t, number);
    bool found = k != NULL;
    if (found) {
        memcpy(act->case_id, k->id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE;
        *ret_number = ex_strdup(number);
    }
    truth_clear(&t);
    if (!found)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no case \"%.100s\"", number), err,
                       "open it first: exhibit case new --number N --title T");
    return EX_OK;
}
