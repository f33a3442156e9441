/* SPDX-License-Identifier: Apache-2.0 */
/* Making a vault: keys first, then the ledger with its first two entries, then the catalog. */
#include "app/keys_internal.h"

#include "base/cursor.h"
#include "crypto/seal.h"

#include <sodium.h>
#include <stdio.h>

/* The recovery sheet that is made with the vault, if one is. */
struct new_sheet {
    bool wanted;
    struct sheet_file file;
    struct recovery_code *code;
    uint8_t slot[VAULT_SLOT_ID_BYTES];
};

static void new_sheet_clear(struct new_sheet *s) {
    recovery_code_free(s->code);
    if (s->wanted)
        sheet_discard(&s->file);
}

/* A choice that nobody makes by accident: without the sheet a lost passphrase is lost evidence. */
static ex_code choose_sheet(struct act *act, struct new_sheet *s, struct ex_error *err) {
    const char *path = act_flag(act, FLAG_RECOVERY_SHEET);
    bool none = act_has_flag(act, FLAG_NO_RECOVERY_SHEET);
    if (path != NULL && none)
        return ex_fail(err, EX_USAGE,
                       "--recovery-sheet and --no-recovery-sheet exclude each other");
    if (path == NULL && !none && !act_has_flag(act, FLAG_PLAIN))
        return ex_hint(ex_fail(err, EX_USAGE, "an encrypted vault wants a recovery sheet"), err,
                       "--recovery-sheet FILE makes one to print and seal; --no-recovery-sheet "
                       "makes none, and a lost passphrase is lost evidence");
    if (path == NULL)
        return EX_OK;
    EX_TRY(sheet_reserve(act, path, &s->file, err));
    s->wanted = true;
    return recovery_code_generate(&s->code, err);
}

/* The vault's keys, the directory, the officer's keys, and the keyring that the officer opens. */
static ex_code make_vault(struct act *act, const char *path, unsigned memory_mib,
                          const char *passphrase, size_t passphrase_bytes, struct new_sheet *sheet,
                          struct vault_config *config, struct ex_error *err) {
    bool encrypted = !act_has_flag(act, FLAG_PLAIN);
    uint8_t box[VAULT_BOX_BYTES];
    EX_TRY(vault_keyring_new(encrypted, &act->keyring, err));
    act->vault_key = vault_keyring_sign_key(act->keyring);
    vault_keyring_box(act->keyring, box);
    EX_TRY(vault_making_begin(path, &act->making, err));
    EX_TRY(vault_create(path, encrypted, sign_key_public(act->vault_key), box, config, err));
    EX_TRY(vault_open(path, &act->vault, err));
    EX_TRY(vault_officer_create(vault_dir_fd(act->vault), memory_mib, passphrase, passphrase_bytes,
                                &act->officer, err));
    EX_TRY(vault_keyring_add_officer(act->keyring, act->officer.id, act->officer.box_public, NULL,
                                     err));
    if (sheet->wanted)
        EX_TRY(vault_keyring_add_passphrase(act->keyring, memory_mib, sheet->code->text,
                                            RECOVERY_CODE_CHARS, sheet->slot, err));
    EX_TRY(vault_keyring_write(act->vault, act->keyring, err));
    return vault_keyring_unlock(act->vault, act->keyring, err);
}

static ex_code make_keys(struct act *act, const char *path, unsigned memory_mib,
                         struct new_sheet *sheet, struct vault_config *config,
                         struct ex_error *err) {
    char *passphrase = NULL;
    size_t size = 0;
    EX_TRY(act_choose_passphrase(act, APP_FIRST_PASSPHRASE, act->officer_name, &passphrase, &size,
                                 err));
    ex_code code = make_vault(act, path, memory_mib, passphrase, size, sheet, config, err);
    sodium_free(passphrase);
    return code;
}

static const char *mode_word(const struct vault_config *config) {
    return config->plain ? "plain" : "encrypted";
}

/* The slots that the keyring begins with. */
static json_t *slots_json(const struct act *act) {
    json_t *list = json_array();
    struct vault_slot slot;
    for (size_t i = 0; i < vault_keyring_slot_count(act->keyring); i++) {
        vault_keyring_slot(act->keyring, i, &slot);
        json_array_append_new(list, keys_slot_json(slot.id, slot.kind));
    }
    return list;
}

static void draft_create(struct act *act, const struct vault_config *config, struct draft *d) {
    *d = (struct draft){.by_vault = true, .signer = act->vault_key};
    uint8_t hash[SHA256_BYTES];
    vault_keyring_sha256(act->keyring, hash);
    d->what = json_pack("{s:s, s:o, s:o}", "mode", mode_word(config), "keyring",
                        keyring_json(vault_keyring_generation(act->keyring), hash), "slots",
                        slots_json(act));
    json_set_text(d->what, "agency", act->agency);
    memcpy(d->entry.event, "vault.create", 13);
    d->entry.has = ENTRY_HAS_CONFIG | ENTRY_HAS_VAULT_KEY;
    memcpy(d->entry.config, config->sha256, sizeof config->sha256);
    memcpy(d->entry.vault_key, sign_key_public(act->vault_key), SIGN_PUBLIC_BYTES);
}

static void draft_enrol(struct act *act, struct draft *d) {
    *d = (struct draft){.by_officer = true};
    json_t *officer = json_pack("{s:o}", "id", json_hex(act->officer.id, sizeof act->officer.id));
    json_set_text(officer, "name", act->officer_name);
    d->what = json_pack("{s:o}", "officer", officer);
    memcpy(d->entry.event, "officer.enrol", 14);
    d->entry.has = ENTRY_HAS_OFFICER | ENTRY_HAS_OFFICER_KEY | ENTRY_HAS_OFFICER_BOX;
    memcpy(d->entry.officer_id, act->officer.id, sizeof act->officer.id);
    memcpy(d->entry.officer_key, sign_key_public(act->officer.sign), SIGN_PUBLIC_BYTES);
    memcpy(d->entry.officer_box, act->officer.box_public, sizeof act->officer.box_public);
    d->entry.permission_count = 1;
    memcpy(d->entry.permission[0], "all", 4);
}

static json_t *result_json(struct act *act, const char *path, const struct vault_config *config) {
    char vkey[NOTE_VKEY_MAX], key[64];
    sodium_bin2base64(key, sizeof key, sign_key_public(act->officer.sign), SIGN_PUBLIC_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    json_t *officer = json_pack("{s:o, s:s}", "id",
                                json_hex(act->officer.id, sizeof act->officer.id), "key", key);
    json_set_text(officer, "name", act->officer_name);
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:o, s:s}", "id", json_hex(config->id, sizeof config->id),
                  "origin", config->origin, "mode", mode_word(config), "officer", officer,
                  "vault_key", note_key_text(&config->key, vkey));
    json_set_text(json, "vault", path);
    json_set_text(json, "agency", act->agency);
    json_object_set_new(json, "next", json_string("exhibit case new --number N --title T"));
    return json;
}

/* The sheet is written last: what a paper says is true when it can be printed. */
static ex_code begin(struct act *act, const char *path, struct new_sheet *sheet,
                     json_t **ret_result, struct ex_error *err) {
    struct vault_config config;
    struct draft draft[2];
    unsigned memory_mib;
    EX_TRY(keys_kdf_memory(act, &memory_mib, err));
    EX_TRY(make_keys(act, path, memory_mib, sheet, &config, err));
    EX_TRY(ledger_create(vault_dir_fd(act->vault), config.origin, act->vault_key, err));
    EX_TRY(ledger_open(vault_dir_fd(act->vault), &config.key, &act->ledger, err));
    draft_create(act, &config, &draft[0]);
    draft_enrol(act, &draft[1]);
    EX_TRY(act_append(act, draft, 2, NULL, NULL, NULL, err));
    EX_TRY(act_open_catalog(act, err));
    EX_TRY(vault_making_end(act->making, err));
    if (sheet->wanted && sheet_write(act, &sheet->file, sheet->code, sheet->slot, err) != EX_OK)
        return ex_hint(err != NULL ? err->code : EX_IO, err,
                       "the vault was made all the same; make its sheet with: exhibit key sheet");
    *ret_result = result_json(act, path, &config);
    if (sheet->wanted)
        json_set_text(*ret_result, "recovery_sheet", sheet->file.path);
    json_object_set_new(*ret_result, "entries", act_entries_json(act));
    return EX_OK;
}

ex_code app_init(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct new_sheet sheet = {0};
    act->officer_name = ex_strdup(act_flag(act, FLAG_OFFICER));
    act->agency = ex_strdup(act_flag(act, FLAG_AGENCY));
    ex_code code = choose_sheet(act, &sheet, err);
    if (code == EX_OK)
        code = begin(act, act->request->operand[0], &sheet, ret_result, err);
    new_sheet_clear(&sheet);
    return code;
}
