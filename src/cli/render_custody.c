/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about hand-overs and custody. */
#include "cli/render.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    const char *state, *shown;
} states[] = {
    {"offered", N_("offered, not answered yet")},
    {"withdrawn", N_("withdrawn by the giver")},
    {"accepted", N_("accepted")},
    {"accepted-with-exception", N_("accepted WITH AN EXCEPTION")},
    {"refused", N_("REFUSED")},
    {"lapsed", N_("not answered; the item was disposed of")},
};

static const char *state_text(const json_t *handover) {
    const char *word = page_text_or(handover, "state", "?");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].state, word) == 0)
            return _(states[i].shown);
    return word;
}

static bool state_is(const json_t *handover, const char *word) {
    return strcmp(page_text_or(handover, "state", ""), word) == 0;
}

/* The first digits, by which the commands know it too. */
static const char *short_id(char to[static 9], const json_t *handover) {
    (void)snprintf(to, 9, "%.8s", page_text_or(handover, "id", "?"));
    return to;
}

static void put_text(struct cli_page *page, const char *name, const json_t *value,
                     const char *path) {
    if (page_has(value, path))
        page_field(page, name, "%s", page_text_or(value, path, ""));
}

static void put_words(struct cli_page *page, const char *name, const json_t *list) {
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(list, i, one)
        page_field(page, i == 0 ? name : "", "%s", json_string_value(one));
}

static void put_time(struct cli_page *page, const char *name, const json_t *value,
                     const char *path) {
    char time[PAGE_TIME_BYTES];
    if (page_has(value, path))
        page_field(page, name, "%s", page_time_text(time, page_text(value, path), NULL));
}

static void put_item(struct cli_page *page, const json_t *item) {
    char number[CLI_NUMBER_BYTES];
    const json_t *match = page_get(item, "match");
    const char *bytes = json_is_true(page_get(item, "physical")) ? _("physical")
                        : json_is_true(match)                    ? _("hashed, and the same")
                        : json_is_false(match)                   ? _("THE BYTES ARE NOT THE SAME")
                                                                 : NULL;
    page_say(page, 2, "%s%s%s", page_text_or(item, "label", "?"), bytes != NULL ? ": " : "",
             bytes != NULL ? bytes : "");
    page_say(page, 4, _("offered in entry %s"), page_number_text(number, item, "offer"));
    if (page_has(item, "answer"))
        page_say(page, 4, _("answered in entry %s"), page_number_text(number, item, "answer"));
    if (json_is_false(match)) {
        page_hash(page, 4, _("SHA-256 before"), page_text(item, "sha256_before"));
        if (page_has(item, "sha256_after"))
            page_hash(page, 4, _("SHA-256 found"), page_text(item, "sha256_after"));
        else
            page_say(page, 4, "%s", _("not all of it can be read"));
    }
}

static bool goes(const json_t *handover, const char *direction) {
    return strcmp(page_text_or(handover, "direction", ""), direction) == 0;
}

static void put_parties(struct cli_page *page, const json_t *handover) {
    put_text(page, _("From"), handover, "giver.name");
    put_text(page, _("  of"), handover, "giver_agency");
    if (!goes(handover, "in"))
        put_text(page, _("To"), handover, "taker.name");
    put_text(page, _("To"), handover, "to_outside.officer");
    put_text(page, _("  of"), handover, "to_outside.agency");
    put_text(page, _("  vault"), handover, "to_outside.log");
}

/* What the giver's ledger said of our answer. */
static void put_confirmation(struct cli_page *page, const json_t *handover) {
    bool accepted = state_is(handover, "accepted") || state_is(handover, "accepted-with-exception");
    const char *word = page_text_or(handover, "confirmation", "");
    if (!goes(handover, "in") || state_is(handover, "offered"))
        return;
    put_text(page, _("Answered by"), handover, "taker.name");
    if (strcmp(word, "done") == 0)
        put_time(page, _("Held since"), handover, "taken_over");
    page_field(page, _("The giver's ledger"), "%s",
               strcmp(word, "done") == 0      ? _("has entered the receipt: it passed then")
               : strcmp(word, "refused") == 0 ? _("says that it did not pass: the giver holds it")
               : accepted ? _("NOT KNOWN: the giver or the taker holds it, until it confirms")
                          : _("has not confirmed yet; the giver holds it"));
}

/* Seals that the offer does not name are compared by nobody. */
static void put_seals(struct cli_page *page, const json_t *handover) {
    size_t i = 0;
    json_t *item = NULL;
    bool physical = false;
    json_array_foreach(page_get(handover, "items"), i, item) physical =
        physical || json_is_true(page_get(item, "physical"));
    if (physical && json_array_size(page_get(handover, "seals")) == 0)
        page_field(page, _("Seals"), "%s", _("not named in the offer"));
    put_words(page, _("Seals"), page_get(handover, "seals"));
}

static void put_handover(struct cli_page *page, const json_t *handover) {
    size_t i = 0;
    json_t *item = NULL;
    put_parties(page, handover);
    put_time(page, _("Offered"), handover, "offered");
    put_text(page, _("Purpose"), handover, "purpose");
    put_text(page, _("Legal basis"), handover, "legal_basis");
    put_text(page, _("Way"), handover, "way");
    put_seals(page, handover);
    put_text(page, _("Place"), handover, "place");
    put_time(page, _("Answered"), handover, "answered");
    put_words(page, _("Seals found"), page_get(handover, "seals_found"));
    put_text(page, _("Place of the answer"), handover, "place_of_answer");
    put_text(page, _("Exception"), handover, "exception");
    put_text(page, _("Reason"), handover, "reason");
    put_confirmation(page, handover);
    put_text(page, _("DAMAGED"), handover, "damaged");
    page_say(page, 0, _("Items"));
    json_array_foreach(page_get(handover, "items"), i, item) put_item(page, item);
}

/* Between two vaults something always has to be carried to the other one. */
static bool put_next_outside(struct cli_page *page, const json_t *handover, const char *name) {
    bool offered = state_is(handover, "offered");
    if (goes(handover, "out") && offered)
        page_next(page, _("pack it: exhibit package create --handover %s --to age1… --output FILE"),
                  name);
    else if (goes(handover, "out"))
        page_next(page,
                  _("the other vault needs the confirmation: exhibit handover receipt %s "
                    "--output FILE"),
                  name);
    else if (goes(handover, "in") && !offered && !page_has(handover, "confirmation"))
        page_next(page,
                  _("the giver needs the receipt (exhibit handover receipt %s --output FILE); "
                    "what comes back goes in by exhibit handover enter FILE"),
                  name);
    else
        return false;
    return true;
}

static void put_next(struct cli_page *page, const json_t *result, const json_t *handover) {
    char name[9];
    const json_t *item = json_array_get(page_get(handover, "items"), 0);
    const char *label = page_text_or(item, "label", "?");
    short_id(name, handover);
    if (page_has(result, "output")) {
        page_next(page, _("it goes to the other vault; there: exhibit handover enter %s"),
                  page_text_or(result, "output", "?"));
        return;
    }
    if (put_next_outside(page, handover, name))
        return;
    if (state_is(handover, "offered"))
        page_next(page,
                  _("the taker signs: exhibit handover accept %s --officer NAME, or refuse %s"),
                  name, name);
    else if (state_is(handover, "refused") || state_is(handover, "withdrawn"))
        page_next(page, _("the giver still holds it: exhibit handover offer %s"), label);
    else
        page_next(page, _("exhibit custody log %s shows who held it, and when"), label);
}

void render_handover(struct cli_page *page, const json_t *result) {
    const json_t *handover = page_get(result, "handover");
    char name[9];
    page_say(page, 0, _("Hand-over %s: %s."), short_id(name, handover), state_text(handover));
    if (json_is_false(page_get(result, "entered")))
        page_say(page, 0, "%s", _("It was entered before; nothing changed."));
    page_gap(page);
    put_handover(page, handover);
    put_text(page,
             strcmp(page_text_or(result, "output_is", ""), "receipt") == 0 ? _("Receipt")
                                                                           : _("Confirmation"),
             result, "output");
    page_gap(page);
    page_recorded(page, result);
    put_next(page, result, handover);
}

void render_handover_list(struct cli_page *page, const json_t *result) {
    const json_t *list = page_get(result, "handovers");
    size_t i = 0;
    json_t *handover = NULL;
    if (json_array_size(list) == 0) {
        page_say(page, 0, _("There are no hand-overs."));
        page_next(page,
                  _("offer an item to another officer: exhibit handover offer ITEM --to NAME"));
    }
    json_array_foreach(list, i, handover) {
        char name[9];
        if (i > 0)
            page_gap(page);
        page_say(page, 0, "%s  %s", short_id(name, handover), state_text(handover));
        put_handover(page, handover);
    }
    page_recorded_talk(page, result);
}

/* ---- who held it ---- */

static const char *holder_text(const json_t *period) {
    const char *kind = page_text_or(period, "holder", "");
    return strcmp(kind, "officer") == 0 ? page_text_or(period, "officer.name", "?")
           : strcmp(kind, "outside") == 0
               ? page_text_or(period, "from_outside.agency",
                              page_text_or(period,
                                           page_has(period, "from_outside") ? "from_outside.log"
                                                                            : "to_outside.agency",
                                           _("a party outside this vault")))
           : strcmp(kind, "gap") == 0 ? _("NOBODY: A GAP")
                                      : _("NOT KNOWN: the giver outside, or who accepted it here");
}

static void put_instant(struct cli_page *page, const json_t *period, const char *name,
                        const char *path, const char *elsewhere, const char *entry) {
    char time[PAGE_TIME_BYTES], number[CLI_NUMBER_BYTES];
    page_time_text(time, page_text(period, path), NULL);
    page_number_text(number, period, entry);
    if (!page_has(period, entry))
        page_say(page, 2, "%s %s", name, _("now"));
    else if (json_is_true(page_get(period, elsewhere)))
        page_say(page, 2, _("%s %s, by the clock of the other vault (entry %s says it)"), name,
                 time, number);
    else
        page_say(page, 2, _("%s %s, entry %s"), name, time, number);
}

static void put_passing(struct cli_page *page, const json_t *period) {
    static const struct {
        const char *key, *name;
    } texts[] = {{"purpose", N_("for")},
                 {"legal_basis", N_("on the basis of")},
                 {"way", N_("way")},
                 {"place", N_("place")},
                 {"place_of_answer", N_("taken at")},
                 {"exception", N_("WITH AN EXCEPTION")},
                 {"reason", N_("reason")},
                 {"damaged", N_("DAMAGED")}};
    char offer[CLI_NUMBER_BYTES], answer[CLI_NUMBER_BYTES];
    page_say(page, 2, _("by %s"), page_text_or(period, "event", "?"));
    page_number_text(offer, period, "offer_entry");
    page_number_text(answer, period, "answer_entry");
    if (page_has(period, "handover") && page_has(period, "answer_entry"))
        page_say(page, 2, _("hand-over %.8s, offered in entry %s, answered in entry %s"),
                 page_text_or(period, "handover", "?"), offer, answer);
    else if (page_has(period, "handover"))
        page_say(page, 2, _("offered in hand-over %.8s, with entry %s"),
                 page_text_or(period, "handover", "?"), offer);
    for (size_t n = 0; n < sizeof texts / sizeof texts[0]; n++)
        if (page_has(period, texts[n].key))
            page_say(page, 2, "%s: %s", _(texts[n].name), page_text_or(period, texts[n].key, ""));
    if (json_is_false(page_get(period, "match")))
        page_say(page, 2, "%s", _("THE BYTES WERE NOT THE SAME"));
}

void page_custody(struct cli_page *page, const json_t *custody) {
    char time[PAGE_TIME_BYTES], number[CLI_NUMBER_BYTES];
    size_t i = 0;
    json_t *period = NULL;
    if (!json_is_object(custody)) {
        page_say(page, 0, "%s",
                 _("NO CUSTODY IS KNOWN: the entry that brought it in is not good."));
        return;
    }
    page_say(page, 0,
             _("Known to this ledger since %s, entry %s; nothing is known of the time before."),
             page_time_text(time, page_text(custody, "known_since"), NULL),
             page_number_text(number, custody, "known_since_entry"));
    json_array_foreach(page_get(custody, "periods"), i, period) {
        page_say(page, 0, "%zu. %s", i + 1, holder_text(period));
        put_instant(page, period, _("from"), "from", "from_elsewhere", "from_entry");
        put_instant(page, period, _("until"), "until", "until_elsewhere", "until_entry");
        put_passing(page, period);
    }
    if (page_has(custody, "ended_entry"))
        page_say(page, 0, _("Disposed of, by entry %s."),
                 page_number_text(number, custody, "ended_entry"));
    if (page_has(custody, "open_offer"))
        page_say(page, 0, _("Offered to %s in entry %s (hand-over %.8s), and not answered yet."),
                 page_text_or(custody, "open_offer.taker.name", _("another vault")),
                 page_number_text(number, custody, "open_offer.offer_entry"),
                 page_text_or(custody, "open_offer.handover", "?"));
}

/* ---- custody check ---- */

static const char *custody_verdict(const json_t *item) {
    static const struct {
        const char *word, *shown;
    } words[] = {{"unbroken", N_("unbroken: one holder at each instant")},
                 {"gap", N_("A GAP: at some time nobody held it")},
                 {"not-known", N_("NOT KNOWN at some time who held it")},
                 {"bad-signature", N_("ENTRIES ABOUT IT ARE NOT GOOD")}};
    const char *word = page_text_or(item, "verdict", "?");
    for (size_t n = 0; n < sizeof words / sizeof words[0]; n++)
        if (strcmp(words[n].word, word) == 0)
            return _(words[n].shown);
    return word;
}

static void put_checked(struct cli_page *page, const json_t *item) {
    char time[PAGE_TIME_BYTES], number[CLI_NUMBER_BYTES];
    const json_t *custody = page_get(item, "custody");
    page_say(page, 0, "%s: %s", page_text_or(item, "label", "?"), custody_verdict(item));
    if (json_is_object(custody)) {
        page_say(page, 2, _("known since %s, entry %s; not before"),
                 page_time_text(time, page_text(custody, "known_since"), NULL),
                 page_number_text(number, custody, "known_since_entry"));
        page_say(page, 2, _("holders, one after the other: %zu"),
                 json_array_size(page_get(custody, "periods")));
    }
    page_list(page, 2, _("to be known of it:"), page_get(item, "findings"));
}

static void put_claim_line(struct cli_page *page, const char *name, const json_t *claim) {
    const char *verdict = page_text_or(claim, "verdict", "not-checked");
    page_field(page, name, "%s", verdict);
    if (strcmp(verdict, "good") != 0)
        page_list(page, 2, _("found:"), page_get(claim, "findings"));
}

void render_custody_check(struct cli_page *page, const json_t *result) {
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(page_get(result, "items"), i, item) put_checked(page, item);
    if (i == 0)
        page_say(page, 0, "%s", _("There are no items."));
    page_gap(page);
    put_claim_line(page, _("Ledger"), page_get(result, "claims.history"));
    put_claim_line(page, _("Signers and rules"), page_get(result, "claims.signers"));
    page_list(page, 0, _("this does not prove:"), page_get(result, "does_not_prove"));
    page_recorded_talk(page, result);
    page_next(page, _("exhibit custody log ITEM shows who held it, and how it passed"));
}

/* ---- custody form ---- */

void render_custody_form(struct cli_page *page, const json_t *result) {
    const char *output = page_text_or(result, "output", "?");
    uint64_t gaps = page_number(result, "gaps"), unknown = page_number(result, "unknown");
    const json_t *finding;
    size_t i;
    page_field(page, _("Form"), "%s", strcmp(output, "-") == 0 ? _("on standard output") : output);
    page_field(page, _("Item"), "%s", page_text_or(result, "item.label", "?"));
    page_field(page, _("Holders"), "%" PRIu64, page_number(result, "holders"));
    if (gaps > 0)
        page_field(page, _("GAPS"), _("%" PRIu64 ", in which nobody was answerable"), gaps);
    if (unknown > 0)
        page_field(page, _("NOT KNOWN"), _("%" PRIu64 " times who held it"), unknown);
    json_array_foreach(page_get(result, "findings"), i, finding) {
        page_field(page, _("FAULT"), "%s", json_string_value(finding));
    }
    page_gap(page);
    page_recorded_talk(page, result);
}
