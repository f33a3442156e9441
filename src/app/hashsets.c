/* SPDX-License-Identifier: Apache-2.0 */
/* Which hash sets the vault has, by its ledger, and what they answer. */
#include "app/hashsets_internal.h"

#include "base/cursor.h"

#include <stdio.h>

enum { SETS_MAX = 4096, GIVEN_DIGITS_MIN = 8 };

/* ---- from the ledger ---- */

static void set_clear(struct held_set *s) {
    hashset_close(s->set);
    json_decref(s->json);
    free(s->name);
    *s = (struct held_set){0};
}

void hashsets_clear(struct held_sets *h) {
    for (size_t i = 0; i < h->count; i++)
        set_clear(&h->list[i]);
    free(h->list);
    *h = (struct held_sets){0};
}

static void drop(struct held_sets *h, const uint8_t id[static VAULT_SET_ID_BYTES]) {
    for (size_t i = 0; i < h->count; i++) {
        if (memcmp(h->list[i].id, id, VAULT_SET_ID_BYTES) != 0)
            continue;
        set_clear(&h->list[i]);
        memmove(&h->list[i], &h->list[i + 1], (h->count - i - 1) * sizeof *h->list);
        h->count--;
        return;
    }
}

static ex_code take(struct held_sets *h, const struct entry *e, json_t *set,
                    const uint8_t id[static VAULT_SET_ID_BYTES], struct ex_error *err) {
    const char *name = json_string_value(json_object_get(set, "name"));
    const char *meaning = json_string_value(json_object_get(set, "meaning"));
    struct held_set s = {.entry = e->index};
    if (name == NULL || meaning == NULL || !hashset_meaning_parse(meaning, &s.meaning)) {
        h->entries_lost++;
        return EX_OK;
    }
    EX_TRY(ex_grow(&h->list, &h->capacity, h->count + 1, sizeof *h->list,
                   SETS_MAX * sizeof *h->list, "the hash sets of the vault", err));
    memcpy(s.id, id, sizeof s.id);
    s.name = ex_strdup(name);
    s.json = json_incref(set);
    h->list[h->count++] = s;
    return EX_OK;
}

/* EX_IO and the like go up; a body that is damaged or gone is a set that nobody knows. */
static ex_code consider(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct held_sets *h = context;
    uint8_t id[VAULT_SET_ID_BYTES];
    json_t *what = NULL;
    if (strcmp(e->event, "hashset.outcome") != 0 ||
        (strcmp(e->result, "done") != 0 && strcmp(e->result, "partial") != 0))
        return EX_OK;
    ex_code code = project_section(act, e, "what", &what, err);
    if (code != EX_OK && code != EX_MISSING && code != EX_ALTERED && code != EX_FORMAT)
        return code;
    json_t *set = json_object_get(what, "set");
    const char *done = json_string_value(json_object_get(what, "act"));
    code = EX_OK;
    if (done == NULL || !json_get_hex(set, "id", id, sizeof id)) {
        h->entries_lost++;
    } else {
        drop(h, id);
        if (strcmp(done, "add") == 0)
            code = take(h, e, set, id, err);
    }
    json_decref(what);
    return code;
}

ex_code hashsets_load(struct act *act, struct held_sets *ret, struct ex_error *err) {
    *ret = (struct held_sets){0};
    return scan_ledger(act, consider, ret, err);
}

/* ---- files ---- */

static void note_bad(struct held_set *s, const struct ex_error *why) {
    s->state = why->code == EX_MISSING ? SET_MISSING : SET_ALTERED;
    (void)snprintf(s->why, sizeof s->why, "%.190s", why->text);
    hashset_close(s->set);
    s->set = NULL;
}

/* A failure of this machine says nothing about the set. A file that cannot be read, however, is as
 * little use as one that was altered. */
static bool is_of_the_set(ex_code code) {
    return code != EX_OK && code != EX_NOMEM && code != EX_INTERRUPTED && code != EX_LIMIT;
}

ex_code hashsets_open(struct act *act, struct held_sets *h, struct ex_error *err) {
    for (size_t i = 0; i < h->count; i++) {
        struct held_set *s = &h->list[i];
        struct ex_error why = {0};
        ex_code code = vault_set_open(act->vault, s->id, &s->set, &why);
        if (code == EX_OK && hashset_head(s->set)->meaning != s->meaning)
            code = ex_fail(&why, EX_ALTERED, "the ledger gives it another meaning than its file");
        s->state = SET_SOUND;
        if (is_of_the_set(code))
            note_bad(s, &why);
        else if (code != EX_OK)
            return ex_hint(ex_fail(err, code, "%s", why.text), err, "%s", why.hint);
    }
    return EX_OK;
}

bool hashsets_sound(const struct held_sets *h) {
    for (size_t i = 0; i < h->count; i++)
        if (h->list[i].set == NULL)
            return false;
    return h->entries_lost == 0;
}

static ex_code ask(struct held_set *s, const uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count,
                   bool *listed, bool *ret_lost, struct ex_error *err) {
    struct ex_error why = {0};
    ex_code code = hashset_look(s->set, hash, count, listed, &why);
    if (is_of_the_set(code)) {
        note_bad(s, &why);
        *ret_lost = true;
        return EX_OK;
    }
    if (code != EX_OK)
        return ex_hint(ex_fail(err, code, "%s", why.text), err, "%s", why.hint);
    s->asked += count;
    for (size_t i = 0; i < count; i++)
        s->listed += listed[i];
    return EX_OK;
}

ex_code hashsets_look(struct held_sets *h, const uint8_t (*hash)[HASHSET_HASH_BYTES], size_t count,
                      bool *ret_listed, bool *ret_lost, struct ex_error *err) {
    EX_AUTO_FREE bool *listed = NULL;
    bool lost = false;
    EX_TRY(ex_alloc(count, sizeof *listed, HASHSET_LOOK_MAX, "a look-up", &listed, err));
    memset(ret_listed, 0, count * h->count * sizeof *ret_listed);
    for (size_t n = 0; n < h->count; n++) {
        if (h->list[n].set == NULL)
            continue;
        EX_TRY(ask(&h->list[n], hash, count, listed, &lost, err));
        for (size_t i = 0; h->list[n].set != NULL && i < count; i++)
            ret_listed[i * h->count + n] = listed[i];
    }
    if (ret_lost != NULL)
        *ret_lost = lost;
    return EX_OK;
}

/* ---- one of them ---- */

static bool is_meant(const struct held_set *s, const char *given) {
    char hex[2 * VAULT_SET_ID_BYTES + 1];
    size_t size = strlen(given);
    ex_hex(hex, s->id, sizeof s->id);
    return strcmp(s->name, given) == 0 ||
           (size >= GIVEN_DIGITS_MIN && strncmp(hex, given, size) == 0);
}

ex_code hashsets_find(struct held_sets *h, const char *given, struct held_set **ret,
                      struct ex_error *err) {
    struct held_set *found = NULL;
    for (size_t i = 0; i < h->count; i++) {
        if (!is_meant(&h->list[i], given))
            continue;
        if (found != NULL)
            return ex_hint(ex_fail(err, EX_USAGE, "\"%.100s\" is more than one hash set", given),
                           err, "give the first digits of its id: exhibit hashset list");
        found = &h->list[i];
    }
    if (found == NULL)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "the vault has no hash set \"%.100s\"", given),
                       err, "exhibit hashset list shows them");
    *ret = found;
    return EX_OK;
}

/* ---- JSON ---- */

json_t *hashset_json(const struct hashset_head *head, const uint8_t id[static VAULT_SET_ID_BYTES]) {
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "id", json_hex(id, VAULT_SET_ID_BYTES), "name",
                     head->name, "version", head->version, "meaning",
                     hashset_meaning_word(head->meaning), "hashes", json_number(head->hashes));
}

json_t *hashsets_json(const struct held_sets *h) {
    json_t *list = json_array();
    for (size_t i = 0; i < h->count; i++) {
        const struct held_set *s = &h->list[i];
        json_t *one = json_deep_copy(s->json);
        json_object_set_new(one, "entry", json_number(s->entry));
        if (s->state != NULL)
            json_object_set_new(one, "state", json_string(s->state));
        if (s->why[0] != '\0')
            json_set_text(one, "why", s->why);
        json_array_append_new(list, one);
    }
    return list;
}

json_t *hashsets_listed_json(const struct held_sets *h, const bool *listed) {
    json_t *list = json_array();
    for (size_t n = 0; n < h->count; n++)
        if (listed[n])
            json_array_append_new(list, json_pack("{s:o, s:s, s:s}", "id",
                                                  json_hex(h->list[n].id, VAULT_SET_ID_BYTES),
                                                  "name", h->list[n].name, "meaning",
                                                  hashset_meaning_word(h->list[n].meaning)));
    return list;
}

bool hashset_summary(const struct entry *e, json_t *what, char *to, size_t size) {
    json_t *set = json_object_get(what, "set");
    const char *done = json_string_value(json_object_get(what, "act"));
    const char *name = json_string_value(json_object_get(set, "name"));
    const char *meaning = json_string_value(json_object_get(set, "meaning"));
    if (strncmp(e->event, "hashset.", 8) != 0 || done == NULL || name == NULL || meaning == NULL)
        return false;
    (void)snprintf(to, size, "hash set \"%.127s\" (%.20s): %.20s", name, meaning, done);
    return true;
}
