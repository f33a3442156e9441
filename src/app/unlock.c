/* SPDX-License-Identifier: Apache-2.0 */
/* Who acts: the officer's key, what the ledger says about its owner, and the unlocks that failed.
 */
#include "app/act_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { OFFICERS_MAX = 256 };
static const char UNAUTHENTICATED[] = "ledger/unauthenticated";
static const char TAKEN[] = "ledger/unauthenticated.taken";

/* ---- failed unlocks ---- */

static void add_attempts(struct act *act, const char *name, json_t *list) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size, at = 0;
    ex_code code =
        ex_read_file(vault_dir_fd(act->vault), name, EX_LIMIT_CONFIG_BYTES, &data, &size, NULL);
    if (code == EX_NOT_FOUND)
        return;
    if (code != EX_OK)
        json_array_append_new(list, json_pack("{s:s}", "unreadable", ex_code_name(code)));
    while (code == EX_OK && at < size) {
        size_t length = strcspn((const char *)data + at, "\n");
        json_t *one = json_loadb((const char *)data + at, length, 0, NULL);
        json_array_append_new(
            list, one != NULL ? one : json_pack("{s:s}", "unreadable", "a damaged line"));
        at += length + 1;
    }
}

json_t *unlock_attempts(struct act *act) {
    json_t *list = json_array();
    add_attempts(act, TAKEN, list);
    add_attempts(act, UNAUTHENTICATED, list);
    return list;
}

json_t *unlock_attempts_take(struct act *act) {
    int fd = vault_dir_fd(act->vault);
    bool regular;
    /* What an earlier session took and did not get into the ledger stays; the rest waits its turn.
     */
    if (!ex_exists(fd, TAKEN, &regular))
        (void)!ex_publish(fd, UNAUTHENTICATED, fd, TAKEN, NULL);
    json_t *list = json_array();
    add_attempts(act, TAKEN, list);
    return list;
}

/* What could not be read whole is kept, not forgotten. */
void unlock_attempts_forget(struct act *act) {
    int fd = vault_dir_fd(act->vault);
    json_t *list = json_array(), *one;
    bool whole = true;
    size_t i;
    add_attempts(act, TAKEN, list);
    json_array_foreach(list, i, one) whole = whole && json_object_get(one, "unreadable") == NULL;
    json_decref(list);
    if (!whole) {
        char kept[64];
        (void)snprintf(kept, sizeof kept, "ledger/beyond/unauthenticated-%08x",
                       randombytes_random());
        if (ex_make_parents(fd, kept, NULL) == EX_OK)
            (void)!ex_publish(fd, TAKEN, fd, kept, NULL);
        return;
    }
    (void)ex_remove(vault_dir_fd(act->vault), TAKEN, false);
}

/* Nobody can sign for it, so it is only noted; the next session takes it into the ledger. False
 * when even that was not possible. */
bool act_note_failed_unlock(struct act *act) {
    struct ex_clock now;
    struct utsname system;
    struct passwd *user = getpwuid(geteuid());
    EX_AUTO_FD int fd = -1;
    const char *claimed = act_flag(act, FLAG_OFFICER);
    ex_clock_read(&now);
    json_t *json = json_pack("{s:o}", "time", json_time(now.utc_ns));
    json_set_text(json, "user", user != NULL ? user->pw_name : "?");
    json_set_text(json, "machine", uname(&system) == 0 ? system.nodename : "?");
    json_set_text(json, "officer", claimed != NULL ? claimed : "");
    EX_AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    EX_AUTO_FREE char *line = NULL;
    return text != NULL && asprintf(&line, "%s\n", text) > 0 &&
           ex_open_at(vault_dir_fd(act->vault), UNAUTHENTICATED, O_WRONLY | O_CREAT | O_APPEND, &fd,
                      NULL) == EX_OK &&
           ex_write_all(fd, line, strlen(line), UNAUTHENTICATED, NULL) == EX_OK &&
           ex_sync_fd(fd, UNAUTHENTICATED, NULL) == EX_OK;
}

/* ---- who ---- */

/* Officers in office who have a key file here: the only one, or NULL with how many there are. */
static ex_code only_officer(struct act *act, const struct history_officer **ret, size_t *ret_count,
                            struct ex_error *err) {
    uint8_t id[OFFICERS_MAX][VAULT_ID_BYTES];
    size_t files;
    EX_TRY(vault_officer_list(vault_dir_fd(act->vault), id, OFFICERS_MAX, &files, err));
    *ret_count = 0;
    for (size_t i = 0; i < files && i < OFFICERS_MAX; i++) {
        const struct history_officer *o = roster_officer(act, id[i]);
        if (o == NULL || o->retired_at != 0)
            continue;
        *ret = ++*ret_count == 1 ? o : NULL;
    }
    return EX_OK;
}

/* The officer asked for by name or id, or the only one there is. */
static ex_code choose_officer(struct act *act, const struct history_officer **ret,
                              struct ex_error *err) {
    const char *name = act_flag(act, FLAG_OFFICER);
    uint8_t id[VAULT_ID_BYTES];
    size_t count;
    *ret = NULL;
    if (name == NULL) {
        EX_TRY(only_officer(act, ret, &count, err));
        if (*ret != NULL)
            return EX_OK;
        return ex_hint(ex_fail(err, EX_USAGE, "this vault has keys of %zu officers", count), err,
                       "say who you are with --officer NAME");
    }
    *ret = ex_parse_hex(name, strlen(name), id, sizeof id) ? roster_officer(act, id)
                                                           : roster_find(act, name);
    if (*ret == NULL)
        return ex_hint(ex_fail(err, EX_DENIED, "the ledger enrols no such officer"), err,
                       "exhibit ledger show 1 names the first officer");
    return EX_OK;
}

static ex_code unlock_officer(struct act *act, const uint8_t *id, const char *name,
                              struct ex_error *err) {
    char *passphrase = NULL;
    size_t size = 0;
    EX_TRY(act->face->passphrase(act->face->context, name, false, &passphrase, &size, err));
    ex_code code =
        vault_officer_unlock(vault_dir_fd(act->vault), id, passphrase, size, &act->officer, err);
    sodium_free(passphrase);
    if (code != EX_DENIED)
        return code;
    return ex_hint(ex_fail(err, EX_DENIED, "the passphrase does not open the key of %s", name), err,
                   "check EXHIBIT_PASSPHRASE_FILE, or type it again");
}

static ex_code read_agency(struct act *act, struct ex_error *err) {
    struct entry e;
    json_t *row = NULL, *what = NULL;
    EX_TRY(project_row(act, 0, &e, &row, &what, err));
    const char *agency = json_string_value(json_object_get(what, "agency"));
    act->agency = ex_strdup(agency != NULL ? agency : "(erased)");
    json_decref(row);
    json_decref(what);
    return EX_OK;
}

static ex_code authorise(struct act *act, struct ex_error *err) {
    enum permission needed = act->request->command->permission;
    const char *wanted = permission_word(needed);
    if (needed == PERMISSION_NONE ||
        history_officer_may(roster_officer(act, act->officer.id), wanted))
        return EX_OK;
    act->refused = true;
    return ex_hint(ex_fail(err, EX_DENIED, "%s may not do that: the permission \"%s\" is missing",
                           act->officer_name, wanted),
                   err, "the attempt is in the ledger");
}

static ex_code open_catalog(struct act *act, struct ex_error *err) {
    const char *path = vault_path(act->vault);
    const uint8_t *key = NULL; /* of an encrypted vault: derived from its newest epoch key */
    ex_code code = catalog_open(path, key, &act->catalog, err);
    /* Rebuilding must work with a broken catalog; and an encrypted one may simply be of an older
     * key. It is derived: the ledger fills a new one. */
    if (code == EX_FORMAT && (key != NULL || act->request->command->run == app_rebuild)) {
        EX_TRY(catalog_remove(path, err));
        code = catalog_open(path, key, &act->catalog, err);
    }
    EX_TRY(code);
    return project_up_to_date(act, err);
}

/* Before anybody signs on top of it: does this ledger begin the way vault.json and the officer's
 * key say? Entry 0 by the vault key and naming vault.json, entry 1 by the first officer's own key.
 * A later key of somebody else's making cannot have signed entry 1. */
static ex_code check_beginning(struct act *act, struct ex_error *err) {
    const struct vault_config *config = vault_config(act->vault);
    EX_AUTO_FREE uint8_t *first = NULL, *second = NULL;
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    uint8_t leaf[MERKLE_BYTES];
    size_t first_size, second_size;
    EX_TRY(ledger_read(act->ledger, 0, &first, &first_size, err));
    EX_TRY(entry_parse(first, first_size, e, err));
    bool sound = strcmp(e->event, "vault.create") == 0 && (e->has & ENTRY_HAS_CONFIG) != 0 &&
                 memcmp(e->config, config->sha256, sizeof e->config) == 0 &&
                 memcmp(e->vault_key, config->key.public_key, sizeof e->vault_key) == 0 &&
                 entry_signed_by(first, first_size, e, config->key.public_key);
    EX_TRY(ledger_read(act->ledger, 1, &second, &second_size, err));
    EX_TRY(entry_parse(second, second_size, e, err));
    merkle_leaf_hash(first, first_size, leaf); /* the root of a tree of one leaf */
    sound = sound && strcmp(e->event, "officer.enrol") == 0 &&
            memcmp(e->tree, leaf, sizeof leaf) == 0 &&
            entry_signed_by(second, second_size, e, e->officer_key);
    if (sound)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_SIGNATURE, "this ledger does not begin as its vault.json says"), err,
        "vault.json, the vault key or the first entries were changed: exhibit ledger verify");
}

static ex_code unlock_steps(struct act *act, struct ex_error *err) {
    const struct history_officer *o;
    EX_TRY(check_beginning(act, err));
    EX_TRY(roster_load(act, err));
    EX_TRY(open_catalog(act, err));
    act->unlocking = true;
    EX_TRY(choose_officer(act, &o, err));
    act->officer_name = roster_name(act, o);
    if (o->retired_at != 0)
        return ex_fail(err, EX_DENIED, "%s was retired by entry %" PRIu64, act->officer_name,
                       o->retired_at);
    EX_TRY(read_agency(act, err));
    EX_TRY(unlock_officer(act, o->id, act->officer_name, err));
    act->unlocking = false;
    if (memcmp(sign_key_public(act->officer.sign), o->key, SIGN_PUBLIC_BYTES) != 0)
        return ex_fail(err, EX_SIGNATURE, "the key of %s is not the one that the ledger enrolled",
                       act->officer_name);
    EX_TRY(vault_keyring_open_officer(act->vault, &act->officer, &act->keyring, err));
    act->vault_key = vault_keyring_sign_key(act->keyring);
    return EX_OK;
}

ex_code act_unlock(struct act *act, struct ex_error *err) {
    char hint[sizeof err->hint];
    ex_code code = unlock_steps(act, err);
    if (code == EX_OK)
        return authorise(act, err);
    if (code != EX_DENIED || !act->unlocking || err == NULL)
        return code;
    memcpy(hint, err->hint, sizeof hint);
    return ex_hint(code, err, "%.90s%s%s", hint, hint[0] != '\0' ? "; " : "",
                   act_note_failed_unlock(act) ? "the attempt was noted"
                                               : "the attempt could not be noted");
}
