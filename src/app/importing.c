/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of taking a package in (format/package.md, format/ledger §5.2): intent, the bytes as
 * they are decrypted, and only when everything in it is good the entries of all its items at once.
 * An item keeps its id and its object keeps its own; whose custody it is in does not change by
 * this.
 */
#include "app/custody_internal.h"
#include "app/package_internal.h"

#include "base/cursor.h"
#include "ledger/custody.h"

#include <stdio.h>
#include <unistd.h>

/* In one entry, and of all items of a package. */
enum { PROVENANCE_BYTES_MAX = 12 << 20, PROVENANCES_BYTES_MAX = 512 << 20, TEXT_THERE_MAX = 1024 };

struct importing {
    struct act *act;
    struct unpacking u;
    char *number;  /* of the case here */
    json_t **what; /* of the import.item entries, in the order of the head */
    struct vault_work **work;
    struct vault_put_report *put;
    char **provenance; /* of each item, texts */
    size_t *provenance_bytes;
};

/* ---- what may come in ---- */

/* The key of a log from which something was imported before. */
struct known_log {
    const char *origin;
    bool found;
    uint8_t key[SIGN_PUBLIC_BYTES];
    uint64_t entry;
};

static ex_code look_for_log(struct act *act, const struct entry *e, void *context,
                            struct ex_error *err) {
    struct known_log *k = context;
    json_t *what = NULL;
    (void)err;
    if (k->found || strcmp(e->event, "import.outcome") != 0 ||
        project_section(act, e, "what", &what, NULL) != EX_OK)
        return EX_OK;
    json_t *package = json_object_get(what, "package");
    const char *log = json_string_value(json_object_get(package, "log"));
    const char *vkey = json_string_value(json_object_get(package, "vault_key"));
    struct note_key key;
    if (log != NULL && vkey != NULL && strcmp(log, k->origin) == 0 &&
        note_key_parse(vkey, &key, NULL) == EX_OK) {
        k->found = true;
        k->entry = e->index;
        memcpy(k->key, key.public_key, sizeof k->key);
    }
    json_decref(what);
    return EX_OK;
}

/* Whose vault it comes from must be known: from paper, or from an import before. */
static ex_code check_sender(struct importing *m, const struct package_report *r,
                            struct ex_error *err) {
    struct known_log known = {.origin = r->head.origin};
    if (strcmp(r->head.origin, vault_config(m->act->vault)->origin) == 0)
        return ex_hint(ex_fail(err, EX_EXISTS, "the package comes from this vault"), err,
                       "what it holds is here already: exhibit item list");
    EX_TRY(scan_ledger(m->act, look_for_log, &known, err));
    if (known.found && memcmp(known.key, r->head.vault_key, sizeof known.key) != 0)
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the vault key of %.80s is another than at entry %" PRIu64,
                               r->head.origin, known.entry),
                       err, "ask the sender, by another way than this package");
    if (known.found || m->u.has_key)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_SIGNATURE, "nobody has said whose vault this package is from"),
                   err, "give the sender's vault key as you have it on paper: --key VKEY");
}

/* Does the package bring an open offer of this item? */
static bool is_offered(const struct package_report *r, size_t n) {
    const struct custody_item *c = custody_find(r->history, r->head.item[n].id);
    const struct custody_handover *o = c != NULL ? custody_open(c) : NULL;
    return r->head.has_handover && o != NULL && o->way == CUSTODY_OUT &&
           memcmp(o->id, r->head.handover, sizeof o->id) == 0;
}

/* It was handed over to another vault, and the package offers it again, with the same bytes. */
static ex_code comes_back(struct importing *m, const struct package_report *r, size_t n,
                          const struct item_truth *held, bool *ret, struct ex_error *err) {
    struct reading reading;
    EX_TRY(custody_load(m->act, &reading, err));
    const struct custody_item *c = custody_find(reading.history, held->id);
    *ret = c != NULL && custody_now(c)->holder == CUSTODY_OUTSIDE && custody_open(c) == NULL &&
           custody_handover_find(c, r->head.handover) == NULL && is_offered(r, n) &&
           held->physical == r->head.item[n].physical &&
           memcmp(held->object_id, r->head.item[n].object, sizeof held->object_id) == 0;
    reading_clear(&reading);
    return EX_OK;
}

static ex_code check_held(struct importing *m, const struct package_report *r, size_t n,
                          const struct item_truth *held, struct ex_error *err) {
    bool back;
    if (held->approval != 0)
        return truth_fail_disposed(held, err);
    EX_TRY(comes_back(m, r, n, held, &back, err));
    if (back)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_EXISTS, "an item of the package is held already, as %s", held->label), err,
        "exhibit custody log %s", held->label);
}

/* An item that went to another vault may come back; any other that is here is here already. */
static ex_code check_new(struct importing *m, const struct package_report *r,
                         struct ex_error *err) {
    struct truth t = {0};
    ex_code code = truth_load(m->act, &t, err);
    for (size_t n = 0; code == EX_OK && n < r->head.item_count; n++)
        for (size_t i = 0; code == EX_OK && i < t.item_count; i++) {
            const struct item_truth *held = &t.items[i];
            if (memcmp(held->id, r->head.item[n].id, ENTRY_ID_BYTES) != 0)
                continue;
            code = check_held(m, r, n, held, err);
        }
    truth_clear(&t);
    return code;
}

static ex_code fail_on_findings(const struct package_report *r, struct ex_error *err) {
    static const ex_code code[PACKAGE_CLAIMS] = {EX_ALTERED, EX_ALTERED, EX_SIGNATURE};
    for (int c = 0; c < PACKAGE_CLAIMS; c++)
        if (r->finding_count[c] > 0)
            return ex_hint(ex_fail(err, code[c], "the package is not good: %s", r->finding[c][0]),
                           err, "exhibit package verify names everything that is wrong with it");
    return EX_OK;
}

/* Unlike `package verify`, which says that a signature was not checked, an import wants both. */
static ex_code check_signed(const struct importing *m, struct ex_error *err) {
    const struct package_signatures *s = m->u.signatures;
    ex_code verdict;
    if (s != NULL && !(s->minisig_read && s->sshsig_read))
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "a signature over the package could not be checked: %.120s",
                               s->minisig_read ? s->sshsig_why : s->minisig_why),
                       err, "ask the sender for it: the three files belong together");
    json_t *claims = unpacking_claims(&m->u, &verdict);
    json_decref(claims);
    if (verdict == EX_SIGNATURE)
        return ex_hint(ex_fail(err, EX_SIGNATURE, "the signatures over the package are not good"),
                       err, "exhibit package verify says what is wrong with them");
    return EX_OK;
}

static ex_code check_head(void *context, const struct package_report *r, struct ex_error *err) {
    struct importing *m = context;
    EX_TRY(check_sender(m, r, err));
    EX_TRY(fail_on_findings(r, err));
    EX_TRY(check_new(m, r, err));
    EX_TRY(check_signed(m, err));
    if (r->excerpt == NULL)
        return ex_fail(err, EX_MISSING, "the package has no excerpt of its ledger");
    size_t count = r->head.item_count;
    EX_TRY(ex_alloc(count, sizeof *m->what, EX_LIMIT_PACK_BYTES, "items", &m->what, err));
    EX_TRY(ex_alloc(count, sizeof *m->work, EX_LIMIT_PACK_BYTES, "items", &m->work, err));
    EX_TRY(
        ex_alloc(count, sizeof *m->provenance, EX_LIMIT_PACK_BYTES, "items", &m->provenance, err));
    EX_TRY(ex_alloc(count, sizeof *m->provenance_bytes, EX_LIMIT_PACK_BYTES, "items",
                    &m->provenance_bytes, err));
    return ex_alloc(count, sizeof *m->put, EX_LIMIT_PACK_BYTES, "items", &m->put, err);
}

/* ---- the bytes ---- */

static char *journal_line(const struct importing *m, size_t n) {
    json_t *more = json_pack("{s:s, s:o}", "case", m->number, "item_id",
                             json_hex(m->u.report->head.item[n].id, ENTRY_ID_BYTES));
    json_set_text(more, "source", m->u.path);
    return act_journal(m->act, "import", more);
}

static ex_code put_payload(void *context, const char *path, size_t position, uint64_t size_bytes,
                           source_pull_fn *pull, void *pull_context, struct ex_error *err) {
    struct importing *m = context;
    if (position == SIZE_MAX)
        return EX_OK; /* of an image, which is not taken in; or a finding, and nothing is */
    const struct vault_object_info *o = &m->u.report->object[position];
    EX_AUTO(source_close) struct source *source = NULL;
    EX_AUTO_FREE char *journal = journal_line(m, position);
    struct vault_object_info held = {0};
    const struct vault_put_options options = {
        .journal = journal, .ret_work = &m->work[position], .salted_key = o->salted_key};
    EX_TRY(source_open_member(path, size_bytes, pull, pull_context, o->unreadable,
                              o->unreadable_count, &source, err));
    EX_TRY(vault_put(m->act->vault, source, &options, NULL, &held, &m->put[position], err));
    bool same = memcmp(held.id, o->id, sizeof held.id) == 0;
    vault_object_info_clear(&held);
    return same ? EX_OK
                : ex_fail(err, EX_ALTERED, "%s is not the object that the package says", path);
}

/* ---- the entries ---- */

/* A sender's words: text, and not without end. */
static json_t *text_there(json_t *there, const char *key) {
    json_t *text = json_object_get(there, key);
    return json_string_length(text) > 0 && json_string_length(text) <= TEXT_THERE_MAX ? text : NULL;
}

/* What a physical item is, as the sender described it. Not its photographs: they are not held here.
 */
static void describe_thing(json_t *item, json_t *there) {
    static const char *const key[] = {"description", "serial", "place"};
    json_t *seal, *seals = json_array();
    size_t n;
    for (size_t k = 0; k < sizeof key / sizeof key[0]; k++)
        if (text_there(there, key[k]) != NULL)
            json_object_set(item, key[k], text_there(there, key[k]));
    json_array_foreach(json_object_get(there, "seals"), n, seal) {
        if (json_string_length(seal) <= TEXT_THERE_MAX && json_is_string(seal))
            json_array_append(seals, seal);
    }
    json_object_set_new(item, "seals", seals);
}

/* json.md §4.1, of the item as it is held here. The label is set under the ledger's lock. */
static void item_what(struct importing *m, size_t n, const struct provenance *p) {
    const struct package_report *r = m->u.report;
    const struct package_item *i = &r->head.item[n];
    const struct vault_object_info *o = &r->object[n];
    json_t *there = provenance_item(p, i->id);
    json_t *item =
        json_pack("{s:o, s:{s:o, s:s}, s:s, s:O?}", "id", json_hex(i->id, sizeof i->id), "case",
                  "id", json_hex(m->act->case_id, sizeof m->act->case_id), "number", m->number,
                  "officer", m->act->officer_name, "label_text", text_there(there, "label_text"));
    json_t *source = json_pack("{s:s, s:o, s:s}", "kind", "package", "package",
                               json_hex(r->head.id, sizeof r->head.id), "log", r->head.origin);
    json_set_text(source, "path", m->u.path);
    if (json_is_string(json_object_get(there, "label")))
        json_object_set(source, "label", json_object_get(there, "label"));
    json_object_set_new(item, "source", source);
    if (i->physical) {
        describe_thing(item, there);
    } else {
        json_object_set_new(item, "size_bytes", json_number(o->size_bytes));
        json_object_set_new(item, "sha256", json_hex(o->sha256, SHA256_BYTES));
        json_object_set_new(item, "fsverity", json_hex(o->fsverity, SHA256_BYTES));
        json_object_set_new(item, "object", json_hex(o->id, SHA256_BYTES));
        json_object_set_new(item, "unreadable", json_unreadable(o));
        json_object_set_new(item, "readback", json_string("new"));
        json_add_not_read(item, there);
    }
    m->what[n] = json_pack("{s:o, s:o}", "item", item, "package", unpacking_head_json(&m->u));
    if (there != NULL) /* as the sender's ledger has it: a claim of theirs, proved by the excerpt */
        json_object_set_new(m->what[n], "there", there);
}

/* Each item gets what is about it: who gets it from here must not learn about the others. */
static ex_code find_provenance(struct importing *m, struct ex_error *err) {
    const struct package_report *r = m->u.report;
    EX_AUTO(provenance_free) struct provenance *p = NULL;
    size_t all_bytes = 0;
    EX_TRY(provenance_new(r->excerpt, &p, err));
    for (size_t n = 0; n < r->head.item_count; n++) {
        EX_TRY(
            provenance_of(p, r->head.item[n].id, &m->provenance[n], &m->provenance_bytes[n], err));
        all_bytes += m->provenance_bytes[n];
        if (m->provenance_bytes[n] > PROVENANCE_BYTES_MAX || all_bytes > PROVENANCES_BYTES_MAX)
            return ex_hint(ex_fail(err, EX_LIMIT, "the excerpt of the package is too large"), err,
                           "ask the sender for packages of fewer items");
        item_what(m, n, p);
    }
    return EX_OK;
}

static void draft_item(const struct importing *m, size_t n, struct draft *d) {
    const struct package_report *r = m->u.report;
    struct entry *e = &d->entry;
    *d = (struct draft){.what = json_incref(m->what[n]),
                        .provenance = m->provenance[n],
                        .provenance_bytes = m->provenance_bytes[n]};
    memcpy(e->event, "import.item", 12);
    e->has = ENTRY_HAS_CASE | ENTRY_HAS_ITEM | ENTRY_HAS_RESULT;
    memcpy(e->result, "done", 5);
    memcpy(e->case_id, m->act->case_id, sizeof e->case_id);
    memcpy(e->item_id, r->head.item[n].id, sizeof e->item_id);
    if (!r->head.item[n].physical) {
        e->has |= ENTRY_HAS_OBJECT;
        memcpy(e->object_id, r->head.item[n].object, sizeof e->object_id);
    }
    if (is_offered(r, n)) {
        e->has |= ENTRY_HAS_HANDOVER;
        memcpy(e->handover_id, r->head.handover, sizeof e->handover_id);
    }
}

/* Under the ledger's lock: only now is it known which numbers the items get. */
static ex_code give_labels(struct act *act, struct draft *outcome, void *context,
                           struct ex_error *err) {
    struct importing *m = context;
    struct truth t = {0};
    EX_TRY(check_new(m, m->u.report, err));
    EX_TRY(truth_load(act, &t, err));
    const struct case_truth *k = truth_case_by_id(&t, act->case_id);
    uint64_t next = k != NULL ? k->items + 1 : 1;
    json_t *list = json_array();
    for (size_t n = 0; n < m->u.report->head.item_count; n++) {
        char label[ITEM_LABEL_BYTES];
        const struct item_truth *held = truth_item_by_id(&t, m->u.report->head.item[n].id);
        json_t *item = json_object_get(m->what[n], "item");
        if (held != NULL) /* it comes back, and is the item that it was */
            (void)snprintf(label, sizeof label, "%s", held->label);
        else
            (void)snprintf(label, sizeof label, "%.100s/%" PRIu64, m->number, next++);
        json_object_set_new(item, "label", json_string(label));
        json_array_append_new(
            list, json_pack("{s:O, s:s}", "id", json_object_get(item, "id"), "label", label));
    }
    truth_clear(&t);
    json_object_set_new(outcome->what, "items", list);
    return EX_OK;
}

static ex_code enter(struct act *act, struct importing *m, struct ex_error *err) {
    size_t count = m->u.report->head.item_count;
    EX_AUTO_FREE struct draft *drafts = NULL;
    EX_TRY(find_provenance(m, err));
    EX_TRY(ex_alloc(count, sizeof *drafts, EX_LIMIT_PACK_BYTES, "items", &drafts, err));
    for (size_t n = 0; n < count; n++)
        draft_item(m, n, &drafts[n]);
    json_t *what = json_pack("{s:o}", "package", unpacking_head_json(&m->u));
    return act_outcome_with(act, drafts, count, "done", what, NULL, give_labels, m, err);
}

/* ---- the act ---- */

static ex_code import_intent(struct act *act, struct importing *m, struct ex_error *err) {
    json_t *what = json_pack("{s:{s:o, s:s}}", "case", "id",
                             json_hex(act->case_id, sizeof act->case_id), "number", m->number);
    json_set_text(what, "path", m->u.path);
    if (m->u.signatures != NULL) {
        json_object_set_new(what, "sha256", json_hex(m->u.signatures->sha256, SHA256_BYTES));
        json_object_set_new(what, "size_bytes", json_number(m->u.signatures->size_bytes));
    }
    return act_intent(act, what, err);
}

static json_t *result_json(const struct importing *m, json_t *claims) {
    json_t *items = json_array();
    uint64_t new_bytes = 0;
    for (size_t n = 0; n < m->u.report->head.item_count; n++) {
        json_array_append(items, json_object_get(m->what[n], "item"));
        new_bytes += m->put[n].new_bytes;
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "package", unpacking_json(&m->u), "items", items,
                     "new_bytes", json_number(new_bytes), "claims", claims);
}

static ex_code import(struct act *act, struct importing *m, json_t **ret_result,
                      struct ex_error *err) {
    const struct package_visitor visitor = {
        .head = check_head, .payload = put_payload, .context = m};
    ex_code verdict;
    EX_TRY(act_take_case(act, &m->number, err));
    EX_TRY(unpacking_begin(act, &m->u, err));
    EX_TRY(import_intent(act, m, err));
    EX_TRY(unpacking_read(act, &m->u, &visitor, err));
    EX_TRY(fail_on_findings(m->u.report, err));
    EX_TRY(enter(act, m, err));
    for (size_t n = 0; n < m->u.report->head.item_count; n++)
        if (m->work[n] != NULL)
            (void)!vault_work_remove(ex_steal(&m->work[n]), NULL);
    json_t *claims = unpacking_claims(&m->u, &verdict);
    if (m->u.is_dir) /* nobody's signature was over exhibit/package */
        act->verdict = EX_PARTIAL;
    for (size_t n = 0; n < m->u.report->head.item_count; n++)
        if (m->u.report->object[n].unreadable_count > 0 ||
            json_object_get(json_object_get(m->what[n], "item"), "not_read") != NULL)
            act->verdict = EX_PARTIAL;
    *ret_result = result_json(m, claims);
    return EX_OK;
}

ex_code app_package_import(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct importing m = {.act = act};
    ex_code code = import(act, &m, ret_result, err);
    for (size_t n = 0; m.u.report != NULL && n < m.u.report->head.item_count; n++) {
        if (m.work != NULL && m.work[n] != NULL)
            vault_work_leave(m.work[n]);
        if (m.what != NULL)
            json_decref(m.what[n]);
        if (m.put != NULL)
            vault_put_report_clear(&m.put[n]);
        if (m.provenance != NULL)
            free(m.provenance[n]);
    }
    free(m.work);
    free(m.provenance);
    free(m.provenance_bytes);
    free(m.what);
    free(m.put);
    free(m.number);
    unpacking_clear(&m.u);
    return code;
}
