/* SPDX-License-Identifier: Apache-2.0 */
/* A folder in the acquisition report: what was asked for, what came, what did not. */
#include "report/acquisition_internal.h"

#include <libintl.h>

#define _(text)  gettext(text)
#define N_(text) (text)

static void put_selection(struct form *f, const json_t *selection) {
    size_t i = 0;
    json_t *type = NULL;
    acquisition_put_text(f, _("Only what fits"), selection, "include", false);
    acquisition_put_text(f, _("Nothing that fits"), selection, "exclude", false);
    acquisition_put_time(f, _("Modified from"), selection, "newer", false);
    acquisition_put_time(f, _("Modified before"), selection, "older", false);
    acquisition_put_bytes(f, _("Not smaller than"), selection, "min_size", false);
    acquisition_put_bytes(f, _("Not larger than"), selection, "max_size", false);
    json_array_foreach(document_get(selection, "types"), i, type)
        form_add(f, FORM_FACT, i == 0 ? _("Only of type") : "", json_string_value(type));
    form_add(f, FORM_FACT, _("Other file systems"),
             json_is_true(document_get(selection, "other_file_systems")) ? _("too")
             : json_is_true(document_get(selection, "one_file_system"))
                 ? _("left out, as it was asked for")
                 : _("left out, as nobody asked for them"));
}

/* Those that are there; how many they are together. */
static uint64_t put_counts(struct form *f, const json_t *folder, const char *const (*row)[2],
                           size_t count) {
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t n = acquisition_number(folder, row[i][0]);
        all += n;
        if (n > 0)
            acquisition_put_number(f, _(row[i][1]), folder, row[i][0], false);
    }
    return all;
}

void acquisition_put_folder(struct form *f, const json_t *folder, const json_t *entry) {
    static const char *const kinds[][2] = {{"files", N_("Files")},
                                           {"directories", N_("Directories")},
                                           {"symlinks", N_("Symbolic links")},
                                           {"hard_links", N_("Hard links")},
                                           {"others", N_("Devices, FIFOs")}};
    static const char *const left[][2] = {{"omitted.pattern", N_("Left out by name")},
                                          {"omitted.time", N_("Left out by time")},
                                          {"omitted.size", N_("Left out by size")},
                                          {"omitted.type", N_("Left out by type")},
                                          {"omitted.one-file-system", N_("Left out, mounted")},
                                          {"omitted.socket", N_("Sockets")}};
    static const char *const lost[][2] = {{"omitted.not-permitted", N_("NOT PERMITTED")},
                                          {"omitted.not-read", N_("ERRORS")},
                                          {"omitted.vanished", N_("VANISHED")},
                                          {"omitted.loop", N_("LOOPS")},
                                          {"omitted.limit", N_("OVER A LIMIT")},
                                          {"omitted.directory-changed", N_("CHANGED FOLDERS")},
                                          {"omitted.other-file-system", N_("OTHER SYSTEMS")},
                                          {"omitted.this-vault", N_("THIS VAULT")},
                                          {"changed", N_("CHANGED FILES")},
                                          {"padded", N_("SHORTER FILES")},
                                          {"cut", N_("CUT FILES")},
                                          {"unreadable_files", N_("UNREADABLE PARTS")},
                                          {"attributes_lost", N_("LOST ATTRIBUTES")}};
    if (folder == NULL)
        return;
    acquisition_put_heading(f, _("The folder"), entry);
    (void)put_counts(f, folder, kinds, sizeof kinds / sizeof kinds[0]);
    acquisition_put_bytes(f, _("Content of files"), folder, "content_bytes", true);
    put_selection(f, document_get(folder, "selection"));
    (void)put_counts(f, folder, left, sizeof left / sizeof left[0]);
    if (put_counts(f, folder, lost, sizeof lost / sizeof lost[0]) == 0)
        form_add(f, FORM_FACT, _("Wanted, not read"), _("nothing"));
    else
        form_add(f, FORM_TEXT, NULL,
                 _("What stands in capitals was wanted and was not read, or not as one whole. Each "
                   "is named with its reason in exhibit/omitted.jsonl or exhibit/listing.jsonl, "
                   "which are in the item."));
    acquisition_put_number(f, _("Access times"), folder, "access_times", false);
    form_add(
        f, FORM_TEXT, NULL,
        _("Files were read one after the other: the item is no picture of one instant, and "
          "has no deleted files. Changes meanwhile show only by sizes and times. \"Access times\" counts what was read so that its access "
          "time at the source may have changed."));
}
