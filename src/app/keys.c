/* SPDX-License-Identifier: Apache-2.0 */
/* `exhibit key …`: the slots of the keyring, and an officer's own passphrase. */
#include "app/keys_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "crypto/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

enum { KDF_MEMORY_DEFAULT_MIB = 256, RECIPIENT_FILE_MAX = 4096 };

/* ---- what all changes share ---- */

ex_code keys_kdf_memory(const struct act *act, unsigned *ret, struct ex_error *err) {
    const char *text = act_flag(act, FLAG_KDF_MEMORY);
    uint64_t v = KDF_MEMORY_DEFAULT_MIB;
    if (text != NULL && (!ex_parse_decimal(text, strlen(text), &v) || v < SEAL_KDF_MEMORY_MIN_MIB ||
                         v > SEAL_KDF_MEMORY_MAX_MIB))
        return ex_fail(err, EX_USAGE, "--kdf-memory takes a whole number from %d to %d",
                       SEAL_KDF_MEMORY_MIN_MIB, SEAL_KDF_MEMORY_MAX_MIB);
    *ret = (unsigned)v;
    return EX_OK;
}

static void name_present_keyring(const struct act *act, json_t *what) {
    uint8_t sha256[SHA256_BYTES];
    vault_keyring_sha256(act->keyring, sha256);
    json_object_set_new(what, "keyring",
                        keyring_json(vault_keyring_generation(act->keyring), sha256));
}

/* `before` may be empty (event ""). Takes both over. */
static ex_code append_pair(struct act *act, struct draft *before, struct draft *last,
                           uint64_t *ret_index, struct ex_error *err) {
    struct draft batch[2] = {[1] = *last};
    if (before == NULL)
        return act_append(act, last, 1, NULL, NULL, ret_index, err);
    batch[0] = *before;
    before->what = NULL;
    return act_append(act, batch, 2, NULL, NULL, ret_index, err);
}

static ex_code intent(struct act *act, json_t *what, struct draft *before, struct ex_error *err) {
    struct draft d = {.what = json_deep_copy(what)};
    (void)snprintf(d.entry.event, sizeof d.entry.event, "%s.intent", act->request->command->event);
    EX_TRY(append_pair(act, before, &d, &act->intent, err));
    act->has_intent = true;
    return EX_OK;
}

static ex_code outcome(struct act *act, json_t *what, struct draft *before, struct ex_error *err) {
    struct draft d = {.what = json_incref(what)};
    (void)snprintf(d.entry.event, sizeof d.entry.event, "%s.outcome", act->request->command->event);
    (void)snprintf(d.entry.result, sizeof d.entry.result, "done");
    d.entry.has = ENTRY_HAS_INTENT | ENTRY_HAS_RESULT;
    d.entry.intent = act->intent;
    EX_TRY(append_pair(act, before, &d, NULL, err));
    act->has_outcome = true;
    return EX_OK;
}

static ex_code change(struct act *act, json_t *what, struct draft *with_intent,
                      struct draft *with_outcome, struct ex_error *err) {
    uint64_t generation;
    uint8_t sha256[SHA256_BYTES];
    if (with_intent != NULL) /* the keyring is still the old one when that entry stands */
        name_present_keyring(act, with_intent->what);
    EX_TRY(
        vault_keyring_seal(act->keyring, vault_config(act->vault)->id, &generation, sha256, err));
    json_object_set_new(what, "keyring", keyring_json(generation, sha256));
    EX_TRY(intent(act, what, with_intent, err));
    EX_TRY(vault_keyring_write(act->vault, act->keyring, err));
    EX_TRY(vault_keyring_unlock(act->vault, act->keyring, err));
    if (with_outcome != NULL)
        json_object_set_new(with_outcome->what, "keyring", keyring_json(generation, sha256));
    return outcome(act, what, with_outcome, err);
}

ex_code keys_change(struct act *act, json_t *what, struct draft *with_intent,
                    struct draft *with_outcome, struct ex_error *err) {
    ex_code code = change(act, what, with_intent, with_outcome, err);
    json_decref(what);
    if (with_intent != NULL)
        json_decref(with_intent->what);
    if (with_outcome != NULL)
        json_decref(with_outcome->what);
    return code;
}

ex_code keys_intent_same(struct act *act, json_t *what, struct ex_error *err) {
    name_present_keyring(act, what);
    ex_code code = intent(act, what, NULL, err);
    json_decref(what);
    return code;
}

ex_code keys_outcome_same(struct act *act, json_t *what, struct ex_error *err) {
    name_present_keyring(act, what);
    ex_code code = outcome(act, what, NULL, err);
    json_decref(what);
    return code;
}

json_t *keys_keyring_json(const struct act *act) {
    return json_pack("{s:o, s:o}", "generation",
                     json_number(vault_keyring_generation(act->keyring)), "epochs",
                     json_number(vault_keyring_epochs(act->keyring)));
}

json_t *keys_officer_json(const uint8_t id[static VAULT_ID_BYTES], const char *name,
                          const uint8_t *key) {
    json_t *json = json_pack("{s:o}", "id", json_hex(id, VAULT_ID_BYTES));
    char base64[64];
    json_set_text(json, "name", name);
    if (key != NULL)
        json_object_set_new(
            json, "key",
            json_string(sodium_bin2base64(base64, sizeof base64, key, SIGN_PUBLIC_BYTES,
                                          sodium_base64_VARIANT_ORIGINAL)));
    return json;
}

json_t *keys_slot_json(const uint8_t id[static VAULT_SLOT_ID_BYTES], enum vault_slot_kind kind) {
    return json_pack("{s:o, s:s}", "id", json_hex(id, VAULT_SLOT_ID_BYTES), "kind",
                     vault_slot_kind_word(kind));
}

char *keys_slot_short(char to[static SLOT_SHORT_CHARS + 1],
                      const uint8_t id[static VAULT_SLOT_ID_BYTES]) {
    return ex_hex(to, id, SLOT_SHORT_CHARS / 2);
}

/* ---- slots by name ---- */

/* The one slot whose id begins like this. */
static ex_code find_slot(const struct act *act, const char *prefix, struct vault_slot *ret,
                         struct ex_error *err) {
    size_t size = strlen(prefix), found = 0;
    struct vault_slot slot;
    char hex[2 * VAULT_SLOT_ID_BYTES + 1];
    for (size_t i = 0; i < vault_keyring_slot_count(act->keyring); i++) {
        vault_keyring_slot(act->keyring, i, &slot);
        ex_hex(hex, slot.id, sizeof slot.id);
        if (size < SLOT_PREFIX_MIN || size > 2 * VAULT_SLOT_ID_BYTES ||
            memcmp(hex, prefix, size) != 0)
            continue;
        *ret = slot;
        found++;
    }
    if (found == 1)
        return EX_OK;
    return ex_hint(ex_fail(err, found == 0 ? EX_NOT_FOUND : EX_USAGE,
                           found == 0 ? "no slot of the keyring is called \"%.40s\""
                                      : "more than one slot of the keyring begins with \"%.40s\"",
                           prefix),
                   err, "exhibit key list shows them");
}

/* ---- key list ---- */

/* Where each slot was made: the newest entry that says so. */
struct since {
    struct act *act;
    json_t *slots; /* the rows, each with its id */
};

static void learn_slot(const struct since *s, uint64_t index, json_t *slot) {
    const char *id = json_string_value(json_object_get(slot, "id"));
    json_t *label = json_object_get(slot, "label"), *row;
    size_t i;
    json_array_foreach(s->slots, i, row) {
        const char *known = json_string_value(json_object_get(row, "id"));
        if (id == NULL || known == NULL || strcmp(id, known) != 0)
            continue;
        json_object_set_new(row, "since", json_number(index));
        if (json_is_string(label))
            json_object_set(row, "label", label);
    }
}

static ex_code learn_slots(struct act *act, const struct entry *e, void *context,
                           struct ex_error *err) {
    json_t *what = NULL, *slot;
    size_t i;
    if (strcmp(e->event, "key.outcome") != 0 && strcmp(e->event, "officer.outcome") != 0 &&
        strcmp(e->event, "vault.create") != 0)
        return EX_OK;
    if (project_section(act, e, "what", &what, err) != EX_OK)
        return EX_OK; /* a damaged body: the slot is shown without it */
    learn_slot(context, e->index, json_object_get(what, "slot"));
    json_array_foreach(json_object_get(what, "slots"), i, slot) {
        learn_slot(context, e->index, slot);
    }
    json_decref(what);
    return EX_OK;
}

static json_t *slot_row(struct act *act, const struct vault_slot *slot) {
    const struct history_officer *o;
    const uint8_t *opened = vault_keyring_opened_by(act->keyring);
    json_t *row = keys_slot_json(slot->id, slot->kind);
    json_object_set_new(row, "officer", json_null());
    json_object_set_new(row, "label", json_null());
    json_object_set_new(row, "since", json_null());
    json_object_set_new(
        row, "opened",
        json_boolean(opened != NULL && memcmp(opened, slot->id, sizeof slot->id) == 0));
    if (slot->kind != VAULT_SLOT_OFFICER)
        return row;
    o = roster_officer(act, slot->officer);
    EX_AUTO_FREE char *name = o != NULL ? roster_name(act, o) : ex_strdup("(unknown)");
    json_t *officer = keys_officer_json(slot->officer, name, NULL);
    json_object_set_new(officer, "retired",
                        o != NULL && o->retired_at != 0 ? json_number(o->retired_at) : json_null());
    json_object_set_new(row, "officer", officer);
    return row;
}

ex_code app_key_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct since s = {.act = act, .slots = json_array()};
    struct vault_slot slot;
    ex_code code = act_single(act, act_query_json(act), NULL, NULL, err);
    for (size_t i = 0; code == EX_OK && i < vault_keyring_slot_count(act->keyring); i++) {
        vault_keyring_slot(act->keyring, i, &slot);
        json_array_append_new(s.slots, slot_row(act, &slot));
    }
    if (code == EX_OK)
        code = scan_ledger(act, learn_slots, &s, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:o, s:O}", "keyring", keys_keyring_json(act), "slots", s.slots);
    json_decref(s.slots);
    return code;
}

/* ---- key add ---- */

/* The key itself, or the first line of a file that holds it. */
static ex_code read_recipient(const char *given, uint8_t box[static VAULT_BOX_BYTES],
                              struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    if (ex_parse_base64(given, strlen(given), box, VAULT_BOX_BYTES))
        return EX_OK;
    ex_code code = ex_read_file(AT_FDCWD, given, RECIPIENT_FILE_MAX, &data, &size, err);
    if (code == EX_NOT_FOUND)
        return ex_hint(
            ex_fail(err, EX_USAGE, "\"%.100s\" is neither an X25519 key nor a file", given), err,
            "44 characters of base64, or the name of a file that holds them");
    EX_TRY(code);
    size = strcspn((const char *)data, "\r\n");
    if (ex_parse_base64((const char *)data, size, box, VAULT_BOX_BYTES))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_USAGE, "\"%.100s\" holds no X25519 key", given), err,
                   "its first line has to be 44 characters of base64");
}

static json_t *change_result(const struct act *act, const char *word, json_t *slot) {
    return json_pack("{s:s, s:o, s:o}", "change", word, "slot",
                     slot != NULL ? json_incref(slot) : json_null(), "keyring",
                     keys_keyring_json(act));
}

ex_code app_key_add(struct act *act, json_t **ret_result, struct ex_error *err) {
    uint8_t box[VAULT_BOX_BYTES], id[VAULT_SLOT_ID_BYTES];
    EX_TRY(read_recipient(act_flag(act, FLAG_RECIPIENT), box, err));
    EX_TRY(vault_keyring_add_recipient(act->keyring, box, id, err));
    json_t *slot = keys_slot_json(id, VAULT_SLOT_RECIPIENT);
    json_set_text(slot, "label", act_flag(act, FLAG_LABEL));
    json_object_set_new(slot, "box", json_hex(box, sizeof box));
    ex_code code =
        keys_change(act, json_pack("{s:s, s:O}", "change", "add", "slot", slot), NULL, NULL, err);
    if (code == EX_OK)
        *ret_result = change_result(act, "add", slot);
    json_decref(slot);
    return code;
}

/* ---- key sheet ---- */

static ex_code add_sheet(struct act *act, struct sheet_file *f, json_t **ret_result,
                         struct ex_error *err) {
    EX_AUTO(recovery_code_free) struct recovery_code *code = NULL;
    uint8_t id[VAULT_SLOT_ID_BYTES];
    unsigned memory_mib;
    EX_TRY(keys_kdf_memory(act, &memory_mib, err));
    EX_TRY(recovery_code_generate(&code, err));
    EX_TRY(vault_keyring_add_passphrase(act->keyring, memory_mib, code->text, RECOVERY_CODE_CHARS,
                                        id, err));
    json_t *slot = keys_slot_json(id, VAULT_SLOT_PASSPHRASE);
    ex_code result =
        keys_change(act, json_pack("{s:s, s:O}", "change", "sheet", "slot", slot), NULL, NULL, err);
    if (result == EX_OK && (result = sheet_write(act, f, code, id, err)) != EX_OK) {
        char name[SLOT_SHORT_CHARS + 1];
        result = ex_hint(result, err, "nobody has the code of this slot: exhibit key remove %s",
                         keys_slot_short(name, id));
    }
    if (result == EX_OK) {
        *ret_result = change_result(act, "sheet", slot);
        json_set_text(*ret_result, "output", f->path);
    }
    json_decref(slot);
    return result;
}

ex_code app_key_sheet(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct sheet_file f;
    EX_TRY(sheet_reserve(act, act_flag(act, FLAG_OUTPUT), &f, err));
    ex_code code = add_sheet(act, &f, ret_result, err);
    sheet_discard(&f);
    return code;
}

/* ---- key remove, key rotate ---- */

ex_code app_key_remove(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct vault_slot slot;
    EX_TRY(find_slot(act, act->request->operand[0], &slot, err));
    const struct history_officer *o =
        slot.kind == VAULT_SLOT_OFFICER ? roster_officer(act, slot.officer) : NULL;
    if (o != NULL && o->retired_at == 0)
        return ex_hint(ex_fail(err, EX_DENIED, "this is the slot of an officer in office"), err,
                       "exhibit officer retire takes it away");
    EX_TRY(vault_keyring_remove_slot(act->keyring, slot.id, err));
    json_t *json = keys_slot_json(slot.id, slot.kind);
    ex_code code = keys_change(
        act, json_pack("{s:s, s:[O]}", "change", "remove", "slots_removed", json), NULL, NULL, err);
    if (code == EX_OK)
        *ret_result = change_result(act, "remove", json);
    json_decref(json);
    return code;
}

ex_code app_key_rotate(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_TRY(vault_keyring_rotate(act->keyring, err));
    EX_TRY(keys_change(act, json_pack("{s:s}", "change", "rotate"), NULL, NULL, err));
    *ret_result = change_result(act, "rotate", NULL);
    return EX_OK;
}

/* ---- key passphrase ---- */

ex_code app_key_passphrase(struct act *act, json_t **ret_result, struct ex_error *err) {
    SEAL_AUTO_SECRET char *passphrase = NULL;
    size_t size;
    unsigned memory_mib;
    EX_TRY(keys_kdf_memory(act, &memory_mib, err));
    EX_TRY(
        act_choose_passphrase(act, APP_NEW_PASSPHRASE, act->officer_name, &passphrase, &size, err));
    EX_TRY(keys_intent_same(act, json_pack("{s:s}", "change", "passphrase"), err));
    EX_TRY(vault_officer_change_passphrase(vault_dir_fd(act->vault), &act->officer, memory_mib,
                                           passphrase, size, err));
    EX_TRY(keys_outcome_same(act, json_pack("{s:s}", "change", "passphrase"), err));
    *ret_result = change_result(act, "passphrase", NULL);
    return EX_OK;
}
