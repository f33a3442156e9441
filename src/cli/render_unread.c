/* SPDX-License-Identifier: Apache-2.0 */
/* What of a source was not read, and why. */
#include "cli/render.h"

#include <string.h>

enum { RANGES_SHOWN = 20 };

static bool is_kind(const json_t *source, const char *kind) {
    return strcmp(page_text_or(source, "kind", ""), kind) == 0;
}

/* Of a stream nobody knows how long it should have been: a program that broke off ends it too. */
static const char *nothing_unread(const json_t *source) {
    if (is_kind(source, "file"))
        return _("nothing: every byte of the source was read");
    if (is_kind(source, "device"))
        return _("nothing: every sector that the device shows was read");
    if (is_kind(source, "stdin"))
        return _("nothing known: read to the end of the stream; whether that was all that was "
                 "meant is not known");
    if (is_kind(source, "container"))
        return _("nothing that its reader knows of");
    return _("nothing");
}

/* Why, as far as it is known: with an item of a package there are no reasons, and a file of a
 * folder may also have been gone. */
static void put_reasons(struct cli_page *page, const json_t *item) {
    static const struct {
        const char *key, *bytes, *text;
    } reasons[] = {
        {"skipped", "skipped.bytes",
         N_("skipped, left out on the officer's word and never asked for")},
        {"untried", "untried.bytes",
         N_("untried, given up unasked because what is around took too long")},
        {"stated_unreadable", "stated_unreadable.bytes",
         N_("not readable when the image was made, as it states itself")},
        {"absent", "absent.bytes", N_("absent, the image holds nothing for it")},
        {"damaged_in_container", "damaged_in_container.bytes",
         N_("damaged, it cannot be read from the image")},
    };
    enum { REASONS = sizeof reasons / sizeof reasons[0] };
    const json_t *source = page_get(item, "source");
    char bytes[CLI_NUMBER_BYTES];
    uint64_t rest = page_number(item, "unreadable.bytes"), parted = 0;
    for (size_t i = 0; i < REASONS; i++)
        parted += page_number(item, reasons[i].bytes);
    rest = rest > parted ? rest - parted : 0; /* the entry may say anything */
    if ((is_kind(source, "file") || is_kind(source, "device")) && rest > 0)
        page_say(page, 2, _("unreadable, asked for and never given: %s"), cli_size(bytes, rest));
    if (page_has(item, "container.disk_errors") && rest > 0)
        page_say(page, 2, _("not given by the disk on which the image lies: %s"),
                 cli_size(bytes, rest));
    for (size_t i = 0; i < REASONS; i++)
        if (page_has(item, reasons[i].key))
            page_say(page, 2, "%s: %s", _(reasons[i].text),
                     page_size_text(bytes, item, reasons[i].bytes));
}

/* What was not read is told even when it is nothing: silence would not be an answer. */
void page_unread(struct cli_page *page, const json_t *item) {
    if (!page_has(item, "unreadable.bytes")) {
        page_field(page, _("Not read"), "%s", _("not recorded"));
        return;
    }
    if (page_number(item, "unreadable.bytes") == 0) {
        page_field(page, _("Not read"), "%s", nothing_unread(page_get(item, "source")));
        return;
    }
    char ranges[CLI_NUMBER_BYTES];
    char bytes[CLI_NUMBER_BYTES];
    page_field(page, _("Not read"),
               ngettext("%s in %s place of the source", "%s in %s places of the source",
                        page_number(item, "unreadable.ranges")),
               page_size_text(bytes, item, "unreadable.bytes"),
               page_number_text(ranges, item, "unreadable.ranges"));
    const json_t *list = page_get(item, "unreadable.list");
    size_t i = 0;
    json_t *range = NULL;
    json_array_foreach(list, i, range) {
        char offset[CLI_NUMBER_BYTES];
        if (i == RANGES_SHOWN) {
            page_say(page, 2, _("and %zu more: --json lists them all"), json_array_size(list) - i);
            break;
        }
        page_say(page, 2, _("%s from byte %s"), page_size_text(bytes, range, "length"),
                 page_number_text(offset, range, "offset"));
    }
    put_reasons(page, item);
}
