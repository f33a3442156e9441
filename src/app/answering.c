/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of accepting and of refusing a hand-over. Nobody signs for bytes that were not read
 * and hashed a moment before, nor for seals other than those that were offered, without saying so.
 */
#include "app/custody_internal.h"

#include "crypto/sha256.h"

struct answering {
    struct handing handing;
    json_t *seals; /* as found */
    json_t *found; /* of each item, in order: {"before", "after", "match"…} */
    bool differs;  /* bytes of one of them do not match */
};

/* ---- who may ---- */

/* What came in may be offered to a third vault; then nobody here answers. */
static ex_code check_offered_here(struct act *act, const struct handing *h, struct ex_error *err) {
    const struct note_key *own = &vault_config(act->vault)->key;
    struct note_key key;
    json_t *outside = json_object_get(h->offer, "to_outside");
    const char *vkey = json_string_value(json_object_get(outside, "vault_key"));
    if (vkey == NULL || note_key_parse(vkey, &key, NULL) != EX_OK)
        return ex_fail(err, EX_MISSING, "what the other vault offered cannot be read any more");
    if (strcmp(key.name, own->name) == 0 &&
        memcmp(key.public_key, own->public_key, sizeof own->public_key) == 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_DENIED, "it is offered to another vault than this one"), err,
                   "what was imported here is a copy: only %s can answer", key.name);
}

static ex_code check_answers(struct act *act, const struct handing *h, struct ex_error *err) {
    const struct custody_handover *step = h->item[0].step;
    if (step->way == CUSTODY_OUT)
        return ex_hint(ex_fail(err, EX_DENIED, "it is offered to another vault, which answers it"),
                       err, "exhibit handover enter FILE, with the receipt that comes from there");
    if (step->way == CUSTODY_IN)
        return check_offered_here(act, h, err);
    if (custody_same_officer(h->reading.history, step->taker, act->officer.id))
        return EX_OK;
    EX_AUTO_FREE char *name = custody_officer_name(act, step->taker);
    return ex_hint(ex_fail(err, EX_DENIED,
                           "it is offered to %.100s, and nobody else answers for "
                           "them",
                           name),
                   err, "the giver may withdraw it, and offer it to another one");
}

static ex_code find_open(struct act *act, struct handing *h, struct ex_error *err) {
    EX_TRY(handing_load(act, h, err));
    EX_TRY(handing_find(act, h, err));
    EX_TRY(handing_check_open(h, err));
    return check_answers(act, h, err);
}

/* ---- the seals ---- */

static bool list_contains(const json_t *list, const json_t *word) {
    const json_t *one;
    size_t n;
    json_array_foreach(list, n, one) {
        if (json_equal(one, word))
            return true;
    }
    return false;
}

/* Each list has a word once. */
static bool same_words(const json_t *a, const json_t *b) {
    const json_t *one;
    size_t n;
    if (json_array_size(a) != json_array_size(b))
        return false;
    json_array_foreach(a, n, one) {
        if (!list_contains(b, one))
            return false;
    }
    return true;
}

static ex_code check_seals(struct act *act, struct answering *a, struct ex_error *err) {
    const json_t *offered = json_object_get(a->handing.offer, "seals");
    EX_TRY(custody_list(act, FLAG_SEALS, &a->seals, err));
    if (act_has_flag(act, FLAG_EXCEPTION))
        return EX_OK;
    if (!json_is_array(offered))
        return ex_hint(ex_fail(err, EX_MISSING,
                               "what was offered cannot be read any more: with "
                               "which seals is not known"),
                       err, "accept it with --exception TEXT, or refuse it");
    if (json_array_size(offered) > 0 && !act_has_flag(act, FLAG_SEALS))
        return ex_hint(
            ex_fail(err, EX_USAGE, "it was offered with seals: say which ones you found"), err,
            "--seals LIST, as they are on the thing before you");
    if (!same_words(offered, a->seals))
        return ex_hint(ex_fail(err, EX_ALTERED, "the seals are not those that were offered"), err,
                       "refuse it, or say in --exception TEXT what you found");
    return EX_OK;
}

/* ---- the bytes ---- */

struct hashing {
    struct sha256 state;
    uint64_t damaged_bytes;
};

static void add_constant(struct sha256 *h, uint8_t value, uint64_t length) {
    uint8_t run[4096];
    memset(run, value, sizeof run);
    for (uint64_t part; length > 0; length -= part) {
        part = length < sizeof run ? length : sizeof run;
        sha256_add(h, run, (size_t)part);
    }
}

static ex_code hash_piece(void *context, const struct vault_piece *p, struct ex_error *err) {
    struct hashing *h = context;
    (void)err;
    if (p->kind == VAULT_PIECE_DATA)
        sha256_add(&h->state, p->data, (size_t)p->length);
    else if (p->kind == VAULT_PIECE_CONSTANT)
        add_constant(&h->state, p->value, p->length);
    else
        h->damaged_bytes += p->length;
    return EX_OK;
}

/* The digest of what the disk gives now; null when not everything could be read. */
static ex_code hash_object(struct act *act, const struct item_truth *i,
                           const struct vault_object_info *o, json_t *found, struct ex_error *err) {
    struct hashing h = {0};
    uint8_t before[SHA256_BYTES], after[SHA256_BYTES];
    sha256_start(&h.state);
    EX_TRY(vault_stream(act->vault, o, true, hash_piece, &h, act->face->progress, err));
    sha256_end(&h.state, after);
    bool whole = h.damaged_bytes == 0 && truth_agrees(i, o);
    bool match = whole && json_get_hex(i->item, "sha256", before, sizeof before) &&
                 memcmp(before, after, sizeof before) == 0;
    json_object_set_new(found, "after",
                        h.damaged_bytes == 0 ? json_hex(after, sizeof after) : json_null());
    json_object_set_new(found, "damaged_bytes", json_number(h.damaged_bytes));
    json_object_set_new(found, "match", json_boolean(match));
    return EX_OK;
}

static ex_code hash_item(struct act *act, const struct item_truth *i, json_t *found,
                         struct ex_error *err) {
    struct vault_object_info o = {0};
    struct ex_error why;
    json_t *before = json_object_get(i->item, "sha256");
    json_object_set_new(found, "physical", json_boolean(i->physical));
    if (i->physical)
        return EX_OK;
    json_object_set_new(found, "before", before != NULL ? json_incref(before) : json_null());
    ex_code code = vault_object(act->vault, i->object_id, &o, &why);
    if (code == EX_OK) {
        code = hash_object(act, i, &o, found, err);
        vault_object_info_clear(&o);
        return code;
    }
    if (code != EX_ALTERED && code != EX_MISSING && code != EX_FORMAT && code != EX_IO) {
        if (err != NULL)
            *err = why;
        return code;
    }
    json_object_set_new(found, "after", json_null());
    json_object_set_new(found, "match", json_false());
    json_set_text(found, "why", why.text);
    return EX_OK;
}

static uint64_t total_size(const struct handing *h) {
    uint64_t total = 0;
    for (size_t n = 0; n < h->count; n++)
        total += (uint64_t)json_integer_value(json_object_get(h->item[n].item->item, "size_bytes"));
    return total;
}

static ex_code hash_items(struct act *act, struct answering *a, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    const char *altered = NULL;
    if (progress != NULL) {
        progress->phase = "hashing";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, total_size(&a->handing));
    }
    a->found = json_array();
    for (size_t n = 0; n < a->handing.count; n++) {
        json_t *found = json_object();
        json_array_append_new(a->found, found);
        EX_TRY(hash_item(act, a->handing.item[n].item, found, err));
        if (altered == NULL && json_is_false(json_object_get(found, "match")))
            altered = a->handing.item[n].item->label;
    }
    a->differs = altered != NULL;
    if (altered == NULL || act_has_flag(act, FLAG_EXCEPTION))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "the bytes of item %s are not those that its entry "
                           "names",
                           altered),
                   err, "refuse it, or accept it with --exception TEXT: exhibit verify %s",
                   altered);
}

/* ---- accepting ---- */

/* Only another vault gets a receipt. */
static ex_code check_wants_output(const struct act *act, const struct handing *h,
                                  struct ex_error *err) {
    if (h->item[0].step->way == CUSTODY_IN || !act_has_flag(act, FLAG_OUTPUT))
        return EX_OK;
    return ex_fail(err, EX_USAGE, "within a vault nobody needs a receipt: the ledger has it");
}

static ex_code finish(struct act *act, const struct handing *h, json_t **ret_result,
                      struct ex_error *err) {
    EX_TRY(receipt_write(act, h, err));
    EX_TRY(handover_json(act, h->id, ret_result, err));
    receipt_add_output(act, h, *ret_result);
    return EX_OK;
}

static ex_code check_texts(const struct act *act, struct ex_error *err) {
    EX_TRY(custody_check_text(act, FLAG_EXCEPTION, err));
    EX_TRY(custody_check_text(act, FLAG_PLACE, err));
    return custody_check_text(act, FLAG_REASON, err);
}

static ex_code draft_accepts(struct act *act, struct answering *a, const char *result,
                             struct ex_error *err) {
    struct handing *h = &a->handing;
    json_t *offered = json_object_get(h->offer, "seals");
    EX_TRY(handing_draft(h, "handover.accept", result, err));
    for (size_t n = 0; n < h->count; n++) {
        json_t *what = h->draft[n].what;
        json_object_update(what, json_array_get(a->found, n));
        json_object_set_new(what, "seals_offered",
                            offered != NULL ? json_incref(offered) : json_null());
        json_object_set(what, "seals", a->seals);
        json_object_set_new(what, "place", custody_text(act, FLAG_PLACE));
        json_object_set_new(what, "exception", custody_text(act, FLAG_EXCEPTION));
    }
    return EX_OK;
}

static ex_code accept(struct act *act, struct answering *a, json_t **ret_result,
                      struct ex_error *err) {
    struct handing *h = &a->handing;
    const char *result = act_has_flag(act, FLAG_EXCEPTION) ? "partial" : "done";
    EX_TRY(check_texts(act, err));
    EX_TRY(act_check_output(act, err));
    EX_TRY(find_open(act, h, err));
    EX_TRY(check_wants_output(act, h, err));
    EX_TRY(check_seals(act, a, err));
    EX_TRY(act_intent(act, handing_what(act, h, "accept"), err));
    EX_TRY(hash_items(act, a, err));
    EX_TRY(draft_accepts(act, a, result, err));
    EX_TRY(handing_commit(act, h, result, handing_what(act, h, "accept"), err));
    act->verdict = a->differs ? EX_ALTERED : EX_OK;
    return finish(act, h, ret_result, err);
}

ex_code app_handover_accept(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct answering a = {0};
    ex_code code = accept(act, &a, ret_result, err);
    handing_clear(&a.handing);
    json_decref(a.seals);
    json_decref(a.found);
    return code;
}

/* ---- refusing ---- */

static ex_code refuse(struct act *act, struct handing *h, json_t **ret_result,
                      struct ex_error *err) {
    EX_TRY(custody_check_text(act, FLAG_REASON, err));
    EX_TRY(act_check_output(act, err));
    EX_TRY(find_open(act, h, err));
    EX_TRY(check_wants_output(act, h, err));
    EX_TRY(act_intent(act, handing_what(act, h, "refuse"), err));
    EX_TRY(handing_draft(h, "handover.refuse", "refused", err));
    EX_TRY(handing_commit(act, h, "done", handing_what(act, h, "refuse"), err));
    return finish(act, h, ret_result, err);
}

ex_code app_handover_refuse(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct handing h = {0};
    ex_code code = refuse(act, &h, ret_result, err);
    handing_clear(&h);
    return code;
}
