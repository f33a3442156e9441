/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger says about items. The catalog only helps to find things; whatever is shown,
 * signed or given out as evidence is read here: from entries, each proved to be under the signed
 * head when ledger_read() gives it, and from bodies, each compared with its entry's commitments. */
#include "app/examining_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum { TRUTH_BYTES_MAX = 1 << 30 };

ex_code scan_ledger(struct act *act, scan_fn *each, void *context, struct ex_error *err) {
    return scan_ledger_from(act, 0, each, context, err);
}

ex_code scan_ledger_from(struct act *act, uint64_t first, scan_fn *each, void *context,
                         struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    for (uint64_t index = first; index < ledger_size(act->ledger); index++) {
        EX_AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
        EX_TRY(entry_parse(bytes, size, e, err));
        EX_TRY(each(act, e, context, err));
    }
    return EX_OK;
}

/* The section, or NULL when it is gone, erased or damaged; only real failures fail. */
static ex_code section_or_nothing(struct act *act, const struct entry *e, const char *name,
                                  json_t **ret, struct ex_error *err) {
    struct ex_error why;
    *ret = NULL;
    ex_code code = project_section(act, e, name, ret, &why);
    if (code == EX_OK || code == EX_MISSING || code == EX_ALTERED || code == EX_FORMAT ||
        code == EX_UNSUPPORTED || code == EX_IO) /* a bad sector under one body stops nobody */
        return EX_OK;
    if (err != NULL)
        *err = why;
    return code;
}

const struct case_truth *truth_case_by_id(const struct truth *t,
                                          const uint8_t id[static ENTRY_ID_BYTES]) {
    for (size_t i = 0; i < t->case_count; i++)
        if (memcmp(t->cases[i].id, id, ENTRY_ID_BYTES) == 0)
            return &t->cases[i];
    return NULL;
}

/* The case of this id; made when it is not there yet, which only a damaged ledger comes to. */
static ex_code case_of(struct truth *t, const uint8_t *id, struct case_truth **ret,
                       struct ex_error *err) {
    const struct case_truth *known = truth_case_by_id(t, id);
    if (known != NULL) {
        *ret = &t->cases[known - t->cases];
        return EX_OK;
    }
    EX_TRY(ex_grow(&t->cases, &t->case_capacity, t->case_count + 1, sizeof *t->cases,
                   TRUTH_BYTES_MAX, "the list of cases", err));
    *ret = &t->cases[t->case_count++];
    **ret = (struct case_truth){0};
    memcpy((*ret)->id, id, ENTRY_ID_BYTES);
    return EX_OK;
}

/* The number stands in the body of the case's entry, and again in those of its items. */
static void learn_number(struct case_truth *k, json_t *holder) {
    const char *number =
        json_string_value(json_object_get(json_object_get(holder, "case"), "number"));
    const char *title =
        json_string_value(json_object_get(json_object_get(holder, "case"), "title"));
    if (k->number == NULL && number != NULL)
        k->number = ex_strdup(number);
    if (k->title == NULL && title != NULL)
        k->title = ex_strdup(title);
}

static ex_code keep_case(struct act *act, const struct entry *e, struct truth *t,
                         struct ex_error *err) {
    struct case_truth *k;
    json_t *what;
    if ((e->has & ENTRY_HAS_RESULT) != 0 && strcmp(e->result, "done") != 0)
        return EX_OK; /* it was refused */
    EX_TRY(case_of(t, e->case_id, &k, err));
    k->opened_ns = e->clock.utc_ns;
    EX_TRY(section_or_nothing(act, e, "what", &what, err));
    learn_number(k, what);
    json_decref(what);
    return EX_OK;
}

enum item_begin truth_begin(const struct entry *e) {
    const unsigned item = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    bool done = strcmp(e->result, "done") == 0;
    if ((e->has & item) != item)
        return ITEM_NONE;
    if (strcmp(e->event, "collect.outcome") == 0)
        return (e->has & ENTRY_HAS_OBJECT) != 0 && (e->has & ENTRY_HAS_INTENT) != 0 ? ITEM_COLLECTED
                                                                                    : ITEM_NONE;
    if (strcmp(e->event, "item.register") == 0 && done)
        return ITEM_REGISTERED;
    return strcmp(e->event, "import.item") == 0 && done ? ITEM_IMPORTED : ITEM_NONE;
}

const struct item_truth *truth_item_by_id(const struct truth *t,
                                          const uint8_t id[static ENTRY_ID_BYTES]) {
    for (size_t i = 0; i < t->item_count; i++)
        if (memcmp(t->items[i].id, id, ENTRY_ID_BYTES) == 0)
            return &t->items[i];
    return NULL;
}

static struct item_truth *item_by_id(struct truth *t, const uint8_t *id) {
    const struct item_truth *known = truth_item_by_id(t, id);
    return known != NULL ? &t->items[known - t->items] : NULL;
}

static ex_code keep_item(struct act *act, const struct entry *e, struct truth *t,
                         struct ex_error *err) {
    struct case_truth *k;
    json_t *what;
    enum item_begin begin = truth_begin(e);
    if (begin == ITEM_IMPORTED && item_by_id(t, e->item_id) != NULL)
        return EX_OK; /* it comes back, and is the item that it was */
    EX_TRY(case_of(t, e->case_id, &k, err));
    EX_TRY(ex_grow(&t->items, &t->item_capacity, t->item_count + 1, sizeof *t->items,
                   TRUTH_BYTES_MAX, "the list of items", err));
    EX_TRY(section_or_nothing(act, e, "what", &what, err));
    struct item_truth *i = &t->items[t->item_count++];
    *i = (struct item_truth){.begin = begin,
                             .outcome = e->index,
                             .intent = e->intent,
                             .collected_ns = e->clock.utc_ns,
                             .physical = (e->has & ENTRY_HAS_OBJECT) == 0};
    memcpy(i->id, e->item_id, sizeof i->id);
    memcpy(i->case_id, e->case_id, sizeof i->case_id);
    memcpy(i->object_id, e->object_id, sizeof i->object_id);
    (void)snprintf(i->result, sizeof i->result, "%s", e->result);
    i->number = ++k->items;
    i->item = json_incref(json_object_get(what, "item"));
    json_t *resumed = json_object_get(what, "resumed");
    if (i->item != NULL && json_is_array(resumed)) /* not read in one go: part of what it is */
        json_object_set(i->item, "resumed", resumed);
    json_decref(what);
    learn_number(k, i->item);
    return EX_OK;
}

/* The outcome of a removal, and not of a proposal: of a physical item by its place alone. */
static bool is_tombstone(const struct item_truth *i, const struct entry *e) {
    return i->approval != 0 && ((e->has & ENTRY_HAS_OBJECT) != 0 ||
                                (i->physical && strcmp(e->result, "done") == 0 &&
                                 i->proposal < e->intent && e->intent < i->approval));
}

/* Whether the officers were the right ones is history's business; whoever removes something on the
 * strength of it asks that first. */
static ex_code keep_disposal(const struct entry *e, struct truth *t) {
    struct item_truth *i = item_by_id(t, e->item_id);
    if (i == NULL)
        return EX_OK;
    if (strcmp(e->event, "dispose.approve") == 0) {
        i->proposal = e->intent;
        i->approval = e->index;
    } else if (is_tombstone(i, e)) {
        i->tombstone = e->index;
        i->disposed = strcmp(e->result, "done") == 0;
    }
    return EX_OK;
}

static ex_code keep(struct act *act, const struct entry *e, void *context, struct ex_error *err) {
    if (strcmp(e->event, "case.create") == 0 && (e->has & ENTRY_HAS_CASE) != 0)
        return keep_case(act, e, context, err);
    if (truth_begin(e) != ITEM_NONE)
        return keep_item(act, e, context, err);
    if ((strcmp(e->event, "dispose.approve") == 0 || strcmp(e->event, "dispose.outcome") == 0) &&
        (e->has & ENTRY_HAS_ITEM) != 0)
        return keep_disposal(e, context);
    struct item_truth *i = examining_is_result(e) ? item_by_id(context, e->item_id) : NULL;
    if (i != NULL)
        i->examinations++;
    return EX_OK;
}

void truth_clear(struct truth *t) {
    for (size_t i = 0; i < t->case_count; i++) {
        free(t->cases[i].number);
        free(t->cases[i].title);
    }
    for (size_t i = 0; i < t->item_count; i++)
        json_decref(t->items[i].item);
    free(t->cases);
    free(t->items);
    *t = (struct truth){0};
}

ex_code truth_load(struct act *act, struct truth *ret, struct ex_error *err) {
    struct truth t = {0};
    ex_code code = scan_ledger(act, keep, &t, err);
    for (size_t i = 0; i < t.item_count; i++) {
        const struct case_truth *k = truth_case_by_id(&t, t.items[i].case_id);
        (void)snprintf(t.items[i].label, sizeof t.items[i].label, "%.100s/%" PRIu64,
                       k->number != NULL ? k->number : "?", t.items[i].number);
    }
    if (code != EX_OK) {
        truth_clear(&t);
        return code;
    }
    *ret = t;
    return EX_OK;
}

ex_code truth_find(const struct truth *t, const char *name, const struct item_truth **ret,
                   struct ex_error *err) {
    uint8_t id[ENTRY_ID_BYTES];
    bool by_id = ex_parse_hex(name, strlen(name), id, sizeof id);
    *ret = NULL;
    for (size_t i = 0; i < t->item_count; i++) {
        if (strcmp(t->items[i].label, name) != 0 &&
            (!by_id || memcmp(t->items[i].id, id, sizeof id) != 0))
            continue;
        if (*ret != NULL)
            return ex_hint(ex_fail(err, EX_ALTERED, "two items are called \"%.100s\"", name), err,
                           "name the one that is meant by its id: exhibit item list");
        *ret = &t->items[i];
    }
    if (*ret != NULL)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "there is no item \"%.100s\"", name), err,
                   "items are called NUMBER/1, NUMBER/2…: exhibit item list shows them");
}

ex_code truth_next_label(struct act *act, const uint8_t case_id[static ENTRY_ID_BYTES],
                         const char *number, char ret[static ITEM_LABEL_BYTES],
                         struct ex_error *err) {
    struct truth t = {0};
    EX_TRY(truth_load(act, &t, err)); /* the number is given by what is held, not by the catalog */
    const struct case_truth *k = truth_case_by_id(&t, case_id);
    (void)snprintf(ret, ITEM_LABEL_BYTES, "%.100s/%" PRIu64, number, k != NULL ? k->items + 1 : 1);
    truth_clear(&t);
    return EX_OK;
}

ex_code truth_fail_disposed(const struct item_truth *i, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "item %s was disposed of, by entry %" PRIu64,
                           i->label, i->approval),
                   err, "exhibit custody log %s shows who decided it, and when", i->label);
}

const struct case_truth *truth_case(const struct truth *t, const char *number) {
    for (size_t i = 0; i < t->case_count; i++)
        if (t->cases[i].number != NULL && strcmp(t->cases[i].number, number) == 0)
            return &t->cases[i];
    return NULL;
}

json_t *truth_item_json(const struct item_truth *i) {
    json_t *json = i->item != NULL ? json_deep_copy(i->item) : json_object();
    const char *own = json_string_value(json_object_get(json, "label"));
    if (i->item == NULL)
        json_object_set_new(json, "damaged",
                            json_string("the body of its entry is missing or altered"));
    else if (own == NULL || strcmp(own, i->label) != 0)
        json_object_set_new(json, "damaged", json_string("its entry calls it by another label"));
    json_object_set_new(json, "id", json_hex(i->id, sizeof i->id));
    json_object_set_new(json, "label", json_string(i->label));
    json_object_set_new(json, "physical", json_boolean(i->physical));
    json_object_set_new(json, "object",
                        i->physical ? json_null() : json_hex(i->object_id, sizeof i->object_id));
    json_object_set_new(json,
                        i->begin == ITEM_COLLECTED    ? "collected"
                        : i->begin == ITEM_REGISTERED ? "registered"
                                                      : "imported",
                        json_time(i->collected_ns));
    json_object_set_new(json, "result", json_string(i->result));
    json_object_set_new(json, "entry_intent",
                        i->intent != 0 ? json_number(i->intent) : json_null());
    json_object_set_new(json, "entry_outcome", json_number(i->outcome));
    json_add_not_read(json, i->item);
    if (i->approval != 0)
        json_object_set_new(json, "disposed",
                            json_pack("{s:o, s:o, s:o, s:b}", "proposal", json_number(i->proposal),
                                      "approval", json_number(i->approval), "tombstone",
                                      i->tombstone != 0 ? json_number(i->tombstone) : json_null(),
                                      "complete", i->disposed));
    return json;
}

bool truth_has_body(const struct item_truth *i) {
    return i->item != NULL;
}

bool truth_agrees(const struct item_truth *i, const struct vault_object_info *o) {
    uint8_t sha256[SHA256_BYTES], fsverity[SHA256_BYTES];
    const char *label = json_string_value(json_object_get(i->item, "label"));
    return label != NULL && strcmp(label, i->label) == 0 &&
           json_get_hex(i->item, "sha256", sha256, sizeof sha256) &&
           json_get_hex(i->item, "fsverity", fsverity, sizeof fsverity) &&
           memcmp(sha256, o->sha256, sizeof sha256) == 0 &&
           memcmp(fsverity, o->fsverity, sizeof fsverity) == 0 &&
           json_integer_value(json_object_get(i->item, "size_bytes")) == (json_int_t)o->size_bytes;
}

/* ---- everything about one item ---- */

struct story {
    const struct item_truth *item;
    json_t *rows;
    bool altered;
    bool verified, damaged;
    int64_t verified_ns, damaged_ns;
};

static bool verdict_is(json_t *what, const char *claim, const char *word) {
    json_t *json = json_object_get(json_object_get(what, "claims"), claim);
    const char *verdict = json_string_value(json_object_get(json, "verdict"));
    return verdict != NULL && strcmp(verdict, word) == 0;
}

/* The member of a list of items, or of their ids, that is this one. */
static json_t *find_own(const struct story *s, json_t *list) {
    json_t *one;
    size_t n;
    char hex[2 * ENTRY_ID_BYTES + 1];
    ex_hex(hex, s->item->id, ENTRY_ID_BYTES);
    json_array_foreach(list, n, one) {
        const char *id = json_is_string(one) ? json_string_value(one)
                                             : json_string_value(json_object_get(one, "id"));
        if (id != NULL && strcmp(id, hex) == 0)
            return one;
    }
    return NULL;
}

/* Entries about many items at once: their bodies name them. */
static bool names_many(const struct entry *e) {
    return strncmp(e->event, "verify.", 7) == 0 || strncmp(e->event, "package.", 8) == 0 ||
           strncmp(e->event, "export.", 7) == 0 || strcmp(e->event, "view.traces") == 0 ||
           strcmp(e->event, "scrub.outcome") == 0 || strcmp(e->event, "repair.outcome") == 0;
}

/* Does this entry concern the item, and did it find everything about it good, or its bytes damaged?
 * A verification lists what it looked at, a package what is in it, a timeline whose times it shows,
 * scrub and repair what is hurt.
 */
static bool concerns(struct story *s, const struct entry *e, json_t *what) {
    json_t *one = find_own(s, json_object_get(what, "items"));
    const char *verdict = json_string_value(json_object_get(one, "verdict"));
    bool good = verdict != NULL && strcmp(verdict, "good") == 0;
    if (good && verdict_is(what, "history", "good") && verdict_is(what, "signers", "good")) {
        s->verified = true;
        s->verified_ns = e->clock.utc_ns;
    }
    bool bad =
        verdict != NULL && (strcmp(verdict, "altered") == 0 || strcmp(verdict, "missing") == 0);
    bool lists_hurt = strncmp(e->event, "scrub.", 6) == 0 || strncmp(e->event, "repair.", 7) == 0;
    if (one != NULL && (bad || lists_hurt)) {
        s->damaged = true;
        s->damaged_ns = e->clock.utc_ns;
    }
    return one != NULL || find_own(s, json_object_get(what, "items_before")) != NULL;
}

static ex_code add_row(struct story *s, const struct entry *e, struct act *act, json_t **ret_what,
                       struct ex_error *err) {
    struct entry again;
    struct ex_error why;
    json_t *row = NULL;
    *ret_what = NULL;
    ex_code code = project_row(act, e->index, &again, &row, ret_what, &why);
    if (code == EX_MISSING || code == EX_ALTERED || code == EX_FORMAT) {
        row = project_row_damaged(e, &why);
        s->altered = true;
    } else if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return code;
    }
    json_array_append_new(s->rows, row);
    return EX_OK;
}

static ex_code tell(struct act *act, const struct entry *e, void *context, struct ex_error *err) {
    struct story *s = context;
    json_t *what = NULL;
    bool own =
        (e->has & ENTRY_HAS_ITEM) != 0 && memcmp(e->item_id, s->item->id, ENTRY_ID_BYTES) == 0;
    bool many = names_many(e), named = false;
    if (!own && !(many && (e->has & ENTRY_HAS_ITEM) == 0))
        return EX_OK;
    if (many) {
        EX_TRY(section_or_nothing(act, e, "what", &what, err));
        named = concerns(s, e, what);
        json_decref(what);
    }
    if (!own && !named)
        return EX_OK;
    ex_code code = add_row(s, e, act, &what, err);
    json_decref(what);
    return code;
}

ex_code truth_story(struct act *act, const struct item_truth *item, json_t **ret_item,
                    json_t **ret_rows, struct ex_error *err) {
    struct story s = {.item = item, .rows = json_array()};
    ex_code code = scan_ledger(act, tell, &s, err);
    if (code != EX_OK) {
        json_decref(s.rows);
        return code;
    }
    *ret_item = truth_item_json(item);
    json_object_set_new(*ret_item, "verified", s.verified ? json_time(s.verified_ns) : json_null());
    json_object_set_new(*ret_item, "damage_found",
                        s.damaged ? json_time(s.damaged_ns) : json_null());
    *ret_rows = s.rows;
    if (s.altered || json_object_get(*ret_item, "damaged") != NULL)
        act->verdict = EX_ALTERED;
    return EX_OK;
}
