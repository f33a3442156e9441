/* SPDX-License-Identifier: Apache-2.0 */
/* The claims about history and signers: what was counted and found, what was not checked, and what
 * it does not prove (docs/format/json.md §4.3). */
#include "app/act_internal.h"

void claim_worse(ex_code *verdict, ex_code code) {
    static const ex_code order[] = {EX_OK, EX_PARTIAL, EX_SIGNATURE, EX_MISSING, EX_ALTERED};
    size_t now = 0, then = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        now = order[i] == *verdict ? i : now;
        then = order[i] == code ? i : then;
    }
    *verdict = then > now ? code : *verdict;
}

/* ---- history ---- */

static json_t *history_counts(const struct history_check *h) {
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "entries", json_number(h->ledger.entries),
        "tiles", json_number(h->ledger.tiles), "bodies", json_number(h->bodies), "bodies_erased",
        json_number(h->bodies_erased), "bodies_missing", json_number(h->bodies_missing),
        "bodies_altered", json_number(h->bodies_altered), "bodies_locked",
        json_number(h->bodies_locked), "open_intents", json_number(h->open_count), "beyond",
        json_number(h->ledger.beyond));
}

/* What is wrong. */
static void history_faults(json_t *claim, const struct history_check *h) {
    for (size_t i = 0; i < h->ledger.problem_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_say(claim, "findings", "%s", h->ledger.problem[i]);
    for (size_t i = 0; i < h->body_text_count && i < LEDGER_PROBLEMS_MAX; i++)
        json_say(claim, "findings", "%s", h->body_text[i]);
    if (!h->config_matches)
        json_say(claim, "findings", "vault.json is not the one that entry 0 names");
}

/* What is no fault of the ledger, and should be known. */
static void history_facts(json_t *claim, const struct history_check *h) {
    if (h->ledger.beyond > 0)
        json_say(claim, "findings",
                 "%" PRIu64
                 " ledger files lie beyond the signed head: a write that was cut off, or an "
                 "older head that somebody put back",
                 h->ledger.beyond);
    for (size_t i = 0; i < h->open_count && i < OPEN_INTENTS_MAX; i++)
        json_say(claim, "findings",
                 "entry %" PRIu64 " began an act that has no outcome: it was cut off, or is still "
                 "going on",
                 h->open[i]);
    for (size_t i = 0; i < h->leftovers && i < OPEN_INTENTS_MAX; i++)
        json_say(claim, "findings",
                 "entry %" PRIu64
                 " says that something lay beyond the signed head: a write that was "
                 "cut off, or an older head that somebody put back (exhibit ledger show says what)",
                 h->leftover[i]);
    if (h->checkpoint_given)
        json_say(claim, "findings",
                 "the ledger continues the saved checkpoint of %" PRIu64 " entries",
                 h->checkpoint_size);
}

static void say_continuity(json_t *claim, const struct history_check *h) {
    if (h->checkpoint_given) {
        json_say(claim, "does_not_prove",
                 "that no entries after the saved checkpoint were removed or made anew: only a "
                 "newer one, kept outside this vault, shows that");
        return;
    }
    json_say(claim, "not_checked",
             "continuity with a checkpoint kept elsewhere (none was given: --checkpoint)");
    json_say(
        claim, "does_not_prove",
        "that no entries were removed from the end since, or the whole ledger made anew: only a "
        "checkpoint kept outside this vault shows that");
}

json_t *claim_history(const struct history_check *h, int64_t now_ns, ex_code *verdict) {
    bool altered = !h->ledger.root_matches || h->ledger.problem_count > 0 ||
                   h->bodies_altered > 0 || h->report.misplaced > 0 || h->report.unreadable > 0 ||
                   !h->config_matches;
    bool missing = h->bodies_missing > 0 || h->bodies_erased > 0;
    bool locked = h->bodies_locked > 0;
    claim_worse(verdict, altered ? EX_ALTERED : missing ? EX_MISSING : locked ? EX_PARTIAL : EX_OK);
    json_t *claim = json_claim(altered   ? "altered"
                               : missing ? "missing"
                               : locked  ? "partly-checked"
                                         : "good",
                               now_ns, history_counts(h));
    history_faults(claim, h);
    history_facts(claim, h);
    if (locked)
        json_say(claim, "not_checked",
                 "%" PRIu64 " of %" PRIu64
                 " bodies of entries, and whether the packs that they name are there (the vault is "
                 "locked)",
                 h->bodies_locked, h->bodies);
    say_continuity(claim, h);
    json_say(claim, "does_not_prove",
             "that what was done was always entered; only that what was entered still stands");
    return claim;
}

/* ---- signers and time ---- */

static json_t *signer_counts(const struct history_check *h) {
    const struct history_report *r = &h->report;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o}", "signatures_good",
        json_number(r->signatures_good), "signatures_bad", json_number(r->signatures_bad),
        "officers", json_number(r->officers), "recoveries", json_number(r->recoveries), "sessions",
        json_number(r->sessions), "clock_back", json_number(r->clock_back), "clock_jumped",
        json_number(r->clock_jumped), "clock_free", json_number(r->clock_free), "cosigners", 0,
        "cosigners_of_vault", 0, "unauthenticated_pending", json_number(h->unauthenticated));
}

static void signer_findings(json_t *claim, const struct history_check *h) {
    const struct history_report *r = &h->report;
    for (size_t i = 0; i < r->text_count && i < HISTORY_TEXTS_MAX; i++)
        json_say(claim, "findings", "%s", r->text[i]);
    for (size_t i = 0; i < r->note_count && i < HISTORY_TEXTS_MAX; i++)
        json_say(claim, "findings", "%s", r->note[i]);
    if (r->clock_free > 0)
        json_say(claim, "findings",
                 "%" PRIu64 " entries were made while nothing kept the machine's clock right",
                 r->clock_free);
    if (h->unauthenticated > 0)
        json_say(claim, "findings", "%" PRIu64 " failed unlocks are not in the ledger yet",
                 h->unauthenticated);
}

/* An entry that could not be looked at is no good signature, and no bad one either. */
static const char *signer_verdict(const struct history_check *h, ex_code *ret_code) {
    const struct history_report *r = &h->report;
    bool good =
        r->signatures_bad == 0 && r->rules_broken == 0 && r->unreadable == 0 && r->misplaced == 0;
    bool all = r->signatures_good + r->signatures_bad > 0 && r->entries == h->size;
    *ret_code = !good ? EX_SIGNATURE : all ? EX_OK : EX_PARTIAL;
    if (!good)
        return "bad-signature";
    return all ? "good" : r->signatures_good > 0 ? "partly-checked" : "not-checked";
}

json_t *claim_signers(const struct history_check *h, int64_t now_ns, ex_code *verdict) {
    ex_code code, cosigned_code;
    const char *word = signer_verdict(h, &code);
    json_t *claim = json_claim(word, now_ns, signer_counts(h));
    signer_findings(claim, h);
    if (h->report.entries < h->size)
        json_say(claim, "not_checked", "%" PRIu64 " of %" PRIu64 " entries could not be looked at",
                 h->size - h->report.entries, h->size);
    if (!h->key_given)
        json_say(claim, "not_checked",
                 "whether the vault key is the one on paper (none was given: --key); the keys come "
                 "from the vault itself");
    const char *cosigned = claim_cosigned(claim, h, &cosigned_code);
    if (cosigned != NULL &&
        (code == EX_OK || (code == EX_PARTIAL && cosigned_code == EX_SIGNATURE)))
        json_object_set_new(claim, "verdict", json_string(cosigned));
    claim_worse(verdict, code);
    claim_worse(verdict, cosigned_code);
    json_say(claim, "does_not_prove",
             "that the times are right: they are what this machine's clock said");
    json_say(claim, "does_not_prove",
             "that the person named held the key: only that the key enrolled for that name signed");
    return claim;
}
