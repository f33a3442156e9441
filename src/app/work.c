/* SPDX-License-Identifier: Apache-2.0 */
/* Collections that were cut off: what the ledger says of them, listing them, discarding them. Going
 * on with one is collecting.c's. */
#include "app/act_internal.h"

#include <stdio.h>

/* ---- what the ledger says ---- */

struct search {
    struct work_story *story;
    size_t open_count;
    struct work_intent {
        uint64_t index;
        unsigned has;
        uint8_t case_id[ENTRY_ID_BYTES];
    } open[OPEN_INTENTS_MAX];
};

static ex_code keep_intent(struct act *act, const struct entry *e, struct search *s,
                           struct ex_error *err) {
    struct work_story *w = s->story;
    if (s->open_count < OPEN_INTENTS_MAX) {
        struct work_intent *i = &s->open[s->open_count++];
        *i = (struct work_intent){.index = e->index, .has = e->has & ENTRY_HAS_CASE};
        memcpy(i->case_id, e->case_id, sizeof i->case_id);
    }
    if (e->index != w->intent)
        return EX_OK;
    memcpy(w->case_id, e->case_id, sizeof w->case_id);
    w->found = (e->has & ENTRY_HAS_CASE) != 0;
    return project_section(act, e, "what", &w->what, err);
}

static ex_code look_at(struct act *act, const struct entry *e, void *context,
                       struct ex_error *err) {
    struct search *s = context;
    if ((e->has & ENTRY_HAS_ITEM) == 0 ||
        memcmp(e->item_id, s->story->item_id, sizeof e->item_id) != 0)
        return EX_OK;
    if (strcmp(e->event, "collect.intent") == 0)
        return keep_intent(act, e, s, err);
    if (strcmp(e->event, "collect.outcome") != 0)
        return EX_OK;
    s->story->held = s->story->held || (e->has & ENTRY_HAS_OBJECT) != 0;
    for (size_t i = 0; i < s->open_count; i++)
        if (s->open[i].index == e->intent)
            s->open[i--] = s->open[--s->open_count];
    return EX_OK;
}

/* What was cut off has an end in the ledger before anything else is said of it. */
static ex_code close_intent(struct act *act, const struct work_story *w,
                            const struct work_intent *i, struct ex_error *err) {
    struct ex_error why;
    struct draft d = {.what = json_object()};
    (void)ex_fail(&why, EX_INTERRUPTED, "cut off; found by exhibit %s",
                  act->request->command->words);
    json_object_set_new(d.what, "error", json_error(&why));
    (void)snprintf(d.entry.event, sizeof d.entry.event, "collect.outcome");
    (void)snprintf(d.entry.result, sizeof d.entry.result, "failed");
    d.entry.has = ENTRY_HAS_RESULT | ENTRY_HAS_INTENT | ENTRY_HAS_ITEM | i->has;
    d.entry.intent = i->index;
    memcpy(d.entry.item_id, w->item_id, sizeof d.entry.item_id);
    memcpy(d.entry.case_id, i->case_id, sizeof d.entry.case_id);
    return act_append(act, &d, 1, NULL, NULL, NULL, err);
}

static bool read_journal(const struct vault_work *work, struct work_story *ret) {
    const char *text = vault_work_what(work);
    json_t *journal = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const char *what = json_string_value(json_object_get(journal, "act"));
    json_int_t intent = json_integer_value(json_object_get(journal, "intent"));
    bool good = what != NULL && strcmp(what, "collect") == 0 && intent > 0 &&
                json_get_hex(journal, "item_id", ret->item_id, sizeof ret->item_id);
    ret->intent = (uint64_t)intent;
    ret->journal = journal;
    return good;
}

void work_story_clear(struct work_story *w) {
    json_decref(w->journal);
    json_decref(w->what);
    *w = (struct work_story){0};
}

ex_code work_story(struct act *act, const struct vault_work *work, struct work_story *ret,
                   struct ex_error *err) {
    struct search s = {.story = ret};
    if (!read_journal(work, ret))
        return EX_OK;
    EX_TRY(scan_ledger(act, look_at, &s, err));
    for (size_t i = 0; i < s.open_count; i++)
        EX_TRY(close_intent(act, ret, &s.open[i], err));
    return EX_OK;
}

/* ---- listing ---- */

static json_t *copy_of(json_t *journal, const char *key) {
    json_t *value = json_object_get(journal, key);
    return value != NULL ? json_incref(value) : json_null();
}

static json_t *work_json(const struct vault_unfinished *u) {
    json_t *journal = json_loads(u->what, 0, NULL);
    json_t *json = json_pack("{s:s, s:b, s:b, s:o, s:o, s:n}", "name", u->name, "running",
                             u->running, "resumable", u->resumable, "bytes", json_number(u->bytes),
                             "offset", json_number(u->offset), "why_not");
    static const char *const copied[] = {"act",    "case",       "item_id", "started",
                                         "source", "size_bytes", "intent"};
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
        json_object_set_new(json, copied[i], copy_of(journal, copied[i]));
    if (json_object_get(journal, "source_base64") != NULL)
        json_object_set_new(json, "source_base64", copy_of(journal, "source_base64"));
    if (!u->resumable)
        json_set_text(json, "why_not", u->why_not);
    json_decref(journal);
    return json;
}

ex_code app_work_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct vault_unfinished *list = NULL;
    size_t count;
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    EX_TRY(ex_alloc(VAULT_UNFINISHED_MAX, sizeof *list, (size_t)16 << 20, "unfinished work", &list,
                    err));
    EX_TRY(vault_work_list(act->vault, list, VAULT_UNFINISHED_MAX, &count, err));
    json_t *works = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(works, work_json(&list[i]));
    *ret_result = json_pack("{s:o}", "work", works);
    return EX_OK;
}

/* ---- discarding ---- */

static ex_code discard(struct act *act, struct vault_work **work, struct work_story *w,
                       struct ex_error *err) {
    const char *name = act->request->operand[0];
    EX_TRY(vault_work_open(act->vault, name, work, err));
    EX_TRY(work_story(act, *work, w, err));
    if (w->found) {
        memcpy(act->case_id, w->case_id, sizeof act->case_id);
        memcpy(act->item_id, w->item_id, sizeof act->item_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    }
    EX_TRY(act_intent(act,
                      json_pack("{s:s, s:o, s:o}", "work", name, "intent",
                                w->found ? json_number(w->intent) : json_null(), "source",
                                copy_of(w->what, "source")),
                      err));
    EX_TRY(vault_work_remove(ex_steal(work), err));
    return act_outcome(act, "done", json_pack("{s:s}", "work", name), NULL, NULL, NULL, err);
}

ex_code app_work_discard(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct vault_work *work = NULL;
    struct work_story w = {0};
    ex_code code = discard(act, &work, &w, err);
    work_story_clear(&w);
    vault_work_close(work);
    EX_TRY(code);
    *ret_result = json_pack("{s:s}", "work", act->request->operand[0]);
    return EX_OK;
}
