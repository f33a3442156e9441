/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of registering a physical item: a thing in a bag, which has a label, a holder and a
 * history like every item, and no bytes. Photographs of it are items that are held already. */
#include "app/custody_internal.h"

#include <sodium.h>

/* ---- texts and lists of flags ---- */

static bool is_blank(const char *text) {
    return text[strspn(text, " \t\n")] == '\0';
}

ex_code custody_check_text(const struct act *act, enum flag_id id, struct ex_error *err) {
    const char *text = act_flag(act, id);
    if (text == NULL || !is_blank(text))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "--%s is empty", flag_table[id].name), err,
                   "it goes into the ledger for good: say what is so");
}

json_t *custody_text(const struct act *act, enum flag_id id) {
    json_t *holder = json_object(), *text;
    if (act_has_flag(act, id))
        json_set_text(holder, "text", act_flag(act, id));
    text = json_incref(json_object_get(holder, "text"));
    json_decref(holder);
    return text != NULL ? text : json_null();
}

static bool list_has(const json_t *list, const char *word) {
    const json_t *one;
    size_t n;
    json_array_foreach(list, n, one) {
        if (strcmp(json_string_value(one), word) == 0)
            return true;
    }
    return false;
}

ex_code custody_list(const struct act *act, enum flag_id id, json_t **ret, struct ex_error *err) {
    const char *text = act_flag(act, id);
    json_t *list = json_array();
    for (size_t size; text != NULL; text = text[size] == ',' ? text + size + 1 : NULL) {
        size = strcspn(text, ",");
        size_t from = strspn(text, " "), to = size;
        while (to > from && text[to - 1] == ' ')
            to--;
        json_t *word = from < to ? json_stringn(text + from, to - from) : NULL;
        bool bad = word == NULL || list_has(list, json_string_value(word));
        json_array_append_new(list, word);
        if (!bad)
            continue;
        json_decref(list);
        return ex_hint(
            ex_fail(err, EX_USAGE, "--%s has an empty word, or one twice", flag_table[id].name),
            err, "words with commas between them");
    }
    *ret = list;
    return EX_OK;
}

/* ---- item register ---- */

struct registering {
    char *number; /* of the case */
    json_t *seals, *photographs;
    json_t *item; /* set by finish_item */
};

static ex_code find_case(struct act *act, const struct truth *t, struct registering *r,
                         struct ex_error *err) {
    const char *number = act_flag(act, FLAG_CASE);
    const struct case_truth *k = truth_case(t, number);
    if (k == NULL)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no case \"%.100s\"", number), err,
                       "open it first: exhibit case new --number N --title T");
    memcpy(act->case_id, k->id, sizeof act->case_id);
    r->number = ex_strdup(number);
    return EX_OK;
}

/* Labels become what they stand for: the item, its object and its hash, and the label of today. */
static ex_code find_photographs(const struct truth *t, json_t *labels, json_t **ret,
                                struct ex_error *err) {
    json_t *label, *list = json_array();
    size_t n;
    ex_code code = EX_OK;
    json_array_foreach(labels, n, label) {
        const struct item_truth *i;
        code = truth_find(t, json_string_value(label), &i, err);
        if (code == EX_OK && i->approval != 0)
            code = truth_fail_disposed(i, err);
        if (code == EX_OK && i->physical)
            code = ex_fail(err, EX_USAGE, "item %s is physical, and no photograph", i->label);
        if (code == EX_OK && json_object_get(i->item, "sha256") == NULL)
            code = ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", i->label);
        if (code != EX_OK)
            break;
        json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:O}", "id",
                                              json_hex(i->id, sizeof i->id), "label", i->label,
                                              "object", json_hex(i->object_id, sizeof i->object_id),
                                              "sha256", json_object_get(i->item, "sha256")));
    }
    *ret = list;
    return code;
}

static ex_code prepare(struct act *act, struct registering *r, struct ex_error *err) {
    static const enum flag_id texts[] = {FLAG_DESCRIPTION, FLAG_SERIAL, FLAG_PLACE};
    struct truth t = {0};
    json_t *labels = NULL;
    for (size_t n = 0; n < sizeof texts / sizeof texts[0]; n++)
        EX_TRY(custody_check_text(act, texts[n], err));
    EX_TRY(custody_list(act, FLAG_SEALS, &r->seals, err));
    EX_TRY(custody_list(act, FLAG_PHOTOGRAPHS, &labels, err));
    ex_code code = truth_load(act, &t, err);
    if (code == EX_OK)
        code = find_case(act, &t, r, err);
    if (code == EX_OK)
        code = find_photographs(&t, labels, &r->photographs, err);
    truth_clear(&t);
    json_decref(labels);
    return code;
}

/* Under the ledger's lock: only now is it known which number the item gets. */
static ex_code finish_item(struct act *act, struct draft *draft, void *context,
                           struct ex_error *err) {
    struct registering *r = context;
    char label[ITEM_LABEL_BYTES];
    EX_TRY(truth_next_label(act, act->case_id, r->number, label, err));
    r->item = json_pack(
        "{s:o, s:s, s:o, s:{s:o, s:s}, s:b, s:o, s:o, s:O, s:o, s:O, s:s}", "id",
        json_hex(act->item_id, sizeof act->item_id), "label", label, "label_text",
        custody_text(act, FLAG_LABEL), "case", "id", json_hex(act->case_id, sizeof act->case_id),
        "number", r->number, "physical", 1, "description", custody_text(act, FLAG_DESCRIPTION),
        "serial", custody_text(act, FLAG_SERIAL), "seals", r->seals, "place",
        custody_text(act, FLAG_PLACE), "photographs", r->photographs, "officer", act->officer_name);
    json_decref(draft->what);
    draft->what = json_pack("{s:O}", "item", r->item);
    return EX_OK;
}

static ex_code registering_run(struct act *act, struct registering *r, json_t **ret_result,
                               struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *held;
    EX_TRY(prepare(act, r, err));
    randombytes_buf(act->item_id, sizeof act->item_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    ex_code code = act_single(act, json_object(), finish_item, r, err);
    if (code != EX_OK)
        act->has_ids = ENTRY_HAS_CASE; /* there is no such item for the attempt to belong to */
    EX_TRY(code);
    EX_TRY(truth_load(act, &t, err));
    code = truth_find(&t, json_string_value(json_object_get(r->item, "id")), &held, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:o}", "item", truth_item_json(held));
    truth_clear(&t);
    return code;
}

ex_code app_item_register(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct registering r = {0};
    ex_code code = registering_run(act, &r, ret_result, err);
    free(r.number);
    json_decref(r.seals);
    json_decref(r.photographs);
    json_decref(r.item);
    return code;
}
