/* SPDX-License-Identifier: Apache-2.0 */
/* Who may act: the officers of the ledger, from its entries alone, each with its signature and its
 * right checked (format/ledger §3.1). Neither the catalog nor a body is asked, so it works before a
 * vault is unlocked, and nobody is put in or out of office by a changed catalog. */
#include "app/act_internal.h"

#include "base/cursor.h"

enum { ROSTER_BYTES_MAX = 1 << 24 };

struct roster {
    struct reading reading;
    uint64_t size; /* entries looked at */
    size_t key_count, key_capacity;
    uint64_t *key; /* indexes of the entries about officers and keys */
};

void roster_free(struct roster *r) {
    if (r == NULL)
        return;
    reading_clear(&r->reading);
    free(r->key);
    free(r);
}

static ex_code note_key_entry(struct roster *r, uint64_t index, struct ex_error *err) {
    EX_TRY(ex_grow(&r->key, &r->key_capacity, r->key_count + 1, sizeof *r->key, ROSTER_BYTES_MAX,
                   "the changes of keys", err));
    r->key[r->key_count++] = index;
    return EX_OK;
}

size_t roster_key_entries(const struct act *act, const uint64_t **ret) {
    *ret = act->roster->key;
    return act->roster->key_count;
}

static ex_code take_entry(struct act *act, uint64_t index, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    EX_TRY(ledger_read(act->ledger, index, &bytes, &size, err));
    bool officer = reading_event_begins(bytes, size, "officer.");
    if (officer || reading_event_begins(bytes, size, "key."))
        EX_TRY(note_key_entry(act->roster, index, err));
    return officer ? reading_feed(act, &act->roster->reading, index, bytes, size, err) : EX_OK;
}

ex_code roster_load(struct act *act, struct ex_error *err) {
    if (act->roster == NULL) {
        struct roster *r = ex_new0(struct roster);
        ex_code code = reading_start(act, &r->reading, err);
        if (code != EX_OK) {
            free(r);
            return code;
        }
        act->roster = r;
    }
    for (uint64_t size = ledger_size(act->ledger); act->roster->size < size; act->roster->size++)
        EX_TRY(take_entry(act, act->roster->size, err));
    return EX_OK;
}

const struct history_officer *roster_officer(const struct act *act,
                                             const uint8_t id[static ENTRY_ID_BYTES]) {
    return history_officer(act->roster->reading.history, id);
}

const struct history_officer *roster_at(const struct act *act, size_t position) {
    return history_officer_at(act->roster->reading.history, position);
}

char *roster_name(struct act *act, const struct history_officer *o) {
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    json_t *row = NULL, *what = NULL;
    const char *name = NULL;
    if (project_row(act, o->enrolled_at, e, &row, &what, NULL) == EX_OK)
        name = json_string_value(json_object_get(json_object_get(what, "officer"), "name"));
    char *copy = ex_strdup(name != NULL ? name : "(erased)");
    json_decref(row);
    json_decref(what);
    return copy;
}

const struct history_officer *roster_find(struct act *act, const char *name) {
    const struct history_officer *o, *found = NULL;
    for (size_t i = 0; (o = roster_at(act, i)) != NULL; i++) {
        if (found != NULL && o->retired_at != 0)
            continue;
        EX_AUTO_FREE char *known = roster_name(act, o);
        if (strcmp(known, name) == 0 && (found == NULL || found->retired_at != 0))
            found = o;
    }
    return found;
}

ex_code roster_in_office(struct act *act, const char *given, const struct history_officer **ret,
                         struct ex_error *err) {
    uint8_t id[VAULT_ID_BYTES];
    const struct history_officer *o = ex_parse_hex(given, strlen(given), id, sizeof id)
                                          ? roster_officer(act, id)
                                          : roster_find(act, given);
    if (o == NULL)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "the ledger enrols no officer \"%.100s\"", given),
                       err, "exhibit officer list shows them");
    if (o->retired_at != 0)
        return ex_fail(err, EX_NOT_FOUND, "%.100s was retired already, by entry %" PRIu64, given,
                       o->retired_at);
    *ret = o;
    return EX_OK;
}

ex_code roster_check_in_office(struct act *act, struct ex_error *err) {
    if (act->roster == NULL || act->roster->size == ledger_size(act->ledger))
        return EX_OK;
    EX_TRY(roster_load(act, err));
    const struct history_officer *o = roster_officer(act, act->officer.id);
    if (o == NULL || o->retired_at == 0)
        return EX_OK;
    act->retired = true;
    return ex_hint(ex_fail(err, EX_DENIED,
                           "%s was retired by entry %" PRIu64 " while this was running",
                           act->officer_name, o->retired_at),
                   err, "what was recorded before that stands");
}
