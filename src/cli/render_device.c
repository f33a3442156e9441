/* SPDX-License-Identifier: Apache-2.0 */
/* A device that was collected, on the pages of its item. */
#include "cli/render.h"

#include "base/mem.h"

static void put_text(struct cli_page *page, const char *name, const json_t *device,
                     const char *path) {
    EX_AUTO_FREE char *bytes = page_has(device, path) ? page_bytes(device, path) : NULL;
    if (bytes != NULL)
        page_field(page, name, "%s", bytes);
}

static void put_sectors(struct cli_page *page, const json_t *device) {
    char logical[CLI_NUMBER_BYTES], physical[CLI_NUMBER_BYTES];
    if (!page_has(device, "logical_sector_bytes"))
        return;
    page_field(page, _("  sectors"), _("of %s bytes; %s bytes on the medium"),
               page_number_text(logical, device, "logical_sector_bytes"),
               page_has(device, "physical_sector_bytes")
                   ? page_number_text(physical, device, "physical_sector_bytes")
                   : "?");
}

/* The kernel's word first, then udev's. */
static void put_either(struct cli_page *page, const char *name, const json_t *device,
                       const char *path, const char *other) {
    put_text(page, name, device, page_has(device, path) ? path : other);
}

void page_device(struct cli_page *page, const json_t *device) {
    if (!json_is_object(device))
        return;
    put_text(page, _("  vendor"), device, "vendor");
    put_either(page, _("  model"), device, "model", "udev.model");
    put_either(page, _("  serial number"), device, "serial", "udev.serial");
    put_either(page, _("  world-wide id"), device, "wwid", "udev.wwn");
    put_text(page, _("  firmware"), device, "firmware");
    put_text(page, _("  connected by"), device, "transport");
    put_text(page, _("  part of"), device, "whole");
    put_text(page, _("  backing file"), device, "backing_file");
    put_sectors(page, device);
}

void page_warnings(struct cli_page *page, const json_t *warnings) {
    if (json_array_size(warnings) == 0)
        return;
    page_gap(page);
    page_list(page, 0, _("WARNINGS"), warnings);
}

/* ---- item report ---- */

void render_item_report(struct cli_page *page, const json_t *result) {
    const char *output = page_text_or(result, "output", "?");
    char sittings[CLI_NUMBER_BYTES];
    const json_t *finding;
    size_t i;
    page_field(page, _("Report"), "%s",
               strcmp(output, "-") == 0 ? _("on standard output") : output);
    page_field(page, _("Item"), "%s", page_text_or(result, "item.label", "?"));
    page_field(page, _("Sittings"), "%s", page_number_text(sittings, result, "sittings"));
    json_array_foreach(page_get(result, "findings"), i, finding) {
        page_field(page, _("FAULT"), "%s", json_string_value(finding));
    }
    page_warnings(page, page_get(result, "warnings"));
    page_gap(page);
    page_recorded_talk(page, result);
}
