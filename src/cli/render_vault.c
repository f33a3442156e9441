/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of vault check, rebuild and version. */
#include "cli/render.h"

static void put_unfinished(struct cli_page *page, const json_t *list) {
    size_t i = 0;
    json_t *work = NULL;
    json_array_foreach(list, i, work) {
        char bytes[CLI_NUMBER_BYTES];
        char time[PAGE_TIME_BYTES];
        if (i == 0)
            page_say(page, 0, _("Unfinished work"));
        page_time_text(time, page_text(work, "started"), NULL);
        page_say(page, 2, _("%s: begun %s, %s so far, %s"), page_text_or(work, "name", "?"), time,
                 page_size_text(bytes, work, "bytes"),
                 json_is_true(page_get(work, "running")) ? _("still running") : _("not running"));
    }
}

static void put_problems(struct cli_page *page, const json_t *result) {
    const json_t *problems = page_get(result, "problems");
    uint64_t count = page_number(result, "problem_count");
    page_list(page, 0, _("PROBLEMS"), problems);
    if (count > json_array_size(problems)) {
        char more[CLI_NUMBER_BYTES];
        page_say(page, 2, _("and %s more"), cli_number(more, count - json_array_size(problems)));
    }
}

void render_vault_check(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    char packs[CLI_NUMBER_BYTES];
    uint64_t problems = page_number(result, "problem_count");
    bool known = page_has(result, "problem_count");
    bool deep = json_is_true(page_get(result, "deep"));
    bool locked = json_is_true(page_get(result, "locked"));
    page_say(page, 0, "%s",
             !known         ? _("It is not known whether the files of the vault are sound.")
             : problems > 0 ? _("THE VAULT HAS PROBLEMS.")
             : locked       ? _("What shows of the locked vault is sound.")
                            : _("The files of the vault are sound, as far as they were read."));
    put_problems(page, result);
    page_hurt_items(page, result);
    page_gap(page);
    page_field(page, _("Packs"), "%s", page_number_text(number, result, "packs"));
    page_field(page, _("Records"), "%s", page_number_text(number, result, "records"));
    page_field(page, _("Stored"), "%s", page_size_text(number, result, "stored_bytes"));
    page_field(page, _("Index"), _("entries: %s; packs not in it: %s"),
               page_number_text(number, result, "index.entries"),
               page_number_text(packs, result, "index.packs_missing"));
    if (page_number(result, "sets") > 0)
        page_field(page, _("Hash sets"), "%s", page_number_text(number, result, "sets"));
    page_field(page, _("Ledger"), _("entries: %s; beyond the signed head: %s"),
               page_number_text(number, result, "ledger.size"),
               page_number_text(packs, result, "ledger.beyond"));
    if (page_number(result, "parity.packs_with") > 0 || page_number(result, "parity.left_over") > 0)
        page_field(page, _("Parity"), _("packs with it: %s; without: %s"),
                   page_number_text(number, result, "parity.packs_with"),
                   page_number_text(packs, result, "parity.packs_without"));
    if (page_number(result, "packs_replaced") > 0)
        page_field(page, _("Packs replaced"), _("%s, as the ledger says"),
                   page_number_text(number, result, "packs_replaced"));
    page_field(page, _("How"), "%s",
               deep ? _("everything that is stored was read and hashed")
                    : _("frames and lengths only; --deep reads and hashes everything"));
    if (locked)
        page_say(
            page, 0, "%s",
            _("Not checked: everything that is encrypted (the vault is locked): records, index, "
              "bodies of ledger entries, and which packs they name."));
    put_unfinished(page, page_get(result, "unfinished"));
    if (problems > 0)
        page_next(page, _("make a copy of the whole medium before anything else; `exhibit verify "
                          "--all` tells which items are hurt"));
    else if (page_number(result, "index.packs_missing") > 0)
        page_next(page, _("make the index anew: exhibit rebuild"));
}

void render_vault_parity(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    uint64_t not_made = page_number(result, "not_made");
    page_say(page, 0, "%s",
             not_made > 0 ? _("SOME PACKS HAVE NO PARITY: they are damaged, or could not be read.")
                          : _("Every pack has parity."));
    put_problems(page, result);
    page_gap(page);
    page_field(page, _("Made now"), "%s", page_number_text(number, result, "made"));
    page_field(page, _("Had it already"), "%s", page_number_text(number, result, "had"));
    if (not_made > 0)
        page_field(page, _("Without"), "%s", page_number_text(number, result, "not_made"));
    if (page_number(result, "left_over") > 0)
        page_field(page, _("Of packs that are gone"), "%s",
                   page_number_text(number, result, "left_over"));
    page_field(page, _("Read"), "%s", page_size_text(number, result, "read_bytes"));
    page_field(page, _("Parity"), "%s", page_size_text(number, result, "parity_bytes"));
    page_recorded(page, result);
    if (not_made > 0)
        page_next(page, _("exhibit vault check --deep: says what is damaged"));
    else if (json_is_true(page_get(result, "deep")))
        page_next(page, _("parity is no copy on another disk: make one of those too"));
    else
        page_next(page, _("parity keeps packs as they are now, sound or not: exhibit verify --all "
                          "tells; it is no copy on another disk"));
}

static void put_work(struct cli_page *page, const json_t *work) {
    char offset[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    bool running = json_is_true(page_get(work, "running"));
    bool resumable = json_is_true(page_get(work, "resumable"));
    page_time_text(time, page_text(work, "started"), NULL);
    page_say(page, 0, _("%s: %s, case %s, begun %s"), page_text_or(work, "name", "?"),
             page_text_or(work, "source", "?"), page_text_or(work, "case", "?"), time);
    if (running)
        page_say(page, 2, "%s", _("still running"));
    else if (resumable)
        page_say(page, 2, _("can be resumed at %s of %s"), page_size_text(offset, work, "offset"),
                 page_size_text(size, work, "size_bytes"));
    else
        page_say(page, 2, _("cannot be resumed: %s"), page_text_or(work, "why_not", "?"));
}

void render_work_list(struct cli_page *page, const json_t *result) {
    const json_t *list = page_get(result, "work");
    size_t i = 0;
    json_t *work = NULL;
    if (json_array_size(list) == 0)
        page_say(page, 0, "%s", _("There is no unfinished work."));
    json_array_foreach(list, i, work) put_work(page, work);
    if (json_array_size(list) > 0)
        page_next(page, _("exhibit work resume WORK, or exhibit work discard WORK --reason TEXT"));
}

void render_work_discard(struct cli_page *page, const json_t *result) {
    page_say(page, 0,
             _("Discarded the work %s. What it had stored is shared when the same bytes are "
               "collected again."),
             page_text_or(result, "work", "?"));
    page_recorded(page, result);
}

void render_rebuild(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    page_say(page, 0, _("Made the catalog and the index anew from the ledger and the packs."));
    page_gap(page);
    page_field(page, _("Ledger entries"), "%s",
               page_number_text(number, result, "entries_projected"));
    page_field(page, _("Cases"), "%s", page_number_text(number, result, "cases"));
    page_field(page, _("Items"), "%s", page_number_text(number, result, "items"));
    page_field(page, _("Packs"), "%s", page_number_text(number, result, "packs"));
    page_field(page, _("Index entries"), "%s", page_number_text(number, result, "index_entries"));
    page_recorded(page, result);
    page_next(page, _("exhibit verify --all"));
}

void render_version(struct cli_page *page, const json_t *result) {
    page_say(page, 0, "exhibit %s", page_text_or(result, "version", "?"));
    page_gap(page);
    size_t i = 0;
    json_t *library = NULL;
    const json_t *libraries = page_get(result, "libraries");
    json_array_foreach(libraries, i, library) {
        page_field(page, page_text_or(library, "name", "?"), "%s",
                   page_text_or(library, "version", "?"));
    }
    page_field(page, _("block hashes by"), "%s", page_text_or(result, "block_hash_engine", "?"));
    page_field(page, _("built with"), "%s", page_text_or(result, "compiler", "?"));
}
