/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §3.1: entries become acts, and each act leaves a state of each item it concerns.
 *
 * rows: an entry in the history of an item, or of the case. groups: the rows of one entry. acts: a
 * group, or an intent and its outcome. states: an act and an item. Acts stand in the order in which
 * they began; states by item, in the order of its history. */
#include "transport/case_uco_internal.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const size_t NONE = SIZE_MAX;

enum {
    BYTES_PER_ROW_MAX = 64,
    OVERLAP_MAX = 64 /* acts that one act may overlap before nothing is said of what preceded it */
};

struct row {
    const struct case_uco_entry *entry;
    size_t log;   /* number of the ledger */
    size_t item;  /* NONE: of the case */
    size_t place; /* in the item's history */
};

struct group {
    size_t first, end; /* rows */
    size_t act;
    bool taken; /* an intent that has its outcome, or an outcome that has its intent */
};

struct act {
    size_t opened, closed; /* groups; the same when the act is one entry */
    struct uco_iri iri;
    json_t *node;
};

struct state {
    size_t item, place, act;
};

struct acts {
    const struct case_uco *c;
    struct row *row;
    struct group *group;
    struct act *act;
    struct state *state;
    size_t row_count, group_count, act_count, state_count;
};

static void acts_clear(struct acts *a) {
    free(a->row);
    free(a->group);
    free(a->act);
    free(a->state);
}

static const struct case_uco_entry *entry_of(const struct acts *a, size_t group) {
    return a->row[a->group[group].first].entry;
}

/* ---- rows ---- */

/* The number of a ledger: in the order in which they are met. */
static size_t number_of(struct uco_graph *g, json_t *numbers, const char *log) {
    json_t *known = json_object_get(numbers, log);
    if (known == NULL) {
        known = json_integer((json_int_t)json_object_size(numbers));
        if (json_object_set_new(numbers, log, known) != 0) {
            g->failed = true;
            return 0;
        }
    }
    return (size_t)json_integer_value(known);
}

static void add_rows(struct uco_graph *g, struct acts *a, json_t *numbers, size_t item,
                     const struct case_uco_entry *history, size_t count) {
    for (size_t i = 0; i < count; i++)
        a->row[a->row_count++] =
            (struct row){&history[i], number_of(g, numbers, history[i].log), item, i};
}

static int by_entry(const void *left, const void *right) {
    const struct row *l = left, *r = right;
    if (l->log != r->log)
        return l->log < r->log ? -1 : 1;
    if (l->entry->index != r->entry->index)
        return l->entry->index < r->entry->index ? -1 : 1;
    return l->item < r->item ? -1 : l->item > r->item;
}

static ex_code collect_rows(struct uco_graph *g, struct acts *a, struct ex_error *err) {
    size_t total = a->c->case_history_count;
    for (size_t i = 0; i < a->c->item_count; i++)
        total += a->c->items[i].history_count;
    const size_t limit = (size_t)CASE_UCO_ROWS_MAX * BYTES_PER_ROW_MAX;
    EX_TRY(ex_alloc(total, sizeof *a->row, limit, "history rows", &a->row, err));
    EX_TRY(ex_alloc(total, sizeof *a->group, limit, "history rows", &a->group, err));
    json_t *numbers = json_object();
    for (size_t i = 0; i < a->c->item_count; i++)
        add_rows(g, a, numbers, i, a->c->items[i].history, a->c->items[i].history_count);
    add_rows(g, a, numbers, NONE, a->c->case_history, a->c->case_history_count);
    json_decref(numbers);
    qsort(a->row, a->row_count, sizeof *a->row, by_entry);
    return EX_OK;
}

/* ---- groups and acts ---- */

static bool same_entry(const struct row *l, const struct row *r) {
    return l->log == r->log && l->entry->index == r->entry->index;
}

static void make_groups(struct acts *a) {
    for (size_t i = 0; i < a->row_count; i++) {
        if (i == 0 || !same_entry(&a->row[i - 1], &a->row[i]))
            a->group[a->group_count++] = (struct group){.first = i, .act = NONE};
        a->group[a->group_count - 1].end = i + 1;
    }
}

/* The group of an entry of this log; NONE: it is not in the histories. */
static size_t find_group(const struct acts *a, size_t log, uint64_t index) {
    size_t low = 0, high = a->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct row *r = &a->row[a->group[middle].first];
        if (r->log < log || (r->log == log && r->entry->index < index))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == a->group_count)
        return NONE;
    const struct row *r = &a->row[a->group[low].first];
    return r->log == log && r->entry->index == index ? low : NONE;
}

/* The length of an event without ".intent" or ".outcome"; 0: it does not end so. */
static size_t stem_of(const char *event, const char *ending) {
    size_t size = strlen(event), tail = strlen(ending);
    return size > tail && strcmp(event + size - tail, ending) == 0 ? size - tail : 0;
}

/* The intent that the outcome in this group answers. */
static size_t intent_of(const struct acts *a, size_t group) {
    const struct row *r = &a->row[a->group[group].first];
    size_t stem = stem_of(r->entry->event, ".outcome");
    size_t found =
        stem > 0 && r->entry->has_intent ? find_group(a, r->log, r->entry->intent) : NONE;
    if (found == NONE || found >= group || a->group[found].taken)
        return NONE;
    const char *event = entry_of(a, found)->event;
    bool same = stem_of(event, ".intent") == stem && memcmp(event, r->entry->event, stem) == 0;
    return same ? found : NONE;
}

static ex_code make_acts(struct acts *a, struct ex_error *err) {
    EX_TRY(ex_alloc(a->group_count, sizeof *a->act, (size_t)CASE_UCO_ROWS_MAX * sizeof *a->act,
                    "acts", &a->act, err));
    for (size_t i = 0; i < a->group_count; i++) {
        size_t intent = intent_of(a, i);
        if (intent != NONE) {
            a->group[intent].taken = a->group[i].taken = true;
            a->group[i].act = a->group[intent].act;
            a->act[a->group[i].act].closed = i;
            continue;
        }
        a->group[i].act = a->act_count;
        a->act[a->act_count] = (struct act){.opened = i, .closed = i};
        a->act[a->act_count++].iri = uco_iri_entry("act", entry_of(a, i), NULL);
    }
    return EX_OK;
}

/* ---- states ---- */

/* The row of an item among those of an entry. */
static const struct row *row_of(const struct acts *a, size_t group, size_t item) {
    size_t low = a->group[group].first, end = a->group[group].end, high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->row[middle].item < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && a->row[low].item == item ? &a->row[low] : NULL;
}

static int by_item(const void *left, const void *right) {
    const struct state *l = left, *r = right;
    if (l->item != r->item)
        return l->item < r->item ? -1 : 1;
    return l->place < r->place ? -1 : l->place > r->place;
}

/* One state for each item that an act concerns, in its first entry or in its last. */
static void add_states(struct acts *a, size_t group) {
    const struct act *act = &a->act[a->group[group].act];
    for (size_t r = a->group[group].first; r < a->group[group].end; r++) {
        const struct row *row = &a->row[r];
        bool again = r > a->group[group].first && row[-1].item == row->item;
        bool known = group != act->opened && row_of(a, act->opened, row->item) != NULL;
        if (row->item != NONE && !again && !known)
            a->state[a->state_count++] = (struct state){row->item, row->place, a->group[group].act};
    }
}

static ex_code make_states(struct acts *a, struct ex_error *err) {
    EX_TRY(ex_alloc(a->row_count, sizeof *a->state, (size_t)CASE_UCO_ROWS_MAX * sizeof *a->state,
                    "states", &a->state, err));
    for (size_t i = 0; i < a->group_count; i++)
        add_states(a, i);
    qsort(a->state, a->state_count, sizeof *a->state, by_item);
    return EX_OK;
}

/* Was the one act over when the other began, which stands behind it in the history of an item?
 * There the older ledger comes first. */
static bool over_before(const struct acts *a, size_t one, size_t other) {
    const struct row *end = &a->row[a->group[a->act[one].closed].first];
    const struct row *begin = &a->row[a->group[a->act[other].opened].first];
    return end->log != begin->log || end->entry->index < begin->entry->index;
}

/* The state in which an act found its item: the last one that an act left which was over by then.
 */
static size_t state_before(const struct acts *a, size_t state) {
    for (size_t i = state; i > 0 && state - i < OVERLAP_MAX; i--) {
        if (a->state[i - 1].item != a->state[state].item)
            return NONE;
        if (over_before(a, a->state[i - 1].act, a->state[state].act))
            return i - 1;
    }
    return NONE;
}

/* ---- acts as nodes ---- */

/* The word of the vocabulary ActionStatusTypeVocab that says no more than the result does. */
static const char *status_of(const struct case_uco_entry *last) {
    if (stem_of(last->event, ".intent") > 0)
        return "Unknown";
    if (last->result == NULL)
        return NULL;
    if (strcmp(last->result, "done") == 0)
        return "Success";
    bool failed = strcmp(last->result, "failed") == 0 || strcmp(last->result, "interrupted") == 0;
    return failed ? "Fail" : "Complete/Finish";
}

static void add_ref_once(struct uco_graph *g, json_t *node, const char *key,
                         const struct uco_iri *to) {
    json_t *have = json_object_get(node, key);
    for (size_t i = 0; i < json_array_size(have); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(have, i), "@id")), to->text) ==
            0)
            return;
    uco_add_ref(g, node, key, to);
}

static void put_basis(struct uco_graph *g, const struct case_uco *c, const struct act *act,
                      const struct case_uco_entry *e) {
    if (e->legal_basis == NULL)
        return;
    struct uco_iri iri = uco_iri_of("basis", c->case_id, e->legal_basis, NULL);
    struct uco_iri investigation = uco_investigation(g, c);
    struct uco_iri tie = uco_iri_entry("authorized", e, NULL);
    json_t *node = uco_object(g, &iri, "case-investigation:Authorization");
    uco_set_text(g, node, "case-investigation:authorizationIdentifier", e->legal_basis);
    uco_describe(g, node, NULL, "The legal basis as an officer wrote it down; not checked.");
    if (node != NULL)
        uco_add_ref(g, json_object_get(g->seen, investigation.text),
                    "case-investigation:relevantAuthorization", &iri);
    uco_relate(g, &tie, "uco-core:Relationship", &act->iri, &iri, "Authorized_By");
}

static void put_machine(struct uco_graph *g, json_t *node, const struct case_uco_entry *e) {
    if (e->machine == NULL)
        return;
    struct uco_iri iri = uco_iri_of("machine", e->log, e->machine, NULL);
    json_t *machine = uco_object(g, &iri, "uco-observable:ObservableObject");
    uco_set_text(g, machine, "uco-core:name", e->machine);
    uco_describe(g, machine, NULL, "A machine, by the name that it gave itself.");
    if (json_object_get(node, "uco-action:environment") == NULL)
        uco_set_ref(g, node, "uco-action:environment", &iri);
}

static void put_who(struct uco_graph *g, json_t *node, const struct case_uco_entry *e) {
    if (e->officer_id != NULL) {
        struct uco_iri officer = uco_officer(g, e->log, e->officer_id, e->officer_name, e->agency);
        json_t *first = json_object_get(node, "uco-action:performer");
        if (first == NULL)
            uco_set_ref(g, node, "uco-action:performer", &officer);
        else if (strcmp(json_string_value(json_object_get(first, "@id")), officer.text) != 0)
            uco_add_ref(g, node, "uco-action:participant", &officer);
    }
    if (e->program != NULL) {
        struct uco_iri tool = uco_tool(g, e->program, e->version);
        add_ref_once(g, node, "uco-action:instrument", &tool);
    }
    put_machine(g, node, e);
}

/* One thing that an entry says. Descriptions have no order, so each names its entry. */
static void put_saying(struct uco_graph *g, json_t *node, const struct case_uco_entry *e,
                       const char *what, const char *text) {
    char name[96];
    (void)snprintf(name, sizeof name, "entry %" PRIu64 ", %s", e->index, what);
    uco_describe(g, node, name, text);
}

/* What one entry says about its act; the entry is named as others may find it. */
static void put_entry(struct uco_graph *g, const struct case_uco *c, const struct act *act,
                      const struct case_uco_entry *e) {
    char index[24];
    (void)snprintf(index, sizeof index, "%" PRIu64, e->index);
    struct uco_iri number = uco_iri_entry("entry", e, NULL);
    uco_add_identifier(g, act->node, &number, e->log, index);
    put_who(g, act->node, e);
    put_saying(g, act->node, e, "event", e->event);
    put_saying(g, act->node, e, "name of the officer", e->officer_name);
    put_saying(g, act->node, e, "clock", e->clock);
    put_saying(g, act->node, e, "summary", e->summary);
    put_saying(g, act->node, e, "reason", e->reason);
    put_saying(g, act->node, e, "legal basis", e->legal_basis);
    put_saying(g, act->node, e, "result", e->result);
    put_basis(g, c, act, e);
}

static void put_name(struct uco_graph *g, json_t *node, const char *event) {
    size_t stem = stem_of(event, ".intent");
    if (stem == 0)
        stem = stem_of(event, ".outcome");
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s", stem > 0 ? (int)stem : 100, event);
    uco_set_text(g, node, "uco-core:name", name);
}

static void put_act(struct uco_graph *g, const struct acts *a, struct act *act) {
    const struct case_uco_entry *first = entry_of(a, act->opened);
    const struct case_uco_entry *last = entry_of(a, act->closed);
    struct uco_iri investigation = uco_investigation(g, a->c);
    act->node = uco_object(g, &act->iri, "case-investigation:InvestigativeAction");
    put_name(g, act->node, first->event);
    put_entry(g, a->c, act, first);
    if (act->closed != act->opened)
        put_entry(g, a->c, act, last);
    if (stem_of(first->event, ".outcome") == 0)
        uco_set_time(g, act->node, "uco-action:startTime", first->time_ns);
    if (stem_of(last->event, ".outcome") > 0)
        uco_set_time(g, act->node, "uco-action:endTime", last->time_ns);
    uco_set_text(g, act->node, "uco-action:actionStatus", status_of(last));
    uco_add_ref(g, json_object_get(g->seen, investigation.text), "uco-core:object", &act->iri);
}

/* The entry of another act that this one answers: an accept its offer, an approval its proposal. */
static void put_answer(struct uco_graph *g, const struct acts *a, size_t act) {
    const struct row *r = &a->row[a->group[a->act[act].opened].first];
    size_t found = r->entry->has_intent ? find_group(a, r->log, r->entry->intent) : NONE;
    if (found != NONE && a->group[found].act != act)
        add_ref_once(g, a->act[act].node, "case-investigation:wasInformedBy",
                     &a->act[a->group[found].act].iri);
}

/* ---- states as nodes ---- */

static struct uco_iri record_iri(const struct acts *a, const struct state *s) {
    return uco_iri_entry("state", entry_of(a, a->act[s->act].opened), a->c->items[s->item].id);
}

static void put_record(struct uco_graph *g, const struct acts *a, const struct state *s) {
    const struct case_uco_item *item = &a->c->items[s->item];
    const struct case_uco_entry *last = entry_of(a, a->act[s->act].closed);
    const struct row *row = row_of(a, a->act[s->act].closed, s->item);
    struct uco_iri iri = record_iri(a, s), thing = uco_item(g, item);
    struct uco_iri investigation = uco_investigation(g, a->c);
    json_t *node = uco_object(g, &iri, "case-investigation:ProvenanceRecord");
    char text[512];
    (void)snprintf(text, sizeof text, "%" PRIu64 " (%s) of %s", last->index, last->event,
                   last->log);
    uco_describe(g, node, "state of the item after entry", text);
    uco_describe(g, node, "in the hands of", row != NULL ? row->entry->holder : NULL);
    if (strcmp(last->log, a->c->log) == 0)
        uco_set_text(g, node, "case-investigation:exhibitNumber", item->label);
    if (node != NULL)
        uco_set_text(g, node, "case-investigation:rootExhibitNumber", item->id);
    uco_add_ref(g, node, "uco-core:object", &thing);
    uco_add_ref(g, a->act[s->act].node, "uco-action:result", &iri);
    uco_add_ref(g, json_object_get(g->seen, investigation.text), "uco-core:object", &iri);
}

static void put_state(struct uco_graph *g, const struct acts *a, size_t state) {
    const struct state *s = &a->state[state];
    json_t *act = a->act[s->act].node;
    struct uco_iri thing = uco_item(g, &a->c->items[s->item]);
    uco_add_ref(g, act, "uco-action:object", &thing);
    size_t before = state_before(a, state);
    if (before != NONE) {
        struct uco_iri found = record_iri(a, &a->state[before]);
        uco_add_ref(g, act, "uco-action:object", &found);
        add_ref_once(g, act, "case-investigation:wasInformedBy", &a->act[a->state[before].act].iri);
    }
    put_record(g, a, s);
}

static void put_nodes(struct uco_graph *g, struct acts *a) {
    struct uco_iri investigation = uco_investigation(g, a->c);
    for (size_t i = 0; i < a->act_count; i++)
        put_act(g, a, &a->act[i]);
    for (size_t i = 0; i < a->state_count; i++)
        put_state(g, a, i);
    for (size_t i = 0; i < a->act_count; i++) {
        put_answer(g, a, i);
        if (json_object_get(a->act[i].node, "uco-action:object") == NULL)
            uco_add_ref(g, a->act[i].node, "uco-action:object", &investigation);
    }
}

ex_code uco_put_acts(struct uco_graph *g, const struct case_uco *c, struct ex_error *err) {
    struct acts a = {.c = c};
    ex_code code = collect_rows(g, &a, err);
    if (code == EX_OK) {
        make_groups(&a);
        code = make_acts(&a, err);
    }
    if (code == EX_OK)
        code = make_states(&a, err);
    if (code == EX_OK)
        put_nodes(g, &a);
    acts_clear(&a);
    return code;
}
