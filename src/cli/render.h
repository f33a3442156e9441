/* SPDX-License-Identifier: Apache-2.0 */
/* A result (docs/format/json.md §4) as a page for a person. */
#ifndef EXHIBIT_CLI_RENDER_H
#define EXHIBIT_CLI_RENDER_H

#include "app/command.h"
#include "cli/page.h"

/* Shows the result of a command that was done. `result` may be NULL. */
void cli_render(struct cli_page *page, const struct command *command, const json_t *result);

/* Whether a schema of the command table has its renderer; for the test that all have. */
bool cli_render_knows(const char *schema);

/* One for each section of json.md §4; each in the file of its subject. */
void render_init(struct cli_page *page, const json_t *result);
void render_case_new(struct cli_page *page, const json_t *result);
void render_case_list(struct cli_page *page, const json_t *result);
void render_collect(struct cli_page *page, const json_t *result);
void render_collect_many(struct cli_page *page, const json_t *result);
void render_item_register(struct cli_page *page, const json_t *result);
void render_item_list(struct cli_page *page, const json_t *result);
void render_item_show(struct cli_page *page, const json_t *result);
void render_item_report(struct cli_page *page, const json_t *result);
void render_examine(struct cli_page *page, const json_t *result);
void page_examinations(struct cli_page *page, const json_t *list); /* of an item */
void render_trace_list(struct cli_page *page, const json_t *result);
void render_trace_tree(struct cli_page *page, const json_t *result);
void render_trace_show(struct cli_page *page, const json_t *result);
void render_trace_cat(struct cli_page *page, const json_t *result);
void render_trace_export(struct cli_page *page, const json_t *result);
void render_timeline(struct cli_page *page, const json_t *result);
void render_timeline_export(struct cli_page *page, const json_t *result);
void render_report_machine(struct cli_page *page, const json_t *result);
void render_rules_add(struct cli_page *page, const json_t *result);
void render_rules_list(struct cli_page *page, const json_t *result);
void render_rules_show(struct cli_page *page, const json_t *result);
void render_rules_remove(struct cli_page *page, const json_t *result);
void render_rules_run(struct cli_page *page, const json_t *result);
void render_rules_matches(struct cli_page *page, const json_t *result);
void render_hashset_add(struct cli_page *page, const json_t *result);
void render_hashset_list(struct cli_page *page, const json_t *result);
void render_hashset_remove(struct cli_page *page, const json_t *result);
void render_hashset_look(struct cli_page *page, const json_t *result);
/* What hash sets say of a trace in a list, of the list, and of one trace; NULL: none was asked. */
void page_listed_by(struct cli_page *page, size_t indent, const json_t *sets);
void page_known_list(struct cli_page *page, const json_t *known);
void page_known_one(struct cli_page *page, const json_t *known);
void render_verify(struct cli_page *page, const json_t *result);
void render_export(struct cli_page *page, const json_t *result);
/* Of an item: what was taken of a folder, and what was not. */
void render_folder(struct cli_page *page, const json_t *folder);
/* Of an item: what was not read, and why. */
void page_unread(struct cli_page *page, const json_t *item);
/* Of an item: the image that it was taken from. */
void render_container(struct cli_page *page, const json_t *container);
/* Nothing of an item that was read in one sitting. */
void render_sittings(struct cli_page *page, const json_t *item);
/* The lines of a `not_read`; NULL: none. */
void page_not_read(struct cli_page *page, size_t indent, const json_t *counts);
void render_restored(struct cli_page *page, const json_t *result);
void render_handover(struct cli_page *page, const json_t *result);
void render_handover_list(struct cli_page *page, const json_t *result);
void render_package_create(struct cli_page *page, const json_t *result);
void render_package_verify(struct cli_page *page, const json_t *result);
void render_package_open(struct cli_page *page, const json_t *result);
void render_package_import(struct cli_page *page, const json_t *result);
/* Who held the item, of a `custody` (json.md §4.10). */
void page_custody(struct cli_page *page, const json_t *custody);
void render_custody_check(struct cli_page *page, const json_t *result);
void render_custody_form(struct cli_page *page, const json_t *result);
void render_custody_log(struct cli_page *page, const json_t *result);
/* Which items damage hurts, of a result with `items` and `problem_count`. */
void page_hurt_items(struct cli_page *page, const json_t *result);
void render_vault_repair(struct cli_page *page, const json_t *result);
void render_vault_scrub(struct cli_page *page, const json_t *result);
void render_vault_check(struct cli_page *page, const json_t *result);
void render_ledger_show(struct cli_page *page, const json_t *result);
void render_ledger_verify(struct cli_page *page, const json_t *result);
void render_ledger_checkpoint(struct cli_page *page, const json_t *result);
void render_ledger_prove(struct cli_page *page, const json_t *result);
void render_ledger_cosigned(struct cli_page *page, const json_t *result);
void render_cosign(struct cli_page *page, const json_t *result);
void render_item_dispose(struct cli_page *page, const json_t *result);
void render_vault_compact(struct cli_page *page, const json_t *result);
void render_vault_parity(struct cli_page *page, const json_t *result);
void render_key_list(struct cli_page *page, const json_t *result);
void render_key_change(struct cli_page *page, const json_t *result);
void render_key_sheet(struct cli_page *page, const json_t *result);
void render_key_recover(struct cli_page *page, const json_t *result);
void render_officer_add(struct cli_page *page, const json_t *result);
void render_officer_list(struct cli_page *page, const json_t *result);
void render_officer_retire(struct cli_page *page, const json_t *result);
void render_work_list(struct cli_page *page, const json_t *result);
void render_work_discard(struct cli_page *page, const json_t *result);
void render_rebuild(struct cli_page *page, const json_t *result);
void render_version(struct cli_page *page, const json_t *result);

/* Parts that several pages share. */
void render_history(struct cli_page *page, const json_t *rows);
void render_history_row(struct cli_page *page, const json_t *row);
/* A device (json.md §4.11), and what its officer must be told. */
void page_device(struct cli_page *page, const json_t *device);
void page_warnings(struct cli_page *page, const json_t *warnings);
void render_claims(struct cli_page *page, const json_t *claims);
void render_package_claims(struct cli_page *page, const json_t *claims);

#endif
