/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's public side, checking the vault's files, and making the derived ones anew. */
#include "app/damage_internal.h"

#include "base/cursor.h"

#include <sodium.h>
#include <stdio.h>

ex_code app_ledger_checkpoint(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE char *text = NULL;
    uint8_t root[MERKLE_BYTES];
    EX_TRY(ledger_checkpoint_text(act->ledger, &text, err));
    ledger_root(act->ledger, root);
    *ret_result =
        json_pack("{s:s, s:o, s:o}", "checkpoint", text, "size",
                  json_number(ledger_size(act->ledger)), "root", json_hex(root, sizeof root));
    return EX_OK;
}

static ex_code parse_index(const char *text, uint64_t *ret, struct ex_error *err) {
    if (ex_parse_decimal(text, strlen(text), ret))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "\"%.40s\" is not the number of an entry", text), err,
                   "entries count from 0");
}

ex_code app_ledger_prove(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE char *proof = NULL;
    const char *since = act_flag(act, FLAG_SINCE);
    uint64_t n;
    if ((since != NULL) == (act->request->operand_count == 1))
        return ex_hint(ex_fail(err, EX_USAGE, "say what to prove"), err,
                       "the number of an entry, or --since SIZE of an older checkpoint");
    EX_TRY(parse_index(since != NULL ? since : act->request->operand[0], &n, err));
    if (since != NULL ? n > ledger_size(act->ledger) : n >= ledger_size(act->ledger))
        return ex_fail(err, EX_NOT_FOUND, "the ledger has %" PRIu64 " entries",
                       ledger_size(act->ledger));
    EX_TRY(since != NULL ? ledger_prove_since(act->ledger, n, &proof, err)
                         : ledger_prove_entry(act->ledger, n, &proof, err));
    *ret_result = json_pack("{s:s}", "proof", proof);
    return EX_OK;
}

/* ---- showing entries ---- */

static ex_code show_one(struct act *act, uint64_t index, json_t *list, struct ex_error *err) {
    static const char *const section[] = {"what", "who", "why"};
    struct entry e;
    json_t *row = NULL, *what = NULL, *body = json_object();
    ex_code code = project_row(act, index, &e, &row, &what, err);
    json_decref(what);
    for (size_t i = 0; code == EX_OK && i < e.section_count; i++) {
        for (size_t k = 0; k < 3; k++) {
            json_t *value = NULL;
            if (strcmp(e.section[i].name, section[k]) != 0)
                continue;
            code = project_section(act, &e, section[k], &value, err);
            json_object_set_new(body, section[k], value != NULL ? value : json_null());
        }
    }
    if (code != EX_OK) {
        json_decref(row);
        json_decref(body);
        return code;
    }
    json_object_set_new(row, "body", body);
    json_array_append_new(list, row);
    return EX_OK;
}

ex_code app_ledger_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    const struct request *r = act->request;
    uint64_t size = ledger_size(act->ledger), n;
    for (unsigned i = 0; i < r->operand_count; i++) {
        EX_TRY(parse_index(r->operand[i], &n, err));
        if (n >= size)
            return ex_fail(err, EX_NOT_FOUND,
                           "there is no entry %" PRIu64 ": the ledger has %" PRIu64, n, size);
    }
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    json_t *list = json_array();
    *ret_result = json_pack("{s:o}", "shown", list);
    if (r->operand_count == 0)
        for (n = 0; n < ledger_size(act->ledger); n++)
            EX_TRY(show_one(act, n, list, err));
    for (unsigned i = 0; i < r->operand_count; i++) {
        EX_TRY(parse_index(r->operand[i], &n, err));
        EX_TRY(show_one(act, n, list, err));
    }
    return EX_OK;
}

/* ---- files ---- */

static json_t *unfinished_json(const struct vault_check_report *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->unfinished_count; i++) {
        const struct vault_unfinished *u = &r->unfinished[i];
        json_t *journal = json_loads(u->what, 0, NULL);
        const char *started = json_string_value(json_object_get(journal, "started"));
        json_t *one = json_pack("{s:s, s:b, s:o, s:o}", "name", u->name, "running", u->running,
                                "bytes", json_number(u->bytes), "started",
                                started != NULL ? json_string(started) : json_null());
        json_array_append_new(list, one);
        json_decref(journal);
    }
    return list;
}

static json_t *check_json(struct act *act, const struct vault_check_report *r,
                          const struct ledger_check *l) {
    json_t *problems = damage_problems_json(r);
    for (size_t i = 0; i < l->problem_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_array_append_new(problems, json_string(l->problem[i]));
    return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:{s:o, s:o}}",
                     "packs", json_number(r->packs), "records", json_number(r->records),
                     "stored_bytes", json_number(r->stored_bytes), "deep",
                     act_has_flag(act, FLAG_DEEP), "unfinished", unfinished_json(r), "problems",
                     problems, "problem_count", json_number(r->problem_count + l->problem_count),
                     "sets", json_number(r->sets), "index", "segments",
                     json_number(r->index_segments), "entries", json_number(r->index_entries),
                     "packs_missing", json_number(r->packs_not_indexed), "ledger", "size",
                     json_number(ledger_size(act->ledger)), "beyond", json_number(l->beyond));
}

static void add_history(json_t *result, const struct history_check *h) {
    json_t *problems = json_object_get(result, "problems");
    for (size_t i = 0; i < h->body_text_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_array_append_new(problems, json_string(h->body_text[i]));
    for (size_t i = 0; i < h->packs_missing && i < OPEN_INTENTS_MAX; i++)
        json_array_append_new(problems, json_string(h->pack_text[i]));
    if (!h->config_matches)
        json_array_append_new(problems,
                              json_string("vault.json is not the one that entry 0 names"));
    json_object_set_new(result, "bodies", json_number(h->bodies));
    json_object_set_new(result, "packs_named", json_number(h->packs_named));
    json_object_set_new(result, "packs_replaced", json_number(h->packs_replaced));
}

/* What is wrong with the keyring: a line each, and how many. That it is the newest is known only
 * when the vault was unlocked for the check. */
static uint64_t add_keyring(struct act *act, json_t *result) {
    struct ex_error why;
    uint64_t count = 0;
    json_t *problems = json_object_get(result, "problems");
    if (!vault_keyring_copies_sound(act->vault)) {
        json_array_append_new(problems, json_string("the keyring or its copy is damaged or "
                                                    "gone; exhibit rebuild mends that"));
        count++;
    }
    if (act->keyring == NULL || act->roster == NULL ||
        keyring_check_newest(act, &why) != EX_ALTERED)
        return count;
    json_array_append_new(problems, json_string(why.text));
    return count + 1;
}

/* Which items the damage hurts; where the ledger cannot say what is held, that is said. */
static void add_items(struct act *act, const struct vault_check_report *r, json_t *result) {
    json_t *items = NULL, *examinations = NULL;
    struct ex_error why;
    ex_code code = damage_to_items(act, r->hurt, &items, &why);
    if (code == EX_OK)
        code = damage_to_examinations(act, r->hurt, &examinations, &why);
    if (code != EX_OK) {
        json_set_text(result, "items_unknown", why.text);
        json_decref(items);
        return;
    }
    json_object_set_new(result, "items", items);
    json_object_set_new(result, "examinations", examinations);
}

static ex_code check_everything(struct act *act, struct vault_check_report *r, json_t **ret_result,
                                struct ex_error *err) {
    EX_AUTO_FREE struct history_check *h = ex_new0(struct history_check);
    struct ex_progress *progress = act->face->progress;
    struct vault_parity_count parity;
    if (progress != NULL)
        progress->phase = "checking";
    EX_TRY(vault_check(act->vault, act_has_flag(act, FLAG_DEEP), progress, r, err));
    EX_TRY(vault_parity_count(act->vault, &parity, err));
    EX_TRY(check_history(act, h, err));
    *ret_result = check_json(act, r, &h->ledger);
    add_history(*ret_result, h);
    json_object_set_new(*ret_result, "parity",
                        json_pack("{s:o, s:o, s:o}", "packs_with", json_number(parity.packs_with),
                                  "packs_without", json_number(parity.packs_without), "left_over",
                                  json_number(parity.left_over)));
    uint64_t others = h->body_text_count + h->packs_missing + (h->config_matches ? 0 : 1) +
                      add_keyring(act, *ret_result);
    bool sound = r->problem_count == 0 && h->ledger.problem_count == 0 && h->ledger.root_matches &&
                 others == 0;
    act->verdict = !sound ? EX_ALTERED : r->locked ? EX_PARTIAL : EX_OK;
    json_object_set_new(*ret_result, "locked", json_boolean(r->locked));
    json_object_set_new(*ret_result, "bodies_locked", json_number(h->bodies_locked));
    json_object_set_new(*ret_result, "problem_count",
                        json_number(r->problem_count + h->ledger.problem_count + others));
    if ((r->problem_count > 0 || h->packs_missing > 0) && !r->locked)
        add_items(act, r, *ret_result);
    return EX_OK;
}

ex_code app_vault_check(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct vault_check_report *r = ex_new0(struct vault_check_report);
    if (!act_has_flag(act, FLAG_LOCKED)) {
        ex_code code = act_unlock_to_read(act, err);
        if (code == EX_DENIED)
            return ex_hint(code, err,
                           "--locked checks what shows without a passphrase; "
                           "the attempt was noted, if that was possible");
        EX_TRY(code);
    }
    ex_code code = check_everything(act, r, ret_result, err);
    vault_check_report_clear(r);
    return code;
}

/* ---- rebuilding ---- */

static ex_code count_case(void *context, const struct catalog_case *k, struct ex_error *err) {
    uint64_t *counts = context;
    (void)err;
    counts[0]++;
    counts[1] += k->items;
    return EX_OK;
}

ex_code app_rebuild(struct act *act, json_t **ret_result, struct ex_error *err) {
    uint64_t packs, entries, counts[2] = {0};
    EX_TRY(act_intent(act, act_query_json(act), err));
    if (act->face->progress != NULL)
        act->face->progress->phase = "rebuilding";
    EX_TRY(vault_rebuild_index(act->vault, act->face->progress, &packs, &entries, err));
    ex_code code = catalog_check(act->catalog, err); /* clearing does not meet every block */
    if (code == EX_OK)
        code = project_anew(act, err);
    if (code == EX_FORMAT)
        code = act_renew_catalog(act, err);
    EX_TRY(code);
    EX_TRY(scrub_rebuild_dates(act, err));
    EX_TRY(vault_keyring_mend(act->vault, act->keyring, err));
    EX_TRY(act_outcome(act, "done",
                       json_pack("{s:o, s:o}", "entries", json_number(ledger_size(act->ledger)),
                                 "packs", json_number(packs)),
                       NULL, NULL, NULL, err));
    EX_TRY(catalog_each_case(act->catalog, count_case, counts, err));
    *ret_result = json_pack("{s:o, s:o, s:o, s:o, s:o}", "entries_projected",
                            json_number(ledger_size(act->ledger)), "cases", json_number(counts[0]),
                            "items", json_number(counts[1]), "packs", json_number(packs),
                            "index_entries", json_number(entries));
    return EX_OK;
}
