/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about hand-overs. */
#include "cli/render.h"

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

static void put_handover(struct cli_page *page, const json_t *handover) {
    size_t i = 0;
    json_t *item = NULL;
    put_text(page, _("From"), handover, "giver.name");
    put_text(page, _("To"), handover, "taker.name");
    put_time(page, _("Offered"), handover, "offered");
    put_text(page, _("Purpose"), handover, "purpose");
    put_text(page, _("Legal basis"), handover, "legal_basis");
    put_text(page, _("Way"), handover, "way");
    put_words(page, _("Seals"), page_get(handover, "seals"));
    put_text(page, _("Place"), handover, "place");
    put_time(page, _("Answered"), handover, "answered");
    put_words(page, _("Seals found"), page_get(handover, "seals_found"));
    put_text(page, _("Place of the answer"), handover, "place_of_answer");
    put_text(page, _("Exception"), handover, "exception");
    put_text(page, _("Reason"), handover, "reason");
    put_text(page, _("DAMAGED"), handover, "damaged");
    page_say(page, 0, _("Items"));
    json_array_foreach(page_get(handover, "items"), i, item) put_item(page, item);
}

static void put_next(struct cli_page *page, const json_t *handover) {
    char name[9];
    const json_t *item = json_array_get(page_get(handover, "items"), 0);
    const char *label = page_text_or(item, "label", "?");
    short_id(name, handover);
    if (state_is(handover, "offered"))
        page_next(page, _("the taker signs: exhibit handover accept %s, or refuse %s"), name, name);
    else if (state_is(handover, "refused") || state_is(handover, "withdrawn"))
        page_next(page, _("the giver still holds it: exhibit handover offer %s"), label);
    else
        page_next(page, _("exhibit custody log %s shows who held it, and when"), label);
}

void render_handover(struct cli_page *page, const json_t *result) {
    const json_t *handover = page_get(result, "handover");
    char name[9];
    page_say(page, 0, _("Hand-over %s: %s."), short_id(name, handover), state_text(handover));
    page_gap(page);
    put_handover(page, handover);
    page_gap(page);
    page_recorded(page, result);
    put_next(page, handover);
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
