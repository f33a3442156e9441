/* SPDX-License-Identifier: Apache-2.0 */
/* Custody as the ledger has it: the entries that it follows from, and the officers in words. */
#include "app/custody_internal.h"

/* What begins, passes on or ends custody, and who may. */
static bool concerns_custody(const uint8_t *bytes, size_t size) {
    static const char *const event[] = {"officer.",        "handover.",     "collect.",
                                        "item.register\n", "import.item\n", "dispose."};
    for (size_t i = 0; i < sizeof event / sizeof event[0]; i++)
        if (reading_event_begins(bytes, size, event[i]))
            return true;
    return false;
}

ex_code custody_load(struct act *act, struct reading *ret, struct ex_error *err) {
    struct reading r;
    EX_TRY(reading_start(act, &r, err));
    ex_code code = EX_OK;
    for (uint64_t i = 0; i < ledger_size(act->ledger) && code == EX_OK; i++) {
        EX_AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        code = ledger_read(act->ledger, i, &bytes, &size, err);
        if (code == EX_OK && concerns_custody(bytes, size))
            code = reading_feed(act, &r, i, bytes, size, err);
    }
    if (code == EX_OK)
        *ret = r;
    else
        reading_clear(&r);
    return code;
}

bool custody_nobody(const uint8_t id[static ENTRY_ID_BYTES]) {
    static const uint8_t zeros[ENTRY_ID_BYTES];
    return memcmp(id, zeros, sizeof zeros) == 0;
}

char *custody_officer_name(struct act *act, const uint8_t id[static ENTRY_ID_BYTES]) {
    const struct history_officer *o = roster_officer(act, id);
    return o != NULL ? roster_name(act, o) : ex_strdup("(not enrolled)");
}

json_t *custody_officer_json(struct act *act, const uint8_t id[static ENTRY_ID_BYTES]) {
    if (custody_nobody(id))
        return json_null();
    EX_AUTO_FREE char *name = custody_officer_name(act, id);
    json_t *json = json_pack("{s:o}", "id", json_hex(id, ENTRY_ID_BYTES));
    json_set_text(json, "name", name);
    return json;
}

/* ---- a line for people ---- */

static const char *member(json_t *json, const char *key) {
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "?";
}

/* The act as a whole: intent or outcome. */
static void act_line(json_t *what, char *to, size_t size) {
    json_t *items = json_object_get(what, "items");
    (void)snprintf(to, size, "%.20s: hand-over %.8s, items: %zu, first %.100s",
                   member(what, "step"), member(what, "handover"), json_array_size(items),
                   member(json_array_get(items, 0), "label"));
}

static void accept_line(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *match = json_object_get(what, "match");
    (void)snprintf(to, size, "%.100s accepted%s; %s", member(what, "label"),
                   strcmp(e->result, "partial") == 0 ? " WITH AN EXCEPTION" : "",
                   json_is_true(match)    ? "hashed, and the same"
                   : json_is_false(match) ? "THE BYTES ARE NOT THE SAME"
                                          : "physical");
}

bool custody_summary(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *taker = json_object_get(what, "taker"), *outside = json_object_get(what, "to_outside");
    const char *verb = strchr(e->event, '.') + 1;
    if (strncmp(e->event, "handover.", 9) != 0 || json_object_get(what, "handover") == NULL)
        return false;
    if (json_object_get(what, "step") != NULL)
        act_line(what, to, size);
    else if (strcmp(verb, "offer") == 0)
        (void)snprintf(to, size, "%.100s offered to %.80s: %.80s", member(what, "label"),
                       json_is_object(outside) ? member(outside, "agency") : member(taker, "name"),
                       member(what, "purpose"));
    else if (strcmp(verb, "accept") == 0)
        accept_line(e, what, to, size);
    else if (strcmp(verb, "receipt") == 0 || strcmp(verb, "confirm") == 0)
        (void)snprintf(
            to, size, "%.100s: entry %" JSON_INTEGER_FORMAT " of %.80s is %.30s",
            member(what, "label"),
            json_integer_value(json_object_get(json_object_get(what, "answer"), "entry")),
            member(what, "log"), member(json_object_get(what, "answer"), "event"));
    else
        (void)snprintf(to, size, "%.100s, hand-over %.8s", member(what, "label"),
                       member(what, "handover"));
    return true;
}

ex_code custody_entry_json(struct act *act, uint64_t index, json_t *json, json_t **ret_row,
                           json_t **ret_what, struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    struct ex_error why;
    *ret_row = *ret_what = NULL;
    ex_code code = index != 0 ? project_row(act, index, e, ret_row, ret_what, &why) : EX_OK;
    if (code == EX_OK)
        return EX_OK;
    if (code != EX_MISSING && code != EX_ALTERED && code != EX_FORMAT) {
        if (err != NULL)
            *err = why;
        return code;
    }
    json_set_text(json, "damaged", why.text);
    act->verdict = EX_ALTERED;
    return EX_OK;
}
