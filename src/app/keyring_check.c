/* SPDX-License-Identifier: Apache-2.0 */
/* Is the keyring on the disk the newest one? An old copy still opens with the key of somebody who
 * was removed since, and whoever was removed could make one of his own; so the ledger names each
 * (format/vault §7.2). */
#include "app/act_internal.h"

#include "base/file.h"
#include "base/limits.h"

json_t *keyring_json(uint64_t generation, const uint8_t sha256[static SHA256_BYTES]) {
    return json_pack("{s:o, s:o}", "generation", json_number(generation), "sha256",
                     json_hex(sha256, SHA256_BYTES));
}

struct named {
    bool there, same, intent, done;
    uint64_t generation;
};

static ex_code read_entry(struct act *act, uint64_t index, struct entry *ret,
                          struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
    return entry_parse(bytes, size, ret, err);
}

/* What the body of an entry says of the keyring; not there: nothing, or it cannot be read. */
static void read_keyring(struct act *act, const struct entry *e, struct named *ret) {
    uint8_t named[SHA256_BYTES], own[SHA256_BYTES];
    json_t *what = NULL;
    if (project_section(act, e, "what", &what, NULL) != EX_OK)
        return;
    json_t *keyring = json_object_get(what, "keyring");
    json_t *generation = json_object_get(keyring, "generation");
    vault_keyring_sha256(act->keyring, own);
    ret->there = json_is_integer(generation) && json_integer_value(generation) > 0 &&
                 json_get_hex(keyring, "sha256", named, sizeof named);
    ret->generation = (uint64_t)json_integer_value(generation);
    ret->same = ret->there && ret->generation == vault_keyring_generation(act->keyring) &&
                memcmp(named, own, sizeof own) == 0;
    json_decref(what);
}

/* What an entry says of the keyring. The body of an outcome may be under an epoch that an old
 * keyring has no key of; then its intent, written before, says what was done. */
static ex_code read_named(struct act *act, uint64_t index, struct named *ret,
                          struct ex_error *err) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    *ret = (struct named){0};
    EX_TRY(read_entry(act, index, e, err));
    size_t length = strlen(e->event);
    bool outcome = (e->has & ENTRY_HAS_INTENT) != 0 && e->intent < index;
    ret->intent = length > 7 && strcmp(e->event + length - 7, ".intent") == 0;
    ret->done =
        !ret->intent && ((e->has & ENTRY_HAS_RESULT) == 0 || strcmp(e->result, "done") == 0);
    read_keyring(act, e, ret);
    if (!ret->there && ret->done && outcome) {
        EX_TRY(read_entry(act, e->intent, e, err));
        read_keyring(act, e, ret);
    }
    return EX_OK;
}

static ex_code refuse(struct act *act, uint64_t index, uint64_t generation, struct ex_error *err) {
    uint64_t own = vault_keyring_generation(act->keyring);
    ex_code code =
        own < generation
            ? ex_fail(err, EX_ALTERED,
                      "the keyring is older than entry %" PRIu64 " says: an old copy was put back",
                      index)
        : own == generation
            ? ex_fail(err, EX_ALTERED, "the keyring is not the one that entry %" PRIu64 " names",
                      index)
            : ex_fail(err, EX_ALTERED, "the keyring is newer than any entry of the ledger says");
    return ex_hint(code, err, "put back the keys/keyring.json that belongs to this ledger");
}

static ex_code compare(struct act *act, struct ex_error *err) {
    const uint64_t *list;
    size_t count = roster_key_entries(act, &list);
    for (size_t i = count + 1; i > 0; i--) {
        uint64_t index = i > 1 ? list[i - 2] : 0; /* last of all vault.create */
        struct named named;
        EX_TRY(read_named(act, index, &named, err));
        if (named.same && (named.intent || named.done))
            return EX_OK;
        if (named.there && named.done)
            return refuse(act, index, named.generation, err);
    }
    return EX_OK; /* the bodies that named one are gone */
}

static bool changed_since(struct act *act) {
    EX_AUTO_FREE uint8_t *data = NULL;
    uint8_t opened[SHA256_BYTES], now[SHA256_BYTES];
    size_t size;
    if (ex_read_file(vault_dir_fd(act->vault), "keys/keyring.json", EX_LIMIT_CONFIG_BYTES, &data,
                     &size, NULL) != EX_OK)
        return false;
    sha256_of(data, size, now);
    vault_keyring_sha256(act->keyring, opened);
    return memcmp(now, opened, sizeof now) != 0;
}

/* Somebody may have changed the keyring after this process read the ledger, or the keyring. */
ex_code keyring_check_newest(struct act *act, struct ex_error *err) {
    struct ex_error why;
    ex_code code = compare(act, &why);
    if (code == EX_ALTERED) {
        EX_TRY(ledger_refresh(act->ledger, err));
        EX_TRY(roster_load(act, err));
        code = compare(act, &why);
    }
    if (code == EX_ALTERED && changed_since(act))
        return ex_hint(ex_fail(err, EX_BUSY, "somebody changed the keyring meanwhile"), err,
                       "run it again");
    if (code != EX_OK && err != NULL)
        *err = why;
    return code;
}
