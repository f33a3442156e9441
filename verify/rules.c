/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.md §3.1, §5: who may sign what, intents and outcomes, disposal, clocks. An entry has an effect
 * (enrols, opens a session, approves) only when its signature and its rules are good. */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
struct by { const uint8_t *key; struct officer *officer; const struct past *session; }; /* who signed */

struct history *history_new(struct run *r) {
    struct history *h = calloc(1, sizeof *h);
    if (h == NULL) stop(r, 1, "out of memory");
    h->latest = INT64_MIN;
    return h;
}

void history_free(struct history *h) {
    free(h->past);
    free(h->officers);
    free(h->offers);
    free(h);
}

struct officer *officer_find(const struct history *h, const uint8_t id[16]) {
    for (size_t i = 0; i < h->n_officers; i++)
        if (same(h->officers[i].id, id, 16)) return &h->officers[i];
    return NULL;
}
bool in_office(const struct officer *o) { return o != NULL && o->retired == NONE; }
bool may(const struct officer *o, const char *line) {
    return o != NULL && (strstr(o->permissions, line) != NULL || strstr(o->permissions, "permission all\n") != NULL);
}

static int by_entry(const void *key, const void *past) {
    uint64_t a = *(const uint64_t *)key, b = ((const struct past *)past)->index;
    return (a > b) - (a < b);
}
struct past *past_find(const struct history *h, uint64_t entry) {
    return h->n == 0 ? NULL : bsearch(&entry, h->past, h->n, sizeof *h->past, by_entry);
}

/* ---- §3.1: the key that must have signed ---- */

static struct by signer_find(const struct run *r, const struct history *h, const struct entry *e) {
    struct by by = {NULL, NULL, NULL};
    if (e->signer == BY_VAULT) by.key = r->key;
    const struct past *s = e->signer == BY_SESSION ? past_find(h, e->session) : NULL;
    if (s != NULL && s->good && strcmp(s->event, "session.open") == 0) by = (struct by){s->session_key, &h->officers[s->officer], s};
    else if (e->signer == BY_OFFICER && (by.officer = officer_find(h, e->signer_id)) != NULL) by.key = by.officer->key;
    else if (e->signer == BY_OFFICER && e->index == 1 && same(e->signer_id, e->officer, 16)) by.key = e->officer_key;
    return by;
}

/* What an officer signs with their own key about custody (§5.2). */
static bool of_custody(const struct entry *e) {
    return strncmp(e->event, "handover.", 9) == 0 && !event_ends(e->event, ".intent") && !event_ends(e->event, ".outcome");
}
static bool of_disposal(const struct entry *e) { return event_is(e, "dispose.propose") || event_is(e, "dispose.approve"); }

static const char *signer_rules(const struct entry *e, const struct by *by) {
    bool vault = e->index == 0 || event_is(e, "officer.recover");
    bool own = e->index == 1 || event_is(e, "session.open") || of_disposal(e) || of_custody(e);
    if (e->signer != (vault ? BY_VAULT : own ? BY_OFFICER : BY_SESSION)) return "another kind of key signs such an event";
    if ((e->index == 0) != event_is(e, "vault.create")) return "entry 0, and it alone, makes the vault";
    if (e->index == 1 && !event_is(e, "officer.enrol")) return "entry 1 enrols the first officer";
    if (by->officer != NULL && !in_office(by->officer)) return "it was signed by an officer who was retired";
    if (by->session != NULL && e->time > by->session->expires) return "it was signed by a session that had expired";
    return NULL;
}

/* ---- officers ---- */

static const char *officer_add(struct run *r, struct history *h, const struct entry *e) {
    if (officer_find(h, e->officer) != NULL) return "an officer of this id was enrolled before";
    h->officers = room(r, h->officers, h->n_officers, sizeof *h->officers, MAX_MANY, "officers");
    struct officer *o = memset(&h->officers[h->n_officers++], 0, sizeof *o);
    memcpy(o->permissions, e->permissions.p, e->permissions.n);
    memcpy(o->id, e->officer, 16);
    memcpy(o->key, e->officer_key, 32);
    o->enrolled = e->index;
    o->retired = NONE;
    return NULL;
}

static const char *officer_recover(struct run *r, struct history *h, const struct entry *e) {
    struct officer *old = officer_find(h, e->replaces);
    if (!in_office(old)) return "it replaces nobody who is in office";
    if (!equal(e->permissions, old->permissions)) return "it gives other permissions than the replaced officer had";
    if (officer_find(h, e->officer) == NULL) old->retired = e->index, old->successor = h->n_officers;
    r->counts[N_recoveries]++;
    find(r, SIGNERS, NOTE, e->index, "an officer was replaced by who had the recovery code or the opened keyring");
    return officer_add(r, h, e);
}

static const char *officer_event(struct run *r, struct history *h, const struct entry *e, struct officer *by) {
    if (event_is(e, "officer.recover")) return officer_recover(r, h, e);
    if (e->index > 1 && !may(by, "permission manage\n")) return "the officer has not the permission manage";
    if (event_is(e, "officer.enrol")) return officer_add(r, h, e);
    struct officer *o = officer_find(h, e->officer);
    if (!in_office(o) || o == by) return "it retires the signer, or nobody who is in office";
    o->retired = e->index;
    return NULL;
}

/* ---- §5: intents and outcomes ---- */

static bool one_thing(const struct past *p, const struct entry *e) {
    return !(p->has & e->has & CASE && !same(p->case_id, e->case_id, 16)) && !(p->has & e->has & ITEM && !same(p->item, e->item, 16));
}

static const char *outcome_check(struct run *r, struct history *h, const struct entry *e) {
    bool outcome = event_ends(e->event, ".outcome");
    struct past *p = past_find(h, e->intent);
    if (event_is(e, "dispose.approve") || of_custody(e) || (!outcome && e->intent == NONE)) return NULL;
    if (!outcome) return "it names an intent, and is no outcome";
    if (e->intent == NONE) return "an outcome names no intent";
    if (p == NULL) find(r, HISTORY, PARTLY, e->index, "%s: its intent is not there, or could not be read", e->event);
    if (p == NULL) return NULL;
    if (!event_ends(p->event, ".intent") || strncmp(p->event, e->event, strcspn(e->event, ".") + 1) != 0)
        return "what it answers is no intent of such an act";
    if (p->answered) return "its intent was answered before";
    if (!one_thing(p, e)) return "its intent is about another case or item";
    p->answered = true;
    return NULL;
}

/* ---- §5.1: disposal ---- */

static const char *disposal_check(struct history *h, const struct entry *e, const struct officer *by) {
    bool inside = false;
    for (size_t i = h->n; e->has & ITEM && !inside && i-- > 0;)
        inside = strcmp(h->past[i].event, "dispose.intent") == 0 && !h->past[i].answered && same(h->past[i].item, e->item, 16);
    if (!may(by, "permission dispose\n")) return "the officer has not the permission dispose";
    if (!inside) return "it stands in no dispose.intent of its item";
    if (event_is(e, "dispose.propose")) return NULL;
    struct past *p = past_find(h, e->intent);
    if (p == NULL || !p->good || strcmp(p->event, "dispose.propose") != 0) return "it names no good proposal";
    if (&h->officers[p->officer] == by) return "the officer who proposed approves";
    if (by->enrolled >= e->intent) return "the officer was enrolled after the proposal";
    if (!same(p->item, e->item, 16) || !one_thing(p, e)) return "the proposal is about another item";
    if (p->answered) return "the proposal was approved before";
    if (e->time - p->time > 30 * 86400 * SECOND) return "the proposal was older than 30 days";
    p->answered = true;
    return NULL;
}

/* An approval marks the item; a tombstone needs that. */
static const char *disposal_mark(struct run *r, const struct entry *e) {
    bool approval = event_is(e, "dispose.approve"), done = result_is(e, "done"), found = false;
    if (!approval && !event_is(e, "dispose.outcome")) return NULL;
    for (size_t i = 0; e->has & ITEM && i < r->n_items; i++) {
        struct item *it = &r->items[i];
        if (!same(it->id, e->item, 16)) continue;
        if (approval) it->disposed = true, it->proposal = e->intent, it->approval = e->index;
        else if (it->disposed && it->physical)
            it->gone = it->gone || (done && e->intent > it->proposal && e->intent < it->approval);
        else if (it->disposed && e->has & OBJECT && same(it->object, e->object, 32)) found = true, it->gone = done;
    }
    return approval || found || !(e->has & OBJECT) ? NULL : "a tombstone without a good approval before it";
}

/* ---- clocks: told, and no fault ---- */

static void clock_check(struct run *r, struct history *h, const struct entry *e) {
    const struct entry *b = &h->before;
    bool back = e->time < h->latest, ahead = false;
    if (b->index + 1 == e->index && same(b->boot, e->boot, 8) && !all_zero(e->boot, 8)) {
        uint64_t ran = e->monotonic - b->monotonic;
        bool less = e->monotonic < b->monotonic, sane = ran < (uint64_t)INT64_MAX / 2;
        back = back || less || (sane && e->time - b->time < (int64_t)ran - SECOND);
        ahead = !less && sane && e->time - b->time > (int64_t)ran + 2 * SECOND;
    }
    if (back || ahead) find(r, SIGNERS, NOTE, e->index, back ? "the clock went back" : "the clock jumped ahead");
    h->latest = e->time > h->latest ? e->time : h->latest;
    h->before = *e;
}

/* ---- an entry ---- */

/* What a well signed entry does; what it breaks instead. */
static const char *effect(struct run *r, struct history *h, const struct entry *e, const struct by *by, size_t officer) {
    const char *why = signer_rules(e, by);
    if (why != NULL) return why;
    if (e->index == 0 && !same(e->vault_key, r->key, 32)) return "it names another vault key";
    if (e->index == 0 && !r->excerpt && !same(e->config, r->config, 32)) return "vault.json is not what it was when the vault was made";
    if (event_is(e, "session.open") && !same(e->officer, e->signer_id, 16)) return "it names another officer than signed it";
    if (strncmp(e->event, "officer.", 8) == 0 && e->has & OFFICER) return officer_event(r, h, e, by->officer);
    if (of_disposal(e)) why = disposal_check(h, e, by->officer);
    if (of_custody(e)) why = custody_check(r, h, e, officer);
    return why == NULL ? disposal_mark(r, e) : why;
}

static bool entry_take(struct run *r, struct history *h, const struct entry *e) {
    struct by by = signer_find(r, h, e);
    bool lost = by.key == NULL && h->n_unknown > 0; /* what would name the key may be among those */
    if (by.key == NULL || crypto_sign_verify_detached(e->signature, e->signed_bytes.p, e->signed_bytes.n, by.key) != 0) {
        find(r, SIGNERS, lost ? PARTLY : BAD_SIGNATURE, e->index, "%s: %s", e->event,
             lost ? "the entry that names its key could not be read, so its signature was not checked"
                  : "it is signed by nobody whom the ledger knows, or its signature is bad");
        if (lost) custody_begin(r, h, e, OUTSIDE);
        r->counts[N_signatures_bad] += !lost;
        h->n_unknown++;
        return lost;
    }
    r->counts[N_signatures_good]++;
    clock_check(r, h, e);
    size_t officer = by.officer == NULL ? 0 : (size_t)(by.officer - h->officers);
    const char *why = effect(r, h, e, &by, officer), *begins = custody_begin(r, h, e, officer), *answers = outcome_check(r, h, e);
    if (answers != NULL) find(r, HISTORY, ALTERED, e->index, "%s: %s", e->event, answers);
    if (begins != NULL) find(r, SIGNERS, BAD_SIGNATURE, e->index, "%s: %s", e->event, begins);
    if (why != NULL) find(r, SIGNERS, BAD_SIGNATURE, e->index, "%s: %s", e->event, why);
    h->past = room(r, h->past, h->n, sizeof *h->past, MAX_ENTRIES + 1, "entries");
    struct past *p = &h->past[h->n++];
    *p = (struct past){.index = e->index, .has = e->has, .good = why == NULL, .officer = officer, .time = e->time, .expires = e->expires};
    memcpy(p->event, e->event, sizeof p->event);
    memcpy(p->case_id, e->case_id, 16);
    memcpy(p->item, e->item, 16);
    memcpy(p->session_key, e->session_key, 32);
    memcpy(p->tree, e->tree, 32);
    r->counts[N_sessions] += p->good && event_is(e, "session.open");
    return true;
}

bool history_entry(struct run *r, struct history *h, struct slice bytes, uint64_t index, struct entry *e) {
    if (entry_parse(r, bytes, e) && e->index == index) return entry_take(r, h, e);
    find(r, HISTORY, ALTERED, index, "the entry is not as ledger.md says, or not the one of this place");
    h->n_unknown++;
    return false;
}

void history_end(struct run *r, struct history *h) {
    for (size_t i = 0; i < h->n; i++)
        if (event_ends(h->past[i].event, ".intent") && !h->past[i].answered) {
            r->counts[N_open_intents]++;
            find(r, HISTORY, NOTE, h->past[i].index, "%s has no outcome: cut off, or still going on", h->past[i].event);
        }
    r->counts[N_officers] = h->n_officers;
}
