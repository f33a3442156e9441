/* SPDX-License-Identifier: Apache-2.0 */
/* Who cosigned this ledger, how far, and is that what the policy asks for (docs/format/ledger.md
 * §8.4)? The notes come from the bodies of the ledger and from the file of --checkpoint, the keys
 * from the policy; a cosigner that the policy does not name is checked with the key that stands
 * beside its cosignature, and said to be no more than that. */
#include "app/cosign_internal.h"

#include "base/file.h"
#include "crypto/policy.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

enum { VOTES_BYTES_MAX = 1 << 26, COSIGNERS_MAX = POLICY_COSIGNERS_MAX + 256 };

/* As nanoseconds it must fit: until 2262. */
static const uint64_t TIME_MAX_S = INT64_MAX / 1000000000;

/* One good cosignature. Whether the ledger continues its tree is asked when all of it was read. */
struct vote {
    unsigned cosigner; /* in `cosigner` */
    struct checkpoint head;
    uint64_t time_s;
    bool in_file;
    uint64_t entry;
};

struct cosigner {
    struct note_key key;
    char name[POLICY_NAME_MAX + 1];
};

struct cosigners_pass {
    struct act *act;
    struct policy *policy; /* NULL: none was given */
    struct cosigner cosigner[COSIGNERS_MAX];
    size_t policy_count, count; /* those of the policy first, in its order */
    struct vote *vote;
    size_t vote_count, vote_capacity;
    struct cosigned_check check;
};

void cosigners_free(struct cosigners_pass *p) {
    if (p == NULL)
        return;
    policy_free(p->policy);
    free(p->vote);
    free(p);
}

/* ---- the policy ---- */

/* Its logs, if it names any, are those it speaks about. */
static ex_code check_logs(struct cosigners_pass *p, struct ex_error *err) {
    const struct note_key *own = &vault_config(p->act->vault)->key;
    for (size_t i = 0; i < policy_log_count(p->policy); i++) {
        const struct note_key *log = policy_log(p->policy, i);
        if (strcmp(log->name, own->name) == 0 &&
            memcmp(log->public_key, own->public_key, SIGN_PUBLIC_BYTES) == 0)
            p->check.policy_names_vault = true;
    }
    if (policy_log_count(p->policy) > 0 && !p->check.policy_names_vault)
        return ex_hint(
            ex_fail(err, EX_SIGNATURE,
                    "the policy names logs, and none of them is this vault with its key"),
            err, "it is another vault, or its history was made anew with another key");
    return EX_OK;
}

static ex_code take_cosigners(struct cosigners_pass *p, struct ex_error *err) {
    const struct note_key *own = &vault_config(p->act->vault)->key;
    for (size_t i = 0; i < policy_cosigner_count(p->policy); i++) {
        const struct policy_cosigner *c = policy_cosigner(p->policy, i);
        if (memcmp(c->key.public_key, own->public_key, SIGN_PUBLIC_BYTES) == 0)
            return ex_fail(err, EX_USAGE,
                           "the policy takes this vault for its own cosigner (\"%.100s\")",
                           c->name);
        p->cosigner[p->count].key = c->key;
        memcpy(p->cosigner[p->count++].name, c->name, sizeof c->name);
    }
    p->policy_count = p->count;
    return EX_OK;
}

static ex_code read_policy(struct cosigners_pass *p, const char *path, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    struct ex_error why = {0};
    size_t size;
    EX_TRY(ex_read_file(AT_FDCWD, path, POLICY_BYTES_MAX, &data, &size, err));
    ex_code code = policy_parse(data, size, &p->policy, &why);
    if (code != EX_OK)
        return ex_hint(
            ex_fail(err, code == EX_FORMAT ? EX_USAGE : code, "\"%.60s\": %s", path, why.text), err,
            "docs/format/ledger.md §8.4 says what a policy looks like; exhibit cosign prints a "
            "cosigner's key, which is not the one on paper");
    p->check.policy_given = true;
    p->check.quorum_none = policy_asks_for_nobody(p->policy);
    (void)snprintf(p->check.quorum, sizeof p->check.quorum, "%s", policy_quorum(p->policy));
    EX_TRY(check_logs(p, err));
    return take_cosigners(p, err);
}

ex_code cosigners_begin(struct act *act, struct cosigners_pass **ret, struct ex_error *err) {
    struct cosigners_pass *p = ex_new0(struct cosigners_pass);
    const char *path = act_flag(act, FLAG_POLICY);
    p->act = act;
    *ret = p; /* freed by the caller whatever happens */
    return path != NULL ? read_policy(p, path, err) : EX_OK;
}

/* ---- notes ---- */

static void say_bad(struct cosigners_pass *p, const char *format, ...) EX_PRINTF(2, 3);
static void say_bad(struct cosigners_pass *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (p->check.notes_bad < OPEN_INTENTS_MAX)
        (void)vsnprintf(p->check.bad_text[p->check.notes_bad], sizeof p->check.bad_text[0], format,
                        args);
    p->check.notes_bad++;
    va_end(args);
}

/* Adds what the keys from `first` on signed in this note; *ret_good: none of their lines is wrong.
 */
static ex_code take_votes(struct cosigners_pass *p, const char *note, size_t size, size_t first,
                          size_t count, struct vote *vote, bool *ret_good, struct ex_error *err) {
    EX_AUTO_FREE struct note_key *key = NULL;
    struct note_verified verified[POLICY_COSIGNERS_MAX + 1];
    size_t text_bytes, found = 0;
    EX_TRY(ex_alloc(count + 1, sizeof *key, (size_t)1 << 20, "the cosigners", &key, err));
    key[0] = vault_config(p->act->vault)->key;
    for (size_t i = 0; i < count; i++)
        key[i + 1] = p->cosigner[first + i].key;
    *ret_good = note_open(note, size, key, count + 1, &text_bytes, verified,
                          POLICY_COSIGNERS_MAX + 1, &found, NULL) == EX_OK &&
                checkpoint_parse(note, text_bytes, &vote->head, NULL) == EX_OK &&
                strcmp(vote->head.origin, key[0].name) == 0;
    bool by_us = false;
    for (size_t i = 0; *ret_good && i < found; i++)
        by_us = by_us || verified[i].key == &key[0];
    *ret_good = *ret_good && by_us;
    for (size_t i = 0; *ret_good && i < found; i++) {
        if (verified[i].key == &key[0])
            continue;
        if (verified[i].cosign_time == 0 || verified[i].cosign_time > TIME_MAX_S) {
            *ret_good = false;
            break;
        }
        EX_TRY(ex_grow(&p->vote, &p->vote_capacity, p->vote_count + 1, sizeof *p->vote,
                       VOTES_BYTES_MAX, "the list of cosignatures", err));
        vote->cosigner = (unsigned)(first + (size_t)(verified[i].key - key) - 1);
        vote->time_s = verified[i].cosign_time;
        p->vote[p->vote_count++] = *vote;
    }
    return EX_OK;
}

ex_code cosigners_file(struct cosigners_pass *p, const char *note, size_t size_bytes,
                       struct ex_error *err) {
    struct vote vote = {.in_file = true};
    bool good;
    EX_TRY(take_votes(p, note, size_bytes, 0, p->policy_count, &vote, &good, err));
    if (!good)
        say_bad(p, "a cosignature in the checkpoint that was given is wrong");
    return EX_OK;
}

/* The number of a cosigner whose key stands in a body; COSIGNERS_MAX: no room. */
static size_t number_of(struct cosigners_pass *p, const struct note_key *key) {
    for (size_t i = 0; i < p->count; i++)
        if (memcmp(p->cosigner[i].key.public_key, key->public_key, SIGN_PUBLIC_BYTES) == 0 &&
            strcmp(p->cosigner[i].key.name, key->name) == 0)
            return i;
    if (p->count < COSIGNERS_MAX) {
        p->cosigner[p->count].key = *key;
        memcpy(p->cosigner[p->count++].name, key->name, sizeof key->name);
        return p->count - 1;
    }
    return COSIGNERS_MAX;
}

/* Those that the policy does not name, each by itself with the key that the body gives. */
static ex_code take_others(struct cosigners_pass *p, const char *note, json_t *cosigners,
                           struct vote *vote, bool *ret_good, struct ex_error *err) {
    json_t *one;
    size_t n;
    json_array_foreach(cosigners, n, one) {
        const char *vkey = json_string_value(json_object_get(one, "key"));
        struct note_key key;
        bool good;
        if (vkey == NULL || note_key_parse(vkey, &key, NULL) != EX_OK ||
            key.type != NOTE_TYPE_COSIGNATURE) {
            *ret_good = false;
            continue;
        }
        size_t number = number_of(p, &key);
        if (number < p->policy_count || number == COSIGNERS_MAX)
            continue;
        EX_TRY(take_votes(p, note, strlen(note), number, 1, vote, &good, err));
        *ret_good = *ret_good && good;
    }
    return EX_OK;
}

ex_code cosigners_entry(struct cosigners_pass *p, const struct entry *e, struct ex_error *err) {
    struct vote vote = {.entry = e->index};
    json_t *what = NULL;
    bool good = false;
    if (strcmp(e->event, "cosigned.receive") != 0 || strcmp(e->result, "done") != 0)
        return EX_OK;
    ex_code code = project_section(p->act, e, "what", &what, NULL);
    const char *note = json_string_value(json_object_get(what, "note"));
    if (code != EX_OK || note == NULL) {
        p->check.notes_locked++;
        json_decref(what);
        return EX_OK;
    }
    p->check.notes++;
    code = take_votes(p, note, strlen(note), 0, p->policy_count, &vote, &good, err);
    if (code == EX_OK && good)
        code = take_others(p, note, json_object_get(what, "cosigners"), &vote, &good, err);
    if (code == EX_OK && !good)
        say_bad(p, "entry %" PRIu64 ": the cosigned checkpoint that it keeps is not a good one",
                e->index);
    json_decref(what);
    return code;
}

/* ---- what it comes to ---- */

/* A cosigner has cosigned the first n entries when it cosigned n or more. */
static bool met_at(const struct cosigners_pass *p, const uint64_t *size, uint64_t n) {
    bool cosigned[POLICY_COSIGNERS_MAX] = {false};
    for (size_t i = 0; i < p->policy_count; i++)
        cosigned[i] = size[i] >= n;
    return policy_met(p->policy, cosigned);
}

static void judge_policy(struct cosigners_pass *p, const uint64_t *size) {
    struct cosigned_check *c = &p->check;
    if (p->policy == NULL)
        return;
    c->met = c->quorum_none;
    for (size_t i = 0; i < p->policy_count && !c->quorum_none; i++) {
        if (size[i] > c->met_size && met_at(p, size, size[i]))
            c->met_size = size[i];
    }
    c->met = c->quorum_none || c->met_size > 0;
}

static void show(struct cosigners_pass *p, const struct vote *const *best) {
    struct cosigned_check *c = &p->check;
    for (size_t i = 0; i < p->count && c->count < COSIGNERS_SHOWN; i++) {
        if (best[i] == NULL)
            continue;
        struct cosigner_seen *s = &c->seen[c->count++];
        s->key = p->cosigner[i].key;
        memcpy(s->name, p->cosigner[i].name, sizeof s->name);
        s->by_policy = i < p->policy_count;
        s->size = best[i]->head.size;
        s->time_s = best[i]->time_s;
        s->in_file = best[i]->in_file;
        s->entry = best[i]->entry;
    }
}

ex_code cosigners_judge(struct cosigners_pass *p, bool sound, struct cosigned_check *ret,
                        struct ex_error *err) {
    EX_AUTO_FREE const struct vote **best = NULL;
    EX_AUTO_FREE uint64_t *size = NULL;
    EX_TRY(ex_alloc(COSIGNERS_MAX, sizeof *best, (size_t)1 << 20, "the cosigners", &best, err));
    EX_TRY(ex_alloc(COSIGNERS_MAX, sizeof *size, (size_t)1 << 20, "the cosigners", &size, err));
    for (size_t i = 0; i < p->vote_count; i++) {
        const struct vote *v = &p->vote[i];
        struct ex_error why = {0};
        if (best[v->cosigner] != NULL && v->head.size <= size[v->cosigner])
            continue;
        if (ledger_continues_tree(p->act->ledger, &v->head, &why) != EX_OK) {
            say_bad(p,
                    sound ? "\"%.40s\" cosigned another history of %" PRIu64 " entries"
                          : "what \"%.40s\" cosigned (%" PRIu64
                            " entries) cannot be compared: the ledger is damaged",
                    p->cosigner[v->cosigner].name, v->head.size);
            continue;
        }
        best[v->cosigner] = v;
        size[v->cosigner] = v->head.size;
    }
    judge_policy(p, size);
    show(p, best);
    *ret = p->check;
    return EX_OK;
}
