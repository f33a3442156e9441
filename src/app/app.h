/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases: authorise → durable entry of intent → act → entry of outcome.
 *
 * The only layer that appends ledger entries. A face (command line, later HTTP) fills a request
 * from the command table and calls app_run(); it gets one JSON value back (docs/format/json.md) and
 * shows it. Nothing here prints.
 */
#ifndef EXHIBIT_APP_APP_H
#define EXHIBIT_APP_APP_H

#include "app/command.h"
#include "base/progress.h"

/* Which secret of an officer is wanted. */
enum app_secret {
    APP_PASSPHRASE,       /* the one that opens the officer's key */
    APP_FIRST_PASSPHRASE, /* of the first officer, who chooses it: asked for twice */
    APP_NEW_PASSPHRASE,   /* chosen in place of another, or by another officer: asked for twice */
    APP_RECOVERY_CODE     /* from the recovery sheet, as it was typed */
};

/* What a face lends to the work. */
struct app_face {
    /* A secret of `officer`, in memory from sodium_malloc(), for sodium_free(). EX_DENIED when
     * there is none to be had. */
    ex_code (*passphrase)(void *context, const char *officer, enum app_secret which, char **ret,
                          size_t *ret_bytes, struct ex_error *err);
    void *context;
    struct ex_progress *progress; /* may be NULL */
    int output_fd;                /* where `--output -` writes; usually 1 */
};

/* *ret_result: the caller's, may be NULL on failure. *ret_verdict: EX_OK, or a result with its own
 * exit status (EX_PARTIAL, EX_ALTERED, EX_MISSING, EX_SIGNATURE) of an act that was done to the
 * end. */
EX_MUST_USE ex_code app_run(const struct request *request, const struct app_face *face,
                            json_t **ret_result, ex_code *ret_verdict, struct ex_error *err);

/* One running act; private to app/. */
struct act;
ex_code app_init(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_case_new(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_case_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_collect(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_work_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_work_resume(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_work_discard(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_item_register(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_item_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_item_dispose(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_item_show(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_item_report(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_report_machine(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_verify(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_export(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_examine(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_trace_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_trace_tree(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_trace_show(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_trace_cat(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_trace_export(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_timeline(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_timeline_export(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_add(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_show(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_remove(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_run(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rules_matches(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_hashset_add(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_hashset_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_hashset_look(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_hashset_remove(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_offer(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_accept(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_refuse(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_withdraw(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_receipt(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_enter(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_handover_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_package_create(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_package_verify(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_package_open(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_package_import(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_custody_form(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_custody_log(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_custody_check(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_vault_check(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_vault_repair(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_vault_scrub(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_ledger_show(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_ledger_verify(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_ledger_checkpoint(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_ledger_prove(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_ledger_cosigned(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_cosign(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_vault_compact(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_vault_parity(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_add(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_sheet(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_remove(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_rotate(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_passphrase(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_key_recover(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_officer_add(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_officer_list(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_officer_retire(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_rebuild(struct act *act, json_t **ret_result, struct ex_error *err);
ex_code app_version(struct act *act, json_t **ret_result, struct ex_error *err);

#endif
