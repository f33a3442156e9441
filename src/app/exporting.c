/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of exporting: intent, a copy hashed on the way out, outcome. */
#include "app/act_internal.h"

#include "transport/export.h"

static ex_code exporting(struct act *act, const struct catalog_item *i, json_t **ret_result,
                         struct ex_error *err) {
    struct vault_object_info object = {0};
    struct export_report report = {0};
    uint64_t started = ex_monotonic_ns(), unreadable = 0;
    const char *output = act_flag(act, FLAG_OUTPUT);
    memcpy(act->item_id, i->id, sizeof act->item_id);
    memcpy(act->case_id, i->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
    json_t *what = json_pack("{s:o, s:s, s:s}", "item_id", json_hex(i->id, sizeof i->id), "label",
                             i->label, "format", "raw");
    json_set_text(what, "output", output);
    EX_TRY(act_intent(act, what, err));
    EX_TRY(vault_object(act->vault, i->object_id, &object, err));
    ex_code code = export_raw(act->vault, &object, output, act->face->output_fd,
                              act->face->progress, &report, err);
    for (size_t n = 0; n < object.unreadable_count; n++)
        unreadable += object.unreadable[n].length;
    vault_object_info_clear(&object);
    EX_TRY(code);
    what = json_pack("{s:o, s:o, s:b}", "sha256", json_hex(report.sha256, SHA256_BYTES),
                     "size_bytes", json_number(report.size_bytes), "matches", 1);
    EX_TRY(act_outcome(act, "done", what, i->object_id, NULL, NULL, err));
    *ret_result =
        json_pack("{s:{s:s, s:o}, s:s, s:o, s:o, s:b, s:o, s:f}", "item", "label", i->label, "id",
                  json_hex(i->id, sizeof i->id), "format", "raw", "size_bytes",
                  json_number(report.size_bytes), "sha256", json_hex(report.sha256, SHA256_BYTES),
                  "matches", 1, "unreadable_bytes", json_number(unreadable), "seconds",
                  (double)(ex_monotonic_ns() - started) / 1e9);
    json_set_text(*ret_result, "output", output);
    return EX_OK;
}

ex_code app_export(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct catalog_item i = {0};
    if (strcmp(act_flag(act, FLAG_FORMAT), "raw") != 0)
        return ex_hint(ex_fail(err, EX_UNSUPPORTED, "the format \"%.40s\" is not known",
                               act_flag(act, FLAG_FORMAT)),
                       err, "this version exports raw");
    EX_TRY(catalog_find_item(act->catalog, act->request->operand[0], &i, err));
    ex_code code = exporting(act, &i, ret_result, err);
    catalog_item_clear(&i);
    return code;
}
