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

static uint64_t parted_bytes(const json_t *item) {
    return page_number(item, "skipped.bytes") + page_number(item, "untried.bytes");
}

/* Why, as far as it is known: with an item of a package there are no reasons, and a file of a
 * folder may also have been gone. */
static void put_reasons(struct cli_page *page, const json_t *item) {
    const json_t *source = page_get(item, "source");
    char bytes[CLI_NUMBER_BYTES];
    uint64_t all = page_number(item, "unreadable.bytes"), parted = parted_bytes(item);
    if ((is_kind(source, "file") || is_kind(source, "device")) && all > parted)
        page_say(page, 2, _("unreadable, asked for and never given: %s"),
                 cli_size(bytes, all - parted));
    if (page_has(item, "skipped"))
        page_say(page, 2, _("skipped, left out on the officer's word and never asked for: %s"),
                 page_size_text(bytes, item, "skipped.bytes"));
    if (page_has(item, "untried"))
        page_say(page, 2, _("untried, given up unasked because what is around took too long: %s"),
                 page_size_text(bytes, item, "untried.bytes"));
    if (page_has(item, "stated_unreadable"))
        page_say(page, 2, _("not readable when the image was made, as it states itself: %s"),
                 page_size_text(bytes, item, "stated_unreadable.bytes"));
    if (page_has(item, "absent"))
        page_say(page, 2, _("absent, the image holds nothing for it: %s"),
                 page_size_text(bytes, item, "absent.bytes"));
    if (page_has(item, "damaged_in_container"))
        page_say(page, 2, _("damaged, it cannot be read from the image: %s"),
                 page_size_text(bytes, item, "damaged_in_container.bytes"));
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
