/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of the acquisition report: what the ledger says of how an item was collected, as one
 * document (docs/format/json.md §4.12), and drawn as text, HTML or PDF. */
#include "app/reporting_internal.h"

#include "crypto/merkle.h"
#include "report/acquisition.h"

#include <stdio.h>

enum { FORMAT_JSON = -1 };

static const struct {
    const char *name, *ending;
    int format;
} formats[] = {
    {"text", ".txt", ACQUISITION_TEXT},
    {"html", ".html", ACQUISITION_HTML},
    {"pdf", ".pdf", ACQUISITION_PDF},
    {"json", ".json", FORMAT_JSON},
};

static bool ends_with(const char *text, const char *ending) {
    size_t size = strlen(text), tail = strlen(ending);
    return size > tail && strcmp(text + size - tail, ending) == 0;
}

/* Of --format, or by the name of the output; standard output is text. */
static ex_code choose_format(struct act *act, size_t *ret, struct ex_error *err) {
    const char *wanted = act_flag(act, FLAG_FORMAT), *output = act_flag(act, FLAG_OUTPUT);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        bool fits = wanted != NULL ? strcmp(wanted, formats[i].name) == 0
                                   : ends_with(output, formats[i].ending) ||
                                         (strcmp(output, "-") == 0 && i == 0);
        if (fits) {
            *ret = i;
            return EX_OK;
        }
    }
    return ex_hint(ex_fail(err, EX_USAGE, "it is not said how the report shall be written"), err,
                   "--format text, html, pdf or json; or an output that ends in .txt, .html, .pdf "
                   "or .json");
}

/* ---- the entries ---- */

struct reporting {
    struct act *act;
    const struct item_truth *item;
    json_t *item_json;
    json_t *findings;
    json_t *report;
};

void reporting_add_finding(struct act *act, json_t *findings, const char *text) {
    json_t *holder = json_object();
    json_set_text(holder, "text", text);
    json_array_append(findings, json_object_get(holder, "text"));
    json_decref(holder);
    act->verdict = EX_ALTERED;
}

static void add_finding(struct reporting *r, const char *text) {
    reporting_add_finding(r->act, r->findings, text);
}

static bool is_damage(ex_code code) {
    return code == EX_MISSING || code == EX_ALTERED || code == EX_FORMAT || code == EX_UNSUPPORTED;
}

static void move_member(json_t *to, const char *name, json_t *from, const char *key) {
    json_t *value = json_object_get(from, key);
    json_object_set_new(to, name, value != NULL ? json_incref(value) : json_null());
}

/* An entry as the ledger has it; what of its body is damaged is null, and a finding. */
static ex_code entry_json(struct reporting *r, uint64_t index, json_t **ret, struct ex_error *err) {
    static const char *const lines[] = {"event", "time", "zone", "clock", "result"};
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    json_t *row = NULL, *what = NULL, *who = NULL;
    struct ex_error why = {0};
    ex_code code = project_row(r->act, index, e, &row, &what, &why);
    if (code == EX_OK)
        code = project_section(r->act, e, "who", &who, &why);
    if (code != EX_OK && !is_damage(code)) {
        json_decref(row);
        json_decref(what);
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK)
        add_finding(r, why.text);
    if (row == NULL)
        row = project_row_damaged(e, &why);
    json_t *json =
        json_pack("{s:o, s:o, s:O?, s:O?}", "entry", json_number(index), "session",
                  e->signer == ENTRY_SIGNER_SESSION ? json_number(e->signer_session) : json_null(),
                  "what", what, "who", who);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        move_member(json, lines[i], row, lines[i]);
    json_t *reasons = json_object();
    move_member(reasons, "reason", row, "reason");
    move_member(reasons, "legal_basis", row, "legal_basis");
    json_object_set_new(json, "why", reasons);
    json_decref(row);
    json_decref(what);
    json_decref(who);
    *ret = json;
    return EX_OK;
}

static ex_code add_sitting(struct reporting *r, json_t *list, uint64_t index,
                           struct ex_error *err) {
    json_t *one;
    if (index == 0 || index >= ledger_size(r->act->ledger)) {
        add_finding(r, "an entry that began the collection is not named, or is not there");
        return EX_OK;
    }
    EX_TRY(entry_json(r, index, &one, err));
    json_array_append_new(list, one);
    return EX_OK;
}

/* Intents, first to last: those that were cut off, and the one that was answered. */
static ex_code add_sittings(struct reporting *r, struct ex_error *err) {
    json_t *list = json_array(), *one;
    size_t i;
    json_object_set_new(r->report, "sittings", list);
    json_array_foreach(json_object_get(r->item_json, "resumed"), i, one)
        EX_TRY(add_sitting(r, list, (uint64_t)json_integer_value(one), err));
    return add_sitting(r, list, r->item->intent, err);
}

static ex_code add_outcome(struct reporting *r, struct ex_error *err) {
    json_t *outcome;
    EX_TRY(entry_json(r, r->item->outcome, &outcome, err));
    json_object_set_new(r->report, "outcome", outcome);
    return EX_OK;
}

/* ---- faults, mark, limits ---- */

ex_code reporting_check_entries(struct act *act, const struct item_truth *item,
                                const json_t *item_json, json_t *findings, struct ex_error *err) {
    struct reading reading = {0};
    char text[80];
    json_t *damaged = json_object_get(item_json, "damaged");
    EX_TRY(custody_load(act, &reading, err));
    for (size_t i = 0; i < reading.bad_count; i++) {
        const struct reading_bad *bad = &reading.bad[i];
        if (bad->has_item && memcmp(bad->item_id, item->id, sizeof bad->item_id) != 0)
            continue;
        (void)snprintf(text, sizeof text, "entry %" PRIu64 ": it is not good", bad->index);
        reporting_add_finding(act, findings, text);
    }
    reading_clear(&reading);
    if (damaged != NULL)
        reporting_add_finding(act, findings,
                              json_is_string(damaged)
                                  ? json_string_value(damaged)
                                  : "the entry that describes the item is damaged");
    return EX_OK;
}

static ex_code add_mark(struct reporting *r, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    uint8_t root[MERKLE_BYTES], leaf[MERKLE_BYTES];
    size_t size;
    EX_TRY(ledger_read(r->act->ledger, r->item->outcome, &bytes, &size, err));
    merkle_leaf_hash(bytes, size, leaf);
    ledger_root(r->act->ledger, root);
    json_object_set_new(
        r->report, "mark",
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "log", ledger_origin(r->act->ledger), "size",
                  json_number(ledger_size(r->act->ledger)), "root", json_hex(root, sizeof root),
                  "entry", json_number(r->item->outcome), "leaf", json_hex(leaf, sizeof leaf)));
    return EX_OK;
}

static json_t *limits_json(const struct reporting *r) {
    static const char *const always[] = {
        "This report is a copy of what the ledger says. By itself it proves nothing; the ledger, "
        "its signatures and the mark do.",
        "That the source was genuine, and what was done to it before it was collected, stands "
        "nowhere here.",
        "Times are what the clock of the machine said.",
        "That the vault still holds these bytes is not checked by this report: exhibit verify does.",
    };
    static const char *const of_devices[] = {
        "What a device says of itself (model, serial number, sizes, counters) is its own word, or "
        "that of the bridge behind which it hangs.",
        "Hidden areas are known only as far as the device answered.",
        "The read-only flag and the claim bind the programs of the machine, and no more. Of a "
        "hardware write blocker the program knows nothing.",
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        json_array_append_new(list, json_string(always[i]));
    bool device = json_object_get(r->item_json, "device") != NULL;
    for (size_t i = 0; device && i < sizeof of_devices / sizeof of_devices[0]; i++)
        json_array_append_new(list, json_string(of_devices[i]));
    return list;
}

json_t *reporting_made_json(const struct act *act) {
    struct ex_clock now;
    ex_clock_read(&now);
    json_t *made = json_pack("{s:o, s:o, s:s, s:s}", "time", json_time(now.utc_ns), "by_id",
                             json_hex(act->officer.id, sizeof act->officer.id), "program",
                             "exhibit", "version", EXHIBIT_VERSION);
    json_set_text(made, "by", act->officer_name);
    return made;
}

static ex_code build(struct reporting *r, const struct truth *t, struct ex_error *err) {
    const struct case_truth *k = truth_case_by_id(t, r->item->case_id);
    r->report =
        json_pack("{s:s, s:i, s:O, s:n, s:O}", "format", "exhibit-acquisition-report", "version", 1,
                  "item", r->item_json, "case_title", "findings", r->findings);
    json_set_text(r->report, "agency", r->act->agency);
    if (k != NULL && k->title != NULL)
        json_set_text(r->report, "case_title", k->title);
    EX_TRY(add_sittings(r, err));
    EX_TRY(add_outcome(r, err));
    EX_TRY(reporting_check_entries(r->act, r->item, r->item_json, r->findings, err));
    EX_TRY(add_mark(r, err));
    json_object_set_new(r->report, "does_not_prove", limits_json(r));
    json_object_set_new(r->report, "made", reporting_made_json(r->act));
    return EX_OK;
}

/* ---- writing ---- */

static ex_code draw(struct reporting *r, size_t format, char **ret, size_t *ret_size,
                    struct ex_error *err) {
    if (formats[format].format != FORMAT_JSON)
        return acquisition_make(r->report, (enum acquisition_format)formats[format].format, ret,
                                ret_size, err);
    EX_AUTO_FREE char *text = json_dumps(r->report, JSON_INDENT(2));
    if (text == NULL || asprintf(ret, "%s\n", text) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a report");
    *ret_size = strlen(*ret);
    return EX_OK;
}

static json_t *result_json(const struct reporting *r, const char *format, size_t size) {
    json_t *after = json_object_get(json_object_get(r->report, "outcome"), "what");
    json_t *warnings = json_object_get(json_object_get(after, "device_after"), "warnings");
    json_t *json = json_pack("{s:{s:s, s:o}, s:s, s:o, s:o, s:O, s:o, s:O}", "item", "label",
                             r->item->label, "id", json_hex(r->item->id, sizeof r->item->id),
                             "format", format, "size_bytes", json_number(size), "sittings",
                             json_number(json_array_size(json_object_get(r->report, "sittings"))),
                             "findings", r->findings, "warnings",
                             json_is_array(warnings) ? json_incref(warnings) : json_array(), "mark",
                             json_object_get(r->report, "mark"));
    json_set_text(json, "output", act_flag(r->act, FLAG_OUTPUT));
    return json;
}

static ex_code report_item(struct reporting *r, const struct truth *t, json_t **ret_result,
                           struct ex_error *err) {
    EX_AUTO_FREE char *data = NULL;
    size_t size = 0, format = 0;
    EX_TRY(choose_format(r->act, &format, err));
    if (r->item->physical)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                               "item %s is physical: nothing of it was collected", r->item->label),
                       err, "exhibit custody form %s", r->item->label);
    if (r->item->begin != ITEM_COLLECTED)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "item %s was not collected into this vault",
                               r->item->label),
                       err, "the vault that collected it can write its report");
    EX_TRY(act_single(r->act, act_query_json(r->act), NULL, NULL, err));
    EX_TRY(build(r, t, err));
    EX_TRY(draw(r, format, &data, &size, err));
    EX_TRY(act_put_output(r->act, data, size, err));
    *ret_result = result_json(r, formats[format].name, size);
    return EX_OK;
}

ex_code app_item_report(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    struct reporting r = {.act = act};
    EX_TRY(act_check_output(act, err));
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act->request->operand[0], &r.item, err);
    if (code == EX_OK) {
        memcpy(act->item_id, r.item->id, sizeof act->item_id);
        memcpy(act->case_id, r.item->case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
        r.item_json = truth_item_json(r.item);
        r.findings = json_array();
        code = report_item(&r, &t, ret_result, err);
    }
    json_decref(r.item_json);
    json_decref(r.findings);
    json_decref(r.report);
    truth_clear(&t);
    return code;
}
