/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §3.1 and §5. What an entry does (enrol, open a session, open or close an intent)
 * takes effect only when its signature is good and it stands in this log at this index. */
#include "ledger/history.h"

#include "ledger/history_internal.h"
#include "ledger/words_internal.h"
#include <stdarg.h>
#include <stdio.h>

/* How far the clock may lag behind the monotonic one, or run ahead of it, from one entry of a boot
 * to the next, before it was turned. */
static const int64_t CLOCK_LAG_NS = 1000000000, CLOCK_LEAD_NS = 2000000000;

ex_code history_new(const char *origin, const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                    struct history **ret, struct ex_error *err) {
    size_t size = strnlen(origin, NOTE_NAME_MAX + 1);
    if (!origin_valid(origin, size))
        return ex_fail(err, EX_FORMAT, "\"%.100s\" is not the origin of a ledger", origin);
    struct history *h = ex_new0(struct history);
    memcpy(h->origin, origin, size);
    memcpy(h->vault_key, vault_key, sizeof h->vault_key);
    *ret = h;
    return EX_OK;
}

void history_free(struct history *h) {
    if (h == NULL)
        return;
    HISTORY_FREE_ALL(session, h->sessions);
    HISTORY_FREE_ALL(intent, h->intents);
    HISTORY_FREE_ALL(boot, h->boots);
    HISTORY_FREE_ALL(proposal, h->proposals);
    HISTORY_FREE_ALL(officer, h->officers);
    custody_free(&h->custody);
    free(h);
}

/* Findings */

/* "entry N: …" into the next place of a list that may be full. */
EX_PRINTF(4, 0)
static void put_text(char text[static HISTORY_TEXTS_MAX][160], uint64_t *count, uint64_t index,
                     const char *format, va_list args) {
    if (*count < HISTORY_TEXTS_MAX) {
        int used =
            snprintf(text[*count], sizeof text[0], "entry %llu: ", (unsigned long long)index);
        (void)vsnprintf(text[*count] + used, sizeof text[0] - (size_t)used, format, args);
    }
    (*count)++;
}

void history_finding(struct feed *f, uint64_t *counter, const char *format, ...) {
    struct history_report *r = &f->h->report;
    va_list args;
    f->good = false;
    (*counter)++;
    va_start(args, format);
    put_text(r->text, &r->text_count, f->index, format, args);
    va_end(args);
}

/* A fact about an entry that is good all the same. */
EX_PRINTF(3, 4)
static void note(struct feed *f, uint64_t *counter, const char *format, ...) {
    struct history_report *r = &f->h->report;
    va_list args;
    (*counter)++;
    va_start(args, format);
    put_text(r->note, &r->note_count, f->index, format, args);
    va_end(args);
}

/* Looking up */

struct officer *history_find_officer(const struct history *h, const uint8_t *id) {
    struct officer *o;
    HASH_FIND(hh, h->officers, id, ENTRY_ID_BYTES, o);
    return o;
}

struct session *history_find_session(const struct history *h, uint64_t index) {
    struct session *s;
    HASH_FIND(hh, h->sessions, &index, sizeof index, s);
    return s;
}

const struct history_officer *history_officer(const struct history *h,
                                              const uint8_t id[static ENTRY_ID_BYTES]) {
    const struct officer *o = history_find_officer(h, id);
    return o == NULL ? NULL : &o->public;
}

const struct history_officer *history_officer_at(const struct history *h, size_t position) {
    const struct officer *o = h->officers;
    for (; o != NULL && position > 0; position--)
        o = o->hh.next;
    return o == NULL ? NULL : &o->public;
}

bool history_officer_may(const struct history_officer *o, const char *permission) {
    for (size_t i = 0; i < o->permission_count; i++) {
        if (strcmp(o->permission[i], "all") == 0 || strcmp(o->permission[i], permission) == 0)
            return true;
    }
    return false;
}

/* Who may sign (§3.1). Each gives the key that must have signed, or NULL and a reason. */

static const uint8_t *vault_signer(const struct feed *f, const char **ret_why) {
    const struct entry *e = f->e;
    if (f->index > 1 && strcmp(e->event, "officer.recover") == 0)
        return f->h->vault_key;
    if (f->index != 0 || strcmp(e->event, "vault.create") != 0)
        *ret_why = "signed by the vault, which signs only vault.create and officer.recover";
    else if ((e->has & ENTRY_HAS_VAULT_KEY) == 0 ||
             memcmp(e->vault_key, f->h->vault_key, SIGN_PUBLIC_BYTES) != 0)
        *ret_why = "the vault key that it names is not the vault's";
    else
        return f->h->vault_key;
    return NULL;
}

/* Was this officer retired before the entry at `index`? */
static bool retired_before(const struct officer *o, uint64_t index) {
    return o->public.retired_at != 0 && o->public.retired_at < index;
}

/* The permission of what officers sign with their own keys, and with nothing else; NULL: it is none
 * of that. */
static const char *own_key_permission(const struct entry *e) {
    return disposal_is_decision(e->event)  ? "dispose"
           : custody_is_handover(e->event) ? "handover"
                                           : NULL;
}

static const uint8_t *officer_signer(const struct feed *f, const char **ret_why) {
    const struct entry *e = f->e;
    bool names_itself = (e->has & ENTRY_HAS_OFFICER) != 0 &&
                        memcmp(e->officer_id, e->signer_officer, ENTRY_ID_BYTES) == 0;
    if (strcmp(e->event, "officer.enrol") == 0 && f->index == 1) {
        if (names_itself && (e->has & ENTRY_HAS_OFFICER_KEY) != 0)
            return e->officer_key;
        *ret_why = "the first officer does not enrol themselves";
        return NULL;
    }
    const struct officer *o = history_find_officer(f->h, e->signer_officer);
    const char *permission = own_key_permission(e);
    if (strcmp(e->event, "session.open") != 0 && permission == NULL)
        *ret_why = "signed by an officer's own key, which signs only sessions, disposals and "
                   "hand-overs";
    else if (o == NULL)
        *ret_why = "signed by an officer who is not enrolled";
    else if (retired_before(o, f->index))
        *ret_why = "signed by an officer who had been retired";
    else if (permission != NULL && !history_officer_may(&o->public, permission))
        *ret_why = disposal_is_decision(e->event)
                       ? "proposes or approves a disposal without the permission \"dispose\""
                       : "hands over without the permission \"handover\"";
    else if (permission == NULL && !names_itself)
        *ret_why = "the session is opened for somebody else than its signer";
    else
        return o->public.key;
    return NULL;
}

static const uint8_t *session_signer(const struct feed *f, const char **ret_why) {
    const struct entry *e = f->e;
    const struct session *s = history_find_session(f->h, e->signer_session);
    if (f->index == 0 || strcmp(e->event, "vault.create") == 0)
        *ret_why = "vault.create is entry 0 and is signed by the vault, and nothing else is";
    else if (f->index == 1 || strcmp(e->event, "session.open") == 0 ||
             own_key_permission(e) != NULL)
        *ret_why = "signed by a session where an officer's own key has to sign";
    else if (s == NULL)
        *ret_why = "signed by a session that was never opened";
    else if (e->clock.utc_ns > s->expires_ns)
        *ret_why = "signed by a session that had expired";
    else if (retired_before(s->officer, f->index))
        *ret_why = "signed by a session of an officer who had been retired";
    else if (strcmp(e->event, "officer.recover") == 0)
        *ret_why = "officer.recover is signed by the vault, and nothing else";
    else if ((strcmp(e->event, "officer.enrol") == 0 || strcmp(e->event, "officer.retire") == 0) &&
             !history_officer_may(&s->officer->public, "manage"))
        *ret_why = "enrols or retires an officer without the permission \"manage\"";
    else
        return s->key;
    return NULL;
}

static bool check_signature(struct feed *f, const uint8_t *data, size_t size_bytes) {
    struct history_report *r = &f->h->report;
    const uint8_t *key = NULL;
    const char *why = "the signature is wrong";
    switch (f->e->signer) {
    case ENTRY_SIGNER_VAULT:
        key = vault_signer(f, &why);
        break;
    case ENTRY_SIGNER_OFFICER:
        key = officer_signer(f, &why);
        break;
    case ENTRY_SIGNER_SESSION:
        key = session_signer(f, &why);
        break;
    }
    if (key == NULL || !entry_signed_by(data, size_bytes, f->e, key)) {
        history_finding(f, &r->signatures_bad, "%s", why);
        return false;
    }
    r->signatures_good++;
    return true;
}

/* Place and time */

/* True when the entry is of this log and index: a wrong tree is a finding too, but may be the fault
 * of an earlier, damaged entry. */
static bool check_place(struct feed *f, const uint8_t tree_before[static MERKLE_BYTES]) {
    uint64_t *misplaced = &f->h->report.misplaced;
    const struct entry *e = f->e;
    if (strcmp(e->origin, f->h->origin) != 0)
        history_finding(f, misplaced, "made for another log, \"%.80s\"", e->origin);
    else if (e->index != f->index)
        history_finding(f, misplaced, "made for index %llu", (unsigned long long)e->index);
    else if (memcmp(e->tree, tree_before, MERKLE_BYTES) != 0)
        history_finding(f, misplaced, "made for another tree than the entries before it");
    else
        return true;
    return strcmp(e->origin, f->h->origin) == 0 && e->index == f->index;
}

enum turn { TURN_NONE, TURN_BACK, TURN_AHEAD, TURN_MONOTONIC };

/* Within one boot the monotonic reading only grows, and the clock keeps up with it and no more.
 * *ret_by_ns: how far it was turned, where that can be said. */
static enum turn turned(const struct boot *b, const struct ex_clock *now, uint64_t *ret_by_ns) {
    if (now->monotonic_ns < b->monotonic_ns)
        return TURN_MONOTONIC;
    __int128 by =
        (__int128)now->utc_ns - b->utc_ns - (__int128)(now->monotonic_ns - b->monotonic_ns);
    __int128 size = by < 0 ? -by : by;
    *ret_by_ns = size > UINT64_MAX ? UINT64_MAX : (uint64_t)size;
    return by < -CLOCK_LAG_NS ? TURN_BACK : by > CLOCK_LEAD_NS ? TURN_AHEAD : TURN_NONE;
}

static ex_code follow_boot(struct history *h, const struct ex_clock *now, enum turn *ret_turn,
                           uint64_t *ret_by_ns, struct ex_error *err) {
    struct boot *b;
    bool oom = false;
    *ret_turn = TURN_NONE;
    if (strcmp(now->boot, "0000000000000000") == 0) /* unknown: no two need be the same */
        return EX_OK;
    HASH_FIND(hh, h->boots, now->boot, 16, b);
    if (b == NULL) {
        b = calloc(1, sizeof *b);
        if (b == NULL)
            return ex_fail(err, EX_NOMEM, "no memory for the clocks of the ledger");
        memcpy(b->id, now->boot, sizeof b->id);
        HASH_ADD_KEYPTR(hh, h->boots, b->id, 16, b);
        if (oom) {
            free(b);
            return ex_fail(err, EX_NOMEM, "no memory for the clocks of the ledger");
        }
    } else {
        *ret_turn = turned(b, now, ret_by_ns);
    }
    b->monotonic_ns = now->monotonic_ns;
    b->utc_ns = now->utc_ns;
    return EX_OK;
}

static void note_span(struct history_report *r, const struct ex_clock *now, bool first) {
    if (first || now->utc_ns < r->first_ns)
        r->first_ns = now->utc_ns;
    if (first || now->utc_ns > r->last_ns)
        r->last_ns = now->utc_ns;
    if (!now->synchronised)
        r->clock_free++;
}

#define SECONDS(ns) (unsigned long long)((ns) / 1000000000), (unsigned)((ns) / 1000000 % 1000)

static ex_code note_clock(struct feed *f, struct ex_error *err) {
    struct history *h = f->h;
    struct history_report *r = &h->report;
    const struct ex_clock *now = &f->e->clock;
    enum turn turn;
    uint64_t by_ns = 0;
    EX_TRY(follow_boot(h, now, &turn, &by_ns, err));
    bool earlier = h->has_latest && now->utc_ns < h->latest_ns;
    uint64_t earlier_ns = earlier ? (uint64_t)h->latest_ns - (uint64_t)now->utc_ns : 0;
    if (turn == TURN_BACK)
        note(f, &r->clock_back,
             "the clock was set back by %llu.%03u s since the machine's entry before",
             SECONDS(by_ns));
    else if (turn == TURN_MONOTONIC)
        note(f, &r->clock_back,
             "the time since the machine's start is less than at an earlier entry");
    else if (earlier)
        note(f, &r->clock_back, "its time is %llu.%03u s before that of an earlier entry",
             SECONDS(earlier_ns));
    if (turn == TURN_AHEAD)
        note(f, &r->clock_jumped,
             "the clock was set ahead by %llu.%03u s since the machine's entry before",
             SECONDS(by_ns));
    if (!h->has_latest || now->utc_ns > h->latest_ns)
        h->latest_ns = now->utc_ns;
    h->has_latest = true;
    return EX_OK;
}

/* What entries do (§3, §5) */

/* The lines that an event must have, and that no other event has. */
static bool check_lines(struct feed *f) {
    static const struct {
        const char *event;
        unsigned own, shared;
        bool permissions;
    } rules[] = {
        {"vault.create", ENTRY_HAS_CONFIG | ENTRY_HAS_VAULT_KEY, 0, false},
        {"officer.enrol", ENTRY_HAS_OFFICER_KEY | ENTRY_HAS_OFFICER_BOX, ENTRY_HAS_OFFICER, true},
        {"officer.recover", ENTRY_HAS_OFFICER_KEY | ENTRY_HAS_OFFICER_BOX | ENTRY_HAS_REPLACES,
         ENTRY_HAS_OFFICER, true},
        {"officer.retire", 0, ENTRY_HAS_OFFICER, false},
        {"session.open", ENTRY_HAS_SESSION_KEY | ENTRY_HAS_EXPIRES, ENTRY_HAS_OFFICER, false},
    };
    unsigned must = 0, all_own = 0, has = f->e->has;
    bool permissions = false;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        all_own |= rules[i].own;
        if (strcmp(f->e->event, rules[i].event) != 0)
            continue;
        must = rules[i].own | rules[i].shared;
        permissions = rules[i].permissions;
    }
    if ((has & must) != must || (permissions && f->e->permission_count == 0))
        history_finding(f, &f->h->report.rules_broken, "lacks a line that %s must have",
                        f->e->event);
    else if ((has & all_own & ~must) != 0 || (!permissions && f->e->permission_count > 0))
        history_finding(f, &f->h->report.rules_broken, "has a line that %s does not have",
                        f->e->event);
    else
        return true;
    return false;
}

static ex_code enrol(struct feed *f, struct ex_error *err) {
    const struct entry *e = f->e;
    bool oom = false;
    if (history_find_officer(f->h, e->officer_id) != NULL) {
        history_finding(f, &f->h->report.rules_broken, "enrols an officer who is enrolled already");
        return EX_OK;
    }
    struct officer *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the officers of the ledger");
    memcpy(o->public.id, e->officer_id, sizeof o->public.id);
    memcpy(o->public.key, e->officer_key, sizeof o->public.key);
    memcpy(o->public.box, e->officer_box, sizeof o->public.box);
    memcpy(o->public.permission, e->permission, sizeof o->public.permission);
    o->public.permission_count = e->permission_count;
    o->public.enrolled_at = f->index;
    HASH_ADD(hh, f->h->officers, public.id, ENTRY_ID_BYTES, o);
    if (oom) {
        free(o);
        return ex_fail(err, EX_NOMEM, "no memory for the officers of the ledger");
    }
    f->h->report.officers++;
    return EX_OK;
}

/* Who retires stays in office, so somebody with the permission "manage" always does. */
static ex_code retire(struct feed *f, struct ex_error *err) {
    uint64_t *broken = &f->h->report.rules_broken;
    struct officer *o = history_find_officer(f->h, f->e->officer_id);
    const struct session *s = history_find_session(f->h, f->e->signer_session);
    if (o == NULL)
        history_finding(f, broken, "retires an officer who is not enrolled");
    else if (o->public.retired_at != 0)
        history_finding(f, broken, "retires an officer who was retired already, by entry %llu",
                        (unsigned long long)o->public.retired_at);
    else if (s != NULL && s->officer == o)
        history_finding(f, broken, "an officer who retires themselves");
    else {
        o->public.retired_at = f->index;
        return custody_leave(f, o, NULL, err);
    }
    return EX_OK;
}

static bool same_permissions(const struct entry *e, const struct history_officer *o) {
    bool same = e->permission_count == o->permission_count;
    for (size_t i = 0; same && i < e->permission_count; i++)
        same = strcmp(e->permission[i], o->permission[i]) == 0;
    return same;
}

/* The passphrase of an officer is lost: the vault key enrols a new officer in that place. */
static ex_code recover(struct feed *f, struct ex_error *err) {
    uint64_t *broken = &f->h->report.rules_broken, officers = f->h->report.officers;
    struct officer *old = history_find_officer(f->h, f->e->replaces_id);
    if (old == NULL || old->public.retired_at != 0) {
        history_finding(f, broken,
                        "replaces an officer who is not enrolled, or was retired already");
        return EX_OK;
    }
    if (!same_permissions(f->e, &old->public)) {
        history_finding(f, broken, "gives other permissions than the officer had who is replaced");
        return EX_OK;
    }
    EX_TRY(enrol(f, err));
    if (f->h->report.officers == officers)
        return EX_OK; /* enrolled already: enrol() has said so */
    old->public.retired_at = f->index;
    old->replaced_by = history_find_officer(f->h, f->e->officer_id);
    EX_TRY(custody_leave(f, old, old->replaced_by, err));
    /* By the code, as the program does it, or by anybody else who held a slot: no entry can tell.
     */
    note(
        f, &f->h->report.recoveries,
        "the vault's own key enrolled an officer in the place of an earlier one; by recovery code, "
        "if it was this program that did it");
    return EX_OK;
}

static ex_code open_session(struct feed *f, struct ex_error *err) {
    bool oom = false;
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the sessions of the ledger");
    s->index = f->index;
    s->officer = history_find_officer(f->h, f->e->signer_officer);
    s->expires_ns = f->e->expires_ns;
    memcpy(s->key, f->e->session_key, sizeof s->key);
    HASH_ADD(hh, f->h->sessions, index, sizeof s->index, s);
    if (oom) {
        free(s);
        return ex_fail(err, EX_NOMEM, "no memory for the sessions of the ledger");
    }
    f->h->report.sessions++;
    return EX_OK;
}

/* "X" of "X.suffix"; false when the event has another suffix. */
static bool event_stem(const char *event, const char *suffix, char to[static ENTRY_EVENT_MAX + 1]) {
    const char *dot = strchr(event, '.');
    if (dot == NULL || strcmp(dot + 1, suffix) != 0)
        return false;
    memcpy(to, event, (size_t)(dot - event));
    to[dot - event] = '\0';
    return true;
}

static ex_code open_intent(struct feed *f, const char *stem, struct ex_error *err) {
    bool oom = false;
    struct intent *i = calloc(1, sizeof *i);
    if (i == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the intents of the ledger");
    i->index = f->index;
    i->has = f->e->has;
    memcpy(i->stem, stem, strlen(stem));
    memcpy(i->case_id, f->e->case_id, sizeof i->case_id);
    memcpy(i->item_id, f->e->item_id, sizeof i->item_id);
    HASH_ADD(hh, f->h->intents, index, sizeof i->index, i);
    if (oom) {
        free(i);
        return ex_fail(err, EX_NOMEM, "no memory for the intents of the ledger");
    }
    return EX_OK;
}

static bool both_differ(const struct intent *i, const struct entry *e, unsigned which,
                        const uint8_t *a, const uint8_t *b) {
    return (i->has & e->has & which) != 0 && memcmp(a, b, ENTRY_ID_BYTES) != 0;
}

/* False, with a finding: it is the outcome of no intent. */
static bool close_intent(struct feed *f, const char *stem) {
    uint64_t *broken = &f->h->report.rules_broken;
    const struct entry *e = f->e;
    struct intent *i = NULL;
    if ((e->has & ENTRY_HAS_INTENT) != 0)
        HASH_FIND(hh, f->h->intents, &e->intent, sizeof e->intent, i);
    if ((e->has & ENTRY_HAS_INTENT) == 0)
        history_finding(f, broken, "an outcome that names no intent");
    else if (i == NULL)
        history_finding(f, broken, "the outcome of %llu, which is not an open intent",
                        (unsigned long long)e->intent);
    else if (strcmp(i->stem, stem) != 0)
        history_finding(f, broken, "%s as the outcome of %s.intent", e->event, i->stem);
    else if (both_differ(i, e, ENTRY_HAS_CASE, i->case_id, e->case_id) ||
             both_differ(i, e, ENTRY_HAS_ITEM, i->item_id, e->item_id))
        history_finding(f, broken,
                        "the outcome is about another case or item than its intent, %llu",
                        (unsigned long long)e->intent);
    else {
        HASH_DEL(f->h->intents, i);
        free(i);
        return true;
    }
    return false;
}

/* Events that are known by their names; false: it is none of these. */
static bool take_named(struct feed *f, ex_code *ret_code, struct ex_error *err) {
    const char *event = f->e->event;
    *ret_code = EX_OK;
    if (strcmp(event, "officer.enrol") == 0)
        *ret_code = enrol(f, err);
    else if (strcmp(event, "officer.recover") == 0)
        *ret_code = recover(f, err);
    else if (strcmp(event, "officer.retire") == 0)
        *ret_code = retire(f, err);
    else if (strcmp(event, "session.open") == 0)
        *ret_code = open_session(f, err);
    else if (strcmp(event, "dispose.propose") == 0)
        *ret_code = disposal_propose(f, err);
    else if (strcmp(event, "dispose.approve") == 0)
        disposal_approve(f);
    else if (custody_is_handover(event))
        *ret_code = custody_handover(f, err);
    else
        return false;
    return true;
}

static ex_code take_effect(struct feed *f, struct ex_error *err) {
    char stem[ENTRY_EVENT_MAX + 1];
    ex_code code;
    if (!check_lines(f))
        return EX_OK;
    if (take_named(f, &code, err))
        return code;
    if (!disposal_check_tombstone(f))
        return EX_OK;
    if (event_stem(f->e->event, "outcome", stem))
        return close_intent(f, stem) ? custody_take(f, err) : EX_OK;
    if ((f->e->has & ENTRY_HAS_INTENT) != 0)
        history_finding(f, &f->h->report.rules_broken, "names an intent, and is no outcome");
    else if (event_stem(f->e->event, "intent", stem))
        return open_intent(f, stem, err);
    else
        return custody_take(f, err);
    return EX_OK;
}

ex_code history_feed(struct history *h, uint64_t index,
                     const uint8_t tree_before[static MERKLE_BYTES], const uint8_t *data,
                     size_t size_bytes, struct entry *ret_entry, bool *ret_good,
                     struct ex_error *err) {
    struct entry e;
    struct ex_error why = {0};
    struct feed f = {.h = h, .index = index, .e = &e, .good = true};
    bool first = h->report.entries == h->report.unreadable;
    h->report.entries++;
    *ret_good = false;
    if (entry_parse(data, size_bytes, &e, &why) != EX_OK) {
        history_finding(&f, &h->report.unreadable, "%s", why.text);
        return EX_OK;
    }
    if (ret_entry != NULL)
        *ret_entry = e;
    note_span(&h->report, &e.clock, first);
    bool here = check_place(&f, tree_before);
    if (check_signature(&f, data, size_bytes)) {
        EX_TRY(note_clock(&f, err));
        if (here)
            EX_TRY(take_effect(&f, err));
    }
    *ret_good = f.good;
    return EX_OK;
}

void history_report(const struct history *h, struct history_report *ret) {
    *ret = h->report;
    ret->open_intents = HASH_COUNT(h->intents);
}

void history_each_open(const struct history *h, void (*fn)(void *context, uint64_t index),
                       void *context) {
    for (const struct intent *i = h->intents; i != NULL; i = i->hh.next)
        fn(context, i->index);
}
