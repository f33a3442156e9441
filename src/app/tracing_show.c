/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of one trace, everything about it and its content; and of giving out all traces of
 * an item as the examination wrote them. */
#include "app/tracing_known_internal.h"
#include "app/tracing_one_internal.h"

#include "transport/export.h"

/* ---- trace show ---- */

static json_t *parser_of(const struct found_trace *f) {
    json_t *number = json_object_get(f->line, "parser");
    json_t *parser =
        json_array_get(json_object_get(f->head, "parsers"), (size_t)json_integer_value(number));
    return json_is_integer(number) && parser != NULL ? json_incref(parser) : json_null();
}

ex_code app_trace_show(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct looking l = {0};
    json_t *known = NULL;
    ex_code code = looking_up(act, &l, err);
    if (code == EX_OK)
        code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = trace_known_one(act, &l.found.row, &known, err);
    if (code == EX_OK) {
        *ret_result =
            json_pack("{s:o, s:o, s:o, s:o, s:O}", "item", tracing_item_json(l.item), "examination",
                      json_number(l.found.row.entry), "number", json_number(l.found.row.number),
                      "parser", parser_of(&l.found), "trace", l.found.line);
        json_set_text(*ret_result, "path", l.path);
        if (known != NULL)
            json_object_set_new(*ret_result, "known_files", known);
    }
    looking_clear(&l);
    return code;
}

/* ---- trace export ---- */

static ex_code export_all(struct act *act, const struct item_truth *i,
                          const struct chosen_examination *x, json_t **ret_result,
                          struct ex_error *err) {
    struct export_report report = {0};
    struct vault_object_info o = {0};
    const char *output = act_flag(act, FLAG_OUTPUT);
    json_t *what =
        json_pack("{s:o, s:s, s:s, s:o}", "item_id", json_hex(i->id, sizeof i->id), "label",
                  i->label, "format", "traces", "examination", json_number(x->entry));
    json_set_text(what, "output", output);
    EX_TRY(act_intent(act, what, err));
    EX_TRY(vault_object(act->vault, x->result_id, &o, err));
    ex_code code =
        export_raw(act->vault, &o, output, act->face->output_fd, act->face->progress, &report, err);
    vault_object_info_clear(&o);
    if (code != EX_OK && strcmp(output, "-") == 0)
        act->given_out_bytes = report.size_bytes;
    EX_TRY(code);
    json_t *written = json_pack("{s:o, s:o, s:b}", "sha256", json_hex(report.sha256, SHA256_BYTES),
                                "size_bytes", json_number(report.size_bytes), "matches", 1);
    code = act_outcome(act, "done", json_copy(written), x->result_id, NULL, NULL, err);
    if (code != EX_OK) {
        tracing_take_back(act);
        json_decref(written);
        return code;
    }
    act->verdict = x->damaged_entry != 0 ? EX_ALTERED : EX_OK;
    *ret_result = written;
    json_object_set_new(written, "item", tracing_item_json(i));
    json_object_set_new(written, "examination", tracing_choice_json(x));
    json_set_text(written, "output", output);
    return EX_OK;
}

ex_code app_trace_export(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    const struct item_truth *i;
    struct chosen_examination x;
    ex_code code = act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err);
    if (code == EX_OK)
        code = tracing_item(act, &t, act->request->operand[0], &i, err);
    if (code == EX_OK)
        code = tracing_choose(act, i, &x, err);
    if (code == EX_OK)
        code = export_all(act, i, &x, ret_result, err);
    truth_clear(&t);
    return code;
}
