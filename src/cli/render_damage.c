/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about damage: which items it hurts, scrub, repair. */
#include "cli/render.h"

enum { RANGES_SHOWN = 10 };

static void put_range(struct cli_page *page, const json_t *range) {
    char length[CLI_NUMBER_BYTES], offset[CLI_NUMBER_BYTES];
    page_say(page, 4,
             json_is_true(page_get(range, "missing")) ? _("missing: %s from byte %s: %s")
                                                      : _("damaged: %s from byte %s: %s"),
             page_size_text(length, range, "length"), page_number_text(offset, range, "offset"),
             page_text_or(range, "why", "?"));
}

static void put_item(struct cli_page *page, const json_t *item) {
    const json_t *ranges = page_get(item, "ranges");
    char number[CLI_NUMBER_BYTES];
    uint64_t count = page_number(item, "range_count");
    size_t i = 0;
    json_t *range = NULL;
    page_say(page, 2, _("%s: %s have no good copy"), page_text_or(item, "label", "?"),
             page_size_text(number, item, "damaged_bytes"));
    json_array_foreach(ranges, i, range) {
        if (i == RANGES_SHOWN)
            break;
        put_range(page, range);
    }
    if (count > RANGES_SHOWN)
        page_say(page, 4, _("and %s more places; --json lists them"),
                 cli_number(number, count - RANGES_SHOWN));
}

/* What examinations found; the item itself may be whole. */
static void put_examinations(struct cli_page *page, const json_t *list) {
    char number[CLI_NUMBER_BYTES], entry[CLI_NUMBER_BYTES];
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        page_say(page, 0, _("WHAT THE EXAMINATION OF ITEM %s FOUND (entry %s) IS HURT: %s"),
                 page_text_or(one, "label", "?"), page_number_text(entry, one, "entry"),
                 page_size_text(number, one, "damaged_bytes"));
        page_say(page, 2, _("examine it again: exhibit examine %s"),
                 page_text_or(one, "label", "?"));
    }
}

void page_hurt_items(struct cli_page *page, const json_t *result) {
    const json_t *items = page_get(result, "items");
    size_t i = 0;
    json_t *item = NULL;
    if (page_has(result, "items_unknown")) {
        page_say(page, 0, _("Which items this hurts could not be found out: %s"),
                 page_text(result, "items_unknown"));
        return;
    }
    if (items == NULL || (json_array_size(items) == 0 && page_number(result, "problem_count") == 0))
        return;
    if (json_array_size(items) == 0)
        page_say(page, 0,
                 _("No item is hurt, as far as was read: of every byte that is held there "
                   "is a copy that nothing is known against."));
    else
        page_say(page, 0, _("ITEMS THAT ARE HURT"));
    json_array_foreach(items, i, item) put_item(page, item);
    put_examinations(page, page_get(result, "examinations"));
}

void render_vault_scrub(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    uint64_t bad = json_array_size(page_get(result, "bad"));
    uint64_t left = page_number(result, "packs_due") - page_number(result, "packs_read");
    page_say(page, 0, "%s",
             bad > 0                                 ? _("DAMAGE WAS FOUND.")
             : page_number(result, "packs_read") > 0 ? _("What was read now is as it was written, "
                                                         "every byte.")
                                                     : _("Nothing was due, and nothing was read."));
    if (json_is_true(page_get(result, "interrupted")))
        page_say(page, 0, "%s",
                 _("It was interrupted: a pack that was not read to its end counts as not read."));
    page_list(page, 0, _("PROBLEMS"), page_get(result, "problems"));
    page_hurt_items(page, result);
    page_gap(page);
    page_field(page, _("Packs"), "%s", page_number_text(number, result, "packs"));
    page_field(page, _("Read now"), "%s", page_number_text(number, result, "packs_read"));
    page_field(page, _("Bytes"), "%s", page_size_text(number, result, "bytes_read"));
    if (left > 0)
        page_field(page, _("Still due"), "%s", cli_number(number, left));
    page_field(page, _("Longest unread"), "%s",
               page_has(result, "oldest_verified")
                   ? page_time_text(time, page_text(result, "oldest_verified"), NULL)
                   : _("a pack that is damaged, or was never read back"));
    page_recorded(page, result);
    if (bad > 0)
        page_next(page, _("make a copy of the whole medium before anything else; then exhibit "
                          "vault repair"));
}

void render_vault_repair(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES];
    bool whole = json_array_size(page_get(result, "items")) == 0 &&
                 json_array_size(page_get(result, "examinations")) == 0;
    bool nothing = page_number(result, "problems_before") == 0 &&
                   json_array_size(page_get(result, "items_before")) == 0;
    page_say(page, 0, "%s",
             !whole    ? _("NOT EVERYTHING COULD BE MENDED.")
             : nothing ? _("No damage was found in the packs; nothing was done.")
                       : _("Of every byte of every item there is a good copy now."));
    page_list(page, 0, _("What is still damaged, though it may not be needed any more"),
              page_get(result, "problems"));
    if (!whole)
        page_hurt_items(page, result);
    page_gap(page);
    page_field(page, _("Packs mended"), "%s", page_number_text(number, result, "packs_mended"));
    page_field(page, _("Copies found"), "%s", page_number_text(number, result, "found"));
    page_field(page, _("Bytes"), "%s", page_size_text(number, result, "found_bytes"));
    page_recorded(page, result);
    if (!whole)
        page_next(page, _("give it something that has the bytes: --from-vault DIR, or --from-file "
                          "FILE with an export or the source"));
    else if (page_number(result, "problem_count") > 0)
        page_next(page, _("exhibit verify --all; then exhibit vault compact removes what is "
                          "damaged and not needed"));
}
