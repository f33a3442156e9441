/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins for the acts that the command table points to: the face is tested without them. */
#include "app/app.h"

#define STUB(name)                                                                                 \
    ex_code name(struct act *act, json_t **ret_result, struct ex_error *err) {                     \
        (void)act;                                                                                 \
        (void)ret_result;                                                                          \
        return ex_fail(err, EX_INTERNAL, #name " is a stand-in");                                  \
    }

STUB(app_init)
STUB(app_case_new)
STUB(app_case_list)
STUB(app_collect)
STUB(app_item_register)
STUB(app_item_list)
STUB(app_item_show)
STUB(app_item_dispose)
STUB(app_verify)
STUB(app_export)
STUB(app_handover_offer)
STUB(app_handover_accept)
STUB(app_handover_refuse)
STUB(app_handover_withdraw)
STUB(app_handover_list)
STUB(app_package_create)
STUB(app_package_verify)
STUB(app_package_open)
STUB(app_package_import)
STUB(app_custody_form)
STUB(app_custody_log)
STUB(app_custody_check)
STUB(app_vault_check)
STUB(app_vault_repair)
STUB(app_vault_scrub)
STUB(app_ledger_show)
STUB(app_ledger_verify)
STUB(app_ledger_checkpoint)
STUB(app_ledger_prove)
STUB(app_ledger_cosigned)
STUB(app_cosign)
STUB(app_vault_parity)
STUB(app_key_list)
STUB(app_key_add)
STUB(app_key_sheet)
STUB(app_key_remove)
STUB(app_key_rotate)
STUB(app_key_passphrase)
STUB(app_key_recover)
STUB(app_officer_add)
STUB(app_officer_list)
STUB(app_officer_retire)
STUB(app_vault_compact)
STUB(app_rebuild)
STUB(app_work_list)
STUB(app_work_resume)
STUB(app_work_discard)
STUB(app_version)
