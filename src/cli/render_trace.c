/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of examine and of trace…: json.md §4.15. Every name in them comes out of evidence. */
#include "cli/render.h"

#include "base/mem.h"
#include <string.h>

enum { SHORT_ID = 12 };

/* ---- examine ---- */

static void put_contents(struct cli_page *page, const char *name, const json_t *contents) {
    char count[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES];
    page_field(page, name, _("%s contents, %s"), page_number_text(count, contents, "contents"),
               page_size_text(size, contents, "bytes"));
}

static void put_counts(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], before[CLI_NUMBER_BYTES];
    page_field(page, _("Traces"), "%s", page_number_text(number, result, "traces"));
    page_field(page, _("  folders"), "%s", page_number_text(number, result, "directories"));
    page_field(page, _("  files"), "%s", page_number_text(number, result, "files"));
    page_field(page, _("  deleted"), "%s", page_number_text(number, result, "deleted"));
    if (page_number(result, "carved") > 0)
        page_field(page, _("  carved"), _("%s files that stand in space nothing claims"),
                   page_number_text(number, result, "carved"));
    put_contents(page, _("Hashed"), page_get(result, "hashed"));
    put_contents(page, _("  known or met again"), page_get(result, "remembered"));
    page_field(page, _("  not hashed"), "%s", page_number_text(number, result, "not_hashed"));
    if (page_number(result, "not_hashed_bad") > 0)
        page_field(page, _("  could not be"),
                   _("%s of these (docs/examining.md says how to see which)"),
                   page_number_text(number, result, "not_hashed_bad"));
    if (page_number(result, "looked_into") > 0)
        page_field(page, _("Looked into"), _("%s files that hold more (known from before: %s)"),
                   page_number_text(number, result, "looked_into"),
                   page_number_text(before, result, "looked_into_before"));
}

static void put_parsers(struct cli_page *page, const json_t *result) {
    const json_t *parser;
    size_t i;
    json_array_foreach(page_get(result, "parsers"), i, parser) {
        char version[CLI_NUMBER_BYTES], traces[CLI_NUMBER_BYTES];
        page_field(page, i == 0 ? _("Parsers") : "", _("%s %s: %s traces"),
                   page_text_or(parser, "name", "?"), page_number_text(version, parser, "version"),
                   page_number_text(traces, parser, "traces"));
    }
    page_field(page, _("  confined by"), "%s", page_text_or(result, "confinement", "?"));
}

static void put_problem(struct cli_page *page, const json_t *problem) {
    const char *path = page_text_or(problem, "path", _("where is not known"));
    page_say(page, 2, _("%s: %s (%s)"), page_text_or(problem, "reason", "?"),
             page_text_or(problem, "text", "?"), *path != '\0' ? path : _("in the item itself"));
}

static void put_problems(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    const json_t *list = page_get(result, "problem_list"), *problem;
    size_t i;
    if (page_number(result, "problem_count") == 0)
        return;
    page_gap(page);
    page_say(page, 0, _("Could not be examined: %s"),
             page_number_text(number, result, "problem_count"));
    json_array_foreach(list, i, problem) put_problem(page, problem);
    if (page_number(result, "problem_count") > json_array_size(list))
        page_say(page, 2, _("… and more: exhibit trace list %s --kind error"),
                 page_text_or(result, "item.label", "ITEM"));
}

void render_examine(struct cli_page *page, const json_t *result) {
    const char *label = page_text_or(result, "item.label", "?");
    bool truncated = json_is_true(page_get(result, "truncated"));
    bool whole = page_number(result, "problem_count") == 0 && !truncated &&
                 page_number(result, "not_hashed_bad") == 0;
    page_say(page, 0,
             whole       ? _("Examined item %s.")
             : truncated ? _("Examined item %s, BUT A LIMIT ENDED IT: there may be more.")
                         : _("Examined item %s, but not everything in it could be."),
             label);
    page_gap(page);
    page_field(page, _("Profile"), "%s", page_text_or(result, "profile", "?"));
    put_counts(page, result);
    put_parsers(page, result);
    page_hash(page, 0, _("SHA-256 of the result"), page_text(result, "sha256"));
    put_problems(page, result);
    page_gap(page);
    page_recorded(page, result);
    page_next(page, _("exhibit trace tree %s; what a trace proves: docs/examining.md"), label);
}

/* Of item show. */
void page_examinations(struct cli_page *page, const json_t *list) {
    const json_t *one;
    size_t i;
    if (json_array_size(list) == 0)
        page_field(page, _("Examined"), "%s", _("no"));
    json_array_foreach(list, i, one) {
        char entry[CLI_NUMBER_BYTES], traces[CLI_NUMBER_BYTES], problems[CLI_NUMBER_BYTES];
        char time[PAGE_TIME_BYTES];
        page_field(page, i == 0 ? _("Examined") : "",
                   _("%s, %s: %s traces, %s problems (ledger entry %s)"),
                   page_time_text(time, page_text(one, "time"), NULL),
                   page_text_or(one, "profile", "?"), page_number_text(traces, one, "traces"),
                   page_number_text(problems, one, "problem_count"),
                   page_number_text(entry, one, "entry"));
    }
}

/* ---- trace list, trace tree ---- */

/* "file, deleted"; what has no state of its own is there as such. */
static void put_kind(char *to, size_t size, const json_t *trace) {
    const char *state = page_text_or(trace, "state", "allocated");
    bool usual = strcmp(state, "allocated") == 0;
    (void)snprintf(to, size, "%.20s%s%.20s", page_text_or(trace, "kind", "?"), usual ? "" : ", ",
                   usual ? "" : state);
}

static void put_row(struct cli_page *page, const json_t *trace, size_t indent, const char *what) {
    char kind[48], size[CLI_NUMBER_BYTES];
    bool sized = page_has(trace, "size");
    put_kind(kind, sizeof kind, trace);
    if (sized)
        (void)cli_size_short(size, page_number(trace, "size"));
    if (page_has(trace, "error"))
        (void)snprintf(kind, sizeof kind, "error, %.30s", page_text_or(trace, "error.reason", "?"));
    page_say(page, indent, "%.*s  %s%s%s%s%s", (int)SHORT_ID, page_text_or(trace, "id", "?"), kind,
             sized ? ", " : "", sized ? size : "", *what != '\0' ? "  " : "", what);
    if (page_has(trace, "error"))
        page_say(page, indent + 2, "%s", page_text_or(trace, "error.text", "?"));
    page_listed_by(page, indent + 2, page_get(trace, "listed_by"));
}

static void put_head(struct cli_page *page, const json_t *result) {
    char entry[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    if (page_has(result, "examination.damaged_later"))
        page_say(page, 0,
                 _("WHAT A LATER EXAMINATION FOUND (entry %s) IS DAMAGED OR GONE. This is an "
                   "earlier one."),
                 page_number_text(entry, result, "examination.damaged_later"));
    page_say(page, 0, _("Item %s, as examined %s (profile %s, ledger entry %s)"),
             page_text_or(result, "item.label", "?"),
             page_time_text(time, page_text(result, "examination.time"), NULL),
             page_text_or(result, "examination.profile", "?"),
             page_number_text(entry, result, "examination.entry"));
    if (strcmp(page_text_or(result, "examination.result", ""), "done") != 0)
        page_say(page, 0,
                 _("Not everything could be examined: exhibit trace list %s --kind error, and "
                   "\"not_hashed\" in what exhibit trace export writes"),
                 page_text_or(result, "item.label", "?"));
    page_gap(page);
}

static void put_foot(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    if (page_number(result, "matched") == 0)
        page_say(page, 0, "%s", _("There are no such traces."));
    if (page_number(result, "left_out") > 0)
        page_say(page, 0, _("… and %s more: --limit shows more of them, exhibit trace export all"),
                 page_number_text(number, result, "left_out"));
    page_known_list(page, page_get(result, "known_files"));
    page_say(page, 0, "%s",
             _("Listed from the catalog; exhibit trace show reads the result itself."));
    page_recorded_talk(page, result);
}

void render_trace_list(struct cli_page *page, const json_t *result) {
    const json_t *trace;
    size_t i;
    put_head(page, result);
    json_array_foreach(page_get(result, "traces"), i, trace)
        put_row(page, trace, 0, page_text_or(trace, "path", "?"));
    put_foot(page, result);
}

void render_trace_tree(struct cli_page *page, const json_t *result) {
    enum { DEEPEST = 20 }; /* columns are few: what lies deeper stands no further in */
    const json_t *trace;
    size_t i;
    put_head(page, result);
    json_array_foreach(page_get(result, "traces"), i, trace) {
        uint64_t depth = page_number(trace, "depth");
        put_row(page, trace, 2 * (size_t)(depth < DEEPEST ? depth : DEEPEST),
                page_text_or(trace, "name", ""));
    }
    put_foot(page, result);
}

/* ---- trace show ---- */

static void put_times(struct cli_page *page, const json_t *trace) {
    const json_t *one;
    size_t i;
    json_array_foreach(page_get(trace, "times"), i, one) {
        bool local = strcmp(page_text_or(one, "zone", "UTC"), "local") == 0;
        page_field(page, i == 0 ? _("Times it states") : "", _("%s %s%s (%s)"),
                   page_text_or(one, "what", "?"), page_text_or(one, "time", "?"),
                   local ? _(", zone not known") : "", page_text_or(one, "source", "?"));
    }
}

static void put_range(struct cli_page *page, bool first, const json_t *range) {
    char length[CLI_NUMBER_BYTES], offset[CLI_NUMBER_BYTES];
    const json_t *at = json_array_get(range, 0);
    cli_number(length, (uint64_t)json_integer_value(json_array_get(range, 1)));
    cli_number(offset, (uint64_t)json_integer_value(at));
    const char *name = first ? _("Lies in the item") : "";
    if (json_is_null(at))
        page_field(page, name, _("%s zeros that are stored nowhere"), length);
    else if (json_integer_value(at) < 0)
        page_field(page, name, _("%s bytes, not found where"), length);
    else
        page_field(page, name, _("%s bytes from byte %s on"), length, offset);
}

static void put_ranges(struct cli_page *page, const json_t *trace) {
    enum { SHOWN = 20 };
    char number[CLI_NUMBER_BYTES];
    const json_t *ranges = page_get(trace, "ranges");
    size_t count = json_array_size(ranges);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        put_range(page, i == 0, json_array_get(ranges, i));
    if (count > SHOWN)
        page_field(page, "", _("… and %s more places (--json)"), cli_number(number, count - SHOWN));
}

/* Notes of the parser on its own work, which no structure of the item holds. */
static bool is_parsers_note(const char *name) {
    return strcmp(name, "recovered") == 0 || strcmp(name, "journal") == 0 ||
           strcmp(name, "times") == 0;
}

static void put_attributes(struct cli_page *page, const json_t *trace, bool notes,
                           const char *title) {
    json_t *attributes = json_object_get(trace, "attributes"), *value;
    const char *name;
    bool first = true;
    json_object_foreach(attributes, name, value) {
        if (is_parsers_note(name) != notes)
            continue;
        page_field(page, first ? title : "", "%s: %s", name,
                   json_is_string(value) ? json_string_value(value) : "?");
        first = false;
    }
}

static void put_content(struct cli_page *page, const json_t *trace) {
    char size[CLI_NUMBER_BYTES];
    if (page_has(trace, "size"))
        page_field(page, _("Size"), "%s", page_size_text(size, trace, "size"));
    if (page_has(trace, "type"))
        page_field(page, _("Looks like"), "%s", page_text_or(trace, "type", "?"));
    put_ranges(page, trace);
    if (page_has(trace, "sha256"))
        page_hash(page, 0, _("SHA-256 of the content"), page_text(trace, "sha256"));
    if (json_is_true(page_get(trace, "known")))
        page_field(page, "", "%s",
                   _("taken from an earlier examination, not read again for this one"));
    if (page_has(trace, "not_hashed"))
        page_field(page, _("Not hashed"), "%s", page_text_or(trace, "not_hashed", "?"));
}

void render_trace_show(struct cli_page *page, const json_t *result) {
    const json_t *trace = page_get(result, "trace");
    char kind[48], number[CLI_NUMBER_BYTES], entry[CLI_NUMBER_BYTES];
    put_kind(kind, sizeof kind, trace);
    page_say(page, 0, "%s", page_text_or(result, "path", "?"));
    page_gap(page);
    page_field(page, _("Trace"), "%s", page_text_or(trace, "id", "?"));
    page_field(page, _("Kind"), "%s", kind);
    page_field(page, _("Item"), _("%s; found by ledger entry %s"),
               page_text_or(result, "item.label", "?"),
               page_number_text(entry, result, "examination"));
    page_field(page, _("Parser"), _("%s %s, its key: %s"),
               page_text_or(result, "parser.name", _("not recorded")),
               page_number_text(number, result, "parser.version"), page_text_or(trace, "key", "?"));
    put_content(page, trace);
    page_known_one(page, page_get(result, "known_files"));
    put_times(page, trace);
    put_attributes(page, trace, false, _("It also says"));
    put_attributes(page, trace, true, _("The parser says"));
    if (page_has(trace, "error"))
        page_field(page, _("Could not be examined"), "%s: %s",
                   page_text_or(trace, "error.reason", "?"),
                   page_text_or(trace, "error.text", "?"));
    page_recorded_talk(page, result);
}

/* ---- trace cat, trace export ---- */

static void put_output(struct cli_page *page, const json_t *result) {
    char size[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    page_field(page, _("Copy"), "%s",
               output == NULL             ? "?"
               : strcmp(output, "-") == 0 ? _("standard output")
                                          : output);
    page_field(page, _("Size"), "%s", page_size_text(size, result, "size_bytes"));
    page_hash(page, 0, _("SHA-256 of the copy"), page_text(result, "sha256"));
}

/* A content that has no place of its own in the item. */
static void put_made_by(struct cli_page *page, const json_t *parsers) {
    char names[160] = "";
    const json_t *name;
    size_t i;
    json_array_foreach(parsers, i, name) {
        size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, "%s%.20s", i == 0 ? "" : ", ",
                       json_string_value(name));
    }
    if (i > 0)
        page_field(page, _("Made again by"), _("%s: it does not stand in the item as such"), names);
}

void render_trace_cat(struct cli_page *page, const json_t *result) {
    char size[CLI_NUMBER_BYTES];
    const char *state = page_text_or(result, "state", "allocated");
    page_say(page, 0,
             json_is_true(page_get(result, "matches"))
                 ? _("Wrote the content of a trace. It is what was hashed when it was examined.")
                 : _("Wrote the content of a trace. NOT CHECKED: no hash of it was on record."));
    page_gap(page);
    page_field(page, _("Path"), "%s", page_text_or(result, "path", "?"));
    put_output(page, result);
    put_made_by(page, page_get(result, "made_by"));
    if (page_number(result, "unreadable_bytes") > 0)
        page_field(page, _("Not in the copy"),
                   _("%s that were never read from the source; zeros stand for them"),
                   page_size_text(size, result, "unreadable_bytes"));
    if (page_number(result, "missing_bytes") > 0)
        page_field(page, _("Not in the copy"), _("%s at its end, which have no place"),
                   page_size_text(size, result, "missing_bytes"));
    if (strcmp(page_text_or(result, "recovered", ""), "guess") == 0)
        page_prose(page, _("It was deleted, and where its content was is a GUESS of the parser: "
                           "nothing in the item says that all of these bytes belonged to it."));
    else if (strcmp(state, "carved") == 0)
        page_prose(page, _("It stands in space that nothing claims, and looks like a file. Nothing "
                           "says that it ever was one, whose, or under which name."));
    else if (strcmp(state, "deleted") == 0 || strcmp(state, "orphan") == 0)
        page_prose(page, _("It was deleted: its record says that these places were its content's. "
                           "They may have been given to something else since."));
    page_gap(page);
    page_recorded(page, result);
}

void render_trace_export(struct cli_page *page, const json_t *result) {
    put_head(page, result);
    put_output(page, result);
    page_gap(page);
    page_recorded(page, result);
}
