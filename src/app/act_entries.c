/* SPDX-License-Identifier: Apache-2.0 */
/* How an act's entries get into the ledger: drafts become signed entries, in one batch, under one
 * lock (format/ledger §2–§5). The only file that appends. */
#include "app/act_internal.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

static const int64_t HOUR_NS = (int64_t)3600 * 1000000000;

/* ---- sections ---- */

static json_t *machine_json(void) {
    struct utsname system;
    struct passwd *user = getpwuid(geteuid());
    char kernel[200], name[64];
    json_t *json = json_object();
    if (uname(&system) != 0)
        memset(&system, 0, sizeof system);
    (void)snprintf(kernel, sizeof kernel, "%.60s %.60s %.60s", system.sysname, system.release,
                   system.machine);
    (void)snprintf(name, sizeof name, "%u", (unsigned)geteuid());
    json_set_text(json, "hostname", system.nodename);
    json_set_text(json, "system", kernel);
    json_set_text(json, "user", user != NULL ? user->pw_name : name);
    return json;
}

static json_t *who_json(const struct act *act) {
    json_t *officer = json_pack("{s:o}", "id", json_hex(act->officer.id, sizeof act->officer.id));
    json_set_text(officer, "name", act->officer_name != NULL ? act->officer_name : "");
    json_t *who =
        json_pack("{s:o, s:o, s:{s:s, s:s}}", "officer", officer, "machine", machine_json(),
                  "program", "name", "exhibit", "version", EXHIBIT_VERSION);
    json_set_text(who, "agency", act->agency != NULL ? act->agency : "");
    return who;
}

static json_t *why_json(const struct act *act) {
    const char *reason = act_flag(act, FLAG_REASON), *basis = act_flag(act, FLAG_LEGAL_BASIS);
    if (reason == NULL && basis == NULL)
        return NULL;
    json_t *why = json_pack("{s:n, s:n}", "reason", "legal_basis");
    if (reason != NULL)
        json_set_text(why, "reason", reason);
    if (basis != NULL)
        json_set_text(why, "legal_basis", basis);
    return why;
}

json_t *act_query_json(const struct act *act) {
    json_t *operands = json_array(), *flags = json_object(), *holder = json_object();
    for (unsigned i = 0; i < act->request->operand_count; i++) {
        json_set_text(holder, "text", act->request->operand[i]);
        json_array_append(operands, json_object_get(holder, "text"));
    }
    json_decref(holder);
    for (int id = FLAG_AGENCY; id < FLAG_COUNT; id++)
        if (act->request->flag[id] != NULL)
            json_set_text(flags, flag_table[id].name, act->request->flag[id]);
    return json_pack("{s:{s:o, s:o}}", "query", "operands", operands, "flags", flags);
}

/* ---- one draft ---- */

struct sections {
    struct body body;
    char *text[3]; /* of the sections; body points into them */
    size_t count;
};

static void sections_clear(struct sections *s) {
    for (size_t i = 0; i < s->count; i++)
        free(s->text[i]);
}

/* Takes `value` over. */
static ex_code add_section(struct sections *s, struct entry *e, const char *name, json_t *value,
                           struct ex_error *err) {
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(value);
    if (text == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the body of an entry");
    s->text[s->count++] = text;
    return body_add(&s->body, e, name, text, strlen(text), err);
}

static ex_code add_sections(struct act *act, struct draft *d, struct sections *s,
                            struct ex_error *err) {
    json_t *why = d->bare ? NULL : why_json(act);
    if (d->provenance != NULL)
        EX_TRY(
            body_add(&s->body, &d->entry, "provenance", d->provenance, d->provenance_bytes, err));
    EX_TRY(add_section(s, &d->entry, "what", json_incref(d->what), err));
    EX_TRY(add_section(s, &d->entry, "who", who_json(act), err));
    return why != NULL ? add_section(s, &d->entry, "why", why, err) : EX_OK;
}

static const struct sign_key *choose_signer(struct act *act, struct draft *d) {
    struct entry *e = &d->entry;
    if (d->by_vault) {
        e->signer = ENTRY_SIGNER_VAULT;
        return d->signer;
    }
    if (d->by_officer) {
        e->signer = ENTRY_SIGNER_OFFICER;
        memcpy(e->signer_officer, act->officer.id, sizeof e->signer_officer);
        return act->officer.sign;
    }
    e->signer = ENTRY_SIGNER_SESSION;
    e->signer_session = act->session;
    return act->session_key;
}

static ex_code write_draft(struct act *act, struct draft *d, struct sections *s,
                           struct ex_error *err) {
    struct entry *e = &d->entry;
    EX_AUTO_FREE uint8_t *body = NULL, *bytes = NULL;
    size_t body_bytes, size;
    (void)snprintf(e->origin, sizeof e->origin, "%s", ledger_origin(act->ledger));
    e->index = ledger_next_index(act->ledger);
    ledger_next_tree(act->ledger, e->tree);
    ex_clock_read(&e->clock);
    const struct sign_key *key = choose_signer(act, d);
    EX_TRY(add_sections(act, d, s, err));
    EX_TRY(body_write(&s->body, &body, &body_bytes, err));
    act->bodies_end = e->index + 1;
    EX_TRY(vault_body_write(act->vault, e->index, body, body_bytes, err));
    EX_TRY(entry_write(e, key, &bytes, &size, err));
    return ledger_add(act->ledger, bytes, size, err);
}

static ex_code add_draft(struct act *act, struct draft *d, struct ex_error *err) {
    struct sections s = {0};
    ex_code code = write_draft(act, d, &s, err);
    sections_clear(&s);
    return code;
}

/* ---- sessions ---- */

static ex_code open_session(struct act *act, struct ex_error *err) {
    struct draft d = {.by_officer = true,
                      .what = json_pack("{s:s}", "command", act->request->command->words)};
    struct entry *e = &d.entry;
    struct ex_clock now;
    ex_clock_read(&now);
    sign_key_free(act->session_key);
    act->session_key = NULL;
    ex_code code = sign_key_generate(&act->session_key, err);
    if (code == EX_OK) {
        memcpy(e->event, "session.open", 13);
        e->has = ENTRY_HAS_OFFICER | ENTRY_HAS_SESSION_KEY | ENTRY_HAS_EXPIRES;
        memcpy(e->officer_id, act->officer.id, sizeof e->officer_id);
        memcpy(e->session_key, sign_key_public(act->session_key), sizeof e->session_key);
        e->expires_ns = now.utc_ns + SESSION_HOURS * HOUR_NS;
        act->session = ledger_next_index(act->ledger);
        code = add_draft(act, &d, err);
        act->session_ends_ns = e->expires_ns;
    }
    json_decref(d.what);
    return code;
}

/* Failed unlocks that nobody could sign for: the session that opens does (format/ledger §6). */
static ex_code absorb_failed_unlocks(struct act *act, json_t *attempts, struct ex_error *err) {
    struct draft d = {.what = json_pack("{s:O}", "attempts", attempts), .bare = true};
    memcpy(d.entry.event, "unlock.failed", 14);
    ex_code code = add_draft(act, &d, err);
    json_decref(d.what);
    return code;
}

/* Bodies at or beyond the next index were never acknowledged: a write that was cut off, or the
 * bodies of a longer history whose head somebody put back. They are set aside, never overwritten,
 * and the ledger says so; so does it when the catalog remembers more entries than there are. */
static ex_code note_leftovers(struct act *act, uint64_t bodies, struct ex_error *err) {
    struct draft d = {.bare = true};
    if (bodies == 0 && act->catalog_was_at == 0)
        return EX_OK;
    d.what = json_pack("{s:o, s:o}", "bodies_set_aside", json_number(bodies), "catalog_was_at",
                       act->catalog_was_at > 0 ? json_number(act->catalog_was_at) : json_null());
    memcpy(d.entry.event, "ledger.leftover", 16);
    ex_code code = add_draft(act, &d, err);
    json_decref(d.what);
    act->catalog_was_at = 0;
    return code;
}

static ex_code ensure_session(struct act *act, bool *ret_absorbed, struct ex_error *err) {
    struct ex_clock now;
    ex_clock_read(&now);
    *ret_absorbed = false;
    if (act->session_ends_ns != 0 && now.utc_ns < act->session_ends_ns - HOUR_NS)
        return EX_OK;
    EX_TRY(open_session(act, err));
    json_t *attempts = unlock_attempts_take(act);
    ex_code code = EX_OK;
    if (json_array_size(attempts) > 0) {
        code = absorb_failed_unlocks(act, attempts, err);
        *ret_absorbed = code == EX_OK;
    }
    json_decref(attempts);
    return code;
}

/* ---- batches ---- */

/* Whatever may say no says it before anything is written. */
static ex_code add_batch(struct act *act, struct draft *draft, size_t count,
                         draft_prepare_fn *prepare, void *context, bool *ret_absorbed,
                         struct ex_error *err) {
    if (prepare != NULL)
        EX_TRY(prepare(act, &draft[count - 1], context, err));
    size_t next = 0;
    bool beginning = act->roster == NULL; /* the first entries of a new vault need no session */
    if (!beginning) {
        uint64_t leftovers;
        EX_TRY(vault_body_set_aside(act->vault, ledger_next_index(act->ledger), &leftovers, err));
        if (count > 0 && draft[0].by_vault) /* it enrols whose session opens next */
            EX_TRY(add_draft(act, &draft[next++], err));
        EX_TRY(ensure_session(act, ret_absorbed, err));
        EX_TRY(note_leftovers(act, leftovers, err));
    }
    for (size_t i = next; i < count; i++)
        EX_TRY(add_draft(act, &draft[i], err));
    return EX_OK;
}

/* Under the lock: bring the catalog up to date, add. On failure the bodies that were written go
 * again: their entries were never signed into the log. */
static ex_code add_locked(struct act *act, struct draft *draft, size_t count,
                          draft_prepare_fn *prepare, void *context, bool *ret_absorbed,
                          uint64_t *ret_first, struct ex_error *err) {
    if (act->catalog != NULL)
        EX_TRY(project_up_to_date(act, err));
    EX_TRY(roster_check_in_office(act, err));
    *ret_first = ledger_next_index(act->ledger);
    act->bodies_end = *ret_first;
    ex_code code = add_batch(act, draft, count, prepare, context, ret_absorbed, err);
    for (uint64_t i = *ret_first; code != EX_OK && i < act->bodies_end; i++)
        vault_body_discard(act->vault, i);
    return code;
}

ex_code act_append(struct act *act, struct draft *draft, size_t count, draft_prepare_fn *prepare,
                   void *context, uint64_t *ret_index, struct ex_error *err) {
    bool absorbed = false;
    int64_t session_before = act->session_ends_ns;
    uint64_t first = 0, next = 0;
    ex_code code = ledger_begin(act->ledger, ACT_LOCK_WAIT_MS, err);
    act->appending = code == EX_OK;
    if (code == EX_OK)
        code = add_locked(act, draft, count, prepare, context, &absorbed, &first, err);
    if (code == EX_OK) {
        next = ledger_next_index(act->ledger);
        code = ledger_commit(act->ledger, act->vault_key, err);
    }
    for (size_t i = 0; i < count; i++)
        json_decref(draft[i].what);
    act->appending = false;
    if (code != EX_OK) {
        ledger_abort(act->ledger);
        if (act->session_ends_ns != session_before)
            act->session_ends_ns = 0; /* the session's entry is not there either */
        return code;
    }
    if (absorbed)
        unlock_attempts_forget(act);
    if (!act->has_entries)
        act->first_entry = first;
    act->has_entries = true;
    act->last_entry = next - 1;
    if (ret_index != NULL)
        *ret_index = next - 1;
    /* The entries stand, whatever becomes of the projection: the next command catches up. */
    if (act->catalog != NULL)
        (void)!project_up_to_date(act, NULL);
    return EX_OK;
}

static void draft_event(struct act *act, struct draft *d, const char *suffix) {
    (void)snprintf(d->entry.event, sizeof d->entry.event, "%s%s", act->request->command->event,
                   suffix);
    d->entry.has |= act->has_ids;
    memcpy(d->entry.case_id, act->case_id, sizeof act->case_id);
    memcpy(d->entry.item_id, act->item_id, sizeof act->item_id);
}

static void draft_result(struct draft *d, const char *result) {
    d->entry.has |= ENTRY_HAS_RESULT;
    (void)snprintf(d->entry.result, sizeof d->entry.result, "%s", result);
}

ex_code act_single(struct act *act, json_t *what, draft_prepare_fn *prepare, void *context,
                   struct ex_error *err) {
    struct draft d = {.what = what};
    draft_event(act, &d, "");
    draft_result(&d, "done");
    EX_TRY(act_append(act, &d, 1, prepare, context, NULL, err));
    act->has_outcome = true;
    return EX_OK;
}

ex_code act_intent(struct act *act, json_t *what, struct ex_error *err) {
    struct draft d = {.what = what};
    draft_event(act, &d, ".intent");
    EX_TRY(act_append(act, &d, 1, NULL, NULL, &act->intent, err));
    act->has_intent = true;
    return EX_OK;
}

static void draft_outcome(struct act *act, struct draft *d, const char *result,
                          const uint8_t *object_id) {
    draft_event(act, d, ".outcome");
    draft_result(d, result);
    d->entry.has |= ENTRY_HAS_INTENT;
    d->entry.intent = act->intent;
    if (object_id == NULL)
        return;
    d->entry.has |= ENTRY_HAS_OBJECT;
    memcpy(d->entry.object_id, object_id, sizeof d->entry.object_id);
}

ex_code act_outcome_with(struct act *act, const struct draft *before, size_t count,
                         const char *result, json_t *what, const uint8_t *object_id,
                         draft_prepare_fn *prepare, void *context, struct ex_error *err) {
    EX_AUTO_FREE struct draft *batch = ex_new0_bytes((count + 1) * sizeof *batch);
    if (count > 0)
        memcpy(batch, before, count * sizeof *batch);
    batch[count].what = what;
    draft_outcome(act, &batch[count], result, object_id);
    EX_TRY(act_append(act, batch, count + 1, prepare, context, NULL, err));
    act->has_outcome = true;
    return EX_OK;
}

ex_code act_outcome(struct act *act, const char *result, json_t *what, const uint8_t *object_id,
                    draft_prepare_fn *prepare, void *context, struct ex_error *err) {
    return act_outcome_with(act, NULL, 0, result, what, object_id, prepare, context, err);
}

void act_record_failure(struct act *act, const struct ex_error *why) {
    const char *result = act->refused                  ? "refused"
                         : why->code == EX_INTERRUPTED ? "interrupted"
                                                       : "failed";
    bool pair = act->request->command->event_shape == EVENT_PAIR;
    struct ex_error ignored;
    if (act->vault_key == NULL || act->has_outcome)
        return; /* nobody unlocked: see act_note_failed_unlock(); or all has been said */
    if (pair && !act->has_intent && act_intent(act, act_query_json(act), &ignored) != EX_OK)
        return;
    json_t *what = pair ? json_object() : act_query_json(act);
    json_object_set_new(what, "error", json_error(why));
    if (act->given_out_bytes > 0)
        json_object_set_new(what, "bytes_given_out", json_number(act->given_out_bytes));
    if (pair) {
        (void)!act_outcome(act, result, what, NULL, NULL, NULL, &ignored);
        return;
    }
    struct draft d = {.what = what};
    draft_event(act, &d, "");
    draft_result(&d, result);
    (void)!act_append(act, &d, 1, NULL, NULL, NULL, &ignored);
}

json_t *act_entries_json(const struct act *act) {
    return json_pack("{s:o, s:o, s:o}", "session", json_number(act->session), "first",
                     json_number(act->first_entry), "last", json_number(act->last_entry));
}

char *act_journal(const struct act *act, const char *name, json_t *more) {
    struct ex_clock now;
    ex_clock_read(&now);
    json_t *json =
        json_pack("{s:s, s:o, s:o, s:i}", "act", name, "intent", json_number(act->intent),
                  "started", json_time(now.utc_ns), "pid", (int)getpid());
    (void)json_object_update(json, more);
    char *line = json_dumps(json, JSON_COMPACT);
    json_decref(more);
    json_decref(json);
    return line;
}
