/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of rules…: json.md §4.19. */
#include "cli/render.h"

#include <string.h>

enum { SHOWN_PLACES = 3 };

static void put_rules(struct cli_page *page, const json_t *rules) {
    char number[CLI_NUMBER_BYTES];
    const json_t *source;
    size_t i;
    page_field(page, _("Rules"), "%s", page_text_or(rules, "name", "?"));
    page_field(page, _("How many"), "%s", page_number_text(number, rules, "rules"));
    page_field(page, _("Compiled by"), "%s", page_text_or(rules, "library", "?"));
    page_hash(page, 0, _("SHA-256 of the text"), page_text(rules, "sha256"));
    json_array_foreach(page_get(rules, "sources"), i, source) {
        page_field(page, _("Made of"), "%s", page_text_or(source, "path", "?"));
        page_hash(page, 2, _("SHA-256 of the file"), page_text(source, "sha256"));
    }
}

void render_rules_add(struct cli_page *page, const json_t *result) {
    page_say(page, 0, "%s", _("The vault has new rules."));
    page_gap(page);
    put_rules(page, page_get(result, "rules"));
    page_recorded(page, result);
    page_next(page, _("exhibit rules run ITEM --rules NAME"));
}

void render_rules_remove(struct cli_page *page, const json_t *result) {
    page_say(page, 0, "%s",
             _("The rules are no longer in use. Their text stays, for what was found with them."));
    page_gap(page);
    put_rules(page, page_get(result, "rules"));
    page_recorded(page, result);
}

void render_rules_list(struct cli_page *page, const json_t *result) {
    const json_t *list = page_get(result, "rules"), *one;
    char number[CLI_NUMBER_BYTES], entry[CLI_NUMBER_BYTES];
    size_t i;
    if (json_array_size(list) == 0)
        page_say(page, 0, "%s", _("The vault has no rules."));
    json_array_foreach(list, i, one) {
        page_say(page, 0, "%s", page_text_or(one, "name", "?"));
        page_say(page, 4, _("%s rules, ledger entry %s, SHA-256 %s"),
                 page_number_text(number, one, "rules"), page_number_text(entry, one, "entry"),
                 page_text_or(one, "sha256", "?"));
    }
    if (page_number(result, "entries_lost") > 0)
        page_say(page, 0,
                 _("THE LEDGER'S ENTRIES ABOUT RULES ARE DAMAGED (%s): there may be more rules."),
                 page_number_text(number, result, "entries_lost"));
    page_recorded_talk(page, result);
}

/* Line by line, for the page keeps control characters out. */
static void put_text(struct cli_page *page, const char *text) {
    while (*text != '\0') {
        int size = (int)strcspn(text, "\n");
        page_say(page, 0, "%.*s", size, text);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

void render_rules_show(struct cli_page *page, const json_t *result) {
    put_rules(page, page_get(result, "rules"));
    page_gap(page);
    put_text(page, page_text_or(result, "text", ""));
    page_recorded_talk(page, result);
}

static void put_totals(struct cli_page *page, const json_t *totals) {
    char number[CLI_NUMBER_BYTES], other[CLI_NUMBER_BYTES];
    page_field(page, _("Contents"), _("%s, each once; %s scanned"),
               page_number_text(number, totals, "contents"),
               page_number_text(other, totals, "scanned"));
    page_field(page, _("Matches"), _("%s, in %s contents"),
               page_number_text(number, totals, "matches"),
               page_number_text(other, totals, "matched"));
    if (page_number(totals, "not_scanned") > 0)
        page_field(page, _("NOT SCANNED"), _("%s contents: nothing is known of them"),
                   page_number_text(number, totals, "not_scanned"));
    if (page_number(totals, "not_listed") > 0)
        page_field(page, "", _("%s of them are not listed: the result has no room for them"),
                   page_number_text(number, totals, "not_listed"));
}

void render_rules_run(struct cli_page *page, const json_t *result) {
    const json_t *totals = page_get(result, "found");
    page_say(page, 0,
             page_number(totals, "not_scanned") > 0
                 ? _("Scanned %s with rules, BUT NOT ALL OF ITS CONTENTS.")
                 : _("Scanned %s with rules."),
             page_text_or(result, "label", "?"));
    page_gap(page);
    page_field(page, _("Rules"), "%s", page_text_or(page_get(result, "rules"), "name", "?"));
    put_totals(page, totals);
    page_field(page, _("Library"), "%s", page_text_or(result, "library", "?"));
    page_recorded(page, result);
    page_next(page, _("exhibit rules matches ITEM; what a match says: docs/rules.md"));
}

static void put_strings(struct cli_page *page, const json_t *line) {
    const json_t *one, *place;
    size_t i, n;
    json_array_foreach(page_get(line, "strings"), i, one) {
        char number[CLI_NUMBER_BYTES];
        page_say(page, 4, _("%s: %s times"), page_text_or(one, "id", "?"),
                 page_number_text(number, one, "count"));
        json_array_foreach(page_get(one, "at"), n, place) {
            if (n == SHOWN_PLACES)
                break;
            page_say(page, 6, _("at byte %lld, %lld bytes: %s"),
                     json_integer_value(json_array_get(place, 0)),
                     json_integer_value(json_array_get(place, 1)),
                     json_string_value(json_array_get(place, 2)));
        }
    }
}

static void put_line(struct cli_page *page, const json_t *line) {
    size_t also = json_array_size(page_get(line, "also")) + page_number(line, "also_left_out");
    page_say(page, 0, "%s  %s", page_text_or(line, "trace", "?"), page_text_or(line, "path", "?"));
    if (also > 0)
        page_say(page, 4, _("the same content in %zu more traces"), also);
}

void render_rules_matches(struct cli_page *page, const json_t *result) {
    const json_t *line;
    char number[CLI_NUMBER_BYTES];
    size_t i;
    json_array_foreach(page_get(result, "matches"), i, line) {
        put_line(page, line);
        page_say(page, 2, _("matches the rule %s"), page_text_or(line, "rule", "?"));
        put_strings(page, line);
    }
    if (page_number(result, "left_out") > 0)
        page_say(page, 0, _("… and %s more: --limit shows more of them"),
                 page_number_text(number, result, "left_out"));
    page_gap(page);
    json_array_foreach(page_get(result, "not_scanned"), i, line) {
        const json_t *why = page_get(line, "not_scanned");
        put_line(page, line);
        page_say(page, 2, _("NOT SCANNED (%s): %s"), page_text_or(why, "reason", "?"),
                 page_text_or(why, "text", "?"));
    }
    page_gap(page);
    page_field(page, _("Rules"), "%s",
               page_text_or(page_get(page_get(result, "scan"), "rules"), "name", "?"));
    put_totals(page, page_get(result, "totals"));
    page_field(page, _("Shown"), _("%s matches that were asked for"),
               page_number_text(number, result, "matched"));
    page_recorded_talk(page, result);
}
