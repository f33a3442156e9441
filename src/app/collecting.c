/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of collecting: intent, bytes, outcome. */
#include "app/act_internal.h"

#include "base/cursor.h"
#include "collect/collect.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static json_t *source_json(const struct source_identity *i) {
    bool file = i->kind == SOURCE_FILE;
    json_t *json = json_pack("{s:s}", "kind", file ? "file" : "stdin");
    json_set_text(json, "path", i->path);
    if (!file)
        return json;
    char mode[8];
    (void)snprintf(mode, sizeof mode, "%06o", i->mode & 0177777);
    if (i->resolved != NULL)
        json_set_text(json, "resolved", i->resolved);
    json_object_set_new(json, "link", json_boolean(i->link));
    json_object_set_new(json, "write_guarded", json_boolean(i->write_guarded));
    json_object_set_new(json, "size_bytes", json_number(i->size_bytes));
    json_object_set_new(json, "device", json_number(i->device));
    json_object_set_new(json, "inode", json_number(i->inode));
    json_object_set_new(json, "mode", json_string(mode));
    json_object_set_new(json, "modified", json_time(i->modified_ns));
    json_object_set_new(json, "changed", json_time(i->changed_ns));
    json_object_set_new(json, "accessed", json_time(i->accessed_ns));
    return json;
}

static const char *readback_word(enum vault_readback r) {
    return r == VAULT_READBACK_ALL ? "all" : r == VAULT_READBACK_NONE ? "none" : "new";
}

static const char *method_word(enum vault_readback_method m) {
    return m == VAULT_READ_DIRECT          ? "direct"
           : m == VAULT_READ_CACHE_DROPPED ? "cache-dropped"
                                           : "none";
}

static json_t *stored_json(const struct vault_put_report *r) {
    json_t *packs = json_packs((const uint8_t(*)[VAULT_PACK_ID_BYTES])r->pack, r->pack_count);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "data_bytes",
        json_number(r->data_bytes), "constant_bytes", json_number(r->constant_bytes), "chunks",
        json_number(r->chunks), "chunks_new", json_number(r->chunks_new), "new_bytes",
        json_number(r->new_bytes), "added_bytes", json_number(r->added_bytes), "reused_bytes",
        json_number(r->reused_bytes), "reused_oldest_verified",
        r->reused_bytes > 0 && r->reused_oldest_ns != 0 ? json_time(r->reused_oldest_ns)
                                                        : json_null(),
        "packs", packs, "readback", readback_word(r->readback), "readback_method",
        method_word(r->method));
}

struct collecting {
    char *number; /* of the case */
    char *label;  /* what the officer calls the item; may be NULL */
    struct vault_work *work;
    bool resumes;
    uint64_t offset;  /* resumed: where */
    json_t *resumed;  /* intents of the same collection, cut off; an array */
    json_t *recorded; /* resumed: the source as the ledger names it */
    struct source *source;
    struct source_identity before;
    enum vault_readback readback;
    struct collect_report report;
    json_t *item, *stored; /* set by finish_item */
};

static ex_code parse_readback(const char *text, enum vault_readback *ret, struct ex_error *err) {
    *ret = VAULT_READBACK_NEW;
    if (text == NULL || strcmp(text, "new") == 0)
        return EX_OK;
    *ret = strcmp(text, "all") == 0 ? VAULT_READBACK_ALL : VAULT_READBACK_NONE;
    if (*ret == VAULT_READBACK_NONE && strcmp(text, "none") != 0)
        return ex_fail(err, EX_USAGE, "--readback takes all, new or none");
    return EX_OK;
}

static json_t *case_json(const struct act *act, const struct collecting *c) {
    return json_pack("{s:o, s:s}", "id", json_hex(act->case_id, sizeof act->case_id), "number",
                     c->number);
}

static json_t *intent_json(const struct act *act, const struct collecting *c) {
    json_t *what =
        json_pack("{s:o, s:o, s:o, s:s, s:n}", "case", case_json(act, c), "item_id",
                  json_hex(act->item_id, sizeof act->item_id), "source", source_json(&c->before),
                  "readback", readback_word(c->readback), "label_text");
    if (c->label != NULL)
        json_set_text(what, "label_text", c->label);
    return what;
}

static ex_code begin(struct act *act, struct collecting *c, struct ex_error *err) {
    const char *label = act_flag(act, FLAG_LABEL);
    c->label = label != NULL ? ex_strdup(label) : NULL;
    c->resumed = json_array();
    EX_TRY(parse_readback(act_flag(act, FLAG_READBACK), &c->readback, err));
    EX_TRY(act_take_case(act, &c->number, err));
    randombytes_buf(act->item_id, sizeof act->item_id);
    act->has_ids = ENTRY_HAS_CASE;
    EX_TRY(source_open(act->request->operand[0], &c->source, err));
    act->has_ids |= ENTRY_HAS_ITEM;
    source_identity(c->source, &c->before);
    return act_intent(act, intent_json(act, c), err);
}

/* ---- going on with one that was cut off ---- */

/* Text of the ledger that may not have been UTF-8; the caller frees. */
static char *text_of(json_t *object, const char *key) {
    char name[40];
    const char *text = json_string_value(json_object_get(object, key));
    (void)snprintf(name, sizeof name, "%.20s_base64", key);
    const char *coded = json_string_value(json_object_get(object, name));
    if (coded == NULL)
        return text != NULL ? ex_strdup(text) : NULL;
    char *bytes = ex_new0_bytes(strlen(coded) + 1);
    size_t size = 0;
    if (sodium_base642bin((unsigned char *)bytes, strlen(coded), coded, strlen(coded), NULL, &size,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        size = 0;
    bytes[size] = '\0';
    return bytes;
}

/* By what the source is taken for the same. */
enum { SAME_BY = 5 };
static const char *const same_by[SAME_BY] = {"resolved", "size_bytes", "inode", "modified",
                                             "changed"};

static json_t *same_by_json(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < SAME_BY; i++)
        json_array_append_new(list, json_string(same_by[i]));
    return list;
}

static ex_code check_same(const struct collecting *c, struct ex_error *err) {
    static const char *const word[SAME_BY] = {"path", "size", "inode", "time of modification",
                                              "time of change"};
    json_t *now = source_json(&c->before);
    size_t i = 0;
    while (i < SAME_BY &&
           json_equal(json_object_get(now, same_by[i]), json_object_get(c->recorded, same_by[i])))
        i++;
    json_decref(now);
    if (i == SAME_BY)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SOURCE,
                           "the source \"%.100s\" is not what it was: its %s is another",
                           c->before.path, word[i]),
                   err, "collect it again from its beginning; what was stored is shared");
}

static ex_code open_recorded(struct collecting *c, struct ex_error *err) {
    EX_AUTO_FREE char *path = text_of(c->recorded, "path");
    EX_AUTO_FREE char *resolved = text_of(c->recorded, "resolved");
    const char *kind = json_string_value(json_object_get(c->recorded, "kind"));
    if (path == NULL || kind == NULL || strcmp(kind, "file") != 0)
        return ex_fail(err, EX_UNSUPPORTED, "this source cannot be read from the middle");
    EX_TRY(source_open(path[0] != '/' && resolved != NULL ? resolved : path, &c->source, err));
    source_identity(c->source, &c->before);
    return check_same(c, err);
}

static ex_code take_story(struct act *act, struct collecting *c, struct work_story *w,
                          struct ex_error *err) {
    const char *name = act->request->operand[0];
    json_t *number = json_object_get(json_object_get(w->what, "case"), "number");
    if (w->held)
        return ex_hint(
            ex_fail(err, EX_EXISTS, "what the work \"%s\" collected is held already", name), err,
            "exhibit work discard %s --reason TEXT", name);
    if (!w->found || !json_is_string(number))
        return ex_fail(err, EX_ALTERED, "the ledger does not say what the work \"%s\" collected",
                       name);
    memcpy(act->case_id, w->case_id, sizeof act->case_id);
    memcpy(act->item_id, w->item_id, sizeof act->item_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    c->number = ex_strdup(json_string_value(number));
    c->label = text_of(w->what, "label_text");
    c->recorded = json_incref(json_object_get(w->what, "source"));
    json_t *before = json_object_get(w->journal, "resumed");
    c->resumed = json_is_array(before) ? json_copy(before) : json_array();
    json_array_append_new(c->resumed, json_number(w->intent));
    return parse_readback(json_string_value(json_object_get(w->what, "readback")), &c->readback,
                          err);
}

static ex_code begin_again(struct act *act, struct collecting *c, struct ex_error *err) {
    const char *name = act->request->operand[0];
    struct work_story w = {0};
    EX_TRY(vault_work_open(act->vault, name, &c->work, err));
    EX_TRY(vault_work_offset(c->work, &c->offset, err));
    ex_code code = work_story(act, c->work, &w, err);
    if (code == EX_OK)
        code = take_story(act, c, &w, err);
    uint64_t intent = w.intent;
    work_story_clear(&w);
    EX_TRY(code);
    EX_TRY(open_recorded(c, err));
    json_t *what = intent_json(act, c);
    json_object_set_new(what, "resumes",
                        json_pack("{s:o, s:s, s:o, s:o}", "intent", json_number(intent), "work",
                                  name, "offset", json_number(c->offset), "same_by",
                                  same_by_json()));
    return act_intent(act, what, err);
}

static char *journal_line(struct act *act, const struct collecting *c) {
    struct ex_clock now;
    ex_clock_read(&now);
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:O, s:o, s:i, s:o, s:s}", "act", "collect", "case", c->number,
        "item_id", json_hex(act->item_id, sizeof act->item_id), "intent", json_number(act->intent),
        "resumed", c->resumed, "started", json_time(now.utc_ns), "pid", (int)getpid(), "size_bytes",
        c->before.kind == SOURCE_FILE ? json_number(c->before.size_bytes) : json_null(), "readback",
        readback_word(c->readback));
    json_set_text(json, "source", c->before.path);
    char *line = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return line;
}

/* Under the ledger's lock: only now is it known which number the item gets. */
static ex_code finish_item(struct act *act, struct draft *draft, void *context,
                           struct ex_error *err) {
    struct collecting *c = context;
    const struct vault_object_info *o = &c->report.object;
    char label[ITEM_LABEL_BYTES];
    EX_TRY(truth_next_label(act, act->case_id, c->number, label, err));
    c->item = json_pack("{s:o, s:s, s:n, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o}", "id",
                        json_hex(act->item_id, sizeof act->item_id), "label", label, "label_text",
                        "case", case_json(act, c), "size_bytes", json_number(o->size_bytes),
                        "sha256", json_hex(o->sha256, SHA256_BYTES), "fsverity",
                        json_hex(o->fsverity, SHA256_BYTES), "object",
                        json_hex(o->id, SHA256_BYTES), "officer", act->officer_name, "unreadable",
                        json_unreadable(o), "source", source_json(&c->before), "readback",
                        readback_word(c->readback), "entry_intent", json_number(act->intent));
    if (c->label != NULL)
        json_set_text(c->item, "label_text", c->label);
    c->stored = stored_json(&c->report.put);
    json_decref(draft->what);
    draft->what = json_pack("{s:O, s:O, s:o}", "item", c->item, "stored", c->stored, "source_after",
                            source_json(&c->report.after));
    if (c->resumes)
        json_object_set(draft->what, "resumed", c->resumed);
    return EX_OK;
}

static ex_code collecting_run(struct act *act, struct collecting *c, json_t **ret_result,
                              struct ex_error *err) {
    uint64_t started = ex_monotonic_ns();
    struct truth t = {0};
    const struct item_truth *held;
    EX_TRY(c->resumes ? begin_again(act, c, err) : begin(act, c, err));
    EX_AUTO_FREE char *journal = journal_line(act, c);
    const struct vault_put_options options = {.readback = c->readback,
                                              .journal = journal,
                                              .resume = c->resumes ? c->work : NULL,
                                              .ret_work = &c->work};
    EX_TRY(collect_run(act->vault, c->source, &options, act->face->progress, &c->report, err));
    const struct vault_object_info *o = &c->report.object;
    bool partial = o->unreadable_count > 0;
    EX_TRY(
        act_outcome(act, partial ? "partial" : "done", json_object(), o->id, finish_item, c, err));
    (void)!vault_work_remove(ex_steal(&c->work), NULL);
    act->verdict = partial ? EX_PARTIAL : EX_OK;
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, json_string_value(json_object_get(c->item, "id")), &held, err);
    json_t *item = code == EX_OK ? truth_item_json(held) : NULL;
    truth_clear(&t);
    EX_TRY(code);
    json_object_set_new(item, "verified", json_null());
    *ret_result = json_pack("{s:o, s:O, s:f}", "item", item, "stored", c->stored, "seconds",
                            (double)(ex_monotonic_ns() - started) / 1e9);
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
    source_close(c.source);
    collect_report_clear(&c.report);
    json_decref(c.item);
    json_decref(c.stored);
    json_decref(c.resumed);
    json_decref(c.recorded);
    return code;
}

ex_code app_collect(struct act *act, json_t **ret_result, struct ex_error *err) {
    return collect(act, false, ret_result, err);
}

ex_code app_work_resume(struct act *act, json_t **ret_result, struct ex_error *err) {
    return collect(act, true, ret_result, err);
}
