/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of init, case new and case list. */
#include "cli/render.h"

#include <string.h>

static void put_next_of(struct cli_page *page, const json_t *next) {
    if (json_is_string(next)) {
        page_next(page, "%s", json_string_value(next));
        return;
    }
    if (json_array_size(next) == 0) {
        page_next(page, _("open a case: exhibit case new --number N --title TEXT"));
        return;
    }
    size_t i = 0;
    json_t *step = NULL;
    json_array_foreach(next, i, step) {
        page_next(page, "%s", page_text_or(step, "", ""));
    }
}

void render_init(struct cli_page *page, const json_t *result) {
    const char *mode = page_text_or(result, "mode", _("not recorded"));
    page_say(page, 0, _("Made a new vault."));
    page_gap(page);
    page_field(page, _("Vault"), "%s", page_text_or(result, "vault", ""));
    page_field(page, _("Vault id"), "%s", page_text_or(result, "id", _("not recorded")));
    page_field(page, _("Ledger"), "%s", page_text_or(result, "origin", _("not recorded")));
    page_field(page, _("Agency"), "%s", page_text_or(result, "agency", _("not recorded")));
    page_field(page, _("Officer"), "%s", page_text_or(result, "officer.name", _("not recorded")));
    page_field(page, _("Officer's id"), "%s", page_text_or(result, "officer.id", ""));
    if (page_has(result, "recovery_sheet"))
        page_field(page, _("Recovery sheet"), "%s",
                   strcmp(page_text_or(result, "recovery_sheet", ""), "-") == 0
                       ? _("on standard output")
                       : page_text_or(result, "recovery_sheet", ""));
    if (strcmp(mode, "plain") == 0)
        page_field(page, _("Encryption"), _("none: anybody with the disk can read this vault"));
    else
        page_field(page, _("Encryption"), "%s", mode);
    page_gap(page);
    page_prose(page,
               _("Write the vault key on paper and keep the paper away from the vault. With it "
                 "anybody can check later that this is still the same vault: exhibit ledger "
                 "verify --key KEY. The officer's key stands in ledger entry 1."));
    page_hash(page, 0, _("Vault key"), page_text(result, "vault_key"));
    page_hash(page, 0, _("Officer's key"), page_text(result, "officer.key"));
    page_gap(page);
    page_recorded(page, result);
    if (page_has(result, "recovery_sheet"))
        page_next(page, _("print the recovery sheet, delete its file, and seal the paper in an "
                          "envelope apart from the vault"));
    put_next_of(page, page_get(result, "next"));
}

void render_case_new(struct cli_page *page, const json_t *result) {
    const char *number = page_text_or(result, "case.number", "");
    page_say(page, 0, _("Opened case %s."), number);
    page_gap(page);
    page_field(page, _("Title"), "%s", page_text_or(result, "case.title", _("not recorded")));
    page_field(page, _("Case id"), "%s", page_text_or(result, "case.id", _("not recorded")));
    page_recorded(page, result);
    page_next(page, _("take evidence in: exhibit collect SOURCE --case %s"), number);
}

void render_case_list(struct cli_page *page, const json_t *result) {
    const json_t *cases = page_get(result, "cases");
    if (json_array_size(cases) == 0) {
        page_say(page, 0, _("There are no cases."));
        page_next(page, _("open one: exhibit case new --number N --title TEXT"));
    }
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(cases, i, row) {
        char time[PAGE_TIME_BYTES];
        char items[CLI_NUMBER_BYTES];
        page_say(page, 0, "%s  %s", page_text_or(row, "number", "?"),
                 page_text_or(row, "title", ""));
        page_time_text(time, page_text(row, "opened"), page_text(row, "zone"));
        page_say(page, 2, _("opened %s; items: %s"), time, page_number_text(items, row, "items"));
    }
    page_recorded_talk(page, result);
}
