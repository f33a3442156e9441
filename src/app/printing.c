/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of printing a custody form: who held an item, put on paper with the mark of the
 * checkpoint that it was made from (format/ledger §7.3). */
#include "app/printing_internal.h"

static const struct {
    const char *name, *ending;
    enum custody_form_format format;
} formats[] = {
    {"text", ".txt", CUSTODY_FORM_TEXT},
    {"html", ".html", CUSTODY_FORM_HTML},
    {"pdf", ".pdf", CUSTODY_FORM_PDF},
};

static bool ends_with(const char *text, const char *ending) {
    size_t size = strlen(text), tail = strlen(ending);
    return size > tail && strcmp(text + size - tail, ending) == 0;
}

/* Of --format, or by the name of the output; standard output is text. */
static bool is_format(struct act *act, size_t format) {
    const char *wanted = act_flag(act, FLAG_FORMAT), *output = act_flag(act, FLAG_OUTPUT);
    if (wanted != NULL)
        return strcmp(wanted, formats[format].name) == 0;
    return ends_with(output, formats[format].ending) ||
           (strcmp(output, "-") == 0 && formats[format].format == CUSTODY_FORM_TEXT);
}

static ex_code choose_format(struct act *act, size_t *ret, struct ex_error *err) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (is_format(act, i)) {
            *ret = i;
            return EX_OK;
        }
    return ex_hint(ex_fail(err, EX_USAGE, "it is not said how the form shall be written"), err,
                   "--format text, html or pdf; or an output that ends in .txt, .html or .pdf");
}

static size_t count_kind(const struct custody_form *f, enum custody_form_holder kind) {
    size_t n = 0;
    for (size_t i = 0; i < f->period_count; i++)
        n += f->periods[i].kind == kind;
    return n;
}

static json_t *result_json(const struct printing *p, const char *format, size_t size) {
    const struct custody_form *f = &p->form;
    json_t *findings = json_array();
    for (size_t i = 0; i < f->finding_count; i++)
        json_array_append_new(findings, json_string(f->findings[i]));
    json_t *json = json_pack(
        "{s:{s:s, s:o}, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o}}", "item", "label",
        p->item->label, "id", json_hex(p->item->id, sizeof p->item->id), "format", format,
        "size_bytes", json_number(size), "holders", json_number(f->period_count), "gaps",
        json_number(count_kind(f, CUSTODY_FORM_GAP)), "unknown",
        json_number(count_kind(f, CUSTODY_FORM_UNKNOWN)), "findings", findings, "mark", "size",
        json_number(f->size), "root", json_hex(f->root, MERKLE_BYTES), "entry",
        json_number(f->entry), "leaf", json_hex(f->leaf, MERKLE_BYTES));
    json_set_text(json, "output", act_flag(p->act, FLAG_OUTPUT));
    return json;
}

static ex_code print_form(struct printing *p, const struct truth *t, json_t **ret_result,
                          struct ex_error *err) {
    struct reading reading = {0};
    EX_AUTO_FREE char *data = NULL;
    size_t size = 0, format = 0;
    EX_TRY(choose_format(p->act, &format, err));
    EX_TRY(act_single(p->act, act_query_json(p->act), NULL, NULL, err));
    EX_TRY(custody_load(p->act, &reading, err));
    ex_code code = printing_fill(p, t, &reading, err);
    if (code == EX_OK)
        code = custody_form_make(&p->form, formats[format].format, &data, &size, err);
    if (code == EX_OK)
        code = act_put_output(p->act, data, size, err);
    if (code == EX_OK)
        *ret_result = result_json(p, formats[format].name, size);
    reading_clear(&reading);
    return code;
}

ex_code app_custody_form(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct truth t = {0};
    struct printing p = {.act = act};
    EX_TRY(act_check_output(act, err));
    EX_TRY(truth_load(act, &t, err));
    ex_code code = truth_find(&t, act->request->operand[0], &p.item, err);
    if (code == EX_OK) {
        memcpy(act->item_id, p.item->id, sizeof act->item_id);
        memcpy(act->case_id, p.item->case_id, sizeof act->case_id);
        act->has_ids = ENTRY_HAS_CASE | ENTRY_HAS_ITEM;
        code = print_form(&p, &t, ret_result, err);
    }
    printing_clear(&p);
    truth_clear(&t);
    return code;
}
