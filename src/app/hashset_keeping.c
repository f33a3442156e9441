/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of keeping hash sets: adding one, listing them, removing one (format/hash-set §5).
 */
#include "app/hashsets_internal.h"

enum { SORT_MEMORY_BYTES = 64 << 20 };

/* ---- adding ---- */

struct adding {
    struct held_sets held;
    struct vault_sets *sets;
    struct hashset_maker *maker;
    struct hashset_head head;
    struct source_read read[HASHSET_SOURCES_MAX];
    uint8_t id[VAULT_SET_ID_BYTES];
    int fd; /* of the new file; the lock's */
    bool published;
    uint64_t unread;
};

static void adding_clear(struct adding *a) {
    /* Without an outcome it is nobody's: what stays here goes with the next add or remove. */
    struct ex_error ignored;
    if (a->published)
        (void)!vault_sets_remove(a->sets, a->id, &ignored);
    hashset_maker_free(a->maker);
    vault_sets_unlock(a->sets);
    hashsets_clear(&a->held);
}

static ex_code take_flags(struct act *act, struct hashset_head *h, struct ex_error *err) {
    const char *name = act_flag(act, FLAG_NAME), *version = act_flag(act, FLAG_SET_VERSION);
    if (!hashset_meaning_parse(act_flag(act, FLAG_MEANING), &h->meaning))
        return ex_hint(ex_fail(err, EX_USAGE, "a hash set is known or notable"), err,
                       "known: ordinary software; notable: to be looked at");
    if (*name == '\0' || !hashset_text_fits(name) ||
        (version != NULL && !hashset_text_fits(version)))
        return ex_fail(
            err, EX_USAGE,
            "name and version of a hash set are at most %d bytes of UTF-8 without control "
            "characters",
            (int)HASHSET_TEXT_BYTES - 1);
    memcpy(h->name, name, strlen(name));
    if (version != NULL)
        memcpy(h->version, version, strlen(version));
    return EX_OK;
}

static json_t *intent_json(struct act *act, const struct hashset_head *h) {
    json_t *sources = json_array();
    for (unsigned i = 0; i < act->request->operand_count; i++) {
        json_t *one = json_object();
        json_set_text(one, "path", act->request->operand[i]);
        json_array_append_new(sources, one);
    }
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o}", "act", "add", "set", "name", h->name,
                     "version", h->version, "meaning", hashset_meaning_word(h->meaning), "sources",
                     sources);
}

static ex_code read_sources(struct act *act, struct adding *a, struct ex_error *err) {
    const struct request *r = act->request;
    for (unsigned i = 0; i < r->operand_count; i++) {
        EX_TRY(hashset_read_source(r->operand[i], a->head.meaning, a->maker, act->face->progress,
                                   &a->read[i], err));
        a->head.source[i] = a->read[i].source;
        a->unread += a->read[i].source.unread;
    }
    a->head.source_count = r->operand_count;
    return EX_OK;
}

static ex_code check_new(const struct adding *a, struct ex_error *err) {
    for (size_t i = 0; i < a->held.count; i++)
        if (memcmp(a->held.list[i].id, a->id, sizeof a->id) == 0)
            return ex_hint(ex_fail(err, EX_EXISTS,
                                   "the vault has this very set, since entry %" PRIu64,
                                   a->held.list[i].entry),
                           err, "when its file is damaged or gone: remove it, and add it again");
    return EX_OK;
}

static ex_code clean(struct adding *a, struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*keep)[VAULT_SET_ID_BYTES] = NULL;
    EX_TRY(ex_alloc(a->held.count, sizeof *keep, (size_t)1 << 20, "hash sets", &keep, err));
    for (size_t i = 0; i < a->held.count; i++)
        memcpy(keep[i], a->held.list[i].id, sizeof keep[i]);
    if (a->held.entries_lost > 0)
        return EX_OK; /* one of them may be a set */
    return vault_sets_clean(a->sets, (const uint8_t(*)[VAULT_SET_ID_BYTES])keep, a->held.count,
                            err);
}

static ex_code compile(struct act *act, struct adding *a, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    EX_TRY(clean(a, err));
    EX_TRY(hashset_make_begin(vault_sets_dir_fd(a->sets), SORT_MEMORY_BYTES, &a->maker, err));
    EX_TRY(read_sources(act, a, err));
    EX_TRY(vault_sets_begin(a->sets, &a->fd, err));
    if (progress != NULL) {
        progress->phase = "writing the hash set";
        atomic_store(&progress->done_bytes, 0);
    }
    EX_TRY(hashset_make_end(a->maker, &a->head, a->fd, progress, a->id, err));
    EX_TRY(check_new(a, err));
    EX_TRY(vault_sets_publish(a->sets, a->id, err));
    a->published = true;
    return EX_OK;
}

static json_t *source_json(const struct source_read *r, const char *path) {
    json_t *one = json_pack(
        "{s:o, s:o, s:o, s:o}", "sha256", json_hex(r->source.sha256, sizeof r->source.sha256),
        "size_bytes", json_number(r->source.size_bytes), "hashes", json_number(r->source.hashes),
        "unread_lines", json_number(r->source.unread));
    json_t *places = json_array();
    for (size_t i = 0; i < HASH_LIST_PLACES && i < r->source.unread; i++)
        json_array_append_new(places, json_number(r->place[i]));
    json_object_set_new(one, "unread_first", places);
    if (r->is_set)
        json_object_set_new(one, "is_set", json_true());
    json_set_text(one, "path", path);
    return one;
}

static json_t *outcome_json(struct act *act, const struct adding *a) {
    json_t *set = hashset_json(&a->head, a->id), *sources = json_array();
    for (unsigned i = 0; i < act->request->operand_count; i++)
        json_array_append_new(sources, source_json(&a->read[i], act->request->operand[i]));
    json_object_set_new(set, "sources", sources);
    return json_pack("{s:s, s:o}", "act", "add", "set", set);
}

static ex_code add(struct act *act, struct adding *a, json_t **ret_result, struct ex_error *err) {
    EX_TRY(take_flags(act, &a->head, err));
    EX_TRY(vault_sets_lock(act->vault, &a->sets, err));
    EX_TRY(hashsets_load(act, &a->held, err));
    EX_TRY(act_intent(act, intent_json(act, &a->head), err));
    EX_TRY(compile(act, a, err));
    json_t *what = outcome_json(act, a);
    ex_code code = act_outcome(act, a->unread > 0 ? "partial" : "done", json_incref(what), NULL,
                               NULL, NULL, err);
    if (code != EX_OK) {
        json_decref(what);
        return code;
    }
    a->published = false; /* it is the vault's now */
    act->verdict = a->unread > 0 ? EX_PARTIAL : EX_OK;
    *ret_result = json_pack("{s:O, s:b}", "set", json_object_get(what, "set"), "encrypted", 0);
    json_decref(what);
    return EX_OK;
}

ex_code app_hashset_add(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct adding *a = ex_new0(struct adding);
    ex_code code = add(act, a, ret_result, err);
    adding_clear(a);
    return code;
}

/* ---- listing ---- */

ex_code app_hashset_list(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct held_sets h = {0};
    ex_code code = act_single(act, act_query_json(act), NULL, NULL, err);
    if (code == EX_OK)
        code = hashsets_load(act, &h, err);
    if (code == EX_OK)
        code = hashsets_open(act, &h, err);
    if (code == EX_OK) {
        *ret_result = json_pack("{s:o, s:o}", "sets", hashsets_json(&h), "entries_lost",
                                json_number(h.entries_lost));
        act->verdict = hashsets_sound(&h) ? EX_OK : EX_ALTERED;
    }
    hashsets_clear(&h);
    return code;
}

/* ---- removing ---- */

static ex_code drop(struct act *act, struct adding *a, json_t **ret_result, struct ex_error *err) {
    struct held_set *s;
    EX_TRY(vault_sets_lock(act->vault, &a->sets, err));
    EX_TRY(hashsets_load(act, &a->held, err));
    EX_TRY(hashsets_find(&a->held, act->request->operand[0], &s, err));
    json_t *what = json_pack("{s:s, s:O}", "act", "remove", "set", s->json);
    ex_code code = act_intent(act, json_incref(what), err);
    if (code == EX_OK)
        code = vault_sets_remove(a->sets, s->id, err);
    if (code == EX_OK)
        code = clean(a, err);
    if (code == EX_OK)
        code = act_outcome(act, "done", json_incref(what), NULL, NULL, NULL, err);
    if (code == EX_OK)
        *ret_result = json_pack("{s:O}", "set", s->json);
    json_decref(what);
    return code;
}

ex_code app_hashset_remove(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct adding *a = ex_new0(struct adding);
    ex_code code = drop(act, a, ret_result, err);
    adding_clear(a);
    return code;
}
