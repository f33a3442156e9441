/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/render.h"

#include <string.h>

static const struct renderer {
    const char *schema;
    void (*render)(struct cli_page *page, const json_t *result);
} renderers[] = {
    {"init", render_init},
    {"case-new", render_case_new},
    {"case-list", render_case_list},
    {"collect", render_collect},
    {"work-list", render_work_list},
    {"work-discard", render_work_discard},
    {"item-register", render_item_register},
    {"item-list", render_item_list},
    {"item-show", render_item_show},
    {"item-dispose", render_item_dispose},
    {"examine", render_examine},
    {"trace-list", render_trace_list},
    {"trace-tree", render_trace_tree},
    {"trace-show", render_trace_show},
    {"trace-cat", render_trace_cat},
    {"trace-export", render_trace_export},
    {"timeline", render_timeline},
    {"timeline-export", render_timeline_export},
    {"report-machine", render_report_machine},
    {"rules-add", render_rules_add},
    {"rules-list", render_rules_list},
    {"rules-show", render_rules_show},
    {"rules-remove", render_rules_remove},
    {"rules-run", render_rules_run},
    {"rules-matches", render_rules_matches},
    {"hashset-add", render_hashset_add},
    {"hashset-list", render_hashset_list},
    {"hashset-remove", render_hashset_remove},
    {"hashset-look", render_hashset_look},
    {"verify", render_verify},
    {"export", render_export},
    {"handover", render_handover},
    {"handover-list", render_handover_list},
    {"package-create", render_package_create},
    {"package-verify", render_package_verify},
    {"package-open", render_package_open},
    {"package-import", render_package_import},
    {"custody-check", render_custody_check},
    {"custody-form", render_custody_form},
    {"item-report", render_item_report},
    {"custody-log", render_custody_log},
    {"vault-check", render_vault_check},
    {"vault-repair", render_vault_repair},
    {"vault-scrub", render_vault_scrub},
    {"ledger-show", render_ledger_show},
    {"ledger-verify", render_ledger_verify},
    {"ledger-checkpoint", render_ledger_checkpoint},
    {"ledger-prove", render_ledger_prove},
    {"ledger-cosigned", render_ledger_cosigned},
    {"cosign", render_cosign},
    {"vault-parity", render_vault_parity},
    {"key-list", render_key_list},
    {"key-change", render_key_change},
    {"key-sheet", render_key_sheet},
    {"key-recover", render_key_recover},
    {"officer-add", render_officer_add},
    {"officer-list", render_officer_list},
    {"officer-retire", render_officer_retire},
    {"vault-compact", render_vault_compact},
    {"rebuild", render_rebuild},
    {"version", render_version},
};

static const struct renderer *find(const char *schema) {
    for (size_t i = 0; i < sizeof renderers / sizeof renderers[0]; i++)
        if (strcmp(renderers[i].schema, schema) == 0)
            return &renderers[i];
    return NULL;
}

bool cli_render_knows(const char *schema) {
    return find(schema) != NULL;
}

void cli_render(struct cli_page *page, const struct command *command, const json_t *result) {
    const struct renderer *renderer = find(command->schema);
    if (renderer != NULL && result != NULL)
        renderer->render(page, result);
}
