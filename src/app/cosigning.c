/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of a cosigner (docs/format/ledger.md §8.1): the request of another log is compared
 * with what this vault cosigned of it before, and both the comparison and the entry happen under
 * the ledger's lock. The entry is durable before the answer leaves. */
#include "app/cosign_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>

/* The latest checkpoint of the log that this vault cosigned. */
struct last_one {
    bool found;
    uint64_t entry;
    struct checkpoint head;
    struct note_key log;
    char *cosignature;
    char time[EX_TIME_TEXT_BYTES];
};

struct cosigning {
    uint8_t *bytes;
    struct cosign_request request;
    struct note_key own; /* this vault as a cosigner */
    struct last_one last;
    uint64_t scanned; /* entries of this vault's ledger that were looked at */
    bool by_the_log;  /* the log's key signed the checkpoint */
    bool refused;
    bool again;
    char *cosignature;
    char time[EX_TIME_TEXT_BYTES];
};

static void cosigning_clear(struct cosigning *c) {
    free(c->bytes);
    free(c->last.cosignature);
    free(c->cosignature);
}

/* ---- files and keys, for both sides ---- */

ex_code cosign_key(const char *vkey, uint8_t type, struct note_key *ret, struct ex_error *err) {
    struct note_key given;
    if (note_key_parse(vkey, &given, err) != EX_OK)
        return ex_hint(
            ex_fail(err, EX_USAGE, "--key takes the key of a log or vault, and this is none"), err,
            "that of a vault begins with exhibit-vault/ and stands on the paper from exhibit init");
    return note_key_make(given.name, type, given.public_key, ret, err);
}

static const char *output_file(const struct act *act) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    return output == NULL || strcmp(output, "-") == 0 ? NULL : output;
}

ex_code cosign_write_output(struct act *act, const char *text, struct ex_error *err) {
    const char *output = output_file(act);
    if (output == NULL)
        return EX_OK;
    ex_code code = ex_write_file(AT_FDCWD, output, text, strlen(text), EX_WRITE_NEW, err);
    if (code != EX_OK)
        return ex_hint(code, err, "nothing is lost: run it again, and the answer is the same");
    return EX_OK;
}

json_t *cosign_output_json(const struct act *act) {
    json_t *holder = json_object(), *value = NULL;
    if (output_file(act) != NULL) {
        json_set_text(holder, "text", output_file(act));
        value = json_incref(json_object_get(holder, "text"));
    }
    json_decref(holder);
    return value != NULL ? value : json_null();
}

/* ---- what this vault remembers ---- */

static ex_code unreadable(const struct entry *e, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "entry %" PRIu64
                           " cannot be read, so what this vault cosigned last is not known",
                           e->index),
                   err, "exhibit verify says what is damaged; a copy of this vault may mend it");
}

/* An older ledger was put back at some time: what it cosigned after that moment is forgotten. */
static ex_code check_leftover(struct act *act, struct cosigning *c, const struct entry *e,
                              struct ex_error *err) {
    json_t *what = NULL;
    if (project_section(act, e, "what", &what, NULL) != EX_OK || what == NULL)
        return unreadable(e, err);
    bool forgot = json_is_integer(json_object_get(what, "catalog_was_at"));
    json_decref(what);
    if (!forgot)
        return EX_OK;
    c->refused = true;
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "an older copy of this vault was put back before entry %" PRIu64
                           ": it may have forgotten what it cosigned",
                           e->index),
                   err, "cosign with a new vault, whose key the others then take for this one's");
}

/* The origin and the tree are read from the note itself, which is what was cosigned. */
static ex_code read_state(const struct cosigning *c, const struct entry *e, json_t *cosigned,
                          struct last_one *ret, struct ex_error *err) {
    const char *note = json_string_value(json_object_get(cosigned, "note"));
    const char *key = json_string_value(json_object_get(cosigned, "key"));
    const char *line = json_string_value(json_object_get(cosigned, "cosignature"));
    const char *time = json_string_value(json_object_get(cosigned, "time"));
    struct checkpoint head;
    struct note_key log;
    if (note == NULL || key == NULL || line == NULL || time == NULL ||
        strlen(time) >= sizeof ret->time ||
        checkpoint_parse(note, note_split(note, strlen(note)), &head, NULL) != EX_OK ||
        note_key_parse(key, &log, NULL) != EX_OK)
        return unreadable(e, err);
    if (strcmp(head.origin, c->request.head.origin) != 0)
        return EX_OK;
    free(ret->cosignature);
    *ret = (struct last_one){
        .found = true, .entry = e->index, .head = head, .log = log, .cosignature = ex_strdup(line)};
    memcpy(ret->time, time, strlen(time));
    return EX_OK;
}

static ex_code remember(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err) {
    struct cosigning *c = context;
    json_t *what = NULL;
    if (strcmp(e->event, "ledger.leftover") == 0)
        return check_leftover(act, c, e, err);
    if (strcmp(e->event, "cosign.outcome") != 0 || strcmp(e->result, "done") != 0)
        return EX_OK;
    if (project_section(act, e, "what", &what, NULL) != EX_OK || what == NULL)
        return unreadable(e, err);
    json_t *cosigned = json_object_get(what, "cosigned");
    ex_code code = cosigned != NULL ? read_state(c, e, cosigned, &c->last, err) : EX_OK;
    json_decref(what);
    return code;
}

/* What came since the last look. */
static ex_code look_back(struct act *act, struct cosigning *c, struct ex_error *err) {
    uint64_t size = ledger_size(act->ledger);
    EX_TRY(scan_ledger_from(act, c->scanned, remember, c, err));
    c->scanned = size;
    return EX_OK;
}

/* ---- the decision ---- */

/* Which key must have signed: that of the first time, for ever. */
static ex_code choose_key(struct act *act, const struct cosigning *c, struct note_key *ret,
                          struct ex_error *err) {
    const char *given = act_flag(act, FLAG_KEY), *origin = c->request.head.origin;
    struct note_key key;
    if (given == NULL && !c->last.found)
        return ex_hint(
            ex_fail(err, EX_NOT_FOUND, "this vault has never cosigned the log \"%.100s\"", origin),
            err, "the first time, give the key of that log as on paper: --key VKEY");
    if (given != NULL)
        EX_TRY(cosign_key(given, NOTE_TYPE_ED25519, &key, err));
    if (given != NULL && strcmp(key.name, origin) != 0)
        return ex_fail(err, EX_SIGNATURE,
                       "the key given is that of \"%.90s\", and the checkpoint is of \"%.90s\"",
                       key.name, origin);
    if (given != NULL && c->last.found &&
        memcmp(key.public_key, c->last.log.public_key, SIGN_PUBLIC_BYTES) != 0)
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the key given is not the one with which this vault knows the log "
                               "(entry %" PRIu64 ")",
                               c->last.entry),
                       err, "a log keeps its key; with another key it is another log");
    *ret = c->last.found ? c->last.log : key;
    return EX_OK;
}

/* Signed by its log, and, if it has a cosignature of this vault, not one that it forgot. */
static ex_code open_note(const struct cosigning *c, const struct note_key *log, bool *ret_signed,
                         struct ex_error *err) {
    const struct note_key key[2] = {*log, c->own};
    struct note_verified verified[2];
    struct ex_error why = {0};
    size_t text_bytes, count = 0;
    bool by_us = false;
    ex_code code = note_open(c->request.note, c->request.note_bytes, key, 2, &text_bytes, verified,
                             2, &count, &why);
    for (size_t i = 0; code == EX_OK && i < count; i++) {
        *ret_signed = *ret_signed || verified[i].key == &key[0];
        by_us = by_us || verified[i].key == &key[1];
    }
    if (code != EX_OK || !*ret_signed)
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the checkpoint has no good signature by the key of its log%s%.100s",
                               why.text[0] != '\0' ? ": " : "", why.text),
                       err, "it was changed on the way, or is not by the log \"%.60s\"",
                       c->request.head.origin);
    if (by_us && (!c->last.found || c->last.head.size < c->request.head.size))
        return ex_hint(
            ex_fail(err, EX_ALTERED,
                    "this vault cosigned this very checkpoint, and its ledger does not know it: an "
                    "older copy of this vault was put back"),
            err, "cosign with a new vault, whose key the others then take for this one's");
    return EX_OK;
}

/* What cannot be true together with what this vault cosigned, or is not proved to be. */
static ex_code say_contradiction(const struct cosigning *c, enum cosign_answer answer,
                                 struct ex_error *err) {
    uint64_t size = c->request.head.size, last = c->last.found ? c->last.head.size : 0;
    if (answer == COSIGN_FORK)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "A FORK: this vault cosigned another history of %" PRIu64
                               " entries of this log (entry %" PRIu64
                               "); the key of the log signed both, and both are kept as evidence",
                               size, c->last.entry),
                       err, "tell whoever relies on this log; exhibit ledger show %" PRIu64,
                       c->last.entry);
    if (answer == COSIGN_ROLLED_BACK)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "the log was cosigned with %" PRIu64 " entries and has %" PRIu64
                               " here: it was rolled back, or this request is an older one",
                               last, size),
                       err, "ask for a new one: exhibit ledger prove --since %" PRIu64, last);
    return ex_hint(ex_fail(err, EX_ALTERED,
                           "it is not proved that the %" PRIu64 " entries continue the %" PRIu64
                           " that were cosigned: a fork or a history made anew, or the request is "
                           "damaged",
                           size, last),
                   err,
                   "ask for it again: exhibit ledger prove --since %" PRIu64
                   "; if that fails too, it is a fork",
                   last);
}

static ex_code say_no(const struct cosigning *c, enum cosign_answer answer, struct ex_error *err) {
    uint64_t size = c->request.head.size, old = c->request.old_size;
    uint64_t last = c->last.found ? c->last.head.size : 0;
    switch (answer) {
    case COSIGN_FORK:
    case COSIGN_ROLLED_BACK:
    case COSIGN_BAD_PROOF:
        return say_contradiction(c, answer, err);
    case COSIGN_OLD_OTHER:
        return ex_hint(ex_fail(err, EX_USAGE,
                               "the request begins at %" PRIu64
                               " entries, and this vault has cosigned %" PRIu64 "%s",
                               old, last,
                               old > last
                                   ? "; if it once cosigned more, an older copy of it was put back"
                                   : ""),
                       err, "ask for: exhibit ledger prove --since %" PRIu64, last);
    case COSIGN_OLD_TOO_BIG:
        return ex_fail(err, EX_FORMAT,
                       "this is not a request for a cosignature: it begins at %" PRIu64
                       " entries and ends at %" PRIu64,
                       old, size);
    case COSIGN_NOT_EMPTY:
        return ex_fail(err, EX_FORMAT, "an empty log cannot have this root");
    case COSIGN_YES:
    case COSIGN_AGAIN:
        break;
    }
    return ex_fail(err, EX_INTERNAL, "a request was neither accepted nor refused");
}

static ex_code judge(struct act *act, struct cosigning *c, struct note_key *ret_log,
                     enum cosign_answer *ret, struct ex_error *err) {
    const struct cosign_request *r = &c->request;
    if (strcmp(r->head.origin, ledger_origin(act->ledger)) == 0)
        return ex_hint(ex_fail(err, EX_USAGE, "a vault cannot cosign its own ledger"), err,
                       "an outside party does that, with a vault of its own");
    EX_TRY(choose_key(act, c, ret_log, err));
    EX_TRY(open_note(c, ret_log, &c->by_the_log, err));
    if (r->head.size > INT64_MAX)
        return ex_fail(err, EX_LIMIT, "a log of so many entries cannot be cosigned");
    *ret = cosign_judge(r, c->last.found ? &c->last.head : NULL);
    return *ret == COSIGN_YES || *ret == COSIGN_AGAIN ? EX_OK : say_no(c, *ret, err);
}

static ex_code sign_it(struct act *act, struct cosigning *c, struct ex_error *err) {
    struct ex_clock now;
    ex_clock_read(&now);
    int64_t seconds = now.utc_ns / 1000000000;
    if (seconds <= 0)
        return ex_hint(ex_fail(err, EX_INTERNAL, "this machine's clock stands before 1970"), err,
                       "set the clock: a cosignature says when it was made");
    (void)ex_time_text(c->time, seconds * 1000000000);
    return note_cosign(c->request.note, c->request.text_bytes, &c->own, act->vault_key,
                       (uint64_t)seconds, &c->cosignature, err);
}

/* Under the lock: whatever stands in the ledger now, nobody can change before the entry is in. */
static ex_code decide(struct act *act, struct draft *d, void *context, struct ex_error *err) {
    struct cosigning *c = context;
    const struct cosign_request *r = &c->request;
    struct note_key log;
    enum cosign_answer answer;
    char vkey[NOTE_VKEY_MAX];
    EX_TRY(look_back(act, c, err));
    ex_code code = judge(act, c, &log, &answer, err);
    c->refused = code != EX_OK;
    EX_TRY(code);
    if (answer == COSIGN_AGAIN) {
        c->again = true;
        c->cosignature = ex_strdup(c->last.cosignature);
        memcpy(c->time, c->last.time, sizeof c->time);
        json_object_set_new(d->what, "again", json_number(c->last.entry));
        json_object_set_new(d->what, "cosignature", json_string(c->cosignature));
        return EX_OK;
    }
    EX_TRY(sign_it(act, c, err));
    json_t *cosigned =
        json_pack("{s:s, s:s#, s:s, s:s}", "key", note_key_text(&log, vkey), "note", r->note,
                  r->note_bytes, "cosignature", c->cosignature, "time", c->time);
    if (cosigned == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for the checkpoint");
    json_object_set_new(d->what, "cosigned", cosigned);
    return EX_OK;
}

/* ---- the act ---- */

static ex_code read_request(struct act *act, struct cosigning *c, struct ex_error *err) {
    size_t size;
    EX_TRY(ex_read_file(AT_FDCWD, act->request->operand[0], COSIGN_REQUEST_BYTES_MAX, &c->bytes,
                        &size, err));
    if (cosign_request_parse(c->bytes, size, &c->request, err) != EX_OK)
        return ex_hint(EX_FORMAT, err, "exhibit ledger prove --since SIZE makes one");
    return EX_OK;
}

static json_t *about(const struct cosigning *c) {
    const struct checkpoint *head = &c->request.head;
    return json_pack("{s:s, s:o, s:o}", "origin", head->origin, "size", json_number(head->size),
                     "root", json_hex(head->root, sizeof head->root));
}

static ex_code begin(struct act *act, struct cosigning *c, struct ex_error *err) {
    uint8_t hash[SHA256_BYTES];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, c->bytes, (size_t)(c->request.note - (char *)c->bytes) + c->request.note_bytes);
    sha256_end(&h, hash);
    json_t *what = about(c);
    json_object_set_new(what, "old_size", json_number(c->request.old_size));
    json_object_set_new(what, "request_sha256", json_hex(hash, sizeof hash));
    return act_intent(act, what, err);
}

/* A refusal has its own entry, with what the log signed as evidence. */
static void record_refusal(struct act *act, const struct cosigning *c, const struct ex_error *why) {
    const struct checkpoint *last = &c->last.head;
    json_t *what = about(c);
    json_object_set_new(what, "error", json_error(why));
    json_object_set_new(what, "last",
                        c->last.found
                            ? json_pack("{s:o, s:o, s:o}", "entry", json_number(c->last.entry),
                                        "size", json_number(last->size), "root",
                                        json_hex(last->root, sizeof last->root))
                            : json_null());
    if (c->by_the_log)
        json_object_set_new(what, "note", json_stringn(c->request.note, c->request.note_bytes));
    (void)!act_outcome(act, "refused", what, NULL, NULL, NULL, NULL);
}

static json_t *result_json(const struct act *act, const struct cosigning *c) {
    char vkey[NOTE_VKEY_MAX];
    json_t *json = about(c);
    json_object_set_new(json, "time", json_string(c->time));
    json_object_set_new(json, "again", c->again ? json_number(c->last.entry) : json_null());
    json_object_set_new(json, "cosignature", json_string(c->cosignature));
    json_object_set_new(json, "cosigner", json_string(note_key_text(&c->own, vkey)));
    json_object_set_new(json, "output", cosign_output_json(act));
    return json;
}

static ex_code cosigning(struct act *act, struct cosigning *c, json_t **ret_result,
                         struct ex_error *err) {
    struct ex_error why = {0};
    EX_TRY(act_check_output(act, err));
    EX_TRY(note_key_make(ledger_origin(act->ledger), NOTE_TYPE_COSIGNATURE,
                         sign_key_public(act->vault_key), &c->own, err));
    EX_TRY(read_request(act, c, err));
    EX_TRY(begin(act, c, err));
    ex_code code = look_back(act, c, &why); /* the long part, before the lock */
    if (code == EX_OK)
        code = act_outcome(act, "done", about(c), NULL, decide, c, &why);
    if (code != EX_OK) {
        if (c->refused)
            record_refusal(act, c, &why);
        if (err != NULL)
            *err = why;
        return code;
    }
    EX_TRY(cosign_write_output(act, c->cosignature, err));
    *ret_result = result_json(act, c);
    return EX_OK;
}

ex_code app_cosign(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct cosigning *c = ex_new0(struct cosigning);
    ex_code code = cosigning(act, c, ret_result, err);
    cosigning_clear(c);
    return code;
}
