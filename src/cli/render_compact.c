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

static void put_tombstone(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES];
    const json_t *content = page_get(result, "content");
    if (json_is_true(page_get(result, "physical"))) {
        page_field(page, _("Decided in"), _("entries %s and %s"),
                   page_number_text(number, result, "proposal"),
                   page_number_text(bytes, result, "approval"));
        return;
    }
    page_hash(page, 0, _("SHA-256 of what it was"), page_text_or(result, "sha256", "?"));
    if (json_is_object(content)) {
        page_field(page,
                   json_is_true(page_get(result, "complete")) ? _("Removed")
                                                              : _("To go, in part or all"),
                   _("%s chunks, %s"), page_number_text(number, content, "removed_chunks"),
                   page_size_text(bytes, content, "removed_bytes"));
        page_field(page, _("Kept"), _("%s chunks, %s, which other items share"),
                   page_number_text(number, content, "shared_chunks"),
                   page_size_text(bytes, content, "shared_bytes"));
        page_field(page, _("Items that share"), "%s",
                   page_number_text(number, content, "sharing_items"));
    }
    page_field(page, _("Packs removed"), "%s",
               page_number_text(number, result, "packs_removed_count"));
    page_field(page, _("Decided in"), _("entries %s and %s"),
               page_number_text(number, result, "proposal"),
               page_number_text(bytes, result, "approval"));
    page_list(page, 0, _("this does not prove:"), page_get(result, "does_not_prove"));
}

void render_item_dispose(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    const char *label = page_text_or(result, "label", "?");
    if (page_has(result, "proposal") && !page_has(result, "approval")) {
        page_number_text(number, result, "proposal");
        page_say(page, 0, _("Proposed to dispose of item %s. Nothing was removed."), label);
        page_recorded(page, result);
        page_next(page, _("another officer approves it: exhibit item dispose %s --approve %s"),
                  label, number);
        return;
    }
    if (json_is_true(page_get(result, "complete")))
        page_say(page, 0, _("Item %s was disposed of."), label);
    else
        page_say(page, 0, _("PARTS OF ITEM %s ARE STILL THERE: packs had to stay."), label);
    put_kept(page, result);
    page_gap(page);
    put_tombstone(page, result);
    page_recorded(page, result);
    if (!json_is_true(page_get(result, "complete")))
        page_next(page, _("find out why: exhibit vault check; then approve it again"));
}
