/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of traces by what hash sets say of their contents (docs/known-files.md). Traces are asked
 * about many at a time, for a set is read page by page; a set that turns out to be damaged on the
 * way hides nothing, so the list begins anew without it. */
#include "app/tracing_known_internal.h"

enum { WINDOW = 65536 };

struct window_row {
    struct catalog_trace t;
    char *kind, *state, *name, *type;
};

struct trace_known {
    struct held_sets held;
    bool not_known, notable;
    bool may_leave_out;    /* every set that could call a content notable can answer */
    uint64_t *left_out_by; /* of each set */
    uint64_t left_out, not_asked, matched;
    struct window_row *row;
    size_t rows;
    uint8_t (*hash)[HASHSET_HASH_BYTES];
    bool *listed;
    bool lost; /* a set was lost: begin anew */
    trace_known_fn *each;
    void *context;
};

static void clear_window(struct trace_known *k) {
    for (size_t i = 0; i < k->rows; i++) {
        free(k->row[i].kind);
        free(k->row[i].state);
        free(k->row[i].name);
        free(k->row[i].type);
    }
    k->rows = 0;
}

void trace_known_free(struct trace_known *k) {
    if (k == NULL)
        return;
    clear_window(k);
    hashsets_clear(&k->held);
    free(k->left_out_by);
    free(k->row);
    free(k->hash);
    free(k->listed);
    free(k);
}

/* An empty list must not look like an answer. */
static ex_code check_there_is(const struct trace_known *k, enum hashset_meaning meaning,
                              struct ex_error *err) {
    for (size_t i = 0; i < k->held.count; i++)
        if (k->held.list[i].meaning == meaning)
            return EX_OK;
    if (k->held.entries_lost > 0)
        return ex_fail(
            err, EX_ALTERED,
            "what the ledger says of hash sets is damaged: which there are is not known");
    return ex_hint(ex_fail(err, EX_NOT_FOUND, "the vault has no hash set with the meaning %s",
                           hashset_meaning_word(meaning)),
                   err, "exhibit hashset add makes one of lists");
}

static ex_code begin(struct act *act, struct trace_known *k, struct ex_error *err) {
    EX_TRY(hashsets_load(act, &k->held, err));
    if (k->not_known)
        EX_TRY(check_there_is(k, HASHSET_KNOWN, err));
    if (k->notable)
        EX_TRY(check_there_is(k, HASHSET_NOTABLE, err));
    EX_TRY(hashsets_open(act, &k->held, err));
    size_t sets = k->held.count;
    EX_TRY(
        ex_alloc(sets, sizeof *k->left_out_by, (size_t)1 << 20, "hash sets", &k->left_out_by, err));
    EX_TRY(ex_alloc(WINDOW, sizeof *k->row, WINDOW * sizeof *k->row, "traces", &k->row, err));
    EX_TRY(ex_alloc(WINDOW, sizeof *k->hash, WINDOW * sizeof *k->hash, "traces", &k->hash, err));
    return ex_alloc(WINDOW * sets, sizeof *k->listed, (size_t)1 << 30, "traces", &k->listed, err);
}

ex_code trace_known_new(struct act *act, struct trace_known **ret, struct ex_error *err) {
    EX_AUTO(trace_known_free) struct trace_known *k = ex_new0(struct trace_known);
    k->not_known = act_has_flag(act, FLAG_NOT_KNOWN);
    k->notable = act_has_flag(act, FLAG_NOTABLE);
    *ret = NULL;
    if (!k->not_known && !k->notable)
        return EX_OK;
    EX_TRY(begin(act, k, err));
    *ret = ex_steal(&k);
    return EX_OK;
}

/* ---- one window ---- */

static bool lists(const struct trace_known *k, const bool *listed, enum hashset_meaning meaning) {
    for (size_t n = 0; n < k->held.count; n++)
        if (listed[n] && k->held.list[n].meaning == meaning)
            return true;
    return false;
}

/* Notable wins: what is to be looked at is never left out. */
static bool is_shown(struct trace_known *k, const struct catalog_trace *t, const bool *listed) {
    bool notable = lists(k, listed, HASHSET_NOTABLE);
    k->not_asked += t->has_size && !t->has_sha256;
    if (k->notable)
        return notable;
    if (notable || !k->may_leave_out || !lists(k, listed, HASHSET_KNOWN))
        return true;
    k->left_out++;
    for (size_t n = 0; n < k->held.count; n++)
        k->left_out_by[n] += listed[n];
    return false;
}

static ex_code decide(struct trace_known *k, struct ex_error *err) {
    EX_AUTO_FREE bool *nothing = NULL;
    size_t asked = 0;
    EX_TRY(ex_alloc(k->held.count, sizeof *nothing, (size_t)1 << 20, "hash sets", &nothing, err));
    for (size_t i = 0; i < k->rows; i++) {
        const struct catalog_trace *t = &k->row[i].t;
        const bool *listed = t->has_sha256 ? k->listed + asked++ * k->held.count : nothing;
        if (!is_shown(k, t, listed))
            continue;
        k->matched++;
        EX_TRY(k->each(k->context, t, &k->held, listed, err));
    }
    return EX_OK;
}

static ex_code flush(struct trace_known *k, struct ex_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < k->rows; i++)
        if (k->row[i].t.has_sha256)
            memcpy(k->hash[count++], k->row[i].t.sha256, HASHSET_HASH_BYTES);
    EX_TRY(hashsets_look(&k->held, (const uint8_t(*)[HASHSET_HASH_BYTES])k->hash, count, k->listed,
                         &k->lost, err));
    if (!k->lost)
        EX_TRY(decide(k, err));
    clear_window(k);
    return EX_OK;
}

static char *copy_of(const char *text) {
    return text != NULL ? ex_strdup(text) : NULL;
}

static ex_code add(void *context, const struct catalog_trace *t, struct ex_error *err) {
    struct trace_known *k = context;
    if (k->lost)
        return EX_OK;
    struct window_row *r = &k->row[k->rows++];
    *r = (struct window_row){.t = *t,
                             .kind = copy_of(t->kind),
                             .state = copy_of(t->state),
                             .name = copy_of(t->name),
                             .type = copy_of(t->type)};
    r->t.kind = r->kind;
    r->t.state = r->state;
    r->t.name = r->name;
    r->t.type = r->type;
    return k->rows == WINDOW ? flush(k, err) : EX_OK;
}

/* ---- all of them ---- */

/* What a set that is gone would have called notable is among what known sets list, for all that
 * anybody knows. */
static bool may_leave_out(const struct trace_known *k) {
    for (size_t n = 0; n < k->held.count; n++)
        if (k->held.list[n].meaning == HASHSET_NOTABLE && k->held.list[n].set == NULL)
            return false;
    return k->held.entries_lost == 0;
}

ex_code trace_known_list(struct trace_known *k, struct act *act,
                         const struct catalog_trace_filter *filter, trace_known_fn *each,
                         void (*again)(void *context), void *context, uint64_t *ret_matched,
                         struct ex_error *err) {
    k->each = each;
    k->context = context;
    do {
        again(context);
        k->lost = false;
        k->may_leave_out = may_leave_out(k);
        k->left_out = k->not_asked = k->matched = 0;
        memset(k->left_out_by, 0, k->held.count * sizeof *k->left_out_by);
        EX_TRY(catalog_each_trace(act->catalog, filter, INT64_MAX, add, k, err));
        if (!k->lost)
            EX_TRY(flush(k, err));
    } while (k->lost);
    *ret_matched = k->matched;
    return EX_OK;
}

json_t *trace_known_ids(const struct trace_known *k) {
    json_t *ids = json_array();
    for (size_t n = 0; n < k->held.count; n++)
        if (k->held.list[n].set != NULL)
            json_array_append_new(ids, json_hex(k->held.list[n].id, VAULT_SET_ID_BYTES));
    return ids;
}

bool trace_known_sound(const struct trace_known *k) {
    return hashsets_sound(&k->held);
}

json_t *trace_known_json(const struct trace_known *k) {
    json_t *sets = hashsets_json(&k->held);
    for (size_t n = 0; n < k->held.count; n++) {
        json_t *one = json_array_get(sets, n);
        json_object_del(one, "sources");
        json_object_set_new(one, "left_out", json_number(k->left_out_by[n]));
    }
    return json_pack("{s:o, s:b, s:o, s:o, s:o}", "sets", sets, "may_leave_out", k->may_leave_out,
                     "left_out", json_number(k->left_out), "not_asked", json_number(k->not_asked),
                     "entries_lost", json_number(k->held.entries_lost));
}

/* ---- one trace ---- */

ex_code trace_known_one(struct act *act, const struct catalog_trace *t, json_t **ret,
                        struct ex_error *err) {
    struct held_sets h = {0};
    EX_AUTO_FREE bool *listed = NULL;
    const void *hash = t->sha256;
    ex_code code = hashsets_load(act, &h, err);
    *ret = NULL;
    if (code == EX_OK && h.count + h.entries_lost > 0 && t->has_sha256) {
        code = hashsets_open(act, &h, err);
        if (code == EX_OK)
            code = ex_alloc(h.count, sizeof *listed, (size_t)1 << 20, "hash sets", &listed, err);
        if (code == EX_OK)
            code = hashsets_look(&h, hash, 1, listed, NULL, err);
        if (code == EX_OK) {
            json_t *sets = hashsets_json(&h);
            for (size_t n = 0; n < h.count; n++)
                json_object_del(json_array_get(sets, n), "sources");
            *ret = json_pack("{s:o, s:o, s:o}", "sets", sets, "listed_by",
                             hashsets_listed_json(&h, listed), "entries_lost",
                             json_number(h.entries_lost));
            if (!hashsets_sound(&h))
                act->verdict = EX_ALTERED;
        }
    }
    hashsets_clear(&h);
    return code;
}
