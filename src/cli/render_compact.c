/* SPDX-License-Identifier: Apache-2.0 */
/* What a compaction did: json.md §4, vault-compact. */
#include "cli/render.h"

static void put_kept(struct cli_page *page, const json_t *result) {
    const json_t *kept = page_get(result, "kept"), *one;
    size_t i;
    json_array_foreach(kept, i, one) page_say(page, 2, "%s", json_string_value(one));
}

static void put_sizes(struct cli_page *page, const json_t *result, bool dry) {
    char number[CLI_NUMBER_BYTES];
    page_field(page, _("Stored before"), "%s", page_size_text(number, result, "bytes_before"));
    if (!dry)
        page_field(page, _("Stored now"), "%s", page_size_text(number, result, "bytes_after"));
    page_field(page, _("Not needed"), _("%s before compression"),
               page_size_text(number, result, "not_needed_bytes"));
    page_field(page, dry ? _("Packs to replace") : _("Packs replaced"), "%s",
               page_number_text(number, result, dry ? "planned_packs" : "packs_removed_count"));
    if (!dry)
        page_field(page, _("Packs now"), "%s", page_number_text(number, result, "packs_after"));
}

void render_vault_compact(struct cli_page *page, const json_t *result) {
    bool dry = json_is_true(page_get(result, "dry_run"));
    bool nothing = page_number(result, "planned_packs") == 0;
    uint64_t kept = page_number(result, "packs_kept");
    page_say(page, 0, "%s",
             nothing ? _("There is nothing to replace.")
             : dry   ? _("Nothing was done: this is what would be.")
             : kept > 0
                 ? _("SOME PACKS STAY: they are damaged, or came to be needed meanwhile.")
                 : _("Packs were written anew, read back, and put in place of the old ones."));
    put_kept(page, result);
    if (page_number(result, "chunks_missing") > 0)
        page_say(page, 0, "%s", _("CHUNKS OF ITEMS ARE MISSING; they were before this, too."));
    page_gap(page);
    put_sizes(page, result, dry);
    page_recorded(page, result);
    if (page_number(result, "chunks_missing") > 0 || kept > 0)
        page_next(page, _("exhibit verify --all: says which items are hurt"));
    else if (!dry && !nothing)
        page_next(page, _("exhibit verify --all; copies elsewhere still hold what is gone here"));
}
