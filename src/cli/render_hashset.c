/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of hashset…, and what traces show of hash sets: json.md §4.16. */
#include "cli/render.h"

#include <string.h>

enum { SHORT_ID = 16 };

static void put_set(struct cli_page *page, const json_t *set) {
    char hashes[CLI_NUMBER_BYTES];
    page_field(page, _("Hash set"), "%s", page_text_or(set, "name", "?"));
    if (*page_text_or(set, "version", "") != '\0')
        page_field(page, _("Version"), "%s", page_text(set, "version"));
    page_field(page, _("Meaning"), "%s", page_text_or(set, "meaning", "?"));
    page_field(page, _("Hashes"), "%s", page_number_text(hashes, set, "hashes"));
    page_hash(page, 0, _("Identity (fsverity digest)"), page_text(set, "id"));
}

/* "3, 17, 20…": where lines are that could not be read. */
static void put_places(struct cli_page *page, const json_t *holder) {
    char text[256] = "", number[CLI_NUMBER_BYTES];
    const json_t *places = page_get(holder, "unread_first"), *one;
    uint64_t unread = page_number(holder, "unread_lines");
    size_t i;
    if (unread == 0)
        return;
    json_array_foreach(places, i, one) {
        size_t used = strlen(text);
        cli_number(number, (uint64_t)json_integer_value(one));
        (void)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? ", " : "", number);
    }
    page_field(page, _("  NOT READ"), _("lines: %s; the first are %s%s"),
               page_number_text(number, holder, "unread_lines"), text,
               unread > json_array_size(places) ? "…" : "");
}

static void put_sources(struct cli_page *page, const json_t *set) {
    const json_t *source;
    size_t i;
    json_array_foreach(page_get(set, "sources"), i, source) {
        char hashes[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES];
        page_gap(page);
        page_field(page, _("Made of"), "%s", page_text_or(source, "path", "?"));
        page_field(page, _("  hashes in it"), _("%s, doubles counted; %s"),
                   page_number_text(hashes, source, "hashes"),
                   page_size_text(size, source, "size_bytes"));
        put_places(page, source);
        page_hash(page, 2, _("SHA-256 of the file"), page_text(source, "sha256"));
    }
}

static bool has_unread(const json_t *set) {
    const json_t *source;
    size_t i;
    json_array_foreach(page_get(set, "sources"), i, source) {
        if (page_number(source, "unread_lines") > 0)
            return true;
    }
    return false;
}

void render_hashset_add(struct cli_page *page, const json_t *result) {
    const json_t *set = page_get(result, "set");
    page_say(page, 0, "%s",
             has_unread(set) ? _("The vault has a new hash set, BUT NOT ALL LINES COULD BE READ: "
                                 "hashes may be missing in it.")
                             : _("The vault has a new hash set."));
    page_gap(page);
    put_set(page, set);
    put_sources(page, set);
    page_gap(page);
    page_prose(page, _("It lies in the vault without encryption, as every hash set does."));
    page_recorded(page, result);
    page_next(page, _("exhibit trace list ITEM --not-known or --notable; what a match says: "
                      "docs/known-files.md"));
}

void render_hashset_remove(struct cli_page *page, const json_t *result) {
    page_say(page, 0, "%s", _("Removed a hash set from the vault."));
    page_gap(page);
    put_set(page, page_get(result, "set"));
    page_gap(page);
    page_recorded(page, result);
}

static bool all_sound(const json_t *holder) {
    const json_t *set;
    size_t i;
    json_array_foreach(page_get(holder, "sets"), i, set) {
        if (strcmp(page_text_or(set, "state", "sound"), "sound") != 0)
            return false;
    }
    return page_number(holder, "entries_lost") == 0;
}

/* A set that cannot answer, in capitals. */
static void put_unsound(struct cli_page *page, const json_t *sets) {
    const json_t *set;
    size_t i;
    json_array_foreach(sets, i, set) {
        const char *state = page_text_or(set, "state", "sound");
        if (strcmp(state, "sound") != 0)
            page_say(page, 0,
                     strcmp(state, "missing") == 0
                         ? _("THE HASH SET \"%s\" IS GONE, and gave no answer: %s")
                         : _("THE HASH SET \"%s\" WAS ALTERED, and gave no answer: %s"),
                     page_text_or(set, "name", "?"), page_text_or(set, "why", "?"));
    }
}

static void put_lost(struct cli_page *page, const json_t *holder) {
    char number[CLI_NUMBER_BYTES];
    if (page_number(holder, "entries_lost") > 0)
        page_say(
            page, 0,
            _("THE LEDGER'S ENTRIES ABOUT HASH SETS ARE DAMAGED (%s): there may be more sets."),
            page_number_text(number, holder, "entries_lost"));
}

static void put_one_of_list(struct cli_page *page, const json_t *set) {
    char number[CLI_NUMBER_BYTES], entry[CLI_NUMBER_BYTES];
    const char *version = page_text_or(set, "version", "");
    page_say(page, 0, "%.*s  %s%s%s", (int)SHORT_ID, page_text_or(set, "id", "?"),
             page_text_or(set, "name", "?"), *version != '\0' ? ", " : "", version);
    page_say(page, 4, _("%s, %s hashes, ledger entry %s: %s"), page_text_or(set, "meaning", "?"),
             page_number_text(number, set, "hashes"), page_number_text(entry, set, "entry"),
             page_text_or(set, "state", "?"));
}

void render_hashset_list(struct cli_page *page, const json_t *result) {
    const json_t *sets = page_get(result, "sets"), *set;
    size_t i;
    if (json_array_size(sets) == 0)
        page_say(page, 0, "%s", _("The vault has no hash set."));
    json_array_foreach(sets, i, set) put_one_of_list(page, set);
    page_gap(page);
    put_unsound(page, sets);
    put_lost(page, result);
    if (json_array_size(sets) > 0)
        page_say(
            page, 0, "%s",
            _("Sound: header and index are those that the ledger names. Pages are checked when "
              "they are read; all of them: exhibit vault check --deep."));
    page_recorded_talk(page, result);
}

/* ---- look ---- */

/* "name (meaning), name (meaning)" */
static void join_sets(char *to, size_t size, const json_t *sets) {
    const json_t *set;
    size_t i;
    *to = '\0';
    json_array_foreach(sets, i, set) {
        size_t used = strlen(to);
        (void)snprintf(to + used, size - used, "%s%s (%s)", i > 0 ? ", " : "",
                       page_text_or(set, "name", "?"), page_text_or(set, "meaning", "?"));
    }
}

static void put_asked(struct cli_page *page, const json_t *sets) {
    const json_t *set;
    size_t i;
    json_array_foreach(sets, i, set) {
        char asked[CLI_NUMBER_BYTES], listed[CLI_NUMBER_BYTES];
        page_field(page, i == 0 ? _("Asked") : "", _("%s (%s): lists %s of %s"),
                   page_text_or(set, "name", "?"), page_text_or(set, "meaning", "?"),
                   page_number_text(listed, set, "listed"), page_number_text(asked, set, "asked"));
    }
}

void render_hashset_look(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], all[CLI_NUMBER_BYTES], names[1024];
    const json_t *hashes = page_get(result, "hashes"), *one;
    bool quiet = strcmp(page_text_or(result, "output", ""), "-") == 0; /* the answers are there */
    size_t i;
    json_array_foreach(hashes, i, one) {
        const json_t *by = page_get(one, "listed_by");
        if (quiet)
            break;
        join_sets(names, sizeof names, by);
        page_say(page, 0, "%s", page_text_or(one, "sha256", "?"));
        page_say(page, 4, "%s",
                 json_array_size(by) > 0 ? names
                 : all_sound(result)     ? _("not listed")
                                         : _("not listed by those that could answer"));
    }
    if (!quiet && page_number(result, "left_out") > 0)
        page_say(page, 0, _("… and %s more: --limit shows more of them, --output FILE writes all"),
                 page_number_text(number, result, "left_out"));
    page_gap(page);
    page_say(page, 0, _("%s of %s are listed."), page_number_text(number, result, "listed"),
             page_number_text(all, result, "asked"));
    put_asked(page, page_get(result, "sets"));
    put_places(page, result);
    put_unsound(page, page_get(result, "sets"));
    put_lost(page, result);
    if (page_has(result, "output") && !quiet)
        page_field(page, _("Written to"), "%s", page_text(result, "output"));
    page_recorded_talk(page, result);
}

/* ---- with traces ---- */

void page_listed_by(struct cli_page *page, size_t indent, const json_t *sets) {
    char names[1024];
    if (json_array_size(sets) == 0)
        return;
    join_sets(names, sizeof names, sets);
    page_say(page, indent, _("listed by: %s"), names);
}

/* Of a list: what was left out, and by which sets. */
void page_known_list(struct cli_page *page, const json_t *known) {
    char number[CLI_NUMBER_BYTES];
    const json_t *set;
    size_t i;
    if (known == NULL)
        return;
    if (page_number(known, "left_out") > 0)
        page_say(page, 0, _("Traces left out, because known sets list their content: %s"),
                 page_number_text(number, known, "left_out"));
    if (json_is_false(page_get(known, "may_leave_out")))
        page_say(page, 0, "%s",
                 _("NOTHING WAS LEFT OUT FOR BEING KNOWN: a set that might call it notable gave no "
                   "answer."));
    json_array_foreach(page_get(known, "sets"), i, set) {
        if (page_number(set, "left_out") > 0)
            page_say(page, 2, _("by %s: %s"), page_text_or(set, "name", "?"),
                     page_number_text(number, set, "left_out"));
    }
    if (page_number(known, "not_asked") > 0)
        page_say(page, 0,
                 _("Traces whose content no set was asked about, for it has no SHA-256: %s"),
                 page_number_text(number, known, "not_asked"));
    put_unsound(page, page_get(known, "sets"));
    put_lost(page, known);
}

/* Of one trace. */
void page_known_one(struct cli_page *page, const json_t *known) {
    char names[1024];
    const json_t *by = page_get(known, "listed_by");
    if (known == NULL)
        return;
    join_sets(names, sizeof names, by);
    page_field(page, _("Content listed by"), "%s",
               json_array_size(by) > 0 ? names
               : all_sound(known)      ? _("none of the vault's hash sets")
                                       : _("none of the hash sets that could answer"));
    put_unsound(page, page_get(known, "sets"));
    put_lost(page, known);
}
