/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of collecting: intent, bytes, outcome. */
#include "app/collecting_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

const char *collecting_readback_word(enum vault_readback r) {
    return r == VAULT_READBACK_ALL ? "all" : r == VAULT_READBACK_NONE ? "none" : "new";
}

json_t *collecting_stored_json(const struct vault_put_report *r) {
    json_t *packs = json_packs((const uint8_t(*)[VAULT_PACK_ID_BYTES])r->pack, r->pack_count);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "data_bytes",
        json_number(r->data_bytes), "constant_bytes", json_number(r->constant_bytes), "chunks",
        json_number(r->chunks), "chunks_new", json_number(r->chunks_new), "new_bytes",
        json_number(r->new_bytes), "added_bytes", json_number(r->added_bytes), "reused_bytes",
        json_number(r->reused_bytes), "reused_oldest_verified",
        r->reused_bytes > 0 && r->reused_oldest_ns != 0 ? json_time(r->reused_oldest_ns)
                                                        : json_null(),
        "packs", packs, "readback", collecting_readback_word(r->readback), "readback_method",
        vault_readback_method_word(r->method));
}

ex_code collecting_parse_readback(const char *text, enum vault_readback *ret,
                                  struct ex_error *err) {
    *ret = VAULT_READBACK_NEW;
    if (text == NULL || strcmp(text, "new") == 0)
        return EX_OK;
    *ret = strcmp(text, "all") == 0 ? VAULT_READBACK_ALL : VAULT_READBACK_NONE;
    if (*ret == VAULT_READBACK_NONE && strcmp(text, "none") != 0)
        return ex_fail(err, EX_USAGE, "--readback takes all, new or none");
    return EX_OK;
}

json_t *collecting_case_json(const struct act *act, const struct collecting *c) {
    return json_pack("{s:o, s:s}", "id", json_hex(act->case_id, sizeof act->case_id), "number",
                     c->number);
}

json_t *collecting_intent_json(const struct act *act, const struct collecting *c) {
    json_t *what = json_pack("{s:o, s:o, s:o, s:s, s:n, s:o}", "case", collecting_case_json(act, c),
                             "item_id", json_hex(act->item_id, sizeof act->item_id), "source",
                             collecting_source_json(&c->before), "readback",
                             collecting_readback_word(c->readback), "label_text", "effort",
                             collecting_effort_json(c));
    if (c->label != NULL)
        json_set_text(what, "label_text", c->label);
    if (c->device != NULL)
        json_object_set_new(what, "device", device_before_json(c->device));
    json_object_set_new(what, "command", json_string(act->request->command->words));
    json_t *query = act_query_json(act);
    json_object_update(what, query);
    json_decref(query);
    if (c->fill != NULL)
        json_object_set_new(what, "fills", collecting_fills_json(c));
    if (c->before.kind == SOURCE_FOLDER)
        json_object_set_new(what, "selection", collecting_selection_json(&c->selection));
    if (c->before.kind == SOURCE_CONTAINER)
        json_object_set_new(what, "container", collecting_container_json(c, false));
    if (act->queue != NULL)
        json_object_set(what, "queue", act->queue);
    return what;
}

ex_code collecting_open(struct act *act, struct collecting *c, const char *path,
                        struct ex_error *err) {
    EX_TRY(collecting_open_folder(act, c, path, err));
    EX_TRY(collecting_open_container(act, c, path, err));
    if (c->source == NULL) {
        EX_TRY(device_take(act, path, &c->device, err));
        EX_TRY(source_open(path, &c->source, err));
    }
    source_identity(c->source, &c->before);
    return device_check_opened(c->device, &c->before, err);
}

static ex_code begin(struct act *act, struct collecting *c, struct ex_error *err) {
    const char *label = act_flag(act, FLAG_LABEL);
    c->label = label != NULL ? ex_strdup(label) : NULL;
    c->resumed = json_array();
    EX_TRY(collecting_parse_readback(act_flag(act, FLAG_READBACK), &c->readback, err));
    EX_TRY(collecting_parse_effort(act, c, err));
    EX_TRY(act_take_case(act, &c->number, err));
    randombytes_buf(act->item_id, sizeof act->item_id);
    act->has_ids = ENTRY_HAS_CASE;
    EX_TRY(collecting_open(act, c, act->request->operand[0], err));
    act->has_ids |= ENTRY_HAS_ITEM;
    if (act->queue != NULL)
        EX_TRY(collecting_find_held(act, c, &c->already, err));
    EX_TRY(collecting_check_effort(act, c, err));
    EX_TRY(source_set_effort(c->source, &c->effort, err));
    EX_TRY(collecting_open_fill(act, c, err));
    return c->already != NULL ? EX_OK : act_intent(act, collecting_intent_json(act, c), err);
}

static char *journal_line(struct act *act, const struct collecting *c) {
    json_t *more =
        json_pack("{s:s, s:o, s:O, s:o, s:s}", "case", c->number, "item_id",
                  json_hex(act->item_id, sizeof act->item_id), "resumed", c->resumed, "size_bytes",
                  c->before.seekable ? json_number(c->before.size_bytes) : json_null(), "readback",
                  collecting_readback_word(c->readback));
    json_set_text(more, "source", c->before.path);
    return act_journal(act, "collect", more);
}

/* What is to be known of the item stands with the item. */
static void finish_device(struct collecting *c) {
    json_t *warnings = json_object_get(c->device_after, "warnings");
    json_object_set_new(c->item, "device", device_short_json(c->device));
    if (json_array_size(warnings) > 0)
        json_object_set(c->item, "warnings", warnings);
}

static void finish_container(struct collecting *c) {
    json_t *warnings = collecting_container_warnings(c);
    json_object_set_new(c->item, "container", collecting_container_json(c, true));
    if (json_array_size(warnings) > 0)
        json_object_set(c->item, "warnings", warnings);
    json_decref(warnings);
}

/* Under the ledger's lock: only now is it known which number the item gets. */
static ex_code finish_item(struct act *act, struct draft *draft, void *context,
                           struct ex_error *err) {
    struct collecting *c = context;
    const struct vault_object_info *o = &c->report.object;
    char label[ITEM_LABEL_BYTES];
    EX_TRY(truth_next_label(act, act->case_id, c->number, label, err));
    c->item = json_pack(
        "{s:o, s:s, s:n, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o}", "id",
        json_hex(act->item_id, sizeof act->item_id), "label", label, "label_text", "case",
        collecting_case_json(act, c), "size_bytes", json_number(o->size_bytes), "sha256",
        json_hex(o->sha256, SHA256_BYTES), "fsverity", json_hex(o->fsverity, SHA256_BYTES),
        "object", json_hex(o->id, SHA256_BYTES), "officer", act->officer_name, "unreadable",
        json_unreadable(o), "source", collecting_source_json(&c->before), "readback",
        collecting_readback_word(c->readback), "entry_intent", json_number(act->intent));
    if (c->label != NULL)
        json_set_text(c->item, "label_text", c->label);
    if (c->resumes)
        json_object_set_new(c->item, "resumed_at", collecting_resumed_at_json(c));
    if (c->device != NULL)
        finish_device(c);
    if (c->before.kind == SOURCE_CONTAINER)
        finish_container(c);
    collecting_add_unread(c->item, &c->report.put);
    if (c->filled != NULL)
        json_object_set(c->item, "filled", c->filled);
    if (c->again != NULL)
        json_object_set(c->item, "second_reading", c->again);
    json_t *folder = collecting_folder_json(c);
    if (folder != NULL)
        json_object_set_new(c->item, "folder", folder);
    if (c->looks_like != NULL)
        json_object_set(c->item, "looks_like", c->looks_like);
    c->stored = collecting_stored_json(&c->report.put);
    json_decref(draft->what);
    draft->what =
        json_pack("{s:O, s:O, s:o, s:o}", "item", c->item, "stored", c->stored, "source_after",
                  collecting_source_json(&c->report.after), "reading", collecting_reading_json(c));
    if (c->device != NULL)
        json_object_set(draft->what, "device_after", c->device_after);
    if (c->resumes)
        json_object_set(draft->what, "resumed", c->resumed);
    return EX_OK;
}

static ex_code collecting_run(struct act *act, struct collecting *c, json_t **ret_result,
                              struct ex_error *err) {
    uint64_t started = ex_monotonic_ns();
    struct truth t = {0};
    const struct item_truth *held;
    EX_TRY(c->resumes ? collecting_begin_again(act, c, err) : begin(act, c, err));
    if (c->already != NULL) {
        const char *result = json_string_value(json_object_get(c->already, "result"));
        act->verdict = result != NULL && strcmp(result, "done") == 0 ? EX_OK : EX_PARTIAL;
        *ret_result = json_pack("{s:O, s:b}", "item", c->already, "already", true);
        return EX_OK;
    }
    EX_AUTO_FREE char *journal = journal_line(act, c);
    const struct vault_put_options options = {.readback = c->readback,
                                              .journal = journal,
                                              .resume = c->resumes ? c->work : NULL,
                                              .ret_work = &c->work};
    EX_TRY(collect_run(act->vault, collecting_from(c), &options, act->face->progress, &c->report,
                       err));
    EX_TRY(collecting_end_fill(c, &c->filled, err));
    collecting_read_again(act, c);
    if (c->device != NULL) {
        c->device_after = device_after_json(c->device);
        EX_TRY(device_check_after(c->device, err));
    }
    if (c->device != NULL && c->resumes)
        collecting_warn_of_sittings(c, json_object_get(c->device_after, "warnings"));
    const struct vault_object_info *o = &c->report.object;
    bool partial = collecting_is_partial(c), hides = c->device != NULL && device_hides(c->device);
    c->looks_like = collecting_kind_json(act, c);
    EX_TRY(
        act_outcome(act, partial ? "partial" : "done", json_object(), o->id, finish_item, c, err));
    (void)!vault_work_remove(ex_steal(&c->work), NULL);
    act->verdict = partial || hides ? EX_PARTIAL : EX_OK;
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, json_string_value(json_object_get(c->item, "id")), &held, err);
    json_t *item = code == EX_OK ? truth_item_json(held) : NULL;
    truth_clear(&t);
    EX_TRY(code);
    json_object_set_new(item, "verified", json_null());
    *ret_result = json_pack("{s:o, s:O, s:o, s:f}", "item", item, "stored", c->stored, "reading",
                            collecting_reading_json(c), "seconds",
                            (double)(ex_monotonic_ns() - started) / 1e9);
    if (c->device != NULL) {
        json_object_set_new(*ret_result, "device", device_before_json(c->device));
        json_object_set(*ret_result, "device_after", c->device_after);
    }
    return EX_OK;
}

static ex_code collect(struct act *act, bool resumes, json_t **ret_result, struct ex_error *err) {
    struct collecting c = {.resumes = resumes};
    ex_code code = collecting_run(act, &c, ret_result, err);
    if (code == EX_SOURCE && !resumes && c.work != NULL) /* nobody can go on with that */
        (void)!vault_work_remove(ex_steal(&c.work), NULL);
    if (resumes) /* what cannot be resumed is given up by `work discard` alone, with an entry */
        vault_work_close(c.work);
    else
        vault_work_leave(c.work);
    free(c.number);
    free(c.label);
    free(c.skip);
    collecting_close_fill(c.fill);
    json_decref(c.filled);
    json_decref(c.again);
    source_close(c.source);
    device_let_go(c.device);
    json_decref(c.device_after);
    json_decref(c.device_recorded);
    json_decref(c.earlier);
    json_decref(c.resumes_json);
    collect_report_clear(&c.report);
    json_decref(c.item);
    json_decref(c.stored);
    json_decref(c.resumed);
    json_decref(c.recorded);
    json_decref(c.already);
    json_decref(c.looks_like);
    return code;
}

ex_code app_collect(struct act *act, json_t **ret_result, struct ex_error *err) {
    bool queue = act_has_flag(act, FLAG_QUEUE) && act->queue == NULL;
    if (queue || act->request->operand_count > 1)
        return collect_many(act, ret_result, err);
    return collect(act, false, ret_result, err);
}

ex_code app_work_resume(struct act *act, json_t **ret_result, struct ex_error *err) {
    return collect(act, true, ret_result, err);
}
