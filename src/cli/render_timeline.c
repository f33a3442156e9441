/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of timeline and timeline export: json.md §4.16. Every path in them comes out of evidence.
 */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

enum { DATE_BYTES = 10, WHEN_COLUMNS = 18 };

/* ---- what it is of ---- */

static void put_item(struct cli_page *page, const json_t *item) {
    char entry[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    const char *label = page_text_or(item, "label", "?");
    if (page_has(item, "examination.damaged_later"))
        page_say(page, 0,
                 _("WHAT A LATER EXAMINATION OF ITEM %s FOUND (entry %s) IS DAMAGED OR GONE. This "
                   "is an earlier one."),
                 label, page_number_text(entry, item, "examination.damaged_later"));
    page_say(page, 0, _("Item %s, as examined %s (profile %s, ledger entry %s)"), label,
             page_time_text(time, page_text(item, "examination.time"), NULL),
             page_text_or(item, "examination.profile", "?"),
             page_number_text(entry, item, "examination.entry"));
    if (strcmp(page_text_or(item, "examination.result", ""), "done") != 0)
        page_say(page, 2,
                 _("Not everything of it could be examined, so times may be missing: exhibit trace "
                   "list %s --kind error"),
                 label);
}

static void put_items(struct cli_page *page, const json_t *result) {
    const json_t *item;
    size_t i;
    json_array_foreach(page_get(result, "items"), i, item) put_item(page, item);
}

static void put_near_ends(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    if (page_number(result, "near_ends") > 0)
        page_say(page, 0,
                 _("Near the ends: %s local times that are left out, and would be inside in some "
                   "zone (--zone)"),
                 page_number_text(number, result, "near_ends"));
}

/* ---- a time ---- */

static bool is_local(const json_t *time) {
    return strcmp(page_text_or(time, "zone", ""), "local") == 0;
}

/* "07:08:10.123"; "(date only)"; or, out of range, seconds. */
static void when(char *to, size_t size, const json_t *time) {
    const char *shown = page_text(time, "shown");
    if (shown == NULL)
        (void)snprintf(to, size, _("%lld s since 1970"),
                       (long long)json_integer_value(page_get(time, "seconds")));
    else if (strlen(shown) <= DATE_BYTES)
        (void)snprintf(to, size, "%s", _("(date only)"));
    else
        (void)snprintf(to, size, "%s", shown + DATE_BYTES + 1);
}

static void put_heading(struct cli_page *page, const json_t *time, char last[static 40]) {
    char heading[40];
    const char *shown = page_text(time, "shown");
    bool early = json_integer_value(page_get(time, "seconds")) < 0;
    (void)snprintf(heading, sizeof heading, "%.*s",
                   shown != NULL ? DATE_BYTES : (int)sizeof heading - 1,
                   shown != NULL ? shown
                   : early       ? _("before the year 0")
                                 : _("after the year 9999"));
    if (strcmp(heading, last) == 0)
        return;
    page_gap(page);
    page_say(page, 0, "%s", heading);
    memcpy(last, heading, sizeof heading);
}

static void put_time(struct cli_page *page, const json_t *time, bool zoned) {
    char at[64];
    const char *state = page_text_or(time, "state", "?");
    bool allocated = strcmp(state, "allocated") == 0;
    when(at, sizeof at, time);
    page_say(page, 2, "%-*s %s%-9s  %s, %s%s%s  %s  %s", WHEN_COLUMNS, at,
             is_local(time) && !zoned ? _("local  ") : "", page_text_or(time, "what", "?"),
             page_text_or(time, "source", "?"), page_text_or(time, "confidence", "?"),
             allocated ? "" : ", ", allocated ? "" : state, page_text_or(time, "item", "?"),
             page_text_or(time, "path", "?"));
}

static void put_zone(struct cli_page *page, const json_t *result) {
    const char *zone = page_text(result, "zone");
    if (zone != NULL)
        page_say(page, 0,
                 _("Times are shown in the zone %s. Local ones are taken to be of that zone, which "
                   "nothing in the items says."),
                 zone);
    else
        page_say(page, 0,
                 _("Times are in UTC. Those marked \"local\" stand as they are written, in a zone "
                   "that is not known: --zone."));
}

void render_timeline(struct cli_page *page, const json_t *result) {
    char last[40] = "", number[CLI_NUMBER_BYTES];
    const json_t *time;
    size_t i;
    put_items(page, result);
    put_zone(page, result);
    json_array_foreach(page_get(result, "times"), i, time) {
        put_heading(page, time, last);
        put_time(page, time, page_has(result, "zone"));
    }
    page_gap(page);
    if (page_number(result, "matched") == 0)
        page_say(page, 0, "%s", _("There are no such times."));
    if (page_number(result, "left_out") > 0)
        page_say(page, 0,
                 _("… and %s more: --limit shows more of them, exhibit timeline export all"),
                 page_number_text(number, result, "left_out"));
    put_near_ends(page, result);
    page_say(page, 0, "%s", _("What a time proves, and what the words mean: docs/timeline.md"));
    page_recorded_talk(page, result);
}

/* ---- timeline export ---- */

static void put_left(struct cli_page *page, const json_t *result, const char *key,
                     const char *why) {
    char number[CLI_NUMBER_BYTES];
    const json_t *left = page_get(result, "no_place");
    if (page_number(left, key) > 0)
        page_field(page, _("No place in it"), "%s: %s", page_number_text(number, left, key), why);
}

void render_timeline_export(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    put_items(page, result);
    page_gap(page);
    page_field(page, _("Copy"), "%s",
               output == NULL             ? "?"
               : strcmp(output, "-") == 0 ? _("standard output")
                                          : output);
    page_field(page, _("Form"), "%s", page_text_or(result, "format", "?"));
    page_field(page, _("Times in it"), "%s", page_number_text(number, result, "times"));
    put_left(page, result, "zone_unknown", _("local times, whose zone is not known (--zone)"));
    put_left(page, result, "date_only", _("dates without a time"));
    put_left(page, result, "out_of_range", _("outside of the years 0 to 9999"));
    put_left(page, result, "no_field", _("kinds of times that this form does not have"));
    page_field(page, _("Size"), "%s", page_size_text(size, result, "size_bytes"));
    page_hash(page, 0, _("SHA-256 of the copy"), page_text(result, "sha256"));
    put_near_ends(page, result);
    page_gap(page);
    page_recorded(page, result);
}

/* ---- report machine ---- */

void render_report_machine(struct cli_page *page, const json_t *result) {
    char size[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES], entry[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    const json_t *finding;
    size_t i;
    page_field(page, _("Report"), "%s",
               output == NULL             ? "?"
               : strcmp(output, "-") == 0 ? _("on standard output")
                                          : output);
    page_field(page, _("Item"), "%s", page_text_or(result, "item.label", "?"));
    page_field(page, _("Examined"), _("%s (profile %s, ledger entry %s)"),
               page_time_text(time, page_text(result, "examination.time"), NULL),
               page_text_or(result, "examination.profile", "?"),
               page_number_text(entry, result, "examination.entry"));
    page_field(page, _("Size"), "%s", page_size_text(size, result, "size_bytes"));
    page_hash(page, 0, _("SHA-256 of the report"), page_text(result, "sha256"));
    json_array_foreach(page_get(result, "findings"), i, finding) {
        page_field(page, _("FAULT"), "%s", json_string_value(finding));
    }
    page_gap(page);
    page_recorded(page, result);
}
