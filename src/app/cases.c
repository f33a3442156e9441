/* SPDX-License-Identifier: Apache-2.0 */
/* Cases and items: what is opened, listed and shown. */
#include "app/act_internal.h"

#include <sodium.h>

ex_code app_case_new(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct catalog_case existing = {0};
    const char *number = act_flag(act, FLAG_NUMBER), *title = act_flag(act, FLAG_TITLE);
    if (*number == '\0' || strchr(number, '/') != NULL || strlen(number) > 100)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%.60s\" cannot be a case number", number), err,
                       "1 to 100 bytes without a slash: items are called NUMBER/1, NUMBER/2…");
    if (strlen(title) > EX_LIMIT_TEXT_BYTES)
        return ex_fail(err, EX_LIMIT, "the title is longer than %zu bytes", EX_LIMIT_TEXT_BYTES);
    ex_code code = catalog_find_case(act->catalog, number, &existing, err);
    catalog_case_clear(&existing);
    if (code == EX_OK)
        return ex_hint(ex_fail(err, EX_EXISTS, "there is a case %s already", number), err,
                       "exhibit case list shows it");
    if (code != EX_NOT_FOUND)
        return code;
    randombytes_buf(act->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE;
    json_t *json = json_pack("{s:o}", "id", json_hex(act->case_id, sizeof act->case_id));
    json_set_text(json, "number", number);
    json_set_text(json, "title", title);
    EX_TRY(act_single(act, json_pack("{s:O}", "case", json), err));
    *ret_result = json_pack("{s:o}", "case", json);
    return EX_OK;
}

static ex_code add_case(void *context, const struct catalog_case *k, struct ex_error *err) {
    json_t *json = json_pack("{s:o, s:s, s:s, s:o, s:o}", "id", json_hex(k->id, sizeof k->id),
                             "number", k->number, "title", k->title, "opened",
                             json_time(k->opened_ns), "items", json_number(k->items));
    (void)err;
    json_array_append_new(context, json);
    return EX_OK;
}

ex_code app_case_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_TRY(act_single(act, act_query_json(act), err));
    json_t *cases = json_array();
    *ret_result = json_pack("{s:o}", "cases", cases);
    return catalog_each_case(act->catalog, add_case, cases, err);
}

static ex_code add_item(void *context, const struct catalog_item *i, struct ex_error *err) {
    json_t *json;
    EX_TRY(json_item(i, &json, err));
    json_object_del(json_object_get(json, "unreadable"), "list");
    json_array_append_new(context, json);
    return EX_OK;
}

ex_code app_item_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_TRY(act_single(act, act_query_json(act), err));
    json_t *items = json_array();
    *ret_result = json_pack("{s:o}", "items", items);
    return catalog_each_item(act->catalog, act_flag(act, FLAG_CASE), add_item, items, err);
}

static ex_code add_row(void *context, const struct catalog_entry *e, struct ex_error *err) {
    json_t *row = json_loads(e->json, 0, NULL);
    if (row == NULL)
        return ex_hint(ex_fail(err, EX_FORMAT, "a row of the catalog is damaged"), err,
                       "run: exhibit rebuild");
    json_array_append_new(context, row);
    return EX_OK;
}

/* An item with everything that the ledger says about it, this very look at it included. */
static ex_code show_item(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct catalog_item i = {0};
    json_t *item = NULL, *rows = json_array();
    ex_code code = catalog_find_item(act->catalog, act->request->operand[0], &i, err);
    if (code == EX_OK) {
        memcpy(act->item_id, i.id, sizeof act->item_id);
        memcpy(act->case_id, i.case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
        code = act_single(act, act_query_json(act), err);
    }
    if (code == EX_OK)
        code = json_item(&i, &item, err);
    if (code == EX_OK)
        code = catalog_each_entry(act->catalog, i.id, add_row, rows, err);
    catalog_item_clear(&i);
    if (code != EX_OK) {
        json_decref(item);
        json_decref(rows);
        return code;
    }
    *ret_result = json_pack("{s:o, s:o}", "item", item, "history", rows);
    return EX_OK;
}

ex_code app_item_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    return show_item(act, ret_result, err);
}

ex_code app_custody_log(struct act *act, json_t **ret_result, struct ex_error *err) {
    return show_item(act, ret_result, err);
}
