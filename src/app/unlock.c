/* SPDX-License-Identifier: Apache-2.0 */
/* Who acts. In an encrypted vault no name can be read before it is unlocked, so an officer is first
 * a key that a passphrase opens, and gets a name afterwards: beginning of the ledger → officers in
 * office → passphrase → keyring → epoch keys → catalog → name → permission. */
#include "app/act_internal.h"

#include "base/cursor.h"
#include "crypto/recovery_code.h"

#include <sodium.h>
#include <stdio.h>

enum { OFFICERS_MAX = 256, ID_PREFIX_MIN = 4, PASSPHRASE_MIN_CHARACTERS = 8 };

/* ---- passphrases ---- */

static size_t count_characters(const char *text, size_t size_bytes) {
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80; /* UTF-8: not a continuation */
    return count;
}

ex_code act_choose_passphrase(struct act *act, enum app_secret which, const char *who, char **ret,
                              size_t *ret_bytes, struct ex_error *err) {
    char *passphrase = NULL;
    size_t size = 0;
    EX_TRY(act->face->passphrase(act->face->context, who, which, &passphrase, &size, err));
    if (count_characters(passphrase, size) < PASSPHRASE_MIN_CHARACTERS) {
        sodium_free(passphrase);
        return ex_hint(ex_fail(err, EX_USAGE, "a passphrase has at least %d characters",
                               PASSPHRASE_MIN_CHARACTERS),
                       err, "four words that have nothing to do with each other are a good one");
    }
    *ret = passphrase;
    *ret_bytes = size;
    return EX_OK;
}

/* ---- who may be meant ---- */

/* Officers with a key file here, those in office first. */
struct candidates {
    size_t count;
    struct candidate {
        uint8_t id[VAULT_ID_BYTES];
        const struct history_officer *o; /* NULL: without a roster */
    } c[OFFICERS_MAX];
    const char *name; /* the enrolled name must be this one; NULL: any */
    const char *label;
};

static bool in_office(const struct candidate *c) {
    return c->o == NULL || c->o->retired_at == 0;
}

static int office_first(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (in_office(x) != in_office(y))
        return in_office(x) ? -1 : 1;
    return memcmp(x->id, y->id, VAULT_ID_BYTES);
}

/* Without a roster (its ledger is damaged, and that is what is being looked at) every key file. */
static ex_code list_candidates(struct act *act, struct candidates *c, struct ex_error *err) {
    uint8_t id[OFFICERS_MAX][VAULT_ID_BYTES];
    size_t files;
    EX_TRY(vault_officer_list(vault_dir_fd(act->vault), id, OFFICERS_MAX, &files, err));
    for (size_t i = 0; i < files && i < OFFICERS_MAX; i++) {
        const struct history_officer *o = act->roster != NULL ? roster_officer(act, id[i]) : NULL;
        if (o == NULL && act->roster != NULL)
            continue; /* a file that somebody put there */
        memcpy(c->c[c->count].id, id[i], VAULT_ID_BYTES);
        c->c[c->count++].o = o;
    }
    qsort(c->c, c->count, sizeof c->c[0], office_first);
    return EX_OK;
}

static void keep_candidates(struct act *act, struct candidates *c,
                            bool (*keep)(struct act *act, const struct candidate *one,
                                         const char *given),
                            const char *given) {
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (keep(act, &c->c[i], given))
            c->c[kept++] = c->c[i];
    c->count = kept;
}

static bool is_in_office(struct act *act, const struct candidate *one, const char *given) {
    return in_office(one);
}

static bool has_id(struct act *act, const struct candidate *one, const char *given) {
    char hex[2 * VAULT_ID_BYTES + 1];
    return strncmp(ex_hex(hex, one->id, VAULT_ID_BYTES), given, strlen(given)) == 0;
}

static bool has_name(struct act *act, const struct candidate *one, const char *given) {
    EX_AUTO_FREE char *name = one->o != NULL ? roster_name(act, one->o) : NULL;
    return name == NULL || strcmp(name, given) == 0;
}

static ex_code choose_only(struct act *act, struct candidates *c, struct ex_error *err) {
    keep_candidates(act, c, is_in_office, NULL);
    if (c->count == 1)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "this vault has keys of %zu officers", c->count), err,
                   "say who you are: --officer NAME, or set EXHIBIT_OFFICER");
}

/* By id, or the beginning of one that no other has; false when it is none. */
static bool choose_by_id(struct act *act, struct candidates *c, const char *given) {
    size_t length = strlen(given), matches = 0;
    if (length < ID_PREFIX_MIN || length > 2 * (size_t)VAULT_ID_BYTES ||
        strspn(given, "0123456789abcdef") != length)
        return false;
    for (size_t i = 0; i < c->count; i++)
        matches += has_id(act, &c->c[i], given);
    if (matches == 1)
        keep_candidates(act, c, has_id, given);
    return matches == 1;
}

static ex_code choose_candidates(struct act *act, struct candidates *c, struct ex_error *err) {
    const char *given = act_officer(act);
    EX_TRY(list_candidates(act, c, err));
    c->label = given != NULL ? given : vault_path(act->vault);
    if (given == NULL)
        return choose_only(act, c, err);
    if (choose_by_id(act, c, given))
        return EX_OK;
    c->name = given;
    if (!vault_is_locked(act->vault)) /* names can be read: no need to try every key */
        keep_candidates(act, c, has_name, given);
    if (c->count == 0)
        return ex_hint(ex_fail(err, EX_DENIED, "the ledger enrols no such officer"), err,
                       "exhibit ledger show 1 names the first officer");
    return EX_OK;
}

/* ---- opening ---- */

static void lock_again(struct act *act) {
    vault_officer_clear(&act->officer);
    vault_keyring_free(act->keyring);
    free(act->officer_name);
    act->keyring = NULL;
    act->vault_key = NULL;
    act->officer_name = NULL;
}

/* The officer's key is open: the vault's keys, and the name. EX_NOT_FOUND: it is somebody of
 * another name. */
static ex_code open_vault_keys(struct act *act, const struct candidates *c,
                               const struct candidate *one, struct ex_error *err) {
    if (one->o != NULL &&
        memcmp(sign_key_public(act->officer.sign), one->o->key, SIGN_PUBLIC_BYTES) != 0)
        return ex_fail(err, EX_SIGNATURE, "the key of %s is not the one that the ledger enrolled",
                       c->label);
    ex_code code = vault_keyring_open_officer(act->vault, &act->officer, &act->keyring, err);
    if (code == EX_DENIED && !in_office(one))
        return ex_fail(err, EX_DENIED, "%s was retired by entry %" PRIu64, c->label,
                       one->o->retired_at);
    if (code == EX_DENIED && c->count > 1)
        return ex_fail(err, EX_NOT_FOUND, "no slot"); /* another one's key may have one */
    EX_TRY(code);
    EX_TRY(vault_keyring_unlock(act->vault, act->keyring, err));
    act->officer_name = one->o != NULL ? roster_name(act, one->o) : ex_strdup(c->label);
    if (c->name != NULL && one->o != NULL && strcmp(act->officer_name, c->name) != 0)
        return ex_fail(err, EX_NOT_FOUND, "that is another officer's passphrase");
    if (!in_office(one))
        return ex_fail(err, EX_DENIED, "%s was retired by entry %" PRIu64, act->officer_name,
                       one->o->retired_at);
    act->vault_key = vault_keyring_sign_key(act->keyring);
    return EX_OK;
}

/* Does the passphrase open this one's key? EX_NOT_FOUND: no, and another one may be tried. */
static ex_code try_candidate(struct act *act, const struct candidates *c,
                             const struct candidate *one, const char *passphrase, size_t size,
                             struct ex_error *err) {
    ex_code code = vault_officer_unlock(vault_dir_fd(act->vault), one->id, passphrase, size,
                                        &act->officer, err);
    if (code == EX_OK)
        code = open_vault_keys(act, c, one, err);
    else if (code == EX_DENIED || (c->count > 1 && code != EX_NOMEM && code != EX_IO))
        code = EX_NOT_FOUND; /* a damaged key file of one keeps nobody else out */
    if (code != EX_OK)
        lock_again(act);
    return code;
}

static ex_code try_candidates(struct act *act, const struct candidates *c, struct ex_error *err) {
    struct ex_error why;
    char *passphrase = NULL;
    const char *label = c->label;
    size_t size = 0;
    EX_AUTO_FREE char *name = NULL;
    if (!vault_is_locked(act->vault) && c->count == 1 && c->c[0].o != NULL)
        label = name = roster_name(act, c->c[0].o);
    EX_TRY(
        act->face->passphrase(act->face->context, label, APP_PASSPHRASE, &passphrase, &size, err));
    ex_code code = EX_NOT_FOUND;
    for (size_t i = 0; code == EX_NOT_FOUND && i < c->count; i++)
        code = try_candidate(act, c, &c->c[i], passphrase, size, &why);
    sodium_free(passphrase);
    if (code != EX_OK && code != EX_NOT_FOUND && err != NULL)
        *err = why;
    if (code != EX_NOT_FOUND)
        return code;
    const char *what =
        act_officer(act) != NULL || name != NULL ? "the key of" : "an officer's key in";
    return ex_hint(ex_fail(err, EX_DENIED, "the passphrase does not open %s %s", what, label), err,
                   "check EXHIBIT_PASSPHRASE_FILE, or type it again");
}

static ex_code unlock_keys(struct act *act, struct ex_error *err) {
    EX_AUTO_FREE struct candidates *c = ex_new0(struct candidates);
    act->unlocking = true;
    EX_TRY(choose_candidates(act, c, err));
    EX_TRY(try_candidates(act, c, err));
    act->unlocking = false;
    return EX_OK;
}

/* ---- what the unlocked vault says ---- */

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

/* The key in the catalog's file is derived from the newest epoch key. */
static ex_code open_catalog_file(struct act *act, struct ex_error *err) {
    const char *path = vault_path(act->vault);
    uint8_t *key = NULL, derived[CATALOG_KEY_BYTES];
    if (!vault_config(act->vault)->plain) {
        EX_TRY(vault_derive_key(act->vault, "exhibit-catalog-v1", derived, err));
        key = derived;
    }
    ex_code code = catalog_open(path, key, &act->catalog, err);
    sodium_memzero(derived, sizeof derived);
    return code;
}

static ex_code open_projected(struct act *act, struct ex_error *err) {
    EX_TRY(open_catalog_file(act, err));
    return project_up_to_date(act, err);
}

ex_code act_renew_catalog(struct act *act, struct ex_error *err) {
    catalog_close(ex_steal(&act->catalog));
    EX_TRY(catalog_remove(vault_path(act->vault), err));
    return open_projected(act, err);
}

/* Rebuilding must work with a broken catalog, wherever it is broken; and an encrypted one may
 * simply be of an older key. It is derived: the ledger fills a new one. */
ex_code act_open_catalog(struct act *act, struct ex_error *err) {
    ex_code code = open_projected(act, err);
    if (code == EX_FORMAT &&
        (!vault_config(act->vault)->plain || act->request->command->run == app_rebuild))
        return act_renew_catalog(act, err);
    return code;
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
    EX_TRY(check_beginning(act, err));
    EX_TRY(roster_load(act, err));
    EX_TRY(unlock_keys(act, err));
    EX_TRY(act_open_catalog(act, err));
    EX_TRY(keyring_check_newest(act, err));
    return read_agency(act, err);
}

static ex_code note_failure(struct act *act, ex_code code, struct ex_error *err) {
    char hint[sizeof err->hint];
    if (code != EX_DENIED || !act->unlocking || err == NULL)
        return code;
    memcpy(hint, err->hint, sizeof hint);
    return ex_hint(code, err, "%.90s%s%s", hint, hint[0] != '\0' ? "; " : "",
                   act_note_failed_unlock(act) ? "the attempt was noted"
                                               : "the attempt could not be noted");
}

ex_code act_unlock(struct act *act, struct ex_error *err) {
    ex_code code = unlock_steps(act, err);
    if (code != EX_OK) {
        act->vault_key = NULL; /* nothing more is signed, not even the failure */
        return note_failure(act, code, err);
    }
    /* A change of keys that was cut off leaves the copy one generation behind. A failure to mend it
     * keeps nobody out: a check tells. */
    if (!vault_keyring_copies_agree(act->vault))
        (void)!vault_keyring_mend(act->vault, act->keyring, NULL);
    return authorise(act, err);
}

ex_code act_unlock_to_read(struct act *act, struct ex_error *err) {
    if (!vault_is_locked(act->vault))
        return EX_OK;
    if (roster_load(act, NULL) != EX_OK) {
        roster_free(act->roster);
        act->roster = NULL;
    }
    ex_code code = unlock_keys(act, err);
    act->vault_key = NULL; /* nothing is signed */
    return note_failure(act, code, err);
}

/* ---- by recovery code ---- */

/* A code that was misread is no attempt to get in: it is refused before anything is tried. */
static ex_code ask_code(struct act *act, struct recovery_code **ret, struct ex_error *err) {
    char *typed = NULL;
    size_t size = 0;
    EX_TRY(act->face->passphrase(act->face->context, act_flag(act, FLAG_OFFICER), APP_RECOVERY_CODE,
                                 &typed, &size, err));
    ex_code code = recovery_code_parse(typed, size, ret, err);
    sodium_free(typed);
    if (code == EX_FORMAT && err != NULL)
        err->code = code = EX_USAGE;
    return code;
}

static ex_code open_by_code(struct act *act, struct ex_error *err) {
    EX_AUTO(recovery_code_free) struct recovery_code *c = NULL;
    EX_TRY(ask_code(act, &c, err));
    act->unlocking = true;
    ex_code code =
        vault_keyring_open_passphrase(act->vault, c->text, RECOVERY_CODE_CHARS, &act->keyring, err);
    if (code == EX_DENIED)
        return ex_hint(ex_fail(err, EX_DENIED, "this recovery code does not open this vault"), err,
                       "is it the newest sheet, and of this vault?");
    EX_TRY(code);
    act->unlocking = false;
    return vault_keyring_unlock(act->vault, act->keyring, err);
}

ex_code act_unlock_by_code(struct act *act, struct ex_error *err) {
    EX_TRY(check_beginning(act, err));
    EX_TRY(roster_load(act, err));
    ex_code code = open_by_code(act, err);
    if (code != EX_OK)
        return note_failure(act, code, err);
    EX_TRY(act_open_catalog(act, err));
    EX_TRY(keyring_check_newest(act, err));
    return read_agency(act, err);
}
