/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of cosigning: the answer of a cosigner, and the cosigned checkpoint. */
#include "cli/render.h"

/* Both give out a document: on standard output alone, or into a file, and then the page says so. */
static void put_head(struct cli_page *page, const json_t *result, const char *name,
                     const char *document) {
    char size[CLI_NUMBER_BYTES];
    if (!page_has(result, "output")) {
        page_document(page, page_text_or(result, document, ""));
        page_recorded_talk(page, result);
        return;
    }
    page_field(page, name, _("the first %s entries"), page_number_text(size, result, "size"));
    if (page_has(result, "origin"))
        page_field(page, _("Log"), "%s", page_text(result, "origin"));
    page_hash(page, 0, _("Root"), page_text(result, "root"));
    page_field(page, _("Written to"), "%s", page_text(result, "output"));
    page_recorded(page, result);
}

void render_cosign(struct cli_page *page, const json_t *result) {
    char entry[CLI_NUMBER_BYTES];
    put_head(page, result, _("Cosigned"), "cosignature");
    if (page_has(result, "again"))
        page_next(page,
                  _("nothing new: this very checkpoint was cosigned in entry %s, and this is the "
                    "same answer; give it back"),
                  page_number_text(entry, result, "again"));
    else
        page_next(page,
                  _("give it back; there: exhibit ledger cosigned FILE, the first time with --key "
                    "and the key of this vault from paper; in a policy this cosigner is %s"),
                  page_text_or(result, "cosigner", "?"));
}

void render_ledger_cosigned(struct cli_page *page, const json_t *result) {
    char number[CLI_NUMBER_BYTES], time[PAGE_TIME_BYTES];
    size_t i = 0;
    json_t *one = NULL;
    put_head(page, result, _("Cosigned"), "note");
    if (page_has(result, "output")) {
        json_array_foreach(page_get(result, "cosigners"), i, one) {
            page_say(page, 0, _("by %s"), page_text_or(one, "name", "?"));
            page_say(page, 4, _("%s, by its clock"),
                     page_time_text(time, page_text(one, "time"), NULL));
        }
        page_say(page, 0, _("The ledger has %s more entries since."),
                 page_number_text(number, result, "entries_since"));
    }
    if (page_has(result, "again"))
        page_next(page, _("nothing new: entry %s keeps it already"),
                  page_number_text(number, result, "again"));
    else
        page_next(page,
                  _("keep the cosigned checkpoint away from the vault; `exhibit ledger verify "
                    "--checkpoint FILE --policy FILE` shows what it is worth"));
}
