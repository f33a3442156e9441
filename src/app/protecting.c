/* SPDX-License-Identifier: Apache-2.0 */
/* Parity of packs: docs/format/parity.md. */
#include "app/act_internal.h"

#include "base/clock.h"

static json_t *counts_json(const struct vault_parity_made *m,
                           const struct vault_parity_count *count) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packs", json_number(m->packs), "made",
                     json_number(m->made), "had", json_number(m->had), "not_made",
                     json_number(m->packs - m->made - m->had), "left_over",
                     json_number(count->left_over), "read_bytes", json_number(m->read_bytes),
                     "parity_bytes", json_number(m->parity_bytes));
}

static json_t *problems_json(const struct vault_parity_made *m) {
    json_t *problems = json_array(), *holder = json_object();
    for (size_t i = 0; i < m->problem_count && i < VAULT_PARITY_PROBLEMS_MAX; i++) {
        json_set_text(holder, "text", m->problem[i]);
        json_array_append(problems, json_object_get(holder, "text"));
    }
    json_decref(holder);
    return problems;
}

ex_code app_vault_parity(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct vault_parity_made *m = ex_new0(struct vault_parity_made);
    struct vault_parity_count count;
    uint64_t started = ex_monotonic_ns();
    EX_TRY(act_intent(act, act_query_json(act), err));
    if (act->face->progress != NULL)
        act->face->progress->phase = "making parity";
    EX_TRY(vault_parity_make_all(act->vault, act_has_flag(act, FLAG_DEEP), act->face->progress, m,
                                 err));
    EX_TRY(vault_parity_count(act->vault, &count, err));
    bool all = m->packs == m->made + m->had;
    json_t *result = counts_json(m, &count);
    ex_code code =
        act_outcome(act, all ? "done" : "partial", json_copy(result), NULL, NULL, NULL, err);
    if (code != EX_OK) {
        json_decref(result);
        return code;
    }
    act->verdict = all ? EX_OK : EX_ALTERED;
    json_object_set_new(result, "deep", json_boolean(act_has_flag(act, FLAG_DEEP)));
    json_object_set_new(result, "problems", problems_json(m));
    json_object_set_new(result, "problem_count", json_number(m->problem_count));
    json_object_set_new(result, "seconds", json_real((double)(ex_monotonic_ns() - started) / 1e9));
    *ret_result = result;
    return EX_OK;
}
