/* SPDX-License-Identifier: Apache-2.0 */
/* An item whose bytes were read in more than one sitting. */
#include "cli/render.h"

#include <stdio.h>
#include <string.h>

static bool has_text(const json_t *list, const char *text) {
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(list, i, one) {
        const char *word = json_string_value(one);
        if (word != NULL && strcmp(word, text) == 0)
            return true;
    }
    return false;
}

/* By what it was taken for the same, each once, as they were compared. */
static void put_same_by(struct cli_page *page, const json_t *at) {
    static const struct {
        const char *key, *name;
    } words[] = {{"resolved", N_("path")},
                 {"size_bytes", N_("size")},
                 {"sector_bytes", N_("sector size")},
                 {"inode", N_("inode")},
                 {"modified", N_("time of modification")},
                 {"changed", N_("time of change")},
                 {"start_bytes", N_("start of the partition")},
                 {"model", N_("model")},
                 {"serial", N_("serial number")},
                 {"wwid", N_("world-wide name")},
                 {"backing_file", N_("backing file")},
                 {"asked.identify.serial", N_("serial number that it gives when asked")},
                 {"place", N_("place at which it is attached")}};
    char list[512] = "";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (has_text(page_get(at, "same_by"), words[i].key) ||
            has_text(page_get(at, "same_device_by"), words[i].key)) {
            size_t used = strlen(list);
            (void)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                           _(words[i].name));
        }
    page_say(page, 2, _("the source was taken for the same by: %s"), list);
}

static void put_compared(struct cli_page *page, const json_t *at) {
    char byte[CLI_NUMBER_BYTES], places[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES];
    page_number_text(byte, at, "offset");
    page_number_text(places, at, "compared_places");
    if (page_number(at, "compared_places") == 0)
        page_say(page, 2, _("what lay before byte %s was NOT compared again"), byte);
    else
        page_say(page, 2,
                 _("what lay before byte %s was compared again in samples only: %s places at "
                   "random, %s"),
                 byte, places, page_size_text(bytes, at, "compared_bytes"));
    if (page_number(at, "unread_places") > 0)
        page_say(page, 2, _("places that could not be read again, and so not compared: %s"),
                 page_number_text(places, at, "unread_places"));
}

/* Whoever reads a hash must know when its bytes were read: not all at the same time. */
void render_sittings(struct cli_page *page, const json_t *item) {
    const json_t *resumed = page_get(item, "resumed");
    char sittings[CLI_NUMBER_BYTES], entry[CLI_NUMBER_BYTES];
    size_t i = 0;
    json_t *intent = NULL;
    if (json_array_size(resumed) == 0)
        return;
    page_field(page, _("Interrupted"), _("read in %s sittings, not in one"),
               cli_number(sittings, json_array_size(resumed) + 1));
    json_array_foreach(resumed, i, intent)
        page_say(page, 2, _("begun in entry %s, and cut off"),
                 cli_number(entry, (uint64_t)json_integer_value(intent)));
    page_say(page, 2, _("gone on with, and finished, from entry %s"),
             page_number_text(entry, item, "entry_intent"));
    if (page_has(item, "resumed_at")) {
        put_same_by(page, page_get(item, "resumed_at"));
        put_compared(page, page_get(item, "resumed_at"));
        return;
    }
    page_say(page, 2,
             _("by what the source was taken for the same is in that entry; what had been read "
               "before was not compared again, but for the last piece of it"));
}
