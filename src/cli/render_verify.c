/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of verify and ledger verify: three claims that are never mixed into one. */
#include "cli/render.h"

#include <string.h>

/* ---- words ---- */

static const struct {
    const char *word, *shown;
} verdicts[] = {
    {"good", N_("good")},
    {"altered", N_("ALTERED")},
    {"missing", N_("MISSING")},
    {"partly-checked", N_("only partly checked")},
    {"not-checked", N_("not checked")},
    {"disposed", N_("disposed of")},
    {"physical", N_("physical: nothing to hash")},
    {"partly-disposed", N_("DISPOSED OF IN PART")},
    {"bad-signature", N_("BAD SIGNATURE")},
    {"not-cosigned", N_("NOT COSIGNED as the policy asks")},
};

static const char *verdict_text(const json_t *value) {
    const char *word = page_text_or(value, "verdict", "not-checked");
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (strcmp(verdicts[i].word, word) == 0)
            return _(verdicts[i].shown);
    return word;
}

static bool is_good(const json_t *value) {
    return strcmp(page_text_or(value, "verdict", "not-checked"), "good") == 0;
}

static bool is_bad(const json_t *value) {
    const char *word = page_text_or(value, "verdict", "not-checked");
    return strcmp(word, "altered") == 0 || strcmp(word, "missing") == 0 ||
           strcmp(word, "bad-signature") == 0;
}

/* ---- claims ---- */

struct count {
    const char *key, *name;
    bool bytes;
};

static const struct count content_counts[] = {
    {"items", N_("items"), false},
    {"items_good", N_("items good"), false},
    {"items_disposed", N_("items disposed of"), false},
    {"items_physical", N_("items physical"), false},
    {"chunks", N_("chunks read"), false},
    {"bytes_read", N_("read from the disk"), true},
    {"bytes_constant", N_("described, not stored (one repeated byte)"), true},
    {"bytes_unreadable_at_collection", N_("never read from the source"), true},
    {NULL, NULL, false},
};

static const struct count history_counts[] = {
    {"entries", N_("entries"), false},
    {"tiles", N_("hash tiles"), false},
    {"bodies", N_("bodies"), false},
    {"bodies_erased", N_("bodies erased by law"), false},
    {"bodies_missing", N_("bodies missing"), false},
    {"bodies_altered", N_("bodies altered"), false},
    {"bodies_locked", N_("bodies not read"), false},
    {"open_intents", N_("acts begun and not ended"), false},
    {"beyond", N_("entries beyond the signed head"), false},
    {NULL, NULL, false},
};

static const struct count signers_counts[] = {
    {"signatures_good", N_("good signatures"), false},
    {"signatures_bad", N_("bad signatures"), false},
    {"officers", N_("officers"), false},
    {"sessions", N_("sessions"), false},
    {"cosigners", N_("outside cosigners"), false},
    {"cosigners_of_vault", N_("cosigners known by the vault alone"), false},
    {"clock_back", N_("entries where the clock went back"), false},
    {"clock_jumped", N_("entries where the clock jumped ahead"), false},
    {"clock_free", N_("entries by a clock that nothing sets"), false},
    {"unauthenticated_pending", N_("failed unlocks not yet in the ledger"), false},
    {NULL, NULL, false},
};

static const struct claim {
    const char *key, *title, *question;
    const struct count *counts;
} claims_table[] = {
    {"content", N_("Content"), N_("are the bytes those that were collected?"), content_counts},
    {"history", N_("History"), N_("is the ledger whole, in order and unchanged?"), history_counts},
    {"signers", N_("Signers and time"), N_("who signed, and by which clock?"), signers_counts},
};

/* Of a package: what came with it. */
static const struct count package_content_counts[] = {
    {"items", N_("items with bytes"), false},
    {"items_good", N_("items good"), false},
    {"files", N_("files"), false},
    {"bytes_read", N_("evidence read"), true},
    {"bytes_unreadable_at_collection", N_("never read from the source"), true},
    {NULL, NULL, false},
};

static const struct count package_history_counts[] = {
    {"entries", N_("entries in the package"), false},
    {"proved", N_("of them proved to be in the ledger"), false},
    {"ledger_size", N_("entries that the ledger had"), false},
    {"bodies", N_("bodies"), false},
    {"sections_withheld", N_("sections withheld"), false},
    {NULL, NULL, false},
};

static const struct count package_signers_counts[] = {
    {"signatures_good", N_("good signatures"), false},
    {"signatures_bad", N_("bad signatures"), false},
    {"officers", N_("officers"), false},
    {"sessions", N_("sessions"), false},
    {NULL, NULL, false},
};

static const struct claim package_claims_table[] = {
    {"content", N_("Content"), N_("are the bytes those that the sender's ledger names?"),
     package_content_counts},
    {"history", N_("History"), N_("do these entries stand in the sender's ledger?"),
     package_history_counts},
    {"signers", N_("Signers"), N_("who signed the entries and the package?"),
     package_signers_counts},
};

static void put_counts(struct cli_page *page, const struct count *counts, const json_t *claim) {
    const json_t *values = page_get(claim, "counts");
    for (const struct count *c = counts; c->key != NULL; c++) {
        char number[CLI_NUMBER_BYTES];
        bool rare = strcmp(c->key, "items_disposed") == 0 ||
                    strcmp(c->key, "items_physical") == 0 ||
                    strcmp(c->key, "cosigners_of_vault") == 0;
        if (rare && page_number(values, c->key) == 0)
            continue; /* said only when there are any */
        if (c->bytes)
            page_size_text(number, values, c->key);
        else
            page_number_text(number, values, c->key);
        page_say(page, 2, "%s: %s", _(c->name), number);
    }
}

static void put_claim(struct cli_page *page, const struct claim *kind, const json_t *claim) {
    char time[PAGE_TIME_BYTES];
    page_say(page, 0, "%s: %s", _(kind->title), verdict_text(claim));
    page_say(page, 2, "%s", _(kind->question));
    if (claim == NULL)
        return;
    page_time_text(time, page_text(claim, "checked_at"), NULL);
    page_say(page, 2, _("checked %s"), time);
    put_counts(page, kind->counts, claim);
    page_list(page, 2, _("found:"), page_get(claim, "findings"));
    page_list(page, 2, _("not checked:"), page_get(claim, "not_checked"));
    page_list(page, 2, _("this does not prove:"), page_get(claim, "does_not_prove"));
}

enum { CLAIMS = sizeof claims_table / sizeof claims_table[0] };

static void put_claims(struct cli_page *page, const struct claim *table, const json_t *claims,
                       size_t first) {
    for (size_t i = first; i < CLAIMS; i++) {
        if (i > first)
            page_gap(page);
        put_claim(page, &table[i], page_get(claims, table[i].key));
    }
}

void render_claims(struct cli_page *page, const json_t *claims) {
    put_claims(page, claims_table, claims, 0);
}

void render_package_claims(struct cli_page *page, const json_t *claims) {
    put_claims(page, package_claims_table, claims, 0);
}

/* ---- items ---- */

static void put_match(struct cli_page *page, const char *name, const json_t *answer) {
    if (json_is_boolean(answer))
        page_say(page, 4, "%s: %s", name,
                 json_is_true(answer) ? _("matches") : _("DOES NOT MATCH"));
    else
        page_say(page, 4, "%s: %s", name, _("not computed"));
}

static void put_damaged(struct cli_page *page, const json_t *item) {
    const json_t *list = page_get(item, "damaged");
    size_t i = 0;
    json_t *range = NULL;
    json_array_foreach(list, i, range) {
        char length[CLI_NUMBER_BYTES];
        char offset[CLI_NUMBER_BYTES];
        page_say(page, 4, _("damaged: %s from byte %s: %s"),
                 page_size_text(length, range, "length"), page_number_text(offset, range, "offset"),
                 page_text_or(range, "why", "?"));
    }
    uint64_t count = page_number(item, "damaged_count");
    if (count > json_array_size(list)) {
        char more[CLI_NUMBER_BYTES];
        page_say(page, 4, _("and %s more damaged places"),
                 cli_number(more, count - json_array_size(list)));
    }
}

static void put_item(struct cli_page *page, const json_t *item) {
    char chunks[CLI_NUMBER_BYTES];
    char bytes[CLI_NUMBER_BYTES];
    page_say(page, 2, "%s: %s", page_text_or(item, "label", "?"), verdict_text(item));
    if (strcmp(page_text_or(item, "verdict", ""), "physical") == 0)
        return;
    page_say(page, 4, _("%s read; chunks: %s"), page_size_text(bytes, item, "bytes_read"),
             page_number_text(chunks, item, "chunks"));
    put_match(page, _("fs-verity digest"), page_get(item, "fsverity_matches"));
    put_match(page, _("SHA-256 of the whole"), page_get(item, "linear_matches"));
    if (page_number(item, "unreadable_bytes") > 0)
        page_say(page, 4, _("never read from the source: %s"),
                 page_size_text(bytes, item, "unreadable_bytes"));
    page_not_read(page, 4, page_get(item, "not_read"));
    put_damaged(page, item);
}

/* ---- pages ---- */

static void put_advice(struct cli_page *page, const json_t *claims, bool with_content) {
    const json_t *content = page_get(claims, "content");
    const json_t *history = page_get(claims, "history");
    const json_t *signers = page_get(claims, "signers");
    if (is_bad(content) || is_bad(history) || is_bad(signers))
        page_next(page, _("change nothing: make a copy of the whole medium first, then "
                          "`exhibit vault check --deep` names what is damaged"));
    else if ((!with_content || is_good(content)) && is_good(history) && is_good(signers))
        page_next(page, _("keep the signed head somewhere else: exhibit ledger checkpoint"));
}

void render_verify(struct cli_page *page, const json_t *result) {
    const json_t *claims = page_get(result, "claims");
    render_claims(page, claims);
    const json_t *items = page_get(result, "items");
    if (json_array_size(items) > 0) {
        page_gap(page);
        page_say(page, 0, _("Items"));
    }
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(items, i, item) {
        put_item(page, item);
    }
    page_gap(page);
    page_recorded(page, result);
    put_advice(page, claims, true);
}

void render_ledger_verify(struct cli_page *page, const json_t *result) {
    put_claims(page, claims_table, page_get(result, "claims"), 1);
    page_gap(page);
    page_prose(page, _("The bytes of the items were not looked at: `exhibit verify` does that."));
    put_advice(page, page_get(result, "claims"), false);
}
