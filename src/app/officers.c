/* SPDX-License-Identifier: Apache-2.0 */
/* `exhibit officer …`, and `exhibit key recover`: who is in office, and who is no longer. */
#include "app/keys_internal.h"

#include "base/cursor.h"
#include "crypto/seal.h"
#include "formats/age.h"
#include "formats/minisign.h"
#include "formats/ssh_key.h"

#include <sodium.h>
#include <stdio.h>

void keys_enrol_lines(struct entry *e, const struct vault_officer *o) {
    e->has |= ENTRY_HAS_OFFICER | ENTRY_HAS_OFFICER_KEY | ENTRY_HAS_OFFICER_BOX;
    memcpy(e->officer_id, o->id, sizeof e->officer_id);
    memcpy(e->officer_key, sign_key_public(o->sign), sizeof e->officer_key);
    memcpy(e->officer_box, o->box_public, sizeof e->officer_box);
}

/* ---- permissions ---- */

static int compare_words(const void *a, const void *b) {
    return strcmp(a, b);
}

static bool is_permission(const char *word, size_t size) {
    for (int p = PERMISSION_NONE + 1; p < PERMISSION_COUNT; p++) {
        const char *known = permission_word((enum permission)p);
        if (strlen(known) == size && memcmp(known, word, size) == 0)
            return true;
    }
    return size == 3 && memcmp(word, "all", 3) == 0;
}

static ex_code fail_permission(const char *word, size_t size, struct ex_error *err) {
    char known[sizeof err->hint] = "all";
    size_t used = 3;
    for (int p = PERMISSION_NONE + 1; p < PERMISSION_COUNT && used < sizeof known; p++)
        used += (size_t)snprintf(known + used, sizeof known - used, ", %s",
                                 permission_word((enum permission)p));
    return ex_hint(
        ex_fail(err, EX_USAGE, "\"%.*s\" is no permission", size > 40 ? 40 : (int)size, word), err,
        "words with commas between them: %s", known);
}

/* "collect,view" into the entry's lines, ascending and each once. */
static ex_code parse_permissions(const char *list, struct entry *e, struct ex_error *err) {
    size_t count = 0, kept = 0;
    for (const char *word = list;; count++) {
        size_t size = strcspn(word, ",");
        if (!is_permission(word, size) || count == ENTRY_PERMISSIONS_MAX)
            return fail_permission(word, size, err);
        (void)snprintf(e->permission[count], sizeof e->permission[0], "%.*s", (int)size, word);
        if (word[size] == '\0')
            break;
        word += size + 1;
    }
    count++;
    qsort(e->permission, count, sizeof e->permission[0], compare_words);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(e->permission[kept - 1], e->permission[i]) != 0)
            memmove(e->permission[kept++], e->permission[i], sizeof e->permission[0]);
    e->permission_count = kept;
    return EX_OK;
}

static json_t *permissions_json(size_t count, const char (*word)[ENTRY_WORD_MAX + 1]) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(word[i]));
    return list;
}

/* ---- officer add ---- */

/* Two names that look the same on every page must not be two officers. */
static bool name_fits(const char *name) {
    size_t size = strlen(name);
    bool fits = size > 0 && name[0] != ' ' && name[size - 1] != ' ' && strstr(name, "  ") == NULL;
    for (size_t i = 0; fits && i < size; i++)
        fits = (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    return fits;
}

static ex_code name_is_free(struct act *act, const char *name, struct ex_error *err) {
    const struct history_officer *o = roster_find(act, name);
    uint8_t id[VAULT_ID_BYTES];
    if (!name_fits(name))
        return ex_fail(err, EX_USAGE, "a name has no spaces at its ends, nor two together");
    if (ex_parse_hex(name, strlen(name), id, sizeof id))
        return ex_fail(err, EX_USAGE, "that is an id, and no name");
    if (o == NULL || o->retired_at != 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_EXISTS, "an officer %.100s is in office already", name), err,
                   "add what tells them apart, as a badge number");
}

/* The key file is made before the entry: without the entry it opens nothing. */
static ex_code make_officer(struct act *act, const char *name, struct vault_officer *ret,
                            struct ex_error *err) {
    SEAL_AUTO_SECRET char *passphrase = NULL;
    size_t size;
    unsigned memory_mib;
    EX_TRY(keys_kdf_memory(act, &memory_mib, err));
    EX_TRY(act_choose_passphrase(act, APP_NEW_PASSPHRASE, name, &passphrase, &size, err));
    return vault_officer_create(vault_dir_fd(act->vault), memory_mib, passphrase, size, ret, err);
}

static ex_code enrol(struct act *act, const char *name, struct draft *enrolment,
                     struct vault_officer *o, json_t **ret_result, struct ex_error *err) {
    uint8_t slot_id[VAULT_SLOT_ID_BYTES];
    EX_TRY(make_officer(act, name, o, err));
    EX_TRY(vault_keyring_add_officer(act->keyring, o->id, o->box_public, slot_id, err));
    json_t *officer = keys_officer_json(o->id, name, sign_key_public(o->sign));
    json_t *slot = keys_slot_json(slot_id, VAULT_SLOT_OFFICER);
    keys_enrol_lines(&enrolment->entry, o);
    memcpy(enrolment->entry.event, "officer.enrol", 14);
    enrolment->what = json_pack("{s:O}", "officer", officer);
    json_t *permissions =
        permissions_json(enrolment->entry.permission_count, enrolment->entry.permission);
    ex_code code = keys_change(
        act, json_pack("{s:s, s:O, s:O}", "change", "add", "officer", officer, "slot", slot), NULL,
        enrolment, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:O, s:O, s:O, s:o}", "officer", officer, "permissions",
                                permissions, "slot", slot, "keyring", keys_keyring_json(act));
    json_decref(officer);
    json_decref(slot);
    json_decref(permissions);
    return code;
}

ex_code app_officer_add(struct act *act, json_t **ret_result, struct ex_error *err) {
    const char *name = act->request->operand[0];
    struct vault_officer o = {0};
    EX_AUTO_FREE struct draft *enrolment = ex_new0(struct draft);
    EX_TRY(parse_permissions(act_flag(act, FLAG_PERMISSIONS), &enrolment->entry, err));
    EX_TRY(name_is_free(act, name, err));
    ex_code code = enrol(act, name, enrolment, &o, ret_result, err);
    vault_officer_clear(&o);
    return code;
}

/* ---- officer list ---- */

/* The same two keys as other tools write them: what goes onto paper before a package is sent. */
static void set_foreign_forms(json_t *row, const struct history_officer *o) {
    struct minisign_key minisign;
    struct ssh_key ssh;
    struct age_recipient age;
    char line[MINISIGN_KEY_LINE_BYTES], text[SSH_KEY_TEXT_BYTES], to[AGE_RECIPIENT_CHARS + 1];
    minisign_key_make(o->key, &minisign);
    ssh_key_make(o->key, &ssh);
    json_object_set_new(row, "minisign", json_string(minisign_key_line(&minisign, line)));
    json_object_set_new(row, "ssh", json_string(ssh_key_text(&ssh, text)));
    bool good = age_recipient_make(o->box, &age, NULL) == EX_OK;
    json_object_set_new(row, "age",
                        good ? json_string(age_recipient_print(&age, to)) : json_null());
}

static json_t *officer_row(struct act *act, const struct history_officer *o) {
    struct vault_slot slot;
    EX_AUTO_FREE char *name = roster_name(act, o);
    json_t *row = keys_officer_json(o->id, name, o->key);
    json_object_set_new(row, "permissions", permissions_json(o->permission_count, o->permission));
    json_object_set_new(row, "enrolled", json_number(o->enrolled_at));
    json_object_set_new(row, "retired",
                        o->retired_at != 0 ? json_number(o->retired_at) : json_null());
    set_foreign_forms(row, o);
    json_object_set_new(row, "slot", json_null());
    for (size_t i = 0; i < vault_keyring_slot_count(act->keyring); i++) {
        vault_keyring_slot(act->keyring, i, &slot);
        if (slot.kind == VAULT_SLOT_OFFICER && memcmp(slot.officer, o->id, sizeof o->id) == 0)
            json_object_set_new(row, "slot", json_hex(slot.id, sizeof slot.id));
    }
    return row;
}

ex_code app_officer_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    const struct history_officer *o;
    EX_TRY(act_single(act, act_query_json(act), NULL, NULL, err));
    json_t *list = json_array();
    for (size_t i = 0; (o = roster_at(act, i)) != NULL; i++)
        json_array_append_new(list, officer_row(act, o));
    *ret_result = json_pack("{s:o}", "officers", list);
    return EX_OK;
}

/* ---- officer retire ---- */

ex_code keys_drop_officer(struct act *act, const uint8_t id[static VAULT_ID_BYTES], json_t *removed,
                          struct ex_error *err) {
    struct vault_slot slot;
    bool dropped = false;
    for (size_t i = 0; i < vault_keyring_slot_count(act->keyring); i++) {
        vault_keyring_slot(act->keyring, i, &slot);
        if (slot.kind != VAULT_SLOT_OFFICER || memcmp(slot.officer, id, VAULT_ID_BYTES) != 0)
            continue;
        EX_TRY(vault_keyring_remove_slot(act->keyring, slot.id, err));
        json_array_append_new(removed, keys_slot_json(slot.id, slot.kind));
        dropped = true;
        break; /* an officer has one slot */
    }
    return dropped ? EX_OK : vault_keyring_rotate(act->keyring, err);
}

static ex_code retire(struct act *act, const struct history_officer *o, json_t **ret_result,
                      struct ex_error *err) {
    EX_AUTO_FREE struct draft *retirement = ex_new0(struct draft);
    EX_AUTO_FREE char *name = roster_name(act, o);
    json_t *officer = keys_officer_json(o->id, name, NULL), *removed = json_array();
    retirement->what = json_pack("{s:O}", "officer", officer);
    memcpy(retirement->entry.event, "officer.retire", 15);
    retirement->entry.has = ENTRY_HAS_OFFICER;
    memcpy(retirement->entry.officer_id, o->id, sizeof o->id);
    ex_code code = keys_drop_officer(act, o->id, removed, err);
    if (code == EX_OK)
        code = keys_change(act,
                           json_pack("{s:s, s:O, s:O}", "change", "retire", "officer", officer,
                                     "slots_removed", removed),
                           NULL, retirement, err);
    else
        json_decref(retirement->what);
    if (code == EX_OK)
        *ret_result =
            json_pack("{s:O, s:o}", "officer", officer, "keyring", keys_keyring_json(act));
    json_decref(officer);
    json_decref(removed);
    return code;
}

ex_code app_officer_retire(struct act *act, json_t **ret_result, struct ex_error *err) {
    const struct history_officer *o;
    EX_TRY(roster_in_office(act, act->request->operand[0], &o, err));
    /* So somebody with "manage" is always left. */
    if (memcmp(o->id, act->officer.id, sizeof o->id) == 0)
        return ex_hint(ex_fail(err, EX_DENIED, "nobody retires themselves"), err,
                       "another officer with the permission \"manage\" does it; so the last one "
                       "stays in office");
    return retire(act, o, ret_result, err);
}

/* ---- key recover ---- */

/* The entry by the vault key that enrols the new officer in the place of the old one. */
static void draft_recover(struct act *act, const struct history_officer *old, json_t *officer,
                          json_t *replaces, struct draft *d) {
    *d = (struct draft){.by_vault = true, .signer = act->vault_key};
    d->what = json_pack("{s:O, s:O}", "officer", officer, "replaces", replaces);
    memcpy(d->entry.event, "officer.recover", 16);
    keys_enrol_lines(&d->entry, &act->officer);
    d->entry.has |= ENTRY_HAS_REPLACES;
    memcpy(d->entry.replaces_id, old->id, sizeof old->id);
    d->entry.permission_count = old->permission_count;
    memcpy(d->entry.permission, old->permission, sizeof old->permission);
}

static ex_code replace(struct act *act, const struct history_officer *old, json_t *officer,
                       json_t *replaces, struct ex_error *err) {
    EX_AUTO_FREE struct draft *recovery = ex_new0(struct draft);
    uint8_t id[VAULT_SLOT_ID_BYTES];
    EX_TRY(
        vault_keyring_add_officer(act->keyring, act->officer.id, act->officer.box_public, id, err));
    json_t *removed = json_array();
    ex_code code = keys_drop_officer(act, old->id, removed, err);
    draft_recover(act, old, officer, replaces, recovery);
    json_t *what = json_pack("{s:s, s:O, s:O, s:o, s:O}", "change", "recover", "officer", officer,
                             "replaces", replaces, "slot", keys_slot_json(id, VAULT_SLOT_OFFICER),
                             "slots_removed", removed);
    json_decref(removed);
    if (code == EX_OK)
        return keys_change(act, what, recovery, NULL, err);
    json_decref(what);
    json_decref(recovery->what);
    return code;
}

/* Runs with the keyring opened by the code, and without an officer who could sign: the vault key
 * enrols one, and from then on that one signs. */
ex_code app_key_recover(struct act *act, json_t **ret_result, struct ex_error *err) {
    const struct history_officer *old;
    ex_code code = roster_in_office(act, act_flag(act, FLAG_OFFICER), &old, err);
    if (code == EX_OK) {
        act->officer_name = roster_name(act, old);
        code = make_officer(act, act->officer_name, &act->officer, err);
    }
    if (code != EX_OK) {
        (void)act_note_failed_unlock(act); /* the code was right, and nobody can sign for that */
        return code;
    }
    act->vault_key = vault_keyring_sign_key(act->keyring);
    json_t *officer =
        keys_officer_json(act->officer.id, act->officer_name, sign_key_public(act->officer.sign));
    json_t *replaces = keys_officer_json(old->id, act->officer_name, NULL);
    code = replace(act, old, officer, replaces, err);
    if (code != EX_OK && !act->has_intent)
        act->vault_key = NULL; /* nobody is enrolled who could sign for the failure */
    if (code == EX_OK)
        *ret_result = json_pack("{s:O, s:O, s:o}", "officer", officer, "replaces", replaces,
                                "keyring", keys_keyring_json(act));
    json_decref(officer);
    json_decref(replaces);
    return code;
}
