/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of looking at a timeline: every time that a parser found in one or several items, in
 * order (docs/timeline.md). */
#include "app/timeline_internal.h"

#include "base/cursor.h"

#include <unistd.h>

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 100000 };

/* ---- what is asked for ---- */

static ex_code fail_what(const char *list, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_USAGE, "\"%.60s\" is no list of kinds of times", list), err,
                   "modified, accessed, changed, created, deleted, added, backed-up, sent, "
                   "received, printed, taken, with commas between them");
}

/* A word of trace_time_whats as its bit; 0: it is none. */
static unsigned bit_of(const char *word, size_t size) {
    for (unsigned i = 0; trace_time_whats[i] != NULL; i++)
        if (strlen(trace_time_whats[i]) == size && memcmp(trace_time_whats[i], word, size) == 0)
            return 1U << i;
    return 0;
}

static ex_code parse_whats(const char *list, unsigned *ret, struct ex_error *err) {
    *ret = list == NULL ? ~0U : 0;
    for (const char *word = list; word != NULL;) {
        size_t size = strcspn(word, ",");
        unsigned bit = bit_of(word, size);
        if (bit == 0)
            return fail_what(list, err);
        *ret |= bit;
        word = word[size] == ',' ? word + size + 1 : NULL;
    }
    return EX_OK;
}

static ex_code parse_limit(const struct act *act, size_t *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_LIMIT);
    uint64_t limit = LIMIT_DEFAULT;
    if (text != NULL &&
        (!ex_parse_decimal(text, strlen(text), &limit) || limit < 1 || limit > LIMIT_MAX))
        return ex_hint(
            ex_fail(err, EX_USAGE, "--limit takes a number from 1 to %d", (int)LIMIT_MAX), err,
            "for all of them: exhibit timeline export");
    *ret = (size_t)limit;
    return EX_OK;
}

static ex_code parse_filters(struct act *act, struct timeline *t, struct ex_error *err) {
    EX_TRY(timeline_parse_zone(act_flag(act, FLAG_ZONE), &t->zone, err));
    EX_TRY(timeline_parse_span(act_flag(act, FLAG_FROM), act_flag(act, FLAG_UNTIL), t->zone,
                               &t->span, err));
    return parse_whats(act_flag(act, FLAG_WHAT), &t->whats, err);
}

/* ---- the items ---- */

static ex_code take_item(struct act *act, struct timeline *t, const char *name,
                         struct ex_error *err) {
    struct timeline_item *i = &t->item[t->item_count];
    EX_TRY(truth_find(&t->truth, name, &i->item, err));
    EX_TRY(tracing_check_item(i->item, err));
    for (size_t n = 0; n < t->item_count; n++)
        if (t->item[n].item == i->item)
            return ex_hint(ex_fail(err, EX_USAGE, "item %s is named twice", i->item->label), err,
                           "name each item once");
    t->item_count++;
    return tracing_choose(act, i->item, &i->examination, err);
}

static void set_ids(struct act *act, const struct item_truth *i) {
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
}

/* What fails of one item alone is entered as its. */
static ex_code take_items(struct act *act, struct timeline *t, struct ex_error *err) {
    const struct request *r = act->request;
    const struct item_truth *only;
    EX_TRY(truth_load(act, &t->truth, err));
    if (r->operand_count == 1 && truth_find(&t->truth, r->operand[0], &only, NULL) == EX_OK)
        set_ids(act, only);
    EX_TRY(ex_alloc(r->operand_count, sizeof *t->item, SIZE_MAX, "the items", &t->item, err));
    for (unsigned n = 0; n < r->operand_count; n++)
        EX_TRY(take_item(act, t, r->operand[n], err));
    return EX_OK;
}

/* Half of the memory of the machine holds them, and once more while they are sorted. */
static size_t most_times(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0)
        return TIMELINE_TIMES_MAX;
    uint64_t most =
        (uint64_t)pages * (uint64_t)page_bytes / 2 / (2 * sizeof(struct timeline_event));
    return most < TIMELINE_TIMES_MAX ? (size_t)most : TIMELINE_TIMES_MAX;
}

ex_code timeline_begin(struct act *act, struct timeline *t, struct ex_error *err) {
    *t = (struct timeline){.act = act, .events_max = most_times()};
    EX_TRY(parse_filters(act, t, err));
    return take_items(act, t, err);
}

void timeline_clear(struct timeline *t) {
    for (size_t n = 0; n < t->item_count; n++) {
        timeline_close_item(&t->item[n]);
        trace_states_clear(&t->item[n].states);
        free(t->item[n].at);
    }
    free(t->item);
    free(t->event);
    free(t->texts);
    truth_clear(&t->truth);
}

json_t *timeline_items_json(const struct timeline *t) {
    json_t *list = json_array();
    for (size_t n = 0; n < t->item_count; n++) {
        const struct timeline_item *i = &t->item[n];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "label", i->item->label, "id",
                                              json_hex(i->item->id, sizeof i->item->id),
                                              "examination", tracing_choice_json(&i->examination)));
    }
    return list;
}

/* ---- looking ---- */

/* Several items stand in the entry's body. */
static ex_code enter_view(struct act *act, const struct timeline *t, struct ex_error *err) {
    json_t *what = act_query_json(act), *ids = json_array();
    for (size_t n = 0; n < t->item_count; n++)
        json_array_append_new(ids, json_hex(t->item[n].item->id, sizeof t->item[n].item->id));
    json_object_set_new(what, "items", ids);
    return act_single(act, what, NULL, NULL, err);
}

static ex_code add_row(void *context, const struct timeline_found *found, struct ex_error *err) {
    json_t *row = timeline_json(&found->row);
    if (row == NULL || json_array_append_new(context, row) != 0)
        return ex_fail(err, EX_NOMEM, "no memory for the times");
    return EX_OK;
}

static json_t *text_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

static ex_code look(struct act *act, struct timeline *t, size_t limit, json_t **ret_result,
                    struct ex_error *err) {
    EX_TRY(enter_view(act, t, err));
    EX_TRY(timeline_gather(t, err));
    timeline_sort(t);
    size_t count = t->count < limit ? t->count : limit;
    json_t *rows = json_array();
    ex_code code = timeline_walk(t, count, false, add_row, rows, err);
    if (code != EX_OK) {
        json_decref(rows);
        return code;
    }
    for (size_t n = 0; n < t->item_count; n++)
        if (t->item[n].examination.damaged_entry != 0)
            act->verdict = EX_ALTERED;
    *ret_result = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "items",
                            timeline_items_json(t), "zone", text_or_null(act_flag(act, FLAG_ZONE)),
                            "from", text_or_null(act_flag(act, FLAG_FROM)), "until",
                            text_or_null(act_flag(act, FLAG_UNTIL)), "matched",
                            json_number(t->count), "left_out", json_number(t->count - count),
                            "near_ends", json_number(t->near), "times", rows);
    return EX_OK;
}

ex_code app_timeline(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct timeline t;
    size_t limit = 0;
    ex_code code = timeline_begin(act, &t, err);
    if (code == EX_OK)
        code = parse_limit(act, &limit, err);
    if (code == EX_OK)
        code = look(act, &t, limit, ret_result, err);
    timeline_clear(&t);
    return code;
}
