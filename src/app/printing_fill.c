/* SPDX-License-Identifier: Apache-2.0 */
/* What a custody form says, from the ledger: how custody passed follows from the entries alone,
 * words come from their bodies, and a body that is not there is a finding. */
#include "app/printing_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum { HOLDERS_BYTES_MAX = 1 << 26 };

void printing_clear(struct printing *p) {
    free(p->period);
    json_decref(p->kept);
}

/* Keeps a value for as long as the form is being made; its text, or NULL when it is none. */
static const char *keep(struct printing *p, json_t *value) {
    const char *text = json_string_value(value);
    json_array_append_new(p->kept, value);
    return text;
}

static const char *keep_member(struct printing *p, json_t *object, const char *key) {
    return keep(p, json_incref(json_object_get(object, key)));
}

static const char *keep_bytes(struct printing *p, const char *bytes) {
    json_t *holder = json_object();
    json_set_text(holder, "text", bytes);
    const char *text = keep_member(p, holder, "text");
    json_decref(holder);
    return text;
}

static const char *keep_id(struct printing *p, const uint8_t id[static ENTRY_ID_BYTES]) {
    return custody_nobody(id) ? NULL : keep(p, json_hex(id, ENTRY_ID_BYTES));
}

static void add_finding(struct printing *p, const char *text) {
    if (p->form.finding_count < CUSTODY_FORM_LIST_MAX)
        p->finding[p->form.finding_count++] = keep_bytes(p, text);
    p->act->verdict = EX_ALTERED;
}

/* ---- the item ---- */

static void fill_list(struct printing *p, json_t *list, const char *key, const char **to,
                      size_t *count) {
    for (size_t i = 0; i < json_array_size(list) && *count < CUSTODY_FORM_LIST_MAX; i++) {
        json_t *one = json_array_get(list, i);
        const char *text = key != NULL ? keep_member(p, one, key) : keep(p, json_incref(one));
        if (text != NULL)
            to[(*count)++] = text;
    }
}

/* "CASE/3, SHA-256 …": what binds a photograph is its hash. */
static void fill_photographs(struct printing *p, json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        const char *label = json_string_value(json_object_get(one, "label"));
        const char *sha256 = json_string_value(json_object_get(one, "sha256"));
        if (label == NULL || sha256 == NULL || p->form.photograph_count == CUSTODY_FORM_LIST_MAX)
            continue;
        p->photograph[p->form.photograph_count++] =
            keep(p, json_sprintf("%s, SHA-256 %s", label, sha256));
    }
}

static void fill_digest(json_t *item, const char *key, uint8_t *to, const uint8_t **ret) {
    if (json_get_hex(item, key, to, SHA256_BYTES))
        *ret = to;
}

static void fill_bytes(struct printing *p, json_t *item) {
    json_t *source = json_object_get(item, "source");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    const char *path = json_string_value(json_object_get(source, "path"));
    p->form.size_bytes = (uint64_t)json_integer_value(json_object_get(item, "size_bytes"));
    p->form.unreadable_bytes =
        (uint64_t)json_integer_value(json_object_get(json_object_get(item, "unreadable"), "bytes"));
    json_t *not_read = json_not_read(item);
    if (not_read != NULL) {
        EX_AUTO_FREE char *text = json_not_read_text(not_read);
        p->form.not_read = keep(p, json_string(text));
        json_decref(not_read);
    }
    fill_digest(item, "sha256", p->sha256, &p->form.sha256);
    fill_digest(item, "fsverity", p->fsverity, &p->form.fsverity);
    if (kind != NULL && path != NULL)
        p->form.source = keep(p, json_sprintf("%s %s", kind, path));
}

static void fill_item(struct printing *p, const struct truth *t) {
    const struct case_truth *k = truth_case_by_id(t, p->item->case_id);
    json_t *item = truth_item_json(p->item);
    json_t *damaged = json_object_get(item, "damaged");
    struct custody_form *f = &p->form;
    f->item_label = p->item->label;
    f->item_id = keep_id(p, p->item->id);
    f->label_text = keep_member(p, item, "label_text");
    f->description = keep_member(p, item, "description");
    f->place = keep_member(p, item, "place");
    f->serial_number = keep_member(p, item, "serial");
    f->case_number = k != NULL ? k->number : NULL;
    f->case_title = k != NULL ? k->title : NULL;
    f->physical = p->item->physical;
    if (!f->physical)
        fill_bytes(p, item);
    fill_list(p, json_object_get(item, "seals"), NULL, p->seal, &f->seal_count);
    fill_photographs(p, json_object_get(item, "photographs"));
    if (damaged != NULL)
        add_finding(p, json_is_string(damaged) ? json_string_value(damaged)
                                               : "the entry that describes the item is damaged");
    json_decref(item);
}

/* ---- the periods ---- */

/* Text, or texts with commas between them. */
static const char *keep_words(struct printing *p, json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    const char *all = NULL;
    if (!json_is_array(value))
        return keep_member(p, object, key);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *one = json_string_value(json_array_get(value, i));
        all = all == NULL ? one : keep(p, json_sprintf("%s, %s", all, one));
    }
    return all != NULL ? keep_bytes(p, all) : NULL;
}

/* What was said when it was offered, and what when it was answered, where both say it. */
static const char *keep_both(struct printing *p, json_t *period, const char *offered,
                             const char *answered) {
    const char *given = keep_words(p, period, offered), *found = keep_words(p, period, answered);
    if (given == NULL || found == NULL || strcmp(given, found) == 0)
        return given != NULL ? given : found;
    return keep(p, json_sprintf("%s; by the taker: %s", given, found));
}

static int64_t time_at(json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    int64_t utc_ns;
    return text != NULL && ex_time_parse(text, strlen(text), &utc_ns) ? utc_ns
                                                                      : CUSTODY_FORM_NO_TIME;
}

static uint64_t entry_at(json_t *object, const char *key) {
    json_int_t index = json_integer_value(json_object_get(object, key));
    return index > 0 ? (uint64_t)index : 0;
}

/* A party outside, by what the body that speaks of it calls it. */
static const char *keep_outside(struct printing *p, json_t *period) {
    json_t *party = json_object_get(period, "to_outside");
    return json_is_string(party) ? keep_member(p, period, "to_outside")
                                 : keep_member(p, party, "agency");
}

/* Of an unknown holder the party outside comes first, then the officer. */
static void fill_holder(struct printing *p, json_t *period, struct custody_form_period *to) {
    const char *kind = json_string_value(json_object_get(period, "holder"));
    json_t *officer = json_object_get(period, "officer");
    bool outside = strcmp(kind, "outside") == 0, unknown = strcmp(kind, "not-known") == 0;
    to->kind = outside                    ? CUSTODY_FORM_OUTSIDE
               : unknown                  ? CUSTODY_FORM_UNKNOWN
               : strcmp(kind, "gap") == 0 ? CUSTODY_FORM_GAP
                                          : CUSTODY_FORM_OFFICER;
    if (outside || unknown)
        to->holder = keep_outside(p, period);
    const char **name = unknown ? &to->other : &to->holder;
    const char **id = unknown ? &to->other_id : &to->holder_id;
    const char **agency = unknown ? &to->other_agency : &to->agency;
    if (outside)
        return;
    *name = keep_member(p, officer, "name");
    *id = keep_member(p, officer, "id");
    *agency = p->act->agency;
}

static enum custody_form_check check_of(json_t *period) {
    json_t *match = json_object_get(period, "match");
    return json_is_true(match)    ? CUSTODY_FORM_SAME
           : json_is_false(match) ? CUSTODY_FORM_NOT_SAME
                                  : CUSTODY_FORM_NOT_HASHED;
}

static void fill_passing(struct printing *p, json_t *period, struct custody_form_period *to) {
    to->event = keep_member(p, period, "event");
    to->reason = keep_member(p, period, "reason");
    to->handover_id = keep_member(p, period, "handover");
    to->offer_entry = entry_at(period, "offer_entry");
    to->answer_entry = entry_at(period, "answer_entry");
    to->purpose = keep_member(p, period, "purpose");
    to->legal_basis = keep_member(p, period, "legal_basis");
    to->way = keep_member(p, period, "way");
    to->place = keep_both(p, period, "place", "place_of_answer");
    to->seals = keep_both(p, period, "seals", "seals_found");
    to->exception = keep_member(p, period, "exception");
    to->check = check_of(period);
}

static void fill_period(struct printing *p, json_t *period, struct custody_form_period *to) {
    fill_holder(p, period, to);
    fill_passing(p, period, to);
    to->from_entry = entry_at(period, "from_entry");
    to->until_entry = entry_at(period, "until_entry");
    to->from_ns = time_at(period, "from");
    to->until_ns = time_at(period, "until");
    to->from_elsewhere = json_is_true(json_object_get(period, "from_elsewhere"));
    to->until_elsewhere = json_is_true(json_object_get(period, "until_elsewhere"));
    json_t *damaged = json_object_get(period, "damaged");
    if (json_is_string(damaged))
        add_finding(p, json_string_value(damaged));
}

static ex_code time_of(struct printing *p, uint64_t index, int64_t *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    size_t size;
    EX_TRY(ledger_read(p->act->ledger, index, &bytes, &size, err));
    EX_TRY(entry_parse(bytes, size, e, err));
    *ret = e->clock.utc_ns;
    return EX_OK;
}

static ex_code fill_end(struct printing *p, json_t *custody, struct ex_error *err) {
    json_t *open = json_object_get(custody, "open_offer");
    struct custody_form *f = &p->form;
    f->ended_entry = entry_at(custody, "ended_entry");
    if (f->ended_entry != 0)
        return time_of(p, f->ended_entry, &f->ended_ns, err);
    f->offered_entry = entry_at(open, "offer_entry");
    f->offered_to = keep_member(p, json_object_get(open, "taker"), "name");
    if (f->offered_to == NULL)
        f->offered_to = keep_outside(p, open);
    return f->offered_entry != 0 ? time_of(p, f->offered_entry, &f->offered_ns, err) : EX_OK;
}

static ex_code fill_custody(struct printing *p, const struct reading *r, struct ex_error *err) {
    json_t *custody;
    EX_TRY(custody_json(p->act, r, p->item, &custody, err));
    json_array_append_new(p->kept, custody);
    json_t *periods = json_object_get(custody, "periods");
    size_t count = json_array_size(periods);
    if (count == 0)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "no good entry of the ledger begins the custody of item %s",
                               p->item->label),
                       err, "run: exhibit ledger verify");
    EX_TRY(ex_alloc(count, sizeof *p->period, HOLDERS_BYTES_MAX, "holders of an item", &p->period,
                    err));
    for (size_t i = 0; i < count; i++)
        fill_period(p, json_array_get(periods, i), &p->period[i]);
    p->form.periods = p->period;
    p->form.period_count = count;
    return fill_end(p, custody, err);
}

/* ---- faults ---- */

/* What the history said of an entry, or that there is something to say. */
static void add_bad_entry(struct printing *p, const struct history_report *r, uint64_t index) {
    char head[64];
    int size = snprintf(head, sizeof head, "entry %" PRIu64 ": ", index);
    for (size_t i = 0; i < r->text_count && i < HISTORY_TEXTS_MAX; i++)
        if (strncmp(r->text[i], head, (size_t)size) == 0) {
            add_finding(p, r->text[i]);
            return;
        }
    (void)snprintf(head, sizeof head, "entry %" PRIu64 ": it is not good", index);
    add_finding(p, head);
}

/* Entries about this item, and about officers, that are not good and count for nothing. */
static void fill_findings(struct printing *p, const struct reading *r) {
    EX_AUTO_FREE struct history_report *report = ex_new0(struct history_report);
    const struct custody_item *custody = custody_find(r->history, p->item->id);
    history_report(r->history, report);
    for (size_t i = 0; i < r->bad_count; i++)
        if (!r->bad[i].has_item || memcmp(r->bad[i].item_id, p->item->id, sizeof p->item->id) == 0)
            add_bad_entry(p, report, r->bad[i].index);
    if (custody != NULL && !custody_is_continuous(custody))
        add_finding(p, "the holders do not follow each other");
}

/* ---- the mark ---- */

static uint64_t newest_entry(const struct printing *p) {
    const struct custody_form *f = &p->form;
    uint64_t newest = f->ended_entry > f->offered_entry ? f->ended_entry : f->offered_entry;
    for (size_t i = 0; i < f->period_count; i++) {
        const struct custody_form_period *one = &f->periods[i];
        const uint64_t here[] = {one->from_entry, one->until_entry, one->offer_entry,
                                 one->answer_entry};
        for (size_t n = 0; n < sizeof here / sizeof here[0]; n++)
            newest = here[n] > newest ? here[n] : newest;
    }
    return newest;
}

static ex_code fill_mark(struct printing *p, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    p->form.entry = newest_entry(p);
    EX_TRY(ledger_read(p->act->ledger, p->form.entry, &bytes, &size, err));
    merkle_leaf_hash(bytes, size, p->leaf);
    ledger_root(p->act->ledger, p->root);
    p->form.size = ledger_size(p->act->ledger);
    return EX_OK;
}

/* ---- all of it ---- */

ex_code printing_fill(struct printing *p, const struct truth *t, const struct reading *r,
                      struct ex_error *err) {
    struct act *act = p->act;
    struct ex_clock now;
    ex_clock_read(&now);
    p->kept = json_array();
    p->form = (struct custody_form){
        .agency = act->agency,
        .origin = ledger_origin(act->ledger),
        .seals = p->seal,
        .photographs = p->photograph,
        .findings = p->finding,
        .root = p->root,
        .leaf = p->leaf,
        .made_ns = now.utc_ns,
        .made_by = act->officer_name,
        .made_by_id = keep_id(p, act->officer.id),
        .program = "exhibit",
        .version = EXHIBIT_VERSION,
    };
    fill_item(p, t);
    EX_TRY(fill_custody(p, r, err));
    fill_findings(p, r);
    return fill_mark(p, err);
}
