/* SPDX-License-Identifier: Apache-2.0 */
/* The projection: ledger entries and their bodies, one after the other, into the catalog. What it
 * reads it compares with the commitments; signatures are a verification's business. */
#include "app/examining_internal.h"
#include "app/hashsets_internal.h"
#include "app/rules_internal.h"

#include "base/cursor.h"

#include <stdio.h>

static ex_code read_entry(struct act *act, uint64_t index, struct entry *ret,
                          struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
    return entry_parse(bytes, size, ret, err);
}

static bool matches(const struct entry *e, const struct body_section *s) {
    for (size_t i = 0; i < e->section_count; i++) {
        uint8_t commitment[SHA256_BYTES];
        struct sha256 h;
        if (strcmp(e->section[i].name, s->name) != 0)
            continue;
        sha256_start(&h);
        sha256_add(&h, s->salt, sizeof s->salt);
        sha256_add(&h, s->data, s->size_bytes);
        sha256_end(&h, commitment);
        return memcmp(commitment, e->section[i].commitment, SHA256_BYTES) == 0;
    }
    return false;
}

static ex_code section_json(const struct entry *e, const struct body *b, const char *name,
                            json_t **ret, struct ex_error *err) {
    const struct body_section *s = body_find(b, name);
    *ret = NULL;
    if (s == NULL || s->erased)
        return EX_OK;
    if (!matches(e, s))
        return ex_fail(err, EX_ALTERED, "the body of entry %" PRIu64 " was changed", e->index);
    *ret = json_loadb((const char *)s->data, s->size_bytes, 0, NULL);
    return *ret != NULL
               ? EX_OK
               : ex_fail(err, EX_FORMAT, "the body of entry %" PRIu64 " is not JSON", e->index);
}

ex_code project_section(struct act *act, const struct entry *e, const char *name, json_t **ret,
                        struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    struct body b;
    EX_TRY(vault_body_read(act->vault, e->index, &data, &size, err));
    EX_TRY(body_parse(data, size, &b, err));
    return section_json(e, &b, name, ret, err);
}

ex_code project_section_text(struct act *act, const struct entry *e, const char *name, char **ret,
                             size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    struct body b;
    *ret = NULL;
    EX_TRY(vault_body_read(act->vault, e->index, &data, &size, err));
    EX_TRY(body_parse(data, size, &b, err));
    const struct body_section *s = body_find(&b, name);
    if (s == NULL || s->erased)
        return EX_OK;
    if (!matches(e, s))
        return ex_fail(err, EX_ALTERED, "the body of entry %" PRIu64 " was changed", e->index);
    EX_TRY(
        ex_alloc(s->size_bytes + 1, 1, EX_LIMIT_BODY_BYTES + 1, "the body of an entry", ret, err));
    memcpy(*ret, s->data, s->size_bytes);
    *ret_bytes = s->size_bytes;
    return EX_OK;
}

/* ---- the history row ---- */

static const char *text_at(json_t *json, const char *outer, const char *inner) {
    return json_string_value(json_object_get(json_object_get(json, outer), inner));
}

static const char *verdict_at(json_t *what, const char *claim) {
    const char *verdict = text_at(json_object_get(what, "claims"), claim, "verdict");
    return verdict != NULL ? verdict : "?";
}

static long long number_at(json_t *json, const char *key) {
    return json_integer_value(json_object_get(json, key));
}

static const char *first_cosigner(json_t *what) {
    json_t *first = json_array_get(json_object_get(what, "cosigners"), 0);
    const char *name = json_string_value(json_object_get(first, "name"));
    return name != NULL ? name : "?";
}

/* Of cosigning, by either side. */
static bool cosigned_line(json_t *what, char *to, size_t size) {
    const char *origin = json_string_value(json_object_get(what, "origin"));
    if (json_is_array(json_object_get(what, "cosigners")))
        (void)snprintf(to, size, "%lld entries of this ledger, cosigned by %.180s",
                       number_at(what, "size"), first_cosigner(what));
    else if (origin != NULL)
        (void)snprintf(to, size, "%s %lld entries of %.180s",
                       json_object_get(what, "again") != NULL ? "answered again for" : "cosigned",
                       number_at(what, "size"), origin);
    else
        return false;
    return true;
}

/* What an outcome says came of the act; false when it says nothing of its own. */
static bool outcome_line(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *item = json_object_get(what, "item");
    const char *error = text_at(what, "error", "text"),
               *label = json_string_value(json_object_get(item, "label")),
               *thing = json_string_value(json_object_get(item, "description")),
               *sha256 = json_string_value(json_object_get(what, "sha256"));
    if (error != NULL)
        (void)snprintf(to, size, "%s: %.200s", e->result, error);
    else if (label != NULL && json_is_true(json_object_get(item, "physical")))
        (void)snprintf(to, size, "%.100s, physical: %.150s", label, thing != NULL ? thing : "?");
    else if (label != NULL)
        (void)snprintf(to, size, "held as %.100s, %lld bytes", label,
                       number_at(item, "size_bytes"));
    else if (json_is_object(json_object_get(what, "claims")))
        (void)snprintf(to, size, "content %s, history %s, signers %s", verdict_at(what, "content"),
                       verdict_at(what, "history"), verdict_at(what, "signers"));
    else if (sha256 != NULL && json_is_string(json_object_get(what, "package")))
        (void)snprintf(to, size, "package %.16s… of %zu items, %lld bytes, SHA-256 %.16s…",
                       json_string_value(json_object_get(what, "package")),
                       json_array_size(json_object_get(what, "items")),
                       number_at(what, "size_bytes"), sha256);
    else if (sha256 != NULL && json_object_get(what, "matches") != NULL)
        (void)snprintf(to, size, "%lld bytes written, SHA-256 %.16s…%s",
                       number_at(what, "size_bytes"), sha256,
                       json_is_null(json_object_get(what, "matches"))   ? ""
                       : json_is_true(json_object_get(what, "matches")) ? ", the same"
                                                                        : ", NOT the same");
    else if (json_string_value(json_object_get(what, "label")) != NULL &&
             json_is_array(json_object_get(what, "packs_removed")))
        (void)snprintf(to, size, "%.100s disposed of: %lld chunks removed, %lld shared ones kept",
                       json_string_value(json_object_get(what, "label")),
                       number_at(json_object_get(what, "content"), "removed_chunks"),
                       number_at(json_object_get(what, "content"), "shared_chunks"));
    else if (json_is_array(json_object_get(what, "packs_removed")))
        (void)snprintf(to, size, "%zu packs removed, %zu written; %lld bytes stored, %lld before",
                       json_array_size(json_object_get(what, "packs_removed")),
                       json_array_size(json_object_get(what, "packs_written")),
                       number_at(what, "bytes_after"), number_at(what, "bytes_before"));
    else if (json_is_array(json_object_get(what, "items_before")))
        (void)snprintf(to, size,
                       "%lld packs mended by parity, %lld good copies (%lld bytes) taken from "
                       "elsewhere; items hurt before: %zu, still: %zu",
                       number_at(what, "packs_mended"), number_at(what, "found"),
                       number_at(what, "found_bytes"),
                       json_array_size(json_object_get(what, "items_before")),
                       json_array_size(json_object_get(what, "items")));
    else if (json_is_array(json_object_get(what, "bad")))
        (void)snprintf(to, size, "%lld packs read again, %zu of them damaged; items hurt: %zu",
                       number_at(what, "packs_read"), json_array_size(json_object_get(what, "bad")),
                       json_array_size(json_object_get(what, "items")));
    else
        return cosigned_line(what, to, size);
    return true;
}

/* One line for people: what an entry is about. The table has the act, the body everything else. */
static void summary_line(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *query = json_object_get(what, "query");
    const char *number = text_at(what, "case", "number"), *path = text_at(what, "source", "path"),
               *name = text_at(what, "officer", "name"),
               *agency = json_string_value(json_object_get(what, "agency")),
               *command = json_string_value(json_object_get(what, "command")),
               *output = json_string_value(json_object_get(what, "output")),
               *origin = json_string_value(json_object_get(what, "origin"));
    bool ended = (e->has & ENTRY_HAS_RESULT) != 0;
    if (custody_summary(e, what, to, size) || examining_summary(e, what, to, size) ||
        hashset_summary(e, what, to, size) || rules_summary(e, what, to, size))
        return;
    if (!ended && origin != NULL && json_object_get(what, "old_size") != NULL) {
        (void)snprintf(to, size, "asked to cosign %lld entries of %.180s", number_at(what, "size"),
                       origin);
        return;
    }
    if (outcome_line(e, what, to, size))
        return;
    json_t *resumes = json_object_get(what, "resumes");
    if (path != NULL && resumes != NULL)
        (void)snprintf(to, size, "going on with entry %lld from byte %lld of \"%.120s\"",
                       number_at(resumes, "intent"), number_at(resumes, "offset"), path);
    else if (path != NULL)
        (void)snprintf(to, size, "collecting \"%.150s\" for case %.60s", path,
                       number != NULL ? number : "?");
    else if (json_is_array(json_object_get(what, "packs")) && (e->has & ENTRY_HAS_RESULT) == 0)
        (void)snprintf(to, size, "%lld packs %s replaced", number_at(what, "planned_packs"),
                       json_is_true(json_object_get(what, "dry_run")) ? "would be" : "are to be");
    else if (output != NULL && json_is_array(json_object_get(what, "recipients")))
        (void)snprintf(to, size, "packing %zu items for %zu recipients into \"%.120s\"",
                       json_array_size(json_object_get(what, "items")),
                       json_array_size(json_object_get(what, "recipients")), output);
    else if (output != NULL)
        (void)snprintf(to, size, "exporting to \"%.150s\"", output);
    else if (number != NULL)
        (void)snprintf(to, size, "case %.100s", number);
    else if (name != NULL)
        (void)snprintf(to, size, "officer %.150s", name);
    else if (agency != NULL)
        (void)snprintf(to, size, "vault of %.150s", agency);
    else if (command != NULL)
        (void)snprintf(to, size, "for: %.100s", command);
    else if (query != NULL && (e->has & ENTRY_HAS_RESULT) != 0)
        (void)snprintf(to, size, "shown to the officer");
    else
        (void)snprintf(to, size, "%s", (e->has & ENTRY_HAS_RESULT) != 0 ? e->result : "");
}

static json_t *or_null(const char *text) {
    json_t *holder = json_object(), *value = NULL;
    if (text != NULL) {
        json_set_text(holder, "text", text); /* a line may have been cut inside a character */
        value = json_incref(json_object_get(holder, "text"));
    }
    json_decref(holder);
    return value != NULL ? value : json_null();
}

static json_t *row_json(const struct entry *e, json_t *who, json_t *what, json_t *why) {
    char zone[8], summary[300];
    summary_line(e, what, summary, sizeof summary);
    json_t *row = json_pack(
        "{s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "index",
        json_number(e->index), "event", e->event, "time", json_time(e->clock.utc_ns), "zone",
        ex_zone_text(zone, e->clock.zone_minutes), "clock",
        e->clock.synchronised ? "kernel-synchronised" : "kernel-free-running", "result",
        or_null((e->has & ENTRY_HAS_RESULT) != 0 ? e->result : NULL), "officer",
        or_null(text_at(who, "officer", "name")), "machine",
        or_null(text_at(who, "machine", "hostname")), "summary", or_null(summary), "reason",
        or_null(json_string_value(json_object_get(why, "reason"))), "legal_basis",
        or_null(json_string_value(json_object_get(why, "legal_basis"))), "intent",
        (e->has & ENTRY_HAS_INTENT) != 0 ? json_number(e->intent) : json_null());
    return row;
}

ex_code project_row(struct act *act, uint64_t index, struct entry *ret_entry, json_t **ret_row,
                    json_t **ret_what, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    struct body b;
    json_t *who = NULL, *what = NULL, *why = NULL;
    EX_TRY(read_entry(act, index, ret_entry, err));
    ex_code code = vault_body_read(act->vault, index, &data, &size, err);
    if (code == EX_OK)
        code = body_parse(data, size, &b, err);
    if (code == EX_OK)
        code = section_json(ret_entry, &b, "who", &who, err);
    if (code == EX_OK)
        code = section_json(ret_entry, &b, "what", &what, err);
    if (code == EX_OK)
        code = section_json(ret_entry, &b, "why", &why, err);
    if (code == EX_OK)
        *ret_row = row_json(ret_entry, who, what, why);
    json_decref(who);
    json_decref(why);
    if (code != EX_OK) {
        json_decref(what);
        return code;
    }
    *ret_what = what;
    return EX_OK;
}

/* ---- what an event means for the catalog ---- */

static ex_code apply_case(struct act *act, const struct entry *e, json_t *what,
                          struct ex_error *err) {
    json_t *json = json_object_get(what, "case");
    const char *number = json_string_value(json_object_get(json, "number"));
    const char *title = json_string_value(json_object_get(json, "title"));
    struct catalog_case k = {.opened_ns = e->clock.utc_ns, .entry = e->index};
    if (number == NULL || title == NULL || (e->has & ENTRY_HAS_CASE) == 0)
        return EX_OK; /* refused, failed or erased */
    k.number = ex_strdup(number);
    k.title = ex_strdup(title);
    memcpy(k.id, e->case_id, sizeof k.id);
    ex_code code = catalog_put_case(act->catalog, &k, err);
    catalog_case_clear(&k);
    return code == EX_EXISTS ? EX_OK : code; /* the first one to use a number has it */
}

/* Which number an item has follows from the entries' lines alone, as in truth.c. */
static ex_code apply_item(struct act *act, const struct entry *e, json_t *what,
                          struct ex_error *err) {
    struct catalog_item i = {
        .collected_ns = e->clock.utc_ns, .entry_intent = e->intent, .entry_outcome = e->index};
    json_t *item = json_object_get(what, "item");
    const char *label = json_string_value(json_object_get(item, "label"));
    ex_code code = catalog_next_number(act->catalog, e->case_id, &i.number, err);
    if (code == EX_NOT_FOUND)
        return EX_OK; /* its case's own entry is damaged */
    EX_TRY(code);
    memcpy(i.id, e->item_id, sizeof i.id);
    memcpy(i.case_id, e->case_id, sizeof i.case_id);
    memcpy(i.object_id, e->object_id, sizeof i.object_id);
    i.label = label != NULL ? ex_strdup(label) : NULL;
    if (label == NULL && asprintf(&i.label, "damaged entry %" PRIu64, e->index) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for the catalog");
    i.json = item != NULL ? json_dumps(item, JSON_COMPACT) : ex_strdup("{}");
    code = i.json != NULL ? catalog_put_item(act->catalog, &i, err)
                          : ex_fail(err, EX_NOMEM, "no memory for the catalog");
    catalog_item_clear(&i);
    return code == EX_EXISTS ? EX_OK : code; /* the first one has the id or the label */
}

/* A verification of several items concerns each of them: its intent lists ids, its outcome results.
 * So does the outcome of a scrub or a repair, which lists the items that were hurt. */
static ex_code apply_list(struct act *act, const struct entry *e, json_t *what, const char *list,
                          struct ex_error *err) {
    json_t *item;
    size_t n;
    bool all_good = strcmp(verdict_at(what, "history"), "good") == 0 &&
                    strcmp(verdict_at(what, "signers"), "good") == 0;
    json_array_foreach(json_object_get(what, list), n, item) {
        const char *hex = json_is_string(item) ? json_string_value(item)
                                               : json_string_value(json_object_get(item, "id"));
        const char *verdict = json_string_value(json_object_get(item, "verdict"));
        uint8_t id[ENTRY_ID_BYTES];
        if (hex == NULL || !ex_parse_hex(hex, strlen(hex), id, sizeof id))
            continue;
        EX_TRY(catalog_put_concern(act->catalog, e->index, id, err));
        if (verdict == NULL || strcmp(verdict, "good") != 0 || !all_good)
            continue;
        ex_code code = catalog_set_verified(act->catalog, id, e->clock.utc_ns, err);
        if (code != EX_OK && code != EX_NOT_FOUND) /* an item that could not be projected */
            return code;
    }
    return EX_OK;
}

static ex_code apply_what(struct act *act, const struct entry *e, json_t *what,
                          struct ex_error *err) {
    if (strcmp(e->event, "case.create") == 0)
        return apply_case(act, e, what, err);
    if (truth_begin(e) != ITEM_NONE)
        return apply_item(act, e, what, err);
    if (strcmp(e->event, "verify.intent") == 0 || strcmp(e->event, "verify.outcome") == 0 ||
        strcmp(e->event, "scrub.outcome") == 0)
        return apply_list(act, e, what, "items", err);
    if (strcmp(e->event, "repair.outcome") == 0)
        return apply_list(act, e, what, "items_before", err);
    if (strcmp(e->event, "examine.outcome") == 0)
        return project_examination(act, e, what, err);
    return strcmp(e->event, "dispose.approve") == 0 ? project_disposal(act, e, err) : EX_OK;
}

static ex_code apply_row(struct act *act, const struct entry *e, json_t *row,
                         struct ex_error *err) {
    struct catalog_entry c = {.index = e->index,
                              .time_ns = e->clock.utc_ns,
                              .has_case = (e->has & ENTRY_HAS_CASE) != 0,
                              .has_item = (e->has & ENTRY_HAS_ITEM) != 0,
                              .has_intent = (e->has & ENTRY_HAS_INTENT) != 0,
                              .intent = e->intent};
    memcpy(c.case_id, e->case_id, sizeof c.case_id);
    memcpy(c.item_id, e->item_id, sizeof c.item_id);
    c.event = ex_strdup(e->event);
    c.json = json_dumps(row, JSON_COMPACT);
    ex_code code = c.json != NULL ? catalog_put_entry(act->catalog, &c, err)
                                  : ex_fail(err, EX_NOMEM, "no memory for the catalog");
    catalog_entry_clear(&c);
    return code;
}

/* An entry whose body is gone or damaged still gets its row: a projection shows what is left, and a
 * verification says what is wrong. */
json_t *project_row_damaged(const struct entry *e, const struct ex_error *why) {
    json_t *row = row_json(e, NULL, NULL, NULL);
    json_set_text(row, "summary", why->text);
    json_object_set_new(row, "altered", json_true());
    return row;
}

static ex_code apply(struct act *act, uint64_t index, struct ex_error *err) {
    struct entry e;
    struct ex_error why;
    json_t *row = NULL, *what = NULL;
    EX_TRY(read_entry(act, index, &e, err));
    ex_code code = project_row(act, index, &e, &row, &what, &why);
    if (code == EX_MISSING || code == EX_ALTERED || code == EX_FORMAT || code == EX_UNSUPPORTED) {
        row = project_row_damaged(&e, &why);
        code = EX_OK;
    } else if (code != EX_OK && err != NULL) {
        *err = why;
    }
    if (code == EX_OK)
        code = apply_row(act, &e, row, err);
    if (code == EX_OK)
        code = apply_what(act, &e, what, err);
    json_decref(row);
    json_decref(what);
    return code;
}

/* Where the catalog stands: at an earlier moment of this very ledger, or nowhere. */
static ex_code check_position(struct act *act, uint64_t *ret_size, struct ex_error *err) {
    uint8_t root[MERKLE_BYTES], next_tree[MERKLE_BYTES];
    struct entry next;
    EX_TRY(catalog_position(act->catalog, ret_size, root, err));
    if (*ret_size == 0)
        return EX_OK;
    /* Another process appended, and brought the catalog up to date, since this one looked. */
    if (*ret_size > ledger_size(act->ledger) && !act->appending)
        EX_TRY(ledger_refresh(act->ledger, err));
    if (*ret_size == ledger_size(act->ledger)) {
        ledger_root(act->ledger, next_tree);
    } else if (*ret_size < ledger_size(act->ledger)) {
        EX_TRY(read_entry(act, *ret_size, &next, err)); /* it names the tree before it */
        memcpy(next_tree, next.tree, sizeof next_tree);
    } else {
        memset(next_tree, 0, sizeof next_tree);
    }
    if (memcmp(root, next_tree, sizeof root) == 0)
        return EX_OK;
    if (*ret_size >= ledger_size(act->ledger))
        act->catalog_was_at = *ret_size;
    *ret_size = 0;
    return catalog_clear(act->catalog, err);
}

static ex_code project_inside(struct act *act, struct ex_error *err) {
    uint8_t root[MERKLE_BYTES];
    uint64_t at, size;
    EX_TRY(check_position(act, &at, err));
    size = ledger_size(act->ledger);
    if (at == size)
        return EX_OK;
    for (; at < size; at++)
        EX_TRY(apply(act, at, err));
    ledger_root(act->ledger, root);
    return catalog_set_position(act->catalog, size, root, err);
}

static ex_code project(struct act *act, bool anew, struct ex_error *err) {
    EX_TRY(catalog_begin(act->catalog, err));
    ex_code code = anew ? catalog_clear(act->catalog, err) : EX_OK;
    if (code == EX_OK)
        code = project_inside(act, err);
    if (code == EX_OK)
        code = catalog_commit(act->catalog, err);
    if (code != EX_OK)
        catalog_abort(act->catalog);
    return code;
}

ex_code project_up_to_date(struct act *act, struct ex_error *err) {
    return project(act, false, err);
}

ex_code project_anew(struct act *act, struct ex_error *err) {
    return project(act, true, err);
}
