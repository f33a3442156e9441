/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of packages: what went in, what came out. */
#include "cli/render.h"

#include "base/mem.h"

#include <string.h>

/* Of a package with --format e01. */
static void put_image(struct cli_page *page, const json_t *item) {
    char number[CLI_NUMBER_BYTES];
    if (page_get(item, "image") == NULL)
        return;
    if (!page_has(item, "image")) {
        page_say(page, 4, _("not as an E01 image: it is a folder, and an E01 holds a disk"));
        return;
    }
    page_say(page, 4, _("as an E01 image too: %s, segments: %s"),
             page_text_or(item, "image.path", "?"),
             page_number_text(number, item, "image.segments"));
    page_list(page, 4, _("warnings:"), page_get(item, "image.warnings"));
}

static void put_items(struct cli_page *page, const json_t *items) {
    size_t i = 0;
    json_t *item = NULL;
    page_say(page, 0, _("Items"));
    json_array_foreach(items, i, item) {
        char size[CLI_NUMBER_BYTES];
        const char *label = page_text(item, "label");
        if (json_is_true(page_get(item, "physical")))
            page_say(page, 2, _("%s: a physical item, which does not travel in here"),
                     label != NULL ? label : page_text_or(item, "id", "?"));
        else if (page_has(item, "size_bytes"))
            page_say(page, 2, "%s: %s", label != NULL ? label : page_text_or(item, "path", "?"),
                     page_size_text(size, item, "size_bytes"));
        else
            page_say(page, 2, "%s: %s", label != NULL ? label : "?",
                     page_text_or(item, "path",
                                  _("a physical item, which does not travel in "
                                    "here")));
        if (page_number(item, "unreadable_ranges") > 0)
            page_say(page, 4, _("NOT WHOLE: parts were never read from the source"));
        if (page_text(item, "sha256") != NULL)
            page_hash(page, 4, _("SHA-256"), page_text(item, "sha256"));
        put_image(page, item);
    }
}

void render_package_create(struct cli_page *page, const json_t *result) {
    char size[CLI_NUMBER_BYTES], left[CLI_NUMBER_BYTES], number[CLI_NUMBER_BYTES];
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    const char *file = output != NULL ? output : "?";
    page_say(page, 0, _("Made a package. Every item in it gave the hashes that the ledger has."));
    page_gap(page);
    page_field(page, _("File"), "%s", file);
    page_field(page, _("Signatures"), "%s.minisig, %s.sig", file, file);
    page_field(page, _("Size"), "%s", page_size_text(size, result, "size_bytes"));
    page_field(page, _("Evidence in it"), "%s", page_size_text(size, result, "payload_bytes"));
    page_field(page, _("Recipients"), "%s",
               cli_number(number, json_array_size(page_get(result, "recipients"))));
    page_hash(page, 0, _("SHA-256 of the file"), page_text(result, "sha256"));
    page_gap(page);
    put_items(page, page_get(result, "items"));
    if (page_number(result, "left_out") > 0)
        page_say(page, 2,
                 _("%s entries about them stay behind: they name other items or other "
                   "recipients"),
                 page_number_text(left, result, "left_out"));
    page_gap(page);
    page_recorded(page, result);
    page_next(page,
              _("send the three files. Whoever gets them checks the first with: minisign -Vm "
                "%s -P KEY, KEY being your key as they have it on paper"),
              file);
}

static void put_package(struct cli_page *page, const json_t *result) {
    char time[PAGE_TIME_BYTES];
    page_field(page, _("Package"), "%s", page_text_or(result, "package.id", "?"));
    page_field(page, _("Made"), "%s",
               page_time_text(time, page_text(result, "package.created"), NULL));
    page_field(page, _("From the ledger"), "%s", page_text_or(result, "package.log", "?"));
    page_field(page, _("Vault key"), "%s", page_text_or(result, "package.vault_key", "?"));
    page_gap(page);
}

void render_package_verify(struct cli_page *page, const json_t *result) {
    put_package(page, result);
    render_package_claims(page, page_get(result, "claims"));
    page_gap(page);
    put_items(page, page_get(result, "package.items"));
}

void render_package_open(struct cli_page *page, const json_t *result) {
    EX_AUTO_FREE char *output = page_bytes(result, "output");
    render_package_verify(page, result);
    page_gap(page);
    page_field(page, _("Opened into"), "%s", output != NULL ? output : "?");
    page_next(page, _("README.txt in there says how to check it with stock tools"));
}

void render_package_import(struct cli_page *page, const json_t *result) {
    char size[CLI_NUMBER_BYTES];
    put_package(page, result);
    put_items(page, page_get(result, "items"));
    if (page_has(result, "package.images"))
        page_say(page, 2,
                 _("the E01 images of the package are not taken in: exhibit export makes "
                   "new ones"));
    page_field(page, _("New in this vault"), "%s", page_size_text(size, result, "new_bytes"));
    page_gap(page);
    render_package_claims(page, page_get(result, "claims"));
    page_gap(page);
    page_recorded(page, result);
    if (page_has(result, "package.handover"))
        page_next(page,
                  _("the items are offered to you and still in the giver's custody: exhibit "
                    "handover accept %.8s"),
                  page_text_or(result, "package.handover", "?"));
    else
        page_next(page, _("these are copies: the items stay in the custody of the sender"));
}
