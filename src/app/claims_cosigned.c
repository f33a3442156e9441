/* SPDX-License-Identifier: Apache-2.0 */
/* What the claim about signers says of cosigners (docs/format/json.md §4.3, ledger.md §8.4). */
#include "app/act_internal.h"

static json_t *seen_json(const struct cosigner_seen *s) {
    char vkey[NOTE_VKEY_MAX];
    json_t *json = json_pack("{s:s, s:b, s:o, s:o, s:o}", "key", note_key_text(&s->key, vkey),
                             "by_policy", s->by_policy, "size", json_number(s->size), "time",
                             json_time((int64_t)s->time_s * 1000000000), "entry",
                             s->in_file ? json_null() : json_number(s->entry));
    json_set_text(json, "name", s->name); /* octets of a policy */
    return json;
}

static json_t *cosigned_json(const struct cosigned_check *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(list, seen_json(&c->seen[i]));
    json_t *json =
        json_pack("{s:o, s:n, s:o, s:o}", "cosigners", list, "quorum", "met",
                  c->policy_given ? json_boolean(c->met) : json_null(), "met_size",
                  c->policy_given && c->met_size > 0 ? json_number(c->met_size) : json_null());
    if (c->policy_given)
        json_set_text(json, "quorum", c->quorum);
    return json;
}

static void say_cosigners(json_t *claim, const struct cosigned_check *c) {
    for (size_t i = 0; i < c->notes_bad && i < OPEN_INTENTS_MAX; i++)
        json_say(claim, "findings", "%s", c->bad_text[i]);
    for (size_t i = 0; i < c->count; i++) {
        const struct cosigner_seen *s = &c->seen[i];
        char time[EX_TIME_TEXT_BYTES];
        json_say(claim, "findings",
                 "\"%s\" cosigned the first %" PRIu64 " entries, at %.19sZ by its clock%s", s->name,
                 s->size, ex_time_text(time, (int64_t)s->time_s * 1000000000),
                 s->by_policy ? "" : "; its key comes from the vault itself");
    }
}

/* Met, and up to where; or not. */
static void say_policy(json_t *claim, const struct history_check *h) {
    const struct cosigned_check *c = &h->cosigned;
    if (c->quorum_none)
        json_say(claim, "findings", "the policy asks for no cosigner");
    else if (c->met)
        json_say(claim, "findings",
                 "the quorum \"%.60s\" of the policy is met for the first %" PRIu64 " entries",
                 c->quorum, c->met_size);
    else if (c->notes_locked > 0)
        json_say(claim, "findings",
                 "whether the quorum \"%.60s\" of the policy is met is not known: what could be "
                 "read does not meet it",
                 c->quorum);
    else
        json_say(claim, "findings", "the quorum \"%.60s\" of the policy is met for no entry",
                 c->quorum);
    if (!c->quorum_none && c->met && c->met_size < h->size)
        json_say(claim, "not_checked",
                 "entries from %" PRIu64 " on: they are not cosigned yet as the policy asks",
                 c->met_size);
    json_say(
        claim, "does_not_prove",
        "that a cosigner looked into the entries: it saw that the history goes on from the one "
        "before, at a time by its own clock");
}

static void say_rest(json_t *claim, const struct cosigned_check *c) {
    if (c->notes_locked > 0)
        json_say(claim, "not_checked",
                 "%" PRIu64
                 " cosigned checkpoints that the ledger keeps: they cannot be read (one that was "
                 "kept elsewhere can be given: --checkpoint)",
                 c->notes_locked);
    if (c->notes == 0 && c->notes_locked == 0 && !c->policy_given)
        json_say(claim, "not_checked",
                 "cosignatures and time stamps from outside: this vault has none");
    else if (!c->policy_given)
        json_say(claim, "not_checked",
                 "which cosigners count, and whether their keys are theirs (no policy was given: "
                 "--policy)");
}

const char *claim_cosigned(json_t *claim, const struct history_check *h, ex_code *ret_code) {
    const struct cosigned_check *c = &h->cosigned;
    uint64_t by_policy = 0;
    for (size_t i = 0; i < c->count; i++)
        by_policy += c->seen[i].by_policy ? 1 : 0;
    json_t *counts = json_object_get(claim, "counts");
    json_object_set_new(counts, "cosigners", json_number(by_policy));
    json_object_set_new(counts, "cosigners_of_vault", json_number(c->count - by_policy));
    if (c->count > 0 || c->policy_given)
        json_object_set_new(claim, "cosigned", cosigned_json(c));
    say_cosigners(claim, c);
    if (c->policy_given)
        say_policy(claim, h);
    say_rest(claim, c);
    *ret_code = EX_OK;
    if (c->notes_bad > 0) {
        *ret_code = EX_SIGNATURE;
        return "bad-signature";
    }
    if (!c->policy_given || c->met)
        return NULL;
    /* What cannot be read may hold the very cosignatures that are wanting. */
    *ret_code = c->notes_locked > 0 ? EX_PARTIAL : EX_SIGNATURE;
    return c->notes_locked > 0 ? "partly-checked" : "not-cosigned";
}
