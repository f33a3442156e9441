/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of the machine report: what an examination found in an item, as one document
 * (docs/format/json.md §4.18), and drawn as text or HTML. It gives out names and times of evidence,
 * so it is an export: intent, a file, outcome. */
#include "app/machine_internal.h"
#include "app/reporting_internal.h"

#include "transport/export_made.h"

#include <stdio.h>
#include <unistd.h>

enum { FORMAT_JSON = -1, UNREAD_SHOWN = 100 };

static const struct machine_form {
    const char *name, *ending;
    int format;
} forms[] = {
    {"text", ".txt", MACHINE_TEXT},
    {"html", ".html", MACHINE_HTML},
    {"json", ".json", FORMAT_JSON},
};

static bool ends_with(const char *text, const char *ending) {
    size_t size = strlen(text), tail = strlen(ending);
    return size > tail && strcmp(text + size - tail, ending) == 0;
}

/* Of --format, or by the name of the output; standard output is text. */
static ex_code choose_form(struct act *act, const struct machine_form **ret, struct ex_error *err) {
    const char *wanted = act_flag(act, FLAG_FORMAT), *output = act_flag(act, FLAG_OUTPUT);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        bool fits = wanted != NULL ? strcmp(wanted, forms[i].name) == 0
                                   : ends_with(output, forms[i].ending) ||
                                         (strcmp(output, "-") == 0 && i == 0);
        if (fits) {
            *ret = &forms[i];
            return EX_OK;
        }
    }
    return ex_hint(ex_fail(err, EX_USAGE, "it is not said how the report shall be written"), err,
                   "--format text, html or json; or an output that ends in .txt, .html or .json");
}

struct reporting {
    struct act *act;
    struct truth truth;
    const struct item_truth *item;
    const struct machine_form *form;
    struct chosen_examination chosen;
    struct machine_reading reading;
    json_t *item_json, *findings, *report;
    char *text; /* as it is written */
    size_t text_bytes;
};

static void clear(struct reporting *r) {
    machine_reading_clear(&r->reading);
    json_decref(r->item_json);
    json_decref(r->findings);
    json_decref(r->report);
    free(r->text);
    truth_clear(&r->truth);
}

/* ---- the examination, as the ledger has it ---- */

static void copy(json_t *to, const char *name, json_t *from, const char *key) {
    json_t *value = json_object_get(from, key);
    json_object_set_new(to, name, value != NULL ? json_incref(value) : json_null());
}

/* The outcome's own word about a parser of the head. */
static json_t *told_of(json_t *list, const json_t *parser) {
    const char *name = json_string_value(json_object_get(parser, "name"));
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        const char *other = json_string_value(json_object_get(one, "name"));
        if (name != NULL && other != NULL && strcmp(name, other) == 0)
            return one;
    }
    return NULL;
}

static json_t *parsers_json(const struct reporting *r, json_t *what) {
    static const char *const told[] = {"jobs",        "traces",  "problems", "seconds",
                                       "cpu_seconds", "crashed", "killed",   "too_long"};
    json_t *list = json_array(), *parser;
    size_t i;
    json_array_foreach(json_object_get(r->reading.head, "parsers"), i, parser) {
        json_t *row = json_object(), *said = told_of(json_object_get(what, "parsers"), parser);
        copy(row, "name", parser, "name");
        copy(row, "version", parser, "version");
        copy(row, "library", parser, "library");
        for (size_t k = 0; k < sizeof told / sizeof told[0]; k++)
            copy(row, told[k], said, told[k]);
        json_array_append_new(list, row);
    }
    return list;
}

static ex_code add_examination(struct reporting *r, struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    json_t *row = NULL, *what = NULL, *json = tracing_choice_json(&r->chosen);
    struct ex_error why = {0};
    json_object_set_new(r->report, "examination", json);
    ex_code code = project_row(r->act, r->chosen.entry, e, &row, &what, &why);
    if (code == EX_NOMEM || code == EX_INTERRUPTED) {
        if (err != NULL)
            *err = why;
        return code;
    }
    if (code != EX_OK)
        reporting_add_finding(r->act, r->findings, why.text);
    copy(json, "officer", row, "officer");
    json_object_set_new(json, "object", json_hex(r->chosen.result_id, sizeof r->chosen.result_id));
    copy(json, "sha256", what, "sha256");
    copy(json, "confinement", what, "confinement");
    copy(json, "restarts", what, "restarts");
    copy(json, "seconds", what, "seconds");
    copy(json, "limits", r->reading.head, "limits");
    json_object_set_new(json, "truncated", json_boolean(r->reading.totals.truncated));
    json_object_set_new(r->report, "parsers", parsers_json(r, what));
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

/* ---- what of the source was not read ---- */

struct unread {
    json_t *shown;
    uint64_t ranges, bytes;
};

static void add_unread(void *context, uint64_t offset, uint64_t length, const char *why) {
    struct unread *u = context;
    u->bytes += length;
    if (u->ranges++ < UNREAD_SHOWN)
        json_array_append_new(u->shown, json_pack("{s:o, s:o, s:s}", "offset", json_number(offset),
                                                  "length", json_number(length), "why", why));
}

static void set_unread(struct reporting *r, json_t *to) {
    struct vault_object_info o = {0};
    struct unread u = {0};
    if (!truth_has_body(r->item) ||
        vault_object(r->act->vault, r->item->object_id, &o, NULL) != EX_OK) {
        json_object_set_new(to, "unread", json_null());
        return;
    }
    u.shown = json_array();
    item_unread(r->item, &o, add_unread, &u);
    json_object_set_new(to, "unread",
                        json_pack("{s:o, s:o, s:o, s:o}", "ranges", json_number(u.ranges), "bytes",
                                  json_number(u.bytes), "left_out",
                                  json_number(u.ranges - json_array_size(u.shown)), "shown",
                                  u.shown));
    vault_object_info_clear(&o);
}

/* Of a folder: what was wanted and is not there, and what was left out on purpose. */
static void set_not_read(struct reporting *r, json_t *to) {
    json_t *not_read = json_not_read(r->item_json);
    json_t *omitted = json_object_get(json_object_get(r->item_json, "folder"), "omitted");
    if (json_object_size(omitted) > 0) {
        not_read = not_read != NULL ? not_read : json_object();
        json_object_set(not_read, "omitted", omitted);
    }
    json_object_set_new(to, "not_read", not_read != NULL ? not_read : json_null());
}

/* ---- the document ---- */

static void add_findings(struct reporting *r) {
    char text[160];
    if (r->chosen.damaged_entry != 0) {
        (void)snprintf(text, sizeof text,
                       "what the later examination of entry %" PRIu64
                       " found is damaged or gone: this is an earlier one",
                       r->chosen.damaged_entry);
        reporting_add_finding(r->act, r->findings, text);
    }
    if (!hashsets_sound(&r->reading.known.held))
        reporting_add_finding(r->act, r->findings,
                              "a hash set of the vault is not sound: what it lists is not known");
    const char *profile = json_string_value(json_object_get(r->reading.head, "profile"));
    if (strcmp(r->chosen.profile, "?") != 0 &&
        (profile == NULL || strcmp(profile, r->chosen.profile) != 0))
        reporting_add_finding(r->act, r->findings,
                              "the result is of another profile than its entry says");
    if (strcmp(r->chosen.profile, "?") == 0)
        reporting_add_finding(r->act, r->findings,
                              "the entry of the examination cannot be read in full");
}

static ex_code build(struct reporting *r, struct ex_error *err) {
    const struct case_truth *k = truth_case_by_id(&r->truth, r->item->case_id);
    json_t *parts;
    /* lists of the item's own may be long; what was not read has its place */
    json_object_del(json_object_get(r->item_json, "unreadable"), "list");
    r->report =
        json_pack("{s:s, s:i, s:O, s:n, s:O}", "format", "exhibit-machine-report", "version", 2,
                  "item", r->item_json, "case_title", "findings", r->findings);
    json_set_text(r->report, "agency", r->act->agency);
    if (k != NULL && k->title != NULL)
        json_set_text(r->report, "case_title", k->title);
    EX_TRY(add_examination(r, err));
    EX_TRY(machine_read_json(&r->reading, &parts, err));
    json_object_update(r->report, parts);
    json_decref(parts);
    json_object_set_new(json_object_get(r->report, "disk"), "space_searched",
                        json_boolean(machine_space_searched(r->reading.head)));
    json_t *not_examined = json_object_get(r->report, "not_examined");
    set_unread(r, not_examined);
    set_not_read(r, not_examined);
    json_object_set_new(not_examined, "never", machine_never(r->reading.head));
    EX_TRY(reporting_check_entries(r->act, r->item, r->item_json, r->findings, err));
    add_findings(r);
    json_object_set_new(
        r->report, "export_with",
        json_sprintf("exhibit trace export %s --vault DIR --output traces.jsonl", r->item->label));
    json_object_set_new(r->report, "proves", machine_proves());
    json_object_set_new(r->report, "does_not_prove", machine_does_not_prove());
    json_object_set_new(r->report, "made", reporting_made_json(r->act));
    return EX_OK;
}

static ex_code draw(struct reporting *r, struct ex_error *err) {
    if (r->form->format != FORMAT_JSON)
        return machine_draw(r->report, (enum machine_format)r->form->format, &r->text,
                            &r->text_bytes, err);
    EX_AUTO_FREE char *text = json_dumps(r->report, JSON_INDENT(2));
    if (text == NULL || asprintf(&r->text, "%s\n", text) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a report");
    r->text_bytes = strlen(r->text);
    return EX_OK;
}

/* ---- the act ---- */

static ex_code enter_intent(const struct reporting *r, struct ex_error *err) {
    char format[32];
    (void)snprintf(format, sizeof format, "machine-%.10s", r->form->name);
    json_t *what = json_pack("{s:o, s:s, s:s, s:o}", "item_id",
                             json_hex(r->item->id, sizeof r->item->id), "label", r->item->label,
                             "format", format, "examination", json_number(r->chosen.entry));
    json_set_text(what, "output", act_flag(r->act, FLAG_OUTPUT));
    return act_intent(r->act, what, err);
}

static ex_code make(void *context, struct exporter *to, struct ex_error *err) {
    const struct reporting *r = context;
    return export_made_add(to, r->text, r->text_bytes, err);
}

static ex_code give(struct reporting *r, struct export_report *given, struct ex_error *err) {
    struct act *act = r->act;
    const char *output = act_flag(act, FLAG_OUTPUT);
    EX_TRY(machine_read(act, r->item, &r->chosen, &r->reading, err));
    EX_TRY(build(r, err));
    EX_TRY(draw(r, err));
    ex_code code = export_made(make, r, NULL, output, act->face->output_fd, given, err);
    if (code != EX_OK && strcmp(output, "-") == 0)
        act->given_out_bytes = given->size_bytes;
    return code;
}

/* A file without an outcome is taken back. */
static ex_code enter_outcome(const struct reporting *r, const struct export_report *given,
                             struct ex_error *err) {
    const char *output = act_flag(r->act, FLAG_OUTPUT);
    json_t *what = json_pack("{s:o, s:o, s:n}", "sha256", json_hex(given->sha256, SHA256_BYTES),
                             "size_bytes", json_number(given->size_bytes), "matches");
    ex_code code = act_outcome(r->act, "done", what, NULL, NULL, NULL, err);
    if (code != EX_OK && strcmp(output, "-") != 0)
        (void)unlink(output);
    return code;
}

static json_t *result_json(const struct reporting *r, const struct export_report *given) {
    json_t *json = json_pack(
        "{s:{s:s, s:o}, s:o, s:s, s:o, s:o, s:n, s:O}", "item", "label", r->item->label, "id",
        json_hex(r->item->id, sizeof r->item->id), "examination", tracing_choice_json(&r->chosen),
        "format", r->form->name, "size_bytes", json_number(given->size_bytes), "sha256",
        json_hex(given->sha256, SHA256_BYTES), "matches", "findings", r->findings);
    json_set_text(json, "output", act_flag(r->act, FLAG_OUTPUT));
    return json;
}

static ex_code report(struct reporting *r, json_t **ret_result, struct ex_error *err) {
    struct act *act = r->act;
    struct export_report given = {0};
    EX_TRY(choose_form(act, &r->form, err));
    EX_TRY(act_check_output(act, err));
    EX_TRY(act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err));
    EX_TRY(tracing_item(act, &r->truth, act->request->operand[0], &r->item, err));
    EX_TRY(tracing_choose(act, r->item, &r->chosen, err));
    json_t *item = truth_item_json(r->item);
    r->item_json = json_deep_copy(item); /* it shares parts with the truth */
    json_decref(item);
    r->findings = json_array();
    EX_TRY(enter_intent(r, err));
    EX_TRY(give(r, &given, err));
    EX_TRY(enter_outcome(r, &given, err));
    *ret_result = result_json(r, &given);
    return EX_OK;
}

ex_code app_report_machine(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct reporting *r = ex_new0(struct reporting);
    r->act = act;
    ex_code code = report(r, ret_result, err);
    clear(r);
    return code;
}
