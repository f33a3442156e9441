/* SPDX-License-Identifier: Apache-2.0 */
/* Running a command: open, unlock, authorise, act, record. */
#include "app/act_internal.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void act_clear(struct act *act) {
    catalog_close(act->catalog);
    ledger_close(act->ledger);
    vault_close(act->vault);
    roster_free(act->roster);
    vault_making_free(act->making);
    vault_officer_clear(&act->officer);
    vault_keyring_free(act->keyring);
    sign_key_free(act->session_key);
    free(act->officer_name);
    free(act->agency);
}

const char *act_officer(const struct act *act) {
    const char *name = act_flag(act, FLAG_OFFICER);
    if (name == NULL)
        name = getenv("EXHIBIT_OFFICER");
    return name != NULL && *name != '\0' ? name : NULL;
}

static ex_code act_open_vault(struct act *act, struct ex_error *err) {
    const char *path = act_flag(act, FLAG_VAULT);
    if (path == NULL)
        path = getenv("EXHIBIT_VAULT");
    if (path == NULL || *path == '\0')
        return ex_hint(ex_fail(err, EX_USAGE, "no vault was named"), err,
                       "use --vault DIR, or set EXHIBIT_VAULT");
    EX_TRY(vault_open(path, &act->vault, err));
    if (vault_is_half_made(act->vault))
        return ex_hint(
            ex_fail(err, EX_NOT_FOUND, "\"%s\" is a vault whose making was cut off", path), err,
            "nothing is in it yet: run exhibit init again, with the same directory");
    const struct vault_config *config = vault_config(act->vault);
    const char *key = act_flag(act, FLAG_KEY);
    /* For these it is the key of the other side. */
    bool others = act->request->command->run == app_cosign ||
                  act->request->command->run == app_ledger_cosigned ||
                  act->request->command->run == app_package_import;
    if (key != NULL && !others) {
        struct note_key given;
        if (note_key_parse(key, &given, err) != EX_OK)
            return ex_hint(
                ex_fail(err, EX_USAGE, "--key takes a vault key, and this is none"), err,
                "it begins with exhibit-vault/ and stands on the paper from exhibit init; all of "
                "it, letter by letter");
        if (memcmp(&given.public_key, config->key.public_key, SIGN_PUBLIC_BYTES) != 0 ||
            strcmp(given.name, config->key.name) != 0)
            return ex_hint(
                ex_fail(err, EX_SIGNATURE, "this vault names another key than the one given"), err,
                "it is another vault, or somebody made its history anew");
    }
    /* A check must be able to look at a ledger that nobody could append to any more. */
    if (act->request->command->run == app_ledger_verify ||
        act->request->command->run == app_vault_check)
        return ledger_open_to_check(vault_dir_fd(act->vault), &config->key, &act->ledger, err);
    ex_code code = ledger_open(vault_dir_fd(act->vault), &config->key, &act->ledger, err);
    if (code == EX_ALTERED || code == EX_MISSING || code == EX_FORMAT)
        return ex_hint(code, err, "exhibit ledger verify names what is damaged");
    return code;
}

/* ---- the way of every command ---- */

/* A verification works on a medium that cannot be written to, and says that it left no entry. */
static bool only_readable(const struct act *act) {
    return act->request->command->run == app_verify &&
           faccessat(vault_dir_fd(act->vault), "ledger", W_OK, AT_EACCESS) != 0;
}

void act_settle(struct act *act, ex_code code, struct ex_error *err) {
    if (code != EX_OK && act->retired)
        (void)act_note_failed_unlock(act); /* no signature of this officer counts any more */
    else if (code != EX_OK)
        act_record_failure(act, err);
    if (code == EX_INTERRUPTED && act->request->command->event_shape == EVENT_PAIR &&
        err->hint[0] == '\0')
        ex_hint(code, err, "nothing of it is held or given out as whole; run it again");
}

static ex_code run_recorded(struct act *act, json_t **ret_result, struct ex_error *err) {
    act->unrecorded = only_readable(act);
    if (act->unrecorded) {
        EX_TRY(act_unlock_to_read(act, err));
        return act->request->command->run(act, ret_result, err);
    }
    /* `exhibit init` may have been killed when the vault was made and that was not durable yet. */
    EX_TRY(ex_sync_fd(vault_dir_fd(act->vault), "the vault", err));
    ex_code code = act->request->command->run == app_key_recover ? act_unlock_by_code(act, err)
                                                                 : act_unlock(act, err);
    if (code == EX_OK)
        code = act->request->command->run(act, ret_result, err);
    if (code == EX_OK && *ret_result != NULL)
        json_object_set_new(*ret_result, "entries", act_entries_json(act));
    act_settle(act, code, err);
    return code;
}

ex_code app_run(const struct request *request, const struct app_face *face, json_t **ret_result,
                ex_code *ret_verdict, struct ex_error *err) {
    struct act act = {.request = request, .face = face};
    ex_code code = EX_OK;
    *ret_result = NULL;
    *ret_verdict = EX_OK;
    if (request->command->run == NULL)
        return ex_fail(err, EX_INTERNAL, "\"%s\" is a face's own command", request->command->words);
    const struct command *c = request->command;
    bool needs_vault = c->run != app_init && c->run != app_version &&
                       c->run != app_package_verify && c->run != app_package_open;
    if (c->run == app_collect)
        code = collect_check_request(request, err);
    if (code == EX_OK && needs_vault)
        code = act_open_vault(&act, err);
    if (code == EX_OK)
        code = request->command->event_shape == EVENT_NONE
                   ? request->command->run(&act, ret_result, err)
                   : run_recorded(&act, ret_result, err);
    if (code == EX_OK)
        *ret_verdict = act.verdict;
    act_clear(&act);
    return code;
}
