/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of compacting: what the ledger names is kept, everything else goes (vault.md §9). */
#include "app/act_internal.h"
#include "app/needed_internal.h"

#include "base/cursor.h"

enum { LEVEL_MAX = 19, PERCENT_MAX = 100 };

struct compacting {
    struct needed needed;
    struct vault_compact_options options;
    struct vault_compaction *compaction;
    struct vault_compact_report *report;
    bool dry;
};

static ex_code parse_number(struct act *act, enum flag_id id, uint64_t least, uint64_t most,
                            uint64_t *to, struct ex_error *err) {
    const char *text = act_flag(act, id);
    if (text == NULL)
        return EX_OK;
    if (ex_parse_decimal(text, strlen(text), to) && *to >= least && *to <= most)
        return EX_OK;
    return ex_fail(err, EX_USAGE, "--%s takes a number from %" PRIu64 " to %" PRIu64,
                   flag_table[id].name, least, most);
}

static ex_code parse_options(struct act *act, struct compacting *c, struct ex_error *err) {
    uint64_t level = VAULT_COMPACT_LEVEL, percent = VAULT_COMPACT_PERCENT;
    EX_TRY(parse_number(act, FLAG_LEVEL, 1, LEVEL_MAX, &level, err));
    EX_TRY(parse_number(act, FLAG_WASTE, 0, PERCENT_MAX, &percent, err));
    c->dry = act_has_flag(act, FLAG_DRY_RUN);
    c->options.level = (int)level;
    c->options.threshold_percent = (unsigned)percent;
    c->options.all = percent == 0;
    c->options.recompress = !act_has_flag(act, FLAG_NO_RECOMPRESS);
    c->options.journal = "{\"act\": \"compact\"}";
    return EX_OK;
}

/* ---- entries ---- */

#define PACKS(r, which)                                                                            \
    json_packs((const uint8_t(*)[VAULT_PACK_ID_BYTES])(r)->which, (r)->which##_count)

json_t *json_compacted(const struct vault_compact_report *r) {
    json_t *kept = json_array(), *holder = json_object();
    for (size_t i = 0; i < r->refused_count && i < VAULT_COMPACT_TEXTS_MAX; i++) {
        json_set_text(holder, "text", r->refused[i]);
        json_array_append(kept, json_object_get(holder, "text"));
    }
    json_decref(holder);
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "bytes_before",
        json_number(r->bytes_before), "bytes_after", json_number(r->bytes_after), "packs_before",
        json_number(r->packs_before), "packs_after", json_number(r->packs_after), "objects",
        json_number(r->objects), "entries_carried", json_number(r->entries_carried),
        "entries_dropped", json_number(r->entries_dropped), "entries_duplicate",
        json_number(r->entries_duplicate), "chunks_missing", json_number(r->chunks_missing),
        "packs_unreadable", json_number(r->packs_unreadable), "packs_kept",
        json_number(r->refused_count + r->packs_touched), "kept", kept);
    json_object_set_new(json, "packs_written", PACKS(r, written));
    json_object_set_new(json, "packs_removed", PACKS(r, removed));
    json_object_set_new(json, "packs_removed_count", json_number(r->removed_count));
    return json;
}

static ex_code compact_intent(struct act *act, const struct compacting *c, struct ex_error *err) {
    const struct vault_compact_report *r = c->report;
    json_t *what = json_pack("{s:b, s:i, s:b, s:i, s:o, s:o, s:o}", "dry_run", c->dry, "level",
                             c->options.level, "recompress", c->options.recompress, "waste_percent",
                             (int)c->options.threshold_percent, "objects", json_number(r->objects),
                             "planned_packs", json_number(r->planned_count), "packs",
                             c->dry ? json_array() : PACKS(r, planned));
    return act_intent(act, what, err);
}

static json_t *result_json(const struct compacting *c) {
    const struct vault_compact_report *r = c->report;
    json_t *json = json_compacted(r);
    json_object_set_new(json, "dry_run", json_boolean(c->dry));
    json_object_set_new(json, "level", json_integer(c->options.level));
    json_object_set_new(json, "recompressed", json_boolean(c->options.recompress));
    json_object_set_new(json, "planned_packs", json_number(r->planned_count));
    json_object_set_new(json, "planned_bytes", json_number(r->planned_bytes));
    json_object_set_new(json, "not_needed_bytes", json_number(r->dead_bytes));
    return json;
}

/* ---- the act ---- */

/* Whatever was removed before it failed is in the ledger too. */
ex_code compact_failed(struct act *act, json_t *what, const struct ex_error *why) {
    struct ex_error ignored;
    json_object_set_new(what, "error", json_error(why));
    (void)!act_outcome(act, why->code == EX_INTERRUPTED ? "interrupted" : "failed", what, NULL,
                       NULL, NULL, &ignored);
    return why->code;
}

static ex_code run_plan(struct act *act, struct compacting *c, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    if (c->dry) {
        c->report->packs_after = c->report->packs_before;
        c->report->bytes_after = c->report->bytes_before;
        return EX_OK;
    }
    if (progress != NULL) {
        progress->phase = "compacting";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, c->report->planned_plain_bytes);
    }
    return vault_compact_run(c->compaction, progress, err);
}

static ex_code compacting_run(struct act *act, struct compacting *c, json_t **ret_result,
                              struct ex_error *err) {
    uint64_t started = ex_monotonic_ns();
    struct ex_error why;
    EX_TRY(parse_options(act, c, err));
    EX_TRY(needed_open(act, &c->needed, &c->options, err));
    ex_code code = vault_compact_plan(act->vault, &c->options, act->face->progress, &c->compaction,
                                      &c->report, &why);
    if (code != EX_OK)
        return needed_explain(&c->needed, c->report, &why, err);
    EX_TRY(compact_intent(act, c, err));
    code = run_plan(act, c, &why);
    json_t *result = result_json(c);
    if (code != EX_OK) {
        if (err != NULL)
            *err = why;
        return compact_failed(act, result, &why);
    }
    bool all = c->report->refused_count == 0 && c->report->packs_touched == 0;
    code = act_outcome(act, all ? "done" : "partial", json_copy(result), NULL, NULL, NULL, err);
    if (code != EX_OK) {
        json_decref(result);
        return code;
    }
    act->verdict =
        c->report->refused_count > 0 || c->report->chunks_missing > 0 ? EX_ALTERED : EX_OK;
    json_object_set_new(result, "seconds", json_real((double)(ex_monotonic_ns() - started) / 1e9));
    *ret_result = result;
    return EX_OK;
}

ex_code app_vault_compact(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct compacting c = {0};
    ex_code code = compacting_run(act, &c, ret_result, err);
    vault_compaction_free(c.compaction);
    needed_close(&c.needed);
    return code;
}
